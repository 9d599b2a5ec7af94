/* SPDX-License-Identifier: Apache-2.0 */
#include "plan_helper.h"

#include "base/hash.h"

static const char left_rows[] = "1|a\n~|n1\n2|b\n1|a2\n3|c\n~|n2\n2|b2";
static const char right_rows[] = "2|x\n1|y\n1|y2\n~|m\n4|z\n4|z2";

static ic_op *join_of(rig *g, ic_join_kind kind, ic_op *left, ic_op *right, const char *schema,
		      uint32_t *column)
{
	ic_op *op = rig_op(g, IC_OP_JOIN, left, schema);
	op->join.kind = kind;
	op->join.right = right;
	op->join.keys = 1;
	op->join.left_key = rig_new(g, sizeof(ic_expr *));
	op->join.right_key = rig_new(g, sizeof(ic_expr *));
	op->join.left_key[0] = rig_col(g, left, "k");
	op->join.right_key[0] = rig_col(g, right, "k");
	op->join.column = column;
	op->join.null_keys_match = true;
	return op;
}

static void check(ic_join_kind kind, bool nulls, const char *rows)
{
	rig g;
	rig_init(&g);
	ic_op *left = rig_table(&g, "k:long|v:string", left_rows);
	ic_op *right = rig_table(&g, "k:long|w:string", right_rows);
	bool only_left = kind == IC_JOIN_LEFTSEMI || kind == IC_JOIN_LEFTANTI;
	bool only_right = kind == IC_JOIN_RIGHTSEMI || kind == IC_JOIN_RIGHTANTI;
	ic_op *op = join_of(&g, kind, left, right,
			    only_left || only_right ? "k:long|v:string" : "k:long|v:string|k1:long|w:string",
			    only_left	 ? RIG_LIST(&g, 0, 1)
			    : only_right ? RIG_LIST(&g, 2, 3)
					 : RIG_LIST(&g, 0, 1, 2, 3));
	op->join.null_keys_match = nulls;
	rig_expect(&g, op, rows);
	rig_starve(&g, op);
	ic_plan_clear(&g.plan);
}

static void kinds(void **state)
{
	(void)state;
	check(IC_JOIN_INNER, true,
	      "1|a|1|y\n1|a|1|y2\n~|n1|~|m\n2|b|2|x\n1|a2|1|y\n1|a2|1|y2\n~|n2|~|m\n2|b2|2|x\n");
	check(IC_JOIN_INNERUNIQUE, true, "1|a|1|y\n1|a|1|y2\n~|n1|~|m\n2|b|2|x\n");
	check(IC_JOIN_LEFTOUTER, true,
	      "1|a|1|y\n1|a|1|y2\n~|n1|~|m\n2|b|2|x\n1|a2|1|y\n1|a2|1|y2\n3|c|~|\n~|n2|~|m\n2|b2|2|x\n");
	check(IC_JOIN_RIGHTOUTER, true,
	      "1|a|1|y\n1|a|1|y2\n~|n1|~|m\n2|b|2|x\n1|a2|1|y\n1|a2|1|y2\n~|n2|~|m\n2|b2|2|x\n~||4|z\n~||4|"
	      "z2\n");
	check(IC_JOIN_FULLOUTER, true,
	      "1|a|1|y\n1|a|1|y2\n~|n1|~|m\n2|b|2|x\n1|a2|1|y\n1|a2|1|y2\n3|c|~|\n~|n2|~|m\n2|b2|2|x\n"
	      "~||4|z\n~||4|z2\n");
	check(IC_JOIN_LEFTSEMI, true, "1|a\n~|n1\n2|b\n1|a2\n~|n2\n2|b2\n");
	check(IC_JOIN_LEFTANTI, true, "3|c\n");
	check(IC_JOIN_RIGHTSEMI, true, "2|x\n1|y\n1|y2\n~|m\n");
	check(IC_JOIN_RIGHTANTI, true, "4|z\n4|z2\n");
}

static void nulls_that_match_nothing(void **state)
{
	(void)state;
	check(IC_JOIN_INNER, false, "1|a|1|y\n1|a|1|y2\n2|b|2|x\n1|a2|1|y\n1|a2|1|y2\n2|b2|2|x\n");
	check(IC_JOIN_LEFTANTI, false, "~|n1\n3|c\n~|n2\n");
	check(IC_JOIN_RIGHTANTI, false, "~|m\n4|z\n4|z2\n");
}

static void key_types(void **state)
{
	static const char *const type[][2] = {
		{ "string", "alpha|1\n|2\na text longer than its cell|3" },
		{ "real", "0|1\n-0.5|2\n1e300|3" },
		{ "datetime", "2020-01-01|1\n2020-01-01T00:00:00.0000001Z|2" },
		{ "bool", "true|1\nfalse|2" },
		{ "ip", "10.0.0.1|1\n2001:db8::1|2" },
	};
	(void)state;
	for (size_t i = 0; i < sizeof type / sizeof *type; i++) {
		rig g;
		char schema[64];
		rig_init(&g);
		snprintf(schema, sizeof schema, "k:%s|v:long", type[i][0]);
		ic_op *left = rig_table(&g, schema, type[i][1]);
		ic_op *right = rig_table(&g, schema, type[i][1]);
		ic_op *op = join_of(&g, IC_JOIN_INNER, left, right, "v:long|v1:long", RIG_LIST(&g, 1, 3));
		rig_expect(&g, op, i == 0 || i == 1 ? "1|1\n2|2\n3|3\n" : "1|1\n2|2\n");
		ic_plan_clear(&g.plan);
	}
}

/* An address on one side meets its text on the other; the null text is the empty one. */
static void address_and_text(void **state)
{
	rig g;
	(void)state;
	rig_init(&g);
	ic_op *left = rig_table(&g, "k:ip|v:long", "10.0.0.1|1\n10.0.0.2|2\n~|3");
	ic_op *right = rig_table(&g, "k:string|w:long", "10.0.0.2|20\n|30\n10.0.0.1|10\n010.0.0.1|11");
	rig_expect(&g, join_of(&g, IC_JOIN_INNER, left, right, "k:ip|v:long|w:long", RIG_LIST(&g, 0, 1, 3)),
		   "10.0.0.1|1|10\n10.0.0.2|2|20\n~|3|30\n");
	ic_plan_clear(&g.plan);
}

/* Two keys, one of them computed; columns in another order, one of them twice. */
static void several_keys(void **state)
{
	rig g;
	(void)state;
	rig_init(&g);
	ic_op *left = rig_table(&g, "k:long|t:string", "1|p\n1|q\n2|q\n2|~");
	ic_op *right = rig_table(&g, "k:long|t:string|w:long", "2|q|5\n0|q|6\n1|~|7\n9|p|8");
	ic_op *op = join_of(&g, IC_JOIN_LEFTOUTER, left, right, "w:long|k:long|t:string|w1:long",
			    RIG_LIST(&g, 4, 0, 1, 4));
	op->join.keys = 2;
	op->join.left_key = rig_new(&g, 2 * sizeof(ic_expr *));
	op->join.right_key = rig_new(&g, 2 * sizeof(ic_expr *));
	op->join.left_key[0] = rig_col(&g, left, "k");
	op->join.left_key[1] = rig_col(&g, left, "t");
	op->join.right_key[0] =
	    rig_call(&g, IC_FN_ADD, IC_Q_LONG, 2, rig_col(&g, right, "k"), rig_long(&g, 1));
	op->join.right_key[1] = rig_col(&g, right, "t");
	rig_expect(&g, op, "~|1|p|~\n6|1|q|6\n~|2|q|~\n7|2||7\n");
	ic_plan_clear(&g.plan);
}

static void limits(void **state)
{
	rig g;
	(void)state;
	rig_init(&g);
	g.max_rows = 11;
	ic_op *left = rig_table(&g, "k:long|v:long", "1|1\n1|2\n1|3\n1|4");
	ic_op *right = rig_table(&g, "k:long|w:long", "1|1\n1|2\n1|3");
	ic_op *op = join_of(&g, IC_JOIN_INNER, left, right, "v:long|w:long", RIG_LIST(&g, 1, 3));
	rig_refuse(&g, op, IC_E_LIMIT);
	assert_int_equal(g.err.line, 2);
	assert_int_equal(g.err.column, 3);
	g.max_rows = 12;
	rig_expect(&g, op, "1|1\n1|2\n1|3\n2|1\n2|2\n2|3\n3|1\n3|2\n3|3\n4|1\n4|2\n4|3\n");
	ic_plan_clear(&g.plan);
}

static void empty_sides(void **state)
{
	(void)state;
	for (int kind = 0; kind < IC_JOIN_KINDS; kind++) {
		rig g;
		rig_init(&g);
		ic_op *some = rig_table(&g, "k:long|v:long", "1|1\n~|2"),
		      *none = rig_table(&g, "k:long|v:long", "");
		bool left =
		    kind == IC_JOIN_LEFTOUTER || kind == IC_JOIN_FULLOUTER || kind == IC_JOIN_LEFTANTI;
		bool right =
		    kind == IC_JOIN_RIGHTOUTER || kind == IC_JOIN_FULLOUTER || kind == IC_JOIN_RIGHTANTI;
		ic_join_kind k = (ic_join_kind)kind;
		uint32_t *from_left = RIG_LIST(&g, 1), *from_right = RIG_LIST(&g, 3);
		if (k != IC_JOIN_RIGHTSEMI && k != IC_JOIN_RIGHTANTI) {
			rig_expect(&g, join_of(&g, k, some, none, "v:long", from_left), left ? "1\n2\n" : "");
		}
		if (k != IC_JOIN_LEFTSEMI && k != IC_JOIN_LEFTANTI) {
			rig_expect(&g, join_of(&g, k, none, some, "v:long", from_right),
				   right ? "1\n2\n" : "");
		}
		ic_plan_clear(&g.plan);
	}
}

/* Many keys over many blocks, against a count by hand; with different seeds. */
static void many_rows(void **state)
{
	enum { ROWS = 9000, KEYS = 700 };
	(void)state;
	for (uint64_t seed = 1; seed < 3; seed++) {
		rig g;
		rig_init(&g);
		ic_hash_seed_set(seed);
		ic_buf b, want, got;
		ic_buf_init(&b, 0);
		ic_buf_init(&want, 0);
		for (int i = 0; i < ROWS; i++)
			ic_buf_printf(&b, "a key of some length %d|%d\n", i * 31 % KEYS, i);
		b.p[b.n - 1] = 0;
		ic_op *left = rig_table(&g, "k:string|v:long",
					"a key of some length 3|1\nb|2\na key of some length 699|3");
		ic_op *right = rig_table(&g, "k:string|w:long", b.p);
		for (int l = 0; l < 2; l++)
			for (int i = 0; i < ROWS; i++)
				if (i * 31 % KEYS == (l ? 699 : 3))
					ic_buf_printf(&want, "%d|%d\n", l ? 3 : 1, i);
		ic_op *op = join_of(&g, IC_JOIN_INNER, left, right, "v:long|w:long", RIG_LIST(&g, 1, 3));
		assert_int_equal(rig_once(&g, op, 100000, 4000, 2, &got), IC_OK);
		assert_int_equal(got.n, want.n);
		assert_memory_equal(got.p, want.p, want.n);
		ic_buf_clear(&b);
		ic_buf_clear(&want);
		ic_buf_clear(&got);
		ic_plan_clear(&g.plan);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(kinds),	cmocka_unit_test(nulls_that_match_nothing),
		cmocka_unit_test(key_types),	cmocka_unit_test(address_and_text),
		cmocka_unit_test(several_keys), cmocka_unit_test(limits),
		cmocka_unit_test(empty_sides),	cmocka_unit_test(many_rows),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
