/* SPDX-License-Identifier: Apache-2.0 */
/* evaluate, invoke, toscalar: what has to see rows before the rest can be bound. */
#include "lang/kql/bind.h"

#include <stdio.h>

/* ---- toscalar */

ic_expr *ic_bind_toscalar(ic_binder *b, const ic_bind_scope *s, const ic_kql_expr *e)
{
	ic_rel rel;
	ic_op *rows;
	if (e->call.args != 1)
		return ic_bind_fail(b, IC_DIAG_TYPE, e->at, e->length, "toscalar() takes one table");
	const ic_kql_expr *a = e->call.arg[0].expr;
	if (!ic_bind_is_table(b, s->names, a) && b->status == IC_OK && a->kind != IC_KE_PIPE) {
		/* a column of the rows around it has no single value, the key of a partition may have its name */
		const ic_bind_name *n = a->kind == IC_KE_NAME ? ic_bind_find(s->names, a->name.text) : NULL;
		const ic_bind_scope outer = { .names = s->names, .base = s->base };
		return ic_bind_expr(b, n && n->kind == IC_BIND_VALUE ? &outer : s, a);
	}
	if (!ic_bind_table(b, s->names, a, &rel))
		return NULL;
	if (rel.op->out.n == 0 && !rel.open)
		return ic_bind_fail(b, IC_DIAG_TYPE, a->at, a->length, "the table has no column");
	ic_qtype type = rel.op->out.n ? rel.op->out.column[0].type : IC_Q_DYNAMIC;
	if (!ic_bind_run(b, rel.op, true, &rows))
		return NULL;
	if (rows && rows->values.rows && rows->out.n)
		return ic_bind_const(b, e->at, rows->values.value[0]);
	return ic_bind_const(b, e->at, ic_value_null(type));
}

/* ---- arguments of plugins */

const ic_kql_expr *ic_bind_plugin_argument(const ic_bind_plugin *p, const char *name, uint32_t place)
{
	const ic_kql_expr *c = p->call;
	for (uint32_t i = 0; i < c->call.args; i++)
		if (c->call.arg[i].name.text.p && ic_str_ieq(c->call.arg[i].name.text, ic_str_of(name)))
			return c->call.arg[i].expr;
	return place < c->call.args && !c->call.arg[place].name.text.p ? c->call.arg[place].expr : NULL;
}

static bool plugin_text(ic_binder *b, const ic_bind_plugin *p, const char *name, uint32_t place, ic_str *ret)
{
	ic_bind_scope s = { .names = p->names };
	const ic_kql_expr *e = ic_bind_plugin_argument(p, name, place);
	ic_value v;
	*ret = (ic_str){ "", 0 };
	if (!e)
		return true;
	if (!ic_bind_value(b, ic_bind_expr(b, &s, e), IC_Q_STRING, name, &v))
		return false;
	*ret = v.s;
	return true;
}

bool ic_bind_plugin_usage(ic_binder *b, const ic_bind_plugin *p)
{
	ic_bind_fail(b, IC_DIAG_TYPE, p->call->at, p->call->length, "it is used as %s", p->plugin->usage);
	return false;
}

bool ic_bind_run_input(ic_binder *b, ic_rel *r, ic_op **rows)
{
	if (!ic_bind_run(b, r->op, true, rows))
		return false;
	if (*rows)
		*r = (ic_rel){ .op = *rows, .serialized = r->serialized };
	return true;
}

/* ---- bag_unpack */

typedef struct member_type {
	ic_str name;
	ic_qtype type; /* IC_Q_NULL: only nulls so far */
} member_type;

typedef struct member_list {
	member_type *item;
	uint32_t n, room;
} member_list;

static ic_qtype dyn_type(const ic_dyn *d)
{
	switch (d->kind) {
	case IC_DYN_NULL: return IC_Q_NULL;
	case IC_DYN_BOOL: return IC_Q_BOOL;
	case IC_DYN_LONG: return IC_Q_LONG;
	case IC_DYN_REAL: return IC_Q_REAL;
	case IC_DYN_STRING: return IC_Q_STRING;
	case IC_DYN_DATETIME: return IC_Q_DATETIME;
	case IC_DYN_TIMESPAN: return IC_Q_TIMESPAN;
	case IC_DYN_GUID: return IC_Q_GUID;
	case IC_DYN_DECIMAL: return IC_Q_DECIMAL;
	default: return IC_Q_DYNAMIC;
	}
}

static bool ignored(const ic_value *list, ic_str name)
{
	if (list->null || list->type != IC_Q_DYNAMIC || list->dyn->kind != IC_DYN_ARRAY)
		return false;
	for (uint32_t i = 0; i < list->dyn->n; i++)
		if (list->dyn->item[i]->kind == IC_DYN_STRING && ic_str_eq(list->dyn->item[i]->s, name))
			return true;
	return false;
}

/* Keeps the list in order of names; a member seen with two types is dynamic. */
static bool see_member(ic_binder *b, member_list *l, ic_str name, ic_qtype type, ic_place at)
{
	uint32_t low = 0, high = l->n;
	while (low < high) {
		uint32_t mid = low + (high - low) / 2;
		int c = ic_str_cmp(l->item[mid].name, name);
		if (c == 0) {
			ic_qtype *t = &l->item[mid].type;
			if (type == IC_Q_NULL || *t == type)
				return true;
			bool numbers =
			    (*t == IC_Q_LONG && type == IC_Q_REAL) || (*t == IC_Q_REAL && type == IC_Q_LONG);
			*t = *t == IC_Q_NULL ? type : numbers ? IC_Q_REAL : IC_Q_DYNAMIC;
			return true;
		}
		if (c < 0)
			low = mid + 1;
		else
			high = mid;
	}
	if (l->n >= IC_MAX_COLUMNS) {
		ic_bind_fail(b, IC_DIAG_LIMIT, at, 1, "more than %d columns", IC_MAX_COLUMNS);
		return false;
	}
	l->item = ic_bind_grow(b, l->item, l->n, &l->room, sizeof *l->item);
	if (!l->item)
		return false;
	memmove(l->item + low + 1, l->item + low, (l->n - low) * sizeof *l->item);
	l->item[low] = (member_type){ name, type };
	l->n++;
	return true;
}

static bool see_members(ic_binder *b, const ic_op *rows, uint32_t column, const ic_value *leave_out,
			ic_place at, member_list *ret)
{
	for (uint64_t i = 0; i < rows->values.rows; i++) {
		ic_value v = rows->values.value[i * rows->out.n + column];
		if (v.null || v.dyn->kind != IC_DYN_BAG)
			continue;
		for (uint32_t k = 0; k < v.dyn->n; k++) {
			const ic_dyn_member *m = &v.dyn->member[k];
			if (!ignored(leave_out, m->name) &&
			    !see_member(b, ret, m->name, dyn_type(m->value), at))
				return false;
		}
	}
	return true;
}

static ic_expr *member_of(ic_binder *b, ic_place at, const ic_op *in, uint32_t column, ic_str name,
			  ic_qtype type)
{
	ic_expr *bag = ic_bind_column_at(b, at, &in->out, column);
	ic_expr *key = bag ? ic_bind_const(b, at, ic_value_str(name)) : NULL;
	ic_expr *m = ic_bind_call2(b, at, IC_FN_MEMBER, IC_Q_DYNAMIC, bag, key);
	return type == IC_Q_NULL || type == IC_Q_DYNAMIC ? m : ic_bind_to(b, m, type);
}

/* `: (a:string, ...)` says what comes out. */
static bool unpack_typed(ic_binder *b, const ic_bind_plugin *p, uint32_t column, ic_str prefix, ic_rel *r)
{
	const ic_kql_op *o = p->o;
	ic_bind_cols c = { 0 };
	const ic_op *in = r->op;
	for (uint32_t i = 0; o->evaluate.star && i < in->out.n; i++)
		if (i != column && !ic_bind_cols_add(b, &c, in->out.column[i].name,
						     ic_bind_column_at(b, o->at, &in->out, i)))
			return false;
	for (uint32_t i = 0; i < o->evaluate.columns.n; i++) {
		const ic_kql_column *k = &o->evaluate.columns.column[i];
		ic_str name = k->name.text;
		int32_t own = ic_bind_column(&in->out, name);
		ic_expr *e;
		if (own >= 0 && (uint32_t)own != column) {
			e = ic_bind_to(b, ic_bind_column_at(b, o->at, &in->out, (uint32_t)own), k->type);
		} else {
			ic_str inside = name;
			if (prefix.n && name.n > prefix.n && memcmp(name.p, prefix.p, prefix.n) == 0)
				inside = (ic_str){ name.p + prefix.n, name.n - prefix.n };
			e = member_of(b, o->at, in, column, inside, k->type);
		}
		if (!ic_bind_cols_add(b, &c, name, e))
			return false;
	}
	return ic_bind_cols_project(b, &c, o, false, r);
}

static bool unpack_members(ic_binder *b, const ic_bind_plugin *p, uint32_t column, ic_str prefix,
			   ic_str conflict, const member_list *l, ic_rel *r)
{
	const ic_kql_op *o = p->o;
	const ic_op *in = r->op;
	ic_bind_cols c = { 0 };
	bool *placed = ic_bind_alloc(b, l->n, sizeof *placed);
	ic_str *name = ic_bind_alloc(b, l->n, sizeof *name);
	if (!placed || !name)
		return false;
	for (uint32_t k = 0; k < l->n; k++)
		name[k] = prefix.n ? ic_bind_join_text(b, prefix, "", l->item[k].name) : l->item[k].name;
	for (uint32_t i = 0; i < in->out.n && b->status == IC_OK; i++) {
		uint32_t k = 0;
		while (k < l->n && !ic_str_eq(name[k], in->out.column[i].name))
			k++;
		bool own = i == column, keep = ic_str_eq(conflict, IC_STR("keep_source"));
		if (k < l->n && !own && !keep && !ic_str_eq(conflict, IC_STR("replace_source"))) {
			ic_bind_fail(b, IC_DIAG_NAME, p->call->at, p->call->length,
				     "bag_unpack: there is a column '%.*s' already", IC_BIND_NAME(name[k]));
			if (b->status == IC_E_USAGE)
				ic_diag_hint(b->diag, "a prefix, or columnsConflict='keep_source' or "
						      "'replace_source', tells which one to take");
			return false;
		}
		if (k < l->n)
			placed[k] = true;
		if (k < l->n && (own || !keep)) {
			if (!ic_bind_cols_add(
				b, &c, name[k],
				member_of(b, o->at, in, column, l->item[k].name, l->item[k].type)))
				return false;
		} else if (!own && !ic_bind_cols_add(b, &c, in->out.column[i].name,
						     ic_bind_column_at(b, o->at, &in->out, i))) {
			return false;
		}
	}
	for (uint32_t k = 0; k < l->n; k++)
		if (!placed[k] &&
		    !ic_bind_cols_add(b, &c, name[k],
				      member_of(b, o->at, in, column, l->item[k].name, l->item[k].type)))
			return false;
	return ic_bind_cols_project(b, &c, o, false, r);
}

/* The columns that are left of the input while the others are not known. */
static bool open_without(ic_binder *b, const ic_kql_op *o, uint32_t column, ic_rel *r)
{
	ic_bind_cols c = { 0 };
	for (uint32_t i = 0; i < r->op->out.n; i++)
		if (i != column && !ic_bind_cols_add(b, &c, r->op->out.column[i].name,
						     ic_bind_column_at(b, o->at, &r->op->out, i)))
			return false;
	b->plan->open = r->open = true;
	return ic_bind_cols_project(b, &c, o, false, r);
}

static bool bag_unpack(ic_binder *b, const ic_bind_plugin *p, ic_rel *r)
{
	const ic_kql_expr *bag = ic_bind_plugin_argument(p, "column", 0);
	ic_str prefix, conflict;
	ic_value leave_out = ic_value_null(IC_Q_DYNAMIC);
	member_list l = { 0 };
	ic_op *rows;
	if (!bag)
		return ic_bind_plugin_usage(b, p);
	if (!plugin_text(b, p, "OutputColumnPrefix", 1, &prefix) ||
	    !plugin_text(b, p, "columnsConflict", 2, &conflict))
		return false;
	const ic_kql_expr *leave = ic_bind_plugin_argument(p, "ignoredProperties", 3);
	ic_bind_scope outer = { .names = p->names }, s = { .names = p->names, .row = r, .base = r->op };
	if (leave &&
	    !ic_bind_value(b, ic_bind_expr(b, &outer, leave), IC_Q_DYNAMIC, "ignoredProperties", &leave_out))
		return false;
	int32_t column =
	    r->open && ic_bind_column(&r->op->out, ic_bind_path(b, bag)) < 0 ? 0 : ic_bind_named(b, &s, bag);
	if (r->open && r->op->out.n == 0)
		return true;
	if (column < 0)
		return false;
	if (r->op->out.column[column].type != IC_Q_DYNAMIC && !r->open)
		return ic_bind_plugin_usage(b, p);
	if (p->o->evaluate.typed)
		return unpack_typed(b, p, (uint32_t)column, prefix, r);
	if (!ic_bind_run_input(b, r, &rows))
		return false;
	if (!rows)
		return open_without(b, p->o, (uint32_t)column, r);
	return see_members(b, rows, (uint32_t)column, &leave_out, p->call->at, &l) &&
	       unpack_members(b, p, (uint32_t)column, prefix, conflict, &l, r);
}

/* ---- pivot */

/* Marks the columns that an expression reads. */
static void mark_columns(const ic_expr *e, bool *used)
{
	if (e->kind == IC_X_COLUMN)
		used[e->column] = true;
	for (uint32_t i = 0; e->kind == IC_X_CALL && i < e->call.n; i++)
		mark_columns(e->call.arg[i], used);
}

/* The aggregate in each of the groups and for each of the pivot's values. */
static ic_op *pivot_groups(ic_binder *b, const ic_bind_plugin *p, const ic_rel *r, uint32_t column,
			   const ic_kql_expr *agg)
{
	const ic_schema *in = &r->op->out;
	ic_bind_aggs a = { 0 };
	ic_bind_scope s = { .names = p->names, .row = r, .base = r->op, .aggs = &a };
	ic_kql_expr count = { .kind = IC_KE_CALL,
			      .at = p->call->at,
			      .length = p->call->length,
			      .call = { .name = { IC_STR("count"), p->call->at, 1 } } };
	bool *used = ic_bind_alloc(b, in->n, sizeof *used);
	if (!used || !ic_bind_expr(b, &s, agg ? agg : &count) || a.n != 1) {
		ic_bind_fail(b, IC_DIAG_TYPE, p->call->at, p->call->length, "pivot() takes one aggregate");
		return NULL;
	}
	for (uint32_t i = 0; i < a.agg[0].n; i++)
		mark_columns(a.agg[0].arg[i], used);
	used[column] = true;
	bool listed = p->call->call.args > 2;
	for (uint32_t i = 0; listed && i < in->n; i++)
		used[i] = true;
	for (uint32_t i = 2; i < p->call->call.args; i++) {
		int32_t k = ic_bind_named(b, &s, p->call->call.arg[i].expr);
		if (k < 0)
			return NULL;
		used[k] = false;
	}
	ic_bind_cols keys = { 0 };
	for (uint32_t i = 0; i < in->n; i++)
		if (!used[i] &&
		    !ic_bind_cols_add(b, &keys, in->column[i].name, ic_bind_column_at(b, p->call->at, in, i)))
			return NULL;
	ic_expr *value = ic_bind_to(b, ic_bind_column_at(b, p->call->at, in, column), IC_Q_STRING);
	if (!ic_bind_cols_add(b, &keys, in->column[column].name, value))
		return NULL;
	ic_op *op = ic_bind_op(b, IC_OP_SUMMARIZE, p->o, r->op);
	ic_qcolumn *out = op ? ic_bind_alloc(b, (size_t)keys.n + 1, sizeof *out) : NULL;
	if (!out)
		return NULL;
	memcpy(out, keys.column, keys.n * sizeof *out);
	out[keys.n] = a.column[0];
	op->out = (ic_schema){ out, keys.n + 1 };
	op->ordered = false;
	op->summarize.key = keys.expr;
	op->summarize.keys = keys.n;
	op->summarize.agg = a.agg;
	op->summarize.aggs = 1;
	return op;
}

/* One column for a value of the pivot: the aggregate of the row that has it. */
static bool pivot_column(ic_binder *b, const ic_bind_plugin *p, const ic_op *groups, ic_str value,
			 ic_agg *agg, ic_qcolumn *column)
{
	uint32_t last = groups->out.n - 1;
	ic_place at = p->call->at;
	ic_expr **arg = ic_bind_alloc(b, 2, sizeof(ic_expr *));
	if (!arg)
		return false;
	ic_expr *name = ic_bind_column_at(b, at, &groups->out, last - 1);
	ic_expr *wanted = name ? ic_bind_const(b, at, ic_value_str(value)) : NULL;
	arg[0] = wanted ? ic_bind_column_at(b, at, &groups->out, last) : NULL;
	arg[1] = ic_bind_call2(b, at, IC_FN_EQ, IC_Q_BOOL, name, wanted);
	if (!arg[0] || !arg[1])
		return false;
	ic_qtype type = groups->out.column[last].type;
	bool number = ic_qtype_is_number(type);
	/* what a group has nothing of counts as 0 */
	const char *fn = number ? "sumif" : "take_anyif";
	*agg = (ic_agg){ .fn = (ic_agg_id)ic_aggregate_find(ic_str_of(fn), IC_FN_KQL),
			 .n = 2,
			 .arg = arg,
			 .at = at,
			 .columns = 1,
			 .type = type == IC_Q_INT ? IC_Q_LONG : type };
	*column = (ic_qcolumn){ value, agg->type };
	return true;
}

static bool pivot_values(ic_binder *b, const ic_bind_plugin *p, ic_op *groups, ic_rel *r)
{
	uint32_t keys = groups->out.n - 2;
	ic_rel rel = { .op = groups };
	ic_op *rows;
	member_list l = { 0 };
	if (!ic_bind_run_input(b, &rel, &rows))
		return false;
	for (uint64_t i = 0; i < rows->values.rows; i++) {
		ic_value v = rows->values.value[i * rows->out.n + keys];
		if (!see_member(b, &l, v.null ? IC_STR("") : v.s, IC_Q_STRING, p->call->at))
			return false;
	}
	ic_op *op = ic_bind_op(b, IC_OP_SUMMARIZE, p->o, rows);
	ic_qcolumn *column = op ? ic_bind_alloc(b, (size_t)keys + l.n, sizeof *column) : NULL;
	ic_expr **key = ic_bind_alloc(b, keys, sizeof(ic_expr *));
	ic_agg *agg = ic_bind_alloc(b, l.n, sizeof *agg);
	if (!column || !key || !agg)
		return false;
	for (uint32_t i = 0; i < keys; i++) {
		column[i] = rows->out.column[i];
		if (!(key[i] = ic_bind_column_at(b, p->call->at, &rows->out, i)))
			return false;
	}
	for (uint32_t i = 0; i < l.n; i++) {
		if (!pivot_column(b, p, rows, l.item[i].name, &agg[i], &column[keys + i]))
			return false;
		column[keys + i].name = ic_bind_unique(b, column, keys + i, column[keys + i].name);
	}
	op->out = (ic_schema){ column, keys + l.n };
	op->ordered = false;
	op->summarize.key = key;
	op->summarize.keys = keys;
	op->summarize.agg = agg;
	op->summarize.aggs = l.n;
	*r = (ic_rel){ .op = op };
	return true;
}

static bool pivot(ic_binder *b, const ic_bind_plugin *p, ic_rel *r)
{
	const ic_kql_expr *by = ic_bind_plugin_argument(p, "pivotColumn", 0);
	ic_bind_scope s = { .names = p->names, .row = r, .base = r->op };
	if (!by)
		return ic_bind_plugin_usage(b, p);
	if (r->open)
		return true;
	int32_t column = ic_bind_named(b, &s, by);
	ic_op *groups =
	    column < 0 ? NULL
		       : pivot_groups(b, p, r, (uint32_t)column, ic_bind_plugin_argument(p, "aggregate", 1));
	if (!groups)
		return false;
	if (!b->checking)
		return pivot_values(b, p, groups, r);
	*r = (ic_rel){ .op = groups };
	return open_without(b, p->o, groups->out.n - 2, r);
}

/* ---- dcount_intersect */

/* evaluate dcount_intersect(a, b, c): s0 of a, s1 of what a and b have both, and so on. */
static bool dcount_intersect(ic_binder *b, const ic_bind_plugin *p, ic_rel *r)
{
	uint32_t n = p->call->call.args;
	ic_bind_scope s = { .names = p->names, .row = r, .base = r->op };
	ic_expr **arg = ic_bind_alloc(b, n, sizeof(ic_expr *));
	ic_bind_cols c = { 0 };
	if (n == 0 || n > 100)
		return ic_bind_plugin_usage(b, p);
	for (uint32_t i = 0; arg && i < n; i++) {
		ic_str number = { NULL, 0 };
		arg[i] = ic_bind_expr(b, &s, p->call->call.arg[i].expr);
		if (arg[i])
			arg[i] = ic_bind_fit(b, arg[i], 'd', "dcount_intersect", i + 1);
		char text[12];
		int length = snprintf(text, sizeof text, "s%u", i);
		number = (ic_str){ ic_arena_dup(&b->plan->arena, text, (size_t)length), (uint32_t)length };
		if (!arg[i] || !number.p ||
		    !ic_bind_cols_add(b, &c, number,
				      ic_bind_call(b, p->call->at, IC_FN_HLL_SHARED, IC_Q_LONG, i + 1, arg)))
			return arg[i] && !number.p ? ic_bind_nomem(b) : false;
	}
	return arg && ic_bind_cols_project(b, &c, p->o, false, r);
}

static const ic_bind_evaluated own[] = {
	{ "bag_unpack",
	  "bag_unpack(column [, prefix] [, columnsConflict = 'keep_source'] [, ignoredProperties = names]) "
	  "[: (name: type...)]",
	  bag_unpack, NULL },
	{ "pivot", "pivot(column [, aggregate [, columns...]])", pivot, NULL },
	{ "dcount_intersect", "dcount_intersect(sketch, sketch...), at most 100 that hll() made",
	  dcount_intersect, NULL },
	{ 0 },
};

const ic_bind_evaluated *ic_bind_plugin_at(size_t i)
{
	static const ic_bind_evaluated *const families[] = { own, ic_bind_lookups, ic_bind_library };
	for (size_t f = 0; f < sizeof families / sizeof *families; f++)
		for (const ic_bind_evaluated *e = families[f]; e->name; e++)
			if (i-- == 0)
				return e;
	return NULL;
}

bool ic_bind_evaluate(ic_binder *b, const ic_bind_name *names, const ic_kql_op *o, ic_rel *r)
{
	ic_bind_plugin p = { .o = o, .call = o->evaluate.call, .names = names };
	ic_str name = p.call->call.name.text;
	for (size_t i = 0; (p.plugin = ic_bind_plugin_at(i)); i++)
		if (ic_str_eq(name, ic_str_of(p.plugin->name)))
			return p.plugin->bind(b, &p, r);
	ic_bind_fail(b, IC_DIAG_UNSUPPORTED, p.call->at, p.call->length, "evaluate %.*s() is not supported",
		     IC_BIND_NAME(name));
	ic_diag_hint(b->diag, "%s", "--help kql lists the plugins that are");
	return false;
}

/* ---- invoke */

/* FileProfile asks a service of Microsoft about a file; here its columns are null. */
static bool file_profile(ic_binder *b, const ic_kql_op *o, ic_rel *r)
{
	static const struct {
		const char *name;
		ic_qtype type;
	} added[] = {
		{ "SHA1", IC_Q_STRING },
		{ "SHA256", IC_Q_STRING },
		{ "MD5", IC_Q_STRING },
		{ "FileSize", IC_Q_LONG },
		{ "GlobalPrevalence", IC_Q_LONG },
		{ "GlobalFirstSeen", IC_Q_DATETIME },
		{ "GlobalLastSeen", IC_Q_DATETIME },
		{ "Signer", IC_Q_STRING },
		{ "Issuer", IC_Q_STRING },
		{ "SignerHash", IC_Q_STRING },
		{ "IsCertificateValid", IC_Q_BOOL },
		{ "IsRootSignerMicrosoft", IC_Q_BOOL },
		{ "SignatureState", IC_Q_STRING },
		{ "IsExecutable", IC_Q_BOOL },
		{ "ThreatName", IC_Q_STRING },
		{ "Publisher", IC_Q_STRING },
		{ "SoftwareName", IC_Q_STRING },
		{ "ProfileAvailability", IC_Q_STRING },
	};
	ic_bind_cols c = { 0 };
	ic_bind_warn(b, o->at, "FileProfile() asks a service of Microsoft; its columns are null here");
	if (!ic_bind_cols_input(b, &c, o->at, r->op))
		return false;
	for (size_t i = 0; i < sizeof added / sizeof *added; i++) {
		if (ic_schema_find(&r->op->out, ic_str_of(added[i].name)) >= 0)
			continue;
		if (!ic_bind_cols_add(b, &c, ic_str_of(added[i].name),
				      ic_bind_const(b, o->at, ic_value_null(added[i].type))))
			return false;
	}
	return ic_bind_cols_project(b, &c, o, false, r);
}

bool ic_bind_invoke(ic_binder *b, const ic_bind_name *names, const ic_kql_op *first, const ic_kql_op *o,
		    ic_rel *r)
{
	const ic_kql_expr *call = o->evaluate.call;
	const ic_bind_name *f = ic_bind_find(names, call->call.name.text);
	if (!f || f->kind != IC_BIND_FUNCTION) {
		if (ic_str_eq(call->call.name.text, IC_STR("FileProfile")))
			return file_profile(b, o, r);
		ic_bind_fail(b, IC_DIAG_NAME, call->at, call->length, "there is no function '%.*s' to invoke",
			     IC_BIND_NAME(call->call.name.text));
		return false;
	}
	/* the rows so far are what the function's first parameter means: bound anew where it is used */
	ic_bind_name piped = { .seen = names, .first = first, .stop = o };
	ic_bind_scope s = { .names = names };
	const ic_kql_block *body = f->stmt->body;
	const ic_bind_name *inner = ic_bind_arguments(b, &s, f, call, &piped);
	if (b->status == IC_OK)
		inner = ic_bind_statements(b, inner, body->stmt, body->stmts, NULL);
	return b->status == IC_OK && ic_bind_table(b, inner, body->result, r);
}
