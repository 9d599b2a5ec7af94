/* SPDX-License-Identifier: Apache-2.0 */
/* mv-apply: each row is expanded, the body runs over its items, and what comes out gets the row's columns
 * beside it. */
#include <inttypes.h>
#include <stdatomic.h>

#include "base/error.h"
#include "exec/op/emit.h"
#include "exec/op/expand.h"

typedef struct apply {
	ic_subplan *body;
	const ic_schema *feed; /* columns of IC_OP_INPUT; NULL: the body does not read it */
	int32_t *which;	       /* of each of them: column of op->expand; -1: another */
	ic_arena arena;	       /* of the items of one row */
	ic_emit *emit;
	uint64_t made;
	/* while the body runs */
	const ic_chunk *outer;
	uint32_t row;
	ic_emit *to;
} apply;

static const ic_schema *input_schema(const ic_op *op)
{
	const ic_schema *s = NULL;
	if (!op || op->kind == IC_OP_INPUT)
		return op ? &op->out : NULL;
	if (op->kind == IC_OP_UNION)
		for (uint32_t i = 0; i < op->united.inputs && !s; i++)
			s = input_schema(op->united.in[i]);
	else
		s = input_schema(op->in);
	return s || op->kind != IC_OP_JOIN ? s : input_schema(op->join.right);
}

/* A result of the body: kept columns of the row, then the body's. */
static ic_status take_result(void *ctx, const ic_chunk *c)
{
	ic_operator *o = ctx;
	apply *a = o->state;
	const ic_op *op = o->op;
	uint64_t limit = ic_operator_config(o)->max_joined_rows;
	a->made += c->rows;
	if (a->made > limit)
		return ic_operator_limit(o, &a->to->own, "mv-apply makes more than %" PRIu64 " rows", limit);
	for (uint32_t i = 0; i < op->expand.keeps; i++) {
		ic_value v = ic_vector_value(&a->outer->col[op->expand.keep[i]], a->row);
		if (!ic_vector_constant(&a->to->col[i], ic_emit_arena(a->to), &v))
			return ic_fail_nomem(a->to->own.err);
	}
	for (uint32_t i = op->expand.keeps; i < op->out.n; i++)
		a->to->col[i] = c->col[i - op->expand.keeps];
	return ic_emit_pass(a->to, c->rows);
}

/* Items first..first+n-1 of the row, as rows of IC_OP_INPUT. */
static bool feed_chunk(const ic_operator *o, apply *a, uint32_t first, uint32_t n, ic_vector *col)
{
	const ic_op *op = o->op;
	bool ok = true;
	for (uint32_t j = 0; a->feed && j < a->feed->n; j++) {
		bool index = (int32_t)j == op->expand.index;
		if (a->which[j] < 0 && !index) {
			ic_value v = ic_vector_value(&a->outer->col[op->expand.feed[j]], a->row);
			if (!ic_vector_constant(&col[j], &a->arena, &v))
				return false;
			continue;
		}
		ic_vector_out out;
		if (!ic_vector_make(&out, &a->arena, a->feed->column[j].type, n))
			return false;
		for (uint32_t i = 0; i < n && ok; i++) {
			ic_value v = index ? ic_value_long(first + i)
					   : ic_expand_item(op, a->outer->col, a->row, (uint32_t)a->which[j],
							    first + i, &a->arena, &ok);
			ic_vector_set(&out, i, &v);
		}
		col[j] = out.v;
	}
	return ok;
}

static ic_status run_row(ic_operator *o, ic_worker *w)
{
	apply *a = o->state;
	uint32_t items = ic_expand_count(o->op, a->outer->col, a->row);
	uint32_t columns = a->feed ? a->feed->n : 0;
	uint32_t chunks = (items + IC_CHUNK_ROWS - 1) / IC_CHUNK_ROWS;
	ic_arena_reset(&a->arena);
	ic_chunk *c = ic_arena_alloc(&a->arena, (chunks + 1) * sizeof *c);
	if (!c)
		return ic_fail_nomem(w->err);
	for (uint32_t i = 0; i < chunks; i++) {
		uint32_t first = i * IC_CHUNK_ROWS;
		uint32_t n = items - first < IC_CHUNK_ROWS ? items - first : IC_CHUNK_ROWS;
		ic_vector *col = ic_arena_alloc(&a->arena, (columns + 1) * sizeof *col);
		if (!col || !feed_chunk(o, a, first, n, col))
			return ic_fail_nomem(w->err);
		c[i] = (ic_chunk){ n, columns, col, 0, first };
	}
	ic_sink sink = { o, take_result };
	return ic_subplan_run(a->body, w, c, chunks, &sink);
}

static ic_status apply_push(ic_operator *o, ic_worker *w, unsigned port, const ic_chunk *c)
{
	(void)port;
	apply *a = o->state;
	a->outer = c;
	a->to = ic_emit_for(a->emit, w, c->seq);
	for (a->row = 0; a->row < c->rows; a->row++) {
		ic_status st = run_row(o, w);
		if (st)
			return st;
		if (atomic_load_explicit(&o->closed, memory_order_relaxed))
			return IC_E_CLOSED; /* the sub-plan ends quietly then */
	}
	return IC_OK;
}

static void apply_free(ic_operator *o)
{
	apply *a = o->state;
	if (!a)
		return;
	ic_subplan_free(a->body);
	ic_free(a->which);
	ic_arena_clear(&a->arena);
	ic_emit_free(a->emit, o);
	ic_free(a);
}

ic_status ic_make_apply(ic_operator *o, ic_diag *diag)
{
	static const ic_operator_class class = { .push = apply_push, .free = apply_free };
	const ic_op *op = o->op;
	apply *a = ic_calloc(1, sizeof *a);
	o->class = &class;
	o->state = a;
	if (!a)
		return IC_E_NOMEM;
	ic_arena_init(&a->arena, 0, ic_operator_config(o)->budget);
	a->feed = input_schema(op->expand.body);
	uint32_t columns = a->feed ? a->feed->n : 0;
	a->which = ic_calloc(columns + 1, sizeof *a->which);
	a->emit = ic_emit_new(o);
	if (!a->which || !a->emit)
		return IC_E_NOMEM;
	for (uint32_t i = 0; i < columns; i++)
		a->which[i] = -1;
	for (uint32_t i = 0; i < op->expand.columns && a->feed; i++)
		a->which[op->expand.column[i].to] = (int32_t)i;
	return ic_subplan_new(o, op->expand.body, &a->body, diag);
}
