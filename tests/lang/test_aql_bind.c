/* SPDX-License-Identifier: Apache-2.0 */
/* AQL to plans, over a table that is only a schema. */
#include "../test.h"

#include <stdio.h>
#include <string.h>

#include "lang/lang.h"

static ic_qcolumn columns[] = {
	{ { "starttime", 9 }, IC_Q_LONG },  { { "sourceip", 8 }, IC_Q_IP },
	{ { "username", 8 }, IC_Q_STRING }, { { "destinationport", 15 }, IC_Q_INT },
	{ { "bytesout", 8 }, IC_Q_LONG },   { { "User Agent", 10 }, IC_Q_STRING },
	{ { "cs-host", 7 }, IC_Q_STRING },  { { "hasoffense", 10 }, IC_Q_BOOL },
};
static const ic_table events = { { "events", 6 }, { columns, sizeof columns / sizeof *columns }, NULL };

static ic_status find_table(void *ctx, ic_plan *plan, ic_str name, unsigned language, ic_op **ret,
			    ic_diag *diag)
{
	(void)ctx;
	(void)diag;
	*ret = NULL;
	assert_int_equal(language, IC_FN_AQL);
	if (!ic_str_ieq(name, events.name))
		return IC_OK;
	*ret = ic_op_new(plan, IC_OP_SCAN, (ic_place){ 0 }, "table", NULL);
	(*ret)->out = events.schema;
	(*ret)->scan.table = &events;
	return IC_OK;
}

static ic_str table_name(void *ctx, size_t i)
{
	(void)ctx;
	return i == 0 ? events.name : (ic_str){ 0 };
}

/* The one row that a sub-select gives. */
static ic_status run_rows(void *ctx, ic_plan *plan, ic_op *sub, bool own, ic_op **ret, ic_diag *diag)
{
	(void)ctx;
	(void)own;
	(void)diag;
	static const ic_value port = { .type = IC_Q_INT, .i = 443 };
	*ret = ic_op_new(plan, IC_OP_VALUES, (ic_place){ 0 }, "rows", NULL);
	(*ret)->out = sub->out;
	(*ret)->values.value = &port;
	(*ret)->values.rows = 1;
	return IC_OK;
}

static ic_plan plan;
static ic_diag diag;

static ic_status bind_with(const char *text, bool run, bool integers)
{
	const ic_catalog catalog = { .table = find_table, .name = table_name, .run = run ? run_rows : NULL };
	ic_plan_clear(&plan);
	ic_plan_init(&plan, NULL);
	plan.now = INT64_C(17145216000000000); /* 2024-05-01 */
	plan.integer_division = integers;
	diag = (ic_diag){ 0 };
	return ic_lang_compile(ic_str_of(text), IC_FN_AQL, &catalog, &plan, &diag);
}

static const ic_op *bound(const char *text)
{
	if (bind_with(text, true, false) != IC_OK)
		fail_msg("%s: %u:%u %s", text, diag.at.line, diag.at.column, diag.message);
	return plan.root;
}

/* Result columns as name:type, ... */
static void columns_are(const char *text, const char *expected)
{
	const ic_op *op = bound(text);
	char got[600];
	size_t n = 0;
	for (uint32_t i = 0; i < op->out.n && n < sizeof got - 100; i++)
		n += (size_t)snprintf(got + n, sizeof got - n, "%s%.*s:%s", i ? ", " : "",
				      (int)op->out.column[i].name.n, op->out.column[i].name.p,
				      ic_qtype_name(op->out.column[i].type));
	if (strcmp(got, expected) != 0)
		fail_msg("%s gives %s", text, got);
}

static void names_and_types(void **state)
{
	(void)state;
	columns_are("SELECT SOURCEIP, \"user agent\", destinationport FROM EVENTS",
		    "sourceip:string, User Agent:string, destinationport:int");
	columns_are("SELECT COUNT(*), SUM(bytesout), MIN(starttime), MAX(username), UNIQUECOUNT(sourceip) "
		    "FROM events",
		    "COUNT:real, SUM_bytesout:real, MIN_starttime:real, MAX_username:string, "
		    "UNIQUECOUNT_sourceip:real");
	columns_are("SELECT LOWER(username), LONG(sourceip) AS n, starttime/1000 FROM events",
		    "lower_username:string, n:long, starttime/1000:long");
	columns_are("SELECT (MAX(starttime)-MIN(starttime))/1000 AS s FROM events", "s:real");
	columns_are("SELECT sourceip, username, COUNT(*) FROM events GROUP BY sourceip",
		    "sourceip:string, FIRST_username:string, COUNT:real");
	columns_are("SELECT cs-host, starttime-bytesout FROM events",
		    "cs-host:string, starttime-bytesout:long");
	columns_are("SELECT username, username, username AS username_1 FROM events",
		    "username:string, username_1:string, username_1_1:string");
	columns_are("SELECT CASE WHEN hasoffense THEN 1 ELSE 2.5 END AS a, IF bytesout > 1 THEN 'x' ELSE 2 "
		    "AS b, CASE "
		    "username WHEN 'x' THEN 1 END AS c FROM events",
		    "a:real, b:string, c:long");
	columns_are(
	    "SELECT DATEFORMAT(starttime, 'HH') AS h, COUNT(*) AS n FROM events GROUP BY h HAVING n > 1",
	    "h:string, n:real");
}

static uint32_t find(const ic_op *op, ic_op_kind kind)
{
	uint32_t n = 0;
	for (; op; op = op->in)
		n += op->kind == kind;
	return n;
}

static const ic_op *first(const ic_op *op, ic_op_kind kind)
{
	while (op && op->kind != kind)
		op = op->in;
	return op;
}

static void shapes(void **state)
{
	(void)state;
	const ic_op *op = bound("SELECT username FROM events");
	assert_int_equal(find(op, IC_OP_SORT), 1); /* newest first */
	assert_true(first(op, IC_OP_SORT)->sort.key[0].descending && op->ordered);
	assert_int_equal(find(bound("SELECT username FROM events LIMIT 5"), IC_OP_TOP), 1);
	op = bound(
	    "SELECT username, COUNT(*) FROM events WHERE bytesout > 5 GROUP BY username HAVING COUNT(*) > 3 "
	    "ORDER BY COUNT(*) DESC LIMIT 2 LAST 1 HOURS");
	assert_int_equal(find(op, IC_OP_FILTER), 3);
	assert_int_equal(find(op, IC_OP_SUMMARIZE), 1);
	assert_int_equal(first(op, IC_OP_SUMMARIZE)->summarize.aggs, 1); /* one COUNT for all three */
	assert_int_equal(first(op, IC_OP_TOP)->sort.limit.i, 2);
	/* a result column without an alias may be named as it is called */
	op = bound("SELECT username, COUNT(*), SUM(bytesout) FROM events GROUP BY username HAVING count > 3 "
		   "ORDER BY COUNT DESC, \"SUM_bytesout\"");
	assert_int_equal(first(op, IC_OP_SUMMARIZE)->summarize.aggs, 2);
	assert_int_equal(first(op, IC_OP_SORT)->sort.keys, 2);
	op = bound("SELECT COUNT(*) FROM events");
	assert_int_equal(first(op, IC_OP_SUMMARIZE)->summarize.keys, 0);
	assert_int_equal(find(op, IC_OP_SORT), 0);
}

/* FROM (SELECT ...): its columns, its order, and one window, that of the innermost query that names one. */
static void from_sub_selects(void **state)
{
	(void)state;
	columns_are(
	    "SELECT * FROM (SELECT sourceip, COUNT(*), SUM(bytesout) AS b FROM events GROUP BY sourceip)",
	    "sourceip:string, COUNT:real, b:real");
	columns_are(
	    "SELECT MAX(count) AS m, \"B\" FROM (SELECT username, COUNT(*), SUM(bytesout) AS b FROM events "
	    "GROUP BY username) WHERE count > 3 GROUP BY b HAVING m > 5",
	    "m:real, b:real");
	const ic_op *op = bound("SELECT starttime FROM (SELECT * FROM events ORDER BY bytesout LIMIT 9)");
	assert_int_equal(find(op, IC_OP_TOP), 1);
	assert_int_equal(find(op, IC_OP_SORT), 0);
	assert_int_equal(find(op, IC_OP_FILTER), 1);
	const int64_t now = INT64_C(1714521600000), hour = 3600000;
	op = bound("SELECT a FROM (SELECT a FROM (SELECT username AS a FROM events)) LAST 2 HOURS");
	assert_int_equal(find(op, IC_OP_FILTER), 1);
	assert_int_equal(first(op, IC_OP_FILTER)->filter.predicate->call.arg[0]->call.arg[1]->value.i,
			 now - 2 * hour);
	assert_int_equal(plan.warnings, 0);
	op = bound("SELECT a FROM (SELECT username AS a FROM events LAST 3 HOURS) LAST 2 HOURS");
	assert_int_equal(find(op, IC_OP_FILTER), 1);
	assert_int_equal(first(op, IC_OP_FILTER)->filter.predicate->call.arg[0]->call.arg[1]->value.i,
			 now - 3 * hour);
	assert_int_equal(plan.warnings, 1);
	bound("SELECT a FROM (SELECT a FROM (SELECT username AS a FROM events LAST 3 HOURS)) LAST 2 HOURS");
	assert_int_equal(plan.warnings, 1);
	assert_int_equal(bind_with("SELECT username FROM (SELECT sourceip FROM events)", true, false),
			 IC_E_USAGE);
}

/* The window's filter lies over the scan: starttime >= low AND starttime <= high. */
static void window(const char *tail, int64_t low, int64_t high)
{
	char text[300];
	snprintf(text, sizeof text, "SELECT username FROM events %s", tail);
	const ic_op *op = bound(text);
	while (op->in->kind != IC_OP_SCAN)
		op = op->in;
	const ic_expr *both = op->filter.predicate;
	assert_int_equal(both->call.fn, IC_FN_SQL_AND);
	int64_t a = both->call.arg[0]->call.arg[1]->value.i, b = both->call.arg[1]->call.arg[1]->value.i;
	if (a != low || b != high)
		fail_msg("%s: %lld to %lld", tail, (long long)a, (long long)b);
}

static void windows(void **state)
{
	(void)state;
	const int64_t now = INT64_C(1714521600000), minute = 60000;
	window("", now - 5 * minute, now);
	window("LAST 2 HOURS", now - 120 * minute, now);
	window("LAST 1 DAY", now - 1440 * minute, now);
	window("START '2014-04-25 15:51' STOP '2014-04-25 17:00'", INT64_C(1398441060000),
	       INT64_C(1398445199999));
	window("START '2014-04-25 15:51:20' STOP '2014/04/25-17:00:20'", INT64_C(1398441060000),
	       INT64_C(1398445259999));
	window("START '2014-04-25 15:51:20.262' STOP '2014-04-25 17:00:20.9'", INT64_C(1398441060000),
	       INT64_C(1398445259999));
	window("START 5 STOP 1714521600000", 5, now);
	window("START '2024-04-30 00:00'", now - 1440 * minute, now);
	assert_int_equal(bind_with("SELECT username FROM events START 'soon'", true, false), IC_E_USAGE);
	assert_int_equal(bind_with("SELECT username FROM events START '2014-04-25 15:51:20.'", true, false),
			 IC_E_USAGE);
}

static void integers(void **state)
{
	(void)state;
	const char *text = "SELECT (MAX(starttime)-MIN(starttime))/(COUNT(*)-1) AS s FROM events";
	assert_int_equal(bind_with(text, true, false), IC_OK);
	assert_int_equal(plan.root->out.column[0].type, IC_Q_REAL);
	assert_int_equal(bind_with(text, true, true), IC_OK);
	assert_int_equal(plan.root->out.column[0].type, IC_Q_LONG);
}

static const ic_value_list *list_in(const char *condition)
{
	char text[300];
	snprintf(text, sizeof text, "SELECT username FROM events WHERE %s", condition);
	const ic_op *op = bound(text);
	const ic_expr *e = first(op, IC_OP_FILTER)->filter.predicate;
	assert_int_equal(e->call.fn, IC_FN_SQL_IN);
	return e->call.list;
}

static void lists(void **state)
{
	(void)state;
	const ic_value_list *l = list_in("destinationport IN (80, 443)");
	assert_true(l->n == 2 && l->value[0].type == IC_Q_INT);
	l = list_in("destinationport IN ('80', 443)");
	assert_true(l->n == 2 && l->value[1].type == IC_Q_STRING && ic_str_eq(l->value[1].s, IC_STR("443")));
	l = list_in("sourceip IN ('10.0.0.1', 'none')");
	assert_true(l->n == 1 && l->value[0].type == IC_Q_IP);
	l = list_in("destinationport IN (SELECT destinationport FROM events)");
	assert_true(l->n == 1 && l->value[0].i == 443);
	l = list_in("bytesout IN (1, 2.5)");
	assert_true(l->n == 2 && l->value[0].type == IC_Q_REAL);
}

typedef struct wrong {
	const char *text;
	ic_diag_kind kind;
	const char *message, *hint;
} wrong;

static const wrong wrongs[] = {
	{ "SELECT foo FROM events", IC_DIAG_NAME, "no property \"foo\"", NULL },
	{ "SELECT usernam FROM events", IC_DIAG_NAME, "usernam", "username" },
	{ "SELECT a FROM event", IC_DIAG_NAME, "no table event", "events" },
	{ "SELECT nope(1) FROM events", IC_DIAG_NAME, "no function nope", NULL },
	{ "SELECT username FROM events WHERE COUNT(*) > 1", IC_DIAG_TYPE, "aggregate", "HAVING" },
	{ "SELECT SUM(COUNT(*)) FROM events", IC_DIAG_TYPE, "cannot stand in another", NULL },
	{ "SELECT username FROM events WHERE bytesout", IC_DIAG_TYPE, "condition", NULL },
	{ "SELECT username FROM events WHERE username LIKE bytesout", IC_DIAG_TYPE, "pattern", NULL },
	{ "SELECT username FROM events WHERE username BETWEEN '22:00' AND '06:00'", IC_DIAG_TYPE,
	  "matches nothing", "DATEFORMAT" },
	{ "SELECT username FROM events WHERE INCIDR(sourceip)", IC_DIAG_TYPE, "INCIDR", NULL },
	{ "SELECT LOWER() FROM events", IC_DIAG_TYPE, "LOWER takes 1 argument", "lower-case" },
	{ "SELECT username AS a FROM events WHERE b = 1", IC_DIAG_NAME, "\"b\"", NULL },
	{ "SELECT username FROM events WHERE username IN (SELECT * FROM events)", IC_DIAG_TYPE, "one column",
	  NULL },
};

static void errors(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof wrongs / sizeof *wrongs; i++) {
		const wrong *w = &wrongs[i];
		if (bind_with(w->text, true, false) == IC_OK)
			fail_msg("%s is accepted", w->text);
		if (diag.kind != w->kind || !strstr(diag.message, w->message) ||
		    (w->hint && !strstr(diag.hint, w->hint)))
			fail_msg("%s: %d %s (%s)", w->text, diag.kind, diag.message, diag.hint);
	}
}

/* A check knows no custom properties: it warns, once each. */
static void checks(void **state)
{
	(void)state;
	assert_int_equal(
	    bind_with("SELECT foo, LOWER(foo), Bluecoat-cs-uri FROM events WHERE \"Foo\" = 1", false, false),
	    IC_OK);
	assert_int_equal(plan.warnings, 2);
	assert_true(ic_str_icontains(plan.warning[0], IC_STR("foo")));
	assert_true(ic_str_icontains(plan.warning[1], IC_STR("Bluecoat-cs-uri")));
}

/* Aliases that double each other: the limit, not the end of memory. */
static void aliases_explode(void **state)
{
	(void)state;
	char text[2000];
	size_t n = (size_t)snprintf(text, sizeof text, "SELECT bytesout AS a0");
	for (int i = 1; i < 40; i++)
		n += (size_t)snprintf(text + n, sizeof text - n, ", a%d + a%d AS a%d", i - 1, i - 1, i);
	snprintf(text + n, sizeof text - n, " FROM events");
	assert_int_equal(bind_with(text, true, false), IC_E_LIMIT);
	assert_int_equal(bind_with("SELECT b AS a, a AS b FROM events", true, false), IC_E_USAGE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names_and_types),  cmocka_unit_test(shapes),
		cmocka_unit_test(from_sub_selects), cmocka_unit_test(windows),
		cmocka_unit_test(integers),	    cmocka_unit_test(lists),
		cmocka_unit_test(errors),	    cmocka_unit_test(checks),
		cmocka_unit_test(aliases_explode),
	};
	ic_plan_init(&plan, NULL);
	int failed = cmocka_run_group_tests(tests, NULL, NULL);
	ic_plan_clear(&plan);
	return failed;
}
