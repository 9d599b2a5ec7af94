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

static inline bool quad_scalar(const char *p, uint32_t n, ic_ip *ret)
{
	uint32_t address = 0;
	const bool good = ic_quad_parse_plain(p, n, &address);
	*ret = ic_ip_from_v4(address);
	return good;
}

/* Copies of what c points to stay in registers: what is written could be the same memory as c. */
#define EACH_ROW_FROM(begin, odd_before, convert)                                                            \
	do {                                                                                                 \
		const char *text = c->text;                                                                  \
		const uint16_t *next = c->next + c->column, *first = c->first;                               \
		const uint32_t rows = c->rows;                                                               \
		size_t n = odd_before;                                                                       \
		for (size_t i = begin; i < rows; i++) {                                                      \
			const uint16_t *e = next + first[i];                                                 \
			bool ok = convert(text + e[0], (uint32_t)e[1] - e[0] - 1, &out[i]);                  \
			odd[n] = (uint16_t)i;                                                                \
			n += !ok;                                                                            \
		}                                                                                            \
		return n;                                                                                    \
	} while (0)
#define EACH_ROW(convert) EACH_ROW_FROM(0, 0, convert)

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

AVX2 static size_t times_avx2(const ic_zeek_cells *c, int64_t *out, uint16_t *odd)
{
	EACH_ROW(time_avx2);
}

AVX2 static size_t counts_avx2(const ic_zeek_cells *c, int64_t *out, uint16_t *odd)
{
	EACH_ROW(count_avx2);
}

AVX2 static size_t reals_avx2(const ic_zeek_cells *c, double *out, uint16_t *odd)
{
	EACH_ROW(real_avx2);
}

AVX2 static size_t quads_avx2(const ic_zeek_cells *c, ic_ip *out, uint16_t *odd)
{
	EACH_ROW(quad_avx2);
}

/* ---- AVX-512 (four rows at a time) ---- */

#define AVX512	       __attribute__((target("avx512f,avx512bw,avx512dq,avx512vl,avx512vbmi2,avx2,bmi,bmi2,popcnt")))
#define EACH_LANE(...) _mm512_broadcast_i32x4(_mm_setr_epi8(__VA_ARGS__))

/* The cells of four rows: their first 16 bytes, their lengths, the row numbers. */
typedef struct four_cells {
	__m512i bytes;
	__m128i length; /* dwords */
} four_cells;

AVX512 static inline four_cells load_four(const char *text, const uint16_t *next, const uint16_t *first)
{
	const uint16_t *a = next + first[0], *b = next + first[1];
	const uint16_t *c = next + first[2], *d = next + first[3];
	uint32_t pair[4];
	memcpy(&pair[0], a, 4);
	memcpy(&pair[1], b, 4);
	memcpy(&pair[2], c, 4);
	memcpy(&pair[3], d, 4);
	__m128i pairs = _mm_setr_epi32((int)pair[0], (int)pair[1], (int)pair[2], (int)pair[3]);
	__m128i start = _mm_and_si128(pairs, _mm_set1_epi32(0xffff));
	__m128i end = _mm_srli_epi32(pairs, 16);
	__m256i low =
	    _mm256_inserti128_si256(_mm256_castsi128_si256(load16(text + *a)), load16(text + *b), 1);
	__m256i high =
	    _mm256_inserti128_si256(_mm256_castsi128_si256(load16(text + *c)), load16(text + *d), 1);
	return (four_cells){ _mm512_inserti64x4(_mm512_castsi256_si512(low), high, 1),
			     _mm_sub_epi32(_mm_sub_epi32(end, start), _mm_set1_epi32(1)) };
}

/* The low byte of each length in all bytes of its lane. */
AVX512 static inline __m512i spread_length(__m128i length)
{
	const __m512i which = _mm512_setr_epi32(0, 0, 0, 0, 0x04040404, 0x04040404, 0x04040404, 0x04040404,
						0x08080808, 0x08080808, 0x08080808, 0x08080808, 0x0c0c0c0c,
						0x0c0c0c0c, 0x0c0c0c0c, 0x0c0c0c0c);
	return _mm512_shuffle_epi8(_mm512_broadcast_i32x4(length), which);
}

/* One bit a row from one bit a byte: is any set? */
AVX512 static inline __mmask8 any_of_row(uint64_t bytes)
{
	__m128i words = _mm_cvtsi64_si128((int64_t)bytes);
	return _mm_test_epi16_mask(words, words);
}

/* One dword a row from one bit a byte. */
AVX512 static inline __m128i dword_of_row(uint64_t bytes)
{
	return _mm_cvtepu16_epi32(_mm_cvtsi64_si128((int64_t)bytes));
}

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

/* Appends the rows of the four from i on whose bit is set. */
AVX512 static inline size_t append_odd(uint16_t *odd, size_t n, size_t i, __mmask8 which)
{
	__m128i rows = _mm_add_epi16(_mm_setr_epi16(0, 1, 2, 3, 4, 5, 6, 7), _mm_set1_epi16((short)i));
	_mm_storeu_si128((__m128i *)(void *)(odd + n), _mm_maskz_compress_epi16(which, rows));
	return n + (size_t)__builtin_popcount(which);
}

AVX512 static inline __mmask8 outside(__m128i length, int least, int most)
{
	__m128i off = _mm_sub_epi32(length, _mm_set1_epi32(least));
	return _mm_cmpgt_epu32_mask(off, _mm_set1_epi32(most - least));
}

AVX512 static inline __mmask8 time_four(const four_cells *v, const char *text, const uint16_t *next,
					const uint16_t *first, int64_t *out)
{
	const __mmask64 point = UINT64_C(0x0400040004000400);
	const four_cells later = load_four(text + 1, next, first);
	__m512i digits = _mm512_mask_blend_epi16(0xe0e0e0e0, v->bytes, later.bytes);
	__mmask64 no_point = _mm512_mask_cmpneq_epi8_mask(point, v->bytes, _mm512_set1_epi8('.'));
	__mmask8 odd;
	__m256i us = sixteen_four(_mm512_sub_epi8(digits, _mm512_set1_epi8('0')), &odd);
	us = _mm256_add_epi64(_mm256_slli_epi64(us, 3), _mm256_slli_epi64(us, 1)); /* IC_TICKS_US */
	_mm256_storeu_si256((__m256i *)(void *)out, us);
	return odd | any_of_row(no_point) | outside(v->length, TIME_LENGTH, TIME_LENGTH);
}

AVX512 static inline __mmask8 count_four(const four_cells *v, int64_t *out)
{
	const __m512i right =
	    EACH_LANE(-16, -15, -14, -13, -12, -11, -10, -9, -8, -7, -6, -5, -4, -3, -2, -1);
	__m512i from = _mm512_add_epi8(spread_length(v->length), right);
	__m512i digits = _mm512_sub_epi8(v->bytes, _mm512_set1_epi8('0'));
	__mmask8 odd;
	__m256i value = sixteen_four(_mm512_shuffle_epi8(digits, from), &odd);
	_mm256_storeu_si256((__m256i *)(void *)out, value);
	return odd | outside(v->length, 1, 16);
}

AVX512 static inline __mmask8 real_four(const four_cells *v, double *out)
{
	const __m512i right =
	    EACH_LANE(-17, -16, -15, -14, -13, -12, -11, -10, -9, -8, -6, -5, -4, -3, -2, -1);
	__m512i from = _mm512_add_epi8(spread_length(v->length), right);
	__m512i digits = _mm512_sub_epi8(v->bytes, _mm512_set1_epi8('0'));
	__m128i points = dword_of_row(_mm512_cmpeq_epi8_mask(v->bytes, _mm512_set1_epi8('.')));
	__m128i point = _mm_sllv_epi32(_mm_set1_epi32(1), _mm_sub_epi32(v->length, _mm_set1_epi32(7)));
	__mmask8 odd;
	__m256i value = sixteen_four(_mm512_shuffle_epi8(digits, from), &odd);
	_mm256_storeu_pd(out, _mm256_div_pd(_mm256_cvtepi64_pd(value), _mm256_set1_pd(1e6)));
	return odd | _mm_testn_epi32_mask(points, point) | outside(v->length, 8, 16);
}

AVX512 static inline __mmask8 quad_four(const four_cells *v, ic_ip *out)
{
	const __m128i one = _mm_set1_epi32(1);
	__m128i dots = dword_of_row(_mm512_cmpeq_epi8_mask(v->bytes, _mm512_set1_epi8('.')));
	__m128i end = _mm_sllv_epi32(one, v->length);
	__m128i mask = _mm_or_si128(_mm_and_si128(dots, _mm_sub_epi32(end, one)), end);
	__m128i place = _mm_srli_epi32(_mm_mullo_epi32(mask, _mm_set1_epi32((int)IC_QUAD_FACTOR)), 24);
	const ic_quad_shape *a = &ic_quad_shapes[_mm_extract_epi32(place, 0)];
	const ic_quad_shape *b = &ic_quad_shapes[_mm_extract_epi32(place, 1)];
	const ic_quad_shape *c = &ic_quad_shapes[_mm_extract_epi32(place, 2)];
	const ic_quad_shape *d = &ic_quad_shapes[_mm_extract_epi32(place, 3)];
	__m128i expected = _mm_setr_epi32((int)a->mask, (int)b->mask, (int)c->mask, (int)d->mask);
	__m256i low = _mm256_inserti128_si256(_mm256_castsi128_si256(load16(a)), load16(b), 1);
	__m256i high = _mm256_inserti128_si256(_mm256_castsi128_si256(load16(c)), load16(d), 1);
	__m512i from = _mm512_inserti64x4(_mm512_castsi256_si512(low), high, 1);
	/* Groups of: nothing, hundreds, tens, ones, as text. */
	__m512i text = _mm512_shuffle_epi8(v->bytes, from);
	__mmask64 present = ~_mm512_movepi8_mask(from);
	__m512i digits = _mm512_maskz_sub_epi8(present, text, _mm512_set1_epi8('0'));
	uint64_t zero = _mm512_mask_cmpeq_epi8_mask(present, digits, _mm512_setzero_si512());
	/* A zero with nothing before it leads, unless it is the ones. */
	uint64_t bad = (zero & ~((uint64_t)present << 1) & UINT64_C(0x7777777777777777)) |
		       _mm512_cmpgt_epu8_mask(digits, _mm512_set1_epi8(9));
	__m512i value = _mm512_maddubs_epi16(digits, _mm512_set1_epi32(0x010a6400));
	value = _mm512_madd_epi16(value, _mm512_set1_epi16(1));
	__m128i over = _mm_movm_epi8(_mm512_cmpgt_epi32_mask(value, _mm512_set1_epi32(255)));
	value = _mm512_shuffle_epi8(value,
				    EACH_LANE(-1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, 0, 4, 8, 12));
	value = _mm512_or_si512(value, EACH_LANE(0, 0, 0, 0, 0, 0, 0, 0, 0, 0, -1, -1, 0, 0, 0, 0));
	_mm512_storeu_si512(out, value);
	return any_of_row(bad) | _mm_test_epi32_mask(over, over) | _mm_cmpneq_epi32_mask(mask, expected) |
	       outside(v->length, 7, 15);
}

/* Fours with the wide function, the rest with the narrow one. */
#define EACH_FOUR(wide, narrow)                                                                              \
	do {                                                                                                 \
		const char *in = c->text;                                                                    \
		const uint16_t *cells = c->next + c->column, *row = c->first;                                \
		size_t fours = c->rows & ~UINT32_C(3), found = 0;                                            \
		for (size_t k = 0; k < fours; k += 4) {                                                      \
			const four_cells v = load_four(in, cells, row + k);                                  \
			found = append_odd(odd, found, k, wide);                                             \
		}                                                                                            \
		EACH_ROW_FROM(fours, found, narrow);                                                         \
	} while (0)

AVX512 static size_t times_avx512(const ic_zeek_cells *c, int64_t *out, uint16_t *odd)
{
	EACH_FOUR(time_four(&v, in, cells, row + k, out + k), time_avx2);
}

AVX512 static size_t counts_avx512(const ic_zeek_cells *c, int64_t *out, uint16_t *odd)
{
	EACH_FOUR(count_four(&v, out + k), count_avx2);
}

AVX512 static size_t reals_avx512(const ic_zeek_cells *c, double *out, uint16_t *odd)
{
	EACH_FOUR(real_four(&v, out + k), real_avx2);
}

AVX512 static size_t quads_avx512(const ic_zeek_cells *c, ic_ip *out, uint16_t *odd)
{
	EACH_FOUR(quad_four(&v, out + k), quad_avx2);
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

size_t ic_zeek_cells_quad(ic_simd level, const ic_zeek_cells *c, ic_ip *out, uint16_t *odd)
{
	BY_LEVEL(quads);
	EACH_ROW(quad_scalar);
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
