/* SPDX-License-Identifier: Apache-2.0 */
#include "../test.h"

#include <string.h>

#include "base/alloc.h"
#include "base/arena.h"
#include "base/buf.h"
#include "base/ip.h"

static void sizes_are_checked(void **state)
{
	(void)state;
	assert_null(ic_reallocarray(NULL, SIZE_MAX / 2, 3));
	assert_null(ic_calloc(SIZE_MAX / 2, 3));
	void *p = ic_malloc(0);
	assert_non_null(p);
	p = ic_realloc(p, 0);
	assert_non_null(p);
	ic_free(p);
	p = ic_calloc(0, 8);
	assert_non_null(p);
	ic_free(p);
	ic_free(NULL);
	char *s = ic_strdup("beat");
	assert_string_equal(s, "beat");
	ic_free(s);
}

static void nth_request_fails_and_all_after(void **state)
{
	(void)state;
	ic_alloc_fail_after(2);
	void *a = ic_malloc(1), *b = ic_malloc(1), *c = ic_calloc(1, 1), *d = ic_realloc(NULL, 1);
	assert_int_equal(ic_alloc_fail_after(0), 4);
	assert_non_null(a);
	assert_null(b);
	assert_null(c);
	assert_null(d);
	ic_free(a);
	a = ic_malloc(1);
	assert_non_null(a);
	ic_free(a);
	assert_int_equal(ic_alloc_fail_after(0), 1);
}

static void budget_refuses_and_gives_back(void **state)
{
	(void)state;
	ic_budget b = { .limit = 100 };
	assert_int_equal(ic_budget_take(&b, 60), 0);
	assert_int_equal(ic_budget_take(&b, 41), -1);
	assert_int_equal(b.used, 60);
	assert_int_equal(b.refused, 1);
	assert_int_equal(ic_budget_take(&b, 40), 0);
	assert_int_equal(ic_budget_take(&b, UINT64_MAX), -1);
	ic_budget_give(&b, 100);
	assert_int_equal(b.used, 0);
	ic_budget none = { 0 };
	assert_int_equal(ic_budget_take(&none, UINT64_MAX / 2), 0);
}

static void a_part_of_a_budget(void **state)
{
	(void)state;
	ic_budget whole = { .limit = 100 }, a = { .whole = &whole }, b = { .limit = 30, .whole = &whole };
	assert_int_equal(ic_budget_take(&a, 60), 0);
	assert_int_equal(ic_budget_take(&b, 31), -1);
	assert_int_equal(ic_budget_take(&b, 30), 0);
	assert_int_equal(ic_budget_take(&a, 11), -1);
	assert_int_equal(whole.refused, 1);
	assert_int_equal(a.used, 60);
	assert_int_equal(whole.used, 90);
	ic_budget_give(&a, 60);
	ic_budget_give(&b, 30);
	assert_int_equal(a.used + b.used + whole.used, 0);
}

static void arena_keeps_what_it_gave(void **state)
{
	(void)state;
	ic_budget b = { 0 };
	ic_arena a;
	ic_arena_init(&a, 1024, &b);
	assert_int_equal(b.used, 0);
	char *blocks[300];
	for (unsigned i = 0; i < 300; i++) {
		size_t n = i * 7 % 900;
		blocks[i] = ic_arena_alloc(&a, n);
		assert_non_null(blocks[i]);
		assert_int_equal((uintptr_t)blocks[i] % 8, 0);
		memset(blocks[i], (int)(i & 0xff), n);
	}
	for (unsigned i = 0; i < 300; i++)
		for (size_t j = 0; j < i * 7 % 900; j++)
			assert_int_equal((unsigned char)blocks[i][j], i & 0xff);
	assert_null(ic_arena_alloc(&a, SIZE_MAX));
	assert_null(ic_arena_alloc(&a, SIZE_MAX - 8));
	assert_null(ic_arena_dup(&a, "x", SIZE_MAX));
	assert_string_equal(ic_arena_dup(&a, "ictus", 3), "ict");
	ic_arena_reset(&a);
	assert_true(b.used > 0 && b.used < 2048); /* one page is kept */
	uint64_t kept = b.used;
	assert_non_null(ic_arena_alloc(&a, 100));
	assert_int_equal(b.used, kept);
	ic_arena_clear(&a);
	assert_int_equal(b.used, 0);
	ic_arena_reset(&a);
	ic_arena_clear(&a);
}

static void arena_takes_over_another(void **state)
{
	(void)state;
	enum { EACH = 50 };
	ic_budget b = { .limit = 0 };
	ic_arena a, other;
	char *text[3 * EACH];
	ic_arena_init(&a, 1024, &b);
	ic_arena_init(&other, 1024, &b);
	ic_arena_join(&a, &other); /* nothing to nothing */
	for (unsigned i = 0; i < EACH; i++)
		text[i] = ic_arena_dup(&other, "from the other one", 18);
	ic_arena_join(&a, &other); /* to nothing */
	for (unsigned i = EACH; i < 2 * EACH; i++)
		text[i] = ic_arena_dup(i % 2 ? &a : &other, "from the other one", 18);
	ic_arena_join(&a, &other);
	ic_arena_clear(&other);
	for (unsigned i = 2 * EACH; i < 3 * EACH; i++)
		text[i] = ic_arena_dup(&a, "from the other one", 18);
	for (unsigned i = 0; i < 3 * EACH; i++)
		assert_string_equal(text[i], "from the other one");
	ic_arena_clear(&a);
	assert_int_equal(b.used, 0);
}

static void arena_obeys_budget_and_failure(void **state)
{
	(void)state;
	ic_budget b = { .limit = 3000 };
	ic_arena a;
	ic_arena_init(&a, 1024, &b);
	assert_non_null(ic_arena_alloc(&a, 2000));
	assert_false(a.failed);
	assert_null(ic_arena_alloc(&a, 2000));
	assert_true(a.failed);
	assert_int_equal(b.refused, 1);
	ic_arena_reset(&a);
	assert_false(a.failed);
	ic_alloc_fail_after(1);
	uint64_t used = b.used;
	assert_null(ic_arena_alloc(&a, 500));
	ic_alloc_fail_after(0);
	assert_true(a.failed);
	assert_int_equal(b.used, used);
	ic_arena_clear(&a);
	assert_int_equal(b.used, 0);
}

static void slab_reuses_same_class(void **state)
{
	(void)state;
	ic_slab s;
	ic_slab_init(&s, NULL);
	void *p = ic_slab_alloc(&s, 40), *q = ic_slab_alloc(&s, 40);
	assert_ptr_not_equal(p, q);
	ic_slab_free(&s, p, 40);
	assert_ptr_not_equal(ic_slab_alloc(&s, 49), p);
	assert_ptr_equal(ic_slab_alloc(&s, 33), p); /* 33 to 48 are one class */
	ic_slab_free(&s, NULL, 16);
	void *large = ic_slab_alloc(&s, 5000);
	assert_non_null(large);
	ic_slab_free(&s, large, 5000);
	memset(ic_slab_alloc(&s, 512), 1, 512);
	assert_non_null(ic_slab_alloc(&s, 0));
	ic_slab_clear(&s);
}

static void every_failure_is_survived(void **state)
{
	(void)state;
	for (uint64_t n = 1; n < 40; n++) {
		ic_slab s;
		ic_slab_init(&s, NULL);
		ic_buf b;
		ic_buf_init(&b, 0);
		ic_cidrs set;
		ic_error err;
		ic_alloc_fail_after(n);
		for (unsigned i = 0; i < 200; i++) {
			(void)ic_slab_alloc(&s, i * 5);
			ic_buf_printf(&b, "%0400u", i);
		}
		ic_status status = ic_cidrs_init(&set, NULL, 0, &err);
		ic_alloc_fail_after(0);
		assert_true(status == IC_OK || status == IC_E_NOMEM);
		assert_true(b.failed || b.n == 200 * 400);
		ic_cidrs_clear(&set);
		ic_buf_clear(&b);
		ic_slab_clear(&s);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(sizes_are_checked),
		cmocka_unit_test(nth_request_fails_and_all_after),
		cmocka_unit_test(budget_refuses_and_gives_back),
		cmocka_unit_test(a_part_of_a_budget),
		cmocka_unit_test(arena_keeps_what_it_gave),
		cmocka_unit_test(arena_takes_over_another),
		cmocka_unit_test(arena_obeys_budget_and_failure),
		cmocka_unit_test(slab_reuses_same_class),
		cmocka_unit_test(every_failure_is_survived),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
