/* SPDX-License-Identifier: Apache-2.0 */
/* Rows that do not come out of a table: datatable, range, externaldata, watch lists. */
#include "lang/kql/bind.h"

/* ---- datatable */

static bool datatable_value(ic_binder *b, const ic_kql_op *o, uint32_t i, ic_qtype type, ic_value *ret)
{
	ic_value v = o->datatable.value[i];
	ic_place at = o->datatable.place[i];
	bool whole = v.type == IC_Q_INT || v.type == IC_Q_LONG;
	*ret = v;
	if (v.type == type)
		return true;
	if (v.null && v.type != IC_Q_STRING) {
		*ret = ic_value_null(type);
		return true;
	}
	if (whole && (type == IC_Q_LONG || type == IC_Q_INT)) {
		if (type == IC_Q_INT && (v.i < INT32_MIN || v.i > INT32_MAX))
			*ret = ic_value_null(type);
		ret->type = type;
		return true;
	}
	if (whole && type == IC_Q_REAL) {
		*ret = ic_value_real((double)v.i);
		return true;
	}
	if ((whole || v.type == IC_Q_REAL) && type == IC_Q_DECIMAL) {
		ic_decimal *d = ic_bind_alloc(b, 1, sizeof *d);
		if (!d)
			return false;
		if (whole)
			*d = (ic_decimal){ .coefficient = v.i, .scale = 0 };
		else if (!ic_decimal_of_real(v.d, d))
			return *ret = ic_value_null(type), true;
		*ret = (ic_value){ .type = IC_Q_DECIMAL, .decimal = d };
		return true;
	}
	if (type == IC_Q_DYNAMIC) {
		const ic_dyn *d = ic_dyn_of(&b->plan->arena, &v);
		*ret = ic_value_dyn(d);
		return d || ic_bind_nomem(b);
	}
	if (type == IC_Q_STRING && v.type != IC_Q_DYNAMIC) {
		*ret = ic_value_str(ic_value_text(&b->plan->arena, &v));
		return ret->s.p || ic_bind_nomem(b);
	}
	if (v.type == IC_Q_STRING) {
		/* a text is read as the column's type */
		*ret = (ic_value){ .type = type };
		if ((type == IC_Q_DATETIME && ic_parse_datetime(v.s, &ret->i)) ||
		    (type == IC_Q_TIMESPAN && ic_parse_timespan(v.s, &ret->i)) ||
		    (type == IC_Q_GUID && ic_parse_guid(v.s, &ret->guid)))
			return true;
	}
	ic_bind_fail(b, IC_DIAG_TYPE, at, 1, "the column is %s, but the value is %s", ic_qtype_name(type),
		     ic_qtype_name(v.type));
	return false;
}

static bool schema_of(ic_binder *b, const ic_kql_columns *c, ic_schema *ret)
{
	if (c->n > IC_MAX_COLUMNS) {
		ic_bind_fail(b, IC_DIAG_LIMIT, c->column[IC_MAX_COLUMNS].name.at, 1, "more than %d columns",
			     IC_MAX_COLUMNS);
		return false;
	}
	ic_qcolumn *column = ic_bind_alloc(b, c->n, sizeof *column);
	if (!column)
		return false;
	for (uint32_t i = 0; i < c->n; i++) {
		ic_schema before = { column, i };
		if (ic_schema_find(&before, c->column[i].name.text) >= 0) {
			ic_bind_fail(b, IC_DIAG_NAME, c->column[i].name.at, c->column[i].name.length,
				     "there are two columns '%.*s'", IC_BIND_NAME(c->column[i].name.text));
			return false;
		}
		column[i] = (ic_qcolumn){ c->column[i].name.text, c->column[i].type };
	}
	*ret = (ic_schema){ column, c->n };
	return true;
}

bool ic_bind_datatable(ic_binder *b, const ic_kql_op *o, ic_rel *r)
{
	ic_op *op = ic_bind_op(b, IC_OP_VALUES, o, NULL);
	uint32_t n = o->datatable.values, columns = o->datatable.columns.n;
	ic_value *v = op ? ic_bind_alloc(b, n, sizeof *v) : NULL;
	if (!v || !schema_of(b, &o->datatable.columns, &op->out))
		return false;
	for (uint32_t i = 0; i < n; i++)
		if (!datatable_value(b, o, i, op->out.column[i % columns].type, &v[i]))
			return false;
	op->values.value = v;
	op->values.rows = columns ? n / columns : 0;
	*r = (ic_rel){ .op = op };
	return true;
}

/* ---- range */

static ic_qtype range_type(ic_qtype from, ic_qtype to, ic_qtype step)
{
	if (from == IC_Q_DATETIME || from == IC_Q_TIMESPAN)
		return to == from && step == IC_Q_TIMESPAN ? from : IC_QTYPES;
	ic_qtype t = ic_bind_common(ic_bind_common(from, to, false), step, false);
	return ic_qtype_is_number(t) && t != IC_Q_DECIMAL ? (t == IC_Q_INT ? IC_Q_LONG : t) : IC_QTYPES;
}

bool ic_bind_range(ic_binder *b, const ic_bind_name *names, const ic_kql_op *o, ic_rel *r)
{
	ic_bind_scope s = { .names = names };
	ic_expr *from = ic_bind_expr(b, &s, o->range.from);
	ic_expr *to = from ? ic_bind_expr(b, &s, o->range.to) : NULL;
	ic_expr *step = to ? ic_bind_expr(b, &s, o->range.step) : NULL;
	if (!step)
		return false;
	ic_qtype t = range_type(from->type, to->type, step->type);
	if (t == IC_QTYPES) {
		ic_bind_fail(b, IC_DIAG_TYPE, o->at, o->length, "range does not go from %s to %s by %s",
			     ic_qtype_name(from->type), ic_qtype_name(to->type), ic_qtype_name(step->type));
		return false;
	}
	ic_qtype st = t == IC_Q_DATETIME ? IC_Q_TIMESPAN : t;
	ic_op *op = ic_bind_op(b, IC_OP_RANGE, o, NULL);
	ic_qcolumn *column = op ? ic_bind_alloc(b, 1, sizeof *column) : NULL;
	if (!column || !ic_bind_value(b, from, t, "range", &op->range.from) ||
	    !ic_bind_value(b, to, t, "range", &op->range.to) ||
	    !ic_bind_value(b, step, st, "range", &op->range.step))
		return false;
	*column = (ic_qcolumn){ o->range.name.text, t };
	op->out = (ic_schema){ column, 1 };
	op->ordered = true;
	*r = (ic_rel){ .op = op, .serialized = true };
	return true;
}

ic_op *ic_bind_one_row(ic_binder *b, ic_place at)
{
	ic_kql_op o = { .at = at, .length = 1, .says = "print" };
	ic_op *op = ic_bind_op(b, IC_OP_VALUES, &o, NULL);
	if (op)
		op->values.rows = 1;
	return op;
}

/* ---- what is outside */

static bool outside(ic_binder *b, const char *kind, ic_str name, ic_schema schema, ic_place at,
		    uint32_t length, ic_op **ret)
{
	*ret = NULL;
	ic_status st = b->catalog->external
			   ? b->catalog->external(b->catalog->ctx, b->plan, kind, name, schema, ret, b->diag)
			   : IC_OK;
	if (st != IC_OK) {
		if (b->status == IC_OK)
			b->status = st;
		return false;
	}
	if (*ret || b->checking)
		return true;
	ic_bind_fail(b, IC_DIAG_NAME, at, length, "%s '%.*s' is not at hand", kind, IC_BIND_NAME(name));
	ic_diag_hint(b->diag, "nothing is fetched: --lists names the folder in which such files lie");
	return false;
}

/* No rows of these columns. */
static ic_op *nothing(ic_binder *b, const ic_kql_op *o, ic_schema schema)
{
	ic_op *op = ic_bind_op(b, IC_OP_VALUES, o, NULL);
	if (op)
		op->out = schema;
	return op;
}

static ic_op *several(ic_binder *b, const ic_kql_op *o, ic_op **in, uint32_t n)
{
	ic_op *op = n == 1 ? in[0] : ic_bind_op(b, IC_OP_UNION, o, NULL);
	if (!op || n == 1)
		return op;
	op->out = in[0]->out;
	op->united.in = in;
	op->united.inputs = n;
	op->united.source = -1;
	op->united.column = ic_bind_alloc(b, n, sizeof *op->united.column);
	op->united.name = ic_bind_alloc(b, n, sizeof *op->united.name);
	if (!op->united.column || !op->united.name)
		return NULL;
	for (uint32_t i = 0; i < n; i++) {
		int32_t *map = ic_bind_alloc(b, op->out.n, sizeof *map);
		if (!map)
			return NULL;
		for (uint32_t k = 0; k < op->out.n; k++)
			map[k] = (int32_t)k;
		op->united.column[i] = map;
	}
	return op;
}

bool ic_bind_external(ic_binder *b, const ic_bind_name *names, const ic_kql_op *o, ic_rel *r)
{
	ic_schema schema;
	ic_bind_scope s = { .names = names };
	uint32_t n = o->externaldata.uris.n;
	ic_op **in = ic_bind_alloc(b, n, sizeof(ic_op *));
	if (!in || !schema_of(b, &o->externaldata.columns, &schema))
		return false;
	for (uint32_t i = 0; i < n; i++) {
		const ic_kql_expr *u = o->externaldata.uris.expr[i];
		ic_value uri;
		if (!ic_bind_value(b, ic_bind_expr(b, &s, u), IC_Q_STRING, "externaldata", &uri) ||
		    !outside(b, "externaldata", uri.s, schema, u->at, u->length, &in[i]))
			return false;
		if (!in[i] && !(in[i] = nothing(b, o, schema)))
			return false;
	}
	*r = (ic_rel){ .op = n ? several(b, o, in, n) : nothing(b, o, schema) };
	return r->op != NULL;
}

bool ic_bind_watchlist(ic_binder *b, const ic_bind_name *names, const ic_kql_expr *call, ic_rel *r)
{
	ic_bind_scope s = { .names = names };
	ic_kql_op o = { .at = call->at, .length = call->length, .says = "_GetWatchlist" };
	ic_schema unknown = { NULL, 0 };
	ic_value name;
	if (call->call.args == 0) {
		ic_bind_fail(b, IC_DIAG_TYPE, call->at, call->length, "_GetWatchlist() takes a name");
		return false;
	}
	ic_op *op;
	ic_expr *e = ic_bind_expr(b, &s, call->call.arg[0].expr);
	if (!ic_bind_value(b, e, IC_Q_STRING, "_GetWatchlist()", &name) ||
	    !outside(b, "watchlist", name.s, unknown, call->at, call->length, &op))
		return false;
	bool open = op == NULL;
	if (open && !(op = nothing(b, &o, unknown)))
		return false;
	b->plan->open |= open;
	*r = (ic_rel){ .op = op, .open = open };
	return true;
}
