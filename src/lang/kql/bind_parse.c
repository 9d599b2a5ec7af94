/* SPDX-License-Identifier: Apache-2.0 */
/* parse, parse-where, parse-kv */
#include "base/unicode.h"
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

/* What is parsed, as text whatever it is. */
static ic_expr *parsed_text(ic_binder *b, const ic_bind_name *names, const ic_kql_expr *e, const ic_rel *r)
{
	ic_bind_scope s = { .names = names, .row = r, .base = r->op };
	ic_expr *text = ic_bind_expr(b, &s, e);
	return text ? ic_bind_to(b, text, IC_Q_STRING) : NULL;
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
	ic_expr *text = parsed_text(b, names, o->parse.text, r);
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

/* ---- parse-kv */

static bool with_failed(ic_binder *b, const ic_kql_option *o, const char *wants)
{
	ic_bind_fail(b, IC_DIAG_TYPE, o->value->at, o->value->length, "%.*s of parse-kv is %s",
		     IC_BIND_NAME(o->name.text), wants);
	return false;
}

/* The bytes of the first character of s from `at` on; 0: there is none. */
static uint32_t character(ic_str s, uint32_t at)
{
	unsigned used = 0;
	if (at < s.n)
		ic_utf8_read(s.p + at, s.n - at, &used);
	return used;
}

/* A quote: one character for both ends, or two, one for each. */
static bool add_quotes(ic_binder *b, const ic_kql_option *o, ic_str text, ic_op *op, uint32_t *room)
{
	uint32_t first = character(text, 0), second = character(text, first);
	if (!first || first + second != text.n)
		return with_failed(b, o, "one character or two: what opens and what closes");
	op->parse.quote = ic_bind_grow(b, op->parse.quote, op->parse.quotes, room, sizeof *op->parse.quote);
	if (!op->parse.quote)
		return false;
	ic_str open = { text.p, first }, close = { text.p + first, second };
	op->parse.quote[op->parse.quotes++] = (ic_quotes){ open, second ? close : open };
	return true;
}

static bool add_escape(ic_binder *b, const ic_kql_option *o, ic_str text, ic_op *op, uint32_t *room)
{
	if (!text.n || character(text, 0) != text.n)
		return with_failed(b, o, "one character");
	op->parse.escape =
	    ic_bind_grow(b, op->parse.escape, op->parse.escapes, room, sizeof *op->parse.escape);
	if (op->parse.escape)
		op->parse.escape[op->parse.escapes++] = text;
	return op->parse.escape != NULL;
}

static bool kv_options(ic_binder *b, const ic_kql_options *with, ic_op *op)
{
	uint32_t quote_room = 0, escape_room = 0;
	for (uint32_t i = 0; i < with->n; i++) {
		const ic_kql_option *o = &with->option[i];
		ic_str name = o->name.text, text = ic_bind_option_text(o->value);
		if (ic_str_eq(name, IC_STR("greedy"))) {
			op->parse.greedy = ic_bind_option_true(o->value);
			continue;
		}
		if (!text.p)
			return with_failed(b, o, "a text");
		bool ok = true;
		if (ic_str_eq(name, IC_STR("pair_delimiter")))
			op->parse.pair_delimiter = text;
		else if (ic_str_eq(name, IC_STR("kv_delimiter")))
			op->parse.kv_delimiter = text;
		else if (ic_str_eq(name, IC_STR("regex")))
			op->parse.pattern = text;
		else if (ic_str_eq(name, IC_STR("quote")))
			ok = add_quotes(b, o, text, op, &quote_room);
		else if (ic_str_eq(name, IC_STR("escape")))
			ok = add_escape(b, o, text, op, &escape_room);
		else
			return with_failed(
			    b, o,
			    "none of its options: pair_delimiter, kv_delimiter, quote, escape, "
			    "greedy, regex");
		if (!ok)
			return false;
	}
	return true;
}

bool ic_bind_parse_kv(ic_binder *b, const ic_bind_name *names, const ic_kql_op *o, ic_rel *r)
{
	captures c = { 0 };
	uint32_t n = o->parse_kv.columns.n;
	ic_expr *text = parsed_text(b, names, o->parse_kv.text, r);
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
	if (!kv_options(b, &o->parse_kv.with, op))
		return false;
	op->parse.target = c.target;
	op->parse.key = key;
	op->parse.captures = c.count;
	op->out = (ic_schema){ c.column, c.n };
	*r = (ic_rel){ .op = op, .open = r->open, .serialized = r->serialized };
	return true;
}
