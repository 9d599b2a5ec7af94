/* SPDX-License-Identifier: Apache-2.0 */
#include "exec/group.h"

enum {
	FIRST_SLOTS = IC_SLOTS_LINE,
	FEW_SLOTS = 4096,
	PAGE_BYTES = 12 * 1024,
	MAX_ENTRIES = 1u << 30,
};

void ic_group_init(ic_group_table *t, unsigned key_bytes, unsigned entry_bytes, ic_budget *budget,
		   ic_blocks *blocks)
{
	memset(t, 0, sizeof *t);
	t->key_bytes = (uint16_t)key_bytes;
	t->entry_bytes = (uint16_t)entry_bytes;
	t->budget = budget;
	t->blocks = blocks;
	while ((2u << t->page_shift) * entry_bytes <= PAGE_BYTES)
		t->page_shift++;
}

static size_t page_bytes(const ic_group_table *t)
{
	return ((size_t)1 << t->page_shift) * t->entry_bytes;
}

static size_t slot_bytes(uint32_t slots)
{
	return (size_t)slots * sizeof(uint32_t);
}

void ic_group_small_pages(ic_group_table *t, size_t bytes)
{
	while (t->page_shift && page_bytes(t) > bytes)
		t->page_shift--;
}

void ic_group_clear(ic_group_table *t)
{
	for (uint32_t i = 0; i < t->pages; i++) {
		if (t->blocks)
			ic_blocks_give(t->blocks, t->page[i]);
		else
			ic_free(t->page[i]);
	}
	ic_free(t->page);
	ic_free(t->slot);
	if (t->budget)
		ic_budget_give(t->budget, t->pages * page_bytes(t) + slot_bytes(t->slots));
	const char *fresh = t->fresh;
	ic_group_init(t, t->key_bytes, t->entry_bytes, t->budget, t->blocks);
	t->fresh = fresh;
}

/* Into the first free slot of entry number e, whose key has this hash. */
static void put_slot(ic_group_table *t, uint64_t hash, uint32_t e)
{
	const uint32_t *line = ic_group_line(t, hash);
	uint32_t room;
	while (!(room = ic_slots_equal(line, UINT32_MAX, 0)))
		line = ic_group_next_line(t, line);
	t->slot[line - t->slot + __builtin_ctz(room)] = ic_group_tag(t, hash) | (e + 1);
}

static int charge(ic_group_table *t, size_t bytes)
{
	return t->budget ? ic_budget_take(t->budget, bytes) : 0;
}

static void refund(ic_group_table *t, size_t bytes)
{
	if (t->budget)
		ic_budget_give(t->budget, bytes);
}

/* More slots, which are rebuilt from the keys that the entries keep: by doubling where they take much memory. */
static int grow_slots(ic_group_table *t)
{
	uint32_t slots = t->slots ? t->slots * (t->slots < FEW_SLOTS ? 4 : 2) : FIRST_SLOTS;
	if (charge(t, slot_bytes(slots)) != 0)
		return -1;
	uint32_t *slot = ic_malloc_aligned(IC_SLOTS_LINE * sizeof *slot, slot_bytes(slots));
	if (!slot) {
		refund(t, slot_bytes(slots));
		return -1;
	}
	memset(slot, 0, slot_bytes(slots));
	ic_free(t->slot);
	refund(t, slot_bytes(t->slots));
	t->slot = slot;
	t->slots = slots;
	uint64_t seed = ic_hash_seed();
	for (uint32_t e = 0; e < t->used; e++)
		put_slot(t, ic_group_hash_seeded(ic_group_at(t, e), t->key_bytes, seed), e);
	return 0;
}

static int grow_pages(ic_group_table *t)
{
	if (charge(t, page_bytes(t)) != 0)
		return -1;
	/* The directory grows by doubling: its room is the next power of two of `pages`. */
	if ((t->pages & (t->pages - 1)) == 0) {
		char **page = ic_reallocarray(t->page, t->pages ? t->pages * 2 : 1, sizeof *page);
		if (!page) {
			refund(t, page_bytes(t));
			return -1;
		}
		t->page = page;
	}
	/* at a cache line: an entry of 64 bytes is one */
	char *fresh =
	    t->blocks ? ic_blocks_take(t->blocks, page_bytes(t)) : ic_malloc_aligned(64, page_bytes(t));
	if (!fresh) {
		refund(t, page_bytes(t));
		return -1;
	}
	t->page[t->pages++] = fresh;
	return 0;
}

static void *add_entry(ic_group_table *t, const void *key)
{
	if (t->used >= MAX_ENTRIES)
		return NULL;
	if (t->used == t->pages << t->page_shift && grow_pages(t) != 0)
		return NULL;
	char *entry = ic_group_at(t, t->used);
	memcpy(entry, key, t->key_bytes);
	size_t rest = (size_t)t->entry_bytes - t->key_bytes;
	if (t->fresh)
		memcpy(entry + t->key_bytes, t->fresh + t->key_bytes, rest);
	else
		memset(entry + t->key_bytes, 0, rest);
	t->used++;
	return entry;
}

void *ic_group_add(ic_group_table *t, const void *key, uint64_t hash)
{
	/* At most 7/8 full: few keys are put behind a line that is full. It also leaves the low bits of a
	 * slot room for the number of any entry. */
	if (t->used >= t->slots / 8 * 7 && grow_slots(t) != 0)
		return NULL;
	void *entry = add_entry(t, key);
	if (entry)
		put_slot(t, hash, t->used - 1);
	return entry;
}
