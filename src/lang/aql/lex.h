/* SPDX-License-Identifier: Apache-2.0 */
/* AQL text to tokens. Pure; the state is copied freely. */
#ifndef IC_LANG_AQL_LEX_H
#define IC_LANG_AQL_LEX_H

#include "plan/plan.h"

typedef enum ic_aql_token_kind {
	IC_AT_END,
	IC_AT_NAME,
	IC_AT_TEXT,  /* '...' with its quotes */
	IC_AT_FIELD, /* "..." with its quotes */
	IC_AT_NUMBER,
	IC_AT_SIGN,
	IC_AT_BAD, /* error says why, once the parser wants the token */
} ic_aql_token_kind;

#define IC_AQL_SIGN(a, b) ((uint16_t)((a) | (b) << 8))

typedef struct ic_aql_token {
	ic_aql_token_kind kind;
	uint16_t sign;
	uint32_t pos, length;
	ic_place at;
	ic_value value; /* NUMBER: long or real */
	const char *error, *hint;
} ic_aql_token;

typedef struct ic_aql_lexer {
	ic_str text;
	uint32_t pos, line, line_start;
} ic_aql_lexer;

void ic_aql_lex_init(ic_aql_lexer *l, ic_str text);
ic_aql_token ic_aql_lex(ic_aql_lexer *l);
/* The text between the quotes; a doubled quote is one. .p NULL: out of memory. */
ic_str ic_aql_unquote(ic_arena *a, ic_str raw);

#endif
