/* SPDX-License-Identifier: Apache-2.0 */
/* Tokens, names and statements. */
#include "lang/kql/parser.h"

#include <stdarg.h>
#include <stdio.h>

/* ---- tokens --------------------------------------------------------------------------- */

void ic_kql_next(ic_kql_parser *p)
{
	p->last_end = p->tok.pos + p->tok.length;
	p->tok = ic_kql_lex(&p->lex);
}

ic_kql_token ic_kql_peek(const ic_kql_parser *p)
{
	ic_kql_lexer l = p->lex;
	return ic_kql_lex(&l);
}

bool ic_kql_take_sign(ic_kql_parser *p, uint16_t sign)
{
	if (!ic_kql_is_sign(p, sign))
		return false;
	ic_kql_next(p);
	return true;
}

bool ic_kql_take_word(ic_kql_parser *p, const char *word)
{
	if (!ic_kql_is_word(p, word))
		return false;
	ic_kql_next(p);
	return true;
}

bool ic_kql_expect_sign(ic_kql_parser *p, uint16_t sign, const char *what)
{
	return ic_kql_take_sign(p, sign) || ic_kql_expected(p, what);
}

bool ic_kql_expect_word(ic_kql_parser *p, const char *word)
{
	if (ic_kql_take_word(p, word))
		return true;
	char what[40];
	snprintf(what, sizeof what, "`%s`", word);
	return ic_kql_expected(p, what);
}

static bool hyphened(unsigned char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
	       c == '_';
}

ic_str ic_kql_hyphened(ic_kql_parser *p)
{
	ic_str word = ic_kql_lex_run(&p->lex, &p->tok, hyphened);
	p->tok.length = word.n;
	ic_kql_next(p);
	return word;
}

/* ---- errors --------------------------------------------------------------------------- */

void *ic_kql_fail(ic_kql_parser *p, ic_diag_kind kind, ic_place at, uint32_t length, const char *fmt, ...)
{
	char text[400];
	va_list args;
	va_start(args, fmt);
	vsnprintf(text, sizeof text, fmt, args);
	va_end(args);
	ic_status s = ic_diag_fail(p->diag, kind, at, length, "%s", text);
	if (p->status == IC_OK)
		p->status = s;
	return NULL;
}

void *ic_kql_fail_nomem(ic_kql_parser *p)
{
	if (p->status == IC_OK)
		p->status = IC_E_NOMEM;
	return NULL;
}

void *ic_kql_expected(ic_kql_parser *p, const char *what)
{
	const ic_kql_token *t = &p->tok;
	if (p->status != IC_OK)
		return NULL;
	if (t->kind == IC_KT_BAD) {
		ic_kql_fail(p, IC_DIAG_SYNTAX, t->at, t->length, "%s", t->error);
		if (t->hint)
			ic_diag_hint(p->diag, "%s", t->hint);
		return NULL;
	}
	if (t->kind == IC_KT_END)
		return ic_kql_fail(p, IC_DIAG_SYNTAX, t->at, 1, "expected %s, found the end of the query",
				   what);
	int n = t->length > 40 ? 40 : (int)t->length;
	ic_kql_fail(p, IC_DIAG_SYNTAX, t->at, t->length, "expected %s, found `%.*s`%s", what, n,
		    p->lex.text.p + t->pos, t->length > 40 ? "..." : "");
	if (t->kind == IC_KT_NAME && ic_kql_reserved(ic_kql_text(p)))
		ic_diag_hint(p->diag, "`%.*s` is a word of the language; as a name it is written ['%.*s']", n,
			     p->lex.text.p + t->pos, n, p->lex.text.p + t->pos);
	return NULL;
}

bool ic_kql_room(ic_kql_parser *p, void **items, uint32_t n, size_t size)
{
	if (n >= IC_KQL_LIST_MAX)
		return ic_kql_fail(p, IC_DIAG_LIMIT, p->tok.at, p->tok.length,
				   "a list has more than %d items", IC_KQL_LIST_MAX);
	if (n != 0 && (n < 4 || (n & (n - 1)) != 0))
		return true;
	void *grown = ic_arena_alloc(p->arena, (n ? (size_t)n * 2 : 4) * size);
	if (!grown)
		return ic_kql_fail_nomem(p);
	if (n)
		memcpy(grown, *items, n * size);
	*items = grown;
	return true;
}

bool ic_kql_enter(ic_kql_parser *p)
{
	if (p->depth >= IC_KQL_DEPTH_MAX)
		return ic_kql_fail(p, IC_DIAG_LIMIT, p->tok.at, p->tok.length,
				   "the query is nested deeper than %d levels", IC_KQL_DEPTH_MAX);
	p->depth++;
	return true;
}

bool ic_kql_note_at(ic_kql_parser *p, ic_place at, const char *text)
{
	if (!IC_KQL_ROOM(p, p->note, p->notes))
		return false;
	p->note[p->notes++] = (ic_kql_note){ at, text };
	return true;
}

/* ---- names ---------------------------------------------------------------------------- */

bool ic_kql_reserved(ic_str word)
{
	/* what Kusto's own parser refuses as a bare name */
	static const char *const words[] = {
		"and",	    "or",	   "in",	 "between",	  "has",       "has_cs",
		"has_any",  "has_all",	   "hasprefix",	 "hasprefix_cs",  "hassuffix", "hassuffix_cs",
		"contains", "contains_cs", "startswith", "startswith_cs", "endswith",  "endswith_cs",
		"matches",  "by",	   "asc",	 "desc",	  "first",     "last",
		"true",	    "false",	   "let",	 "typeof",	  "in~",       "missing",
	};
	if (word.n && word.p[0] == '!')
		return true;
	for (size_t i = 0; i < sizeof words / sizeof *words; i++)
		if (ic_str_eq(word, ic_str_of(words[i])))
			return true;
	return false;
}

/* ['name'] or ["name"]: is it here? */
static bool bracket_name_here(const ic_kql_parser *p)
{
	if (!ic_kql_is_sign(p, '['))
		return false;
	ic_kql_lexer l = p->lex;
	if (ic_kql_lex(&l).kind != IC_KT_STRING)
		return false;
	ic_kql_token t = ic_kql_lex(&l);
	return t.kind == IC_KT_SIGN && t.sign == ']';
}

bool ic_kql_name_here(const ic_kql_parser *p)
{
	return (p->tok.kind == IC_KT_NAME && !ic_kql_reserved(ic_kql_text(p))) || bracket_name_here(p);
}

bool ic_kql_name_of(ic_kql_parser *p, const char *what, ic_kql_name *ret)
{
	if (!ic_kql_name_here(p))
		return ic_kql_expected(p, what);
	*ret = (ic_kql_name){ ic_kql_text(p), p->tok.at, p->tok.length };
	if (p->tok.kind == IC_KT_SIGN) {
		uint32_t start = p->tok.pos;
		ic_kql_next(p);
		p->status = ic_kql_string(p->arena, ic_kql_text(p), &ret->text, p->tok.at, p->diag);
		if (p->status != IC_OK)
			return false;
		ic_kql_next(p);
		ret->length = p->tok.pos + 1 - start;
	}
	ic_kql_next(p);
	return true;
}

ic_kql_name *ic_kql_copy_name(ic_kql_parser *p, ic_kql_name name)
{
	ic_kql_name *copy = ic_arena_alloc(p->arena, sizeof *copy);
	if (!copy)
		return ic_kql_fail_nomem(p);
	*copy = name;
	return copy;
}

bool ic_kql_type_of(ic_kql_parser *p, ic_qtype *ret)
{
	int t = p->tok.kind == IC_KT_NAME ? ic_qtype_find(ic_kql_text(p)) : -1;
	if (t < 0) {
		ic_kql_expected(p, "a type");
		if (p->diag->set)
			ic_diag_hint(p->diag,
				     "types are bool, int, long, real, decimal, string, datetime, timespan, "
				     "dynamic and guid");
		return false;
	}
	*ret = (ic_qtype)t;
	ic_kql_next(p);
	return true;
}

bool ic_kql_typeof(ic_kql_parser *p, ic_qtype *ret)
{
	return ic_kql_expect_word(p, "typeof") && ic_kql_expect_sign(p, '(', "`(`") &&
	       ic_kql_type_of(p, ret) && ic_kql_expect_sign(p, ')', "`)`");
}

static bool column_of(ic_kql_parser *p, ic_kql_column *c, bool with_values)
{
	*c = (ic_kql_column){ 0 };
	if (!ic_kql_name_of(p, "a column name", &c->name) || !ic_kql_expect_sign(p, ':', "`:` and a type") ||
	    !ic_kql_type_of(p, &c->type))
		return false;
	if (with_values && ic_kql_take_sign(p, '='))
		return (c->value = ic_kql_scalar(p)) != NULL;
	return true;
}

bool ic_kql_columns_of(ic_kql_parser *p, ic_kql_columns *ret, bool *star, bool with_values)
{
	*ret = (ic_kql_columns){ 0 };
	if (!ic_kql_expect_sign(p, '(', "`(` and the columns"))
		return false;
	while (!ic_kql_is_sign(p, ')')) {
		if (star && ic_kql_take_sign(p, '*')) {
			*star = true;
		} else {
			if (!IC_KQL_ROOM(p, ret->column, ret->n) ||
			    !column_of(p, &ret->column[ret->n], with_values))
				return false;
			if (++ret->n > IC_MAX_COLUMNS)
				return ic_kql_fail(p, IC_DIAG_LIMIT, p->tok.at, 1, "more than %d columns",
						   IC_MAX_COLUMNS);
		}
		if (!ic_kql_take_sign(p, ','))
			break;
	}
	return ic_kql_expect_sign(p, ')', "`,` or `)`");
}

/* ---- statements ----------------------------------------------------------------------- */

typedef struct statements {
	ic_kql_stmt *stmt;
	uint32_t n;
} statements;

static bool param_of(ic_kql_parser *p, ic_kql_param *ret)
{
	*ret = (ic_kql_param){ 0 };
	if (!ic_kql_name_of(p, "a parameter's name", &ret->name) ||
	    !ic_kql_expect_sign(p, ':', "`:` and a type"))
		return false;
	if (ic_kql_is_sign(p, '(')) {
		ret->tabular = true;
		return ic_kql_columns_of(p, &ret->columns, &ret->any_columns, false);
	}
	if (!ic_kql_type_of(p, &ret->type))
		return false;
	if (ic_kql_take_sign(p, '='))
		return (ret->value = ic_kql_scalar(p)) != NULL;
	return true;
}

static bool params_of(ic_kql_parser *p, ic_kql_stmt *s)
{
	if (!ic_kql_expect_sign(p, '(', "`(` and the parameters"))
		return false;
	while (!ic_kql_is_sign(p, ')')) {
		if (!IC_KQL_ROOM(p, s->param, s->params) || !param_of(p, &s->param[s->params]))
			return false;
		s->params++;
		if (!ic_kql_take_sign(p, ','))
			break;
	}
	return ic_kql_expect_sign(p, ')', "`,` or `)`");
}

static bool block_of(ic_kql_parser *p, bool function, ic_kql_block *ret);

static bool function_of(ic_kql_parser *p, ic_kql_stmt *s)
{
	ic_kql_block *body = ic_arena_alloc(p->arena, sizeof *body);
	if (!body)
		return ic_kql_fail_nomem(p);
	s->kind = IC_KS_FUNCTION;
	s->body = body;
	return params_of(p, s) && ic_kql_expect_sign(p, '{', "`{` and the function's body") &&
	       ic_kql_enter(p) && block_of(p, true, body) && (ic_kql_leave(p), true) &&
	       ic_kql_expect_sign(p, '}', "`}` at the end of the function");
}

/* (a: long, ...) { or () { : is it a function, not an expression in brackets? */
static bool function_here(const ic_kql_parser *p)
{
	if (!ic_kql_is_sign(p, '('))
		return false;
	ic_kql_lexer l = p->lex;
	ic_kql_token t = ic_kql_lex(&l);
	if (t.kind == IC_KT_SIGN && t.sign == ')') {
		t = ic_kql_lex(&l);
		return t.kind == IC_KT_SIGN && t.sign == '{';
	}
	if (t.kind == IC_KT_SIGN && t.sign == '[') {
		ic_kql_lex(&l);
		ic_kql_lex(&l);
	} else if (t.kind != IC_KT_NAME) {
		return false;
	}
	t = ic_kql_lex(&l);
	return t.kind == IC_KT_SIGN && t.sign == ':';
}

static bool let_of(ic_kql_parser *p, ic_kql_stmt *s)
{
	ic_kql_next(p);
	s->kind = IC_KS_LET;
	if (!ic_kql_name_of(p, "a name", &s->name) || !ic_kql_expect_sign(p, '=', "`=`"))
		return false;
	if (ic_kql_is_word(p, "view")) {
		ic_kql_token next = ic_kql_peek(p);
		if (next.kind == IC_KT_SIGN && next.sign == '(') {
			ic_kql_next(p);
			s->view = true;
			return function_of(p, s);
		}
	}
	if (function_here(p))
		return function_of(p, s);
	if (!ic_kql_enter(p))
		return false;
	s->value = ic_kql_either(p);
	ic_kql_leave(p);
	return s->value != NULL;
}

static bool declare_of(ic_kql_parser *p, ic_kql_stmt *s)
{
	ic_kql_next(p);
	s->kind = IC_KS_DECLARE;
	if (ic_kql_is_word(p, "pattern"))
		return ic_kql_fail(p, IC_DIAG_UNSUPPORTED, p->tok.at, p->tok.length,
				   "`declare pattern` is not supported");
	return ic_kql_expect_word(p, "query_parameters") && params_of(p, s);
}

static bool set_of(ic_kql_parser *p, ic_kql_stmt *s)
{
	ic_kql_next(p);
	s->kind = IC_KS_SET;
	if (!ic_kql_name_of(p, "an option's name", &s->name))
		return false;
	return !ic_kql_take_sign(p, '=') || (s->value = ic_kql_scalar(p)) != NULL;
}

/* `word` begins a statement only if a name follows: `set`, `let`... could be tables too. */
static bool statement_here(const ic_kql_parser *p, const char *word)
{
	if (!ic_kql_is_word(p, word))
		return false;
	ic_kql_token next = ic_kql_peek(p);
	return next.kind == IC_KT_NAME || (next.kind == IC_KT_SIGN && next.sign == '[');
}

/* One statement that is not the result. *none: there is none here. */
static bool statement_of(ic_kql_parser *p, ic_kql_stmt *s, bool *none)
{
	*none = false;
	*s = (ic_kql_stmt){ 0 };
	if (ic_kql_is_word(p, "let"))
		return let_of(p, s);
	if (statement_here(p, "declare"))
		return declare_of(p, s);
	if (statement_here(p, "set"))
		return set_of(p, s);
	if (statement_here(p, "alias") || statement_here(p, "restrict"))
		return ic_kql_fail(p, IC_DIAG_UNSUPPORTED, p->tok.at, p->tok.length,
				   "`%.*s` statements are not supported", (int)p->tok.length,
				   p->lex.text.p + p->tok.pos);
	if (ic_kql_is_sign(p, '.') || ic_kql_is_sign(p, '#'))
		return ic_kql_fail(p, IC_DIAG_UNSUPPORTED, p->tok.at, 1,
				   "management commands are not supported: a query only reads");
	*none = true;
	return true;
}

/* The tabular expression that a query ends in. */
static ic_kql_expr *query_of(ic_kql_parser *p)
{
	if (ic_kql_tabular_here(p, true))
		return ic_kql_pipe_of(p, NULL);
	ic_kql_expr *source = ic_kql_table(p, false);
	if (!source)
		return NULL;
	if (p->depth == 0)
		p->complete = p->last_end;
	return ic_kql_is_sign(p, '|') ? ic_kql_pipe_of(p, source) : source;
}

/* Does the current word begin a line? Then a `;` was forgotten before it. */
static bool begins_line(const ic_kql_parser *p)
{
	if (p->tok.kind != IC_KT_NAME)
		return false;
	uint32_t i = p->tok.pos;
	while (i > p->last_end && (p->lex.text.p[i - 1] == ' ' || p->lex.text.p[i - 1] == '\t'))
		i--;
	return i > p->last_end && p->lex.text.p[i - 1] == '\n';
}

static bool note_missing(ic_kql_parser *p)
{
	return ic_kql_note_at(p, p->tok.at, "a `;` is missing in front of this line");
}

/* Is there more behind a query? Kusto gives the result of each; here the last one counts. */
static bool more_behind(ic_kql_parser *p, const ic_kql_expr *result)
{
	bool closed = ic_kql_is_sign(p, ';');
	bool let = ic_kql_is_word(p, "let") && begins_line(p);
	if (p->prefix || (!closed && !let)) {
		if (closed)
			ic_kql_next(p);
		return false;
	}
	while (ic_kql_take_sign(p, ';'))
		;
	if (p->tok.kind == IC_KT_END)
		return false;
	return (closed || note_missing(p)) &&
	       ic_kql_note_at(p, result->at,
			      "only the last query of the text gives rows; this one is not run");
}

/* let and other statements; stops where none begins. */
static bool statements_of(ic_kql_parser *p, statements *list)
{
	for (;;) {
		bool none;
		while (ic_kql_take_sign(p, ';'))
			;
		if (!IC_KQL_ROOM(p, list->stmt, list->n) || !statement_of(p, &list->stmt[list->n], &none))
			return false;
		if (none)
			return true;
		list->n++;
		if (ic_kql_is_sign(p, ';'))
			continue;
		if (p->prefix || !begins_line(p))
			return ic_kql_expected(p, "`;` at the end of the statement");
		if (!note_missing(p))
			return false;
	}
}

static bool block_of(ic_kql_parser *p, bool function, ic_kql_block *ret)
{
	statements list = { 0 };
	*ret = (ic_kql_block){ 0 };
	do {
		if (!statements_of(p, &list))
			return false;
		ret->stmt = list.stmt;
		ret->stmts = list.n;
		if (p->tok.kind == IC_KT_END && ret->result) /* only statements behind a query */
			break;
		if (p->tok.kind == IC_KT_END && list.n)
			return ic_kql_expected(p, "a query behind the last `;`");
		ret->result = function ? ic_kql_either(p) : query_of(p);
		if (!ret->result)
			return false;
		if (function)
			while (ic_kql_take_sign(p, ';'))
				;
	} while (!function && more_behind(p, ret->result));
	if (!function) {
		ret->note = p->note;
		ret->notes = p->notes;
	}
	return p->status == IC_OK;
}

/* ---- entries -------------------------------------------------------------------------- */

static ic_status start(ic_kql_parser *p, ic_arena *a, ic_str text, ic_place at, ic_diag *diag)
{
	*p = (ic_kql_parser){ .arena = a, .diag = diag };
	if (text.n > IC_KQL_TEXT_MAX)
		return ic_diag_fail(diag, IC_DIAG_LIMIT, (ic_place){ 1, 1 }, 1,
				    "the query is longer than %d MiB", IC_KQL_TEXT_MAX >> 20);
	ic_kql_lex_init(&p->lex, text, 0);
	p->lex.all_at = at;
	p->tok = ic_kql_lex(&p->lex);
	return IC_OK;
}

/* What people of other languages write, and what KQL has instead. */
static const struct {
	const char *found, *hint;
} habits[] = {
	{ "like", "use `contains`, `startswith` or `matches regex`" },
	{ "ilike", "use `contains`, `startswith` or `matches regex`" },
	{ "is", "use isnull(...) or isempty(...)" },
	{ "not", "write !in, !contains, !has..., or not(...) around the condition" },
	{ "group", "write `by` alone" },
	{ "ascending", "write `asc`" },
	{ "descending", "write `desc`" },
	{ "=", "did you mean `==`?" },
	{ "=>", "did you mean `>=`?" },
	{ "(", "is this a function? `count` as an operator takes no brackets" },
};

/* A hint for the token that cannot go on behind a query. */
static void hint_behind(ic_kql_parser *p)
{
	ic_str text = p->lex.text, word = ic_kql_text(p);
	ic_kql_token next = ic_kql_peek(p);
	int shown = word.n > 40 ? 40 : (int)word.n;
	if (p->last_end >= 3 && memcmp(text.p + p->last_end - 3, "not", 3) == 0) {
		ic_diag_hint(p->diag, "write not(...), with brackets");
		return;
	}
	for (size_t i = 0; i < sizeof habits / sizeof *habits; i++) {
		if (ic_str_eq(word, ic_str_of(habits[i].found))) {
			ic_diag_hint(p->diag, "%s", habits[i].hint);
			return;
		}
	}
	if (p->tok.kind != IC_KT_NAME)
		return;
	const char *near = ic_kql_near_infix(word);
	bool clause = ic_kql_is_word(p, "with") || ic_kql_is_word(p, "by") || ic_kql_is_word(p, "on") ||
		      ic_kql_is_word(p, "of") || ic_kql_is_word(p, "to");
	if (ic_kql_is_operator(word))
		ic_diag_hint(p->diag, "a `|` is missing in front of `%.*s`", shown, word.p);
	else if (near)
		ic_diag_hint(p->diag, "did you mean `%s`?", near);
	else if (next.kind == IC_KT_NAME && !clause)
		ic_diag_hint(p->diag, "text around the query, as on a web page, is taken away by --extract");
}

ic_status ic_kql_parse(ic_arena *a, ic_str text, ic_kql_block *ret, ic_diag *diag)
{
	return ic_kql_parse_text(a, text, (ic_place){ 0, 0 }, ret, diag);
}

ic_status ic_kql_parse_text(ic_arena *a, ic_str text, ic_place at, ic_kql_block *ret, ic_diag *diag)
{
	ic_kql_parser p;
	ic_status s = start(&p, a, text, at, diag);
	if (s != IC_OK)
		return s;
	if (p.tok.kind == IC_KT_END)
		return ic_diag_fail(diag, IC_DIAG_SYNTAX, (ic_place){ 1, 1 }, 1, "the query is empty");
	if (block_of(&p, false, ret) && p.tok.kind != IC_KT_END) {
		ic_kql_expected(&p, "`|` and an operator, or the end of the query");
		if (p.tok.kind != IC_KT_BAD)
			hint_behind(&p);
	}
	return p.status;
}

void ic_kql_parse_prefix(ic_arena *a, ic_str text, ic_prefix *ret)
{
	ic_kql_parser p;
	ic_kql_block block;
	ic_diag diag = { 0 };
	*ret = (ic_prefix){ 0 };
	if (start(&p, a, text, (ic_place){ 0, 0 }, &diag) != IC_OK)
		return;
	p.prefix = true;
	bool whole = block_of(&p, false, &block);
	ret->seen = p.lex.pos;
	ret->stopped = p.tok.pos;
	ret->failed = !whole;
	ret->end = whole ? p.last_end : p.complete;
	ret->bare = block.stmts == 0 && (whole ? block.result->kind != IC_KE_PIPE : p.operators == 0);
}
