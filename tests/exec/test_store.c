/* SPDX-License-Identifier: Apache-2.0 */
/* Packed pages and the store of them: what comes out is what went in, in every form of a column. */
#include <stdlib.h>

#include "expressions.h"

#include "exec/rows/dyn_bytes.h"
#include "exec/rows/store.h"

/* What the values of a column are like; each has a form of its own in a page. */
typedef enum style { SAME, FEW, NEAR, EVEN, ANY, SPARSE, STYLES } style;

static const ic_qtype types[] = { IC_Q_LONG,	IC_Q_STRING,  IC_Q_IP,	 IC_Q_REAL, IC_Q_BOOL,
				  IC_Q_DYNAMIC, IC_Q_DECIMAL, IC_Q_GUID, IC_Q_INT,  IC_Q_DATETIME };
enum { TYPES = sizeof types / sizeof *types, COLUMNS = TYPES * STYLES };

static uint64_t number_of(uint64_t row, uint32_t column, style how)
{
	uint64_t seed = row * 131 + column, r = test_random(&seed);
	switch (how) {
	case SAME: return 77;
	case FEW: return r % 7;
	case NEAR: return UINT64_C(0x7ffffffffff00000) + row % 60000;
	default: return r;
	}
}

static ic_value value_in(ic_arena *a, uint64_t row, uint32_t column)
{
	static const char letters[] =
	    "0123456789abcdefghijklmnopqrstuvwxyz0123456789abcdefghijklmnopqrstuvwxyz";
	style how = (style)(column % STYLES);
	uint64_t r = number_of(row, column, how), seed = r;
	ic_value v = { .type = types[column / STYLES] };
	char *text;
	if (how == SPARSE && r % 3)
		return ic_value_null(v.type);
	switch (v.type) {
	case IC_Q_BOOL: v.b = r & 1; break;
	case IC_Q_REAL: v.d = r % 9 == 0 ? -0.0 : (double)(int64_t)r / 3; break;
	case IC_Q_STRING:
		text = ic_arena_dup(a, letters, 36 * 2);
		memcpy(text, &(uint64_t){ test_random(&seed) }, 8);
		v.s = (ic_str){ text, how == EVEN ? 18 : (uint32_t)(r % 60) };
		break;
	case IC_Q_IP:
		v.ip = ic_ip_from_v4((uint32_t)r);
		if (how == ANY)
			memcpy(v.ip.b, &r, 8);
		break;
	case IC_Q_GUID: memcpy(v.guid.b, &r, 8); break;
	case IC_Q_DECIMAL: {
		ic_decimal *d = ic_arena_alloc(a, sizeof *d);
		*d = (ic_decimal){ (__int128)(int64_t)r * 1000003, (int32_t)(r % 5) };
		v.decimal = d;
		break;
	}
	case IC_Q_DYNAMIC: {
		ic_value scalar = ic_value_long((int64_t)r);
		const ic_dyn *one = ic_dyn_of(a, &scalar);
		v.dyn = r % 2 ? one : ic_dyn_array(a, &one, 1);
		break;
	}
	case IC_Q_INT: v.i = (int32_t)r; break;
	default: v.i = (int64_t)r; break;
	}
	return v;
}

static void make_rows(ic_arena *a, uint64_t first, uint32_t rows, ic_vector *col)
{
	for (uint32_t c = 0; c < COLUMNS; c++) {
		ic_vector_out o;
		assert_true(ic_vector_make(&o, a, types[c / STYLES], rows));
		for (uint32_t i = 0; i < rows; i++) {
			ic_value v = value_in(a, first + i, c);
			ic_vector_set(&o, i, &v);
		}
		col[c] = o.v;
		if (c % STYLES == SAME)
			col[c].constant = true;
	}
}

static bool store_init(ic_store *s, ic_budget *budget)
{
	ic_qtype all[COLUMNS];
	for (uint32_t c = 0; c < COLUMNS; c++)
		all[c] = types[c / STYLES];
	return ic_store_init(s, all, COLUMNS, true, budget);
}

static void expect_rows(const ic_store *s, const uint32_t *row, const uint64_t *number, uint32_t n,
			ic_arena *a)
{
	for (uint32_t c = 0; c < COLUMNS; c++) {
		ic_vector v;
		assert_true(ic_store_gather(s, c, row, n, a, &v));
		for (uint32_t i = 0; i < n; i++) {
			ic_value got = ic_vector_value(&v, i), want = ic_value_null(got.type);
			if (row[i] != IC_STORE_NONE)
				want = value_in(a, number[i], c);
			if (!same(&want, &got))
				fail_msg("row %u column %u", (unsigned)number[i], c);
			if (got.null) { /* a null is zero bytes */
				size_t size = got.type == IC_Q_STRING ? 0 : ic_qtype_size(got.type);
				for (size_t b = 0; b < size; b++)
					assert_int_equal(((const char *)v.data)[size * i + b], 0);
			}
			if (row[i] == IC_STORE_NONE || got.type == IC_Q_DYNAMIC)
				continue;
			got = ic_store_value(s, row[i], c);
			assert_true(same(&want, &got));
		}
	}
}

static void gives_what_it_got(void **state)
{
	enum { ROWS = 12000 };
	(void)state;
	ic_budget budget = { 0 };
	ic_store s;
	ic_arena a;
	ic_vector col[COLUMNS];
	uint64_t seed = 3, n = 0;
	ic_arena_init(&a, 0, NULL);
	assert_true(store_init(&s, &budget));
	while (n < ROWS) {
		uint32_t rows = 1 + (uint32_t)(test_random(&seed) % (n % 3 ? 60 : IC_CHUNK_ROWS));
		make_rows(&a, n, rows, col);
		assert_int_equal(ic_store_append(&s, col, rows), IC_OK);
		n += rows;
		ic_arena_clear(&a);
	}
	assert_int_equal(ic_store_seal(&s), IC_OK);
	assert_int_equal(s.rows, n);
	uint32_t row = ic_store_first(&s), some[64];
	uint64_t number[64];
	uint32_t *all = malloc(n * sizeof *all);
	for (uint64_t i = 0; i < n; i++, row = ic_store_next(&s, row)) {
		assert_true(row != IC_STORE_NONE && (i == 0 || row > all[i - 1]));
		all[i] = row;
	}
	assert_int_equal(row, IC_STORE_NONE);
	for (uint32_t at = 0; at < 40; at++) {
		for (uint32_t i = 0; i < 64; i++) {
			number[i] = test_random(&seed) % n;
			some[i] = i % 13 == 5 ? IC_STORE_NONE : all[number[i]];
		}
		expect_rows(&s, some, number, 64, &a);
		ic_arena_reset(&a);
	}
	free(all);
	/* much smaller than as vectors: one or a few values cost next to nothing */
	assert_true(budget.used < n * COLUMNS * 9);
	ic_store_cut(&s, 0);
	assert_int_equal(ic_store_first(&s), IC_STORE_NONE);
	ic_store_clear(&s);
	assert_int_equal(budget.used, 0);
	ic_arena_clear(&a);
}

static void long_texts_cut_pages(void **state)
{
	enum { ROWS = 300, BYTES = 20000 };
	(void)state;
	ic_store s;
	ic_arena a;
	ic_vector_out o;
	ic_qtype type = IC_Q_STRING;
	ic_arena_init(&a, 0, NULL);
	assert_true(ic_store_init(&s, &type, 1, false, NULL));
	assert_true(ic_vector_make(&o, &a, IC_Q_STRING, ROWS));
	for (uint32_t i = 0; i < ROWS; i++) {
		char *text = ic_arena_alloc(&a, BYTES);
		memset(text, 'a' + (int)(i % 26), BYTES);
		o.s[i] = (ic_str){ text, BYTES - i };
	}
	for (int twice = 0; twice < 2; twice++)
		assert_int_equal(ic_store_append(&s, &o.v, ROWS), IC_OK);
	assert_int_equal(ic_store_seal(&s), IC_OK);
	uint32_t row = ic_store_first(&s), n = 0;
	for (; row != IC_STORE_NONE; row = ic_store_next(&s, row), n++) {
		ic_value v = ic_store_value(&s, row, 0);
		assert_true(ic_str_eq(v.s, o.s[n % ROWS]));
	}
	assert_int_equal(n, 2 * ROWS);
	assert_true(s.pages >= 4);
	ic_store_clear(&s);
	ic_arena_clear(&a);
}

static void memory_may_end(void **state)
{
	(void)state;
	ic_arena a;
	ic_vector col[COLUMNS];
	ic_arena_init(&a, 0, NULL);
	make_rows(&a, 0, 1500, col);
	ic_status st = IC_E_NOMEM;
	for (uint64_t n = 1; st != IC_OK; n++) {
		ic_budget budget = { 0 };
		ic_store s;
		ic_alloc_fail_after(n);
		st = store_init(&s, &budget) ? IC_OK : IC_E_NOMEM;
		if (st == IC_OK)
			st = ic_store_append(&s, col, 5);
		if (st == IC_OK)
			st = ic_store_append(&s, col, 1500);
		ic_store_clear(&s);
		ic_alloc_fail_after(0);
		assert_int_equal(budget.used, 0);
		if (st != IC_OK)
			assert_int_equal(st, IC_E_NOMEM);
	}
	ic_budget small = { .limit = 100000 };
	ic_store s;
	assert_true(store_init(&s, &small));
	assert_int_equal(ic_store_append(&s, col, 1500), IC_E_NOMEM);
	ic_store_clear(&s);
	assert_int_equal(small.used, 0);
	ic_arena_clear(&a);
}

static const ic_dyn *every_kind(ic_arena *a)
{
	static const ic_decimal decimal = { 12345, 2 };
	static const ic_dyn part[] = {
		{ .kind = IC_DYN_BOOL, .b = true },
		{ .kind = IC_DYN_LONG, .i = INT64_MIN },
		{ .kind = IC_DYN_REAL, .d = -1.5 },
		{ .kind = IC_DYN_STRING, .s = { "a\"b", 3 } },
		{ .kind = IC_DYN_STRING, .s = { "", 0 } },
		{ .kind = IC_DYN_DATETIME, .i = 17 },
		{ .kind = IC_DYN_TIMESPAN, .i = -17 },
		{ .kind = IC_DYN_GUID, .guid = { { 1, 2, 3 } } },
		{ .kind = IC_DYN_DECIMAL, .decimal = &decimal },
	};
	enum { PARTS = sizeof part / sizeof *part };
	const ic_dyn *item[PARTS + 1] = { &ic_dyn_null };
	for (size_t i = 0; i < PARTS; i++)
		item[i + 1] = &part[i];
	const ic_dyn *array = ic_dyn_array(a, item, PARTS + 1);
	ic_dyn_member member[] = { { { "list", 4 }, array }, { { "", 0 }, ic_dyn_array(a, NULL, 0) } };
	return ic_dyn_bag(a, member, 2);
}

static void dynamic_as_bytes(void **state)
{
	(void)state;
	ic_arena a;
	ic_buf b;
	ic_arena_init(&a, 0, NULL);
	ic_buf_init(&b, 0);
	const ic_dyn *all = every_kind(&a);
	ic_dyn_to_bytes(&b, all);
	const ic_dyn *back = ic_dyn_from_bytes(&a, (ic_str){ b.p, (uint32_t)b.n });
	assert_non_null(back);
	assert_true(ic_dyn_equal(all, back));
	const ic_dyn *list = ic_dyn_member_of(back, IC_STR("list"));
	for (uint32_t i = 0; i < list->n; i++)
		assert_int_equal(list->item[i]->kind, ic_dyn_member_of(all, IC_STR("list"))->item[i]->kind);
	assert_int_equal(back->weight, all->weight);
	/* neither less nor more than the bytes of one value is a value */
	for (uint32_t n = 0; n < b.n; n++) {
		char *part = malloc(n + 1);
		memcpy(part, b.p, n);
		assert_null(ic_dyn_from_bytes(&a, (ic_str){ part, n }));
		free(part);
	}
	ic_buf_putc(&b, 0);
	assert_null(ic_dyn_from_bytes(&a, (ic_str){ b.p, (uint32_t)b.n }));
	/* nor are a kind that is none, a length that cannot be, arrays in arrays without end */
	assert_null(ic_dyn_from_bytes(&a, IC_STR("\x7f")));
	assert_null(ic_dyn_from_bytes(&a, (ic_str){ "\x09\xff\xff\xff\xff\x00", 6 }));
	char deep[5 * 2000];
	for (size_t i = 0; i < sizeof deep; i += 5)
		memcpy(deep + i, "\x09\x01\x00\x00\x00", 5);
	assert_null(ic_dyn_from_bytes(&a, (ic_str){ deep, sizeof deep }));
	ic_buf_clear(&b);
	ic_arena_clear(&a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(gives_what_it_got),
		cmocka_unit_test(long_texts_cut_pages),
		cmocka_unit_test(memory_may_end),
		cmocka_unit_test(dynamic_as_bytes),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
