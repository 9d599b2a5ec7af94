/* SPDX-License-Identifier: Apache-2.0 */
/* Rows that come from the query itself: literal ones, and range. */
#include <inttypes.h>
#include <math.h>

#include "base/error.h"
#include "exec/op/emit.h"

/* ---- values -------------------------------------------------------------------------- */

static void emit_free(ic_operator *o)
{
	ic_emit_free(o->state, o);
}

static ic_status values_finish(ic_operator *o, ic_worker *w, unsigned port)
{
	(void)port;
	ic_emit *e = ic_emit_for(o->state, w, 0);
	const ic_value *v = o->op->values.value;
	for (uint64_t i = 0; i < o->op->values.rows; i++, v += o->op->out.n) {
		ic_status st = ic_emit_add(e, v);
		if (st)
			return st;
	}
	return ic_emit_flush(e);
}

ic_status ic_make_values(ic_operator *o, ic_diag *diag)
{
	static const ic_operator_class class = { .finish = values_finish, .free = emit_free };
	(void)diag;
	o->class = &class;
	o->state = ic_emit_new(o);
	return o->state ? IC_OK : IC_E_NOMEM;
}

/* ---- range --------------------------------------------------------------------------- */

/* How many values there are; they are counted against the limit while they are made, so that a reader
 * who wants few gets them from any range. */
static uint64_t range_rows(const ic_op *op)
{
	const ic_value *from = &op->range.from, *to = &op->range.to, *step = &op->range.step;
	if (from->null || to->null || step->null)
		return 0;
	if (op->out.column[0].type == IC_Q_REAL) {
		double n = (to->d - from->d) / step->d;
		return !(n >= 0) || isinf(step->d) ? n == 0 : n >= 1e18 ? (uint64_t)1e18 : (uint64_t)n + 1;
	}
	__int128 way = (__int128)to->i - from->i, n = step->i ? way / step->i : -1;
	if (step->i == 0 || (way < 0) != (step->i < 0))
		return way == 0;
	return (uint64_t)n + (n < INT64_MAX);
}

static bool fill_range(ic_vector *ret, ic_emit *e, const ic_op *op, uint64_t first, uint32_t n)
{
	ic_vector_out out;
	if (!ic_vector_make(&out, ic_emit_arena(e), op->out.column[0].type, n))
		return false;
	const ic_value *from = &op->range.from, *step = &op->range.step;
	if (op->out.column[0].type == IC_Q_REAL)
		for (uint32_t i = 0; i < n; i++)
			out.d[i] = from->d + (double)(first + i) * step->d;
	else
		for (uint32_t i = 0; i < n; i++)
			out.i[i] = (int64_t)((uint64_t)from->i + (first + i) * (uint64_t)step->i);
	*ret = out.v;
	return true;
}

static ic_status range_finish(ic_operator *o, ic_worker *w, unsigned port)
{
	(void)port;
	ic_emit *e = ic_emit_for(o->state, w, 0);
	uint64_t rows = range_rows(o->op), limit = ic_operator_config(o)->max_made_rows;
	for (uint64_t at = 0; at < rows;) {
		uint64_t n = rows - at < IC_CHUNK_ROWS ? rows - at : IC_CHUNK_ROWS;
		if (at + n > limit)
			return ic_operator_limit(o, w, "range makes more than %" PRIu64 " rows", limit);
		if (!fill_range(&e->col[0], e, o->op, at, (uint32_t)n))
			return ic_fail_nomem(w->err);
		ic_status st = ic_emit_pass(e, (uint32_t)n);
		if (st)
			return st;
		at += n;
	}
	return IC_OK;
}

ic_status ic_make_range(ic_operator *o, ic_diag *diag)
{
	static const ic_operator_class class = { .finish = range_finish, .free = emit_free };
	(void)diag;
	o->class = &class;
	o->state = ic_emit_new(o);
	return o->state ? IC_OK : IC_E_NOMEM;
}
