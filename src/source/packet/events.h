/* SPDX-License-Identifier: Apache-2.0 */
/* What packets say, as rows: a queue between the connections, which tell when they like, and the batches,
 * which have an end. */
#ifndef IC_SOURCE_PACKET_EVENTS_H
#define IC_SOURCE_PACKET_EVENTS_H

#include "source/packet/flow.h"
#include "source/text/reader.h"

typedef struct ic_event ic_event;

typedef struct ic_events {
	ic_event *first, **last;
	uint32_t n;
	ic_arena arena; /* of the events; emptied when the queue is */
	ic_fieldset wanted;
	unsigned streams; /* IC_STREAM_BITs of the events that somebody wants */
	uint64_t order;	  /* of the events to come, ascending; see ic_events_merge */
} ic_events;

void ic_events_init(ic_events *q, ic_budget *budget);
void ic_events_clear(ic_events *q);

/* A new event about a connection, with its time, addresses, ports, transport, uid and community id.
 * NULL: out of memory. */
ic_event *ic_events_add(ic_events *q, ic_stream stream, uint8_t flags, const ic_flow *f, int64_t ticks);
/* Give it values; text is copied. Null text (.p NULL) and negative numbers leave the field null. False: out
 * of memory. */
bool ic_event_text(ic_events *q, ic_event *e, ic_field field, ic_str s);
void ic_event_number(ic_event *e, ic_field field, int64_t v);
void ic_event_real(ic_event *e, ic_field field, double v);

/* Moves events into the batch until either ends, those that the filter keeps. The batch borrows their text
 * until ic_events_recycle, to be called before the next events are added once the batch was used. */
void ic_events_take(ic_events *q, ic_batch *b, const ic_row_filter *filter, unsigned streams,
		    ic_row_counts *c);
void ic_events_recycle(ic_events *q);
/* Moves the events of n queues behind those of `to`, by their order; equal ones by their queue. They stay in the
 * memory of their queues. */
void ic_events_merge(ic_events *to, ic_events *const *from, unsigned n);

#endif
