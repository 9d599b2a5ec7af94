/* SPDX-License-Identifier: Apache-2.0 */
/* What the conditions of a query say about time and port goes down to the readers, which then drop rows
 * before they are made. The filters stay in the plan: a bound may let too much pass, never too little. */
#include "base/error.h"
#include "base/time.h"
#include "engine/query.h"

static bool whole_const(const ic_expr *x, int64_t *ret)
{
	bool whole = x->type == IC_Q_LONG || x->type == IC_Q_INT || x->type == IC_Q_DATETIME;
	if (x->kind != IC_X_CONST || x->value.null || !whole)
		return false;
	*ret = x->value.i;
	return true;
}

/* An int that is made a long is the same number. */
static const ic_expr *plain_number(const ic_expr *x)
{
	bool widened = x->kind == IC_X_CALL && x->call.fn == IC_FN_TO_LONG && x->call.n == 1 &&
		       x->call.arg[0]->type == IC_Q_INT;
	return widened ? x->call.arg[0] : x;
}

/* a op b as b op' a */
static ic_fn_id mirrored(ic_fn_id fn)
{
	switch (fn) {
	case IC_FN_LT: return IC_FN_GT;
	case IC_FN_LE: return IC_FN_GE;
	case IC_FN_GT: return IC_FN_LT;
	case IC_FN_GE: return IC_FN_LE;
	case IC_FN_SQL_LT: return IC_FN_SQL_GT;
	case IC_FN_SQL_LE: return IC_FN_SQL_GE;
	case IC_FN_SQL_GT: return IC_FN_SQL_LT;
	case IC_FN_SQL_GE: return IC_FN_SQL_LE;
	default: return fn;
	}
}

/* The values that pass: low to high, both included. Strict bounds are widened: the filter stays. */
static bool range_of(const ic_expr *x, const ic_expr **column, int64_t *low, int64_t *high)
{
	int64_t v = 0;
	if (x->kind != IC_X_CALL || x->call.n < 2)
		return false;
	const ic_expr *a = plain_number(x->call.arg[0]), *b = plain_number(x->call.arg[1]);
	ic_fn_id fn = x->call.fn;
	*low = INT64_MIN;
	*high = INT64_MAX;
	if (fn == IC_FN_BETWEEN || fn == IC_FN_SQL_BETWEEN) {
		*column = a;
		return a->kind == IC_X_COLUMN && x->call.n == 3 && whole_const(b, low) &&
		       whole_const(x->call.arg[2], high);
	}
	if (x->call.n != 2)
		return false;
	if (a->kind != IC_X_COLUMN) {
		const ic_expr *t = a;
		a = b;
		b = t;
		fn = mirrored(fn);
	}
	*column = a;
	if (a->kind != IC_X_COLUMN || !whole_const(b, &v))
		return false;
	switch (fn) {
	case IC_FN_EQ:
	case IC_FN_SQL_EQ: *low = *high = v; return true;
	case IC_FN_GT:
	case IC_FN_GE:
	case IC_FN_SQL_GT:
	case IC_FN_SQL_GE: *low = v; return true;
	case IC_FN_LT:
	case IC_FN_LE:
	case IC_FN_SQL_LT:
	case IC_FN_SQL_LE: *high = v; return true;
	default: return false;
	}
}

static void push_time(ic_query_bounds *to, const ic_view_column *c, int64_t low, int64_t high)
{
	if (c->how == IC_VIEW_MS) {
		low = low > INT64_MIN / IC_TICKS_MS ? low * IC_TICKS_MS : INT64_MIN;
		high =
		    high < INT64_MAX / IC_TICKS_MS - 1 ? high * IC_TICKS_MS + (IC_TICKS_MS - 1) : INT64_MAX;
	}
	/* times lie in [0, IC_TIME_MAX]; IC_TIME_NONE means open */
	if (low > INT64_MIN && (to->since == IC_TIME_NONE || low > to->since))
		to->since = low;
	if (high < INT64_MAX && (to->until == IC_TIME_NONE || high < to->until))
		to->until = high > INT64_MIN ? high : INT64_MIN + 1;
}

static bool set_port(uint64_t *bitmap, const ic_value *v)
{
	if (v->type != IC_Q_LONG && v->type != IC_Q_INT)
		return false;
	if (!v->null && v->i >= 0 && v->i < 65536)
		bitmap[v->i >> 6] |= UINT64_C(1) << (v->i & 63);
	return true;
}

/* The ports that the conjunct lets pass; false: it does not speak of a few ports. */
static bool ports_of(const ic_expr *x, const ic_expr **column, uint64_t bitmap[IC_PORT_WORDS])
{
	int64_t low, high;
	memset(bitmap, 0, sizeof(uint64_t) * IC_PORT_WORDS);
	if (range_of(x, column, &low, &high)) {
		ic_value v = ic_value_long(low);
		return low == high && set_port(bitmap, &v);
	}
	if (x->kind != IC_X_CALL || (x->call.fn != IC_FN_IN && x->call.fn != IC_FN_SQL_IN) || !x->call.list ||
	    x->call.n < 1 || plain_number(x->call.arg[0])->kind != IC_X_COLUMN)
		return false;
	*column = plain_number(x->call.arg[0]);
	for (uint32_t i = 0; i < x->call.list->n; i++)
		if (!set_port(bitmap, &x->call.list->value[i]))
			return false;
	return true;
}

static bool push_ports(ic_query_bounds *to, const uint64_t *bitmap)
{
	if (!to->ports) {
		to->ports = ic_malloc(IC_PORT_WORDS * sizeof(uint64_t));
		if (!to->ports)
			return false;
		memset(to->ports, 0xff, sizeof(uint64_t) * IC_PORT_WORDS);
	}
	for (unsigned i = 0; i < IC_PORT_WORDS; i++)
		to->ports[i] &= bitmap[i];
	return true;
}

ic_status ic_query_push(const ic_op *scan, const ic_view_column *columns, const ic_row_filter *own,
			ic_query_bounds *ret, ic_error *err)
{
	*ret = (ic_query_bounds){ .since = own->since, .until = own->until };
	for (uint32_t i = 0; i < scan->scan.pushed_n; i++) {
		const ic_expr *x = scan->scan.pushed[i], *column = NULL;
		uint64_t bitmap[IC_PORT_WORDS];
		int64_t low, high;
		if (!own->ports && ports_of(x, &column, bitmap) && column->column < scan->out.n) {
			const ic_view_column *c = &columns[column->column];
			if (c->how == IC_VIEW_FIELD && c->field == IC_F_DST_PORT && !push_ports(ret, bitmap))
				return ic_fail_nomem(err);
		}
		if (!range_of(x, &column, &low, &high) || column->column >= scan->out.n)
			continue;
		const ic_view_column *c = &columns[column->column];
		if ((c->how == IC_VIEW_FIELD || c->how == IC_VIEW_MS) && c->field == IC_F_TIME)
			push_time(ret, c, low, high);
	}
	return IC_OK;
}

void ic_query_widen(ic_query_bounds *all, const ic_query_bounds *more)
{
	/* IC_TIME_NONE is the least value, and open */
	all->since = more->since < all->since ? more->since : all->since;
	if (all->until != IC_TIME_NONE && (more->until == IC_TIME_NONE || more->until > all->until))
		all->until = more->until;
	for (unsigned i = 0; all->ports && more->ports && i < IC_PORT_WORDS; i++)
		all->ports[i] |= more->ports[i];
	if (!more->ports) {
		ic_free(all->ports);
		all->ports = NULL;
	}
}
