/* SPDX-License-Identifier: Apache-2.0 */
/* beacon(time [, bytes]): the scorer of `scan` as an aggregate of queries. */
#include <math.h>

#include "base/time.h"
#include "beacon/score.h"
#include "engine/query.h"

static size_t state_bytes(const ic_agg *agg)
{
	(void)agg;
	return sizeof(ic_sketch);
}

/* The size of an event; any number will do. */
static int64_t size_of(const ic_value *v)
{
	double d;
	if (v->null)
		return IC_SIZE_UNKNOWN;
	switch (v->type) {
	case IC_Q_INT:
	case IC_Q_LONG: return v->i >= 0 ? v->i : IC_SIZE_UNKNOWN;
	case IC_Q_REAL: d = v->d; break;
	case IC_Q_DECIMAL: d = ic_decimal_real(v->decimal); break;
	default: return IC_SIZE_UNKNOWN;
	}
	return d >= 0 && d < 9e18 ? (int64_t)d : IC_SIZE_UNKNOWN;
}

static void add(ic_agg_ctx *c, void *state, const ic_value *arg)
{
	if (arg[0].null || arg[0].i < 0 || arg[0].i > IC_TIME_MAX)
		return;
	int64_t bytes = c->agg->n > 1 ? size_of(&arg[1]) : IC_SIZE_UNKNOWN;
	if (ic_sketch_add(state, c->slab, arg[0].i, bytes) != IC_OK)
		c->failed = IC_E_NOMEM;
}

/* What is not known is null. */
static ic_value number(double d, bool known)
{
	return known && isfinite(d) ? ic_value_real(d) : ic_value_null(IC_Q_REAL);
}

static void result(ic_agg_ctx *c, const void *state, ic_value *ret)
{
	const ic_sketch *k = state;
	ic_sketch_view v;
	ic_score s;
	*ret = ic_value_null(IC_Q_DYNAMIC);
	if (k->n == 0)
		return;
	ic_sketch_read(k, &v);
	ic_beacon_score_view(&v, &s);
	bool beats = s.E > 0;
	const struct {
		ic_str name;
		ic_value value;
	} parts[] = {
		{ IC_STR("events"), ic_value_long(v.n) },
		{ IC_STR("automation"), number(s.automation, true) },
		{ IC_STR("sleep_s"), number(s.sleep_s, beats) },
		{ IC_STR("jitter"), number(s.jitter, beats) },
		{ IC_STR("interval_median_s"), number(v.interval_median_s, true) },
		{ IC_STR("coverage"), number(s.m_time, true) },
		{ IC_STR("regularity"), number(s.regularity, true) },
		{ IC_STR("evidence_bursty"), number(s.evidence_bursty, true) },
		{ IC_STR("evidence_memoryless"), number(s.evidence_memoryless, true) },
		{ IC_STR("persistence"), number(s.persistence, true) },
		{ IC_STR("size"), number(s.size, true) },
		{ IC_STR("first_seen"), ic_value_ticks(IC_Q_DATETIME, v.first) },
		{ IC_STR("last_seen"), ic_value_ticks(IC_Q_DATETIME, v.last) },
	};
	enum { PARTS = sizeof parts / sizeof *parts };
	ic_dyn_member member[PARTS];
	for (size_t i = 0; i < PARTS; i++) {
		member[i] = (ic_dyn_member){ parts[i].name, ic_dyn_of(c->arena, &parts[i].value) };
		if (!member[i].value)
			c->failed = IC_E_NOMEM;
	}
	if (c->failed)
		return;
	*ret = ic_value_dyn(ic_dyn_bag(c->arena, member, PARTS));
	if (ret->null)
		c->failed = IC_E_NOMEM;
}

const ic_agg_kernel ic_query_beacon = { .state_bytes = state_bytes, .add = add, .result = result };
