/* SPDX-License-Identifier: Apache-2.0 */
/* Mathematics. Functions of one real come from a table and have a vector form. */
#include <math.h>
#include <stdatomic.h>

#include "base/hash.h"
#include "base/hex.h"
#include "exec/eval/compare.h"
#include "exec/eval/vector.h"

/* ---- functions of one real ------------------------------------------------------------- */

static double sign_of(double x)
{
	return (x > 0) - (x < 0);
}
static double exp10_of(double x)
{
	return pow(10, x);
}
static double cot_of(double x)
{
	return 1 / tan(x);
}
static double degrees_of(double x)
{
	return x * (180 / M_PI);
}
static double radians_of(double x)
{
	return x * (M_PI / 180);
}
/* lgamma() itself writes the sign to a global */
static double loggamma_of(double x)
{
	int ignored;
	return lgamma_r(x, &ignored);
}

typedef struct one_real {
	ic_fn_id fn;
	double (*of)(double);
	bool null_below_zero; /* Kusto has no logarithm where others have NaN */
} one_real;

static const one_real *real_function(ic_fn_id fn)
{
	static const one_real known[] = {
		{ IC_FN_SIGN, sign_of, false },
		{ IC_FN_EXP, exp, false },
		{ IC_FN_EXP2, exp2, false },
		{ IC_FN_EXP10, exp10_of, false },
		{ IC_FN_LOG, log, true },
		{ IC_FN_LOG2, log2, true },
		{ IC_FN_LOG10, log10, true },
		{ IC_FN_LOGGAMMA, loggamma_of, false },
		{ IC_FN_GAMMA, tgamma, false },
		{ IC_FN_ERF, erf, false },
		{ IC_FN_ERFC, erfc, false },
		{ IC_FN_SQRT, sqrt, false },
		{ IC_FN_SIN, sin, false },
		{ IC_FN_COS, cos, false },
		{ IC_FN_TAN, tan, false },
		{ IC_FN_COT, cot_of, false },
		{ IC_FN_ASIN, asin, false },
		{ IC_FN_ACOS, acos, false },
		{ IC_FN_ATAN, atan, false },
		{ IC_FN_DEGREES, degrees_of, false },
		{ IC_FN_RADIANS, radians_of, false },
	};
	for (size_t i = 0; i < sizeof known / sizeof *known; i++)
		if (known[i].fn == fn)
			return &known[i];
	return NULL;
}

static void real_rows(ic_call *c, const ic_vector *arg, uint32_t rows, ic_vector *ret)
{
	const one_real *f = real_function(c->expr->call.fn);
	const double *x = arg[0].data;
	ic_vector_out o;
	if (!ic_call_out(c, &o, rows))
		return;
	for (uint32_t i = 0; i < rows; i++) {
		double v = x[ic_vector_at(&arg[0], i)];
		if (f->null_below_zero && v < 0)
			o.nulls[i >> 6] |= UINT64_C(1) << (i & 63);
		else
			o.d[i] = f->of(v);
	}
	ic_call_done(&o, arg, 1, rows, ret);
}

static ic_value pow_row(ic_call *c, const ic_value *arg)
{
	(void)c;
	return ic_value_real(pow(arg[0].d, arg[1].d));
}

static ic_value atan2_row(ic_call *c, const ic_value *arg)
{
	(void)c;
	return ic_value_real(atan2(arg[0].d, arg[1].d));
}

static ic_value pi_row(ic_call *c, const ic_value *arg)
{
	(void)c;
	(void)arg;
	return ic_value_real(M_PI);
}

/* ---- rounding ---------------------------------------------------------------------------- */

static ic_value decimal_value(ic_call *c, const ic_decimal *d)
{
	ic_decimal *copy = ic_arena_alloc(c->arena, sizeof *copy);
	if (!copy)
		return ic_call_nomem(c);
	*copy = *d;
	return (ic_value){ .type = IC_Q_DECIMAL, .decimal = copy };
}

/* -x; the least long stays what it is, as in subtraction. */
static int64_t positive(int64_t x)
{
	return x < 0 ? (int64_t)(0 - (uint64_t)x) : x;
}

static ic_value abs_row(ic_call *c, const ic_value *arg)
{
	if (arg[0].type == IC_Q_REAL)
		return ic_value_real(fabs(arg[0].d));
	if (arg[0].type == IC_Q_DECIMAL) {
		ic_decimal d = *arg[0].decimal;
		d.coefficient = d.coefficient < 0 ? -d.coefficient : d.coefficient;
		return decimal_value(c, &d);
	}
	return (ic_value){ .type = c->expr->type, .i = positive(arg[0].i) };
}

static ic_value ceiling_row(ic_call *c, const ic_value *arg)
{
	if (arg[0].type == IC_Q_REAL)
		return ic_value_real(ceil(arg[0].d));
	if (arg[0].type != IC_Q_DECIMAL)
		return ic_value_long(arg[0].i);
	ic_decimal d = *arg[0].decimal;
	bool up = false;
	for (; d.scale > 0; d.scale--) {
		up |= d.coefficient % 10 > 0;
		d.coefficient /= 10; /* toward zero, which is up for negative ones */
	}
	d.coefficient += up;
	return decimal_value(c, &d);
}

/* Whole numbers stay whole: only places before the point change them. */
static ic_value round_whole(int64_t x, int64_t places)
{
	int64_t unit = 1, r;
	if (places >= 0)
		return ic_value_long(x);
	if (places < -18)
		return ic_value_long(0);
	for (; places < 0; places++)
		unit *= 10;
	int64_t rest = x % unit, up = rest >= unit - rest ? unit : -rest >= unit + rest ? -unit : 0;
	return __builtin_add_overflow(x - rest, up, &r) ? ic_value_null(IC_Q_LONG) : ic_value_long(r);
}

static ic_value round_decimal(ic_call *c, ic_decimal d, int64_t places)
{
	enum { DIGITS = 40 }; /* more than a coefficient has */
	int digit = 0;
	for (int64_t drop = (int64_t)d.scale - places, i = 0; i < drop && i < DIGITS; i++) {
		digit = (int)(d.coefficient % 10);
		d.coefficient /= 10;
	}
	d.coefficient += digit >= 5 ? 1 : digit <= -5 ? -1 : 0;
	if (places < (int64_t)d.scale)
		d.scale = places > 0 ? (int32_t)places : 0;
	for (int64_t i = places; i < 0 && d.coefficient; i++)
		d.coefficient *= 10;
	/* rounded up it may have a digit more than there is room for */
	const ic_decimal zero = { 0 };
	return ic_decimal_add(&d, &zero, &d) ? decimal_value(c, &d) : ic_value_null(IC_Q_DECIMAL);
}

static ic_value round_row(ic_call *c, const ic_value *arg)
{
	int64_t places = c->expr->call.n > 1 ? arg[1].i : 0;
	places = places > 300 ? 300 : places < -300 ? -300 : places;
	if (arg[0].type == IC_Q_DECIMAL)
		return round_decimal(c, *arg[0].decimal, places);
	if (arg[0].type != IC_Q_REAL)
		return round_whole(arg[0].i, places);
	double x = arg[0].d, unit = pow(10, (double)(places < 0 ? -places : places));
	double scaled = places < 0 ? x / unit : x * unit;
	if (!isfinite(scaled) || fabs(scaled) >= 0x1p52)
		return ic_value_real(x); /* it has no such decimals */
	return ic_value_real(places < 0 ? round(scaled) * unit : round(scaled) / unit);
}

/* ---- the largest, the smallest ------------------------------------------------------------- */

static ic_value extreme(ic_call *c, const ic_value *arg, int wanted)
{
	ic_value best = ic_value_null(c->expr->type);
	for (uint32_t i = 0; i < c->expr->call.n; i++) {
		const ic_value *v = &arg[i];
		/* of addresses an unknown one comes as the empty text */
		if (v->null || (c->expr->type == IC_Q_IP && v->type != IC_Q_IP))
			continue;
		if (v->type == IC_Q_REAL && isnan(v->d))
			return *v;
		if (best.null || ic_value_order(c->arena, v, &best, false) == wanted)
			best = *v;
	}
	return best;
}

static ic_value max_of_row(ic_call *c, const ic_value *arg)
{
	return extreme(c, arg, 1);
}

static ic_value min_of_row(ic_call *c, const ic_value *arg)
{
	return extreme(c, arg, -1);
}

/* ---- kinds of real --------------------------------------------------------------------------- */

static ic_value isnan_row(ic_call *c, const ic_value *arg)
{
	(void)c;
	return ic_value_bool(isnan(arg[0].d));
}

static ic_value isinf_row(ic_call *c, const ic_value *arg)
{
	(void)c;
	return ic_value_bool(isinf(arg[0].d));
}

static ic_value isfinite_row(ic_call *c, const ic_value *arg)
{
	(void)c;
	return ic_value_bool(isfinite(arg[0].d));
}

/* ---- bits ------------------------------------------------------------------------------------- */

static ic_value bits_row(ic_call *c, const ic_value *arg)
{
	uint64_t x = (uint64_t)arg[0].i, y = c->expr->call.n > 1 ? (uint64_t)arg[1].i : 0;
	uint64_t r = 0;
	bool shift =
	    c->expr->call.fn == IC_FN_BINARY_SHIFT_LEFT || c->expr->call.fn == IC_FN_BINARY_SHIFT_RIGHT;
	if (shift && arg[1].i < 0)
		return ic_value_null(IC_Q_LONG);
	switch (c->expr->call.fn) {
	case IC_FN_BINARY_AND: r = x & y; break;
	case IC_FN_BINARY_OR: r = x | y; break;
	case IC_FN_BINARY_XOR: r = x ^ y; break;
	case IC_FN_BINARY_NOT: r = ~x; break;
	case IC_FN_BINARY_SHIFT_LEFT: r = x << (y & 63); break;
	case IC_FN_BINARY_SHIFT_RIGHT: r = (uint64_t)(arg[0].i >> (y & 63)); break;
	default: r = (uint64_t)__builtin_popcountll(x);
	}
	return ic_value_long((int64_t)r);
}

/* Negative numbers as their 64 bits. */
static ic_value tohex_row(ic_call *c, const ic_value *arg)
{
	enum { LENGTH_MOST = 1024 };
	int64_t length = c->expr->call.n > 1 ? arg[1].i : 1;
	length = length < 1 ? 1 : length > LENGTH_MOST ? LENGTH_MOST : length;
	char *p = ic_arena_alloc(c->arena, LENGTH_MOST);
	if (!p)
		return ic_call_nomem(c);
	uint32_t n = (uint32_t)length;
	while (n < 16 && (uint64_t)arg[0].i >> 4 * n)
		n++;
	ic_hex_write((uint64_t)arg[0].i, n, p);
	return ic_value_str((ic_str){ p, n });
}

/* ---- chance ------------------------------------------------------------------------------------ */

/* The numbers of one run differ from those of another only in what follows from the threads: a worker draws
 * them in turn, from a stream of its own. */
typedef struct stream {
	uint64_t number, drawn;
} stream;

/* The state counts the streams. */
static ic_status rand_prepare(ic_plan *p, const ic_expr *call, void **state, ic_diag *diag)
{
	_Atomic uint64_t *streams = ic_arena_alloc(&p->arena, sizeof *streams);
	(void)call;
	(void)diag;
	if (!streams)
		return IC_E_NOMEM;
	atomic_init(streams, 0);
	*state = streams;
	return IC_OK;
}

static ic_value rand_row(ic_call *c, const ic_value *arg)
{
	stream *s = c->scratch;
	if (!s) {
		s = ic_calloc(1, sizeof *s);
		if (!s)
			return ic_call_nomem(c);
		s->number = atomic_fetch_add((_Atomic uint64_t *)c->state, 1);
		c->scratch = s;
	}
	uint64_t place = (uint64_t)c->expr->at.line << 32 | c->expr->at.column;
	uint64_t h = ic_mix(++s->drawn, place, ic_mix(s->number, 0, UINT64_C(0x9e3779b97f4a7c15)));
	double unit = (double)(h >> 11) * 0x1p-53;
	if (c->expr->call.n == 0 || arg[0].null || arg[0].i < 2)
		return ic_value_real(unit);
	return ic_value_real(floor(unit * (double)arg[0].i));
}

#define REAL(id)                                                                                             \
	{                                                                                                    \
		IC_FN_##id,                                                                                  \
		{                                                                                            \
			.vector = real_rows                                                                  \
		}                                                                                            \
	}
#define BITS(id)                                                                                             \
	{                                                                                                    \
		IC_FN_##id,                                                                                  \
		{                                                                                            \
			.row = bits_row, .strict = true                                                      \
		}                                                                                            \
	}
static const ic_kernel_entry entries[] = {
	REAL(SIGN),
	REAL(EXP),
	REAL(EXP2),
	REAL(EXP10),
	REAL(LOG),
	REAL(LOG2),
	REAL(LOG10),
	REAL(LOGGAMMA),
	REAL(GAMMA),
	REAL(ERF),
	REAL(ERFC),
	REAL(SQRT),
	REAL(SIN),
	REAL(COS),
	REAL(TAN),
	REAL(COT),
	REAL(ASIN),
	REAL(ACOS),
	REAL(ATAN),
	REAL(DEGREES),
	REAL(RADIANS),
	BITS(BINARY_AND),
	BITS(BINARY_OR),
	BITS(BINARY_XOR),
	BITS(BINARY_NOT),
	BITS(BINARY_SHIFT_LEFT),
	BITS(BINARY_SHIFT_RIGHT),
	BITS(BITSET_COUNT_ONES),
	{ IC_FN_POW, { .row = pow_row, .strict = true } },
	{ IC_FN_ATAN2, { .row = atan2_row, .strict = true } },
	{ IC_FN_TO_HEX, { .row = tohex_row, .strict = true } },
	{ IC_FN_PI, { .row = pi_row } },
	{ IC_FN_ABS, { .row = abs_row, .strict = true } },
	{ IC_FN_CEILING, { .row = ceiling_row, .strict = true } },
	{ IC_FN_ROUND, { .row = round_row, .strict = true } },
	{ IC_FN_MAX_OF, { .row = max_of_row } },
	{ IC_FN_MIN_OF, { .row = min_of_row } },
	{ IC_FN_ISNAN, { .row = isnan_row, .strict = true } },
	{ IC_FN_ISINF, { .row = isinf_row, .strict = true } },
	{ IC_FN_ISFINITE, { .row = isfinite_row, .strict = true } },
	{ IC_FN_RAND, { .row = rand_row, .impure = true, .prepare = rand_prepare, .release = ic_free } },
};
IC_KERNELS(math, entries);
