/* SPDX-License-Identifier: Apache-2.0 */
#include "lang/parser.h"

#include <stdio.h>

ic_status ic_parser_init(ic_parser *p, const ic_grammar *grammar, ic_arena *arena, ic_str text, ic_place at,
			 ic_diag *diag)
{
	*p = (ic_parser){ .grammar = grammar, .arena = arena, .diag = diag };
	if (text.n > IC_PARSE_TEXT_MAX)
		return ic_diag_fail(diag, IC_DIAG_LIMIT, (ic_place){ 1, 1 }, 1,
				    "the query is longer than %d MiB", IC_PARSE_TEXT_MAX >> 20);
	ic_lexer_init(&p->lex, text, 0);
	p->lex.all_at = at;
	p->tok = grammar->lex(&p->lex);
	return IC_OK;
}

void ic_next(ic_parser *p)
{
	p->last_end = p->tok.pos + p->tok.length;
	p->tok = p->grammar->lex(&p->lex);
}

ic_token ic_peek(const ic_parser *p)
{
	ic_lexer l = p->lex;
	return p->grammar->lex(&l);
}

bool ic_is_word(const ic_parser *p, const char *word)
{
	if (p->tok.kind != IC_TOKEN_NAME)
		return false;
	ic_str text = ic_token_text(p), wanted = ic_str_of(word);
	return p->grammar->any_case ? ic_str_ieq(text, wanted) : ic_str_eq(text, wanted);
}

bool ic_take_sign(ic_parser *p, uint16_t sign)
{
	if (!ic_is_sign(p, sign))
		return false;
	ic_next(p);
	return true;
}

bool ic_take_word(ic_parser *p, const char *word)
{
	if (!ic_is_word(p, word))
		return false;
	ic_next(p);
	return true;
}

bool ic_expect_sign(ic_parser *p, uint16_t sign, const char *what)
{
	return ic_take_sign(p, sign) || ic_expected(p, what);
}

bool ic_expect_word(ic_parser *p, const char *word)
{
	if (ic_take_word(p, word))
		return true;
	char what[40];
	snprintf(what, sizeof what, "`%s`", word);
	return ic_expected(p, what);
}

/* ---- errors */

void *ic_parse_fail(ic_parser *p, ic_diag_kind kind, ic_place at, uint32_t length, const char *fmt, ...)
{
	va_list args;
	va_start(args, fmt);
	ic_lang_fail(p->diag, &p->status, kind, at, length, fmt, args);
	va_end(args);
	return NULL;
}

void *ic_parse_nomem(ic_parser *p)
{
	if (p->status == IC_OK)
		p->status = IC_E_NOMEM;
	return NULL;
}

void *ic_expected(ic_parser *p, const char *what)
{
	enum { SHOWN = 40 };
	const ic_token *t = &p->tok;
	if (p->status != IC_OK || (p->grammar->foreign && p->grammar->foreign(p)))
		return NULL;
	if (t->kind == IC_TOKEN_BAD) {
		ic_parse_fail(p, IC_DIAG_SYNTAX, t->at, t->length, "%s", t->error);
		if (t->hint)
			ic_diag_hint(p->diag, "%s", t->hint);
		return NULL;
	}
	bool cut = t->length > SHOWN;
	if (t->kind == IC_TOKEN_END)
		ic_parse_fail(p, IC_DIAG_SYNTAX, t->at, 1, "expected %s, found the end of the query", what);
	else
		ic_parse_fail(p, IC_DIAG_SYNTAX, t->at, t->length, "expected %s, found `%.*s`%s", what,
			      cut ? SHOWN : (int)t->length, p->lex.text.p + t->pos, cut ? "..." : "");
	if (p->grammar->hint)
		p->grammar->hint(p, ic_token_text(p));
	return NULL;
}

bool ic_parse_room(ic_parser *p, void **items, uint32_t n, size_t size)
{
	if (n >= IC_PARSE_LIST_MAX)
		return ic_parse_fail(p, IC_DIAG_LIMIT, p->tok.at, p->tok.length,
				     "a list has more than %d items", IC_PARSE_LIST_MAX);
	if (n != 0 && (n < 4 || (n & (n - 1)) != 0))
		return true;
	void *grown = ic_arena_alloc(p->arena, (n ? (size_t)n * 2 : 4) * size);
	if (!grown)
		return ic_parse_nomem(p);
	if (n)
		memcpy(grown, *items, n * size);
	*items = grown;
	return true;
}

bool ic_parse_enter(ic_parser *p)
{
	if (p->depth >= IC_PARSE_DEPTH_MAX)
		return ic_parse_fail(p, IC_DIAG_LIMIT, p->tok.at, p->tok.length,
				     "the query is nested deeper than %d levels", IC_PARSE_DEPTH_MAX);
	p->depth++;
	return true;
}
