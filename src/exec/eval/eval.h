/* SPDX-License-Identifier: Apache-2.0 */
/* The parts of the evaluator: eval.c compiles, eval_rewrite.c makes calls fit their kernels, eval_run.c runs.
 * Private to these. */
#ifndef IC_EXEC_EVAL_H
#define IC_EXEC_EVAL_H

#include <pthread.h>

#include "exec/eval/kernel.h"

typedef struct ic_eval_node {
	ic_expr_kind kind;
	ic_qtype type;
	const ic_expr *expr;
	const ic_kernel *kernel;
	void *state;
	uint32_t *arg;
	uint32_t n;
	uint32_t first; /* nodes first..this were made for this one: its own part of the list */
	uint32_t cost;
	uint32_t next; /* in the same slot of the table of nodes + 1 */
	ic_vector constant;
} ic_eval_node;

/* What one run at a time uses: a call record for each node. */
typedef struct ic_eval_scratch {
	struct ic_eval_scratch *next;
	ic_call call[];
} ic_eval_scratch;

struct ic_eval {
	ic_plan *plan;
	ic_eval_node *node;
	uint32_t nodes, room;
	uint32_t *root;
	uint32_t n;
	uint32_t *slot; /* hash of a node to its number + 1 */
	uint32_t slots;
	bool kql;
	pthread_mutex_t lock;
	ic_eval_scratch *idle;
};

typedef struct ic_eval_frame {
	const ic_eval *e;
	const ic_chunk *in; /* of the whole run; NULL while constants are folded */
	struct ic_eval_frame *parent;
	const uint16_t *pick; /* rows of the parent */
	uint32_t rows;
	uint32_t first, last; /* nodes that are computed here */
	ic_vector *memo;      /* of them; type IC_QTYPES: not yet */
	ic_arena *arena;
	ic_eval_scratch *scratch;
	/* where and why the run ended */
	ic_status failed;
	const char *cause;
	ic_place at;
} ic_eval_frame;

/* eval_rewrite.c: the call as its kernel gets it: converted arguments, a chain of and or or as one call of many,
 * tests of one address against several blocks as one. A copy in the plan's arena; NULL: no memory. */
ic_expr *ic_eval_rewrite(ic_plan *p, const ic_expr *call, const ic_kernel *k);

/* eval_run.c: node `id` for the rows of a frame that was just filled in; false: f->failed says why. */
bool ic_eval_node_run(ic_eval_frame *f, uint32_t id, ic_vector *ret);

#endif
