/* SPDX-License-Identifier: Apache-2.0 */
/* TCP (RFC 9293) as an onlooker sees it: states as Zeek names them, and the bytes of each side in order. */
#include <string.h>

#include "source/packet/flow_private.h"

enum { WINDOW_MOST = 1 << 30 }; /* farther from what is expected: not of this stream */

/* ---- sequence numbers ---- */

/* The offset of a sequence number near what is expected; negative ones are before the start. */
static int64_t offset_of(const flow_side *s, uint32_t seq)
{
	uint32_t expected = s->base + (uint32_t)s->next;
	return (int64_t)s->next + (int32_t)(seq - expected);
}

static void start(flow_side *s, uint32_t base)
{
	s->started = true;
	s->base = base;
}

/* ---- delivery ---- */

static bool deliver(ic_flow_table *t, flow *f, int side, const uint8_t *p, size_t n, int64_t ticks,
		    uint64_t number)
{
	f->side[side].next += n;
	return n == 0 || t->handler.data(t->handler.ctx, &f->pub, side, p, n, ticks, number);
}

static bool deliver_gap(ic_flow_table *t, flow *f, int side, uint64_t n)
{
	if (!n)
		return true;
	f->side[side].next += n;
	f->pub.missed += n;
	t->counts.gaps++;
	t->counts.gap_bytes += n;
	return t->handler.gap(t->handler.ctx, &f->pub, side, n);
}

/* Held pieces that are next now. */
static bool deliver_held(ic_flow_table *t, flow *f, int side)
{
	flow_side *s = &f->side[side];
	bool ok = true;
	while (ok && s->pieces && s->pieces->at <= s->next) {
		flow_piece *p = s->pieces;
		uint64_t skip = s->next - p->at;
		s->pieces = p->next;
		if (skip < p->n)
			ok = deliver(t, f, side, p->bytes + skip, p->n - (size_t)skip, p->ticks, p->number);
		flow_hold_free(t, s, p);
	}
	return ok;
}

/* What is before the first held piece will not come. */
static bool give_up_hole(ic_flow_table *t, flow *f, int side)
{
	flow_side *s = &f->side[side];
	return deliver_gap(t, f, side, s->pieces->at - s->next) && deliver_held(t, f, side);
}

/* Keeps [at, at+n) minus what is held already; the bytes that came first count. */
static bool hold(ic_flow_table *t, flow *f, int side, uint64_t at, const uint8_t *p, uint32_t n,
		 int64_t ticks, uint64_t number)
{
	flow_side *s = &f->side[side];
	flow_piece **link = &s->pieces;
	while (n) {
		while (*link && (*link)->at + (*link)->n <= at)
			link = &(*link)->next;
		if (*link && (*link)->at <= at) { /* held already */
			uint64_t pass = (*link)->at + (*link)->n - at;
			t->counts.overlaps++;
			if (pass >= n)
				return true;
			at += pass;
			p += pass;
			n -= (uint32_t)pass;
			continue;
		}
		uint32_t fits = *link && (*link)->at < at + n ? (uint32_t)((*link)->at - at) : n;
		size_t bytes = sizeof(flow_piece) + fits;
		if (t->budget && ic_budget_take(t->budget, bytes) != 0) {
			t->counts.no_memory++;
			return true; /* it becomes a gap */
		}
		flow_piece *q = ic_malloc(bytes);
		if (!q) {
			if (t->budget)
				ic_budget_give(t->budget, bytes);
			return false;
		}
		*q = (flow_piece){ .next = *link, .at = at, .n = fits, .ticks = ticks, .number = number };
		memcpy(q->bytes, p, fits);
		*link = q;
		s->held += fits;
		t->held += fits;
		at += fits;
		p += fits;
		n -= fits;
	}
	/* A hole that holds too much back is given up. */
	while (s->pieces && (s->held > t->limits.flow_bytes || t->held > t->limits.total_bytes))
		if (!give_up_hole(t, f, side))
			return false;
	return true;
}

static bool payload(ic_flow_table *t, flow *f, int side, const ic_packet *p, int64_t at)
{
	flow_side *s = &f->side[side];
	const uint8_t *from = p->payload;
	uint32_t n = p->captured, cut = p->length - p->captured;
	int64_t end = at + p->length;
	if (at - (int64_t)s->next > WINDOW_MOST || end < 0) {
		t->counts.out_of_window++;
		return true;
	}
	if (end > (int64_t)s->top) {
		s->top = (uint64_t)end;
		if (!t->handler.word(t->handler.ctx, &f->pub, side, p))
			return false;
	}
	if (end <= (int64_t)s->next) {
		t->counts.retransmitted++;
		return true;
	}
	if (at < (int64_t)s->next) { /* its start is known */
		uint64_t known = s->next - (uint64_t)at;
		uint32_t skip = known < n ? (uint32_t)known : n;
		t->counts.overlaps++;
		from += skip;
		n -= skip;
		cut = known > p->captured ? cut - (uint32_t)(known - p->captured) : cut;
		at = (int64_t)s->next;
	}
	if (at > (int64_t)s->next)
		return hold(t, f, side, (uint64_t)at, from, n, p->ticks, p->number);
	bool ok = deliver(t, f, side, from, n, p->ticks, p->number);
	if (ok && cut && !(s->pieces && s->pieces->at < s->next + cut))
		ok = deliver_gap(t, f, side, cut);
	return ok && deliver_held(t, f, side);
}

/* The other side has what it acknowledges: if we have not, the capture has lost it. */
static bool acknowledged(ic_flow_table *t, flow *f, int side, uint32_t ack)
{
	flow_side *s = &f->side[side];
	int64_t to = s->started ? offset_of(s, ack) : 0;
	if (to <= (int64_t)s->acked || to > (int64_t)s->next + WINDOW_MOST)
		return true;
	s->acked = (uint64_t)to;
	bool ok = true;
	while (ok && s->pieces && s->pieces->at + s->pieces->n <= s->acked && s->pieces->at > s->next)
		ok = give_up_hole(t, f, side);
	return ok;
}

bool flow_tcp_packet(ic_flow_table *t, flow *f, int side, const ic_packet *p)
{
	flow_side *s = &f->side[side];
	const bool syn = p->tcp_flags & IC_TCP_SYN, fin = p->tcp_flags & IC_TCP_FIN;
	if (syn && !s->syn) {
		s->syn = true;
		if (!s->started)
			start(s, p->seq + 1);
	} else if (!s->started && !(p->tcp_flags & IC_TCP_RST)) {
		start(s, p->seq); /* in the middle */
	}
	if (p->tcp_flags & IC_TCP_RST && !flow_tcp_is_closed(f))
		s->rst = true;
	bool ok = true;
	if (p->tcp_flags & IC_TCP_ACK)
		ok = acknowledged(t, f, !side, p->ack);
	if (!s->started)
		return ok;
	int64_t at = offset_of(s, p->seq + (syn ? 1 : 0));
	/* A keep-alive repeats the last byte, or sends none. */
	bool keepalive = p->length <= 1 && !syn && !fin && at < (int64_t)s->next;
	if (ok && p->length && !keepalive && !(p->tcp_flags & IC_TCP_RST))
		ok = payload(t, f, side, p, at);
	if (fin && !s->fin) {
		s->fin = true;
		s->fin_at = at + p->length > 0 ? (uint64_t)(at + p->length) : 0;
	}
	return ok;
}

unsigned flow_tcp_waits(const flow *f)
{
	const flow_side *o = &f->side[IC_ORIG], *r = &f->side[IC_RESP];
	if (o->rst || r->rst || flow_tcp_is_closed(f))
		return FLOW_WAITS_CLOSED;
	if (f->pub.packets[IC_ORIG] && f->pub.packets[IC_RESP])
		return FLOW_WAITS_DATA;
	return o->syn || r->syn ? FLOW_WAITS_ATTEMPT : FLOW_WAITS_DATA;
}

bool flow_tcp_begins_anew(const flow *f, int side, const ic_packet *p)
{
	const flow_side *s = &f->side[side];
	if (!(p->tcp_flags & IC_TCP_SYN) || (p->tcp_flags & IC_TCP_ACK))
		return false;
	/* The same SYN again is none, unless it was refused. */
	return f->waits == FLOW_WAITS_CLOSED && (f->side[!side].rst || !(s->syn && s->base == p->seq + 1));
}

/* As Zeek names it (its script base/protocols/conn/main.zeek). */
static const char *state_of(const flow *f)
{
	const flow_side *o = &f->side[IC_ORIG], *r = &f->side[IC_RESP];
	/* An answered SYN was sent, also where it is missing. */
	const bool begun = o->syn || (r->syn && f->pub.packets[IC_ORIG]), answered = r->syn;
	if (!begun && !answered && (o->rst || r->rst))
		return "OTH"; /* of something that is over */
	if (r->rst)
		return !answered ? "REJ" : begun && !o->rst ? "RSTR" : begun ? "RSTO" : "RSTRH";
	if (o->rst)
		return answered ? "RSTO" : "RSTOS0";
	if (o->fin && r->fin)
		return "SF";
	if (o->fin)
		return answered ? "S2" : "SH";
	if (r->fin)
		return begun ? "S3" : "SHR";
	if (begun && answered)
		return "S1";
	return o->syn && !f->pub.packets[IC_RESP] ? "S0" : "OTH";
}

bool flow_tcp_end(ic_flow_table *t, flow *f)
{
	bool ok = true;
	for (int side = 0; side < IC_SIDES; side++) {
		flow_side *s = &f->side[side];
		while (ok && s->pieces)
			ok = give_up_hole(t, f, side);
		uint64_t top = s->fin && s->fin_at > s->top ? s->fin_at : s->top;
		if (ok && top > s->next)
			ok = deliver_gap(t, f, side, top - s->next);
		f->pub.bytes[side] = top;
	}
	const char *state = state_of(f);
	memcpy(f->pub.state, state, strlen(state) + 1);
	return ok;
}
