/* SPDX-License-Identifier: Apache-2.0 */
#include "../test.h"

#include <math.h>

#include "base/buf.h"
#include "lang/kql/parse.h"
#include "lang/parser.h"
#include "shared.h"

static ic_arena arena;
static ic_buf buf;

/* ---- a tree as text ------------------------------------------------------------------- */

static void put_expr(const ic_kql_expr *e);

static void put_pipe(const ic_kql_pipe *p)
{
	for (const ic_kql_op *op = p->first; op; op = op->next) {
		if (op != p->first)
			ic_buf_puts(&buf, " | ");
		if (op->kind == IC_KO_SOURCE)
			put_expr(op->source);
		else
			ic_buf_puts(&buf, op->says);
		if (op->kind == IC_KO_WHERE) {
			ic_buf_putc(&buf, ' ');
			put_expr(op->predicate);
		}
	}
}

static void put_pair(const char *sign, const ic_kql_expr *a, const ic_kql_expr *b)
{
	ic_buf_printf(&buf, "(%s ", sign);
	put_expr(a);
	ic_buf_putc(&buf, ' ');
	put_expr(b);
	ic_buf_putc(&buf, ')');
}

static void put_list(const ic_kql_expr *e)
{
	ic_buf_printf(&buf, "(%s%.*s ", e->in.negated ? "not-" : "", (int)e->in.sign.n, e->in.sign.p);
	put_expr(e->in.left);
	ic_buf_printf(&buf, " %u", e->in.values);
	for (uint32_t i = 0; i < e->in.list.n; i++) {
		ic_buf_putc(&buf, ' ');
		put_expr(e->in.list.expr[i]);
	}
	ic_buf_putc(&buf, ')');
}

static void put_call(const ic_kql_expr *e)
{
	if (e->kind == IC_KE_METHOD) {
		put_expr(e->call.object);
		ic_buf_putc(&buf, '.');
	}
	ic_buf_str(&buf, e->call.name.text);
	for (uint32_t i = 0; i < e->call.args; i++) {
		ic_buf_putc(&buf, i ? ',' : '(');
		if (e->call.arg[i].name.text.p)
			ic_buf_printf(&buf, "%.*s=", (int)e->call.arg[i].name.text.n,
				      e->call.arg[i].name.text.p);
		put_expr(e->call.arg[i].expr);
	}
	ic_buf_puts(&buf, e->call.args ? ")" : "()");
}

static void put_expr(const ic_kql_expr *e)
{
	char sign[40];
	switch (e->kind) {
	case IC_KE_LITERAL: {
		ic_str s = ic_value_text(&arena, &e->value);
		ic_buf_printf(&buf, e->value.type == IC_Q_STRING ? "'%.*s'" : "%.*s", (int)s.n, s.p);
		if (e->value.null)
			ic_buf_printf(&buf, "%s(null)", ic_qtype_name(e->value.type));
		return;
	}
	case IC_KE_NAME:
	case IC_KE_WILDCARD: ic_buf_str(&buf, e->name.text); return;
	case IC_KE_MEMBER:
		put_expr(e->member.object);
		ic_buf_printf(&buf, ".%.*s", (int)e->member.name.text.n, e->member.name.text.p);
		return;
	case IC_KE_INDEX:
		put_expr(e->index.object);
		ic_buf_putc(&buf, '[');
		put_expr(e->index.index);
		ic_buf_putc(&buf, ']');
		return;
	case IC_KE_CALL:
	case IC_KE_METHOD: put_call(e); return;
	case IC_KE_NEGATE:
		ic_buf_puts(&buf, "(- ");
		put_expr(e->operand);
		ic_buf_putc(&buf, ')');
		return;
	case IC_KE_BINARY:
		snprintf(sign, sizeof sign, "%.*s", (int)e->binary.sign.n, e->binary.sign.p);
		put_pair(sign, e->binary.left, e->binary.right);
		return;
	case IC_KE_IN: put_list(e); return;
	case IC_KE_BETWEEN:
		ic_buf_puts(&buf, e->between.negated ? "(not-between " : "(between ");
		put_expr(e->between.what);
		put_pair(" ", e->between.low, e->between.high);
		ic_buf_putc(&buf, ')');
		return;
	case IC_KE_STAR: ic_buf_putc(&buf, '*'); return;
	case IC_KE_TYPEOF: ic_buf_printf(&buf, "typeof(%s)", ic_qtype_name(e->type)); return;
	case IC_KE_PIPE: put_pipe(&e->pipe); return;
	case IC_KE_TERM:
		ic_buf_printf(&buf, "%.*s:'%.*s'", (int)e->term.column.text.n, e->term.column.text.p,
			      (int)e->term.text.n, e->term.text.p);
		return;
	}
}

static ic_kql_block parsed(const char *text)
{
	ic_kql_block b;
	ic_diag diag = { 0 };
	ic_arena_reset(&arena);
	if (ic_kql_parse(&arena, ic_str_of(text), &b, &diag) != IC_OK)
		fail_msg("%s: %u:%u %s", text, diag.at.line, diag.at.column, diag.message);
	return b;
}

/* The expression after `print x =`. */
static void expr(const char *text, const char *expected)
{
	char query[1000];
	snprintf(query, sizeof query, "print x = %s", text);
	ic_kql_block b = parsed(query);
	ic_buf_reset(&buf);
	put_expr(b.result->pipe.first->items.item[0].expr);
	if (buf.n != strlen(expected) || memcmp(buf.p, expected, buf.n) != 0)
		fail_msg("%s became %.*s", text, (int)buf.n, buf.p);
}

static void query(const char *text, const char *expected)
{
	ic_kql_block b = parsed(text);
	ic_buf_reset(&buf);
	put_expr(b.result);
	if (buf.n != strlen(expected) || memcmp(buf.p, expected, buf.n) != 0)
		fail_msg("%s became %.*s", text, (int)buf.n, buf.p);
}

/* ---- tests ---------------------------------------------------------------------------- */

static void precedence(void **state)
{
	(void)state;
	expr("a or b and c", "(or a (and b c))");
	expr("a and b or c and d", "(or (and a b) (and c d))");
	expr("1 + 2 * 3 - 4", "(- (+ 1 (* 2 3)) 4)");
	expr("a == b + 1 and c < d", "(and (== a (+ b 1)) (< c d))");
	expr("a < b == c", "(== (< a b) c)");
	expr("x has 'a' + 1", "(+ (has x 'a') 1)"); /* string operators bind tightest */
	expr("-a * b", "(* (- a) b)");
	expr("1 - -2", "(- 1 -2)");
	expr("(1 + 2) * 3", "(* (+ 1 2) 3)");
	expr("a <> b", "(<> a b)");
	expr("not(a) and b", "(and not(a) b)");
	expr("a matches regex 'x' or b !contains 'y'", "(or (matches a 'x') (!contains b 'y'))");
	expr("a or b or c or d", "(or (or a b) (or c d))");
}

static void lists(void **state)
{
	(void)state;
	expr("a in (1, 2, 3)", "(in a 3)");
	expr("a !in~ ('x', \"y\")", "(not-!in~ a 2)");
	expr("a in (1, b)", "(in a 0 1 b)");
	expr("a in (1 + 2, 3)", "(in a 0 (+ 1 2) 3)");
	expr("a in (-1, long(null), true, datetime(2024-05-01))", "(in a 4)");
	expr("a has_any (T | where b)", "(has_any a 0 T | where b)");
	expr("a between (1 .. 900)", "(between a(  1 900))");
	expr("a !between (b .. b + 1d) and c", "(and (not-between a(  b (+ b 1.00:00:00))) c)");
}

static void names(void **state)
{
	(void)state;
	expr("a.b[0]['c'].d", "a.b[0]['c'].d");
	expr("['a b'].c", "a b.c");
	expr("id.orig_h", "id.orig_h");
	expr("d.first + count", "(+ d.first count)");
	expr("from + order + kind", "(+ (+ from order) kind)");
	expr("d[-1]", "d[-1]");
	expr("d.['x y']", "d.x y");
	expr("cluster('c').database('d')", "cluster('c').database('d')");
	expr("f(a=1, 2, *)", "f(a=1,2,*)");
	expr("toscalar(T | where a)", "toscalar(T | where a)");
	expr("extractjson('$.a', b, typeof(int))", "extractjson('$.a',b,typeof(int))");
}

static void literals(void **state)
{
	(void)state;
	expr("1.5h", "01:30:00");
	expr("timespan(1.02:03:04)", "1.02:03:04");
	expr("time(-2d)", "-2.00:00:00");
	expr("datetime(2024-05-01)", "2024-05-01T00:00:00.0000000Z");
	expr("datetime(\"2024-05-01 10:00\")", "2024-05-01T10:00:00.0000000Z");
	expr("datetime(2024, 5, 1)", "2024-05-01T00:00:00.0000000Z");
	expr("long(-9223372036854775808)", "-9223372036854775808");
	expr("int(null)", "int(null)");
	expr("real(nan)", "NaN");
	expr("real(-inf)", "-Infinity");
	expr("bool(1)", "True");
	expr("guid(74be27de-1e4e-49d9-b579-fe0b05d3642a)", "74be27de-1e4e-49d9-b579-fe0b05d3642a");
	expr("decimal(1.50)", "1.50");
	expr("'a' \"b\" @'c'", "'abc'");
	expr("dynamic({'a': [1, 2.5, \"x\", null, datetime(2024-05-01)], 'a': true, 'b': {}})",
	     "{\"a\":true,\"b\":{}}");
	expr("dynamic([9223372036854775808, -1, 1d])", "[9.223372036854776E+18,-1,\"1.00:00:00\"]");
	expr("dynamic(null)", "dynamic(null)");
}

static void pipes(void **state)
{
	(void)state;
	query("T", "T");
	query("T | where a | take 5;", "T | where a | take");
	query("let a = 5; let f = (x: long, t: (*)) { let y = x; t | where b == y }; f(1, T) | count",
	      "f(1,T) | count");
	query("(T | where a) | project-away b*, c, *", "T | where a | project-away");
	query("union withsource=s isfuzzy=true (A | where b), C*, f() | summarize count() by bin(t, 1h)",
	      "union | summarize");
	query("A | join kind=leftanti hint.strategy=shuffle (B | where c) on $left.x == $right.y, z",
	      "A | join");
	query("datatable(a: long, ['b c']: string) [1, 'x', -9223372036854775808, \"y\",] | top 3 by a asc "
	      "nulls last",
	      "datatable | top");
	query("range x from 1 to 10 step 1 | mv-expand a = b to typeof(long), c limit 5",
	      "range | mv-expand");
	query("T | mv-apply with_itemindex=i x = d to typeof(string) on (where x == 'a' | take 1)",
	      "T | mv-apply");
	query("T | make-series n = count() default = 0, avg(x) on t from ago(1d) to now() step 1h by a, b",
	      "T | make-series");
	query("T | make-series sum(x) on t in range(ago(1d), now(), 1h)", "T | make-series");
	query("T | top-nested 3 of a with others = 'x' by b = sum(c) desc, top-nested of d by max(e) asc",
	      "T | top-nested");
	query("T | parse kind=regex flags=Ui a with * 'x' b: long 'y' c | parse-where d with e ':' *",
	      "T | parse | parse-where");
	query("T | parse-kv s as (a: string, b: long) with (pair_delimiter=',', kv_delimiter='=')",
	      "T | parse-kv");
	query("externaldata(a: string) [h@'x.csv', 'y'] with (format='csv', ignoreFirstRecord=true)",
	      "externaldata");
	query("T | evaluate bag_unpack(d, 'p_') : (*, a: string)", "T | evaluate");
	query("search in (A, B*) 'x' and c: 'y' | count", "search | count");
	query("find withsource=s in (A) where b == 1 project c, d: string", "find");
	query(
	    "T | sort by a | scan with_match_id=m declare (n: long = 0) with (step s: true => n = s.n + 1;)",
	    "T | sort | scan");
	query("T | sort by a | scan with (step s output=last: a > 1; step t output = none: a > s.a;)",
	      "T | sort | scan");
	query("T | partition hint.strategy=native by a (top 1 by b | extend c = 1)", "T | partition");
	query("T | partition hint.strategy=legacy by a { T | where a == toscalar(a) }", "T | partition");
	query("T | serialize | serialize r = row_number() | as X | render timechart with (title='a', "
	      "ycolumns=b, c)",
	      "T | serialize | serialize | as | render");
	query("T | project-reorder a asc, b* granny-desc | project-rename x = y | sample-distinct 5 of a | "
	      "getschema",
	      "T | project-reorder | project-rename | sample-distinct | getschema");
	query("let v = view () { T }; declare query_parameters(p: long = 1); set notruncation; v", "v");
	query("T\r\n| where\xc2\xa0"
	      "a\r\n| limit 5 // end",
	      "T | where a | limit");
}

static void details(void **state)
{
	(void)state;
	const ic_kql_op *op = parsed("T | sort by a, b asc, c desc nulls first").result->pipe.first->next;
	assert_true(op->sort.keys.key[0].descending && !op->sort.keys.key[0].nulls_first);
	assert_true(!op->sort.keys.key[1].descending && op->sort.keys.key[1].nulls_first);
	assert_true(op->sort.keys.key[2].descending && op->sort.keys.key[2].nulls_first);
	op = parsed("A | join kind=anti B on c").result->pipe.first->next;
	assert_int_equal(op->join.kind, IC_JOIN_LEFTANTI);
	op = parsed("A | lookup B on c").result->pipe.first->next;
	assert_int_equal(op->join.kind, IC_JOIN_LEFTOUTER);
	op = parsed("datatable(a: long) [-9223372036854775808]").result->pipe.first;
	assert_int_equal(op->datatable.value[0].i, INT64_MIN);
	op = parsed("T | summarize (a, b) = arg_max(x, *) by c = bin(t, 1h)").result->pipe.first->next;
	assert_int_equal(op->summarize.aggs.item[0].names, 2);
	assert_true(op->summarize.aggs.item[0].tuple && op->summarize.by_given);
	assert_int_equal(op->summarize.by.item[0].names, 1);
}

static void notes(void **state)
{
	(void)state;
	ic_kql_block b = parsed("A | where x = 1;\nB | take 1");
	assert_int_equal(b.notes, 2);
	query("A | where x = 1", "A | where (== x 1)");
	b = parsed("let a = 1\nT | take a");
	assert_int_equal(b.notes, 1);
	assert_int_equal(b.note[0].at.line, 2);
	assert_int_equal(parsed("T | take 1").notes, 0);
}

typedef struct wrong {
	const char *text;
	ic_diag_kind kind;
	uint32_t line, column;
	const char *message, *hint; /* parts of them; NULL: no hint */
} wrong;

static const wrong wrongs[] = {
	{ "", IC_DIAG_SYNTAX, 1, 1, "empty", NULL },
	{ "T | sumarize count()", IC_DIAG_SYNTAX, 1, 5, "`sumarize` is no operator", "`summarize`" },
	{ "T | where a contians 'x'", IC_DIAG_SYNTAX, 1, 13, "found `contians`", "`contains`" },
	{ "T\n| where (a", IC_DIAG_SYNTAX, 2, 11, "expected `)`, found the end", NULL },
	{ "T | where not a", IC_DIAG_SYNTAX, 1, 15, "found `a`", "not(...)" },
	{ "T | where a &gt; 5", IC_DIAG_SYNTAX, 1, 13, "source of a web page", "sign itself" },
	{ "```kql\nT\n```", IC_DIAG_SYNTAX, 1, 1, "expected a table", "--extract" },
	{ "T | where a == \xe2\x80\x9cx\xe2\x80\x9d", IC_DIAG_SYNTAX, 1, 16, "typographic quotation",
	  "straight" },
	{ "T | where a == 1.5L", IC_DIAG_SYNTAX, 1, 16, "unit of time", "no suffix" },
	{ "T | where a == 10.0.0.1", IC_DIAG_SYNTAX, 1, 16, "one point", "addresses" },
	{ "T | summarize count(), by a", IC_DIAG_SYNTAX, 1, 24, "found `by`", "one too many" },
	{ "T | order by a, desc", IC_DIAG_SYNTAX, 1, 17, "found `desc`", "one too many" },
	{ "print 'it's'", IC_DIAG_SYNTAX, 1, 11, "found `s`", "\\'" },
	{ "T | extend first = 1", IC_DIAG_SYNTAX, 1, 12, "found `first`", "['first']" },
	{ "T | extend has = 1", IC_DIAG_SYNTAX, 1, 12, "found `has`", "['has']" },
	{ "T | where a between (1, 5)", IC_DIAG_SYNTAX, 1, 23, "expected `..`", "(low .. high)" },
	{ "T | where a between (1 .. -9223372036854775808)", IC_DIAG_SYNTAX, 1, 28, "range of long",
	  "decimal" },
	{ "print x = null", IC_DIAG_SYNTAX, 1, 11, "null has no type", "long(null)" },
	{ "datatable(s: string) ['a', null]", IC_DIAG_SYNTAX, 1, 28, "constants only", "long(null)" },
	{ "datatable(s: real) [0.0/0.0]", IC_DIAG_SYNTAX, 1, 21, "constants only", "print" },
	{ "datatable(a: long, b: long) [1]", IC_DIAG_SYNTAX, 1, 31, "1 values", NULL },
	{ "T | where a == datetime(x)", IC_DIAG_SYNTAX, 1, 16, "no value of type datetime", "todatetime" },
	{ "T | where a == dynamic([x])", IC_DIAG_SYNTAX, 1, 25, "JSON value", "pack_array" },
	{ "T | where a in [1]", IC_DIAG_SYNTAX, 1, 16, "expected `(`", "in (a, b)" },
	{ "T | parse s with a b", IC_DIAG_SYNTAX, 1, 20, "a text must stand between", NULL },
	{ "T | top 2 of a by b", IC_DIAG_SYNTAX, 1, 11, "expected `by`", NULL },
	{ "T | top 2 by a, b", IC_DIAG_SYNTAX, 1, 17, "one expression", "sort by" },
	{ "T | parse a with b * 'c'", IC_DIAG_SYNTAX, 1, 20, "`*` cannot follow a string", NULL },
	{ "T | top-hitters 2 by a", IC_DIAG_SYNTAX, 1, 19, "expected `of`", "written ['by']" },
	{ "T | top-nested 2 of a by sum(b) with others = 'x'", IC_DIAG_SYNTAX, 1, 33, "found `with`", NULL },
	{ "T | join kind=outer B on a", IC_DIAG_SYNTAX, 1, 15, "no kind of join", "leftouter" },
	{ "T | print a", IC_DIAG_SYNTAX, 1, 5, "begins a query", NULL },
	{ "T | graph-match (a)", IC_DIAG_UNSUPPORTED, 1, 5, "`graph-match` is not supported", NULL },
	{ "T | fork (take 1)", IC_DIAG_UNSUPPORTED, 1, 5, "`fork` is not supported", "union" },
	{ "T | reduce by a", IC_DIAG_UNSUPPORTED, 1, 5, "`reduce` is not supported", "extract()" },
	{ "T | having n > 5", IC_DIAG_SYNTAX, 1, 5, "`having` is no operator", "`where`" },
	{ "T | DEDUP a", IC_DIAG_SYNTAX, 1, 5, "`DEDUP` is no operator", "`distinct`" },
	{ "T | where t > now() - 1 day", IC_DIAG_SYNTAX, 1, 25, "found `day`", "7d, 12h" },
	{ "T | where a > b1 secure", IC_DIAG_SYNTAX, 1, 18, "found `secure`", NULL },
	{ "T | project a as b", IC_DIAG_SYNTAX, 1, 15, "found `as`", "new = old" },
	{ "T | partition by a { T | take 1 )", IC_DIAG_SYNTAX, 1, 33, "expected `|` or `}`", NULL },
	{ "T | partition a (take 1)", IC_DIAG_SYNTAX, 1, 15, "expected `by`", NULL },
	{ "T | extend missing = 1", IC_DIAG_SYNTAX, 1, 12, "found `missing`", "['missing']" },
	{ "declare pattern p = (a: string) { };T", IC_DIAG_UNSUPPORTED, 1, 9, "pattern", NULL },
	{ "T | scan with (step a: true; step b: true)", IC_DIAG_SYNTAX, 1, 42, "`;` at the end", NULL },
	{ "T | scan with (step a output = some: true;)", IC_DIAG_SYNTAX, 1, 32, "`all`, `last` or `none`",
	  NULL },
	{ "T | take 5 Data Sources", IC_DIAG_SYNTAX, 1, 12, "found `Data`", "--extract" },
	{ "T | where a == \"b", IC_DIAG_SYNTAX, 1, 16, "not closed", "```" },
	{ "T | where a == \"\\q\"", IC_DIAG_SYNTAX, 1, 17, "\\q", "@" },
	{ "let x = 5;", IC_DIAG_SYNTAX, 1, 11, "behind the last", NULL },
	{ "let x 5; T", IC_DIAG_SYNTAX, 1, 7, "expected `=`", NULL },
	{ ".show tables", IC_DIAG_UNSUPPORTED, 1, 1, "management", NULL },
	{ "T | where a = = b", IC_DIAG_SYNTAX, 1, 15, "found `=`", NULL },
	{ "T | join B on a = b", IC_DIAG_SYNTAX, 1, 17, "found `=`", "`==`" },
	{ "T where a", IC_DIAG_SYNTAX, 1, 3, "found `where`", "`|` is missing" },
	{ "T | where a like 'x'", IC_DIAG_SYNTAX, 1, 13, "found `like`", "`contains`" },
	{ "T | where a between 1 and 5", IC_DIAG_SYNTAX, 1, 21, "expected `(`", "(low .. high)" },
	{ "T | where a && b", IC_DIAG_SYNTAX, 1, 13, "means nothing", "`and`" },
	{ "T | where a || b", IC_DIAG_SYNTAX, 1, 14, "found `|`", "`or`" },
	{ "T | where a AND b", IC_DIAG_SYNTAX, 1, 13, "found `AND`", "small letters: `and`" },
	{ "T | where a IN (1)", IC_DIAG_SYNTAX, 1, 13, "found `IN`", "`in`" },
	{ "T | where a LIKE 'x'", IC_DIAG_SYNTAX, 1, 13, "found `LIKE`", "`contains`" },
	{ "T | where a !contains_any ('x')", IC_DIAG_SYNTAX, 1, 13, "found `!contains_any`", "not(...)" },
	{ "T | where a contains ('x', 'y')", IC_DIAG_SYNTAX, 1, 26, "expected `)`", "has_any" },
	{ "T | where a > 1, b > 2", IC_DIAG_SYNTAX, 1, 16, "found `,`", "joined by `and`" },
	{ "T | where a > 1)", IC_DIAG_SYNTAX, 1, 16, "found `)`", "no bracket" },
	{ "T | where a matches 'x'", IC_DIAG_SYNTAX, 1, 21, "expected `regex`", "`matches regex`" },
	{ "T | where a ~= 'x'", IC_DIAG_SYNTAX, 1, 13, "means nothing", "=~" },
	{ "T | extend b = a ? 1 : 2", IC_DIAG_SYNTAX, 1, 18, "means nothing", "iff(" },
	{ "T | where t > ago(7 days)", IC_DIAG_SYNTAX, 1, 21, "found `days`", "7d, 12h" },
	{ "T | extend p = 'C:\\b\\'", IC_DIAG_SYNTAX, 1, 16, "not closed", "for paths" },
	{ "T | summarize count() a", IC_DIAG_SYNTAX, 1, 23, "found `a`", "a `by` or `,`" },
	{ "T | project a b", IC_DIAG_SYNTAX, 1, 15, "found `b`", "a `,` is missing" },
	{ "T | extend a = toscalar(B | count) b", IC_DIAG_SYNTAX, 1, 36, "found `b`", "a `,` is missing" },
	{ "T | mv-apply a on (take 1) by b", IC_DIAG_SYNTAX, 1, 28, "found `by`", "['by']" },
	{ "T | where a in (B | distinct a) b", IC_DIAG_SYNTAX, 1, 33, "found `b`", NULL },
	{ "T | take 10 by a", IC_DIAG_SYNTAX, 1, 13, "found `by`", "`top 10 by a`" },
	{ "T | project a\n\n// next\nT | take 1", IC_DIAG_SYNTAX, 4, 1, "found `T`", "second query" },
	{ "T | where a # b", IC_DIAG_SYNTAX, 1, 13, "found `#`", "begin with //" },
	{ "-- a\nT", IC_DIAG_SYNTAX, 1, 1, "found `--`", "begin with //" },
};

static void errors(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof wrongs / sizeof *wrongs; i++) {
		const wrong *w = &wrongs[i];
		ic_kql_block b;
		ic_diag d = { 0 };
		ic_arena_reset(&arena);
		if (ic_kql_parse(&arena, ic_str_of(w->text), &b, &d) == IC_OK)
			fail_msg("%s is accepted", w->text);
		if (d.kind != w->kind || d.at.line != w->line || d.at.column != w->column ||
		    !strstr(d.message, w->message) ||
		    (w->hint ? !strstr(d.hint, w->hint) : d.hint[0] != '\0'))
			fail_msg("%s: %d %u:%u %s (%s)", w->text, d.kind, d.at.line, d.at.column, d.message,
				 d.hint);
	}
}

/* ---- limits --------------------------------------------------------------------------- */

static ic_status status_of(const ic_buf *b, ic_diag *diag)
{
	ic_kql_block block;
	*diag = (ic_diag){ 0 };
	ic_arena_reset(&arena);
	return ic_kql_parse(&arena, (ic_str){ b->p, (uint32_t)b->n }, &block, diag);
}

static void repeat(ic_buf *b, const char *head, const char *part, uint32_t n, const char *tail)
{
	ic_buf_reset(b);
	ic_buf_puts(b, head);
	for (uint32_t i = 0; i < n; i++)
		ic_buf_puts(b, part);
	ic_buf_puts(b, tail);
}

static void limits(void **state)
{
	(void)state;
	static const struct {
		const char *head, *part;
		uint32_t n;
		const char *tail;
		ic_status status;
	} cases[] = {
		{ "print ", "(", 100000, "", IC_E_LIMIT },
		{ "print ", "f(", 100000, "", IC_E_LIMIT },
		{ "print d", "[d", 100000, "", IC_E_LIMIT },
		{ "print d", "[0]", 100000, "", IC_E_LIMIT },
		{ "print d", ".a", 100000, "", IC_E_LIMIT },
		{ "print 1", "+1", 100000, "", IC_E_LIMIT },
		{ "print ", "dynamic(", 1000, "", IC_E_USAGE },
		{ "print dynamic(", "[", 100000, "", IC_E_LIMIT },
		{ "T", "|take 1", 100000, "", IC_E_LIMIT },
		{ "T | where a in (", "(T|where a in ", 100000, "", IC_E_LIMIT },
		{ "", "let f=(){", 100000, "", IC_E_LIMIT },
		{ "T | where a in (", "1,", 1000001, "1)", IC_E_LIMIT },
		{ "print a", " or a", 300000, "", IC_OK },
		{ "T | where a in (", "1,", 999999, "1)", IC_OK },
	};
	ic_buf b;
	ic_diag d;
	ic_buf_init(&b, 0);
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		repeat(&b, cases[i].head, cases[i].part, cases[i].n, cases[i].tail);
		ic_status s = status_of(&b, &d);
		if (s != cases[i].status || (s == IC_E_LIMIT && d.kind != IC_DIAG_LIMIT))
			fail_msg("%s%s...: %d %s", cases[i].head, cases[i].part, s, d.message);
	}
	repeat(&b, "T", " ", IC_PARSE_TEXT_MAX, "");
	assert_int_equal(status_of(&b, &d), IC_E_LIMIT);
	ic_buf_clear(&b);
}

static void height(void **state)
{
	(void)state;
	/* a chain of conditions is a tree of little height */
	ic_buf b;
	ic_kql_block block;
	ic_diag d = { 0 };
	ic_buf_init(&b, 0);
	repeat(&b, "T | where a", " and a == 1", 100000, "");
	ic_arena_reset(&arena);
	assert_int_equal(ic_kql_parse(&arena, (ic_str){ b.p, (uint32_t)b.n }, &block, &d), IC_OK);
	assert_true(block.result->height < 30);
	ic_buf_clear(&b);
}

/* ---- published queries ---------------------------------------------------------------- */

static void published(void **state)
{
	(void)state;
	ic_str all = shared_read("conformance/kql/published.jsonl");
	unsigned queries = 0, not_planned = 0;
	if (!all.p) {
		print_message("the published queries are not here\n");
		skip();
	}
	for (uint32_t at = 0; at < all.n;) {
		const char *end = memchr(all.p + at, '\n', all.n - at);
		uint32_t n = end ? (uint32_t)(end - all.p) - at : all.n - at;
		bool ok;
		ic_kql_block b;
		ic_diag d = { 0 };
		ic_arena_reset(&arena);
		const ic_dyn *row = ic_dyn_parse(&arena, (ic_str){ all.p + at, n }, &ok);
		assert_true(ok && row);
		const ic_dyn *text = ic_dyn_member_of(row, IC_STR("query")),
			     *id = ic_dyn_member_of(row, IC_STR("id"));
		ic_status s = ic_kql_parse(&arena, text->s, &b, &d);
		if (s != IC_OK && d.kind == IC_DIAG_UNSUPPORTED && strstr(d.message, "scan"))
			not_planned++;
		else if (s != IC_OK)
			fail_msg("%.*s: %u:%u %s", (int)id->s.n, id->s.p, d.at.line, d.at.column, d.message);
		queries++;
		at += n + 1;
	}
	print_message("%u published queries parse, %u name what is not planned\n", queries - not_planned,
		      not_planned);
	free((void *)all.p);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(precedence), cmocka_unit_test(lists),	   cmocka_unit_test(names),
		cmocka_unit_test(literals),   cmocka_unit_test(pipes),	   cmocka_unit_test(details),
		cmocka_unit_test(notes),      cmocka_unit_test(errors),	   cmocka_unit_test(limits),
		cmocka_unit_test(height),     cmocka_unit_test(published),
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
