/* SPDX-License-Identifier: Apache-2.0 */
/* KQL text to syntax tree. */
#ifndef IC_LANG_KQL_PARSE_H
#define IC_LANG_KQL_PARSE_H

#include "lang/extract.h"
#include "lang/kql/ast.h"

/* Parses a whole query; anything behind it is an error. Fails with IC_E_USAGE, IC_E_LIMIT (diag set)
 * or IC_E_NOMEM (diag not set). The tree lies in the arena and points into the text. */
ic_status ic_kql_parse(ic_arena *a, ic_str text, ic_kql_block *ret, ic_diag *diag);

/* The same for text of our own that stands for what is written at this place of a query. */
ic_status ic_kql_parse_text(ic_arena *a, ic_str text, ic_place at, ic_kql_block *ret, ic_diag *diag);

/* An ic_prefix_fn: the query that begins with the first byte of text. */
void ic_kql_parse_prefix(ic_arena *a, ic_str text, ic_prefix *ret);

/* Operator i of those that there are, with a line about it; false: past the end. */
bool ic_kql_operator(size_t i, const char **name, const char **help);

#endif
