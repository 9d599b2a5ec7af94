/* SPDX-License-Identifier: Apache-2.0 */
/* Threads that stand by for short work that comes again and again: a block of packets is done in less time than a
 * thread takes to start. */
#ifndef IC_SOURCE_PACKET_TEAM_H
#define IC_SOURCE_PACKET_TEAM_H

typedef struct ic_team ic_team;
/* n threads besides the caller, or as many as can be started. NULL: out of memory. */
ic_team *ic_team_new(unsigned n);
void ic_team_free(ic_team *t); /* NULL allowed */
/* Calls work(ctx, i) for i in 0..items-1, each once, by the caller and those who stand by; returns when all is
 * done. */
void ic_team_run(ic_team *t, unsigned items, void (*work)(void *ctx, unsigned i), void *ctx);

#endif
