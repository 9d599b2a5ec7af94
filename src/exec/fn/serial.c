/* SPDX-License-Identifier: Apache-2.0 */
#include "exec/op/serial.h"

#include "exec/rows/key.h"
#include "exec/operator.h"

static ic_status constant(ic_plan *p, const ic_expr *x, ic_value *ret, ic_diag *diag)
{
	if (x->kind == IC_X_CONST) {
		*ret = x->value;
		return IC_OK;
	}
	if (x->kind == IC_X_CALL)
		return ic_eval_fold(p, x, ret, diag);
	return ic_diag_fail(diag, IC_DIAG_TYPE, x->at, 1, "this argument must be a constant");
}

static ic_status init_shift(ic_serial *s, ic_plan *p, const ic_expr *call, ic_diag *diag)
{
	ic_expr **arg = call->call.arg;
	ic_value v;
	s->value = arg[0];
	s->number = 1;
	s->fallback = ic_missing(p->language, s->type);
	if (call->call.n > 1) {
		ic_status st = constant(p, arg[1], &v, diag);
		if (st)
			return st;
		if (v.null || v.i < 1)
			return ic_diag_fail(diag, IC_DIAG_TYPE, arg[1]->at, 1,
					    "the offset must be at least 1");
		s->number = v.i;
	}
	if (call->call.n > 2) {
		ic_status st = constant(p, arg[2], &v, diag);
		if (st)
			return st;
		if (!v.null && v.type == s->type)
			s->fallback = v;
		else if (!v.null && s->type == IC_Q_REAL && ic_qtype_is_number(v.type))
			s->fallback =
			    ic_value_real(v.type == IC_Q_DECIMAL ? ic_decimal_real(v.decimal) : (double)v.i);
		else if (!v.null && (s->type == IC_Q_LONG || s->type == IC_Q_INT) &&
			 (v.type == IC_Q_LONG || v.type == IC_Q_INT))
			s->fallback = ic_value_ticks(s->type, v.i);
	}
	s->whole = s->fn == IC_FN_NEXT || s->number > IC_SERIAL_REACH;
	if (s->whole)
		return IC_OK;
	s->tail = ic_calloc((size_t)s->number, sizeof *s->tail);
	return s->tail ? IC_OK : IC_E_NOMEM;
}

ic_status ic_serial_init(ic_serial *s, ic_plan *p, const ic_expr *call, ic_budget *budget, ic_diag *diag)
{
	ic_expr **arg = call->call.arg;
	uint32_t n = call->call.n;
	ic_value v;
	ic_status st;
	*s = (ic_serial){ .fn = call->call.fn, .type = call->type };
	ic_arena_init(&s->kept[0], 0, budget);
	ic_arena_init(&s->kept[1], 0, budget);
	switch (s->fn) {
	case IC_FN_PREV:
	case IC_FN_NEXT: return init_shift(s, p, call, diag);
	case IC_FN_ROW_NUMBER:
		s->number = 1;
		if (n > 0) {
			st = constant(p, arg[0], &v, diag);
			if (st)
				return st;
			s->number = v.null ? 1 : v.i;
		}
		s->restart = n > 1 ? arg[1] : NULL;
		return IC_OK;
	case IC_FN_ROW_WINDOW_SESSION:
		s->value = arg[0];
		for (uint32_t i = 1; i < 3; i++) {
			st = constant(p, arg[i], &v, diag);
			if (st)
				return st;
			*(i == 1 ? &s->longest : &s->gap) = v.null ? INT64_MAX : v.i;
		}
		s->restart = n > 3 ? arg[3] : NULL;
		return IC_OK;
	default: break; /* row_cumsum and the ranks */
	}
	s->value = arg[0];
	s->restart = n > 1 ? arg[1] : NULL;
	if (s->fn == IC_FN_ROW_CUMSUM && s->value->type == IC_Q_DECIMAL)
		return ic_diag_fail(diag, IC_DIAG_UNSUPPORTED, call->at, 1,
				    "row_cumsum of decimal values is not supported");
	return IC_OK;
}

void ic_serial_clear(ic_serial *s)
{
	ic_rowset_free(s->rows);
	ic_arena_clear(&s->kept[0]);
	ic_arena_clear(&s->kept[1]);
	ic_free(s->tail);
}

/* Keeps the last `number` values of those known and these. */
static bool keep_tail(ic_serial *s, const ic_vector *value, uint32_t n)
{
	bool ok = true;
	uint32_t reach = (uint32_t)s->number;
	uint32_t have = s->tail_n + n < reach ? s->tail_n + n : reach;
	uint32_t old = have > n ? have - n : 0; /* of the values known that stay */
	ic_arena *arena = &s->kept[s->turn ^= 1];
	ic_arena_reset(arena);
	for (uint32_t i = 0; i < old && ok; i++)
		s->tail[i] = ic_value_copy(arena, &s->tail[s->tail_n - old + i], &ok);
	for (uint32_t i = old; i < have && ok; i++) {
		ic_value v = ic_vector_value(value, n - have + i);
		s->tail[i] = ic_value_copy(arena, &v, &ok);
	}
	s->tail_n = have;
	return ok;
}

static bool step_prev(ic_serial *s, const ic_vector *value, uint32_t n, ic_vector_out *out)
{
	uint32_t reach = (uint32_t)s->number;
	for (uint32_t r = 0; r < n; r++) {
		ic_value v = s->fallback;
		if (r >= reach)
			v = ic_vector_value(value, r - reach);
		else if (reach - r <= s->tail_n)
			v = s->tail[s->tail_n - (reach - r)];
		ic_vector_set(out, r, &v);
	}
	return keep_tail(s, value, n);
}

static void step_whole(const ic_serial *s, uint64_t first, uint32_t n, ic_vector_out *out)
{
	uint64_t count = ic_rowset_count(s->rows), by = (uint64_t)s->number;
	for (uint32_t r = 0; r < n; r++) {
		uint64_t row = first + r;
		bool there = s->fn == IC_FN_NEXT ? by < count - row : by <= row;
		ic_value v = s->fallback;
		if (there)
			v = ic_rowset_value(s->rows, s->fn == IC_FN_NEXT ? row + by : row - by, 0);
		ic_vector_set(out, r, &v);
	}
}

static bool restarts(const ic_vector *restart, uint32_t row)
{
	return restart && !ic_vector_null(restart, row) &&
	       ((const uint8_t *)restart->data)[ic_vector_at(restart, row)];
}

static void step_number(ic_serial *s, const ic_vector *restart, uint32_t n, ic_vector_out *out)
{
	for (uint32_t r = 0; r < n; r++) {
		if (restarts(restart, r))
			s->count = 0;
		out->i[r] = (int64_t)((uint64_t)s->number + (uint64_t)s->count++);
	}
}

static void step_sum(ic_serial *s, const ic_vector *value, const ic_vector *restart, uint32_t n,
		     ic_vector_out *out)
{
	if (!s->begun)
		s->sum = s->type == IC_Q_REAL ? ic_value_real(0) : ic_value_ticks(s->type, 0);
	s->begun = true;
	for (uint32_t r = 0; r < n; r++) {
		ic_value v = ic_vector_value(value, r);
		if (restarts(restart, r))
			s->sum = s->type == IC_Q_REAL ? ic_value_real(0) : ic_value_ticks(s->type, 0);
		if (!v.null && s->type == IC_Q_REAL)
			s->sum.d += v.d;
		else if (!v.null)
			s->sum.i = (int64_t)((uint64_t)s->sum.i + (uint64_t)v.i);
		if (s->type == IC_Q_INT)
			s->sum.i = (int32_t)(uint32_t)(uint64_t)s->sum.i;
		ic_vector_set(out, r, &s->sum);
	}
}

static bool step_rank(ic_serial *s, const ic_vector *value, const ic_vector *restart, uint32_t n,
		      ic_vector_out *out)
{
	ic_value last = s->last;
	for (uint32_t r = 0; r < n; r++) {
		ic_value v = ic_vector_value(value, r);
		if (!s->begun || restarts(restart, r)) {
			s->rank = s->count = 1;
		} else {
			s->count++;
			if (!ic_key_same(&v, &last))
				s->rank = s->fn == IC_FN_ROW_RANK_MIN ? s->count : s->rank + 1;
		}
		s->begun = true;
		last = v;
		out->i[r] = s->rank;
	}
	bool ok = true;
	ic_arena *arena = &s->kept[s->turn ^= 1];
	ic_arena_reset(arena);
	s->last = ic_value_copy(arena, &last, &ok);
	return ok;
}

static bool farther(int64_t a, int64_t b, int64_t than)
{
	return (__int128)a - b > than;
}

static void step_session(ic_serial *s, const ic_vector *value, const ic_vector *restart, uint32_t n,
			 ic_vector_out *out)
{
	for (uint32_t r = 0; r < n; r++) {
		ic_value v = ic_vector_value(value, r);
		if (v.null) {
			s->begun = false;
		} else {
			if (!s->begun || restarts(restart, r) || farther(v.i, s->first.i, s->longest) ||
			    farther(v.i, s->last.i, s->gap))
				s->first = v;
			s->begun = true;
			s->last = v;
			v = s->first;
		}
		ic_vector_set(out, r, &v);
	}
}

bool ic_serial_step(ic_serial *s, const ic_vector *value, const ic_vector *restart, uint64_t first,
		    uint32_t n, ic_arena *arena, ic_vector *ret)
{
	ic_vector_out out;
	bool ok = true;
	if (!ic_vector_make(&out, arena, s->type, n))
		return false;
	if (s->whole)
		step_whole(s, first, n, &out);
	else if (s->fn == IC_FN_PREV)
		ok = step_prev(s, value, n, &out);
	else if (s->fn == IC_FN_ROW_NUMBER)
		step_number(s, restart, n, &out);
	else if (s->fn == IC_FN_ROW_CUMSUM)
		step_sum(s, value, restart, n, &out);
	else if (s->fn == IC_FN_ROW_WINDOW_SESSION)
		step_session(s, value, restart, n, &out);
	else
		ok = step_rank(s, value, restart, n, &out);
	*ret = out.v;
	return ok;
}
