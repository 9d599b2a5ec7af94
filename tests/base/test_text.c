/* SPDX-License-Identifier: Apache-2.0 */
#include "../test.h"

#include <unistd.h>

#include "base/cpu.h"
#include "base/error.h"
#include "base/hash.h"
#include "base/str.h"

static void comparing(void **state)
{
	(void)state;
	assert_int_equal(ic_str_cmp(IC_STR("a"), IC_STR("b")), -1);
	assert_int_equal(ic_str_cmp(IC_STR("b"), IC_STR("a")), 1);
	assert_int_equal(ic_str_cmp(IC_STR("a"), IC_STR("ab")), -1);
	assert_int_equal(ic_str_cmp(IC_STR("ab"), IC_STR("a")), 1);
	assert_int_equal(ic_str_cmp(IC_STR("\xff"), IC_STR("a")), 1); /* bytes, not signed chars */
	assert_int_equal(ic_str_cmp(IC_STR(""), (ic_str){ NULL, 0 }), 0);
	assert_true(ic_str_ieq(IC_STR("HoSt"), IC_STR("hOsT")));
	assert_false(ic_str_ieq(IC_STR("host"), IC_STR("hosts")));
	assert_false(ic_str_ieq(IC_STR("@"), IC_STR("`"))); /* neighbours of the letters */
	assert_true(ic_str_istarts(IC_STR("Mozilla/5.0"), IC_STR("mozilla")));
	assert_false(ic_str_istarts(IC_STR("Moz"), IC_STR("mozilla")));
	assert_true(ic_str_iends(IC_STR("cdn.Example.COM"), IC_STR(".example.com")));
	assert_false(ic_str_iends(IC_STR("com"), IC_STR(".example.com")));
	assert_true(ic_str_icontains(IC_STR("Some Tool/1.0"), IC_STR("TOOL")));
	assert_false(ic_str_icontains(IC_STR("Some Too"), IC_STR("TOOL")));
	assert_true(ic_str_icontains(IC_STR(""), IC_STR("")));
	assert_true(ic_str_eq(ic_str_trim(IC_STR(" \t\r\n x y \v\f")), IC_STR("x y")));
	assert_int_equal(ic_str_trim(IC_STR("   ")).n, 0);
	assert_int_equal(ic_str_cut(IC_STR("abc"), 3).n, 3);
	assert_int_equal(ic_str_cut(IC_STR("abc"), 2).n, 2);
	for (uint32_t most = 2; most < 5; most++)
		assert_int_equal(ic_str_cut(IC_STR("ab\xe2\x80\xa6"), most).n, 2);
	assert_int_equal(ic_str_cut(IC_STR("\x80\x80\x80\x80\x80\x80"), 5).n, 2);
}

static void errors_are_safe_to_print(void **state)
{
	(void)state;
	ic_error err;
	assert_int_equal(ic_fail_at(&err, IC_E_FORMAT, "a\x1b.log", 7, 3, "bad %s", "\x1b[2J\xff"),
			 IC_E_FORMAT);
	assert_string_equal(err.message, "bad \\x1b[2J\\xff");
	assert_string_equal(err.file, "a\\x1b.log");
	assert_int_equal(err.line, 7);
	assert_int_equal(err.column, 3);
	assert_int_equal(err.code, IC_E_FORMAT);
	assert_int_equal(ic_fail(NULL, IC_E_IO, "%d", 1), IC_E_IO);
	assert_int_equal(ic_fail_nomem(&err), IC_E_NOMEM);
	assert_string_equal(err.file, "");
	assert_int_equal(err.line, 0);
	char longer[2000];
	memset(longer, 1, sizeof longer - 1);
	longer[sizeof longer - 1] = '\0';
	ic_fail_at(&err, IC_E_IO, longer, 0, 0, "%s", longer);
	/* an escape is never cut in half */
	assert_true(strlen(err.message) < sizeof err.message && strlen(err.message) % 4 == 0);
	assert_true(strlen(err.file) < sizeof err.file && strlen(err.file) % 4 == 0);
}

static void levels(void **state)
{
	(void)state;
	assert_string_equal(ic_level_name(IC_INFO), "info");
	assert_string_equal(ic_level_name(IC_CRITICAL), "critical");
	assert_null(ic_level_name(-1));
	assert_null(ic_level_name(IC_CRITICAL + 1));
}

static void hashes(void **state)
{
	(void)state;
	uint64_t stable = ic_hash_stable("ictus", 5);
	assert_true(ic_hash_seed() != 0);
	ic_hash_seed_set(1);
	uint64_t one = ic_hash("ictus", 5);
	ic_hash_seed_set(2);
	assert_int_equal(ic_hash_seed(), 2);
	assert_true(ic_hash("ictus", 5) != one);
	assert_true(ic_hash_stable("ictus", 5) == stable);
	assert_true(ic_hash_stable("", 0) == 0x2d06800538d394c2ull); /* published XXH3 value */
	assert_true(ic_mix(1, 2, 3) != ic_mix(2, 1, 3));
}

static void simd_limit(void **state)
{
	(void)state;
	ic_simd best = ic_cpu_simd();
	ic_cpu_simd_limit(IC_SIMD_SCALAR);
	assert_int_equal(ic_cpu_simd(), IC_SIMD_SCALAR);
	ic_cpu_simd_limit(IC_SIMD_AVX512);
	assert_int_equal(ic_cpu_simd(), best);
	assert_true(ic_cpu_count() >= 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(comparing),  cmocka_unit_test(errors_are_safe_to_print),
		cmocka_unit_test(levels),     cmocka_unit_test(hashes),
		cmocka_unit_test(simd_limit),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
