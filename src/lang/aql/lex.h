/* SPDX-License-Identifier: Apache-2.0 */
/* AQL text to tokens. Pure; the state is copied freely. */
#ifndef IC_LANG_AQL_LEX_H
#define IC_LANG_AQL_LEX_H

#include "lang/token.h"

ic_token ic_aql_lex(ic_lexer *l);
/* The text between the quotes; a doubled quote is one. .p NULL: out of memory. */
ic_str ic_aql_unquote(ic_arena *a, ic_str raw);

#endif
