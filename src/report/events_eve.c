/* SPDX-License-Identifier: Apache-2.0 */
/* Suricata EVE: flow, http, tls and dns events. The catalogue gives dotted paths; here they become
 * nested objects, and values get Suricata's spelling. */
#include "report/events.h"

#include "base/hash.h"
#include "base/num.h"
#include "base/time.h"

#define DEPTH 4 /* parts of a path; the catalogue has none longer */

static const char *const event_types[IC_STREAM_COUNT_OF] = {
	[IC_STREAM_CONN] = "flow", [IC_STREAM_HTTP] = "http",	   [IC_STREAM_SSL] = "tls",
	[IC_STREAM_DNS] = "dns",   [IC_STREAM_WEBSOCKET] = "http",
};

/* The alternative of a path that an event of this type has: one under its own object, or, for
 * !nested, one at the top. {NULL, 0}: none. */
static ic_str path_for(const char *alternatives, const char *type, bool nested)
{
	size_t type_n = strlen(type);
	for (const char *at = alternatives; at && *at;) {
		size_t n = strcspn(at, "|");
		bool dotted = memchr(at, '.', n) != NULL;
		if (!nested && !dotted)
			return (ic_str){ at, (uint32_t)n };
		if (nested && dotted && n > type_n && at[type_n] == '.' && memcmp(at, type, type_n) == 0)
			return (ic_str){ at, (uint32_t)n };
		at += n + (at[n] == '|');
	}
	return (ic_str){ 0 };
}

/* Objects that are open: the parts of the path written last. */
typedef struct nest {
	ic_buf *to;
	ic_str part[DEPTH];
	unsigned depth;
	bool comma;
} nest;

static void nest_close(nest *n, unsigned depth)
{
	for (; n->depth > depth; n->depth--) {
		ic_buf_putc(n->to, '}');
		n->comma = true;
	}
}

static void put_key(nest *n, ic_str key)
{
	if (n->comma)
		ic_buf_putc(n->to, ',');
	ic_buf_json(n->to, key);
	ic_buf_putc(n->to, ':');
	n->comma = true;
}

/* Writes the key of a path, closing and opening objects on the way. */
static void nest_key(nest *n, ic_str path)
{
	ic_str part[DEPTH];
	unsigned parts = 0;
	while (parts < DEPTH) {
		const char *dot = parts + 1 < DEPTH ? memchr(path.p, '.', path.n) : NULL;
		uint32_t len = dot ? (uint32_t)(dot - path.p) : path.n;
		part[parts++] = (ic_str){ path.p, len };
		if (!dot)
			break;
		path = (ic_str){ path.p + len + 1, path.n - len - 1 };
	}
	unsigned same = 0;
	while (same < n->depth && same + 1 < parts && ic_str_eq(part[same], n->part[same]))
		same++;
	nest_close(n, same);
	for (; n->depth + 1 < parts; n->depth++) {
		put_key(n, part[n->depth]);
		ic_buf_putc(n->to, '{');
		n->part[n->depth] = part[n->depth];
		n->comma = false;
	}
	put_key(n, part[parts - 1]);
}

/* "2024-05-01T10:00:00.123456+0000" */
static void put_time(ic_buf *to, int64_t ticks)
{
	char text[40];
	size_t n = ic_time_format(ticks, 6, text);
	ic_buf_putc(to, '"');
	ic_buf_put(to, text, n - 1);
	ic_buf_puts(to, "+0000\"");
}

/* "tcp" as "TCP"; a name too long for a transport is left as it is. */
static void put_upper(ic_buf *to, ic_str s)
{
	char upper[16];
	if (s.n <= sizeof(upper)) {
		for (uint32_t i = 0; i < s.n; i++)
			upper[i] = s.p[i] >= 'a' && s.p[i] <= 'z' ? (char)(s.p[i] - 'a' + 'A') : s.p[i];
		s.p = upper;
	}
	ic_buf_json(to, s);
}

/* flow_id is a number: one that is the same wherever the uid is. 53 bits survive any JSON reader. */
static void put_flow_id(ic_buf *to, ic_str uid)
{
	uint64_t id;
	if (!ic_parse_u64(uid, &id))
		id = ic_hash_stable(uid.p, uid.n) >> 11;
	ic_buf_u64(to, id);
}

/* Answers are kept joined by ','; here each is an object. */
static void put_answers(ic_buf *to, ic_str s)
{
	ic_buf_putc(to, '[');
	for (uint32_t at = 0; s.n && at <= s.n;) {
		const char *comma = memchr(s.p + at, ',', s.n - at);
		uint32_t end = comma ? (uint32_t)(comma - s.p) : s.n;
		ic_buf_puts(to, at ? ",{\"rdata\":" : "{\"rdata\":");
		ic_buf_json(to, (ic_str){ s.p + at, end - at });
		ic_buf_putc(to, '}');
		at = end + 1;
	}
	ic_buf_putc(to, ']');
}

static void put_value(ic_buf *to, ic_field f, const ic_event_value *v)
{
	switch (f) {
	case IC_F_UID: put_flow_id(to, v->s); break;
	case IC_F_DNS_ANSWERS: put_answers(to, v->s); break;
	case IC_F_TRANSPORT: put_upper(to, v->s); break;
	case IC_F_DURATION: ic_buf_i64(to, v->d >= 0 && v->d < 1e9 ? (int64_t)v->d : 0); break;
	default:
		if (v->type == IC_T_TIME)
			put_time(to, v->i);
		else
			ic_event_put_json(to, v);
	}
}

/* When the event is logged: a flow at its end, anything else at once. */
static int64_t logged_at(const ic_event_row *r, int64_t start)
{
	ic_event_value v;
	if (r->b->stream[r->row] != IC_STREAM_CONN || !ic_event_get(r, IC_F_DURATION, &v) || !(v.d > 0) ||
	    v.d > 1e9)
		return start;
	return start + (int64_t)(v.d * (double)IC_TICKS_S);
}

static void put_fields(const ic_event_writer *w, const ic_event_row *r, const char *type, bool nested,
		       nest *n)
{
	ic_event_value v;
	for (size_t i = 0; i < w->columns; i++) {
		ic_field f = w->column[i].field;
		ic_str path = path_for(ic_fields[f].eve, type, nested);
		if (!nested && (f == IC_F_TIME || f == IC_F_EVENT_LEVEL))
			continue; /* "timestamp" and "event_type" lead the object */
		if (!path.p || !ic_event_get(r, f, &v))
			continue;
		nest_key(n, path);
		put_value(n->to, f, &v);
	}
}

static void row(const ic_event_writer *w, const ic_event_row *r, ic_buf *to)
{
	ic_event_value v;
	const char *type = event_types[r->b->stream[r->row]];
	nest n = { .to = to };
	int64_t start = ic_event_get(r, IC_F_TIME, &v) ? v.i : 0, end = logged_at(r, start);
	ic_buf_putc(to, '{');
	nest_key(&n, IC_STR("timestamp"));
	put_time(to, end);
	nest_key(&n, IC_STR("event_type"));
	ic_buf_json(to, ic_str_of(type));
	put_fields(w, r, type, false, &n);
	put_fields(w, r, type, true, &n);
	if (r->b->stream[r->row] == IC_STREAM_CONN) {
		nest_key(&n, IC_STR("flow.end"));
		put_time(to, end);
	}
	nest_close(&n, 0);
	ic_buf_puts(to, "}\n");
}

static ic_status plan(ic_event_writer *w, const ic_field *fields, size_t n)
{
	ic_status s = IC_OK;
	for (size_t i = 0; i < n && s == IC_OK; i++)
		if (ic_fields[fields[i]].eve)
			s = ic_event_column_add(w, fields[i], ic_fields[fields[i]].name);
	return s;
}

const ic_event_ops ic_event_eve = {
	.plan = plan,
	.row = row,
	.streams = IC_STREAM_BIT(IC_STREAM_CONN) | IC_STREAM_BIT(IC_STREAM_HTTP) |
		   IC_STREAM_BIT(IC_STREAM_SSL) | IC_STREAM_BIT(IC_STREAM_DNS) |
		   IC_STREAM_BIT(IC_STREAM_WEBSOCKET),
};
