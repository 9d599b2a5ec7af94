/* SPDX-License-Identifier: Apache-2.0 */
/* union: each input's columns under the names of the output. Rows go through as they come; the rows of
 * an earlier input come before those of a later one. */
#include "base/error.h"
#include "exec/operator.h"

static ic_status union_push(ic_operator *o, ic_worker *w, unsigned port, const ic_chunk *c)
{
	const ic_op *op = o->op;
	ic_vector *col = ic_arena_alloc(&w->arena, (op->out.n + 1) * sizeof *col);
	if (!col)
		return ic_fail_nomem(w->err);
	for (uint32_t i = 0; i < op->out.n; i++) {
		ic_qtype type = op->out.column[i].type;
		int32_t from = op->united.column[port][i];
		if (from >= 0) {
			col[i] = c->col[from];
			/* an address may become text only here, where other inputs have text */
			if (type == IC_Q_STRING &&
			    !ic_vector_strings(&col[i], &w->arena, &c->col[from], c->rows))
				return ic_fail_nomem(w->err);
			continue;
		}
		ic_value v = (int32_t)i == op->united.source
				 ? ic_value_str(op->united.name[port])
				 : ic_missing(ic_operator_plan(o)->language, type);
		if (!ic_vector_constant(&col[i], &w->arena, &v))
			return ic_fail_nomem(w->err);
	}
	ic_chunk out = { c->rows, op->out.n, col, c->seq, c->flow };
	return ic_operator_pass(o, w, &out);
}

ic_status ic_make_union(ic_operator *o, ic_diag *diag)
{
	static const ic_operator_class class = { .push = union_push, .parallel = true };
	(void)diag;
	o->class = &class;
	return IC_OK;
}
