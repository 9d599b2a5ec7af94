/* SPDX-License-Identifier: Apache-2.0 */
#include "base/blocks.h"

#include <stdbool.h>
#include <stdint.h>
#include <sys/mman.h>

#include "base/alloc.h"

#define LINE	    ((size_t)64)
#define BLOCK_BYTES ((size_t)IC_BLOCK_BYTES)
#define MOST	    (BLOCK_BYTES / 2) /* larger pieces have a block of their own */

enum { SMALL_BLOCKS = 4 };

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

/* Touching a new block makes the system clear its page, which takes long: not under the lock. */
static ic_block *new_block(size_t bytes, bool huge)
{
	ic_block *k = ic_malloc_aligned(BLOCK_BYTES, bytes);
	if (!k)
		return NULL;
	if (huge)
		(void)madvise(k, bytes, MADV_HUGEPAGE);
	*k = (ic_block){ .used = HEAD };
	return k;
}

static void add_block(ic_blocks *b, ic_block *k)
{
	k->prev = b->last;
	*(b->last ? &b->last->next : &b->first) = k;
	b->last = k;
	b->blocks++;
}

static void remove_block(ic_blocks *b, ic_block *k)
{
	*(k->prev ? &k->prev->next : &b->first) = k->next;
	*(k->next ? &k->next->prev : &b->last) = k->prev;
}

static void add_spare(ic_blocks *b, ic_block *k)
{
	k->spare = b->spare;
	b->spare = k;
}

/* A block with room for n bytes more; NULL: one is to be made. */
static ic_block *block_for(ic_blocks *b, size_t n)
{
	if (n > MOST)
		return NULL;
	if (b->current && b->current->used + n <= BLOCK_BYTES)
		return b->current;
	ic_block *k = b->spare;
	if (k) {
		b->spare = k->spare;
		b->current = k;
	}
	return k;
}

/* Makes a block with room for n bytes. Called and returns with the lock held, which is given up in between. */
static ic_block *make_block(ic_blocks *b, size_t n)
{
	/* A run that needs little is better off with as many small pages as it touches. */
	const bool huge = b->blocks >= SMALL_BLOCKS, own = n > MOST;
	if (n > SIZE_MAX - HEAD)
		return NULL;
	pthread_mutex_unlock(&b->lock);
	ic_block *k = new_block(own ? HEAD + n : BLOCK_BYTES, huge);
	pthread_mutex_lock(&b->lock);
	if (!k)
		return NULL;
	add_block(b, k);
	k->own = own;
	if (own)
		return k;
	add_spare(b, k); /* others may have made one meanwhile */
	return block_for(b, n);
}

void *ic_blocks_take(ic_blocks *b, size_t n)
{
	if (__builtin_add_overflow(n, LINE - 1, &n))
		return NULL;
	n &= ~(LINE - 1);
	pthread_mutex_lock(&b->lock);
	ic_block *k = block_for(b, n);
	if (!k)
		k = make_block(b, n);
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
	const bool free = --k->pieces == 0, own = k->own;
	if (free && own) {
		remove_block(b, k);
	} else if (free) {
		k->used = HEAD;
		if (k != b->current)
			add_spare(b, k);
	}
	pthread_mutex_unlock(&b->lock);
	if (free && own)
		ic_free(k);
}
