/* SPDX-License-Identifier: Apache-2.0 */
/* Private to the beacon layer: the logarithmic bins as integer tables, so that no event costs a
 * logarithm. The tables are filled before main() and never change. */
#ifndef IC_BEACON_BINS_H
#define IC_BEACON_BINS_H

#include "base/time.h"
#include "beacon/sketch.h"

/* A start table is indexed by the exponent and the first mantissa bits of the value as a double. One
 * step of it (1/32 or 1/64) is narrower than a bin, so at most one edge lies inside: one comparison
 * finishes the look-up. */
#define INTERVAL_SHIFT (52 - 5)
#define SIZE_SHIFT     (52 - 6)
#define INTERVAL_STEPS 700
#define SIZE_STEPS     2260

typedef struct ic_bins {
	int64_t interval_edge[IC_INTERVAL_BINS + 1]; /* least ticks of a bin; the last is INT64_MAX */
	int64_t size_edge[IC_SIZE_BINS + 1];
	uint16_t interval_start[INTERVAL_STEPS];
	uint16_t size_start[SIZE_STEPS];
	uint64_t interval_base; /* table index of 1 s */
	uint64_t size_base;	/* table index of 1 byte */
} ic_bins;

extern ic_bins ic_bins_table;

static inline uint64_t bins_index(int64_t v, unsigned shift)
{
	double d = (double)v;
	uint64_t bits;
	memcpy(&bits, &d, sizeof bits);
	return bits >> shift;
}

static inline unsigned bins_interval(int64_t ticks)
{
	const ic_bins *t = &ic_bins_table;
	if (ticks >= t->interval_edge[IC_INTERVAL_BINS - 1])
		return IC_INTERVAL_BINS - 1;
	if (ticks < IC_TICKS_S)
		return 0;
	unsigned b = t->interval_start[bins_index(ticks, INTERVAL_SHIFT) - t->interval_base];
	return b + (ticks >= t->interval_edge[b + 1]);
}

static inline unsigned bins_size(int64_t bytes)
{
	const ic_bins *t = &ic_bins_table;
	if (bytes >= t->size_edge[IC_SIZE_BINS - 1])
		return IC_SIZE_BINS - 1;
	if (bytes < 1)
		return 0;
	unsigned b = t->size_start[bins_index(bytes, SIZE_SHIFT) - t->size_base];
	return b + (bytes >= t->size_edge[b + 1]);
}

#endif
