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

static void null_column_nulls_these_rows_alone(void **state)
{
	static const uint32_t counts[] = { 0, 1, 3, 4, 64, 68, 69, 200 };
	(void)state;
	ic_batch *b = ic_batch_new(IC_FIELD_BIT(IC_F_BYTES_OUT));
	assert_non_null(b);
	ic_column *col = &b->col[IC_F_BYTES_OUT];
	for (size_t k = 0; k < sizeof(counts) / sizeof(counts[0]); k++) {
		ic_batch_reset(b);
		for (uint32_t i = 0; i < IC_BATCH_ROWS; i++)
			col->i[i] = 1;
		b->rows = 60;
		ic_batch_null_column(b, IC_F_BYTES_OUT, counts[k]);
		for (uint32_t i = 0; i < IC_BATCH_ROWS; i++) {
			const bool null = i >= 60 && i < 60 + counts[k];
			assert_int_equal(ic_column_null(col, i), null);
			assert_int_equal(col->i[i], !null);
		}
	}
	ic_batch_free(b);
}

static void gathered_rows_keep_values_and_nulls(void **state)
{
	(void)state;
	enum { BEFORE = 61, HAD = 8 };
	static const uint16_t from[] = { 1, 2, 5, 7 };
	ic_batch *b = ic_batch_new(ALL_FIELDS);
	assert_non_null(b);
	ic_batch_reset(b);
	b->rows = BEFORE;
	for (uint32_t row = BEFORE - 1; row < BEFORE + HAD; row++) {
		b->col[IC_F_TIME].i[row] = row;
		b->col[IC_F_DURATION].d[row] = row;
		b->col[IC_F_CERT_VALID].b[row] = row & 1;
		b->col[IC_F_SRC_IP].ip[row] = ic_ip_from_v4(row);
		b->col[IC_F_HOST].s[row] = (ic_str){ "0123456789012345678901234567890123456789", row - 60 };
		if (row % 2)
			ic_column_set_null(&b->col[IC_F_HOST], row);
	}
	ic_batch_gather(b, ALL_FIELDS & ~IC_FIELD_BIT(IC_F_BYTES_OUT), from, 4, HAD);
	for (uint32_t i = 0; i < HAD; i++) {
		const uint32_t row = BEFORE + i, old = BEFORE + from[i % 4];
		assert_int_equal(ic_column_null(&b->col[IC_F_HOST], row), i < 4 && old % 2);
		if (i >= 4)
			continue;
		assert_int_equal(b->col[IC_F_TIME].i[row], old);
		assert_true(b->col[IC_F_DURATION].d[row] == old);
		assert_int_equal(b->col[IC_F_CERT_VALID].b[row], old & 1);
		assert_int_equal(b->col[IC_F_SRC_IP].ip[row].b[15], old);
		assert_int_equal(b->col[IC_F_HOST].s[row].n, old - 60);
	}
	assert_int_equal(b->col[IC_F_TIME].i[BEFORE - 1], BEFORE - 1);
	assert_false(ic_column_null(&b->col[IC_F_HOST], BEFORE - 1));
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
		cmocka_unit_test(null_column_nulls_these_rows_alone),
		cmocka_unit_test(gathered_rows_keep_values_and_nulls),
		cmocka_unit_test(every_failure_is_survived),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
