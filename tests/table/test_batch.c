/* SPDX-License-Identifier: Apache-2.0 */
#include "../test.h"

#include "table/batch.h"

#define ALL_FIELDS ((UINT64_C(1) << IC_FIELD_COUNT) - 1)

static void only_wanted_columns(void **state)
{
	(void)state;
	ic_batch *b = ic_batch_new(IC_FIELD_BIT(IC_F_TIME) | IC_FIELD_BIT(IC_F_SRC_IP));
	assert_non_null(b);
	for (int f = 0; f < IC_FIELD_COUNT; f++) {
		assert_int_equal(b->col[f].data != NULL, f == IC_F_TIME || f == IC_F_SRC_IP);
		assert_int_equal(ic_batch_has(b, (ic_field)f), b->col[f].data != NULL);
	}
	ic_batch_free(b);
	ic_batch_free(NULL);
}

static void null_rest_zeroes_what_was_not_seen(void **state)
{
	(void)state;
	ic_batch *b = ic_batch_new(ALL_FIELDS);
	uint32_t row = IC_BATCH_ROWS - 1;
	b->col[IC_F_TIME].i[row] = 5;
	b->col[IC_F_BYTES_OUT].i[row] = 6;
	b->col[IC_F_DURATION].d[row] = 7;
	b->col[IC_F_CERT_VALID].b[row] = 1;
	b->col[IC_F_SRC_IP].ip[row].b[3] = 8;
	b->col[IC_F_HOST].s[row] = IC_STR("old");
	ic_batch_null_rest(b, row, IC_FIELD_BIT(IC_F_TIME));
	assert_false(ic_column_null(&b->col[IC_F_TIME], row));
	assert_int_equal(b->col[IC_F_TIME].i[row], 5);
	for (int f = 1; f < IC_FIELD_COUNT; f++) {
		assert_true(ic_column_null(&b->col[f], row));
		assert_false(ic_column_null(&b->col[f], row - 1));
	}
	assert_int_equal(b->col[IC_F_BYTES_OUT].i[row], 0);
	assert_true(b->col[IC_F_DURATION].d[row] == 0);
	assert_int_equal(b->col[IC_F_CERT_VALID].b[row], 0);
	assert_int_equal(b->col[IC_F_SRC_IP].ip[row].b[3], 0);
	assert_null(b->col[IC_F_HOST].s[row].p);
	b->rows = IC_BATCH_ROWS;
	assert_non_null(ic_arena_dup(&b->arena, "text", 4));
	ic_batch_reset(b);
	assert_int_equal(b->rows, 0);
	assert_false(ic_column_null(&b->col[IC_F_HOST], row));
	ic_batch_free(b);
}

static void every_failure_is_survived(void **state)
{
	(void)state;
	ic_batch *b = NULL;
	for (uint64_t n = 1; !b; n++) {
		ic_alloc_fail_after(n);
		b = ic_batch_new(ALL_FIELDS);
		ic_alloc_fail_after(0);
		assert_true(n <= IC_FIELD_COUNT + 2);
	}
	ic_batch_free(b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(only_wanted_columns),
		cmocka_unit_test(null_rest_zeroes_what_was_not_seen),
		cmocka_unit_test(every_failure_is_survived),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
