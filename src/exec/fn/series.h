/* SPDX-License-Identifier: Apache-2.0 */
/* Arrays of numbers as series. Private to src/exec. */
#ifndef IC_EXEC_SERIES_H
#define IC_EXEC_SERIES_H

#include "exec/fn/dynamic.h"

/* Of a call's arena. What is no finite number in the array is NaN here. */
typedef struct ic_series {
	double *v;
	uint32_t n;
	uint32_t missing; /* how many are NaN */
	bool whole;	  /* every number of the array is a whole one */
} ic_series;

/* false: it is no array, or the call failed. */
bool ic_series_of(ic_call *c, const ic_value *arg, ic_series *ret);
/* As an array of reals; a NaN is null. */
const ic_dyn *ic_series_dyn(ic_call *c, const double *v, uint32_t n);
/* n reals, not filled. NULL: the call failed. */
double *ic_series_room(ic_call *c, uint32_t n);
/* Interpolated between the values (p 0..1) of a copy; NaNs are left out. NaN: there is none. */
double ic_series_percentile(ic_call *c, const double *v, uint32_t n, double p);

typedef struct ic_line {
	double slope, intercept;
	double rsquare;
	double variance, rvariance; /* of the values and of what the line leaves, of a sample */
} ic_line;
/* Least squares over v[from..to-1], x counted from 0 of v; NaNs are left out. */
ic_line ic_series_fit(const double *v, uint32_t from, uint32_t to);

/* How far each value is outside the fences at percentiles low and high, in units of their distance; below
 * is negative, inside is 0. false: the call failed. */
bool ic_series_outliers(ic_call *c, const double *v, uint32_t n, double low, double high, double *ret);

/* What functions with several results give: an array, of which each item is a column, or a bag. */
ic_value ic_series_list(ic_call *c, const ic_dyn *const *item, uint32_t n);
ic_value ic_series_bag(ic_call *c, const char *const *name, const ic_dyn *const *item, uint32_t n);

#endif
