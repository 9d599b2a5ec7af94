/* SPDX-License-Identifier: Apache-2.0 */
/* scan with one step: rows are looked at one by one against the row that matched last. */
#include "base/error.h"
#include "exec/emit.h"

typedef struct step {
	ic_eval *when, *set;
	uint32_t base, declared;
	ic_value *state;  /* base + declared values of the last match */
	ic_arena kept[2]; /* of the state, in turn */
	unsigned turn;
	ic_arena scratch;  /* of one row */
	ic_vector *col;	   /* 2 * (base + declared) */
	ic_vector *result; /* of `set` */
	ic_value *row;	   /* base + declared: the row that is made */
	ic_emit *emit;
} step;

/* One row of a vector, as a vector that is constant. */
static const uint64_t null_bit[1] = { 1 };
static ic_vector one_row(const ic_vector *v, uint32_t row)
{
	bool null = ic_vector_null(v, row);
	const char *data = (const char *)v->data + (size_t)ic_vector_at(v, row) * ic_qtype_size(v->type);
	return (
	    ic_vector){ .type = v->type, .constant = true, .data = data, .nulls = null ? null_bit : NULL };
}

static bool load_state(step *s)
{
	uint32_t width = s->base + s->declared;
	for (uint32_t i = 0; i < width; i++)
		if (!ic_vector_constant(&s->col[width + i], &s->scratch, &s->state[i]))
			return false;
	return true;
}

/* The row that is made becomes the state, and a copy of its declared values is for the output. */
static bool keep_row(step *s, ic_arena *out)
{
	bool ok = true;
	ic_arena *arena = &s->kept[s->turn ^= 1];
	ic_arena_reset(arena);
	for (uint32_t i = 0; i < s->base + s->declared && ok; i++) {
		s->state[i] = ic_value_copy(arena, &s->row[i], &ok);
		if (ok && i >= s->base)
			s->row[i] = ic_value_copy(out, &s->row[i], &ok);
	}
	return ok;
}

static ic_status one(ic_operator *o, ic_emit *e, const ic_chunk *c, uint32_t r)
{
	step *s = o->state;
	const ic_op *op = o->op;
	ic_vector match;
	ic_arena_reset(&s->scratch);
	for (uint32_t i = 0; i < s->base; i++)
		s->col[i] = one_row(&c->col[i], r);
	bool ok = load_state(s);
	for (uint32_t i = 0; i < s->declared && ok; i++)
		ok = ic_vector_constant(&s->col[s->base + i], &s->scratch, &op->step.preset[i]);
	if (!ok)
		return ic_fail_nomem(e->own.err);
	ic_chunk in = { 1, 2 * (s->base + s->declared), s->col, c->seq, c->flow };
	ic_status st = ic_eval_run(s->when, &in, &s->scratch, &match, e->own.err);
	if (st || ic_vector_null(&match, 0) || !*(const uint8_t *)match.data)
		return st;
	st = ic_eval_run(s->set, &in, &s->scratch, s->result, e->own.err);
	if (st)
		return st;
	for (uint32_t i = 0; i < s->base; i++)
		s->row[i] = ic_vector_value(&c->col[i], r);
	for (uint32_t i = 0; i < s->declared; i++)
		s->row[s->base + i] = ic_vector_value(&s->result[i], 0);
	if (!keep_row(s, ic_emit_arena(e)))
		return ic_fail_nomem(e->own.err);
	return ic_emit_add(e, s->row);
}

static ic_status step_push(ic_operator *o, ic_worker *w, unsigned port, const ic_chunk *c)
{
	(void)port;
	step *s = o->state;
	ic_emit *e = ic_emit_for(s->emit, w, c->seq);
	for (uint32_t r = 0; r < c->rows; r++) {
		ic_status st = one(o, e, c, r);
		if (st)
			return st;
	}
	return ic_emit_flush(e);
}

static void step_free(ic_operator *o)
{
	step *s = o->state;
	if (!s)
		return;
	ic_eval_free(s->when);
	ic_eval_free(s->set);
	ic_arena_clear(&s->kept[0]);
	ic_arena_clear(&s->kept[1]);
	ic_arena_clear(&s->scratch);
	ic_free(s->state);
	ic_free(s->col);
	ic_free(s->result);
	ic_free(s->row);
	ic_emit_free(s->emit, o);
	ic_free(s);
}

ic_status ic_make_step(ic_operator *o, ic_diag *diag)
{
	static const ic_operator_class class = { .push = step_push, .free = step_free };
	const ic_op *op = o->op;
	ic_plan *p = ic_operator_plan(o);
	step *s = ic_calloc(1, sizeof *s);
	o->class = &class;
	o->state = s;
	if (!s)
		return IC_E_NOMEM;
	s->base = op->in->out.n;
	s->declared = op->step.declared;
	uint32_t width = s->base + s->declared;
	ic_budget *budget = ic_operator_config(o)->budget;
	ic_arena_init(&s->kept[0], 0, budget);
	ic_arena_init(&s->kept[1], 0, budget);
	ic_arena_init(&s->scratch, 0, budget);
	s->state = ic_calloc(width + 1, sizeof *s->state);
	s->row = ic_calloc(width + 1, sizeof *s->row);
	s->col = ic_calloc(2 * (size_t)width + 1, sizeof *s->col);
	s->result = ic_calloc(s->declared + 1, sizeof *s->result);
	s->emit = ic_emit_new(o);
	ic_expr **set = ic_arena_alloc(&p->arena, (s->declared + 1) * sizeof *set);
	if (!s->state || !s->row || !s->col || !s->result || !s->emit || !set)
		return IC_E_NOMEM;
	for (uint32_t i = 0; i < width; i++)
		s->state[i] = i < s->base ? ic_missing(IC_FN_KQL, op->in->out.column[i].type)
					  : op->step.preset[i - s->base];
	for (uint32_t i = 0; i < s->declared; i++) {
		set[i] = op->step.set[i] ? op->step.set[i] : ic_expr_const(p, op->at, op->step.preset[i]);
		if (!set[i])
			return IC_E_NOMEM;
	}
	ic_expr *when = op->step.when;
	ic_status st = ic_eval_new(p, &when, 1, &s->when, diag);
	return st ? st : ic_eval_new(p, set, s->declared, &s->set, diag);
}
