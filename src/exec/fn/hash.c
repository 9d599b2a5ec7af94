/* SPDX-License-Identifier: Apache-2.0 */
/* Hashes of values, GUIDs, Punycode and compressed text. */
#include <sys/random.h>
#include <zlib.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

#include "base/digest.h"
#include "base/hex.h"
#include "base/time.h"
#include "base/unicode.h"
#include "exec/fn/encode.h"
#include "exec/fn/text.h"

/* Numbers are hashed by their bytes, low byte first, times as ticks since year 1; the rest by its text. */
static uint64_t xxh_of(ic_call *c, const ic_value *v)
{
	uint64_t bits = 0;
	switch (v->type) {
	case IC_Q_DATETIME: bits = (uint64_t)v->i - (uint64_t)IC_CIVIL_MIN; break;
	case IC_Q_INT:
	case IC_Q_LONG:
	case IC_Q_TIMESPAN: bits = (uint64_t)v->i; break;
	case IC_Q_REAL: memcpy(&bits, &v->d, sizeof bits); break;
	default: {
		ic_str s = ic_text_of(c, v);
		return XXH64(s.p, s.n, 0);
	}
	}
	uint8_t bytes[8];
	for (unsigned i = 0; i < 8; i++)
		bytes[i] = (uint8_t)(bits >> i * 8);
	return XXH64(bytes, sizeof bytes, 0);
}

static ic_value xxh_row(ic_call *c, const ic_value *arg)
{
	int64_t hash = (int64_t)xxh_of(c, &arg[0]);
	if (c->expr->call.n < 2)
		return ic_value_long(hash);
	int64_t by = arg[1].i;
	if (by <= 0)
		return ic_value_null(IC_Q_LONG);
	hash %= by;
	return ic_value_long(hash < 0 ? hash + by : hash);
}

/* Order counts. Kusto does not say how it combines hashes, and that it may change. */
static ic_value combine_row(ic_call *c, const ic_value *arg)
{
	uint64_t h = 0;
	for (uint32_t i = 0; i < c->expr->call.n; i++) {
		uint64_t one = c->expr->call.fn == IC_FN_HASH_MANY ? xxh_of(c, &arg[i]) : (uint64_t)arg[i].i;
		h ^= one + UINT64_C(0x9e3779b97f4a7c15) + (h << 6) + (h >> 2);
	}
	return ic_value_long((int64_t)h);
}

static ic_value digest_row(ic_call *c, const ic_value *arg, ic_digest_kind kind)
{
	uint8_t sum[32];
	char digits[2 * sizeof sum];
	ic_str s = ic_text_of(c, &arg[0]);
	size_t n = ic_digest(kind, s.p, s.n, sum);
	ic_text t = ic_text_new(c, n * 2);
	ic_hex_bytes(sum, n, digits);
	ic_text_put(&t, digits, n * 2);
	return ic_text_value(&t);
}

static ic_value md5_row(ic_call *c, const ic_value *arg)
{
	return digest_row(c, arg, IC_DIGEST_MD5);
}
static ic_value sha1_row(ic_call *c, const ic_value *arg)
{
	return digest_row(c, arg, IC_DIGEST_SHA1);
}
static ic_value sha256_row(ic_call *c, const ic_value *arg)
{
	return digest_row(c, arg, IC_DIGEST_SHA256);
}

static ic_value new_guid_row(ic_call *c, const ic_value *arg)
{
	ic_value v = { .type = IC_Q_GUID };
	(void)c;
	(void)arg;
	if (getrandom(v.guid.b, sizeof v.guid.b, 0) != (ssize_t)sizeof v.guid.b)
		return ic_value_null(IC_Q_GUID);
	v.guid.b[6] = (uint8_t)((v.guid.b[6] & 0x0f) | 0x40); /* version 4 of RFC 9562 */
	v.guid.b[8] = (uint8_t)((v.guid.b[8] & 0x3f) | 0x80);
	return v;
}

/* ---- Punycode (RFC 3492) ------------------------------------------------------------------ */

enum { BASE = 36, T_MIN = 1, T_MAX = 26, SKEW = 38, DAMP = 700, FIRST_BIAS = 72, FIRST_CODE = 128 };
enum { MOST_CODES = 1024 }; /* encoding takes quadratic time; a host name has at most 253 bytes */

static uint32_t adapt(uint32_t delta, uint32_t codes, bool first)
{
	uint32_t k = 0;
	delta = first ? delta / DAMP : delta / 2;
	delta += delta / codes;
	for (; delta > (BASE - T_MIN) * T_MAX / 2; k += BASE)
		delta /= BASE - T_MIN;
	return k + (BASE - T_MIN + 1) * delta / (delta + SKEW);
}

static uint32_t threshold(uint32_t k, uint32_t bias)
{
	return k <= bias ? T_MIN : k >= bias + T_MAX ? T_MAX : k - bias;
}

static char digit(uint32_t d)
{
	return (char)(d < 26 ? 'a' + d : '0' + d - 26);
}

/* false: the text is too long or not valid UTF-8. */
static bool put_encoded(ic_text *t, ic_str s)
{
	uint32_t code[MOST_CODES], n = 0, basic = 0, delta = 0, next = FIRST_CODE, bias = FIRST_BIAS;
	for (uint32_t at = 0; at < s.n;) {
		unsigned used;
		if (n == MOST_CODES || (code[n] = ic_utf8_read(s.p + at, s.n - at, &used)) > 0x10ffff)
			return false;
		if (code[n] < FIRST_CODE) {
			ic_text_char(t, (char)code[n]);
			basic++;
		}
		n++;
		at += used;
	}
	if (basic)
		ic_text_char(t, '-');
	for (uint32_t done = basic; done < n; delta++, next++) {
		uint32_t least = UINT32_MAX;
		for (uint32_t i = 0; i < n; i++)
			if (code[i] >= next && code[i] < least)
				least = code[i];
		delta += (least - next) * (done + 1); /* at most 0x110000 * 1025: no overflow */
		next = least;
		for (uint32_t i = 0; i < n; i++) {
			delta += code[i] < next;
			if (code[i] != next)
				continue;
			uint32_t q = delta;
			for (uint32_t k = BASE;; k += BASE) {
				uint32_t limit = threshold(k, bias);
				if (q < limit)
					break;
				ic_text_char(t, digit(limit + (q - limit) % (BASE - limit)));
				q = (q - limit) / (BASE - limit);
			}
			ic_text_char(t, digit(q));
			bias = adapt(delta, done + 1, done == basic);
			delta = 0;
			done++;
		}
	}
	return true;
}

/* false: it is not Punycode. */
static bool put_decoded(ic_text *t, ic_str s)
{
	uint32_t code[MOST_CODES], n = 0, next = FIRST_CODE, bias = FIRST_BIAS, i = 0, at = 0;
	const char *last = s.n ? memrchr(s.p, '-', s.n) : NULL;
	if (s.n > MOST_CODES)
		return false;
	for (; last && s.p + at < last; at++) {
		if ((unsigned char)s.p[at] >= FIRST_CODE)
			return false;
		code[n++] = (unsigned char)s.p[at];
	}
	at += last != NULL;
	while (at < s.n) {
		uint64_t weight = 1, from = i, sum = i;
		for (uint32_t k = BASE;; k += BASE) {
			if (at == s.n)
				return false;
			char ch = s.p[at++];
			char low = (char)(ch | 0x20);
			uint32_t d = ch >= '0' && ch <= '9'	? (uint32_t)(ch - '0') + 26
				     : low >= 'a' && low <= 'z' ? (uint32_t)(low - 'a')
								: BASE;
			uint32_t limit = threshold(k, bias);
			sum += d * weight;
			if (d >= BASE || sum > UINT32_MAX)
				return false;
			if (d < limit)
				break;
			weight *= BASE - limit;
			if (weight > UINT32_MAX)
				return false;
		}
		bias = adapt((uint32_t)(sum - from), n + 1, from == 0);
		next += (uint32_t)sum / (n + 1);
		i = (uint32_t)sum % (n + 1);
		if (next > 0x10ffff || (next >= 0xd800 && next < 0xe000) || n == MOST_CODES)
			return false;
		memmove(&code[i + 1], &code[i], (n - i) * sizeof *code);
		code[i++] = next;
		n++;
	}
	for (uint32_t k = 0; k < n; k++)
		ic_text_code(t, code[k]);
	return true;
}

static ic_value punycode_encode_row(ic_call *c, const ic_value *arg)
{
	ic_text t = ic_text_new(c, (size_t)arg[0].s.n + 16);
	return put_encoded(&t, arg[0].s) ? ic_text_value(&t) : ic_value_null(IC_Q_STRING);
}

static ic_value punycode_decode_row(ic_call *c, const ic_value *arg)
{
	ic_text t = ic_text_new(c, (size_t)arg[0].s.n + 16);
	return put_decoded(&t, arg[0].s) ? ic_text_value(&t) : ic_value_null(IC_Q_STRING);
}

static ic_value each_label(ic_call *c, ic_str s, bool encode)
{
	ic_text t = ic_text_new(c, (size_t)s.n + 16);
	while (!c->failed) {
		const char *dot = s.n ? memchr(s.p, '.', s.n) : NULL;
		ic_str label = { s.p, dot ? (uint32_t)(dot - s.p) : s.n };
		bool ok = true;
		if (encode && !ic_ascii(label)) {
			ic_text_put(&t, "xn--", 4);
			ok = put_encoded(&t, label);
		} else if (!encode && ic_str_istarts(label, IC_STR("xn--"))) {
			ok = put_decoded(&t, (ic_str){ label.p + 4, label.n - 4 });
		} else {
			ic_text_str(&t, label);
		}
		if (!ok)
			return ic_value_null(IC_Q_STRING);
		if (!dot)
			break;
		ic_text_char(&t, '.');
		s = (ic_str){ dot + 1, s.n - label.n - 1 };
	}
	return ic_text_value(&t);
}

static ic_value domain_encode_row(ic_call *c, const ic_value *arg)
{
	return each_label(c, arg[0].s, true);
}

static ic_value domain_decode_row(ic_call *c, const ic_value *arg)
{
	return each_label(c, arg[0].s, false);
}

/* ---- compressed text ------------------------------------------------------------------------ */

enum { ZLIB_BITS = 15, GZIP_BITS = 15 + 16 };

static voidpf z_take(voidpf unused, uInt n, uInt size)
{
	(void)unused;
	return ic_calloc(n, size);
}

static void z_give(voidpf unused, voidpf p)
{
	(void)unused;
	ic_free(p);
}

static ic_value compress_row(ic_call *c, const ic_value *arg, int bits)
{
	ic_str s = arg[0].s;
	z_stream z = { .zalloc = z_take, .zfree = z_give };
	if (deflateInit2(&z, Z_DEFAULT_COMPRESSION, Z_DEFLATED, bits, 8, Z_DEFAULT_STRATEGY) != Z_OK)
		return ic_call_nomem(c);
	uLong most = deflateBound(&z, s.n);
	unsigned char *out = ic_arena_alloc(c->arena, most);
	if (!out) {
		deflateEnd(&z);
		return ic_call_nomem(c);
	}
	z.next_in = (z_const Bytef *)(uintptr_t)(s.p ? s.p : "");
	z.avail_in = s.n;
	z.next_out = out;
	z.avail_out = (uInt)most;
	int end = deflate(&z, Z_FINISH);
	size_t n = z.total_out;
	deflateEnd(&z);
	return end == Z_STREAM_END ? ic_base64_encode(c, out, n) : ic_value_null(IC_Q_STRING);
}

static ic_value decompress_row(ic_call *c, const ic_value *arg, int bits)
{
	ic_str s;
	if (!ic_base64_decode(c, arg[0].s, &s))
		return ic_value_null(IC_Q_STRING);
	z_stream z = { .zalloc = z_take, .zfree = z_give };
	if (inflateInit2(&z, bits) != Z_OK)
		return ic_call_nomem(c);
	ic_text t = ic_text_new(c, (size_t)s.n * 3);
	unsigned char piece[4096];
	int end;
	z.next_in = (z_const Bytef *)(uintptr_t)s.p;
	z.avail_in = s.n;
	do {
		z.next_out = piece;
		z.avail_out = sizeof piece;
		end = inflate(&z, Z_NO_FLUSH);
		ic_text_put(&t, (const char *)piece, sizeof piece - z.avail_out);
	} while (end == Z_OK && !c->failed);
	inflateEnd(&z);
	return end == Z_STREAM_END ? ic_text_value(&t) : ic_value_null(IC_Q_STRING);
}

static ic_value zlib_compress_row(ic_call *c, const ic_value *arg)
{
	return compress_row(c, arg, ZLIB_BITS);
}
static ic_value zlib_decompress_row(ic_call *c, const ic_value *arg)
{
	return decompress_row(c, arg, ZLIB_BITS);
}
static ic_value gzip_compress_row(ic_call *c, const ic_value *arg)
{
	return compress_row(c, arg, GZIP_BITS);
}
static ic_value gzip_decompress_row(ic_call *c, const ic_value *arg)
{
	return decompress_row(c, arg, GZIP_BITS);
}

static const ic_kernel_entry entries[] = {
	{ IC_FN_HASH, { .row = xxh_row, .strict = true } },
	{ IC_FN_HASH_COMBINE, { .row = combine_row, .strict = true } },
	{ IC_FN_HASH_MANY, { .row = combine_row, .strict = true } },
	{ IC_FN_HASH_MD5, { .row = md5_row } },
	{ IC_FN_HASH_SHA1, { .row = sha1_row } },
	{ IC_FN_HASH_SHA256, { .row = sha256_row } },
	{ IC_FN_NEW_GUID, { .row = new_guid_row, .impure = true } },
	{ IC_FN_PUNYCODE_ENCODE, { .row = punycode_encode_row, .strict = true } },
	{ IC_FN_PUNYCODE_DECODE, { .row = punycode_decode_row, .strict = true } },
	{ IC_FN_PUNYCODE_DOMAIN_ENCODE, { .row = domain_encode_row, .strict = true } },
	{ IC_FN_PUNYCODE_DOMAIN_DECODE, { .row = domain_decode_row, .strict = true } },
	{ IC_FN_ZLIB_COMPRESS, { .row = zlib_compress_row, .strict = true } },
	{ IC_FN_ZLIB_DECOMPRESS, { .row = zlib_decompress_row, .strict = true } },
	{ IC_FN_GZIP_COMPRESS, { .row = gzip_compress_row, .strict = true } },
	{ IC_FN_GZIP_DECOMPRESS, { .row = gzip_decompress_row, .strict = true } },
};
IC_KERNELS(hash, entries);
