/* SPDX-License-Identifier: Apache-2.0 */
/* Beacons in sources that only say how many connections a time slot had. A clock gives almost the same
 * number in every slot, which chance does not: z says how far below Poisson the counts vary (docs/
 * scorer.md, count mode). Weaker than times: no period can be told, so the automation stops at 90. */
#include "detect/run.h"

#define SLOTS_LEAST 5
#define SLOTS_MOST  100000
#define Z_HALF	    6.0	  /* four standard deviations of a Poisson source: automation 50 */
#define MOST_LOGIT  2.197 /* automation 90 */

static int by_ticks(const void *a, const void *b)
{
	const struct ic_slot *x = a, *y = b;
	return x->ticks < y->ticks ? -1 : x->ticks > y->ticks;
}

/* Counts of consecutive slots, empty ones in between as zero. NULL: too few (or *nomem). */
static double *dense(const ic_count_series *c, size_t *ret_n, int64_t *ret_first, int64_t *ret_width,
		     bool *nomem)
{
	struct ic_slot *slot = ic_reallocarray(NULL, c->slots, sizeof *slot);
	if (!slot) {
		*nomem = true;
		return NULL;
	}
	memcpy(slot, c->slot, c->slots * sizeof *slot);
	qsort(slot, c->slots, sizeof *slot, by_ticks);
	int64_t width = INT64_MAX;
	for (uint32_t i = 1; i < c->slots; i++) {
		int64_t gap = slot[i].ticks - slot[i - 1].ticks;
		if (gap >= IC_TICKS_S && gap < width)
			width = gap;
	}
	int64_t span = slot[c->slots - 1].ticks - slot[0].ticks;
	double *x = NULL;
	if (width < INT64_MAX && span / width < SLOTS_MOST && span / width + 1 >= SLOTS_LEAST) {
		*ret_n = (size_t)(span / width) + 1;
		x = ic_calloc(*ret_n + 1, sizeof *x);
		*nomem = !x;
		for (uint32_t i = 0; x && i < c->slots; i++)
			x[(slot[i].ticks - slot[0].ticks + width / 2) / width] += slot[i].count;
	}
	*ret_first = slot[0].ticks;
	*ret_width = width;
	ic_free(slot);
	return x;
}

static void report(ic_detect_run *run, unsigned part, const ic_count_series *c, double z, size_t slots,
		   int64_t first, int64_t width)
{
	const ic_series key = { .src = c->src,
				.value = c->value,
				.port = c->port,
				.group_by = c->group_by,
				.level = IC_AT_COUNT,
				.transport = c->transport };
	ic_draft *d = ic_draft_new(run, part, &key);
	if (!d)
		return;
	double logit = z - Z_HALF;
	d->base = logit > MOST_LOGIT ? MOST_LOGIT : logit;
	ic_finding *f = &d->f;
	f->automation = ic_round3(100.0 * ic_sigmoid(d->base));
	f->connections = c->total;
	f->first_seen = first;
	f->last_seen = first + (int64_t)(slots - 1) * width;
	char a[32], b[32], w[40];
	size_t n = ic_span_format((double)width / (double)IC_TICKS_S, w);
	ic_draft_reason(
	    run, d,
	    (ic_reason){ "steady-counts", z, Z_HALF, d->base,
			 ic_run_printf(run,
				       "%llu connections in %zu slots of %.*s, %s a slot: they vary less "
				       "than chance by z = %s (50 at %s)",
				       (unsigned long long)c->total, slots, (int)n, w,
				       ic_num(a, (double)c->total / (double)slots, 1), ic_num(b, z, 1),
				       "6.0") });
	f->summary = ic_run_printf(run, "%s connects to %s at a steady rate, %s times every %.*s.",
				   ic_draft_source(run, d), ic_draft_targets(run, d, 1), a, (int)n, w);
}

ic_status ic_detect_beacon_counts(ic_detect_run *run)
{
	double least = run->cfg->only_id ? 0 : run->cfg->min_automation;
	for (unsigned i = run->from; i < run->to; i++) {
		const ic_group_table *t = &run->part[i].p->counts;
		for (uint32_t k = 0; k < ic_group_count(t); k++) {
			const ic_count_series *c = ic_group_at(t, k);
			if (c->slots < SLOTS_LEAST)
				continue;
			size_t n = 0;
			int64_t first, width;
			double *x = dense(c, &n, &first, &width, &run->nomem);
			double z = x ? ic_count_score(x, n) : NAN;
			ic_free(x);
			if (!run->nomem && isfinite(z) && 100.0 * ic_sigmoid(z - Z_HALF) >= least)
				report(run, i, c, z, n, first, width);
			if (run->nomem)
				return IC_E_NOMEM;
		}
	}
	return IC_OK;
}
