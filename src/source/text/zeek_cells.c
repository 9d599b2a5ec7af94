/* SPDX-License-Identifier: Apache-2.0 */
#include "source/text/zeek_cells.h"

#include <pthread.h>

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
	uint32_t address = 0, value = 0, digits = 0, parts = 0;
	if (n < 7 || n > 15)
		return false;
	for (uint32_t i = 0; i <= n; i++) {
		if (i == n || p[i] == '.') {
			bool zero_first = digits > 1 && p[i - digits] == '0';
			if (digits == 0 || digits > 3 || value > 255 || zero_first)
				return false;
			address = address << 8 | value;
			parts++;
			value = digits = 0;
		} else {
			if (p[i] < '0' || p[i] > '9')
				return false;
			value = (value * 10 + (uint32_t)(p[i] - '0')) & 0xffff;
			digits++;
		}
	}
	if (parts != 4)
		return false;
	*ret = ic_ip_from_v4(address);
	return true;
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

/* A dotted quad is known by where its dots and its end are: 81 shapes. A multiplication spreads
 * their bit masks over 256 places without a collision. */
typedef struct quad_shape {
	int8_t shuffle[16]; /* to four groups of: nothing, hundreds, tens, ones */
	uint8_t least[4];   /* the least value without a leading zero */
	uint32_t mask;	    /* 0: no shape here */
	uint8_t pad[8];
} quad_shape;
#define QUAD_PLACE(mask) ((uint32_t)((mask)*UINT32_C(0xd6af10d1)) >> 24)

static struct {
	_Alignas(64) quad_shape quad[256];
	_Alignas(16) int8_t count[17][16]; /* by length: digits to the right end */
	int8_t real[17][16];		   /* by length: the same without the point */
} tables;

static void fill_quad(const uint32_t length[4])
{
	quad_shape s;
	uint32_t at = 0, mask = 0;
	memset(&s, 0, sizeof(s));
	memset(s.shuffle, -1, sizeof(s.shuffle));
	for (uint32_t part = 0; part < 4; part++) {
		for (uint32_t i = 0; i < length[part]; i++)
			s.shuffle[4 * part + 4 - length[part] + i] = (int8_t)(at + i);
		s.least[part] = length[part] == 3 ? 100 : length[part] == 2 ? 10 : 0;
		at += length[part] + 1;
		mask |= UINT32_C(1) << (at - 1);
	}
	s.mask = mask;
	tables.quad[QUAD_PLACE(mask)] = s;
}

static void fill_tables(void)
{
	for (uint32_t i = 0; i < 81; i++) {
		const uint32_t length[4] = { i / 27 + 1, i / 9 % 3 + 1, i / 3 % 3 + 1, i % 3 + 1 };
		fill_quad(length);
	}
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
	v = _mm_shuffle_epi8(v, load16(tables.count[fits ? n : 0]));
	*ret = (int64_t)sixteen(v, &bad);
	return fits & (_mm_testz_si128(bad, bad) != 0);
}

AVX2 static inline bool real_avx2(const char *p, uint32_t n, double *ret)
{
	bool fits = n - 8 <= 8;
	__m128i v = _mm_sub_epi8(load16(p), _mm_set1_epi8('0')), bad;
	v = _mm_shuffle_epi8(v, load16(tables.real[fits ? n : 0]));
	*ret = (double)(int64_t)sixteen(v, &bad) / 1e6;
	return fits & (p[(n - 7) & 15] == '.') & (_mm_testz_si128(bad, bad) != 0);
}

AVX2 static inline bool quad_avx2(const char *p, uint32_t n, ic_ip *ret)
{
	static const int8_t place[16] = { -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, 0, 4, 8, 12 };
	static const uint8_t mapped[16] = { [10] = 0xff, [11] = 0xff };
	__m128i v = load16(p);
	uint32_t end = UINT32_C(1) << (n & 15);
	uint32_t dots = (uint32_t)_mm_movemask_epi8(_mm_cmpeq_epi8(v, _mm_set1_epi8('.')));
	uint32_t mask = (dots & (end - 1)) | end;
	const quad_shape *s = &tables.quad[QUAD_PLACE(mask)];
	v = _mm_shuffle_epi8(_mm_sub_epi8(v, _mm_set1_epi8('0')), load16(s->shuffle));
	__m128i bad = _mm_subs_epu8(v, _mm_set1_epi8(9));
	v = _mm_maddubs_epi16(v, _mm_set1_epi32(0x010a6400));
	v = _mm_madd_epi16(v, _mm_set1_epi16(1));
	int32_t least_word;
	memcpy(&least_word, s->least, sizeof(least_word));
	__m128i least = _mm_cvtepu8_epi32(_mm_cvtsi32_si128(least_word));
	bad = _mm_or_si128(bad, _mm_cmpgt_epi32(v, _mm_set1_epi32(255)));
	bad = _mm_or_si128(bad, _mm_cmpgt_epi32(least, v));
	v = _mm_or_si128(_mm_shuffle_epi8(v, load16(place)), load16(mapped));
	_mm_storeu_si128((__m128i *)(void *)ret, v);
	return (n < 16) & (mask == s->mask) & (_mm_testz_si128(bad, bad) != 0);
}

AVX2 static size_t times_avx2(const ic_cells *c, int64_t *out, uint16_t *odd)
{
	EACH_ROW(time_avx2);
}

AVX2 static size_t counts_avx2(const ic_cells *c, int64_t *out, uint16_t *odd)
{
	EACH_ROW(count_avx2);
}

AVX2 static size_t reals_avx2(const ic_cells *c, double *out, uint16_t *odd)
{
	EACH_ROW(real_avx2);
}

AVX2 static size_t quads_avx2(const ic_cells *c, ic_ip *out, uint16_t *odd)
{
	EACH_ROW(quad_avx2);
}

void ic_cells_prepare(void)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;
	pthread_once(&once, fill_tables);
}

#define BY_LEVEL(fast)                                                                                       \
	if (level >= IC_SIMD_AVX2)                                                                           \
	return fast(c, out, odd)
#else
void ic_cells_prepare(void) {}

#define BY_LEVEL(fast) (void)level
#endif

/* ---- dispatch ---- */

size_t ic_cells_time(ic_simd level, const ic_cells *c, int64_t *out, uint16_t *odd)
{
	BY_LEVEL(times_avx2);
	EACH_ROW(time_scalar);
}

size_t ic_cells_count(ic_simd level, const ic_cells *c, int64_t *out, uint16_t *odd)
{
	BY_LEVEL(counts_avx2);
	EACH_ROW(count_scalar);
}

size_t ic_cells_real(ic_simd level, const ic_cells *c, double *out, uint16_t *odd)
{
	BY_LEVEL(reals_avx2);
	EACH_ROW(real_scalar);
}

size_t ic_cells_quad(ic_simd level, const ic_cells *c, ic_ip *out, uint16_t *odd)
{
	BY_LEVEL(quads_avx2);
	EACH_ROW(quad_scalar);
}

size_t ic_cells_text(const ic_cells *c, char odd1, char odd2, ic_str *out, uint16_t *odd)
{
	const char *text = c->text;
	const uint16_t *next = c->next + c->column, *first = c->first;
	const uint32_t rows = c->rows;
	size_t n = 0;
	for (size_t i = 0; i < rows; i++) {
		const uint16_t *e = next + first[i];
		const char *p = text + e[0];
		uint32_t length = (uint32_t)e[1] - e[0] - 1;
		/* The byte after an empty cell is its delimiter: readable, and judged odd by the length. */
		char head = *p;
		out[i] = (ic_str){ p, length };
		odd[n] = (uint16_t)i;
		n += (head == odd1) | (head == odd2) | (length == 0);
	}
	return n;
}
