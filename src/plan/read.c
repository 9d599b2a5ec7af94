/* SPDX-License-Identifier: Apache-2.0 */
/* Times, spans and GUIDs from text. */
#include "base/hex.h"
#include "base/num.h"
#include "base/time.h"
#include "plan/value.h"

typedef struct cursor {
	const char *p, *end;
} cursor;

static bool digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool letter(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static bool at_end(const cursor *at)
{
	return at->p == at->end;
}

static bool take(cursor *at, char c)
{
	if (at_end(at) || *at->p != c)
		return false;
	at->p++;
	return true;
}

static void skip_blanks(cursor *at)
{
	while (!at_end(at) && (*at->p == ' ' || *at->p == '\t'))
		at->p++;
}

/* All the digits that come; how many in *n. More than `most` is no number. */
static bool take_digits(cursor *at, unsigned most, unsigned *n, uint32_t *v)
{
	*n = *v = 0;
	while (!at_end(at) && digit(*at->p)) {
		if (++*n > most)
			return false;
		*v = *v * 10 + (uint32_t)(*at->p++ - '0');
	}
	return *n > 0;
}

static bool take_short(cursor *at, unsigned *v)
{
	unsigned n;
	return take_digits(at, 2, &n, v);
}

static ic_str take_word(cursor *at)
{
	const char *start = at->p;
	while (!at_end(at) && letter(*at->p))
		at->p++;
	return (ic_str){ start, (uint32_t)(at->p - start) };
}

/* ".1234567": ticks; further digits are dropped. */
static bool take_fraction(cursor *at, unsigned *ret_ticks)
{
	unsigned n = 0, v = 0;
	for (; !at_end(at) && digit(*at->p); at->p++, n++)
		if (n < 7)
			v = v * 10 + (unsigned)(*at->p - '0');
	for (unsigned i = n; i < 7; i++)
		v *= 10;
	*ret_ticks = v;
	return n > 0;
}

/* ---- time of day and zone ------------------------------------------------------------ */

static bool half_day(ic_str word, ic_civil *c)
{
	bool pm = ic_str_ieq(word, IC_STR("PM"));
	if ((!pm && !ic_str_ieq(word, IC_STR("AM"))) || c->hour < 1 || c->hour > 12)
		return false;
	c->hour = c->hour % 12 + (pm ? 12 : 0);
	return true;
}

/* "h:mm", "h:mm:ss", "h:mm:ss.fff", each with " AM" or " PM". */
static bool take_clock(cursor *at, ic_civil *c)
{
	unsigned n;
	if (!take_short(at, &c->hour) || !take(at, ':') || !take_digits(at, 2, &n, &c->minute))
		return false;
	if (take(at, ':')) {
		if (!take_short(at, &c->second) || c->second > 59)
			return false;
		if ((take(at, '.') || take(at, ',')) && !take_fraction(at, &c->fraction))
			return false;
	}
	cursor before = *at;
	skip_blanks(at);
	ic_str word = take_word(at);
	if (word.n == 2 && (word.p[1] | 0x20) == 'm')
		return half_day(word, c);
	*at = before;
	return true;
}

/* "Z", "GMT", "UTC", "+hh", "+hhmm", "+hh:mm" or nothing: minutes east of UTC. */
static bool take_zone(cursor *at, int *east)
{
	*east = 0;
	skip_blanks(at);
	if (at_end(at))
		return true;
	if (letter(*at->p)) {
		ic_str word = take_word(at);
		return ic_str_ieq(word, IC_STR("Z")) || ic_str_ieq(word, IC_STR("GMT")) ||
		       ic_str_ieq(word, IC_STR("UTC")) || ic_str_ieq(word, IC_STR("UT"));
	}
	bool west = *at->p == '-';
	if (!take(at, '+') && !take(at, '-'))
		return false;
	unsigned n, hours, minutes = 0;
	if (!take_digits(at, 4, &n, &hours) || n == 3)
		return false;
	if (n == 4) {
		minutes = hours % 100;
		hours /= 100;
	} else if (take(at, ':') && (!take_digits(at, 2, &n, &minutes) || n != 2)) {
		return false;
	}
	*east = (int)(hours * 60 + minutes) * (west ? -1 : 1);
	return hours <= 14 && minutes < 60;
}

/* ---- dates --------------------------------------------------------------------------- */

static bool month_name(ic_str word, unsigned *ret)
{
	static const char *const months[] = { "January",   "February", "March",	   "April",
					      "May",	   "June",     "July",	   "August",
					      "September", "October",  "November", "December" };
	for (unsigned i = 0; i < 12; i++) {
		ic_str name = ic_str_of(months[i]);
		if (ic_str_ieq(word, name) || (word.n == 3 && ic_str_istarts(name, word))) {
			*ret = i + 1;
			return true;
		}
	}
	return false;
}

static bool day_name(ic_str word)
{
	static const char *const days[] = { "Monday", "Tuesday",  "Wednesday", "Thursday",
					    "Friday", "Saturday", "Sunday" };
	for (unsigned i = 0; i < 7; i++) {
		ic_str name = ic_str_of(days[i]);
		if (ic_str_ieq(word, name) || (word.n == 3 && ic_str_istarts(name, word)))
			return true;
	}
	return false;
}

/* A year of two digits lies in 1950..2049. */
static bool set_year(ic_civil *c, unsigned n, uint32_t v)
{
	if (n == 2)
		v += v < 50 ? 2000 : 1900;
	c->year = (int32_t)v;
	return n == 2 || n == 4;
}

static bool take_year(cursor *at, ic_civil *c)
{
	unsigned n, v;
	return take_digits(at, 4, &n, &v) && set_year(c, n, v);
}

/* After "yyyy": "-mm", "-mm-dd", or "/mm/dd", or nothing. */
static bool take_iso_rest(cursor *at, ic_civil *c)
{
	char between = at_end(at) ? '\0' : *at->p;
	c->month = c->day = 1;
	if (between != '-' && between != '/')
		return at_end(at);
	at->p++;
	if (!take_short(at, &c->month))
		return false;
	return !take(at, between) || take_short(at, &c->day);
}

/* "yyyymmdd" already read as a number. */
static bool set_compact(ic_civil *c, uint32_t v)
{
	c->year = (int32_t)(v / 10000);
	c->month = v / 100 % 100;
	c->day = v % 100;
	return true;
}

/* "8 Nov 14", "08-Nov-2014" after the day. */
static bool take_named_month(cursor *at, ic_civil *c)
{
	bool dash = take(at, '-');
	skip_blanks(at);
	if (!month_name(take_word(at), &c->month) || (dash && !take(at, '-')))
		return false;
	take(at, ',');
	skip_blanks(at);
	return take_year(at, c);
}

/* "Nov 8, 2014" after the month. */
static bool take_american(cursor *at, ic_civil *c)
{
	skip_blanks(at);
	if (!take_short(at, &c->day))
		return false;
	take(at, ',');
	skip_blanks(at);
	return take_year(at, c);
}

static bool take_date_number(cursor *at, ic_civil *c)
{
	unsigned n, v;
	if (!take_digits(at, 8, &n, &v))
		return false;
	if (n == 8)
		return set_compact(c, v);
	if (n == 4)
		return set_year(c, n, v) && take_iso_rest(at, c);
	if (n > 2 || at_end(at))
		return false;
	char between = *at->p;
	if (between != '/' && (between != '-' || at->end - at->p < 2 || !digit(at->p[1]))) {
		c->day = v;
		return take_named_month(at, c);
	}
	c->month = v; /* 12/31/2024, 12-31-2024 */
	return take(at, between) && take_short(at, &c->day) && take(at, between) && take_year(at, c);
}

static bool take_date(cursor *at, ic_civil *c)
{
	if (at_end(at) || !letter(*at->p))
		return take_date_number(at, c);
	ic_str word = take_word(at);
	if (month_name(word, &c->month))
		return take_american(at, c);
	if (!day_name(word))
		return false;
	take(at, ',');
	skip_blanks(at);
	if (at_end(at))
		return false;
	return letter(*at->p) ? month_name(take_word(at), &c->month) && take_american(at, c)
			      : take_date_number(at, c);
}

bool ic_parse_datetime(ic_str s, int64_t *ret)
{
	s = ic_str_trim(s);
	cursor at = { s.p, s.p + s.n };
	ic_civil c = { .month = 1, .day = 1 };
	int east = 0;
	int64_t ticks;
	if (s.n == 0 || s.n > 80 || !take_date(&at, &c))
		return false;
	if (!at_end(&at)) {
		bool t = take(&at, 'T') || take(&at, 't');
		bool blank = !t && !at_end(&at) && *at.p == ' ';
		skip_blanks(&at);
		/* a date alone may have a zone: 2024-01-01Z */
		if ((t || blank) && !at_end(&at) && digit(*at.p) && !take_clock(&at, &c))
			return false;
		if (!take_zone(&at, &east))
			return false;
	}
	if (!at_end(&at) || !ic_civil_ticks(&c, &ticks))
		return false;
	ticks -= east * 60 * IC_TICKS_S;
	if (ticks < IC_CIVIL_MIN || ticks > IC_TIME_MAX)
		return false;
	*ret = ticks;
	return true;
}

/* ---- spans --------------------------------------------------------------------------- */

static int64_t unit_ticks(ic_str unit)
{
	static const struct {
		const char *names; /* split by blanks */
		int64_t ticks;
	} units[] = {
		{ "d day days", 86400 * IC_TICKS_S },
		{ "h hr hrs hour hours", 3600 * IC_TICKS_S },
		{ "m min mins minute minutes", 60 * IC_TICKS_S },
		{ "s sec secs second seconds", IC_TICKS_S },
		{ "ms milli millis millisec millisecond milliseconds", IC_TICKS_MS },
		{ "micro micros microsec microsecond microseconds", IC_TICKS_US },
		{ "tick ticks", 1 },
	};
	for (size_t i = 0; i < sizeof units / sizeof *units; i++)
		for (const char *p = units[i].names; *p;) {
			uint32_t n = 0;
			while (p[n] && p[n] != ' ')
				n++;
			if (ic_str_eq(unit, (ic_str){ p, n }))
				return units[i].ticks;
			p += n + (p[n] == ' ');
		}
	return 0;
}

/* "1.5h", "30 minutes"; a number alone is days. */
static bool read_with_unit(ic_str s, int64_t *ret)
{
	uint32_t n = 0;
	while (n < s.n && (digit(s.p[n]) || s.p[n] == '.'))
		n++;
	ic_str number = { s.p, n }, unit = ic_str_trim((ic_str){ s.p + n, s.n - n });
	int64_t whole, ticks = unit.n ? unit_ticks(unit) : 86400 * IC_TICKS_S;
	double v;
	if (!ticks)
		return false;
	if (ic_parse_i64(number, &whole))
		return !__builtin_mul_overflow(whole, ticks, ret);
	if (!unit.n || !ic_parse_double(number, &v) || v * (double)ticks >= 9.2e18)
		return false;
	*ret = (int64_t)(v * (double)ticks + 0.5);
	return true;
}

/* "[d.]hh:mm[:ss[.fffffff]]" */
static bool read_clock_span(cursor at, int64_t *ret)
{
	unsigned n, first, hours, minutes, seconds = 0, fraction = 0;
	int64_t days = 0;
	if (!take_digits(&at, 8, &n, &first))
		return false;
	hours = first;
	if (take(&at, '.') || (at.end - at.p > 6 && at.p[3] == ':' && at.p[6] == ':' && take(&at, ':'))) {
		days = first;
		if (!take_short(&at, &hours))
			return false;
	}
	if (!take(&at, ':') || !take_short(&at, &minutes))
		return false;
	if (take(&at, ':')) {
		if (!take_short(&at, &seconds))
			return false;
		if (take(&at, '.') && !take_fraction(&at, &fraction))
			return false;
	}
	if (!at_end(&at) || hours > 23 || minutes > 59 || seconds > 59 || days > 10675199)
		return false;
	int64_t s = (int64_t)hours * 3600 + minutes * 60 + seconds;
	return !__builtin_add_overflow(days * 86400 * IC_TICKS_S, s * IC_TICKS_S + fraction, ret);
}

bool ic_parse_timespan(ic_str s, int64_t *ret)
{
	s = ic_str_trim(s);
	bool negative = s.n && *s.p == '-';
	if (negative || (s.n && *s.p == '+')) {
		s.p++;
		s.n--;
	}
	int64_t ticks = 0;
	if (s.n == 0 || s.n > 80 || !digit(*s.p))
		return false;
	bool clock = memchr(s.p, ':', s.n) != NULL;
	if (!(clock ? read_clock_span((cursor){ s.p, s.p + s.n }, &ticks) : read_with_unit(s, &ticks)))
		return false;
	*ret = negative ? -ticks : ticks;
	return true;
}

/* ---- GUIDs --------------------------------------------------------------------------- */

bool ic_parse_guid(ic_str s, ic_guid *ret)
{
	s = ic_str_trim(s);
	if (s.n == 38 && ((s.p[0] == '{' && s.p[37] == '}') || (s.p[0] == '(' && s.p[37] == ')'))) {
		s.p++;
		s.n -= 2;
	}
	ic_guid g;
	uint32_t at = 0;
	for (unsigned i = 0; i < 16; i++) { /* Kusto takes dashes between any two bytes, and none */
		if (i > 0 && at < s.n && s.p[at] == '-')
			at++;
		int64_t byte = at + 1 < s.n ? ic_hex_read(s.p + at, 2) : -1;
		if (byte < 0)
			return false;
		g.b[i] = (uint8_t)byte;
		at += 2;
	}
	if (at != s.n)
		return false;
	*ret = g;
	return true;
}
