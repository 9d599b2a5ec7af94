/* SPDX-License-Identifier: Apache-2.0 */
#include "base/blocks.h"

#include <stdbool.h>
#include <stdint.h>
#include <sys/mman.h>

#include "base/alloc.h"

#define LINE	    ((size_t)64)
#define BLOCK_BYTES ((size_t)IC_BLOCK_BYTES)
#define MOST	    (BLOCK_BYTES / 2) /* larger pieces have a block of their own */

enum { SMALL_BLOCKS = 8 };

/* At the start of each block, which is aligned to its size: a piece finds its block by its address. */
typedef struct ic_block {
	struct ic_block *next, *prev; /* of all */
	struct ic_block *spare;
	size_t used;
	size_t pieces; /* not given back */
	bool own;      /* of one large piece */
} ic_block;

#define HEAD ((sizeof(ic_block) + LINE - 1) & ~(LINE - 1))

void ic_blocks_init(ic_blocks *b)
{
	*b = (ic_blocks){ .current = NULL };
	pthread_mutex_init(&b->lock, NULL);
}

void ic_blocks_clear(ic_blocks *b)
{
	for (ic_block *k = b->first, *next; k; k = next) {
		next = k->next;
		ic_free(k);
	}
	pthread_mutex_destroy(&b->lock);
}

static ic_block *add_block(ic_blocks *b, size_t bytes)
{
	ic_block *k = ic_malloc_aligned(BLOCK_BYTES, bytes);
	if (!k)
		return NULL;
	/* A run that needs little is better off with as many small pages as it touches. */
	if (b->blocks++ >= SMALL_BLOCKS)
		(void)madvise(k, bytes, MADV_HUGEPAGE);
	*k = (ic_block){ .prev = b->last, .used = HEAD };
	*(b->last ? &b->last->next : &b->first) = k;
	b->last = k;
	return k;
}

static void remove_block(ic_blocks *b, ic_block *k)
{
	*(k->prev ? &k->prev->next : &b->first) = k->next;
	*(k->next ? &k->next->prev : &b->last) = k->prev;
	ic_free(k);
}

/* A block with room for n bytes more. */
static ic_block *block_for(ic_blocks *b, size_t n)
{
	ic_block *k = b->current;
	if (n > MOST) {
		k = n <= SIZE_MAX - HEAD ? add_block(b, HEAD + n) : NULL;
		if (k)
			k->own = true;
		return k;
	}
	if (k && k->used + n <= BLOCK_BYTES)
		return k;
	if (b->spare) {
		k = b->spare;
		b->spare = k->spare;
	} else {
		k = add_block(b, BLOCK_BYTES);
	}
	return k ? b->current = k : NULL;
}

void *ic_blocks_take(ic_blocks *b, size_t n)
{
	if (__builtin_add_overflow(n, LINE - 1, &n))
		return NULL;
	n &= ~(LINE - 1);
	pthread_mutex_lock(&b->lock);
	ic_block *k = block_for(b, n);
	char *p = NULL;
	if (k) {
		p = (char *)k + k->used;
		k->used += n;
		k->pieces++;
	}
	pthread_mutex_unlock(&b->lock);
	return p;
}

void ic_blocks_give(ic_blocks *b, void *p)
{
	if (!p)
		return;
	ic_block *k = (ic_block *)((uintptr_t)p & ~(uintptr_t)(BLOCK_BYTES - 1));
	pthread_mutex_lock(&b->lock);
	if (--k->pieces == 0 && k->own) {
		remove_block(b, k);
	} else if (k->pieces == 0) {
		k->used = HEAD;
		if (k != b->current) {
			k->spare = b->spare;
			b->spare = k;
		}
	}
	pthread_mutex_unlock(&b->lock);
}
