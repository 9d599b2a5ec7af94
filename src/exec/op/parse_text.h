/* SPDX-License-Identifier: Apache-2.0 */
/* Finds the captures of parse and parse-kv in one text. Private to src/exec. */
#ifndef IC_EXEC_PARSE_TEXT_H
#define IC_EXEC_PARSE_TEXT_H

#include "exec/fn/regex.h"

typedef struct ic_parse_text ic_parse_text;	  /* compiled, read-only */
typedef struct ic_parse_scratch ic_parse_scratch; /* one a worker */

/* Borrows op. A bad pattern is a diag. */
ic_status ic_parse_text_new(const ic_op *op, ic_parse_text **ret, ic_diag *diag);
void ic_parse_text_free(ic_parse_text *t);	 /* NULL allowed */
ic_parse_scratch *ic_parse_scratch_new(void);	 /* NULL: out of memory */
void ic_parse_scratch_free(ic_parse_scratch *s); /* NULL allowed */

/* 1: the text matches, part[] has the text of each capture (a part of s, or in the arena); 0: it does
 * not; IC_REGEX_LIMIT: it took too many steps; IC_REGEX_NOMEM. */
int ic_parse_text_find(const ic_parse_text *t, ic_parse_scratch *scratch, ic_str s, ic_arena *arena,
		       ic_str *part);

#endif
