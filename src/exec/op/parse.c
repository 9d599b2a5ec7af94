/* SPDX-License-Identifier: Apache-2.0 */
/* parse, parse-where, parse-kv: columns out of a text.
 *
 * A pattern finds the texts of the captures of each row (parse_text.c); then the conversions of KQL
 * give them their types, a column at a time. Unless the pattern is relaxed a capture that is not of its
 * type means that the row does not match; what does not match gets nulls, or is left out
 * (parse-where). */
#include "base/error.h"
#include "exec/op/parse_text.h"
#include "exec/operator.h"

typedef struct parse {
	ic_eval *text, *convert;
	ic_parse_text *pattern;
	bool strict;
	int32_t *capture;	    /* of each out column; -1: an input column */
	ic_parse_scratch **scratch; /* one a worker */
} parse;

/* Texts of the captures, a string column each; `match` has a bit for each row that matches. */
static ic_status find_texts(ic_operator *o, ic_worker *w, const ic_chunk *c, const ic_vector *text,
			    ic_vector *found, uint64_t *match)
{
	parse *p = o->state;
	uint32_t n = o->op->parse.captures;
	ic_vector_out *out = ic_arena_alloc(&w->arena, (n + 1) * sizeof *out);
	ic_str *part = ic_arena_alloc(&w->arena, (n + 1) * sizeof *part);
	if (!out || !part)
		return ic_fail_nomem(w->err);
	for (uint32_t i = 0; i < n; i++)
		if (!ic_vector_make(&out[i], &w->arena, IC_Q_STRING, c->rows))
			return ic_fail_nomem(w->err);
	memset(match, 0, IC_CHUNK_WORDS * sizeof *match);
	for (uint32_t r = 0; r < c->rows; r++) {
		ic_str s = ((const ic_str *)text->data)[ic_vector_at(text, r)];
		int hit = ic_parse_text_find(p->pattern, p->scratch[w->number], s, &w->arena, part);
		if (hit < 0)
			return hit == IC_REGEX_NOMEM
				   ? ic_fail_nomem(w->err)
				   : ic_operator_limit(o, w, "the pattern takes too many steps on a text");
		match[r >> 6] |= (uint64_t)hit << (r & 63);
		for (uint32_t i = 0; i < n; i++)
			out[i].s[r] = hit && part[i].n ? part[i] : (ic_str){ "", 0 };
	}
	for (uint32_t i = 0; i < n; i++)
		found[i] = out[i].v;
	return IC_OK;
}

/* Rows with a capture that is not of its type do not match. */
static void check_types(const ic_op *op, const ic_vector *typed, uint32_t rows, uint64_t *match)
{
	for (uint32_t i = 0; i < op->parse.captures; i++) {
		if (typed[i].type == IC_Q_STRING)
			continue;
		for (uint32_t r = 0; r < rows; r++)
			if (ic_vector_null(&typed[i], r))
				match[r >> 6] &= ~(UINT64_C(1) << (r & 63));
	}
}

/* No value where the row does not match. */
static bool blank(ic_vector *v, uint32_t rows, const uint64_t *match, ic_arena *arena)
{
	ic_vector_out out;
	if (!ic_vector_make(&out, arena, v->type, rows))
		return false;
	for (uint32_t r = 0; r < rows; r++) {
		ic_value x =
		    (match[r >> 6] >> (r & 63)) & 1 ? ic_vector_value(v, r) : ic_missing(IC_FN_KQL, v->type);
		ic_vector_set(&out, r, &x);
	}
	*v = out.v;
	return true;
}

static ic_status pass(ic_operator *o, ic_worker *w, const ic_chunk *c, ic_vector *typed, uint64_t *match)
{
	parse *p = o->state;
	const ic_op *op = o->op;
	ic_vector *col = ic_arena_alloc(&w->arena, (op->out.n + 1) * sizeof *col);
	uint16_t *pick = ic_arena_alloc(&w->arena, c->rows * sizeof *pick);
	if (!col || !pick)
		return ic_fail_nomem(w->err);
	if (p->strict) {
		check_types(op, typed, c->rows, match);
		for (uint32_t i = 0; i < op->parse.captures; i++)
			if (!blank(&typed[i], c->rows, match, &w->arena))
				return ic_fail_nomem(w->err);
	}
	for (uint32_t i = 0; i < op->out.n; i++)
		col[i] = p->capture[i] >= 0 ? typed[p->capture[i]] : c->col[i];
	ic_chunk out = { c->rows, op->out.n, col, c->seq, c->flow };
	if (!op->parse.only_matches)
		return ic_operator_pass(o, w, &out);
	out.rows = 0;
	for (uint32_t r = 0; r < c->rows; r++)
		if ((match[r >> 6] >> (r & 63)) & 1)
			pick[out.rows++] = (uint16_t)r;
	for (uint32_t i = 0; i < op->out.n && out.rows < c->rows; i++) {
		ic_vector all = col[i];
		if (!ic_vector_pick(&col[i], &w->arena, &all, pick, out.rows))
			return ic_fail_nomem(w->err);
	}
	return ic_operator_pass(o, w, &out);
}

static ic_status parse_push(ic_operator *o, ic_worker *w, unsigned port, const ic_chunk *c)
{
	(void)port;
	parse *p = o->state;
	uint32_t n = o->op->parse.captures;
	uint64_t match[IC_CHUNK_WORDS];
	ic_vector value, text;
	ic_vector *found = ic_arena_alloc(&w->arena, (n + 1) * sizeof *found);
	ic_vector *typed = ic_arena_alloc(&w->arena, (n + 1) * sizeof *typed);
	if (!found || !typed)
		return ic_fail_nomem(w->err);
	if (!p->scratch[w->number] && !(p->scratch[w->number] = ic_parse_scratch_new()))
		return ic_fail_nomem(w->err);
	ic_status st = ic_eval_run(p->text, c, &w->arena, &value, w->err);
	if (st)
		return st;
	if (!ic_vector_strings(&text, &w->arena, &value, c->rows))
		return ic_fail_nomem(w->err);
	st = find_texts(o, w, c, &text, found, match);
	if (st)
		return st;
	ic_chunk texts = { c->rows, n, found, c->seq, c->flow };
	st = ic_eval_run(p->convert, &texts, &w->arena, typed, w->err);
	return st ? st : pass(o, w, c, typed, match);
}

static void parse_reset(ic_operator *o)
{
	(void)o; /* nothing is kept of the rows */
}

static void parse_free(ic_operator *o)
{
	parse *p = o->state;
	if (!p)
		return;
	ic_eval_free(p->text);
	ic_eval_free(p->convert);
	for (unsigned i = 0; p->scratch && i < ic_operator_workers(o); i++)
		ic_parse_scratch_free(p->scratch[i]);
	ic_free(p->scratch);
	ic_free(p->capture);
	ic_parse_text_free(p->pattern);
	ic_free(p);
}

static ic_status compile(ic_operator *o, parse *p, ic_diag *diag)
{
	const ic_op *op = o->op;
	ic_plan *plan = ic_operator_plan(o);
	uint32_t n = op->parse.captures;
	ic_schema found = { ic_arena_alloc(&plan->arena, (n + 1) * sizeof *found.column), n };
	ic_expr **expr = ic_arena_alloc(&plan->arena, (n + 1) * sizeof *expr);
	ic_expr *text = op->parse.text;
	if (!found.column || !expr)
		return IC_E_NOMEM;
	for (uint32_t i = 0; i < n; i++) {
		ic_qtype type = op->out.column[op->parse.target[i]].type;
		found.column[i] = (ic_qcolumn){ op->out.column[op->parse.target[i]].name, IC_Q_STRING };
		p->capture[op->parse.target[i]] = (int32_t)i;
		ic_expr *column = ic_expr_column(plan, op->at, &found, i);
		expr[i] = column && type != IC_Q_STRING
			      ? ic_expr_call(plan, op->at, ic_conversion_to(type), type, 1)
			      : column;
		if (!expr[i])
			return IC_E_NOMEM;
		if (type != IC_Q_STRING)
			expr[i]->call.arg[0] = column;
	}
	ic_status st = ic_eval_new(plan, &text, 1, &p->text, diag);
	if (!st)
		st = ic_eval_new(plan, expr, n, &p->convert, diag);
	return st ? st : ic_parse_text_new(op, &p->pattern, diag);
}

ic_status ic_make_parse(ic_operator *o, ic_diag *diag)
{
	static const ic_operator_class class = {
		.push = parse_push, .reset = parse_reset, .free = parse_free, .parallel = true
	};
	parse *p = ic_calloc(1, sizeof *p);
	o->class = &class;
	o->state = p;
	if (!p)
		return IC_E_NOMEM;
	p->strict = o->op->parse.how == IC_PARSE_SIMPLE || o->op->parse.how == IC_PARSE_REGEX;
	p->capture = ic_calloc(o->op->out.n + 1, sizeof *p->capture);
	p->scratch = ic_calloc(ic_operator_workers(o), sizeof *p->scratch);
	if (!p->capture || !p->scratch)
		return IC_E_NOMEM;
	for (uint32_t i = 0; i < o->op->out.n; i++)
		p->capture[i] = -1;
	return compile(o, p, diag);
}
