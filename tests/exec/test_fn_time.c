/* SPDX-License-Identifier: Apache-2.0 */
#include "fn.h"

#include <unistd.h>

static void starts_and_ends(void **state)
{
	(void)state;
	static const fn_case list[] = {
		{ IC_FN_START_OF_DAY, { T("2020-06-15 13:45:00"), L(3) }, "2020-06-18T00:00:00.0000000Z" },
		{ IC_FN_START_OF_DAY, { T("0001-01-02"), L(-1) }, "0001-01-01T00:00:00.0000000Z" },
		{ IC_FN_START_OF_DAY, { T("0001-01-01"), L(-1) }, NULL },
		{ IC_FN_START_OF_WEEK, { T("2020-06-15 13:45:00"), L(-2) }, "2020-05-31T00:00:00.0000000Z" },
		{ IC_FN_START_OF_WEEK, { T("2023-01-01") }, "2023-01-01T00:00:00.0000000Z" },
		{ IC_FN_START_OF_MONTH, { T("2020-06-15"), L(-13) }, "2019-05-01T00:00:00.0000000Z" },
		{ IC_FN_START_OF_MONTH, { T("2020-06-15"), L(7) }, "2021-01-01T00:00:00.0000000Z" },
		{ IC_FN_START_OF_MONTH, { T("2020-01-15"), L(-1) }, "2019-12-01T00:00:00.0000000Z" },
		{ IC_FN_START_OF_YEAR, { T("2020-06-15"), L(-5) }, "2015-01-01T00:00:00.0000000Z" },
		{ IC_FN_END_OF_DAY, { T("2020-06-15 13:45:00"), L(2) }, "2020-06-17T23:59:59.9999999Z" },
		{ IC_FN_END_OF_WEEK, { T("2020-01-05 12:00:00") }, "2020-01-11T23:59:59.9999999Z" },
		{ IC_FN_END_OF_MONTH, { T("2020-01-31"), L(1) }, "2020-02-29T23:59:59.9999999Z" },
		{ IC_FN_END_OF_MONTH, { T("2100-02-28") }, "2100-02-28T23:59:59.9999999Z" },
		{ IC_FN_END_OF_YEAR, { T("9999-12-31 23:59:59.9999999") }, "9999-12-31T23:59:59.9999999Z" },
		{ IC_FN_END_OF_YEAR, { T("2020-01-01"), L(INT64_MAX) }, NULL },
		{ IC_FN_START_OF_DAY, { T("2020-01-01"), L(INT64_MIN) }, NULL },
		{ IC_FN_START_OF_DAY, { N(IC_Q_DATETIME) }, NULL },
	};
	FN_CHECK(list);
}

static void parts(void **state)
{
	(void)state;
	static const fn_case list[] = {
		{ IC_FN_DAY_OF_WEEK, { T("2020-06-15") }, "1.00:00:00" },
		{ IC_FN_DAY_OF_WEEK, { T("1947-11-30 10:00:05") }, "00:00:00" },
		{ IC_FN_DAY_OF_WEEK, { T("0001-01-01") }, "1.00:00:00" },
		{ IC_FN_DAY_OF_WEEK, { T("9999-12-31") }, NULL },
		{ IC_FN_DAY_OF_YEAR, { T("2020-12-31") }, "366" },
		{ IC_FN_DAY_OF_MONTH, { T("2020-02-29") }, "29" },
		{ IC_FN_WEEK_OF_YEAR, { T("2016-01-01") }, "53" },
		{ IC_FN_WEEK_OF_YEAR, { T("2017-01-01") }, "52" },
		{ IC_FN_WEEK_OF_YEAR, { T("2021-01-03") }, "53" },
		{ IC_FN_WEEK_OF_YEAR, { T("2030-12-31") }, "1" },
		{ IC_FN_WEEK_OF_YEAR, { T("9999-12-31") }, "52" },
		{ IC_FN_MONTH_OF_YEAR, { T("2015-12-14") }, "12" },
		{ IC_FN_GET_YEAR, { T("0001-01-01 00:00:00.0000001") }, "1" },
		{ IC_FN_HOUR_OF_DAY, { T("2020-06-15 23:59:59.9999999") }, "23" },
		{ IC_FN_DATETIME_PART, { S("Quarter"), T("2017-10-30 01:02:03.7654321") }, "4" },
		{ IC_FN_DATETIME_PART, { S("week_of_year"), T("2017-10-30 01:02:03.7654321") }, "44" },
		{ IC_FN_DATETIME_PART, { S("DayOfYear"), T("2017-10-30 01:02:03.7654321") }, "303" },
		{ IC_FN_DATETIME_PART, { S("millisecond"), T("2017-10-30 01:02:03.7654321") }, "765" },
		{ IC_FN_DATETIME_PART, { S("microsecond"), T("2017-10-30 01:02:03.7654321") }, "765432" },
		{ IC_FN_DATETIME_PART, { S("nanosecond"), T("2017-10-30 01:02:03.7654321") }, "765432100" },
	};
	FN_CHECK(list);
}

static void sums(void **state)
{
	(void)state;
	static const fn_case list[] = {
		{ IC_FN_DATETIME_ADD,
		  { S("month"), L(-1), T("2020-03-31") },
		  "2020-02-29T00:00:00.0000000Z" },
		{ IC_FN_DATETIME_ADD,
		  { S("quarter"), L(-3), T("2020-02-29 12:00") },
		  "2019-05-29T12:00:00.0000000Z" },
		{ IC_FN_DATETIME_ADD, { S("YEAR"), L(1), T("2999-01-01") }, "3000-01-01T00:00:00.0000000Z" },
		{ IC_FN_DATETIME_ADD, { S("day"), L(-1), T("0001-01-01 12:00") }, NULL },
		{ IC_FN_DATETIME_ADD,
		  { S("week"), L(-53), T("2021-03-15 12:00") },
		  "2020-03-09T12:00:00.0000000Z" },
		{ IC_FN_DATETIME_ADD,
		  { S("millisecond"), L(1500), T("2020-01-01") },
		  "2020-01-01T00:00:01.5000000Z" },
		{ IC_FN_DATETIME_ADD, { S("hour"), L(INT64_MAX), T("2020-01-01") }, NULL },
		{ IC_FN_DATETIME_ADD, { S("year"), L(INT64_MIN), T("2020-01-01") }, NULL },
		{ IC_FN_DATETIME_DIFF,
		  { S("second"), T("2024-01-01 23:00:10.1"), T("2024-01-01 23:00:00.9") },
		  "10" },
		{ IC_FN_DATETIME_DIFF,
		  { S("minute"), T("2024-01-01 23:05:01"), T("2024-01-01 23:00:59") },
		  "5" },
		{ IC_FN_DATETIME_DIFF,
		  { S("second"), T("2020-01-01 00:00:01.9999999"), T("2020-01-01 00:00:00.0000001") },
		  "1" },
		{ IC_FN_DATETIME_DIFF, { S("month"), T("2020-03-31 23:59:59"), T("2020-02-29") }, "1" },
		{ IC_FN_DATETIME_DIFF, { S("quarter"), T("2024-03-31"), T("2020-04-01") }, "15" },
		{ IC_FN_DATETIME_DIFF, { S("Week"), T("2021-03-01"), T("2020-12-31") }, "9" },
		{ IC_FN_DATETIME_DIFF, { S("week"), T("2024-01-07"), T("2024-01-06") }, "1" },
		{ IC_FN_DATETIME_DIFF, { S("day"), T("1950-06-15 13:45:00"), T("2000-01-01") }, "-18097" },
		{ IC_FN_DATETIME_DIFF,
		  { S("nanosecond"), T("2020-01-01 00:00:00.0000002"), T("2020-01-01") },
		  "200" },
		{ IC_FN_DATETIME_DIFF, { S("day"), N(IC_Q_DATETIME), T("2020-01-01") }, NULL },
		{ IC_FN_NOW, { { 0 } }, "2024-05-01T12:00:00.0000000Z", true },
		{ IC_FN_AGO, { P("1d") }, "2024-04-30T12:00:00.0000000Z" },
		{ IC_FN_AGO, { P("9000000d") }, NULL },
	};
	FN_CHECK(list);
	static const fn_case bad[] = {
		{ IC_FN_DATETIME_DIFF, { S("fortnight"), T("2020-01-01"), T("2020-01-01") }, NULL },
		{ IC_FN_DATETIME_ADD, { S(""), L(1), T("2020-01-01") }, NULL },
	};
	FN_REFUSED(bad);
}

static void makers(void **state)
{
	(void)state;
	static const fn_case list[] = {
		{ IC_FN_MAKE_DATETIME,
		  { L(2020), L(2), L(29), L(23), L(59), R(59.9999999) },
		  "2020-02-29T23:59:59.9999999Z" },
		{ IC_FN_MAKE_DATETIME, { L(2019), L(2), L(29) }, NULL },
		{ IC_FN_MAKE_DATETIME, { L(10000), L(1), L(1) }, NULL },
		{ IC_FN_MAKE_TIMESPAN, { L(2), L(30) }, "02:30:00" },
		{ IC_FN_MAKE_TIMESPAN, { L(1), L(2), R(3) }, "01:02:03" },
		{ IC_FN_MAKE_TIMESPAN, { L(0), L(0), R(0), R(0.0000001) }, "00:00:00.0000001" },
		{ IC_FN_MAKE_TIMESPAN, { L(1), L(2), R(3), R(4.5) }, "1.02:03:04.5000000" },
		{ IC_FN_MAKE_TIMESPAN, { L(25), L(70) }, NULL },
		{ IC_FN_MAKE_TIMESPAN, { L(-1), L(-2) }, NULL },
		{ IC_FN_UNIX_MILLISECONDS, { L(1546300800000) }, "2019-01-01T00:00:00.0000000Z" },
		{ IC_FN_UNIX_NANOSECONDS, { L(1546300800000000000) }, "2019-01-01T00:00:00.0000000Z" },
		{ IC_FN_UNIX_NANOSECONDS, { L(-1) }, "1969-12-31T23:59:59.9999999Z" },
		{ IC_FN_UNIX_SECONDS, { R(1546300800.5) }, "2019-01-01T00:00:00.5000000Z" },
		{ IC_FN_UNIX_SECONDS, { L(INT64_MAX) }, NULL },
		{ IC_FN_UNIX_SECONDS, { R(1e300) }, NULL },
	};
	FN_CHECK(list);
}

static void bins(void **state)
{
	(void)state;
	static const fn_case list[] = {
		{ IC_FN_BIN, { L(5), L(2) }, "4" },
		{ IC_FN_BIN, { L(-5), L(2) }, "-6" },
		{ IC_FN_BIN, { L(-8), L(4) }, "-8" },
		{ IC_FN_BIN, { L(INT64_MAX), L(1) }, "9223372036854775807" },
		{ IC_FN_BIN, { L(INT64_MIN), L(7) }, NULL },
		{ IC_FN_BIN, { L(INT64_MIN), L(2) }, "-9223372036854775808" },
		{ IC_FN_BIN, { L(INT64_MAX), L(INT64_MAX) }, "9223372036854775807" },
		{ IC_FN_BIN, { L(5), L(0) }, NULL },
		{ IC_FN_BIN, { R(5.5), L(2) }, "4.0" },
		{ IC_FN_BIN, { R(-5.5), R(2) }, "-6.0" },
		{ IC_FN_BIN, { R(-0.5), L(1) }, "-1.0" },
		{ IC_FN_BIN, { R(5.5), R(-1) }, NULL },
		{ IC_FN_BIN, { T("1955-11-05 06:15:00.5"), P("7d") }, "1955-10-31T00:00:00.0000000Z" },
		{ IC_FN_BIN, { T("1969-12-31 23:30:00"), P("1h") }, "1969-12-31T23:00:00.0000000Z" },
		{ IC_FN_BIN,
		  { T("2020-06-15 13:45:30.7654321"), P("00:00:00.333") },
		  "2020-06-15T13:45:30.5190000Z" },
		{ IC_FN_BIN, { T("2020-10-25 02:30:00"), P("-01:00:00") }, NULL },
		{ IC_FN_BIN, { P("16d"), P("7d") }, "14.00:00:00" },
		{ IC_FN_BIN, { N(IC_Q_LONG), L(2) }, NULL },
		{ IC_FN_BIN_AT, { R(6.5), R(2.5), R(7) }, "4.5" },
		{ IC_FN_BIN_AT, { P("1h"), P("1d"), P("12h") }, "-12:00:00" },
		{ IC_FN_BIN_AT,
		  { T("2017-05-15 10:20:00"), P("1d"), T("1970-01-01 12:00") },
		  "2017-05-14T12:00:00.0000000Z" },
		{ IC_FN_BIN_AT,
		  { T("2023-03-12 07:30:00"), P("01:30:00"), T("2023-03-12 00:07:00") },
		  "2023-03-12T06:07:00.0000000Z" },
	};
	FN_CHECK(list);
}

/* Division by multiplication against the plain one. */
static void bins_at_random(void **state)
{
	(void)state;
	uint64_t seed = 7;
	for (int i = 0; i < 300; i++) {
		uint64_t a = test_random(&seed), b = test_random(&seed);
		int64_t x = (int64_t)(a >> (a & 63)), size = (int64_t)(b >> (1 + (b & 62)));
		x = i % 2 ? -x : x;
		if (size == 0 || x == INT64_MIN)
			continue;
		int64_t rest = x % size;
		__int128 want = (__int128)x - (rest < 0 ? rest + size : rest);
		char text[32];
		snprintf(text, sizeof text, "%lld", (long long)want);
		fn_case one = { IC_FN_BIN, { L(x), L(size) }, want < INT64_MIN ? NULL : text };
		ic_plan p;
		ic_plan_init(&p, NULL);
		fn_check_one(&p, &one);
		ic_plan_clear(&p);
	}
}

static void formats(void **state)
{
	(void)state;
	static const fn_case list[] = {
		{ IC_FN_FORMAT_DATETIME,
		  { T("2017-01-29 09:00:05"), S("yy-MM-dd [HH:mm:ss]") },
		  "17-01-29 [09:00:05]" },
		{ IC_FN_FORMAT_DATETIME,
		  { T("2017-01-29 09:00:05"), S("yyyy-M-dd [H:mm:ss]") },
		  "2017-1-29 [9:00:05]" },
		{ IC_FN_FORMAT_DATETIME,
		  { T("2020-06-15 13:45:09"), S("M/d/yyyy h:mm:ss tt") },
		  "6/15/2020 1:45:09 PM" },
		{ IC_FN_FORMAT_DATETIME, { T("2007-03-09 00:30:00"), S("hh:mm tt") }, "12:30 AM" },
		{ IC_FN_FORMAT_DATETIME,
		  { T("2007-03-09 05:04:03"), S("dddd, MMMM d, yyyy") },
		  "0909, 0303 9, 2007" },
		{ IC_FN_FORMAT_DATETIME, { T("2007-03-09 05:04:03"), S("ddd MMM") }, "099 033" },
		{ IC_FN_FORMAT_DATETIME, { T("2020-06-15 13:45:09.05"), S("ss.ff") }, "09.05" },
		{ IC_FN_FORMAT_DATETIME, { T("2020-06-15 13:45:09.1234567"), S("FFFFFFF") }, "1234567" },
		{ IC_FN_FORMAT_DATETIME, { T("2020-06-15 13:45:09.12"), S("FFFFFFF") }, "12" },
		{ IC_FN_FORMAT_TIMESPAN, { P("29.09:00:05.12345"), S("dd.hh:mm:ss:FF") }, "29.09:00:05:12" },
		{ IC_FN_FORMAT_TIMESPAN,
		  { P("29.09:00:05.12345"), S("ddd.h:mm:ss [fffffff]") },
		  "029.9:00:05 [1234500]" },
		{ IC_FN_FORMAT_TIMESPAN, { P("-1.02:00:00"), S("d.hh:mm") }, "-1.02:00" },
		{ IC_FN_FORMAT_TIMESPAN, { P("1d"), S("dddd") }, "0001" },
	};
	FN_CHECK(list);
	static const fn_case bad[] = {
		{ IC_FN_FORMAT_DATETIME, { T("2020-01-01"), S("yyyy-MM-ddTHH:mm") }, NULL },
		{ IC_FN_FORMAT_DATETIME, { T("2020-01-01"), S("zzz") }, NULL },
		{ IC_FN_FORMAT_DATETIME, { T("2020-01-01"), S("t") }, NULL },
		{ IC_FN_FORMAT_TIMESPAN, { P("1d"), S("c") }, NULL },
		{ IC_FN_FORMAT_TIMESPAN, { P("1d"), S("%d") }, NULL },
		{ IC_FN_FORMAT_TIMESPAN, { P("1d"), S("d\\.hh") }, NULL },
	};
	FN_REFUSED(bad);
}

static void zones(void **state)
{
	(void)state;
	if (access("/usr/share/zoneinfo/Europe/Berlin", R_OK) != 0)
		skip();
	static const fn_case list[] = {
		{ IC_FN_UTC_TO_LOCAL,
		  { T("2024-05-01 12:00"), S("Europe/Berlin") },
		  "2024-05-01T14:00:00.0000000Z" },
		{ IC_FN_UTC_TO_LOCAL,
		  { T("2090-01-01 12:00"), S("Europe/Berlin") },
		  "2090-01-01T13:00:00.0000000Z" },
		{ IC_FN_LOCAL_TO_UTC,
		  { T("2090-07-01 12:00"), S("Europe/Berlin") },
		  "2090-07-01T10:00:00.0000000Z" },
		{ IC_FN_LOCAL_TO_UTC,
		  { T("2024-10-27 02:30"), S("Europe/Berlin") },
		  "2024-10-27T01:30:00.0000000Z" },
		{ IC_FN_UTC_TO_LOCAL, { T("9999-12-31 23:30"), S("Europe/Berlin") }, NULL },
	};
	FN_CHECK(list);
	static const fn_case bad[] = {
		{ IC_FN_UTC_TO_LOCAL, { T("2024-05-01"), S("Europe/Atlantis") }, NULL },
		{ IC_FN_UTC_TO_LOCAL, { T("2024-05-01"), S("../../../etc/passwd") }, NULL },
		{ IC_FN_UTC_TO_LOCAL, { T("2024-05-01"), S("") }, NULL },
	};
	FN_REFUSED(bad);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(starts_and_ends), cmocka_unit_test(parts), cmocka_unit_test(sums),
		cmocka_unit_test(makers),	   cmocka_unit_test(bins),  cmocka_unit_test(bins_at_random),
		cmocka_unit_test(formats),	   cmocka_unit_test(zones),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
