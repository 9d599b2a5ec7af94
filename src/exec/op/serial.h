/* SPDX-License-Identifier: Apache-2.0 */
/* The SERIAL functions (prev, next, row_number, row_cumsum...): one call over all rows in order. Private
 * to src/exec; serial.c evaluates their arguments. */
#ifndef IC_EXEC_SERIAL_H
#define IC_EXEC_SERIAL_H

#include "exec/eval/kernel.h"
#include "exec/rows/rows.h"

enum { IC_SERIAL_REACH = 4096 }; /* rows that prev keeps; farther back the whole input is kept */

/* A call and where it stands. */
typedef struct ic_serial {
	ic_fn_id fn;
	ic_qtype type;
	int64_t number;		  /* offset, or the first row number */
	int64_t longest, gap;	  /* row_window_session */
	ic_value fallback;	  /* of prev and next */
	ic_expr *value, *restart; /* to be evaluated; NULL: there is none */
	bool whole;		  /* all values must be known first: next, far prev */
	struct ic_rowset *rows;	  /* then they are here */

	bool begun; /* a row was seen since the start or the last restart */
	int64_t count, rank;
	ic_value sum, first, last; /* last: the value of the row before; in `kept` */
	ic_value *tail;		   /* prev: the last `number` values, oldest first */
	uint32_t tail_n;
	ic_arena kept[2]; /* of last and tail, in turn */
	unsigned turn;
} ic_serial;

/* Reads the constants of the call; an argument that should be one and is not is a diag. */
ic_status ic_serial_init(ic_serial *s, ic_plan *p, const ic_expr *call, ic_budget *budget, ic_diag *diag);
void ic_serial_clear(ic_serial *s);
/* The results for the rows first..first+n-1; value and restart are NULL where the call has none. Rows
 * come in order, unless `whole`: then s->rows holds the values of all rows. false: out of memory. */
bool ic_serial_step(ic_serial *s, const ic_vector *value, const ic_vector *restart, uint64_t first,
		    uint32_t n, ic_arena *arena, ic_vector *ret);

#endif
