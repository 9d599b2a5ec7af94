/* SPDX-License-Identifier: Apache-2.0 */
/* A join whose kept side needs more memory than there is. Private to join.c.
 *
 * The rows of both sides go to a file, by partitions of their keys' hashes and with their numbers. Then one
 * partition after the other is joined as if it were all there is: its kept rows are read back and looked up by its
 * left rows, in their order. The rows that this makes, with the number of the left row (or, of a kept row that is
 * left over, its own, which is larger), are a sorted run in the file. The runs are merged, which gives the rows in
 * the order in which they come where memory is enough. */
#ifndef IC_EXEC_JOIN_SPILL_H
#define IC_EXEC_JOIN_SPILL_H

#include "exec/op/join_side.h"
#include "exec/operator.h"

typedef struct ic_join_spill ic_join_spill;

/* The side has places (ic_join_spec). *ret is to be freed also after a failure. */
ic_status ic_join_spill_new(const ic_operator *o, ic_join_side *side, _Atomic uint64_t *bytes,
			    ic_join_spill **ret, ic_error *err);
void ic_join_spill_free(ic_join_spill *s); /* NULL allowed */

/* The side's rows go to the file. */
ic_status ic_join_spill_kept(ic_join_spill *s, ic_error *err);
/* Rows of the left side, in order; `key`: their keys. */
ic_status ic_join_spill_left(ic_join_spill *s, ic_arena *scratch, ic_vector *key, const ic_chunk *c,
			     ic_error *err);
/* All rows of both sides have come. */
ic_status ic_join_spill_end(ic_join_spill *s, ic_error *err);

/* Then, of each partition: its kept rows are in the side, which is built; */
ic_status ic_join_spill_load(ic_join_spill *s, unsigned part, ic_error *err);
/* its left rows come page by page, with a last column of their places; no rows: that was all; */
ic_status ic_join_spill_next(ic_join_spill *s, unsigned part, ic_arena *a, ic_chunk *ret, ic_error *err);
/* and the rows that are made of them go to the file, the place as a last column. */
ic_status ic_join_spill_made(ic_join_spill *s, unsigned part, const ic_vector *col, uint32_t rows,
			     ic_error *err);
/* Passes on all that was made. */
ic_status ic_join_spill_pass(ic_join_spill *s, ic_operator *o, const ic_worker *w);

#endif
