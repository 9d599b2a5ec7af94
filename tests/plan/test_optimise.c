/* SPDX-License-Identifier: Apache-2.0 */
/* Plans made by hand, rewritten, and read back as explain writes them. */
#include "../test.h"

#include <stdio.h>

#include "plan/plan.h"

static ic_plan plan;
static ic_qcolumn table_columns[] = {
	{ { "Time", 4 }, IC_Q_DATETIME }, { { "Name", 4 }, IC_Q_STRING }, { { "Port", 4 }, IC_Q_LONG },
	{ { "Bytes", 5 }, IC_Q_LONG },	  { { "Url", 3 }, IC_Q_STRING },
};
enum { TIME, NAME, PORT, BYTES, URL, COLUMNS };
static const ic_table table = { { "Flows", 5 }, { table_columns, COLUMNS }, NULL };

static ic_op *scan(void)
{
	ic_op *op = ic_op_new(&plan, IC_OP_SCAN, (ic_place){ 1, 1 }, NULL, NULL);
	op->scan.table = &table;
	op->out = table.schema;
	return op;
}

static ic_expr *column(const ic_op *of, uint32_t i)
{
	return ic_expr_column(&plan, (ic_place){ 1, 1 }, &of->out, i);
}

static ic_expr *number(int64_t v)
{
	return ic_expr_const(&plan, (ic_place){ 1, 1 }, ic_value_long(v));
}

static ic_expr *call(ic_fn_id fn, ic_qtype type, ic_expr *a, ic_expr *b)
{
	ic_expr *e = ic_expr_call(&plan, (ic_place){ 1, 1 }, fn, type, 2);
	e->call.arg[0] = a;
	e->call.arg[1] = b;
	return e;
}

static ic_op *over(ic_op *in, ic_op_kind kind)
{
	ic_op *op = ic_op_new(&plan, kind, (ic_place){ 1, 1 }, NULL, in);
	op->out = in->out;
	return op;
}

static ic_op *filter(ic_op *in, ic_expr *predicate)
{
	ic_op *op = over(in, IC_OP_FILTER);
	op->filter.predicate = predicate;
	return op;
}

/* A project of n columns named a, b, c... */
static ic_op *project(ic_op *in, uint32_t n, ic_expr **expr)
{
	static const char names[] = "abcdefgh";
	ic_op *op = over(in, IC_OP_PROJECT);
	op->out.column = ic_arena_alloc(&plan.arena, sizeof(ic_qcolumn) * n);
	op->out.n = n;
	op->project.expr = expr;
	for (uint32_t i = 0; i < n; i++)
		op->out.column[i] = (ic_qcolumn){ { &names[i], 1 }, expr[i]->type };
	return op;
}

static ic_op *sort(ic_op *in, uint32_t key)
{
	ic_op *op = over(in, IC_OP_SORT);
	op->sort.key = ic_arena_alloc(&plan.arena, sizeof(ic_sort_key));
	op->sort.key[0] = (ic_sort_key){ column(in, key), true, false };
	op->sort.keys = 1;
	return op;
}

static ic_op *take(ic_op *in, int64_t n)
{
	ic_op *op = over(in, IC_OP_TAKE);
	op->sort.limit = ic_value_long(n);
	return op;
}

/* Sums and comparisons of longs, enough for these tests. */
static ic_status fold(ic_plan *p, const ic_expr *e, ic_value *ret, ic_diag *diag)
{
	(void)p;
	(void)diag;
	const ic_value *a = &e->call.arg[0]->value, *b = e->call.n > 1 ? &e->call.arg[1]->value : a;
	*ret = (ic_value){ .type = IC_QTYPES };
	if (e->call.fn == IC_FN_ADD)
		*ret = ic_value_long(a->i + b->i);
	else if (e->call.fn == IC_FN_LT)
		*ret = ic_value_bool(a->i < b->i);
	return IC_OK;
}

static void optimised(ic_op *root, const char *expected)
{
	ic_diag diag = { 0 };
	plan.root = root;
	assert_int_equal(ic_plan_optimise(&plan, fold, &diag), IC_OK);
	ic_str s = ic_plan_explain(&plan, NULL);
	if (!ic_str_eq(s, ic_str_of(expected)))
		fail_msg("\n%.*sinstead of\n%s", (int)s.n, s.p, expected);
}

static void columns_are_pruned(void **state)
{
	(void)state;
	ic_op *s = scan();
	ic_op *f = filter(s, call(IC_FN_EQ, IC_Q_BOOL, column(s, PORT), number(443)));
	ic_expr *list[] = { column(f, URL), call(IC_FN_ADD, IC_Q_LONG, column(f, BYTES), number(1)) };
	ic_op *p = project(f, 2, list);
	optimised(project(p, 1, (ic_expr *[]){ column(p, 1) }),
		  "scan Flows: 2 of 5 columns, the source may drop rows unless Port == 443\n"
		  "where Port == 443\n"
		  "project b = Bytes + 1\n"
		  "project a = b\n");
	assert_int_equal(s->scan.column[0], PORT);
	assert_int_equal(s->scan.column[1], BYTES);
	assert_int_equal(s->scan.pushed_n, 1);
}

static ic_op *both(ic_op *a, ic_op *b)
{
	static int32_t same[] = { 0, 1, 2, 3, 4 };
	ic_op *op = ic_op_new(&plan, IC_OP_UNION, (ic_place){ 1, 1 }, NULL, NULL);
	op->out = a->out;
	op->united.in = ic_arena_alloc(&plan.arena, 2 * sizeof(ic_op *));
	op->united.column = ic_arena_alloc(&plan.arena, 2 * sizeof(int32_t *));
	op->united.inputs = 2;
	op->united.source = -1;
	op->united.in[0] = a;
	op->united.in[1] = b;
	op->united.column[0] = op->united.column[1] = same;
	return op;
}

/* What several read is kept, with the columns that any of them looks at; their filters stay above it. */
static void what_is_kept_has_the_columns_of_all(void **state)
{
	(void)state;
	ic_op *s = scan(), *keep = ic_op_keep(&plan, (ic_place){ 1, 9 }, s);
	ic_op *a = ic_op_kept(&plan, keep), *b = ic_op_kept(&plan, keep);
	ic_op *f = filter(b, call(IC_FN_EQ, IC_Q_BOOL, column(b, PORT), number(443)));
	ic_expr *urls[] = { column(a, URL) }, *names[] = { column(f, NAME) };
	optimised(both(project(a, 1, urls), project(f, 1, names)), "        scan Flows: 3 of 5 columns\n"
								   "        materialize at 1:9\n"
								   "    materialized at 1:9\n"
								   "    project a = Url\n"
								   "    materialized at 1:9\n"
								   "    where Port == 443\n"
								   "    project a = Name\n"
								   "union\n");
	assert_int_equal(s->scan.column[0], NAME);
	assert_int_equal(s->scan.column[1], PORT);
	assert_int_equal(s->scan.column[2], URL);
	assert_int_equal(a->kept.column[0], 2);
	assert_int_equal(b->kept.column[0], 0);
	assert_int_equal(b->kept.column[1], 1);
}

/* What one operator reads is not: the filter gets down to the scan. Neither is what nobody reads. */
static void what_one_reads_is_not_kept(void **state)
{
	(void)state;
	ic_op *inner = ic_op_keep(&plan, (ic_place){ 1, 1 }, scan());
	ic_op *keep = ic_op_keep(&plan, (ic_place){ 1, 2 }, ic_op_kept(&plan, inner));
	ic_op_keep(&plan, (ic_place){ 1, 3 }, ic_op_kept(&plan, keep));
	ic_op *kept = ic_op_kept(&plan, keep);
	ic_op *f = filter(kept, call(IC_FN_EQ, IC_Q_BOOL, column(kept, PORT), number(443)));
	ic_expr *urls[] = { column(f, URL) };
	optimised(project(f, 1, urls),
		  "scan Flows: 2 of 5 columns, the source may drop rows unless Port == 443\n"
		  "where Port == 443\n"
		  "project a = Url\n");
	assert_null(plan.kept);
}

/* The only reader of one is what another one keeps for two. */
static void one_kept_in_another(void **state)
{
	(void)state;
	ic_op *inner = ic_op_keep(&plan, (ic_place){ 1, 1 }, scan());
	ic_op *a = ic_op_kept(&plan, inner);
	ic_op *outer = ic_op_keep(&plan, (ic_place){ 1, 2 }, ic_op_kept(&plan, inner));
	ic_op *b = ic_op_kept(&plan, outer);
	ic_expr *urls[] = { column(a, URL) }, *names[] = { column(b, NAME) };
	optimised(both(project(a, 1, urls), project(b, 1, names)), "        scan Flows: 2 of 5 columns\n"
								   "        materialize at 1:1\n"
								   "    materialized at 1:1\n"
								   "    project a = Url\n"
								   "    materialized at 1:1\n"
								   "    project a = Name\n"
								   "union\n");
	assert_ptr_equal(plan.kept, inner);
	assert_null(inner->keep.older);
}

static void counting_needs_one_column(void **state)
{
	(void)state;
	ic_op *s = scan(), *op = over(s, IC_OP_SUMMARIZE);
	ic_agg count = { .fn = IC_AGG_COUNT, .type = IC_Q_LONG, .columns = 1 };
	ic_qcolumn name = { { "count_", 6 }, IC_Q_LONG };
	op->out = (ic_schema){ &name, 1 };
	op->summarize.agg = &count;
	op->summarize.aggs = 1;
	optimised(op, "scan Flows: 1 of 5 columns\n"
		      "summarize count_ = count()\n");
	assert_int_equal(s->scan.column[0], TIME);
}

static ic_expr **one_column(const ic_op *of, uint32_t i)
{
	ic_expr **list = ic_arena_alloc(&plan.arena, sizeof *list);
	list[0] = column(of, i);
	return list;
}

/* By Name: the sum of the bytes, the greatest Url. */
static ic_op *groups(void)
{
	static ic_qcolumn out[] = { { { "Name", 4 }, IC_Q_STRING },
				    { { "sum", 3 }, IC_Q_LONG },
				    { { "max", 3 }, IC_Q_STRING } };
	ic_op *s = scan(), *op = over(s, IC_OP_SUMMARIZE);
	ic_agg *agg = ic_arena_alloc(&plan.arena, 2 * sizeof *agg);
	agg[0] = (ic_agg){
		.fn = IC_AGG_SUM, .type = IC_Q_LONG, .n = 1, .arg = one_column(s, BYTES), .columns = 1
	};
	agg[1] = (ic_agg){
		.fn = IC_AGG_MAX, .type = IC_Q_STRING, .n = 1, .arg = one_column(s, URL), .columns = 1
	};
	op->out = (ic_schema){ out, 3 };
	op->summarize.key = one_column(s, NAME);
	op->summarize.keys = 1;
	op->summarize.agg = agg;
	op->summarize.aggs = 2;
	return op;
}

/* What one aggregate tells is asked first, wherever it stands. */
static void conditions_on_groups(void **state)
{
	(void)state;
	ic_op *op = groups();
	ic_expr *both = call(IC_FN_EQ, IC_Q_BOOL, column(op, 0), column(op, 2));
	ic_expr *sum = call(IC_FN_LT, IC_Q_BOOL, column(op, 1), number(9));
	optimised(filter(op, call(IC_FN_AND, IC_Q_BOOL, both, sum)),
		  "scan Flows: 3 of 5 columns\n"
		  "summarize sum = sum(Bytes), max = max(Url) by Name\n"
		  "where sum < 9\n"
		  "where Name == max\n");
	optimised(filter(op, sum), "scan Flows: 3 of 5 columns\n"
				   "summarize sum = sum(Bytes), max = max(Url) by Name\n"
				   "where sum < 9\n");
}

static void aggregates_that_nobody_reads(void **state)
{
	(void)state;
	ic_op *op = groups();
	optimised(project(op, 1, (ic_expr *[]){ column(op, 2) }), "scan Flows: 2 of 5 columns\n"
								  "summarize max = max(Url) by Name\n"
								  "project a = max\n");
}

static void constants_are_folded(void **state)
{
	(void)state;
	ic_op *s = scan();
	ic_expr *sum =
	    call(IC_FN_ADD, IC_Q_LONG, number(1), call(IC_FN_ADD, IC_Q_LONG, number(2), number(3)));
	ic_expr *port = call(IC_FN_LT, IC_Q_BOOL, column(s, PORT), sum);
	ic_expr *yes = call(IC_FN_LT, IC_Q_BOOL, number(1), number(2));
	ic_op *f = filter(s, call(IC_FN_AND, IC_Q_BOOL, yes, port));
	optimised(project(f, 1, (ic_expr *[]){ column(f, PORT) }),
		  "scan Flows: 1 of 5 columns, the source may drop rows unless Port < 6\n"
		  "where Port < 6\n"
		  "project a = Port\n");
}

/* The source understands a list beside a column, not beside a conversion of it. */
static void conversions_fall_away(void **state)
{
	(void)state;
	ic_op *s = scan(), *p;
	table_columns[PORT].type = IC_Q_INT;
	p = project(s, 1, (ic_expr *[]){ column(s, PORT) });
	ic_value ports[] = { ic_value_long(80) };
	ic_value_list list = { ports, 1 };
	ic_expr *in = ic_expr_call(&plan, (ic_place){ 1, 1 }, IC_FN_IN, IC_Q_BOOL, 1);
	in->call.arg[0] = ic_expr_call(&plan, (ic_place){ 1, 1 }, IC_FN_TO_LONG, IC_Q_LONG, 1);
	in->call.arg[0]->call.arg[0] = column(p, 0);
	in->call.list = &list;
	optimised(filter(p, in), "scan Flows: 1 of 5 columns, the source may drop rows unless Port in (80)\n"
				 "where Port in (80)\n"
				 "project a = Port\n");
	table_columns[PORT].type = IC_Q_LONG;
}

static void filters_move_down(void **state)
{
	(void)state;
	ic_op *s = scan();
	ic_expr *list[] = { column(s, PORT), call(IC_FN_ADD, IC_Q_LONG, column(s, BYTES), column(s, PORT)) };
	ic_op *p = sort(project(s, 2, list), 1);
	ic_expr *plain = call(IC_FN_LT, IC_Q_BOOL, column(p, 0), number(1024));
	ic_expr *made = call(IC_FN_LT, IC_Q_BOOL, column(p, 1), number(9));
	optimised(filter(p, call(IC_FN_AND, IC_Q_BOOL, made, plain)),
		  "scan Flows: 2 of 5 columns, the source may drop rows unless Port < 1024\n"
		  "where Port < 1024\n"
		  "project a = Port, b = Bytes + Port\n"
		  "where b < 9\n"
		  "sort by b desc\n");
}

static void barriers(void **state)
{
	(void)state;
	ic_op *s = scan();
	ic_op *t = take(s, 10);
	ic_op *f = filter(t, call(IC_FN_LT, IC_Q_BOOL, column(t, PORT), number(1024)));
	optimised(project(f, 1, (ic_expr *[]){ column(f, PORT) }), "scan Flows: 1 of 5 columns\n"
								   "take 10\n"
								   "where Port < 1024\n"
								   "project a = Port\n");
	assert_int_equal(s->scan.pushed_n, 0);
}

static void sort_and_take_is_top(void **state)
{
	(void)state;
	ic_op *o = sort(scan(), BYTES);
	ic_op *p = project(o, 1, (ic_expr *[]){ column(o, NAME) });
	optimised(take(p, 5), "scan Flows: 2 of 5 columns\n"
			      "top 5 by Bytes desc\n"
			      "project a = Name\n");
}

static void joins_and_unions(void **state)
{
	(void)state;
	ic_op *left = scan(), *right = scan(), *j = over(left, IC_OP_JOIN);
	uint32_t from[2 * COLUMNS];
	ic_qcolumn out[2 * COLUMNS];
	for (uint32_t i = 0; i < 2 * COLUMNS; i++) {
		from[i] = i;
		out[i] = table_columns[i % COLUMNS];
	}
	ic_expr *left_key[] = { column(left, NAME) }, *right_key[] = { column(right, NAME) };
	j->out = (ic_schema){ out, 2 * COLUMNS };
	j->join.kind = IC_JOIN_INNER;
	j->join.right = right;
	j->join.keys = 1;
	j->join.left_key = left_key;
	j->join.right_key = right_key;
	j->join.column = from;
	ic_op *wanted = project(j, 2, (ic_expr *[]){ column(j, BYTES), column(j, COLUMNS + URL) });
	ic_op *other = scan();
	ic_op *u = ic_op_new(&plan, IC_OP_UNION, (ic_place){ 1, 1 }, NULL, NULL);
	ic_op *in[] = { wanted, other };
	int32_t first[] = { 0, 1 }, second[] = { PORT, -1 }, *columns[] = { first, second };
	u->out = wanted->out;
	u->united.in = in;
	u->united.inputs = 2;
	u->united.column = columns;
	u->united.source = -1;
	optimised(filter(u, call(IC_FN_LT, IC_Q_BOOL, column(u, 0), number(5))),
		  "    scan Flows: 2 of 5 columns\n"
		  "        scan Flows: 2 of 5 columns\n"
		  "    join kind=inner on Name == Name\n"
		  "    project a = Bytes, b = Url\n"
		  "    scan Flows: 1 of 5 columns, the source may drop rows unless Port < 5\n"
		  "union\n"
		  "where a < 5\n");
	assert_int_equal(j->join.column[0], 1);
	assert_int_equal(j->join.column[1], 3);
	assert_int_equal(other->scan.column[0], PORT);
}

static void a_shared_input_stays_whole(void **state)
{
	(void)state;
	ic_op *s = scan();
	ic_op *f = filter(s, call(IC_FN_LT, IC_Q_BOOL, column(s, PORT), number(5)));
	ic_op *one = project(s, 1, (ic_expr *[]){ column(s, URL) });
	ic_op *two = project(f, 1, (ic_expr *[]){ column(f, NAME) });
	ic_op *u = ic_op_new(&plan, IC_OP_UNION, (ic_place){ 1, 1 }, NULL, NULL);
	ic_op *in[] = { one, two };
	int32_t same[] = { 0 }, *columns[] = { same, same };
	u->out = one->out;
	u->united.in = in;
	u->united.inputs = 2;
	u->united.column = columns;
	u->united.source = -1;
	optimised(u, "    scan Flows: 5 of 5 columns\n"
		     "    project a = Url\n"
		     "    scan Flows: 5 of 5 columns\n"
		     "    where Port < 5\n"
		     "    project a = Name\n"
		     "union\n");
	assert_int_equal(s->scan.pushed_n, 0);
}

static void counts_say_where_rows_went(void **state)
{
	(void)state;
	ic_op *s = scan();
	ic_value ports[] = { ic_value_long(80), ic_value_long(443) };
	ic_value_list list = { ports, 2 };
	ic_expr *in = ic_expr_call(&plan, (ic_place){ 1, 1 }, IC_FN_IN, IC_Q_BOOL, 1);
	in->call.arg[0] = column(s, PORT);
	in->call.list = &list;
	plan.root = filter(s, in);
	ic_op_counts *counts = ic_arena_alloc(&plan.arena, sizeof *counts * plan.ops);
	memset(counts, 0, sizeof *counts * plan.ops);
	counts[s->id].out = 1234567;
	counts[plan.root->id].in = 1234567;
	ic_str text = ic_plan_explain(&plan, counts);
	const char *expected =
	    "scan Flows: 5 of 5 columns  1,234,567 rows\n"
	    "where Port in (80, 443)  1,234,567 \xe2\x86\x92 0 rows: this step removed the last rows\n";
	if (!ic_str_eq(text, ic_str_of(expected)))
		fail_msg("%.*s", (int)text.n, text.p);
}

static void diagnostics_keep_the_first(void **state)
{
	(void)state;
	ic_diag d = { 0 };
	ic_place at = { 2, 7 };
	assert_int_equal(ic_diag_fail(&d, IC_DIAG_LIMIT, at, 0, "first %d", 1), IC_E_LIMIT);
	assert_int_equal(ic_diag_fail(&d, IC_DIAG_NAME, at, 3, "second"), IC_E_LIMIT);
	assert_string_equal(d.message, "first 1");
	assert_int_equal(d.length, 1);
	char text[1000];
	for (unsigned i = 0; i < sizeof text - 1; i += 3)
		memcpy(text + i, "\xe2\x86\x92", 3);
	text[sizeof text - 1] = '\0';
	ic_diag_hint(&d, "%s", text);
	assert_int_equal(strlen(d.hint) % 3, 0); /* no character is cut in two */
	assert_true(strlen(d.hint) > 200);
	for (unsigned i = 0; i < 20; i++)
		assert_int_equal(ic_plan_warn(&plan, at, "number %u", i), IC_OK);
	assert_int_equal(plan.warnings, 20);
	assert_true(ic_str_eq(plan.warning[19], IC_STR("2:7: number 19")));
}

static int make(void **state)
{
	(void)state;
	ic_plan_init(&plan, NULL);
	return 0;
}

static int clear(void **state)
{
	(void)state;
	ic_plan_clear(&plan);
	return 0;
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, make, clear)
	const struct CMUnitTest tests[] = {
		TEST(columns_are_pruned),
		TEST(counting_needs_one_column),
		TEST(what_is_kept_has_the_columns_of_all),
		TEST(what_one_reads_is_not_kept),
		TEST(one_kept_in_another),
		TEST(conditions_on_groups),
		TEST(aggregates_that_nobody_reads),
		TEST(constants_are_folded),
		TEST(filters_move_down),
		TEST(conversions_fall_away),
		TEST(barriers),
		TEST(sort_and_take_is_top),
		TEST(joins_and_unions),
		TEST(a_shared_input_stays_whole),
		TEST(counts_say_where_rows_went),
		TEST(diagnostics_keep_the_first),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
