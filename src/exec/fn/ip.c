/* SPDX-License-Identifier: Apache-2.0 */
/* Functions on addresses. A text that is no address gives null; a prefix behind an address ("10.1.2.3/8")
 * counts in comparisons, where the shortest one decides. */
#include "base/hex.h"
#include "base/num.h"
#include "exec/fn/text.h"

/* An address with its prefix, both as IPv6: those of IPv4 lie in ::ffff:0:0/96. */
typedef struct network {
	ic_ip ip;
	uint8_t bits; /* of 128 */
	bool v4;      /* written as IPv4 */
} network;

static uint32_t v4_of(const ic_ip *ip)
{
	return (uint32_t)ip->b[12] << 24 | (uint32_t)ip->b[13] << 16 | (uint32_t)ip->b[14] << 8 | ip->b[15];
}

static ic_ip cut(ic_ip ip, unsigned bits)
{
	for (unsigned i = 0; i < 16; i++) {
		unsigned kept = bits > i * 8 ? bits - i * 8 : 0;
		if (kept < 8)
			ip.b[i] &= (uint8_t)(0xff00u >> kept);
	}
	return ip;
}

static bool read_text(ic_str s, network *ret)
{
	const char *slash = s.n ? memchr(s.p, '/', s.n) : NULL;
	ic_str address = { s.p, slash ? (uint32_t)(slash - s.p) : s.n };
	static const uint8_t zero[12] = { 0 };
	uint64_t prefix;
	if (!ic_ip_parse(address, &ret->ip))
		return false;
	bool dotted = memchr(address.p, '.', address.n) != NULL;
	ret->v4 = memchr(address.p, ':', address.n) == NULL;
	if (dotted && !ret->v4 && memcmp(ret->ip.b, zero, 12) == 0) /* ::192.0.2.1 is 192.0.2.1 too */
		ret->ip = ic_ip_from_v4(v4_of(&ret->ip));
	ret->bits = 128;
	if (!slash)
		return true;
	ic_str digits = { slash + 1, s.n - address.n - 1 };
	if (digits.n > 3 || !ic_parse_u64(digits, &prefix) || prefix > (ret->v4 ? 32 : 128))
		return false;
	ret->bits = (uint8_t)(dotted && prefix <= 32 ? prefix + 96 : prefix);
	return true;
}

static bool read_network(const ic_value *v, network *ret)
{
	if (v->type != IC_Q_IP)
		return v->type == IC_Q_STRING && read_text(ic_str_trim(v->s), ret);
	*ret = (network){ v->ip, 128, ic_ip_is_v4(&v->ip) };
	return true;
}

static bool read_v4(const ic_value *v, network *ret)
{
	return read_network(v, ret) && ret->v4;
}

static unsigned shorter(unsigned a, unsigned b)
{
	return a < b ? a : b;
}

/* -1, 0, 1 in the first bits of both. */
static int compare(const network *a, const network *b, unsigned bits)
{
	bits = shorter(bits, shorter(a->bits, b->bits));
	ic_ip x = cut(a->ip, bits), y = cut(b->ip, bits);
	int c = memcmp(x.b, y.b, sizeof x.b);
	return c < 0 ? -1 : c > 0;
}

/* ---- two addresses ------------------------------------------------------------------------ */

/* Order of the first two arguments; the third may be a prefix. false: one of them is none. */
static bool compare_arguments(ic_call *c, const ic_value *arg, bool only_v4, int *ret)
{
	network a, b;
	if (!read_network(&arg[0], &a) || !read_network(&arg[1], &b) || (only_v4 && !(a.v4 && b.v4)))
		return false;
	unsigned bits = 128;
	if (c->expr->call.n > 2) {
		int64_t prefix = arg[2].i;
		if (prefix < 0 || prefix > (only_v4 ? 32 : 128))
			return false;
		bits = (unsigned)prefix + (a.v4 && b.v4 && prefix <= 32 ? 96 : 0);
	}
	*ret = compare(&a, &b, bits);
	return true;
}

static ic_value v4_compare(ic_call *c, const ic_value *arg)
{
	int order;
	return compare_arguments(c, arg, true, &order) ? ic_value_long(order) : ic_value_null(IC_Q_LONG);
}

static ic_value v6_compare(ic_call *c, const ic_value *arg)
{
	int order;
	return compare_arguments(c, arg, false, &order) ? ic_value_long(order) : ic_value_null(IC_Q_LONG);
}

static ic_value v4_match(ic_call *c, const ic_value *arg)
{
	int order;
	return compare_arguments(c, arg, true, &order) ? ic_value_bool(order == 0) : ic_value_null(IC_Q_BOOL);
}

static ic_value v6_match(ic_call *c, const ic_value *arg)
{
	int order;
	return compare_arguments(c, arg, false, &order) ? ic_value_bool(order == 0)
							: ic_value_null(IC_Q_BOOL);
}

/* ---- ranges -------------------------------------------------------------------------------- */

/* The ranges of a call whose ranges are all constant. */
typedef struct ranges {
	uint32_t n;
	network range[];
} ranges;

static bool only_v4(ic_fn_id fn)
{
	return fn == IC_FN_IPV4_IS_IN_RANGE || fn == IC_FN_IPV4_IS_IN_ANY_RANGE;
}

static uint32_t items_of(const ic_value *v)
{
	return v->type == IC_Q_DYNAMIC && !v->null && v->dyn->kind == IC_DYN_ARRAY ? v->dyn->n : 1;
}

/* Item i of an argument that is a text, or an array of texts. */
static bool range_of(const ic_value *v, uint32_t i, network *ret)
{
	if (v->null)
		return false;
	if (v->type != IC_Q_DYNAMIC)
		return read_network(v, ret);
	const ic_dyn *d = v->dyn->kind == IC_DYN_ARRAY ? v->dyn->item[i] : v->dyn;
	return d->kind == IC_DYN_STRING && read_text(ic_str_trim(d->s), ret);
}

static ic_status prepare_ranges(ic_plan *p, const ic_expr *call, void **state, ic_diag *diag)
{
	(void)diag;
	size_t most = 0;
	for (uint32_t i = 1; i < call->call.n; i++) {
		if (call->call.arg[i]->kind != IC_X_CONST)
			return IC_OK;
		most += items_of(&call->call.arg[i]->value);
	}
	ranges *r = ic_arena_alloc(&p->arena, sizeof *r + most * sizeof *r->range);
	if (!r)
		return IC_E_NOMEM;
	r->n = 0;
	for (uint32_t i = 1; i < call->call.n; i++) {
		const ic_value *v = &call->call.arg[i]->value;
		for (uint32_t k = 0, n = items_of(v); k < n; k++) {
			network *range = &r->range[r->n];
			if (range_of(v, k, range) && (range->v4 || !only_v4(call->call.fn)))
				r->n++;
		}
	}
	*state = r;
	return IC_OK;
}

static ic_value in_ranges(ic_call *c, const ic_value *arg)
{
	network ip, range;
	bool v4 = only_v4(c->expr->call.fn), read = false;
	const ranges *known = c->state;
	if (!read_network(&arg[0], &ip) || (v4 && !ip.v4))
		return ic_value_null(IC_Q_BOOL);
	for (uint32_t i = 0; known && i < known->n; i++) {
		read = true;
		if (compare(&ip, &known->range[i], 128) == 0)
			return ic_value_bool(true);
	}
	for (uint32_t i = 1; !known && i < c->expr->call.n; i++)
		for (uint32_t k = 0, n = items_of(&arg[i]); k < n; k++) {
			if (!range_of(&arg[i], k, &range) || (v4 && !range.v4))
				continue;
			read = true;
			if (compare(&ip, &range, 128) == 0)
				return ic_value_bool(true);
		}
	bool single =
	    c->expr->call.fn == IC_FN_IPV4_IS_IN_RANGE || c->expr->call.fn == IC_FN_IPV6_IS_IN_RANGE;
	return single && !read ? ic_value_null(IC_Q_BOOL) : ic_value_bool(false);
}

static ic_value is_private(ic_call *c, const ic_value *arg)
{
	static const struct {
		uint32_t net;
		uint8_t bits;
	} list[] = { { 0x0a000000, 8 }, { 0xac100000, 12 }, { 0xc0a80000, 16 } };
	network ip;
	(void)c;
	if (!read_v4(&arg[0], &ip))
		return ic_value_null(IC_Q_BOOL);
	uint32_t v4 = v4_of(&ip.ip);
	for (size_t i = 0; i < sizeof list / sizeof *list; i++)
		if ((v4 ^ list[i].net) >> (32 - list[i].bits) == 0 && ip.bits >= 96 + list[i].bits)
			return ic_value_bool(true);
	return ic_value_bool(false);
}

/* ---- numbers and texts --------------------------------------------------------------------- */

static ic_value parse_v4(ic_call *c, const ic_value *arg)
{
	network ip;
	int64_t prefix = c->expr->call.n > 1 ? arg[1].i : 32;
	if (!read_v4(&arg[0], &ip) || prefix < 0 || prefix > 32)
		return ic_value_null(IC_Q_LONG);
	ic_ip net = cut(ip.ip, shorter(ip.bits, (unsigned)prefix + 96));
	return ic_value_long(v4_of(&net));
}

static ic_value parse_v6(ic_call *c, const ic_value *arg)
{
	network ip;
	int64_t prefix = c->expr->call.n > 1 ? arg[1].i : 128;
	if (!read_network(&arg[0], &ip) || prefix < 0 || prefix > 128)
		return ic_value_null(IC_Q_STRING);
	ic_ip net = cut(ip.ip, shorter(ip.bits, (unsigned)prefix + (ip.v4 && prefix <= 32 ? 96 : 0)));
	char buf[39];
	for (unsigned i = 0; i < 8; i++) {
		if (i)
			buf[i * 5 - 1] = ':';
		ic_hex_bytes(&net.b[i * 2], 2, buf + i * 5);
	}
	ic_text t = ic_text_new(c, sizeof buf);
	ic_text_put(&t, buf, sizeof buf);
	return ic_text_value(&t);
}

static ic_value netmask_suffix(ic_call *c, const ic_value *arg)
{
	network ip;
	(void)c;
	return read_v4(&arg[0], &ip) ? ic_value_long(ip.bits - 96) : ic_value_null(IC_Q_LONG);
}

static void put_ip(ic_text *t, const ic_ip *ip)
{
	char buf[48];
	ic_text_put(t, buf, ic_ip_format(ip, buf));
}

static ic_value format(ic_call *c, const ic_value *arg, bool with_prefix)
{
	network ip = { .bits = 128, .v4 = true };
	int64_t prefix = c->expr->call.n > 1 ? arg[1].i : 32;
	bool number = arg[0].type == IC_Q_LONG || arg[0].type == IC_Q_INT;
	if (number && arg[0].i >= 0 && arg[0].i <= UINT32_MAX)
		ip.ip = ic_ip_from_v4((uint32_t)arg[0].i);
	else if (number || !read_v4(&arg[0], &ip))
		return ic_value_null(IC_Q_STRING);
	if (prefix < 0 || prefix > 32)
		return ic_value_null(IC_Q_STRING);
	unsigned bits = shorter(ip.bits, (unsigned)prefix + 96);
	ic_ip net = cut(ip.ip, bits);
	ic_text t = ic_text_new(c, 20);
	put_ip(&t, &net);
	if (with_prefix) {
		ic_text_char(&t, '/');
		ic_text_number(&t, bits - 96, 1);
	}
	return ic_text_value(&t);
}

static ic_value format_row(ic_call *c, const ic_value *arg)
{
	return format(c, arg, false);
}

static ic_value format_mask_row(ic_call *c, const ic_value *arg)
{
	return format(c, arg, true);
}

static ic_value range_to_cidrs(ic_call *c, const ic_value *arg)
{
	network a, b;
	const ic_dyn *item[64]; /* 31 blocks up and 31 down at most */
	uint32_t n = 0;
	if (!read_v4(&arg[0], &a) || !read_v4(&arg[1], &b))
		return ic_value_null(IC_Q_DYNAMIC);
	uint64_t from = v4_of(&a.ip), to = v4_of(&b.ip);
	while (from <= to && n < 64) {
		unsigned bits = 0; /* of the block's size: it must begin there and not end too late */
		while (bits < 32 && (from >> bits & 1) == 0 && from + (UINT64_C(2) << bits) - 1 <= to)
			bits++;
		ic_ip net = ic_ip_from_v4((uint32_t)from);
		ic_text t = ic_text_new(c, 20);
		put_ip(&t, &net);
		ic_text_char(&t, '/');
		ic_text_number(&t, 32 - bits, 1);
		item[n] = ic_text_dyn(c, (ic_str){ t.p, (uint32_t)t.n });
		if (!item[n++] || c->failed)
			return ic_value_null(IC_Q_DYNAMIC);
		from += UINT64_C(1) << bits;
	}
	return ic_text_array(c, item, n);
}

/* ---- addresses in text --------------------------------------------------------------------- */

static bool word_byte(char ch)
{
	return (ch >= '0' && ch <= '9') || (ch >= 'a' && ch <= 'z') || (ch >= 'A' && ch <= 'Z');
}

/* s has an IPv4 address that is `wanted`, or begins with it if that ends in a dot; letters and digits must
 * not touch the address. */
static bool has_address(ic_str s, ic_str wanted, bool prefix)
{
	network ip;
	prefix = prefix && wanted.n && wanted.p[wanted.n - 1] == '.';
	if (!prefix && (!read_text(wanted, &ip) || !ip.v4 || ip.bits != 128))
		return false;
	if (wanted.n == 0 || wanted.n > 15)
		return false;
	for (const char *p = s.p, *end = s.p + s.n; p && p < end; p++) {
		p = memmem(p, (size_t)(end - p), wanted.p, wanted.n);
		if (!p)
			break;
		const char *stop = p + wanted.n;
		while (prefix && stop < end && stop - p < 16 &&
		       (*stop == '.' || (*stop >= '0' && *stop <= '9')))
			stop++;
		while (prefix && stop > p && stop[-1] == '.')
			stop--;
		bool free_standing = (p == s.p || !word_byte(p[-1])) && (stop == end || !word_byte(*stop));
		if (free_standing && read_text((ic_str){ p, (uint32_t)(stop - p) }, &ip) && ip.v4)
			return true;
	}
	return false;
}

static ic_value has_addresses(ic_call *c, const ic_value *arg)
{
	ic_fn_id fn = c->expr->call.fn;
	bool prefix = fn == IC_FN_HAS_IPV4_PREFIX || fn == IC_FN_HAS_ANY_IPV4_PREFIX;
	for (uint32_t i = 1; i < c->expr->call.n; i++) {
		if (arg[i].null)
			continue;
		for (uint32_t k = 0, n = items_of(&arg[i]); k < n; k++) {
			ic_value v = arg[i];
			if (v.type == IC_Q_DYNAMIC && v.dyn->kind == IC_DYN_ARRAY)
				v = ic_value_dyn(v.dyn->item[k]);
			if (has_address(arg[0].s, ic_text_of(c, &v), prefix))
				return ic_value_bool(true);
		}
	}
	return ic_value_bool(false);
}

/* ---- classes -------------------------------------------------------------------------------- */

static const char *remote_type(const ic_ip *ip, bool mapped)
{
	static const uint8_t zero[16] = { 0 };
	if (ic_ip_is_v4(ip)) {
		uint32_t v4 = v4_of(ip);
		if (mapped)
			return "FourToSixMapping";
		if (v4 >> 24 == 127)
			return "Loopback";
		if (v4 >> 24 == 0 || v4 >> 8 == 0xc00000 || v4 >> 17 == 0xc612 >> 1 || v4 >> 29 == 7)
			return "Reserved";
		bool private = v4 >> 24 == 10 || v4 >> 20 == 0xac1 || v4 >> 16 == 0xc0a8 ||
			       v4 >> 22 == 0x6440 >> 6 || v4 >> 16 == 0xa9fe;
		return private ? "Private" : "Public";
	}
	const uint8_t *b = ip->b;
	if (memcmp(b, zero, 15) == 0)
		return b[15] == 1 ? "Loopback" : b[15] == 0 ? "Reserved" : "Public";
	if ((b[0] & 0xfe) == 0xfc || (b[0] == 0xfe && (b[1] & 0xc0) == 0x80))
		return "Private";
	if (b[0] == 0xff)
		return "Reserved";
	return b[0] == 0x20 && b[1] == 0x01 && b[2] == 0 && b[3] == 0 ? "Teredo" : "Public";
}

static ic_value remote_type_row(ic_call *c, const ic_value *arg)
{
	network ip;
	(void)c;
	if (!read_network(&arg[0], &ip))
		return ic_value_null(IC_Q_STRING);
	bool mapped = arg[0].type != IC_Q_IP && !ip.v4 && ic_ip_is_v4(&ip.ip);
	return ic_value_str(ic_str_of(remote_type(&ip.ip, mapped)));
}

static void remote_type_rows(ic_call *c, const ic_vector *arg, uint32_t rows, ic_vector *ret)
{
	ic_vector_out o;
	if (!ic_vector_make(&o, c->arena, IC_Q_STRING, rows)) {
		c->failed = IC_E_NOMEM;
		return;
	}
	for (uint32_t r = 0; r < rows; r++) {
		ic_value v = ic_vector_value(&arg[0], r), type = ic_value_null(IC_Q_STRING);
		if (!v.null)
			type = remote_type_row(c, &v);
		ic_vector_set(&o, r, &type);
	}
	*ret = o.v;
}

static bool is_internal(const ic_call *c, const ic_ip *ip)
{
	return c->plan->internal ? ic_cidrs_has(c->plan->internal, ip) : ic_ip_classify(ip) == IC_IP_PRIVATE;
}

static ic_value direction_row(ic_call *c, const ic_value *arg)
{
	static const char *const names[2][2] = { { "R2R", "R2L" }, { "L2R", "L2L" } };
	network from, to;
	if (!read_network(&arg[0], &from) || !read_network(&arg[1], &to))
		return ic_value_null(IC_Q_STRING);
	return ic_value_str(ic_str_of(names[is_internal(c, &from.ip)][is_internal(c, &to.ip)]));
}

#define ADDRESSES(fn) .row = fn, .strict = true, .addresses = true
static const ic_kernel_entry entries[] = {
	{ IC_FN_PARSE_IPV4, { ADDRESSES(parse_v4) } },
	{ IC_FN_PARSE_IPV4_MASK, { ADDRESSES(parse_v4) } },
	{ IC_FN_PARSE_IPV6, { ADDRESSES(parse_v6) } },
	{ IC_FN_PARSE_IPV6_MASK, { ADDRESSES(parse_v6) } },
	{ IC_FN_FORMAT_IPV4, { ADDRESSES(format_row) } },
	{ IC_FN_FORMAT_IPV4_MASK, { ADDRESSES(format_mask_row) } },
	{ IC_FN_IPV4_IS_PRIVATE, { ADDRESSES(is_private) } },
	{ IC_FN_IPV4_IS_IN_RANGE, { ADDRESSES(in_ranges), .prepare = prepare_ranges } },
	{ IC_FN_IPV4_IS_IN_ANY_RANGE, { ADDRESSES(in_ranges), .prepare = prepare_ranges } },
	{ IC_FN_IPV4_IS_MATCH, { ADDRESSES(v4_match) } },
	{ IC_FN_IPV4_COMPARE, { ADDRESSES(v4_compare) } },
	{ IC_FN_IPV4_NETMASK_SUFFIX, { ADDRESSES(netmask_suffix) } },
	{ IC_FN_IPV4_RANGE_TO_CIDRS, { ADDRESSES(range_to_cidrs) } },
	{ IC_FN_IPV6_IS_IN_RANGE, { ADDRESSES(in_ranges), .prepare = prepare_ranges } },
	{ IC_FN_IPV6_IS_IN_ANY_RANGE, { ADDRESSES(in_ranges), .prepare = prepare_ranges } },
	{ IC_FN_IPV6_IS_MATCH, { ADDRESSES(v6_match) } },
	{ IC_FN_IPV6_COMPARE, { ADDRESSES(v6_compare) } },
	{ IC_FN_HAS_IPV4, { .row = has_addresses, .strict = true } },
	{ IC_FN_HAS_ANY_IPV4, { .row = has_addresses } },
	{ IC_FN_HAS_IPV4_PREFIX, { .row = has_addresses, .strict = true } },
	{ IC_FN_HAS_ANY_IPV4_PREFIX, { .row = has_addresses } },
	{ IC_FN_REMOTE_IP_TYPE, { ADDRESSES(remote_type_row), .vector = remote_type_rows } },
	{ IC_FN_DIRECTION, { ADDRESSES(direction_row) } },
};
IC_KERNELS(ip, entries);
