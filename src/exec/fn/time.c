/* SPDX-License-Identifier: Apache-2.0 */
/* Functions on times. A result outside the years 1 to 9999 is null. */
#include <math.h>

#include "exec/fn/periods.h"

static ic_value whole(const ic_call *c, int64_t v)
{
	return (ic_value){ .type = c->expr->type, .i = v };
}

/* ---- now ------------------------------------------------------------------------------ */

static ic_value now_row(ic_call *c, const ic_value *arg)
{
	return ic_datetime((__int128)c->plan->now + (c->expr->call.n ? arg[0].i : 0));
}

static ic_value ago_row(ic_call *c, const ic_value *arg)
{
	return ic_datetime((__int128)c->plan->now - arg[0].i);
}

static ic_value ingestion_row(ic_call *c, const ic_value *arg)
{
	(void)c;
	(void)arg;
	return ic_value_null(IC_Q_DATETIME);
}

/* ---- starts and ends ------------------------------------------------------------------- */

/* The first moment of the period that t lies in, `later` periods on. */
static __int128 start_of(ic_period p, int64_t t, int64_t later)
{
	const __int128 none = (__int128)IC_TIME_MAX + 1;
	int64_t within, day = ic_day_of(t, &within);
	if (later > 4000000 || later < -4000000)
		return none;
	if (p == IC_PERIOD_DAY)
		return (__int128)(day + later) * IC_TICKS_DAY;
	if (p == IC_PERIOD_WEEK)
		return (__int128)(day - ic_weekday(day) + later * 7) * IC_TICKS_DAY;
	ic_civil c = ic_civil_from_ticks(t);
	int64_t year = c.year, month = p == IC_PERIOD_YEAR ? 0 : c.month - 1;
	if (p == IC_PERIOD_YEAR)
		year += later;
	else
		month += later;
	year += month >= 0 ? month / 12 : -((11 - month) / 12);
	month = (month % 12 + 12) % 12;
	return (__int128)ic_civil_days(year, (unsigned)month + 1, 1) * IC_TICKS_DAY;
}

static ic_value start_row(ic_call *c, const ic_value *arg, ic_period p)
{
	return ic_datetime(start_of(p, arg[0].i, c->expr->call.n > 1 ? arg[1].i : 0));
}

static ic_value end_row(ic_call *c, const ic_value *arg, ic_period p)
{
	int64_t later = c->expr->call.n > 1 ? arg[1].i : 0;
	if (later == INT64_MAX)
		return ic_value_null(IC_Q_DATETIME);
	return ic_datetime(start_of(p, arg[0].i, later + 1) - 1);
}

static ic_value start_of_day(ic_call *c, const ic_value *arg)
{
	return start_row(c, arg, IC_PERIOD_DAY);
}
static ic_value start_of_week(ic_call *c, const ic_value *arg)
{
	return start_row(c, arg, IC_PERIOD_WEEK);
}
static ic_value start_of_month(ic_call *c, const ic_value *arg)
{
	return start_row(c, arg, IC_PERIOD_MONTH);
}
static ic_value start_of_year(ic_call *c, const ic_value *arg)
{
	return start_row(c, arg, IC_PERIOD_YEAR);
}
static ic_value end_of_day(ic_call *c, const ic_value *arg)
{
	return end_row(c, arg, IC_PERIOD_DAY);
}
static ic_value end_of_week(ic_call *c, const ic_value *arg)
{
	return end_row(c, arg, IC_PERIOD_WEEK);
}
static ic_value end_of_month(ic_call *c, const ic_value *arg)
{
	return end_row(c, arg, IC_PERIOD_MONTH);
}
static ic_value end_of_year(ic_call *c, const ic_value *arg)
{
	return end_row(c, arg, IC_PERIOD_YEAR);
}

/* ---- parts ----------------------------------------------------------------------------- */

static ic_value day_of_week(ic_call *c, const ic_value *arg)
{
	(void)c;
	int64_t within, day = ic_day_of(arg[0].i, &within);
	/* Kusto has no weekday for the week that the calendar's end cuts */
	if (ic_datetime(start_of(IC_PERIOD_WEEK, arg[0].i, 1)).null)
		return ic_value_null(IC_Q_TIMESPAN);
	return ic_value_ticks(IC_Q_TIMESPAN, ic_weekday(day) * IC_TICKS_DAY);
}

static int64_t part_of(ic_period p, int64_t t)
{
	int64_t within, day = ic_day_of(t, &within);
	int64_t fraction = within % IC_TICKS_S;
	ic_civil c = ic_civil_from_ticks(t);
	switch (p) {
	case IC_PERIOD_YEAR: return c.year;
	case IC_PERIOD_QUARTER: return (c.month + 2) / 3;
	case IC_PERIOD_MONTH: return c.month;
	case IC_PERIOD_WEEK: return ic_iso_week(day);
	case IC_PERIOD_DAY: return c.day;
	case IC_PERIOD_HOUR: return c.hour;
	case IC_PERIOD_MINUTE: return c.minute;
	case IC_PERIOD_SECOND: return c.second;
	case IC_PERIOD_MILLISECOND: return fraction / IC_TICKS_MS;
	case IC_PERIOD_MICROSECOND: return fraction / IC_TICKS_US;
	case IC_PERIOD_NANOSECOND: return fraction * 100;
	default: return day - ic_civil_days(c.year, 1, 1) + 1;
	}
}

static ic_value day_of_month(ic_call *c, const ic_value *arg)
{
	return whole(c, part_of(IC_PERIOD_DAY, arg[0].i));
}
static ic_value day_of_year(ic_call *c, const ic_value *arg)
{
	return whole(c, part_of(IC_PERIOD_DAY_OF_YEAR, arg[0].i));
}
static ic_value week_of_year(ic_call *c, const ic_value *arg)
{
	return whole(c, part_of(IC_PERIOD_WEEK, arg[0].i));
}
static ic_value month_of_year(ic_call *c, const ic_value *arg)
{
	return whole(c, part_of(IC_PERIOD_MONTH, arg[0].i));
}
static ic_value year_row(ic_call *c, const ic_value *arg)
{
	return whole(c, part_of(IC_PERIOD_YEAR, arg[0].i));
}
static ic_value hour_of_day(ic_call *c, const ic_value *arg)
{
	return whole(c, part_of(IC_PERIOD_HOUR, arg[0].i));
}

/* ---- periods by name ------------------------------------------------------------------- */

static ic_status check_period(ic_plan *p, const ic_expr *call, void **state, ic_diag *diag)
{
	(void)p;
	(void)state;
	const ic_expr *name = call->call.arg[0];
	if (name->kind != IC_X_CONST || name->value.null)
		return IC_OK;
	int found = ic_period_find(name->value.s);
	if (found >= 0 && (found != IC_PERIOD_DAY_OF_YEAR || call->call.fn == IC_FN_DATETIME_PART))
		return IC_OK;
	ic_status s = ic_diag_fail(diag, IC_DIAG_TYPE, name->at, name->value.s.n + 2, "'%.*s' is no period",
				   (int)(name->value.s.n < 40 ? name->value.s.n : 40), name->value.s.p);
	ic_diag_hint(diag,
		     "year, quarter, month, week, day, hour, minute, second, millisecond, microsecond or "
		     "nanosecond");
	return s;
}

static ic_value add_row(ic_call *c, const ic_value *arg)
{
	(void)c;
	int p = ic_period_find(arg[0].s);
	__int128 t = arg[2].i, n = arg[1].i;
	switch (p) {
	case IC_PERIOD_YEAR:
	case IC_PERIOD_QUARTER:
	case IC_PERIOD_MONTH:
		if (n > 120000 || n < -120000)
			return ic_value_null(IC_Q_DATETIME);
		return ic_add_months(arg[2].i, arg[1].i * (p == IC_PERIOD_YEAR	    ? 12
							   : p == IC_PERIOD_QUARTER ? 3
										    : 1));
	case IC_PERIOD_NANOSECOND: return ic_datetime(t + n / 100);
	case IC_PERIOD_DAY_OF_YEAR:
	case -1: return ic_value_null(IC_Q_DATETIME);
	default: return ic_datetime(t + n * ic_period_ticks((ic_period)p));
	}
}

static ic_value part_row(ic_call *c, const ic_value *arg)
{
	int p = ic_period_find(arg[0].s);
	return p < 0 ? ic_value_null(c->expr->type) : whole(c, part_of((ic_period)p, arg[1].i));
}

/* Ticks since year 1. */
static inline int64_t since_start(int64_t t)
{
	return (int64_t)((uint64_t)t - (uint64_t)IC_CIVIL_MIN);
}

/* Which period of the kind t lies in, counted from year 1. */
static int64_t period_number(ic_period p, int64_t t)
{
	switch (p) {
	case IC_PERIOD_YEAR:
	case IC_PERIOD_QUARTER:
	case IC_PERIOD_MONTH: {
		ic_civil c = ic_civil_from_ticks(t);
		if (p == IC_PERIOD_YEAR)
			return c.year;
		return p == IC_PERIOD_QUARTER ? (int64_t)c.year * 4 + (c.month - 1) / 3
					      : (int64_t)c.year * 12 + c.month;
	}
	case IC_PERIOD_WEEK: /* weeks begin on Sundays; year 1 began on a Monday */
		return (since_start(t) / IC_TICKS_DAY + 1) / 7;
	default: return since_start(t) / ic_period_ticks(p);
	}
}

static int64_t difference(ic_period p, int64_t a, int64_t b)
{
	if (p == IC_PERIOD_NANOSECOND)
		return (int64_t)(((uint64_t)a - (uint64_t)b) * 100);
	return period_number(p, a) - period_number(p, b);
}

static ic_value diff_row(ic_call *c, const ic_value *arg)
{
	int p = ic_period_find(arg[0].s);
	if (p < 0 || p == IC_PERIOD_DAY_OF_YEAR)
		return ic_value_null(c->expr->type);
	int64_t n = difference((ic_period)p, arg[1].i, arg[2].i);
	return c->expr->type == IC_Q_REAL ? ic_value_real((double)n) : whole(c, n);
}

static void diff_rows(ic_call *c, const ic_vector *arg, uint32_t rows, ic_vector *ret)
{
	ic_vector_out o;
	if (!ic_vector_make(&o, c->arena, c->expr->type, rows)) {
		c->failed = IC_E_NOMEM;
		return;
	}
	int p = arg[0].constant ? ic_period_find(ic_vector_value(&arg[0], 0).s) : -1;
	int64_t unit = p >= 0 && p != IC_PERIOD_WEEK ? ic_period_ticks((ic_period)p) : 0;
	const int64_t *a = arg[1].data, *b = arg[2].data;
	for (uint32_t r = 0; r < rows; r++) {
		uint32_t ra = ic_vector_at(&arg[1], r), rb = ic_vector_at(&arg[2], r);
		if (ic_vector_null(&arg[0], r) || ic_vector_null(&arg[1], r) || ic_vector_null(&arg[2], r)) {
			ic_value null = ic_value_null(o.v.type);
			ic_vector_set(&o, r, &null);
		} else if (unit && o.v.type == IC_Q_LONG) {
			o.i[r] = since_start(a[ra]) / unit - since_start(b[rb]) / unit;
		} else {
			ic_value v[3] = { ic_vector_value(&arg[0], r), ic_vector_value(&arg[1], r),
					  ic_vector_value(&arg[2], r) };
			ic_value n = diff_row(c, v);
			ic_vector_set(&o, r, &n);
		}
	}
	*ret = o.v;
}

/* ---- makers ---------------------------------------------------------------------------- */

static ic_value make_datetime_row(ic_call *c, const ic_value *arg)
{
	int64_t part[5] = { 0, 1, 1, 0, 0 };
	uint32_t n = c->expr->call.n;
	for (uint32_t i = 0; i < 5 && i < n; i++) {
		if (arg[i].i < 0 || arg[i].i > 9999)
			return ic_value_null(IC_Q_DATETIME);
		part[i] = arg[i].i;
	}
	double second = n > 5 ? arg[5].d : 0;
	if (!(second >= 0 && second < 60))
		return ic_value_null(IC_Q_DATETIME);
	ic_civil civil = { .year = (int32_t)part[0],
			   .month = (unsigned)part[1],
			   .day = (unsigned)part[2],
			   .hour = (unsigned)part[3],
			   .minute = (unsigned)part[4] };
	int64_t ticks;
	if (!ic_civil_ticks(&civil, &ticks))
		return ic_value_null(IC_Q_DATETIME);
	return ic_datetime((__int128)ticks + llround(second * (double)IC_TICKS_S));
}

static ic_value make_timespan_row(ic_call *c, const ic_value *arg)
{
	uint32_t n = c->expr->call.n;
	bool days = n == 4;
	double d = days ? (double)arg[0].i : 0, h = days ? (double)arg[1].i : (double)arg[0].i;
	double m = days ? trunc(arg[2].d) : (double)arg[1].i, s = n > 2 ? arg[n - 1].d : 0;
	if (!(d >= 0 && d < 10675199 && h >= 0 && h < 24 && m >= 0 && m < 60 && s >= 0 && s < 60))
		return ic_value_null(IC_Q_TIMESPAN);
	int64_t ticks = (int64_t)d * IC_TICKS_DAY + ((int64_t)h * 60 + (int64_t)m) * 60 * IC_TICKS_S +
			llround(s * (double)IC_TICKS_S);
	return ic_value_ticks(IC_Q_TIMESPAN, ticks);
}

/* A number of units since 1970; ticks = units * up / down. */
static ic_value unix_row(const ic_value *v, int64_t up, int64_t down)
{
	if (v->type == IC_Q_INT || v->type == IC_Q_LONG) {
		__int128 n = (__int128)v->i * up;
		return ic_datetime(n >= 0 ? n / down : -((-n + down - 1) / down));
	}
	double d = (v->type == IC_Q_DECIMAL ? ic_decimal_real(v->decimal) : v->d) * (double)up / (double)down;
	if (!(d > -9e18 && d < 9e18))
		return ic_value_null(IC_Q_DATETIME);
	return ic_datetime((int64_t)floor(d));
}

static ic_value unix_seconds(ic_call *c, const ic_value *arg)
{
	(void)c;
	return unix_row(arg, IC_TICKS_S, 1);
}
static ic_value unix_milliseconds(ic_call *c, const ic_value *arg)
{
	(void)c;
	return unix_row(arg, IC_TICKS_MS, 1);
}
static ic_value unix_microseconds(ic_call *c, const ic_value *arg)
{
	(void)c;
	return unix_row(arg, IC_TICKS_US, 1);
}
static ic_value unix_nanoseconds(ic_call *c, const ic_value *arg)
{
	(void)c;
	return unix_row(arg, 1, 100);
}

static const ic_kernel_entry entries[] = {
	{ IC_FN_NOW, { .row = now_row, .strict = true } },
	{ IC_FN_AGO, { .row = ago_row, .strict = true } },
	{ IC_FN_INGESTION_TIME, { .row = ingestion_row } },
	{ IC_FN_START_OF_DAY, { .row = start_of_day, .strict = true } },
	{ IC_FN_START_OF_WEEK, { .row = start_of_week, .strict = true } },
	{ IC_FN_START_OF_MONTH, { .row = start_of_month, .strict = true } },
	{ IC_FN_START_OF_YEAR, { .row = start_of_year, .strict = true } },
	{ IC_FN_END_OF_DAY, { .row = end_of_day, .strict = true } },
	{ IC_FN_END_OF_WEEK, { .row = end_of_week, .strict = true } },
	{ IC_FN_END_OF_MONTH, { .row = end_of_month, .strict = true } },
	{ IC_FN_END_OF_YEAR, { .row = end_of_year, .strict = true } },
	{ IC_FN_DAY_OF_WEEK, { .row = day_of_week, .strict = true } },
	{ IC_FN_DAY_OF_MONTH, { .row = day_of_month, .strict = true } },
	{ IC_FN_DAY_OF_YEAR, { .row = day_of_year, .strict = true } },
	{ IC_FN_WEEK_OF_YEAR, { .row = week_of_year, .strict = true } },
	{ IC_FN_MONTH_OF_YEAR, { .row = month_of_year, .strict = true } },
	{ IC_FN_GET_YEAR, { .row = year_row, .strict = true } },
	{ IC_FN_HOUR_OF_DAY, { .row = hour_of_day, .strict = true } },
	{ IC_FN_DATETIME_ADD, { .row = add_row, .strict = true, .prepare = check_period } },
	{ IC_FN_DATETIME_DIFF,
	  { .row = diff_row, .vector = diff_rows, .strict = true, .prepare = check_period } },
	{ IC_FN_DATETIME_PART, { .row = part_row, .strict = true, .prepare = check_period } },
	{ IC_FN_MAKE_DATETIME, { .row = make_datetime_row, .strict = true } },
	{ IC_FN_MAKE_TIMESPAN, { .row = make_timespan_row, .strict = true } },
	{ IC_FN_UNIX_SECONDS, { .row = unix_seconds, .strict = true } },
	{ IC_FN_UNIX_MILLISECONDS, { .row = unix_milliseconds, .strict = true } },
	{ IC_FN_UNIX_MICROSECONDS, { .row = unix_microseconds, .strict = true } },
	{ IC_FN_UNIX_NANOSECONDS, { .row = unix_nanoseconds, .strict = true } },
};
IC_KERNELS(time, entries);
