/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "base/digest.h"
#include "base/hash.h"
#include "source/packet/flow.h"

static bool is_v4(const ic_flow *f)
{
	return ic_ip_is_v4(&f->ip[IC_ORIG]) && ic_ip_is_v4(&f->ip[IC_RESP]);
}

static size_t put_ip(uint8_t *to, const ic_ip *ip, bool v4)
{
	size_t n = v4 ? 4 : 16;
	memcpy(to, ip->b + 16 - n, n);
	return n;
}

void ic_flow_uid(const ic_flow *f, char uid[19])
{
	static const char digits[] = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
	struct {
		ic_ip ip[IC_SIDES];
		int64_t first;
		uint64_t number;
		uint16_t port[IC_SIDES];
		uint16_t proto, zero;
	} key = { { f->ip[0], f->ip[1] }, f->first, f->number, { f->port[0], f->port[1] }, f->proto, 0 };
	uint64_t v = ic_hash_stable((const char *)&key, sizeof key);
	uid[0] = 'C';
	for (unsigned i = 1; i < 11; i++, v /= 62) /* 62^10 < 2^64 < 62^11 */
		uid[i] = digits[v % 62];
	v = f->number * 0x9e3779b97f4a7c15;
	for (unsigned i = 11; i < 18; i++, v /= 62)
		uid[i] = digits[v % 62];
	uid[18] = 0;
}

static void base64(const uint8_t *p, size_t n, char *to)
{
	static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	for (size_t i = 0; i < n; i += 3) {
		uint32_t v = (uint32_t)p[i] << 16 | (i + 1 < n ? (uint32_t)p[i + 1] << 8 : 0) |
			     (i + 2 < n ? p[i + 2] : 0);
		*to++ = digits[v >> 18];
		*to++ = digits[v >> 12 & 63];
		*to++ = i + 1 < n ? digits[v >> 6 & 63] : '=';
		*to++ = i + 2 < n ? digits[v & 63] : '=';
	}
	*to = 0;
}

void ic_flow_community_id(const ic_flow *f, char id[32])
{
	const bool v4 = is_v4(f);
	const size_t n = v4 ? 4 : 16, skip = 16 - n;
	uint16_t port[IC_SIDES] = { f->port[IC_ORIG], f->port[IC_RESP] };
	/* Smaller address first, then smaller port. */
	int c = memcmp(f->ip[IC_ORIG].b + skip, f->ip[IC_RESP].b + skip, n);
	int first = c < 0 || (c == 0 && port[IC_ORIG] <= port[IC_RESP]) ? IC_ORIG : IC_RESP;
	if (f->one_way)
		first = IC_ORIG;
	uint8_t text[2 + 16 + 16 + 2 + 4] = { 0, 0 }, sum[32];
	size_t at = 2;
	at += put_ip(text + at, &f->ip[first], v4);
	at += put_ip(text + at, &f->ip[!first], v4);
	text[at++] = f->proto;
	text[at++] = 0;
	text[at++] = (uint8_t)(port[first] >> 8);
	text[at++] = (uint8_t)port[first];
	text[at++] = (uint8_t)(port[!first] >> 8);
	text[at++] = (uint8_t)port[!first];
	size_t got = ic_digest(IC_DIGEST_SHA1, text, at, sum);
	memcpy(id, "1:", 3);
	base64(sum, got, id + 2);
}
