/* SPDX-License-Identifier: Apache-2.0 */
/* partition: the rows are kept; then the body runs over those of each key, in the order of the keys' first
 * rows. */
#include <stdatomic.h>

#include "base/error.h"
#include "exec/op/emit.h"
#include "exec/rows/key.h"

typedef struct partition {
	ic_eval *by;
	ic_keys keys;
	ic_rowset *rows;
	uint32_t *part; /* of each row: number of its key */
	uint64_t room;
	uint64_t taken; /* of the budget, for `part` */
	ic_subplan *body;
	ic_arena arena; /* of the rows of one key */
	ic_emit *emit, *to;
} partition;

static bool more_room(ic_operator *o, partition *p, uint64_t n)
{
	uint64_t room = p->room ? p->room : 1024;
	while (room < n)
		room *= 2;
	if (room == p->room)
		return true;
	uint64_t bytes = (room - p->room) * sizeof *p->part;
	ic_budget *budget = ic_operator_config(o)->budget;
	if (budget && ic_budget_take(budget, bytes))
		return false;
	p->taken += bytes;
	uint32_t *part = ic_reallocarray(p->part, room, sizeof *part);
	if (!part)
		return false;
	p->part = part;
	p->room = room;
	return true;
}

static ic_status partition_push(ic_operator *o, ic_worker *w, unsigned port, const ic_chunk *c)
{
	(void)port;
	partition *p = o->state;
	ic_vector by;
	uint64_t before = ic_rowset_count(p->rows);
	ic_status st = ic_eval_run(p->by, c, &w->arena, &by, w->err);
	if (st)
		return st;
	if (before + c->rows > UINT32_MAX)
		return ic_operator_limit(o, w, "partition over too many rows");
	if (!more_room(o, p, before + c->rows))
		return ic_fail_nomem(w->err);
	for (uint32_t r = 0; r < c->rows; r++) {
		ic_value v = ic_vector_value(&by, r);
		int64_t number = ic_keys_number(&p->keys, &v);
		if (number < 0)
			return ic_fail_nomem(w->err);
		p->part[before + r] = (uint32_t)number;
	}
	return ic_rowset_append(p->rows, c) ? ic_fail_nomem(w->err) : IC_OK;
}

/* What the body makes goes on. */
static ic_status take_result(void *ctx, const ic_chunk *c)
{
	ic_operator *o = ctx;
	partition *p = o->state;
	for (uint32_t i = 0; i < o->op->out.n; i++)
		p->to->col[i] = c->col[i];
	return ic_emit_pass(p->to, c->rows);
}

static bool gather(const partition *p, const ic_schema *of, const uint32_t *row, uint32_t n, ic_arena *arena,
		   ic_vector *col)
{
	for (uint32_t i = 0; i < of->n; i++) {
		ic_vector_out out;
		if (!ic_vector_make(&out, arena, of->column[i].type, n))
			return false;
		for (uint32_t r = 0; r < n; r++) {
			ic_value v = ic_rowset_value(p->rows, row[r], i);
			ic_vector_set(&out, r, &v);
		}
		col[i] = out.v;
	}
	return true;
}

static ic_status run_part(ic_operator *o, ic_worker *w, const uint32_t *row, uint32_t n)
{
	partition *p = o->state;
	const ic_schema *of = &o->op->in->out;
	uint32_t chunks = (n + IC_CHUNK_ROWS - 1) / IC_CHUNK_ROWS;
	ic_arena_reset(&p->arena);
	ic_chunk *c = ic_arena_alloc(&p->arena, (chunks + 1) * sizeof *c);
	if (!c)
		return ic_fail_nomem(w->err);
	for (uint32_t i = 0; i < chunks; i++) {
		uint32_t first = i * IC_CHUNK_ROWS;
		uint32_t rows = n - first < IC_CHUNK_ROWS ? n - first : IC_CHUNK_ROWS;
		ic_vector *col = ic_arena_alloc(&p->arena, (of->n + 1) * sizeof *col);
		if (!col || !gather(p, of, row + first, rows, &p->arena, col))
			return ic_fail_nomem(w->err);
		c[i] = (ic_chunk){ rows, of->n, col, 0, first };
	}
	ic_sink sink = { o, take_result };
	return ic_subplan_run(p->body, w, c, chunks, &sink);
}

static ic_status partition_finish(ic_operator *o, ic_worker *w, unsigned port)
{
	(void)port;
	partition *p = o->state;
	uint32_t n = (uint32_t)ic_rowset_count(p->rows), parts = p->keys.n;
	uint32_t *row = ic_arena_alloc(&w->arena, ((size_t)n + 1) * sizeof *row);
	uint32_t *end = ic_arena_alloc(&w->arena, ((size_t)parts + 1) * sizeof *end);
	if (!row || !end)
		return ic_fail_nomem(w->err);
	memset(end, 0, ((size_t)parts + 1) * sizeof *end);
	for (uint32_t i = 0; i < n; i++)
		end[p->part[i] + 1]++;
	for (uint32_t i = 0; i < parts; i++)
		end[i + 1] += end[i];
	for (uint32_t i = 0; i < n; i++)
		row[end[p->part[i]]++] = i;
	ic_status st = IC_OK;
	p->to = ic_emit_for(p->emit, w, 0);
	for (uint32_t i = 0; i < parts && !st; i++) {
		uint32_t first = i ? end[i - 1] : 0;
		st = run_part(o, w, row + first, end[i] - first);
		if (!st && atomic_load_explicit(&o->closed, memory_order_relaxed))
			st = IC_E_CLOSED; /* the sub-plan ends quietly then */
	}
	return st;
}

static void partition_free(ic_operator *o)
{
	partition *p = o->state;
	ic_budget *budget = ic_operator_config(o)->budget;
	if (!p)
		return;
	ic_eval_free(p->by);
	ic_keys_clear(&p->keys);
	ic_rowset_free(p->rows);
	ic_free(p->part);
	if (budget)
		ic_budget_give(budget, p->taken);
	ic_subplan_free(p->body);
	ic_arena_clear(&p->arena);
	ic_emit_free(p->emit, o);
	ic_free(p);
}

ic_status ic_make_partition(ic_operator *o, ic_diag *diag)
{
	static const ic_operator_class class = {
		.push = partition_push, .finish = partition_finish, .free = partition_free, .holds = true
	};
	const ic_op *op = o->op;
	ic_budget *budget = ic_operator_config(o)->budget;
	partition *p = ic_calloc(1, sizeof *p);
	o->class = &class;
	o->state = p;
	if (!p)
		return IC_E_NOMEM;
	ic_arena_init(&p->arena, 0, budget);
	ic_keys_init(&p->keys, 1, budget);
	p->rows = ic_rowset_new(&op->in->out, budget);
	p->emit = ic_emit_new(o);
	if (!p->rows || !p->emit)
		return IC_E_NOMEM;
	ic_expr *by = op->partition.by;
	ic_status st = ic_eval_new(ic_operator_plan(o), &by, 1, &p->by, diag);
	return st ? st : ic_subplan_new(o, op->partition.body, &p->body, diag);
}
