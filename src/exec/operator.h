/* SPDX-License-Identifier: Apache-2.0 */
/* An operator while it runs. Private to src/exec; one file a family: op_*.c. */
#ifndef IC_EXEC_OPERATOR_H
#define IC_EXEC_OPERATOR_H

#include "exec/exec.h"
#include "exec/kernel.h"

typedef struct ic_operator ic_operator;

/* What a worker has for itself. */
typedef struct ic_worker {
	unsigned number;
	ic_arena arena; /* reset by the driver after each chunk of the scan */
	ic_error *err;
} ic_worker;

typedef struct ic_operator_class {
	/* Rows of input `port` (0; 1 the right side of a join; 0.. of a union). Called by several workers at
	 * once if `parallel`, else by one at a time and in order. Passes rows on by ic_operator_pass. */
	ic_status (*push)(ic_operator *o, ic_worker *w, unsigned port, const ic_chunk *c);
	/* The input of `port` has ended; may pass rows. One thread; NULL: nothing to do. The driver calls
	 * finish of the next operator itself. An operator without inputs (values, range) has its finish
	 * called once and makes all its rows there. The right input of a join (port 1) is read to its
	 * end before the left one starts. */
	ic_status (*finish)(ic_operator *o, ic_worker *w, unsigned port);
	void (*free)(ic_operator *o); /* of what make() allocated; the operator itself is the driver's */
	bool parallel;
} ic_operator_class;

struct ic_operator {
	const ic_operator_class *class;
	const ic_op *op;
	ic_operator *next; /* NULL: the sink */
	unsigned next_port;
	struct ic_exec *exec; /* the run: config, plan, workers; see exec.c */
	void *state;	      /* the family's own */
	_Atomic uint64_t rows_in, rows_out;
};

/* Hands rows to the next operator, in the same thread. IC_E_CLOSED: it needs no more. */
ic_status ic_operator_pass(ic_operator *o, ic_worker *w, const ic_chunk *c);
/* Passes a whole rowset, chunk by chunk. */
ic_status ic_operator_pass_rows(ic_operator *o, ic_worker *w, const ic_rowset *rows);
const ic_exec_config *ic_operator_config(const ic_operator *o);
ic_plan *ic_operator_plan(const ic_operator *o);
/* IC_E_LIMIT with the operator's place. */
ic_status ic_operator_limit(ic_operator *o, ic_worker *w, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

/* Makes the running form of op; NULL entry: the driver runs this kind itself. Indexed by ic_op_kind;
 * each make() is in the file of its family. Fills o->class and o->state. */
typedef ic_status (*ic_operator_make)(ic_operator *o, ic_diag *diag);
extern const ic_operator_make ic_operator_makers[IC_OP_KINDS];

ic_status ic_make_values(ic_operator *o, ic_diag *diag); /* op_values.c */
ic_status ic_make_range(ic_operator *o, ic_diag *diag);
ic_status ic_make_serial(ic_operator *o, ic_diag *diag); /* op_serial.c */
ic_status ic_make_step(ic_operator *o, ic_diag *diag);	 /* op_step.c */
ic_status ic_make_join(ic_operator *o, ic_diag *diag);	 /* op_join.c */
ic_status ic_make_union(ic_operator *o, ic_diag *diag);	 /* op_union.c */
ic_status ic_make_expand(ic_operator *o, ic_diag *diag); /* op_expand.c */
ic_status ic_make_apply(ic_operator *o, ic_diag *diag);	 /* op_apply.c */
ic_status ic_make_series(ic_operator *o, ic_diag *diag); /* op_series.c */
ic_status ic_make_nested(ic_operator *o, ic_diag *diag); /* op_nested.c */
ic_status ic_make_parse(ic_operator *o, ic_diag *diag);	 /* op_parse.c */
ic_status ic_make_sample(ic_operator *o, ic_diag *diag); /* op_sample.c */

#endif
