/* SPDX-License-Identifier: Apache-2.0 */
#include "fn.h"

static void numbers(void **state)
{
	(void)state;
	static const fn_case list[] = {
		{ IC_FN_PARSE_IPV4, { S("127.0.0.1") }, "2130706433" },
		{ IC_FN_PARSE_IPV4, { S("192.168.1.1/24") }, "3232235776" },
		{ IC_FN_PARSE_IPV4, { A("127.0.0.1") }, "2130706433" },
		{ IC_FN_PARSE_IPV4, { A("::1") }, NULL },
		{ IC_FN_PARSE_IPV4, { S("192.168.1.1/33") }, NULL },
		{ IC_FN_PARSE_IPV4, { S("192.168.1.1/") }, NULL },
		{ IC_FN_PARSE_IPV4, { S("/8") }, NULL },
		{ IC_FN_PARSE_IPV4, { S("") }, NULL },
		{ IC_FN_PARSE_IPV4, { S("::1") }, NULL },
		{ IC_FN_PARSE_IPV4_MASK, { S("192.168.255.255"), L(16) }, "3232235520" },
		{ IC_FN_PARSE_IPV4_MASK, { S("192.168.255.255/8"), L(16) }, "3221225472" },
		{ IC_FN_PARSE_IPV4_MASK, { S("192.168.255.255"), L(-1) }, NULL },
		{ IC_FN_PARSE_IPV6, { S("192.168.255.255/24") }, "0000:0000:0000:0000:0000:ffff:c0a8:ff00" },
		{ IC_FN_PARSE_IPV6, { S("fe80::1") }, "fe80:0000:0000:0000:0000:0000:0000:0001" },
		{ IC_FN_PARSE_IPV6, { S("fe80::x") }, NULL },
		{ IC_FN_PARSE_IPV6_MASK,
		  { S("192.168.255.255"), L(120) },
		  "0000:0000:0000:0000:0000:ffff:c0a8:ff00" },
		{ IC_FN_PARSE_IPV6_MASK,
		  { S("127.0.0.1"), L(24) },
		  "0000:0000:0000:0000:0000:ffff:7f00:0000" },
		{ IC_FN_PARSE_IPV6_MASK,
		  { S("fe80::85d:e82c:9446:7994/120"), L(124) },
		  "fe80:0000:0000:0000:085d:e82c:9446:7900" },
		{ IC_FN_PARSE_IPV6_MASK,
		  { S("::192.168.255.255/24"), L(128) },
		  "0000:0000:0000:0000:0000:ffff:c0a8:ff00" },
		{ IC_FN_FORMAT_IPV4, { S("192.168.1.1"), L(24) }, "192.168.1.0" },
		{ IC_FN_FORMAT_IPV4, { S("192.168.1.1/24"), L(32) }, "192.168.1.0" },
		{ IC_FN_FORMAT_IPV4, { L(3232235777) }, "192.168.1.1" },
		{ IC_FN_FORMAT_IPV4, { L(-1) }, NULL },
		{ IC_FN_FORMAT_IPV4, { L(4294967296) }, NULL },
		{ IC_FN_FORMAT_IPV4, { S("192.168.1.1/24"), L(-1) }, NULL },
		{ IC_FN_FORMAT_IPV4_MASK, { S("192.168.1.1"), L(24) }, "192.168.1.0/24" },
		{ IC_FN_FORMAT_IPV4_MASK, { A("192.168.1.1") }, "192.168.1.1/32" },
		{ IC_FN_IPV4_NETMASK_SUFFIX, { S("10.1.2.3") }, "32" },
		{ IC_FN_IPV4_NETMASK_SUFFIX, { S("127.0.0.1/16") }, "16" },
		{ IC_FN_IPV4_RANGE_TO_CIDRS,
		  { S("1.1.128.0"), S("1.1.140.255") },
		  "[\"1.1.128.0/21\",\"1.1.136.0/22\",\"1.1.140.0/24\"]" },
		{ IC_FN_IPV4_RANGE_TO_CIDRS, { S("0.0.0.0"), S("255.255.255.255") }, "[\"0.0.0.0/0\"]" },
		{ IC_FN_IPV4_RANGE_TO_CIDRS, { S("1.1.1.2"), S("1.1.1.1") }, "[]" },
	};
	FN_CHECK(list);
}

static void comparisons(void **state)
{
	(void)state;
	static const fn_case list[] = {
		{ IC_FN_IPV4_IS_PRIVATE, { S("192.168.1.1/24") }, "True" },
		{ IC_FN_IPV4_IS_PRIVATE, { A("172.31.255.255") }, "True" },
		{ IC_FN_IPV4_IS_PRIVATE, { S("172.32.0.0") }, "False" },
		{ IC_FN_IPV4_IS_PRIVATE, { S("10.0.0.0/7") }, "False" },
		{ IC_FN_IPV4_IS_PRIVATE, { S("host") }, NULL },
		{ IC_FN_IPV4_IS_IN_RANGE, { S("192.168.1.1"), S("192.168.1.255/24") }, "True" },
		{ IC_FN_IPV4_IS_IN_RANGE, { A("192.168.2.1"), S("192.168.1.255/24") }, "False" },
		{ IC_FN_IPV4_IS_IN_RANGE, { S("192.168.2.1"), S("no range") }, NULL },
		{ IC_FN_IPV4_IS_IN_RANGE, { S("192.168.2.1"), S("0.0.0.0/0") }, "True" },
		{ IC_FN_IPV4_IS_IN_ANY_RANGE,
		  { S("192.168.1.6"), S("192.168.1.1/24"), S("10.0.0.1/8") },
		  "True" },
		{ IC_FN_IPV4_IS_IN_ANY_RANGE,
		  { S("127.0.0.1"), D("[\"10.0.0.0/8\",\"127.0.0.1\"]") },
		  "True" },
		{ IC_FN_IPV4_IS_IN_ANY_RANGE,
		  { S("127.0.0.2"), D("[\"10.0.0.0/8\",\"127.0.0.1\"]") },
		  "False" },
		{ IC_FN_IPV4_IS_IN_ANY_RANGE, { S("bad"), D("[\"10.0.0.0/8\"]") }, NULL },
		{ IC_FN_IPV4_IS_IN_ANY_RANGE, { S("10.0.0.1"), D("[]") }, "False" },
		{ IC_FN_IPV4_IS_MATCH, { S("192.168.1.1/30"), S("192.168.1.255/24") }, "True" },
		{ IC_FN_IPV4_IS_MATCH, { S("192.168.1.1"), S("192.168.1.0"), L(31) }, "True" },
		{ IC_FN_IPV4_IS_MATCH, { S("192.168.1.1"), S("192.168.1.0"), L(32) }, "False" },
		{ IC_FN_IPV4_IS_MATCH, { S("192.168.1.1"), S("192.168.1.0"), L(33) }, NULL },
		{ IC_FN_IPV4_COMPARE, { S("192.168.1.1/24"), S("192.168.1.255"), L(31) }, "0" },
		{ IC_FN_IPV4_COMPARE, { S("1.1.1.1"), S("2.1.1.1") }, "-1" },
		{ IC_FN_IPV4_COMPARE, { S("200.1.1.1"), S("2.1.1.1") }, "1" },
		{ IC_FN_IPV6_IS_MATCH, { S("192.168.1.1/24"), S("::ffff:c0a8:01ff"), L(127) }, "True" },
		{ IC_FN_IPV6_IS_MATCH, { S("::192.168.1.1/30"), S("192.168.1.255/24"), L(127) }, "True" },
		{ IC_FN_IPV6_IS_MATCH, { S("fe80::7994/120"), S("fe80::7a94") }, "False" },
		{ IC_FN_IPV6_COMPARE, { S("fe80::1"), S("fe80::2"), L(127) }, "-1" },
		{ IC_FN_IPV6_IS_IN_RANGE,
		  { A("a5e:f127:8a9d:146d:e102:b5d3:c755:abcd"),
		    S("a5e:f127:8a9d:146d:e102:b5d3:c755:0000/112") },
		  "True" },
		{ IC_FN_IPV6_IS_IN_RANGE, { S("a5e::1"), S("0:0:0:0:0:ffff:c0a8:ac/60") }, "False" },
		{ IC_FN_IPV6_IS_IN_ANY_RANGE, { S("a5e::1"), D("[\"::/0\"]") }, "True" },
	};
	FN_CHECK(list);
}

static void in_text(void **state)
{
	(void)state;
	static const fn_case list[] = {
		{ IC_FN_HAS_IPV4, { S("05:04:54 127.0.0.1 GET /favicon.ico 404"), S("127.0.0.1") }, "True" },
		{ IC_FN_HAS_IPV4,
		  { S("05:04:54 127.0.0.256 GET /favicon.ico 404"), S("127.0.0.256") },
		  "False" },
		{ IC_FN_HAS_IPV4, { S("05:04:54127.0.0.1 GET /favicon.ico 404"), S("127.0.0.1") }, "False" },
		{ IC_FN_HAS_IPV4, { S("x27.0.0.1 127.0.0.1"), S("27.0.0.1") }, "False" },
		{ IC_FN_HAS_IPV4, { S(""), S("127.0.0.1") }, "False" },
		{ IC_FN_HAS_IPV4_PREFIX, { S("a 127.0.0.1."), S("127.0.") }, "True" },
		{ IC_FN_HAS_IPV4_PREFIX, { S("a 127.0.0.12"), S("127.0.0.1") }, "False" },
		{ IC_FN_HAS_IPV4_PREFIX, { S("a 127.0.0.300"), S("127.0.") }, "False" },
		{ IC_FN_HAS_ANY_IPV4, { S("from 10.0.0.1"), D("[\"10.0.0.2\",\"10.0.0.1\"]") }, "True" },
		{ IC_FN_HAS_ANY_IPV4, { S("from 10.0.0.1"), S("10.0.0.2"), S("10.0.0.3") }, "False" },
		{ IC_FN_HAS_ANY_IPV4_PREFIX, { S("from 10.0.0.1"), S("192."), S("10.") }, "True" },
	};
	FN_CHECK(list);
}

static void classes(void **state)
{
	(void)state;
	static const fn_case list[] = {
		{ IC_FN_REMOTE_IP_TYPE, { A("8.8.8.8") }, "Public" },
		{ IC_FN_REMOTE_IP_TYPE, { A("192.0.2.1") }, "Public" },
		{ IC_FN_REMOTE_IP_TYPE, { A("100.127.255.255") }, "Private" },
		{ IC_FN_REMOTE_IP_TYPE, { A("100.128.0.0") }, "Public" },
		{ IC_FN_REMOTE_IP_TYPE, { A("169.254.1.1") }, "Private" },
		{ IC_FN_REMOTE_IP_TYPE, { S("127.1.2.3") }, "Loopback" },
		{ IC_FN_REMOTE_IP_TYPE, { S("198.19.255.255") }, "Reserved" },
		{ IC_FN_REMOTE_IP_TYPE, { S("198.20.0.0") }, "Public" },
		{ IC_FN_REMOTE_IP_TYPE, { S("239.255.255.250") }, "Reserved" },
		{ IC_FN_REMOTE_IP_TYPE, { S("::ffff:8.8.8.8") }, "FourToSixMapping" },
		{ IC_FN_REMOTE_IP_TYPE, { S("2001:0:1::1") }, "Teredo" },
		{ IC_FN_REMOTE_IP_TYPE, { S("2001:db8::1") }, "Public" },
		{ IC_FN_REMOTE_IP_TYPE, { S("fd00::1") }, "Private" },
		{ IC_FN_REMOTE_IP_TYPE, { S("fe80::1") }, "Private" },
		{ IC_FN_REMOTE_IP_TYPE, { S("::1") }, "Loopback" },
		{ IC_FN_REMOTE_IP_TYPE, { S("ff02::1") }, "Reserved" },
		{ IC_FN_REMOTE_IP_TYPE, { S("host") }, NULL },
		{ IC_FN_DIRECTION, { A("10.0.0.1"), A("8.8.8.8") }, "L2R" },
		{ IC_FN_DIRECTION, { A("10.0.0.1"), A("10.0.0.2") }, "L2L" },
		{ IC_FN_DIRECTION, { A("8.8.8.8"), A("10.0.0.2") }, "R2L" },
		{ IC_FN_DIRECTION, { S("8.8.8.8"), S("fe80::1") }, "R2R" },
	};
	FN_CHECK(list);
}

static void own_networks(void **state)
{
	(void)state;
	static const char *const texts[] = { "203.0.113.0/24" };
	ic_cidrs internal;
	ic_error err;
	assert_int_equal(ic_cidrs_init(&internal, texts, 1, &err), IC_OK);
	static const fn_case list[] = {
		{ IC_FN_DIRECTION, { A("203.0.113.9"), A("10.0.0.2") }, "L2R" },
		{ IC_FN_DIRECTION, { A("10.0.0.2"), A("203.0.113.9") }, "R2L" },
	};
	for (size_t i = 0; i < 2; i++) {
		ic_plan p;
		ic_plan_init(&p, NULL);
		p.internal = &internal;
		fn_check_one(&p, &list[i]);
		ic_plan_clear(&p);
	}
	ic_cidrs_clear(&internal);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(numbers), cmocka_unit_test(comparisons),  cmocka_unit_test(in_text),
		cmocka_unit_test(classes), cmocka_unit_test(own_networks),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
