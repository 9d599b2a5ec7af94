/* SPDX-License-Identifier: Apache-2.0 */
/* A capture to its hellos and requests: bytes in, a call for each out. No I/O. */
#ifndef IC_SOURCE_PACKET_HELLOS_H
#define IC_SOURCE_PACKET_HELLOS_H

#include "source/packet/apps.h"

typedef struct ic_hellos ic_hellos;
typedef struct ic_hellos_counts {
	uint64_t packets, bad;
	const char *cause; /* of the first bad record; NULL: there is none */
	uint64_t bad_at;   /* packets before it */
} ic_hellos_counts;

/* budget may be NULL. NULL: out of memory. */
ic_hellos *ic_hellos_new(const ic_hello_sink *sink, ic_budget *budget);
void ic_hellos_free(ic_hellos *h);
/* Takes the packets that are whole in p[0..n); *used bytes were taken, all of them when `final`.
 * IC_E_NOMEM: also when the sink refused. */
ic_status ic_hellos_feed(ic_hellos *h, const uint8_t *p, size_t n, bool final, size_t *used);
const ic_hellos_counts *ic_hellos_get_counts(const ic_hellos *h);
void ic_hellos_tally(const ic_hellos *h, ic_tally to[IC_TALLIES]); /* as ic_packet_tally */

#endif
