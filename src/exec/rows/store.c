/* SPDX-License-Identifier: Apache-2.0 */
#include "exec/rows/store.h"

#include "exec/rows/dyn_bytes.h"
#include "exec/rows/rows.h"

enum {
	DIRECT_ROWS = 1024,   /* so many at once become a page of their own */
	PAGE_BYTES = 1 << 20, /* of text in a page, if it has more than one row, */
	PAGE_SHARE = 32,      /* or less, of the memory limit */
	DUE_LEAST = 256 << 10,
	DUE_SHARE = 8, /* of the memory limit */
};

/* The budget that has a limit: the run's. NULL: there is none. */
static const ic_budget *limited(const ic_budget *b)
{
	while (b && b->whole)
		b = b->whole;
	return b && b->limit ? b : NULL;
}

bool ic_store_init(ic_store *s, const ic_qtype *type, uint32_t columns, bool null_texts, ic_budget *budget)
{
	*s = (ic_store){ .columns = columns, .budget = budget, .null_texts = null_texts };
	ic_arena_init(&s->scratch, 0, budget);
	const ic_budget *b = limited(budget);
	s->page_bytes = b && b->limit / PAGE_SHARE < PAGE_BYTES ? b->limit / PAGE_SHARE : PAGE_BYTES;
	s->type = ic_calloc(columns + (size_t)1, sizeof *s->type);
	s->schema.column = ic_calloc(columns + (size_t)1, sizeof *s->schema.column);
	if (!s->type || !s->schema.column)
		return false;
	s->schema.n = columns;
	for (uint32_t i = 0; i < columns; i++) {
		s->type[i] = type[i];
		s->schema.column[i].type = type[i];
	}
	return true;
}

void ic_store_cut(ic_store *s, uint32_t pages)
{
	if (s->open)
		s->rows -= ic_rowset_count(s->open);
	ic_rowset_free(s->open);
	s->open = NULL;
	s->open_bytes = 0;
	while (s->pages > pages) {
		ic_page *p = s->page[--s->pages];
		s->rows -= p->rows;
		s->bytes -= p->bytes;
		ic_page_free(p, s->budget);
	}
}

void ic_store_clear(ic_store *s)
{
	ic_store_cut(s, 0);
	ic_free(s->page);
	ic_free(s->type);
	ic_free(s->schema.column);
	ic_arena_clear(&s->scratch);
	*s = (ic_store){ 0 };
}

/* ---- rows come in -------------------------------------------------------------------------- */

/* About what the texts of the rows take; one that is repeated counts once. */
static uint64_t text_bytes(const ic_store *s, const ic_vector *col, uint32_t first, uint32_t n)
{
	uint64_t sum = 0;
	for (uint32_t c = 0; c < s->columns; c++) {
		const ic_vector *v = &col[c];
		const void *last = NULL;
		if (v->type != IC_Q_STRING && v->type != IC_Q_DYNAMIC)
			continue;
		for (uint32_t i = 0; i < n; i++) {
			uint32_t at = ic_vector_at(v, first + i);
			const ic_dyn *d =
			    v->type == IC_Q_DYNAMIC ? ((const ic_dyn *const *)v->data)[at] : NULL;
			const ic_str *text = v->type == IC_Q_STRING ? &((const ic_str *)v->data)[at] : NULL;
			const void *one = text ? (const void *)text->p : d;
			if (one && one != last)
				sum += text ? text->n : ic_dyn_about_bytes(d);
			last = one;
		}
	}
	return sum;
}

/* Dynamic values as bytes, nulls as they are. */
static bool to_bytes(ic_arena *a, const ic_vector *v, uint32_t first, uint32_t n, ic_vector *ret)
{
	ic_vector_out o;
	ic_buf b;
	bool ok = ic_vector_make(&o, a, IC_Q_STRING, first + n);
	const ic_dyn *last = NULL;
	ic_str text = { "", 0 };
	ic_buf_init(&b, UINT32_MAX);
	for (uint32_t i = first; i < first + n && ok; i++) {
		const ic_dyn *d =
		    ic_vector_null(v, i) ? NULL : ((const ic_dyn *const *)v->data)[ic_vector_at(v, i)];
		if (d && d != last) {
			ic_buf_reset(&b);
			ic_dyn_to_bytes(&b, d);
			text = (ic_str){ b.failed ? NULL : ic_arena_dup(a, b.p, b.n), (uint32_t)b.n };
			ok = text.p != NULL;
			last = d;
		}
		o.s[i] = d ? text : (ic_str){ "", 0 };
		if (!d)
			o.nulls[i >> 6] |= UINT64_C(1) << (i & 63);
	}
	ic_buf_clear(&b);
	*ret = o.v;
	return ok;
}

ic_page *ic_store_page(ic_store *s, const ic_vector *col, uint32_t first, uint32_t n)
{
	ic_vector *plain = ic_arena_alloc(&s->scratch, (s->columns + (size_t)1) * sizeof *plain);
	bool ok = plain != NULL;
	for (uint32_t i = 0; i < s->columns && ok; i++) {
		plain[i] = col[i];
		if (s->type[i] == IC_Q_DYNAMIC)
			ok = to_bytes(&s->scratch, &col[i], first, n, &plain[i]);
	}
	ic_page *p = ok ? ic_page_new(plain, s->columns, first, n, s->budget) : NULL;
	ic_arena_reset(&s->scratch);
	return p;
}

static ic_status keep_page(ic_store *s, ic_page *p)
{
	if (s->pages == IC_STORE_PAGES)
		return IC_E_LIMIT;
	if (s->pages == s->room) {
		uint32_t room = s->room ? s->room * 2 : 8;
		ic_page **page = ic_reallocarray(s->page, room, sizeof *page);
		if (!page)
			return IC_E_NOMEM;
		s->page = page;
		s->room = room;
	}
	s->page[s->pages++] = p;
	s->bytes += p->bytes;
	return IC_OK;
}

ic_status ic_store_adopt(ic_store *s, ic_page *p)
{
	ic_status st = keep_page(s, p);
	s->rows += st == IC_OK ? p->rows : 0;
	return st;
}

bool ic_store_is_due(const ic_store *s)
{
	const ic_budget *b = limited(s->budget);
	return b && s->bytes > DUE_LEAST && (s->bytes > b->limit / DUE_SHARE || b->used > b->limit / 2);
}

static ic_status add_page(ic_store *s, const ic_vector *col, uint32_t first, uint32_t n)
{
	ic_page *p = ic_store_page(s, col, first, n);
	ic_status st = p ? keep_page(s, p) : IC_E_NOMEM;
	if (st != IC_OK)
		ic_page_free(p, s->budget);
	return st;
}

/* As pages of a size that can be read back one by one. */
static ic_status add_pages(ic_store *s, const ic_vector *col, uint32_t first, uint32_t n)
{
	if (n == 1 || text_bytes(s, col, first, n) <= s->page_bytes)
		return add_page(s, col, first, n);
	ic_status st = add_pages(s, col, first, n / 2);
	return st == IC_OK ? add_pages(s, col, first + n / 2, n - n / 2) : st;
}

ic_status ic_store_seal(ic_store *s)
{
	uint64_t n = s->open ? ic_rowset_count(s->open) : 0;
	ic_status st = IC_OK;
	if (n) {
		ic_chunk c;
		ic_vector *col = ic_reallocarray(NULL, s->columns + (size_t)1, sizeof *col);
		if (!col)
			return IC_E_NOMEM;
		ic_rowset_chunk(s->open, 0, IC_CHUNK_ROWS, col, &c);
		st = add_pages(s, col, 0, c.rows);
		ic_free(col);
	}
	ic_rowset_free(s->open);
	s->open = NULL;
	s->open_bytes = 0;
	return st;
}

ic_status ic_store_append(ic_store *s, const ic_vector *col, uint32_t rows)
{
	bool direct = rows >= DIRECT_ROWS;
	ic_status st = IC_OK;
	if (s->open && (direct || ic_rowset_count(s->open) + rows > IC_CHUNK_ROWS))
		st = ic_store_seal(s);
	if (st != IC_OK)
		return st;
	if (direct) {
		s->rows += rows;
		return add_pages(s, col, 0, rows);
	}
	if (!s->open && !(s->open = ic_rowset_new(&s->schema, s->budget)))
		return IC_E_NOMEM;
	st = ic_rowset_append(s->open, &(ic_chunk){ .rows = rows, .columns = s->columns, .col = col });
	if (st == IC_OK)
		s->rows += rows;
	s->open_bytes += text_bytes(s, col, 0, rows);
	return st == IC_OK && s->open_bytes > s->page_bytes ? ic_store_seal(s) : st;
}

/* ---- rows go out --------------------------------------------------------------------------- */

/* A value where no dynamic one is, to where a vector has it; a null is zero bytes. */
static void put_value(const ic_page *p, const ic_page_column *c, uint32_t at, ic_vector_out *o, uint32_t i)
{
	switch (o->v.type) {
	case IC_Q_INT:
	case IC_Q_LONG:
	case IC_Q_DATETIME:
	case IC_Q_TIMESPAN: o->i[i] = ic_page_whole(p, c, at); break;
	case IC_Q_STRING: o->s[i] = ic_page_text(p, c, at); break;
	default: ic_page_copy(p, c, at, (char *)o->data + ic_qtype_size(o->v.type) * i); break;
	}
}

static bool put_row(const ic_page *p, uint32_t column, uint32_t at, ic_vector_out *o, uint32_t i, ic_arena *a)
{
	const ic_page_column *c = &p->column[column];
	if (c->nulls && ic_page_null(p, c, at)) {
		ic_value null = ic_value_null(o->v.type);
		ic_vector_set(o, i, &null);
		return true;
	}
	if (o->v.type == IC_Q_DYNAMIC)
		return (o->dyn[i] = ic_dyn_from_bytes(a, ic_page_text(p, c, at))) != NULL;
	put_value(p, c, at, o, i);
	return true;
}

static void finish_vector(ic_vector_out *o, bool null_texts, uint32_t n, ic_vector *ret)
{
	uint64_t any = 0;
	*ret = o->v;
	for (uint32_t w = 0; w < (n + 63) / 64; w++)
		any |= o->nulls[w];
	if (!any || (o->v.type == IC_Q_STRING && !null_texts))
		ret->nulls = NULL;
}

bool ic_store_gather(const ic_store *s, uint32_t column, const uint32_t *row, uint32_t n, ic_arena *a,
		     ic_vector *ret)
{
	ic_vector_out o;
	ic_value none = ic_value_null(s->type[column]);
	bool ok = ic_vector_make(&o, a, s->type[column], n);
	for (uint32_t i = 0; i < n && ok; i++) {
		if (row[i] == IC_STORE_NONE)
			ic_vector_set(&o, i, &none);
		else
			ok = put_row(ic_store_page_of(s, row[i]), column, ic_store_place(row[i]), &o, i, a);
	}
	if (ok)
		finish_vector(&o, s->null_texts, n, ret);
	return ok;
}

bool ic_page_gather(const ic_page *const *page, const uint16_t *place, uint32_t n, uint32_t column,
		    ic_qtype type, bool null_texts, ic_arena *a, ic_vector *ret)
{
	ic_vector_out o;
	bool ok = ic_vector_make(&o, a, type, n);
	for (uint32_t i = 0; i < n && ok; i++)
		ok = put_row(page[i], column, place[i], &o, i, a);
	if (ok)
		finish_vector(&o, null_texts, n, ret);
	return ok;
}

bool ic_page_vector(const ic_page *p, uint32_t column, ic_qtype type, bool null_texts, ic_arena *a,
		    ic_vector *ret)
{
	ic_vector_out o;
	bool ok = ic_vector_make(&o, a, type, p->rows);
	for (uint32_t i = 0; i < p->rows && ok; i++)
		ok = put_row(p, column, i, &o, i, a);
	if (ok)
		finish_vector(&o, null_texts, p->rows, ret);
	return ok;
}
