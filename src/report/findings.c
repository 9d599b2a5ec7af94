/* SPDX-License-Identifier: Apache-2.0 */
/* Findings for machines: ndjson, json, csv. The keys, their order and the rules for null are a
 * contract with whoever parses this output: they are listed once, in `keys`. */
#include "report/private.h"

#include "base/error.h"
#include "base/hex.h"
#include "base/thread.h"
#include "base/time.h"

#include <math.h>

ic_status ic_report_send(const ic_output *out, ic_buf *b, ic_error *err)
{
	if (b->failed)
		return ic_fail_nomem(err);
	if (b->n == 0)
		return IC_OK;
	ic_status s = out->write(out->ctx, b->p, b->n);
	ic_buf_reset(b);
	if (s == IC_OK)
		return IC_OK;
	return ic_fail(err, s, s == IC_E_CLOSED ? "the output was closed" : "cannot write the output");
}

void ic_report_id(ic_buf *b, uint64_t id)
{
	char text[16];
	ic_hex_write(id, sizeof text, text);
	ic_buf_put(b, text, sizeof text);
}

/* One value goes through one of these two sinks; `null` writes what the format has for it. */
typedef struct cell_style {
	void (*text)(ic_buf *b, ic_str s);
	void (*null)(ic_buf *b);
	bool json;
} cell_style;

static void json_null(ic_buf *b)
{
	ic_buf_puts(b, "null");
}
static void csv_null(ic_buf *b)
{
	(void)b;
}
static const cell_style json_style = { ic_buf_json, json_null, true };
static const cell_style csv_style = { ic_buf_csv, csv_null, false };

static void put_text(ic_buf *b, const cell_style *st, ic_str s)
{
	if (s.p)
		st->text(b, s);
	else
		st->null(b);
}

static void put_number(ic_buf *b, const cell_style *st, double v)
{
	if (isfinite(v))
		ic_buf_round3(b, v);
	else
		st->null(b);
}

static void put_natural(ic_buf *b, const cell_style *st, int64_t v)
{
	if (v >= 0)
		ic_buf_i64(b, v);
	else
		st->null(b);
}

static void put_id(ic_buf *b, const cell_style *st, uint64_t id)
{
	if (st->json)
		ic_buf_putc(b, '"');
	ic_report_id(b, id);
	if (st->json)
		ic_buf_putc(b, '"');
}

static void put_time(ic_buf *b, const cell_style *st, int64_t ticks)
{
	if (ticks < 0 || ticks > IC_TIME_MAX) {
		st->null(b);
		return;
	}
	char text[40];
	size_t n = ic_time_format_short(ticks, text);
	st->text(b, (ic_str){ text, (uint32_t)n });
}

/* A list: a JSON array, or one CSV cell joined by ';' (gathered first: the cell is quoted as a whole). */
typedef struct list_writer {
	ic_buf *b;
	const cell_style *st;
	ic_buf cell;
	size_t n;
} list_writer;

/* Where the next item goes. */
static ic_buf *list_next(list_writer *w)
{
	ic_buf *to = w->st->json ? w->b : &w->cell;
	if (w->n++)
		ic_buf_putc(to, w->st->json ? ',' : ';');
	else if (w->st->json)
		ic_buf_putc(to, '[');
	return to;
}

static void list_text(list_writer *w, ic_str s)
{
	ic_buf *to = list_next(w);
	if (w->st->json)
		ic_buf_json(to, s);
	else
		ic_buf_str(to, s);
}

static void list_end(list_writer *w)
{
	if (w->st->json)
		ic_buf_puts(w->b, w->n ? "]" : "[]");
	else if (w->cell.n)
		ic_buf_csv(w->b, (ic_str){ w->cell.p, (uint32_t)w->cell.n });
	w->b->failed |= w->cell.failed;
	ic_buf_clear(&w->cell);
}

static list_writer list_begin(ic_buf *b, const cell_style *st)
{
	list_writer w = { .b = b, .st = st };
	ic_buf_init(&w.cell, UINT32_MAX);
	return w;
}

static void put_list(ic_buf *b, const cell_style *st, const ic_str *list, size_t n)
{
	list_writer w = list_begin(b, st);
	for (size_t i = 0; i < n; i++)
		list_text(&w, list[i]);
	list_end(&w);
}

static void put_names(ic_buf *b, const cell_style *st, const char *const *names, size_t n)
{
	list_writer w = list_begin(b, st);
	for (size_t i = 0; i < n; i++)
		list_text(&w, ic_str_of(names[i]));
	list_end(&w);
}

static void key_id(ic_buf *b, const cell_style *st, const ic_finding *f)
{
	put_id(b, st, f->id);
}
static void key_detector(ic_buf *b, const cell_style *st, const ic_finding *f)
{
	put_text(b, st, ic_str_of(f->detector));
}
static void key_level(ic_buf *b, const cell_style *st, const ic_finding *f)
{
	put_text(b, st, ic_str_of(ic_level_name((int)f->level)));
}
static void key_automation(ic_buf *b, const cell_style *st, const ic_finding *f)
{
	put_number(b, st, f->automation);
}
static void key_priority(ic_buf *b, const cell_style *st, const ic_finding *f)
{
	put_number(b, st, f->priority);
}
static void key_src_ip(ic_buf *b, const cell_style *st, const ic_finding *f)
{
	put_text(b, st, f->src_ip);
}
static void key_src_host(ic_buf *b, const cell_style *st, const ic_finding *f)
{
	put_text(b, st, f->src_host);
}
static void key_process(ic_buf *b, const cell_style *st, const ic_finding *f)
{
	put_text(b, st, f->process);
}
static void key_dst_ip(ic_buf *b, const cell_style *st, const ic_finding *f)
{
	put_text(b, st, f->dst_ip);
}
static void key_dst_name(ic_buf *b, const cell_style *st, const ic_finding *f)
{
	put_text(b, st, f->dst_name);
}
static void key_dst_port(ic_buf *b, const cell_style *st, const ic_finding *f)
{
	put_natural(b, st, f->dst_port);
}
static void key_transport(ic_buf *b, const cell_style *st, const ic_finding *f)
{
	put_text(b, st, ic_str_of(f->transport));
}
static void key_service(ic_buf *b, const cell_style *st, const ic_finding *f)
{
	put_text(b, st, ic_str_of(f->service));
}
static void key_group_by(ic_buf *b, const cell_style *st, const ic_finding *f)
{
	put_text(b, st, ic_str_of(ic_group_by_names[f->group_by]));
}
static void key_event_level(ic_buf *b, const cell_style *st, const ic_finding *f)
{
	put_text(b, st, ic_str_of(ic_event_level_names[f->event_level]));
}
static void key_connections(ic_buf *b, const cell_style *st, const ic_finding *f)
{
	(void)st;
	ic_buf_u64(b, f->connections);
}
static void key_first_seen(ic_buf *b, const cell_style *st, const ic_finding *f)
{
	put_time(b, st, f->first_seen);
}
static void key_last_seen(ic_buf *b, const cell_style *st, const ic_finding *f)
{
	put_time(b, st, f->last_seen);
}
static void key_sleep(ic_buf *b, const cell_style *st, const ic_finding *f)
{
	put_number(b, st, f->sleep_s);
}
static void key_jitter(ic_buf *b, const cell_style *st, const ic_finding *f)
{
	put_number(b, st, f->jitter);
}
static void key_median(ic_buf *b, const cell_style *st, const ic_finding *f)
{
	put_number(b, st, f->interval_median_s);
}
static void key_coverage(ic_buf *b, const cell_style *st, const ic_finding *f)
{
	put_number(b, st, f->coverage);
}
static void key_bytes_out(ic_buf *b, const cell_style *st, const ic_finding *f)
{
	put_natural(b, st, f->bytes_out);
}
static void key_bytes_in(ic_buf *b, const cell_style *st, const ic_finding *f)
{
	put_natural(b, st, f->bytes_in);
}

static void key_prevalence(ic_buf *b, const cell_style *st, const ic_finding *f)
{
	if (f->prevalence_hosts < 0 && f->prevalence_of < 0) {
		st->null(b);
		return;
	}
	ic_buf_puts(b, st->json ? "{\"hosts\":" : "");
	put_natural(b, st, f->prevalence_hosts);
	ic_buf_puts(b, st->json ? ",\"of\":" : "/");
	put_natural(b, st, f->prevalence_of);
	if (st->json)
		ic_buf_putc(b, '}');
}

static void key_user_agents(ic_buf *b, const cell_style *st, const ic_finding *f)
{
	put_list(b, st, f->user_agents, f->user_agent_count);
}
static void key_ja3(ic_buf *b, const cell_style *st, const ic_finding *f)
{
	put_list(b, st, f->ja3, f->ja3_count);
}
static void key_ja4(ic_buf *b, const cell_style *st, const ic_finding *f)
{
	put_list(b, st, f->ja4, f->ja4_count);
}
static void key_attack(ic_buf *b, const cell_style *st, const ic_finding *f)
{
	put_names(b, st, f->attack, f->attack_count);
}

static void key_covers(ic_buf *b, const cell_style *st, const ic_finding *f)
{
	list_writer w = list_begin(b, st);
	for (size_t i = 0; i < f->cover_count; i++) {
		const ic_cover *c = &f->covers[i];
		ic_buf *to = list_next(&w);
		if (!st->json) {
			ic_buf_puts(to, ic_group_by_names[c->group_by]);
			ic_buf_putc(to, '=');
			ic_buf_str(to, c->value);
			continue;
		}
		ic_buf_puts(to, "{\"group_by\":");
		ic_buf_json(to, ic_str_of(ic_group_by_names[c->group_by]));
		ic_buf_puts(to, ",\"value\":");
		put_text(to, st, c->value);
		ic_buf_puts(to, ",\"connections\":");
		ic_buf_u64(to, c->connections);
		ic_buf_puts(to, ",\"automation\":");
		put_number(to, st, c->automation);
		ic_buf_putc(to, '}');
	}
	list_end(&w);
}

static void key_part_of(ic_buf *b, const cell_style *st, const ic_finding *f)
{
	if (f->part_of)
		put_id(b, st, f->part_of);
	else
		st->null(b);
}
static void key_lowered_by(ic_buf *b, const cell_style *st, const ic_finding *f)
{
	put_names(b, st, f->lowered_by, f->lowered_count);
}

static void key_reasons(ic_buf *b, const cell_style *st, const ic_finding *f)
{
	list_writer w = list_begin(b, st);
	for (size_t i = 0; i < f->reason_count; i++) {
		const ic_reason *r = &f->reasons[i];
		ic_buf *to = list_next(&w);
		if (!st->json) {
			ic_buf_puts(to, r->code);
			ic_buf_putc(to, ':');
			put_number(to, st, r->contribution);
			continue;
		}
		ic_buf_puts(to, "{\"code\":");
		ic_buf_json(to, ic_str_of(r->code));
		ic_buf_puts(to, ",\"value\":");
		put_number(to, st, r->value);
		ic_buf_puts(to, ",\"weight\":");
		put_number(to, st, r->weight);
		ic_buf_puts(to, ",\"contribution\":");
		put_number(to, st, r->contribution);
		ic_buf_puts(to, ",\"text\":");
		put_text(to, st, ic_str_of(r->text));
		ic_buf_putc(to, '}');
	}
	list_end(&w);
}

static void key_summary(ic_buf *b, const cell_style *st, const ic_finding *f)
{
	put_text(b, st, ic_str_of(f->summary));
}

static const struct {
	const char *name;
	void (*put)(ic_buf *b, const cell_style *st, const ic_finding *f);
} keys[] = {
	{ "id", key_id },
	{ "detector", key_detector },
	{ "level", key_level },
	{ "automation", key_automation },
	{ "priority", key_priority },
	{ "src_ip", key_src_ip },
	{ "src_host", key_src_host },
	{ "process", key_process },
	{ "dst_ip", key_dst_ip },
	{ "dst_name", key_dst_name },
	{ "dst_port", key_dst_port },
	{ "transport", key_transport },
	{ "service", key_service },
	{ "group_by", key_group_by },
	{ "event_level", key_event_level },
	{ "connections", key_connections },
	{ "first_seen", key_first_seen },
	{ "last_seen", key_last_seen },
	{ "sleep_s", key_sleep },
	{ "jitter", key_jitter },
	{ "interval_median_s", key_median },
	{ "coverage", key_coverage },
	{ "bytes_out", key_bytes_out },
	{ "bytes_in", key_bytes_in },
	{ "prevalence", key_prevalence },
	{ "user_agents", key_user_agents },
	{ "ja3", key_ja3 },
	{ "ja4", key_ja4 },
	{ "attack", key_attack },
	{ "covers", key_covers },
	{ "part_of", key_part_of },
	{ "lowered_by", key_lowered_by },
	{ "reasons", key_reasons },
	{ "summary", key_summary },
};
#define KEYS (sizeof(keys) / sizeof(keys[0]))

static void put_object(ic_buf *b, const ic_finding *f)
{
	for (size_t k = 0; k < KEYS; k++) {
		ic_buf_puts(b, k ? ",\"" : "{\"");
		ic_buf_puts(b, keys[k].name);
		ic_buf_puts(b, "\":");
		keys[k].put(b, &json_style, f);
	}
	ic_buf_putc(b, '}');
}

static void put_csv_row(ic_buf *b, const ic_finding *f)
{
	for (size_t k = 0; k < KEYS; k++) {
		if (k)
			ic_buf_putc(b, ',');
		keys[k].put(b, &csv_style, f);
	}
	ic_buf_putc(b, '\n');
}

/* What stands before the first row, between rows, and after the last. */
typedef struct frame {
	const char *before, *between, *after_row, *after;
	void (*row)(ic_buf *b, const ic_finding *f);
} frame;

/* Text is formed by all threads, a piece each, and written in order. */
enum { PIECE = 128, PIECES = 8 };

typedef struct forming {
	const ic_findings *f;
	const frame *fr;
	size_t from; /* finding of the first piece */
	ic_buf piece[PIECES];
} forming;

static ic_status form_piece(void *ctx, unsigned k)
{
	forming *w = ctx;
	const size_t from = w->from + k * PIECE, left = w->f->n - from;
	ic_buf *b = &w->piece[k];
	for (size_t i = from; i < from + (left < PIECE ? left : PIECE) && !b->failed; i++) {
		ic_buf_puts(b, i ? w->fr->between : w->fr->before);
		w->fr->row(b, &w->f->list[i]);
		ic_buf_puts(b, w->fr->after_row);
	}
	return IC_OK;
}

static ic_status write_pieces(forming *w, const ic_output *out, ic_error *err)
{
	const size_t left = (w->f->n - w->from + PIECE - 1) / PIECE;
	const unsigned n = left < PIECES ? (unsigned)left : PIECES;
	ic_status s = ic_parallel_for(w->f->threads, n, form_piece, w);
	for (unsigned k = 0; k < n && s == IC_OK; k++)
		s = ic_report_send(out, &w->piece[k], err);
	return s;
}

static ic_status write_all(const ic_findings *f, const frame *fr, const ic_output *out, ic_error *err)
{
	forming w = { .f = f, .fr = fr };
	ic_status s = IC_OK;
	for (unsigned k = 0; k < PIECES; k++)
		ic_buf_init(&w.piece[k], 0);
	for (; w.from < f->n && s == IC_OK; w.from += PIECE * PIECES)
		s = write_pieces(&w, out, err);
	if (s == IC_OK) {
		ic_buf_puts(&w.piece[0], f->n ? "" : fr->before);
		ic_buf_puts(&w.piece[0], fr->after);
		s = ic_report_send(out, &w.piece[0], err);
	}
	for (unsigned k = 0; k < PIECES; k++)
		ic_buf_clear(&w.piece[k]);
	return s;
}

static ic_status write_ndjson(const ic_findings *f, const ic_output *out, ic_error *err)
{
	static const frame fr = { "", "", "\n", "", put_object };
	return write_all(f, &fr, out, err);
}

static ic_status write_json(const ic_findings *f, const ic_output *out, ic_error *err)
{
	static const frame fr = { "[", ",\n", "", "]\n", put_object };
	return write_all(f, &fr, out, err);
}

static ic_status write_csv(const ic_findings *f, const ic_output *out, ic_error *err)
{
	frame fr = { "", "", "", "", put_csv_row };
	ic_buf header;
	ic_buf_init(&header, 0);
	for (size_t k = 0; k < KEYS; k++) {
		if (k)
			ic_buf_putc(&header, ',');
		ic_buf_puts(&header, keys[k].name);
	}
	ic_buf_put(&header, "\n", 2); /* with its NUL */
	ic_status s = IC_E_NOMEM;
	if (header.failed) {
		ic_fail_nomem(err);
	} else {
		fr.before = header.p;
		s = write_all(f, &fr, out, err);
	}
	ic_buf_clear(&header);
	return s;
}

const ic_finding_format ic_finding_formats[] = {
	{ "table", "for people; the default on a terminal", ic_findings_table },
	{ "ndjson", "one JSON object a line; the default otherwise", write_ndjson },
	{ "json", "one JSON array", write_json },
	{ "csv", "RFC 4180 with a header; lists joined by ';'", write_csv },
	{ 0 },
};

const ic_finding_format *ic_finding_format_find(const char *name)
{
	for (const ic_finding_format *f = ic_finding_formats; f->name; f++)
		if (name && strcmp(f->name, name) == 0)
			return f;
	return NULL;
}
