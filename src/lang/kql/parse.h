/* SPDX-License-Identifier: Apache-2.0 */
/* KQL text to syntax tree. */
#ifndef IC_LANG_KQL_PARSE_H
#define IC_LANG_KQL_PARSE_H

#include "lang/kql/ast.h"

/* Limits on hostile text. */
enum {
	IC_KQL_TEXT_MAX = 16 << 20,
	IC_KQL_DEPTH_MAX = 200,	   /* brackets, pipes in pipes, functions in functions */
	IC_KQL_LIST_MAX = 1000000, /* items of one list */
};

/* Parses a whole query; anything behind it is an error. Fails with IC_E_USAGE, IC_E_LIMIT (diag set)
 * or IC_E_NOMEM (diag not set). The tree lies in the arena and points into the text. */
ic_status ic_kql_parse(ic_arena *a, ic_str text, ic_kql_block *ret, ic_diag *diag);

/* Parses the longest query that starts at byte `from`: *ret_end is the byte behind it. Used to find a
 * query in a page. Same failures. */
ic_status ic_kql_parse_prefix(ic_arena *a, ic_str text, uint32_t from, ic_kql_block *ret, uint32_t *ret_end,
			      ic_diag *diag);

#endif
