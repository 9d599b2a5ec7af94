/* SPDX-License-Identifier: Apache-2.0 */
#include "../test.h"

#include <math.h>

#include "base/time.h"
#include "plan/value.h"

static void text_is(ic_value v, const char *expected)
{
	ic_arena a;
	ic_arena_init(&a, 0, NULL);
	ic_str s = ic_value_text(&a, &v);
	assert_non_null(s.p);
	if (!ic_str_eq(s, ic_str_of(expected)))
		fail_msg("\"%.*s\" is not \"%s\"", (int)s.n, s.p, expected);
	ic_arena_clear(&a);
}

static void texts(void **state)
{
	(void)state;
	text_is(ic_value_bool(true), "True");
	text_is(ic_value_long(INT64_MIN), "-9223372036854775808");
	text_is(ic_value_null(IC_Q_LONG), "");
	text_is(ic_value_str(IC_STR("a\"b")), "a\"b");
	text_is(ic_value_ticks(IC_Q_DATETIME, 0), "1970-01-01T00:00:00.0000000Z");
	text_is(ic_value_ticks(IC_Q_DATETIME, IC_CIVIL_MIN), "0001-01-01T00:00:00.0000000Z");
	text_is(ic_value_ticks(IC_Q_DATETIME, IC_TIME_MAX), "9999-12-31T23:59:59.9999999Z");
	text_is(ic_value_ticks(IC_Q_DATETIME, -1), "1969-12-31T23:59:59.9999999Z");
	text_is(ic_value_ticks(IC_Q_TIMESPAN, 0), "00:00:00");
	text_is(ic_value_ticks(IC_Q_TIMESPAN, -IC_TICKS_S * (86400 + 7384)), "-1.02:03:04");
	text_is(ic_value_ticks(IC_Q_TIMESPAN, 5 * IC_TICKS_MS), "00:00:00.0050000");
	text_is(ic_value_ticks(IC_Q_TIMESPAN, INT64_MIN), "-10675199.02:48:05.4775808");
}

static void reals(void **state)
{
	(void)state;
	static const struct {
		double v;
		const char *text;
	} cases[] = {
		{ 1, "1.0" },
		{ -2.5, "-2.5" },
		{ 0, "0.0" },
		{ 1e14, "100000000000000.0" },
		{ 123456789012345, "123456789012345.0" },
		{ 1e15, "1E+15" },
		{ 999999999999999.9, "999999999999999.9" },
		{ 1234567890123456.5, "1.2345678901234565E+15" },
		{ -0.0, "-0.0" },
		{ 6.21355968e17, "6.21355968E+17" },
		{ 1.5e300, "1.5E+300" },
		{ 0.1, "0.1" },
		{ 0.3333333333333333, "0.3333333333333333" },
		{ 0.0001, "0.0001" },
		{ 0.00001234, "1.234E-05" },
		{ -1e-300, "-1E-300" },
		{ 100000.5, "100000.5" },
	};
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
		text_is(ic_value_real(cases[i].v), cases[i].text);
	text_is(ic_value_real(NAN), "NaN");
	text_is(ic_value_real(-INFINITY), "-Infinity");
}

static void datetimes(void **state)
{
	(void)state;
	static const struct {
		const char *text, *is; /* NULL: none */
	} cases[] = {
		{ "2024-05-01", "2024-05-01T00:00:00.0000000Z" },
		{ "2024-05", "2024-05-01T00:00:00.0000000Z" },
		{ "2024", "2024-01-01T00:00:00.0000000Z" },
		{ " 2024-05-01 10:20 ", "2024-05-01T10:20:00.0000000Z" },
		{ "2024-05-01T10:20:30Z", "2024-05-01T10:20:30.0000000Z" },
		{ "2024-05-01 1:02:03.123456789", "2024-05-01T01:02:03.1234567Z" },
		{ "2024-05-01T10:20:30.5+02:00", "2024-05-01T08:20:30.5000000Z" },
		{ "2024-05-01T10:20:30 -0130", "2024-05-01T11:50:30.0000000Z" },
		{ "20240501", "2024-05-01T00:00:00.0000000Z" },
		{ "5/1/2024", "2024-05-01T00:00:00.0000000Z" },
		{ "12/31/2024 11:59:59.5 PM", "2024-12-31T23:59:59.5000000Z" },
		{ "12/31/2024 12:00 AM", "2024-12-31T00:00:00.0000000Z" },
		{ "Sat, 8 Nov 14 15:05:02 GMT", "2014-11-08T15:05:02.0000000Z" },
		{ "8 Nov 2014 15:05", "2014-11-08T15:05:00.0000000Z" },
		{ "Saturday, 08-Nov-14 15:05:02 UTC", "2014-11-08T15:05:02.0000000Z" },
		{ "Nov 8, 2014", "2014-11-08T00:00:00.0000000Z" },
		{ "11-8-2014 15:05", "2014-11-08T15:05:00.0000000Z" },
		{ "13-1-2014", NULL },
		{ "11-8/2014", NULL },
		{ "0001-01-01", "0001-01-01T00:00:00.0000000Z" },
		{ "9999-12-31 23:59:59.9999999", "9999-12-31T23:59:59.9999999Z" },
		{ "0001-01-01 00:00+01:00", NULL },
		{ "2023-02-29", NULL },
		{ "2024-13-01", NULL },
		{ "2024-05-01T25:00", NULL },
		{ "2024-05-01T10:20:60", NULL },
		{ "2024-05-01 10:20:30 CEST", NULL },
		{ "2024-05-01x", NULL },
		{ "not a date", NULL },
		{ "", NULL },
		{ "1", NULL },
		{ "13/1/2024", NULL },
		{ "10:20", NULL },
	};
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		int64_t ticks = 0;
		bool ok = ic_parse_datetime(ic_str_of(cases[i].text), &ticks);
		if (ok != (cases[i].is != NULL))
			fail_msg("%s", cases[i].text);
		if (ok)
			text_is(ic_value_ticks(IC_Q_DATETIME, ticks), cases[i].is);
	}
}

static void timespans(void **state)
{
	(void)state;
	static const struct {
		const char *text, *is;
	} cases[] = {
		{ "1.02:03:04", "1.02:03:04" },
		{ "01:00:00", "01:00:00" },
		{ "01:30", "01:30:00" },
		{ "-1.02:03:04.5", "-1.02:03:04.5000000" },
		{ "24h", "1.00:00:00" },
		{ "1d", "1.00:00:00" },
		{ "1.5h", "01:30:00" },
		{ "2", "2.00:00:00" },
		{ "100ms", "00:00:00.1000000" },
		{ "15 seconds", "00:00:15" },
		{ "1tick", "00:00:00.0000001" },
		{ "3microseconds", "00:00:00.0000030" },
		{ "00:00:00.12345678", "00:00:00.1234567" },
		{ "10675199.02:48:05.4775807", "10675199.02:48:05.4775807" },
		{ "10675199.02:48:05.4775808", NULL },
		{ "99999999.00:00:00", NULL },
		{ "24:00:00", NULL },
		{ "00:60:00", NULL },
		{ "abc", NULL },
		{ "1us", NULL },
		{ "1.5", NULL },
		{ "", NULL },
		{ "-", NULL },
		{ "9999999999999d", NULL },
		{ "1e5d", NULL },
	};
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		int64_t ticks = 0;
		bool ok = ic_parse_timespan(ic_str_of(cases[i].text), &ticks);
		if (ok != (cases[i].is != NULL))
			fail_msg("%s", cases[i].text);
		if (ok)
			text_is(ic_value_ticks(IC_Q_TIMESPAN, ticks), cases[i].is);
	}
}

static void guids(void **state)
{
	(void)state;
	ic_guid g = { { 0 } }, same = { { 0 } };
	assert_true(ic_parse_guid(IC_STR("{74be27de-1e4e-49d9-b579-FE0B331D3642}"), &g));
	text_is((ic_value){ .type = IC_Q_GUID, .guid = g }, "74be27de-1e4e-49d9-b579-fe0b331d3642");
	assert_true(ic_parse_guid(IC_STR("74be27de1e4e49d9b579fe0b331d3642"), &same));
	assert_memory_equal(&g, &same, sizeof g);
	assert_false(ic_parse_guid(IC_STR("74be27de-1e4e-49d9-b579-fe0b331d364"), &g));
	assert_false(ic_parse_guid(IC_STR("74be27de-1e4e-49d9-b579-fe0b331d364g"), &g));
	assert_false(ic_parse_guid(IC_STR("74be27de+1e4e-49d9-b579-fe0b331d3642"), &g));
}

static ic_decimal dec(const char *text)
{
	ic_decimal d;
	if (!ic_parse_decimal(ic_str_of(text), &d))
		fail_msg("%s is a decimal", text);
	return d;
}

static void dec_is(const ic_decimal *d, const char *expected)
{
	text_is((ic_value){ .type = IC_Q_DECIMAL, .decimal = d }, expected);
}

static void decimals(void **state)
{
	(void)state;
	ic_decimal r, a = dec("0.1"), b = dec("0.2"), three = dec("3"), one = dec("1"), minus = dec("-1.50");
	dec_is(&minus, "-1.50");
	assert_true(ic_decimal_add(&a, &b, &r));
	dec_is(&r, "0.3");
	ic_decimal expected = dec("0.30");
	assert_int_equal(ic_decimal_compare(&r, &expected), 0);
	assert_true(ic_decimal_div(&one, &three, &r));
	dec_is(&r, "0.3333333333333333333333333333");
	assert_true(ic_decimal_div(&minus, &three, &r));
	dec_is(&r, "-0.5");
	assert_true(ic_decimal_mul(&minus, &a, &r));
	dec_is(&r, "-0.150");
	assert_true(ic_decimal_sub(&a, &b, &r));
	dec_is(&r, "-0.1");
	ic_decimal zero = dec("0.0");
	assert_false(ic_decimal_div(&one, &zero, &r));
	ic_decimal most = dec("9999999999999999999999999999999999");
	assert_false(ic_decimal_add(&most, &one, &r));
	assert_false(ic_decimal_mul(&most, &most, &r));
	assert_int_equal(ic_decimal_compare(&most, &a), 1);
	assert_int_equal(ic_decimal_compare(&minus, &a), -1);
	assert_true(ic_parse_decimal(IC_STR("1.5e3"), &r));
	dec_is(&r, "1500");
	assert_true(ic_parse_decimal(IC_STR("0.00000000000000000000000000005"), &r));
	dec_is(&r, "0.0000000000000000000000000001");
	assert_false(ic_parse_decimal(IC_STR("1e35"), &r));
	assert_false(ic_parse_decimal(IC_STR("12345678901234567890123456789012345"), &r));
	assert_false(ic_parse_decimal(IC_STR("."), &r));
	assert_false(ic_parse_decimal(IC_STR("1x"), &r));
	assert_true(ic_decimal_of_real(2.75, &r));
	dec_is(&r, "2.75");
	assert_false(ic_decimal_of_real(NAN, &r));
	assert_true(ic_decimal_real(&minus) == -1.5);
}

static void types(void **state)
{
	(void)state;
	for (int t = 0; t < IC_Q_NULL; t++) {
		assert_int_equal(ic_qtype_find(ic_str_of(ic_qtype_name((ic_qtype)t))),
				 t == IC_Q_IP ? IC_Q_STRING : t);
		assert_true(ic_qtype_size((ic_qtype)t) > 0);
	}
	assert_int_equal(ic_qtype_find(IC_STR("double")), IC_Q_REAL);
	assert_int_equal(ic_qtype_find(IC_STR("Long")), -1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(texts),     cmocka_unit_test(reals), cmocka_unit_test(datetimes),
		cmocka_unit_test(timespans), cmocka_unit_test(guids), cmocka_unit_test(decimals),
		cmocka_unit_test(types),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
