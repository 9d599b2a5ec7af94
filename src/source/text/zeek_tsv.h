/* SPDX-License-Identifier: Apache-2.0 */
/* The reader of Zeek logs in TSV. Private to zeek_tsv.c, which finds rows, and zeek_slab.c, which reads many of them
 * column by column. */
#ifndef IC_SOURCE_TEXT_ZEEK_TSV_H
#define IC_SOURCE_TEXT_ZEEK_TSV_H

#include "source/text/scan.h"
#include "source/text/zeek_cells.h"
#include "source/text/zeek_values.h"

enum { IC_ZEEK_SERVICE_SLOTS = 64 };

/* What a short name of a service means; the word of n = 0 is that of an empty slot and of an empty
 * cell, which is null. */
typedef struct ic_zeek_service {
	uint64_t word;
	uint32_t n;
	bool same, web; /* same: the name is ours already */
	ic_str ours;
} ic_zeek_service;

struct ic_reader {
	const ic_row_filter *filter;
	unsigned streams;
	const ic_zeek_layout *given;
	ic_zeek_layout now;
	ic_simd simd;

	/* the plan for `now` and the batch's columns */
	bool planned, skip, by_port, by_service, by_time;
	bool alone; /* lines must be looked at one by one */
	ic_fieldset wanted;
	int32_t port_column, service_column, time_column;
	size_t op_count;
	ic_zeek_op ops[IC_FIELD_COUNT];

	ic_zeek_service services[IC_ZEEK_SERVICE_SLOTS];
	uint8_t odd_first[256]; /* first bytes of text cells that may not be what they seem */

	/* the slab: rows that are still wanted */
	uint16_t first[IC_BATCH_ROWS], odd[IC_BATCH_ROWS + IC_CELLS_PAD];
	uint32_t line[IC_BATCH_ROWS];
	int64_t port[IC_BATCH_ROWS]; /* -1: unset */
	int64_t time[IC_BATCH_ROWS];
	uint8_t fate[IC_BATCH_ROWS];
	uint16_t next[1 + IC_SCAN_ROOM]; /* [0]: the slab's start */
	uint16_t ends[IC_SCAN_ROOM];	 /* of lines: how many delimiters there are up to it */
};

/* A piece of text that fits the first cache, and where its rows go. */
typedef struct ic_zeek_slab {
	const char *text;
	size_t n;
	size_t lines; /* in the reader's ends; the offsets of cells are in next, from [1] on */
	bool backslash;
	ic_batch *b;
	ic_row_counts *c;
} ic_zeek_slab;

static inline bool ic_zeek_port_kept(const ic_reader *r, uint32_t port)
{
	return !r->by_port || (r->filter->ports[port >> 6] >> (port & 63)) & 1;
}

static inline bool ic_zeek_time_kept(const ic_reader *r, int64_t t)
{
	const ic_row_filter *f = r->filter;
	return (f->since == IC_TIME_NONE || t >= f->since) && (f->until == IC_TIME_NONE || t <= f->until);
}

/* A service by our name, whose rows are wanted whatever their port. */
static inline bool ic_zeek_is_web(ic_str ours)
{
	return ic_str_eq(ours, IC_STR("tls")) || ic_str_eq(ours, IC_STR("http")) ||
	       ic_str_eq(ours, IC_STR("quic")) || ic_str_eq(ours, IC_STR("websocket"));
}

/* zeek_slab.c: the rows whose cells are listed: drops those that the filter does not want, puts the others into the
 * batch and counts all. false: out of memory. */
bool ic_zeek_fill_rows(ic_reader *r, const ic_zeek_slab *s, uint32_t rows);
/* Gives `rows` finished rows their stream and what follows from several columns, and counts them. */
void ic_zeek_append_rows(const ic_reader *r, ic_batch *b, uint32_t rows, ic_row_counts *c);

#endif
