/* SPDX-License-Identifier: Apache-2.0 */
/* Bags, arrays and arrays as sets. */
#include "fn.h"

#define NONE N(IC_Q_DYNAMIC)

static void types(void **state)
{
	(void)state;
	static const fn_case list[] = {
		{ IC_FN_GETTYPE, { L(1) }, "long" },
		{ IC_FN_GETTYPE, { R(1) }, "real" },
		{ IC_FN_GETTYPE, { S("x") }, "string" },
		{ IC_FN_GETTYPE, { A("10.0.0.1") }, "string" },
		{ IC_FN_GETTYPE, { P("1d") }, "timespan" },
		{ IC_FN_GETTYPE, { D("1.5") }, "double" },
		{ IC_FN_GETTYPE, { D("{}") }, "dictionary" },
		{ IC_FN_GETTYPE, { D("[]") }, "array" },
		{ IC_FN_GETTYPE, { D("true") }, "bool" },
		{ IC_FN_GETTYPE, { NONE }, "null" },
		{ IC_FN_DYNAMIC_TO_JSON,
		  { D("{\"b\":[{\"z\":1,\"a\":2}],\"a\":null}") },
		  "{\"a\":null,\"b\":[{\"a\":2,\"z\":1}]}" },
		{ IC_FN_DYNAMIC_TO_JSON, { NONE }, NULL },
	};
	FN_CHECK(list);
}

static void bags(void **state)
{
	(void)state;
	static const fn_case list[] = {
		{ IC_FN_BAG_PACK,
		  { S("a"), L(1), S("b"), N(IC_Q_LONG), S("a"), S("x") },
		  "{\"a\":\"x\",\"b\":null}" },
		{ IC_FN_BAG_PACK, { { 0 } }, "{}" },
		{ IC_FN_BAG_PACK_PRESENT,
		  { S("b"), N(IC_Q_LONG), S("c"), S(""), S("d"), D("[]") },
		  "{\"d\":[]}" },
		{ IC_FN_BAG_KEYS, { D("{\"b\":1,\"a\":{\"c\":2}}") }, "[\"b\",\"a\"]" },
		{ IC_FN_BAG_KEYS, { D("{}") }, "[]" },
		{ IC_FN_BAG_KEYS, { D("[1]") }, NULL },
		{ IC_FN_BAG_KEYS, { NONE }, NULL },
		{ IC_FN_BAG_HAS_KEY, { D("{\"a\":{\"b\":null}}"), S("a") }, "True" },
		{ IC_FN_BAG_HAS_KEY, { D("{\"a\":{\"b\":null}}"), S("$.a.b") }, "True" },
		{ IC_FN_BAG_HAS_KEY, { D("{\"a\":{\"b\":null}}"), S("$['a'].b") }, "True" },
		{ IC_FN_BAG_HAS_KEY, { D("{\"a\":{\"b\":null}}"), S("b") }, "False" },
		{ IC_FN_BAG_HAS_KEY, { NONE, S("b") }, "False" },
		{ IC_FN_BAG_MERGE,
		  { D("{\"a\":1,\"b\":2}"), D("{\"b\":3,\"c\":4}") },
		  "{\"a\":1,\"b\":2,\"c\":4}" },
		{ IC_FN_BAG_MERGE, { NONE, D("{\"b\":3}") }, "{\"b\":3}" },
		{ IC_FN_BAG_MERGE, { NONE, D("[1]") }, NULL },
		{ IC_FN_BAG_REMOVE_KEYS,
		  { D("{\"a\":1,\"b\":{\"c\":2,\"d\":3}}"), D("[\"a\",\"$.b.c\",\"x\"]") },
		  "{\"b\":{\"d\":3}}" },
		{ IC_FN_BAG_SET_KEY, { D("{\"a\":1}"), S("b"), R(2) }, "{\"a\":1,\"b\":2.0}" },
		{ IC_FN_BAG_SET_KEY, { D("{\"a\":1}"), S("$.a.b"), L(2) }, "{\"a\":{\"b\":2}}" },
		{ IC_FN_BAG_ZIP, { D("[\"a\",\"b\",1,\"a\"]"), D("[1]") }, "{\"a\":1,\"b\":null}" },
		{ IC_FN_BAG_ZIP, { D("[\"a\",\"b\"]"), D("1") }, "{\"a\":null,\"b\":null}" },
		{ IC_FN_BAG_ZIP, { D("\"a\""), D("[1]") }, NULL },
		{ IC_FN_TREEPATH,
		  { D("{\"a\":{\"b\":[5,{\"c\":1}]}}") },
		  "[\"['a']\",\"['a']['b']\",\"['a']['b'][0]\",\"['a']['b'][1]\",\"['a']['b'][1]['c']\"]" },
		{ IC_FN_TREEPATH, { D("1") }, "[]" },
		{ IC_FN_ZIP, { D("[1,2]"), D("[\"x\"]") }, "[[1,\"x\"],[2,null]]" },
		{ IC_FN_ZIP, { D("[1,2]"), NONE }, NULL },
	};
	FN_CHECK(list);
}

static void arrays(void **state)
{
	(void)state;
	static const fn_case list[] = {
		{ IC_FN_PACK_ARRAY, { L(1), S("x"), N(IC_Q_REAL), D("[2]") }, "[1,\"x\",null,[2]]" },
		{ IC_FN_ARRAY_LENGTH, { D("[1,2]") }, "2" },
		{ IC_FN_ARRAY_LENGTH, { D("{}") }, NULL },
		{ IC_FN_ARRAY_CONCAT, { D("[1]"), D("{\"a\":1}"), NONE, D("[2,[3]]") }, "[1,2,[3]]" },
		{ IC_FN_ARRAY_SLICE, { D("[1,2,3,4,5]"), L(-3), L(-2) }, "[3,4]" },
		{ IC_FN_ARRAY_SLICE, { D("[1,2,3]"), L(1), L(100) }, "[2,3]" },
		{ IC_FN_ARRAY_SLICE, { D("[1,2,3]"), L(-100), L(0) }, "[1]" },
		{ IC_FN_ARRAY_SLICE, { D("[1,2,3]"), L(2), L(1) }, "[]" },
		{ IC_FN_ARRAY_SLICE, { D("[1,2,3]"), L(5), L(9) }, "[]" },
		{ IC_FN_ARRAY_SLICE, { D("[1,2,3]"), L(0), L(INT64_MIN) }, "[]" },
		{ IC_FN_ARRAY_SPLIT, { D("[1,2,3,4,5]"), L(2) }, "[[1,2],[3,4,5]]" },
		{ IC_FN_ARRAY_SPLIT, { D("[1,2,3,4,5]"), D("[1,3]") }, "[[1],[2,3],[4,5]]" },
		{ IC_FN_ARRAY_SPLIT, { D("[1,2]"), L(-1) }, "[[1],[2]]" },
		{ IC_FN_ARRAY_SUM, { D("[1,2.5,null]") }, "3.5" },
		{ IC_FN_ARRAY_SUM, { D("[1,\"x\"]") }, NULL },
		{ IC_FN_ARRAY_SUM, { D("[]") }, "0.0" },
		{ IC_FN_ARRAY_REVERSE, { D("[1,2,3]") }, "[3,2,1]" },
		{ IC_FN_ARRAY_ROTATE_LEFT, { D("[1,2,3,4]"), L(1) }, "[2,3,4,1]" },
		{ IC_FN_ARRAY_ROTATE_LEFT, { D("[1,2,3,4]"), L(-5) }, "[4,1,2,3]" },
		{ IC_FN_ARRAY_ROTATE_RIGHT, { D("[1,2,3,4]"), L(1) }, "[4,1,2,3]" },
		{ IC_FN_ARRAY_ROTATE_RIGHT, { D("[]"), L(1) }, "[]" },
		{ IC_FN_ARRAY_SHIFT_LEFT, { D("[1,2,3]"), L(2) }, "[3,null,null]" },
		{ IC_FN_ARRAY_SHIFT_LEFT, { D("[\"a\",\"b\"]"), L(1) }, "[\"b\",\"\"]" },
		{ IC_FN_ARRAY_SHIFT_LEFT, { D("[1,2,3]"), L(-2), L(-1) }, "[-1,-1,1]" },
		{ IC_FN_ARRAY_SHIFT_RIGHT, { D("[1,2,3]"), L(INT64_MAX), L(0) }, "[0,0,0]" },
		{ IC_FN_ARRAY_INDEX_OF, { D("[\"a\",\"b\",\"a\"]"), S("a") }, "0" },
		{ IC_FN_ARRAY_INDEX_OF, { D("[\"a\",\"b\",\"a\"]"), S("a"), L(-2) }, "2" },
		{ IC_FN_ARRAY_INDEX_OF, { D("[\"a\",\"b\",\"a\"]"), S("a"), L(1), L(1) }, "-1" },
		{ IC_FN_ARRAY_INDEX_OF, { D("[\"a\",\"b\",\"a\"]"), S("a"), L(0), L(-1), L(2) }, "2" },
		{ IC_FN_ARRAY_INDEX_OF, { D("[1.0]"), L(1) }, "0" },
		{ IC_FN_ARRAY_IFF, { D("[true,0,2,\"x\"]"), D("[1,2,3]"), S("no") }, "[1,\"no\",3,null]" },
		{ IC_FN_STRCAT_ARRAY, { D("[1,\"x\",null,2.5]"), S("->") }, "1->x->->2.5" },
		{ IC_FN_STRCAT_ARRAY, { NONE, S(",") }, NULL },
		{ IC_FN_REPEAT, { S("x"), L(3) }, "[\"x\",\"x\",\"x\"]" },
		{ IC_FN_REPEAT, { S("x"), L(-1) }, "[]" },
	};
	FN_CHECK(list);
}

static void ranges(void **state)
{
	(void)state;
	static const fn_case list[] = {
		{ IC_FN_RANGE_ARRAY, { L(1), L(8), L(3) }, "[1,4,7]" },
		{ IC_FN_RANGE_ARRAY, { L(3), L(1), L(-1) }, "[3,2,1]" },
		{ IC_FN_RANGE_ARRAY, { L(3), L(1) }, "[]" },
		{ IC_FN_RANGE_ARRAY, { L(3), L(1), L(0) }, NULL },
		{ IC_FN_RANGE_ARRAY,
		  { L(INT64_MAX - 1), L(INT64_MAX) },
		  "[9223372036854775806,9223372036854775807]" },
		{ IC_FN_RANGE_ARRAY, { R(0), L(1), R(0.25) }, "[0.0,0.25,0.5,0.75,1.0]" },
		{ IC_FN_RANGE_ARRAY,
		  { T("2024-01-01"), T("2024-01-01 01:00") },
		  "[\"2024-01-01T00:00:00.0000000Z\",\"2024-01-01T01:00:00.0000000Z\"]" },
		{ IC_FN_RANGE_ARRAY,
		  { P("1h"), P("2h"), P("30m") },
		  "[\"01:00:00\",\"01:30:00\",\"02:00:00\"]" },
		{ IC_FN_RANGE_ARRAY, { L(1), N(IC_Q_LONG) }, NULL },
	};
	FN_CHECK(list);
}

static void sorted(void **state)
{
	(void)state;
	static const fn_case list[] = {
		{ IC_FN_ARRAY_SORT_ASC, { D("[3,1.5,null,-2]") }, "[-2,1.5,3,null]" },
		{ IC_FN_ARRAY_SORT_ASC, { D("[\"b\",null,\"a\"]"), { 'b', .i = 0 } }, "[null,\"a\",\"b\"]" },
		{ IC_FN_ARRAY_SORT_DESC, { D("[3,1,null,2]") }, "[3,2,1,null]" },
		{ IC_FN_ARRAY_SORT_ASC,
		  { D("[3,1,2]"), D("[\"c\",\"a\",\"b\"]"), D("[1]") },
		  "[[1,2,3],[\"a\",\"b\",\"c\"],null]" },
		{ IC_FN_ARRAY_SORT_ASC, { D("[\"x\",1,true,[2],[1]]") }, "[1,\"x\",true,[2],[1]]" },
		{ IC_FN_ARRAY_SORT_ASC, { NONE }, NULL },
	};
	FN_CHECK(list);
}

static void sets(void **state)
{
	(void)state;
	static const fn_case list[] = {
		{ IC_FN_SET_UNION, { D("[2,1,2]"), D("[3,1.0,[1]]"), D("[[1]]") }, "[2,1,3,[1]]" },
		{ IC_FN_SET_UNION, { NONE, D("[1]") }, "[1]" },
		{ IC_FN_SET_INTERSECT, { D("[1,2,2,3]"), D("[3,2]") }, "[2,3]" },
		{ IC_FN_SET_INTERSECT, { D("[1]"), NONE }, "[]" },
		{ IC_FN_SET_DIFFERENCE, { D("[1,2,2,3]"), D("[3]"), D("[1]") }, "[2]" },
		{ IC_FN_SET_DIFFERENCE, { D("[1,{\"a\":1}]"), D("[{\"a\":1.0}]") }, "[1]" },
		{ IC_FN_SET_HAS_ELEMENT, { D("[\"a\",2]"), L(2) }, "True" },
		{ IC_FN_SET_HAS_ELEMENT, { D("[\"a\",2]"), S("2") }, "False" },
		{ IC_FN_SET_HAS_ELEMENT, { NONE, S("2") }, NULL },
		{ IC_FN_SET_EQUALS, { D("[1,2,1]"), D("[2,1]") }, "True" },
		{ IC_FN_SET_EQUALS, { D("[1]"), D("[1,2]") }, "False" },
		{ IC_FN_SET_EQUALS, { D("[]"), D("[]") }, "True" },
		{ IC_FN_SET_EQUALS, { NONE, D("[]") }, NULL },
		{ IC_FN_JACCARD_INDEX, { D("[1,2,3,4]"), D("[3,4,5,6,6]") }, "0.3333333333333333" },
		{ IC_FN_JACCARD_INDEX, { D("[]"), D("[]") }, "NaN" },
	};
	FN_CHECK(list);
}

/* An array that would not end stops the run with a sentence. */
static void too_long(void **state)
{
	(void)state;
	static const fn_case list[] = { { IC_FN_REPEAT, { L(1), L(INT64_MAX) } },
					{ IC_FN_RANGE_ARRAY, { L(0), L(INT64_MAX), L(1) } },
					{ IC_FN_RANGE_ARRAY, { R(0), R(1e300), R(1) } } };
	for (size_t i = 0; i < sizeof list / sizeof *list; i++) {
		ic_plan p;
		ic_schema schema;
		ic_diag diag = { 0 };
		ic_value v;
		ic_plan_init(&p, NULL);
		ic_expr *call = fn_call(&p, &list[i], true, &schema);
		assert_int_equal(ic_eval_fold(&p, call, &v, &diag), IC_E_LIMIT);
		ic_plan_clear(&p);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(types),    cmocka_unit_test(bags),   cmocka_unit_test(arrays),
		cmocka_unit_test(ranges),   cmocka_unit_test(sorted), cmocka_unit_test(sets),
		cmocka_unit_test(too_long),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
