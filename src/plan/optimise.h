/* SPDX-License-Identifier: Apache-2.0 */
/* Rewriting a plan. Private to src/plan. */
#ifndef IC_PLAN_OPTIMISE_H
#define IC_PLAN_OPTIMISE_H

#include "plan/plan.h"

typedef struct ic_optimiser {
	ic_plan *p;
	ic_fold_fn fold;
	ic_diag *diag;
	uint32_t *uses;	  /* by operator id: how many operators (or the plan) read it */
	uint32_t counted; /* entries of `uses`; operators made later have one reader */
	uint64_t steps;	  /* expression nodes looked at; more than a bound is refused */
	ic_status failed; /* first failure */
} ic_optimiser;

/* A copy of e in which column c is `with[c]`, an expression. NULL: out of memory or too large (o->failed). */
ic_expr *ic_expr_replace(ic_optimiser *o, const ic_expr *e, ic_expr *const *with);
/* A copy of e in which column c is column map[c]. NULL as above. */
ic_expr *ic_expr_renumber(ic_optimiser *o, const ic_expr *e, const uint32_t *map);
/* Functions whose results differ from call to call. */
bool ic_fn_differs(ic_fn_id fn);
/* Whether several operators read this one: it must give them what it gave before. */
bool ic_op_is_shared(const ic_optimiser *o, const ic_op *op);
/* Counts one more node; false: there are too many. */
bool ic_optimiser_step(ic_optimiser *o, ic_place at);

/* prune.c: drops columns that nothing reads, down to the scans. */
void ic_prune(ic_optimiser *o);
/* push.c: moves filters and takes toward the source; tells scans which rows are not needed. */
void ic_push_down(ic_optimiser *o);
void ic_push_to_scans(ic_optimiser *o);

#endif
