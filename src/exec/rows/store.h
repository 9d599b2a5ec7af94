/* SPDX-License-Identifier: Apache-2.0 */
/* Rows kept in packed pages (page.h), for operators that keep many: a join's right side, sort. Private to
 * src/exec.
 *
 * Rows are appended by one thread; once that is over any number of threads may read. A row has a number,
 * ascending in the order of the rows, with gaps: walk them by ic_store_next. */
#ifndef IC_EXEC_STORE_H
#define IC_EXEC_STORE_H

#include "exec/rows/page.h"

#define IC_STORE_NONE UINT32_MAX /* no row */
enum {
	IC_STORE_BITS = 12, /* of a row's number: its place in the page */
	IC_STORE_PAGES = (1 << (32 - IC_STORE_BITS)) - 1,
};
_Static_assert(1 << IC_STORE_BITS == IC_CHUNK_ROWS, "a chunk fits a page");

typedef struct ic_store {
	ic_qtype *type;
	uint32_t columns;
	ic_budget *budget;
	struct ic_rowset *open; /* rows that are too few for a page yet */
	uint64_t open_bytes;
	ic_page **page;
	uint32_t pages, room;
	uint64_t rows;	     /* in pages and open */
	uint64_t bytes;	     /* of the pages */
	uint64_t page_bytes; /* of text in one, at most */
	ic_schema schema;
	ic_arena scratch;
	bool null_texts; /* else the empty text stands where there is none */
} ic_store;

/* false: out of memory; clear it all the same. */
bool ic_store_init(ic_store *s, const ic_qtype *type, uint32_t columns, bool null_texts, ic_budget *budget);
void ic_store_clear(ic_store *s); /* all zero is allowed */
/* Forgets the rows of all but the first pages, and those in none. */
void ic_store_cut(ic_store *s, uint32_t pages);
/* IC_E_NOMEM; IC_E_LIMIT: more rows than can be numbered. */
ic_status ic_store_append(ic_store *s, const ic_vector *col, uint32_t rows);
/* All rows are there: needed before any is read. */
ic_status ic_store_seal(ic_store *s);

/* A page more, from now on the store's, whose memory was asked of the store's budget. IC_E_NOMEM, IC_E_LIMIT: it is
 * still the caller's. */
ic_status ic_store_adopt(ic_store *s, ic_page *p);
/* Whether the rows had better go to a file: they are worth it, and have their share of a limited budget. */
bool ic_store_is_due(const ic_store *s);

/* The pages as vectors hold them: dynamic values have become text. NULL: out of memory or budget. */
ic_page *ic_store_page(ic_store *s, const ic_vector *col, uint32_t first, uint32_t n);

static inline const ic_page *ic_store_page_of(const ic_store *s, uint32_t row)
{
	return s->page[row >> IC_STORE_BITS];
}
static inline uint32_t ic_store_place(uint32_t row)
{
	return row & (IC_CHUNK_ROWS - 1);
}
static inline uint32_t ic_store_first(const ic_store *s)
{
	return s->pages ? 0 : IC_STORE_NONE;
}
static inline uint32_t ic_store_next(const ic_store *s, uint32_t row)
{
	uint32_t page = row >> IC_STORE_BITS;
	if (ic_store_place(row) + 1 < s->page[page]->rows)
		return row + 1;
	return page + 1 < s->pages ? (page + 1) << IC_STORE_BITS : IC_STORE_NONE;
}
/* A value that is not dynamic. Text is borrowed. */
static inline ic_value ic_store_value(const ic_store *s, uint32_t row, uint32_t column)
{
	return ic_page_value(ic_store_page_of(s, row), column, ic_store_place(row));
}
/* A column of some rows; IC_STORE_NONE gives nulls. Text is borrowed. false: out of memory. */
bool ic_store_gather(const ic_store *s, uint32_t column, const uint32_t *row, uint32_t n, ic_arena *a,
		     ic_vector *ret);
/* The same of rows of any pages. */
bool ic_page_gather(const ic_page *const *page, const uint16_t *place, uint32_t n, uint32_t column,
		    ic_qtype type, bool null_texts, ic_arena *a, ic_vector *ret);
/* A column of the rows of one page. */
bool ic_page_vector(const ic_page *p, uint32_t column, ic_qtype type, bool null_texts, ic_arena *a,
		    ic_vector *ret);

#endif
