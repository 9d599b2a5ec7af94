/* SPDX-License-Identifier: Apache-2.0 */
/* Time: int64 ticks of 100 ns since the Unix epoch, proleptic Gregorian, no leap seconds. Valid
 * event times lie in [0, IC_TIME_MAX]: 1970 to the end of year 9999. */
#ifndef IC_BASE_TIME_H
#define IC_BASE_TIME_H

#include <stdbool.h>

#include "base/str.h"
#include "ictus.h"

#define IC_TICKS_S  INT64_C(10000000)
#define IC_TICKS_MS INT64_C(10000)
#define IC_TICKS_US INT64_C(10)
#define IC_TIME_MAX (INT64_C(253402300800) * IC_TICKS_S - 1)

/* A date and time of day in the proleptic Gregorian calendar. */
typedef struct ic_civil {
	int32_t year;
	unsigned month, day, hour, minute, second, fraction; /* fraction in ticks; month, day from 1 */
} ic_civil;
#define IC_CIVIL_MIN (-INT64_C(621355968000000000)) /* 0001-01-01 in ticks; the last is IC_TIME_MAX */
/* Days since 1970-01-01. */
int64_t ic_civil_days(int64_t year, unsigned month, unsigned day);
unsigned ic_civil_month_days(int64_t year, unsigned month); /* month 1..12 */
ic_civil ic_civil_from_ticks(int64_t ticks);
/* false: there is no such date, or it is outside the years 1 to 9999. Second 60 is the next minute's 0. */
bool ic_civil_ticks(const ic_civil *c, int64_t *ret);

/* Seconds with a fraction ("1672843175.947664", also with exponent) to ticks; more than 7
 * decimals are rounded half up. false: not a number, negative, or after IC_TIME_MAX. */
bool ic_time_from_epoch_text(ic_str s, int64_t *ret);
/* A double of seconds, milliseconds...: unit_ticks says how many ticks one unit has. */
bool ic_time_from_number(double v, int64_t unit_ticks, int64_t *ret);
/* RFC 3339 and its usual relatives: 'T' or blank between, '-' or '/' in the date, fraction of any length, "Z",
 * "UTC", "+hh:mm", "+hhmm" or nothing (UTC); also "M/D/YYYY h:mm:ss.fff AM" as Defender's portal exports, and
 * "D.M.YYYY h:mm:ss". Seconds may be left out. */
bool ic_time_from_text(ic_str s, int64_t *ret);
/* "2024-05-01T10:00:00.123456Z"; decimals 0, 3, 6 or 7. buf holds at least 40 bytes. Returns the
 * length. Ticks outside the valid range print as "null". */
size_t ic_time_format(int64_t ticks, int decimals, char *buf);
/* The same with as few decimals as are needed (0 to 7). */
size_t ic_time_format_short(int64_t ticks, char *buf);
/* "1672843175.947664": epoch seconds with 6 decimals, as Zeek. */
size_t ic_time_format_epoch(int64_t ticks, char *buf);
/* A span for people: "0.25 s", "14 s", "5 min", "4 h 5 min", "2 d 3 h". buf holds at least 40 bytes. */
size_t ic_span_format(double seconds, char *buf);
/* Wall clock now. */
int64_t ic_time_now(void);

#endif
