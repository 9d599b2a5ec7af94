/* SPDX-License-Identifier: Apache-2.0 */
#include "base/time.h"

#include <math.h>
#include <stdio.h>
#include <time.h>

#include "base/num.h"

static bool digit(char c)
{
	return c >= '0' && c <= '9';
}

static const int64_t powers[] = { 1, 10, 100, 1000, 10000, 100000, 1000000, 10000000 };

/* ---- epoch seconds ---------------------------------------------------------------- */

/* Any decimal with an exponent, exactly: the digits are kept as text and the point is moved by seven
 * places. A tick count has at most 19 digits. */
static bool epoch_with_exponent(ic_str s, int64_t *ret)
{
	char digits[20];
	unsigned kept = 0;
	int64_t point = 0; /* digits before the point, leading zeros not counted */
	uint32_t i = 0;
	bool any = false, seen_point = false;
	for (; i < s.n && (digit(s.p[i]) || (s.p[i] == '.' && !seen_point)); i++) {
		if (s.p[i] == '.') {
			seen_point = true;
			continue;
		}
		any = true;
		bool leading = kept == 0 && s.p[i] == '0';
		if (!leading && kept < sizeof digits)
			digits[kept++] = s.p[i];
		if (leading)
			point -= seen_point;
		else
			point += !seen_point;
	}
	if (!any)
		return false;
	if (i < s.n) {
		int64_t exponent;
		if (s.p[i] != 'e' && s.p[i] != 'E')
			return false;
		ic_str e = { s.p + i + 1, s.n - i - 1 };
		if (e.n && e.p[0] == '+') {
			e.p++;
			e.n--;
			if (e.n && e.p[0] == '-')
				return false;
		}
		if (!ic_parse_i64(e, &exponent) || exponent > 1000 || exponent < -1000)
			return false;
		point += exponent;
	}
	point += 7;
	uint64_t ticks = 0;
	if (kept == 0 || point < 0) {
		*ret = 0;
		return true;
	}
	if (point > 19)
		return false;
	for (int64_t d = 0; d < point; d++)
		ticks = ticks * 10 + (d < kept ? (uint64_t)(digits[d] - '0') : 0);
	ticks += point < kept && digits[point] >= '5';
	if (ticks > (uint64_t)IC_TIME_MAX)
		return false;
	*ret = (int64_t)ticks;
	return true;
}

bool ic_time_from_epoch_text(ic_str s, int64_t *ret)
{
	uint32_t high, low;
	/* what Zeek writes: ten digits, a point, six digits */
	if (s.n == 17 && s.p[10] == '.' && ic_eight_digits(s.p, &high)) {
		char rest[8] = { s.p[8], s.p[9], s.p[11], s.p[12], s.p[13], s.p[14], s.p[15], s.p[16] };
		if (ic_eight_digits(rest, &low)) {
			*ret = ((int64_t)high * 100000000 + low) * IC_TICKS_US;
			return true;
		}
	}
	return epoch_with_exponent(s, ret);
}

bool ic_time_from_number(double v, int64_t unit_ticks, int64_t *ret)
{
	if (!(v >= 0) || v > (double)IC_TIME_MAX)
		return false;
	/* whole units apart, so that the fraction keeps all its bits */
	double whole = floor(v);
	int64_t ticks;
	if (__builtin_mul_overflow((int64_t)whole, unit_ticks, &ticks))
		return false;
	int64_t rest = llround((v - whole) * (double)unit_ticks);
	if (ticks > IC_TIME_MAX - rest)
		return false;
	*ret = ticks + rest;
	return true;
}

/* ---- calendar --------------------------------------------------------------------- */

/* Days since 1970-01-01 of a date in the proleptic Gregorian calendar and back, by eras of 400 years
 * that begin in March (Hinnant, "chrono-Compatible Low-Level Date Algorithms"). */
int64_t ic_civil_days(int64_t y, unsigned m, unsigned d)
{
	y -= m <= 2;
	int64_t era = (y >= 0 ? y : y - 399) / 400;
	int64_t yoe = y - era * 400;
	int64_t doy = (153 * (int64_t)(m > 2 ? m - 3 : m + 9) + 2) / 5 + d - 1;
	int64_t doe = yoe * 365 + yoe / 4 - yoe / 100 + doy;
	return era * 146097 + doe - 719468;
}

/* A quotient rounded down; the remainder is never negative. */
static int64_t floor_div(int64_t a, int64_t b, int64_t *rest)
{
	int64_t q = a / b;
	*rest = a % b;
	if (*rest < 0) {
		*rest += b;
		q--;
	}
	return q;
}

ic_civil ic_civil_from_ticks(int64_t ticks)
{
	int64_t fraction, in_day, doe;
	int64_t s = floor_div(ticks, IC_TICKS_S, &fraction);
	int64_t z = floor_div(s, 86400, &in_day) + 719468;
	int64_t era = floor_div(z, 146097, &doe);
	int64_t yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365;
	int64_t doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
	int64_t mp = (5 * doy + 2) / 153;
	int64_t month = mp < 10 ? mp + 3 : mp - 9;
	return (ic_civil){ .year = (int32_t)(yoe + era * 400 + (month <= 2)),
			   .month = (unsigned)month,
			   .day = (unsigned)(doy - (153 * mp + 2) / 5 + 1),
			   .hour = (unsigned)(in_day / 3600),
			   .minute = (unsigned)(in_day / 60 % 60),
			   .second = (unsigned)(in_day % 60),
			   .fraction = (unsigned)fraction };
}

unsigned ic_civil_month_days(int64_t year, unsigned month)
{
	static const uint8_t days[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };
	bool leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
	return days[month - 1] + (unsigned)(month == 2 && leap);
}

bool ic_civil_ticks(const ic_civil *c, int64_t *ret)
{
	if (c->year < 1 || c->year > 9999 || c->month < 1 || c->month > 12 || c->day < 1 ||
	    c->day > ic_civil_month_days(c->year, c->month) || c->hour > 23 || c->minute > 59 ||
	    c->second > 60 || c->fraction > IC_TICKS_S)
		return false;
	int64_t seconds =
	    ic_civil_days(c->year, c->month, c->day) * 86400 + c->hour * 3600 + c->minute * 60 + c->second;
	int64_t ticks = seconds * IC_TICKS_S + c->fraction;
	if (ticks > IC_TIME_MAX)
		return false;
	*ret = ticks;
	return true;
}

/* ---- text ------------------------------------------------------------------------- */

typedef struct cursor {
	const char *p, *end;
} cursor;

static bool take(cursor *at, char c)
{
	if (at->p == at->end || *at->p != c)
		return false;
	at->p++;
	return true;
}

/* Between `least` and `most` digits. */
static bool take_number(cursor *at, unsigned least, unsigned most, unsigned *ret)
{
	unsigned n = 0, v = 0;
	while (n < most && at->p < at->end && digit(*at->p)) {
		v = v * 10 + (unsigned)(*at->p++ - '0');
		n++;
	}
	*ret = v;
	return n >= least;
}

static bool take_year(cursor *at, ic_civil *c)
{
	unsigned year;
	if (!take_number(at, 4, 4, &year))
		return false;
	c->year = (int32_t)year;
	return true;
}

/* ".123456": ticks, rounded half up on the eighth decimal. */
static bool take_fraction(cursor *at, unsigned *ret_ticks)
{
	*ret_ticks = 0;
	if (!take(at, '.') && !take(at, ','))
		return true;
	unsigned n = 0, v = 0;
	for (; at->p < at->end && digit(*at->p); at->p++, n++) {
		if (n < 7)
			v = v * 10 + (unsigned)(*at->p - '0');
		else if (n == 7)
			v += *at->p >= '5';
	}
	*ret_ticks = n < 7 ? v * (unsigned)powers[7 - n] : v;
	return n > 0;
}

/* Spreadsheets drop the seconds. */
static bool take_clock(cursor *at, unsigned hour_digits, ic_civil *c)
{
	if (!take_number(at, hour_digits, 2, &c->hour) || !take(at, ':') ||
	    !take_number(at, 2, 2, &c->minute))
		return false;
	return !take(at, ':') || (take_number(at, 2, 2, &c->second) && take_fraction(at, &c->fraction));
}

/* "Z", "UTC", "+hh:mm", "+hhmm", also behind a blank, or nothing: minutes east of UTC. */
static bool take_zone(cursor *at, int *ret_minutes)
{
	*ret_minutes = 0;
	take(at, ' ');
	if (take(at, 'Z') || take(at, 'z') || at->p == at->end)
		return true;
	if (at->end - at->p == 3 && (memcmp(at->p, "UTC", 3) == 0 || memcmp(at->p, "GMT", 3) == 0)) {
		at->p += 3;
		return true;
	}
	bool west = *at->p == '-';
	if (!take(at, '+') && !take(at, '-'))
		return false;
	unsigned hours, minutes;
	if (!take_number(at, 2, 2, &hours))
		return false;
	take(at, ':');
	if (!take_number(at, 2, 2, &minutes) || hours > 23 || minutes > 59)
		return false;
	*ret_minutes = (int)(hours * 60 + minutes) * (west ? -1 : 1);
	return true;
}

static bool take_half_day(cursor *at, ic_civil *c)
{
	take(at, ' ');
	if (at->p == at->end)
		return true;
	char half = (char)(*at->p & ~0x20);
	if (at->end - at->p < 2 || (half != 'A' && half != 'P') || (at->p[1] & ~0x20) != 'M' || c->hour < 1 ||
	    c->hour > 12)
		return false;
	at->p += 2;
	c->hour = c->hour % 12 + (half == 'P' ? 12 : 0);
	return true;
}

/* "5/1/2024 1:02:03.456 PM" */
static bool read_us(cursor *at, ic_civil *c)
{
	return take_number(at, 1, 2, &c->month) && take(at, '/') && take_number(at, 1, 2, &c->day) &&
	       take(at, '/') && take_year(at, c) && take(at, ' ') && take_clock(at, 1, c) &&
	       take_half_day(at, c);
}

/* "1.5.2024 13:02:03,456" */
static bool read_dotted(cursor *at, ic_civil *c)
{
	return take_number(at, 1, 2, &c->day) && take(at, '.') && take_number(at, 1, 2, &c->month) &&
	       take(at, '.') && take_year(at, c) && take(at, ' ') && take_clock(at, 1, c);
}

static bool read_rfc3339(cursor *at, ic_civil *c, int *minutes_east)
{
	if (!take_year(at, c) || at->p == at->end || (*at->p != '-' && *at->p != '/'))
		return false;
	const char between = *at->p++;
	return take_number(at, 2, 2, &c->month) && take(at, between) && take_number(at, 2, 2, &c->day) &&
	       (take(at, 'T') || take(at, ' ') || take(at, 't')) && take_clock(at, 2, c) &&
	       take_zone(at, minutes_east);
}

bool ic_time_from_text(ic_str s, int64_t *ret)
{
	ic_civil c = { 0 };
	int east = 0;
	int64_t ticks;
	if (s.n < 13)
		return false;
	cursor at = { s.p, s.p + s.n };
	const char between = digit(s.p[1]) ? s.p[2] : s.p[1];
	bool good = between == '/'   ? read_us(&at, &c)
		    : between == '.' ? read_dotted(&at, &c)
				     : read_rfc3339(&at, &c, &east);
	if (!good || at.p != at.end || !ic_civil_ticks(&c, &ticks))
		return false;
	ticks -= east * 60 * IC_TICKS_S;
	if (ticks < 0 || ticks > IC_TIME_MAX)
		return false;
	*ret = ticks;
	return true;
}

/* ---- out -------------------------------------------------------------------------- */

static void put_digits(char *to, unsigned v, unsigned n)
{
	while (n--) {
		to[n] = (char)('0' + v % 10);
		v /= 10;
	}
}

static size_t put_null(char *buf)
{
	memcpy(buf, "null", 5);
	return 4;
}

size_t ic_time_format(int64_t ticks, int decimals, char *buf)
{
	if (ticks < 0 || ticks > IC_TIME_MAX)
		return put_null(buf);
	unsigned places = decimals < 0 ? 0 : decimals > 7 ? 7 : (unsigned)decimals;
	ic_civil c = ic_civil_from_ticks(ticks);
	memcpy(buf, "0000-00-00T00:00:00.", 20);
	put_digits(buf, (unsigned)c.year, 4);
	put_digits(buf + 5, c.month, 2);
	put_digits(buf + 8, c.day, 2);
	put_digits(buf + 11, c.hour, 2);
	put_digits(buf + 14, c.minute, 2);
	put_digits(buf + 17, c.second, 2);
	size_t n = 19;
	if (places) {
		put_digits(buf + 20, c.fraction / (unsigned)powers[7 - places], places);
		n = 20 + places;
	}
	buf[n++] = 'Z';
	buf[n] = '\0';
	return n;
}

size_t ic_time_format_short(int64_t ticks, char *buf)
{
	int places = 7;
	if (ticks >= 0)
		while (places > 0 && ticks % powers[8 - places] == 0)
			places--;
	return ic_time_format(ticks, places, buf);
}

size_t ic_time_format_epoch(int64_t ticks, char *buf)
{
	if (ticks < 0 || ticks > IC_TIME_MAX)
		return put_null(buf);
	return (size_t)snprintf(buf, 40, "%lld.%06lld", (long long)(ticks / IC_TICKS_S),
				(long long)(ticks % IC_TICKS_S / IC_TICKS_US));
}

static size_t two_units(char *buf, int64_t large, const char *large_name, int64_t small,
			const char *small_name)
{
	int n = small ? snprintf(buf, 40, "%lld %s %lld %s", (long long)large, large_name, (long long)small,
				 small_name)
		      : snprintf(buf, 40, "%lld %s", (long long)large, large_name);
	return (size_t)n;
}

size_t ic_span_format(double seconds, char *buf)
{
	if (!(seconds >= 0) || seconds > 1e12)
		return put_null(buf);
	if (seconds < 59.95) {
		/* two decimals up to 10 s, one up to a minute; what rounds to nothing is said as such */
		if (seconds > 0 && seconds < 0.005)
			return (size_t)snprintf(buf, 40, "< 0.01 s");
		double scale = seconds < 9.995 ? 100 : 10;
		size_t n = ic_format_double(round(seconds * scale) / scale, buf);
		memcpy(buf + n, " s", 3);
		return n + 2;
	}
	int64_t s = llround(seconds);
	if (s < 3600)
		return two_units(buf, s / 60, "min", s % 60, "s");
	s = (s + 30) / 60; /* minutes */
	if (s < 1440)
		return two_units(buf, s / 60, "h", s % 60, "min");
	s = (s + 30) / 60; /* hours */
	return two_units(buf, s / 24, "d", s % 24, "h");
}

int64_t ic_time_now(void)
{
	struct timespec now = { 0 };
	clock_gettime(CLOCK_REALTIME, &now);
	return (int64_t)now.tv_sec * IC_TICKS_S + now.tv_nsec / 100;
}

ic_status ic_time_parse(const char *text, int64_t *ret_ticks)
{
	ic_str s = ic_str_of(text);
	char midnight[] = "YYYY-MM-DDT00:00:00Z";
	if (s.n == 10 && s.p[4] == '-') { /* a date alone */
		memcpy(midnight, s.p, s.n);
		s = ic_str_of(midnight);
	}
	if (ic_time_from_text(s, ret_ticks))
		return IC_OK;
	const int64_t least = 100000000 * IC_TICKS_S;
	int64_t ticks;
	ic_str point = s;
	while (point.n && *point.p != '.') {
		point.p++;
		point.n--;
	}
	for (uint32_t i = 0; i < s.n; i++)
		if (!digit(s.p[i]) && s.p[i] != '.')
			return IC_E_FORMAT;
	if (point.n > 8 || !ic_time_from_epoch_text(s, &ticks) || ticks < least)
		return IC_E_FORMAT;
	*ret_ticks = ticks;
	return IC_OK;
}

ic_status ic_span_parse(const char *text, int64_t *ret_ticks)
{
	static const struct {
		const char *unit;
		int64_t ticks;
	} units[] = { { "ms", IC_TICKS_MS },	   { "s", IC_TICKS_S },
		      { "m", 60 * IC_TICKS_S },	   { "h", 3600 * IC_TICKS_S },
		      { "d", 86400 * IC_TICKS_S }, { "w", 7 * 86400 * IC_TICKS_S },
		      { "min", 60 * IC_TICKS_S } };
	ic_str s = ic_str_of(text);
	uint32_t digits = 0;
	while (digits < s.n && (digit(s.p[digits]) || s.p[digits] == '.'))
		digits++;
	double v;
	if (!ic_parse_double((ic_str){ s.p, digits }, &v))
		return IC_E_FORMAT;
	ic_str unit = { s.p + digits, s.n - digits };
	for (size_t i = 0; i < sizeof units / sizeof *units; i++)
		if (ic_str_eq(unit, ic_str_of(units[i].unit)))
			return ic_time_from_number(v, units[i].ticks, ret_ticks) ? IC_OK : IC_E_FORMAT;
	return IC_E_FORMAT;
}
