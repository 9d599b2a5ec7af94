/* SPDX-License-Identifier: Apache-2.0 */
#include "source/packet/flow.h"

#include <string.h>

#include "base/hash.h"
#include "base/time.h"
#include "source/packet/flow_private.h"

enum {
	FLOW_BYTES = 1 << 20,
	TOTAL_BYTES = 64 << 20,
	FLOWS = 2000000,
	SLOTS_FIRST = 1024,
	CACHE_LINE = 64,
};

/* ---- life ---- */

const ic_flow_limits ic_flow_defaults = {
	.flow_bytes = FLOW_BYTES,
	.total_bytes = TOTAL_BYTES,
	.flows = FLOWS,
	.tcp_idle = 5 * 60 * IC_TICKS_S,
	.tcp_attempt = 5 * IC_TICKS_S,
	.tcp_closed = 5 * IC_TICKS_S,
	.udp_idle = 60 * IC_TICKS_S,
};

ic_flow_table *ic_flow_table_new(const ic_flow_handler *h, const ic_flow_limits *limits, ic_budget *budget)
{
	ic_flow_table *t = ic_calloc(1, sizeof *t);
	if (!t)
		return NULL;
	t->handler = *h;
	t->seed = ic_hash_seed();
	t->limits = limits ? *limits : ic_flow_defaults;
	t->budget = budget;
	t->patience[FLOW_WAITS_ATTEMPT] = t->limits.tcp_attempt;
	t->patience[FLOW_WAITS_DATA] = t->limits.tcp_idle;
	t->patience[FLOW_WAITS_CLOSED] = t->limits.tcp_closed;
	t->patience[FLOW_WAITS_DATAGRAM] = t->limits.udp_idle;
	return t;
}

static bool take(ic_flow_table *t, size_t n)
{
	return !t->budget || ic_budget_take(t->budget, n) == 0;
}

static void give(ic_flow_table *t, size_t n)
{
	if (t->budget)
		ic_budget_give(t->budget, n);
}

void flow_hold_free(ic_flow_table *t, flow_side *s, flow_piece *p)
{
	s->held -= p->n;
	t->held -= p->n;
	give(t, sizeof *p + p->n);
	ic_free(p);
}

static void free_pieces(ic_flow_table *t, flow *f)
{
	for (int side = 0; side < IC_SIDES; side++) {
		while (f->side[side].pieces) {
			flow_piece *next = f->side[side].pieces->next;
			flow_hold_free(t, &f->side[side], f->side[side].pieces);
			f->side[side].pieces = next;
		}
	}
}

static void flow_free(ic_flow_table *t, flow *f)
{
	free_pieces(t, f);
	give(t, sizeof *f);
	ic_free(f);
}

void ic_flow_table_free(ic_flow_table *t)
{
	if (!t)
		return;
	for (unsigned i = 0; i < FLOW_WAITS; i++) {
		while (t->wait[i].oldest) {
			flow *next = t->wait[i].oldest->newer;
			flow_free(t, t->wait[i].oldest);
			t->wait[i].oldest = next;
		}
	}
	give(t, (size_t)t->slots * sizeof *t->slot);
	ic_free(t->slot);
	ic_free(t);
}

const ic_flow_counts *ic_flow_table_counts(const ic_flow_table *t)
{
	return &t->counts;
}

/* ---- the table ---- */

static bool is_icmp(const ic_packet *p)
{
	return p->proto == FLOW_ICMP || p->proto == FLOW_ICMP6;
}

/* The type that answers this one: the pair of an ICMP query is one flow. UINT16_MAX: it stands alone. */
static uint16_t icmp_answer(uint8_t proto, uint16_t type)
{
	static const uint8_t pairs[][3] = { { 1, 8, 0 },      { 1, 13, 14 },	{ 1, 15, 16 },
					    { 1, 17, 18 },    { 1, 10, 9 },	{ 58, 128, 129 },
					    { 58, 133, 134 }, { 58, 135, 136 }, { 58, 139, 140 },
					    { 58, 144, 145 } };
	for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++) {
		if (pairs[i][0] != proto)
			continue;
		if (pairs[i][1] == type)
			return pairs[i][2];
		if (pairs[i][2] == type)
			return pairs[i][1];
	}
	return UINT16_MAX;
}

/* The port that is not its sender's: of ICMP as if the answer's type were one. */
static uint16_t far_port(const ic_packet *p, bool *one_way)
{
	const uint16_t answer = is_icmp(p) ? icmp_answer(p->proto, p->sport) : p->dport;
	*one_way = is_icmp(p) && answer == UINT16_MAX;
	return *one_way ? p->dport : answer;
}

static uint64_t hash_of_end(const ic_ip *ip, uint16_t port, uint64_t seed)
{
	uint64_t x[2];
	memcpy(x, ip->b, 16);
	return ic_mix(x[0] ^ port, x[1], seed);
}

/* The same for both directions. */
static uint64_t hash_of(const ic_flow_table *t, const ic_packet *p)
{
	bool one_way;
	return hash_of_end(&p->src, p->sport, t->seed) +
	       hash_of_end(&p->dst, far_port(p, &one_way), t->seed) + p->proto;
}

static bool same_ip(const ic_ip *a, const ic_ip *b)
{
	uint64_t x[2], y[2];
	memcpy(x, a->b, 16);
	memcpy(y, b->b, 16);
	return ((x[0] ^ y[0]) | (x[1] ^ y[1])) == 0;
}

static bool same_flow(const flow *f, const ic_packet *p, uint16_t far, int *side)
{
	const ic_flow *g = &f->pub;
	for (int s = 0; s < IC_SIDES; s++) {
		if (g->port[s] == p->sport && g->port[!s] == far && same_ip(&g->ip[s], &p->src) &&
		    same_ip(&g->ip[!s], &p->dst)) {
			*side = s;
			return g->proto == p->proto;
		}
	}
	return false;
}

static void put_slot(ic_flow_table *t, uint64_t hash, flow *f)
{
	uint32_t mask = t->slots - 1, i = (uint32_t)hash & mask;
	while (t->slot[i].flow)
		i = (i + 1) & mask;
	t->slot[i] = (flow_slot){ hash, f };
}

/* Makes room for one more; *full: the budget does not allow it. False: out of memory. */
static bool grow(ic_flow_table *t, bool *full)
{
	*full = false;
	if (t->slots && (uint64_t)t->n * 3 < (uint64_t)t->slots * 2)
		return true;
	const uint32_t before = t->slots, slots = before ? before * 2 : SLOTS_FIRST;
	*full = !take(t, slots * sizeof *t->slot);
	if (*full)
		return true;
	flow_slot *old = t->slot, *slot = ic_calloc(slots, sizeof *slot);
	if (!slot) {
		give(t, slots * sizeof *t->slot);
		return false;
	}
	t->slot = slot;
	t->slots = slots;
	for (uint32_t i = 0; i < before; i++)
		if (old[i].flow)
			put_slot(t, old[i].hash, old[i].flow);
	give(t, (size_t)before * sizeof *old);
	ic_free(old);
	return true;
}

/* Takes the flow out of its slot and closes the gap in the probing (Knuth 6.4 R). */
static void clear_slot(ic_flow_table *t, const flow *f)
{
	uint32_t mask = t->slots - 1, i = f->hash & mask;
	while (t->slot[i].flow != f)
		i = (i + 1) & mask;
	for (uint32_t j = i;;) {
		t->slot[i].flow = NULL;
		for (;;) {
			j = (j + 1) & mask;
			if (!t->slot[j].flow)
				return;
			uint32_t home = (uint32_t)t->slot[j].hash & mask;
			if (i <= j ? home <= i || home > j : home <= i && home > j)
				break;
		}
		t->slot[i] = t->slot[j];
		i = j;
	}
}

/* When it will have been idle for too long, if nothing comes. */
static int64_t due_of(const ic_flow_table *t, const flow *f)
{
	const int64_t since = f->waits == FLOW_WAITS_ATTEMPT ? f->pub.first : f->seen;
	int64_t due;
	return __builtin_add_overflow(since, t->patience[f->waits], &due) ? INT64_MAX : due;
}

/* This one is the oldest of its queue now. */
static void lead(ic_flow_table *t, const flow *f)
{
	const int64_t due = due_of(t, f);
	t->due = due < t->due ? due : t->due;
}

static void unqueue(ic_flow_table *t, flow *f)
{
	flow_queue *q = &t->wait[f->waits];
	*(f->older ? &f->older->newer : &q->oldest) = f->newer;
	*(f->newer ? &f->newer->older : &q->newest) = f->older;
	if (!f->older && f->newer)
		lead(t, f->newer);
}

static void enqueue(ic_flow_table *t, flow *f, unsigned waits)
{
	flow_queue *q = &t->wait[waits];
	f->waits = (uint8_t)waits;
	f->older = q->newest;
	f->newer = NULL;
	*(q->newest ? &q->newest->newer : &q->oldest) = f;
	q->newest = f;
	if (!f->older)
		lead(t, f);
}

/* ---- ends ---- */

static bool end_flow(ic_flow_table *t, flow *f)
{
	bool ok = true;
	clear_slot(t, f);
	unqueue(t, f);
	t->n--;
	if (f->pub.proto == FLOW_TCP)
		ok = flow_tcp_end(t, f);
	else
		flow_datagram_end(f);
	ok = t->handler.end(t->handler.ctx, &f->pub) && ok;
	flow_free(t, f);
	return ok;
}

static bool is_idle(const ic_flow_table *t, const flow *f)
{
	return t->now > due_of(t, f);
}

static bool expire(ic_flow_table *t)
{
	if (t->now <= t->due)
		return true;
	t->due = INT64_MAX;
	for (unsigned w = 0; w < FLOW_WAITS; w++) {
		while (t->wait[w].oldest && is_idle(t, t->wait[w].oldest))
			if (!end_flow(t, t->wait[w].oldest))
				return false;
		if (t->wait[w].oldest)
			lead(t, t->wait[w].oldest);
	}
	return true;
}

/* The one that was idle longest, of all queues; NULL: there are none. */
static flow *idle_longest(const ic_flow_table *t)
{
	flow *idle = NULL;
	for (unsigned w = 0; w < FLOW_WAITS; w++)
		if (t->wait[w].oldest && (!idle || t->wait[w].oldest->seen < idle->seen))
			idle = t->wait[w].oldest;
	return idle;
}

/* Starts to bring it into the cache. */
static void fetch(const flow *f)
{
	for (size_t at = 0; at < sizeof *f; at += CACHE_LINE)
		__builtin_prefetch((const char *)f + at, 1);
}

static void fetch_slot(const ic_flow_table *t, uint64_t hash)
{
	__builtin_prefetch(&t->slot[(uint32_t)hash & (t->slots - 1)], 1);
}

/* Those that are evicted are in no cache any more; who evicts one evicts the next ones soon. */
static bool evict(ic_flow_table *t)
{
	flow *idle = idle_longest(t);
	if (!idle)
		return true;
	const flow *next = idle->newer;
	if (next) {
		fetch_slot(t, next->hash);
		if (next->newer)
			fetch(next->newer);
	}
	t->counts.evicted++;
	return end_flow(t, idle);
}

bool ic_flow_oldest(const ic_flow_table *t, int64_t *ret)
{
	const flow *idle = idle_longest(t);
	if (idle)
		*ret = idle->seen;
	return idle != NULL;
}

bool ic_flow_finish(ic_flow_table *t, uint32_t most, bool *failed)
{
	for (; most && t->n; most--) {
		if (!end_flow(t, idle_longest(t))) {
			*failed = true;
			return false;
		}
	}
	return t->n != 0;
}

/* ---- packets ---- */

static flow *find(const ic_flow_table *t, uint64_t hash, const ic_packet *p, uint16_t far, int *side)
{
	if (!t->slots)
		return NULL;
	uint32_t mask = t->slots - 1;
	for (uint32_t i = (uint32_t)hash & mask; t->slot[i].flow; i = (i + 1) & mask)
		if (t->slot[i].hash == hash && same_flow(t->slot[i].flow, p, far, side))
			return t->slot[i].flow;
	return NULL;
}

/* *ret NULL: the budget has no room; the packet is counted. False: a handler failed, or out of memory. */
static bool begin_flow(ic_flow_table *t, uint64_t hash, const ic_packet *p, uint16_t far, flow **ret)
{
	*ret = NULL;
	if (t->n >= t->limits.flows && !evict(t))
		return false;
	for (bool full;;) {
		if (!grow(t, &full))
			return false;
		if (!full && take(t, sizeof **ret))
			break;
		if (!t->n) {
			t->counts.no_memory++;
			return true;
		}
		if (!evict(t))
			return false;
	}
	flow *f = ic_calloc(1, sizeof *f);
	if (!f) {
		give(t, sizeof *f);
		return false;
	}
	f->hash = (uint32_t)hash;
	f->seen = p->ticks;
	/* A SYN-ACK, or a packet from a server's port, without what came before: its sender answered. */
	bool answer = p->proto == FLOW_TCP && (p->tcp_flags & IC_TCP_SYN) && (p->tcp_flags & IC_TCP_ACK);
	int from = answer ? IC_RESP : IC_ORIG;
	f->pub = (ic_flow){ .proto = p->proto, .first = p->ticks, .last = p->ticks, .number = p->number };
	f->pub.ip[from] = p->src;
	f->pub.ip[!from] = p->dst;
	f->pub.port[from] = p->sport;
	f->pub.port[!from] = far;
	if (!t->handler.begin(t->handler.ctx, &f->pub, p)) {
		give(t, sizeof *f);
		ic_free(f);
		return false;
	}
	t->n++;
	put_slot(t, hash, f);
	enqueue(t, f, p->proto == FLOW_TCP ? FLOW_WAITS_ATTEMPT : FLOW_WAITS_DATAGRAM);
	*ret = f;
	return true;
}

static bool datagram(ic_flow_table *t, flow *f, int side, const ic_packet *p)
{
	f->pub.bytes[side] += p->length;
	if (!p->length)
		return true;
	const ic_flow_handler *h = &t->handler;
	bool ok = h->word(h->ctx, &f->pub, side, p);
	if (ok && p->captured)
		ok = h->data(h->ctx, &f->pub, side, p->payload, p->captured, p->ticks, p->number);
	if (ok && p->captured < p->length)
		ok = h->gap(h->ctx, &f->pub, side, p->length - p->captured);
	return ok;
}

static bool take_packet(ic_flow_table *t, uint64_t hash, const ic_packet *p)
{
	int side = IC_ORIG;
	bool one_way;
	const uint16_t far = far_port(p, &one_way);
	t->now = p->ticks;
	if (!expire(t))
		return false;
	flow *f = find(t, hash, p, far, &side);
	/* A SYN after the end starts the next connection of the same ports. One that is idle may still be
	 * there: behind others in its queue when the times of packets are not in order. */
	bool anew = f && (is_idle(t, f) || (p->proto == FLOW_TCP && flow_tcp_begins_anew(f, side, p)));
	if (anew) {
		if (!end_flow(t, f))
			return false;
		f = NULL;
	}
	if (!f) {
		if (!begin_flow(t, hash, p, far, &f))
			return false;
		if (!f)
			return true;
		f->pub.one_way = one_way;
		side = same_ip(&f->pub.ip[IC_ORIG], &p->src) && f->pub.port[IC_ORIG] == p->sport ? IC_ORIG
												 : IC_RESP;
	}
	f->pub.packets[side]++;
	f->pub.ip_bytes[side] += p->ip_bytes;
	f->seen = p->ticks > f->seen ? p->ticks : f->seen;
	if (p->proto != FLOW_TCP || !flow_tcp_is_closed(f))
		f->pub.last = f->seen;
	bool ok = p->proto == FLOW_TCP ? flow_tcp_packet(t, f, side, p) : datagram(t, f, side, p);
	unsigned waits = p->proto == FLOW_TCP ? flow_tcp_waits(f) : FLOW_WAITS_DATAGRAM;
	/* An attempt has its time from its first packet on: it keeps its place. */
	if (waits != f->waits || (waits != FLOW_WAITS_ATTEMPT && f->newer)) {
		unqueue(t, f);
		enqueue(t, f, waits);
	}
	return ok;
}

bool ic_flow_packet(ic_flow_table *t, const ic_packet *p)
{
	return take_packet(t, hash_of(t, p), p);
}

/* Starts to bring the flow of that hash into the cache, if there is one. */
static void fetch_flow(const ic_flow_table *t, uint64_t hash)
{
	const uint32_t mask = t->slots - 1;
	uint32_t i = (uint32_t)hash & mask;
	if (!t->slots)
		return;
	while (t->slot[i].flow && t->slot[i].hash != hash)
		i = (i + 1) & mask;
	if (t->slot[i].flow)
		fetch(t->slot[i].flow);
}

/* With many connections most packets find theirs in memory, not in a cache: so what later packets need is asked
 * for ahead, first the slot, then the flow. */
bool ic_flow_packets(ic_flow_table *t, const ic_packet *all, const uint32_t *which, uint32_t n,
		     uint64_t *order)
{
	enum { NEAR = 6, FAR = 2 * NEAR };
	uint64_t hash[FAR];
	bool ok = true;
	for (uint64_t k = 0; ok && k < (uint64_t)n + FAR; k++) {
		if (k >= FAR) {
			const ic_packet *p = &all[which[k - FAR]];
			*order = p->number;
			ok = take_packet(t, hash[k % FAR], p);
		}
		if (k >= NEAR && k - NEAR < n)
			fetch_flow(t, hash[(k - NEAR) % FAR]);
		if (k < n) {
			hash[k % FAR] = hash_of(t, &all[which[k]]);
			if (t->slots)
				fetch_slot(t, hash[k % FAR]);
		}
	}
	return ok;
}

void flow_datagram_end(flow *f)
{
	ic_flow *g = &f->pub;
	memcpy(g->state, g->packets[IC_RESP] ? "SF" : "S0", 3);
	if (g->proto == FLOW_ICMP || g->proto == FLOW_ICMP6)
		memcpy(g->state, "OTH", 4);
	if (g->proto == 17 && !g->packets[IC_ORIG])
		memcpy(g->state, "SHR", 4);
}
