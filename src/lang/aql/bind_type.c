/* SPDX-License-Identifier: Apache-2.0 */
/* Conversions between the types of AQL. */
#include "lang/aql/bind.h"

#include "base/num.h"

static ic_expr *constant(ic_aql_binder *b, ic_place at, ic_value v)
{
	ic_expr *e = ic_expr_const(b->plan, at, v);
	return e ? e : ic_aql_bind_nomem(b);
}

static bool is_constant(const ic_expr *e)
{
	return e->kind == IC_X_CONST;
}

ic_expr *ic_aql_as_text(ic_aql_binder *b, ic_expr *e)
{
	if (ic_qtype_is_text(e->type))
		return e;
	if (!is_constant(e))
		return ic_aql_call_of(b, e->at, IC_FN_AQL_STR, IC_Q_STRING, 1, e);
	if (e->value.null)
		return constant(b, e->at, ic_value_null(IC_Q_STRING));
	ic_str text = ic_value_text(&b->plan->arena, &e->value);
	return text.p ? constant(b, e->at, ic_value_str(text)) : ic_aql_bind_nomem(b);
}

/* A text constant that is a number; false: it is none. */
static bool number_of(ic_str s, ic_value *ret)
{
	*ret = ic_value_long(0);
	s = ic_str_trim(s);
	if (ic_parse_i64(s, &ret->i))
		return true;
	*ret = ic_value_real(0);
	return ic_parse_double(s, &ret->d);
}

ic_expr *ic_aql_as_number(ic_aql_binder *b, ic_expr *e)
{
	if (ic_qtype_is_number(e->type))
		return e;
	if (!is_constant(e) || e->type != IC_Q_STRING)
		return ic_aql_call_of(b, e->at, ic_qtype_is_text(e->type) ? IC_FN_AQL_DOUBLE : IC_FN_AQL_LONG,
				      ic_qtype_is_text(e->type) ? IC_Q_REAL : IC_Q_LONG, 1, e);
	ic_value v;
	if (e->value.null || !number_of(e->value.s, &v))
		v = ic_value_null(IC_Q_REAL);
	return constant(b, e->at, v);
}

ic_expr *ic_aql_as_type(ic_aql_binder *b, ic_expr *e, ic_qtype type)
{
	if (e->type == type)
		return e;
	if (is_constant(e) && e->value.null)
		return constant(b, e->at, ic_value_null(type));
	if (type == IC_Q_STRING)
		return e->type == IC_Q_IP ? ic_aql_call_of(b, e->at, IC_FN_AQL_STR, IC_Q_STRING, 1, e)
					  : ic_aql_as_text(b, e);
	if (is_constant(e) && type == IC_Q_REAL && (e->type == IC_Q_LONG || e->type == IC_Q_INT))
		return constant(b, e->at, ic_value_real((double)e->value.i));
	if (type == IC_Q_REAL)
		return ic_aql_call_of(b, e->at, IC_FN_AQL_DOUBLE, IC_Q_REAL, 1, e);
	if (type == IC_Q_LONG)
		return ic_aql_call_of(b, e->at, IC_FN_AQL_LONG, IC_Q_LONG, 1, e);
	return ic_aql_bind_fail(b, IC_DIAG_TYPE, e->at, 1, "%s cannot become %s", ic_qtype_name(e->type),
				ic_qtype_name(type));
}

ic_expr *ic_aql_as_address(ic_aql_binder *b, ic_expr *e)
{
	ic_value v = { .type = IC_Q_IP };
	if (!is_constant(e) || e->type != IC_Q_STRING || e->value.null || !ic_ip_parse(e->value.s, &v.ip))
		return e;
	return constant(b, e->at, v);
}

/* ---- lists ---------------------------------------------------------------------------- */

static bool all_numbers(const ic_value *value, uint32_t n, bool *real)
{
	*real = false;
	for (uint32_t i = 0; i < n; i++) {
		if (value[i].null)
			continue;
		if (!ic_qtype_is_number(value[i].type))
			return false;
		*real |= value[i].type == IC_Q_REAL;
	}
	return true;
}

/* Numbers of one type; `real`: of reals. */
static void number_values(ic_value *value, uint32_t n, ic_qtype type)
{
	for (uint32_t i = 0; i < n; i++) {
		if (value[i].null)
			value[i] = ic_value_null(type);
		else if (type == IC_Q_REAL && value[i].type != IC_Q_REAL)
			value[i] = ic_value_real((double)value[i].i);
		else
			value[i].type = type;
	}
}

static bool text_values(ic_aql_binder *b, ic_value *value, uint32_t n)
{
	for (uint32_t i = 0; i < n; i++) {
		if (value[i].null) {
			value[i] = ic_value_null(IC_Q_STRING);
		} else if (value[i].type != IC_Q_STRING) {
			ic_str text = ic_value_text(&b->plan->arena, &value[i]);
			if (!text.p)
				return ic_aql_bind_nomem(b);
			value[i] = ic_value_str(text);
		}
	}
	return true;
}

/* Texts that are no addresses equal none; they leave the list. */
static uint32_t address_values(ic_value *value, uint32_t n)
{
	uint32_t kept = 0;
	for (uint32_t i = 0; i < n; i++) {
		ic_value v = { .type = IC_Q_IP };
		if (value[i].null)
			value[kept++] = ic_value_null(IC_Q_IP);
		else if (value[i].type == IC_Q_IP)
			value[kept++] = value[i];
		else if (value[i].type == IC_Q_STRING && ic_ip_parse(value[i].s, &v.ip))
			value[kept++] = v;
	}
	return kept;
}

const ic_value_list *ic_aql_list_of(ic_aql_binder *b, ic_expr **left, ic_value *value, uint32_t n)
{
	ic_value_list *list = ic_aql_bind_alloc(b, 1, sizeof *list);
	bool real, numbers = all_numbers(value, n, &real);
	ic_qtype type = (*left)->type;
	if (!list)
		return NULL;
	if (type == IC_Q_IP) {
		n = address_values(value, n);
	} else if (ic_qtype_is_number(type) && type != IC_Q_DECIMAL && numbers) {
		if (real && type != IC_Q_REAL)
			*left = ic_aql_as_type(b, *left, IC_Q_REAL);
		number_values(value, n, *left ? (*left)->type : IC_Q_REAL);
	} else {
		*left = ic_aql_as_text(b, *left);
		if (!text_values(b, value, n))
			return NULL;
	}
	*list = (ic_value_list){ value, n };
	return *left ? list : NULL;
}
