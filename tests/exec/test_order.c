/* SPDX-License-Identifier: Apache-2.0 */
/* Operators that look at rows in order: functions over other rows, scan, sample, union, range. */
#include "plan_helper.h"

static ic_expr *serial(rig *g, ic_fn_id fn, ic_expr *value)
{
	return rig_call(g, fn, value->type, 1, value);
}

static void prev_and_next(void **state)
{
	rig g;
	(void)state;
	rig_init(&g);
	ic_op *t = rig_table(&g, "v:long|s:string", "1|a\n2|b\n~|c\n4|d\n5|");
	ic_expr *v = rig_col(&g, t, "v"), *s = rig_col(&g, t, "s");
	ic_expr *two = rig_long(&g, 2);
	ic_op *op = rig_extend(&g, IC_OP_SERIAL, t,
			       "v:long|s:string|p:long|n:long|p2:long|n2:long|ps:string|ns:string", 6,
			       serial(&g, IC_FN_PREV, v), serial(&g, IC_FN_NEXT, v),
			       rig_call(&g, IC_FN_PREV, IC_Q_LONG, 3, v, two, rig_long(&g, -9)),
			       rig_call(&g, IC_FN_NEXT, IC_Q_LONG, 3, v, two, rig_long(&g, -9)),
			       serial(&g, IC_FN_PREV, s), serial(&g, IC_FN_NEXT, s));
	rig_expect(&g, op,
		   "1|a|~|2|-9|~||b\n2|b|1|~|-9|4|a|c\n~|c|2|4|1|5|b|d\n4|d|~|5|2|-9|c|\n5||4|~|~|-9|d|\n");
	rig_starve(&g, op);
	ic_plan_clear(&g.plan);
}

/* Looking back only, so that rows stream; one call inside another. */
static void numbers_and_restarts(void **state)
{
	rig g;
	(void)state;
	rig_init(&g);
	ic_op *t = rig_table(&g, "k:string|v:long", "a|1\na|5\nb|5\nb|~\nb|7\nc|7");
	ic_expr *k = rig_col(&g, t, "k"), *v = rig_col(&g, t, "v");
	ic_expr *fresh = rig_call(&g, IC_FN_NE, IC_Q_BOOL, 2, k, serial(&g, IC_FN_PREV, k));
	ic_op *op = rig_extend(&g, IC_OP_SERIAL, t,
			       "k:string|v:long|n:long|m:long|sum:long|all:long|dense:long|min:long", 6,
			       rig_call(&g, IC_FN_ROW_NUMBER, IC_Q_LONG, 0),
			       rig_call(&g, IC_FN_ROW_NUMBER, IC_Q_LONG, 2, rig_long(&g, 10), fresh),
			       rig_call(&g, IC_FN_ROW_CUMSUM, IC_Q_LONG, 2, v, fresh),
			       rig_call(&g, IC_FN_ROW_CUMSUM, IC_Q_LONG, 1, v),
			       rig_call(&g, IC_FN_ROW_RANK_DENSE, IC_Q_LONG, 1, k),
			       rig_call(&g, IC_FN_ROW_RANK_MIN, IC_Q_LONG, 2, k, fresh));
	rig_expect(&g, op,
		   "a|1|1|10|1|1|1|1\na|5|2|11|6|6|1|1\nb|5|3|10|5|11|2|1\nb|~|4|11|5|11|2|1\n"
		   "b|7|5|12|12|18|2|1\nc|7|6|10|7|25|3|1\n");
	rig_starve(&g, op);
	ic_plan_clear(&g.plan);
}

static void ranks(void **state)
{
	rig g;
	(void)state;
	rig_init(&g);
	ic_op *t = rig_table(&g, "v:string", "c\nc\nb\nb\nb\na");
	ic_expr *v = rig_col(&g, t, "v");
	ic_op *op = rig_extend(&g, IC_OP_SERIAL, t, "v:string|dense:long|min:long", 2,
			       rig_call(&g, IC_FN_ROW_RANK_DENSE, IC_Q_LONG, 1, v),
			       rig_call(&g, IC_FN_ROW_RANK_MIN, IC_Q_LONG, 1, v));
	rig_expect(&g, op, "c|1|1\nc|1|1\nb|2|3\nb|2|3\nb|2|3\na|3|6\n");
	ic_plan_clear(&g.plan);
}

static void sums_wrap(void **state)
{
	rig g;
	(void)state;
	rig_init(&g);
	ic_op *t = rig_table(&g, "v:long", "9223372036854775807\n1\n1");
	ic_op *op = rig_extend(&g, IC_OP_SERIAL, t, "v:long|s:long", 1,
			       rig_call(&g, IC_FN_ROW_CUMSUM, IC_Q_LONG, 1, rig_col(&g, t, "v")));
	rig_expect(
	    &g, op,
	    "9223372036854775807|9223372036854775807\n1|-9223372036854775808\n1|-9223372036854775807\n");
	ic_plan_clear(&g.plan);
}

static void sessions(void **state)
{
	rig g;
	(void)state;
	rig_init(&g);
	ic_op *t = rig_table(&g, "t:datetime",
			     "2020-01-01T00:00:00Z\n2020-01-01T00:00:30Z\n2020-01-01T00:02:00Z\n2020-01-"
			     "01T00:02:50Z\n2020-01-01T00:03:40Z");
	ic_value longest = ic_value_ticks(IC_Q_TIMESPAN, 90 * INT64_C(10000000));
	ic_value gap = ic_value_ticks(IC_Q_TIMESPAN, 60 * INT64_C(10000000));
	ic_op *op = rig_op(&g, IC_OP_SERIAL, t, "s:datetime");
	op->project.expr = rig_new(&g, sizeof(ic_expr *));
	op->project.expr[0] =
	    rig_call(&g, IC_FN_ROW_WINDOW_SESSION, IC_Q_DATETIME, 3, rig_col(&g, t, "t"),
		     ic_expr_const(&g.plan, op->at, longest), ic_expr_const(&g.plan, op->at, gap));
	rig_expect(
	    &g, op,
	    "2020-01-01T00:00:00.0000000Z\n2020-01-01T00:00:00.0000000Z\n2020-01-01T00:02:00.0000000Z\n"
	    "2020-01-01T00:02:00.0000000Z\n2020-01-01T00:03:40.0000000Z\n");
	ic_plan_clear(&g.plan);
}

/* scan declare (sum:long = 0, n:long = 7) with (step s: v > 0 => sum = s.sum + v) */
static void one_step(void **state)
{
	rig g;
	(void)state;
	rig_init(&g);
	ic_op *t = rig_table(&g, "v:long|s:string", "1|a\n-5|b\n2|c\n~|d\n3|e");
	ic_op *op = rig_op(&g, IC_OP_STEP, t, "v:long|s:string|sum:long|last:string");
	ic_schema all =
	    rig_schema(&g, "v:long|s:string|sum:long|last:string|v:long|s:string|sum:long|last:string");
	ic_expr *v = ic_expr_column(&g.plan, op->at, &all, 0);
	struct ic_step *step = rig_new(&g, sizeof *step);
	op->step.step = step;
	op->step.steps = 1;
	step->when = rig_call(&g, IC_FN_GT, IC_Q_BOOL, 2, v, rig_long(&g, 0));
	op->step.declared = 2;
	step->set = rig_new(&g, 2 * sizeof(ic_expr *));
	step->set[0] = rig_call(&g, IC_FN_ADD, IC_Q_LONG, 2, ic_expr_column(&g.plan, op->at, &all, 6), v);
	step->set[1] = ic_expr_column(&g.plan, op->at, &all, 5);
	op->step.preset = rig_new(&g, 2 * sizeof(ic_value));
	op->step.preset[0] = ic_value_long(100);
	op->step.preset[1] = ic_value_str(IC_STR("none"));
	rig_expect(&g, op, "1|a|101|\n2|c|103|a\n3|e|106|c\n");
	step->set[1] = NULL;
	rig_expect(&g, op, "1|a|101|none\n2|c|103|none\n3|e|106|none\n");
	step->output = IC_STEP_NONE;
	rig_expect(&g, op, "");
	step->output = IC_STEP_LAST;
	rig_expect(&g, op, "3|e|106|none\n");
	rig_starve(&g, op);
	ic_plan_clear(&g.plan);
}

static ic_expr *step_is(rig *g, const ic_schema *all, const char *text)
{
	return rig_call(g, IC_FN_EQ, IC_Q_BOOL, 2, ic_expr_column(&g->plan, (ic_place){ 1, 1 }, all, 0),
			ic_expr_const(&g->plan, (ic_place){ 1, 1 }, ic_value_str(ic_str_of(text))));
}

/* step a: s == "a"; step b: s == "b" and n > a.n (output as told); step c: s == "c" */
static void several_steps(void **state)
{
	rig g;
	(void)state;
	rig_init(&g);
	ic_op *t = rig_table(&g, "s:string|n:long",
			     "b|0\na|1\nx|2\nb|3\nb|0\nb|5\nc|6\nc|7\na|8\na|9\nc|10\nb|11\na|12\nc|13");
	ic_op *op = rig_op(&g, IC_OP_STEP, t, "s:string|n:long|id:long");
	ic_schema all = rig_schema(&g, "s:string|n:long|s:string|n:long|s:string|n:long|s:string|n:long");
	struct ic_step *step = rig_new(&g, 3 * sizeof *step);
	op->step.step = step;
	op->step.steps = 3;
	op->step.match_id = true;
	for (unsigned i = 0; i < 3; i++)
		step[i].when = step_is(&g, &all, i == 0 ? "a" : i == 1 ? "b" : "c");
	ic_expr *later = rig_call(&g, IC_FN_GT, IC_Q_BOOL, 2, ic_expr_column(&g.plan, op->at, &all, 1),
				  ic_expr_column(&g.plan, op->at, &all, 3));
	step[1].when = rig_call(&g, IC_FN_AND, IC_Q_BOOL, 2, step[1].when, later);
	/* b 0 comes before its a; c 7 goes on with c's own sequence, a 9 with that of a 8; c 10 has no b */
	rig_expect(&g, op,
		   "a|1|0\nb|3|0\nb|5|0\nc|6|0\nc|7|0\na|8|1\na|9|1\nc|10|0\nb|11|1\na|12|2\nc|13|1\n");
	rig_starve(&g, op);
	step[1].output = IC_STEP_LAST;
	step[2].output = IC_STEP_NONE;
	rig_expect(&g, op, "a|1|0\nb|5|0\na|8|1\na|9|1\na|12|2\nb|11|1\n");
	rig_starve(&g, op);
	ic_plan_clear(&g.plan);
}

/* partition by k (take 2) */
static void partitions(void **state)
{
	rig g;
	(void)state;
	rig_init(&g);
	ic_op *t = rig_table(&g, "k:string|v:long", "b|1\na|2\nb|3\n~|4\na|~\nb|5\na|7\n~|8");
	ic_op *in = rig_op(&g, IC_OP_INPUT, NULL, "k:string|v:long");
	ic_op *body = rig_op(&g, IC_OP_TAKE, in, "k:string|v:long");
	body->sort.limit = ic_value_long(2);
	ic_op *op = rig_op(&g, IC_OP_PARTITION, t, "k:string|v:long");
	op->partition.by = rig_col(&g, t, "k");
	op->partition.body = body;
	rig_expect(&g, op, "b|1\nb|3\na|2\na|~\n|4\n|8\n");
	rig_starve(&g, op);
	ic_op *few = rig_op(&g, IC_OP_TAKE, op, "k:string|v:long");
	few->sort.limit = ic_value_long(3);
	rig_expect(&g, few, "b|1\nb|3\na|2\n");
	ic_plan_clear(&g.plan);
}

/* The same rows in each run, in their order, and as many as asked for. */
static void samples(void **state)
{
	enum { ROWS = 20000 };
	rig g;
	(void)state;
	rig_init(&g);
	ic_buf b, first, other;
	ic_buf_init(&b, 0);
	for (int i = 0; i < ROWS; i++)
		ic_buf_printf(&b, "%d\n", i);
	b.p[b.n - 1] = 0;
	ic_op *op = rig_op(&g, IC_OP_SAMPLE, rig_table(&g, "v:long", b.p), "v:long");
	op->sort.limit = ic_value_long(50);
	assert_int_equal(rig_once(&g, op, ROWS, 4096, 1, &first), IC_OK);
	assert_int_equal(rig_once(&g, op, 1000, 77, 3, &other), IC_OK);
	assert_int_equal(first.n, other.n);
	assert_memory_equal(first.p, other.p, first.n);
	int lines = 0;
	long last = -1, above = 0;
	for (const char *p = first.p; p < first.p + first.n; lines++) {
		char *end;
		long v = strtol(p, &end, 10);
		assert_true(v > last);
		last = v;
		above += v > ROWS / 2;
		p = end + 1;
	}
	assert_int_equal(lines, 50);
	assert_in_range(above, 10, 40);
	ic_buf_clear(&first);
	ic_buf_clear(&other);
	op->sort.limit = ic_value_long(ROWS + 1);
	assert_int_equal(rig_once(&g, op, 1000, 77, 1, &other), IC_OK);
	assert_int_equal(other.n, b.n);
	ic_buf_clear(&other);
	op->sort.limit = ic_value_long(0);
	rig_expect(&g, op, "");
	ic_buf_clear(&b);
	ic_plan_clear(&g.plan);
}

static void unions(void **state)
{
	rig g;
	(void)state;
	rig_init(&g);
	ic_op *a = rig_table(&g, "x:long|y:string", "1|a\n2|b\n3|c");
	ic_op *b = rig_table(&g, "y:string|z:real", "d|1.5\ne|2.5");
	ic_op *op = rig_op(&g, IC_OP_UNION, NULL, "from:string|x:long|y:string|z:real");
	op->united.inputs = 2;
	op->united.in = rig_new(&g, 2 * sizeof(ic_op *));
	op->united.in[0] = a;
	op->united.in[1] = b;
	op->united.column = rig_new(&g, 2 * sizeof(int32_t *));
	op->united.column[0] = (int32_t *)RIG_LIST(&g, -1, 0, 1, -1);
	op->united.column[1] = (int32_t *)RIG_LIST(&g, -1, -1, 0, 1);
	op->united.source = 0;
	op->united.name = rig_new(&g, 2 * sizeof(ic_str));
	op->united.name[0] = IC_STR("A");
	op->united.name[1] = IC_STR("B");
	rig_expect(&g, op, "A|1|a|~\nA|2|b|~\nA|3|c|~\nB|~|d|1.5\nB|~|e|2.5\n");
	rig_starve(&g, op);
	ic_plan_clear(&g.plan);
}

static void expect_range(ic_value from, ic_value to, ic_value step, const char *type, const char *rows)
{
	rig g;
	rig_init(&g);
	ic_op *op = rig_op(&g, IC_OP_RANGE, NULL, type);
	op->range.from = from;
	op->range.to = to;
	op->range.step = step;
	rig_expect(&g, op, rows);
	ic_plan_clear(&g.plan);
}

static ic_value whole(int64_t v)
{
	return ic_value_long(v);
}

static void ranges(void **state)
{
	(void)state;
	expect_range(whole(1), whole(5), whole(2), "x:long", "1\n3\n5\n");
	expect_range(whole(1), whole(6), whole(2), "x:long", "1\n3\n5\n");
	expect_range(whole(3), whole(1), whole(-1), "x:long", "3\n2\n1\n");
	expect_range(whole(3), whole(1), whole(1), "x:long", "");
	expect_range(whole(3), whole(4), whole(0), "x:long", "");
	expect_range(whole(INT64_MAX - 1), whole(INT64_MAX), whole(1), "x:long",
		     "9223372036854775806\n9223372036854775807\n");
	expect_range(whole(INT64_MIN), whole(INT64_MAX), whole(INT64_MAX), "x:long",
		     "-9223372036854775808\n-1\n9223372036854775806\n");
	expect_range(ic_value_null(IC_Q_LONG), whole(4), whole(1), "x:long", "");
	expect_range(ic_value_real(0), ic_value_real(1), ic_value_real(0.25), "x:real",
		     "0.0\n0.25\n0.5\n0.75\n1.0\n");
	expect_range(ic_value_real(0), ic_value_real(1), ic_value_real(-1), "x:real", "");
	expect_range(ic_value_ticks(IC_Q_TIMESPAN, 0), ic_value_ticks(IC_Q_TIMESPAN, 10),
		     ic_value_ticks(IC_Q_TIMESPAN, 10), "x:timespan", "00:00:00\n00:00:00.0000010\n");
}

/* The limit counts the rows that are made, not those that might be. */
static void range_limits(void **state)
{
	rig g;
	(void)state;
	rig_init(&g);
	ic_op *op = rig_op(&g, IC_OP_RANGE, NULL, "x:long");
	op->range.from = whole(1);
	op->range.to = whole(INT64_C(1000000000000));
	op->range.step = whole(1);
	rig_refuse(&g, op, IC_E_LIMIT);
	ic_op *take = rig_op(&g, IC_OP_TAKE, op, "x:long");
	take->sort.limit = whole(2);
	rig_expect(&g, take, "1\n2\n");
	ic_plan_clear(&g.plan);
}

static void literal_rows(void **state)
{
	rig g;
	(void)state;
	rig_init(&g);
	ic_op *op = rig_op(&g, IC_OP_VALUES, NULL, "x:long|s:string");
	rig_rows *r = rig_read(&g, &op->out, "1|a\n~|\n3|c");
	op->values.value = r->value;
	op->values.rows = r->rows;
	rig_expect(&g, op, "1|a\n~|\n3|c\n");
	op->values.rows = 0;
	rig_expect(&g, op, "");
	rig_starve(&g, op);
	ic_plan_clear(&g.plan);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(prev_and_next), cmocka_unit_test(numbers_and_restarts),
		cmocka_unit_test(ranks),	 cmocka_unit_test(sums_wrap),
		cmocka_unit_test(sessions),	 cmocka_unit_test(one_step),
		cmocka_unit_test(several_steps), cmocka_unit_test(partitions),
		cmocka_unit_test(samples),	 cmocka_unit_test(unions),
		cmocka_unit_test(ranges),	 cmocka_unit_test(range_limits),
		cmocka_unit_test(literal_rows),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
