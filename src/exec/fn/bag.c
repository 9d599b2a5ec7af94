/* SPDX-License-Identifier: Apache-2.0 */
/* Functions on dynamic values, mostly bags. */
#include <stdlib.h>

#include "exec/fn/dynamic.h"
#include "exec/fn/text.h"

static ic_value no_value(void)
{
	return ic_value_null(IC_Q_DYNAMIC);
}

/* ---- members being collected ------------------------------------------------------------- */

typedef struct members {
	ic_call *call;
	ic_dyn_member *m;
	uint32_t n, room;
} members;

static members members_new(ic_call *c, uint32_t room)
{
	members l = { .call = c, .room = room ? room : 1 };
	l.m = ic_arena_alloc(c->arena, sizeof *l.m * l.room);
	if (!l.m)
		ic_call_nomem(c);
	return l;
}

static void add(members *l, ic_str name, const ic_dyn *value)
{
	if (l->call->failed || !value)
		return;
	if (l->n == l->room) {
		ic_dyn_member *more = ic_arena_alloc(l->call->arena, sizeof *more * l->room * 2);
		if (!more) {
			ic_call_nomem(l->call);
			return;
		}
		memcpy(more, l->m, sizeof *more * l->n);
		l->m = more;
		l->room *= 2;
	}
	l->m[l->n++] = (ic_dyn_member){ name, value };
}

static const ic_dyn *bag_of(const members *l)
{
	const ic_dyn *d = l->call->failed ? NULL : ic_dyn_bag(l->call->arena, l->m, l->n);
	if (!d)
		ic_call_nomem(l->call);
	return d;
}

/* The first of a name counts. */
static bool is_new(ic_dyn_set *names, ic_str name)
{
	const ic_dyn *d = ic_text_dyn(names->call, name);
	return d && ic_dyn_set_add(names, d);
}

/* ---- types and text ---------------------------------------------------------------------- */

static ic_value gettype_row(ic_call *c, const ic_value *arg)
{
	static const char *const kinds[] = {
		[IC_DYN_NULL] = "null",		[IC_DYN_BOOL] = "bool",	     [IC_DYN_LONG] = "long",
		[IC_DYN_REAL] = "double",	[IC_DYN_STRING] = "string",  [IC_DYN_DATETIME] = "datetime",
		[IC_DYN_TIMESPAN] = "timespan", [IC_DYN_GUID] = "guid",	     [IC_DYN_DECIMAL] = "decimal",
		[IC_DYN_ARRAY] = "array",	[IC_DYN_BAG] = "dictionary",
	};
	(void)c;
	if (arg[0].type != IC_Q_DYNAMIC)
		return ic_value_str(ic_str_of(ic_qtype_name(arg[0].type)));
	return ic_value_str(ic_str_of(arg[0].null ? "null" : kinds[arg[0].dyn->kind]));
}

static int by_name(const void *a, const void *b)
{
	const ic_dyn_member *x = a, *y = b;
	return ic_str_cmp(x->name, y->name);
}

/* The same value with the members of its bags by name. Depth is bounded by that of the value. */
static const ic_dyn *sorted(ic_call *c, const ic_dyn *d)
{
	if (d->kind == IC_DYN_ARRAY) {
		ic_items list = ic_items_new(c);
		for (uint32_t i = 0; i < d->n && !c->failed; i++)
			ic_items_add(&list, sorted(c, d->item[i]));
		return ic_items_dyn(&list);
	}
	if (d->kind != IC_DYN_BAG)
		return d;
	members l = members_new(c, d->n);
	for (uint32_t i = 0; i < d->n && !c->failed; i++)
		add(&l, d->member[i].name, sorted(c, d->member[i].value));
	if (!c->failed && l.n)
		qsort(l.m, l.n, sizeof *l.m, by_name);
	return bag_of(&l);
}

static ic_value to_json_row(ic_call *c, const ic_value *arg)
{
	if (arg[0].null)
		return ic_value_str(IC_STR(""));
	const ic_dyn *d = ic_dyn_arg(c, &arg[0]);
	d = d ? sorted(c, d) : NULL;
	if (!d)
		return ic_value_null(IC_Q_STRING);
	ic_str s = ic_dyn_text(c->arena, d);
	return s.p ? ic_value_str(s) : ic_call_nomem(c);
}

/* ---- bags ------------------------------------------------------------------------------- */

static bool is_blank(const ic_value *v)
{
	const ic_dyn *d = v->type == IC_Q_DYNAMIC && !v->null ? v->dyn : NULL;
	return v->null || (v->type == IC_Q_STRING && v->s.n == 0) || (d && d->kind == IC_DYN_NULL) ||
	       (d && d->kind == IC_DYN_STRING && d->s.n == 0);
}

/* A name given twice: its first place, its last value. */
static ic_value pack_row(ic_call *c, const ic_value *arg)
{
	uint32_t n = c->expr->call.n / 2;
	bool present_only = c->expr->call.fn == IC_FN_BAG_PACK_PRESENT;
	members l = members_new(c, n);
	for (uint32_t i = 0; i < n; i++) {
		if (present_only && is_blank(&arg[2 * i + 1]))
			continue;
		const ic_dyn *v = ic_dyn_arg(c, &arg[2 * i + 1]);
		ic_str name = arg[2 * i].s;
		uint32_t k = 0;
		while (k < l.n && !ic_str_eq(l.m[k].name, name))
			k++;
		if (k < l.n && v)
			l.m[k].value = v;
		else
			add(&l, name, v);
	}
	return ic_value_dyn(bag_of(&l));
}

static ic_value keys_row(ic_call *c, const ic_value *arg)
{
	const ic_dyn *bag = ic_arg_bag(&arg[0]);
	ic_items list = ic_items_new(c);
	if (!bag)
		return no_value();
	for (uint32_t i = 0; i < bag->n; i++)
		ic_items_add(&list, ic_text_dyn(c, bag->member[i].name));
	return ic_items_value(&list);
}

static ic_value merge_row(ic_call *c, const ic_value *arg)
{
	uint64_t room = 0;
	bool any = false;
	for (uint32_t i = 0; i < c->expr->call.n; i++)
		if (ic_arg_bag(&arg[i])) {
			room += arg[i].dyn->n;
			any = true;
		}
	if (!any)
		return no_value();
	if (room > IC_ITEMS_MOST)
		return ic_call_limit(c, "a bag would have more than 1,048,576 members");
	members l = members_new(c, (uint32_t)room);
	ic_dyn_set names = ic_dyn_set_new(c, (uint32_t)room);
	for (uint32_t i = 0; i < c->expr->call.n; i++) {
		const ic_dyn *bag = ic_arg_bag(&arg[i]);
		for (uint32_t k = 0; bag && k < bag->n; k++)
			if (is_new(&names, bag->member[k].name))
				add(&l, bag->member[k].name, bag->member[k].value);
	}
	return ic_value_dyn(bag_of(&l));
}

static ic_value bag_zip_row(ic_call *c, const ic_value *arg)
{
	const ic_dyn *key = ic_arg_array(&arg[0]), *value = ic_arg_array(&arg[1]);
	if (!key)
		return no_value();
	members l = members_new(c, key->n);
	ic_dyn_set names = ic_dyn_set_new(c, key->n);
	for (uint32_t i = 0; i < key->n; i++)
		if (key->item[i]->kind == IC_DYN_STRING && is_new(&names, key->item[i]->s))
			add(&l, key->item[i]->s, value && i < value->n ? value->item[i] : &ic_dyn_null);
	return ic_value_dyn(bag_of(&l));
}

/* ---- paths ------------------------------------------------------------------------------ */

/* "$.a.b" and "$['a'].b": takes the next name off; false at the end. Anything without "$" is one name. */
static bool next_name(ic_str *path, ic_str *name)
{
	if (path->n == 0)
		return false;
	if (path->n > 3 && path->p[0] == '[' && (path->p[1] == '\'' || path->p[1] == '"')) {
		char quote = path->p[1];
		uint32_t end = 2;
		while (end < path->n && path->p[end] != quote)
			end++;
		*name = (ic_str){ path->p + 2, end - 2 };
		end += end + 1 < path->n ? 2 : path->n - end;
		*path = (ic_str){ path->p + end, path->n - end };
		return true;
	}
	uint32_t start = path->p[0] == '.', end = start;
	while (end < path->n && path->p[end] != '.' && path->p[end] != '[')
		end++;
	*name = (ic_str){ path->p + start, end - start };
	*path = (ic_str){ path->p + end, path->n - end };
	return true;
}

static bool is_path(ic_str s)
{
	return s.n > 2 && s.p[0] == '$' && (s.p[1] == '.' || s.p[1] == '[');
}

/* The first name of a key, what follows it in *rest. */
static ic_str first_name(ic_str key, ic_str *rest)
{
	ic_str name = key;
	*rest = (ic_str){ "", 0 };
	if (is_path(key)) {
		*rest = (ic_str){ key.p + 1, key.n - 1 };
		next_name(rest, &name);
	}
	return name;
}

static ic_value has_key_row(ic_call *c, const ic_value *arg)
{
	ic_str rest, name = first_name(arg[1].s, &rest);
	const ic_dyn *d = ic_arg_bag(&arg[0]);
	(void)c;
	for (d = d ? ic_dyn_member_of(d, name) : NULL; d && next_name(&rest, &name);)
		d = ic_dyn_member_of(d, name);
	return ic_value_bool(d != NULL);
}

enum { PATH_MOST = 100 }; /* names of one path */

/* The bag without what is at name and rest. */
static const ic_dyn *without(ic_call *c, const ic_dyn *bag, ic_str name, ic_str rest, unsigned depth)
{
	if (bag->kind != IC_DYN_BAG || depth == 0 || !ic_dyn_member_of(bag, name))
		return bag;
	members l = members_new(c, bag->n);
	for (uint32_t i = 0; i < bag->n && !c->failed; i++) {
		const ic_dyn_member *m = &bag->member[i];
		ic_str deeper = rest, next;
		if (!ic_str_eq(m->name, name))
			add(&l, m->name, m->value);
		else if (next_name(&deeper, &next))
			add(&l, m->name, without(c, m->value, next, deeper, depth - 1));
	}
	return bag_of(&l);
}

static ic_value remove_keys_row(ic_call *c, const ic_value *arg)
{
	const ic_dyn *bag = ic_arg_bag(&arg[0]), *keys = ic_arg_array(&arg[1]);
	if (!bag || !keys)
		return no_value();
	for (uint32_t i = 0; i < keys->n && bag && !c->failed; i++) {
		ic_str rest, name;
		if (keys->item[i]->kind != IC_DYN_STRING)
			continue;
		name = first_name(keys->item[i]->s, &rest);
		bag = without(c, bag, name, rest, PATH_MOST);
	}
	return ic_value_dyn(c->failed ? NULL : bag);
}

/* The bag with value at name and rest; what is no bag on the way becomes one. */
static const ic_dyn *with(ic_call *c, const ic_dyn *bag, ic_str name, ic_str rest, const ic_dyn *value,
			  unsigned depth)
{
	uint32_t n = bag->kind == IC_DYN_BAG ? bag->n : 0;
	ic_str next;
	const ic_dyn *old = ic_dyn_member_of(bag, name);
	if (depth == 0)
		return bag;
	if (next_name(&rest, &next))
		value = with(c, old ? old : &ic_dyn_null, next, rest, value, depth - 1);
	members l = members_new(c, n + 1);
	for (uint32_t i = 0; i < n; i++)
		add(&l, bag->member[i].name,
		    ic_str_eq(bag->member[i].name, name) ? value : bag->member[i].value);
	if (!old)
		add(&l, name, value);
	return bag_of(&l);
}

static ic_value set_key_row(ic_call *c, const ic_value *arg)
{
	const ic_dyn *bag = ic_arg_bag(&arg[0]), *value = ic_dyn_arg(c, &arg[2]);
	if (!bag || !value)
		return no_value();
	ic_str rest, name = first_name(arg[1].s, &rest);
	return ic_value_dyn(with(c, bag, name, rest, value, PATH_MOST));
}

static void add_paths(ic_items *list, const ic_dyn *d, ic_str before)
{
	bool bag = d->kind == IC_DYN_BAG;
	if (!bag && d->kind != IC_DYN_ARRAY)
		return;
	for (uint32_t i = 0; i < d->n && !list->call->failed; i++) {
		ic_text t = ic_text_new(list->call, before.n + (bag ? d->member[i].name.n + 4 : 12));
		ic_text_str(&t, before);
		ic_text_put(&t, bag ? "['" : "[", bag ? 2 : 1);
		if (bag)
			ic_text_str(&t, d->member[i].name);
		else
			ic_text_number(&t, i, 1);
		ic_text_put(&t, bag ? "']" : "]", bag ? 2 : 1);
		ic_str path = ic_text_value(&t).s;
		ic_items_add(list, ic_text_dyn(list->call, path));
		add_paths(list, bag ? d->member[i].value : d->item[i], path);
	}
}

static ic_value treepath_row(ic_call *c, const ic_value *arg)
{
	ic_items list = ic_items_new(c);
	if (arg[0].null)
		return no_value();
	add_paths(&list, arg[0].dyn, IC_STR(""));
	return ic_items_value(&list);
}

/* ---- several values side by side ----------------------------------------------------------- */

static ic_value zip_row(ic_call *c, const ic_value *arg)
{
	uint32_t longest = 0;
	ic_items rows = ic_items_new(c);
	for (uint32_t k = 0; k < c->expr->call.n; k++) {
		if (!ic_arg_array(&arg[k]))
			return no_value();
		if (arg[k].dyn->n > longest)
			longest = arg[k].dyn->n;
	}
	for (uint32_t i = 0; i < longest && !c->failed; i++) {
		ic_items one = ic_items_new(c);
		for (uint32_t k = 0; k < c->expr->call.n; k++)
			ic_items_add(&one, i < arg[k].dyn->n ? arg[k].dyn->item[i] : &ic_dyn_null);
		ic_items_add(&rows, ic_items_dyn(&one));
	}
	return ic_items_value(&rows);
}

static const ic_kernel_entry entries[] = {
	{ IC_FN_GETTYPE, { .row = gettype_row } },     { IC_FN_DYNAMIC_TO_JSON, { .row = to_json_row } },
	{ IC_FN_BAG_PACK, { .row = pack_row } },       { IC_FN_BAG_PACK_PRESENT, { .row = pack_row } },
	{ IC_FN_BAG_KEYS, { .row = keys_row } },       { IC_FN_BAG_HAS_KEY, { .row = has_key_row } },
	{ IC_FN_BAG_MERGE, { .row = merge_row } },     { IC_FN_BAG_REMOVE_KEYS, { .row = remove_keys_row } },
	{ IC_FN_BAG_SET_KEY, { .row = set_key_row } }, { IC_FN_BAG_ZIP, { .row = bag_zip_row } },
	{ IC_FN_TREEPATH, { .row = treepath_row } },   { IC_FN_ZIP, { .row = zip_row } },
};
IC_KERNELS(dynamic, entries);
