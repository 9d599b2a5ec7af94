/* SPDX-License-Identifier: Apache-2.0 */
#include "expressions.h"

/* Every function that can be called has a kernel, or says that it has none. */
static void every_function_has_a_kernel(void **state)
{
	(void)state;
	unsigned missing = 0;
	for (int i = 0; i < IC_FN_COUNT; i++) {
		const ic_function *f = &ic_functions[i];
		const ic_kernel *k = ic_kernel_of((ic_fn_id)i);
		if (f->flags & (IC_FN_NOT_PLANNED | IC_FN_SERIAL | IC_FN_BOUND)) {
			assert_null(k);
			continue;
		}
		if (k) {
			assert_true(k->row || k->vector || k->lazy);
			continue;
		}
		print_message("%s has no kernel\n", f->name ? f->name : f->help);
		missing++;
	}
	assert_int_equal(missing, 0);
}

/* ---- any way of computing gives the same ------------------------------------------------------ */

enum { ROWS = 300, COLUMNS = 10 };

/* Two columns of each of five types: few different values, so that equal ones meet; some nulls. */
static const ic_qtype types[COLUMNS] = { IC_Q_LONG,   IC_Q_LONG, IC_Q_REAL, IC_Q_REAL, IC_Q_STRING,
					 IC_Q_STRING, IC_Q_BOOL, IC_Q_BOOL, IC_Q_IP,   IC_Q_IP };

static ic_value random_value(uint64_t *seed, ic_qtype t, bool kql)
{
	static const char *const words[] = { "",	"a",	    "A",	"abc",
					     "abc-def", "10.0.0.1", "10.0.0.2", "\xc3\xa9t\xc3\xa9" };
	static const int64_t longs[] = { 0, 1, -1, 7, -7, INT64_MAX, INT64_MIN, 900 };
	static const double reals[] = {
		0, -0.0, 1.5, -2.5, 1e300, (double)INT64_MAX, __builtin_nan(""), __builtin_inf()
	};
	uint64_t r = test_random(seed);
	unsigned which = (unsigned)(r >> 8) % 8;
	if (r % 5 == 0 && !(kql && t == IC_Q_STRING))
		return ic_value_null(t);
	switch (t) {
	case IC_Q_LONG: return ic_value_long(longs[which]);
	case IC_Q_REAL: return ic_value_real(reals[which]);
	case IC_Q_STRING: return ic_value_str(ic_str_of(words[which]));
	case IC_Q_BOOL: return ic_value_bool(which & 1);
	default: return (ic_value){ .type = IC_Q_IP, .ip = ic_ip_from_v4(0x0a000000u + which % 3) };
	}
}

typedef struct table {
	ic_value value[ROWS][COLUMNS];
	ic_vector col[COLUMNS], one[ROWS][COLUMNS], fixed[COLUMNS];
	ic_chunk all;
} table;

/* A column of a few values: by code, which of them a row has; the vector is a constant if all have the same. */
static ic_vector decoded(bench *b, const ic_value *few, uint32_t n, const uint8_t *code)
{
	ic_vector_out o;
	ic_vector ret;
	assert_true(ic_vector_make(&o, &b->plan.arena, few->type, n));
	for (uint32_t i = 0; i < n; i++)
		ic_vector_set(&o, i, &few[i]);
	assert_true(ic_vector_decode(&ret, &b->plan.arena, &o.v, n, code, ROWS));
	return ret;
}

/* Of every three columns one has values of its own, one has a few by code, and one the same in all rows. */
static void fill_table(bench *b, table *t, uint64_t seed)
{
	bool kql = b->plan.language == IC_FN_KQL;
	for (unsigned c = 0; c < COLUMNS; c++) {
		enum { FEW = 5 };
		const unsigned form = (c + (unsigned)seed) % 3;
		ic_vector_out o;
		ic_value few[FEW];
		uint8_t *code = ic_arena_alloc(&b->plan.arena, ROWS);
		assert_non_null(code);
		for (unsigned i = 0; i < FEW; i++)
			few[i] = random_value(&seed, types[c], kql);
		assert_true(ic_vector_make(&o, &b->plan.arena, types[c], ROWS));
		for (unsigned r = 0; r < ROWS; r++) {
			code[r] = form == 1 ? (uint8_t)(test_random(&seed) % FEW) : 3;
			t->value[r][c] = form == 0 ? random_value(&seed, types[c], kql) : few[code[r]];
			ic_vector_set(&o, r, &t->value[r][c]);
			assert_true(ic_vector_constant(&t->one[r][c], &b->plan.arena, &t->value[r][c]));
		}
		t->col[c] = form == 0 ? o.v : decoded(b, few, FEW, code);
		assert_int_equal(t->col[c].constant, form == 2);
	}
	t->all = (ic_chunk){ .rows = ROWS, .columns = COLUMNS, .col = t->col };
}

static ic_value list_values[] = { { .type = IC_Q_STRING, .s = { "10.0.0.1", 8 } },
				  { .type = IC_Q_STRING, .s = { "abc", 3 } },
				  { .type = IC_Q_STRING, .s = { "A", 1 } } };
static ic_value list_longs[] = { { .type = IC_Q_LONG, .i = 7 }, { .type = IC_Q_LONG, .i = 0 } };

/* A random expression of type t over the columns. */
static ic_expr *random_expression(bench *b, uint64_t *seed, ic_qtype t, unsigned depth)
{
	bool kql = b->plan.language == IC_FN_KQL;
	uint64_t r = test_random(seed);
	if (depth == 0 || r % 7 == 0) {
		if (r % 3 == 0)
			return constant(b, random_value(seed, t, kql));
		for (unsigned c = 0; c < COLUMNS; c++)
			if (types[c] == t)
				return column(b, c + (unsigned)(r >> 8) % 2, t);
	}
#define SUB(type) random_expression(b, seed, type, depth - 1)
	if (t == IC_Q_LONG || t == IC_Q_REAL) {
		static const ic_fn_id kql_fn[] = { IC_FN_ADD, IC_FN_SUB, IC_FN_MUL, IC_FN_DIV, IC_FN_MOD };
		static const ic_fn_id sql_fn[] = { IC_FN_SQL_ADD, IC_FN_SQL_SUB, IC_FN_SQL_MUL, IC_FN_SQL_DIV,
						   IC_FN_SQL_MOD };
		if (kql && r % 4 == 0)
			return CALL(b, IFF, SUB(IC_Q_BOOL), SUB(t), SUB(t));
		if (kql && r % 4 == 1)
			return CALL(b, COALESCE, SUB(t), SUB(t), SUB(t));
		ic_expr *arg[] = { SUB(t), SUB(t) };
		return call_of(b, (kql ? kql_fn : sql_fn)[(r >> 8) % 5], 2, arg);
	}
	if (t != IC_Q_BOOL)
		return column(b, t == IC_Q_STRING ? 4 : 8, t);
	static const ic_fn_id kql_compare[] = { IC_FN_EQ, IC_FN_NE, IC_FN_LT, IC_FN_LE, IC_FN_GT, IC_FN_GE };
	static const ic_fn_id sql_compare[] = { IC_FN_SQL_EQ, IC_FN_SQL_NE, IC_FN_SQL_LT,
						IC_FN_SQL_LE, IC_FN_SQL_GT, IC_FN_SQL_GE };
	static const ic_fn_id texts[] = { IC_FN_HAS,	  IC_FN_CONTAINS_CS, IC_FN_STARTSWITH,
					  IC_FN_ENDSWITH, IC_FN_EQ_CI,	     IC_FN_HASPREFIX };
	static const ic_qtype sides[][2] = { { IC_Q_LONG, IC_Q_LONG },	   { IC_Q_REAL, IC_Q_REAL },
					     { IC_Q_STRING, IC_Q_STRING }, { IC_Q_BOOL, IC_Q_BOOL },
					     { IC_Q_IP, IC_Q_STRING },	   { IC_Q_IP, IC_Q_IP },
					     { IC_Q_STRING, IC_Q_IP } };
	switch ((r >> 16) % 7) {
	case 0: return kql ? CALL(b, AND, SUB(t), SUB(t)) : CALL(b, SQL_AND, SUB(t), SUB(t));
	case 1: return kql ? CALL(b, OR, SUB(t), SUB(t)) : CALL(b, SQL_OR, SUB(t), SUB(t));
	case 2: return kql ? CALL(b, NOT_IN_FORM, SUB(t)) : CALL(b, SQL_NOT, SUB(t));
	case 3:
		if (kql)
			return CALL(b, BETWEEN, SUB(IC_Q_LONG), SUB(IC_Q_LONG), SUB(IC_Q_LONG));
		return CALL(b, SQL_BETWEEN, SUB(IC_Q_IP), constant(b, list_values[0]), SUB(IC_Q_IP));
	case 4:
		if (r >> 32 & 1)
			return in_list(b, kql ? IC_FN_IN : IC_FN_SQL_IN, SUB(IC_Q_LONG), list_longs, 2);
		return in_list(b, kql ? IC_FN_IN : IC_FN_SQL_IN, SUB(r >> 33 & 1 ? IC_Q_IP : IC_Q_STRING),
			       list_values, 3);
	case 5:
		if (!kql)
			return CALL(b, LIKE, SUB(r >> 33 & 1 ? IC_Q_IP : IC_Q_STRING),
				    text(b, r >> 34 & 1 ? "10.%" : "%b%f"));
		ic_expr *two[] = { SUB(IC_Q_STRING), SUB(IC_Q_STRING) };
		return call_of(b, texts[(r >> 24) % 6], 2, two);
	default: break;
	}
	const ic_qtype *side = sides[(r >> 24) % 7];
	ic_expr *arg[] = { SUB(side[0]), SUB(side[1]) };
	return call_of(b, (kql ? kql_compare : sql_compare)[(r >> 40) % 6], 2, arg);
}

/* An expression over a chunk gives what it gives for each row alone, where every argument is constant;
 * and what it gives when it is computed on some rows only, within iff. */
static void rows_agree(unsigned language, uint64_t seed)
{
	bench b;
	bench_open(&b, language);
	table *t = test_malloc(sizeof *t);
	fill_table(&b, t, seed);
	for (unsigned n = 0; n < 120; n++) {
		static const ic_qtype of[] = { IC_Q_BOOL, IC_Q_LONG, IC_Q_REAL };
		ic_expr *x = random_expression(&b, &seed, of[n % 3], 1 + n % 4);
		ic_expr *half =
		    CALL(&b, IFF, column(&b, 6, IC_Q_BOOL), x, constant(&b, ic_value_null(x->type)));
		ic_vector all = run(&b, x, &t->all), some = run(&b, half, &t->all);
		assert_int_equal(all.type, x->type);
		ic_eval *e;
		assert_int_equal(ic_eval_new(&b.plan, &x, 1, &e, &b.diag), IC_OK);
		for (unsigned r = 0; r < ROWS; r++) {
			ic_chunk in = { .rows = 1, .columns = COLUMNS, .col = t->one[r] };
			ic_vector v;
			assert_int_equal(ic_eval_run(e, &in, &b.arena, &v, NULL), IC_OK);
			ic_value one = ic_vector_value(&v, 0), vector = ic_vector_value(&all, r);
			ic_value picked = ic_vector_value(&some, r);
			if (!same(&one, &vector))
				fail_msg(
				    "seed %llu expression %u row %u: %d/%lld alone, %d/%lld in the chunk",
				    (unsigned long long)seed, n, r, one.null, (long long)one.i, vector.null,
				    (long long)vector.i);
			if (!t->value[r][6].null && t->value[r][6].b)
				assert_true(same(&picked, &vector));
			else
				assert_true(picked.null);
			/* a null's bytes are zero */
			if (vector.null && !all.constant)
				for (size_t k = 0; k < ic_qtype_size(all.type); k++)
					assert_int_equal(
					    ((const char *)all.data)[r * ic_qtype_size(all.type) + k], 0);
		}
		ic_eval_free(e);
		ic_arena_reset(&b.arena);
	}
	test_free(t);
	bench_close(&b);
}

static void any_way_of_computing_kql(void **state)
{
	(void)state;
	for (uint64_t seed = 1; seed <= 6; seed++)
		rows_agree(IC_FN_KQL, seed);
}

static void any_way_of_computing_aql(void **state)
{
	(void)state;
	for (uint64_t seed = 11; seed <= 16; seed++)
		rows_agree(IC_FN_AQL, seed);
}

/* ---- sharing, order, limits ------------------------------------------------------------------ */

static void shared_parts_and_folding(void **state)
{
	(void)state;
	bench b;
	bench_open(&b, IC_FN_KQL);
	/* x = x + x, sixty times: 2^60 additions unless parts are shared; also within a branch */
	ic_expr *x = column(&b, 0, IC_Q_LONG);
	for (int i = 0; i < 60; i++)
		x = CALL(&b, ADD, x, x);
	ic_expr *lazy = CALL(&b, IFF, CALL(&b, GT, column(&b, 0, IC_Q_LONG), constant(&b, ic_value_long(1))),
			     x, constant(&b, ic_value_long(0)));
	ic_value values[] = { ic_value_long(3), ic_value_long(1) };
	ic_vector_out o;
	assert_true(ic_vector_make(&o, &b.arena, IC_Q_LONG, 2));
	for (uint32_t i = 0; i < 2; i++)
		ic_vector_set(&o, i, &values[i]);
	ic_chunk in = { .rows = 2, .columns = 1, .col = &o.v };
	ic_vector v = run(&b, lazy, &in);
	assert_int_equal(ic_vector_value(&v, 0).i, INT64_C(3) << 60);
	assert_int_equal(ic_vector_value(&v, 1).i, 0);
	/* constants become one */
	ic_value folded =
	    value_of(&b, CALL(&b, ADD, constant(&b, ic_value_long(40)), constant(&b, ic_value_long(2))));
	assert_int_equal(folded.type, IC_Q_LONG);
	assert_int_equal(folded.i, 42);
	/* a column is no constant */
	ic_value open = value_of(&b, CALL(&b, ADD, column(&b, 0, IC_Q_LONG), constant(&b, ic_value_long(2))));
	assert_int_equal(open.type, IC_QTYPES);
	bench_close(&b);
}

static void too_deep_is_a_limit(void **state)
{
	(void)state;
	bench b;
	bench_open(&b, IC_FN_KQL);
	ic_eval *e;
	ic_expr *x = column(&b, 0, IC_Q_LONG);
	for (int i = 0; i < 1500; i++)
		x = CALL(&b, NEG, x);
	assert_int_equal(ic_eval_new(&b.plan, &x, 1, &e, &b.diag), IC_E_LIMIT);
	/* but a long chain of conditions is one call */
	ic_expr *chain = column(&b, 0, IC_Q_BOOL);
	for (int i = 0; i < 5000; i++)
		chain = CALL(&b, AND, chain, column(&b, (uint32_t)i % 3, IC_Q_BOOL));
	static const uint8_t bits[] = { 1, 0, 1 };
	ic_vector col[3] = { { IC_Q_BOOL, false, bits, NULL },
			     { IC_Q_BOOL, true, bits, NULL },
			     { IC_Q_BOOL, false, bits, NULL } };
	ic_chunk in = { .rows = 3, .columns = 3, .col = col };
	ic_vector v = run(&b, chain, &in);
	for (uint32_t i = 0; i < 3; i++)
		assert_int_equal(ic_vector_value(&v, i).b, bits[i]);
	bench_close(&b);
}

/* Every allocation fails in turn: an error, never a crash or a leak. */
static void out_of_memory(void **state)
{
	(void)state;
	static const ic_str s[] = { { "abc", 3 }, { "abd", 3 }, { "x", 1 } };
	ic_vector col = { IC_Q_STRING, false, s, NULL };
	ic_chunk in = { .rows = 3, .columns = 1, .col = &col };
	bool done = false;
	for (uint64_t n = 1; !done; n++) {
		bench b;
		bench_open(&b, IC_FN_KQL);
		ic_expr *t = column(&b, 0, IC_Q_STRING);
		ic_expr *x = CALL(&b, CASE, CALL(&b, MATCHES_REGEX, t, text(&b, "^ab(c)")),
				  CALL(&b, REPLACE_REGEX, t, t, text(&b, "<\\0>")),
				  in_list(&b, IC_FN_IN_CI, t, list_values, 3), text(&b, "listed"),
				  CALL(&b, TO_STRING, CALL(&b, EXTRACT_ALL, text(&b, "(.)"), t)));
		ic_eval *e = NULL;
		ic_vector v;
		ic_alloc_fail_after(n);
		ic_status st = ic_eval_new(&b.plan, &x, 1, &e, &b.diag);
		if (st == IC_OK)
			st = ic_eval_run(e, &in, &b.arena, &v, NULL);
		ic_alloc_fail_after(0);
		if (e)
			ic_eval_free(e);
		done = st == IC_OK;
		if (!done)
			assert_int_equal(st, IC_E_NOMEM);
		else {
			ic_value first = ic_vector_value(&v, 0);
			assert_true(ic_str_eq(first.s, IC_STR("<abc>")));
		}
		bench_close(&b);
		assert_true(n < 500);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_function_has_a_kernel), cmocka_unit_test(any_way_of_computing_kql),
		cmocka_unit_test(any_way_of_computing_aql),    cmocka_unit_test(shared_parts_and_folding),
		cmocka_unit_test(too_deep_is_a_limit),	       cmocka_unit_test(out_of_memory),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
