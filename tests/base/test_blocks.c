/* SPDX-License-Identifier: Apache-2.0 */
#include "../test.h"

#include <string.h>

#include "base/alloc.h"
#include "base/blocks.h"
#include "base/thread.h"

enum { PIECES = 5000, LARGE = 3 << 20, THREADS = 4, EACH = 300 };

static void pieces_do_not_touch(void **state)
{
	(void)state;
	static unsigned char *p[PIECES];
	ic_blocks b;
	ic_blocks_init(&b);
	for (unsigned i = 0; i < PIECES; i++) {
		size_t n = i % 100 == 7 ? LARGE + i : 1 + i % 3000;
		if (i % 100 == 7 && i > 1000)
			n = 1 << 20;
		p[i] = ic_blocks_take(&b, n);
		assert_non_null(p[i]);
		assert_int_equal((uintptr_t)p[i] % 64, 0);
		memset(p[i], (int)(i & 0xff), 1 + i % 3000);
	}
	for (unsigned i = 0; i < PIECES; i++)
		for (unsigned k = 0; k < 1 + i % 3000; k++)
			assert_int_equal(p[i][k], i & 0xff);
	for (unsigned i = 0; i < PIECES; i += 2)
		ic_blocks_give(&b, p[i]);
	ic_blocks_give(&b, NULL);
	ic_blocks_clear(&b);
}

typedef struct taker {
	ic_blocks *blocks;
	unsigned char *piece[EACH];
} taker;

static size_t size_of(unsigned i)
{
	return i % 50 == 7 ? LARGE : 1 + i * 1000 % 200000;
}

static ic_status take_some(void *ctx, unsigned mark)
{
	taker *t = (taker *)ctx + mark;
	for (unsigned i = 0; i < EACH; i++) {
		t->piece[i] = ic_blocks_take(t->blocks, size_of(i));
		if (!t->piece[i])
			return IC_E_NOMEM;
		memset(t->piece[i], (int)mark, size_of(i));
		if (i % 3 == 2) {
			ic_blocks_give(t->blocks, t->piece[i - 1]);
			t->piece[i - 1] = NULL;
		}
	}
	return IC_OK;
}

/* Several threads need a new block at the same time. */
static void threads_get_pieces_of_their_own(void **state)
{
	(void)state;
	static taker t[THREADS];
	ic_blocks b;
	ic_blocks_init(&b);
	for (unsigned i = 0; i < THREADS; i++)
		t[i].blocks = &b;
	assert_int_equal(ic_parallel_for(THREADS, THREADS, take_some, t), IC_OK);
	for (unsigned mark = 0; mark < THREADS; mark++)
		for (unsigned i = 0; i < EACH; i++)
			for (size_t k = 0; t[mark].piece[i] && k < size_of(i); k += 63)
				assert_int_equal(t[mark].piece[i][k], mark);
	ic_blocks_clear(&b);
}

/* What was given back in the order in which it was taken is used again: memory follows what is alive. */
static void blocks_are_used_again(void **state)
{
	(void)state;
	void *p[64] = { NULL };
	ic_blocks b;
	ic_blocks_init(&b);
	(void)ic_alloc_fail_after(0);
	for (unsigned i = 0; i < 100000; i++) {
		ic_blocks_give(&b, p[i % 64]);
		p[i % 64] = ic_blocks_take(&b, 100000);
		assert_non_null(p[i % 64]);
	}
	/* 64 pieces are 6.4 MB */
	assert_true(ic_alloc_fail_after(0) <= 8);
	ic_blocks_clear(&b);
}

static void no_memory(void **state)
{
	(void)state;
	ic_blocks b;
	ic_blocks_init(&b);
	assert_null(ic_blocks_take(&b, SIZE_MAX));
	assert_null(ic_blocks_take(&b, SIZE_MAX - 100));
	(void)ic_alloc_fail_after(2);
	assert_non_null(ic_blocks_take(&b, 1000000));
	assert_non_null(ic_blocks_take(&b, 1000000));
	assert_null(ic_blocks_take(&b, 1000000));
	assert_null(ic_blocks_take(&b, LARGE));
	(void)ic_alloc_fail_after(0);
	assert_non_null(ic_blocks_take(&b, LARGE));
	ic_blocks_clear(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(pieces_do_not_touch),
		cmocka_unit_test(threads_get_pieces_of_their_own),
		cmocka_unit_test(blocks_are_used_again),
		cmocka_unit_test(no_memory),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
