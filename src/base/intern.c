/* SPDX-License-Identifier: Apache-2.0 */
/* 64 shards, each an open-addressing table of 64-bit slots {upper hash bits, index + 1} and a list of
 * entries. Readers load the table pointer and the slots with acquire; writers hold the shard's lock,
 * publish an entry before its slot, and never change a slot that is set. A grown table replaces the
 * old one, which stays readable until the end. */
#include "base/intern.h"

#include <pthread.h>
#include <stdatomic.h>

#include "base/arena.h"
#include "base/hash.h"

enum {
	SHARD_BITS = 6,
	SHARDS = 1 << SHARD_BITS,
	FIRST_SLOTS = 64,
	ENTRY_PAGE_BITS = 10,
	ENTRY_PAGE = 1 << ENTRY_PAGE_BITS,
	ENTRY_PAGES = 1 << 16,     /* 2^26 entries a shard, 2^32 in all */
	MAX_BYTES = 64 * 1024,
	IPS_AT_ONCE = 64,
};

typedef struct table {
	struct table *older;
	uint32_t mask;
	_Atomic uint64_t slot[];
} table;

/* n with the top bit set: an address. */
typedef struct entry {
	const char *p;
	uint32_t n;
	uint32_t hash;
} entry;
#define IS_IP UINT32_C(0x80000000)

typedef struct shard {
	pthread_mutex_t lock;
	_Atomic(table *) table;
	entry **page;              /* ENTRY_PAGES pointers, filled one by one */
	_Atomic uint32_t used;
	ic_arena bytes;
} __attribute__((aligned(64))) shard;

struct ic_intern {
	shard shard[SHARDS];
	ic_budget *budget;
	uint64_t seed;
};

static table *table_new(ic_intern *t, uint32_t slots, table *older)
{
	size_t bytes = sizeof(table) + slots * sizeof(uint64_t);
	if (t->budget && ic_budget_take(t->budget, bytes) != 0)
		return NULL;
	table *fresh = ic_calloc(1, bytes);
	if (!fresh) {
		if (t->budget)
			ic_budget_give(t->budget, bytes);
		return NULL;
	}
	fresh->older = older;
	fresh->mask = slots - 1;
	return fresh;
}

ic_intern *ic_intern_new(ic_budget *budget)
{
	ic_intern *t = ic_calloc(1, sizeof *t);
	if (!t)
		return NULL;
	t->budget = budget;
	t->seed = ic_hash_seed();
	for (unsigned i = 0; i < SHARDS; i++) {
		shard *s = &t->shard[i];
		pthread_mutex_init(&s->lock, NULL);
		ic_arena_init(&s->bytes, 16 * 1024, budget);
	}
	return t;
}

void ic_intern_free(ic_intern *t)
{
	if (!t)
		return;
	for (unsigned i = 0; i < SHARDS; i++) {
		shard *s = &t->shard[i];
		for (table *x = s->table; x;) {
			table *older = x->older;
			if (t->budget)
				ic_budget_give(t->budget, sizeof *x + (x->mask + 1) * sizeof(uint64_t));
			ic_free(x);
			x = older;
		}
		uint32_t pages = (s->used + ENTRY_PAGE - 1) >> ENTRY_PAGE_BITS;
		for (uint32_t p = 0; s->page && p < pages; p++)
			ic_free(s->page[p]);
		if (t->budget)
			ic_budget_give(t->budget, (uint64_t)pages * ENTRY_PAGE * sizeof(entry));
		ic_free(s->page);
		ic_arena_clear(&s->bytes);
		pthread_mutex_destroy(&s->lock);
	}
	ic_free(t);
}

/* Ids: 1 + (index << SHARD_BITS | shard), so that 0 stays free. */
static uint32_t id_of(unsigned shard_number, uint32_t index)
{
	return (index << SHARD_BITS | shard_number) + 1;
}

static const entry *entry_of(const ic_intern *t, uint32_t id)
{
	uint32_t v = id - 1, index = v >> SHARD_BITS;
	return &t->shard[v % SHARDS].page[index >> ENTRY_PAGE_BITS][index % ENTRY_PAGE];
}

static uint32_t find(const shard *s, unsigned number, uint64_t hash, const char *p, uint32_t n)
{
	const table *x = atomic_load_explicit(&s->table, memory_order_acquire);
	if (!x)
		return 0;
	uint32_t tag = (uint32_t)(hash >> 32);
	for (uint32_t i = (uint32_t)hash & x->mask;; i = (i + 1) & x->mask) {
		uint64_t slot = atomic_load_explicit(&x->slot[i], memory_order_acquire);
		if (slot == 0)
			return 0;
		if ((uint32_t)(slot >> 32) != tag)
			continue;
		uint32_t index = (uint32_t)slot - 1;
		const entry *e = &s->page[index >> ENTRY_PAGE_BITS][index % ENTRY_PAGE];
		if (e->n == n && memcmp(e->p, p, n & ~IS_IP) == 0)
			return id_of(number, index);
	}
}

static void put_slot(table *x, uint64_t hash, uint64_t slot)
{
	uint32_t i = (uint32_t)hash & x->mask;
	while (atomic_load_explicit(&x->slot[i], memory_order_relaxed))
		i = (i + 1) & x->mask;
	atomic_store_explicit(&x->slot[i], slot, memory_order_release);
}

/* Room for one more slot; the hash's low half is kept with the entry for this. */
static bool make_room(ic_intern *t, shard *s)
{
	table *x = atomic_load_explicit(&s->table, memory_order_relaxed);
	uint32_t slots = x ? x->mask + 1 : 0;
	if (s->used < slots / 4 * 3)
		return true;
	table *fresh = table_new(t, slots ? slots * 2 : FIRST_SLOTS, x);
	if (!fresh)
		return false;
	for (uint32_t i = 0; x && i <= x->mask; i++) {
		uint64_t slot = atomic_load_explicit(&x->slot[i], memory_order_relaxed);
		if (slot) {
			uint32_t index = (uint32_t)slot - 1;
			put_slot(fresh, s->page[index >> ENTRY_PAGE_BITS][index % ENTRY_PAGE].hash, slot);
		}
	}
	atomic_store_explicit(&s->table, fresh, memory_order_release);
	return true;
}

static entry *new_entry(ic_intern *t, shard *s)
{
	if (!s->page) {
		s->page = ic_calloc(ENTRY_PAGES, sizeof *s->page);
		if (!s->page)
			return NULL;
	}
	uint32_t index = s->used, page = index >> ENTRY_PAGE_BITS;
	if (page >= ENTRY_PAGES)
		return NULL;
	if (!s->page[page]) {
		if (t->budget && ic_budget_take(t->budget, ENTRY_PAGE * sizeof(entry)) != 0)
			return NULL;
		s->page[page] = ic_calloc(ENTRY_PAGE, sizeof(entry));
		if (!s->page[page]) {
			if (t->budget)
				ic_budget_give(t->budget, ENTRY_PAGE * sizeof(entry));
			return NULL;
		}
	}
	return &s->page[page][index % ENTRY_PAGE];
}

static uint32_t add(ic_intern *t, unsigned number, uint64_t hash, const char *p, uint32_t n)
{
	shard *s = &t->shard[number];
	pthread_mutex_lock(&s->lock);
	uint32_t id = find(s, number, hash, p, n); /* another thread may have been first */
	entry *e = id == 0 && make_room(t, s) ? new_entry(t, s) : NULL;
	char *copy = e ? ic_arena_dup(&s->bytes, p, n & ~IS_IP) : NULL;
	if (copy) {
		*e = (entry){ copy, n, (uint32_t)hash };
		uint32_t index = s->used;
		put_slot(atomic_load_explicit(&s->table, memory_order_relaxed), hash, hash >> 32 << 32 | (index + 1));
		atomic_store_explicit(&s->used, index + 1, memory_order_release);
		id = id_of(number, index);
	}
	pthread_mutex_unlock(&s->lock);
	return id;
}

static unsigned shard_of(uint64_t hash)
{
	return (unsigned)(hash >> 26) % SHARDS; /* bits that neither slot index nor most of the tag use */
}

static uint64_t hash_ip(const ic_intern *t, const ic_ip *ip)
{
	uint64_t w[2];
	memcpy(w, ip->b, sizeof w);
	return ic_mix(w[0], w[1], t->seed);
}

static uint32_t intern(ic_intern *t, uint64_t hash, const char *p, uint32_t n)
{
	unsigned number = shard_of(hash);
	uint32_t id = find(&t->shard[number], number, hash, p, n);
	return id ? id : add(t, number, hash, p, n);
}

uint32_t ic_intern_str(ic_intern *t, ic_str s)
{
	if (!s.p)
		return 0;
	uint32_t n = s.n < MAX_BYTES ? s.n : MAX_BYTES;
	return intern(t, ic_hash(s.p, n), s.p, n);
}

uint32_t ic_intern_ip(ic_intern *t, const ic_ip *ip)
{
	return intern(t, hash_ip(t, ip), (const char *)ip->b, IS_IP | sizeof *ip);
}

void ic_intern_ips(ic_intern *t, const ic_ip *ips, size_t n, uint32_t *ids)
{
	uint64_t hash[IPS_AT_ONCE];
	for (size_t from = 0; from < n; from += IPS_AT_ONCE) {
		size_t some = n - from < IPS_AT_ONCE ? n - from : IPS_AT_ONCE;
		for (size_t i = 0; i < some; i++) {
			hash[i] = hash_ip(t, &ips[from + i]);
			const table *x = atomic_load_explicit(&t->shard[shard_of(hash[i])].table, memory_order_acquire);
			if (x)
				__builtin_prefetch(&x->slot[(uint32_t)hash[i] & x->mask]);
		}
		for (size_t i = 0; i < some; i++)
			ids[from + i] = intern(t, hash[i], (const char *)ips[from + i].b, IS_IP | sizeof(ic_ip));
	}
}

bool ic_intern_is_ip(const ic_intern *t, uint32_t id)
{
	return id && entry_of(t, id)->n & IS_IP;
}

ic_ip ic_intern_get_ip(const ic_intern *t, uint32_t id)
{
	ic_ip ip;
	memcpy(ip.b, entry_of(t, id)->p, sizeof ip.b);
	return ip;
}

ic_str ic_intern_get(const ic_intern *t, uint32_t id)
{
	if (id == 0)
		return (ic_str){ NULL, 0 };
	const entry *e = entry_of(t, id);
	return (ic_str){ e->p, e->n & ~IS_IP };
}

ic_str ic_intern_text(const ic_intern *t, uint32_t id, char buf[46])
{
	if (!ic_intern_is_ip(t, id))
		return ic_intern_get(t, id);
	ic_ip ip = ic_intern_get_ip(t, id);
	return (ic_str){ buf, (uint32_t)ic_ip_format(&ip, buf) };
}

uint32_t ic_intern_limit(const ic_intern *t)
{
	uint32_t most = 0;
	for (unsigned i = 0; i < SHARDS; i++) {
		uint32_t used = atomic_load_explicit(&t->shard[i].used, memory_order_acquire);
		most = used > most ? used : most;
	}
	return (most << SHARD_BITS) + 1;
}
