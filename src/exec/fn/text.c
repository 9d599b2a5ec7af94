/* SPDX-License-Identifier: Apache-2.0 */
#include "exec/fn/text.h"

#include "base/unicode.h"

ic_text ic_text_new(ic_call *c, size_t room)
{
	if (room > IC_VALUE_BYTES)
		room = IC_VALUE_BYTES;
	ic_text t = { .call = c, .p = room ? ic_arena_alloc(c->arena, room) : NULL, .room = room };
	if (room && !t.p) {
		t.room = 0;
		c->failed = IC_E_NOMEM;
	}
	return t;
}

static bool grow(ic_text *t, size_t n)
{
	if (t->call->failed)
		return false;
	if (n > IC_VALUE_BYTES - t->n) {
		ic_call_limit(t->call, "a text grew beyond 16 MiB");
		return false;
	}
	size_t room = t->room * 2 > t->n + n ? t->room * 2 : t->n + n + 16;
	char *p = ic_arena_alloc(t->call->arena, room);
	if (!p) {
		t->call->failed = IC_E_NOMEM;
		return false;
	}
	if (t->n)
		memcpy(p, t->p, t->n);
	t->p = p;
	t->room = room;
	return true;
}

void ic_text_put(ic_text *t, const char *p, size_t n)
{
	if (n == 0 || (n > t->room - t->n && !grow(t, n)))
		return;
	memcpy(t->p + t->n, p, n);
	t->n += n;
}

void ic_text_code(ic_text *t, uint32_t c)
{
	char buf[4];
	ic_text_put(t, buf, ic_utf8_write(c, buf));
}

void ic_text_number(ic_text *t, uint64_t v, unsigned digits)
{
	char buf[32];
	unsigned at = sizeof buf;
	do
		buf[--at] = (char)('0' + v % 10);
	while ((v /= 10) != 0);
	while (sizeof buf - at < digits && at > 0)
		buf[--at] = '0';
	ic_text_put(t, buf + at, sizeof buf - at);
}

ic_value ic_text_value(const ic_text *t)
{
	if (t->call->failed)
		return ic_value_null(IC_Q_STRING);
	return ic_text_borrow((ic_str){ t->p, (uint32_t)t->n });
}

ic_str ic_text_of(ic_call *c, const ic_value *v)
{
	if (v->type == IC_Q_STRING)
		return v->s;
	ic_str s = ic_value_text(c->arena, v);
	if (!s.p) {
		c->failed = IC_E_NOMEM;
		return IC_STR("");
	}
	return s;
}

const ic_dyn *ic_text_dyn(ic_call *c, ic_str s)
{
	ic_value v = ic_text_borrow(s);
	const ic_dyn *d = ic_dyn_of(c->arena, &v);
	if (!d)
		c->failed = IC_E_NOMEM;
	return d;
}

ic_value ic_text_bag(ic_call *c, const ic_str (*pair)[2], uint32_t n)
{
	ic_dyn_member *member = ic_arena_alloc(c->arena, (n + 1) * sizeof *member);
	if (!member)
		return ic_call_nomem(c);
	for (uint32_t i = 0; i < n; i++) {
		member[i].name = pair[i][0];
		member[i].value = ic_text_dyn(c, pair[i][1]);
		if (!member[i].value)
			return ic_value_null(IC_Q_DYNAMIC);
	}
	const ic_dyn *bag = ic_dyn_bag(c->arena, member, n);
	return bag ? ic_value_dyn(bag) : ic_call_nomem(c);
}

ic_value ic_text_array(ic_call *c, const ic_dyn *const *item, uint32_t n)
{
	const ic_dyn *array = ic_dyn_array(c->arena, item, n);
	return array ? ic_value_dyn(array) : ic_call_nomem(c);
}
