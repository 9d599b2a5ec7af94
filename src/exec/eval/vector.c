/* SPDX-License-Identifier: Apache-2.0 */
#include "exec/eval/vector.h"

static void zero_nulls(ic_vector_out *o, uint32_t word, uint32_t rows)
{
	size_t size = ic_qtype_size(o->v.type);

	for (uint64_t bits = o->nulls[word]; bits; bits &= bits - 1) {
		uint32_t row = word * 64 + (uint32_t)__builtin_ctzll(bits);
		if (row >= rows)
			break;
		memset((char *)o->data + size * row, 0, size);
	}
}

void ic_call_done(ic_vector_out *o, const ic_vector *arg, uint32_t n, uint32_t rows, ic_vector *ret)
{
	uint32_t words = (rows + 63) / 64;
	uint64_t any = 0;

	for (uint32_t w = 0; w < words; w++) {
		for (uint32_t i = 0; i < n; i++)
			o->nulls[w] |= ic_null_word(&arg[i], w);
		if (o->nulls[w])
			zero_nulls(o, w, rows);
		any |= o->nulls[w];
	}
	*ret = o->v;
	if (!any)
		ret->nulls = NULL;
}

void ic_call_rows(ic_call *c, const ic_vector *arg, uint32_t rows, ic_row_fn row, ic_vector *ret)
{
	ic_vector_out o;
	ic_value value[8];
	uint32_t n = c->expr->call.n < 8 ? c->expr->call.n : 8;

	if (!ic_call_out(c, &o, rows))
		return;
	for (uint32_t i = 0; i < rows && c->failed == IC_OK; i++) {
		for (uint32_t k = 0; k < n; k++)
			value[k] = ic_vector_value(&arg[k], i);
		ic_value v = row(c, value);
		ic_vector_set(&o, i, &v);
	}
	ic_call_done(&o, NULL, 0, rows, ret);
}

bool ic_call_reals(ic_call *c, ic_vector *v, uint32_t rows)
{
	ic_vector_out o;

	if (v->type == IC_Q_REAL)
		return true;
	if (v->constant)
		rows = 1;
	if (!ic_vector_make(&o, c->arena, IC_Q_REAL, rows)) {
		c->failed = IC_E_NOMEM;
		return false;
	}
	if (v->type == IC_Q_DECIMAL)
		for (uint32_t i = 0; i < rows; i++)
			o.d[i] = ic_decimal_real(&((const ic_decimal *)v->data)[i]);
	else
		for (uint32_t i = 0; i < rows; i++)
			o.d[i] = (double)((const int64_t *)v->data)[i];
	*v = (ic_vector){ IC_Q_REAL, v->constant, o.data, v->nulls, NULL };
	return true;
}
