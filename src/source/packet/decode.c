/* SPDX-License-Identifier: Apache-2.0 */
#include "source/packet/decode.h"

#include <string.h>

#include "source/packet/fragments.h"

enum {
	LINK_NULL = 0,
	LINK_ETHERNET = 1,
	LINK_PPP = 9,
	LINK_FDDI = 10,
	LINK_RAW_OLD = 12,
	LINK_RAW_BSD = 14,
	LINK_PPP_HDLC = 50,
	LINK_RAW = 101,
	LINK_WIFI = 105,
	LINK_LOOP = 108,
	LINK_SLL = 113,
	LINK_RADIOTAP = 127,
	LINK_IPV4 = 228,
	LINK_IPV6 = 229,
	LINK_NFLOG = 239,
	LINK_SLL2 = 276,

	TYPE_IPV4 = 0x0800,
	TYPE_IPV6 = 0x86dd,
	TYPE_VLAN = 0x8100,
	TYPE_QINQ = 0x88a8,
	TYPE_QINQ_OLD = 0x9100,
	TYPE_MPLS = 0x8847,
	TYPE_MPLS_MULTI = 0x8848,
	TYPE_PPPOE = 0x8864,
	TYPE_PBB = 0x88e7,
	TYPE_VNTAG = 0x8926,
	TYPE_ETHERNET = 0x6558, /* in GRE */
	TYPE_ERSPAN = 0x88be,
	TYPE_ERSPAN3 = 0x22eb,
	TYPE_PPP = 0x880b,
	TYPE_LEAST = 0x0600, /* less is a length */

	PROTO_HOP = 0,
	PROTO_ICMP = 1,
	PROTO_IPV4 = 4,
	PROTO_TCP = 6,
	PROTO_UDP = 17,
	PROTO_IPV6 = 41,
	PROTO_ROUTE = 43,
	PROTO_FRAGMENT = 44,
	PROTO_GRE = 47,
	PROTO_AUTH = 51,
	PROTO_ICMP6 = 58,
	PROTO_NONE = 59,
	PROTO_OPTIONS = 60,
	PROTO_MOBILITY = 135,

	VXLAN_PORT = 4789,
	GENEVE_PORT = 6081,
	LAYERS = 16, /* headers inside each other */
};

struct ic_decoder {
	ic_decode_counts counts;
	ic_fragments *fragments;
};

/* Bytes of a packet: captured ones at p, of `length` on the wire. */
typedef struct bytes {
	const uint8_t *p;
	uint32_t n, length;
} bytes;

typedef struct cursor {
	ic_decoder *d;
	ic_packet *to;
	unsigned layers;
} cursor;

ic_decoder *ic_decoder_new(ic_budget *budget)
{
	ic_decoder *d = ic_calloc(1, sizeof *d);
	if (d && !(d->fragments = ic_fragments_new(budget))) {
		ic_free(d);
		return NULL;
	}
	return d;
}

void ic_decoder_free(ic_decoder *d)
{
	if (d)
		ic_fragments_free(d->fragments);
	ic_free(d);
}

const ic_decode_counts *ic_decoder_counts(const ic_decoder *d)
{
	return &d->counts;
}

static uint16_t be16(const uint8_t *p)
{
	return (uint16_t)(p[0] << 8 | p[1]);
}

static uint32_t be32(const uint8_t *p)
{
	return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

/* Without the first n bytes, which are there. */
static bytes after(bytes b, uint32_t n)
{
	return (bytes){ b.p + n, b.n - n, b.length > n ? b.length - n : 0 };
}

static ic_decoded ip(cursor *c, bytes b);
static ic_decoded ethernet(cursor *c, bytes b);
static ic_decoded typed(cursor *c, bytes b, uint16_t type);

/* ---- transport ---- */

static ic_decoded done(cursor *c, bytes payload)
{
	c->to->length = payload.length;
	c->to->captured = payload.n < payload.length ? payload.n : payload.length;
	c->to->payload = payload.p;
	c->d->counts.cut += c->to->captured < c->to->length;
	return IC_DECODED;
}

static ic_decoded tcp(cursor *c, bytes b)
{
	if (b.n < 20)
		return IC_DECODED_SHORT;
	const uint32_t head = (uint32_t)(b.p[12] >> 4) * 4;
	if (head < 20 || head > b.length)
		return IC_DECODED_BAD;
	c->to->sport = be16(b.p);
	c->to->dport = be16(b.p + 2);
	c->to->seq = be32(b.p + 4);
	c->to->ack = be32(b.p + 8);
	c->to->tcp_flags = b.p[13];
	const uint32_t there = head < b.n ? head : b.n; /* it may be cut inside of its options */
	return done(c, (bytes){ b.p + there, b.n - there, b.length - head });
}

/* What a tunnel's datagram holds, as ethernet() or typed() says; the datagram itself when that is nothing. */
static bool is_inside(cursor *c, const ic_packet *outer, ic_decoded inner)
{
	if (inner == IC_DECODED || inner == IC_DECODED_FRAGMENT)
		return true;
	*c->to = *outer;
	return false;
}

/* The frame inside of a VXLAN datagram (RFC 7348), if it is one. */
static bool vxlan(cursor *c, bytes b, ic_decoded *ret)
{
	if (b.n < 8 || b.p[0] != 0x08 || b.p[1] || b.p[2] || b.p[3] || b.p[7])
		return false;
	const ic_packet outer = *c->to;
	*ret = ethernet(c, after(b, 8));
	return is_inside(c, &outer, *ret);
}

/* The same of Geneve (RFC 8926): version 0, options of up to 63 words. */
static bool geneve(cursor *c, bytes b, ic_decoded *ret)
{
	const uint32_t head = b.n < 8 ? 8 : 8 + (b.p[0] & 0x3fu) * 4;
	if (b.n < head || b.p[0] & 0xc0 || b.p[7])
		return false;
	const ic_packet outer = *c->to;
	*ret = typed(c, after(b, head), be16(b.p + 2));
	return is_inside(c, &outer, *ret);
}

static ic_decoded udp(cursor *c, bytes b)
{
	ic_decoded inner;
	if (b.n < 8)
		return IC_DECODED_SHORT;
	const uint32_t length = be16(b.p + 4);
	if (length && length < 8)
		return IC_DECODED_BAD;
	c->to->sport = be16(b.p);
	c->to->dport = be16(b.p + 2);
	if (length && length < b.length) {
		b.length = length;
		b.n = b.n < length ? b.n : length;
	}
	b = after(b, 8);
	if (c->to->dport == VXLAN_PORT && c->layers < LAYERS && vxlan(c, b, &inner))
		return inner;
	if (c->to->dport == GENEVE_PORT && c->layers < LAYERS && geneve(c, b, &inner))
		return inner;
	return done(c, b);
}

static ic_decoded icmp(cursor *c, bytes b)
{
	if (b.n < 8)
		return IC_DECODED_SHORT;
	c->to->sport = b.p[0];
	c->to->dport = b.p[1];
	return done(c, after(b, 8));
}

/* ---- tunnels ---- */

static ic_decoded ppp(cursor *c, bytes b)
{
	if (b.n < 4)
		return IC_DECODED_SHORT;
	if (b.p[0] == 0xff && b.p[1] == 0x03)
		b = after(b, 2);
	uint16_t protocol = b.p[0] & 1 ? b.p[0] : be16(b.p);
	return protocol == 0x21 || protocol == 0x57 ? ip(c, after(b, b.p[0] & 1 ? 1 : 2)) : IC_DECODED_OTHER;
}

static ic_decoded gre(cursor *c, bytes b)
{
	if (b.n < 4)
		return IC_DECODED_SHORT;
	const uint16_t flags = be16(b.p), type = be16(b.p + 2);
	const bool second = (flags & 7) == 1; /* RFC 2637 */
	uint32_t head = 4;
	if (flags & 0x4000)
		return IC_DECODED_OTHER; /* source routes */
	head += flags & 0x8000 ? 4 : 0;
	head += flags & 0x2000 ? 4 : 0;
	head += flags & 0x1000 ? 4 : 0;
	head += second && flags & 0x0080 ? 4 : 0;
	if (type == TYPE_ERSPAN && flags & 0x1000)
		head += 8;
	if (type == TYPE_ERSPAN3 && b.n >= head + 12)
		head += 12 + (b.p[head + 11] & 1 ? 8u : 0);
	if (b.n < head)
		return IC_DECODED_SHORT;
	b = after(b, head);
	if (type == TYPE_ERSPAN || type == TYPE_ERSPAN3)
		return ethernet(c, b);
	return typed(c, b, type);
}

/* ---- IP ---- */

static ic_decoded transport(cursor *c, bytes b, uint8_t proto)
{
	c->to->proto = proto;
	switch (proto) {
	case PROTO_TCP: return tcp(c, b);
	case PROTO_UDP: return udp(c, b);
	case PROTO_ICMP:
	case PROTO_ICMP6: return icmp(c, b);
	case PROTO_IPV4:
	case PROTO_IPV6: return ip(c, b);
	case PROTO_GRE: return gre(c, b);
	default: return IC_DECODED_OTHER;
	}
}

/* A fragment; b is what it carries. */
static ic_decoded fragment(cursor *c, bytes b, uint32_t id, uint8_t proto, uint32_t offset, bool more)
{
	ic_decode_counts *k = &c->d->counts;
	ic_fragment f = { .ticks = c->to->ticks,
			  .src = c->to->src,
			  .dst = c->to->dst,
			  .id = id,
			  .proto = proto,
			  .offset = offset,
			  .more = more,
			  .p = b.p,
			  .n = b.n < b.length ? b.n : b.length };
	const uint8_t *whole;
	uint32_t n;
	k->fragments++;
	if (f.n < b.length)
		return IC_DECODED_SHORT;
	switch (ic_fragments_add(c->d->fragments, &f, &whole, &n)) {
	case IC_FRAGMENTS_WHOLE:
		c->to->ip_bytes += n - f.n;
		return transport(c, (bytes){ whole, n, n }, proto);
	case IC_FRAGMENTS_HELD: return IC_DECODED_FRAGMENT;
	case IC_FRAGMENTS_DROPPED: break;
	}
	k->fragments_dropped++;
	return IC_DECODED_FRAGMENT;
}

/* The checksum of a header, whole words long; its byte order does not matter (RFC 1071, 2). */
static bool sum_is_good(const uint8_t *p, uint32_t n)
{
	uint64_t sum = 0;
	for (uint32_t i = 0; i < n; i += 4) {
		uint32_t word;
		memcpy(&word, p + i, sizeof word);
		sum += word;
	}
	sum = (sum & 0xffff) + (sum >> 16 & 0xffff) + (sum >> 32);
	sum = (sum & 0xffff) + (sum >> 16);
	return ((sum & 0xffff) + (sum >> 16)) == 0xffff;
}

static ic_ip v4_at(const uint8_t *p)
{
	ic_ip ip = { { [10] = 0xff, [11] = 0xff } };
	memcpy(ip.b + 12, p, 4);
	return ip;
}

static ic_decoded ipv4(cursor *c, bytes b)
{
	if (b.n < 20)
		return IC_DECODED_SHORT;
	const uint32_t head = (uint32_t)(b.p[0] & 15) * 4, total = be16(b.p + 2), part = be16(b.p + 6);
	if (head < 20 || (total && total < head))
		return IC_DECODED_BAD;
	if (b.n < head)
		return IC_DECODED_SHORT;
	if (total) /* a length of 0 is left to the network card by the sender */
		b.length = total;
	b.n = b.n < b.length ? b.n : b.length;
	c->d->counts.bad_checksums += !sum_is_good(b.p, head);
	c->to->src = v4_at(b.p + 12);
	c->to->dst = v4_at(b.p + 16);
	c->to->ip_bytes = b.length;
	const uint8_t proto = b.p[9];
	const uint32_t id = be16(b.p + 4);
	b = after(b, head);
	if (part & 0x3fff)
		return fragment(c, b, id, proto, (part & 0x1fff) * 8, part & 0x2000);
	return transport(c, b, proto);
}

static ic_decoded ipv6(cursor *c, bytes b)
{
	if (b.n < 40)
		return IC_DECODED_SHORT;
	const uint32_t payload = be16(b.p + 4);
	uint8_t next = b.p[6];
	memcpy(c->to->src.b, b.p + 8, 16);
	memcpy(c->to->dst.b, b.p + 24, 16);
	if (payload)
		b.length = payload + 40;
	b.n = b.n < b.length ? b.n : b.length;
	c->to->ip_bytes = b.length;
	b = after(b, 40);
	for (unsigned i = 0; i < LAYERS; i++) {
		uint32_t head;
		switch (next) {
		case PROTO_HOP:
		case PROTO_ROUTE:
		case PROTO_OPTIONS:
		case PROTO_MOBILITY: head = b.n >= 2 ? ((uint32_t)b.p[1] + 1) * 8 : 8; break;
		case PROTO_AUTH: head = b.n >= 2 ? ((uint32_t)b.p[1] + 2) * 4 : 8; break;
		case PROTO_FRAGMENT: head = 8; break;
		case PROTO_NONE: return IC_DECODED_OTHER;
		default: return transport(c, b, next);
		}
		if (head > b.length)
			return IC_DECODED_BAD;
		if (head > b.n)
			return IC_DECODED_SHORT;
		const uint16_t part = be16(b.p + 2);
		const uint32_t id = next == PROTO_FRAGMENT ? be32(b.p + 4) : 0;
		const bool fragmented = next == PROTO_FRAGMENT && part & 0xfff9;
		next = b.p[0];
		b = after(b, head);
		if (fragmented)
			return fragment(c, b, id, next, part & 0xfff8, part & 1);
	}
	return IC_DECODED_BAD;
}

static ic_decoded ip(cursor *c, bytes b)
{
	if (++c->layers > LAYERS)
		return IC_DECODED_BAD;
	if (b.n < 1)
		return IC_DECODED_SHORT;
	switch (b.p[0] >> 4) {
	case 4: return ipv4(c, b);
	case 6: return ipv6(c, b);
	default: return IC_DECODED_OTHER;
	}
}

/* ---- link ---- */

/* Labels (RFC 3032), then IP, or a frame behind a control word (RFC 4448). */
static ic_decoded mpls(cursor *c, bytes b)
{
	for (;;) {
		if (b.n < 5)
			return IC_DECODED_SHORT;
		const bool last = b.p[2] & 1;
		b = after(b, 4);
		if (last)
			break;
	}
	switch (b.p[0] >> 4) {
	case 4:
	case 6: return ip(c, b);
	case 0: return b.n >= 4 ? ethernet(c, after(b, 4)) : IC_DECODED_SHORT;
	default: return IC_DECODED_OTHER;
	}
}

/* IEEE 802.2 with SNAP: a type follows. */
static ic_decoded llc(cursor *c, bytes b)
{
	static const uint8_t snap[] = { 0xaa, 0xaa, 0x03, 0, 0, 0 };
	if (++c->layers > LAYERS)
		return IC_DECODED_BAD;
	if (b.n < 8 || memcmp(b.p, snap, sizeof snap) != 0 || be16(b.p + 6) < TYPE_LEAST)
		return IC_DECODED_OTHER;
	return typed(c, after(b, 8), be16(b.p + 6));
}

static ic_decoded typed(cursor *c, bytes b, uint16_t type)
{
	while (type == TYPE_VLAN || type == TYPE_QINQ || type == TYPE_QINQ_OLD || type == TYPE_VNTAG) {
		const uint32_t tag = type == TYPE_VNTAG ? 4 : 2;
		if (b.n < tag + 2)
			return IC_DECODED_SHORT;
		type = be16(b.p + tag);
		b = after(b, tag + 2);
	}
	switch (type) {
	case TYPE_IPV4:
	case TYPE_IPV6: return ip(c, b);
	case TYPE_MPLS:
	case TYPE_MPLS_MULTI: return mpls(c, b);
	case TYPE_ETHERNET: return ethernet(c, b);
	case TYPE_PPP: return ppp(c, b);
	case TYPE_PPPOE: return b.n >= 6 ? ppp(c, after(b, 6)) : IC_DECODED_SHORT;
	case TYPE_PBB: return b.n >= 4 ? ethernet(c, after(b, 4)) : IC_DECODED_SHORT;
	default: return type < TYPE_LEAST ? llc(c, b) : IC_DECODED_OTHER;
	}
}

static ic_decoded ethernet(cursor *c, bytes b)
{
	if (++c->layers > LAYERS)
		return IC_DECODED_BAD;
	if (b.n < 14)
		return IC_DECODED_SHORT;
	return typed(c, after(b, 14), be16(b.p + 12));
}

/* IEEE 802.11: data frames in clear. Which addresses there are does not matter here. */
static ic_decoded wifi(cursor *c, bytes b)
{
	if (b.n < 24)
		return IC_DECODED_SHORT;
	const bool data = (b.p[0] & 0x0c) == 0x08 && !(b.p[0] & 0x40), sealed = b.p[1] & 0x40,
		   quality = b.p[0] & 0x80;
	uint32_t head = (b.p[1] & 3) == 3 ? 30 : 24; /* relayed: a fourth address */
	if (quality)
		head += b.p[1] & 0x80 ? 6 : 2;
	if (!data || sealed)
		return IC_DECODED_OTHER;
	return b.n < head ? IC_DECODED_SHORT : llc(c, after(b, head));
}

/* www.radiotap.org: what the radio said, with its length, little-endian. */
static ic_decoded radiotap(cursor *c, bytes b)
{
	enum { LEAST = 8 };
	if (b.n < LEAST)
		return IC_DECODED_SHORT;
	const uint32_t head = (uint32_t)(b.p[2] | b.p[3] << 8);
	if (head < LEAST)
		return IC_DECODED_BAD;
	return b.n < head ? IC_DECODED_SHORT : wifi(c, after(b, head));
}

/* Attributes of Linux's log of packets, each with a length and a type in the byte order of their writer, which
 * the type tells: it is small, and none is 0. Number 9 is the packet. */
static ic_decoded nflog(cursor *c, bytes b)
{
	if (b.n < 4)
		return IC_DECODED_SHORT;
	b = after(b, 4);
	while (b.n >= 4) {
		const bool is_big = b.p[2] == 0;
		const uint32_t length = is_big ? be16(b.p) : (uint32_t)(b.p[0] | b.p[1] << 8),
			       type = b.p[is_big ? 3 : 2];
		if (type == 9)
			return ip(c, after(b, 4));
		if (length < 4 || b.n < (length + 3) / 4 * 4)
			return IC_DECODED_BAD;
		b = after(b, (length + 3) / 4 * 4);
	}
	return IC_DECODED_OTHER;
}

static ic_decoded skip_to_type(cursor *c, bytes b, uint32_t head, uint32_t type_at)
{
	return b.n < head ? IC_DECODED_SHORT : typed(c, after(b, head), be16(b.p + type_at));
}

static ic_decoded link(cursor *c, bytes b, uint16_t type)
{
	switch (type) {
	case LINK_ETHERNET: return ethernet(c, b);
	case LINK_NULL:
	case LINK_LOOP: return b.n < 4 ? IC_DECODED_SHORT : ip(c, after(b, 4));
	case LINK_RAW:
	case LINK_RAW_OLD:
	case LINK_RAW_BSD:
	case LINK_IPV4:
	case LINK_IPV6: return ip(c, b);
	case LINK_PPP:
	case LINK_PPP_HDLC: return ppp(c, b);
	case LINK_FDDI: return b.n < 13 ? IC_DECODED_SHORT : llc(c, after(b, 13));
	case LINK_WIFI: return wifi(c, b);
	case LINK_RADIOTAP: return radiotap(c, b);
	case LINK_NFLOG: return nflog(c, b);
	case LINK_SLL: return skip_to_type(c, b, 16, 14);
	case LINK_SLL2: return skip_to_type(c, b, 20, 0);
	default: c->d->counts.unknown_link++; return IC_DECODED_OTHER;
	}
}

ic_decoded ic_decode(ic_decoder *d, const ic_frame *f, ic_packet *ret)
{
	cursor c = { .d = d, .to = ret };
	*ret = (ic_packet){ .ticks = f->ticks, .number = f->number };
	d->counts.packets++;
	ic_decoded r = link(&c, (bytes){ f->p, f->captured, f->length }, f->link);
	d->counts.other += r == IC_DECODED_OTHER;
	d->counts.cut += r == IC_DECODED_SHORT;
	d->counts.bad += r == IC_DECODED_BAD;
	return r;
}
