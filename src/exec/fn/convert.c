/* SPDX-License-Identifier: Apache-2.0 */
/* tolong, tostring and kin. What does not convert is null, never an error. */
#include <math.h>

#include "base/hex.h"
#include "base/num.h"
#include "base/time.h"
#include "exec/eval/compare.h"
#include "exec/fn/convert.h"
#include "exec/eval/vector.h"

/* .NET counts a time's ticks from year 1, and so do conversions from and to numbers. */
static int64_t from_net(int64_t v)
{
	return v + IC_CIVIL_MIN;
}

/* The value inside a dynamic one; nothing else changes. Arrays and bags convert to text only. */
static ic_value scalar(const ic_value *v)
{
	return v->type == IC_Q_DYNAMIC && !v->null ? ic_dyn_scalar(v->dyn) : *v;
}

/* ---- numbers ----------------------------------------------------------------------------------- */

/* 0x and up to `digits` hexadecimal ones. */
static bool parse_hex(ic_str s, unsigned digits, uint64_t *ret)
{
	uint64_t v = 0;

	if (s.n < 3 || s.n > digits + 2 || s.p[0] != '0' || (s.p[1] | 32) != 'x')
		return false;
	for (uint32_t i = 2; i < s.n; i++) {
		int d = ic_hex_digit(s.p[i]);
		if (d < 0)
			return false;
		v = v << 4 | (unsigned)d;
	}
	*ret = v;
	return true;
}

static bool text_whole(ic_str s, int64_t *ret)
{
	if (s.n > 1 && s.p[0] == '+' && s.p[1] != '-')
		s = (ic_str){ s.p + 1, s.n - 1 };
	return ic_parse_i64(s, ret);
}

static bool text_long(ic_str s, bool narrow, int64_t *ret)
{
	uint64_t hex;

	s = ic_str_trim(s);
	if (!parse_hex(s, narrow ? 8 : 16, &hex))
		return text_whole(s, ret);
	*ret = narrow ? (int32_t)(uint32_t)hex : (int64_t)hex;
	return true;
}

static bool real_long(double d, int64_t *ret)
{
	if (!(d >= -9223372036854775808.0 && d < 9223372036854775808.0))
		return false;
	*ret = (int64_t)d;
	return true;
}

/* Value to a long; narrow: text is read as an int. */
static bool to_long(const ic_value *v, bool narrow, int64_t *ret)
{
	if (v->null)
		return false;
	switch (v->type) {
	case IC_Q_BOOL: *ret = v->b; return true;
	case IC_Q_INT:
	case IC_Q_LONG:
	case IC_Q_TIMESPAN: *ret = v->i; return true;
	case IC_Q_DATETIME: *ret = v->i - IC_CIVIL_MIN; return true;
	case IC_Q_REAL: return real_long(v->d, ret);
	case IC_Q_DECIMAL: return real_long(trunc(ic_decimal_real(v->decimal)), ret);
	case IC_Q_STRING: return text_long(v->s, narrow, ret);
	default: return false;
	}
}

static ic_value to_long_row(ic_call *c, const ic_value *arg)
{
	ic_value v = scalar(arg);
	int64_t ret;

	(void)c;
	return to_long(&v, false, &ret) ? ic_value_long(ret) : ic_value_null(IC_Q_LONG);
}

/* An int is a long already: ports are compared with numbers in most queries. */
static void to_long_vector(ic_call *c, const ic_vector *arg, uint32_t rows, ic_vector *ret)
{
	if (arg->type != IC_Q_INT && arg->type != IC_Q_LONG) {
		ic_call_rows(c, arg, rows, to_long_row, ret);
		return;
	}
	*ret = *arg;
	ret->type = IC_Q_LONG;
}

static ic_value to_int_row(ic_call *c, const ic_value *arg)
{
	ic_value v = scalar(arg);
	int64_t ret;

	(void)c;
	if (!to_long(&v, true, &ret) || ret < INT32_MIN || ret > INT32_MAX)
		return ic_value_null(IC_Q_INT);
	return ic_value_ticks(IC_Q_INT, ret);
}

/* A number with an exponent that no double has: 1e400. */
static bool too_large(ic_str s, double *ret)
{
	const char *e = s.n ? memchr(s.p, 'e', s.n) : NULL;
	double mantissa;

	if (!e && s.n)
		e = memchr(s.p, 'E', s.n);
	if (!e || !ic_parse_double((ic_str){ s.p, (uint32_t)(e - s.p) }, &mantissa) || mantissa == 0)
		return false;
	for (const char *p = e + 1 + (e + 1 < s.p + s.n && e[1] == '+'); p < s.p + s.n; p++)
		if (*p < '0' || *p > '9')
			return false;
	*ret = s.p[s.n - 1] == *e ? 0 : mantissa < 0 ? -INFINITY : INFINITY;
	return *ret != 0;
}

static bool text_real(ic_str s, double *ret)
{
	static const struct {
		const char *name;
		double value;
	} words[] = { { "NaN", NAN },
		      { "nan", NAN },
		      { "inf", INFINITY },
		      { "+inf", INFINITY },
		      { "-inf", -INFINITY },
		      { "Infinity", INFINITY },
		      { "+Infinity", INFINITY },
		      { "-Infinity", -INFINITY },
		      { "infinity", INFINITY },
		      { "-infinity", -INFINITY } };
	uint64_t hex;

	s = ic_str_trim(s);
	if (ic_parse_double(s, ret))
		return true;
	for (size_t i = 0; i < sizeof words / sizeof *words; i++)
		if (ic_str_eq(s, ic_str_of(words[i].name))) {
			*ret = words[i].value;
			return true;
		}
	if (parse_hex(s, 16, &hex)) {
		*ret = (double)(int64_t)hex;
		return true;
	}
	return too_large(s, ret);
}

static ic_value to_real_row(ic_call *c, const ic_value *arg)
{
	ic_value v = scalar(arg);
	double d;

	(void)c;
	if (v.null)
		return ic_value_null(IC_Q_REAL);
	switch (v.type) {
	case IC_Q_BOOL: return ic_value_real(v.b);
	case IC_Q_INT:
	case IC_Q_LONG:
	case IC_Q_TIMESPAN: return ic_value_real((double)v.i);
	case IC_Q_DATETIME: return ic_value_real((double)(v.i - IC_CIVIL_MIN));
	case IC_Q_REAL: return v;
	case IC_Q_DECIMAL: return ic_value_real(ic_decimal_real(v.decimal));
	case IC_Q_STRING: return text_real(v.s, &d) ? ic_value_real(d) : ic_value_null(IC_Q_REAL);
	default: return ic_value_null(IC_Q_REAL);
	}
}

static void to_real_vector(ic_call *c, const ic_vector *arg, uint32_t rows, ic_vector *ret)
{
	*ret = *arg;
	if (!ic_qtype_is_number(arg->type))
		ic_call_rows(c, arg, rows, to_real_row, ret);
	else
		ic_call_reals(c, ret, rows);
}

static ic_value to_decimal_row(ic_call *c, const ic_value *arg)
{
	ic_value v = scalar(arg);
	ic_decimal d = { 0, 0 }, *kept;
	bool ok = !v.null;

	if (ok && v.type == IC_Q_DECIMAL)
		return v;
	if (ok && v.type == IC_Q_REAL)
		ok = ic_decimal_of_real(v.d, &d);
	else if (ok && v.type == IC_Q_STRING)
		ok = ic_parse_decimal(v.s, &d);
	else if (ok && (v.type == IC_Q_INT || v.type == IC_Q_LONG || v.type == IC_Q_TIMESPAN))
		d.coefficient = v.i;
	else if (ok && v.type == IC_Q_BOOL)
		d.coefficient = v.b;
	else
		ok = false;
	if (!ok)
		return ic_value_null(IC_Q_DECIMAL);
	kept = ic_arena_alloc(c->arena, sizeof *kept);
	if (!kept)
		return ic_call_nomem(c);
	*kept = d;
	return (ic_value){ .type = IC_Q_DECIMAL, .decimal = kept };
}

static ic_value to_bool_row(ic_call *c, const ic_value *arg)
{
	ic_value v = scalar(arg);
	int64_t i;

	(void)c;
	if (v.null)
		return ic_value_null(IC_Q_BOOL);
	switch (v.type) {
	case IC_Q_BOOL: return v;
	case IC_Q_INT:
	case IC_Q_LONG: return ic_value_bool(v.i != 0);
	case IC_Q_REAL: return isnan(v.d) ? ic_value_null(IC_Q_BOOL) : ic_value_bool(v.d != 0);
	case IC_Q_DECIMAL: return ic_value_bool(v.decimal->coefficient != 0);
	case IC_Q_STRING: break;
	default: return ic_value_null(IC_Q_BOOL);
	}
	v.s = ic_str_trim(v.s);
	if (ic_str_ieq(v.s, IC_STR("true")))
		return ic_value_bool(true);
	if (ic_str_ieq(v.s, IC_STR("false")))
		return ic_value_bool(false);
	return text_whole(v.s, &i) ? ic_value_bool(i != 0) : ic_value_null(IC_Q_BOOL);
}

/* ---- text ----------------------------------------------------------------------------------------- */

static ic_value to_string_row(ic_call *c, const ic_value *arg)
{
	ic_str s = ic_value_text(c->arena, arg);

	return s.p ? ic_value_str(s) : ic_call_nomem(c);
}

static ic_value to_string_sql_row(ic_call *c, const ic_value *arg)
{
	return arg->null ? ic_value_null(IC_Q_STRING) : to_string_row(c, arg);
}

static void to_string_vector(ic_call *c, const ic_vector *arg, uint32_t rows, ic_vector *ret)
{
	if (!ic_qtype_is_text(arg->type))
		ic_call_rows(c, arg, rows, ic_call_is_kql(c) ? to_string_row : to_string_sql_row, ret);
	else if (!ic_vector_strings(ret, c->arena, arg, rows))
		c->failed = IC_E_NOMEM;
}

static ic_value to_guid_row(ic_call *c, const ic_value *arg)
{
	ic_value v = scalar(arg);
	ic_guid g;

	(void)c;
	if (!v.null && v.type == IC_Q_GUID)
		return v;
	if (!v.null && v.type == IC_Q_STRING && ic_parse_guid(v.s, &g))
		return (ic_value){ .type = IC_Q_GUID, .guid = g };
	return ic_value_null(IC_Q_GUID);
}

/* ---- times ------------------------------------------------------------------------------------------ */

static ic_value to_datetime_row(ic_call *c, const ic_value *arg)
{
	ic_value v = scalar(arg);
	int64_t t;

	(void)c;
	if (!v.null && v.type == IC_Q_DATETIME)
		return v;
	if (!v.null && v.type == IC_Q_STRING && ic_parse_datetime(v.s, &t))
		return ic_value_ticks(IC_Q_DATETIME, t);
	if (v.type != IC_Q_STRING && v.type != IC_Q_BOOL && to_long(&v, false, &t) && t >= 0 &&
	    t <= IC_TIME_MAX - IC_CIVIL_MIN)
		return ic_value_ticks(IC_Q_DATETIME, from_net(t));
	return ic_value_null(IC_Q_DATETIME);
}

static ic_value to_timespan_row(ic_call *c, const ic_value *arg)
{
	ic_value v = scalar(arg);
	int64_t t;

	(void)c;
	if (!v.null && v.type == IC_Q_STRING)
		return ic_parse_timespan(v.s, &t) ? ic_value_ticks(IC_Q_TIMESPAN, t)
						  : ic_value_null(IC_Q_TIMESPAN);
	if (v.type != IC_Q_DATETIME && v.type != IC_Q_BOOL && to_long(&v, false, &t))
		return ic_value_ticks(IC_Q_TIMESPAN, t);
	return ic_value_null(IC_Q_TIMESPAN);
}

/* ---- dynamic ------------------------------------------------------------------------------------------ */

static ic_value dynamic_of(ic_call *c, const ic_value *v)
{
	const ic_dyn *d = ic_dyn_of(c->arena, v);

	return d ? ic_value_dyn(d) : ic_call_nomem(c);
}

/* Text that is no JSON is kept as a text. */
static ic_value to_dynamic_row(ic_call *c, const ic_value *arg)
{
	const ic_dyn *d;
	bool ok;

	if (arg->null || arg->type == IC_Q_DYNAMIC)
		return arg->null ? ic_value_null(IC_Q_DYNAMIC) : *arg;
	if (arg->type != IC_Q_STRING)
		return dynamic_of(c, arg);
	if (ic_str_trim(arg->s).n == 0)
		return ic_value_null(IC_Q_DYNAMIC);
	d = ic_dyn_parse(c->arena, arg->s, &ok);
	if (!ok)
		return dynamic_of(c, arg);
	if (!d)
		return ic_call_nomem(c);
	return d->kind == IC_DYN_NULL ? ic_value_null(IC_Q_DYNAMIC) : ic_value_dyn(d);
}

static ic_value as_dynamic_row(ic_call *c, const ic_value *arg)
{
	return arg->null ? ic_value_null(IC_Q_DYNAMIC) : dynamic_of(c, arg);
}

ic_value ic_value_convert(ic_call *c, ic_qtype to, const ic_value *v)
{
	static const ic_row_fn how[IC_QTYPES] = {
		[IC_Q_BOOL] = to_bool_row,	   [IC_Q_INT] = to_int_row,
		[IC_Q_LONG] = to_long_row,	   [IC_Q_REAL] = to_real_row,
		[IC_Q_DECIMAL] = to_decimal_row,   [IC_Q_STRING] = to_string_row,
		[IC_Q_DATETIME] = to_datetime_row, [IC_Q_TIMESPAN] = to_timespan_row,
		[IC_Q_DYNAMIC] = as_dynamic_row,   [IC_Q_GUID] = to_guid_row,
	};
	return how[to] ? how[to](c, v) : ic_value_null(to);
}

static const ic_kernel_entry entries[] = {
	{ IC_FN_TO_LONG, { .row = to_long_row, .vector = to_long_vector } },
	{ IC_FN_TO_INT, { .row = to_int_row } },
	{ IC_FN_TO_REAL, { .row = to_real_row, .vector = to_real_vector } },
	{ IC_FN_TO_DECIMAL, { .row = to_decimal_row } },
	{ IC_FN_TO_STRING, { .row = to_string_row, .vector = to_string_vector } },
	{ IC_FN_TO_BOOL, { .row = to_bool_row } },
	{ IC_FN_TO_DATETIME, { .row = to_datetime_row } },
	{ IC_FN_TO_TIMESPAN, { .row = to_timespan_row } },
	{ IC_FN_TO_GUID, { .row = to_guid_row } },
	{ IC_FN_TO_DYNAMIC, { .row = to_dynamic_row } },
	{ IC_FN_AS_DYNAMIC, { .row = as_dynamic_row } },
};
IC_KERNELS(convert, entries);
