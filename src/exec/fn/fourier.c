/* SPDX-License-Identifier: Apache-2.0 */
/* Fourier transforms of series of any length: radix 2 where the length is a power of two, else a convolution of
 * such a length (Bluestein). A missing value makes all results missing, as every one of them depends on it. */
#include <math.h>

#include "exec/fn/series.h"

enum { POINTS_MOST = 1 << 17 };

typedef struct points {
	double *re, *im;
	uint32_t n;
} points;

static bool points_new(ic_call *c, uint32_t n, points *ret)
{
	*ret = (points){ ic_series_room(c, n), ic_series_room(c, n), n };
	if (!ret->re || !ret->im)
		return false;
	memset(ret->re, 0, sizeof *ret->re * n);
	memset(ret->im, 0, sizeof *ret->im * n);
	return true;
}

/* e^(-2 pi i k / n); quarters of the circle are exact. */
static void unit(uint64_t k, uint64_t n, double *re, double *im)
{
	static const double quarter[] = { 1, 0, -1, 0, 1 };
	k %= n;
	if (4 * k % n == 0) {
		*re = quarter[4 * k / n];
		*im = quarter[4 * k / n + 1];
		return;
	}
	double angle = 2 * M_PI * (double)k / (double)n;
	*re = cos(angle);
	*im = -sin(angle);
}

static void multiply(points *a, uint32_t i, double re, double im)
{
	double real = a->re[i] * re - a->im[i] * im;
	a->im[i] = a->re[i] * im + a->im[i] * re;
	a->re[i] = real;
}

static void swap(double *a, double *b)
{
	double t = *a;
	*a = *b;
	*b = t;
}

/* In place; x.n is a power of two. */
static bool transform_even(ic_call *c, points *x)
{
	points w;
	uint32_t n = x->n;
	if (!points_new(c, n / 2 + 1, &w))
		return false;
	for (uint32_t k = 0; k < n / 2; k++)
		unit(k, n, &w.re[k], &w.im[k]);
	for (uint32_t i = 1, j = 0; i < n; i++) {
		uint32_t bit = n >> 1;
		for (; j & bit; bit >>= 1)
			j ^= bit;
		j ^= bit;
		if (i < j) {
			swap(&x->re[i], &x->re[j]);
			swap(&x->im[i], &x->im[j]);
		}
	}
	for (uint32_t length = 2; length <= n; length *= 2) {
		uint32_t half = length / 2, step = n / length;
		for (uint32_t i = 0; i < n; i++) {
			if (i & half)
				continue;
			uint32_t other = i + half, k = (i & (half - 1)) * step;
			multiply(x, other, w.re[k], w.im[k]);
			double re = x->re[other], im = x->im[other];
			x->re[other] = x->re[i] - re;
			x->im[other] = x->im[i] - im;
			x->re[i] += re;
			x->im[i] += im;
		}
	}
	return true;
}

/* The inverse is the transform of what is mirrored, mirrored again, over n. */
static void mirror(points *x, double over)
{
	for (uint32_t i = 0; i < x->n; i++) {
		x->re[i] /= over;
		x->im[i] = 0 - x->im[i] / over;
	}
}

static bool transform(ic_call *c, points *x)
{
	uint32_t n = x->n, m = 1;
	if ((n & (n - 1)) == 0)
		return n < 2 || transform_even(c, x);
	while (m < 2 * n - 1)
		m *= 2;
	points chirp, a, b;
	if (!points_new(c, n, &chirp) || !points_new(c, m, &a) || !points_new(c, m, &b))
		return false;
	for (uint32_t k = 0; k < n; k++) {
		unit((uint64_t)k * k, 2 * (uint64_t)n, &chirp.re[k], &chirp.im[k]);
		a.re[k] = x->re[k];
		a.im[k] = x->im[k];
		multiply(&a, k, chirp.re[k], chirp.im[k]);
		b.re[k] = chirp.re[k];
		b.im[k] = -chirp.im[k];
		if (k) {
			b.re[m - k] = b.re[k];
			b.im[m - k] = b.im[k];
		}
	}
	if (!transform_even(c, &a) || !transform_even(c, &b))
		return false;
	for (uint32_t i = 0; i < m; i++)
		multiply(&a, i, b.re[i], b.im[i]);
	mirror(&a, 1);
	if (!transform_even(c, &a))
		return false;
	mirror(&a, m);
	for (uint32_t k = 0; k < n; k++) {
		multiply(&a, k, chirp.re[k], chirp.im[k]);
		x->re[k] = a.re[k];
		x->im[k] = a.im[k];
	}
	return true;
}

static ic_value fourier_row(ic_call *c, const ic_value *arg)
{
	bool inverse = c->expr->call.fn == IC_FN_SERIES_IFFT;
	ic_series real, imaginary;
	points x;
	if (!ic_series_of(c, &arg[0], &real))
		return ic_value_null(IC_Q_DYNAMIC);
	if (real.n > POINTS_MOST)
		return ic_call_limit(c, "series of at most 131,072 points are transformed");
	if (!points_new(c, real.n, &x))
		return ic_value_null(IC_Q_DYNAMIC);
	memcpy(x.re, real.v, sizeof *x.re * x.n);
	if (c->expr->call.n > 1) {
		if (!ic_series_of(c, &arg[1], &imaginary) || imaginary.n != x.n)
			return ic_value_null(IC_Q_DYNAMIC);
		memcpy(x.im, imaginary.v, sizeof *x.im * x.n);
	}
	if (inverse)
		mirror(&x, 1);
	if (!transform(c, &x))
		return ic_value_null(IC_Q_DYNAMIC);
	if (inverse)
		mirror(&x, x.n);
	ic_items both = ic_items_new(c);
	ic_items_add(&both, ic_series_dyn(c, x.re, x.n));
	ic_items_add(&both, ic_series_dyn(c, x.im, x.n));
	return ic_items_value(&both);
}

static const ic_kernel_entry entries[] = {
	{ IC_FN_SERIES_FFT, { .row = fourier_row } },
	{ IC_FN_SERIES_IFFT, { .row = fourier_row } },
};
IC_KERNELS(fourier, entries);
