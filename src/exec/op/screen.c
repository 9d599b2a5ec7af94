/* SPDX-License-Identifier: Apache-2.0 */
#include "exec/op/screen.h"

#include <math.h>

#include "base/hash.h"
#include "exec/driver.h"
#include "exec/rows/key.h"

enum {
	LEAST_MOST = 255, /* of a cell of 8 bits */
	DEPTH_MOST = 1000,
};

/* ---- what can be screened ------------------------------------------------------------------ */

static bool all_pure(ic_expr *const *list, uint32_t n)
{
	for (uint32_t i = 0; i < n; i++)
		if (!ic_expr_is_pure(list[i]))
			return false;
	return true;
}

/* Rows of a table, each by itself. */
static bool gives_the_same(const ic_op *op)
{
	for (; op; op = op->in) {
		switch (op->kind) {
		case IC_OP_SCAN: return true;
		case IC_OP_FILTER:
			if (!ic_expr_is_pure(op->filter.predicate))
				return false;
			break;
		case IC_OP_PROJECT:
			if (!all_pure(op->project.expr, op->out.n))
				return false;
			break;
		default: return false;
		}
	}
	return false;
}

static bool is_number(ic_qtype t)
{
	return t == IC_Q_INT || t == IC_Q_LONG || t == IC_Q_REAL;
}

/* The aggregate that gives this column, if each row adds to it what can be told before. */
static const ic_agg *counted_by(const ic_op *summarize, uint32_t column)
{
	uint32_t at = summarize->summarize.keys;
	for (uint32_t i = 0; i < summarize->summarize.aggs; i++) {
		const ic_agg *a = &summarize->summarize.agg[i];
		bool count = a->fn == IC_AGG_COUNT || a->fn == IC_AGG_AQL_COUNT;
		bool sum = (a->fn == IC_AGG_SUM || a->fn == IC_AGG_AQL_SUM) && a->n == 1 &&
			   is_number(a->arg[0]->type) && ic_expr_is_pure(a->arg[0]);
		if (at == column)
			return count || sum ? a : NULL;
		at += a->columns;
	}
	return NULL;
}

static double number_of(const ic_expr *e)
{
	if (e->kind != IC_X_CONST || e->value.null)
		return NAN;
	return e->value.type == IC_Q_REAL ? e->value.d : is_number(e->value.type) ? (double)e->value.i : NAN;
}

/* What column and constant say of each other: the least that the column must be, 0: anything. */
static double least_of(ic_fn_id fn, double v, bool turned)
{
	switch (fn) {
	case IC_FN_EQ:
	case IC_FN_SQL_EQ: return v;
	case IC_FN_GE:
	case IC_FN_SQL_GE:
	case IC_FN_GT:
	case IC_FN_SQL_GT: return turned ? 0 : v;
	case IC_FN_LE:
	case IC_FN_SQL_LE:
	case IC_FN_LT:
	case IC_FN_SQL_LT: return turned ? v : 0;
	default: return 0;
	}
}

/* Takes from a condition on the groups what it says of their counts. */
static void take_condition(ic_screen *s, const ic_expr *e, uint32_t depth)
{
	if (e->kind != IC_X_CALL || depth > DEPTH_MOST)
		return;
	if (e->call.fn == IC_FN_AND || e->call.fn == IC_FN_SQL_AND) {
		for (uint32_t i = 0; i < e->call.n; i++)
			take_condition(s, e->call.arg[i], depth + 1);
		return;
	}
	if (e->call.n != 2)
		return;
	bool turned = e->call.arg[0]->kind == IC_X_CONST;
	const ic_expr *column = e->call.arg[turned], *with = e->call.arg[!turned];
	const ic_agg *count = column->kind == IC_X_COLUMN ? counted_by(s->of, column->column) : NULL;
	double least = count ? least_of(e->call.fn, number_of(with), turned) : 0;
	if (!(least > s->least))
		return;
	s->count = count;
	s->least = least < LEAST_MOST ? (uint8_t)ceil(least) : LEAST_MOST;
}

static bool can_screen(const ic_op *summarize)
{
	for (uint32_t i = 0; i < summarize->summarize.keys; i++) {
		const ic_expr *key = summarize->summarize.key[i];
		if (key->type == IC_Q_DYNAMIC || key->type == IC_Q_NULL || !ic_expr_is_pure(key))
			return false;
	}
	return summarize->summarize.keys > 0 && gives_the_same(summarize->in);
}

/* Finds the first summarize that is worth it. */
static void look_for(ic_screen *s, const ic_op *op, uint32_t depth)
{
	if (!op || depth > DEPTH_MOST || s->least > 1)
		return;
	const ic_op *below = op;
	while (below->kind == IC_OP_FILTER)
		below = below->in;
	if (op != below && below->kind == IC_OP_SUMMARIZE && can_screen(below)) {
		s->of = below;
		for (; op != below; op = op->in)
			take_condition(s, op->filter.predicate, 0);
		if (s->least > 1)
			return;
		s->least = 0;
	}
	look_for(s, below->in, depth + 1);
	if (below->kind == IC_OP_JOIN)
		look_for(s, below->join.right, depth + 1);
	for (uint32_t i = 0; below->kind == IC_OP_UNION && i < below->united.inputs; i++)
		look_for(s, below->united.in[i], depth + 1);
}

static uint32_t uses_of(const ic_op *wanted, const ic_op *op, uint32_t depth)
{
	if (!op || depth > DEPTH_MOST)
		return 0;
	uint32_t n = (op == wanted) + uses_of(wanted, op->in, depth + 1);
	if (op->kind == IC_OP_JOIN)
		n += uses_of(wanted, op->join.right, depth + 1);
	for (uint32_t i = 0; op->kind == IC_OP_UNION && i < op->united.inputs; i++)
		n += uses_of(wanted, op->united.in[i], depth + 1);
	return n;
}

ic_status ic_screen_new(const ic_op *root, uint64_t cells, const ic_exec_config *cfg, ic_screen **ret)
{
	ic_screen s = { .cells = cells, .budget = cfg->budget, .seed = ic_hash_seed() };
	*ret = NULL;
	look_for(&s, root, 0);
	/* another use of it may want all groups */
	if (s.least <= 1 || uses_of(s.of, root, 0) != 1)
		return IC_OK;
	s.sums = s.count->fn == IC_AGG_SUM || s.count->fn == IC_AGG_AQL_SUM;
	s.counted = *s.of;
	s.counted.summarize.agg = (ic_agg *)(uintptr_t)s.count;
	s.counted.summarize.aggs = s.sums;
	*ret = ic_malloc(sizeof s);
	if (!*ret)
		return IC_E_NOMEM;
	**ret = s;
	return IC_OK;
}

ic_status ic_screen_prepare(ic_screen *s)
{
	if (s->budget && ic_budget_take(s->budget, s->cells))
		return IC_E_NOMEM;
	s->cell = ic_calloc(s->cells, 1);
	if (!s->cell && s->budget)
		ic_budget_give(s->budget, s->cells);
	return s->cell ? IC_OK : IC_E_NOMEM;
}

void ic_screen_free(ic_screen *s)
{
	if (!s)
		return;
	if (s->cell && s->budget)
		ic_budget_give(s->budget, s->cells);
	ic_free((void *)s->cell);
	ic_free(s);
}

/* ---- the operator ---------------------------------------------------------------------------- */

typedef struct screener {
	ic_screen *s;
	ic_eval *eval; /* the keys, then what is summed */
	bool counts;
	bool *used; /* columns that the summarize reads */
} screener;

/* What a row adds, at most `least`. A negative one could undo what others add: its group stays. */
static uint8_t weight(const screener *f, const ic_vector *v, uint32_t row)
{
	uint8_t least = f->s->least;
	if (!f->s->sums)
		return 1;
	if (ic_vector_null(v, row))
		return 0;
	ic_value x = ic_vector_value(v, row);
	double d = x.type == IC_Q_REAL ? x.d : (double)x.i;
	return d >= 0 && d < least ? (uint8_t)ceil(d) : least;
}

static void count_rows(const screener *f, const ic_vector *sum, const uint64_t *hash, uint32_t rows)
{
	const ic_screen *s = f->s;
	for (uint32_t i = 0; i < rows; i++) {
		_Atomic uint8_t *cell = &s->cell[hash[i] & (s->cells - 1)];
		uint8_t w = weight(f, sum, i), seen = atomic_load_explicit(cell, memory_order_relaxed), next;
		do { /* only as far as it matters, so that no cell overflows */
			next = seen + w < s->least ? (uint8_t)(seen + w) : s->least;
		} while (seen < s->least &&
			 !atomic_compare_exchange_weak_explicit(cell, &seen, next, memory_order_relaxed,
								memory_order_relaxed));
	}
}

static ic_status pass_rows(ic_operator *o, ic_worker *w, const ic_chunk *c, const uint64_t *hash)
{
	const screener *f = o->state;
	const ic_screen *s = f->s;
	uint16_t pick[IC_CHUNK_ROWS];
	uint32_t n = 0;
	for (uint32_t i = 0; i < c->rows; i++) {
		pick[n] = (uint16_t)i;
		n += atomic_load_explicit(&s->cell[hash[i] & (s->cells - 1)], memory_order_relaxed) >=
		     s->least;
	}
	if (n == 0 || n == c->rows)
		return n ? ic_operator_pass(o, w, c) : IC_OK;
	ic_chunk some;
	ic_status st = ic_filter_pick(w, c, pick, n, f->used, &some);
	return st == IC_OK ? ic_operator_pass(o, w, &some) : st;
}

static ic_status screen_push(ic_operator *o, ic_worker *w, unsigned port, const ic_chunk *c)
{
	const screener *f = o->state;
	uint32_t keys = f->s->of->summarize.keys;
	(void)port;
	ic_vector *v = ic_arena_alloc(&w->arena, (keys + (size_t)1) * sizeof *v);
	uint64_t *hash = ic_arena_alloc(&w->arena, c->rows * sizeof *hash);
	if (!v || !hash)
		return IC_E_NOMEM;
	ic_status st = ic_eval_run(f->eval, c, &w->arena, v, w->err);
	if (st != IC_OK)
		return st;
	for (uint32_t i = 0; i < c->rows; i++)
		hash[i] = f->s->seed;
	for (uint32_t k = 0; k < keys; k++)
		ic_key_hash_vector(&v[k], c->rows, f->s->seed, hash);
	for (uint32_t i = 0; i < c->rows; i++)
		__builtin_prefetch((const void *)&f->s->cell[hash[i] & (f->s->cells - 1)]);
	if (!f->counts)
		return pass_rows(o, w, c, hash);
	count_rows(f, &v[keys], hash, c->rows);
	return IC_OK;
}

static void screen_free(ic_operator *o)
{
	screener *f = o->state;
	if (!f)
		return;
	ic_eval_free(f->eval);
	ic_free(f->used);
	ic_free(f);
}

static void nothing_to_reset(ic_operator *o)
{
	(void)o;
}

static const ic_operator_class class = {
	.push = screen_push,
	.free = screen_free,
	.reset = nothing_to_reset,
	.parallel = true,
};

ic_status ic_make_screen(ic_operator *o, ic_screen *s, bool counts, ic_diag *diag)
{
	screener *f = ic_calloc(1, sizeof *f);
	uint32_t keys = s->of->summarize.keys;
	ic_expr **list = ic_calloc(keys + (size_t)1, sizeof(ic_expr *));
	o->state = f;
	o->class = &class;
	if (!f || !list) {
		ic_free(list);
		return IC_E_NOMEM;
	}
	f->s = s;
	f->counts = counts;
	f->used = ic_calloc(s->of->in->out.n + (size_t)1, sizeof *f->used);
	memcpy(list, s->of->summarize.key, keys * sizeof *list);
	if (f->s->sums)
		list[keys] = s->count->arg[0];
	ic_status st =
	    f->used ? ic_eval_new(ic_operator_plan(o), list, keys + f->s->sums, &f->eval, diag) : IC_E_NOMEM;
	if (st == IC_OK)
		ic_filter_used(s->of, s->of->in->out.n, f->used);
	ic_free(list);
	return st;
}
