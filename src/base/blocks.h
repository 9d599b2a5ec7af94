/* SPDX-License-Identifier: Apache-2.0 */
/* Pieces of memory from blocks of 2 MiB, which the system is asked to back by huge pages: what is looked up
 * at random in hundreds of megabytes misses the translation buffer at every step otherwise. For pieces that
 * live until the end, or are given back about in the order in which they were taken. */
#ifndef IC_BASE_BLOCKS_H
#define IC_BASE_BLOCKS_H

#include <pthread.h>
#include <stddef.h>

#define IC_BLOCK_BYTES (2 << 20)

typedef struct ic_blocks {
	pthread_mutex_t lock;
	struct ic_block *current; /* pieces are cut from it */
	struct ic_block *spare;	  /* given back whole */
	struct ic_block *first, *last;
	size_t blocks; /* made so far */
} ic_blocks;

void ic_blocks_init(ic_blocks *b);
/* Frees every piece. */
void ic_blocks_clear(ic_blocks *b);
/* n bytes, at least 1, that begin at a cache line. NULL: out of memory. Thread-safe, as is the next. */
void *ic_blocks_take(ic_blocks *b, size_t n);
/* Only what ic_blocks_take of the same `b` gave; NULL allowed. */
void ic_blocks_give(ic_blocks *b, void *p);

#endif
