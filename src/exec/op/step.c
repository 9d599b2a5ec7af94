/* SPDX-License-Identifier: Apache-2.0 */
/* scan: rows are looked at one by one against what the steps have matched before.
 *
 * A state a step: that of step k is a sequence of matches that has got as far as k, with the row that each of
 * the steps 0..k matched last. A row that step k takes from the state of the step before moves that sequence
 * on; one that it takes from its own state goes on with it. Steps are tried from the last to the first. */
#include "base/error.h"
#include "exec/op/emit.h"

/* A row that a step has matched: input columns, then declared ones. */
typedef struct match {
	ic_value *value;
	ic_arena kept[2]; /* of the values, in turn */
	unsigned turn;
} match;

typedef struct sequence {
	bool active, pending; /* pending: the last match is to be handed on when the step is done with it */
	int64_t id;
	match *step; /* of each step; those behind the one that the sequence is at mean nothing */
} sequence;

/* A column of the steps' matches that some expression reads. */
typedef struct used {
	uint32_t column; /* of the chunk that is evaluated */
	uint32_t step, of;
} used;

typedef struct steps {
	uint32_t n, base, width; /* width: input columns and declared ones */
	uint32_t cols;		 /* of the chunk: the row, then the match of each step */
	ic_eval **when, **set;	 /* of each step */
	sequence *sequence;	 /* of each step */
	int64_t sequences;	 /* begun so far */
	ic_value *missing;	 /* width: what stands where a step has matched nothing */
	used *used;
	uint32_t useds;
	ic_arena scratch;
	ic_vector *col, *result;
	ic_value *row; /* out.n: the row that is made */
	ic_emit *emit;
} steps;

/* One row of a vector, as a vector that is constant. */
static const uint64_t null_bit[1] = { 1 };
static ic_vector one_row(const ic_vector *v, uint32_t row)
{
	bool null = ic_vector_null(v, row);
	const char *data = (const char *)v->data + (size_t)ic_vector_at(v, row) * ic_qtype_size(v->type);
	return (
	    ic_vector){ .type = v->type, .constant = true, .data = data, .nulls = null ? null_bit : NULL };
}

/* The columns of the steps as they are in q, which has got as far as step `at`; NULL: in none. */
static bool load(steps *s, const sequence *q, uint32_t at)
{
	for (uint32_t i = 0; i < s->useds; i++) {
		const used *u = &s->used[i];
		const ic_value *v = q && u->step <= at ? &q->step[u->step].value[u->of] : &s->missing[u->of];
		if (!ic_vector_constant(&s->col[u->column], &s->scratch, v))
			return false;
	}
	return true;
}

/* Whether step k takes the row where q is what was matched before; then s->row is what it makes of it. */
static ic_status try_step(steps *s, ic_emit *e, const ic_chunk *c, uint32_t r, uint32_t k, const sequence *q,
			  uint32_t at, bool *ret)
{
	ic_vector taken;
	ic_chunk in = { 1, s->cols, s->col, c->seq, c->flow };
	*ret = false;
	if (!load(s, q, at))
		return ic_fail_nomem(e->own.err);
	ic_status st = ic_eval_run(s->when[k], &in, &s->scratch, &taken, e->own.err);
	if (st || ic_vector_null(&taken, 0) || !*(const uint8_t *)taken.data)
		return st;
	st = ic_eval_run(s->set[k], &in, &s->scratch, s->result, e->own.err);
	if (st)
		return st;
	*ret = true;
	for (uint32_t i = 0; i < s->width; i++)
		s->row[i] = i < s->base ? ic_vector_value(&c->col[i], r)
					: ic_vector_value(&s->result[i - s->base], 0);
	return IC_OK;
}

/* Hands on the match of step k in q. */
static ic_status hand_on(ic_operator *o, ic_emit *e, const sequence *q, uint32_t k)
{
	steps *s = o->state;
	bool ok = true;
	for (uint32_t i = 0; i < s->width && ok; i++)
		s->row[i] = ic_value_copy(ic_emit_arena(e), &q->step[k].value[i], &ok);
	if (!ok)
		return ic_fail_nomem(e->own.err);
	if (o->op->step.match_id)
		s->row[s->width] = ic_value_long(q->id);
	return ic_emit_add(e, s->row);
}

/* The step at k has no more to do with q. */
static ic_status settle(ic_operator *o, ic_emit *e, sequence *q, uint32_t k)
{
	bool pending = q->active && q->pending;
	q->pending = false;
	return pending ? hand_on(o, e, q, k) : IC_OK;
}

/* s->row is the match of step k, whose sequence it is now part of. */
static ic_status keep(ic_operator *o, ic_emit *e, uint32_t k)
{
	steps *s = o->state;
	sequence *q = &s->sequence[k];
	match *m = &q->step[k];
	ic_arena *arena = &m->kept[m->turn ^= 1];
	bool ok = true;
	ic_arena_reset(arena);
	for (uint32_t i = 0; i < s->width && ok; i++)
		m->value[i] = ic_value_copy(arena, &s->row[i], &ok);
	if (!ok)
		return ic_fail_nomem(e->own.err);
	q->active = true;
	q->pending = o->op->step.step[k].output == IC_STEP_LAST;
	return o->op->step.step[k].output == IC_STEP_ALL ? hand_on(o, e, q, k) : IC_OK;
}

/* The sequence that was at step k - 1 is at k now. */
static ic_status move_on(ic_operator *o, ic_emit *e, uint32_t k)
{
	steps *s = o->state;
	sequence *q = &s->sequence[k - 1], *to = &s->sequence[k], old = *to;
	ic_status st = settle(o, e, to, k);
	if (!st)
		st = settle(o, e, q, k - 1);
	*to = *q;
	*q = (sequence){ .step = old.step };
	return st;
}

static ic_status one(ic_operator *o, ic_emit *e, const ic_chunk *c, uint32_t r)
{
	steps *s = o->state;
	ic_arena_reset(&s->scratch);
	for (uint32_t i = 0; i < s->base; i++)
		s->col[i] = one_row(&c->col[i], r);
	for (uint32_t i = s->base; i < s->width; i++)
		if (!ic_vector_constant(&s->col[i], &s->scratch, &s->missing[i]))
			return ic_fail_nomem(e->own.err);
	for (uint32_t k = s->n; k-- > 0;) {
		sequence *own = &s->sequence[k];
		bool taken = false;
		ic_status st = IC_OK;
		if (k > 0 && own[-1].active)
			st = try_step(s, e, c, r, k, &own[-1], k - 1, &taken);
		if (!st && taken) {
			/* settling may make rows, so the match is kept beside them */
			ic_value *made = ic_arena_alloc(&s->scratch, s->width * sizeof *made);
			if (!made)
				return ic_fail_nomem(e->own.err);
			memcpy(made, s->row, s->width * sizeof *made);
			st = move_on(o, e, k);
			memcpy(s->row, made, s->width * sizeof *made);
		} else if (!st && (own->active || k == 0)) {
			st = try_step(s, e, c, r, k, own->active ? own : NULL, k, &taken);
			if (taken && !own->active)
				own->id = s->sequences++;
		}
		if (!st && taken)
			st = keep(o, e, k);
		if (st)
			return st;
	}
	return IC_OK;
}

static ic_status step_push(ic_operator *o, ic_worker *w, unsigned port, const ic_chunk *c)
{
	(void)port;
	steps *s = o->state;
	ic_emit *e = ic_emit_for(s->emit, w, c->seq);
	for (uint32_t r = 0; r < c->rows; r++) {
		ic_status st = one(o, e, c, r);
		if (st)
			return st;
	}
	return ic_emit_flush(e);
}

static ic_status step_finish(ic_operator *o, ic_worker *w, unsigned port)
{
	(void)port;
	steps *s = o->state;
	ic_emit *e = ic_emit_for(s->emit, w, 0);
	ic_status st = IC_OK;
	for (uint32_t k = 0; k < s->n && !st; k++)
		st = settle(o, e, &s->sequence[k], k);
	return st ? st : ic_emit_flush(e);
}

static void step_free(ic_operator *o)
{
	steps *s = o->state;
	if (!s)
		return;
	for (uint32_t k = 0; k < s->n; k++) {
		if (s->when)
			ic_eval_free(s->when[k]);
		if (s->set)
			ic_eval_free(s->set[k]);
		match *m = s->sequence ? s->sequence[k].step : NULL;
		for (uint32_t i = 0; m && i < s->n; i++) {
			ic_free(m[i].value);
			ic_arena_clear(&m[i].kept[0]);
			ic_arena_clear(&m[i].kept[1]);
		}
		ic_free(m);
	}
	ic_free(s->when);
	ic_free(s->set);
	ic_free(s->sequence);
	ic_free(s->missing);
	ic_free(s->used);
	ic_arena_clear(&s->scratch);
	ic_free(s->col);
	ic_free(s->result);
	ic_free(s->row);
	ic_emit_free(s->emit, o);
	ic_free(s);
}

static ic_status sequences_new(ic_operator *o, steps *s)
{
	ic_budget *budget = ic_operator_config(o)->budget;
	s->sequence = ic_calloc(s->n, sizeof *s->sequence);
	for (uint32_t k = 0; s->sequence && k < s->n; k++) {
		match *m = s->sequence[k].step = ic_calloc(s->n, sizeof *m);
		for (uint32_t i = 0; m && i < s->n; i++) {
			ic_arena_init(&m[i].kept[0], 0, budget);
			ic_arena_init(&m[i].kept[1], 0, budget);
			m[i].value = ic_calloc(s->width + 1, sizeof *m[i].value);
			if (!m[i].value)
				return IC_E_NOMEM;
		}
		if (!m)
			return IC_E_NOMEM;
	}
	return s->sequence ? IC_OK : IC_E_NOMEM;
}

static void mark(const ic_expr *e, bool *seen)
{
	if (e->kind == IC_X_COLUMN)
		seen[e->column] = true;
	for (uint32_t i = 0; e->kind == IC_X_CALL && i < e->call.n; i++)
		mark(e->call.arg[i], seen);
}

/* The expressions of each step, and which columns of steps they read. */
static ic_status compile(ic_operator *o, steps *s, ic_diag *diag)
{
	const ic_op *op = o->op;
	ic_plan *p = ic_operator_plan(o);
	bool *seen = ic_arena_alloc(&p->arena, s->cols + 1);
	uint32_t declared = op->step.declared;
	if (!seen)
		return IC_E_NOMEM;
	memset(seen, 0, s->cols + 1);
	for (uint32_t k = 0; k < s->n; k++) {
		const struct ic_step *step = &op->step.step[k];
		ic_expr *when = step->when;
		ic_expr **set = ic_arena_alloc(&p->arena, (declared + 1) * sizeof *set);
		if (!set)
			return IC_E_NOMEM;
		mark(when, seen);
		for (uint32_t i = 0; i < declared; i++) {
			set[i] = step->set[i] ? step->set[i] : ic_expr_const(p, op->at, op->step.preset[i]);
			if (!set[i])
				return IC_E_NOMEM;
			mark(set[i], seen);
		}
		ic_status st = ic_eval_new(p, &when, 1, &s->when[k], diag);
		if (!st)
			st = ic_eval_new(p, set, declared, &s->set[k], diag);
		if (st)
			return st;
	}
	for (uint32_t i = s->width; i < s->cols; i++)
		if (seen[i])
			s->used[s->useds++] =
			    (used){ .column = i, .step = i / s->width - 1, .of = i % s->width };
	return IC_OK;
}

ic_status ic_make_step(ic_operator *o, ic_diag *diag)
{
	static const ic_operator_class class = { .push = step_push,
						 .finish = step_finish,
						 .free = step_free };
	const ic_op *op = o->op;
	steps *s = ic_calloc(1, sizeof *s);
	o->class = &class;
	o->state = s;
	if (!s)
		return IC_E_NOMEM;
	s->n = op->step.steps;
	s->base = op->in->out.n;
	s->width = s->base + op->step.declared;
	s->cols = s->width * (1 + s->n);
	ic_arena_init(&s->scratch, 0, ic_operator_config(o)->budget);
	s->when = ic_calloc(s->n, sizeof(ic_eval *));
	s->set = ic_calloc(s->n, sizeof(ic_eval *));
	s->missing = ic_calloc(s->width + 1, sizeof *s->missing);
	s->row = ic_calloc(op->out.n + 1, sizeof *s->row);
	s->col = ic_calloc(s->cols + 1, sizeof *s->col);
	s->used = ic_calloc(s->cols + 1, sizeof *s->used);
	s->result = ic_calloc(op->step.declared + 1, sizeof *s->result);
	s->emit = ic_emit_new(o);
	if (!s->when || !s->set || !s->missing || !s->row || !s->col || !s->used || !s->result || !s->emit)
		return IC_E_NOMEM;
	for (uint32_t i = 0; i < s->width; i++)
		s->missing[i] = i < s->base ? ic_missing(IC_FN_KQL, op->in->out.column[i].type)
					    : op->step.preset[i - s->base];
	ic_status st = sequences_new(o, s);
	return st ? st : compile(o, s, diag);
}
