/* SPDX-License-Identifier: Apache-2.0 */
/* What the readers of text formats share: names, URLs, services, the meaning of an http row, the row
 * filter and the count of bad rows. */
#include "source/source.h"
#include "source/text/reader.h"

#include <stdatomic.h>
#include <stdarg.h>
#include <stdio.h>

#define NAME_MAX_BYTES 253 /* RFC 1035, as text without the final dot */

void ic_row_bad(ic_row_counts *c, uint64_t line, uint32_t column, const char *fmt, ...)
{
	c->bad++;
	if (c->has_sample)
		return;
	c->has_sample = true;
	c->sample_line = line;
	c->sample_column = column;
	va_list ap;
	va_start(ap, fmt);
	int n = vsnprintf(c->sample, sizeof(c->sample), fmt, ap);
	va_end(ap);
	if (n < 0)
		c->sample[0] = '\0';
}

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool is_alpha(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static bool all_digits(const char *p, const char *end)
{
	for (; p < end; p++)
		if (!is_digit(*p))
			return false;
	return true;
}

/* Splits "host", "host:port", "[v6]:port", "v6" without brackets. *port is left alone if none is
 * given. False: not of this shape, or the port is no port. */
static bool split_port(ic_str s, ic_str *host, int *port)
{
	if (s.n == 0)
		return false;
	const char *end = s.p + s.n, *colon = NULL;
	if (s.p[0] == '[') {
		const char *close = memchr(s.p, ']', s.n);
		if (!close)
			return false;
		*host = (ic_str){ s.p + 1, (uint32_t)(close - s.p - 1) };
		if (close + 1 < end && close[1] != ':')
			return false;
		colon = close + 1 < end ? close + 1 : NULL;
		ic_ip ip;
		if (!ic_ip_parse(*host, &ip))
			return false;
	} else {
		colon = memchr(s.p, ':', s.n);
		if (colon && memchr(colon + 1, ':', (size_t)(end - colon - 1))) {
			ic_ip ip; /* two colons: only an address may have them */
			*host = s;
			return ic_ip_parse(s, &ip);
		}
		*host = (ic_str){ s.p, (uint32_t)((colon ? colon : end) - s.p) };
	}
	if (host->n == 0)
		return false;
	if (!colon || colon + 1 == end)
		return true;
	if (end - colon > 6 || !all_digits(colon + 1, end))
		return false;
	int v = 0;
	for (const char *p = colon + 1; p < end; p++)
		v = v * 10 + (*p - '0');
	if (v > 65535)
		return false;
	*port = v;
	return true;
}

/* Bytes that no host name has: blanks, controls, and what ends or splits a URL. */
static bool has_bad_name_byte(ic_str s)
{
	for (uint32_t i = 0; i < s.n; i++) {
		unsigned char c = (unsigned char)s.p[i];
		if (c <= ' ' || c == 0x7f || c == '/' || c == '\\' || c == '?' || c == '#' || c == '@' ||
		    c == '*' || c == '<' || c == '>' || c == '"' || c == ',')
			return true;
	}
	return false;
}

ic_str ic_host_name(ic_arena *a, ic_str host)
{
	const ic_str none = { NULL, 0 };
	ic_str s;
	int port = -1;
	ic_ip ip;
	if (!host.p || !split_port(ic_str_trim(host), &s, &port))
		return none;
	if (s.n && s.p[s.n - 1] == '.')
		s.n--;
	if (s.n == 0 || s.n > NAME_MAX_BYTES || has_bad_name_byte(s))
		return none;
	if (s.p[0] == '.' || s.p[s.n - 1] == '.' || memmem(s.p, s.n, "..", 2))
		return none; /* an empty label */
	/* An address ends in a digit or has a colon: most names are spared the attempt. */
	if ((is_digit(s.p[s.n - 1]) || memchr(s.p, ':', s.n)) && ic_ip_parse(s, &ip))
		return none;
	uint32_t upper = 0;
	while (upper < s.n && !(s.p[upper] >= 'A' && s.p[upper] <= 'Z'))
		upper++;
	if (upper == s.n)
		return s;
	char *low = ic_arena_dup(a, s.p, s.n);
	if (!low)
		return none;
	for (uint32_t i = upper; i < s.n; i++)
		low[i] = ic_lower(low[i]);
	return (ic_str){ low, s.n };
}

static int scheme_port(ic_str scheme)
{
	static const struct {
		ic_str name;
		int port;
	} ports[] = {
		{ { "http", 4 }, 80 }, { { "https", 5 }, 443 }, { { "ws", 2 }, 80 },
		{ { "wss", 3 }, 443 }, { { "ftp", 3 }, 21 },
	};
	for (size_t i = 0; i < sizeof(ports) / sizeof(ports[0]); i++)
		if (ic_str_ieq(scheme, ports[i].name))
			return ports[i].port;
	return -1;
}

/* The length of "scheme" if s starts with "scheme://", else 0. */
static uint32_t scheme_length(ic_str s)
{
	uint32_t i = 0;
	if (s.n == 0 || !is_alpha(s.p[0]))
		return 0;
	while (i < s.n && i < 32 &&
	       (is_alpha(s.p[i]) || is_digit(s.p[i]) || s.p[i] == '+' || s.p[i] == '-' || s.p[i] == '.'))
		i++;
	return i + 3 <= s.n && memcmp(s.p + i, "://", 3) == 0 ? i : 0;
}

bool ic_url_split(ic_str s, ic_url *ret)
{
	ic_url u = { .port = -1 };
	if (!s.p)
		return false;
	s = ic_str_trim(s);
	uint32_t scheme = scheme_length(s);
	if (scheme) {
		u.scheme = (ic_str){ s.p, scheme };
		u.port = scheme_port(u.scheme);
		s = (ic_str){ s.p + scheme + 3, s.n - scheme - 3 };
	}
	uint32_t at = 0, start = 0;
	while (at < s.n && s.p[at] != '/' && s.p[at] != '?' && s.p[at] != '#') {
		if (scheme && s.p[at] == '@')
			start = at + 1; /* user:password@ */
		at++;
	}
	ic_str authority = { s.p + start, at - start };
	if (!split_port(authority, &u.host, &u.port) || has_bad_name_byte(u.host))
		return false;
	if (at < s.n)
		u.path = (ic_str){ s.p + at, s.n - at };
	*ret = u;
	return true;
}

/* Names that mean one of ours. The first four are the web services, in order of preference. */
static const struct {
	ic_str theirs, ours;
} services[] = {
	{ { "websocket", 9 }, { "websocket", 9 } },
	{ { "quic", 4 }, { "quic", 4 } },
	{ { "http", 4 }, { "http", 4 } },
	{ { "http2", 5 }, { "http", 4 } },
	{ { "ssl", 3 }, { "tls", 3 } },
	{ { "tls", 3 }, { "tls", 3 } },
	{ { "https", 5 }, { "tls", 3 } },
	{ { "dns", 3 }, { "dns", 3 } },
	{ { "failed", 6 }, { NULL, 0 } },
	{ { "unknown", 7 }, { NULL, 0 } },
};
#define SERVICE_COUNT (sizeof(services) / sizeof(services[0]))

static size_t service_index(ic_str s)
{
	size_t i = 0;
	while (i < SERVICE_COUNT && (s.n != services[i].theirs.n || !ic_str_ieq(s, services[i].theirs)))
		i++;
	return i;
}

ic_str ic_service_name(ic_str s)
{
	if (!s.p || s.n == 0)
		return (ic_str){ NULL, 0 };
	size_t best = SERVICE_COUNT;
	for (uint32_t at = 0; at <= s.n;) {
		const char *comma = memchr(s.p + at, ',', s.n - at);
		uint32_t end = comma ? (uint32_t)(comma - s.p) : s.n;
		size_t i = service_index((ic_str){ s.p + at, end - at });
		best = i < best ? i : best;
		at = end + 1;
	}
	return best < SERVICE_COUNT ? services[best].ours : s;
}

static ic_str string_at(const ic_batch *b, ic_field f, uint32_t row)
{
	if (!ic_batch_has(b, f) || ic_column_null(&b->col[f], row))
		return (ic_str){ NULL, 0 };
	return b->col[f].s[row];
}

static void set_string(ic_batch *b, ic_field f, uint32_t row, ic_str v)
{
	if (!v.p || !ic_batch_has(b, f))
		return;
	b->col[f].s[row] = v;
	b->col[f].nulls[row >> 6] &= ~(UINT64_C(1) << (row & 63));
}

void ic_http_row_name(ic_batch *b, uint32_t row)
{
	ic_str uri = string_at(b, IC_F_URI, row);
	ic_str name = { NULL, 0 };
	ic_url url;
	bool connect = ic_str_ieq(string_at(b, IC_F_METHOD, row), IC_STR("CONNECT"));
	if (uri.p && (connect || scheme_length(uri)) && ic_url_split(uri, &url)) {
		b->flags[row] |= IC_ROW_PROXIED;
		name = ic_host_name(&b->arena, url.host);
	}
	if (!name.p && !(b->flags[row] & IC_ROW_PROXIED))
		name = ic_host_name(&b->arena, string_at(b, IC_F_HOST, row));
	set_string(b, IC_F_DST_NAME, row, name);
}

void ic_http_row_finish(ic_batch *b, uint32_t row)
{
	ic_http_row_name(b, row);
	bool switched = ic_batch_has(b, IC_F_STATUS) && !ic_column_null(&b->col[IC_F_STATUS], row) &&
			b->col[IC_F_STATUS].i[row] == 101;
	if (switched)
		b->flags[row] |= IC_ROW_UPGRADE;
	set_string(b, IC_F_SERVICE, row,
		   b->flags[row] & IC_ROW_UPGRADE ? IC_STR("websocket") : IC_STR("http"));
}

static bool is_web_service(ic_str s)
{
	return s.p && service_index(s) < 7;
}

bool ic_row_port_kept(const ic_row_filter *f, const ic_batch *b, uint32_t row)
{
	const ic_column *port = &b->col[IC_F_DST_PORT];
	/* Name look-ups are context, not destinations; an unknown port excludes nothing. */
	if (!f->ports || b->stream[row] == IC_STREAM_DNS || !ic_batch_has(b, IC_F_DST_PORT) ||
	    ic_column_null(port, row))
		return true;
	uint64_t p = (uint64_t)port->i[row];
	if (p <= 65535 && (f->ports[p >> 6] >> (p & 63)) & 1)
		return true;
	if (!f->web_services)
		return false;
	return b->stream[row] == IC_STREAM_HTTP || b->stream[row] == IC_STREAM_SSL ||
	       b->stream[row] == IC_STREAM_WEBSOCKET || (b->flags[row] & IC_ROW_PROXIED) ||
	       is_web_service(string_at(b, IC_F_SERVICE, row));
}

void ic_row_seen(const ic_row_filter *f, int64_t time)
{
	int64_t seen = f->newest ? atomic_load_explicit(f->newest, memory_order_relaxed) : INT64_MAX;
	while (time > seen && !atomic_compare_exchange_weak(f->newest, &seen, time))
		;
}

bool ic_row_keep(const ic_row_filter *f, const ic_batch *b, uint32_t row, ic_row_counts *c)
{
	if (f->newest && !ic_column_null(&b->col[IC_F_TIME], row))
		ic_row_seen(f, b->col[IC_F_TIME].i[row]);
	if (!ic_row_port_kept(f, b, row)) {
		c->out_ports++;
		return false;
	}
	bool open = f->since == IC_TIME_NONE && f->until == IC_TIME_NONE;
	const ic_column *time = &b->col[IC_F_TIME];
	if (open || !ic_batch_has(b, IC_F_TIME) || ic_column_null(time, row))
		return true;
	int64_t t = time->i[row];
	if ((f->since != IC_TIME_NONE && t < f->since) || (f->until != IC_TIME_NONE && t > f->until)) {
		c->out_time++;
		return false;
	}
	return true;
}

/* Keeps rows by their ports, if each has one that tells; false: some need a closer look. */
static bool keep_by_port(const ic_row_filter *f, const int64_t *port, uint32_t n, uint16_t *kept,
			 uint32_t *ret)
{
	uint64_t unknown = 0;
	uint32_t k = 0;
	for (uint32_t i = 0; i < n; i++) {
		const uint64_t p = (uint64_t)port[i];
		unknown |= (p - 1) | p; /* more than 16 bits, those of 0 less 1, too */
		kept[k] = (uint16_t)i;
		k += (uint32_t)(f->ports[p >> 6 & 1023] >> (p & 63)) & 1;
	}
	*ret = k;
	return unknown >> 16 == 0;
}

uint32_t ic_rows_keep(const ic_row_filter *f, const ic_batch *b, uint32_t n, uint16_t *kept, ic_row_counts *c)
{
	const int64_t *time = ic_batch_has(b, IC_F_TIME) ? b->col[IC_F_TIME].i + b->rows : NULL;
	const int64_t *port =
	    f->ports && ic_batch_has(b, IC_F_DST_PORT) ? b->col[IC_F_DST_PORT].i + b->rows : NULL;
	const int64_t until = f->until == IC_TIME_NONE ? INT64_MAX : f->until;
	const bool timed = time && (f->since != IC_TIME_NONE || f->until != IC_TIME_NONE);
	if (f->newest && n) { /* a null slot is 0: older than any event */
		int64_t newest = 0;
		for (uint32_t i = 0; i < n; i++)
			newest = time[i] > newest ? time[i] : newest;
		ic_row_seen(f, newest);
	}
	const uint32_t is_out = !f->web_services & (b->stream[b->rows] != IC_STREAM_DNS);
	uint32_t k = 0, unsure = 0, out_ports = 0, out_time = 0;
	if (port && is_out && !timed && keep_by_port(f, port, n, kept, &k)) {
		c->out_ports += n - k;
		return k;
	}
	/* Most rows need no more than a look at their port and time, which are 0 where they are null. */
	uint8_t keep[IC_BATCH_ROWS];
	k = 0;
	for (uint32_t i = 0; port && i < n; i++) {
		const uint64_t p = (uint64_t)port[i];
		const uint32_t known = p - 1 < 65535,
			       in = known & (uint32_t)(f->ports[p >> 6 & 1023] >> (p & 63));
		const uint32_t out = known & ~in & is_out;
		keep[i] = (uint8_t)in;
		out_ports += out;
		kept[unsure] = (uint16_t)i;
		unsure += !(in | out);
	}
	if (!port)
		memset(keep, 1, n);
	for (uint32_t i = 0; timed && i < n; i++) {
		const uint32_t late = keep[i] & !((time[i] >= f->since) & (time[i] <= until)),
			       null = time[i] == 0;
		keep[i] = (uint8_t)(keep[i] & !late);
		out_time += late & !null;
		if (late & null) /* seldom; there may be no room behind those that are unsure already */
			kept[unsure++] = (uint16_t)i;
	}
	for (uint32_t i = 0; i < unsure; i++)
		keep[kept[i]] = (uint8_t)ic_row_keep(f, b, b->rows + kept[i], c);
	for (uint32_t i = 0; i < n; i++) {
		kept[k] = (uint16_t)i;
		k += keep[i];
	}
	c->out_ports += out_ports;
	c->out_time += out_time;
	return k;
}
