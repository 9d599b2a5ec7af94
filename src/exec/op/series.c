/* SPDX-License-Identifier: Apache-2.0 */
/* make-series: for each group an array a aggregate, one item a step of the axis.
 *
 * Only steps that have rows have a state; the arrays are laid out when all rows are in. Steps are counted
 * from `from`; without it from where bin() counts, and a series then begins at its first step with
 * rows. */
#include <inttypes.h>
#include <math.h>

#include "base/error.h"
#include "exec/op/emit.h"
#include "exec/rows/key.h"
#include "exec/group/states.h"

/* bin() counts days from the year 1. */
#define YEAR_ONE INT64_C(-621355968000000000)

typedef struct series {
	ic_eval *eval; /* the axis, by, the arguments of the aggregates */
	ic_vector *col;
	const ic_agg **agg;
	ic_keys group, cell; /* cell: group number, step */
	struct span {
		int64_t low, high;
	} * span; /* of the steps of each group */
	uint32_t spans;
	ic_states states;  /* of each cell */
	ic_eval **value;   /* of items that are expressions, over: */
	ic_vector *result; /* of each aggregate */
	bool real;	   /* the axis is one of reals */
	double from, step;
	int64_t origin, step_ticks;
	ic_value *key, *arg;
	ic_emit *emit;
} series;

/* ---- the axis ------------------------------------------------------------------------------ */

static double as_real(const ic_value *v)
{
	if (v->type == IC_Q_REAL)
		return v->d;
	return v->type == IC_Q_DECIMAL ? ic_decimal_real(v->decimal) : (double)v->i;
}

/* The step of a value; false: it has none (null, outside). */
static bool step_of(const series *s, const ic_op *op, const ic_value *v, int64_t *ret)
{
	const ic_value *from = &op->series.from, *to = &op->series.to;
	if (v->null)
		return false;
	if (s->real) {
		double x = as_real(v), n = floor((x - s->from) / s->step);
		if (!(fabs(n) < 0x1p53) || (!from->null && n < 0) || (!to->null && !(x < as_real(to))))
			return false;
		*ret = (int64_t)n;
		return true;
	}
	if ((!from->null && v->i < from->i) || (!to->null && v->i >= to->i))
		return false;
	__int128 way = (__int128)v->i - s->origin, n = way / s->step_ticks;
	n -= way % s->step_ticks < 0;
	if (n > INT64_MAX / 2 || n < INT64_MIN / 2)
		return false;
	*ret = (int64_t)n;
	return true;
}

/* One past the last step before `to`. */
static double steps_to(const series *s, const ic_op *op)
{
	const ic_value *to = &op->series.to;
	if (s->real)
		return ceil((as_real(to) - s->from) / s->step);
	__int128 way = (__int128)to->i - s->origin;
	return (double)((way + s->step_ticks - 1) / s->step_ticks);
}

static ic_value axis_at(const series *s, const ic_op *op, int64_t step)
{
	if (s->real)
		return ic_value_real(s->from + (double)step * s->step);
	return ic_value_ticks(op->series.on->type,
			      (int64_t)((uint64_t)s->origin + (uint64_t)step * (uint64_t)s->step_ticks));
}

static ic_status init_axis(series *s, const ic_op *op, ic_diag *diag)
{
	const ic_value *from = &op->series.from, *to = &op->series.to, *step = &op->series.step;
	s->real = op->series.on->type == IC_Q_REAL || step->type == IC_Q_REAL ||
		  (!from->null && from->type == IC_Q_REAL) || (!to->null && to->type == IC_Q_REAL);
	if (step->null || (s->real ? !(as_real(step) > 0) || isinf(as_real(step)) : step->i <= 0))
		return ic_diag_fail(diag, IC_DIAG_TYPE, op->at, 1,
				    "the step of make-series must be above zero");
	if (s->real) {
		s->step = as_real(step);
		s->from = from->null ? 0 : as_real(from);
		return IC_OK;
	}
	s->step_ticks = step->i;
	s->origin = !from->null ? from->i : op->series.on->type == IC_Q_DATETIME ? YEAR_ONE : 0;
	return IC_OK;
}

/* ---- rows ---------------------------------------------------------------------------------- */

/* Notes that the group has a row in this step. */
static bool widen(series *s, uint32_t group, int64_t step)
{
	if (group >= s->spans) {
		uint32_t room = s->spans ? s->spans * 2 : 64;
		struct span *span = ic_reallocarray(s->span, room, sizeof *span);
		if (!span)
			return false;
		for (uint32_t i = s->spans; i < room; i++)
			span[i] = (struct span){ INT64_MAX, INT64_MIN };
		s->span = span;
		s->spans = room;
	}
	struct span *span = &s->span[group];
	span->low = step < span->low ? step : span->low;
	span->high = step > span->high ? step : span->high;
	return true;
}

static ic_status add_row(ic_operator *o, ic_worker *w, uint32_t r)
{
	series *s = o->state;
	const ic_op *op = o->op;
	int64_t step;
	ic_value on = ic_vector_value(&s->col[0], r);
	if (!step_of(s, op, &on, &step))
		return IC_OK;
	for (uint32_t i = 0; i < op->series.bys; i++)
		s->key[i] = ic_vector_value(&s->col[1 + i], r);
	int64_t group = ic_keys_number(&s->group, s->key);
	if (group < 0 || !widen(s, (uint32_t)group, step))
		return ic_fail_nomem(w->err);
	ic_value place[2] = { ic_value_long(group), ic_value_long(step) };
	int64_t cell = ic_keys_number(&s->cell, place);
	if (cell < 0)
		return ic_fail_nomem(w->err);
	uint32_t at = 1 + op->series.bys;
	for (uint32_t a = 0; a < op->series.aggs; a++) {
		for (uint32_t i = 0; i < op->series.agg[a].n; i++)
			s->arg[i] = ic_vector_value(&s->col[at++], r);
		ic_status st = ic_states_add(&s->states, w, (uint32_t)cell, a, s->arg);
		if (st)
			return st;
	}
	return IC_OK;
}

static ic_status series_push(ic_operator *o, ic_worker *w, unsigned port, const ic_chunk *c)
{
	(void)port;
	series *s = o->state;
	ic_status st = ic_eval_run(s->eval, c, &w->arena, s->col, w->err);
	for (uint32_t r = 0; r < c->rows && !st; r++)
		st = add_row(o, w, r);
	return st;
}

/* ---- arrays -------------------------------------------------------------------------------- */

static ic_value fill_value(const struct ic_series_item *item)
{
	ic_value v = item->fill;
	ic_qtype type = item->type;
	if (type == IC_Q_REAL && !v.null && v.type != IC_Q_REAL && ic_qtype_is_number(v.type))
		v = ic_value_real(as_real(&v));
	return v;
}

/* What stands in an array for a step that has rows. */
static ic_status cell_value(ic_operator *o, ic_worker *w, ic_arena *arena, uint32_t cell, uint32_t item,
			    ic_value *ret)
{
	series *s = o->state;
	const ic_op *op = o->op;
	if (!op->series.item[item].value)
		return ic_states_result(&s->states, w, cell, op->series.item[item].of, arena, ret);
	ic_status st = IC_OK;
	for (uint32_t a = 0; a < op->series.aggs && !st; a++) {
		ic_value v;
		st = ic_states_result(&s->states, w, cell, a, arena, &v);
		if (!st && !ic_vector_constant(&s->result[a], arena, &v))
			st = ic_fail_nomem(w->err);
	}
	ic_chunk c = { 1, op->series.aggs, s->result, 0, 0 };
	ic_vector made;
	if (!st)
		st = ic_eval_run(s->value[item], &c, arena, &made, w->err);
	if (!st)
		*ret = ic_vector_value(&made, 0);
	return st;
}

static ic_status make_array(ic_operator *o, ic_worker *w, ic_arena *arena, int64_t group, uint32_t which,
			    int64_t low, uint32_t n, ic_value *ret)
{
	series *s = o->state;
	const ic_op *op = o->op;
	bool axis = which == op->series.items;
	const ic_dyn **item = ic_arena_alloc(arena, ((size_t)n + 1) * sizeof *item);
	if (!item)
		return ic_fail_nomem(w->err);
	ic_value fill = axis ? ic_value_long(0) : fill_value(&op->series.item[which]);
	const ic_dyn *filler = ic_dyn_of(arena, &fill);
	for (uint32_t i = 0; i < n; i++) {
		int64_t step = low + i, cell = -1;
		if (!axis && group >= 0) {
			ic_value place[2] = { ic_value_long(group), ic_value_long(step) };
			cell = ic_keys_find(&s->cell, place);
		}
		item[i] = filler;
		if (axis || cell >= 0) {
			ic_value v = axis ? axis_at(s, op, step) : fill;
			ic_status st = axis ? IC_OK : cell_value(o, w, arena, (uint32_t)cell, which, &v);
			if (st)
				return st;
			item[i] = ic_dyn_of(arena, &v);
		}
		if (!item[i])
			return ic_fail_nomem(w->err);
	}
	*ret = ic_value_dyn(ic_dyn_array(arena, item, n));
	return ret->null ? ic_fail_nomem(w->err) : IC_OK;
}

/* The row of a group; -1: of no rows at all. */
static ic_status emit_series(ic_operator *o, ic_emit *e, int64_t group, uint64_t *made)
{
	series *s = o->state;
	const ic_op *op = o->op;
	ic_arena *arena = ic_emit_arena(e);
	uint64_t limit = ic_operator_config(o)->max_made_rows;
	int64_t low = op->series.from.null && group >= 0 ? s->span[group].low : 0;
	double end = op->series.to.null ? (double)s->span[group].high + 1 : steps_to(s, op);
	double n = end - (double)low;
	if (n + (double)*made > (double)limit)
		return ic_operator_limit(o, &e->own, "make-series makes more than %" PRIu64 " values", limit);
	uint32_t items = n > 0 ? (uint32_t)n : 0;
	*made += items;
	ic_value *row = ic_arena_alloc(arena, (op->out.n + 1) * sizeof *row);
	if (!row)
		return ic_fail_nomem(e->own.err);
	for (uint32_t i = 0; i < op->series.bys; i++)
		row[i] = ic_keys_at(&s->group, (uint32_t)group)[i];
	for (uint32_t i = 0; i <= op->series.items; i++) {
		ic_status st = make_array(o, &e->own, arena, group, i, low, items, &row[op->series.bys + i]);
		if (st)
			return st;
	}
	ic_status st = ic_emit_add(e, row);
	/* arrays are big: few at a time */
	return !st && e->rows >= 64 ? ic_emit_flush(e) : st;
}

static ic_status series_finish(ic_operator *o, ic_worker *w, unsigned port)
{
	(void)port;
	series *s = o->state;
	const ic_op *op = o->op;
	ic_emit *e = ic_emit_for(s->emit, w, 0);
	ic_status st = IC_OK;
	uint64_t made = 0;
	for (uint32_t g = 0; g < s->group.n && !st; g++)
		st = emit_series(o, e, g, &made);
	if (!s->group.n && !op->series.bys && op->series.nonempty && !op->series.from.null &&
	    !op->series.to.null)
		st = emit_series(o, e, -1, &made);
	return st ? st : ic_emit_flush(e);
}

static void series_free(ic_operator *o)
{
	series *s = o->state;
	if (!s)
		return;
	ic_eval_free(s->eval);
	for (uint32_t i = 0; s->value && i < o->op->series.items; i++)
		ic_eval_free(s->value[i]);
	ic_free(s->value);
	ic_free(s->result);
	ic_keys_clear(&s->group);
	ic_keys_clear(&s->cell);
	ic_states_clear(&s->states);
	ic_free(s->span);
	ic_free(s->col);
	ic_free(s->agg);
	ic_free(s->key);
	ic_free(s->arg);
	ic_emit_free(s->emit, o);
	ic_free(s);
}

static ic_status compile(ic_operator *o, series *s, ic_diag *diag)
{
	const ic_op *op = o->op;
	uint32_t n = 1 + op->series.bys, at = 0, most = 0;
	for (uint32_t a = 0; a < op->series.aggs; a++) {
		n += op->series.agg[a].n;
		most = op->series.agg[a].n > most ? op->series.agg[a].n : most;
		s->agg[a] = &op->series.agg[a];
	}
	ic_expr **expr = ic_arena_alloc(&ic_operator_plan(o)->arena, n * sizeof *expr);
	s->col = ic_calloc(n, sizeof *s->col);
	s->arg = ic_calloc(most + 1, sizeof *s->arg);
	s->value = ic_calloc(op->series.items + 1, sizeof(ic_eval *));
	s->result = ic_calloc(op->series.aggs + 1, sizeof *s->result);
	if (!expr || !s->col || !s->arg || !s->value || !s->result)
		return IC_E_NOMEM;
	expr[at++] = op->series.on;
	for (uint32_t i = 0; i < op->series.bys; i++)
		expr[at++] = op->series.by[i];
	for (uint32_t a = 0; a < op->series.aggs; a++)
		for (uint32_t i = 0; i < op->series.agg[a].n; i++)
			expr[at++] = op->series.agg[a].arg[i];
	ic_status st = ic_eval_new(ic_operator_plan(o), expr, n, &s->eval, diag);
	for (uint32_t i = 0; i < op->series.items && !st; i++)
		if (op->series.item[i].value)
			st = ic_eval_new(ic_operator_plan(o), &op->series.item[i].value, 1, &s->value[i],
					 diag);
	return st ? st : ic_states_init(&s->states, o, s->agg, op->series.aggs, diag);
}

ic_status ic_make_series(ic_operator *o, ic_diag *diag)
{
	static const ic_operator_class class = {
		.push = series_push, .finish = series_finish, .free = series_free, .holds = true
	};
	const ic_op *op = o->op;
	ic_budget *budget = ic_operator_config(o)->budget;
	series *s = ic_calloc(1, sizeof *s);
	o->class = &class;
	o->state = s;
	if (!s)
		return IC_E_NOMEM;
	ic_keys_init(&s->group, op->series.bys, budget);
	ic_keys_init(&s->cell, 2, budget);
	s->agg = ic_calloc(op->series.aggs + 1, sizeof *s->agg);
	s->key = ic_calloc(op->series.bys + 1, sizeof *s->key);
	s->emit = ic_emit_new(o);
	if (!s->agg || !s->key || !s->emit)
		return IC_E_NOMEM;
	ic_status st = init_axis(s, op, diag);
	return st ? st : compile(o, s, diag);
}
