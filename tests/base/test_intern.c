/* SPDX-License-Identifier: Apache-2.0 */
#include "../test.h"

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "base/intern.h"
#include "base/thread.h"

static ic_ip nth_ip(uint32_t i)
{
	ic_ip ip = ic_ip_from_v4(i * 2654435761u);
	if (i % 3 == 0) /* IPv6; of the others one in 16 is reserved: not its own id either */
		ip.b[0] = 0x20;
	return ip;
}

static ic_str nth_str(uint32_t i, char buf[32])
{
	return (ic_str){ buf, (uint32_t)snprintf(buf, 32, "name-%u.example", i) };
}

static void same_bytes_same_id(void **state)
{
	(void)state;
	ic_intern *t = ic_intern_new(NULL);
	assert_non_null(t);
	assert_int_equal(ic_intern_str(t, (ic_str){ NULL, 0 }), 0);
	assert_null(ic_intern_get(t, 0).p);
	assert_false(ic_intern_is_ip(t, 0));
	uint32_t empty = ic_intern_str(t, IC_STR(""));
	assert_true(empty != 0);
	assert_non_null(ic_intern_get(t, empty).p);
	assert_int_equal(ic_intern_get(t, empty).n, 0);
	uint32_t a = ic_intern_str(t, IC_STR("a.example")), b = ic_intern_str(t, IC_STR("b.example"));
	assert_true(a != b && a && b);
	assert_int_equal(ic_intern_str(t, IC_STR("a.example")), a);
	assert_true(ic_str_eq(ic_intern_get(t, b), IC_STR("b.example")));
	ic_ip ip = nth_ip(1);
	uint32_t id = ic_intern_ip(t, &ip);
	assert_true(ic_intern_is_ip(t, id));
	assert_false(ic_intern_is_ip(t, a));
	/* the same sixteen bytes as text are another entry */
	uint32_t text = ic_intern_str(t, (ic_str){ (const char *)ip.b, 16 });
	assert_true(text != id);
	assert_null(ic_intern_get(t, id).p);
	char buf[46];
	assert_true(ic_str_eq(ic_intern_text(t, id, buf), IC_STR("158.55.121.177")));
	assert_true(ic_str_eq(ic_intern_text(t, a, buf), IC_STR("a.example")));
	ic_intern_free(t);
	ic_intern_free(NULL);
}

static void long_strings_are_cut(void **state)
{
	(void)state;
	ic_intern *t = ic_intern_new(NULL);
	char *text = malloc(70000);
	memset(text, 'x', 70000);
	uint32_t id = ic_intern_str(t, (ic_str){ text, 70000 });
	assert_int_equal(ic_intern_get(t, id).n, 65536);
	assert_int_equal(ic_intern_str(t, (ic_str){ text, 65536 }), id);
	free(text);
	ic_intern_free(t);
}

static int by_value(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
	return x < y ? -1 : x > y;
}

static void many(void **state)
{
	(void)state;
	enum { N = 100000 };
	ic_budget budget = { 0 };
	ic_intern *t = ic_intern_new(&budget);
	uint32_t *ids = calloc(2 * N, sizeof *ids);
	ic_ip *ips = calloc(N, sizeof *ips);
	char buf[32];
	for (uint32_t i = 0; i < N; i++) {
		ips[i] = nth_ip(i);
		ids[i] = ic_intern_ip(t, &ips[i]);
		ids[N + i] = ic_intern_str(t, nth_str(i, buf));
		assert_true(ids[i] && ids[N + i]);
	}
	uint32_t *sorted = malloc(2 * N * sizeof *ids);
	memcpy(sorted, ids, 2 * N * sizeof *ids);
	qsort(sorted, 2 * N, sizeof *ids, by_value);
	for (uint32_t i = 1; i < 2 * N; i++)
		assert_true(sorted[i - 1] < sorted[i]);
	free(sorted);
	for (uint32_t i = 0; i < N; i++) {
		ic_ip ip = ic_intern_get_ip(t, ids[i]);
		assert_memory_equal(&ip, &ips[i], sizeof ip);
		assert_int_equal(ic_intern_ip(t, &ips[i]), ids[i]);
		assert_true(ic_str_eq(ic_intern_get(t, ids[N + i]), nth_str(i, buf)));
		assert_int_equal(ic_intern_str(t, nth_str(i, buf)), ids[N + i]);
	}
	free(ips);
	free(ids);
	ic_intern_free(t);
	assert_int_equal(budget.used, 0);
}

static void budget_refuses_new_keys_only(void **state)
{
	(void)state;
	ic_budget budget = { .limit = 2 << 20 };
	ic_intern *t = ic_intern_new(&budget);
	uint32_t refused = 0, first = 0;
	for (uint32_t i = 0; i < 200000; i++) {
		ic_ip ip = nth_ip(i);
		uint32_t id = ic_intern_ip(t, &ip);
		if (i == 0)
			first = id;
		refused += id == 0;
	}
	assert_true(refused > 0 && budget.used <= budget.limit && budget.refused > 0);
	ic_ip ip = nth_ip(0);
	assert_int_equal(ic_intern_ip(t, &ip), first);
	ic_intern_free(t);
}

/* Whether keys fit does not depend on their order, nor on where the seed puts them. */
static void what_fits_follows_from_the_keys(void **state)
{
	enum { KEYS = 5000 };
	(void)state;
	uint64_t needed = 0;
	char buf[32];
	for (unsigned round = 0; round < 6; round++) {
		ic_budget budget = { .limit = round < 4 ? needed : needed - 1 };
		ic_hash_seed_set(round + 1);
		ic_intern *t = ic_intern_new(&budget);
		for (uint32_t i = 0; i < KEYS; i++) {
			const uint32_t key = round % 2 ? KEYS - 1 - i : i;
			const ic_ip ip = nth_ip(key);
			ic_intern_ip(t, &ip);
			ic_intern_str(t, nth_str(key, buf));
		}
		needed = needed ? needed : budget.used;
		assert_int_equal(budget.refused != 0, round >= 4);
		ic_intern_free(t);
	}
}

static void every_failure_is_survived(void **state)
{
	(void)state;
	bool whole = false;
	for (uint64_t n = 1; !whole; n++) {
		uint32_t failed = 0;
		char buf[32];
		ic_alloc_fail_after(n);
		ic_intern *t = ic_intern_new(NULL);
		for (uint32_t i = 0; t && i < 300; i++) {
			ic_ip ip = nth_ip(i);
			failed += ic_intern_ip(t, &ip) == 0;
			failed += ic_intern_str(t, nth_str(i, buf)) == 0;
		}
		ic_alloc_fail_after(0);
		whole = t && failed == 0;
		/* what was refused goes in once there is memory */
		for (uint32_t i = 0; t && i < 300; i++) {
			ic_ip ip = nth_ip(i);
			assert_true(ic_intern_ip(t, &ip) != 0);
			assert_true(
			    ic_str_eq(ic_intern_get(t, ic_intern_str(t, nth_str(i, buf))), nth_str(i, buf)));
		}
		ic_intern_free(t);
		assert_true(n < 10000);
	}
}

/* Four threads insert and look up the same keys in different orders, while the tables grow under
 * them. Run under the thread sanitizer too. */
enum { KEYS = 20000, THREADS = 4 };
typedef struct race {
	ic_intern *t;
	uint32_t ids[THREADS][2 * KEYS];
	_Atomic unsigned wrong;
} race;

static ic_status race_run(void *ctx, unsigned who)
{
	race *r = ctx;
	char buf[32];
	for (uint32_t step = 0; step < KEYS; step++) {
		uint32_t i = (step * 7919u + who * 5003u) % KEYS;
		ic_ip ip = nth_ip(i), back;
		r->ids[who][i] = ic_intern_ip(r->t, &ip);
		back = ic_intern_get_ip(r->t, r->ids[who][i]);
		r->wrong += memcmp(&back, &ip, sizeof ip) != 0 || !ic_intern_is_ip(r->t, r->ids[who][i]);
		ic_str s = nth_str(i, buf);
		r->ids[who][KEYS + i] = ic_intern_str(r->t, s);
		r->wrong += !ic_str_eq(ic_intern_get(r->t, r->ids[who][KEYS + i]), s);
	}
	return IC_OK;
}

static void threads_agree(void **state)
{
	(void)state;
	race *r = calloc(1, sizeof *r);
	r->t = ic_intern_new(NULL);
	assert_int_equal(ic_parallel_for(THREADS, THREADS, race_run, r), IC_OK);
	assert_int_equal(r->wrong, 0);
	for (unsigned who = 1; who < THREADS; who++)
		assert_memory_equal(r->ids[who], r->ids[0], sizeof r->ids[0]);
	ic_intern_free(r->t);
	free(r);
}

/* Number i: a text, or an address that needs the dictionary. */
static uint32_t id_of(ic_intern *t, unsigned i)
{
	char text[32];
	ic_ip ip = { .b = { 0x20, 1 } };
	if (i % 3 == 0) {
		memcpy(ip.b + 8, &i, sizeof i);
		return ic_intern_ip(t, &ip);
	}
	int n = snprintf(text, sizeof text, "text number %u", i);
	return ic_intern_str(t, (ic_str){ text, (uint32_t)n });
}

static bool is_number(const ic_intern *t, uint32_t id, unsigned i)
{
	char text[32];
	ic_ip ip = { .b = { 0x20, 1 } };
	if (ic_intern_is_ip(t, id) != (i % 3 == 0))
		return false;
	if (i % 3 == 0) {
		memcpy(ip.b + 8, &i, sizeof i);
		ic_ip got = ic_intern_get_ip(t, id);
		return memcmp(got.b, ip.b, sizeof ip.b) == 0;
	}
	int n = snprintf(text, sizeof text, "text number %u", i);
	return ic_str_eq(ic_intern_get(t, id), (ic_str){ text, (uint32_t)n });
}

/* What was there at the mark stays, with its ids; what came later goes, and all that it took. */
static void rewinds_to_the_mark(void **state)
{
	enum { MOST = 12000, ROUNDS = 4 };
	static const unsigned marks[] = { 0, 1, 64, 4032, 5000 };
	(void)state;
	uint32_t *ids = calloc(MOST + ROUNDS, sizeof *ids);
	for (size_t m = 0; m < sizeof marks / sizeof *marks; m++) {
		ic_budget b = { 0 };
		ic_intern *t = ic_intern_new(&b);
		for (unsigned i = 0; i < marks[m]; i++)
			ids[i] = id_of(t, i);
		assert_true(ic_intern_mark(t));
		uint64_t used = b.used;
		for (unsigned round = 0; round < ROUNDS; round++) {
			/* others each time, and few or many */
			unsigned more = round % 2 ? 100 : MOST - 5000, from = marks[m] + round;
			for (unsigned i = from; i < from + more; i++)
				ids[i] = id_of(t, i);
			for (unsigned i = from; i < from + more; i++)
				assert_true(is_number(t, ids[i], i) && id_of(t, i) == ids[i]);
			ic_intern_rewind(t);
			assert_int_equal(b.used, used);
			for (unsigned i = 0; i < marks[m]; i++)
				assert_true(is_number(t, ids[i], i) && id_of(t, i) == ids[i]);
			assert_int_equal(b.used, used);
		}
		ic_intern_free(t);
		assert_int_equal(b.used, 0);
	}
	free(ids);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(same_bytes_same_id),
		cmocka_unit_test(long_strings_are_cut),
		cmocka_unit_test(many),
		cmocka_unit_test(budget_refuses_new_keys_only),
		cmocka_unit_test(what_fits_follows_from_the_keys),
		cmocka_unit_test(every_failure_is_survived),
		cmocka_unit_test(threads_agree),
		cmocka_unit_test(rewinds_to_the_mark),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
