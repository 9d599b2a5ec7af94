/* SPDX-License-Identifier: Apache-2.0 */
/* Up to IC_CHUNK_ROWS rows in one piece of memory, small and without pointers, so that it can be written
 * to a file and read back. Private to src/exec.
 *
 * A column has the smallest of a few forms: one value for all rows; whole numbers as their distance from
 * the least one; IPv4 addresses as four bytes; texts as numbers of a short list, or side by side. A page
 * has no dynamic values: store.h makes them bytes. */
#ifndef IC_EXEC_PAGE_H
#define IC_EXEC_PAGE_H

#include "exec/rows/chunk.h"

typedef enum ic_page_form {
	IC_FORM_SAME,	/* one value, raw; of text: `length` bytes */
	IC_FORM_RAW,	/* as in a vector */
	IC_FORM_WHOLE,	/* `width` bytes: distance from `least` */
	IC_FORM_V4,	/* the last 4 bytes of an address */
	IC_FORM_LISTED, /* a byte: number of a text in a list; offsets and bytes of the list */
	IC_FORM_EVEN,	/* texts of `length` bytes */
	IC_FORM_VARIED, /* offsets of `width` bytes, one more than rows; bytes */
} ic_page_form;

typedef struct ic_page_column {
	uint8_t type, form, width;
	uint32_t length;
	uint32_t nulls; /* these three: bytes from the start of the page; 0: none is null */
	uint32_t data;
	uint32_t text;
	int64_t least;
} ic_page_column;

typedef struct ic_page {
	uint32_t bytes; /* of all of it */
	uint32_t rows;
	uint32_t columns;
	ic_page_column column[];
} ic_page;

/* Rows first..first+n-1. NULL: out of memory or budget, or 4 GiB of them. */
ic_page *ic_page_new(const ic_vector *col, uint32_t columns, uint32_t first, uint32_t n, ic_budget *budget);
void ic_page_free(ic_page *p, ic_budget *budget); /* NULL allowed */

static inline bool ic_page_null(const ic_page *p, const ic_page_column *c, uint32_t at)
{
	const uint8_t *nulls = (const uint8_t *)p + c->nulls;
	return c->nulls && (nulls[at >> 3] >> (at & 7)) & 1;
}

static inline uint64_t ic_page_word(const ic_page *p, uint32_t offset, unsigned width, uint32_t at)
{
	const char *from = (const char *)p + offset + (size_t)width * at;
	uint64_t wide;
	uint32_t v;
	uint16_t half;
	switch (width) {
	case 1: return *(const uint8_t *)from;
	case 2: memcpy(&half, from, 2); return half;
	case 4: memcpy(&v, from, 4); return v;
	default: memcpy(&wide, from, 8); return wide;
	}
}

/* The text of a row, "" if it is null; it lies in the page. */
static inline ic_str ic_page_text(const ic_page *p, const ic_page_column *c, uint32_t at)
{
	const char *text = (const char *)p + c->text;
	if (c->form == IC_FORM_SAME)
		return (ic_str){ text, c->length };
	if (c->form == IC_FORM_EVEN)
		return (ic_str){ text + (size_t)c->length * at, c->length };
	unsigned width = c->width;
	uint32_t offsets = c->data;
	if (c->form == IC_FORM_LISTED) {
		at = (uint32_t)ic_page_word(p, c->data, 1, at);
		offsets = c->length;
	}
	uint64_t from = ic_page_word(p, offsets, width, at), to = ic_page_word(p, offsets, width, at + 1);
	return (ic_str){ text + from, (uint32_t)(to - from) };
}

/* Of an int, long, datetime, timespan; 0 or anything if it is null. */
static inline int64_t ic_page_whole(const ic_page *p, const ic_page_column *c, uint32_t at)
{
	if (c->form == IC_FORM_SAME)
		return c->least;
	return (int64_t)((uint64_t)c->least + ic_page_word(p, c->data, c->width, at));
}

/* Fetches what a row's value is read from. */
static inline void ic_page_prefetch(const ic_page *p, uint32_t column, uint32_t at)
{
	const ic_page_column *c = &p->column[column];
	bool even = c->form == IC_FORM_EVEN;
	__builtin_prefetch((const char *)p +
			   (even ? c->text + (size_t)c->length * at : c->data + (size_t)c->width * at));
}

/* Of any other type but text: a value of ic_qtype_size bytes. */
void ic_page_copy(const ic_page *p, const ic_page_column *c, uint32_t at, void *to);
/* Text and decimals are borrowed. */
ic_value ic_page_value(const ic_page *p, uint32_t column, uint32_t at);

#endif
