/* SPDX-License-Identifier: Apache-2.0 */
/* Plans by hand over the table of scan_rig.h. */
#ifndef IC_TESTS_SCAN_PLANS_H
#define IC_TESTS_SCAN_PLANS_H

#include "scan_rig.h"

static const ic_place here = { 1, 1 };

/* The table's rows as a scan gives them; `t` is filled. */
static ic_op *scan_of(ic_plan *p, ic_table *t, const rig_table *rows)
{
	ic_op *op = ic_op_new(p, IC_OP_SCAN, here, "T", NULL);
	*t = (ic_table){ .name = IC_STR("T"), .schema = rows->schema, .origin = rows };
	op->out = rows->schema;
	op->scan.table = t;
	return op;
}

static ic_expr *column(ic_plan *p, const ic_op *in, uint32_t i)
{
	return ic_expr_column(p, here, &in->out, i);
}

static ic_expr *greater(ic_plan *p, ic_expr *a, int64_t than)
{
	ic_expr *e = ic_expr_call(p, here, IC_FN_GT, IC_Q_BOOL, 2);
	e->call.arg[0] = a;
	e->call.arg[1] = ic_expr_const(p, here, ic_value_ticks(a->type, than));
	return e;
}

static ic_op *filter(ic_plan *p, ic_op *in, ic_expr *predicate)
{
	ic_op *op = ic_op_new(p, IC_OP_FILTER, here, "where", in);
	op->out = in->out;
	op->filter.predicate = predicate;
	return op;
}

typedef struct agg_spec {
	ic_agg_id fn;
	ic_qtype type;
	uint32_t n, arg[4], columns;
} agg_spec;

static ic_op *summarize(ic_plan *p, ic_op *in, const uint32_t *key, uint32_t keys, const agg_spec *spec,
			uint32_t aggs)
{
	ic_op *op = ic_op_new(p, IC_OP_SUMMARIZE, here, "summarize", in);
	op->summarize.keys = keys;
	op->summarize.aggs = aggs;
	op->summarize.key = ic_arena_alloc(&p->arena, (keys + 1) * sizeof(ic_expr *));
	op->summarize.agg = ic_arena_alloc(&p->arena, (aggs + 1) * sizeof(ic_agg));
	op->out.column = ic_arena_alloc(&p->arena, 64 * sizeof(ic_qcolumn));
	for (uint32_t i = 0; i < keys; i++) {
		op->summarize.key[i] = column(p, in, key[i]);
		op->out.column[op->out.n++] = in->out.column[key[i]];
	}
	for (uint32_t i = 0; i < aggs; i++) {
		ic_agg *a = &op->summarize.agg[i];
		*a = (ic_agg){ .fn = spec[i].fn,
			       .type = spec[i].type,
			       .n = spec[i].n,
			       .at = here,
			       .columns = spec[i].columns ? spec[i].columns : 1 };
		a->arg = ic_arena_alloc(&p->arena, 8 * sizeof(ic_expr *));
		for (uint32_t k = 0; k < a->n; k++)
			a->arg[k] = column(p, in, spec[i].arg[k]);
		for (uint32_t k = 0; k < a->columns; k++)
			op->out.column[op->out.n++] =
			    (ic_qcolumn){ IC_STR("x"), a->columns > 1 ? a->arg[k]->type : a->type };
	}
	return op;
}

#endif
