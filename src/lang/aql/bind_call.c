/* SPDX-License-Identifier: Apache-2.0 */
/* Functions and aggregates of AQL, by the tables of the plan. */
#include "lang/aql/bind.h"

/* Brings an argument to what the letter of the function's table wants. */
static ic_expr *argument(ic_aql_binder *b, const ic_aql_expr *e, const ic_function *f, uint32_t i,
			 ic_expr *arg)
{
	char letter = ic_function_arg(f, i);
	const ic_aql_expr *from = e->call.args.expr[i];
	bool constant = letter >= 'A' && letter <= 'Z';
	if (constant && arg->kind != IC_X_CONST) {
		ic_aql_bind_fail(b, IC_DIAG_TYPE, from->at, from->length,
				 "argument %u of %s must be a constant", i + 1, f->name);
		ic_diag_hint(b->diag, "%s: %s", f->name, f->help);
		return NULL;
	}
	switch (letter | 0x20) {
	case 's': return ic_aql_as_text(b, arg);
	case 'n':
	case 'r': return ic_aql_as_number(b, arg);
	case 'i':
		return arg->type == IC_Q_LONG || arg->type == IC_Q_INT ? arg
								       : ic_aql_as_type(b, arg, IC_Q_LONG);
	default: return arg;
	}
}

static bool arity_fits(ic_aql_binder *b, const ic_aql_expr *e, const ic_function *f)
{
	uint32_t fewest, most, n = e->call.args.n;
	ic_function_arity(f, &fewest, &most);
	if (n >= fewest && n <= most)
		return true;
	ic_aql_bind_fail(b, IC_DIAG_TYPE, e->at, e->length, "%s takes %s%u argument%s, %u given", f->name,
			 n < fewest && most > fewest ? "at least "
			 : n > most && most > fewest ? "at most "
						     : "",
			 n < fewest ? fewest : most, IC_S(n < fewest ? fewest : most), n);
	ic_diag_hint(b->diag, "%s: %s", f->name, f->help);
	return false;
}

/* INCIDR('10.0.0.0/8', address); the two are told apart by which is constant. */
static ic_expr *incidr(ic_aql_binder *b, const ic_aql_expr *e)
{
	const ic_aql_list *args = &e->call.args;
	if (args->n != 2)
		return ic_aql_bind_fail(b, IC_DIAG_TYPE, e->at, e->length,
					"INCIDR takes a block and an address");
	bool swapped = args->expr[0]->kind != IC_AX_TEXT && args->expr[1]->kind == IC_AX_TEXT;
	ic_expr *block = ic_aql_expr_of(b, args->expr[swapped]);
	ic_expr *address = block ? ic_aql_expr_of(b, args->expr[!swapped]) : NULL;
	if (!address)
		return NULL;
	if (block->kind != IC_X_CONST || block->type != IC_Q_STRING)
		return ic_aql_bind_fail(b, IC_DIAG_TYPE, args->expr[swapped]->at, args->expr[swapped]->length,
					"INCIDR takes a block such as '10.0.0.0/8' in single quotes");
	if (!ic_qtype_is_text(address->type))
		return ic_aql_bind_fail(b, IC_DIAG_TYPE, args->expr[!swapped]->at,
					args->expr[!swapped]->length, "INCIDR takes an address");
	return ic_aql_call_of(b, e->at, IC_FN_INCIDR, IC_Q_BOOL, 2, address, block);
}

static ic_expr *aggregate(ic_aql_binder *b, const ic_aql_expr *e, ic_agg_id id)
{
	const ic_function *f = &ic_aggregates[id];
	bool star = e->call.args.n == 1 && e->call.args.expr[0]->kind == IC_AX_STAR;
	ic_expr *arg = NULL;
	if (b->in_agg)
		return ic_aql_bind_fail(b, IC_DIAG_TYPE, e->at, e->length,
					"an aggregate cannot stand in another");
	if (b->clause == IC_AQL_WHERE || b->clause == IC_AQL_GROUP || b->clause == IC_AQL_TIME) {
		ic_aql_bind_fail(b, IC_DIAG_TYPE, e->at, e->length,
				 "%s is an aggregate: it cannot stand in %s", f->name,
				 b->clause == IC_AQL_GROUP   ? "GROUP BY"
				 : b->clause == IC_AQL_WHERE ? "WHERE"
							     : "a time");
		if (b->clause != IC_AQL_TIME)
			ic_diag_hint(b->diag, b->clause == IC_AQL_WHERE
						  ? "conditions on aggregates stand in HAVING"
						  : "group by fields: an aggregate is of each group");
		return NULL;
	}
	if (star && id != IC_AGG_AQL_COUNT)
		return ic_aql_bind_fail(b, IC_DIAG_TYPE, e->at, e->length, "%s takes a field, not *",
					f->name);
	if (!star && !arity_fits(b, e, f))
		return NULL;
	if (e->call.args.n > 1)
		return ic_aql_bind_fail(b, IC_DIAG_UNSUPPORTED, e->at, e->length, "%s with several arguments",
					f->name);
	if (!star && e->call.args.n == 1) {
		b->in_agg = true;
		arg = ic_aql_expr_of(b, e->call.args.expr[0]);
		b->in_agg = false;
		bool numeric = id == IC_AGG_AQL_SUM || id == IC_AGG_AQL_AVG || id == IC_AGG_AQL_STDEV ||
			       id == IC_AGG_AQL_STDEVP;
		if (arg && numeric)
			arg = ic_aql_as_number(b, arg);
		if (!arg)
			return NULL;
	}
	return ic_aql_aggregate(b, e->at, id, arg);
}

static ic_expr *scalar(ic_aql_binder *b, const ic_aql_expr *e, ic_fn_id id)
{
	const ic_function *f = &ic_functions[id];
	uint32_t n = e->call.args.n;
	if (!arity_fits(b, e, f))
		return NULL;
	ic_expr *call = ic_expr_call(b->plan, e->at, id, IC_Q_NULL, n);
	ic_qtype *type = ic_aql_bind_alloc(b, n, sizeof *type);
	if (!call || !type)
		return ic_aql_bind_nomem(b);
	for (uint32_t i = 0; i < n; i++) {
		b->text_here = i > 0 && e->call.args.expr[i]->kind == IC_AX_FIELD;
		ic_expr *arg = ic_aql_expr_of(b, e->call.args.expr[i]);
		b->text_here = false;
		if (!arg || !(call->call.arg[i] = argument(b, e, f, i, arg)))
			return NULL;
		type[i] = call->call.arg[i]->type;
	}
	if (id == IC_FN_AQL_NOW || id == IC_FN_AQL_PARSEDATETIME)
		b->plan->now_used = true;
	call->type = ic_function_type(id, type, n);
	if (call->type == IC_QTYPES) {
		ic_aql_bind_fail(b, IC_DIAG_TYPE, e->at, e->length, "%s cannot take these arguments",
				 f->name);
		ic_diag_hint(b->diag, "%s: %s", f->name, f->help);
		return NULL;
	}
	return call;
}

/* REFERENCESETCONTAINS('set', value): the values are the first cells of the lines of set.csv, but for empty ones. */
static ic_expr *reference_set(ic_aql_binder *b, const ic_aql_expr *e, ic_expr *call)
{
	const ic_catalog *c = b->catalog;
	ic_op *op = NULL;
	ic_qcolumn *value = ic_aql_bind_alloc(b, 1, sizeof *value);
	if (!value)
		return NULL;
	*value = (ic_qcolumn){ IC_STR("value"), IC_Q_STRING };
	if (c->external)
		b->status = c->external(c->ctx, b->plan, "watchlist", call->call.arg[0]->value.s,
					(ic_schema){ value, 1 }, &op, b->diag);
	if (b->status != IC_OK)
		return NULL;
	return op ? ic_aql_in_rows(b, e, call->call.arg[1], op, false, "the reference set") : call;
}

/* A null for want of data is said: a condition does not tell it from a value that is not there. */
static ic_expr *function(ic_aql_binder *b, const ic_aql_expr *e, ic_fn_id id)
{
	ic_expr *call = scalar(b, e, id), *own = call;
	if (call && id == IC_FN_AQL_REFERENCESETCONTAINS)
		own = reference_set(b, e, call);
	if (own && own == call && ic_functions[id].flags & IC_FN_NO_DATA &&
	    ic_plan_warn(b->plan, e->at, "%s: %s", ic_functions[id].name, ic_functions[id].help) != IC_OK)
		return ic_aql_bind_nomem(b);
	return own;
}

ic_expr *ic_aql_function(ic_aql_binder *b, const ic_aql_expr *e)
{
	ic_str name = e->call.name;
	int id = ic_aggregate_find(name, IC_FN_AQL);
	if (id >= 0)
		return aggregate(b, e, (ic_agg_id)id);
	if (ic_str_ieq(name, IC_STR("INCIDR")))
		return incidr(b, e);
	id = ic_function_find(name, IC_FN_AQL);
	if (id >= 0)
		return function(b, e, (ic_fn_id)id);
	ic_aql_bind_fail(b, IC_DIAG_NAME, e->at, e->length, "there is no function %.*s",
			 name.n > 80 ? 80 : (int)name.n, name.p);
	const char *near = ic_function_near(name, IC_FN_AQL);
	if (near)
		ic_diag_hint(b->diag, "did you mean %s?", near);
	return NULL;
}
