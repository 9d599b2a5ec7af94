/* SPDX-License-Identifier: Apache-2.0 */
/* Any bytes as a KQL query over two tables: what is bound holds together, what is refused says why. */
#include "lang/lang.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static ic_qcolumn columns[] = {
	{ { "Timestamp", 9 }, IC_Q_DATETIME },
	{ { "s", 1 }, IC_Q_STRING },
	{ { "ip", 2 }, IC_Q_IP },
	{ { "i", 1 }, IC_Q_INT },
	{ { "l", 1 }, IC_Q_LONG },
	{ { "r", 1 }, IC_Q_REAL },
	{ { "d", 1 }, IC_Q_DYNAMIC },
	{ { "b", 1 }, IC_Q_BOOL },
	{ { "p", 1 }, IC_Q_TIMESPAN },
	{ { "id.orig_h", 9 }, IC_Q_STRING },
	{ { "g", 1 }, IC_Q_GUID },
};
static const ic_table table = { { "T", 1 }, { columns, sizeof columns / sizeof *columns }, NULL };

static ic_status find(void *ctx, ic_plan *plan, ic_str name, unsigned language, ic_op **ret, ic_diag *diag)
{
	(void)ctx;
	(void)language;
	(void)diag;
	*ret = NULL;
	if (!ic_str_eq(name, table.name))
		return IC_OK;
	*ret = ic_op_new(plan, IC_OP_SCAN, (ic_place){ 0 }, "scan", NULL);
	if (!*ret)
		return IC_E_NOMEM;
	(*ret)->scan.table = &table;
	(*ret)->out = table.schema;
	return IC_OK;
}

static ic_str name_of(void *ctx, size_t i)
{
	(void)ctx;
	return i == 0 ? table.name : (ic_str){ NULL, 0 };
}

static void check(const ic_expr *e, const ic_schema *in)
{
	if (e->type >= IC_Q_NULL)
		abort();
	if (e->kind == IC_X_COLUMN && (e->column >= in->n || in->column[e->column].type != e->type))
		abort();
	for (uint32_t i = 0; e->kind == IC_X_CALL && i < e->call.n; i++)
		check(e->call.arg[i], in);
}

/* The chain of inputs that a query's last operators have: columns are there and of the type said. */
static void walk(const ic_op *op)
{
	for (; op; op = op->in) {
		if (op->kind == IC_OP_PROJECT || op->kind == IC_OP_SERIAL)
			for (uint32_t i = 0; i < op->out.n; i++) {
				check(op->project.expr[i], &op->in->out);
				if (op->project.expr[i]->type != op->out.column[i].type)
					abort();
			}
		if (op->kind == IC_OP_FILTER)
			check(op->filter.predicate, &op->in->out);
		if (op->kind == IC_OP_SUMMARIZE)
			for (uint32_t i = 0; i < op->summarize.keys; i++)
				check(op->summarize.key[i], &op->in->out);
		if (op->kind == IC_OP_JOIN)
			for (uint32_t i = 0; i < op->join.keys; i++) {
				check(op->join.left_key[i], &op->in->out);
				check(op->join.right_key[i], &op->join.right->out);
				if (op->join.left_key[i]->type != op->join.right_key[i]->type)
					abort();
			}
		for (uint32_t i = 0; op->kind == IC_OP_UNION && i < op->united.inputs; i++)
			walk(op->united.in[i]);
		if (op->kind == IC_OP_JOIN)
			walk(op->join.right);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const ic_catalog catalog = { .table = find, .name = name_of };
	ic_diag diag = { 0 };
	ic_plan plan;
	if (size > 1 << 14)
		return 0;
	ic_plan_init(&plan, NULL);
	ic_status s = ic_lang_compile((ic_str){ size ? (const char *)data : "", (uint32_t)size }, IC_FN_KQL,
				      &catalog, &plan, &diag);
	if (s == IC_OK ? plan.root == NULL : s != IC_E_NOMEM && (!diag.set || diag.length == 0))
		abort();
	if (s == IC_OK)
		walk(plan.root);
	ic_plan_clear(&plan);
	return 0;
}
