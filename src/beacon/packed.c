/* SPDX-License-Identifier: Apache-2.0 */
#include "beacon/packed.h"

void ic_packed_init(ic_packed *l, bool timed)
{
	*l = (ic_packed){ .timed = timed };
}

static size_t entry_bytes(const ic_packed *l)
{
	return (l->timed ? 8u : 4u) << l->wide;
}

size_t ic_packed_bytes(const ic_packed *l)
{
	return l->cap * entry_bytes(l);
}

void ic_packed_clear(ic_packed *l, ic_slab *slab)
{
	ic_slab_free(slab, l->p, ic_packed_bytes(l));
	ic_packed_init(l, l->timed);
}

static bool fits_narrow(const ic_packed *l, const ic_packed_entry *e)
{
	if (!l->timed)
		return e->count <= PACKED_SIZE_COUNT;
	return e->count <= PACKED_TIMED_COUNT &&
	       e->ticks - (int64_t)e->count * ic_bins_table.interval_edge[e->bin] <= PACKED_TIMED_REST;
}

static void put(ic_packed *l, unsigned i, const ic_packed_entry *e)
{
	uint64_t head = (uint64_t)e->bin << 32 | e->count;
	if (!l->timed) {
		if (l->wide)
			((uint64_t *)l->p)[i] = head;
		else
			((uint32_t *)l->p)[i] = (uint32_t)e->bin << 21 | e->count;
	} else if (l->wide) {
		((uint64_t *)l->p)[2 * i] = head;
		((uint64_t *)l->p)[2 * i + 1] = (uint64_t)e->ticks;
	} else {
		int64_t rest = e->ticks - e->count * ic_bins_table.interval_edge[e->bin];
		((uint64_t *)l->p)[i] = (uint64_t)e->bin << 55 | (uint64_t)e->count << 40 | (uint64_t)rest;
	}
}

/* Index of the first entry of a list whose word is `key` or above: halves without a branch. */
static unsigned first_u32(const uint32_t *p, unsigned n, uint32_t key)
{
	const uint32_t *at = p;
	for (; n > 1; n -= n / 2)
		at += at[n / 2 - 1] < key ? n / 2 : 0;
	return (unsigned)(at - p) + (n && *at < key);
}

static unsigned first_u64(const uint64_t *p, unsigned n, uint64_t key)
{
	const uint64_t *at = p;
	for (; n > 1; n -= n / 2)
		at += at[n / 2 - 1] < key ? n / 2 : 0;
	return (unsigned)(at - p) + (n && *at < key);
}

static unsigned first_wide_timed(const uint64_t *p, unsigned n, uint64_t key)
{
	unsigned at = 0;
	for (; n > 1; n -= n / 2)
		at += p[2 * (at + n / 2 - 1)] < key ? n / 2 : 0;
	return at + (n && p[2 * at] < key);
}

static ic_packed_slot find(const ic_packed *l, unsigned bin)
{
	unsigned at;
	if (!l->wide)
		at = l->timed ? first_u64(l->p, l->n, (uint64_t)bin << 55)
			      : first_u32(l->p, l->n, (uint32_t)bin << 21);
	else
		at = l->timed ? first_wide_timed(l->p, l->n, (uint64_t)bin << 32)
			      : first_u64(l->p, l->n, (uint64_t)bin << 32);
	return (ic_packed_slot){ at, at < l->n && ic_packed_bin(l, at) == bin };
}

static bool resize(ic_packed *l, ic_slab *slab, unsigned cap, bool wide)
{
	ic_packed to = { .n = l->n, .cap = (uint16_t)cap, .timed = l->timed, .wide = wide };
	to.p = ic_slab_alloc(slab, ic_packed_bytes(&to));
	if (!to.p)
		return false;
	if (wide == l->wide && l->n)
		memcpy(to.p, l->p, l->n * entry_bytes(l));
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

static void insert(ic_packed *l, const ic_packed_slot *slot, const ic_packed_entry *add)
{
	ic_packed_entry e = sum_of(l, slot, add);
	if (!slot->found) {
		size_t size = entry_bytes(l);
		char *at = (char *)l->p + slot->at * size;
		memmove(at + size, at, (l->n - slot->at) * size);
		l->n++;
	}
	put(l, slot->at, &e);
}

/* Whether one more fits into a narrow entry as it is. */
static bool entry_has_room(const ic_packed *l, unsigned i, unsigned bin, int64_t ticks)
{
	if (!l->timed)
		return (((const uint32_t *)l->p)[i] & PACKED_SIZE_COUNT) < PACKED_SIZE_COUNT;
	uint64_t w = ((const uint64_t *)l->p)[i];
	return ((int64_t)(w >> 40) & PACKED_TIMED_COUNT) < PACKED_TIMED_COUNT &&
	       ticks - ic_bins_table.interval_edge[bin] <=
		   PACKED_TIMED_REST - (int64_t)(w & (uint64_t)PACKED_TIMED_REST);
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
		    (UINT64_C(1) << 40) + (uint64_t)(ticks - ic_bins_table.interval_edge[bin]);
	else
		((uint32_t *)l->p)[slot->at]++;
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
