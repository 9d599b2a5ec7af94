/* SPDX-License-Identifier: Apache-2.0 */
#include "detect/join_table.h"

enum {
	FIRST_BUCKETS = 16,
	MAX_ENTRIES = 1 << 22, /* unless configured */
	MAX_MEMORY = 1 << 22,  /* finished uids, and DNS answers */
	MAX_REPEATS = 1 << 24, /* finished uids and requests, when logs tell them twice */
	GENERATION = 1024,     /* a partition may always remember as many */
	COUNTED_SHARE = 8,     /* of all entries, one in so many may be of a connection already counted */
};

/* ---- memory of the past ------------------------------------------------------------------ */

static void memory_init(ic_memory *m, unsigned key_bytes, unsigned entry_bytes, ic_budget *budget,
			_Atomic size_t *total, size_t limit)
{
	ic_group_init(&m->young, key_bytes, entry_bytes, budget, NULL);
	ic_group_init(&m->old, key_bytes, entry_bytes, budget, NULL);
	m->total = total;
	m->limit = limit;
}

static void memory_clear(ic_memory *m)
{
	atomic_fetch_sub(m->total, ic_group_count(&m->young) + ic_group_count(&m->old));
	ic_group_clear(&m->young);
	ic_group_clear(&m->old);
}

void *ic_memory_find(const ic_memory *m, const void *key, uint64_t hash)
{
	void *e = ic_group_find(&m->young, key, hash);
	return e ? e : ic_group_find(&m->old, key, hash);
}

void *ic_memory_add(ic_memory *m, const void *key, uint64_t hash)
{
	if (ic_group_count(&m->young) >= GENERATION && atomic_load(m->total) >= m->limit) {
		atomic_fetch_sub(m->total, ic_group_count(&m->old));
		ic_group_clear(&m->old);
		ic_group_table empty = m->old;
		m->old = m->young;
		m->young = empty;
	}
	int is_new;
	void *e = ic_group_upsert(&m->young, key, hash, &is_new);
	if (e && is_new)
		atomic_fetch_add(m->total, 1);
	return e;
}

void ic_join_done(ic_join *j, uint64_t uid)
{
	ic_memory_add(&j->done, &uid, ic_group_hash(&uid, sizeof uid));
}

bool ic_join_is_done(const ic_join *j, uint64_t uid)
{
	return ic_memory_find(&j->done, &uid, ic_group_hash(&uid, sizeof uid)) != NULL;
}

/* ---- entries ------------------------------------------------------------------------------- */

uint32_t ic_join_find(const ic_join *j, uint64_t uid)
{
	if (!j->buckets)
		return 0;
	uint32_t n = *ic_join_bucket(j, uid);
	while (n && ic_join_at(j, n)->ev.uid != uid)
		n = ic_join_at(j, n)->chain;
	return n;
}

static bool take_budget(const ic_observation *o, size_t bytes)
{
	return !o->budget || ic_budget_take(o->budget, bytes) == 0;
}

static void give_budget(const ic_observation *o, size_t bytes)
{
	if (o->budget)
		ic_budget_give(o->budget, bytes);
}

/* Doubles the buckets. Failing is harmless once there are some: chains get longer. */
static void grow_buckets(const ic_observation *o, ic_join *j)
{
	uint32_t buckets = j->buckets ? j->buckets * 2 : FIRST_BUCKETS;
	if (!take_budget(o, buckets * sizeof *j->bucket))
		return;
	uint32_t *bucket = ic_calloc(buckets, sizeof *bucket);
	if (!bucket) {
		give_budget(o, buckets * sizeof *bucket);
		return;
	}
	give_budget(o, j->buckets * sizeof *bucket);
	ic_free(j->bucket);
	j->bucket = bucket;
	j->buckets = buckets;
	for (unsigned i = 0; i < 2; i++) {
		for (uint32_t n = j->list[i].oldest; n; n = ic_join_at(j, n)->newer) {
			uint32_t *head = ic_join_bucket(j, ic_join_at(j, n)->ev.uid);
			ic_join_at(j, n)->chain = *head;
			*head = n;
		}
	}
}

static bool grow_pages(const ic_observation *o, ic_join *j)
{
	if (!take_budget(o, IC_JOIN_PAGE * sizeof(ic_join_entry)))
		return false;
	if ((j->pages & (j->pages - 1)) == 0) { /* room is the next power of two */
		ic_join_entry **page = ic_reallocarray(j->page, j->pages ? j->pages * 2 : 1, sizeof *page);
		j->page = page ? page : j->page;
		if (!page) {
			give_budget(o, IC_JOIN_PAGE * sizeof(ic_join_entry));
			return false;
		}
	}
	ic_join_entry *fresh = ic_calloc(IC_JOIN_PAGE, sizeof *fresh);
	if (!fresh) {
		give_budget(o, IC_JOIN_PAGE * sizeof(ic_join_entry));
		return false;
	}
	j->page[j->pages++] = fresh;
	return true;
}

static void append(ic_join *j, uint32_t n)
{
	ic_join_entry *e = ic_join_at(j, n);
	ic_join_list *list = &j->list[e->connected];
	e->older = list->newest;
	e->newer = 0;
	*(list->newest ? &ic_join_at(j, list->newest)->newer : &list->oldest) = n;
	list->newest = n;
}

static void detach(ic_join *j, uint32_t n)
{
	ic_join_entry *e = ic_join_at(j, n);
	ic_join_list *list = &j->list[e->connected];
	*(e->older ? &ic_join_at(j, e->older)->newer : &list->oldest) = e->newer;
	*(e->newer ? &ic_join_at(j, e->newer)->older : &list->newest) = e->older;
}

uint32_t ic_join_insert(ic_observation *o, ic_join *j, const ic_obs_full *row)
{
	if (atomic_load(&o->joined) >= o->join_limit)
		return 0;
	if (j->live >= j->buckets)
		grow_buckets(o, j);
	if (!j->buckets)
		return 0;
	uint32_t n = j->free_list;
	if (n)
		j->free_list = ic_join_at(j, n)->chain;
	else if (j->used < j->pages * IC_JOIN_PAGE || grow_pages(o, j))
		n = ++j->used;
	else
		return 0;
	atomic_fetch_add(&o->joined, 1);
	j->live++;
	uint32_t *head = ic_join_bucket(j, row->uid);
	*ic_join_at(j, n) = (ic_join_entry){ .ev = *row, .chain = *head };
	*head = n;
	append(j, n);
	return n;
}

void ic_join_connected(ic_observation *o, ic_join *j, uint32_t n)
{
	detach(j, n);
	ic_join_at(j, n)->connected = 1;
	append(j, n);
	atomic_fetch_add(&o->connected, 1);
	while (atomic_load(&o->connected) > o->join_limit / COUNTED_SHARE && j->list[1].oldest != n)
		ic_join_drop(o, j, j->list[1].oldest);
}

void ic_join_drop(ic_observation *o, ic_join *j, uint32_t n)
{
	ic_join_entry *e = ic_join_at(j, n);
	uint32_t *link = ic_join_bucket(j, e->ev.uid);
	while (*link != n)
		link = &ic_join_at(j, *link)->chain;
	*link = e->chain;
	detach(j, n);
	if (e->connected)
		atomic_fetch_sub(&o->connected, 1);
	ic_join_done(j, e->ev.uid);
	e->chain = j->free_list;
	j->free_list = n;
	j->live--;
	atomic_fetch_sub(&o->joined, 1);
}

/* Two lists linked by `newer`, each in time order, into one; on a tie a goes first. */
static uint32_t merge_lists(const ic_join *j, uint32_t a, uint32_t b)
{
	uint32_t head = 0, *link = &head;
	while (a && b) {
		bool second = ic_join_at(j, b)->ev.base.ticks < ic_join_at(j, a)->ev.base.ticks;
		uint32_t *from = second ? &b : &a;
		*link = *from;
		link = &ic_join_at(j, *from)->newer;
		*from = *link;
	}
	*link = a ? a : b;
	return head;
}

uint32_t ic_join_by_time(ic_join *j)
{
	uint32_t bin[32] = { 0 }, next, sorted = 0; /* bin i holds 2^i entries, older than those of bin i-1 */
	for (uint32_t n = j->list[0].oldest; n; n = next) {
		next = ic_join_at(j, n)->newer;
		ic_join_at(j, n)->newer = 0;
		uint32_t run = n;
		unsigned i = 0;
		for (; bin[i] && i < 31; i++) {
			run = merge_lists(j, bin[i], run);
			bin[i] = 0;
		}
		bin[i] = run;
	}
	for (unsigned i = 0; i < 32; i++)
		sorted = merge_lists(j, bin[i], sorted);
	return sorted;
}

void ic_join_limits(ic_observation *o)
{
	o->join_limit = o->cfg.join_entries ? o->cfg.join_entries : MAX_ENTRIES;
	o->memory_limit = MAX_MEMORY;
	o->done_limit = o->cfg.repeats ? MAX_REPEATS : MAX_MEMORY;
	if (!o->budget || !o->budget->limit)
		return;
	uint64_t entries = o->budget->limit / 4 / sizeof(ic_join_entry) + 1;
	uint64_t remembered = o->budget->limit / 16 / sizeof(ic_resolved) + 1;
	o->join_limit = entries < o->join_limit ? entries : o->join_limit;
	o->memory_limit = remembered < o->memory_limit ? remembered : o->memory_limit;
	o->done_limit = remembered < o->done_limit ? remembered : o->done_limit;
}

ic_join *ic_join_new(ic_observation *o)
{
	ic_join *j = ic_calloc(1, sizeof *j);
	if (!j)
		return NULL;
	memory_init(&j->done, sizeof(uint64_t), sizeof(uint64_t), o->budget, &o->done, o->done_limit);
	memory_init(&j->asked, sizeof(ic_asked), sizeof(ic_asked), o->budget, &o->asked, o->done_limit);
	memory_init(&j->resolved, offsetof(ic_resolved, name), sizeof(ic_resolved), o->budget, &o->resolved,
		    o->memory_limit);
	ic_group_init(&j->domains, sizeof(uint32_t), 2 * sizeof(uint32_t), o->budget, NULL);
	return j;
}

void ic_join_free(ic_observation *o, ic_join *j)
{
	if (!j)
		return;
	for (uint32_t i = 0; i < j->pages; i++)
		ic_free(j->page[i]);
	ic_free(j->page);
	ic_free(j->bucket);
	give_budget(o,
		    (size_t)j->pages * IC_JOIN_PAGE * sizeof(ic_join_entry) + j->buckets * sizeof *j->bucket);
	memory_clear(&j->done);
	memory_clear(&j->asked);
	memory_clear(&j->resolved);
	ic_group_clear(&j->domains);
	ic_free(j);
}
