/* SPDX-License-Identifier: Apache-2.0 */
/* Any NDJSON: with a field map its paths are the map's (nested names joined by dots); without one the
 * canonical or Zeek names, so that what `convert` writes can be read back. */
#include "base/time.h"
#include "source/text/json.h"
#include "source/text/map.h"

/* Without a map: canonical names, then Zeek's, then the level. */
enum { SLOT_ZEEK = 64, SLOT_LEVEL = 128 };
_Static_assert(IC_MAP_ENTRIES <= IC_JSON_SLOTS, "slots");

struct ic_reader {
	ic_json *json;
	const ic_input_request *req;
	const ic_field_map *map;
	int slot[IC_MAP_ENTRIES];
};

/* Several paths may give one field: the first of the map that has a value. */
static bool put_mapped(ic_reader *r, ic_cells *c, ic_str *url)
{
	ic_fieldset done = 0;
	for (size_t i = 0; i < r->map->n; i++) {
		const ic_map_entry *e = &r->map->entries[i];
		if (done >> e->target & 1 || !ic_json_has(r->json, (unsigned)r->slot[i]))
			continue;
		ic_str text = ic_json_text(r->json, ic_json_get(r->json, (unsigned)r->slot[i]), &c->b->arena);
		if (!ic_field_map_put(c, e, text, url))
			return false;
		if (text.n)
			done |= UINT64_C(1) << e->target;
	}
	return true;
}

static bool put_canonical(ic_reader *r, ic_cells *c)
{
	for (unsigned f = 0; f < IC_FIELD_COUNT; f++) {
		unsigned slot = ic_json_has(r->json, f) ? f : SLOT_ZEEK + f;
		ic_str text = ic_json_text(r->json, ic_json_get(r->json, slot), &c->b->arena);
		if (!ic_cells_put(c, (ic_field)f, text, IC_TICKS_S))
			return false;
	}
	return true;
}

/* The level says more than the columns do. */
static void set_stream(ic_reader *r, ic_cells *c)
{
	const ic_json_value *v = ic_json_get(r->json, SLOT_LEVEL);
	const ic_str level = { v->p, v->n };
	uint8_t *stream = &c->b->stream[c->row];
	if (v->kind != IC_JSON_STRING)
		return;
	if (ic_str_eq(level, IC_STR("handshake")))
		*stream = IC_STREAM_SSL;
	else if (ic_str_eq(level, IC_STR("count")))
		*stream = IC_STREAM_COUNT;
	else if (ic_str_eq(level, IC_STR("connection")))
		*stream = IC_STREAM_CONN;
	else if (ic_str_eq(level, IC_STR("request")))
		*stream = c->given & IC_FIELD_BIT(IC_F_DNS_QUERY) ? IC_STREAM_DNS : IC_STREAM_HTTP;
}

static void row(void *ctx, ic_json *j, ic_batch *b, ic_row_counts *counts, uint64_t line)
{
	ic_reader *r = ctx;
	ic_cells c;
	ic_str url = { NULL, 0 };
	ic_cells_begin(&c, b);
	if (!(r->map ? put_mapped(r, &c, &url) : put_canonical(r, &c))) {
		ic_row_bad(counts, line, 0, "%s", c.cause);
		return;
	}
	ic_field_map_finish(&c, url);
	if (!r->map)
		set_stream(r, &c);
	if (!j->nomem)
		(void)ic_cells_end(&c, r->req, counts, line);
}

/* ---- the source kind ---- */

static bool add_canonical(ic_json *j)
{
	for (int f = 0; f < IC_FIELD_COUNT; f++) {
		if (f == IC_F_EVENT_LEVEL || f == IC_F_SOURCE_FILE || f == IC_F_SOURCE_LINE)
			continue;
		ic_str zeek = ic_str_of(ic_fields[f].zeek);
		if (ic_json_add(j, ic_str_of(ic_fields[f].name), f, 0, 0) < 0 ||
		    (zeek.p && ic_json_add(j, zeek, SLOT_ZEEK + f, 0, 0) < 0))
			return false;
	}
	return ic_json_add(j, IC_STR("event_level"), SLOT_LEVEL, 0, 0) >= 0;
}

static bool add_mapped(ic_reader *r)
{
	for (size_t i = 0; i < r->map->n; i++) {
		r->slot[i] = ic_json_add(r->json, r->map->entries[i].theirs, (int)i, 0, 0);
		if (r->slot[i] < 0)
			return false;
	}
	return true;
}

static void map_end(ic_reader *r)
{
	if (!r)
		return;
	ic_json_free(r->json);
	ic_free(r);
}

static ic_reader *map_begin(const ic_reader_config *cfg, const ic_layout *layout)
{
	(void)layout;
	ic_reader *r = ic_calloc(1, sizeof(*r));
	if (!r)
		return NULL;
	r->map = cfg->map;
	r->req = cfg->req;
	r->json = ic_json_new();
	if (!r->json || !(r->map ? add_mapped(r) : add_canonical(r->json))) {
		map_end(r);
		return NULL;
	}
	return r;
}

static ic_status map_parse(ic_reader *r, const char *text, size_t n, size_t *at, bool final, ic_batch *b,
			   ic_row_counts *c)
{
	return ic_json_lines(r->json, text, n, at, final, b, c, row, r);
}

static int map_sniff(const char *head, size_t n)
{
	ic_str s = ic_json_first_record(head, n);
	const char *line_end = s.p ? memchr(s.p, '\n', s.n) : NULL;
	if (!s.p || s.p[0] != '{')
		return 0;
	if (line_end)
		s.n = (uint32_t)(line_end - s.p);
	bool ours = ic_json_mentions(s, "time") &&
		    (ic_json_mentions(s, "src_ip") || ic_json_mentions(s, "src_host")) &&
		    (ic_json_mentions(s, "dst_ip") || ic_json_mentions(s, "dst_name"));
	return ours ? 70 : 10;
}

static const ic_layout *map_layout(const ic_reader_config *cfg, const char *head, size_t n, bool *nomem)
{
	(void)head;
	(void)n;
	unsigned streams = IC_STREAM_BIT(IC_STREAM_CONN) | IC_STREAM_BIT(IC_STREAM_HTTP);
	if (!cfg->map)
		streams |= IC_STREAM_BIT(IC_STREAM_SSL) | IC_STREAM_BIT(IC_STREAM_DNS) |
			   IC_STREAM_BIT(IC_STREAM_COUNT);
	return ic_json_layout_new(streams, cfg->map, nomem);
}

static void map_peek(const ic_layout *layout, const char *head, size_t n, unsigned *streams, int64_t *first)
{
	ic_json_peek(&ic_kind_ndjson, layout, head, n, streams, first);
}

static ic_fieldset map_can_give(unsigned streams, const ic_reader_config *cfg)
{
	(void)streams;
	return cfg->map ? ic_field_map_can_give(cfg->map) : IC_ALL_FIELDS;
}

const ic_source_kind ic_kind_ndjson = {
	.name = "ndjson",
	.help = "any JSON lines: names from a field map (--map), else canonical field names",
	.lines = true,
	.mixed = true,
	.sniff = map_sniff,
	.layout = map_layout,
	.peek = map_peek,
	.can_give = map_can_give,
	.begin = map_begin,
	.parse = map_parse,
	.layout_equal = ic_json_layout_equal,
	.layout_free = ic_json_layout_free,
	.end = map_end,
};
