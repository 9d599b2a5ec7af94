/* SPDX-License-Identifier: Apache-2.0 */
#include "base/ip.h"

#include "base/alloc.h"
#include "base/error.h"
#include "base/hex.h"
#include "base/num.h"
#include "base/quad.h"

/* One group of 1 to 4 hexadecimal digits at *i. */
static bool take_group(ic_str s, uint32_t *i, uint16_t *ret)
{
	unsigned v = 0, n = 0;
	for (int d; n < 4 && *i < s.n && (d = ic_hex_digit(s.p[*i])) >= 0; n++, ++*i)
		v = v << 4 | (unsigned)d;
	*ret = (uint16_t)v;
	return n > 0;
}

/* RFC 4291, 2.2: eight groups; "::" once for one or more groups of zero; the last two may be dotted. */
static bool parse_v6(ic_str s, ic_ip *ret)
{
	uint16_t groups[8];
	unsigned n = 0;
	int gap = -1;
	uint32_t i = 0;
	if (s.n >= 2 && s.p[0] == ':' && s.p[1] == ':') {
		gap = 0;
		i = 2;
	}
	while (i < s.n) {
		uint32_t start = i, v4;
		if (n == 8 || !take_group(s, &i, &groups[n]))
			return false;
		if (i < s.n && s.p[i] == '.') {
			if (n > 6 || !ic_quad_parse((ic_str){ s.p + start, s.n - start }, &v4))
				return false;
			groups[n++] = (uint16_t)(v4 >> 16);
			groups[n++] = (uint16_t)v4;
			break;
		}
		n++;
		if (i == s.n)
			break;
		if (s.p[i++] != ':' || i == s.n)
			return false;
		if (s.p[i] == ':') {
			if (gap >= 0)
				return false;
			gap = (int)n;
			i++;
		}
	}
	if (gap < 0 ? n != 8 : n > 7)
		return false;
	unsigned zeros = 8 - n;
	for (unsigned to = 0, from = 0; to < 8; to++) {
		bool zero = gap >= 0 && to >= (unsigned)gap && to < (unsigned)gap + zeros;
		uint16_t g = zero ? 0 : groups[from++];
		ret->b[2 * to] = (uint8_t)(g >> 8);
		ret->b[2 * to + 1] = (uint8_t)g;
	}
	return true;
}

bool ic_ip_parse(ic_str s, ic_ip *ret)
{
	uint32_t v4;
	if (ic_quad_parse(s, &v4)) {
		*ret = ic_ip_from_v4(v4);
		return true;
	}
	const char *zone = s.n ? memchr(s.p, '%', s.n) : NULL;
	if (zone)
		s.n = (uint32_t)(zone - s.p);
	if (s.n < 2 || s.n > 45)
		return false;
	ic_ip ip;
	if (!parse_v6(s, &ip))
		return false;
	*ret = ip;
	return true;
}

static size_t put_octet(char *to, unsigned v)
{
	size_t n = 0;
	if (v >= 100)
		to[n++] = (char)('0' + v / 100);
	if (v >= 10)
		to[n++] = (char)('0' + v / 10 % 10);
	to[n++] = (char)('0' + v % 10);
	return n;
}

static size_t put_group(char *to, unsigned v)
{
	const unsigned n = v >> 12 ? 4 : v >> 8 ? 3 : v >> 4 ? 2 : 1;
	ic_hex_write(v, n, to);
	return n;
}

/* RFC 5952, 4.2: the longest run of two or more zero groups, the first of equals. */
static void longest_zeros(const unsigned g[8], unsigned *from, unsigned *len)
{
	*from = *len = 0;
	for (unsigned i = 0; i < 8; i++) {
		unsigned n = 0;
		while (i + n < 8 && g[i + n] == 0)
			n++;
		if (n >= 2 && n > *len) {
			*from = i;
			*len = n;
		}
		i += n;
	}
}

size_t ic_ip_format(const ic_ip *ip, char *buf)
{
	size_t n = 0;
	if (ic_ip_is_v4(ip)) {
		for (unsigned i = 12; i < 16; i++) {
			n += put_octet(buf + n, ip->b[i]);
			buf[n++] = '.';
		}
		buf[--n] = '\0';
		return n;
	}
	unsigned g[8], from, len;
	for (unsigned i = 0; i < 8; i++)
		g[i] = (unsigned)ip->b[2 * i] << 8 | ip->b[2 * i + 1];
	longest_zeros(g, &from, &len);
	for (unsigned i = 0; i < 8; i++) {
		if (len && i == from) {
			buf[n++] = ':';
			buf[n++] = ':';
			i += len - 1;
			continue;
		}
		if (n && buf[n - 1] != ':')
			buf[n++] = ':';
		n += put_group(buf + n, g[i]);
	}
	buf[n] = '\0';
	return n;
}

static ic_ip_class classify_v4(const uint8_t *b)
{
	switch (b[0]) {
	case 0: return IC_IP_RESERVED;
	case 10: return IC_IP_PRIVATE;
	case 100: return b[1] >> 6 == 1 ? IC_IP_PRIVATE : IC_IP_PUBLIC;
	case 127: return IC_IP_LOOPBACK;
	case 169: return b[1] == 254 ? IC_IP_LINK_LOCAL : IC_IP_PUBLIC;
	case 172: return b[1] >> 4 == 1 ? IC_IP_PRIVATE : IC_IP_PUBLIC;
	case 192:
		if (b[1] == 168)
			return IC_IP_PRIVATE;
		return b[1] == 0 && b[2] == 0 ? IC_IP_RESERVED : IC_IP_PUBLIC;
	case 198: return (b[1] & 0xfe) == 18 ? IC_IP_RESERVED : IC_IP_PUBLIC;
	default: break;
	}
	if (b[0] < 224)
		return IC_IP_PUBLIC;
	if (b[0] < 240 || (b[0] == 255 && b[1] == 255 && b[2] == 255 && b[3] == 255))
		return IC_IP_MULTICAST;
	return IC_IP_RESERVED;
}

ic_ip_class ic_ip_classify(const ic_ip *ip)
{
	static const uint8_t zero[15];
	const uint8_t *b = ip->b;
	if (ic_ip_is_v4(ip))
		return classify_v4(b + 12);
	if ((b[0] & 0xfe) == 0xfc)
		return IC_IP_PRIVATE;
	if (b[0] == 0xfe && b[1] >> 6 == 2)
		return IC_IP_LINK_LOCAL;
	if (b[0] == 0xff)
		return IC_IP_MULTICAST;
	if (memcmp(b, zero, 15) == 0 && b[15] <= 1)
		return b[15] ? IC_IP_LOOPBACK : IC_IP_RESERVED;
	return IC_IP_PUBLIC;
}

/* ---- CIDR ------------------------------------------------------------------------- */

static ic_ip masked(const ic_ip *ip, unsigned bits)
{
	ic_ip r = *ip;
	for (unsigned i = 0; i < 16; i++) {
		unsigned kept = bits > 8 * i ? bits - 8 * i : 0;
		if (kept < 8)
			r.b[i] = (uint8_t)(r.b[i] & ~(0xffu >> kept));
	}
	return r;
}

bool ic_cidr_parse(ic_str s, ic_cidr *ret)
{
	const char *slash = s.n ? memchr(s.p, '/', s.n) : NULL;
	ic_str address = { s.p, slash ? (uint32_t)(slash - s.p) : s.n };
	ic_ip ip;
	if (!ic_ip_parse(address, &ip))
		return false;
	/* "::ffff:10.0.0.0/104" counts its bits from the left of all 128 */
	bool dotted = memchr(address.p, ':', address.n) == NULL;
	uint64_t bits = dotted ? 32 : 128;
	if (slash) {
		uint64_t given;
		if (!ic_parse_u64((ic_str){ slash + 1, s.n - address.n - 1 }, &given) || given > bits)
			return false;
		bits = given;
	}
	ret->bits = (uint8_t)(dotted ? bits + 96 : bits);
	ret->net = masked(&ip, ret->bits);
	return true;
}

size_t ic_cidr_format(const ic_cidr *c, char *buf)
{
	bool dotted = ic_ip_is_v4(&c->net) && c->bits >= 96;
	size_t n = ic_ip_format(&c->net, buf);
	buf[n++] = '/';
	n += put_octet(buf + n, dotted ? c->bits - 96u : c->bits);
	buf[n] = '\0';
	return n;
}

static inline uint64_t high_first(const uint8_t *p)
{
	uint64_t v;
	memcpy(&v, p, sizeof v);
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
	v = __builtin_bswap64(v);
#endif
	return v;
}

/* By words: queries ask this of every row. */
bool ic_cidr_has(const ic_cidr *c, const ic_ip *ip)
{
	uint64_t high = high_first(c->net.b) ^ high_first(ip->b);
	if (c->bits <= 64)
		return c->bits == 0 || high >> (64 - c->bits) == 0;
	uint64_t low = high_first(c->net.b + 8) ^ high_first(ip->b + 8);
	return high == 0 && low >> (128 - c->bits) == 0;
}

static const char *const internal_default[] = { "10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "fc00::/7",
						"100.64.0.0/10" };

static void mark_nets(struct ic_cidr_nets *nets, const ic_cidr *c)
{
	ic_ip any = ic_ip_from_v4(0);
	bool all_v4 = c->bits < 96 && ic_cidr_has(c, &any);
	if (!all_v4 && (c->bits < 96 || !ic_ip_is_v4(&c->net)))
		return;
	uint32_t first = all_v4 ? 0 : (uint32_t)c->net.b[12] << 8 | c->net.b[13];
	uint32_t n = all_v4 ? 1u << 16 : c->bits < 112 ? 1u << (112 - c->bits) : 1;
	for (uint32_t net = first & ~(n - 1); n; n--, net++) {
		nets->some[net >> 6] |= UINT64_C(1) << (net & 63);
		if (c->bits <= 112)
			nets->all[net >> 6] |= UINT64_C(1) << (net & 63);
	}
}

ic_status ic_cidrs_init(ic_cidrs *set, const char *const *texts, size_t count, ic_error *err)
{
	*set = (ic_cidrs){ 0 };
	if (!texts || count == 0) {
		texts = internal_default;
		count = sizeof internal_default / sizeof *internal_default;
	}
	set->list = ic_reallocarray(NULL, count, sizeof *set->list);
	set->nets = ic_calloc(1, sizeof *set->nets);
	if (!set->list || !set->nets) {
		ic_cidrs_clear(set);
		return ic_fail_nomem(err);
	}
	for (size_t i = 0; i < count; i++) {
		if (!ic_cidr_parse(ic_str_of(texts[i]), &set->list[i])) {
			ic_cidrs_clear(set);
			return ic_fail(err, IC_E_USAGE, "not an address or CIDR block: %s", texts[i]);
		}
		mark_nets(set->nets, &set->list[i]);
	}
	set->n = count;
	return IC_OK;
}

bool ic_cidrs_has_slow(const ic_cidrs *set, const ic_ip *ip)
{
	for (size_t i = 0; i < set->n; i++)
		if (ic_cidr_has(&set->list[i], ip))
			return true;
	return false;
}

void ic_cidrs_has_each(const ic_cidrs *set, const ic_ip *ip, size_t n, uint8_t *ret)
{
	static const struct ic_cidr_nets nothing;
	const struct ic_cidr_nets *nets = set->nets ? set->nets : &nothing;
	for (size_t i = 0; i < n; i++) {
		const bool v4 = ic_ip_is_v4(&ip[i]), all = ic_ip_net_bit(nets->all, &ip[i]);
		const bool unsure = !v4 | (ic_ip_net_bit(nets->some, &ip[i]) != all);
		ret[i] = __builtin_expect(unsure, 0) ? ic_cidrs_has_slow(set, &ip[i]) : all;
	}
}

void ic_cidrs_clear(ic_cidrs *set)
{
	ic_free(set->list);
	ic_free(set->nets);
	*set = (ic_cidrs){ 0 };
}
