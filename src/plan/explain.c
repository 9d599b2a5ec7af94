/* SPDX-License-Identifier: Apache-2.0 */
/* A plan as text for people: one line an operator, the source first, inputs of joins and unions deeper. */
#include <inttypes.h>

#include "base/buf.h"
#include "base/temp.h"
#include "plan/plan.h"

enum { LIST_SHOWN = 6, DEPTH_SHOWN = 200 };

typedef struct writer {
	ic_buf b;
	ic_arena *arena;
	const ic_op_counts *counts;
	bool *shown; /* by id, of IC_OP_KEEP */
} writer;

/* ---- expressions --------------------------------------------------------------------- */

static void put_text(writer *w, ic_str s)
{
	ic_buf_putc(&w->b, '"');
	ic_buf_term(&w->b, s);
	ic_buf_putc(&w->b, '"');
}

static void put_value(writer *w, const ic_value *v)
{
	if (v->null && v->type != IC_Q_STRING) {
		ic_buf_printf(&w->b, "%s(null)", ic_qtype_name(v->type));
		return;
	}
	ic_str s = ic_value_text(w->arena, v);
	if (!s.p) {
		w->b.failed = true;
		return;
	}
	if (ic_qtype_is_text(v->type)) {
		put_text(w, s);
	} else if (v->type == IC_Q_BOOL) {
		ic_buf_puts(&w->b, v->b ? "true" : "false");
	} else if (ic_qtype_is_number(v->type)) {
		ic_buf_str(&w->b, s);
	} else {
		ic_buf_printf(&w->b, "%s(", ic_qtype_name(v->type));
		ic_buf_term(&w->b, s);
		ic_buf_putc(&w->b, ')');
	}
}

static void put_name(writer *w, ic_str name)
{
	bool plain = name.n > 0;
	for (uint32_t i = 0; i < name.n; i++) {
		char c = name.p[i];
		plain &= (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' ||
			 (i && c >= '0' && c <= '9');
	}
	ic_buf_puts(&w->b, plain ? "" : "['");
	ic_buf_term(&w->b, name);
	ic_buf_puts(&w->b, plain ? "" : "']");
}

static void put_expr(writer *w, const ic_expr *e, const ic_schema *in, unsigned depth);

static void put_list(writer *w, const ic_value_list *list)
{
	ic_buf_putc(&w->b, '(');
	for (uint32_t i = 0; i < list->n && i < LIST_SHOWN; i++) {
		ic_buf_puts(&w->b, i ? ", " : "");
		put_value(w, &list->value[i]);
	}
	if (list->n > LIST_SHOWN)
		ic_buf_printf(&w->b, ", ... %" PRIu32 " values", list->n);
	ic_buf_putc(&w->b, ')');
}

static void put_args(writer *w, const ic_expr *e, const ic_schema *in, unsigned depth)
{
	ic_buf_putc(&w->b, '(');
	for (uint32_t i = 0; i < e->call.n; i++) {
		ic_buf_puts(&w->b, i ? ", " : "");
		put_expr(w, e->call.arg[i], in, depth);
	}
	if (e->call.list) {
		ic_buf_puts(&w->b, e->call.n ? ", " : "");
		put_list(w, e->call.list);
	}
	ic_buf_putc(&w->b, ')');
}

/* An operand: brackets around what is itself an operator of two sides. */
static void put_side(writer *w, const ic_expr *e, const ic_schema *in, unsigned depth)
{
	bool brackets = e->kind == IC_X_CALL && !ic_functions[e->call.fn].name &&
			e->call.fn != IC_FN_MEMBER && e->call.fn != IC_FN_INDEX &&
			e->call.fn != IC_FN_AS_DYNAMIC;
	ic_buf_puts(&w->b, brackets ? "(" : "");
	put_expr(w, e, in, depth);
	ic_buf_puts(&w->b, brackets ? ")" : "");
}

static bool word_letter(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}

/* The help of an operator begins with its form, "a has b: ..."; single letters are the operands, what
 * stands in brackets is the list. */
static void put_form(writer *w, const char *form, const ic_expr *e, const ic_schema *in, unsigned depth)
{
	char before = ' ';
	for (const char *p = form; *p && *p != ':'; before = *p++) {
		bool single = *p >= 'a' && *p <= 'd' && !word_letter(before) && !word_letter(p[1]);
		uint32_t i = (uint32_t)(*p - 'a');
		if (*p == '(' && e->call.list) {
			put_list(w, e->call.list);
			return;
		}
		if (single && i < e->call.n)
			put_side(w, e->call.arg[i], in, depth);
		else
			ic_buf_putc(&w->b, *p);
	}
}

static void put_call(writer *w, const ic_expr *e, const ic_schema *in, unsigned depth)
{
	const ic_function *f = &ic_functions[e->call.fn];
	ic_expr **arg = e->call.arg;
	if (f->name) {
		ic_buf_puts(&w->b, f->name);
		put_args(w, e, in, depth);
	} else if (e->call.fn == IC_FN_MEMBER && e->call.n == 2 && arg[1]->kind == IC_X_CONST) {
		put_side(w, arg[0], in, depth);
		ic_buf_putc(&w->b, '.');
		put_name(w, arg[1]->value.s);
	} else if (e->call.fn == IC_FN_NOT_IN_FORM && e->call.n == 1) {
		ic_buf_puts(&w->b, "not ");
		put_side(w, arg[0], in, depth);
	} else if (e->call.fn == IC_FN_AS_DYNAMIC && e->call.n == 1) {
		put_expr(w, arg[0], in, depth);
	} else {
		put_form(w, f->help, e, in, depth);
	}
}

static void put_expr(writer *w, const ic_expr *e, const ic_schema *in, unsigned depth)
{
	if (depth == 0) {
		ic_buf_puts(&w->b, "...");
		return;
	}
	switch (e->kind) {
	case IC_X_COLUMN:
		if (in && e->column < in->n)
			put_name(w, in->column[e->column].name);
		else
			ic_buf_printf(&w->b, "column %" PRIu32, e->column);
		return;
	case IC_X_CONST: put_value(w, &e->value); return;
	case IC_X_CALL: put_call(w, e, in, depth - 1);
	}
}

/* ---- operators ----------------------------------------------------------------------- */

static const ic_schema *input_of(const ic_op *op)
{
	return op->in ? &op->in->out : NULL;
}

/* Whether e is the column of that name of the input. */
static bool is_passed(const ic_expr *e, const ic_schema *in, ic_str name)
{
	return e->kind == IC_X_COLUMN && in && e->column < in->n &&
	       ic_str_eq(in->column[e->column].name, name);
}

/* "name = expression", or the name alone where the column is passed on under its own. */
static void put_named(writer *w, ic_str name, const ic_expr *e, const ic_schema *in)
{
	put_name(w, name);
	if (!is_passed(e, in, name)) {
		ic_buf_puts(&w->b, " = ");
		put_expr(w, e, in, DEPTH_SHOWN);
	}
}

/* Columns that go through unchanged are not worth a line when there are many: only new ones are named. */
static void put_project(writer *w, const ic_op *op)
{
	const ic_schema *in = input_of(op);
	uint32_t kept = 0;
	bool extends = in && op->out.n >= in->n, extend = op->says && strcmp(op->says, "extend") == 0;
	for (uint32_t i = 0; extends && i < in->n; i++)
		extends = ic_str_eq(op->out.column[i].name, in->column[i].name);
	const char *comma = " ";
	for (uint32_t i = 0; i < op->out.n; i++) {
		const ic_expr *e = op->project.expr[i];
		if (is_passed(e, in, op->out.column[i].name) && (extend || (extends && e->column == i))) {
			kept++;
			continue;
		}
		ic_buf_puts(&w->b, comma);
		put_named(w, op->out.column[i].name, e, in);
		comma = ", ";
	}
	if (kept && kept == op->out.n)
		ic_buf_puts(&w->b, " nothing new");
}

static void put_agg(writer *w, const ic_agg *agg, const ic_schema *in)
{
	ic_buf_printf(&w->b, "%s(", ic_aggregates[agg->fn].name);
	for (uint32_t i = 0; i < agg->n; i++) {
		ic_buf_puts(&w->b, i ? ", " : "");
		put_expr(w, agg->arg[i], in, DEPTH_SHOWN);
	}
	ic_buf_putc(&w->b, ')');
}

static void put_summarize(writer *w, const ic_op *op)
{
	const ic_schema *in = input_of(op);
	uint32_t column = op->summarize.keys;
	for (uint32_t i = 0; i < op->summarize.aggs; i++) {
		const ic_agg *agg = &op->summarize.agg[i];
		ic_buf_puts(&w->b, i ? ", " : " ");
		if (agg->columns == 1 && column < op->out.n) {
			put_name(w, op->out.column[column].name);
			ic_buf_puts(&w->b, " = ");
		}
		put_agg(w, agg, in);
		column += agg->columns;
	}
	if (op->summarize.keys && op->summarize.aggs)
		ic_buf_puts(&w->b, " by");
	for (uint32_t i = 0; i < op->summarize.keys; i++) {
		ic_buf_puts(&w->b, i ? ", " : " ");
		put_named(w, op->out.column[i].name, op->summarize.key[i], in);
	}
}

static void put_sort(writer *w, const ic_op *op)
{
	if (op->kind != IC_OP_SORT) {
		ic_buf_putc(&w->b, ' ');
		put_value(w, &op->sort.limit);
	}
	for (uint32_t i = 0; i < op->sort.keys; i++) {
		const ic_sort_key *k = &op->sort.key[i];
		ic_buf_puts(&w->b, i ? ", " : " by ");
		put_expr(w, k->key, input_of(op), DEPTH_SHOWN);
		ic_buf_puts(&w->b, k->descending ? " desc" : " asc");
		if (k->nulls_first == k->descending) /* not the usual place */
			ic_buf_puts(&w->b, k->nulls_first ? " nulls first" : " nulls last");
	}
}

static void put_join(writer *w, const ic_op *op)
{
	static const char *const kinds[IC_JOIN_KINDS] = {
		"innerunique", "inner",	    "leftouter", "rightouter", "fullouter",
		"leftsemi",    "rightsemi", "leftanti",	 "rightanti",
	};
	ic_buf_printf(&w->b, " kind=%s", op->join.kind < IC_JOIN_KINDS ? kinds[op->join.kind] : "?");
	for (uint32_t i = 0; i < op->join.keys; i++) {
		ic_buf_puts(&w->b, i ? ", " : " on ");
		put_expr(w, op->join.left_key[i], input_of(op), DEPTH_SHOWN);
		ic_buf_puts(&w->b, " == ");
		put_expr(w, op->join.right_key[i], &op->join.right->out, DEPTH_SHOWN);
	}
}

static void put_scan(writer *w, const ic_op *op)
{
	ic_buf_putc(&w->b, ' ');
	put_name(w, op->scan.table->name);
	ic_buf_printf(&w->b, ": %" PRIu32 " of %" PRIu32 " columns", op->out.n, op->scan.table->schema.n);
	for (uint32_t i = 0; i < op->scan.pushed_n; i++) {
		ic_buf_puts(&w->b, i ? " and " : ", the source may drop rows unless ");
		put_expr(w, op->scan.pushed[i], &op->out, DEPTH_SHOWN);
	}
}

static void put_details(writer *w, const ic_op *op)
{
	switch (op->kind) {
	case IC_OP_SCAN: put_scan(w, op); break;
	case IC_OP_VALUES: ic_buf_printf(&w->b, " of %" PRIu64 " rows", op->values.rows); break;
	case IC_OP_RANGE:
		ic_buf_puts(&w->b, " from ");
		put_value(w, &op->range.from);
		ic_buf_puts(&w->b, " to ");
		put_value(w, &op->range.to);
		ic_buf_puts(&w->b, " step ");
		put_value(w, &op->range.step);
		break;
	case IC_OP_FILTER:
		ic_buf_putc(&w->b, ' ');
		put_expr(w, op->filter.predicate, input_of(op), DEPTH_SHOWN);
		break;
	case IC_OP_PROJECT:
	case IC_OP_SERIAL: put_project(w, op); break;
	case IC_OP_SUMMARIZE: put_summarize(w, op); break;
	case IC_OP_SORT:
	case IC_OP_TAKE:
	case IC_OP_TOP:
	case IC_OP_SAMPLE: put_sort(w, op); break;
	case IC_OP_JOIN: put_join(w, op); break;
	case IC_OP_PARTITION:
		ic_buf_puts(&w->b, " by ");
		put_expr(w, op->partition.by, input_of(op), DEPTH_SHOWN);
		break;
	case IC_OP_PARSE:
		ic_buf_putc(&w->b, ' ');
		put_expr(w, op->parse.text, input_of(op), DEPTH_SHOWN);
		break;
	case IC_OP_KEEP:
	case IC_OP_KEPT: ic_buf_printf(&w->b, " at %" PRIu32 ":%" PRIu32, op->at.line, op->at.column); break;
	case IC_OP_UNION:
	case IC_OP_EXPAND:
	case IC_OP_APPLY:
	case IC_OP_MAKE_SERIES:
	case IC_OP_TOP_NESTED:
	case IC_OP_INPUT:
	case IC_OP_STEP:
	case IC_OP_KINDS: break;
	}
}

static const char *keyword(const ic_op *op)
{
	static const char *const usual[IC_OP_KINDS] = {
		[IC_OP_SCAN] = "scan",
		[IC_OP_VALUES] = "rows",
		[IC_OP_RANGE] = "range",
		[IC_OP_FILTER] = "where",
		[IC_OP_PROJECT] = "project",
		[IC_OP_SERIAL] = "extend in order",
		[IC_OP_SUMMARIZE] = "summarize",
		[IC_OP_SORT] = "sort",
		[IC_OP_TAKE] = "take",
		[IC_OP_TOP] = "top",
		[IC_OP_JOIN] = "join",
		[IC_OP_UNION] = "union",
		[IC_OP_EXPAND] = "mv-expand",
		[IC_OP_APPLY] = "mv-apply",
		[IC_OP_MAKE_SERIES] = "make-series",
		[IC_OP_TOP_NESTED] = "top-nested",
		[IC_OP_PARSE] = "parse",
		[IC_OP_SAMPLE] = "sample",
		[IC_OP_PARTITION] = "partition",
		[IC_OP_INPUT] = "rows of the part",
		[IC_OP_STEP] = "scan",
		[IC_OP_KEEP] = "materialize",
		[IC_OP_KEPT] = "materialized",
	};
	return op->kind == IC_OP_SCAN	? "scan"
	       : op->says		? op->says
	       : op->kind < IC_OP_KINDS ? usual[op->kind]
					: "?";
}

static void put_count(writer *w, uint64_t v)
{
	char digits[24];
	int n = 0;
	do {
		digits[n++] = (char)('0' + (int)(v % 10));
		v /= 10;
	} while (v);
	while (n--) {
		ic_buf_putc(&w->b, digits[n]);
		if (n && n % 3 == 0)
			ic_buf_putc(&w->b, ',');
	}
}

static bool is_source(const ic_op *op)
{
	return op->kind == IC_OP_SCAN || op->kind == IC_OP_VALUES || op->kind == IC_OP_RANGE ||
	       op->kind == IC_OP_INPUT || op->kind == IC_OP_KEEP || op->kind == IC_OP_KEPT;
}

static void put_rows(writer *w, const ic_op *op, const ic_op_counts *c)
{
	if (is_source(op)) {
		put_count(w, c->out);
		ic_buf_puts(&w->b, c->out == 1 ? " row" : " rows");
		if (c->out == 0)
			ic_buf_puts(&w->b, ": there was nothing to read");
		return;
	}
	put_count(w, c->in);
	ic_buf_puts(&w->b, " \xe2\x86\x92 ");
	put_count(w, c->out);
	ic_buf_puts(&w->b, c->out == 1 ? " row" : " rows");
	if (c->in && !c->out)
		ic_buf_puts(&w->b, ": this step removed the last rows");
}

static void put_counts(writer *w, const ic_op *op)
{
	const ic_op_counts *c = &w->counts[op->id];
	ic_buf_puts(&w->b, "  ");
	put_rows(w, op, c);
	if (c->spilled == 0)
		return;
	ic_buf_puts(&w->b, "; ");
	put_count(w, c->spilled);
	ic_buf_printf(&w->b, " bytes went to a file in %s", ic_temp_folder());
}

static void put_op(writer *w, const ic_op *op, unsigned indent)
{
	ic_buf_printf(&w->b, "%*s%s", (int)(indent * 2), "", keyword(op));
	put_details(w, op);
	if (w->counts)
		put_counts(w, op);
	ic_buf_putc(&w->b, '\n');
}

/* Inputs first; the chain of single inputs is walked without recursion. */
static void put_chain(writer *w, const ic_op *root, unsigned indent)
{
	uint32_t n = 0;
	for (const ic_op *op = root; op; op = op->in)
		n++;
	const ic_op **chain = ic_arena_alloc(w->arena, sizeof *chain * n);
	if (!chain) {
		w->b.failed = true;
		return;
	}
	uint32_t k = n;
	for (const ic_op *op = root; op; op = op->in)
		chain[--k] = op;
	for (uint32_t i = 0; i < n; i++) {
		const ic_op *op = chain[i];
		if (op->kind == IC_OP_JOIN)
			put_chain(w, op->join.right, indent + 2);
		if (op->kind == IC_OP_KEPT && !w->shown[op->kept.of->id]) {
			w->shown[op->kept.of->id] = true;
			put_chain(w, op->kept.of, indent + 2);
		}
		for (uint32_t u = 0; op->kind == IC_OP_UNION && u < op->united.inputs; u++)
			put_chain(w, op->united.in[u], indent + 2);
		if (op->kind == IC_OP_APPLY && op->expand.body)
			put_chain(w, op->expand.body, indent + 2);
		if (op->kind == IC_OP_PARTITION)
			put_chain(w, op->partition.body, indent + 2);
		put_op(w, op, indent);
	}
}

ic_str ic_plan_explain(ic_plan *p, const ic_op_counts *counts)
{
	writer w = { .arena = &p->arena, .counts = counts };
	ic_str r = { NULL, 0 };
	w.shown = ic_arena_alloc(&p->arena, p->ops + (size_t)1);
	if (!w.shown)
		return r;
	memset(w.shown, 0, p->ops);
	ic_buf_init(&w.b, 16 << 20);
	if (p->root)
		put_chain(&w, p->root, 0);
	if (!w.b.failed)
		r = (ic_str){ ic_arena_dup(&p->arena, w.b.p, w.b.n), (uint32_t)w.b.n };
	ic_buf_clear(&w.b);
	return r;
}
