/* SPDX-License-Identifier: Apache-2.0 */
/* Spread, covariance, percentiles. */
#include <math.h>
#include <stdlib.h>

#include "exec/group/agg.h"

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
	if (!ic_agg_wanted(c->agg, arg) || !ic_agg_number(&arg[0], &x) || !ic_agg_number(&arg[1], &y))
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
	bool population = c->agg->fn == IC_AGG_COVARIANCEP || c->agg->fn == IC_AGG_COVARIANCEPIF;
	double by = population ? s->n : s->n - 1;
	*ret = ic_value_real(s->n > 1 ? s->products / by : 0);
}

const ic_agg_kernel ic_agg_covariance = { covariance_bytes, covariance_add, covariance_result };

/* ---- percentiles: the value of the nearest rank, exact -------------------------------------- */

/* A number as a word that ascends with it. */
typedef uint64_t sample;

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

#define SIGN (UINT64_C(1) << 63)

/* A type without numbers has no percentile. */
static bool sample_of(const ic_value *v, sample *ret)
{
	double d;
	if (v->null)
		return false;
	switch (v->type) {
	case IC_Q_INT:
	case IC_Q_LONG:
	case IC_Q_DATETIME:
	case IC_Q_TIMESPAN: *ret = (uint64_t)v->i ^ SIGN; return true;
	case IC_Q_REAL: d = v->d; break;
	case IC_Q_DECIMAL: d = ic_decimal_real(v->decimal); break;
	default: return false;
	}
	memcpy(ret, &d, sizeof *ret);
	*ret = *ret & SIGN ? ~*ret : *ret | SIGN;
	return !isnan(d);
}

static double real_of(sample s)
{
	double d;
	s = s & SIGN ? s & ~SIGN : ~s;
	memcpy(&d, &s, sizeof d);
	return d;
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

static int by_value(const void *a, const void *b)
{
	sample x = *(const sample *)a, y = *(const sample *)b;
	return (x > y) - (x < y);
}

/* Puts the k-th smallest of n at s[k]: quickselect that splits in three; a sort, should it go badly. */
static void select_kth(sample *s, uint64_t n, uint64_t k)
{
	enum { FEW = 32, ROUNDS = 100 };
	uint64_t seed = 0x9e3779b97f4a7c15ull;
	for (unsigned round = 0; n > FEW && round < ROUNDS; round++) {
		seed = seed * 6364136223846793005ull + 1442695040888963407ull;
		sample pivot = s[(seed >> 11) % n];
		uint64_t low = 0, at = 0,
			 high = n; /* less: 0..low-1, the same: low..at-1, greater: high..n-1 */
		while (at < high) {
			sample v = s[at];
			if (v < pivot) {
				s[at++] = s[low];
				s[low++] = v;
			} else if (v > pivot) {
				s[at] = s[--high];
				s[high] = v;
			} else {
				at++;
			}
		}
		if (k >= low && k < high)
			return;
		if (k < low) {
			n = low;
		} else {
			s += high;
			n -= high;
			k -= high;
		}
	}
	qsort(s, n, sizeof *s, by_value);
}

static sample at_rank(void *all, uint64_t n, bool weights, double percent)
{
	if (!weights) {
		double rank = ceil(percent * (double)n / 100);
		uint64_t i = rank >= (double)n ? n : rank > 1 ? (uint64_t)rank : 1;
		select_kth(all, n, i - 1);
		return ((sample *)all)[i - 1];
	}
	const weighted *w = all;
	double total = 0, sum = 0;
	for (uint64_t i = 0; i < n; i++)
		total += w[i].weight;
	for (uint64_t i = 0; i < n; i++) {
		sum += w[i].weight;
		if (sum >= total * percent / 100)
			return w[i].v;
	}
	return w[n - 1].v;
}

/* The percentile of n values, null of none. */
static ic_value percentile(ic_agg_ctx *c, void *all, uint64_t n, double percent)
{
	ic_qtype t = c->agg->arg[0]->type;
	if (n == 0)
		return ic_value_null(t);
	sample s = at_rank(all, n, is_weighted(c->agg->fn), percent);
	if (t == IC_Q_REAL)
		return ic_value_real(real_of(s));
	if (t != IC_Q_DECIMAL)
		return ic_value_ticks(t, (int64_t)(s ^ SIGN));
	ic_decimal *d = ic_arena_alloc(c->arena, sizeof *d);
	if (!d)
		ic_agg_nomem(c);
	if (!d || !ic_decimal_of_real(real_of(s), d))
		return ic_value_null(t);
	return (ic_value){ .type = t, .decimal = d };
}

static double percent_of(const ic_value *v)
{
	double d;
	return ic_agg_number(v, &d) ? d : 0;
}

/* The percentages are constants: numbers, or one array of numbers. */
static void array_result(ic_agg_ctx *c, void *all, uint64_t n, uint32_t first, ic_value *ret)
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

		ic_value found = percentile(c, all, n, percent_of(&p));
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

	void *all = ic_agg_list_all(c, l, size);
	uint64_t n = all ? l->n : 0;

	if (n && weights)
		qsort(all, n, size, by_value);
	uint32_t first = weights ? 2 : 1;
	if (agg->fn == IC_AGG_PERCENTILES_ARRAY || agg->fn == IC_AGG_PERCENTILESW_ARRAY) {
		array_result(c, all, n, first, ret);
		return;
	}
	for (uint32_t i = 0; i < agg->columns; i++) {

		ret[i] = percentile(c, all, n, percent_of(&agg->arg[first + i]->value));
	}
}

const ic_agg_kernel ic_agg_percentile = { percentile_bytes, percentile_add, percentile_result };
