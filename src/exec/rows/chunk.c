/* SPDX-License-Identifier: Apache-2.0 */
#include "exec/rows/chunk.h"

ic_value ic_vector_value(const ic_vector *v, uint32_t row)
{
	ic_value ret = { .type = v->type };

	row = ic_vector_at(v, row);
	if (v->nulls && (v->nulls[row >> 6] >> (row & 63)) & 1)
		return ic_value_null(v->type);
	switch (v->type) {
	case IC_Q_BOOL: ret.b = ((const uint8_t *)v->data)[row]; break;
	case IC_Q_INT:
	case IC_Q_LONG:
	case IC_Q_DATETIME:
	case IC_Q_TIMESPAN: ret.i = ((const int64_t *)v->data)[row]; break;
	case IC_Q_REAL: ret.d = ((const double *)v->data)[row]; break;
	case IC_Q_DECIMAL: ret.decimal = &((const ic_decimal *)v->data)[row]; break;
	case IC_Q_STRING: ret.s = ((const ic_str *)v->data)[row]; break;
	case IC_Q_IP: ret.ip = ((const ic_ip *)v->data)[row]; break;
	case IC_Q_DYNAMIC:
		ret.dyn = ((const ic_dyn *const *)v->data)[row];
		ret.null = ret.dyn == NULL;
		break;
	case IC_Q_GUID: ret.guid = ((const ic_guid *)v->data)[row]; break;
	case IC_Q_NULL:
	case IC_QTYPES: ret.null = true; break;
	}
	return ret;
}

bool ic_vector_make(ic_vector_out *o, ic_arena *a, ic_qtype type, uint32_t rows)
{
	size_t words = ((size_t)rows + 63) / 64;

	*o = (ic_vector_out){ .v = { .type = type } };
	o->data = ic_arena_alloc(a, ic_qtype_size(type) * rows + 1);
	o->nulls = ic_arena_alloc(a, words * 8);
	if (!o->data || !o->nulls)
		return false;
	memset(o->nulls, 0, words * 8);
	o->v.data = o->data;
	o->v.nulls = o->nulls;
	return true;
}

static void set_null(ic_vector_out *o, uint32_t row)
{
	size_t size = ic_qtype_size(o->v.type);

	o->nulls[row >> 6] |= UINT64_C(1) << (row & 63);
	memset((char *)o->data + size * row, 0, size);
}

void ic_vector_set(ic_vector_out *o, uint32_t row, const ic_value *v)
{
	if (v->null) {
		set_null(o, row);
		return;
	}
	switch (o->v.type) {
	case IC_Q_BOOL: o->b[row] = v->b; break;
	case IC_Q_INT:
	case IC_Q_LONG:
	case IC_Q_DATETIME:
	case IC_Q_TIMESPAN: o->i[row] = v->i; break;
	case IC_Q_REAL: o->d[row] = v->d; break;
	case IC_Q_DECIMAL: o->decimal[row] = *v->decimal; break;
	case IC_Q_STRING: o->s[row] = v->s; break;
	case IC_Q_IP: o->ip[row] = v->ip; break;
	case IC_Q_DYNAMIC:
		o->dyn[row] = v->dyn;
		if (!v->dyn)
			set_null(o, row);
		break;
	case IC_Q_GUID: o->guid[row] = v->guid; break;
	case IC_Q_NULL:
	case IC_QTYPES: set_null(o, row); break;
	}
}

bool ic_vector_constant(ic_vector *ret, ic_arena *a, const ic_value *v)
{
	ic_vector_out o;

	if (!ic_vector_make(&o, a, v->type, 1))
		return false;
	ic_vector_set(&o, 0, v);
	*ret = o.v;
	ret->constant = true;
	if (!v->null)
		ret->nulls = NULL;
	return true;
}

#define PICK(T)                                                                                              \
	for (uint32_t i = 0; i < n; i++)                                                                     \
		((T *)o.data)[i] = ((const T *)v->data)[pick[i]];                                            \
	break

static bool pick_codes(ic_vector *ret, ic_arena *a, const ic_coded *from, const uint16_t *pick, uint32_t n)
{
	ic_coded *coded = ic_arena_alloc(a, sizeof *coded);
	uint8_t *code = ic_arena_alloc(a, n);

	if (!coded || !code)
		return false;
	for (uint32_t i = 0; i < n; i++)
		code[i] = from->code[pick[i]];
	*coded = *from;
	coded->code = code;
	ret->coded = coded;
	return true;
}

bool ic_vector_pick(ic_vector *ret, ic_arena *a, const ic_vector *v, const uint16_t *pick, uint32_t n)
{
	ic_vector_out o;
	uint64_t any = 0;

	if (v->constant) {
		*ret = *v;
		return true;
	}
	if (!ic_vector_make(&o, a, v->type, n))
		return false;
	switch (ic_qtype_size(v->type)) {
	case 1: PICK(uint8_t);
	case 8: PICK(uint64_t);
	case 16: PICK(ic_str);
	default: PICK(ic_decimal);
	}
	for (uint32_t i = 0; v->nulls && i < n; i += 64) {
		const uint32_t left = n - i < 64 ? n - i : 64;
		const uint16_t *row = pick + i;
		uint64_t word = 0;
		for (uint32_t k = 0; k < left; k++)
			word |= (v->nulls[row[k] >> 6] >> (row[k] & 63) & 1) << k;
		o.nulls[i >> 6] = word;
		any |= word;
	}
	*ret = o.v;
	if (!any)
		ret->nulls = NULL;
	return !v->coded || pick_codes(ret, a, v->coded, pick, n);
}

#define DECODE(T)                                                                                            \
	_Pragma("GCC unroll 4") for (uint32_t i = 0; i < rows; i++)                                          \
	{                                                                                                    \
		((T *)o.data)[i] = ((const T *)word->data)[code[i]];                                         \
	}                                                                                                    \
	break

bool ic_vector_decode(ic_vector *ret, ic_arena *a, const ic_vector *word, uint32_t words, const uint8_t *code,
		      uint32_t rows)
{
	ic_vector_out o;

	if (word->constant) {
		*ret = *word;
		return true;
	}
	if (rows && memcmp(code, code + 1, rows - 1) == 0) {
		const ic_value one = ic_vector_value(word, code[0]);
		return ic_vector_constant(ret, a, &one);
	}
	if (!ic_vector_make(&o, a, word->type, rows))
		return false;
	switch (ic_qtype_size(word->type)) {
	case 1: DECODE(uint8_t);
	case 8: DECODE(uint64_t);
	case 16: DECODE(ic_str);
	default: DECODE(ic_decimal);
	}
	bool any = false; /* a row whose word is null: mostly there is none */
	for (uint32_t k = 0; word->nulls && k < words && !any; k++)
		any = ic_vector_null(word, k) && memchr(code, (int)k, rows);
	for (uint32_t i = 0; any && i < rows; i++)
		o.nulls[i >> 6] |= (uint64_t)ic_vector_null(word, code[i]) << (i & 63);
	*ret = o.v;
	if (!any)
		ret->nulls = NULL;
	if (word->type != IC_Q_STRING)
		return true;
	ic_coded *coded = ic_arena_alloc(a, sizeof *coded);
	if (!coded)
		return false;
	*coded = (ic_coded){ code, words, *word };
	ret->coded = coded;
	return true;
}

bool ic_vector_strings(ic_vector *ret, ic_arena *a, const ic_vector *v, uint32_t rows)
{
	ic_vector_out o;
	const ic_ip *ip = v->data;
	char *text = NULL, *end = NULL;

	*ret = *v;
	if (v->type != IC_Q_IP)
		return true;
	if (v->constant)
		rows = 1;
	if (!ic_vector_make(&o, a, IC_Q_STRING, rows))
		return false;
	for (uint32_t i = 0; i < rows; i++) {
		if (ic_vector_null(v, i)) {
			o.s[i] = (ic_str){ NULL, 0 };
			continue;
		}
		if (i && memcmp(&ip[i], &ip[i - 1], sizeof *ip) == 0 && o.s[i - 1].p) {
			o.s[i] = o.s[i - 1];
			continue;
		}
		if (end - text < 48) { /* room for many at a time: most addresses are short */
			size_t room = (size_t)(rows - i) * 16 + 48;
			text = ic_arena_alloc(a, room);
			if (!text)
				return false;
			end = text + room;
		}
		o.s[i] = (ic_str){ text, (uint32_t)ic_ip_format(&ip[i], text) };
		text += o.s[i].n;
	}
	*ret = (ic_vector){ IC_Q_STRING, v->constant, o.data, v->nulls, NULL };
	return true;
}
