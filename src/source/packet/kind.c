/* SPDX-License-Identifier: Apache-2.0 */
/* Captures as a source: packets in, the rows of their connections and of what these carry out. */

#include "source/packet/lanes.h"

enum { FINISH_STEP = 1024 };

struct ic_reader {
	const ic_input_request *req;
	ic_lanes *lanes;
};

static const unsigned all_streams = IC_STREAM_BIT(IC_STREAM_CONN) | IC_STREAM_BIT(IC_STREAM_HTTP) |
				    IC_STREAM_BIT(IC_STREAM_SSL) | IC_STREAM_BIT(IC_STREAM_WEBSOCKET) |
				    IC_STREAM_BIT(IC_STREAM_BURST);

static void capture_end(ic_reader *r)
{
	if (r)
		ic_lanes_free(r->lanes);
	ic_free(r);
}

static ic_reader *capture_begin(const ic_reader_config *cfg, const ic_layout *layout)
{
	(void)layout;
	ic_reader *r = ic_calloc(1, sizeof *r);
	if (!r)
		return NULL;
	r->req = cfg->req;
	r->lanes = ic_lanes_new(NULL, cfg->req->threads, cfg->req->budget);
	if (r->lanes)
		return r;
	ic_free(r);
	return NULL;
}

/* Takes all of the text that is whole; the rows may be more than a batch holds. */
static ic_status take_text(ic_reader *r, const char *text, size_t n, size_t *at, bool final, ic_row_counts *c)
{
	const ic_lanes_counts *counts = ic_lanes_get_counts(r->lanes);
	const uint64_t bad = counts->bad;
	size_t used;
	ic_status st = ic_lanes_feed(r->lanes, (const uint8_t *)text + *at, n - *at, final, &used);
	*at += used;
	for (uint64_t i = bad; i < counts->bad; i++) {
		c->read++;
		ic_row_bad(c, counts->bad_at, 0, "%s", counts->cause);
	}
	c->lines = counts->packets;
	return st;
}

static ic_status capture_parse(ic_reader *r, const char *text, size_t n, size_t *at, bool final, ic_batch *b,
			       ic_row_counts *c)
{
	ic_events *told = ic_lanes_events(r->lanes);
	ic_status st = IC_OK;
	bool more = true;
	ic_lanes_want(r->lanes, b->wanted, r->req->streams);
	bool goes_on = true;
	while (goes_on && b->rows == 0) {
		const size_t before = *at;
		const bool waits = told->n > 0; /* from the last time: that comes first */
		ic_lanes_recycle(r->lanes);
		if (!waits && *at < n)
			st = take_text(r, text, n, at, final, c);
		while (st == IC_OK && final && *at == n && more && told->n < IC_BATCH_ROWS)
			st = ic_lanes_finish(r->lanes, FINISH_STEP, &more);
		if (st != IC_OK)
			return st;
		ic_events_take(told, b, &r->req->filter, r->req->streams, c);
		goes_on = waits || *at > before || (final && *at == n && more);
	}
	c->waits = told->n > 0 || (final && *at == n && more);
	ic_lanes_tally(r->lanes, c->tally);
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
