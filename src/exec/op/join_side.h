/* SPDX-License-Identifier: Apache-2.0 */
/* The side of a join that is kept: rows in a store and a hash table over their keys. Private to src/exec.
 *
 * Rows are added by one thread, in order; after ic_join_side_build any number of threads may look them
 * up. A row costs its packed columns (page.h) and 6 to 11 bytes of the table. */
#ifndef IC_EXEC_JOIN_SIDE_H
#define IC_EXEC_JOIN_SIDE_H

#include "exec/rows/store.h"

typedef struct ic_join_column {
	uint32_t from; /* column of the input */
	ic_qtype type;
} ic_join_column;

typedef struct ic_join_spec {
	const ic_join_column *column; /* to keep, each once */
	uint32_t columns, keys;
	ic_expr *const *left_key, *const *right_key; /* of pairs of one type, none dynamic, or of two texts */
	bool null_keys_match;
	bool marks;	 /* ic_join_side_mark will be called */
	bool one_a_key;	 /* a key's first row stands for all */
	bool null_texts; /* else the empty text stands where there is none */
	bool places;	 /* a last column says where each row belongs: ic_join_side_places */
} ic_join_spec;

typedef struct ic_join_side ic_join_side;

ic_join_side *ic_join_side_new(const ic_join_spec *spec, ic_budget *budget); /* NULL: out of memory */
void ic_join_side_free(ic_join_side *s);				     /* NULL allowed */
/* `key`: the keys of the chunk's rows. IC_E_LIMIT: more rows than can be numbered. */
ic_status ic_join_side_add(ic_join_side *s, ic_arena *scratch, ic_vector *key, const ic_chunk *c);
/* Where rows belong whose numbers are first, first + 1...: number << 8 | partition, longs. A key, on either side, is
 * always in the same one of IC_PARTITIONS; rows whose keys match nothing are in all of them. Rows that are added
 * have numbers from IC_JOIN_FIRST_KEPT on. `key` becomes what a look-up compares. false: out of memory. */
#define IC_JOIN_FIRST_KEPT (UINT64_C(1) << 54)
bool ic_join_side_places(const ic_join_side *s, ic_arena *scratch, ic_vector *key, uint32_t n, uint64_t first,
			 ic_vector *ret);
ic_status ic_join_side_build(ic_join_side *s);
/* Forgets the table, so that rows may be added or taken. */
void ic_join_side_unbuild(ic_join_side *s);
/* The rows: columns as the spec has them. Those without values for the key are among them. */
ic_store *ic_join_side_store(ic_join_side *s);

/* For each of n keys the first row that has it, or IC_STORE_NONE. false: out of memory. */
bool ic_join_side_find(const ic_join_side *s, ic_arena *scratch, ic_vector *key, uint32_t n, uint64_t *hash,
		       uint32_t *head);
/* The next row of the same key. */
uint32_t ic_join_side_next(const ic_join_side *s, uint32_t row);
/* Marks all rows of the key that `head` is the first of. false: they were marked before. */
bool ic_join_side_mark(ic_join_side *s, uint32_t head);
bool ic_join_side_met(const ic_join_side *s, uint32_t row);

#endif
