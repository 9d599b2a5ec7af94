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

static void memory_init(ic_memory *m, unsigned key_bytes, unsigned entry_bytes, ic_join *j, ic_quota_of what)
{
	ic_group_init(&m->young, key_bytes, entry_bytes, j->budget, NULL);
	ic_group_init(&m->old, key_bytes, entry_bytes, j->budget, NULL);
	m->quota = &j->quota[what];
}

static void memory_clear(ic_memory *m)
{
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
	if (ic_group_count(&m->young) >= GENERATION && m->quota->used >= m->quota->most) {
		m->quota->used -= ic_group_count(&m->old);
		ic_group_clear(&m->old);
		ic_group_table empty = m->old;
		m->old = m->young;
		m->young = empty;
	}
	int is_new;
	void *e = ic_group_upsert(&m->young, key, hash, &is_new);
	m->quota->used += e && is_new;
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

/* Doubles the buckets. Failing is harmless once there are some: chains get longer. */
static void grow_buckets(ic_join *j)
{
	uint32_t buckets = j->buckets ? j->buckets * 2 : FIRST_BUCKETS;
	if (ic_budget_take(j->budget, buckets * sizeof *j->bucket) != 0)
		return;
	uint32_t *bucket = ic_calloc(buckets, sizeof *bucket);
	if (!bucket) {
		ic_budget_give(j->budget, buckets * sizeof *bucket);
		return;
	}
	ic_budget_give(j->budget, j->buckets * sizeof *bucket);
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

static bool grow_pages(ic_join *j)
{
	if (ic_budget_take(j->budget, IC_JOIN_PAGE * sizeof(ic_join_entry)) != 0)
		return false;
	if ((j->pages & (j->pages - 1)) == 0) { /* room is the next power of two */
		ic_join_entry **page = ic_reallocarray(j->page, j->pages ? j->pages * 2 : 1, sizeof *page);
		j->page = page ? page : j->page;
		if (!page) {
			ic_budget_give(j->budget, IC_JOIN_PAGE * sizeof(ic_join_entry));
			return false;
		}
	}
	ic_join_entry *fresh = ic_calloc(IC_JOIN_PAGE, sizeof *fresh);
	if (!fresh) {
		ic_budget_give(j->budget, IC_JOIN_PAGE * sizeof(ic_join_entry));
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

uint32_t ic_join_insert(ic_join *j, const ic_obs_full *row)
{
	ic_quota *joined = &j->quota[IC_JOINED];
	if (joined->used >= joined->most)
		return 0;
	if (joined->used >= j->buckets)
		grow_buckets(j);
	if (!j->buckets)
		return 0;
	uint32_t n = j->free_list;
	if (n)
		j->free_list = ic_join_at(j, n)->chain;
	else if (j->used < j->pages * IC_JOIN_PAGE || grow_pages(j))
		n = ++j->used;
	else
		return 0;
	joined->used++;
	uint32_t *head = ic_join_bucket(j, row->uid);
	*ic_join_at(j, n) = (ic_join_entry){ .ev = *row, .chain = *head };
	*head = n;
	append(j, n);
	return n;
}

void ic_join_connected(ic_join *j, uint32_t n)
{
	ic_quota *connected = &j->quota[IC_CONNECTED];
	detach(j, n);
	ic_join_at(j, n)->connected = 1;
	append(j, n);
	connected->used++;
	while (connected->used > connected->most && j->list[1].oldest != n)
		ic_join_drop(j, j->list[1].oldest);
}

void ic_join_drop(ic_join *j, uint32_t n)
{
	ic_join_entry *e = ic_join_at(j, n);
	uint32_t *link = ic_join_bucket(j, e->ev.uid);
	while (*link != n)
		link = &ic_join_at(j, *link)->chain;
	*link = e->chain;
	detach(j, n);
	j->quota[IC_CONNECTED].used -= e->connected;
	ic_join_done(j, e->ev.uid);
	e->chain = j->free_list;
	j->free_list = n;
	j->quota[IC_JOINED].used--;
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
	uint64_t entries = o->cfg.join_entries ? o->cfg.join_entries : MAX_ENTRIES;
	uint64_t done = o->cfg.repeats ? MAX_REPEATS : MAX_MEMORY, resolved = MAX_MEMORY;
	if (o->budget && o->budget->limit) {
		const uint64_t remembered = o->budget->limit / 16 / sizeof(ic_resolved) + 1,
			       most = o->budget->limit / 4 / sizeof(ic_join_entry) + 1;
		entries = most < entries ? most : entries;
		done = remembered < done ? remembered : done;
		resolved = remembered < resolved ? remembered : resolved;
	}
	o->limit[IC_JOINED] = entries;
	o->limit[IC_CONNECTED] = entries / COUNTED_SHARE;
	o->limit[IC_DONE] = o->limit[IC_ASKED] = done;
	o->limit[IC_RESOLVED] = resolved;
}

ic_quota *ic_join_quota(ic_join *j, ic_quota_of what)
{
	return &j->quota[what];
}

ic_join *ic_join_new(const ic_observation *o, ic_budget *budget)
{
	ic_join *j = ic_calloc(1, sizeof *j);
	if (!j)
		return NULL;
	j->budget = budget;
	for (unsigned i = 0; i < IC_QUOTAS; i++)
		j->quota[i].most = o->limit[i];
	memory_init(&j->done, sizeof(uint64_t), sizeof(uint64_t), j, IC_DONE);
	memory_init(&j->asked, sizeof(ic_asked), sizeof(ic_asked), j, IC_ASKED);
	memory_init(&j->resolved, offsetof(ic_resolved, name), sizeof(ic_resolved), j, IC_RESOLVED);
	ic_group_init(&j->domains, sizeof(uint32_t), 2 * sizeof(uint32_t), budget, NULL);
	return j;
}

void ic_join_free(ic_join *j)
{
	if (!j)
		return;
	for (uint32_t i = 0; i < j->pages; i++)
		ic_free(j->page[i]);
	ic_free(j->page);
	ic_free(j->bucket);
	ic_budget_give(j->budget, (size_t)j->pages * IC_JOIN_PAGE * sizeof(ic_join_entry) +
				      j->buckets * sizeof *j->bucket);
	memory_clear(&j->done);
	memory_clear(&j->asked);
	memory_clear(&j->resolved);
	ic_group_clear(&j->domains);
	ic_free(j);
}
