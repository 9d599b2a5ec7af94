/* SPDX-License-Identifier: Apache-2.0 */
/* sort and top: by several workers, and under a memory limit with a temporary file. */
#include "plan_helper.h"
#include "temp_folder.h"

enum { ROWS = 12000 };

static ic_op *sort_by(rig *g, ic_op_kind kind, ic_op *in, int64_t limit, uint32_t n, const char *const *key)
{
	ic_op *op = rig_op(g, kind, in, "");
	op->out = in->out;
	op->sort.keys = n;
	op->sort.key = rig_new(g, n * sizeof(ic_sort_key));
	op->sort.limit = ic_value_long(limit);
	for (uint32_t i = 0; i < n; i++)
		op->sort.key[i] = (ic_sort_key){ rig_col(g, in, key[i]), i % 2 == 0, i % 2 != 0 };
	return op;
}

static ic_op *many_rows(rig *g)
{
	ic_buf b;
	uint64_t seed = 9;
	ic_buf_init(&b, 0);
	for (int i = 0; i < ROWS; i++) {
		uint64_t r = test_random(&seed);
		if (r % 50 == 0)
			ic_buf_printf(&b, "~|%d|~|~\n", i);
		else
			ic_buf_printf(
			    &b, "a text that is shared by a few rows %d|%d|{\"n\":[%d,\"x\"]}|10.0.%d.%d\n",
			    (int)(r % 300), i, (int)(r % 7000), (int)(r >> 8 & 3), (int)(r >> 16 & 255));
	}
	b.p[b.n - 1] = 0;
	char *text = rig_new(g, b.n); /* the cells lie in it */
	memcpy(text, b.p, b.n);
	ic_op *t = rig_table(g, "s:string|n:long|d:dynamic|a:ip", text);
	ic_buf_clear(&b);
	return t;
}

static void same_rows(rig *g, ic_op *op, uint32_t unit, uint32_t chunk, unsigned threads, const ic_buf *want)
{
	ic_buf got;
	if (!test_is_of_use(threads))
		return;
	ic_status st = rig_once(g, op, unit, chunk, threads, &got);
	if (st != IC_OK)
		fail_msg("%s", g->err.message);
	assert_int_equal(got.n, want->n);
	assert_memory_equal(got.p, want->p, want->n);
	ic_buf_clear(&got);
}

/* With all memory, and with so little that most rows go to the file. */
static void the_same_from_a_file(void **state)
{
	static const char *const keys[][2] = { { "s", "d" }, { "s", "n" }, { "a", "s" }, { "n", "s" } };
	(void)state;
	for (size_t k = 0; k < sizeof keys / sizeof *keys; k++) {
		for (int top = 0; top < 2; top++) {
			rig g;
			ic_buf want;
			rig_init(&g);
			ic_op *in = many_rows(&g);
			ic_op *op =
			    sort_by(&g, top ? IC_OP_TOP : IC_OP_SORT, in, ROWS - 100, k < 3 ? 2 : 1, keys[k]);
			assert_int_equal(rig_once(&g, op, 1000000, 4096, 1, &want), IC_OK);
			same_rows(&g, op, 700, 90, 3, &want);
			g.memory = 2 << 20;
			same_rows(&g, op, 1000000, 4096, 1, &want);
			same_rows(&g, op, 1000, 1000, 1, &want);
			same_rows(&g, op, 700, 90, 3, &want);
			ic_buf_clear(&want);
			ic_plan_clear(&g.plan);
		}
	}
}

static void the_file_may_fail(void **state)
{
	static const char *const key[] = { "s" };
	(void)state;
	rig g;
	ic_buf b;
	rig_init(&g);
	ic_op *op = sort_by(&g, IC_OP_SORT, many_rows(&g), 0, 1, key);
	char *kept = temp_folder_lose();
	assert_int_equal(rig_once(&g, op, 1000, 1000, 2, &b), IC_OK);
	ic_buf_clear(&b);
	g.memory = 2 << 20;
	for (unsigned threads = 1; threads < 4; threads++) {
		assert_int_equal(rig_once(&g, op, 1000, 1000, threads, &b), IC_E_IO);
		assert_non_null(strstr(g.err.message, LOST_FOLDER));
		ic_buf_clear(&b);
	}
	temp_folder_again(kept);
	ic_plan_clear(&g.plan);
}

static void memory_may_end(void **state)
{
	static const char *const key[] = { "s", "d" };
	(void)state;
	rig g;
	if (!test_is_of_use(1))
		skip();
	rig_init(&g);
	ic_op *op = sort_by(&g, IC_OP_SORT, many_rows(&g), 0, 2, key);
	g.memory = 2 << 20;
	ic_status st = IC_E_NOMEM;
	for (uint64_t n = 1; st != IC_OK; n += 1 + n / 2) {
		assert_true(n < 1000000);
		ic_buf b;
		ic_alloc_fail_after(n);
		st = rig_once(&g, op, 3000, 1000, 1, &b);
		ic_alloc_fail_after(0);
		ic_buf_clear(&b);
		if (st != IC_OK)
			assert_int_equal(st, IC_E_NOMEM);
	}
	ic_plan_clear(&g.plan);
}

/* Rows that no key tells apart stay in the order in which they came. */
static void ties_stay_in_order(void **state)
{
	static const char *const key[] = { "k" };
	(void)state;
	rig g;
	rig_init(&g);
	ic_op *in = rig_table(&g, "k:long|v:long", "1|1\n2|2\n1|3\n2|4\n2|5\n1|6\n~|7\n2|8\n~|9");
	rig_expect(&g, sort_by(&g, IC_OP_SORT, in, 0, 1, key),
		   "2|2\n2|4\n2|5\n2|8\n1|1\n1|3\n1|6\n~|7\n~|9\n");
	rig_expect(&g, sort_by(&g, IC_OP_TOP, in, 3, 1, key), "2|2\n2|4\n2|5\n");
	rig_expect(&g, sort_by(&g, IC_OP_TOP, in, 0, 1, key), "");
	rig_starve(&g, sort_by(&g, IC_OP_TOP, in, 3, 1, key));
	ic_plan_clear(&g.plan);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_same_from_a_file),
		cmocka_unit_test(the_file_may_fail),
		cmocka_unit_test(memory_may_end),
		cmocka_unit_test(ties_stay_in_order),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
