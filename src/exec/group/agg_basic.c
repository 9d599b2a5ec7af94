/* SPDX-License-Identifier: Apache-2.0 */
/* count, sum, avg, min, max and the bits that all values have. */
#include <math.h>

#include "exec/group/agg.h"

/* ---- count ----------------------------------------------------------------------------- */

typedef struct count_state {
	uint64_t n;
} count_state;

static size_t count_bytes(const ic_agg *agg)
{
	(void)agg;
	return sizeof(count_state);
}

static void count_add(ic_agg_ctx *c, void *state, const ic_value *arg)
{
	count_state *s = state;
	s->n += ic_agg_wanted(c->agg, arg);
}

static void count_result(ic_agg_ctx *c, const void *state, ic_value *ret)
{
	const count_state *s = state;
	*ret = c->agg->type == IC_Q_REAL ? ic_value_real((double)s->n) : ic_value_long((int64_t)s->n);
}

const ic_agg_kernel ic_agg_count = { count_bytes, count_add, count_result };

/* ---- sum ------------------------------------------------------------------------------- */

typedef struct sum_state {
	union {
		uint64_t i; /* wraps, as Kusto's does */
		double d;
	};
	uint64_t n;
	ic_decimal decimal;
} sum_state;

static size_t sum_bytes(const ic_agg *agg)
{
	bool decimal = agg->n && agg->arg[0]->type == IC_Q_DECIMAL;
	return decimal ? sizeof(sum_state) : offsetof(sum_state, decimal);
}

static void sum_add(ic_agg_ctx *c, void *state, const ic_value *arg)
{
	sum_state *s = state;
	if (arg[0].null || !ic_agg_wanted(c->agg, arg))
		return;
	s->n++;
	switch (arg[0].type) {
	case IC_Q_BOOL: s->i += arg[0].b; break;
	case IC_Q_INT:
	case IC_Q_LONG:
	case IC_Q_DATETIME:
	case IC_Q_TIMESPAN: s->i += (uint64_t)arg[0].i; break;
	case IC_Q_REAL: s->d += arg[0].d; break;
	case IC_Q_DECIMAL:
		if (!ic_decimal_add(&s->decimal, arg[0].decimal, &s->decimal))
			ic_agg_limit(c, "the sum is too large for a decimal");
		break;
	default: {
		double d;
		if (ic_agg_number(&arg[0], &d))
			s->d += d;
		else
			s->n--;
	}
	}
}

/* Whether state.i has the sum of arguments of this type. */
static bool is_whole(ic_qtype t)
{
	return t == IC_Q_BOOL || t == IC_Q_INT || t == IC_Q_LONG || t == IC_Q_DATETIME || t == IC_Q_TIMESPAN;
}

static void decimal_result(ic_agg_ctx *c, const ic_decimal *d, ic_value *ret)
{
	ic_decimal *copy = ic_arena_alloc(c->arena, sizeof *copy);
	*ret = ic_value_null(IC_Q_DECIMAL);
	if (!copy) {
		ic_agg_nomem(c);
		return;
	}
	*copy = *d;
	ret->null = false;
	ret->decimal = copy;
}

static void sum_result(ic_agg_ctx *c, const void *state, ic_value *ret)
{
	const sum_state *s = state;
	ic_qtype from = c->agg->arg[0]->type, to = c->agg->type;
	if (from == IC_Q_DECIMAL)
		decimal_result(c, &s->decimal, ret);
	else if (to == IC_Q_REAL)
		*ret = ic_value_real(is_whole(from) ? (double)(int64_t)s->i : s->d);
	else
		*ret = ic_value_ticks(to, (int64_t)s->i);
}

const ic_agg_kernel ic_agg_sum = { sum_bytes, sum_add, sum_result };

/* ---- avg ------------------------------------------------------------------------------- */

static void avg_result(ic_agg_ctx *c, const void *state, ic_value *ret)
{
	const sum_state *s = state;
	ic_qtype from = c->agg->arg[0]->type, to = c->agg->type;
	if (s->n == 0) {
		*ret = to == IC_Q_REAL ? ic_value_real((double)NAN) : ic_value_null(to);
	} else if (from == IC_Q_DECIMAL) {
		ic_decimal n = { (__int128)s->n, 0 }, mean;
		if (ic_decimal_div(&s->decimal, &n, &mean))
			decimal_result(c, &mean, ret);
		else
			*ret = ic_value_null(to);
	} else if (to == IC_Q_REAL) {
		*ret = ic_value_real((is_whole(from) ? (double)(int64_t)s->i : s->d) / (double)s->n);
	} else {
		*ret = ic_value_ticks(to, (int64_t)s->i / (int64_t)s->n);
	}
}

const ic_agg_kernel ic_agg_avg = { sum_bytes, sum_add, avg_result };

/* ---- AQL's: doubles, null of nothing --------------------------------------------------- */

static void aql_add(ic_agg_ctx *c, void *state, const ic_value *arg)
{
	sum_state *s = state;
	double d;
	(void)c;
	if (!ic_agg_number(&arg[0], &d))
		return;
	s->d += d;
	s->n++;
}

static size_t aql_bytes(const ic_agg *agg)
{
	(void)agg;
	return offsetof(sum_state, decimal);
}

static void aql_result(ic_agg_ctx *c, const void *state, ic_value *ret)
{
	const sum_state *s = state;
	*ret = s->n == 0		      ? ic_value_null(IC_Q_REAL)
	       : c->agg->fn == IC_AGG_AQL_AVG ? ic_value_real(s->d / (double)s->n)
					      : ic_value_real(s->d);
}

const ic_agg_kernel ic_agg_aql_sum = { aql_bytes, aql_add, aql_result };

/* ---- min, max ---------------------------------------------------------------------------- */

static bool is_max(ic_agg_id fn)
{
	return fn == IC_AGG_MAX || fn == IC_AGG_MAXIF || fn == IC_AGG_AQL_MAX;
}

static size_t least_bytes(const ic_agg *agg)
{
	(void)agg;
	return sizeof(ic_kept);
}

static bool is_nan(const ic_value *v)
{
	return v->type == IC_Q_REAL && isnan(v->d);
}

/* A value that is no number wins, as it does in Kusto. */
static void least_add(ic_agg_ctx *c, void *state, const ic_value *arg)
{
	ic_kept *k = state;
	if (arg[0].null || !ic_agg_wanted(c->agg, arg) || (k->set && is_nan(&k->v)))
		return;
	if (k->set && !is_nan(&arg[0])) {
		int order = ic_agg_order(c, &arg[0], &k->v);
		if (is_max(c->agg->fn) ? order <= 0 : order >= 0)
			return;
	}
	ic_agg_keep(c, k, &arg[0]);
}

static void least_result(ic_agg_ctx *c, const void *state, ic_value *ret)
{
	const ic_kept *k = state;
	double d;
	if (!k->set)
		*ret = ic_value_null(c->agg->type);
	else if (k->v.type == c->agg->type)
		*ret = k->v;
	else
		*ret = ic_agg_number(&k->v, &d) ? ic_value_real(d) : ic_value_null(c->agg->type);
}

const ic_agg_kernel ic_agg_least = { least_bytes, least_add, least_result };

/* ---- bits ------------------------------------------------------------------------------ */

typedef struct bits_state {
	uint64_t bits, n;
} bits_state;

static size_t bits_bytes(const ic_agg *agg)
{
	(void)agg;
	return sizeof(bits_state);
}

static void bits_add(ic_agg_ctx *c, void *state, const ic_value *arg)
{
	bits_state *s = state;
	if (arg[0].null)
		return;
	uint64_t v = (uint64_t)arg[0].i;
	if (s->n++ == 0)
		s->bits = v;
	else if (c->agg->fn == IC_AGG_BINARY_ALL_AND)
		s->bits &= v;
	else if (c->agg->fn == IC_AGG_BINARY_ALL_OR)
		s->bits |= v;
	else
		s->bits ^= v;
}

static void bits_result(ic_agg_ctx *c, const void *state, ic_value *ret)
{
	const bits_state *s = state;
	*ret = s->n ? ic_value_ticks(c->agg->type, (int64_t)s->bits) : ic_value_null(c->agg->type);
}

const ic_agg_kernel ic_agg_bits = { bits_bytes, bits_add, bits_result };
