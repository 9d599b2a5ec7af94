/* SPDX-License-Identifier: Apache-2.0 */
/* summarize, distinct, count; aggregates and how their columns are named. */
#include "lang/kql/bind.h"

#include <stdio.h>

/* ---- names of aggregates' columns */

static bool is_one_of(const char *name, const char *const *list, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (strcmp(name, list[i]) == 0)
			return true;
	return false;
}

static bool takes_columns(const char *name)
{
	static const char *const list[] = { "arg_max", "arg_min", "take_any", "take_anyif" };
	return is_one_of(name, list, sizeof list / sizeof *list);
}

/* Those whose result bears the name of their argument. */
static bool keeps_name(const char *name)
{
	static const char *const list[] = { "binary_all_and", "binary_all_or", "binary_all_xor" };
	return is_one_of(name, list, sizeof list / sizeof *list);
}

static bool is_percentiles(const char *name)
{
	static const char *const list[] = { "percentile", "percentiles", "percentilew", "percentilesw" };
	return is_one_of(name, list, sizeof list / sizeof *list);
}

/* make_list -> list, percentiles -> percentile */
static const char *prefix_of(const char *name)
{
	static const char *const map[][2] = {
		{ "make_list", "list" },
		{ "make_list_if", "list" },
		{ "make_list_with_nulls", "list" },
		{ "make_set", "set" },
		{ "make_set_if", "set" },
		{ "make_bag", "bag" },
		{ "make_bag_if", "bag" },
		{ "percentiles", "percentile" },
		{ "percentilesw", "percentile" },
		{ "percentilew", "percentile" },
		{ "percentiles_array", "percentiles" },
		{ "percentilesw_array", "percentiles" },
		{ "buildschema", "schema" },
		{ "tdigest_merge", "merge_tdigests" },
	};
	for (size_t i = 0; i < sizeof map / sizeof *map; i++)
		if (strcmp(name, map[i][0]) == 0)
			return map[i][1];
	return name;
}

/* The name that an argument would have as a column; "" for one that would have none. */
static ic_str plain_name(ic_binder *b, const ic_kql_expr *e)
{
	ic_str name = ic_bind_auto_name(b, e);
	return name.p ? name : IC_STR("");
}

/* avg_x for avg(x), avg_ for avg(x + 1). */
static ic_str headed_name(ic_binder *b, const char *function, ic_str arg)
{
	if (keeps_name(function) && arg.n)
		return arg;
	return ic_bind_join_text(b, ic_str_of(prefix_of(function)), "_", arg);
}

ic_str ic_bind_aggregate_name(ic_binder *b, const ic_kql_expr *e, int id)
{
	const char *function = ic_aggregates[id].name;
	if (takes_columns(function) || is_percentiles(function))
		return (ic_str){ NULL, 0 };
	return headed_name(b, function, e->call.args ? plain_name(b, e->call.arg[0].expr) : IC_STR(""));
}

static ic_str with_percent(ic_binder *b, ic_str name, const ic_expr *percent)
{
	char buf[48] = "";
	ic_str text = ic_value_text(&b->plan->arena, &percent->value);
	if (percent->type == IC_Q_REAL)
		snprintf(buf, sizeof buf, "_%g", percent->value.d);
	else
		snprintf(buf, sizeof buf, "_%.*s", text.p ? (int)text.n : 0, text.p ? text.p : "");
	for (char *p = buf; *p; p++)
		if (*p == '.' || *p == '-' || *p == '+')
			*p = '_';
	return ic_bind_join_text(b, name, buf, IC_STR(""));
}

/* ---- aggregates */

static bool add_column(ic_binder *b, ic_bind_aggs *a, ic_str name, ic_qtype type)
{
	a->column = ic_bind_grow(b, a->column, a->columns, &a->column_room, sizeof *a->column);
	if (!a->column || !name.p)
		return false;
	a->column[a->columns++] = (ic_qcolumn){ name, type == IC_Q_NULL ? IC_Q_DYNAMIC : type };
	return true;
}

/* The arguments, * written out. */
static bool agg_arguments(ic_binder *b, const ic_bind_scope *s, const ic_kql_expr *e, const ic_function *f,
			  ic_expr ***ret, ic_str **ret_name, uint32_t *ret_n)
{
	const ic_schema *in = &s->row->op->out;
	size_t most = (size_t)e->call.args + in->n;
	ic_expr **arg = ic_bind_alloc(b, most, sizeof(ic_expr *));
	ic_str *name = ic_bind_alloc(b, most, sizeof *name);
	uint32_t n = 0;
	if (!arg || !name)
		return false;
	for (uint32_t i = 0; i < e->call.args; i++) {
		const ic_kql_expr *x = e->call.arg[i].expr;
		if (x->kind != IC_KE_STAR) {
			char letter = ic_function_arg_of(f, i, e->call.args);
			arg[n] = letter == 'u' ? ic_bind_predicate(b, s, x, f->name) : ic_bind_expr(b, s, x);
			name[n] = plain_name(b, x);
			if (!arg[n++])
				return false;
			continue;
		}
		if (strcmp(f->name, "count") == 0)
			continue;
		if (!takes_columns(f->name) || i + 1 < e->call.args) {
			ic_bind_fail(b, IC_DIAG_TYPE, x->at, x->length, "%s() does not take *", f->name);
			return false;
		}
		for (uint32_t k = 0; k < in->n; k++) {
			if (s->aggs->is_key && s->aggs->is_key[k])
				continue;
			if (n && arg[0]->kind == IC_X_COLUMN && arg[0]->column == k)
				continue;
			arg[n] = ic_bind_column_at(b, x->at, in, k);
			name[n] = in->column[k].name;
			if (!arg[n++])
				return false;
		}
	}
	*ret = arg;
	*ret_name = name;
	*ret_n = n;
	return true;
}

static bool fit_agg(ic_binder *b, const ic_kql_expr *e, const ic_function *f, ic_expr **arg, uint32_t n)
{
	uint32_t fewest, most;
	ic_function_arity(f, &fewest, &most);
	if (n < fewest || n > most) {
		ic_bind_fail(b, IC_DIAG_TYPE, e->at, e->length, "%s() does not take %u argument%s", f->name,
			     n, IC_S(n));
		return false;
	}
	for (uint32_t i = 0; i < n; i++) {
		char letter = ic_function_arg_of(f, i, n);
		bool constant = letter >= 'A' && letter <= 'Z';
		if (constant)
			letter = (char)(letter - 'A' + 'a');
		if (constant && !ic_bind_is_const(arg[i])) {
			ic_bind_fail(b, IC_DIAG_TYPE, arg[i]->at, 1, "%s: argument %u must be a constant",
				     f->name, i + 1);
			return false;
		}
		if (constant && arg[i]->kind != IC_X_CONST) {
			ic_value v;
			if (!ic_bind_value(b, arg[i], IC_QTYPES, f->name, &v) ||
			    !(arg[i] = ic_bind_const(b, arg[i]->at, v)))
				return false;
		}
		if (!(arg[i] = ic_bind_fit(b, arg[i], letter, f->name, i + 1)))
			return false;
	}
	return true;
}

static ic_qtype agg_type(ic_binder *b, int id, ic_expr **arg, uint32_t n)
{
	ic_qtype *types = ic_bind_alloc(b, n, sizeof *types);
	if (!types)
		return IC_QTYPES;
	for (uint32_t i = 0; i < n; i++)
		types[i] = arg[i]->type;
	ic_qtype t = ic_aggregate_type((ic_agg_id)id, types, n);
	if (t == IC_QTYPES && n && arg[0]->type == IC_Q_DYNAMIC && b->plan->open) {
		if (!(arg[0] = ic_bind_to(b, arg[0], IC_Q_REAL)))
			return IC_QTYPES;
		types[0] = IC_Q_REAL;
		t = ic_aggregate_type((ic_agg_id)id, types, n);
	}
	return t;
}

/* The name of column i of arg_max and kin. Their old names, argmax and any, put a prefix before each. */
static ic_str taken_name(ic_binder *b, const char *name, ic_str written, const ic_str *arg_name, uint32_t i)
{
	const char *prefix = name[0] == 't' ? "any_" : strcmp(name, "arg_max") == 0 ? "max_" : "min_";
	bool arg_m = name[0] == 'a', old = !ic_str_eq(written, ic_str_of(name));
	if (arg_name[i].n && !old)
		return arg_name[i];
	char number[24];
	snprintf(number, sizeof number, "arg%u", i);
	if (!arg_m)
		return ic_bind_join_text(b, ic_str_of(prefix), "", old ? arg_name[i] : ic_str_of(number));
	ic_str first = ic_bind_join_text(b, ic_str_of(prefix), "", arg_name[0]);
	if (i == 0 || !first.p)
		return first;
	return ic_bind_join_text(b, first, "_", arg_name[i].n ? arg_name[i] : ic_str_of(number));
}

/* The columns that an aggregate gives. */
static bool agg_columns(ic_binder *b, ic_bind_aggs *a, const char *name, ic_str written, ic_qtype type,
			ic_expr *const *arg, const ic_str *arg_name, uint32_t n, ic_agg *agg)
{
	ic_str head = headed_name(b, name, n ? arg_name[0] : IC_STR(""));
	if (!head.p)
		return false;
	agg->columns = 1;
	if (takes_columns(name)) {
		agg->columns = strcmp(name, "take_anyif") == 0 ? 1 : n;
		for (uint32_t i = 0; i < agg->columns; i++)
			if (!add_column(b, a, taken_name(b, name, written, arg_name, i), arg[i]->type))
				return false;
		return true;
	}
	if (!is_percentiles(name))
		return add_column(b, a, head, type);
	uint32_t first = name[10] == 'w' || strcmp(name, "percentilesw") == 0 ? 2 : 1;
	agg->columns = n - first;
	for (uint32_t i = first; i < n; i++)
		if (!add_column(b, a, with_percent(b, head, arg[i]), type))
			return false;
	return true;
}

ic_expr *ic_bind_aggregate(ic_binder *b, const ic_bind_scope *s, const ic_kql_expr *e, int id)
{
	const ic_function *f = &ic_aggregates[id];
	ic_bind_aggs *a = s->aggs;
	ic_expr **arg;
	ic_str *name;
	uint32_t n;
	if (a->inside)
		return ic_bind_fail(b, IC_DIAG_TYPE, e->at, e->length, "%s() stands inside another aggregate",
				    f->name);
	if (f->flags & IC_FN_NOT_PLANNED)
		return ic_bind_fail(b, IC_DIAG_UNSUPPORTED, e->at, e->length, "%s() is not supported",
				    f->name);
	a->inside = true;
	bool ok = agg_arguments(b, s, e, f, &arg, &name, &n) && fit_agg(b, e, f, arg, n);
	a->inside = false;
	if (!ok)
		return NULL;
	ic_qtype type = agg_type(b, id, arg, n);
	if (type == IC_QTYPES || b->status != IC_OK)
		return ic_bind_fail(b, IC_DIAG_TYPE, e->at, e->length, "%s() does not take %s", f->name,
				    n ? ic_qtype_name(arg[0]->type) : "nothing");
	a->agg = ic_bind_grow(b, a->agg, a->n, &a->room, sizeof *a->agg);
	if (!a->agg)
		return NULL;
	uint32_t first = a->columns;
	ic_agg *agg = &a->agg[a->n++];
	*agg = (ic_agg){ .fn = (ic_agg_id)id, .type = type, .n = n, .arg = arg, .at = e->at };
	if (!agg_columns(b, a, f->name, e->call.name.text, type, arg, name, n, agg))
		return NULL;
	ic_expr *x = ic_bind_const(b, e->at, ic_value_null(type));
	if (x) {
		x->kind = IC_X_COLUMN;
		x->type = a->column[first].type;
		x->column = a->keys + first;
	}
	return x;
}

/* ---- keys */

typedef struct keys {
	ic_bind_cols cols;
	bool *is_key;
	uint32_t unnamed;
} keys;

static bool add_key(ic_binder *b, const ic_bind_scope *s, keys *k, ic_str name, ic_expr *e,
		    const ic_kql_expr *from)
{
	if (!e)
		return false;
	if (e->type == IC_Q_DYNAMIC && !b->plan->open) {
		ic_bind_fail(b, IC_DIAG_TYPE, from->at, from->length, "a key cannot be dynamic");
		if (b->status == IC_E_USAGE)
			ic_diag_hint(b->diag, "convert first, for instance with tostring()");
		return false;
	}
	if (e->kind == IC_X_COLUMN && ic_str_eq(name, s->row->op->out.column[e->column].name))
		k->is_key[e->column] = true;
	return ic_bind_cols_add(b, &k->cols, ic_bind_unique(b, k->cols.column, k->cols.n, name), e);
}

static bool bind_keys(ic_binder *b, const ic_bind_name *names, const ic_kql_items *items, ic_rel *r, keys *k)
{
	ic_bind_scope s = { .names = names, .row = r, .base = r->op, .made = items };
	k->is_key = ic_bind_alloc(b, r->op->out.n, sizeof *k->is_key);
	if (!k->is_key)
		return false;
	for (uint32_t i = 0; i < items->n; i++) {
		const ic_kql_item *item = &items->item[i];
		s.made_n = i;
		if (item->expr->kind == IC_KE_STAR) {
			for (uint32_t c = 0; c < r->op->out.n; c++)
				if (!add_key(b, &s, k, r->op->out.column[c].name,
					     ic_bind_column_at(b, item->expr->at, &r->op->out, c),
					     item->expr))
					return false;
			continue;
		}
		ic_expr *e = ic_bind_expr(b, &s, item->expr);
		ic_str name = item->names ? item->name[0].text : ic_bind_auto_name(b, item->expr);
		if (!name.p)
			name = ic_bind_numbered(b, "Column", ++k->unnamed);
		if (!e || !name.p || !add_key(b, &s, k, name, e, item->expr))
			return false;
	}
	return true;
}

/* ---- summarize */

static bool is_aggregate_call(const ic_bind_name *names, const ic_kql_expr *e)
{
	if (e->kind != IC_KE_CALL || ic_aggregate_find(e->call.name.text, IC_FN_KQL) < 0)
		return false;
	for (; names; names = names->prev)
		if (ic_str_eq(names->name.text, e->call.name.text) && names->kind == IC_BIND_FUNCTION)
			return false;
	return true;
}

/* The columns of the result behind the keys: those of aggregates as they are, or expressions over them. */
static bool result_item(ic_binder *b, const ic_bind_scope *s, const ic_kql_item *item, ic_bind_cols *out,
			uint32_t *unnamed, bool *direct)
{
	ic_bind_aggs *a = s->aggs;
	uint32_t first = a->columns;
	ic_expr *e = ic_bind_expr(b, s, item->expr);
	if (!e)
		return false;
	if (!is_aggregate_call(s->names, item->expr)) {
		*direct = false;
		ic_str name = item->names ? item->name[0].text : ic_bind_auto_name(b, item->expr);
		if (!name.p)
			name = ic_bind_numbered(b, "Column", ++*unnamed);
		return name.p && ic_bind_cols_add(b, out, ic_bind_unique(b, out->column, out->n, name), e);
	}
	uint32_t n = a->columns - first;
	if (item->names > n) {
		ic_bind_fail(b, IC_DIAG_TYPE, item->name[n].at, item->name[n].length,
			     "the aggregate gives %u column%s", n, IC_S(n));
		return false;
	}
	for (uint32_t i = 0; i < n; i++) {
		ic_expr *c = i ? ic_bind_copy(b, e) : e;
		if (!c)
			return false;
		c->column = a->keys + first + i;
		c->type = a->column[first + i].type;
		ic_str name = i < item->names ? item->name[i].text : a->column[first + i].name;
		if (!ic_bind_cols_add(b, out, ic_bind_unique(b, out->column, out->n, name), c))
			return false;
	}
	return true;
}

static bool note_aggregates(ic_binder *b, const ic_op *op)
{
	uint32_t column = op->summarize.keys;
	for (uint32_t i = 0; i < op->summarize.aggs; i++) {
		const ic_agg *a = &op->summarize.agg[i];
		if (a->columns == 1 && !ic_bind_note_made(b, op, column, a->at, op->out.column[column].name))
			return false;
		column += a->columns;
	}
	return true;
}

bool ic_bind_summarize(ic_binder *b, const ic_bind_name *names, const ic_kql_op *o, ic_rel *r)
{
	keys k = { 0 };
	if (!bind_keys(b, names, &o->summarize.by, r, &k))
		return false;
	ic_bind_aggs a = { .keys = k.cols.n, .is_key = k.is_key };
	ic_bind_scope s = { .names = names, .row = r, .base = r->op, .aggs = &a, .made = &o->summarize.aggs };
	ic_bind_cols out = { 0 };
	bool direct = true;
	for (uint32_t i = 0; i < k.cols.n; i++) {
		ic_schema in = { k.cols.column, k.cols.n };
		if (!ic_bind_cols_add(b, &out, k.cols.column[i].name, ic_bind_column_at(b, o->at, &in, i)))
			return false;
	}
	for (uint32_t i = 0; i < o->summarize.aggs.n; i++) {
		s.made_n = i;
		if (!result_item(b, &s, &o->summarize.aggs.item[i], &out, &k.unnamed, &direct))
			return false;
	}
	ic_op *op = ic_bind_op(b, IC_OP_SUMMARIZE, o, r->op);
	uint32_t n = k.cols.n + a.columns;
	ic_qcolumn *column = op ? ic_bind_alloc(b, n, sizeof *column) : NULL;
	if (!column)
		return false;
	if (n > IC_MAX_COLUMNS) {
		ic_bind_fail(b, IC_DIAG_LIMIT, o->at, o->length, "more than %d columns", IC_MAX_COLUMNS);
		return false;
	}
	for (uint32_t i = 0; i < n; i++)
		column[i] = i < k.cols.n ? k.cols.column[i] : a.column[i - k.cols.n];
	if (direct)
		memcpy(column, out.column, out.n * sizeof *column);
	op->out = (ic_schema){ column, n };
	op->ordered = false;
	op->summarize.key = k.cols.expr;
	op->summarize.keys = k.cols.n;
	op->summarize.agg = a.agg;
	op->summarize.aggs = a.n;
	*r = (ic_rel){ .op = op };
	if (direct)
		return note_aggregates(b, op);
	return ic_bind_cols_project(b, &out, o, false, r);
}

bool ic_bind_distinct(ic_binder *b, const ic_bind_name *names, const ic_kql_op *o, ic_rel *r)
{
	keys k = { 0 };
	if (!bind_keys(b, names, &o->items, r, &k))
		return false;
	ic_op *op = ic_bind_op(b, IC_OP_SUMMARIZE, o, r->op);
	if (!op)
		return false;
	op->out = (ic_schema){ k.cols.column, k.cols.n };
	op->ordered = false;
	op->summarize.key = k.cols.expr;
	op->summarize.keys = k.cols.n;
	*r = (ic_rel){ .op = op, .open = r->open };
	return true;
}

bool ic_bind_count(ic_binder *b, const ic_kql_op *o, ic_rel *r)
{
	ic_op *op = ic_bind_op(b, IC_OP_SUMMARIZE, o, r->op);
	ic_qcolumn *column = op ? ic_bind_alloc(b, 1, sizeof *column) : NULL;
	ic_agg *agg = column ? ic_bind_alloc(b, 1, sizeof *agg) : NULL;
	int id = ic_aggregate_find(IC_STR("count"), IC_FN_KQL);
	if (!agg || id < 0)
		return false;
	*column = (ic_qcolumn){ o->name.text.p ? o->name.text : IC_STR("Count"), IC_Q_LONG };
	*agg = (ic_agg){ .fn = (ic_agg_id)id, .type = IC_Q_LONG, .columns = 1, .at = o->at };
	op->out = (ic_schema){ column, 1 };
	op->ordered = false;
	op->summarize.agg = agg;
	op->summarize.aggs = 1;
	*r = (ic_rel){ .op = op };
	return true;
}

/* top-hitters n of x [by y]: summarize count() or sum(y) by x, then the n largest. */
bool ic_bind_top_hitters(ic_binder *b, const ic_bind_name *names, const ic_kql_op *o, ic_rel *r)
{
	const ic_kql_expr *of = o->sort.of, *by = o->sort.by;
	ic_str what = ic_bind_auto_name(b, by ? by : of);
	ic_kql_name name = { .at = o->at, .length = o->length };
	name.text = ic_bind_join_text(b, by ? IC_STR("approximate_sum_") : IC_STR("approximate_count_"), "",
				      what.p ? what : IC_STR(""));
	ic_kql_expr *agg = ic_bind_alloc(b, 1, sizeof *agg), *rank = ic_bind_alloc(b, 1, sizeof *rank);
	ic_kql_arg arg = { .expr = (ic_kql_expr *)by };
	if (!agg || !rank || !name.text.p)
		return false;
	*agg = (ic_kql_expr){ .kind = IC_KE_CALL, .at = o->at, .length = o->length };
	agg->call.name = (ic_kql_name){ by ? IC_STR("sum") : IC_STR("count"), o->at, o->length };
	agg->call.arg = &arg;
	agg->call.args = by ? 1 : 0;
	*rank = (ic_kql_expr){ .kind = IC_KE_NAME, .at = o->at, .length = o->length, .name = name };
	ic_kql_item key_item = { .expr = (ic_kql_expr *)of, .type = IC_QTYPES };
	ic_kql_item aggs = { .name = &name, .names = 1, .expr = agg, .type = IC_QTYPES };
	ic_kql_op summarize = { .kind = IC_KO_SUMMARIZE,
				.at = o->at,
				.length = o->length,
				.says = o->says,
				.summarize = { { &aggs, 1 }, { &key_item, 1 }, true } };
	ic_kql_key key = { .expr = rank, .descending = true };
	ic_kql_op top = { .kind = IC_KO_TOP, .at = o->at, .length = o->length, .says = o->says };
	top.sort.keys = (ic_kql_keys){ &key, 1 };
	top.sort.n = o->sort.n;
	return ic_bind_summarize(b, names, &summarize, r) && ic_bind_sort(b, names, &top, r);
}
