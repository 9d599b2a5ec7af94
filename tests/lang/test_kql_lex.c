/* SPDX-License-Identifier: Apache-2.0 */
#include "../test.h"

#include <stdio.h>
#include <string.h>

#include "base/time.h"
#include "lang/kql/lex.h"

/* Tokens as a line: n names, s strings, l r t numbers by type, signs as they are, ! a bad one. */
static void tokens(const char *text, const char *expected)
{
	ic_lexer l;
	char got[256];
	size_t n = 0;
	ic_lexer_init(&l, ic_str_of(text), 0);
	for (;;) {
		ic_token t = ic_kql_lex(&l);
		if (t.kind == IC_TOKEN_END || n + 4 > sizeof got)
			break;
		if (n)
			got[n++] = ' ';
		if (t.kind == IC_TOKEN_NAME)
			got[n++] = 'n';
		else if (t.kind == IC_TOKEN_TEXT)
			got[n++] = 's';
		else if (t.kind == IC_TOKEN_NUMBER)
			got[n++] = t.value.type == IC_Q_LONG ? 'l' : t.value.type == IC_Q_REAL ? 'r' : 't';
		else if (t.kind == IC_TOKEN_BAD)
			got[n++] = '!';
		else
			n += (size_t)snprintf(got + n, sizeof got - n, "%.*s", (int)t.length, text + t.pos);
	}
	got[n] = '\0';
	if (strcmp(got, expected) != 0)
		fail_msg("%s gives %s, not %s", text, got, expected);
}

static void kinds(void **state)
{
	(void)state;
	tokens("a b_1 $left !in in~ !has_cs", "n n n n n n");
	tokens("a==b=~c!~d!=e<>f<=g>=h=>i..j", "n == n =~ n !~ n != n <> n <= n >= n => n .. n");
	tokens("1..900", "l .. l");
	tokens("1. + 2.", "r + r");
	tokens("1.5 1e3 2.5e-1 0x1F 7", "r r r l l");
	tokens("24h 1.5d 100ms 1tick 3microseconds", "t t t t t");
	tokens("\"a\" 'b' @\"c\" h\"d\" H@'e' ```f\n```", "s s s s s s");
	tokens("a // b c\n d", "n n");
	tokens("['a b'].c[0]", "[ s ] . n [ l ]");
	tokens("24h_count 2FA 1L 100ns 0x 0x1G 1e5x 3_4 1e 5\xc3\xa9", "n n n n n n n n n n");
}

static void blanks_that_are_not_ascii(void **state)
{
	(void)state;
	tokens("a\xc2\xa0"
	       "b\xe2\x80\xaf"
	       "c\xef\xbb\xbf"
	       "d\r\ne\xe3\x80\x80"
	       "f\xe2\x80\x8b"
	       "g",
	       "n n n n n n n");
	tokens("caf\xc3\xa9 \xd0\xbf\xd1\x80", "n n"); /* letters of other scripts */
}

static void refused(void **state)
{
	(void)state;
	tokens("1.5L 1e-3x 0x12345678901234567", "! ! !");
	tokens("9223372036854775807 9223372036854775808", "l !");
	tokens("99999999999999d", "!");
	tokens("\"a\nb\"", "! n !");
	tokens("\xe2\x80\x9c"
	       "a\xe2\x80\x9d",
	       "! n !");
	tokens("a \xe2\x80\x93 b", "n ! n");
	tokens("a && b", "n ! ! n");
	tokens("```a", "!");
}

static void values(void **state)
{
	(void)state;
	static const struct {
		const char *text;
		ic_qtype type;
		int64_t i;
	} cases[] = {
		{ "0x10", IC_Q_LONG, 16 },
		{ "1d", IC_Q_TIMESPAN, 86400 * IC_TICKS_S },
		{ "1.5h", IC_Q_TIMESPAN, 5400 * IC_TICKS_S },
		{ "30m", IC_Q_TIMESPAN, 1800 * IC_TICKS_S },
		{ "100ms", IC_Q_TIMESPAN, 100 * IC_TICKS_MS },
		{ "7ticks", IC_Q_TIMESPAN, 7 },
		{ "9223372036854775807", IC_Q_LONG, INT64_MAX },
	};
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		ic_lexer l;
		ic_lexer_init(&l, ic_str_of(cases[i].text), 0);
		ic_token t = ic_kql_lex(&l);
		assert_int_equal(t.kind, IC_TOKEN_NUMBER);
		assert_int_equal(t.value.type, cases[i].type);
		assert_int_equal(t.value.i, cases[i].i);
	}
}

static void places(void **state)
{
	(void)state;
	ic_lexer l;
	ic_lexer_init(&l, ic_str_of("a\r\n  b ```x\ny``` c"), 0);
	ic_token t = ic_kql_lex(&l);
	assert_int_equal(t.at.line, 1);
	t = ic_kql_lex(&l);
	assert_int_equal(t.at.line, 2);
	assert_int_equal(t.at.column, 3);
	ic_kql_lex(&l);
	t = ic_kql_lex(&l);
	assert_int_equal(t.at.line, 3);
	assert_int_equal(t.at.column, 6);
}

static void string_is(const char *raw, const char *expected, size_t n)
{
	ic_arena a;
	ic_str s = { 0 };
	ic_diag diag = { 0 };
	ic_arena_init(&a, 0, NULL);
	assert_int_equal(ic_kql_string(&a, ic_str_of(raw), &s, (ic_place){ 1, 1 }, &diag), IC_OK);
	if (s.n != n || memcmp(s.p, expected, n) != 0)
		fail_msg("%s means %.*s", raw, (int)s.n, s.p);
	ic_arena_clear(&a);
}

static void strings(void **state)
{
	(void)state;
	string_is("\"plain\"", "plain", 5);
	string_is("\"\"", "", 0);
	string_is("'a\\'b\\\"c\\\\d'", "a'b\"c\\d", 7);
	string_is("\"\\t\\n\\x41\\101\\u00e9\\0\"", "\t\nAA\xc3\xa9\0", 7);
	string_is("\"\\ud83d\\ude00\\ud800\"", "\xf0\x9f\x98\x80\xef\xbf\xbd", 7);
	string_is("@\"a\\b\"\"c\"", "a\\b\"c", 5);
	string_is("h@'x''y'", "x'y", 3);
	string_is("```a\\n\"```", "a\\n\"", 4);
}

static void a_wrong_escape(void **state)
{
	(void)state;
	ic_arena a;
	ic_str s;
	ic_diag diag = { 0 };
	ic_arena_init(&a, 0, NULL);
	assert_int_equal(ic_kql_string(&a, ic_str_of("\"ab\\qc\""), &s, (ic_place){ 3, 10 }, &diag),
			 IC_E_USAGE);
	assert_int_equal(diag.at.line, 3);
	assert_int_equal(diag.at.column, 13);
	assert_non_null(strstr(diag.message, "\\q"));
	assert_non_null(strstr(diag.hint, "@"));
	ic_arena_clear(&a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(kinds),	  cmocka_unit_test(blanks_that_are_not_ascii),
		cmocka_unit_test(refused),	  cmocka_unit_test(values),
		cmocka_unit_test(places),	  cmocka_unit_test(strings),
		cmocka_unit_test(a_wrong_escape),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
