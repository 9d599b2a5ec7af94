/* SPDX-License-Identifier: Apache-2.0 */
/* Pipes: which operators there are, and the operands of the plain ones. */
#include "lang/kql/parser.h"
#include "lang/near.h"

/* ---- options -------------------------------------------------------------------------- */

/* Options are written "kind=inner|outer withsource": names, with the words that they take if these are few.
 * What stands behind the name `word` in the list; NULL: it is not in there. */
static const char *listed(const char *list, ic_str word)
{
	while (*list) {
		size_t n = strcspn(list, " ="), end = strcspn(list, " ");
		if (n == word.n && memcmp(list, word.p, n) == 0)
			return list + n;
		list += end + (list[end] == ' ');
	}
	return NULL;
}

/* Is word one of those in "=inner|outer"? */
static bool takes_word(const char *words, ic_str word)
{
	while (*words == '=' || *words == '|') {
		size_t n = strcspn(++words, "| ");
		if (n == word.n && memcmp(words, word.p, n) == 0)
			return true;
		words += n;
	}
	return false;
}

static bool check_word(ic_parser *p, const ic_kql_option *o, const char *words)
{
	ic_str word = o->value->kind == IC_KE_NAME	    ? o->value->name.text
		      : o->value->value.type == IC_Q_STRING ? o->value->value.s
							    : (ic_str){ "", 0 };
	if (*words != '=' || takes_word(words, word))
		return true;
	ic_parse_fail(p, IC_DIAG_SYNTAX, o->value->at, o->value->length, "no such %.*s",
		      o->name.text.n > 40 ? 40 : (int)o->name.text.n, o->name.text.p);
	ic_diag_hint(p->diag, "it may be %.*s", (int)strcspn(words + 1, " "), words + 1);
	return false;
}

/* name of `hint.strategy`; the word hint stands here with a dot behind it. */
static bool hint_name(ic_parser *p, ic_kql_name *ret)
{
	ic_token start = p->tok;
	ic_next(p);
	ic_next(p);
	if (p->tok.kind != IC_TOKEN_NAME)
		return ic_expected(p, "a hint's name");
	ic_next(p);
	ret->at = start.at;
	ret->length = p->last_end - start.pos;
	ret->text = (ic_str){ p->lex.text.p + start.pos, ret->length };
	return true;
}

static bool option_value(ic_parser *p, ic_kql_option *o)
{
	ic_value v;
	ic_token start = p->tok;
	bool constant = ic_kql_constant(p, &v);
	if (p->status != IC_OK)
		return false;
	if (!constant && p->tok.kind != IC_TOKEN_NAME && !ic_kql_name_here(p))
		return ic_expected(p, "the option's value");
	o->value = ic_kql_expr_new(p, constant ? IC_KE_LITERAL : IC_KE_NAME, start.at, start.length);
	if (!o->value)
		return false;
	if (constant) {
		o->value->value = v;
		return true;
	}
	if (ic_is_sign(p, '['))
		return ic_kql_name_of(p, "the option's value", &o->value->name);
	o->value->name = (ic_kql_name){ ic_token_text(p), start.at, start.length };
	ic_next(p); /* any word: kind=leftouter, order=asc */
	return true;
}

bool ic_kql_options_of(ic_parser *p, const char *allowed, ic_kql_options *ret)
{
	*ret = (ic_kql_options){ 0 };
	while (p->tok.kind == IC_TOKEN_NAME) {
		ic_token next = ic_peek(p);
		bool hint = ic_is_word(p, "hint") && next.kind == IC_TOKEN_SIGN && next.sign == '.';
		const char *words = listed(allowed, ic_token_text(p));
		bool known = words && next.kind == IC_TOKEN_SIGN && next.sign == '=';
		if (!hint && !known)
			return true;
		if (!IC_PARSE_ROOM(p, ret->option, ret->n))
			return false;
		ic_kql_option *o = &ret->option[ret->n];
		if (!(hint ? hint_name(p, &o->name) : ic_kql_name_of(p, "an option", &o->name)) ||
		    !ic_expect_sign(p, '=', "`=`") || !option_value(p, o) ||
		    (known && !check_word(p, o, words)))
			return false;
		ret->n++;
	}
	return true;
}

bool ic_kql_with(ic_parser *p, ic_kql_options *ret)
{
	*ret = (ic_kql_options){ 0 };
	if (!ic_take_word(p, "with"))
		return true;
	if (!ic_expect_sign(p, '(', "`(` and the options"))
		return false;
	while (!ic_is_sign(p, ')')) {
		if (!IC_PARSE_ROOM(p, ret->option, ret->n))
			return false;
		ic_kql_option *o = &ret->option[ret->n];
		if (!ic_kql_name_of(p, "an option's name", &o->name) || !ic_expect_sign(p, '=', "`=`") ||
		    !option_value(p, o))
			return false;
		ret->n++;
		if (!ic_take_sign(p, ','))
			break;
	}
	return ic_expect_sign(p, ')', "`,` or `)`");
}

/* ---- plain operators ------------------------------------------------------------------ */

/* `where a = b`: Kusto lets it pass and people mean ==. */
static bool equals_of(ic_parser *p, const ic_kql_item *item, ic_kql_op *op)
{
	const ic_kql_name *name = &item->name[0];
	ic_kql_expr *left = ic_kql_expr_new(p, IC_KE_NAME, name->at, name->length);
	ic_kql_expr *e = ic_kql_expr_new(p, IC_KE_BINARY, name->at, name->length);
	if (!left || !e)
		return false;
	if (item->tuple)
		return ic_parse_fail(p, IC_DIAG_SYNTAX, name->at, name->length, "where takes a condition");
	left->name = *name;
	e->binary.fn = IC_FN_EQ;
	e->binary.sign = IC_STR("==");
	e->binary.left = left;
	e->binary.right = item->expr;
	op->predicate = ic_kql_above(p, e, item->expr);
	return op->predicate && ic_kql_note_at(p, name->at, "`=` in a condition is taken as `==`");
}

static bool op_where(ic_parser *p, ic_kql_op *op)
{
	ic_kql_item item;
	if (!ic_kql_item_of(p, &item))
		return false;
	op->predicate = item.expr;
	return !item.names || equals_of(p, &item, op);
}

static bool op_items(ic_parser *p, ic_kql_op *op)
{
	return ic_kql_items_of(p, &op->items);
}

static bool ends_here(const ic_parser *p)
{
	return p->tok.kind == IC_TOKEN_END || ic_is_sign(p, '|') || ic_is_sign(p, ')') ||
	       ic_is_sign(p, ';') || ic_is_sign(p, '}');
}

static bool op_serialize(ic_parser *p, ic_kql_op *op)
{
	return ends_here(p) || (ic_kql_own(p)->prefix && !ic_kql_name_here(p)) ||
	       ic_kql_items_of(p, &op->items);
}

static bool op_distinct(ic_parser *p, ic_kql_op *op)
{
	return ic_kql_items_of(p, &op->items);
}

static bool column_pattern(ic_parser *p, ic_kql_item *ret)
{
	*ret = (ic_kql_item){ .type = IC_QTYPES };
	if (ic_is_sign(p, '*') || p->tok.kind == IC_TOKEN_NAME || ic_is_sign(p, '['))
		ret->expr = ic_kql_table(p, true);
	else
		ic_expected(p, "a column or a pattern such as a*");
	while (ret->expr && ret->expr->kind == IC_KE_NAME && ic_is_sign(p, '.')) {
		ic_kql_expr *e = ic_kql_expr_new(p, IC_KE_MEMBER, p->tok.at, 1);
		ic_next(p);
		if (!e || !ic_kql_name_of(p, "the rest of the column's name", &e->member.name))
			return false;
		e->member.object = ret->expr;
		ret->expr = ic_kql_above(p, e, ret->expr);
	}
	if (ret->expr && ret->expr->kind == IC_KE_WILDCARD && ret->expr->name.text.n == 1)
		ret->expr->kind = IC_KE_STAR;
	return ret->expr != NULL;
}

static uint8_t order_of(ic_parser *p)
{
	static const char *const words[] = { "asc", "desc", "granny-asc", "granny-desc" };
	if (ic_is_word(p, "granny")) {
		ic_str word = ic_kql_hyphened(p);
		return ic_str_eq(word, ic_str_of(words[3])) ? IC_KQL_GRANNY_DESC : IC_KQL_GRANNY_ASC;
	}
	for (uint8_t i = 0; i < 2; i++)
		if (ic_take_word(p, words[i]))
			return (uint8_t)(i + 1);
	return IC_KQL_UNORDERED;
}

static bool op_columns(ic_parser *p, ic_kql_op *op)
{
	ic_kql_items *list = &op->items;
	do {
		if (!IC_PARSE_ROOM(p, list->item, list->n) || !column_pattern(p, &list->item[list->n]))
			return false;
		if (op->kind == IC_KO_PROJECT_REORDER)
			list->item[list->n].order = order_of(p);
		list->n++;
	} while (ic_take_sign(p, ','));
	return true;
}

static bool op_by_names(ic_parser *p, ic_kql_op *op)
{
	return ic_kql_scalars(p, &op->by_names);
}

static bool op_rename(ic_parser *p, ic_kql_op *op)
{
	if (!ic_kql_items_of(p, &op->items))
		return false;
	for (uint32_t i = 0; i < op->items.n; i++) {
		const ic_kql_item *item = &op->items.item[i];
		if (item->names != 1 || item->tuple ||
		    (item->expr->kind != IC_KE_NAME && item->expr->kind != IC_KE_MEMBER))
			return ic_parse_fail(p, IC_DIAG_SYNTAX, item->expr->at, item->expr->length,
					     "project-rename takes NewName = OldName");
	}
	return true;
}

static bool op_summarize(ic_parser *p, ic_kql_op *op)
{
	if (!ic_is_word(p, "by") && !ic_kql_items_of(p, &op->summarize.aggs))
		return false;
	if (!ic_take_word(p, "by"))
		return true;
	op->summarize.by_given = true;
	return ic_kql_items_of(p, &op->summarize.by);
}

static bool op_sort(ic_parser *p, ic_kql_op *op)
{
	return ic_expect_word(p, "by") && ic_kql_keys_of(p, &op->sort.keys);
}

static bool op_top(ic_parser *p, ic_kql_op *op)
{
	if (!(op->sort.n = ic_kql_sum(p)) || !ic_expect_word(p, "by") || !ic_kql_keys_of(p, &op->sort.keys))
		return false;
	if (op->sort.keys.n == 1)
		return true;
	const ic_kql_expr *second = op->sort.keys.key[1].expr;
	ic_parse_fail(p, IC_DIAG_SYNTAX, second->at, second->length, "top takes one expression behind `by`");
	ic_diag_hint(p->diag, "write `sort by` with all of them, then `take`");
	return false;
}

static bool op_top_hitters(ic_parser *p, ic_kql_op *op)
{
	return (op->sort.n = ic_kql_sum(p)) && ic_expect_word(p, "of") && (op->sort.of = ic_kql_scalar(p)) &&
	       (!ic_take_word(p, "by") || (op->sort.by = ic_kql_scalar(p)));
}

static bool op_take(ic_parser *p, ic_kql_op *op)
{
	return (op->sort.n = ic_kql_sum(p)) != NULL;
}

static bool op_sample_distinct(ic_parser *p, ic_kql_op *op)
{
	return (op->sort.n = ic_kql_sum(p)) && ic_expect_word(p, "of") && (op->sort.of = ic_kql_scalar(p));
}

static bool op_as(ic_parser *p, ic_kql_op *op)
{
	return ic_kql_name_of(p, "a name for the rows", &op->name);
}

static bool op_count(ic_parser *p, ic_kql_op *op)
{
	return !ic_take_word(p, "as") || ic_kql_name_of(p, "the column's name", &op->name);
}

static bool op_assert_schema(ic_parser *p, ic_kql_op *op)
{
	return ic_kql_columns_of(p, &op->schema, NULL, false);
}

static bool op_nothing(ic_parser *p, ic_kql_op *op)
{
	(void)p;
	(void)op;
	return true;
}

/* ---- the table of operators ----------------------------------------------------------- */

enum { SOURCE = 1, PIPED = 2 }; /* where an operator may stand */

typedef struct word_operator {
	const char *name;
	ic_kql_op_kind kind;
	unsigned stands;
	ic_kql_operands_fn operands; /* NULL: not supported, known so that the error can name it */
	const char *options;
	const char *help; /* one line: what it does; without operands what to write instead, or NULL */
} word_operator;

static const word_operator operators[] = {
	{ "where", IC_KO_WHERE, PIPED, op_where, "", "rows for which a condition is true" },
	{ "filter", IC_KO_WHERE, PIPED, op_where, "", "where" },
	{ "extend", IC_KO_EXTEND, PIPED, op_items, "", "columns computed beside those that are there" },
	{ "project", IC_KO_PROJECT, PIPED, op_items, "", "these columns only, computed or renamed" },
	{ "project-away", IC_KO_PROJECT_AWAY, PIPED, op_columns, "",
	  "all columns but these, patterns such as a* too" },
	{ "project-keep", IC_KO_PROJECT_KEEP, PIPED, op_columns, "",
	  "these columns only, in the order that they had" },
	{ "project-rename", IC_KO_PROJECT_RENAME, PIPED, op_rename, "",
	  "new = old: columns under other names" },
	{ "project-by-names", IC_KO_PROJECT_BY_NAMES, PIPED, op_by_names, "",
	  "columns whose names are texts or arrays of texts" },
	{ "project-reorder", IC_KO_PROJECT_REORDER, PIPED, op_columns, "",
	  "these columns first, sorted by name with asc or desc" },
	{ "summarize", IC_KO_SUMMARIZE, PIPED, op_summarize, "", "aggregates for each group of rows" },
	{ "sort", IC_KO_SORT, PIPED, op_sort, "", "rows in order: desc unless asc is written" },
	{ "order", IC_KO_SORT, PIPED, op_sort, "", "sort" },
	{ "top", IC_KO_TOP, PIPED, op_top, "", "the first rows of an order" },
	{ "take", IC_KO_TAKE, PIPED, op_take, "", "some rows: the first" },
	{ "limit", IC_KO_TAKE, PIPED, op_take, "", "take" },
	{ "count", IC_KO_COUNT, PIPED, op_count, "", "the number of rows" },
	{ "distinct", IC_KO_DISTINCT, PIPED, op_distinct, "", "each combination of the columns once" },
	{ "join", IC_KO_JOIN, PIPED, ic_kql_op_join, "kind",
	  "rows of two tables whose keys are equal; nine kinds" },
	{ "lookup", IC_KO_LOOKUP, PIPED, ic_kql_op_join, "kind",
	  "join of each row with what a second table knows of it" },
	{ "union", IC_KO_UNION, SOURCE | PIPED, ic_kql_op_union,
	  "kind=inner|outer withsource with_source isfuzzy", "rows of several tables, by wildcard too" },
	{ "mv-expand", IC_KO_MV_EXPAND, PIPED, ic_kql_op_expand,
	  "kind=bag|array bagexpansion=bag|array with_itemindex", "a row for each item of an array or bag" },
	{ "mvexpand", IC_KO_MV_EXPAND, PIPED, ic_kql_op_expand,
	  "kind=bag|array bagexpansion=bag|array with_itemindex", "mv-expand" },
	{ "mv-apply", IC_KO_MV_APPLY, PIPED, ic_kql_op_expand,
	  "kind=bag|array bagexpansion=bag|array with_itemindex", "operators over the items of each row" },
	{ "mvapply", IC_KO_MV_APPLY, PIPED, ic_kql_op_expand,
	  "kind=bag|array bagexpansion=bag|array with_itemindex", "mv-apply" },
	{ "make-series", IC_KO_MAKE_SERIES, PIPED, ic_kql_op_make_series, "kind=nonempty",
	  "arrays of aggregates over steps of time" },
	{ "top-nested", IC_KO_TOP_NESTED, PIPED, ic_kql_op_top_nested, "",
	  "the best values of one column, for each the best of the next" },
	{ "top-hitters", IC_KO_TOP_HITTERS, PIPED, op_top_hitters, "",
	  "the values that the most rows have, or with the largest sums" },
	{ "parse", IC_KO_PARSE, PIPED, ic_kql_op_parse, "kind=simple|regex|relaxed flags",
	  "columns from text by a pattern" },
	{ "parse-where", IC_KO_PARSE_WHERE, PIPED, ic_kql_op_parse, "kind=simple|regex|relaxed flags",
	  "parse, and only rows that the pattern fits" },
	{ "parse-kv", IC_KO_PARSE_KV, PIPED, ic_kql_op_parse_kv, "", "columns from text of keys and values" },
	{ "serialize", IC_KO_SERIALIZE, PIPED, op_serialize, "",
	  "the order of rows counts from here on: prev, next, row_number" },
	{ "as", IC_KO_AS, PIPED, op_as, "", "a name for the rows so far" },
	{ "render", IC_KO_RENDER, PIPED, ic_kql_op_render, "", "passed over: there are no charts" },
	{ "print", IC_KO_PRINT, SOURCE, op_items, "", "one row of values" },
	{ "range", IC_KO_RANGE, SOURCE, ic_kql_op_range, "", "a column from, to, step" },
	{ "datatable", IC_KO_DATATABLE, SOURCE, ic_kql_op_datatable, "", "a table written in the query" },
	{ "externaldata", IC_KO_EXTERNALDATA, SOURCE, ic_kql_op_externaldata, "",
	  "a file of the folder --lists" },
	{ "external_data", IC_KO_EXTERNALDATA, SOURCE, ic_kql_op_externaldata, "", "externaldata" },
	{ "evaluate", IC_KO_EVALUATE, SOURCE | PIPED, ic_kql_op_evaluate, "", "a plugin, see below" },
	{ "search", IC_KO_SEARCH, SOURCE | PIPED, ic_kql_op_search,
	  "kind=default|case_insensitive|case_sensitive", "rows that have a term in any column" },
	{ "find", IC_KO_FIND, SOURCE, ic_kql_op_find, "withsource with_source",
	  "rows of several tables for which a condition is true" },
	{ "sample", IC_KO_SAMPLE, PIPED, op_take, "", "some rows, the same ones in each run" },
	{ "sample-distinct", IC_KO_SAMPLE_DISTINCT, PIPED, op_sample_distinct, "",
	  "some distinct values of a column" },
	{ "getschema", IC_KO_GETSCHEMA, PIPED, op_nothing, "kind=csl", "names and types of the columns" },
	{ "assert-schema", IC_KO_ASSERT_SCHEMA, PIPED, op_assert_schema, "",
	  "nothing, if the columns are these; else an error" },
	{ "invoke", IC_KO_INVOKE, PIPED, ic_kql_op_evaluate, "", "a function of a let that takes the rows" },
	{ "scan", IC_KO_SCAN, PIPED, ic_kql_op_scan, "with_match_id",
	  "sequences of rows that match steps, one after the other" },
	{ "consume", IC_KO_CONSUME, PIPED, op_nothing, "decodeblocks", "nothing: the rows are read" },
	{ "partition", IC_KO_PARTITION, PIPED, ic_kql_op_partition, "",
	  "operators over the rows of each key, or a query with each key" },
	{ "__partitionby", IC_KO_KINDS, PIPED, NULL, "", NULL },
	{ "fork", IC_KO_KINDS, PIPED, NULL, "", "run a query for each branch, or union them" },
	{ "facet", IC_KO_KINDS, PIPED, NULL, "",
	  "write `summarize count() by` one column, a query for each" },
	{ "reduce", IC_KO_KINDS, PIPED, NULL, "",
	  "take the part that matters with extract() or replace_regex(), then `summarize count() by` it" },
	{ "execute-and-cache", IC_KO_KINDS, PIPED, NULL, "", NULL },
	{ "macro-expand", IC_KO_KINDS, SOURCE | PIPED, NULL, "", NULL },
	{ "make-graph", IC_KO_KINDS, PIPED, NULL, "", NULL },
	{ "graph", IC_KO_KINDS, SOURCE | PIPED, NULL, "", NULL },
	{ "graph-match", IC_KO_KINDS, PIPED, NULL, "", NULL },
	{ "graph-shortest-paths", IC_KO_KINDS, PIPED, NULL, "", NULL },
	{ "graph-to-table", IC_KO_KINDS, PIPED, NULL, "", NULL },
	{ "graph-merge", IC_KO_KINDS, PIPED, NULL, "", NULL },
	{ "graph-mark-components", IC_KO_KINDS, PIPED, NULL, "", NULL },
	{ "graph-where-nodes", IC_KO_KINDS, PIPED, NULL, "", NULL },
	{ "graph-where-edges", IC_KO_KINDS, PIPED, NULL, "", NULL },
};
enum { OPERATORS = sizeof operators / sizeof *operators };

static const word_operator *operator_of(ic_str word)
{
	for (size_t i = 0; i < OPERATORS; i++)
		if (ic_str_eq(word, ic_str_of(operators[i].name)))
			return &operators[i];
	return NULL;
}

bool ic_kql_operator(size_t i, const char **name, const char **help)
{
	for (size_t k = 0; k < OPERATORS; k++) {
		if (!operators[k].operands || i-- != 0)
			continue;
		*name = operators[k].name;
		*help = operators[k].help;
		return true;
	}
	return false;
}

bool ic_kql_is_operator(ic_str word)
{
	return operator_of(word) != NULL;
}

/* The operator that does what other languages have under this name; NULL: none is known. */
static const char *own_operator(ic_str word)
{
	static const char *const same[][2] = {
		{ "having", "where" },		{ "select", "project" },      { "fields", "project" },
		{ "table", "project" },		{ "keep", "project" },	      { "drop", "project-away" },
		{ "rename", "project-rename" }, { "eval", "extend" },	      { "stats", "summarize" },
		{ "group", "summarize" },	{ "aggregate", "summarize" }, { "dedup", "distinct" },
		{ "unique", "distinct" },	{ "uniq", "distinct" },	      { "head", "take" },
		{ "expand", "mv-expand" },	{ "rex", "parse" },	      { "append", "union" },
	};
	for (size_t i = 0; i < sizeof same / sizeof *same; i++)
		if (ic_str_ieq(word, ic_str_of(same[i][0])))
			return same[i][1];
	return NULL;
}

static void *unknown_operator(ic_parser *p, ic_str word, ic_place at)
{
	const char *near = NULL;
	unsigned best = word.n > 4 ? 3 : 2;
	for (size_t i = 0; i < OPERATORS; i++) {
		unsigned apart = ic_letters_apart(word, ic_str_of(operators[i].name));
		if (apart < best && operators[i].operands) {
			best = apart;
			near = operators[i].name;
		}
	}
	if (ic_str_istarts(word, IC_STR("graph-")))
		return ic_parse_fail(p, IC_DIAG_UNSUPPORTED, at, word.n,
				     "the operator `%.*s` is not supported", word.n > 40 ? 40 : (int)word.n,
				     word.p);
	ic_parse_fail(p, IC_DIAG_SYNTAX, at, word.n, "`%.*s` is no operator", word.n > 40 ? 40 : (int)word.n,
		      word.p);
	const char *own = own_operator(word);
	if (own)
		ic_diag_hint(p->diag, "use `%s`", own);
	else if (near)
		ic_diag_hint(p->diag, "did you mean `%s`?", near);
	return NULL;
}

/* ---- pipes ---------------------------------------------------------------------------- */

static ic_kql_op *op_new(ic_parser *p, ic_kql_op_kind kind, ic_place at, uint32_t length, const char *says)
{
	ic_kql_op *op = ic_arena_alloc(p->arena, sizeof *op);
	if (!op)
		return ic_parse_nomem(p);
	memset(op, 0, sizeof *op);
	op->kind = kind;
	op->at = at;
	op->length = length;
	op->says = says;
	ic_kql_own(p)->last = kind;
	return op;
}

static ic_kql_op *operator_here(ic_parser *p, unsigned stands)
{
	ic_token start = p->tok;
	if (start.kind != IC_TOKEN_NAME) {
		ic_expected(p, "an operator such as `where`");
		if (ic_is_sign(p, '|') && p->lex.text.p[start.pos - 1] == '|')
			ic_diag_hint(p->diag,
				     "one of two conditions is `or`; operators are parted by one `|`");
		return NULL;
	}
	ic_str word = ic_kql_hyphened(p);
	const word_operator *o = operator_of(word);
	if (!o)
		return unknown_operator(p, word, start.at);
	if (!o->operands) {
		ic_parse_fail(p, IC_DIAG_UNSUPPORTED, start.at, word.n, "the operator `%s` is not supported",
			      o->name);
		if (o->help)
			ic_diag_hint(p->diag, "%s", o->help);
		return NULL;
	}
	if (!(o->stands & stands))
		return ic_parse_fail(p, IC_DIAG_SYNTAX, start.at, word.n, "`%s` %s", o->name,
				     stands == PIPED ? "begins a query, it takes no rows from a pipe"
						     : "needs rows from a pipe: name a table first");
	ic_kql_op *op = op_new(p, o->kind, start.at, word.n, o->name);
	if (!op || !ic_kql_options_of(p, o->options, &op->options) || !o->operands(p, op))
		return NULL;
	return op;
}

static bool next_operator(ic_parser *p, ic_kql_op ***tail, unsigned stands)
{
	ic_kql_op *op = operator_here(p, stands);
	if (!op)
		return false;
	**tail = op;
	*tail = &op->next;
	if (p->depth == 0) {
		p->complete = p->last_end;
		ic_kql_own(p)->operators++;
	}
	return true;
}

/* The operators behind the first one. */
static bool operators_of(ic_parser *p, ic_kql_op **tail)
{
	for (uint32_t n = 0; ic_take_sign(p, '|'); n++) {
		if (n >= IC_PARSE_TREE_MAX)
			return ic_parse_fail(p, IC_DIAG_LIMIT, p->tok.at, p->tok.length,
					     "a pipe of more than %d operators", IC_PARSE_TREE_MAX);
		if (!next_operator(p, &tail, PIPED))
			return false;
	}
	return true;
}

/* Runs `rest` with a height of its own; the pipe's expression lies above all that is in it. */
ic_kql_expr *ic_kql_pipe_of(ic_parser *p, ic_kql_expr *source)
{
	ic_kql_expr *e = ic_kql_expr_new(p, IC_KE_PIPE, source ? source->at : p->tok.at,
					 source ? source->length : p->tok.length);
	uint32_t outer = ic_kql_own(p)->tree;
	ic_kql_op_kind last = ic_kql_own(p)->last;
	if (!e)
		return NULL;
	ic_kql_own(p)->tree = source ? source->height : 0;
	ic_kql_op **tail = &e->pipe.first;
	if (source) {
		if (!(*tail = op_new(p, IC_KO_SOURCE, source->at, source->length, "source")))
			return NULL;
		(*tail)->source = source;
		tail = &(*tail)->next;
	} else if (!next_operator(p, &tail, SOURCE)) {
		return NULL;
	}
	if (!operators_of(p, tail))
		return NULL;
	ic_kql_expr inside = { .height = (uint16_t)ic_kql_own(p)->tree };
	ic_kql_own(p)->tree = outer;
	if (p->depth > 0) /* behind the brackets the outer pipe's operator goes on */
		ic_kql_own(p)->last = last;
	return ic_kql_above(p, e, &inside);
}

bool ic_kql_body(ic_parser *p, ic_kql_pipe *ret)
{
	ic_kql_op **tail = &ret->first;
	ic_kql_op_kind last = ic_kql_own(p)->last;
	if (!ic_parse_enter(p) || !ic_expect_sign(p, '(', "`(` and operators") ||
	    !next_operator(p, &tail, PIPED) || !operators_of(p, tail) ||
	    !ic_expect_sign(p, ')', "`|` or `)`"))
		return false;
	ic_parse_leave(p);
	ic_kql_own(p)->last = last;
	return true;
}
