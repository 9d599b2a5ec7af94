/* SPDX-License-Identifier: Apache-2.0 */
/* CSV exports of DeviceNetworkEvents: the Defender portal's and Sentinel's; the portal's timeline of a device. */
#include "base/time.h"
#include "source/text/csv.h"
#include "source/text/defender.h"

/* Log Analytics writes "TimeGenerated [UTC]", the timeline of a device "Remote IP". */
static ic_str plain_name(ic_str name, char *buf, size_t room)
{
	uint32_t n = 0;
	for (uint32_t i = 0; i < name.n && n < room && name.p[i] != '['; i++)
		if (name.p[i] != ' ')
			buf[n++] = name.p[i];
	return (ic_str){ buf, n };
}

/* The place of name in a list of alternatives, -1 if it is not there. */
static int alternative(ic_str name, const char *list)
{
	int rank = 0;
	for (const char *p = list; p; rank++) {
		const char *bar = strchr(p, '|');
		ic_str one = { p, (uint32_t)(bar ? (size_t)(bar - p) : strlen(p)) };
		if (ic_str_ieq(name, one))
			return rank;
		p = bar ? bar + 1 : NULL;
	}
	return -1;
}

static ic_csv_column column(const ic_field_map *map, ic_str full)
{
	(void)map;
	char buf[64];
	ic_str name = plain_name(full, buf, sizeof(buf));
	if (ic_name_is(name, "ActionType", true))
		return (ic_csv_column){ IC_CSV_ACTION_TYPE, 0, IC_TICKS_S };
	if (ic_name_is(name, "AdditionalFields", true))
		return (ic_csv_column){ IC_CSV_ADDITIONAL, 0, IC_TICKS_S };
	for (int f = 0; f < IC_FIELD_COUNT; f++) {
		int rank = ic_fields[f].defender ? alternative(name, ic_fields[f].defender) : -1;
		if (rank >= 0)
			return (ic_csv_column){ f, rank, IC_TICKS_S };
	}
	return (ic_csv_column){ IC_CSV_NOTHING, 0, 0 };
}

static bool finish(ic_cells *c, const ic_csv_extra *x)
{
	const ic_defender_extra extra = { x->action_type, x->additional };
	return ic_defender_finish(c, &extra);
}

static const ic_csv_ops ops = {
	.column = column,
	.finish = finish,
	.streams = IC_STREAM_BIT(IC_STREAM_CONN) | IC_STREAM_BIT(IC_STREAM_COUNT) |
		   IC_STREAM_BIT(IC_STREAM_HTTP) | IC_STREAM_BIT(IC_STREAM_SSL) |
		   IC_STREAM_BIT(IC_STREAM_DNS),
};

/* Its own names, which no other product has, with a time. */
typedef struct name_count {
	int own, time;
} name_count;

static void count_name(void *ctx, ic_str full)
{
	name_count *count = ctx;
	char buf[64];
	ic_str name = plain_name(full, buf, sizeof(buf));
	count->own +=
	    ic_name_is(name, "RemoteIP|RemotePort|RemoteUrl|LocalIP|ActionType|DeviceName|DeviceId", true);
	count->time += ic_name_is(name, "Timestamp|TimeGenerated|EventTime", true);
}

static int sniff(const char *head, size_t n)
{
	name_count count = { 0, 0 };
	(void)ic_csv_each_name(head, n, count_name, &count);
	return count.time && count.own >= 3 ? 95 : 0;
}

static const ic_layout *layout(const ic_reader_config *cfg, const char *head, size_t n, bool *nomem)
{
	return ic_csv_layout(&ops, cfg, head, n, nomem);
}

static ic_fieldset can_give(unsigned streams, const ic_reader_config *cfg)
{
	(void)cfg;
	return ic_defender_can_give(streams);
}

const ic_source_kind ic_kind_defender_csv = {
	.name = "defender-csv",
	.help = "Defender DeviceNetworkEvents, CSV export of the portal or of Sentinel",
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
