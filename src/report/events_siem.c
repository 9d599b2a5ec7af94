/* SPDX-License-Identifier: Apache-2.0 */
/* Microsoft Defender's DeviceNetworkEvents and QRadar's events, as these products export them. */
#include "report/events.h"

#include "base/time.h"

/* ---- Defender ---------------------------------------------------------------------- */

#define CONNECTIONS (IC_STREAM_BIT(IC_STREAM_CONN) | IC_STREAM_BIT(IC_STREAM_COUNT))

/* Columns that hold no field of ours but that every export has; written after the others. */
static const char *const defender_extra[] = { "ActionType", "RemoteIPType", "AdditionalFields" };
enum { EXTRA_ACTION, EXTRA_IP_TYPE, EXTRA_ADDITIONAL, EXTRAS };

static ic_status defender_plan(ic_event_writer *w, const ic_field *fields, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		ic_field f = fields[i];
		/* said by ActionType and AdditionalFields, which are written apart */
		bool apart = f == IC_F_ACTION || f == IC_F_SERVICE || f == IC_F_COUNT;
		if (!ic_fields[f].defender || apart)
			continue;
		const char *name = ic_event_first_name(w, ic_fields[f].defender);
		if (!name || ic_event_column_add(w, f, name) != IC_OK)
			return IC_E_NOMEM;
	}
	return IC_OK;
}

static void action_type(const ic_event_row *r, ic_buf *to)
{
	ic_str action = ic_event_get_str(r, IC_F_ACTION);
	bool failed = (r->b->flags[r->row] & IC_ROW_BLOCKED) || ic_str_eq(action, IC_STR("failed")) ||
		      ic_str_eq(action, IC_STR("blocked"));
	ic_buf_puts(to, failed ? "ConnectionFailed" : "ConnectionSuccess");
	if (r->b->stream[r->row] == IC_STREAM_COUNT)
		ic_buf_puts(to, "AggregatedReport");
}

static void ip_type(const ic_event_row *r, ic_buf *to)
{
	static const char *const names[] = {
		[IC_IP_PUBLIC] = "Public",	 [IC_IP_PRIVATE] = "Private",
		[IC_IP_LOOPBACK] = "Loopback",	 [IC_IP_LINK_LOCAL] = "LinkLocal",
		[IC_IP_MULTICAST] = "Multicast", [IC_IP_RESERVED] = "Reserved",
	};
	ic_event_value v;
	if (ic_event_get(r, IC_F_DST_IP, &v))
		ic_buf_puts(to, names[ic_ip_classify(v.ip)]);
}

static void additional(const ic_event_row *r, ic_buf *to)
{
	ic_event_value v;
	if (r->b->stream[r->row] == IC_STREAM_COUNT && ic_event_get(r, IC_F_COUNT, &v))
		ic_buf_printf(to, "{\"uniqueEventsAggregated\":%lld}", (long long)v.i);
}

static void (*const defender_extra_text[EXTRAS])(const ic_event_row *r, ic_buf *to) = { action_type, ip_type,
											additional };

static void put_capitalised(ic_buf *to, ic_str s)
{
	for (uint32_t i = 0; i < s.n; i++)
		ic_buf_putc(to,
			    i == 0 && s.p[i] >= 'a' && s.p[i] <= 'z' ? (char)(s.p[i] - 'a' + 'A') : s.p[i]);
}

/* The text of a column; false: null. */
static bool defender_text(const ic_event_row *r, ic_field f, ic_buf *to)
{
	ic_event_value v;
	char time[40];
	if (!ic_event_get(r, f, &v))
		return false;
	if (v.type == IC_T_TIME)
		ic_buf_put(to, time, ic_time_format(v.i, 7, time));
	else if (v.type == IC_T_IP)
		ic_event_put_ip(to, v.ip);
	else if (f == IC_F_TRANSPORT)
		put_capitalised(to, v.s);
	else if (v.type == IC_T_STRING)
		ic_buf_str(to, v.s);
	else
		ic_event_put_json(to, &v);
	return true;
}

static bool is_text(ic_field f)
{
	ic_type t = ic_fields[f].type;
	return t == IC_T_STRING || t == IC_T_TIME || t == IC_T_IP;
}

static ic_str slice(const ic_buf *b)
{
	return (ic_str){ b->n ? b->p : "", (uint32_t)b->n };
}

static void defender_csv_header(const ic_event_writer *w, ic_buf *to)
{
	for (size_t i = 0; i < w->columns; i++) {
		ic_buf_puts(to, w->column[i].name);
		ic_buf_putc(to, ',');
	}
	for (unsigned x = 0; x < EXTRAS; x++) {
		ic_buf_puts(to, defender_extra[x]);
		ic_buf_putc(to, x + 1 < EXTRAS ? ',' : '\n');
	}
}

static void defender_csv_row(const ic_event_writer *w, const ic_event_row *r, ic_buf *to)
{
	ic_buf cell;
	ic_buf_init(&cell, 0);
	for (size_t i = 0; i < w->columns + EXTRAS; i++) {
		if (i)
			ic_buf_putc(to, ',');
		ic_buf_reset(&cell);
		if (i < w->columns)
			defender_text(r, w->column[i].field, &cell);
		else
			defender_extra_text[i - w->columns](r, &cell);
		if (cell.n)
			ic_buf_csv(to, slice(&cell));
	}
	ic_buf_putc(to, '\n');
	to->failed |= cell.failed;
	ic_buf_clear(&cell);
}

static void defender_json_row(const ic_event_writer *w, const ic_event_row *r, ic_buf *to)
{
	ic_buf cell;
	ic_buf_init(&cell, 0);
	defender_text(r, IC_F_TIME, &cell);
	ic_buf_puts(to, "{\"time\":");
	ic_buf_json(to, slice(&cell));
	ic_buf_puts(to, ",\"category\":\"AdvancedHunting-DeviceNetworkEvents\",\"properties\":");
	for (size_t i = 0; i < w->columns; i++) {
		ic_field f = w->column[i].field;
		ic_buf_reset(&cell);
		ic_buf_str(to, w->column[i].key);
		if (!defender_text(r, f, &cell))
			ic_buf_puts(to, "null");
		else if (is_text(f))
			ic_buf_json(to, slice(&cell));
		else
			ic_buf_str(to, slice(&cell));
	}
	for (unsigned x = 0; x < EXTRAS; x++) {
		ic_buf_reset(&cell);
		defender_extra_text[x](r, &cell);
		ic_buf_printf(to, "%c\"%s\":", w->columns || x ? ',' : '{', defender_extra[x]);
		if (cell.n)
			ic_buf_json(to, slice(&cell));
		else
			ic_buf_puts(to, "null");
	}
	ic_buf_puts(to, "}}\n");
	to->failed |= cell.failed;
	ic_buf_clear(&cell);
}

const ic_event_ops ic_event_defender_csv = {
	.plan = defender_plan, .header = defender_csv_header, .row = defender_csv_row, .streams = CONNECTIONS
};
const ic_event_ops ic_event_defender_json = { .plan = defender_plan,
					      .row = defender_json_row,
					      .streams = CONNECTIONS };

/* ---- QRadar ------------------------------------------------------------------------ */

static ic_status qradar_plan(ic_event_writer *w, const ic_field *fields, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (!ic_fields[fields[i]].qradar)
			continue;
		const char *name = ic_event_first_name(w, ic_fields[fields[i]].qradar);
		if (!name || ic_event_column_add(w, fields[i], name) != IC_OK)
			return IC_E_NOMEM;
	}
	return IC_OK;
}

/* The value with QRadar's units: times and spans are whole milliseconds, protocolid is a number. */
static bool qradar_get(const ic_event_row *r, const ic_event_column *c, ic_event_value *v)
{
	if (!ic_event_get(r, c->field, v))
		return false;
	if (v->type == IC_T_TIME) {
		*v = (ic_event_value){ .type = IC_T_LONG, .i = v->i / IC_TICKS_MS };
	} else if (c->field == IC_F_DURATION) {
		*v = (ic_event_value){ .type = IC_T_REAL, .d = v->d * 1000 };
	} else if (c->field == IC_F_TRANSPORT && ic_str_ieq(ic_str_of(c->name), IC_STR("protocolid"))) {
		int64_t id = ic_str_eq(v->s, IC_STR("tcp"))    ? 6
			     : ic_str_eq(v->s, IC_STR("udp"))  ? 17
			     : ic_str_eq(v->s, IC_STR("icmp")) ? 1
							       : 255;
		*v = (ic_event_value){ .type = IC_T_LONG, .i = id };
	}
	return true;
}

/* Nothing in an event says to which connection it belongs, so each connection must be told once: by its
 * requests where a proxy sees them, else by the firewall's event. */
#define QRADAR_STREAMS (CONNECTIONS | IC_STREAM_BIT(IC_STREAM_HTTP))
static bool qradar_skip(const ic_event_row *r)
{
	return r->b->stream[r->row] == IC_STREAM_CONN &&
	       ic_str_eq(ic_event_get_str(r, IC_F_SERVICE), IC_STR("http"));
}

static void qradar_csv_row(const ic_event_writer *w, const ic_event_row *r, ic_buf *to)
{
	ic_event_value v;
	for (size_t i = 0; i < w->columns; i++) {
		if (i)
			ic_buf_putc(to, ',');
		if (qradar_get(r, &w->column[i], &v))
			ic_event_put_csv(to, &v);
	}
	ic_buf_putc(to, '\n');
}

static void qradar_json_header(const ic_event_writer *w, ic_buf *to)
{
	(void)w;
	ic_buf_puts(to, "{\"events\":[\n");
}

static void qradar_json_row(const ic_event_writer *w, const ic_event_row *r, ic_buf *to)
{
	ic_event_value v;
	for (size_t i = 0; i < w->columns; i++) {
		ic_buf_str(to, w->column[i].key);
		if (qradar_get(r, &w->column[i], &v))
			ic_event_put_json(to, &v);
		else
			ic_buf_puts(to, "null");
	}
	ic_buf_puts(to, w->columns ? "}" : "{}");
}

const ic_event_ops ic_event_qradar_csv = {
	.plan = qradar_plan,
	.header = ic_event_csv_header,
	.row = qradar_csv_row,
	.streams = QRADAR_STREAMS,
	.skip = qradar_skip,
};
const ic_event_ops ic_event_qradar_json = {
	.plan = qradar_plan,
	.header = qradar_json_header,
	.row = qradar_json_row,
	.between = ",\n",
	.trailer = "\n]}\n",
	.streams = QRADAR_STREAMS,
	.skip = qradar_skip,
};
