/* SPDX-License-Identifier: Apache-2.0 */
/* Packets to connections: TCP with bounded reassembly, UDP and ICMP flows. Fields and states as Zeek's
 * conn.log has them, so that later stages see no difference.
 *
 * The table calls back with the bytes of each direction in order, and once when a connection ends. Bytes
 * that are missing (lost, cut, over a cap) are announced as a gap and counted. */
#ifndef IC_SOURCE_PACKET_FLOW_H
#define IC_SOURCE_PACKET_FLOW_H

#include "source/packet/bursts.h"
#include "source/packet/decode.h"

enum { IC_ORIG, IC_RESP, IC_SIDES }; /* the initiator, the responder */

/* What a connection carries; told by its first bytes, never by its port. */
typedef struct ic_flow ic_flow;
struct ic_flow {
	ic_ip ip[IC_SIDES];
	uint16_t port[IC_SIDES];
	uint8_t proto;
	int64_t first, last; /* ticks of the first and the last packet */
	uint64_t packets[IC_SIDES], ip_bytes[IC_SIDES];
	uint64_t bytes[IC_SIDES]; /* payload, as Zeek counts it (TCP: by sequence numbers) */
	uint64_t missed;	  /* payload bytes that were never seen */
	uint64_t number;	  /* of its first packet; part of its uid */
	char state[7];		  /* S0 SF REJ RSTO ... OTH, once it ended */
	bool one_way;		  /* ICMP without a counterpart: port[] are type and code */
	ic_bursts bursts;	  /* the owner's, as app: see ic_flow_handler */
	void *app;
};

/* All may be called many times with few bytes. The text is valid until the call returns. */
typedef struct ic_flow_handler {
	void *ctx;
	/* A new connection; app is to be set. False: out of memory. */
	bool (*begin)(void *ctx, ic_flow *f, const ic_packet *first);
	/* A packet whose payload says something new: no repetition, no keep-alive. Before its bytes. */
	bool (*word)(void *ctx, ic_flow *f, int side, const ic_packet *p);
	/* Bytes of one side, in order. `number` and ticks: of the packet that completed them. */
	bool (*data)(void *ctx, ic_flow *f, int side, const uint8_t *p, size_t n, int64_t ticks,
		     uint64_t number);
	/* n bytes of that side will never come. */
	bool (*gap)(void *ctx, ic_flow *f, int side, uint64_t n);
	/* It ended: closed, timed out, evicted, or the capture is over. app is to be freed. */
	bool (*end)(void *ctx, ic_flow *f);
} ic_flow_handler;

typedef struct ic_flow_limits {
	uint64_t flow_bytes;  /* held for reordering, one connection: default 1 MiB */
	uint64_t total_bytes; /* all of them: 64 MiB */
	uint32_t flows;	      /* in the table: 2 million; the one idle longest goes first */
	int64_t tcp_idle, tcp_attempt, tcp_closed, udp_idle; /* ticks: 5 min, 5 s, 5 s, 1 min */
} ic_flow_limits;
extern const ic_flow_limits ic_flow_defaults;

typedef struct ic_flow_counts {
	uint64_t evicted, gaps, gap_bytes, overlaps, out_of_window, retransmitted, no_memory;
} ic_flow_counts;

typedef struct ic_flow_table ic_flow_table;
/* limits NULL: the defaults. NULL: out of memory. */
ic_flow_table *ic_flow_table_new(const ic_flow_handler *h, const ic_flow_limits *limits, ic_budget *budget);
void ic_flow_table_free(ic_flow_table *t); /* without end() calls */
/* False: a handler failed. Time is that of the packet, also when it is before that of the last one. */
bool ic_flow_packet(ic_flow_table *t, const ic_packet *p);
/* The same of n packets, all[which[0]] first; *order is set to the number of each while it is worked on. */
bool ic_flow_packets(ic_flow_table *t, const ic_packet *all, const uint32_t *which, uint32_t n,
		     uint64_t *order);
/* Ends up to `most` connections that are left, in order of their first packets; true while there are more. */
bool ic_flow_finish(ic_flow_table *t, uint32_t most, bool *failed);
/* When the one that ic_flow_finish would end next had its last packet; false: there are none. */
bool ic_flow_oldest(const ic_flow_table *t, int64_t *ret);
const ic_flow_counts *ic_flow_table_counts(const ic_flow_table *t);

/* "C" and 17 letters and digits, stable for the same capture: a hash of the five-tuple, the first time and
 * the number. */
void ic_flow_uid(const ic_flow *f, char uid[19]);
/* Community ID v1 with seed 0 (github.com/corelight/community-id-spec), with its NUL. */
void ic_flow_community_id(const ic_flow *f, char id[32]);

#endif
