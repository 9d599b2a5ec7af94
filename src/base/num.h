/* SPDX-License-Identifier: Apache-2.0 */
/* Numbers in text, independent of the locale. All return false and leave *ret alone when the whole
 * slice is not such a number or it does not fit. */
#ifndef IC_BASE_NUM_H
#define IC_BASE_NUM_H

#include "base/str.h"

bool ic_parse_u64(ic_str s, uint64_t *ret);
bool ic_parse_i64(ic_str s, int64_t *ret);
bool ic_parse_double(ic_str s,
		     double *ret); /* decimal, optional exponent; correctly rounded; no inf, nan, hex */
/* Shortest text that strtod reads back as v; buf holds at least 32 bytes; returns the length. */
size_t ic_format_double(double v, char *buf);

#endif
