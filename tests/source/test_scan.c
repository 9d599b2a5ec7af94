/* SPDX-License-Identifier: Apache-2.0 */
/* Every level of the scan against a plain loop. */
#include <stdlib.h>
#include <string.h>

#include "../test.h"
#include "source/text/scan.h"

static uint16_t got[IC_SCAN_ROOM], rows[IC_SCAN_ROOM], ends[IC_SCAN_ROOM];

/* Compares all levels that this machine has with the definition. p has exactly n bytes. */
static void check(const char *text, size_t n, char sep)
{
	ic_cpu_simd_limit(IC_SIMD_AVX512);
	char *p = malloc(n ? n : 1); /* so that a read outside is an error under ASan */
	assert_non_null(p);
	memcpy(p, text, n);
	bool slash = n && memchr(p, '\\', n);
	for (int level = IC_SIMD_SCALAR; level <= (int)ic_cpu_simd(); level++) {
		bool backslash = !slash;
		memset(got, 0xff, sizeof(got));
		size_t found = ic_scan_cells((ic_simd)level, p, n, sep, got, &backslash), k = 0;
		for (size_t i = 0; i < n; i++) {
			if (p[i] != sep && p[i] != '\n')
				continue;
			assert_true(k < found);
			assert_int_equal(got[k] & ~IC_SCAN_LINE, i + 1);
			assert_int_equal((got[k] & IC_SCAN_LINE) != 0, p[i] == '\n');
			k++;
		}
		assert_int_equal(found, k);
		for (size_t i = 0; i < IC_SCAN_PAD; i++)
			assert_int_equal(got[found + i], 0);
		assert_int_equal(backslash, slash);

		/* rows: the same offsets, and the lines apart */
		size_t lines = SIZE_MAX, line = 0;
		backslash = !slash;
		assert_int_equal(ic_scan_rows((ic_simd)level, p, n, sep, rows, ends, &lines, &backslash),
				 found);
		for (k = 0; k < found; k++) {
			assert_int_equal(rows[k], got[k] & ~IC_SCAN_LINE);
			if (got[k] & IC_SCAN_LINE) {
				assert_true(line < lines);
				assert_int_equal(ends[line++], k + 1);
			}
		}
		assert_int_equal(line, lines);
		assert_int_equal(backslash, slash);
	}
	free(p);
}

/* The same for lines, of which `most` are asked for. */
static void check_lines(const char *text, size_t n, char sep, size_t most)
{
	static ic_scan_line lines[UINT16_MAX + IC_SCAN_LINES];
	char *p = malloc(n ? n : 1);
	assert_non_null(p);
	memcpy(p, text, n);
	for (int level = IC_SIMD_SCALAR; level <= (int)ic_cpu_simd(); level++) {
		const size_t found = ic_scan_lines((ic_simd)level, p, n, sep, lines, most);
		size_t k = 0, marks = 0;
		for (size_t i = 0; i < n && k < most; i++) {
			marks += p[i] == sep || p[i] == '\n';
			if (p[i] != '\n')
				continue;
			assert_true(k < found);
			assert_int_equal(lines[k].end, i + 1);
			assert_int_equal(lines[k].marks, marks);
			k++;
		}
		assert_int_equal(found, k);
	}
	free(p);
}

static void small_texts(void **state)
{
	(void)state;
	static const char *const texts[] = {
		"", "\n", "\t", "a", "\t\t\n\n", "a\tb\nc", "\\x09\n", "no delimiter at all in here",
	};
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		check(texts[i], strlen(texts[i]), '\t');
		check_lines(texts[i], strlen(texts[i]), '\t', 3);
	}
	check("a,b\tc,\n", 7, ',');
	check("a\0b\0\n", 5, '\0');
}

static void random_texts(void **state)
{
	(void)state;
	static char text[IC_SCAN_MAX];
	uint64_t seed = 1;
	for (unsigned round = 0; round < 300; round++) {
		size_t n = test_random(&seed) % (round % 10 ? 400 : IC_SCAN_MAX + 1);
		/* from almost no delimiters to nothing else */
		unsigned density = (unsigned)(test_random(&seed) % 100) + 1;
		for (size_t i = 0; i < n; i++) {
			unsigned roll = (unsigned)(test_random(&seed) % 100);
			char other = (char)test_random(&seed);
			text[i] = roll >= density ? other : roll % 5 == 0 ? '\n' : '\t';
		}
		check(text, n, '\t');
		check_lines(text, n, '\t', round % 3 ? IC_SCAN_MAX : test_random(&seed) % 20);
	}
}

static void full_slabs(void **state)
{
	(void)state;
	static char text[UINT16_MAX];
	memset(text, '\n', sizeof(text));
	check(text, IC_SCAN_MAX, '\t');
	check_lines(text, UINT16_MAX, '\t', UINT16_MAX);
	check_lines(text, UINT16_MAX, '\t', 70);
	memset(text, '\t', sizeof(text));
	check(text, IC_SCAN_MAX, '\t');
	text[UINT16_MAX - 1] = '\n';
	check_lines(text, UINT16_MAX, '\t', 2);
	memset(text, 'x', sizeof(text));
	text[IC_SCAN_MAX - 1] = '\\';
	check(text, IC_SCAN_MAX, '\t');
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(small_texts),
		cmocka_unit_test(random_texts),
		cmocka_unit_test(full_slabs),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
