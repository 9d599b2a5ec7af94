/* SPDX-License-Identifier: Apache-2.0 */
/* The driver: makes the operators of a plan and runs its sources, one after the other.
 *
 * Several workers read units of a scan at once and push their rows through the operators that allow it.
 * The first one that does not is behind a gate (gate.c), which lets rows pass in the order of the units;
 * a few operators (summarize) put them in order themselves: both have an ic_ordering. Behind that point
 * rows come "alone": from one thread at a time, in order; as do those that an operator passes in its
 * finish. For an ordering operator such rows form a unit of their own. */
#include <string.h>

#include "base/error.h"
#include "base/thread.h"
#include "exec/driver.h"

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

/* Puts a gate behind n. NULL: out of memory. */
static node *add_gate(ic_exec *x, node *n)
{
	node *gate = node_new(x, NULL);
	if (!gate || ic_gate_make(&gate->o, &n->o.op->out) != IC_OK)
		return NULL;
	n->o.next = &gate->o;
	return gate;
}

static ic_status link_to(ic_exec *x, node *from, node *to, unsigned port)
{
	node *last = from;
	/* the side of a join that is kept: in order, and only rows that have taken effect */
	bool kept = to->o.op->kind == IC_OP_JOIN && port == 1;
	bool shares = is_parallel(to) && !kept;
	if (gives_shared(from) && !shares && !to->o.class->ordering && !(last = add_gate(x, from)))
		return IC_E_NOMEM;
	last->o.next = &to->o;
	last->o.next_port = port;
	return IC_OK;
}

/* The i-th input in the order in which they run, and its port. NULL: there is none. */
static ic_op *input_of(const ic_op *op, uint32_t i, unsigned *port)
{
	*port = i;
	if (op->kind == IC_OP_UNION)
		return i < op->united.inputs ? op->united.in[i] : NULL;
	if (op->kind == IC_OP_JOIN) {
		*port = i == 0;
		return i == 0 ? op->join.right : i == 1 ? op->in : NULL;
	}
	return i == 0 ? op->in : NULL;
}

static ic_status build(ic_exec *x, const ic_op *op, uint32_t depth, node **ret, ic_diag *diag)
{
	if (depth > DEPTH_MOST)
		return ic_diag_fail(diag, IC_DIAG_LIMIT, op->at, 1, "more than %d steps in a row",
				    DEPTH_MOST);
	uint32_t inputs = 0;
	unsigned port;
	while (input_of(op, inputs, &port))
		inputs++;
	if (op->kind == IC_OP_SCAN && x->nested)
		return ic_diag_fail(diag, IC_DIAG_UNSUPPORTED, op->at, 1,
				    "a table cannot be read for each row");
	node *n = node_new(x, op);
	if (!n)
		return IC_E_NOMEM;
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
	for (uint32_t i = 0; i < inputs && st == IC_OK; i++) {
		(void)input_of(op, i, &port);
		st = link_to(x, n->in[i], n, port);
	}
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
	if (st == IC_OK && gives_shared(x->root) && !add_gate(x, x->root))
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

/* ---- rows that come alone ------------------------------------------------------------------ */

static bool stopped(const ic_exec *x)
{
	return x->cfg.stop && atomic_load_explicit(x->cfg.stop, memory_order_relaxed);
}

static void begin_alone(ic_operator *from)
{
	for (ic_operator *o = from; o; o = o->next) {
		if (o->class && o->class->ordering)
			o->unit = o->units++;
	}
}

static ic_status end_alone(ic_operator *from, ic_worker *w)
{
	ic_status st = IC_OK;
	for (ic_operator *o = from; o && st == IC_OK; o = o->next) {
		const ic_ordering *ordering = o->class ? o->class->ordering : NULL;
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

/* Calls finish of n, which may pass rows. IC_E_CLOSED is no failure here. */
static ic_status finish(ic_exec *x, node *n, unsigned port)
{
	bool input = n->o.op->kind == IC_OP_INPUT;
	if (n->o.closed || (!input && !n->o.class->finish))
		return IC_OK;
	begin_alone(n->o.next);
	ic_status st = input ? pass_input(&n->o, &x->main) : n->o.class->finish(&n->o, &x->main, port);
	ic_arena_reset(&x->main.arena);
	bool closed = st == IC_E_CLOSED;
	if (st == IC_OK || closed)
		st = end_alone(n->o.next, &x->main);
	if (st == IC_E_CLOSED || closed)
		n->o.closed = true;
	return st == IC_E_CLOSED ? IC_OK : st;
}

/* ---- scans --------------------------------------------------------------------------------- */

typedef struct scan_run {
	ic_exec *x;
	node *n;
	const ic_scan_source *source;
	void *scan;
	ic_operator *order; /* the first ordering operator */
	uint64_t base;	    /* its number of the first unit */
	_Atomic uint64_t units;
	_Atomic bool over;    /* nobody needs more */
	pthread_mutex_t lock; /* of failed, err */
	ic_status failed;
	ic_error err;
} scan_run;

static ic_status read_unit(scan_run *r, ic_worker *w, void *unit)
{
	for (;;) {
		const ic_chunk *c = NULL;
		ic_status st = r->source->read(r->scan, w->number, unit, &c, w->err);
		if (st != IC_OK || !c)
			return st;
		if (stopped(r->x) || r->over)
			return IC_E_CLOSED;
		st = ic_operator_pass(&r->n->o, w, c);
		ic_arena_reset(&w->arena);
		if (st != IC_OK)
			return st;
	}
}

/* Reads a unit and lets its rows take effect in its turn; again, if they turned out to be void. */
static ic_status take_unit(scan_run *r, ic_worker *w, void *unit)
{
	const ic_ordering *ordering = r->order->class->ordering;
	for (;;) {
		w->certain = !r->source->certain || r->source->certain(r->scan, unit);
		ic_status st = read_unit(r, w, unit);
		if (st == IC_OK)
			st = ordering->flush(r->order, w, w->seq);
		if (st == IC_E_NOMEM || st == IC_E_CLOSED)
			return st;
		/* An error counts in its turn, so that which one is told does not depend on the threads. */
		ic_status turn = ordering->turn(r->order, w, w->seq);
		if (turn != IC_OK)
			return turn;
		if (!r->source->commit || r->source->commit(r->scan, unit))
			return st == IC_OK ? ordering->end(r->order, w, w->seq) : st;
		ordering->discard(r->order, w, w->seq);
		w->err->code = IC_OK;
	}
}

static void scan_failed(scan_run *r, ic_worker *w, ic_status st)
{
	pthread_mutex_lock(&r->lock);
	if (r->failed == IC_OK) {
		r->failed = st;
		r->err = *w->err;
	}
	pthread_mutex_unlock(&r->lock);
	r->over = true;
	r->order->class->ordering->abort(r->order, st);
}

static ic_status scan_work(void *ctx, unsigned number)
{
	scan_run *r = ctx;
	ic_error err = { .code = IC_OK };
	ic_worker w = { .number = number, .err = &err };
	ic_arena_init(&w.arena, 0, r->x->cfg.budget);
	ic_status st = IC_OK;
	while (st == IC_OK && !r->over) {
		void *unit = NULL;
		uint64_t seq = 0;
		st = r->source->next(r->scan, number, &unit, &seq, &err);
		if (st != IC_OK || !unit)
			break;
		w.seq = r->base + seq;
		for (uint64_t seen = r->units;
		     seen <= seq && !atomic_compare_exchange_weak(&r->units, &seen, seq + 1);)
			;
		st = take_unit(r, &w, unit);
	}
	ic_arena_clear(&w.arena);
	if (st != IC_OK)
		scan_failed(r, &w, st);
	return IC_OK;
}

static ic_operator *first_ordering(ic_operator *o)
{
	while (!o->class || !o->class->ordering)
		o = o->next; /* there is one: see gives_shared */
	return o;
}

static ic_status run_scan(ic_exec *x, node *n)
{
	scan_run r = { .x = x, .n = n, .source = &x->cfg.source };
	r.order = first_ordering(n->o.next);
	r.base = r.order->units;
	ic_status st = r.source->open(r.source->ctx, n->o.op, x->workers, &r.scan, x->main.err);
	if (st != IC_OK)
		return st;
	pthread_mutex_init(&r.lock, NULL);
	begin_alone(r.order->next);
	(void)ic_parallel_for(x->workers, x->workers, scan_work, &r);
	r.source->close(r.scan);
	r.order->units = r.base + r.units;
	st = r.failed;
	pthread_mutex_destroy(&r.lock);
	if (st == IC_E_CLOSED)
		n->o.closed = true;
	if (st == IC_OK || st == IC_E_CLOSED)
		return end_alone(r.order->next, &x->main);
	if (r.err.code != IC_OK)
		*x->main.err = r.err;
	return st;
}

/* ---- running ------------------------------------------------------------------------------- */

/* Runs everything below n, and n. */
static ic_status run(ic_exec *x, node *n)
{
	if (n->o.op->kind == IC_OP_SCAN)
		return run_scan(x, n);
	if (n->inputs == 0)
		return finish(x, n, 0);
	ic_status st = IC_OK;
	for (uint32_t i = 0; i < n->inputs && st == IC_OK; i++) {
		unsigned port;
		(void)input_of(n->o.op, i, &port);
		if (!n->o.closed && !stopped(x))
			st = run(x, n->in[i]);
		if (st == IC_OK || st == IC_E_CLOSED)
			st = finish(x, n, port);
	}
	return st;
}

static ic_status run_all(ic_exec *x, ic_error *err)
{
	x->main.err = err;
	err->code = IC_OK;
	ic_status st = run(x, x->root);
	if (st == IC_E_CLOSED)
		st = IC_OK;
	if (st == IC_OK && stopped(x))
		return IC_E_CLOSED;
	if (st == IC_E_NOMEM && err->code == IC_OK)
		return ic_fail_nomem(err);
	if (st != IC_OK && err->code == IC_OK)
		return ic_fail(err, st, "the query failed");
	return st;
}

static void report_counts(const ic_exec *x, ic_op_counts *counts)
{
	for (const node *n = x->newest; n; n = n->older) {
		if (n->o.op && n->o.op->id < x->plan->ops)
			counts[n->o.op->id] = (ic_op_counts){ n->o.rows_in, n->o.rows_out };
	}
}

static ic_status run_plan(ic_plan *plan, const ic_op *root, const ic_exec_config *cfg, const ic_sink *sink,
			  ic_op_counts *counts, ic_error *err)
{
	ic_error local;
	err = err ? err : &local;
	ic_exec x = { .plan = plan, .cfg = *cfg, .sink = sink };
	ic_diag diag = { .set = false };
	ic_status st = exec_init(&x, root, &diag);
	st = st == IC_OK ? run_all(&x, err) : fail_with(&diag, st, err);
	if (counts)
		report_counts(&x, counts);
	exec_clear(&x);
	return st;
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
		n->o.closed = false;
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
	st = run(&s->x, s->x.root);
	return st == IC_E_CLOSED ? IC_OK : st;
}
