/* SPDX-License-Identifier: Apache-2.0 */
#include "exec/fn/dynamic.h"

#include "base/hash.h"

void ic_items_add(ic_items *l, const ic_dyn *d)
{
	if (l->call->failed)
		return;
	if (!d) {
		ic_call_nomem(l->call);
		return;
	}
	if (l->n == l->room) {
		uint32_t room = l->room ? l->room * 2 : 8;
		if (l->n == IC_ITEMS_MOST) {
			ic_call_limit(l->call, "an array would have more than 1,048,576 items");
			return;
		}
		const ic_dyn **more = ic_arena_alloc(l->call->arena, sizeof *more * room);
		if (!more) {
			ic_call_nomem(l->call);
			return;
		}
		if (l->n)
			memcpy(more, l->item, sizeof *more * l->n);
		l->item = more;
		l->room = room;
	}
	l->item[l->n++] = d;
}

void ic_items_add_all(ic_items *l, const ic_dyn *array)
{
	for (uint32_t i = 0; i < array->n; i++)
		ic_items_add(l, array->item[i]);
}

const ic_dyn *ic_items_dyn(const ic_items *l)
{
	if (l->call->failed)
		return NULL;
	const ic_dyn *d = ic_dyn_array(l->call->arena, l->item, l->n);
	if (!d)
		ic_call_nomem(l->call);
	return d;
}

ic_value ic_items_value(const ic_items *l)
{
	return ic_value_dyn(ic_items_dyn(l));
}

bool ic_dyn_number(const ic_dyn *d, double *ret)
{
	switch (d->kind) {
	case IC_DYN_BOOL: *ret = d->b; return true;
	case IC_DYN_LONG: *ret = (double)d->i; return true;
	case IC_DYN_REAL: *ret = d->d; return true;
	case IC_DYN_DECIMAL: *ret = ic_decimal_real(d->decimal); return true;
	default: return false;
	}
}

const ic_dyn *ic_dyn_arg(ic_call *c, const ic_value *v)
{
	const ic_dyn *d = ic_dyn_of(c->arena, v);
	if (!d)
		ic_call_nomem(c);
	return d;
}

const ic_dyn *ic_dyn_long(ic_call *c, int64_t v)
{
	return ic_dyn_arg(c, &(ic_value){ .type = IC_Q_LONG, .i = v });
}

const ic_dyn *ic_dyn_real(ic_call *c, double v)
{
	return ic_dyn_arg(c, &(ic_value){ .type = IC_Q_REAL, .d = v });
}

const ic_dyn *ic_dyn_bool(ic_call *c, bool v)
{
	return ic_dyn_arg(c, &(ic_value){ .type = IC_Q_BOOL, .b = v });
}

/* ---- sets ---------------------------------------------------------------------------- */

ic_dyn_set ic_dyn_set_new(ic_call *c, uint32_t room)
{
	ic_dyn_set s = { .call = c, .slots = 16 };
	while (s.slots / 2 < room && s.slots < UINT32_MAX / 2)
		s.slots *= 2;
	s.slot = ic_arena_alloc(c->arena, sizeof *s.slot * s.slots);
	if (s.slot)
		memset(s.slot, 0, sizeof *s.slot * s.slots);
	else
		ic_call_nomem(c);
	return s;
}

static uint32_t find(const ic_dyn_set *s, const ic_dyn *d)
{
	uint32_t i = (uint32_t)ic_dyn_hash(d, ic_hash_seed()) & (s->slots - 1);
	while (s->slot[i] && !ic_dyn_equal(s->slot[i], d))
		i = (i + 1) & (s->slots - 1);
	return i;
}

bool ic_dyn_set_has(const ic_dyn_set *s, const ic_dyn *d)
{
	return !s->call->failed && s->slot[find(s, d)] != NULL;
}

bool ic_dyn_set_add(ic_dyn_set *s, const ic_dyn *d)
{
	if (s->call->failed)
		return false;
	uint32_t i = find(s, d);
	if (s->slot[i] || s->used * 2 > s->slots)
		return false;
	s->slot[i] = d;
	s->used++;
	return true;
}
