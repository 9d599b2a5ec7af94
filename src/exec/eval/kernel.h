/* SPDX-License-Identifier: Apache-2.0 */
/* Kernels: what the functions of plan/functions.def do. Private to src/exec.
 *
 * A function has a row form (values in, value out), or a vector form, or both; the row form is
 * enough, the vector form is for what runs over millions of rows. Each file fn/NAME.c has the kernels of
 * one family in a const table that it exports as ic_kernels_NAME (IC_KERNELS below); kernels.c lists
 * the families. A function of functions.def that no family has is refused as not supported. */
#ifndef IC_EXEC_KERNEL_H
#define IC_EXEC_KERNEL_H

#include "exec/rows/chunk.h"

/* What a call may use. One a worker and call site. */
typedef struct ic_call {
	const ic_plan *plan;
	const ic_expr *expr; /* the call: types of the arguments, constants, list */
	ic_arena *arena;     /* for results; lives as long as the chunk */
	void *state;	     /* made by prepare: compiled patterns, parsed constants; shared by the workers */
	void *scratch;	     /* PCRE2 match data and the like: of the worker, kept from chunk to chunk. The
			       * kernel makes it when it finds NULL; see ic_kernel.release */
	ic_status failed;    /* set it (IC_E_NOMEM, IC_E_LIMIT) and return; the run stops */
	const char *cause;   /* with IC_E_LIMIT: a sentence */
	uint64_t row;	     /* number of the row, for SERIAL functions */
	struct ic_eval_frame *frame; /* of the evaluator, for ic_call_arg */
	uint32_t node;
} ic_call;

/* Both end the run and give a null of the call's type, for `return`. */
ic_value ic_call_nomem(ic_call *c);
ic_value ic_call_limit(ic_call *c,
		       const char *cause); /* cause: a sentence that lives as long as the program */

typedef ic_value (*ic_row_fn)(ic_call *c, const ic_value *arg);
/* All arguments have `rows` rows (or are constant). ret->type is that of the call. */
typedef void (*ic_vector_fn)(ic_call *c, const ic_vector *arg, uint32_t rows, ic_vector *ret);
/* Gets no arguments but asks for them where it needs them, with ic_call_arg. */
typedef void (*ic_lazy_fn)(ic_call *c, uint32_t rows, ic_vector *ret);

/* Before a kernel runs the evaluator has made its arguments fit the letters of functions.def:
 *   s, S: strings. An address is written out (unless `addresses`), a dynamic value becomes its text.
 *   r:    reals, from any number.
 *   others come as they are: an address for `a` and `o` is IC_Q_IP.
 * In KQL no text is null: a null string arrives as the empty one, and so does a null address in row forms
 * (vector forms see its null bit). A text that is not null has a pointer in row forms, even when it is empty.
 * call->call.arg[i]->type is the type that arrives; constants have been folded (IC_X_CONST). */
typedef struct ic_kernel {
	ic_row_fn row;
	ic_vector_fn vector;
	ic_lazy_fn lazy; /* instead of the other two: iff, case, coalesce, and, or */
	/* Any null argument makes the result null without a call of the row form (most functions). Vector
	 * forms look after nulls themselves. */
	bool strict;
	bool addresses; /* s parameters may arrive as IC_Q_IP */
	/* Different results in one run for equal arguments (rand, new_guid): never folded or shared. */
	bool impure;
	/* Checks and compiles constant arguments once a plan; *state lies in the plan's arena or is freed
	 * by `dispose`. A bad constant (a pattern that does not compile) is a diag. NULL: nothing to do. */
	ic_status (*prepare)(ic_plan *p, const ic_expr *call, void **state, ic_diag *diag);
	void (*dispose)(void *state);
	void (*release)(void *scratch); /* frees what the kernel put into ic_call.scratch */
} ic_kernel;

typedef struct ic_kernel_entry {
	ic_fn_id fn;
	ic_kernel kernel;
} ic_kernel_entry;

typedef struct ic_kernel_family {
	const ic_kernel_entry *entry;
	uint32_t n;
} ic_kernel_family;

/* At the end of a file fn/NAME.c:
 *     static const ic_kernel_entry entries[] = {
 *             { IC_FN_STRLEN, { .row = strlen_row, .strict = true } },
 *             ...
 *     };
 *     IC_KERNELS(string, entries);
 * and one line in the list of kernels.c and below. */
#define IC_KERNELS(family, table)                                                                            \
	const ic_kernel_family ic_kernels_##family = { table, (uint32_t)(sizeof(table) / sizeof *(table)) }

extern const ic_kernel_family ic_kernels_compare, ic_kernels_math_operators, ic_kernels_text_operators,
    ic_kernels_in_operators, ic_kernels_like_operators, ic_kernels_choice, ic_kernels_convert,
    ic_kernels_regex, ic_kernels_string, ic_kernels_match, ic_kernels_bin, ic_kernels_time, ic_kernels_format,
    ic_kernels_ip, ic_kernels_url, ic_kernels_hash, ic_kernels_parse, ic_kernels_path, ic_kernels_xml,
    ic_kernels_agent, ic_kernels_geo, ic_kernels_geo_cell, ic_kernels_geo_shape, ic_kernels_sketch,
    ic_kernels_aql, ic_kernels_aql_dates, ic_kernels_dynamic, ic_kernels_array, ic_kernels_set,
    ic_kernels_math, ic_kernels_series, ic_kernels_decompose, ic_kernels_fourier, ic_kernels_series_poly,
    ic_kernels_units, ic_kernels_chance;

/* The kernel of a function; NULL: it cannot be run. Not for use once a row. */
const ic_kernel *ic_kernel_of(ic_fn_id fn);
/* Whether the expression gives the same for a row whenever it is asked. */
bool ic_expr_is_pure(const ic_expr *e);

/* ---- evaluation (eval.c) ----------------------------------------------------------------- */

/* A compiled list of expressions over one input schema: shared by workers. */
typedef struct ic_eval ic_eval;
ic_status ic_eval_new(ic_plan *p, ic_expr *const *expr, uint32_t n, ic_eval **ret, ic_diag *diag);
void ic_eval_free(ic_eval *e);
/* ret[i] for each expression; results live in `arena`. */
ic_status ic_eval_run(const ic_eval *e, const ic_chunk *in, ic_arena *arena, ic_vector *ret, ic_error *err);
/* Constant folding: see ic_fold_fn. */
ic_status ic_eval_fold(ic_plan *p, const ic_expr *call, ic_value *ret, ic_diag *diag);

/* For lazy kernels. Argument i on the rows listed in `pick` (ascending, n of them; NULL: on all rows, then n
 * is their number): ret has n rows. An argument that costs little is computed for all rows once and
 * picked from. false: c->failed is set. */
bool ic_call_arg(ic_call *c, uint32_t i, const uint16_t *pick, uint32_t n, ic_vector *ret);
/* Is argument i computed for all rows anyhow? */
bool ic_call_arg_cheap(const ic_call *c, uint32_t i);

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
/* `add` looks at the conditions of countif, sumif... itself. beacon() is not here: ic_operator_aggregate. */
extern const ic_agg_kernel *const ic_agg_kernels[IC_AGG_COUNT_OF];

#endif
