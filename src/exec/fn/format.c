/* SPDX-License-Identifier: Apache-2.0 */
/* Times and spans written by a pattern, and in the local time of a zone. */
#include "base/zone.h"
#include "exec/fn/periods.h"
#include "exec/fn/text.h"

/* ---- patterns ----------------------------------------------------------------------------- */

/* What a pattern may say. A run of one letter is cut into the longest tokens that exist: "dddd" of a date
 * is "dd" twice. */
typedef struct pattern_token {
	char letter;
	uint8_t n;
	bool date, span;
} pattern_token;

static const pattern_token tokens[] = {
	{ 'y', 4, true, false }, { 'y', 2, true, false }, { 'y', 1, true, false }, { 'M', 2, true, false },
	{ 'M', 1, true, false }, { 'd', 8, false, true }, { 'd', 7, false, true }, { 'd', 6, false, true },
	{ 'd', 5, false, true }, { 'd', 4, false, true }, { 'd', 3, false, true }, { 'd', 2, true, true },
	{ 'd', 1, true, true },	 { 'H', 2, true, true },  { 'H', 1, true, true },  { 'h', 2, true, true },
	{ 'h', 1, true, true },	 { 'm', 2, true, true },  { 'm', 1, true, true },  { 's', 2, true, true },
	{ 's', 1, true, true },	 { 't', 2, true, false }, { 'f', 7, true, true },  { 'f', 6, true, true },
	{ 'f', 5, true, true },	 { 'f', 4, true, true },  { 'f', 3, true, true },  { 'f', 2, true, true },
	{ 'f', 1, true, true },	 { 'F', 7, true, true },  { 'F', 6, true, true },  { 'F', 5, true, true },
	{ 'F', 4, true, true },	 { 'F', 3, true, true },  { 'F', 2, true, true },  { 'F', 1, true, true },
};
static const char delimiters[] = " /-:,._[]";

/* The token at the start of the pattern, NULL for a delimiter; *used gets its length, 0: neither. */
static const pattern_token *token_at(ic_str p, bool span, uint32_t *used)
{
	uint32_t run = 1;
	while (run < p.n && p.p[run] == p.p[0])
		run++;
	for (size_t i = 0; i < sizeof tokens / sizeof *tokens; i++) {
		const pattern_token *t = &tokens[i];
		if (t->letter == p.p[0] && t->n <= run && (span ? t->span : t->date)) {
			*used = t->n;
			return t;
		}
	}
	*used = p.p[0] && strchr(delimiters, p.p[0]) != NULL;
	return NULL;
}

static ic_status check_pattern(const ic_expr *call, bool span, ic_diag *diag)
{
	const ic_expr *pattern = call->call.arg[1];
	if (pattern->kind != IC_X_CONST)
		return IC_OK;
	ic_str p = pattern->value.s;
	for (uint32_t used; p.n; p.p += used, p.n -= used) {
		token_at(p, span, &used);
		if (used)
			continue;
		ic_status s = ic_diag_fail(diag, IC_DIAG_TYPE, pattern->at, pattern->value.s.n + 2,
					   "'%c' does not belong into a pattern of %s", *p.p,
					   span ? "format_timespan" : "format_datetime");
		ic_diag_hint(diag, "letters %s, and blank / - : , . _ [ ] between them",
			     span ? "d H h m s f F" : "y M d H h m s f F tt");
		return s;
	}
	return IC_OK;
}

static ic_status check_datetime_pattern(ic_plan *p, const ic_expr *call, void **state, ic_diag *diag)
{
	(void)p;
	(void)state;
	return check_pattern(call, false, diag);
}

static ic_status check_timespan_pattern(ic_plan *p, const ic_expr *call, void **state, ic_diag *diag)
{
	(void)p;
	(void)state;
	return check_pattern(call, true, diag);
}

/* The first n of seven decimals; `F` leaves zeros at the end away. */
static void put_fraction(ic_text *t, unsigned fraction, const pattern_token *token)
{
	unsigned n = token->n, v = fraction;
	for (unsigned i = n; i < 7; i++)
		v /= 10;
	for (; token->letter == 'F' && n && v % 10 == 0; n--)
		v /= 10;
	if (n)
		ic_text_number(t, v, n);
}

static void put_token(ic_text *t, const pattern_token *token, const ic_civil *c, uint64_t days, bool span)
{
	unsigned hour12 = c->hour % 12 ? c->hour % 12 : 12;
	switch (token->letter) {
	case 'y': ic_text_number(t, (unsigned)c->year % (token->n == 4 ? 10000 : 100), token->n); break;
	case 'M': ic_text_number(t, c->month, token->n); break;
	case 'd': ic_text_number(t, days, token->n); break;
	case 'H': ic_text_number(t, c->hour, token->n); break;
	case 'h': ic_text_number(t, span ? c->hour : hour12, token->n); break;
	case 'm': ic_text_number(t, c->minute, token->n); break;
	case 's': ic_text_number(t, c->second, token->n); break;
	case 't': ic_text_put(t, c->hour < 12 ? "AM" : "PM", 2); break;
	default: put_fraction(t, c->fraction, token);
	}
}

static ic_value put_pattern(ic_text *t, ic_str p, const ic_civil *c, uint64_t days, bool span)
{
	for (uint32_t used; p.n; p.p += used, p.n -= used) {
		const pattern_token *token = token_at(p, span, &used);
		if (token)
			put_token(t, token, c, days, span);
		else if (used)
			ic_text_char(t, *p.p);
		else
			return ic_value_null(IC_Q_STRING);
	}
	return ic_text_value(t);
}

static ic_value format_datetime_row(ic_call *c, const ic_value *arg)
{
	ic_text t = ic_text_new(c, arg[1].s.n + 8);
	ic_civil civil = ic_civil_from_ticks(arg[0].i);
	return put_pattern(&t, arg[1].s, &civil, civil.day, false);
}

static ic_value format_timespan_row(ic_call *c, const ic_value *arg)
{
	ic_text t = ic_text_new(c, arg[1].s.n + 16);
	uint64_t ticks = arg[0].i < 0 ? 0 - (uint64_t)arg[0].i : (uint64_t)arg[0].i;
	uint64_t in_day = ticks % (uint64_t)IC_TICKS_DAY;
	unsigned s = (unsigned)(in_day / (uint64_t)IC_TICKS_S);
	ic_civil civil = { .hour = s / 3600,
			   .minute = s / 60 % 60,
			   .second = s % 60,
			   .fraction = (unsigned)(in_day % (uint64_t)IC_TICKS_S) };
	if (arg[0].i < 0)
		ic_text_char(&t, '-');
	return put_pattern(&t, arg[1].s, &civil, ticks / (uint64_t)IC_TICKS_DAY, true);
}

/* ---- zones --------------------------------------------------------------------------------- */

/* The zone that the last row named, kept by the worker. */
typedef struct last_zone {
	char name[64];
	ic_zone *zone;
} last_zone;

static void release_zone(void *scratch)
{
	last_zone *last = scratch;
	if (last)
		ic_zone_free(last->zone);
	ic_free(last);
}

static ic_status check_zone(ic_plan *p, const ic_expr *call, void **state, ic_diag *diag)
{
	(void)p;
	(void)state;
	const ic_expr *name = call->call.arg[1];
	if (name->kind != IC_X_CONST)
		return IC_OK;
	ic_zone *zone = NULL;
	ic_status s = ic_zone_open(name->value.s, &zone);
	ic_zone_free(zone);
	if (s == IC_OK || s == IC_E_NOMEM)
		return s;
	s = ic_diag_fail(diag, IC_DIAG_NAME, name->at, name->value.s.n + 2, "there is no time zone '%.*s'",
			 (int)(name->value.s.n < 60 ? name->value.s.n : 60), name->value.s.p);
	ic_diag_hint(diag, "names are those of the IANA database, such as Europe/Berlin");
	return s;
}

/* false: there is no such zone, or the call failed. */
static bool zone_of(ic_call *c, ic_str name, const ic_zone **ret)
{
	last_zone *last = c->scratch;
	if (!last && !(last = c->scratch = ic_calloc(1, sizeof *last))) {
		c->failed = IC_E_NOMEM;
		return false;
	}
	if (name.n == 0 || name.n >= sizeof last->name)
		return false;
	if (strlen(last->name) != name.n || memcmp(last->name, name.p, name.n) != 0) {
		ic_zone_free(last->zone);
		last->zone = NULL;
		memcpy(last->name, name.p, name.n);
		last->name[name.n] = 0;
		if (ic_zone_open(name, &last->zone) == IC_E_NOMEM)
			c->failed = IC_E_NOMEM;
	}
	*ret = last->zone;
	return last->zone != NULL;
}

static ic_value utc_to_local_row(ic_call *c, const ic_value *arg)
{
	const ic_zone *z;
	if (!zone_of(c, arg[1].s, &z))
		return ic_value_null(IC_Q_DATETIME);
	int64_t within, day = ic_day_of(arg[0].i, &within);
	int64_t east = ic_zone_at(z, day * 86400 + within / IC_TICKS_S).east_s;
	return ic_datetime((__int128)arg[0].i + east * IC_TICKS_S);
}

static ic_value local_to_utc_row(ic_call *c, const ic_value *arg)
{
	const ic_zone *z;
	if (!zone_of(c, arg[1].s, &z))
		return ic_value_null(IC_Q_DATETIME);
	int64_t within, day = ic_day_of(arg[0].i, &within);
	int64_t seconds = ic_zone_to_utc(z, day * 86400 + within / IC_TICKS_S);
	return ic_datetime((__int128)seconds * IC_TICKS_S + within % IC_TICKS_S);
}

static const ic_kernel_entry entries[] = {
	{ IC_FN_FORMAT_DATETIME,
	  { .row = format_datetime_row, .strict = true, .prepare = check_datetime_pattern } },
	{ IC_FN_FORMAT_TIMESPAN,
	  { .row = format_timespan_row, .strict = true, .prepare = check_timespan_pattern } },
	{ IC_FN_UTC_TO_LOCAL,
	  { .row = utc_to_local_row, .strict = true, .prepare = check_zone, .release = release_zone } },
	{ IC_FN_LOCAL_TO_UTC,
	  { .row = local_to_utc_row, .strict = true, .prepare = check_zone, .release = release_zone } },
};
IC_KERNELS(format, entries);
