/* SPDX-License-Identifier: Apache-2.0 */
#include "exec/group/agg.h"

#include "base/num.h"
#include "exec/rows/key.h"

const ic_agg_kernel *const ic_agg_kernels[IC_AGG_COUNT_OF] = {
	[IC_AGG_COUNT] = &ic_agg_count,
	[IC_AGG_COUNTIF] = &ic_agg_count,
	[IC_AGG_SUM] = &ic_agg_sum,
	[IC_AGG_SUMIF] = &ic_agg_sum,
	[IC_AGG_AVG] = &ic_agg_avg,
	[IC_AGG_AVGIF] = &ic_agg_avg,
	[IC_AGG_MIN] = &ic_agg_least,
	[IC_AGG_MAX] = &ic_agg_least,
	[IC_AGG_MINIF] = &ic_agg_least,
	[IC_AGG_MAXIF] = &ic_agg_least,
	[IC_AGG_DCOUNT] = &ic_agg_distinct,
	[IC_AGG_DCOUNTIF] = &ic_agg_distinct,
	[IC_AGG_COUNT_DISTINCT] = &ic_agg_distinct,
	[IC_AGG_COUNT_DISTINCTIF] = &ic_agg_distinct,
	[IC_AGG_MAKE_LIST] = &ic_agg_collect,
	[IC_AGG_MAKE_LIST_IF] = &ic_agg_collect,
	[IC_AGG_MAKE_LIST_WITH_NULLS] = &ic_agg_collect,
	[IC_AGG_MAKE_SET] = &ic_agg_set,
	[IC_AGG_MAKE_SET_IF] = &ic_agg_set,
	[IC_AGG_MAKE_BAG] = &ic_agg_bag,
	[IC_AGG_MAKE_BAG_IF] = &ic_agg_bag,
	[IC_AGG_ARG_MAX] = &ic_agg_arg,
	[IC_AGG_ARG_MIN] = &ic_agg_arg,
	[IC_AGG_TAKE_ANY] = &ic_agg_any,
	[IC_AGG_TAKE_ANYIF] = &ic_agg_any,
	[IC_AGG_STDEV] = &ic_agg_spread,
	[IC_AGG_STDEVIF] = &ic_agg_spread,
	[IC_AGG_STDEVP] = &ic_agg_spread,
	[IC_AGG_STDEVPIF] = &ic_agg_spread,
	[IC_AGG_VARIANCE] = &ic_agg_spread,
	[IC_AGG_VARIANCEIF] = &ic_agg_spread,
	[IC_AGG_VARIANCEP] = &ic_agg_spread,
	[IC_AGG_VARIANCEPIF] = &ic_agg_spread,
	[IC_AGG_COVARIANCE] = &ic_agg_covariance,
	[IC_AGG_COVARIANCEP] = &ic_agg_covariance,
	[IC_AGG_COVARIANCEIF] = &ic_agg_covariance,
	[IC_AGG_COVARIANCEPIF] = &ic_agg_covariance,
	[IC_AGG_PERCENTILE] = &ic_agg_percentile,
	[IC_AGG_PERCENTILES] = &ic_agg_percentile,
	[IC_AGG_PERCENTILES_ARRAY] = &ic_agg_percentile,
	[IC_AGG_PERCENTILEW] = &ic_agg_percentile,
	[IC_AGG_PERCENTILESW] = &ic_agg_percentile,
	[IC_AGG_PERCENTILESW_ARRAY] = &ic_agg_percentile,
	[IC_AGG_BINARY_ALL_AND] = &ic_agg_bits,
	[IC_AGG_BINARY_ALL_OR] = &ic_agg_bits,
	[IC_AGG_BINARY_ALL_XOR] = &ic_agg_bits,
	[IC_AGG_HLL] = &ic_agg_hashes,
	[IC_AGG_HLL_IF] = &ic_agg_hashes,
	[IC_AGG_HLL_MERGE] = &ic_agg_hashes,
	[IC_AGG_TDIGEST] = &ic_agg_digest,
	[IC_AGG_TDIGEST_MERGE] = &ic_agg_digest,
	[IC_AGG_BUILDSCHEMA] = &ic_agg_shape,
	[IC_AGG_AQL_COUNT] = &ic_agg_count,
	[IC_AGG_AQL_SUM] = &ic_agg_aql_sum,
	[IC_AGG_AQL_AVG] = &ic_agg_aql_sum,
	[IC_AGG_AQL_MIN] = &ic_agg_least,
	[IC_AGG_AQL_MAX] = &ic_agg_least,
	[IC_AGG_AQL_UNIQUECOUNT] = &ic_agg_distinct,
	[IC_AGG_AQL_FIRST] = &ic_agg_any,
	[IC_AGG_AQL_LAST] = &ic_agg_any,
	[IC_AGG_AQL_STDEV] = &ic_agg_spread,
	[IC_AGG_AQL_STDEVP] = &ic_agg_spread,
};

/* ---- values that are kept ---------------------------------------------------------------- */

/* Room for n bytes; what was there before goes. */
static char *room_for(ic_agg_ctx *c, ic_kept *k, uint32_t n)
{
	if (k->room >= n)
		return (char *)(uintptr_t)k->v.s.p;
	ic_slab_free(c->slab, (char *)(uintptr_t)k->v.s.p, k->room);
	k->room = 0;
	/* doubled, so that ever longer texts do not leave much behind */
	uint32_t room = n < 16 ? 16 : n < UINT32_MAX / 2 ? n + n / 2 : n;
	char *p = ic_slab_alloc(c->slab, room);
	if (p)
		k->room = room;
	else
		ic_agg_nomem(c);
	return p;
}

void ic_agg_keep(ic_agg_ctx *c, ic_kept *k, const ic_value *v)
{
	bool borrowed = !v->null && (v->type == IC_Q_STRING || v->type == IC_Q_DECIMAL);
	if (!borrowed && k->room) {
		ic_slab_free(c->slab, (char *)(uintptr_t)k->v.s.p, k->room);
		k->room = 0;
	}
	k->set = true;
	if (borrowed) {
		bool text = v->type == IC_Q_STRING;
		uint32_t n = text ? v->s.n : (uint32_t)sizeof *v->decimal;
		char *p = room_for(c, k, n ? n : 1);
		if (!p) {
			k->v = ic_value_null(v->type);
			return;
		}
		if (n)
			memcpy(p, text ? v->s.p : (const char *)v->decimal, n);
		k->v = (ic_value){ .type = v->type, .s = { p, n } };
		return;
	}
	k->v = *v;
	if (!v->null && v->type == IC_Q_DYNAMIC) {
		k->v.dyn = ic_dyn_copy(&c->slab->arena, v->dyn);
		if (!k->v.dyn) {
			k->v = ic_value_null(IC_Q_DYNAMIC);
			ic_agg_nomem(c);
		}
	}
}

int ic_agg_order(const ic_agg_ctx *c, const ic_value *a, const ic_value *b)
{
	if (a->type != IC_Q_IP || c->plan->language == IC_FN_AQL)
		return ic_key_order(a, b);
	char x[46], y[46];
	ic_str s = { x, (uint32_t)ic_ip_format(&a->ip, x) }, t = { y, (uint32_t)ic_ip_format(&b->ip, y) };
	return ic_str_cmp(s, t);
}

bool ic_agg_number(const ic_value *v, double *ret)
{
	if (v->null)
		return false;
	switch (v->type) {
	case IC_Q_BOOL: *ret = v->b; return true;
	case IC_Q_INT:
	case IC_Q_LONG:
	case IC_Q_DATETIME:
	case IC_Q_TIMESPAN: *ret = (double)v->i; return true;
	case IC_Q_REAL: *ret = v->d; return true;
	case IC_Q_DECIMAL: *ret = ic_decimal_real(v->decimal); return true;
	case IC_Q_STRING: return ic_parse_double(ic_str_trim(v->s), ret);
	case IC_Q_DYNAMIC:
		*ret = v->dyn->kind == IC_DYN_LONG ? (double)v->dyn->i : v->dyn->d;
		return v->dyn->kind == IC_DYN_LONG || v->dyn->kind == IC_DYN_REAL;
	case IC_Q_IP:
	case IC_Q_GUID:
	case IC_Q_NULL:
	case IC_QTYPES: break;
	}
	return false;
}

/* ---- lists ------------------------------------------------------------------------------- */

struct ic_agg_block {
	ic_agg_block *next;
	uint32_t n, room;
	char item[];
};

enum { BLOCK_FIRST = 4, BLOCK_MOST = 4096 };

void *ic_agg_list_add(ic_agg_ctx *c, ic_agg_list *l, size_t size)
{
	ic_agg_block *b = l->last;
	if (!b || b->n == b->room) {
		uint32_t room = !b ? BLOCK_FIRST : b->room < BLOCK_MOST ? b->room * 2 : BLOCK_MOST;
		ic_agg_block *fresh = ic_slab_alloc(c->slab, sizeof *fresh + room * size);
		if (!fresh) {
			ic_agg_nomem(c);
			return NULL;
		}
		*fresh = (ic_agg_block){ .room = room };
		*(b ? &b->next : &l->first) = fresh;
		l->last = b = fresh;
	}
	l->n++;
	return b->item + b->n++ * size;
}

void *ic_agg_list_all(ic_agg_ctx *c, const ic_agg_list *l, size_t size)
{
	if (l->n == 0)
		return NULL;
	char *all = l->n <= SIZE_MAX / size ? ic_arena_alloc(c->arena, l->n * size) : NULL;
	if (!all) {
		ic_agg_nomem(c);
		return NULL;
	}
	char *at = all;
	for (const ic_agg_block *b = l->first; b; at += b->n * size, b = b->next)
		memcpy(at, b->item, b->n * size);
	return all;
}
