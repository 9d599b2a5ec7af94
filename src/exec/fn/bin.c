/* SPDX-License-Identifier: Apache-2.0 */
/* bin() and bin_at(): values rounded down to a grid. They stand in most group-bys, so whole numbers, times
 * and reals have a vector form. */
#include <math.h>

#include "base/time.h"
#include "exec/eval/kernel.h"

/* ---- whole numbers -------------------------------------------------------------------- */

/* Division by a number that stays the same: the quotient by one multiplication, which is at most one too
 * small for 64-bit numbers. */
typedef struct divider {
	uint64_t by, inverse;
} divider;

static divider divide_by(uint64_t by)
{
	return (divider){ by, by > 1 ? (uint64_t)(((__uint128_t)1 << 64) / by) : 0 };
}

static inline uint64_t rest_of(const divider *d, uint64_t x)
{
	if (d->by == 1)
		return 0;
	uint64_t rest = x - (uint64_t)(((__uint128_t)x * d->inverse) >> 64) * d->by;
	return rest >= d->by ? rest - d->by : rest;
}

/* x rounded down to origin + n * size. false: it is before the first number, or before year 1. */
static inline bool bin_whole(const divider *d, int64_t x, int64_t origin, int64_t least, int64_t *ret)
{
	/* the distance fits in 64 bits without a sign, whatever the two are */
	uint64_t rest;
	if (x >= origin) {
		rest = rest_of(d, (uint64_t)x - (uint64_t)origin);
	} else {
		rest = rest_of(d, (uint64_t)origin - (uint64_t)x);
		rest = rest ? d->by - rest : 0;
	}
	return !__builtin_sub_overflow(x, rest, ret) && *ret >= least;
}

/* Times are counted from year 1, which began on a Monday. */
static int64_t origin_of(ic_qtype t)
{
	return t == IC_Q_DATETIME ? IC_CIVIL_MIN : 0;
}
static int64_t least_of(ic_qtype t)
{
	return t == IC_Q_DATETIME ? IC_CIVIL_MIN : t == IC_Q_INT ? INT32_MIN : INT64_MIN;
}

/* ---- reals and decimals --------------------------------------------------------------- */

static double real_of(const ic_value *v)
{
	switch (v->type) {
	case IC_Q_REAL: return v->d;
	case IC_Q_DECIMAL: return ic_decimal_real(v->decimal);
	default: return (double)v->i;
	}
}

static ic_decimal decimal_of(const ic_value *v)
{
	return v->type == IC_Q_DECIMAL ? *v->decimal : (ic_decimal){ .coefficient = v->i };
}

/* A coefficient at a larger scale. false: too many digits. */
static bool rescaled(const ic_decimal *d, int32_t scale, __int128 *ret)
{
	*ret = d->coefficient;
	for (int32_t s = d->scale; s < scale; s++)
		if (__builtin_mul_overflow(*ret, 10, ret))
			return false;
	return true;
}

static ic_value bin_decimal(ic_call *c, const ic_value *v, const ic_value *size, const ic_value *at)
{
	ic_decimal part[3] = { decimal_of(v), decimal_of(size), at ? decimal_of(at) : (ic_decimal){ 0 } };
	__int128 x, by, origin;
	int32_t scale = part[0].scale;
	for (unsigned i = 1; i < 3; i++)
		scale = part[i].scale > scale ? part[i].scale : scale;
	ic_decimal *ret = ic_arena_alloc(c->arena, sizeof *ret);
	if (!ret)
		return ic_call_nomem(c);
	if (!rescaled(&part[0], scale, &x) || !rescaled(&part[1], scale, &by) ||
	    !rescaled(&part[2], scale, &origin) || by <= 0 || __builtin_sub_overflow(x, origin, &x))
		return ic_value_null(IC_Q_DECIMAL);
	__int128 rest = x % by;
	if (rest < 0)
		rest += by;
	if (__builtin_sub_overflow(x, rest, &x) || __builtin_add_overflow(x, origin, &x))
		return ic_value_null(IC_Q_DECIMAL);
	for (; scale > 0 && x % 10 == 0; scale--)
		x /= 10;
	*ret = (ic_decimal){ .coefficient = x, .scale = scale };
	return (ic_value){ .type = IC_Q_DECIMAL, .decimal = ret };
}

/* ---- one row -------------------------------------------------------------------------- */

static ic_value bin_value(ic_call *c, const ic_value *v, const ic_value *size, const ic_value *at)
{
	ic_qtype type = c->expr->type;
	if (type == IC_Q_DECIMAL)
		return bin_decimal(c, v, size, at);
	if (type == IC_Q_REAL) {
		double by = real_of(size), origin = at ? real_of(at) : 0;
		if (!(by > 0))
			return ic_value_null(type);
		return ic_value_real(origin + floor((real_of(v) - origin) / by) * by);
	}
	if (size->i <= 0)
		return ic_value_null(type);
	divider d = divide_by((uint64_t)size->i);
	ic_value ret = { .type = type };
	if (!bin_whole(&d, v->i, at ? at->i : origin_of(type), least_of(type), &ret.i))
		return ic_value_null(type);
	return ret;
}

static ic_value bin_row(ic_call *c, const ic_value *arg)
{
	return bin_value(c, &arg[0], &arg[1], NULL);
}

static ic_value bin_at_row(ic_call *c, const ic_value *arg)
{
	return bin_value(c, &arg[0], &arg[1], &arg[2]);
}

/* ---- vectors -------------------------------------------------------------------------- */

static void set_null(ic_vector_out *o, uint32_t row)
{
	o->nulls[row >> 6] |= UINT64_C(1) << (row & 63);
	o->i[row] = 0;
}

static void bin_rows(ic_call *c, const ic_vector *arg, uint32_t rows, ic_vector *ret)
{
	ic_qtype type = c->expr->type;
	ic_vector_out o;
	if (!ic_vector_make(&o, c->arena, type, rows)) {
		c->failed = IC_E_NOMEM;
		return;
	}
	bool whole = type != IC_Q_REAL && type != IC_Q_DECIMAL;
	bool real = type == IC_Q_REAL && arg[0].type == IC_Q_REAL;
	ic_value size = ic_vector_value(&arg[1], 0);
	if (!arg[1].constant || arg[0].constant || size.null || !(whole || real)) {
		for (uint32_t r = 0; r < rows && !c->failed; r++) {
			ic_value v[2] = { ic_vector_value(&arg[0], r), ic_vector_value(&arg[1], r) };
			ic_value bin = v[0].null || v[1].null ? ic_value_null(type) : bin_row(c, v);
			ic_vector_set(&o, r, &bin);
		}
	} else if (real) {
		double by = real_of(&size);
		const double *in = arg[0].data;
		for (uint32_t r = 0; r < rows; r++)
			if (!(by > 0) || ic_vector_null(&arg[0], r))
				set_null(&o, r);
			else
				o.d[r] = floor(in[r] / by) * by;
	} else {
		divider d = divide_by(size.i > 0 ? (uint64_t)size.i : 1);
		int64_t origin = origin_of(type), least = least_of(type);
		const int64_t *in = arg[0].data;
		for (uint32_t r = 0; r < rows; r++)
			if (size.i <= 0 || ic_vector_null(&arg[0], r) ||
			    !bin_whole(&d, in[r], origin, least, &o.i[r]))
				set_null(&o, r);
	}
	*ret = o.v;
}

static const ic_kernel_entry entries[] = {
	{ IC_FN_BIN, { .row = bin_row, .vector = bin_rows, .strict = true } },
	{ IC_FN_BIN_AT, { .row = bin_at_row, .strict = true } },
};
IC_KERNELS(bin, entries);
