/* SPDX-License-Identifier: Apache-2.0 */
/* Short numbers in text, eight bytes at a time in a general register. For callers that know that the
 * bytes after the number may be read; base/num.h is for everyone else. */
#ifndef IC_SOURCE_TEXT_FAST_H
#define IC_SOURCE_TEXT_FAST_H

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

static inline uint64_t ic_fast_load64(const char *p)
{
	uint64_t v;
	memcpy(&v, p, sizeof(v));
	return v;
}

/* The first n bytes (0 to 8) at p, the rest zero. Reads 8 bytes. */
static inline uint64_t ic_fast_word(const char *p, unsigned n)
{
	static const uint64_t masks[9] = {
		0,	    0xff,	  0xffff,	  0xffffff,
		0xffffffff, 0xffffffffff, 0xffffffffffff, 0xffffffffffffff,
		UINT64_MAX,
	};
	return ic_fast_load64(p) & masks[n];
}

/* The value of n digits (1 to 8) at p; false if one of them is none. Reads 8 bytes. Little-endian. */
static inline bool ic_fast_digits8(const char *p, unsigned n, uint64_t *ret)
{
	uint64_t v = (ic_fast_load64(p) ^ UINT64_C(0x3030303030303030)) << (64 - 8 * n);
	bool ok = (((v + UINT64_C(0x7676767676767676)) | v) & UINT64_C(0x8080808080808080)) == 0;
	v = v * 10 + (v >> 8); /* pairs, in every other byte */
	*ret = ((v & UINT64_C(0x000000ff000000ff)) * UINT64_C(0x000f424000000064) +
		((v >> 16) & UINT64_C(0x000000ff000000ff)) * UINT64_C(0x0000271000000001)) >>
	       32;
	return ok;
}

/* The value of n digits (1 to 16) at p. Reads 8 bytes from p, and from p + n - 8 when n > 8. */
static inline bool ic_fast_digits16(const char *p, unsigned n, uint64_t *ret)
{
	if (n <= 8)
		return ic_fast_digits8(p, n, ret);
	uint64_t high, low;
	if (!ic_fast_digits8(p, n - 8, &high) || !ic_fast_digits8(p + n - 8, 8, &low))
		return false;
	*ret = high * 100000000 + low;
	return true;
}

#endif
