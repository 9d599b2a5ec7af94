/* SPDX-License-Identifier: Apache-2.0 */
#include "base/quad.h"

#include <pthread.h>
#include <stdatomic.h>

#include "base/cpu.h"

enum { LEAST = 7, MOST = 15 }; /* bytes */

static unsigned digit_at(const char *p, const char *end)
{
	return p < end ? (unsigned)(unsigned char)*p - '0' : 255;
}

bool ic_quad_parse_plain(const char *p, uint32_t n, uint32_t *ret)
{
	const char *end = p + n;
	uint32_t address = 0;
	if (n < LEAST || n > MOST)
		return false;
	for (unsigned octets = 0; octets < 4; octets++) {
		if (octets && (p == end || *p++ != '.'))
			return false;
		unsigned v = digit_at(p, end), d;
		if (v > 9)
			return false;
		if ((d = digit_at(++p, end)) <= 9) {
			if (v == 0)
				return false;
			v = v * 10 + d;
			if ((d = digit_at(++p, end)) <= 9) {
				v = v * 10 + d;
				p++;
			}
		}
		if (v > 255)
			return false;
		address = address << 8 | v;
	}
	*ret = address;
	return p == end;
}

#if defined(__x86_64__)
ic_quad_shape ic_quad_shapes[256];

static void fill_quad(const uint32_t length[4])
{
	ic_quad_shape s;
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
	ic_quad_shapes[IC_QUAD_PLACE(mask)] = s;
}

static void fill_shapes(void)
{
	for (uint32_t i = 0; i < 81; i++) {
		const uint32_t length[4] = { i / 27 + 1, i / 9 % 3 + 1, i / 3 % 3 + 1, i % 3 + 1 };
		fill_quad(length);
	}
}

void ic_quad_prepare(void)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;
	static _Atomic bool done; /* is asked more quickly */
	if (atomic_load_explicit(&done, memory_order_acquire))
		return;
	pthread_once(&once, fill_shapes);
	atomic_store_explicit(&done, true, memory_order_release);
}

/* s.n is LEAST to MOST. Pieces that overlap need no copy of unknown length. */
__attribute__((target("avx2,bmi,bmi2"))) static bool parse_avx2(ic_str s, uint32_t *ret)
{
	uint64_t low, high = 0;
	__m128i octets;
	if (s.n == LEAST) {
		uint32_t a, b;
		memcpy(&a, s.p, sizeof(a));
		memcpy(&b, s.p + 3, sizeof(b));
		low = a | (uint64_t)b << 24;
	} else {
		memcpy(&low, s.p, sizeof(low));
		memcpy(&high, s.p + s.n - 8, sizeof(high));
		high = high >> 8 >> 8 * (MOST - s.n);
	}
	const bool good = ic_quad_of(_mm_set_epi64x((long long)high, (long long)low), s.n, &octets);
	const __m128i order = _mm_setr_epi8(12, 8, 4, 0, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1);
	*ret = (uint32_t)_mm_cvtsi128_si32(_mm_shuffle_epi8(octets, order));
	return good;
}

bool ic_quad_parse(ic_str s, uint32_t *ret)
{
	if (s.n < LEAST || s.n > MOST)
		return false;
	if (ic_cpu_simd() < IC_SIMD_AVX2)
		return ic_quad_parse_plain(s.p, s.n, ret);
	ic_quad_prepare();
	return parse_avx2(s, ret);
}
#else
void ic_quad_prepare(void) {}

bool ic_quad_parse(ic_str s, uint32_t *ret)
{
	return ic_quad_parse_plain(s.p, s.n, ret);
}
#endif
