/* SPDX-License-Identifier: Apache-2.0 */
/* The batch: the waist of the program. Sources fill it, everything later reads it.
 *
 * A batch has up to IC_BATCH_ROWS rows; only wanted columns are present. A value is null when its
 * bit in `nulls` is set or its column is absent; a null slot still holds zero bytes. Slices point
 * into the batch's arena or into the text block that the source keeps alive until the next read
 * on the same unit: consumers copy or intern what they keep. */
#ifndef IC_TABLE_BATCH_H
#define IC_TABLE_BATCH_H

#include "base/arena.h"
#include "base/ip.h"
#include "table/fields.h"

#define IC_BATCH_ROWS 4096

typedef struct ic_column {
	union {
		void *data;
		uint8_t *b; /* IC_T_BOOL */
		int64_t *i; /* IC_T_LONG, IC_T_TIME */
		double *d;  /* IC_T_REAL */
		ic_ip *ip;  /* IC_T_IP */
		ic_str *s;  /* IC_T_STRING */
	};
	uint64_t nulls[IC_BATCH_ROWS / 64]; /* bit 1: null */
} ic_column;

enum {
	IC_ROW_OPEN = 1,    /* the connection was still open when logged (Zeek open_*) */
	IC_ROW_PROXIED = 2, /* asked of a proxy: CONNECT, or an absolute URL; the name is the destination */
	IC_ROW_UPGRADE = 4, /* WebSocket upgrade */
	IC_ROW_BLOCKED = 8, /* the source says it was denied or failed */
};

typedef struct ic_batch {
	uint32_t rows;
	ic_fieldset wanted; /* columns that are present (data != NULL) */
	ic_column col[IC_FIELD_COUNT];
	uint8_t stream[IC_BATCH_ROWS]; /* ic_stream */
	uint8_t flags[IC_BATCH_ROWS];  /* IC_ROW_* */
	uint32_t line[IC_BATCH_ROWS];  /* line within the unit, from 0 */
	ic_arena arena;		       /* reset by ic_batch_reset */
} ic_batch;

/* Allocates the wanted columns. NULL: out of memory. */
ic_batch *ic_batch_new(ic_fieldset wanted);
void ic_batch_free(ic_batch *b); /* NULL allowed */
/* Zero rows, no null bits, arena emptied. */
void ic_batch_reset(ic_batch *b);

static inline bool ic_batch_has(const ic_batch *b, ic_field f)
{
	return (b->wanted >> f) & 1;
}
static inline bool ic_column_null(const ic_column *c, uint32_t row)
{
	return (c->nulls[row >> 6] >> (row & 63)) & 1;
}
static inline void ic_column_set_null(ic_column *c, uint32_t row)
{
	c->nulls[row >> 6] |= UINT64_C(1) << (row & 63);
}
/* Sets a wanted column of `row` to null, with zero bytes. */
void ic_batch_null(ic_batch *b, ic_field f, uint32_t row);
/* Sets every wanted column of `row` that is not in `seen` to null, with zero bytes. */
void ic_batch_null_rest(ic_batch *b, uint32_t row, ic_fieldset seen);
/* Nulls, with zero bytes, in this column for `rows` rows after those that b has. */
void ic_batch_null_column(ic_batch *b, ic_field f, uint32_t rows);
/* For rows that did not come to be, or moved to a lower place. */
void ic_batch_clear_nulls(ic_batch *b, ic_fieldset columns, uint32_t row);
/* Of `had` rows behind those that b has, leaves n: the i-th becomes what the from[i]-th was (ascending, from
 * 0), in these columns. */
void ic_batch_gather(ic_batch *b, ic_fieldset columns, const uint16_t *from, uint32_t n, uint32_t had);
void ic_batch_move_row(ic_batch *b, ic_fieldset columns, uint32_t to, uint32_t from);

#endif
