/* SPDX-License-Identifier: Apache-2.0 */
#include "source/packet/tls.h"

#include <string.h>

enum {
	MESSAGE_MAX = 64 << 10,
	RECORD_MAX = 16384 + 2048,
	RECORD_HEAD = 5,
	OLD_LEAST = 11, /* SSLv2's form: all of its fixed parts */
	DTLS_HEAD = 13,
	CHANGE_CIPHER = 20,
	ALERT = 21,
	HANDSHAKE = 22,
	DATA = 23,
	CLIENT_HELLO = 1,
	SERVER_HELLO = 2,
	CERTIFICATE = 11,
	EXT_SNI = 0,
	EXT_GROUPS = 10,
	EXT_FORMATS = 11,
	EXT_ALGORITHMS = 13,
	EXT_ALPN = 16,
	EXT_VERSIONS = 43,
	DRAFT = 0x7f00,		/* and the number of a draft of TLS 1.3 */
	DRAFT_LIKE_12 = 0x7f16, /* from draft 22 on a ServerHello looks like one of TLS 1.2 */
	DTLS = 254,		/* major versions of datagrams */
	DTLS_OLD = 1,		/* of OpenSSL before 0.9.8f */
};

/* ---- cursors that cannot run over ---- */

typedef struct in {
	const uint8_t *p;
	size_t n;
	bool ended; /* more was asked for than there is */
} in;

static unsigned take(in *r, unsigned bytes)
{
	unsigned v = 0;
	if (r->n < bytes) {
		r->ended = true;
		r->p += r->n;
		r->n = 0;
		return 0;
	}
	for (unsigned i = 0; i < bytes; i++)
		v = v << 8 | r->p[i];
	r->p += bytes;
	r->n -= bytes;
	return v;
}

/* What follows a length of so many bytes; as much of it as there is. */
static in take_block(in *r, unsigned bytes)
{
	size_t n = take(r, bytes);
	if (n > r->n) {
		r->ended = true;
		n = r->n;
	}
	in block = { r->p, n, r->ended };
	r->p += n;
	r->n -= n;
	return block;
}

static void skip(in *r, size_t n)
{
	r->ended |= n > r->n;
	n = n < r->n ? n : r->n;
	r->p += n;
	r->n -= n;
}

static void add(ic_tls_list *l, unsigned v)
{
	if (l->n < IC_TLS_LIST)
		l->v[l->n++] = (uint16_t)v;
}

static void take_list(ic_tls_list *l, in r)
{
	while (r.n >= 2)
		add(l, take(&r, 2));
}

/* ---- hellos ---- */

static ic_str text(in r)
{
	return (ic_str){ (const char *)r.p, (uint32_t)r.n };
}

static void take_sni(ic_tls_hello *h, in r)
{
	in names = take_block(&r, 2);
	while (names.n >= 3) {
		unsigned type = take(&names, 1);
		in name = take_block(&names, 2);
		if (type == 0 && name.n && !h->sni.p)
			h->sni = text(name);
	}
}

static void take_alpn(ic_tls_hello *h, in r)
{
	in list = take_block(&r, 2);
	in first = list.n ? take_block(&list, 1) : list;
	if (first.n)
		*(h->client ? &h->alpn_first : &h->alpn) = text(first);
}

static bool is_grease(unsigned v)
{
	return (v & 0x0f0f) == 0x0a0a && v >> 8 == (v & 0xff);
}

static void take_versions(ic_tls_hello *h, in r)
{
	if (!h->client) {
		h->version = (uint16_t)take(&r, 2);
		return;
	}
	unsigned best = 0;
	take_list(&h->supported_versions, take_block(&r, 1));
	for (unsigned i = 0; i < h->supported_versions.n; i++) {
		unsigned v = h->supported_versions.v[i];
		if (!is_grease(v) && v > best)
			best = v;
	}
	h->version = best ? (uint16_t)best : h->version;
}

static void take_extension(ic_tls_hello *h, unsigned type, in r)
{
	switch (type) {
	case EXT_SNI: take_sni(h, r); break;
	case EXT_GROUPS: take_list(&h->groups, take_block(&r, 2)); break;
	case EXT_ALGORITHMS: take_list(&h->algorithms, take_block(&r, 2)); break;
	case EXT_ALPN: take_alpn(h, r); break;
	case EXT_VERSIONS: take_versions(h, r); break;
	case EXT_FORMATS: {
		in list = take_block(&r, 1);
		h->formats_n = (uint8_t)list.n;
		memcpy(h->formats, list.p, list.n);
		break;
	}
	default: break;
	}
}

/* SHA-256 of "HelloRetryRequest" (RFC 8446, 4.1.3) stands in for the random bytes of a retry. */
static const uint8_t retry_random[32] = { 0xcf, 0x21, 0xad, 0x74, 0xe5, 0x9a, 0x61, 0x11, 0xbe, 0x1d, 0x8c,
					  0x02, 0x1e, 0x65, 0xb8, 0x91, 0xc2, 0xa2, 0x11, 0x16, 0x7a, 0xbb,
					  0x8c, 0x5e, 0x07, 0x9e, 0x09, 0xe2, 0xc8, 0xa8, 0x33, 0x9c };

static bool hello(bool client, bool datagrams, const uint8_t *p, size_t n, ic_tls_hello *h)
{
	in r = { p, n, false };
	memset(h, 0, sizeof *h);
	h->client = client;
	h->legacy_version = h->version = (uint16_t)take(&r, 2);
	h->retry = !client && r.n >= 32 && memcmp(r.p, retry_random, 32) == 0;
	skip(&r, 32);
	/* Servers of early drafts of TLS 1.3 sent neither session nor compression. */
	const bool bare = !client && h->version > DRAFT && h->version < DRAFT_LIKE_12;
	if (!bare)
		(void)take_block(&r, 1); /* session */
	if (client && datagrams)
		(void)take_block(&r, 1); /* cookie */
	if (client) {
		take_list(&h->ciphers, take_block(&r, 2));
		(void)take_block(&r, 1); /* compression */
	} else {
		h->cipher = (uint16_t)take(&r, 2);
		if (!bare)
			(void)take(&r, 1); /* compression */
	}
	if (r.ended)
		return false;
	if (r.n) {
		in all = take_block(&r, 2);
		while (all.n >= 4) {
			unsigned type = take(&all, 2);
			in body = take_block(&all, 2);
			add(&h->extensions, type);
			take_extension(h, type, body);
		}
		h->truncated = all.ended || r.ended || all.n > 0;
	}
	return true;
}

bool ic_tls_hello_parse(bool client, const uint8_t *p, size_t n, ic_tls_hello *ret)
{
	return hello(client, false, p, n, ret);
}

/* ---- records ---- */

struct ic_tls {
	uint8_t head[RECORD_HEAD];
	uint8_t head_n;
	bool begun;	  /* a byte was seen */
	uint32_t left;	  /* of the record */
	uint32_t record;  /* its length */
	bool app_data;	  /* application data was seen: no hello can follow */
	bool handshake;	  /* the record is one, in clear */
	bool sealed;	  /* what follows is encrypted, unless it is a hello */
	bool doubtful;	  /* the record may be encrypted: told by its first bytes */
	uint8_t *message; /* a handshake message on its way */
	uint32_t n, room;
	uint16_t next; /* DTLS: message_seq */
};

ic_tls *ic_tls_new(void)
{
	return ic_calloc(1, sizeof(ic_tls));
}

void ic_tls_free(ic_tls *t)
{
	if (t)
		ic_free(t->message);
	ic_free(t);
}

size_t ic_tls_bytes(const ic_tls *t)
{
	return t ? sizeof *t + t->room : 0;
}

/* SSLv2's form of a ClientHello with a version of SSL 3 or later; five bytes tell. */
static bool is_old_client(const uint8_t *p)
{
	return p[0] & 0x80 && p[2] == CLIENT_HELLO && p[3] == 3 && p[4] <= 4;
}

static uint32_t record_length(const uint8_t *head)
{
	return (uint32_t)head[3] << 8 | head[4];
}

bool ic_tls_sniff(const uint8_t *p, size_t n, bool *more)
{
	*more = n < 6;
	if (n >= 1 && p[0] != HANDSHAKE && !(p[0] & 0x80)) {
		*more = false;
		return false;
	}
	if (n >= 2 && p[0] == HANDSHAKE && p[1] != 3) {
		*more = false;
		return false;
	}
	if (*more)
		return false;
	if (p[0] == HANDSHAKE)
		return p[2] <= 4 && (p[5] == CLIENT_HELLO || p[5] == SERVER_HELLO);
	return is_old_client(p);
}

bool ic_tls_begins_record(const uint8_t *p, size_t n)
{
	return n >= RECORD_HEAD && p[0] >= CHANGE_CIPHER && p[0] <= DATA + 1 && p[1] == 3 &&
	       record_length(p) <= RECORD_MAX;
}

static bool room_for(ic_tls *t, size_t n)
{
	if (t->n + n <= t->room)
		return true;
	uint32_t room = t->room ? t->room : 1024;
	while (room < t->n + n)
		room *= 2;
	uint8_t *p = ic_realloc(t->message, room);
	if (!p)
		return false;
	t->message = p;
	t->room = room;
	return true;
}

static bool message(const ic_tls_sink *sink, bool datagrams, const uint8_t *p, size_t n)
{
	ic_tls_hello h;
	in r = { p + 4, n - 4, false };
	switch (p[0]) {
	case CLIENT_HELLO:
	case SERVER_HELLO:
		return !hello(p[0] == CLIENT_HELLO, datagrams, r.p, r.n, &h) || sink->hello(sink->ctx, &h);
	case CERTIFICATE: {
		in chain = take_block(&r, 3);
		in first = take_block(&chain, 3);
		return r.ended || first.ended || !first.n || sink->certificate(sink->ctx, first.p, first.n);
	}
	default: return true;
	}
}

/* A TLS 1.3 peer in compatibility mode sends a ChangeCipherSpec before its second hello (RFC 8446, D.4).
 * Encrypted bytes look like one once in 2^31. */
static bool is_whole_hello(const uint8_t *head, uint32_t record)
{
	size_t n = 4 + ((size_t)head[1] << 16 | (size_t)head[2] << 8 | head[3]);
	return (head[0] == CLIENT_HELLO || head[0] == SERVER_HELLO) && n == record;
}

/* Handshake bytes; messages may begin and end anywhere in them. False: out of memory, or no TLS. */
static bool handshake(ic_tls *t, const uint8_t *p, size_t n, const ic_tls_sink *sink)
{
	while (n) {
		size_t want = 4;
		if (t->n >= 4)
			want = 4 + ((size_t)t->message[1] << 16 | (size_t)t->message[2] << 8 | t->message[3]);
		if (want > MESSAGE_MAX)
			return false;
		size_t part = want - t->n < n ? want - t->n : n;
		if (!room_for(t, part))
			return false;
		memcpy(t->message + t->n, p, part);
		t->n += (uint32_t)part;
		p += part;
		n -= part;
		if (t->n < 4)
			continue;
		if (t->doubtful && !is_whole_hello(t->message, t->record)) {
			t->handshake = false;
			t->n = 0;
			return true;
		}
		want = 4 + ((size_t)t->message[1] << 16 | (size_t)t->message[2] << 8 | t->message[3]);
		if (t->n < want)
			continue;
		bool ok = message(sink, false, t->message, want);
		t->n = 0;
		if (!ok)
			return false;
	}
	return true;
}

static bool begin_record(ic_tls *t, const ic_tls_sink *sink)
{
	const uint8_t type = t->head[0];
	if (!ic_tls_begins_record(t->head, RECORD_HEAD))
		return false;
	t->record = t->left = record_length(t->head);
	t->handshake = type == HANDSHAKE && !t->app_data;
	t->doubtful = t->sealed;
	if (t->doubtful)
		t->n = 0;
	if (type == CHANGE_CIPHER || type == DATA) {
		bool first = !t->sealed;
		t->sealed = true;
		t->app_data |= type == DATA;
		t->n = 0;
		return !first || sink->encrypted(sink->ctx);
	}
	return true;
}

/* SSLv2's form: version, cipher specs of 3 bytes (RFC 5246, E.2). */
static bool old_hello(const uint8_t *p, size_t n, const ic_tls_sink *sink)
{
	ic_tls_hello h;
	in r = { p + 3, n - 3, false };
	memset(&h, 0, sizeof h);
	h.client = true;
	h.legacy_version = h.version = (uint16_t)take(&r, 2);
	unsigned ciphers = take(&r, 2);
	(void)take(&r, 4);
	for (; ciphers >= 3 && r.n >= 3; ciphers -= 3) {
		unsigned spec = take(&r, 3);
		if (spec <= UINT16_MAX)
			add(&h.ciphers, spec);
	}
	return sink->hello(sink->ctx, &h);
}

bool ic_tls_feed(ic_tls *t, const uint8_t *p, size_t n, const ic_tls_sink *sink)
{
	while (n) {
		if (t->left == 0) {
			const bool first = !t->begun;
			t->begun = true;
			if (first && p[0] & 0x80) {
				/* One packet holds it, or it is not worth the trouble. */
				size_t length = (((size_t)p[0] & 0x7f) << 8 | (n > 1 ? p[1] : 0)) + 2;
				if (length < OLD_LEAST || length > n || !is_old_client(p) ||
				    !old_hello(p, length, sink))
					return false;
				p += length;
				n -= length;
				continue;
			}
			t->head[t->head_n++] = *p++;
			n--;
			if (t->head_n < RECORD_HEAD)
				continue;
			t->head_n = 0;
			if (!begin_record(t, sink))
				return false;
			continue;
		}
		size_t part = n < t->left ? n : t->left;
		if (t->handshake && !handshake(t, p, part, sink))
			return false;
		t->left -= (uint32_t)part;
		p += part;
		n -= part;
	}
	return true;
}

/* ---- datagrams ---- */

/* One fragment of a handshake message, in order: others wait for a repetition. */
static bool fragment(ic_tls *t, in *r, const ic_tls_sink *sink)
{
	uint8_t type = (uint8_t)take(r, 1);
	size_t length = take(r, 3);
	unsigned seq = take(r, 2);
	size_t at = take(r, 3), n = take(r, 3);
	if (r->ended || n > r->n || at + n > length || length + 4 > MESSAGE_MAX) {
		r->n = 0;
		return true;
	}
	const uint8_t *p = r->p;
	skip(r, n);
	if (at == 0) {
		t->n = 0;
		t->next = (uint16_t)seq;
		if (!room_for(t, 4))
			return false;
		const uint8_t head[4] = { type, (uint8_t)(length >> 16), (uint8_t)(length >> 8),
					  (uint8_t)length };
		memcpy(t->message, head, 4);
		t->n = 4;
	} else if (t->n != 4 + at || t->next != seq) {
		return true;
	}
	if (!room_for(t, n))
		return false;
	memcpy(t->message + t->n, p, n);
	t->n += (uint32_t)n;
	if (t->n < 4 + length)
		return true;
	t->n = 0;
	return message(sink, true, t->message, 4 + length);
}

bool ic_tls_datagram(ic_tls *t, const uint8_t *p, size_t n, const ic_tls_sink *sink)
{
	in all = { p, n, false };
	while (all.n >= DTLS_HEAD) {
		unsigned type = take(&all, 1), major = take(&all, 1);
		(void)take(&all, 1);
		unsigned epoch = take(&all, 2);
		skip(&all, 6);
		in body = take_block(&all, 2);
		if ((major != DTLS && major != DTLS_OLD) || type < CHANGE_CIPHER || type > DATA + 3)
			return false;
		if (type != HANDSHAKE || epoch != 0)
			continue;
		while (body.n >= 12)
			if (!fragment(t, &body, sink))
				return false;
	}
	return true;
}

const char *ic_tls_version_name(uint16_t version)
{
	switch (version) {
	case 0x0002: return "SSLv2";
	case 0x0300: return "SSLv3";
	case 0x0301: return "TLSv10";
	case 0x0302: return "TLSv11";
	case 0x0303: return "TLSv12";
	case 0x0304: return "TLSv13";
	case 0xfeff: return "DTLSv10";
	case 0xfefd: return "DTLSv12";
	case 0xfefc: return "DTLSv13";
	default: return version >> 8 == 0x7f ? "TLSv13-draft" : "";
	}
}
