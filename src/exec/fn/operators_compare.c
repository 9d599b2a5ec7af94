/* SPDX-License-Identifier: Apache-2.0 */
/* ==, <, between and kin, for both languages. */
#include "exec/eval/compare.h"
#include "exec/eval/vector.h"

typedef enum relation { EQ, NE, LT, LE, GT, GE } relation;

/* What a null does. KQL: == with one null is false, != is true, both null give null; its other operators
 * and all of AQL's give null. */
typedef enum null_rule { RULE_EQ, RULE_NE, RULE_NULL } null_rule;

static null_rule rule_of(relation r, bool sql)
{
	return sql || r > NE ? RULE_NULL : r == EQ ? RULE_EQ : RULE_NE;
}

static bool holds(relation r, int order)
{
	if (order == IC_UNORDERED)
		return r == NE;
	switch (r) {
	case EQ: return order == 0;
	case NE: return order != 0;
	case LT: return order < 0;
	case LE: return order <= 0;
	case GT: return order > 0;
	case GE: return order >= 0;
	}
	return false;
}

/* ---- loops over plain numbers ------------------------------------------------------------ */

#define LOOP(OP)                                                                                             \
	if (constant_a && constant_b)                                                                        \
		memset(ret, a[0] OP b[0], rows);                                                             \
	else if (constant_a)                                                                                 \
		for (uint32_t i = 0; i < rows; i++)                                                          \
			ret[i] = a[0] OP b[i];                                                               \
	else if (constant_b)                                                                                 \
		for (uint32_t i = 0; i < rows; i++)                                                          \
			ret[i] = a[i] OP b[0];                                                               \
	else                                                                                                 \
		for (uint32_t i = 0; i < rows; i++)                                                          \
			ret[i] = a[i] OP b[i];                                                               \
	break

#define COMPARE(NAME, T)                                                                                     \
	static void NAME(relation r, const T *restrict a, bool constant_a, const T *restrict b,              \
			 bool constant_b, uint32_t rows, uint8_t *restrict ret)                              \
	{                                                                                                    \
		switch (r) {                                                                                 \
		case EQ: LOOP(==);                                                                           \
		case NE: LOOP(!=);                                                                           \
		case LT: LOOP(<);                                                                            \
		case LE: LOOP(<=);                                                                           \
		case GT: LOOP(>);                                                                            \
		case GE: LOOP(>=);                                                                           \
		}                                                                                            \
	}

COMPARE(compare_longs, int64_t)
COMPARE(compare_reals, double)
COMPARE(compare_bools, uint8_t)

static void compare_strings(relation r, const ic_vector *a, const ic_vector *b, uint32_t rows, uint8_t *ret)
{
	const ic_str *s = a->data, *t = b->data;

	for (uint32_t i = 0; i < rows; i++) {
		ic_str x = s[ic_vector_at(a, i)], y = t[ic_vector_at(b, i)];
		if (r == EQ)
			ret[i] = ic_str_eq(x, y);
		else if (r == NE)
			ret[i] = !ic_str_eq(x, y);
		else
			ret[i] = holds(r, ic_str_cmp(x, y));
	}
}

static uint64_t ip_half(const ic_ip *ip, unsigned half)
{
	uint64_t w;
	memcpy(&w, ip->b + 8 * half, 8);
	return w;
}

static void compare_addresses(relation r, const ic_vector *a, const ic_vector *b, uint32_t rows, uint8_t *ret)
{
	const ic_ip *s = a->data, *t = b->data;

	for (uint32_t i = 0; i < rows; i++) {
		const ic_ip *x = &s[ic_vector_at(a, i)], *y = &t[ic_vector_at(b, i)];
		if (r <= NE)
			ret[i] = (((ip_half(x, 0) ^ ip_half(y, 0)) | (ip_half(x, 1) ^ ip_half(y, 1))) == 0) ==
				 (r == EQ);
		else { /* memcmp may give any number, IC_UNORDERED too */
			int c = memcmp(x, y, sizeof *x);
			ret[i] = holds(r, (c > 0) - (c < 0));
		}
	}
}

/* ---- nulls ------------------------------------------------------------------------------- */

static void set_bits(uint8_t *ret, uint64_t bits, uint32_t word, uint32_t rows, uint8_t value)
{
	for (; bits; bits &= bits - 1) {
		uint32_t row = word * 64 + (uint32_t)__builtin_ctzll(bits);
		if (row >= rows)
			return;
		ret[row] = value;
	}
}

static void apply_nulls(ic_vector_out *o, const ic_vector *a, const ic_vector *b, uint32_t rows,
			null_rule rule)
{
	if (!a->nulls && !b->nulls)
		return;
	for (uint32_t w = 0; w < (rows + 63) / 64; w++) {
		uint64_t x = ic_null_word(a, w), y = ic_null_word(b, w);
		if (!(x | y))
			continue;
		set_bits(o->b, x | y, w, rows, 0);
		if (rule == RULE_NE)
			set_bits(o->b, x ^ y, w, rows, 1);
		o->nulls[w] = rule == RULE_NULL ? x | y : x & y;
	}
}

/* ---- an address column and text, in KQL: as if the address were written out ---------------- */

/* A null address is the empty text. */
static void kql_addresses(relation r, const ic_vector *a, const ic_vector *b, uint32_t rows, uint8_t *ret)
{
	compare_addresses(r, a, b, rows, ret);
	if (!a->nulls && !b->nulls)
		return;
	for (uint32_t i = 0; i < rows; i++) {
		bool x = ic_vector_null(a, i), y = ic_vector_null(b, i);
		if (x || y)
			ret[i] = (uint8_t)holds(r, (int)y - (int)x);
	}
}

/* == and != with a constant text: only an address that is written like this can be equal. */
static void kql_address_constant(relation r, const ic_vector *a, ic_str text, uint32_t rows, uint8_t *ret)
{
	ic_ip ip = { { 0 } };
	bool possible = ic_ip_canonical(text, &ip);
	ic_vector b = { IC_Q_IP, true, &ip, NULL, NULL };

	if (possible)
		kql_addresses(r, a, &b, rows, ret);
	else
		for (uint32_t i = 0; i < rows; i++)
			ret[i] = (ic_vector_null(a, i) && text.n == 0) == (r == EQ);
}

/* ---- all ----------------------------------------------------------------------------------- */

static bool compare_any(ic_call *c, relation r, const ic_vector *a, const ic_vector *b, uint32_t rows,
			bool sql, uint8_t *ret)
{
	for (uint32_t i = 0; i < rows; i++) {
		ic_value x = ic_vector_value(a, i), y = ic_vector_value(b, i);
		ret[i] = !x.null && !y.null && holds(r, ic_value_order(c->arena, &x, &y, sql));
	}
	return true;
}

/* Two texts of which one at least is an address. */
static bool compare_text(ic_call *c, relation r, ic_vector a, ic_vector b, uint32_t rows, bool sql,
			 uint8_t *ret)
{
	if (sql)
		return compare_any(c, r, &a, &b, rows, true, ret);
	if (a.type == b.type) {
		kql_addresses(r, &a, &b, rows, ret);
		return true;
	}
	if (r <= NE && (a.constant || b.constant) && (a.type == IC_Q_IP ? b : a).constant) {
		const ic_vector *text = a.type == IC_Q_IP ? &b : &a;
		kql_address_constant(r, a.type == IC_Q_IP ? &a : &b, *(const ic_str *)text->data, rows, ret);
		return true;
	}
	if (!ic_vector_strings(&a, c->arena, &a, rows) || !ic_vector_strings(&b, c->arena, &b, rows)) {
		c->failed = IC_E_NOMEM;
		return false;
	}
	compare_strings(r, &a, &b, rows, ret);
	return true;
}

/* Fills o->b and o->nulls. */
static bool compare(ic_call *c, relation r, ic_vector a, ic_vector b, uint32_t rows, bool sql,
		    ic_vector_out *o)
{
	ic_ip ip;

	if (sql && a.type == IC_Q_IP && b.type == IC_Q_STRING && b.constant && !b.nulls &&
	    ic_ip_parse(*(const ic_str *)b.data, &ip))
		b = (ic_vector){ IC_Q_IP, true, &ip, NULL, NULL };
	if (ic_vector_is_ints(&a) && ic_vector_is_ints(&b))
		compare_longs(r, a.data, a.constant, b.data, b.constant, rows, o->b);
	else if (ic_qtype_is_number(a.type) && ic_qtype_is_number(b.type) &&
		 (a.type == IC_Q_REAL || b.type == IC_Q_REAL)) {
		if (!ic_call_reals(c, &a, rows) || !ic_call_reals(c, &b, rows))
			return false;
		compare_reals(r, a.data, a.constant, b.data, b.constant, rows, o->b);
	} else if (a.type == IC_Q_BOOL && b.type == IC_Q_BOOL)
		compare_bools(r, a.data, a.constant, b.data, b.constant, rows, o->b);
	else if (a.type == IC_Q_STRING && b.type == IC_Q_STRING)
		compare_strings(r, &a, &b, rows, o->b);
	else if (sql && a.type == IC_Q_IP && b.type == IC_Q_IP)
		compare_addresses(r, &a, &b, rows, o->b);
	else if (ic_qtype_is_text(a.type) && ic_qtype_is_text(b.type)) {
		if (!compare_text(c, r, a, b, rows, sql, o->b))
			return false;
	} else if (!compare_any(c, r, &a, &b, rows, sql, o->b))
		return false;
	if (sql || !ic_qtype_is_text(a.type) || !ic_qtype_is_text(b.type))
		apply_nulls(o, &a, &b, rows, rule_of(r, sql));
	return true;
}

static void compare_vector(ic_call *c, relation r, bool sql, const ic_vector *arg, uint32_t rows,
			   ic_vector *ret)
{
	ic_vector_out o;

	if (ic_call_out(c, &o, rows) && compare(c, r, arg[0], arg[1], rows, sql, &o))
		ic_call_done(&o, NULL, 0, rows, ret);
}

/* a >= b and a <= c, three-valued. */
static void between(ic_call *c, bool sql, const ic_vector *arg, uint32_t rows, ic_vector *ret)
{
	ic_vector_out low, high;

	if (!ic_call_out(c, &low, rows) || !ic_call_out(c, &high, rows) ||
	    !compare(c, GE, arg[0], arg[1], rows, sql, &low) ||
	    !compare(c, LE, arg[0], arg[2], rows, sql, &high))
		return;
	for (uint32_t w = 0; w < (rows + 63) / 64; w++) {
		uint64_t either = low.nulls[w] | high.nulls[w];
		for (; either; either &= either - 1) {
			/* null and false is false */
			unsigned bit = (unsigned)__builtin_ctzll(either);
			uint32_t row = w * 64 + bit;
			bool no = row < rows && ((!(low.nulls[w] >> bit & 1) && !low.b[row]) ||
						 (!(high.nulls[w] >> bit & 1) && !high.b[row]));
			if (no)
				low.nulls[w] &= ~(UINT64_C(1) << bit);
			else
				low.nulls[w] |= UINT64_C(1) << bit;
		}
	}
	for (uint32_t i = 0; i < rows; i++)
		low.b[i] &= high.b[i];
	ic_call_done(&low, NULL, 0, rows, ret);
}

#define RELATION(NAME, R, SQL)                                                                               \
	static void NAME##_vector(ic_call *c, const ic_vector *arg, uint32_t rows, ic_vector *ret)           \
	{                                                                                                    \
		compare_vector(c, R, SQL, arg, rows, ret);                                                   \
	}

RELATION(eq, EQ, false)
RELATION(ne, NE, false)
RELATION(lt, LT, false)
RELATION(le, LE, false)
RELATION(gt, GT, false)
RELATION(ge, GE, false)
RELATION(sql_eq, EQ, true)
RELATION(sql_ne, NE, true)
RELATION(sql_lt, LT, true)
RELATION(sql_le, LE, true)
RELATION(sql_gt, GT, true)
RELATION(sql_ge, GE, true)

static void between_vector(ic_call *c, const ic_vector *arg, uint32_t rows, ic_vector *ret)
{
	between(c, false, arg, rows, ret);
}

static void sql_between_vector(ic_call *c, const ic_vector *arg, uint32_t rows, ic_vector *ret)
{
	between(c, true, arg, rows, ret);
}

static const ic_kernel_entry entries[] = {
	{ IC_FN_EQ, { .vector = eq_vector } },
	{ IC_FN_NE, { .vector = ne_vector } },
	{ IC_FN_LT, { .vector = lt_vector } },
	{ IC_FN_LE, { .vector = le_vector } },
	{ IC_FN_GT, { .vector = gt_vector } },
	{ IC_FN_GE, { .vector = ge_vector } },
	{ IC_FN_BETWEEN, { .vector = between_vector } },
	{ IC_FN_SQL_EQ, { .vector = sql_eq_vector } },
	{ IC_FN_SQL_NE, { .vector = sql_ne_vector } },
	{ IC_FN_SQL_LT, { .vector = sql_lt_vector } },
	{ IC_FN_SQL_LE, { .vector = sql_le_vector } },
	{ IC_FN_SQL_GT, { .vector = sql_gt_vector } },
	{ IC_FN_SQL_GE, { .vector = sql_ge_vector } },
	{ IC_FN_SQL_BETWEEN, { .vector = sql_between_vector } },
};
IC_KERNELS(compare, entries);
