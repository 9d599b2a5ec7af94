/* SPDX-License-Identifier: Apache-2.0 */
/* What summarize does when memory runs short.
 *
 * Under a memory limit rows go to partitions by what their keys are, not by ids. When memory runs short all
 * rows that come from then on go to a temporary file; the groups that there are stay. Each partition has the
 * first of its rows in its table then, and all others in the file. When all rows have come, one partition after
 * the other goes on where it stopped, with its rows from the file in the order of the input, so that states see
 * what they would see without a limit and need not be written themselves. Its groups, in the order of their
 * first rows, go to the file as a sorted run, and what it had in memory is forgotten. Runs are merged.
 *
 * A row in the file is the packed row and, behind it, what its ids stand for. Each worker packs with a
 * dictionary of its own, which is emptied again and again; rows that come back are given ids of the operator's
 * dictionary, which after each partition forgets what came with it. */
#include <errno.h>
#include <stdatomic.h>

#include "base/buf.h"
#include "base/temp.h"
#include "exec/rows/dyn_bytes.h"
#include "exec/op/sort_order.h"
#include "exec/group/summarize.h"

enum {
	BLOCK_SHARE = 32,	/* of the limit, what the blocks of all workers may take */
	BLOCK_LEAST = 16 << 10, /* bytes of a block in the file */
	BLOCK_MOST = 1 << 20,
	NAMES_BYTES = 640 << 10, /* of a worker's dictionary; its shards begin with half of that */
	BATCH_BYTES = 64 << 10,	 /* of packed rows at once */
	FIRST_ROWS = 64,	 /* of a page of groups */
};

/* In a block of the file: rows by partition. The head of a block says where each has its own. */
typedef struct record {
	uint32_t bytes, part;
} record;

typedef struct block_head {
	uint32_t start[IC_PARTITIONS + 1];
	uint64_t check[IC_PARTITIONS];
} block_head;

typedef struct block {
	uint64_t at, bytes;
} block;

/* Rows on their way to the file. In each of its partitions they are in the order of the input. */
typedef struct writer {
	ic_summarize view; /* the operator with a dictionary of this writer's own */
	ic_budget names;   /* of it */
	bool begun;
	char *rows; /* being packed */
	uint8_t part[IC_SUM_BLOCK];
	ic_buf records;
	size_t counted; /* of the budget, for records */
	block *block;
	uint32_t blocks, room;
	/* what is not thrown away any more: the first bytes of the records, if all blocks are, and blocks */
	size_t settled;
	uint32_t settled_blocks;
} writer;

struct ic_sum_spill {
	_Atomic bool on;
	pthread_mutex_t lock; /* of beginning, and of the last writer */
	ic_spill file;
	writer *writer; /* one a worker; the last one has rows that were packed before */
	unsigned writers;
	uint32_t batch;	    /* packed rows at once */
	size_t block_bytes; /* of records, then they go to the file */
	ic_budget *limited; /* the run's */
	/* groups */
	ic_qtype *type; /* the columns, then the place of the first row */
	ic_store maker;
	ic_sort_by by;
	ic_sort_order order;
	ic_sort_run run[IC_PARTITIONS];
	uint32_t rows; /* of a page */
};

/* ---- partitions -------------------------------------------------------------------------------- */

static uint64_t hash_cells(const ic_summarize *s, const char *cells)
{
	uint64_t seed = ic_hash_seed(), h = seed;
	uint32_t nulls;
	for (uint32_t i = 0; i < s->keys; i++) {
		const ic_cell *c = &s->key[i];
		ic_ip room;
		if (c->kind == IC_CELL_CONST)
			continue;
		uint64_t bits = ic_cell_bits(c, cells);
		bool borrows = ic_cell_borrows(c->kind, bits);
		ic_str bytes =
		    borrows ? ic_cell_bytes(&s->texts, c->kind, (uint32_t)bits, &room) : IC_STR("");
		h = ic_mix(borrows ? ic_hash(bytes.p, bytes.n) : bits, borrows, h);
	}
	for (uint32_t at = 0; at < (s->nulls + 31) / 32; at++) {
		memcpy(&nulls, cells + s->null_at + (size_t)at * 4, 4);
		h = ic_mix(nulls, at, h);
	}
	return h;
}

ic_status ic_sum_spill_pack(ic_summarize *s, ic_arena *a, const ic_vector *v, uint32_t at, uint32_t n,
			    uint64_t place, char *rows, uint8_t *part)
{
	char *wide = s->piece_bytes ? ic_arena_alloc(a, s->cell_bytes) : NULL;
	if (s->piece_bytes && !wide)
		return IC_E_NOMEM;
	ic_status st = ic_summarize_pack(s, a, v, at, n, place, rows, NULL);
	for (uint32_t r = 0; r < n && st == IC_OK; r++, rows += s->row_bytes) {
		if (wide)
			ic_summarize_cells(s, rows, wide);
		part[r] = (uint8_t)(hash_cells(s, wide ? wide : rows) >> 24);
	}
	return st;
}

/* ---- when ------------------------------------------------------------------------------------------ */

ic_status ic_sum_spill_look(ic_summarize *s, ic_error *err, bool *on)
{
	ic_sum_spill *sp = s->spill;
	*on = atomic_load_explicit(&sp->on, memory_order_acquire);
	if (*on || !ic_spill_is_due(&s->own))
		return IC_OK;
	pthread_mutex_lock(&sp->lock);
	ic_status st = sp->file.fd < 0 ? ic_spill_open(&sp->file, err) : IC_OK;
	*on = st == IC_OK;
	atomic_store_explicit(&sp->on, *on, memory_order_release);
	pthread_mutex_unlock(&sp->lock);
	return st;
}

bool ic_sum_spill_on(const ic_summarize *s)
{
	return atomic_load_explicit(&s->spill->on, memory_order_acquire);
}

/* ---- rows to the file ---------------------------------------------------------------------------- */

/* As much of the budget as the records have room. */
static ic_status count_records(ic_summarize *s, writer *w)
{
	size_t more = w->records.room - w->counted;
	if (w->records.failed || (more && ic_budget_take(s->budget, more) != 0))
		return IC_E_NOMEM;
	w->counted += more;
	return IC_OK;
}

static void put_bytes(ic_buf *b, const ic_texts *t, const ic_cell *c, const char *base)
{
	ic_ip room;
	uint64_t bits = ic_cell_bits(c, base);
	if (!ic_cell_borrows(c->kind, bits))
		return;
	if (c->kind == IC_CELL_POINTER) {
		size_t at = b->n;
		uint32_t n = 0;
		ic_buf_put(b, &n, sizeof n);
		ic_dyn_to_bytes(b, (const ic_dyn *)(uintptr_t)bits);
		n = (uint32_t)(b->n - at - sizeof n);
		if (!b->failed)
			memcpy(b->p + at, &n, sizeof n);
		return;
	}
	ic_str s = ic_cell_bytes(t, c->kind, (uint32_t)bits, &room);
	ic_buf_put(b, &s.n, sizeof s.n);
	ic_buf_put(b, s.p, s.n);
}

/* `view` has the dictionary that the row was packed with; `wide`: room for the cells of a wide key. */
static void put_row(writer *w, const ic_summarize *view, const char *row, unsigned part, char *wide)
{
	ic_buf *b = &w->records;
	record head = { 0, part };
	const char *cells = row;
	size_t from = b->n;
	ic_buf_put(b, &head, sizeof head);
	ic_buf_put(b, row, view->row_bytes);
	if (wide) {
		ic_summarize_cells(view, row, wide);
		ic_buf_put(b, wide, view->cell_bytes);
		cells = wide;
	}
	for (uint32_t i = 0; i < view->keys; i++)
		put_bytes(b, &view->texts, &view->key[i], cells);
	for (uint32_t i = 0; i < view->args; i++)
		if (view->arg[i].same == i)
			put_bytes(b, &view->texts, &view->arg[i], row);
	head.bytes = (uint32_t)(b->n - from);
	if (!b->failed)
		memcpy(b->p + from, &head, sizeof head);
}

static record record_at(const char *p)
{
	record r;
	memcpy(&r, p, sizeof r);
	return r;
}

/* The first records by partition, behind a head. */
static void sort_records(const writer *w, size_t n, char *to)
{
	block_head head = { .start = { 0 } };
	uint32_t at[IC_PARTITIONS], sum = sizeof head;
	record r;
	for (size_t i = 0; i < n; i += r.bytes) {
		r = record_at(w->records.p + i);
		head.start[r.part] += r.bytes;
	}
	for (unsigned i = 0; i <= IC_PARTITIONS; i++) {
		uint32_t bytes = head.start[i];
		head.start[i] = sum;
		sum += bytes;
	}
	memcpy(at, head.start, sizeof at);
	for (size_t i = 0; i < n; i += r.bytes) {
		r = record_at(w->records.p + i);
		memcpy(to + at[r.part], w->records.p + i, r.bytes);
		at[r.part] += r.bytes;
	}
	for (unsigned i = 0; i < IC_PARTITIONS; i++)
		head.check[i] = ic_hash(to + head.start[i], head.start[i + 1] - head.start[i]);
	memcpy(to, &head, sizeof head);
}

/* Records become a block: the settled ones, if there are any, so that a block has no others with them. */
static ic_status write_block(ic_summarize *s, writer *w, ic_error *err)
{
	size_t n = w->settled ? w->settled : w->records.n;
	if (n == 0)
		return IC_OK;
	if (w->blocks == w->room) {
		uint32_t room = w->room ? w->room * 2 : 16;
		block *more = ic_reallocarray(w->block, room, sizeof *more);
		if (!more)
			return IC_E_NOMEM;
		w->block = more;
		w->room = room;
	}
	block *b = &w->block[w->blocks];
	b->bytes = sizeof(block_head) + n;
	if (ic_budget_take(s->budget, b->bytes) != 0)
		return IC_E_NOMEM;
	char *bytes = ic_malloc(b->bytes);
	ic_status st = bytes ? IC_OK : IC_E_NOMEM;
	if (st == IC_OK) {
		sort_records(w, n, bytes);
		st = ic_spill_put(&s->spill->file, bytes, b->bytes, &b->at, err);
	}
	ic_free(bytes);
	ic_budget_give(s->budget, b->bytes);
	if (st != IC_OK)
		return st;
	w->blocks++;
	if (w->settled)
		w->settled_blocks = w->blocks;
	w->records.n -= n;
	memmove(w->records.p, w->records.p + n, w->records.n);
	w->settled = 0;
	return IC_OK;
}

static void settle(writer *w)
{
	w->settled = w->records.n;
	w->settled_blocks = w->blocks;
}

/* Rows that were packed: all of one partition, or row r of part[r]. Whenever there is a block of them it goes to the
 * file: a row may have any amount of text. */
static ic_status put_rows(ic_summarize *s, writer *w, const ic_summarize *view, const char *rows,
			  const uint8_t *part, unsigned only_part, uint32_t n, bool certain, ic_error *err)
{
	char *wide = s->piece_bytes ? ic_malloc(s->cell_bytes) : NULL;
	ic_status st = s->piece_bytes && !wide ? IC_E_NOMEM : IC_OK;
	for (uint32_t r = 0; r < n && st == IC_OK; r++) {
		put_row(w, view, rows + r * (size_t)s->row_bytes, part ? part[r] : only_part, wide);
		st = count_records(s, w);
		if (certain)
			settle(w);
		if (st == IC_OK && w->records.n > s->spill->block_bytes)
			st = write_block(s, w, err);
	}
	ic_free(wide);
	return st;
}

static ic_status begin_writing(ic_summarize *s, writer *w)
{
	w->begun = true;
	ic_status st = ic_texts_init(&w->view.texts, &w->names, s->texts.null_is_empty);
	if (st == IC_OK && !(w->rows = ic_reallocarray(NULL, s->spill->batch, s->row_bytes)))
		st = IC_E_NOMEM;
	return st == IC_OK && !ic_texts_mark(&w->view.texts) ? IC_E_NOMEM : st;
}

static void end_writing(writer *w)
{
	if (w->begun)
		ic_texts_clear(&w->view.texts);
	ic_free(w->rows);
	w->rows = NULL;
	w->begun = false;
}

static uint64_t text_bytes(const ic_vector *v, uint32_t row)
{
	if ((v->type != IC_Q_STRING && v->type != IC_Q_DYNAMIC) || ic_vector_null(v, row))
		return 0;
	uint32_t at = ic_vector_at(v, row);
	return v->type == IC_Q_STRING ? ((const ic_str *)v->data)[at].n
				      : ic_dyn_about_bytes(((const ic_dyn *const *)v->data)[at]);
}

/* How many of the n rows from `at` on may be packed at once: all, or as many as have a block of text, or one. */
static uint32_t rows_at_once(const ic_summarize *s, const ic_vector *v, uint32_t at, uint32_t n)
{
	uint64_t bytes = 0;
	n = n < s->spill->batch ? n : s->spill->batch;
	for (uint32_t r = 0; r < n; r++) {
		for (uint32_t i = 0; i < s->exprs; i++)
			bytes += text_bytes(&v[i], at + r);
		if (r && bytes > s->spill->block_bytes)
			return r;
	}
	return n;
}

ic_status ic_sum_spill_push(ic_summarize *s, unsigned worker, ic_arena *a, const ic_vector *v, uint32_t at,
			    uint32_t n, uint64_t place, bool certain, ic_error *err)
{
	writer *w = &s->spill->writer[worker];
	ic_status st = w->begun ? IC_OK : begin_writing(s, w);
	for (uint32_t some; n && st == IC_OK; at += some, n -= some, place += (uint64_t)some << 8) {
		some = rows_at_once(s, v, at, n);
		st = ic_sum_spill_pack(&w->view, a, v, at, some, place, w->rows, w->part);
		if (st == IC_OK)
			st = put_rows(s, w, &w->view, w->rows, w->part, 0, some, certain, err);
		if (w->names.used > NAMES_BYTES)
			ic_texts_rewind(&w->view.texts);
	}
	return st;
}

void ic_sum_spill_settle(ic_summarize *s, unsigned worker)
{
	settle(&s->spill->writer[worker]);
}

void ic_sum_spill_discard(ic_summarize *s, unsigned worker)
{
	writer *w = &s->spill->writer[worker];
	w->records.n = w->settled;
	w->blocks = w->settled_blocks;
}

ic_status ic_sum_spill_late(ic_summarize *s, unsigned part, const char *rows, uint32_t n, ic_error *err)
{
	ic_sum_spill *sp = s->spill;
	writer *w = &sp->writer[sp->writers - 1];
	pthread_mutex_lock(&sp->lock);
	ic_status st = put_rows(s, w, s, rows, NULL, part, n, true, err);
	pthread_mutex_unlock(&sp->lock);
	return st;
}

/* ---- rows come back -------------------------------------------------------------------------------- */

/* The rows that a writer has of one partition. */
typedef struct stream {
	const writer *w;
	uint32_t next; /* block */
	char *bytes;
	size_t n, at, room;
} stream;

typedef struct reader {
	ic_summarize *s;
	ic_sum_part *part;
	unsigned number;
	ic_error *err;
	ic_arena arena; /* of dynamic values */
	char *wide;
	char *rows; /* to be added */
	uint32_t n;
	size_t bytes; /* of their records */
	stream *stream;
} reader;

static ic_status add_rows(reader *r)
{
	uint32_t n = r->n;
	r->n = 0;
	r->bytes = 0;
	ic_status st = n ? ic_summarize_add(r->s, r->part, r->rows, n) : IC_OK;
	ic_arena_reset(&r->arena);
	return st;
}

static ic_status stream_room(reader *r, stream *t, size_t bytes)
{
	if (bytes <= t->room)
		return IC_OK;
	ic_free(t->bytes);
	ic_budget_give(r->s->budget, t->room);
	t->room = 0;
	t->bytes = NULL;
	if (ic_budget_take(r->s->budget, bytes) != 0)
		return IC_E_NOMEM;
	t->room = bytes;
	t->bytes = ic_malloc(bytes);
	if (!t->bytes)
		return IC_E_NOMEM;
	return IC_OK;
}

/* The next block that has rows of the partition. Rows that wait may point into the one before. */
static ic_status refill(reader *r, stream *t)
{
	const int fd = r->s->spill->file.fd;
	ic_status st = add_rows(r);
	t->at = t->n = 0;
	while (st == IC_OK && t->n == 0 && t->next < t->w->blocks) {
		const block *b = &t->w->block[t->next++];
		uint64_t start = b->at + offsetof(block_head, start) + r->number * sizeof(uint32_t);
		uint64_t checks = b->at + offsetof(block_head, check) + r->number * sizeof(uint64_t), check;
		uint32_t range[2];
		st = ic_temp_read(fd, range, sizeof range, start, r->err);
		if (st != IC_OK || range[0] == range[1])
			continue;
		if (range[0] > range[1] || range[1] > b->bytes)
			return ic_temp_fail(r->err, "trusted", EIO);
		size_t n = range[1] - range[0];
		st = stream_room(r, t, n);
		if (st == IC_OK)
			st = ic_temp_read(fd, t->bytes, n, b->at + range[0], r->err);
		if (st == IC_OK)
			st = ic_temp_read(fd, &check, sizeof check, checks, r->err);
		if (st == IC_OK && ic_hash(t->bytes, n) != check)
			return ic_temp_fail(r->err, "trusted", EIO);
		t->n = n;
	}
	return st;
}

static ic_status get_bytes(reader *r, const ic_cell *c, char *base, const char **at)
{
	uint64_t bits = ic_cell_bits(c, base);
	uint32_t n, id = 0;
	if (!ic_cell_borrows(c->kind, bits))
		return IC_OK;
	memcpy(&n, *at, sizeof n);
	ic_str bytes = { *at + sizeof n, n };
	*at += sizeof n + n;
	if (c->kind == IC_CELL_POINTER) {
		const ic_dyn *d = ic_dyn_from_bytes(&r->arena, bytes);
		memcpy(base + c->at, &d, sizeof d);
		return d ? IC_OK : IC_E_NOMEM;
	}
	ic_status st = ic_cell_id(&r->s->texts, c->kind, bytes, &id);
	memcpy(base + c->at, &id, sizeof id);
	return st;
}

/* A row as it was packed, with ids of the operator's dictionary. */
static ic_status get_row(reader *r, const char *from, char *row)
{
	ic_summarize *s = r->s;
	const char *at = from + sizeof(record) + s->row_bytes;
	char *cells = row;
	ic_status st = IC_OK;
	memcpy(row, from + sizeof(record), s->row_bytes);
	if (r->wide) {
		cells = memcpy(r->wide, at, s->cell_bytes);
		at += s->cell_bytes;
	}
	for (uint32_t i = 0; i < s->keys && st == IC_OK; i++)
		st = get_bytes(r, &s->key[i], cells, &at);
	if (r->wide && st == IC_OK)
		st = ic_summarize_pieces(s, r->wide, row);
	for (uint32_t i = 0; i < s->args && st == IC_OK; i++)
		if (s->arg[i].same == i)
			st = get_bytes(r, &s->arg[i], row, &at);
	return st;
}

static uint64_t place_of(const reader *r, const stream *t)
{
	uint64_t place;
	memcpy(&place, t->bytes + t->at + sizeof(record) + r->s->place_at, sizeof place);
	return place;
}

/* The stream that has the next row, and where that of another one is. NULL: there are no more. */
static stream *least_of(const reader *r, uint64_t *until)
{
	stream *least = NULL;
	uint64_t first = UINT64_MAX;
	*until = UINT64_MAX;
	for (unsigned i = 0; i < r->s->spill->writers; i++) {
		stream *t = &r->stream[i];
		uint64_t place = t->at < t->n ? place_of(r, t) : UINT64_MAX;
		if (place < first) {
			*until = first;
			first = place;
			least = t;
		} else if (place < *until) {
			*until = place;
		}
	}
	return least;
}

static ic_status bring_back(reader *r)
{
	uint64_t until;
	ic_status st = IC_OK;
	for (unsigned i = 0; i < r->s->spill->writers && st == IC_OK; i++) {
		r->stream[i].w = &r->s->spill->writer[i];
		st = refill(r, &r->stream[i]);
	}
	for (stream *t; st == IC_OK && (t = least_of(r, &until));) {
		while (st == IC_OK && t->at < t->n && place_of(r, t) < until) {
			const char *from = t->bytes + t->at;
			st = get_row(r, from, r->rows + r->n * (size_t)r->s->row_bytes);
			t->at += record_at(from).bytes;
			r->bytes += record_at(from).bytes;
			if (st == IC_OK &&
			    (++r->n == r->s->spill->batch || r->bytes > r->s->spill->block_bytes))
				st = add_rows(r);
		}
		if (st == IC_OK && t->at == t->n)
			st = refill(r, t);
	}
	return st == IC_OK ? add_rows(r) : st;
}

ic_status ic_sum_spill_back(ic_summarize *s, unsigned part, ic_error *err)
{
	ic_sum_spill *sp = s->spill;
	reader r = { .s = s, .part = &s->part[part], .number = part, .err = err };
	ic_arena_init(&r.arena, 0, s->budget);
	r.rows = ic_reallocarray(NULL, sp->batch, s->row_bytes);
	r.wide = s->piece_bytes ? ic_malloc(s->cell_bytes) : NULL;
	r.stream = ic_calloc(sp->writers, sizeof *r.stream);
	bool ok = r.rows && r.stream && (r.wide || !s->piece_bytes);
	ic_status st = ok ? bring_back(&r) : IC_E_NOMEM;
	for (unsigned i = 0; r.stream && i < sp->writers; i++) {
		ic_free(r.stream[i].bytes);
		ic_budget_give(s->budget, r.stream[i].room);
	}
	ic_free(r.stream);
	ic_free(r.wide);
	ic_free(r.rows);
	ic_arena_clear(&r.arena);
	return st;
}

/* ---- groups go ------------------------------------------------------------------------------------- */

static ic_sort_merge merge_of(ic_summarize *s, ic_worker *w)
{
	ic_sum_spill *sp = s->spill;
	return (ic_sort_merge){ .order = &sp->order,
				.file = &sp->file,
				.budget = sp->limited,
				.type = sp->type,
				.null_texts = sp->maker.null_texts,
				.columns = s->o->op->out.n,
				.rows = sp->rows,
				.err = w->err };
}

static ic_status write_some(ic_summarize *s, ic_worker *w, const ic_sum_part *p, uint32_t from, uint32_t n,
			    ic_sort_run *run)
{
	uint32_t columns = s->o->op->out.n;
	ic_sum_groups g = { .n = n,
			    .part = ic_arena_alloc(&w->arena, n * sizeof *g.part),
			    .entry = ic_arena_alloc(&w->arena, n * sizeof *g.entry) };
	ic_vector *col = ic_arena_alloc(&w->arena, (columns + (size_t)1) * sizeof *col);
	ic_vector_out first;
	if (!g.part || !g.entry || !col || !ic_vector_make(&first, &w->arena, IC_Q_LONG, n))
		return IC_E_NOMEM;
	for (uint32_t i = 0; i < n; i++) {
		g.part[i] = (ic_sum_part *)(uintptr_t)p;
		g.entry[i] = ic_sum_group(p, from + i);
		first.i[i] = (int64_t)(ic_sum_first(s, g.entry[i]) >> 8);
	}
	ic_status st = ic_summarize_columns(s, w, &w->arena, &g, NULL, col);
	col[columns] = first.v;
	ic_sort_merge m = merge_of(s, w);
	return st == IC_OK ? ic_sort_write(&m, &s->spill->maker, col, n, run, &s->spill->rows) : st;
}

ic_status ic_sum_spill_write(ic_summarize *s, ic_worker *w, unsigned part)
{
	ic_sum_spill *sp = s->spill;
	ic_sum_part *p = &s->part[part];
	uint32_t groups = ic_sum_group_count(p), most = ic_summarize_at_once(s);
	ic_worker own = *w;
	ic_status st = IC_OK;
	ic_arena_init(&own.arena, 0, s->budget);
	for (uint32_t at = 0, n; at < groups && st == IC_OK; at += n) {
		n = sp->rows < most ? sp->rows : most;
		n = groups - at < n ? groups - at : n;
		st = write_some(s, &own, p, at, n, &sp->run[part]);
		ic_arena_reset(&own.arena);
		if (st == IC_E_NOMEM && n > 1) { /* fewer may do */
			sp->rows = n / 2;
			n = 0;
			st = IC_OK;
		}
	}
	ic_arena_clear(&own.arena);
	ic_sum_part_clear(p);
	ic_texts_rewind(&s->texts);
	return st;
}

ic_status ic_sum_spill_pass(ic_summarize *s, ic_worker *w)
{
	ic_sum_spill *sp = s->spill;
	uint32_t n = 0;
	/* the memory is for merging, and for those behind */
	ic_texts_empty(&s->texts);
	ic_blocks_clear(&s->blocks);
	ic_blocks_init(&s->blocks);
	for (uint32_t i = 0; i < IC_PARTITIONS; i++) {
		ic_sort_run one = sp->run[i];
		sp->run[i] = (ic_sort_run){ .n = 0 };
		if (one.spilled.n)
			sp->run[n++] = one;
	}
	const ic_sort_merge m = merge_of(s, w);
	return ic_sort_pass(&m, &sp->maker, sp->run, n, UINT64_MAX, s->o, w);
}

/* ---- life -------------------------------------------------------------------------------------------- */

ic_status ic_sum_spill_end(ic_summarize *s, ic_error *err)
{
	ic_sum_spill *sp = s->spill;
	ic_status st = IC_OK;
	for (unsigned i = 0; i < sp->writers && st == IC_OK; i++) {
		writer *w = &sp->writer[i];
		settle(w);
		st = write_block(s, w, err);
		ic_buf_clear(&w->records);
		ic_budget_give(s->budget, w->counted);
		w->counted = 0;
		end_writing(w);
	}
	return st == IC_OK && !ic_texts_mark(&s->texts) ? IC_E_NOMEM : st;
}

ic_status ic_sum_spill_new(ic_summarize *s)
{
	const ic_schema *out = &s->o->op->out;
	ic_sum_spill *sp = ic_calloc(1, sizeof *sp);
	if (!sp)
		return IC_E_NOMEM;
	s->spill = sp;
	pthread_mutex_init(&sp->lock, NULL);
	ic_spill_init(&sp->file, &s->o->spilled);
	sp->limited = s->own.whole;
	sp->writers = ic_operator_workers(s->o) + 1;
	sp->writer = ic_calloc(sp->writers, sizeof *sp->writer);
	sp->type = ic_calloc(out->n + (size_t)1, sizeof *sp->type);
	if (!sp->writer || !sp->type)
		return IC_E_NOMEM;
	for (unsigned i = 0; i < sp->writers; i++) {
		writer *w = &sp->writer[i];
		ic_buf_init(&w->records, 0);
		w->names.whole = s->budget;
		w->view = *s;
	}
	for (uint32_t i = 0; i < out->n; i++)
		sp->type[i] = out->column[i].type;
	sp->type[out->n] = IC_Q_LONG;
	sp->by = (ic_sort_by){ .column = out->n, .type = IC_Q_LONG };
	sp->order = (ic_sort_order){ .key = &sp->by, .keys = 1, .number = out->n, .told = 1 };
	sp->rows = FIRST_ROWS;
	uint64_t bytes = sp->limited->limit / BLOCK_SHARE / sp->writers;
	sp->block_bytes = bytes < BLOCK_LEAST ? BLOCK_LEAST : bytes > BLOCK_MOST ? BLOCK_MOST : (size_t)bytes;
	uint32_t batch = BATCH_BYTES / s->row_bytes;
	sp->batch = batch < 1 ? 1 : batch > IC_SUM_BLOCK ? IC_SUM_BLOCK : batch;
	bool aql = ic_operator_plan(s->o)->language == IC_FN_AQL;
	return ic_store_init(&sp->maker, sp->type, out->n + 1, aql, sp->limited) ? IC_OK : IC_E_NOMEM;
}

void ic_sum_spill_free(ic_summarize *s)
{
	ic_sum_spill *sp = s->spill;
	if (!sp)
		return;
	for (unsigned i = 0; sp->writer && i < sp->writers; i++) {
		writer *w = &sp->writer[i];
		end_writing(w);
		ic_buf_clear(&w->records);
		ic_budget_give(s->budget, w->counted);
		ic_free(w->block);
	}
	for (unsigned i = 0; i < IC_PARTITIONS; i++)
		ic_sort_run_clear(&sp->run[i], sp->limited);
	ic_store_clear(&sp->maker);
	ic_spill_close(&sp->file);
	pthread_mutex_destroy(&sp->lock);
	ic_free(sp->writer);
	ic_free(sp->type);
	ic_free(sp);
	s->spill = NULL;
}
