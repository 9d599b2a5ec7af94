/* SPDX-License-Identifier: Apache-2.0 */
/* A run computes a node for all rows of the chunk at most once. Where a lazy kernel asks for an argument on some
 * rows only, the nodes that belong to this argument alone are computed in a frame of these rows; what it
 * shares with others is computed for all rows, so that no node is computed more than once a frame and a chunk. */
#include "base/error.h"
#include "exec/eval/eval.h"

enum { CHEAP = 6 }; /* cost of what is computed for all rows rather than for some of them */

typedef ic_eval_node node;
typedef ic_eval_scratch scratch;
typedef ic_eval_frame frame;

static bool fail(frame *f, ic_status st, const char *cause, ic_place at)
{
	while (f->parent)
		f = f->parent;
	if (f->failed == IC_OK) {
		f->failed = st;
		f->cause = cause;
		f->at = at;
	}
	return false;
}

static bool no_memory(frame *f)
{
	return fail(f, IC_E_NOMEM, NULL, (ic_place){ 0, 0 });
}

ic_value ic_call_nomem(ic_call *c)
{
	c->failed = IC_E_NOMEM;
	return ic_value_null(c->expr->type);
}

ic_value ic_call_limit(ic_call *c, const char *cause)
{
	c->failed = IC_E_LIMIT;
	c->cause = cause;
	return ic_value_null(c->expr->type);
}

/* What argument values a row has: constants are filled in once. */
static void row_arguments(const ic_vector *arg, uint32_t n, uint32_t row, bool constants, bool kql,
			  ic_value *ret)
{
	for (uint32_t i = 0; i < n; i++)
		if (arg[i].constant == constants) {
			ret[i] = ic_vector_value(&arg[i], row);
			bool empty = kql && ret[i].null && ic_qtype_is_text(ret[i].type);
			/* an empty text may have no bytes to point to; kernels need not think of it */
			if (empty || (ret[i].type == IC_Q_STRING && !ret[i].null && !ret[i].s.p))
				ret[i] = ic_value_str(IC_STR(""));
		}
}

static bool any_null(const ic_value *v, uint32_t n)
{
	for (uint32_t i = 0; i < n; i++)
		if (v[i].null)
			return true;
	return false;
}

/* A row form over all rows. */
static bool run_rows(frame *f, ic_call *c, const node *n, const ic_vector *arg, uint32_t rows, ic_vector *ret)
{
	const ic_kernel *k = n->kernel;
	bool kql = f->e->kql, nulls = false;
	ic_vector_out out;
	ic_value *value = ic_arena_alloc(f->arena, ((size_t)n->n + 1) * sizeof *value);

	if (!value || !ic_vector_make(&out, f->arena, n->type, rows))
		return no_memory(f);
	row_arguments(arg, n->n, 0, true, kql, value);
	for (uint32_t i = 0; i < rows; i++) {
		ic_value v;
		row_arguments(arg, n->n, i, false, kql, value);
		if (k->strict && any_null(value, n->n))
			v = ic_value_null(n->type);
		else {
			c->row = f->in ? f->in->flow + i : 0;
			v = k->row(c, value);
			if (c->failed != IC_OK)
				return true;
		}
		nulls |= v.null;
		ic_vector_set(&out, i, &v);
	}
	*ret = out.v;
	if (!nulls && n->type != IC_Q_DYNAMIC)
		ret->nulls = NULL;
	return true;
}

static bool eval(frame *f, uint32_t id, ic_vector *ret);

/* The argument that is text of a few words, if all others are constants; NULL: there is none. */
static ic_vector *only_coded(const node *n, ic_vector *arg, uint32_t rows)
{
	ic_vector *ret = NULL;

	if (n->kernel->impure || ic_functions[n->expr->call.fn].flags & IC_FN_SERIAL)
		return NULL;
	for (uint32_t i = 0; i < n->n; i++) {
		if (arg[i].constant)
			continue;
		if (ret || !arg[i].coded || arg[i].coded->words > rows)
			return NULL;
		ret = &arg[i];
	}
	return ret;
}

static bool run_call(frame *f, uint32_t id, ic_vector *ret)
{
	const node *n = &f->e->node[id];
	const ic_kernel *k = n->kernel;
	ic_call *c = &f->scratch->call[id];
	ic_vector *arg = NULL, *few = NULL;
	const ic_coded *coded = NULL;
	uint32_t rows = f->rows;
	bool constant = !k->impure && !k->lazy;

	if (!k->lazy) {
		arg = ic_arena_alloc(f->arena, ((size_t)n->n + 1) * sizeof *arg);
		if (!arg)
			return no_memory(f);
		for (uint32_t i = 0; i < n->n; i++) {
			if (!eval(f, n->arg[i], &arg[i]))
				return false;
			constant = constant && arg[i].constant;
		}
		few = constant ? NULL : only_coded(n, arg, rows);
		if (few) {
			coded = few->coded;
			*few = coded->word;
			rows = coded->words;
		}
	}
	c->plan = f->e->plan;
	c->expr = n->expr;
	c->arena = f->arena;
	c->state = n->state;
	c->failed = IC_OK;
	c->frame = f;
	c->node = id;
	if (constant)
		rows = 1;
	*ret = (ic_vector){ .type = n->type };
	if (k->lazy)
		k->lazy(c, rows, ret);
	else if (k->vector)
		k->vector(c, arg, rows, ret);
	else if (!run_rows(f, c, n, arg, rows, ret))
		return false;
	if (c->failed != IC_OK)
		return fail(f, c->failed, c->cause, n->expr->at);
	ret->constant = ret->constant || constant;
	if (f->e->kql && n->type == IC_Q_STRING)
		ret->nulls = NULL;
	if (!coded)
		return true;
	ic_vector word = *ret;
	return ic_vector_decode(ret, f->arena, &word, coded->words, coded->code, f->rows) || no_memory(f);
}

/* Node id for the rows of the frame. */
static bool eval(frame *f, uint32_t id, ic_vector *ret)
{
	const node *n = &f->e->node[id];
	ic_vector *memo, whole;

	if (n->kind == IC_X_CONST) {
		*ret = n->constant;
		return true;
	}
	if (f->parent && (id < f->first || id > f->last))
		return eval(f->parent, id, &whole) &&
		       (ic_vector_pick(ret, f->arena, &whole, f->pick, f->rows) || no_memory(f));
	memo = &f->memo[id - f->first];
	if (memo->type == IC_QTYPES) {
		if (n->kind == IC_X_COLUMN && f->parent) {
			if (!eval(f->parent, id, &whole))
				return false;
			if (!ic_vector_pick(memo, f->arena, &whole, f->pick, f->rows)) {
				memo->type = IC_QTYPES;
				return no_memory(f);
			}
		} else if (n->kind == IC_X_COLUMN) {
			*memo = f->in->col[n->expr->column];
			if (f->e->kql && memo->type == IC_Q_STRING)
				memo->nulls = NULL; /* nor have words any */
		} else {
			ic_vector made;
			if (!run_call(f, id, &made))
				return false;
			*memo = made;
		}
	}
	*ret = *memo;
	return true;
}

static bool frame_memo(frame *f)
{
	size_t n = (size_t)f->last - f->first + 1;

	f->memo = ic_arena_alloc(f->arena, n * sizeof *f->memo);
	if (!f->memo)
		return no_memory(f);
	for (size_t i = 0; i < n; i++)
		f->memo[i].type = IC_QTYPES;
	return true;
}

/* Is argument `id` known for all rows of the frame? */
static bool known(const frame *f, uint32_t id)
{
	return id >= f->first && id <= f->last && f->memo[id - f->first].type != IC_QTYPES;
}

bool ic_call_arg_cheap(const ic_call *c, uint32_t i)
{
	const frame *f = c->frame;
	uint32_t id = f->e->node[c->node].arg[i];

	return f->e->node[id].cost <= CHEAP || known(f, id);
}

bool ic_call_arg(ic_call *c, uint32_t i, const uint16_t *pick, uint32_t n, ic_vector *ret)
{
	frame *f = c->frame;
	uint32_t id = f->e->node[c->node].arg[i];
	const node *a = &f->e->node[id];
	ic_vector whole;
	bool ok;

	if (a->kind == IC_X_CONST || !pick)
		ok = eval(f, id, ret);
	else if (a->cost <= CHEAP || known(f, id) || (f->parent && (id < f->first || id > f->last)))
		ok = eval(f, id, &whole) && (ic_vector_pick(ret, f->arena, &whole, pick, n) || no_memory(f));
	else {
		frame part = { .e = f->e,
			       .in = f->in,
			       .parent = f,
			       .pick = pick,
			       .rows = n,
			       .first = a->first,
			       .last = id,
			       .arena = f->arena,
			       .scratch = f->scratch };
		ok = frame_memo(&part) && eval(&part, id, ret);
	}
	if (!ok) { /* the frame knows why; the call only that it must stop */
		while (f->parent)
			f = f->parent;
		c->failed = f->failed;
		c->cause = f->cause;
	}
	return ok;
}
bool ic_eval_node_run(frame *f, uint32_t id, ic_vector *ret)
{
	return frame_memo(f) && eval(f, id, ret);
}

/* ---- the interface -------------------------------------------------------------------- */

/* A scratch that nobody uses: as many are made as there are workers. The expression is shared and
 * read-only but for this list. */
static scratch *borrow(ic_eval *e)
{
	scratch *s;

	pthread_mutex_lock(&e->lock);
	s = e->idle;
	if (s)
		e->idle = s->next;
	pthread_mutex_unlock(&e->lock);
	return s ? s : ic_calloc(1, sizeof *s + (size_t)e->nodes * sizeof *s->call);
}

static void give_back(ic_eval *e, scratch *s)
{
	pthread_mutex_lock(&e->lock);
	s->next = e->idle;
	e->idle = s;
	pthread_mutex_unlock(&e->lock);
}

ic_status ic_eval_run(const ic_eval *shared, const ic_chunk *in, ic_arena *arena, ic_vector *ret,
		      ic_error *err)
{
	ic_eval *e = (ic_eval *)(uintptr_t)shared;
	frame f = { .e = e, .in = in, .rows = in->rows, .last = e->nodes ? e->nodes - 1 : 0, .arena = arena };
	bool ok;

	f.scratch = borrow(e);
	if (!f.scratch)
		return ic_fail_nomem(err);
	ok = frame_memo(&f);
	for (uint32_t i = 0; ok && i < e->n; i++)
		ok = eval(&f, e->root[i], &ret[i]);
	give_back(e, f.scratch);
	if (ok)
		return IC_OK;
	if (f.failed != IC_E_LIMIT)
		return ic_fail_nomem(err);
	return ic_fail_at(err, IC_E_LIMIT, NULL, f.at.line, f.at.column, "%s",
			  f.cause ? f.cause : "a limit was reached");
}
