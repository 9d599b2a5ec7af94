/* SPDX-License-Identifier: Apache-2.0 */
/* Values as keys: the same, in which order, and numbered by first appearance. Private to src/exec.
 *
 * In a key two nulls are the same, as are 0.0 and -0.0, all NaNs, and the null and the empty text. */
#ifndef IC_EXEC_KEY_H
#define IC_EXEC_KEY_H

#include "exec/rows/chunk.h"

/* The bits of a real as a key. */
uint64_t ic_key_real(double d);
/* A decimal as a key: without zeros at its end, so that 1.50 is 1.5. */
ic_decimal ic_key_decimal(const ic_decimal *d);
/* Both of one type. */
bool ic_key_same(const ic_value *a, const ic_value *b);
uint64_t ic_key_hash(const ic_value *v, uint64_t seed);
/* Mixes the values of n rows into h: equal keys of one type, which is not dynamic, give equal hashes. Nulls are
 * as zeros. */
void ic_key_hash_vector(const ic_vector *v, uint32_t n, uint64_t seed, uint64_t *h);
/* -1, 0, 1; nulls and NaNs come first. Dynamic values have no order: 0. */
int ic_key_order(const ic_value *a, const ic_value *b);

/* Tuples of values, numbered from 0 in order of first appearance. */
typedef struct ic_keys {
	uint32_t width; /* values a key */
	uint32_t n;
	ic_value *value; /* key after key, deep copies */
	uint64_t *hash;
	uint32_t *slot; /* number + 1; 0: free */
	uint32_t slots, room;
	ic_arena arena;
	ic_budget *budget;
	uint64_t taken; /* bytes of the arrays, of the budget */
} ic_keys;

void ic_keys_init(ic_keys *k, uint32_t width, ic_budget *budget);
void ic_keys_clear(ic_keys *k);
/* The number of a key, a new one if it was not there; -1: out of memory or budget. */
int64_t ic_keys_number(ic_keys *k, const ic_value *key);
/* -1: it is not there. */
int64_t ic_keys_find(const ic_keys *k, const ic_value *key);
static inline const ic_value *ic_keys_at(const ic_keys *k, uint32_t number)
{
	return k->value + (size_t)number * k->width;
}

#endif
