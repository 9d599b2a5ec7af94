/* SPDX-License-Identifier: Apache-2.0 */
#include "base/zone.h"

#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/time.h"

enum { MAX_FILE = 256 << 10, MAX_CHANGES = 20000, MAX_TYPES = 256 };

/* When the clock is changed in each year: the footer of a file, in the words of POSIX. */
typedef struct change_day {
	enum { BY_WEEKDAY, BY_DAY, BY_DAY_OF_LEAP } kind;
	int month, week, day;
	int32_t at_s; /* after midnight; may be negative or beyond a day */
} change_day;

typedef struct rule {
	bool set, has_summer;
	ic_zone_offset winter, summer;
	change_day begin, end; /* of summer time */
} rule;

struct ic_zone {
	uint32_t changes, types;
	int64_t *at; /* seconds, ascending */
	uint8_t *to; /* type from then on */
	ic_zone_offset type[MAX_TYPES];
	rule rule; /* for times after the last change */
};

/* ---- the rule at the end of a file ------------------------------------------------------ */

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

static bool take_name(cursor *at, char ret[12])
{
	bool quoted = take(at, '<');
	size_t n = 0;
	for (; at->p < at->end; at->p++) {
		char c = *at->p;
		bool letter = (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
		bool more = quoted && ((c >= '0' && c <= '9') || c == '+' || c == '-');
		if (!letter && !more)
			break;
		if (n == 11)
			return false;
		ret[n++] = c;
	}
	ret[n] = 0;
	return n >= 3 && (!quoted || take(at, '>'));
}

static bool take_int(cursor *at, int most, int *ret)
{
	int v = 0;
	const char *from = at->p;
	for (; at->p < at->end && *at->p >= '0' && *at->p <= '9'; at->p++) {
		v = v * 10 + (*at->p - '0');
		if (v > most)
			return false;
	}
	*ret = v;
	return at->p > from;
}

/* [+-]h[:m[:s]] in seconds. */
static bool take_span(cursor *at, int32_t *ret)
{
	int h, m = 0, s = 0;
	bool minus = take(at, '-');
	if (!minus)
		take(at, '+');
	if (!take_int(at, 167, &h))
		return false;
	if (take(at, ':') && (!take_int(at, 59, &m) || (take(at, ':') && !take_int(at, 59, &s))))
		return false;
	*ret = (h * 60 + m) * 60 + s;
	if (minus)
		*ret = -*ret;
	return true;
}

static bool take_change(cursor *at, change_day *d)
{
	*d = (change_day){ .at_s = 7200 };
	if (!take(at, ','))
		return false;
	if (take(at, 'M')) {
		d->kind = BY_WEEKDAY;
		if (!take_int(at, 12, &d->month) || !take(at, '.') || !take_int(at, 5, &d->week) ||
		    !take(at, '.') || !take_int(at, 6, &d->day) || d->month < 1 || d->week < 1)
			return false;
	} else {
		d->kind = take(at, 'J') ? BY_DAY : BY_DAY_OF_LEAP;
		if (!take_int(at, 365, &d->day) || (d->kind == BY_DAY && d->day < 1))
			return false;
	}
	return !take(at, '/') || take_span(at, &d->at_s);
}

static bool parse_rule(const char *p, size_t n, rule *r)
{
	cursor at = { p, p + n };
	*r = (rule){ 0 };
	if (!take_name(&at, r->winter.name) || !take_span(&at, &r->winter.east_s))
		return false;
	r->winter.east_s = -r->winter.east_s;
	r->set = true;
	if (at.p == at.end)
		return true;
	r->has_summer = true;
	r->summer.summer = true;
	r->summer.east_s = r->winter.east_s + 3600;
	if (!take_name(&at, r->summer.name))
		return false;
	if (at.p < at.end && *at.p != ',') {
		if (!take_span(&at, &r->summer.east_s))
			return false;
		r->summer.east_s = -r->summer.east_s;
	}
	return take_change(&at, &r->begin) && take_change(&at, &r->end) && at.p == at.end;
}

static int64_t days_of(const change_day *d, int64_t year)
{
	int64_t first = ic_civil_days(year, 1, 1);
	bool leap = ic_civil_month_days(year, 2) == 29;
	if (d->kind == BY_DAY_OF_LEAP)
		return first + d->day;
	if (d->kind == BY_DAY) /* 29 February is never counted */
		return first + d->day - 1 + (leap && d->day >= 60);
	int64_t month = ic_civil_days(year, (unsigned)d->month, 1);
	int64_t weekday = ((month + 4) % 7 + 7) % 7; /* 1970 began on a Thursday */
	int64_t day = (d->day - weekday + 7) % 7 + (d->week - 1) * 7;
	if (day >= (int64_t)ic_civil_month_days(year, (unsigned)d->month))
		day -= 7;
	return month + day;
}

static ic_zone_offset by_rule(const rule *r, int64_t utc_s)
{
	const int64_t low = IC_CIVIL_MIN / IC_TICKS_S, high = IC_TIME_MAX / IC_TICKS_S;
	if (!r->has_summer)
		return r->winter;
	utc_s = utc_s < low ? low : utc_s > high ? high : utc_s;
	int64_t year = ic_civil_from_ticks(utc_s * IC_TICKS_S).year;
	int64_t begin = days_of(&r->begin, year) * 86400 + r->begin.at_s - r->winter.east_s;
	int64_t end = days_of(&r->end, year) * 86400 + r->end.at_s - r->summer.east_s;
	bool summer = begin < end ? utc_s >= begin && utc_s < end : utc_s >= begin || utc_s < end;
	return summer ? r->summer : r->winter;
}

/* ---- files -------------------------------------------------------------------------------- */

static uint32_t word(const char *p)
{
	const unsigned char *u = (const unsigned char *)p;
	return (uint32_t)u[0] << 24 | (uint32_t)u[1] << 16 | (uint32_t)u[2] << 8 | u[3];
}

static int64_t long_word(const char *p)
{
	return (int64_t)((uint64_t)word(p) << 32 | word(p + 4));
}

typedef struct counts {
	uint64_t utc, standard, leaps, changes, types, letters;
} counts;

/* Bytes of the block after a header, whose times have so many bytes. */
static uint64_t block_bytes(const counts *c, unsigned time_bytes)
{
	return c->changes * (time_bytes + 1) + c->types * 6 + c->letters + c->leaps * (time_bytes + 4) +
	       c->standard + c->utc;
}

static bool read_header(const char *p, size_t n, counts *c)
{
	if (n < 44 || memcmp(p, "TZif", 4) != 0)
		return false;
	*c = (counts){ word(p + 20), word(p + 24), word(p + 28), word(p + 32), word(p + 36), word(p + 40) };
	return true;
}

static bool read_types(ic_zone *z, const char *type, const char *letters, uint64_t letters_n)
{
	for (uint32_t i = 0; i < z->types; i++, type += 6) {
		int32_t east = (int32_t)word(type);
		unsigned from = (unsigned char)type[5];
		if (east < -90000 || east > 90000 || from >= letters_n)
			return false;
		z->type[i] = (ic_zone_offset){ .east_s = east, .summer = type[4] != 0 };
		size_t n = 0;
		for (; from + n < letters_n && n < 11 && letters[from + n]; n++)
			z->type[i].name[n] = letters[from + n];
	}
	return true;
}

static ic_status read_block(ic_zone *z, const char *p, const counts *c, unsigned time_bytes)
{
	z->changes = (uint32_t)c->changes;
	z->types = (uint32_t)c->types;
	z->at = ic_malloc((size_t)z->changes * sizeof *z->at + 1);
	z->to = ic_malloc((size_t)z->changes + 1);
	if (!z->at || !z->to)
		return IC_E_NOMEM;
	for (uint32_t i = 0; i < z->changes; i++) {
		z->at[i] = time_bytes == 8 ? long_word(p + (size_t)i * 8) : (int32_t)word(p + (size_t)i * 4);
		if (i && z->at[i] <= z->at[i - 1])
			return IC_E_FORMAT;
	}
	p += (size_t)z->changes * time_bytes;
	for (uint32_t i = 0; i < z->changes; i++) {
		z->to[i] = (uint8_t)p[i];
		if (z->to[i] >= z->types)
			return IC_E_FORMAT;
	}
	p += z->changes;
	return read_types(z, p, p + (size_t)z->types * 6, c->letters) ? IC_OK : IC_E_FORMAT;
}

static ic_status parse_into(ic_zone *z, const char *p, size_t n)
{
	counts c;
	unsigned time_bytes = 4;
	if (!read_header(p, n, &c))
		return IC_E_FORMAT;
	bool old = p[4] == 0;
	if (!old) { /* the same again with times of 64 bits */
		uint64_t skip = 44 + block_bytes(&c, 4);
		if (skip > n || !read_header(p + skip, n - skip, &c))
			return IC_E_FORMAT;
		p += skip;
		n -= skip;
		time_bytes = 8;
	}
	uint64_t block = block_bytes(&c, time_bytes);
	if (block > n - 44 || c.changes > MAX_CHANGES || c.types < 1 || c.types > MAX_TYPES)
		return IC_E_FORMAT;
	ic_status s = read_block(z, p + 44, &c, time_bytes);
	if (s != IC_OK || old)
		return s;
	p += 44 + block;
	n -= 44 + block;
	const char *end = n > 1 && *p == '\n' ? memchr(p + 1, '\n', n - 1) : NULL;
	if (end && end > p + 1 && !parse_rule(p + 1, (size_t)(end - p) - 1, &z->rule))
		return IC_E_FORMAT;
	return IC_OK;
}

ic_status ic_zone_parse(const char *bytes, size_t n, ic_zone **ret)
{
	ic_zone *z = ic_calloc(1, sizeof *z);
	if (!z)
		return IC_E_NOMEM;
	ic_status s = parse_into(z, bytes, n);
	if (s == IC_OK)
		*ret = z;
	else
		ic_zone_free(z);
	return s;
}

/* A name leads to nowhere but the database. */
static bool fair_name(ic_str name)
{
	if (name.n < 1 || name.n > 60 || name.p[0] == '/')
		return false;
	for (uint32_t i = 0; i < name.n; i++) {
		char c = name.p[i];
		bool plain = (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ||
			     c == '_' || c == '-' || c == '+' || c == '/';
		if (!plain)
			return false;
	}
	return true;
}

ic_status ic_zone_open(ic_str name, ic_zone **ret)
{
	char path[128];
	if (!fair_name(name))
		return IC_E_NOTFOUND;
	snprintf(path, sizeof path, "/usr/share/zoneinfo/%.*s", (int)name.n, name.p);
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (fd < 0 && (ic_str_ieq(name, IC_STR("UTC")) || ic_str_ieq(name, IC_STR("Etc/UTC")))) {
		static const char utc[] =
		    "TZif\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0"
		    "\0\0\0\1\0\0\0\4\0\0\0\0\0\0UTC";
		return ic_zone_parse(utc, sizeof utc, ret);
	}
	if (fd < 0)
		return IC_E_NOTFOUND;
	char *bytes = ic_malloc(MAX_FILE);
	size_t n = 0;
	ssize_t got = 0;
	while (bytes && n < MAX_FILE && (got = read(fd, bytes + n, MAX_FILE - n)) > 0)
		n += (size_t)got;
	close(fd);
	ic_status s = !bytes ? IC_E_NOMEM : got < 0 ? IC_E_NOTFOUND : ic_zone_parse(bytes, n, ret);
	ic_free(bytes);
	return s;
}

void ic_zone_free(ic_zone *z)
{
	if (!z)
		return;
	ic_free(z->at);
	ic_free(z->to);
	ic_free(z);
}

/* ---- questions ----------------------------------------------------------------------------- */

ic_zone_offset ic_zone_at(const ic_zone *z, int64_t utc_s)
{
	if (!z)
		return (ic_zone_offset){ .name = "UTC" };
	if (z->rule.set && (z->changes == 0 || utc_s >= z->at[z->changes - 1]))
		return by_rule(&z->rule, utc_s);
	uint32_t low = 0, high = z->changes; /* changes at or before the moment */
	while (low < high) {
		uint32_t middle = low + (high - low) / 2;
		if (z->at[middle] <= utc_s)
			low = middle + 1;
		else
			high = middle;
	}
	if (low)
		return z->type[z->to[low - 1]];
	for (uint32_t i = 0; i < z->types; i++) /* before the first change: the first winter time */
		if (!z->type[i].summer)
			return z->type[i];
	return z->type[0];
}

int64_t ic_zone_to_utc(const ic_zone *z, int64_t local_s)
{
	/* offsets differ by less than a day, so these two surround any change that matters */
	ic_zone_offset before = ic_zone_at(z, local_s - 86400), after = ic_zone_at(z, local_s + 86400);
	bool fits_before = ic_zone_at(z, local_s - before.east_s).east_s == before.east_s;
	bool fits_after = ic_zone_at(z, local_s - after.east_s).east_s == after.east_s;
	if (fits_after && (!fits_before || before.summer))
		return local_s - after.east_s;
	return local_s - before.east_s;
}
