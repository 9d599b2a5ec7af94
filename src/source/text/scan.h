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

#endif
