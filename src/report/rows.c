/* SPDX-License-Identifier: Apache-2.0 */
#include "report/rows.h"

#include <math.h>

#include "base/error.h"

#define SEND_AT (64u << 10)

/* ---- values ------------------------------------------------------------------------------ */

/* Numbers that JSON has none of are strings. */
static void put_real(ic_buf *b, double d)
{
	if (isnan(d))
		ic_buf_puts(b, "\"NaN\"");
	else if (isinf(d))
		ic_buf_puts(b, d > 0 ? "\"Infinity\"" : "\"-Infinity\"");
	else
		ic_buf_double(b, d);
}

static void put_dynamic(ic_buf *b, ic_arena *scratch, const ic_dyn *d)
{
	ic_str s;
	switch (d->kind) {
	case IC_DYN_STRING: ic_buf_json(b, d->s); return;
	case IC_DYN_REAL: put_real(b, d->d); return;
	case IC_DYN_ARRAY:
		ic_buf_putc(b, '[');
		for (uint32_t i = 0; i < d->n; i++) {
			if (i)
				ic_buf_putc(b, ',');
			put_dynamic(b, scratch, d->item[i]);
		}
		ic_buf_putc(b, ']');
		return;
	case IC_DYN_BAG:
		ic_buf_putc(b, '{');
		for (uint32_t i = 0; i < d->n; i++) {
			if (i)
				ic_buf_putc(b, ',');
			ic_buf_json(b, d->member[i].name);
			ic_buf_putc(b, ':');
			put_dynamic(b, scratch, d->member[i].value);
		}
		ic_buf_putc(b, '}');
		return;
	default: break;
	}
	s = ic_dyn_text(scratch, d);
	b->failed |= !s.p;
	bool text = d->kind == IC_DYN_DATETIME || d->kind == IC_DYN_TIMESPAN || d->kind == IC_DYN_GUID ||
		    d->kind == IC_DYN_DECIMAL;
	if (text && s.p && !(s.n && s.p[0] == '"'))
		ic_buf_json(b, s);
	else if (s.p)
		ic_buf_str(b, s);
}

static void put_json(ic_buf *b, ic_arena *scratch, const ic_value *v)
{
	if (v->null) {
		ic_buf_put(b, "null", 4);
		return;
	}
	switch (v->type) {
	case IC_Q_BOOL: ic_buf_puts(b, v->b ? "true" : "false"); return;
	case IC_Q_INT:
	case IC_Q_LONG: ic_buf_i64(b, v->i); return;
	case IC_Q_REAL: put_real(b, v->d); return;
	case IC_Q_STRING: ic_buf_json(b, v->s.p ? v->s : IC_STR("")); return;
	case IC_Q_DYNAMIC: put_dynamic(b, scratch, v->dyn); return;
	default: break;
	}
	ic_str s = ic_value_text(scratch, v);
	b->failed |= !s.p;
	if (s.p && v->type == IC_Q_DECIMAL)
		ic_buf_str(b, s);
	else if (s.p)
		ic_buf_json(b, s);
}

ic_str ic_rows_text(ic_arena *scratch, const ic_value *v)
{
	if (v->null)
		return (ic_str){ "", 0 };
	if (v->type == IC_Q_BOOL)
		return v->b ? IC_STR("true") : IC_STR("false");
	return v->type == IC_Q_STRING && v->s.p ? v->s : ic_value_text(scratch, v);
}

/* ---- NDJSON ------------------------------------------------------------------------------- */

static ic_status nothing(ic_rows_writer *w)
{
	(void)w;
	return IC_OK;
}

static ic_status ndjson_begin(ic_rows_writer *w)
{
	for (uint32_t c = 0; c < w->schema->n; c++) {
		ic_buf_putc(&w->names, c ? ',' : '{');
		ic_buf_json(&w->names, w->schema->column[c].name);
		ic_buf_put(&w->names, ":", 2);
	}
	return w->names.failed ? IC_E_NOMEM : IC_OK;
}

static void ndjson_form(const ic_rows_writer *w, const ic_value *row, ic_arena *scratch, ic_buf *to)
{
	const char *name = w->names.p;
	for (uint32_t c = 0; c < w->schema->n; c++) {
		const size_t n = strlen(name);
		ic_buf_put(to, name, n);
		put_json(to, scratch, &row[c]);
		name += n + 1;
	}
	ic_buf_puts(to, w->schema->n ? "}\n" : "{}\n");
}

static const ic_rows_ops ndjson = { .begin = ndjson_begin, .form = ndjson_form, .end = nothing };

/* ---- JSON: one object --------------------------------------------------------------------- */

static ic_status json_begin(ic_rows_writer *w)
{
	ic_buf_puts(&w->text, "{\"columns\":[");
	for (uint32_t c = 0; c < w->schema->n; c++) {
		ic_buf_puts(&w->text, c ? ",\n{\"name\":" : "\n{\"name\":");
		ic_buf_json(&w->text, w->schema->column[c].name);
		ic_buf_printf(&w->text, ",\"type\":\"%s\"}", ic_qtype_name(w->schema->column[c].type));
	}
	ic_buf_puts(&w->text, "],\n\"rows\":[");
	return IC_OK;
}

static void json_form(const ic_rows_writer *w, const ic_value *row, ic_arena *scratch, ic_buf *to)
{
	ic_buf_putc(to, '[');
	for (uint32_t c = 0; c < w->schema->n; c++) {
		if (c)
			ic_buf_putc(to, ',');
		put_json(to, scratch, &row[c]);
	}
	ic_buf_putc(to, ']');
}

static ic_status json_end(ic_rows_writer *w)
{
	ic_buf_puts(&w->text, "]}\n");
	return IC_OK;
}

static const ic_rows_ops json = { .begin = json_begin,
				  .form = json_form,
				  .end = json_end,
				  .before_first = "\n",
				  .before_next = ",\n",
				  .whole = true };

/* ---- CSV ----------------------------------------------------------------------------------- */

static ic_status csv_begin(ic_rows_writer *w)
{
	for (uint32_t c = 0; c < w->schema->n; c++) {
		if (c)
			ic_buf_putc(&w->text, ',');
		ic_buf_csv(&w->text, w->schema->column[c].name);
	}
	ic_buf_putc(&w->text, '\n');
	return IC_OK;
}

static void csv_form(const ic_rows_writer *w, const ic_value *row, ic_arena *scratch, ic_buf *to)
{
	for (uint32_t c = 0; c < w->schema->n; c++) {
		ic_str s = ic_rows_text(scratch, &row[c]);
		if (c)
			ic_buf_putc(to, ',');
		/* a span or a real may begin with a sign without being a formula */
		bool plain = row[c].type != IC_Q_STRING && row[c].type != IC_Q_DYNAMIC;
		to->failed |= !s.p;
		if (s.p && plain)
			ic_buf_str(to, s);
		else if (s.p)
			ic_buf_csv(to, s);
	}
	ic_buf_putc(to, '\n');
}

static const ic_rows_ops csv = { .begin = csv_begin, .form = csv_form, .end = nothing };

/* ---- the writer ------------------------------------------------------------------------------ */

const ic_rows_format ic_rows_formats[] = {
	{ "table", "columns for people, the default on a terminal", &ic_rows_table },
	{ "ndjson", "one JSON object a row, the default otherwise", &ndjson },
	{ "json", "one object with columns, their types, and rows", &json },
	{ "csv", "RFC 4180 with a header", &csv },
	{ 0 },
};

ic_rows_writer *ic_rows_writer_new(const char *format, const ic_schema *schema, const ic_output *out,
				   ic_error *err)
{
	const ic_rows_format *f = ic_rows_formats;
	while (f->name && strcmp(f->name, format) != 0)
		f++;
	if (!f->name) {
		ic_fail(err, IC_E_USAGE, "no format of rows is called \"%s\"", format);
		return NULL;
	}
	ic_rows_writer *w = ic_calloc(1, sizeof *w);
	if (!w) {
		ic_fail_nomem(err);
		return NULL;
	}
	*w = (ic_rows_writer){ .ops = f->ops, .schema = schema, .out = out };
	ic_buf_init(&w->text, 0);
	ic_buf_init(&w->formed, 0);
	ic_buf_init(&w->names, 0);
	ic_arena_init(&w->arena, 0, NULL);
	if (w->ops->begin(w) != IC_OK || w->text.failed) {
		ic_rows_writer_free(w);
		ic_fail_nomem(err);
		return NULL;
	}
	return w;
}

void ic_rows_writer_free(ic_rows_writer *w)
{
	if (!w)
		return;
	if (w->ops->free)
		w->ops->free(w);
	ic_arena_clear(&w->arena);
	ic_buf_clear(&w->text);
	ic_buf_clear(&w->formed);
	ic_buf_clear(&w->names);
	ic_free(w);
}

/* Sends what is there. */
static ic_status send_text(ic_rows_writer *w)
{
	ic_status st = IC_OK;
	if (w->text.failed)
		return IC_E_NOMEM;
	if (w->text.n)
		st = w->out->write(w->out->ctx, w->text.p, w->text.n);
	ic_buf_reset(&w->text);
	return st;
}

/* What stands before the next row. */
static void begin_row(ic_rows_writer *w)
{
	const char *before = w->rows ? w->ops->before_next : w->ops->before_first;
	if (before)
		ic_buf_puts(&w->text, before);
}

/* After a row, which ended with that status. */
static ic_status end_row(ic_rows_writer *w, ic_status st)
{
	w->rows++;
	/* the buffer is at its cap, or there was no memory for it */
	if (w->text.failed)
		st = w->text.n > w->text.cap / 2 ? IC_E_LIMIT : IC_E_NOMEM;
	if (st == IC_OK && !w->ops->whole && w->text.n >= SEND_AT)
		st = send_text(w);
	return st;
}

void ic_rows_form(const ic_rows_writer *w, const ic_value *row, ic_arena *scratch, ic_buf *to)
{
	w->ops->form(w, row, scratch, to);
}

ic_status ic_rows_put(ic_rows_writer *w, const char *formed, size_t n)
{
	begin_row(w);
	if (w->ops->put)
		return end_row(w, w->ops->put(w, formed, n));
	ic_buf_put(&w->text, formed, n);
	return end_row(w, IC_OK);
}

static ic_status write_row(ic_rows_writer *w, const ic_value *row)
{
	ic_arena_reset(&w->arena);
	if (!w->ops->put) {
		begin_row(w);
		w->ops->form(w, row, &w->arena, &w->text);
		return end_row(w, IC_OK);
	}
	ic_buf_reset(&w->formed);
	w->ops->form(w, row, &w->arena, &w->formed);
	return w->formed.failed ? IC_E_NOMEM : ic_rows_put(w, w->formed.p, w->formed.n);
}

ic_status ic_rows_write(ic_rows_writer *w, const ic_chunk *c)
{
	ic_value *row = ic_malloc(sizeof *row * (c->columns + (size_t)1));
	ic_status st = row ? IC_OK : IC_E_NOMEM;
	bool first = w->rows == 0;
	for (uint32_t r = 0; st == IC_OK && r < c->rows; r++) {
		for (uint32_t k = 0; k < c->columns; k++)
			row[k] = ic_vector_value(&c->col[k], r);
		st = write_row(w, row);
	}
	/* the first rows are seen at once */
	if (st == IC_OK && first && !w->ops->whole)
		st = send_text(w);
	ic_free(row);
	return st;
}

ic_status ic_rows_end(ic_rows_writer *w, ic_error *err)
{
	ic_status st = w->ops->end(w);
	if (st == IC_OK)
		st = send_text(w);
	if (st == IC_E_NOMEM)
		return ic_fail_nomem(err);
	return st == IC_OK ? IC_OK : ic_fail(err, st, "writing failed");
}
