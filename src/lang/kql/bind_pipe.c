/* SPDX-License-Identifier: Apache-2.0 */
/* Pipes: what a source by name is, and one operator after the other. */
#include "lang/kql/bind.h"

static bool room_for_op(ic_binder *b, ic_place at, uint32_t length)
{
	if (b->status == IC_OK && b->plan->ops >= IC_BIND_OPS)
		ic_bind_fail(b, IC_DIAG_LIMIT, at, length, "the query grows to more than %d operators",
			     IC_BIND_OPS);
	return b->status == IC_OK;
}

ic_op *ic_bind_op(ic_binder *b, ic_op_kind kind, const ic_kql_op *from, ic_op *in)
{
	if (!room_for_op(b, from->at, from->length))
		return NULL;
	ic_op *op = ic_op_new(b->plan, kind, from->at, from->says ? from->says : "", in);
	if (!op)
		return ic_bind_nomem(b);
	if (in) {
		op->out = in->out;
		op->ordered = in->ordered;
	}
	return op;
}

const ic_kql_expr *ic_bind_option(const ic_kql_options *o, const char *name)
{
	for (uint32_t i = 0; i < o->n; i++)
		if (ic_str_eq(o->option[i].name.text, ic_str_of(name)))
			return o->option[i].value;
	return NULL;
}

ic_str ic_bind_option_text(const ic_kql_expr *value)
{
	if (value && value->kind == IC_KE_NAME)
		return value->name.text;
	if (value && value->kind == IC_KE_LITERAL && value->value.type == IC_Q_STRING)
		return value->value.s;
	return (ic_str){ NULL, 0 };
}

bool ic_bind_option_true(const ic_kql_expr *value)
{
	return value && ((value->kind == IC_KE_LITERAL && value->value.type == IC_Q_BOOL && value->value.b) ||
			 ic_str_ieq(ic_bind_option_text(value), IC_STR("true")));
}

/* Goes through all that op reads. */
static void settle(void *ctx, ic_op **slot)
{
	ic_binder *b = ctx;
	ic_op *op = *slot, *rows;
	if (b->status != IC_OK)
		return;
	if (op->kind != IC_OP_KEPT) {
		ic_each_input(op, settle, b);
		return;
	}
	ic_op *keep = op->kept.of;
	if (keep->keep.settled)
		return;
	keep->keep.settled = true;
	settle(b, &keep->in);
	if (ic_op_differs(keep->in) && ic_bind_run(b, keep->in, false, &rows))
		keep->in = rows;
}

bool ic_bind_settle(ic_binder *b, ic_op *op)
{
	if (!b->checking)
		settle(b, &op);
	return b->status == IC_OK;
}

bool ic_bind_run(ic_binder *b, ic_op *op, bool own, ic_op **ret)
{
	*ret = NULL;
	if (b->checking)
		return true;
	if (!ic_bind_settle(b, op))
		return false;
	ic_status st = b->catalog->run(b->catalog->ctx, b->plan, op, own, ret, b->diag);
	if (st != IC_OK && b->status == IC_OK)
		b->status = st;
	return st == IC_OK;
}

/* ---- sources */

static bool unknown_table(ic_binder *b, const ic_bind_name *names, const ic_kql_expr *e, ic_str name,
			  bool call)
{
	ic_bind_fail(b, IC_DIAG_NAME, e->at, e->length, "there is no table%s '%.*s'",
		     call ? " or function" : "", IC_BIND_NAME(name));
	if (b->status == IC_E_USAGE) {
		b->no_table = true;
		ic_bind_hint_table(b, names, name);
	}
	return false;
}

static bool catalog_table(ic_binder *b, const ic_bind_name *names, const ic_kql_expr *e, ic_str name,
			  bool call, ic_rel *r)
{
	ic_op *op;
	if (!ic_bind_catalog(b, name, &op))
		return b->status == IC_OK ? unknown_table(b, names, e, name, call) : false;
	*r = (ic_rel){ .op = op, .label = name };
	return true;
}

static bool table_name(ic_binder *b, const ic_bind_name *names, const ic_kql_expr *e, ic_rel *r)
{
	ic_str name = e->name.text;
	const ic_bind_name *n = ic_bind_find(names, name);
	if (!n)
		return catalog_table(b, names, e, name, false, r);
	switch (n->kind) {
	case IC_BIND_LET:
	case IC_BIND_TABLE:
		if (!ic_bind_is_table(b, n->seen, n->expr)) {
			/* a let of a table that does not exist says so at its place */
			if (b->status == IC_OK && n->expr->kind == IC_KE_NAME &&
			    !ic_bind_find(n->seen, n->expr->name.text))
				return unknown_table(b, names, n->expr, n->expr->name.text, false);
			ic_bind_fail(b, IC_DIAG_TYPE, e->at, e->length, "'%.*s' is a value, not a table",
				     IC_BIND_NAME(name));
			return false;
		}
		if (!ic_bind_table(b, n->seen, n->expr, r))
			return false;
		return true;
	case IC_BIND_PIPE: return ic_bind_pipe(b, n->seen, n->first, n->stop, NULL, r);
	case IC_BIND_FUNCTION: {
		const ic_kql_expr *call = ic_bind_bare_call(b, e);
		if (!call || !ic_bind_table(b, names, call, r))
			return false;
		if (n->stmt->view)
			r->label = name;
		return true;
	}
	case IC_BIND_VALUE: break;
	}
	ic_bind_fail(b, IC_DIAG_TYPE, e->at, e->length, "'%.*s' is a value, not a table", IC_BIND_NAME(name));
	return false;
}

static const ic_bind_kept *keep(ic_binder *b, const ic_bind_name *names, const ic_kql_expr *e)
{
	ic_bind_kept *k = ic_bind_alloc(b, 1, sizeof *k);
	if (e->call.args != 1)
		return ic_bind_fail(b, IC_DIAG_TYPE, e->at, e->length, "materialize() takes one table");
	if (!k || !ic_bind_table(b, names, e->call.arg[0].expr, &k->rel))
		return NULL;
	k->rel.op = ic_op_keep(b->plan, e->at, k->rel.op);
	if (!k->rel.op)
		return ic_bind_nomem(b);
	k->call = e;
	k->names = names;
	k->next = b->kept;
	b->kept = k;
	return k;
}

/* Each use has the rows of one evaluation: where it stands with the same names around it. */
static bool materialize(ic_binder *b, const ic_bind_name *names, const ic_kql_expr *e, ic_rel *r)
{
	const ic_bind_kept *k = b->kept;
	while (k && (k->call != e || k->names != names))
		k = k->next;
	if (!k && !(k = keep(b, names, e)))
		return false;
	if (!room_for_op(b, e->at, e->length))
		return false;
	*r = k->rel;
	r->op = ic_op_kept(b->plan, k->rel.op);
	return r->op || ic_bind_nomem(b);
}

static bool gives_table(ic_str function)
{
	return ic_str_eq(function, IC_STR("table")) || ic_str_eq(function, IC_STR("external_table"));
}

static void warn_qualified(ic_binder *b, ic_place at, ic_str name)
{
	ic_bind_warn(b, at, "'%.*s' is looked for among the tables of this run, whatever database is named",
		     IC_BIND_NAME(name));
}

/* table("name"), database("d").table("name") */
static bool table_of_text(ic_binder *b, const ic_bind_name *names, const ic_kql_expr *e, ic_rel *r)
{
	ic_value v;
	ic_bind_scope s = { .names = names };
	ic_expr *x = e->call.args ? ic_bind_expr(b, &s, e->call.arg[0].expr) : NULL;
	if (!x && b->status == IC_OK)
		ic_bind_fail(b, IC_DIAG_TYPE, e->at, e->length, "table() takes a name");
	if (!x || !ic_bind_value(b, x, IC_Q_STRING, "table()", &v))
		return false;
	if (e->kind == IC_KE_METHOD)
		warn_qualified(b, e->at, v.s);
	return catalog_table(b, names, e, v.s, false, r);
}

static bool call_table(ic_binder *b, const ic_bind_name *names, const ic_kql_expr *e, ic_rel *r)
{
	ic_str name = e->call.name.text;
	const ic_bind_name *f = ic_bind_find(names, name);
	if (f && f->kind == IC_BIND_FUNCTION) {
		const ic_kql_block *body = f->stmt->body;
		ic_bind_scope s = { .names = names };
		const ic_bind_name *inner = ic_bind_arguments(b, &s, f, e, NULL);
		if (b->status == IC_OK)
			inner = ic_bind_statements(b, inner, body->stmt, body->stmts, NULL);
		return b->status == IC_OK && ic_bind_table(b, inner, body->result, r);
	}
	if (ic_str_eq(name, IC_STR("materialize")))
		return materialize(b, names, e, r);
	if (ic_str_eq(name, IC_STR("_GetWatchlist")) || ic_str_eq(name, IC_STR("_GetWatchlistAlias")))
		return ic_bind_watchlist(b, names, e, r);
	if (gives_table(name))
		return table_of_text(b, names, e, r);
	if (ic_function_find(name, IC_FN_KQL) >= 0 || ic_aggregate_find(name, IC_FN_KQL) >= 0 ||
	    ic_str_eq(name, IC_STR("toscalar"))) {
		ic_bind_fail(b, IC_DIAG_TYPE, e->at, e->length,
			     "%.*s() gives a value, but a table is expected here", IC_BIND_NAME(name));
		return false;
	}
	return catalog_table(b, names, e, name, true, r) && ic_bind_parser(b, names, e, r);
}

/* cluster("c").database("d").T, or .table("T"): the tables here are all there are, so T it is. */
static bool qualified(ic_binder *b, const ic_bind_name *names, const ic_kql_expr *e, ic_rel *r)
{
	if (e->kind == IC_KE_MEMBER) {
		warn_qualified(b, e->at, e->member.name.text);
		return catalog_table(b, names, e, e->member.name.text, false, r);
	}
	if (gives_table(e->call.name.text))
		return table_of_text(b, names, e, r);
	ic_bind_fail(b, IC_DIAG_TYPE, e->at, e->length, "a table's name is missing behind %.*s()",
		     IC_BIND_NAME(e->call.name.text));
	return false;
}

bool ic_bind_table(ic_binder *b, const ic_bind_name *names, const ic_kql_expr *e, ic_rel *r)
{
	if (!ic_bind_enter(b, e->at))
		return false;
	bool ok = false;
	*r = (ic_rel){ 0 };
	switch (e->kind) {
	case IC_KE_PIPE: ok = ic_bind_pipe(b, names, e->pipe.first, NULL, NULL, r); break;
	case IC_KE_NAME: ok = table_name(b, names, e, r); break;
	case IC_KE_CALL: ok = call_table(b, names, e, r); break;
	case IC_KE_MEMBER:
	case IC_KE_METHOD: ok = qualified(b, names, e, r); break;
	default: ic_bind_fail(b, IC_DIAG_TYPE, e->at, e->length, "a table is expected here"); break;
	}
	ic_bind_leave(b);
	return ok && b->status == IC_OK;
}

/* ---- operators */

static bool take(ic_binder *b, const ic_bind_name *names, const ic_kql_op *o, ic_rel *r)
{
	ic_bind_scope s = { .names = names };
	ic_value n = ic_value_long(0);
	if (o->kind != IC_KO_CONSUME &&
	    !ic_bind_value(b, ic_bind_expr(b, &s, o->sort.n), IC_Q_LONG, o->says, &n))
		return false;
	if (!n.null && n.i < 0) {
		ic_bind_fail(b, IC_DIAG_TYPE, o->sort.n->at, o->sort.n->length, "%s takes a number of rows",
			     o->says);
		return false;
	}
	ic_op *op = ic_bind_op(b, o->kind == IC_KO_SAMPLE ? IC_OP_SAMPLE : IC_OP_TAKE, o, r->op);
	if (!op)
		return false;
	op->sort.limit = n;
	r->op = op;
	return true;
}

/* sample-distinct n of x: n of the distinct values */
static bool sample_distinct(ic_binder *b, const ic_bind_name *names, const ic_kql_op *o, ic_rel *r)
{
	ic_kql_item item = { .expr = o->sort.of, .type = IC_QTYPES };
	ic_kql_op distinct = { .kind = IC_KO_DISTINCT,
			       .at = o->at,
			       .length = o->length,
			       .says = o->says,
			       .items = { &item, 1 } };
	if (!ic_bind_distinct(b, names, &distinct, r))
		return false;
	ic_kql_op sample = *o;
	sample.kind = IC_KO_SAMPLE;
	return take(b, names, &sample, r);
}

static bool one_operator(ic_binder *b, const ic_bind_name *names, const ic_kql_op *first, const ic_kql_op *o,
			 ic_rel *r)
{
	switch (o->kind) {
	case IC_KO_WHERE: return ic_bind_where(b, names, o, r);
	case IC_KO_EXTEND:
	case IC_KO_SERIALIZE: return ic_bind_extend(b, names, o, r);
	case IC_KO_PROJECT: return ic_bind_project(b, names, o, r);
	case IC_KO_PROJECT_AWAY:
	case IC_KO_PROJECT_KEEP:
	case IC_KO_PROJECT_RENAME:
	case IC_KO_PROJECT_REORDER:
	case IC_KO_PROJECT_BY_NAMES: return ic_bind_project_some(b, names, o, r);
	case IC_KO_SUMMARIZE: return ic_bind_summarize(b, names, o, r);
	case IC_KO_DISTINCT: return ic_bind_distinct(b, names, o, r);
	case IC_KO_COUNT: return ic_bind_count(b, o, r);
	case IC_KO_SORT:
	case IC_KO_TOP: return ic_bind_sort(b, names, o, r);
	case IC_KO_TAKE:
	case IC_KO_SAMPLE:
	case IC_KO_CONSUME: return take(b, names, o, r);
	case IC_KO_SAMPLE_DISTINCT: return sample_distinct(b, names, o, r);
	case IC_KO_JOIN:
	case IC_KO_LOOKUP: return ic_bind_join(b, names, o, r);
	case IC_KO_UNION: return ic_bind_union(b, names, o, r);
	case IC_KO_SEARCH:
	case IC_KO_FIND: return ic_bind_search(b, names, o, r);
	case IC_KO_MV_EXPAND:
	case IC_KO_MV_APPLY: return ic_bind_expand(b, names, o, r);
	case IC_KO_MAKE_SERIES: return ic_bind_make_series(b, names, o, r);
	case IC_KO_TOP_NESTED: return ic_bind_top_nested(b, names, o, r);
	case IC_KO_PARSE:
	case IC_KO_PARSE_WHERE: return ic_bind_parse(b, names, o, r);
	case IC_KO_PARSE_KV: return ic_bind_parse_kv(b, names, o, r);
	case IC_KO_SCAN: return ic_bind_scan(b, names, o, r);
	case IC_KO_PARTITION: return ic_bind_partition(b, names, o, r);
	case IC_KO_EVALUATE: return ic_bind_evaluate(b, names, o, r);
	case IC_KO_INVOKE: return ic_bind_invoke(b, names, first, o, r);
	case IC_KO_TOP_HITTERS: return ic_bind_top_hitters(b, names, o, r);
	case IC_KO_GETSCHEMA: return ic_bind_getschema(b, o, r);
	case IC_KO_ASSERT_SCHEMA: return ic_bind_assert_schema(b, o, r);
	case IC_KO_AS:
	case IC_KO_RENDER: return true;
	default:
		ic_bind_fail(b, IC_DIAG_SYNTAX, o->at, o->length, "%s cannot follow '|'", o->says);
		return false;
	}
}

/* The operator that begins a pipe. */
static bool source(ic_binder *b, const ic_bind_name *names, const ic_kql_op *o, ic_rel *r)
{
	switch (o->kind) {
	case IC_KO_SOURCE: return ic_bind_table(b, names, o->source, r);
	case IC_KO_DATATABLE: return ic_bind_datatable(b, o, r);
	case IC_KO_RANGE: return ic_bind_range(b, names, o, r);
	case IC_KO_PRINT: return ic_bind_print(b, names, o, r);
	case IC_KO_EXTERNALDATA: return ic_bind_external(b, names, o, r);
	case IC_KO_UNION: return ic_bind_union(b, names, o, r);
	case IC_KO_SEARCH:
	case IC_KO_FIND: return ic_bind_search(b, names, o, r);
	case IC_KO_EVALUATE:
		ic_bind_fail(b, IC_DIAG_UNSUPPORTED, o->at, o->length,
			     "evaluate without rows before it is not supported");
		if (b->status == IC_E_USAGE)
			ic_diag_hint(b->diag,
				     "nothing is fetched from elsewhere; for other plugins write a table and "
				     "'|' before it");
		return false;
	default:
		ic_bind_fail(b, IC_DIAG_SYNTAX, o->at, o->length,
			     "%s needs rows: write a table and '|' before it", o->says);
		return false;
	}
}

bool ic_bind_pipe(ic_binder *b, const ic_bind_name *names, const ic_kql_op *first, const ic_kql_op *stop,
		  const ic_rel *start, ic_rel *r)
{
	if (!ic_bind_enter(b, first->at))
		return false;
	const ic_kql_op *o = first;
	bool ok = true;
	if (start) {
		*r = *start;
	} else {
		*r = (ic_rel){ 0 };
		ok = source(b, names, o, r);
		o = o->next;
	}
	for (; ok && o && o != stop; o = o->next) {
		const ic_bind_name *seen = names;
		if (o->kind == IC_KO_AS && !start) {
			/* the name stands for the rows so far */
			ic_bind_name *n = ic_bind_push(b, names, o->name, IC_BIND_PIPE);
			if (!n) {
				ok = false;
				break;
			}
			n->seen = names;
			n->first = first;
			n->stop = o;
			names = n;
		}
		ok = one_operator(b, seen, first, o, r);
		if (o->kind == IC_KO_AS)
			r->label = o->name.text;
		else
			r->label = (ic_str){ NULL, 0 };
	}
	ic_bind_leave(b);
	return ok && b->status == IC_OK;
}
