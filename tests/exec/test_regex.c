/* SPDX-License-Identifier: Apache-2.0 */
#include "expressions.h"

#include <stdio.h>

#include "exec/fn/regex.h"

static ic_status compile(const char *pattern, unsigned flags, ic_diag *diag)
{
	ic_regex *r = NULL;
	*diag = (ic_diag){ 0 };
	ic_status st = ic_regex_new(ic_str_of(pattern), flags, (ic_place){ 1, 1 }, &r, diag);
	ic_regex_free(r);
	return st;
}

/* Matches in order, as "[..][..]"; "-" if it took too long. */
static const char *all_matches(const char *pattern, unsigned flags, ic_str s)
{
	static char text[400];
	size_t n = 0;
	ic_diag diag = { 0 };
	ic_regex *r = NULL;
	ic_regex_match *m = ic_regex_match_new();
	assert_non_null(m);
	assert_int_equal(ic_regex_new(ic_str_of(pattern), flags, (ic_place){ 1, 1 }, &r, &diag), IC_OK);
	text[0] = '\0';
	int found = 0;
	for (size_t from = 0; from != SIZE_MAX && (found = ic_regex_find(r, m, s, from)) > 0;
	     from = ic_regex_next(m, s)) {
		ic_str g = ic_regex_group(m, s, 0);
		assert_true(n + g.n + 3 < sizeof text);
		text[n++] = '[';
		memcpy(text + n, g.p, g.n);
		n += g.n;
		text[n++] = ']';
		text[n] = '\0';
	}
	ic_regex_free(r);
	ic_regex_match_free(m);
	return found < 0 ? "-" : text;
}

static void what_re2_has_not(void **state)
{
	(void)state;
	static const char *const refused[] = {
		"(?=a)",     "(?!a)",	"(?<=a)b", "(?<!a)b", "(a)\\1",	  "(?P<x>a)\\k<x>", "(?>a)",
		"a*+",	     "a++",	"a?+",	   "a{2}+",   "\\p{L}++", "(?R)",	    "(?1)",
		"(?(1)a|b)", "(?|a|b)", "(*FAIL)", "\\Ka",    "a(?P=x)",  "\\g1",
	};
	static const char *const accepted[] = {
		"(?:a)+",     "(?i)a", "(?P<x>a)", "(?<x>a)",	   "a+?",  "a*?",     "a{2,3}?",  "[+*+]+",
		"\\Qa*+\\E+", "[]a]+", "[^]a]",	   "[[:alpha:]]+", "\\pL", "\\x41",   "\\(?=",	  "[(?=]",
		"\\**",	      "\\101", "(?s:.)",   "(?-i)a",	   "^$",   "\\p{L}+", "\\x{41}+", "\\P{Lu}*?",
	};
	ic_diag diag;
	for (size_t i = 0; i < sizeof refused / sizeof *refused; i++) {
		if (compile(refused[i], 0, &diag) != IC_E_USAGE)
			fail_msg("%s is accepted", refused[i]);
		assert_int_equal(diag.kind, IC_DIAG_UNSUPPORTED);
	}
	for (size_t i = 0; i < sizeof accepted / sizeof *accepted; i++)
		if (compile(accepted[i], 0, &diag) != IC_OK)
			fail_msg("%s: %s", accepted[i], diag.message);
	/* Java has them */
	assert_int_equal(compile("(?=a)a++(b)\\1", IC_REGEX_JAVA, &diag), IC_OK);
	/* what is wrong in both */
	assert_int_equal(compile("(a", 0, &diag), IC_E_USAGE);
	assert_int_equal(diag.kind, IC_DIAG_SYNTAX);
	assert_int_equal(compile("\\C", IC_REGEX_JAVA, &diag), IC_E_USAGE);
	assert_int_equal(compile("\xff", 0, &diag), IC_E_USAGE);
}

static void finds(void **state)
{
	(void)state;
	assert_string_equal(all_matches("a*", 0, IC_STR("baac")), "[][aa][][]");
	assert_string_equal(all_matches("\xc3\xa9*", 0, IC_STR("x\xc3\xa9\xc3\xa9y")),
			    "[][\xc3\xa9\xc3\xa9][][]");
	assert_string_equal(all_matches("\\d", 0, IC_STR("1\xef\xbc\x92")),
			    "[1][\xef\xbc\x92]"); /* a wide 2 */
	assert_string_equal(all_matches("(?i)\xc3\x89", 0, IC_STR("\xc3\xa9")), "[\xc3\xa9]");
	/* text that is not valid UTF-8 is bytes */
	assert_string_equal(all_matches("a.c", 0,
					IC_STR("a\xff"
					       "c")),
			    "[a\xff"
			    "c]");
	assert_string_equal(all_matches("\\x{4e2d}", 0, IC_STR("\xff")), "");
	assert_string_equal(all_matches("x$", 0, IC_STR("x\n")), "");
	assert_string_equal(all_matches("b.*", IC_REGEX_WHOLE | IC_REGEX_JAVA, IC_STR("abc")), "");
	assert_string_equal(all_matches(".*b.*", IC_REGEX_WHOLE | IC_REGEX_JAVA, IC_STR("abc")), "[abc]");
	assert_string_equal(all_matches("A.", IC_REGEX_ANY_CASE | IC_REGEX_DOT_ALL, IC_STR("a\n")), "[a\n]");
	assert_string_equal(all_matches("a", 0, (ic_str){ NULL, 0 }), "");
}

/* A pattern that tries everything ends, and says so. */
static void steps_are_bounded(void **state)
{
	(void)state;
	static char text[60];
	memset(text, 'a', sizeof text);
	text[sizeof text - 1] = '!';
	assert_string_equal(all_matches("(a|aa)+$", 0, (ic_str){ text, sizeof text }), "-");
	/* deep recursion of the interpreter and the compiled code */
	char *big = test_malloc(1 << 20);
	memset(big, 'a', 1 << 20);
	ic_regex_match *m = ic_regex_match_new();
	ic_diag diag = { 0 };
	ic_regex *r;
	assert_int_equal(ic_regex_new(IC_STR("^(?:(a)|(b)|(c))*$"), 0, (ic_place){ 1, 1 }, &r, &diag), IC_OK);
	assert_in_range(ic_regex_find(r, m, (ic_str){ big, 1 << 20 }, 0) + 1, 0, 2);
	ic_regex_free(r);
	ic_regex_match_free(m);
	test_free(big);
}

static void functions(void **state)
{
	(void)state;
	bench b;
	bench_open(&b, IC_FN_KQL);
#define TEXT(x, want)                                                                                        \
	do {                                                                                                 \
		ic_value v = value_of(&b, x);                                                                \
		ic_str s = ic_value_text(&b.arena, &v);                                                      \
		if (!ic_str_eq(s, ic_str_of(want)))                                                          \
			fail_msg("line %d: %.*s instead of %s", __LINE__, (int)s.n, s.p, want);              \
	} while (0)
#define N(v) constant(&b, ic_value_long(v))
#define T(s) text(&b, s)
	TEXT(CALL(&b, EXTRACT, T("(\\d+)-(\\d+)"), N(2), T("20-12")), "12");
	TEXT(CALL(&b, EXTRACT, T("(\\d+)"), N(0), T("none")), "");
	TEXT(CALL(&b, EXTRACT, T("(a)|b"), N(1), T("b")), "");
	TEXT(CALL(&b, EXTRACT, T("a"), N(7), T("a")), "");
	ic_expr *typed =
	    CALL(&b, EXTRACT, T("x=(\\w+)"), N(1), T("x=42"), constant(&b, ic_value_null(IC_Q_LONG)));
	assert_int_equal(value_of(&b, typed).i, 42);
	TEXT(CALL(&b, EXTRACT_ALL, T("([a-z])(\\d)?"), T("a1b")), "[[\"a\",\"1\"],[\"b\",\"\"]]");
	TEXT(CALL(&b, EXTRACT_ALL, T("(\\w)"), T("ab")), "[\"a\",\"b\"]");
	const ic_dyn *part[] = {
		ic_dyn_of(&b.plan.arena, &(ic_value){ .type = IC_Q_STRING, .s = IC_STR("y") }),
		ic_dyn_of(&b.plan.arena, &(ic_value){ .type = IC_Q_LONG, .i = 2 }),
		ic_dyn_of(&b.plan.arena, &(ic_value){ .type = IC_Q_STRING, .s = IC_STR("x") }),
		ic_dyn_of(&b.plan.arena, &(ic_value){ .type = IC_Q_STRING, .s = IC_STR("z") })
	};
	ic_expr *array = constant(&b, ic_value_dyn(ic_dyn_array(&b.plan.arena, part, 4)));
	TEXT(CALL(&b, EXTRACT_ALL, T("(?P<x>\\w)(\\w)(?P<y>\\w)"), array, T("abc")), "[[\"c\",\"b\",\"a\"]]");
	assert_true(value_of(&b, CALL(&b, EXTRACT_ALL, T("(\\d)"), T("ab"))).null);
	TEXT(CALL(&b, REPLACE_REGEX, T("one two"), T("(\\w+)"), T("[\\1\\\\\\0]")), "[one\\one] [two\\two]");
	TEXT(CALL(&b, REPLACE_REGEX, T("abc"), T("x*"), T("-")), "-a-b-c-");
	TEXT(CALL(&b, REPLACE_OLD, T("b"), T("X"), T("abc")), "aXc");
	TEXT(CALL(&b, INDEXOF_REGEX,
		  T("\xc3\xa9"
		    "ab-ab"),
		  T("a."), N(0), N(-1), N(2)),
	     "4");
	TEXT(CALL(&b, INDEXOF_REGEX, T("abc"), T("x")), "-1");
	TEXT(CALL(&b, REGEX_QUOTE, T("a.b*")), "a\\.b\\*");
	/* patterns from the data, more of them than are kept */
	ic_vector_out s, p;
	char patterns[40][8];
	assert_true(ic_vector_make(&s, &b.arena, IC_Q_STRING, 200) &&
		    ic_vector_make(&p, &b.arena, IC_Q_STRING, 200));
	for (uint32_t i = 0; i < 200; i++) {
		int n = snprintf(patterns[i % 40], sizeof patterns[0], "^%u$", i % 40);
		p.s[i] = (ic_str){ patterns[i % 40], (uint32_t)n };
		s.s[i] = i % 3 ? (ic_str){ p.s[i].p + 1, (uint32_t)n - 2 } : IC_STR("no");
	}
	ic_vector col[] = { s.v, p.v };
	ic_chunk in = { .rows = 200, .columns = 2, .col = col };
	ic_vector v =
	    run(&b, CALL(&b, MATCHES_REGEX, column(&b, 0, IC_Q_STRING), column(&b, 1, IC_Q_STRING)), &in);
	for (uint32_t i = 0; i < 200; i++)
		assert_int_equal(ic_vector_value(&v, i).b, i % 3 != 0);
	ic_eval *e;
	ic_expr *bad = CALL(&b, MATCHES_REGEX, column(&b, 0, IC_Q_STRING), T("(?=x)"));
	assert_int_equal(ic_eval_new(&b.plan, &bad, 1, &e, &b.diag), IC_E_USAGE);
	assert_int_equal(b.diag.kind, IC_DIAG_UNSUPPORTED);
	bench_close(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(what_re2_has_not), cmocka_unit_test(finds),
					    cmocka_unit_test(steps_are_bounded),
					    cmocka_unit_test(functions) };
	return cmocka_run_group_tests(tests, NULL, NULL);
}
