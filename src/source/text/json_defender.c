/* SPDX-License-Identifier: Apache-2.0 */
/* DeviceNetworkEvents as JSON: results of advanced hunting (objects, an array, or a list under a
 * key), events streamed to a hub or to storage (columns in `properties`), Sentinel's exports. */
#include "base/time.h"
#include "source/text/defender.h"
#include "source/text/json.h"

/* A field and the rank of its name among the alternatives. */
#define RANKS		  4
#define SLOT(field, rank) ((field) + 64 * (rank))
enum { SLOT_ACTION_TYPE = 64 * RANKS, SLOT_ADDITIONAL, SLOT_CATEGORY };
_Static_assert(SLOT_CATEGORY < IC_JSON_SLOTS, "slots");

struct ic_reader {
	ic_json *json;
	ic_json_document document;
	const ic_input_request *req;
};

/* Log Analytics writes "TimeGenerated [UTC]". */
static ic_str without_zone(ic_str name)
{
	const char *bracket = memchr(name.p, '[', name.n);
	return bracket ? ic_str_trim((ic_str){ name.p, (uint32_t)(bracket - name.p) }) : name;
}

static int resolve(void *ctx, ic_str full)
{
	(void)ctx;
	ic_str name = without_zone(full);
	if (ic_name_is(name, "ActionType", true))
		return SLOT_ACTION_TYPE;
	if (ic_name_is(name, "AdditionalFields", true))
		return SLOT_ADDITIONAL;
	for (int f = 0; f < IC_FIELD_COUNT; f++) {
		int rank = 0;
		for (const char *p = ic_fields[f].defender; p && rank < RANKS; rank++) {
			const char *bar = strchr(p, '|');
			ic_str one = { p, (uint32_t)(bar ? (size_t)(bar - p) : strlen(p)) };
			if (ic_str_ieq(name, one))
				return SLOT(f, rank);
			p = bar ? bar + 1 : NULL;
		}
	}
	return -1;
}

/* Events of other tables in the same stream. */
static bool gate(void *ctx, ic_json *j, const ic_json_value *v)
{
	(void)ctx;
	(void)j;
	return v->n == 0 || ic_str_iends((ic_str){ v->p, v->n }, IC_STR("DeviceNetworkEvents"));
}

static bool put_fields(ic_reader *r, ic_cells *c)
{
	ic_arena *a = &c->b->arena;
	for (int f = 0; f < IC_FIELD_COUNT; f++) {
		int rank = 0;
		while (rank < RANKS && !ic_json_has(r->json, (unsigned)SLOT(f, rank)))
			rank++;
		if (rank == RANKS)
			continue;
		ic_str text = ic_json_text(r->json, ic_json_get(r->json, (unsigned)SLOT(f, rank)), a);
		if (!ic_cells_put(c, (ic_field)f, text, IC_TICKS_S))
			return false;
	}
	return true;
}

static void row(void *ctx, ic_json *j, ic_batch *b, ic_row_counts *counts, uint64_t line)
{
	ic_reader *r = ctx;
	ic_cells c;
	ic_cells_begin(&c, b);
	const ic_defender_extra x = {
		.action_type = ic_json_text(j, ic_json_get(j, SLOT_ACTION_TYPE), &b->arena),
		.additional_fields = ic_json_text(j, ic_json_get(j, SLOT_ADDITIONAL), &b->arena),
	};
	if (!put_fields(r, &c) || !ic_defender_finish(&c, &x))
		ic_row_bad(counts, line, 0, "%s", c.cause);
	else if (!j->nomem)
		(void)ic_cells_end(&c, r->req, counts, line);
}

/* ---- the source kind ---- */

static void defender_end(ic_reader *r)
{
	if (!r)
		return;
	ic_json_free(r->json);
	ic_free(r);
}

static ic_reader *defender_begin(const ic_reader_config *cfg, const ic_layout *layout)
{
	(void)layout;
	static const struct {
		const char *path;
		int slot;
		unsigned flags;
	} paths[] = {
		{ "", -1, IC_JSON_RESOLVE },
		{ "properties", -1, IC_JSON_RESOLVE },
		{ "category", SLOT_CATEGORY, IC_JSON_GATE },
		{ "Type", SLOT_CATEGORY, IC_JSON_GATE },
		{ "AdditionalFields", SLOT_ADDITIONAL, IC_JSON_WHOLE },
		{ "properties.AdditionalFields", SLOT_ADDITIONAL, IC_JSON_WHOLE },
		/* of the envelope, when the event has none */
		{ "time", SLOT(IC_F_TIME, RANKS - 1), 0 },
		{ "body", -1, IC_JSON_RECORD },	   /* of Splunk */
		{ "_source", -1, IC_JSON_RECORD }, /* of Elasticsearch */
		{ "records", -1, IC_JSON_LISTS },
		{ "value", -1, IC_JSON_LISTS },
		{ "Results", -1, IC_JSON_LISTS },
		{ "results", -1, IC_JSON_LISTS },
	};
	ic_reader *r = ic_calloc(1, sizeof(*r));
	bool ok = r && (r->json = ic_json_new());
	for (size_t i = 0; ok && i < sizeof(paths) / sizeof(paths[0]); i++)
		ok = ic_json_add(r->json, ic_str_of(paths[i].path), paths[i].slot, 0, paths[i].flags) >= 0;
	if (!ok) {
		defender_end(r);
		return NULL;
	}
	r->json->resolve = resolve;
	r->json->gate = gate;
	r->req = cfg->req;
	return r;
}

static ic_status defender_parse(ic_reader *r, const char *text, size_t n, size_t *at, bool final, ic_batch *b,
				ic_row_counts *c)
{
	return ic_json_records(r->json, &r->document, text, n, at, final, b, c, row, r);
}

static int defender_sniff(const char *head, size_t n)
{
	ic_str s = ic_json_first_record(head, n);
	if (!s.p)
		return 0;
	const char category[] = "\"AdvancedHunting-";
	if (ic_json_mentions(s, "category") && memmem(s.p, s.n, category, sizeof(category) - 1))
		return 95;
	bool time = ic_json_mentions(s, "Timestamp") || ic_json_mentions(s, "TimeGenerated");
	bool device = ic_json_mentions(s, "DeviceName") || ic_json_mentions(s, "DeviceId");
	bool remote = ic_json_mentions(s, "RemoteIP") || ic_json_mentions(s, "RemoteUrl");
	return time && remote && (device || ic_json_mentions(s, "ActionType")) ? 88 : 0;
}

static const ic_layout *defender_layout(const ic_reader_config *cfg, const char *head, size_t n, bool *nomem)
{
	(void)head;
	(void)n;
	return ic_json_layout_new(IC_STREAM_BIT(IC_STREAM_CONN) | IC_STREAM_BIT(IC_STREAM_COUNT) |
				      IC_STREAM_BIT(IC_STREAM_HTTP) | IC_STREAM_BIT(IC_STREAM_SSL) |
				      IC_STREAM_BIT(IC_STREAM_DNS),
				  cfg->map, nomem);
}

static void defender_peek(const ic_layout *layout, const char *head, size_t n, unsigned *streams,
			  int64_t *first)
{
	ic_json_peek(&ic_kind_defender_json, layout, head, n, streams, first);
}

static ic_fieldset defender_can_give(unsigned streams, const ic_reader_config *cfg)
{
	(void)cfg;
	return ic_defender_can_give(streams);
}

const ic_source_kind ic_kind_defender_json = {
	.name = "defender-json",
	.help = "Defender DeviceNetworkEvents as JSON: advanced hunting, streamed events, Sentinel",
	.mixed = true,
	.sniff = defender_sniff,
	.layout = defender_layout,
	.peek = defender_peek,
	.can_give = defender_can_give,
	.begin = defender_begin,
	.parse = defender_parse,
	.layout_equal = ic_json_layout_equal,
	.layout_free = ic_json_layout_free,
	.end = defender_end,
};
