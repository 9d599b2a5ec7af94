/* SPDX-License-Identifier: Apache-2.0 */
/* KQL text to tokens, one at a time. Pure: no allocation, no error texts beyond constants. The state is
 * small and copied freely: the parser looks ahead by copying it. */
#ifndef IC_LANG_KQL_LEX_H
#define IC_LANG_KQL_LEX_H

#include "lang/token.h"

/* The hint for a number with letters behind it. */
#define IC_KQL_UNITS "units are d, h, m, s, ms, microsecond and tick; numbers take no suffix such as L"

/* A word that begins with digits is a number if it is one (5, 0x1f, 1e3, 24h), else a name (24h_count, 5L). */
ic_token ic_kql_lex(ic_lexer *l);

/* Goes back to the token (which came from this lexer) and takes all bytes that `word` accepts. */
typedef bool (*ic_kql_byte_fn)(unsigned char c);
ic_str ic_kql_lex_run(ic_lexer *l, const ic_token *from, ic_kql_byte_fn word);

/* Behind an opening bracket: the text up to the closing one, which is taken too; one pair of quotes in
 * it may hold brackets. False: there is no closing bracket near. */
bool ic_kql_lex_raw(ic_lexer *l, ic_str *ret);

/* What a STRING token means. *ret is a slice of the token where nothing needs to change. */
ic_status ic_kql_string(ic_arena *a, ic_str raw, ic_str *ret, ic_place at, ic_diag *diag);

#endif
