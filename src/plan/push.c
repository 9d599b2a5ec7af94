/* SPDX-License-Identifier: Apache-2.0 */
/* Filters go toward the source, and takes with them. What is moved gives the same rows in the same order:
 * only operators that look at one row at a time, and sorts (which are stable), are passed. */
#include "plan/optimise.h"

/* ---- what an expression is ------------------------------------------------------------- */

typedef struct facts {
	ic_optimiser *o;
	bool moves;		     /* gives the same for a row wherever it is evaluated */
	const ic_expr *const *plain; /* may be NULL; else columns that are NULL here must not occur */
	bool hidden;		     /* one of those occurs */
	int64_t column;		     /* the one column, -1: none yet, -2: several */
} facts;

static bool has_whims(ic_fn_id fn)
{
	return (ic_functions[fn].flags & IC_FN_SERIAL) || ic_fn_differs(fn);
}

static void look(facts *f, const ic_expr *e)
{
	if (!ic_optimiser_step(f->o, e->at))
		return;
	if (e->kind == IC_X_COLUMN) {
		f->hidden |= f->plain && !f->plain[e->column];
		f->column = f->column == -1 || f->column == (int64_t)e->column ? (int64_t)e->column : -2;
	} else if (e->kind == IC_X_CALL) {
		f->moves &= !has_whims(e->call.fn);
		for (uint32_t i = 0; i < e->call.n; i++)
			look(f, e->call.arg[i]);
	}
}

static bool is_and(const ic_expr *e)
{
	return e->kind == IC_X_CALL && e->call.n == 2 &&
	       (e->call.fn == IC_FN_AND || e->call.fn == IC_FN_SQL_AND);
}

/* ---- lists of conjuncts ---------------------------------------------------------------- */

typedef struct conjuncts {
	ic_expr **list;
	uint32_t n, room;
} conjuncts;

static void add(ic_optimiser *o, conjuncts *c, ic_expr *e)
{
	if (o->failed)
		return;
	if (c->n == c->room) {
		uint32_t room = c->room ? c->room * 2 : 8;
		ic_expr **more = ic_arena_alloc(&o->p->arena, sizeof *more * room);
		if (!more) {
			o->failed = IC_E_NOMEM;
			return;
		}
		if (c->n)
			memcpy(more, c->list, sizeof *more * c->n);
		c->list = more;
		c->room = room;
	}
	c->list[c->n++] = e;
}

static void split(ic_optimiser *o, conjuncts *c, ic_expr *e)
{
	if (!ic_optimiser_step(o, e->at))
		return;
	if (!is_and(e)) {
		add(o, c, e);
		return;
	}
	split(o, c, e->call.arg[0]);
	split(o, c, e->call.arg[1]);
}

static ic_expr *together(ic_optimiser *o, const conjuncts *c)
{
	ic_expr *all = c->list[0];
	for (uint32_t i = 1; i < c->n; i++) {
		ic_fn_id fn = o->p->language == IC_FN_AQL ? IC_FN_SQL_AND : IC_FN_AND;
		ic_expr *both = ic_expr_call(o->p, c->list[i]->at, fn, IC_Q_BOOL, 2);
		if (!both) {
			o->failed = IC_E_NOMEM;
			return NULL;
		}
		both->call.arg[0] = all;
		both->call.arg[1] = c->list[i];
		all = both;
	}
	return all;
}

/* ---- moving ---------------------------------------------------------------------------- */

/* For each column of a project the expression, if it is one that costs nothing; else NULL. *ret NULL: the
 * project itself must see every row. */
static const ic_expr *const *plain_columns(ic_optimiser *o, const ic_op *project)
{
	const ic_expr **plain = ic_arena_alloc(&o->p->arena, sizeof *plain * project->out.n);
	if (!plain) {
		o->failed = IC_E_NOMEM;
		return NULL;
	}
	for (uint32_t i = 0; i < project->out.n; i++) {
		const ic_expr *e = project->project.expr[i];
		facts f = { .o = o, .moves = true, .column = -1 };
		look(&f, e);
		if (!f.moves)
			return NULL;
		plain[i] = e->kind == IC_X_CALL ? NULL : e;
	}
	return plain;
}

/* Puts `op` under the operator that it reads, which nobody else does: a over b over c to b over a over c. */
static void swap(ic_op **slot)
{
	ic_op *op = *slot, *below = op->in;
	op->in = below->in;
	op->out = below->in->out;
	op->ordered = below->in->ordered;
	below->in = op;
	*slot = below;
}

/* Puts a filter that asks the conjuncts, a part of those of `like`, over the operator at the slot. */
static void filter_over(ic_optimiser *o, ic_op **slot, const ic_op *like, const conjuncts *c)
{
	ic_op *filter = ic_op_new(o->p, IC_OP_FILTER, like->at, like->says, *slot);
	ic_expr *predicate = together(o, c);
	if (!filter || !predicate) {
		o->failed = IC_E_NOMEM;
		return;
	}
	filter->out = (*slot)->out;
	filter->ordered = (*slot)->ordered;
	filter->filter.predicate = predicate;
	*slot = filter;
}

/* A filter over a project: what speaks of plain columns goes below; the rest stays. */
static void filter_under_project(ic_optimiser *o, ic_op **slot)
{
	ic_op *filter = *slot, *project = filter->in;
	const ic_expr *const *plain = plain_columns(o, project);
	conjuncts all = { 0 }, down = { 0 }, stay = { 0 };
	if (!plain)
		return;
	split(o, &all, filter->filter.predicate);
	for (uint32_t i = 0; i < all.n && !o->failed; i++) {
		facts f = { .o = o, .moves = true, .plain = plain, .column = -1 };
		look(&f, all.list[i]);
		if (!f.moves)
			return; /* its rows would be counted differently */
		if (f.hidden)
			add(o, &stay, all.list[i]);
		else
			add(o, &down, ic_expr_replace(o, all.list[i], project->project.expr));
	}
	if (o->failed || down.n == 0)
		return;
	if (stay.n == 0) {
		filter->filter.predicate = together(o, &down);
		swap(slot);
		return;
	}
	filter->filter.predicate = together(o, &stay);
	filter_over(o, &project->in, filter, &down);
}

/* A filter over groups asks what it says of a single aggregate each first, by a filter of its own: that one is asked
 * while the groups are still in their tables, and what the rest reads is written out for the few that pass. */
static void filter_over_groups(ic_optimiser *o, ic_op *filter)
{
	conjuncts all = { 0 }, first = { 0 }, rest = { 0 };
	split(o, &all, filter->filter.predicate);
	for (uint32_t i = 0; i < all.n && !o->failed; i++) {
		facts f = { .o = o, .moves = true, .column = -1 };
		look(&f, all.list[i]);
		if (!f.moves)
			return;
		add(o, f.column >= filter->in->summarize.keys ? &first : &rest, all.list[i]);
	}
	if (o->failed || first.n == 0 || rest.n == 0)
		return;
	filter->filter.predicate = together(o, &rest);
	filter_over(o, &filter->in, filter, &first);
}

static void filter_step(ic_optimiser *o, ic_op **slot)
{
	ic_op *below = (*slot)->in;
	if (below->kind == IC_OP_PROJECT)
		filter_under_project(o, slot);
	else if (below->kind == IC_OP_SUMMARIZE)
		filter_over_groups(o, *slot);
	if (below->kind != IC_OP_SORT)
		return;
	facts f = { .o = o, .moves = true, .column = -1 };
	look(&f, (*slot)->filter.predicate);
	if (!f.moves)
		return;
	swap(slot);
}

/* take over project: below it. take over sort: top. */
static void take_step(ic_optimiser *o, ic_op **slot)
{
	ic_op *take = *slot, *below = take->in;
	if (below->kind == IC_OP_PROJECT && plain_columns(o, below)) {
		swap(slot);
		return;
	}
	if (below->kind != IC_OP_SORT || take->sort.limit.null)
		return;
	ic_value limit = take->sort.limit;
	take->kind = IC_OP_TOP;
	take->sort = below->sort;
	take->sort.limit = limit;
	take->says = "top";
	take->in = below->in;
}

static void move_op(void *ctx, ic_op **slot)
{
	ic_optimiser *o = ctx;
	ic_op *op = *slot;
	if (!ic_optimiser_step(o, op->at) || ic_op_is_shared(o, op))
		return; /* nor may what is below a shared one change */
	if (op->in && op->in->in && !ic_op_is_shared(o, op->in)) {
		if (op->kind == IC_OP_FILTER)
			filter_step(o, slot);
		else if (op->kind == IC_OP_TAKE)
			take_step(o, slot);
	}
	/* after a swap another operator is at the slot; the moved one is met further down */
	ic_each_input(*slot, move_op, o);
}

void ic_push_down(ic_optimiser *o)
{
	move_op(o, &o->p->root);
	for (ic_op *keep = o->p->kept; keep; keep = keep->keep.older)
		move_op(o, &keep->in);
}

/* ---- telling the scans ------------------------------------------------------------------- */

typedef struct teller {
	ic_optimiser *o;
	conjuncts down; /* over the output of the operator that is visited next */
} teller;

static void tell_op(void *ctx, ic_op **slot);

static void tell_inputs(teller *t, ic_op *op, conjuncts down)
{
	teller below = { t->o, down };
	ic_each_input(op, tell_op, &below);
}

/* The conjuncts in terms of the project's input; those that need its work are left out. */
static conjuncts through_project(ic_optimiser *o, const ic_op *project, const conjuncts *c)
{
	conjuncts r = { 0 };
	const ic_expr *const *plain = c->n ? plain_columns(o, project) : NULL;
	for (uint32_t i = 0; plain && i < c->n && !o->failed; i++) {
		facts f = { .o = o, .moves = true, .plain = plain, .column = -1 };
		look(&f, c->list[i]);
		if (f.moves && !f.hidden)
			add(o, &r, ic_expr_replace(o, c->list[i], project->project.expr));
	}
	return r;
}

static void tell_union(teller *t, ic_op *op)
{
	ic_optimiser *o = t->o;
	uint32_t columns = op->out.n;
	const ic_expr **plain = ic_arena_alloc(&o->p->arena, sizeof *plain * columns);
	ic_expr **with = ic_arena_alloc(&o->p->arena, sizeof *with * columns);
	if (!plain || !with) {
		o->failed = IC_E_NOMEM;
		return;
	}
	for (uint32_t u = 0; u < op->united.inputs && !o->failed; u++) {
		teller below = { .o = o };
		for (uint32_t c = 0; c < columns; c++) {
			int32_t from = op->united.column[u][c];
			with[c] =
			    from < 0 || op->united.in[u]->out.column[from].type != op->out.column[c].type
				? NULL
				: ic_expr_column(o->p, op->at, &op->united.in[u]->out, (uint32_t)from);
			plain[c] = with[c];
		}
		for (uint32_t i = 0; i < t->down.n; i++) {
			facts f = { .o = o, .moves = true, .plain = plain, .column = -1 };
			look(&f, t->down.list[i]);
			if (!f.hidden)
				add(o, &below.down, ic_expr_replace(o, t->down.list[i], with));
		}
		tell_op(&below, &op->united.in[u]);
	}
}

static void tell_scan(teller *t, ic_op *scan)
{
	conjuncts use = { 0 };
	for (uint32_t i = 0; i < t->down.n && !t->o->failed; i++) {
		facts f = { .o = t->o, .moves = true, .column = -1 };
		look(&f, t->down.list[i]);
		if (f.moves && f.column >= 0)
			add(t->o, &use, t->down.list[i]);
	}
	scan->scan.pushed = use.list;
	scan->scan.pushed_n = use.n;
}

static void tell_op(void *ctx, ic_op **slot)
{
	teller *t = ctx;
	ic_op *op = *slot;
	conjuncts none = { 0 };
	if (!ic_optimiser_step(t->o, op->at))
		return;
	if (ic_op_is_shared(t->o, op))
		t->down = none; /* other readers want the rows that this one drops */
	conjuncts down = t->down;
	switch (op->kind) {
	case IC_OP_SCAN: tell_scan(t, op); return;
	case IC_OP_FILTER:
		split(t->o, &down, op->filter.predicate);
		tell_inputs(t, op, down);
		return;
	case IC_OP_SORT: tell_inputs(t, op, down); return;
	case IC_OP_PROJECT: tell_inputs(t, op, through_project(t->o, op, &down)); return;
	case IC_OP_UNION: tell_union(t, op); return;
	default: tell_inputs(t, op, none);
	}
}

void ic_push_to_scans(ic_optimiser *o)
{
	teller t = { .o = o };
	tell_op(&t, &o->p->root);
	for (ic_op *keep = o->p->kept; keep; keep = keep->keep.older)
		tell_inputs(&t, keep, (conjuncts){ 0 });
}
