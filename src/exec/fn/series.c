/* SPDX-License-Identifier: Apache-2.0 */
#include "exec/fn/series.h"

#include <math.h>
#include <stdlib.h>

double *ic_series_room(ic_call *c, uint32_t n)
{
	double *v = ic_arena_alloc(c->arena, sizeof *v * n);
	if (!v)
		ic_call_nomem(c);
	return v;
}

bool ic_series_of(ic_call *c, const ic_value *arg, ic_series *ret)
{
	const ic_dyn *a = ic_arg_array(arg);
	if (!a)
		return false;
	ic_series s = { .v = ic_series_room(c, a->n), .n = a->n, .whole = true };
	if (!s.v)
		return false;
	for (uint32_t i = 0; i < a->n; i++) {
		const ic_dyn *d = a->item[i];
		if (!ic_dyn_number(d, &s.v[i]) || !isfinite(s.v[i])) {
			s.v[i] = NAN;
			s.missing++;
		} else {
			s.whole &= d->kind == IC_DYN_LONG;
		}
	}
	*ret = s;
	return true;
}

const ic_dyn *ic_series_dyn(ic_call *c, const double *v, uint32_t n)
{
	ic_items list = ic_items_new(c);
	for (uint32_t i = 0; i < n && !c->failed; i++)
		ic_items_add(&list, isnan(v[i]) ? &ic_dyn_null : ic_dyn_real(c, v[i]));
	return ic_items_dyn(&list);
}

static int by_value(const void *p, const void *q)
{
	const double *a = p, *b = q;
	return (*a > *b) - (*a < *b);
}

double ic_series_percentile(ic_call *c, const double *v, uint32_t n, double p)
{
	double *sorted = ic_series_room(c, n);
	uint32_t k = 0;
	for (uint32_t i = 0; sorted && i < n; i++)
		if (!isnan(v[i]))
			sorted[k++] = v[i];
	if (k == 0)
		return NAN;
	qsort(sorted, k, sizeof *sorted, by_value);
	double at = p * (k - 1);
	uint32_t below = (uint32_t)at;
	if (below + 1 >= k)
		return sorted[k - 1];
	return sorted[below] + (at - below) * (sorted[below + 1] - sorted[below]);
}

ic_line ic_series_fit(const double *v, uint32_t from, uint32_t to)
{
	double n = 0, mx = 0, my = 0, sxx = 0, sxy = 0, syy = 0;
	for (uint32_t i = from; i < to; i++) {
		if (isnan(v[i]))
			continue;
		n++;
		mx += i;
		my += v[i];
	}
	mx /= n;
	my /= n;
	for (uint32_t i = from; i < to; i++) {
		if (isnan(v[i]))
			continue;
		sxx += (i - mx) * (i - mx);
		sxy += (i - mx) * (v[i] - my);
		syy += (v[i] - my) * (v[i] - my);
	}
	ic_line l = { .slope = sxx > 0 ? sxy / sxx : 0 };
	double left = 0;
	l.intercept = my - l.slope * mx;
	for (uint32_t i = from; i < to; i++)
		if (!isnan(v[i])) {
			double r = v[i] - (l.intercept + l.slope * i);
			left += r * r;
		}
	l.rsquare = syy > 0 ? 1 - left / syy : 1;
	l.variance = n > 1 ? syy / (n - 1) : 0;
	l.rvariance = n > 1 ? left / (n - 1) : 0;
	return l;
}

bool ic_series_outliers(ic_call *c, const double *v, uint32_t n, double low, double high, double *ret)
{
	double bottom = ic_series_percentile(c, v, n, low), top = ic_series_percentile(c, v, n, high);
	double range = top - bottom;
	for (uint32_t i = 0; i < n; i++) {
		double past = v[i] > top ? v[i] - top : v[i] < bottom ? v[i] - bottom : 0;
		ret[i] = past == 0 ? 0 : past / range;
	}
	return !c->failed;
}

ic_value ic_series_list(ic_call *c, const ic_dyn *const *item, uint32_t n)
{
	const ic_dyn *d = c->failed ? NULL : ic_dyn_array(c->arena, item, n);
	return d ? ic_value_dyn(d) : ic_call_nomem(c);
}

ic_value ic_series_bag(ic_call *c, const char *const *name, const ic_dyn *const *item, uint32_t n)
{
	ic_dyn_member m[16];
	for (uint32_t i = 0; i < n; i++)
		m[i] = (ic_dyn_member){ ic_str_of(name[i]), item[i] };
	const ic_dyn *d = c->failed ? NULL : ic_dyn_bag(c->arena, m, n);
	return d ? ic_value_dyn(d) : ic_call_nomem(c);
}
