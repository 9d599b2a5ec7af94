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

typedef struct ic_group_table {
	/* A slot is 0, or an entry number + 1 in the low bits that count the slots and, above them, as
	 * many bits of the hash as fit: the entry is touched only when those agree. */
	uint32_t *slot;
	uint32_t slots; /* always a power of two or 0 */
	uint32_t used;
	uint16_t key_bytes, entry_bytes;
	uint32_t page_shift; /* entries a page = 1 << page_shift */
	char **page;
	uint32_t pages;
	ic_budget *budget;
	ic_blocks *blocks; /* where pages come from; NULL: the heap */
	const char
	    *fresh; /* what a new entry is like behind its key, from the start of the entry; NULL: zero */
} ic_group_table;

/* key_bytes: 4..64 and a multiple of 4; entry_bytes >= key_bytes, multiple of 8. No allocation yet. Tables that
 * grow large have their pages from `blocks`, which outlives them (NULL: from the heap). */
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

/* Fetches the slot of a hash, for an upsert that comes a little later. */
static inline void ic_group_prefetch(const ic_group_table *t, uint64_t hash)
{
	if (t->slots)
		__builtin_prefetch(&t->slot[(uint32_t)hash & (t->slots - 1)]);
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

/* The likely entry of a hash, fetched for use a little later, once ic_group_prefetch has had its time: the
 * first one whose tag agrees. NULL: none is in the table. */
static inline void *ic_group_likely(const ic_group_table *t, uint64_t hash)
{
	if (!t->slots)
		return NULL;
	const uint32_t *slot = t->slot, mask = t->slots - 1, tag = (uint32_t)(hash >> 32) & ~mask;
	uint32_t i = (uint32_t)hash & mask;
	while (slot[i] && (slot[i] & ~mask) != tag)
		i = (i + 1) & mask;
	if (!slot[i])
		return NULL;
	char *entry = (char *)ic_group_at(t, (slot[i] & mask) - 1);
	__builtin_prefetch(entry);
	__builtin_prefetch(entry + t->entry_bytes - 1);
	return entry;
}

static inline bool ic_group_same_key(const void *a, const void *b, unsigned bytes)
{
	const char *x = (const char *)a, *y = (const char *)b;
	for (; bytes >= 8; x += 8, y += 8, bytes -= 8) {
		uint64_t u, v;
		memcpy(&u, x, 8);
		memcpy(&v, y, 8);
		if (u != v)
			return false;
	}
	uint32_t u = 0, v = 0;
	if (bytes) { /* keys are multiples of 4 bytes */
		memcpy(&u, x, 4);
		memcpy(&v, y, 4);
	}
	return u == v;
}

/* As ic_group_find; key_bytes is that of the table, for callers where it is a constant. */
static inline void *ic_group_find_sized(const ic_group_table *t, const void *key, unsigned key_bytes,
					uint64_t hash)
{
	if (!t->slots)
		return NULL;
	uint32_t mask = t->slots - 1, tag = (uint32_t)(hash >> 32) & ~mask;
	for (uint32_t i = (uint32_t)hash & mask; t->slot[i]; i = (i + 1) & mask) {
		if ((t->slot[i] & ~mask) != tag)
			continue;
		void *entry = ic_group_at(t, (t->slot[i] & mask) - 1);
		if (ic_group_same_key(entry, key, key_bytes))
			return entry;
	}
	return NULL;
}

/* The same, where `likely` is what ic_group_likely said of the hash; entries may have been added since. */
static inline void *ic_group_find_likely(const ic_group_table *t, void *likely, const void *key,
					 unsigned key_bytes, uint64_t hash)
{
	if (likely && ic_group_same_key(likely, key, key_bytes))
		return likely;
	return ic_group_find_sized(t, key, key_bytes, hash);
}

/* NULL if absent. */
static inline void *ic_group_find(const ic_group_table *t, const void *key, uint64_t hash)
{
	return ic_group_find_sized(t, key, t->key_bytes, hash);
}

/* A new entry for a key that is absent. NULL: out of memory or budget. */
void *ic_group_add(ic_group_table *t, const void *key, uint64_t hash);

/* The entry of key, made if absent (*is_new). NULL: out of memory or budget. */
static inline void *ic_group_upsert(ic_group_table *t, const void *key, uint64_t hash, int *is_new)
{
	void *entry = ic_group_find(t, key, hash);
	*is_new = !entry;
	if (!entry)
		entry = ic_group_add(t, key, hash);
	return entry;
}

#endif
