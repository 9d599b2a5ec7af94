/* SPDX-License-Identifier: Apache-2.0 */
#include "source/packet/apps.h"

#include <string.h>

#include "base/time.h"
#include "source/packet/apps_private.h"
#include "source/packet/ping.h"

enum {
	SNIFF_MAX = 1024, /* bytes of a side that may be looked at before it is given up */
	PAGE = 1024,	  /* of the arenas */
};

ic_apps *ic_apps_new(ic_events *events, ic_budget *budget)
{
	ic_apps *a = ic_calloc(1, sizeof *a);
	ic_prints *prints = ic_prints_new();
	if (!a || !prints) {
		ic_prints_free(prints);
		ic_free(a);
		return NULL;
	}
	*a = (ic_apps){ .events = events, .budget = budget, .prints = prints };
	return a;
}

void ic_apps_listen(ic_apps *a, const ic_hello_sink *sink)
{
	a->sink = *sink;
}

const ic_apps_counts *ic_apps_get_counts(const ic_apps *a)
{
	return &a->counts;
}

void ic_apps_free(ic_apps *a)
{
	if (a)
		ic_prints_free(a->prints);
	ic_free(a);
}

static void app_free(app *a)
{
	while (a->first) {
		asked *next = a->first->next;
		ic_free(a->first);
		a->first = next;
	}
	for (int side = 0; side < IC_SIDES; side++) {
		ic_http_free(a->http[side]);
		ic_tls_free(a->tls[side]);
		ic_free(a->start[side]);
	}
	ic_quic_free(a->quic);
	ic_arena_clear(&a->arena);
	if (a->apps->budget)
		ic_budget_give(a->apps->budget, a->counted);
	ic_free(a);
}

/* Brings the budget up to date with what is held. False: it is used up. */
static bool count_bytes(app *a)
{
	size_t n = sizeof *a + a->asked_bytes + ic_quic_bytes(a->quic) +
		   (size_t)(a->hello[IC_ORIG] + a->hello[IC_RESP] + a->certified) * PAGE;
	for (int side = 0; side < IC_SIDES; side++)
		n += ic_http_bytes(a->http[side]) + ic_tls_bytes(a->tls[side]) +
		     (a->start[side] ? (size_t)SNIFF_MAX : 0);
	if (!a->apps->budget)
		return true;
	if (n > a->counted && ic_budget_take(a->apps->budget, n - a->counted) != 0)
		return false;
	if (n < a->counted)
		ic_budget_give(a->apps->budget, a->counted - n);
	a->counted = n;
	return true;
}

/* Of connections that carry nothing we know by now. */
static char nothing;
/* Of those that are not looked into any more. */
static char ignored;
/* Of those where HTTP was spoken before: CONNECT. */
static char tunnel;

static bool is_closed(const ic_flow *f)
{
	return f->app == &nothing || f->app == &tunnel || f->app == &ignored;
}

static bool begin(void *ctx, ic_flow *f, const ic_packet *first)
{
	(void)ctx;
	(void)first;
	f->app = f->proto != 6 && f->proto != 17 ? &ignored : NULL;
	return true;
}

static app *app_new(ic_apps *apps, ic_flow *f)
{
	app *a = ic_calloc(1, sizeof *a);
	if (!a)
		return NULL;
	a->apps = apps;
	a->flow = f;
	a->last = &a->first;
	ic_arena_init(&a->arena, PAGE, NULL);
	f->app = a;
	return a;
}

bool app_tell_listener(const app *a, const ic_tls_hello *tls, const ic_print *print,
		       const ic_http_head *request)
{
	const ic_hello_sink *s = &a->apps->sink;
	const ic_hello h = { .flow = a->flow,
			     .ticks = a->ticks,
			     .packet = a->packet,
			     .tls = tls,
			     .print = print,
			     .request = request };
	return !s->hello || s->hello(s->ctx, &h);
}

/* ---- check-ins ---- */

static ic_str service_of(const ic_flow *f)
{
	const app *a = is_closed(f) ? NULL : f->app;
	if (f->app == &tunnel)
		return IC_STR("http");
	switch (a ? a->carries : UNKNOWN) {
	case HTTP:
	case HTTP2: return IC_STR("http");
	case TLS:
	case DTLS: return IC_STR("tls");
	case QUIC: return IC_STR("quic");
	case WEBSOCKET: return IC_STR("websocket");
	case UNKNOWN:
	case NOTHING: break;
	}
	if (a && (a->hello[IC_ORIG] || a->hello[IC_RESP]))
		return IC_STR("tls");
	return (ic_str){ NULL, 0 };
}

static bool tell_burst(ic_apps *apps, const ic_flow *f, const ic_burst *b)
{
	ic_events *q = apps->events;
	ic_event *e = ic_events_add(q, IC_STREAM_BURST, 0, f, b->start);
	if (!e || !ic_event_text(q, e, IC_F_SERVICE, service_of(f)))
		return false;
	ic_event_real(e, IC_F_DURATION,
		      (double)(b->last > b->start ? b->last - b->start : 0) / (double)IC_TICKS_S);
	ic_event_number(e, IC_F_BYTES_OUT, b->bytes[IC_ORIG]);
	ic_event_number(e, IC_F_BYTES_IN, b->bytes[IC_RESP]);
	if (b->packets[IC_ORIG]) {
		ic_event_number(e, IC_F_PACKETS_OUT, b->packets[IC_ORIG]);
		ic_event_number(e, IC_F_PACKETS_IN, b->packets[IC_RESP]);
		ic_event_number(e, IC_F_IP_BYTES_OUT, b->ip_bytes[IC_ORIG]);
		ic_event_number(e, IC_F_IP_BYTES_IN, b->ip_bytes[IC_RESP]);
	}
	return true;
}

bool app_say(ic_apps *apps, ic_flow *f, const ic_word *w)
{
	ic_burst done[IC_BURSTS_DONE];
	unsigned n;
	if (!app_wants_stream(apps, IC_STREAM_BURST))
		return true;
	ic_status st = ic_bursts_say(&f->bursts, w, apps->budget, done, &n);
	if (st == IC_E_NOMEM)
		return false;
	apps->counts.given_up += st != IC_OK;
	for (unsigned i = 0; i < n; i++)
		if (!tell_burst(apps, f, &done[i]))
			return false;
	return true;
}

/* ---- telling what a connection carries ---- */

static carries carries_datagrams(const uint8_t *p, size_t n)
{
	if (ic_quic_sniff(p, n))
		return QUIC;
	/* a DTLS record with a ClientHello of version 1.0 or 1.2, or of what OpenSSL spoke before these */
	const bool versioned = n > 13 && (p[1] == 254 || (p[1] == 1 && p[2] == 0));
	return versioned && p[0] == 22 && p[13] == 1 ? DTLS : NOTHING;
}

static bool feed(app *a, int side, const uint8_t *p, size_t n)
{
	switch (a->carries) {
	case HTTP: return app_feed_http(a, side, p, n);
	case WEBSOCKET: return app_feed_frames(a, side, p, n);
	case TLS:
	case DTLS: return app_feed_tls(a, side, p, n);
	case QUIC: return app_feed_quic(a, side, p, n);
	case UNKNOWN:
	case NOTHING:
	case HTTP2: break;
	}
	return true;
}

/* The preface of HTTP/2 in clear (RFC 9113, 3.4). What follows is not read. */
static bool is_http2(const uint8_t *p, size_t n, bool *more)
{
	static const char preface[] = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
	size_t look = n < sizeof preface - 1 ? n : sizeof preface - 1;
	bool same = memcmp(p, preface, look) == 0;
	*more = same && look < sizeof preface - 1;
	return same && !*more;
}

/* Collects the first bytes of each side until one tells. */
static bool sniff(app *a, int side, const uint8_t *p, size_t n)
{
	const uint8_t *start = p;
	size_t have = n < SNIFF_MAX ? n : SNIFF_MAX, part = have;
	bool http_more, http2_more, tls_more;
	if (a->start_n[side]) {
		part = SNIFF_MAX - (size_t)a->start_n[side] < n ? SNIFF_MAX - (size_t)a->start_n[side] : n;
		memcpy(a->start[side] + a->start_n[side], p, part);
		a->start_n[side] = (uint16_t)(a->start_n[side] + part);
		start = a->start[side];
		have = a->start_n[side];
	}
	/* A request line may be longer than what is looked at. */
	if (ic_http_sniff(side == IC_ORIG, start, have, &http_more) ||
	    (http_more && have == SNIFF_MAX && side == IC_ORIG))
		a->carries = HTTP;
	else if (is_http2(start, have, &http2_more) && side == IC_ORIG)
		a->carries = HTTP2;
	else if (ic_tls_sniff(start, have, &tls_more))
		a->carries = TLS;
	else if ((!http_more && !http2_more && !tls_more) || have == SNIFF_MAX)
		a->carries = NOTHING;
	a->apps->counts.http2 += a->carries == HTTP2;
	if (a->carries == UNKNOWN && !a->start[side]) {
		if (!(a->start[side] = ic_malloc(SNIFF_MAX)))
			return false;
		memcpy(a->start[side], p, n);
		a->start_n[side] = (uint16_t)n;
	}
	if (a->carries == UNKNOWN || a->carries == NOTHING)
		return true;
	bool ok = a->start_n[!side] == 0 || feed(a, !side, a->start[!side], a->start_n[!side]);
	a->side = side;
	return ok && feed(a, side, start, have) && (part == n || feed(a, side, p + part, n - part));
}

/* What is known, but not told yet. */
static bool tell_rest(app *a)
{
	return app_end_http(a) && app_tell_tls(a);
}

/* TLS may begin late: after STARTTLS, SOCKS or CONNECT. HTTP too, also behind what made no sense. */
static bool starts_late(const ic_flow *f, int side, const uint8_t *p, size_t n)
{
	bool more;
	if (f->proto != 6 || f->app == &ignored)
		return false;
	if (p[0] == 22)
		return n > 5 && p[5] == (side == IC_ORIG ? 1 : 2) && ic_tls_sniff(p, n, &more);
	return side == IC_ORIG && ic_http_sniff(true, p, n, &more);
}

/* Whether anybody asks what connections carry: events of it, its name in other events, or their fingerprints. */
static bool looks_inside(const ic_apps *a)
{
	return a->sink.hello || a->events->streams & ~IC_STREAM_BIT(IC_STREAM_CONN) ||
	       a->events->wanted & IC_FIELD_BIT(IC_F_SERVICE);
}

static bool data(void *ctx, ic_flow *f, int side, const uint8_t *p, size_t n, int64_t ticks, uint64_t number)
{
	if (!looks_inside(ctx))
		return true;
	bool late = is_closed(f);
	app *a = late ? NULL : f->app;
	if (n == 0 || (late && !starts_late(f, side, p, n)))
		return true;
	const bool tunnelled = f->app == &tunnel;
	if (!a && !(a = app_new(ctx, f)))
		return false;
	a->requests |= tunnelled;
	a->ticks = ticks;
	a->packet = number;
	a->side = side;
	if (a->carries == UNKNOWN && f->proto == 17)
		a->carries = carries_datagrams(p, n);
	bool ok = a->carries == UNKNOWN ? sniff(a, side, p, n) : feed(a, side, p, n);
	if (a->carries == NOTHING && !a->first && !a->hello[IC_ORIG] && !a->hello[IC_RESP]) {
		f->app = a->requests ? &tunnel : &nothing;
		app_free(a);
	} else if (ok && !count_bytes(a)) {
		a->apps->counts.given_up++;
		ok = tell_rest(a);
		f->app = &ignored;
		app_free(a);
	}
	return ok;
}

static bool gap(void *ctx, ic_flow *f, int side, uint64_t n)
{
	app *a = f->app;
	(void)ctx;
	if (!a)
		f->app = &nothing; /* what comes later starts anywhere */
	if (!a || is_closed(f))
		return true;
	if (a->carries == UNKNOWN)
		a->carries = NOTHING;
	if (a->carries == HTTP && a->http[side])
		ic_http_gap(a->http[side], n);
	if (a->carries == WEBSOCKET && !ic_ws_gap(&a->frames[side], n))
		app_lose_frames(a);
	if (a->carries == TLS) {
		app_lose_records(a, side);
		if (!a->hello[IC_ORIG])
			a->carries = NOTHING;
	}
	return true;
}

/* ---- connections ---- */

static bool tell_connection(ic_apps *apps, const ic_flow *f)
{
	ic_events *q = apps->events;
	if (!app_wants_stream(apps, IC_STREAM_CONN))
		return true;
	ic_event *e = ic_events_add(q, IC_STREAM_CONN, 0, f, f->first);
	if (!e || !ic_event_text(q, e, IC_F_SERVICE, service_of(f)) ||
	    !ic_event_text(q, e, IC_F_CONN_STATE, ic_str_of(f->state)))
		return false;
	/* As in conn.log: of a single packet nothing is known that takes time. */
	if (f->last > f->first) {
		ic_event_real(e, IC_F_DURATION, (double)(f->last - f->first) / (double)IC_TICKS_S);
		ic_event_number(e, IC_F_BYTES_OUT, (int64_t)f->bytes[IC_ORIG]);
		ic_event_number(e, IC_F_BYTES_IN, (int64_t)f->bytes[IC_RESP]);
	}
	ic_event_number(e, IC_F_PACKETS_OUT, (int64_t)f->packets[IC_ORIG]);
	ic_event_number(e, IC_F_PACKETS_IN, (int64_t)f->packets[IC_RESP]);
	ic_event_number(e, IC_F_IP_BYTES_OUT, (int64_t)f->ip_bytes[IC_ORIG]);
	ic_event_number(e, IC_F_IP_BYTES_IN, (int64_t)f->ip_bytes[IC_RESP]);
	return true;
}

static bool word(void *ctx, ic_flow *f, int side, const ic_packet *p)
{
	const app *a = is_closed(f) ? NULL : f->app;
	if (!app_wants_stream(ctx, IC_STREAM_BURST))
		return true;
	if ((f->proto != 6 && f->proto != 17) || (a && a->carries == WEBSOCKET && !a->frames_lost))
		return true;
	if (ic_is_ping(p->payload, p->captured, p->length, a && a->offers_h2)) {
		((ic_apps *)ctx)->counts.pings++;
		return true;
	}
	return app_say(ctx, f, &(ic_word){ side, p->ticks, p->length, p->ip_bytes, 1 });
}

static bool end(void *ctx, ic_flow *f)
{
	app *a = is_closed(f) ? NULL : f->app;
	ic_apps *apps = ctx;
	ic_burst done[IC_BURSTS_DONE];
	unsigned n;
	bool ok = !a || tell_rest(a);
	ic_bursts_end(&f->bursts, apps->budget, done, &n);
	for (unsigned i = 0; i < n && ok; i++)
		ok = tell_burst(apps, f, &done[i]);
	ok = ok && tell_connection(ctx, f);
	if (a)
		app_free(a);
	f->app = NULL;
	return ok;
}

ic_flow_handler ic_apps_handler(ic_apps *a)
{
	return (ic_flow_handler){ a, begin, word, data, gap, end };
}
