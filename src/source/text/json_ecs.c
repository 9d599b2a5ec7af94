/* SPDX-License-Identifier: Apache-2.0 */
/* The Elastic Common Schema as JSON lines: what Beats, Elastic Agent, Logstash and Security Onion put into
 * Elasticsearch and OpenSearch for Zeek, Suricata, packetbeat, proxies, firewalls and endpoints, plain or as
 * exported with `_source`. */
#include "base/num.h"
#include "base/time.h"
#include "source/text/json.h"
#include "source/text/map.h"

#define RANKS 4
/* The paths of the catalogue come first, numbered as they are met. */
enum {
	SLOT_DATASET = IC_FIELD_COUNT * RANKS,
	SLOT_DATA_STREAM,
	SLOT_MODULE,
	SLOT_EVE_TYPE,
	SLOT_TYPE,
	SLOT_DIRECTION,
	SLOT_HOST_NAME,
	SLOT_DNS_TYPE,
	SLOT_NEVER /* of alternatives that there are not */
};
_Static_assert(SLOT_NEVER < IC_JSON_SLOTS, "slots");

static const struct {
	const char *path;
	int slot;
	unsigned flags;
} paths[] = {
	{ "_source", -1, IC_JSON_RECORD },
	{ "event.dataset", SLOT_DATASET, 0 },
	{ "data_stream.dataset", SLOT_DATA_STREAM, 0 },
	{ "event.module", SLOT_MODULE, 0 },
	{ "suricata.eve.event_type", SLOT_EVE_TYPE, 0 },
	{ "event.type", SLOT_TYPE, 0 },
	{ "network.direction", SLOT_DIRECTION, 0 },
	{ "host.name", SLOT_HOST_NAME, 0 },
	{ "dns.type", SLOT_DNS_TYPE, 0 },
};

/* What the last part of a dataset's name, or the event_type of Suricata, says of its rows. */
static const struct {
	const char *words;
	ic_stream stream;
	const char *service;
} datasets[] = {
	{ "connection|conn|flow", IC_STREAM_CONN, NULL },
	{ "http", IC_STREAM_HTTP, "http" },
	{ "ssl|tls", IC_STREAM_SSL, "tls" },
	{ "quic", IC_STREAM_SSL, "quic" },
	{ "dns", IC_STREAM_DNS, "dns" },
	{ "websocket", IC_STREAM_WEBSOCKET, "websocket" },
};
#define DATASET_COUNT (sizeof(datasets) / sizeof(datasets[0]))

struct ic_reader {
	ic_json *json;
	const ic_input_request *req;
	uint16_t slot[IC_FIELD_COUNT][RANKS];
};

static ic_str text_of(ic_reader *r, unsigned slot, ic_arena *a)
{
	return ic_json_text(r->json, ic_json_get(r->json, slot), a);
}

static ic_str last_part(ic_str name)
{
	const char *dot = name.n ? memrchr(name.p, '.', name.n) : NULL;
	return dot ? (ic_str){ dot + 1, (uint32_t)(name.p + name.n - dot - 1) } : name;
}

/* ---- what the record is ---- */

typedef struct origin {
	bool sensor;	/* Zeek or Suricata: one log a kind of event, sizes with headers */
	size_t dataset; /* DATASET_COUNT: unknown */
} origin;

static origin origin_of(ic_reader *r, ic_arena *a)
{
	ic_str name = text_of(r, SLOT_DATASET, a), word = text_of(r, SLOT_EVE_TYPE, a);
	if (!name.n)
		name = text_of(r, SLOT_DATA_STREAM, a);
	origin o = { .sensor = word.n || ic_str_istarts(name, IC_STR("zeek.")) ||
			       ic_name_is(text_of(r, SLOT_MODULE, a), "zeek|suricata", true) };
	if (!word.n)
		word = last_part(name);
	while (o.dataset < DATASET_COUNT && !ic_name_is(word, datasets[o.dataset].words, false))
		o.dataset++;
	return o;
}

/* Sensors write other logs too, and endpoints report the end of a connection a second time. */
static bool is_of_use(const origin *o, const ic_cells *c, ic_str action)
{
	const ic_fieldset source = IC_FIELD_BIT(IC_F_SRC_IP) | IC_FIELD_BIT(IC_F_SRC_HOST) |
				   IC_FIELD_BIT(IC_F_USER),
			  target = IC_FIELD_BIT(IC_F_DST_IP) | IC_FIELD_BIT(IC_F_DST_NAME) |
				   IC_FIELD_BIT(IC_F_DNS_QUERY);
	return (!o->sensor || o->dataset < DATASET_COUNT) && c->given & source && c->given & target &&
	       !ic_str_eq(action, IC_STR("disconnect_received"));
}

static void set_stream(const origin *o, ic_cells *c)
{
	uint8_t *stream = &c->b->stream[c->row];
	const int told = c->given & IC_FIELD_BIT(IC_F_DNS_QUERY) ? IC_STREAM_DNS : *stream;
	size_t i = o->dataset;
	if (i == DATASET_COUNT)
		for (i = 0; i < DATASET_COUNT && (int)datasets[i].stream != told;)
			i++;
	if (i == DATASET_COUNT)
		return;
	*stream = (uint8_t)datasets[i].stream;
	if (datasets[i].service && !ic_cells_has(c, IC_F_SERVICE))
		ic_cells_set_string(c, IC_F_SERVICE, ic_str_of(datasets[i].service));
}

/* ---- columns ---- */

/* One path for both: sensors count packets whole, others are taken to count payload. */
static bool is_other_size(const origin *o, int f, unsigned rank)
{
	const bool ip = f == IC_F_IP_BYTES_OUT || f == IC_F_IP_BYTES_IN;
	return rank == 1 && (ip || f == IC_F_BYTES_OUT || f == IC_F_BYTES_IN) && ip != o->sensor;
}

static int other_end(int f)
{
	switch (f) {
	case IC_F_SRC_IP: return IC_F_DST_IP;
	case IC_F_SRC_PORT: return IC_F_DST_PORT;
	case IC_F_DST_IP: return IC_F_SRC_IP;
	case IC_F_DST_PORT: return IC_F_SRC_PORT;
	default: return f;
	}
}

static ic_str field_text(ic_reader *r, const origin *o, int f, ic_arena *a)
{
	ic_str text = { NULL, 0 };
	for (unsigned rank = 0; rank < RANKS && !text.n; rank++)
		if (!is_other_size(o, f, rank))
			text = text_of(r, r->slot[f][rank], a);
	return text;
}

/* Durations are nanoseconds; those of Security Onion are Zeek's seconds, which have a fraction, be it zero. What is
 * long in seconds is taken for nanoseconds that came as a double: 1.5E9, 1500000000.0. */
static int64_t unit_of(int f, ic_str text)
{
	enum { SECONDS_MOST = 10000000 };
	int64_t whole;
	double d;
	if (f != IC_F_DURATION)
		return IC_TICKS_MS;
	if (ic_parse_whole(text, &whole) && (whole >= SECONDS_MOST || !memchr(text.p, '.', text.n)))
		return 0;
	return ic_parse_double(text, &d) ? IC_TICKS_S : 0;
}

/* Of the endpoint that reports, which is the source unless it was asked. */
static bool is_local(int f)
{
	return f == IC_F_USER || f == IC_F_PROCESS || f == IC_F_PROCESS_PATH || f == IC_F_PROCESS_PARENT;
}

static bool put_fields(ic_reader *r, const origin *o, ic_cells *c)
{
	ic_arena *a = &c->b->arena;
	/* The host that writes the log: an endpoint if it knows the process, else at most a sensor. */
	const bool endpoint = ic_json_has(r->json, r->slot[IC_F_PROCESS][0]);
	const bool inbound = endpoint && ic_name_is(text_of(r, SLOT_DIRECTION, a), "ingress|inbound", true);
	const bool turned =
	    ic_dns_is_turned(text_of(r, SLOT_DNS_TYPE, a), text_of(r, r->slot[IC_F_SRC_PORT][0], a),
			     text_of(r, r->slot[IC_F_DST_PORT][0], a));
	for (int f = 0; f < IC_FIELD_COUNT; f++) {
		if (f == IC_F_URI || f == IC_F_ACTION || (inbound && is_local(f)))
			continue;
		ic_str text = field_text(r, o, turned ? other_end(f) : f, a);
		if (!ic_cells_put(c, (ic_field)f, text, unit_of(f, text)))
			return false;
	}
	const ic_field f = endpoint ? IC_F_SRC_HOST : IC_F_SENSOR;
	if (!(c->given & IC_FIELD_BIT(f)) && (endpoint ? !inbound : o->sensor))
		(void)ic_cells_put(c, f, text_of(r, SLOT_HOST_NAME, a), 0);
	return true;
}

static void put_action(ic_cells *c, ic_str action, ic_str types)
{
	static const char blocked[] = "blocked|block|denied|deny|dropped|drop|reject|rejected";
	if (ic_name_is(action, blocked, true) || ic_str_icontains(types, IC_STR("denied"))) {
		ic_cells_set_string(c, IC_F_ACTION, IC_STR("blocked"));
		c->b->flags[c->row] |= IC_ROW_BLOCKED;
	} else if (ic_name_is(action, "allowed|allow|accept|accepted", true) ||
		   ic_str_icontains(types, IC_STR("allowed"))) {
		ic_cells_set_string(c, IC_F_ACTION, IC_STR("allowed"));
	}
}

static void row(void *ctx, ic_json *j, ic_batch *b, ic_row_counts *counts, uint64_t line)
{
	ic_reader *r = ctx;
	ic_arena *a = &b->arena;
	ic_cells c;
	const origin o = origin_of(r, a);
	const ic_str action = field_text(r, &o, IC_F_ACTION, a);
	ic_cells_begin(&c, b);
	if (!put_fields(r, &o, &c)) {
		ic_row_bad(counts, line, 0, "%s", c.cause);
		return;
	}
	put_action(&c, action, text_of(r, SLOT_TYPE, a));
	ic_field_map_finish(&c, field_text(r, &o, IC_F_URI, a));
	set_stream(&o, &c);
	if (!is_of_use(&o, &c, action))
		b->stream[c.row] = IC_STREAM_NONE;
	if (!j->nomem)
		(void)ic_cells_end(&c, r->req, counts, line);
}

/* ---- the source kind ---- */

static void ecs_end(ic_reader *r)
{
	if (!r)
		return;
	ic_json_free(r->json);
	ic_free(r);
}

/* Fields that share a path share its slot. */
static bool add_field(ic_reader *r, int f)
{
	const char *p = ic_fields[f].ecs;
	for (int rank = 0; rank < RANKS; rank++) {
		const char *bar = p ? strchr(p, '|') : NULL;
		r->slot[f][rank] = SLOT_NEVER;
		if (p) {
			ic_str path = { p, (uint32_t)(bar ? (size_t)(bar - p) : strlen(p)) };
			int slot = ic_json_add(r->json, path, f * RANKS + rank, 0, 0);
			if (slot < 0)
				return false;
			r->slot[f][rank] = (uint16_t)slot;
		}
		p = bar ? bar + 1 : NULL;
	}
	return true;
}

static ic_reader *ecs_begin(const ic_reader_config *cfg, const ic_layout *layout)
{
	(void)layout;
	ic_reader *r = ic_calloc(1, sizeof(*r));
	bool ok = r && (r->json = ic_json_new());
	for (int f = 0; ok && f < IC_FIELD_COUNT; f++)
		ok = add_field(r, f);
	for (size_t i = 0; ok && i < sizeof(paths) / sizeof(paths[0]); i++)
		ok = ic_json_add(r->json, ic_str_of(paths[i].path), paths[i].slot, 0, paths[i].flags) >= 0;
	if (!ok) {
		ecs_end(r);
		return NULL;
	}
	r->req = cfg->req;
	return r;
}

static ic_status ecs_parse(ic_reader *r, const char *text, size_t n, size_t *at, bool final, ic_batch *b,
			   ic_row_counts *c)
{
	return ic_json_lines(r->json, text, n, at, final, b, c, row, r);
}

/* The first record may be one without addresses. Zeek's and Suricata's own names are surer. */
static int ecs_sniff(const char *head, size_t n)
{
	static const char *const sides[] = { "source", "destination", "client", "server" };
	static const char *const addresses[] = { "source.ip", "destination.ip", "client.ip", "server.ip" };
	ic_str s = ic_json_first_record(head, n);
	bool told = false;
	if (!s.p || s.p[0] != '{' || !ic_json_mentions(s, "@timestamp"))
		return 0;
	const bool ip = ic_json_mentions(s, "ip");
	for (size_t i = 0; i < 4 && !told; i++)
		told = ic_json_mentions(s, addresses[i]) || (ip && ic_json_mentions(s, sides[i]));
	return told ? 75 : 0;
}

static const ic_layout *ecs_layout(const ic_reader_config *cfg, const char *head, size_t n, bool *nomem)
{
	unsigned streams = 0;
	(void)head;
	(void)n;
	for (size_t i = 0; i < DATASET_COUNT; i++)
		streams |= IC_STREAM_BIT(datasets[i].stream);
	return ic_json_layout_new(streams, cfg->map, nomem);
}

static void ecs_peek(const ic_layout *layout, const char *head, size_t n, unsigned *streams, int64_t *first)
{
	ic_json_peek(&ic_kind_ecs, layout, head, n, streams, first);
}

static ic_fieldset ecs_can_give(unsigned streams, const ic_reader_config *cfg)
{
	ic_fieldset set = 0;
	(void)streams; /* all records share one list of names */
	(void)cfg;
	for (int f = 0; f < IC_FIELD_COUNT; f++)
		if (ic_fields[f].ecs)
			set |= IC_FIELD_BIT(f);
	return set;
}

const ic_source_kind ic_kind_ecs = {
	.name = "ecs",
	.help = "Elastic Common Schema as JSON: Beats, Elastic Agent, Security Onion",
	.lines = true,
	.mixed = true,
	.sniff = ecs_sniff,
	.layout = ecs_layout,
	.peek = ecs_peek,
	.can_give = ecs_can_give,
	.begin = ecs_begin,
	.parse = ecs_parse,
	.layout_equal = ic_json_layout_equal,
	.layout_free = ic_json_layout_free,
	.end = ecs_end,
};
