/* SPDX-License-Identifier: Apache-2.0 */
#include "source/packet/http1.h"

#include <string.h>

#include "base/hex.h"

enum {
	HEAD_FIRST = 2048,
	METHOD_MAX = 20,
	LINES_MAX = 1000,
	CHUNK_LINE_MAX = 4096,
	START_LINE_MAX = 8192, /* that is looked at to find the next message */
};

typedef enum phase {
	IN_HEAD,
	IN_BODY,       /* `left` bytes of it */
	IN_CHUNK_LINE, /* "1a;name=value\r\n" */
	IN_CHUNK,      /* `left` bytes, then a line end */
	IN_CHUNK_END,
	IN_TRAILER,
	TO_THE_END, /* a body that ends with the connection */
	LOST,	    /* looking for a line that starts a message */
	LOST_LINE,  /* the same, behind the end of this line */
	OVER,
} phase;

struct ic_http {
	bool requests;
	phase phase;
	bool next_has_no_body;
	char *buf; /* a head, or a line of chunks */
	size_t n, room;
	size_t line; /* of a head: where its last line begins */
	uint64_t left, body;
};

ic_http *ic_http_new(bool requests)
{
	ic_http *h = ic_calloc(1, sizeof *h);
	if (h)
		h->requests = requests;
	return h;
}

void ic_http_free(ic_http *h)
{
	if (h)
		ic_free(h->buf);
	ic_free(h);
}

size_t ic_http_bytes(const ic_http *h)
{
	return h ? sizeof *h + h->room : 0;
}

void ic_http_next_has_no_body(ic_http *h)
{
	h->next_has_no_body = true;
}

void ic_http_stop(ic_http *h)
{
	h->phase = OVER;
}

/* ---- sniffing ---- */

/* RFC 9110: a token; methods that are met are letters, a few have '-' or '_'. */
static bool is_method(char c)
{
	return (c >= 'A' && c <= 'Z') || c == '-' || c == '_';
}

bool ic_http_sniff(bool requests, const uint8_t *p, size_t n, bool *more)
{
	static const char version[] = "HTTP/1.";
	*more = false;
	if (!requests) {
		size_t look = n < sizeof version - 1 ? n : sizeof version - 1;
		*more = look < sizeof version - 1;
		return memcmp(p, version, look) == 0 && !*more;
	}
	size_t i = 0;
	while (i < n && i < METHOD_MAX && is_method((char)p[i]))
		i++;
	if (i == n && n < METHOD_MAX) {
		*more = true;
		return false;
	}
	if (i < 3 || i == METHOD_MAX || p[i] != ' ')
		return false;
	if (n - i > sizeof version - 1 && memcmp(p + i + 1, version, sizeof version - 1) == 0)
		return true; /* without a target */
	/* The target: printable, in bad ones with spaces too, and the version behind it if the line is there. */
	size_t at = i + 1;
	while (at < n && p[at] >= 0x20) {
		const size_t left = n - at - 1, look = left < sizeof version - 1 ? left : sizeof version - 1;
		if (p[at] == ' ' && at > i + 1 && memcmp(p + at + 1, version, look) == 0) {
			*more = look < sizeof version - 1;
			return !*more;
		}
		at++;
	}
	*more = at == n && n < IC_HTTP_HEAD_MAX;
	return false;
}

/* ---- heads ---- */

static bool is_space(char c)
{
	return c == ' ' || c == '\t';
}

static ic_str trim(const char *p, const char *end)
{
	while (p < end && is_space(*p))
		p++;
	while (p < end && (is_space(end[-1]) || end[-1] == '\r'))
		end--;
	return (ic_str){ p, (uint32_t)(end - p) };
}

static bool has_token(ic_str list, ic_str token)
{
	for (uint32_t at = 0; at < list.n;) {
		uint32_t end = at;
		while (end < list.n && list.p[end] != ',')
			end++;
		if (ic_str_ieq(trim(list.p + at, list.p + end), token))
			return true;
		at = end + 1;
	}
	return false;
}

static int64_t number(ic_str s)
{
	int64_t v = 0;
	if (s.n == 0 || s.n > 18)
		return -1;
	for (uint32_t i = 0; i < s.n; i++) {
		if (s.p[i] < '0' || s.p[i] > '9')
			return -1;
		v = v * 10 + (s.p[i] - '0');
	}
	return v;
}

/* RFC 9110, 5.6.2 */
static bool is_token(char c)
{
	return (c >= '0' && c <= '9') || ((c | 0x20) >= 'a' && (c | 0x20) <= 'z') ||
	       (c && strchr("!#$%&'*+-.^_`|~", c));
}

/* "GET /x HTTP/1.1", "HTTP/1.1 200 OK" */
static bool first_line(bool request, ic_str line, ic_http_head *ret)
{
	const char *end = line.p + line.n, *a = memchr(line.p, ' ', line.n);
	if (!a)
		return false;
	if (!request) {
		ic_str code = { a + 1, 3 };
		if (line.n < 12 || end - a < 4 || number(code) < 100 || memcmp(line.p, "HTTP/1.", 7) != 0)
			return false;
		ret->minor = line.p[7] == '0' ? 0 : 1;
		ret->status = (unsigned)number(code);
		return true;
	}
	const char *b = end;
	while (b > a + 1 && b[-1] != ' ')
		b--;
	ret->method = (ic_str){ line.p, (uint32_t)(a - line.p) };
	ret->minor = 1;
	for (uint32_t i = 0; i < ret->method.n; i++)
		if (!is_token(ret->method.p[i]))
			return false;
	if (end - a > 5 && b == a + 1 && memcmp(b, "HTTP/", 5) == 0) {
		ret->target = (ic_str){ b, 0 };
		return ret->malformed = true;
	}
	if (b <= a + 1) { /* HTTP/0.9 has no version */
		ret->target = trim(a + 1, end);
		ret->malformed = true;
		return ret->target.n > 0;
	}
	ret->target = trim(a + 1, b - 1);
	ret->malformed = end - b < 8 || memcmp(b, "HTTP/1.", 7) != 0;
	ret->minor = !ret->malformed && b[7] == '0' ? 0 : 1;
	return ret->target.n > 0;
}

static void field(ic_http_head *h, ic_str name, ic_str value, ic_str *connection)
{
	const struct {
		ic_str name;
		ic_str *to;
	} known[] = {
		{ IC_STR("host"), &h->host },
		{ IC_STR("user-agent"), &h->user_agent },
		{ IC_STR("referer"), &h->referrer },
		{ IC_STR("content-type"), &h->content_type },
		{ IC_STR("content-encoding"), &h->content_encoding },
		{ IC_STR("upgrade"), &h->upgrade },
		{ IC_STR("connection"), connection },
	};
	for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
		if (!ic_str_ieq(name, known[i].name))
			continue;
		if (!known[i].to->p)
			*known[i].to = value;
		return;
	}
	if (ic_str_ieq(name, IC_STR("content-length"))) {
		int64_t v = number(value);
		h->malformed |= v < 0 || (h->content_length >= 0 && h->content_length != v);
		h->content_length = h->content_length < 0 ? v : h->content_length;
	} else if (ic_str_ieq(name, IC_STR("transfer-encoding"))) {
		h->chunked |= has_token(value, IC_STR("chunked"));
	}
}

/* A line that certainly starts a message, wherever it is met. */
static bool starts_message(bool request, const char *p, size_t n)
{
	ic_http_head h = { .request = request };
	if (!first_line(request, trim(p, p + n), &h) || h.malformed || is_space(*p))
		return false;
	if (!request)
		return true;
	bool plain = h.method.n >= 3 && h.method.n < METHOD_MAX;
	for (uint32_t i = 0; plain && i < h.method.n; i++)
		plain = is_method(h.method.p[i]);
	return plain;
}

/* The head in h->buf[0..n), whose first line was looked at. */
static void parse_head(const ic_http *h, size_t n, ic_http_head *ret)
{
	const char *p = h->buf, *end = p + n;
	ic_str connection = { NULL, 0 };
	*ret = (ic_http_head){ .request = h->requests, .content_length = -1 };
	unsigned lines = 0;
	for (const char *line_end; p < end && (line_end = memchr(p, '\n', (size_t)(end - p)));
	     p = line_end + 1, lines++) {
		ic_str line = trim(p, line_end);
		if (lines == 0) {
			(void)first_line(h->requests, line, ret);
			continue;
		}
		if (line.n == 0 || lines > LINES_MAX)
			break;
		const char *colon = memchr(line.p, ':', line.n);
		if (is_space(*p) || !colon) { /* a folded line, or rubbish */
			ret->malformed |= !is_space(*p);
			continue;
		}
		field(ret, trim(line.p, colon), trim(colon + 1, line.p + line.n), &connection);
	}
	ret->keep_alive = ret->minor ? !has_token(connection, IC_STR("close"))
				     : has_token(connection, IC_STR("keep-alive"));
	ret->websocket = has_token(ret->upgrade, IC_STR("websocket"));
}

/* ---- bytes ---- */

static bool append(ic_http *h, const uint8_t *p, size_t n)
{
	if (h->n + n > h->room) {
		size_t room = h->room ? h->room : HEAD_FIRST;
		while (room < h->n + n)
			room *= 2;
		char *buf = ic_realloc(h->buf, room);
		if (!buf)
			return false;
		h->buf = buf;
		h->room = room;
	}
	memcpy(h->buf + h->n, p, n);
	h->n += n;
	return true;
}

/* Takes bytes into the buffer up to and with the next line end; *line: it is there. False: no memory. */
static bool take_line(ic_http *h, const uint8_t *p, size_t n, size_t *at, size_t most, bool *line, bool *over)
{
	const uint8_t *end = memchr(p + *at, '\n', n - *at);
	size_t length = end ? (size_t)(end - (p + *at)) + 1 : n - *at;
	*line = end != NULL;
	*over = h->n + length > most;
	if (*over)
		return true;
	if (!append(h, p + *at, length))
		return false;
	*at += length;
	return true;
}

static bool end_of_message(ic_http *h, const ic_http_sink *sink)
{
	h->phase = IN_HEAD;
	h->n = h->line = 0;
	return sink->body_end(sink->ctx, h->body);
}

/* What follows a head, by RFC 9112 section 6.3. */
static bool begin_body(ic_http *h, const ic_http_head *head, const ic_http_sink *sink)
{
	bool interim = !head->request && head->status < 200 && head->status != 101;
	bool none = h->next_has_no_body || head->status == 204 || head->status == 304 || interim;
	h->body = 0;
	h->n = h->line = 0;
	if (!interim)
		h->next_has_no_body = false;
	if (none || head->status == 101)
		return end_of_message(h, sink);
	if (head->chunked) {
		h->phase = IN_CHUNK_LINE;
	} else if (head->content_length > 0) {
		h->phase = IN_BODY;
		h->left = (uint64_t)head->content_length;
	} else if (head->content_length == 0 || head->request) {
		return end_of_message(h, sink);
	} else {
		h->phase = TO_THE_END;
	}
	return true;
}

static bool head_is_whole(const ic_http *h)
{
	size_t n = h->n;
	return (n >= 2 && h->buf[n - 1] == '\n' && h->buf[n - 2] == '\n') ||
	       (n >= 3 && memcmp(h->buf + n - 3, "\n\r\n", 3) == 0);
}

/* Reading goes on with the line in the buffer if a message starts there, else behind it. */
static void resume(ic_http *h)
{
	const bool here = starts_message(h->requests, h->buf, h->n);
	h->phase = here ? IN_HEAD : LOST;
	h->n = h->line = here ? h->n : 0;
}

/* The line in the buffer makes no sense. */
static void lose(ic_http *h, const ic_http_sink *sink)
{
	if (sink->lost)
		sink->lost(sink->ctx);
	resume(h);
}

/* The line is longer than any that is looked at. */
static void lose_line(ic_http *h, const ic_http_sink *sink)
{
	if (sink->lost && h->phase != LOST)
		sink->lost(sink->ctx);
	h->phase = LOST_LINE;
	h->n = h->line = 0;
}

/* A message starts before the head in front of it has ended: that one is told as far as it goes. */
static bool cut_head(ic_http *h, const ic_http_sink *sink)
{
	ic_http_head head;
	const size_t line = h->line;
	parse_head(h, line, &head);
	head.malformed = true;
	h->n -= line;
	h->line = h->n;
	bool ok = sink->head(sink->ctx, &head);
	h->next_has_no_body = false;
	memmove(h->buf, h->buf + line, h->n);
	return ok;
}

/* With a whole line more. */
static bool take_head_line(ic_http *h, const ic_http_sink *sink)
{
	const char *line = h->buf + h->line;
	const size_t n = h->n - h->line;
	ic_http_head head = { .request = h->requests };
	if (h->line == 0 && !first_line(h->requests, trim(line, line + n), &head)) {
		lose(h, sink);
		return true;
	}
	if (h->line && starts_message(h->requests, line, n))
		return cut_head(h, sink);
	h->line = h->n;
	if (!head_is_whole(h))
		return true;
	parse_head(h, h->n, &head);
	bool ok = sink->head(sink->ctx, &head);
	return ok && (h->phase == OVER || begin_body(h, &head, sink));
}

/* These take bytes from p[*at..n). False: out of memory, or the sink failed. */
static bool take_head(ic_http *h, const uint8_t *p, size_t n, size_t *at, const ic_http_sink *sink)
{
	bool line, over;
	/* Blank lines between messages are passed. */
	while (h->n == 0 && *at < n && (p[*at] == '\r' || p[*at] == '\n'))
		++*at;
	if (*at == n)
		return true;
	if (!take_line(h, p, n, at, IC_HTTP_HEAD_MAX, &line, &over))
		return false;
	if (over)
		lose_line(h, sink);
	return !line || over || take_head_line(h, sink);
}

/* The size of a chunk; -1: none. */
static int64_t chunk_size(const char *p, size_t n)
{
	int64_t v = 0;
	size_t i = 0;
	for (; i < n && i < 15; i++) {
		int d = ic_hex_digit(p[i]);
		if (d < 0)
			break;
		v = v << 4 | d;
	}
	return i > 0 && (i == n || p[i] == ';' || p[i] == '\r' || p[i] == '\n' || is_space(p[i])) ? v : -1;
}

static bool take_chunk_line(ic_http *h, const uint8_t *p, size_t n, size_t *at, const ic_http_sink *sink)
{
	bool line, over;
	if (!take_line(h, p, n, at, CHUNK_LINE_MAX, &line, &over))
		return false;
	if (over)
		lose_line(h, sink);
	if (over || !line)
		return true;
	const bool blank = h->n == 1 || (h->n == 2 && h->buf[0] == '\r');
	const int64_t size = h->phase == IN_CHUNK_LINE ? chunk_size(h->buf, h->n) : 0;
	if (size < 0 || (h->phase == IN_CHUNK_END && !blank)) {
		lose(h, sink);
		return true;
	}
	h->n = 0;
	if (h->phase == IN_TRAILER)
		return !blank || end_of_message(h, sink);
	if (h->phase == IN_CHUNK_END) {
		h->phase = IN_CHUNK_LINE;
		return true;
	}
	h->left = (uint64_t)size;
	h->phase = size ? IN_CHUNK : IN_TRAILER;
	return true;
}

static bool take_body(ic_http *h, size_t n, size_t *at, const ic_http_sink *sink)
{
	size_t pass = n - *at < h->left ? n - *at : (size_t)h->left;
	*at += pass;
	h->left -= pass;
	h->body += pass;
	if (h->left)
		return true;
	if (h->phase == IN_CHUNK) {
		h->phase = IN_CHUNK_END;
		return true;
	}
	return end_of_message(h, sink);
}

/* The next line that starts a message. Whole lines only: what is found does not depend on how the bytes come. */
static bool find_head(ic_http *h, const uint8_t *p, size_t n, size_t *at, const ic_http_sink *sink)
{
	bool line, over;
	const char first = (char)p[*at];
	/* Most lines of what is no HTTP need not be kept to see that. */
	if (h->n == 0 && !(h->requests ? is_method(first) : first == 'H')) {
		h->phase = LOST_LINE;
		return true;
	}
	if (!take_line(h, p, n, at, START_LINE_MAX, &line, &over))
		return false;
	if (over)
		lose_line(h, sink);
	else if (line)
		resume(h);
	return true;
}

static void pass_line(ic_http *h, const uint8_t *p, size_t n, size_t *at)
{
	const uint8_t *end = memchr(p + *at, '\n', n - *at);
	*at = end ? (size_t)(end - p) + 1 : n;
	if (end)
		h->phase = LOST;
}

ic_http_state ic_http_feed(ic_http *h, const uint8_t *p, size_t n, size_t *used, const ic_http_sink *sink)
{
	bool ok = true;
	size_t at = 0;
	while (at < n && ok && h->phase != OVER) {
		switch (h->phase) {
		case IN_HEAD: ok = take_head(h, p, n, &at, sink); break;
		case IN_BODY:
		case IN_CHUNK: ok = take_body(h, n, &at, sink); break;
		case IN_CHUNK_LINE:
		case IN_CHUNK_END:
		case IN_TRAILER: ok = take_chunk_line(h, p, n, &at, sink); break;
		case TO_THE_END:
			h->body += n - at;
			at = n;
			break;
		case LOST: ok = find_head(h, p, n, &at, sink); break;
		case LOST_LINE: pass_line(h, p, n, &at); break;
		case OVER: break;
		}
	}
	*used = at;
	return !ok ? IC_HTTP_FAILED : h->phase == OVER ? IC_HTTP_OTHER : IC_HTTP_GOES_ON;
}

void ic_http_gap(ic_http *h, uint64_t n)
{
	bool inside = (h->phase == IN_BODY || h->phase == IN_CHUNK) && n < h->left;
	if (inside) {
		h->left -= n;
		h->body += n;
	} else if (h->phase == TO_THE_END) {
		h->body += n;
	} else if (h->phase != OVER) {
		h->phase = LOST;
		h->n = h->line = 0;
	}
}

void ic_http_close(ic_http *h, const ic_http_sink *sink)
{
	if (h->phase == TO_THE_END)
		(void)end_of_message(h, sink);
	h->phase = OVER;
}
