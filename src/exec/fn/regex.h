/* SPDX-License-Identifier: Apache-2.0 */
/* Regular expressions for kernels and operators: PCRE2 with JIT, bounded in time and memory. Private
 * to src/exec.
 *
 * KQL's language is RE2's: what RE2 lacks (look-around, back-references, atomic groups, possessive
 * quantifiers, recursion) is refused. AQL's is Java's. Classes such as \d know all scripts. Text that is
 * not valid UTF-8 is matched byte by byte. */
#ifndef IC_EXEC_REGEX_H
#define IC_EXEC_REGEX_H

#include "plan/plan.h"

enum {
	IC_REGEX_JAVA = 1 << 0, /* else RE2 */
	IC_REGEX_ANY_CASE = 1 << 1,
	IC_REGEX_WHOLE = 1 << 2,   /* must match the whole text */
	IC_REGEX_DOT_ALL = 1 << 3, /* '.' is any character, line ends too */
	IC_REGEX_MULTILINE = 1 << 4,
	IC_REGEX_UNGREEDY = 1 << 5,
};

enum { IC_REGEX_LIMIT = -1, IC_REGEX_NOMEM = -2 }; /* why a search failed */

enum { IC_REGEX_GROUPS = 64 }; /* more groups in one pattern are refused */

typedef struct ic_regex ic_regex;	      /* compiled, read-only */
typedef struct ic_regex_match ic_regex_match; /* where it matched; one a worker, for any number of patterns */

/* A bad pattern is a diag at `at` (kind syntax or unsupported). Patterns may have up to 64 KiB. */
ic_status ic_regex_new(ic_str pattern, unsigned flags, ic_place at, ic_regex **ret, ic_diag *diag);
void ic_regex_free(ic_regex *r); /* NULL allowed */
/* Groups in the pattern, without the whole match. */
uint32_t ic_regex_groups(const ic_regex *r);
/* The number of the group of that name, as in (?P<name>...); 0: there is none. */
uint32_t ic_regex_group_named(const ic_regex *r, ic_str name);

ic_regex_match *ic_regex_match_new(void); /* NULL: out of memory */
void ic_regex_match_free(ic_regex_match *m);
/* The first match that starts at byte `from` or later: 1, none: 0; IC_REGEX_LIMIT: it took too many
 * steps or too much stack; IC_REGEX_NOMEM. A text that was not the last one is searched from 0 first:
 * `from` > 0 goes on in the same bytes. */
int ic_regex_find(const ic_regex *r, ic_regex_match *m, ic_str s, size_t from);
/* What group i (0: the whole) covers, as a part of s; .p NULL: the group took no part. */
ic_str ic_regex_group(const ic_regex_match *m, ic_str s, uint32_t i);

/* Where to go on after a match so that empty matches do not repeat: pass it as the next `from`. SIZE_MAX:
 * the text ends. */
size_t ic_regex_next(const ic_regex_match *m, ic_str s);

#endif
