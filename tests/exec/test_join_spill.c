/* SPDX-License-Identifier: Apache-2.0 */
/* Joins whose right side is larger than the memory: both sides go to a file, and the same bytes come out. */
#include "scan_plans.h"

#include <stdio.h>

#include "base/hash.h"

enum { ROWS = 5000, COLUMNS = 6, TEXT_BYTES = 1200, KEYS = 4000 };
enum { TIGHT = 5 << 20 }; /* less than the texts of all rows */
enum { NUMBER, KEY, OTHER, NAME, TEXT, DYN };

static ic_qcolumn columns[COLUMNS] = {
	{ { "number", 6 }, IC_Q_LONG }, { { "key", 3 }, IC_Q_LONG },	{ { "other", 5 }, IC_Q_LONG },
	{ { "name", 4 }, IC_Q_STRING }, { { "text", 4 }, IC_Q_STRING }, { { "dyn", 3 }, IC_Q_DYNAMIC },
};
static ic_value cells[ROWS * COLUMNS];
static char texts[ROWS][TEXT_BYTES];
static char names[KEYS][24];
static ic_dyn dyns[ROWS];
static rig_table table = { { columns, COLUMNS }, ROWS, cells };
static ic_table plan_table;
static rig rigs;

static ic_value number_or_null(uint64_t v)
{
	return v % KEYS < KEYS / 80 ? ic_value_null(IC_Q_LONG) : ic_value_long((int64_t)(v % KEYS));
}

static int fill(void **state)
{
	uint64_t seed = 5;
	(void)state;
	for (unsigned i = 0; i < KEYS; i++)
		snprintf(names[i], sizeof names[i], "a name of key %u", i);
	for (uint32_t r = 0; r < ROWS; r++) {
		ic_value *c = &cells[r * COLUMNS];
		for (unsigned i = 0; i < TEXT_BYTES; i++)
			texts[r][i] = (char)('a' + test_random(&seed) % 26);
		uint64_t v = test_random(&seed);
		dyns[r] = (ic_dyn){ .kind = IC_DYN_LONG, .i = r };
		c[NUMBER] = ic_value_long(r);
		c[KEY] = number_or_null(v);
		c[OTHER] = number_or_null(v >> 32);
		c[NAME] = ic_value_str(ic_str_of(names[(v >> 20) % KEYS]));
		c[TEXT] = ic_value_str((ic_str){ texts[r], TEXT_BYTES });
		c[DYN] = (ic_value){ .type = IC_Q_DYNAMIC, .dyn = &dyns[r] };
	}
	return 0;
}

/* ---- plans ------------------------------------------------------------------------------- */

static ic_op *scan(ic_plan *p)
{
	return scan_of(p, &plan_table, &table);
}

static bool gives_left(ic_join_kind k)
{
	return k != IC_JOIN_RIGHTSEMI && k != IC_JOIN_RIGHTANTI;
}

static bool gives_right(ic_join_kind k)
{
	return k != IC_JOIN_LEFTSEMI && k != IC_JOIN_LEFTANTI;
}

/* All columns of the sides that the kind gives. */
static ic_op *join(ic_plan *p, ic_join_kind kind, ic_op *left, uint32_t left_key, ic_op *right,
		   uint32_t right_key)
{
	ic_op *op = ic_op_new(p, IC_OP_JOIN, here, "join", left);
	uint32_t all = left->out.n + right->out.n;
	op->join.kind = kind;
	op->join.right = right;
	op->join.keys = 1;
	op->join.left_key = ic_arena_alloc(&p->arena, sizeof(ic_expr *));
	op->join.right_key = ic_arena_alloc(&p->arena, sizeof(ic_expr *));
	op->join.left_key[0] = column(p, left, left_key);
	op->join.right_key[0] = column(p, right, right_key);
	op->join.column = ic_arena_alloc(&p->arena, all * sizeof *op->join.column);
	op->out.column = ic_arena_alloc(&p->arena, all * sizeof *op->out.column);
	op->join.null_keys_match = false;
	for (uint32_t i = gives_left(kind) ? 0 : left->out.n; i < (gives_right(kind) ? all : left->out.n);
	     i++) {
		op->join.column[op->out.n] = i;
		op->out.column[op->out.n++] =
		    i < left->out.n ? left->out.column[i] : right->out.column[i - left->out.n];
	}
	return op;
}

static const agg_spec count[] = { { .fn = IC_AGG_COUNT, .type = IC_Q_LONG } };

enum { PLANS = IC_JOIN_KINDS + 4 };
static ic_op *plan_of(ic_plan *p, int number)
{
	static const uint32_t by_name[] = { NAME };
	ic_op *few, *op;
	switch (number - IC_JOIN_KINDS) {
	case 0: /* text as a key, and something behind the join that puts rows in order itself */
		op = join(p, IC_JOIN_LEFTOUTER, scan(p), NAME, scan(p), NAME);
		return summarize(p, op, by_name, 1, count, 1);
	case 1: /* groups on the left, and a filter that many workers may run */
		few = summarize(p, scan(p), by_name, 1, count, 1);
		return join(p, IC_JOIN_FULLOUTER, filter(p, few, greater(p, column(p, few, 1), 1)), 0,
			    scan(p), NAME);
	case 2: /* a join on the left of a join */
		op = join(p, IC_JOIN_INNER, scan(p), KEY, scan(p), OTHER);
		return join(p, IC_JOIN_INNER, op, KEY, scan(p), OTHER);
	case 3: /* on the right */
		op = join(p, IC_JOIN_INNERUNIQUE, scan(p), KEY, scan(p), OTHER);
		return join(p, IC_JOIN_RIGHTOUTER, scan(p), KEY, op, OTHER);
	default: break;
	}
	if (!gives_right((ic_join_kind)number)) { /* keys are all that is kept */
		few = filter(p, scan(p), greater(p, column(p, scan(p), NUMBER), ROWS / 5));
		return join(p, (ic_join_kind)number, scan(p), TEXT, few, TEXT);
	}
	op = join(p, (ic_join_kind)number, scan(p), KEY, scan(p), OTHER);
	op->join.null_keys_match = number % 2 == 0;
	return op;
}

static const rig_way whole = { 1, 4096, 1, false };
static const rig_way ways[] = { { 40, 100, 2, true }, { 60, 777, 1, true } };
enum { WAYS = sizeof ways / sizeof *ways };

static ic_status run(ic_plan *p, const rig_way *w, uint64_t memory, ic_buf *ret, ic_error *err)
{
	rigs.memory = memory;
	return rig_run_way(&rigs, p, w, ret, err);
}

static void plan_init(ic_plan *p, int number)
{
	ic_plan_init(p, NULL);
	p->language = IC_FN_KQL;
	p->root = plan_of(p, number);
}

/* ---- tests ----------------------------------------------------------------------------------- */

static void the_same_from_a_file(void **state)
{
	(void)state;
	for (int number = 0; number < PLANS; number++) {
		ic_plan p;
		ic_buf want, got;
		ic_error err;
		plan_init(&p, number);
		assert_int_equal(run(&p, &whole, 0, &want, &err), IC_OK);
		assert_true(want.n > 1);
		for (size_t i = 0; i < WAYS; i++) {
			if (!test_is_of_use(ways[i].threads))
				continue;
			ic_status st = run(&p, &ways[i], TIGHT, &got, &err);
			if (st != IC_OK)
				fail_msg("plan %d, way %zu: %s", number, i, err.message);
			if (got.n != want.n || memcmp(got.p, want.p, got.n) != 0)
				fail_msg("plan %d differs, way %zu", number, i);
			ic_buf_clear(&got);
		}
		ic_buf_clear(&want);
		ic_plan_clear(&p);
	}
}

/* It is the file that made this possible. */
static void the_file_may_fail(void **state)
{
	(void)state;
	rigs.memory = TIGHT;
	for (int number = 0; number < PLANS; number++) {
		ic_plan p;
		plan_init(&p, number);
		rig_needs_file(&rigs, &p, &ways[0]);
		ic_plan_clear(&p);
	}
}

/* All rows have one key: no partition of them fits. */
static void a_key_may_be_too_large(void **state)
{
	ic_plan p;
	ic_buf got;
	ic_error err;
	(void)state;
	plan_init(&p, IC_JOIN_RIGHTOUTER);
	p.root->join.left_key[0] = ic_expr_const(&p, here, ic_value_long(-1));
	p.root->join.right_key[0] = ic_expr_const(&p, here, ic_value_long(1));
	assert_int_equal(run(&p, &ways[0], TIGHT, &got, &err), IC_E_LIMIT);
	assert_string_equal(err.message,
			    "the rows of one key, or a 256th of the right side, need more memory than "
			    "there is left");
	ic_buf_clear(&got);
	ic_plan_clear(&p);
}

static void memory_may_end(void **state)
{
	ic_plan p;
	ic_buf got;
	ic_error err;
	(void)state;
	if (!test_is_of_use(ways[1].threads))
		skip();
	plan_init(&p, IC_JOIN_FULLOUTER);
	ic_status st = IC_E_NOMEM;
	for (uint64_t n = 1; st != IC_OK; n += n / 2 + 1) {
		assert_true(n < 10000000);
		ic_alloc_fail_after(n);
		st = run(&p, &ways[1], TIGHT, &got, &err);
		ic_alloc_fail_after(0);
		ic_buf_clear(&got);
		if (st != IC_OK && st != IC_E_NOMEM)
			fail_msg("allocation %u: %s", (unsigned)n, err.message);
	}
	ic_plan_clear(&p);
}

int main(void)
{
	ic_hash_seed_set(20241); /* which request for memory fails must not change from run to run */
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_same_from_a_file),
		cmocka_unit_test(the_file_may_fail),
		cmocka_unit_test(a_key_may_be_too_large),
		cmocka_unit_test(memory_may_end),
	};
	return cmocka_run_group_tests(tests, fill, NULL);
}
