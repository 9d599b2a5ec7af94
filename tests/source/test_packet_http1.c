/* SPDX-License-Identifier: Apache-2.0 */
#include "../test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "source/packet/http1.h"
#include "source/packet/websocket.h"

/* What a parser told, as text. */
static char told[2048];
static size_t told_n;
static ic_http *parser;
static bool no_body_next, stop_next;
static unsigned lost_n;

static bool on_head(void *ctx, const ic_http_head *h)
{
	(void)ctx;
	int n;
	if (h->request)
		n = snprintf(told + told_n, sizeof told - told_n, "%.*s %.*s host=%.*s ua=%.*s%s%s;",
			     (int)h->method.n, h->method.p, (int)h->target.n, h->target.p, (int)h->host.n,
			     h->host.p ? h->host.p : "", (int)h->user_agent.n,
			     h->user_agent.p ? h->user_agent.p : "", h->websocket ? " ws" : "",
			     h->malformed ? " malformed" : "");
	else
		n = snprintf(told + told_n, sizeof told - told_n, "%u %.*s;", h->status,
			     (int)h->content_type.n, h->content_type.p ? h->content_type.p : "");
	told_n += (size_t)n;
	if (no_body_next)
		ic_http_next_has_no_body(parser);
	if (stop_next)
		ic_http_stop(parser);
	return true;
}

static bool on_body_end(void *ctx, uint64_t bytes)
{
	(void)ctx;
	told_n += (size_t)snprintf(told + told_n, sizeof told - told_n, "[%llu]", (unsigned long long)bytes);
	return true;
}

static void on_lost(void *ctx)
{
	(void)ctx;
	lost_n++;
}

static const ic_http_sink sink = { NULL, on_head, on_body_end, on_lost };

/* In pieces of `step` bytes; from a block of the piece's size. */
static ic_http_state feed(bool requests, const char *text, size_t step)
{
	ic_http_state st = IC_HTTP_GOES_ON;
	size_t n = strlen(text), used;
	told[0] = 0;
	told_n = 0;
	parser = ic_http_new(requests);
	for (size_t at = 0; at < n && st == IC_HTTP_GOES_ON; at += step) {
		size_t part = n - at < step ? n - at : step;
		uint8_t *p = malloc(part);
		memcpy(p, text + at, part);
		st = ic_http_feed(parser, p, part, &used, &sink);
		free(p);
	}
	ic_http_close(parser, &sink);
	ic_http_free(parser);
	return st;
}

static void messages(void **state)
{
	static const struct {
		bool requests;
		const char *text, *told;
	} cases[] = {
		{ true, "GET /a?b HTTP/1.1\r\nHost: h:80\r\nUser-Agent:  curl/8 \r\n\r\n",
		  "GET /a?b host=h:80 ua=curl/8;[0]" },
		{ true, /* pipelined, with bodies and blank lines between */
		  "POST / HTTP/1.1\r\nContent-Length: 5\r\n\r\nGET /\r\n\r\nGET /2 HTTP/1.0\r\n\r\n",
		  "POST / host= ua=;[5]GET /2 host= ua=;[0]" },
		{ true,
		  "PUT /c HTTP/1.1\r\nTransfer-Encoding: gzip, Chunked\r\n\r\n5;x=y\r\nhello\r\n"
		  "a\r\n0123456789\r\n0\r\nTrailer: t\r\n\r\nGET /n HTTP/1.1\r\n\r\n",
		  "PUT /c host= ua=;[15]GET /n host= ua=;[0]" },
		{ true, "CONNECT c2.example:443 HTTP/1.1\nHost: c2.example:443\n\n",
		  "CONNECT c2.example:443 host=c2.example:443 ua=;[0]" },
		{ true, "GET http://h.example/x HTTP/1.1\r\nhOsT:h.example\r\n\r\n",
		  "GET http://h.example/x host=h.example ua=;[0]" },
		{ true, "GET /ws HTTP/1.1\r\nUpgrade: h2c, WebSocket\r\nConnection: Upgrade\r\n\r\n",
		  "GET /ws host= ua= ws;[0]" },
		{ true, "GET /a b HTTP/1.1\r\nHost: one\r\nHost: two\r\nrubbish\r\n folded: x\r\n\r\n",
		  "GET /a b host=one ua= malformed;[0]" },
		{ true, "POST / HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n!",
		  "POST / host= ua= malformed;[1]" },
		{ true, "POST / HTTP/1.1\r\nContent-Length: -1\r\n\r\n", "POST / host= ua= malformed;[0]" },
		{ false,
		  "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Type: text/html\r\n"
		  "Content-Length: 2\r\n\r\nhiHTTP/1.1 304 Not Modified\r\nContent-Length: 9\r\n\r\n"
		  "HTTP/1.0 404 x\r\n\r\nto the end",
		  "100 ;[0]200 text/html;[2]304 ;[0]404 ;[10]" },
		{ false, "HTTP/1.1 200\r\nContent-Length: 0\r\n\r\nHTTP/1.1 204 x\r\n\r\n",
		  "200 ;[0]204 ;[0]" },
	};
	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		size_t n = strlen(cases[i].text);
		for (size_t step = n; step; step--) { /* any cut gives the same */
			assert_int_equal(feed(cases[i].requests, cases[i].text, step), IC_HTTP_GOES_ON);
			assert_string_equal(told, cases[i].told);
		}
	}
}

/* What makes no sense is passed up to the next message, and counted. */
static void nonsense(void **state)
{
	static const struct {
		bool requests;
		const char *text, *told;
		unsigned lost;
	} cases[] = {
		{ true, "nonsense\r\n\r\n", "", 1 },
		{ true, "nonsense\r\n\r\nGET /n HTTP/1.1\r\n\r\n", "GET /n host= ua=;[0]", 1 },
		{ true, "\1\2\3 / HTTP/1.1\r\nHost: a\r\n\r\nmore\r\nGET /n HTTP/1.1\r\n\r\n",
		  "GET /n host= ua=;[0]", 1 },
		/* neither a head without an end nor one of HTTP/0.9 swallows what follows */
		{ true, "GET /a HTTP/1.1\r\nHost: a\r\nGET /b HTTP/1.1\r\nHost: b\r\n\r\n",
		  "GET /a host=a ua= malformed;GET /b host=b ua=;[0]", 0 },
		{ true, "GET /a\r\nGET /b HTTP/1.1\r\n\r\n",
		  "GET /a host= ua= malformed;GET /b host= ua=;[0]", 0 },
		{ true, "GET /a HTTP/1.1\r\nX-Y: GET /b HTTP/1.1\r\n\r\n", "GET /a host= ua=;[0]", 0 },
		/* chunks that are none: the line itself may be the next request */
		{ true, "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\nGET /n HTTP/1.1\r\n\r\n",
		  "POST / host= ua=;GET /n host= ua=;[0]", 1 },
		{ true,
		  "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nab\r\n"
		  "GET /n HTTP/1.1\r\n\r\n",
		  "POST / host= ua=;GET /n host= ua=;[0]", 1 },
		{ true, "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nGET /n HTTP/1.1\r\n\r\n",
		  "POST / host= ua=;GET /n host= ua=;[0]", 1 },
		{ false, "HTTP/1.1 abc\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", "200 ;[0]", 1 },
		{ false, "x 200\r\n", "", 1 },
	};
	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		for (size_t step = strlen(cases[i].text); step; step--) {
			lost_n = 0;
			assert_int_equal(feed(cases[i].requests, cases[i].text, step), IC_HTTP_GOES_ON);
			assert_string_equal(told, cases[i].told);
			assert_int_equal(lost_n, cases[i].lost);
		}
	}
}

/* Heads and lines have their bounds; behind the line that is too long reading goes on. */
static void long_lines(void **state)
{
	static const char next[] = "\r\nGET /n HTTP/1.1\r\n\r\n";
	(void)state;
	for (unsigned turn = 0; turn < 2; turn++) { /* a head; a line that is looked at for one */
		const char *start = turn ? "?\r\nGET /" : "GET /";
		const size_t n = strlen(start), all = IC_HTTP_HEAD_MAX + 64;
		char *big = malloc(all + sizeof next);
		memset(big, 'a', all);
		memcpy(big, start, n);
		memcpy(big + all, next, sizeof next);
		for (size_t step = 500; step < 2 * all; step *= 3) {
			lost_n = 0;
			(void)feed(true, big, step);
			assert_string_equal(told, "GET /n host= ua=;[0]");
			assert_int_equal(lost_n, 1);
		}
		free(big);
	}
}

static void stopped(void **state)
{
	static const char text[] = "HTTP/1.1 101 x\r\n\r\n\x81\x01!";
	size_t used;
	(void)state;
	told_n = 0;
	stop_next = true;
	parser = ic_http_new(false);
	assert_int_equal(ic_http_feed(parser, (const uint8_t *)text, sizeof text - 1, &used, &sink),
			 IC_HTTP_OTHER);
	assert_int_equal(used, sizeof text - 4);
	assert_int_equal(ic_http_feed(parser, (const uint8_t *)"x", 1, &used, &sink), IC_HTTP_OTHER);
	assert_int_equal(used, 0);
	ic_http_free(parser);
	stop_next = false;
}

static void answers_to_head(void **state)
{
	(void)state;
	no_body_next = true;
	(void)feed(false, "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nHTTP/1.1 201 x\r\n\r\n", 7);
	no_body_next = false;
	assert_string_equal(told, "200 ;[0]201 ;[0]");
}

static void gaps(void **state)
{
	static const char head[] = "POST / HTTP/1.1\r\nContent-Length: 10\r\n\r\nab",
			  next[] = "ijGET /n HTTP/1.1\r\n\r\n";
	size_t used;
	(void)state;
	for (unsigned lost = 6; lost <= 40; lost += 34) { /* inside of the body, and far past it */
		told_n = 0;
		parser = ic_http_new(true);
		ic_http_feed(parser, (const uint8_t *)head, sizeof head - 1, &used, &sink);
		ic_http_gap(parser, lost);
		ic_http_feed(parser, (const uint8_t *)"rest of it\r\n", lost == 6 ? 0 : 12, &used, &sink);
		const char *p = lost == 6 ? next : next + 2;
		ic_http_feed(parser, (const uint8_t *)p, strlen(p), &used, &sink);
		assert_string_equal(told, lost == 6 ? "POST / host= ua=;[10]GET /n host= ua=;[0]"
						    : "POST / host= ua=;GET /n host= ua=;[0]");
		ic_http_free(parser);
	}
}

static void sniffing(void **state)
{
	static const struct {
		bool requests;
		const char *text;
		bool is, more;
	} cases[] = {
		{ true, "GET / HTTP/1.1\r\n", true, false },
		{ true, "GET /", false, true },
		{ true, "GE", false, true },
		{ true, "GET / HTTP/2.0", false, true },
		{ true, "GET / HTTP/2.0\r\n", false, false },
		{ true, "GET /a b HTTP/1.1\r\n", true, false },
		{ true, "GET HTTP/1.1\r\n", true, false },
		{ true, "EHLO mail\r\n", false, false },
		{ true, "\x16\x03\x01", false, false },
		{ true, "get / HTTP/1.1", false, false },
		{ true, "GET  / HTTP/1.1", true, false },
		{ true, "M-SEARCH * HTTP/1.1", true, false },
		{ false, "HTTP/1.1 200 OK", true, false },
		{ false, "HTT", false, true },
		{ false, "220 smtp", false, false },
		{ true, "SSH-2.0-x", false, false },
		{ true, "PRI * HTTP/2.0\r\n\r\n", false, false },
	};
	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		bool more;
		assert_int_equal(ic_http_sniff(cases[i].requests, (const uint8_t *)cases[i].text,
					       strlen(cases[i].text), &more),
				 cases[i].is);
		assert_int_equal(more, cases[i].more);
	}
}

static void websocket(void **state)
{
	/* a masked text of 3 bytes, a ping, 200 compressed bytes with a 16 bit length, a part, its end of 0 bytes */
	static const uint8_t head[] = { 0x81, 0x83, 1, 2, 3, 4, 'a', 'b', 'c', 0x89, 0, 0xc2, 126, 0, 200 };
	static const uint8_t tail[] = { 0x01, 1, 'x', 0x80, 0 };
	uint8_t all[sizeof head + 200 + sizeof tail];
	static const ic_ws_frame want[] = {
		{ 1, true, true, false, false, 3 },   { 9, true, false, true, false, 0 },
		{ 2, true, false, false, true, 200 }, { 1, false, false, false, false, 1 },
		{ 0, true, false, false, false, 0 },
	};
	(void)state;
	memset(all, 0xff, sizeof all);
	memcpy(all, head, sizeof head);
	memcpy(all + sizeof head + 200, tail, sizeof tail);
	for (size_t step = 1; step <= sizeof all; step++) {
		ic_ws w = { 0 };
		ic_ws_frame f;
		unsigned n = 0;
		bool bad;
		for (size_t from = 0; from < sizeof all; from += step) {
			size_t part = sizeof all - from < step ? sizeof all - from : step, at = 0;
			while (ic_ws_next(&w, all + from, part, &at, &f, &bad)) {
				assert_true(n < 5);
				assert_int_equal(f.opcode, want[n].opcode);
				assert_int_equal(f.final, want[n].final);
				assert_int_equal(f.masked, want[n].masked);
				assert_int_equal(f.control, want[n].control);
				assert_int_equal(f.compressed, want[n].compressed);
				assert_int_equal(f.length, want[n].length);
				n++;
			}
			assert_false(bad);
		}
		assert_int_equal(n, 5);
	}
	static const uint8_t wrong[][2] = {
		{ 0x83, 0 }, { 0x89, 126 }, { 0x09, 0 }, { 0x8b, 0 }, { 0xa1, 0 }
	};
	for (size_t i = 0; i < 5; i++) {
		const uint8_t p[4] = { wrong[i][0], wrong[i][1], 0, 200 };
		ic_ws w = { 0 };
		ic_ws_frame f;
		size_t at = 0;
		bool bad;
		assert_false(ic_ws_next(&w, p, 4, &at, &f, &bad));
		assert_true(bad);
	}
	ic_ws w = { .left = 10 };
	assert_true(ic_ws_gap(&w, 10));
	assert_false(ic_ws_gap(&w, 1));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(messages), cmocka_unit_test(nonsense),	       cmocka_unit_test(long_lines),
		cmocka_unit_test(stopped),  cmocka_unit_test(answers_to_head), cmocka_unit_test(gaps),
		cmocka_unit_test(sniffing), cmocka_unit_test(websocket),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
