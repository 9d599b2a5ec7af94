/* SPDX-License-Identifier: Apache-2.0 */
/* Addresses: always 16 bytes in network order; IPv4 is stored mapped (::ffff:a.b.c.d) and prints
 * dotted. A zone ("%eth0") is dropped. */
#ifndef IC_BASE_IP_H
#define IC_BASE_IP_H

#include <stdbool.h>

#include "base/str.h"
#include "ictus.h"

typedef struct ic_ip {
	uint8_t b[16];
} ic_ip;

typedef enum ic_ip_class {
	IC_IP_PUBLIC,
	IC_IP_PRIVATE, /* RFC 1918, RFC 4193 (fc00::/7), 100.64/10 */
	IC_IP_LOOPBACK,
	IC_IP_LINK_LOCAL, /* 169.254/16, fe80::/10 */
	IC_IP_MULTICAST,  /* 224/4, ff00::/8, and 255.255.255.255 */
	IC_IP_RESERVED,	  /* 0/8, 192.0.0/24, 198.18/15, 240/4, :: ; documentation ranges count as public */
} ic_ip_class;

bool ic_ip_parse(ic_str s, ic_ip *ret);
/* Canonical text (RFC 5952); buf holds at least 46 bytes. Returns the length. */
size_t ic_ip_format(const ic_ip *ip, char *buf);
static inline bool ic_ip_is_v4(const ic_ip *ip)
{
	static const uint8_t mapped[4] = { 0, 0, 0xff, 0xff };
	uint64_t high;
	uint32_t third, prefix;
	memcpy(&high, ip->b, sizeof high);
	memcpy(&third, ip->b + 8, sizeof third);
	memcpy(&prefix, mapped, sizeof prefix);
	return (high | (third ^ prefix)) == 0;
}
static inline ic_ip ic_ip_from_v4(uint32_t host_order)
{
	return (ic_ip){ { 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, (uint8_t)(host_order >> 24),
			  (uint8_t)(host_order >> 16), (uint8_t)(host_order >> 8), (uint8_t)host_order } };
}
ic_ip_class ic_ip_classify(const ic_ip *ip);
/* IPv4, and in a block of 2^24 addresses that are all public: what most destinations are, told at a glance. */
static inline bool ic_ip_surely_public(const ic_ip *ip)
{
#define BLOCK(n) (UINT64_C(1) << ((n)&63))
	static const uint64_t others[4] = { [0 / 64] = BLOCK(0) | BLOCK(10),
					    [100 / 64] = BLOCK(100) | BLOCK(127),
					    [169 / 64] = BLOCK(169) | BLOCK(172),
					    [192 / 64] = BLOCK(192) | BLOCK(198) | ~(BLOCK(224) - 1) };
#undef BLOCK
	return ic_ip_is_v4(ip) && !(others[ip->b[12] >> 6] >> (ip->b[12] & 63) & 1);
}

/* A list of CIDR blocks. Owned by the caller; clear with ic_cidrs_clear. */
typedef struct ic_cidr {
	ic_ip net;
	uint8_t bits; /* of 128 */
} ic_cidr;
typedef struct ic_cidrs {
	ic_cidr *list;
	size_t n;
	/* One bit for each IPv4 /16: all of it is in a block; some of it may be. */
	struct ic_cidr_nets {
		uint64_t all[1024], some[1024];
	} * nets;
} ic_cidrs;
/* "10.0.0.0/8", "fd00::/8", or one address. */
bool ic_cidr_parse(ic_str s, ic_cidr *ret);
/* "10.0.0.0/8"; buf holds at least 64 bytes. Returns the length. */
size_t ic_cidr_format(const ic_cidr *c, char *buf);
bool ic_cidr_has(const ic_cidr *c, const ic_ip *ip);
/* texts NULL or count 0: the default internal ranges. IC_E_USAGE names a bad one. */
ic_status ic_cidrs_init(ic_cidrs *set, const char *const *texts, size_t count, ic_error *err);
bool ic_cidrs_has_slow(const ic_cidrs *set, const ic_ip *ip);
static inline bool ic_ip_net_bit(const uint64_t nets[1024], const ic_ip *ip)
{
	uint32_t v4;
	memcpy(&v4, ip->b + 12, sizeof v4);
	v4 = __builtin_bswap32(v4);
	return nets[v4 >> 22] >> (v4 >> 16 & 63) & 1;
}
static inline bool ic_cidrs_has(const ic_cidrs *set, const ic_ip *ip)
{
	if (set->nets && ic_ip_is_v4(ip)) {
		if (ic_ip_net_bit(set->nets->all, ip))
			return true;
		if (!ic_ip_net_bit(set->nets->some, ip))
			return false;
	}
	return ic_cidrs_has_slow(set, ip);
}
/* The same of n addresses: 0 or 1 each. */
void ic_cidrs_has_each(const ic_cidrs *set, const ic_ip *ip, size_t n, uint8_t *ret);
void ic_cidrs_clear(ic_cidrs *set);

#endif
