/* SPDX-License-Identifier: Apache-2.0 */
/* Languages: text to plan. Facade of src/lang; `language` is IC_FN_KQL or IC_FN_AQL. */
#ifndef IC_LANG_LANG_H
#define IC_LANG_LANG_H

#include "plan/plan.h"

/* The language of a query by its first word: SELECT begins AQL, all else is KQL. */
unsigned ic_lang_guess(ic_str text);

/* Parses and binds; language 0: guessed. The plan is fresh (ic_plan_init), with now, zone and what else is
 * the caller's set; it keeps no pointer into text. On failure *diag says what is wrong. */
ic_status ic_lang_compile(ic_str text, unsigned language, const ic_catalog *catalog, ic_plan *plan,
			  ic_diag *diag);

/* The query in the text of a page: of all places where one may start, that of the longest query that
 * parses. *ret is a part of text. False: there is none. language 0: either; *ret_language says which. */
bool ic_lang_extract(ic_str text, unsigned language, ic_str *ret, unsigned *ret_language);

/* Operator i of KQL, then the plugins of evaluate, how each is used or what it does; false: past the end. */
bool ic_lang_operator(size_t i, const char **name, const char **help);

#endif
