/* SPDX-License-Identifier: Apache-2.0 */
/* CSV exports of QRadar searches: AQL column names, custom properties. */
#include "base/time.h"
#include "source/text/csv.h"
#include "source/text/qradar.h"

static ic_csv_column column(const ic_field_map *map, ic_str name)
{
	(void)map;
	if (ic_qradar_is_url(name))
		return (ic_csv_column){ IC_CSV_URL, 0, 0 };
	int rank, f = ic_qradar_column(name, &rank);
	return (ic_csv_column){ f < 0 ? IC_CSV_NOTHING : f, rank, IC_TICKS_MS };
}

static bool finish(ic_cells *c, const ic_csv_extra *x)
{
	const ic_qradar_extra extra = { x->url };
	ic_qradar_finish(c, &extra);
	return true;
}

static const ic_csv_ops ops = {
	.column = column,
	.finish = finish,
	.streams = IC_STREAM_BIT(IC_STREAM_CONN) | IC_STREAM_BIT(IC_STREAM_HTTP),
	.nulls = "null|N/A|None",
};

typedef struct name_count {
	int time, own_time, address, sensor;
} name_count;

static void count_name(void *ctx, ic_str name)
{
	name_count *count = ctx;
	int rank, f = ic_qradar_column(name, &rank);
	count->time += f == IC_F_TIME;
	count->own_time += f == IC_F_TIME && rank < IC_QRADAR_OTHERS;
	count->sensor += f == IC_F_SENSOR;
	count->address += f == IC_F_SRC_IP || f == IC_F_DST_IP;
}

/* A time may be called so by anybody, and be in seconds: it is the console's where the log source is named, too. */
static int sniff(const char *head, size_t n)
{
	name_count count = { 0 };
	(void)ic_csv_each_name(head, n, count_name, &count);
	return count.address && (count.own_time || (count.time && count.sensor)) ? 90 : 0;
}

static const ic_layout *layout(const ic_reader_config *cfg, const char *head, size_t n, bool *nomem)
{
	return ic_csv_layout(&ops, cfg, head, n, nomem);
}

static ic_fieldset can_give(unsigned streams, const ic_reader_config *cfg)
{
	(void)cfg;
	return ic_qradar_can_give(streams);
}

const ic_source_kind ic_kind_qradar_csv = {
	.name = "qradar-csv",
	.help = "QRadar events or flows, CSV export with AQL column names",
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
