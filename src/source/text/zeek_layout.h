/* SPDX-License-Identifier: Apache-2.0 */
/* What the header lines of a Zeek log in TSV say. A layout is also the state between header lines,
 * so that a file may be cut anywhere between two lines. */
#ifndef IC_SOURCE_TEXT_ZEEK_LAYOUT_H
#define IC_SOURCE_TEXT_ZEEK_LAYOUT_H

#include "source/text/reader.h"

#define IC_ZEEK_WORD 16 /* longest marker for unset and empty fields */

typedef struct ic_zeek_layout {
	ic_layout base;
	ic_stream stream; /* IC_STREAM_NONE: a log that ictus does not use */
	bool open;	  /* open_conn and its like: connections that have not ended */
	bool path_known;  /* the path is the name of a log in use */
	ic_stream shape;  /* the stream that the columns look like */
	char sep;
	uint8_t unset_n, empty_n;
	char unset[IC_ZEEK_WORD], empty[IC_ZEEK_WORD];
	uint32_t columns; /* cells of a row; 0: no #fields line yet */
	uint32_t extra;	  /* more cells that rows may have: names glued to the last one by blanks */
	int32_t col[IC_FIELD_COUNT]; /* by name alone, -1: none; a stream need not have the field */
} ic_zeek_layout;

/* The logs that ictus uses, by the name that #path or _path gives. NULL: another log. */
typedef struct ic_zeek_log {
	ic_str path;
	ic_stream stream;
	bool open; /* connections that have not ended */
} ic_zeek_log;
const ic_zeek_log *ic_zeek_log_find(ic_str path);

void ic_zeek_layout_init(ic_zeek_layout *l);
/* Takes in one line that starts with '#'; unknown ones change nothing. No newline at its end. */
void ic_zeek_layout_line(ic_zeek_layout *l, const char *line, size_t n);
/* All header lines before the first row of head. Without #fields the columns of conn are assumed,
 * unless the header names another log. Returns the offset of the first row, or n. */
size_t ic_zeek_layout_head(ic_zeek_layout *l, const char *head, size_t n);
bool ic_zeek_layout_equal(const ic_zeek_layout *a, const ic_zeek_layout *b);
/* The column of a field in rows of this layout's stream, or -1. */
int32_t ic_zeek_layout_column(const ic_zeek_layout *l, ic_field f);
/* The cell of a column in a line of n bytes; the last one if there are not so many. */
ic_str ic_zeek_cell(const ic_zeek_layout *l, const char *line, size_t n, uint32_t column);
/* True for '#', also after a byte order mark; *skip is the length of that mark. */
bool ic_zeek_is_header(const char *line, size_t n, size_t *skip);

#endif
