/* SPDX-License-Identifier: Apache-2.0 */
#include "source/packet/hellos.h"

#include "source/packet/tally.h"

struct ic_hellos {
	ic_capture *capture;
	ic_decoder *decoder;
	ic_flow_table *flows;
	ic_apps *apps;
	ic_events events; /* of no use here, and dropped */
	ic_hellos_counts counts;
	bool broken; /* nothing after this can be read */
};

enum { FINISH_STEP = 1024 };

static void drop_events(ic_hellos *h)
{
	ic_events_clear(&h->events);
	ic_events_init(&h->events, NULL);
}

/* Ends what is left; a failure ends the rest all the same. */
static bool finish(ic_hellos *h)
{
	bool failed = false, all_well = true, more;
	do {
		failed = false;
		more = ic_flow_finish(h->flows, FINISH_STEP, &failed);
		all_well = all_well && !failed;
		drop_events(h);
	} while (more || failed);
	return all_well;
}

ic_hellos *ic_hellos_new(const ic_hello_sink *sink, ic_budget *budget)
{
	ic_hellos *h = ic_calloc(1, sizeof *h);
	if (!h)
		return NULL;
	ic_events_init(&h->events, NULL);
	h->capture = ic_capture_new();
	h->decoder = ic_decoder_new(budget);
	h->apps = ic_apps_new(&h->events, budget);
	if (h->apps) {
		const ic_flow_handler handler = ic_apps_handler(h->apps);
		ic_apps_listen(h->apps, sink);
		h->flows = ic_flow_table_new(&handler, NULL, budget);
	}
	if (h->capture && h->decoder && h->flows)
		return h;
	ic_hellos_free(h);
	return NULL;
}

void ic_hellos_free(ic_hellos *h)
{
	if (!h)
		return;
	if (h->flows)
		(void)finish(h);
	ic_flow_table_free(h->flows);
	ic_apps_free(h->apps);
	ic_events_clear(&h->events);
	ic_decoder_free(h->decoder);
	ic_capture_free(h->capture);
	ic_free(h);
}

const ic_hellos_counts *ic_hellos_get_counts(const ic_hellos *h)
{
	return &h->counts;
}

void ic_hellos_tally(const ic_hellos *h, ic_tally to[IC_TALLIES])
{
	ic_packet_tally(h->decoder, h->flows, h->apps, to);
}

static void count_bad(ic_hellos *h, const char *cause)
{
	if (h->counts.bad++ == 0) {
		h->counts.cause = cause;
		h->counts.bad_at = h->counts.packets;
	}
}

ic_status ic_hellos_feed(ic_hellos *h, const uint8_t *p, size_t n, bool final, size_t *used)
{
	ic_frame f;
	ic_packet packet;
	const char *cause = NULL;
	size_t at = 0, step;
	ic_take t = IC_TAKE_SKIP;
	while (!h->broken && at < n && t != IC_TAKE_MORE) {
		t = ic_capture_next(h->capture, p + at, n - at, &step, &f, &cause);
		at += step;
		if (t == IC_TAKE_BAD) {
			if (!cause)
				return IC_E_NOMEM;
			count_bad(h, cause);
			h->broken = step == 0;
		}
		if (t != IC_TAKE_OK)
			continue;
		h->counts.packets++;
		if (ic_decode(h->decoder, &f, &packet) == IC_DECODED && !ic_flow_packet(h->flows, &packet))
			return IC_E_NOMEM;
		if (h->events.n >= FINISH_STEP)
			drop_events(h);
	}
	if (final && at < n && !h->broken)
		count_bad(h, "the capture ends in the middle of a packet");
	*used = final || h->broken ? n : at;
	return !final || finish(h) ? IC_OK : IC_E_NOMEM;
}
