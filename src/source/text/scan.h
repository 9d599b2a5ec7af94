/* SPDX-License-Identifier: Apache-2.0 */
/* Finding the cells of delimited text: the offsets of separators and line ends in a slab, with the
 * best vector instructions of the machine. Pure; every level gives the same result. */
#ifndef IC_SOURCE_TEXT_SCAN_H
#define IC_SOURCE_TEXT_SCAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/cpu.h"

#define IC_SCAN_MAX  32767   /* bytes of a slab */
#define IC_SCAN_LINE 0x8000u /* set in the offset of a newline */
#define IC_SCAN_PAD  64	     /* zero entries after the last offset */
#define IC_SCAN_ROOM (IC_SCAN_MAX + 1 + IC_SCAN_PAD)

/* For every byte of p[0..n) that is `sep` or a newline writes the offset of the byte after it (where
 * the next cell starts) to `next`, ascending, then IC_SCAN_PAD zeros, and returns how many there are.
 * n is at most IC_SCAN_MAX, `next` holds n + 1 + IC_SCAN_PAD entries, `sep` is not a newline.
 * *backslash: whether there is one in p. Nothing outside p[0..n) is read. */
size_t ic_scan_cells(ic_simd level, const char *p, size_t n, char sep, uint16_t *next, bool *backslash);

/* The same without the marks of lines, and without the zeros: for each newline `ends` receives how many offsets there
 * are up to its own, and *lines how many newlines there are. `ends` holds n + 1 entries. */
size_t ic_scan_rows(ic_simd level, const char *p, size_t n, char sep, uint16_t *next, uint16_t *ends,
		    size_t *lines, bool *backslash);

/* A line: the offset of the byte after its end, and how many separators and line ends there are before that, from
 * the start of the text. */
typedef struct ic_scan_line {
	uint16_t end, marks;
} ic_scan_line;
#define IC_SCAN_LINES 64 /* entries of `lines` beyond `most` that may be written */

/* The first lines of p[0..n), `most` at the most; returns how many. A last one without an end is none. n is at most
 * UINT16_MAX. Nothing outside p[0..n) is read. */
size_t ic_scan_lines(ic_simd level, const char *p, size_t n, char sep, ic_scan_line *lines, size_t most);

#endif
