/* SPDX-License-Identifier: Apache-2.0 */
/* Spread, covariance, percentiles. */
#include <math.h>
#include <stdlib.h>

#include "exec/agg.h"
#include "exec/key.h"

/* ---- standard deviation and variance: Welford's updating formulas ---------------------------- */

typedef struct spread_state {
	double n, mean, squares;
} spread_state;

static size_t spread_bytes(const ic_agg *agg)
{
	(void)agg;
	return sizeof(spread_state);
}

static void spread_add(ic_agg_ctx *c, void *state, const ic_value *arg)
{
	spread_state *s = state;
	double v;
	if (!ic_agg_wanted(c->agg, arg) || !ic_agg_number(&arg[0], &v))
		return;
	double off = v - s->mean;
	s->n += 1;
	s->mean += off / s->n;
	s->squares += off * (v - s->mean);
}

static void spread_result(ic_agg_ctx *c, const void *state, ic_value *ret)
{
	const spread_state *s = state;
	bool population = false, root = false, aql = false;
	switch (c->agg->fn) {
	case IC_AGG_AQL_STDEVP: aql = true; __attribute__((fallthrough));
	case IC_AGG_STDEVP:
	case IC_AGG_STDEVPIF: population = root = true; break;
	case IC_AGG_AQL_STDEV: aql = true; __attribute__((fallthrough));
	case IC_AGG_STDEV:
	case IC_AGG_STDEVIF: root = true; break;
	case IC_AGG_VARIANCEP:
	case IC_AGG_VARIANCEPIF: population = true; break;
	default: break;
	}
	if (aql && s->n == 0) {
		*ret = ic_value_null(IC_Q_REAL);
		return;
	}
	double by = population ? s->n : s->n - 1;
	double v = s->n > 1 ? s->squares / by : s->squares * 0; /* 0, or NaN of what is no number */
	*ret = ic_value_real(root ? sqrt(v) : v);
}

const ic_agg_kernel ic_agg_spread = { spread_bytes, spread_add, spread_result };

typedef struct covariance_state {
	double n, mean[2], products;
} covariance_state;

static size_t covariance_bytes(const ic_agg *agg)
{
	(void)agg;
	return sizeof(covariance_state);
}

static void covariance_add(ic_agg_ctx *c, void *state, const ic_value *arg)
{
	covariance_state *s = state;
	double x, y;
	(void)c;
	if (!ic_agg_number(&arg[0], &x) || !ic_agg_number(&arg[1], &y))
		return;
	double off = x - s->mean[0];
	s->n += 1;
	s->mean[0] += off / s->n;
	s->mean[1] += (y - s->mean[1]) / s->n;
	s->products += off * (y - s->mean[1]);
}

static void covariance_result(ic_agg_ctx *c, const void *state, ic_value *ret)
{
	const covariance_state *s = state;
	double by = c->agg->fn == IC_AGG_COVARIANCEP ? s->n : s->n - 1;
	*ret = ic_value_real(s->n > 1 ? s->products / by : 0);
}

const ic_agg_kernel ic_agg_covariance = { covariance_bytes, covariance_add, covariance_result };

/* ---- percentiles: the value of the nearest rank, exact -------------------------------------- */

typedef struct sample {
	union {
		int64_t i;
		double d;
	};
} sample;

typedef struct weighted {
	sample v;
	double weight;
} weighted;

static bool is_weighted(ic_agg_id fn)
{
	return fn == IC_AGG_PERCENTILEW || fn == IC_AGG_PERCENTILESW || fn == IC_AGG_PERCENTILESW_ARRAY;
}

static size_t percentile_bytes(const ic_agg *agg)
{
	(void)agg;
	return sizeof(ic_agg_list);
}

/* Those of one type are all reals or all whole; a type without numbers has no percentile. */
static bool sample_of(const ic_value *v, sample *ret)
{
	if (v->null)
		return false;
	switch (v->type) {
	case IC_Q_INT:
	case IC_Q_LONG:
	case IC_Q_DATETIME:
	case IC_Q_TIMESPAN: ret->i = v->i; return true;
	default: return ic_agg_number(v, &ret->d) && !isnan(ret->d);
	}
}

static void percentile_add(ic_agg_ctx *c, void *state, const ic_value *arg)
{
	sample v;
	if (!sample_of(&arg[0], &v))
		return;
	if (!is_weighted(c->agg->fn)) {
		sample *to = ic_agg_list_add(c, state, sizeof *to);
		if (to)
			*to = v;
		return;
	}
	double weight;
	if (!ic_agg_number(&arg[1], &weight) || !(weight > 0))
		return;
	weighted *to = ic_agg_list_add(c, state, sizeof *to);
	if (to)
		*to = (weighted){ v, weight };
}

static int by_whole(const void *a, const void *b)
{
	int64_t x = ((const sample *)a)->i, y = ((const sample *)b)->i;
	return (x > y) - (x < y);
}

static int by_real(const void *a, const void *b)
{
	double x = ((const sample *)a)->d, y = ((const sample *)b)->d;
	return (x > y) - (x < y);
}

static const sample *at_rank(const void *all, uint64_t n, bool weights, double percent)
{
	if (!weights) {
		double rank = ceil(percent * (double)n / 100);
		uint64_t i = rank > 1 ? (uint64_t)rank : 1;
		return (const sample *)all + (i < n ? i : n) - 1;
	}
	const weighted *w = all;
	double total = 0, sum = 0;
	for (uint64_t i = 0; i < n; i++)
		total += w[i].weight;
	for (uint64_t i = 0; i < n; i++) {
		sum += w[i].weight;
		if (sum >= total * percent / 100)
			return &w[i].v;
	}
	return &w[n - 1].v;
}

static ic_value value_of(ic_agg_ctx *c, const sample *s)
{
	ic_qtype t = c->agg->arg[0]->type;
	if (!s)
		return ic_value_null(t);
	switch (t) {
	case IC_Q_INT:
	case IC_Q_LONG:
	case IC_Q_DATETIME:
	case IC_Q_TIMESPAN: return ic_value_ticks(t, s->i);
	case IC_Q_DECIMAL: {
		ic_decimal *d = ic_arena_alloc(c->arena, sizeof *d);
		if (!d)
			ic_agg_nomem(c);
		if (!d || !ic_decimal_of_real(s->d, d))
			return ic_value_null(t);
		return (ic_value){ .type = t, .decimal = d };
	}
	default: return ic_value_real(s->d);
	}
}

static double percent_of(const ic_value *v)
{
	double d;
	return ic_agg_number(v, &d) ? d : 0;
}

/* The percentages are constants: numbers, or one array of numbers. */
static void array_result(ic_agg_ctx *c, const void *all, uint64_t n, uint32_t first, ic_value *ret)
{
	const ic_agg *agg = c->agg;
	const ic_value *v = &agg->arg[first]->value;
	const ic_dyn *list =
	    v->type == IC_Q_DYNAMIC && !v->null && v->dyn->kind == IC_DYN_ARRAY ? v->dyn : NULL;
	uint32_t count = list ? list->n : agg->n - first;
	const ic_dyn **item = ic_arena_alloc(c->arena, ((size_t)count + 1) * sizeof *item);
	*ret = ic_value_null(IC_Q_DYNAMIC);
	for (uint32_t i = 0; item && i < count; i++) {
		ic_value p = list ? ic_value_dyn(list->item[i]) : agg->arg[first + i]->value;
		const sample *s = n ? at_rank(all, n, is_weighted(agg->fn), percent_of(&p)) : NULL;
		ic_value found = value_of(c, s);
		item[i] = ic_dyn_of(c->arena, &found);
		if (!item[i])
			item = NULL;
	}
	if (item)
		*ret = ic_value_dyn(ic_dyn_array(c->arena, item, count));
	if (ret->null)
		ic_agg_nomem(c);
}

static void percentile_result(ic_agg_ctx *c, const void *state, ic_value *ret)
{
	const ic_agg *agg = c->agg;
	const ic_agg_list *l = state;
	bool weights = is_weighted(agg->fn);
	size_t size = weights ? sizeof(weighted) : sizeof(sample);
	ic_qtype t = agg->arg[0]->type;
	bool real = t == IC_Q_REAL || t == IC_Q_DECIMAL || t == IC_Q_DYNAMIC;
	void *all = ic_agg_list_all(c, l, size);
	uint64_t n = all ? l->n : 0;
	if (n)
		qsort(all, n, size, real ? by_real : by_whole);
	uint32_t first = weights ? 2 : 1;
	if (agg->fn == IC_AGG_PERCENTILES_ARRAY || agg->fn == IC_AGG_PERCENTILESW_ARRAY) {
		array_result(c, all, n, first, ret);
		return;
	}
	for (uint32_t i = 0; i < agg->columns; i++) {
		const ic_value *p = &agg->arg[first + i]->value;
		ret[i] = value_of(c, n ? at_rank(all, n, weights, percent_of(p)) : NULL);
	}
}

const ic_agg_kernel ic_agg_percentile = { percentile_bytes, percentile_add, percentile_result };
