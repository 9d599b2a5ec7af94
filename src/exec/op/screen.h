/* SPDX-License-Identifier: Apache-2.0 */
/* A summarize whose groups are dropped behind it when their rows are few (count() >= 20) keeps all of them
 * until its input ends, most of them for nothing. A screen spares them: a run before counts the rows of each
 * key, as hashes in a fixed table, and the run itself lets only rows pass whose key may have enough. Keys that
 * share a cell are counted together, so that no row is dropped that counts: the result is the same, to the
 * byte. The input is read once more for it. Private to src/exec. */
#ifndef IC_EXEC_SCREEN_H
#define IC_EXEC_SCREEN_H

#include <stdatomic.h>

#include "exec/operator.h"

struct ic_screen {
	const ic_op *of;     /* the summarize */
	ic_op counted;	     /* the same, as far as it is looked at while rows are counted */
	const ic_agg *count; /* the aggregate that is asked of: count() or a sum */
	bool sums;
	uint8_t least;	       /* what it must come to; a smaller number than that does no harm */
	uint64_t seed, cells;  /* a power of two */
	_Atomic uint8_t *cell; /* NULL: nothing was counted */
	ic_budget *budget;
};

/* The table, all zero. IC_E_NOMEM also when the budget has no room for it. */
ic_status ic_screen_prepare(ic_screen *s);
/* The operator between the summarize and its input: counts and passes nothing on, or lets rows pass. */
ic_status ic_make_screen(ic_operator *o, ic_screen *s, bool counts, ic_diag *diag);

#endif
