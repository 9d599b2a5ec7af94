/* SPDX-License-Identifier: Apache-2.0 */
/* mv-expand, mv-apply. */
#include "lang/kql/bind.h"

/* What the items of mv-expand and mv-apply expand to. */
typedef struct expansion {
	ic_bind_cols cols; /* columns before it: the input's, items with an expression computed */
	ic_expand_column *column;
	uint32_t inputs;
	bool computed; /* cols differ from the input */
} expansion;

static bool expand_item(ic_binder *b, const ic_bind_scope *s, const ic_kql_item *item, expansion *x,
			uint32_t k)
{
	const ic_schema *in = &s->row->op->out;
	ic_expr *e = ic_bind_expr(b, s, item->expr);
	if (!e)
		return false;
	if (e->type != IC_Q_DYNAMIC) {
		ic_bind_fail(b, IC_DIAG_TYPE, item->expr->at, item->expr->length,
			     "an array or bag (dynamic) is expected here, not %s", ic_qtype_name(e->type));
		if (b->status == IC_E_USAGE && ic_qtype_is_text(e->type))
			ic_diag_hint(b->diag, "parse_json() reads a text, split() cuts it up");
		return false;
	}
	ic_str name = item->names	       ? item->name[0].text
		      : e->kind == IC_X_COLUMN ? in->column[e->column].name
					       : ic_bind_auto_name(b, item->expr);
	if (!name.p)
		name = IC_STR("Column1");
	ic_schema before = { x->cols.column, x->cols.n };
	int32_t at = ic_schema_find(&before, name);
	if (at >= 0 && (uint32_t)at < x->inputs) {
		bool same = e->kind == IC_X_COLUMN && e->column == (uint32_t)at;
		x->computed |= !same;
		x->cols.expr[at] = e;
		x->cols.column[at].type = IC_Q_DYNAMIC;
	} else {
		x->computed = true;
		at = (int32_t)x->cols.n;
		if (!ic_bind_cols_add(b, &x->cols, ic_bind_unique(b, x->cols.column, x->cols.n, name), e))
			return false;
	}
	bool typed = item->type != IC_QTYPES;
	x->column[k] = (ic_expand_column){ .from = (uint32_t)at,
					   .to = (uint32_t)at,
					   .as_type = typed,
					   .type = typed ? item->type : IC_Q_DYNAMIC };
	return true;
}

/* The columns as they are behind the expansion: items have the type they are asked for, then the index. */
static bool expanded_schema(ic_binder *b, const expansion *x, uint32_t items, ic_str index,
			    const ic_schema *in, ic_schema *ret)
{
	uint32_t n = in->n + (index.p != NULL);
	ic_qcolumn *column = ic_bind_alloc(b, n, sizeof *column);
	if (!column)
		return false;
	for (uint32_t i = 0; i < in->n; i++)
		column[i] = in->column[i];
	for (uint32_t k = 0; k < items; k++)
		column[x->column[k].to].type = x->column[k].type;
	if (index.p)
		column[in->n] = (ic_qcolumn){ ic_bind_unique(b, column, in->n, index), IC_Q_LONG };
	*ret = (ic_schema){ column, n };
	return true;
}

static bool set_up(ic_binder *b, const ic_bind_name *names, const ic_kql_op *o, ic_rel *r, expansion *x)
{
	ic_bind_scope s = { .names = names, .row = r, .base = r->op };
	uint32_t n = o->expand.items.n;
	x->inputs = r->op->out.n;
	x->column = ic_bind_alloc(b, n, sizeof *x->column);
	if (!x->column || !ic_bind_cols_input(b, &x->cols, o->at, r->op))
		return false;
	for (uint32_t k = 0; k < n; k++)
		if (!expand_item(b, &s, &o->expand.items.item[k], x, k))
			return false;
	return !x->computed || ic_bind_cols_project(b, &x->cols, o, false, r);
}

/* What both have in common. */
static bool fill(ic_binder *b, const ic_bind_name *names, const ic_kql_op *o, const expansion *x,
		 ic_str index, uint32_t inputs, ic_op *op)
{
	ic_bind_scope s = { .names = names };
	ic_value limit = ic_value_long(-1);
	ic_str kind = ic_bind_option_text(ic_bind_option(&o->options, "kind"));
	if (!kind.p)
		kind = ic_bind_option_text(ic_bind_option(&o->options, "bagexpansion"));
	if (o->expand.limit &&
	    !ic_bind_value(b, ic_bind_expr(b, &s, o->expand.limit), IC_Q_LONG, "limit", &limit))
		return false;
	op->expand.column = x->column;
	op->expand.columns = o->expand.items.n;
	op->expand.index = index.p ? (int32_t)inputs : -1;
	op->expand.as_bags = !ic_str_eq(kind, IC_STR("array"));
	op->expand.limit = limit.null ? -1 : limit.i;
	return true;
}

static uint32_t *identity(ic_binder *b, uint32_t n)
{
	uint32_t *list = ic_bind_alloc(b, n, sizeof *list);
	for (uint32_t i = 0; list && i < n; i++)
		list[i] = i;
	return list;
}

/* Rows of the row at hand go through the body; beside each result stand the columns of the row that the
 * body does not give itself. The item is part of the body's rows only. */
static bool apply(ic_binder *b, const ic_bind_name *names, const ic_kql_op *o, const expansion *x,
		  ic_str index, ic_rel *r)
{
	const ic_op *in = r->op;
	ic_op *input = ic_bind_op(b, IC_OP_INPUT, o, NULL);
	ic_rel body;
	if (!input || !expanded_schema(b, x, o->expand.items.n, index, &in->out, &input->out))
		return false;
	ic_rel start = { .op = input, .open = r->open, .serialized = true };
	if (!ic_bind_pipe(b, names, o->expand.body.first, NULL, &start, &body) || !ic_bind_settle(b, body.op))
		return false;
	ic_op *op = ic_bind_op(b, IC_OP_APPLY, o, r->op);
	uint32_t most = in->out.n + body.op->out.n, n = 0;
	ic_qcolumn *column = op ? ic_bind_alloc(b, most, sizeof *column) : NULL;
	if (!column || !fill(b, names, o, x, index, in->out.n, op))
		return false;
	op->expand.body = body.op;
	op->expand.feed = identity(b, input->out.n);
	op->expand.keep = ic_bind_alloc(b, in->out.n, sizeof *op->expand.keep);
	if (!op->expand.feed || !op->expand.keep)
		return false;
	if (index.p)
		op->expand.feed[in->out.n] = 0;
	for (uint32_t i = 0; i < in->out.n; i++) {
		bool is_item = false;
		for (uint32_t k = 0; k < o->expand.items.n; k++)
			is_item |= x->column[k].from == i;
		if (is_item || ic_schema_find(&body.op->out, in->out.column[i].name) >= 0)
			continue;
		op->expand.keep[op->expand.keeps++] = i;
		column[n++] = in->out.column[i];
	}
	for (uint32_t i = 0; i < body.op->out.n; i++)
		column[n++] = body.op->out.column[i];
	if (n > IC_MAX_COLUMNS) {
		ic_bind_fail(b, IC_DIAG_LIMIT, o->at, o->length, "more than %d columns", IC_MAX_COLUMNS);
		return false;
	}
	op->out = (ic_schema){ column, n };
	*r = (ic_rel){ .op = op, .open = r->open || body.open };
	return true;
}

bool ic_bind_expand(ic_binder *b, const ic_bind_name *names, const ic_kql_op *o, ic_rel *r)
{
	expansion x = { 0 };
	ic_str index = ic_bind_option_text(ic_bind_option(&o->options, "with_itemindex"));
	if (!set_up(b, names, o, r, &x))
		return false;
	if (o->kind == IC_KO_MV_APPLY)
		return apply(b, names, o, &x, index, r);
	ic_op *op = ic_bind_op(b, IC_OP_EXPAND, o, r->op);
	if (!op || !fill(b, names, o, &x, index, r->op->out.n, op) ||
	    !expanded_schema(b, &x, o->expand.items.n, index, &r->op->out, &op->out))
		return false;
	op->expand.keep = identity(b, op->out.n);
	op->expand.keeps = op->out.n;
	if (!op->expand.keep)
		return false;
	if (index.p)
		op->expand.keep[r->op->out.n] = 0;
	*r = (ic_rel){ .op = op, .open = r->open, .serialized = r->serialized };
	return true;
}
