/* SPDX-License-Identifier: Apache-2.0 */
/* KQL text to syntax tree. */
#ifndef IC_LANG_KQL_PARSE_H
#define IC_LANG_KQL_PARSE_H

#include "lang/kql/ast.h"

/* Limits on hostile text. */
enum {
	IC_KQL_TEXT_MAX = 16 << 20,
	IC_KQL_DEPTH_MAX = 500,	   /* brackets, pipes in pipes, functions in functions */
	IC_KQL_TREE_MAX = 2000,	   /* height of an expression, long chains of a + b + ... included */
	IC_KQL_LIST_MAX = 1000000, /* items of one list */
};

/* Parses a whole query; anything behind it is an error. Fails with IC_E_USAGE, IC_E_LIMIT (diag set)
 * or IC_E_NOMEM (diag not set). The tree lies in the arena and points into the text. */
ic_status ic_kql_parse(ic_arena *a, ic_str text, ic_kql_block *ret, ic_diag *diag);

/* How far a query goes that starts somewhere in a text. */
typedef struct ic_kql_prefix {
	uint32_t end;	  /* behind the query */
	uint32_t stopped; /* the token that could not go on; between the two lie whole tokens that might still
			   * belong to it if the text ended there */
	uint32_t seen;	  /* bytes of the text that were looked at, from its begin */
	bool whole;	  /* nothing failed: what stops it is not part of a query */
	bool bare;	  /* only a name: any word is that */
} ic_kql_prefix;

/* False: no query begins at byte `from`. What is allocated lies in the arena and is for the caller to
 * throw away. */
bool ic_kql_parse_prefix(ic_arena *a, ic_str text, uint32_t from, ic_kql_prefix *ret);

#endif
