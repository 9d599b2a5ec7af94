/* SPDX-License-Identifier: Apache-2.0 */
/* TLS hellos and certificates (RFC 8446, 5246), DTLS hellos, QUIC's Initial packets (RFC 9000, 9001, 9369),
 * and their fingerprints. Facts that bite: docs/fingerprints.md. Pure parsers. */
#ifndef IC_SOURCE_PACKET_TLS_H
#define IC_SOURCE_PACKET_TLS_H

#include "base/alloc.h"
#include "base/arena.h"
#include "base/str.h"

enum { IC_TLS_LIST = 512 }; /* ciphers, extensions, groups... that are kept of one hello */

typedef struct ic_tls_list {
	uint16_t n; /* as many as were there, up to IC_TLS_LIST */
	uint16_t v[IC_TLS_LIST];
} ic_tls_list;

typedef struct ic_tls_hello {
	bool client;			  /* else a ServerHello */
	bool retry;			  /* HelloRetryRequest */
	bool truncated;			  /* some list or extension ended early: what came before it counts */
	uint16_t legacy_version, version; /* version: highest of supported_versions, else legacy */
	ic_tls_list ciphers, extensions, groups, algorithms, supported_versions; /* wire order, GREASE kept */
	uint8_t formats_n, formats[255];					 /* EC point formats */
	ic_str sni, alpn_first;							 /* slices of the message */
	ic_str alpn;	 /* of the server: the one it chose */
	uint16_t cipher; /* the server's */
} ic_tls_hello;

/* The body of a handshake message of type 1 or 2 (without its 4 byte header). False: no hello. */
bool ic_tls_hello_parse(bool client, const uint8_t *p, size_t n, ic_tls_hello *ret);

/* A stream of TLS records of one side: collects handshake messages that span records, up to 64 KiB. */
typedef struct ic_tls_sink {
	void *ctx;
	bool (*hello)(void *ctx, const ic_tls_hello *h);	      /* false: out of memory */
	bool (*certificate)(void *ctx, const uint8_t *der, size_t n); /* the first of the chain */
	bool (*encrypted)(void *ctx); /* application data or encrypted handshake was seen */
} ic_tls_sink;
typedef struct ic_tls ic_tls;
ic_tls *ic_tls_new(void);
void ic_tls_free(ic_tls *t);
size_t ic_tls_bytes(const ic_tls *t);			   /* of memory; NULL: 0 */
bool ic_tls_sniff(const uint8_t *p, size_t n, bool *more); /* also SSLv2-style hellos */
/* Whether the head of a record is there, one of TLS as far as can be told. */
bool ic_tls_begins_record(const uint8_t *p, size_t n);
/* False: no TLS from here on, or the sink failed; nothing more is to be fed then. */
bool ic_tls_feed(ic_tls *t, const uint8_t *p, size_t n, const ic_tls_sink *sink);
/* One DTLS datagram (RFC 6347, 9147): hellos in it, put together over datagrams. */
bool ic_tls_datagram(ic_tls *t, const uint8_t *p, size_t n, const ic_tls_sink *sink);

typedef struct ic_certificate {
	ic_str subject, issuer;	       /* RFC 2253 text as Zeek prints it, in the arena */
	int64_t not_before, not_after; /* ticks */
	bool self_signed;	       /* subject and issuer are the same bytes */
} ic_certificate;
bool ic_certificate_parse(ic_arena *a, const uint8_t *der, size_t n, ic_certificate *ret);

/* ---- QUIC (quic.c) ---- */

typedef struct ic_quic ic_quic; /* CRYPTO bytes of one connection's client, over packets; bounded at 64 KiB */
ic_quic *ic_quic_new(void);
void ic_quic_free(ic_quic *q);
size_t ic_quic_bytes(const ic_quic *q);		/* of memory; NULL: 0 */
bool ic_quic_sniff(const uint8_t *p, size_t n); /* a long header of a known version with an Initial packet */
typedef enum ic_quic_result { IC_QUIC_MORE, IC_QUIC_HELLO, IC_QUIC_NONE, IC_QUIC_NOMEM } ic_quic_result;
/* One datagram of the client. HELLO: *ret is the ClientHello (slices into q). */
ic_quic_result ic_quic_datagram(ic_quic *q, const uint8_t *p, size_t n, ic_tls_hello *ret);

/* ---- fingerprints (fingerprint.c) ---- */

typedef struct ic_ja3 {
	char hash[33];
	char *string; /* in the arena */
} ic_ja3;
bool ic_ja3_of(ic_arena *a, const ic_tls_hello *h, ic_ja3 *ret); /* JA3 of a client, JA3S of a server */
enum { IC_JA4_FORMS = 4 };
typedef struct ic_ja4 {
	unsigned n; /* forms that differ; [0] is the specification's */
	char form[IC_JA4_FORMS][40];
} ic_ja4;
/* transport: 't', 'q' or 'd'. */
void ic_ja4_of(const ic_tls_hello *h, char transport, ic_ja4 *ret);
/* "TLSv12" and the like, as Zeek prints a version; "" if unknown. */
const char *ic_tls_version_name(uint16_t version);

#endif
