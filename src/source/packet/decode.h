/* SPDX-License-Identifier: Apache-2.0 */
/* Frames to packets: link layer (Ethernet with VLAN, QinQ, MPLS, PBB, VN-Tag, PPPoE; raw IP; null and loop;
 * Linux cooked v1, v2 and NFLOG; FDDI; IEEE 802.11 in clear), IPv4 and IPv6 with extension headers, fragments,
 * tunnels (IP in IP, GRE, VXLAN, Geneve, ERSPAN), then TCP, UDP and ICMP. Nothing after the captured bytes is read.
 * Checksums are counted, never believed. */
#ifndef IC_SOURCE_PACKET_DECODE_H
#define IC_SOURCE_PACKET_DECODE_H

#include "base/ip.h"
#include "source/packet/capture.h"

enum { IC_TCP_FIN = 1, IC_TCP_SYN = 2, IC_TCP_RST = 4, IC_TCP_PSH = 8, IC_TCP_ACK = 16, IC_TCP_URG = 32 };

typedef struct ic_packet {
	int64_t ticks;
	uint64_t number;
	ic_ip src, dst;	       /* of the innermost IP header */
	uint16_t sport, dport; /* ICMP: type and code, as Zeek writes them */
	uint8_t proto;	       /* 6, 17, 1, 58 ... */
	uint8_t tcp_flags;
	uint32_t seq, ack;	/* host order */
	uint32_t ip_bytes;	/* IP headers and what they carry, as the IP length says */
	uint32_t length;	/* payload bytes of TCP or UDP as the headers say */
	uint32_t captured;	/* of them at payload; fewer when the packet was cut */
	const uint8_t *payload; /* into the frame, or into the decoder for a reassembled datagram */
} ic_packet;

typedef enum ic_decoded {
	IC_DECODED,	     /* *ret is a TCP, UDP or ICMP packet */
	IC_DECODED_FRAGMENT, /* held until the other fragments come */
	IC_DECODED_OTHER,    /* ARP and the like, or a link type that is not known */
	IC_DECODED_SHORT,    /* ends inside of a header */
	IC_DECODED_BAD,	     /* lengths that contradict each other */
} ic_decoded;

typedef struct ic_decode_counts {
	uint64_t packets, other, cut, bad, bad_checksums, fragments, fragments_dropped, unknown_link;
} ic_decode_counts;

typedef struct ic_decoder ic_decoder;	       /* fragments on their way: bounded in number, bytes and age */
ic_decoder *ic_decoder_new(ic_budget *budget); /* NULL: out of memory */
void ic_decoder_free(ic_decoder *d);
ic_decoded ic_decode(ic_decoder *d, const ic_frame *f, ic_packet *ret);
const ic_decode_counts *ic_decoder_counts(const ic_decoder *d);

#endif
