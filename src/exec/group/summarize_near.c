/* SPDX-License-Identifier: Apache-2.0 */
/* Few groups: a worker adds its rows to a table of its own, and when their unit ends the states of the groups are
 * merged; no row goes through the exchange. Only where states merge to the same in any order.
 *
 * Whether groups are few is seen from a worker's first rows. If they are many later on, its further rows go through
 * the exchange, and in the end a group may have a state from both. */
#include <stdlib.h>

#include "exec/driver.h"
#include "exec/group/summarize.h"

enum {
	GROUPS_MOST = 256,   /* in the table of a worker */
	ROWS_A_GROUP = 4,    /* at least, of the first rows */
	PAGE_MOST = 4 << 10, /* such tables are made anew for each unit */
};

static bool merges(const ic_sum_agg *a)
{
	switch (a->how) {
	case IC_SUM_COUNT:
	case IC_SUM_WHOLE:
	case IC_SUM_AVG_WHOLE:
	case IC_SUM_LEAST: return true;
	default: return false;
	}
}

static void make_table(const ic_summarize *s, ic_group_table *t)
{
	ic_group_init(t, s->key_bytes, s->entry_bytes, s->budget, NULL);
	ic_group_small_pages(t, PAGE_MOST);
	t->fresh = s->fresh;
}

/* Of those that are there. */
static void empty_table(ic_group_table *t)
{
	if (t->entry_bytes)
		ic_group_clear(t);
}

ic_status ic_sum_near_new(ic_summarize *s)
{
	for (uint32_t i = 0; i < s->aggs; i++)
		if (!merges(&s->agg[i]))
			return IC_OK;
	make_table(s, &s->near);
	for (unsigned i = 0; i < ic_operator_workers(s->o); i++) {
		ic_sum_worker *ws = &s->worker[i];
		ws->block = ic_reallocarray(NULL, IC_SUM_BLOCK, s->row_bytes);
		if (!ws->block)
			return IC_E_NOMEM;
		make_table(s, &ws->near.groups);
		ws->is_near = true;
	}
	return IC_OK;
}

void ic_sum_near_free(ic_summarize *s)
{
	for (unsigned i = 0; s->worker && i < ic_operator_workers(s->o); i++) {
		ic_free(s->worker[i].block);
		empty_table(&s->worker[i].near.groups);
	}
	empty_table(&s->near);
}

ic_status ic_sum_near_push(ic_summarize *s, ic_worker *w, const ic_vector *v, uint32_t at, uint32_t n,
			   uint64_t place, bool *taken)
{
	ic_sum_worker *ws = &s->worker[w->number];
	ic_group_table *groups = &ws->near.groups;
	ic_status st = ic_summarize_pack(s, &w->arena, v, at, n, place, ws->block, NULL);
	if (st == IC_OK)
		st = ic_summarize_add(s, &ws->near, ws->block, n);
	bool many = ic_group_count(groups) > (ws->tested ? GROUPS_MOST : 1 + n / ROWS_A_GROUP);
	ws->is_near = !many;
	*taken = ws->tested || !many;
	ws->tested = true;
	if (!*taken)
		empty_table(groups);
	return st;
}

/* ---- states ------------------------------------------------------------------------------- */

static void sum_up(char *to, const char *from)
{
	uint64_t a, b;
	memcpy(&a, to, sizeof a);
	memcpy(&b, from, sizeof b);
	a += b;
	memcpy(to, &a, sizeof a);
}

static void merge_least(const ic_summarize *s, const ic_sum_agg *a, char *to, const char *from)
{
	int64_t v, old;
	memcpy(&v, from + a->state, sizeof v);
	memcpy(&old, to + a->state, sizeof old);
	bool better = a->max ? v > old : v < old;
	if (s->arg[a->arg].kind == IC_CELL_REAL) {
		double x, y;
		memcpy(&x, &v, sizeof x);
		memcpy(&y, &old, sizeof y);
		better = ic_sum_real_better(x, y, a->max);
	}
	if (ic_sum_has_value(s, a, from) && (better || !ic_sum_has_value(s, a, to)))
		memcpy(to + a->state, &v, sizeof v);
}

/* And the bits: they stand beside the place, or in a word of their own. */
static void merge_places(const ic_summarize *s, char *to, const char *from)
{
	const uint64_t x = ic_sum_first(s, from), y = ic_sum_first(s, to), first = x < y ? x : y;
	uint64_t bits, more;
	memcpy(&bits, to + s->seen_at, sizeof bits);
	memcpy(&more, from + s->seen_at, sizeof more);
	bits |= more;
	if (s->seen_at == s->first_at)
		bits = first | (bits & 0xff);
	memcpy(to + s->first_at, &first, sizeof first);
	memcpy(to + s->seen_at, &bits, sizeof bits);
}

/* What the rows of one state and of the other would have given together. */
static void merge(const ic_summarize *s, char *to, const char *from)
{
	for (uint32_t i = 0; i < s->aggs; i++) {
		const ic_sum_agg *a = &s->agg[i];
		if (a->how == IC_SUM_LEAST) {
			merge_least(s, a, to, from);
			continue;
		}
		sum_up(to + a->state, from + a->state);
		if (a->how == IC_SUM_AVG_WHOLE)
			sum_up(to + a->state + 8, from + a->state + 8);
	}
	merge_places(s, to, from);
}

static ic_status merge_entry(const ic_summarize *s, ic_group_table *t, const char *entry, uint64_t hash)
{
	int is_new;
	char *to = ic_group_upsert(t, entry, hash, &is_new);
	if (!to)
		return IC_E_NOMEM;
	if (is_new)
		memcpy(to, entry, s->entry_bytes);
	else
		merge(s, to, entry);
	return IC_OK;
}

void ic_sum_near_discard(ic_summarize *s, unsigned worker)
{
	empty_table(&s->worker[worker].near.groups);
}

ic_status ic_sum_near_end(ic_summarize *s, unsigned worker)
{
	ic_group_table *t = &s->worker[worker].near.groups;
	ic_status st = IC_OK;
	for (uint32_t i = 0; i < ic_group_count(t) && st == IC_OK; i++) {
		const char *entry = ic_group_at(t, i);
		st = merge_entry(s, &s->near, entry, ic_group_hash(entry, s->key_bytes));
	}
	ic_sum_near_discard(s, worker);
	return st;
}

/* ---- the end ------------------------------------------------------------------------------ */

ic_status ic_sum_near_finish(ic_summarize *s)
{
	ic_status st = IC_OK;
	for (uint32_t i = 0; i < ic_group_count(&s->near) && st == IC_OK; i++) {
		const char *entry = ic_group_at(&s->near, i);
		uint64_t hash = ic_group_hash(entry, s->key_bytes);
		ic_sum_part *p = &s->part[ic_sum_part_of(hash)];
		uint64_t first = ic_sum_first(s, entry);
		uint32_t before = ic_group_count(&p->groups);
		p->mixed |= before && ic_sum_first(s, ic_group_at(&p->groups, before - 1)) > first;
		st = merge_entry(s, &p->groups, entry, hash);
	}
	return st;
}

typedef struct placed {
	uint64_t first;
	uint32_t group;
} placed;

static int by_place(const void *a, const void *b)
{
	uint64_t x = ((const placed *)a)->first, y = ((const placed *)b)->first;
	return (x > y) - (x < y);
}

ic_status ic_sum_near_order(const ic_summarize *s, ic_sum_part *p)
{
	uint32_t n = ic_sum_group_count(p);
	placed *place = p->mixed && n ? ic_reallocarray(NULL, n, sizeof *place) : NULL;
	if (!p->mixed || n == 0)
		return IC_OK;
	if (place && !p->chosen && (p->chosen = ic_reallocarray(NULL, n, sizeof *p->chosen)))
		for (p->chosen_n = 0; p->chosen_n < n; p->chosen_n++)
			p->chosen[p->chosen_n] = p->chosen_n;
	if (!place || !p->chosen) {
		ic_free(place);
		return IC_E_NOMEM;
	}
	for (uint32_t i = 0; i < n; i++)
		place[i] = (placed){ ic_sum_first(s, ic_sum_group(p, i)), p->chosen[i] };
	qsort(place, n, sizeof *place, by_place);
	for (uint32_t i = 0; i < n; i++)
		p->chosen[i] = place[i].group;
	ic_free(place);
	return IC_OK;
}
