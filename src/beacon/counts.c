/* SPDX-License-Identifier: Apache-2.0 */
#include "beacon/score.h"

#include <math.h>

/* The first and the last busy slot are cut by the start and the end of the traffic, so they are left
 * out. Where fewer than 60 % of the slots between are empty, the empty ones are taken for hours when the
 * host was off: only one level of activity is compared. 0.05 keeps a variance of zero finite. */
double ic_count_score(const double *x, size_t n)
{
	size_t first = n, last = 0, busy = 0;
	for (size_t i = 0; i < n; i++) {
		if (!(x[i] > 0))
			continue;
		first = busy++ ? first : i;
		last = i;
	}
	if (busy < 5)
		return (double)NAN;
	size_t inside = last - first - 1;
	bool with_empty = (double)(inside - (busy - 2)) / (double)inside >= .6;
	double sum = 0, squares = 0;
	size_t slots = with_empty ? inside : busy - 2;
	for (size_t i = first + 1; i < last; i++)
		sum += x[i] > 0 ? x[i] : 0;
	double mean = sum / (double)slots;
	if (mean < 2 || slots < 4)
		return (double)NAN;
	for (size_t i = first + 1; i < last; i++)
		if (with_empty || x[i] > 0)
			squares += (x[i] - mean) * (x[i] - mean);
	return -log((squares / (double)slots + .05) / mean) * sqrt((double)slots);
}
