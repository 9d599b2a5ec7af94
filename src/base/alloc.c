/* SPDX-License-Identifier: Apache-2.0 */
#include "base/alloc.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

static _Atomic uint64_t requests; /* since the last ic_alloc_fail_after */
static _Atomic uint64_t fail_at;  /* 0: never */

static bool refused(void)
{
	uint64_t nth = atomic_fetch_add_explicit(&requests, 1, memory_order_relaxed) + 1;
	uint64_t at = atomic_load_explicit(&fail_at, memory_order_relaxed);
	return at != 0 && nth >= at;
}

void *ic_malloc(size_t n)
{
	return refused() ? NULL : malloc(n ? n : 1);
}

void *ic_malloc_aligned(size_t alignment, size_t n)
{
	size_t bytes;
	if (refused() || __builtin_add_overflow(n, alignment - 1, &bytes))
		return NULL;
	bytes &= ~(alignment - 1);
	return aligned_alloc(alignment, bytes ? bytes : alignment);
}

void *ic_calloc(size_t n, size_t size)
{
	size_t bytes;
	if (refused() || __builtin_mul_overflow(n, size, &bytes))
		return NULL;
	return calloc(bytes ? bytes : 1, 1);
}

void *ic_realloc(void *p, size_t n)
{
	return refused() ? NULL : realloc(p, n ? n : 1);
}

void *ic_reallocarray(void *p, size_t n, size_t size)
{
	size_t bytes;
	if (__builtin_mul_overflow(n, size, &bytes))
		return NULL;
	return ic_realloc(p, bytes);
}

void ic_free(void *p)
{
	free(p);
}

char *ic_strdup(const char *s)
{
	size_t n = strlen(s) + 1;
	char *copy = ic_malloc(n);
	if (copy)
		memcpy(copy, s, n);
	return copy;
}

uint64_t ic_alloc_fail_after(uint64_t n)
{
	atomic_store(&fail_at, n);
	return atomic_exchange(&requests, 0);
}

int ic_budget_take(ic_budget *b, uint64_t bytes)
{
	uint64_t used = atomic_load_explicit(&b->used, memory_order_relaxed);
	uint64_t next;
	do {
		if (__builtin_add_overflow(used, bytes, &next) || (b->limit != 0 && next > b->limit)) {
			atomic_fetch_add_explicit(&b->refused, 1, memory_order_relaxed);
			return -1;
		}
	} while (!atomic_compare_exchange_weak_explicit(&b->used, &used, next, memory_order_relaxed,
							memory_order_relaxed));
	if (b->whole && ic_budget_take(b->whole, bytes) != 0) {
		atomic_fetch_sub_explicit(&b->used, bytes, memory_order_relaxed);
		return -1;
	}
	return 0;
}

void ic_budget_give(ic_budget *b, uint64_t bytes)
{
	for (; b; b = b->whole)
		atomic_fetch_sub_explicit(&b->used, bytes, memory_order_relaxed);
}
