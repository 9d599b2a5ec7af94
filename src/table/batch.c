/* SPDX-License-Identifier: Apache-2.0 */
#include "table/batch.h"

static size_t value_size(ic_type t)
{
	switch (t) {
	case IC_T_BOOL: return sizeof(uint8_t);
	case IC_T_LONG:
	case IC_T_TIME: return sizeof(int64_t);
	case IC_T_REAL: return sizeof(double);
	case IC_T_IP: return sizeof(ic_ip);
	case IC_T_STRING: return sizeof(ic_str);
	}
	return 0;
}

ic_batch *ic_batch_new(ic_fieldset wanted)
{
	ic_batch *b = ic_calloc(1, sizeof *b);
	if (!b)
		return NULL;
	ic_arena_init(&b->arena, 0, NULL);
	for (int f = 0; f < IC_FIELD_COUNT; f++) {
		if (!(wanted & IC_FIELD_BIT(f)))
			continue;
		b->col[f].data = ic_calloc(IC_BATCH_ROWS, value_size(ic_fields[f].type));
		if (!b->col[f].data) {
			ic_batch_free(b);
			return NULL;
		}
		b->wanted |= IC_FIELD_BIT(f);
	}
	return b;
}

void ic_batch_free(ic_batch *b)
{
	if (!b)
		return;
	for (int f = 0; f < IC_FIELD_COUNT; f++)
		ic_free(b->col[f].data);
	ic_arena_clear(&b->arena);
	ic_free(b);
}

void ic_batch_reset(ic_batch *b)
{
	for (ic_fieldset left = b->wanted; left; left &= left - 1) {
		ic_column *c = &b->col[__builtin_ctzll(left)];
		memset(c->nulls, 0, sizeof c->nulls);
	}
	b->rows = 0;
	ic_arena_reset(&b->arena);
}

void ic_batch_null(ic_batch *b, ic_field f, uint32_t row)
{
	ic_column *c = &b->col[f];
	ic_column_set_null(c, row);
	switch (ic_fields[f].type) {
	case IC_T_BOOL: c->b[row] = 0; break;
	case IC_T_LONG:
	case IC_T_TIME: c->i[row] = 0; break;
	case IC_T_REAL: c->d[row] = 0; break;
	case IC_T_IP: c->ip[row] = (ic_ip){ { 0 } }; break;
	case IC_T_STRING: c->s[row] = (ic_str){ NULL, 0 }; break;
	}
}

void ic_batch_null_rest(ic_batch *b, uint32_t row, ic_fieldset seen)
{
	for (ic_fieldset left = b->wanted & ~seen; left; left &= left - 1)
		ic_batch_null(b, (ic_field)__builtin_ctzll(left), row);
}

void ic_batch_null_column(ic_batch *b, ic_field f, uint32_t rows)
{
	const size_t size = value_size(ic_fields[f].type);
	ic_column *col = &b->col[f];
	memset((char *)col->data + b->rows * size, 0, rows * size);
	for (uint32_t row = b->rows, end = b->rows + rows; row < end;) {
		const uint32_t next = (row | 63) + 1, last = next < end ? next : end;
		col->nulls[row >> 6] |= (UINT64_MAX >> (64 - (last - row))) << (row & 63);
		row = last;
	}
}

void ic_batch_clear_nulls(ic_batch *b, ic_fieldset columns, uint32_t row)
{
	for (ic_fieldset left = b->wanted & columns; left; left &= left - 1)
		b->col[__builtin_ctzll(left)].nulls[row >> 6] &= ~(UINT64_C(1) << (row & 63));
}

void ic_batch_move_row(ic_batch *b, ic_fieldset columns, uint32_t to, uint32_t from)
{
	for (ic_fieldset left = b->wanted & columns; left; left &= left - 1) {
		ic_column *col = &b->col[__builtin_ctzll(left)];
		switch (ic_fields[__builtin_ctzll(left)].type) {
		case IC_T_BOOL: col->b[to] = col->b[from]; break;
		case IC_T_LONG:
		case IC_T_TIME: col->i[to] = col->i[from]; break;
		case IC_T_REAL: col->d[to] = col->d[from]; break;
		case IC_T_IP: col->ip[to] = col->ip[from]; break;
		case IC_T_STRING: col->s[to] = col->s[from]; break;
		}
		const uint64_t bit = UINT64_C(1) << (to & 63);
		uint64_t *word = &col->nulls[to >> 6];
		*word = ic_column_null(col, from) ? *word | bit : *word & ~bit;
	}
}

static void gather_nulls(uint64_t *nulls, uint32_t first, const uint16_t *from, uint32_t n, uint32_t had)
{
	uint64_t any = 0;
	for (uint32_t w = first >> 6; had && w <= (first + had - 1) >> 6; w++)
		any |= nulls[w];
	for (uint32_t i = 0; any && i < had; i++) {
		const uint32_t to = first + i, old = i < n ? first + from[i] : 0;
		const bool null = i < n && (nulls[old >> 6] >> (old & 63)) & 1;
		nulls[to >> 6] &= ~(UINT64_C(1) << (to & 63));
		nulls[to >> 6] |= (uint64_t)null << (to & 63);
	}
}

#define GATHER(values)                                                                                       \
	for (uint32_t i = 0; i < n; i++)                                                                     \
	(values)[b->rows + i] = (values)[b->rows + from[i]]

void ic_batch_gather(ic_batch *b, ic_fieldset columns, const uint16_t *from, uint32_t n, uint32_t had)
{
	for (ic_fieldset left = b->wanted & columns; left; left &= left - 1) {
		ic_column *col = &b->col[__builtin_ctzll(left)];
		switch (ic_fields[__builtin_ctzll(left)].type) {
		case IC_T_BOOL: GATHER(col->b); break;
		case IC_T_LONG:
		case IC_T_TIME: GATHER(col->i); break;
		case IC_T_REAL: GATHER(col->d); break;
		case IC_T_IP: GATHER(col->ip); break;
		case IC_T_STRING: GATHER(col->s); break;
		}
		gather_nulls(col->nulls, b->rows, from, n, had);
	}
}
