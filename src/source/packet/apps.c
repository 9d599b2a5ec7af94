/* SPDX-License-Identifier: Apache-2.0 */
#include "source/packet/apps.h"

#include <string.h>

#include "base/time.h"
#include "source/packet/http1.h"
#include "source/packet/ping.h"
#include "source/packet/prints.h"
#include "source/packet/tls.h"
#include "source/packet/websocket.h"

enum {
	SNIFF_MAX = 1024,   /* bytes of a side that may be looked at before it is given up */
	REQUESTS_MAX = 64,  /* without an answer */
	PAGE = 1024,	    /* of the arenas */
	CONTENT_TYPE = 120, /* bytes of one that are kept */
	CLOSE = 8,	    /* a frame of WebSocket */
	PING_MOST = 32,	    /* bytes that a PING of WebSocket gives back; more is somebody's data */
};

typedef enum carries { UNKNOWN, NOTHING, HTTP, HTTP2, TLS, DTLS, QUIC, WEBSOCKET } carries;

/* A request that waits for its answer; the slices point behind it. */
typedef struct asked {
	struct asked *next;
	int64_t ticks, body;
	ic_str method, target, host, user_agent, referrer;
	bool websocket;
	size_t bytes;
	char text[];
} asked;

/* The head of an answer. */
typedef struct answered {
	bool known;
	unsigned status;
	int64_t body;
	uint32_t type_n;
	char type[CONTENT_TYPE];
} answered;

typedef struct app {
	ic_apps *apps;
	ic_flow *flow;
	carries carries;
	uint8_t *start[IC_SIDES]; /* first bytes that did not tell yet */
	uint16_t start_n[IC_SIDES];
	int64_t ticks; /* of the bytes at hand */
	uint64_t packet;
	int side;

	ic_http *http[IC_SIDES];
	asked *first, **last;
	unsigned asked_n;
	size_t asked_bytes;
	answered answer; /* of the oldest request, while its body comes */
	bool requests;	 /* there were some */
	ic_ws frames[IC_SIDES];
	bool frames_lost; /* they make no sense any more */

	ic_tls *tls[IC_SIDES];
	ic_quic *quic;
	bool hello[IC_SIDES], certified, told;
	int64_t hello_ticks;
	uint16_t version;
	ic_arena arena; /* of what follows */
	ic_str sni, alpn, ja3, ja3s, ja4, subject, issuer;
	bool self_signed;
	bool offers_h2; /* ALPN of the client, or chosen by the server */
	size_t counted; /* in the budget */
} app;

struct ic_apps {
	ic_events *events;
	ic_budget *budget;
	ic_apps_counts counts;
	ic_hello_sink sink; /* .hello NULL: nobody listens */
	ic_prints *prints;
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

static char transport_letter(const app *a)
{
	return a->carries == QUIC ? 'q' : a->carries == DTLS ? 'd' : 't';
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

/* What nobody wants is not told. */
static bool wants_stream(const ic_apps *a, ic_stream stream)
{
	return a->events->streams & IC_STREAM_BIT(stream);
}

static bool tell_listener(const app *a, const ic_tls_hello *tls, const ic_print *print,
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

static bool say(ic_apps *apps, ic_flow *f, const ic_word *w)
{
	ic_burst done[IC_BURSTS_DONE];
	unsigned n;
	if (!wants_stream(apps, IC_STREAM_BURST))
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

/* ---- HTTP ---- */

static ic_str copy_to(char **at, ic_str s)
{
	if (!s.p)
		return s;
	memcpy(*at, s.p, s.n);
	s.p = *at;
	*at += s.n;
	return s;
}

static bool put_request(app *a, const asked *r)
{
	const answered *answer = &a->answer;
	ic_events *q = a->apps->events;
	ic_stream stream = r->websocket ? IC_STREAM_WEBSOCKET : IC_STREAM_HTTP;
	if (!wants_stream(a->apps, stream))
		return true;
	ic_event *e = ic_events_add(q, stream, r->websocket ? IC_ROW_UPGRADE : 0, a->flow, r->ticks);
	bool ok = e && ic_event_text(q, e, IC_F_METHOD, r->method) &&
		  ic_event_text(q, e, IC_F_SERVICE, r->websocket ? IC_STR("websocket") : IC_STR("http")) &&
		  ic_event_text(q, e, IC_F_URI, r->target) && ic_event_text(q, e, IC_F_HOST, r->host) &&
		  ic_event_text(q, e, IC_F_USER_AGENT, r->user_agent) &&
		  ic_event_text(q, e, IC_F_REFERRER, r->referrer);
	if (ok) {
		ic_event_number(e, IC_F_REQUEST_BODY_BYTES, r->body);
		if (answer->known) {
			ic_event_number(e, IC_F_STATUS, answer->status);
			ic_event_number(e, IC_F_RESPONSE_BODY_BYTES, answer->body);
			ok = !answer->type_n ||
			     ic_event_text(q, e, IC_F_CONTENT_TYPE, (ic_str){ answer->type, answer->type_n });
		}
	}
	return ok;
}

/* The oldest request, with what is known of its answer. */
static bool tell_request(app *a)
{
	asked *r = a->first;
	bool ok = put_request(a, r);
	a->answer.known = false;
	a->first = r->next;
	if (!a->first)
		a->last = &a->first;
	a->asked_n--;
	a->asked_bytes -= r->bytes;
	ic_free(r);
	return ok;
}

static bool take_request(app *a, const ic_http_head *h)
{
	size_t n = (size_t)h->method.n + h->target.n + h->host.n + h->user_agent.n + h->referrer.n;
	if (!tell_listener(a, NULL, NULL, h) || (a->asked_n == REQUESTS_MAX && !tell_request(a)))
		return false;
	asked *r = ic_malloc(sizeof *r + n);
	if (!r)
		return false;
	char *at = r->text;
	*r = (asked){ .ticks = a->ticks,
		      .body = h->content_length,
		      .websocket = h->websocket,
		      .bytes = sizeof *r + n };
	r->method = copy_to(&at, h->method);
	r->target = copy_to(&at, h->target);
	r->host = copy_to(&at, h->host);
	r->user_agent = copy_to(&at, h->user_agent);
	r->referrer = copy_to(&at, h->referrer);
	*a->last = r;
	a->last = &r->next;
	a->asked_n++;
	a->asked_bytes += r->bytes;
	a->requests = true;
	ic_bursts_known(&a->flow->bursts);
	return true;
}

static bool take_answer(app *a, const ic_http_head *h)
{
	if (h->status < 200 && h->status != 101) /* a better one follows */
		return true;
	if (a->answer.known && !tell_request(a)) /* the end of its body was lost */
		return false;
	const asked *r = a->first;
	bool over = h->status == 101 || (r && ic_str_eq(r->method, IC_STR("CONNECT")) && h->status < 300);
	if (r && ic_str_eq(r->method, IC_STR("HEAD")))
		ic_http_next_has_no_body(a->http[IC_RESP]);
	if (over) {
		ic_http_stop(a->http[IC_RESP]);
		a->carries = h->status == 101 && r && r->websocket ? WEBSOCKET : NOTHING;
	}
	if (!r)
		return true;
	a->answer = (answered){ .known = true, .status = h->status, .body = h->content_length };
	a->answer.type_n = h->content_type.n < CONTENT_TYPE ? h->content_type.n : CONTENT_TYPE;
	if (a->answer.type_n)
		memcpy(a->answer.type, h->content_type.p, a->answer.type_n);
	return !over || tell_request(a); /* no body follows that would be one of HTTP */
}

static bool http_head(void *ctx, const ic_http_head *h)
{
	return h->request ? take_request(ctx, h) : take_answer(ctx, h);
}

static bool request_body_end(void *ctx, uint64_t bytes)
{
	app *a = ctx;
	for (asked *r = a->first; r; r = r->next)
		if (!r->next)
			r->body = (int64_t)bytes;
	return true;
}

static void http_lost(void *ctx)
{
	app *a = ctx;
	a->apps->counts.requests_lost += a->side == IC_ORIG;
}

/* From here on its packets are words again. */
static void lose_frames(app *a)
{
	a->apps->counts.frames_lost += !a->frames_lost;
	a->frames_lost = true;
}

/* Words of a WebSocket are its frames; those that only hold it open, or end it, are none. */
static bool feed_frames(app *a, int side, const uint8_t *p, size_t n)
{
	ic_ws_frame f;
	bool bad = false;
	for (size_t at = 0; !a->frames_lost && ic_ws_next(&a->frames[side], p, n, &at, &f, &bad);) {
		if (f.control && f.length <= PING_MOST) {
			a->apps->counts.pings += f.opcode != CLOSE;
			continue;
		}
		uint32_t bytes = f.length < UINT32_MAX ? (uint32_t)f.length : UINT32_MAX;
		if (!say(a->apps, a->flow, &(ic_word){ .side = side, .ticks = a->ticks, .bytes = bytes }))
			return false;
	}
	if (bad)
		lose_frames(a);
	return true;
}

/* What came counts, not what was announced. */
static bool answer_body_end(void *ctx, uint64_t bytes)
{
	app *a = ctx;
	if (!a->first || !a->answer.known)
		return true;
	a->answer.body = (int64_t)bytes;
	return tell_request(a);
}

static ic_http_sink http_sink(app *a, int side)
{
	return (ic_http_sink){ a, http_head, side == IC_ORIG ? request_body_end : answer_body_end,
			       http_lost };
}

static bool feed_http(app *a, int side, const uint8_t *p, size_t n)
{
	const ic_http_sink sink = http_sink(a, side);
	size_t used;
	if (!a->http[side] && !(a->http[side] = ic_http_new(side == IC_ORIG)))
		return false;
	ic_http_state st = ic_http_feed(a->http[side], p, n, &used, &sink);
	if (st == IC_HTTP_OTHER && a->carries == WEBSOCKET)
		return feed_frames(a, side, p + used, n - used);
	return st != IC_HTTP_FAILED;
}

/* ---- TLS, DTLS, QUIC ---- */

static bool keep(app *a, ic_str *to, ic_str s)
{
	char *copy = s.p ? ic_arena_dup(&a->arena, s.p, s.n) : NULL;
	if (copy)
		*to = (ic_str){ copy, s.n };
	return copy || !s.p;
}

/* Fingerprints take time: only those that are asked for. */
static bool wants(const app *a, ic_fieldset fields)
{
	return wants_stream(a->apps, IC_STREAM_SSL) && (a->apps->events->wanted & fields) != 0;
}

static bool keep_client(app *a, const ic_tls_hello *h, const ic_print *print)
{
	if (wants(a, IC_FIELD_BIT(IC_F_JA3)) && !keep(a, &a->ja3, ic_str_of(print->ja3.hash)))
		return false;
	if (wants(a, IC_FIELD_BIT(IC_F_JA4)) && !keep(a, &a->ja4, ic_str_of(print->ja4.form[0])))
		return false;
	a->hello_ticks = a->ticks;
	return keep(a, &a->sni, h->sni);
}

static bool keep_server(app *a, const ic_tls_hello *h, const ic_print *print)
{
	if (wants(a, IC_FIELD_BIT(IC_F_JA3S)) && !keep(a, &a->ja3s, ic_str_of(print->ja3.hash)))
		return false;
	a->version = h->version;
	return keep(a, &a->alpn, h->alpn);
}

static bool take_hello(void *ctx, const ic_tls_hello *h)
{
	app *a = ctx;
	bool *taken = &a->hello[h->client ? IC_ORIG : IC_RESP];
	const ic_fieldset prints = IC_FIELD_BIT(IC_F_JA3) | IC_FIELD_BIT(IC_F_JA3S) | IC_FIELD_BIT(IC_F_JA4);
	const ic_print *print = NULL;
	if ((a->apps->sink.hello || wants(a, prints)) &&
	    !(print = ic_prints_of(a->apps->prints, h, transport_letter(a))))
		return false;
	if (!tell_listener(a, h, print, NULL))
		return false;
	/* After a retry the second hello is the one that counts for the server, the first for the client. */
	if (h->retry || *taken)
		return true;
	a->offers_h2 = ic_str_eq(h->client ? h->alpn_first : h->alpn, IC_STR("h2")) ||
		       (a->offers_h2 && (h->client || !h->alpn.p));
	*taken = true;
	return h->client ? keep_client(a, h, print) : keep_server(a, h, print);
}

static bool take_certificate(void *ctx, const uint8_t *der, size_t n)
{
	app *a = ctx;
	ic_certificate c;
	const ic_fieldset shown =
	    IC_FIELD_BIT(IC_F_CERT_SUBJECT) | IC_FIELD_BIT(IC_F_CERT_ISSUER) | IC_FIELD_BIT(IC_F_CERT_STATUS);
	if (a->certified || a->side != IC_RESP || !wants(a, shown))
		return true;
	a->certified = true;
	if (!ic_certificate_parse(&a->arena, der, n, &c))
		return true;
	a->subject = c.subject;
	a->issuer = c.issuer;
	a->self_signed = c.self_signed;
	return true;
}

/* One row a handshake, when all of it that will come is known. */
static bool tell_tls(app *a)
{
	ic_events *q = a->apps->events;
	if (a->told || !(a->hello[IC_ORIG] || a->hello[IC_RESP]))
		return true;
	a->told = true;
	if (!wants_stream(a->apps, IC_STREAM_SSL))
		return true;
	ic_event *e =
	    ic_events_add(q, IC_STREAM_SSL, 0, a->flow, a->hello[IC_ORIG] ? a->hello_ticks : a->flow->first);
	bool ok =
	    e && ic_event_text(q, e, IC_F_SERVICE, a->carries == QUIC ? IC_STR("quic") : IC_STR("tls")) &&
	    ic_event_text(q, e, IC_F_SNI, a->sni) && ic_event_text(q, e, IC_F_ALPN, a->alpn) &&
	    ic_event_text(q, e, IC_F_JA3, a->ja3) && ic_event_text(q, e, IC_F_JA3S, a->ja3s) &&
	    ic_event_text(q, e, IC_F_JA4, a->ja4) && ic_event_text(q, e, IC_F_CERT_SUBJECT, a->subject) &&
	    ic_event_text(q, e, IC_F_CERT_ISSUER, a->issuer);
	/* QUIC has no other (RFC 9001, 4.2); its ServerHello is not read. */
	const uint16_t version = a->carries == QUIC ? 0x0304 : a->version;
	if (ok && version)
		ok = ic_event_text(q, e, IC_F_TLS_VERSION, ic_str_of(ic_tls_version_name(version)));
	if (ok && a->self_signed)
		ok = ic_event_text(q, e, IC_F_CERT_STATUS, IC_STR("self signed certificate"));
	if (ok && a->sni.p)
		ok = ic_event_text(q, e, IC_F_DST_NAME, ic_host_name(&a->arena, a->sni));
	return ok;
}

/* After its hello and certificate the server is not understood any more: all that will come is known, and what
 * is told of the connection later should find it. */
static bool take_encrypted(void *ctx)
{
	app *a = ctx;
	return a->side != IC_RESP || !a->hello[IC_ORIG] || !a->hello[IC_RESP] || tell_tls(a);
}

static bool feed_tls(app *a, int side, const uint8_t *p, size_t n)
{
	const ic_tls_sink sink = { a, take_hello, take_certificate, take_encrypted };
	if (!a->tls[side] && !(a->tls[side] = ic_tls_new()))
		return false;
	bool goes_on = a->carries == DTLS ? ic_tls_datagram(a->tls[side], p, n, &sink)
					  : ic_tls_feed(a->tls[side], p, n, &sink);
	if (goes_on)
		return true;
	ic_tls_free(a->tls[side]);
	a->tls[side] = NULL;
	if (side == IC_RESP || !a->hello[IC_ORIG])
		a->carries = a->hello[IC_ORIG] ? a->carries : NOTHING;
	return true;
}

static bool feed_quic(app *a, int side, const uint8_t *p, size_t n)
{
	ic_tls_hello h;
	if (side != IC_ORIG || a->hello[IC_ORIG])
		return true;
	if (!a->quic && !(a->quic = ic_quic_new()))
		return false;
	switch (ic_quic_datagram(a->quic, p, n, &h)) {
	case IC_QUIC_HELLO: return take_hello(a, &h) && tell_tls(a);
	case IC_QUIC_NOMEM: return false;
	case IC_QUIC_MORE:
	case IC_QUIC_NONE: break;
	}
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
	case HTTP: return feed_http(a, side, p, n);
	case WEBSOCKET: return feed_frames(a, side, p, n);
	case TLS:
	case DTLS: return feed_tls(a, side, p, n);
	case QUIC: return feed_quic(a, side, p, n);
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
	bool ok = true;
	for (int side = 0; side < IC_SIDES; side++) {
		const ic_http_sink sink = http_sink(a, side);
		if (a->http[side])
			ic_http_close(a->http[side], &sink);
	}
	while (ok && a->first)
		ok = tell_request(a);
	return ok && tell_tls(a);
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
		lose_frames(a);
	if (a->carries == TLS) { /* records are not found again */
		ic_tls_free(a->tls[side]);
		a->tls[side] = NULL;
		if (!a->hello[IC_ORIG])
			a->carries = NOTHING;
	}
	return true;
}

/* ---- connections ---- */

static bool tell_connection(ic_apps *apps, const ic_flow *f)
{
	ic_events *q = apps->events;
	if (!wants_stream(apps, IC_STREAM_CONN))
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
	if (!wants_stream(ctx, IC_STREAM_BURST))
		return true;
	if ((f->proto != 6 && f->proto != 17) || (a && a->carries == WEBSOCKET && !a->frames_lost))
		return true;
	if (ic_is_ping(p->payload, p->captured, p->length, a && a->offers_h2)) {
		((ic_apps *)ctx)->counts.pings++;
		return true;
	}
	return say(ctx, f, &(ic_word){ side, p->ticks, p->length, p->ip_bytes, 1 });
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
