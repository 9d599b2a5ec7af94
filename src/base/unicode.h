/* SPDX-License-Identifier: Apache-2.0 */
/* Characters of UTF-8 text: case and class, independent of the locale. */
#ifndef IC_BASE_UNICODE_H
#define IC_BASE_UNICODE_H

#include "base/str.h"

/* The character at p (n > 0 bytes are there); *used gets the bytes it takes. A byte that is not part
 * of valid UTF-8 gives 0x110000 + the byte, and takes 1. */
uint32_t ic_utf8_read(const char *p, size_t n, unsigned *used);
/* Writes what ic_utf8_read gave; buf holds at least 4 bytes. Returns the length. */
unsigned ic_utf8_write(uint32_t c, char *buf);
bool ic_utf8_valid(ic_str s);
/* Bytes of the byte order mark that n bytes of text begin with: 3, or 0 where there is none. */
static inline size_t ic_utf8_mark(const char *p, size_t n)
{
	return n >= 3 && memcmp(p, "\xef\xbb\xbf", 3) == 0 ? 3 : 0;
}
bool ic_ascii(ic_str s);

/* Of one character to one character; others are themselves. */
uint32_t ic_char_lower(uint32_t c);
uint32_t ic_char_upper(uint32_t c);
/* Characters that differ only in case fold to the same one. */
uint32_t ic_char_fold(uint32_t c);
/* A letter or decimal digit of any script. */
bool ic_char_alnum(uint32_t c);

#endif
