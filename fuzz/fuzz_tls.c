/* SPDX-License-Identifier: Apache-2.0 */
/* TLS records, DTLS datagrams, hellos, certificates and QUIC datagrams, by the first byte; fingerprints of
 * every hello. Records tell the same in whatever pieces they come. */
#include <stdlib.h>
#include <string.h>

#include "source/packet/tls.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

typedef struct seen {
	ic_arena arena;
	uint64_t h;
} seen;

static void add(seen *s, const void *p, size_t n)
{
	for (size_t i = 0; i < n; i++)
		s->h = (s->h ^ ((const unsigned char *)p)[i]) * UINT64_C(0x100000001b3);
}

static bool on_hello(void *ctx, const ic_tls_hello *h)
{
	seen *s = ctx;
	ic_ja3 ja3;
	ic_ja4 ja4;
	if (!ic_ja3_of(&s->arena, h, &ja3))
		abort();
	ic_ja4_of(h, 't', &ja4);
	if (ja4.n < 1 || ja4.n > IC_JA4_FORMS || strlen(ja4.form[0]) != 36 || strlen(ja3.hash) != 32)
		abort();
	add(s, ja3.string, strlen(ja3.string));
	add(s, ja4.form[0], 36);
	add(s, h->sni.p, h->sni.n);
	add(s, h->alpn.p, h->alpn.n);
	return true;
}

static bool on_certificate(void *ctx, const uint8_t *der, size_t n)
{
	seen *s = ctx;
	ic_certificate c;
	(void)ic_certificate_parse(&s->arena, der, n, &c);
	add(s, der, n);
	return true;
}

static bool on_encrypted(void *ctx)
{
	seen *s = ctx;
	s->h++;
	return true;
}

static uint64_t records(const uint8_t *p, size_t n, size_t step, bool datagrams)
{
	seen s = { .h = 1 };
	const ic_tls_sink sink = { &s, on_hello, on_certificate, on_encrypted };
	ic_tls *t = ic_tls_new();
	ic_arena_init(&s.arena, 0, NULL);
	bool ok = t != NULL;
	for (size_t at = 0; ok && at < n; at += step) {
		size_t part = n - at < step ? n - at : step;
		uint8_t *piece = malloc(part);
		if (!piece)
			abort();
		memcpy(piece, p + at, part);
		ok = datagrams ? ic_tls_datagram(t, piece, part, &sink) : ic_tls_feed(t, piece, part, &sink);
		free(piece);
	}
	ic_tls_free(t);
	ic_arena_clear(&s.arena);
	return s.h;
}

static void quic(const uint8_t *p, size_t n)
{
	static ic_tls_hello h;
	ic_quic *q = ic_quic_new();
	(void)ic_quic_sniff(p, n);
	for (int i = 0; q && i < 2; i++)
		(void)ic_quic_datagram(q, p, n, &h);
	ic_quic_free(q);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static ic_tls_hello h;
	seen s = { .h = 1 };
	if (size < 2)
		return 0;
	const uint8_t *p = data + 1;
	const size_t n = size - 1, step = (data[0] >> 3) + 1;
	ic_arena_init(&s.arena, 0, NULL);
	switch (data[0] & 7) {
	case 0: (void)records(p, n, step * 16, true); break;
	case 1: quic(p, n); break;
	case 2: (void)on_certificate(&s, p, n); break;
	case 3:
	case 4:
		if (ic_tls_hello_parse(data[0] & 1, p, n, &h))
			(void)on_hello(&s, &h);
		break;
	default:
		/* SSLv2's form is read from one piece only */
		if (!(p[0] & 0x80) && records(p, n, n, false) != records(p, n, step, false))
			abort();
		(void)records(p, n, n, false);
		break;
	}
	ic_arena_clear(&s.arena);
	return 0;
}
