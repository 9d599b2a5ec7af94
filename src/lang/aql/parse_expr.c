/* SPDX-License-Identifier: Apache-2.0 */
/* Expressions of AQL, by precedence climbing. */
#include "lang/aql/parser.h"

enum { OR = 1, AND, NOT, COMPARE, BITS, SUM, PRODUCT, POWER };

typedef struct infix {
	const char *sign;
	ic_fn_id fn;
	uint8_t precedence;
	bool negatable; /* a NOT LIKE b */
} infix;

static const infix infixes[] = {
	{ "OR", IC_FN_SQL_OR, OR, false },
	{ "AND", IC_FN_SQL_AND, AND, false },
	{ "=", IC_FN_SQL_EQ, COMPARE, false },
	{ "==", IC_FN_SQL_EQ, COMPARE, false },
	{ "!=", IC_FN_SQL_NE, COMPARE, false },
	{ "<>", IC_FN_SQL_NE, COMPARE, false },
	{ "<", IC_FN_SQL_LT, COMPARE, false },
	{ "<=", IC_FN_SQL_LE, COMPARE, false },
	{ ">", IC_FN_SQL_GT, COMPARE, false },
	{ ">=", IC_FN_SQL_GE, COMPARE, false },
	{ "LIKE", IC_FN_LIKE, COMPARE, true },
	{ "ILIKE", IC_FN_ILIKE, COMPARE, true },
	{ "MATCHES", IC_FN_SQL_MATCHES, COMPARE, true },
	{ "IMATCHES", IC_FN_SQL_IMATCHES, COMPARE, true },
	{ "IN", IC_FN_SQL_IN, COMPARE, true },
	{ "BETWEEN", IC_FN_SQL_BETWEEN, COMPARE, true },
	{ "IS", IC_FN_SQL_IS_NULL, COMPARE, false },
	{ "&", IC_FN_BINARY_AND, BITS, false },
	{ "|", IC_FN_BINARY_OR, BITS, false },
	{ "+", IC_FN_SQL_ADD, SUM, false },
	{ "-", IC_FN_SQL_SUB, SUM, false },
	{ "*", IC_FN_SQL_MUL, PRODUCT, false },
	{ "/", IC_FN_SQL_DIV, PRODUCT, false },
	{ "%", IC_FN_SQL_MOD, PRODUCT, false },
	{ "^", IC_FN_POW, POWER, false },
};

static const infix *infix_of(ic_str text)
{
	for (size_t i = 0; i < sizeof infixes / sizeof *infixes; i++)
		if (ic_str_ieq(text, ic_str_of(infixes[i].sign)))
			return &infixes[i];
	return NULL;
}

/* *negated: NOT stands in front of it. */
static const infix *infix_here(const ic_parser *p, bool *negated)
{
	*negated = false;
	if (ic_is_word(p, "NOT")) {
		ic_token next = ic_peek(p);
		const infix *op = next.kind == IC_TOKEN_NAME
				      ? infix_of((ic_str){ p->lex.text.p + next.pos, next.length })
				      : NULL;
		*negated = op && op->negatable;
		return *negated ? op : NULL;
	}
	bool sign = p->tok.kind == IC_TOKEN_NAME || p->tok.kind == IC_TOKEN_SIGN;
	return sign ? infix_of(ic_token_text(p)) : NULL;
}

static ic_aql_expr *expr_new(ic_parser *p, ic_aql_expr_kind kind, const ic_token *t)
{
	ic_aql_expr *e = ic_arena_alloc(p->arena, sizeof *e);
	if (!e)
		return ic_parse_nomem(p);
	memset(e, 0, sizeof *e);
	e->kind = kind;
	e->height = 1;
	e->at = t->at;
	e->length = t->length;
	return e;
}

/* Counts the child into the height of e; NULL if that is too high or child is NULL. */
static ic_aql_expr *above(ic_parser *p, ic_aql_expr *e, const ic_aql_expr *child)
{
	if (!e || !child)
		return NULL;
	if (child->height >= e->height)
		e->height = (uint16_t)(child->height + 1);
	if (e->height > IC_PARSE_TREE_MAX)
		return ic_parse_fail(p, IC_DIAG_LIMIT, e->at, e->length,
				     "an expression is nested deeper than %d operations", IC_PARSE_TREE_MAX);
	return e;
}

/* The text of e: from byte `from` to the end of the last token. */
static ic_aql_expr *sourced(const ic_parser *p, ic_aql_expr *e, uint32_t from)
{
	if (e)
		e->source = (ic_str){ p->lex.text.p + from, p->last_end - from };
	return e;
}

static ic_aql_expr *binary(ic_parser *p, unsigned least);

ic_aql_expr *ic_aql_expression(ic_parser *p)
{
	return binary(p, OR);
}

/* ---- primaries ------------------------------------------------------------------------ */

/* A hint if the parser just failed and has none. */
static void *way(ic_parser *p, const char *text)
{
	if (p->status != IC_OK && !p->diag->hint[0])
		ic_diag_hint(p->diag, "%s", text);
	return NULL;
}

static bool closing(ic_parser *p, ic_place opened, const char *what)
{
	if (ic_expect_sign(p, ')', what))
		return true;
	if (!p->diag->hint[0])
		ic_diag_hint(p->diag, "the bracket opened at %u:%u is not closed", opened.line,
			     opened.column);
	return false;
}

static ic_aql_expr *bracketed(ic_parser *p)
{
	uint32_t from = p->tok.pos;
	ic_place at = p->tok.at;
	if (!ic_parse_enter(p))
		return NULL;
	ic_next(p);
	if (ic_is_word(p, "SELECT"))
		return ic_aql_refuse(p, "sub-select here",
				     "a sub-select may stand in FROM and IN (SELECT ...)");
	ic_aql_expr *e = ic_aql_expression(p);
	if (!e || !closing(p, at, "`)`"))
		return NULL;
	ic_parse_leave(p);
	e->glued = false;
	return sourced(p, e, from);
}

/* Functions of SQL that AQL has under another name or not at all. */
static bool foreign_function(ic_parser *p, ic_str name)
{
	static const struct {
		const char *name, *way;
	} functions[] = {
		{ "STRING_AGG",
		  "AQL gives one value a group: FIRST(field), LAST(field), UNIQUECOUNT(field)" },
		{ "GROUP_CONCAT",
		  "AQL gives one value a group: FIRST(field), LAST(field), UNIQUECOUNT(field)" },
		{ "LISTAGG", "AQL gives one value a group: FIRST(field), LAST(field), UNIQUECOUNT(field)" },
		{ "ARRAY_AGG", "AQL gives one value a group: FIRST(field), LAST(field), UNIQUECOUNT(field)" },
		{ "CAST", "use LONG(x), DOUBLE(x) or STR(x)" },
		{ "INT", "use LONG(x)" },
		{ "INTEGER", "use LONG(x)" },
		{ "CONVERT", "use LONG(x), DOUBLE(x) or STR(x)" },
		{ "TO_DATE", "use PARSEDATETIME(text), in milliseconds since 1970" },
		{ "STRFTIME", "use DATEFORMAT(starttime, 'yyyy-MM-dd HH:mm')" },
		{ "FORMAT", "use DATEFORMAT(starttime, 'yyyy-MM-dd HH:mm') or STR(x)" },
		{ "DATE", "use DATEFORMAT(starttime, 'yyyy-MM-dd')" },
		{ "HOUR", "use DATEFORMAT(starttime, 'HH')" },
		{ "AGO", "use NOW() - 3600000, in milliseconds, or end the query with LAST 1 HOURS" },
		{ "ISNULL", "write x IS NULL" },
		{ "ISNOTNULL", "write x IS NOT NULL" },
		{ "ISEMPTY", "write x IS NULL, or x = ''" },
		{ "NVL", "use COALESCE(x, otherwise)" },
		{ "IIF", "write IF condition THEN a ELSE b" },
		{ "CONTAINS", "write x ILIKE '%text%'" },
		{ "STARTSWITH", "write x ILIKE 'text%'" },
		{ "CIDRMATCH", "use INCIDR('10.0.0.0/8', x)" },
		{ "REPLACE", "use REPLACEALL(expression, text, replacement)" },
		{ "INSTR", "use STRPOS(text, part)" },
		{ "CHARINDEX", "use STRPOS(text, part)" },
		{ "DCOUNT", "use UNIQUECOUNT(field)" },
		{ "COUNT_DISTINCT", "use UNIQUECOUNT(field)" },
		{ "APPROX_COUNT_DISTINCT", "use UNIQUECOUNT(field)" },
		{ "COUNTIF", "use SUM(CASE WHEN condition THEN 1 ELSE 0 END)" },
		{ "COUNT_IF", "use SUM(CASE WHEN condition THEN 1 ELSE 0 END)" },
		{ "EXTRACT", "use DATEFORMAT(starttime, 'HH') for a part of a time" },
		{ "DATE_TRUNC", "use DATEFORMAT(starttime, 'yyyy-MM-dd HH') or starttime / 3600000" },
		{ "IFNULL", "use COALESCE(x, otherwise)" },
		{ "SUBSTR", "use SUBSTRING(text, start, length)" },
		{ "REGEXP_LIKE", "use MATCHES or IMATCHES" },
		{ "REGEXP_EXTRACT", "use REPLACEALL(expression, text, '$1')" },
		{ "LEN", "use STRLEN(text)" },
		{ "TRIM", "use REPLACEALL('^ +| +$', text, '')" },
		{ "TO_CHAR", "use DATEFORMAT(starttime, 'yyyy-MM-dd HH:mm') or STR(x)" },
		{ "DATE_FORMAT", "use DATEFORMAT(starttime, 'yyyy-MM-dd HH:mm')" },
		{ "DATEDIFF", "times are milliseconds: subtract them" },
		{ "GETDATE", "use NOW(), in milliseconds" },
		{ "UNIX_TIMESTAMP",
		  "starttime is in milliseconds since 1970; PARSEDATETIME(text) gives them of a text" },
		{ "PERCENTILE", "AQL has AVG, STDEV, MIN and MAX" },
		{ "MEDIAN", "AQL has AVG, STDEV, MIN and MAX" },
	};
	for (size_t i = 0; i < sizeof functions / sizeof *functions; i++) {
		if (ic_str_ieq(name, ic_str_of(functions[i].name))) {
			ic_parse_fail(p, IC_DIAG_UNSUPPORTED, p->tok.at, p->tok.length, "AQL has no %s",
				      functions[i].name);
			ic_diag_hint(p->diag, "%s", functions[i].way);
			return true;
		}
	}
	return false;
}

static ic_aql_expr *distinct_argument(ic_parser *p, ic_str name)
{
	ic_parse_fail(p, IC_DIAG_UNSUPPORTED, p->tok.at, p->tok.length, "AQL has no %.*s(DISTINCT ...)",
		      name.n > 40 ? 40 : (int)name.n, name.p);
	ic_diag_hint(p->diag, "%s", "use UNIQUECOUNT(field)");
	return NULL;
}

/* The name is the current token, a bracket behind it. */
static ic_aql_expr *call(ic_parser *p)
{
	uint32_t from = p->tok.pos;
	ic_aql_expr *e = expr_new(p, IC_AX_CALL, &p->tok);
	if (!e || foreign_function(p, ic_token_text(p)) || !ic_parse_enter(p))
		return NULL;
	e->call.name = ic_token_text(p);
	ic_next(p);
	ic_place at = p->tok.at;
	ic_next(p);
	while (!ic_is_sign(p, ')')) {
		ic_aql_list *args = &e->call.args;
		if (ic_is_word(p, "DISTINCT"))
			return distinct_argument(p, e->call.name);
		if (!IC_PARSE_ROOM(p, args->expr, args->n))
			return NULL;
		ic_token t = p->tok;
		if (ic_take_sign(p, '*'))
			args->expr[args->n] = sourced(p, expr_new(p, IC_AX_STAR, &t), t.pos);
		else
			args->expr[args->n] = ic_aql_expression(p);
		if (!above(p, e, args->expr[args->n]))
			return NULL;
		args->n++;
		if (!ic_take_sign(p, ','))
			break;
		if (ic_is_sign(p, ')'))
			return ic_expected(p, "an argument");
	}
	if (!closing(p, at, "`,` or `)`"))
		return NULL;
	ic_parse_leave(p);
	if (ic_is_word(p, "OVER")) {
		ic_aql_foreign(p);
		return NULL;
	}
	return sourced(p, e, from);
}

static bool choice_item(ic_parser *p, ic_aql_expr *e)
{
	ic_aql_list *list = &e->choice.when;
	if (!IC_PARSE_ROOM(p, list->expr, list->n) || !(list->expr[list->n] = ic_aql_expression(p)) ||
	    !above(p, e, list->expr[list->n]))
		return false;
	list->n++;
	return true;
}

static bool choice_else(ic_parser *p, ic_aql_expr *e)
{
	if (!ic_take_word(p, "ELSE"))
		return true;
	e->choice.last = ic_aql_expression(p);
	return above(p, e, e->choice.last) != NULL;
}

#define CASE_FORM "CASE is written CASE WHEN condition THEN a ELSE b END"

/* CASE [x] WHEN a THEN b ... [ELSE c] END */
static ic_aql_expr *case_of(ic_parser *p)
{
	uint32_t from = p->tok.pos;
	ic_aql_expr *e = expr_new(p, IC_AX_CASE, &p->tok);
	if (!e || !ic_parse_enter(p))
		return NULL;
	ic_next(p);
	if (!ic_is_word(p, "WHEN")) {
		e->choice.of = ic_aql_expression(p);
		if (!above(p, e, e->choice.of))
			return NULL;
	}
	if (!ic_is_word(p, "WHEN")) {
		ic_expected(p, "WHEN");
		return way(p, CASE_FORM);
	}
	while (ic_take_word(p, "WHEN"))
		if (!choice_item(p, e) || !ic_expect_word(p, "THEN") || !choice_item(p, e))
			return way(p, CASE_FORM);
	if (!choice_else(p, e) || !ic_expect_word(p, "END"))
		return way(p, CASE_FORM);
	ic_parse_leave(p);
	return sourced(p, e, from);
}

/* IF a THEN b ELSE c, without END */
static ic_aql_expr *if_of(ic_parser *p)
{
	uint32_t from = p->tok.pos;
	ic_aql_expr *e = expr_new(p, IC_AX_CASE, &p->tok);
	if (!e || !ic_parse_enter(p))
		return NULL;
	ic_next(p);
	if (!choice_item(p, e) || !ic_expect_word(p, "THEN") || !choice_item(p, e) || !choice_else(p, e))
		return way(p, "IF is written IF condition THEN a ELSE b");
	ic_parse_leave(p);
	return sourced(p, e, from);
}

static ic_aql_expr *text_search(ic_parser *p)
{
	ic_aql_expr *e = expr_new(p, IC_AX_SEARCH, &p->tok);
	uint32_t from = p->tok.pos;
	ic_next(p);
	ic_next(p);
	if (p->tok.kind != IC_TOKEN_TEXT)
		return ic_expected(p, "a text in single quotes");
	if (!e)
		return NULL;
	e->text = ic_aql_unquote(p->arena, ic_token_text(p));
	if (!e->text.p)
		return ic_parse_nomem(p);
	ic_next(p);
	return sourced(p, e, from);
}

static ic_aql_expr *simple(ic_parser *p, ic_aql_expr_kind kind)
{
	ic_token t = p->tok;
	ic_aql_expr *e = expr_new(p, kind, &t);
	if (!e)
		return NULL;
	if (kind == IC_AX_NUMBER)
		e->value = t.value;
	else if (kind == IC_AX_BOOL)
		e->value = ic_value_bool(ic_is_word(p, "TRUE"));
	else if (kind == IC_AX_NAME)
		e->text = ic_token_text(p);
	else if (kind != IC_AX_NULL && !(e->text = ic_aql_unquote(p->arena, ic_token_text(p))).p)
		return ic_parse_nomem(p);
	ic_next(p);
	return sourced(p, e, t.pos);
}

static ic_aql_expr *word(ic_parser *p)
{
	ic_token next = ic_peek(p);
	bool open = next.kind == IC_TOKEN_SIGN && next.sign == '(';
	if (ic_is_word(p, "CASE"))
		return case_of(p);
	if (ic_is_word(p, "IF") && (open || next.kind != IC_TOKEN_SIGN))
		return if_of(p);
	if (ic_is_word(p, "TEXT") && next.kind == IC_TOKEN_NAME)
		return text_search(p);
	if (ic_is_word(p, "NULL"))
		return simple(p, IC_AX_NULL);
	if (open && (!ic_aql_reserved(ic_token_text(p)) || ic_is_word(p, "LAST")))
		return call(p);
	if (ic_is_word(p, "INTERVAL") && (next.kind == IC_TOKEN_TEXT || next.kind == IC_TOKEN_NUMBER)) {
		ic_aql_foreign(p);
		return NULL;
	}
	if (ic_is_word(p, "TRUE") || ic_is_word(p, "FALSE"))
		return simple(p, IC_AX_BOOL);
	if (ic_aql_reserved(ic_token_text(p)))
		return ic_expected(p, "an expression");
	return simple(p, IC_AX_NAME);
}

ic_aql_expr *ic_aql_operand(ic_parser *p)
{
	switch (p->tok.kind) {
	case IC_TOKEN_NUMBER: return simple(p, IC_AX_NUMBER);
	case IC_TOKEN_TEXT: return simple(p, IC_AX_TEXT);
	case IC_TOKEN_FIELD: return simple(p, IC_AX_FIELD);
	case IC_TOKEN_NAME: return word(p);
	default: return ic_is_sign(p, '(') ? bracketed(p) : ic_expected(p, "an expression");
	}
}

static ic_aql_expr *unary(ic_parser *p)
{
	ic_token t = p->tok;
	if (!ic_is_sign(p, '-') && !ic_is_sign(p, '+'))
		return ic_aql_operand(p);
	ic_next(p);
	ic_aql_expr *operand = ic_aql_operand(p);
	if (!operand || t.sign == '+')
		return operand;
	ic_aql_expr *e = expr_new(p, IC_AX_NEGATE, &t);
	if (!above(p, e, operand))
		return NULL;
	e->operand = operand;
	return sourced(p, e, t.pos);
}

/* ---- infix ---------------------------------------------------------------------------- */

static ic_aql_expr *not_of(ic_parser *p, const ic_token *at, uint32_t from, ic_aql_expr *operand)
{
	ic_aql_expr *e = expr_new(p, IC_AX_NOT, at);
	if (!above(p, e, operand))
		return NULL;
	e->operand = operand;
	return sourced(p, e, from);
}

static ic_aql_expr *in_of(ic_parser *p, ic_aql_expr *left, const ic_token *at)
{
	ic_aql_expr *e = expr_new(p, IC_AX_IN, at);
	ic_place opened = p->tok.at;
	if (!above(p, e, left) || !ic_parse_enter(p) || !ic_expect_sign(p, '(', "`(` and a list"))
		return way(p, "write IN ('a', 'b')");
	e->in.left = left;
	if (ic_is_word(p, "SELECT")) {
		ic_parse_leave(p);
		return (e->in.query = ic_aql_sub_select(p)) ? e : NULL;
	}
	do {
		ic_aql_list *list = &e->in.list;
		if (!IC_PARSE_ROOM(p, list->expr, list->n) || !(list->expr[list->n] = ic_aql_expression(p)) ||
		    !above(p, e, list->expr[list->n]))
			return NULL;
		list->n++;
	} while (ic_take_sign(p, ','));
	if (!closing(p, opened, "`,` or `)`"))
		return NULL;
	ic_parse_leave(p);
	return e;
}

static ic_aql_expr *between_of(ic_parser *p, ic_aql_expr *left, const ic_token *at)
{
	ic_aql_expr *e = expr_new(p, IC_AX_BETWEEN, at);
	if (!above(p, e, left))
		return NULL;
	e->between.what = left;
	e->between.low = binary(p, SUM);
	if (!above(p, e, e->between.low) || !ic_expect_word(p, "AND"))
		return NULL;
	e->between.high = binary(p, SUM);
	return above(p, e, e->between.high);
}

static ic_aql_expr *is_null_of(ic_parser *p, ic_aql_expr *left, const ic_token *at, uint32_t from)
{
	bool negated = ic_take_word(p, "NOT");
	if (!ic_expect_word(p, "NULL"))
		return NULL;
	ic_aql_expr *e = expr_new(p, IC_AX_IS_NULL, at);
	if (!above(p, e, left))
		return NULL;
	e->operand = left;
	sourced(p, e, from);
	return negated ? not_of(p, at, from, e) : e;
}

static ic_aql_expr *binary_node(ic_parser *p, ic_fn_id fn, const ic_token *at, ic_aql_expr *left,
				ic_aql_expr *right)
{
	ic_aql_expr *e = expr_new(p, IC_AX_BINARY, at);
	if (!above(p, e, left) || !above(p, e, right))
		return NULL;
	e->binary.fn = fn;
	e->binary.left = left;
	e->binary.right = right;
	const char *begin = left->source.p, *end = right->source.p + right->source.n;
	e->source = (ic_str){ begin, (uint32_t)(end - begin) };
	/* cs-host: two names and a sign without a blank */
	bool left_name = left->glued || (left->kind == IC_AX_NAME && left->source.n == left->text.n);
	e->glued = fn == IC_FN_SQL_SUB && left_name && right->kind == IC_AX_NAME &&
		   left->source.n + 1 + right->source.n == e->source.n;
	return e;
}

typedef struct chain {
	ic_aql_expr *operand;
	ic_token at;
} chain;

/* A balanced tree: long lists of conditions make no deep one. */
static ic_aql_expr *balanced(ic_parser *p, ic_fn_id fn, const chain *c, uint32_t n)
{
	if (n == 1)
		return c->operand;
	uint32_t half = (n + 1) / 2;
	ic_aql_expr *left = balanced(p, fn, c, half), *right = balanced(p, fn, c + half, n - half);
	return left && right ? binary_node(p, fn, &c[half].at, left, right) : NULL;
}

static ic_aql_expr *logical(ic_parser *p, const infix *op, ic_aql_expr *first)
{
	chain *c = NULL;
	uint32_t n = 0;
	bool negated;
	ic_token at = p->tok;
	do {
		if (!IC_PARSE_ROOM(p, c, n))
			return NULL;
		c[n++] = (chain){ first, at };
		if (infix_here(p, &negated) != op)
			return balanced(p, op->fn, c, n);
		at = p->tok;
		ic_next(p);
		first = binary(p, op->precedence + 1u);
	} while (first);
	return NULL;
}

static ic_aql_expr *compare(ic_parser *p, const infix *op, bool negated, ic_aql_expr *left, uint32_t from)
{
	ic_aql_expr *e;
	if (negated)
		ic_next(p);
	ic_token at = p->tok;
	ic_next(p);
	if (op->fn == IC_FN_SQL_IN) {
		e = in_of(p, left, &at);
	} else if (op->fn == IC_FN_SQL_BETWEEN) {
		e = between_of(p, left, &at);
	} else if (op->fn == IC_FN_SQL_IS_NULL) {
		return is_null_of(p, left, &at, from);
	} else {
		ic_aql_expr *right = binary(p, op->precedence + 1u);
		e = right ? binary_node(p, op->fn, &at, left, right) : NULL;
	}
	e = sourced(p, e, from);
	return e && negated ? not_of(p, &at, from, e) : e;
}

static ic_aql_expr *prefix_not(ic_parser *p)
{
	ic_token at = p->tok;
	if (!ic_parse_enter(p))
		return NULL;
	ic_next(p);
	ic_aql_expr *operand = binary(p, NOT);
	ic_parse_leave(p);
	return operand ? not_of(p, &at, at.pos, operand) : NULL;
}

static ic_aql_expr *binary(ic_parser *p, unsigned least)
{
	uint32_t from = p->tok.pos;
	bool negated;
	ic_aql_expr *left = least <= NOT && ic_is_word(p, "NOT") ? prefix_not(p) : unary(p);
	while (left) {
		const infix *op = infix_here(p, &negated);
		if (!op || op->precedence < least)
			return left;
		left = op->precedence <= AND ? logical(p, op, left) : compare(p, op, negated, left, from);
	}
	return NULL;
}
