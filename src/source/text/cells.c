/* SPDX-License-Identifier: Apache-2.0 */
#include "source/text/cells.h"

#include <stdio.h>

#include "base/num.h"
#include "base/time.h"

void ic_cells_begin(ic_cells *c, ic_batch *b)
{
	c->b = b;
	c->row = b->rows;
	c->seen = 0;
	c->given = 0;
	c->cause[0] = '\0';
	b->flags[c->row] = 0;
	b->stream[c->row] = IC_STREAM_CONN;
}

static bool refuse(ic_cells *c, ic_field f, const char *what, ic_str text)
{
	if (!c->cause[0])
		(void)snprintf(c->cause, sizeof(c->cause), "%s %s: %.*s", ic_fields[f].name, what,
			       (int)(text.n < 40 ? text.n : 40), text.p);
	return false;
}

static bool put_long(ic_cells *c, ic_field f, ic_str text)
{
	int64_t v;
	double d;
	if (!ic_parse_whole(text, &v)) /* sums come as doubles from some products */
		return refuse(c, f, ic_parse_double(text, &d) ? "is not a whole number" : "is not a number",
			      text);
	if ((f == IC_F_SRC_PORT || f == IC_F_DST_PORT) && (v < 0 || v > 65535))
		return refuse(c, f, "is not a port (0 to 65535)", text);
	if (v < 0)
		return refuse(c, f, "is negative", text);
	c->b->col[f].i[c->row] = v;
	return true;
}

static bool put_real(ic_cells *c, ic_field f, ic_str text, int64_t unit_ticks)
{
	double d;
	if (!ic_parse_double(text, &d))
		return refuse(c, f, "is not a number", text);
	if (d < 0)
		return refuse(c, f, "is negative", text);
	if (f == IC_F_DURATION && unit_ticks != IC_TICKS_S)
		d = unit_ticks > 0 ? d * (double)unit_ticks / (double)IC_TICKS_S : d / 1e9;
	c->b->col[f].d[c->row] = d;
	return true;
}

static bool put_bool(ic_cells *c, ic_field f, ic_str text)
{
	static const char yes[] = "true|t|yes|1|ok", no[] = "false|f|no|0";
	bool is = ic_name_is(text, yes, true);
	if (!is && !ic_name_is(text, no, true))
		return refuse(c, f, "is neither true nor false", text);
	c->b->col[f].b[c->row] = is;
	return true;
}

bool ic_cells_put(ic_cells *c, ic_field f, ic_str text, int64_t unit_ticks)
{
	if (!text.p || text.n == 0)
		return true;
	ic_str value = ic_fields[f].type == IC_T_STRING ? text : ic_str_trim(text);
	if (value.n == 0)
		return true;
	c->given |= IC_FIELD_BIT(f);
	if (!ic_batch_has(c->b, f))
		return true;
	bool good = true;
	switch (ic_fields[f].type) {
	case IC_T_BOOL: good = put_bool(c, f, value); break;
	case IC_T_LONG: good = put_long(c, f, value); break;
	case IC_T_REAL: good = put_real(c, f, value, unit_ticks); break;
	case IC_T_TIME:
		good = ic_cell_time(value, unit_ticks, &c->b->col[f].i[c->row]) ||
		       refuse(c, f, "is not a time", value);
		break;
	case IC_T_IP:
		good =
		    ic_ip_parse(value, &c->b->col[f].ip[c->row]) || refuse(c, f, "is not an address", value);
		break;
	case IC_T_STRING: c->b->col[f].s[c->row] = value; break;
	}
	if (good)
		c->seen |= IC_FIELD_BIT(f);
	return good;
}

void ic_cells_set_string(ic_cells *c, ic_field f, ic_str value)
{
	if (!value.p) {
		ic_cells_clear(c, f);
		return;
	}
	c->given |= IC_FIELD_BIT(f);
	if (!ic_batch_has(c->b, f))
		return;
	c->b->col[f].s[c->row] = value;
	c->seen |= IC_FIELD_BIT(f);
}

void ic_cells_set_long(ic_cells *c, ic_field f, int64_t value)
{
	c->given |= IC_FIELD_BIT(f);
	if (!ic_batch_has(c->b, f))
		return;
	c->b->col[f].i[c->row] = value;
	c->seen |= IC_FIELD_BIT(f);
}

void ic_cells_clear(ic_cells *c, ic_field f)
{
	c->seen &= ~IC_FIELD_BIT(f);
	c->given &= ~IC_FIELD_BIT(f);
}

ic_str ic_cells_string(const ic_cells *c, ic_field f)
{
	return ic_cells_has(c, f) ? c->b->col[f].s[c->row] : (ic_str){ NULL, 0 };
}

static ic_str scheme_service(ic_str scheme)
{
	if (ic_name_is(scheme, "https", true))
		return IC_STR("tls");
	if (ic_name_is(scheme, "http", true))
		return IC_STR("http");
	return ic_name_is(scheme, "ws|wss", true) ? IC_STR("websocket") : (ic_str){ NULL, 0 };
}

void ic_cells_proxied(ic_cells *c, int url_port)
{
	bool connect = ic_str_ieq(ic_cells_string(c, IC_F_METHOD), IC_STR("CONNECT"));
	bool other_port =
	    ic_cells_has(c, IC_F_DST_PORT) && url_port >= 0 && c->b->col[IC_F_DST_PORT].i[c->row] != url_port;
	if (connect || other_port)
		c->b->flags[c->row] |= IC_ROW_PROXIED;
}

void ic_cells_url(ic_cells *c, ic_str text)
{
	ic_url url;
	if (text.p && text.n && text.p[0] == '/' && !ic_cells_has(c, IC_F_URI)) {
		ic_cells_set_string(c, IC_F_URI, text); /* the path alone, as some products export it */
		return;
	}
	if (!text.p || !ic_url_split(text, &url))
		return;
	ic_cells_proxied(c, url.port);
	if (!ic_cells_has(c, IC_F_DST_NAME))
		ic_cells_set_string(c, IC_F_DST_NAME, ic_host_name(&c->b->arena, url.host));
	if (!ic_cells_has(c, IC_F_HOST))
		ic_cells_set_string(c, IC_F_HOST, url.host);
	ic_ip ip;
	if (!(c->given & IC_FIELD_BIT(IC_F_DST_IP)) && ic_ip_parse(url.host, &ip)) {
		c->given |= IC_FIELD_BIT(IC_F_DST_IP);
		if (ic_batch_has(c->b, IC_F_DST_IP)) {
			c->b->col[IC_F_DST_IP].ip[c->row] = ip;
			c->seen |= IC_FIELD_BIT(IC_F_DST_IP);
		}
	}
	if (!(c->given & IC_FIELD_BIT(IC_F_DST_PORT)) && url.port >= 0)
		ic_cells_set_long(c, IC_F_DST_PORT, url.port);
	if (!ic_cells_has(c, IC_F_SERVICE))
		ic_cells_set_string(c, IC_F_SERVICE, scheme_service(url.scheme));
	if (!ic_cells_has(c, IC_F_URI) && (url.scheme.p || url.path.p))
		ic_cells_set_string(c, IC_F_URI, url.path.p ? url.path : IC_STR("/"));
}

void ic_cells_stream_by_content(ic_cells *c)
{
	const ic_fieldset request = IC_FIELD_BIT(IC_F_METHOD) | IC_FIELD_BIT(IC_F_URI) |
				    IC_FIELD_BIT(IC_F_STATUS) | IC_FIELD_BIT(IC_F_USER_AGENT);
	c->b->stream[c->row] = c->given & request ? IC_STREAM_HTTP : IC_STREAM_CONN;
	if (c->given & request && ic_cells_has(c, IC_F_STATUS) && c->b->col[IC_F_STATUS].i[c->row] == 101) {
		c->b->flags[c->row] |= IC_ROW_UPGRADE;
		ic_cells_set_string(c, IC_F_SERVICE, IC_STR("websocket"));
	}
}

bool ic_cells_end(ic_cells *c, const ic_input_request *req, ic_row_counts *counts, uint64_t line)
{
	ic_batch *b = c->b;
	unsigned stream = b->stream[c->row];
	if (stream >= IC_STREAM_NONE || !(req->streams & IC_STREAM_BIT(stream))) {
		counts->other_stream++;
		return false;
	}
	if (!(c->given & IC_FIELD_BIT(IC_F_TIME))) {
		ic_row_bad(counts, line, 0, "no time");
		return false;
	}
	ic_batch_null_rest(b, c->row, c->seen);
	b->line[c->row] = (uint32_t)line;
	if (!ic_row_keep(&req->filter, b, c->row, counts)) {
		/* the place is used again for the next row, whose values would be null */
		for (ic_fieldset left = b->wanted & ~c->seen; left; left &= left - 1)
			b->col[__builtin_ctzll(left)].nulls[c->row >> 6] &= ~(UINT64_C(1) << (c->row & 63));
		return false;
	}
	b->rows++;
	counts->kept++;
	return true;
}

/* The month 1..12 of a name or its first letters, 0 if none. */
static unsigned month_of(ic_str word)
{
	static const char names[] = "janfebmaraprmayjunjulaugsepoctnovdec";
	unsigned m = 0;
	while (m < 12 && !ic_str_istarts(word, (ic_str){ names + 3 * m, 3 }))
		m++;
	return m < 12 ? m + 1 : 0;
}

/* What a date with a month's name says, in any order. */
typedef struct named_date {
	unsigned day, month, year;
	ic_str clock, half, zone;
} named_date;

static bool take_word(named_date *d, ic_str word)
{
	const unsigned month = month_of(word);
	if (ic_name_is(word, "am|pm", true))
		d->half = word;
	else if (month && !d->month)
		d->month = month;
	else
		return ic_name_is(word, "utc|gmt|z", true) ||
		       (word.n >= 3 &&
			ic_name_is((ic_str){ word.p, 3 }, "mon|tue|wed|thu|fri|sat|sun", true));
	return true;
}

/* A number of n digits; more: a ':' follows. */
static bool take_figure(named_date *d, ic_str s, uint32_t n, bool more)
{
	uint64_t v;
	if (n > 4 || !ic_parse_u64((ic_str){ s.p, n }, &v))
		return false;
	if (n == 4 && !d->year)
		d->year = (unsigned)v;
	else if (n <= 2 && !d->day && !more)
		d->day = (unsigned)v;
	else
		return false;
	return true;
}

/* The bytes of a token at the start of s, 0 if there is none of use. */
static uint32_t take_token(named_date *d, ic_str s)
{
	uint32_t n = 0;
	if ((s.p[0] | 0x20) >= 'a' && (s.p[0] | 0x20) <= 'z') {
		while (n < s.n && (s.p[n] | 0x20) >= 'a' && (s.p[n] | 0x20) <= 'z')
			n++;
		return take_word(d, (ic_str){ s.p, n }) ? n : 0;
	}
	if (d->clock.p && (s.p[0] == '+' || s.p[0] == '-')) {
		while (n < s.n && s.p[n] != ' ')
			n++;
		d->zone = (ic_str){ s.p, n };
		return n;
	}
	while (n < s.n && s.p[n] >= '0' && s.p[n] <= '9')
		n++;
	const bool more = n < s.n && s.p[n] == ':';
	if (n == 0 || n > 2 || !more || d->clock.p)
		return take_figure(d, s, n, more) ? n : 0;
	while (n < s.n && s.p[n] > ' ' && s.p[n] < 'A' && s.p[n] != '+' && s.p[n] != '-')
		n++;
	d->clock = (ic_str){ s.p, n };
	return n;
}

/* "May 1, 2024 10:00:00 AM", "Wed, 01 May 2024 10:00:00 GMT", "01/May/2024:10:00:00 +0200": put into a form that
 * base/time reads. */
static bool month_name_time(ic_str s, int64_t *ret)
{
	char buf[160];
	named_date d = { 0 };
	int n;
	if (s.n > 64)
		return false;
	for (uint32_t i = 0; i < s.n;) {
		const bool between = d.clock.p ? s.p[i] == ' ' : memchr(" ,./-:", s.p[i], 6) != NULL;
		const uint32_t used = between ? 1 : take_token(&d, (ic_str){ s.p + i, s.n - i });
		if (used == 0)
			return false;
		i += used;
	}
	if (!d.month || d.clock.n < 4 || (d.half.p && d.zone.p))
		return false;
	if (d.half.p)
		n = snprintf(buf, sizeof(buf), "%u/%u/%04u %.*s %.*s", d.month, d.day, d.year, (int)d.clock.n,
			     d.clock.p, (int)d.half.n, d.half.p);
	else
		n = snprintf(buf, sizeof(buf), "%04u-%02u-%02u %s%.*s%.*s", d.year, d.month, d.day,
			     d.clock.p[1] == ':' ? "0" : "", (int)d.clock.n, d.clock.p, (int)d.zone.n,
			     d.zone.p);
	return n > 0 && (size_t)n < sizeof(buf) && ic_time_from_text((ic_str){ buf, (uint32_t)n }, ret);
}

/* Exports of newer systems put U+202F or U+00A0 before AM: plain blanks instead; a comma before a blank
 * is left out, and the "@ " that Kibana puts before the hour. Returns s or a slice of buf. */
static ic_str plain_blanks(ic_str s, char *buf, size_t room)
{
	bool wide = false;
	size_t n = 0;
	for (uint32_t i = 0; i < s.n; i++)
		wide |= (unsigned char)s.p[i] >= 0x80 || s.p[i] == ',' || s.p[i] == '@';
	if (!wide || s.n > room)
		return s;
	for (uint32_t i = 0; i < s.n;) {
		if (s.n - i >= 3 && memcmp(s.p + i, "\xe2\x80\xaf", 3) == 0) {
			buf[n++] = ' ';
			i += 3;
		} else if (s.n - i >= 2 && memcmp(s.p + i, "\xc2\xa0", 2) == 0) {
			buf[n++] = ' ';
			i += 2;
		} else if (s.n - i >= 2 && s.p[i] == ',' && s.p[i + 1] == ' ') {
			i++;
		} else if (s.n - i >= 2 && s.p[i] == '@' && s.p[i + 1] == ' ' && n && buf[n - 1] == ' ') {
			i += 2;
		} else {
			buf[n++] = s.p[i++];
		}
	}
	return (ic_str){ buf, (uint32_t)n };
}

static bool is_number(ic_str s)
{
	uint32_t digits = 0;
	for (uint32_t i = 0; i < s.n; i++) {
		char ch = s.p[i];
		bool digit = ch >= '0' && ch <= '9';
		digits += digit;
		if (!digit && ch != '.' && ch != '-' && ch != '+' && ch != 'e' && ch != 'E')
			return false;
		if (i > 0 && (ch == '-' || ch == '+') && (s.p[i - 1] | 0x20) != 'e')
			return false; /* 2024-05-01 */
	}
	return digits > 0;
}

bool ic_cell_time(ic_str text, int64_t unit_ticks, int64_t *ret)
{
	char buf[64];
	int64_t v;
	double d;
	ic_str s = plain_blanks(ic_str_trim(text), buf, sizeof(buf));
	if (s.n == 0)
		return false;
	if (!is_number(s))
		return ic_time_from_text(s, ret) || month_name_time(s, ret);
	if (unit_ticks == IC_TICKS_S)
		return ic_time_from_epoch_text(s, ret);
	if (ic_parse_i64(s, &v)) {
		if (v < 0 || (unit_ticks > 0 && v > IC_TIME_MAX / unit_ticks))
			return false;
		*ret = unit_ticks > 0 ? v * unit_ticks : v / 100;
		return *ret <= IC_TIME_MAX;
	}
	if (!ic_parse_double(s, &d))
		return false;
	return unit_ticks > 0 ? ic_time_from_number(d, unit_ticks, ret)
			      : ic_time_from_number(d / 100, 1, ret);
}

static ic_str lower_copy(ic_arena *a, ic_str s)
{
	char *p = ic_arena_dup(a, s.p, s.n);
	if (!p)
		return (ic_str){ NULL, 0 };
	for (uint32_t i = 0; i < s.n; i++)
		p[i] = ic_lower(p[i]);
	return (ic_str){ p, s.n };
}

ic_str ic_transport_name(ic_arena *a, ic_str s)
{
	if (!s.p || s.n == 0)
		return (ic_str){ NULL, 0 };
	if (ic_name_is(s, "6|6.0", false) || ic_str_istarts(s, IC_STR("tcp")))
		return IC_STR("tcp");
	if (ic_name_is(s, "17|17.0", false) || ic_str_istarts(s, IC_STR("udp")))
		return IC_STR("udp");
	if (ic_name_is(s, "1|1.0|58|58.0|ipv6-icmp", true) || ic_str_istarts(s, IC_STR("icmp")))
		return IC_STR("icmp");
	if (ic_name_is(s, "132|sctp", true))
		return IC_STR("sctp");
	return lower_copy(a, s);
}

bool ic_name_is(ic_str name, const char *alternatives, bool ignore_case)
{
	for (const char *p = name.p ? alternatives : NULL; p;) {
		const char *bar = strchr(p, '|');
		ic_str one = { p, (uint32_t)(bar ? (size_t)(bar - p) : strlen(p)) };
		if (one.n > 2 && one.p[0] == '"') /* AQL quotes names with blanks */
			one = (ic_str){ one.p + 1, one.n - 2 };
		if (ignore_case ? ic_str_ieq(name, one) : ic_str_eq(name, one))
			return true;
		p = bar ? bar + 1 : NULL;
	}
	return false;
}

bool ic_dns_is_turned(ic_str type, ic_str src_port, ic_str dst_port)
{
	int64_t from, to;
	return ic_name_is(type, "answer|response", false) && ic_parse_whole(src_port, &from) &&
	       ic_parse_whole(dst_port, &to) && from < to;
}
