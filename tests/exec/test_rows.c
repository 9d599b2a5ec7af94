/* SPDX-License-Identifier: Apache-2.0 */
#include "expressions.h"

#include "exec/rows/rows.h"

static ic_qcolumn columns[] = { { { "n", 1 }, IC_Q_LONG },    { { "s", 1 }, IC_Q_STRING },
				{ { "d", 1 }, IC_Q_DYNAMIC }, { { "b", 1 }, IC_Q_BOOL },
				{ { "m", 1 }, IC_Q_DECIMAL }, { { "i", 1 }, IC_Q_IP } };
static const ic_schema schema = { columns, 6 };

/* What row number i holds in a column. */
static ic_value expected(ic_arena *a, uint64_t i, uint32_t c)
{
	static const char text[] = "0123456789abcdefghijklmnopqrstuvwxyz";
	static ic_decimal decimal;
	uint64_t seed = i * 7 + c, r = test_random(&seed);
	ic_value v = { .type = columns[c].type };
	if (r % 11 == 0 && c != 1)
		return ic_value_null(columns[c].type);
	switch (c) {
	case 0: v.i = (int64_t)r; break;
	case 1: v.s = (ic_str){ text + r % 20, (uint32_t)(r >> 8) % 16 }; break;
	case 2: {
		ic_value s = ic_value_str((ic_str){ text + r % 20, 3 });
		v.dyn = ic_dyn_of(a, &s);
		break;
	}
	case 3: v.b = r & 1; break;
	case 4:
		decimal = (ic_decimal){ (__int128)r, 3 };
		v.decimal = &decimal;
		break;
	default: v.ip = ic_ip_from_v4((uint32_t)r);
	}
	return v;
}

static void make_chunk(ic_arena *a, uint64_t first, uint32_t rows, ic_vector *col, ic_chunk *ret)
{
	for (uint32_t c = 0; c < schema.n; c++) {
		ic_vector_out o;
		assert_true(ic_vector_make(&o, a, columns[c].type, rows));
		for (uint32_t i = 0; i < rows; i++) {
			ic_value v = expected(a, first + i, c);
			if (v.type == IC_Q_STRING && !v.null) /* bytes that die with the chunk */
				v.s.p = ic_arena_dup(a, v.s.p, v.s.n);
			ic_vector_set(&o, i, &v);
		}
		col[c] = o.v;
	}
	*ret = (ic_chunk){ .rows = rows, .columns = schema.n, .col = col };
}

static void keeps_what_it_was_given(void **state)
{
	(void)state;
	ic_budget budget = { 0 };
	ic_rowset *r = ic_rowset_new(&schema, &budget);
	ic_arena a, values;
	ic_vector col[6];
	ic_chunk c;
	uint64_t n = 0, seed = 5;
	ic_arena_init(&a, 0, NULL);
	ic_arena_init(&values, 0, NULL);
	while (n < 20000) {
		uint32_t rows = 1 + (uint32_t)(test_random(&seed) % (n < 300 ? 70 : IC_CHUNK_ROWS));
		make_chunk(&a, n, rows, col, &c);
		assert_int_equal(ic_rowset_append(r, &c), IC_OK);
		n += rows;
		ic_arena_clear(&a);
	}
	assert_int_equal(ic_rowset_count(r), n);
	/* in chunks from any place on, however they are cut */
	uint64_t chunks = 0;
	for (uint64_t first = 0; first < n;) {
		uint32_t want = first % 3 ? IC_CHUNK_ROWS : 1 + (uint32_t)(first % 100);
		ic_rowset_chunk(r, first, want, col, &c);
		assert_in_range(c.rows, 1, want);
		for (uint32_t i = 0; i < c.rows; i++)
			for (uint32_t k = 0; k < schema.n; k++) {
				ic_value wanted = expected(&values, first + i, k),
					 got = ic_vector_value(&c.col[k], i);
				assert_true(same(&wanted, &got));
				got = ic_rowset_value(r, first + i, k);
				assert_true(same(&wanted, &got));
			}
		first += c.rows;
		chunks++;
		ic_arena_reset(&values);
	}
	assert_true(chunks < n / 2);
	assert_true(budget.used > n * 40);
	ic_rowset_free(r);
	assert_int_equal(budget.used, 0);
	ic_arena_clear(&values);
}

static void the_budget_ends_it(void **state)
{
	(void)state;
	ic_budget budget = { .limit = 3 << 20 };
	ic_rowset *r = ic_rowset_new(&schema, &budget);
	ic_arena a;
	ic_vector col[6];
	ic_chunk c;
	ic_arena_init(&a, 0, NULL);
	make_chunk(&a, 0, IC_CHUNK_ROWS, col, &c);
	ic_status st = IC_OK;
	for (int i = 0; i < 100 && st == IC_OK; i++)
		st = ic_rowset_append(r, &c);
	assert_int_equal(st, IC_E_NOMEM);
	assert_in_range(budget.used, 1 << 20, 3 << 20);
	ic_rowset_free(r);
	assert_int_equal(budget.used, 0);
	ic_arena_clear(&a);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(keeps_what_it_was_given),
					    cmocka_unit_test(the_budget_ends_it) };
	return cmocka_run_group_tests(tests, NULL, NULL);
}
