/* SPDX-License-Identifier: Apache-2.0 */
/* Which row comes before which, and sorted runs of rows. Private to sort*.c.
 *
 * Rows lie in packed pages, the keys that are no columns and the row's number in the input with them. A
 * place is a number that says most about the first key; only where places are equal are keys read. */
#ifndef IC_EXEC_SORT_ORDER_H
#define IC_EXEC_SORT_ORDER_H

#include "exec/operator.h"
#include "exec/rows/spill.h"
#include "exec/rows/store.h"

typedef struct ic_sort_by {
	uint32_t column; /* of the rows kept */
	ic_qtype type;
	bool descending, nulls_first;
	bool has_nulls; /* KQL's text has none */
} ic_sort_by;

typedef struct ic_sort_order {
	ic_sort_by *key;
	uint32_t keys;
	uint32_t number; /* column: the row's number in the input, a long */
	uint32_t told;	 /* keys that class and prefix decide alone: none or the first one */
} ic_sort_order;

/* Where a row goes by its first key: class, then prefix. */
typedef struct ic_sort_place {
	uint64_t prefix;
	uint32_t row; /* of the store */
	uint8_t class;
} ic_sort_place;

ic_sort_place ic_sort_place_of(const ic_sort_by *k, const ic_value *v, uint32_t row);
/* Whether prefixes of this type tell all values apart. */
bool ic_sort_is_exact(ic_qtype t);

typedef struct ic_sort_row {
	const ic_page *page;
	uint32_t at;
	ic_sort_place place;
} ic_sort_row;
ic_sort_place ic_sort_row_place(const ic_sort_by *k, const ic_page *page, uint32_t at, uint32_t row);
bool ic_sort_before(const ic_sort_order *o, const ic_sort_row *b, const ic_sort_row *a);

/* The places of all rows of a store, sorted. *ret, to be freed, holds as many as there are rows; `bytes` is
 * what the budget was asked for, for the caller to give back. */
ic_status ic_sort_places(const ic_sort_order *o, const ic_store *s, ic_budget *budget, ic_sort_place **ret,
			 uint64_t *bytes);

/* ---- runs (sort_merge.c) ------------------------------------------------------------------- */

/* Rows in order: of a store, or pages of a file. */
typedef struct ic_sort_run {
	const ic_store *store; /* NULL: of the file */
	ic_sort_place *places;
	uint64_t n, taken; /* budget: bytes of places */
	ic_spill_list spilled;
	/* while it is merged */
	uint64_t at;
	uint32_t next;
	ic_page *page;
	ic_sort_row head;
} ic_sort_run;
void ic_sort_run_clear(ic_sort_run *r, ic_budget *budget);

typedef struct ic_sort_merge {
	const ic_sort_order *order;
	ic_spill *file;
	ic_budget *budget;
	const ic_qtype *type; /* of all columns */
	bool null_texts;
	uint32_t columns; /* that are handed out, the first ones */
	uint32_t rows;	  /* handed out at once, at most */
	ic_error *err;
	/* Gets the rows in order; the arena is reset after each call. */
	ic_status (*take)(void *ctx, ic_arena *a, const ic_vector *col, uint32_t rows);
	void *ctx;
} ic_sort_merge;
/* The first `most` rows of the runs together. */
ic_status ic_sort_runs(const ic_sort_merge *m, ic_sort_run *run, uint32_t n, uint64_t most);

/* Runs are made by one thread each, in m->file, which is open; m->take and m->ctx are not looked at. `maker`:
 * a store of the same columns, for its way to make pages. */
/* Rows more of a run, in pages that leave room for one of each of 256 runs. *page_rows, at first any number, is what
 * such a page had of late. */
ic_status ic_sort_write(const ic_sort_merge *m, ic_store *maker, const ic_vector *col, uint32_t rows,
			ic_sort_run *run, uint32_t *page_rows);
/* Merges n runs into one, and frees them. */
ic_status ic_sort_to_file(const ic_sort_merge *m, ic_store *maker, ic_sort_run *run, uint32_t n,
			  uint64_t most, ic_sort_run *ret);
/* The first `most` rows of the runs as those that `o` passes on; m->take and m->ctx are not looked at. */
ic_status ic_sort_pass(const ic_sort_merge *m, ic_store *maker, ic_sort_run *run, uint32_t n, uint64_t most,
		       ic_operator *o, const ic_worker *w);

#endif
