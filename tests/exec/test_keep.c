/* SPDX-License-Identifier: Apache-2.0 */
/* materialize(): one evaluation, whose rows every reader gets. */
#include "plan_helper.h"
#include "temp_folder.h"

static const char *const rows = "1|a\n2|b\n3|~\n4|d\n5|e\n6|a\n7|b\n";

static ic_op *more_than(rig *g, ic_op *in, int64_t than)
{
	ic_op *op = ic_op_new(&g->plan, IC_OP_FILTER, (ic_place){ 3, 1 }, "where", in);
	op->out = in->out;
	op->filter.predicate = rig_call(g, IC_FN_GT, IC_Q_BOOL, 2, rig_col(g, in, "k"), rig_long(g, than));
	return op;
}

/* All columns of each, as they are. */
static ic_op *both(rig *g, ic_op *a, ic_op *b)
{
	ic_op *op = ic_op_new(&g->plan, IC_OP_UNION, (ic_place){ 4, 1 }, "union", NULL);
	op->out = a->out;
	op->united.source = -1;
	op->united.inputs = 2;
	op->united.in = rig_new(g, 2 * sizeof(ic_op *));
	op->united.column = rig_new(g, 2 * sizeof(int32_t *));
	op->united.in[0] = a;
	op->united.in[1] = b;
	for (uint32_t i = 0; i < 2; i++) {
		op->united.column[i] = rig_new(g, a->out.n * sizeof(int32_t));
		for (uint32_t c = 0; c < a->out.n; c++)
			op->united.column[i][c] = (int32_t)c;
	}
	return op;
}

/* Rows of the left beside those of the right with the same k. */
static ic_op *beside(rig *g, ic_op *left, ic_op *right)
{
	ic_op *op = rig_op(g, IC_OP_JOIN, left, "k:long|v:string|v1:string");
	op->join.kind = IC_JOIN_INNER;
	op->join.right = right;
	op->join.keys = 1;
	op->join.left_key = rig_new(g, sizeof(ic_expr *));
	op->join.right_key = rig_new(g, sizeof(ic_expr *));
	op->join.left_key[0] = rig_col(g, left, "k");
	op->join.right_key[0] = rig_col(g, right, "k");
	op->join.column = RIG_LIST(g, 0, 1, 3);
	return op;
}

static ic_op *small(rig *g)
{
	return ic_op_keep(&g->plan, (ic_place){ 1, 1 }, rig_table(g, "k:long|v:string", rows));
}

static void readers_see_all_rows(void **state)
{
	rig g;
	(void)state;
	rig_init(&g);
	ic_op *keep = small(&g);
	ic_op *a = ic_op_kept(&g.plan, keep), *b = ic_op_kept(&g.plan, keep);
	rig_expect(&g, both(&g, more_than(&g, a, 5), more_than(&g, b, 4)), "6|a\n7|b\n5|e\n6|a\n7|b\n");
	assert_int_equal(g.counts[keep->in->id].out, 7); /* not twice */
	assert_int_equal(g.counts[keep->id].out, 7);
	assert_int_equal(g.counts[a->id].out, 7);
	assert_int_equal(g.counts[b->id].out, 7);
	ic_plan_clear(&g.plan);
}

static void both_sides_of_a_join(void **state)
{
	rig g;
	(void)state;
	rig_init(&g);
	ic_op *keep = small(&g);
	ic_op *left = more_than(&g, ic_op_kept(&g.plan, keep), 2);
	ic_op *right = more_than(&g, ic_op_kept(&g.plan, keep), 3);
	rig_expect(&g, beside(&g, left, right), "4|d|d\n5|e|e\n6|a|a\n7|b|b\n");
	assert_int_equal(g.counts[keep->in->id].out, 7);
	ic_plan_clear(&g.plan);
}

/* What is kept reads what was kept before, by several ways; another table is read beside. */
static void one_of_another(void **state)
{
	rig g;
	(void)state;
	rig_init(&g);
	ic_op *first = small(&g);
	ic_op *second = ic_op_keep(&g.plan, (ic_place){ 1, 2 },
				   both(&g, more_than(&g, ic_op_kept(&g.plan, first), 6),
					more_than(&g, ic_op_kept(&g.plan, first), 5)));
	ic_op *all = both(&g, both(&g, ic_op_kept(&g.plan, second), ic_op_kept(&g.plan, first)),
			  both(&g, rig_table(&g, "k:long|v:string", "9|x\n"), ic_op_kept(&g.plan, second)));
	rig_expect(&g, all, "7|b\n6|a\n7|b\n1|a\n2|b\n3|\n4|d\n5|e\n6|a\n7|b\n9|x\n7|b\n6|a\n7|b\n");
	assert_int_equal(g.counts[first->in->id].out, 7);
	assert_int_equal(g.counts[second->id].out, 3);
	ic_plan_clear(&g.plan);
}

static void a_reader_that_wants_few(void **state)
{
	rig g;
	(void)state;
	rig_init(&g);
	ic_op *keep = small(&g);
	ic_op *few = ic_op_new(&g.plan, IC_OP_TAKE, (ic_place){ 3, 1 }, "take", ic_op_kept(&g.plan, keep));
	few->out = keep->out;
	few->sort.limit = ic_value_long(1);
	rig_expect(&g, both(&g, few, more_than(&g, ic_op_kept(&g.plan, keep), 6)), "1|a\n7|b\n");
	ic_plan_clear(&g.plan);
}

static void memory_ends(void **state)
{
	rig g;
	(void)state;
	rig_init(&g);
	ic_op *keep = small(&g);
	rig_starve(&g, beside(&g, ic_op_kept(&g.plan, keep), ic_op_kept(&g.plan, keep)));
	ic_plan_clear(&g.plan);
}

/* ---- more rows than the memory holds --------------------------------------------------------- */

enum { MANY = 100000, MEMORY = 6 << 20 };

/* Two readers of rows that take twice the memory; the last ones come out. */
static ic_op *many(rig *g)
{
	ic_op *range = rig_op(g, IC_OP_RANGE, NULL, "k:long");
	range->range.from = range->range.step = ic_value_long(1);
	range->range.to = ic_value_long(MANY);
	ic_expr *text = rig_call(g, IC_FN_STRCAT, IC_Q_STRING, 2,
				 ic_expr_const(&g->plan, (ic_place){ 1, 1 },
					       ic_value_str(IC_STR("a text that is the same in each row but "
								   "for what follows, which makes it long: "
								   "so that a hundred bytes are passed: "))),
				 rig_call(g, IC_FN_TO_STRING, IC_Q_STRING, 1, rig_col(g, range, "k")));
	ic_op *all = rig_extend(g, IC_OP_PROJECT, range, "k:long|v:string", 1, text);
	ic_op *keep = ic_op_keep(&g->plan, (ic_place){ 1, 1 }, all);
	return both(g, more_than(g, ic_op_kept(&g->plan, keep), MANY - 2),
		    more_than(g, ic_op_kept(&g->plan, keep), MANY - 3));
}

static void more_than_fits(void **state)
{
	rig g;
	ic_buf want, got;
	(void)state;
	rig_init(&g);
	ic_op *root = many(&g);
	assert_int_equal(rig_once(&g, root, 10, 10, 1, &want), IC_OK);
	g.memory = MEMORY;
	assert_int_equal(rig_once(&g, root, 10, 10, 1, &got), IC_OK);
	assert_true(want.n > 5 * 100);
	assert_int_equal(got.n, want.n);
	assert_memory_equal(got.p, want.p, want.n);
	ic_buf_clear(&got);
	/* it was the file that made room */
	char *kept = temp_folder_lose();
	assert_int_equal(rig_once(&g, root, 10, 10, 1, &got), IC_E_IO);
	temp_folder_again(kept);
	ic_buf_clear(&got);
	ic_buf_clear(&want);
	ic_plan_clear(&g.plan);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(readers_see_all_rows), cmocka_unit_test(both_sides_of_a_join),
		cmocka_unit_test(one_of_another),	cmocka_unit_test(a_reader_that_wants_few),
		cmocka_unit_test(memory_ends),		cmocka_unit_test(more_than_fits),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
