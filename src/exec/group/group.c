/* SPDX-License-Identifier: Apache-2.0 */
#include "exec/group/group.h"

#include "base/cpu.h"

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

/* ---- some keys at once ------------------------------------------------------------------- */

typedef struct search {
	const ic_group_table *t;
	const char *keys;
	size_t stride;
	uint32_t n;
	uint64_t *hash;
	char **entry;
	uint32_t *rest;
} search;

typedef uint32_t (*equal_fn)(const uint32_t *line, uint32_t mask, uint32_t v);
#define EACH_LEVEL static inline __attribute__((always_inline))

/* An entry whose key is likely that of the hash, fetched; any entry, if none is likely: its key tells. Whether
 * there is a likely one nobody can predict, so nothing here jumps on it. */
EACH_LEVEL char *likely_entry(const ic_group_table *t, uint64_t hash, equal_fn equal)
{
	const uint32_t mask = t->slots - 1, *line = ic_group_line(t, hash);
	const uint32_t found = equal(line, ~mask, ic_group_tag(t, hash)), any = (0 - found) >> 31;
	const uint32_t slot = line[__builtin_ctz(found | 1u << (IC_SLOTS_LINE - 1))];
	const uint32_t number = slot & mask & (0 - any);
	char *entry = ic_group_at(t, number - (number != 0));
	__builtin_prefetch(entry);
	__builtin_prefetch(entry + t->entry_bytes - 1);
	return entry;
}

EACH_LEVEL uint32_t find_sized(const search *s, unsigned key_bytes, equal_fn equal)
{
	const ic_group_table *t = s->t;
	const uint64_t seed = ic_hash_seed();
	uint32_t left = 0;
	for (uint32_t i = 0; i < s->n; i++) {
		s->hash[i] = ic_group_hash_seeded(s->keys + i * s->stride, key_bytes, seed);
		if (t->used)
			__builtin_prefetch(ic_group_line(t, s->hash[i]));
	}
	for (uint32_t i = 0; t->used && i < s->n; i++)
		s->entry[i] = likely_entry(t, s->hash[i], equal);
	for (uint32_t i = 0; i < s->n; i++) {
		s->rest[left] = i;
		left += !t->used || !ic_group_same_key(s->entry[i], s->keys + i * s->stride, key_bytes);
	}
	return left;
}

/* Keys of one to four ids are what most tables have. */
EACH_LEVEL uint32_t find_by(const search *s, equal_fn equal)
{
	switch (s->t->key_bytes) {
	case 4: return find_sized(s, 4, equal);
	case 8: return find_sized(s, 8, equal);
	case 12: return find_sized(s, 12, equal);
	case 16: return find_sized(s, 16, equal);
	default: return find_sized(s, s->t->key_bytes, equal);
	}
}

static uint32_t find_plain(const search *s)
{
	return find_by(s, ic_slots_equal_scalar);
}

static uint32_t find_128(const search *s)
{
	return find_by(s, ic_slots_equal);
}

#if defined(__x86_64__)
IC_SLOTS_AVX2 static uint32_t find_avx2(const search *s)
{
	return find_by(s, ic_slots_equal_avx2);
}

IC_SLOTS_AVX512 static uint32_t find_avx512(const search *s)
{
	return find_by(s, ic_slots_equal_avx512);
}
#endif

uint32_t ic_group_find_some(const ic_group_table *t, const void *keys, size_t stride, uint32_t n,
			    uint64_t *hash, char **entry, uint32_t *rest)
{
	static uint32_t (*const find[])(const search *) = {
		[IC_SIMD_SCALAR] = find_plain,
		[IC_SIMD_128] = find_128,
#if defined(__x86_64__)
		[IC_SIMD_AVX2] = find_avx2,
		[IC_SIMD_AVX512] = find_avx512,
#endif
	};
	return find[ic_cpu_simd()](&(search){ t, keys, stride, n, hash, entry, rest });
}
