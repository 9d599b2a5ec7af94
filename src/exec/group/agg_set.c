/* SPDX-License-Identifier: Apache-2.0 */
/* Aggregates that gather values: distinct ones, lists, sets, bags. */
#include "base/hash.h"
#include "exec/group/agg.h"
#include "exec/rows/key.h"

enum { ITEMS_MOST = 1048576 }; /* of a list, set or bag, as in Kusto */

/* ---- distinct values ------------------------------------------------------------------------ */

/* In order of first appearance. */
typedef struct set_state {
	ic_agg_list list; /* of ic_kept */
	ic_kept **slot;	  /* NULL: free */
	uint32_t slots;
	uint32_t bytes; /* of text, about */
} set_state;

static size_t set_bytes(const ic_agg *agg)
{
	(void)agg;
	return sizeof(set_state);
}

static ic_kept **slot_of(const set_state *s, const ic_value *v, uint64_t hash)
{
	uint32_t i = (uint32_t)hash & (s->slots - 1);
	while (s->slot[i] && !ic_key_same(&s->slot[i]->v, v))
		i = (i + 1) & (s->slots - 1);
	return &s->slot[i];
}

static bool grow_slots(ic_agg_ctx *c, set_state *s)
{
	uint32_t slots = s->slots ? s->slots * 2 : 8;
	ic_kept **old = s->slot, **fresh = ic_slab_alloc(c->slab, slots * sizeof *fresh);
	uint32_t n = s->slots;
	if (!fresh) {
		ic_agg_nomem(c);
		return false;
	}
	memset(fresh, 0, slots * sizeof *fresh);
	s->slot = fresh;
	s->slots = slots;
	for (uint32_t i = 0; i < n; i++) {
		if (old[i])
			*slot_of(s, &old[i]->v, ic_key_hash(&old[i]->v, ic_hash_seed())) = old[i];
	}
	ic_slab_free(c->slab, old, n * sizeof *old);
	return true;
}

/* True: it was not there. */
static bool set_insert(ic_agg_ctx *c, set_state *s, const ic_value *v)
{
	if (s->list.n >= s->slots / 4 * 3 && !grow_slots(c, s))
		return false;
	ic_kept **slot = slot_of(s, v, ic_key_hash(v, ic_hash_seed()));
	if (*slot)
		return false;
	if (s->list.n >= INT32_MAX) {
		ic_agg_limit(c, "more than 2147483647 distinct values");
		return false;
	}
	ic_kept *k = ic_agg_list_add(c, &s->list, sizeof *k);
	if (!k)
		return false;
	*k = (ic_kept){ .set = false };
	ic_agg_keep(c, k, v);
	*slot = k;
	return true;
}

static void distinct_add(ic_agg_ctx *c, void *state, const ic_value *arg)
{
	if (!arg[0].null && ic_agg_wanted(c->agg, arg))
		(void)set_insert(c, state, &arg[0]);
}

static void distinct_result(ic_agg_ctx *c, const void *state, ic_value *ret)
{
	const set_state *s = state;
	*ret =
	    c->agg->type == IC_Q_REAL ? ic_value_real((double)s->list.n) : ic_value_long((int64_t)s->list.n);
}

const ic_agg_kernel ic_agg_distinct = { set_bytes, distinct_add, distinct_result };

/* ---- lists and sets -------------------------------------------------------------------------- */

/* How many items the call wants at most: a constant behind the value and the condition. */
static uint64_t items_most(const ic_agg *agg)
{
	uint32_t at = ic_agg_condition(agg->fn) < 0 ? 1 : 2;
	if (at >= agg->n || agg->arg[at]->kind != IC_X_CONST || agg->arg[at]->value.null)
		return ITEMS_MOST;
	int64_t n = agg->arg[at]->value.i;
	return n < 0 || n > ITEMS_MOST ? ITEMS_MOST : (uint64_t)n;
}

static bool too_large(ic_agg_ctx *c, uint32_t *bytes, const ic_value *v)
{
	uint32_t more = !v->null && v->type == IC_Q_STRING ? v->s.n : 0;
	if (more > IC_VALUE_BYTES - *bytes) {
		ic_agg_limit(c, "an array of more than 16 MiB");
		return true;
	}
	*bytes += more;
	return false;
}

/* Calls add for the value, or for each item of an array. */
static void each_item(ic_agg_ctx *c, void *state, const ic_value *v,
		      void (*add)(ic_agg_ctx *c, void *state, const ic_value *v))
{
	if (v->type != IC_Q_DYNAMIC || v->null || v->dyn->kind != IC_DYN_ARRAY) {
		add(c, state, v);
		return;
	}
	for (uint32_t i = 0; i < v->dyn->n && c->failed == IC_OK; i++) {
		ic_value item = ic_value_dyn(v->dyn->item[i]);
		add(c, state, &item);
	}
}

typedef struct collect_state {
	ic_agg_list list; /* of ic_kept */
	uint64_t bytes;
} collect_state;

static size_t collect_bytes(const ic_agg *agg)
{
	(void)agg;
	return sizeof(collect_state);
}

static void collect_one(ic_agg_ctx *c, void *state, const ic_value *v)
{
	collect_state *s = state;
	if (s->list.n >= items_most(c->agg))
		return;
	uint32_t bytes = (uint32_t)s->bytes;
	if (too_large(c, &bytes, v))
		return;
	s->bytes = bytes;
	ic_kept *k = ic_agg_list_add(c, &s->list, sizeof *k);
	if (!k)
		return;
	*k = (ic_kept){ .set = false };
	ic_agg_keep(c, k, v);
}

/* Nulls are left out, but for those of a dynamic column: there a null is a value. */
static void collect_add(ic_agg_ctx *c, void *state, const ic_value *arg)
{
	bool nulls = c->agg->fn == IC_AGG_MAKE_LIST_WITH_NULLS || arg[0].type == IC_Q_DYNAMIC;
	if ((!arg[0].null || nulls) && ic_agg_wanted(c->agg, arg))
		each_item(c, state, &arg[0], collect_one);
}

static void array_of(ic_agg_ctx *c, const ic_agg_list *l, ic_value *ret)
{
	static const ic_dyn null = { .kind = IC_DYN_NULL };
	const ic_kept *kept = ic_agg_list_all(c, l, sizeof *kept);
	const ic_dyn **item = ic_arena_alloc(c->arena, (l->n + 1) * sizeof *item);
	*ret = ic_value_null(IC_Q_DYNAMIC);
	if (!item || (l->n && !kept)) {
		ic_agg_nomem(c);
		return;
	}
	for (uint64_t i = 0; i < l->n; i++) {
		item[i] = kept[i].v.null ? &null : ic_dyn_of(c->arena, &kept[i].v);
		if (!item[i]) {
			ic_agg_nomem(c);
			return;
		}
	}
	*ret = ic_value_dyn(ic_dyn_array(c->arena, item, (uint32_t)l->n));
	if (ret->null)
		ic_agg_nomem(c);
}

static void collect_result(ic_agg_ctx *c, const void *state, ic_value *ret)
{
	const collect_state *s = state;
	array_of(c, &s->list, ret);
}

const ic_agg_kernel ic_agg_collect = { collect_bytes, collect_add, collect_result };

static void set_one(ic_agg_ctx *c, void *state, const ic_value *v)
{
	set_state *s = state;
	uint32_t bytes = s->bytes;
	bool none = v->null || (v->type == IC_Q_DYNAMIC && v->dyn->kind == IC_DYN_NULL);
	if (none || s->list.n >= items_most(c->agg) || too_large(c, &bytes, v))
		return;
	if (set_insert(c, s, v))
		s->bytes = bytes;
}

static void set_add(ic_agg_ctx *c, void *state, const ic_value *arg)
{
	if (ic_agg_wanted(c->agg, arg))
		each_item(c, state, &arg[0], set_one);
}

static void set_result(ic_agg_ctx *c, const void *state, ic_value *ret)
{
	const set_state *s = state;
	array_of(c, &s->list, ret);
}

const ic_agg_kernel ic_agg_set = { set_bytes, set_add, set_result };

/* ---- bags ------------------------------------------------------------------------------------ */

typedef struct bag_state {
	ic_agg_list list; /* of ic_dyn_member */
	ic_dyn_member **slot;
	uint32_t slots;
} bag_state;

static size_t bag_bytes(const ic_agg *agg)
{
	(void)agg;
	return sizeof(bag_state);
}

static ic_dyn_member **member_slot(const bag_state *s, ic_str name)
{
	uint32_t i = (uint32_t)ic_hash(name.p, name.n) & (s->slots - 1);
	while (s->slot[i] && !ic_str_eq(s->slot[i]->name, name))
		i = (i + 1) & (s->slots - 1);
	return &s->slot[i];
}

static bool grow_bag(ic_agg_ctx *c, bag_state *s)
{
	uint32_t slots = s->slots ? s->slots * 2 : 8, n = s->slots;
	ic_dyn_member **old = s->slot, **fresh = ic_slab_alloc(c->slab, slots * sizeof *fresh);
	if (!fresh) {
		ic_agg_nomem(c);
		return false;
	}
	memset(fresh, 0, slots * sizeof *fresh);
	s->slot = fresh;
	s->slots = slots;
	for (uint32_t i = 0; i < n; i++) {
		if (old[i])
			*member_slot(s, old[i]->name) = old[i];
	}
	ic_slab_free(c->slab, old, n * sizeof *old);
	return true;
}

static void bag_member(ic_agg_ctx *c, bag_state *s, const ic_dyn_member *m)
{
	if (s->list.n >= s->slots / 4 * 3 && !grow_bag(c, s))
		return;
	ic_dyn_member **slot = member_slot(s, m->name);
	if (*slot || s->list.n >= items_most(c->agg))
		return;
	ic_dyn_member *to = ic_agg_list_add(c, &s->list, sizeof *to);
	if (!to)
		return;
	to->name = (ic_str){ ic_arena_dup(&c->slab->arena, m->name.p, m->name.n), m->name.n };
	to->value = ic_dyn_copy(&c->slab->arena, m->value);
	if (!to->name.p || !to->value) {
		ic_agg_nomem(c);
		return;
	}
	*slot = to;
}

static void bag_add(ic_agg_ctx *c, void *state, const ic_value *arg)
{
	if (arg[0].null || arg[0].type != IC_Q_DYNAMIC || arg[0].dyn->kind != IC_DYN_BAG ||
	    !ic_agg_wanted(c->agg, arg))
		return;
	for (uint32_t i = 0; i < arg[0].dyn->n && c->failed == IC_OK; i++)
		bag_member(c, state, &arg[0].dyn->member[i]);
}

static void bag_result(ic_agg_ctx *c, const void *state, ic_value *ret)
{
	const bag_state *s = state;
	const ic_dyn_member *all = ic_agg_list_all(c, &s->list, sizeof *all);
	*ret = ic_value_dyn(ic_dyn_bag(c->arena, all, (uint32_t)s->list.n));
	if (ret->null)
		ic_agg_nomem(c);
}

const ic_agg_kernel ic_agg_bag = { bag_bytes, bag_add, bag_result };
