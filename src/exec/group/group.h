/* SPDX-License-Identifier: Apache-2.0 */
/* Group table: fixed-size keys to fixed-size entries that never move. One thread at a time; a
 * parallel group-by has one table a partition.
 *
 * An entry starts with its key; the rest is the caller's and is zero when the entry is new, or as in
 * `fresh`, which the caller may set. Entries lie in pages in order of first appearance. */
#ifndef IC_EXEC_GROUP_H
#define IC_EXEC_GROUP_H

#include <stdbool.h>
#include <string.h>

#include "base/alloc.h"
#include "base/blocks.h"
#include "base/hash.h"
#include "base/slots.h"

typedef struct ic_group_table {
	/* A slot is 0, or an entry number + 1 in the low bits that count the slots and, above them, as
	 * many bits of the hash as fit: the entry is touched only when those agree. Slots are filled line by
	 * line (of 16), each from its start; what does not fit goes to the next line. */
	uint32_t *slot;
	uint32_t slots; /* 0, or a power of two of at least a line */
	uint32_t used;
	uint16_t key_bytes, entry_bytes;
	uint32_t page_shift; /* entries a page = 1 << page_shift */
	char **page;
	uint32_t pages;
	ic_budget *budget;
	ic_blocks *blocks; /* where pages and many slots come from; NULL: the heap */
	const char
	    *fresh; /* what a new entry is like behind its key, from the start of the entry; NULL: zero */
} ic_group_table;

/* key_bytes: 4..64 and a multiple of 4; entry_bytes >= key_bytes, multiple of 8. No allocation yet. Tables that
 * grow large have their pages and slots from `blocks`, which outlives them (NULL: from the heap). */
void ic_group_init(ic_group_table *t, unsigned key_bytes, unsigned entry_bytes, ic_budget *budget,
		   ic_blocks *blocks);
/* Pages of about so many bytes, less than usual, for many tables that may stay small. Before the first entry. */
void ic_group_small_pages(ic_group_table *t, size_t bytes);
void ic_group_clear(ic_group_table *t);

/* `seed` is ic_hash_seed(), for loops that ask for it once. */
static inline uint64_t ic_group_hash_seeded(const void *key, unsigned key_bytes, uint64_t seed)
{
	const char *p = (const char *)key;
	uint64_t a = 0, b = 0;
	for (; key_bytes > 16; p += 16, key_bytes -= 16) {
		memcpy(&a, p, 8);
		memcpy(&b, p + 8, 8);
		seed = ic_mix(a, b, seed);
	}
	a = b = 0; /* the rest, by words: a copy of a length known only now is a call */
	memcpy(&a, p, 4);
	if (key_bytes >= 8)
		memcpy(&a, p, 8);
	if (key_bytes >= 12)
		memcpy(&b, p + 8, 4);
	if (key_bytes == 16)
		memcpy(&b, p + 8, 8);
	return ic_mix(a, b, seed);
}
static inline uint64_t ic_group_hash(const void *key, unsigned key_bytes)
{
	return ic_group_hash_seeded(key, key_bytes, ic_hash_seed());
}

/* The line of slots where the search for a hash begins, the one after a line that is full, and what slots of the
 * hash hold above the entry number. */
static inline uint32_t *ic_group_line(const ic_group_table *t, uint64_t hash)
{
	return t->slot + ((uint32_t)hash & (t->slots - 1) & ~(uint32_t)(IC_SLOTS_LINE - 1));
}
static inline uint32_t *ic_group_next_line(const ic_group_table *t, const uint32_t *line)
{
	return t->slot + ((uint32_t)(line - t->slot + IC_SLOTS_LINE) & (t->slots - 1));
}
static inline uint32_t ic_group_tag(const ic_group_table *t, uint64_t hash)
{
	return (uint32_t)(hash >> 32) & ~(t->slots - 1);
}

static inline uint32_t ic_group_count(const ic_group_table *t)
{
	return t->used;
}
/* Entry i of 0..count-1, in order of first appearance. */
static inline void *ic_group_at(const ic_group_table *t, uint32_t i)
{
	return t->page[i >> t->page_shift] + (size_t)(i & ((1u << t->page_shift) - 1)) * t->entry_bytes;
}

/* Without a jump: `bytes` is a constant where this matters, a multiple of 4 everywhere. */
static inline bool ic_group_same_key(const void *a, const void *b, unsigned bytes)
{
	const char *x = (const char *)a, *y = (const char *)b;
	uint64_t u, v, other = 0;
	for (; bytes >= 8; x += 8, y += 8, bytes -= 8) {
		memcpy(&u, x, 8);
		memcpy(&v, y, 8);
		other |= u ^ v;
	}
	u = v = 0;
	if (bytes) {
		memcpy(&u, x, 4);
		memcpy(&v, y, 4);
	}
	return (other | (u ^ v)) == 0;
}

/* The entry of key, or NULL and where its slot would be (NULL: there are no slots yet). `equal` is the best of
 * base/slots.h for the caller. */
static inline __attribute__((always_inline)) void *ic_group_search(const ic_group_table *t, const void *key,
								   unsigned key_bytes, uint64_t hash,
								   ic_slots_fn equal, uint32_t **free_slot)
{
	*free_slot = NULL;
	if (!t->slots)
		return NULL;
	const uint32_t mask = t->slots - 1, tag = ic_group_tag(t, hash);
	for (uint32_t *line = ic_group_line(t, hash);; line = ic_group_next_line(t, line)) {
		const uint32_t room = equal(line, UINT32_MAX, 0);
		for (uint32_t found = equal(line, ~mask, tag) & ~room; found; found &= found - 1) {
			void *entry = ic_group_at(t, (line[__builtin_ctz(found)] & mask) - 1);
			if (ic_group_same_key(entry, key, key_bytes))
				return entry;
		}
		if (room) {
			*free_slot = line + __builtin_ctz(room);
			return NULL;
		}
	}
}

/* As ic_group_find; key_bytes is that of the table, for callers where it is a constant. */
static inline void *ic_group_find_sized(const ic_group_table *t, const void *key, unsigned key_bytes,
					uint64_t hash)
{
	uint32_t *slot;
	return ic_group_search(t, key, key_bytes, hash, ic_slots_equal, &slot);
}

/* NULL if absent. */
static inline void *ic_group_find(const ic_group_table *t, const void *key, uint64_t hash)
{
	return ic_group_find_sized(t, key, t->key_bytes, hash);
}

/* The entry of key, made if absent (*is_new). NULL: out of memory or budget. */
void *ic_group_upsert(ic_group_table *t, const void *key, uint64_t hash, int *is_new);

/* The same for n keys, at most IC_GROUP_SOME, that lie `stride` bytes apart: one step for all of them before the next
 * step, so that memory is on its way while others are worked on. hash[i] and entry[i] are set for all. The numbers of
 * the keys that were absent go to `made`, ascending, and their count is returned; no entry but theirs may be NULL. */
enum { IC_GROUP_SOME = 64 };
uint32_t ic_group_upsert_some(ic_group_table *t, const void *keys, size_t stride, uint32_t n, uint64_t *hash,
			      char **entry, uint32_t *made);

#endif
