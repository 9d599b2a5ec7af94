/* SPDX-License-Identifier: Apache-2.0 */
#include "../test.h"

#include <string.h>

#include "base/alloc.h"
#include "base/blocks.h"

enum { PIECES = 5000, LARGE = 3 << 20 };

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
		cmocka_unit_test(blocks_are_used_again),
		cmocka_unit_test(no_memory),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
