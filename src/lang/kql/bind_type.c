/* SPDX-License-Identifier: Apache-2.0 */
/* Types: what KQL converts unasked, and what it refuses. */
#include "lang/kql/bind.h"

#include "base/ip.h"

/* ---- nodes */

static bool count_node(ic_binder *b, ic_place at)
{
	if (b->status != IC_OK)
		return false;
	if (++b->nodes > IC_BIND_NODES) {
		ic_bind_fail(b, IC_DIAG_LIMIT, at, 1, "the query grows to more than %d expressions",
			     IC_BIND_NODES);
		return false;
	}
	return true;
}

ic_expr *ic_bind_const(ic_binder *b, ic_place at, ic_value v)
{
	if (!count_node(b, at))
		return NULL;
	ic_expr *e = ic_expr_const(b->plan, at, v);
	return e ? e : ic_bind_nomem(b);
}

ic_expr *ic_bind_column_at(ic_binder *b, ic_place at, const ic_schema *s, uint32_t column)
{
	if (!count_node(b, at))
		return NULL;
	ic_expr *e = ic_expr_column(b->plan, at, s, column);
	return e ? e : ic_bind_nomem(b);
}

ic_expr *ic_bind_call(ic_binder *b, ic_place at, ic_fn_id fn, ic_qtype type, uint32_t n, ic_expr *const *arg)
{
	for (uint32_t i = 0; i < n; i++)
		if (!arg[i])
			return NULL;
	if (!count_node(b, at))
		return NULL;
	ic_expr *e = ic_expr_call(b->plan, at, fn, type, n);
	if (!e)
		return ic_bind_nomem(b);
	if (n)
		memcpy(e->call.arg, arg, n * sizeof *arg);
	return e;
}

ic_expr *ic_bind_call1(ic_binder *b, ic_place at, ic_fn_id fn, ic_qtype type, ic_expr *a)
{
	return ic_bind_call(b, at, fn, type, 1, &a);
}

ic_expr *ic_bind_call2(ic_binder *b, ic_place at, ic_fn_id fn, ic_qtype type, ic_expr *a, ic_expr *c)
{
	ic_expr *arg[2] = { a, c };
	return ic_bind_call(b, at, fn, type, 2, arg);
}

static ic_expr *copy_at(ic_binder *b, const ic_expr *e, uint32_t depth)
{
	if (depth > IC_BIND_EXPR_DEPTH)
		return ic_bind_fail(b, IC_DIAG_LIMIT, e->at, 1,
				    "an expression nests more than %d levels deep", IC_BIND_EXPR_DEPTH);
	if (!count_node(b, e->at))
		return NULL;
	ic_expr *c = ic_arena_alloc(&b->plan->arena, sizeof *c);
	if (!c)
		return ic_bind_nomem(b);
	*c = *e;
	if (e->kind != IC_X_CALL)
		return c;
	c->call.arg = ic_bind_alloc(b, e->call.n, sizeof *c->call.arg);
	if (!c->call.arg)
		return NULL;
	for (uint32_t i = 0; i < e->call.n; i++)
		if (!(c->call.arg[i] = copy_at(b, e->call.arg[i], depth + 1)))
			return NULL;
	return c;
}

ic_expr *ic_bind_copy(ic_binder *b, const ic_expr *e)
{
	return copy_at(b, e, 0);
}

bool ic_bind_is_const(const ic_expr *e)
{
	if (e->kind == IC_X_COLUMN)
		return false;
	if (e->kind == IC_X_CONST)
		return true;
	if (ic_functions[e->call.fn].flags & IC_FN_SERIAL)
		return false;
	for (uint32_t i = 0; i < e->call.n; i++)
		if (!ic_bind_is_const(e->call.arg[i]))
			return false;
	return true;
}

/* ---- conversions */

static bool is_number(ic_qtype t)
{
	return ic_qtype_is_number(t);
}

ic_qtype ic_bind_common(ic_qtype a, ic_qtype c, bool strict)
{
	if (a == c)
		return a;
	if (a == IC_Q_NULL)
		return c;
	if (c == IC_Q_NULL)
		return a;
	if (ic_qtype_is_text(a) && ic_qtype_is_text(c))
		return IC_Q_STRING;
	if (a == IC_Q_DYNAMIC)
		return c == IC_Q_IP ? IC_Q_STRING : c;
	if (c == IC_Q_DYNAMIC)
		return a == IC_Q_IP ? IC_Q_STRING : a;
	if (!is_number(a) || !is_number(c))
		return IC_QTYPES;
	if (a == IC_Q_DECIMAL || c == IC_Q_DECIMAL)
		return strict ? IC_QTYPES : IC_Q_DECIMAL;
	if (a == IC_Q_REAL || c == IC_Q_REAL)
		return strict ? IC_QTYPES : IC_Q_REAL;
	return IC_Q_LONG;
}

/* A constant as another type without a call; false: it takes one. */
static bool convert_const(ic_value *v, ic_qtype type)
{
	if (v->type == IC_Q_NULL || (v->null && v->type != IC_Q_STRING)) {
		*v = ic_value_null(type);
		return true;
	}
	bool whole = v->type == IC_Q_INT || v->type == IC_Q_LONG;
	if (whole && (type == IC_Q_LONG || (type == IC_Q_INT && v->i >= INT32_MIN && v->i <= INT32_MAX))) {
		v->type = type;
		return true;
	}
	if (whole && type == IC_Q_REAL) {
		*v = ic_value_real((double)v->i);
		return true;
	}
	return false;
}

ic_expr *ic_bind_to(ic_binder *b, ic_expr *e, ic_qtype type)
{
	if (!e || e->type == type)
		return e;
	if (e->kind == IC_X_CONST) {
		ic_value v = e->value;
		if (convert_const(&v, type))
			return ic_bind_const(b, e->at, v);
	}
	/* text stays text in a dynamic value */
	const ic_fn_id fn = type == IC_Q_DYNAMIC ? IC_FN_AS_DYNAMIC : ic_conversion_to(type);
	return ic_bind_call1(b, e->at, fn, type, e);
}

/* An argument list of "whole number, bool..." for messages */
static const char *letter_says(char letter)
{
	switch (letter) {
	case 'b':
	case 'u': return "bool";
	case 'i': return "long";
	case 'n': return "a number";
	case 'r': return "real";
	case 's': return "string";
	case 't': return "datetime";
	case 'p': return "timespan";
	case 'd': return "dynamic";
	case 'g': return "guid";
	case 'm': return "decimal";
	default: return "a scalar that can be ordered";
	}
}

static bool fits(char letter, ic_qtype t)
{
	switch (letter) {
	case 'b':
	case 'u': return t == IC_Q_BOOL;
	case 'i': return t == IC_Q_INT || t == IC_Q_LONG;
	case 'n':
	case 'r': return is_number(t);
	case 's':
	case 'T': return ic_qtype_is_text(t);
	case 't': return t == IC_Q_DATETIME;
	case 'p': return t == IC_Q_TIMESPAN;
	case 'd': return t == IC_Q_DYNAMIC;
	case 'g': return t == IC_Q_GUID;
	case 'm': return t == IC_Q_DECIMAL;
	case 'o': return t != IC_Q_DYNAMIC;
	default: return true;
	}
}

static ic_qtype letter_type(char letter)
{
	switch (letter) {
	case 'b':
	case 'u': return IC_Q_BOOL;
	case 'i': return IC_Q_LONG;
	case 'n':
	case 'r': return IC_Q_REAL;
	case 't': return IC_Q_DATETIME;
	case 'p': return IC_Q_TIMESPAN;
	case 'd': return IC_Q_DYNAMIC;
	case 'g': return IC_Q_GUID;
	case 'm': return IC_Q_DECIMAL;
	default: return IC_Q_STRING;
	}
}

ic_expr *ic_bind_fit(ic_binder *b, ic_expr *e, char letter, const char *what, uint32_t number)
{
	if (!e)
		return NULL;
	if (e->kind == IC_X_CONST && e->type == IC_Q_NULL)
		return ic_bind_const(b, e->at, ic_value_null(letter_type(letter)));
	if (fits(letter, e->type))
		return e;
	/* a member of a bag is a text where a text is wanted; elsewhere only the columns that are not
	 * known, which stand as dynamic, may be anything */
	if (e->type == IC_Q_DYNAMIC &&
	    (letter == 's' || letter == 'T' || letter == 'b' || letter == 'u' || b->plan->open))
		return ic_bind_to(b, e, letter_type(letter));
	if (number)
		ic_bind_fail(b, IC_DIAG_TYPE, e->at, 1, "%s: argument %u is %s, but should be %s", what,
			     number, ic_qtype_name(e->type), letter_says(letter));
	else
		ic_bind_fail(b, IC_DIAG_TYPE, e->at, 1, "%s takes %s, not %s", what, letter_says(letter),
			     ic_qtype_name(e->type));
	if (b->status == IC_E_USAGE && e->kind == IC_X_CONST && e->type == IC_Q_STRING &&
	    letter_type(letter) == IC_Q_TIMESPAN)
		ic_diag_hint(b->diag, "a span is written without quotes: 7d, 12h, 30m");
	return NULL;
}

ic_expr *ic_bind_bool(ic_binder *b, ic_expr *e, const char *what)
{
	return ic_bind_fit(b, e, 'b', what, 0);
}

/* ---- operators */

static ic_expr *mismatch(ic_binder *b, ic_place at, uint32_t length, ic_str sign, const ic_expr *x,
			 const ic_expr *y, const char *hint)
{
	ic_bind_fail(b, IC_DIAG_TYPE, at, length, "'%.*s' cannot be applied to %s and %s", IC_BIND_NAME(sign),
		     ic_qtype_name(x->type), ic_qtype_name(y->type));
	if (b->status == IC_E_USAGE && hint)
		ic_diag_hint(b->diag, "%s", hint);
	return NULL;
}

/* An address written as addresses are printed, so that addresses are equal if their texts are. */
static bool canonical_address(ic_str text, ic_ip *ret)
{
	char buf[64];
	if (text.n > 45 || !ic_ip_parse(text, ret))
		return false;
	return ic_str_eq(text, (ic_str){ buf, (uint32_t)ic_ip_format(ret, buf) });
}

/* Brings an address column and a text together: cheaply where the text is a constant address. */
static bool meet_text(ic_binder *b, ic_expr **x, ic_expr **y)
{
	if ((*x)->type == (*y)->type)
		return true;
	ic_expr **text = (*x)->type == IC_Q_IP ? y : x, **ip = text == x ? y : x;
	ic_value v = { .type = IC_Q_IP };
	if ((*text)->kind == IC_X_CONST && canonical_address((*text)->value.s, &v.ip))
		return (*text = ic_bind_const(b, (*text)->at, v)) != NULL;
	return (*ip = ic_bind_to(b, *ip, IC_Q_STRING)) != NULL;
}

/* KQL's addresses are texts, and so is their order: 203.0.113.16 comes before 203.0.113.2. */
static bool order_as_text(ic_binder *b, ic_expr **x)
{
	return (*x)->type != IC_Q_IP || (*x = ic_bind_to(b, *x, IC_Q_STRING));
}

/* Both as one type, for a comparison. false: failed, or (status still IC_OK) they have none. */
static bool meet(ic_binder *b, ic_expr **x, ic_expr **y)
{
	ic_qtype tx = (*x)->type, ty = (*y)->type;
	if (ic_qtype_is_text(tx) && ic_qtype_is_text(ty))
		return meet_text(b, x, y);
	/* a constant text is read as the other side's type, as in RemotePort == "445"; a constant number
	 * beside a text is written out */
	if (ic_qtype_is_text(ty) && (*y)->kind == IC_X_CONST && tx != IC_Q_DYNAMIC)
		return (*y = ic_bind_to(b, *y, tx)) != NULL;
	if (ic_qtype_is_text(tx) && (*x)->kind == IC_X_CONST && ty != IC_Q_DYNAMIC)
		return (*x = ic_bind_to(b, *x, ty)) != NULL;
	if (is_number(ty) && (*y)->kind == IC_X_CONST && ic_qtype_is_text(tx))
		return (*y = ic_bind_to(b, *y, IC_Q_STRING)) && meet_text(b, x, y);
	ic_qtype t = ic_bind_common(tx, ty, false);
	if (tx == IC_Q_DYNAMIC && ty == IC_Q_DYNAMIC) {
		if (!b->plan->open)
			return false;
		t = IC_Q_STRING;
	}
	if (tx == IC_Q_BOOL && is_number(ty) && (*y)->kind == IC_X_CONST)
		t = IC_Q_LONG;
	if (t == IC_QTYPES)
		return false;
	/* a member of a bag may hold 1.5 where 1 is asked for */
	if ((tx == IC_Q_DYNAMIC || ty == IC_Q_DYNAMIC) && (t == IC_Q_INT || t == IC_Q_LONG))
		t = IC_Q_REAL;
	if (t == IC_Q_LONG && (*y)->kind == IC_X_CONST && tx == IC_Q_INT &&
	    convert_const(&(*y)->value, IC_Q_INT))
		return ((*y)->type = IC_Q_INT, true);
	if (t == IC_Q_LONG && (*x)->kind == IC_X_CONST && ty == IC_Q_INT &&
	    convert_const(&(*x)->value, IC_Q_INT))
		return ((*x)->type = IC_Q_INT, true);
	return (*x = ic_bind_to(b, *x, t)) && (*y = ic_bind_to(b, *y, t));
}

static ic_expr *compare(ic_binder *b, ic_place at, uint32_t length, ic_fn_id fn, ic_str sign, ic_expr *x,
			ic_expr *y)
{
	const ic_expr *left = x, *right = y;
	bool order = fn != IC_FN_EQ && fn != IC_FN_NE;
	if (order && (!order_as_text(b, &x) || !order_as_text(b, &y)))
		return NULL;
	if (!meet(b, &x, &y))
		return mismatch(b, at, length, sign, left, right,
				left->type == IC_Q_DYNAMIC    ? "convert first, for instance with tostring()"
				: left->type == IC_Q_DATETIME ? "a time is written datetime(2024-05-01 10:00)"
							      : "convert one of them first");
	return ic_bind_call2(b, at, fn, IC_Q_BOOL, x, y);
}

/* The type of x op y; IC_QTYPES: refused. */
static ic_qtype arithmetic_type(ic_fn_id fn, ic_qtype x, ic_qtype y)
{
	bool spans = x == IC_Q_TIMESPAN && y == IC_Q_TIMESPAN;
	if (is_number(x) && is_number(y)) {
		ic_qtype t = ic_bind_common(x, y, false);
		return t == IC_Q_INT ? IC_Q_LONG : t;
	}
	switch (fn) {
	case IC_FN_ADD:
		if ((x == IC_Q_DATETIME && y == IC_Q_TIMESPAN) || (x == IC_Q_TIMESPAN && y == IC_Q_DATETIME))
			return IC_Q_DATETIME;
		return spans ? IC_Q_TIMESPAN : IC_QTYPES;
	case IC_FN_SUB:
		if (x == IC_Q_DATETIME && y == IC_Q_TIMESPAN)
			return IC_Q_DATETIME;
		if (x == IC_Q_DATETIME && y == IC_Q_DATETIME)
			return IC_Q_TIMESPAN;
		return spans ? IC_Q_TIMESPAN : IC_QTYPES;
	case IC_FN_MUL:
		return (x == IC_Q_TIMESPAN && is_number(y)) || (is_number(x) && y == IC_Q_TIMESPAN)
			   ? IC_Q_TIMESPAN
			   : IC_QTYPES;
	case IC_FN_DIV:
		if (spans)
			return IC_Q_REAL;
		return x == IC_Q_TIMESPAN && is_number(y) ? IC_Q_TIMESPAN : IC_QTYPES;
	case IC_FN_MOD: return spans ? IC_Q_TIMESPAN : IC_QTYPES;
	default: return IC_QTYPES;
	}
}

static ic_expr *arithmetic(ic_binder *b, ic_place at, uint32_t length, ic_fn_id fn, ic_str sign, ic_expr *x,
			   ic_expr *y)
{
	if (b->plan->open) {
		/* a column that is not known is what the other side needs it to be */
		ic_qtype tx = x->type, ty = y->type;
		if (tx == IC_Q_DYNAMIC)
			x = ic_bind_to(
			    b, x, ty == IC_Q_DATETIME || ty == IC_Q_TIMESPAN ? IC_Q_DATETIME : IC_Q_REAL);
		if (ty == IC_Q_DYNAMIC)
			y = ic_bind_to(
			    b, y, tx == IC_Q_DATETIME || tx == IC_Q_TIMESPAN ? IC_Q_TIMESPAN : IC_Q_REAL);
		if (!x || !y)
			return NULL;
	}
	ic_qtype t = arithmetic_type(fn, x->type, y->type);
	if (t == IC_QTYPES) {
		bool text = ic_qtype_is_text(x->type) && ic_qtype_is_text(y->type) && fn == IC_FN_ADD;
		bool dynamic = x->type == IC_Q_DYNAMIC || y->type == IC_Q_DYNAMIC;
		return mismatch(b, at, length, sign, x, y,
				text	  ? "strcat() joins texts"
				: dynamic ? "convert first, for instance with tolong()"
					  : NULL);
	}
	if (is_number(x->type) && is_number(y->type)) {
		if (t == IC_Q_LONG && x->type != y->type && (x->type == IC_Q_INT || y->type == IC_Q_INT)) {
			x = ic_bind_to(b, x, IC_Q_LONG);
			y = ic_bind_to(b, y, IC_Q_LONG);
		} else if (t != IC_Q_LONG) {
			x = ic_bind_to(b, x, t);
			y = ic_bind_to(b, y, t);
		}
	} else if (t == IC_Q_TIMESPAN && (fn == IC_FN_MUL || fn == IC_FN_DIV)) {
		/* 2 * 1d: whole factors stay whole, so that long spans keep their ticks */
		if (x->type == IC_Q_DECIMAL)
			x = ic_bind_to(b, x, IC_Q_REAL);
		if (y->type == IC_Q_DECIMAL)
			y = ic_bind_to(b, y, IC_Q_REAL);
	}
	return x && y ? ic_bind_call2(b, at, fn, t, x, y) : NULL;
}

ic_expr *ic_bind_operator(ic_binder *b, ic_place at, uint32_t length, ic_fn_id fn, ic_str sign, ic_expr *x,
			  ic_expr *y)
{
	if (!x || !y)
		return NULL;
	switch (fn) {
	case IC_FN_AND:
	case IC_FN_OR:
		x = ic_bind_bool(b, x, fn == IC_FN_AND ? "and" : "or");
		y = ic_bind_bool(b, y, fn == IC_FN_AND ? "and" : "or");
		return ic_bind_call2(b, at, fn, IC_Q_BOOL, x, y);
	case IC_FN_EQ:
	case IC_FN_NE:
	case IC_FN_LT:
	case IC_FN_LE:
	case IC_FN_GT:
	case IC_FN_GE: return compare(b, at, length, fn, sign, x, y);
	case IC_FN_ADD:
	case IC_FN_SUB:
	case IC_FN_MUL:
	case IC_FN_DIV:
	case IC_FN_MOD: return arithmetic(b, at, length, fn, sign, x, y);
	default: break;
	}
	/* has, contains, matches regex...: texts */
	const ic_expr *left = x, *right = y;
	if (x->type != IC_Q_DYNAMIC && !ic_qtype_is_text(x->type))
		return mismatch(b, at, length, sign, left, right, "tostring() makes a text");
	if (y->type != IC_Q_DYNAMIC && !ic_qtype_is_text(y->type))
		return mismatch(b, at, length, sign, left, right, "tostring() makes a text");
	if (x->type == IC_Q_DYNAMIC)
		x = ic_bind_to(b, x, IC_Q_STRING);
	if (y->type == IC_Q_DYNAMIC)
		y = ic_bind_to(b, y, IC_Q_STRING);
	return ic_bind_call2(b, at, fn, IC_Q_BOOL, x, y);
}

ic_expr *ic_bind_between(ic_binder *b, ic_place at, uint32_t length, ic_expr *what, ic_expr *low,
			 ic_expr *high)
{
	if (!what || !low || !high)
		return NULL;
	ic_str sign = IC_STR("between");
	if (high->type == IC_Q_TIMESPAN && low->type == IC_Q_DATETIME) {
		ic_expr *start = ic_bind_copy(b, low);
		high = start ? ic_bind_call2(b, high->at, IC_FN_ADD, IC_Q_DATETIME, start, high) : NULL;
		if (!high)
			return NULL;
	}
	const ic_expr *was = what, *end = low;
	if (ic_qtype_is_text(what->type) && ic_qtype_is_text(low->type) && ic_qtype_is_text(high->type)) {
		what = ic_bind_to(b, what, IC_Q_STRING);
		low = ic_bind_to(b, low, IC_Q_STRING);
		high = ic_bind_to(b, high, IC_Q_STRING);
	} else {
		ic_qtype before = what->type;
		bool ok = meet(b, &what, &low);
		if (ok) {
			end = high;
			ok = meet(b, &what, &high);
		}
		if (!ok)
			return mismatch(b, at, length, sign, was, end, "convert one of them first");
		/* the second end may have changed what the first one met: 1 .. 2.5 */
		if (before != what->type || low->type != what->type)
			low = ic_bind_to(b, low, what->type);
	}
	ic_expr *arg[3] = { what, low, high };
	return ic_bind_call(b, at, IC_FN_BETWEEN, IC_Q_BOOL, 3, arg);
}

/* ---- lists */

/* Arrays in a list stand for their items. */
static bool flatten(ic_binder *b, const ic_value *value, uint32_t n, ic_value **ret, uint32_t *ret_n)
{
	uint64_t total = 0;
	for (uint32_t i = 0; i < n; i++) {
		bool array =
		    value[i].type == IC_Q_DYNAMIC && !value[i].null && value[i].dyn->kind == IC_DYN_ARRAY;
		total += array ? value[i].dyn->n : 1;
	}
	if (total > 10000000) {
		ic_bind_fail(b, IC_DIAG_LIMIT, (ic_place){ 0 }, 1, "a list has more than 10000000 items");
		return false;
	}
	ic_value *v = ic_bind_alloc(b, (size_t)total, sizeof *v);
	if (!v)
		return false;
	uint32_t k = 0;
	for (uint32_t i = 0; i < n; i++) {
		if (value[i].type == IC_Q_DYNAMIC && !value[i].null && value[i].dyn->kind == IC_DYN_ARRAY)
			for (uint32_t j = 0; j < value[i].dyn->n; j++)
				v[k++] = ic_value_dyn(value[i].dyn->item[j]);
		else
			v[k++] = value[i];
	}
	*ret = v;
	*ret_n = k;
	return true;
}

/* The scalar inside a dynamic one. */
static ic_value scalar_of(ic_value v)
{
	if (v.type != IC_Q_DYNAMIC || v.null)
		return v;
	switch (v.dyn->kind) {
	case IC_DYN_NULL: return ic_value_null(IC_Q_DYNAMIC);
	case IC_DYN_BOOL: return ic_value_bool(v.dyn->b);
	case IC_DYN_LONG: return ic_value_long(v.dyn->i);
	case IC_DYN_REAL: return ic_value_real(v.dyn->d);
	case IC_DYN_STRING: return ic_value_str(v.dyn->s);
	case IC_DYN_DATETIME: return ic_value_ticks(IC_Q_DATETIME, v.dyn->i);
	case IC_DYN_TIMESPAN: return ic_value_ticks(IC_Q_TIMESPAN, v.dyn->i);
	case IC_DYN_GUID: return (ic_value){ .type = IC_Q_GUID, .guid = v.dyn->guid };
	case IC_DYN_DECIMAL: return (ic_value){ .type = IC_Q_DECIMAL, .decimal = v.dyn->decimal };
	default: return v;
	}
}

/* One value of a list as the list's type; 0: no value of that type is equal to it, -1: out of memory, -2: the
 * types do not go together. */
static int list_value(ic_binder *b, ic_value v, ic_qtype type, ic_value *ret)
{
	*ret = v = scalar_of(v);
	if (v.type == type)
		return 1;
	if (v.null)
		return *ret = ic_value_null(type), 1;
	if (convert_const(ret, type))
		return 1;
	if (type == IC_Q_STRING) {
		ret->type = IC_Q_STRING;
		ret->s = ic_value_text(&b->plan->arena, &v);
		return ret->s.p ? 1 : -1;
	}
	if (v.type == IC_Q_REAL && (type == IC_Q_LONG || type == IC_Q_INT)) {
		if (!(v.d > -9e15 && v.d < 9e15) || v.d != (double)(int64_t)v.d)
			return 0;
		*ret = ic_value_long((int64_t)v.d);
		return convert_const(ret, type) ? 1 : 0;
	}
	if (v.type == IC_Q_LONG && type == IC_Q_INT)
		return 0;
	if (v.type == IC_Q_DECIMAL && type == IC_Q_REAL)
		return *ret = ic_value_real(ic_decimal_real(v.decimal)), 1;
	if (v.type != IC_Q_STRING)
		return -2;
	/* a text beside another type is read as that type */
	ret->type = type;
	ret->null = false;
	switch (type) {
	case IC_Q_DATETIME: return ic_parse_datetime(v.s, &ret->i);
	case IC_Q_TIMESPAN: return ic_parse_timespan(v.s, &ret->i);
	case IC_Q_GUID: return ic_parse_guid(v.s, &ret->guid);
	case IC_Q_BOOL:
		ret->b = ic_str_ieq(v.s, IC_STR("true"));
		return ret->b || ic_str_ieq(v.s, IC_STR("false"));
	case IC_Q_INT:
	case IC_Q_LONG:
	case IC_Q_REAL:
	case IC_Q_DECIMAL: {
		ic_decimal d;
		if (!ic_parse_decimal(v.s, &d))
			return 0;
		return list_value(b, ic_value_real(ic_decimal_real(&d)), type, ret);
	}
	default: return -2;
	}
}

/* The type in which a list is looked up: that of what is looked for, or of the list if that is dynamic. */
static ic_qtype list_type(const ic_expr *left, ic_fn_id fn, const ic_value *v, uint32_t n)
{
	if (fn != IC_FN_IN || ic_qtype_is_text(left->type))
		return IC_Q_STRING;
	if (left->type == IC_Q_DYNAMIC) {
		ic_qtype t = IC_Q_NULL;
		for (uint32_t i = 0; i < n; i++) {
			ic_value s = scalar_of(v[i]);
			ic_qtype c = s.null ? t : ic_bind_common(t, s.type, false);
			t = c == IC_QTYPES ? IC_Q_STRING : c;
		}
		return t == IC_Q_NULL || t == IC_Q_DYNAMIC ? IC_Q_STRING : t;
	}
	if (left->type == IC_Q_INT || left->type == IC_Q_LONG)
		return IC_Q_LONG;
	return left->type;
}

/* Texts that are all addresses as printed: then addresses are compared. */
static bool all_addresses(const ic_value *v, uint32_t n)
{
	ic_ip ip;
	for (uint32_t i = 0; i < n; i++)
		if (!canonical_address(v[i].s, &ip))
			return false;
	return true;
}

ic_expr *ic_bind_in(ic_binder *b, const ic_kql_expr *e, ic_expr *left, const ic_value *value, uint32_t n)
{
	ic_value *v;
	if (!left || !flatten(b, value, n, &v, &n))
		return NULL;
	ic_qtype type = list_type(left, e->in.fn, v, n);
	if (e->in.fn != IC_FN_IN && left->type != IC_Q_DYNAMIC && !ic_qtype_is_text(left->type)) {
		if (e->in.fn == IC_FN_IN_CI)
			left = ic_bind_to(b, left, IC_Q_STRING);
		else
			return ic_bind_fail(b, IC_DIAG_TYPE, e->at, e->length,
					    "'%.*s' takes a string, not %s", IC_BIND_NAME(e->in.sign),
					    ic_qtype_name(left->type));
	}
	uint32_t k = 0;
	for (uint32_t i = 0; i < n; i++) {
		ic_value one;
		int ok = list_value(b, v[i], type, &one);
		if (ok == -1)
			return ic_bind_nomem(b);
		if (ok == -2)
			return ic_bind_fail(b, IC_DIAG_TYPE, e->at, e->length,
					    "'%.*s' compares %s, but the list has %s",
					    IC_BIND_NAME(e->in.sign), ic_qtype_name(left->type),
					    ic_qtype_name(scalar_of(v[i]).type));
		if (ok)
			v[k++] = one;
	}
	if (left->type == IC_Q_IP && e->in.fn == IC_FN_IN && all_addresses(v, k)) {
		for (uint32_t i = 0; i < k; i++) {
			ic_value one = { .type = IC_Q_IP };
			canonical_address(v[i].s, &one.ip);
			v[i] = one;
		}
	} else {
		left = ic_bind_to(b, left, type);
	}
	struct ic_value_list *list = ic_bind_alloc(b, 1, sizeof *list);
	ic_expr *call = left && list ? ic_bind_call1(b, e->at, e->in.fn, IC_Q_BOOL, left) : NULL;
	if (!call)
		return NULL;
	*list = (struct ic_value_list){ .value = v, .n = k };
	call->call.list = list;
	return call;
}

/* ---- values */

bool ic_bind_value(ic_binder *b, ic_expr *e, ic_qtype type, const char *what, ic_value *ret)
{
	if (!e)
		return false;
	if (type != IC_QTYPES && e->type != type) {
		bool widens = ic_bind_common(e->type, type, false) == type;
		if (!widens && !(type == IC_Q_LONG && e->type == IC_Q_INT)) {
			ic_bind_fail(b, IC_DIAG_TYPE, e->at, 1, "%s takes %s, not %s", what,
				     ic_qtype_name(type), ic_qtype_name(e->type));
			return false;
		}
		e = ic_bind_to(b, e, type);
		if (!e)
			return false;
	}
	if (!ic_bind_is_const(e)) {
		ic_bind_fail(b, IC_DIAG_TYPE, e->at, 1, "%s takes a constant", what);
		return false;
	}
	*ret = ic_value_null(e->type);
	if (e->kind == IC_X_CONST) {
		*ret = e->value;
		return true;
	}
	if (b->checking)
		return true;
	ic_op *one = ic_bind_one_row(b, e->at);
	ic_op *op = one ? ic_op_new(b->plan, IC_OP_PROJECT, e->at, "print", one) : NULL;
	ic_qcolumn *column = ic_bind_alloc(b, 1, sizeof *column);
	ic_expr **expr = ic_bind_alloc(b, 1, sizeof *expr);
	ic_op *rows;
	if (!op || !column || !expr)
		return ic_bind_nomem(b) != NULL;
	*column = (ic_qcolumn){ .name = IC_STR("value"), .type = e->type };
	*expr = e;
	op->out = (ic_schema){ .column = column, .n = 1 };
	op->project.expr = expr;
	if (!ic_bind_run(b, op, false, &rows))
		return false;
	if (rows && rows->values.rows)
		*ret = rows->values.value[0];
	return true;
}
