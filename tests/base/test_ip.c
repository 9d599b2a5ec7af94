/* SPDX-License-Identifier: Apache-2.0 */
#include "../test.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cpu.h"
#include "base/ip.h"
#include "base/quad.h"

static ic_ip ip_of(const char *text)
{
	ic_ip ip;
	if (!ic_ip_parse(ic_str_of(text), &ip))
		fail_msg("refused: %s", text);
	return ip;
}

static void refused(void **state)
{
	(void)state;
	static const char *const bad[] = { "",
					   "1",
					   "1.2.3",
					   "1.2.3.4.5",
					   "256.1.1.1",
					   "1.2.3.256",
					   "01.2.3.4",
					   "1.2.3.04",
					   "1.2.3.",
					   ".1.2.3",
					   "1..2.3",
					   "1.2.3.4 ",
					   " 1.2.3.4",
					   "1.2.3.4:80",
					   "-",
					   "0000.0.0.0",
					   "1.2.3.0004",
					   ":",
					   ":::",
					   "1:",
					   ":1",
					   "1:2:3:4:5:6:7",
					   "1:2:3:4:5:6:7:8:9",
					   "1::2::3",
					   "12345::",
					   "g::",
					   "1:2:3:4:5:6:7:1.2.3.4",
					   "::1.2.3",
					   "::1.2.3.4:5",
					   "1:2:3:4:5:6:7::8",
					   "::01.2.3.4",
					   "[::1]",
					   "::1/128",
					   "%eth0",
					   "1.2.3.4%eth0",
					   "1:2:3:4:5:6:7:",
					   "0x1.2.3.4",
					   "0000:0000:0000:0000:0000:0000:0000:0000:0000:0000:0000" };
	ic_ip ip = { { 9 } };
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		if (ic_ip_parse(ic_str_of(bad[i]), &ip))
			fail_msg("accepted: %s", bad[i]);
		assert_int_equal(ip.b[0], 9);
	}
}

static void canonical(void **state)
{
	(void)state;
	static const char *const pairs[][2] = { { "0.0.0.0", "0.0.0.0" },
						{ "255.255.255.255", "255.255.255.255" },
						{ "::ffff:10.1.2.3", "10.1.2.3" },
						{ "::FFFF:0a01:0203", "10.1.2.3" },
						{ "::", "::" },
						{ "::1", "::1" },
						{ "1::", "1::" },
						{ "fe80::1%eth0", "fe80::1" },
						{ "2001:DB8::0:1", "2001:db8::1" },
						{ "2001:db8:0:0:1:0:0:1", "2001:db8::1:0:0:1" },
						{ "1:0:0:2:0:0:0:3", "1:0:0:2::3" },
						{ "1:2:3:4:5:6:7:0", "1:2:3:4:5:6:7:0" },
						{ "0:1:2:3:4:5:6:7", "0:1:2:3:4:5:6:7" },
						{ "64:ff9b::1.2.3.4", "64:ff9b::102:304" },
						{ "1:2:3:4:5:6:7::", "1:2:3:4:5:6:7:0" },
						{ "::2:3:4:5:6:7:8", "0:2:3:4:5:6:7:8" } };
	for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++) {
		char buf[46];
		ic_ip ip = ip_of(pairs[i][0]);
		assert_int_equal(ic_ip_format(&ip, buf), strlen(pairs[i][1]));
		assert_string_equal(buf, pairs[i][1]);
	}
	ic_ip v4 = ip_of("192.0.2.33"), same = ic_ip_from_v4(0xc0000221);
	assert_memory_equal(&v4, &same, sizeof v4);
	assert_true(ic_ip_is_v4(&v4));
	ic_ip v6 = ip_of("::1");
	assert_false(ic_ip_is_v4(&v6));
}

/* Random addresses with runs of zeros, against the C library. */
static void agrees_with_libc(void **state)
{
	(void)state;
	uint64_t seed = 6;
	for (unsigned i = 0; i < 100000; i++) {
		ic_ip ip, back;
		char buf[46], want[INET6_ADDRSTRLEN];
		uint64_t mask = test_random(&seed);
		for (unsigned k = 0; k < 16; k++)
			ip.b[k] = (uint8_t)(mask >> (k / 2) & 1 ? 0 : test_random(&seed) >> (8 + k % 5));
		bool v4 = i % 3 == 0;
		if (v4)
			ip = ic_ip_from_v4((uint32_t)test_random(&seed));
		else
			ip.b[0] =
			    (uint8_t)(ip.b[0] | 0x20); /* not ::/96, which the C library writes with dots */
		ic_str s = { buf, (uint32_t)ic_ip_format(&ip, buf) };
		inet_ntop(v4 ? AF_INET : AF_INET6, v4 ? ip.b + 12 : ip.b, want, sizeof want);
		assert_string_equal(buf, want);
		assert_true(ic_ip_parse(s, &back));
		assert_memory_equal(&back, &ip, sizeof ip);
	}
}

/* Texts one edit away from an address are accepted exactly when inet_pton accepts them. */
static void refuses_with_libc(void **state)
{
	(void)state;
	static const char *const seeds[] = { "192.168.10.1", "2001:db8::1:0:0:1", "::ffff:1.2.3.4",
					     "1:2:3:4:5:6:7:8" };
	static const char alphabet[] = "0123456789abcfF.::gx";
	uint64_t seed = 7;
	for (unsigned i = 0; i < 100000; i++) {
		char text[64];
		int n = snprintf(text, sizeof text, "%s", seeds[test_random(&seed) % 4]);
		for (unsigned edits = (unsigned)(test_random(&seed) % 3) + 1; edits; edits--) {
			size_t at = test_random(&seed) % (size_t)n;
			if (test_random(&seed) % 2) {
				text[at] = alphabet[test_random(&seed) % (sizeof alphabet - 1)];
			} else {
				memmove(text + at, text + at + 1, (size_t)n - at);
				n--;
			}
		}
		struct in6_addr six;
		struct in_addr four;
		bool want = inet_pton(AF_INET, text, &four) == 1 || inet_pton(AF_INET6, text, &six) == 1;
		ic_ip ip;
		if (ic_ip_parse(ic_str_of(text), &ip) != want)
			fail_msg("%s: the C library says %d", text, want);
	}
}

static void classes(void **state)
{
	(void)state;
	static const struct {
		const char *ip;
		ic_ip_class class;
	} cases[] = { { "8.8.8.8", IC_IP_PUBLIC },
		      { "192.0.2.1", IC_IP_PUBLIC },
		      { "198.51.100.7", IC_IP_PUBLIC },
		      { "203.0.113.5", IC_IP_PUBLIC },
		      { "2001:db8::1", IC_IP_PUBLIC },
		      { "10.0.0.0", IC_IP_PRIVATE },
		      { "10.255.255.255", IC_IP_PRIVATE },
		      { "11.0.0.0", IC_IP_PUBLIC },
		      { "172.15.255.255", IC_IP_PUBLIC },
		      { "172.16.0.0", IC_IP_PRIVATE },
		      { "172.31.255.255", IC_IP_PRIVATE },
		      { "172.32.0.0", IC_IP_PUBLIC },
		      { "192.168.0.1", IC_IP_PRIVATE },
		      { "192.167.255.255", IC_IP_PUBLIC },
		      { "100.63.255.255", IC_IP_PUBLIC },
		      { "100.64.0.0", IC_IP_PRIVATE },
		      { "100.127.255.255", IC_IP_PRIVATE },
		      { "100.128.0.0", IC_IP_PUBLIC },
		      { "fc00::1", IC_IP_PRIVATE },
		      { "fdff::1", IC_IP_PRIVATE },
		      { "fe00::1", IC_IP_PUBLIC },
		      { "127.0.0.1", IC_IP_LOOPBACK },
		      { "::1", IC_IP_LOOPBACK },
		      { "169.254.1.1", IC_IP_LINK_LOCAL },
		      { "169.253.1.1", IC_IP_PUBLIC },
		      { "fe80::1", IC_IP_LINK_LOCAL },
		      { "febf::1", IC_IP_LINK_LOCAL },
		      { "224.0.0.1", IC_IP_MULTICAST },
		      { "239.255.255.250", IC_IP_MULTICAST },
		      { "ff02::1", IC_IP_MULTICAST },
		      { "255.255.255.255", IC_IP_MULTICAST },
		      { "240.0.0.1", IC_IP_RESERVED },
		      { "255.255.255.254", IC_IP_RESERVED },
		      { "0.0.0.0", IC_IP_RESERVED },
		      { "0.1.2.3", IC_IP_RESERVED },
		      { "192.0.0.8", IC_IP_RESERVED },
		      { "192.0.1.1", IC_IP_PUBLIC },
		      { "198.18.0.1", IC_IP_RESERVED },
		      { "198.19.255.255", IC_IP_RESERVED },
		      { "198.20.0.0", IC_IP_PUBLIC },
		      { "::", IC_IP_RESERVED },
		      { "::2", IC_IP_PUBLIC },
		      { "::ffff:127.0.0.1", IC_IP_LOOPBACK } };
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		ic_ip ip = ip_of(cases[i].ip);
		if (ic_ip_classify(&ip) != cases[i].class)
			fail_msg("%s: class %d", cases[i].ip, (int)ic_ip_classify(&ip));
	}
}

static bool has(const char *cidr, const char *ip)
{
	ic_cidr c;
	ic_ip a = ip_of(ip);
	assert_true(ic_cidr_parse(ic_str_of(cidr), &c));
	return ic_cidr_has(&c, &a);
}

static void cidrs(void **state)
{
	(void)state;
	assert_true(has("10.0.0.0/8", "10.255.0.1"));
	assert_false(has("10.0.0.0/8", "11.0.0.0"));
	assert_true(has("10.9.8.7/8", "10.0.0.1")); /* host bits are ignored */
	assert_true(has("0.0.0.0/0", "203.0.113.9"));
	assert_false(has("0.0.0.0/0", "2001:db8::1"));
	assert_true(has("::/0", "2001:db8::1"));
	assert_true(has("::/0", "203.0.113.9"));
	assert_true(has("192.168.1.130/25", "192.168.1.255"));
	assert_false(has("192.168.1.130/25", "192.168.1.127"));
	assert_true(has("1.2.3.4", "1.2.3.4"));
	assert_false(has("1.2.3.4", "1.2.3.5"));
	assert_true(has("fd00::/8", "fdab::1"));
	assert_true(has("2001:db8::/33", "2001:db8:7fff::1"));
	assert_false(has("2001:db8::/33", "2001:db8:8000::1"));
	assert_true(has("::ffff:10.0.0.0/104", "10.1.1.1"));
	static const char *const bad[] = { "",	     "/8",	    "10.0.0.0/", "10.0.0.0/33",
					   "::/129", "10.0.0.0/-1", "10.0.0/8",	 "10.0.0.0/8/8" };
	ic_cidr c;
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
		assert_false(ic_cidr_parse(ic_str_of(bad[i]), &c));
}

static void sets(void **state)
{
	(void)state;
	ic_cidrs set;
	ic_error err;
	assert_int_equal(ic_cidrs_init(&set, NULL, 0, &err), IC_OK);
	ic_ip in = ip_of("100.64.0.1"), out = ip_of("169.254.0.1");
	assert_true(ic_cidrs_has(&set, &in));
	assert_false(ic_cidrs_has(&set, &out));
	ic_cidrs_clear(&set);
	assert_false(ic_cidrs_has(&set, &in));
	const char *own[] = { "203.0.113.0/24", "nonsense" };
	assert_int_equal(ic_cidrs_init(&set, own, 2, &err), IC_E_USAGE);
	assert_string_equal(err.message, "not an address or CIDR block: nonsense");
	assert_int_equal(ic_cidrs_init(&set, own, 1, &err), IC_OK);
	assert_false(ic_cidrs_has(&set, &in));
	ic_cidrs_clear(&set);
}

/* Many at once as one by one: in blocks of /16, in parts of one, in none, and where there are no sets of these. */
static void many_in_sets(void **state)
{
	static const char *const blocks[] = { "10.0.0.0/8", "203.0.113.64/26", "2001:db8::/33",
					      "172.16.0.0/15" };
	static const char *const texts[] = { "10.1.2.3",     "203.0.113.64",	  "203.0.113.128",
					     "203.0.112.64", "2001:db8::1",	  "172.16.9.9",
					     "172.18.0.1",   "8.8.8.8",		  "2001:db8:8000::1",
					     "::",	     "::ffff:0:10.1.2.3", "255.255.255.255" };
	enum { N = sizeof texts / sizeof *texts };
	ic_ip ip[N];
	uint8_t has_it[N];
	ic_cidrs set = { 0 };
	ic_error err;
	(void)state;
	for (size_t i = 0; i < N; i++)
		ip[i] = ip_of(texts[i]);
	ic_cidrs_has_each(&set, ip, N, has_it);
	for (size_t i = 0; i < N; i++)
		assert_int_equal(has_it[i], 0);
	assert_int_equal(ic_cidrs_init(&set, blocks, sizeof blocks / sizeof *blocks, &err), IC_OK);
	ic_cidrs_has_each(&set, ip, N, has_it);
	for (size_t i = 0; i < N; i++) {
		assert_int_equal(has_it[i], ic_cidrs_has(&set, &ip[i]));
		assert_int_equal(has_it[i], ic_cidrs_has_slow(&set, &ip[i]));
	}
	ic_cidrs_clear(&set);
}

/* Texts that are nearly quads: with vector instructions as without, and as the system's library has it, but for
 * leading zeros, which it refuses too. Each in memory of its own size. */
static void quads(void **state)
{
	(void)state;
	static const char bytes[] = "0123456789...0125/:- a";
	unsigned seed = 3, good = 0;
	for (int i = 0; i < 40000; i++) {
		char text[32];
		int n = 0;
		for (int k = 0; k < 4; k++) {
			seed = seed * 1664525u + 1013904223u;
			const unsigned most = seed >> 30 ? 256 : 1100;
			n += snprintf(text + n, sizeof text - (size_t)n, "%s%u", k ? "." : "",
				      (seed >> 8) % most);
		}
		seed = seed * 1664525u + 1013904223u;
		if (seed >> 31)
			text[(seed >> 16) % (unsigned)n] = bytes[(seed >> 8) % (sizeof bytes - 1)];
		char *own = malloc((size_t)n);
		assert_non_null(own);
		memcpy(own, text, (size_t)n);
		struct in_addr want;
		const bool is = inet_pton(AF_INET, text, &want) == 1;
		for (int level = IC_SIMD_SCALAR; level <= IC_SIMD_AVX512; level++) {
			uint32_t got = 0;
			ic_cpu_simd_limit((ic_simd)level);
			if (ic_quad_parse((ic_str){ own, (uint32_t)n }, &got) != is ||
			    (is && got != ntohl(want.s_addr)))
				fail_msg("level %d: %s", level, text);
		}
		good += is;
		free(own);
	}
	ic_cpu_simd_limit(IC_SIMD_AVX512);
	assert_in_range(good, 10000, 30000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(refused),
		cmocka_unit_test(canonical),
		cmocka_unit_test(agrees_with_libc),
		cmocka_unit_test(refuses_with_libc),
		cmocka_unit_test(classes),
		cmocka_unit_test(cidrs),
		cmocka_unit_test(sets),
		cmocka_unit_test(many_in_sets),
		cmocka_unit_test(quads),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
