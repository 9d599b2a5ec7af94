/* SPDX-License-Identifier: Apache-2.0 */
/* Sixteen numbers side by side against one after the other. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/cpu.h"
#include "base/hash.h"
#include "base/slots.h"

enum { ROUNDS = 20000 };

/* With all instructions that this machine has. */
static uint32_t equal(const uint32_t *p, uint32_t mask, uint32_t v)
{
	const uint32_t is = ic_slots_equal_scalar(p, mask, v);
	assert_int_equal(ic_slots_equal(p, mask, v), is);
#if defined(__x86_64__)
	if (ic_cpu_simd() >= IC_SIMD_AVX2)
		assert_int_equal(ic_slots_equal_avx2(p, mask, v), is);
	if (ic_cpu_simd() >= IC_SIMD_AVX512)
		assert_int_equal(ic_slots_equal_avx512(p, mask, v), is);
#endif
	return is;
}

static void each_alone(void **state)
{
	(void)state;
	static const uint32_t value[] = { 0, 1, 0x7fff, 0x8000, 0xffff0000u, 0x80000000u, UINT32_MAX };
	for (unsigned v = 0; v < sizeof value / sizeof *value; v++) {
		for (unsigned i = 0; i < IC_SLOTS_LINE; i++) {
			_Alignas(64) uint32_t p[IC_SLOTS_LINE];
			for (unsigned k = 0; k < IC_SLOTS_LINE; k++)
				p[k] = value[v] ^ 1u << (k + i) % 32;
			p[i] = value[v];
			assert_int_equal(equal(p, UINT32_MAX, value[v]), 1u << i);
			assert_int_equal(equal(p, 0, 0), 0xffff);
			assert_int_equal(equal(p, 0, 1), 0);
		}
	}
}

static void any_line(void **state)
{
	(void)state;
	for (uint32_t round = 0; round < ROUNDS; round++) {
		_Alignas(64) uint32_t p[IC_SLOTS_LINE];
		const uint32_t mask = UINT32_MAX << round % 32, v = (uint32_t)ic_mix(round, 0, 1) & mask;
		for (uint32_t i = 0; i < IC_SLOTS_LINE; i++) {
			uint64_t r = ic_mix(round, i, 2);
			uint32_t other = (uint32_t)(r >> 32);
			p[i] = r % 4 == 0 ? v | (other & ~mask) : r % 4 == 1 ? 0 : other;
		}
		equal(p, mask, v);
		equal(p, UINT32_MAX, 0);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_alone),
		cmocka_unit_test(any_line),
	};
	return cmocka_run_group_tests_name("slots", tests, NULL, NULL);
}
