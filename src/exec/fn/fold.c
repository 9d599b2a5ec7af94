/* SPDX-License-Identifier: Apache-2.0 */
#include "exec/fn/fold.h"

#include "base/hash.h"
#include "base/unicode.h"

#define EVERY(byte) ((uint64_t)(byte)*0x0101010101010101ull)

static uint64_t eight(const char *p)
{
	uint64_t w;
	memcpy(&w, p, 8);
	return w;
}

/* Eight ASCII characters in lower case: the sums carry into the top bit of a byte from 'A' on, and past 'Z'. */
static uint64_t lower_eight(uint64_t w)
{
	uint64_t upper = ((w + EVERY(0x80 - 'A')) ^ (w + EVERY(0x7f - 'Z'))) & EVERY(0x80);
	return w | upper >> 2;
}

/* Up to seven bytes in a word: all of them, some twice; equal for equal bytes. */
static uint64_t few(const char *p, uint32_t n)
{
	uint32_t a, b;
	uint16_t c, d;

	if (n >= 4) {
		memcpy(&a, p, 4);
		memcpy(&b, p + n - 4, 4);
		return a | (uint64_t)b << 32;
	}
	if (n < 2)
		return n ? (uint8_t)*p : 0;
	memcpy(&c, p, 2);
	memcpy(&d, p + n - 2, 2);
	return c | (uint64_t)d << 16;
}

/* How many bytes at the start of s are prefix with other case, where both have the same characters; -1:
 * they have not. */
static int64_t fold_prefix(ic_str s, ic_str prefix)
{
	uint32_t i = 0, k = 0;
	unsigned used_s, used_p;

	while (k < prefix.n) {
		while (k + 8 <= prefix.n && i + 8 <= s.n) {
			uint64_t x = eight(s.p + i), y = eight(prefix.p + k);
			if ((x | y) & EVERY(0x80))
				break;
			if (x != y && lower_eight(x) != lower_eight(y))
				return -1;
			i += 8;
			k += 8;
		}
		uint32_t left = prefix.n - k;
		if (left < 8 && s.n - i >= left) {
			uint64_t x = few(s.p + i, left), y = few(prefix.p + k, left);
			if (!((x | y) & EVERY(0x80)))
				return lower_eight(x) == lower_eight(y) ? (int64_t)i + left : -1;
		}
		if (i >= s.n)
			return -1;
		if (((uint8_t)s.p[i] | (uint8_t)prefix.p[k]) < 0x80) {
			if (ic_lower(s.p[i]) != ic_lower(prefix.p[k]))
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
			c = (uint8_t)ic_lower((char)c);
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

/* The first byte from `from` on that may be the ASCII character `low`, in either case or for other reasons;
 * n if there is none. */
static uint32_t candidate(ic_str s, uint32_t from, char low)
{
	uint64_t pattern = EVERY((uint8_t)low | 0x20);
	uint32_t i = from;

	for (; i + 8 <= s.n; i += 8) {
		uint64_t x = (eight(s.p + i) | EVERY(0x20)) ^ pattern,
			 zero = (x - EVERY(1)) & ~x & EVERY(0x80);
		if (!zero)
			continue;
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
		return i + (uint32_t)__builtin_ctzll(zero) / 8;
#else
		break;
#endif
	}
	while (i < s.n && ((s.p[i] ^ low) & ~0x20))
		i++;
	return i;
}

enum { LONG_PART = 256 };

/* Polynomials modulo a prime with a secret base: nobody can choose texts whose hashes meet. */
#define PRIME ((UINT64_C(1) << 61) - 1)

static uint64_t times(uint64_t a, uint64_t b)
{
	__uint128_t m = (__uint128_t)a * b;
	uint64_t x = (uint64_t)(m & PRIME) + (uint64_t)(m >> 61);
	return x >= PRIME ? x - PRIME : x;
}

static uint64_t folded_at(ic_str s, uint32_t at, unsigned *used)
{
	return ic_char_fold(ic_utf8_read(s.p + at, s.n - at, used));
}

/* As ic_fold_find, in time that grows with |s| + |part|, whatever they are (Karp and Rabin). */
static int64_t find_long(ic_str s, ic_str part, uint32_t from, uint32_t *used)
{
	uint64_t base = 1 + ic_hash_seed() % (PRIME - 1), wanted = 0, hash = 0, power = 1;
	uint32_t characters = 0, have = 0, low = from;
	unsigned n;

	for (uint32_t i = 0; i < part.n; i += n) {
		wanted = (times(wanted, base) + folded_at(part, i, &n)) % PRIME;
		power = characters++ ? times(power, base) : 1;
	}
	for (uint32_t high = from; high < s.n; high += n) {
		if (have == characters) {
			hash = (hash + PRIME - times(folded_at(s, low, &n), power)) % PRIME;
			low += n;
			have--;
		}
		hash = (times(hash, base) + folded_at(s, high, &n)) % PRIME;
		have++;
		if (have == characters && hash == wanted &&
		    ic_fold_starts((ic_str){ s.p + low, s.n - low }, part, used))
			return low;
	}
	return -1;
}

int64_t ic_fold_find(ic_str s, ic_str part, uint32_t from, uint32_t *used)
{
	bool ascii = part.n && (uint8_t)part.p[0] < 0x80;

	*used = 0;
	if (part.n == 0)
		return from <= s.n ? (int64_t)from : -1;
	if (part.n >= LONG_PART)
		return find_long(s, part, from, used);
	for (uint32_t i = from; i < s.n; i++) {
		/* a character beyond ASCII has relatives with other first bytes */
		if (ascii && (i = candidate(s, i, ic_lower(part.p[0]))) == s.n)
			break;
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
		for (from = (uint32_t)at + 1; where & IC_TERM_START && from < s.n && !border(s, from);)
			from++;
	}
}
