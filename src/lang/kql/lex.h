/* SPDX-License-Identifier: Apache-2.0 */
/* KQL text to tokens, one at a time. Pure: no allocation, no error texts beyond constants. The state is
 * small and copied freely: the parser looks ahead by copying it. */
#ifndef IC_LANG_KQL_LEX_H
#define IC_LANG_KQL_LEX_H

#include "plan/plan.h"

typedef enum ic_kql_token_kind {
	IC_KT_END,
	IC_KT_NAME,   /* plain words, keywords too; in~, !in~, !has: with their signs */
	IC_KT_STRING, /* one literal, prefix and quotes included */
	IC_KT_NUMBER, /* value: long, real or timespan */
	IC_KT_SIGN,
	IC_KT_BAD, /* error says why; an error only if the parser wants to use the token */
} ic_kql_token_kind;

/* Signs of two characters; those of one are their character. */
#define IC_KQL_SIGN(a, b) ((uint16_t)((a) | (b) << 8))

typedef struct ic_kql_token {
	ic_kql_token_kind kind;
	uint16_t sign;
	uint32_t pos, length; /* bytes in the text */
	ic_place at;
	ic_value value;	   /* NUMBER */
	const char *error; /* BAD */
	const char *hint;  /* BAD; NULL: none */
} ic_kql_token;

typedef struct ic_kql_lexer {
	ic_str text;
	uint32_t pos, line, line_start;
	ic_place all_at; /* line not 0: where all tokens say that they stand */
} ic_kql_lexer;

void ic_kql_lex_init(ic_kql_lexer *l, ic_str text, uint32_t from);
ic_kql_token ic_kql_lex(ic_kql_lexer *l);

/* Goes back to the token (which came from this lexer) and takes all bytes that `word` accepts. */
typedef bool (*ic_kql_byte_fn)(unsigned char c);
ic_str ic_kql_lex_run(ic_kql_lexer *l, const ic_kql_token *from, ic_kql_byte_fn word);

/* Behind an opening bracket: the text up to the closing one, which is taken too; one pair of quotes in
 * it may hold brackets. False: there is no closing bracket near. */
bool ic_kql_lex_raw(ic_kql_lexer *l, ic_str *ret);

/* What a STRING token means. *ret is a slice of the token where nothing needs to change. */
ic_status ic_kql_string(ic_arena *a, ic_str raw, ic_str *ret, ic_place at, ic_diag *diag);

#endif
