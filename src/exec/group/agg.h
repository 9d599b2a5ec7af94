/* SPDX-License-Identifier: Apache-2.0 */
/* What the aggregates of agg_*.c share. Private to them and to summarize. */
#ifndef IC_EXEC_AGG_H
#define IC_EXEC_AGG_H

#include "exec/eval/kernel.h"

/* The argument that is the condition of this aggregate, -1: it has none. */
static inline int ic_agg_condition(ic_agg_id fn)
{
	switch (fn) {
	case IC_AGG_COUNTIF: return 0;
	case IC_AGG_SUMIF:
	case IC_AGG_AVGIF:
	case IC_AGG_MINIF:
	case IC_AGG_MAXIF:
	case IC_AGG_DCOUNTIF:
	case IC_AGG_HLL_IF:
	case IC_AGG_COUNT_DISTINCTIF:
	case IC_AGG_MAKE_LIST_IF:
	case IC_AGG_MAKE_SET_IF:
	case IC_AGG_MAKE_BAG_IF:
	case IC_AGG_TAKE_ANYIF:
	case IC_AGG_STDEVIF:
	case IC_AGG_STDEVPIF:
	case IC_AGG_VARIANCEIF:
	case IC_AGG_VARIANCEPIF: return 1;
	case IC_AGG_COVARIANCEIF:
	case IC_AGG_COVARIANCEPIF: return 2;
	default: return -1;
	}
}

static inline bool ic_agg_wanted(const ic_agg *agg, const ic_value *arg)
{
	int condition = ic_agg_condition(agg->fn);
	return condition < 0 || (!arg[condition].null && arg[condition].b);
}

static inline void ic_agg_nomem(ic_agg_ctx *c)
{
	c->failed = IC_E_NOMEM;
}

static inline void ic_agg_limit(ic_agg_ctx *c, const char *cause)
{
	c->failed = IC_E_LIMIT;
	c->cause = cause;
}

/* A value that lasts as long as the group. All zero: none yet. */
typedef struct ic_kept {
	ic_value v;
	uint32_t room; /* bytes at v.s.p that are ours */
	bool set;
} ic_kept;
/* Replaces what is kept by a copy of v. */
void ic_agg_keep(ic_agg_ctx *c, ic_kept *k, const ic_value *v);
/* As the language orders them: in KQL addresses are text. Neither is null. */
int ic_agg_order(const ic_agg_ctx *c, const ic_value *a, const ic_value *b);
/* A number, or text that reads as one; false: it is none. */
bool ic_agg_number(const ic_value *v, double *ret);

/* A list that grows in blocks, so that nothing is copied and given up. */
typedef struct ic_agg_block ic_agg_block;
typedef struct ic_agg_list {
	ic_agg_block *first, *last;
	uint64_t n;
} ic_agg_list;
/* Room for one more item of that size (the same for all). NULL: c->failed is set. */
void *ic_agg_list_add(ic_agg_ctx *c, ic_agg_list *l, size_t size);
/* All of them side by side in c->arena. NULL: c->failed is set, or there is none. */
void *ic_agg_list_all(ic_agg_ctx *c, const ic_agg_list *l, size_t size);

extern const ic_agg_kernel ic_agg_count, ic_agg_sum, ic_agg_avg, ic_agg_least, ic_agg_bits, ic_agg_aql_sum;
extern const ic_agg_kernel ic_agg_spread, ic_agg_covariance, ic_agg_percentile;
extern const ic_agg_kernel ic_agg_distinct, ic_agg_set, ic_agg_collect, ic_agg_bag;
extern const ic_agg_kernel ic_agg_arg, ic_agg_any;
extern const ic_agg_kernel ic_agg_hashes, ic_agg_digest, ic_agg_shape;

#endif
