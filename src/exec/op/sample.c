/* SPDX-License-Identifier: Apache-2.0 */
/* sample: the n rows whose numbers have the smallest hashes: any n, but the same ones in each run.
 *
 * Rows that may still be among them are kept; when there are too many, those that cannot any more are
 * let go. */
#include <stdlib.h>

#include "base/error.h"
#include "base/hash.h"
#include "exec/operator.h"

typedef struct sample {
	uint64_t wanted, seen;
	uint64_t below; /* only hashes under this can be among the n smallest */
	ic_rowset *rows;
	uint64_t *hash; /* of each kept row */
	size_t room;
} sample;

static uint64_t hash_of(uint64_t row)
{
	return ic_mix(row, 0x9e3779b97f4a7c15u, 1);
}

static int by_hash(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
	return (x > y) - (x < y);
}

static ic_status keep(const ic_operator *o, ic_rowset *to, const ic_chunk *c, const uint16_t *pick,
		      uint32_t n, ic_arena *arena)
{
	ic_vector *col = ic_arena_alloc(arena, (o->op->out.n + 1) * sizeof *col);
	if (!col)
		return IC_E_NOMEM;
	for (uint32_t i = 0; i < o->op->out.n; i++)
		if (!ic_vector_pick(&col[i], arena, &c->col[i], pick, n))
			return IC_E_NOMEM;
	ic_chunk part = { n, o->op->out.n, col, 0, 0 };
	return n ? ic_rowset_append(to, &part) : IC_OK;
}

/* Lets go of the rows whose hash is not among the n smallest. */
static ic_status shrink(ic_operator *o, ic_arena *arena)
{
	sample *s = o->state;
	uint64_t n = ic_rowset_count(s->rows), left = 0;
	uint64_t *sorted = ic_reallocarray(NULL, n, sizeof *sorted);
	ic_rowset *rest = ic_rowset_new(&o->op->out, ic_operator_config(o)->budget);
	ic_vector *col = ic_arena_alloc(arena, (o->op->out.n + 1) * sizeof *col);
	ic_status st = sorted && rest && col ? IC_OK : IC_E_NOMEM;
	if (!st) {
		memcpy(sorted, s->hash, n * sizeof *sorted);
		qsort(sorted, n, sizeof *sorted, by_hash);
		s->below = s->wanted ? sorted[s->wanted - 1] + 1 : 0;
	}
	for (uint64_t at = 0; at < n && !st;) {
		uint16_t pick[IC_CHUNK_ROWS];
		uint32_t picked = 0;
		ic_chunk c;
		ic_rowset_chunk(s->rows, at, IC_CHUNK_ROWS, col, &c);
		for (uint32_t r = 0; r < c.rows; r++)
			if (s->hash[at + r] < s->below) {
				s->hash[left++] = s->hash[at + r];
				pick[picked++] = (uint16_t)r;
			}
		st = keep(o, rest, &c, pick, picked, arena);
		at += c.rows;
	}
	ic_free(sorted);
	if (!st) {
		ic_rowset *old = s->rows;
		s->rows = rest;
		rest = old;
	}
	ic_rowset_free(rest);
	return st;
}

static ic_status sample_push(ic_operator *o, ic_worker *w, unsigned port, const ic_chunk *c)
{
	(void)port;
	sample *s = o->state;
	uint64_t have = ic_rowset_count(s->rows);
	uint16_t pick[IC_CHUNK_ROWS];
	uint32_t n = 0;
	if (have + c->rows > s->room) {
		size_t room = (size_t)(have + c->rows) * 2;
		uint64_t *hash = ic_reallocarray(s->hash, room, sizeof *hash);
		if (!hash)
			return ic_fail_nomem(w->err);
		s->hash = hash;
		s->room = room;
	}
	for (uint32_t r = 0; r < c->rows; r++) {
		uint64_t hash = hash_of(s->seen++);
		if (hash >= s->below)
			continue;
		s->hash[have + n] = hash;
		pick[n++] = (uint16_t)r;
	}
	ic_status st = keep(o, s->rows, c, pick, n, &w->arena);
	if (!st && have + n > s->wanted && have + n > 2 * s->wanted + IC_CHUNK_ROWS)
		st = shrink(o, &w->arena);
	return st == IC_E_NOMEM ? ic_fail_nomem(w->err) : st;
}

static ic_status sample_finish(ic_operator *o, ic_worker *w, unsigned port)
{
	(void)port;
	sample *s = o->state;
	ic_status st = ic_rowset_count(s->rows) > s->wanted ? shrink(o, &w->arena) : IC_OK;
	return st ? ic_fail_nomem(w->err) : ic_operator_pass_rows(o, w, s->rows);
}

static void sample_free(ic_operator *o)
{
	sample *s = o->state;
	if (!s)
		return;
	ic_rowset_free(s->rows);
	ic_free(s->hash);
	ic_free(s);
}

ic_status ic_make_sample(ic_operator *o, ic_diag *diag)
{
	static const ic_operator_class class = {
		.push = sample_push, .finish = sample_finish, .free = sample_free, .holds = true
	};
	(void)diag;
	const ic_value *n = &o->op->sort.limit;
	sample *s = ic_calloc(1, sizeof *s);
	o->class = &class;
	o->state = s;
	if (!s)
		return IC_E_NOMEM;
	s->wanted = n->null || n->i < 0 ? 0 : (uint64_t)n->i;
	s->wanted = s->wanted > UINT64_MAX / 4 ? UINT64_MAX / 4 : s->wanted;
	s->below = UINT64_MAX;
	s->rows = ic_rowset_new(&o->op->out, ic_operator_config(o)->budget);
	return s->rows ? IC_OK : IC_E_NOMEM;
}
