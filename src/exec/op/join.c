/* SPDX-License-Identifier: Apache-2.0 */
/* Hash join. The right side is kept (join_side.c), the left side streams past it: several workers may
 * probe at once, except where it matters which left row of a key comes first (innerunique).
 *
 * Rows come out in the order of the left rows and, for each, of the right ones; right rows that nothing
 * on the left has met follow at the end, in their order.
 *
 * Under a memory limit a right side that is too large goes to a file, and the left one after it: join_spill.h. The
 * join changes its class then, before the left side comes: it takes rows in order and holds them. */
#include <inttypes.h>
#include <stdatomic.h>

#include "base/error.h"
#include "exec/driver.h"
#include "exec/op/emit.h"
#include "exec/group/exchange.h"
#include "exec/op/join_spill.h"
#include "exec/rows/spill.h"

typedef struct probe {
	uint64_t hash[IC_CHUNK_ROWS];
	uint32_t head[IC_CHUNK_ROWS];  /* first right row of the key */
	uint16_t left[IC_CHUNK_ROWS];  /* rows of the chunk that is made: the left row, */
	uint32_t right[IC_CHUNK_ROWS]; /* and the right one, IC_STORE_NONE: there is none */
	ic_vector *key;
} probe;

typedef struct join {
	ic_join_side *side;
	ic_eval *left_key, *right_key;
	uint32_t left_columns;
	uint32_t *stored; /* of each out column of the right: its column in the side */
	probe *probe;	  /* one a worker */
	ic_emit *emit;
	_Atomic uint64_t made;
	ic_budget own;	      /* what the side takes of a limited budget */
	ic_join_spill *spill; /* NULL: all is in memory */
	unsigned part;	      /* of the file, that is being joined */
} join;

static bool keeps_left(ic_join_kind k)
{
	return k == IC_JOIN_LEFTOUTER || k == IC_JOIN_FULLOUTER || k == IC_JOIN_LEFTANTI;
}
static bool only_left(ic_join_kind k)
{
	return k == IC_JOIN_LEFTSEMI || k == IC_JOIN_LEFTANTI;
}
static bool only_right(ic_join_kind k)
{
	return k == IC_JOIN_RIGHTSEMI || k == IC_JOIN_RIGHTANTI;
}
/* Right rows must know whether something on the left has met them. */
static bool marks(ic_join_kind k)
{
	return only_right(k) || k == IC_JOIN_RIGHTOUTER || k == IC_JOIN_FULLOUTER;
}

/* ---- the right side ---------------------------------------------------------------------- */

static ic_status side_failed(ic_operator *o, ic_worker *w, ic_status st)
{
	const ic_budget *budget = ic_operator_config(o)->budget;
	if (st == IC_E_LIMIT)
		return ic_operator_limit(o, w, "the right side of a join has too many rows");
	if (st == IC_E_NOMEM && budget && budget->limit && budget->refused)
		return ic_operator_limit(o, w,
					 "the right side of a join needs more memory than there is left: put "
					 "the smaller table there");
	return st == IC_E_NOMEM ? ic_fail_nomem(w->err) : st;
}

static ic_status spill_side(ic_operator *o, ic_worker *w)
{
	join *j = o->state;
	ic_status st = j->spill ? IC_OK : ic_join_spill_new(o, j->side, &o->spilled, &j->spill, w->err);
	return st ? st : ic_join_spill_kept(j->spill, w->err);
}

static ic_status build(ic_operator *o, ic_worker *w, const ic_chunk *c)
{
	join *j = o->state;
	ic_vector *key = j->probe[w->number].key;
	ic_status st = ic_eval_run(j->right_key, c, &w->arena, key, w->err);
	if (st)
		return st;
	st = ic_join_side_add(j->side, &w->arena, key, c);
	bool due = j->spill ? ic_store_is_due(ic_join_side_store(j->side))
			    : j->own.whole && ic_spill_is_due(&j->own);
	return side_failed(o, w, st == IC_OK && due ? spill_side(o, w) : st);
}

/* ---- the left side ----------------------------------------------------------------------- */

static ic_status pass(ic_operator *o, ic_emit *e, const ic_chunk *c, probe *p, uint32_t n)
{
	join *j = o->state;
	const ic_op *op = o->op;
	const ic_store *rows = ic_join_side_store(j->side);
	uint64_t limit = ic_operator_config(o)->max_joined_rows;
	if (n == 0)
		return IC_OK;
	if (atomic_fetch_add_explicit(&j->made, n, memory_order_relaxed) + n > limit)
		return ic_operator_limit(o, &e->own, "the join makes more than %" PRIu64 " rows", limit);
	for (uint32_t i = 0; i < op->out.n; i++) {
		uint32_t from = op->join.column[i];
		bool ok;
		if (from >= j->left_columns)
			ok = ic_store_gather(rows, j->stored[i], p->right, n, ic_emit_arena(e), &e->col[i]);
		else if (c)
			ok = ic_vector_pick(&e->col[i], ic_emit_arena(e), &c->col[from], p->left, n);
		else {
			ic_value none = ic_missing(ic_operator_plan(o)->language, op->out.column[i].type);
			ok = ic_vector_constant(&e->col[i], ic_emit_arena(e), &none);
		}
		if (!ok)
			return ic_fail_nomem(e->own.err);
	}
	if (!j->spill)
		return ic_emit_pass(e, n);
	if (c ? !ic_vector_pick(&e->col[op->out.n], ic_emit_arena(e), &c->col[j->left_columns], p->left, n)
	      : !ic_store_gather(rows, rows->columns - 1, p->right, n, ic_emit_arena(e), &e->col[op->out.n]))
		return ic_fail_nomem(e->own.err);
	ic_status st = ic_join_spill_made(j->spill, j->part, e->col, n, e->own.err);
	ic_arena_reset(ic_emit_arena(e));
	return st;
}

/* The pairs of one left row: all right rows of the key. Passes on what does not fit; *n rows wait. */
static ic_status pair_all(ic_operator *o, ic_emit *e, const ic_chunk *c, probe *p, uint32_t row, uint32_t *n)
{
	join *j = o->state;
	for (uint32_t r = p->head[row]; r != IC_STORE_NONE; r = ic_join_side_next(j->side, r)) {
		if (*n == IC_CHUNK_ROWS) {
			ic_status st = pass(o, e, c, p, *n);
			if (st)
				return st;
			*n = 0;
		}
		p->left[*n] = (uint16_t)row;
		p->right[(*n)++] = r;
	}
	return IC_OK;
}

static ic_status pairs(ic_operator *o, ic_emit *e, const ic_chunk *c, probe *p)
{
	join *j = o->state;
	ic_join_kind kind = o->op->join.kind;
	uint32_t n = 0;
	for (uint32_t row = 0; row < c->rows; row++) {
		bool met = p->head[row] != IC_STORE_NONE;
		bool fresh = !met || !(marks(kind) || kind == IC_JOIN_INNERUNIQUE) ||
			     ic_join_side_mark(j->side, p->head[row]);
		if (only_right(kind) || (kind == IC_JOIN_INNERUNIQUE && !fresh))
			continue;
		if (!met || only_left(kind)) {
			if (!met ? !keeps_left(kind) : kind == IC_JOIN_LEFTANTI)
				continue;
			if (n == IC_CHUNK_ROWS) {
				ic_status st = pass(o, e, c, p, n);
				if (st)
					return st;
				n = 0;
			}
			p->left[n] = (uint16_t)row;
			p->right[n++] = IC_STORE_NONE;
			continue;
		}
		ic_status st = pair_all(o, e, c, p, row, &n);
		if (st)
			return st;
	}
	return pass(o, e, c, p, n);
}

static ic_status look_up(ic_operator *o, ic_worker *w, const ic_chunk *c)
{
	join *j = o->state;
	probe *p = &j->probe[w->number];
	ic_status st = ic_eval_run(j->left_key, c, &w->arena, p->key, w->err);
	if (st)
		return st;
	if (!ic_join_side_find(j->side, &w->arena, p->key, c->rows, p->hash, p->head))
		return ic_fail_nomem(w->err);
	return pairs(o, ic_emit_for(j->emit, w, c->seq), c, p);
}

static ic_status join_push(ic_operator *o, ic_worker *w, unsigned port, const ic_chunk *c)
{
	join *j = o->state;
	if (port == 1)
		return build(o, w, c);
	if (ic_join_side_store(j->side)->rows == 0 && !keeps_left(o->op->join.kind))
		return IC_E_CLOSED;
	return look_up(o, w, c);
}

/* ---- the end ----------------------------------------------------------------------------- */

/* Right rows in their order: those that were met (semi), or that were not. */
static ic_status leftovers(ic_operator *o, ic_worker *w)
{
	join *j = o->state;
	bool met = o->op->join.kind == IC_JOIN_RIGHTSEMI;
	ic_emit *e = ic_emit_for(j->emit, w, w->seq);
	probe *p = &j->probe[w->number];
	ic_status st = IC_OK;
	uint32_t n = 0;
	const ic_store *rows = ic_join_side_store(j->side);
	for (uint32_t r = ic_store_first(rows); r != IC_STORE_NONE && !st; r = ic_store_next(rows, r)) {
		if (ic_join_side_met(j->side, r) != met)
			continue;
		p->right[n++] = r;
		if (n == IC_CHUNK_ROWS) {
			st = pass(o, e, NULL, p, n);
			n = 0;
		}
	}
	return st ? st : pass(o, e, NULL, p, n);
}

static void join_free(ic_operator *o)
{
	join *j = o->state;
	if (!j)
		return;
	ic_join_spill_free(j->spill);
	ic_join_side_free(j->side);
	ic_eval_free(j->left_key);
	ic_eval_free(j->right_key);
	for (unsigned i = 0; j->probe && i < ic_operator_workers(o); i++)
		ic_free(j->probe[i].key);
	ic_free(j->probe);
	ic_free(j->stored);
	ic_emit_free(j->emit, o);
	ic_free(j);
}

/* ---- with a file --------------------------------------------------------------------------- */

static ic_status spilled_push(ic_operator *o, ic_worker *w, unsigned port, const ic_chunk *c)
{
	join *j = o->state;
	ic_vector *key = j->probe[w->number].key;
	(void)port;
	ic_status st = ic_eval_run(j->left_key, c, &w->arena, key, w->err);
	if (st == IC_OK)
		st = ic_join_spill_left(j->spill, &w->arena, key, c, w->err);
	return st == IC_E_LIMIT ? ic_operator_limit(o, w, "the left side of a join has too many rows") : st;
}

/* The rows of one partition, as if they were all there are. */
static ic_status join_part(ic_operator *o, ic_worker *w)
{
	join *j = o->state;
	ic_chunk c = { .rows = 1 };
	ic_status st = ic_join_spill_load(j->spill, j->part, w->err);
	bool idle = ic_join_side_store(j->side)->rows == 0 && !keeps_left(o->op->join.kind);
	while (st == IC_OK && !idle && c.rows) {
		ic_arena_reset(&w->arena);
		st = ic_join_spill_next(j->spill, j->part, &w->arena, &c, w->err);
		if (st == IC_OK && c.rows)
			st = look_up(o, w, &c);
	}
	return st == IC_OK && marks(o->op->join.kind) ? leftovers(o, w) : st;
}

static ic_status spilled_finish(ic_operator *o, ic_worker *w, unsigned port)
{
	join *j = o->state;
	ic_worker own = *w;
	(void)port;
	ic_arena_init(&own.arena, 0, j->own.whole);
	ic_status st = ic_join_spill_end(j->spill, w->err);
	for (j->part = 0; j->part < IC_PARTITIONS && st == IC_OK; j->part++)
		st = join_part(o, &own);
	ic_arena_clear(&own.arena);
	if (st == IC_E_NOMEM && j->own.whole->refused)
		return ic_operator_limit(
		    o, w,
		    "the rows of one key, or a 256th of the right side, need more memory "
		    "than there is left");
	return st == IC_OK ? ic_join_spill_pass(j->spill, o, w) : st;
}

static ic_status join_finish(ic_operator *o, ic_worker *w, unsigned port)
{
	static const ic_operator_class spilled = {
		.push = spilled_push, .finish = spilled_finish, .free = join_free, .holds = true
	};
	join *j = o->state;
	if (port == 0)
		return marks(o->op->join.kind) ? leftovers(o, w) : IC_OK;
	ic_status st = j->spill ? IC_OK : ic_join_side_build(j->side);
	if (st == IC_E_NOMEM && j->own.whole) { /* for the table */
		ic_join_side_unbuild(j->side);
		st = spill_side(o, w);
	}
	if (st == IC_OK && j->spill)
		o->class = &spilled;
	return side_failed(o, w, st);
}

/* ---- making it --------------------------------------------------------------------------- */

/* Says which columns the side keeps; a column that is needed twice is kept once. */
static ic_status choose_columns(ic_operator *o, join *j)
{
	const ic_op *op = o->op;
	const ic_schema *right = &op->join.right->out;
	uint32_t n = 0;
	ic_join_column *column = ic_calloc(op->out.n + 1, sizeof *column);
	j->stored = ic_calloc(op->out.n + 1, sizeof *j->stored);
	if (!column || !j->stored) {
		ic_free(column);
		return IC_E_NOMEM;
	}
	for (uint32_t i = 0; i < op->out.n; i++) {
		if (op->join.column[i] < j->left_columns)
			continue;
		uint32_t from = op->join.column[i] - j->left_columns, at = 0;
		while (at < n && column[at].from != from)
			at++;
		if (at == n)
			column[n++] = (ic_join_column){ from, right->column[from].type };
		j->stored[i] = at;
	}
	ic_join_spec spec = {
		.column = column,
		.columns = n,
		.keys = op->join.keys,
		.left_key = op->join.left_key,
		.right_key = op->join.right_key,
		.null_keys_match = op->join.null_keys_match,
		.marks = marks(op->join.kind) || op->join.kind == IC_JOIN_INNERUNIQUE,
		.one_a_key = only_left(op->join.kind),
		.null_texts = ic_operator_plan(o)->language == IC_FN_AQL,
	};
	ic_budget *budget = ic_operator_config(o)->budget;
	if (budget && budget->limit && !o->exec->nested)
		j->own.whole = budget;
	spec.places = j->own.whole != NULL;
	j->side = ic_join_side_new(&spec, j->own.whole ? &j->own : budget);
	ic_free(column);
	return j->side ? IC_OK : IC_E_NOMEM;
}

ic_status ic_make_join(ic_operator *o, ic_diag *diag)
{
	static const ic_operator_class ordered = { .push = join_push,
						   .finish = join_finish,
						   .free = join_free };
	static const ic_operator_class parallel = {
		.push = join_push, .finish = join_finish, .free = join_free, .parallel = true
	};
	const ic_op *op = o->op;
	ic_plan *plan = ic_operator_plan(o);
	join *j = ic_calloc(1, sizeof *j);
	o->class = op->join.kind == IC_JOIN_INNERUNIQUE ? &ordered : &parallel;
	o->state = j;
	if (!j)
		return IC_E_NOMEM;
	for (uint32_t k = 0; k < op->join.keys; k++)
		if (op->join.right_key[k]->type == IC_Q_DYNAMIC)
			return ic_diag_fail(diag, IC_DIAG_TYPE, op->at, 1, "dynamic keys cannot be joined");
	j->left_columns = op->in->out.n;
	j->probe = ic_calloc(ic_operator_workers(o), sizeof *j->probe);
	j->emit = ic_emit_new(o);
	if (!j->probe || !j->emit)
		return IC_E_NOMEM;
	for (unsigned i = 0; i < ic_operator_workers(o); i++)
		if (!(j->probe[i].key = ic_calloc(op->join.keys + 1, sizeof(ic_vector))))
			return IC_E_NOMEM;
	ic_status st = ic_eval_new(plan, op->join.left_key, op->join.keys, &j->left_key, diag);
	if (!st)
		st = ic_eval_new(plan, op->join.right_key, op->join.keys, &j->right_key, diag);
	return st ? st : choose_columns(o, j);
}
