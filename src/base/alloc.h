/* SPDX-License-Identifier: Apache-2.0 */
/* Allocation: every heap request of the library goes through these, so that tests can make the
 * n-th one fail and so that sizes are checked once. */
#ifndef IC_BASE_ALLOC_H
#define IC_BASE_ALLOC_H

#include <stddef.h>
#include <stdint.h>

/* As malloc, calloc, realloc, free; NULL on failure or on n*size overflow. */
void *ic_malloc(size_t n);
void *ic_malloc_aligned(size_t alignment, size_t n); /* alignment: a power of two, at least 8 */
void *ic_calloc(size_t n, size_t size);
void *ic_realloc(void *p, size_t n);
void *ic_reallocarray(void *p, size_t n, size_t size);
void ic_free(void *p);
char *ic_strdup(const char *s);

/* For tests: the n-th request from now (1-based) and all after it fail; 0 turns it off.
 * Returns the number of requests since the last call. Not for use while threads run. */
uint64_t ic_alloc_fail_after(uint64_t n);

/* A limit shared by the big containers of one run. Thread-safe.
 * take() returns 0 on success, -1 when the limit would be passed (nothing is taken then).
 * A budget with limit 0 never refuses, unless the one that it is a part of does. */
typedef struct ic_budget {
	uint64_t limit;
	_Atomic uint64_t used;
	_Atomic uint64_t refused;
	struct ic_budget *whole; /* what is taken here is taken there too; NULL: it is a part of none */
} ic_budget;
int ic_budget_take(ic_budget *b, uint64_t bytes);
void ic_budget_give(ic_budget *b, uint64_t bytes);

#endif
