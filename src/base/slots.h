/* SPDX-License-Identifier: Apache-2.0 */
/* Sixteen numbers of 32 bits, a cache line of them, looked at side by side. */
#ifndef IC_BASE_SLOTS_H
#define IC_BASE_SLOTS_H

#include <stdint.h>

#if defined(__x86_64__)
#include <immintrin.h>
#elif defined(__aarch64__)
#include <arm_neon.h>
#endif

enum { IC_SLOTS_LINE = 16 };

/* Bit i of the result says whether p[i] & mask is v. p is aligned to 16 bytes. */
typedef uint32_t (*ic_slots_fn)(const uint32_t *p, uint32_t mask, uint32_t v);

/* What ic_slots_equal does, anywhere. */
static inline uint32_t ic_slots_equal_scalar(const uint32_t *p, uint32_t mask, uint32_t v)
{
	uint32_t bits = 0;
	for (unsigned i = 0; i < IC_SLOTS_LINE; i++)
		bits |= (uint32_t)((p[i] & mask) == v) << i;
	return bits;
}

#if defined(__x86_64__)
static inline __m128i ic_slots_four(const uint32_t *p, __m128i mask, __m128i v)
{
	return _mm_cmpeq_epi32(_mm_and_si128(_mm_load_si128((const __m128i *)(const void *)p), mask), v);
}
static inline uint32_t ic_slots_equal(const uint32_t *p, uint32_t mask, uint32_t v)
{
	const __m128i m = _mm_set1_epi32((int)mask), x = _mm_set1_epi32((int)v);
	const __m128i low = _mm_packs_epi32(ic_slots_four(p, m, x), ic_slots_four(p + 4, m, x));
	const __m128i high = _mm_packs_epi32(ic_slots_four(p + 8, m, x), ic_slots_four(p + 12, m, x));
	return (uint32_t)_mm_movemask_epi8(_mm_packs_epi16(low, high));
}

/* The same with IC_SIMD_AVX2 and IC_SIMD_AVX512, for functions that are compiled for these. */
#define IC_SLOTS_AVX2	__attribute__((target("avx2,bmi,bmi2")))
#define IC_SLOTS_AVX512 __attribute__((target("avx2,bmi,bmi2,avx512f")))
IC_SLOTS_AVX2 static inline uint32_t ic_slots_equal_avx2(const uint32_t *p, uint32_t mask, uint32_t v)
{
	const __m256i m = _mm256_set1_epi32((int)mask), x = _mm256_set1_epi32((int)v);
	const __m256i low = _mm256_loadu_si256((const __m256i *)(const void *)p);
	const __m256i high = _mm256_loadu_si256((const __m256i *)(const void *)(p + 8));
	const __m256i low_is = _mm256_cmpeq_epi32(_mm256_and_si256(low, m), x);
	const __m256i high_is = _mm256_cmpeq_epi32(_mm256_and_si256(high, m), x);
	return (uint32_t)_mm256_movemask_ps(_mm256_castsi256_ps(low_is)) |
	       (uint32_t)_mm256_movemask_ps(_mm256_castsi256_ps(high_is)) << 8;
}
IC_SLOTS_AVX512 static inline uint32_t ic_slots_equal_avx512(const uint32_t *p, uint32_t mask, uint32_t v)
{
	const __m512i line = _mm512_loadu_si512(p);
	return _mm512_cmpeq_epi32_mask(_mm512_and_si512(line, _mm512_set1_epi32((int)mask)),
				       _mm512_set1_epi32((int)v));
}
#elif defined(__aarch64__)
static inline uint16x4_t ic_slots_four(const uint32_t *p, uint32x4_t mask, uint32x4_t v)
{
	return vmovn_u32(vceqq_u32(vandq_u32(vld1q_u32(p), mask), v));
}
static inline uint32_t ic_slots_equal(const uint32_t *p, uint32_t mask, uint32_t v)
{
	static const uint8_t bit[8] = { 1, 2, 4, 8, 16, 32, 64, 128 };
	const uint32x4_t m = vdupq_n_u32(mask), x = vdupq_n_u32(v);
	const uint16x8_t low = vcombine_u16(ic_slots_four(p, m, x), ic_slots_four(p + 4, m, x));
	const uint16x8_t high = vcombine_u16(ic_slots_four(p + 8, m, x), ic_slots_four(p + 12, m, x));
	return (uint32_t)vaddv_u8(vand_u8(vmovn_u16(low), vld1_u8(bit))) |
	       (uint32_t)vaddv_u8(vand_u8(vmovn_u16(high), vld1_u8(bit))) << 8;
}
#else
static inline uint32_t ic_slots_equal(const uint32_t *p, uint32_t mask, uint32_t v)
{
	return ic_slots_equal_scalar(p, mask, v);
}
#endif

#endif
