/* SPDX-License-Identifier: Apache-2.0 */
/* Names, operators and conditions of AQL. */
#include "lang/aql/bind.h"
#include "lang/near.h"
#include "lang/parser.h"

#include <stdarg.h>

ic_expr *ic_aql_call_of(ic_aql_binder *b, ic_place at, ic_fn_id fn, ic_qtype type, uint32_t n, ...)
{
	va_list args;
	bool whole = true;
	ic_expr *call = ic_expr_call(b->plan, at, fn, type, n);
	va_start(args, n);
	for (uint32_t i = 0; call && i < n; i++) {
		call->call.arg[i] = va_arg(args, ic_expr *);
		whole = whole && call->call.arg[i];
	}
	va_end(args);
	if (!call)
		return ic_aql_bind_nomem(b);
	return whole ? call : NULL;
}

static ic_expr *constant(ic_aql_binder *b, ic_place at, ic_value v)
{
	ic_expr *e = ic_expr_const(b->plan, at, v);
	return e ? e : ic_aql_bind_nomem(b);
}

/* ---- names ---------------------------------------------------------------------------- */

int32_t ic_aql_column(const ic_schema *s, ic_str name)
{
	int32_t exact = ic_schema_find(s, name);
	for (uint32_t i = 0; exact < 0 && i < s->n; i++)
		if (ic_str_ieq(s->column[i].name, name))
			exact = (int32_t)i;
	return exact;
}

int32_t ic_aql_alias(const ic_aql_binder *b, ic_str name)
{
	for (uint32_t i = 0; i < b->query->items; i++)
		if (b->query->item[i].alias.p && ic_str_ieq(b->query->item[i].alias, name))
			return (int32_t)i;
	return -1;
}

/* What an alias stands for; bound where it is used. NULL with status IC_OK: it is being bound already. */
static ic_expr *alias_expr(ic_aql_binder *b, int32_t item)
{
	if (item < 0 || b->busy[item])
		return NULL;
	b->busy[item] = true;
	ic_expr *e = ic_aql_expr_of(b, b->query->item[item].expr);
	b->busy[item] = false;
	return e;
}

static const char *near_column(const ic_aql_binder *b, ic_str name, uint32_t *ret_n)
{
	unsigned best = 3;
	const char *near = NULL;
	for (uint32_t i = 0; i < b->in.n; i++) {
		unsigned apart = ic_letters_apart(name, b->in.column[i].name);
		if (apart < best) {
			best = apart;
			near = b->in.column[i].name.p;
			*ret_n = b->in.column[i].name.n;
		}
	}
	return near;
}

static bool warned(ic_aql_binder *b, ic_str name)
{
	for (uint32_t i = 0; i < b->unknowns; i++)
		if (ic_str_ieq(b->unknown[i], name))
			return true;
	if (!IC_AQL_BIND_ROOM(b, b->unknown, b->unknowns))
		return true;
	b->unknown[b->unknowns++] = name;
	return false;
}

/* QRadar knows custom properties that we cannot know: a check lets them pass, a run has no values. */
static ic_expr *unknown_property(ic_aql_binder *b, const ic_aql_expr *e, ic_str name)
{
	int shown = name.n > 80 ? 80 : (int)name.n;
	uint32_t near_n = 0;
	const char *near = near_column(b, name, &near_n);
	char hint[200] = "";
	if (!b->catalog->run) {
		if (!warned(b, name) &&
		    ic_plan_warn(b->plan, e->at,
				 "the property \"%.*s\" is not known here: a run will refuse it%s", shown,
				 name.p, b->text_here ? "; a text stands in single quotes" : "") != IC_OK)
			return ic_aql_bind_nomem(b);
		return constant(b, e->at, ic_value_null(IC_Q_STRING));
	}
	ic_aql_bind_fail(b, IC_DIAG_NAME, e->at, e->length, "there is no property \"%.*s\"", shown, name.p);
	if (b->catalog->column_hint)
		b->catalog->column_hint(b->catalog->ctx, name, hint, sizeof hint);
	if (near)
		ic_diag_hint(b->diag, "did you mean %.*s?", near_n > 80 ? 80 : (int)near_n, near);
	else if (b->text_here)
		ic_diag_hint(b->diag, "a text stands in single quotes: '%.*s'", shown, name.p);
	else if (hint[0])
		ic_diag_hint(b->diag, "%s", hint);
	return NULL;
}

static ic_expr *column_expr(ic_aql_binder *b, ic_place at, int32_t column)
{
	ic_expr *e = ic_expr_column(b->plan, at, &b->in, (uint32_t)column);
	return e ? e : ic_aql_bind_nomem(b);
}

static ic_expr *property(ic_aql_binder *b, const ic_aql_expr *e, ic_str name)
{
	if (b->clause == IC_AQL_TIME)
		return ic_aql_bind_fail(b, IC_DIAG_TYPE, e->at, e->length,
					"START and STOP take no properties");
	int32_t column = ic_aql_column(&b->in, name), item = b->in_agg ? -1 : ic_aql_alias(b, name);
	if (b->clause == IC_AQL_AFTER || column < 0) {
		if (item < 0 && column < 0 && b->clause == IC_AQL_AFTER && !b->in_agg)
			item = ic_aql_unnamed(b, name);
		ic_expr *meant = alias_expr(b, item);
		if (meant || b->status != IC_OK)
			return meant;
	}
	return column >= 0 ? column_expr(b, e->at, column) : unknown_property(b, e, name);
}

/* a-b without blanks: a property of that name, else a difference if both are known. */
static ic_expr *glued(ic_aql_binder *b, const ic_aql_expr *e)
{
	int32_t column = ic_aql_column(&b->in, e->source);
	if (column >= 0)
		return column_expr(b, e->at, column);
	const ic_aql_expr *left = e->binary.left;
	ic_str right = e->binary.right->text;
	bool known = (left->kind != IC_AX_NAME || ic_aql_column(&b->in, left->text) >= 0 ||
		      ic_aql_alias(b, left->text) >= 0) &&
		     (ic_aql_column(&b->in, right) >= 0 || ic_aql_alias(b, right) >= 0);
	return known ? NULL : unknown_property(b, e, e->source);
}

/* ---- operators ------------------------------------------------------------------------ */

ic_expr *ic_aql_condition(ic_aql_binder *b, const ic_aql_expr *e)
{
	ic_expr *c = ic_aql_expr_of(b, e);
	if (!c || c->type == IC_Q_BOOL)
		return c;
	if (c->kind == IC_X_CONST && c->value.null)
		return constant(b, c->at, ic_value_null(IC_Q_BOOL));
	return ic_aql_bind_fail(b, IC_DIAG_TYPE, e->at, e->length,
				"a condition is wanted here, this is a value");
}

static ic_expr *arithmetic(ic_aql_binder *b, const ic_aql_expr *e)
{
	ic_expr *left = ic_aql_expr_of(b, e->binary.left);
	ic_expr *right = left ? ic_aql_expr_of(b, e->binary.right) : NULL;
	if (!right || !(left = ic_aql_as_number(b, left)) || !(right = ic_aql_as_number(b, right)))
		return NULL;
	ic_qtype type = ic_function_type(e->binary.fn, (ic_qtype[]){ left->type, right->type }, 2);
	if (type == IC_QTYPES)
		return ic_aql_bind_fail(b, IC_DIAG_TYPE, e->at, e->length,
					"these cannot be reckoned with: %s, %s", ic_qtype_name(left->type),
					ic_qtype_name(right->type));
	return ic_aql_call_of(b, e->at, e->binary.fn, type, 2, left, right);
}

/* Bits of whole numbers, powers of reals. */
static ic_expr *of_type(ic_aql_binder *b, const ic_aql_expr *e, ic_qtype type)
{
	ic_expr *left = ic_aql_expr_of(b, e->binary.left);
	ic_expr *right = left ? ic_aql_expr_of(b, e->binary.right) : NULL;
	if (!right || !(left = ic_aql_as_type(b, ic_aql_as_number(b, left), type)) ||
	    !(right = ic_aql_as_type(b, ic_aql_as_number(b, right), type)))
		return NULL;
	return ic_aql_call_of(b, e->at, e->binary.fn, type, 2, left, right);
}

/* A text in quotes that is an alias, in front of a comparison. */
static ic_expr *left_side(ic_aql_binder *b, const ic_aql_expr *e)
{
	if (e->kind == IC_AX_TEXT && (b->clause == IC_AQL_WHERE || b->clause == IC_AQL_AFTER)) {
		ic_expr *meant = alias_expr(b, ic_aql_alias(b, e->text));
		if (meant || b->status != IC_OK)
			return meant;
	}
	return ic_aql_expr_of(b, e);
}

static bool is_order(ic_fn_id fn)
{
	return fn == IC_FN_SQL_LT || fn == IC_FN_SQL_LE || fn == IC_FN_SQL_GT || fn == IC_FN_SQL_GE;
}

static ic_expr *comparison(ic_aql_binder *b, const ic_aql_expr *e)
{
	ic_expr *left = left_side(b, e->binary.left);
	b->text_here = e->binary.right->kind == IC_AX_NAME || e->binary.right->kind == IC_AX_FIELD;
	ic_expr *right = left ? ic_aql_expr_of(b, e->binary.right) : NULL;
	b->text_here = false;
	if (!right)
		return NULL;
	bool addresses = left->type == IC_Q_IP || right->type == IC_Q_IP || is_order(e->binary.fn);
	if (addresses && ic_qtype_is_text(left->type) && ic_qtype_is_text(right->type)) {
		left = ic_aql_as_address(b, left);
		right = ic_aql_as_address(b, right);
	}
	return ic_aql_call_of(b, e->at, e->binary.fn, IC_Q_BOOL, 2, left, right);
}

/* LIKE, ILIKE, MATCHES, IMATCHES against one pattern. */
static ic_expr *pattern(ic_aql_binder *b, const ic_aql_expr *e, ic_expr *left, const ic_aql_expr *with)
{
	if (with->kind != IC_AX_TEXT && with->kind != IC_AX_NUMBER)
		return ic_aql_bind_fail(b, IC_DIAG_TYPE, with->at, with->length,
					"the pattern must be a text in single quotes");
	ic_value v = with->kind == IC_AX_TEXT ? ic_value_str(with->text) : ic_value_str(with->source);
	return ic_aql_call_of(b, e->at, e->binary.fn, IC_Q_BOOL, 2, left, constant(b, with->at, v));
}

static ic_expr *either(ic_aql_binder *b, ic_place at, ic_expr **any, uint32_t n)
{
	if (n == 1)
		return any[0];
	uint32_t half = n / 2;
	return ic_aql_call_of(b, at, IC_FN_SQL_OR, IC_Q_BOOL, 2, either(b, at, any, half),
			      either(b, at, any + half, n - half));
}

static ic_expr *matching(ic_aql_binder *b, const ic_aql_expr *e)
{
	ic_expr *left = left_side(b, e->binary.left);
	const ic_aql_expr *with = e->binary.right;
	if (!left || !(left = ic_aql_as_text(b, left)))
		return NULL;
	bool list = with->kind == IC_AX_CALL && ic_str_ieq(with->call.name, IC_STR("ENUMERATION"));
	if (!list)
		return pattern(b, e, left, with);
	uint32_t n = with->call.args.n;
	ic_expr **any = ic_aql_bind_alloc(b, n, sizeof *any);
	if (n == 0)
		return ic_aql_bind_fail(b, IC_DIAG_TYPE, with->at, with->length, "ENUMERATION() is empty");
	for (uint32_t i = 0; any && i < n; i++)
		if (!(any[i] = pattern(b, e, left, with->call.args.expr[i])))
			return NULL;
	return any ? either(b, e->at, any, n) : NULL;
}

static ic_expr *binary(ic_aql_binder *b, const ic_aql_expr *e)
{
	switch (e->binary.fn) {
	case IC_FN_SQL_AND:
	case IC_FN_SQL_OR: {
		ic_expr *left = ic_aql_condition(b, e->binary.left);
		ic_expr *right = left ? ic_aql_condition(b, e->binary.right) : NULL;
		return right ? ic_aql_call_of(b, e->at, e->binary.fn, IC_Q_BOOL, 2, left, right) : NULL;
	}
	case IC_FN_LIKE:
	case IC_FN_ILIKE:
	case IC_FN_SQL_MATCHES:
	case IC_FN_SQL_IMATCHES: return matching(b, e);
	case IC_FN_SQL_SUB:
		if (e->glued) {
			ic_expr *named = glued(b, e);
			if (named || b->status != IC_OK)
				return named;
		}
		return arithmetic(b, e);
	case IC_FN_SQL_ADD:
	case IC_FN_SQL_MUL:
	case IC_FN_SQL_DIV:
	case IC_FN_SQL_MOD: return arithmetic(b, e);
	case IC_FN_BINARY_AND:
	case IC_FN_BINARY_OR: return of_type(b, e, IC_Q_LONG);
	case IC_FN_POW: return of_type(b, e, IC_Q_REAL);
	default: return comparison(b, e);
	}
}

/* Constant bounds in the wrong order match nothing: what is meant is something else. */
static bool backwards(const ic_expr *low, const ic_expr *high)
{
	if (low->kind != IC_X_CONST || high->kind != IC_X_CONST || low->value.null || high->value.null)
		return false;
	if (low->type == IC_Q_LONG && high->type == IC_Q_LONG)
		return low->value.i > high->value.i;
	if (low->type == IC_Q_IP && high->type == IC_Q_IP)
		return memcmp(&low->value.ip, &high->value.ip, sizeof low->value.ip) > 0;
	return low->type == IC_Q_STRING && high->type == IC_Q_STRING &&
	       ic_str_cmp(low->value.s, high->value.s) > 0;
}

static ic_expr *between(ic_aql_binder *b, const ic_aql_expr *e)
{
	ic_expr *what = left_side(b, e->between.what);
	ic_expr *low = what ? ic_aql_expr_of(b, e->between.low) : NULL;
	ic_expr *high = low ? ic_aql_expr_of(b, e->between.high) : NULL;
	if (!high)
		return NULL;
	if (ic_qtype_is_text(what->type) && ic_qtype_is_text(low->type) && ic_qtype_is_text(high->type)) {
		low = ic_aql_as_address(b, low);
		high = low ? ic_aql_as_address(b, high) : NULL;
		if (!high)
			return NULL;
	}
	if (backwards(low, high)) {
		ic_aql_bind_fail(b, IC_DIAG_TYPE, e->at, e->length,
				 "BETWEEN %.*s AND %.*s matches nothing: the first is greater",
				 e->between.low->source.n > 40 ? 40 : (int)e->between.low->source.n,
				 e->between.low->source.p,
				 e->between.high->source.n > 40 ? 40 : (int)e->between.high->source.n,
				 e->between.high->source.p);
		ic_diag_hint(b->diag,
			     "of times of day, take DATEFORMAT(starttime, 'HH:mm:ss') and OR two conditions");
		return NULL;
	}
	return ic_aql_call_of(b, e->at, IC_FN_SQL_BETWEEN, IC_Q_BOOL, 3, what, low, high);
}

/* ---- IN ------------------------------------------------------------------------------- */

static ic_expr *in_values(ic_aql_binder *b, const ic_aql_expr *e, ic_expr *left, ic_value *value, uint32_t n)
{
	const ic_value_list *list = ic_aql_list_of(b, &left, value, n);
	ic_expr *call = list ? ic_aql_call_of(b, e->at, IC_FN_SQL_IN, IC_Q_BOOL, 1, left) : NULL;
	if (call)
		call->call.list = list;
	return call;
}

ic_expr *ic_aql_in_rows(ic_aql_binder *b, const ic_aql_expr *e, ic_expr *left, ic_op *op, bool nulls,
			const char *what)
{
	ic_op *rows = NULL;
	if (!b->catalog->run)
		return in_values(b, e, left, NULL, 0);
	b->status = b->catalog->run(b->catalog->ctx, b->plan, op, true, &rows, b->diag);
	if (b->status != IC_OK)
		return NULL;
	if (rows->values.rows > IC_PARSE_LIST_MAX)
		return ic_aql_bind_fail(b, IC_DIAG_LIMIT, e->at, e->length, "%s gives more than %d values",
					what, IC_PARSE_LIST_MAX);
	uint32_t all = (uint32_t)rows->values.rows, n = 0;
	ic_value *value = ic_aql_bind_alloc(b, all, sizeof *value);
	if (!value)
		return NULL;
	for (uint32_t i = 0; i < all; i++)
		if (nulls || !rows->values.value[i].null)
			value[n++] = rows->values.value[i];
	return in_values(b, e, left, value, n);
}

static ic_expr *in_select(ic_aql_binder *b, const ic_aql_expr *e, ic_expr *left)
{
	ic_op *op = ic_aql_sub_rows(b, e->in.query);
	if (!op)
		return NULL;
	if (op->out.n != 1)
		return ic_aql_bind_fail(b, IC_DIAG_TYPE, e->at, e->length,
					"the sub-select of IN must give one column");
	return ic_aql_in_rows(b, e, left, op, true, "the sub-select");
}

/* Constants become a list, everything else a comparison of its own. */
static ic_expr *in_list(ic_aql_binder *b, const ic_aql_expr *e, ic_expr *left)
{
	uint32_t n = e->in.list.n, constants = 0, others = 0;
	ic_value *value = ic_aql_bind_alloc(b, n, sizeof *value);
	ic_expr **any = ic_aql_bind_alloc(b, n + 1u, sizeof *any);
	if (!value || !any)
		return NULL;
	for (uint32_t i = 0; i < n; i++) {
		ic_expr *one = ic_aql_expr_of(b, e->in.list.expr[i]);
		if (!one)
			return NULL;
		if (one->kind == IC_X_CONST)
			value[constants++] = one->value;
		else
			any[others++] = ic_aql_call_of(b, one->at, IC_FN_SQL_EQ, IC_Q_BOOL, 2, left, one);
	}
	if (constants > 0 && !(any[others++] = in_values(b, e, left, value, constants)))
		return NULL;
	return either(b, e->at, any, others);
}

static ic_expr *in(ic_aql_binder *b, const ic_aql_expr *e)
{
	ic_expr *left = left_side(b, e->in.left);
	if (!left)
		return NULL;
	return e->in.query ? in_select(b, e, left) : in_list(b, e, left);
}

/* ---- CASE ----------------------------------------------------------------------------- */

/* The type that all results have; texts where they differ. */
static ic_qtype result_type(ic_expr *const *arg, uint32_t n)
{
	ic_qtype type = IC_Q_NULL;
	for (uint32_t i = 1; i < n; i += 2) {
		const ic_expr *e = arg[i];
		if (e->kind != IC_X_CONST || !e->value.null)
			type = ic_qtype_common(type, e->type);
		if (type == IC_QTYPES)
			return IC_Q_STRING;
	}
	const ic_expr *last = arg[n - 1];
	if (last->kind != IC_X_CONST || !last->value.null)
		type = ic_qtype_common(type, last->type);
	return type == IC_Q_NULL || type == IC_QTYPES ? IC_Q_STRING : type;
}

static ic_expr *choice_condition(ic_aql_binder *b, const ic_aql_expr *e, ic_expr *of, uint32_t i)
{
	const ic_aql_expr *when = e->choice.when.expr[i];
	if (!of)
		return ic_aql_condition(b, when);
	ic_expr *value = ic_aql_expr_of(b, when);
	return value ? ic_aql_call_of(b, when->at, IC_FN_SQL_EQ, IC_Q_BOOL, 2, of, value) : NULL;
}

static ic_expr *choice(ic_aql_binder *b, const ic_aql_expr *e)
{
	uint32_t n = e->choice.when.n;
	ic_expr *of = e->choice.of ? ic_aql_expr_of(b, e->choice.of) : NULL;
	if (e->choice.of && !of)
		return NULL;
	ic_expr *call = ic_expr_call(b->plan, e->at, n == 2 ? IC_FN_IFF : IC_FN_CASE, IC_Q_NULL, n + 1);
	if (!call)
		return ic_aql_bind_nomem(b);
	ic_expr **arg = call->call.arg;
	for (uint32_t i = 0; i < n; i++)
		if (!(arg[i] = i % 2 == 0 ? choice_condition(b, e, of, i)
					  : ic_aql_expr_of(b, e->choice.when.expr[i])))
			return NULL;
	arg[n] = e->choice.last ? ic_aql_expr_of(b, e->choice.last)
				: constant(b, e->at, ic_value_null(IC_Q_STRING));
	if (!arg[n])
		return NULL;
	call->type = result_type(arg, n + 1);
	for (uint32_t i = 1; i <= n; i += i + 1 < n ? 2 : 1) {
		if (!(arg[i] = ic_aql_as_type(b, arg[i], call->type)))
			return NULL;
	}
	return call;
}

/* ---- the rest ------------------------------------------------------------------------- */

static ic_expr *text_search(ic_aql_binder *b, const ic_aql_expr *e)
{
	ic_expr **any = ic_aql_bind_alloc(b, b->in.n, sizeof *any);
	uint32_t n = 0;
	for (uint32_t i = 0; any && i < b->in.n; i++) {
		if (!ic_qtype_is_text(b->in.column[i].type))
			continue;
		any[n] =
		    ic_aql_call_of(b, e->at, IC_FN_CONTAINS, IC_Q_BOOL, 2, column_expr(b, e->at, (int32_t)i),
				   constant(b, e->at, ic_value_str(e->text)));
		if (!any[n++])
			return NULL;
	}
	if (!any)
		return NULL;
	return n ? either(b, e->at, any, n) : constant(b, e->at, ic_value_bool(false));
}

static ic_expr *negated(ic_aql_binder *b, const ic_aql_expr *e)
{
	ic_expr *operand = ic_aql_expr_of(b, e->operand);
	if (!operand || !(operand = ic_aql_as_number(b, operand)))
		return NULL;
	if (operand->kind == IC_X_CONST && !operand->value.null) {
		ic_value v = operand->value;
		if (v.type == IC_Q_REAL)
			v.d = -v.d;
		else if (v.type == IC_Q_LONG)
			v.i = (int64_t)(0 - (uint64_t)v.i);
		return constant(b, e->at, v);
	}
	ic_expr *zero = constant(b, e->at, ic_value_long(0));
	ic_qtype type = ic_function_type(IC_FN_SQL_SUB, (ic_qtype[]){ IC_Q_LONG, operand->type }, 2);
	return ic_aql_call_of(b, e->at, IC_FN_SQL_SUB, type, 2, zero, operand);
}

static ic_expr *bind(ic_aql_binder *b, const ic_aql_expr *e)
{
	ic_expr *operand;
	switch (e->kind) {
	case IC_AX_NUMBER:
	case IC_AX_BOOL: return constant(b, e->at, e->value);
	case IC_AX_NULL: return constant(b, e->at, ic_value_null(IC_Q_STRING));
	case IC_AX_TEXT: return constant(b, e->at, ic_value_str(e->text));
	case IC_AX_NAME:
	case IC_AX_FIELD: return property(b, e, e->text);
	case IC_AX_STAR: return ic_aql_bind_fail(b, IC_DIAG_SYNTAX, e->at, 1, "* stands in COUNT(*) only");
	case IC_AX_CALL: return ic_aql_function(b, e);
	case IC_AX_BINARY: return binary(b, e);
	case IC_AX_NOT:
		operand = ic_aql_condition(b, e->operand);
		return operand ? ic_aql_call_of(b, e->at, IC_FN_SQL_NOT, IC_Q_BOOL, 1, operand) : NULL;
	case IC_AX_NEGATE: return negated(b, e);
	case IC_AX_IS_NULL:
		operand = left_side(b, e->operand);
		return operand ? ic_aql_call_of(b, e->at, IC_FN_SQL_IS_NULL, IC_Q_BOOL, 1, operand) : NULL;
	case IC_AX_IN: return in(b, e);
	case IC_AX_BETWEEN: return between(b, e);
	case IC_AX_CASE: return choice(b, e);
	default: return text_search(b, e);
	}
}

ic_expr *ic_aql_expr_of(ic_aql_binder *b, const ic_aql_expr *e)
{
	if (b->depth >= IC_PARSE_TREE_MAX || b->nodes >= IC_AQL_NODES_MAX)
		return ic_aql_bind_fail(b, IC_DIAG_LIMIT, e->at, e->length,
					"aliases make an expression larger than can be run");
	b->depth++;
	b->nodes++;
	ic_expr *bound = bind(b, e);
	b->depth--;
	return bound;
}
