/* SPDX-License-Identifier: Apache-2.0 */
#include "beacon/bins.h"

#include <math.h>

ic_bins ic_bins_table;

/* The definition: the bin that doubles give, floor(log(v)/log(ratio)). */
static double bin_of(double v, double ratio)
{
	return floor(log(v) / log(ratio));
}

/* The least integer whose value v*unit lies in bin b or above. */
static int64_t edge_of(unsigned b, double ratio, double units)
{
	int64_t e = (int64_t)ceil(pow(ratio, b) * units);
	while (e > 1 && bin_of((double)(e - 1) / units, ratio) >= b)
		e--;
	while (bin_of((double)e / units, ratio) < b)
		e++;
	return e;
}

static void fill_start(uint16_t *start, size_t steps, uint64_t base, unsigned shift, const int64_t *edge,
		       unsigned bins)
{
	unsigned b = 0;
	for (size_t i = 0; i < steps; i++) {
		uint64_t bits = (base + i) << shift;
		double from;
		memcpy(&from, &bits, sizeof from);
		while (b + 1 < bins && (double)edge[b + 1] <= ceil(from))
			b++;
		start[i] = (uint16_t)b;
	}
}

/* Before main() rather than on first use: bins are looked up from many threads, once an event. */
__attribute__((constructor)) static void bins_init(void)
{
	ic_bins *t = &ic_bins_table;
	for (unsigned b = 0; b < IC_INTERVAL_BINS; b++)
		t->interval_edge[b] = b ? edge_of(b, IC_INTERVAL_RATIO, (double)IC_TICKS_S) : IC_TICKS_S;
	t->interval_edge[IC_INTERVAL_BINS] = INT64_MAX;
	for (unsigned b = 0; b < IC_SIZE_BINS; b++)
		t->size_edge[b] = b ? edge_of(b, 1.02, 1) : 0;
	t->size_edge[IC_SIZE_BINS] = INT64_MAX;
	t->interval_base = bins_index(IC_TICKS_S, INTERVAL_SHIFT);
	t->size_base = bins_index(1, SIZE_SHIFT);
	fill_start(t->interval_start, INTERVAL_STEPS, t->interval_base, INTERVAL_SHIFT, t->interval_edge,
		   IC_INTERVAL_BINS);
	fill_start(t->size_start, SIZE_STEPS, t->size_base, SIZE_SHIFT, t->size_edge, IC_SIZE_BINS);
}

unsigned ic_interval_bin(int64_t ticks)
{
	return bins_interval(ticks);
}

unsigned ic_size_bin(int64_t bytes)
{
	return bins_size(bytes);
}
