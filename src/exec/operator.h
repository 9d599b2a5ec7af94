/* SPDX-License-Identifier: Apache-2.0 */
/* An operator while it runs. Private to src/exec; one file a family, in op/ and group/. */
#ifndef IC_EXEC_OPERATOR_H
#define IC_EXEC_OPERATOR_H

#include "exec/exec.h"
#include "exec/eval/kernel.h"

typedef struct ic_operator ic_operator;

/* What a worker has for itself. */
typedef struct ic_worker {
	unsigned number; /* below ic_operator_workers() */
	ic_arena arena;	 /* reset by the driver after each chunk of the scan */
	ic_error *err;
	/* the driver's own: where the rows that it pushes come from, see exec.c */
	uint64_t seq;
	bool alone, certain;
} ic_worker;

typedef struct ic_operator_class {
	/* Rows of input `port` (0; 1 the right side of a join; 0.. of a union). Called by several workers at
	 * once if `parallel`, else by one at a time and in order. Passes rows on by ic_operator_pass. NULL:
	 * this is a source (values, range); its finish passes its rows. */
	ic_status (*push)(ic_operator *o, ic_worker *w, unsigned port, const ic_chunk *c);
	/* The input of `port` has ended; may pass rows. One thread; NULL: nothing to do. The driver calls
	 * finish of the next operator itself, when the last input has ended. Inputs run one after the
	 * other: the right side of a join (port 1) before the left one, those of a union in their order. */
	ic_status (*finish)(ic_operator *o, ic_worker *w, unsigned port);
	/* Back to what it was after make(), so that a body of mv-apply can run again. NULL: the driver calls
	 * free and make. An operator that keeps nothing between chunks has a reset that does nothing. */
	void (*reset)(ic_operator *o);

	/* All operators are made and linked: what comes behind this one is known. NULL: nothing to do. */
	void (*ready)(ic_operator *o);
	void (*free)(ic_operator *o); /* of what make() allocated; the operator itself is the driver's. Also
				       * called when make() failed half-way */
	/* Keeps nothing of the rows (or only what their order does not matter for): may be pushed by several
	 * workers at once, in no order. */
	bool parallel;
	/* Passes nothing on before its finish: what comes behind waits for all of its rows. */
	bool holds;
	/* For the few that take rows of several workers at once and put them in order: exec.c. */
	const struct ic_ordering *ordering;
} ic_operator_class;

struct ic_operator {
	const ic_operator_class *class; /* a join may change it when its right side has ended */
	const ic_op *op;
	ic_operator *next; /* NULL: the sink */
	unsigned next_port;
	struct ic_exec *exec; /* the run: config, plan, workers; see exec.c */
	void *state;	      /* the family's own */
	_Atomic uint64_t rows_in, rows_out;
	_Atomic uint64_t spilled; /* bytes that went to a file */
	/* the driver's own */
	bool shared;	     /* input comes from several workers at once */
	_Atomic bool closed; /* what follows needs no more */
	uint64_t units;	     /* of an ordering operator: begun so far */
	uint64_t unit;	     /* the one that is for rows which come alone */
};

/* Hands rows to the next operator, in the same thread. IC_E_CLOSED: it needs no more. */
ic_status ic_operator_pass(ic_operator *o, ic_worker *w, const ic_chunk *c);
/* Passes a whole rowset, chunk by chunk. */
ic_status ic_operator_pass_rows(ic_operator *o, ic_worker *w, const ic_rowset *rows);
/* What an IC_OP_KEPT reads, which has all its rows when this one's finish is called. */
const ic_operator *ic_operator_kept(const ic_operator *o);
const ic_exec_config *ic_operator_config(const ic_operator *o);
ic_plan *ic_operator_plan(const ic_operator *o);
unsigned ic_operator_workers(const ic_operator *o);
/* What stands where there is no value: a null, but in KQL, which has no null text, the empty text. */
static inline ic_value ic_missing(unsigned language, ic_qtype t)
{
	return t == IC_Q_STRING && language != IC_FN_AQL ? ic_value_str(IC_STR("")) : ic_value_null(t);
}
/* The kernel of an aggregate; NULL: there is none (beacon() where the engine gave none). */
const ic_agg_kernel *ic_operator_aggregate(const ic_operator *o, ic_agg_id fn);
/* IC_E_LIMIT with the operator's place. */
ic_status ic_operator_limit(ic_operator *o, ic_worker *w, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));
/* What an aggregate's kernel left in c->failed, with the operator's place. */
ic_status ic_operator_agg_failed(ic_operator *o, ic_worker *w, const ic_agg_ctx *c);

/* A plan whose source is IC_OP_INPUT, for IC_OP_APPLY: made once, run for each row. Only one thread at a
 * time. */
typedef struct ic_subplan ic_subplan;
ic_status ic_subplan_new(ic_operator *o, ic_op *body, ic_subplan **ret, ic_diag *diag);
void ic_subplan_free(ic_subplan *s); /* NULL allowed */
/* Its input is the n chunks; what comes out goes to `sink`. */
ic_status ic_subplan_run(ic_subplan *s, ic_worker *w, const ic_chunk *input, uint32_t n, const ic_sink *sink);

/* Makes the running form of op; NULL entry: the driver runs this kind itself. Indexed by ic_op_kind;
 * each make() is in the file of its family. Fills o->class and o->state. */
typedef ic_status (*ic_operator_make)(ic_operator *o, ic_diag *diag);
extern const ic_operator_make ic_operator_makers[IC_OP_KINDS]; /* operators.c */

ic_status ic_make_values(ic_operator *o, ic_diag *diag);
ic_status ic_make_range(ic_operator *o, ic_diag *diag);
ic_status ic_make_filter(ic_operator *o, ic_diag *diag);
ic_status ic_make_project(ic_operator *o, ic_diag *diag);
ic_status ic_make_serial(ic_operator *o, ic_diag *diag);
ic_status ic_make_summarize(ic_operator *o, ic_diag *diag);
ic_status ic_make_sort(ic_operator *o, ic_diag *diag);
ic_status ic_make_take(ic_operator *o, ic_diag *diag);
ic_status ic_make_top(ic_operator *o, ic_diag *diag);
ic_status ic_make_join(ic_operator *o, ic_diag *diag);
ic_status ic_make_union(ic_operator *o, ic_diag *diag);
ic_status ic_make_expand(ic_operator *o, ic_diag *diag);
ic_status ic_make_apply(ic_operator *o, ic_diag *diag);
ic_status ic_make_series(ic_operator *o, ic_diag *diag);
ic_status ic_make_nested(ic_operator *o, ic_diag *diag);
ic_status ic_make_parse(ic_operator *o, ic_diag *diag);
ic_status ic_make_step(ic_operator *o, ic_diag *diag);
ic_status ic_make_partition(ic_operator *o, ic_diag *diag);
ic_status ic_make_keep(ic_operator *o, ic_diag *diag);
ic_status ic_make_kept(ic_operator *o, ic_diag *diag);
ic_status ic_make_sample(ic_operator *o, ic_diag *diag);

#endif
