/* SPDX-License-Identifier: Apache-2.0 */
/* Inside src/report: what the event formats share. A format is an ic_event_ops; the names of its
 * columns come from the field catalogue. */
#ifndef IC_REPORT_EVENTS_H
#define IC_REPORT_EVENTS_H

#include "base/ip.h"
#include "report/private.h"

typedef struct ic_event_column {
	ic_field field;
	const char *name; /* as the format spells it */
	ic_str key;	  /* NDJSON: what stands before the value, such as ,"src_ip": */
} ic_event_column;

struct ic_event_writer {
	const ic_event_format *format;
	ic_output out;
	ic_stream stream;
	bool picked;
	ic_event_column column[IC_FIELD_COUNT];
	size_t columns;
	ic_arena arena; /* names and keys */
	ic_buf text;
	bool begun;
	uint64_t rows;
};

typedef struct ic_event_row {
	const ic_batch *b;
	uint32_t row;
	const char *path;
	uint64_t first_line;
} ic_event_row;

/* A value of a row; which member is set follows from the type of the field. */
typedef struct ic_event_value {
	ic_type type;
	union {
		bool b;
		int64_t i; /* IC_T_LONG, IC_T_TIME */
		double d;
		const ic_ip *ip;
		ic_str s;
	};
} ic_event_value;

typedef struct ic_event_ops {
	/* Fills w->column. NULL: the fields asked for, under their canonical names. */
	ic_status (*plan)(ic_event_writer *w, const ic_field *fields, size_t n);
	void (*header)(const ic_event_writer *w, ic_buf *to); /* NULL: none */
	void (*row)(const ic_event_writer *w, const ic_event_row *r, ic_buf *to);
	const char *between; /* before every row but the first */
	const char *trailer;
	unsigned streams;		     /* IC_STREAM_BITs that the format can express; 0: all */
	bool (*skip)(const ic_event_row *r); /* rows of these streams that it has no event for; NULL: none */
} ic_event_ops;

extern const ic_event_ops ic_event_zeek_tsv, ic_event_zeek_json;
extern const ic_event_ops ic_event_eve, ic_event_defender_csv, ic_event_defender_json;
extern const ic_event_ops ic_event_qradar_csv, ic_event_qradar_json;

/* False: null. */
bool ic_event_get(const ic_event_row *r, ic_field f, ic_event_value *ret);
ic_str ic_event_get_str(const ic_event_row *r, ic_field f); /* {NULL, 0} if null or not text */

/* Values as the canonical formats write them. */
void ic_event_put_json(ic_buf *to, const ic_event_value *v);
void ic_event_put_csv(ic_buf *to, const ic_event_value *v);
void ic_event_put_ip(ic_buf *to, const ic_ip *ip);

/* Adds a column and makes its NDJSON key (the first one opens the object). IC_E_NOMEM. */
ic_status ic_event_column_add(ic_event_writer *w, ic_field f, const char *name);
/* The first of the alternatives in a catalogue entry, in the writer's arena; NULL: out of memory. */
const char *ic_event_first_name(ic_event_writer *w, const char *alternatives);
/* A CSV header line of the columns. */
void ic_event_csv_header(const ic_event_writer *w, ic_buf *to);

#endif
