/* SPDX-License-Identifier: Apache-2.0 */
/* The scans of plans as takers of a reading: those of one input that are due at the same time, of one run or
 * of several, share it. */
#include "base/error.h"
#include "exec/driver.h"

enum { SCANS_MOST = 256 }; /* of one reading; the others wait for the next one */

typedef struct scan_taker {
	ic_taker t;
	ic_exec *x;
	node *n;
	const ic_scan_source *source;
	void *reading;
	uint32_t number;    /* in the reading */
	ic_operator *order; /* the first ordering operator behind the scan */
	uint64_t base;	    /* its number of the first unit */
	uint64_t units;	    /* ended so far */
	ic_worker *w;	    /* one a worker of the run */
} scan_taker;

struct ic_scan_group {
	const ic_op *op[SCANS_MOST];
	scan_taker *taker[SCANS_MOST];
	ic_taker *as_taker[SCANS_MOST];
	uint32_t n;
	const void *input;
	ic_exec *x; /* whose scans are being looked at */
	bool nomem;
};

/* ---- as a taker ------------------------------------------------------------------------------- */

static ic_worker *worker_of(scan_taker *s, unsigned worker, uint64_t seq, ic_error *err)
{
	ic_worker *w = &s->w[worker];
	w->seq = s->base + seq;
	w->err = err;
	return w;
}

static ic_status take(ic_taker *t, unsigned worker, uint64_t seq, bool certain, ic_error *err)
{
	scan_taker *s = (scan_taker *)t;
	const ic_chunk *c = NULL;
	if (ic_exec_stopped(s->x) || atomic_load_explicit(&s->x->failing, memory_order_relaxed))
		return IC_E_CLOSED;
	ic_worker *w = worker_of(s, worker, seq, err);
	w->certain = certain;
	ic_status st = s->source->chunk(s->reading, worker, s->number, &c, err);
	if (st == IC_OK)
		st = ic_operator_pass(&s->n->o, w, c);
	ic_arena_reset(&w->arena);
	return st;
}

static ic_status flush(ic_taker *t, unsigned worker, uint64_t seq, ic_error *err)
{
	scan_taker *s = (scan_taker *)t;
	ic_worker *w = worker_of(s, worker, seq, err);
	return s->order->class->ordering->flush(s->order, w, w->seq);
}

static ic_status turn(ic_taker *t, unsigned worker, uint64_t seq)
{
	scan_taker *s = (scan_taker *)t;
	return s->order->class->ordering->turn(s->order, &s->w[worker], s->base + seq);
}

static void discard(ic_taker *t, unsigned worker, uint64_t seq)
{
	scan_taker *s = (scan_taker *)t;
	s->order->class->ordering->discard(s->order, &s->w[worker], s->base + seq);
}

static ic_status end(ic_taker *t, unsigned worker, uint64_t seq, ic_error *err)
{
	scan_taker *s = (scan_taker *)t;
	ic_worker *w = worker_of(s, worker, seq, err);
	s->units = seq + 1;
	return s->order->class->ordering->end(s->order, w, w->seq);
}

static void abort_order(ic_taker *t, ic_status code)
{
	scan_taker *s = (scan_taker *)t;
	if (code != IC_E_CLOSED)
		s->x->failing = true;
	s->order->class->ordering->abort(s->order, code);
}

static const ic_taker_class class = {
	.take = take,
	.flush = flush,
	.turn = turn,
	.discard = discard,
	.end = end,
	.abort = abort_order,
};

/* ---- the group ---------------------------------------------------------------------------------- */

static void taker_free(scan_taker *s)
{
	for (unsigned i = 0; s && s->w && i < s->x->workers; i++)
		ic_arena_clear(&s->w[i].arena);
	if (s)
		ic_free(s->w);
	ic_free(s);
}

static scan_taker *taker_new(ic_exec *x, node *n)
{
	scan_taker *s = ic_calloc(1, sizeof *s);
	if (!s)
		return NULL;
	s->t.class = &class;
	s->x = x;
	s->n = n;
	s->source = &x->cfg.source;
	s->order = n->o.next;
	while (!s->order->class || !s->order->class->ordering)
		s->order = s->order->next; /* there is one: the driver puts a gate where no other is */
	s->w = ic_calloc(x->workers, sizeof *s->w);
	for (unsigned i = 0; s->w && i < x->workers; i++) {
		s->w[i].number = i;
		ic_arena_init(&s->w[i].arena, 0, x->cfg.budget);
	}
	if (s->w)
		return s;
	taker_free(s);
	return NULL;
}

static void add_due(void *ctx, node *n)
{
	ic_scan_group *g = ctx;
	const ic_scan_source *source = &g->x->cfg.source;
	const void *input = source->input ? source->input(source->ctx, n->o.op) : n;
	if (g->n == SCANS_MOST || (g->input && g->input != input))
		return;
	g->input = input;
	scan_taker *s = taker_new(g->x, n);
	if (!s) {
		g->nomem = true;
		return;
	}
	g->op[g->n] = n->o.op;
	g->taker[g->n] = s;
	g->as_taker[g->n] = &s->t;
	s->number = g->n++;
}

ic_scan_group *ic_scan_group_new(ic_exec *const *x, uint32_t n, const void *input, ic_error *err)
{
	ic_scan_group *g = ic_calloc(1, sizeof *g);
	if (g)
		g->input = input;
	for (uint32_t i = 0; g && i < n && !g->nomem; i++) {
		if (!x[i] || x[i]->over)
			continue;
		g->x = x[i];
		ic_exec_due(x[i], add_due, g);
	}
	if (g && !g->nomem)
		return g;
	(void)ic_fail_nomem(err);
	ic_scan_group_free(g);
	return NULL;
}

void ic_scan_group_free(ic_scan_group *g)
{
	for (uint32_t i = 0; g && i < g->n; i++)
		taker_free(g->taker[i]);
	ic_free(g);
}

const ic_op *const *ic_scan_group_ops(const ic_scan_group *g, uint32_t *n)
{
	*n = g->n;
	return g->op;
}

ic_taker *const *ic_scan_group_begin(ic_scan_group *g, void *reading)
{
	for (uint32_t i = 0; i < g->n; i++) {
		scan_taker *s = g->taker[i];
		s->reading = reading;
		s->base = s->order->units;
		/* what holds its rows passes none on yet: behind it is another scan's turn, maybe */
		if (!s->order->class->holds)
			ic_alone_begin(s->order);
	}
	return g->as_taker;
}

void ic_scan_group_end(ic_scan_group *g)
{
	for (uint32_t i = 0; i < g->n; i++) {
		scan_taker *s = g->taker[i];
		ic_error err = { .code = IC_OK };
		ic_status st = s->t.status;
		s->order->units = s->base + s->units;
		s->n->read = true;
		if (st == IC_E_CLOSED)
			s->n->o.closed = true;
		s->x->main.err = &err;
		if (st != IC_OK && st != IC_E_CLOSED)
			err = s->t.err;
		else if (!s->order->class->holds)
			st = ic_alone_end(s->order, &s->x->main);
		s->x->main.err = NULL;
		if (st != IC_OK && st != IC_E_CLOSED)
			ic_exec_fail(s->x, st, &err);
	}
}

ic_status ic_exec_readings(ic_exec *const *x, uint32_t n, const void *input, uint32_t *ret, ic_error *err)
{
	ic_scan_group *g = NULL;
	bool more = true;
	*ret = 0;
	for (uint32_t i = 0; i < n; i++)
		if (x[i])
			ic_exec_rehearse(x[i]);
	while (more && (g = ic_scan_group_new(x, n, NULL, err))) {
		more = g->n > 0;
		*ret += more && g->input == input;
		for (uint32_t i = 0; i < g->n; i++)
			g->taker[i]->n->read = true;
		ic_scan_group_free(g);
	}
	for (uint32_t i = 0; i < n; i++)
		if (x[i])
			ic_exec_rehearsed(x[i]);
	return more ? IC_E_NOMEM : IC_OK;
}

/* ---- readings of their own --------------------------------------------------------------------------- */

static ic_status read_group(ic_scan_group *g, unsigned workers, ic_error *err)
{
	const ic_scan_source *source = &g->taker[0]->x->cfg.source;
	void *reading = NULL;
	ic_status st = source->open(source->ctx, g->op, g->n, workers, &reading, err);
	if (st != IC_OK)
		return st;
	const ic_units units = { .ctx = reading,
				 .next = source->next,
				 .read = source->read,
				 .certain = source->certain,
				 .commit = source->commit };
	ic_taker *const *taker = ic_scan_group_begin(g, reading);
	(void)ic_read_units(&units, taker, g->n, workers, err); /* its takers tell how it went */
	bool early = true;
	for (uint32_t i = 0; i < g->n; i++)
		early &= taker[i]->over;
	source->close(reading, early);
	ic_scan_group_end(g);
	return IC_OK;
}

static void fail_group(ic_scan_group *g, ic_status st, const ic_error *err)
{
	for (uint32_t i = 0; i < g->n; i++)
		ic_exec_fail(g->taker[i]->x, st, err);
}

ic_status ic_exec_together(ic_exec *const *x, uint32_t n, ic_error *err)
{
	for (;;) {
		ic_scan_group *g = ic_scan_group_new(x, n, NULL, err);
		if (!g)
			return IC_E_NOMEM;
		if (g->n == 0) {
			ic_scan_group_free(g);
			return IC_OK;
		}
		ic_error failed = { .code = IC_OK };
		ic_status st = read_group(g, g->taker[0]->x->workers, &failed);
		if (st != IC_OK)
			fail_group(g, st, &failed);
		ic_scan_group_free(g);
	}
}
