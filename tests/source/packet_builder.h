/* SPDX-License-Identifier: Apache-2.0 */
/* Frames made from the inside out: start with the payload, then put each header in front. */
#ifndef TESTS_SOURCE_PACKET_BUILDER_H
#define TESTS_SOURCE_PACKET_BUILDER_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../test.h"

#include "base/time.h"
#include "source/packet/decode.h"

enum { PK_ROOM = 1 << 16 };

typedef struct pk {
	uint8_t b[PK_ROOM];
	size_t at; /* the frame is b[at..PK_ROOM) */
} pk;

static inline const uint8_t *pk_p(const pk *k)
{
	return k->b + k->at;
}

static inline size_t pk_n(const pk *k)
{
	return PK_ROOM - k->at;
}

static inline void pk_push(pk *k, const void *p, size_t n)
{
	assert_true(n <= k->at);
	k->at -= n;
	memcpy(k->b + k->at, p, n);
}

static inline void pk_start(pk *k, const void *payload, size_t n)
{
	k->at = PK_ROOM;
	pk_push(k, payload, n);
}

static inline void pk_put16(uint8_t *p, size_t v)
{
	p[0] = (uint8_t)(v >> 8);
	p[1] = (uint8_t)v;
}

static inline void pk_put32(uint8_t *p, uint32_t v)
{
	pk_put16(p, v >> 16);
	pk_put16(p + 2, v & 0xffff);
}

static inline void pk_tcp(pk *k, uint16_t sport, uint16_t dport, uint32_t seq, uint32_t ack, uint8_t flags)
{
	uint8_t h[20] = { [12] = 0x50, [13] = flags, [14] = 0xff };
	pk_put16(h, sport);
	pk_put16(h + 2, dport);
	pk_put32(h + 4, seq);
	pk_put32(h + 8, ack);
	pk_push(k, h, sizeof h);
}

static inline void pk_udp(pk *k, uint16_t sport, uint16_t dport)
{
	uint8_t h[8] = { 0 };
	pk_put16(h, sport);
	pk_put16(h + 2, dport);
	pk_put16(h + 4, pk_n(k) + 8);
	pk_push(k, h, sizeof h);
}

/* part: flags and offset of fragments */
static inline void pk_ip4_part(pk *k, uint8_t proto, uint32_t src, uint32_t dst, uint16_t id, uint16_t part)
{
	uint8_t h[20] = { [0] = 0x45, [8] = 64, [9] = proto };
	uint32_t sum = 0;
	pk_put16(h + 2, pk_n(k) + 20);
	pk_put16(h + 4, id);
	pk_put16(h + 6, part);
	pk_put32(h + 12, src);
	pk_put32(h + 16, dst);
	for (unsigned i = 0; i < 20; i += 2)
		sum += (uint32_t)h[i] << 8 | h[i + 1];
	sum = (sum & 0xffff) + (sum >> 16);
	pk_put16(h + 10, ~(sum + (sum >> 16)) & 0xffff);
	pk_push(k, h, sizeof h);
}

static inline void pk_ip4(pk *k, uint8_t proto, uint32_t src, uint32_t dst)
{
	pk_ip4_part(k, proto, src, dst, 1, 0);
}

static inline void pk_ip6(pk *k, uint8_t next, uint8_t src, uint8_t dst)
{
	uint8_t h[40] = { [0] = 0x60, [6] = next,  [7] = 64, [8] = 0x20, [9] = 1,
			  [23] = src, [24] = 0x20, [25] = 1, [39] = dst };
	pk_put16(h + 4, pk_n(k));
	pk_push(k, h, sizeof h);
}

static inline void pk_type(pk *k, uint16_t type)
{
	uint8_t h[2];
	pk_put16(h, type);
	pk_push(k, h, 2);
}

static inline void pk_ethernet(pk *k, uint16_t type)
{
	pk_type(k, type);
	pk_push(k, "\2\0\0\0\0\1\2\0\0\0\0\2", 12);
}

/* Bytes of hex digits; returns how many. */
static inline size_t pk_hex(const char *hex, uint8_t *to)
{
	size_t n = strlen(hex) / 2;
	for (size_t i = 0; i < n; i++) {
		const char two[3] = { hex[2 * i], hex[2 * i + 1], 0 };
		to[i] = (uint8_t)strtoul(two, NULL, 16);
	}
	return n;
}

#endif
