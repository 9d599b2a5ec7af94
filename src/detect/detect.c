/* SPDX-License-Identifier: Apache-2.0 */
/* The order of a detection run: screen and fold the series, run the detectors, count the fleet, weigh
 * the evidence, apply the site's rules, sort. */
#include "detect/run.h"

static const char *const attack_web[] = { "T1071.001", NULL };
static const char *const attack_tls[] = { "T1071.001", "T1573.002", NULL };

const ic_detector ic_detectors[] = {
	{ "beacon",
	  "connections, requests or check-ins inside connections at a machine's rhythm, over every group "
	  "key; one finding a cause",
	  attack_web, ic_detect_beacon },
	{ "beacon.counts", "the same from sources that only count connections a time slot; weaker",
	  attack_web, ic_detect_beacon_counts },
	{ "long-connection", "one connection, or all of a pair together, lasting 1, 4, 8 or 12 hours",
	  attack_web, ic_detect_long_connection, ic_is_long_connection },
	{ "strobe", "a connection a second or more, for ten minutes or more", attack_web, ic_detect_strobe,
	  ic_is_strobe },
	{ "user-agent", "user agents that are listed, malformed, long dead, missing, rare or too many",
	  attack_web, ic_detect_user_agent },
	{ "websocket",
	  "WebSocket upgrades by something else than a browser, to a bare address or an odd port", attack_web,
	  ic_detect_websocket },
	{ "tls", "TLS without a server name, with a bad certificate, or by a listed or rare client",
	  attack_tls, ic_detect_tls },
	{ 0 },
};
_Static_assert(sizeof ic_detectors / sizeof *ic_detectors <= IC_DETECTORS_MOST + 1, "room for pickers");

/* ---- which findings ---------------------------------------------------------------- */

static int compare_down(double a, double b)
{
	/* NaN (null) comes last. */
	double x = isnan(a) ? -1 : a, y = isnan(b) ? -1 : b;
	return x > y ? -1 : x < y;
}

static bool is_wanted(const ic_detect_config *cfg, const ic_finding *f)
{
	return cfg->only_id ? f->id == cfg->only_id : f->priority >= cfg->min_priority;
}

/* 1 + the number of the site's rule that hides it; 0: none does. */
static size_t hidden_by(const ic_detect_config *cfg, const ic_finding *f)
{
	return cfg->hide ? ic_site_rules_match(cfg->hide, f, cfg->now) : 0;
}

/* ---- setting up -------------------------------------------------------------------- */

enum { SHARES = 32 }; /* of the partitions: several a thread, so that all end at about the same time */

typedef struct detection {
	ic_detect_run run; /* all partitions */
	ic_detect_run share[SHARES];
	ic_arena arena[SHARES];
	ic_run_part part[IC_PARTITIONS];
	ic_group_table hosts[IC_GROUP_BYS];
	bool counted; /* how many each share asks for is known */
	uint64_t hidden, below_top,
	    left_out; /* findings that were made, or would have been, and are none of the drafts */
} detection;

static void run_init(detection *t, ic_observation *o, const ic_detect_config *cfg, ic_arena *arena)
{
	ic_detect_run *run = &t->run;
	*run = (ic_detect_run){ .o = o,
				.names = ic_observe_names(o),
				.cfg = cfg,
				.part = t->part,
				.full = ic_observe_is_full(o),
				.hosts = t->hosts,
				.to = IC_PARTITIONS,
				.make_to = UINT64_MAX,
				.arena = arena };
	for (const ic_detector *d = ic_detectors; d->name; d++)
		if (d->picks)
			run->picker[run->pickers++] = d;
	for (unsigned by = 0; by < IC_GROUP_BYS; by++)
		ic_group_init(&run->hosts[by], sizeof(uint32_t), 2 * sizeof(uint32_t), NULL, NULL);
	for (unsigned i = 0; i < IC_PARTITIONS; i++) {
		const ic_partition *p = run->part[i].p = ic_observe_partition(o, i);
		for (uint32_t k = 0; k < ic_group_count(&p->hosts); k++) {
			const ic_host *h = ic_group_at(&p->hosts, k);
			run->internal_hosts += h->internal != 0;
		}
	}
	for (unsigned i = 0; i < SHARES; i++) {
		t->share[i] = *run;
		t->share[i].from = i * (IC_PARTITIONS / SHARES);
		t->share[i].to = (i + 1) * (IC_PARTITIONS / SHARES);
		t->share[i].arena = &t->arena[i];
		ic_arena_init(&t->arena[i], 0, NULL);
	}
}

/* What the shares made goes into the arena of the run. */
static void run_clear(detection *t)
{
	for (unsigned i = 0; i < SHARES; i++) {
		ic_arena_join(t->run.arena, &t->arena[i]);
		ic_free(t->share[i].draft);
	}
	for (unsigned i = 0; i < IC_PARTITIONS; i++) {
		ic_profiles_clear(&t->part[i]);
		ic_free(t->part[i].cand);
		ic_free(t->part[i].picked);
	}
	for (unsigned by = 0; by < IC_GROUP_BYS; by++)
		ic_group_clear(&t->hosts[by]);
	ic_free(t->run.draft);
	ic_free(t);
}

ic_status ic_run_pick(const ic_detect_run *run, ic_run_part *part, const ic_series *s)
{
	unsigned by = 0;
	for (unsigned i = 0; i < run->pickers; i++)
		if (run->picker[i]->picks(s))
			by |= 1u << (run->picker[i] - ic_detectors);
	if (!by)
		return IC_OK;
	if (part->picked_count == part->picked_room) {
		size_t room = part->picked_room ? part->picked_room * 2 : 16;
		ic_picked *more = ic_reallocarray(part->picked, room, sizeof *more);
		if (!more)
			return IC_E_NOMEM;
		part->picked = more;
		part->picked_room = room;
	}
	part->picked[part->picked_count++] = (ic_picked){ s, by };
	return IC_OK;
}

ic_status ic_each_picked(ic_detect_run *run,
			 void (*report)(ic_detect_run *run, unsigned part, const ic_series *s))
{
	const unsigned bit = 1u << (run->detector - ic_detectors);
	for (unsigned i = run->from; i < run->to; i++) {
		const ic_run_part *part = &run->part[i];
		for (size_t k = 0; k < part->picked_count && !run->nomem; k++)
			if (part->picked[k].by & bit)
				report(run, i, part->picked[k].series);
	}
	return run->nomem ? IC_E_NOMEM : IC_OK;
}

static ic_status run_share(void *ctx, unsigned i)
{
	const detection *t = ctx;
	ic_detect_run *run = &((detection *)ctx)->share[i];
	ic_arena_clear(run->arena);
	run->drafts = 0;
	if (t->counted && (run->number + run->asked <= run->make_from || run->number >= run->make_to))
		return IC_OK;
	run->asked = 0;
	ic_status st = IC_OK;
	for (const ic_detector *d = ic_detectors; d->name && st == IC_OK; d++) {
		run->detector = d;
		st = d->run(run);
	}
	return st == IC_OK && run->nomem ? IC_E_NOMEM : st;
}

static ic_status finish_share(void *ctx, unsigned i)
{
	ic_detect_run *run = &((detection *)ctx)->share[i];
	for (size_t k = 0; k < run->drafts; k++)
		ic_context_finish(run, run->draft[k]);
	return run->nomem ? IC_E_NOMEM : IC_OK;
}

static ic_status gather_drafts(detection *t)
{
	ic_detect_run *run = &t->run;
	run->drafts = run->draft_room = 0;
	for (unsigned i = 0; i < SHARES; i++)
		run->draft_room += t->share[i].drafts;
	ic_draft **list = ic_reallocarray(run->draft, run->draft_room, sizeof *list);
	if (!list)
		return IC_E_NOMEM;
	run->draft = list;
	for (unsigned i = 0; i < SHARES; i++)
		for (size_t k = 0; k < t->share[i].drafts; k++)
			run->draft[run->drafts++] = t->share[i].draft[k];
	return IC_OK;
}

/* Makes the drafts of the numbers from..to-1, of which only those of the bits of `chosen` (NULL: all). */
static ic_status make_drafts(detection *t, uint64_t from, uint64_t to, const uint64_t *chosen)
{
	static const unsigned destinations = 1u << IC_BY_IP_PORT | 1u << IC_BY_NAME | 1u << IC_BY_DOMAIN;
	ic_detect_run *run = &t->run;
	const unsigned threads = run->cfg->threads;
	for (unsigned i = 0; i < SHARES; i++) {
		t->share[i].make_from = from;
		t->share[i].make_to = to;
		t->share[i].chosen = chosen;
	}
	for (unsigned by = 0; by < IC_GROUP_BYS; by++)
		if (destinations >> by & 1)
			ic_group_clear(&run->hosts[by]);
	ic_status st = ic_parallel_for(threads, SHARES, run_share, t);
	if (st == IC_OK)
		st = gather_drafts(t);
	if (st == IC_OK && run->drafts)
		st = ic_context_count(run, destinations, true);
	return st == IC_OK ? ic_parallel_for(threads, SHARES, finish_share, t) : st;
}

/* ---- as many as there is memory for ------------------------------------------------ */

/* How important a finding is, is known when it is made, with all that counts of the others; there may be many more than
 * memory is for. So they are made some at a time, of which only the ranks are kept, and the best ones once again. */
typedef struct rank {
	double priority, automation;
	uint64_t id, number;
} rank;

typedef struct ranks {
	rank *list;
	size_t n, most; /* most: that are wanted; there is room for twice as many */
	uint64_t all;	/* that there were */
} ranks;

static int by_worth(const void *a, const void *b)
{
	const rank *x = a, *y = b;
	int c = compare_down(x->priority, y->priority);
	if (c == 0)
		c = compare_down(x->automation, y->automation);
	return c ? c : x->id < y->id ? -1 : x->id > y->id;
}

static void cut_ranks(ranks *r)
{
	if (r->n)
		qsort(r->list, r->n, sizeof *r->list, by_worth);
	r->n = r->n < r->most ? r->n : r->most;
}

static void add_ranks(detection *t, ranks *r)
{
	for (size_t i = 0; i < t->run.drafts; i++) {
		const ic_draft *d = t->run.draft[i];
		if (!is_wanted(t->run.cfg, &d->f))
			continue;
		if (!t->run.cfg->only_id && hidden_by(t->run.cfg, &d->f)) {
			t->hidden++;
			continue;
		}
		if (r->n == 2 * r->most)
			cut_ranks(r);
		r->list[r->n++] = (rank){ d->f.priority, d->f.automation, d->f.id, d->number };
		r->all++;
	}
}

static ic_status make_best(detection *t, uint64_t asked)
{
	const ic_detect_config *cfg = t->run.cfg;
	const bool topped = cfg->top && cfg->top < cfg->most;
	ranks r = { .most = topped ? cfg->top : cfg->most };
	uint64_t *chosen = ic_calloc(asked / 64 + 1, sizeof *chosen);
	r.list = ic_reallocarray(NULL, 2 * r.most, sizeof *r.list);
	ic_status st = r.list && chosen ? IC_OK : IC_E_NOMEM;
	for (uint64_t from = 0; from < asked && st == IC_OK; from += cfg->most) {
		st = make_drafts(t, from, from + cfg->most, NULL);
		if (st == IC_OK)
			add_ranks(t, &r);
	}
	if (st == IC_OK) {
		cut_ranks(&r);
		for (size_t i = 0; i < r.n; i++)
			chosen[r.list[i].number / 64] |= UINT64_C(1) << (r.list[i].number % 64);
		*(topped ? &t->below_top : &t->left_out) = r.all - r.n;
		st = make_drafts(t, 0, asked, chosen);
	}
	ic_free(chosen);
	ic_free(r.list);
	return st;
}

/* Numbers what detectors ask for. */
static ic_status count_drafts(detection *t, uint64_t *ret)
{
	ic_status st = make_drafts(t, 0, 0, NULL);
	uint64_t n = 0;
	for (unsigned i = 0; i < SHARES; i++) {
		t->share[i].number = n;
		n += t->share[i].asked;
	}
	t->counted = true;
	*ret = n;
	return st;
}

static ic_status run_detectors(detection *t)
{
	ic_detect_run *run = &t->run;
	uint64_t asked = 0;
	ic_status st = ic_beacon_screen(run);
	if (st == IC_OK && run->full && ic_fleet_counts(run))
		st = ic_context_count(run, 1u << IC_BY_JA4 | 1u << IC_BY_USER_AGENT, false);
	if (st == IC_OK && run->cfg->most)
		st = count_drafts(t, &asked);
	if (st != IC_OK)
		return st;
	return asked > run->cfg->most ? make_best(t, asked) : make_drafts(t, 0, UINT64_MAX, NULL);
}

/* ---- the list ---------------------------------------------------------------------- */

/* Nothing here depends on ids of the dictionary, threads or the order of the input. */
static int by_rank(const void *a, const void *b)
{
	const ic_finding *x = a, *y = b;
	int c = compare_down(x->priority, y->priority);
	if (c == 0)
		c = compare_down(x->automation, y->automation);
	if (c == 0)
		c = ic_str_cmp(x->src_host.p ? x->src_host : x->src_ip,
			       y->src_host.p ? y->src_host : y->src_ip);
	if (c == 0)
		c = (int)x->group_by - (int)y->group_by;
	if (c == 0)
		c = ic_str_cmp(x->value, y->value);
	if (c == 0)
		c = x->dst_port - y->dst_port;
	if (c == 0)
		c = strcmp(x->detector, y->detector);
	if (c == 0)
		c = (int)x->event_level - (int)y->event_level;
	return c ? c : x->id < y->id ? -1 : x->id > y->id;
}

ic_status ic_findings_add(ic_findings *f, const ic_detect_config *cfg, const ic_finding *more, size_t n)
{
	if (n > f->room - f->n) {
		size_t room = f->n + n > f->room * 2 ? f->n + n : f->room * 2;
		ic_finding *list = ic_reallocarray(f->list, room, sizeof *list);
		if (!list)
			return IC_E_NOMEM;
		f->list = list;
		f->room = room;
	}
	for (size_t i = 0; i < n; i++) {
		if (!is_wanted(cfg, &more[i]))
			continue;
		const size_t rule = hidden_by(cfg, &more[i]);
		if (rule && !cfg->only_id) {
			f->hidden++;
			continue;
		}
		f->list[f->n] = more[i];
		f->list[f->n++].hidden_by = rule;
	}
	return IC_OK;
}

void ic_findings_rank(ic_findings *f, const ic_detect_config *cfg)
{
	if (f->n)
		qsort(f->list, f->n, sizeof *f->list, by_rank);
	if (cfg->top && f->n > cfg->top && !cfg->only_id) {
		f->below_top += f->n - cfg->top;
		f->n = cfg->top;
	}
}

static ic_status fill_list(const detection *t, ic_findings *ret)
{
	const ic_detect_run *run = &t->run;
	ic_status st = IC_OK;
	for (size_t i = 0; i < run->drafts && st == IC_OK; i++)
		st = ic_findings_add(ret, run->cfg, &run->draft[i]->f, 1);
	ic_findings_rank(ret, run->cfg);
	ret->hidden += t->hidden;
	ret->below_top += t->below_top;
	ret->left_out = t->left_out;
	return st;
}

ic_status ic_detect(ic_observation *o, const ic_detect_config *cfg, ic_findings *ret, ic_error *err)
{
	*ret = (ic_findings){ .threads = cfg->threads };
	ic_arena_init(&ret->arena, 0, NULL);
	detection *t = ic_calloc(1, sizeof *t);
	if (!t)
		return ic_fail_nomem(err);
	run_init(t, o, cfg, &ret->arena);
	ic_status st = run_detectors(t);
	if (st == IC_OK)
		st = fill_list(t, ret);
	run_clear(t);
	if (st == IC_OK)
		return IC_OK;
	ic_findings_clear(ret);
	return st == IC_E_NOMEM ? ic_fail_nomem(err) : ic_fail(err, st, "the findings could not be made");
}

void ic_findings_clear(ic_findings *f)
{
	ic_arena_clear(&f->arena);
	ic_free(f->list);
	*f = (ic_findings){ .n = 0 };
}
