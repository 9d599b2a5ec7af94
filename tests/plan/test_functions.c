/* SPDX-License-Identifier: Apache-2.0 */
#include "../test.h"

#include "plan/functions.h"

/* letters, then at most one group in brackets or a star, then letters */
static bool well_formed(const char *args)
{
	static const char letters[] = "binrswtpdaoxgucyTBINRSPDAOXGU";
	int groups = 0;
	bool inside = false;
	const char *start = args;
	for (const char *p = args; *p; p++) {
		if (*p == '[') {
			inside = true;
			if (groups++ || p[1] == ']' || p[1] == '*')
				return false;
		} else if (*p == ']') {
			if (!inside)
				return false;
			inside = false;
		} else if (*p == '*') {
			if (p == start || (inside && p[1] != ']'))
				return false;
			if (!inside && p[-1] != ']' && (groups++ || p[1]))
				return false;
		} else if (!strchr(letters, *p)) {
			return false;
		}
	}
	return !inside;
}

static void check(const ic_function *f, int id)
{
	const char *name = f->name ? f->name : f->help;
	if (!f->args || !well_formed(f->args))
		fail_msg("%d %s: arguments \"%s\"", id, name, f->args ? f->args : "");
	if (!f->ret || !strchr("biIrstpdgmx123?", f->ret))
		fail_msg("%d %s: result '%c'", id, name, f->ret);
	if (!f->help || !*f->help || strlen(f->help) > 200)
		fail_msg("%d %s: help", id, name);
	if (f->name && !(f->flags & (IC_FN_KQL | IC_FN_AQL)))
		fail_msg("%d %s: of no language", id, name);
	if (!f->name && (f->flags & (IC_FN_KQL | IC_FN_AQL)))
		fail_msg("%d: no name", id);
	uint32_t fewest, most;
	ic_function_arity(f, &fewest, &most);
	assert_true(fewest <= most);
	if (f->ret >= '1' && f->ret <= '3' && (uint32_t)(f->ret - '0') > most)
		fail_msg("%d %s: gives the type of an argument that it has not", id, name);
	if (f->ret == 'x' && !strchr(f->args, 'x'))
		fail_msg("%d %s: no argument x", id, name);
}

static void signatures(void **state)
{
	(void)state;
	for (int i = 0; i < IC_FN_COUNT; i++)
		check(&ic_functions[i], i);
	for (int i = 0; i < IC_AGG_COUNT_OF; i++)
		check(&ic_aggregates[i], i);
}

/* A name or alias finds its own function, not an earlier one. */
static void names_are_unique(void **state)
{
	(void)state;
	for (int i = 0; i < IC_FN_COUNT; i++) {
		const ic_function *f = &ic_functions[i];
		for (unsigned language = IC_FN_KQL; f->name && language <= IC_FN_AQL; language <<= 1)
			if ((f->flags & language) && ic_function_find(ic_str_of(f->name), language) != i)
				fail_msg("%s is there twice", f->name);
	}
	for (int i = 0; i < IC_AGG_COUNT_OF; i++)
		if ((ic_aggregates[i].flags & IC_FN_KQL) &&
		    ic_aggregate_find(ic_str_of(ic_aggregates[i].name), IC_FN_KQL) != i)
			fail_msg("%s is there twice", ic_aggregates[i].name);
}

static void finding(void **state)
{
	(void)state;
	assert_int_equal(ic_function_find(IC_STR("iff"), IC_FN_KQL), IC_FN_IFF);
	assert_int_equal(ic_function_find(IC_STR("iif"), IC_FN_KQL), IC_FN_IFF);
	assert_int_equal(ic_function_find(IC_STR("parsejson"), IC_FN_KQL), IC_FN_TO_DYNAMIC);
	assert_int_equal(ic_function_find(IC_STR("IFF"), IC_FN_KQL), -1);
	assert_int_equal(ic_function_find(IC_STR("iff"), IC_FN_AQL), -1);
	assert_int_equal(ic_function_find(IC_STR("CoAlesce"), IC_FN_AQL), IC_FN_COALESCE);
	assert_int_equal(ic_function_find(IC_STR("ii"), IC_FN_KQL), -1);
	assert_int_equal(ic_function_find(IC_STR(""), IC_FN_KQL), -1);
	assert_string_equal(ic_function_near(IC_STR("tosting"), IC_FN_KQL), "tostring");
	assert_string_equal(ic_function_near(IC_STR("coutnif"), IC_FN_KQL), "countif");
	assert_string_equal(ic_function_near(IC_STR("ToString"), IC_FN_KQL), "tostring");
	assert_null(ic_function_near(IC_STR("zzzzqqqq"), IC_FN_KQL));
}

static void arguments(void **state)
{
	(void)state;
	const ic_function *f = &ic_functions[IC_FN_CASE];
	uint32_t fewest, most;
	ic_function_arity(f, &fewest, &most);
	assert_int_equal(fewest, 3);
	assert_true(most == UINT32_MAX);
	static const char expected[] = "uxuxx";
	for (uint32_t i = 0; i < 5; i++)
		assert_int_equal(ic_function_arg_of(f, i, 5), expected[i]);
	assert_int_equal(ic_function_arg_of(f, 5, 5), 0);
	f = &ic_functions[IC_FN_EQ];
	assert_int_equal(ic_function_arg(f, 1), 'a');
	assert_int_equal(ic_function_arg(f, 2), 0);
}

static ic_qtype two(ic_fn_id fn, ic_qtype a, ic_qtype b)
{
	return ic_function_type(fn, (ic_qtype[]){ a, b }, 2);
}

static void arithmetic(void **state)
{
	(void)state;
	static const struct {
		ic_fn_id fn;
		ic_qtype a, b, is;
	} cases[] = {
		{ IC_FN_ADD, IC_Q_INT, IC_Q_INT, IC_Q_LONG },
		{ IC_FN_ADD, IC_Q_LONG, IC_Q_REAL, IC_Q_REAL },
		{ IC_FN_ADD, IC_Q_DECIMAL, IC_Q_LONG, IC_Q_DECIMAL },
		{ IC_FN_ADD, IC_Q_DATETIME, IC_Q_TIMESPAN, IC_Q_DATETIME },
		{ IC_FN_ADD, IC_Q_TIMESPAN, IC_Q_DATETIME, IC_Q_DATETIME },
		{ IC_FN_ADD, IC_Q_DATETIME, IC_Q_DATETIME, IC_QTYPES },
		{ IC_FN_ADD, IC_Q_STRING, IC_Q_STRING, IC_QTYPES },
		{ IC_FN_ADD, IC_Q_DYNAMIC, IC_Q_LONG, IC_QTYPES },
		{ IC_FN_ADD, IC_Q_BOOL, IC_Q_LONG, IC_QTYPES },
		{ IC_FN_ADD, IC_Q_TIMESPAN, IC_Q_LONG, IC_QTYPES },
		{ IC_FN_ADD, IC_Q_NULL, IC_Q_REAL, IC_Q_REAL },
		{ IC_FN_SUB, IC_Q_DATETIME, IC_Q_DATETIME, IC_Q_TIMESPAN },
		{ IC_FN_SUB, IC_Q_DATETIME, IC_Q_TIMESPAN, IC_Q_DATETIME },
		{ IC_FN_SUB, IC_Q_TIMESPAN, IC_Q_DATETIME, IC_QTYPES },
		{ IC_FN_MUL, IC_Q_LONG, IC_Q_TIMESPAN, IC_Q_TIMESPAN },
		{ IC_FN_MUL, IC_Q_TIMESPAN, IC_Q_TIMESPAN, IC_QTYPES },
		{ IC_FN_DIV, IC_Q_TIMESPAN, IC_Q_TIMESPAN, IC_Q_REAL },
		{ IC_FN_DIV, IC_Q_TIMESPAN, IC_Q_REAL, IC_Q_TIMESPAN },
		{ IC_FN_DIV, IC_Q_LONG, IC_Q_TIMESPAN, IC_QTYPES },
		{ IC_FN_MOD, IC_Q_INT, IC_Q_LONG, IC_Q_LONG },
		{ IC_FN_EQ, IC_Q_STRING, IC_Q_IP, IC_Q_BOOL },
		{ IC_FN_LT, IC_Q_DYNAMIC, IC_Q_LONG, IC_QTYPES },
		{ IC_FN_HAS, IC_Q_LONG, IC_Q_STRING, IC_QTYPES },
	};
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
		if (two(cases[i].fn, cases[i].a, cases[i].b) != cases[i].is)
			fail_msg("%s: %s, %s", ic_functions[cases[i].fn].help, ic_qtype_name(cases[i].a),
				 ic_qtype_name(cases[i].b));
}

static void choices(void **state)
{
	(void)state;
	ic_qtype same[] = { IC_Q_BOOL, IC_Q_INT, IC_Q_LONG }, mixed[] = { IC_Q_BOOL, IC_Q_LONG, IC_Q_REAL };
	ic_qtype text[] = { IC_Q_BOOL, IC_Q_IP, IC_Q_STRING }, null[] = { IC_Q_BOOL, IC_Q_NULL, IC_Q_REAL };
	ic_qtype none[] = { IC_Q_LONG, IC_Q_LONG, IC_Q_LONG };
	assert_int_equal(ic_function_type(IC_FN_IFF, same, 3), IC_Q_LONG);
	assert_int_equal(ic_function_type(IC_FN_IFF, mixed, 3), IC_QTYPES);
	assert_int_equal(ic_function_type(IC_FN_IFF, text, 3), IC_Q_STRING);
	assert_int_equal(ic_function_type(IC_FN_IFF, null, 3), IC_Q_REAL);
	assert_int_equal(ic_function_type(IC_FN_IFF, none, 3), IC_QTYPES);
	assert_int_equal(ic_function_type(IC_FN_IFF, same, 2), IC_QTYPES);
	ic_qtype real = IC_Q_REAL, string = IC_Q_STRING;
	assert_int_equal(ic_aggregate_type(IC_AGG_SUM, &real, 1), IC_Q_REAL);
	assert_int_equal(ic_aggregate_type(IC_AGG_SUM, same + 1, 1), IC_Q_LONG);
	assert_int_equal(ic_aggregate_type(IC_AGG_AVG, same + 1, 1), IC_Q_REAL);
	assert_int_equal(ic_aggregate_type(IC_AGG_SUM, &string, 1), IC_QTYPES);
	assert_int_equal(ic_aggregate_type(IC_AGG_MAX, &string, 1), IC_Q_STRING);
	assert_int_equal(ic_aggregate_type(IC_AGG_COUNT, NULL, 0), IC_Q_LONG);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(signatures), cmocka_unit_test(names_are_unique), cmocka_unit_test(finding),
		cmocka_unit_test(arguments),  cmocka_unit_test(arithmetic),	  cmocka_unit_test(choices),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
