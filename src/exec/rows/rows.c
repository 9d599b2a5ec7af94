/* SPDX-License-Identifier: Apache-2.0 */
#include "exec/rows/rows.h"

/* Rows lie in pages of IC_CHUNK_ROWS, so that a page is a chunk. The first page starts small: most
 * sets are. */
typedef struct page {
	char *block;	 /* the columns' data, one after the other */
	uint64_t *nulls; /* IC_CHUNK_WORDS a column, in the same block */
	uint32_t room;
} page;

struct ic_rowset {
	ic_budget *budget;
	ic_arena arena;
	uint32_t columns;
	ic_qtype *type;
	size_t *offset; /* of a column's data in a page of one row; times page.room */
	size_t row_bytes;
	page *page;
	size_t pages, pages_room;
	uint64_t rows;
};

enum { FIRST_ROOM = 64 };

ic_rowset *ic_rowset_new(const ic_schema *schema, ic_budget *budget)
{
	ic_rowset *r = ic_calloc(1, sizeof *r);

	if (!r)
		return NULL;
	r->budget = budget;
	r->columns = schema->n;
	ic_arena_init(&r->arena, 0, budget);
	r->type = ic_calloc(schema->n + 1, sizeof *r->type);
	r->offset = ic_calloc(schema->n + 1, sizeof *r->offset);
	if (!r->type || !r->offset) {
		ic_rowset_free(r);
		return NULL;
	}
	for (uint32_t i = 0; i < schema->n; i++) {
		size_t size = ic_qtype_size(schema->column[i].type);
		r->type[i] = schema->column[i].type;
		r->offset[i] = r->row_bytes;
		r->row_bytes += size;
	}
	return r;
}

static size_t page_bytes(const ic_rowset *r, uint32_t room)
{
	return r->row_bytes * room + (size_t)r->columns * IC_CHUNK_WORDS * 8;
}

static void page_free(ic_rowset *r, page *p)
{
	if (!p->block)
		return;
	ic_free(p->block);
	if (r->budget)
		ic_budget_give(r->budget, page_bytes(r, p->room));
	p->block = NULL;
}

void ic_rowset_free(ic_rowset *r)
{
	if (!r)
		return;
	for (size_t i = 0; i < r->pages; i++)
		page_free(r, &r->page[i]);
	ic_free(r->page);
	ic_free(r->type);
	ic_free(r->offset);
	ic_arena_clear(&r->arena);
	ic_free(r);
}

static bool page_make(const ic_rowset *r, page *p, uint32_t room)
{
	size_t bytes = page_bytes(r, room);

	if (r->budget && ic_budget_take(r->budget, bytes) != 0)
		return false;
	p->block = ic_malloc(bytes + 1);
	if (!p->block) {
		if (r->budget)
			ic_budget_give(r->budget, bytes);
		return false;
	}
	p->room = room;
	p->nulls = (uint64_t *)(void *)(p->block + r->row_bytes * room);
	memset(p->nulls, 0, bytes - r->row_bytes * room);
	return true;
}

static char *column_of(const ic_rowset *r, const page *p, uint32_t column)
{
	return p->block + r->offset[column] * p->room;
}

/* Makes room for at least one more row in the last page; `used` rows are in it. */
static bool page_grow(ic_rowset *r, page *p, uint32_t used, uint32_t wanted)
{
	page bigger;
	uint32_t room = p->room;

	while (room < wanted && room < IC_CHUNK_ROWS)
		room *= 2;
	if (!page_make(r, &bigger, room))
		return false;
	for (uint32_t c = 0; c < r->columns; c++)
		memcpy(column_of(r, &bigger, c), column_of(r, p, c), ic_qtype_size(r->type[c]) * used);
	memcpy(bigger.nulls, p->nulls, (size_t)r->columns * IC_CHUNK_WORDS * 8);
	page_free(r, p);
	*p = bigger;
	return true;
}

static bool page_add(ic_rowset *r)
{
	if (r->pages == r->pages_room) {
		size_t room = r->pages_room ? r->pages_room * 2 : 8;
		page *more = ic_reallocarray(r->page, room, sizeof *more);
		if (!more)
			return false;
		r->page = more;
		r->pages_room = room;
	}
	if (!page_make(r, &r->page[r->pages], r->pages ? IC_CHUNK_ROWS : FIRST_ROOM))
		return false;
	r->pages++;
	return true;
}

static bool same_bytes(ic_str a, ic_str b)
{
	return a.p == b.p && a.n == b.n;
}

/* Text that stands there again (constants, sorted keys) is kept once. */
static bool copy_strings(ic_rowset *r, ic_str *to, const ic_vector *v, uint32_t from, uint32_t n)
{
	const ic_str *s = v->data;
	ic_str last = { NULL, 0 };
	size_t bytes = 0;

	for (uint32_t i = 0; i < n; i++) {
		ic_str one = s[ic_vector_at(v, from + i)];
		bytes += same_bytes(one, last) ? 0 : one.n;
		last = one;
	}
	char *at = bytes ? ic_arena_alloc(&r->arena, bytes) : NULL;
	if (bytes && !at)
		return false;
	last = (ic_str){ NULL, 0 };
	for (uint32_t i = 0; i < n; i++) {
		ic_str one = s[ic_vector_at(v, from + i)];
		if (one.n == 0) {
			to[i] = (ic_str){ one.p ? "" : NULL, 0 };
		} else if (same_bytes(one, last)) {
			to[i] = to[i - 1];
		} else {
			to[i] = (ic_str){ at, one.n };
			memcpy(at, one.p, one.n);
			at += one.n;
		}
		last = one;
	}
	return true;
}

static bool copy_dynamic(ic_rowset *r, const ic_dyn **to, const ic_vector *v, uint32_t from, uint32_t n)
{
	const ic_dyn *const *d = v->data;
	const ic_dyn *last = NULL, *kept = NULL;

	for (uint32_t i = 0; i < n; i++) {
		const ic_dyn *one = d[ic_vector_at(v, from + i)];
		if (one && one != last) {
			last = one;
			kept = ic_dyn_copy(&r->arena, one);
			if (!kept)
				return false;
		}
		to[i] = one ? kept : NULL;
	}
	return true;
}

static bool copy_column(ic_rowset *r, page *p, uint32_t column, uint32_t at, const ic_vector *v,
			uint32_t from, uint32_t n)
{
	size_t size = ic_qtype_size(r->type[column]);
	char *to = column_of(r, p, column) + size * at;
	uint64_t *nulls = p->nulls + (size_t)column * IC_CHUNK_WORDS;

	if (v->nulls)
		for (uint32_t i = 0; i < n; i++)
			if (ic_vector_null(v, from + i))
				nulls[(at + i) >> 6] |= UINT64_C(1) << ((at + i) & 63);
	if (r->type[column] == IC_Q_STRING)
		return copy_strings(r, (ic_str *)(void *)to, v, from, n);
	if (r->type[column] == IC_Q_DYNAMIC)
		return copy_dynamic(r, (const ic_dyn **)(void *)to, v, from, n);
	if (!v->constant)
		memcpy(to, (const char *)v->data + size * from, size * n);
	else
		for (uint32_t i = 0; i < n; i++)
			memcpy(to + size * i, v->data, size);
	return true;
}

ic_status ic_rowset_append(ic_rowset *r, const ic_chunk *c)
{
	for (uint32_t done = 0; done < c->rows;) {
		uint32_t at = (uint32_t)(r->rows % IC_CHUNK_ROWS);
		uint32_t n = c->rows - done;
		if (n > IC_CHUNK_ROWS - at)
			n = IC_CHUNK_ROWS - at;
		if (at == 0 && !page_add(r))
			return IC_E_NOMEM;
		page *p = &r->page[r->pages - 1];
		if (p->room < at + n && !page_grow(r, p, at, at + n))
			return IC_E_NOMEM;
		for (uint32_t i = 0; i < r->columns; i++)
			if (!copy_column(r, p, i, at, &c->col[i], done, n))
				return IC_E_NOMEM;
		r->rows += n;
		done += n;
	}
	return IC_OK;
}

uint64_t ic_rowset_count(const ic_rowset *r)
{
	return r->rows;
}

static ic_vector page_vector(const ic_rowset *r, uint64_t page_number, uint32_t column)
{
	const page *p = &r->page[page_number];
	return (ic_vector){ r->type[column], false, column_of(r, p, column),
			    p->nulls + (size_t)column * IC_CHUNK_WORDS };
}

ic_value ic_rowset_value(const ic_rowset *r, uint64_t row, uint32_t column)
{
	ic_vector v = page_vector(r, row / IC_CHUNK_ROWS, column);
	return ic_vector_value(&v, (uint32_t)(row % IC_CHUNK_ROWS));
}

/* A chunk whose rows start within a word of null bits cannot point at them: it gets one row. */
static const uint64_t one_null = 1;

void ic_rowset_chunk(const ic_rowset *r, uint64_t first, uint32_t n, ic_vector *col, ic_chunk *ret)
{
	uint32_t at = (uint32_t)(first % IC_CHUNK_ROWS);

	if (n > IC_CHUNK_ROWS - at)
		n = IC_CHUNK_ROWS - at;
	if (n > r->rows - first)
		n = (uint32_t)(r->rows - first);
	if (at % 64 != 0 && n > 1)
		n = 1;
	for (uint32_t i = 0; i < r->columns; i++) {
		ic_vector v = page_vector(r, first / IC_CHUNK_ROWS, i);
		uint64_t any = 0;
		if (at % 64 != 0)
			v.nulls = ic_vector_null(&v, at) ? &one_null : NULL;
		else {
			v.nulls += at / 64;
			for (uint32_t w = 0; w < (n + 63) / 64; w++)
				any |= v.nulls[w];
			if (!any)
				v.nulls = NULL;
		}
		v.data = (const char *)v.data + ic_qtype_size(v.type) * at;
		col[i] = v;
	}
	*ret = (ic_chunk){ .rows = n, .columns = r->columns, .col = col, .flow = first };
}
