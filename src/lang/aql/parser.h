/* SPDX-License-Identifier: Apache-2.0 */
/* Inside of the AQL parser. What fails returns NULL or false and leaves the reason in `status`, `diag`. */
#ifndef IC_LANG_AQL_PARSER_H
#define IC_LANG_AQL_PARSER_H

#include "lang/aql/lex.h"
#include "lang/aql/parse.h"
#include "lang/parser.h"

/* What is being read: what to write instead of what cannot stand there depends on it. */
typedef enum ic_aql_place {
	IC_AQL_AT_START, /* SELECT should stand here */
	IC_AQL_AT_ITEM,
	IC_AQL_AT_FROM,	 /* FROM should stand here */
	IC_AQL_AT_TABLE, /* the table, and behind it */
	IC_AQL_AT_WHERE, /* conditions of WHERE and HAVING */
	IC_AQL_AT_BY,	 /* BY should stand here */
	IC_AQL_AT_GROUP,
	IC_AQL_AT_ORDER,
	IC_AQL_AT_LIMIT, /* the number should stand here */
	IC_AQL_AT_ROWS,	 /* behind it */
	IC_AQL_AT_LAST,	 /* number and unit should stand here */
	IC_AQL_AT_TIME,	 /* START and STOP */
	IC_AQL_AT_DONE,
} ic_aql_place;

typedef struct ic_aql_state {
	ic_aql_place place;
	ic_str alias; /* of the item that was read last; .n 0: it has none */
	bool as;      /* AS stands in front of it */
} ic_aql_state;

static inline void ic_aql_at(ic_parser *p, ic_aql_place place)
{
	((ic_aql_state *)p->own)->place = place;
}

/* What to write instead of the current token, of which this is the text: a hint, if there is one. */
void ic_aql_hint(ic_parser *p, ic_str word);

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
