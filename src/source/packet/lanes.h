/* SPDX-License-Identifier: Apache-2.0 */
/* A capture to what it says, by several threads. Each connection belongs to one of a few lanes, told by its
 * addresses and ports; a lane is worked on by one thread at a time, packet by packet. So what is told, and in which
 * order, depends neither on the number of threads nor on the pieces that the bytes come in. No I/O. */
#ifndef IC_SOURCE_PACKET_LANES_H
#define IC_SOURCE_PACKET_LANES_H

#include "source/packet/apps.h"

enum { IC_LANES = 8 };

typedef struct ic_lanes_counts {
	uint64_t packets, bad;
	const char *cause; /* of the first bad record; NULL: there is none */
	uint64_t bad_at;   /* packets before it */
} ic_lanes_counts;

typedef struct ic_lanes ic_lanes;
/* sinks: NULL, or IC_LANES of them, each called by one thread at a time. budget may be NULL. A thread that cannot
 * be started is done without. NULL: out of memory. */
ic_lanes *ic_lanes_new(const ic_hello_sink *sinks, unsigned threads, ic_budget *budget);
void ic_lanes_free(ic_lanes *l); /* NULL allowed */
/* The fields that events will be asked for, and their streams: others are not told. Before: none. */
void ic_lanes_want(ic_lanes *l, ic_fieldset wanted, unsigned streams);
/* Takes the packets that are whole in p[0..n); *used bytes were taken, all of them when `final`. What they say
 * comes into the queue of events. IC_E_NOMEM: also when a sink refused. */
ic_status ic_lanes_feed(ic_lanes *l, const uint8_t *p, size_t n, bool final, size_t *used);
/* The same in two steps, so that one thread may deal, block after block, while another one works on what was dealt
 * before. The bytes stay in their place until that is done; then the hand is empty again. */
typedef struct ic_hand ic_hand;
ic_hand *ic_hand_new(void);    /* NULL: out of memory */
void ic_hand_free(ic_hand *h); /* NULL allowed */
ic_status ic_lanes_deal(ic_lanes *l, ic_hand *h, const uint8_t *p, size_t n, bool final, size_t *used);
ic_status ic_lanes_work(ic_lanes *l, ic_hand *h);
/* After the last packet: ends up to `most` connections. *more: there are others. */
ic_status ic_lanes_finish(ic_lanes *l, unsigned most, bool *more);
/* What was told and not taken yet. */
ic_events *ic_lanes_events(ic_lanes *l);
/* Nobody uses the events any more that were taken. */
void ic_lanes_recycle(ic_lanes *l);
/* Nobody wants those that were not. */
void ic_lanes_drop(ic_lanes *l);
const ic_lanes_counts *ic_lanes_get_counts(const ic_lanes *l);
/* What the reading met and rows do not show, for people. The names and their order are always the same. */
void ic_lanes_tally(const ic_lanes *l, ic_tally to[IC_TALLIES]);

#endif
