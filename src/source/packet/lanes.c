/* SPDX-License-Identifier: Apache-2.0 */
#include "source/packet/lanes.h"

#include <stdatomic.h>
#include <string.h>

#include "source/packet/tally.h"
#include "source/packet/team.h"

enum {
	PACKETS_FIRST = 256,	 /* room of a lane */
	HELPER_BYTES = 12 << 20, /* measured with a million connections */
	WORTH_CALLING = 64,	 /* packets: fewer are done sooner than others come */
};

typedef struct lane {
	ic_flow_table *flows;
	ic_apps *apps;
	ic_events events;
	bool failed;
} lane;

/* Packets of one lane, by their numbers in the hand. */
typedef struct pile {
	uint32_t *which;
	uint32_t n, room;
} pile;

struct ic_hand {
	ic_packet *packet;
	uint32_t n, room;
	pile pile[IC_LANES];
	ic_arena copies; /* payload of datagrams put together from fragments */
};

struct ic_lanes {
	/* of who deals; far from what others write */
	ic_capture *capture;
	ic_decoder *decoder;
	ic_lanes_counts counts;
	bool broken; /* nothing after this can be read */

	ic_hand *own;		/* of ic_lanes_feed */
	const ic_hand *at_hand; /* worked on */
	lane lane[IC_LANES];
	ic_events told; /* those of all lanes, in order of the packets that told them */
	ic_team *team;
	ic_budget *budget, share; /* NULL or whom the share is from */
	uint64_t ended;		  /* connections, after the last packet */
};

/* ---- life ---- */

ic_hand *ic_hand_new(void)
{
	ic_hand *h = ic_calloc(1, sizeof *h);
	if (h)
		ic_arena_init(&h->copies, 0, NULL);
	return h;
}

void ic_hand_free(ic_hand *h)
{
	if (!h)
		return;
	for (unsigned i = 0; i < IC_LANES; i++)
		ic_free(h->pile[i].which);
	ic_free(h->packet);
	ic_arena_clear(&h->copies);
	ic_free(h);
}

static bool lane_init(lane *l, const ic_hello_sink *sink, ic_budget *budget)
{
	ic_flow_limits limits = ic_flow_defaults;
	limits.total_bytes /= IC_LANES;
	limits.flows /= IC_LANES;
	l->apps = ic_apps_new(&l->events, budget);
	if (!l->apps)
		return false;
	const ic_flow_handler h = ic_apps_handler(l->apps);
	if (sink)
		ic_apps_listen(l->apps, sink);
	l->flows = ic_flow_table_new(&h, &limits, budget);
	return l->flows != NULL;
}

/* Connections may use up all that there is, by throwing out old ones; so they get a half of it, and what is done
 * with the rows finds the other. */
static ic_budget *take_share(ic_lanes *l, unsigned helpers, ic_budget *budget)
{
	if (!budget || !budget->limit)
		return budget;
	const uint64_t used = atomic_load(&budget->used),
		       left = used < budget->limit ? budget->limit - used : 0;
	/* Of the half, what the heap loses where several threads allocate and free. */
	const uint64_t lost = (uint64_t)helpers * HELPER_BYTES;
	l->share.limit = (lost < left / 4 ? left / 2 - lost : left / 4) + 1; /* 0 would be no limit */
	if (ic_budget_take(budget, l->share.limit) != 0)
		l->share.limit = 1;
	else
		l->budget = budget;
	return &l->share;
}

ic_lanes *ic_lanes_new(const ic_hello_sink *sinks, unsigned threads, ic_budget *budget)
{
	ic_lanes *l = ic_calloc(1, sizeof *l);
	if (!l)
		return NULL;
	ic_events_init(&l->told, NULL);
	for (unsigned i = 0; i < IC_LANES; i++)
		ic_events_init(&l->lane[i].events, NULL);
	const unsigned helpers = threads > 1 ? threads - 1 : 0;
	budget = take_share(l, helpers, budget);
	l->capture = ic_capture_new();
	l->decoder = ic_decoder_new(budget);
	l->team = ic_team_new(helpers);
	l->own = ic_hand_new();
	bool ok = l->capture && l->decoder && l->team && l->own;
	for (unsigned i = 0; ok && i < IC_LANES; i++)
		ok = lane_init(&l->lane[i], sinks ? &sinks[i] : NULL, budget);
	if (ok)
		return l;
	ic_lanes_free(l);
	return NULL;
}

static void lane_clear(lane *l)
{
	bool failed = false;
	while (l->flows && (ic_flow_finish(l->flows, 1, &failed) || failed)) {
		failed = false; /* only what connections hold is to be freed */
		ic_events_clear(&l->events);
		ic_events_init(&l->events, NULL);
	}
	ic_flow_table_free(l->flows);
	ic_apps_free(l->apps);
	ic_events_clear(&l->events);
}

void ic_lanes_free(ic_lanes *l)
{
	if (!l)
		return;
	ic_team_free(l->team);
	for (unsigned i = 0; i < IC_LANES; i++)
		lane_clear(&l->lane[i]);
	ic_events_clear(&l->told);
	ic_decoder_free(l->decoder);
	ic_capture_free(l->capture);
	ic_hand_free(l->own);
	if (l->budget)
		ic_budget_give(l->budget, l->share.limit);
	ic_free(l);
}

void ic_lanes_want(ic_lanes *l, ic_fieldset wanted, unsigned streams)
{
	for (unsigned i = 0; i < IC_LANES; i++) {
		l->lane[i].events.wanted = wanted;
		l->lane[i].events.streams = streams;
	}
}

ic_events *ic_lanes_events(ic_lanes *l)
{
	return &l->told;
}

void ic_lanes_recycle(ic_lanes *l)
{
	for (unsigned i = 0; !l->told.first && i < IC_LANES; i++)
		ic_events_recycle(&l->lane[i].events);
}

void ic_lanes_drop(ic_lanes *l)
{
	ic_events_clear(&l->told);
	ic_events_init(&l->told, NULL);
	ic_lanes_recycle(l);
}

const ic_lanes_counts *ic_lanes_get_counts(const ic_lanes *l)
{
	return &l->counts;
}

void ic_lanes_tally(const ic_lanes *l, ic_tally to[IC_TALLIES])
{
	memset(to, 0, IC_TALLIES * sizeof *to);
	for (unsigned i = 0; i < IC_LANES; i++)
		ic_packet_tally(i ? NULL : l->decoder, l->lane[i].flows, l->lane[i].apps, to);
}

/* ---- dealing ---- */

static uint64_t of_end(const ic_ip *ip, uint16_t port)
{
	uint64_t x[2];
	memcpy(x, ip->b, 16);
	uint64_t h = (x[0] ^ (x[1] + port)) * 0x9e3779b97f4a7c15;
	return (h ^ h >> 29) * 0xbf58476d1ce4e5b9;
}

/* The same for both directions; of ICMP, whose ports are types, by addresses. Without a seed: which connections
 * share a lane decides when each of them is told. */
static unsigned lane_of(const ic_packet *p)
{
	const bool ports = p->proto == 6 || p->proto == 17;
	return (unsigned)((of_end(&p->src, ports ? p->sport : 0) + of_end(&p->dst, ports ? p->dport : 0)) >>
			  32) %
	       IC_LANES;
}

/* Where the next packet goes, NULL: out of memory. */
static ic_packet *next_packet(ic_hand *h)
{
	if (h->n == h->room) {
		const uint32_t room = h->room ? h->room * 2 : PACKETS_FIRST;
		ic_packet *more = ic_reallocarray(h->packet, room, sizeof *more);
		if (!more)
			return NULL;
		h->packet = more;
		h->room = room;
	}
	return &h->packet[h->n];
}

/* Gives the next packet, read from these n bytes, to its lane. */
static bool deal(ic_hand *h, const uint8_t *from, size_t n)
{
	ic_packet *p = &h->packet[h->n];
	pile *to = &h->pile[lane_of(p)];
	if (to->n == to->room) {
		const uint32_t room = to->room ? to->room * 2 : PACKETS_FIRST;
		uint32_t *more = ic_reallocarray(to->which, room, sizeof *more);
		if (!more)
			return false;
		to->which = more;
		to->room = room;
	}
	if (p->captured && !(p->payload >= from && p->payload < from + n)) {
		p->payload = (const uint8_t *)ic_arena_dup(&h->copies, (const char *)p->payload, p->captured);
		if (!p->payload)
			return false;
	}
	to->which[to->n++] = h->n++;
	return true;
}

static void count_bad(ic_lanes *l, const char *cause)
{
	if (l->counts.bad++ == 0) {
		l->counts.cause = cause;
		l->counts.bad_at = l->counts.packets;
	}
}

ic_status ic_lanes_deal(ic_lanes *l, ic_hand *h, const uint8_t *p, size_t n, bool final, size_t *used)
{
	ic_frame f;
	ic_packet *packet;
	const char *cause = NULL;
	size_t at = 0, step;
	ic_take t = IC_TAKE_SKIP;
	*used = 0;
	while (!l->broken && at < n && t != IC_TAKE_MORE) {
		t = ic_capture_next(l->capture, p + at, n - at, &step, &f, &cause);
		at += step;
		if (t == IC_TAKE_BAD) {
			if (!cause)
				return IC_E_NOMEM;
			count_bad(l, cause);
			l->broken = step == 0;
		}
		if (t != IC_TAKE_OK)
			continue;
		l->counts.packets++;
		if (!(packet = next_packet(h)) ||
		    (ic_decode(l->decoder, &f, packet) == IC_DECODED && !deal(h, p, n)))
			return IC_E_NOMEM;
	}
	if (final && at < n && !l->broken)
		count_bad(l, "the capture ends in the middle of a packet");
	*used = final || l->broken ? n : at;
	return IC_OK;
}

/* ---- work ---- */

static void work(void *ctx, unsigned i)
{
	ic_lanes *all = ctx;
	const ic_hand *h = all->at_hand;
	const pile *of = &h->pile[i];
	lane *l = &all->lane[i];
	l->failed = l->failed || !ic_flow_packets(l->flows, h->packet, of->which, of->n, &l->events.order);
}

/* Brings what the lanes have told into one order. */
static bool gather(ic_lanes *l)
{
	ic_events *from[IC_LANES];
	bool ok = true;
	for (unsigned i = 0; i < IC_LANES; i++) {
		from[i] = &l->lane[i].events;
		ok = ok && !l->lane[i].failed;
	}
	ic_events_merge(&l->told, from, IC_LANES);
	return ok;
}

ic_status ic_lanes_work(ic_lanes *l, ic_hand *h)
{
	l->at_hand = h;
	if (h->n >= WORTH_CALLING)
		ic_team_run(l->team, IC_LANES, work, l);
	else
		for (unsigned i = 0; i < IC_LANES; i++)
			work(l, i);
	for (unsigned i = 0; i < IC_LANES; i++)
		h->pile[i].n = 0;
	h->n = 0;
	ic_arena_reset(&h->copies);
	return gather(l) ? IC_OK : IC_E_NOMEM;
}

ic_status ic_lanes_feed(ic_lanes *l, const uint8_t *p, size_t n, bool final, size_t *used)
{
	const ic_status dealt = ic_lanes_deal(l, l->own, p, n, final, used), st = ic_lanes_work(l, l->own);
	return st == IC_OK ? dealt : st;
}

/* In order of their last packets, over all lanes. */
ic_status ic_lanes_finish(ic_lanes *l, unsigned most, bool *more)
{
	bool failed = false;
	*more = true;
	for (; most && !failed; most--) {
		lane *first = NULL;
		int64_t oldest = 0, seen;
		for (unsigned i = 0; i < IC_LANES; i++) {
			if (ic_flow_oldest(l->lane[i].flows, &seen) && (!first || seen < oldest)) {
				first = &l->lane[i];
				oldest = seen;
			}
		}
		if (!first) {
			*more = false;
			break;
		}
		first->events.order = l->ended++; /* those of packets were gathered before */
		(void)ic_flow_finish(first->flows, 1, &failed);
	}
	return gather(l) && !failed ? IC_OK : IC_E_NOMEM;
}
