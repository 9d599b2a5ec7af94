/* SPDX-License-Identifier: Apache-2.0 */
/* make-series and top-nested. */
#include "lang/kql/bind.h"

/* ---- make-series */

/* from, to and step as the axis needs them. */
static bool axis_value(ic_binder *b, const ic_bind_name *names, const ic_kql_expr *e, ic_qtype type,
		       ic_value *ret)
{
	ic_bind_scope s = { .names = names };
	*ret = ic_value_null(type);
	return !e || ic_bind_value(b, ic_bind_expr(b, &s, e), type, "make-series", ret);
}

static ic_qtype axis_type(ic_binder *b, const ic_kql_op *o, ic_expr **on)
{
	ic_qtype t = (*on)->type;
	if (t == IC_Q_DYNAMIC && b->plan->open) {
		*on = ic_bind_to(b, *on, IC_Q_DATETIME);
		return IC_Q_DATETIME;
	}
	if (t == IC_Q_INT) {
		*on = ic_bind_to(b, *on, IC_Q_LONG);
		return IC_Q_LONG;
	}
	if (t == IC_Q_LONG || t == IC_Q_REAL || t == IC_Q_DATETIME || t == IC_Q_TIMESPAN)
		return t;
	ic_bind_fail(b, IC_DIAG_TYPE, o->series.on->at, o->series.on->length,
		     "the axis of make-series cannot be %s", ic_qtype_name(t));
	return IC_QTYPES;
}

/* A value that no row changes still stands only in steps that have rows. */
static bool count_rows(ic_binder *b, const ic_bind_scope *s, const ic_kql_expr *e)
{
	ic_kql_expr count = { .kind = IC_KE_CALL, .at = e->at, .length = e->length };
	count.call.name = (ic_kql_name){ IC_STR("count"), e->at, e->length };
	return ic_bind_expr(b, s, &count) != NULL;
}

/* The default of an item; without one 0 of the type, as Kusto does. */
static bool fill_of(ic_binder *b, const ic_bind_name *names, const ic_kql_item *item, ic_qtype type,
		    ic_value *ret)
{
	ic_bind_scope outer = { .names = names };
	if (!item->value && !ic_qtype_is_number(type)) {
		*ret = ic_value_null(type);
		return true;
	}
	ic_expr *d = item->value ? ic_bind_expr(b, &outer, item->value)
				 : ic_bind_const(b, item->expr->at, ic_value_long(0));
	return d && ic_bind_value(b, ic_bind_to(b, d, type), type, "default", ret);
}

/* The arrays: aggregates or expressions over them, with their defaults and names. */
static bool series_items(ic_binder *b, const ic_bind_scope *s, const ic_kql_op *o,
			 struct ic_series_item *item, ic_qcolumn *column)
{
	uint32_t unnamed = 0;
	for (uint32_t i = 0; i < o->series.aggs.n; i++) {
		const ic_kql_item *from = &o->series.aggs.item[i];
		uint32_t before = s->aggs->n;
		ic_expr *e = ic_bind_expr(b, s, from->expr);
		if (!e)
			return false;
		if (s->aggs->n == before && !count_rows(b, s, from->expr))
			return false;
		if (s->aggs->columns != s->aggs->n) {
			ic_bind_fail(b, IC_DIAG_TYPE, from->expr->at, from->expr->length,
				     "make-series takes aggregates with one result");
			return false;
		}
		bool plain = e->kind == IC_X_COLUMN;
		item[i] = (struct ic_series_item){ .value = plain ? NULL : e,
						   .of = plain ? e->column : 0,
						   .type = e->type };
		if (!fill_of(b, s->names, from, e->type, &item[i].fill))
			return false;
		ic_str name = from->names ? from->name[0].text
			      : plain	  ? s->aggs->column[e->column].name
					  : ic_bind_auto_name(b, from->expr);
		column[i].name = name.p ? name : ic_bind_numbered(b, "Column", ++unnamed);
	}
	return b->status == IC_OK;
}

static void include_end(ic_value *to)
{
	if (to->null)
		return;
	if (to->type == IC_Q_REAL)
		to->d += 1e-9;
	else if (to->i < INT64_MAX)
		to->i++;
}

bool ic_bind_make_series(ic_binder *b, const ic_bind_name *names, const ic_kql_op *o, ic_rel *r)
{
	ic_bind_aggs a = { 0 };
	ic_bind_scope s = { .names = names, .row = r, .base = r->op };
	ic_bind_scope with = s;
	with.aggs = &a;
	ic_bind_cols by = { 0 };
	for (uint32_t i = 0; i < o->series.by.n; i++) {
		const ic_kql_item *item = &o->series.by.item[i];
		ic_expr *e = ic_bind_expr(b, &s, item->expr);
		ic_str name = item->names ? item->name[0].text : ic_bind_auto_name(b, item->expr);
		if (!name.p)
			name = IC_STR("Column1");
		if (!ic_bind_cols_add(b, &by, ic_bind_unique(b, by.column, by.n, name), e))
			return false;
	}
	uint32_t items = o->series.aggs.n, n = by.n + items + 1;
	struct ic_series_item *item = ic_bind_alloc(b, items, sizeof *item);
	ic_qcolumn *named = ic_bind_alloc(b, items, sizeof *named);
	ic_expr *on = ic_bind_expr(b, &s, o->series.on);
	ic_qtype type = on && item && named ? axis_type(b, o, &on) : IC_QTYPES;
	if (type == IC_QTYPES || !on || !series_items(b, &with, o, item, named))
		return false;
	ic_op *op = ic_bind_op(b, IC_OP_MAKE_SERIES, o, r->op);
	ic_qcolumn *column = op ? ic_bind_alloc(b, n, sizeof *column) : NULL;
	if (!column)
		return false;
	ic_qtype step = type == IC_Q_DATETIME ? IC_Q_TIMESPAN : type;
	if (!axis_value(b, names, o->series.from, type, &op->series.from) ||
	    !axis_value(b, names, o->series.to, type, &op->series.to) ||
	    !axis_value(b, names, o->series.step, step, &op->series.step))
		return false;
	if (o->series.in_range)
		include_end(&op->series.to);
	ic_str axis = o->series.on_name.text.p ? o->series.on_name.text : ic_bind_auto_name(b, o->series.on);
	for (uint32_t i = 0; i < by.n; i++)
		column[i] = by.column[i];
	for (uint32_t i = 0; i < items; i++)
		column[by.n + i] =
		    (ic_qcolumn){ ic_bind_unique(b, column, by.n + i, named[i].name), IC_Q_DYNAMIC };
	column[n - 1] =
	    (ic_qcolumn){ ic_bind_unique(b, column, n - 1, axis.p ? axis : IC_STR("Column1")), IC_Q_DYNAMIC };
	op->out = (ic_schema){ column, n };
	op->ordered = false;
	op->series.agg = a.agg;
	op->series.aggs = a.n;
	op->series.item = item;
	op->series.items = items;
	op->series.on = on;
	op->series.by = by.expr;
	op->series.bys = by.n;
	op->series.nonempty =
	    ic_str_eq(ic_bind_option_text(ic_bind_option(&o->options, "kind")), IC_STR("nonempty"));
	*r = (ic_rel){ .op = op };
	return true;
}

/* ---- top-nested */

static bool level_rank(ic_binder *b, const ic_bind_scope *s, const ic_kql_level *l, struct ic_nest *ret,
		       ic_qtype *type)
{
	ic_bind_aggs a = { .keys = 1 };
	ic_bind_scope with = *s;
	with.aggs = &a;
	ic_expr *e = ic_bind_expr(b, &with, l->by.expr);
	if (!e)
		return false;
	if (a.n == 0 || a.columns != a.n) {
		ic_bind_fail(b, IC_DIAG_TYPE, l->by.expr->at, l->by.expr->length,
			     "top-nested ranks by an expression over aggregates of one result each");
		return false;
	}
	ret->agg = a.agg;
	ret->aggs = a.n;
	ret->rank = e->kind == IC_X_COLUMN ? NULL : e;
	*type = e->type;
	return true;
}

bool ic_bind_top_nested(ic_binder *b, const ic_bind_name *names, const ic_kql_op *o, ic_rel *r)
{
	ic_bind_scope s = { .names = names, .row = r, .base = r->op }, outer = { .names = names };
	ic_op *op = ic_bind_op(b, IC_OP_TOP_NESTED, o, r->op);
	uint32_t n = o->nested.levels;
	ic_qcolumn *column = op ? ic_bind_alloc(b, (size_t)n * 2, sizeof *column) : NULL;
	op = column ? op : NULL;
	if (!op || !(op->nested.level = ic_bind_alloc(b, n, sizeof *op->nested.level)))
		return false;
	for (uint32_t i = 0; i < n; i++) {
		const ic_kql_level *l = &o->nested.level[i];
		struct ic_nest *to = &op->nested.level[i];
		ic_value count = ic_value_long(-1);
		ic_qtype type;
		ic_str of = l->of.names ? l->of.name[0].text : ic_bind_auto_name(b, l->of.expr);
		if (!of.p)
			of = IC_STR("Column1");
		to->by = ic_bind_expr(b, &s, l->of.expr);
		if (!to->by || !level_rank(b, &s, l, to, &type))
			return false;
		if (l->n && !ic_bind_value(b, ic_bind_expr(b, &outer, l->n), IC_Q_LONG, "top-nested", &count))
			return false;
		if (to->by->type == IC_Q_IP || to->by->type == IC_Q_DYNAMIC)
			to->by = ic_bind_to(b, to->by, IC_Q_STRING);
		to->n = count.null ? -1 : count.i;
		to->ascending = l->ascending;
		to->others = l->others != NULL;
		if (l->others &&
		    !ic_bind_value(b, ic_bind_to(b, ic_bind_expr(b, &outer, l->others), to->by->type),
				   to->by->type, "others", &to->others_label))
			return false;
		ic_str by =
		    l->by.names ? l->by.name[0].text : ic_bind_join_text(b, IC_STR("aggregated_"), "", of);
		column[2 * i] = (ic_qcolumn){ ic_bind_unique(b, column, 2 * i, of), to->by->type };
		column[2 * i + 1] = (ic_qcolumn){ ic_bind_unique(b, column, 2 * i + 1, by), type };
	}
	op->nested.levels = n;
	op->out = (ic_schema){ column, 2 * n };
	op->ordered = false;
	*r = (ic_rel){ .op = op };
	return true;
}
