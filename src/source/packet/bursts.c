/* SPDX-License-Identifier: Apache-2.0 */
#include "source/packet/bursts.h"

static uint32_t add(uint32_t a, uint32_t b)
{
	return b > UINT32_MAX - a ? UINT32_MAX : a + b;
}

static void drop_first(ic_bursts *b, ic_budget *budget)
{
	if (b->first && budget)
		ic_budget_give(budget, sizeof *b->first);
	ic_free(b->first);
	b->first = NULL;
}

static ic_status hold_first(ic_bursts *b, ic_budget *budget)
{
	if (budget && ic_budget_take(budget, sizeof *b->first) != 0)
		return IC_E_LIMIT;
	b->first = ic_malloc(sizeof *b->first);
	if (b->first)
		*b->first = b->now;
	else if (budget)
		ic_budget_give(budget, sizeof *b->first);
	return b->first ? IC_OK : IC_E_NOMEM;
}

/* What was being said is over. A single check-in is what its connection is: it is not told apart from it. */
static ic_status finish(ic_bursts *b, ic_budget *budget, ic_burst *done, unsigned *n)
{
	const ic_burst *now = &b->now;
	ic_status st = IC_OK;
	if (!now->begun || !now->asked || now->known)
		return IC_OK;
	if (!b->first && b->told == 0) {
		st = hold_first(b, budget);
	} else {
		if (b->first)
			done[(*n)++] = *b->first;
		done[(*n)++] = *now;
		drop_first(b, budget);
	}
	b->told = add(b->told, *n + (st != IC_OK));
	return st;
}

ic_status ic_bursts_say(ic_bursts *b, const ic_word *w, ic_budget *budget, ic_burst done[IC_BURSTS_DONE],
			unsigned *n)
{
	ic_burst *now = &b->now;
	ic_status st = IC_OK;
	*n = 0;
	/* Times may go backwards: that is no silence. */
	if (now->begun && w->ticks > now->last && w->ticks - now->last > IC_BURST_SILENCE) {
		st = finish(b, budget, done, n);
		*now = (ic_burst){ .begun = false };
	}
	if (!now->begun || w->ticks > now->last)
		now->last = w->ticks;
	if (w->side == 0 && !now->asked)
		now->start = w->ticks;
	now->begun = true;
	now->asked |= w->side == 0;
	now->bytes[w->side] = add(now->bytes[w->side], w->bytes);
	now->ip_bytes[w->side] = add(now->ip_bytes[w->side], w->ip_bytes);
	now->packets[w->side] = add(now->packets[w->side], w->packets);
	return st;
}

void ic_bursts_known(ic_bursts *b)
{
	b->now.known = true;
}

void ic_bursts_end(ic_bursts *b, ic_budget *budget, ic_burst done[IC_BURSTS_DONE], unsigned *n)
{
	*n = 0;
	/* One that stands alone is not to be held any more. */
	if (b->first || b->told)
		(void)finish(b, budget, done, n);
	b->now.begun = false;
	drop_first(b, budget);
}
