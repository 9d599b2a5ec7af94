/* SPDX-License-Identifier: Apache-2.0 */
#include "exec/fold.h"

#include "base/hash.h"
#include "base/unicode.h"

static char ascii_lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c + 32) : c;
}

/* How many bytes at the start of s are prefix with other case, where both have the same characters; -1:
 * they have not. */
static int64_t fold_prefix(ic_str s, ic_str prefix)
{
	uint32_t i = 0, k = 0;
	unsigned used_s, used_p;

	while (k < prefix.n) {
		if (i >= s.n)
			return -1;
		if (((uint8_t)s.p[i] | (uint8_t)prefix.p[k]) < 0x80) {
			if (ascii_lower(s.p[i]) != ascii_lower(prefix.p[k]))
				return -1;
			i++;
			k++;
			continue;
		}
		if (ic_char_fold(ic_utf8_read(s.p + i, s.n - i, &used_s)) !=
		    ic_char_fold(ic_utf8_read(prefix.p + k, prefix.n - k, &used_p)))
			return -1;
		i += used_s;
		k += used_p;
	}
	return i;
}

bool ic_fold_equal(ic_str a, ic_str b)
{
	return fold_prefix(a, b) == a.n;
}

uint64_t ic_fold_hash(ic_str s, uint64_t seed)
{
	uint64_t h = seed, w = 0;
	unsigned used, n = 0;

	for (uint32_t i = 0; i < s.n; i += used) {
		uint32_t c = (uint8_t)s.p[i];
		used = 1;
		if (c < 0x80)
			c = (uint8_t)ascii_lower((char)c);
		else
			c = ic_char_fold(ic_utf8_read(s.p + i, s.n - i, &used));
		w = w << 21 | c;
		if (++n % 3 == 0) {
			h = ic_mix(h, w, seed);
			w = 0;
		}
	}
	return ic_mix(h, w, n);
}

bool ic_fold_starts(ic_str s, ic_str prefix, uint32_t *used)
{
	int64_t n = fold_prefix(s, prefix);

	if (n < 0)
		return false;
	*used = (uint32_t)n;
	return true;
}

int64_t ic_fold_find(ic_str s, ic_str part, uint32_t from, uint32_t *used)
{
	char low, high;

	*used = 0;
	if (part.n == 0)
		return from <= s.n ? (int64_t)from : -1;
	low = ascii_lower(part.p[0]);
	high = low >= 'a' && low <= 'z' ? (char)(low - 32) : low;
	for (uint32_t i = from; i < s.n; i++) {
		/* a character beyond ASCII has relatives with other first bytes */
		if ((uint8_t)part.p[0] < 0x80 && s.p[i] != low && s.p[i] != high)
			continue;
		if (((uint8_t)s.p[i] & 0xc0) == 0x80 && i > from)
			continue; /* within a character */
		if (ic_fold_starts((ic_str){ s.p + i, s.n - i }, part, used))
			return i;
	}
	return -1;
}

/* Is the character that ends before byte `at` part of a term? */
static bool alnum_before(ic_str s, uint32_t at)
{
	uint32_t start = at - 1;
	unsigned used;

	if ((uint8_t)s.p[start] < 0x80)
		return ic_char_alnum((uint8_t)s.p[start]);
	while (start > 0 && at - start < 4 && ((uint8_t)s.p[start] & 0xc0) == 0x80)
		start--;
	return ic_char_alnum(ic_utf8_read(s.p + start, at - start, &used));
}

static bool alnum_at(ic_str s, uint32_t at)
{
	unsigned used;
	return ic_char_alnum(ic_utf8_read(s.p + at, s.n - at, &used));
}

/* A border between two characters: one of them is not part of a term. */
static bool border(ic_str s, uint32_t at)
{
	return at == 0 || at == s.n || !alnum_before(s, at) || !alnum_at(s, at);
}

static int64_t find_exact(ic_str s, ic_str part, uint32_t from, uint32_t *used)
{
	const char *hit;

	*used = part.n;
	if (from + part.n > s.n)
		return -1;
	hit = memmem(s.p + from, s.n - from, part.p, part.n);
	return hit ? hit - s.p : -1;
}

bool ic_has_term(ic_str s, ic_str part, unsigned where)
{
	uint32_t used = 0, from = 0;

	if (part.n == 0)
		return true;
	for (;;) {
		int64_t at = where & IC_TERM_CASE ? find_exact(s, part, from, &used)
						  : ic_fold_find(s, part, from, &used);
		if (at < 0)
			return false;
		if ((!(where & IC_TERM_START) || border(s, (uint32_t)at)) &&
		    (!(where & IC_TERM_END) || border(s, (uint32_t)at + used)))
			return true;
		from = (uint32_t)at + 1;
	}
}
