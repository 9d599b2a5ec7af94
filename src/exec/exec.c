/* SPDX-License-Identifier: Apache-2.0 */
/* The driver: makes the operators of a plan and runs its sources, one after the other.
 *
 * Several workers read units of a scan at once and push their rows through the operators that allow it.
 * The first one that does not is behind a gate (gate.c), which lets rows pass in the order of the units;
 * a few operators (summarize) put them in order themselves: both have an ic_ordering. Behind that point
 * rows come "alone": from one thread at a time, in order; as do those that an operator passes in its
 * finish. For an ordering operator such rows form a unit of their own. */

#include <stdarg.h>
#include <stdio.h>

#include "base/error.h"
#include "base/thread.h"
#include "exec/driver.h"
#include "exec/op/screen.h"

enum { DEPTH_MOST = 1000 }; /* operators that push each other */

/* ---- making ---------------------------------------------------------------------------- */

static node *node_new(ic_exec *x, const ic_op *op)
{
	node *n = ic_calloc(1, sizeof *n);
	if (!n)
		return NULL;
	n->o.op = op;
	n->o.exec = x;
	n->older = x->newest;
	x->newest = n;
	return n;
}

static void nodes_free(ic_exec *x)
{
	while (x->newest) {
		node *n = x->newest;
		x->newest = n->older;
		if (n->o.class && n->o.class->free)
			n->o.class->free(&n->o);
		ic_free(n->in);
		ic_free(n);
	}
}

static ic_status make(node *n, ic_diag *diag)
{
	const ic_op *op = n->o.op;
	if (op->kind == IC_OP_SCAN || op->kind == IC_OP_INPUT)
		return IC_OK;
	ic_operator_make maker = ic_operator_makers[op->kind];
	if (!maker)
		return ic_diag_fail(diag, IC_DIAG_UNSUPPORTED, op->at, 1, "%s cannot be run",
				    op->says ? op->says : "this");
	return maker(&n->o, diag);
}

static bool is_parallel(const node *n)
{
	return n->o.class && n->o.class->parallel;
}

/* Whether several workers may pass rows of this operator at once. */
static bool gives_shared(const node *n)
{
	return n->o.op && (n->o.op->kind == IC_OP_SCAN || (n->o.shared && is_parallel(n)));
}

/* Whether n keeps the rows of this port until it finishes. */
static bool holds(const ic_operator *o, unsigned port)
{
	bool kept_side = o->op && o->op->kind == IC_OP_JOIN && port == 1;
	return kept_side || (o->class && o->class->holds);
}

/* Puts a gate behind n, whose rows have these columns. NULL: out of memory. */
static node *add_gate(ic_exec *x, node *n, const ic_schema *rows)
{
	node *gate = node_new(x, NULL);
	if (!gate || ic_gate_make(&gate->o, rows) != IC_OK)
		return NULL;
	n->o.next = &gate->o;
	return gate;
}

/* Puts the screen behind n, in front of its summarize. */
static ic_status add_screen(ic_exec *x, node *n, node **ret, ic_diag *diag)
{
	node *screen = node_new(x, x->counts ? &x->cfg.screen->counted : x->cfg.screen->of);
	if (!screen)
		return IC_E_NOMEM;
	n->o.next = &screen->o;
	screen->o.shared = gives_shared(n);
	*ret = screen;
	return ic_make_screen(&screen->o, x->cfg.screen, x->counts, diag);
}

static ic_status link_to(ic_exec *x, node *from, node *to, unsigned port, ic_diag *diag)
{
	node *last = from;
	ic_status st = IC_OK;
	if (x->cfg.screen && to->o.op == x->cfg.screen->of)
		st = add_screen(x, from, &last, diag);
	if (st != IC_OK)
		return st;
	/* what a join keeps comes in order, and only rows that have taken effect */
	bool shares = is_parallel(to) && !holds(&to->o, port);
	if (gives_shared(last) && !shares && !to->o.class->ordering &&
	    !(last = add_gate(x, last, &from->o.op->out)))
		return IC_E_NOMEM;
	last->o.next = &to->o;
	last->o.next_port = port;
	return IC_OK;
}

/* The i-th input in the order in which they run, and its port. NULL: there is none. */
static ic_op *input_of(const ic_op *op, uint32_t i, unsigned *port)
{
	*port = i;
	if (op->kind == IC_OP_KEPT)
		return i == 0 ? op->kept.of : NULL;
	if (op->kind == IC_OP_UNION)
		return i < op->united.inputs ? op->united.in[i] : NULL;
	if (op->kind == IC_OP_JOIN) {
		*port = i == 0;
		return i == 0 ? op->join.right : i == 1 ? op->in : NULL;
	}
	return i == 0 ? op->in : NULL;
}

static node *node_of(const ic_exec *x, const ic_op *op)
{
	node *n = x->newest;
	while (n && n->o.op != op)
		n = n->older;
	return n;
}

static ic_status build(ic_exec *x, const ic_op *op, uint32_t depth, node **ret, ic_diag *diag)
{
	if (depth > DEPTH_MOST)
		return ic_diag_fail(diag, IC_DIAG_LIMIT, op->at, 1, "more than %d steps in a row",
				    DEPTH_MOST);
	uint32_t inputs = 0;
	unsigned port;
	if (op->kind == IC_OP_KEEP && (*ret = node_of(x, op)))
		return IC_OK; /* somebody else reads it too */
	while (input_of(op, inputs, &port))
		inputs++;
	if (op->kind == IC_OP_SCAN && x->nested)
		return ic_diag_fail(diag, IC_DIAG_UNSUPPORTED, op->at, 1,
				    "a table cannot be read for each row");
	node *n = node_new(x, op);
	if (!n)
		return IC_E_NOMEM;
	x->keeps += op->kind == IC_OP_KEEP;
	n->kept = x->keeps > 0;
	n->in = ic_calloc(inputs ? inputs : 1, sizeof *n->in);
	if (!n->in)
		return IC_E_NOMEM;
	for (n->inputs = 0; n->inputs < inputs; n->inputs++) {
		node **in = &n->in[n->inputs];
		ic_status st = build(x, input_of(op, n->inputs, &port), depth + 1, in, diag);
		if (st != IC_OK)
			return st;
		n->o.shared |= gives_shared(*in);
	}
	ic_status st = make(n, diag);
	for (uint32_t i = 0; i < inputs && st == IC_OK && op->kind != IC_OP_KEPT; i++) {
		(void)input_of(op, i, &port);
		st = link_to(x, n->in[i], n, port, diag);
	}
	x->keeps -= op->kind == IC_OP_KEEP;
	*ret = n;
	return st;
}

static ic_status fail_with(const ic_diag *diag, ic_status st, ic_error *err)
{
	if (st == IC_E_NOMEM || !diag->set)
		return st == IC_E_NOMEM ? ic_fail_nomem(err) : ic_fail(err, st, "the query cannot be run");
	return ic_fail_at(err, st, NULL, diag->at.line, diag->at.column, "%s", diag->message);
}

static ic_status exec_init(ic_exec *x, const ic_op *root, ic_diag *diag)
{
	x->workers = x->cfg.threads ? x->cfg.threads : 1;
	ic_arena_init(&x->main.arena, 0, x->cfg.budget);
	x->main.alone = x->main.certain = true;
	ic_status st = build(x, root, 0, &x->root, diag);
	node *last = x->root;
	if (st == IC_OK && x->counts)
		st = add_screen(x, last, &last, diag);
	if (st == IC_OK && gives_shared(last) && !add_gate(x, last, &last->o.op->out))
		st = IC_E_NOMEM;
	for (node *n = x->newest; n && st == IC_OK; n = n->older) {
		if (n->o.class && n->o.class->ready)
			n->o.class->ready(&n->o);
	}
	return st;
}

static void exec_clear(ic_exec *x)
{
	nodes_free(x);
	ic_arena_clear(&x->main.arena);
}

/* ---- what operators call ----------------------------------------------------------------- */

ic_status ic_operator_pass(ic_operator *o, ic_worker *w, const ic_chunk *c)
{
	if (c->rows == 0)
		return IC_OK;
	if (atomic_load_explicit(&o->closed, memory_order_relaxed))
		return IC_E_CLOSED;
	atomic_fetch_add_explicit(&o->rows_out, c->rows, memory_order_relaxed);
	ic_status st;
	if (o->next) {
		atomic_fetch_add_explicit(&o->next->rows_in, c->rows, memory_order_relaxed);
		st = o->next->class->push(o->next, w, o->next_port, c);
	} else {
		st = o->exec->sink->push(o->exec->sink->ctx, c);
	}
	if (st == IC_E_CLOSED)
		o->closed = true;
	return st;
}

ic_status ic_operator_pass_rows(ic_operator *o, ic_worker *w, const ic_rowset *rows)
{
	uint32_t columns = o->op->out.n;
	ic_vector *col = ic_calloc(columns ? columns : 1, sizeof *col);
	if (!col)
		return IC_E_NOMEM;
	/* The caller may keep things in its arena; what is made of a chunk may go with the chunk. */
	ic_worker own = *w;
	ic_arena_init(&own.arena, 0, o->exec->cfg.budget);
	ic_status st = IC_OK;
	uint64_t n = ic_rowset_count(rows);
	for (uint64_t at = 0; at < n && st == IC_OK;) {
		uint32_t want = n - at < IC_CHUNK_ROWS ? (uint32_t)(n - at) : IC_CHUNK_ROWS;
		ic_chunk c;
		ic_rowset_chunk(rows, at, want, col, &c);
		at += c.rows;
		st = ic_operator_pass(o, &own, &c);
		ic_arena_reset(&own.arena);
	}
	ic_arena_clear(&own.arena);
	ic_free(col);
	return st;
}

const ic_operator *ic_operator_kept(const ic_operator *o)
{
	return &node_of(o->exec, o->op->kept.of)->o;
}

const ic_exec_config *ic_operator_config(const ic_operator *o)
{
	return &o->exec->cfg;
}

ic_plan *ic_operator_plan(const ic_operator *o)
{
	return o->exec->plan;
}

unsigned ic_operator_workers(const ic_operator *o)
{
	return o->exec->workers;
}

const ic_agg_kernel *ic_operator_aggregate(const ic_operator *o, ic_agg_id fn)
{
	return fn == IC_AGG_BEACON ? o->exec->cfg.beacon : ic_agg_kernels[fn];
}

ic_status ic_operator_limit(ic_operator *o, ic_worker *w, const char *fmt, ...)
{
	char text[sizeof w->err->message];
	va_list ap;
	va_start(ap, fmt);
	vsnprintf(text, sizeof text, fmt, ap);
	va_end(ap);
	return ic_fail_at(w->err, IC_E_LIMIT, NULL, o->op->at.line, o->op->at.column, "%s", text);
}

ic_status ic_operator_agg_failed(ic_operator *o, ic_worker *w, const ic_agg_ctx *c)
{
	if (c->failed == IC_OK || c->failed == IC_E_NOMEM)
		return c->failed;
	return ic_fail_at(w->err, c->failed, NULL, c->agg->at.line ? c->agg->at.line : o->op->at.line,
			  c->agg->at.line ? c->agg->at.column : o->op->at.column, "%s",
			  c->cause ? c->cause : "an aggregate cannot be computed");
}

bool ic_exec_stopped(const ic_exec *x)
{
	return x->cfg.stop && atomic_load_explicit(x->cfg.stop, memory_order_relaxed);
}

/* ---- rows that come alone ------------------------------------------------------------------ */

/* The next operator that rows from `o` get to, NULL: they stay. What is behind an operator that holds its
 * rows may be fed by another scan at the same time. */
static ic_operator *onward(const ic_operator *o, unsigned port)
{
	return holds(o, port) ? NULL : o->next;
}

/* Rows that come alone out of `from`: a unit of their own for each ordering operator on their way. */
void ic_alone_begin(ic_operator *from)
{
	unsigned port = from->next_port;
	for (ic_operator *o = from->next, *next; o; o = next) {
		next = onward(o, port);
		port = o->next_port;
		if (o->class && o->class->ordering)
			o->unit = o->units++;
	}
}

ic_status ic_alone_end(ic_operator *from, ic_worker *w)
{
	ic_status st = IC_OK;
	unsigned port = from->next_port;
	for (ic_operator *o = from->next, *next; o && st == IC_OK; o = next) {
		const ic_ordering *ordering = o->class ? o->class->ordering : NULL;
		next = onward(o, port);
		port = o->next_port;
		if (!ordering)
			continue;
		st = ordering->flush(o, w, o->unit);
		if (st == IC_OK)
			st = ordering->turn(o, w, o->unit);
		if (st == IC_OK)
			st = ordering->end(o, w, o->unit);
	}
	return st;
}

static ic_status pass_input(ic_operator *o, ic_worker *w)
{
	ic_status st = IC_OK;
	for (uint32_t i = 0; i < o->exec->inputs && st == IC_OK; i++)
		st = ic_operator_pass(o, w, &o->exec->input[i]);
	return st;
}

/* A join that could not keep its right side takes the left one in order from now on. */
static ic_status order_left(ic_exec *x, node *n, unsigned port)
{
	bool join = n->o.op->kind == IC_OP_JOIN && port == 1;
	node *left = join ? n->in[1] : NULL;
	if (!join || is_parallel(n) || left->o.next != &n->o || !gives_shared(left))
		return IC_OK;
	node *gate = add_gate(x, left, &left->o.op->out);
	if (!gate)
		return IC_E_NOMEM;
	gate->o.next = &n->o;
	return IC_OK;
}

/* Calls finish of n, which may pass rows. IC_E_CLOSED is no failure here. */
static ic_status finish(ic_exec *x, node *n, unsigned port)
{
	bool input = n->o.op->kind == IC_OP_INPUT;
	if (n->o.closed || x->rehearsal || (!input && !n->o.class->finish))
		return IC_OK;
	ic_alone_begin(&n->o);
	ic_status st = input ? pass_input(&n->o, &x->main) : n->o.class->finish(&n->o, &x->main, port);
	ic_arena_reset(&x->main.arena);
	bool closed = st == IC_E_CLOSED;
	if (st == IC_OK || closed)
		st = ic_alone_end(&n->o, &x->main);
	if (st == IC_OK)
		st = order_left(x, n, port);
	if (st == IC_E_CLOSED || closed)
		n->o.closed = true;
	return st == IC_E_CLOSED ? IC_OK : st;
}

/* ---- running ------------------------------------------------------------------------------- */

/* Runs what is below n, and n, as far as it goes without another reading. */
static ic_status advance(ic_exec *x, node *n)
{
	ic_status st = IC_OK;
	if (n->done)
		return IC_OK;
	if (n->o.op->kind == IC_OP_SCAN) {
		n->done = n->read;
		return IC_OK;
	}
	if (n->inputs == 0)
		st = finish(x, n, 0);
	for (; n->at < n->inputs && st == IC_OK; n->at++) {
		unsigned port;
		node *in = n->in[n->at];
		(void)input_of(n->o.op, n->at, &port);
		if (!n->o.closed && !ic_exec_stopped(x)) {
			st = advance(x, in);
			if (st == IC_OK && !in->done)
				return IC_OK;
		}
		if (st == IC_OK || st == IC_E_CLOSED)
			st = finish(x, n, port);
	}
	n->done = true;
	return st;
}

/* Calls `due` for the scans below n that can be read now. open: rows that leave n may go on. Inputs run one
 * after the other, but rows that are held on their way wait for nobody. */
static void find_due(const ic_exec *x, node *n, bool open, void (*due)(void *ctx, node *scan), void *ctx)
{
	if (n->done || n->o.closed)
		return;
	if (n->o.op->kind == IC_OP_KEEP && n->round == x->round)
		return; /* seen by way of another reader */
	n->round = x->round;
	if (n->o.op->kind == IC_OP_SCAN && open && !n->read)
		due(ctx, n);
	bool first = true;
	for (uint32_t i = n->at; i < n->inputs; i++, first = false) {
		unsigned port;
		(void)input_of(n->o.op, i, &port);
		find_due(x, n->in[i], holds(&n->o, port) || (open && first), due, ctx);
	}
}

void ic_exec_fail(ic_exec *x, ic_status st, const ic_error *err)
{
	if (x->status != IC_OK)
		return;
	x->status = st;
	if (err->code != IC_OK)
		x->err = *err;
	else if (st == IC_E_NOMEM)
		(void)ic_fail_nomem(&x->err);
	else
		(void)ic_fail(&x->err, st, "the query failed");
}

void ic_exec_due(ic_exec *x, void (*due)(void *ctx, node *scan), void *ctx)
{
	ic_error err = { .code = IC_OK };
	x->main.err = &err;
	ic_status st = x->status == IC_OK ? advance(x, x->root) : x->status;
	x->main.err = NULL;
	if (st == IC_OK && ic_exec_stopped(x) && !x->root->done)
		st = IC_E_CLOSED;
	if (st != IC_OK && st != IC_E_CLOSED)
		ic_exec_fail(x, st, &err);
	x->over |= st != IC_OK || x->root->done;
	x->round++;
	if (!x->over)
		find_due(x, x->root, true, due, ctx);
}

void ic_exec_rehearse(ic_exec *x)
{
	x->rehearsal = true;
}

void ic_exec_rehearsed(ic_exec *x)
{
	x->rehearsal = x->over = false;
	for (node *n = x->newest; n; n = n->older) {
		n->read = n->done = false;
		n->at = 0;
	}
}

static void report_counts(const ic_exec *x, ic_op_counts *counts)
{
	for (const node *n = x->newest; n; n = n->older) {
		if (n->o.op && n->o.op->id < x->plan->ops)
			counts[n->o.op->id] = (ic_op_counts){ n->o.rows_in, n->o.rows_out, n->o.spilled };
	}
}

static ic_status begin(ic_plan *plan, const ic_op *root, const ic_exec_config *cfg, bool counts,
		       const ic_sink *sink, ic_exec **ret, ic_error *err)
{
	ic_exec *x = ic_calloc(1, sizeof *x);
	ic_diag diag = { .set = false };
	if (!x)
		return ic_fail_nomem(err);
	x->plan = plan;
	x->cfg = *cfg;
	x->sink = sink;
	x->counts = counts;
	ic_status st = exec_init(x, root, &diag);
	if (st == IC_OK) {
		*ret = x;
		return IC_OK;
	}
	ic_exec_end(x, NULL, NULL);
	return fail_with(&diag, st, err);
}

ic_status ic_exec_begin(ic_plan *plan, const ic_op *root, const ic_exec_config *cfg, const ic_sink *sink,
			ic_exec **ret, ic_error *err)
{
	return begin(plan, root, cfg, false, sink, ret, err);
}

static ic_status no_rows(void *ctx, const ic_chunk *c)
{
	(void)ctx;
	(void)c;
	return IC_OK;
}

ic_status ic_screen_begin(ic_screen *s, ic_plan *plan, const ic_exec_config *cfg, ic_exec **ret,
			  ic_error *err)
{
	static const ic_sink nobody = { .push = no_rows };
	ic_exec_config own = *cfg;
	own.screen = s;
	if (ic_screen_prepare(s) != IC_OK)
		return ic_fail_nomem(err);
	return begin(plan, s->of->in, &own, true, &nobody, ret, err);
}

ic_status ic_exec_end(ic_exec *x, ic_op_counts *counts, ic_error *err)
{
	if (!x)
		return IC_OK;
	ic_status st = x->status;
	if (st == IC_OK && ic_exec_stopped(x))
		st = IC_E_CLOSED;
	if (x->status != IC_OK && err)
		*err = x->err;
	if (counts)
		report_counts(x, counts);
	exec_clear(x);
	ic_free(x);
	return st;
}

static ic_status run_plan(ic_plan *plan, const ic_op *root, const ic_exec_config *cfg, const ic_sink *sink,
			  ic_op_counts *counts, ic_error *err)
{
	ic_error local;
	ic_exec *x = NULL;
	err = err ? err : &local;
	err->code = IC_OK;
	ic_status st = ic_exec_begin(plan, root, cfg, sink, &x, err);
	if (st != IC_OK)
		return st;
	st = ic_exec_together(&x, 1, err);
	ic_status own = ic_exec_end(x, counts, err);
	return st == IC_OK ? own : st;
}

ic_status ic_exec_run(ic_plan *plan, const ic_exec_config *cfg, const ic_sink *sink, ic_op_counts *counts,
		      ic_error *err)
{
	return run_plan(plan, plan->root, cfg, sink, counts, err);
}

static ic_status collect(void *ctx, const ic_chunk *c)
{
	return ic_rowset_append(ctx, c);
}

ic_status ic_exec_collect(ic_plan *plan, ic_op *root, const ic_exec_config *cfg, ic_rowset **ret,
			  ic_error *err)
{
	ic_rowset *rows = ic_rowset_new(&root->out, cfg->budget);
	if (!rows)
		return ic_fail_nomem(err);
	const ic_sink sink = { rows, collect };
	ic_status st = run_plan(plan, root, cfg, &sink, NULL, err);
	if (st == IC_OK)
		*ret = rows;
	else
		ic_rowset_free(rows);
	return st;
}

/* ---- bodies of mv-apply ---------------------------------------------------------------------- */

struct ic_subplan {
	ic_exec x;
	bool used;
};

ic_status ic_subplan_new(ic_operator *o, ic_op *body, ic_subplan **ret, ic_diag *diag)
{
	ic_subplan *s = ic_calloc(1, sizeof *s);
	if (!s)
		return IC_E_NOMEM;
	s->x.plan = o->exec->plan;
	s->x.cfg = o->exec->cfg;
	s->x.cfg.threads = 1;
	s->x.nested = true;
	ic_status st = exec_init(&s->x, body, diag);
	if (st == IC_OK)
		*ret = s;
	else
		ic_subplan_free(s);
	return st;
}

void ic_subplan_free(ic_subplan *s)
{
	if (!s)
		return;
	exec_clear(&s->x);
	ic_free(s);
}

static ic_status again(ic_exec *x, ic_diag *diag)
{
	ic_status st = IC_OK;
	for (node *n = x->newest; n && st == IC_OK; n = n->older) {
		if (n->kept)
			continue;
		n->o.closed = n->done = false;
		n->at = 0;
		if (!n->o.class)
			continue;
		if (n->o.class->reset) {
			n->o.class->reset(&n->o);
			continue;
		}
		if (n->o.class->free)
			n->o.class->free(&n->o);
		n->o.class = NULL;

		n->o.state = NULL;
		st = make(n, diag);
		if (st == IC_OK && n->o.class && n->o.class->ready)
			n->o.class->ready(&n->o);
	}
	return st;
}

ic_status ic_subplan_run(ic_subplan *s, ic_worker *w, const ic_chunk *input, uint32_t n, const ic_sink *sink)
{
	ic_diag diag = { .set = false };
	ic_status st = s->used ? again(&s->x, &diag) : IC_OK;
	s->used = true;
	if (st != IC_OK)
		return fail_with(&diag, st, w->err);
	s->x.input = input;
	s->x.inputs = n;
	s->x.sink = sink;
	s->x.main.err = w->err;
	st = advance(&s->x, s->x.root);
	return st == IC_E_CLOSED ? IC_OK : st;
}
