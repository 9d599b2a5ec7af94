/* SPDX-License-Identifier: Apache-2.0 */
/* AQL text to syntax tree. */
#ifndef IC_LANG_AQL_PARSE_H
#define IC_LANG_AQL_PARSE_H

#include "lang/aql/ast.h"
#include "lang/extract.h"

/* Parses a whole query; anything behind it is an error. Fails with IC_E_USAGE, IC_E_LIMIT (diag set) or
 * IC_E_NOMEM (diag not set). The tree points into the text. */
ic_status ic_aql_parse(ic_arena *a, ic_str text, ic_aql_query *ret, ic_diag *diag);

/* An ic_prefix_fn: the query that begins with the first byte of text. */
void ic_aql_parse_prefix(ic_arena *a, ic_str text, ic_prefix *ret);

#endif
