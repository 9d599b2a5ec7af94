/* SPDX-License-Identifier: Apache-2.0 */
/* The RITA v5 beacon score, written from a description of its rules (docs/scorer.md). */
#include "beacon/score.h"

#include "base/alloc.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define BINS	    24
#define MIN_BARS    6	  /* for a duration score */
#define MIN_BIMODAL 11	  /* for the bimodal test */
#define STROBE	    86400 /* that many connections are no beacon to RITA but a strobe */

static int by_value(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;
	return (x > y) - (x < y);
}

static int by_time(const void *a, const void *b)
{
	int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
	return (x > y) - (x < y);
}

static double round3(double v)
{
	return round(v * 1000) / 1000;
}

static double ceil3(double v)
{
	return ceil(v * 1000) / 1000;
}

static double median(const double *x, size_t n)
{
	return 0.5 * (x[(n - 1) / 2] + x[n / 2]);
}

/* Skew and spread of sorted values; `flat` is the spread score of a median under 1. x is overwritten. */
static double regularity(double *x, size_t n, double flat)
{
	size_t half = n / 2;
	double q1 = median(x, half), q2 = median(x, n), q3 = median(x + half + (n & 1), half);
	double range = q3 - q1;
	double bowley = range >= 10 && q2 != q1 && q2 != q3 ? (q1 + q3 - 2 * q2) / range : 0;
	double spread = flat;
	if (q2 >= 1) {
		for (size_t i = 0; i < n; i++)
			x[i] = fabs(x[i] - q2);
		qsort(x, n, sizeof *x, by_value);
		spread = (q2 - median(x, n)) / q2;
	}
	if (!(spread > 0))
		spread = 0;
	return round3(((1 - fabs(bowley)) + spread) / 2);
}

static double bimodal(const unsigned *bin, unsigned bars)
{
	unsigned largest = 0, group[BINS], count[BINS], groups = 0, first = 0, second = 0;
	if (bars < MIN_BIMODAL)
		return 0;
	for (unsigned i = 0; i < BINS; i++)
		largest = bin[i] > largest ? bin[i] : largest;
	unsigned width = (unsigned)ceil(largest * .05);
	for (unsigned i = 0; i < BINS; i++) {
		if (!bin[i])
			continue;
		unsigned g = 0;
		while (g < groups && group[g] != bin[i] / width)
			g++;
		if (g == groups) {
			group[groups] = bin[i] / width;
			count[groups++] = 0;
		}
		count[g]++;
	}
	for (unsigned g = 0; g < groups; g++) {
		if (count[g] > first) {
			second = first;
			first = count[g];
		} else if (count[g] > second) {
			second = count[g];
		}
	}
	double score = round3((double)(first + second) / (bars - 1));
	return score > 1 ? 1 : score;
}

static double evenness(const unsigned *bin, size_t n)
{
	double mean = (double)n / BINS, squares = 0;
	for (unsigned i = 0; i < BINS; i++)
		squares += (bin[i] - mean) * (bin[i] - mean);
	double cv = sqrt(squares / BINS) / mean;
	return cv > 1 ? 0 : round3(1 - cv);
}

static unsigned longest_run(const unsigned *bin)
{
	unsigned run = 0, best = 0;
	for (unsigned i = 0; i < 2 * BINS; i++) {
		run = bin[i % BINS] ? run + 1 : 0;
		best = run > best ? run : best;
	}
	return best > BINS ? BINS : best;
}

static double duration(const unsigned *bin, unsigned bars, double share_of_window)
{
	if (bars < MIN_BARS)
		return 0;
	double covered = ceil3(share_of_window), steady = ceil3(longest_run(bin) / 12.0);
	double best = covered > steady ? covered : steady;
	return best > 1 ? 1 : best;
}

/* t sorted; gap and size have room for n each. */
static bool score_sorted(const int64_t *t, size_t n, double *gap, double *size, size_t sizes, int64_t from,
			 int64_t to, ic_rita *ret)
{
	size_t gaps = 0;
	unsigned bin[BINS] = { 0 }, bars = 0;
	for (size_t i = 1; i < n; i++)
		if (t[i] > t[i - 1])
			gap[gaps++] = (double)t[i] - (double)t[i - 1];
	if (gaps < 3 || sizes < 3 || to <= from)
		return false;
	qsort(gap, gaps, sizeof *gap, by_value);
	qsort(size, sizes, sizeof *size, by_value);
	double window = (double)to - (double)from, step = window / BINS;
	for (size_t i = 0; i < n; i++) {
		double at = ((double)t[i] - (double)from) / step;
		bin[at < 0 ? 0 : at >= BINS ? BINS - 1 : (unsigned)at]++;
	}
	for (unsigned i = 0; i < BINS; i++)
		bars += bin[i] > 0;
	double even = evenness(bin, n), two = bimodal(bin, bars);
	ret->ts = regularity(gap, gaps, 1);
	ret->ds = regularity(size, sizes, 0);
	ret->hist = even > two ? even : two;
	ret->dur = duration(bin, bars, ((double)t[n - 1] - (double)t[0]) / window);
	ret->score = round3(.25 * (ret->ts + ret->ds + ret->dur + ret->hist));
	return true;
}

bool ic_rita_score(const int64_t *seconds, const double *sizes, size_t n, int64_t window_first,
		   int64_t window_last, ic_rita *ret, bool *nomem)
{
	*nomem = false;
	if (n < 4 || n >= STROBE)
		return false;
	int64_t *t = ic_reallocarray(NULL, n, sizeof *t);
	double *gap = ic_reallocarray(NULL, n, sizeof *gap), *size = ic_reallocarray(NULL, n, sizeof *size);
	bool scored = false;
	size_t known = 0;
	*nomem = !t || !gap || !size;
	if (!*nomem) {
		memcpy(t, seconds, n * sizeof *t);
		qsort(t, n, sizeof *t, by_time);
		for (size_t i = 0; i < n; i++)
			if (!isnan(sizes[i]))
				size[known++] = sizes[i];
		scored = score_sorted(t, n, gap, size, known, window_first, window_last, ret);
	}
	ic_free(t);
	ic_free(gap);
	ic_free(size);
	return scored;
}
