/* SPDX-License-Identifier: Apache-2.0 */
#include "../test.h"

#include "base/buf.h"
#include "lang/aql/parse.h"
#include "shared.h"

static ic_arena arena;
static ic_buf buf;

static const char *sign_of(ic_fn_id fn)
{
	switch (fn) {
	case IC_FN_SQL_OR: return "or";
	case IC_FN_SQL_AND: return "and";
	case IC_FN_SQL_EQ: return "=";
	case IC_FN_SQL_NE: return "!=";
	case IC_FN_SQL_LT: return "<";
	case IC_FN_SQL_GE: return ">=";
	case IC_FN_SQL_GT: return ">";
	case IC_FN_LIKE: return "like";
	case IC_FN_ILIKE: return "ilike";
	case IC_FN_SQL_MATCHES: return "matches";
	case IC_FN_SQL_ADD: return "+";
	case IC_FN_SQL_SUB: return "-";
	case IC_FN_SQL_MUL: return "*";
	case IC_FN_SQL_DIV: return "/";
	default: return "?";
	}
}

static void put(const ic_aql_expr *e);

static void put_all(const char *head, const ic_aql_list *list, const ic_aql_expr *last)
{
	ic_buf_printf(&buf, "(%s", head);
	for (uint32_t i = 0; i < list->n; i++) {
		ic_buf_putc(&buf, ' ');
		put(list->expr[i]);
	}
	if (last) {
		ic_buf_puts(&buf, " else ");
		put(last);
	}
	ic_buf_putc(&buf, ')');
}

static void put_nodes(const char *head, const ic_aql_expr *a, const ic_aql_expr *b, const ic_aql_expr *c)
{
	const ic_aql_expr *node[] = { a, b, c };
	ic_buf_printf(&buf, "(%s", head);
	for (size_t i = 0; i < 3 && node[i]; i++) {
		ic_buf_putc(&buf, ' ');
		put(node[i]);
	}
	ic_buf_putc(&buf, ')');
}

static void put(const ic_aql_expr *e)
{
	char head[80];
	switch (e->kind) {
	case IC_AX_TEXT: ic_buf_printf(&buf, "'%.*s'", (int)e->text.n, e->text.p); return;
	case IC_AX_FIELD: ic_buf_printf(&buf, "\"%.*s\"", (int)e->text.n, e->text.p); return;
	case IC_AX_CALL:
		snprintf(head, sizeof head, "%.*s", (int)e->call.name.n, e->call.name.p);
		put_all(head, &e->call.args, NULL);
		return;
	case IC_AX_BINARY:
		snprintf(head, sizeof head, "%s%s", e->glued ? "glued" : "", sign_of(e->binary.fn));
		put_nodes(head, e->binary.left, e->binary.right, NULL);
		return;
	case IC_AX_NOT: put_nodes("not", e->operand, NULL, NULL); return;
	case IC_AX_NEGATE: put_nodes("neg", e->operand, NULL, NULL); return;
	case IC_AX_IS_NULL: put_nodes("null?", e->operand, NULL, NULL); return;
	case IC_AX_BETWEEN: put_nodes("between", e->between.what, e->between.low, e->between.high); return;
	case IC_AX_IN:
		ic_buf_puts(&buf, e->in.query ? "(in-query " : "(in ");
		put(e->in.left);
		if (!e->in.query)
			put_all("", &e->in.list, NULL);
		ic_buf_putc(&buf, ')');
		return;
	case IC_AX_CASE: put_all(e->choice.of ? "case-of" : "case", &e->choice.when, e->choice.last); return;
	default: ic_buf_str(&buf, e->source); return;
	}
}

static ic_aql_query parsed(const char *text)
{
	ic_aql_query q;
	ic_diag d = { 0 };
	ic_arena_reset(&arena);
	if (ic_aql_parse(&arena, ic_str_of(text), &q, &d) != IC_OK)
		fail_msg("%s: %u:%u %s", text, d.at.line, d.at.column, d.message);
	return q;
}

static void where(const char *text, const char *expected)
{
	char query[500];
	snprintf(query, sizeof query, "SELECT a FROM events WHERE %s", text);
	ic_aql_query q = parsed(query);
	ic_buf_reset(&buf);
	put(q.where);
	if (buf.n != strlen(expected) || memcmp(buf.p, expected, buf.n) != 0)
		fail_msg("%s became %.*s", text, (int)buf.n, buf.p);
}

static void expressions(void **state)
{
	(void)state;
	where("a = 1 OR b = 2 AND NOT c = 3", "(or (= a 1) (and (= b 2) (not (= c 3))))");
	where("a + b * c - d", "(- (+ a (* b c)) d)");
	where("a NOT LIKE '%x' and b not in (1, 'y')", "(and (not (like a '%x')) (not (in b( 1 'y'))))");
	where("(a) BETWEEN 1 AND 2 AND b == 3", "(and (between (a) 1 2) (= b 3))");
	where("a IS NOT NULL AND b IS NULL", "(and (not (null? a)) (null? b))");
	where("\"User Agent\" ILIKE ENUMERATION('a','b')", "(ilike \"User Agent\" (ENUMERATION 'a' 'b'))");
	where("CASE WHEN a > 1 THEN 'x' ELSE 'y' END = 'x'", "(= (case (> a 1) 'x' else 'y') 'x')");
	where("CASE a WHEN 1 THEN 2 END >= 2", "(>= (case-of 1 2) 2)");
	where("IF a = 1 THEN b ELSE c", "(case (= a 1) b else c)");
	where("a IN (SELECT b FROM flows LAST 1 HOURS)", "(in-query a)");
	where("-a < 'it''s'", "(< (neg a) 'it's')");
	where("(cs)-host = 1", "(= (- (cs) host) 1)");
	where("cs-host = a - b", "(= (glued- cs host) (- a b))");
	where("TEXT SEARCH 'x'", "TEXT SEARCH 'x'");
	where("NOT (a <> 1)", "(not (!= a 1))");
	where("a MATCHES '.*' -- comment\n or b", "(or (matches a '.*') b)");
}

static void clauses(void **state)
{
	(void)state;
	ic_aql_query q =
	    parsed("select *, a as 'b c', COUNT(*) n, d \"e\" from Events group by a, 'b c' having n > 1 "
		   "order by n desc, a limit 10 last 2 days;");
	assert_int_equal(q.items, 4);
	assert_true(q.item[0].star && !q.item[0].expr);
	assert_true(ic_str_eq(q.item[1].alias, IC_STR("b c")) && ic_str_eq(q.item[2].alias, IC_STR("n")) &&
		    ic_str_eq(q.item[3].alias, IC_STR("e")));
	assert_true(ic_str_eq(q.from, IC_STR("Events")));
	assert_int_equal(q.group.n, 2);
	assert_non_null(q.having);
	assert_true(q.keys == 2 && q.key[0].descending && !q.key[1].descending);
	assert_true(q.limited && q.limit == 10);
	assert_int_equal(q.window, IC_AQL_LAST);
	assert_int_equal(q.last_ms, 2 * 86400000);
	q = parsed("SELECT a FROM flows START '2024-01-01 00:00' STOP PARSEDATETIME('now')");
	assert_int_equal(q.window, IC_AQL_RANGE);
	assert_true(q.start->kind == IC_AX_TEXT && q.stop->kind == IC_AX_CALL);
	q = parsed("SELECT a FROM flows START 1714521600000");
	assert_true(q.start->kind == IC_AX_NUMBER && !q.stop);
	assert_int_equal(parsed("SELECT a FROM events").window, IC_AQL_DEFAULT);
}

typedef struct wrong {
	const char *text;
	ic_diag_kind kind;
	uint32_t column;
	const char *message, *hint; /* parts; NULL: no hint */
} wrong;

static const wrong wrongs[] = {
	{ "SELECT COUNT(DISTINCT a) FROM events", IC_DIAG_UNSUPPORTED, 14, "COUNT(DISTINCT", "UNIQUECOUNT" },
	{ "SELECT DISTINCT a FROM events", IC_DIAG_UNSUPPORTED, 8, "DISTINCT", "GROUP BY" },
	{ "SELECT STRING_AGG(a, ',') FROM events", IC_DIAG_UNSUPPORTED, 8, "STRING_AGG", "FIRST" },
	{ "SELECT a FROM events WHERE b = 'O'Brien'", IC_DIAG_SYNTAX, 35, "found `Brien`", "written twice" },
	{ "SELECT a FROM events WHERE b = 10.0.0.1", IC_DIAG_SYNTAX, 36, "means nothing", "'192.0.2.1'" },
	{ "SELECT INT(a) FROM events", IC_DIAG_UNSUPPORTED, 8, "INT", "LONG(x)" },
	{ "SELECT LEN(a) FROM events", IC_DIAG_UNSUPPORTED, 8, "LEN", "STRLEN" },
	{ "SELECT a FROM events WHERE DATEDIFF(a, b) > 5", IC_DIAG_UNSUPPORTED, 28, "DATEDIFF",
	  "milliseconds" },
	{ "SELECT percentile(a, 95) FROM flows", IC_DIAG_UNSUPPORTED, 8, "PERCENTILE", "STDEV" },
	{ "SELECT CAST(a AS INT) FROM events", IC_DIAG_UNSUPPORTED, 8, "CAST", "LONG(x)" },
	{ "SELECT EXTRACT(HOUR FROM a) FROM events", IC_DIAG_UNSUPPORTED, 8, "EXTRACT", "DATEFORMAT" },
	{ "SELECT a FROM events JOIN flows ON b", IC_DIAG_UNSUPPORTED, 22, "JOIN", "IN (SELECT" },
	{ "SELECT a FROM events, flows", IC_DIAG_UNSUPPORTED, 21, "second table", "IN (SELECT" },
	{ "SELECT COUNT(*) OVER (PARTITION BY a) FROM events", IC_DIAG_UNSUPPORTED, 17, "OVER", "GROUP BY" },
	{ "SELECT a FROM events WHERE t > NOW() - INTERVAL '1' HOUR", IC_DIAG_UNSUPPORTED, 40, "INTERVAL",
	  "LAST" },
	{ "SELECT a FROM events UNION SELECT b FROM flows", IC_DIAG_UNSUPPORTED, 22, "UNION", "one query" },
	{ "SELECT a FROM (SELECT b FROM events", IC_DIAG_SYNTAX, 36, "expected `)`", NULL },
	{ "SELECT a FROM (events)", IC_DIAG_SYNTAX, 16, "expected SELECT", NULL },
	{ "SELECT a FROM events WHERE b = (SELECT b FROM events)", IC_DIAG_UNSUPPORTED, 33, "sub-select here",
	  "FROM and IN" },
	{ "SELECT a FROM events; DROP TABLE x", IC_DIAG_SYNTAX, 23, "second statement", "one SELECT" },
	{ "SELECT a FROM events LAST {n} HOURS", IC_DIAG_SYNTAX, 27, "placeholder", "value" },
	{ "SELECT a FROM events LAST 24 HOURS and more", IC_DIAG_SYNTAX, 36, "expected the end",
	  "--extract" },
	{ "SELECT a FROM events LAST 24 HOURS LIMIT 5", IC_DIAG_SYNTAX, 36, "LIMIT cannot stand here",
	  "order" },
	{ "SELECT a FROM events LAST 24hours", IC_DIAG_SYNTAX, 27, "runs into a word", "blank" },
	{ "SELECT a FROM events LAST 2 WEEKS", IC_DIAG_SYNTAX, 29, "MINUTES, HOURS or DAYS", "LAST 7 DAYS" },
	{ "SELECT a FROM events WHERE b IN 'x'", IC_DIAG_SYNTAX, 33, "expected `(`", "IN ('a', 'b')" },
	{ "SELECT a FROM events WHERE", IC_DIAG_SYNTAX, 27, "end of the query", "missing here" },
	{ "SELECT a FROM events WHERE b = 'x", IC_DIAG_SYNTAX, 32, "not closed", "''" },
	{ "SELECT a FROM events WHERE b &lt;= 5", IC_DIAG_SYNTAX, 30, "source of a web page", "sign itself" },
	{ "SELECT a FROM events WHERE b = \xe2\x80\x98x\xe2\x80\x99", IC_DIAG_SYNTAX, 32, "typographic",
	  "straight" },
	{ "SELECT FROM events", IC_DIAG_SYNTAX, 8, "expected an expression", "SELECT *" },
	{ "SELECT a WHERE b", IC_DIAG_SYNTAX, 10, "expected `FROM`", "FROM events" },
	{ "SELECT a b c FROM events", IC_DIAG_SYNTAX, 12, "found `c`", "a `,` is missing" },
	{ "SELECT a FORM events", IC_DIAG_SYNTAX, 15, "found `events`", "did you mean `FROM`" },
	{ "SELECT a FROM events LIMIT 5,10", IC_DIAG_SYNTAX, 29, "found `,`", "one number" },
	{ "SELECT a FROM events ORDER BY b ACS", IC_DIAG_SYNTAX, 33, "found `ACS`", "`ASC`" },
	{ "SELECT a FROM events ORDER BY b DSC", IC_DIAG_SYNTAX, 33, "found `DSC`", "`DESC`" },
	{ "SELECT a FROM events WHERE b && 1", IC_DIAG_SYNTAX, 30, "means nothing", "AND" },
	{ "SELECT a || b FROM events", IC_DIAG_SYNTAX, 10, "means nothing", "CONCAT" },
	{ "SELECT a ~ b FROM events", IC_DIAG_SYNTAX, 10, "means nothing", "MATCHES" },
	{ "SELECT a FROM events WHERE b = 0xg", IC_DIAG_SYNTAX, 32, "hexadecimal", NULL },
	{ "SELECT a FROM events WHERE b = 0x10000000000000000", IC_DIAG_SYNTAX, 32, "hexadecimal", NULL },
	{ "SELECT a FROM events SESSION BY a b", IC_DIAG_UNSUPPORTED, 22, "SESSION BY", "GROUP BY" },
	{ "SELECT a FROM events ORDER BY a COLLATE b", IC_DIAG_SYNTAX, 41, "a language", NULL },
	{ "SELECT a FROM events PARAMETERS b", IC_DIAG_SYNTAX, 34, "`=`", NULL },
};

static void errors(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof wrongs / sizeof *wrongs; i++) {
		const wrong *w = &wrongs[i];
		ic_aql_query q;
		ic_diag d = { 0 };
		ic_arena_reset(&arena);
		if (ic_aql_parse(&arena, ic_str_of(w->text), &q, &d) == IC_OK)
			fail_msg("%s is accepted", w->text);
		if (d.kind != w->kind || d.at.line != 1 || d.at.column != w->column ||
		    !strstr(d.message, w->message) ||
		    (w->hint ? !strstr(d.hint, w->hint) : d.hint[0] != '\0'))
			fail_msg("%s: %d %u:%u %s (%s)", w->text, d.kind, d.at.line, d.at.column, d.message,
				 d.hint);
	}
}

static void limits(void **state)
{
	(void)state;
	static const struct {
		const char *part;
		uint32_t n;
		ic_status status;
	} cases[] = {
		{ "(", 100000, IC_E_LIMIT },
		{ "NOT ", 100000, IC_E_LIMIT },
		{ "f(", 100000, IC_E_LIMIT },
		{ "1+", 100000, IC_E_LIMIT },
		{ "IF ", 100000, IC_E_LIMIT },
		{ "CASE WHEN ", 100000, IC_E_LIMIT },
		{ "a = 1 OR ", 300000, IC_E_USAGE }, /* fine until the end that is missing */
		{ "a IN (SELECT b FROM c WHERE ", 10000, IC_E_LIMIT },
	};
	ic_buf b;
	ic_buf_init(&b, 0);
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		ic_aql_query q;
		ic_diag d = { 0 };
		ic_buf_reset(&b);
		ic_buf_puts(&b, "SELECT a FROM events WHERE ");
		for (uint32_t k = 0; k < cases[i].n; k++)
			ic_buf_puts(&b, cases[i].part);
		ic_arena_reset(&arena);
		ic_status s = ic_aql_parse(&arena, (ic_str){ b.p, (uint32_t)b.n }, &q, &d);
		if (s != cases[i].status)
			fail_msg("%s...: %d %s", cases[i].part, s, d.message);
	}
	ic_buf_clear(&b);
}

static void published(void **state)
{
	(void)state;
	ic_str all = shared_read("conformance/aql/published.jsonl");
	unsigned good = 0, refused = 0;
	if (!all.p) {
		print_message("the published queries are not here\n");
		skip();
	}
	for (uint32_t at = 0; at < all.n;) {
		const char *end = memchr(all.p + at, '\n', all.n - at);
		uint32_t n = end ? (uint32_t)(end - all.p) - at : all.n - at;
		bool ok;
		ic_aql_query q;
		ic_diag d = { 0 };
		ic_arena_reset(&arena);
		const ic_dyn *row = ic_dyn_parse(&arena, (ic_str){ all.p + at, n }, &ok);
		assert_true(ok && row);
		const ic_dyn *text = ic_dyn_member_of(row, IC_STR("query")),
			     *id = ic_dyn_member_of(row, IC_STR("id"));
		const ic_dyn *valid = ic_dyn_member_of(row, IC_STR("valid"));
		ic_status s = ic_aql_parse(&arena, text->s, &q, &d);
		if (s != IC_OK && ic_str_eq(valid->s, IC_STR("yes")))
			fail_msg("%.*s: %u:%u %s", (int)id->s.n, id->s.p, d.at.line, d.at.column, d.message);
		good += s == IC_OK;
		refused += s != IC_OK;
		at += n + 1;
	}
	print_message("%u published queries parse, %u are refused\n", good, refused);
	free((void *)all.p);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(expressions), cmocka_unit_test(clauses),   cmocka_unit_test(errors),
		cmocka_unit_test(limits),      cmocka_unit_test(published),
	};
	if (argc > 1)
		shared_folder = argv[1];
	ic_arena_init(&arena, 0, NULL);
	ic_buf_init(&buf, 0);
	int failed = cmocka_run_group_tests(tests, NULL, NULL);
	ic_buf_clear(&buf);
	ic_arena_clear(&arena);
	return failed;
}
