/* SPDX-License-Identifier: Apache-2.0 */
/* The beta distribution, and Welch's test by it. The incomplete beta function is computed by its continued
 * fraction (Abramowitz and Stegun 26.5.8) in Lentz's way. */
#include <float.h>
#include <math.h>

#include "exec/eval/kernel.h"

enum { TERMS_MOST = 10000, HALVINGS = 1100 /* from 1 to the least number */ };

static double log_gamma(double x)
{
	int ignored; /* lgamma() itself writes the sign to a global */
	return lgamma_r(x, &ignored);
}

static double log_beta(double a, double b)
{
	return log_gamma(a) + log_gamma(b) - log_gamma(a + b);
}

static double away_from_zero(double x)
{
	return fabs(x) < DBL_MIN ? DBL_MIN : x;
}

static double fraction(double x, double a, double b)
{
	double c = 1, d = 1 / away_from_zero(1 - (a + b) * x / (a + 1)), f = d;
	for (int m = 1; m <= TERMS_MOST; m++) {
		double even = m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m));
		double odd = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1));
		d = 1 / away_from_zero(1 + even * d);
		c = away_from_zero(1 + even / c);
		f *= c * d;
		d = 1 / away_from_zero(1 + odd * d);
		c = away_from_zero(1 + odd / c);
		f *= c * d;
		if (fabs(c * d - 1) < DBL_EPSILON)
			break;
	}
	return f;
}

/* x in 0 to 1, a and b above 0. */
static double cumulated(double x, double a, double b)
{
	if (x <= 0 || x >= 1)
		return x > 0;
	double front = exp(a * log(x) + b * log1p(-x) - log_beta(a, b));
	if (x < (a + 1) / (a + b + 2))
		return front * fraction(x, a, b) / a;
	return 1 - front * fraction(1 - x, b, a) / b;
}

/* The function rises, so halving finds the place whatever its shape. */
static double inverse(double p, double a, double b)
{
	double low = 0, high = 1;
	if (p <= 0 || p >= 1)
		return p > 0;
	for (int i = 0; i < HALVINGS; i++) {
		double middle = low + (high - low) / 2;
		if (middle <= low || middle >= high)
			break;
		if (cumulated(middle, a, b) < p)
			low = middle;
		else
			high = middle;
	}
	return high;
}

static double density(double x, double a, double b)
{
	if (x == 0)
		return a < 1 ? INFINITY : a > 1 ? 0 : b;
	if (x == 1)
		return b < 1 ? INFINITY : b > 1 ? 0 : a;
	return exp((a - 1) * log(x) + (b - 1) * log1p(-x) - log_beta(a, b));
}

static ic_value beta_row(ic_call *c, const ic_value *arg)
{
	double x = arg[0].d, a = arg[1].d, b = arg[2].d;
	if (!(x >= 0 && x <= 1 && a > 0 && b > 0 && isfinite(a) && isfinite(b)))
		return ic_value_real(NAN);
	switch (c->expr->call.fn) {
	case IC_FN_BETA_CDF: return ic_value_real(cumulated(x, a, b));
	case IC_FN_BETA_INV: return ic_value_real(inverse(x, a, b));
	default: return ic_value_real(density(x, a, b));
	}
}

/* Two-sided: the tails of Student's distribution are an incomplete beta function (A. and S. 26.7.1). */
static ic_value welch_row(ic_call *c, const ic_value *arg)
{
	double n1 = arg[2].d, n2 = arg[5].d, s1 = arg[1].d / n1, s2 = arg[4].d / n2;
	(void)c;
	if (!(n1 > 1 && n2 > 1 && s1 >= 0 && s2 >= 0 && s1 + s2 > 0))
		return ic_value_real(NAN);
	double difference = arg[0].d - arg[3].d, t2 = difference * difference / (s1 + s2);
	double freedom = (s1 + s2) * (s1 + s2) / (s1 * s1 / (n1 - 1) + s2 * s2 / (n2 - 1));
	return ic_value_real(cumulated(freedom / (freedom + t2), freedom / 2, 0.5));
}

static const ic_kernel_entry entries[] = {
	{ IC_FN_BETA_CDF, { .row = beta_row, .strict = true } },
	{ IC_FN_BETA_INV, { .row = beta_row, .strict = true } },
	{ IC_FN_BETA_PDF, { .row = beta_row, .strict = true } },
	{ IC_FN_WELCH_TEST, { .row = welch_row, .strict = true } },
};
IC_KERNELS(chance, entries);
