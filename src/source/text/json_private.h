/* SPDX-License-Identifier: Apache-2.0 */
/* Between the files of the JSON scanner. */
#ifndef IC_SOURCE_TEXT_JSON_PRIVATE_H
#define IC_SOURCE_TEXT_JSON_PRIVATE_H

#include "source/text/json.h"
#include "source/text/scan.h"

/* Whole lines with the marks of their quotes and ends. IC_JSON_PAD bytes after text[n) may be read. */
typedef struct ic_json_slab {
	const char *text;
	size_t n;
	const uint16_t *ends; /* as ic_scan_cells writes them */
	size_t marks;	      /* of them */
	bool backslash;
} ic_json_slab;
#define IC_JSON_PAD 256

/* Scans the line at text[at]; *k is the place of its first mark in ends, and after IC_JSON_OK of the
 * first mark behind the object. */
ic_json_result ic_json_scan_line(ic_json *j, const ic_json_slab *s, size_t at, size_t *k);
/* Sets j->at and j->cause. */
ic_json_result ic_json_fail(ic_json *j, size_t at, size_t end, const char *cause);

/* ---- strings ---- */

/* The place of the quote that ends the string whose bytes start at p[at], at least `end` if there is
 * none. *escaped: set when a backslash was seen. */
size_t ic_json_close(ic_simd level, const char *p, size_t at, size_t end, bool *escaped);
/* Whether the escapes of a string are good; *wrong: offset of the first that is not. */
bool ic_json_escapes(const char *p, size_t n, size_t *wrong);
/* Writes the string without its escapes (which are good) to out, which holds s.n bytes; returns the
 * length. */
size_t ic_json_unescape(ic_str s, char *out);

#endif
