/* SPDX-License-Identifier: Apache-2.0 */
/* Scans of table files: records to chunks. NDJSON is cut into parts that are read side by side. */
#include <stdatomic.h>
#include <stdio.h>

#include "base/buf.h"
#include "base/error.h"
#include "base/hash.h"
#include "engine/query.h"
#include "engine/table_file.h"
#include "source/messages.h"

enum { GUESSES = 256, CELLS = 1 << 18 };

typedef struct worker {
	ic_arena arena;
	ic_records records;
	bool open;
	uint64_t seq, flow;
	ic_vector_out *out;
	ic_vector *col;
	uint64_t *filled;	/* row + 1 of the last value of each output column */
	int32_t guess[GUESSES]; /* column of the member at this place of the last object */
	uint64_t row;		/* rows ever, for `filled` */
	ic_chunk chunk;
} worker;

typedef struct scan {
	const ic_relation_class *class;
	ic_query_run *q;
	const ic_op *op;
	ic_table_file *file;
	int32_t *place;	      /* output column of each column of the table, -1: not read */
	uint32_t *slot;	      /* hash of names: 1 + column of the table */
	uint32_t slots, room; /* room: rows of a chunk */
	worker *workers;
	unsigned worker_n;
	_Atomic uint64_t next_part, rows, bad, unfit;
	uint64_t parts;
	pthread_mutex_t lock; /* of what follows */
	ic_error first;
	bool damaged; /* not all of the file was read */
} scan;

/* ---- problems ------------------------------------------------------------------------------ */

static void note_first(scan *s, const worker *w, const char *what, ic_str text)
{
	pthread_mutex_lock(&s->lock);
	if (s->first.code == IC_OK) {
		/* the line is known where the file is read as one */
		uint64_t line = s->parts == 1 ? w->records.number + s->file->header : 0;
		bool lines = s->file->kind == IC_TABLE_NDJSON;
		(void)ic_fail_at(&s->first, IC_E_FORMAT, s->file->path, lines ? line : 0, 0, "%s: %.*s", what,
				 (int)(text.n < 60 ? text.n : 60), text.p ? text.p : "");
	}
	pthread_mutex_unlock(&s->lock);
}

static void count_unfit(scan *s, const worker *w, uint32_t column, ic_str text)
{
	char what[160];
	const ic_qcolumn *c = &s->file->schema.column[column];
	atomic_fetch_add_explicit(&s->unfit, 1, memory_order_relaxed);
	(void)snprintf(what, sizeof what, "no %s for column %.*s, so null", ic_qtype_name(c->type),
		       (int)(c->name.n < 80 ? c->name.n : 80), c->name.p);
	note_first(s, w, what, text);
}

static void count_bad(scan *s, const worker *w, ic_str text)
{
	atomic_fetch_add_explicit(&s->bad, 1, memory_order_relaxed);
	note_first(s, w, "no row", text);
}

/* ---- rows ------------------------------------------------------------------------------------ */

static int32_t column_of(const scan *s, ic_str name)
{
	uint64_t h = ic_hash(name.p, name.n);
	for (uint32_t at; (at = s->slot[h & (s->slots - 1)]); h++)
		if (ic_str_eq(s->file->schema.column[at - 1].name, name))
			return (int32_t)at - 1;
	return -1;
}

static void put(scan *s, worker *w, uint32_t row, uint32_t column, ic_value v, bool fits, ic_str text)
{
	int32_t to = s->place[column];
	if (!fits)
		count_unfit(s, w, column, text);
	if (v.null && v.type == IC_Q_STRING && s->q->language != IC_FN_AQL)
		v = ic_value_str((ic_str){ "", 0 });
	ic_vector_set(&w->out[to], row, &v);
	w->filled[to] = w->row + 1;
}

static bool wanted(const scan *s, int32_t column)
{
	return column >= 0 && s->place[column] >= 0;
}

/* Members come in the same order as in the record before, mostly. .p NULL: nothing is known. */
static ic_str likely_name(const scan *s, const worker *w, uint32_t k)
{
	int32_t c = k < GUESSES ? w->guess[k] : -1;
	return c < 0 ? (ic_str){ NULL, 0 } : s->file->schema.column[c].name;
}

static int32_t member_column(const scan *s, worker *w, uint32_t k, ic_str likely, ic_str name)
{
	if (name.p == likely.p)
		return w->guess[k];
	if (memchr(name.p, '\\', name.n)) {
		bool fits;
		ic_value v =
		    ic_cell_of_json(&w->arena, IC_Q_STRING, (ic_str){ name.p - 1, name.n + 2 }, &fits);
		return fits ? column_of(s, v.s) : -1;
	}
	int32_t c = column_of(s, name);
	if (k < GUESSES)
		w->guess[k] = c;
	return c;
}

/* An array or object is read where it stands, once; whatever is wrong with it, the longer way finds out. */
static bool put_nested(scan *s, worker *w, uint32_t row, uint32_t column, ic_str record, size_t *at)
{
	uint32_t used;
	ic_str rest = { record.p + *at, (uint32_t)(record.n - *at) };
	bool nested = rest.n && (rest.p[0] == '[' || rest.p[0] == '{');
	if (!nested || s->file->schema.column[column].type != IC_Q_DYNAMIC)
		return false;
	const ic_dyn *d = ic_dyn_parse_first(&w->arena, rest, &used);
	if (!d)
		return false;
	put(s, w, row, column, ic_value_dyn(d), true, rest);
	*at += used;
	return true;
}

static bool put_object(scan *s, worker *w, uint32_t row, ic_str record)
{
	size_t at = 0;
	ic_str likely = likely_name(s, w, 0), name, value;
	bool bad, fits;
	for (uint32_t k = 0; ic_record_name(record, &at, likely, &name, &bad);
	     likely = likely_name(s, w, ++k)) {
		int32_t c = member_column(s, w, k, likely, name);
		bool mine = wanted(s, c);
		if (mine && put_nested(s, w, row, (uint32_t)c, record, &at))
			continue;
		if (!ic_record_value(record, &at, &value, &bad))
			break;
		if (!mine)
			continue;
		ic_value v = ic_cell_of_json(&w->arena, s->file->schema.column[c].type, value, &fits);
		put(s, w, row, (uint32_t)c, v, fits, value);
	}
	return !bad;
}

static bool put_array(scan *s, worker *w, uint32_t row, ic_str record)
{
	size_t at = 0;
	ic_str value;
	bool bad, fits;
	for (uint32_t k = 0; ic_record_element(record, &at, &value, &bad); k++) {
		int32_t c = k < s->file->cells ? s->file->cell_column[k] : -1;
		if (!wanted(s, c))
			continue;
		ic_value v = ic_cell_of_json(&w->arena, s->file->schema.column[c].type, value, &fits);
		put(s, w, row, (uint32_t)c, v, fits, value);
	}
	return !bad;
}

static bool put_cells(scan *s, worker *w, uint32_t row)
{
	const ic_csv_split *split = w->records.split;
	uint32_t n = split->count < s->file->cells ? split->count : s->file->cells;
	bool fits;
	for (uint32_t k = 0; k < n; k++) {
		int32_t c = s->file->cell_column[k];
		if (!wanted(s, c))
			continue;
		ic_str cell = { split->cells[k].p, split->cells[k].n };
		ic_value v = ic_cell_of_csv(&w->arena, s->file->schema.column[c].type, cell,
					    split->cells[k].doubled, &fits);
		put(s, w, row, (uint32_t)c, v, fits, cell);
	}
	return true;
}

/* False: it is no row. */
static bool put_record(scan *s, worker *w, uint32_t row, ic_str record)
{
	bool good;
	w->row++;
	switch (s->file->kind) {
	case IC_TABLE_CSV: good = put_cells(s, w, row); break;
	case IC_TABLE_TYPED: good = put_array(s, w, row, record); break;
	case IC_TABLE_LINES:
		if (s->place[0] >= 0)
			put(s, w, row, 0, ic_value_str(record), true, record);
		good = true;
		break;
	default: good = put_object(s, w, row, record); break;
	}
	for (uint32_t c = 0; good && c < s->op->out.n; c++) {
		if (w->filled[c] == w->row + 1)
			continue;
		ic_value none = ic_value_null(s->op->out.column[c].type);
		if (none.type == IC_Q_STRING && s->q->language != IC_FN_AQL)
			none = ic_value_str((ic_str){ "", 0 });
		ic_vector_set(&w->out[c], row, &none);
	}
	return good;
}

/* ---- the scan ---------------------------------------------------------------------------------- */

static void close_scan(void *ctx, bool early);

static bool index_names(scan *s)
{
	const ic_schema *schema = &s->file->schema;
	s->slots = 16;
	while (s->slots < schema->n * 2)
		s->slots *= 2;
	s->slot = ic_calloc(s->slots, sizeof *s->slot);
	s->place = ic_calloc(schema->n + 1, sizeof *s->place);
	if (!s->slot || !s->place)
		return false;
	for (uint32_t i = 0; i < schema->n; i++) {
		uint64_t h = ic_hash(schema->column[i].name.p, schema->column[i].name.n);
		while (s->slot[h & (s->slots - 1)])
			h++;
		s->slot[h & (s->slots - 1)] = i + 1;
		s->place[i] = -1;
	}
	for (uint32_t i = 0; i < s->op->out.n; i++)
		s->place[s->op->scan.column ? s->op->scan.column[i] : i] = (int32_t)i;
	return true;
}

static bool make_workers(scan *s, unsigned n)
{
	s->workers = ic_calloc(n, sizeof *s->workers);
	if (!s->workers)
		return false;
	s->worker_n = n;
	for (unsigned i = 0; i < n; i++)
		ic_arena_init(&s->workers[i].arena, 1 << 20, NULL);
	for (unsigned i = 0; i < n; i++) {
		worker *w = &s->workers[i];
		w->out = ic_calloc(s->op->out.n + 1, sizeof *w->out);
		w->col = ic_calloc(s->op->out.n + 1, sizeof *w->col);
		w->filled = ic_calloc(s->op->out.n + 1, sizeof *w->filled);
		if (!w->out || !w->col || !w->filled)
			return false;
		for (uint32_t k = 0; k < GUESSES; k++)
			w->guess[k] = -1;
	}
	return true;
}

/* Each scan reads its table by itself. */
static const void *input_of(const ic_query_run *q, const ic_op *op)
{
	(void)q;
	return op;
}

static ic_status open_scan(const ic_op *const *scans, uint32_t n, unsigned workers, void **ret, ic_error *err)
{
	const ic_op *op = scans[0];
	const ic_relation *r = op->scan.table->origin;
	(void)n; /* 1: see input_of */
	scan *s = ic_calloc(1, sizeof *s);
	if (!s)
		return ic_fail_nomem(err);
	s->class = &ic_file_relation;
	s->q = r->q;
	s->op = op;
	s->file = r->file;
	s->parts = ic_table_can_cut(r->file) ? (r->file->size + IC_TABLE_UNIT - 1) / IC_TABLE_UNIT : 1;
	s->parts = s->parts ? s->parts : 1;
	s->room = op->out.n > CELLS / IC_CHUNK_ROWS ? CELLS / op->out.n : IC_CHUNK_ROWS;
	pthread_mutex_init(&s->lock, NULL);
	if (!index_names(s) || !make_workers(s, workers)) {
		close_scan(s, true);
		return ic_fail_nomem(err);
	}
	*ret = s;
	return IC_OK;
}

static ic_status next_part(void *ctx, unsigned number, void **unit, uint64_t *seq, ic_error *err)
{
	scan *s = ctx;
	worker *w = &s->workers[number];
	uint64_t part = atomic_fetch_add(&s->next_part, 1);
	*unit = NULL;
	if (w->open)
		ic_records_end(&w->records);
	w->open = false;
	if (part >= s->parts)
		return IC_OK;
	w->seq = *seq = part;
	w->flow = 0;
	ic_status st = ic_records_begin(&w->records, s->file, part, err);
	w->open = true;
	if (st == IC_OK)
		*unit = w;
	return st;
}

static bool begin_chunk(const scan *s, worker *w)
{
	ic_arena_reset(&w->arena);
	for (uint32_t c = 0; c < s->op->out.n; c++)
		if (!ic_vector_make(&w->out[c], &w->arena, s->op->out.column[c].type, s->room))
			return false;
	return true;
}

/* A part that ends: what was wrong with it as a whole. */
static void end_part(scan *s, worker *w)
{
	if (w->records.too_long || w->records.broken) {
		atomic_fetch_add(&s->bad, w->records.too_long + w->records.broken);
		note_first(s, w, "no row",
			   w->records.broken ? IC_STR("a quote is not closed")
					     : IC_STR("longer than 16 MiB"));
	}
	const ic_records *r = &w->records;
	if (r->damaged) {
		pthread_mutex_lock(&s->lock);
		s->damaged = true; /* which says more than a row that is bad */
		if (r->places > 1)
			(void)ic_fail_at(&s->first, r->why.code, s->file->path, 0, 0, IC_MSG_GAPS,
					 r->why.message, r->places - 1, IC_S(r->places - 1));
		else
			(void)ic_fail_at(&s->first, r->why.code, s->file->path, 0, 0, "%s", r->why.message);
		pthread_mutex_unlock(&s->lock);
	}
}

static ic_status read_on(void *ctx, unsigned number, void *unit, bool *ret_more, ic_error *err)
{
	scan *s = ctx;
	worker *w = unit;
	uint32_t rows = 0;
	bool more = false;
	ic_str record;
	(void)number;
	*ret_more = false;
	if (!begin_chunk(s, w))
		return ic_fail_nomem(err);
	while (rows < s->room) {
		if (ic_records_next(&w->records, &record, &more)) {
			if (w->records.number == 1 && s->file->header)
				continue;
			if (put_record(s, w, rows, record))
				rows++;
			else
				count_bad(s, w, record);
			continue;
		}
		/* cells point into the buffer, which reading on moves */
		if (!more || rows)
			break;
		ic_status st = ic_records_fill(&w->records, err);
		if (st != IC_OK)
			return st;
	}
	if (w->arena.failed) /* or some cells would be null for lack of memory */
		return ic_fail_nomem(err);
	if (rows == 0) {
		end_part(s, w);
		return IC_OK;
	}
	atomic_fetch_add_explicit(&s->rows, rows, memory_order_relaxed);
	for (uint32_t c = 0; c < s->op->out.n; c++)
		w->col[c] = w->out[c].v;
	w->chunk = (ic_chunk){
		.rows = rows, .columns = s->op->out.n, .col = w->col, .seq = w->seq, .flow = w->flow
	};
	w->flow += rows;
	*ret_more = true;
	return IC_OK;
}

static ic_status chunk_of(void *ctx, unsigned number, uint32_t i, const ic_chunk **ret, ic_error *err)
{
	scan *s = ctx;
	(void)i;
	(void)err;
	*ret = &s->workers[number].chunk;
	return IC_OK;
}

static const char *kind_name(ic_table_kind k)
{
	switch (k) {
	case IC_TABLE_EMPTY: break;
	case IC_TABLE_NDJSON: return "ndjson table";
	case IC_TABLE_ARRAY: return "json table";
	case IC_TABLE_TYPED: return "typed json table";
	case IC_TABLE_CSV: return "csv table";
	case IC_TABLE_LINES: return "lines";
	}
	return "";
}

static void report(scan *s, bool early)
{
	ic_buf shown;
	const uint64_t bad = s->bad;
	if (s->file->quiet || !s->workers)
		return;
	s->file->quiet = true;
	s->q->run.summary.unfit += s->unfit;
	ic_buf_init(&shown, 0);
	ic_buf_term(&shown, ic_str_of(s->file->path));
	ic_buf_putc(&shown, 0);
	const ic_file_report r = { .path = shown.failed ? "" : shown.p,
				   .device = s->file->device,
				   .inode = s->file->inode,
				   .format = kind_name(s->file->kind),
				   .read = s->rows + bad,
				   .kept = s->rows,
				   .bad = bad,
				   .damaged = s->damaged,
				   .in_part = early,
				   .first_bad = s->first };
	ic_run_report(&s->q->run, &r);
	ic_buf_clear(&shown);
}

static void close_scan(void *ctx, bool early)
{
	scan *s = ctx;
	report(s, early);
	for (unsigned i = 0; i < s->worker_n; i++) {
		worker *w = &s->workers[i];
		if (w->open)
			ic_records_end(&w->records);
		ic_arena_clear(&w->arena);
		ic_free(w->out);
		ic_free(w->col);
		ic_free(w->filled);
	}
	pthread_mutex_destroy(&s->lock);
	ic_free(s->workers);
	ic_free(s->place);
	ic_free(s->slot);
	ic_free(s);
}

const ic_relation_class ic_file_relation = {
	.input = input_of,
	.open = open_scan,
	.next = next_part,
	.read = read_on,
	.chunk = chunk_of,
	.close = close_scan,
};
