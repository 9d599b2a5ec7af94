/* SPDX-License-Identifier: Apache-2.0 */
#include "../test.h"

#include <math.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/time.h"

#define BASE INT64_C(16728431759476640) /* 2023-01-04T14:39:35.947664Z */

static void epoch_text(void **state)
{
	(void)state;
	static const struct {
		const char *text;
		int64_t ticks;
	} good[] = { { "1672843175.947664", BASE },
		     { "1672843175.9476640", BASE },
		     { "1672843175.94766404999", BASE },
		     { "1672843175.94766405", BASE + 1 },
		     { "1672843175.94766395", BASE },
		     { "1672843175", INT64_C(16728431750000000) },
		     { "1.672843175947664e9", BASE },
		     { "1672843175947664e-6", BASE },
		     { "1.672843175947664E+9", BASE },
		     { "0", 0 },
		     { "0.0000001", 1 },
		     { "0.00000005", 1 },
		     { "0.00000004999", 0 },
		     { "1e-300", 0 },
		     { "5.", 5 * IC_TICKS_S },
		     { ".5", IC_TICKS_S / 2 },
		     { "0000000000000000000000001.5", 15000000 },
		     { "253402300799.9999999", IC_TIME_MAX } };
	int64_t v;
	for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
		assert_true(ic_time_from_epoch_text(ic_str_of(good[i].text), &v));
		assert_int_equal(v, good[i].ticks);
		assert_int_equal(ic_time_parse(good[i].text, &v) == IC_OK,
				 good[i].ticks >= 100000000 * IC_TICKS_S &&
				     strspn(good[i].text, "0123456789.") == strlen(good[i].text) &&
				     (!strchr(good[i].text, '.') || strlen(strchr(good[i].text, '.')) <= 8));
	}
	static const char *const bad[] = { "",
					   ".",
					   "-1",
					   "-0",
					   "abc",
					   "1672843175.94766x",
					   "1.2.3",
					   "1e",
					   "1e+-5",
					   "253402300799.99999995",
					   "253402300800",
					   "1e300",
					   "1e99999",
					   "+1",
					   "16728431x5.947664" };
	v = 42;
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		assert_false(ic_time_from_epoch_text(ic_str_of(bad[i]), &v));
		assert_int_equal(v, 42);
		assert_int_equal(ic_time_parse(bad[i], &v), IC_E_FORMAT);
	}
}

static void a_date_alone_is_its_midnight(void **state)
{
	(void)state;
	int64_t day, midnight;
	assert_int_equal(ic_time_parse("2024-02-29", &day), IC_OK);
	assert_int_equal(ic_time_parse("2024-02-29T00:00:00Z", &midnight), IC_OK);
	assert_int_equal(day, midnight);
	static const char *const bad[] = { "2024-02-30", "2024-2-290", "2024-13-01", "2024-02-2x",
					   "2024-02_29" };
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
		assert_int_equal(ic_time_parse(bad[i], &day), IC_E_FORMAT);
}

/* On the command line it is a span without its unit. */
static void a_small_number_is_no_time(void **state)
{
	(void)state;
	int64_t v = 42;
	static const char *const bad[] = {
		"0", "7", "24", "3600", "20240501", "99999999.9999999", "000000024"
	};
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
		assert_int_equal(ic_time_parse(bad[i], &v), IC_E_FORMAT);
	assert_int_equal(v, 42);
	assert_int_equal(ic_time_parse("100000000", &v), IC_OK);
	assert_int_equal(v, 100000000 * IC_TICKS_S);
}

static void from_number(void **state)
{
	(void)state;
	int64_t v;
	assert_true(ic_time_from_number(1672843175947, IC_TICKS_MS, &v) && v == INT64_C(16728431759470000));
	assert_true(ic_time_from_number(1.5, IC_TICKS_S, &v) && v == 15000000);
	assert_false(ic_time_from_number(-1, IC_TICKS_S, &v));
	assert_false(ic_time_from_number(NAN, IC_TICKS_S, &v));
	assert_false(ic_time_from_number(INFINITY, IC_TICKS_S, &v));
	assert_false(ic_time_from_number(1e18, IC_TICKS_S, &v));
	assert_false(ic_time_from_number(253402300800, IC_TICKS_S, &v));
}

static void text(void **state)
{
	(void)state;
	static const struct {
		const char *text;
		int64_t ticks;
	} good[] = { { "2023-01-04T14:39:35.947664Z", BASE },
		     { "2023-01-04 14:39:35.947664", BASE },
		     { "2023-01-04t14:39:35.9476640z", BASE },
		     { "2023-01-04T15:39:35.947664+0100", BASE },
		     { "2023-01-04T09:09:35.947664-05:30", BASE },
		     { "2023-01-04T14:39:35.94766395Z", BASE },
		     { "2023-01-04T14:39:35Z", INT64_C(16728431750000000) },
		     { "2023-01-04T14:39:34.99999999999Z", INT64_C(16728431750000000) },
		     { "1/4/2023 2:39:35.947664 PM", BASE },
		     { "01/04/2023 02:39:35.947664 pm", BASE },
		     { "1/4/2023 14:39:35.947664", BASE },
		     { "1/5/2023 12:00:00 AM", INT64_C(16728768000000000) },
		     { "1/5/2023 12:00:00 PM", INT64_C(16729200000000000) },
		     { "1970-01-01T00:00:00Z", 0 },
		     { "1970-01-01T00:30:00+00:30", 0 },
		     { "2024-02-29T00:00:00Z", INT64_C(17091648000000000) },
		     { "2016-12-31T23:59:60Z", INT64_C(14832288000000000) },
		     { "9999-12-31T23:59:59.9999999Z", IC_TIME_MAX } };
	int64_t v;
	for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
		if (!ic_time_from_text(ic_str_of(good[i].text), &v))
			fail_msg("%s", good[i].text);
		assert_int_equal(v, good[i].ticks);
	}
	static const char *const bad[] = { "",
					   "2023-01-04",
					   "2023-01-04T14",
					   "2023-01-04T14:39:",
					   "2023-01/04T14:39:35Z",
					   "2023-01-04T14:39:35CET",
					   "13.13.2023 14:39:35",
					   "2023-13-04T14:39:35Z",
					   "2023-00-04T14:39:35Z",
					   "2023-02-29T14:39:35Z",
					   "1900-02-29T14:39:35Z",
					   "2023-01-32T14:39:35Z",
					   "2023-01-04T24:00:00Z",
					   "2023-01-04T14:60:00Z",
					   "2023-01-04T14:39:61Z",
					   "2023-01-04T14:39:35.Z",
					   "2023-01-04T14:39:35+1",
					   "2023-01-04T14:39:35+24:00",
					   "2023-01-04T14:39:35Zx",
					   "1969-12-31T23:59:59Z",
					   "9999-12-31T23:59:59.99999995Z",
					   "1/4/2023 13:39:35 PM",
					   "1/4/2023 0:39:35 AM",
					   "1/4/2023 1:39:35 XM",
					   "1970-01-01T00:00:00+00:01",
					   "20230104T143935Z",
					   "1/4/23 1:39:35 AM",
					   "13/1/2023 1:39:35 AM" };
	v = 42;
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		if (ic_time_from_text(ic_str_of(bad[i]), &v))
			fail_msg("accepted: %s", bad[i]);
		assert_int_equal(v, 42);
	}
}

static void formats(void **state)
{
	(void)state;
	char buf[40];
	assert_int_equal(ic_time_format(BASE, 6, buf), 27);
	assert_string_equal(buf, "2023-01-04T14:39:35.947664Z");
	ic_time_format(BASE, 0, buf);
	assert_string_equal(buf, "2023-01-04T14:39:35Z");
	ic_time_format(BASE, 3, buf);
	assert_string_equal(buf, "2023-01-04T14:39:35.947Z");
	ic_time_format(BASE + 9, 7, buf);
	assert_string_equal(buf, "2023-01-04T14:39:35.9476649Z");
	ic_time_format_short(BASE - 7664 + 664 - 664, buf);
	assert_string_equal(buf, "2023-01-04T14:39:35.9468976Z");
	ic_time_format_short(INT64_C(16728431759000000), buf);
	assert_string_equal(buf, "2023-01-04T14:39:35.9Z");
	ic_time_format_short(INT64_C(16728431750000000), buf);
	assert_string_equal(buf, "2023-01-04T14:39:35Z");
	ic_time_format_epoch(BASE, buf);
	assert_string_equal(buf, "1672843175.947664");
	ic_time_format_epoch(5, buf);
	assert_string_equal(buf, "0.000000");
	static const int64_t outside[] = { -1, IC_TIME_NONE, IC_TIME_MAX + 1, INT64_MAX };
	for (size_t i = 0; i < 4; i++) {
		assert_int_equal(ic_time_format(outside[i], 6, buf), 4);
		assert_string_equal(buf, "null");
		ic_time_format_short(outside[i], buf);
		assert_string_equal(buf, "null");
		ic_time_format_epoch(outside[i], buf);
		assert_string_equal(buf, "null");
	}
}

/* Any valid tick survives each format, and the calendar agrees with the C library's. */
static void round_trip(void **state)
{
	(void)state;
	uint64_t seed = 4;
	for (unsigned i = 0; i < 100000; i++) {
		int64_t t = (int64_t)(test_random(&seed) % ((uint64_t)IC_TIME_MAX + 1)), back;
		char buf[40], want[40];
		ic_str s = { buf, (uint32_t)ic_time_format(t, 7, buf) };
		assert_true(ic_time_from_text(s, &back));
		assert_int_equal(back, t);
		time_t seconds = (time_t)(t / IC_TICKS_S);
		struct tm tm;
		gmtime_r(&seconds, &tm);
		strftime(want, sizeof want, "%Y-%m-%dT%H:%M:%S.", &tm);
		assert_memory_equal(buf, want, 20);
		s.n = (uint32_t)ic_time_format_short(t, buf);
		assert_true(ic_time_from_text(s, &back));
		assert_int_equal(back, t);
		int64_t us = t / 10 * 10;
		s.n = (uint32_t)ic_time_format_epoch(us, buf);
		assert_true(ic_time_from_epoch_text(s, &back));
		assert_int_equal(back, us);
	}
	assert_true(ic_time_now() > BASE);
}

static void spans(void **state)
{
	(void)state;
	static const struct {
		double seconds;
		const char *text;
	} cases[] = { { 0, "0 s" },	      { 0.001, "< 0.01 s" }, { 0.25, "0.25 s" },
		      { 5.1, "5.1 s" },	      { 9.999, "10 s" },     { 14.04, "14 s" },
		      { 14.26, "14.3 s" },    { 59.94, "59.9 s" },   { 59.97, "1 min" },
		      { 300, "5 min" },	      { 303, "5 min 3 s" },  { 3599.6, "1 h" },
		      { 14700, "4 h 5 min" }, { 86399, "1 d" },	     { 183600, "2 d 3 h" },
		      { 604800, "7 d" },      { -1, "null" },	     { NAN, "null" } };
	char buf[40];
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		assert_int_equal(ic_span_format(cases[i].seconds, buf), strlen(cases[i].text));
		assert_string_equal(buf, cases[i].text);
	}
	static const struct {
		const char *text;
		int64_t ticks;
	} good[] = { { "90s", 90 * IC_TICKS_S },     { "15m", 900 * IC_TICKS_S },
		     { "24h", 86400 * IC_TICKS_S },  { "7d", 604800 * IC_TICKS_S },
		     { "2w", 1209600 * IC_TICKS_S }, { "1.5h", 5400 * IC_TICKS_S },
		     { "250ms", 250 * IC_TICKS_MS }, { "5min", 300 * IC_TICKS_S } };
	int64_t v;
	for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
		assert_int_equal(ic_span_parse(good[i].text, &v), IC_OK);
		assert_int_equal(v, good[i].ticks);
	}
	static const char *const bad[] = { "",	    "h", "5", "-5h", "5 h", "5y", "1e3s", "99999999999999w",
					   "1..5h", "5H" };
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
		assert_int_equal(ic_span_parse(bad[i], &v), IC_E_FORMAT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(epoch_text),
		cmocka_unit_test(a_date_alone_is_its_midnight),
		cmocka_unit_test(a_small_number_is_no_time),
		cmocka_unit_test(from_number),
		cmocka_unit_test(text),
		cmocka_unit_test(formats),
		cmocka_unit_test(round_trip),
		cmocka_unit_test(spans),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
