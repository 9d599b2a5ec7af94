/* SPDX-License-Identifier: Apache-2.0 */
/* extend, project and the like with functions that look at other rows.
 *
 * Each call of such a function becomes a column that is computed before the expressions it stands in:
 * the input's columns are followed by one a call, inner calls first, so a call's arguments may use the
 * calls before it. Where all calls look back the rows stream; next() needs the rows behind, so they
 * are all kept first, and then each call in turn runs over them. */
#include "base/error.h"
#include "exec/op/emit.h"
#include "exec/op/serial.h"

typedef struct stage {
	ic_serial s;
	ic_eval *arg;	    /* value, restart: those that there are */
	ic_rowset *results; /* when rows are kept */
} stage;

typedef struct serial {
	stage *stage;
	uint32_t stages, room;
	uint32_t base; /* columns of the input */
	ic_eval *out;
	ic_vector *col;	 /* input columns, then results of stages */
	ic_rowset *rows; /* NULL: they stream */
	ic_emit *emit;
	uint64_t seen;
} serial;

/* ---- making it ------------------------------------------------------------------------- */

static ic_status lower(ic_operator *o, ic_expr *x, ic_expr **ret, ic_diag *diag);

/* The call with lowered arguments, a copy. */
static ic_status lower_args(ic_operator *o, const ic_expr *x, ic_expr **ret, ic_diag *diag)
{
	ic_expr *copy = ic_expr_call(ic_operator_plan(o), x->at, x->call.fn, x->type, x->call.n);
	if (!copy)
		return IC_E_NOMEM;
	copy->call.list = x->call.list;
	for (uint32_t i = 0; i < x->call.n; i++) {
		ic_status st = lower(o, x->call.arg[i], &copy->call.arg[i], diag);
		if (st)
			return st;
	}
	*ret = copy;
	return IC_OK;
}

static ic_status add_stage(ic_operator *o, const ic_expr *call, ic_expr **ret, ic_diag *diag)
{
	serial *s = o->state;
	if (s->stages == s->room) {
		uint32_t room = s->room ? s->room * 2 : 8;
		stage *grown = ic_reallocarray(s->stage, room, sizeof *grown);
		if (!grown)
			return IC_E_NOMEM;
		s->stage = grown;
		s->room = room;
	}
	stage *t = &s->stage[s->stages];
	*t = (stage){ 0 };
	ic_status st = ic_serial_init(&t->s, ic_operator_plan(o), call, ic_operator_config(o)->budget, diag);
	s->stages++; /* now serial_free clears it */
	if (st)
		return st;
	ic_expr *arg[2];
	uint32_t n = 0;
	if (t->s.value)
		arg[n++] = t->s.value;
	if (t->s.restart)
		arg[n++] = t->s.restart;
	if (n)
		st = ic_eval_new(ic_operator_plan(o), arg, n, &t->arg, diag);
	if (st)
		return st;
	ic_expr *x = ic_arena_alloc(&ic_operator_plan(o)->arena, sizeof *x);
	if (!x)
		return IC_E_NOMEM;
	*x = (ic_expr){ .kind = IC_X_COLUMN, .type = call->type, .at = call->at };
	x->column = s->base + s->stages - 1;
	*ret = x;
	return IC_OK;
}

static ic_status lower(ic_operator *o, ic_expr *x, ic_expr **ret, ic_diag *diag)
{
	*ret = x;
	if (x->kind != IC_X_CALL)
		return IC_OK;
	ic_status st = lower_args(o, x, ret, diag);
	if (!st && ic_functions[x->call.fn].flags & IC_FN_SERIAL)
		st = add_stage(o, *ret, ret, diag);
	return st;
}

/* ---- running it ------------------------------------------------------------------------ */

/* The arguments of a stage over the columns that are there. */
static ic_status stage_args(const stage *t, const ic_chunk *in, ic_arena *arena, ic_vector arg[2],
			    ic_vector **value, ic_vector **restart, ic_error *err)
{
	ic_status st = t->arg ? ic_eval_run(t->arg, in, arena, arg, err) : IC_OK;
	*value = t->s.value ? &arg[0] : NULL;
	*restart = t->s.restart ? &arg[t->s.value ? 1 : 0] : NULL;
	return st;
}

static ic_status pass_out(ic_operator *o, ic_worker *w, ic_chunk *in)
{
	serial *s = o->state;
	ic_vector *col = ic_arena_alloc(&w->arena, (o->op->out.n + 1) * sizeof *col);
	if (!col)
		return ic_fail_nomem(w->err);
	in->columns = s->base + s->stages;
	ic_status st = ic_eval_run(s->out, in, &w->arena, col, w->err);
	if (st)
		return st;
	in->col = col;
	in->columns = o->op->out.n;
	return ic_operator_pass(o, w, in);
}

static ic_status serial_push(ic_operator *o, ic_worker *w, unsigned port, const ic_chunk *c)
{
	(void)port;
	serial *s = o->state;
	if (s->rows) {
		ic_status st = ic_rowset_append(s->rows, c);
		return st == IC_E_NOMEM ? ic_fail_nomem(w->err) : st;
	}
	memcpy(s->col, c->col, s->base * sizeof *s->col);
	ic_chunk in = { c->rows, s->base, s->col, c->seq, c->flow };
	for (uint32_t i = 0; i < s->stages; i++) {
		ic_vector arg[2], *value, *restart;
		in.columns = s->base + i;
		ic_status st = stage_args(&s->stage[i], &in, &w->arena, arg, &value, &restart, w->err);
		if (st)
			return st;
		if (!ic_serial_step(&s->stage[i].s, value, restart, s->seen, c->rows, &w->arena,
				    &s->col[s->base + i]))
			return ic_fail_nomem(w->err);
	}
	s->seen += c->rows;
	return pass_out(o, w, &in);
}

/* Kept rows and the results of `stages` stages, from row `first` on, as far as all lie side by side. */
static void kept_chunk(const serial *s, uint32_t stages, uint64_t first, ic_chunk *ret)
{
	uint32_t n = IC_CHUNK_ROWS;
	ic_chunk part;
	for (bool cut = true; cut;) {
		cut = false;
		ic_rowset_chunk(s->rows, first, n, s->col, &part);
		cut = part.rows < n;
		n = part.rows;
		for (uint32_t i = 0; i < stages; i++) {
			ic_rowset_chunk(s->stage[i].results, first, n, &s->col[s->base + i], &part);
			cut = cut || part.rows < n;
			n = part.rows;
		}
	}
	*ret = (ic_chunk){ n, s->base + stages, s->col, 0, first };
}

static ic_rowset *one_column(ic_operator *o, ic_qtype type)
{
	ic_qcolumn column = { .type = type };
	ic_schema schema = { &column, 1 };
	return ic_rowset_new(&schema, ic_operator_config(o)->budget);
}

/* All values of a stage that must know them before it begins. */
static ic_status gather(ic_operator *o, uint32_t i, ic_arena *arena, ic_error *err)
{
	serial *s = o->state;
	stage *t = &s->stage[i];
	t->s.rows = one_column(o, t->s.value->type);
	if (!t->s.rows)
		return ic_fail_nomem(err);
	for (uint64_t at = 0, n = ic_rowset_count(s->rows); at < n;) {
		ic_chunk in;
		ic_vector arg[2], *value, *restart;
		kept_chunk(s, i, at, &in);
		ic_status st = stage_args(t, &in, arena, arg, &value, &restart, err);
		if (st)
			return st;
		ic_chunk values = { in.rows, 1, value, 0, at };
		st = ic_rowset_append(t->s.rows, &values);
		if (st)
			return ic_fail_nomem(err);
		ic_arena_reset(arena);
		at += in.rows;
	}
	return IC_OK;
}

static ic_status run_stage(ic_operator *o, uint32_t i, ic_arena *arena, ic_error *err)
{
	serial *s = o->state;
	stage *t = &s->stage[i];
	ic_status st = t->s.whole ? gather(o, i, arena, err) : IC_OK;
	t->results = one_column(o, t->s.type);
	if (!t->results)
		return ic_fail_nomem(err);
	for (uint64_t at = 0, n = ic_rowset_count(s->rows); !st && at < n;) {
		ic_chunk in;
		ic_vector arg[2], result, *value = NULL, *restart = NULL;
		kept_chunk(s, i, at, &in);
		if (!t->s.whole)
			st = stage_args(t, &in, arena, arg, &value, &restart, err);
		if (st)
			return st;
		ic_chunk results = { in.rows, 1, &result, 0, at };
		if (!ic_serial_step(&t->s, value, restart, at, in.rows, arena, &result) ||
		    ic_rowset_append(t->results, &results))
			return ic_fail_nomem(err);
		ic_arena_reset(arena);
		at += in.rows;
	}
	ic_rowset_free(t->s.rows);
	t->s.rows = NULL;
	return st;
}

static ic_status serial_finish(ic_operator *o, ic_worker *w, unsigned port)
{
	(void)port;
	serial *s = o->state;
	ic_status st = IC_OK;
	if (!s->rows)
		return IC_OK;
	ic_emit *e = ic_emit_for(s->emit, w, 0);
	for (uint32_t i = 0; i < s->stages && !st; i++)
		st = run_stage(o, i, ic_emit_arena(e), w->err);
	for (uint64_t at = 0, n = ic_rowset_count(s->rows); !st && at < n;) {
		ic_chunk in;
		kept_chunk(s, s->stages, at, &in);
		st = ic_eval_run(s->out, &in, ic_emit_arena(e), e->col, w->err);
		if (!st)
			st = ic_emit_pass(e, in.rows);
		at += in.rows;
	}
	return st;
}

static void serial_free(ic_operator *o)
{
	serial *s = o->state;
	if (!s)
		return;
	for (uint32_t i = 0; i < s->stages; i++) {
		ic_serial_clear(&s->stage[i].s);
		ic_eval_free(s->stage[i].arg);
		ic_rowset_free(s->stage[i].results);
	}
	ic_free(s->stage);
	ic_free(s->col);
	ic_eval_free(s->out);
	ic_rowset_free(s->rows);
	ic_emit_free(s->emit, o);
	ic_free(s);
}

ic_status ic_make_serial(ic_operator *o, ic_diag *diag)
{
	static const ic_operator_class class = { .push = serial_push,
						 .finish = serial_finish,
						 .free = serial_free };
	const ic_op *op = o->op;
	serial *s = ic_calloc(1, sizeof *s);
	o->class = &class;
	o->state = s;
	ic_expr **expr = ic_arena_alloc(&ic_operator_plan(o)->arena, (op->out.n + 1) * sizeof *expr);
	if (!s || !expr)
		return IC_E_NOMEM;
	s->base = op->in->out.n;
	bool whole = false;
	for (uint32_t i = 0; i < op->out.n; i++) {
		ic_status st = lower(o, op->project.expr[i], &expr[i], diag);
		if (st)
			return st;
	}
	for (uint32_t i = 0; i < s->stages; i++)
		whole = whole || s->stage[i].s.whole;
	s->col = ic_calloc(s->base + s->stages + 1, sizeof *s->col);
	s->emit = ic_emit_new(o);
	if (!s->col || !s->emit)
		return IC_E_NOMEM;
	if (whole && !(s->rows = ic_rowset_new(&op->in->out, ic_operator_config(o)->budget)))
		return IC_E_NOMEM;
	return ic_eval_new(ic_operator_plan(o), expr, op->out.n, &s->out, diag);
}
