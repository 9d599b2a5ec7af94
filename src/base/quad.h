/* SPDX-License-Identifier: Apache-2.0 */
/* Dotted quads, as nearly all addresses in logs are written: four numbers to 255. Octets of more than one
 * digit must not begin with 0: some readers take them as octal, so their meaning is in doubt. */
#ifndef IC_BASE_QUAD_H
#define IC_BASE_QUAD_H

#include "base/str.h"

/* All of s, in host order. Nothing outside s is read. */
bool ic_quad_parse(ic_str s, uint32_t *ret);
/* The same without vector instructions. */
bool ic_quad_parse_plain(const char *p, uint32_t n, uint32_t *ret);

/* ---- for those who read columns of them ---- */

/* Builds constant tables; called once before the shapes are looked at (again does no harm). */
void ic_quad_prepare(void);

#if defined(__x86_64__)
#include <immintrin.h>

/* A quad is known by where its dots and its end are: 81 shapes. A multiplication spreads their bit masks
 * over 256 places without a collision. */
typedef struct ic_quad_shape {
	int8_t shuffle[16]; /* to four groups of: nothing, hundreds, tens, ones */
	uint8_t least[4];   /* the least value without a leading zero */
	uint32_t mask;	    /* 0: no shape here */
	uint8_t pad[8];
} ic_quad_shape;
#define IC_QUAD_FACTOR	    UINT32_C(0xd6af10d1)
#define IC_QUAD_PLACE(mask) ((uint32_t)((mask)*IC_QUAD_FACTOR) >> 24)
extern ic_quad_shape ic_quad_shapes[256];

/* The first n of 16 bytes; *ret has an octet in each 32 bits, in their order. */
__attribute__((target("avx2,bmi,bmi2"))) static inline bool ic_quad_of(__m128i v, uint32_t n, __m128i *ret)
{
	const uint32_t end = UINT32_C(1) << (n & 15);
	const uint32_t dots = (uint32_t)_mm_movemask_epi8(_mm_cmpeq_epi8(v, _mm_set1_epi8('.')));
	const uint32_t mask = (dots & (end - 1)) | end;
	const ic_quad_shape *s = &ic_quad_shapes[IC_QUAD_PLACE(mask)];
	const __m128i shuffle = _mm_loadu_si128((const __m128i *)(const void *)s->shuffle);
	v = _mm_shuffle_epi8(_mm_sub_epi8(v, _mm_set1_epi8('0')), shuffle);
	__m128i bad = _mm_subs_epu8(v, _mm_set1_epi8(9));
	v = _mm_maddubs_epi16(v, _mm_set1_epi32(0x010a6400));
	v = _mm_madd_epi16(v, _mm_set1_epi16(1));
	int32_t least_word;
	memcpy(&least_word, s->least, sizeof(least_word));
	const __m128i least = _mm_cvtepu8_epi32(_mm_cvtsi32_si128(least_word));
	bad = _mm_or_si128(bad, _mm_cmpgt_epi32(v, _mm_set1_epi32(255)));
	bad = _mm_or_si128(bad, _mm_cmpgt_epi32(least, v));
	*ret = v;
	return (n < 16) & (mask == s->mask) & (_mm_testz_si128(bad, bad) != 0);
}
#endif

#endif
