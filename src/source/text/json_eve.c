/* SPDX-License-Identifier: Apache-2.0 */
/* Suricata's EVE: flow events are connections; http, tls, quic, dns and websocket events describe them
 * (flow_id joins). Other events are skipped when their event_type is met. */
#include "base/time.h"
#include "source/text/json_put.h"

static const struct {
	ic_str type;
	ic_stream stream;
	const char *object; /* with the fields of such an event */
} events[] = {
	{ { "flow", 4 }, IC_STREAM_CONN, "flow." }, { { "http", 4 }, IC_STREAM_HTTP, "http." },
	{ { "tls", 3 }, IC_STREAM_SSL, "tls." },    { { "quic", 4 }, IC_STREAM_SSL, "quic." },
	{ { "dns", 3 }, IC_STREAM_DNS, "dns." },    { { "websocket", 9 }, IC_STREAM_WEBSOCKET, "http." },
};
#define EVENT_COUNT (sizeof(events) / sizeof(events[0]))
enum { FLOW, HTTP, TLS, QUIC };

/* Slots of their own; the first ones are numbered as the fields. */
enum {
	SLOT_TYPE = IC_FIELD_COUNT,
	SLOT_TIMESTAMP,
	SLOT_END,
	SLOT_FLOW_ACTION,
	SLOT_SERVER_ALPNS,
	SLOT_QUERIES, /* version 3 of dns */
	SLOT_GROUPED, /* answers by type */
	SLOT_RDATA,   /* version 1: an event each answer */
	SLOT_DNS_TYPE,
	SLOT_QUIC, /* the fields of tls, in quic: from here on */
	SLOT_COUNT = SLOT_QUIC + IC_FIELD_COUNT
};
_Static_assert(SLOT_COUNT <= IC_JSON_SLOTS, "slots");

static const struct {
	const char *path;
	int slot;
	unsigned flags;
} paths[] = {
	{ "_source", -1, IC_JSON_RECORD }, /* of Elasticsearch */
	{ "event_type", SLOT_TYPE, IC_JSON_GATE },
	{ "timestamp", SLOT_TIMESTAMP, 0 },
	{ "flow.end", SLOT_END, 0 },
	{ "flow.action", SLOT_FLOW_ACTION, 0 },
	{ "tls.server_alpns", SLOT_SERVER_ALPNS, 0 },
	{ "dns.queries", SLOT_QUERIES, 0 },
	{ "dns.grouped", SLOT_GROUPED, IC_JSON_WHOLE },
	{ "dns.rdata", SLOT_RDATA, 0 },
	{ "dns.type", SLOT_DNS_TYPE, 0 },
	{ "quic.sni", SLOT_QUIC + IC_F_SNI, 0 },
	{ "quic.ja3.hash", SLOT_QUIC + IC_F_JA3, 0 },
	{ "quic.ja3s.hash", SLOT_QUIC + IC_F_JA3S, 0 },
	{ "quic.ja4", SLOT_QUIC + IC_F_JA4, 0 },
};

struct ic_reader {
	ic_json *json;
	const ic_input_request *req;
	ic_fieldset planned;
	ic_json_plan plans[EVENT_COUNT];
	ic_json_plan started; /* of flows that say when they started */
	ic_json_fill fill;
};

static size_t event_of(const ic_json_value *v)
{
	size_t i = 0;
	while (i < EVENT_COUNT && !ic_str_eq(events[i].type, (ic_str){ v->p, v->n }))
		i++;
	return i;
}

static bool gate(void *ctx, ic_json *j, const ic_json_value *v)
{
	const ic_reader *r = ctx;
	(void)j;
	size_t i = event_of(v);
	return i < EVENT_COUNT && r->req->streams & IC_STREAM_BIT(events[i].stream);
}

static ic_str text_of(ic_json_fill *f, unsigned slot)
{
	return ic_json_text(f->j, ic_json_get(f->j, slot), &f->b->arena);
}

/* ---- columns ---- */

static bool put_text(ic_json_fill *f, ic_field field, const ic_json_value *v)
{
	ic_json_put_str(f, field, ic_json_text(f->j, v, &f->b->arena));
	return true;
}

enum { OF_END, OF_START, OF_AGE }; /* sources of a duration */

/* From the first to the last packet; `age` has whole seconds only. */
static bool put_duration(ic_json_fill *f, ic_field field, const ic_json_value *v)
{
	int64_t start, end;
	bool both = v[OF_START].kind > IC_JSON_NONE && v[OF_START].kind != IC_JSON_NULL &&
		    v[OF_END].kind > IC_JSON_NONE && v[OF_END].kind != IC_JSON_NULL;
	if (!both || !ic_json_time(f, &v[OF_START], &start) || !ic_json_time(f, &v[OF_END], &end) ||
	    end < start)
		return ic_json_put(f, field, &v[OF_AGE]);
	f->b->col[field].d[f->row] = (double)(end - start) / (double)IC_TICKS_S;
	f->seen |= IC_FIELD_BIT(field);
	return true;
}

static bool put_action(ic_json_fill *f, ic_field field, const ic_json_value *v)
{
	if (!ic_name_is(ic_json_text(f->j, v, &f->b->arena), "drop|reject|rejectboth", true))
		return true;
	ic_json_put_str(f, field, IC_STR("blocked"));
	f->b->flags[f->row] |= IC_ROW_BLOCKED;
	return true;
}

/* Appends to a list of answers; false when memory is short. */
static bool append(ic_json_fill *f, ic_str *list, ic_str s)
{
	if (!s.p || s.n == 0)
		return true;
	char *p = ic_arena_alloc(&f->b->arena, (size_t)list->n + 1 + s.n);
	if (!p) {
		f->j->nomem = true;
		return false;
	}
	uint32_t n = list->n;
	if (n) {
		memcpy(p, list->p, n);
		p[n++] = ',';
	}
	memcpy(p + n, s.p, s.n);
	*list = (ic_str){ p, n + s.n };
	return true;
}

#define ANSWERS_MAX 64 /* an answer with more names no more */

/* Version 2 and 3: answers[].rdata; else grouped by type; else the one of version 1. */
static bool put_answers(ic_json_fill *f, ic_field field, const ic_json_value *unused)
{
	static const char *const types[] = { "CNAME", "A", "AAAA" };
	(void)unused;
	ic_arena *a = &f->b->arena;
	const ic_json_value *list = ic_json_get(f->j, IC_F_DNS_ANSWERS);
	ic_str answers = text_of(f, SLOT_RDATA);
	ic_json_value e, v;
	size_t at = 0;
	for (unsigned i = 0; i < ANSWERS_MAX && ic_json_element(list, &at, &e); i++)
		if (ic_json_member(&e, IC_STR("rdata"), &v) &&
		    !append(f, &answers, ic_json_text(f->j, &v, a)))
			return true;
	for (size_t t = 0; t < 3 && !list->p; t++) {
		at = 0;
		if (!ic_json_member(ic_json_get(f->j, SLOT_GROUPED), ic_str_of(types[t]), &v))
			continue;
		for (unsigned i = 0; i < ANSWERS_MAX && ic_json_element(&v, &at, &e); i++)
			if (!append(f, &answers, ic_json_text(f->j, &e, a)))
				return true;
	}
	ic_json_put_str(f, field, answers);
	return true;
}

static bool put_query(ic_json_fill *f, ic_field field, const ic_json_value *v)
{
	ic_json_value query, name;
	size_t at = 0;
	ic_str rrname = ic_json_text(f->j, v, &f->b->arena);
	if (!rrname.p && ic_json_element(ic_json_get(f->j, SLOT_QUERIES), &at, &query) &&
	    ic_json_member(&query, IC_STR("rrname"), &name))
		rrname = ic_json_text(f->j, &name, &f->b->arena);
	ic_json_put_str(f, field, rrname);
	return true;
}

static ic_str bytes_at(const ic_json_fill *f, unsigned slot)
{
	const ic_json_value *v = ic_json_get(f->j, slot);
	return (ic_str){ v->p, v->n };
}

/* An end of a look-up. */
static bool put_end(ic_json_fill *f, ic_field field, const ic_json_value *v)
{
	static const ic_field other[] = { [IC_F_SRC_IP] = IC_F_DST_IP,
					  [IC_F_SRC_PORT] = IC_F_DST_PORT,
					  [IC_F_DST_IP] = IC_F_SRC_IP,
					  [IC_F_DST_PORT] = IC_F_SRC_PORT };
	if (ic_dns_is_turned(bytes_at(f, SLOT_DNS_TYPE), bytes_at(f, IC_F_SRC_PORT),
			     bytes_at(f, IC_F_DST_PORT)))
		v = ic_json_get(f->j, other[field]);
	return ic_json_put(f, field, v);
}

static bool put_name(ic_json_fill *f, ic_field field, const ic_json_value *v)
{
	ic_arena *a = &f->b->arena;
	ic_json_put_str(f, field, ic_host_name(a, ic_json_text(f->j, v, a)));
	return true;
}

static bool put_alpn(ic_json_fill *f, ic_field field, const ic_json_value *v)
{
	ic_str alpn = ic_json_text(f->j, v, &f->b->arena);
	ic_json_put_str(f, field, alpn.p ? alpn : text_of(f, SLOT_SERVER_ALPNS));
	return true;
}

static ic_str usual_transport(ic_str s)
{
	if (ic_str_eq(s, IC_STR("TCP")))
		return IC_STR("tcp");
	return ic_str_eq(s, IC_STR("UDP")) ? IC_STR("udp") : (ic_str){ NULL, 0 };
}

static bool put_transport(ic_json_fill *f, ic_field field, const ic_json_value *v)
{
	const ic_str s = ic_json_text(f->j, v, &f->b->arena), usual = usual_transport(s);
	ic_json_put_str(f, field, usual.p ? usual : ic_transport_name(&f->b->arena, s));
	return true;
}

/* ---- plans ---- */

static bool starts_with(const char *s, const char *prefix)
{
	return strncmp(s, prefix, strlen(prefix)) == 0;
}

/* Columns that are taken from a slot as they stand: those of the event and those of its object. */
static void add_plain(ic_json_plan *p, size_t e, ic_fieldset wanted)
{
	const ic_fieldset apart = IC_FIELD_BIT(IC_F_TIME) | IC_FIELD_BIT(IC_F_EVENT_LEVEL) |
				  IC_FIELD_BIT(IC_F_SERVICE) | IC_FIELD_BIT(IC_F_DURATION) |
				  IC_FIELD_BIT(IC_F_ACTION) | IC_FIELD_BIT(IC_F_ALPN) |
				  IC_FIELD_BIT(IC_F_DNS_QUERY) | IC_FIELD_BIT(IC_F_DNS_ANSWERS);
	for (unsigned f = 0; f < IC_FIELD_COUNT; f++) {
		const char *path = ic_fields[f].eve;
		bool quic = e == QUIC && path && starts_with(path, "tls.");
		if (path && (!strchr(path, '.') || quic || starts_with(path, events[e].object)))
			ic_json_plan_add(p, wanted & ~apart, (ic_field)f, quic ? SLOT_QUIC + f : f, NULL);
	}
}

static void make_plan(ic_json_plan *p, size_t e, bool started, ic_fieldset wanted)
{
	const ic_stream s = events[e].stream;
	ic_json_column *duration;
	*p = (ic_json_plan){ .stream = (uint8_t)s,
			     .flags = s == IC_STREAM_WEBSOCKET ? IC_ROW_UPGRADE : 0,
			     .by_column = s == IC_STREAM_CONN,
			     .time = started ? IC_F_TIME : SLOT_TIMESTAMP,
			     .without = e == FLOW && !started ? IC_F_TIME : IC_JSON_SLOTS,
			     .no_time = "no timestamp" };
	ic_json_plan_add(p, wanted, IC_F_DST_PORT, IC_F_DST_PORT, s == IC_STREAM_DNS ? put_end : NULL);
	if (s == IC_STREAM_CONN)
		ic_json_plan_add(p, wanted, IC_F_SERVICE, IC_F_SERVICE, ic_json_put_service);
	else if (s != IC_STREAM_WEBSOCKET)
		ic_json_plan_add(p, wanted, IC_F_SERVICE, SLOT_TYPE, put_text);
	ic_json_column *time = ic_json_plan_add(p, wanted, IC_F_TIME, p->time, NULL);
	if (time)
		time->form = IC_JSON_FORM_ISO;
	p->asked = p->columns;
	ic_json_column *transport =
	    ic_json_plan_add(p, wanted, IC_F_TRANSPORT, IC_F_TRANSPORT, put_transport);
	if (transport) {
		transport->form = IC_JSON_FORM_NAME;
		transport->name = usual_transport;
	}
	switch (s) {
	case IC_STREAM_CONN:
		ic_json_plan_add(p, wanted, IC_F_ACTION, SLOT_FLOW_ACTION, put_action);
		duration = ic_json_plan_add(p, wanted, IC_F_DURATION, SLOT_END, put_duration);
		if (duration) {
			duration->form = IC_JSON_FORM_SPAN;
			duration->slots = 3;
			duration->slot[OF_START] = IC_F_TIME;
			duration->slot[OF_AGE] = IC_F_DURATION;
		}
		break;
	case IC_STREAM_SSL:
		ic_json_plan_add(p, wanted, IC_F_DST_NAME, e == QUIC ? SLOT_QUIC + IC_F_SNI : IC_F_SNI,
				 put_name);
		ic_json_plan_add(p, wanted, IC_F_ALPN, IC_F_ALPN, put_alpn);
		break;
	case IC_STREAM_DNS:
		ic_json_plan_add(p, wanted, IC_F_SRC_IP, IC_F_SRC_IP, put_end);
		ic_json_plan_add(p, wanted, IC_F_SRC_PORT, IC_F_SRC_PORT, put_end);
		ic_json_plan_add(p, wanted, IC_F_DST_IP, IC_F_DST_IP, put_end);
		ic_json_plan_add(p, wanted, IC_F_DNS_QUERY, IC_F_DNS_QUERY, put_query);
		ic_json_plan_add(p, wanted, IC_F_DNS_ANSWERS, IC_JSON_SLOTS, put_answers);
		break;
	default: break;
	}
	add_plain(p, e, wanted);
}

static void make_plans(ic_reader *r, ic_fieldset wanted)
{
	r->planned = wanted;
	for (size_t e = 0; e < EVENT_COUNT; e++)
		make_plan(&r->plans[e], e, false, wanted);
	make_plan(&r->started, FLOW, true, wanted);
	ic_json_shapes_forget_plans(r->json);
}

/* NULL: an event of no use. */
static const ic_json_plan *plan_of(void *ctx, ic_json *j)
{
	const ic_reader *r = ctx;
	size_t e = event_of(ic_json_get(j, SLOT_TYPE));
	if (e == EVENT_COUNT || !(r->req->streams & IC_STREAM_BIT(events[e].stream)))
		return NULL;
	return e == FLOW && ic_json_has(j, IC_F_TIME) ? &r->started : &r->plans[e];
}

/* ---- the source kind ---- */

/* The catalogue's path of a field; of the time the flow's start. */
static bool add_field(ic_json *j, unsigned f)
{
	const char *path = ic_fields[f].eve, *bar = path ? strchr(path, '|') : NULL;
	if (!path || f == IC_F_EVENT_LEVEL)
		return true;
	ic_str s = { path, bar ? (uint32_t)(bar - path) : (uint32_t)strlen(path) };
	return ic_json_add(j, s, (int)f, 0, 0) == (int)f;
}

static void eve_end(ic_reader *r)
{
	if (!r)
		return;
	ic_json_fill_clear(&r->fill);
	ic_json_free(r->json);
	ic_free(r);
}

static void eve_again(ic_reader *r, const ic_layout *layout)
{
	(void)layout;
	r->json->nomem = false;
}

static ic_reader *eve_begin(const ic_reader_config *cfg, const ic_layout *layout)
{
	(void)layout;
	ic_reader *r = ic_calloc(1, sizeof(*r));
	bool ok = r && (r->json = ic_json_new());
	for (unsigned f = 0; ok && f < IC_FIELD_COUNT; f++)
		ok = add_field(r->json, f);
	for (size_t i = 0; ok && i < sizeof(paths) / sizeof(paths[0]); i++)
		ok = ic_json_add(r->json, ic_str_of(paths[i].path), paths[i].slot, 0, paths[i].flags) >= 0;
	if (!ok) {
		eve_end(r);
		return NULL;
	}
	r->json->gate = gate;
	r->json->ctx = r;
	r->fill.j = r->json;
	memcpy(r->fill.day, "1970-01-01", sizeof(r->fill.day)); /* begins at 0 */
	r->fill.plan_of = plan_of;
	r->fill.ctx = r;
	r->fill.filter = &cfg->req->filter;
	r->req = cfg->req;
	return r;
}

static ic_status eve_parse(ic_reader *r, const char *text, size_t n, size_t *at, bool final, ic_batch *b,
			   ic_row_counts *c)
{
	if (r->planned != b->wanted)
		make_plans(r, b->wanted);
	return ic_json_plan_lines(&r->fill, text, n, at, final, b, c);
}

static int eve_sniff(const char *head, size_t n)
{
	ic_str s = ic_json_first_record(head, n);
	const char *line_end = s.p ? memchr(s.p, '\n', s.n) : NULL;
	if (!s.p || s.p[0] != '{')
		return 0;
	if (line_end)
		s.n = (uint32_t)(line_end - s.p);
	return ic_json_has_member(s, "event_type") && ic_json_has_member(s, "timestamp") ? 90 : 0;
}

static const ic_layout *eve_layout(const ic_reader_config *cfg, const char *head, size_t n, bool *nomem)
{
	unsigned streams = 0;
	(void)head;
	(void)n;
	for (size_t i = 0; i < EVENT_COUNT; i++)
		streams |= IC_STREAM_BIT(events[i].stream);
	return ic_json_layout_new(streams, cfg->map, nomem);
}

static void eve_peek(const ic_layout *layout, const char *head, size_t n, unsigned *streams, int64_t *first)
{
	ic_json_peek(&ic_kind_eve, layout, head, n, streams, first);
}

static ic_fieldset eve_can_give(unsigned streams, const ic_reader_config *cfg)
{
	ic_fieldset set = 0;
	(void)cfg;
	for (unsigned f = 0; f < IC_FIELD_COUNT; f++) {
		const char *path = ic_fields[f].eve;
		bool any = path && !strchr(path, '.');
		for (size_t e = 0; path && e < EVENT_COUNT && !any; e++)
			any = streams & IC_STREAM_BIT(events[e].stream) &&
			      starts_with(path, e == QUIC ? "tls." : events[e].object);
		if (any)
			set |= IC_FIELD_BIT(f);
	}
	if (streams & IC_STREAM_BIT(IC_STREAM_CONN))
		set |= IC_FIELD_BIT(IC_F_ACTION);
	if (streams & ~(IC_STREAM_BIT(IC_STREAM_CONN) | IC_STREAM_BIT(IC_STREAM_DNS)))
		set |= IC_FIELD_BIT(IC_F_DST_NAME);
	return set | IC_FIELD_BIT(IC_F_TIME);
}

const ic_source_kind ic_kind_eve = {
	.name = "eve",
	.help = "Suricata EVE: flow, http, tls, quic, dns and websocket events",
	.lines = true,
	.mixed = true,
	.sniff = eve_sniff,
	.layout = eve_layout,
	.peek = eve_peek,
	.can_give = eve_can_give,
	.begin = eve_begin,
	.parse = eve_parse,
	.layout_equal = ic_json_layout_equal,
	.layout_free = ic_json_layout_free,
	.again = eve_again,
	.end = eve_end,
};
