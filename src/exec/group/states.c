/* SPDX-License-Identifier: Apache-2.0 */
#include "exec/group/states.h"

#include "base/error.h"

enum { PAGE_STATES = 256 };

ic_status ic_states_init(ic_states *s, ic_operator *o, const ic_agg *const *agg, uint32_t aggs, ic_diag *diag)
{
	*s = (ic_states){ .o = o, .agg = agg, .aggs = aggs };
	ic_slab_init(&s->slab, ic_operator_config(o)->budget);
	s->kernel = ic_calloc(aggs + 1, sizeof *s->kernel);
	s->offset = ic_calloc(aggs + 1, sizeof *s->offset);
	if (!s->kernel || !s->offset)
		return IC_E_NOMEM;
	for (uint32_t i = 0; i < aggs; i++) {
		s->kernel[i] = ic_operator_aggregate(o, agg[i]->fn);
		if (!s->kernel[i])
			return ic_diag_fail(diag, IC_DIAG_UNSUPPORTED, agg[i]->at, 1,
					    "%s() is not supported here", ic_aggregates[agg[i]->fn].name);
		s->offset[i] = s->bytes;
		s->bytes += s->kernel[i]->state_bytes(agg[i]);
	}
	return IC_OK;
}

void ic_states_reset(ic_states *s)
{
	ic_budget *budget = s->slab.arena.budget;
	ic_slab_clear(&s->slab);
	ic_slab_init(&s->slab, budget);
	s->n = 0;
}

void ic_states_clear(ic_states *s)
{
	if (!s->o)
		return;
	ic_slab_clear(&s->slab);
	ic_free(s->kernel);
	ic_free(s->offset);
	ic_free(s->page);
}

/* Makes the pages up to that of the group. */
static bool reach(ic_states *s, uint32_t group)
{
	while (s->n <= group) {
		uint32_t pages = s->n / PAGE_STATES;
		if (pages >= s->room) {
			uint32_t room = s->room ? s->room * 2 : 16;
			char **page = ic_reallocarray(s->page, room, sizeof *page);
			if (!page)
				return false;
			s->page = page;
			s->room = room;
		}
		size_t bytes = (s->bytes ? s->bytes : 8) * PAGE_STATES;
		s->page[pages] = ic_arena_alloc(&s->slab.arena, bytes);
		if (!s->page[pages])
			return false;
		memset(s->page[pages], 0, bytes);
		s->n += PAGE_STATES;
	}
	return true;
}

static char *state_of(const ic_states *s, uint32_t group, uint32_t which)
{
	return s->page[group / PAGE_STATES] + s->bytes * (group % PAGE_STATES) + s->offset[which];
}

ic_status ic_states_add(ic_states *s, ic_worker *w, uint32_t group, uint32_t which, const ic_value *arg)
{
	if (!reach(s, group))
		return ic_fail_nomem(w->err);
	ic_agg_ctx c = { .plan = ic_operator_plan(s->o), .agg = s->agg[which], .slab = &s->slab };
	s->kernel[which]->add(&c, state_of(s, group, which), arg);
	return c.failed ? ic_operator_agg_failed(s->o, w, &c) : IC_OK;
}

ic_status ic_states_result(ic_states *s, ic_worker *w, uint32_t group, uint32_t which, ic_arena *arena,
			   ic_value *ret)
{
	const ic_agg *agg = s->agg[which];
	if (!reach(s, group))
		return ic_fail_nomem(w->err);
	ic_value *all = ic_arena_alloc(arena, (agg->columns + 1) * sizeof *all);
	if (!all)
		return ic_fail_nomem(w->err);
	ic_agg_ctx c = { .plan = ic_operator_plan(s->o), .agg = agg, .slab = &s->slab, .arena = arena };
	s->kernel[which]->result(&c, state_of(s, group, which), all);
	*ret = all[0];
	return c.failed ? ic_operator_agg_failed(s->o, w, &c) : IC_OK;
}
