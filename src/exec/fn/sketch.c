/* SPDX-License-Identifier: Apache-2.0 */
/* What is asked of the summaries that hll() and tdigest() give: see sketch.h. */
#include <math.h>

#include "exec/fn/dynamic.h"
#include "exec/group/sketch.h"

/* True: all n arguments are sketches; else *ret is what the call gives. */
static bool read_all(ic_call *c, const ic_value *arg, uint32_t n, ic_distinct *s, ic_value *ret)
{
	bool nomem = false;
	*ret = ic_value_null(c->expr->type);
	for (uint32_t i = 0; i < n; i++) {
		if (arg[i].null || !ic_distinct_read(c->arena, arg[i].dyn, &s[i], &nomem)) {
			if (nomem)
				*ret = ic_call_nomem(c);
			return false;
		}
	}
	return true;
}

/* Hashes that no hash function gave may speak of any number of values. */
static ic_value count_value(double n)
{
	return ic_value_long(n < 0x1p63 ? (int64_t)n : INT64_MAX);
}

static ic_value dcount_row(ic_call *c, const ic_value *arg)
{
	ic_distinct s;
	ic_value ret;
	return read_all(c, arg, 1, &s, &ret) ? count_value(ic_distinct_count(&s)) : ret;
}

static ic_value shared_row(ic_call *c, const ic_value *arg)
{
	ic_value ret;
	uint32_t n = c->expr->call.n;
	ic_distinct *s = ic_arena_alloc(c->arena, n * sizeof *s);
	if (!s)
		return ic_call_nomem(c);
	return read_all(c, arg, n, s, &ret) ? count_value(ic_distinct_shared(s, n)) : ret;
}

static ic_value merge_row(ic_call *c, const ic_value *arg)
{
	ic_value ret;
	uint32_t n = c->expr->call.n;
	uint64_t total = 0;
	ic_distinct *s = ic_arena_alloc(c->arena, n * sizeof *s), all = { 0 };
	if (!s)
		return ic_call_nomem(c);
	if (!read_all(c, arg, n, s, &ret))
		return ret;
	for (uint32_t i = 0; i < n; i++) {
		total += s[i].n;
		all.most = i == 0 || s[i].most < all.most ? s[i].most : all.most;
	}
	if (total > UINT32_MAX || !(all.hash = ic_arena_alloc(c->arena, (total + 1) * sizeof *all.hash)))
		return ic_call_nomem(c);
	for (uint32_t i = 0; i < n; i++) {
		memcpy(all.hash + all.n, s[i].hash, s[i].n * sizeof *all.hash);
		all.n += s[i].n;
	}
	ic_distinct_settle(&all);
	const ic_dyn *d = ic_distinct_write(c->arena, &all);
	return d ? ic_value_dyn(d) : ic_call_nomem(c);
}

/* ---- quantiles */

static bool read_digest(ic_call *c, const ic_value *arg, ic_digest *d, ic_value *ret)
{
	bool nomem = false;
	*ret = ic_value_null(c->expr->type);
	if (!arg->null && ic_digest_read(c->arena, arg->dyn, d, &nomem))
		return d->n > 0;
	if (nomem)
		*ret = ic_call_nomem(c);
	return false;
}

/* A quantile as a value of the type that the call asks for; digests know numbers only. */
static ic_value typed(ic_qtype t, double v)
{
	switch (t) {
	case IC_Q_REAL: return ic_value_real(v);
	case IC_Q_INT:
	case IC_Q_LONG:
	case IC_Q_DATETIME:
	case IC_Q_TIMESPAN: return fabs(v) < 0x1p63 ? ic_value_ticks(t, (int64_t)round(v)) : ic_value_null(t);
	default: return ic_value_null(t);
	}
}

static ic_value percentile_row(ic_call *c, const ic_value *arg)
{
	ic_digest d;
	ic_value ret;
	if (arg[1].null || !read_digest(c, &arg[0], &d, &ret))
		return ic_value_null(c->expr->type);
	return typed(c->expr->type, ic_digest_percentile(&d, arg[1].d));
}

/* The percentages: numbers, or one array of them. */
static ic_value percentiles_row(ic_call *c, const ic_value *arg)
{
	ic_digest d;
	ic_value ret;
	if (!read_digest(c, &arg[0], &d, &ret))
		return ret;
	const ic_dyn *list = !arg[1].null && arg[1].type == IC_Q_DYNAMIC && arg[1].dyn->kind == IC_DYN_ARRAY
				 ? arg[1].dyn
				 : NULL;
	uint32_t n = list ? list->n : c->expr->call.n - 1;
	const ic_dyn **item = ic_arena_alloc(c->arena, ((size_t)n + 1) * sizeof *item);
	for (uint32_t i = 0; item && i < n; i++) {
		const ic_dyn *wanted = list ? list->item[i] : ic_dyn_arg(c, &arg[i + 1]);
		double percent;
		if (!wanted)
			return ic_call_nomem(c);
		item[i] = ic_dyn_number(wanted, &percent) ? ic_dyn_real(c, ic_digest_percentile(&d, percent))
							  : &ic_dyn_null;
		if (!item[i])
			return ic_call_nomem(c);
	}
	const ic_dyn *all = item ? ic_dyn_array(c->arena, item, n) : NULL;
	return all ? ic_value_dyn(all) : ic_call_nomem(c);
}

static ic_value rank_row(ic_call *c, const ic_value *arg)
{
	ic_digest d;
	ic_value ret;
	if (arg[1].null || !read_digest(c, &arg[0], &d, &ret))
		return ic_value_null(c->expr->type);
	double rank = ic_digest_rank(&d, arg[1].d);
	return ic_value_real(c->expr->call.fn == IC_FN_RANK_TDIGEST ? rank
								    : 100 * rank / ic_digest_total(&d));
}

static ic_value merge_digests_row(ic_call *c, const ic_value *arg)
{
	ic_digest all = { 0 }, d;
	for (uint32_t i = 0; i < c->expr->call.n; i++) {
		bool nomem = false;
		if (arg[i].null)
			continue;
		if (!ic_digest_read(c->arena, arg[i].dyn, &d, &nomem))
			return nomem ? ic_call_nomem(c) : ic_value_null(IC_Q_DYNAMIC);
		ic_centroid *both = ic_arena_alloc(c->arena, ((size_t)all.n + d.n + 1) * sizeof *both);
		if (!both)
			return ic_call_nomem(c);
		if (all.n)
			memcpy(both, all.centroid, all.n * sizeof *both);
		memcpy(both + all.n, d.centroid, d.n * sizeof *both);
		all = (ic_digest){ both, all.n + d.n };
		ic_digest_settle(&all);
	}
	const ic_dyn *ret = ic_digest_write(c->arena, &all);
	return ret ? ic_value_dyn(ret) : ic_call_nomem(c);
}

static const ic_kernel_entry entries[] = {
	{ IC_FN_DCOUNT_HLL, { .row = dcount_row } },
	{ IC_FN_HLL_SHARED, { .row = shared_row } },
	{ IC_FN_HLL_MERGE, { .row = merge_row } },
	{ IC_FN_PERCENTILE_TDIGEST, { .row = percentile_row } },
	{ IC_FN_PERCENTILES_TDIGEST, { .row = percentiles_row } },
	{ IC_FN_RANK_TDIGEST, { .row = rank_row } },
	{ IC_FN_PERCENTRANK_TDIGEST, { .row = rank_row } },
	{ IC_FN_MERGE_TDIGEST, { .row = merge_digests_row } },
};
IC_KERNELS(sketch, entries);
