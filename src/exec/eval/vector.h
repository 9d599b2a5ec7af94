/* SPDX-License-Identifier: Apache-2.0 */
/* What vector forms have in common: null bits of arguments and results. Private to src/exec. */
#ifndef IC_EXEC_VECTOR_H
#define IC_EXEC_VECTOR_H

#include "exec/eval/kernel.h"

/* 64 null bits; the last word may have bits past the rows. */
static inline uint64_t ic_null_word(const ic_vector *v, uint32_t word)
{
	if (!v->nulls)
		return 0;
	return v->constant ? -(v->nulls[0] & 1) : v->nulls[word];
}
static inline bool ic_vector_is_ints(const ic_vector *v)
{
	return v->type == IC_Q_INT || v->type == IC_Q_LONG || v->type == IC_Q_DATETIME ||
	       v->type == IC_Q_TIMESPAN;
}
static inline bool ic_call_is_kql(const ic_call *c)
{
	return c->plan->language != IC_FN_AQL;
}
/* Makes the result vector of a call. false: no memory, c->failed says so. */
static inline bool ic_call_out(ic_call *c, ic_vector_out *o, uint32_t rows)
{
	if (ic_vector_make(o, c->arena, c->expr->type, rows))
		return true;
	c->failed = IC_E_NOMEM;
	return false;
}
/* Marks the rows that are null in any of n arguments (besides those marked already), zeroes the bytes of
 * all nulls and hands the vector over. */
void ic_call_done(ic_vector_out *o, const ic_vector *arg, uint32_t n, uint32_t rows, ic_vector *ret);
/* Rows of a row form, for a vector form that has no better way. */
void ic_call_rows(ic_call *c, const ic_vector *arg, uint32_t rows, ic_row_fn row, ic_vector *ret);
/* Reals from ints, longs, decimals; reals stay. false: c->failed. */
bool ic_call_reals(ic_call *c, ic_vector *v, uint32_t rows);

#endif
