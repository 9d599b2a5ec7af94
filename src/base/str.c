/* SPDX-License-Identifier: Apache-2.0 */
#include "base/str.h"

static bool same_folded(const char *a, const char *b, uint32_t n)
{
	for (uint32_t i = 0; i < n; i++)
		if (ic_lower(a[i]) != ic_lower(b[i]))
			return false;
	return true;
}

int ic_str_cmp(ic_str a, ic_str b)
{
	uint32_t n = a.n < b.n ? a.n : b.n;
	int c = n ? memcmp(a.p, b.p, n) : 0;
	if (c != 0)
		return c < 0 ? -1 : 1;
	return a.n == b.n ? 0 : (a.n < b.n ? -1 : 1);
}

bool ic_str_ieq(ic_str a, ic_str b)
{
	return a.n == b.n && same_folded(a.p, b.p, a.n);
}

bool ic_str_istarts(ic_str s, ic_str prefix)
{
	return s.n >= prefix.n && same_folded(s.p, prefix.p, prefix.n);
}

bool ic_str_iends(ic_str s, ic_str suffix)
{
	return s.n >= suffix.n && (suffix.n == 0 || same_folded(s.p + (s.n - suffix.n), suffix.p, suffix.n));
}

bool ic_str_icontains(ic_str s, ic_str part)
{
	if (part.n == 0)
		return true;
	for (uint32_t i = 0; i + part.n <= s.n; i++)
		if (same_folded(s.p + i, part.p, part.n))
			return true;
	return false;
}

static bool blank(char c)
{
	return c == ' ' || (c >= '\t' && c <= '\r');
}

ic_str ic_str_cut(ic_str s, uint32_t most)
{
	uint32_t n = most;
	if (s.n <= most)
		return s;
	while (n > 0 && most - n < 3 && ((unsigned char)s.p[n] & 0xc0) == 0x80)
		n--;
	return (ic_str){ s.p, n };
}

ic_str ic_str_trim(ic_str s)
{
	while (s.n && blank(*s.p)) {
		s.p++;
		s.n--;
	}
	while (s.n && blank(s.p[s.n - 1]))
		s.n--;
	return s;
}
