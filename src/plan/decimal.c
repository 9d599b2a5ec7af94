/* SPDX-License-Identifier: Apache-2.0 */
/* Decimal numbers: a coefficient of at most 34 digits and at most 28 of them after the point. */
#include <math.h>

#include "base/num.h"
#include "plan/text.h"

enum { SCALE_MOST = 28, DIGITS_MOST = 34 };

/* 10^n, n <= 38 */
static unsigned __int128 ten_to(unsigned n)
{
	unsigned __int128 r = 1;
	while (n--)
		r *= 10;
	return r;
}

static unsigned __int128 magnitude(__int128 v)
{
	return v < 0 ? 0 - (unsigned __int128)v : (unsigned __int128)v;
}

/* Cuts digits after the point until it fits, rounding half away from zero. */
static bool fit(bool negative, unsigned __int128 m, int64_t scale, ic_decimal *ret)
{
	unsigned __int128 most = ten_to(DIGITS_MOST);
	bool half = false;
	while (scale > 0 && (m >= most || scale > SCALE_MOST)) {
		half = m % 10 >= 5;
		m /= 10;
		scale--;
	}
	m += half;
	if (m >= most || scale < 0)
		return false;
	ret->coefficient = negative ? -(__int128)m : (__int128)m;
	ret->scale = (int32_t)scale;
	return true;
}

bool ic_parse_decimal(ic_str s, ic_decimal *ret)
{
	s = ic_str_trim(s);
	bool negative = s.n && *s.p == '-', point = false, any = false;
	uint32_t i = s.n && (*s.p == '-' || *s.p == '+');
	unsigned __int128 m = 0, most = ten_to(DIGITS_MOST);
	int64_t scale = 0;
	bool half = false, full = false;
	for (; i < s.n; i++) {
		unsigned d = (unsigned)(unsigned char)s.p[i] - '0';
		if (s.p[i] == '.' && !point) {
			point = true;
			continue;
		}
		if (d > 9)
			break;
		any = true;
		if (!full && m < most / 10) {
			m = m * 10 + d;
			scale += point;
		} else {
			if (!full)
				half = d >= 5; /* the first digit that is dropped decides */
			full = true;
			scale -= !point;
		}
	}
	if (!any)
		return false;
	if (i < s.n) {
		if (s.p[i] != 'e' && s.p[i] != 'E')
			return false;
		ic_str e = { s.p + i + 1, s.n - i - 1 };
		if (e.n > 1 && *e.p == '+' && e.p[1] != '-') {
			e.p++;
			e.n--;
		}
		int64_t power;
		if (!ic_parse_i64(e, &power) || power > 1000 || power < -1000)
			return false;
		scale -= power;
	}
	m += half;
	for (; scale < 0 && m && m < most; scale++)
		m *= 10;
	if (m == 0 && scale < 0)
		scale = 0;
	return fit(negative, m, scale, ret);
}

size_t ic_decimal_text(const ic_decimal *d, char buf[IC_SMALL_TEXT])
{
	char digits[48];
	unsigned __int128 m = magnitude(d->coefficient);
	size_t n = 0, out = 0;
	size_t scale = (size_t)d->scale;
	while (m || n <= scale) {
		digits[n++] = (char)('0' + (int)(m % 10));
		m /= 10;
	}
	if (d->coefficient < 0)
		buf[out++] = '-';
	while (n) {
		buf[out++] = digits[--n];
		if (n == scale && n)
			buf[out++] = '.';
	}
	return out;
}

double ic_decimal_real(const ic_decimal *d)
{
	char text[IC_SMALL_TEXT];
	double v = 0;
	size_t n = ic_decimal_text(d, text);
	(void)ic_parse_double((ic_str){ text, (uint32_t)n }, &v); /* always a number in range */
	return v;
}

bool ic_decimal_of_real(double v, ic_decimal *ret)
{
	char text[40];
	if (!isfinite(v) || fabs(v) >= 1e34)
		return false;
	size_t n = ic_format_double(v, text);
	return ic_parse_decimal((ic_str){ text, (uint32_t)n }, ret);
}

/* Both with the larger scale; false when one has no room for the zeros. */
static bool align(const ic_decimal *a, const ic_decimal *b, __int128 *ra, __int128 *rb, int32_t *scale)
{
	*ra = a->coefficient;
	*rb = b->coefficient;
	*scale = a->scale > b->scale ? a->scale : b->scale;
	return !__builtin_mul_overflow(*ra, (__int128)ten_to((unsigned)(*scale - a->scale)), ra) &&
	       !__builtin_mul_overflow(*rb, (__int128)ten_to((unsigned)(*scale - b->scale)), rb);
}

int ic_decimal_compare(const ic_decimal *a, const ic_decimal *b)
{
	__int128 x, y;
	int32_t scale;
	if (align(a, b, &x, &y, &scale))
		return x < y ? -1 : x > y;
	/* one is far larger: the difference shows in the doubles */
	double dx = ic_decimal_real(a), dy = ic_decimal_real(b);
	return dx < dy ? -1 : dx > dy;
}

static void drop_digit(ic_decimal *d)
{
	__int128 rest = d->coefficient % 10;
	d->coefficient = d->coefficient / 10 + (rest >= 5) - (rest <= -5);
	d->scale--;
}

bool ic_decimal_add(const ic_decimal *a, const ic_decimal *b, ic_decimal *ret)
{
	ic_decimal p = *a, q = *b;
	__int128 x, y;
	int32_t scale;
	while (!align(&p, &q, &x, &y, &scale)) {
		ic_decimal *longer = p.scale > q.scale ? &p : &q;
		if (longer->scale == 0)
			return false;
		drop_digit(longer);
	}
	if (__builtin_add_overflow(x, y, &x))
		return false;
	return fit(x < 0, magnitude(x), scale, ret);
}

bool ic_decimal_sub(const ic_decimal *a, const ic_decimal *b, ic_decimal *ret)
{
	ic_decimal minus = { -b->coefficient, b->scale };
	return ic_decimal_add(a, &minus, ret);
}

bool ic_decimal_mul(const ic_decimal *a, const ic_decimal *b, ic_decimal *ret)
{
	ic_decimal p = *a, q = *b;
	__int128 product, x, y;
	for (;;) {
		x = p.coefficient;
		y = q.coefficient;
		if (!__builtin_mul_overflow(x, y, &product))
			break;
		ic_decimal *longer = p.scale > q.scale ? &p : &q;
		if (longer->scale == 0)
			return false;
		drop_digit(longer);
	}
	return fit(product < 0, magnitude(product), (int64_t)p.scale + q.scale, ret);
}

bool ic_decimal_div(const ic_decimal *a, const ic_decimal *b, ic_decimal *ret)
{
	if (b->coefficient == 0)
		return false;
	bool negative = (a->coefficient < 0) != (b->coefficient < 0);
	unsigned __int128 divisor = magnitude(b->coefficient), rest = magnitude(a->coefficient);
	unsigned __int128 q = rest / divisor, most = ten_to(DIGITS_MOST);
	int64_t scale = (int64_t)a->scale - b->scale;
	rest %= divisor;
	/* long division; divisor < 10^34, so ten times the rest fits */
	while (scale < SCALE_MOST + 1 && (rest || scale < 0) && q < most) {
		rest *= 10;
		q = q * 10 + rest / divisor;
		rest %= divisor;
		scale++;
	}
	while (scale > 0 && q % 10 == 0) {
		q /= 10;
		scale--;
	}
	return fit(negative, q, scale, ret);
}
