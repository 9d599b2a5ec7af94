/* SPDX-License-Identifier: Apache-2.0 */
/* Kernels: what the functions of plan/functions.def do. Private to src/exec.
 *
 * A function has a row form (values in, value out), or a vector form, or both; the row form is
 * enough, the vector form is for what runs over millions of rows. ic_kernels has one entry a function
 * id, put together from the files fn_*.c: each defines the entries of one family. */
#ifndef IC_EXEC_KERNEL_H
#define IC_EXEC_KERNEL_H

#include "exec/chunk.h"

/* What a call may use. One a worker and call site. */
typedef struct ic_call {
	const ic_plan *plan;
	const ic_expr *expr;  /* the call: types of the arguments, constants, list */
	ic_arena *arena;      /* for results; lives as long as the chunk */
	void *state;	      /* made by prepare: compiled patterns, parsed constants; shared, read-only */
	void *scratch;	      /* PCRE2 match data and the like: of the worker; see ic_kernel.scratch */
	ic_status failed;     /* set it (IC_E_NOMEM, IC_E_LIMIT) and return; the run stops */
	const char *cause;    /* with IC_E_LIMIT: a sentence */
	uint64_t row;	      /* number of the row, for SERIAL functions */
} ic_call;

typedef ic_value (*ic_row_fn)(ic_call *c, const ic_value *arg);
/* All arguments have `rows` rows (or are constant). ret->type is that of the call. */
typedef void (*ic_vector_fn)(ic_call *c, const ic_vector *arg, uint32_t rows, ic_vector *ret);

typedef struct ic_kernel {
	ic_row_fn row;
	ic_vector_fn vector;
	/* Any null argument makes the result null without a call (most functions). */
	bool strict;
	/* Checks and compiles constant arguments once a plan; *state lies in the plan's arena or is freed
	 * by `dispose`. A bad constant (a pattern that does not compile) is a diag. NULL: nothing to do. */
	ic_status (*prepare)(ic_plan *p, const ic_expr *call, void **state, ic_diag *diag);
	void (*dispose)(void *state);
	/* Arguments are evaluated by the evaluator only where needed (iff, case, coalesce): the vector form
	 * then gets unevaluated work through ic_eval_masked. */
	bool lazy;
	/* Different results in one run for equal arguments (rand, new_guid): never folded. */
	bool impure;
} ic_kernel;

extern const ic_kernel *const ic_kernels[IC_FN_COUNT]; /* kernels.c */

/* ---- evaluation (eval.c) ----------------------------------------------------------------- */

/* A compiled list of expressions over one input schema: shared by workers. */
typedef struct ic_eval ic_eval;
ic_status ic_eval_new(ic_plan *p, ic_expr *const *expr, uint32_t n, ic_eval **ret, ic_diag *diag);
void ic_eval_free(ic_eval *e);
/* ret[i] for each expression; results live in `arena`. */
ic_status ic_eval_run(const ic_eval *e, const ic_chunk *in, ic_arena *arena, ic_vector *ret, ic_error *err);
/* Constant folding: see ic_fold_fn. */
ic_status ic_eval_fold(ic_plan *p, const ic_expr *call, ic_value *ret, ic_diag *diag);

/* ---- aggregates (agg_*.c) ---------------------------------------------------------------- */

/* One aggregate as it is computed for groups: fixed-size state in the group's entry, the rest in the
 * partition's slab. Rows come in the order of the input, in any number of calls. */
typedef struct ic_agg_ctx {
	const ic_plan *plan;
	const ic_agg *agg;
	ic_slab *slab;	  /* grows with the group; counted against the budget */
	ic_arena *arena;  /* for results */
	ic_status failed; /* as in ic_call */
	const char *cause;
} ic_agg_ctx;

typedef struct ic_agg_kernel {
	size_t (*state_bytes)(const ic_agg *agg); /* multiple of 8; state starts as zero bytes */
	/* One row into one state. */
	void (*add)(ic_agg_ctx *c, void *state, const ic_value *arg);
	/* Writes agg->columns values. */
	void (*result)(ic_agg_ctx *c, const void *state, ic_value *ret);
} ic_agg_kernel;
extern const ic_agg_kernel *const ic_agg_kernels[IC_AGG_COUNT_OF];

#endif
