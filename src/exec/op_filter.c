/* SPDX-License-Identifier: Apache-2.0 */
/* filter, project and take: operators that keep nothing of the rows. */
#include "base/error.h"
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

ic_status ic_filter_choose(ic_operator *o, ic_worker *w, const ic_chunk *c, uint16_t **pick, uint32_t *n)
{
	ic_vector yes;
	ic_status st = ic_eval_run(o->state, c, &w->arena, &yes, w->err);
	if (st != IC_OK)
		return st;
	return choose(&yes, c->rows, &w->arena, pick, n) ? IC_OK : IC_E_NOMEM;
}

static ic_status filter_push(ic_operator *o, ic_worker *w, unsigned port, const ic_chunk *c)
{
	uint16_t *pick;
	uint32_t n;
	(void)port;
	ic_status st = ic_filter_choose(o, w, c, &pick, &n);
	if (st != IC_OK || n == 0)
		return st;
	if (!pick)
		return ic_operator_pass(o, w, c);
	ic_vector *col = ic_arena_alloc(&w->arena, c->columns * sizeof *col);
	if (!col)
		return IC_E_NOMEM;
	for (uint32_t i = 0; i < c->columns; i++) {
		if (!ic_vector_pick(&col[i], &w->arena, &c->col[i], pick, n))
			return IC_E_NOMEM;
	}
	ic_chunk out = *c;
	out.rows = n;
	out.col = col;
	return ic_operator_pass(o, w, &out);
}

static void eval_free(ic_operator *o)
{
	ic_eval_free(o->state);
}

static void nothing_to_reset(ic_operator *o)
{
	(void)o;
}

static const ic_operator_class filter_class = {
	.push = filter_push,
	.free = eval_free,
	.reset = nothing_to_reset,
	.parallel = true,
};

static ic_status make_eval(ic_operator *o, ic_expr *const *expr, uint32_t n, ic_diag *diag)
{
	ic_eval *e = NULL;
	ic_status st = ic_eval_new(ic_operator_plan(o), expr, n, &e, diag);
	o->state = e;
	return st;
}

ic_status ic_make_filter(ic_operator *o, ic_diag *diag)
{
	o->class = &filter_class;
	return make_eval(o, &o->op->filter.predicate, 1, diag);
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

static const ic_operator_class project_class = {
	.push = project_push,
	.free = eval_free,
	.reset = nothing_to_reset,
	.parallel = true,
};

ic_status ic_make_project(ic_operator *o, ic_diag *diag)
{
	o->class = &project_class;
	return make_eval(o, o->op->project.expr, o->op->out.n, diag);
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
