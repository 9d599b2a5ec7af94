/* SPDX-License-Identifier: Apache-2.0 */
/* Rows of a query to text. Private to src/report. */
#ifndef IC_REPORT_ROWS_H
#define IC_REPORT_ROWS_H

#include "report/private.h"

struct ic_rows_writer {
	const struct ic_rows_ops *ops;
	const ic_schema *schema;
	const ic_output *out;
	ic_buf text;
	ic_arena arena; /* of one row */
	ic_buf formed;	/* the row at hand, of formats that put */
	uint64_t rows;
	void *state;  /* of the format */
	ic_buf names; /* of NDJSON: what stands before each value, each with a NUL behind it */
};

typedef struct ic_rows_ops {
	ic_status (*begin)(ic_rows_writer *w);
	/* As ic_rows_form. */
	void (*form)(const ic_rows_writer *w, const ic_value *row, ic_arena *scratch, ic_buf *to);
	/* The next row, as it was formed. NULL: that text is the row. */
	ic_status (*put)(ic_rows_writer *w, const char *formed, size_t n);
	ic_status (*end)(ic_rows_writer *w);
	void (*free)(ic_rows_writer *w);
	const char *before_first, *before_next; /* between rows; NULL: nothing */
	bool whole;				/* nothing is sent before the end */
} ic_rows_ops;

/* A value as plain text; a null gives nothing. .p NULL: out of memory. */
ic_str ic_rows_text(ic_arena *scratch, const ic_value *v);

extern const ic_rows_ops ic_rows_table; /* rows_table.c */

#endif
