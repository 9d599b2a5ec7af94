/* SPDX-License-Identifier: Apache-2.0 */
/* Groups to rows. */
#include <math.h>

#include "exec/group/summarize.h"

enum { WIDE_BYTES = 4 << 20 }; /* of the cells of wide keys at once */

typedef struct writer {
	ic_summarize *s;
	ic_worker *w;
	ic_arena *a;
	const ic_sum_groups *g;
	ic_vector *col;
} writer;

uint32_t ic_summarize_at_once(const ic_summarize *s)
{
	if (!s->piece_bytes || s->cell_bytes <= WIDE_BYTES / IC_CHUNK_ROWS)
		return IC_CHUNK_ROWS;
	return WIDE_BYTES / s->cell_bytes + 1;
}

/* ---- keys -------------------------------------------------------------------------------- */

/* Where the cells of each group's keys are. NULL: out of memory. */
static const char **cells_of(const writer *w)
{
	const ic_summarize *s = w->s;
	const char **base = ic_arena_alloc(w->a, w->g->n * sizeof *base);
	char *wide = s->piece_bytes ? ic_arena_alloc(w->a, w->g->n * (size_t)s->cell_bytes) : NULL;
	if (!base || (s->piece_bytes && !wide))
		return NULL;
	for (uint32_t i = 0; i < w->g->n; i++) {
		base[i] = wide ? wide : w->g->entry[i];
		if (wide) {
			ic_summarize_cells(s, w->g->entry[i], wide);
			wide += s->cell_bytes;
		}
	}
	return base;
}

static bool key_column(const writer *w, const ic_cell *c, const char *const *base, ic_qtype type,
		       ic_vector *ret)
{
	ic_vector_out out;
	if (c->kind == IC_CELL_CONST)
		return ic_vector_constant(ret, w->a, c->constant);
	if (!ic_vector_make(&out, w->a, type, w->g->n))
		return false;
	for (uint32_t i = 0; i < w->g->n; i++) {
		bool null =
		    c->flag != IC_NO_FLAG && (base[i][w->s->null_at + c->flag / 8] >> c->flag % 8 & 1);

		ic_value v = ic_value_null(c->type);
		if (!null &&
		    !ic_cell_value(&w->s->texts, w->a, c->type, c->kind, ic_cell_bits(c, base[i]), &v))
			return false;

		ic_vector_set(&out, i, &v);
	}
	*ret = out.v;
	return true;
}

/* ---- aggregates ---------------------------------------------------------------------------- */

static inline uint64_t word_at(const char *p)
{
	uint64_t v;
	memcpy(&v, p, 8);
	return v;
}

static inline double real_of(uint64_t bits)
{
	double d;
	memcpy(&d, &bits, sizeof d);
	return d;
}

static ic_value average(const ic_sum_agg *a, const char *state)
{
	uint64_t sum = word_at(state), n = word_at(state + 8);
	ic_qtype type = a->agg->type;
	if (n == 0)
		return type == IC_Q_REAL && a->agg->fn != IC_AGG_AQL_AVG ? ic_value_real((double)NAN)
									 : ic_value_null(type);
	if (type != IC_Q_REAL)
		return ic_value_ticks(type, (int64_t)sum / (int64_t)n);
	double total = a->how == IC_SUM_AVG_WHOLE ? (double)(int64_t)sum : real_of(sum);
	return ic_value_real(total / (double)n);
}

static ic_value least(const ic_summarize *s, const ic_sum_agg *a, const char *entry)
{
	ic_qtype type = a->agg->type;
	uint64_t bits = word_at(entry + a->state);
	if (!ic_sum_has_value(s, a, entry))
		return ic_value_null(type);
	if (type != IC_Q_REAL)
		return ic_value_ticks(type, (int64_t)bits);
	bool whole = s->arg[a->arg].kind == IC_CELL_WHOLE;
	return ic_value_real(whole ? (double)(int64_t)bits : real_of(bits));
}

/* An array of the values that cells stand for. */
static ic_value array_of(const ic_summarize *s, const ic_sum_agg *a, ic_agg_ctx *c, const uint64_t *bits,
			 uint64_t n)
{
	const ic_cell *cell = &s->arg[a->arg];
	const ic_dyn **item = ic_arena_alloc(c->arena, (n + 1) * sizeof *item);
	uint64_t bytes = 0;
	for (uint64_t i = 0; item && i < n; i++) {

		ic_value v;
		if (!ic_cell_value(&s->texts, c->arena, cell->type, cell->kind, bits[i], &v)) {
			item = NULL;
			break;
		}
		if (v.null && s->texts.null_is_empty) /* an address */
			v = ic_value_str(IC_STR(""));
		bytes += v.type == IC_Q_STRING ? v.s.n : 0;
		if (bytes > IC_VALUE_BYTES) {
			ic_agg_limit(c, "an array of more than 16 MiB");
			return ic_value_null(IC_Q_DYNAMIC);
		}
		item[i] = ic_dyn_of(c->arena, &v);
		if (!item[i])
			item = NULL;
	}
	ic_value ret = ic_value_dyn(item ? ic_dyn_array(c->arena, item, (uint32_t)n) : NULL);
	if (ret.null)
		ic_agg_nomem(c);
	return ret;
}

static ic_value cells_result(const ic_summarize *s, const ic_sum_agg *a, ic_agg_ctx *c, const char *state)
{
	if (a->how == IC_SUM_LIST) {
		const ic_agg_list *l = (const ic_agg_list *)(const void *)state;
		const uint64_t *all = ic_agg_list_all(c, l, sizeof *all);
		return array_of(s, a, c, all, all ? l->n : 0);
	}
	const ic_cells *cells = (const ic_cells *)(const void *)state;
	if (a->agg->type == IC_Q_DYNAMIC)
		return array_of(s, a, c, ic_cells_at(cells), cells->n);
	return a->agg->type == IC_Q_REAL ? ic_value_real(cells->n) : ic_value_long(cells->n);
}

static void row_result(const ic_summarize *s, const ic_sum_agg *a, ic_agg_ctx *c, const char *state,
		       ic_value *ret)
{
	const ic_sum_row *row = (const ic_sum_row *)(const void *)state;
	uint32_t words = ic_sum_row_words(a->agg);
	bool ok = true;
	for (uint32_t i = 0; i < a->agg->columns; i++) {
		const ic_cell *cell = &s->arg[a->arg + i];
		bool null = !row->set || (row->nulls[i >> 6] >> (i & 63) & 1);
		if (null)
			ret[i] = ic_value_null(cell->type);
		else if (cell->kind == IC_CELL_CONST)
			ret[i] = *cell->constant;
		else

			ok &= ic_cell_value(&s->texts, c->arena, cell->type, cell->kind,
					    row->nulls[words + i], &ret[i]);
	}
	if (!ok)
		ic_agg_nomem(c);
}

static void result(const ic_summarize *s, const ic_sum_agg *a, ic_agg_ctx *c, const char *entry,
		   ic_value *ret)
{
	const char *state = entry + a->state;
	ic_qtype type = a->agg->type;
	switch (a->how) {
	case IC_SUM_COUNT:
		*ret = type == IC_Q_REAL ? ic_value_real((double)word_at(state))
					 : ic_value_long((int64_t)word_at(state));
		break;
	case IC_SUM_WHOLE: *ret = ic_value_ticks(type, (int64_t)word_at(state)); break;
	case IC_SUM_REAL: *ret = ic_value_real(real_of(word_at(state))); break;
	case IC_SUM_AVG_WHOLE:
	case IC_SUM_AVG_REAL: *ret = average(a, state); break;
	case IC_SUM_LEAST: *ret = least(s, a, entry); break;
	case IC_SUM_TOTAL:
		*ret = ic_sum_has_value(s, a, entry) ? ic_value_real(real_of(word_at(state)))
						     : ic_value_null(type);
		break;
	case IC_SUM_DISTINCT:
	case IC_SUM_LIST: *ret = cells_result(s, a, c, state); break;
	case IC_SUM_ROW: row_result(s, a, c, state, ret); break;

	case IC_SUM_NUMBERS:
	case IC_SUM_KERNEL: a->kernel->result(c, state, ret); break;
	}
}

/* Numbers that stand in the entries as they come out. false: they are none. */
static bool plain_numbers(const ic_sum_agg *a, const ic_sum_groups *g, int64_t *ret)
{
	bool plain = (a->how == IC_SUM_COUNT || a->how == IC_SUM_WHOLE) && a->agg->type != IC_Q_REAL;
	if (plain)
		for (uint32_t i = 0; i < g->n; i++)
			ret[i] = (int64_t)word_at(g->entry[i] + a->state);
	return plain;
}

static ic_status agg_columns(const writer *w, const ic_sum_agg *a)
{
	const ic_summarize *s = w->s;
	uint32_t columns = a->agg->columns;
	ic_vector_out *out = ic_arena_alloc(w->a, (columns + (size_t)1) * sizeof *out);
	ic_value *ret = ic_arena_alloc(w->a, (columns + (size_t)1) * sizeof *ret);
	if (!out || !ret)
		return IC_E_NOMEM;
	for (uint32_t i = 0; i < columns; i++) {
		if (!ic_vector_make(&out[i], w->a, s->o->op->out.column[a->out + i].type, w->g->n))
			return IC_E_NOMEM;
	}
	ic_agg_ctx c = { .plan = ic_operator_plan(s->o), .agg = a->agg, .arena = w->a };
	bool done = plain_numbers(a, w->g, out[0].i);
	for (uint32_t g = 0; g < w->g->n && !done; g++) {
		c.slab = &w->g->part[g]->slab;
		result(s, a, &c, w->g->entry[g], ret);
		if (c.failed != IC_OK)
			return ic_operator_agg_failed(s->o, w->w, &c);
		for (uint32_t i = 0; i < columns; i++)
			ic_vector_set(&out[i], g, &ret[i]);
	}
	for (uint32_t i = 0; i < columns; i++)
		w->col[a->out + i] = out[i].v;
	return IC_OK;
}

/* ---- rows ------------------------------------------------------------------------------------ */

static bool null_column(ic_arena *a, ic_qtype type, ic_vector *ret)
{
	ic_value null = ic_value_null(type);
	return ic_vector_constant(ret, a, &null);
}

static bool any_needed(const ic_sum_agg *a, const bool *needed)
{
	bool any = !needed;
	for (uint32_t i = 0; needed && i < a->agg->columns; i++)
		any |= needed[a->out + i];
	return any;
}

ic_status ic_summarize_columns(ic_summarize *s, ic_worker *w, ic_arena *a, const ic_sum_groups *g,
			       const bool *needed, ic_vector *col)
{
	const ic_schema *schema = &s->o->op->out;
	writer wr = { s, w, a, g, col };
	const char **base = NULL;
	for (uint32_t i = 0; i < schema->n; i++) {
		bool key = i < s->keys && (!needed || needed[i]);
		if (key && !base && !(base = cells_of(&wr)))
			return IC_E_NOMEM;
		if (key ? !key_column(&wr, &s->key[i], base, schema->column[i].type, &col[i])
			: !null_column(a, schema->column[i].type, &col[i]))
			return IC_E_NOMEM;
	}
	ic_status st = IC_OK;
	for (uint32_t i = 0; i < s->aggs && st == IC_OK; i++) {
		if (any_needed(&s->agg[i], needed))
			st = agg_columns(&wr, &s->agg[i]);
	}
	return st;
}
