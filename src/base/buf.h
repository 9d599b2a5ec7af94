/* SPDX-License-Identifier: Apache-2.0 */
/* Byte buffer that grows up to a cap. A failed append sets `failed` and later appends do nothing,
 * so that a writer checks once at the end. */
#ifndef IC_BASE_BUF_H
#define IC_BASE_BUF_H

#include "base/str.h"

typedef struct ic_buf {
	char *p;
	size_t n, room, cap;
	bool failed;
} ic_buf;

/* cap: the most bytes it may hold (0: 1 GiB). */
void ic_buf_init(ic_buf *b, size_t cap);
void ic_buf_clear(ic_buf *b); /* frees */
static inline void ic_buf_reset(ic_buf *b)
{
	b->n = 0;
	b->failed = false;
}
void ic_buf_put(ic_buf *b, const void *p, size_t n);
void ic_buf_putc(ic_buf *b, char c);
/* Inline: the length of most texts is known when they are compiled. */
static inline void ic_buf_puts(ic_buf *b, const char *s)
{
	ic_buf_put(b, s, strlen(s));
}
void ic_buf_str(ic_buf *b, ic_str s);
void ic_buf_printf(ic_buf *b, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void ic_buf_u64(ic_buf *b, uint64_t v);
void ic_buf_i64(ic_buf *b, int64_t v);
/* Shortest text that reads back as the same double; "null" for NaN and infinities. Integers
 * print without a fraction (303, not 303.0). */
void ic_buf_double(ic_buf *b, double v);
/* Rounded half away from zero to 3 decimals, trailing zeros cut (303.123, 50, 0.5); "null" as above. */
void ic_buf_round3(ic_buf *b, double v);
/* A JSON string with quotes. Control characters, invalid UTF-8 (as \ufffd), and U+2028/9 are escaped. */
void ic_buf_json(ic_buf *b, ic_str s);
/* One CSV cell (RFC 4180). A cell that starts with = + - @ TAB or CR and is not a number gets a
 * leading apostrophe, so that a spreadsheet does not run it; NUL becomes U+FFFD. */
void ic_buf_csv(ic_buf *b, ic_str s);
/* Text for a terminal: control characters (C0, C1, DEL), bidi controls and invalid UTF-8 as \xNN or \u{NNNN}. */
void ic_buf_term(ic_buf *b, ic_str s);
/* The first character of text (n > 0) as ic_buf_term writes it: fills piece, says how many bytes of
 * text it stands for, returns its length. Needs no heap. */
size_t ic_term_piece(const char *text, size_t n, char piece[16], size_t *ret_used);
/* Zeek TSV cell: tab, newline, backslash, control bytes as \xNN; empty as (empty). */
void ic_buf_zeek(ic_buf *b, ic_str s);
/* Columns that valid UTF-8 text takes on a terminal (wide characters count 2). */
size_t ic_term_width(ic_str s);

#endif
