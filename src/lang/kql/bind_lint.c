/* SPDX-License-Identifier: Apache-2.0 */
/* Notes on what a query does in vain. They change nothing: a query runs as it is written. */
#include "lang/kql/bind.h"

/* ---- columns that are computed and never read */

typedef struct need {
	const ic_op *op;
	bool *column;
} need;

typedef struct walk {
	ic_binder *b;
	need *list; /* by operator id */
} walk;

static bool *needed(walk *w, const ic_op *op)
{
	need *n = &w->list[op->id];
	if (!n->column) {
		n->op = op;
		n->column = ic_bind_alloc(w->b, op->out.n, sizeof *n->column);
	}
	return n->column;
}

static void read_by(const ic_expr *e, bool *column)
{
	if (!e || !column)
		return;
	if (e->kind == IC_X_COLUMN)
		column[e->column] = true;
	for (uint32_t i = 0; e->kind == IC_X_CALL && i < e->call.n; i++)
		read_by(e->call.arg[i], column);
}

static void visit(walk *w, const ic_op *op, bool top);

/* All columns of the input count as read: operators whose use of columns is their own business. */
static void visit_all(walk *w, const ic_op *op)
{
	bool *c = op ? needed(w, op) : NULL;
	if (!c)
		return;
	memset(c, 1, op->out.n);
	visit(w, op, false);
}

static void pass(const ic_op *op, const ic_op *from, const bool *mine, bool *in)
{
	for (uint32_t i = 0; in && mine && i < op->out.n && i < from->out.n; i++)
		in[i] |= mine[i];
}

static void visit_join(walk *w, const ic_op *op, const bool *mine)
{
	bool *l = needed(w, op->in), *r = needed(w, op->join.right);
	if (!l || !r || !mine)
		return;
	for (uint32_t i = 0; i < op->out.n; i++)
		if (mine[i]) {
			uint32_t c = op->join.column[i];
			*(c < op->in->out.n ? &l[c] : &r[c - op->in->out.n]) = true;
		}
	for (uint32_t k = 0; k < op->join.keys; k++) {
		read_by(op->join.left_key[k], l);
		read_by(op->join.right_key[k], r);
	}
	visit(w, op->join.right, false);
	visit(w, op->in, false);
}

static void visit_union(walk *w, const ic_op *op, const bool *mine)
{
	for (uint32_t k = 0; k < op->united.inputs; k++) {
		bool *in = needed(w, op->united.in[k]);
		for (uint32_t i = 0; in && mine && i < op->out.n; i++)
			if (mine[i] && op->united.column[k][i] >= 0)
				in[op->united.column[k][i]] = true;
		visit(w, op->united.in[k], false);
	}
}

static void visit(walk *w, const ic_op *op, bool top)
{
	bool *mine = needed(w, op);
	if (!mine || w->b->status != IC_OK)
		return;
	if (top)
		memset(mine, 1, op->out.n);
	if (op->kind == IC_OP_JOIN) {
		visit_join(w, op, mine);
		return;
	}
	if (op->kind == IC_OP_UNION) {
		visit_union(w, op, mine);
		return;
	}
	if (op->kind == IC_OP_KEPT) { /* what is below is visited when all its readers have been */
		pass(op, op->kept.of, mine, needed(w, op->kept.of));
		return;
	}
	if (!op->in)
		return;
	bool *in = needed(w, op->in);
	switch (op->kind) {
	case IC_OP_KEEP: pass(op, op->in, mine, in); break;
	case IC_OP_FILTER:
		pass(op, op->in, mine, in);
		read_by(op->filter.predicate, in);
		break;
	case IC_OP_SORT:
	case IC_OP_TOP:
	case IC_OP_TAKE:
	case IC_OP_SAMPLE:
		pass(op, op->in, mine, in);
		for (uint32_t i = 0; (op->kind == IC_OP_SORT || op->kind == IC_OP_TOP) && i < op->sort.keys;
		     i++)
			read_by(op->sort.key[i].key, in);
		break;
	case IC_OP_PROJECT:
	case IC_OP_SERIAL:
		for (uint32_t i = 0; i < op->out.n; i++)
			if (mine[i])
				read_by(op->project.expr[i], in);
		break;
	case IC_OP_SUMMARIZE: {
		uint32_t column = op->summarize.keys;
		for (uint32_t i = 0; i < op->summarize.keys; i++)
			read_by(op->summarize.key[i], in);
		for (uint32_t i = 0; i < op->summarize.aggs; i++) {
			bool any = false;
			for (uint32_t k = 0; k < op->summarize.agg[i].columns; k++)
				any |= mine[column++];
			for (uint32_t k = 0; any && k < op->summarize.agg[i].n; k++)
				read_by(op->summarize.agg[i].arg[k], in);
		}
		break;
	}
	default: visit_all(w, op->in); return;
	}
	visit(w, op->in, false);
}

void ic_bind_lint_made(ic_binder *b)
{
	walk w = { .b = b };
	w.list = ic_bind_alloc(b, b->plan->ops, sizeof *w.list);
	if (!w.list)
		return;
	visit(&w, b->plan->root, true);
	for (const ic_op *keep = b->plan->kept; keep; keep = keep->keep.older)
		if (w.list[keep->id].op)
			visit(&w, keep, false);
	for (uint32_t i = 0; i < b->mades; i++) {
		const ic_bind_made *m = &b->made[i];
		const need *n = &w.list[m->op->id];
		if (n->op != m->op || !n->column || n->column[m->column])
			continue;
		/* a let that is used twice may be read once: then it is of use */
		bool elsewhere = false;
		for (uint32_t k = 0; k < b->mades && !elsewhere; k++) {
			const ic_bind_made *o = &b->made[k];
			const need *on = &w.list[o->op->id];
			elsewhere = o->at.line == m->at.line && o->at.column == m->at.column &&
				    on->op == o->op && on->column && on->column[o->column];
		}
		if (!elsewhere)
			ic_bind_warn(b, m->at, "'%.*s' is computed, but nothing reads it",
				     IC_BIND_NAME(m->name));
	}
}

/* ---- bands outside of a band */

static bool constant(const ic_kql_expr *e, double *ret)
{
	double sign = 1;
	if (e->kind == IC_KE_NEGATE) {
		sign = -1;
		e = e->operand;
	}
	if (e->kind != IC_KE_LITERAL || e->value.null)
		return false;
	if (e->value.type == IC_Q_REAL)
		*ret = sign * e->value.d;
	else if (e->value.type == IC_Q_LONG || e->value.type == IC_Q_INT || e->value.type == IC_Q_TIMESPAN)
		*ret = sign * (double)e->value.i;
	else
		return false;
	return true;
}

static bool is_band(const ic_kql_expr *e, double *low, double *high)
{
	return e->kind == IC_KE_BETWEEN && !e->between.negated && e->between.what->kind == IC_KE_NAME &&
	       constant(e->between.low, low) && constant(e->between.high, high);
}

const ic_bind_band *ic_bind_lint_bands(ic_binder *b, const ic_rel *r, const ic_kql_expr *e)
{
	const ic_bind_band *bands = r->bands;
	double low, high;
	for (; e->kind == IC_KE_BINARY && e->binary.fn == IC_FN_AND; e = e->binary.left) {
		ic_rel with = *r;
		with.bands = bands;
		if (e->binary.right->kind == IC_KE_BETWEEN)
			bands = ic_bind_lint_bands(b, &with, e->binary.right);
	}
	if (!is_band(e, &low, &high))
		return bands;
	ic_bind_band *band = ic_bind_alloc(b, 1, sizeof *band);
	if (!band)
		return bands;
	*band =
	    (ic_bind_band){ .prev = bands, .column = e->between.what->name.text, .low = low, .high = high };
	return band;
}

void ic_bind_lint_between(ic_binder *b, const ic_bind_scope *s, const ic_kql_expr *e)
{
	double low, high;
	if (!s->row || !is_band(e, &low, &high))
		return;
	for (const ic_bind_band *k = s->row->bands; k; k = k->prev) {
		if (!ic_str_eq(k->column, e->between.what->name.text))
			continue;
		if (high < k->low || low > k->high)
			ic_bind_warn(b, e->at,
				     "%.*s is never between %g and %g: an earlier `between` left %g to %g",
				     IC_BIND_NAME(k->column), low, high, k->low, k->high);
		else if ((high > k->high && low <= k->high && low > k->low) ||
			 (low < k->low && high >= k->low && high < k->high))
			ic_bind_warn(
			    b, e->at,
			    "of the band %g to %g only %g to %g can be reached: an earlier `between` on "
			    "%.*s left %g to %g",
			    low, high, low > k->low ? low : k->low, high < k->high ? high : k->high,
			    IC_BIND_NAME(k->column), k->low, k->high);
	}
}

/* ---- a mean that is taken for a beat */

static bool is_one(const ic_kql_expr *e)
{
	double v;
	return constant(e, &v) && v == 1;
}

/* (count - 1), with casts around it */
static bool less_one(const ic_kql_expr *e)
{
	while (e->kind == IC_KE_CALL && e->call.args == 1)
		e = e->call.arg[0].expr;
	return e->kind == IC_KE_BINARY && e->binary.fn == IC_FN_SUB && is_one(e->binary.right) &&
	       (e->binary.left->kind == IC_KE_NAME || e->binary.left->kind == IC_KE_CALL);
}

void ic_bind_lint_division(ic_binder *b, const ic_kql_expr *e)
{
	if (less_one(e->binary.right) && e->binary.left->kind != IC_KE_LITERAL)
		ic_bind_warn(
		    b, e->at,
		    "a mean interval is not a beat: a burst and a pause have one too; beacon() looks at "
		    "how regular the times are");
}
