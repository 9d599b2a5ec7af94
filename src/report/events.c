/* SPDX-License-Identifier: Apache-2.0 */
/* Events to text: the writer that all formats share, and the canonical ndjson and csv. */
#include "report/events.h"

#include "base/error.h"
#include "base/time.h"

#include <stdio.h>

/* ---- values ------------------------------------------------------------------------ */

bool ic_event_get(const ic_event_row *r, ic_field f, ic_event_value *ret)
{
	const ic_batch *b = r->b;
	ret->type = ic_fields[f].type;
	if (f == IC_F_EVENT_LEVEL) {
		ret->s = ic_str_of(ic_stream_level((ic_stream)b->stream[r->row]));
		return ret->s.p != NULL;
	}
	if (f == IC_F_SOURCE_FILE) {
		ret->s = ic_str_of(r->path);
		return r->path != NULL;
	}
	if (f == IC_F_SOURCE_LINE) {
		ret->i = (int64_t)(r->first_line + b->line[r->row]);
		return true;
	}
	if (!ic_batch_has(b, f) || ic_column_null(&b->col[f], r->row)) {
		ret->i = 1;
		return f == IC_F_COUNT; /* a row of a source that does not count stands for one event */
	}
	const ic_column *c = &b->col[f];
	switch (ret->type) {
	case IC_T_BOOL: ret->b = c->b[r->row] != 0; break;
	case IC_T_LONG:
	case IC_T_TIME: ret->i = c->i[r->row]; break;
	case IC_T_REAL: ret->d = c->d[r->row]; break;
	case IC_T_IP: ret->ip = &c->ip[r->row]; break;
	case IC_T_STRING: ret->s = c->s[r->row]; return ret->s.p != NULL;
	}
	return true;
}

ic_str ic_event_get_str(const ic_event_row *r, ic_field f)
{
	ic_event_value v;
	if (!ic_event_get(r, f, &v) || v.type != IC_T_STRING)
		return (ic_str){ 0 };
	return v.s;
}

void ic_event_put_ip(ic_buf *to, const ic_ip *ip)
{
	char text[46];
	ic_buf_put(to, text, ic_ip_format(ip, text));
}

static void put_time(ic_buf *to, int64_t ticks)
{
	char text[40];
	ic_buf_put(to, text, ic_time_format(ticks, 6, text));
}

void ic_event_put_json(ic_buf *to, const ic_event_value *v)
{
	switch (v->type) {
	case IC_T_BOOL: ic_buf_puts(to, v->b ? "true" : "false"); break;
	case IC_T_LONG: ic_buf_i64(to, v->i); break;
	case IC_T_REAL: ic_buf_double(to, v->d); break;
	case IC_T_STRING: ic_buf_json(to, v->s); break;
	case IC_T_TIME:
		ic_buf_putc(to, '"');
		put_time(to, v->i);
		ic_buf_putc(to, '"');
		break;
	case IC_T_IP:
		ic_buf_putc(to, '"');
		ic_event_put_ip(to, v->ip);
		ic_buf_putc(to, '"');
		break;
	}
}

void ic_event_put_csv(ic_buf *to, const ic_event_value *v)
{
	switch (v->type) {
	case IC_T_STRING: ic_buf_csv(to, v->s); break;
	case IC_T_TIME: put_time(to, v->i); break;
	case IC_T_IP: ic_event_put_ip(to, v->ip); break;
	default: ic_event_put_json(to, v); break;
	}
}

/* ---- columns ----------------------------------------------------------------------- */

ic_status ic_event_column_add(ic_event_writer *w, ic_field f, const char *name)
{
	size_t n = strlen(name) + 4;
	char *key = ic_arena_alloc(&w->arena, n + 1);
	if (!key)
		return IC_E_NOMEM;
	snprintf(key, n + 1, "%c\"%s\":", w->columns ? ',' : '{', name);
	w->column[w->columns++] = (ic_event_column){ f, name, { key, (uint32_t)n } };
	return IC_OK;
}

const char *ic_event_first_name(ic_event_writer *w, const char *alternatives)
{
	size_t n = strcspn(alternatives, "|");
	if (n >= 2 && alternatives[0] == '"') /* quotes are AQL's, not part of the name */
		return ic_arena_dup(&w->arena, alternatives + 1, n - 2);
	return ic_arena_dup(&w->arena, alternatives, n);
}

void ic_event_csv_header(const ic_event_writer *w, ic_buf *to)
{
	for (size_t i = 0; i < w->columns; i++) {
		if (i)
			ic_buf_putc(to, ',');
		ic_buf_csv(to, ic_str_of(w->column[i].name));
	}
	ic_buf_putc(to, '\n');
}

static ic_status plan_canonical(ic_event_writer *w, const ic_field *fields, size_t n)
{
	ic_status s = IC_OK;
	for (size_t i = 0; i < n && s == IC_OK; i++)
		s = ic_event_column_add(w, fields[i], ic_fields[fields[i]].name);
	return s;
}

/* ---- ndjson and csv ---------------------------------------------------------------- */

static void ndjson_row(const ic_event_writer *w, const ic_event_row *r, ic_buf *to)
{
	ic_event_value v;
	for (size_t i = 0; i < w->columns; i++) {
		ic_buf_str(to, w->column[i].key);
		if (ic_event_get(r, w->column[i].field, &v))
			ic_event_put_json(to, &v);
		else
			ic_buf_put(to, "null", 4);
	}
	ic_buf_put(to, w->columns ? "}\n" : "{}\n", w->columns ? 2 : 3);
}

static void csv_row(const ic_event_writer *w, const ic_event_row *r, ic_buf *to)
{
	ic_event_value v;
	for (size_t i = 0; i < w->columns; i++) {
		if (i)
			ic_buf_putc(to, ',');
		if (ic_event_get(r, w->column[i].field, &v))
			ic_event_put_csv(to, &v);
	}
	ic_buf_putc(to, '\n');
}

static const ic_event_ops ndjson_ops = { .row = ndjson_row };
static const ic_event_ops csv_ops = { .header = ic_event_csv_header, .row = csv_row };

const ic_event_format ic_event_formats[] = {
	{ "ndjson", "canonical names, one JSON object a line", true, "events.ndjson", &ndjson_ops },
	{ "csv", "canonical names, RFC 4180 with a header", true, "events.csv", &csv_ops },
	{ "zeek-tsv", "Zeek's log of the chosen table", true, "%s.log", &ic_event_zeek_tsv },
	{ "zeek-json", "the same as JSON, one object a line", true, "%s.log", &ic_event_zeek_json },
	{ "eve", "Suricata EVE: flow, http, tls, dns events", false, "eve.json", &ic_event_eve },
	{ "defender-csv", "DeviceNetworkEvents as the Defender portal exports it", false,
	  "DeviceNetworkEvents.csv", &ic_event_defender_csv },
	{ "defender-json", "DeviceNetworkEvents as Defender streams it", false, "DeviceNetworkEvents.json",
	  &ic_event_defender_json },
	{ "qradar-csv", "QRadar events with AQL names", false, "qradar.csv", &ic_event_qradar_csv },
	{ "qradar-json", "the same as one JSON document", false, "qradar.json", &ic_event_qradar_json },
	{ 0 },
};

/* ---- the writer -------------------------------------------------------------------- */

ic_event_writer *ic_event_writer_new(const ic_event_writer_config *cfg, const ic_output *out, ic_error *err)
{
	const ic_event_format *format = ic_event_formats;
	while (format->name && strcmp(format->name, cfg->format) != 0)
		format++;
	if (!format->name) {
		ic_fail(err, IC_E_USAGE, "no event format is called \"%s\"", cfg->format);
		return NULL;
	}
	ic_event_writer *w = ic_calloc(1, sizeof(*w));
	if (!w) {
		ic_fail_nomem(err);
		return NULL;
	}
	w->format = format;
	w->out = *out;
	w->stream = cfg->stream;
	w->picked = cfg->picked;
	ic_arena_init(&w->arena, 4096, NULL);
	ic_buf_init(&w->text, 0);
	ic_status s =
	    (format->ops->plan ? format->ops->plan : plan_canonical)(w, cfg->fields, cfg->field_count);
	if (s != IC_OK) {
		ic_fail_nomem(err);
		ic_event_writer_free(w);
		return NULL;
	}
	return w;
}

static void format_rows(const ic_event_writer *w, const ic_batch *b, unsigned streams, const char *path,
			uint64_t first_line, ic_buf *to, uint64_t *rows)
{
	const ic_event_ops *ops = w->format->ops;
	ic_event_row r = { b, 0, path, first_line };
	if (ops->streams)
		streams &= ops->streams;
	for (; r.row < b->rows; r.row++) {
		if (b->stream[r.row] >= IC_STREAM_COUNT_OF || !(streams & IC_STREAM_BIT(b->stream[r.row])))
			continue;
		if (ops->skip && ops->skip(&r))
			continue;
		if (*rows && ops->between)
			ic_buf_puts(to, ops->between);
		ops->row(w, &r, to);
		++*rows;
	}
}

void ic_event_format_rows(const ic_event_writer *w, const ic_batch *b, unsigned streams, const char *path,
			  uint64_t first_line, ic_buf *to)
{
	uint64_t rows = w->rows;
	format_rows(w, b, streams, path, first_line, to, &rows);
}

static void begin(ic_event_writer *w)
{
	if (!w->begun && w->format->ops->header)
		w->format->ops->header(w, &w->text);
	w->begun = true;
}

ic_status ic_event_write(ic_event_writer *w, const ic_batch *b, unsigned streams, const char *path,
			 uint64_t first_line)
{
	begin(w);
	format_rows(w, b, streams, path, first_line, &w->text, &w->rows);
	return ic_report_send(&w->out, &w->text, NULL);
}

ic_status ic_event_writer_end(ic_event_writer *w)
{
	begin(w);
	if (w->format->ops->trailer)
		ic_buf_puts(&w->text, w->format->ops->trailer);
	return ic_report_send(&w->out, &w->text, NULL);
}

void ic_event_writer_free(ic_event_writer *w)
{
	if (!w)
		return;
	ic_buf_clear(&w->text);
	ic_arena_clear(&w->arena);
	ic_free(w);
}
