/* SPDX-License-Identifier: Apache-2.0 */
/* Inside of the AQL parser. What fails returns NULL or false and leaves the reason in `status`, `diag`. */
#ifndef IC_LANG_AQL_PARSER_H
#define IC_LANG_AQL_PARSER_H

#include "lang/aql/lex.h"
#include "lang/aql/parse.h"

typedef struct ic_aql_parser {
	ic_arena *arena;
	ic_aql_lexer lex; /* behind tok */
	ic_aql_token tok;
	uint32_t last_end; /* byte behind the token before */
	ic_diag *diag;
	ic_status status;
	uint32_t depth;
	uint32_t complete; /* what lies before this byte is a query; 0: nothing yet */
} ic_aql_parser;

void ic_aql_next(ic_aql_parser *p);
static inline bool ic_aql_is_sign(const ic_aql_parser *p, uint16_t sign)
{
	return p->tok.kind == IC_AT_SIGN && p->tok.sign == sign;
}
static inline ic_str ic_aql_text(const ic_aql_parser *p)
{
	return (ic_str){ p->lex.text.p + p->tok.pos, p->tok.length };
}
/* Keywords in any case. */
static inline bool ic_aql_is_word(const ic_aql_parser *p, const char *word)
{
	return p->tok.kind == IC_AT_NAME && ic_str_ieq(ic_aql_text(p), ic_str_of(word));
}
bool ic_aql_take_sign(ic_aql_parser *p, uint16_t sign);
bool ic_aql_take_word(ic_aql_parser *p, const char *word);
bool ic_aql_expect_sign(ic_aql_parser *p, uint16_t sign, const char *what);
bool ic_aql_expect_word(ic_aql_parser *p, const char *word);
void *ic_aql_expected(ic_aql_parser *p, const char *what);
void *ic_aql_fail(ic_aql_parser *p, ic_diag_kind kind, ic_place at, uint32_t length, const char *fmt, ...)
    __attribute__((format(printf, 5, 6)));
void *ic_aql_fail_nomem(ic_aql_parser *p);
/* SQL that AQL does not have: fails, naming it and AQL's way. */
void *ic_aql_refuse(ic_aql_parser *p, const char *what, const char *way);
/* If the current word is the start of such SQL. */
bool ic_aql_foreign(ic_aql_parser *p);
ic_aql_token ic_aql_peek(const ic_aql_parser *p);
bool ic_aql_reserved(ic_str word);

bool ic_aql_room(ic_aql_parser *p, void **items, uint32_t n, size_t size);
#define IC_AQL_ROOM(p, items, n) ic_aql_room(p, (void **)&(items), n, sizeof *(items))
bool ic_aql_enter(ic_aql_parser *p);
static inline void ic_aql_leave(ic_aql_parser *p)
{
	p->depth--;
}

ic_aql_expr *ic_aql_expression(ic_aql_parser *p);
/* A number, a text, a call: what START and STOP take. */
ic_aql_expr *ic_aql_operand(ic_aql_parser *p);
/* SELECT is the current word. */
bool ic_aql_query_of(ic_aql_parser *p, ic_aql_query *ret);

#endif
