/* SPDX-License-Identifier: Apache-2.0 */
#include "source/text/scan.h"

#include <string.h>

#if defined(__x86_64__)
#include <immintrin.h>
#elif defined(__aarch64__)
#include <arm_neon.h>
#endif

/* What is found: the offsets, and where lines end among them. */
typedef struct found {
	uint16_t *next, *ends; /* no ends: lines are marked in the offsets */
	size_t count, lines;
	uint64_t slash;
} found;

/* Text that was just read is in the second cache; this asks for what comes some blocks later. */
static inline void ask_ahead(const char *p)
{
	__builtin_prefetch((const void *)((uintptr_t)p + 512));
}

static void scan_scalar(const char *p, size_t n, char sep, found *f)
{
	const uint16_t mark = f->ends ? 0 : IC_SCAN_LINE;
	for (size_t i = 0; i < n; i++) {
		const bool line = p[i] == '\n';
		f->slash |= p[i] == '\\';
		f->next[f->count] = (uint16_t)((i + 1) | (line ? mark : 0));
		f->count += (p[i] == sep) | line;
		if (line && f->ends)
			f->ends[f->lines++] = (uint16_t)f->count;
	}
}

/* Which of 64 bytes are separators, newlines, backslashes. */
typedef struct block_masks {
	uint64_t sep, line, slash;
} block_masks;

/* One line end a block is the usual case and takes no branch: without any, what is written is overwritten. */
static inline void put_ends(found *f, uint64_t all, uint64_t line)
{
	uint16_t *to = f->ends + f->lines;
	*to = (uint16_t)(f->count + (size_t)__builtin_popcountll(all & (line ^ (line - 1))));
	f->lines += line != 0;
	while (line &= line - 1, __builtin_expect(line != 0, 0)) {
		*++to = (uint16_t)(f->count + (size_t)__builtin_popcountll(all & (line ^ (line - 1))));
		f->lines++;
	}
}

/* Writes the offsets after the bits of `all`, twelve at once, as most blocks have no more: that is quicker than a branch
 * on how many there are. Rubbish follows the last one. lowest(bits): the place of the lowest bit; of none, anything.
 * Volatile, or gcc gathers the offsets in vectors first, which takes longer. */
#define PUT_OFFSETS(f, all, base, lowest)                                                                    \
	do {                                                                                                 \
		volatile uint16_t *to = (f)->next + (f)->count;                                              \
		const int count = __builtin_popcountll(all);                                                 \
		uint64_t left = all;                                                                         \
		for (int k = 0; k < 12; k++, left &= left - 1)                                               \
			to[k] = (uint16_t)((base) + lowest(left));                                           \
		for (int k = 12; __builtin_expect(k < count, 0); k++, left &= left - 1)                      \
			to[k] = (uint16_t)((base) + lowest(left));                                           \
	} while (0)

static inline unsigned lowest_plain(uint64_t bits)
{
	return (unsigned)__builtin_ctzll(bits | UINT64_C(1) << 63);
}

/* Likewise: without any line, the mark goes to rubbish. */
static inline void mark_ends(uint16_t *next, uint64_t all, uint64_t line, unsigned base)
{
	do {
		const uint64_t below = (line & (0 - line)) - 1;
		const unsigned offset = base + lowest_plain(line);
		next[__builtin_popcountll(all & below)] = (uint16_t)(offset | IC_SCAN_LINE);
		line &= line - 1;
	} while (__builtin_expect(line != 0, 0));
}

static inline void end_block(found *f, block_masks m, unsigned base)
{
	const uint64_t all = m.sep | m.line;
	if (f->ends)
		put_ends(f, all, m.line);
	else
		mark_ends(f->next + f->count, all, m.line, base);
	f->count += (size_t)__builtin_popcountll(all);
	f->slash |= m.slash;
}

static inline block_masks cut_masks(block_masks m, size_t n)
{
	uint64_t keep = (UINT64_C(1) << n) - 1;
	return (block_masks){ m.sep & keep, m.line & keep, m.slash & keep };
}

/* The loop around a function that looks at 64 bytes; the last ones are looked at in a copy. */
#define SCAN_BY_BLOCKS(masks_of, lowest)                                                                     \
	do {                                                                                                 \
		found here = *f; /* in registers */                                                          \
		for (size_t i = 0; i < n; i += 64) {                                                         \
			block_masks m;                                                                       \
			ask_ahead(p + i);                                                                    \
			if (__builtin_expect(n - i >= 64, 1)) {                                              \
				m = masks_of(p + i, sep);                                                    \
			} else {                                                                             \
				char last[64] = { 0 };                                                       \
				memcpy(last, p + i, n - i);                                                  \
				m = cut_masks(masks_of(last, sep), n - i);                                   \
			}                                                                                    \
			PUT_OFFSETS(&here, m.sep | m.line, (unsigned)i + 1, lowest);                         \
			end_block(&here, m, (unsigned)i + 1);                                                \
		}                                                                                            \
		*f = here;                                                                                   \
	} while (0)

/* The lines that end in a block of 64 bytes from offset i on. */
typedef struct line_count {
	ic_scan_line *lines;
	size_t n, marks;
} line_count;

/* False: none does. */
static inline bool count_block(line_count *c, block_masks m, size_t i)
{
	const bool any = m.line != 0;
	if (__builtin_expect(any, 0)) {
		const uint64_t all = m.sep | m.line;
		for (uint64_t line = m.line; line; line &= line - 1) {
			const uint64_t before = all & (line ^ (line - 1));
			c->lines[c->n].end = (uint16_t)(i + (size_t)__builtin_ctzll(line) + 1);
			c->lines[c->n++].marks = (uint16_t)(c->marks + (size_t)__builtin_popcountll(before));
		}
		c->marks += (size_t)__builtin_popcountll(m.line);
	}
	c->marks += (size_t)__builtin_popcountll(m.sep);
	return any;
}

#define LINES_BY_BLOCKS(masks_of)                                                                            \
	do {                                                                                                 \
		line_count c = { lines, 0, 0 };                                                              \
		const char *at = p;                                                                          \
		for (const char *const whole = p + n / 64 * 64; at < whole; at += 64) {                      \
			ask_ahead(at);                                                                       \
			if (count_block(&c, masks_of(at, sep), (size_t)(at - p)) && c.n >= most)             \
				return most;                                                                 \
		}                                                                                            \
		if (n % 64) {                                                                                \
			char last[64] = { 0 };                                                               \
			memcpy(last, at, n % 64);                                                            \
			(void)count_block(&c, cut_masks(masks_of(last, sep), n % 64), n / 64 * 64);          \
		}                                                                                            \
		return c.n < most ? c.n : most;                                                              \
	} while (0)

static inline block_masks masks_scalar(const char *p, char sep)
{
	block_masks m = { 0, 0, 0 };
	for (unsigned i = 0; i < 64; i++) {
		m.sep |= (uint64_t)(p[i] == sep) << i;
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
	return (block_masks){ equal_sse2(v, sep), equal_sse2(v, '\n'), equal_sse2(v, '\\') };
}

static void scan_128(const char *p, size_t n, char sep, found *f)
{
	SCAN_BY_BLOCKS(masks_sse2, lowest_plain);
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
	return (block_masks){ equal_avx2(a, b, sep), equal_avx2(a, b, '\n'), equal_avx2(a, b, '\\') };
}

AVX2 static void scan_avx2(const char *p, size_t n, char sep, found *f)
{
	SCAN_BY_BLOCKS(masks_avx2, (unsigned)_tzcnt_u64);
}

AVX2 static size_t lines_avx2(const char *p, size_t n, char sep, ic_scan_line *lines, size_t most)
{
	LINES_BY_BLOCKS(masks_avx2);
}

#define AVX512 __attribute__((target("avx512f,avx512bw,avx512vl,avx512vbmi2,bmi,popcnt")))

/* Lanes hold their number, or twice that where lines are marked: then a newline adds one, and rotated by one bit the
 * sum is the offset with the mark on top. base: what the lane of number 0 becomes, in each word. */
AVX512 static inline __m512i offsets_avx512(const found *f, __m256i packed, __m512i base)
{
	const __m512i sum = _mm512_add_epi16(_mm512_cvtepu8_epi16(packed), base);
	return f->ends ? sum : _mm512_shrdi_epi16(sum, sum, 1);
}

/* The bytes of `in` among 64 at p; returns which are backslashes. */
AVX512 static inline __mmask64 block_avx512(found *f, const char *p, __mmask64 in, __m512i base, char sep)
{
	static const char numbers[64] = { 0,  1,  2,  3,  4,  5,  6,  7,  8,  9,  10, 11, 12, 13, 14, 15,
					  16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31,
					  32, 33, 34, 35, 36, 37, 38, 39, 40, 41, 42, 43, 44, 45, 46, 47,
					  48, 49, 50, 51, 52, 53, 54, 55, 56, 57, 58, 59, 60, 61, 62, 63 };
	const __m512i number = _mm512_loadu_si512(numbers), one = _mm512_set1_epi8(1);
	const __m512i lanes = f->ends ? number : _mm512_add_epi8(number, number);
	const __m512i v = _mm512_maskz_loadu_epi8(in, p);
	const __mmask64 lines = _mm512_mask_cmpeq_epi8_mask(in, v, _mm512_set1_epi8('\n'));
	const __mmask64 marks = _kor_mask64(_mm512_mask_cmpeq_epi8_mask(in, v, _mm512_set1_epi8(sep)), lines);
	const uint64_t line = _cvtmask64_u64(lines), all = _cvtmask64_u64(marks);
	const __m512i marked = f->ends ? lanes : _mm512_mask_add_epi8(lanes, lines, lanes, one);
	const __m512i packed = _mm512_maskz_compress_epi8(marks, marked);
	const size_t count = (size_t)__builtin_popcountll(all);
	uint16_t *next = f->next + f->count;
	_mm512_storeu_si512(next, offsets_avx512(f, _mm512_castsi512_si256(packed), base));
	if (__builtin_expect(count > 32, 0))
		_mm512_storeu_si512(next + 32, offsets_avx512(f, _mm512_extracti64x4_epi64(packed, 1), base));
	if (f->ends)
		put_ends(f, all, line);
	f->count += count;
	return _mm512_mask_cmpeq_epi8_mask(in, v, _mm512_set1_epi8('\\'));
}

AVX512 static inline void blocks_avx512(const char *p, size_t n, char sep, found *f)
{
	const char *end = p + n;
	const __m512i step = _mm512_set1_epi16(f->ends ? 64 : 128);
	__m512i base = _mm512_set1_epi16(f->ends ? 1 : 2);
	__mmask64 slash = 0;
	for (; end - p >= 64; p += 64) {
		ask_ahead(p);
		slash = _kor_mask64(slash, block_avx512(f, p, ~UINT64_C(0), base, sep));
		base = _mm512_add_epi16(base, step);
	}
	if (p < end)
		slash |= block_avx512(f, p, (UINT64_C(1) << (end - p)) - 1, base, sep);
	f->slash = slash;
}

AVX512 static void scan_avx512(const char *p, size_t n, char sep, found *f)
{
	found here = *f;
	if (here.ends) {
		blocks_avx512(p, n, sep, &here);
	} else {
		here.ends = NULL; /* known to the compiler */
		blocks_avx512(p, n, sep, &here);
	}
	*f = here;
}

AVX512 static inline block_masks masks_avx512(const char *p, char sep)
{
	const __m512i v = _mm512_loadu_si512(p);
	return (block_masks){ _mm512_cmpeq_epi8_mask(v, _mm512_set1_epi8(sep)),
			      _mm512_cmpeq_epi8_mask(v, _mm512_set1_epi8('\n')), 0 };
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
	return (block_masks){ equal_neon(v, sep), equal_neon(v, '\n'), equal_neon(v, '\\') };
}

static void scan_128(const char *p, size_t n, char sep, found *f)
{
	SCAN_BY_BLOCKS(masks_neon, lowest_plain);
}

static size_t lines_128(const char *p, size_t n, char sep, ic_scan_line *lines, size_t most)
{
	LINES_BY_BLOCKS(masks_neon);
}

#endif

static void scan_at_level(ic_simd level, const char *p, size_t n, char sep, found *f)
{
#if defined(__x86_64__)
	if (level >= IC_SIMD_AVX512) {
		scan_avx512(p, n, sep, f);
		return;
	}
	if (level >= IC_SIMD_AVX2) {
		scan_avx2(p, n, sep, f);
		return;
	}
#endif
#if defined(__x86_64__) || defined(__aarch64__)
	if (level >= IC_SIMD_128) {
		scan_128(p, n, sep, f);
		return;
	}
#else
	(void)level;
#endif
	scan_scalar(p, n, sep, f);
}

size_t ic_scan_cells(ic_simd level, const char *p, size_t n, char sep, uint16_t *next, bool *backslash)
{
	found f = { .next = next };
	scan_at_level(level, p, n, sep, &f);
	memset(next + f.count, 0, IC_SCAN_PAD * sizeof(*next));
	*backslash = f.slash != 0;
	return f.count;
}

size_t ic_scan_rows(ic_simd level, const char *p, size_t n, char sep, uint16_t *next, uint16_t *ends,
		    size_t *lines, bool *backslash)
{
	found f = { .next = next, .ends = ends };
	scan_at_level(level, p, n, sep, &f);
	*lines = f.lines;
	*backslash = f.slash != 0;
	return f.count;
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
