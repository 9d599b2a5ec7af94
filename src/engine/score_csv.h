/* SPDX-License-Identifier: Apache-2.0 */
/* The input of `ictus score`: CSV with the columns key, time and bytes. Pure: text in, rows out.
 * Private to src/engine, its tests and its fuzz harness. */
#ifndef IC_ENGINE_SCORE_CSV_H
#define IC_ENGINE_SCORE_CSV_H

#include "base/buf.h"
#include "source/text/csv.h"

/* Where the columns are. */
typedef struct ic_score_columns {
	uint32_t count, key, time, bytes;
	bool has_bytes;
} ic_score_columns;

typedef struct ic_score_row {
	ic_str key; /* in the record, or in the scratch buffer when it held doubled quotes */
	int64_t ticks;
	int64_t bytes; /* IC_SIZE_UNKNOWN: the cell is empty */
} ic_score_row;

/* What is wrong with a record. */
typedef struct ic_score_fault {
	const char *cell; /* start of the cell, NULL: the record as a whole */
	const char *cause;
	bool nomem;
} ic_score_fault;

/* false: the record is no such header; *cause says why. `bytes` may be missing. */
bool ic_score_header(const ic_csv_split *record, ic_score_columns *ret, const char **cause);
/* false: a bad row. scratch: borrowed for the key; reset here. */
bool ic_score_record(const ic_csv_split *record, const ic_score_columns *columns, ic_buf *scratch,
		     ic_score_row *ret, ic_score_fault *fault);
/* An empty line: neither a row nor bad. */
bool ic_score_blank(const ic_csv_split *record);

#endif
