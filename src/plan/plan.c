/* SPDX-License-Identifier: Apache-2.0 */
#include "plan/plan.h"

#include <stdarg.h>
#include <stdio.h>

void ic_plan_init(ic_plan *p, ic_budget *budget)
{
	*p = (ic_plan){ 0 };
	ic_arena_init(&p->arena, 0, budget);
}

void ic_plan_clear(ic_plan *p)
{
	ic_arena_clear(&p->arena);
	*p = (ic_plan){ 0 };
}

ic_status ic_plan_warn(ic_plan *p, ic_place at, const char *fmt, ...)
{
	char text[512];
	int n = snprintf(text, sizeof text, "%u:%u: ", at.line, at.column);
	va_list args;
	va_start(args, fmt);
	int more = n < 0 ? -1 : vsnprintf(text + n, sizeof text - (size_t)n, fmt, args);
	va_end(args);
	if (more < 0)
		return IC_E_INTERNAL;
	size_t length = (size_t)n + (size_t)more;
	if (length >= sizeof text)
		length = sizeof text - 1;
	/* grows by doubling: room is the next power of two from 8 */
	uint32_t count = p->warnings;
	if (count == 0 || (count >= 8 && (count & (count - 1)) == 0)) {
		ic_str *list = ic_arena_alloc(&p->arena, sizeof *list * (count < 8 ? 8 : (size_t)count * 2));
		if (!list)
			return IC_E_NOMEM;
		if (count)
			memcpy(list, p->warning, sizeof *list * count);
		p->warning = list;
	}
	char *copy = ic_arena_dup(&p->arena, text, length);
	if (!copy)
		return IC_E_NOMEM;
	p->warning[p->warnings++] = (ic_str){ copy, (uint32_t)length };
	return IC_OK;
}

ic_op *ic_op_new(ic_plan *p, ic_op_kind kind, ic_place at, const char *says, ic_op *in)
{
	ic_op *op = ic_arena_alloc(&p->arena, sizeof *op);
	if (op)
		*op = (ic_op){ .kind = kind, .at = at, .says = says, .in = in, .id = p->ops++ };
	return op;
}

ic_op *ic_op_keep(ic_plan *p, ic_place at, ic_op *in)
{
	ic_op *op = ic_op_new(p, IC_OP_KEEP, at, "materialize", in);
	if (!op)
		return NULL;
	op->out = in->out;
	op->ordered = in->ordered;
	op->keep.older = p->kept;
	p->kept = op;
	return op;
}

ic_op *ic_op_kept(ic_plan *p, ic_op *keep)
{
	uint32_t n = keep->out.n;
	ic_op *op = ic_op_new(p, IC_OP_KEPT, keep->at, "materialized", NULL);
	uint32_t *column = ic_arena_alloc(&p->arena, (n + (size_t)1) * sizeof *column);
	if (!op || !column)
		return NULL;
	for (uint32_t i = 0; i < n; i++)
		column[i] = i;
	op->out = keep->out;
	op->ordered = keep->ordered;
	op->kept.of = keep;
	op->kept.column = column;
	return op;
}

ic_expr *ic_expr_column(ic_plan *p, ic_place at, const ic_schema *of, uint32_t column)
{
	ic_expr *e = ic_arena_alloc(&p->arena, sizeof *e);
	if (e)
		*e = (ic_expr){
			.kind = IC_X_COLUMN, .type = of->column[column].type, .at = at, .column = column
		};
	return e;
}

ic_expr *ic_expr_const(ic_plan *p, ic_place at, ic_value v)
{
	ic_expr *e = ic_arena_alloc(&p->arena, sizeof *e);
	if (e)
		*e = (ic_expr){ .kind = IC_X_CONST, .type = v.type, .at = at, .value = v };
	return e;
}

ic_expr *ic_expr_call(ic_plan *p, ic_place at, ic_fn_id fn, ic_qtype type, uint32_t n)
{
	ic_expr *e = ic_arena_alloc(&p->arena, sizeof *e);
	ic_expr **arg = ic_arena_alloc(&p->arena, sizeof(ic_expr *) * (n ? n : 1));
	if (!e || !arg)
		return NULL;
	memset(arg, 0, sizeof(ic_expr *) * (n ? n : 1));
	*e = (ic_expr){ .kind = IC_X_CALL, .type = type, .at = at, .call = { .fn = fn, .n = n, .arg = arg } };
	return e;
}

int32_t ic_schema_find(const ic_schema *s, ic_str name)
{
	for (uint32_t i = 0; i < s->n; i++)
		if (ic_str_eq(s->column[i].name, name))
			return (int32_t)i;
	return -1;
}
