/* SPDX-License-Identifier: Apache-2.0 */
/* Aggregates that choose a row: arg_max, arg_min, take_any, AQL's FIRST and LAST. */
#include <math.h>

#include "exec/group/agg.h"

/* The arguments of the row: as many as there are output columns. */
typedef struct row_state {
	bool set;
	ic_kept kept[];
} row_state;

static size_t row_bytes(const ic_agg *agg)
{
	return sizeof(row_state) + agg->columns * sizeof(ic_kept);
}
_Static_assert(sizeof(row_state) % 8 == 0 && sizeof(ic_kept) % 8 == 0, "states are multiples of 8");

static void keep_row(ic_agg_ctx *c, row_state *s, const ic_value *arg)
{
	s->set = true;
	for (uint32_t i = 0; i < c->agg->columns; i++)
		ic_agg_keep(c, &s->kept[i], &arg[i]);
}

static void row_result(ic_agg_ctx *c, const void *state, ic_value *ret)
{
	const row_state *s = state;
	for (uint32_t i = 0; i < c->agg->columns; i++)
		ret[i] = s->set ? s->kept[i].v : ic_value_null(c->agg->arg[i]->type);
}

static bool is_nan(const ic_value *v)
{
	return v->type == IC_Q_REAL && isnan(v->d);
}

/* The first of several rows counts; a null only if there is nothing else; what is no number wins. */
static void arg_add(ic_agg_ctx *c, void *state, const ic_value *arg)
{
	row_state *s = state;
	const ic_value *best = &s->kept[0].v;
	if (s->set) {
		if (arg[0].null || (!best->null && is_nan(best)))
			return;
		if (!best->null && !is_nan(&arg[0])) {
			int order = ic_agg_order(c, &arg[0], best);
			if (c->agg->fn == IC_AGG_ARG_MAX ? order <= 0 : order >= 0)
				return;
		}
	}
	keep_row(c, s, arg);
}

const ic_agg_kernel ic_agg_arg = { row_bytes, arg_add, row_result };

static bool is_blank(const ic_value *v)
{
	return v->null || (v->type == IC_Q_STRING && v->s.n == 0);
}

/* Of one column the first value that says something, of several the first row. */
static void any_add(ic_agg_ctx *c, void *state, const ic_value *arg)
{
	row_state *s = state;
	if (!ic_agg_wanted(c->agg, arg))
		return;
	if (c->agg->fn == IC_AGG_AQL_LAST) {
		keep_row(c, s, arg);
		return;
	}
	bool one = c->agg->columns == 1 && c->agg->fn != IC_AGG_AQL_FIRST;
	if (!s->set || (one && is_blank(&s->kept[0].v) && !is_blank(&arg[0])))
		keep_row(c, s, arg);
}

const ic_agg_kernel ic_agg_any = { row_bytes, any_add, row_result };
