/* SPDX-License-Identifier: Apache-2.0 */
#include "../test.h"

#include "base/unicode.h"

static void case_and_class(void **state)
{
	(void)state;
	static const struct {
		uint32_t upper, lower;
	} pair[] = { { 'A', 'a' },     { 0xc9, 0xe9 },	 { 0x100, 0x101 }, { 0x178, 0xff },
		     { 0x3a9, 0x3c9 }, { 0x416, 0x436 }, { 0x1e9e, 0xdf }, { 0x10400, 0x10428 } };
	for (size_t i = 0; i < sizeof pair / sizeof *pair; i++) {
		assert_int_equal(ic_char_lower(pair[i].upper), pair[i].lower);
		if (pair[i].lower != 0xdf) { /* its capital is two letters */
			assert_int_equal(ic_char_upper(pair[i].lower), pair[i].upper);
			assert_int_equal(ic_char_fold(pair[i].upper), ic_char_fold(pair[i].lower));
		}
		assert_true(ic_char_alnum(pair[i].upper));
	}
	assert_int_equal(ic_char_fold(0x3c2), ic_char_fold(0x3a3)); /* both small sigmas */
	assert_int_equal(ic_char_lower(0x4e2d), 0x4e2d);
	assert_true(ic_char_alnum(0x4e2d));
	assert_true(ic_char_alnum(0xff11));
	assert_false(ic_char_alnum('_'));
	assert_false(ic_char_alnum(0xa0));
	assert_false(ic_char_alnum(0x110080));
}

static void reads_what_it_wrote(void **state)
{
	(void)state;
	char buf[4];
	unsigned used;
	for (uint32_t c = 0; c < 0x110000; c += c < 0x11000 ? 1 : 0x101) {
		unsigned n = ic_utf8_write(c, buf);
		bool surrogate = c >= 0xd800 && c <= 0xdfff;
		assert_int_equal(ic_utf8_valid((ic_str){ buf, n }), !surrogate);
		if (!surrogate) {
			assert_int_equal(ic_utf8_read(buf, n, &used), c);
			assert_int_equal(used, n);
		}
		if (n > 1) {
			assert_int_equal(ic_utf8_read(buf, n - 1, &used), 0x110000 + (uint8_t)buf[0]);
			assert_int_equal(used, 1);
		}
	}
	assert_false(ic_utf8_valid(IC_STR("abcdefgh\xc0\x80")));
	assert_false(ic_utf8_valid(IC_STR("\xf4\x90\x80\x80")));
	assert_true(ic_ascii(IC_STR("twelve bytes")));
	assert_false(ic_ascii(IC_STR("twelve byte\xc3")));
	assert_int_equal(ic_utf8_write(0x1100c3, buf), 1);
	assert_int_equal((uint8_t)buf[0], 0xc3);
}

static void finds_the_mark(void **state)
{
	(void)state;
	assert_int_equal(ic_utf8_mark("\xef\xbb\xbf#", 4), 3);
	assert_int_equal(ic_utf8_mark("\xef\xbb\xbf", 3), 3);
	assert_int_equal(ic_utf8_mark("\xef\xbb\xbf", 2), 0);
	assert_int_equal(ic_utf8_mark("#\xef\xbb\xbf", 4), 0);
	assert_int_equal(ic_utf8_mark("", 0), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(case_and_class),
					    cmocka_unit_test(finds_the_mark),
					    cmocka_unit_test(reads_what_it_wrote) };
	return cmocka_run_group_tests(tests, NULL, NULL);
}
