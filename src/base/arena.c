/* SPDX-License-Identifier: Apache-2.0 */
#include "base/arena.h"

#include <string.h>

#define PAGE_SIZE_DEFAULT ((size_t)64 << 10)
#define ALIGN		  8

struct ic_arena_page {
	ic_arena_page *next;
	size_t size; /* bytes of data */
	char data[];
};

void ic_arena_init(ic_arena *a, size_t page_size, ic_budget *budget)
{
	*a = (ic_arena){ .budget = budget, .page_size = page_size ? page_size : PAGE_SIZE_DEFAULT };
}

static ic_arena_page *page_new(ic_arena *a, size_t size)
{
	size_t whole;
	ic_arena_page *page = NULL;
	if (!__builtin_add_overflow(sizeof *page, size, &whole) &&
	    (!a->budget || ic_budget_take(a->budget, whole) == 0)) {
		page = a->blocks ? ic_blocks_take(a->blocks, whole) : ic_malloc(whole);
		if (!page && a->budget)
			ic_budget_give(a->budget, whole);
	}
	if (page)
		page->size = size;
	a->failed |= !page;
	return page;
}

static void page_free(ic_arena *a, ic_arena_page *page)
{
	if (a->budget)
		ic_budget_give(a->budget, sizeof *page + page->size);
	if (a->blocks)
		ic_blocks_give(a->blocks, page);
	else
		ic_free(page);
}

/* A request that would waste much of the page gets one of its own, behind the current one. */
static void *alloc_own_page(ic_arena *a, size_t n)
{
	ic_arena_page *page = page_new(a, n);
	if (!page)
		return NULL;
	if (a->head) {
		page->next = a->head->next;
		a->head->next = page;
	} else {
		page->next = NULL;
		a->head = page;
		a->at = a->end = page->data + page->size;
	}
	return page->data;
}

void *ic_arena_alloc(ic_arena *a, size_t n)
{
	if (n > SIZE_MAX - ALIGN) {
		a->failed = true;
		return NULL;
	}
	n = (n + ALIGN - 1) & ~(size_t)(ALIGN - 1);
	if (n > (size_t)(a->end - a->at) || !a->at) {
		if (n > a->page_size / 4)
			return alloc_own_page(a, n);
		ic_arena_page *page = page_new(a, a->page_size);
		if (!page)
			return NULL;
		page->next = a->head;
		a->head = page;
		a->at = page->data;
		a->end = page->data + page->size;
	}
	char *p = a->at;
	a->at += n;
	return p;
}

char *ic_arena_dup(ic_arena *a, const char *p, size_t n)
{
	char *copy = ic_arena_alloc(a, n < SIZE_MAX ? n + 1 : n);
	if (!copy)
		return NULL;
	if (n)
		memcpy(copy, p, n);
	copy[n] = '\0';
	return copy;
}

void ic_arena_reset(ic_arena *a)
{
	ic_arena_page *kept = NULL;
	for (ic_arena_page *page = a->head, *next; page; page = next) {
		next = page->next;
		if (!kept && page->size == a->page_size)
			kept = page;
		else
			page_free(a, page);
	}
	a->head = kept;
	a->at = a->end = NULL;
	a->failed = false;
	if (kept) {
		kept->next = NULL;
		a->at = kept->data;
		a->end = kept->data + kept->size;
	}
}

void ic_arena_clear(ic_arena *a)
{
	for (ic_arena_page *page = a->head, *next; page; page = next) {
		next = page->next;
		page_free(a, page);
	}
	a->head = NULL;
	a->at = a->end = NULL;
	a->failed = false;
}

void ic_arena_join(ic_arena *a, ic_arena *from)
{
	ic_arena_page *last = from->head;
	if (!last)
		return;
	while (last->next)
		last = last->next;
	if (a->head) { /* which stays the current page */
		last->next = a->head->next;
		a->head->next = from->head;
	} else {
		a->head = from->head;
		a->at = from->at;
		a->end = from->end;
	}
	from->head = NULL;
	from->at = from->end = NULL;
}

#define SLAB_STEP 16
#define SLAB_MOST (IC_SLAB_CLASSES * SLAB_STEP)

static size_t slab_class(size_t n)
{
	return n ? (n - 1) / SLAB_STEP : 0;
}

void ic_slab_init(ic_slab *s, ic_budget *budget)
{
	memset(s, 0, sizeof *s);
	ic_arena_init(&s->arena, 0, budget);
}

void *ic_slab_alloc(ic_slab *s, size_t n)
{
	if (n > SLAB_MOST)
		return ic_arena_alloc(&s->arena, n);
	size_t c = slab_class(n);
	void *p = s->free_list[c];
	if (!p)
		return ic_arena_alloc(&s->arena, (c + 1) * SLAB_STEP);
	memcpy(&s->free_list[c], p, sizeof(void *));
	return p;
}

void ic_slab_free(ic_slab *s, void *p, size_t n)
{
	if (!p || n > SLAB_MOST)
		return;
	size_t c = slab_class(n);
	memcpy(p, &s->free_list[c], sizeof(void *));
	s->free_list[c] = p;
}

void ic_slab_clear(ic_slab *s)
{
	ic_arena_clear(&s->arena);
	memset(s->free_list, 0, sizeof s->free_list);
}
