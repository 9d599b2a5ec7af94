/* SPDX-License-Identifier: Apache-2.0 */
/* top-nested: the best values of a first expression, for each of them the best ones of a second...
 *
 * What the levels need of each row is kept. A level groups the rows of its parent, ranks the groups and
 * goes on with each of the best; the rows of the rest are one more group where the level asks for
 * others, or where a level below it does: then the columns between are null. */
#include <stdlib.h>

#include "base/error.h"
#include "exec/op/emit.h"
#include "exec/rows/key.h"
#include "exec/group/states.h"

typedef struct level {
	uint32_t first; /* column of `rows`: by, then the arguments of the aggregates */
	ic_states states;
	const ic_agg **agg;
	uint32_t aggs;
	ic_eval *rank;
	ic_vector *in; /* of rank: by, then the results of the aggregates */
} level;

typedef struct nested {
	ic_eval *eval;
	ic_vector *col;
	uint32_t cols;
	ic_schema schema; /* of rows */
	ic_rowset *rows;
	level *level;
	ic_value *arg, *out;
	ic_arena scratch;
	ic_emit *emit;
} nested;

typedef struct group {
	uint32_t number; /* in order of appearance */
	ic_value by, rank;
	bool descending;
} group;

/* Row numbers, a part of an array that the parent level has sorted by group. */
typedef struct part {
	const uint32_t *row;
	uint32_t n;
} part;

static ic_status nested_push(ic_operator *o, ic_worker *w, unsigned port, const ic_chunk *c)
{
	(void)port;
	nested *s = o->state;
	ic_status st = ic_eval_run(s->eval, c, &w->arena, s->col, w->err);
	if (st)
		return st;
	if (ic_rowset_count(s->rows) + c->rows > UINT32_MAX)
		return ic_operator_limit(o, w, "top-nested over too many rows");
	ic_chunk kept = { c->rows, s->cols, s->col, 0, 0 };
	return ic_rowset_append(s->rows, &kept) ? ic_fail_nomem(w->err) : IC_OK;
}

static ic_status aggregate_row(ic_operator *o, ic_worker *w, level *l, uint32_t row, uint32_t into)
{
	nested *s = o->state;
	uint32_t at = l->first + 1;
	ic_status st = IC_OK;
	for (uint32_t a = 0; a < l->aggs && !st; a++) {
		for (uint32_t i = 0; i < l->agg[a]->n; i++)
			s->arg[i] = ic_rowset_value(s->rows, row, at++);
		st = ic_states_add(&l->states, w, into, a, s->arg);
	}
	return st;
}

/* What is shown and ranked by, of a group whose aggregates are known; a copy in the arena. */
static ic_status rank_of(ic_worker *w, level *l, uint32_t number, const ic_value *by, ic_arena *arena,
			 ic_value *ret)
{
	ic_value rank;
	ic_status st = IC_OK;
	for (uint32_t a = 0; a < l->aggs && !st; a++) {
		st = ic_states_result(&l->states, w, number, a, arena, &rank);
		if (!st && l->rank && !ic_vector_constant(&l->in[1 + a], arena, &rank))
			st = ic_fail_nomem(w->err);
	}
	if (!st && l->rank) {
		ic_vector result;
		if (!ic_vector_constant(&l->in[0], arena, by))
			return ic_fail_nomem(w->err);
		ic_chunk c = { 1, 1 + l->aggs, l->in, 0, 0 };
		st = ic_eval_run(l->rank, &c, arena, &result, w->err);
		if (!st)
			rank = ic_vector_value(&result, 0);
	}
	bool ok = true;
	if (!st)
		*ret = ic_value_copy(arena, &rank, &ok);
	return ok ? st : ic_fail_nomem(w->err);
}

static int by_rank(const void *x, const void *y)
{
	const group *a = x, *b = y;
	int order = ic_key_order(&a->rank, &b->rank);
	if (a->descending)
		order = -order;
	return order ? order : (a->number > b->number) - (a->number < b->number);
}

/* Groups the rows of a part: `group` gets the groups (in order of appearance), `of` the group of each
 * row. */
static ic_status group_rows(ic_operator *o, ic_worker *w, uint32_t depth, part p, uint32_t *of, group **ret,
			    uint32_t *ret_n)
{
	nested *s = o->state;
	level *l = &s->level[depth];
	const struct ic_nest *nest = &o->op->nested.level[depth];
	ic_keys keys;
	ic_keys_init(&keys, 1, ic_operator_config(o)->budget);
	ic_states_reset(&l->states);
	ic_status st = IC_OK;
	for (uint32_t i = 0; i < p.n && !st; i++) {
		ic_value by = ic_rowset_value(s->rows, p.row[i], l->first);
		int64_t number = ic_keys_number(&keys, &by);
		of[i] = (uint32_t)number;
		st = number < 0 ? ic_fail_nomem(w->err) : aggregate_row(o, w, l, p.row[i], of[i]);
	}
	group *g = st ? NULL : ic_arena_alloc(&s->scratch, ((size_t)keys.n + 1) * sizeof *g);
	if (!st && !g)
		st = ic_fail_nomem(w->err);
	bool ok = true;
	for (uint32_t i = 0; i < keys.n && !st; i++) {
		g[i] = (group){ .number = i, .descending = !nest->ascending };
		g[i].by = ic_value_copy(&s->scratch, ic_keys_at(&keys, i), &ok);
		st = ok ? rank_of(w, l, i, &g[i].by, &s->scratch, &g[i].rank) : ic_fail_nomem(w->err);
	}
	*ret = g;
	*ret_n = keys.n;
	ic_keys_clear(&keys);
	return st;
}

static ic_status descend(ic_operator *o, ic_worker *w, ic_emit *e, uint32_t depth, part p);

/* One row for those that are among the best nowhere from this level on, if some level asks for it. */
static ic_status emit_others(ic_operator *o, ic_worker *w, ic_emit *e, uint32_t depth, part p)
{
	nested *s = o->state;
	const ic_op *op = o->op;
	bool wanted = false;
	for (uint32_t d = depth; d < op->nested.levels; d++) {
		const struct ic_nest *nest = &op->nested.level[d];
		level *l = &s->level[d];
		s->out[2 * d] = ic_missing(IC_FN_KQL, op->out.column[2 * d].type);
		s->out[2 * d + 1] = ic_missing(IC_FN_KQL, op->out.column[2 * d + 1].type);
		if (!nest->others)
			continue;
		wanted = true;
		ic_states_reset(&l->states);
		ic_status st = IC_OK;
		for (uint32_t i = 0; i < p.n && !st; i++)
			st = aggregate_row(o, w, l, p.row[i], 0);
		s->out[2 * d] = nest->others_label;
		if (!st)
			st = rank_of(w, l, 0, &nest->others_label, &s->scratch, &s->out[2 * d + 1]);
		if (st)
			return st;
	}
	return wanted && p.n ? ic_emit_add(e, s->out) : IC_OK;
}

static ic_status emit_group(ic_operator *o, ic_worker *w, ic_emit *e, uint32_t depth, const group *g, part p)
{
	nested *s = o->state;
	s->out[2 * depth] = g->by;
	s->out[2 * depth + 1] = g->rank;
	if (depth + 1 == o->op->nested.levels)
		return ic_emit_add(e, s->out);
	return descend(o, w, e, depth + 1, p);
}

/* Rows of a part by group, the best groups first, in `sorted`; `end` of each group. */
static void sort_rows(part p, const uint32_t *of, const group *g, uint32_t n, uint32_t *sorted, uint32_t *end,
		      uint32_t *place)
{
	for (uint32_t i = 0; i < n; i++) {
		end[i] = 0;
		place[g[i].number] = i;
	}
	for (uint32_t i = 0; i < p.n; i++)
		end[place[of[i]]]++;
	uint32_t at = 0;
	for (uint32_t i = 0; i < n; i++) {
		uint32_t rows = end[i];
		end[i] = at;
		at += rows;
	}
	for (uint32_t i = 0; i < p.n; i++)
		sorted[end[place[of[i]]]++] = p.row[i];
}

static ic_status descend(ic_operator *o, ic_worker *w, ic_emit *e, uint32_t depth, part p)
{
	nested *s = o->state;
	const struct ic_nest *nest = &o->op->nested.level[depth];
	uint32_t n = 0;
	group *g = NULL;
	uint32_t *of = ic_arena_alloc(&s->scratch, ((size_t)p.n + 1) * 2 * sizeof *of);
	if (!of)
		return ic_fail_nomem(w->err);
	ic_status st = group_rows(o, w, depth, p, of, &g, &n);
	if (st)
		return st;
	qsort(g, n, sizeof *g, by_rank);
	uint32_t *sorted = of + p.n, *end = ic_arena_alloc(&s->scratch, ((size_t)n + 1) * 2 * sizeof *end);
	if (!end)
		return ic_fail_nomem(w->err);
	sort_rows(p, of, g, n, sorted, end, end + n);
	uint32_t best = nest->n < 0 || nest->n > n ? n : (uint32_t)nest->n, first = 0;
	for (uint32_t i = 0; i < best && !st; i++) {
		st = emit_group(o, w, e, depth, &g[i], (part){ sorted + first, end[i] - first });
		first = end[i];
	}
	return st ? st : emit_others(o, w, e, depth, (part){ sorted + first, p.n - first });
}

static ic_status nested_finish(ic_operator *o, ic_worker *w, unsigned port)
{
	(void)port;
	nested *s = o->state;
	ic_emit *e = ic_emit_for(s->emit, w, 0);
	uint32_t n = (uint32_t)ic_rowset_count(s->rows);
	uint32_t *all = ic_arena_alloc(&s->scratch, ((size_t)n + 1) * sizeof *all);
	if (!all)
		return ic_fail_nomem(w->err);
	for (uint32_t i = 0; i < n; i++)
		all[i] = i;
	ic_status st = n ? descend(o, w, e, 0, (part){ all, n }) : IC_OK;
	return st ? st : ic_emit_flush(e);
}

static void nested_free(ic_operator *o)
{
	nested *s = o->state;
	if (!s)
		return;
	for (uint32_t i = 0; s->level && i < o->op->nested.levels; i++) {
		ic_states_clear(&s->level[i].states);
		ic_eval_free(s->level[i].rank);
		ic_free(s->level[i].agg);
		ic_free(s->level[i].in);
	}
	ic_free(s->level);
	ic_eval_free(s->eval);
	ic_rowset_free(s->rows);
	ic_free(s->schema.column);
	ic_free(s->col);
	ic_free(s->arg);
	ic_free(s->out);
	ic_arena_clear(&s->scratch);
	ic_emit_free(s->emit, o);
	ic_free(s);
}

/* Columns of the kept rows, and what computes them. */
static ic_status compile(ic_operator *o, nested *s, ic_diag *diag)
{
	const ic_op *op = o->op;
	ic_plan *plan = ic_operator_plan(o);
	uint32_t n = 0, at = 0, most = 0;
	for (uint32_t i = 0; i < op->nested.levels; i++) {
		const struct ic_nest *nest = &op->nested.level[i];
		n++;
		for (uint32_t a = 0; a < nest->aggs; a++) {
			n += nest->agg[a].n;
			most = nest->agg[a].n > most ? nest->agg[a].n : most;
		}
	}
	ic_expr **expr = ic_arena_alloc(&plan->arena, (n + 1) * sizeof *expr);
	s->schema.column = ic_calloc(n + 1, sizeof *s->schema.column);
	s->col = ic_calloc(n + 1, sizeof *s->col);
	s->arg = ic_calloc(most + 1, sizeof *s->arg);
	if (!expr || !s->schema.column || !s->col || !s->arg)
		return IC_E_NOMEM;
	for (uint32_t i = 0; i < op->nested.levels; i++) {
		const struct ic_nest *nest = &op->nested.level[i];
		level *l = &s->level[i];
		l->first = at;
		l->aggs = nest->aggs;
		l->agg = ic_calloc(nest->aggs, sizeof(ic_agg *));
		l->in = ic_calloc(nest->aggs + 1, sizeof *l->in);
		if (!l->agg || !l->in)
			return IC_E_NOMEM;
		expr[at++] = nest->by;
		for (uint32_t a = 0; a < nest->aggs; a++) {
			l->agg[a] = &nest->agg[a];
			for (uint32_t k = 0; k < nest->agg[a].n; k++)
				expr[at++] = nest->agg[a].arg[k];
		}
		ic_status st = ic_states_init(&l->states, o, l->agg, l->aggs, diag);
		if (!st && nest->rank)
			st = ic_eval_new(plan, &nest->rank, 1, &l->rank, diag);
		if (st)
			return st;
	}
	for (uint32_t i = 0; i < n; i++)
		s->schema.column[i].type = expr[i]->type;
	s->schema.n = s->cols = n;
	s->rows = ic_rowset_new(&s->schema, ic_operator_config(o)->budget);
	return s->rows ? ic_eval_new(plan, expr, n, &s->eval, diag) : IC_E_NOMEM;
}

ic_status ic_make_nested(ic_operator *o, ic_diag *diag)
{
	static const ic_operator_class class = {
		.push = nested_push, .finish = nested_finish, .free = nested_free, .holds = true
	};
	nested *s = ic_calloc(1, sizeof *s);
	o->class = &class;
	o->state = s;
	if (!s)
		return IC_E_NOMEM;
	ic_arena_init(&s->scratch, 0, ic_operator_config(o)->budget);
	s->level = ic_calloc(o->op->nested.levels + 1, sizeof *s->level);
	s->out = ic_calloc(o->op->out.n + 1, sizeof *s->out);
	s->emit = ic_emit_new(o);
	if (!s->level || !s->out || !s->emit)
		return IC_E_NOMEM;
	return compile(o, s, diag);
}
