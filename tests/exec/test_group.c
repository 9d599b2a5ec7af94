/* SPDX-License-Identifier: Apache-2.0 */
/* The group table against a plain array: same groups, same sums, entries never move. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/hash.h"
#include "exec/group.h"

enum { KEYS = 20000, ADDS = 100000 };

typedef struct entry {
	uint32_t key[3];
	uint32_t count;
} entry;

static void make_key(uint32_t number, uint32_t key[3])
{
	key[0] = number % 7;
	key[1] = number;
	key[2] = number / 3;
}

static void counts_every_key(void **state)
{
	(void)state;
	static uint32_t expected[KEYS];
	static entry *where[KEYS];
	memset(expected, 0, sizeof expected);
	memset(where, 0, sizeof where);
	ic_group_table t;
	ic_group_init(&t, 12, sizeof(entry), NULL, NULL);
	uint32_t distinct = 0;
	for (uint32_t i = 0; i < ADDS; i++) {
		uint32_t number = (uint32_t)(ic_mix(i, 7, 3) % KEYS);
		uint32_t key[3];
		make_key(number, key);
		int is_new;
		entry *e = ic_group_upsert(&t, key, ic_group_hash(key, 12), &is_new);
		assert_non_null(e);
		assert_int_equal(is_new, expected[number] == 0);
		distinct += (uint32_t)is_new;
		if (where[number])
			assert_ptr_equal(e, where[number]);
		where[number] = e;
		assert_int_equal(e->count, expected[number]);
		e->count = ++expected[number];
	}
	assert_int_equal(ic_group_count(&t), distinct);
	for (uint32_t i = 0; i < distinct; i++) {
		entry *e = ic_group_at(&t, i);
		assert_int_equal(e->count, expected[e->key[1]]);
	}
	uint32_t absent[3] = { 99, 99, 99 };
	assert_null(ic_group_find(&t, absent, ic_group_hash(absent, 12)));
	ic_group_clear(&t);
	assert_int_equal(ic_group_count(&t), 0);
}

/* Whatever ic_group_likely says, it is in the table, and what is found by its help is what is found without. */
static void likely_is_of_the_table(void **state)
{
	(void)state;
	ic_group_table t;
	uint32_t key[3], right = 0;
	ic_group_init(&t, 12, sizeof(entry), NULL, NULL);
	assert_null(ic_group_likely(&t, 1));
	for (uint32_t n = 0; n < KEYS; n++) {
		make_key(n, key);
		uint64_t hash = ic_group_hash(key, 12);
		entry *likely = ic_group_likely(&t, hash);
		assert_int_equal(!likely, n == 0);
		assert_true(!likely || likely->count == 1);
		assert_null(ic_group_find_likely(&t, likely, key, 12, hash));
		entry *added = ic_group_add(&t, key, hash);
		assert_non_null(added);
		added->count = 1;
		assert_ptr_equal(ic_group_find_likely(&t, likely, key, 12, hash), added);
	}
	for (uint32_t n = 0; n < KEYS; n++) {
		make_key(n, key);
		uint64_t hash = ic_group_hash(key, 12);
		entry *found = ic_group_find(&t, key, hash), *likely = ic_group_likely(&t, hash);
		assert_ptr_equal(found, ic_group_at(&t, n));
		assert_ptr_equal(ic_group_find_likely(&t, likely, key, 12, hash), found);
		right += likely == found;
	}
	assert_true(right > KEYS / 10 * 9);
	ic_group_clear(&t);
}

static void stops_at_its_budget(void **state)
{
	(void)state;
	ic_budget budget = { .limit = 256 * 1024 };
	ic_group_table t;
	ic_group_init(&t, 12, sizeof(entry), &budget, NULL);
	uint32_t n = 0;
	for (uint32_t i = 0; i < KEYS; i++) {
		uint32_t key[3];
		make_key(i, key);
		int is_new;
		if (!ic_group_upsert(&t, key, ic_group_hash(key, 12), &is_new))
			break;
		n++;
	}
	assert_true(n > 1000 && n < KEYS);
	assert_true(budget.used <= budget.limit);
	assert_true(budget.refused > 0);
	/* what is there stays usable */
	uint32_t key[3];
	make_key(n - 1, key);
	assert_non_null(ic_group_find(&t, key, ic_group_hash(key, 12)));
	ic_group_clear(&t);
	assert_int_equal(budget.used, 0);
}

static void survives_every_failed_allocation(void **state)
{
	(void)state;
	for (uint64_t nth = 1;; nth++) {
		ic_alloc_fail_after(nth);
		ic_group_table t;
		ic_group_init(&t, 12, sizeof(entry), NULL, NULL);
		uint32_t i = 0, key[3];
		int is_new;
		for (; i < 3000; i++) {
			make_key(i, key);
			if (!ic_group_upsert(&t, key, ic_group_hash(key, 12), &is_new))
				break;
		}
		ic_alloc_fail_after(0);
		assert_int_equal(ic_group_count(&t), i);
		make_key(i, key);
		assert_int_equal(!ic_group_likely(&t, ic_group_hash(key, 12)), i == 0);
		ic_group_clear(&t);
		if (i == 3000)
			break;
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(counts_every_key),
		cmocka_unit_test(likely_is_of_the_table),
		cmocka_unit_test(stops_at_its_budget),
		cmocka_unit_test(survives_every_failed_allocation),
	};
	return cmocka_run_group_tests_name("group", tests, NULL, NULL);
}
