/* SPDX-License-Identifier: Apache-2.0 */
/* JA3 and JA3S (github.com/salesforce/ja3), JA4 (github.com/FoxIO-LLC/ja4, technical_details/JA4.md). */
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/digest.h"
#include "base/hex.h"
#include "source/packet/tls.h"

static bool is_grease(unsigned v)
{
	return (v & 0x0f0f) == 0x0a0a && v >> 8 == (v & 0xff);
}

/* ---- JA3 ---- */

static void put_list(ic_buf *b, const ic_tls_list *l, bool grease)
{
	bool any = false;
	for (unsigned i = 0; i < l->n; i++) {
		if (!grease && is_grease(l->v[i]))
			continue;
		if (any)
			ic_buf_putc(b, '-');
		ic_buf_u64(b, l->v[i]);
		any = true;
	}
}

bool ic_ja3_of(ic_arena *a, const ic_tls_hello *h, ic_ja3 *ret)
{
	ic_buf b;
	uint8_t md5[32];
	ic_buf_init(&b, 0);
	ic_buf_u64(&b, h->legacy_version);
	ic_buf_putc(&b, ',');
	if (h->client) {
		put_list(&b, &h->ciphers, false);
		ic_buf_putc(&b, ',');
		put_list(&b, &h->extensions, false);
		ic_buf_putc(&b, ',');
		put_list(&b, &h->groups, false);
		ic_buf_putc(&b, ',');
		for (unsigned i = 0; i < h->formats_n; i++) {
			if (i)
				ic_buf_putc(&b, '-');
			ic_buf_u64(&b, h->formats[i]);
		}
	} else {
		ic_buf_u64(&b, h->cipher);
		ic_buf_putc(&b, ',');
		put_list(&b, &h->extensions, true);
	}
	bool ok = !b.failed && ic_digest(IC_DIGEST_MD5, b.p, b.n, md5) == 16;
	ret->string = ok ? ic_arena_dup(a, b.p, b.n) : NULL;
	ic_buf_clear(&b);
	if (ok) {
		ic_hex_bytes(md5, 16, ret->hash);
		ret->hash[32] = 0;
	}
	return ok && ret->string;
}

/* ---- JA4 ---- */

static const char *version_of(uint16_t v)
{
	switch (v) {
	case 0x0304: return "13";
	case 0x0303: return "12";
	case 0x0302: return "11";
	case 0x0301: return "10";
	case 0x0300: return "s3";
	case 0x0002: return "s2";
	case 0xfeff: return "d1";
	case 0xfefd: return "d2";
	case 0xfefc: return "d3";
	default: return "00";
	}
}

static unsigned count(const ic_tls_list *l)
{
	unsigned n = 0;
	for (unsigned i = 0; i < l->n; i++)
		n += !is_grease(l->v[i]);
	return n < 99 ? n : 99;
}

static int by_value(const void *a, const void *b)
{
	return (int)*(const uint16_t *)a - (int)*(const uint16_t *)b;
}

/* "1301,1302": four hex digits each; `sorted` leaves SNI and ALPN of extensions out. Returns the length. */
static size_t hex_list(const ic_tls_list *l, bool sorted, bool extensions, char *to)
{
	uint16_t v[IC_TLS_LIST];
	unsigned n = 0;
	size_t at = 0;
	for (unsigned i = 0; i < l->n; i++)
		if (!is_grease(l->v[i]) && !(extensions && (l->v[i] == 0 || l->v[i] == 16)))
			v[n++] = l->v[i];
	if (sorted && n)
		qsort(v, n, sizeof *v, by_value);
	for (unsigned i = 0; i < n; i++) {
		if (i)
			to[at++] = ',';
		ic_hex_write(v[i], 4, to + at);
		at += 4;
	}
	return at;
}

static void short_hash(const char *p, size_t n, char to[13])
{
	uint8_t sum[32] = { 0 };
	if (n == 0) {
		memcpy(to, "000000000000", 13);
		return;
	}
	(void)ic_digest(IC_DIGEST_SHA256, p, n, sum);
	ic_hex_bytes(sum, 6, to);
	to[12] = 0;
}

static bool is_alnum(uint8_t c)
{
	return (c >= '0' && c <= '9') || ((c | 0x20) >= 'a' && (c | 0x20) <= 'z');
}

/* The first and last character of the first ALPN value. Where one is not alphanumeric the specification
 * takes hex digits of the bytes, others write 99. */
static void alpn_of(ic_str s, char spec[3], char other[3])
{
	memcpy(spec, "00", 3);
	memcpy(other, "00", 3);
	if (s.n == 0)
		return;
	const uint8_t first = (uint8_t)s.p[0], last = (uint8_t)s.p[s.n - 1];
	if (is_alnum(first) && is_alnum(last)) {
		spec[0] = other[0] = (char)first;
		spec[1] = other[1] = (char)last;
		return;
	}
	ic_hex_write(first >> 4, 1, spec);
	ic_hex_write(last, 1, spec + 1);
	memcpy(other, "99", 3);
}

static void put_form(ic_ja4 *ret, const char head[9], const char alpn[3], const char *ciphers,
		     const char *extensions)
{
	char form[40];
	memcpy(form, head, 8);
	memcpy(form + 8, alpn, 2);
	form[10] = '_';
	memcpy(form + 11, ciphers, 12);
	form[23] = '_';
	memcpy(form + 24, extensions, 13);
	for (unsigned i = 0; i < ret->n; i++)
		if (strcmp(ret->form[i], form) == 0)
			return;
	memcpy(ret->form[ret->n++], form, sizeof form - 3);
}

void ic_ja4_of(const ic_tls_hello *h, char transport, ic_ja4 *ret)
{
	static const char digits[] = "0123456789";
	char list[2 * IC_TLS_LIST * 5 + 2], ciphers[13], extensions[13], padded[13], spec[3], other[3],
	    head[9];
	const char *version = version_of(h->version);
	unsigned n = count(&h->ciphers), m = count(&h->extensions);
	bool sni = false;
	for (unsigned i = 0; i < h->extensions.n; i++)
		sni |= h->extensions.v[i] == 0;
	head[0] = transport;
	head[1] = version[0];
	head[2] = version[1];
	head[3] = sni ? 'd' : 'i';
	head[4] = digits[n / 10];
	head[5] = digits[n % 10];
	head[6] = digits[m / 10];
	head[7] = digits[m % 10];
	head[8] = 0;
	short_hash(list, hex_list(&h->ciphers, true, false, list), ciphers);
	size_t at = hex_list(&h->extensions, true, true, list);
	if (at == 0 && h->algorithms.n == 0) {
		memcpy(extensions, "000000000000", 13);
		memcpy(padded, extensions, 13);
	} else {
		/* Without signature algorithms some hash the underscore all the same. */
		bool none = h->algorithms.n == 0;
		size_t bare = at;
		list[at++] = '_';
		at += hex_list(&h->algorithms, false, false, list + at);
		short_hash(list, none ? bare : at, extensions);
		short_hash(list, at, padded);
	}
	alpn_of(h->alpn_first, spec, other);
	ret->n = 0;
	put_form(ret, head, spec, ciphers, extensions);
	put_form(ret, head, other, ciphers, extensions);
	put_form(ret, head, spec, ciphers, padded);
	put_form(ret, head, other, ciphers, padded);
}
