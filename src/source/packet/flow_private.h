/* SPDX-License-Identifier: Apache-2.0 */
/* Between flow.c and flow_tcp.c. */
#ifndef IC_SOURCE_PACKET_FLOW_PRIVATE_H
#define IC_SOURCE_PACKET_FLOW_PRIVATE_H

#include "source/packet/flow.h"

enum { FLOW_ICMP = 1, FLOW_TCP = 6, FLOW_ICMP6 = 58 };

/* What a connection waits for; each has its own queue, oldest activity first. */
enum {
	FLOW_WAITS_ATTEMPT, /* for an answer to its SYN */
	FLOW_WAITS_DATA,
	FLOW_WAITS_CLOSED, /* for stragglers */
	FLOW_WAITS_DATAGRAM,
	FLOW_WAITS,
};

/* Bytes that came before those in front of them. */
typedef struct flow_piece {
	struct flow_piece *next; /* ascending, without overlaps */
	uint64_t at;		 /* offset in the stream */
	uint32_t n;
	int64_t ticks;
	uint64_t number;
	uint8_t bytes[];
} flow_piece;

typedef struct flow_side {
	bool syn, fin, rst, started; /* started: base is known */
	uint32_t base;		     /* sequence number of offset 0 */
	uint64_t next;		     /* offset that is to be delivered next */
	uint64_t top;		     /* one behind the last payload byte seen */
	uint64_t fin_at;	     /* offset of the FIN */
	uint64_t acked;		     /* by the other side */
	flow_piece *pieces;
	uint64_t held;
} flow_side;

typedef struct flow {
	ic_flow pub;
	int64_t seen; /* its last packet; pub.last ends where both sides have closed */
	struct flow *older, *newer;
	uint32_t hash; /* its lower bits, which choose the slot */
	uint8_t waits;
	flow_side side[IC_SIDES];
} flow;

/* The hash stands beside the pointer, so that a flow is not looked at in vain. */
typedef struct flow_slot {
	uint64_t hash;
	flow *flow; /* NULL: free */
} flow_slot;

typedef struct flow_queue {
	flow *oldest, *newest;
} flow_queue;

struct ic_flow_table {
	ic_flow_handler handler;
	ic_flow_limits limits;
	ic_flow_counts counts;
	ic_budget *budget;
	flow_slot *slot;
	uint32_t slots, n;
	uint64_t seed; /* of the hashes */
	flow_queue wait[FLOW_WAITS];
	int64_t patience[FLOW_WAITS]; /* ticks, of the limits */
	int64_t now;
	int64_t due; /* before that nothing is idle */
	uint64_t held;
};

void flow_hold_free(ic_flow_table *t, flow_side *s, flow_piece *p);
bool flow_tcp_packet(ic_flow_table *t, flow *f, int side, const ic_packet *p);
/* Delivers what is held, with the gaps before it, and names the state. */
bool flow_tcp_end(ic_flow_table *t, flow *f);
unsigned flow_tcp_waits(const flow *f);
/* Both sides have sent a FIN: what follows belongs to it, and changes nothing. */
static inline bool flow_tcp_is_closed(const flow *f)
{
	return f->side[IC_ORIG].fin && f->side[IC_RESP].fin;
}
bool flow_tcp_begins_anew(const flow *f, int side, const ic_packet *p);
void flow_datagram_end(flow *f);

#endif
