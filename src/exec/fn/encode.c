/* SPDX-License-Identifier: Apache-2.0 */
#include "exec/fn/encode.h"

static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

ic_value ic_base64_encode(ic_call *c, const void *bytes, size_t n)
{
	const unsigned char *p = bytes;
	ic_text t = ic_text_new(c, (n + 2) / 3 * 4);
	for (; n > 0 && !c->failed; p += 3) {
		uint32_t group =
		    (uint32_t)p[0] << 16 | (n > 1 ? (uint32_t)p[1] << 8 : 0) | (n > 2 ? p[2] : 0);
		char four[4] = { digits[group >> 18], digits[group >> 12 & 63],
				 n > 1 ? digits[group >> 6 & 63] : '=', n > 2 ? digits[group & 63] : '=' };
		ic_text_put(&t, four, 4);
		n -= n < 3 ? n : 3;
	}
	return ic_text_value(&t);
}

static int digit_of(char ch)
{
	if (ch >= 'A' && ch <= 'Z')
		return ch - 'A';
	if (ch >= 'a' && ch <= 'z')
		return ch - 'a' + 26;
	if (ch >= '0' && ch <= '9')
		return ch - '0' + 52;
	return ch == '+' ? 62 : ch == '/' ? 63 : -1;
}

bool ic_base64_decode(ic_call *c, ic_str s, ic_str *ret)
{
	s = ic_str_trim(s);
	if (s.n % 4 != 0)
		return false;
	for (unsigned padding = 0; padding < 2 && s.n && s.p[s.n - 1] == '='; padding++)
		s.n--;
	char *p = ic_arena_alloc(c->arena, (size_t)s.n + 1);
	if (!p) {
		c->failed = IC_E_NOMEM;
		return false;
	}
	uint32_t bits = 0, have = 0, n = 0;
	for (uint32_t i = 0; i < s.n; i++) {
		int digit = digit_of(s.p[i]);
		if (digit < 0)
			return false;
		bits = bits << 6 | (uint32_t)digit;
		have += 6;
		if (have >= 8) {
			have -= 8;
			p[n++] = (char)(bits >> have & 0xff);
		}
	}
	*ret = (ic_str){ p, n };
	return true;
}
