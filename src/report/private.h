/* SPDX-License-Identifier: Apache-2.0 */
/* Shared inside src/report: sending text, and laying it out for a terminal. */
#ifndef IC_REPORT_PRIVATE_H
#define IC_REPORT_PRIVATE_H

#include "report/report.h"

/* Writes the buffer to the output and empties it. IC_E_NOMEM if an append to it had failed. */
ic_status ic_report_send(const ic_output *out, ic_buf *b, ic_error *err);
/* 16 hex digits. */
void ic_report_id(ic_buf *b, uint64_t id);

/* table.c: the writer for people among ic_finding_formats. */
ic_status ic_findings_table(const ic_findings *f, const ic_output *out, ic_error *err);

/* ---- pen: text in columns --------------------------------------------------------- */

typedef enum ic_style {
	IC_PLAIN,
	IC_BOLD,
	IC_DIM,
	IC_RED,
	IC_YELLOW,
	IC_GREEN,
	IC_CYAN,
	IC_ALARM, /* for the word "critical" */
} ic_style;

/* Writes pieces of text into lines of at most `columns`. A piece that does not fit on the line goes
 * to the next, under `indent`; a piece longer than a line is broken at blanks, else anywhere. */
typedef struct ic_pen {
	ic_buf *to;
	ic_buf scratch; /* the piece, made safe */
	unsigned columns, indent, at;
	bool color;
	bool gap; /* a blank is due before the next piece on this line */
} ic_pen;

void ic_pen_init(ic_pen *p, ic_buf *to, const ic_output *out);
void ic_pen_clear(ic_pen *p);
/* Ends the line if one is begun. */
void ic_pen_end(ic_pen *p);
/* Ends the line and begins one at column `indent`, which later lines of the paragraph share. */
void ic_pen_line(ic_pen *p, unsigned indent);
/* One piece, after a blank unless it is the first of its line. Unsafe bytes are escaped. */
void ic_pen_str(ic_pen *p, ic_style style, ic_str text);
void ic_pen_text(ic_pen *p, ic_style style, const char *text);
/* One that was put together; what lacks memory for that makes the output fail. */
void ic_pen_buf(ic_pen *p, ic_style style, const ic_buf *b);
/* As ic_pen_text. The text is cut to 1,023 bytes: for numbers and fixed words, not for values. */
void ic_pen_printf(ic_pen *p, ic_style style, const char *fmt, ...) __attribute__((format(printf, 3, 4)));
/* The next piece follows without a blank. */
static inline void ic_pen_join(ic_pen *p)
{
	p->gap = false;
}
/* Moves to column `column` of the current line if it is not there yet. */
void ic_pen_tab(ic_pen *p, unsigned column);

/* Shared by table and explain. */
ic_style ic_report_level_style(ic_level level);
/* "192.168.1.115 (HOST, process) → name (address):port" as pieces. */
void ic_report_path(ic_pen *p, const ic_finding *f);
/* A value whose length others chose, cut with "..." where it is longer than a person would read. */
void ic_report_value(ic_buf *b, ic_str s);
/* "· every 5 min 3 s, jitter 33 %"; false, and an empty buffer, when no period is known. */
bool ic_report_period(ic_buf *b, const ic_finding *f);
/* True for the parts of the automation: their contributions are points of the scorer, not nats. */
bool ic_report_is_part(const ic_reason *r);
/* "1,234,567" */
void ic_report_count(ic_buf *b, uint64_t v);
/* "1.5 MB" (decimal units); "?" for negative. */
void ic_report_bytes(ic_buf *b, int64_t v);
/* A span of seconds for people. */
void ic_report_span(ic_buf *b, double seconds);

#endif
