/* SPDX-License-Identifier: Apache-2.0 */
#include "plan/optimise.h"

enum { STEPS_MOST = 8000000 };

/* ---- walking ------------------------------------------------------------------------- */

static void each_of(ic_expr **list, uint32_t n, void (*visit)(void *, ic_expr **), void *ctx)
{
	for (uint32_t i = 0; i < n; i++)
		if (list[i])
			visit(ctx, &list[i]);
}

static void each_agg(ic_agg *agg, uint32_t n, void (*visit)(void *, ic_expr **), void *ctx)
{
	for (uint32_t i = 0; i < n; i++)
		each_of(agg[i].arg, agg[i].n, visit, ctx);
}

/* Calls visit for each expression slot of op, whatever input it speaks of; NULL slots are left out. */
static void each_expr(ic_op *op, void (*visit)(void *ctx, ic_expr **slot), void *ctx)
{
	switch (op->kind) {
	case IC_OP_FILTER: visit(ctx, &op->filter.predicate); break;
	case IC_OP_PROJECT:
	case IC_OP_SERIAL: each_of(op->project.expr, op->out.n, visit, ctx); break;
	case IC_OP_SUMMARIZE:
		each_of(op->summarize.key, op->summarize.keys, visit, ctx);
		each_agg(op->summarize.agg, op->summarize.aggs, visit, ctx);
		break;
	case IC_OP_SORT:
	case IC_OP_TOP:
		for (uint32_t i = 0; i < op->sort.keys; i++)
			visit(ctx, &op->sort.key[i].key);
		break;
	case IC_OP_JOIN:
		each_of(op->join.left_key, op->join.keys, visit, ctx);
		each_of(op->join.right_key, op->join.keys, visit, ctx);
		break;
	case IC_OP_MAKE_SERIES:
		each_agg(op->series.agg, op->series.aggs, visit, ctx);
		for (uint32_t i = 0; i < op->series.items; i++)
			each_of(&op->series.item[i].value, 1, visit, ctx);
		each_of(&op->series.on, 1, visit, ctx);
		each_of(op->series.by, op->series.bys, visit, ctx);
		break;
	case IC_OP_TOP_NESTED:
		for (uint32_t i = 0; i < op->nested.levels; i++) {
			each_of(&op->nested.level[i].by, 1, visit, ctx);
			each_of(&op->nested.level[i].rank, 1, visit, ctx);
			each_agg(op->nested.level[i].agg, op->nested.level[i].aggs, visit, ctx);
		}
		break;
	case IC_OP_STEP:
		for (uint32_t i = 0; i < op->step.steps; i++) {
			each_of(&op->step.step[i].when, 1, visit, ctx);
			each_of(op->step.step[i].set, op->step.declared, visit, ctx);
		}
		break;
	case IC_OP_PARTITION: each_of(&op->partition.by, 1, visit, ctx); break;
	case IC_OP_PARSE: each_of(&op->parse.text, 1, visit, ctx); break;
	case IC_OP_SCAN:
	case IC_OP_VALUES:
	case IC_OP_RANGE:
	case IC_OP_TAKE:
	case IC_OP_SAMPLE:
	case IC_OP_UNION:
	case IC_OP_EXPAND:
	case IC_OP_APPLY:
	case IC_OP_INPUT:
	case IC_OP_KEEP:
	case IC_OP_KEPT:
	case IC_OP_KINDS: break;
	}
}

void ic_each_input(ic_op *op, void (*visit)(void *ctx, ic_op **slot), void *ctx)
{
	if (op->in)
		visit(ctx, &op->in);
	if (op->kind == IC_OP_JOIN)
		visit(ctx, &op->join.right);
	for (uint32_t i = 0; op->kind == IC_OP_UNION && i < op->united.inputs; i++)
		visit(ctx, &op->united.in[i]);
	if (op->kind == IC_OP_APPLY && op->expand.body)
		visit(ctx, &op->expand.body);
	if (op->kind == IC_OP_PARTITION)
		visit(ctx, &op->partition.body);
}

bool ic_fn_differs(ic_fn_id fn)
{
	return fn == IC_FN_RAND || fn == IC_FN_NEW_GUID;
}

static void expr_differs(void *ctx, ic_expr **slot)
{
	bool *ret = ctx;
	const ic_expr *e = *slot;
	if (e->kind != IC_X_CALL)
		return;
	*ret |= ic_fn_differs(e->call.fn);
	for (uint32_t i = 0; i < e->call.n && !*ret; i++)
		expr_differs(ret, &e->call.arg[i]);
}

static void op_differs(void *ctx, ic_op **slot)
{
	bool *ret = ctx;
	each_expr(*slot, expr_differs, ret);
	if (!*ret)
		ic_each_input(*slot, op_differs, ret);
}

bool ic_op_differs(ic_op *op)
{
	bool ret = false;
	op_differs(&ret, &op);
	return ret;
}

bool ic_optimiser_step(ic_optimiser *o, ic_place at)
{
	if (o->failed)
		return false;
	if (++o->steps > STEPS_MOST)
		o->failed =
		    ic_diag_fail(o->diag, IC_DIAG_LIMIT, at, 1, "the expressions of the query are too large");
	return o->failed == IC_OK;
}

bool ic_op_is_shared(const ic_optimiser *o, const ic_op *op)
{
	return op->id < o->counted && o->uses[op->id] > 1;
}

/* ---- copies of expressions ----------------------------------------------------------- */

/* Expressions may be shared between operators, so that none is changed in place. */
static ic_expr *rewrite(ic_optimiser *o, const ic_expr *e, ic_expr *const *with, const uint32_t *map)
{
	if (!ic_optimiser_step(o, e->at))
		return NULL;
	if (e->kind == IC_X_COLUMN && with)
		return with[e->column];
	ic_expr *r = ic_arena_alloc(&o->p->arena, sizeof *r);
	if (!r) {
		o->failed = IC_E_NOMEM;
		return NULL;
	}
	*r = *e;
	if (e->kind == IC_X_COLUMN)
		r->column = map[e->column];
	if (e->kind != IC_X_CALL)
		return r;
	r->call.arg = ic_arena_alloc(&o->p->arena, sizeof(ic_expr *) * e->call.n);
	if (!r->call.arg) {
		o->failed = IC_E_NOMEM;
		return NULL;
	}
	for (uint32_t i = 0; i < e->call.n; i++)
		if (!(r->call.arg[i] = rewrite(o, e->call.arg[i], with, map)))
			return NULL;
	return r;
}

ic_expr *ic_expr_replace(ic_optimiser *o, const ic_expr *e, ic_expr *const *with)
{
	return rewrite(o, e, with, NULL);
}

ic_expr *ic_expr_renumber(ic_optimiser *o, const ic_expr *e, const uint32_t *map)
{
	return rewrite(o, e, NULL, map);
}

/* ---- constants ----------------------------------------------------------------------- */

static bool is_const_bool(const ic_expr *e, bool v)
{
	return e->kind == IC_X_CONST && e->type == IC_Q_BOOL && !e->value.null && e->value.b == v;
}

/* x and true, x or false: x. x and false, x or true: the constant, whatever x is, null too. */
static const ic_expr *half_constant(const ic_expr *e)
{
	bool and = e->call.fn == IC_FN_AND || e->call.fn == IC_FN_SQL_AND;
	bool or = e->call.fn == IC_FN_OR || e->call.fn == IC_FN_SQL_OR;
	for (uint32_t i = 0; (and || or) && e->call.n == 2 && i < 2; i++) {
		const ic_expr *one = e->call.arg[i], *other = e->call.arg[1 - i];
		if (is_const_bool(one, or))
			return one;
		if (is_const_bool(one, and) && other->type == IC_Q_BOOL)
			return other;
	}
	return NULL;
}

/* x in (list) takes an int where the list has longs: the conversion in between is not needed, and the source
 * sees the column. */
static void bare_column(ic_expr *e)
{
	ic_expr *x = e->call.n ? e->call.arg[0] : NULL;
	if ((e->call.fn == IC_FN_IN || e->call.fn == IC_FN_SQL_IN) && e->call.list && x->kind == IC_X_CALL &&
	    x->call.fn == IC_FN_TO_LONG && x->call.n == 1 && x->call.arg[0]->type == IC_Q_INT)
		e->call.arg[0] = x->call.arg[0];
}

static void fold(ic_optimiser *o, ic_expr *e)
{
	if (e->kind != IC_X_CALL || !ic_optimiser_step(o, e->at))
		return;
	bool constant = true;
	for (uint32_t i = 0; i < e->call.n; i++) {
		fold(o, e->call.arg[i]);
		if (o->failed)
			return;
		constant &= e->call.arg[i]->kind == IC_X_CONST;
	}
	bare_column(e);
	const ic_expr *half = half_constant(e);
	if (half) {
		*e = *half;
		return;
	}
	if (!constant || (ic_functions[e->call.fn].flags & IC_FN_SERIAL))
		return;
	ic_value v;
	o->failed = o->fold(o->p, e, &v, o->diag);
	if (o->failed || v.type == IC_QTYPES)
		return;
	e->kind = IC_X_CONST;
	e->type = v.type;
	e->value = v;
}

static void fold_slot(void *ctx, ic_expr **slot)
{
	fold(ctx, *slot);
}

static void fold_op(void *ctx, ic_op **slot)
{
	ic_optimiser *o = ctx;
	if (o->failed)
		return;
	if (o->uses[(*slot)->id]++)
		return; /* seen by way of another reader */
	if (o->fold)
		each_expr(*slot, fold_slot, o);
	if ((*slot)->kind == IC_OP_KEPT) {
		ic_op *keep = (*slot)->kept.of;
		(*slot)->kept.next = keep->keep.readers;
		keep->keep.readers = *slot;
		fold_op(o, &keep);
		return;
	}
	ic_each_input(*slot, fold_op, o);
}

/* ---- materialize() ------------------------------------------------------------------- */

/* What a single operator reads need not be kept: its input stands in the reader's place. The list is left with
 * those that several read. */
static void keep_shared(ic_plan *p)
{
	for (ic_op **at = &p->kept, *keep; (keep = *at);) {
		ic_op *reader = keep->keep.readers;
		if (reader && reader->kept.next) {
			at = &keep->keep.older;
			continue;
		}
		*at = keep->keep.older;
		if (!reader)
			continue;
		*reader = *keep->in;
		if (reader->kind != IC_OP_KEPT)
			continue;
		/* it was the reader of an older one, in a list there */
		ic_op **other = &reader->kept.of->keep.readers;
		while (*other != keep->in)
			other = &(*other)->kept.next;
		*other = reader;
	}
}

ic_status ic_plan_optimise(ic_plan *p, ic_fold_fn fold_fn, ic_diag *diag)
{
	ic_optimiser o = { .p = p, .fold = fold_fn, .diag = diag };
	if (!p->root)
		return IC_OK;
	o.uses = ic_arena_alloc(&p->arena, sizeof *o.uses * p->ops);
	if (!o.uses)
		return IC_E_NOMEM;
	memset(o.uses, 0, sizeof *o.uses * p->ops);
	o.counted = p->ops;
	fold_op(&o, &p->root);
	keep_shared(p);
	if (!o.failed)
		ic_push_down(&o);
	if (!o.failed)
		ic_prune(&o);
	if (!o.failed)
		ic_push_to_scans(&o);
	return o.failed;
}
