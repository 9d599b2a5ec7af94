/* SPDX-License-Identifier: Apache-2.0 */
#include "source/packet/events.h"

enum { VALUES = 24 }; /* the most that an event has */

typedef struct value {
	ic_field field;
	union {
		int64_t i;
		double d;
		ic_ip ip;
		ic_str s;
	};
} value;

struct ic_event {
	ic_event *next;
	uint64_t order;
	ic_fieldset wanted; /* the others it has no room for */
	ic_stream stream;
	uint8_t flags, n, room;
	value v[];
};

void ic_events_init(ic_events *q, ic_budget *budget)
{
	*q = (ic_events){ .last = &q->first };
	ic_arena_init(&q->arena, 0, budget);
}

void ic_events_clear(ic_events *q)
{
	ic_arena_clear(&q->arena);
}

/* NULL: nobody wants that field. */
static value *slot(ic_event *e, ic_field field)
{
	if (!(e->wanted >> field & 1) || e->n == e->room)
		return NULL;
	e->v[e->n].field = field;
	return &e->v[e->n++];
}

void ic_event_number(ic_event *e, ic_field field, int64_t v)
{
	value *to = v >= 0 ? slot(e, field) : NULL;
	if (to)
		to->i = v;
}

void ic_event_real(ic_event *e, ic_field field, double v)
{
	value *to = slot(e, field);
	if (to)
		to->d = v;
}

bool ic_event_text(ic_events *q, ic_event *e, ic_field field, ic_str s)
{
	if (!s.p || !(q->wanted >> field & 1))
		return true;
	char *copy = ic_arena_dup(&q->arena, s.p, s.n);
	value *to = copy ? slot(e, field) : NULL;
	if (to)
		to->s = (ic_str){ copy, s.n };
	return copy != NULL;
}

static void put_ip(ic_event *e, ic_field field, const ic_ip *ip)
{
	value *to = slot(e, field);
	if (to)
		to->ip = *ip;
}

static ic_str transport_of(uint8_t proto)
{
	switch (proto) {
	case 6: return IC_STR("tcp");
	case 17: return IC_STR("udp");
	case 1:
	case 58: return IC_STR("icmp");
	default: return IC_STR("unknown_transport");
	}
}

ic_event *ic_events_add(ic_events *q, ic_stream stream, uint8_t flags, const ic_flow *f, int64_t ticks)
{
	char text[32];
	const unsigned most = (unsigned)__builtin_popcountll(q->wanted), room = most < VALUES ? most : VALUES;
	ic_event *e = ic_arena_alloc(&q->arena, sizeof *e + room * sizeof *e->v);
	if (!e)
		return NULL;
	*e = (ic_event){ .order = q->order,
			 .wanted = q->wanted,
			 .stream = stream,
			 .flags = flags,
			 .room = (uint8_t)room };
	ic_event_number(e, IC_F_TIME, ticks);
	put_ip(e, IC_F_SRC_IP, &f->ip[IC_ORIG]);
	put_ip(e, IC_F_DST_IP, &f->ip[IC_RESP]);
	ic_event_number(e, IC_F_SRC_PORT, f->port[IC_ORIG]);
	ic_event_number(e, IC_F_DST_PORT, f->port[IC_RESP]);
	value *transport = slot(e, IC_F_TRANSPORT);
	if (transport)
		transport->s = transport_of(f->proto);
	if (q->wanted & IC_FIELD_BIT(IC_F_UID)) {
		ic_flow_uid(f, text);
		if (!ic_event_text(q, e, IC_F_UID, ic_str_of(text)))
			return NULL;
	}
	if (q->wanted & IC_FIELD_BIT(IC_F_COMMUNITY_ID)) {
		ic_flow_community_id(f, text);
		if (!ic_event_text(q, e, IC_F_COMMUNITY_ID, ic_str_of(text)))
			return NULL;
	}
	*q->last = e;
	q->last = &e->next;
	q->n++;
	return e;
}

static void fill(ic_batch *b, const ic_event *e)
{
	const uint32_t row = b->rows;
	ic_fieldset seen = 0;
	b->stream[row] = (uint8_t)e->stream;
	b->flags[row] = e->flags;
	b->line[row] = 0;
	for (unsigned i = 0; i < e->n; i++) {
		const value *v = &e->v[i];
		ic_column *col = &b->col[v->field];
		if (!ic_batch_has(b, v->field))
			continue;
		seen |= IC_FIELD_BIT(v->field);
		switch (ic_fields[v->field].type) {
		case IC_T_BOOL: col->b[row] = (uint8_t)v->i; break;
		case IC_T_LONG:
		case IC_T_TIME: col->i[row] = v->i; break;
		case IC_T_REAL: col->d[row] = v->d; break;
		case IC_T_IP: col->ip[row] = v->ip; break;
		case IC_T_STRING: col->s[row] = v->s; break;
		}
	}
	ic_batch_null_rest(b, row, seen);
}

void ic_events_take(ic_events *q, ic_batch *b, const ic_row_filter *filter, unsigned streams,
		    ic_row_counts *c)
{
	for (; q->first && b->rows < IC_BATCH_ROWS; q->n--) {
		const ic_event *e = q->first;
		q->first = e->next;
		if (!q->first)
			q->last = &q->first;
		c->read++;
		if (!(streams & IC_STREAM_BIT(e->stream))) {
			c->other_stream++;
			continue;
		}
		fill(b, e);
		if (e->stream == IC_STREAM_HTTP || e->stream == IC_STREAM_WEBSOCKET)
			ic_http_row_name(b, b->rows);
		if (!ic_row_keep(filter, b, b->rows, c)) {
			ic_batch_clear_nulls(b, b->wanted, b->rows);
			continue;
		}
		b->rows++;
		c->kept++;
	}
}

void ic_events_recycle(ic_events *q)
{
	if (!q->first)
		ic_arena_reset(&q->arena);
}

static ic_event *pop(ic_events *q)
{
	ic_event *e = q->first;
	q->first = e->next;
	if (!q->first)
		q->last = &q->first;
	q->n--;
	e->next = NULL;
	return e;
}

void ic_events_merge(ic_events *to, ic_events *const *from, unsigned n)
{
	for (;;) {
		ic_events *best = NULL;
		for (unsigned i = 0; i < n; i++)
			if (from[i]->first && (!best || from[i]->first->order < best->first->order))
				best = from[i];
		if (!best)
			break;
		*to->last = pop(best);
		to->last = &(*to->last)->next;
		to->n++;
	}
}
