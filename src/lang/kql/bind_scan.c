/* SPDX-License-Identifier: Apache-2.0 */
/* scan, partition. */
#include "lang/kql/bind.h"

enum { PARTS_MOST = 64 }; /* of a partition with a query of its own, as in Kusto */

/* ---- scan */

enum { VALUES_MOST = 1 << 20 }; /* that the steps of a scan keep */

/* The columns that the steps' expressions see: see ic_op.step. */
static bool step_schema(ic_binder *b, const ic_schema *in, const ic_kql_op *o, ic_schema *ret)
{
	const ic_kql_columns *declare = &o->scan.declare;
	uint32_t width = in->n + declare->n, steps = o->scan.steps, n = width * (steps + 1);
	/* each step keeps what it and those before it have matched */
	if (width > IC_MAX_COLUMNS || (uint64_t)width * steps * steps > VALUES_MOST) {
		ic_bind_fail(b, IC_DIAG_LIMIT, o->at, o->length, "a scan of %u steps over %u columns", steps,
			     width);
		if (b->status == IC_E_LIMIT)
			ic_diag_hint(b->diag, "project the columns that it needs");
		return false;
	}
	ic_qcolumn *column = ic_bind_alloc(b, n, sizeof *column);
	if (!column)
		return false;
	for (uint32_t i = 0; i < n; i++) {
		uint32_t k = i % width;
		if (k < in->n)
			column[i] = in->column[k];
		else
			column[i] = (ic_qcolumn){ declare->column[k - in->n].name.text,
						  declare->column[k - in->n].type };
	}
	*ret = (ic_schema){ column, n };
	return true;
}

static bool step_sets(ic_binder *b, const ic_bind_scope *s, const ic_kql_columns *declare,
		      const ic_kql_items *set, ic_expr **ret)
{
	for (uint32_t i = 0; i < set->n; i++) {
		const ic_kql_item *item = &set->item[i];
		uint32_t k = 0;
		while (k < declare->n && !ic_str_eq(declare->column[k].name.text, item->name[0].text))
			k++;
		if (k == declare->n) {
			ic_bind_fail(b, IC_DIAG_NAME, item->expr->at, item->expr->length,
				     "a step sets columns that `declare` names");
			return false;
		}
		ic_expr *e = ic_bind_expr(b, s, item->expr);
		ic_qtype type = declare->column[k].type;
		if (e && ic_bind_common(e->type, type, false) == IC_QTYPES) {
			ic_bind_fail(b, IC_DIAG_TYPE, item->expr->at, item->expr->length,
				     "'%.*s' is %s, not %s", IC_BIND_NAME(item->name[0].text),
				     ic_qtype_name(type), ic_qtype_name(e->type));
			return false;
		}
		if (!(ret[k] = ic_bind_to(b, e, type)))
			return false;
	}
	return true;
}

/* A step sees the matches of the steps up to itself. */
static bool one_step(ic_binder *b, const ic_bind_name *names, const ic_kql_op *o, const ic_op *seen,
		     uint32_t width, uint32_t k, struct ic_step *ret)
{
	const ic_kql_step *step = &o->scan.step[k];
	ic_rel row = { .op = (ic_op *)seen };
	ic_bind_scope s = { .names = names,
			    .row = &row,
			    .base = seen,
			    .step = o->scan.step,
			    .steps = k + 1,
			    .step_width = width };
	ret->output = step->output;
	ret->set = ic_bind_alloc(b, o->scan.declare.n, sizeof(ic_expr *));
	ret->when = ret->set ? ic_bind_predicate(b, &s, step->predicate, "step") : NULL;
	return ret->when && step_sets(b, &s, &o->scan.declare, &step->set, ret->set);
}

static bool scan_out(ic_binder *b, const ic_kql_op *o, const ic_schema *seen, uint32_t width, ic_op *op)
{
	op->out = (ic_schema){ seen->column, width };
	if (!o->scan.match_id.text.p)
		return true;
	ic_qcolumn *column = ic_bind_alloc(b, (size_t)width + 1, sizeof *column);
	if (!column)
		return false;
	memcpy(column, seen->column, width * sizeof *column);
	column[width] = (ic_qcolumn){ ic_bind_unique(b, column, width, o->scan.match_id.text), IC_Q_LONG };
	op->step.match_id = true;
	op->out = (ic_schema){ column, width + 1 };
	return b->status == IC_OK;
}

static bool scan(ic_binder *b, const ic_bind_name *names, const ic_kql_op *o, ic_rel *r)
{
	uint32_t declared = o->scan.declare.n, width = r->op->out.n + declared;
	ic_op *op = ic_bind_op(b, IC_OP_STEP, o, r->op);
	ic_op *seen = ic_bind_alloc(b, 1, sizeof *seen);
	if (!op || !seen || !step_schema(b, &r->op->out, o, &seen->out))
		return false;
	op->step.declared = declared;
	op->step.preset = ic_bind_alloc(b, declared, sizeof *op->step.preset);
	op->step.step = ic_bind_alloc(b, o->scan.steps, sizeof *op->step.step);
	if (!op->step.preset || !op->step.step)
		return false;
	ic_bind_scope outer = { .names = names };
	for (uint32_t i = 0; i < declared; i++) {
		const ic_kql_column *c = &o->scan.declare.column[i];
		op->step.preset[i] = ic_value_null(c->type);
		if (c->value && !ic_bind_value(b, ic_bind_expr(b, &outer, c->value), c->type, "declare",
					       &op->step.preset[i]))
			return false;
	}
	for (; op->step.steps < o->scan.steps; op->step.steps++)
		if (!one_step(b, names, o, seen, width, op->step.steps, &op->step.step[op->step.steps]))
			return false;
	if (!scan_out(b, o, &seen->out, width, op))
		return false;
	*r = (ic_rel){ .op = op, .serialized = true };
	return true;
}

/* ---- parts */

/* The rows of one part, for a body. */
static bool part_rows(ic_binder *b, const ic_kql_op *o, const ic_rel *r, ic_rel *ret)
{
	ic_op *input = ic_bind_op(b, IC_OP_INPUT, o, NULL);
	if (!input)
		return false;
	input->out = r->op->out;
	*ret = (ic_rel){ .op = input, .open = r->open, .serialized = r->serialized };
	return true;
}

static bool in_parts(ic_binder *b, const ic_kql_op *o, ic_expr *by, const ic_rel *body, ic_rel *r)
{
	ic_op *op = by ? ic_bind_op(b, IC_OP_PARTITION, o, r->op) : NULL;
	if (!op)
		return false;
	op->partition.by = by;
	op->partition.body = body->op;
	op->out = body->op->out;
	op->ordered = false;
	*r = (ic_rel){ .op = op, .open = r->open || body->open };
	return true;
}

bool ic_bind_scan(ic_binder *b, const ic_bind_name *names, const ic_kql_op *o, ic_rel *r)
{
	const ic_kql_exprs *by = &o->scan.partition_by;
	ic_bind_scope s = { .names = names, .row = r, .base = r->op };
	ic_rel body;
	if (!r->serialized) {
		ic_bind_fail(b, IC_DIAG_TYPE, o->at, o->length, "scan needs rows in order");
		if (b->status == IC_E_USAGE)
			ic_diag_hint(b->diag, "put sort or serialize before it");
		return false;
	}
	if (!by->n)
		return scan(b, names, o, r);
	ic_expr **key = ic_bind_alloc(b, by->n, sizeof *key);
	for (uint32_t i = 0; key && i < by->n; i++)
		if (!(key[i] = ic_bind_expr(b, &s, by->expr[i])))
			return false;
	if (!key || !part_rows(b, o, r, &body) || !scan(b, names, o, &body))
		return false;
	ic_expr *all =
	    by->n == 1 ? key[0] : ic_bind_call(b, o->at, IC_FN_PACK_ARRAY, IC_Q_DYNAMIC, by->n, key);
	return in_parts(b, o, all, &body, r);
}

static ic_op *first_rows(ic_binder *b, const ic_kql_op *o, ic_op *in, uint32_t n)
{
	ic_op *op = ic_bind_op(b, IC_OP_TAKE, o, in);
	if (op)
		op->sort.limit = ic_value_long(n);
	return op;
}

/* The different values of the key, in the order of their first rows; *n 0: there is none, or nothing is run. */
static bool keys_of(ic_binder *b, const ic_kql_op *o, ic_expr *by, const ic_rel *r, const ic_value **ret,
		    uint32_t *n)
{
	ic_op *op = ic_bind_op(b, IC_OP_SUMMARIZE, o, r->op), *rows;
	ic_expr **key = op ? ic_bind_alloc(b, 1, sizeof(ic_expr *)) : NULL;
	ic_qcolumn *column = key ? ic_bind_alloc(b, 1, sizeof *column) : NULL;
	if (!column)
		return false;
	*key = by;
	*column = (ic_qcolumn){ o->partition.by->name.text, by->type };
	op->out = (ic_schema){ column, 1 };
	op->ordered = false;
	op->summarize.key = key;
	op->summarize.keys = 1;
	op = first_rows(b, o, op, PARTS_MOST + 1);
	if (!op || !ic_bind_run(b, op, false, &rows))
		return false;
	*n = rows ? (uint32_t)rows->values.rows : 0;
	*ret = *n ? rows->values.value : NULL;
	if (*n > PARTS_MOST)
		ic_bind_fail(b, IC_DIAG_LIMIT, o->at, o->length,
			     "partition with a query in braces takes at most %d different keys", PARTS_MOST);
	return b->status == IC_OK;
}

/* A query for each key, which knows it as toscalar(its name), and reads rows of its own. */
static bool query_each(ic_binder *b, const ic_bind_name *names, const ic_kql_op *o, ic_expr *by, ic_rel *r)
{
	ic_rel part[PARTS_MOST];
	const ic_value none = ic_value_null(by->type), *key;
	uint32_t n;
	if (!keys_of(b, o, by, r, &key, &n))
		return false;
	for (uint32_t i = 0; i < n || i == 0; i++) {
		ic_bind_name *name = ic_bind_push(b, names, o->partition.by->name, IC_BIND_VALUE);
		if (!name || !(name->value = ic_bind_const(b, o->at, n ? key[i] : none)))
			return false;
		*name->used = true;
		if (!ic_bind_table(b, name, o->partition.query, &part[i]))
			return false;
	}
	if (n == 0 && !(part[0].op = first_rows(b, o, part[0].op, 0)))
		return false;
	return ic_bind_all_of(b, o, part, n ? n : 1, r);
}

bool ic_bind_partition(ic_binder *b, const ic_bind_name *names, const ic_kql_op *o, ic_rel *r)
{
	ic_bind_scope s = { .names = names, .row = r, .base = r->op };
	ic_expr *by = ic_bind_expr(b, &s, o->partition.by);
	ic_rel start, body;
	if (by && o->partition.query)
		return query_each(b, names, o, by, r);
	return by && part_rows(b, o, r, &start) &&
	       ic_bind_pipe(b, names, o->partition.body.first, NULL, &start, &body) &&
	       ic_bind_settle(b, body.op) && in_parts(b, o, by, &body, r);
}
