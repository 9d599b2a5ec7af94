/* SPDX-License-Identifier: Apache-2.0 */
/* Operators that change the shape of rows: mv-expand, mv-apply, make-series, top-nested, parse. */
#include "plan_helper.h"

#include "exec/op/parse_text.h"

/* ---- mv-expand and mv-apply ------------------------------------------------------------------- */

static ic_op *expand_of(rig *g, ic_op *in, const char *schema, uint32_t columns,
			const ic_expand_column *column, uint32_t *keep)
{
	ic_op *op = rig_op(g, IC_OP_EXPAND, in, schema);
	op->expand.column = rig_new(g, columns * sizeof *column);
	memcpy(op->expand.column, column, columns * sizeof *column);
	op->expand.columns = columns;
	op->expand.index = -1;
	op->expand.limit = -1;
	op->expand.as_bags = true;
	op->expand.keep = keep;
	op->expand.keeps = op->out.n;
	return op;
}

static void expand_one(void **state)
{
	rig g;
	(void)state;
	rig_init(&g);
	ic_op *t = rig_table(&g, "k:long|d:dynamic",
			     "1|[1,2,3]\n2|[]\n3|~\n4|{\"a\":1,\"b\":[2]}\n5|\"x\"\n6|[[1],null]");
	const ic_expand_column to = { 1, 1, false, IC_Q_DYNAMIC };
	ic_op *op = expand_of(&g, t, "k:long|d:dynamic", 1, &to, RIG_LIST(&g, 0, 1));
	rig_expect(&g, op, "1|1\n1|2\n1|3\n3|~\n4|{\"a\":1}\n4|{\"b\":[2]}\n5|x\n6|[1]\n6|~\n");
	op->expand.as_bags = false;
	op->expand.limit = 1;
	rig_expect(&g, op, "1|1\n3|~\n4|[\"a\",1]\n5|x\n6|[1]\n");
	g.max_rows = 8;
	op->expand.limit = -1;
	rig_refuse(&g, op, IC_E_LIMIT);
	ic_plan_clear(&g.plan);
}

static void expand_several(void **state)
{
	rig g;
	(void)state;
	rig_init(&g);
	ic_op *t = rig_table(&g, "a:dynamic|b:dynamic|k:string", "[1,2,3]|[10]|p\n[]|[7]|q\n[]|[]|r\n~|~|s");
	const ic_expand_column to[2] = { { 0, 1, true, IC_Q_LONG }, { 1, 2, false, IC_Q_DYNAMIC } };
	ic_op *op = expand_of(&g, t, "i:long|a:long|b:dynamic|k:string|whole:dynamic", 2, to,
			      RIG_LIST(&g, -1, -1, -1, 2, 0));
	op->expand.index = 0;
	rig_expect(&g, op, "0|1|10|p|[1,2,3]\n1|2|~|p|[1,2,3]\n2|3|~|p|[1,2,3]\n0|~|7|q|[]\n0|~|~|s|~\n");
	rig_starve(&g, op);
	ic_plan_clear(&g.plan);
}

static void expand_types(void **state)
{
	static const struct {
		const char *type, *rows;
	} want[] = {
		{ "long", "1\n2\n~\n~\n~\n~\n" },
		{ "int", "1\n2\n~\n~\n~\n~\n" },
		{ "real", "1.0\n2.5\n~\n~\n~\n~\n" },
		{ "string", "1\n2.5\n7\n2020-01-01\ntrue\n[1]\n" },
		{ "bool", "~\n~\n~\n~\nTrue\n~\n" },
		{ "datetime", "~\n~\n~\n2020-01-01T00:00:00.0000000Z\n~\n~\n" },
	};
	(void)state;
	for (size_t i = 0; i < sizeof want / sizeof *want; i++) {
		rig g;
		char schema[32];
		rig_init(&g);
		snprintf(schema, sizeof schema, "v:%s", want[i].type);
		ic_op *t = rig_table(&g, "d:dynamic", "[1,2.5]\n[\"7\",\"2020-01-01\",true]\n[[1]]");
		const ic_expand_column to = { 0, 0, true, (ic_qtype)ic_qtype_find(ic_str_of(want[i].type)) };
		rig_expect(&g, expand_of(&g, t, schema, 1, &to, RIG_LIST(&g, -1)), want[i].rows);
		ic_plan_clear(&g.plan);
	}
}

/* mv-apply x = d on (where x > 1 | take 2), with k and the index beside it. */
static void apply_body(void **state)
{
	rig g;
	(void)state;
	rig_init(&g);
	ic_op *t = rig_table(&g, "k:string|d:dynamic", "a|[1,2,3,4]\nb|[5]\nc|[]\nd|[0,1]\ne|[9,8,7]");
	ic_op *input = rig_op(&g, IC_OP_INPUT, NULL, "k:string|x:long|i:long");
	ic_op *where = rig_op(&g, IC_OP_FILTER, input, "k:string|x:long|i:long");
	where->filter.predicate =
	    rig_call(&g, IC_FN_GT, IC_Q_BOOL, 2, rig_col(&g, input, "x"), rig_long(&g, 1));
	ic_op *take = rig_op(&g, IC_OP_TAKE, where, "k:string|x:long|i:long");
	take->sort.limit = ic_value_long(2);
	const ic_expand_column to = { 1, 1, true, IC_Q_LONG };
	ic_op *op = expand_of(&g, t, "d:dynamic|k:string|x:long|i:long", 1, &to, RIG_LIST(&g, 1));
	op->kind = IC_OP_APPLY;
	op->expand.keeps = 1;
	op->expand.feed = RIG_LIST(&g, 0, -1, -1);
	op->expand.index = 2;
	op->expand.body = take;
	rig_expect(&g, op, "[1,2,3,4]|a|2|1\n[1,2,3,4]|a|3|2\n[5]|b|5|0\n[9,8,7]|e|9|0\n[9,8,7]|e|8|1\n");
	ic_op *outer = rig_op(&g, IC_OP_TAKE, op, "d:dynamic|k:string|x:long|i:long");
	outer->sort.limit = ic_value_long(1);
	rig_expect(&g, outer, "[1,2,3,4]|a|2|1\n");
	g.max_rows = 4;
	rig_refuse(&g, op, IC_E_LIMIT);
	ic_plan_clear(&g.plan);
}

/* A body that sums up gives a row even for a row without items. */
static void apply_sum(void **state)
{
	rig g;
	(void)state;
	rig_init(&g);
	ic_op *t = rig_table(&g, "k:string|d:dynamic", "a|[1,2,3,4]\nb|[]\nc|[7]");
	ic_op *input = rig_op(&g, IC_OP_INPUT, NULL, "x:long");
	ic_op *sum = rig_op(&g, IC_OP_SUMMARIZE, input, "n:long|s:long");
	ic_expr **arg = rig_new(&g, sizeof *arg);
	arg[0] = rig_col(&g, input, "x");
	sum->summarize.agg = rig_new(&g, 2 * sizeof(ic_agg));
	sum->summarize.agg[0] = (ic_agg){ .fn = IC_AGG_COUNT, .type = IC_Q_LONG, .columns = 1 };
	sum->summarize.agg[1] =
	    (ic_agg){ .fn = IC_AGG_SUM, .type = IC_Q_LONG, .n = 1, .arg = arg, .columns = 1 };
	sum->summarize.aggs = 2;
	const ic_expand_column to = { 1, 0, true, IC_Q_LONG };
	ic_op *op = expand_of(&g, t, "k:string|n:long|s:long", 1, &to, RIG_LIST(&g, 0));
	op->kind = IC_OP_APPLY;
	op->expand.keeps = 1;
	op->expand.feed = RIG_LIST(&g, -1);
	op->expand.body = sum;
	rig_expect(&g, op, "a|4|10\nb|0|0\nc|1|7\n");
	rig_starve(&g, op);
	ic_plan_clear(&g.plan);
}

/* ---- make-series ------------------------------------------------------------------------------- */

static ic_op *series_of(rig *g, ic_op *t, const char *schema, bool by)
{
	ic_op *op = rig_op(g, IC_OP_MAKE_SERIES, t, schema);
	ic_expr **arg = rig_new(g, sizeof *arg);
	arg[0] = rig_col(g, t, "v");
	op->series.agg = rig_new(g, 2 * sizeof(ic_agg));
	op->series.agg[0] = (ic_agg){ .fn = IC_AGG_SUM, .type = IC_Q_LONG, .n = 1, .arg = arg, .columns = 1 };
	op->series.agg[1] = (ic_agg){ .fn = IC_AGG_AVG, .type = IC_Q_REAL, .n = 1, .arg = arg, .columns = 1 };
	op->series.aggs = 2;
	op->series.item = rig_new(g, 2 * sizeof(struct ic_series_item));
	op->series.item[0] = (struct ic_series_item){ .of = 0, .type = IC_Q_LONG, .fill = ic_value_long(-1) };
	op->series.item[1] = (struct ic_series_item){ .of = 1, .type = IC_Q_REAL, .fill = ic_value_long(0) };
	op->series.items = 2;
	op->series.on = rig_col(g, t, "t");
	op->series.by = rig_new(g, sizeof(ic_expr *));
	op->series.bys = by;
	if (by)
		op->series.by[0] = rig_col(g, t, "k");
	op->series.from = op->series.to = ic_value_null(op->series.on->type);
	op->series.step = ic_value_long(2);
	return op;
}

static void series(void **state)
{
	rig g;
	(void)state;
	rig_init(&g);
	ic_op *t = rig_table(&g, "k:string|t:long|v:long",
			     "a|1|1\nb|5|2\na|2|4\na|7|8\n~|~|9\nb|4|3\nc|90|1\na|-1|5");
	ic_op *op = series_of(&g, t, "k:string|s:dynamic|a:dynamic|t:dynamic", true);
	rig_expect(&g, op,
		   "a|[5,1,4,-1,8]|[5.0,1.0,4.0,0.0,8.0]|[-2,0,2,4,6]\nb|[5]|[2.5]|[4]\nc|[1]|[1.0]|[90]\n");
	op->series.from = ic_value_long(1);
	op->series.to = ic_value_long(8);
	rig_expect(&g, op,
		   "a|[5,-1,-1,8]|[2.5,0.0,0.0,8.0]|[1,3,5,7]\nb|[-1,3,2,-1]|[0.0,3.0,2.0,0.0]|[1,3,5,7]\n");
	g.max_rows = 7;
	rig_refuse(&g, op, IC_E_LIMIT);
	op->series.step = ic_value_long(0);
	rig_refuse(&g, op, IC_E_USAGE);
	ic_plan_clear(&g.plan);
}

/* bin() counts from the year 1, a Monday: weeks without a `from` begin on Mondays. */
static void series_of_times(void **state)
{
	rig g;
	(void)state;
	rig_init(&g);
	ic_op *t = rig_table(&g, "t:datetime|v:long", "2024-05-02|1\n2024-05-06|2");
	ic_op *op = series_of(&g, t, "s:dynamic|a:dynamic|t:dynamic", false);
	op->series.step = ic_value_ticks(IC_Q_TIMESPAN, INT64_C(7) * 86400 * 10000000);
	rig_expect(&g, op,
		   "[1,2]|[1.0,2.0]|[\"2024-04-29T00:00:00.0000000Z\",\"2024-05-06T00:00:00.0000000Z\"]\n");
	rig_starve(&g, op);
	ic_plan_clear(&g.plan);
}

static void series_of_nothing(void **state)
{
	rig g;
	(void)state;
	rig_init(&g);
	ic_op *t = rig_table(&g, "t:real|v:long", "");
	ic_op *op = series_of(&g, t, "s:dynamic|a:dynamic|t:dynamic", false);
	op->series.from = ic_value_real(0);
	op->series.to = ic_value_real(1);
	op->series.step = ic_value_real(0.5);
	rig_expect(&g, op, "");
	op->series.nonempty = true;
	rig_expect(&g, op, "[-1,-1]|[0.0,0.0]|[0.0,0.5]\n");
	ic_plan_clear(&g.plan);
}

/* ---- top-nested -------------------------------------------------------------------------------- */

static ic_op *nested_of(rig *g, ic_op *t, const char *schema, uint32_t levels)
{
	static const char *const by[] = { "a", "b", "c" };
	ic_op *op = rig_op(g, IC_OP_TOP_NESTED, t, schema);
	op->nested.level = rig_new(g, levels * sizeof *op->nested.level);
	op->nested.levels = levels;
	for (uint32_t i = 0; i < levels; i++) {
		ic_expr **arg = rig_new(g, sizeof *arg);
		arg[0] = rig_col(g, t, "v");
		op->nested.level[i].by = rig_col(g, t, by[i]);
		op->nested.level[i].agg = rig_new(g, sizeof(ic_agg));
		op->nested.level[i].aggs = 1;
		*op->nested.level[i].agg =
		    (ic_agg){ .fn = IC_AGG_SUM, .type = IC_Q_LONG, .n = 1, .arg = arg, .columns = 1 };
		op->nested.level[i].n = -1;
	}
	return op;
}

static void top_nested(void **state)
{
	rig g;
	(void)state;
	rig_init(&g);
	ic_op *t = rig_table(&g, "a:string|b:string|c:long|v:long",
			     "x|p|1|10\nx|q|1|20\ny|p|2|30\nx|q|2|5\ny|r|1|5\nz|p|1|1\nx|r|3|5\nw||1|1");
	ic_op *op = nested_of(&g, t, "a:string|sa:long|b:string|sb:long", 2);
	op->nested.level[0].n = 2;
	op->nested.level[1].n = 1;
	rig_expect(&g, op, "x|40|q|25\ny|35|p|30\n");
	op->nested.level[0].ascending = true;
	rig_expect(&g, op, "z|1|p|1\nw|1||1\n");
	op->nested.level[0].ascending = false;
	op->nested.level[0].others = true;
	op->nested.level[0].others_label = ic_value_str(IC_STR("OTHER"));
	rig_expect(&g, op, "x|40|q|25\ny|35|p|30\nOTHER|2||~\n");
	op->nested.level[0].others = false;
	op->nested.level[1].others = true;
	op->nested.level[1].others_label = ic_value_str(IC_STR("REST"));
	rig_expect(&g, op, "x|40|q|25\nx|40|REST|15\ny|35|p|30\ny|35|REST|5\n|~|REST|2\n");
	ic_plan_clear(&g.plan);
}

static void top_nested_ranked(void **state)
{
	rig g;
	(void)state;
	rig_init(&g);
	ic_op *t = rig_table(&g, "a:string|b:string|c:long|v:long", "x|p|1|10\ny|q|1|20\nx|p|2|30");
	ic_op *op = nested_of(&g, t, "a:string|sa:long", 1);
	ic_schema pair = rig_schema(&g, "a:string|agg:long");
	op->nested.level[0].rank =
	    rig_call(&g, IC_FN_NEG, IC_Q_LONG, 1, ic_expr_column(&g.plan, op->at, &pair, 1));
	rig_expect(&g, op, "y|-20\nx|-40\n");
	rig_starve(&g, op);
	ic_plan_clear(&g.plan);
}

/* ---- parse ------------------------------------------------------------------------------------- */

static ic_op *parse_of(rig *g, const char *rows, const char *schema, ic_parse_how how, uint32_t pieces,
		       const ic_parse_piece *piece, uint32_t captures)
{
	ic_op *t = rig_table(g, "s:string", rows);
	ic_op *op = rig_op(g, IC_OP_PARSE, t, schema);
	op->parse.how = how;
	op->parse.text = rig_col(g, t, "s");
	op->parse.piece = rig_new(g, pieces * sizeof *piece);
	if (pieces)
		memcpy(op->parse.piece, piece, pieces * sizeof *piece);
	op->parse.pieces = pieces;
	op->parse.captures = captures;
	op->parse.target = rig_new(g, captures * sizeof(uint32_t));
	for (uint32_t i = 0; i < captures; i++) {
		op->parse.target[i] = op->out.n - captures + i;
		for (uint32_t k = 0; k < pieces; k++)
			if (op->parse.piece[k].column == (int32_t)i)
				op->parse.piece[k].type = op->out.column[op->parse.target[i]].type;
	}
	return op;
}

static void parse_simple(void **state)
{
	const ic_parse_piece pieces[] = { { IC_STR("id="), 0, 0, false },
					  { IC_STR(" "), 1, 0, false },
					  { IC_STR("ms"), -1, 0, false } };
	static const char rows[] =
	    "id=1 2ms\nid=2 xms\nid= 3ms\nid=4 5msms\nid=6 7ms \nxid=8 9ms\n\nid=10 11 12ms";
	rig g;
	(void)state;
	rig_init(&g);
	ic_op *op = parse_of(&g, rows, "s:string|id:string|ms:long", IC_PARSE_SIMPLE, 3, pieces, 2);
	rig_expect(&g, op,
		   "id=1 2ms|1|2\nid=2 xms||~\nid= 3ms||3\nid=4 5msms||~\nid=6 7ms ||~\nxid=8 9ms||~\n||~\n"
		   "id=10 11 12ms||~\n");
	op->parse.how = IC_PARSE_RELAXED;
	rig_expect(&g, op,
		   "id=1 2ms|1|2\nid=2 xms|2|~\nid= 3ms||3\nid=4 5msms|4|~\nid=6 7ms ||~\nxid=8 9ms||~\n||~\n"
		   "id=10 11 12ms|10|~\n");
	op->parse.how = IC_PARSE_SIMPLE;
	op->parse.only_matches = true;
	rig_expect(&g, op, "id=1 2ms|1|2\nid= 3ms||3\n");
	ic_plan_clear(&g.plan);
}

/* A column of the input is replaced; stars skip; a number ends where its digits end. */
static void parse_stars(void **state)
{
	const ic_parse_piece pieces[] = { { IC_STR("n="), 0, 0, true },
					  { IC_STR("t="), 1, 0, true },
					  { IC_STR(""), -1, 0, true } };
	rig g;
	(void)state;
	rig_init(&g);
	ic_op *op =
	    parse_of(&g, "a n=12, b t=x y\nn=3t=\nn=t=z", "n:long|t:string", IC_PARSE_SIMPLE, 3, pieces, 2);
	rig_expect(&g, op, "12|\n3|\n~|\n");
	const ic_parse_piece ends[] = { { IC_STR("n="), 0, 0, true },
					{ IC_STR(","), -1, 0, false },
					{ IC_STR("t="), 1, 0, true } };
	op = parse_of(&g, "a n=12, b t=x y\nn=3,t=\nn=4;t=z", "n:long|t:string", IC_PARSE_SIMPLE, 3, ends, 2);
	rig_expect(&g, op, "12|x y\n3|\n~|\n");
	rig_starve(&g, op);
	ic_plan_clear(&g.plan);
}

static void parse_regex(void **state)
{
	const ic_parse_piece pieces[] = { { IC_STR(""), 0, 0, false }, { IC_STR("([0-9])+"), 1, 0, false } };
	rig g;
	(void)state;
	rig_init(&g);
	ic_op *op = parse_of(&g, "abc123def\nxyz\nA9", "a:string|b:string", IC_PARSE_REGEX, 2, pieces, 2);
	rig_expect(&g, op, "abc12|def\n|\nA|\n");
	op->parse.flags = IC_STR("U");
	rig_expect(&g, op, "abc|23def\n|\nA|\n");
	op->parse.piece[1].text = IC_STR("a)(b");
	rig_refuse(&g, op, IC_E_USAGE);
	ic_plan_clear(&g.plan);
}

/* A search that goes deep takes memory of its own; where there is none, it was not too long. */
static void parse_regex_without_memory(void **state)
{
	enum { LENGTH = 40000 };
	const ic_parse_piece pieces[] = { { IC_STR("(?:(a|ab)(c|bcd)*)*"), 0, 0, false } };
	rig g;
	ic_diag diag;
	ic_str part;
	ic_parse_text *t;
	(void)state;
	rig_init(&g);
	char *text = rig_new(&g, LENGTH);
	memset(text, 'a', LENGTH);
	ic_op *op = parse_of(&g, "", "a:string", IC_PARSE_REGEX, 1, pieces, 1);
	assert_int_equal(ic_parse_text_new(op, &t, &diag), IC_OK);
	ic_parse_scratch *scratch = ic_parse_scratch_new();
	assert_non_null(scratch);
	ic_alloc_fail_after(1);
	int hit = ic_parse_text_find(t, scratch, (ic_str){ text, LENGTH }, &g.plan.arena, &part);
	ic_alloc_fail_after(0);
	assert_int_equal(hit, IC_REGEX_NOMEM);
	assert_int_equal(ic_parse_text_find(t, scratch, (ic_str){ text, LENGTH }, &g.plan.arena, &part), 1);
	ic_parse_scratch_free(scratch);
	ic_parse_text_free(t);
	ic_plan_clear(&g.plan);
}

static ic_op *pairs_of(rig *g, const char *rows, const char *schema, const char *pair, const char *kv,
		       bool greedy)
{
	ic_op *op = parse_of(g, rows, schema, IC_PARSE_KV, 0, NULL, 0);
	op->parse.captures = op->out.n;
	op->parse.target = rig_new(g, op->out.n * sizeof(uint32_t));
	op->parse.key = rig_new(g, op->out.n * sizeof(ic_str));
	for (uint32_t i = 0; i < op->out.n; i++) {
		op->parse.target[i] = i;
		op->parse.key[i] = op->out.column[i].name;
	}
	op->parse.pair_delimiter = ic_str_of(pair);
	op->parse.kv_delimiter = ic_str_of(kv);
	op->parse.greedy = greedy;
	return op;
}

static void parse_pairs(void **state)
{
	rig g;
	(void)state;
	rig_init(&g);
	rig_expect(&g, pairs_of(&g, "a=1;b=x=y;a=2\nb=;c;a=z\n\n;;=;a=5", "a:long|b:string", ";", "=", false),
		   "1|x=y\n~|\n~|\n5|\n");
	rig_expect(&g, pairs_of(&g, "k=hello world w=foo bar x=1", "k:string|w:string", " ", "=", false),
		   "hello|foo\n");
	rig_expect(&g,
		   pairs_of(&g, "k=hello world w=foo bar x=1\nw=a b", "k:string|w:string", " ", "=", true),
		   "hello world|foo bar\n|a b\n");
	rig_expect(&g,
		   pairs_of(&g, "Thread:45, Node: n 1 ,Text: up", "Text:string|Thread:long|Node:string", ",",
			    ":", false),
		   "up|45|n 1\n");
	ic_op *op =
	    pairs_of(&g, "k='a;b';'o p'='it\\'s';w='open", "k:string|o p:string|w:string", ";", "=", false);
	ic_quotes quote = { IC_STR("'"), IC_STR("'") };
	ic_str escape = IC_STR("\\");
	op->parse.quote = &quote;
	op->parse.quotes = 1;
	op->parse.escape = &escape;
	op->parse.escapes = 1;
	rig_expect(&g, op, "a;b|it's|'open\n");
	op = pairs_of(&g, "10:00 [INFO] Thread:45, Node:n1, Text: 'a b'",
		      "Text:string|Thread:long|Node:string", "", "", false);
	op->parse.quote = &quote;
	op->parse.quotes = 1;
	rig_expect(&g, op, "a b|45|n1\n");
	rig_starve(&g, op);
	/* a regular expression: each match is a pair, the first of a key counts; it may match nothing at all */
	op = pairs_of(&g, "a: 1; b :é ;a: 2\nnone\n", "b:string|a:long", "", "", false);
	op->parse.pattern = IC_STR("(\\w*) *: *([^;]*)|x?");
	rig_expect(&g, op, "é|1\n|~\n");
	rig_starve(&g, op);
	ic_plan_clear(&g.plan);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(expand_one),	   cmocka_unit_test(expand_several),
		cmocka_unit_test(expand_types),	   cmocka_unit_test(apply_body),
		cmocka_unit_test(apply_sum),	   cmocka_unit_test(series),
		cmocka_unit_test(series_of_times), cmocka_unit_test(series_of_nothing),
		cmocka_unit_test(top_nested),	   cmocka_unit_test(top_nested_ranked),
		cmocka_unit_test(parse_simple),	   cmocka_unit_test(parse_stars),
		cmocka_unit_test(parse_regex),	   cmocka_unit_test(parse_regex_without_memory),
		cmocka_unit_test(parse_pairs),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
