/* SPDX-License-Identifier: Apache-2.0 */
#include "exec/group.h"

#include <string.h>

#include "base/hash.h"

enum {
	FIRST_SLOTS = 16,
	PAGE_BYTES = 12 * 1024,
	MAX_ENTRIES = 1u << 31,
};

void ic_group_init(ic_group_table *t, unsigned key_bytes, unsigned entry_bytes, ic_budget *budget)
{
	memset(t, 0, sizeof *t);
	t->key_bytes = (uint16_t)key_bytes;
	t->entry_bytes = (uint16_t)entry_bytes;
	t->budget = budget;
	while ((2u << t->page_shift) * entry_bytes <= PAGE_BYTES)
		t->page_shift++;
}

static size_t page_bytes(const ic_group_table *t)
{
	return ((size_t)1 << t->page_shift) * t->entry_bytes;
}

static size_t slot_bytes(uint32_t slots)
{
	return (size_t)slots * (sizeof(uint32_t) + 1);
}

void ic_group_clear(ic_group_table *t)
{
	for (uint32_t i = 0; i < t->pages; i++)
		ic_free(t->page[i]);
	ic_free(t->page);
	ic_free(t->slot);
	ic_free(t->tag);
	if (t->budget)
		ic_budget_give(t->budget, t->pages * page_bytes(t) + slot_bytes(t->slots));
	ic_group_init(t, t->key_bytes, t->entry_bytes, t->budget);
}

uint64_t ic_group_hash(const void *key, unsigned key_bytes)
{
	const char *p = key;
	uint64_t a = 0, b = 0, seed = ic_hash_seed();
	for (; key_bytes > 16; p += 16, key_bytes -= 16) {
		memcpy(&a, p, 8);
		memcpy(&b, p + 8, 8);
		seed = ic_mix(a, b, seed);
	}
	a = b = 0;
	if (key_bytes > 8) {
		memcpy(&a, p, 8);
		memcpy(&b, p + 8, key_bytes - 8);
	} else {
		memcpy(&a, p, key_bytes);
	}
	return ic_mix(a, b, seed);
}

static uint8_t tag_of(uint64_t hash)
{
	return (uint8_t)(hash >> 48);
}

void ic_group_prefetch(const ic_group_table *t, uint64_t hash)
{
	if (t->slots) {
		uint32_t i = (uint32_t)hash & (t->slots - 1);
		__builtin_prefetch(&t->tag[i]);
		__builtin_prefetch(&t->slot[i]);
	}
}

void ic_group_prefetch_entry(const ic_group_table *t, uint64_t hash)
{
	if (!t->slots)
		return;
	uint8_t tag = tag_of(hash);
	for (uint32_t i = (uint32_t)hash & (t->slots - 1); t->slot[i]; i = (i + 1) & (t->slots - 1)) {
		if (t->tag[i] == tag) {
			const char *entry = ic_group_at(t, t->slot[i] - 1);
			__builtin_prefetch(entry);
			__builtin_prefetch(entry + t->entry_bytes - 1);
			return;
		}
	}
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

/* Doubles the slot arrays. Tags and slots are rebuilt from the keys, which the entries keep. */
static int grow_slots(ic_group_table *t)
{
	uint32_t slots = t->slots ? t->slots * 2 : FIRST_SLOTS;
	if (charge(t, slot_bytes(slots)) != 0)
		return -1;
	uint32_t *slot = ic_calloc(slots, sizeof *slot);
	uint8_t *tag = ic_malloc(slots);
	if (!slot || !tag) {
		ic_free(slot);
		ic_free(tag);
		refund(t, slot_bytes(slots));
		return -1;
	}
	for (uint32_t e = 0; e < t->used; e++) {
		uint64_t hash = ic_group_hash(ic_group_at(t, e), t->key_bytes);
		uint32_t i = (uint32_t)hash & (slots - 1);
		while (slot[i])
			i = (i + 1) & (slots - 1);
		slot[i] = e + 1;
		tag[i] = tag_of(hash);
	}
	ic_free(t->slot);
	ic_free(t->tag);
	refund(t, slot_bytes(t->slots));
	t->slot = slot;
	t->tag = tag;
	t->slots = slots;
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
	char *fresh = ic_malloc(page_bytes(t));
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
	memset(entry + t->key_bytes, 0, (size_t)t->entry_bytes - t->key_bytes);
	t->used++;
	return entry;
}

void *ic_group_find(const ic_group_table *t, const void *key, uint64_t hash)
{
	if (!t->slots)
		return NULL;
	uint8_t tag = tag_of(hash);
	for (uint32_t i = (uint32_t)hash & (t->slots - 1); t->slot[i]; i = (i + 1) & (t->slots - 1)) {
		if (t->tag[i] == tag) {
			void *entry = ic_group_at(t, t->slot[i] - 1);
			if (memcmp(entry, key, t->key_bytes) == 0)
				return entry;
		}
	}
	return NULL;
}

void *ic_group_upsert(ic_group_table *t, const void *key, uint64_t hash, int *is_new)
{
	*is_new = 0;
	void *entry = ic_group_find(t, key, hash);
	if (entry)
		return entry;
	/* At most 7/8 full: probes stay short because the tag settles nearly all of them. */
	if (t->used >= t->slots / 8 * 7 && grow_slots(t) != 0)
		return NULL;
	entry = add_entry(t, key);
	if (!entry)
		return NULL;
	uint32_t i = (uint32_t)hash & (t->slots - 1);
	while (t->slot[i])
		i = (i + 1) & (t->slots - 1);
	t->slot[i] = t->used;
	t->tag[i] = tag_of(hash);
	*is_new = 1;
	return entry;
}
