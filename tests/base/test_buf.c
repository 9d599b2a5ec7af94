/* SPDX-License-Identifier: Apache-2.0 */
#include "../test.h"

#include <stdio.h>

#include <math.h>

#include "base/buf.h"

typedef void writer(ic_buf *b, ic_str s);

static void expect(writer *put, ic_str in, const char *out)
{
	ic_buf b;
	ic_buf_init(&b, 0);
	put(&b, in);
	ic_buf_putc(&b, '\0');
	assert_false(b.failed);
	assert_string_equal(b.p, out);
	ic_buf_clear(&b);
}

static void numbers(void **state)
{
	(void)state;
	ic_buf b;
	ic_buf_init(&b, 0);
	ic_buf_u64(&b, UINT64_MAX);
	ic_buf_putc(&b, ' ');
	ic_buf_i64(&b, INT64_MIN);
	ic_buf_putc(&b, ' ');
	ic_buf_double(&b, 303);
	ic_buf_putc(&b, ' ');
	ic_buf_double(&b, NAN);
	ic_buf_putc(&b, ' ');
	ic_buf_double(&b, -INFINITY);
	ic_buf_printf(&b, " %s-%d", "x", 7);
	ic_buf_putc(&b, '\0');
	assert_string_equal(b.p, "18446744073709551615 -9223372036854775808 303 null null x-7");
	ic_buf_clear(&b);
}

static void round3(void **state)
{
	(void)state;
	static const struct {
		double v;
		const char *text;
	} cases[] = { { 303.1234, "303.123" },
		      { 50, "50" },
		      { 0.5, "0.5" },
		      { 0.0005, "0.001" },
		      { -0.0005, "-0.001" },
		      { 0.0004, "0" },
		      { -0.0004, "0" },
		      { -0.0, "0" },
		      { 99.9996, "100" },
		      { 1.05, "1.05" },
		      { NAN, "null" },
		      { INFINITY, "null" },
		      { 1e11 + 0.5, "100000000000.5" },
		      { 1e18, "1e+18" },
		      { -12.25, "-12.25" } };
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		ic_buf b;
		ic_buf_init(&b, 0);
		ic_buf_round3(&b, cases[i].v);
		ic_buf_putc(&b, '\0');
		assert_string_equal(b.p, cases[i].text);
		ic_buf_clear(&b);
	}
}

static void cap_is_kept(void **state)
{
	(void)state;
	ic_buf b;
	ic_buf_init(&b, 10);
	ic_buf_puts(&b, "0123456789");
	assert_false(b.failed);
	ic_buf_putc(&b, 'x');
	assert_true(b.failed);
	assert_int_equal(b.n, 10);
	ic_buf_reset(&b);
	ic_buf_printf(&b, "%300d", 1);
	assert_true(b.failed);
	assert_int_equal(b.n, 0);
	ic_buf_puts(&b, "later appends do nothing");
	assert_int_equal(b.n, 0);
	ic_buf_clear(&b);
}

/* What is to be escaped is found in any place of texts of any length. */
static void json_places(void **state)
{
	static const char special[] = { '"', '\\', 0x1f, 0x7f, (char)0x80 };
	char text[40], want[60];
	(void)state;
	for (uint32_t n = 1; n < sizeof text; n++) {
		for (uint32_t at = 0; at < n; at++) {
			for (unsigned k = 0; k < sizeof special; k++) {
				static const char *const escaped[] = { "\\\"", "\\\\", "\\u001f", "\\u007f",
								       "\\ufffd" };
				memset(text, 'a', n);
				text[at] = special[k];
				snprintf(want, sizeof want, "\"%.*s%s%.*s\"", (int)at, text, escaped[k],
					 (int)(n - at - 1), text + at + 1);
				expect(ic_buf_json, (ic_str){ text, n }, want);
			}
		}
	}
}

static void json(void **state)
{
	(void)state;
	expect(ic_buf_json, IC_STR(""), "\"\"");
	expect(ic_buf_json, (ic_str){ NULL, 0 }, "\"\"");
	expect(ic_buf_json, IC_STR("a\"b\\c/d"), "\"a\\\"b\\\\c/d\"");
	expect(ic_buf_json, IC_STR("\b\f\n\r\t\0\x1b"), "\"\\b\\f\\n\\r\\t\\u0000\\u001b\"");
	expect(ic_buf_json, IC_STR("\x7f\xc2\x9b"), "\"\\u007f\\u009b\"");
	expect(ic_buf_json, IC_STR("gr\xc3\xbc\xc3\x9f \xf0\x9f\x98\x80"),
	       "\"gr\xc3\xbc\xc3\x9f \xf0\x9f\x98\x80\"");
	expect(ic_buf_json, IC_STR("\xe2\x80\xa8\xe2\x80\xae"), "\"\\u2028\\u202e\"");
	/* what nobody sees: soft hyphen, blank without width, word joiner, a tag beyond the first plane; not joiners */
	expect(ic_buf_json, IC_STR("\xc2\xad\xe2\x80\x8b\xe2\x81\xa0\xf3\xa0\x81\x81"),
	       "\"\\u00ad\\u200b\\u2060\\udb40\\udc41\"");
	expect(ic_buf_json, IC_STR("\xe2\x80\x8c\xe2\x80\x8d"), "\"\xe2\x80\x8c\xe2\x80\x8d\"");
	/* overlong slash, surrogate, beyond the last plane, cut sequence, lone continuation */
	expect(ic_buf_json, IC_STR("\xc0\xaf"), "\"\\ufffd\\ufffd\"");
	expect(ic_buf_json, IC_STR("\xe0\x80\xaf"), "\"\\ufffd\\ufffd\\ufffd\"");
	expect(ic_buf_json, IC_STR("\xed\xa0\x80"), "\"\\ufffd\\ufffd\\ufffd\"");
	expect(ic_buf_json, IC_STR("\xf4\x90\x80\x80"), "\"\\ufffd\\ufffd\\ufffd\\ufffd\"");
	expect(ic_buf_json, IC_STR("x\xe2\x82"), "\"x\\ufffd\\ufffd\"");
	expect(ic_buf_json, IC_STR("\x80y"), "\"\\ufffdy\"");
}

static void csv(void **state)
{
	(void)state;
	expect(ic_buf_csv, IC_STR("plain"), "plain");
	expect(ic_buf_csv, IC_STR(""), "");
	expect(ic_buf_csv, IC_STR("a,b"), "\"a,b\"");
	expect(ic_buf_csv, IC_STR("say \"hi\""), "\"say \"\"hi\"\"\"");
	expect(ic_buf_csv, IC_STR("two\nlines"), "\"two\nlines\"");
	expect(ic_buf_csv, IC_STR("=cmd()"), "'=cmd()");
	expect(ic_buf_csv, IC_STR("@a,b"), "\"'@a,b\"");
	expect(ic_buf_csv, IC_STR("\tx"), "'\tx");
	expect(ic_buf_csv, IC_STR("\rx"), "\"'\rx\"");
	expect(ic_buf_csv, IC_STR("\n=1"), "\"'\n=1\"");
	expect(ic_buf_csv,
	       IC_STR("\xef\xbc\x9d"
		      "1"),
	       "'\xef\xbc\x9d"
	       "1");
	expect(ic_buf_csv, IC_STR("\xef\xbc\xa1"), "\xef\xbc\xa1");
	expect(ic_buf_csv, IC_STR("-1.5"), "-1.5");
	expect(ic_buf_csv, IC_STR("+49"), "+49");
	expect(ic_buf_csv, IC_STR("-1+1"), "'-1+1");
	expect(ic_buf_csv, IC_STR("-"), "'-");
	expect(ic_buf_csv, IC_STR("a\0b"),
	       "a\xef\xbf\xbd"
	       "b");
	expect(ic_buf_csv, IC_STR("\x1b[31m\x07\x7f"), "\\x1b[31m\\x07\\x7f");
	expect(ic_buf_csv, IC_STR("\xc2\x9b\xe2\x80\xaegpj,"), "\"\\u{009b}\\u{202e}gpj,\"");
	expect(ic_buf_csv, IC_STR("\x9bm"), "\xef\xbf\xbdm");
	expect(ic_buf_csv, IC_STR("\xc3\xbc"), "\xc3\xbc");
}

static void terminal(void **state)
{
	(void)state;
	expect(ic_buf_term, IC_STR("plain \xc3\xbc"), "plain \xc3\xbc");
	expect(ic_buf_term, IC_STR("\x1b[31mred\x07\n"), "\\x1b[31mred\\x07\\x0a");
	expect(ic_buf_term,
	       IC_STR("\xc2\x9b"
		      "2J\x7f\xff"),
	       "\\u{009b}2J\\x7f\\xff");
	expect(ic_buf_term,
	       IC_STR("a\xe2\x80\xae"
		      "cod.exe"),
	       "a\\u{202e}cod.exe");
	expect(ic_buf_term, IC_STR("pay\xe2\x80\x8bpal\xf3\xa0\x80\xa0"), "pay\\u{200b}pal\\u{e0020}");
}

static void zeek(void **state)
{
	(void)state;
	expect(ic_buf_zeek, IC_STR(""), "(empty)");
	expect(ic_buf_zeek, IC_STR("-"), "\\x2d");
	expect(ic_buf_zeek, IC_STR("-x"), "-x");
	expect(ic_buf_zeek, IC_STR("(empty)"), "\\x28empty)");
	expect(ic_buf_zeek, IC_STR("a\tb\\c\n\xff\xc3\xbc"), "a\\x09b\\x5cc\\x0a\\xff\xc3\xbc");
}

static void width(void **state)
{
	(void)state;
	assert_int_equal(ic_term_width(IC_STR("abc")), 3);
	assert_int_equal(ic_term_width(IC_STR("gr\xc3\xbc\xc3\x9f")), 4);
	assert_int_equal(ic_term_width(IC_STR("\xe6\x97\xa5\xe6\x9c\xac")), 4);
	assert_int_equal(ic_term_width(IC_STR("e\xcc\x81")), 1);
	assert_int_equal(ic_term_width(IC_STR("")), 0);
}

/* Whatever the bytes, the result holds no control character and ends. */
static void random_bytes_become_harmless(void **state)
{
	(void)state;
	uint64_t seed = 5;
	for (unsigned round = 0; round < 20000; round++) {
		char in[24];
		uint32_t n = (uint32_t)(test_random(&seed) % (sizeof in + 1));
		for (uint32_t i = 0; i < n; i++)
			in[i] = (char)test_random(&seed);
		ic_buf b;
		ic_buf_init(&b, 0);
		ic_buf_json(&b, (ic_str){ in, n });
		ic_buf_term(&b, (ic_str){ in, n });
		for (size_t i = 0; i < b.n; i++)
			assert_true((unsigned char)b.p[i] >= 0x20 && b.p[i] != 0x7f);
		ic_buf_clear(&b);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(numbers),     cmocka_unit_test(round3),
		cmocka_unit_test(cap_is_kept), cmocka_unit_test(json),
		cmocka_unit_test(json_places), cmocka_unit_test(csv),
		cmocka_unit_test(terminal),    cmocka_unit_test(zeek),
		cmocka_unit_test(width),       cmocka_unit_test(random_bytes_become_harmless),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
