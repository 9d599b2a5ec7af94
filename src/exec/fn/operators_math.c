/* SPDX-License-Identifier: Apache-2.0 */
/* + - * / % and the minus sign. Longs wrap round; a division by zero of whole numbers is null; a time
 * outside the years 1 to 9999 is null. */
#include <math.h>

#include "base/time.h"
#include "exec/eval/vector.h"

typedef enum sum_op { ADD, SUB, MUL, DIV, MOD } sum_op;

/* ---- whole numbers ------------------------------------------------------------------------- */

static int64_t wrap(sum_op op, int64_t a, int64_t b)
{
	uint64_t x = (uint64_t)a, y = (uint64_t)b;
	return (int64_t)(op == ADD ? x + y : op == SUB ? x - y : x * y);
}

/* Cut toward zero; b is not zero. The least long by -1 wraps. */
static int64_t quotient(int64_t a, int64_t b)
{
	return b == -1 ? (int64_t)(0 - (uint64_t)a) : a / b;
}

/* Never negative in KQL; of the sign of a in AQL. */
static int64_t rest(int64_t a, int64_t b, bool sql)
{
	int64_t r = b == -1 ? 0 : a % b;

	if (r < 0 && !sql)
		r = (int64_t)((uint64_t)r + (b < 0 ? 0 - (uint64_t)b : (uint64_t)b));
	return r;
}

static void mark_null(ic_vector_out *o, uint32_t row)
{
	o->nulls[row >> 6] |= UINT64_C(1) << (row & 63);
}

#define EACH(VALUE)                                                                                          \
	do {                                                                                                 \
		if (a->constant)                                                                             \
			for (uint32_t i = 0; i < rows; i++) {                                                \
				int64_t x = p[0], y = q[i];                                                  \
				o->i[i] = VALUE;                                                             \
			}                                                                                    \
		else if (b->constant)                                                                        \
			for (uint32_t i = 0; i < rows; i++) {                                                \
				int64_t x = p[i], y = q[0];                                                  \
				o->i[i] = VALUE;                                                             \
			}                                                                                    \
		else                                                                                         \
			for (uint32_t i = 0; i < rows; i++) {                                                \
				int64_t x = p[i], y = q[i];                                                  \
				o->i[i] = VALUE;                                                             \
			}                                                                                    \
	} while (0)

static void longs(sum_op op, bool sql, const ic_vector *a, const ic_vector *b, uint32_t rows,
		  ic_vector_out *o)
{
	const int64_t *p = a->data, *q = b->data;

	switch (op) {
	case ADD: EACH(wrap(ADD, x, y)); return;
	case SUB: EACH(wrap(SUB, x, y)); return;
	case MUL: EACH(wrap(MUL, x, y)); return;
	case DIV:
	case MOD: break;
	}
	for (uint32_t i = 0; i < rows; i++) {
		int64_t x = p[ic_vector_at(a, i)], y = q[ic_vector_at(b, i)];
		if (y == 0)
			mark_null(o, i);
		else
			o->i[i] = op == DIV ? quotient(x, y) : rest(x, y, sql);
	}
}

/* ---- reals ----------------------------------------------------------------------------------- */

static double real_rest(double x, double y, bool sql)
{
	double r = fmod(x, y);
	return r < 0 && !sql ? r + fabs(y) : r;
}

static void reals(sum_op op, bool sql, const ic_vector *a, const ic_vector *b, uint32_t rows,
		  ic_vector_out *o)
{
	const double *p = a->data, *q = b->data;
	uint32_t at = a->constant ? 0 : 1, bt = b->constant ? 0 : 1;

	switch (op) {
	case ADD:
		for (uint32_t i = 0; i < rows; i++)
			o->d[i] = p[i * at] + q[i * bt];
		return;
	case SUB:
		for (uint32_t i = 0; i < rows; i++)
			o->d[i] = p[i * at] - q[i * bt];
		return;
	case MUL:
		for (uint32_t i = 0; i < rows; i++)
			o->d[i] = p[i * at] * q[i * bt];
		return;
	case DIV:
		for (uint32_t i = 0; i < rows; i++) {
			double y = q[i * bt];
			o->d[i] = p[i * at] / y;
			if (sql && y == 0) /* no number, as SQL has it; KQL has infinities */
				mark_null(o, i);
		}
		return;
	case MOD:
		for (uint32_t i = 0; i < rows; i++)
			o->d[i] = real_rest(p[i * at], q[i * bt], sql);
		return;
	}
}

/* ---- times, decimals, mixtures: a row at a time ------------------------------------------------ */

static ic_value ticks(ic_qtype type, int64_t v)
{
	if (type == IC_Q_DATETIME && (v < IC_CIVIL_MIN || v > IC_TIME_MAX))
		return ic_value_null(type);
	return ic_value_ticks(type, v);
}

/* A span times or by a number that is not whole; null if it does not fit. */
static ic_value span_of(double v)
{
	if (!(v > -9223372036854775808.0 && v < 9223372036854775808.0))
		return ic_value_null(IC_Q_TIMESPAN);
	return ic_value_ticks(IC_Q_TIMESPAN, (int64_t)v);
}

static double number(const ic_value *v)
{
	return v->type == IC_Q_REAL	 ? v->d
	       : v->type == IC_Q_DECIMAL ? ic_decimal_real(v->decimal)
					 : (double)v->i;
}

static bool whole(const ic_value *v)
{
	return v->type != IC_Q_REAL && v->type != IC_Q_DECIMAL;
}

static ic_value sum_of_times(ic_qtype type, sum_op op, const ic_value *a, const ic_value *b)
{
	int64_t v;

	if (op == ADD ? __builtin_add_overflow(a->i, b->i, &v) : __builtin_sub_overflow(a->i, b->i, &v))
		return ic_value_null(type);
	return ticks(type, v);
}

static ic_value product_of_times(ic_qtype type, sum_op op, const ic_value *a, const ic_value *b)
{
	if (type == IC_Q_REAL) /* span / span */
		return ic_value_real((double)a->i / (double)b->i);
	if (op == MUL && whole(a) && whole(b))
		return ticks(type, wrap(MUL, a->i, b->i));
	if (op == MUL)
		return span_of(number(a) * number(b));
	if (whole(b)) {
		if (b->i == 0)
			return ic_value_null(type);
		return ticks(type, op == DIV ? quotient(a->i, b->i) : rest(a->i, b->i, false));
	}
	return span_of(op == DIV ? number(a) / number(b) : real_rest(number(a), number(b), false));
}

static bool decimal_of(const ic_value *v, ic_decimal *ret)
{
	if (v->type == IC_Q_DECIMAL)
		*ret = *v->decimal;
	else if (v->type == IC_Q_REAL)
		return ic_decimal_of_real(v->d, ret);
	else
		*ret = (ic_decimal){ v->i, 0 };
	return true;
}

static bool decimal_rest(const ic_decimal *a, const ic_decimal *b, ic_decimal *ret)
{
	ic_decimal q, p;

	if (!ic_decimal_div(a, b, &q))
		return false;
	while (q.scale > 0) {
		q.coefficient /= 10;
		q.scale--;
	}
	if (!ic_decimal_mul(&q, b, &p) || !ic_decimal_sub(a, &p, ret))
		return false;
	if (ret->coefficient < 0) {
		p = *b;
		if (p.coefficient < 0)
			p.coefficient = -p.coefficient;
		return ic_decimal_add(ret, &p, ret);
	}
	return true;
}

static ic_value decimals(ic_call *c, sum_op op, const ic_value *a, const ic_value *b)
{
	static bool (*const how[])(const ic_decimal *, const ic_decimal *,
				   ic_decimal *) = { ic_decimal_add, ic_decimal_sub, ic_decimal_mul,
						     ic_decimal_div, decimal_rest };
	ic_decimal x, y, z, *kept;

	if (!decimal_of(a, &x) || !decimal_of(b, &y) || !how[op](&x, &y, &z))
		return ic_value_null(IC_Q_DECIMAL);
	kept = ic_arena_alloc(c->arena, sizeof *kept);
	if (!kept)
		return ic_call_nomem(c);
	*kept = z;
	return (ic_value){ .type = IC_Q_DECIMAL, .decimal = kept };
}

static ic_value mixed(ic_call *c, sum_op op, const ic_value *a, const ic_value *b)
{
	ic_qtype type = c->expr->type;

	if (a->null || b->null)
		return ic_value_null(type);
	if (type == IC_Q_DECIMAL)
		return decimals(c, op, a, b);
	return op == ADD || op == SUB ? sum_of_times(type, op, a, b) : product_of_times(type, op, a, b);
}

static bool is_time(ic_qtype t)
{
	return t == IC_Q_DATETIME || t == IC_Q_TIMESPAN;
}

/* Sums of times. What overflows is outside the range of datetimes, or null. */
static void time_sums(sum_op op, ic_qtype type, const ic_vector *a, const ic_vector *b, uint32_t rows,
		      ic_vector_out *o)
{
	const int64_t *p = a->data, *q = b->data;
	uint32_t at = a->constant ? 0 : 1, bt = b->constant ? 0 : 1;
	int64_t low = type == IC_Q_DATETIME ? IC_CIVIL_MIN : INT64_MIN;
	int64_t high = type == IC_Q_DATETIME ? IC_TIME_MAX : INT64_MAX;
	uint64_t bad = 0;

	for (uint32_t i = 0; i < rows; i++) {
		int64_t x = p[i * at], y = q[i * bt];
		uint64_t z = op == ADD ? (uint64_t)x + (uint64_t)y : (uint64_t)x - (uint64_t)y;
		/* the signs say whether it overflowed */
		uint64_t over = op == ADD ? ((uint64_t)x ^ z) & ((uint64_t)y ^ z)
					  : ((uint64_t)x ^ (uint64_t)y) & ((uint64_t)x ^ z);
		o->i[i] = (int64_t)z;
		bad |= over >> 63 | ((int64_t)z < low) | ((int64_t)z > high);
	}
	for (uint32_t i = 0; bad && i < rows; i++) {
		int64_t x = p[i * at], y = q[i * bt], z;
		bool over = op == ADD ? __builtin_add_overflow(x, y, &z) : __builtin_sub_overflow(x, y, &z);
		if (over || z < low || z > high)
			mark_null(o, i);
	}
}

static void arithmetic(ic_call *c, sum_op op, bool sql, const ic_vector *arg, uint32_t rows, ic_vector *ret)
{
	ic_vector a = arg[0], b = arg[1];
	ic_qtype type = c->expr->type;
	ic_vector_out o;

	if (!ic_call_out(c, &o, rows))
		return;
	if (ic_vector_is_ints(&a) && ic_vector_is_ints(&b) && !is_time(a.type) && !is_time(b.type) &&
	    (type == IC_Q_LONG || type == IC_Q_INT))
		longs(op, sql, &a, &b, rows, &o);
	else if (type == IC_Q_REAL && ic_qtype_is_number(a.type) && ic_qtype_is_number(b.type)) {
		if (!ic_call_reals(c, &a, rows) || !ic_call_reals(c, &b, rows))
			return;
		reals(op, sql, &a, &b, rows, &o);
	} else if (is_time(type) && is_time(a.type) && is_time(b.type) && (op == ADD || op == SUB))
		time_sums(op, type, &a, &b, rows, &o);
	else
		for (uint32_t i = 0; i < rows && c->failed == IC_OK; i++) {
			ic_value x = ic_vector_value(&a, i), y = ic_vector_value(&b, i);
			ic_value v = mixed(c, op, &x, &y);
			ic_vector_set(&o, i, &v);
		}
	ic_call_done(&o, arg, 2, rows, ret);
}

static void neg_vector(ic_call *c, const ic_vector *arg, uint32_t rows, ic_vector *ret)
{
	ic_vector_out o;

	if (!ic_call_out(c, &o, rows))
		return;
	for (uint32_t i = 0; i < rows; i++) {
		uint32_t at = ic_vector_at(arg, i);
		if (arg->type == IC_Q_REAL)
			o.d[i] = -((const double *)arg->data)[at];
		else if (arg->type == IC_Q_DECIMAL) {
			o.decimal[i] = ((const ic_decimal *)arg->data)[at];
			o.decimal[i].coefficient = -o.decimal[i].coefficient;
		} else if (ic_vector_is_ints(arg))
			o.i[i] = (int64_t)(0 - (uint64_t)((const int64_t *)arg->data)[at]);
		else
			mark_null(&o, i);
	}
	ic_call_done(&o, arg, 1, rows, ret);
}

#define OPERATION(NAME, OP, SQL)                                                                             \
	static void NAME##_vector(ic_call *c, const ic_vector *arg, uint32_t rows, ic_vector *ret)           \
	{                                                                                                    \
		arithmetic(c, OP, SQL, arg, rows, ret);                                                      \
	}

OPERATION(add, ADD, false)
OPERATION(sub, SUB, false)
OPERATION(mul, MUL, false)
OPERATION(div, DIV, false)
OPERATION(mod, MOD, false)
OPERATION(sql_add, ADD, true)
OPERATION(sql_sub, SUB, true)
OPERATION(sql_mul, MUL, true)
OPERATION(sql_div, DIV, true)
OPERATION(sql_mod, MOD, true)

static const ic_kernel_entry entries[] = {
	{ IC_FN_ADD, { .vector = add_vector } },	 { IC_FN_SUB, { .vector = sub_vector } },
	{ IC_FN_MUL, { .vector = mul_vector } },	 { IC_FN_DIV, { .vector = div_vector } },
	{ IC_FN_MOD, { .vector = mod_vector } },	 { IC_FN_NEG, { .vector = neg_vector } },
	{ IC_FN_SQL_ADD, { .vector = sql_add_vector } }, { IC_FN_SQL_SUB, { .vector = sql_sub_vector } },
	{ IC_FN_SQL_MUL, { .vector = sql_mul_vector } }, { IC_FN_SQL_DIV, { .vector = sql_div_vector } },
	{ IC_FN_SQL_MOD, { .vector = sql_mod_vector } },
};
IC_KERNELS(math_operators, entries);
