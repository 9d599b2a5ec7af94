/* SPDX-License-Identifier: Apache-2.0 */
/* Private to the beacon layer: a sorted list of non-empty bins, packed. Interval bins (`timed`) hold a
 * count and the exact sum of ticks; size bins a count only.
 *
 * What a narrow bin holds takes 8 or 2 bytes: the sum is kept as what it has above count times the bin's lower
 * edge, under 4 % of it. The first bin that does not fit widens the whole list to 16 and 4 bytes. The numbers
 * of the bins stand side by side, so that one is found by counting those under it, many at a time. */
#ifndef IC_BEACON_PACKED_H
#define IC_BEACON_PACKED_H

#include "base/arena.h"
#include "beacon/bins.h"

#include <stdbool.h>

/* Narrow timed: count 24 bits, rest of the sum 40. */
#define PACKED_COUNT_MOST INT64_C(0xffffff)
#define PACKED_REST_BITS  40
#define PACKED_REST_MOST  ((INT64_C(1) << PACKED_REST_BITS) - 1)

typedef struct ic_packed {
	/* uint64_t of count and rest, or of the count and then of the sum; uint16_t or uint32_t of the count.
	 * Behind all `cap` of them int16_t bin[cap], and lanes filled up. */
	void *p;
	uint16_t n, cap;
	bool timed, wide;
} ic_packed;

/* Where a bin is, or belongs. */
typedef struct ic_packed_slot {
	unsigned at;
	bool found;
} ic_packed_slot;

typedef struct ic_packed_entry {
	unsigned bin;
	uint32_t count;
	int64_t ticks;
} ic_packed_entry;

void ic_packed_init(ic_packed *l, bool timed);
void ic_packed_clear(ic_packed *l, ic_slab *slab);
size_t ic_packed_bytes(const ic_packed *l);

static inline size_t ic_packed_held_bytes(const ic_packed *l) /* by one bin, without its number */
{
	return (l->timed ? 8u : 2u) << l->wide;
}
static inline void ic_packed_prefetch(const ic_packed *l)
{
	const size_t bytes = l->cap * (ic_packed_held_bytes(l) + sizeof(int16_t));
	for (size_t at = 0; at < bytes; at += 64)
		__builtin_prefetch((const char *)l->p + at);
}
static inline int16_t *ic_packed_bins(const ic_packed *l)
{
	return (int16_t *)(void *)((char *)l->p + l->cap * ic_packed_held_bytes(l));
}
static inline ic_packed_entry ic_packed_get(const ic_packed *l, unsigned i)
{
	ic_packed_entry e = { .bin = (unsigned)ic_packed_bins(l)[i] };
	if (!l->timed) {
		e.count = l->wide ? ((const uint32_t *)l->p)[i] : ((const uint16_t *)l->p)[i];
	} else if (l->wide) {
		const uint64_t *w = (const uint64_t *)l->p + 2 * i;
		e.count = (uint32_t)w[0];
		e.ticks = (int64_t)w[1];
	} else {
		uint64_t w = ((const uint64_t *)l->p)[i];
		e.count = (uint32_t)(w >> PACKED_REST_BITS);
		e.ticks =
		    (int64_t)(w & (uint64_t)PACKED_REST_MOST) + e.count * ic_bins_table.interval_edge[e.bin];
	}
	return e;
}

/* Makes room for one more of `ticks` in `bin`; after it ic_packed_add of the same cannot fail. false:
 * out of memory, nothing has changed in what the list holds. */
bool ic_packed_prepare(ic_packed *l, ic_slab *slab, unsigned bin, int64_t ticks, ic_packed_slot *ret);
void ic_packed_add(ic_packed *l, const ic_packed_slot *slot, unsigned bin, int64_t ticks);
/* Adds all entries of `from`. false: out of memory, `l` then holds a part of them. */
bool ic_packed_merge(ic_packed *l, ic_slab *slab, const ic_packed *from);

#endif
