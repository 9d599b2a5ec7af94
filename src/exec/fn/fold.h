/* SPDX-License-Identifier: Apache-2.0 */
/* Text without regard to case, and terms: what =~, contains, has and kin look at. Private to src/exec. */
#ifndef IC_EXEC_FOLD_H
#define IC_EXEC_FOLD_H

#include "base/str.h"

bool ic_fold_equal(ic_str a, ic_str b);
/* Equal for texts that are equal by ic_fold_equal. */
uint64_t ic_fold_hash(ic_str s, uint64_t seed);
/* Does s start with the prefix? *used: the bytes of s that it takes. */
bool ic_fold_starts(ic_str s, ic_str prefix, uint32_t *used);
/* The part of s that is `part`, at or after byte `from`; its start, -1 if there is none. *used as above. */
int64_t ic_fold_find(ic_str s, ic_str part, uint32_t from, uint32_t *used);

/* Where a part lies within terms, the maximal runs of letters and digits. */
enum {
	IC_TERM_START = 1 << 0, /* starts at the start of a term */
	IC_TERM_END = 1 << 1,	/* ends at the end of one */
	IC_TERM_CASE = 1 << 2,	/* case counts */
};
/* Is the part in s, at such a place? The empty part is in every text. */
bool ic_has_term(ic_str s, ic_str part, unsigned where);

#endif
