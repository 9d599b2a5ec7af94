/* SPDX-License-Identifier: Apache-2.0 */
/* One cell of a Zeek log to a value in a batch: every spelling, with the cause when it is bad. The
 * slow, complete counterpart of zeek_cells.h. */
#ifndef IC_SOURCE_TEXT_ZEEK_VALUES_H
#define IC_SOURCE_TEXT_ZEEK_VALUES_H

#include "source/text/zeek_layout.h"

typedef enum ic_zeek_kind {
	IC_ZEEK_ABSENT, /* null in every row */
	IC_ZEEK_TIME,
	IC_ZEEK_IP,
	IC_ZEEK_PORT,
	IC_ZEEK_DST_PORT, /* read before the others, for the filter */
	IC_ZEEK_COUNT,
	IC_ZEEK_REAL,
	IC_ZEEK_TEXT,
	IC_ZEEK_SERVICE,  /* conn's, in our names */
	IC_ZEEK_NAME,	  /* a host name from the SNI */
	IC_ZEEK_VERDICT,  /* "ok" is true */
	IC_ZEEK_CONSTANT, /* the stream's own service */
} ic_zeek_kind;

typedef struct ic_zeek_op {
	ic_zeek_kind kind;
	ic_field field;
	uint32_t column;
} ic_zeek_op;

/* Fills ops (room IC_FIELD_COUNT) for the wanted fields in rows of this layout; returns how many. */
size_t ic_zeek_plan(const ic_zeek_layout *l, ic_fieldset wanted, ic_zeek_op *ops);

typedef enum ic_zeek_result { IC_ZEEK_OK, IC_ZEEK_BAD, IC_ZEEK_NOMEM } ic_zeek_result;

static inline bool ic_zeek_unset(const ic_zeek_layout *l, ic_str cell)
{
	if (cell.n != l->unset_n)
		return false;
	for (uint32_t i = 0; i < cell.n; i++) /* one byte as a rule: less work than a call */
		if (cell.p[i] != l->unset[i])
			return false;
	return true;
}

static inline bool ic_zeek_empty(const ic_zeek_layout *l, ic_str cell)
{
	return cell.n == l->empty_n && memcmp(cell.p, l->empty, cell.n) == 0;
}

/* Sets the field of one row. On IC_ZEEK_BAD *cause is a format for ic_row_bad with the name and the
 * cut cell as "%s" and "%.*s". */
ic_zeek_result ic_zeek_set(const ic_zeek_layout *l, const ic_zeek_op *op, ic_str cell, ic_batch *b,
			   uint32_t row, const char **cause);
/* Counts a bad row; keeps the sample of the earliest line, whatever the order of the calls. */
void ic_zeek_bad_cell(ic_row_counts *c, uint32_t line, uint32_t column, ic_field field, const char *cause,
		      ic_str cell);
/* A destination port: -1 unset, -2 bad (*cause). */
int32_t ic_zeek_port(const ic_zeek_layout *l, ic_str cell, const char **cause);
/* A time, IC_TIME_NONE if bad (*cause); unset is bad too: an event without a time is of no use. */
int64_t ic_zeek_time(const ic_zeek_layout *l, ic_str cell, const char **cause);

/* What ic_source_kind asks of a head; see reader.h. */
int ic_zeek_sniff(const char *head, size_t n);
void ic_zeek_peek(const ic_layout *layout, const char *head, size_t n, unsigned *streams, int64_t *first);
ic_fieldset ic_zeek_can_give(unsigned streams, const ic_reader_config *cfg);

#endif
