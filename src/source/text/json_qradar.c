/* SPDX-License-Identifier: Apache-2.0 */
/* QRadar searches as JSON: {"events": [...]}, {"flows": [...]}, arrays, or an object a line, with AQL
 * column names and custom properties. */
#include "base/time.h"
#include "source/text/json.h"
#include "source/text/qradar.h"

#define RANKS		  4
#define SLOT(field, rank) ((field) + 64 * (rank))
#define SLOT_URL	  (64 * RANKS)
_Static_assert(SLOT_URL < IC_JSON_SLOTS, "slots");

struct ic_reader {
	ic_json *json;
	ic_json_document document;
	const ic_input_request *req;
};

static int resolve(void *ctx, ic_str name)
{
	(void)ctx;
	int rank = 0;
	if (ic_qradar_is_url(name))
		return SLOT_URL;
	int f = ic_qradar_column(name, &rank);
	return f < 0 ? -1 : SLOT(f, rank < RANKS ? rank : RANKS - 1);
}

/* What exports write for no value. */
static ic_str without_nulls(ic_str s)
{
	return ic_name_is(s, "null|N/A|None", false) ? (ic_str){ NULL, 0 } : s;
}

static ic_str text_of(ic_reader *r, unsigned slot, ic_arena *a)
{
	return without_nulls(ic_json_text(r->json, ic_json_get(r->json, slot), a));
}

static bool put_fields(ic_reader *r, ic_cells *c)
{
	for (int f = 0; f < IC_FIELD_COUNT; f++) {
		ic_str text = { NULL, 0 };
		for (int rank = 0; rank < RANKS && !text.n; rank++)
			text = text_of(r, (unsigned)SLOT(f, rank), &c->b->arena);
		if (!ic_cells_put(c, (ic_field)f, text, IC_TICKS_MS))
			return false;
	}
	return true;
}

static void row(void *ctx, ic_json *j, ic_batch *b, ic_row_counts *counts, uint64_t line)
{
	ic_reader *r = ctx;
	ic_cells c;
	ic_cells_begin(&c, b);
	if (!put_fields(r, &c)) {
		ic_row_bad(counts, line, 0, "%s", c.cause);
		return;
	}
	const ic_qradar_extra x = { .url = text_of(r, SLOT_URL, &b->arena) };
	ic_qradar_finish(&c, &x);
	if (!j->nomem)
		(void)ic_cells_end(&c, r->req, counts, line);
}

/* ---- the source kind ---- */

static void qradar_end(ic_reader *r)
{
	if (!r)
		return;
	ic_json_free(r->json);
	ic_free(r);
}

static ic_reader *qradar_begin(const ic_reader_config *cfg, const ic_layout *layout)
{
	(void)layout;
	static const char *const lists[] = { "events", "flows", "results", "data" };
	ic_reader *r = ic_calloc(1, sizeof(*r));
	bool ok =
	    r && (r->json = ic_json_new()) && ic_json_add(r->json, IC_STR(""), -1, 0, IC_JSON_RESOLVE) >= 0;
	for (size_t i = 0; ok && i < sizeof(lists) / sizeof(lists[0]); i++)
		ok = ic_json_add(r->json, ic_str_of(lists[i]), -1, 0, IC_JSON_LISTS) >= 0;
	if (!ok) {
		qradar_end(r);
		return NULL;
	}
	r->json->resolve = resolve;
	r->req = cfg->req;
	return r;
}

static ic_status qradar_parse(ic_reader *r, const char *text, size_t n, size_t *at, bool final, ic_batch *b,
			      ic_row_counts *c)
{
	return ic_json_records(r->json, &r->document, text, n, at, final, b, c, row, r);
}

static int qradar_sniff(const char *head, size_t n)
{
	static const char *const sources[] = { "sourceip", "sourceIP", "SourceIP", "Source IP" };
	static const char *const targets[] = { "destinationip", "destinationIP", "DestinationIP",
					       "Destination IP" };
	ic_str s = ic_json_first_record(head, n);
	bool source = false, target = false;
	if (!s.p)
		return 0;
	for (size_t i = 0; i < sizeof(sources) / sizeof(sources[0]); i++) {
		source |= ic_json_mentions(s, sources[i]);
		target |= ic_json_mentions(s, targets[i]);
	}
	return source && target ? 82 : 0;
}

static const ic_layout *qradar_layout(const ic_reader_config *cfg, const char *head, size_t n, bool *nomem)
{
	(void)head;
	(void)n;
	return ic_json_layout_new(IC_STREAM_BIT(IC_STREAM_CONN) | IC_STREAM_BIT(IC_STREAM_HTTP), cfg->map,
				  nomem);
}

static void qradar_peek(const ic_layout *layout, const char *head, size_t n, unsigned *streams,
			int64_t *first)
{
	ic_json_peek(&ic_kind_qradar_json, layout, head, n, streams, first);
}

static ic_fieldset qradar_can_give(unsigned streams, const ic_reader_config *cfg)
{
	(void)cfg;
	return ic_qradar_can_give(streams);
}

const ic_source_kind ic_kind_qradar_json = {
	.name = "qradar-json",
	.help = "QRadar events or flows as JSON with AQL column names",
	.mixed = true,
	.sniff = qradar_sniff,
	.layout = qradar_layout,
	.peek = qradar_peek,
	.can_give = qradar_can_give,
	.begin = qradar_begin,
	.parse = qradar_parse,
	.layout_equal = ic_json_layout_equal,
	.layout_free = ic_json_layout_free,
	.end = qradar_end,
};
