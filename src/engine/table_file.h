/* SPDX-License-Identifier: Apache-2.0 */
/* Files as tables: NDJSON, CSV, typed JSON. Private to src/engine.
 *
 * A file is looked at once (kind, columns, types) and then read in units. Records are slices of the text,
 * cells slices of the record; a cell becomes a value of its column's type or null, and is then counted. */
#ifndef IC_ENGINE_TABLE_FILE_H
#define IC_ENGINE_TABLE_FILE_H

#include "base/arena.h"
#include "plan/plan.h"
#include "source/text/csv.h"
#include "source/unpack.h"

enum {
	IC_TABLE_RECORD = IC_VALUE_BYTES, /* bytes of one record */
	IC_TABLE_UNIT = 4 << 20,	  /* bytes of a part of a file that is cut */
};

typedef enum ic_table_kind {
	IC_TABLE_EMPTY,
	IC_TABLE_NDJSON,
	IC_TABLE_ARRAY, /* one JSON array of objects */
	IC_TABLE_TYPED, /* {"columns":[...],"rows":[...]} */
	IC_TABLE_CSV,
	IC_TABLE_LINES, /* each line is the one column */
} ic_table_kind;

/* Where a text lacks something, which its damaged file could not give: it is in n + 1 parts. */
typedef struct ic_table_gaps {
	size_t *at; /* the ends of all parts but the last, which may be empty */
	unsigned n;
	ic_error why;	 /* of the first */
	ic_error passed; /* the same with the bytes of the file that were left out */
} ic_table_gaps;

typedef struct ic_table_file {
	char *path;
	ic_table_kind kind;
	ic_pack pack;
	bool header;	/* CSV: the first record gives the names */
	char delimiter; /* CSV */
	uint64_t size;	/* of the file; 0 for a pipe */
	uint64_t device, inode;
	char *text; /* all of it where it cannot be read again or cut: pipes, typed JSON, arrays */
	size_t text_n;
	ic_table_gaps gaps; /* in it */
	size_t rows_at;	    /* typed JSON, array: the first row */
	ic_schema schema;
	bool quiet;    /* its report was given */
	bool by_place; /* as asked for */
	ic_schema asked;
	struct ic_table_file *next;
	/* CSV: the column of each cell, -1: of none */
	int32_t *cell_column;
	uint32_t cells;
	ic_arena arena; /* schema */
	ic_budget *budget;
} ic_table_file;

/* Looks at the file. schema n = 0: names and types are found out. by_place: CSV may lack a header, cells
 * are those of the schema in turn. *ret NULL with IC_OK: there is no such file. */
ic_status ic_table_file_open(const char *path, const ic_schema *schema, bool by_place, ic_budget *budget,
			     ic_table_file **ret, ic_error *err);
void ic_table_file_close(ic_table_file *f); /* NULL allowed */
/* Whether f is what ic_table_file_open would give. */
bool ic_table_file_is(const ic_table_file *f, const char *path, const ic_schema *schema, bool by_place);
/* Reads {"columns":[{"name","type"}...]}. The schema lies in the arena. */
ic_status ic_table_schema_read(const char *path, ic_arena *a, ic_schema *ret, ic_error *err);
/* All of a file; more than `most` bytes is IC_E_LIMIT. The text has a 0 behind it and is the caller's. */
ic_status ic_table_text_read(const char *path, size_t most, char **ret, size_t *n, ic_error *err);

/* ---- records (table_records.c) ----------------------------------------------------------- */

typedef struct ic_records {
	const ic_table_file *file;
	int fd;
	ic_unpack *unpack; /* NULL: text or plain */
	uint64_t at, end;  /* of the file: what is still to be read; plain */
	uint64_t stop;	   /* offset behind which no record may start; plain NDJSON in parts */
	char *p;	   /* the buffer; not owned when it is the file's text */
	size_t room, n, next;
	uint64_t base; /* offset in the file of p[0] */
	bool owned, drained, skip_first, done;
	bool gap;	 /* what stands behind the text is not its continuation: a member is damaged */
	bool damaged;	 /* not all was there to be read; why says what was wrong first */
	bool beheaded;	 /* a gap came before the first record */
	unsigned places; /* that are damaged */
	unsigned part;	 /* of a text with gaps */
	ic_error why;
	uint64_t number; /* records given so far */
	uint64_t too_long, broken;
	ic_csv_split *split; /* CSV: the cells of the record just given */
} ic_records;

/* part: of IC_TABLE_UNIT bytes, for files that can be cut; else 0. */
ic_status ic_records_begin(ic_records *r, const ic_table_file *f, uint64_t part, ic_error *err);
bool ic_table_can_cut(const ic_table_file *f);
/* The next record: true with *ret. False: *more says whether ic_records_fill gives more. Slices hold until
 * ic_records_fill. */
bool ic_records_next(ic_records *r, ic_str *ret, bool *more);
/* Reads on; what lies before is gone. */
ic_status ic_records_fill(ic_records *r, ic_error *err);
void ic_records_end(ic_records *r);

static inline size_t ic_json_blanks(const char *p, size_t n, size_t at)
{
	/* mostly there are none */
	while (at < n && (uint8_t)p[at] <= ' ' &&
	       (p[at] == ' ' || p[at] == '\t' || p[at] == '\n' || p[at] == '\r'))
		at++;
	return at;
}
/* Members of the object in `text` in turn: *at starts at 0. False at the end; *bad if it is no object. */
bool ic_record_member(ic_str text, size_t *at, ic_str *name, ic_str *value, bool *bad);
/* The same in two steps, *at being where the value starts in between; who reads the value moves *at behind
 * it. likely: a name without escapes that is no surprise here, {NULL, 0} for none. It is not searched for, and
 * *name is it. */
bool ic_record_name(ic_str text, size_t *at, ic_str likely, ic_str *name, bool *bad);
bool ic_record_value(ic_str text, size_t *at, ic_str *value, bool *bad);
bool ic_record_element(ic_str text, size_t *at, ic_str *value, bool *bad);

/* ---- cells (table_cell.c) ------------------------------------------------------------------ */

/* The value of JSON text. fits false: it is none of that type, the value is null. */
ic_value ic_cell_of_json(ic_arena *a, ic_qtype type, ic_str json, bool *fits);
/* The value of a CSV cell; doubled: it holds "" for each quote. */
ic_value ic_cell_of_csv(ic_arena *a, ic_qtype type, ic_str cell, bool doubled, bool *fits);

/* What the values of a column have been so far, for its type. */
enum {
	IC_SEEN_WHOLE = 1,
	IC_SEEN_NUMBER = 2,
	IC_SEEN_BOOL = 4,
	IC_SEEN_TIME = 8,
	IC_SEEN_TEXT = 16,
	IC_SEEN_NESTED = 32,
};
unsigned ic_cell_seen_json(ic_arena *a, ic_str json);
unsigned ic_cell_seen_csv(ic_arena *a, ic_str cell, bool doubled);
ic_qtype ic_cell_type(unsigned seen);

#endif
