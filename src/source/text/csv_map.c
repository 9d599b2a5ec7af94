/* SPDX-License-Identifier: Apache-2.0 */
/* Any CSV: with a field map its names are the map's; without one the canonical or Zeek names, so
 * that what `convert --format csv` writes can be read back. */
#include "base/time.h"
#include "source/text/csv.h"
#include "source/text/map.h"

static ic_csv_column column(const ic_field_map *map, ic_str name)
{
	if (!map) {
		int f = ic_field_find(name);
		if (f == IC_F_EVENT_LEVEL)
			f = IC_CSV_LEVEL;
		else if (f < 0 || f == IC_F_SOURCE_FILE || f == IC_F_SOURCE_LINE)
			f = IC_CSV_NOTHING;
		return (ic_csv_column){ f, 0, IC_TICKS_S };
	}
	for (size_t i = 0; i < map->n; i++)
		if (ic_str_eq(name, map->entries[i].theirs))
			return (ic_csv_column){ map->entries[i].target, (int)i, map->entries[i].unit_ticks };
	return (ic_csv_column){ IC_CSV_NOTHING, 0, 0 };
}

static bool finish(ic_cells *c, const ic_csv_extra *x)
{
	ic_field_map_finish(c, x->url);
	/* what `convert` wrote says what it is */
	uint8_t *stream = &c->b->stream[c->row];
	if (ic_str_eq(x->level, IC_STR("connection")))
		*stream = IC_STREAM_CONN;
	else if (ic_str_eq(x->level, IC_STR("handshake")))
		*stream = IC_STREAM_SSL;
	else if (ic_str_eq(x->level, IC_STR("count")))
		*stream = IC_STREAM_COUNT;
	else if (ic_str_eq(x->level, IC_STR("request")))
		*stream = c->given & IC_FIELD_BIT(IC_F_DNS_QUERY) ? IC_STREAM_DNS : IC_STREAM_HTTP;
	return true;
}

static const ic_csv_ops ops = {
	.column = column,
	.finish = finish,
	.streams = IC_STREAM_BIT(IC_STREAM_CONN) | IC_STREAM_BIT(IC_STREAM_HTTP) |
		   IC_STREAM_BIT(IC_STREAM_SSL) | IC_STREAM_BIT(IC_STREAM_DNS) |
		   IC_STREAM_BIT(IC_STREAM_COUNT),
	.nulls = "-", /* of Zeek, web servers, proxies and Kibana */
};

static void collect_name(void *ctx, ic_str name)
{
	int f = ic_field_find(name);
	if (f >= 0)
		*(ic_fieldset *)ctx |= IC_FIELD_BIT(f);
}

static int sniff(const char *head, size_t n)
{
	const ic_fieldset source = IC_FIELD_BIT(IC_F_SRC_IP) | IC_FIELD_BIT(IC_F_SRC_HOST),
			  target = IC_FIELD_BIT(IC_F_DST_IP) | IC_FIELD_BIT(IC_F_DST_NAME);
	ic_fieldset set = 0;
	if (ic_csv_each_name(head, n, collect_name, &set) == 0)
		return 0;
	return set & IC_FIELD_BIT(IC_F_TIME) && set & source && set & target ? 70 : 10;
}

static const ic_layout *layout(const ic_reader_config *cfg, const char *head, size_t n, bool *nomem)
{
	return ic_csv_layout(&ops, cfg, head, n, nomem);
}

static ic_fieldset can_give(unsigned streams, const ic_reader_config *cfg)
{
	(void)streams;
	return cfg->map ? ic_field_map_can_give(cfg->map) : IC_ALL_FIELDS;
}

const ic_source_kind ic_kind_csv = {
	.name = "csv",
	.help = "any CSV: names from a field map (--map), else canonical field names",
	.mixed = true,
	.sniff = sniff,
	.layout = layout,
	.peek = ic_csv_peek,
	.can_give = can_give,
	.begin = ic_csv_begin,
	.parse = ic_csv_parse,
	.layout_equal = ic_csv_layout_equal,
	.layout_free = ic_csv_layout_free,
	.end = ic_csv_end,
};
