/* SPDX-License-Identifier: Apache-2.0 */
#include "exec/op/emit.h"

#include "base/error.h"

ic_emit *ic_emit_new(ic_operator *o)
{
	unsigned n = ic_operator_workers(o);
	ic_emit *e = ic_calloc(n, sizeof *e);
	if (!e)
		return NULL;
	for (unsigned i = 0; i < n; i++) {
		e[i].o = o;
		ic_arena_init(&e[i].own.arena, 0, ic_operator_config(o)->budget);
		e[i].col = ic_calloc(o->op->out.n + 1, sizeof *e[i].col);
		e[i].out = ic_calloc(o->op->out.n + 1, sizeof *e[i].out);
		if (!e[i].col || !e[i].out) {
			ic_emit_free(e, o);
			return NULL;
		}
	}
	return e;
}

void ic_emit_free(ic_emit *e, const ic_operator *o)
{
	if (!e)
		return;
	for (unsigned i = 0; i < ic_operator_workers(o); i++) {
		ic_arena_clear(&e[i].own.arena);
		ic_free(e[i].col);
		ic_free(e[i].out);
	}
	ic_free(e);
}

ic_emit *ic_emit_for(ic_emit *e, ic_worker *w, uint64_t seq)
{
	e += w->number;
	ic_arena own = e->own.arena;
	e->own = *w;
	e->own.arena = own;
	if (e->seq != seq)
		e->flow = 0;
	e->seq = seq;
	return e;
}

ic_status ic_emit_pass(ic_emit *e, uint32_t rows)
{
	ic_status st = IC_OK;
	if (rows) {
		ic_chunk c = { rows, e->o->op->out.n, e->col, e->seq, e->flow };
		e->flow += rows;
		st = ic_operator_pass(e->o, &e->own, &c);
	}
	ic_arena_reset(&e->own.arena);
	return st;
}

ic_status ic_emit_add(ic_emit *e, const ic_value *value)
{
	const ic_schema *s = &e->o->op->out;
	if (e->rows == 0)
		for (uint32_t i = 0; i < s->n; i++)
			if (!ic_vector_make(&e->out[i], ic_emit_arena(e), s->column[i].type, IC_CHUNK_ROWS))
				return ic_fail_nomem(e->own.err);
	for (uint32_t i = 0; i < s->n; i++)
		ic_vector_set(&e->out[i], e->rows, &value[i]);
	return ++e->rows == IC_CHUNK_ROWS ? ic_emit_flush(e) : IC_OK;
}

ic_status ic_emit_flush(ic_emit *e)
{
	uint32_t rows = e->rows;
	for (uint32_t i = 0; i < e->o->op->out.n; i++)
		e->col[i] = e->out[i].v;
	e->rows = 0;
	return ic_emit_pass(e, rows);
}
