/* SPDX-License-Identifier: Apache-2.0 */
#include "../test.h"

#include <math.h>
#include <stdio.h>

#include "plan/value.h"

static ic_arena arena;

static const ic_dyn *parse(const char *json)
{
	bool ok;
	const ic_dyn *d = ic_dyn_parse(&arena, ic_str_of(json), &ok);
	if (!ok || !d)
		fail_msg("%s is JSON", json);
	return d;
}

static void is(const char *json, const char *expected)
{
	ic_str s = ic_dyn_text(&arena, parse(json));
	if (!ic_str_eq(s, ic_str_of(expected)))
		fail_msg("%s became %.*s, not %s", json, (int)s.n, s.p, expected);
}

static void written_and_read(void **state)
{
	(void)state;
	is(" {\"a\" : 1 , \"b\":[ true,false,null,\"x\" ] } ", "{\"a\":1,\"b\":[true,false,null,\"x\"]}");
	is("[]", "[]");
	is("{}", "{}");
	is("1.0", "1.0");
	is("-0", "0");
	is("1e2", "100.0");
	is("9223372036854775807", "9223372036854775807");
	is("9223372036854775808", "9.223372036854776E+18");
	is("\"\\u0041\\ud83d\\ude00\\ud800\\n\\/\"", "\"A\xf0\x9f\x98\x80\xef\xbf\xbd\\n/\"");
	is("\"\xe2\x80\xa8\x01\"", "\"\\u2028\\u0001\"");
	is("{\"a\":1,\"b\":2,\"a\":3}", "{\"a\":3,\"b\":2}");
}

/* The value that stands at the start, and where it ends. */
static void first_of_a_text(void **state)
{
	static const char *const t[][2] = {
		{ "[\"a, ]\\\" of some length\",2],\"b\":1}", "[\"a, ]\\\" of some length\",2]" },
		{ "{\"a\":[]}]", "{\"a\":[]}" },
		{ "[1", NULL },
		{ "", NULL },
	};
	(void)state;
	for (size_t i = 0; i < sizeof t / sizeof *t; i++) {
		uint32_t used = 0;
		const ic_dyn *d = ic_dyn_parse_first(&arena, ic_str_of(t[i][0]), &used);
		assert_int_equal(d != NULL, t[i][1] != NULL);
		if (!d)
			continue;
		assert_int_equal(used, strlen(t[i][1]));
		assert_true(ic_str_eq(ic_dyn_text(&arena, d), ic_str_of(t[i][1])));
	}
}

static void refused(void **state)
{
	(void)state;
	static const char *const bad[] = { "",	  " ",	  "{",	     "[1,]",	  "{\"a\"}",	"{a:1}",
					   "'a'", "\"a",  "\"\\q\"", "\"\\u12\"", "01",		"1.",
					   ".5",  "1e",	  "nul",     "[1] x",	  "[1 2]",	"{\"a\":1,}",
					   "-",	  "\"\\", "1e999",   "+1",	  "\"\\u12g4\"" };
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		bool ok = true;
		assert_null(ic_dyn_parse(&arena, ic_str_of(bad[i]), &ok));
		if (ok)
			fail_msg("%s is no JSON", bad[i]);
	}
}

static void depth(void **state)
{
	(void)state;
	char text[2 * IC_DYN_DEPTH + 8];
	for (int deep = IC_DYN_DEPTH; deep <= IC_DYN_DEPTH + 1; deep++) {
		bool ok;
		memset(text, '[', (size_t)deep);
		memset(text + deep, ']', (size_t)deep);
		const ic_dyn *d = ic_dyn_parse(&arena, (ic_str){ text, (uint32_t)deep * 2 }, &ok);
		assert_true(ok == (deep == IC_DYN_DEPTH));
		assert_true((d != NULL) == ok);
	}
}

static void equality(void **state)
{
	(void)state;
	static const struct {
		const char *a, *b;
		bool equal;
	} cases[] = {
		{ "1", "1.0", true },
		{ "1", "1.5", false },
		{ "9007199254740993", "9007199254740992.0", false },
		{ "{\"a\":1,\"b\":[2]}", "{\"b\":[2.0],\"a\":1}", true },
		{ "{\"a\":1}", "{\"b\":1}", false },
		{ "{\"a\":1}", "{\"a\":1,\"b\":2}", false },
		{ "[1,2]", "[2,1]", false },
		{ "\"1\"", "1", false },
		{ "null", "null", true },
		{ "true", "false", false },
		{ "[]", "{}", false },
	};
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		const ic_dyn *a = parse(cases[i].a), *b = parse(cases[i].b);
		if (ic_dyn_equal(a, b) != cases[i].equal)
			fail_msg("%s and %s", cases[i].a, cases[i].b);
		assert_true(ic_dyn_equal(b, a) == cases[i].equal);
		assert_true((ic_dyn_hash(a, 7) == ic_dyn_hash(b, 7)) == cases[i].equal);
	}
	ic_dyn nan = { .kind = IC_DYN_REAL, .d = NAN };
	assert_true(ic_dyn_equal(&nan, &nan));
}

static void access_and_copy(void **state)
{
	(void)state;
	const ic_dyn *d = parse("{\"a\":{\"b\":[10,20,30]},\"s\":\"x\\ty\"}");
	const ic_dyn *list = ic_dyn_member_of(ic_dyn_member_of(d, IC_STR("a")), IC_STR("b"));
	assert_int_equal(ic_dyn_item(list, 0)->i, 10);
	assert_int_equal(ic_dyn_item(list, -1)->i, 30);
	assert_null(ic_dyn_item(list, 3));
	assert_null(ic_dyn_item(list, -4));
	assert_null(ic_dyn_item(list, INT64_MIN));
	assert_null(ic_dyn_member_of(d, IC_STR("A")));
	assert_null(ic_dyn_item(d, 0));
	ic_arena other;
	ic_arena_init(&other, 0, NULL);
	const ic_dyn *copy = ic_dyn_copy(&other, d);
	ic_arena_reset(&arena);
	ic_str s = ic_dyn_text(&other, copy);
	assert_true(ic_str_eq(s, IC_STR("{\"a\":{\"b\":[10,20,30]},\"s\":\"x\\ty\"}")));
	ic_arena_clear(&other);
}

static void scalars(void **state)
{
	(void)state;
	ic_decimal half = { 5, 1 };
	ic_value list[] = { ic_value_null(IC_Q_LONG),
			    ic_value_null(IC_Q_STRING),
			    ic_value_real(INFINITY),
			    ic_value_ticks(IC_Q_DATETIME, 0),
			    ic_value_ticks(IC_Q_TIMESPAN, 10000000),
			    { .type = IC_Q_DECIMAL, .decimal = &half },
			    { .type = IC_Q_IP, .ip = ic_ip_from_v4(1) } };
	const ic_dyn *item[sizeof list / sizeof *list];
	for (size_t i = 0; i < sizeof list / sizeof *list; i++)
		item[i] = ic_dyn_of(&arena, &list[i]);
	const ic_dyn *d = ic_dyn_array(&arena, item, sizeof list / sizeof *list);
	ic_str s = ic_dyn_text(&arena, d);
	const char *expected =
	    "[null,\"\",\"Infinity\",\"1970-01-01T00:00:00.0000000Z\",\"00:00:01\",\"0.5\",\"0.0.0.1\"]";
	assert_int_equal(s.n, strlen(expected));
	assert_memory_equal(s.p, expected, s.n);
	/* alone they have no quotes */
	static const char *const alone[] = { "null",	 "",	"Infinity", "1970-01-01T00:00:00.0000000Z",
					     "00:00:01", "0.5", "0.0.0.1" };
	for (size_t i = 0; i < sizeof alone / sizeof *alone; i++)
		assert_true(ic_str_eq(ic_dyn_plain_text(&arena, item[i]), ic_str_of(alone[i])));
	assert_true(ic_str_eq(ic_dyn_plain_text(&arena, parse("true")), IC_STR("true")));
	assert_true(ic_str_eq(ic_dyn_plain_text(&arena, d), s));
}

/* Parts are shared, so that few makers give a value of astronomical size: it is refused. */
static void heavy(void **state)
{
	(void)state;
	const ic_dyn *d = parse("[1,2,3,4]");
	unsigned steps = 0;
	for (; d && steps < 100; steps++) {
		const ic_dyn *twice[] = { d, d };
		d = ic_dyn_array(&arena, twice, 2);
	}
	assert_null(d);
	assert_in_range(steps, 20, 30);
	d = parse("{\"name\":\"0123456789\"}");
	for (steps = 0; d && steps < 100; steps++) {
		ic_dyn_member m[] = { { IC_STR("a"), d }, { IC_STR("b"), d } };
		d = ic_dyn_bag(&arena, m, 2);
	}
	assert_null(d);
}

static void deep_by_makers(void **state)
{
	(void)state;
	const ic_dyn *d = parse("[1]"), *last = NULL;
	for (unsigned steps = 0; d && steps < 10000; steps++) {
		last = d;
		d = ic_dyn_array(&arena, &d, 1);
	}
	assert_null(d);
	assert_int_equal(last->depth, IC_DYN_MADE_DEPTH);
}

static void out_of_memory(void **state)
{
	(void)state;
	const char *json = "{\"a\":[1,2,{\"b\":\"\\u0041\"}],\"c\":1.5}";
	for (uint64_t n = 1; n < 50; n++) {
		ic_arena a;
		bool ok = false;
		ic_arena_init(&a, 64, NULL);
		ic_alloc_fail_after(n);
		const ic_dyn *d = ic_dyn_parse(&a, ic_str_of(json), &ok);
		ic_alloc_fail_after(0);
		assert_true(ok); /* it is JSON; NULL says why there is nothing */
		ic_arena_clear(&a);
		if (d)
			return;
	}
	fail_msg("parsing never succeeded");
}

static int make(void **state)
{
	(void)state;
	ic_arena_init(&arena, 0, NULL);
	return 0;
}

static int clear(void **state)
{
	(void)state;
	ic_arena_clear(&arena);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(written_and_read),
		cmocka_unit_test(first_of_a_text),
		cmocka_unit_test(refused),
		cmocka_unit_test(depth),
		cmocka_unit_test(equality),
		cmocka_unit_test(scalars),
		cmocka_unit_test(access_and_copy),
		cmocka_unit_test(out_of_memory),
		cmocka_unit_test(heavy),
		cmocka_unit_test(deep_by_makers),
	};
	return cmocka_run_group_tests(tests, make, clear);
}
