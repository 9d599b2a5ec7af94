/* SPDX-License-Identifier: Apache-2.0 */
#include "exec/op/join_spill.h"

#include "exec/group/exchange.h"
#include "exec/op/sort_order.h"

enum {
	FIRST_ROWS = 64,       /* of a page of rows that were made */
	ARENA_BYTES = 4 << 10, /* little is left when rows must go */
};

struct ic_join_spill {
	ic_budget *budget;
	ic_spill file;
	ic_join_side *side;
	ic_store left, maker; /* rows on their way; of the rows that are made */
	ic_vector *col;	      /* room for those of either side or of a page */
	uint64_t lefts;	      /* rows so far */
	ic_spill_list kept_part[IC_PARTITIONS], left_part[IC_PARTITIONS];
	uint32_t next; /* page of the left rows of the partition at hand */
	ic_page *page; /* the one before it */
	ic_sort_by by;
	ic_sort_order order;
	ic_sort_run made[IC_PARTITIONS];
	uint32_t page_rows;
};

/* ---- rows to the file ---------------------------------------------------------------------------- */

static unsigned part_of(const ic_store *s, uint32_t row)
{
	const ic_page *p = ic_store_page_of(s, row);
	return (unsigned)ic_page_whole(p, &p->column[s->columns - 1], ic_store_place(row)) &
	       (IC_PARTITIONS - 1);
}

static ic_status write_page(ic_join_spill *s, ic_store *from, ic_arena *a, const uint32_t *row, uint32_t n,
			    ic_spill_list *to, ic_error *err)
{
	for (uint32_t i = 0; i < from->columns; i++)
		if (!ic_store_gather(from, i, row, n, a, &s->col[i]))
			return IC_E_NOMEM;
	ic_page *p = ic_store_page(from, s->col, 0, n);
	if (!p)
		return IC_E_NOMEM;
	ic_status st = ic_spill_add(&s->file, p, to, err);
	ic_page_free(p, from->budget);
	return st;
}

/* The numbers of the store's rows by partition: those of number i end at end[i]. */
static void sort_rows(const ic_store *from, uint32_t *row, uint64_t *end)
{
	uint64_t sum = 0;
	for (uint32_t r = ic_store_first(from); r != IC_STORE_NONE; r = ic_store_next(from, r))
		end[part_of(from, r)]++;
	for (unsigned i = 0; i < IC_PARTITIONS; i++) {
		uint64_t n = end[i];
		end[i] = sum;
		sum += n;
	}
	for (uint32_t r = ic_store_first(from); r != IC_STORE_NONE; r = ic_store_next(from, r))
		row[end[part_of(from, r)]++] = r;
}

/* How many rows go to a page: as many as have the bytes that a page of the store may have, by those of all rows. */
static uint32_t rows_of_page(const ic_store *from)
{
	uint64_t rows = from->page_bytes * from->rows / (from->bytes + 1);
	return rows < 1 ? 1 : rows > IC_CHUNK_ROWS ? IC_CHUNK_ROWS : (uint32_t)rows;
}

/* All rows of the store go to the file. */
static ic_status write_rows(ic_join_spill *s, ic_store *from, ic_spill_list *part, ic_error *err)
{
	uint64_t end[IC_PARTITIONS] = { 0 };
	ic_status st = ic_store_seal(from);
	uint32_t *row = st == IC_OK ? ic_reallocarray(NULL, from->rows + 1, sizeof *row) : NULL;
	if (!row)
		return IC_E_NOMEM;
	sort_rows(from, row, end);
	const uint32_t most = rows_of_page(from);
	ic_arena a;
	ic_arena_init(&a, ARENA_BYTES, from->budget);
	uint64_t at = 0;
	for (unsigned i = 0; i < IC_PARTITIONS; i++)
		for (uint32_t n; at < end[i] && st == IC_OK; at += n) {
			n = end[i] - at < most ? (uint32_t)(end[i] - at) : most;
			st = write_page(s, from, &a, row + at, n, &part[i], err);
			ic_arena_reset(&a);
		}
	ic_arena_clear(&a);
	ic_free(row);
	ic_store_cut(from, 0);
	return st;
}

ic_status ic_join_spill_kept(ic_join_spill *s, ic_error *err)
{
	return write_rows(s, ic_join_side_store(s->side), s->kept_part, err);
}

ic_status ic_join_spill_left(ic_join_spill *s, ic_arena *scratch, ic_vector *key, const ic_chunk *c,
			     ic_error *err)
{
	for (uint32_t i = 0; i < c->columns; i++)
		s->col[i] = c->col[i];
	if (!ic_join_side_places(s->side, scratch, key, c->rows, s->lefts, &s->col[c->columns]))
		return IC_E_NOMEM;
	s->lefts += c->rows;
	ic_status st = ic_store_append(&s->left, s->col, c->rows);
	return st == IC_OK && ic_store_is_due(&s->left) ? write_rows(s, &s->left, s->left_part, err) : st;
}

ic_status ic_join_spill_end(ic_join_spill *s, ic_error *err)
{
	ic_status st = write_rows(s, &s->left, s->left_part, err);
	return st == IC_OK ? ic_join_spill_kept(s, err) : st;
}

/* ---- one partition --------------------------------------------------------------------------------- */

ic_status ic_join_spill_load(ic_join_spill *s, unsigned part, ic_error *err)
{
	ic_store *to = ic_join_side_store(s->side);
	ic_spill_list *list = &s->kept_part[part];
	ic_status st = IC_OK;
	ic_join_side_unbuild(s->side);
	ic_store_cut(to, 0);
	s->next = 0;
	for (uint32_t i = 0; i < list->n && st == IC_OK; i++) {
		ic_page *p = NULL;
		st = ic_spill_read(&s->file, &list->page[i], to->budget, &p, err);
		if (st == IC_OK && (st = ic_store_adopt(to, p)) != IC_OK)
			ic_page_free(p, to->budget);
	}
	ic_spill_list_clear(list);
	return st == IC_OK ? ic_join_side_build(s->side) : st;
}

ic_status ic_join_spill_next(ic_join_spill *s, unsigned part, ic_arena *a, ic_chunk *ret, ic_error *err)
{
	const ic_spill_list *list = &s->left_part[part];
	ic_page_free(s->page, s->budget);
	s->page = NULL;
	*ret = (ic_chunk){ .columns = s->left.columns, .col = s->col };
	if (s->next == list->n)
		return IC_OK;
	ic_status st = ic_spill_read(&s->file, &list->page[s->next++], s->budget, &s->page, err);
	for (uint32_t i = 0; i < s->left.columns && st == IC_OK; i++)
		if (!ic_page_vector(s->page, i, s->left.type[i], s->left.null_texts, a, &s->col[i]))
			st = IC_E_NOMEM;
	ret->rows = st == IC_OK ? s->page->rows : 0;
	return st;
}

/* ---- what is made ------------------------------------------------------------------------------------ */

static ic_sort_merge merge_of(ic_join_spill *s, ic_error *err)
{
	return (ic_sort_merge){ .order = &s->order,
				.file = &s->file,
				.budget = s->budget,
				.type = s->maker.type,
				.null_texts = s->maker.null_texts,
				.columns = s->maker.columns - 1,
				.rows = s->page_rows,
				.err = err };
}

ic_status ic_join_spill_made(ic_join_spill *s, unsigned part, const ic_vector *col, uint32_t rows,
			     ic_error *err)
{
	const ic_sort_merge m = merge_of(s, err);
	return ic_sort_write(&m, &s->maker, col, rows, &s->made[part], &s->page_rows);
}

ic_status ic_join_spill_pass(ic_join_spill *s, ic_operator *o, const ic_worker *w)
{
	const ic_sort_merge m = merge_of(s, w->err);
	uint32_t n = 0;
	ic_join_side_unbuild(s->side); /* the memory is for merging, and for those behind */
	ic_store_cut(ic_join_side_store(s->side), 0);
	for (unsigned i = 0; i < IC_PARTITIONS; i++) {
		ic_sort_run one = s->made[i];
		s->made[i] = (ic_sort_run){ .n = 0 };
		if (one.spilled.n)
			s->made[n++] = one;
	}
	return ic_sort_pass(&m, &s->maker, s->made, n, UINT64_MAX, o, w);
}

/* ---- life -------------------------------------------------------------------------------------------- */

/* A store of the schema's columns and a place. */
static bool store_of(ic_store *s, const ic_schema *schema, const ic_join_spill *j, bool null_texts)
{
	ic_qtype *type = ic_calloc(schema->n + (size_t)1, sizeof *type);
	for (uint32_t i = 0; type && i < schema->n; i++)
		type[i] = schema->column[i].type;
	if (type)
		type[schema->n] = IC_Q_LONG;
	bool ok = type && ic_store_init(s, type, schema->n + 1, null_texts, j->budget);
	ic_free(type);
	return ok;
}

ic_status ic_join_spill_new(const ic_operator *o, ic_join_side *side, _Atomic uint64_t *bytes,
			    ic_join_spill **ret, ic_error *err)
{
	const ic_schema *left = &o->op->in->out, *out = &o->op->out;
	bool null_texts = ic_operator_plan(o)->language == IC_FN_AQL;
	ic_join_spill *s = ic_calloc(1, sizeof *s);
	*ret = s;
	if (!s)
		return IC_E_NOMEM;
	s->budget = ic_operator_config(o)->budget;
	s->side = side;
	ic_spill_init(&s->file, bytes);
	s->page_rows = FIRST_ROWS;
	s->by = (ic_sort_by){ .column = out->n, .type = IC_Q_LONG };
	s->order = (ic_sort_order){ .key = &s->by, .keys = 1, .number = out->n, .told = 1 };
	uint32_t columns = ic_join_side_store(side)->columns;
	columns = columns > left->n ? columns : left->n + 1;
	s->col = ic_calloc(columns + (size_t)1, sizeof *s->col);
	bool ok =
	    s->col && store_of(&s->left, left, s, null_texts) && store_of(&s->maker, out, s, null_texts);
	return ok ? ic_spill_open(&s->file, err) : IC_E_NOMEM;
}

void ic_join_spill_free(ic_join_spill *s)
{
	if (!s)
		return;
	for (unsigned i = 0; i < IC_PARTITIONS; i++) {
		ic_spill_list_clear(&s->kept_part[i]);
		ic_spill_list_clear(&s->left_part[i]);
		ic_sort_run_clear(&s->made[i], s->budget);
	}
	ic_page_free(s->page, s->budget);
	ic_store_clear(&s->left);
	ic_store_clear(&s->maker);
	ic_spill_close(&s->file);
	ic_free(s->col);
	ic_free(s);
}
