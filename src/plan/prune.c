/* SPDX-License-Identifier: Apache-2.0 */
/* Columns that nothing reads are dropped, down to the scans, which then do not fill them.
 *
 * An operator is told which of its output columns are needed. It may go on giving others (a filter
 * passes on what it looks at), and says where each old column is now. */
#include "plan/optimise.h"

#define GONE UINT32_MAX

typedef struct need {
	ic_optimiser *o;
	bool *wanted;  /* by column of the schema in question */
	uint32_t *map; /* filled by prune_op: old column to new one, GONE if it is dropped */
	uint32_t n;
} need;

static void prune_op(ic_op *op, need *needs);

static void *zeroed(ic_optimiser *o, size_t n, size_t size)
{
	void *p = o->failed ? NULL : ic_arena_alloc(&o->p->arena, n * size);
	if (p)
		memset(p, 0, n * size);
	else if (!o->failed)
		o->failed = IC_E_NOMEM;
	return p;
}

static bool need_new(ic_optimiser *o, const ic_schema *of, bool all, need *ret)
{
	*ret = (need){ .o = o, .n = of->n };
	ret->wanted = zeroed(o, of->n, sizeof *ret->wanted);
	ret->map = zeroed(o, of->n, sizeof *ret->map);
	if (o->failed)
		return false;
	for (uint32_t i = 0; i < of->n; i++) {
		ret->wanted[i] = all;
		ret->map[i] = i;
	}
	return true;
}

static void want(need *n, const ic_expr *e)
{
	if (n->o->failed || !ic_optimiser_step(n->o, e->at))
		return;
	if (e->kind == IC_X_COLUMN)
		n->wanted[e->column] = true;
	else if (e->kind == IC_X_CALL)
		for (uint32_t i = 0; i < e->call.n; i++)
			want(n, e->call.arg[i]);
}

/* Chunks have at least one column: one of fixed size, if there is one, costs least. */
static void want_something(need *n, const ic_schema *of)
{
	uint32_t best = 0;
	for (uint32_t i = 0; i < n->n; i++)
		if (n->wanted[i])
			return;
	for (uint32_t i = n->n; i-- > 0;)
		if (of->column[i].type != IC_Q_STRING && of->column[i].type != IC_Q_DYNAMIC)
			best = i;
	if (n->n)
		n->wanted[best] = true;
}

static void renumber(need *in, ic_expr **slot)
{
	if (!in->o->failed)
		*slot = ic_expr_renumber(in->o, *slot, in->map);
}

static void renumber_list(need *in, ic_expr **list, uint32_t n)
{
	for (uint32_t i = 0; i < n; i++)
		if (list[i])
			renumber(in, &list[i]);
}

/* The wanted columns of a schema, numbered anew in out->map. */
static void shrink_schema(need *out, ic_schema *s)
{
	ic_schema less = { zeroed(out->o, s->n, sizeof *s->column), 0 };
	if (out->o->failed)
		return;
	for (uint32_t i = 0; i < s->n; i++) {
		out->map[i] = out->wanted[i] ? less.n : GONE;
		if (out->wanted[i])
			less.column[less.n++] = s->column[i];
	}
	*s = less;
}

/* ---- by kind ------------------------------------------------------------------------- */

/* The columns that are wanted, of those that `column` names (NULL: all in order); the list is made new. */
static void prune_columns(ic_op *op, uint32_t **column, need *out)
{
	uint32_t n = op->out.n, kept = 0;
	uint32_t *before = *column, *after = zeroed(out->o, n, sizeof *after);
	want_something(out, &op->out);
	shrink_schema(out, &op->out);
	if (out->o->failed)
		return;
	for (uint32_t i = 0; i < n; i++)
		if (out->wanted[i])
			after[kept++] = before ? before[i] : i;
	*column = after;
}

/* filter, sort, take, top, sample: the columns of the input are those of the output. */
static void prune_passing(ic_op *op, need *out)
{
	if (op->kind == IC_OP_FILTER)
		want(out, op->filter.predicate);
	for (uint32_t i = 0; (op->kind == IC_OP_SORT || op->kind == IC_OP_TOP) && i < op->sort.keys; i++)
		want(out, op->sort.key[i].key);
	want_something(out, &op->out);
	if (out->o->failed)
		return;
	prune_op(op->in, out);
	op->out = op->in->out;
	if (op->kind == IC_OP_FILTER)
		renumber(out, &op->filter.predicate);
	for (uint32_t i = 0; (op->kind == IC_OP_SORT || op->kind == IC_OP_TOP) && i < op->sort.keys; i++)
		renumber(out, &op->sort.key[i].key);
}

static void prune_project(ic_op *op, need *out)
{
	need in;
	uint32_t n = op->out.n, kept = 0;
	ic_expr **expr = zeroed(out->o, n, sizeof(ic_expr *));
	want_something(out, &op->out);
	if (!need_new(out->o, &op->in->out, false, &in))
		return;
	for (uint32_t i = 0; i < n; i++)
		if (out->wanted[i]) {
			expr[kept++] = op->project.expr[i];
			want(&in, op->project.expr[i]);
		}
	shrink_schema(out, &op->out);
	if (out->o->failed)
		return;
	prune_op(op->in, &in);
	op->project.expr = expr;
	renumber_list(&in, expr, kept);
}

/* Aggregates of which no column is read are not computed; one stays if there is no key. */
static void drop_aggs(ic_op *op, need *out)
{
	uint32_t column = op->summarize.keys, kept = 0;
	ic_agg *agg = zeroed(out->o, op->summarize.aggs, sizeof *agg);
	for (uint32_t i = 0; i < op->summarize.keys; i++)
		out->wanted[i] = true;
	for (uint32_t i = 0; !out->o->failed && i < op->summarize.aggs; i++) {
		uint32_t columns = op->summarize.agg[i].columns;
		bool any = false;
		for (uint32_t k = 0; k < columns; k++)
			any |= out->wanted[column + k];
		any |= op->summarize.keys == 0 && kept == 0 && i + 1 == op->summarize.aggs;
		for (uint32_t k = 0; k < columns; k++)
			out->wanted[column + k] = any;
		if (any)
			agg[kept++] = op->summarize.agg[i];
		column += columns;
	}
	op->summarize.agg = agg;
	op->summarize.aggs = kept;
	shrink_schema(out, &op->out);
}

static void want_aggs(need *in, const ic_agg *agg, uint32_t n)
{
	for (uint32_t i = 0; i < n; i++)
		for (uint32_t k = 0; k < agg[i].n; k++)
			want(in, agg[i].arg[k]);
}

/* The argument lists are copied: aggregates may be shared. */
static void renumber_aggs(need *in, ic_agg *agg, uint32_t n)
{
	for (uint32_t i = 0; i < n; i++) {
		ic_expr **arg = zeroed(in->o, agg[i].n, sizeof(ic_expr *));
		if (!arg)
			return;
		if (agg[i].n)
			memcpy(arg, agg[i].arg, sizeof(ic_expr *) * agg[i].n);
		agg[i].arg = arg;
		renumber_list(in, arg, agg[i].n);
	}
}

static void prune_summarize(ic_op *op, need *out)
{
	need in;
	drop_aggs(op, out);
	if (!need_new(out->o, &op->in->out, false, &in))
		return;
	for (uint32_t i = 0; i < op->summarize.keys; i++)
		want(&in, op->summarize.key[i]);
	want_aggs(&in, op->summarize.agg, op->summarize.aggs);
	if (op->in->kind != IC_OP_FILTER) /* which looks at a column itself */
		want_something(&in, &op->in->out);
	prune_op(op->in, &in);
	renumber_list(&in, op->summarize.key, op->summarize.keys);
	renumber_aggs(&in, op->summarize.agg, op->summarize.aggs);
}

static void prune_join(ic_op *op, need *out)
{
	need left, right;
	uint32_t n = op->out.n, kept = 0, left_n = op->in->out.n;
	uint32_t *column = zeroed(out->o, n, sizeof *column);
	want_something(out, &op->out);
	if (!column || !need_new(out->o, &op->in->out, false, &left) ||
	    !need_new(out->o, &op->join.right->out, false, &right))
		return;
	for (uint32_t i = 0; i < n; i++) {
		uint32_t from = op->join.column[i];
		if (!out->wanted[i])
			continue;
		column[kept++] = from;
		if (from < left_n)
			left.wanted[from] = true;
		else
			right.wanted[from - left_n] = true;
	}
	for (uint32_t i = 0; i < op->join.keys; i++) {
		want(&left, op->join.left_key[i]);
		want(&right, op->join.right_key[i]);
	}
	want_something(&left, &op->in->out);
	want_something(&right, &op->join.right->out);
	shrink_schema(out, &op->out);
	if (out->o->failed)
		return;
	prune_op(op->in, &left);
	prune_op(op->join.right, &right);
	if (out->o->failed)
		return;
	for (uint32_t i = 0; i < kept; i++)
		column[i] =
		    column[i] < left_n ? left.map[column[i]] : op->in->out.n + right.map[column[i] - left_n];
	op->join.column = column;
	renumber_list(&left, op->join.left_key, op->join.keys);
	renumber_list(&right, op->join.right_key, op->join.keys);
}

static void prune_union(ic_op *op, need *out)
{
	uint32_t n = op->out.n, inputs = op->united.inputs;
	int32_t **column = zeroed(out->o, inputs, sizeof *column);
	if (op->united.source >= 0)
		out->wanted[op->united.source] = true;
	want_something(out, &op->out);
	shrink_schema(out, &op->out);
	for (uint32_t u = 0; u < inputs && !out->o->failed; u++) {
		need in;
		ic_op *input = op->united.in[u];
		if (!need_new(out->o, &input->out, false, &in))
			return;
		for (uint32_t i = 0; i < n; i++)
			if (out->wanted[i] && op->united.column[u][i] >= 0)
				in.wanted[op->united.column[u][i]] = true;
		want_something(&in, &input->out);
		prune_op(input, &in);
		column[u] = zeroed(out->o, n, sizeof **column);
		if (out->o->failed)
			return;
		for (uint32_t i = 0, kept = 0; i < n; i++)
			if (out->wanted[i]) {
				int32_t from = op->united.column[u][i];
				column[u][kept++] = from < 0 ? -1 : (int32_t)in.map[from];
			}
	}
	op->united.column = column;
	if (op->united.source >= 0)
		op->united.source = (int32_t)out->map[op->united.source];
}

/* Whether an output column of mv-expand is made by it. */
static bool is_made(const ic_op *op, uint32_t i)
{
	if (op->expand.index >= 0 && (uint32_t)op->expand.index == i)
		return true;
	for (uint32_t k = 0; k < op->expand.columns; k++)
		if (op->expand.column[k].to == i)
			return true;
	return false;
}

static void prune_expand(ic_op *op, need *out)
{
	need in;
	uint32_t n = op->out.n, kept = 0;
	uint32_t *keep = zeroed(out->o, n, sizeof *keep);
	ic_expand_column *column = zeroed(out->o, op->expand.columns, sizeof *column);
	if (!keep || !column || !need_new(out->o, &op->in->out, false, &in))
		return;
	for (uint32_t i = 0; i < n; i++) {
		bool made = is_made(op, i);
		out->wanted[i] |= made;
		if (!out->wanted[i])
			continue;
		keep[kept++] = made ? 0 : op->expand.keep[i];
		if (!made)
			in.wanted[op->expand.keep[i]] = true;
	}
	for (uint32_t k = 0; k < op->expand.columns; k++)
		in.wanted[op->expand.column[k].from] = true;
	bool *made = zeroed(out->o, n, sizeof *made);
	for (uint32_t i = 0, k = 0; made && i < n; i++)
		if (out->wanted[i])
			made[k++] = is_made(op, i);
	shrink_schema(out, &op->out);
	prune_op(op->in, &in);
	if (out->o->failed)
		return;
	for (uint32_t k = 0; k < op->expand.columns; k++) {
		column[k] = op->expand.column[k];
		column[k].from = in.map[column[k].from];
		column[k].to = out->map[column[k].to];
	}
	for (uint32_t i = 0; i < kept; i++)
		keep[i] = made[i] ? 0 : in.map[keep[i]];
	if (op->expand.index >= 0)
		op->expand.index = (int32_t)out->map[op->expand.index];
	op->expand.column = column;
	op->expand.keep = keep;
	op->expand.keeps = kept;
}

static void prune_series(ic_op *op, need *out)
{
	need in;
	if (!need_new(out->o, &op->in->out, false, &in))
		return;
	want_aggs(&in, op->series.agg, op->series.aggs);
	want(&in, op->series.on);
	for (uint32_t i = 0; i < op->series.bys; i++)
		want(&in, op->series.by[i]);
	prune_op(op->in, &in);
	renumber_aggs(&in, op->series.agg, op->series.aggs);
	renumber(&in, &op->series.on);
	renumber_list(&in, op->series.by, op->series.bys);
}

static void prune_nested(ic_op *op, need *out)
{
	need in;
	if (!need_new(out->o, &op->in->out, false, &in))
		return;
	for (uint32_t i = 0; i < op->nested.levels; i++) {
		want(&in, op->nested.level[i].by);
		want_aggs(&in, op->nested.level[i].agg, op->nested.level[i].aggs);
	}
	prune_op(op->in, &in);
	for (uint32_t i = 0; i < op->nested.levels; i++) {
		renumber(&in, &op->nested.level[i].by);
		renumber_aggs(&in, op->nested.level[i].agg, op->nested.level[i].aggs);
	}
}

/* parse gives the columns of its input, then its new ones. */
static void prune_parse(ic_op *op, need *out)
{
	need in;
	uint32_t before = op->in->out.n, n = op->out.n;
	if (!need_new(out->o, &op->in->out, false, &in))
		return;
	for (uint32_t i = 0; i < before; i++)
		in.wanted[i] = out->wanted[i];
	for (uint32_t i = 0; i < op->parse.captures; i++)
		if (op->parse.target[i] < before)
			in.wanted[op->parse.target[i]] = true;
	want(&in, op->parse.text);
	prune_op(op->in, &in);
	ic_schema s = { zeroed(out->o, n, sizeof *s.column), 0 };
	uint32_t *target = zeroed(out->o, op->parse.captures, sizeof *target);
	if (out->o->failed)
		return;
	for (; s.n < op->in->out.n; s.n++)
		s.column[s.n] = op->in->out.column[s.n];
	for (uint32_t i = 0; i < n; i++) {
		out->map[i] = i < before ? in.map[i] : s.n;
		/* a capture may have given an old column another type */
		if (i < before && in.map[i] != GONE)
			s.column[in.map[i]] = op->out.column[i];
		else if (i >= before)
			s.column[s.n++] = op->out.column[i];
	}
	for (uint32_t i = 0; i < op->parse.captures; i++)
		target[i] = out->map[op->parse.target[i]];
	op->out = s;
	op->parse.target = target;
	renumber(&in, &op->parse.text);
}

static void prune_all_of(ic_optimiser *o, ic_op *op)
{
	need all;
	if (need_new(o, &op->out, true, &all))
		prune_op(op, &all);
}

/* `out` says what is needed of op, and is told where its columns are. */
static void prune_op(ic_op *op, need *out)
{
	ic_optimiser *o = out->o;
	if (!ic_optimiser_step(o, op->at))
		return;
	if (ic_op_is_shared(o, op)) {
		/* all readers get all columns, and it is done once */
		if (o->uses[op->id] == UINT32_MAX)
			return;
		o->uses[op->id] = UINT32_MAX;
		memset(out->wanted, true, sizeof *out->wanted * out->n);
	}
	switch (op->kind) {
	case IC_OP_SCAN: prune_columns(op, &op->scan.column, out); break;
	case IC_OP_KEPT: prune_columns(op, &op->kept.column, out); break;
	case IC_OP_FILTER:
	case IC_OP_SORT:
	case IC_OP_TAKE:
	case IC_OP_TOP:
	case IC_OP_SAMPLE: prune_passing(op, out); break;
	case IC_OP_PROJECT:
	case IC_OP_SERIAL: prune_project(op, out); break;
	case IC_OP_SUMMARIZE: prune_summarize(op, out); break;
	case IC_OP_JOIN: prune_join(op, out); break;
	case IC_OP_UNION: prune_union(op, out); break;
	case IC_OP_EXPAND: prune_expand(op, out); break;
	case IC_OP_MAKE_SERIES: prune_series(op, out); break;
	case IC_OP_TOP_NESTED: prune_nested(op, out); break;
	case IC_OP_PARSE: prune_parse(op, out); break;
	case IC_OP_APPLY:
		prune_all_of(o, op->in);
		if (op->expand.body)
			prune_all_of(o, op->expand.body);
		break;
	case IC_OP_PARTITION:
		prune_all_of(o, op->in);
		prune_all_of(o, op->partition.body);
		break;
	case IC_OP_STEP: prune_all_of(o, op->in); break;
	case IC_OP_VALUES:
	case IC_OP_RANGE:
	case IC_OP_INPUT:
	case IC_OP_KEEP:
	case IC_OP_KINDS: break;
	}
}

/* What all its readers together look at, which know that by now: they are in the plan, or in what was kept
 * later. */
static void prune_keep(ic_optimiser *o, ic_op *keep)
{
	need in;
	if (!need_new(o, &keep->in->out, false, &in))
		return;
	for (const ic_op *r = keep->keep.readers; r; r = r->kept.next)
		for (uint32_t i = 0; i < r->out.n; i++)
			in.wanted[r->kept.column[i]] = true;
	prune_op(keep->in, &in);
	if (o->failed)
		return;
	keep->out = keep->in->out;
	for (ic_op *r = keep->keep.readers; r; r = r->kept.next)
		for (uint32_t i = 0; i < r->out.n; i++)
			r->kept.column[i] = in.map[r->kept.column[i]];
}

void ic_prune(ic_optimiser *o)
{
	prune_all_of(o, o->p->root);
	for (ic_op *keep = o->p->kept; keep && !o->failed; keep = keep->keep.older)
		prune_keep(o, keep);
}
