/* SPDX-License-Identifier: Apache-2.0 */
/* DATEFORMAT and PARSETIMESTAMP of AQL: milliseconds since 1970 as text and back, by patterns of Java's
 * SimpleDateFormat. Without a zone in it a text is in the plan's. */
#include <math.h>

#include "base/zone.h"
#include "exec/fn/periods.h"
#include "exec/fn/text.h"

/* ---- patterns ------------------------------------------------------------------------------------ */

static const char *const months[] = { "January", "February", "March",	  "April",   "May",	 "June",
				      "July",	 "August",   "September", "October", "November", "December" };
static const char *const weekdays[] = { "Sunday",   "Monday", "Tuesday", "Wednesday",
					"Thursday", "Friday", "Saturday" };

static const char pattern_letters[] = "GyYMLwWDdFEuaHkKhmsSzZX";

static bool is_letter(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

/* Length of the token at the start of the pattern: a run of one letter, a quoted text, or one byte. 0: it
 * does not belong there. */
static uint32_t token_bytes(ic_str p)
{
	uint32_t n = 1;
	if (p.p[0] == '\'') {
		for (; n < p.n; n++) {
			if (p.p[n] != '\'')
				continue;
			if (n + 1 < p.n && p.p[n + 1] == '\'' && n > 1)
				n++; /* two quotes inside are one */
			else
				return n + 1;
		}
		return 0;
	}
	bool letter = is_letter(p.p[0]);
	if (letter && !strchr(pattern_letters, p.p[0]))
		return 0;
	while (letter && n < p.n && p.p[n] == p.p[0])
		n++;
	return n;
}

/* unread: letters that the function does not take. */
static ic_status check_pattern(const char *function, const ic_expr *pattern, const char *unread,
			       ic_diag *diag)
{
	if (pattern->kind != IC_X_CONST || pattern->value.null)
		return IC_OK;
	ic_str s = pattern->value.s;
	for (uint32_t n; s.n; s = (ic_str){ s.p + n, s.n - n }) {
		n = token_bytes(s);
		if (n && !(is_letter(*s.p) && strchr(unread, *s.p)))
			continue;
		uint32_t length = pattern->value.s.n + 2;
		ic_status status =
		    *s.p == '\'' ? ic_diag_fail(diag, IC_DIAG_TYPE, pattern->at, length,
						"a quote in the pattern of %s is not closed", function)
				 : ic_diag_fail(diag, IC_DIAG_TYPE, pattern->at, length,
						"'%c' does not belong into a pattern of %s", *s.p, function);
		ic_diag_hint(diag,
			     "text other than letters of a date stands in quotes: 'yyyy-MM-dd''T''HH:mm'");
		return status;
	}
	return IC_OK;
}

/* ---- DATEFORMAT ---------------------------------------------------------------------------------- */

typedef struct moment {
	ic_civil local;
	int64_t day;	  /* since 1970 */
	unsigned weekday; /* 0: Sunday */
	ic_zone_offset zone;
} moment;

/* Weeks begin on Sunday, and the first one has the first day of the year or month in it. */
static int64_t week_of(int64_t day_in_period, unsigned weekday)
{
	return (day_in_period + 5 + (7 - weekday)) / 7;
}

static void put_name(ic_text *t, const char *name, uint32_t n)
{
	ic_text_put(t, name, n >= 4 || strlen(name) < 3 ? strlen(name) : 3);
}

static void put_offset(ic_text *t, const moment *m, char letter, uint32_t n)
{
	int32_t minutes = m->zone.east_s / 60;
	unsigned east = (unsigned)(minutes < 0 ? -minutes : minutes);
	if (letter == 'X' && minutes == 0) {
		ic_text_char(t, 'Z');
		return;
	}
	ic_text_char(t, minutes < 0 ? '-' : '+');
	ic_text_number(t, east / 60, 2);
	if (letter == 'X' && n == 3)
		ic_text_char(t, ':');
	if (letter == 'Z' || n > 1)
		ic_text_number(t, east % 60, 2);
}

static void put_year(ic_text *t, unsigned year, uint32_t n)
{
	ic_text_number(t, n == 2 ? year % 100 : year, n);
}

/* The year that the moment's week belongs to: the next one from the Sunday before 1 January on. */
static unsigned week_year(const moment *m)
{
	int64_t saturday = m->day - m->weekday + 6;
	return (unsigned)m->local.year + (saturday >= ic_civil_days((int64_t)m->local.year + 1, 1, 1));
}

static void put_letter(ic_text *t, const moment *m, char letter, uint32_t n)
{
	const ic_civil *c = &m->local;
	int64_t of_year = m->day - ic_civil_days(c->year, 1, 1) + 1;
	switch (letter) {
	case 'G': ic_text_put(t, "AD", 2); return;
	case 'y': put_year(t, (unsigned)c->year, n); return;
	case 'Y': put_year(t, week_year(m), n); return;
	case 'M':
	case 'L':
		if (n >= 3)
			put_name(t, months[c->month - 1], n);
		else
			ic_text_number(t, c->month, n);
		return;
	case 'w':
		ic_text_number(
		    t, week_year(m) > (unsigned)c->year ? 1 : (uint64_t)week_of(of_year, m->weekday), n);
		return;
	case 'W': ic_text_number(t, (uint64_t)week_of(c->day, m->weekday), n); return;
	case 'D': ic_text_number(t, (uint64_t)of_year, n); return;
	case 'd': ic_text_number(t, c->day, n); return;
	case 'F': ic_text_number(t, (c->day - 1) / 7 + 1, n); return;
	case 'E': put_name(t, weekdays[m->weekday], n); return;
	case 'u': ic_text_number(t, m->weekday ? m->weekday : 7, n); return;
	case 'a': ic_text_put(t, c->hour < 12 ? "AM" : "PM", 2); return;
	case 'H': ic_text_number(t, c->hour, n); return;
	case 'k': ic_text_number(t, c->hour ? c->hour : 24, n); return;
	case 'K': ic_text_number(t, c->hour % 12, n); return;
	case 'h': ic_text_number(t, c->hour % 12 ? c->hour % 12 : 12, n); return;
	case 'm': ic_text_number(t, c->minute, n); return;
	case 's': ic_text_number(t, c->second, n); return;
	case 'S': ic_text_number(t, c->fraction / (unsigned)IC_TICKS_MS, n); return;
	case 'z': ic_text_str(t, ic_str_of(m->zone.name)); return;
	default: put_offset(t, m, letter, n);
	}
}

static void put_quoted(ic_text *t, ic_str token)
{
	if (token.n == 2) { /* two quotes alone are one */
		ic_text_char(t, '\'');
		return;
	}
	for (uint32_t i = 1; i + 1 < token.n; i++) {
		ic_text_char(t, token.p[i]);
		i += token.p[i] == '\'';
	}
}

/* A number of milliseconds as a time; false: outside the calendar. */
static bool moment_of(const ic_plan *p, const ic_value *ms, moment *ret)
{
	double d = ms->type == IC_Q_REAL      ? ms->d
		   : ms->type == IC_Q_DECIMAL ? ic_decimal_real(ms->decimal)
					      : (double)ms->i;
	const double least = (double)(IC_CIVIL_MIN / IC_TICKS_MS) + 2e8,
		     most = (double)(IC_TIME_MAX / IC_TICKS_MS) - 2e8;
	if (!(d >= least && d <= most))
		return false;
	int64_t utc_ms = ms->type == IC_Q_REAL || ms->type == IC_Q_DECIMAL ? (int64_t)floor(d) : ms->i;
	int64_t seconds = utc_ms / 1000 - (utc_ms % 1000 < 0);
	int64_t within;
	ret->zone = ic_zone_at(p->zone, seconds);
	int64_t local = utc_ms * IC_TICKS_MS + ret->zone.east_s * IC_TICKS_S;
	ret->local = ic_civil_from_ticks(local);
	ret->day = ic_day_of(local, &within);
	ret->weekday = ic_weekday(ret->day);
	return true;
}

static ic_status check_format(ic_plan *p, const ic_expr *call, void **state, ic_diag *diag)
{
	(void)p;
	(void)state;
	return check_pattern("DATEFORMAT", call->call.arg[1], "", diag);
}

static ic_value dateformat_row(ic_call *c, const ic_value *arg)
{
	moment m;
	if (!moment_of(c->plan, &arg[0], &m))
		return ic_value_null(IC_Q_STRING);
	ic_text t = ic_text_new(c, (size_t)arg[1].s.n + 16);
	ic_str p = arg[1].s;
	for (uint32_t n; p.n && !c->failed; p = (ic_str){ p.p + n, p.n - n }) {
		n = token_bytes(p);
		if (n == 0)
			return ic_value_null(IC_Q_STRING);
		if (*p.p == '\'')
			put_quoted(&t, (ic_str){ p.p, n });
		else if (is_letter(*p.p))
			put_letter(&t, &m, *p.p, n);
		else
			ic_text_put(&t, p.p, n);
	}
	return ic_text_value(&t);
}

/* ---- PARSETIMESTAMP ------------------------------------------------------------------------------ */

/* What has been read of a text; what the pattern does not have is that of 1970-01-01. */
typedef struct stamp {
	ic_str rest; /* of the text */
	int64_t year, month, day, day_of_year, hour, minute, second, ms, east_s;
	bool afternoon, zoned;
} stamp;

/* Digits, at least one and at most `most`; longer ones are cut to nine. */
static bool take_number(stamp *s, uint32_t most, int64_t *ret, uint32_t *digits)
{
	uint32_t n = 0;
	*ret = 0;
	for (; n < s->rest.n && n < most && (unsigned)(s->rest.p[n] - '0') < 10; n++)
		*ret = *ret * 10 + (s->rest.p[n] - '0');
	s->rest = (ic_str){ s->rest.p + n, s->rest.n - n };
	*digits = n;
	return n > 0;
}

static bool take_text(stamp *s, ic_str text)
{
	if (!ic_str_istarts(s->rest, text))
		return false;
	s->rest = (ic_str){ s->rest.p + text.n, s->rest.n - text.n };
	return true;
}

/* A name in full or by its first three letters; -1: it is none of them. */
static int take_name(stamp *s, const char *const *name, int names)
{
	for (int i = 0; i < names; i++)
		if (take_text(s, ic_str_of(name[i])) || take_text(s, (ic_str){ name[i], 3 }))
			return i;
	return -1;
}

/* Z, GMT, UTC, +01, +0100, +01:00, GMT+01:00. */
static bool take_zone(stamp *s)
{
	int64_t hours, minutes = 0;
	uint32_t digits;
	s->zoned = true;
	bool named = take_text(s, IC_STR("GMT")) || take_text(s, IC_STR("UTC")) || take_text(s, IC_STR("Z"));
	if (!s->rest.n || (*s->rest.p != '+' && *s->rest.p != '-'))
		return named;
	int64_t sign = *s->rest.p == '-' ? -1 : 1;
	s->rest = (ic_str){ s->rest.p + 1, s->rest.n - 1 };
	if (!take_number(s, 2, &hours, &digits))
		return false;
	take_text(s, IC_STR(":"));
	take_number(s, 2, &minutes, &digits);
	s->east_s = sign * (hours * 3600 + minutes * 60);
	return hours <= 18 && minutes <= 59;
}

/* A year of two digits is one of the 80 before the query's and the 20 behind it. */
static int64_t full_year(int64_t two, int64_t now)
{
	int64_t least = ic_civil_from_ticks(now).year - 80;
	int64_t year = least - least % 100 + two;
	return year < least ? year + 100 : year;
}

/* most: digits that a number may have. */
static bool take_letter(const ic_plan *p, stamp *s, char letter, uint32_t n, uint32_t most)
{
	int64_t v;
	uint32_t digits;
	int name;
	switch (letter) {
	case 'G': return take_text(s, IC_STR("AD"));
	case 'E': return take_name(s, weekdays, 7) >= 0;
	case 'a':
		s->afternoon = take_text(s, IC_STR("PM"));
		return s->afternoon || take_text(s, IC_STR("AM"));
	case 'z':
	case 'Z':
	case 'X': return take_zone(s);
	case 'M':
	case 'L':
		if (n < 3)
			break;
		name = take_name(s, months, 12);
		s->month = name + 1;
		return name >= 0;
	default: break;
	}
	if (!take_number(s, most, &v, &digits))
		return false;
	switch (letter) {
	case 'y': s->year = digits == 2 && n <= 2 ? full_year(v, p->now) : v; return true;
	case 'M':
	case 'L': s->month = v; return true;
	case 'd': s->day = v; return true;
	case 'D': s->day_of_year = v; return v > 0 && v <= 366;
	case 'k': s->hour = v == 24 ? 0 : v; return true;
	case 'h': s->hour = v == 12 ? 0 : v; return true;
	case 'H':
	case 'K': s->hour = v; return true;
	case 'm': s->minute = v; return true;
	case 's': s->second = v; return true;
	default: /* S: of a longer fraction the first three digits count */
		for (; digits > 3; digits--)
			v /= 10;
		s->ms = v;
		return true;
	}
}

/* A text of the pattern, between quotes or bare. */
static bool take_quoted(stamp *s, ic_str token)
{
	if (token.n == 2)
		return take_text(s, IC_STR("'"));
	for (uint32_t i = 1; i + 1 < token.n; i++) {
		if (!take_text(s, (ic_str){ token.p + i, 1 }))
			return false;
		i += token.p[i] == '\'';
	}
	return true;
}

/* false: the pattern does not fit the text. */
static bool take_pattern(const ic_plan *plan, stamp *s, ic_str p)
{
	for (uint32_t n; p.n; p = (ic_str){ p.p + n, p.n - n }) {
		n = token_bytes(p);
		/* a number that another one follows has the width of its letters */
		bool glued = n && n < p.n && p.p[n] && strchr("yMLdDkhHKmsS", p.p[n]);
		if (n == 0)
			return false;
		if (*p.p == '\''      ? !take_quoted(s, (ic_str){ p.p, n })
		    : is_letter(*p.p) ? !take_letter(plan, s, *p.p, n, glued && n < 9 ? n : 9)
				      : !take_text(s, (ic_str){ p.p, n }))
			return false;
	}
	return s->rest.n == 0;
}

static ic_value parsetimestamp_row(ic_call *c, const ic_value *arg)
{
	stamp s = { .rest = ic_str_trim(arg[1].s), .year = 1970, .month = 1, .day = 1 };
	bool fits = take_pattern(c->plan, &s, arg[0].s);
	s.hour += s.afternoon && s.hour < 12 ? 12 : 0;
	if (!fits || s.year < 1 || s.year > 9999 || s.month < 1 || s.month > 12 || s.day < 1 ||
	    s.day > ic_civil_month_days(s.year, (unsigned)s.month) || s.hour > 23 || s.minute > 59 ||
	    s.second > 59)
		return ic_value_null(IC_Q_LONG);
	int64_t day = s.day_of_year ? ic_civil_days(s.year, 1, 1) + s.day_of_year - 1
				    : ic_civil_days(s.year, (unsigned)s.month, (unsigned)s.day);
	int64_t local_s = day * 86400 + s.hour * 3600 + s.minute * 60 + s.second;
	int64_t utc_s = s.zoned ? local_s - s.east_s : ic_zone_to_utc(c->plan->zone, local_s);
	return ic_value_long(utc_s * 1000 + s.ms);
}

static ic_status check_parsed(ic_plan *p, const ic_expr *call, void **state, ic_diag *diag)
{
	(void)p;
	(void)state;
	return check_pattern("PARSETIMESTAMP", call->call.arg[0], "YwWFu", diag);
}

static const ic_kernel_entry entries[] = {
	{ IC_FN_AQL_DATEFORMAT, { .row = dateformat_row, .strict = true, .prepare = check_format } },
	{ IC_FN_AQL_PARSETIMESTAMP, { .row = parsetimestamp_row, .strict = true, .prepare = check_parsed } },
};
IC_KERNELS(aql_dates, entries);
