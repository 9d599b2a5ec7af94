/* SPDX-License-Identifier: Apache-2.0 */
/* Private to the beacon layer: a sorted list of non-empty bins, packed. Interval bins (`timed`) hold a
 * count and the exact sum of ticks; size bins a count only.
 *
 * Narrow entries take 8 and 4 bytes: the sum is kept as what it has above count times the bin's lower
 * edge, under 4 % of it. The first entry that does not fit widens the whole list to 16 and 8 bytes. */
#ifndef IC_BEACON_PACKED_H
#define IC_BEACON_PACKED_H

#include "base/arena.h"
#include "beacon/bins.h"

#include <stdbool.h>

/* Narrow timed: bin 9 bits, count 15, rest of the sum 40. Narrow untimed: bin 11 bits, count 21. Wide
 * entries start with bin << 32 | count; timed ones add a word for the sum. */
#define PACKED_TIMED_COUNT INT64_C(0x7fff)
#define PACKED_TIMED_REST  ((INT64_C(1) << 40) - 1)
#define PACKED_SIZE_COUNT  INT64_C(0x1fffff)

typedef struct ic_packed {
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
static inline unsigned ic_packed_bin(const ic_packed *l, unsigned i)
{
	if (!l->timed)
		return l->wide ? (unsigned)(((const uint64_t *)l->p)[i] >> 32)
			       : ((const uint32_t *)l->p)[i] >> 21;
	return l->wide ? (unsigned)(((const uint64_t *)l->p)[2 * i] >> 32)
		       : (unsigned)(((const uint64_t *)l->p)[i] >> 55);
}
static inline ic_packed_entry ic_packed_get(const ic_packed *l, unsigned i)
{
	ic_packed_entry e = { .bin = ic_packed_bin(l, i) };
	if (!l->timed) {
		e.count = l->wide ? (uint32_t)((const uint64_t *)l->p)[i]
				  : (uint32_t)(((const uint32_t *)l->p)[i] & PACKED_SIZE_COUNT);
	} else if (l->wide) {
		const uint64_t *w = (const uint64_t *)l->p + 2 * i;
		e.count = (uint32_t)w[0];
		e.ticks = (int64_t)w[1];
	} else {
		uint64_t w = ((const uint64_t *)l->p)[i];
		e.count = (uint32_t)((int64_t)(w >> 40) & PACKED_TIMED_COUNT);
		e.ticks =
		    (int64_t)(w & (uint64_t)PACKED_TIMED_REST) + e.count * ic_bins_table.interval_edge[e.bin];
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
