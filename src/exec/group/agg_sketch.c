/* SPDX-License-Identifier: Apache-2.0 */
/* hll, tdigest and their merges: see sketch.h. buildschema: the shape of dynamic values. */
#include <math.h>

#include "exec/group/agg.h"
#include "exec/group/sketch.h"

/* A constant accuracy level behind the value (and the condition). */
static uint32_t most_of(const ic_agg *agg)
{
	uint32_t at = ic_agg_condition(agg->fn) < 0 ? 1 : 2;
	bool given = at < agg->n && agg->arg[at]->kind == IC_X_CONST && !agg->arg[at]->value.null;
	return ic_distinct_most(given ? agg->arg[at]->value.i : 1);
}

/* A list in the slab with twice the room, at least 16 items. NULL: c->failed is set. */
static void *more_room(ic_agg_ctx *c, void *list, uint32_t *room, size_t size)
{
	uint32_t more = *room ? *room * 2 : 16;
	void *p = ic_slab_alloc(c->slab, more * size);
	if (!p) {
		ic_agg_nomem(c);
		return NULL;
	}
	if (*room) {
		memcpy(p, list, *room * size);
		ic_slab_free(c->slab, list, *room * size);
	}
	*room = more;
	return p;
}

/* ---- hll ------------------------------------------------------------------------------------- */

typedef struct hashes_state {
	ic_distinct s; /* hashes as they came; most 0: nothing came yet */
	uint32_t room;
} hashes_state;

static size_t hashes_bytes(const ic_agg *agg)
{
	(void)agg;
	return (sizeof(hashes_state) + 7) / 8 * 8;
}

static void put_hash(ic_agg_ctx *c, hashes_state *h, int64_t hash)
{
	if (h->s.n == h->room && h->room >= 2 * (uint64_t)h->s.most)
		ic_distinct_settle(&h->s);
	if (h->s.n == h->room) {
		int64_t *more = more_room(c, h->s.hash, &h->room, sizeof hash);
		if (!more)
			return;
		h->s.hash = more;
	}
	h->s.hash[h->s.n++] = hash;
}

static void hashes_add(ic_agg_ctx *c, void *state, const ic_value *arg)
{
	hashes_state *h = state;
	uint32_t most;
	if (!ic_agg_wanted(c->agg, arg) || arg[0].null)
		return;
	if (c->agg->fn != IC_AGG_HLL_MERGE) {
		h->s.most = most_of(c->agg);
		put_hash(c, h, ic_distinct_hash(&arg[0]));
		return;
	}
	const ic_dyn *list = ic_distinct_list(arg[0].dyn, &most);
	if (!list)
		return;
	h->s.most = !h->s.most || most < h->s.most ? most : h->s.most;
	for (uint32_t i = 0; i < list->n && c->failed == IC_OK; i++)
		put_hash(c, h, list->item[i]->i);
}

static void hashes_result(ic_agg_ctx *c, const void *state, ic_value *ret)
{
	const hashes_state *h = state;
	if (h->s.n == 0) {
		*ret = ic_value_null(IC_Q_DYNAMIC);
		return;
	}
	ic_distinct s = { .n = h->s.n, .most = h->s.most ? h->s.most : most_of(c->agg) };
	s.hash = ic_arena_alloc(c->arena, ((size_t)s.n + 1) * sizeof *s.hash);
	*ret = ic_value_null(IC_Q_DYNAMIC);
	if (s.hash && s.n)
		memcpy(s.hash, h->s.hash, s.n * sizeof *s.hash);
	if (s.hash) {
		ic_distinct_settle(&s);
		*ret = ic_value_dyn(ic_distinct_write(c->arena, &s));
	}
	if (ret->null)
		ic_agg_nomem(c);
}

const ic_agg_kernel ic_agg_hashes = { hashes_bytes, hashes_add, hashes_result };

/* ---- tdigest --------------------------------------------------------------------------------- */

typedef struct digest_state {
	ic_digest d;
	uint32_t room;
} digest_state;

static size_t digest_bytes(const ic_agg *agg)
{
	(void)agg;
	return (sizeof(digest_state) + 7) / 8 * 8;
}

static void put_centroid(ic_agg_ctx *c, digest_state *s, ic_centroid v)
{
	if (s->d.n == s->room && s->room >= IC_DIGEST_ROOM)
		ic_digest_settle(&s->d);
	if (s->d.n == s->room) {
		ic_centroid *more = more_room(c, s->d.centroid, &s->room, sizeof v);
		if (!more)
			return;
		s->d.centroid = more;
	}
	s->d.centroid[s->d.n++] = v;
}

static void digest_add(ic_agg_ctx *c, void *state, const ic_value *arg)
{
	ic_centroid v = { 0, 1 };
	if (c->agg->fn == IC_AGG_TDIGEST) {
		bool weighted = c->agg->n > 1;
		if (ic_agg_number(&arg[0], &v.mean) && isfinite(v.mean) &&
		    (!weighted || ic_agg_number(&arg[1], &v.weight)) && isfinite(v.weight) && v.weight > 0)
			put_centroid(c, state, v);
		return;
	}
	const ic_dyn *list = arg[0].null ? NULL : ic_digest_list(arg[0].dyn);
	for (uint32_t i = 0; list && i < list->n && c->failed == IC_OK; i++)
		if (ic_centroid_read(list->item[i], &v))
			put_centroid(c, state, v);
}

static void digest_result(ic_agg_ctx *c, const void *state, ic_value *ret)
{
	const digest_state *s = state;
	if (s->d.n == 0) {
		*ret = ic_value_null(IC_Q_DYNAMIC);
		return;
	}
	ic_digest d = { .n = s->d.n };
	d.centroid = ic_arena_alloc(c->arena, ((size_t)d.n + 1) * sizeof *d.centroid);
	*ret = ic_value_null(IC_Q_DYNAMIC);
	if (d.centroid && d.n)
		memcpy(d.centroid, s->d.centroid, d.n * sizeof *d.centroid);
	if (d.centroid) {
		ic_digest_settle(&d);
		*ret = ic_value_dyn(ic_digest_write(c->arena, &d));
	}
	if (ret->null)
		ic_agg_nomem(c);
}

const ic_agg_kernel ic_agg_digest = { digest_bytes, digest_add, digest_result };

/* ---- buildschema ------------------------------------------------------------------------------- */

enum { MEMBERS_MOST = 4096, KINDS = IC_DYN_BAG + 1 };

typedef struct shape shape;
typedef struct shape_member {
	ic_str name;
	shape *value;
} shape_member;

/* Which kinds of values there were, in the order of their first appearance. */
struct shape {
	uint8_t kind[KINDS];
	uint8_t kinds;
	shape *items; /* of arrays */
	shape_member *member;
	uint32_t members, room;
};

static size_t shape_bytes(const ic_agg *agg)
{
	(void)agg;
	return (sizeof(shape) + 7) / 8 * 8;
}

static void see(ic_agg_ctx *c, shape *s, const ic_dyn *d);

static shape *shape_new(ic_agg_ctx *c)
{
	shape *s = ic_slab_alloc(c->slab, sizeof *s);
	if (s)
		memset(s, 0, sizeof *s);
	else
		ic_agg_nomem(c);
	return s;
}

static void see_member(ic_agg_ctx *c, shape *s, const ic_dyn_member *m)
{
	uint32_t i = 0;
	while (i < s->members && !ic_str_eq(s->member[i].name, m->name))
		i++;
	if (i == MEMBERS_MOST) {
		ic_agg_limit(c, "buildschema() of bags with more than 4096 names");
		return;
	}
	if (i == s->room) {
		shape_member *more = more_room(c, s->member, &s->room, sizeof *more);
		if (!more)
			return;
		s->member = more;
	}
	if (i == s->members) {
		char *name = ic_arena_dup(&c->slab->arena, m->name.p, m->name.n);
		s->member[i] = (shape_member){ { name, m->name.n }, shape_new(c) };
		if (!name)
			ic_agg_nomem(c);
		if (!name || !s->member[i].value)
			return;
		s->members++;
	}
	see(c, s->member[i].value, m->value);
}

/* As deep as a dynamic value can be. */
static void see(ic_agg_ctx *c, shape *s, const ic_dyn *d)
{
	uint8_t i = 0;
	if (d->kind == IC_DYN_NULL)
		return;
	while (i < s->kinds && s->kind[i] != d->kind)
		i++;
	if (i == s->kinds)
		s->kind[s->kinds++] = (uint8_t)d->kind;
	if (d->kind == IC_DYN_ARRAY && !s->items && !(s->items = shape_new(c)))
		return;
	for (uint32_t k = 0; d->kind == IC_DYN_ARRAY && k < d->n && c->failed == IC_OK; k++)
		see(c, s->items, d->item[k]);
	for (uint32_t k = 0; d->kind == IC_DYN_BAG && k < d->n && c->failed == IC_OK; k++)
		see_member(c, s, &d->member[k]);
}

static void shape_add(ic_agg_ctx *c, void *state, const ic_value *arg)
{
	if (!arg[0].null)
		see(c, state, arg[0].dyn);
}

static const ic_dyn *write_shape(ic_arena *a, const shape *s);

static const ic_dyn *write_bag(ic_arena *a, const shape *s)
{
	ic_dyn_member *member = ic_arena_alloc(a, ((size_t)s->members + 1) * sizeof *member);
	for (uint32_t i = 0; member && i < s->members; i++) {
		member[i] = (ic_dyn_member){ s->member[i].name, write_shape(a, s->member[i].value) };
		if (!member[i].value)
			return NULL;
	}
	return member ? ic_dyn_bag(a, member, s->members) : NULL;
}

static const ic_dyn *write_kind(ic_arena *a, const shape *s, uint8_t kind)
{
	static const char *const names[KINDS] = {
		[IC_DYN_BOOL] = "bool",	    [IC_DYN_LONG] = "long",	    [IC_DYN_REAL] = "double",
		[IC_DYN_STRING] = "string", [IC_DYN_DATETIME] = "datetime", [IC_DYN_TIMESPAN] = "timespan",
		[IC_DYN_GUID] = "guid",	    [IC_DYN_DECIMAL] = "decimal",
	};
	if (kind == IC_DYN_BAG)
		return write_bag(a, s);
	if (kind != IC_DYN_ARRAY) {
		ic_value name = ic_value_str(ic_str_of(names[kind]));
		return ic_dyn_of(a, &name);
	}
	ic_dyn_member items = { IC_STR("indexer"), write_shape(a, s->items) };
	return items.value ? ic_dyn_bag(a, &items, 1) : NULL;
}

static const ic_dyn *write_shape(ic_arena *a, const shape *s)
{
	const ic_dyn *kind[KINDS];
	for (uint8_t i = 0; i < s->kinds; i++)
		if (!(kind[i] = write_kind(a, s, s->kind[i])))
			return NULL;
	return s->kinds == 1 ? kind[0] : s->kinds ? ic_dyn_array(a, kind, s->kinds) : &ic_dyn_null;
}

static void shape_result(ic_agg_ctx *c, const void *state, ic_value *ret)
{
	const shape *s = state;
	*ret = ic_value_null(IC_Q_DYNAMIC);
	if (!s->kinds)
		return;
	*ret = ic_value_dyn(write_shape(c->arena, s));
	if (ret->null)
		ic_agg_nomem(c);
}

const ic_agg_kernel ic_agg_shape = { shape_bytes, shape_add, shape_result };
