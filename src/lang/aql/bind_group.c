/* SPDX-License-Identifier: Apache-2.0 */
/* Grouped queries: which aggregates there are, and expressions over groups instead of rows. */
#include "lang/aql/bind.h"

static bool same_value(const ic_value *a, const ic_value *b)
{
	if (a->type != b->type || a->null != b->null)
		return false;
	if (a->null)
		return true;
	switch (a->type) {
	case IC_Q_BOOL: return a->b == b->b;
	case IC_Q_REAL: return memcmp(&a->d, &b->d, sizeof a->d) == 0;
	case IC_Q_STRING: return ic_str_eq(a->s, b->s);
	case IC_Q_IP: return memcmp(&a->ip, &b->ip, sizeof a->ip) == 0;
	case IC_Q_INT:
	case IC_Q_LONG:
	case IC_Q_DATETIME:
	case IC_Q_TIMESPAN: return a->i == b->i;
	default: return false;
	}
}

static bool same_list(const ic_value_list *a, const ic_value_list *b)
{
	if (!a || !b || a->n != b->n)
		return a == b;
	for (uint32_t i = 0; i < a->n; i++)
		if (!same_value(&a->value[i], &b->value[i]))
			return false;
	return true;
}

bool ic_aql_same(const ic_expr *a, const ic_expr *b)
{
	if (a == b)
		return true;
	if (a->kind != b->kind || a->type != b->type)
		return false;
	if (a->kind == IC_X_COLUMN)
		return a->column == b->column;
	if (a->kind == IC_X_CONST)
		return same_value(&a->value, &b->value);
	if (a->call.fn != b->call.fn || a->call.n != b->call.n || !same_list(a->call.list, b->call.list))
		return false;
	for (uint32_t i = 0; i < a->call.n; i++)
		if (!ic_aql_same(a->call.arg[i], b->call.arg[i]))
			return false;
	return true;
}

/* Where integers stay integers, counts and what is made of whole numbers is one. */
static bool whole(const ic_aql_binder *b, const ic_agg *agg)
{
	bool counts = agg->fn == IC_AGG_AQL_COUNT || agg->fn == IC_AGG_AQL_UNIQUECOUNT;
	bool keeps = agg->fn == IC_AGG_AQL_SUM || agg->fn == IC_AGG_AQL_MIN || agg->fn == IC_AGG_AQL_MAX;
	bool of_whole = agg->n && (agg->arg[0]->type == IC_Q_LONG || agg->arg[0]->type == IC_Q_INT);
	return b->plan->integer_division && (counts || (keeps && of_whole));
}

static ic_expr *agg_column(ic_aql_binder *b, ic_place at, uint32_t i)
{
	ic_schema one = { &(ic_qcolumn){ { 0 }, b->agg[i].type }, 1 };
	ic_expr *e = ic_expr_column(b->plan, at, &one, 0);
	if (!e)
		return ic_aql_bind_nomem(b);
	e->column = IC_AQL_AGG + i;
	return whole(b, &b->agg[i]) ? ic_aql_call_of(b, at, IC_FN_AQL_LONG, IC_Q_LONG, 1, e) : e;
}

ic_expr *ic_aql_aggregate(ic_aql_binder *b, ic_place at, ic_agg_id fn, ic_expr *arg)
{
	for (uint32_t i = 0; i < b->aggs; i++)
		if (b->agg[i].fn == fn &&
		    (arg ? b->agg[i].n == 1 && ic_aql_same(b->agg[i].arg[0], arg) : b->agg[i].n == 0))
			return agg_column(b, at, i);
	ic_qtype type = ic_aggregate_type(fn, arg ? &arg->type : NULL, arg != NULL);
	if (type == IC_QTYPES)
		return ic_aql_bind_fail(b, IC_DIAG_TYPE, at, 1, "%s cannot take %s", ic_aggregates[fn].name,
					arg ? ic_qtype_name(arg->type) : "nothing");
	if (b->aggs >= IC_MAX_COLUMNS)
		return ic_aql_bind_fail(b, IC_DIAG_LIMIT, at, 1, "more than %d columns", IC_MAX_COLUMNS);
	ic_expr **args = ic_aql_bind_alloc(b, 1, sizeof *args);
	if (!args || !IC_AQL_BIND_ROOM(b, b->agg, b->aggs))
		return NULL;
	args[0] = arg;
	b->agg[b->aggs] =
	    (ic_agg){ .fn = fn, .type = type, .n = arg != NULL, .arg = args, .at = at, .columns = 1 };
	return agg_column(b, at, b->aggs++);
}

/* The column of the summarize that holds aggregate i. */
static ic_expr *result_of(ic_aql_binder *b, const ic_expr *e)
{
	const ic_agg *agg = &b->agg[e->column - IC_AQL_AGG];
	ic_schema one = { &(ic_qcolumn){ { 0 }, agg->type }, 1 };
	ic_expr *column = ic_expr_column(b->plan, e->at, &one, 0);
	if (!column)
		return ic_aql_bind_nomem(b);
	column->column = b->keys + (e->column - IC_AQL_AGG);
	return column;
}

ic_expr *ic_aql_lower(ic_aql_binder *b, ic_expr *e)
{
	for (uint32_t i = 0; i < b->keys; i++) {
		if (e->kind != IC_X_CONST && ic_aql_same(e, b->key[i])) {
			ic_schema one = { &(ic_qcolumn){ { 0 }, e->type }, 1 };
			ic_expr *key = ic_expr_column(b->plan, e->at, &one, 0);
			if (!key)
				return ic_aql_bind_nomem(b);
			key->column = i;
			return key;
		}
	}
	if (e->kind == IC_X_CONST)
		return e;
	if (e->kind == IC_X_COLUMN) {
		if (e->column < IC_AQL_AGG && !(e = ic_aql_aggregate(b, e->at, IC_AGG_AQL_FIRST, e)))
			return NULL;
		return result_of(b, e);
	}
	ic_expr *call = ic_expr_call(b->plan, e->at, e->call.fn, e->type, e->call.n);
	if (!call)
		return ic_aql_bind_nomem(b);
	call->call.list = e->call.list;
	for (uint32_t i = 0; i < e->call.n; i++)
		if (!(call->call.arg[i] = ic_aql_lower(b, e->call.arg[i])))
			return NULL;
	return call;
}
