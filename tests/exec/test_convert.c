/* SPDX-License-Identifier: Apache-2.0 */
#include "expressions.h"

static bench b;

/* The text of a conversion; "null". */
static const char *converted(ic_fn_id fn, ic_expr *x)
{
	static char text[200];
	ic_value v = value_of(&b, call_of(&b, fn, 1, &x));
	if (v.null)
		return "null";
	ic_str s = ic_value_text(&b.arena, &v);
	assert_true(s.n < sizeof text);
	memcpy(text, s.p, s.n);
	text[s.n] = '\0';
	return text;
}

static void from_text(void **state)
{
	(void)state;
	static const struct {
		const char *s, *as_long, *as_int, *as_real, *as_bool;
	} t[] = {
		{ "5", "5", "5", "5.0", "True" },
		{ " 5\t", "5", "5", "5.0", "True" },
		{ "-7", "-7", "-7", "-7.0", "True" },
		{ "+3", "3", "3", "3.0", "True" },
		{ "+-3", "null", "null", "null", "null" },
		{ "0", "0", "0", "0.0", "False" },
		{ "5.9", "null", "null", "5.9", "null" },
		{ "2147483648", "2147483648", "null", "2147483648.0", "True" },
		{ "9223372036854775808", "null", "null", "9.223372036854776E+18", "null" },
		{ "0xFF", "255", "255", "255.0", "null" },
		{ "0X1f", "31", "31", "31.0", "null" },
		{ "0xFFFFFFFF", "4294967295", "-1", "4294967295.0", "null" },
		{ "0xFFFFFFFFFFFFFFFF", "-1", "null", "-1.0", "null" },
		{ "-0x10", "null", "null", "null", "null" },
		{ "0x", "null", "null", "null", "null" },
		{ "0b101", "null", "null", "null", "null" },
		{ "1e3", "null", "null", "1000.0", "null" },
		{ "1e400", "null", "null", "Infinity", "null" },
		{ "-1E+400", "null", "null", "-Infinity", "null" },
		{ "0e400", "null", "null", "0.0", "null" },
		{ "1e", "null", "null", "null", "null" },
		{ "1e-400", "null", "null", "0.0", "null" },
		{ "  NaN ", "null", "null", "NaN", "null" },
		{ "inf", "null", "null", "Infinity", "null" },
		{ "INF", "null", "null", "null", "null" },
		{ "-Infinity", "null", "null", "-Infinity", "null" },
		{ "tRuE", "null", "null", "null", "True" },
		{ "FALSE", "null", "null", "null", "False" },
		{ "yes", "null", "null", "null", "null" },
		{ "", "null", "null", "null", "null" },
	};
	for (size_t i = 0; i < sizeof t / sizeof *t; i++) {
		ic_expr *x = text(&b, t[i].s);
		assert_string_equal(converted(IC_FN_TO_LONG, x), t[i].as_long);
		assert_string_equal(converted(IC_FN_TO_INT, x), t[i].as_int);
		assert_string_equal(converted(IC_FN_TO_REAL, x), t[i].as_real);
		assert_string_equal(converted(IC_FN_TO_BOOL, x), t[i].as_bool);
	}
}

static void between_types(void **state)
{
	(void)state;
	ic_expr *epoch = constant(&b, ic_value_ticks(IC_Q_DATETIME, 0));
	ic_expr *hour = constant(&b, ic_value_ticks(IC_Q_TIMESPAN, INT64_C(36000000000)));
	ic_expr *yes = constant(&b, ic_value_bool(true));
	assert_string_equal(converted(IC_FN_TO_LONG, epoch), "621355968000000000");
	assert_string_equal(converted(IC_FN_TO_LONG, hour), "36000000000");
	assert_string_equal(converted(IC_FN_TO_LONG, yes), "1");
	assert_string_equal(converted(IC_FN_TO_REAL, yes), "1.0");
	assert_string_equal(converted(IC_FN_TO_STRING, yes), "True");
	assert_string_equal(converted(IC_FN_TO_STRING, hour), "01:00:00");
	assert_string_equal(converted(IC_FN_TO_LONG, constant(&b, ic_value_real(-2.9))), "-2");
	assert_string_equal(converted(IC_FN_TO_LONG, constant(&b, ic_value_real(1e19))), "null");
	assert_string_equal(converted(IC_FN_TO_LONG, constant(&b, ic_value_real(__builtin_nan("")))), "null");
	assert_string_equal(converted(IC_FN_TO_INT, constant(&b, ic_value_real(2147483648.0))), "null");
	assert_string_equal(converted(IC_FN_TO_BOOL, constant(&b, ic_value_real(0.5))), "True");
	assert_string_equal(converted(IC_FN_TO_DATETIME, constant(&b, ic_value_long(1))),
			    "0001-01-01T00:00:00.0000001Z");
	assert_string_equal(converted(IC_FN_TO_DATETIME, constant(&b, ic_value_long(-1))), "null");
	assert_string_equal(converted(IC_FN_TO_DATETIME, constant(&b, ic_value_long(INT64_MAX))), "null");
	assert_string_equal(converted(IC_FN_TO_DATETIME, text(&b, "2020-01-01")),
			    "2020-01-01T00:00:00.0000000Z");
	assert_string_equal(converted(IC_FN_TO_DATETIME, text(&b, "not a date")), "null");
	assert_string_equal(converted(IC_FN_TO_TIMESPAN, text(&b, "1.02:03:04")), "1.02:03:04");
	assert_string_equal(converted(IC_FN_TO_TIMESPAN, text(&b, "abc")), "null");
	assert_string_equal(converted(IC_FN_TO_DECIMAL, text(&b, "3.14159265358979323846")),
			    "3.14159265358979323846");
	assert_string_equal(converted(IC_FN_TO_GUID, text(&b, "0123456789ab-cdef-0123-456789abcdef")),
			    "01234567-89ab-cdef-0123-456789abcdef");
	assert_string_equal(converted(IC_FN_TO_GUID, text(&b, "0123456789ab-cdef-0123-456789abcde")), "null");
	ic_value address = { .type = IC_Q_IP, .ip = ic_ip_from_v4(0x0a000001) };
	assert_string_equal(converted(IC_FN_TO_STRING, constant(&b, address)), "10.0.0.1");
	/* nothing stays nothing, but for text */
	for (ic_qtype t = 0; t < IC_Q_NULL; t++) {
		ic_expr *x = constant(&b, ic_value_null(t));
		assert_string_equal(converted(IC_FN_TO_LONG, x), "null");
		assert_string_equal(converted(IC_FN_TO_STRING, x), "");
	}
}

static void dynamic(void **state)
{
	(void)state;
	static const struct {
		const char *json, *as_long, *as_real, *as_bool, *as_string;
	} t[] = {
		{ "123", "123", "123.0", "True", "123" },     { "1.5", "1", "1.5", "True", "1.5" },
		{ "\"42\"", "42", "42.0", "True", "42" },     { "true", "1", "1.0", "True", "true" },
		{ "[1,2]", "null", "null", "null", "[1,2]" }, { "null", "null", "null", "null", "" },
	};
	for (size_t i = 0; i < sizeof t / sizeof *t; i++) {
		ic_expr *x = CALL(&b, TO_DYNAMIC, text(&b, t[i].json));
		assert_string_equal(converted(IC_FN_TO_LONG, x), t[i].as_long);
		assert_string_equal(converted(IC_FN_TO_REAL, x), t[i].as_real);
		assert_string_equal(converted(IC_FN_TO_BOOL, x), t[i].as_bool);
		assert_string_equal(converted(IC_FN_TO_STRING, x), t[i].as_string);
	}
	/* text that is no JSON stays text; AS_DYNAMIC never parses */
	assert_string_equal(converted(IC_FN_TO_DYNAMIC, text(&b, "plain")), "plain");
	ic_value v = value_of(&b, CALL(&b, AS_DYNAMIC, text(&b, "[1]")));
	assert_int_equal(v.dyn->kind, IC_DYN_STRING);
	ic_value item = value_of(&b, CALL(&b, INDEX, CALL(&b, TO_DYNAMIC, text(&b, "[1,null,3]")),
					  constant(&b, ic_value_long(-1))));
	assert_int_equal(item.dyn->i, 3);
	assert_true(value_of(&b, CALL(&b, INDEX, CALL(&b, TO_DYNAMIC, text(&b, "[1,null]")),
				      constant(&b, ic_value_long(1))))
			.null);
	assert_true(
	    value_of(&b, CALL(&b, MEMBER, CALL(&b, TO_DYNAMIC, text(&b, "{\"a\":1}")), text(&b, "b"))).null);
	assert_int_equal(
	    value_of(&b, CALL(&b, MEMBER, CALL(&b, TO_DYNAMIC, text(&b, "{\"a\":1}")), text(&b, "a"))).dyn->i,
	    1);
}

static int setup(void **state)
{
	(void)state;
	bench_open(&b, IC_FN_KQL);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	bench_close(&b);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(from_text), cmocka_unit_test(between_types),
					    cmocka_unit_test(dynamic) };
	return cmocka_run_group_tests(tests, setup, teardown);
}
