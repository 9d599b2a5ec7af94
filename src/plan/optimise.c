/* SPDX-License-Identifier: Apache-2.0 */
#include "plan/plan.h"

static ic_status scan_all(ic_plan *p, ic_op *op)
{
	if (!op)
		return IC_OK;
	if (op->kind == IC_OP_SCAN) {
		op->scan.column = ic_arena_alloc(&p->arena, sizeof(uint32_t) * op->out.n);
		if (!op->scan.column)
			return IC_E_NOMEM;
		for (uint32_t i = 0; i < op->out.n; i++)
			op->scan.column[i] = i;
		return IC_OK;
	}
	if (op->kind == IC_OP_JOIN && scan_all(p, op->join.right) != IC_OK)
		return IC_E_NOMEM;
	if (op->kind == IC_OP_UNION)
		for (uint32_t i = 0; i < op->united.inputs; i++)
			if (scan_all(p, op->united.in[i]) != IC_OK)
				return IC_E_NOMEM;
	return scan_all(p, op->in);
}

ic_status ic_plan_optimise(ic_plan *p, ic_fold_fn fold, ic_diag *diag)
{
	(void)fold;
	(void)diag;
	return scan_all(p, p->root);
}
