/* SPDX-License-Identifier: Apache-2.0 */
#include "../test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "source/packet/http1.h"

/* What a parser told, as text. */
static char told[2048];
static size_t told_n;
static ic_http *parser;
static bool no_body_next;

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
	return true;
}

static bool on_body_end(void *ctx, uint64_t bytes)
{
	(void)ctx;
	told_n += (size_t)snprintf(told + told_n, sizeof told - told_n, "[%llu]", (unsigned long long)bytes);
	return true;
}

static const ic_http_sink sink = { NULL, on_head, on_body_end };

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

static void no_http(void **state)
{
	(void)state;
	assert_int_equal(feed(true, "nonsense\r\n\r\n", 4), IC_HTTP_OTHER);
	assert_int_equal(feed(false, "HTTP/1.1 abc\r\n\r\n", 99), IC_HTTP_OTHER);
	assert_int_equal(feed(true, "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", 99),
			 IC_HTTP_OTHER);
	assert_int_equal(feed(true, "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nab\r\n", 99),
			 IC_HTTP_OTHER);
	char *big = malloc(IC_HTTP_HEAD_MAX + 64);
	memset(big, 'a', IC_HTTP_HEAD_MAX + 63);
	memcpy(big, "GET /", 5);
	big[IC_HTTP_HEAD_MAX + 63] = 0;
	assert_int_equal(feed(true, big, 1000), IC_HTTP_OTHER);
	assert_string_equal(told, "");
	free(big);
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
		{ true, "GET / HTTP/2.0", false, false },
		{ true, "\x16\x03\x01", false, false },
		{ true, "get / HTTP/1.1", false, false },
		{ true, "GET  / HTTP/1.1", false, false },
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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(messages), cmocka_unit_test(no_http),	cmocka_unit_test(answers_to_head),
		cmocka_unit_test(gaps),	    cmocka_unit_test(sniffing),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
