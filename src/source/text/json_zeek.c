/* SPDX-License-Identifier: Apache-2.0 */
/* Zeek logs as JSON lines. A row's log is named by `_path` (or `@stream`, as some shippers call it) or
 * told by the keys that it has, so that one file may hold several logs. */
#include <math.h>

#include "source/text/json_put.h"
#include "source/text/zeek_layout.h"

/* Keys that tell a log, as marks. */
enum {
	CONN = 1,
	SSL = 2,
	DNS = 4,
	WEBSOCKET = 8,
	METHOD = 16,
	HOST = 32,
	URI = 64,
	STATUS = 128,
	DEPTH = 256,   /* http, but also smtp and sip */
	FOREIGN = 512, /* a log that shares such keys */
	NAMED = 1024,  /* _path */
};

static const struct {
	const char *key;
	uint32_t marks;
} telling[] = {
	{ "conn_state", CONN },
	{ "orig_pkts", CONN },
	{ "cipher", SSL },
	{ "established", SSL },
	{ "resumed", SSL },
	{ "server_name", SSL },
	{ "ssl_history", SSL },
	{ "next_protocol", SSL },
	{ "validation_status", SSL },
	{ "ja3", SSL },
	{ "ja4", SSL },
	{ "query", DNS },
	{ "AA", DNS },
	{ "subprotocol", WEBSOCKET },
	{ "client_protocols", WEBSOCKET },
	{ "server_extensions", WEBSOCKET },
	{ "method", METHOD },
	{ "host", HOST },
	{ "uri", URI },
	{ "status_code", STATUS },
	{ "trans_depth", DEPTH },
	{ "call_id", FOREIGN },
	{ "request_from", FOREIGN },
	{ "response_from", FOREIGN },
	{ "helo", FOREIGN },
	{ "mailfrom", FOREIGN },
	{ "client_initial_dcid", FOREIGN },
	{ "software_type", FOREIGN },
};

#define SLOT_PATH IC_FIELD_COUNT
#define ZEEK_STREAMS                                                                                         \
	(IC_STREAM_BIT(IC_STREAM_CONN) | IC_STREAM_BIT(IC_STREAM_HTTP) | IC_STREAM_BIT(IC_STREAM_SSL) |      \
	 IC_STREAM_BIT(IC_STREAM_DNS) | IC_STREAM_BIT(IC_STREAM_WEBSOCKET))

struct ic_reader {
	ic_json *json;
	const ic_input_request *req;
	const ic_layout *given;
	unsigned met; /* streams */
	bool paths_differ;
	char path[16]; /* the first _path, cut */
	uint16_t slot[IC_FIELD_COUNT];
	ic_fieldset planned;			   /* the wanted columns that the plans are for */
	ic_json_plan plans[IC_STREAM_COUNT_OF][2]; /* [1]: open_* */
	ic_json_fill fill;
};

/* Rows of other logs are not looked at further. */
static bool gate(void *ctx, ic_json *j, const ic_json_value *v)
{
	ic_reader *r = ctx;
	(void)j;
	const ic_zeek_log *log = ic_zeek_log_find((ic_str){ v->p, v->n });
	size_t n = v->n < sizeof(r->path) - 1 ? v->n : sizeof(r->path) - 1;
	if (!r->path[0])
		memcpy(r->path, v->p, n);
	r->paths_differ |= strncmp(r->path, v->p, n) != 0 || r->path[n];
	return !log || r->req->streams & IC_STREAM_BIT(log->stream);
}

static ic_stream stream_by_keys(uint32_t m)
{
	if (m & FOREIGN)
		return IC_STREAM_NONE;
	if (m & CONN)
		return IC_STREAM_CONN;
	if (m & WEBSOCKET)
		return IC_STREAM_WEBSOCKET;
	if (m & DEPTH || (m & METHOD && m & (HOST | URI | STATUS)))
		return m & (METHOD | HOST | URI | STATUS) ? IC_STREAM_HTTP : IC_STREAM_NONE;
	if (m & SSL)
		return IC_STREAM_SSL;
	if (m & DNS)
		return IC_STREAM_DNS;
	return (m & (HOST | URI)) == (HOST | URI) ? IC_STREAM_WEBSOCKET : IC_STREAM_NONE;
}

static ic_stream stream_of(const ic_json *j, bool *open)
{
	*open = false;
	if (j->marks & NAMED) {
		const ic_json_value *v = ic_json_get(j, SLOT_PATH);
		const ic_zeek_log *log = ic_zeek_log_find((ic_str){ v->p, v->n });
		if (log) {
			*open = log->open;
			return log->stream;
		}
	}
	return stream_by_keys(j->marks);
}

static bool put_tls(ic_json_fill *f, ic_field field, const ic_json_value *v)
{
	(void)v;
	ic_json_put_str(f, field, IC_STR("tls"));
	return true;
}

static bool put_dns(ic_json_fill *f, ic_field field, const ic_json_value *v)
{
	(void)v;
	ic_json_put_str(f, field, IC_STR("dns"));
	return true;
}

/* To the microseconds of the packets, as the same log in TSV has it. */
static bool put_duration(ic_json_fill *f, ic_field field, const ic_json_value *v)
{
	if (!ic_json_put(f, field, v))
		return false;
	double *d = &f->b->col[field].d[f->row];
	if (f->seen & IC_FIELD_BIT(field) && *d < 1e9)
		*d = rint(*d * 1e6) / 1e6;
	return true;
}

static bool put_sni_name(ic_json_fill *f, ic_field field, const ic_json_value *v)
{
	ic_arena *a = &f->b->arena;
	ic_json_put_str(f, field, ic_host_name(a, ic_json_text(f->j, v, a)));
	return true;
}

static ic_json_put_fn service_of(ic_stream s)
{
	return s == IC_STREAM_CONN  ? ic_json_put_service
	       : s == IC_STREAM_SSL ? put_tls
	       : s == IC_STREAM_DNS ? put_dns
				    : NULL;
}

static void make_plan(const ic_reader *r, ic_json_plan *p, ic_stream s, bool open, ic_fieldset wanted)
{
	const ic_json_put_fn service = service_of(s);
	*p = (ic_json_plan){ .stream = (uint8_t)s,
			     .by_column = s == IC_STREAM_CONN,
			     .time = r->slot[IC_F_TIME],
			     .without = IC_JSON_SLOTS,
			     .no_time = "no ts" };
	p->flags = (uint8_t)((open ? IC_ROW_OPEN : 0) | (s == IC_STREAM_WEBSOCKET ? IC_ROW_UPGRADE : 0));
	ic_json_plan_add(p, wanted, IC_F_DST_PORT, r->slot[IC_F_DST_PORT], NULL);
	if (service)
		ic_json_plan_add(p, wanted, IC_F_SERVICE, r->slot[IC_F_SERVICE], service);
	ic_json_plan_add(p, wanted, IC_F_TIME, r->slot[IC_F_TIME], NULL);
	p->asked = p->columns;
	/* The usual form of a duration, with six decimals, is what put_duration makes of any. */
	ic_json_column *duration = ic_json_plan_add(p, s == IC_STREAM_CONN ? wanted : 0, IC_F_DURATION,
						    r->slot[IC_F_DURATION], NULL);
	if (duration)
		duration->put = put_duration;
	ic_json_plan_add(p, s == IC_STREAM_SSL ? wanted : 0, IC_F_DST_NAME, r->slot[IC_F_SNI], put_sni_name);
	for (unsigned f = 0; f < IC_FIELD_COUNT; f++)
		if (f != IC_F_SERVICE && ic_fields[f].zeek && ic_fields[f].zeek_streams & IC_STREAM_BIT(s))
			ic_json_plan_add(p, wanted, (ic_field)f, r->slot[f], NULL);
}

static void make_plans(ic_reader *r, ic_fieldset wanted)
{
	r->planned = wanted;
	for (unsigned s = 0; s < IC_STREAM_COUNT_OF; s++)
		for (unsigned open = 0; open < 2; open++)
			make_plan(r, &r->plans[s][open], (ic_stream)s, open, wanted);
	ic_json_shapes_forget_plans(r->json);
}

/* NULL: a row of another log. */
static const ic_json_plan *plan_of(void *ctx, ic_json *j)
{
	ic_reader *r = ctx;
	bool open;
	ic_stream s = stream_of(j, &open);
	r->met |= IC_STREAM_BIT(s) & ZEEK_STREAMS;
	return s == IC_STREAM_NONE || !(r->req->streams & IC_STREAM_BIT(s)) ? NULL : &r->plans[s][open];
}

/* ---- the source kind ---- */

static bool add_names(ic_reader *r)
{
	for (unsigned f = 0; f < IC_FIELD_COUNT; f++) {
		char other[32];
		ic_str name = ic_str_of(ic_fields[f].zeek);
		if (!name.p)
			continue;
		int slot = ic_json_add(r->json, name, (int)f, 0, 0);
		if (slot < 0)
			return false;
		r->slot[f] = (uint16_t)slot;
		if (name.n < sizeof(other) && ic_str_istarts(name, IC_STR("id."))) {
			memcpy(other, name.p, name.n);
			other[2] = '_';
			if (ic_json_add(r->json, (ic_str){ other, name.n }, (int)f, 0, 0) < 0)
				return false;
		}
	}
	for (size_t i = 0; i < sizeof(telling) / sizeof(telling[0]); i++)
		if (ic_json_add(r->json, ic_str_of(telling[i].key), -1, telling[i].marks, 0) < 0)
			return false;
	return ic_json_add(r->json, IC_STR("_source"), -1, 0, IC_JSON_RECORD) >= 0 && /* of Elasticsearch */
	       ic_json_add(r->json, IC_STR("_path"), SLOT_PATH, NAMED, IC_JSON_GATE) >= 0 &&
	       ic_json_add(r->json, IC_STR("@stream"), SLOT_PATH, NAMED, IC_JSON_GATE) >= 0;
}

static void zeek_end(ic_reader *r)
{
	if (!r)
		return;
	ic_json_fill_clear(&r->fill);
	ic_json_free(r->json);
	ic_free(r);
}

static void zeek_again(ic_reader *r, const ic_layout *layout)
{
	r->given = layout;
	r->met = 0;
	r->paths_differ = false;
	r->path[0] = '\0';
	r->json->nomem = false;
}

static ic_reader *zeek_begin(const ic_reader_config *cfg, const ic_layout *layout)
{
	ic_reader *r = ic_calloc(1, sizeof(*r));
	if (!r)
		return NULL;
	r->json = ic_json_new();
	if (!r->json || !add_names(r)) {
		zeek_end(r);
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
	zeek_again(r, layout);
	return r;
}

static ic_status zeek_parse(ic_reader *r, const char *text, size_t n, size_t *at, bool final, ic_batch *b,
			    ic_row_counts *c)
{
	if (r->planned != b->wanted)
		make_plans(r, b->wanted);
	return ic_json_plan_lines(&r->fill, text, n, at, final, b, c);
}

static int zeek_sniff(const char *head, size_t n)
{
	ic_str s = ic_json_first_record(head, n);
	const char *line_end = s.p ? memchr(s.p, '\n', s.n) : NULL;
	if (!s.p || s.p[0] != '{')
		return 0;
	if (line_end)
		s.n = (uint32_t)(line_end - s.p);
	if (ic_json_mentions(s, "_path") && ic_json_mentions(s, "_write_ts"))
		return 92;
	bool id = ic_json_mentions(s, "uid") || ic_json_mentions(s, "id.orig_h") ||
		  ic_json_mentions(s, "id_orig_h") || ic_json_mentions(s, "_path");
	return id && ic_json_has_member(s, "ts") ? 85 : 0;
}

static void zeek_peek(const ic_layout *layout, const char *head, size_t n, unsigned *streams, int64_t *first)
{
	ic_json_peek(&ic_kind_zeek_json, layout, head, n, streams, first);
}

/* One stream if the head shows rows of one log only; none if that is a log of no use; else all. */
static void judge_head(ic_layout *l, ic_reader *r, const char *head, size_t n, ic_batch *b)
{
	ic_row_counts c = { 0 };
	size_t at = 0;
	l->streams = ZEEK_STREAMS;
	if (!r || !b || zeek_parse(r, head, n, &at, false, b, &c) != IC_OK)
		return;
	bool one_log = c.read > c.bad && !r->paths_differ;
	if (one_log && __builtin_popcount(r->met) <= 1) {
		l->streams = r->met;
		l->single = true;
	}
}

static const ic_layout *zeek_layout(const ic_reader_config *cfg, const char *head, size_t n, bool *nomem)
{
	const ic_input_request req = { .streams = ZEEK_STREAMS,
				       .filter = { .since = IC_TIME_NONE, .until = IC_TIME_NONE } };
	const ic_reader_config all = { .req = &req };
	ic_layout *l = ic_json_layout_new(ZEEK_STREAMS, cfg->map, nomem);
	if (!l)
		return NULL;
	ic_reader *r = zeek_begin(&all, l);
	ic_batch *b = ic_batch_new(IC_FIELD_BIT(IC_F_TIME));
	judge_head(l, r, head, n, b);
	ic_batch_free(b);
	zeek_end(r);
	return l;
}

static ic_fieldset zeek_can_give(unsigned streams, const ic_reader_config *cfg)
{
	return ic_kind_zeek_tsv.can_give(streams, cfg);
}

static const ic_layout *zeek_layout_after(ic_reader *r, bool *nomem)
{
	*nomem = false;
	if (!(r->met & ~r->given->streams))
		return r->given;
	/* Met when all thought that the file was of one log. */
	return ic_json_layout_new(ZEEK_STREAMS, NULL, nomem);
}

const ic_source_kind ic_kind_zeek_json = {
	.name = "zeek-json",
	.help = "Zeek logs as JSON lines: conn, http, ssl, dns, websocket and open_*, also several in one",
	.lines = true,
	.mixed = true,
	.sniff = zeek_sniff,
	.layout = zeek_layout,
	.peek = zeek_peek,
	.can_give = zeek_can_give,
	.begin = zeek_begin,
	.parse = zeek_parse,
	.layout_after = zeek_layout_after,
	.layout_equal = ic_json_layout_equal,
	.layout_free = ic_json_layout_free,
	.again = zeek_again,
	.end = zeek_end,
};
