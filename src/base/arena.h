/* SPDX-License-Identifier: Apache-2.0 */
/* Arena: many small things that die together. Slab: fixed classes with free lists, for parts
 * that grow one by one. Both draw pages from ic_malloc and an optional ic_budget. */
#ifndef IC_BASE_ARENA_H
#define IC_BASE_ARENA_H

#include <stdbool.h>

#include "base/alloc.h"
#include "base/blocks.h"

typedef struct ic_arena_page ic_arena_page;
typedef struct ic_arena {
	ic_arena_page *head; /* current page first */
	char *at, *end;
	ic_budget *budget; /* may be NULL */
	size_t page_size;
	bool failed;	   /* a request was refused since the arena was empty */
	ic_blocks *blocks; /* where pages come from; NULL: the heap. To be set before the first request */
} ic_arena;

/* page_size 0: 64 KiB. No allocation happens until the first ic_arena_alloc. */
void ic_arena_init(ic_arena *a, size_t page_size, ic_budget *budget);
/* 8-byte aligned, uninitialised; NULL when out of memory or budget. n may exceed a page. */
void *ic_arena_alloc(ic_arena *a, size_t n);
/* Copies n bytes (a NUL is added after them). */
char *ic_arena_dup(ic_arena *a, const char *p, size_t n);
/* Forgets everything, keeps one page for reuse. */
void ic_arena_reset(ic_arena *a);
void ic_arena_clear(ic_arena *a);
/* Moves everything from one arena to another of the same budget and blocks. */
void ic_arena_join(ic_arena *a, ic_arena *from);

#define IC_SLAB_CLASSES 32 /* multiples of 16 bytes up to 512, then the arena itself */
typedef struct ic_slab {
	ic_arena arena;
	void *free_list[IC_SLAB_CLASSES];
} ic_slab;
void ic_slab_init(ic_slab *s, ic_budget *budget);
/* 8-byte aligned, uninitialised; NULL when out of memory or budget. */
void *ic_slab_alloc(ic_slab *s, size_t n);
/* Gives back a block of that same size n; NULL is allowed. */
void ic_slab_free(ic_slab *s, void *p, size_t n);
void ic_slab_clear(ic_slab *s);

#endif
