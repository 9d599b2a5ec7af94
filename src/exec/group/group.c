/* SPDX-License-Identifier: Apache-2.0 */
#include "exec/group/group.h"

#include "base/cpu.h"

enum {
	FIRST_SLOTS = IC_SLOTS_LINE,
	FEW_SLOTS = 8192,
	BLOCK_SLOTS = 16384, /* fewer are on the heap: growing leaves holes in blocks */
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

/* NULL: the heap. */
static ic_blocks *slot_blocks(const ic_group_table *t, uint32_t slots)
{
	return slots < BLOCK_SLOTS ? NULL : t->blocks;
}

/* At a cache line: an entry of 64 bytes is one. */
static void *take(ic_blocks *b, size_t bytes)
{
	return b ? ic_blocks_take(b, bytes) : ic_malloc_aligned(64, bytes);
}

static void give(ic_blocks *b, void *p)
{
	if (b)
		ic_blocks_give(b, p);
	else
		ic_free(p);
}

void ic_group_clear(ic_group_table *t)
{
	for (uint32_t i = 0; i < t->pages; i++)
		give(t->blocks, t->page[i]);
	ic_free(t->page);
	give(slot_blocks(t, t->slots), t->slot);
	if (t->budget)
		ic_budget_give(t->budget, t->pages * page_bytes(t) + slot_bytes(t->slots));
	const char *fresh = t->fresh;
	ic_group_init(t, t->key_bytes, t->entry_bytes, t->budget, t->blocks);
	t->fresh = fresh;
}

/* The first free slot of a hash. */
static uint32_t *free_slot(const ic_group_table *t, uint64_t hash)
{
	uint32_t *line = ic_group_line(t, hash), room;
	while (!(room = ic_slots_equal(line, UINT32_MAX, 0)))
		line = ic_group_next_line(t, line);
	return line + __builtin_ctz(room);
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
	uint32_t *slot = take(slot_blocks(t, slots), slot_bytes(slots));
	if (!slot) {
		refund(t, slot_bytes(slots));
		return -1;
	}
	memset(slot, 0, slot_bytes(slots));
	give(slot_blocks(t, t->slots), t->slot);
	refund(t, slot_bytes(t->slots));
	t->slot = slot;
	t->slots = slots;
	uint64_t seed = ic_hash_seed();
	for (uint32_t e = 0; e < t->used; e++) {
		const uint64_t hash = ic_group_hash_seeded(ic_group_at(t, e), t->key_bytes, seed);
		*free_slot(t, hash) = ic_group_tag(t, hash) | (e + 1);
	}
	return 0;
}

static int grow_pages(ic_group_table *t)
{
	if (t->used >= MAX_ENTRIES || charge(t, page_bytes(t)) != 0)
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
	char *fresh = take(t->blocks, page_bytes(t));
	if (!fresh) {
		refund(t, page_bytes(t));
		return -1;
	}
	t->page[t->pages++] = fresh;
	return 0;
}

/* Made anew for each level of vector instructions and size of keys. */
#define EACH_LEVEL static inline __attribute__((always_inline))

/* A new entry at `slot`, where the search for its key ended, or at another one if the slots grow. */
EACH_LEVEL void *add_entry(ic_group_table *t, uint32_t *slot, const void *key, unsigned key_bytes,
			   uint64_t hash)
{
	/* At most 7/8 full: few keys are put behind a line that is full. It also leaves the low bits of a
	 * slot room for the number of any entry. */
	if (t->used >= t->slots / 8 * 7) {
		if (grow_slots(t) != 0)
			return NULL;
		slot = free_slot(t, hash);
	}
	if (t->used == t->pages << t->page_shift && grow_pages(t) != 0)
		return NULL;
	char *entry = ic_group_at(t, t->used);
	memcpy(entry, key, key_bytes);
	size_t rest = (size_t)t->entry_bytes - key_bytes;
	if (t->fresh)
		memcpy(entry + key_bytes, t->fresh + key_bytes, rest);
	else
		memset(entry + key_bytes, 0, rest);
	*slot = ic_group_tag(t, hash) | ++t->used;
	return entry;
}

void *ic_group_upsert(ic_group_table *t, const void *key, uint64_t hash, int *is_new)
{
	uint32_t *slot;
	void *entry = ic_group_search(t, key, t->key_bytes, hash, ic_slots_equal, &slot);
	*is_new = !entry;
	return entry ? entry : add_entry(t, slot, key, t->key_bytes, hash);
}

/* ---- some keys at once ------------------------------------------------------------------- */

typedef struct search {
	ic_group_table *t;
	const char *keys;
	size_t stride;
	uint32_t n;
	uint64_t *hash;
	char **entry;
	uint32_t *made;
} search;

/* An entry whose key is likely that of the hash, fetched; any entry, if none is likely: its key tells. Whether
 * there is a likely one nobody can predict, so nothing here jumps on it. */
EACH_LEVEL char *likely_entry(const ic_group_table *t, uint64_t hash, ic_slots_fn equal)
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

EACH_LEVEL uint32_t upsert_sized(const search *s, unsigned key_bytes, ic_slots_fn equal)
{
	ic_group_table *t = s->t;
	const uint64_t seed = ic_hash_seed();
	uint32_t rest[IC_GROUP_SOME], left = 0, made = 0;
	for (uint32_t i = 0; i < s->n; i++) {
		s->hash[i] = ic_group_hash_seeded(s->keys + i * s->stride, key_bytes, seed);
		if (t->used)
			__builtin_prefetch(ic_group_line(t, s->hash[i]));
	}
	for (uint32_t i = 0; t->used && i < s->n; i++)
		s->entry[i] = likely_entry(t, s->hash[i], equal);
	for (uint32_t i = 0; i < s->n; i++) {
		rest[left] = i;
		left += !t->used || !ic_group_same_key(s->entry[i], s->keys + i * s->stride, key_bytes);
	}
	for (uint32_t k = 0; k < left; k++) {
		const uint32_t i = rest[k];
		const char *key = s->keys + i * s->stride;
		uint32_t *slot;
		s->entry[i] = ic_group_search(t, key, key_bytes, s->hash[i], equal, &slot);
		if (s->entry[i])
			continue;
		s->entry[i] = add_entry(t, slot, key, key_bytes, s->hash[i]);
		s->made[made++] = i;
	}
	return made;
}

/* Keys of one to four ids are what most tables have. */
EACH_LEVEL uint32_t upsert_by(const search *s, ic_slots_fn equal)
{
	switch (s->t->key_bytes) {
	case 4: return upsert_sized(s, 4, equal);
	case 8: return upsert_sized(s, 8, equal);
	case 12: return upsert_sized(s, 12, equal);
	case 16: return upsert_sized(s, 16, equal);
	default: return upsert_sized(s, s->t->key_bytes, equal);
	}
}

static uint32_t upsert_plain(const search *s)
{
	return upsert_by(s, ic_slots_equal_scalar);
}

static uint32_t upsert_128(const search *s)
{
	return upsert_by(s, ic_slots_equal);
}

#if defined(__x86_64__)
IC_SLOTS_AVX2 static uint32_t upsert_avx2(const search *s)
{
	return upsert_by(s, ic_slots_equal_avx2);
}

IC_SLOTS_AVX512 static uint32_t upsert_avx512(const search *s)
{
	return upsert_by(s, ic_slots_equal_avx512);
}
#endif

uint32_t ic_group_upsert_some(ic_group_table *t, const void *keys, size_t stride, uint32_t n, uint64_t *hash,
			      char **entry, uint32_t *made)
{
	static uint32_t (*const upsert[])(const search *) = {
		[IC_SIMD_SCALAR] = upsert_plain,
		[IC_SIMD_128] = upsert_128,
#if defined(__x86_64__)
		[IC_SIMD_AVX2] = upsert_avx2,
		[IC_SIMD_AVX512] = upsert_avx512,
#endif
	};
	return upsert[ic_cpu_simd()](&(search){ t, keys, stride, n, hash, entry, made });
}
