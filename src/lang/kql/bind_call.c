/* SPDX-License-Identifier: Apache-2.0 */
/* Calls: functions of the table, those that need the binder, and functions that lets define. */
#include "lang/kql/bind.h"

/* ---- functions with several results */

#define R IC_Q_REAL
#define L IC_Q_LONG
#define D IC_Q_DYNAMIC
const ic_bind_many *ic_bind_many_of(const ic_kql_expr *e)
{
	static const ic_bind_many known[] = {
		{ "series_stats",
		  { "min", "min_idx", "max", "max_idx", "avg", "stdev", "variance" },
		  { R, L, R, L, R, R, R },
		  7 },
		{ "series_fit_line",
		  { "rsquare", "slope", "variance", "rvariance", "interception", "line_fit" },
		  { R, R, R, R, R, D },
		  6 },
		{ "series_fit_2lines",
		  { "rsquare", "split_idx", "variance", "rvariance", "line_fit", "right_rsquare",
		    "right_slope", "right_interception", "right_variance", "right_rvariance", "left_rsquare",
		    "left_slope", "left_interception", "left_variance", "left_rvariance" },
		  { R, L, R, R, D, R, R, R, R, R, R, R, R, R, R },
		  15 },
		{ "series_fit_poly",
		  { "rsquare", "coefficients", "variance", "rvariance", "poly_fit" },
		  { R, D, R, R, D },
		  5 },
		{ "series_periods_detect", { "periods", "scores" }, { D, D }, 2 },
		{ "series_periods_validate", { "periods", "scores" }, { D, D }, 2 },
		{ "series_fft", { "real", "imag" }, { D, D }, 2 },
		{ "series_ifft", { "real", "imag" }, { D, D }, 2 },
		{ "series_decompose", { "baseline", "seasonal", "trend", "residual" }, { D, D, D, D }, 4 },
		{ "series_decompose_anomalies", { "ad_flag", "ad_score", "baseline" }, { D, D, D }, 3 },
		{ "series_decompose_forecast",
		  { "forecast", "seasonal", "trend", "residual" },
		  { D, D, D, D },
		  4 },
	};
	if (e->kind != IC_KE_CALL)
		return NULL;
	for (size_t i = 0; i < sizeof known / sizeof *known; i++)
		if (ic_str_eq(e->call.name.text, ic_str_of(known[i].function)))
			return &known[i];
	return NULL;
}

#undef R
#undef L
#undef D

/* ---- functions of the table */

static ic_expr *type_list(ic_binder *b, const ic_kql_expr *e, const char *name, ic_expr *const *arg,
			  uint32_t n)
{
	char list[200] = "";
	size_t at = 0;
	for (uint32_t i = 0; i < n && at + 20 < sizeof list; i++) {
		const char *t = ic_qtype_name(arg[i]->type);
		size_t k = strlen(t);
		if (at) {
			memcpy(list + at, ", ", 2);
			at += 2;
		}
		memcpy(list + at, t, k);
		at += k;
		list[at] = '\0';
	}
	return ic_bind_fail(b, IC_DIAG_TYPE, e->at, e->length, "%s() does not take (%s)", name, list);
}

static bool is_upper(char c)
{
	return c >= 'A' && c <= 'Z';
}

static char lower(char c)
{
	return is_upper(c) ? (char)(c - 'A' + 'a') : c;
}

/* The arguments with letter x as one type. iff, case and coalesce want them alike from the start; a function
 * such as max_of, or the default of prev, takes numbers of any width. */
static bool share_type(ic_binder *b, const ic_kql_expr *e, const ic_function *f, ic_expr **arg, uint32_t n,
		       ic_fn_id fn)
{
	bool strict = fn == IC_FN_IFF || fn == IC_FN_CASE || fn == IC_FN_COALESCE;
	ic_qtype t = IC_Q_NULL;
	uint32_t count = 0;
	for (uint32_t i = 0; i < n; i++) {
		if (lower(ic_function_arg_of(f, i, n)) != 'x')
			continue;
		ic_qtype both = ic_bind_common(t, arg[i]->type, strict);
		if (both == IC_QTYPES) {
			ic_bind_fail(b, IC_DIAG_TYPE, arg[i]->at, 1,
				     "%s: the values are of different types, %s and %s", f->name,
				     ic_qtype_name(t), ic_qtype_name(arg[i]->type));
			return false;
		}
		t = both;
		count++;
	}
	if (t == IC_Q_NULL)
		t = IC_Q_DYNAMIC;
	if (t == IC_Q_IP && count > 1)
		t = IC_Q_STRING;
	for (uint32_t i = 0; i < n; i++)
		if (lower(ic_function_arg_of(f, i, n)) == 'x' && !(arg[i] = ic_bind_to(b, arg[i], t)))
			return false;
	(void)e;
	return true;
}

static bool arity(ic_binder *b, const ic_kql_expr *e, const ic_function *f, uint32_t n)
{
	uint32_t fewest, most;
	ic_function_arity(f, &fewest, &most);
	if (f == &ic_functions[IC_FN_CASE] && n % 2 == 0) {
		ic_bind_fail(b, IC_DIAG_TYPE, e->at, e->length,
			     "%s() lacks its last value, for all other rows", f->name);
		if (b->status == IC_E_USAGE)
			ic_diag_hint(b->diag, "write case(condition, value, condition, value, otherwise)");
		return false;
	}
	if (n >= fewest && n <= most)
		return true;
	if (fewest == most)
		ic_bind_fail(b, IC_DIAG_TYPE, e->at, e->length, "%s() takes %u argument%s, not %u", f->name,
			     fewest, IC_S(fewest), n);
	else if (n < fewest)
		ic_bind_fail(b, IC_DIAG_TYPE, e->at, e->length, "%s() takes at least %u argument%s, not %u",
			     f->name, fewest, IC_S(fewest), n);
	else
		ic_bind_fail(b, IC_DIAG_TYPE, e->at, e->length, "%s() takes at most %u arguments, not %u",
			     f->name, most, n);
	return false;
}

static bool fit_arguments(ic_binder *b, const ic_function *f, ic_expr **arg, uint32_t n)
{
	for (uint32_t i = 0; i < n; i++) {
		char letter = ic_function_arg_of(f, i, n);
		if (is_upper(letter) && letter != 'T' && !ic_bind_is_const(arg[i])) {
			ic_bind_fail(b, IC_DIAG_TYPE, arg[i]->at, 1, "%s: argument %u must be a constant",
				     f->name, i + 1);
			return false;
		}
		if (!(arg[i] = ic_bind_fit(b, arg[i], letter == 'T' ? 'T' : lower(letter), f->name, i + 1)))
			return false;
	}
	return true;
}

static ic_expr *serial_refused(ic_binder *b, const ic_bind_scope *s, const ic_kql_expr *e, const char *name)
{
	if (!s->serial)
		return ic_bind_fail(b, IC_DIAG_TYPE, e->at, e->length, "%s() cannot be used here", name);
	ic_bind_fail(b, IC_DIAG_TYPE, e->at, e->length, "%s() needs rows in order", name);
	if (b->status == IC_E_USAGE)
		ic_diag_hint(b->diag, "put sort or serialize before it");
	return NULL;
}

/* The columns that are not known are what a function needs them to be. */
static bool loosen(ic_binder *b, ic_expr **arg, uint32_t n)
{
	if (!b->plan->open)
		return false;
	bool any = false;
	for (uint32_t i = 0; i < n; i++)
		if (arg[i]->type == IC_Q_DYNAMIC) {
			arg[i] = ic_bind_to(b, arg[i], IC_Q_REAL);
			any = true;
		}
	return any && b->status == IC_OK;
}

static ic_qtype result_type(ic_binder *b, ic_fn_id fn, ic_expr **arg, uint32_t n)
{
	ic_qtype *types = ic_bind_alloc(b, n, sizeof *types);
	if (!types)
		return IC_QTYPES;
	for (uint32_t i = 0; i < n; i++)
		types[i] = arg[i]->type;
	return ic_function_type(fn, types, n);
}

static ic_expr *call_function(ic_binder *b, const ic_bind_scope *s, const ic_kql_expr *e, ic_fn_id fn)
{
	const ic_function *f = &ic_functions[fn];
	uint32_t n = e->call.args;
	if (f->flags & IC_FN_NOT_PLANNED)
		return ic_bind_fail(b, IC_DIAG_UNSUPPORTED, e->at, e->length, "%s() is not supported",
				    f->name);
	if (f->flags & IC_FN_SERIAL) {
		if (!s->serial || !s->row->serialized)
			return serial_refused(b, s, e, f->name);
		*s->serial_used = true;
	}
	if (!arity(b, e, f, n))
		return NULL;
	ic_expr **arg = ic_bind_alloc(b, n, sizeof(ic_expr *));
	if (!arg)
		return NULL;
	for (uint32_t i = 0; i < n; i++) {
		char letter = ic_function_arg_of(f, i, n);
		bool condition = letter == 'b' || letter == 'u';
		const ic_kql_expr *a = e->call.arg[i].expr;
		arg[i] = condition ? ic_bind_predicate(b, s, a, f->name) : ic_bind_expr(b, s, a);
		if (!arg[i])
			return NULL;
	}
	if (!fit_arguments(b, f, arg, n) || !share_type(b, e, f, arg, n, fn))
		return NULL;
	ic_qtype type = result_type(b, fn, arg, n);
	if (type == IC_QTYPES && b->status == IC_OK && loosen(b, arg, n))
		type = result_type(b, fn, arg, n);
	if (type == IC_QTYPES || b->status != IC_OK)
		return type_list(b, e, f->name, arg, n);
	if (type == IC_Q_IP && f->ret == 'x')
		type = IC_Q_STRING;
	if (ic_str_eq(ic_str_of(f->name), IC_STR("now")) || ic_str_eq(ic_str_of(f->name), IC_STR("ago")))
		b->plan->now_used = true;
	ic_expr *x = ic_bind_call(b, e->at, fn, type, n, arg);
	/* Kusto counts weeks, alone of all periods, as reals */
	bool weeks = fn == IC_FN_DATETIME_DIFF && arg[0]->kind == IC_X_CONST &&
		     ic_str_ieq(arg[0]->value.s, IC_STR("week"));
	return weeks ? ic_bind_to(b, x, IC_Q_REAL) : x;
}

/* ---- functions that need the binder */

/* The column that a text names: its number, -1: none. False: failed. */
static bool column_of_text(ic_binder *b, const ic_bind_scope *s, const ic_kql_expr *name, const char *what,
			   int32_t *ret)
{
	ic_value v = { .type = IC_Q_NULL };
	if (name->kind == IC_KE_LITERAL && name->value.type == IC_Q_STRING)
		v = name->value;
	else if (!ic_bind_value(b, ic_bind_expr(b, s, name), IC_Q_STRING, what, &v))
		return false;
	*ret = s->row ? ic_bind_column(&s->row->op->out, v.s) : -1;
	return true;
}

/* column_ifexists("name", default): the column if there is one. */
static ic_expr *column_ifexists(ic_binder *b, const ic_bind_scope *s, const ic_kql_expr *e)
{
	int32_t i;
	if (e->call.args != 2)
		return ic_bind_fail(b, IC_DIAG_TYPE, e->at, e->length,
				    "column_ifexists() takes a column's name and a default");
	if (!column_of_text(b, s, e->call.arg[0].expr, "column_ifexists()", &i))
		return NULL;
	if (i < 0)
		return ic_bind_expr(b, s, e->call.arg[1].expr);
	if (s->aggs && !s->aggs->inside)
		return ic_bind_fail(b, IC_DIAG_TYPE, e->at, e->length,
				    "a column must stand inside an aggregate");
	return ic_bind_column_at(b, e->at, &s->row->op->out, (uint32_t)i);
}

static ic_expr *is_column(ic_binder *b, const ic_bind_scope *s, const ic_kql_expr *e)
{
	int32_t i;
	if (e->call.args != 1)
		return ic_bind_fail(b, IC_DIAG_TYPE, e->at, e->length,
				    "iscolumnexists() takes a column's name");
	if (!column_of_text(b, s, e->call.arg[0].expr, "iscolumnexists()", &i))
		return NULL;
	return ic_bind_const(b, e->at, ic_value_bool(i >= 0));
}

/* assert(condition, text): looked at now. When only checking, a condition that data decides holds. */
static ic_expr *assertion(ic_binder *b, const ic_bind_scope *s, const ic_kql_expr *e)
{
	ic_value holds, text;
	if (e->call.args != 2)
		return ic_bind_fail(b, IC_DIAG_TYPE, e->at, e->length,
				    "assert() takes a constant condition and a text");
	if (!ic_bind_value(b, ic_bind_expr(b, s, e->call.arg[0].expr), IC_Q_BOOL, "assert()", &holds) ||
	    !ic_bind_value(b, ic_bind_expr(b, s, e->call.arg[1].expr), IC_Q_STRING, "assert()", &text))
		return NULL;
	if (holds.null ? !b->checking : !holds.b)
		return ic_bind_fail(b, IC_DIAG_TYPE, e->at, e->length, "assert() has failed: %.*s",
				    IC_BIND_NAME(text.s));
	return ic_bind_const(b, e->at, ic_value_bool(true));
}

/* pack_all(true) leaves out what is null or empty. */
static bool packs_present_only(ic_binder *b, const ic_bind_scope *s, const ic_kql_expr *e)
{
	ic_expr *x = e->call.args == 1 ? ic_bind_expr(b, s, e->call.arg[0].expr) : NULL;
	ic_value v;
	if (e->call.args > 1)
		ic_bind_fail(b, IC_DIAG_TYPE, e->at, e->length, "pack_all() takes at most a bool");
	return x && ic_bind_value(b, x, IC_Q_BOOL, "pack_all()", &v) && !v.null && v.b;
}

/* bag_pack("a", a, "b", b), for the columns named or for all. */
static ic_expr *pack_columns(ic_binder *b, const ic_bind_scope *s, const ic_kql_expr *e, bool all)
{
	ic_fn_id fn = all && packs_present_only(b, s, e) ? IC_FN_BAG_PACK_PRESENT : IC_FN_BAG_PACK;
	if (b->status != IC_OK)
		return NULL;
	if (!s->row)
		return ic_bind_fail(b, IC_DIAG_UNSUPPORTED, e->at, e->length, "%.*s() cannot be used here",
				    IC_BIND_NAME(e->call.name.text));
	if (all && s->aggs && !s->aggs->inside)
		return ic_bind_fail(b, IC_DIAG_TYPE, e->at, e->length,
				    "pack_all() stands outside of an aggregate: put one around it");
	uint32_t n = all ? s->row->op->out.n : e->call.args;
	ic_expr **arg = ic_bind_alloc(b, (size_t)n * 2, sizeof(ic_expr *));
	if (!arg)
		return NULL;
	for (uint32_t i = 0; i < n; i++) {
		ic_str name =
		    all ? s->row->op->out.column[i].name : ic_bind_auto_name(b, e->call.arg[i].expr);
		if (!name.p)
			return ic_bind_fail(b, IC_DIAG_TYPE, e->at, e->length, "%.*s() takes columns",
					    IC_BIND_NAME(e->call.name.text));
		arg[2 * i] = ic_bind_const(b, e->at, ic_value_str(name));
		arg[2 * i + 1] = all ? ic_bind_column_at(b, e->at, &s->row->op->out, i)
				     : ic_bind_expr(b, s, e->call.arg[i].expr);
	}
	return ic_bind_call(b, e->at, fn, IC_Q_DYNAMIC, n * 2, arg);
}

/* around(x, centre, distance): x between (centre - distance .. centre + distance) */
static ic_expr *around(ic_binder *b, const ic_bind_scope *s, const ic_kql_expr *e)
{
	ic_expr *arg[3] = { NULL, NULL, NULL };
	if (e->call.args != 3)
		return ic_bind_fail(b, IC_DIAG_TYPE, e->at, e->length,
				    "around() takes a value, a centre and a distance");
	for (uint32_t i = 0; i < 3; i++)
		if (!(arg[i] = ic_bind_expr(b, s, e->call.arg[i].expr)))
			return NULL;
	ic_expr *low = ic_bind_operator(b, e->at, e->length, IC_FN_SUB, IC_STR("-"), arg[1], arg[2]);
	ic_expr *centre = low ? ic_bind_copy(b, arg[1]) : NULL,
		*distance = low ? ic_bind_copy(b, arg[2]) : NULL;
	if (!centre || !distance)
		return NULL;
	ic_expr *high = ic_bind_operator(b, e->at, e->length, IC_FN_ADD, IC_STR("+"), centre, distance);
	return high ? ic_bind_between(b, e->at, e->length, arg[0], low, high) : NULL;
}

/* bin_auto(x): bin_at(x, query_bin_auto_size, query_bin_auto_at), or bin() without the second. */
static ic_expr *bin_auto(ic_binder *b, const ic_bind_scope *s, const ic_kql_expr *e)
{
	static const char *const option[2] = { "query_bin_auto_size", "query_bin_auto_at" };
	const ic_bind_name *set[2];
	for (unsigned i = 0; i < 2; i++)
		set[i] = ic_bind_find(s->names, ic_str_of(option[i]));
	if (e->call.args != 1)
		return ic_bind_fail(b, IC_DIAG_TYPE, e->at, e->length, "bin_auto() takes a value");
	if (!set[0])
		return ic_bind_fail(b, IC_DIAG_NAME, e->at, e->length,
				    "bin_auto() needs the size of its bins: set query_bin_auto_size = 1h;");
	ic_kql_expr *call = ic_bind_alloc(b, 1, sizeof *call);
	ic_kql_arg *arg = ic_bind_alloc(b, 3, sizeof *arg);
	if (!call || !arg)
		return NULL;
	*call = *e;
	arg[0] = e->call.arg[0];
	for (unsigned i = 0; i < 2; i++)
		if (set[i])
			arg[i + 1].expr = (ic_kql_expr *)(uintptr_t)set[i]->expr;
	call->call.arg = arg;
	call->call.args = set[1] ? 3 : 2;
	return call_function(b, s, call, set[1] ? IC_FN_BIN_AT : IC_FN_BIN);
}

/* column_names_of(T): an array of texts */
static ic_expr *column_names(ic_binder *b, const ic_bind_scope *s, const ic_kql_expr *e)
{
	ic_rel r;
	if (e->call.args != 1)
		return ic_bind_fail(b, IC_DIAG_TYPE, e->at, e->length, "column_names_of() takes a table");
	if (!ic_bind_table(b, s->names, e->call.arg[0].expr, &r))
		return NULL;
	const ic_schema *of = &r.op->out;
	const ic_dyn **item = ic_bind_alloc(b, of->n, sizeof *item);
	for (uint32_t i = 0; item && i < of->n; i++) {
		ic_value name = ic_value_str(of->column[i].name);
		if (!(item[i] = ic_dyn_of(&b->plan->arena, &name)))
			return ic_bind_nomem(b);
	}
	const ic_dyn *all = item ? ic_dyn_array(&b->plan->arena, item, of->n) : NULL;
	return all ? ic_bind_const(b, e->at, ic_value_dyn(all)) : ic_bind_nomem(b);
}

static ic_expr *pack_all(ic_binder *b, const ic_bind_scope *s, const ic_kql_expr *e)
{
	return pack_columns(b, s, e, true);
}

static ic_expr *pack_some(ic_binder *b, const ic_bind_scope *s, const ic_kql_expr *e)
{
	return pack_columns(b, s, e, false);
}

static const struct bound {
	ic_fn_id fn; /* IC_FN_BOUND */
	ic_expr *(*bind)(ic_binder *, const ic_bind_scope *, const ic_kql_expr *);
} bound[] = {
	{ IC_FN_TOSCALAR, ic_bind_toscalar },
	{ IC_FN_COLUMN_IFEXISTS, column_ifexists },
	{ IC_FN_IS_COLUMN, is_column },
	{ IC_FN_ASSERT, assertion },
	{ IC_FN_PACK_ALL, pack_all },
	{ IC_FN_PACK_COLUMNS, pack_some },
	{ IC_FN_COLUMN_NAMES_OF, column_names },
	{ IC_FN_AROUND, around },
	{ IC_FN_BIN_AUTO, bin_auto },
};

/* ---- functions of lets */

/* The argument of this name. */
static const ic_kql_expr *named_argument(const ic_kql_expr *call, const ic_kql_param *p)
{
	for (uint32_t i = 0; i < call->call.args; i++)
		if (call->call.arg[i].name.text.p && ic_str_eq(call->call.arg[i].name.text, p->name.text))
			return call->call.arg[i].expr;
	return NULL;
}

/* The argument at this place among those without a name. */
static const ic_kql_expr *nameless_argument(const ic_kql_expr *call, uint32_t place)
{
	for (uint32_t i = 0; i < call->call.args; i++)
		if (!call->call.arg[i].name.text.p && place-- == 0)
			return call->call.arg[i].expr;
	return NULL;
}

static ic_bind_name *scalar_argument(ic_binder *b, const ic_bind_scope *s, const ic_bind_name *names,
				     const ic_bind_name *f, const ic_kql_param *p, const ic_kql_expr *a)
{
	ic_bind_scope own = { .names = f->seen };
	ic_expr *v = ic_bind_expr(b, a == p->value ? &own : s, a);
	if (!v)
		return NULL;
	ic_qtype t = p->type;
	bool fits = v->type == t || ic_bind_common(v->type, t, false) == t || v->type == IC_Q_DYNAMIC ||
		    t == IC_Q_DYNAMIC || (t == IC_Q_INT && v->type == IC_Q_LONG) ||
		    (t == IC_Q_STRING && v->type == IC_Q_IP);
	if (!fits)
		return ic_bind_fail(b, IC_DIAG_TYPE, v->at, 1, "%.*s(): '%.*s' is %s, but should be %s",
				    IC_BIND_NAME(f->name.text), IC_BIND_NAME(p->name.text),
				    ic_qtype_name(v->type), ic_qtype_name(t));
	ic_bind_name *n = ic_bind_push(b, names, p->name, IC_BIND_VALUE);
	if (!n || !(n->value = ic_bind_to(b, v, t)))
		return NULL;
	n->base = s->base;
	return n;
}

/* An argument by a name that no parameter has would leave what it means unsaid. */
static bool named_right(ic_binder *b, const ic_bind_name *f, const ic_kql_expr *call)
{
	for (uint32_t i = 0; i < call->call.args; i++) {
		const ic_kql_name *name = &call->call.arg[i].name;
		uint32_t k = 0;
		while (name->text.p && k < f->stmt->params &&
		       !ic_str_eq(f->stmt->param[k].name.text, name->text))
			k++;
		if (name->text.p && k == f->stmt->params) {
			ic_bind_fail(b, IC_DIAG_NAME, name->at, name->length,
				     "%.*s() has no parameter '%.*s'", IC_BIND_NAME(f->name.text),
				     IC_BIND_NAME(name->text));
			return false;
		}
	}
	return true;
}

const ic_bind_name *ic_bind_arguments(ic_binder *b, const ic_bind_scope *s, const ic_bind_name *f,
				      const ic_kql_expr *call, const ic_bind_name *piped)
{
	const ic_bind_name *names = f->seen;
	uint32_t place = 0;
	if (call->call.args + (piped != NULL) > f->stmt->params)
		return ic_bind_fail(b, IC_DIAG_TYPE, call->at, call->length,
				    "%.*s() takes %u argument%s, not %u", IC_BIND_NAME(f->name.text),
				    f->stmt->params, IC_S(f->stmt->params), call->call.args);
	if (!named_right(b, f, call))
		return NULL;
	for (uint32_t i = 0; i < f->stmt->params; i++) {
		const ic_kql_param *p = &f->stmt->param[i];
		ic_bind_name *n;
		if (i == 0 && piped) {
			if (!p->tabular)
				return ic_bind_fail(b, IC_DIAG_TYPE, call->at, call->length,
						    "the first parameter of %.*s() takes no table",
						    IC_BIND_NAME(f->name.text));
			n = ic_bind_push(b, names, p->name, IC_BIND_PIPE);
			if (!n)
				return NULL;
			n->seen = piped->seen;
			n->first = piped->first;
			n->stop = piped->stop;
			names = n;
			continue;
		}
		const ic_kql_expr *a = named_argument(call, p);
		if (!a)
			a = nameless_argument(call, place++);
		if (!a)
			a = p->value;
		if (!a)
			return ic_bind_fail(b, IC_DIAG_TYPE, call->at, call->length,
					    "%.*s(): there is no value for '%.*s'",
					    IC_BIND_NAME(f->name.text), IC_BIND_NAME(p->name.text));
		if (p->tabular) {
			n = ic_bind_push(b, names, p->name, IC_BIND_TABLE);
			if (n) {
				n->expr = a;
				n->seen = s->names;
			}
		} else {
			n = scalar_argument(b, s, names, f, p, a);
		}
		if (!n)
			return NULL;
		names = n;
	}
	return names;
}

static ic_expr *call_let(ic_binder *b, const ic_bind_scope *s, const ic_bind_name *f, const ic_kql_expr *e)
{
	const ic_kql_block *body = f->stmt->body;
	const ic_bind_name *names = ic_bind_arguments(b, s, f, e, NULL);
	if (b->status != IC_OK)
		return NULL;
	names = ic_bind_statements(b, names, body->stmt, body->stmts, s->base);
	if (b->status != IC_OK)
		return NULL;
	ic_bind_scope inner = { .names = names, .base = s->base };
	return ic_bind_expr(b, &inner, body->result);
}

/* ---- any call */

const ic_kql_expr *ic_bind_bare_call(ic_binder *b, const ic_kql_expr *e)
{
	ic_kql_expr *call = ic_bind_alloc(b, 1, sizeof *call);
	if (!call)
		return NULL;
	*call = (ic_kql_expr){ .kind = IC_KE_CALL, .height = e->height, .at = e->at, .length = e->length };
	call->call.name = (ic_kql_name){ e->name.text, e->at, e->length };
	return call;
}

/* The function that is nearest to a name: what other languages call so, else by its letters. */
static const char *near_function(ic_str name)
{
	static const char *const same[][2] = {
		{ "if", "iff" },
		{ "nvl", "coalesce" },
		{ "ifnull", "coalesce" },
		{ "concat", "strcat" },
		{ "len", "strlen" },
		{ "length", "strlen" },
		{ "lower", "tolower" },
		{ "upper", "toupper" },
		{ "cidrmatch", "ipv4_is_in_range" },
		{ "regexp_extract", "extract" },
		{ "list", "make_list" },
		{ "values", "make_set" },
		{ "dc", "dcount" },
		{ "distinct", "dcount" },
		{ "mean", "avg" },
		{ "average", "avg" },
		{ "median", "percentile" },
		{ "stddev", "stdev" },
		{ "earliest", "arg_min" },
		{ "latest", "arg_max" },
		{ "strftime", "format_datetime" },
		{ "float", "toreal" },
		{ "datediff", "datetime_diff" },
		{ "dateadd", "datetime_add" },
		{ "substr", "substring" },
		{ "instr", "indexof" },
	};
	for (size_t i = 0; i < sizeof same / sizeof *same; i++)
		if (ic_str_ieq(name, ic_str_of(same[i][0])))
			return same[i][1];
	return ic_function_near(name, IC_FN_KQL);
}

static ic_expr *unknown_function(ic_binder *b, const ic_kql_expr *e)
{
	ic_str name = e->call.name.text;
	ic_bind_fail(b, IC_DIAG_NAME, e->at, e->length, "there is no function '%.*s'", IC_BIND_NAME(name));
	const char *near = near_function(name);
	if (near && b->status == IC_E_USAGE)
		ic_diag_hint(b->diag, "did you mean %s()?", near);
	return NULL;
}

/* Functions of the language take their arguments by place, whatever names they are given, as in Kusto. Where the name
 * is a column's, a comparison was meant. */
static bool by_place(ic_binder *b, const ic_bind_scope *s, const ic_kql_expr *e)
{
	for (uint32_t i = 0; i < e->call.args; i++) {
		const ic_kql_name *name = &e->call.arg[i].name;
		if (!name->text.p)
			continue;
		if (s->row && ic_bind_column(&s->row->op->out, name->text) >= 0) {
			ic_bind_fail(
			    b, IC_DIAG_TYPE, name->at, name->length,
			    "`=` gives an argument a name, and only functions of a let have names for them");
			ic_diag_hint(b->diag, "`==` compares '%.*s'", IC_BIND_NAME(name->text));
			return false;
		}
		ic_bind_warn(b, name->at, "the name '%.*s' says nothing: %.*s() takes its arguments by place",
			     IC_BIND_NAME(name->text), IC_BIND_NAME(e->call.name.text));
	}
	return true;
}

ic_expr *ic_bind_function(ic_binder *b, const ic_bind_scope *s, const ic_kql_expr *e)
{
	const ic_bind_name *n = ic_bind_find(s->names, e->call.name.text);
	if (n && n->kind == IC_BIND_FUNCTION)
		return call_let(b, s, n, e);
	int agg = ic_aggregate_find(e->call.name.text, IC_FN_KQL);
	int fn = ic_function_find(e->call.name.text, IC_FN_KQL);
	for (size_t i = 0; i < sizeof bound / sizeof *bound; i++)
		if (fn == (int)bound[i].fn)
			return bound[i].bind(b, s, e);
	if (!by_place(b, s, e))
		return NULL;
	if (agg >= 0 && s->aggs)
		return ic_bind_aggregate(b, s, e, agg);
	if (fn >= 0)
		return call_function(b, s, e, (ic_fn_id)fn);
	if (agg >= 0)
		return ic_bind_fail(b, IC_DIAG_TYPE, e->at, e->length,
				    "%s() is an aggregate: it belongs in summarize", ic_aggregates[agg].name);
	return unknown_function(b, e);
}
