/* SPDX-License-Identifier: Apache-2.0 */
#include "exec/fn/periods.h"

int ic_period_find(ic_str name)
{
	static const struct {
		const char *name;
		ic_period period;
	} known[] = {
		{ "year", IC_PERIOD_YEAR },
		{ "quarter", IC_PERIOD_QUARTER },
		{ "month", IC_PERIOD_MONTH },
		{ "week", IC_PERIOD_WEEK },
		{ "weekofyear", IC_PERIOD_WEEK },
		{ "week_of_year", IC_PERIOD_WEEK },
		{ "day", IC_PERIOD_DAY },
		{ "hour", IC_PERIOD_HOUR },
		{ "minute", IC_PERIOD_MINUTE },
		{ "second", IC_PERIOD_SECOND },
		{ "millisecond", IC_PERIOD_MILLISECOND },
		{ "microsecond", IC_PERIOD_MICROSECOND },
		{ "nanosecond", IC_PERIOD_NANOSECOND },
		{ "dayofyear", IC_PERIOD_DAY_OF_YEAR },
	};
	for (size_t i = 0; i < sizeof known / sizeof *known; i++)
		if (ic_str_ieq(name, ic_str_of(known[i].name)))
			return (int)known[i].period;
	return -1;
}

int64_t ic_period_ticks(ic_period p)
{
	static const int64_t ticks[IC_PERIODS] = {
		[IC_PERIOD_WEEK] = 7 * IC_TICKS_DAY,   [IC_PERIOD_DAY] = IC_TICKS_DAY,
		[IC_PERIOD_HOUR] = 3600 * IC_TICKS_S,  [IC_PERIOD_MINUTE] = 60 * IC_TICKS_S,
		[IC_PERIOD_SECOND] = IC_TICKS_S,       [IC_PERIOD_MILLISECOND] = IC_TICKS_MS,
		[IC_PERIOD_MICROSECOND] = IC_TICKS_US,
	};
	return ticks[p];
}

int64_t ic_day_of(int64_t ticks, int64_t *within)
{
	/* year 1 began at a midnight, and no time lies before it */
	int64_t since = ticks < IC_CIVIL_MIN ? 0 : (ticks > IC_TIME_MAX ? IC_TIME_MAX : ticks) - IC_CIVIL_MIN;
	*within = since % IC_TICKS_DAY;
	return since / IC_TICKS_DAY + IC_CIVIL_MIN / IC_TICKS_DAY;
}

unsigned ic_weekday(int64_t day)
{
	/* the first of January of year 1 was a Monday */
	return (unsigned)((day - IC_CIVIL_MIN / IC_TICKS_DAY + 1) % 7);
}

unsigned ic_iso_week(int64_t day)
{
	/* a week belongs to the year that its Thursday lies in */
	int64_t thursday = day - (ic_weekday(day) + 6) % 7 + 3;
	int64_t last = IC_TIME_MAX / IC_TICKS_DAY;
	ic_civil c = ic_civil_from_ticks((thursday > last ? last : thursday) * IC_TICKS_DAY);
	return (unsigned)((thursday - ic_civil_days(c.year, 1, 1)) / 7 + 1);
}

ic_value ic_datetime(__int128 ticks)
{
	if (ticks < IC_CIVIL_MIN || ticks > IC_TIME_MAX)
		return ic_value_null(IC_Q_DATETIME);
	return ic_value_ticks(IC_Q_DATETIME, (int64_t)ticks);
}

ic_value ic_add_months(int64_t ticks, int64_t months)
{
	if (months > 120000 || months < -120000)
		return ic_value_null(IC_Q_DATETIME);
	ic_civil c = ic_civil_from_ticks(ticks);
	int64_t month = (int64_t)c.year * 12 + c.month - 1 + months;
	if (month < 12 || month >= 120000)
		return ic_value_null(IC_Q_DATETIME);
	c.year = (int32_t)(month / 12);
	c.month = (unsigned)(month % 12) + 1;
	unsigned last = ic_civil_month_days(c.year, c.month);
	if (c.day > last)
		c.day = last;
	int64_t ret;
	return ic_civil_ticks(&c, &ret) ? ic_value_ticks(IC_Q_DATETIME, ret) : ic_value_null(IC_Q_DATETIME);
}
