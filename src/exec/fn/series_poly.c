/* SPDX-License-Identifier: Apache-2.0 */
/* series_fit_poly: the polynomial that fits a series best. */
#include <math.h>

#include "exec/fn/series.h"

enum { DEGREE_MOST = 64 };

/* A polynomial of t = (x - middle) / half, which goes from -1 to 1. */
typedef struct polynomial {
	const double *x, *y; /* NaN: there is none; such points count for nothing */
	uint32_t n, points;
	double middle, half;
	double mean; /* of y */
	uint32_t degree;
	double c[DEGREE_MOST + 1]; /* by the power of t, then of x */
	double *fit;		   /* its value at each point; NaN where x is none */
} polynomial;

static bool whole_point(const polynomial *p, uint32_t i)
{
	return !isnan(p->x[i]) && !isnan(p->y[i]);
}

static double t_of(const polynomial *p, uint32_t i)
{
	return (p->x[i] - p->middle) / p->half;
}

static void scale(polynomial *p)
{
	double least = INFINITY, most = -INFINITY;
	for (uint32_t i = 0; i < p->n; i++)
		if (whole_point(p, i)) {
			least = p->x[i] < least ? p->x[i] : least;
			most = p->x[i] > most ? p->x[i] : most;
			p->mean += p->y[i];
			p->points++;
		}
	p->middle = least + (most - least) / 2;
	p->half = most > least ? (most - least) / 2 : 1;
	p->mean /= p->points;
}

/* One of the polynomials that are orthogonal over the points, and the one before it. */
typedef struct orthogonal {
	double *at, *at_before; /* values at the points */
	double power[DEGREE_MOST + 2], before[DEGREE_MOST + 2];
	double square, square_before; /* sums of the values' squares */
} orthogonal;

/* q[k+1] = (t - shift) q[k] - back q[k-1] */
static void next_orthogonal(const polynomial *p, orthogonal *q, double shift)
{
	double back = q->square_before > 0 ? q->square / q->square_before : 0;
	for (uint32_t i = 0; i < p->n; i++) {
		double next = (t_of(p, i) - shift) * q->at[i] - back * q->at_before[i];
		q->at_before[i] = q->at[i];
		q->at[i] = next;
	}
	for (uint32_t i = DEGREE_MOST + 2; i-- > 0;) {
		double next = (i ? q->power[i - 1] : 0) - shift * q->power[i] - back * q->before[i];
		q->before[i] = q->power[i];
		q->power[i] = next;
	}
	q->square_before = q->square;
}

/* Least squares one degree after the other, by polynomials orthogonal over the points (Forsythe 1957): the sums of
 * high powers that normal equations need would leave noise. */
static void fit(polynomial *p, orthogonal *q)
{
	for (uint32_t k = 0; k <= p->degree; k++) {
		double weight = 0, shift = 0;
		q->square = 0;
		for (uint32_t i = 0; i < p->n; i++)
			if (whole_point(p, i)) {
				q->square += q->at[i] * q->at[i];
				weight += q->at[i] * (p->y[i] - p->fit[i]);
				shift += t_of(p, i) * q->at[i] * q->at[i];
			}
		if (k >= p->points ||
		    q->square <= q->square_before * 1e-26) /* as many points are different */
			return;
		weight /= q->square;
		for (uint32_t i = 0; i <= k; i++)
			p->c[i] += weight * q->power[i];
		for (uint32_t i = 0; i < p->n; i++)
			p->fit[i] += weight * q->at[i];
		next_orthogonal(p, q, shift / q->square);
	}
}

/* From powers of t to powers of x. */
static void unscale(polynomial *p)
{
	double out[DEGREE_MOST + 1] = { 0 };
	for (uint32_t k = p->degree + 1; k-- > 0;) {
		for (uint32_t i = p->degree + 1; i-- > 0;)
			out[i] = ((i ? out[i - 1] : 0) - p->middle * out[i]) / p->half;
		out[0] += p->c[k];
	}
	memcpy(p->c, out, sizeof out);
}

static ic_value result(ic_call *c, const polynomial *p)
{
	double coefficient[DEGREE_MOST + 1], all = 0, rest = 0, free = p->points > 1 ? p->points - 1 : 1;
	for (uint32_t k = 0; k <= p->degree; k++)
		coefficient[k] = p->c[p->degree - k];
	for (uint32_t i = 0; i < p->n; i++)
		if (whole_point(p, i)) {
			all += (p->y[i] - p->mean) * (p->y[i] - p->mean);
			rest += (p->y[i] - p->fit[i]) * (p->y[i] - p->fit[i]);
		}
	const ic_dyn *item[] = { ic_dyn_real(c, all > 0 ? 1 - rest / all : 1),
				 ic_series_dyn(c, coefficient, p->degree + 1), ic_dyn_real(c, all / free),
				 ic_dyn_real(c, rest / free), ic_series_dyn(c, p->fit, p->n) };
	return ic_series_list(c, item, 5);
}

/* The points of a series without x count from 1. */
static bool points_of(ic_call *c, const ic_value *arg, polynomial *p)
{
	ic_series x, y;
	if (!ic_series_of(c, &arg[0], &y))
		return false;
	if (c->expr->call.n > 1) {
		if (!ic_series_of(c, &arg[1], &x) || x.n != y.n)
			return false;
	} else {
		x.v = ic_series_room(c, y.n);
		for (uint32_t i = 0; x.v && i < y.n; i++)
			x.v[i] = i + 1.0;
	}
	p->x = x.v;
	p->y = y.v;
	p->n = y.n;
	return x.v != NULL;
}

static ic_value fit_poly_row(ic_call *c, const ic_value *arg)
{
	polynomial p = { .degree = 1 };
	orthogonal q = { .power = { 1 } };
	bool given = c->expr->call.n > 2;
	if (!points_of(c, arg, &p) || (given && (arg[2].null || !(arg[2].d >= 0 && arg[2].d <= DEGREE_MOST))))
		return ic_value_null(IC_Q_DYNAMIC);
	if (given)
		p.degree = (uint32_t)arg[2].d;
	scale(&p);
	p.fit = ic_series_room(c, p.n);
	q.at = ic_series_room(c, p.n);
	q.at_before = ic_series_room(c, p.n);
	if (c->failed || p.points == 0)
		return ic_value_null(IC_Q_DYNAMIC);
	for (uint32_t i = 0; i < p.n; i++) {
		p.fit[i] = isnan(p.x[i]) ? NAN : 0;
		q.at[i] = 1;
		q.at_before[i] = 0;
	}
	fit(&p, &q);
	unscale(&p);
	return result(c, &p);
}

static const ic_kernel_entry entries[] = {
	{ IC_FN_SERIES_FIT_POLY, { .row = fit_poly_row } },
};
IC_KERNELS(series_poly, entries);
