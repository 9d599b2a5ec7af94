/* SPDX-License-Identifier: Apache-2.0 */
/* Hexadecimal digits: read in either case, written in lower case. */
#ifndef IC_BASE_HEX_H
#define IC_BASE_HEX_H

#include <stddef.h>
#include <stdint.h>

/* -1: it is no digit. */
static inline int ic_hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c = (char)(c | 0x20);
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* The n digits at p, 15 at most, as a number; -1: one of them is none. */
static inline int64_t ic_hex_read(const char *p, unsigned n)
{
	int64_t v = 0;
	for (unsigned i = 0; i < n; i++) {
		int d = ic_hex_digit(p[i]);
		if (d < 0)
			return -1;
		v = v << 4 | d;
	}
	return v;
}

/* The last n digits of v, and no NUL. */
static inline void ic_hex_write(uint64_t v, unsigned n, char *to)
{
	for (; n; v >>= 4)
		to[--n] = "0123456789abcdef"[v & 15];
}

/* Two digits a byte, and no NUL. */
static inline void ic_hex_bytes(const uint8_t *p, size_t n, char *to)
{
	for (size_t i = 0; i < n; i++)
		ic_hex_write(p[i], 2, to + i * 2);
}

#endif
