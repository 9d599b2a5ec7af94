/* SPDX-License-Identifier: Apache-2.0 */
#include "fn.h"

#include <unistd.h>

#include "base/zone.h"

/* 2024-05-01T12:34:56.789Z, a Wednesday. */
#define MOMENT L(1714566896789)

static void check_all(const fn_case *list, size_t n, const char *zone)
{
	for (size_t i = 0; i < n; i++) {
		ic_plan p;
		ic_plan_init(&p, NULL);
		p.language = IC_FN_AQL;
		assert_true(ic_parse_datetime(IC_STR("2024-05-01T12:00:00Z"), &p.now));
		if (zone)
			assert_int_equal(ic_zone_open(ic_str_of(zone), &p.zone), IC_OK);
		fn_check_one(&p, &list[i]);
		ic_zone_free(p.zone);
		ic_plan_clear(&p);
	}
}
#define CHECK(list, zone) check_all(list, sizeof(list) / sizeof *(list), zone)

static void dates(void **state)
{
	(void)state;
	static const fn_case list[] = {
		{ IC_FN_AQL_DATEFORMAT, { MOMENT, S("yyyy-MM-dd HH:mm:ss.SSS") }, "2024-05-01 12:34:56.789" },
		{ IC_FN_AQL_DATEFORMAT, { R(1714566896789.9), S("yy/M/d K:m a") }, "24/5/1 0:34 PM" },
		{ IC_FN_AQL_DATEFORMAT, { L(0), S("yyyy-MM-dd hh:mm kk") }, "1970-01-01 12:00 24" },
		{ IC_FN_AQL_DATEFORMAT,
		  { MOMENT, S("EEE, d MMM yyyy, EEEE MMMM") },
		  "Wed, 1 May 2024, Wednesday May" },
		{ IC_FN_AQL_DATEFORMAT,
		  { MOMENT, S("YYYY-'week 'ww, u F W D DDD") },
		  "2024-week 18, 3 1 1 122 122" },
		{ IC_FN_AQL_DATEFORMAT, { L(1735603200000), S("YYYY ww") }, "2025 01" },
		{ IC_FN_AQL_DATEFORMAT,
		  { MOMENT, S("HH 'o''clock' '' z Z X XXX G") },
		  "12 o'clock ' UTC +0000 Z Z AD" },
		{ IC_FN_AQL_DATEFORMAT, { L(-1), S("yyyy SSS") }, "1969 999" },
		{ IC_FN_AQL_DATEFORMAT, { L(INT64_MAX), S("yyyy") }, NULL },
		{ IC_FN_AQL_DATEFORMAT, { R(1e300), S("yyyy") }, NULL },
		{ IC_FN_AQL_DATEFORMAT, { N(IC_Q_LONG), S("yyyy") }, NULL },
		{ IC_FN_AQL_NOW, { { 0 } }, "1714564800000", true },
		{ IC_FN_AQL_PARSETIMESTAMP,
		  { S("EEE, d MMM yyyy HH:mm:ss.SSSZ"), S("Wed, 1 May 2024 14:34:56.789+0200") },
		  "1714566896789" },
		{ IC_FN_AQL_PARSETIMESTAMP, { S("yyyyMMddHHmmss"), S("20240501123456") }, "1714566896000" },
		{ IC_FN_AQL_PARSETIMESTAMP,
		  { S("EEEE MMMM d yyyy HH:mm:ss z"), S("thursday August 24 2017 01:30:00 GMT+01:00") },
		  "1503534600000" },
		{ IC_FN_AQL_PARSETIMESTAMP,
		  { S("yyyy-MM-dd'T'HH:mm:ss.SSSX"), S("2024-05-01T12:34:56.789123Z") },
		  "1714566896789" },
		{ IC_FN_AQL_PARSETIMESTAMP, { S("d/M/yy h:mm a"), S("1/5/24 12:34 pm") }, "1714566840000" },
		{ IC_FN_AQL_PARSETIMESTAMP, { S("d/M/yy"), S("1/5/99") }, "925516800000" },
		{ IC_FN_AQL_PARSETIMESTAMP,
		  { S("yyyy DDD 'o''clock' kk"), S("2024 122 o'clock 24") },
		  "1714521600000" },
		{ IC_FN_AQL_PARSETIMESTAMP, { S("HH:mm"), S(" 01:00 ") }, "3600000" },
		{ IC_FN_AQL_PARSETIMESTAMP, { S("yyyy-MM-dd"), S("2023-02-29") }, NULL },
		{ IC_FN_AQL_PARSETIMESTAMP, { S("yyyy-MM-dd"), S("2024-05-01 12:00") }, NULL },
		{ IC_FN_AQL_PARSETIMESTAMP, { S("yyyy-MM-dd"), S("2024-05") }, NULL },
		{ IC_FN_AQL_PARSETIMESTAMP, { S("HH:mm Z"), S("01:00 +") }, NULL },
		{ IC_FN_AQL_PARSETIMESTAMP, { S("HH"), S("99999999999999999999") }, NULL },
		{ IC_FN_AQL_PARSEDATETIME, { S("now") }, "1714564800000" },
		{ IC_FN_AQL_PARSEDATETIME, { S("2 hours ago") }, "1714557600000" },
		{ IC_FN_AQL_PARSEDATETIME, { S("8 day ago") }, "1713873600000" },
		{ IC_FN_AQL_PARSEDATETIME, { S("a month ago") }, "1711972800000" },
		{ IC_FN_AQL_PARSEDATETIME, { S("in 1 Hour") }, "1714568400000" },
		{ IC_FN_AQL_PARSEDATETIME, { S("yesterday") }, "1714435200000" },
		{ IC_FN_AQL_PARSEDATETIME, { S("2024-05-01 12:00:00") }, "1714564800000" },
	};
	CHECK(list, NULL);
	static const fn_case bad[] = {
		{ IC_FN_AQL_DATEFORMAT, { L(0), S("yyyy-MM-ddTHH") }, NULL },
		{ IC_FN_AQL_DATEFORMAT, { L(0), S("'open") }, NULL },
		{ IC_FN_AQL_PARSETIMESTAMP, { S("yyyy ww"), S("2024 01") }, NULL },
		{ IC_FN_AQL_PARSETIMESTAMP, { S("yyyy'T"), S("2024 01") }, NULL },
		{ IC_FN_AQL_PARSEDATETIME, { S("soon") }, NULL },
		{ IC_FN_AQL_PARSEDATETIME, { S("99999999999999999999 days ago") }, NULL },
		{ IC_FN_AQL_REPLACEALL, { S("("), S("a"), S("b") }, NULL },
	};
	FN_REFUSED(bad);
}

static void zones(void **state)
{
	(void)state;
	if (access("/usr/share/zoneinfo/America/New_York", R_OK) != 0)
		skip();
	static const fn_case list[] = {
		{ IC_FN_AQL_DATEFORMAT, { MOMENT, S("HH:mm z Z XXX") }, "08:34 EDT -0400 -04:00" },
		{ IC_FN_AQL_PARSEDATETIME, { S("2024-05-01 08:00:00") }, "1714564800000" },
		{ IC_FN_AQL_PARSETIMESTAMP,
		  { S("yyyy-MM-dd HH:mm"), S("2024-05-01 08:00") },
		  "1714564800000" },
		{ IC_FN_AQL_PARSEDATETIME, { S("2024-05-01T12:00:00Z") }, "1714564800000" },
		{ IC_FN_AQL_PARSEDATETIME, { S("today") }, "1714536000000" },
	};
	CHECK(list, "America/New_York");
}

static void values(void **state)
{
	(void)state;
	static const fn_case list[] = {
		{ IC_FN_AQL_LONG, { A("10.0.0.1") }, "167772161" },
		{ IC_FN_AQL_LONG, { S(" 42 ") }, "42" },
		{ IC_FN_AQL_LONG, { R(-2.9) }, "-2" },
		{ IC_FN_AQL_LONG, { S("abc") }, NULL },
		{ IC_FN_AQL_LONG, { R(1e19) }, NULL },
		{ IC_FN_AQL_LONG, { A("fe80::1") }, NULL },
		{ IC_FN_AQL_DOUBLE, { S("1.5") }, "1.5" },
		{ IC_FN_AQL_DOUBLE, { L(2) }, "2.0" },
		{ IC_FN_AQL_DOUBLE, { S("x") }, NULL },
		{ IC_FN_AQL_STR, { L(5) }, "5" },
		{ IC_FN_AQL_UTF8,
		  { S("a\xff"
		      "b") },
		  "a\xef\xbf\xbd"
		  "b" },
		{ IC_FN_AQL_UPPER, { S("abc") }, "ABC" },
		{ IC_FN_AQL_STRLEN, { S("caf\xc3\xa9") }, "4" },
		{ IC_FN_AQL_CONCAT, { S("a"), L(1), A("10.0.0.1") }, "a110.0.0.1" },
		{ IC_FN_AQL_SUBSTRING, { S("username"), L(0), L(4) }, "user" },
		{ IC_FN_AQL_SUBSTRING, { S("username"), L(4) }, "name" },
		{ IC_FN_AQL_STRPOS, { S("abcabc"), S("c"), L(3) }, "5" },
		{ IC_FN_AQL_STRPOS, { S("abc"), S("x") }, "-1" },
		{ IC_FN_AQL_BASE64, { S("Kusto") }, "S3VzdG8=" },
		{ IC_FN_AQL_PROTOCOLNAME, { L(6) }, "TCP" },
		{ IC_FN_AQL_PROTOCOLNAME, { S("17") }, "UDP" },
		{ IC_FN_AQL_PROTOCOLNAME, { L(200) }, "200" },
		{ IC_FN_AQL_QIDNAME, { L(70000001) }, "70000001" },
		{ IC_FN_AQL_NETWORKNAME, { A("10.0.0.1") }, "other" },
		{ IC_FN_AQL_INOFFENSE, { L(1) }, "False" },
	};
	CHECK(list, NULL);
	static const fn_case patterns[] = {
		{ IC_FN_AQL_REPLACEALL, { S("\\d{4}"), S("1234-5678"), S("*") }, "*-*", true },
		{ IC_FN_AQL_REPLACEFIRST, { S("\\d{4}"), S("1234-5678"), S("*") }, "*-5678", true },
		{ IC_FN_AQL_REPLACEALL, { S("(a)(b)"), S("xaby"), S("$2$1\\$$9") }, "xba$y", true },
		{ IC_FN_AQL_REPLACEALL, { S("x*"), S("ab"), S("-") }, "-a-b-", true },
		{ IC_FN_AQL_REPLACEALL, { S("z"), S("ab"), S("-") }, "ab", true },
	};
	CHECK(patterns, NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(dates),
		cmocka_unit_test(zones),
		cmocka_unit_test(values),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
