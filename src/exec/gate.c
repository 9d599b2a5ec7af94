/* SPDX-License-Identifier: Apache-2.0 */
/* The gate between operators that several workers push and one that wants its rows in order. Rows of
 * the head unit pass at once, if they are certain; those of others are kept until it is their turn. */
#include "exec/driver.h"
#include "exec/turns.h"

/* A worker that keeps more waits for its turn, if it can then let them go. */
enum { HELD_MOST = 64 * 1024 };

typedef struct gate {
	ic_turns turns;
	const ic_schema *schema;
	ic_rowset **held; /* of each worker; NULL: none */
	ic_vector *col;	  /* room for a chunk, of the head */
	ic_worker out;	  /* pushes what passes, for the owner of the head unit */
} gate;

static ic_status turn(ic_operator *o, ic_worker *w, uint64_t unit)
{
	gate *g = o->state;
	(void)w;
	return ic_turns_wait(&g->turns, unit);
}

static void discard(ic_operator *o, ic_worker *w, uint64_t unit)
{
	gate *g = o->state;
	(void)unit;
	ic_rowset_free(g->held[w->number]);
	g->held[w->number] = NULL;
}

static ic_status pass(ic_operator *o, ic_worker *w, const ic_chunk *c)
{
	gate *g = o->state;
	g->out.err = w->err;
	ic_status st = ic_operator_pass(o, &g->out, c);
	ic_arena_reset(&g->out.arena);
	return st;
}

static ic_status pass_held(ic_operator *o, ic_worker *w)
{
	gate *g = o->state;
	ic_rowset *rows = g->held[w->number];
	ic_status st = IC_OK;
	uint64_t n = rows ? ic_rowset_count(rows) : 0;
	for (uint64_t at = 0; at < n && st == IC_OK;) {
		uint32_t want = n - at < IC_CHUNK_ROWS ? (uint32_t)(n - at) : IC_CHUNK_ROWS;
		ic_chunk c;
		ic_rowset_chunk(rows, at, want, g->col, &c);
		at += c.rows;
		st = pass(o, w, &c);
	}
	discard(o, w, w->seq);
	return st;
}

static ic_status hold(ic_operator *o, ic_worker *w, const ic_chunk *c)
{
	gate *g = o->state;
	ic_rowset **held = &g->held[w->number];
	if (!*held && !(*held = ic_rowset_new(g->schema, ic_operator_config(o)->budget)))
		return IC_E_NOMEM;
	return ic_rowset_append(*held, c);
}

static ic_status push(ic_operator *o, ic_worker *w, unsigned port, const ic_chunk *c)
{
	gate *g = o->state;
	(void)port;
	if (w->alone)
		return ic_operator_pass(o, w, c);
	ic_status st = IC_OK;
	bool full = g->held[w->number] && ic_rowset_count(g->held[w->number]) > HELD_MOST;
	if (w->certain && full)
		st = turn(o, w, w->seq);
	if (st != IC_OK)
		return st;
	if (!w->certain || g->turns.head != w->seq)
		return hold(o, w, c);
	st = pass_held(o, w);
	return st == IC_OK ? pass(o, w, c) : st;
}

static ic_status flush(ic_operator *o, ic_worker *w, uint64_t unit)
{
	(void)o;
	(void)w;
	(void)unit;
	return IC_OK;
}

static ic_status end(ic_operator *o, ic_worker *w, uint64_t unit)
{
	gate *g = o->state;
	ic_status st = w->alone ? IC_OK : pass_held(o, w);
	if (st != IC_OK) /* nobody else's turn comes */
		return st;
	ic_turns_end(&g->turns, unit);
	return IC_OK;
}

static void abort_all(ic_operator *o, ic_status code)
{
	gate *g = o->state;
	ic_turns_abort(&g->turns, code);
}

static void gate_free(ic_operator *o)
{
	gate *g = o->state;
	if (!g)
		return;
	for (unsigned i = 0; g->held && i < ic_operator_workers(o); i++)
		ic_rowset_free(g->held[i]);
	ic_free(g->held);
	ic_free(g->col);
	ic_arena_clear(&g->out.arena);
	ic_turns_clear(&g->turns);
	ic_free(g);
}

static const ic_ordering ordering = {
	.flush = flush,
	.turn = turn,
	.discard = discard,
	.end = end,
	.abort = abort_all,
};

static const ic_operator_class class = {
	.push = push,
	.free = gate_free,
	.ordering = &ordering,
};

ic_status ic_gate_make(ic_operator *o, const ic_schema *schema)
{
	gate *g = ic_calloc(1, sizeof *g);
	if (!g)
		return IC_E_NOMEM;
	ic_turns_init(&g->turns);
	ic_arena_init(&g->out.arena, 0, ic_operator_config(o)->budget);
	g->out.alone = g->out.certain = true;
	g->schema = schema;
	g->held = ic_calloc(ic_operator_workers(o), sizeof *g->held);
	g->col = ic_calloc(schema->n ? schema->n : 1, sizeof *g->col);
	o->state = g;
	o->class = &class;
	return g->held && g->col ? IC_OK : IC_E_NOMEM;
}
