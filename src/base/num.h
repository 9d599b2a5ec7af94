/* SPDX-License-Identifier: Apache-2.0 */
/* Numbers in text, independent of the locale. All return false and leave *ret alone when the whole
 * slice is not such a number or it does not fit. */
#ifndef IC_BASE_NUM_H
#define IC_BASE_NUM_H

#include "base/str.h"

/* Eight ASCII digits at p as a number; false if one is not a digit. */
static inline bool ic_eight_digits(const char *p, uint32_t *ret)
{
	uint64_t w;
	memcpy(&w, p, 8);
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
	w = __builtin_bswap64(w);
#endif
	/* the usual word-wide check and fold: bytes to pairs, pairs to fours, fours to eight */
	if ((((w + 0x4646464646464646ull) | (w - 0x3030303030303030ull)) & 0x8080808080808080ull) != 0)
		return false;
	w -= 0x3030303030303030ull;
	w = (w * 10 + (w >> 8)) & 0x00ff00ff00ff00ffull;
	w = (w * 100 + (w >> 16)) & 0x0000ffff0000ffffull;
	*ret = (uint32_t)((w * 10000 + (w >> 32)) & 0xffffffffull);
	return true;
}

bool ic_parse_u64(ic_str s, uint64_t *ret);
bool ic_parse_i64(ic_str s, int64_t *ret);
/* The same for a whole number in any notation of decimals: 12912.0, 1.5E9. */
bool ic_parse_whole(ic_str s, int64_t *ret);
bool ic_parse_double(ic_str s,
		     double *ret); /* decimal, optional exponent; correctly rounded; no inf, nan, hex */
/* Decimal digits and no NUL; buf holds at least 20 bytes, of ic_format_i64 21; both return the length. */
size_t ic_format_u64(uint64_t v, char *buf);
size_t ic_format_i64(int64_t v, char *buf);
/* Shortest text that strtod reads back as v; buf holds at least 32 bytes; returns the length. */
size_t ic_format_double(double v, char *buf);

#endif
