/* SPDX-License-Identifier: Apache-2.0 */
/* ipv4_lookup and kin: evaluate plugins that put rows of a table beside those that they belong to. */
#include "lang/kql/bind.h"

static ic_op *cross(ic_binder *b, const ic_bind_plugin *p, const ic_rel *l, const ic_rel *r,
		    ic_join_kind kind)
{
	ic_op *op = ic_bind_op(b, IC_OP_JOIN, p->o, l->op);
	uint32_t n = l->op->out.n + r->op->out.n;
	ic_qcolumn *column = op ? ic_bind_alloc(b, n, sizeof *column) : NULL;
	uint32_t *from = ic_bind_alloc(b, n, sizeof *from);
	ic_expr **key = ic_bind_alloc(b, 2, sizeof(ic_expr *));
	if (!column || !from || !key)
		return NULL;
	for (uint32_t i = 0; i < n; i++) {
		from[i] = i;
		column[i] = i < l->op->out.n ? l->op->out.column[i] : r->op->out.column[i - l->op->out.n];
		column[i].name = ic_bind_unique(b, column, i, column[i].name);
	}
	key[0] = ic_bind_const(b, p->call->at, ic_value_long(1));
	key[1] = ic_bind_const(b, p->call->at, ic_value_long(1));
	if (!key[0] || !key[1])
		return NULL;
	op->join.kind = kind;
	op->join.right = r->op;
	op->join.keys = 1;
	op->join.left_key = &key[0];
	op->join.right_key = &key[1];
	op->join.column = from;
	op->out = (ic_schema){ column, n };
	op->ordered = false;
	return op;
}

/* The rows with their number as last column. */
static bool number_rows(ic_binder *b, const ic_bind_plugin *p, ic_rel *r)
{
	ic_bind_cols c = { 0 };
	return ic_bind_cols_input(b, &c, p->call->at, r->op) &&
	       ic_bind_cols_add(b, &c, ic_bind_unique(b, c.column, c.n, IC_STR("row")),
				ic_bind_call(b, p->call->at, IC_FN_ROW_NUMBER, IC_Q_LONG, 0, NULL)) &&
	       ic_bind_cols_project(b, &c, p->o, true, r);
}

/* The rows once more, each beside the pairs that have its number: those without any stay alone. `n`
 * columns of the input, then the number, then the columns of the table that was looked into. */
static bool with_unmatched(ic_binder *b, const ic_bind_plugin *p, const ic_op *rows, uint32_t n, ic_rel *r)
{
	ic_op *pairs = r->op, *again = ic_bind_op(b, IC_OP_VALUES, p->o, NULL);
	if (!again)
		return false;
	again->out = rows->out;
	again->values.value = rows->values.value;
	again->values.rows = rows->values.rows;
	ic_rel left = { .op = again };
	if (!number_rows(b, p, &left))
		return false;
	ic_op *op = ic_bind_op(b, IC_OP_JOIN, p->o, left.op);
	uint32_t columns = pairs->out.n - 1;
	ic_qcolumn *column = op ? ic_bind_alloc(b, columns, sizeof *column) : NULL;
	uint32_t *from = ic_bind_alloc(b, columns, sizeof *from);
	ic_expr **key = ic_bind_alloc(b, 2, sizeof(ic_expr *));
	if (!column || !from || !key)
		return false;
	for (uint32_t i = 0; i < columns; i++) {
		uint32_t k = i < n ? i : i + 1;
		column[i] = pairs->out.column[k];
		from[i] = i < n ? i : left.op->out.n + k;
	}
	key[0] = ic_bind_column_at(b, p->call->at, &left.op->out, n);
	key[1] = ic_bind_column_at(b, p->call->at, &pairs->out, n);
	if (!key[0] || !key[1])
		return false;
	op->join.kind = IC_JOIN_LEFTOUTER;
	op->join.right = pairs;
	op->join.keys = 1;
	op->join.left_key = &key[0];
	op->join.right_key = &key[1];
	op->join.column = from;
	op->out = (ic_schema){ column, columns };
	op->ordered = false;
	*r = (ic_rel){ .op = op };
	return true;
}

/* Which pairs belong together. */
typedef ic_expr *(*condition_fn)(ic_binder *b, const ic_bind_plugin *p, ic_fn_id fn, const ic_rel *l,
				 const ic_rel *r, const ic_op *pairs);

static ic_expr *left_column(ic_binder *b, const ic_bind_plugin *p, const ic_rel *l, const ic_op *pairs,
			    uint32_t argument)
{
	ic_bind_scope s = { .names = p->names, .row = l };
	int32_t i = ic_bind_named(b, &s, p->call->call.arg[argument].expr);
	return i < 0 ? NULL : ic_bind_column_at(b, p->call->at, &pairs->out, (uint32_t)i);
}

static ic_expr *right_column(ic_binder *b, const ic_bind_plugin *p, const ic_rel *l, const ic_rel *r,
			     const ic_op *pairs, uint32_t argument)
{
	ic_bind_scope s = { .names = p->names, .row = r };
	int32_t i = ic_bind_named(b, &s, p->call->call.arg[argument].expr);
	return i < 0 ? NULL : ic_bind_column_at(b, p->call->at, &pairs->out, l->op->out.n + (uint32_t)i);
}

/* address in network, and what other columns both sides have to agree in */
static ic_expr *in_network(ic_binder *b, const ic_bind_plugin *p, ic_fn_id fn, const ic_rel *l,
			   const ic_rel *r, const ic_op *pairs)
{
	const ic_kql_expr *c = p->call;
	const char *name = ic_functions[fn].name;
	ic_expr *left = left_column(b, p, l, pairs, 1);
	ic_expr *right = left ? right_column(b, p, l, r, pairs, 2) : NULL;
	if (!right)
		return NULL;
	left = ic_bind_fit(b, left, 's', name, 1);
	right = ic_bind_fit(b, right, 's', name, 2);
	ic_expr *all = ic_bind_call2(b, c->at, fn, IC_Q_BOOL, left, right);
	for (uint32_t i = 3; i < c->call.args && !c->call.arg[i].name.text.p; i++) {
		left = left_column(b, p, l, pairs, i);
		right = left ? right_column(b, p, l, r, pairs, i) : NULL;
		if (!right)
			return NULL;
		ic_expr *same = ic_bind_operator(b, c->at, c->length, IC_FN_EQ, IC_STR("=="), left, right);
		all = ic_bind_call2(b, c->at, IC_FN_AND, IC_Q_BOOL, all, same);
	}
	return all;
}

/* A place in a polygon, or within a radius of it, or of a line. */
static ic_expr *near_shape(ic_binder *b, const ic_bind_plugin *p, ic_fn_id fn, const ic_rel *l,
			   const ic_rel *r, const ic_op *pairs)
{
	const ic_kql_expr *c = p->call, *radius = ic_bind_plugin_argument(p, "radius", 4);
	bool is = fn == IC_FN_GEO_DISTANCE_POLYGON && !radius;
	fn = is ? IC_FN_GEO_IN_POLYGON : fn;
	const char *name = ic_functions[fn].name;
	ic_bind_scope outer = { .names = p->names };
	if (!is && !radius)
		return ic_bind_fail(b, IC_DIAG_TYPE, c->at, c->length, "a lookup of lines takes a radius");
	ic_expr *arg[3] = { left_column(b, p, l, pairs, 2), left_column(b, p, l, pairs, 3),
			    right_column(b, p, l, r, pairs, 1) };
	if (!arg[0] || !arg[1] || !arg[2])
		return NULL;
	arg[0] = ic_bind_fit(b, arg[0], 'r', name, 1);
	arg[1] = ic_bind_fit(b, arg[1], 'r', name, 2);
	arg[2] = ic_bind_fit(b, arg[2], 'd', name, 3);
	if (!arg[0] || !arg[1] || !arg[2])
		return NULL;
	ic_expr *call = ic_bind_call(b, c->at, fn, is ? IC_Q_BOOL : IC_Q_REAL, 3, arg);
	ic_expr *most = call && !is ? ic_bind_expr(b, &outer, radius) : NULL;
	return is     ? call
	       : most ? ic_bind_operator(b, c->at, c->length, IC_FN_LE, IC_STR("<="), call, most)
		      : NULL;
}

typedef struct lookup {
	uint32_t least; /* arguments */
	condition_fn condition;
	ic_fn_id fn;
	bool drops; /* the second argument, a column of the table, unless return_lookup_key = true */
} lookup;

static bool without_key(ic_binder *b, const ic_bind_plugin *p, uint32_t before, const ic_rel *right,
			ic_rel *r)
{
	ic_bind_scope s = { .names = p->names, .row = right };
	ic_bind_cols c = { 0 };
	int32_t key = ic_bind_named(b, &s, p->call->call.arg[1].expr);
	for (uint32_t i = 0; key >= 0 && i < r->op->out.n; i++)
		if (i != before + (uint32_t)key &&
		    !ic_bind_cols_add(b, &c, r->op->out.column[i].name,
				      ic_bind_column_at(b, p->call->at, &r->op->out, i)))
			return false;
	return key >= 0 && ic_bind_cols_project(b, &c, p->o, false, r);
}

static bool option(const ic_bind_plugin *p, const char *name)
{
	const ic_kql_expr *e = ic_bind_plugin_argument(p, name, UINT32_MAX);
	return e && ic_bind_option_true(e);
}

/* Every row beside the rows of the table that belong to it: every pair is tried. return_unmatched = true:
 * rows without any stay alone. */
static bool bind_lookup(ic_binder *b, const ic_bind_plugin *p, ic_rel *r)
{
	const ic_kql_expr *c = p->call;
	const lookup *l = p->plugin->own;
	bool open = r->open;
	uint32_t n = r->op->out.n;
	ic_rel right;
	ic_op *rows = NULL;
	if (c->call.args < l->least)
		return ic_bind_plugin_usage(b, p);
	if (!ic_bind_table(b, p->names, c->call.arg[0].expr, &right))
		return false;
	if (option(p, "return_unmatched") && !ic_bind_run_input(b, r, &rows))
		return false;
	if (rows && !number_rows(b, p, r))
		return false;
	ic_op *pairs = cross(b, p, r, &right, IC_JOIN_INNER);
	ic_expr *condition = pairs ? l->condition(b, p, l->fn, r, &right, pairs) : NULL;
	ic_op *filter = condition ? ic_bind_op(b, IC_OP_FILTER, p->o, pairs) : NULL;
	if (!filter)
		return false;
	filter->filter.predicate = condition;
	*r = (ic_rel){ .op = filter, .open = open || right.open };
	if (rows && !with_unmatched(b, p, rows, n, r))
		return false;
	return !l->drops || option(p, "return_lookup_key") || without_key(b, p, n, &right, r);
}

static const lookup ipv4 = { 3, in_network, IC_FN_IPV4_IS_IN_RANGE, false };
static const lookup ipv6 = { 3, in_network, IC_FN_IPV6_IS_IN_RANGE, false };
static const lookup polygons = { 4, near_shape, IC_FN_GEO_DISTANCE_POLYGON, true };
static const lookup lines = { 5, near_shape, IC_FN_GEO_DISTANCE_LINE, true };

const ic_bind_evaluated ic_bind_lookups[] = {
	{ "ipv4_lookup", "ipv4_lookup(table, address, network [, columns...] [, return_unmatched = true])",
	  bind_lookup, &ipv4 },
	{ "ipv6_lookup", "ipv6_lookup(table, address, network [, columns...] [, return_unmatched = true])",
	  bind_lookup, &ipv6 },
	{ "geo_polygon_lookup",
	  "geo_polygon_lookup(table, polygon, longitude, latitude [, radius] [, return_unmatched = true] "
	  "[, return_lookup_key = true])",
	  bind_lookup, &polygons },
	{ "geo_line_lookup",
	  "geo_line_lookup(table, line, longitude, latitude, radius [, return_unmatched = true] "
	  "[, return_lookup_key = true])",
	  bind_lookup, &lines },
	{ 0 },
};
