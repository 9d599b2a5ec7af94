/* SPDX-License-Identifier: Apache-2.0 */
/* Expressions over chunks.
 *
 * A list of expressions becomes a list of nodes, each after its arguments and each different one once.
 * A run computes a node for all rows of the chunk at most once. Where a lazy kernel asks for an argument
 * on some rows only, the nodes that belong to this argument alone are computed in a frame of these rows;
 * what it shares with others is computed for all rows, so that no node is computed more than once a
 * frame and a chunk. */
#include <pthread.h>

#include "base/error.h"
#include "base/hash.h"
#include "exec/kernel.h"

enum {
	MAX_DEPTH = 1000,   /* of an expression: the evaluator recurses */
	MAX_NODES = 200000, /* of a list of expressions */
	ROW_COST = 8,	    /* of a row form, in units of a simple vector form */
	CHEAP = 6,	    /* what is computed for all rows rather than for some of them */
};

typedef struct node {
	ic_expr_kind kind;
	ic_qtype type;
	const ic_expr *expr;
	const ic_kernel *kernel;
	void *state;
	uint32_t *arg;
	uint32_t n;
	uint32_t first; /* nodes first..this were made for this one: its own part of the list */
	uint32_t cost;
	uint32_t next; /* in the same slot of the table of nodes + 1 */
	ic_vector constant;
} node;

/* What one run at a time uses: a call record for each node. */
typedef struct scratch {
	struct scratch *next;
	ic_call call[];
} scratch;

struct ic_eval {
	ic_plan *plan;
	node *node;
	uint32_t nodes, room;
	uint32_t *root;
	uint32_t n;
	uint32_t *slot; /* hash of a node to its number + 1 */
	uint32_t slots;
	bool kql;
	pthread_mutex_t lock;
	scratch *idle;
};

typedef struct ic_eval_frame {
	const ic_eval *e;
	const ic_chunk *in; /* of the whole run; NULL while constants are folded */
	struct ic_eval_frame *parent;
	const uint16_t *pick; /* rows of the parent */
	uint32_t rows;
	uint32_t first, last; /* nodes that are computed here */
	ic_vector *memo;      /* of them; type IC_QTYPES: not yet */
	ic_arena *arena;
	scratch *scratch;
	/* where and why the run ended */
	ic_status failed;
	const char *cause;
	ic_place at;
} frame;

/* ---- compiling ------------------------------------------------------------------------ */

/* Calls that were compiled, by address: an expression may be a graph in which paths are many more than
 * parts. */
typedef struct seen {
	const ic_expr *expr;
	uint32_t node;
} seen;

typedef struct compiler {
	ic_eval *e;
	ic_diag *diag;
	unsigned depth;
	seen *seen;
	uint32_t seen_n, seen_slots;
} compiler;

static seen *seen_slot(seen *table, uint32_t slots, const ic_expr *x)
{
	uint64_t at = ic_mix((uint64_t)(uintptr_t)x, 0, 1) & (slots - 1);

	while (table[at].expr && table[at].expr != x)
		at = (at + 1) & (slots - 1);
	return &table[at];
}

static bool was_seen(const compiler *c, const ic_expr *x, uint32_t *ret)
{
	const seen *s = c->seen_slots ? seen_slot(c->seen, c->seen_slots, x) : NULL;

	if (!s || !s->expr)
		return false;
	*ret = s->node;
	return true;
}

static ic_status remember(compiler *c, const ic_expr *x, uint32_t number)
{
	if ((c->seen_n + 1) * 2 > c->seen_slots) {
		uint32_t slots = c->seen_slots ? c->seen_slots * 2 : 64;
		seen *more = ic_calloc(slots, sizeof *more);
		if (!more)
			return IC_E_NOMEM;
		for (uint32_t i = 0; i < c->seen_slots; i++)
			if (c->seen[i].expr)
				*seen_slot(more, slots, c->seen[i].expr) = c->seen[i];
		ic_free(c->seen);
		c->seen = more;
		c->seen_slots = slots;
	}
	*seen_slot(c->seen, c->seen_slots, x) = (seen){ x, number };
	c->seen_n++;
	return IC_OK;
}

static uint64_t hash_value(const ic_value *v)
{
	uint64_t h = ic_mix(v->type, v->null, 1);

	if (v->null)
		return h;
	switch (v->type) {
	case IC_Q_BOOL: return ic_mix(h, v->b, 2);
	case IC_Q_STRING: return ic_mix(h, ic_hash(v->s.p, v->s.n), 3);
	case IC_Q_IP:
	case IC_Q_GUID: return ic_mix(h, ic_hash(&v->ip, 16), 4);
	case IC_Q_DECIMAL:
	case IC_Q_DYNAMIC: return ic_mix(h, (uint64_t)(uintptr_t)v->dyn, 5);
	default: return ic_mix(h, (uint64_t)v->i, 6);
	}
}

static bool same_value(const ic_value *a, const ic_value *b)
{
	if (a->type != b->type || a->null != b->null)
		return false;
	if (a->null)
		return true;
	switch (a->type) {
	case IC_Q_BOOL: return a->b == b->b;
	case IC_Q_STRING: return ic_str_eq(a->s, b->s);
	case IC_Q_IP:
	case IC_Q_GUID: return memcmp(&a->ip, &b->ip, 16) == 0;
	case IC_Q_DECIMAL:
	case IC_Q_DYNAMIC: return a->dyn == b->dyn;
	default: return a->i == b->i; /* reals too: by their bits */
	}
}

static uint64_t hash_node(const node *n)
{
	uint64_t h = ic_mix(n->kind, n->type, 7);

	if (n->kind == IC_X_COLUMN)
		return ic_mix(h, n->expr->column, 8);
	if (n->kind == IC_X_CONST)
		return ic_mix(h, hash_value(&n->expr->value), 9);
	h = ic_mix(h, n->expr->call.fn, (uint64_t)(uintptr_t)n->expr->call.list);
	for (uint32_t i = 0; i < n->n; i++)
		h = ic_mix(h, n->arg[i], i);
	return h;
}

static bool same_node(const node *a, const node *b)
{
	if (a->kind != b->kind || a->type != b->type)
		return false;
	if (a->kind == IC_X_COLUMN)
		return a->expr->column == b->expr->column;
	if (a->kind == IC_X_CONST)
		return same_value(&a->expr->value, &b->expr->value);
	return !a->kernel->impure && a->expr->call.fn == b->expr->call.fn &&
	       a->expr->call.list == b->expr->call.list && a->n == b->n &&
	       (a->n == 0 || memcmp(a->arg, b->arg, a->n * sizeof *a->arg) == 0);
}

/* Room for one more node in the list and the table. */
static ic_status grow(compiler *c)
{
	ic_eval *e = c->e;

	if (e->nodes < e->room)
		return IC_OK;
	if (e->nodes >= MAX_NODES)
		return ic_diag_fail(c->diag, IC_DIAG_LIMIT, (ic_place){ 0, 0 }, 1,
				    "the expressions have more than %d different parts", (int)MAX_NODES);
	uint32_t room = e->room ? e->room * 2 : 16;
	node *list = ic_reallocarray(e->node, room, sizeof *list);
	if (!list)
		return IC_E_NOMEM;
	e->node = list;
	e->room = room;
	ic_free(e->slot);
	e->slots = room * 2;
	e->slot = ic_calloc(e->slots, sizeof *e->slot);
	if (!e->slot)
		return IC_E_NOMEM;
	for (uint32_t i = 0; i < e->nodes; i++) {
		uint32_t *s = &e->slot[hash_node(&list[i]) & (e->slots - 1)];
		list[i].next = *s;
		*s = i + 1;
	}
	return IC_OK;
}

/* Adds n, or finds one that is the same. */
static ic_status add_node(compiler *c, const node *n, uint32_t *ret, bool *found)
{
	ic_eval *e = c->e;
	ic_status st = grow(c);
	uint32_t *s;

	if (st != IC_OK)
		return st;
	s = &e->slot[hash_node(n) & (e->slots - 1)];
	for (uint32_t i = *s; i; i = e->node[i - 1].next)
		if (same_node(&e->node[i - 1], n)) {
			*ret = i - 1;
			*found = true;
			return IC_OK;
		}
	*ret = e->nodes;
	*found = false;
	e->node[e->nodes] = *n;
	e->node[e->nodes].next = *s;
	*s = ++e->nodes;
	return IC_OK;
}

static ic_status compile(compiler *c, const ic_expr *x, uint32_t *ret);

static ic_status compile_constant(compiler *c, const ic_expr *x, uint32_t *ret)
{
	node n = { .kind = IC_X_CONST, .type = x->type, .expr = x, .first = c->e->nodes };
	ic_value v = x->value;
	bool found;

	/* a null without a type takes the one that is expected; KQL has no null text */
	v.type = x->type;
	if (c->e->kql && v.type == IC_Q_STRING && v.null)
		v = ic_value_str(IC_STR(""));
	if (!ic_vector_constant(&n.constant, &c->e->plan->arena, &v))
		return IC_E_NOMEM;
	return add_node(c, &n, ret, &found);
}

/* The type that argument i should have for the kernel; its own if that will do. */
static ic_qtype wanted_type(const ic_expr *x, const ic_kernel *k, uint32_t i)
{
	const ic_function *f = &ic_functions[x->call.fn];
	ic_qtype has = x->call.arg[i]->type;
	char letter = ic_function_arg(f, i);

	if (x->call.fn == IC_FN_CASE) /* condition, value, ..., value */
		letter = i % 2 || i == x->call.n - 1 ? 'x' : 'u';
	switch (letter) {
	case 's':
	case 'S':
		if ((has == IC_Q_IP && !k->addresses) || has == IC_Q_DYNAMIC)
			return IC_Q_STRING;
		return has;
	case 'r':
	case 'R': return has == IC_Q_NULL ? has : IC_Q_REAL;
	case 'x':
	case 'X':
		if (f->ret != 'x')
			return has;
		if (x->type == IC_Q_STRING && has == IC_Q_IP)
			return IC_Q_STRING;
		if (x->type == IC_Q_REAL && (has == IC_Q_INT || has == IC_Q_LONG || has == IC_Q_DECIMAL))
			return IC_Q_REAL;
		return has;
	default: return has;
	}
}

static const ic_expr *converted(compiler *c, const ic_expr *x, ic_qtype type)
{
	ic_plan *p = c->e->plan;
	ic_expr *call;

	if (x->type == type || (x->kind == IC_X_CONST && x->value.null && x->type == IC_Q_NULL))
		return x;
	call = ic_expr_call(p, x->at, type == IC_Q_STRING ? IC_FN_TO_STRING : IC_FN_TO_REAL, type, 1);
	if (call)
		call->call.arg[0] = (ic_expr *)(uintptr_t)x;
	return call;
}

/* a and b and c, nested to the left by the parser, as one call of three arguments. */
static uint32_t chain_length(const ic_expr *x)
{
	ic_fn_id fn = x->call.fn;
	uint32_t n = 1;

	if (fn != IC_FN_AND && fn != IC_FN_OR && fn != IC_FN_SQL_AND && fn != IC_FN_SQL_OR)
		return x->call.n;
	for (; x->kind == IC_X_CALL && x->call.fn == fn && x->call.n == 2; x = x->call.arg[0])
		n++;
	return n;
}

/* A copy of the call with the arguments that the kernel will get. */
static ic_expr *rewritten(compiler *c, const ic_expr *x, const ic_kernel *k, uint32_t n)
{
	ic_expr *copy = ic_expr_call(c->e->plan, x->at, x->call.fn, x->type, n);

	if (!copy)
		return NULL;
	copy->call.list = x->call.list;
	if (n != x->call.n) {
		const ic_expr *left = x;
		for (uint32_t i = n; --i > 0; left = left->call.arg[0])
			copy->call.arg[i] = left->call.arg[1];
		copy->call.arg[0] = (ic_expr *)(uintptr_t)left;
		return copy;
	}
	for (uint32_t i = 0; i < n; i++) {
		const ic_expr *arg = converted(c, x->call.arg[i], wanted_type(x, k, i));
		if (!arg)
			return NULL;
		copy->call.arg[i] = (ic_expr *)(uintptr_t)arg;
	}
	return copy;
}

static ic_status compile_arguments(compiler *c, ic_expr *call, node *n, bool *constant)
{
	n->arg = ic_arena_alloc(&c->e->plan->arena, ((size_t)call->call.n + 1) * sizeof *n->arg);
	if (!n->arg)
		return IC_E_NOMEM;
	n->n = call->call.n;
	*constant = true;
	for (uint32_t i = 0; i < n->n; i++) {
		ic_status st = compile(c, call->call.arg[i], &n->arg[i]);
		if (st != IC_OK)
			return st;
		const node *a = &c->e->node[n->arg[i]];
		*constant = *constant && a->kind == IC_X_CONST;
		n->cost += a->cost;
		if (n->cost > 1000000)
			n->cost = 1000000;
		if (a->kind == IC_X_CONST && a->expr != call->call.arg[i]) {
			/* it was computed just now: the kernel's prepare() wants to see the value */
			call->call.arg[i] = (ic_expr *)(uintptr_t)a->expr;
		}
	}
	return IC_OK;
}

static ic_status fold_node(compiler *c, node *n);

static ic_status compile_call(compiler *c, const ic_expr *x, uint32_t *ret)
{
	const ic_kernel *k = ic_kernel_of(x->call.fn);
	const ic_function *f = &ic_functions[x->call.fn];
	node n = { .kind = IC_X_CALL, .type = x->type, .kernel = k, .first = c->e->nodes };
	bool constant, found;
	ic_expr *copy;
	ic_status st;

	if (!k)
		return ic_diag_fail(c->diag, IC_DIAG_UNSUPPORTED, x->at,
				    f->name ? (uint32_t)strlen(f->name) : 1, "%s is not supported",
				    f->name ? f->name : f->help);
	copy = rewritten(c, x, k, chain_length(x));
	if (!copy)
		return IC_E_NOMEM;
	n.expr = copy;
	n.cost = k->lazy || k->vector ? 1 : ROW_COST;
	st = compile_arguments(c, copy, &n, &constant);
	if (st != IC_OK)
		return st;
	st = add_node(c, &n, ret, &found);
	if (st != IC_OK || found)
		return st;
	if (k->prepare) {
		st = k->prepare(c->e->plan, copy, &c->e->node[*ret].state, c->diag);
		if (st != IC_OK)
			return st;
	}
	if (constant && !k->impure && !(f->flags & IC_FN_SERIAL))
		return fold_node(c, &c->e->node[*ret]);
	return IC_OK;
}

static ic_status compile(compiler *c, const ic_expr *x, uint32_t *ret)
{
	ic_status st;
	bool found;

	if (c->depth >= MAX_DEPTH)
		return ic_diag_fail(c->diag, IC_DIAG_LIMIT, x->at, 1,
				    "the expression is nested more than %d deep", (int)MAX_DEPTH);
	c->depth++;
	if (x->kind == IC_X_COLUMN) {
		node n = { .kind = IC_X_COLUMN, .type = x->type, .expr = x, .first = c->e->nodes };
		st = add_node(c, &n, ret, &found);
	} else if (x->kind == IC_X_CONST)
		st = compile_constant(c, x, ret);
	else if (was_seen(c, x, ret))
		st = IC_OK;
	else {
		st = compile_call(c, x, ret);
		if (st == IC_OK)
			st = remember(c, x, *ret);
	}
	c->depth--;
	return st;
}

/* ---- running -------------------------------------------------------------------------- */

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

/* ---- constants ------------------------------------------------------------------------ */

/* Computes a call of constants now and makes it one. */
static ic_status fold_node(compiler *c, node *n)
{
	ic_eval *e = c->e;
	uint32_t id = (uint32_t)(n - e->node);
	scratch *s = ic_calloc(1, sizeof *s + ((size_t)id + 1) * sizeof *s->call);
	frame f = { .e = e, .rows = 1, .first = id, .last = id, .arena = &e->plan->arena, .scratch = s };
	ic_vector v;
	bool ok;

	if (!s)
		return IC_E_NOMEM;
	ok = frame_memo(&f) && eval(&f, id, &v);
	if (n->kernel->release && s->call[id].scratch)
		n->kernel->release(s->call[id].scratch);
	ic_free(s);
	if (!ok && f.failed == IC_E_LIMIT)
		return ic_diag_fail(c->diag, IC_DIAG_LIMIT, n->expr->at, 1, "%s",
				    f.cause ? f.cause : "a limit");
	if (!ok)
		return f.failed;
	if (n->kernel->dispose && n->state)
		n->kernel->dispose(n->state);
	n->state = NULL;
	ic_value value = ic_vector_value(&v, 0);
	ic_expr *x = ic_expr_const(e->plan, n->expr->at, value);
	if (!x)
		return IC_E_NOMEM;
	x->type = x->value.type = n->type;
	v.constant = true;
	n->kind = IC_X_CONST;
	n->expr = x;
	n->constant = v;
	n->cost = 0;
	return IC_OK;
}

/* ---- the interface -------------------------------------------------------------------- */

ic_status ic_eval_new(ic_plan *p, ic_expr *const *expr, uint32_t n, ic_eval **ret, ic_diag *diag)
{
	ic_eval *e = ic_calloc(1, sizeof *e);
	compiler c = { .e = e, .diag = diag };
	ic_status st = IC_OK;

	if (!e)
		return IC_E_NOMEM;
	if (pthread_mutex_init(&e->lock, NULL) != 0) {
		ic_free(e);
		return IC_E_NOMEM;
	}
	e->plan = p;
	e->kql = p->language != IC_FN_AQL;
	e->n = n;
	e->root = ic_calloc((size_t)n + 1, sizeof *e->root);
	if (!e->root)
		st = IC_E_NOMEM;
	for (uint32_t i = 0; i < n && st == IC_OK; i++)
		st = compile(&c, expr[i], &e->root[i]);
	ic_free(c.seen);
	if (st != IC_OK) {
		ic_eval_free(e);
		return st;
	}
	*ret = e;
	return IC_OK;
}

static void scratch_free(const ic_eval *e, scratch *s)
{
	for (uint32_t i = 0; i < e->nodes; i++)
		if (s->call[i].scratch && e->node[i].kernel->release)
			e->node[i].kernel->release(s->call[i].scratch);
	ic_free(s);
}

void ic_eval_free(ic_eval *e)
{
	if (!e)
		return;
	while (e->idle) {
		scratch *s = e->idle;
		e->idle = s->next;
		scratch_free(e, s);
	}
	for (uint32_t i = 0; i < e->nodes; i++)
		if (e->node[i].kernel && e->node[i].kernel->dispose && e->node[i].state)
			e->node[i].kernel->dispose(e->node[i].state);
	pthread_mutex_destroy(&e->lock);
	ic_free(e->node);
	ic_free(e->slot);
	ic_free(e->root);
	ic_free(e);
}

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

ic_status ic_eval_fold(ic_plan *p, const ic_expr *call, ic_value *ret, ic_diag *diag)
{
	ic_expr *x = (ic_expr *)(uintptr_t)call;
	const ic_kernel *k = call->kind == IC_X_CALL ? ic_kernel_of(call->call.fn) : NULL;
	ic_eval *e;
	ic_status st;

	*ret = (ic_value){ .type = IC_QTYPES };
	if (call->kind == IC_X_CALL && (!k || k->impure || ic_functions[call->call.fn].flags & IC_FN_SERIAL))
		return IC_OK; /* where it is run, it says that it is not supported */
	st = ic_eval_new(p, &x, 1, &e, diag);
	if (st != IC_OK)
		return st;
	const node *n = &e->node[e->root[0]];
	if (n->kind == IC_X_CONST) {
		*ret = ic_vector_value(&n->constant, 0);
		ret->type = call->type;
	}
	ic_eval_free(e);
	return IC_OK;
}
