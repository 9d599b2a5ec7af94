/* SPDX-License-Identifier: Apache-2.0 */
/* parse, parse-where, parse-kv; scan with one step. */
#include "lang/kql/bind.h"

/* Where captures go: a column of that name is replaced, else there is a new one. */
typedef struct captures {
	ic_qcolumn *column;
	uint32_t n;
	uint32_t *target;
	uint32_t count;
} captures;

static bool captures_init(ic_binder *b, captures *c, const ic_schema *in, uint32_t most)
{
	c->column = ic_bind_alloc(b, (size_t)in->n + most, sizeof *c->column);
	c->target = ic_bind_alloc(b, most, sizeof *c->target);
	if (!c->column || !c->target)
		return false;
	c->n = in->n;
	for (uint32_t i = 0; i < in->n; i++)
		c->column[i] = in->column[i];
	return true;
}

static bool capture(ic_binder *b, captures *c, const ic_kql_name *name, ic_qtype type)
{
	ic_schema s = { c->column, c->n };
	int32_t at = ic_schema_find(&s, name->text);
	for (uint32_t i = 0; i < c->count && at >= 0; i++)
		if (c->target[i] == (uint32_t)at) {
			ic_bind_fail(b, IC_DIAG_NAME, name->at, name->length,
				     "column '%.*s' is written twice", IC_BIND_NAME(name->text));
			return false;
		}
	if (at < 0) {
		at = (int32_t)c->n++;
		if (c->n > IC_MAX_COLUMNS) {
			ic_bind_fail(b, IC_DIAG_LIMIT, name->at, name->length, "more than %d columns",
				     IC_MAX_COLUMNS);
			return false;
		}
	}
	c->column[at] = (ic_qcolumn){ name->text, type };
	c->target[c->count++] = (uint32_t)at;
	return true;
}

static ic_expr *parsed_text(ic_binder *b, const ic_bind_name *names, const ic_kql_op *o, const ic_kql_expr *e,
			    const ic_rel *r)
{
	ic_bind_scope s = { .names = names, .row = r, .base = r->op };
	ic_expr *text = ic_bind_expr(b, &s, e);
	if (text && text->type == IC_Q_IP)
		text = ic_bind_to(b, text, IC_Q_STRING);
	return ic_bind_fit(b, text, 's', o->says, 0);
}

/* Text and what follows it make one piece of the plan. */
static bool pieces(ic_binder *b, const ic_kql_op *o, ic_op *op, captures *c)
{
	uint32_t n = o->parse.pieces;
	ic_parse_piece *out = ic_bind_alloc(b, (size_t)n + 1, sizeof *out);
	uint32_t k = 0;
	bool open = false, text = false, untyped = false;
	if (!out)
		return false;
	for (uint32_t i = 0; i < n; i++) {
		const ic_kql_piece *p = &o->parse.piece[i];
		/* a star or a text begins a piece, unless it goes on with the one begun by a star */
		bool begins = !open || p->kind == IC_KQL_PIECE_STAR || (p->kind == IC_KQL_PIECE_TEXT && text);
		if (p->kind == IC_KQL_PIECE_COLUMN && untyped && o->parse.how == IC_KQL_PARSE_REGEX) {
			ic_bind_fail(
			    b, IC_DIAG_TYPE, p->at, 1,
			    "between a text column and the next one something must tell where it ends");
			return false;
		}
		if (begins) {
			out[k++] = (ic_parse_piece){ .text = { "", 0 }, .column = -1, .type = IC_Q_STRING };
			open = true;
			text = false;
		}
		untyped = p->kind == IC_KQL_PIECE_COLUMN && p->type == IC_Q_STRING;
		switch (p->kind) {
		case IC_KQL_PIECE_STAR: out[k - 1].star = true; break;
		case IC_KQL_PIECE_TEXT:
			out[k - 1].text = p->text;
			text = true;
			break;
		case IC_KQL_PIECE_COLUMN:
			out[k - 1].column = (int32_t)c->count;
			out[k - 1].type = p->type;
			open = false;
			if (!capture(b, c, &p->name, p->type))
				return false;
			break;
		}
	}
	op->parse.piece = out;
	op->parse.pieces = k;
	return true;
}

bool ic_bind_parse(ic_binder *b, const ic_bind_name *names, const ic_kql_op *o, ic_rel *r)
{
	captures c = { 0 };
	ic_expr *text = parsed_text(b, names, o, o->parse.text, r);
	ic_op *op = text ? ic_bind_op(b, IC_OP_PARSE, o, r->op) : NULL;
	if (!op || !captures_init(b, &c, &r->op->out, o->parse.pieces) || !pieces(b, o, op, &c))
		return false;
	op->parse.text = text;
	op->parse.how = o->parse.how == IC_KQL_PARSE_REGEX     ? IC_PARSE_REGEX
			: o->parse.how == IC_KQL_PARSE_RELAXED ? IC_PARSE_RELAXED
							       : IC_PARSE_SIMPLE;
	op->parse.flags = o->parse.flags;
	op->parse.only_matches = o->kind == IC_KO_PARSE_WHERE;
	op->parse.target = c.target;
	op->parse.captures = c.count;
	op->out = (ic_schema){ c.column, c.n };
	*r = (ic_rel){ .op = op, .open = r->open, .serialized = r->serialized };
	return true;
}

static ic_str with_text(const ic_kql_op *o, const char *name, const char *otherwise)
{
	const ic_kql_expr *e = ic_bind_option(&o->parse_kv.with, name);
	ic_str text = ic_bind_option_text(e);
	return text.p ? text : ic_str_of(otherwise);
}

bool ic_bind_parse_kv(ic_binder *b, const ic_bind_name *names, const ic_kql_op *o, ic_rel *r)
{
	captures c = { 0 };
	uint32_t n = o->parse_kv.columns.n;
	ic_expr *text = parsed_text(b, names, o, o->parse_kv.text, r);
	ic_op *op = text ? ic_bind_op(b, IC_OP_PARSE, o, r->op) : NULL;
	ic_str *key = op ? ic_bind_alloc(b, n, sizeof *key) : NULL;
	if (!key || !captures_init(b, &c, &r->op->out, n))
		return false;
	for (uint32_t i = 0; i < n; i++) {
		const ic_kql_column *k = &o->parse_kv.columns.column[i];
		key[i] = k->name.text;
		if (!capture(b, &c, &k->name, k->type))
			return false;
	}
	op->parse.text = text;
	op->parse.how = IC_PARSE_KV;
	op->parse.pair_delimiter = with_text(o, "pair_delimiter", "");
	op->parse.kv_delimiter = with_text(o, "kv_delimiter", "");
	op->parse.quotes[0] = op->parse.quotes[1] = with_text(o, "quote", "");
	op->parse.escape = with_text(o, "escape", "");
	op->parse.greedy = ic_bind_option_true(ic_bind_option(&o->parse_kv.with, "greedy"));
	op->parse.target = c.target;
	op->parse.key = key;
	op->parse.captures = c.count;
	op->out = (ic_schema){ c.column, c.n };
	*r = (ic_rel){ .op = op, .open = r->open, .serialized = r->serialized };
	return true;
}

/* ---- scan */

/* The columns that a step's expressions see: see ic_op.step. */
static bool step_schema(ic_binder *b, const ic_schema *in, const ic_kql_columns *declare, ic_schema *ret)
{
	uint32_t half = in->n + declare->n;
	ic_qcolumn *column = ic_bind_alloc(b, (size_t)half * 2, sizeof *column);
	if (!column || half > IC_MAX_COLUMNS)
		return false;
	for (uint32_t i = 0; i < half; i++) {
		if (i < in->n)
			column[i] = in->column[i];
		else
			column[i] = (ic_qcolumn){ declare->column[i - in->n].name.text,
						  declare->column[i - in->n].type };
		column[half + i] = column[i];
	}
	*ret = (ic_schema){ column, half * 2 };
	return true;
}

static bool step_sets(ic_binder *b, const ic_bind_scope *s, const ic_kql_op *o, ic_op *op)
{
	for (uint32_t i = 0; i < o->scan.set.n; i++) {
		const ic_kql_item *item = &o->scan.set.item[i];
		uint32_t k = 0;
		while (k < op->step.declared && item->names &&
		       !ic_str_eq(o->scan.declare.column[k].name.text, item->name[0].text))
			k++;
		if (!item->names || k == op->step.declared) {
			ic_bind_fail(b, IC_DIAG_NAME, item->expr->at, item->expr->length,
				     "a step sets columns that `declare` names");
			return false;
		}
		ic_expr *e = ic_bind_expr(b, s, item->expr);
		ic_qtype type = o->scan.declare.column[k].type;
		if (e && ic_bind_common(e->type, type, false) == IC_QTYPES) {
			ic_bind_fail(b, IC_DIAG_TYPE, item->expr->at, item->expr->length,
				     "'%.*s' is %s, not %s", IC_BIND_NAME(item->name[0].text),
				     ic_qtype_name(type), ic_qtype_name(e->type));
			return false;
		}
		if (!(op->step.set[k] = ic_bind_to(b, e, type)))
			return false;
	}
	return true;
}

bool ic_bind_scan(ic_binder *b, const ic_bind_name *names, const ic_kql_op *o, ic_rel *r)
{
	if (o->scan.match_id.text.p || o->scan.partition_by.n) {
		ic_bind_fail(b, IC_DIAG_UNSUPPORTED, o->at, o->length, "scan with %s is not supported",
			     o->scan.match_id.text.p ? "with_match_id" : "partition by");
		return false;
	}
	if (!r->serialized) {
		ic_bind_fail(b, IC_DIAG_TYPE, o->at, o->length, "scan needs rows in order");
		if (b->status == IC_E_USAGE)
			ic_diag_hint(b->diag, "put sort or serialize before it");
		return false;
	}
	const ic_schema *in = &r->op->out;
	ic_op *op = ic_bind_op(b, IC_OP_STEP, o, r->op);
	ic_op *seen = ic_bind_alloc(b, 1, sizeof *seen);
	uint32_t n = o->scan.declare.n;
	if (!op || !seen || !step_schema(b, in, &o->scan.declare, &seen->out))
		return false;
	op->step.declared = n;
	op->step.set = ic_bind_alloc(b, n, sizeof(ic_expr *));
	op->step.preset = ic_bind_alloc(b, n, sizeof *op->step.preset);
	if (!op->step.set || !op->step.preset)
		return false;
	ic_bind_scope outer = { .names = names };
	for (uint32_t i = 0; i < n; i++) {
		const ic_kql_column *c = &o->scan.declare.column[i];
		op->step.preset[i] = ic_value_null(c->type);
		if (c->value && !ic_bind_value(b, ic_bind_expr(b, &outer, c->value), c->type, "declare",
					       &op->step.preset[i]))
			return false;
	}
	ic_rel row = { .op = seen };
	ic_bind_scope s = {
		.names = names, .row = &row, .base = seen, .step = &o->scan.step, .step_offset = in->n + n
	};
	op->step.when = o->scan.predicate ? ic_bind_predicate(b, &s, o->scan.predicate, "step")
					  : ic_bind_const(b, o->at, ic_value_bool(true));
	if (!op->step.when || !step_sets(b, &s, o, op))
		return false;
	op->out = (ic_schema){ seen->out.column, in->n + n };
	*r = (ic_rel){ .op = op, .serialized = true };
	return true;
}
