/* SPDX-License-Identifier: Apache-2.0 */
#include "../test.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/num.h"
#include "ictus.h"

static void whole_numbers(void **state)
{
	(void)state;
	uint64_t u = 77;
	int64_t i = 77;
	assert_true(ic_parse_u64(IC_STR("0"), &u) && u == 0);
	assert_true(ic_parse_u64(IC_STR("18446744073709551615"), &u) && u == UINT64_MAX);
	assert_true(ic_parse_u64(IC_STR("12345678"), &u) && u == 12345678);
	assert_true(ic_parse_u64(IC_STR("000000000000000000000000042"), &u) && u == 42);
	static const char *const bad[] = { "",
					   "18446744073709551616",
					   "99999999999999999999",
					   "1x",
					   "x1",
					   "-1",
					   "+1",
					   " 1",
					   "1234567a",
					   "1.0",
					   "1234:678" };
	for (size_t k = 0; k < sizeof bad / sizeof *bad; k++) {
		assert_false(ic_parse_u64(ic_str_of(bad[k]), &u));
		assert_int_equal(u, 42);
	}
	assert_true(ic_parse_i64(IC_STR("-9223372036854775808"), &i) && i == INT64_MIN);
	assert_true(ic_parse_i64(IC_STR("9223372036854775807"), &i) && i == INT64_MAX);
	assert_false(ic_parse_i64(IC_STR("9223372036854775808"), &i));
	assert_false(ic_parse_i64(IC_STR("-9223372036854775809"), &i));
	assert_false(ic_parse_i64(IC_STR("--1"), &i));
	assert_false(ic_parse_i64(IC_STR("-"), &i));
}

static void whole_numbers_in_any_notation(void **state)
{
	(void)state;
	static const struct {
		const char *text;
		int64_t v;
	} good[] = { { "12", 12 },
		     { "-12", -12 },
		     { "12912.0", 12912 },
		     { "1.5E9", 1500000000 },
		     { "1.5e+9", 1500000000 },
		     { "150000e-4", 15 },
		     { "5.000000000000000000000000000000", 5 },
		     { "-0.0", 0 },
		     { "0e999999999999", 0 },
		     { "0.0E-999999999999", 0 },
		     { "9007199254740993.0", 9007199254740993 },
		     { "9223372036854775807e0", INT64_MAX },
		     { "-9.223372036854775808e18", INT64_MIN } };
	int64_t v;
	for (size_t k = 0; k < sizeof good / sizeof *good; k++) {
		assert_true(ic_parse_whole(ic_str_of(good[k].text), &v));
		assert_true(v == good[k].v);
	}
	static const char *const bad[] = { "",
					   "x",
					   "1.5",
					   "15e-1",
					   "1e-5",
					   "5.0000000000000000000000000001",
					   "1e19",
					   "1e99999999",
					   "9223372036854775808.0",
					   "-9223372036854775809e0",
					   "1e",
					   "NaN" };
	v = 42;
	for (size_t k = 0; k < sizeof bad / sizeof *bad; k++)
		assert_false(ic_parse_whole(ic_str_of(bad[k]), &v));
	assert_true(v == 42);
}

static void whole_numbers_agree_with_strtoull(void **state)
{
	(void)state;
	uint64_t seed = 1;
	for (unsigned k = 0; k < 50000; k++) {
		char text[32];
		uint64_t v = test_random(&seed) >> (test_random(&seed) % 64), got;
		snprintf(text, sizeof text, "%llu", (unsigned long long)v);
		assert_true(ic_parse_u64(ic_str_of(text), &got));
		assert_true(got == v);
	}
}

static void doubles_refused(void **state)
{
	(void)state;
	static const char *const bad[] = { "",	   ".",	 "-",	 "inf",	  "nan",    "NaN",
					   "0x10", "1e", "1e+",	 "1,5",	  "1.2.3",  "1 ",
					   " 1",   "e5", "1e5x", "1e400", "-1e400", "--1" };
	double v = 42;
	for (size_t k = 0; k < sizeof bad / sizeof *bad; k++) {
		assert_false(ic_parse_double(ic_str_of(bad[k]), &v));
		assert_true(v == 42);
	}
}

static void same_as_strtod(const char *text)
{
	double v;
	assert_true(ic_parse_double(ic_str_of(text), &v));
	double want = strtod(text, NULL);
	if (memcmp(&v, &want, sizeof v) != 0)
		fail_msg("%s: %a, want %a", text, v, want);
}

static void doubles_are_correctly_rounded(void **state)
{
	(void)state;
	static const char *const hard[] = {
		"0",
		"-0",
		".5",
		"5.",
		"+1.5",
		"1e23",
		"9007199254740993",
		"9007199254740992.999999999999999",
		"2.2250738585072011e-308",
		"4.9406564584124654e-324",
		"1e-400",
		"1.7976931348623157e308",
		"0.000000000000000000000000000000000001",
		"123456789012345678901234567890",
		"8.88178419700125232338905334472656250000000000000000000000000000000000000000000001e-16",
		"1672843175.947664",
		"100000000000000000000000e-23",
		"0e999999999999"
	};
	for (size_t k = 0; k < sizeof hard / sizeof *hard; k++)
		same_as_strtod(hard[k]);
	uint64_t seed = 2;
	for (unsigned k = 0; k < 50000; k++) {
		char text[64];
		uint64_t bits = test_random(&seed);
		double v;
		memcpy(&v, &bits, sizeof v);
		if (!isfinite(v))
			continue;
		snprintf(text, sizeof text, "%.*g", (int)(test_random(&seed) % 25), v);
		if (isfinite(strtod(text, NULL)))
			same_as_strtod(text);
		snprintf(text, sizeof text, "%.*f", (int)(test_random(&seed) % 8),
			 (double)(test_random(&seed) % 2000000000000) / 997);
		same_as_strtod(text);
	}
}

static void very_long_doubles(void **state)
{
	(void)state;
	/* 1 + 2^-53 is a tie, decided by a digit far beyond those that are kept */
	static char text[3000];
	int n = snprintf(text, sizeof text, "1.00000000000000011102230246251565404236316680908203125");
	memset(text + n, '0', 2000);
	double v;
	assert_true(ic_parse_double((ic_str){ text, (uint32_t)n + 2000 }, &v));
	assert_true(v == 1);
	text[n + 1999] = '1';
	assert_true(ic_parse_double((ic_str){ text, (uint32_t)n + 2000 }, &v));
	assert_true(v == nextafter(1, 2));
	memset(text, '9', 2000);
	assert_false(ic_parse_double((ic_str){ text, 2000 }, &v));
	memcpy(text + 2000, "e-1999", 6);
	assert_true(ic_parse_double((ic_str){ text, 2006 }, &v));
	assert_true(v == 10);
}

static void printed_doubles(void **state)
{
	(void)state;
	static const struct {
		double v;
		const char *text;
	} cases[] = { { 0, "0" },
		      { 303, "303" },
		      { 0.1, "0.1" },
		      { -2.5, "-2.5" },
		      { 1e21, "1e+21" },
		      { 1e-7, "1e-07" },
		      { 0.3, "0.3" },
		      { 0.1 + 0.2, "0.30000000000000004" },
		      { 1e15, "1e+15" },
		      { 123456789012, "123456789012" },
		      { 1.0 / 3, "0.3333333333333333" },
		      { 5e-324, "4.94065645841247e-324" },
		      { 0.000123, "0.000123" } };
	char text[32];
	for (size_t k = 0; k < sizeof cases / sizeof *cases; k++) {
		assert_int_equal(ic_format_double(cases[k].v, text), strlen(cases[k].text));
		assert_string_equal(text, cases[k].text);
	}
}

/* Reads back as itself, and no shorter precision does. */
static void printed_doubles_read_back(void **state)
{
	(void)state;
	uint64_t seed = 3;
	for (unsigned k = 0; k < 50000; k++) {
		double v, back;
		uint64_t bits = test_random(&seed);
		if (k % 2)
			v = (double)(bits % 10000000000) / (k % 4 == 1 ? 1000000.0 : 1000.0);
		else
			memcpy(&v, &bits, sizeof v);
		if (!isfinite(v))
			continue;
		char text[32], other[32];
		size_t n = ic_format_double(v, text);
		assert_true(n < sizeof text && n == strlen(text));
		assert_true(ic_parse_double((ic_str){ text, (uint32_t)n }, &back));
		assert_true(memcmp(&v, &back, sizeof v) == 0);
		snprintf(other, sizeof other, "%.15g", v);
		if (strtod(other, NULL) == v)
			assert_string_equal(text, other);
	}
}

/* As few digits as read back, by the C library's word. */
static void printed_doubles_are_short(void **state)
{
	(void)state;
	uint64_t seed = 5;
	for (unsigned k = 0; k < 100000; k++) {
		uint64_t bits = test_random(&seed);
		double v = (double)(bits >> 20) / (double)(1 + test_random(&seed) % 1000000);
		switch (k % 4) {
		case 0: v = ldexp(1, (int)(bits % 70) - 20); break;
		case 1: v = ldexp((double)(bits >> 11), (int)(bits % 64) - 66); break;
		case 2: v *= 1e-9; break;
		default: break;
		}
		char text[32], other[32];
		ic_format_double(v, text);
		for (int digits = 15; digits <= 17; digits++) {
			snprintf(other, sizeof other, "%.*g", digits, v);
			if (strtod(other, NULL) == v)
				break;
		}
		assert_string_equal(text, other);
	}
}

static void sizes(void **state)
{
	(void)state;
	static const struct {
		const char *text;
		uint64_t bytes;
	} good[] = { { "0", 0 },
		     { "1073741824", 1u << 30 },
		     { "512M", 512u << 20 },
		     { "2GiB", 2ull << 30 },
		     { "4k", 4096 },
		     { "1tb", 1ull << 40 },
		     { "7B", 7 },
		     { "16777215T", 16777215ull << 40 } };
	uint64_t v;
	for (size_t k = 0; k < sizeof good / sizeof *good; k++) {
		assert_int_equal(ic_size_parse(good[k].text, &v), IC_OK);
		assert_true(v == good[k].bytes);
	}
	static const char *const bad[] = { "",	 "M",	      "-1",  "1.5G",
					   "1X", "16777216T", "1 M", "99999999999999999999" };
	for (size_t k = 0; k < sizeof bad / sizeof *bad; k++)
		assert_int_equal(ic_size_parse(bad[k], &v), IC_E_FORMAT);
}

static void printed_whole_numbers(void **state)
{
	(void)state;
	static const int64_t all[] = { 0, 9, 10, -1, -10, 1000000007, INT64_MAX, INT64_MIN };
	for (size_t k = 0; k < sizeof all / sizeof *all; k++) {
		char want[32], got[32];
		const int64_t i = all[k];
		int n = snprintf(want, sizeof want, "%lld", (long long)i);
		assert_int_equal(ic_format_i64(i, got), n);
		assert_memory_equal(got, want, (size_t)n);
		n = snprintf(want, sizeof want, "%llu", (unsigned long long)i);
		assert_int_equal(ic_format_u64((uint64_t)i, got), n);
		assert_memory_equal(got, want, (size_t)n);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(whole_numbers),
		cmocka_unit_test(whole_numbers_in_any_notation),
		cmocka_unit_test(whole_numbers_agree_with_strtoull),
		cmocka_unit_test(doubles_refused),
		cmocka_unit_test(doubles_are_correctly_rounded),
		cmocka_unit_test(very_long_doubles),
		cmocka_unit_test(printed_whole_numbers),
		cmocka_unit_test(printed_doubles),
		cmocka_unit_test(printed_doubles_read_back),
		cmocka_unit_test(printed_doubles_are_short),
		cmocka_unit_test(sizes),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
