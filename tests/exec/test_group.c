/* SPDX-License-Identifier: Apache-2.0 */
/* The group table against a plain array: same groups, same sums, entries never move. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/cpu.h"
#include "base/hash.h"
#include "exec/group/group.h"

enum { KEYS = 20000, ADDS = 100000, MANY = 15000 }; /* MANY: slots come from blocks */

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

static void count_every_key(ic_blocks *blocks)
{
	static uint32_t expected[KEYS];
	static entry *where[KEYS];
	memset(expected, 0, sizeof expected);
	memset(where, 0, sizeof where);
	ic_group_table t;
	ic_group_init(&t, 12, sizeof(entry), NULL, blocks);
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

static void counts_every_key(void **state)
{
	(void)state;
	count_every_key(NULL);
}

/* Pages and slots come from blocks, and go back to them. */
static void counts_every_key_in_blocks(void **state)
{
	(void)state;
	ic_blocks blocks;
	ic_blocks_init(&blocks);
	count_every_key(&blocks);
	const size_t made = blocks.blocks;
	assert_true(made > 0);
	count_every_key(&blocks);
	assert_int_equal(blocks.blocks, made);
	ic_blocks_clear(&blocks);
}

/* With each level of vector instructions, some at once are as one by one, even keys that come twice. */
static void takes_some_at_once(void **state)
{
	(void)state;
	enum { STRIDE = 5 };
	for (int level = IC_SIMD_SCALAR; level <= IC_SIMD_AVX512; level++) {
		ic_cpu_simd_limit((ic_simd)level);
		ic_group_table t, plain;
		ic_group_init(&t, 12, sizeof(entry), NULL, NULL);
		ic_group_init(&plain, 12, sizeof(entry), NULL, NULL);
		for (uint32_t at = 0; at < ADDS; at += IC_GROUP_SOME) {
			uint32_t keys[IC_GROUP_SOME * STRIDE], made[IC_GROUP_SOME], groups, k = 0;
			uint64_t hash[IC_GROUP_SOME];
			char *some[IC_GROUP_SOME];
			const uint32_t n = at % 3 ? IC_GROUP_SOME : at / IC_GROUP_SOME % IC_GROUP_SOME;
			for (uint32_t i = 0; i < n; i++)
				make_key((uint32_t)(ic_mix(at + i / 2, i, 3) % KEYS), keys + i * STRIDE);
			if (n > 9) { /* a key that is new comes twice */
				make_key(KEYS + at, keys + 8 * STRIDE);
				make_key(KEYS + at, keys + 9 * STRIDE);
			}
			groups = ic_group_upsert_some(&t, keys, STRIDE * sizeof *keys, n, hash, some, made);
			for (uint32_t i = 0; i < n; i++) {
				const uint32_t *key = keys + i * STRIDE;
				int is_new;
				entry *e = (entry *)(void *)some[i],
				      *p = ic_group_upsert(&plain, key, ic_group_hash(key, 12), &is_new);
				assert_int_equal(hash[i], ic_group_hash(key, 12));
				assert_non_null(e);
				assert_memory_equal(e->key, key, 12);
				assert_int_equal(e->count, p->count);
				e->count++;
				p->count++;
				assert_int_equal(is_new, k < groups && made[k] == i);
				k += (uint32_t)is_new;
			}
			assert_int_equal(k, groups);
			assert_int_equal(ic_group_count(&t), ic_group_count(&plain));
		}
		for (uint32_t i = 0; i < ic_group_count(&t); i++)
			assert_memory_equal(ic_group_at(&t, i), ic_group_at(&plain, i), sizeof(entry));
		ic_group_clear(&t);
		ic_group_clear(&plain);
	}
	ic_cpu_simd_limit(IC_SIMD_AVX512);
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
		ic_blocks blocks;
		ic_blocks_init(&blocks);
		ic_group_table t;
		ic_group_init(&t, 12, sizeof(entry), NULL, &blocks);
		uint32_t i = 0, key[3];
		int is_new;
		for (; i < MANY; i++) {
			make_key(i, key);
			if (!ic_group_upsert(&t, key, ic_group_hash(key, 12), &is_new))
				break;
		}
		ic_alloc_fail_after(0);
		assert_int_equal(ic_group_count(&t), i);
		ic_group_clear(&t);
		ic_blocks_clear(&blocks);
		if (i == MANY)
			break;
	}
}

/* What some at once lack memory for has no entry; what was there is found all the same. */
static void some_survive_every_failed_allocation(void **state)
{
	(void)state;
	for (uint64_t nth = 1, done = 0; !done; nth++) {
		ic_alloc_fail_after(nth);
		ic_group_table t;
		ic_group_init(&t, 12, sizeof(entry), NULL, NULL);
		uint32_t keys[IC_GROUP_SOME][3], made[IC_GROUP_SOME], number = 1, groups, missing = 0;
		uint64_t hash[IC_GROUP_SOME];
		char *some[IC_GROUP_SOME];
		while (number < 3000 && !missing) {
			make_key(0, keys[0]);
			for (uint32_t i = 1; i < IC_GROUP_SOME; i++)
				make_key(number++, keys[i]);
			const uint32_t before = ic_group_count(&t);
			groups = ic_group_upsert_some(&t, keys, 12, IC_GROUP_SOME, hash, some, made);
			for (uint32_t i = 0; i < IC_GROUP_SOME; i++)
				missing += !some[i];
			assert_int_equal(ic_group_count(&t), before + groups - missing);
			assert_true(before == 0 || some[0] != NULL);
		}
		ic_alloc_fail_after(0);
		done = !missing;
		assert_int_equal(ic_group_upsert_some(&t, keys, 12, IC_GROUP_SOME, hash, some, made),
				 missing);
		assert_int_equal(ic_group_count(&t), number);
		ic_group_clear(&t);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(counts_every_key),
		cmocka_unit_test(counts_every_key_in_blocks),
		cmocka_unit_test(takes_some_at_once),
		cmocka_unit_test(stops_at_its_budget),
		cmocka_unit_test(survives_every_failed_allocation),
		cmocka_unit_test(some_survive_every_failed_allocation),
	};
	return cmocka_run_group_tests_name("group", tests, NULL, NULL);
}
