/* SPDX-License-Identifier: Apache-2.0 */
#include "beacon/packed.h"

void ic_packed_init(ic_packed *l, bool timed)
{
	*l = (ic_packed){ .timed = timed };
}

/* Numbers of bins, whole lanes of them: those after the last are above any bin. */
typedef int16_t lanes __attribute__((vector_size(16), aligned(2)));
#define LANES (sizeof(lanes) / sizeof(int16_t))

static size_t lanes_for(unsigned n)
{
	return (n + LANES - 1) / LANES;
}

size_t ic_packed_bytes(const ic_packed *l)
{
	return l->cap * ic_packed_held_bytes(l) + lanes_for(l->cap) * sizeof(lanes);
}

void ic_packed_clear(ic_packed *l, ic_slab *slab)
{
	ic_slab_free(slab, l->p, ic_packed_bytes(l));
	ic_packed_init(l, l->timed);
}

static bool fits_narrow(const ic_packed *l, const ic_packed_entry *e)
{
	if (!l->timed)
		return e->count <= UINT16_MAX;
	return e->count <= PACKED_COUNT_MOST &&
	       e->ticks - (int64_t)e->count * ic_bins_table.interval_edge[e->bin] <= PACKED_REST_MOST;
}

static void put(ic_packed *l, unsigned i, const ic_packed_entry *e)
{
	ic_packed_bins(l)[i] = (int16_t)e->bin;
	if (!l->timed && l->wide) {
		((uint32_t *)l->p)[i] = e->count;
	} else if (!l->timed) {
		((uint16_t *)l->p)[i] = (uint16_t)e->count;
	} else if (l->wide) {
		((uint64_t *)l->p)[2 * i] = e->count;
		((uint64_t *)l->p)[2 * i + 1] = (uint64_t)e->ticks;
	} else {
		int64_t rest = e->ticks - e->count * ic_bins_table.interval_edge[e->bin];
		((uint64_t *)l->p)[i] = (uint64_t)e->count << PACKED_REST_BITS | (uint64_t)rest;
	}
}

static ic_packed_slot find(const ic_packed *l, unsigned bin)
{
	const int16_t *bins = ic_packed_bins(l), key = (int16_t)bin;
	const lanes *some = (const lanes *)(const void *)bins;
	lanes less = { 0 };
	unsigned at = 0;
	for (size_t i = 0; i < lanes_for(l->n); i++)
		less -= some[i] < key;
	for (size_t i = 0; i < LANES; i++)
		at += (unsigned)less[i];
	return (ic_packed_slot){ at, at < l->n && bins[at] == key };
}

static bool resize(ic_packed *l, ic_slab *slab, unsigned cap, bool wide)
{
	ic_packed to = { .n = l->n, .cap = (uint16_t)cap, .timed = l->timed, .wide = wide };
	to.p = ic_slab_alloc(slab, ic_packed_bytes(&to));
	if (!to.p)
		return false;
	int16_t *bins = ic_packed_bins(&to);
	for (size_t i = l->n; i < lanes_for(cap) * LANES; i++)
		bins[i] = INT16_MAX;
	if (wide == l->wide && l->n) {
		memcpy(to.p, l->p, l->n * ic_packed_held_bytes(l));
		memcpy(bins, ic_packed_bins(l), l->n * sizeof(int16_t));
	}
	for (unsigned i = 0; wide != l->wide && i < l->n; i++) {
		ic_packed_entry e = ic_packed_get(l, i);
		put(&to, i, &e);
	}
	ic_slab_free(slab, l->p, ic_packed_bytes(l));
	*l = to;
	return true;
}

/* What the list would hold in `slot` after `add`. */
static ic_packed_entry sum_of(const ic_packed *l, const ic_packed_slot *slot, const ic_packed_entry *add)
{
	ic_packed_entry e = *add;
	if (slot->found) {
		ic_packed_entry old = ic_packed_get(l, slot->at);
		e.count = add->count > UINT32_MAX - old.count ? UINT32_MAX : old.count + add->count;
		if (__builtin_add_overflow(old.ticks, add->ticks, &e.ticks))
			e.ticks = INT64_MAX;
	}
	return e;
}

static bool make_room(ic_packed *l, ic_slab *slab, const ic_packed_entry *add, const ic_packed_slot *slot)
{
	ic_packed_entry e = sum_of(l, slot, add);
	bool wide = l->wide || !fits_narrow(l, &e);
	/* Growth by 5/4: most lists end small, and the slab wastes what is not used. */
	unsigned cap = !slot->found && l->n == l->cap ? l->n + l->n / 4u + 4u : l->cap;
	return (wide == l->wide && cap == l->cap) || resize(l, slab, cap, wide);
}

/* Moves those from `at` on, of n things of so many bytes, one place up. */
static void shift(void *list, unsigned n, unsigned at, size_t bytes)
{
	char *from = (char *)list + at * bytes;
	memmove(from + bytes, from, (n - at) * bytes);
}

static void insert(ic_packed *l, const ic_packed_slot *slot, const ic_packed_entry *add)
{
	ic_packed_entry e = sum_of(l, slot, add);
	if (!slot->found) {
		shift(l->p, l->n, slot->at, ic_packed_held_bytes(l));
		shift(ic_packed_bins(l), l->n, slot->at, sizeof(int16_t));
		l->n++;
	}
	put(l, slot->at, &e);
}

/* Whether one more fits into a narrow entry as it is. */
static bool entry_has_room(const ic_packed *l, unsigned i, unsigned bin, int64_t ticks)
{
	if (!l->timed)
		return ((const uint16_t *)l->p)[i] < UINT16_MAX;
	uint64_t w = ((const uint64_t *)l->p)[i];
	return (int64_t)(w >> PACKED_REST_BITS) < PACKED_COUNT_MOST &&
	       ticks - ic_bins_table.interval_edge[bin] <=
		   PACKED_REST_MOST - (int64_t)(w & (uint64_t)PACKED_REST_MOST);
}

bool ic_packed_prepare(ic_packed *l, ic_slab *slab, unsigned bin, int64_t ticks, ic_packed_slot *ret)
{
	*ret = find(l, bin);
	if (ret->found && !l->wide && entry_has_room(l, ret->at, bin, ticks))
		return true;
	return make_room(l, slab, &(ic_packed_entry){ bin, 1, ticks }, ret);
}

void ic_packed_add(ic_packed *l, const ic_packed_slot *slot, unsigned bin, int64_t ticks)
{
	if (!slot->found || l->wide)
		insert(l, slot, &(ic_packed_entry){ bin, 1, ticks });
	else if (l->timed)
		((uint64_t *)l->p)[slot->at] +=
		    (UINT64_C(1) << PACKED_REST_BITS) + (uint64_t)(ticks - ic_bins_table.interval_edge[bin]);
	else
		((uint16_t *)l->p)[slot->at]++;
}

bool ic_packed_merge(ic_packed *l, ic_slab *slab, const ic_packed *from)
{
	if (!l->n && from->n && !resize(l, slab, from->n, from->wide))
		return false;
	for (unsigned i = 0; i < from->n; i++) {
		ic_packed_entry e = ic_packed_get(from, i);
		ic_packed_slot slot = find(l, e.bin);
		if (!make_room(l, slab, &e, &slot))
			return false;
		insert(l, &slot, &e);
	}
	return true;
}
