/* SPDX-License-Identifier: Apache-2.0 */
/* What exec.c, gate.c and the operators with an order of their own share. Private to them. */
#ifndef IC_EXEC_DRIVER_H
#define IC_EXEC_DRIVER_H

#include <stdatomic.h>

#include "exec/operator.h"
#include "exec/reading.h"

/* Rows of several workers, put in the order of their units. A worker that pushes has the unit w->seq; if
 * it comes alone (w->alone) the unit is o->unit. Units of an operator are numbered from 0 without gaps,
 * over all its inputs. */
typedef struct ic_ordering {
	/* The worker has pushed all rows of the unit. */
	ic_status (*flush)(ic_operator *o, ic_worker *w, uint64_t unit);
	/* Waits until all units before this one have ended. */
	ic_status (*turn)(ic_operator *o, ic_worker *w, uint64_t unit);
	/* In its turn: throws the rows of the unit away, they will be pushed again. */
	void (*discard)(ic_operator *o, ic_worker *w, uint64_t unit);
	/* In its turn: the rows take effect. */
	ic_status (*end)(ic_operator *o, ic_worker *w, uint64_t unit);
	/* Ends all waiting; later calls give `code`. */
	void (*abort)(ic_operator *o, ic_status code);
} ic_ordering;

/* An operator in its place in the plan. */
typedef struct node {
	ic_operator o; /* op NULL: a gate */
	struct node *older;
	struct node **in; /* in the order in which they run */
	uint32_t inputs;
	uint32_t at;	 /* inputs that have finished */
	bool read, done; /* a scan was read; all rows were passed on */
	bool kept;	 /* below a materialize() or one: it runs once, also in a body of mv-apply */
	uint64_t round;	 /* of ic_exec_due that has met it */
} node;

struct ic_exec {
	ic_plan *plan;
	ic_exec_config cfg;
	const ic_sink *sink;
	unsigned workers;
	node *newest; /* all of them */
	node *root;
	ic_worker main; /* of rows that come alone */
	ic_status status;
	ic_error err;
	bool over;	      /* nothing is left to run */
	bool counts;	      /* for cfg.screen */
	bool rehearsal;	      /* only which scans are due is wanted: nothing is run */
	_Atomic bool failing; /* a scan has failed: the others may stop */
	bool nested;	      /* a body of mv-apply: */
	const ic_chunk *input;
	uint32_t inputs;
	uint32_t keeps; /* being built around the node at hand */
	uint64_t round;
};

/* exec.c, for scans.c */
bool ic_exec_stopped(const ic_exec *x);
/* Runs as far as it goes without another reading, then calls `due` for each scan that can be read now. */
void ic_exec_due(ic_exec *x, void (*due)(void *ctx, node *scan), void *ctx);
/* Between the two what is due comes as in a run, but no rows do. */
void ic_exec_rehearse(ic_exec *x);
void ic_exec_rehearsed(ic_exec *x);
void ic_exec_fail(ic_exec *x, ic_status st, const ic_error *err); /* keeps the first */
/* Rows that come alone out of `from` are a unit of their own for each ordering operator on their way. */
void ic_alone_begin(ic_operator *from);
ic_status ic_alone_end(ic_operator *from, ic_worker *w);

/* The rows of the chunk that a filter lets through, in w->arena; *pick NULL: all or none. */
ic_status ic_filter_choose(ic_operator *filter, ic_worker *w, const ic_chunk *c, uint16_t **pick,
			   uint32_t *n);

/* The rows in `pick`, of the columns that are wanted; the others are nulls. */
ic_status ic_filter_pick(ic_worker *w, const ic_chunk *c, const uint16_t *pick, uint32_t n,
			 const bool *wanted, ic_chunk *ret);
/* Marks those of so many columns that `next` (may be NULL) looks at. */
void ic_filter_used(const ic_op *next, uint32_t columns, bool *used);

/* Rows of the schema from several workers go on in order, one at a time. */
ic_status ic_gate_make(ic_operator *o, const ic_schema *schema);

#endif
