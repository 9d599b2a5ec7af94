/* SPDX-License-Identifier: Apache-2.0 */
/* A step that readers of JSON share. */
#ifndef IC_BASE_JSON_H
#define IC_BASE_JSON_H

#include <stdint.h>
#include <string.h>
#ifdef __SSE2__
#include <emmintrin.h>
#endif

/* The first quote or backslash from p on, `end` if there is none: where text of JSON ends or needs care. */
static inline const char *ic_json_quote(const char *p, const char *end)
{
#ifdef __SSE2__
	for (; end - p >= 16; p += 16) {
		__m128i v = _mm_loadu_si128((const __m128i *)(const void *)p);
		__m128i quote = _mm_cmpeq_epi8(v, _mm_set1_epi8('"'));
		__m128i slash = _mm_cmpeq_epi8(v, _mm_set1_epi8('\\'));
		int found = _mm_movemask_epi8(_mm_or_si128(quote, slash));
		if (found)
			return p + __builtin_ctz((unsigned)found);
	}
#endif
	const uint64_t ones = UINT64_C(0x0101010101010101), tops = ones << 7;
	for (; end - p >= 8; p += 8) {
		uint64_t v, quote, slash;
		memcpy(&v, p, 8);
		quote = v ^ ones * '"';
		slash = v ^ ones * '\\';
		if (((quote - ones) & ~quote & tops) | ((slash - ones) & ~slash & tops))
			break; /* in these eight bytes */
	}
	while (p < end && *p != '"' && *p != '\\')
		p++;
	return p;
}

#endif
