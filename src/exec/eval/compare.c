/* SPDX-License-Identifier: Apache-2.0 */
#include "exec/eval/compare.h"

bool ic_ip_canonical(ic_str s, ic_ip *ret)
{
	char text[48];

	return s.n < sizeof text && ic_ip_parse(s, ret) && ic_ip_format(ret, text) == s.n &&
	       memcmp(text, s.p, s.n) == 0;
}

bool ic_cidr_of_prefix(ic_str s, ic_cidr *ret)
{
	char text[48];
	size_t n = s.n;
	unsigned dots = 0;

	if (s.n == 0 || s.n > 12 || s.p[s.n - 1] != '.')
		return false;
	memcpy(text, s.p, s.n);
	for (uint32_t i = 0; i < s.n; i++)
		dots += s.p[i] == '.';
	if (dots > 3)
		return false;
	for (unsigned i = dots; i < 4; i++) {
		text[n++] = '0';
		if (i < 3)
			text[n++] = '.';
	}
	ret->bits = (uint8_t)(96 + 8 * dots);
	return ic_ip_canonical((ic_str){ text, (uint32_t)n }, &ret->net) && ic_ip_is_v4(&ret->net);
}

ic_str ic_value_plain_text(const ic_value *v, char *buf)
{
	if (v->type == IC_Q_STRING)
		return v->s;
	if (v->type != IC_Q_IP || v->null)
		return (ic_str){ "", 0 };
	return (ic_str){ buf, (uint32_t)ic_ip_format(&v->ip, buf) };
}

ic_value ic_dyn_scalar(const ic_dyn *d)
{
	if (!d)
		return ic_value_null(IC_Q_DYNAMIC);
	switch (d->kind) {
	case IC_DYN_NULL: return ic_value_null(IC_Q_DYNAMIC);
	case IC_DYN_BOOL: return ic_value_bool(d->b);
	case IC_DYN_LONG: return ic_value_long(d->i);
	case IC_DYN_REAL: return ic_value_real(d->d);
	case IC_DYN_STRING: return ic_value_str(d->s);
	case IC_DYN_DATETIME: return ic_value_ticks(IC_Q_DATETIME, d->i);
	case IC_DYN_TIMESPAN: return ic_value_ticks(IC_Q_TIMESPAN, d->i);
	case IC_DYN_GUID: return (ic_value){ .type = IC_Q_GUID, .guid = d->guid };
	case IC_DYN_DECIMAL: return (ic_value){ .type = IC_Q_DECIMAL, .decimal = d->decimal };
	case IC_DYN_ARRAY:
	case IC_DYN_BAG: break;
	}
	return ic_value_dyn(d);
}

static int sign(int v)
{
	return (v > 0) - (v < 0);
}

static double as_real(const ic_value *v)
{
	return v->type == IC_Q_REAL	 ? v->d
	       : v->type == IC_Q_DECIMAL ? ic_decimal_real(v->decimal)
					 : (double)v->i;
}

static ic_decimal as_decimal(const ic_value *v)
{
	return v->type == IC_Q_DECIMAL ? *v->decimal : (ic_decimal){ v->i, 0 };
}

static int order_numbers(const ic_value *x, const ic_value *y)
{
	if (x->type == IC_Q_REAL || y->type == IC_Q_REAL) {
		double a = as_real(x), b = as_real(y);
		return a < b ? -1 : a > b ? 1 : a == b ? 0 : IC_UNORDERED;
	}
	if (x->type == IC_Q_DECIMAL || y->type == IC_Q_DECIMAL) {
		ic_decimal a = as_decimal(x), b = as_decimal(y);
		return ic_decimal_compare(&a, &b);
	}
	return (x->i > y->i) - (x->i < y->i);
}

static int order_texts(const ic_value *x, const ic_value *y, bool sql)
{
	char a[48], b[48];
	ic_ip ip;

	if (x->type == IC_Q_IP && y->type == IC_Q_IP)
		return sign(memcmp(&x->ip, &y->ip, sizeof ip));
	if (sql && x->type == IC_Q_IP && ic_ip_parse(y->s, &ip))
		return sign(memcmp(&x->ip, &ip, sizeof ip));
	if (sql && y->type == IC_Q_IP && ic_ip_parse(x->s, &ip))
		return sign(memcmp(&ip, &y->ip, sizeof ip));
	return ic_str_cmp(ic_value_plain_text(x, a), ic_value_plain_text(y, b));
}

static int order_dynamic(ic_arena *a, const ic_value *x, const ic_value *y, bool sql)
{
	ic_value p = x->type == IC_Q_DYNAMIC ? ic_dyn_scalar(x->dyn) : *x;
	ic_value q = y->type == IC_Q_DYNAMIC ? ic_dyn_scalar(y->dyn) : *y;

	if (p.null || q.null)
		return p.null && q.null ? 0 : IC_UNORDERED;
	if (p.type == IC_Q_DYNAMIC || q.type == IC_Q_DYNAMIC)
		return p.type == q.type && ic_dyn_equal(p.dyn, q.dyn) ? 0 : IC_UNORDERED;
	return ic_value_order(a, &p, &q, sql);
}

int ic_value_order(ic_arena *a, const ic_value *x, const ic_value *y, bool sql)
{
	if (x->type == IC_Q_DYNAMIC || y->type == IC_Q_DYNAMIC)
		return order_dynamic(a, x, y, sql);
	if (ic_qtype_is_text(x->type) && ic_qtype_is_text(y->type))
		return order_texts(x, y, sql);
	if (ic_qtype_is_number(x->type) && ic_qtype_is_number(y->type))
		return order_numbers(x, y);
	if (x->type != y->type) {
		if (sql && (ic_qtype_is_text(x->type) || ic_qtype_is_text(y->type))) {
			ic_str s = ic_value_text(a, x), t = ic_value_text(a, y);
			return s.p && t.p ? ic_str_cmp(s, t) : IC_UNORDERED;
		}
		return IC_UNORDERED;
	}
	switch (x->type) {
	case IC_Q_BOOL: return x->b - y->b;
	case IC_Q_GUID: return sign(memcmp(&x->guid, &y->guid, sizeof x->guid));
	case IC_Q_DATETIME:
	case IC_Q_TIMESPAN: return (x->i > y->i) - (x->i < y->i);
	default: return IC_UNORDERED;
	}
}
