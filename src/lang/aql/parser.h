/* SPDX-License-Identifier: Apache-2.0 */
/* Inside of the AQL parser. What fails returns NULL or false and leaves the reason in `status`, `diag`. */
#ifndef IC_LANG_AQL_PARSER_H
#define IC_LANG_AQL_PARSER_H

#include "lang/aql/lex.h"
#include "lang/aql/parse.h"
#include "lang/parser.h"

/* SQL that AQL does not have: fails, naming it and AQL's way. */
void *ic_aql_refuse(ic_parser *p, const char *what, const char *way);
/* If the current word is the start of such SQL. */
bool ic_aql_foreign(ic_parser *p);
bool ic_aql_reserved(ic_str word);

ic_aql_expr *ic_aql_expression(ic_parser *p);
/* A number, a text, a call: what START and STOP take. */
ic_aql_expr *ic_aql_operand(ic_parser *p);
/* A query in brackets, of which the opening one is taken; SELECT is the current word. */
ic_aql_query *ic_aql_sub_select(ic_parser *p);

#endif
