/* SPDX-License-Identifier: Apache-2.0 */
#include "source/text/defender.h"

#include <stdio.h>

#include "base/hex.h"
#include "base/num.h"

/* What each ActionType is; the first entry that the name starts with (after "Inbound") wins. Unknown
 * ones with "Inspected" at the end are of no use, all others are connections. */
static const struct {
	ic_str prefix;
	ic_stream stream;
	const char *action;
	bool blocked;
} actions[] = {
	{ { "ConnectionSuccess", 17 }, IC_STREAM_CONN, "allowed", false },
	{ { "ConnectionFound", 15 }, IC_STREAM_CONN, "allowed", false },
	{ { "ConnectionAcknowledged", 22 }, IC_STREAM_CONN, "allowed", false },
	{ { "ConnectionAccepted", 18 }, IC_STREAM_CONN, "allowed", false },
	{ { "ConnectionRequest", 17 }, IC_STREAM_CONN, "allowed", false },
	{ { "ConnectionFailed", 16 }, IC_STREAM_CONN, "failed", true },
	{ { "ConnectionBlocked", 17 }, IC_STREAM_CONN, "blocked", true },
	{ { "ConnectionAttempt", 17 }, IC_STREAM_CONN, NULL, false },
	{ { "HttpConnectionInspected", 23 }, IC_STREAM_HTTP, "allowed", false },
	{ { "SslConnectionInspected", 22 }, IC_STREAM_SSL, "allowed", false },
	{ { "DnsConnectionInspected", 22 }, IC_STREAM_DNS, "allowed", false },
	{ { "ListeningConnectionCreated", 26 }, IC_STREAM_NONE, NULL, false },
	{ { "NetworkSignatureInspected", 25 }, IC_STREAM_NONE, NULL, false },
};
#define ACTION_COUNT (sizeof(actions) / sizeof(actions[0]))

static ic_str without_inbound(ic_str action, bool *inbound)
{
	*inbound = ic_str_istarts(action, IC_STR("Inbound"));
	return *inbound ? (ic_str){ action.p + 7, action.n - 7 } : action;
}

static size_t action_index(ic_str action)
{
	size_t i = 0;
	while (i < ACTION_COUNT && !ic_str_istarts(action, actions[i].prefix))
		i++;
	return i;
}

/* Where rows of this ActionType belong. */
static ic_stream stream_of(ic_str action_type)
{
	bool inbound;
	ic_str action = without_inbound(action_type, &inbound);
	if (ic_str_iends(action, IC_STR("AggregatedReport")))
		return IC_STREAM_COUNT;
	size_t i = action_index(action);
	if (i < ACTION_COUNT)
		return actions[i].stream;
	return ic_str_iends(action, IC_STR("Inspected")) ? IC_STREAM_NONE : IC_STREAM_CONN;
}

/* ---- the flat JSON of AdditionalFields ---- */

/* The end of the JSON string whose opening quote is at i; n if it has none. */
static uint32_t string_end(ic_str j, uint32_t i)
{
	for (i++; i < j.n && j.p[i] != '"'; i++)
		if (j.p[i] == '\\')
			i++;
	return i < j.n ? i : j.n;
}

/* The value of a top-level member, as it stands; strings without their quotes. */
static ic_str member(ic_str j, ic_str name)
{
	uint32_t depth = 0;
	for (uint32_t i = 0; i < j.n; i++) {
		char ch = j.p[i];
		if (ch == '{' || ch == '[') {
			depth++;
		} else if (ch == '}' || ch == ']') {
			depth -= depth > 0;
		} else if (ch == '"') {
			uint32_t end = string_end(j, i), v = end + 1;
			ic_str key = { j.p + i + 1, end - i - 1 };
			i = end;
			while (v < j.n && (j.p[v] == ' ' || j.p[v] == ':'))
				v++;
			if (depth != 1 || v <= end + 1 || v >= j.n || !memchr(j.p + end, ':', v - end))
				continue;
			if (j.p[v] == '"') {
				i = string_end(j, v);
				if (i < j.n && ic_str_ieq(key, name))
					return (ic_str){ j.p + v + 1, i - v - 1 };
				continue;
			}
			uint32_t stop = v;
			while (stop < j.n && j.p[stop] != ',' && j.p[stop] != '}' && j.p[stop] != ' ')
				stop++;
			ic_str raw = { j.p + v, stop - v };
			if (ic_str_ieq(key, name) && !ic_str_eq(raw, IC_STR("null")))
				return raw;
		}
	}
	return (ic_str){ NULL, 0 };
}

/* Escapes of JSON taken out; only the ASCII part of \u is decoded, the rest becomes '?'. Addresses,
 * hosts and user agents need no more. */
static ic_str unescaped(ic_arena *a, ic_str s)
{
	if (!s.p || !memchr(s.p, '\\', s.n))
		return s;
	char *out = ic_arena_alloc(a, s.n);
	uint32_t n = 0;
	if (!out)
		return (ic_str){ NULL, 0 };
	for (uint32_t i = 0; i < s.n; i++) {
		if (s.p[i] != '\\' || i + 1 == s.n) {
			out[n++] = s.p[i];
			continue;
		}
		char e = s.p[++i];
		if (e == 'u' && i + 4 < s.n) {
			int64_t v = ic_hex_read(s.p + i + 1, 4);
			out[n++] = v >= ' ' && v < 0x7f ? (char)v : '?';
			i += 4;
		} else {
			out[n++] = e == 'n' || e == 't' || e == 'r' ? ' ' : e;
		}
	}
	return (ic_str){ out, n };
}

/* ---- rows ---- */

static void swap_bits(ic_fieldset *set, ic_field a, ic_field b)
{
	ic_fieldset differ = ((*set >> a) ^ (*set >> b)) & 1;
	*set ^= differ << a | differ << b;
}

/* The remote side asked: it is the source, and what is known of this host describes the responder. */
static void turn_round(ic_cells *c)
{
	ic_batch *b = c->b;
	uint32_t r = c->row;
	if (ic_batch_has(b, IC_F_SRC_IP) && ic_batch_has(b, IC_F_DST_IP)) {
		ic_ip ip = b->col[IC_F_SRC_IP].ip[r];
		b->col[IC_F_SRC_IP].ip[r] = b->col[IC_F_DST_IP].ip[r];
		b->col[IC_F_DST_IP].ip[r] = ip;
		swap_bits(&c->seen, IC_F_SRC_IP, IC_F_DST_IP);
	} else {
		/* One side alone is wanted, and that is the one that was not read. */
		ic_cells_clear(c, IC_F_SRC_IP);
		ic_cells_clear(c, IC_F_DST_IP);
	}
	if (ic_batch_has(b, IC_F_SRC_PORT) && ic_batch_has(b, IC_F_DST_PORT)) {
		int64_t port = b->col[IC_F_SRC_PORT].i[r];
		b->col[IC_F_SRC_PORT].i[r] = b->col[IC_F_DST_PORT].i[r];
		b->col[IC_F_DST_PORT].i[r] = port;
		swap_bits(&c->seen, IC_F_SRC_PORT, IC_F_DST_PORT);
	} else {
		ic_cells_clear(c, IC_F_SRC_PORT);
		ic_cells_clear(c, IC_F_DST_PORT);
	}
	static const ic_field local[] = { IC_F_SRC_HOST,     IC_F_USER,		  IC_F_PROCESS,
					  IC_F_PROCESS_PATH, IC_F_PROCESS_PARENT, IC_F_DST_NAME };
	for (size_t i = 0; i < sizeof(local) / sizeof(local[0]); i++)
		ic_cells_clear(c, local[i]);
}

static void put_text(ic_cells *c, ic_field f, ic_str json, const char *name)
{
	ic_str v = unescaped(&c->b->arena, member(json, ic_str_of(name)));
	if (v.p && v.n && !ic_cells_has(c, f))
		ic_cells_set_string(c, f, v);
}

/* What the inspection of the traffic saw: the keys are those of the network sensor. */
static bool put_inspected(ic_cells *c, ic_stream stream, ic_str json)
{
	put_text(c, IC_F_UID, json, "conn_id");
	if (stream == IC_STREAM_SSL) {
		put_text(c, IC_F_SNI, json, "server_name");
		put_text(c, IC_F_TLS_VERSION, json, "version");
		put_text(c, IC_F_CERT_SUBJECT, json, "subject");
		put_text(c, IC_F_CERT_ISSUER, json, "issuer");
		put_text(c, IC_F_JA3, json, "ja3");
		put_text(c, IC_F_JA3S, json, "ja3s");
		ic_cells_set_string(c, IC_F_SERVICE, IC_STR("tls"));
		if (!ic_cells_has(c, IC_F_DST_NAME))
			ic_cells_set_string(c, IC_F_DST_NAME,
					    ic_host_name(&c->b->arena, ic_cells_string(c, IC_F_SNI)));
	}
	if (stream == IC_STREAM_DNS) {
		put_text(c, IC_F_DNS_QUERY, json, "query");
		ic_cells_set_string(c, IC_F_SERVICE, IC_STR("dns"));
	}
	if (stream != IC_STREAM_HTTP)
		return true;
	put_text(c, IC_F_METHOD, json, "method");
	put_text(c, IC_F_HOST, json, "host");
	put_text(c, IC_F_URI, json, "uri");
	put_text(c, IC_F_USER_AGENT, json, "user_agent");
	put_text(c, IC_F_REFERRER, json, "referrer");
	int64_t code = 0;
	if (ic_parse_whole(member(json, IC_STR("status_code")), &code) && code >= 0 && code < 1000)
		ic_cells_set_long(c, IC_F_STATUS, code);
	if (!ic_cells_has(c, IC_F_DST_NAME))
		ic_cells_set_string(c, IC_F_DST_NAME,
				    ic_host_name(&c->b->arena, ic_cells_string(c, IC_F_HOST)));
	bool switched = code == 101;
	c->b->flags[c->row] |= switched ? IC_ROW_UPGRADE : 0;
	ic_cells_set_string(c, IC_F_SERVICE, switched ? IC_STR("websocket") : IC_STR("http"));
	return true;
}

static bool put_count(ic_cells *c, ic_str json)
{
	int64_t n;
	ic_str text = member(json, IC_STR("uniqueEventsAggregated"));
	if (!ic_parse_whole(text, &n) || n <= 0 || n > UINT32_MAX) {
		(void)snprintf(c->cause, sizeof(c->cause),
			       "aggregated report without a number in uniqueEventsAggregated");
		return false;
	}
	ic_cells_set_long(c, IC_F_COUNT, n);
	return true;
}

/* RemoteUrl stands in dst_name: a URL, a host, or a host with a port. asked: what RemotePort belongs to was asked,
 * perhaps a proxy. */
static void finish_name(ic_cells *c, bool asked)
{
	ic_str text = ic_cells_string(c, IC_F_DST_NAME);
	ic_url url;
	if (!text.p)
		return;
	ic_cells_clear(c, IC_F_DST_NAME);
	if (!ic_url_split(text, &url))
		return;
	ic_cells_set_string(c, IC_F_DST_NAME, ic_host_name(&c->b->arena, url.host));
	if (asked)
		ic_cells_proxied(c, url.port);
}

bool ic_defender_finish(ic_cells *c, const ic_defender_extra *x)
{
	bool inbound;
	ic_str action = without_inbound(x->action_type, &inbound);
	ic_stream stream = stream_of(x->action_type);
	size_t i = action_index(action);
	const bool remote = c->given & (IC_FIELD_BIT(IC_F_DST_IP) | IC_FIELD_BIT(IC_F_DST_NAME));
	if (i == ACTION_COUNT && !remote)
		stream = IC_STREAM_NONE; /* an event of another table, in the timeline of a device */
	c->b->stream[c->row] = (uint8_t)stream;
	if (stream == IC_STREAM_NONE)
		return true;
	ic_cells_set_string(c, IC_F_ACTION, ic_str_of(i < ACTION_COUNT ? actions[i].action : NULL));
	if (i < ACTION_COUNT && actions[i].blocked)
		c->b->flags[c->row] |= IC_ROW_BLOCKED;
	if (ic_cells_has(c, IC_F_TRANSPORT))
		ic_cells_set_string(c, IC_F_TRANSPORT,
				    ic_transport_name(&c->b->arena, ic_cells_string(c, IC_F_TRANSPORT)));
	inbound |= ic_str_ieq(member(x->additional_fields, IC_STR("direction")), IC_STR("In"));
	finish_name(c, !inbound);
	if (inbound)
		turn_round(c);
	return stream == IC_STREAM_COUNT ? put_count(c, x->additional_fields)
					 : put_inspected(c, stream, x->additional_fields);
}

ic_fieldset ic_defender_can_give(unsigned streams)
{
	ic_fieldset set = 0;
	for (int f = 0; f < IC_FIELD_COUNT; f++)
		if (ic_fields[f].defender && f != IC_F_SERVICE && f != IC_F_COUNT)
			set |= IC_FIELD_BIT(f);
	if (streams & IC_STREAM_BIT(IC_STREAM_COUNT))
		set |= IC_FIELD_BIT(IC_F_COUNT);
	if (streams & IC_STREAM_BIT(IC_STREAM_HTTP))
		set |= IC_FIELD_BIT(IC_F_METHOD) | IC_FIELD_BIT(IC_F_HOST) | IC_FIELD_BIT(IC_F_URI) |
		       IC_FIELD_BIT(IC_F_USER_AGENT) | IC_FIELD_BIT(IC_F_REFERRER) |
		       IC_FIELD_BIT(IC_F_STATUS) | IC_FIELD_BIT(IC_F_SERVICE) | IC_FIELD_BIT(IC_F_UID);
	if (streams & IC_STREAM_BIT(IC_STREAM_SSL))
		set |= IC_FIELD_BIT(IC_F_SNI) | IC_FIELD_BIT(IC_F_TLS_VERSION) | IC_FIELD_BIT(IC_F_JA3) |
		       IC_FIELD_BIT(IC_F_JA3S) | IC_FIELD_BIT(IC_F_CERT_SUBJECT) |
		       IC_FIELD_BIT(IC_F_CERT_ISSUER) | IC_FIELD_BIT(IC_F_SERVICE) | IC_FIELD_BIT(IC_F_UID);
	if (streams & IC_STREAM_BIT(IC_STREAM_DNS))
		set |= IC_FIELD_BIT(IC_F_DNS_QUERY) | IC_FIELD_BIT(IC_F_SERVICE);
	return set;
}
