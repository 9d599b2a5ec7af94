/* SPDX-License-Identifier: Apache-2.0 */
/* Expressions over chunks: a list of expressions becomes a list of nodes, each after its arguments and each
 * different one once. */
#include "base/hash.h"
#include "exec/eval/eval.h"

enum {
	MAX_DEPTH = 1000,   /* of an expression: the evaluator recurses */
	MAX_NODES = 200000, /* of a list of expressions */
	ROW_COST = 8,	    /* of a row form, in units of a simple vector form */
};

typedef ic_eval_node node;
typedef ic_eval_scratch scratch;
typedef ic_eval_frame frame;

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
	copy = ic_eval_rewrite(c->e->plan, x, k);
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
	ok = ic_eval_node_run(&f, id, &v);
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
