/* SPDX-License-Identifier: Apache-2.0 */
/* Private to the beacon layer: a sorted list of non-empty bins, packed. Interval bins (`timed`) hold a
 * count and the exact sum of ticks; size bins a count only.
 *
 * Narrow entries take 8 and 4 bytes: the sum is kept as what it has above count times the bin's lower
 * edge, under 4 % of it. The first entry that does not fit widens the whole list to 16 and 8 bytes. */
#ifndef IC_BEACON_PACKED_H
#define IC_BEACON_PACKED_H

#include "base/arena.h"

#include <stdbool.h>

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
ic_packed_entry ic_packed_get(const ic_packed *l, unsigned i);
/* Makes room for one more of `ticks` in `bin`; after it ic_packed_add of the same cannot fail. false:
 * out of memory, nothing has changed in what the list holds. */
bool ic_packed_prepare(ic_packed *l, ic_slab *slab, unsigned bin, int64_t ticks, ic_packed_slot *ret);
void ic_packed_add(ic_packed *l, const ic_packed_slot *slot, unsigned bin, int64_t ticks);
/* Adds all entries of `from`. false: out of memory, `l` then holds a part of them. */
bool ic_packed_merge(ic_packed *l, ic_slab *slab, const ic_packed *from);

#endif
