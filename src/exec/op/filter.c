/* SPDX-License-Identifier: Apache-2.0 */
/* filter, project and take: operators that keep nothing of the rows. */
#include "exec/driver.h"

/* ---- filter ---------------------------------------------------------------------------- */

/* The rows where the predicate is true; a null is not. NULL *pick: all of them. */
static bool choose(const ic_vector *v, uint32_t rows, ic_arena *a, uint16_t **pick, uint32_t *n)
{
	const uint8_t *b = v->data;
	*pick = NULL;
	if (v->constant) {
		*n = b[0] && !ic_vector_null(v, 0) ? rows : 0;
		return true;
	}
	uint32_t kept = 0;
	for (uint32_t r = 0; r < rows; r++)
		kept += b[r] != 0; /* a null's byte is zero */
	*n = kept;
	if (kept == 0 || kept == rows)
		return true;
	/* one more: the store of a row that is not kept */
	uint16_t *at = ic_arena_alloc(a, ((size_t)kept + 1) * sizeof *at);
	if (!at)
		return false;
	*pick = at;
	for (uint32_t r = 0; r < rows; r++) {
		*at = (uint16_t)r;
		at += b[r] != 0;
	}
	return true;
}

typedef struct filter {
	ic_eval *eval;
	bool *reads; /* columns of the predicate */
	bool *used;  /* columns that the next operator reads */
} filter;

ic_status ic_filter_choose(ic_operator *o, ic_worker *w, const ic_chunk *c, uint16_t **pick, uint32_t *n)
{
	const filter *f = o->state;
	ic_vector yes;
	ic_status st = ic_eval_run(f->eval, c, &w->arena, &yes, w->err);
	if (st != IC_OK)
		return st;
	return choose(&yes, c->rows, &w->arena, pick, n) ? IC_OK : IC_E_NOMEM;
}

ic_status ic_filter_pick(ic_worker *w, const ic_chunk *c, const uint16_t *pick, uint32_t n,
			 const bool *wanted, ic_chunk *ret)
{
	static const uint64_t zeros[4], null = 1;
	ic_vector *col = ic_arena_alloc(&w->arena, (c->columns + (size_t)1) * sizeof *col);
	if (!col)
		return IC_E_NOMEM;
	for (uint32_t i = 0; i < c->columns; i++) {
		if (!wanted[i])
			col[i] = (ic_vector){ c->col[i].type, true, zeros, &null, NULL };
		else if (!ic_vector_pick(&col[i], &w->arena, &c->col[i], pick, n))
			return IC_E_NOMEM;
	}
	*ret = *c;
	ret->rows = n;
	ret->col = col;
	return IC_OK;
}

static bool is_filter(const ic_operator *o)
{
	return o && o->op && o->op->kind == IC_OP_FILTER;
}

/* Filters in a row are one: rows are copied once, behind the last, and only the columns that the next
 * operator reads. */
static ic_status filter_push(ic_operator *o, ic_worker *w, unsigned port, const ic_chunk *c)
{
	uint16_t *pick = NULL;
	uint32_t n = c->rows;
	(void)port;
	for (;;) {
		const filter *f = o->state;
		ic_chunk some = *c;
		uint16_t *sub;
		ic_status st = pick ? ic_filter_pick(w, c, pick, n, f->reads, &some) : IC_OK;
		if (st == IC_OK)
			st = ic_filter_choose(o, w, &some, &sub, &n);
		if (st != IC_OK || n == 0)
			return st;
		for (uint32_t i = 0; pick && sub && i < n; i++)
			sub[i] = pick[sub[i]];
		pick = sub ? sub : pick;
		if (!is_filter(o->next))
			break;
		atomic_fetch_add_explicit(&o->rows_out, n, memory_order_relaxed);
		o = o->next;
		atomic_fetch_add_explicit(&o->rows_in, n, memory_order_relaxed);
	}
	const filter *last = o->state;
	ic_chunk out = *c;
	ic_status st = pick ? ic_filter_pick(w, c, pick, n, last->used, &out) : IC_OK;
	return st == IC_OK ? ic_operator_pass(o, w, &out) : st;
}

static void mark(const ic_expr *e, bool *columns)
{
	if (e->kind == IC_X_COLUMN)
		columns[e->column] = true;
	for (uint32_t i = 0; e->kind == IC_X_CALL && i < e->call.n; i++)
		mark(e->call.arg[i], columns);
}

void ic_filter_used(const ic_op *next, uint32_t columns, bool *used)
{
	if (next && next->kind == IC_OP_PROJECT) {
		for (uint32_t i = 0; i < next->out.n; i++)
			mark(next->project.expr[i], used);
	} else if (next && next->kind == IC_OP_SUMMARIZE) {
		for (uint32_t i = 0; i < next->summarize.keys; i++)
			mark(next->summarize.key[i], used);
		for (uint32_t i = 0; i < next->summarize.aggs; i++) {
			for (uint32_t k = 0; k < next->summarize.agg[i].n; k++)
				mark(next->summarize.agg[i].arg[k], used);
		}
	} else {
		memset(used, true, columns);
	}
}

static void filter_ready(ic_operator *o)
{
	filter *f = o->state;
	ic_filter_used(o->next ? o->next->op : NULL, o->op->out.n, f->used);
}

static void filter_free(ic_operator *o)
{
	filter *f = o->state;
	if (!f)
		return;
	ic_eval_free(f->eval);
	ic_free(f->reads);
	ic_free(f->used);
	ic_free(f);
}

static void nothing_to_reset(ic_operator *o)
{
	(void)o;
}

static const ic_operator_class filter_class = {
	.push = filter_push,
	.ready = filter_ready,
	.free = filter_free,
	.reset = nothing_to_reset,
	.parallel = true,
};

ic_status ic_make_filter(ic_operator *o, ic_diag *diag)
{
	uint32_t columns = o->op->out.n;
	filter *f = ic_calloc(1, sizeof *f);
	if (!f)
		return IC_E_NOMEM;
	o->state = f;
	o->class = &filter_class;
	f->reads = ic_calloc(columns + (size_t)1, sizeof *f->reads);
	f->used = ic_calloc(columns + (size_t)1, sizeof *f->used);
	if (!f->reads || !f->used)
		return IC_E_NOMEM;
	mark(o->op->filter.predicate, f->reads);
	return ic_eval_new(ic_operator_plan(o), &o->op->filter.predicate, 1, &f->eval, diag);
}

/* ---- project --------------------------------------------------------------------------- */

static ic_status project_push(ic_operator *o, ic_worker *w, unsigned port, const ic_chunk *c)
{
	uint32_t n = o->op->out.n;
	(void)port;
	ic_vector *col = ic_arena_alloc(&w->arena, (n ? n : 1) * sizeof *col);
	if (!col)
		return IC_E_NOMEM;
	ic_status st = ic_eval_run(o->state, c, &w->arena, col, w->err);
	if (st != IC_OK)
		return st;
	ic_chunk out = *c;
	out.col = col;
	out.columns = n;
	return ic_operator_pass(o, w, &out);
}

static void project_free(ic_operator *o)
{
	ic_eval_free(o->state);
}

static const ic_operator_class project_class = {

	.push = project_push,
	.free = project_free,
	.reset = nothing_to_reset,
	.parallel = true,
};

ic_status ic_make_project(ic_operator *o, ic_diag *diag)
{
	ic_eval *e = NULL;
	o->class = &project_class;
	ic_status st = ic_eval_new(ic_operator_plan(o), o->op->project.expr, o->op->out.n, &e, diag);
	o->state = e;
	return st;
}

/* ---- take ------------------------------------------------------------------------------ */

typedef struct take {
	uint64_t most, left;
} take;

static ic_status take_push(ic_operator *o, ic_worker *w, unsigned port, const ic_chunk *c)
{
	take *t = o->state;
	(void)port;
	if (t->left == 0)
		return IC_E_CLOSED;
	ic_chunk out = *c;
	if (out.rows > t->left)
		out.rows = (uint32_t)t->left;
	t->left -= out.rows;
	ic_status st = ic_operator_pass(o, w, &out);
	return st == IC_OK && t->left == 0 ? IC_E_CLOSED : st;
}

static void take_reset(ic_operator *o)
{
	take *t = o->state;
	t->left = t->most;
}

static void take_free(ic_operator *o)
{
	ic_free(o->state);
}

static const ic_operator_class take_class = {
	.push = take_push,
	.reset = take_reset,
	.free = take_free,
};

ic_status ic_make_take(ic_operator *o, ic_diag *diag)
{
	const ic_value *limit = &o->op->sort.limit;
	take *t = ic_calloc(1, sizeof *t);
	(void)diag;
	if (!t)
		return IC_E_NOMEM;
	t->most = t->left = limit->null || limit->i < 0 ? 0 : (uint64_t)limit->i;
	o->state = t;
	o->class = &take_class;
	return IC_OK;
}
