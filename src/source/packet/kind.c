/* SPDX-License-Identifier: Apache-2.0 */
/* Captures as a source: packets in, the rows of their connections and of what these carry out. */
#include <string.h>

#include "base/error.h"
#include "source/packet/tally.h"

enum { PENDING_MAX = 2 * IC_BATCH_ROWS, FINISH_STEP = 1024 };

struct ic_reader {
	const ic_input_request *req;
	ic_capture *capture;
	ic_decoder *decoder;
	ic_flow_table *flows;
	ic_apps *apps;
	ic_events events;
	bool broken; /* nothing after this can be read */
};

static const unsigned all_streams = IC_STREAM_BIT(IC_STREAM_CONN) | IC_STREAM_BIT(IC_STREAM_HTTP) |
				    IC_STREAM_BIT(IC_STREAM_SSL) | IC_STREAM_BIT(IC_STREAM_WEBSOCKET) |
				    IC_STREAM_BIT(IC_STREAM_BURST);

static void capture_end(ic_reader *r)
{
	if (!r)
		return;
	bool failed = false;
	while (r->flows && (ic_flow_finish(r->flows, FINISH_STEP, &failed) || failed)) {
		failed = false; /* only what connections hold is to be freed */
		ic_events_clear(&r->events);
		ic_events_init(&r->events, NULL);
	}
	ic_flow_table_free(r->flows);
	ic_apps_free(r->apps);
	ic_events_clear(&r->events);
	ic_decoder_free(r->decoder);
	ic_capture_free(r->capture);
	ic_free(r);
}

static ic_reader *capture_begin(const ic_reader_config *cfg, const ic_layout *layout)
{
	(void)layout;
	ic_reader *r = ic_calloc(1, sizeof *r);
	if (!r)
		return NULL;
	r->req = cfg->req;
	ic_events_init(&r->events, NULL);
	r->capture = ic_capture_new();
	r->decoder = ic_decoder_new(cfg->req->budget);
	r->apps = ic_apps_new(&r->events, cfg->req->budget);
	ic_flow_handler h = { 0 };
	if (r->apps)
		h = ic_apps_handler(r->apps);
	r->flows = r->apps ? ic_flow_table_new(&h, NULL, cfg->req->budget) : NULL;
	if (!r->capture || !r->decoder || !r->flows) {
		capture_end(r);
		return NULL;
	}
	return r;
}

/* One record; false when there is none in text[*at..n). *failed: out of memory. */
static bool take_packet(ic_reader *r, const uint8_t *p, size_t n, size_t *at, bool final, ic_row_counts *c,
			bool *failed)
{
	ic_frame f;
	ic_packet packet;
	const char *cause = NULL;
	size_t used;
	switch (ic_capture_next(r->capture, p + *at, n - *at, &used, &f, &cause)) {
	case IC_TAKE_SKIP: *at += used; return true;
	case IC_TAKE_MORE:
		if (final && *at < n) {
			c->read++;
			ic_row_bad(c, c->lines, 0, "the capture ends in the middle of a packet");
			*at = n;
		}
		return false;
	case IC_TAKE_BAD:
		*failed = cause == NULL;
		c->read++;
		ic_row_bad(c, c->lines, 0, "%s", cause ? cause : "");
		r->broken = used == 0;
		*at = r->broken ? n : *at + used;
		return !r->broken;
	case IC_TAKE_OK: break;
	}
	*at += used;
	c->lines++;
	if (ic_decode(r->decoder, &f, &packet) == IC_DECODED)
		*failed = !ic_flow_packet(r->flows, &packet);
	return true;
}

static ic_status capture_parse(ic_reader *r, const char *text, size_t n, size_t *at, bool final, ic_batch *b,
			       ic_row_counts *c)
{
	const uint8_t *p = (const uint8_t *)text;
	bool failed = false;
	r->events.wanted = b->wanted | IC_FIELD_BIT(IC_F_HOST) | IC_FIELD_BIT(IC_F_URI) |
			   IC_FIELD_BIT(IC_F_METHOD) | IC_FIELD_BIT(IC_F_SERVICE);
	ic_events_recycle(&r->events);
	if (r->broken)
		*at = n;
	while (!failed && r->events.n < IC_BATCH_ROWS && *at < n &&
	       take_packet(r, p, n, at, final, c, &failed))
		;
	bool more = true;
	while (!failed && final && *at == n && more && r->events.n < IC_BATCH_ROWS)
		more = ic_flow_finish(r->flows, FINISH_STEP, &failed);
	if (failed)
		return IC_E_NOMEM;
	ic_events_take(&r->events, b, &r->req->filter, r->req->streams, c);
	ic_packet_tally(r->decoder, r->flows, r->apps, c->tally);
	return IC_OK;
}

static int capture_sniff(const char *head, size_t n)
{
	return ic_capture_sniff((const uint8_t *)head, n) ? 99 : 0;
}

static const ic_layout *capture_layout(const ic_reader_config *cfg, const char *head, size_t n, bool *nomem)
{
	(void)cfg;
	(void)head;
	(void)n;
	ic_layout *l = ic_calloc(1, sizeof *l);
	*nomem = !l;
	if (l)
		l->streams = all_streams;
	return l;
}

static void capture_peek(const ic_layout *layout, const char *head, size_t n, unsigned *streams,
			 int64_t *first)
{
	ic_capture *c = ic_capture_new();
	const uint8_t *p = (const uint8_t *)head;
	const char *cause;
	ic_frame f;
	ic_take t = IC_TAKE_SKIP;
	*streams = layout->streams;
	*first = IC_TIME_NONE;
	for (size_t at = 0, used; c && t == IC_TAKE_SKIP && at < n; at += used)
		t = ic_capture_next(c, p + at, n - at, &used, &f, &cause);
	if (t == IC_TAKE_OK)
		*first = f.ticks;
	ic_capture_free(c);
}

static ic_fieldset capture_can_give(unsigned streams, const ic_reader_config *cfg)
{
	ic_fieldset give = IC_FIELD_BIT(IC_F_COMMUNITY_ID) | IC_FIELD_BIT(IC_F_TRANSPORT) |
			   IC_FIELD_BIT(IC_F_JA3) | IC_FIELD_BIT(IC_F_JA3S) | IC_FIELD_BIT(IC_F_JA4);
	return give | (ic_kind_zeek_tsv.can_give(streams, cfg) &
		       ~(IC_FIELD_BIT(IC_F_USER) | IC_FIELD_BIT(IC_F_CERT_VALID)));
}

static bool capture_layout_equal(const ic_layout *a, const ic_layout *b)
{
	return a->streams == b->streams;
}

static void capture_layout_free(const ic_layout *l)
{
	ic_free((void *)(uintptr_t)l);
}

const ic_source_kind ic_kind_capture = {
	.name = "pcap",
	.help = "captured packets (pcap, pcapng): connections, HTTP requests, TLS and QUIC handshakes",
	.lines = false,
	.mixed = true,
	.sniff = capture_sniff,
	.layout = capture_layout,
	.peek = capture_peek,
	.can_give = capture_can_give,
	.begin = capture_begin,
	.parse = capture_parse,
	.layout_equal = capture_layout_equal,
	.layout_free = capture_layout_free,
	.end = capture_end,
};
