/* SPDX-License-Identifier: Apache-2.0 */
/* What flows between operators of a query: a few thousand rows of typed vectors.
 *
 * Vectors are read-only and often borrowed: those of a scan point straight into the source's batch.
 * Everything in a chunk is valid until the push that received it returns; who keeps rows copies them
 * (rows.h). */
#ifndef IC_EXEC_CHUNK_H
#define IC_EXEC_CHUNK_H

#include "plan/plan.h"
#include "table/batch.h"

#define IC_CHUNK_ROWS  IC_BATCH_ROWS
#define IC_CHUNK_WORDS (IC_CHUNK_ROWS / 64)

typedef struct ic_vector {
	ic_qtype type;
	bool constant;	       /* the value and null bit of row 0 hold for every row */
	const void *data;      /* ic_qtype_size(type) bytes a row; a null's bytes are zero (a null or empty
				* string: p may be NULL, n is 0) */
	const uint64_t *nulls; /* bit 1: null; NULL: none is */
	const struct ic_coded *coded; /* NULL, or the few words that the rows of `data` are made of */
} ic_vector;

/* Text of a few words, so that work on it can be done once a word. */
typedef struct ic_coded {
	const uint8_t *code; /* of each row: which word it has */
	uint32_t words;	     /* 1..256 */
	ic_vector word;	     /* of them */
} ic_coded;

typedef struct ic_chunk {
	uint32_t rows; /* 1..IC_CHUNK_ROWS */
	uint32_t columns;
	const ic_vector *col;
	uint64_t seq;  /* of the unit it comes from: rows are ordered by seq, then by arrival */
	uint64_t flow; /* number of rows of this unit before this chunk */
} ic_chunk;

static inline uint32_t ic_vector_at(const ic_vector *v, uint32_t row)
{
	return v->constant ? 0 : row;
}
static inline bool ic_vector_null(const ic_vector *v, uint32_t row)
{
	row = ic_vector_at(v, row);
	return v->nulls && (v->nulls[row >> 6] >> (row & 63)) & 1;
}
/* The value of one row; text and the like are borrowed. */
ic_value ic_vector_value(const ic_vector *v, uint32_t row);

/* A vector being made: data and nulls from an arena, nulls zeroed. */
typedef struct ic_vector_out {
	ic_vector v;
	union {
		void *data;
		uint8_t *b;
		int64_t *i;
		double *d;
		ic_str *s;
		ic_ip *ip;
		const ic_dyn **dyn;
		ic_guid *guid;
		ic_decimal *decimal;
	};
	uint64_t *nulls;
} ic_vector_out;
bool ic_vector_make(ic_vector_out *o, ic_arena *a, ic_qtype type, uint32_t rows); /* false: no memory */
/* Stores a value of the vector's type; the pointers it has are kept, not copied. */
void ic_vector_set(ic_vector_out *o, uint32_t row, const ic_value *v);
/* One value for all rows. */
bool ic_vector_constant(ic_vector *ret, ic_arena *a, const ic_value *v);
/* The rows listed in `pick`, in that order. */
bool ic_vector_pick(ic_vector *ret, ic_arena *a, const ic_vector *v, const uint16_t *pick, uint32_t n);
/* `word` has a value for each word of a coded vector: each row gets that of its code. If all rows
 * have the same, ret is a constant. */
bool ic_vector_decode(ic_vector *ret, ic_arena *a, const ic_vector *word, uint32_t words, const uint8_t *code,
		      uint32_t rows);
/* As strings: addresses are written out; anything else is left alone. */
bool ic_vector_strings(ic_vector *ret, ic_arena *a, const ic_vector *v, uint32_t rows);

#endif
