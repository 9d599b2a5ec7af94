/* SPDX-License-Identifier: Apache-2.0 */
/* QUIC Initial packets of a client: RFC 9000 section 17.2.2, keys of RFC 9001 section 5.2 (version 1) and
 * RFC 9369 section 3.3 (version 2). Anyone can derive these keys; they hide nothing. */
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <string.h>

#include "source/packet/tls.h"

enum {
	CRYPTO_MAX = 64 << 10,
	PIECES = 32,
	CID_MAX = 20,
	SAMPLE = 16,
	TAG = 16,
	KEY = 16,
	IV = 12,
	HASH = 32,
};

typedef struct version {
	uint32_t number;
	uint8_t initial; /* type bits of an Initial packet */
	uint8_t salt[20];
	const char *key, *iv, *hp;
} version;

static const version versions[] = {
	{ 1,
	  0,
	  { 0x38, 0x76, 0x2c, 0xf7, 0xf5, 0x59, 0x34, 0xb3, 0x4d, 0x17,
	    0x9a, 0xe6, 0xa4, 0xc8, 0x0c, 0xad, 0xcc, 0xbb, 0x7f, 0x0a },
	  "quic key",
	  "quic iv",
	  "quic hp" },
	{ 0x6b3343cf,
	  1,
	  { 0x0d, 0xed, 0xe3, 0xde, 0xf7, 0x00, 0xa6, 0xdb, 0x81, 0x93,
	    0x81, 0xbe, 0x6e, 0x26, 0x9d, 0xcb, 0xf9, 0xbd, 0x2e, 0xd9 },
	  "quicv2 key",
	  "quicv2 iv",
	  "quicv2 hp" },
};

typedef struct keys {
	const version *v;
	uint8_t key[KEY], iv[IV], hp[KEY];
} keys;

typedef struct piece {
	uint32_t from, to;
} piece;

struct ic_quic {
	bool have_keys;
	keys keys;
	uint8_t *crypto;
	piece piece[PIECES]; /* bytes that came, ascending */
	unsigned pieces;
	uint8_t plain[2048];
};

ic_quic *ic_quic_new(void)
{
	return ic_calloc(1, sizeof(ic_quic));
}

void ic_quic_free(ic_quic *q)
{
	if (q)
		ic_free(q->crypto);
	ic_free(q);
}

size_t ic_quic_bytes(const ic_quic *q)
{
	return q ? sizeof *q + (q->crypto ? (size_t)CRYPTO_MAX : 0) : 0;
}

/* ---- headers ---- */

typedef struct initial {
	const version *v;
	const uint8_t *dcid;
	uint8_t dcid_n;
	size_t number_at; /* of the packet number, from the start of the packet */
	size_t length;	  /* of number and payload */
} initial;

/* RFC 9000 section 16; false: it ends early. */
static bool varint(const uint8_t *p, size_t n, size_t *at, uint64_t *ret)
{
	if (*at >= n)
		return false;
	size_t bytes = (size_t)1 << (p[*at] >> 6);
	if (n - *at < bytes)
		return false;
	uint64_t v = p[*at] & 0x3f;
	for (size_t i = 1; i < bytes; i++)
		v = v << 8 | p[*at + i];
	*at += bytes;
	*ret = v;
	return true;
}

static bool parse_initial(const uint8_t *p, size_t n, initial *ret)
{
	uint64_t token, length;
	if (n < 7 || (p[0] & 0xc0) != 0xc0)
		return false;
	uint32_t number = (uint32_t)p[1] << 24 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 8 | p[4];
	*ret = (initial){ .v = NULL };
	for (size_t i = 0; i < sizeof versions / sizeof *versions; i++)
		if (versions[i].number == number)
			ret->v = &versions[i];
	if (!ret->v || (p[0] >> 4 & 3) != ret->v->initial)
		return false;
	size_t at = 5;
	ret->dcid_n = p[at++];
	if (ret->dcid_n > CID_MAX || n - at < (size_t)ret->dcid_n + 1)
		return false;
	ret->dcid = p + at;
	at += ret->dcid_n;
	uint8_t scid = p[at++];
	if (scid > CID_MAX || n - at < scid)
		return false;
	at += scid;
	if (!varint(p, n, &at, &token) || token > n - at)
		return false;
	at += (size_t)token;
	if (!varint(p, n, &at, &length) || length > n - at || length < 4 + SAMPLE)
		return false;
	ret->number_at = at;
	ret->length = (size_t)length;
	return true;
}

bool ic_quic_sniff(const uint8_t *p, size_t n)
{
	initial i;
	return parse_initial(p, n, &i);
}

/* ---- keys ---- */

static bool hmac(const uint8_t *key, size_t key_n, const uint8_t *p, size_t n, uint8_t ret[HASH])
{
	unsigned length = 0;
	return HMAC(EVP_sha256(), key, (int)key_n, p, n, ret, &length) && length == HASH;
}

/* HKDF-Expand-Label (RFC 8446, 7.1) of up to one hash. */
static bool expand(const uint8_t secret[HASH], const char *label, uint8_t *ret, size_t n)
{
	uint8_t info[64], out[HASH];
	size_t label_n = strlen(label), at = 0;
	info[at++] = 0;
	info[at++] = (uint8_t)n;
	info[at++] = (uint8_t)(6 + label_n);
	memcpy(info + at, "tls13 ", 6);
	memcpy(info + at + 6, label, label_n);
	at += 6 + label_n;
	info[at++] = 0;
	info[at++] = 1;
	if (!hmac(secret, HASH, info, at, out))
		return false;
	memcpy(ret, out, n);
	return true;
}

static bool derive(const initial *i, keys *k)
{
	uint8_t secret[HASH], client[HASH];
	k->v = i->v;
	return hmac(i->v->salt, sizeof i->v->salt, i->dcid, i->dcid_n, secret) &&
	       expand(secret, "client in", client, HASH) && expand(client, i->v->key, k->key, KEY) &&
	       expand(client, i->v->iv, k->iv, IV) && expand(client, i->v->hp, k->hp, KEY);
}

static bool aes_block(const uint8_t key[KEY], const uint8_t in[SAMPLE], uint8_t out[SAMPLE])
{
	EVP_CIPHER_CTX *c = EVP_CIPHER_CTX_new();
	int n = 0;
	bool ok = c && EVP_EncryptInit_ex(c, EVP_aes_128_ecb(), NULL, key, NULL) == 1 &&
		  EVP_CIPHER_CTX_set_padding(c, 0) == 1 && EVP_EncryptUpdate(c, out, &n, in, SAMPLE) == 1 &&
		  n == SAMPLE;
	EVP_CIPHER_CTX_free(c);
	return ok;
}

static bool open_sealed(const keys *k, const uint8_t nonce[IV], const uint8_t *head, size_t head_n,
			const uint8_t *p, size_t n, uint8_t *out)
{
	EVP_CIPHER_CTX *c = EVP_CIPHER_CTX_new();
	uint8_t tag[TAG];
	int got = 0, last = 0;
	memcpy(tag, p + n - TAG, TAG);
	bool ok = c && EVP_DecryptInit_ex(c, EVP_aes_128_gcm(), NULL, k->key, nonce) == 1 &&
		  EVP_DecryptUpdate(c, NULL, &got, head, (int)head_n) == 1 &&
		  EVP_DecryptUpdate(c, out, &got, p, (int)(n - TAG)) == 1 &&
		  EVP_CIPHER_CTX_ctrl(c, EVP_CTRL_GCM_SET_TAG, TAG, tag) == 1 &&
		  EVP_DecryptFinal_ex(c, out + got, &last) == 1;
	EVP_CIPHER_CTX_free(c);
	return ok;
}

/* ---- frames ---- */

static void join_pieces(ic_quic *q)
{
	unsigned kept = 0;
	for (unsigned i = 1; i < q->pieces; i++) {
		if (q->piece[i].from <= q->piece[kept].to) {
			if (q->piece[i].to > q->piece[kept].to)
				q->piece[kept].to = q->piece[i].to;
		} else {
			q->piece[++kept] = q->piece[i];
		}
	}
	q->pieces = kept + 1;
}

/* CRYPTO bytes; those of a part that came before are the same ones. False: out of memory. */
static bool take_crypto(ic_quic *q, uint64_t offset, const uint8_t *p, size_t n)
{
	if (n == 0 || offset > CRYPTO_MAX || n > CRYPTO_MAX - offset || q->pieces == PIECES)
		return true;
	if (!q->crypto && !(q->crypto = ic_calloc(1, CRYPTO_MAX)))
		return false;
	memcpy(q->crypto + offset, p, n);
	unsigned at = q->pieces++;
	for (; at > 0 && q->piece[at - 1].from > offset; at--)
		q->piece[at] = q->piece[at - 1];
	q->piece[at] = (piece){ (uint32_t)offset, (uint32_t)(offset + n) };
	join_pieces(q);
	return true;
}

static bool take_frames(ic_quic *q, const uint8_t *p, size_t n)
{
	uint64_t v[4];
	for (size_t at = 0; at < n;) {
		uint8_t type = p[at++];
		if (type <= 1) /* PADDING, PING */
			continue;
		if (type == 2 || type == 3) { /* ACK */
			for (unsigned i = 0; i < 4; i++)
				if (!varint(p, n, &at, &v[i]))
					return true;
			for (uint64_t i = 0; i < v[2] * 2 + (type == 3 ? 3 : 0); i++)
				if (!varint(p, n, &at, &v[3]))
					return true;
			continue;
		}
		if (type != 6 || !varint(p, n, &at, &v[0]) || !varint(p, n, &at, &v[1]) || v[1] > n - at)
			return true;
		if (!take_crypto(q, v[0], p + at, (size_t)v[1]))
			return false;
		at += (size_t)v[1];
	}
	return true;
}

/* Removes the protection of the packet at p: *plain_n bytes of payload. */
static bool unprotect(const keys *k, const uint8_t *p, const initial *i, uint8_t *plain, size_t *plain_n)
{
	uint8_t mask[SAMPLE], head[512], nonce[IV];
	if (i->number_at + 4 > sizeof head || !aes_block(k->hp, p + i->number_at + 4, mask))
		return false;
	memcpy(head, p, i->number_at + 4);
	head[0] ^= mask[0] & 0x0f;
	const size_t number_n = (head[0] & 3u) + 1u;
	uint8_t number[4] = { 0 }; /* right-aligned */
	for (size_t b = 0; b < number_n; b++) {
		head[i->number_at + b] ^= mask[1 + b];
		number[4 - number_n + b] = head[i->number_at + b];
	}
	memcpy(nonce, k->iv, IV);
	for (size_t b = 0; b < sizeof number; b++)
		nonce[IV - sizeof number + b] ^= number[b];
	if (i->length < number_n + TAG)
		return false;
	*plain_n = i->length - number_n - TAG;
	return open_sealed(k, nonce, head, i->number_at + number_n, p + i->number_at + number_n,
			   i->length - number_n, plain);
}

static ic_quic_result take_packet(ic_quic *q, const uint8_t *p, const initial *i)
{
	size_t n = 0;
	keys fresh;
	if (i->length > sizeof q->plain)
		return IC_QUIC_NONE;
	/* The keys are those of the first destination id; after a Retry, of the next one. */
	bool ok = q->have_keys && q->keys.v == i->v && unprotect(&q->keys, p, i, q->plain, &n);
	if (!ok && derive(i, &fresh) && unprotect(&fresh, p, i, q->plain, &n)) {
		q->keys = fresh;
		q->have_keys = ok = true;
	}
	if (!ok)
		return IC_QUIC_NONE;
	return take_frames(q, q->plain, n) ? IC_QUIC_MORE : IC_QUIC_NOMEM;
}

ic_quic_result ic_quic_datagram(ic_quic *q, const uint8_t *p, size_t n, ic_tls_hello *ret)
{
	ic_quic_result result = IC_QUIC_NONE;
	initial i;
	while (n && parse_initial(p, n, &i)) {
		ic_quic_result r = take_packet(q, p, &i);
		if (r == IC_QUIC_NOMEM)
			return r;
		result = r == IC_QUIC_MORE ? r : result;
		p += i.number_at + i.length;
		n -= i.number_at + i.length;
	}
	if (!q->pieces || q->piece[0].from != 0 || q->piece[0].to < 4 || q->crypto[0] != 1)
		return result;
	size_t length = (size_t)q->crypto[1] << 16 | (size_t)q->crypto[2] << 8 | q->crypto[3];
	if (q->piece[0].to < 4 + length)
		return result;
	return ic_tls_hello_parse(true, q->crypto + 4, length, ret) ? IC_QUIC_HELLO : IC_QUIC_NONE;
}
