/* SPDX-License-Identifier: Apache-2.0 */
/* Layout. The hash of a key picks one of 64 shards. A shard has a table of slots (open addressing,
 * linear probing) that hold {tag, id}, and its entries in segments that double in size and never move.
 * An id is IC_INTERN_FIRST + position * 64 + shard.
 *
 * A writer, under the shard's lock, fills the entry, then publishes the slot with a release store;
 * a reader that loads the slot with acquire sees the whole entry. A table that is full is copied to
 * one twice its size, which is published in turn; the old one stays, since readers may be in it (all
 * old ones together are smaller than the new one). A reader in an old table may miss a new key: it
 * then takes the lock and looks again. */
#include "base/intern.h"

#include <pthread.h>
#include <stdatomic.h>

#include "base/arena.h"
#include "base/hash.h"

#define SHARD_BITS     6
#define SHARDS	       (1u << SHARD_BITS)
#define SEGMENT_FIRST  6 /* the first segment has 64 entries */
#define SEGMENTS       16
#define POSITIONS_MOST ((1u << (SEGMENT_FIRST + SEGMENTS)) - (1u << SEGMENT_FIRST))
#define STRING_MOST    65536u
#define SLOTS_FIRST    64u
#define ARENA_PAGE     ((size_t)16 << 10)
#define MARKED_PAGE    ((size_t)4 << 10) /* of what will be forgotten soon */
/* What a key takes of a budget besides its bytes, wherever it comes to lie: about its entry, in a segment that may be
 * half empty, and its slots. The first one of a shard takes a page too. So whether many keys find room depends neither
 * on their order nor on the seed. */
#define KEY_BYTES 64

_Static_assert(IC_INTERN_FIRST + ((uint64_t)POSITIONS_MOST << SHARD_BITS) <= UINT32_MAX, "an id is 32 bits");

typedef union entry {
	ic_ip ip;
	ic_str s;
} entry;
_Static_assert(sizeof(entry) == 16, "four entries a cache line");

typedef struct segment {
	_Atomic uint64_t *is_ip; /* one bit an entry */
	entry *entries;
} segment;

typedef struct slots {
	struct slots *older;
	uint32_t mask;
	_Atomic uint64_t slot[]; /* tag << 32 | id; 0: free */
} slots;

typedef struct shard {
	_Alignas(64) slots *_Atomic table;
	segment *_Atomic segments[SEGMENTS];
	_Atomic uint32_t used; /* positions handed out */
	pthread_mutex_t lock;  /* for writers */
	uint64_t charged;
	ic_arena arena;
} shard;

/* What a shard had when it was marked. */
typedef struct kept {
	slots *table;
	uint32_t used;
	uint64_t charged;
	ic_arena arena;
} kept;

struct ic_intern {
	shard shards[SHARDS];
	uint64_t seed;
	ic_budget *budget;
	kept *kept;  /* of each shard; NULL: there is no mark */
	void *block; /* as allocated: the struct itself is aligned by hand */
};

/* ---- life ------------------------------------------------------------------------- */

static slots *slots_new(uint32_t n)
{
	slots *t = ic_calloc(1, sizeof(slots) + (size_t)n * sizeof(uint64_t));
	if (t)
		t->mask = n - 1;
	return t;
}

static bool charge(const ic_intern *t, shard *s, uint64_t bytes)
{
	if (t->budget && ic_budget_take(t->budget, bytes) != 0)
		return false;
	s->charged += bytes;
	return true;
}

static void refund(const ic_intern *t, shard *s, uint64_t bytes)
{
	if (t->budget)
		ic_budget_give(t->budget, bytes);
	s->charged -= bytes;
}

ic_intern *ic_intern_new(ic_budget *budget)
{
	void *block = ic_calloc(1, sizeof(ic_intern) + 63);
	if (!block)
		return NULL;
	ic_intern *t = (ic_intern *)(((uintptr_t)block + 63) & ~(uintptr_t)63);
	t->block = block;
	t->budget = budget;
	t->seed = ic_hash_seed();
	for (unsigned i = 0; i < SHARDS; i++) {
		pthread_mutex_init(&t->shards[i].lock, NULL);
		ic_arena_init(&t->shards[i].arena, ARENA_PAGE, NULL);
	}
	return t;
}

void ic_intern_free(ic_intern *t)
{
	if (!t)
		return;
	for (unsigned i = 0; i < SHARDS; i++) {
		shard *s = &t->shards[i];
		for (slots *table = atomic_load(&s->table), *older; table; table = older) {
			older = table->older;
			ic_free(table);
		}
		refund(t, s, s->charged);
		ic_arena_clear(&s->arena);
		if (t->kept)
			ic_arena_clear(&t->kept[i].arena);
		pthread_mutex_destroy(&s->lock);
	}
	ic_free(t->kept);
	ic_free(t->block);
}

/* ---- entries ---------------------------------------------------------------------- */

/* Segment and index within it of a position: segment k begins at 64 * (2^k - 1). */
static unsigned segment_of(uint32_t position, uint32_t *ret_index)
{
	uint32_t shifted = position + (1u << SEGMENT_FIRST);
	unsigned top = 31 - (unsigned)__builtin_clz(shifted);
	*ret_index = shifted - (1u << top);
	return top - SEGMENT_FIRST;
}

static const segment *find_segment(const ic_intern *t, uint32_t id, uint32_t *ret_index)
{
	const shard *s = &t->shards[id & (SHARDS - 1)];
	unsigned k = segment_of((id - IC_INTERN_FIRST) >> SHARD_BITS, ret_index);
	return atomic_load_explicit(&s->segments[k], memory_order_acquire);
}

static const entry *find_entry(const ic_intern *t, uint32_t id)
{
	uint32_t index;
	return &find_segment(t, id, &index)->entries[index];
}

/* Under the lock. NULL: out of memory. */
static segment *segment_ready(shard *s, unsigned k)
{
	segment *g = atomic_load_explicit(&s->segments[k], memory_order_relaxed);
	if (g)
		return g;
	size_t n = (size_t)1 << (SEGMENT_FIRST + k);
	size_t words = n / 64;
	char *p = ic_arena_alloc(&s->arena, sizeof *g + words * sizeof(uint64_t) + n * sizeof(entry));
	if (!p)
		return NULL;
	g = (segment *)p;
	g->is_ip = (_Atomic uint64_t *)(p + sizeof *g);
	g->entries = (entry *)(p + sizeof *g + words * sizeof(uint64_t));
	for (size_t i = 0; i < words; i++)
		atomic_init(&g->is_ip[i], 0);
	atomic_store_explicit(&s->segments[k], g, memory_order_release);
	return g;
}

/* ---- look-up ---------------------------------------------------------------------- */

/* A key in flight. Its tag: a kind in the low bit, above it 31 bits that begin the probing. */
enum { KIND_STRING = 0, KIND_IP = 1, KIND_BITS = 1, KIND_MASK = (1 << KIND_BITS) - 1 };

typedef struct place {
	uint32_t tag, shard;
} place;

typedef struct key {
	const char *p;
	uint32_t n;
	place at;
} key;

static place place_of(uint64_t hash, unsigned kind)
{
	return (place){ ((uint32_t)(hash >> 32) & ~(uint32_t)KIND_MASK) | kind,
			(uint32_t)hash & (SHARDS - 1) };
}

static bool entry_is(const entry *e, const key *k)
{
	if ((k->at.tag & KIND_MASK) != KIND_STRING)
		return memcmp(e->ip.b, k->p, 16) == 0;
	return e->s.n == k->n && memcmp(e->s.p, k->p, k->n) == 0;
}

/* The id, or 0; *ret_at is then the free slot where the probing ended. */
static uint32_t probe(const ic_intern *t, const slots *table, const key *k, uint32_t *ret_at)
{
	for (uint32_t at = k->at.tag >> KIND_BITS;; at++) {
		uint64_t slot = atomic_load_explicit(&table->slot[at & table->mask], memory_order_acquire);
		if (slot == 0) {
			*ret_at = at & table->mask;
			return 0;
		}
		if ((uint32_t)(slot >> 32) == k->at.tag && entry_is(find_entry(t, (uint32_t)slot), k))
			return (uint32_t)slot;
	}
}

/* Under the lock: a table with room for one more. NULL: out of memory. */
static slots *table_ready(shard *s)
{
	slots *old = atomic_load_explicit(&s->table, memory_order_relaxed);
	uint32_t used = atomic_load_explicit(&s->used, memory_order_relaxed);
	if (old && used < (old->mask + 1) / 3 * 2)
		return old;
	slots *table = slots_new(old ? (old->mask + 1) * 2 : SLOTS_FIRST);
	if (!table)
		return NULL;
	for (uint32_t i = 0; old && i <= old->mask; i++) {
		uint64_t slot = atomic_load_explicit(&old->slot[i], memory_order_relaxed);
		uint32_t at = (uint32_t)(slot >> 32) >> KIND_BITS;
		if (slot == 0)
			continue;
		while (atomic_load_explicit(&table->slot[at & table->mask], memory_order_relaxed) != 0)
			at++;
		atomic_store_explicit(&table->slot[at & table->mask], slot, memory_order_relaxed);
	}
	table->older = old;
	atomic_store_explicit(&s->table, table, memory_order_release);
	return table;
}

/* Under the lock. The position of a new entry that has the key; POSITIONS_MOST: out of memory or of numbers. */
static uint32_t add_entry(shard *s, const key *k)
{
	const uint32_t position = atomic_load_explicit(&s->used, memory_order_relaxed);
	uint32_t index;
	segment *g = position < POSITIONS_MOST ? segment_ready(s, segment_of(position, &index)) : NULL;
	if (!g)
		return POSITIONS_MOST;
	if ((k->at.tag & KIND_MASK) != KIND_STRING) {
		memcpy(g->entries[index].ip.b, k->p, 16);
		atomic_fetch_or_explicit(&g->is_ip[index / 64], UINT64_C(1) << (index % 64),
					 memory_order_relaxed);
	} else {
		const char *copy = ic_arena_dup(&s->arena, k->p, k->n);
		if (!copy)
			return POSITIONS_MOST;
		g->entries[index].s = (ic_str){ copy, k->n };
	}
	atomic_store_explicit(&s->used, position + 1, memory_order_relaxed);
	return position;
}

static uint32_t insert_locked(ic_intern *t, shard *s, const key *k)
{
	uint32_t at;
	slots *table = table_ready(s);
	uint32_t id = table ? probe(t, table, k, &at) : 0;
	if (!table || id)
		return id;
	const uint64_t bytes = KEY_BYTES + k->n + (s->charged ? 0 : MARKED_PAGE);
	if (!charge(t, s, bytes))
		return 0;
	const uint32_t position = add_entry(s, k);
	if (position == POSITIONS_MOST) {
		refund(t, s, bytes);
		return 0;
	}
	id = IC_INTERN_FIRST + (position << SHARD_BITS | k->at.shard);
	atomic_store_explicit(&table->slot[at], (uint64_t)k->at.tag << 32 | id, memory_order_release);
	return id;
}

static uint32_t intern(ic_intern *t, const key *k)
{
	shard *s = &t->shards[k->at.shard];
	const slots *table = atomic_load_explicit(&s->table, memory_order_acquire);
	uint32_t at;
	uint32_t id = table ? probe(t, table, k, &at) : 0;
	if (id)
		return id;
	pthread_mutex_lock(&s->lock);
	id = insert_locked(t, s, k);
	pthread_mutex_unlock(&s->lock);
	return id;
}

uint32_t ic_intern_str(ic_intern *t, ic_str s)
{
	if (!s.p)
		return 0;
	key k = { .p = s.p, .n = s.n < STRING_MOST ? s.n : STRING_MOST };
	k.at = place_of(ic_hash(k.p, k.n), KIND_STRING);
	return intern(t, &k);
}

static key key_of_ip(const ic_intern *t, const ic_ip *ip)
{
	uint64_t words[2];
	memcpy(words, ip->b, sizeof words);
	return (key){ .p = (const char *)ip->b,
		      .n = sizeof ip->b,
		      .at = place_of(ic_mix(words[0], words[1], t->seed), KIND_IP) };
}

uint32_t ic_intern_rare_ip(ic_intern *t, const ic_ip *ip)
{
	key k = key_of_ip(t, ip);
	return intern(t, &k);
}

void ic_intern_prefetch_ip(const ic_intern *t, const ic_ip *ip)
{
	place at = key_of_ip(t, ip).at;
	const slots *table = atomic_load_explicit(&t->shards[at.shard].table, memory_order_acquire);
	if (table)
		__builtin_prefetch((const void *)&table->slot[at.tag >> KIND_BITS & table->mask]);
}

/* ---- forgetting ------------------------------------------------------------------- */

bool ic_intern_mark(ic_intern *t)
{
	t->kept = ic_calloc(SHARDS, sizeof *t->kept);
	if (!t->kept)
		return false;
	for (unsigned i = 0; i < SHARDS; i++) {
		shard *s = &t->shards[i];
		t->kept[i] = (kept){ atomic_load(&s->table), atomic_load(&s->used), s->charged, s->arena };
		ic_arena_init(&s->arena, MARKED_PAGE, NULL);
	}
	return true;
}

/* The bits of positions that will be given out again, and the segments that go. */
static void forget_segments(shard *s, uint32_t kept_used, uint32_t used)
{
	for (uint32_t p = kept_used; p < used; p++) {
		uint32_t index;
		segment *g = atomic_load(&s->segments[segment_of(p, &index)]);
		atomic_fetch_and(&g->is_ip[index / 64], ~(UINT64_C(1) << (index % 64)));
	}
	for (unsigned k = 0; k < SEGMENTS; k++) {
		uint32_t first = (1u << (SEGMENT_FIRST + k)) - (1u << SEGMENT_FIRST);
		if (first >= kept_used)
			atomic_store(&s->segments[k], NULL);
	}
}

/* Slots that were taken since the mark are free again: no key that stays was ever put behind them. */
static void forget_slots(shard *s, uint32_t kept_used)
{
	slots *table = atomic_load(&s->table);
	for (uint32_t i = 0; table && i <= table->mask; i++) {
		uint64_t slot = atomic_load(&table->slot[i]);
		if (slot && ((uint32_t)slot - IC_INTERN_FIRST) >> SHARD_BITS >= kept_used)
			atomic_store(&table->slot[i], 0);
	}
}

void ic_intern_rewind(ic_intern *t)
{
	for (unsigned i = 0; i < SHARDS; i++) {
		shard *s = &t->shards[i];
		const kept *k = &t->kept[i];
		uint32_t used = atomic_load(&s->used);
		for (slots *table; (table = atomic_load(&s->table)) != k->table;) {
			atomic_store(&s->table, table->older);
			ic_free(table);
		}
		refund(t, s, s->charged - k->charged);
		if (used == k->used)
			continue;
		forget_slots(s, k->used);
		forget_segments(s, k->used, used);
		atomic_store(&s->used, k->used);
		ic_arena_clear(&s->arena);
	}
}

/* ---- back from ids ---------------------------------------------------------------- */

bool ic_intern_is_ip(const ic_intern *t, uint32_t id)
{
	uint32_t index;
	if (id < IC_INTERN_FIRST)
		return id != 0;
	const segment *g = find_segment(t, id, &index);
	return atomic_load_explicit(&g->is_ip[index / 64], memory_order_relaxed) >> (index % 64) & 1;
}

ic_ip ic_intern_get_ip(const ic_intern *t, uint32_t id)
{
	return id < IC_INTERN_FIRST ? ic_ip_from_v4(id) : find_entry(t, id)->ip;
}

ic_str ic_intern_get(const ic_intern *t, uint32_t id)
{
	return id == 0 || ic_intern_is_ip(t, id) ? (ic_str){ NULL, 0 } : find_entry(t, id)->s;
}

ic_str ic_intern_text(const ic_intern *t, uint32_t id, char buf[46])
{
	if (!ic_intern_is_ip(t, id))
		return ic_intern_get(t, id);
	ic_ip ip = ic_intern_get_ip(t, id);
	return (ic_str){ buf, (uint32_t)ic_ip_format(&ip, buf) };
}
