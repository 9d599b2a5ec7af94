/* SPDX-License-Identifier: Apache-2.0 */
/* Tokens, names and statements. */
#include "lang/kql/parser.h"

static bool hyphened(unsigned char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
	       c == '_';
}

ic_str ic_kql_hyphened(ic_parser *p)
{
	ic_str word = ic_kql_lex_run(&p->lex, &p->tok, hyphened);
	p->tok.length = word.n;
	ic_next(p);
	return word;
}

bool ic_kql_note_at(ic_parser *p, ic_place at, const char *text)
{
	if (!IC_PARSE_ROOM(p, ic_kql_own(p)->note, ic_kql_own(p)->notes))
		return false;
	ic_kql_own(p)->note[ic_kql_own(p)->notes++] = (ic_kql_note){ at, text };
	return true;
}

#define COMMENTS "comments begin with //"

/* ---- names ---------------------------------------------------------------------------- */

/* what Kusto's own parser refuses as a bare name */
static const char *const reserved[] = {
	"and",	    "or",	   "in",	 "between",	  "has",       "has_cs",
	"has_any",  "has_all",	   "hasprefix",	 "hasprefix_cs",  "hassuffix", "hassuffix_cs",
	"contains", "contains_cs", "startswith", "startswith_cs", "endswith",  "endswith_cs",
	"matches",  "by",	   "asc",	 "desc",	  "first",     "last",
	"true",	    "false",	   "let",	 "typeof",	  "in~",       "missing",
};

bool ic_kql_reserved(ic_str word)
{
	if (word.n && word.p[0] == '!')
		return true;
	for (size_t i = 0; i < sizeof reserved / sizeof *reserved; i++)
		if (ic_str_eq(word, ic_str_of(reserved[i])))
			return true;
	return false;
}

/* The reserved word that this is in other letters: AND, In, DESC; NULL: none. */
static const char *in_small_letters(ic_str word)
{
	for (size_t i = 0; i < sizeof reserved / sizeof *reserved; i++)
		if (ic_str_ieq(word, ic_str_of(reserved[i])) && !ic_str_eq(word, ic_str_of(reserved[i])))
			return reserved[i];
	return NULL;
}

/* ['name'] or ["name"]: is it here? */
static bool bracket_name_here(const ic_parser *p)
{
	if (!ic_is_sign(p, '['))
		return false;
	ic_lexer l = p->lex;
	if (ic_kql_lex(&l).kind != IC_TOKEN_TEXT)
		return false;
	ic_token t = ic_kql_lex(&l);
	return t.kind == IC_TOKEN_SIGN && t.sign == ']';
}

bool ic_kql_name_here(const ic_parser *p)
{
	return (p->tok.kind == IC_TOKEN_NAME && !ic_kql_reserved(ic_token_text(p))) || bracket_name_here(p);
}

bool ic_kql_name_of(ic_parser *p, const char *what, ic_kql_name *ret)
{
	if (!ic_kql_name_here(p))
		return ic_expected(p, what);
	*ret = (ic_kql_name){ ic_token_text(p), p->tok.at, p->tok.length };
	if (p->tok.kind == IC_TOKEN_SIGN) {
		uint32_t start = p->tok.pos;
		ic_next(p);
		p->status = ic_kql_string(p->arena, ic_token_text(p), &ret->text, p->tok.at, p->diag);
		if (p->status != IC_OK)
			return false;
		ic_next(p);
		ret->length = p->tok.pos + 1 - start;
	}
	ic_next(p);
	return true;
}

ic_kql_name *ic_kql_copy_name(ic_parser *p, ic_kql_name name)
{
	ic_kql_name *copy = ic_arena_alloc(p->arena, sizeof *copy);
	if (!copy)
		return ic_parse_nomem(p);
	*copy = name;
	return copy;
}

bool ic_kql_type_of(ic_parser *p, ic_qtype *ret)
{
	int t = p->tok.kind == IC_TOKEN_NAME ? ic_qtype_find(ic_token_text(p)) : -1;
	if (t < 0) {
		ic_expected(p, "a type");
		if (p->diag->set)
			ic_diag_hint(p->diag,
				     "types are bool, int, long, real, decimal, string, datetime, timespan, "
				     "dynamic and guid");
		return false;
	}
	*ret = (ic_qtype)t;
	ic_next(p);
	return true;
}

bool ic_kql_typeof(ic_parser *p, ic_qtype *ret)
{
	if (!ic_expect_word(p, "typeof") || !ic_expect_sign(p, '(', "`(`"))
		return false;
	if (ic_is_sign(p, '*')) {
		ic_parse_fail(p, IC_DIAG_UNSUPPORTED, p->tok.at, p->tok.length, "typeof(*) is not supported");
		ic_diag_hint(p->diag, "it belongs to plugins that run Python or R, which do not run here");
		return false;
	}
	return ic_kql_type_of(p, ret) && ic_expect_sign(p, ')', "`)`");
}

static bool column_of(ic_parser *p, ic_kql_column *c, bool with_values)
{
	*c = (ic_kql_column){ 0 };
	if (!ic_kql_name_of(p, "a column name", &c->name) || !ic_expect_sign(p, ':', "`:` and a type") ||
	    !ic_kql_type_of(p, &c->type))
		return false;
	if (with_values && ic_take_sign(p, '='))
		return (c->value = ic_kql_scalar(p)) != NULL;
	return true;
}

bool ic_kql_columns_of(ic_parser *p, ic_kql_columns *ret, bool *star, bool with_values)
{
	*ret = (ic_kql_columns){ 0 };
	if (!ic_expect_sign(p, '(', "`(` and the columns"))
		return false;
	while (!ic_is_sign(p, ')')) {
		if (star && ic_take_sign(p, '*')) {
			*star = true;
		} else {
			if (!IC_PARSE_ROOM(p, ret->column, ret->n) ||
			    !column_of(p, &ret->column[ret->n], with_values))
				return false;
			if (++ret->n > IC_MAX_COLUMNS)
				return ic_parse_fail(p, IC_DIAG_LIMIT, p->tok.at, 1, "more than %d columns",
						     IC_MAX_COLUMNS);
		}
		if (!ic_take_sign(p, ','))
			break;
	}
	return ic_expect_sign(p, ')', "`,` or `)`");
}

/* ---- statements ----------------------------------------------------------------------- */

typedef struct statements {
	ic_kql_stmt *stmt;
	uint32_t n;
} statements;

static bool param_of(ic_parser *p, ic_kql_param *ret)
{
	*ret = (ic_kql_param){ 0 };
	if (!ic_kql_name_of(p, "a parameter's name", &ret->name) || !ic_expect_sign(p, ':', "`:` and a type"))
		return false;
	if (ic_is_sign(p, '(')) {
		ret->tabular = true;
		return ic_kql_columns_of(p, &ret->columns, &ret->any_columns, false);
	}
	if (!ic_kql_type_of(p, &ret->type))
		return false;
	if (ic_take_sign(p, '='))
		return (ret->value = ic_kql_scalar(p)) != NULL;
	return true;
}

static bool params_of(ic_parser *p, ic_kql_stmt *s)
{
	if (!ic_expect_sign(p, '(', "`(` and the parameters"))
		return false;
	while (!ic_is_sign(p, ')')) {
		if (!IC_PARSE_ROOM(p, s->param, s->params) || !param_of(p, &s->param[s->params]))
			return false;
		s->params++;
		if (!ic_take_sign(p, ','))
			break;
	}
	return ic_expect_sign(p, ')', "`,` or `)`");
}

static bool block_of(ic_parser *p, bool function, ic_kql_block *ret);

static bool function_of(ic_parser *p, ic_kql_stmt *s)
{
	ic_kql_block *body = ic_arena_alloc(p->arena, sizeof *body);
	if (!body)
		return ic_parse_nomem(p);
	s->kind = IC_KS_FUNCTION;
	s->body = body;
	return params_of(p, s) && ic_expect_sign(p, '{', "`{` and the function's body") &&
	       ic_parse_enter(p) && block_of(p, true, body) && (ic_parse_leave(p), true) &&
	       ic_expect_sign(p, '}', "`}` at the end of the function");
}

/* (a: long, ...) { or () { : is it a function, not an expression in brackets? */
static bool function_here(const ic_parser *p)
{
	if (!ic_is_sign(p, '('))
		return false;
	ic_lexer l = p->lex;
	ic_token t = ic_kql_lex(&l);
	if (t.kind == IC_TOKEN_SIGN && t.sign == ')') {
		t = ic_kql_lex(&l);
		return t.kind == IC_TOKEN_SIGN && t.sign == '{';
	}
	if (t.kind == IC_TOKEN_SIGN && t.sign == '[') {
		ic_kql_lex(&l);
		ic_kql_lex(&l);
	} else if (t.kind != IC_TOKEN_NAME) {
		return false;
	}
	t = ic_kql_lex(&l);
	return t.kind == IC_TOKEN_SIGN && t.sign == ':';
}

static bool let_of(ic_parser *p, ic_kql_stmt *s)
{
	ic_next(p);
	s->kind = IC_KS_LET;
	if (!ic_kql_name_of(p, "a name", &s->name) || !ic_expect_sign(p, '=', "`=`"))
		return false;
	if (ic_is_word(p, "view")) {
		ic_token next = ic_peek(p);
		if (next.kind == IC_TOKEN_SIGN && next.sign == '(') {
			ic_next(p);
			s->view = true;
			return function_of(p, s);
		}
	}
	if (function_here(p))
		return function_of(p, s);
	if (!ic_parse_enter(p))
		return false;
	s->value = ic_kql_either(p);
	ic_parse_leave(p);
	return s->value != NULL;
}

static bool declare_of(ic_parser *p, ic_kql_stmt *s)
{
	ic_next(p);
	s->kind = IC_KS_DECLARE;
	if (ic_is_word(p, "pattern"))
		return ic_parse_fail(p, IC_DIAG_UNSUPPORTED, p->tok.at, p->tok.length,
				     "`declare pattern` is not supported");
	return ic_expect_word(p, "query_parameters") && params_of(p, s);
}

static bool set_of(ic_parser *p, ic_kql_stmt *s)
{
	ic_next(p);
	s->kind = IC_KS_SET;
	if (!ic_kql_name_of(p, "an option's name", &s->name))
		return false;
	return !ic_take_sign(p, '=') || (s->value = ic_kql_scalar(p)) != NULL;
}

/* `word` begins a statement only if a name follows: `set`, `let`... could be tables too. */
static bool statement_here(const ic_parser *p, const char *word)
{
	if (!ic_is_word(p, word))
		return false;
	ic_token next = ic_peek(p);
	return next.kind == IC_TOKEN_NAME || (next.kind == IC_TOKEN_SIGN && next.sign == '[');
}

/* One statement that is not the result. *none: there is none here. */
static bool statement_of(ic_parser *p, ic_kql_stmt *s, bool *none)
{
	*none = false;
	*s = (ic_kql_stmt){ 0 };
	if (ic_is_word(p, "let"))
		return let_of(p, s);
	if (statement_here(p, "declare"))
		return declare_of(p, s);
	if (statement_here(p, "set"))
		return set_of(p, s);
	if (statement_here(p, "alias") || statement_here(p, "restrict"))
		return ic_parse_fail(p, IC_DIAG_UNSUPPORTED, p->tok.at, p->tok.length,
				     "`%.*s` statements are not supported", (int)p->tok.length,
				     p->lex.text.p + p->tok.pos);
	if (ic_is_sign(p, '.') || ic_is_sign(p, '#')) {
		ic_parse_fail(p, IC_DIAG_UNSUPPORTED, p->tok.at, 1,
			      "management commands are not supported: a query only reads");
		if (ic_is_sign(p, '#'))
			ic_diag_hint(p->diag, COMMENTS);
		return false;
	}
	ic_token next = ic_peek(p);
	if (ic_is_sign(p, '-') && next.kind == IC_TOKEN_SIGN && next.sign == '-') {
		ic_parse_fail(p, IC_DIAG_SYNTAX, p->tok.at, 2, "expected a table, found `--`");
		ic_diag_hint(p->diag, COMMENTS);
		return false;
	}
	*none = true;
	return true;
}

/* The tabular expression that a query ends in. */
static ic_kql_expr *query_of(ic_parser *p)
{
	if (ic_kql_tabular_here(p, true))
		return ic_kql_pipe_of(p, NULL);
	ic_kql_expr *source = ic_kql_table(p, false);
	if (!source)
		return NULL;
	if (p->depth == 0)
		p->complete = p->last_end;
	return ic_is_sign(p, '|') ? ic_kql_pipe_of(p, source) : source;
}

/* Does the current word begin a line? Then a `;` was forgotten before it. */
static bool begins_line(const ic_parser *p)
{
	if (p->tok.kind != IC_TOKEN_NAME)
		return false;
	uint32_t i = p->tok.pos;
	while (i > p->last_end && (p->lex.text.p[i - 1] == ' ' || p->lex.text.p[i - 1] == '\t'))
		i--;
	return i > p->last_end && p->lex.text.p[i - 1] == '\n';
}

static bool note_missing(ic_parser *p)
{
	return ic_kql_note_at(p, p->tok.at, "a `;` is missing in front of this line");
}

/* Is there more behind a query? Kusto gives the result of each; here the last one counts. */
static bool more_behind(ic_parser *p, const ic_kql_expr *result)
{
	bool closed = ic_is_sign(p, ';');
	bool let = ic_is_word(p, "let") && begins_line(p);
	if (ic_kql_own(p)->prefix || (!closed && !let)) {
		if (closed)
			ic_next(p);
		return false;
	}
	while (ic_take_sign(p, ';'))
		;
	if (p->tok.kind == IC_TOKEN_END)
		return false;
	return (closed || note_missing(p)) &&
	       ic_kql_note_at(p, result->at,
			      "only the last query of the text gives rows; this one is not run");
}

/* let and other statements; stops where none begins. */
static bool statements_of(ic_parser *p, statements *list)
{
	for (;;) {
		bool none;
		while (ic_take_sign(p, ';'))
			;
		if (!IC_PARSE_ROOM(p, list->stmt, list->n) || !statement_of(p, &list->stmt[list->n], &none))
			return false;
		if (none)
			return true;
		list->n++;
		if (ic_is_sign(p, ';'))
			continue;
		if (ic_kql_own(p)->prefix || !begins_line(p))
			return ic_expected(p, "`;` at the end of the statement");
		if (!note_missing(p))
			return false;
	}
}

static bool block_of(ic_parser *p, bool function, ic_kql_block *ret)
{
	statements list = { 0 };
	*ret = (ic_kql_block){ 0 };
	do {
		if (!statements_of(p, &list))
			return false;
		ret->stmt = list.stmt;
		ret->stmts = list.n;
		if (p->tok.kind == IC_TOKEN_END && ret->result) /* only statements behind a query */
			break;
		if (p->tok.kind == IC_TOKEN_END && list.n)
			return ic_expected(p, "a query behind the last `;`");
		ret->result = function ? ic_kql_either(p) : query_of(p);
		if (!ret->result)
			return false;
		if (function)
			while (ic_take_sign(p, ';'))
				;
	} while (!function && more_behind(p, ret->result));
	if (!function) {
		ret->note = ic_kql_own(p)->note;
		ret->notes = ic_kql_own(p)->notes;
	}
	return p->status == IC_OK;
}

/* ---- entries -------------------------------------------------------------------------- */

/* `1 day`: the word is a unit of time behind a number, which is not the end of a name. */
static bool unit_apart(const ic_parser *p, ic_str word)
{
	static const char *const units[] = { "day", "hour", "min", "sec", "week" };
	const bool letter = word.n == 1 && strchr("dhms", word.p[0]);
	const char *text = p->lex.text.p;
	size_t from = p->last_end;
	while (from && ic_is_digit((unsigned char)text[from - 1]))
		from--;
	const bool in_name = from && ic_is_letter((unsigned char)text[from - 1]);
	const bool number = from < p->last_end && !in_name;
	for (size_t i = 0; number && i < sizeof units / sizeof *units; i++)
		if (ic_str_istarts(word, ic_str_of(units[i])))
			return true;
	return number && letter;
}

/* About a word that stands where it cannot. */
static void hint_word(ic_parser *p, ic_str word)
{
	int n = word.n > 40 ? 40 : (int)word.n;
	if (p->tok.kind != IC_TOKEN_NAME)
		return;
	const char *small = in_small_letters(word);
	if (small)
		ic_diag_hint(p->diag, "words of the language have small letters: `%s`", small);
	else if (unit_apart(p, word))
		ic_diag_hint(p->diag,
			     "a span is a number and its unit in one word, such as 7d, 12h, 30m or 10s");
	else if (word.p[0] == '!')
		ic_diag_hint(p->diag, "write not(...) around the condition");
	else if (ic_kql_reserved(word) && p->last_end && p->lex.text.p[p->last_end - 1] == ',')
		ic_diag_hint(p->diag, "the `,` in front of `%.*s` is one too many", n, word.p);
	else if (ic_kql_reserved(word))
		ic_diag_hint(p->diag, "`%.*s` is a word of the language; as a name it is written ['%.*s']", n,
			     word.p, n, word.p);
}

static const ic_grammar grammar = { .lex = ic_kql_lex, .hint = hint_word };

/* What people of other languages write, and what KQL has instead. */
static const struct {
	const char *found, *hint;
} habits[] = {
	{ "like", "use `contains`, `startswith` or `matches regex`" },
	{ "ilike", "use `contains`, `startswith` or `matches regex`" },
	{ "is", "use isnull(...) or isempty(...)" },
	{ "not", "write !in, !contains, !has..., or not(...) around the condition" },
	{ "group", "write `by` alone" },
	{ "as", "a new name stands first: new = old; as an operator, `as` needs a `|` in front" },
	{ "ascending", "write `asc`" },
	{ "descending", "write `desc`" },
	{ "=", "did you mean `==`?" },
	{ "=>", "did you mean `>=`?" },
	{ "regex", "write `matches regex`" },
	{ "when", "write case(condition, value, condition, value, otherwise)" },
	{ ",", "conditions are joined by `and` and `or`" },
	{ ")", "no bracket is open here" },
	{ "#", COMMENTS },
	{ "(", "is this a function? `count` as an operator takes no brackets" },
};

/* Its operands are separated by commas. */
static bool takes_list(ic_kql_op_kind kind)
{
	return kind == IC_KO_EXTEND || kind == IC_KO_PROJECT || kind == IC_KO_PROJECT_AWAY ||
	       kind == IC_KO_PROJECT_KEEP || kind == IC_KO_DISTINCT || kind == IC_KO_SORT ||
	       kind == IC_KO_PRINT;
}

/* The current token is the first of its line, and an empty line or a comment is above it. */
static bool paragraph(const ic_parser *p)
{
	uint32_t lines = 0;
	for (uint32_t i = p->last_end; i < p->tok.pos; i++)
		lines += p->lex.text.p[i] == '\n';
	return lines > 1;
}

/* A hint for the token that cannot go on behind a query. */
static void hint_behind(ic_parser *p)
{
	ic_str text = p->lex.text, word = ic_token_text(p);
	ic_token next = ic_peek(p);
	int shown = word.n > 40 ? 40 : (int)word.n;
	if (p->last_end >= 3 && memcmp(text.p + p->last_end - 3, "not", 3) == 0) {
		ic_diag_hint(p->diag, "write not(...), with brackets");
		return;
	}
	for (size_t i = 0; i < sizeof habits / sizeof *habits; i++) {
		if (ic_str_ieq(word, ic_str_of(habits[i].found))) {
			ic_diag_hint(p->diag, "%s", habits[i].hint);
			return;
		}
	}
	if (p->tok.kind != IC_TOKEN_NAME || unit_apart(p, word) || in_small_letters(word))
		return;
	const char *near = ic_kql_near_infix(word);
	char front = p->last_end && p->last_end == p->tok.pos ? text.p[p->last_end - 1] : ' ';
	bool clause = ic_is_word(p, "with") || ic_is_word(p, "by") || ic_is_word(p, "on") ||
		      ic_is_word(p, "of") || ic_is_word(p, "to");
	if (front == '"' || front == '\'')
		ic_diag_hint(p->diag, "a quote inside of a string is written \\%c", front);
	else if (ic_kql_is_operator(word))
		ic_diag_hint(p->diag, "a `|` is missing in front of `%.*s`", shown, word.p);
	else if (paragraph(p))
		ic_diag_hint(p->diag, "if a second query begins here, leave it out, or let --extract do so");
	else if (near)
		ic_diag_hint(p->diag, "did you mean `%s`?", near);
	else if (ic_is_word(p, "by") && ic_kql_own(p)->last == IC_KO_TAKE)
		ic_diag_hint(p->diag, "`top 10 by a` takes the first rows of an order");
	else if (!clause && next.kind == IC_TOKEN_NAME)
		ic_diag_hint(p->diag, "text around the query, as on a web page, is taken away by --extract");
	else if (!clause && ic_kql_own(p)->last == IC_KO_SUMMARIZE)
		ic_diag_hint(p->diag, "a `by` or `,` is missing in front of `%.*s`", shown, word.p);
	else if (!clause && takes_list(ic_kql_own(p)->last))
		ic_diag_hint(p->diag, "a `,` is missing in front of `%.*s`", shown, word.p);
}

ic_status ic_kql_parse(ic_arena *a, ic_str text, ic_kql_block *ret, ic_diag *diag)
{
	return ic_kql_parse_text(a, text, (ic_place){ 0, 0 }, ret, diag);
}

ic_status ic_kql_parse_text(ic_arena *a, ic_str text, ic_place at, ic_kql_block *ret, ic_diag *diag)
{
	ic_kql_state own = { 0 };
	ic_parser p;
	ic_status s = ic_parser_init(&p, &grammar, a, text, at, diag);
	if (s != IC_OK)
		return s;
	p.own = &own;
	if (p.tok.kind == IC_TOKEN_END)
		return ic_diag_fail(diag, IC_DIAG_SYNTAX, (ic_place){ 1, 1 }, 1, "the query is empty");
	if (block_of(&p, false, ret) && p.tok.kind != IC_TOKEN_END) {
		ic_expected(&p, "`|` and an operator, or the end of the query");
		if (p.tok.kind != IC_TOKEN_BAD)
			hint_behind(&p);
	}
	return p.status;
}

void ic_kql_parse_prefix(ic_arena *a, ic_str text, ic_prefix *ret)
{
	ic_kql_state own = { .prefix = true };
	ic_parser p;
	ic_kql_block block;
	ic_diag diag = { 0 };
	*ret = (ic_prefix){ 0 };
	if (ic_parser_init(&p, &grammar, a, text, (ic_place){ 0, 0 }, &diag) != IC_OK)
		return;
	p.own = &own;
	bool whole = block_of(&p, false, &block);
	ret->seen = p.lex.pos;
	ret->stopped = p.tok.pos;
	ret->failed = !whole;
	ret->end = whole ? p.last_end : p.complete;
	ret->bare = block.stmts == 0 && (whole ? block.result->kind != IC_KE_PIPE : own.operators == 0);
}
