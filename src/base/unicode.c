/* SPDX-License-Identifier: Apache-2.0 */
#include "base/unicode.h"

typedef struct case_run {
	uint32_t first, last, step;
	int32_t delta;
} case_run;
typedef struct class_run {
	uint32_t first, last;
} class_run;

#include "base/unicode_tables.h"

#define COUNT(a) (sizeof(a) / sizeof *(a))

/* Length of the sequence that starts with this byte, 0 if none does; the bits of the first byte and the
 * least character of that length, as longer forms of short characters are not valid. */
static unsigned sequence(uint8_t b, uint32_t *bits, uint32_t *least)
{
	if (b >= 0xc2 && b <= 0xdf) {
		*bits = b & 0x1fu;
		*least = 0x80;
		return 2;
	}
	if (b >= 0xe0 && b <= 0xef) {
		*bits = b & 0x0fu;
		*least = 0x800;
		return 3;
	}
	if (b >= 0xf0 && b <= 0xf4) {
		*bits = b & 0x07u;
		*least = 0x10000;
		return 4;
	}
	return 0;
}

uint32_t ic_utf8_read(const char *p, size_t n, unsigned *used)
{
	const uint8_t *u = (const uint8_t *)p;
	uint32_t c, least;
	unsigned length, i;

	*used = 1;
	if (u[0] < 0x80)
		return u[0];
	length = sequence(u[0], &c, &least);
	if (length == 0 || length > n)
		return 0x110000u + u[0];
	for (i = 1; i < length; i++) {
		if ((u[i] & 0xc0) != 0x80)
			return 0x110000u + u[0];
		c = c << 6 | (u[i] & 0x3fu);
	}
	if (c < least || c > 0x10ffff || (c >= 0xd800 && c <= 0xdfff))
		return 0x110000u + u[0];
	*used = length;
	return c;
}

unsigned ic_utf8_write(uint32_t c, char *buf)
{
	if (c < 0x80) {
		buf[0] = (char)c;
		return 1;
	}
	if (c < 0x800) {
		buf[0] = (char)(0xc0 | c >> 6);
		buf[1] = (char)(0x80 | (c & 0x3f));
		return 2;
	}
	if (c < 0x10000) {
		buf[0] = (char)(0xe0 | c >> 12);
		buf[1] = (char)(0x80 | (c >> 6 & 0x3f));
		buf[2] = (char)(0x80 | (c & 0x3f));
		return 3;
	}
	if (c < 0x110000) {
		buf[0] = (char)(0xf0 | c >> 18);
		buf[1] = (char)(0x80 | (c >> 12 & 0x3f));
		buf[2] = (char)(0x80 | (c >> 6 & 0x3f));
		buf[3] = (char)(0x80 | (c & 0x3f));
		return 4;
	}
	buf[0] = (char)(c & 0xff);
	return 1;
}

bool ic_ascii(ic_str s)
{
	uint32_t i = 0;
	uint64_t w;

	for (; i + 8 <= s.n; i += 8) {
		memcpy(&w, s.p + i, 8);
		if (w & 0x8080808080808080ull)
			return false;
	}
	for (; i < s.n; i++)
		if ((uint8_t)s.p[i] >= 0x80)
			return false;
	return true;
}

bool ic_utf8_valid(ic_str s)
{
	unsigned used;

	if (ic_ascii(s))
		return true;
	for (uint32_t i = 0; i < s.n; i += used)
		if (ic_utf8_read(s.p + i, s.n - i, &used) >= 0x110000)
			return false;
	return true;
}

static uint32_t mapped(const case_run *run, size_t n, uint32_t c)
{
	size_t low = 0, high = n;

	while (low < high) {
		size_t middle = (low + high) / 2;
		if (run[middle].last < c)
			low = middle + 1;
		else
			high = middle;
	}
	if (low == n || c < run[low].first || (c - run[low].first) % run[low].step != 0)
		return c;
	return (uint32_t)((int64_t)c + run[low].delta);
}

uint32_t ic_char_lower(uint32_t c)
{
	if (c < 0x80)
		return c >= 'A' && c <= 'Z' ? c + 32 : c;
	return mapped(lower_runs, COUNT(lower_runs), c);
}

uint32_t ic_char_upper(uint32_t c)
{
	if (c < 0x80)
		return c >= 'a' && c <= 'z' ? c - 32 : c;
	return mapped(upper_runs, COUNT(upper_runs), c);
}

uint32_t ic_char_fold(uint32_t c)
{
	if (c < 0x80)
		return c >= 'A' && c <= 'Z' ? c + 32 : c;
	return mapped(fold_runs, COUNT(fold_runs), c);
}

bool ic_char_alnum(uint32_t c)
{
	size_t low = 0, high = COUNT(alnum_runs);

	if (c < 0x80)
		return (c >= '0' && c <= '9') || ((c | 32) >= 'a' && (c | 32) <= 'z');
	while (low < high) {
		size_t middle = (low + high) / 2;
		if (alnum_runs[middle].last < c)
			low = middle + 1;
		else
			high = middle;
	}
	return low < COUNT(alnum_runs) && c >= alnum_runs[low].first;
}
