/* SPDX-License-Identifier: Apache-2.0 */
#include "expressions.h"

#include "base/time.h"

static bench b;

static int open_kql(void **state)
{
	(void)state;
	bench_open(&b, IC_FN_KQL);
	return 0;
}

static int open_aql(void **state)
{
	(void)state;
	bench_open(&b, IC_FN_AQL);
	return 0;
}

static int close_bench(void **state)
{
	(void)state;
	bench_close(&b);
	return 0;
}

static ic_expr *number(int64_t v)
{
	return constant(&b, ic_value_long(v));
}

static ic_expr *none(ic_qtype t)
{
	return constant(&b, ic_value_null(t));
}

/* 1 true, 0 false, -1 null. */
static int truth(ic_expr *x)
{
	ic_value v = value_of(&b, x);
	assert_int_equal(v.type, IC_Q_BOOL);
	return v.null ? -1 : v.b;
}

static int truth2(ic_fn_id fn, ic_expr *x, ic_expr *y)
{
	return truth(call_of(&b, fn, 2, (ic_expr *[]){ x, y }));
}

static void nulls_of_kql(void **state)
{
	(void)state;
	static const struct {
		ic_fn_id fn;
		int one, both; /* sides that are null */
	} t[] = { { IC_FN_EQ, 0, -1 },	{ IC_FN_NE, 1, -1 },  { IC_FN_LT, -1, -1 },
		  { IC_FN_LE, -1, -1 }, { IC_FN_GT, -1, -1 }, { IC_FN_GE, -1, -1 } };
	for (size_t i = 0; i < sizeof t / sizeof *t; i++) {
		assert_int_equal(truth2(t[i].fn, none(IC_Q_LONG), number(1)), t[i].one);
		assert_int_equal(truth2(t[i].fn, number(1), none(IC_Q_LONG)), t[i].one);
		assert_int_equal(truth2(t[i].fn, none(IC_Q_LONG), none(IC_Q_LONG)), t[i].both);
	}
	/* no text is null */
	assert_int_equal(truth2(IC_FN_EQ, none(IC_Q_STRING), text(&b, "")), 1);
	assert_int_equal(truth2(IC_FN_EQ, none(IC_Q_IP), text(&b, "")), 1);
	assert_int_equal(truth2(IC_FN_NE, none(IC_Q_IP), text(&b, "10.0.0.1")), 1);
	ic_value list[] = { ic_value_long(1), ic_value_long(2) };
	assert_int_equal(truth(in_list(&b, IC_FN_IN, none(IC_Q_LONG), list, 2)), 0);
	assert_int_equal(truth(CALL(&b, NOT_IN_FORM, in_list(&b, IC_FN_IN, none(IC_Q_LONG), list, 2))), 1);
	assert_int_equal(truth(CALL(&b, NOT_IN_FORM, none(IC_Q_BOOL))), 1);
	assert_int_equal(truth(CALL(&b, NOT, none(IC_Q_BOOL))), -1);
	assert_int_equal(truth(CALL(&b, BETWEEN, none(IC_Q_LONG), number(1), number(2))), -1);
	assert_int_equal(truth(CALL(&b, BETWEEN, number(3), none(IC_Q_LONG), number(2))), 0);
	ic_expr *yes = constant(&b, ic_value_bool(true)), *no = constant(&b, ic_value_bool(false));
	assert_int_equal(truth2(IC_FN_AND, none(IC_Q_BOOL), no), 0);
	assert_int_equal(truth2(IC_FN_AND, none(IC_Q_BOOL), yes), -1);
	assert_int_equal(truth2(IC_FN_OR, none(IC_Q_BOOL), yes), 1);
	assert_int_equal(truth2(IC_FN_OR, none(IC_Q_BOOL), no), -1);
}

static void nulls_of_aql(void **state)
{
	(void)state;
	static const ic_fn_id fn[] = { IC_FN_SQL_EQ, IC_FN_SQL_NE, IC_FN_SQL_LT,
				       IC_FN_SQL_LE, IC_FN_SQL_GT, IC_FN_SQL_GE };
	for (size_t i = 0; i < sizeof fn / sizeof *fn; i++) {
		assert_int_equal(truth2(fn[i], none(IC_Q_LONG), number(1)), -1);
		assert_int_equal(truth2(fn[i], none(IC_Q_STRING), text(&b, "")), -1);
	}
	ic_value list[] = { ic_value_long(1), ic_value_null(IC_Q_LONG) };
	assert_int_equal(truth(in_list(&b, IC_FN_SQL_IN, number(1), list, 2)), 1);
	assert_int_equal(truth(in_list(&b, IC_FN_SQL_IN, number(2), list, 2)), -1);
	assert_int_equal(truth(CALL(&b, SQL_IS_NULL, none(IC_Q_STRING))), 1);
	assert_int_equal(truth(CALL(&b, SQL_IS_NULL, text(&b, ""))), 0);
	/* numbers against text compare as text, addresses as addresses */
	assert_int_equal(truth2(IC_FN_SQL_EQ, number(443), text(&b, "443")), 1);
	assert_int_equal(truth2(IC_FN_SQL_LT, number(1000), text(&b, "99")), 1);
	ic_expr *ip = constant(&b, (ic_value){ .type = IC_Q_IP, .ip = ic_ip_from_v4(0x0a000009) });
	assert_int_equal(truth2(IC_FN_SQL_LT, ip, text(&b, "10.0.0.10")), 1);
	assert_int_equal(truth(CALL(&b, SQL_BETWEEN, ip, text(&b, "10.0.0.0"), text(&b, "10.255.255.255"))),
			 1);
	assert_int_equal(truth2(IC_FN_LIKE, ip, text(&b, "10.%")), 1);
	assert_int_equal(truth2(IC_FN_LIKE, ip, text(&b, "10.0.0.9%")), 1);
	assert_int_equal(truth2(IC_FN_LIKE, ip, text(&b, "1.%")), 0);
	assert_int_equal(truth2(IC_FN_LIKE, ip, text(&b, "%.9")), 1);
	assert_int_equal(truth2(IC_FN_INCIDR, ip, text(&b, "10.0.0.0/8")), 1);
	assert_int_equal(truth2(IC_FN_INCIDR, text(&b, "11.0.0.1"), text(&b, "10.0.0.0/8")), 0);
	assert_int_equal(truth2(IC_FN_INCIDR, none(IC_Q_IP), text(&b, "10.0.0.0/8")), -1);
	assert_int_equal(value_of(&b, CALL(&b, SQL_MOD, number(-7), number(3))).i, -1);
	assert_true(value_of(&b, CALL(&b, SQL_DIV, number(7), number(0))).null);
}

static void like_patterns(void **state)
{
	(void)state;
	static const struct {
		const char *s, *pattern;
		int like, ilike;
	} t[] = {
		{ "abc", "abc", 1, 1 },
		{ "ABC", "abc", 0, 1 },
		{ "abc", "a%", 1, 1 },
		{ "abc", "%C", 0, 1 },
		{ "abc", "%b%", 1, 1 },
		{ "abc", "a_c", 1, 1 },
		{ "a\xc3\xa9", "a_", 1, 1 },
		{ "a\xc3\xa9", "A\xc3\x89", 0, 1 },
		{ "", "%", 1, 1 },
		{ "", "_", 0, 0 },
		{ "a%b", "a\\%b", 1, 1 },
		{ "axb", "a\\%b", 0, 0 },
		{ "aXbXc", "a%b%c", 1, 1 },
		{ "abab", "%ab", 1, 1 },
		{ "aab", "%a_", 1, 1 },
		{ "abc", "", 0, 0 },
		{ "a", "%%", 1, 1 },
		{ "mississippi", "m%iss%pi", 1, 1 },
		{ "mississippi", "m%issx%pi", 0, 0 },
	};
	for (size_t i = 0; i < sizeof t / sizeof *t; i++) {
		assert_int_equal(truth2(IC_FN_LIKE, text(&b, t[i].s), text(&b, t[i].pattern)), t[i].like);
		assert_int_equal(truth2(IC_FN_ILIKE, text(&b, t[i].s), text(&b, t[i].pattern)), t[i].ilike);
	}
}

static void text_operators(void **state)
{
	(void)state;
	static const struct {
		ic_fn_id fn;
		const char *s, *part;
		int want;
	} t[] = {
		{ IC_FN_HAS, "alpha_beta", "ALPHA", 1 },
		{ IC_FN_HAS, "ERROR", "ERR", 0 },
		{ IC_FN_HAS, "an ERR", "err", 1 },
		{ IC_FN_HAS, "xerr err", "err", 1 },
		{ IC_FN_HAS, "caf\xc3\xa9", "caf", 0 },
		{ IC_FN_HAS, "\xc3\xa9t\xc3\xa9", "\xc3\x89T\xc3\x89", 1 },
		{ IC_FN_HAS, "a.b.c", "b.c", 1 },
		{ IC_FN_HAS, "a.b.cd", "b.c", 0 },
		{ IC_FN_HAS, "x", "", 1 },
		{ IC_FN_HAS_CS, "an ERR", "err", 0 },
		{ IC_FN_HASPREFIX, "in-error", "ERR", 1 },
		{ IC_FN_HASPREFIX, "terror", "err", 0 },
		{ IC_FN_HASPREFIX_CS, "in-error", "ERR", 0 },
		{ IC_FN_HASSUFFIX, "an error.", "ROR", 1 },
		{ IC_FN_HASSUFFIX, "ending", "end", 0 },
		{ IC_FN_HASSUFFIX_CS, "an error.", "ROR", 0 },
		{ IC_FN_CONTAINS, "Hello", "ELL", 1 },
		{ IC_FN_CONTAINS, "na\xc3\xafve", "\xc3\x8fV", 1 },
		{ IC_FN_CONTAINS, "a", "", 1 },
		{ IC_FN_CONTAINS_CS, "Hello", "ELL", 0 },
		{ IC_FN_CONTAINS_CS, "Hello", "ell", 1 },
		{ IC_FN_STARTSWITH, "Hello", "hEL", 1 },
		{ IC_FN_STARTSWITH, "H", "Hello", 0 },
		{ IC_FN_STARTSWITH_CS, "Hello", "hel", 0 },
		{ IC_FN_ENDSWITH, "Hello", "LLO", 1 },
		{ IC_FN_ENDSWITH, "stra\xc3\x9f", "\xe1\xba\x9e", 0 }, /* the capital is another character */
		{ IC_FN_ENDSWITH, "\xce\xb1\xce\xa9", "\xcf\x89", 1 },
		{ IC_FN_ENDSWITH_CS, "Hello", "LLO", 0 },
		{ IC_FN_EQ_CI, "M\xc3\xbcller", "M\xc3\x9cLLER", 1 },
		{ IC_FN_EQ_CI, "a", "ab", 0 },
		{ IC_FN_NE_CI, "A", "a", 0 },
		{ IC_FN_EQ, "A", "a", 0 },
		{ IC_FN_LT, "a", "b", 1 },
		{ IC_FN_TEXT_SEARCH, "a red fox", "FOX red", 1 },
		{ IC_FN_TEXT_SEARCH, "a red fox", "fox blue", 0 },
		{ IC_FN_TEXT_SEARCH, "a red fox", "blue OR fox", 1 },
		{ IC_FN_TEXT_SEARCH, "a red fox", "\"fox red\"", 0 },
		{ IC_FN_TEXT_SEARCH, "a red fox", "red AND fox", 1 },
	};
	for (size_t i = 0; i < sizeof t / sizeof *t; i++)
		if (truth2(t[i].fn, text(&b, t[i].s), text(&b, t[i].part)) != t[i].want)
			fail_msg("%s: '%s' and '%s'", ic_functions[t[i].fn].help, t[i].s, t[i].part);
	ic_value words[] = { ic_value_str(IC_STR("fox")), ic_value_str(IC_STR("RED")) };
	assert_int_equal(truth(in_list(&b, IC_FN_HAS_ALL, text(&b, "a red fox"), words, 2)), 1);
	assert_int_equal(truth(in_list(&b, IC_FN_HAS_ALL, text(&b, "a fox"), words, 2)), 0);
	assert_int_equal(truth(in_list(&b, IC_FN_HAS_ANY, text(&b, "a fox"), words, 2)), 1);
	assert_int_equal(truth(in_list(&b, IC_FN_HAS_ANY, text(&b, "afox"), words, 2)), 0);
	assert_int_equal(truth(in_list(&b, IC_FN_IN_CI, text(&b, "red"), words, 2)), 1);
	assert_int_equal(truth(in_list(&b, IC_FN_IN, text(&b, "red"), words, 2)), 0);
}

static void whole_numbers(void **state)
{
	(void)state;
	static const struct {
		ic_fn_id fn;
		int64_t x, y, want;
	} t[] = {
		{ IC_FN_ADD, INT64_MAX, 1, INT64_MIN },
		{ IC_FN_SUB, INT64_MIN, 1, INT64_MAX },
		{ IC_FN_MUL, INT64_MIN, -1, INT64_MIN },
		{ IC_FN_DIV, INT64_MIN, -1, INT64_MIN },
		{ IC_FN_MOD, INT64_MIN, -1, 0 },
		{ IC_FN_MOD, -7, INT64_MIN, INT64_MAX - 6 },
		{ IC_FN_DIV, 7, -2, -3 },
		{ IC_FN_DIV, -7, 2, -3 },
		{ IC_FN_MOD, -7, 3, 2 },
		{ IC_FN_MOD, 7, -3, 1 },
		{ IC_FN_MOD, -7, -3, 2 },
	};
	for (size_t i = 0; i < sizeof t / sizeof *t; i++) {
		ic_expr *arg[] = { number(t[i].x), number(t[i].y) };
		assert_int_equal(value_of(&b, call_of(&b, t[i].fn, 2, arg)).i, t[i].want);
	}
	assert_true(value_of(&b, CALL(&b, DIV, number(1), number(0))).null);
	assert_true(value_of(&b, CALL(&b, MOD, number(1), number(0))).null);
	assert_int_equal(value_of(&b, CALL(&b, NEG, number(INT64_MIN))).i, INT64_MIN);
}

static void times(void **state)
{
	(void)state;
	ic_expr *last = constant(&b, ic_value_ticks(IC_Q_DATETIME, IC_TIME_MAX));
	ic_expr *tick = constant(&b, ic_value_ticks(IC_Q_TIMESPAN, 1));
	ic_expr *day = constant(&b, ic_value_ticks(IC_Q_TIMESPAN, 864 * IC_TICKS_S * 100));
	assert_true(value_of(&b, CALL(&b, ADD, last, tick)).null);
	assert_int_equal(value_of(&b, CALL(&b, SUB, last, tick)).i, IC_TIME_MAX - 1);
	assert_int_equal(value_of(&b, CALL(&b, SUB, last, last)).type, IC_Q_TIMESPAN);
	ic_value ratio =
	    value_of(&b, CALL(&b, DIV, day, constant(&b, ic_value_ticks(IC_Q_TIMESPAN, IC_TICKS_S * 3600))));
	assert_int_equal(ratio.type, IC_Q_REAL);
	assert_true(ratio.d == 24);
	assert_int_equal(value_of(&b, CALL(&b, DIV, day, number(2))).i, 864 * IC_TICKS_S * 50);
	assert_true(value_of(&b, CALL(&b, DIV, day, number(0))).null);
	assert_int_equal(value_of(&b, CALL(&b, MUL, constant(&b, ic_value_real(1.5)), day)).i,
			 1296 * IC_TICKS_S * 100);
	assert_true(value_of(&b, CALL(&b, MUL, constant(&b, ic_value_real(1e300)), day)).null);
}

/* Long parts are looked for in another way; text that is made to be slow is not. */
static void long_parts(void **state)
{
	(void)state;
	enum { N = 1 << 20 };
	char *s = test_malloc(N), *part = test_malloc(N / 2);
	memset(s, 'a', N);
	memset(part, 'A', N / 2);
	ic_expr *whole = constant(&b, ic_value_str((ic_str){ s, N }));
	ic_expr *half = constant(&b, ic_value_str((ic_str){ part, N / 2 }));
	assert_int_equal(truth2(IC_FN_CONTAINS, whole, half), 1);
	assert_int_equal(truth2(IC_FN_HAS, whole, half), 0);
	part[N / 2 - 1] = 'b';
	assert_int_equal(truth2(IC_FN_CONTAINS, whole, half), 0);
	s[N - 2] = 'B';
	assert_int_equal(truth2(IC_FN_CONTAINS, whole, half), 1);
	s[N - 1] = '.';
	assert_int_equal(truth2(IC_FN_HASSUFFIX, whole, half), 1);
	assert_int_equal(truth2(IC_FN_HAS, whole, half), 0);
	s[N / 2 - 2] = '-'; /* before the part */
	assert_int_equal(truth2(IC_FN_HAS, whole, half), 1);
	test_free(s);
	test_free(part);
}

static void big_lists(void **state)
{
	(void)state;
	enum { N = 3000 };
	static char names[N][16];
	ic_value list[N];
	for (int i = 0; i < N; i++) {
		ic_ip ip = ic_ip_from_v4(0x0a000000u + (uint32_t)i * 7);
		list[i] = ic_value_str((ic_str){ names[i], (uint32_t)ic_ip_format(&ip, names[i]) });
	}
	ic_vector_out ip, s;
	assert_true(ic_vector_make(&ip, &b.arena, IC_Q_IP, 4096) &&
		    ic_vector_make(&s, &b.arena, IC_Q_STRING, 4096));
	for (uint32_t i = 0; i < 4096; i++)
		ip.ip[i] = ic_ip_from_v4(0x0a000000u + i);
	ip.v.nulls = NULL;
	ic_vector written;
	assert_true(ic_vector_strings(&written, &b.arena, &ip.v, 4096));
	ic_vector col[] = { ip.v, written };
	ic_chunk in = { .rows = 4096, .columns = 2, .col = col };
	ic_vector by_address = run(&b, in_list(&b, IC_FN_IN, column(&b, 0, IC_Q_IP), list, N), &in);
	ic_vector by_text = run(&b, in_list(&b, IC_FN_IN, column(&b, 1, IC_Q_STRING), list, N), &in);
	for (uint32_t i = 0; i < 4096; i++) {
		assert_int_equal(ic_vector_value(&by_address, i).b, i % 7 == 0);
		assert_int_equal(ic_vector_value(&by_text, i).b, i % 7 == 0);
	}
}

/* Numbers that lie close together, far apart, and at the ends of what there is. */
static void numbers_in_lists(void **state)
{
	(void)state;
	static const int64_t lists[][4] = { { 80, 443, 8080, 8443 },
					    { -3, -1, 60, 61 },
					    { 0, 65535, 1, 64 },
					    { 0, 65536, 1, 64 },
					    { INT64_MIN, INT64_MIN + 64, INT64_MIN + 1, INT64_MIN },
					    { INT64_MAX, INT64_MAX - 63, INT64_MAX - 64, INT64_MAX - 65535 },
					    { INT64_MIN, INT64_MAX, 0, -1 } };
	enum { LISTS = sizeof lists / sizeof *lists, NEAR = 3, ROWS = LISTS * 4 * NEAR };
	ic_vector_out o;
	assert_true(ic_vector_make(&o, &b.arena, IC_Q_LONG, ROWS + 1));
	for (uint32_t r = 0; r < ROWS; r++) /* each number of any list, the one before and the one after */
		o.i[r] = (int64_t)((uint64_t)lists[r / NEAR / 4][r / NEAR % 4] + r % NEAR - 1);
	ic_value null = ic_value_null(IC_Q_LONG);
	ic_vector_set(&o, ROWS, &null);
	ic_chunk in = { .rows = ROWS + 1, .columns = 1, .col = &o.v };
	for (uint32_t l = 0; l < LISTS; l++) {
		ic_value list[4];
		for (uint32_t i = 0; i < 4; i++)
			list[i] = ic_value_long(lists[l][i]);
		ic_vector got = run(&b, in_list(&b, IC_FN_IN, column(&b, 0, IC_Q_LONG), list, 4), &in);
		for (uint32_t r = 0; r < ROWS; r++) {
			bool in_it = false;
			for (uint32_t i = 0; i < 4; i++)
				in_it |= lists[l][i] == o.i[r];
			assert_int_equal(ic_vector_value(&got, r).b, in_it);
		}
		assert_false(ic_vector_value(&got, ROWS).null || ic_vector_value(&got, ROWS).b);
	}
}

int main(void)
{
#define KQL(name) cmocka_unit_test_setup_teardown(name, open_kql, close_bench)
#define AQL(name) cmocka_unit_test_setup_teardown(name, open_aql, close_bench)
	const struct CMUnitTest tests[] = {
		KQL(nulls_of_kql),   AQL(nulls_of_aql),	    AQL(like_patterns),
		KQL(text_operators), KQL(whole_numbers),    KQL(times),
		KQL(big_lists),	     KQL(numbers_in_lists), KQL(long_parts),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
