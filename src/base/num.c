/* SPDX-License-Identifier: Apache-2.0 */
#include "base/num.h"

#include <locale.h>
#include <math.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

#include "ictus.h"

bool ic_parse_u64(ic_str s, uint64_t *ret)
{
	uint64_t v = 0;
	uint32_t i = 0, eight;
	if (s.n == 0)
		return false;
	while (s.n - i >= 8 && i < 16 && ic_eight_digits(s.p + i, &eight)) {
		v = v * 100000000 + eight; /* at most 16 digits: cannot overflow */
		i += 8;
	}
	for (; i < s.n; i++) {
		unsigned d = (unsigned)(unsigned char)s.p[i] - '0';
		if (d > 9 || __builtin_mul_overflow(v, (uint64_t)10, &v) ||
		    __builtin_add_overflow(v, (uint64_t)d, &v))
			return false;
	}
	*ret = v;
	return true;
}

bool ic_parse_i64(ic_str s, int64_t *ret)
{
	uint64_t v;
	bool negative = s.n > 0 && s.p[0] == '-';
	if (negative) {
		s.p++;
		s.n--;
	}
	if (!ic_parse_u64(s, &v) || v > (uint64_t)INT64_MAX + negative)
		return false;
	*ret = negative ? (int64_t)(0 - v) : (int64_t)v;
	return true;
}

/* Digits of a decimal number as an integer times a power of ten. */
#define DIGITS_MOST 780 /* 767 decide any rounding of a double; a further digit 1 stands for the rest */
typedef struct decimal {
	bool negative, dropped; /* dropped: a non-zero digit came after DIGITS_MOST */
	unsigned n;		/* digits kept, leading zeros left out */
	int64_t exponent;
	uint64_t mantissa; /* of the first 19 digits */
	char digits[DIGITS_MOST];
} decimal;

static bool read_exponent(ic_str s, uint32_t i, int64_t *ret)
{
	bool negative = i < s.n && s.p[i] == '-';
	if (i < s.n && (s.p[i] == '-' || s.p[i] == '+'))
		i++;
	if (i == s.n)
		return false;
	int64_t v = 0;
	for (; i < s.n; i++) {
		unsigned d = (unsigned)(unsigned char)s.p[i] - '0';
		if (d > 9)
			return false;
		if (v < 1000000)
			v = v * 10 + (int64_t)d;
	}
	*ret = negative ? -v : v;
	return true;
}

static void keep_digit(decimal *r, char c, bool fraction)
{
	if (r->n == 0 && c == '0') {
		r->exponent -= fraction;
		return;
	}
	if (r->n == DIGITS_MOST) {
		r->dropped |= c != '0';
		r->exponent += !fraction;
		return;
	}
	if (r->n < 19)
		r->mantissa = r->mantissa * 10 + (uint64_t)(c - '0');
	r->digits[r->n++] = c;
	r->exponent -= fraction;
}

static bool read_decimal(ic_str s, decimal *r)
{
	r->dropped = false;
	r->n = 0;
	r->exponent = 0;
	r->mantissa = 0;
	uint32_t i = 0;
	bool point = false, any = false;
	r->negative = s.n > 0 && s.p[0] == '-';
	if (s.n > 0 && (s.p[0] == '-' || s.p[0] == '+'))
		i++;
	for (; i < s.n; i++) {
		char c = s.p[i];
		if (c >= '0' && c <= '9') {
			any = true;
			keep_digit(r, c, point);
		} else if (c == '.' && !point) {
			point = true;
		} else {
			break;
		}
	}
	if (!any)
		return false;
	if (i == s.n)
		return true;
	int64_t exponent;
	if ((s.p[i] != 'e' && s.p[i] != 'E') || !read_exponent(s, i + 1, &exponent))
		return false;
	r->exponent += exponent;
	return true;
}

bool ic_parse_whole(ic_str s, int64_t *ret)
{
	enum { EXACT = 19 }; /* digits of the mantissa */
	decimal r;
	if (ic_parse_i64(s, ret))
		return true;
	if (!read_decimal(s, &r) || r.dropped)
		return false;
	for (; r.n > EXACT; r.n--, r.exponent++)
		if (r.digits[r.n - 1] != '0')
			return false;
	uint64_t v = r.mantissa;
	for (; v && r.exponent < 0; r.exponent++, v /= 10)
		if (v % 10)
			return false;
	for (; v && r.exponent > 0; r.exponent--)
		if (__builtin_mul_overflow(v, (uint64_t)10, &v))
			return false;
	if (v > (uint64_t)INT64_MAX + r.negative)
		return false;
	*ret = r.negative ? (int64_t)(0 - v) : (int64_t)v;
	return true;
}

static locale_t c_locale;
static pthread_once_t c_locale_once = PTHREAD_ONCE_INIT;
static void c_locale_make(void)
{
	c_locale = newlocale(LC_ALL_MASK, "C", (locale_t)0);
}
static locale_t c_locale_get(void)
{
	pthread_once(&c_locale_once, c_locale_make);
	return c_locale;
}

static double hard_double(const decimal *r)
{
	char text[DIGITS_MOST + 32];
	int64_t exponent = r->exponent;
	size_t n = r->n;
	memcpy(text, r->digits, n);
	if (r->dropped) {
		text[n++] = '1';
		exponent--;
	}
	exponent = exponent > 99999 ? 99999 : exponent < -99999 ? -99999 : exponent;
	snprintf(text + n, sizeof text - n, "e%d", (int)exponent);
	locale_t c = c_locale_get();
	return c ? strtod_l(text, NULL, c) : strtod(text, NULL);
}

bool ic_parse_double(ic_str s, double *ret)
{
	static const double tens[] = { 1e0,  1e1,  1e2,	 1e3,  1e4,  1e5,  1e6,	 1e7,  1e8,  1e9,  1e10, 1e11,
				       1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22 };
	decimal r;
	if (!read_decimal(s, &r))
		return false;
	double v;
	if (r.n == 0)
		v = 0;
	else if (r.n <= 19 && r.mantissa <= UINT64_C(1) << 53 && r.exponent >= -22 && r.exponent <= 22)
		/* both factors are exact, so one operation rounds once (Clinger 1990) */
		v = r.exponent < 0 ? (double)r.mantissa / tens[-r.exponent]
				   : (double)r.mantissa * tens[r.exponent];
	else
		v = hard_double(&r);
	if (!isfinite(v))
		return false;
	*ret = r.negative ? -v : v;
	return true;
}

size_t ic_format_u64(uint64_t v, char *buf)
{
	char text[20];
	size_t at = sizeof text;
	do {
		text[--at] = (char)('0' + v % 10);
		v /= 10;
	} while (v);
	memcpy(buf, text + at, sizeof text - at);
	return sizeof text - at;
}

size_t ic_format_i64(int64_t v, char *buf)
{
	buf[0] = '-';
	return v < 0 ? 1 + ic_format_u64(0 - (uint64_t)v, buf + 1) : ic_format_u64((uint64_t)v, buf);
}

/* The least number of 15, 16 or 17 digits that read back as a = m / 2^s, where whole numbers of 128 bits
 * hold all that is compared: *decimals of them are behind the point. 10^16 <= a * 10^k < 10^17. */
static uint64_t shortest_digits(uint64_t m, unsigned s, unsigned k, unsigned *decimals)
{
	unsigned __int128 power = 1;
	for (unsigned i = 0; i < k; i++)
		power *= 10;
	const unsigned __int128 exact = m * power; /* of 1 / 2^s */
	const uint64_t whole = (uint64_t)(exact >> s);
	uint64_t digits = 0;
	for (unsigned unit = 100; unit; unit /= 10) {
		digits = whole / unit;
		const unsigned __int128 one = (unsigned __int128)unit << s, rest = exact - digits * one;
		const bool up = rest * 2 > one || (rest * 2 == one && digits & 1);
		digits += up;
		*decimals = k - (unit == 100 ? 2 : unit == 10);
		/* nearer to a than to its neighbours, of which the one below a power of two is nearer */
		const unsigned __int128 off = up ? one - rest : rest;
		const unsigned near = !up && m == UINT64_C(1) << 52 ? 4 : 2;
		if (off * near < power || (off * near == power && (m & 1) == 0))
			break;
	}
	return digits;
}

/* What is neither large nor small, which is nearly all that is printed. Returns 0 for the rest. */
static size_t format_easy(double v, char *buf)
{
	enum { MANTISSA = 52, BIAS = 1075, ROOM = 24 };
	const double a = fabs(v);
	if (a != 0 && !(a >= 1e-4 && a < 1e14))
		return 0;
	uint64_t bits, digits = 0;
	unsigned decimals = 0, k = 20; /* for 1e-4 */
	memcpy(&bits, &a, sizeof bits);
	const uint64_t m = (bits & ((UINT64_C(1) << MANTISSA) - 1)) | UINT64_C(1) << MANTISSA;
	static const double least[] = { 1e-3, 1e-2, 1e-1, 1e0, 1e1,  1e2,  1e3,	 1e4, 1e5,
					1e6,  1e7,  1e8,  1e9, 1e10, 1e11, 1e12, 1e13 };
	while (k > 3 && a >= least[20 - k])
		k--;
	if (a != 0)
		digits = shortest_digits(m, BIAS - (unsigned)(bits >> MANTISSA), k, &decimals);
	for (; decimals && digits % 10 == 0; decimals--)
		digits /= 10;
	char text[ROOM];
	unsigned at = ROOM, point = ROOM - decimals;
	do {
		text[--at] = (char)('0' + digits % 10);
		digits /= 10;
	} while (digits || at >= point);
	size_t n = 0;
	if (signbit(v))
		buf[n++] = '-';
	memcpy(buf + n, text + at, point - at);
	n += point - at;
	if (decimals)
		buf[n++] = '.';
	memcpy(buf + n, text + point, decimals);
	n += decimals;
	buf[n] = '\0';
	return n;
}

size_t ic_format_double(double v, char *buf)
{
	size_t easy = format_easy(v, buf);
	if (easy)
		return easy;
	locale_t c = c_locale_get(), before = c ? uselocale(c) : (locale_t)0;
	int n = 0;
	for (int digits = 15; digits <= 17; digits++) {
		n = snprintf(buf, 32, "%.*g", digits, v);
		if (strtod(buf, NULL) == v)
			break;
	}
	if (c)
		uselocale(before);
	return (size_t)n;
}

ic_status ic_size_parse(const char *text, uint64_t *ret_bytes)
{
	static const struct {
		const char *unit;
		unsigned shift;
	} units[] = { { "", 0 },     { "b", 0 },   { "k", 10 },	  { "kb", 10 }, { "kib", 10 },
		      { "m", 20 },   { "mb", 20 }, { "mib", 20 }, { "g", 30 },	{ "gb", 30 },
		      { "gib", 30 }, { "t", 40 },  { "tb", 40 },  { "tib", 40 } };
	ic_str s = ic_str_of(text);
	uint32_t digits = 0;
	while (digits < s.n && s.p[digits] >= '0' && s.p[digits] <= '9')
		digits++;
	uint64_t v;
	if (!ic_parse_u64((ic_str){ s.p, digits }, &v))
		return IC_E_FORMAT;
	ic_str unit = { s.p + digits, s.n - digits };
	for (size_t i = 0; i < sizeof units / sizeof *units; i++) {
		if (!ic_str_ieq(unit, ic_str_of(units[i].unit)))
			continue;
		if (v > UINT64_MAX >> units[i].shift)
			return IC_E_FORMAT;
		*ret_bytes = v << units[i].shift;
		return IC_OK;
	}
	return IC_E_FORMAT;
}
