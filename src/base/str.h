/* SPDX-License-Identifier: Apache-2.0 */
/* Slices: borrowed bytes with a length; not NUL-terminated, may hold any byte. */
#ifndef IC_BASE_STR_H
#define IC_BASE_STR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

typedef struct ic_str {
	const char *p; /* NULL: null, as opposed to empty */
	uint32_t n;
} ic_str;

#define IC_STR(lit) ((ic_str){ "" lit, sizeof(lit) - 1 })
static inline ic_str ic_str_of(const char *s)
{
	return (ic_str){ s, s ? (uint32_t)strlen(s) : 0 };
}
static inline bool ic_str_eq(ic_str a, ic_str b)
{
	return a.n == b.n && (a.n == 0 || memcmp(a.p, b.p, a.n) == 0);
}
/* Bytewise order, shorter first on a common prefix: -1, 0, 1. */
int ic_str_cmp(ic_str a, ic_str b);
/* Of an ASCII letter the small one, any other byte as it is. */
static inline char ic_lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c + ('a' - 'A')) : c;
}
/* ASCII case is ignored in these. */
bool ic_str_ieq(ic_str a, ic_str b);
bool ic_str_istarts(ic_str s, ic_str prefix);
bool ic_str_iends(ic_str s, ic_str suffix);
bool ic_str_icontains(ic_str s, ic_str part);
/* Without ASCII blanks at both ends. */
ic_str ic_str_trim(ic_str s);
/* At most so many bytes from the start, and no part of a UTF-8 character at their end. */
ic_str ic_str_cut(ic_str s, uint32_t most);

#endif
