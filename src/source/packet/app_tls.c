/* SPDX-License-Identifier: Apache-2.0 */
/* Hellos and certificates of TLS, DTLS and QUIC, as one event a handshake. */
#include "source/packet/apps_private.h"

#include "source/packet/tls.h"

static char transport_letter(const app *a)
{
	return a->carries == QUIC ? 'q' : a->carries == DTLS ? 'd' : 't';
}

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
	return app_wants_stream(a->apps, IC_STREAM_SSL) && (a->apps->events->wanted & fields) != 0;
}

static bool keep_client(app *a, const ic_tls_hello *h, const ic_print *print)
{
	if (wants(a, IC_FIELD_BIT(IC_F_JA3)) && !keep(a, &a->ja3, ic_str_of(print->ja3.hash)))
		return false;
	if (wants(a, IC_FIELD_BIT(IC_F_JA4)) && !keep(a, &a->ja4, ic_str_of(print->ja4.form[0])))
		return false;
	a->hello_ticks = a->ticks;
	return !app_wants_stream(a->apps, IC_STREAM_SSL) || keep(a, &a->sni, h->sni);
}

static bool keep_server(app *a, const ic_tls_hello *h, const ic_print *print)
{
	if (wants(a, IC_FIELD_BIT(IC_F_JA3S)) && !keep(a, &a->ja3s, ic_str_of(print->ja3.hash)))
		return false;
	a->version = h->version;
	return !app_wants_stream(a->apps, IC_STREAM_SSL) || keep(a, &a->alpn, h->alpn);
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
	if (!app_tell_listener(a, h, print, NULL))
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

bool app_tell_tls(app *a)
{
	ic_events *q = a->apps->events;
	if (a->told || !(a->hello[IC_ORIG] || a->hello[IC_RESP]))
		return true;
	a->told = true;
	if (!app_wants_stream(a->apps, IC_STREAM_SSL))
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
	return a->side != IC_RESP || !a->hello[IC_ORIG] || !a->hello[IC_RESP] || app_tell_tls(a);
}

void app_lose_records(app *a, int side)
{
	ic_tls_free(a->tls[side]);
	a->tls[side] = NULL;
	a->records_lost[side] = a->carries == TLS; /* each datagram begins one */
}

bool app_feed_tls(app *a, int side, const uint8_t *p, size_t n)
{
	const ic_tls_sink sink = { a, take_hello, take_certificate, take_encrypted };
	if (a->records_lost[side] && !ic_tls_begins_record(p, n))
		return true;
	a->records_lost[side] = false;
	if (!a->tls[side] && !(a->tls[side] = ic_tls_new()))
		return false;
	bool goes_on = a->carries == DTLS ? ic_tls_datagram(a->tls[side], p, n, &sink)
					  : ic_tls_feed(a->tls[side], p, n, &sink);
	if (goes_on)
		return true;
	app_lose_records(a, side);
	if (side == IC_RESP || !a->hello[IC_ORIG])
		a->carries = a->hello[IC_ORIG] ? a->carries : NOTHING;
	return true;
}

bool app_feed_quic(app *a, int side, const uint8_t *p, size_t n)
{
	ic_tls_hello h;
	if (side != IC_ORIG || a->hello[IC_ORIG])
		return true;
	if (!a->quic && !(a->quic = ic_quic_new()))
		return false;
	switch (ic_quic_datagram(a->quic, p, n, &h)) {
	case IC_QUIC_HELLO: return take_hello(a, &h) && app_tell_tls(a);
	case IC_QUIC_NOMEM: return false;
	case IC_QUIC_MORE:
	case IC_QUIC_NONE: break;
	}
	return true;
}
