/* SPDX-License-Identifier: Apache-2.0 */
/* Hands on the rows that an operator makes: chunk by chunk or value by value. Private to src/exec.
 *
 * What goes into a chunk lies in the emitter's own arena, which ends with the chunk: an operator may make
 * any number of rows from one push without growing. One emitter a worker. */
#ifndef IC_EXEC_EMIT_H
#define IC_EXEC_EMIT_H

#include "exec/operator.h"

typedef struct ic_emit {
	ic_operator *o;
	ic_worker own;	/* what the next operator sees: the worker with this arena */
	ic_vector *col; /* of the chunk that is being made, o->op->out.n */
	ic_vector_out *out;
	uint32_t rows; /* added one by one so far */
	uint64_t seq, flow;
} ic_emit;

/* As many emitters as the run has workers; NULL: out of memory. */
ic_emit *ic_emit_new(ic_operator *o);
void ic_emit_free(ic_emit *e, const ic_operator *o); /* NULL allowed */
/* The emitter of this worker for rows of unit `seq`. */
ic_emit *ic_emit_for(ic_emit *e, ic_worker *w, uint64_t seq);

static inline ic_arena *ic_emit_arena(ic_emit *e)
{
	return &e->own.arena;
}
/* Hands on `rows` rows of e->col, which the caller has filled, and forgets the arena. */
ic_status ic_emit_pass(ic_emit *e, uint32_t rows);
/* One row: a value a column, whose memory lasts until ic_emit_flush or is in ic_emit_arena. A full chunk
 * is handed on at once. */
ic_status ic_emit_add(ic_emit *e, const ic_value *value);
/* Hands on what was added. Call it before the memory of the values ends. */
ic_status ic_emit_flush(ic_emit *e);

#endif
