/* SPDX-License-Identifier: Apache-2.0 */
/* Reports: findings and events to text. The facade of src/report. */
#ifndef IC_REPORT_REPORT_H
#define IC_REPORT_REPORT_H

#include "base/buf.h"
#include "detect/detect.h"
#include "exec/rows/chunk.h"
#include "table/batch.h"

/* ---- findings: table, ndjson, json, csv ------------------------------------------ */

typedef struct ic_finding_format {
	const char *name, *help;
	ic_status (*write)(const ic_findings *f, const ic_output *out, ic_error *err);
} ic_finding_format;
extern const ic_finding_format ic_finding_formats[];		   /* ends with name NULL */
const ic_finding_format *ic_finding_format_find(const char *name); /* NULL if unknown */

/* One finding with every number, weight and threshold, the interval histogram and a day raster. */
ic_status ic_explain_write(const ic_finding *f, const ic_output *out, ic_error *err);

/* ---- events: what `convert` and `simulate` write ---------------------------------- */

typedef struct ic_event_writer ic_event_writer;
typedef struct ic_event_format {
	const char *name, *help;
	bool convert;	       /* offered by `convert`; the others only by `simulate` */
	const char *file_name; /* simulate: "%s.log" with the stream's name, or one file such as "eve.json" */
	const struct ic_event_ops *ops; /* private to src/report */
} ic_event_format;
extern const ic_event_format ic_event_formats[]; /* ends with name NULL */

typedef struct ic_event_writer_config {
	const char *format;	/* a name of ic_event_formats */
	const ic_field *fields; /* columns in order */
	size_t field_count;
	ic_stream stream; /* zeek-*: which log; IC_STREAM_NONE: all events in one table */
	bool picked;	  /* fields were chosen by the user: zeek formats then print just these */
} ic_event_writer_config;
/* NULL with *err set: unknown format or out of memory. */
ic_event_writer *ic_event_writer_new(const ic_event_writer_config *cfg, const ic_output *out, ic_error *err);
/* Appends the rows of b whose stream is in `streams` (IC_STREAM_BITs). path and first_line serve
 * source_file and source_line. */
ic_status ic_event_write(ic_event_writer *w, const ic_batch *b, unsigned streams, const char *path,
			 uint64_t first_line);
/* Header if nothing was written yet, trailer, flush. */
ic_status ic_event_writer_end(ic_event_writer *w);
void ic_event_writer_free(ic_event_writer *w);
/* The text of rows, without I/O: for converting in parallel and writing in order. */
void ic_event_format_rows(const ic_event_writer *w, const ic_batch *b, unsigned streams, const char *path,
			  uint64_t first_line, ic_buf *to);

/* ---- rows of a query -------------------------------------------------------------- */

typedef struct ic_rows_writer ic_rows_writer;
typedef struct ic_rows_format {
	const char *name, *help;
	const struct ic_rows_ops *ops; /* private to src/report */
} ic_rows_format;
extern const ic_rows_format ic_rows_formats[]; /* ends with name NULL */

/* NULL with *err set: unknown format or out of memory. The schema is borrowed. */
ic_rows_writer *ic_rows_writer_new(const char *format, const ic_schema *schema, const ic_output *out,
				   ic_error *err);
/* json keeps its text until ic_rows_end, so that only complete answers are printed; the others go out as
 * they come. IC_E_LIMIT: that text is over 1 GiB. */
ic_status ic_rows_write(ic_rows_writer *w, const ic_chunk *c);
/* The same in two steps, for rows that are formed before their order is known: what ic_rows_put takes of a row, behind
 * what is in `to`. By any thread with a scratch and a buffer of its own; to->failed: out of memory. */
void ic_rows_form(const ic_rows_writer *w, const ic_value *row, ic_arena *scratch, ic_buf *to);
ic_status ic_rows_put(ic_rows_writer *w, const char *formed, size_t n);
ic_status ic_rows_end(ic_rows_writer *w, ic_error *err);
void ic_rows_writer_free(ic_rows_writer *w); /* NULL allowed */

#endif
