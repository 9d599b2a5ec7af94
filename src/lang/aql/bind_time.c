/* SPDX-License-Identifier: Apache-2.0 */
/* The time window of a query: LAST, START and STOP, five minutes by default. */
#include "lang/aql/bind.h"

#include "base/time.h"
#include "base/zone.h"

enum { TICKS_PER_MS = 10000, DEFAULT_MS = 5 * 60 * 1000, MINUTE_MS = 60000 };

static int64_t floored(int64_t a, int64_t b)
{
	return a / b - (a % b < 0);
}

static bool digits(ic_str s, uint32_t *at, uint32_t least, uint32_t most, int64_t *ret)
{
	uint32_t n = 0;
	*ret = 0;
	for (; n < most && *at < s.n && s.p[*at] >= '0' && s.p[*at] <= '9'; n++, (*at)++)
		*ret = *ret * 10 + (s.p[*at] - '0');
	return n >= least;
}

static bool one_of(ic_str s, uint32_t *at, const char *signs)
{
	if (*at >= s.n || !strchr(signs, s.p[*at]))
		return false;
	(*at)++;
	return true;
}

/* yyyy-MM-dd HH:mm, with seconds and a fraction of them or not, with / or : between the numbers of the date
 * and - behind it, with Z for UTC. */
static bool moment_of(const ic_plan *plan, ic_str s, int64_t *ret_ms, bool *ret_seconds)
{
	int64_t y, month, day, hour = 0, minute = 0, second = 0;
	uint32_t at = 0;
	bool utc = false;
	s = ic_str_trim(s);
	*ret_seconds = false;
	if (!digits(s, &at, 4, 4, &y) || !one_of(s, &at, "-/:") || !digits(s, &at, 1, 2, &month) ||
	    !one_of(s, &at, "-/:") || !digits(s, &at, 1, 2, &day))
		return false;
	if (one_of(s, &at, " -T")) {
		if (!digits(s, &at, 1, 2, &hour) || !one_of(s, &at, ":") || !digits(s, &at, 2, 2, &minute))
			return false;
		*ret_seconds = one_of(s, &at, ":");
		if (*ret_seconds && !digits(s, &at, 2, 2, &second))
			return false;
		int64_t fraction; /* less than what counts */
		if (*ret_seconds && one_of(s, &at, ".") && !digits(s, &at, 1, 9, &fraction))
			return false;
	}
	utc = one_of(s, &at, "Zz");
	char text[40];
	uint32_t n = 0;
	const int64_t part[] = { y, month, day, hour, minute, second };
	for (uint32_t i = 0; i < 6; i++) {
		for (int64_t scale = i == 0 ? 1000 : 10; scale > 0; scale /= 10)
			text[n++] = (char)('0' + part[i] / scale % 10);
		text[n++] = "--T::Z"[i];
	}
	int64_t ticks;
	if (at != s.n || !ic_time_from_text((ic_str){ text, n }, &ticks))
		return false;
	int64_t seconds = ticks / IC_TICKS_S;
	*ret_ms = (utc ? seconds : ic_zone_to_utc(plan->zone, seconds)) * 1000;
	return true;
}

/* START and STOP work in whole minutes: 15:51 to 16:59:59 for STOP '17:00', to 17:00:59 for '17:00:20'. */
static ic_expr *bound_of(ic_aql_binder *b, const ic_aql_expr *e, bool stop)
{
	int64_t ms;
	bool seconds;
	if (e->kind == IC_AX_TEXT) {
		if (!moment_of(b->plan, e->text, &ms, &seconds)) {
			ic_aql_bind_fail(b, IC_DIAG_TYPE, e->at, e->length, "this is no time");
			ic_diag_hint(b->diag, "write 'yyyy-MM-dd HH:mm', or PARSEDATETIME('1 hour ago')");
			return NULL;
		}
		ms = floored(ms, MINUTE_MS) * MINUTE_MS;
		if (stop)
			ms += seconds ? MINUTE_MS - 1 : -1;
		ic_expr *c = ic_expr_const(b->plan, e->at, ic_value_long(ms));
		return c ? c : ic_aql_bind_nomem(b);
	}
	ic_aql_clause clause = b->clause;
	b->clause = IC_AQL_TIME;
	ic_expr *bound = ic_aql_expr_of(b, e);
	b->clause = clause;
	if (bound && bound->type != IC_Q_LONG)
		return ic_aql_bind_fail(b, IC_DIAG_TYPE, e->at, e->length,
					"a time is milliseconds since 1970, a text or PARSEDATETIME(...)");
	return bound;
}

static ic_expr *constant_ms(ic_aql_binder *b, ic_place at, int64_t ms)
{
	ic_expr *c = ic_expr_const(b->plan, at, ic_value_long(ms));
	return c ? c : ic_aql_bind_nomem(b);
}

/* Both ends; *low NULL: open. */
static bool bounds_of(ic_aql_binder *b, const ic_aql_query *q, ic_expr **low, ic_expr **high)
{
	int64_t now = floored(b->plan->now, TICKS_PER_MS);
	if (q->window == IC_AQL_RANGE) {
		*low = bound_of(b, q->start, false);
		if (!*low)
			return false;
		if (!q->stop)
			b->plan->now_used = true;
		*high = q->stop ? bound_of(b, q->stop, true) : constant_ms(b, q->window_at, now);
		return *high != NULL;
	}
	int64_t from;
	b->plan->now_used = true;
	if (__builtin_sub_overflow(now, q->window == IC_AQL_LAST ? q->last_ms : DEFAULT_MS, &from))
		from = INT64_MIN;
	*low = constant_ms(b, q->window_at, from);
	*high = constant_ms(b, q->window_at, now);
	return *low && *high;
}

/* A bound for a column of datetimes: the first or last tick of its millisecond. */
static ic_expr *as_ticks(ic_aql_binder *b, ic_expr *e, bool last)
{
	int64_t ticks;
	if (e->kind != IC_X_CONST)
		return ic_aql_bind_fail(b, IC_DIAG_UNSUPPORTED, e->at, 1,
					"START and STOP over a column of datetimes take texts and numbers");
	if (__builtin_mul_overflow(e->value.i, (int64_t)TICKS_PER_MS, &ticks))
		ticks = e->value.i < 0 ? INT64_MIN : INT64_MAX;
	else if (last)
		ticks += TICKS_PER_MS - 1;
	ic_expr *c = ic_expr_const(b->plan, e->at, ic_value_ticks(IC_Q_DATETIME, ticks));
	return c ? c : ic_aql_bind_nomem(b);
}

static const char *clause_name(const ic_aql_query *q)
{
	return q->window == IC_AQL_RANGE ? "START" : "LAST";
}

ic_op *ic_aql_window_of(ic_aql_binder *b, ic_op *in)
{
	/* a sub-select without a window of its own has that of the query around it */
	const ic_aql_binder *owner = b;
	while (owner->outer && owner->query->window == IC_AQL_DEFAULT)
		owner = owner->outer;
	const ic_aql_query *q = owner->query;
	int32_t column = ic_aql_column(&in->out, IC_STR("starttime"));
	ic_qtype type = column >= 0 ? in->out.column[column].type : IC_Q_NULL;
	if (type != IC_Q_LONG && type != IC_Q_DATETIME && type != IC_Q_REAL) {
		if (q->window == IC_AQL_DEFAULT) {
			if (ic_plan_warn(b->plan, q->from_at,
					 "the table has no starttime: all of its rows are taken") != IC_OK)
				return ic_aql_bind_nomem(b);
			return in;
		}
		return ic_aql_bind_fail(b, IC_DIAG_NAME, q->window_at, (uint32_t)strlen(clause_name(q)),
					"%s needs a starttime, which the table does not have",
					clause_name(q));
	}
	ic_expr *low, *high;
	if (!bounds_of(b, q, &low, &high))
		return NULL;
	if (type == IC_Q_DATETIME && (!(low = as_ticks(b, low, false)) || !(high = as_ticks(b, high, true))))
		return NULL;
	ic_expr *time = ic_expr_column(b->plan, q->window_at, &in->out, (uint32_t)column);
	if (!time)
		return ic_aql_bind_nomem(b);
	ic_op *op = ic_op_new(b->plan, IC_OP_FILTER, q->window_at, clause_name(q), in);
	if (!op)
		return ic_aql_bind_nomem(b);
	op->out = in->out;
	op->filter.predicate =
	    ic_aql_call_of(b, q->window_at, IC_FN_SQL_AND, IC_Q_BOOL, 2,
			   ic_aql_call_of(b, q->window_at, IC_FN_SQL_GE, IC_Q_BOOL, 2, time, low),
			   ic_aql_call_of(b, q->window_at, IC_FN_SQL_LE, IC_Q_BOOL, 2, time, high));
	return op->filter.predicate ? op : NULL;
}
