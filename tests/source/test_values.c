/* SPDX-License-Identifier: Apache-2.0 */
#include "support.h"

#define CHECK_STR(value, expected)                                                                           \
	do {                                                                                                 \
		ic_str v_ = (value);                                                                         \
		assert_int_equal(v_.n, strlen(expected));                                                    \
		assert_memory_equal(v_.p, expected, v_.n);                                                   \
	} while (0)

static void test_host_name(void **state)
{
	(void)state;
	static const char *const cases[][2] = {
		{ "Example.COM", "example.com" },
		{ "example.com.", "example.com" },
		{ "example.com:8080", "example.com" },
		{ "Example.com.:443", "example.com" },
		{ " a.b ", "a.b" },
		{ "xn--bcher-kva.example", "xn--bcher-kva.example" },
		{ "b\xc3\xbc"
		  "cher.example",
		  "b\xc3\xbc"
		  "cher.example" },
		{ "localhost", "localhost" },
		{ "host:", "host" },
		{ "1.2.3.example", "1.2.3.example" },
		{ "a1", "a1" },
	};
	static const char *const none[] = { "",		 " ",	  ".",	   "1.2.3.4",	"1.2.3.4:80",
					    "1.2.3.4.",	 "::1",	  "[::1]", "[::1]:443", "fe80::1%eth0",
					    "a b",	 "a/b",	  "a:b",   "a:99999",	"*",
					    "user@host", "a:1:2", "[::1",  "a\x01",	"<script>",
					    "a..",	 "..",	  ".a",	   "a..b",	"[a]",
					    "[x::1]:443" };
	ic_arena a;
	ic_arena_init(&a, 0, NULL);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		CHECK_STR(ic_host_name(&a, ic_str_of(cases[i][0])), cases[i][1]);
	for (size_t i = 0; i < sizeof(none) / sizeof(none[0]); i++)
		assert_null(ic_host_name(&a, ic_str_of(none[i])).p);
	assert_null(ic_host_name(&a, (ic_str){ NULL, 0 }).p);
	char longest[255];
	memset(longest, 'a', sizeof(longest));
	assert_int_equal(ic_host_name(&a, (ic_str){ longest, 253 }).n, 253);
	assert_null(ic_host_name(&a, (ic_str){ longest, 254 }).p);
	/* nothing to change: the slice itself, no copy */
	const char *same = "plain.example";
	assert_ptr_equal(ic_host_name(&a, ic_str_of(same)).p, same);
	ic_arena_clear(&a);
}

static void test_url_split(void **state)
{
	(void)state;
	static const struct {
		const char *url, *scheme, *host, *path;
		int port;
	} cases[] = {
		{ "http://a.example/x?y=1", "http", "a.example", "/x?y=1", 80 },
		{ "HTTPS://A.example", "HTTPS", "A.example", NULL, 443 },
		{ "https://user:pw@a.example:8443/p", "https", "a.example", "/p", 8443 },
		{ "a.example:443", NULL, "a.example", NULL, 443 },
		{ "a.example", NULL, "a.example", NULL, -1 },
		{ "a.example/path", NULL, "a.example", "/path", -1 },
		{ "[2001:db8::1]:443", NULL, "2001:db8::1", NULL, 443 },
		{ "http://[2001:db8::1]/", "http", "2001:db8::1", "/", 80 },
		{ "wss://w.example/s", "wss", "w.example", "/s", 443 },
		{ "gopher://g.example", "gopher", "g.example", NULL, -1 },
		{ "http://a.example?q", "http", "a.example", "?q", 80 },
	};
	static const char *const none[] = { "",
					    "/path",
					    "*",
					    "http://",
					    "http:///x",
					    "mailto:x@y",
					    "a.example:x",
					    "a.example:70000",
					    "data:text/plain,x",
					    "http://a b/",
					    ":80",
					    "?" };
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		ic_url u;
		assert_true(ic_url_split(ic_str_of(cases[i].url), &u));
		assert_true(ic_str_eq(u.scheme, ic_str_of(cases[i].scheme)));
		assert_true(ic_str_eq(u.host, ic_str_of(cases[i].host)));
		assert_true(ic_str_eq(u.path, ic_str_of(cases[i].path)));
		assert_int_equal(u.port, cases[i].port);
	}
	for (size_t i = 0; i < sizeof(none) / sizeof(none[0]); i++) {
		ic_url u;
		if (ic_url_split(ic_str_of(none[i]), &u))
			fail_msg("\"%s\" has no host", none[i]);
	}
}

static void test_service_name(void **state)
{
	(void)state;
	static const char *const cases[][2] = {
		{ "ssl", "tls" },
		{ "tls", "tls" },
		{ "ssl,http", "http" },
		{ "quic,ssl", "quic" },
		{ "http,websocket", "websocket" },
		{ "HTTP", "http" },
		{ "https", "tls" },
		{ "dns", "dns" },
		{ "krb,smb", "krb,smb" },
		{ "gssapi,ssl", "tls" },
		{ "http2", "http" },
		{ "ftp", "ftp" },
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		CHECK_STR(ic_service_name(ic_str_of(cases[i][0])), cases[i][1]);
	assert_null(ic_service_name((ic_str){ NULL, 0 }).p);
	assert_null(ic_service_name(IC_STR("")).p);
	assert_null(ic_service_name(IC_STR("failed")).p);
}

static void http_row(ic_batch *b, const char *method, const char *uri, const char *host, int64_t status)
{
	ic_batch_reset(b);
	b->flags[0] = 0;
	b->stream[0] = IC_STREAM_HTTP;
	b->col[IC_F_METHOD].s[0] = ic_str_of(method);
	b->col[IC_F_URI].s[0] = ic_str_of(uri);
	b->col[IC_F_HOST].s[0] = ic_str_of(host);
	b->col[IC_F_STATUS].i[0] = status;
	ic_fieldset seen = IC_FIELD_BIT(IC_F_METHOD) | IC_FIELD_BIT(IC_F_URI) | IC_FIELD_BIT(IC_F_STATUS);
	ic_batch_null_rest(b, 0, host ? seen | IC_FIELD_BIT(IC_F_HOST) : seen);
	ic_http_row_finish(b, 0);
}

static void test_http_row(void **state)
{
	(void)state;
	ic_batch *b = ic_batch_new(IC_ALL_FIELDS);
	assert_non_null(b);
	http_row(b, "GET", "/x", "Web.Example:8080", 200);
	CHECK_STR(b->col[IC_F_DST_NAME].s[0], "web.example");
	CHECK_STR(b->col[IC_F_SERVICE].s[0], "http");
	assert_int_equal(b->flags[0], 0);
	http_row(b, "CONNECT", "c2.example:443", "proxy.example", 200);
	CHECK_STR(b->col[IC_F_DST_NAME].s[0], "c2.example");
	assert_int_equal(b->flags[0], IC_ROW_PROXIED);
	http_row(b, "GET", "http://c2.example/x", "proxy.example", 200);
	CHECK_STR(b->col[IC_F_DST_NAME].s[0], "c2.example");
	assert_int_equal(b->flags[0], IC_ROW_PROXIED);
	/* a proxied address has no name, and the proxy's name is not its */
	http_row(b, "GET", "http://203.0.113.5/x", "proxy.example", 200);
	assert_true(ic_column_null(&b->col[IC_F_DST_NAME], 0));
	http_row(b, "GET", "/chat", "ws.example", 101);
	CHECK_STR(b->col[IC_F_SERVICE].s[0], "websocket");
	assert_int_equal(b->flags[0], IC_ROW_UPGRADE);
	http_row(b, "GET", "/x", NULL, 200);
	assert_true(ic_column_null(&b->col[IC_F_DST_NAME], 0));
	ic_batch_free(b);
}

static void test_row_keep(void **state)
{
	(void)state;
	uint64_t ports[1024] = { 0 };
	ports[443 >> 6] |= UINT64_C(1) << (443 & 63);
	ic_row_filter f = { .ports = ports, .web_services = true, .since = 100, .until = 200 };
	ic_row_counts c = { 0 };
	ic_batch *b = ic_batch_new(IC_ALL_FIELDS);
	assert_non_null(b);
	ic_batch_reset(b);
	b->stream[0] = IC_STREAM_CONN;
	b->col[IC_F_DST_PORT].i[0] = 443;
	b->col[IC_F_TIME].i[0] = 100;
	const ic_fieldset seen = IC_FIELD_BIT(IC_F_DST_PORT) | IC_FIELD_BIT(IC_F_TIME);
	ic_batch_null_rest(b, 0, seen);
	assert_true(ic_row_keep(&f, b, 0, &c)); /* both ends of the window belong to it */
	b->col[IC_F_TIME].i[0] = 200;
	assert_true(ic_row_keep(&f, b, 0, &c));
	b->col[IC_F_TIME].i[0] = 201;
	assert_false(ic_row_keep(&f, b, 0, &c));
	b->col[IC_F_TIME].i[0] = 99;
	assert_false(ic_row_keep(&f, b, 0, &c));
	assert_int_equal(c.out_time, 2);
	b->col[IC_F_DST_PORT].i[0] = 4444; /* counted once, as a port */
	assert_false(ic_row_keep(&f, b, 0, &c));
	assert_int_equal(c.out_ports, 1);
	assert_int_equal(c.out_time, 2);
	b->col[IC_F_TIME].i[0] = 150;
	b->col[IC_F_SERVICE].s[0] = IC_STR("quic");
	ic_batch_reset(b);
	ic_batch_null_rest(b, 0, seen | IC_FIELD_BIT(IC_F_SERVICE));
	assert_true(ic_row_keep(&f, b, 0, &c));
	f.web_services = false;
	assert_false(ic_row_keep(&f, b, 0, &c));
	b->stream[0] = IC_STREAM_DNS;
	assert_true(ic_row_keep(&f, b, 0, &c));
	ic_batch_free(b);
}

/* Many rows at once, as one by one. third: the port of every fifth row; 0: it has none. */
static void check_rows_keep(int64_t third, ic_stream stream)
{
	uint64_t ports[1024] = { 0 };
	ports[443 >> 6] |= UINT64_C(1) << (443 & 63);
	const int64_t some[] = { 443, 80, third, 443, 65535 };
	const uint64_t no_ports[1024] = { 0 };
	const ic_row_filter filters[] = { { ports, false, IC_TIME_NONE, IC_TIME_NONE },
					  { no_ports, true, 102, 107 }, /* each row is looked at closely */
					  { ports, true, IC_TIME_NONE, IC_TIME_NONE },
					  { NULL, false, IC_TIME_NONE, IC_TIME_NONE },
					  { ports, true, 102, 107 } };
	ic_batch *b = ic_batch_new(IC_ALL_FIELDS);
	assert_non_null(b);
	ic_batch_reset(b);
	b->rows = 60;
	for (uint32_t i = 0; i < 20; i++) {
		const uint32_t row = b->rows + i;
		b->stream[row] = (uint8_t)stream;
		b->col[IC_F_DST_PORT].i[row] = some[i % 5];
		b->col[IC_F_TIME].i[row] = 100 + i;
		b->col[IC_F_SERVICE].s[row] = i % 3 ? IC_STR("tls") : IC_STR("dns");
		ic_batch_null_rest(b, row,
				   IC_FIELD_BIT(IC_F_TIME) | IC_FIELD_BIT(IC_F_SERVICE) |
				       (some[i % 5] ? IC_FIELD_BIT(IC_F_DST_PORT) : 0));
	}
	for (size_t k = 0; k < sizeof(filters) / sizeof(filters[0]); k++) {
		ic_row_counts one = { 0 }, all = { 0 };
		uint16_t kept[21];
		uint32_t n = 0;
		kept[20] = 4711;
		const uint32_t found = ic_rows_keep(&filters[k], b, 20, kept, &all);
		assert_int_equal(kept[20], 4711); /* no place for more than the rows */
		for (uint32_t i = 0; i < 20; i++)
			if (ic_row_keep(&filters[k], b, b->rows + i, &one))
				assert_int_equal(kept[n++], i);
		assert_int_equal(found, n);
		assert_int_equal(all.out_ports, one.out_ports);
		assert_int_equal(all.out_time, one.out_time);
	}
	ic_batch_free(b);
}

static void test_rows_keep(void **state)
{
	static const int64_t thirds[] = { 0, 1, 443, 65536, 65536 + 443, -1 };
	(void)state;
	for (size_t i = 0; i < sizeof(thirds) / sizeof(thirds[0]); i++) {
		check_rows_keep(thirds[i], IC_STREAM_CONN);
		check_rows_keep(thirds[i], IC_STREAM_DNS);
	}
}

static void test_row_bad(void **state)
{
	(void)state;
	ic_row_counts c = { 0 };
	ic_row_bad(&c, 7, 3, "time is not a number: %.40s", "abc");
	ic_row_bad(&c, 9, 1, "another");
	assert_int_equal(c.bad, 2);
	assert_int_equal(c.sample_line, 7);
	assert_int_equal(c.sample_column, 3);
	assert_string_equal(c.sample, "time is not a number: abc");
}

static void test_cell_time(void **state)
{
	(void)state;
	static const struct {
		const char *text;
		int64_t unit;
		const char *expected;
	} cases[] = {
		{ "1714557600.25", IC_TICKS_S, "2024-05-01T10:00:00.25Z" },
		{ "1714557600250", IC_TICKS_MS, "2024-05-01T10:00:00.25Z" },
		{ "1714557600250.5", IC_TICKS_MS, "2024-05-01T10:00:00.2505Z" },
		{ "1714557600250000", IC_TICKS_US, "2024-05-01T10:00:00.25Z" },
		{ "1714557600250000000", 0, "2024-05-01T10:00:00.25Z" },
		{ "2024-05-01T10:00:00.1234567Z", IC_TICKS_S, "2024-05-01T10:00:00.1234567Z" },
		{ "2024-05-01 12:00:00+02:00", IC_TICKS_MS, "2024-05-01T10:00:00Z" },
		{ "5/1/2024 10:00:00.123 PM", IC_TICKS_S, "2024-05-01T22:00:00.123Z" },
		{ "May 1, 2024 10:00:00 AM", IC_TICKS_S, "2024-05-01T10:00:00Z" },
		{ "May 1, 2024, 12:00:00.5 AM", IC_TICKS_S, "2024-05-01T00:00:00.5Z" },
		{ "Dec 31, 2023 23:59:59", IC_TICKS_S, "2023-12-31T23:59:59Z" },
		{ "5/1/2024 1:00:00\xe2\x80\xafPM", IC_TICKS_S, "2024-05-01T13:00:00Z" },
		{ "5/1/2024 10:00", IC_TICKS_S, "2024-05-01T10:00:00Z" },
		{ "5/1/2024, 1:00 PM", IC_TICKS_S, "2024-05-01T13:00:00Z" },
		{ "2024-05-01 10:00", IC_TICKS_S, "2024-05-01T10:00:00Z" },
		{ "2024/05/01 10:00:00.5", IC_TICKS_S, "2024-05-01T10:00:00.5Z" },
		{ "2024-05-01 10:00:00 UTC", IC_TICKS_S, "2024-05-01T10:00:00Z" },
		{ "2024-05-01 10:00:00 +0200", IC_TICKS_S, "2024-05-01T08:00:00Z" },
		{ "1.5.2024 9:00:00", IC_TICKS_S, "2024-05-01T09:00:00Z" },
		{ "13.05.2024, 10:00:00,123", IC_TICKS_S, "2024-05-13T10:00:00.123Z" },
		{ "1 May 2024, 9:00:00", IC_TICKS_S, "2024-05-01T09:00:00Z" },
		{ "01-May-2024 10:00", IC_TICKS_S, "2024-05-01T10:00:00Z" },
		{ "Sept. 1, 2024 1:00:00 pm", IC_TICKS_S, "2024-09-01T13:00:00Z" },
		{ "Wed, 01 May 2024 10:00:00 GMT", IC_TICKS_S, "2024-05-01T10:00:00Z" },
		{ "Wed May  1 10:00:00.25 2024", IC_TICKS_S, "2024-05-01T10:00:00.25Z" },
		{ "May 1, 2024 @ 10:00:00.250", IC_TICKS_S, "2024-05-01T10:00:00.25Z" },
		{ "01/May/2024:10:00:00 -0200", IC_TICKS_S, "2024-05-01T12:00:00Z" },
	};
	static const char *const none[] = { "",
					    "abc",
					    "-1",
					    "2024-13-01T00:00:00Z",
					    "99999999999999999999",
					    "May",
					    "May 1",
					    "May 41, 2024 10:00:00 AM",
					    "May 1, 2024 13:00:00 AM",
					    "May 1 Jun 2024 10:00:00",
					    "May 1, 2, 2024 10:00:00",
					    "May 1, 2024 10:00:00 10:00:00",
					    "May 1, 2024 10:00:00 +9",
					    "May 1, 2024 soon",
					    "13/5/2024 10:00:00",
					    "5.13.2024 10:00:00",
					    "2024-05/01 10:00:00",
					    "2024-05-01 10",
					    "2024-05-01 10:00:",
					    "2024-05-01 10:00:00 CET",
					    "1e400",
					    "NaN",
					    "inf",
					    "--" };
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char text[64];
		int64_t t = -1;
		assert_true(ic_cell_time(ic_str_of(cases[i].text), cases[i].unit, &t));
		(void)ic_time_format_short(t, text);
		assert_string_equal(text, cases[i].expected);
	}
	for (size_t i = 0; i < sizeof(none) / sizeof(none[0]); i++) {
		int64_t t;
		if (ic_cell_time(ic_str_of(none[i]), IC_TICKS_S, &t) ||
		    ic_cell_time(ic_str_of(none[i]), IC_TICKS_MS, &t))
			fail_msg("\"%s\" is no time", none[i]);
	}
}

static void test_transport(void **state)
{
	(void)state;
	static const char *const cases[][2] = { { "6", "tcp" },	 { "TcpV4", "tcp" }, { "UDP", "udp" },
						{ "17", "udp" }, { "58", "icmp" },   { "IPv6-ICMP", "icmp" },
						{ "GRE", "gre" } };
	ic_arena a;
	ic_arena_init(&a, 0, NULL);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		CHECK_STR(ic_transport_name(&a, ic_str_of(cases[i][0])), cases[i][1]);
	ic_arena_clear(&a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_host_name),    cmocka_unit_test(test_url_split),
		cmocka_unit_test(test_service_name), cmocka_unit_test(test_http_row),
		cmocka_unit_test(test_row_keep),     cmocka_unit_test(test_rows_keep),
		cmocka_unit_test(test_row_bad),	     cmocka_unit_test(test_cell_time),
		cmocka_unit_test(test_transport),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
