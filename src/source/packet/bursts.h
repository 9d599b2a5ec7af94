/* SPDX-License-Identifier: Apache-2.0 */
/* Check-ins inside a connection: what its two sides say, split where both are silent for half a second. Pure;
 * what it keeps between the calls is bounded. */
#ifndef IC_SOURCE_PACKET_BURSTS_H
#define IC_SOURCE_PACKET_BURSTS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/alloc.h"
#include "ictus.h"

#define IC_BURST_SILENCE 5000000 /* ticks: half a second, as docs/packets.md says */

/* What was said between two silences; [0] is the initiator, [1] the responder. Counts saturate. */
typedef struct ic_burst {
	int64_t start;	      /* ticks: the initiator's first word; of no meaning while !asked */
	int64_t last;	      /* the newest word */
	uint32_t bytes[2];    /* payload */
	uint32_t ip_bytes[2]; /* of the packets that carried it; 0 where only payload is known */
	uint32_t packets[2];  /* the same */
	bool begun;	      /* there is one */
	bool asked;	      /* the initiator spoke: a check-in is what it begins */
	bool known;	      /* an event of another kind stands for it: a request was read in it */
} ic_burst;

/* One word: a packet with new payload, or a frame. */
typedef struct ic_word {
	int side;
	int64_t ticks;
	uint32_t bytes, ip_bytes, packets;
} ic_word;

/* Of one connection; all zero at its start. */
typedef struct ic_bursts {
	ic_burst now;
	ic_burst *first; /* the first check-in, held back until there is another */
	uint32_t told;	 /* check-ins that were given out */
} ic_bursts;

enum { IC_BURSTS_DONE = 2 }; /* check-ins that one call can complete */

/* Takes a word. *n check-ins are complete by it, in done[]: those of a connection that had only one never
 * are. IC_E_LIMIT: the budget (it may be NULL) has no room, and the connection's first check-in is lost, later ones
 * are not. IC_E_NOMEM: as everywhere. */
ic_status ic_bursts_say(ic_bursts *b, const ic_word *w, ic_budget *budget, ic_burst done[IC_BURSTS_DONE],
			unsigned *n);
/* What is being said is known by another event. */
void ic_bursts_known(ic_bursts *b);
/* The connection is over: as ic_bursts_say, and nothing is held any more. */
void ic_bursts_end(ic_bursts *b, ic_budget *budget, ic_burst done[IC_BURSTS_DONE], unsigned *n);

#endif
