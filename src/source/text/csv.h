/* SPDX-License-Identifier: Apache-2.0 */
/* CSV (RFC 4180): quotes, doubled quotes, line breaks in quotes, CRLF, BOM; also `;` and TAB between
 * the cells. The first record gives the names. Because of line breaks in quotes a CSV file cannot be
 * cut, it is read as one document. The formats differ by what a column means and how a row is
 * finished: ic_csv_ops. */
#ifndef IC_SOURCE_TEXT_CSV_H
#define IC_SOURCE_TEXT_CSV_H

#include "source/text/cells.h"

#define IC_CSV_COLUMNS 1024 /* more than that is a bad row, in the header no CSV */

typedef struct ic_csv_cell {
	const char *p; /* without the outer quotes */
	uint32_t n;
	bool doubled; /* holds "" for each quote */
} ic_csv_cell;

typedef enum ic_csv_result {
	IC_CSV_RECORD,
	IC_CSV_MORE,   /* the record does not end in this text */
	IC_CSV_BROKEN, /* no record: `cause` says why; *used ends after its first line */
} ic_csv_result;

typedef struct ic_csv_split {
	ic_csv_cell cells[IC_CSV_COLUMNS];
	uint32_t count; /* cells of the record, also those over IC_CSV_COLUMNS */
	uint32_t lines; /* line ends passed */
	size_t used;	/* bytes, the line end included */
	const char *cause;
} ic_csv_split;

/* Splits the record at the start of text. Pure. final: nothing follows. */
ic_csv_result ic_csv_split_record(const char *text, size_t n, bool final, char delimiter, ic_csv_split *ret);
/* The delimiter of a header line: the most frequent of `,` `;` TAB; 0 if it has none. */
char ic_csv_delimiter(const char *head, size_t n);
/* Whether a line, perhaps with its end, is what tells a spreadsheet the delimiter: "sep=;". */
bool ic_csv_is_separator(const char *line, size_t n);
/* Number of columns of the header (0: this is no CSV), for sniffing. Calls fn for each name. */
size_t ic_csv_each_name(const char *head, size_t n, void (*fn)(void *ctx, ic_str name), void *ctx);

/* What a column means. */
enum { IC_CSV_URL = IC_FIELD_COUNT, IC_CSV_ACTION_TYPE, IC_CSV_ADDITIONAL, IC_CSV_LEVEL, IC_CSV_NOTHING };
typedef struct ic_csv_column {
	int target; /* ic_field or one of the above */
	int rank;   /* of several columns with one target the lowest rank is used, then the first */
	int64_t unit_ticks;
} ic_csv_column;

/* Cells that are no field but decide what a row means. */
typedef struct ic_csv_extra {
	ic_str url, action_type, additional, level;
} ic_csv_extra;

typedef struct ic_csv_ops {
	ic_csv_column (*column)(const ic_field_map *map, ic_str name);
	/* Before ic_cells_end. False: bad row, cause is filled. */
	bool (*finish)(ic_cells *c, const ic_csv_extra *x);
	unsigned streams;  /* that its rows can have */
	const char *nulls; /* cells that mean null besides the empty one, '|'-separated; NULL: none */
} ic_csv_ops;

/* The members of an ic_source_kind that all CSV kinds share. */
const ic_layout *ic_csv_layout(const ic_csv_ops *ops, const ic_reader_config *cfg, const char *head, size_t n,
			       bool *nomem);
void ic_csv_peek(const ic_layout *layout, const char *head, size_t n, unsigned *streams, int64_t *first);
ic_reader *ic_csv_begin(const ic_reader_config *cfg, const ic_layout *layout);
ic_status ic_csv_parse(ic_reader *r, const char *text, size_t n, size_t *at, bool final, ic_batch *b,
		       ic_row_counts *c);
bool ic_csv_layout_equal(const ic_layout *a, const ic_layout *b);
void ic_csv_layout_free(const ic_layout *l);
void ic_csv_end(ic_reader *r);

#endif
