/* SPDX-License-Identifier: Apache-2.0 */
#include "source/text/zeek_cells.h"

#include <pthread.h>

#include "base/quad.h"
#include "base/time.h"
#include "source/text/fast.h"

#if defined(__x86_64__)
#include <immintrin.h>
#endif

#define TIME_LENGTH 17 /* of epoch seconds with six decimals, 2001 to 2286 */

/* ---- scalar ---- */

static inline bool time_scalar(const char *p, uint32_t n, int64_t *ret)
{
	uint64_t high, mid, low;
	if (n != TIME_LENGTH || p[10] != '.')
		return false;
	if (!ic_fast_digits8(p, 8, &high) || !ic_fast_digits8(p + 8, 2, &mid) ||
	    !ic_fast_digits8(p + 11, 6, &low))
		return false;
	*ret = (int64_t)(((high * 100 + mid) * 1000000 + low) * 10);
	return true;
}

static inline bool count_scalar(const char *p, uint32_t n, int64_t *ret)
{
	uint64_t v;
	if (n - 1 >= 16 || !ic_fast_digits16(p, n, &v))
		return false;
	*ret = (int64_t)v;
	return true;
}

static inline bool real_scalar(const char *p, uint32_t n, double *ret)
{
	uint64_t whole, part;
	if (n - 8 > 8 || p[n - 7] != '.')
		return false;
	if (!ic_fast_digits16(p, n - 7, &whole) || !ic_fast_digits8(p + n - 6, 6, &part))
		return false;
	/* Both are exact doubles, so one division rounds once. */
	*ret = (double)(whole * 1000000 + part) / 1e6;
	return true;
}

static inline bool ip_scalar(const char *p, uint32_t n, ic_ip *ret)
{
	uint32_t address = 0;
	const bool quad = ic_quad_parse_plain(p, n, &address);
	*ret = ic_ip_from_v4(address);
	return quad || ic_ip_parse((ic_str){ p, n }, ret);
}

/* Copies of what c points to stay in registers: what is written could be the same memory as c. */
#define EACH_ROW(convert)                                                                                    \
	do {                                                                                                 \
		const char *text = c->text;                                                                  \
		const uint16_t *next = c->next + c->column, *first = c->first;                               \
		const uint32_t rows = c->rows;                                                               \
		size_t n = 0;                                                                                \
		for (size_t i = 0; i < rows; i++) {                                                          \
			const uint16_t *e = next + first[i];                                                 \
			bool ok = convert(text + e[0], (uint32_t)e[1] - e[0] - 1, &out[i]);                  \
			odd[n] = (uint16_t)i;                                                                \
			n += !ok;                                                                            \
		}                                                                                            \
		return n;                                                                                    \
	} while (0)

/* ---- AVX2 (128 bits at a time) ---- */

#if defined(__x86_64__)
#define AVX2 __attribute__((target("avx2,bmi,bmi2")))

static struct {
	_Alignas(16) int8_t count[32][16]; /* by length: digits to the right end */
	int8_t real[32][16];		   /* by length: the same without the point */
} tables;

static void fill_tables(void)
{
	memset(tables.count, -1, sizeof(tables.count));
	memset(tables.real, -1, sizeof(tables.real));
	for (int n = 1; n <= 16; n++)
		for (int i = 0; i < n; i++)
			tables.count[n][16 - n + i] = (int8_t)i;
	for (int n = 8; n <= 16; n++)
		for (int i = 0; i < n; i++) {
			if (i < n - 7)
				tables.real[n][17 - n + i] = (int8_t)i;
			else if (i > n - 7)
				tables.real[n][16 - n + i] = (int8_t)i;
		}
}

AVX2 static inline __m128i load16(const void *p)
{
	return _mm_loadu_si128((const __m128i *)p);
}

/* Sixteen digit values, most significant first, to a number; *bad collects values over 9. */
AVX2 static inline uint64_t sixteen(__m128i digits, __m128i *bad)
{
	*bad = _mm_subs_epu8(digits, _mm_set1_epi8(9));
	__m128i v = _mm_maddubs_epi16(digits, _mm_set1_epi16(0x010a));
	v = _mm_madd_epi16(v, _mm_set1_epi32(0x00010064));
	v = _mm_packus_epi32(v, v);
	v = _mm_madd_epi16(v, _mm_set1_epi32(0x00012710));
	uint64_t two = (uint64_t)_mm_cvtsi128_si64(v);
	return (two & 0xffffffff) * 100000000 + (two >> 32);
}

AVX2 static inline bool time_avx2(const char *p, uint32_t n, int64_t *ret)
{
	__m128i v = _mm_blend_epi16(load16(p), load16(p + 1), 0xe0), bad;
	uint64_t us = sixteen(_mm_sub_epi8(v, _mm_set1_epi8('0')), &bad);
	*ret = (int64_t)(us * IC_TICKS_US);
	return (n == TIME_LENGTH) & (p[10] == '.') & (_mm_testz_si128(bad, bad) != 0);
}

AVX2 static inline bool count_avx2(const char *p, uint32_t n, int64_t *ret)
{
	bool fits = n - 1 < 16;
	__m128i v = _mm_sub_epi8(load16(p), _mm_set1_epi8('0')), bad;
	v = _mm_shuffle_epi8(v, load16(tables.count[n & 31]));
	*ret = (int64_t)sixteen(v, &bad);
	return fits & (_mm_testz_si128(bad, bad) != 0);
}

AVX2 static inline bool real_avx2(const char *p, uint32_t n, double *ret)
{
	bool fits = n - 8 <= 8;
	__m128i v = _mm_sub_epi8(load16(p), _mm_set1_epi8('0')), bad;
	v = _mm_shuffle_epi8(v, load16(tables.real[n & 31]));
	*ret = (double)(int64_t)sixteen(v, &bad) / 1e6;
	return fits & (p[(n - 7) & 15] == '.') & (_mm_testz_si128(bad, bad) != 0);
}

AVX2 static inline bool quad_avx2(const char *p, uint32_t n, ic_ip *ret)
{
	static const int8_t place[16] = { -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, 0, 4, 8, 12 };
	static const uint8_t mapped[16] = { [10] = 0xff, [11] = 0xff };
	__m128i v;
	const bool good = ic_quad_of(load16(p), n, &v);
	v = _mm_or_si128(_mm_shuffle_epi8(v, load16(place)), load16(mapped));
	_mm_storeu_si128((__m128i *)(void *)ret, v);
	return good;
}

/* Where the cells of four rows are: start and end in one load each. */
AVX2 static inline __m128i bounds_of_four(const uint16_t *next, const uint16_t *first)
{
	uint32_t pair[4];
	for (int i = 0; i < 4; i++)
		memcpy(&pair[i], next + first[i], sizeof(pair[i]));
	return _mm_setr_epi32((int)pair[0], (int)pair[1], (int)pair[2], (int)pair[3]);
}

AVX2 static inline __m128i lengths_of_four(const uint16_t *next, const uint16_t *first)
{
	const __m128i bounds = bounds_of_four(next, first);
	const __m128i start = _mm_and_si128(bounds, _mm_set1_epi32(0xffff));
	return _mm_sub_epi32(_mm_sub_epi32(_mm_srli_epi32(bounds, 16), start), _mm_set1_epi32(1));
}

AVX2 static inline __m256i words_of_four(const char *text, const uint16_t *next, const uint16_t *first)
{
	uint64_t word[4];
	for (int i = 0; i < 4; i++)
		word[i] = ic_fast_load64(text + next[first[i]]);
	return _mm256_setr_epi64x((long long)word[0], (long long)word[1], (long long)word[2],
				  (long long)word[3]);
}

/* Counts of one to eight digits. What follows a cell is shifted out, so that its digits stand at the right end of
 * zeros; a shift that is none is that of another length. */
AVX2 static inline unsigned count_four(const char *text, const uint16_t *next, const uint16_t *first,
				       int64_t *out)
{
	const __m128i length = lengths_of_four(next, first);
	const __m256i shift =
	    _mm256_cvtepu32_epi64(_mm_sub_epi32(_mm_set1_epi32(64), _mm_slli_epi32(length, 3)));
	__m256i v = _mm256_xor_si256(words_of_four(text, next, first), _mm256_set1_epi8('0'));
	v = _mm256_sllv_epi64(v, shift);
	__m256i bad = _mm256_or_si256(_mm256_subs_epu8(v, _mm256_set1_epi8(9)),
				      _mm256_andnot_si256(_mm256_set1_epi64x(63), shift));
	bad = _mm256_cmpeq_epi64(bad, _mm256_setzero_si256());
	v = _mm256_maddubs_epi16(v, _mm256_set1_epi16(0x010a));
	v = _mm256_madd_epi16(v, _mm256_set1_epi32(0x00010064));
	v = _mm256_add_epi64(_mm256_mul_epu32(v, _mm256_set1_epi64x(10000)), _mm256_srli_epi64(v, 32));
	_mm256_storeu_si256((__m256i *)(void *)out, v);
	return (unsigned)_mm256_movemask_pd(_mm256_castsi256_pd(bad)) ^ 15;
}

/* Two quads by their shapes; if one is none, nothing is said of either. */
AVX2 static inline unsigned quad_two(const char *text, const uint16_t *next, const uint16_t *first,
				     ic_ip *out)
{
	static const int8_t place[16] = { -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, 0, 4, 8, 12 };
	static const uint8_t mapped[16] = { [10] = 0xff, [11] = 0xff };
	const uint16_t *a = next + first[0], *b = next + first[1];
	const uint32_t an = (uint32_t)a[1] - a[0] - 1, bn = (uint32_t)b[1] - b[0] - 1;
	const uint32_t stops = UINT32_C(1) << (an & 15) | UINT32_C(0x10000) << (bn & 15);
	__m256i v = _mm256_set_m128i(load16(text + b[0]), load16(text + a[0]));
	const uint32_t dots = (uint32_t)_mm256_movemask_epi8(_mm256_cmpeq_epi8(v, _mm256_set1_epi8('.')));
	const uint32_t ends = (dots & (stops - 0x00010001)) | stops;
	const ic_quad_shape *x = &ic_quad_shapes[IC_QUAD_PLACE(ends & 0xffff)];
	const ic_quad_shape *y = &ic_quad_shapes[IC_QUAD_PLACE(ends >> 16)];
	v = _mm256_sub_epi8(v, _mm256_set1_epi8('0'));
	v = _mm256_shuffle_epi8(v, _mm256_set_m128i(load16(y->shuffle), load16(x->shuffle)));
	__m256i bad = _mm256_subs_epu8(v, _mm256_set1_epi8(9));
	v = _mm256_maddubs_epi16(v, _mm256_set1_epi32(0x010a6400));
	v = _mm256_madd_epi16(v, _mm256_set1_epi16(1));
	uint32_t least[2];
	memcpy(&least[0], x->least, sizeof(least[0]));
	memcpy(&least[1], y->least, sizeof(least[1]));
	const __m256i least_value = _mm256_cvtepu8_epi32(_mm_setr_epi32((int)least[0], (int)least[1], 0, 0));
	bad = _mm256_or_si256(bad, _mm256_cmpgt_epi32(v, _mm256_set1_epi32(255)));
	bad = _mm256_or_si256(bad, _mm256_cmpgt_epi32(least_value, v));
	v = _mm256_shuffle_epi8(v, _mm256_broadcastsi128_si256(load16(place)));
	v = _mm256_or_si256(v, _mm256_broadcastsi128_si256(load16(mapped)));
	_mm256_storeu_si256((__m256i *)(void *)out, v);
	const bool good =
	    ((an | bn) < 16) & (ends == (x->mask | y->mask << 16)) & (_mm256_testz_si256(bad, bad) != 0);
	return good ? 0 : 3;
}

/* Sixteen digit values a lane to a number each, in the lower half of its lane; *bad collects values over 9. */
AVX2 static inline __m256i sixteen_two(__m256i digits, __m256i *bad)
{
	*bad = _mm256_subs_epu8(digits, _mm256_set1_epi8(9));
	__m256i v = _mm256_maddubs_epi16(digits, _mm256_set1_epi16(0x010a));
	v = _mm256_madd_epi16(v, _mm256_set1_epi32(0x00010064));
	v = _mm256_packus_epi32(v, v);
	v = _mm256_madd_epi16(v, _mm256_set1_epi32(0x00012710));
	return _mm256_add_epi64(_mm256_mul_epu32(v, _mm256_set1_epi64x(100000000)), _mm256_srli_epi64(v, 32));
}

AVX2 static inline unsigned time_two(const char *text, const uint16_t *next, const uint16_t *first,
				     int64_t *out)
{
	const uint16_t *a = next + first[0], *b = next + first[1];
	const char *x = text + a[0], *y = text + b[0];
	const __m256i early = _mm256_set_m128i(load16(y), load16(x));
	const __m256i late = _mm256_set_m128i(load16(y + 1), load16(x + 1));
	const __m256i digits = _mm256_sub_epi8(_mm256_blend_epi16(early, late, 0xe0), _mm256_set1_epi8('0'));
	__m256i bad;
	__m256i us = sixteen_two(digits, &bad);
	us = _mm256_add_epi64(_mm256_slli_epi64(us, 3), _mm256_slli_epi64(us, 1)); /* IC_TICKS_US */
	us = _mm256_permute4x64_epi64(us, 0x08);
	_mm_storeu_si128((__m128i *)(void *)out, _mm256_castsi256_si128(us));
	const bool lengths = (a[1] - a[0] - 1 == TIME_LENGTH) & (b[1] - b[0] - 1 == TIME_LENGTH);
	const bool good = lengths & (x[10] == '.') & (y[10] == '.') & (_mm256_testz_si256(bad, bad) != 0);
	return good ? 0 : 3;
}

AVX2 static inline unsigned real_two(const char *text, const uint16_t *next, const uint16_t *first,
				     double *out)
{
	const uint16_t *a = next + first[0], *b = next + first[1];
	const uint32_t an = (uint32_t)a[1] - a[0] - 1, bn = (uint32_t)b[1] - b[0] - 1;
	const char *x = text + a[0], *y = text + b[0];
	const __m256i from = _mm256_set_m128i(load16(tables.real[bn & 31]), load16(tables.real[an & 31]));
	const __m256i digits = _mm256_sub_epi8(_mm256_set_m128i(load16(y), load16(x)), _mm256_set1_epi8('0'));
	__m256i bad;
	const __m256i value = sixteen_two(_mm256_shuffle_epi8(digits, from), &bad);
	out[0] = (double)_mm256_extract_epi64(value, 0) / 1e6;
	out[1] = (double)_mm256_extract_epi64(value, 2) / 1e6;
	const bool points = (x[(an - 7) & 15] == '.') & (y[(bn - 7) & 15] == '.');
	const bool good = points & (an - 8 <= 8) & (bn - 8 <= 8) & (_mm256_testz_si256(bad, bad) != 0);
	return good ? 0 : 3;
}

/* Appends the rows of the `size` from i on whose bit is set. */
static inline size_t append_each(uint16_t *odd, size_t n, size_t i, unsigned which, unsigned size)
{
	for (unsigned k = 0; k < size; k++) {
		odd[n] = (uint16_t)(i + k);
		n += (which >> k) & 1;
	}
	return n;
}

/* `wide` converts `size` rows at a time and has a bit set for each that it cannot. Those are few: behind a branch their
 * list does not make every group wait for the one before. They and the last rows are left to the narrow function, which
 * says what the forms are. */
#define EACH_GROUP(size, wide, narrow)                                                                       \
	do {                                                                                                 \
		const char *in = c->text;                                                                    \
		const uint16_t *cells = c->next + c->column, *row = c->first;                                \
		const size_t rows = c->rows;                                                                 \
		size_t i = 0, left = 0, n = 0;                                                               \
		for (; i + (size) <= rows; i += (size)) {                                                    \
			const unsigned which = wide(in, cells, row + i, out + i);                            \
			if (__builtin_expect(which != 0, 0))                                                 \
				left = append_each(odd, left, i, which, (size));                             \
		}                                                                                            \
		for (; i < rows; i++)                                                                        \
			odd[left++] = (uint16_t)i;                                                           \
		for (size_t k = 0; k < left; k++) {                                                          \
			const uint16_t *e = cells + row[odd[k]];                                             \
			const bool ok = narrow(in + e[0], (uint32_t)e[1] - e[0] - 1, &out[odd[k]]);          \
			odd[n] = odd[k];                                                                     \
			n += !ok;                                                                            \
		}                                                                                            \
		return n;                                                                                    \
	} while (0)

AVX2 static size_t times_avx2(const ic_zeek_cells *c, int64_t *out, uint16_t *odd)
{
	EACH_GROUP(2, time_two, time_avx2);
}

AVX2 static size_t counts_avx2(const ic_zeek_cells *c, int64_t *out, uint16_t *odd)
{
	EACH_GROUP(4, count_four, count_avx2);
}

AVX2 static size_t reals_avx2(const ic_zeek_cells *c, double *out, uint16_t *odd)
{
	EACH_GROUP(2, real_two, real_avx2);
}

AVX2 static inline bool ip_avx2(const char *p, uint32_t n, ic_ip *ret)
{
	return quad_avx2(p, n, ret) || ic_ip_parse((ic_str){ p, n }, ret);
}

AVX2 static size_t ips_avx2(const ic_zeek_cells *c, ic_ip *out, uint16_t *odd)
{
	EACH_GROUP(2, quad_two, ip_avx2);
}

/* ---- AVX-512 ---- */

#define AVX512                                                                                               \
	__attribute__((                                                                                      \
	    target("avx512f,avx512bw,avx512dq,avx512vl,avx512vbmi,avx512vbmi2,avx2,bmi,bmi2,popcnt")))
#define EACH_LANE(...) _mm512_broadcast_i32x4(_mm_setr_epi8(__VA_ARGS__))

/* The first 16 bytes of the cells of four rows. */
AVX512 static inline __m512i bytes_of_four(const char *text, const uint16_t *next, const uint16_t *first)
{
	const __m128i a = load16(text + next[first[0]]), b = load16(text + next[first[1]]);
	const __m128i c = load16(text + next[first[2]]), d = load16(text + next[first[3]]);
	const __m256i low = _mm256_inserti128_si256(_mm256_castsi128_si256(a), b, 1);
	const __m256i high = _mm256_inserti128_si256(_mm256_castsi128_si256(c), d, 1);
	return _mm512_inserti64x4(_mm512_castsi256_si512(low), high, 1);
}

/* The low byte of each length in all bytes of its lane. */
AVX512 static inline __m512i spread_length(__m128i length)
{
	const __m512i which = _mm512_setr_epi32(0, 0, 0, 0, 0x04040404, 0x04040404, 0x04040404, 0x04040404,
						0x08080808, 0x08080808, 0x08080808, 0x08080808, 0x0c0c0c0c,
						0x0c0c0c0c, 0x0c0c0c0c, 0x0c0c0c0c);
	return _mm512_permutexvar_epi8(which, _mm512_castsi128_si512(length));
}

/* One bit a row from one bit a byte: is any set? */
AVX512 static inline __mmask8 any_of_row(uint64_t bytes)
{
	__m128i words = _mm_cvtsi64_si128((int64_t)bytes);
	return _mm_test_epi16_mask(words, words);
}

static const char lane_numbers[64] = { 0,  1,  2,  3,  4,  5,  6,  7,  8,  9,  10, 11, 12, 13, 14, 15,
				       16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31,
				       32, 33, 34, 35, 36, 37, 38, 39, 40, 41, 42, 43, 44, 45, 46, 47,
				       48, 49, 50, 51, 52, 53, 54, 55, 56, 57, 58, 59, 60, 61, 62, 63 };

/* Sixteen digit values a lane to a number each; *odd gets a bit for rows with values over 9. */
AVX512 static inline __m256i sixteen_four(__m512i digits, __mmask8 *odd)
{
	*odd = any_of_row(_mm512_cmpgt_epu8_mask(digits, _mm512_set1_epi8(9)));
	__m512i v = _mm512_maddubs_epi16(digits, _mm512_set1_epi16(0x010a));
	v = _mm512_madd_epi16(v, _mm512_set1_epi32(0x00010064));
	v = _mm512_packus_epi32(v, v);
	v = _mm512_madd_epi16(v, _mm512_set1_epi32(0x00012710));
	v = _mm512_add_epi64(_mm512_mul_epu32(v, _mm512_set1_epi64(100000000)), _mm512_srli_epi64(v, 32));
	return _mm512_castsi512_si256(_mm512_maskz_compress_epi64(0x55, v));
}

AVX512 static inline __mmask8 outside(__m128i length, int least, int most)
{
	__m128i off = _mm_sub_epi32(length, _mm_set1_epi32(least));
	return _mm_cmpgt_epu32_mask(off, _mm_set1_epi32(most - least));
}

AVX512 static inline unsigned time_four(const char *text, const uint16_t *next, const uint16_t *first,
					int64_t *out)
{
	const __mmask64 point = UINT64_C(0x0400040004000400);
	const __m512i bytes = bytes_of_four(text, next, first);
	const __m512i later = bytes_of_four(text + 1, next, first);
	__m512i digits = _mm512_mask_blend_epi16(0xe0e0e0e0, bytes, later);
	__mmask64 no_point = _mm512_mask_cmpneq_epi8_mask(point, bytes, _mm512_set1_epi8('.'));
	__mmask8 odd;
	__m256i us = sixteen_four(_mm512_sub_epi8(digits, _mm512_set1_epi8('0')), &odd);
	us = _mm256_add_epi64(_mm256_slli_epi64(us, 3), _mm256_slli_epi64(us, 1)); /* IC_TICKS_US */
	_mm256_storeu_si256((__m256i *)(void *)out, us);
	return odd | any_of_row(no_point) | outside(lengths_of_four(next, first), TIME_LENGTH, TIME_LENGTH);
}

/* As count_four. */
AVX512 static inline unsigned count_eight(const char *text, const uint16_t *next, const uint16_t *first,
					  int64_t *out)
{
	__m256i bounds = _mm256_setzero_si256();
	__m512i v = _mm512_setzero_si512();
#pragma GCC unroll 8
	for (unsigned k = 0; k < 8; k++) { /* a load each into its lane, which needs no shuffle */
		const uint16_t *e = next + first[k];
		int32_t pair;
		memcpy(&pair, e, sizeof(pair));
		bounds = _mm256_mask_set1_epi32(bounds, (__mmask8)(1U << k), pair);
		v = _mm512_mask_set1_epi64(v, (__mmask8)(1U << k), (int64_t)ic_fast_load64(text + e[0]));
	}
	const __m256i start = _mm256_and_si256(bounds, _mm256_set1_epi32(0xffff));
	const __m256i length = _mm256_sub_epi32(_mm256_srli_epi32(bounds, 16), start); /* and the delimiter */
	const __m512i shift =
	    _mm512_cvtepu32_epi64(_mm256_sub_epi32(_mm256_set1_epi32(72), _mm256_slli_epi32(length, 3)));
	v = _mm512_xor_si512(v, _mm512_set1_epi8('0'));
	v = _mm512_sllv_epi64(v, shift);
	const __m512i bad = _mm512_or_si512(_mm512_subs_epu8(v, _mm512_set1_epi8(9)),
					    _mm512_andnot_si512(_mm512_set1_epi64(63), shift));
	v = _mm512_maddubs_epi16(v, _mm512_set1_epi16(0x010a));
	v = _mm512_madd_epi16(v, _mm512_set1_epi32(0x00010064));
	v = _mm512_add_epi64(_mm512_mul_epu32(v, _mm512_set1_epi64(10000)), _mm512_srli_epi64(v, 32));
	_mm512_storeu_si512(out, v);
	return _mm512_test_epi64_mask(bad, bad);
}

AVX512 static inline unsigned real_four(const char *text, const uint16_t *next, const uint16_t *first,
					double *out)
{
	const __m512i right =
	    EACH_LANE(-17, -16, -15, -14, -13, -12, -11, -10, -9, -8, -6, -5, -4, -3, -2, -1);
	const __m128i length = lengths_of_four(next, first);
	const __m512i bytes = bytes_of_four(text, next, first);
	__m512i from = _mm512_add_epi8(spread_length(length), right);
	__m512i digits = _mm512_sub_epi8(bytes, _mm512_set1_epi8('0'));
	const uint64_t dots = _mm512_cmpeq_epi8_mask(bytes, _mm512_set1_epi8('.'));
	__m128i points = _mm_cvtepu16_epi32(_mm_cvtsi64_si128((int64_t)dots));
	__m128i point = _mm_sllv_epi32(_mm_set1_epi32(1), _mm_sub_epi32(length, _mm_set1_epi32(7)));
	__mmask8 odd;
	__m256i value = sixteen_four(_mm512_shuffle_epi8(digits, from), &odd);
	_mm256_storeu_pd(out, _mm256_div_pd(_mm256_cvtepi64_pd(value), _mm256_set1_pd(1e6)));
	return odd | _mm_testn_epi32_mask(points, point) | outside(length, 8, 16);
}

/* Four quads whose sixteen octets end at dots and cell ends, sixteen in all; if these are not four in each lane, or an
 * octet is none, it is false and nothing is said of any of them. */
AVX512 static inline bool quads_of(__m512i bytes, __m128i length, ic_ip *out)
{
	const __m512i lane = EACH_LANE(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15);
	const __m512i number = _mm512_loadu_si512(lane_numbers);
	const __m512i n = spread_length(length);
	const __mmask64 dots =
	    _mm512_mask_cmpeq_epi8_mask(_mm512_cmplt_epu8_mask(lane, n), bytes, _mm512_set1_epi8('.'));
	const __mmask64 ends = dots | _mm512_cmpeq_epi8_mask(lane, n);
	const __m512i end = _mm512_maskz_compress_epi8(ends, number);
	const __m128i lane_of = _mm_and_si128(_mm512_castsi512_si128(end), _mm_set1_epi8(0x30));
	const __mmask16 strays =
	    _mm_cmpneq_epi8_mask(lane_of, _mm_setr_epi32(0, 0x10101010, 0x20202020, 0x30303030));

	/* An octet is a dword of: nothing, hundreds, tens, ones. */
	const __m512i spread = _mm512_permutexvar_epi8(
	    _mm512_setr_epi32(0, 0x01010101, 0x02020202, 0x03030303, 0x04040404, 0x05050505, 0x06060606,
			      0x07070707, 0x08080808, 0x09090909, 0x0a0a0a0a, 0x0b0b0b0b, 0x0c0c0c0c,
			      0x0d0d0d0d, 0x0e0e0e0e, 0x0f0f0f0f),
	    end);
	const __m512i lane_start =
	    _mm512_setr_epi32(-1, 0, 0, 0, 0x0f0f0f0f, 0, 0, 0, 0x1f1f1f1f, 0, 0, 0, 0x2f2f2f2f, 0, 0, 0);
	const __m512i before = _mm512_mask_alignr_epi32(lane_start, 0xeeee, spread, spread, 15);
	const __m512i from = _mm512_sub_epi8(spread, _mm512_set1_epi32(0x01020304));
	const uint64_t present = _mm512_cmpgt_epi8_mask(from, before);
	const __m512i digits =
	    _mm512_maskz_permutexvar_epi8(present, from, _mm512_sub_epi8(bytes, _mm512_set1_epi8('0')));
	/* A zero with nothing before it leads, unless it is the ones. */
	const uint64_t zero = _mm512_mask_cmpeq_epi8_mask(present, digits, _mm512_setzero_si512());
	const uint64_t bad = (zero & ~(present << 1) & UINT64_C(0x7777777777777777)) |
			     ((present & UINT64_C(0x9999999999999999)) ^ UINT64_C(0x8888888888888888)) |
			     _mm512_cmpgt_epu8_mask(digits, _mm512_set1_epi8(9));
	__m512i value = _mm512_maddubs_epi16(digits, _mm512_set1_epi32(0x010a6400));
	value = _mm512_madd_epi16(value, _mm512_set1_epi16(1));
	const __mmask16 over = _mm512_cmpgt_epi32_mask(value, _mm512_set1_epi32(255));
	value = _mm512_shuffle_epi8(value,
				    EACH_LANE(-1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, 0, 4, 8, 12));
	value = _mm512_or_si512(value, EACH_LANE(0, 0, 0, 0, 0, 0, 0, 0, 0, 0, -1, -1, 0, 0, 0, 0));
	_mm512_storeu_si512(out, value);
	return !bad & !(over | strays) & (__builtin_popcountll(ends) == 16) & !outside(length, 7, 15);
}

/* Beside an IPv6 address, which has a colon early, the others are quads nevertheless: one stands in for it. */
AVX512 static inline unsigned quad_four(const char *text, const uint16_t *next, const uint16_t *first,
					ic_ip *out)
{
	const __m512i quad = EACH_LANE('0', '.', '0', '.', '0', '.', '0', 0, 0, 0, 0, 0, 0, 0, 0, 0);
	const __m128i length = lengths_of_four(next, first);
	const __m512i bytes = bytes_of_four(text, next, first);
	if (__builtin_expect(quads_of(bytes, length, out), 1))
		return 0;
	const __mmask8 six = any_of_row(_mm512_cmpeq_epi8_mask(bytes, _mm512_set1_epi8(':')));
	const __m512i others = _mm512_mask_blend_epi32((__mmask16)(_pdep_u32(six, 0x1111) * 15), bytes, quad);
	const __m128i lengths = _mm_mask_mov_epi32(length, six, _mm_set1_epi32(7));
	return quads_of(others, lengths, out) ? six : 15;
}

/* Groups of hexadecimal digits with colons, as ic_ip_parse reads them: not a dotted end, not a zone. A group is gathered
 * at its last digit; groups behind a "::" go to the end. */
AVX512 static inline bool groups_avx512(const char *p, uint32_t n, ic_ip *ret)
{
	const __m512i lane = _mm512_loadu_si512(lane_numbers);
	if (n - 2 > 37) /* "::" to eight groups of four and seven colons */
		return false;
	const uint64_t in = (UINT64_C(1) << n) - 1, last = UINT64_C(1) << (n - 1);
	const __m512i v = _mm512_maskz_loadu_epi8(in, p);
	const __m512i low = _mm512_or_si512(v, _mm512_set1_epi8(0x20));
	const __mmask64 letters =
	    _mm512_cmple_epu8_mask(_mm512_sub_epi8(low, _mm512_set1_epi8('a')), _mm512_set1_epi8(5));
	const uint64_t digits =
	    letters | _mm512_cmple_epu8_mask(_mm512_sub_epi8(v, _mm512_set1_epi8('0')), _mm512_set1_epi8(9));
	const uint64_t colons = _mm512_cmpeq_epi8_mask(v, _mm512_set1_epi8(':'));
	const uint64_t two = digits & digits << 1, three = two & digits << 2, four = three & digits << 3;
	const uint64_t ends = digits & ~(digits >> 1), gaps = colons & colons << 1;
	const unsigned groups = (unsigned)__builtin_popcountll(ends);
	const unsigned before = (unsigned)__builtin_popcountll(ends & (gaps - 1));
	const uint64_t bad = ((digits | colons) ^ in) | (four & digits << 4) | (gaps & (gaps - 1)) |
			     (colons & 1 & ~(gaps >> 1)) | (colons & last & ~gaps);
	if (bad || groups > 8 || (groups == 8) != (gaps == 0))
		return false;

	const __m512i value = _mm512_and_si512(v, _mm512_set1_epi8(15));
	const __m512i ones = _mm512_mask_add_epi8(value, letters, value, _mm512_set1_epi8(9));
	const __m512i tens = _mm512_slli_epi16(ones, 4); /* no digit reaches into the byte above */
	const __m512i less = _mm512_set1_epi8(1), b1 = _mm512_sub_epi8(lane, less);
	const __m512i b2 = _mm512_sub_epi8(b1, less), b3 = _mm512_sub_epi8(b2, less);
	const __m512i lower = _mm512_or_si512(ones, _mm512_maskz_permutexvar_epi8(two, b1, tens));
	const __m512i upper = _mm512_or_si512(_mm512_maskz_permutexvar_epi8(three, b2, ones),
					      _mm512_maskz_permutexvar_epi8(four, b3, tens));
	const __m512i lowers = _mm512_maskz_compress_epi8(ends, lower);
	const __m512i uppers = _mm512_maskz_compress_epi8(ends, upper);
	const __m128i pairs =
	    _mm_unpacklo_epi8(_mm512_castsi512_si128(uppers), _mm512_castsi512_si128(lowers));
	const unsigned place = ((1U << before) - 1) | 0xffU << (before + 8 - groups);
	_mm_storeu_si128((__m128i *)(void *)ret, _mm_maskz_expand_epi16((__mmask8)place, pairs));
	return true;
}

AVX512 static inline bool ip_avx512(const char *p, uint32_t n, ic_ip *ret)
{
	return groups_avx512(p, n, ret) || quad_avx2(p, n, ret) || ic_ip_parse((ic_str){ p, n }, ret);
}

AVX512 static size_t times_avx512(const ic_zeek_cells *c, int64_t *out, uint16_t *odd)
{
	EACH_GROUP(4, time_four, time_avx2);
}

AVX512 static size_t counts_avx512(const ic_zeek_cells *c, int64_t *out, uint16_t *odd)
{
	EACH_GROUP(8, count_eight, count_avx2);
}

AVX512 static size_t reals_avx512(const ic_zeek_cells *c, double *out, uint16_t *odd)
{
	EACH_GROUP(4, real_four, real_avx2);
}

AVX512 static size_t ips_avx512(const ic_zeek_cells *c, ic_ip *out, uint16_t *odd)
{
	EACH_GROUP(4, quad_four, ip_avx512);
}

void ic_zeek_cells_prepare(void)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;
	pthread_once(&once, fill_tables);
	ic_quad_prepare();
}

#define BY_LEVEL(name)                                                                                       \
	do {                                                                                                 \
		if (level >= IC_SIMD_AVX512)                                                                 \
			return name##_avx512(c, out, odd);                                                   \
		if (level >= IC_SIMD_AVX2)                                                                   \
			return name##_avx2(c, out, odd);                                                     \
	} while (0)
#else
void ic_zeek_cells_prepare(void) {}

#define BY_LEVEL(name) (void)level
#endif

/* ---- dispatch ---- */

size_t ic_zeek_cells_time(ic_simd level, const ic_zeek_cells *c, int64_t *out, uint16_t *odd)
{
	BY_LEVEL(times);
	EACH_ROW(time_scalar);
}

size_t ic_zeek_cells_count(ic_simd level, const ic_zeek_cells *c, int64_t *out, uint16_t *odd)
{
	BY_LEVEL(counts);
	EACH_ROW(count_scalar);
}

size_t ic_zeek_cells_real(ic_simd level, const ic_zeek_cells *c, double *out, uint16_t *odd)
{
	BY_LEVEL(reals);
	EACH_ROW(real_scalar);
}

size_t ic_zeek_cells_ip(ic_simd level, const ic_zeek_cells *c, ic_ip *out, uint16_t *odd)
{
	BY_LEVEL(ips);
	EACH_ROW(ip_scalar);
}

size_t ic_zeek_cells_text(const ic_zeek_cells *c, const uint8_t odd_first[256], ic_str *out, uint16_t *odd)
{
	const char *text = c->text;
	const uint16_t *next = c->next + c->column, *first = c->first;
	const uint32_t rows = c->rows;
	size_t n = 0;
	for (size_t i = 0; i < rows; i++) {
		const uint16_t *e = next + first[i];
		const char *p = text + e[0];
		out[i] = (ic_str){ p, (uint32_t)e[1] - e[0] - 1 };
		odd[n] = (uint16_t)i;
		n += odd_first[(uint8_t)*p];
	}
	return n;
}
