/* SPDX-License-Identifier: Apache-2.0 */
/* The parts of the calendar by name. Private to src/exec. */
#ifndef IC_EXEC_PERIODS_H
#define IC_EXEC_PERIODS_H

#include "base/time.h"
#include "exec/eval/kernel.h"

#define IC_TICKS_DAY (INT64_C(86400) * IC_TICKS_S)

typedef enum ic_period {
	IC_PERIOD_YEAR,
	IC_PERIOD_QUARTER,
	IC_PERIOD_MONTH,
	IC_PERIOD_WEEK,
	IC_PERIOD_DAY,
	IC_PERIOD_HOUR,
	IC_PERIOD_MINUTE,
	IC_PERIOD_SECOND,
	IC_PERIOD_MILLISECOND,
	IC_PERIOD_MICROSECOND,
	IC_PERIOD_NANOSECOND,
	IC_PERIOD_DAY_OF_YEAR,
	IC_PERIODS
} ic_period;

/* In any case; -1: there is none of this name. */
int ic_period_find(ic_str name);
/* Ticks of periods of a fixed length; 0: the others, and the nanosecond. */
int64_t ic_period_ticks(ic_period p);

/* The day (since 1970) and the ticks within it; `ticks` is a time of the years 1 to 9999. */
int64_t ic_day_of(int64_t ticks, int64_t *within);
unsigned ic_weekday(int64_t day);  /* 0: Sunday */
unsigned ic_iso_week(int64_t day); /* 1..53 */
/* A time, or null outside the years 1 to 9999. */
ic_value ic_datetime(__int128 ticks);
/* This many months later, the day cut to the month's last. */
ic_value ic_add_months(int64_t ticks, int64_t months);

#endif
