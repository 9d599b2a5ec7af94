/* SPDX-License-Identifier: Apache-2.0 */
#include "source/text/scan.h"

#include <string.h>

#if defined(__x86_64__)
#include <immintrin.h>
#elif defined(__aarch64__)
#include <arm_neon.h>
#endif

static size_t scan_scalar(const char *p, size_t n, char sep, uint16_t *next, bool *backslash)
{
	size_t k = 0;
	bool seen = false;
	for (size_t i = 0; i < n; i++) {
		char c = p[i];
		seen |= c == '\\';
		next[k] = (uint16_t)((i + 1) | (c == '\n' ? IC_SCAN_LINE : 0));
		k += (c == sep) | (c == '\n');
	}
	*backslash = seen;
	return k;
}

/* Which of 64 bytes are separators or newlines, newlines, backslashes. */
typedef struct block_masks {
	uint64_t all, line, slash;
} block_masks;

/* Writes the offsets after the bits of m.all, eight at a time: up to eight entries of rubbish follow.
 * One line end a block is the usual case and takes no branch: without any, the mark goes to rubbish. */
static inline size_t flatten(block_masks m, size_t base, uint16_t *next)
{
	const uint64_t last = UINT64_C(1) << 63; /* keeps the count defined when no bit is left */
	size_t count = (size_t)__builtin_popcountll(m.all);
	uint64_t all = m.all, line = m.line;
	for (size_t k = 0; k < count; k += 8)
		for (size_t i = 0; i < 8; i++) {
			next[k + i] = (uint16_t)(base + (size_t)__builtin_ctzll(all | last));
			all &= all - 1;
		}
	do {
		uint64_t below = (line & (0 - line)) - 1;
		next[__builtin_popcountll(m.all & below)] |= IC_SCAN_LINE;
		line &= line - 1;
	} while (__builtin_expect(line != 0, 0));
	return count;
}

static inline block_masks cut_masks(block_masks m, size_t n)
{
	uint64_t keep = (UINT64_C(1) << n) - 1;
	return (block_masks){ m.all & keep, m.line & keep, m.slash & keep };
}

/* The loop around a function that looks at 64 bytes; the last ones are looked at in a copy. */
#define SCAN_BY_BLOCKS(masks_of)                                                                             \
	do {                                                                                                 \
		size_t i = 0, k = 0;                                                                         \
		uint64_t slash = 0;                                                                          \
		for (; i + 64 <= n; i += 64) {                                                               \
			block_masks m = masks_of(p + i, sep);                                                \
			k += flatten(m, i + 1, next + k);                                                    \
			slash |= m.slash;                                                                    \
		}                                                                                            \
		if (i < n) {                                                                                 \
			char last[64] = { 0 };                                                               \
			memcpy(last, p + i, n - i);                                                          \
			block_masks m = cut_masks(masks_of(last, sep), n - i);                               \
			k += flatten(m, i + 1, next + k);                                                    \
			slash |= m.slash;                                                                    \
		}                                                                                            \
		*backslash = slash != 0;                                                                     \
		return k;                                                                                    \
	} while (0)

/* The lines that end in a block of 64 bytes from offset i on. */
typedef struct line_count {
	ic_scan_line *lines;
	size_t n, marks;
} line_count;

static inline void count_block(line_count *c, block_masks m, size_t i)
{
	const uint64_t seps = m.all & ~m.line;
	for (uint64_t line = m.line; __builtin_expect(line != 0, 0); line &= line - 1) {
		const uint64_t before = seps & (line ^ (line - 1));
		c->lines[c->n].end = (uint16_t)(i + (size_t)__builtin_ctzll(line) + 1);
		c->lines[c->n++].marks = (uint16_t)(c->marks + (size_t)__builtin_popcountll(before));
	}
	c->marks += (size_t)__builtin_popcountll(seps);
}

#define LINES_BY_BLOCKS(masks_of)                                                                            \
	do {                                                                                                 \
		line_count c = { lines, 0, 0 };                                                              \
		size_t i = 0;                                                                                \
		for (; i + 64 <= n && c.n < most; i += 64)                                                   \
			count_block(&c, masks_of(p + i, sep), i);                                            \
		if (i < n && c.n < most) {                                                                   \
			char last[64] = { 0 };                                                               \
			memcpy(last, p + i, n - i);                                                          \
			count_block(&c, cut_masks(masks_of(last, sep), n - i), i);                           \
		}                                                                                            \
		return c.n < most ? c.n : most;                                                              \
	} while (0)

static inline block_masks masks_scalar(const char *p, char sep)
{
	block_masks m = { 0, 0, 0 };
	for (unsigned i = 0; i < 64; i++) {
		m.all |= (uint64_t)(p[i] == sep || p[i] == '\n') << i;
		m.line |= (uint64_t)(p[i] == '\n') << i;
	}
	return m;
}

static size_t lines_scalar(const char *p, size_t n, char sep, ic_scan_line *lines, size_t most)
{
	LINES_BY_BLOCKS(masks_scalar);
}

#if defined(__x86_64__)

static inline uint64_t equal_sse2(const __m128i v[4], char c)
{
	__m128i want = _mm_set1_epi8(c);
	uint64_t m = 0;
	for (int i = 0; i < 4; i++)
		m |= (uint64_t)(unsigned)_mm_movemask_epi8(_mm_cmpeq_epi8(v[i], want)) << (16 * i);
	return m;
}

static inline block_masks masks_sse2(const char *p, char sep)
{
	__m128i v[4];
	for (int i = 0; i < 4; i++)
		v[i] = _mm_loadu_si128((const __m128i *)(const void *)(p + 16 * i));
	uint64_t line = equal_sse2(v, '\n');
	return (block_masks){ equal_sse2(v, sep) | line, line, equal_sse2(v, '\\') };
}

static size_t scan_128(const char *p, size_t n, char sep, uint16_t *next, bool *backslash)
{
	SCAN_BY_BLOCKS(masks_sse2);
}

static size_t lines_128(const char *p, size_t n, char sep, ic_scan_line *lines, size_t most)
{
	LINES_BY_BLOCKS(masks_sse2);
}

#define AVX2 __attribute__((target("avx2,bmi,popcnt")))

AVX2 static inline uint64_t equal_avx2(__m256i a, __m256i b, char c)
{
	__m256i want = _mm256_set1_epi8(c);
	uint64_t low = (unsigned)_mm256_movemask_epi8(_mm256_cmpeq_epi8(a, want));
	uint64_t high = (unsigned)_mm256_movemask_epi8(_mm256_cmpeq_epi8(b, want));
	return low | high << 32;
}

AVX2 static inline block_masks masks_avx2(const char *p, char sep)
{
	__m256i a = _mm256_loadu_si256((const __m256i *)(const void *)p);
	__m256i b = _mm256_loadu_si256((const __m256i *)(const void *)(p + 32));
	uint64_t line = equal_avx2(a, b, '\n');
	return (block_masks){ equal_avx2(a, b, sep) | line, line, equal_avx2(a, b, '\\') };
}

AVX2 static size_t scan_avx2(const char *p, size_t n, char sep, uint16_t *next, bool *backslash)
{
	SCAN_BY_BLOCKS(masks_avx2);
}

AVX2 static size_t lines_avx2(const char *p, size_t n, char sep, ic_scan_line *lines, size_t most)
{
	LINES_BY_BLOCKS(masks_avx2);
}

#define AVX512 __attribute__((target("avx512f,avx512bw,avx512vl,avx512vbmi2,bmi,popcnt")))

/* Each lane holds twice its number; a newline adds one. Compressed, widened and rotated by one bit,
 * that is the offset with the line mark on top. */
typedef struct seen512 {
	size_t count; /* marks */
	__mmask64 slash;
} seen512;

/* The bytes of `in` among 64 at p. i: offset of p in the slab. */
AVX512 static inline seen512 block_avx512(const char *p, __mmask64 in, size_t i, char sep, uint16_t *next)
{
	static const char twice[64] = { 0,   2,	  4,   6,   8,	 10,  12,  14,	16,  18,  20,  22,  24,
					26,  28,  30,  32,  34,	 36,  38,  40,	42,  44,  46,  48,  50,
					52,  54,  56,  58,  60,	 62,  64,  66,	68,  70,  72,  74,  76,
					78,  80,  82,  84,  86,	 88,  90,  92,	94,  96,  98,  100, 102,
					104, 106, 108, 110, 112, 114, 116, 118, 120, 122, 124, 126 };
	const __m512i lanes = _mm512_loadu_si512(twice), one = _mm512_set1_epi8(1);
	const __m512i v = _mm512_maskz_loadu_epi8(in, p);
	const __mmask64 line = _mm512_mask_cmpeq_epi8_mask(in, v, _mm512_set1_epi8('\n'));
	const __mmask64 all = _mm512_mask_cmpeq_epi8_mask(in, v, _mm512_set1_epi8(sep)) | line;
	const __m512i marked = _mm512_mask_add_epi8(lanes, line, lanes, one);
	const __m512i packed = _mm512_maskz_compress_epi8(all, marked);
	const __m512i base = _mm512_set1_epi16((short)(unsigned short)(2 * i + 2));
	__m512i low = _mm512_cvtepu8_epi16(_mm512_castsi512_si256(packed));
	low = _mm512_add_epi16(low, base);
	_mm512_storeu_si512(next, _mm512_shrdi_epi16(low, low, 1));
	const size_t count = (size_t)__builtin_popcountll(all);
	if (__builtin_expect(count > 32, 0)) {
		__m512i high = _mm512_cvtepu8_epi16(_mm512_extracti64x4_epi64(packed, 1));
		high = _mm512_add_epi16(high, base);
		_mm512_storeu_si512(next + 32, _mm512_shrdi_epi16(high, high, 1));
	}
	return (seen512){ count, _mm512_mask_cmpeq_epi8_mask(in, v, _mm512_set1_epi8('\\')) };
}

AVX512 static size_t scan_avx512(const char *p, size_t n, char sep, uint16_t *next, bool *backslash)
{
	__mmask64 slash = 0;
	size_t k = 0, i = 0;
	for (; n - i >= 64; i += 64) {
		const seen512 b = block_avx512(p + i, ~UINT64_C(0), i, sep, next + k);
		slash |= b.slash;
		k += b.count;
	}
	if (i < n) {
		const seen512 b = block_avx512(p + i, (UINT64_C(1) << (n - i)) - 1, i, sep, next + k);
		slash |= b.slash;
		k += b.count;
	}
	*backslash = slash != 0;
	return k;
}

AVX512 static inline block_masks masks_avx512(const char *p, char sep)
{
	const __m512i v = _mm512_loadu_si512(p);
	const uint64_t line = _mm512_cmpeq_epi8_mask(v, _mm512_set1_epi8('\n'));
	return (block_masks){ _mm512_cmpeq_epi8_mask(v, _mm512_set1_epi8(sep)) | line, line, 0 };
}

AVX512 static size_t lines_avx512(const char *p, size_t n, char sep, ic_scan_line *lines, size_t most)
{
	LINES_BY_BLOCKS(masks_avx512);
}

#elif defined(__aarch64__)

static inline uint64_t equal_neon(const uint8x16_t v[4], char c)
{
	static const uint8_t weights[16] = { 1, 2, 4, 8, 16, 32, 64, 128, 1, 2, 4, 8, 16, 32, 64, 128 };
	uint8x16_t want = vdupq_n_u8((uint8_t)c), bit = vld1q_u8(weights);
	uint8x16_t a = vpaddq_u8(vandq_u8(vceqq_u8(v[0], want), bit), vandq_u8(vceqq_u8(v[1], want), bit));
	uint8x16_t b = vpaddq_u8(vandq_u8(vceqq_u8(v[2], want), bit), vandq_u8(vceqq_u8(v[3], want), bit));
	a = vpaddq_u8(a, b);
	a = vpaddq_u8(a, a);
	return vgetq_lane_u64(vreinterpretq_u64_u8(a), 0);
}

static inline block_masks masks_neon(const char *p, char sep)
{
	uint8x16_t v[4];
	for (int i = 0; i < 4; i++)
		v[i] = vld1q_u8((const uint8_t *)p + 16 * i);
	uint64_t line = equal_neon(v, '\n');
	return (block_masks){ equal_neon(v, sep) | line, line, equal_neon(v, '\\') };
}

static size_t scan_128(const char *p, size_t n, char sep, uint16_t *next, bool *backslash)
{
	SCAN_BY_BLOCKS(masks_neon);
}

static size_t lines_128(const char *p, size_t n, char sep, ic_scan_line *lines, size_t most)
{
	LINES_BY_BLOCKS(masks_neon);
}

#endif

static size_t scan_at_level(ic_simd level, const char *p, size_t n, char sep, uint16_t *next, bool *backslash)
{
#if defined(__x86_64__)
	if (level >= IC_SIMD_AVX512)
		return scan_avx512(p, n, sep, next, backslash);
	if (level >= IC_SIMD_AVX2)
		return scan_avx2(p, n, sep, next, backslash);
#endif
#if defined(__x86_64__) || defined(__aarch64__)
	if (level >= IC_SIMD_128)
		return scan_128(p, n, sep, next, backslash);
#else
	(void)level;
#endif
	return scan_scalar(p, n, sep, next, backslash);
}

size_t ic_scan_cells(ic_simd level, const char *p, size_t n, char sep, uint16_t *next, bool *backslash)
{
	size_t k = scan_at_level(level, p, n, sep, next, backslash);
	memset(next + k, 0, IC_SCAN_PAD * sizeof(*next));
	return k;
}

size_t ic_scan_lines(ic_simd level, const char *p, size_t n, char sep, ic_scan_line *lines, size_t most)
{
#if defined(__x86_64__)
	if (level >= IC_SIMD_AVX512)
		return lines_avx512(p, n, sep, lines, most);
	if (level >= IC_SIMD_AVX2)
		return lines_avx2(p, n, sep, lines, most);
#endif
#if defined(__x86_64__) || defined(__aarch64__)
	if (level >= IC_SIMD_128)
		return lines_128(p, n, sep, lines, most);
#else
	(void)level;
#endif
	return lines_scalar(p, n, sep, lines, most);
}
