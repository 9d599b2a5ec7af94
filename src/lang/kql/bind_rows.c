/* SPDX-License-Identifier: Apache-2.0 */
/* Operators that keep rows apart: where, extend, project, print, sort, top. And how results are named. */
#include "lang/kql/bind.h"

#include <stdio.h>

/* ---- columns being put together */

bool ic_bind_cols_add(ic_binder *b, ic_bind_cols *c, ic_str name, ic_expr *e)
{
	if (!e || b->status != IC_OK)
		return false;
	if (c->n >= IC_MAX_COLUMNS) {
		ic_bind_fail(b, IC_DIAG_LIMIT, e->at, 1, "more than %d columns", IC_MAX_COLUMNS);
		return false;
	}
	uint32_t room = c->room;
	c->column = ic_bind_grow(b, c->column, c->n, &room, sizeof *c->column);
	c->expr = ic_bind_grow(b, c->expr, c->n, &c->room, sizeof(ic_expr *));
	if (!c->column || !c->expr)
		return false;
	c->column[c->n] = (ic_qcolumn){ name, e->type == IC_Q_NULL ? IC_Q_DYNAMIC : e->type };
	c->expr[c->n++] = e;
	return true;
}

bool ic_bind_cols_input(ic_binder *b, ic_bind_cols *c, ic_place at, const ic_op *in)
{
	for (uint32_t i = 0; i < in->out.n; i++)
		if (!ic_bind_cols_add(b, c, in->out.column[i].name, ic_bind_column_at(b, at, &in->out, i)))
			return false;
	return true;
}

bool ic_bind_cols_project(ic_binder *b, ic_bind_cols *c, const ic_kql_op *o, bool serial, ic_rel *r)
{
	ic_op *op = ic_bind_op(b, serial ? IC_OP_SERIAL : IC_OP_PROJECT, o, r->op);
	if (!op)
		return false;
	op->out = (ic_schema){ c->column, c->n };
	op->project.expr = c->expr;
	r->op = op;
	return true;
}

ic_str ic_bind_unique(ic_binder *b, const ic_qcolumn *column, uint32_t n, ic_str base)
{
	ic_schema s = { (ic_qcolumn *)column, n };
	if (ic_schema_find(&s, base) < 0 || base.n > 4096)
		return base;
	for (uint32_t k = 1; k <= n + 1; k++) {
		char number[16];
		snprintf(number, sizeof number, "%u", k);
		ic_str name = ic_bind_join_text(b, base, number, (ic_str){ "", 0 });
		if (!name.p || ic_schema_find(&s, name) < 0)
			return name.p ? name : base;
	}
	return base;
}

ic_str ic_bind_join_text(ic_binder *b, ic_str a, const char *between, ic_str c)
{
	size_t m = strlen(between), n = (size_t)a.n + m + c.n;
	char *p = n < UINT32_MAX ? ic_bind_alloc(b, n, 1) : ic_bind_nomem(b);
	if (!p)
		return (ic_str){ NULL, 0 };
	if (a.n)
		memcpy(p, a.p, a.n);
	memcpy(p + a.n, between, m);
	if (c.n)
		memcpy(p + a.n + m, c.p, c.n);
	return (ic_str){ p, (uint32_t)n };
}

static bool keeps_name(ic_str function)
{
	int fn = ic_function_find(function, IC_FN_KQL);
	return fn >= 0 && ic_functions[fn].flags & IC_FN_KEEPS_NAME;
}

/* What stands before the name of the first argument, as in strlen_x; NULL: nothing of that sort. */
static const char *name_before(ic_str function)
{
	static const char *const known[][2] = {
		{ "strlen", "strlen" },
		{ "string_size", "string_size" },
		{ "gettype", "type" },
		{ "treepath", "tree" },
		{ "repeat", "repeat" },
		{ "dcount_hll", "dcount_hll" },
		{ "percentile_tdigest", "percentile_tdigest" },
		{ "percentiles_array_tdigest", "percentile_tdigest" },
	};
	for (size_t i = 0; i < sizeof known / sizeof *known; i++)
		if (ic_str_eq(function, ic_str_of(known[i][0])))
			return known[i][1];
	return NULL;
}

static ic_str call_name(ic_binder *b, const ic_kql_expr *e)
{
	ic_str none = { NULL, 0 };
	int id = ic_aggregate_find(e->call.name.text, IC_FN_KQL);
	/* hll_merge(x) is an aggregate, hll_merge(x, y) is none */
	if (id >= 0 && (e->call.args == 1 || ic_function_find(e->call.name.text, IC_FN_KQL) < 0))
		return ic_bind_aggregate_name(b, e, id);
	if (!e->call.args)
		return none;
	const ic_kql_expr *first = e->call.arg[0].expr;
	const char *before = name_before(e->call.name.text);
	if (before) {
		ic_str name = ic_bind_auto_name(b, first);
		return ic_bind_join_text(b, ic_str_of(before), "_", name.p ? name : IC_STR(""));
	}
	if (keeps_name(e->call.name.text))
		return ic_bind_auto_name(b, first);
	bool if_exists = ic_str_eq(e->call.name.text, IC_STR("column_ifexists")) ||
			 ic_str_eq(e->call.name.text, IC_STR("columnifexists"));
	bool named = first->kind == IC_KE_LITERAL && first->value.type == IC_Q_STRING;
	return if_exists && named ? first->value.s : none;
}

static ic_str index_name(ic_binder *b, ic_str object, const ic_kql_expr *index)
{
	if (index->kind != IC_KE_LITERAL)
		return (ic_str){ NULL, 0 };
	ic_str text =
	    index->value.type == IC_Q_STRING ? index->value.s : ic_value_text(&b->plan->arena, &index->value);
	return text.p && object.p ? ic_bind_join_text(b, object, "_", text) : text;
}

ic_str ic_bind_auto_name(ic_binder *b, const ic_kql_expr *e)
{
	ic_str none = { NULL, 0 };
	if (!ic_bind_enter(b, e->at))
		return none;
	ic_str name = none;
	switch (e->kind) {
	case IC_KE_NAME: name = e->name.text; break;
	case IC_KE_MEMBER:
		name = ic_bind_auto_name(b, e->member.object);
		name = name.p ? ic_bind_join_text(b, name, "_", e->member.name.text) : e->member.name.text;
		break;
	case IC_KE_INDEX: name = index_name(b, ic_bind_auto_name(b, e->index.object), e->index.index); break;
	case IC_KE_CALL: name = call_name(b, e); break;
	case IC_KE_PIPE:
		if (e->pipe.first->kind == IC_KO_SOURCE && !e->pipe.first->next)
			name = ic_bind_auto_name(b, e->pipe.first->source);
		break;
	default: break;
	}
	ic_bind_leave(b);
	return name;
}

bool ic_bind_note_made(ic_binder *b, const ic_op *op, uint32_t column, ic_place at, ic_str name)
{
	if (b->quiet)
		return true;
	b->made = ic_bind_grow(b, b->made, b->mades, &b->made_room, sizeof *b->made);
	if (!b->made)
		return false;
	b->made[b->mades++] = (ic_bind_made){ op, column, at, name };
	return true;
}

/* ---- where */

/* prev and next in a condition: it is computed as a column, which then goes away. */
static bool serial_filter(ic_binder *b, const ic_kql_op *o, ic_expr *predicate, ic_rel *r)
{
	ic_bind_cols c = { 0 }, back = { 0 };
	uint32_t n = r->op->out.n;
	if (!ic_bind_cols_input(b, &c, o->at, r->op) ||
	    !ic_bind_cols_add(b, &c, ic_bind_unique(b, c.column, c.n, IC_STR("where")), predicate) ||
	    !ic_bind_cols_project(b, &c, o, true, r))
		return false;
	ic_op *filter = ic_bind_op(b, IC_OP_FILTER, o, r->op);
	if (!filter || !(filter->filter.predicate = ic_bind_column_at(b, o->at, &filter->out, n)))
		return false;
	r->op = filter;
	for (uint32_t i = 0; i < n; i++)
		if (!ic_bind_cols_add(b, &back, filter->out.column[i].name,
				      ic_bind_column_at(b, o->at, &filter->out, i)))
			return false;
	return ic_bind_cols_project(b, &back, o, false, r);
}

bool ic_bind_where(ic_binder *b, const ic_bind_name *names, const ic_kql_op *o, ic_rel *r)
{
	bool serial = false;
	ic_bind_scope s = { .names = names, .row = r, .base = r->op, .serial = true, .serial_used = &serial };
	ic_expr *predicate = ic_bind_predicate(b, &s, o->predicate, o->says);
	if (!predicate)
		return false;
	r->bands = ic_bind_lint_bands(b, r, o->predicate);
	if (serial)
		return serial_filter(b, o, predicate, r);
	ic_op *op = ic_bind_op(b, IC_OP_FILTER, o, r->op);
	if (!op)
		return false;
	op->filter.predicate = predicate;
	r->op = op;
	return true;
}

/* ---- extend, project, serialize */

typedef struct assignment {
	ic_bind_cols cols;
	bool *taken; /* columns of the input that this operator has given a value */
	uint32_t inputs, unnamed;
	bool print;   /* without a name: print_0, print_1... */
	bool replace; /* extend: a name that the input has is replaced there */
} assignment;

static ic_bind_band *without_band(ic_binder *b, const ic_bind_band *bands, ic_str column)
{
	ic_bind_band *all = NULL;
	for (; bands; bands = bands->prev) {
		if (ic_str_eq(bands->column, column))
			continue;
		ic_bind_band *k = ic_bind_alloc(b, 1, sizeof *k);
		if (!k)
			return NULL;
		*k = *bands;
		k->prev = all;
		all = k;
	}
	return all;
}

static bool assign(ic_binder *b, assignment *a, ic_rel *r, ic_str name, ic_expr *e)
{
	if (!e)
		return false;
	ic_schema before = { a->cols.column, a->inputs };
	int32_t at = a->replace ? ic_schema_find(&before, name) : -1;
	if (r->bands)
		r->bands = without_band(b, r->bands, name);
	if (at >= 0 && !a->taken[at]) {
		a->taken[at] = true;
		a->cols.expr[at] = e;
		a->cols.column[at].type = e->type == IC_Q_NULL ? IC_Q_DYNAMIC : e->type;
		return true;
	}
	return ic_bind_cols_add(b, &a->cols, ic_bind_unique(b, a->cols.column, a->cols.n, name), e);
}

ic_str ic_bind_numbered(ic_binder *b, const char *base, uint32_t n)
{
	char buf[24];
	snprintf(buf, sizeof buf, "%s%u", base, n);
	return ic_bind_join_text(b, ic_str_of(buf), "", (ic_str){ "", 0 });
}

/* Item i of a dynamic array as a column of its own. */
static bool assign_part(ic_binder *b, assignment *a, ic_rel *r, ic_str name, const ic_expr *array, uint32_t i,
			ic_qtype type)
{
	ic_expr *index = ic_bind_const(b, array->at, ic_value_long(i));
	ic_expr *copy = index ? ic_bind_copy(b, array) : NULL;
	ic_expr *e = ic_bind_call2(b, array->at, IC_FN_INDEX, IC_Q_DYNAMIC, copy, index);
	return name.p && assign(b, a, r, name, ic_bind_to(b, e, type));
}

static bool too_many_names(ic_binder *b, const ic_kql_item *item, uint32_t columns)
{
	if (item->names <= columns)
		return false;
	ic_bind_fail(b, IC_DIAG_TYPE, item->name[columns].at, item->name[columns].length,
		     "the expression gives %u column%s, not %u", columns, IC_S(columns), item->names);
	return true;
}

/* series_stats and kin: a column each, series_stats_x_min */
static bool assign_many(ic_binder *b, assignment *a, ic_rel *r, const ic_bind_many *many,
			const ic_kql_item *item, const ic_expr *e)
{
	ic_str arg =
	    item->expr->call.args ? ic_bind_auto_name(b, item->expr->call.arg[0].expr) : (ic_str){ NULL, 0 };
	if (too_many_names(b, item, many->n))
		return false;
	uint32_t columns = item->names == 1 ? 1 : many->n; /* x = series_stats(y) keeps the first */
	for (uint32_t i = 0; i < columns; i++) {
		ic_str name = ic_bind_join_text(b, ic_str_of(many->function), "_", arg.p ? arg : IC_STR(""));
		if (name.p)
			name = ic_bind_join_text(b, name, arg.p ? "_" : "", ic_str_of(many->name[i]));
		if (i < item->names)
			name = item->name[i].text;
		if (!assign_part(b, a, r, name, e, i, many->type[i]))
			return false;
	}
	return true;
}

/* array_sort_asc(x, y): x_sorted, y_sorted */
static uint32_t sorted_arrays(const ic_kql_expr *call, const ic_expr *e)
{
	uint32_t n = 0;
	if (call->kind != IC_KE_CALL || e->kind != IC_X_CALL ||
	    (e->call.fn != IC_FN_ARRAY_SORT_ASC && e->call.fn != IC_FN_ARRAY_SORT_DESC))
		return 0;
	while (n < e->call.n && e->call.arg[n]->type == IC_Q_DYNAMIC)
		n++;
	return n;
}

static ic_str sorted_name(ic_binder *b, const ic_kql_expr *call, uint32_t i)
{
	/* the call as written may be that of a function that sorts inside */
	ic_str name = { NULL, 0 };
	if (i < call->call.args)
		name = ic_bind_auto_name(b, call->call.arg[i].expr);
	return ic_bind_join_text(b, name.p ? name : ic_bind_numbered(b, "array", i), "_", IC_STR("sorted"));
}

static bool assign_sorted(ic_binder *b, assignment *a, ic_rel *r, const ic_kql_item *item, const ic_expr *e,
			  uint32_t n)
{
	if (too_many_names(b, item, n))
		return false;
	for (uint32_t i = 0; i < n; i++) {
		ic_str name = i < item->names ? item->name[i].text : sorted_name(b, item->expr, i);
		if (!assign_part(b, a, r, name, e, i, IC_Q_DYNAMIC))
			return false;
	}
	return true;
}

/* `extend x == 1`, where there is no x. */
static void hint_assignment(ic_binder *b, const ic_kql_item *item)
{
	const ic_kql_expr *e = item->expr;
	if (b->status == IC_E_USAGE && b->diag->kind == IC_DIAG_NAME && !item->names &&
	    e->kind == IC_KE_BINARY && e->binary.fn == IC_FN_EQ && e->binary.left->kind == IC_KE_NAME &&
	    b->diag->at.line == e->binary.left->at.line && b->diag->at.column == e->binary.left->at.column)
		ic_diag_hint(b->diag, "a column is given its value with one `=`");
}

static bool assign_item(ic_binder *b, const ic_bind_scope *s, assignment *a, ic_rel *r,
			const ic_kql_item *item)
{
	const ic_bind_many *many = ic_bind_many_of(item->expr);
	ic_expr *e = ic_bind_expr(b, s, item->expr);
	if (!e) {
		hint_assignment(b, item);
		return false;
	}
	uint32_t arrays = sorted_arrays(item->expr, e);
	if (many && e->type == IC_Q_DYNAMIC)
		return assign_many(b, a, r, many, item, e);
	if (arrays > 1)
		return assign_sorted(b, a, r, item, e, arrays);
	if (item->names > 1 && e->type == IC_Q_DYNAMIC) {
		/* (a, b) = array */
		for (uint32_t i = 0; i < item->names; i++)
			if (!assign_part(b, a, r, item->name[i].text, e, i, IC_Q_DYNAMIC))
				return false;
		return true;
	}
	if (too_many_names(b, item, 1))
		return false;
	ic_str name = item->names   ? item->name[0].text
		      : a->print    ? ic_bind_numbered(b, "print_", s->made_n)
		      : arrays == 1 ? sorted_name(b, item->expr, 0)
				    : ic_bind_auto_name(b, item->expr);
	if (!name.p)
		name = ic_bind_numbered(b, "Column", ++a->unnamed);
	return name.p && assign(b, a, r, name, e);
}

/* The columns that are computed, not passed on, for the note on those that nobody reads. */
static bool note_columns(ic_binder *b, const ic_op *op, uint32_t inputs)
{
	for (uint32_t i = 0; i < op->out.n; i++) {
		const ic_expr *e = op->project.expr[i];
		bool passed = e->kind == IC_X_COLUMN && i < inputs;
		if (e->kind == IC_X_CALL && !passed &&
		    !ic_bind_note_made(b, op, i, e->at, op->out.column[i].name))
			return false;
	}
	return true;
}

bool ic_bind_extend(ic_binder *b, const ic_bind_name *names, const ic_kql_op *o, ic_rel *r)
{
	bool serial = false;
	if (o->kind == IC_KO_SERIALIZE)
		r->serialized = true;
	if (o->items.n == 0) {
		r->op->ordered = true;
		return true;
	}
	ic_bind_scope s = { .names = names,
			    .row = r,
			    .base = r->op,
			    .serial = true,
			    .serial_used = &serial,
			    .made = &o->items };
	assignment a = { .inputs = r->op->out.n, .replace = true };
	a.taken = ic_bind_alloc(b, a.inputs, sizeof *a.taken);
	if (!a.taken || !ic_bind_cols_input(b, &a.cols, o->at, r->op))
		return false;
	for (uint32_t i = 0; i < o->items.n; i++) {
		s.made_n = i;
		if (!assign_item(b, &s, &a, r, &o->items.item[i]))
			return false;
	}
	return ic_bind_cols_project(b, &a.cols, o, serial, r) && note_columns(b, r->op, a.inputs);
}

bool ic_bind_project(ic_binder *b, const ic_bind_name *names, const ic_kql_op *o, ic_rel *r)
{
	bool serial = false;
	ic_bind_scope s = { .names = names,
			    .row = r,
			    .base = r->op,
			    .serial = true,
			    .serial_used = &serial,
			    .made = &o->items };
	assignment a = { 0 };
	const ic_bind_band *bands = r->bands;
	for (uint32_t i = 0; i < o->items.n; i++) {
		const ic_kql_item *item = &o->items.item[i];
		s.made_n = i;
		if (item->expr->kind == IC_KE_STAR && !item->names) {
			if (!ic_bind_cols_input(b, &a.cols, item->expr->at, r->op))
				return false;
			continue;
		}
		if (!assign_item(b, &s, &a, r, item))
			return false;
	}
	if (!ic_bind_cols_project(b, &a.cols, o, serial, r))
		return false;
	/* bands hold for the columns that keep their names */
	r->bands = NULL;
	for (; bands; bands = bands->prev) {
		int32_t i = ic_schema_find(&r->op->out, bands->column);
		if (i < 0 || r->op->project.expr[i]->kind != IC_X_COLUMN)
			continue;
		ic_bind_band *k = ic_bind_alloc(b, 1, sizeof *k);
		if (!k)
			return false;
		*k = *bands;
		k->prev = r->bands;
		r->bands = k;
	}
	r->open = false;
	return true;
}

bool ic_bind_print(ic_binder *b, const ic_bind_name *names, const ic_kql_op *o, ic_rel *r)
{
	ic_rel one = { .op = ic_bind_one_row(b, o->at) };
	ic_bind_scope s = { .names = names, .made = &o->items };
	assignment a = { .print = true };
	if (!one.op)
		return false;
	for (s.made_n = 0; s.made_n < o->items.n; s.made_n++)
		if (!assign_item(b, &s, &a, &one, &o->items.item[s.made_n]))
			return false;
	*r = one;
	return ic_bind_cols_project(b, &a.cols, o, false, r);
}

/* ---- sort, top */

bool ic_bind_sort(ic_binder *b, const ic_bind_name *names, const ic_kql_op *o, ic_rel *r)
{
	bool serial = false;
	ic_bind_scope s = { .names = names, .row = r, .base = r->op, .serial_used = &serial };
	ic_bind_scope outer = { .names = names };
	ic_op *op = ic_bind_op(b, o->kind == IC_KO_TOP ? IC_OP_TOP : IC_OP_SORT, o, r->op);
	uint32_t n = o->sort.keys.n;
	ic_sort_key *key = op ? ic_bind_alloc(b, n, sizeof *key) : NULL;
	if (!key)
		return false;
	for (uint32_t i = 0; i < n; i++) {
		const ic_kql_key *k = &o->sort.keys.key[i];
		ic_expr *e = ic_bind_expr(b, &s, k->expr);
		if (e && e->type == IC_Q_DYNAMIC && !b->plan->open) {
			ic_bind_fail(b, IC_DIAG_TYPE, k->expr->at, k->expr->length,
				     "%s by dynamic is not possible", o->says);
			if (b->status == IC_E_USAGE)
				ic_diag_hint(b->diag, "convert first, for instance with tostring()");
		}
		if (e && e->type == IC_Q_DYNAMIC)
			e = ic_bind_to(b, e, IC_Q_STRING);
		if (!e || b->status != IC_OK)
			return false;
		key[i] =
		    (ic_sort_key){ .key = e, .descending = k->descending, .nulls_first = k->nulls_first };
	}
	op->sort.key = key;
	op->sort.keys = n;
	if (o->kind == IC_KO_TOP &&
	    !ic_bind_value(b, ic_bind_expr(b, &outer, o->sort.n), IC_Q_LONG, o->says, &op->sort.limit))
		return false;
	op->ordered = true;
	r->op = op;
	r->serialized = true;
	return true;
}

/* ---- getschema, assert-schema */

static const char *clr_name(ic_qtype t)
{
	switch (t) {
	case IC_Q_BOOL: return "System.SByte";
	case IC_Q_INT: return "System.Int32";
	case IC_Q_LONG: return "System.Int64";
	case IC_Q_REAL: return "System.Double";
	case IC_Q_DECIMAL: return "System.Data.SqlTypes.SqlDecimal";
	case IC_Q_DATETIME: return "System.DateTime";
	case IC_Q_TIMESPAN: return "System.TimeSpan";
	case IC_Q_DYNAMIC: return "System.Object";
	case IC_Q_GUID: return "System.Guid";
	default: return "System.String";
	}
}

/* name:type of each column, with commas between. */
static ic_str schema_text(ic_binder *b, const ic_schema *s)
{
	size_t n = 0;
	for (uint32_t i = 0; i < s->n; i++)
		n += s->column[i].name.n + strlen(ic_qtype_name(s->column[i].type)) + 2;
	char *text = n < UINT32_MAX ? ic_bind_alloc(b, n + 1, 1) : ic_bind_nomem(b);
	char *p = text;
	for (uint32_t i = 0; p && i < s->n; i++) {
		const char *type = ic_qtype_name(s->column[i].type);
		if (i)
			*p++ = ',';
		memcpy(p, s->column[i].name.p, s->column[i].name.n);
		p += s->column[i].name.n;
		*p++ = ':';
		memcpy(p, type, strlen(type));
		p += strlen(type);
	}
	return (ic_str){ text, text ? (uint32_t)(p - text) : 0 };
}

/* getschema kind=csl: one text. */
static bool schema_as_text(ic_binder *b, const ic_kql_op *o, ic_rel *r)
{
	ic_op *op = ic_bind_op(b, IC_OP_VALUES, o, NULL);
	ic_qcolumn *column = op ? ic_bind_alloc(b, 1, sizeof *column) : NULL;
	ic_value *v = column ? ic_bind_alloc(b, 1, sizeof *v) : NULL;
	ic_str text = v ? schema_text(b, &r->op->out) : (ic_str){ NULL, 0 };
	if (!text.p)
		return false;
	*column = (ic_qcolumn){ IC_STR("Schema"), IC_Q_STRING };
	*v = ic_value_str(text);
	op->out = (ic_schema){ column, 1 };
	op->values.value = v;
	op->values.rows = 1;
	*r = (ic_rel){ .op = op };
	return true;
}

bool ic_bind_assert_schema(ic_binder *b, const ic_kql_op *o, const ic_rel *r)
{
	const ic_schema *s = &r->op->out;
	const ic_kql_columns *wanted = &o->schema;
	bool same = s->n == wanted->n || r->open;
	for (uint32_t i = 0; i < wanted->n && i < s->n && same; i++) {
		const ic_kql_column *c = &wanted->column[i];
		same = ic_str_eq(c->name.text, s->column[i].name) &&
		       (c->type == s->column[i].type ||
			(c->type == IC_Q_STRING && s->column[i].type == IC_Q_IP));
	}
	if (same)
		return true;
	ic_str text = schema_text(b, s);
	ic_bind_fail(b, IC_DIAG_TYPE, o->at, o->length, "the columns are other ones");
	if (text.p && b->status == IC_E_USAGE)
		ic_diag_hint(b->diag, "they are (%.*s)", text.n > 400 ? 400 : (int)text.n, text.p);
	return false;
}

bool ic_bind_getschema(ic_binder *b, const ic_kql_op *o, ic_rel *r)
{
	const ic_schema *s = &r->op->out;
	if (ic_str_eq(ic_bind_option_text(ic_bind_option(&o->options, "kind")), IC_STR("csl")))
		return schema_as_text(b, o, r);
	ic_op *op = ic_bind_op(b, IC_OP_VALUES, o, NULL);
	ic_qcolumn *column = op ? ic_bind_alloc(b, 4, sizeof *column) : NULL;
	ic_value *v = column ? ic_bind_alloc(b, (size_t)s->n * 4, sizeof *v) : NULL;
	if (!v)
		return false;
	column[0] = (ic_qcolumn){ IC_STR("ColumnName"), IC_Q_STRING };
	column[1] = (ic_qcolumn){ IC_STR("ColumnOrdinal"), IC_Q_INT };
	column[2] = (ic_qcolumn){ IC_STR("DataType"), IC_Q_STRING };
	column[3] = (ic_qcolumn){ IC_STR("ColumnType"), IC_Q_STRING };
	for (uint32_t i = 0; i < s->n; i++) {
		v[4 * i] = ic_value_str(s->column[i].name);
		v[4 * i + 1] = (ic_value){ .type = IC_Q_INT, .i = i };
		v[4 * i + 2] = ic_value_str(ic_str_of(clr_name(s->column[i].type)));
		v[4 * i + 3] = ic_value_str(ic_str_of(ic_qtype_name(s->column[i].type)));
	}
	op->out = (ic_schema){ column, 4 };
	op->values.value = v;
	op->values.rows = s->n;
	op->ordered = true;
	*r = (ic_rel){ .op = op, .serialized = true };
	return true;
}
