/* SPDX-License-Identifier: Apache-2.0 */
/* User agents: listed, malformed, long dead, missing, rare in the fleet, too many on one host. One
 * finding a source and listed or odd agent; one a source for the other causes. */
#include "detect/run.h"

#define MANY_AGENTS 25
#define BASE_GRAVE  3.0 /* malware and attack frameworks */
#define BASE_ODD    1.0 /* malformed */
#define BASE_COMMON 0.0 /* tools, legacy browsers, rare ones */
#define BASE_WEAK   -0.5

static bool has_agent(const ic_detect_run *run, const ic_profile *p)
{
	(void)run;
	return p->user_agent != 0;
}

static bool has_no_agent(const ic_detect_run *run, const ic_profile *p)
{
	(void)run;
	return p->requests && (p->signals & IC_SIG_HTTP) && !p->user_agent &&
	       (p->signals & IC_SIG_NO_USER_AGENT) && !(p->signals & IC_SIG_PROXIED);
}

static int by_agent(const void *a, const void *b)
{
	const ic_profile *x = *(const ic_profile *const *)a, *y = *(const ic_profile *const *)b;
	return x->user_agent < y->user_agent ? -1 : x->user_agent > y->user_agent;
}

static double base_of(const ic_listed *l, ic_agent_shape shape)
{
	if (l)
		return l->category <= IC_LIST_MALWARE ? BASE_GRAVE : BASE_COMMON;
	return shape == IC_AGENT_MALFORMED ? BASE_ODD : BASE_COMMON;
}

/* What sends a browser's agent without being one, the first by text; {NULL, 0}: nothing known against it. */
static ic_str borrowed_by(const ic_detect_run *run, const ic_profile **p, size_t n)
{
	ic_str first = { 0 };
	for (size_t i = 0; i < n; i++) {
		ic_str agent = ic_intern_get(run->names, p[i]->user_agent);
		const ic_str process = ic_intern_get(run->names, p[i]->process);
		const ic_str ja4 = ic_intern_get(run->names, p[i]->ja4);
		ic_str by = { 0 };
		if (ic_user_agent_is_borrowed(agent, process, (ic_str){ 0 }))
			by = process;
		else if (ic_user_agent_is_borrowed(agent, (ic_str){ 0 }, ja4))
			by = ja4;
		if (by.p && (!first.p || ic_str_cmp(by, first) < 0))
			first = by;
	}
	return first;
}

static const char *agent_sentence(ic_detect_run *run, const ic_draft *d, const ic_listed *l, const char *why,
				  const char *cut)
{
	const char *src = ic_draft_source(run, d);
	if (l)
		return ic_run_printf(run, "%s uses a user agent of the suspicious list (%s): \"%s\".", src,
				     ic_list_category_names[l->category], cut);
	if (*why)
		return ic_run_printf(run, "%s uses a user agent that %s: \"%s\".", src, why, cut);
	return ic_run_printf(run, "%s sends a browser's user agent from something else: \"%s\".", src, cut);
}

/* One agent of one source: profiles p[0..n). */
static void judge_agent(ic_detect_run *run, unsigned part, const ic_profile **p, size_t n)
{
	ic_str agent = ic_intern_get(run->names, p[0]->user_agent);
	const ic_listed *l = ic_user_agent_listed(agent);
	const char *why = "";
	ic_agent_shape shape = ic_profile_agent_shape(run, p[0], &why);
	ic_str borrower = borrowed_by(run, p, n);
	if (!l && shape == IC_AGENT_ORDINARY && !borrower.p)
		return;
	const ic_series *s = ic_profile_agent_series(run, p[0]);
	const ic_series made = { .src = p[0]->src,
				 .value = p[0]->user_agent,
				 .group_by = IC_BY_USER_AGENT,
				 .level = IC_AT_REQUEST };
	ic_draft *d = ic_draft_of(run, part, s ? s : &made, p, n);
	if (!d)
		return;
	d->base = base_of(l, borrower.p ? IC_AGENT_MALFORMED : shape);
	d->oddity = true;
	const char *cut = ic_run_cut(run, agent);
	d->f.summary = agent_sentence(run, d, l, why, cut);
	if (l)
		ic_draft_reason(
		    run, d,
		    (ic_reason){ "listed", (double)d->f.connections, NAN, NAN,
				 ic_run_printf(run, "\"%s\", listed %s as %s: %s", l->pattern, l->added,
					       ic_list_category_names[l->category], l->reason) });
	if (shape != IC_AGENT_ORDINARY)
		ic_draft_reason(run, d,
				(ic_reason){ shape == IC_AGENT_MALFORMED ? "malformed" : "legacy",
					     (double)d->f.connections, NAN, NAN,
					     ic_run_printf(run, "the user agent %s", why) });
	if (borrower.p)
		ic_draft_reason(run, d,
				(ic_reason){ "mismatch", (double)d->f.connections, NAN, NAN,
					     ic_run_printf(run, "%s is not the browser that the agent names",
							   ic_run_cut(run, borrower)) });
}

static void judge_many(ic_detect_run *run, unsigned part, const ic_profile **p, size_t n, size_t agents)
{
	size_t destinations;
	ic_draft *d = ic_draft_gather(run, part, "user-agent:many", p, n, &destinations);
	if (!d)
		return;
	d->base = BASE_WEAK;
	d->oddity = true;
	d->nats += 0.5;
	ic_draft_reason(run, d,
			(ic_reason){ "many-agents", (double)agents, 0.5, 0.5,
				     ic_run_printf(run, "%zu different user agents, threshold %d", agents,
						   MANY_AGENTS) });
	d->f.summary =
	    ic_run_printf(run, "%s uses %zu different user agents: a proxy, a scanner or rotation.",
			  ic_draft_source(run, d), agents);
}

static void judge_rare(ic_detect_run *run, unsigned part, const ic_profile **p, size_t n)
{
	size_t rare = 0, destinations;
	const ic_profile **list = ic_arena_alloc(run->arena, n * sizeof *list);
	run->nomem |= !list;
	for (size_t i = 0; list && i < n; i++)
		if (ic_profile_has_rare_agent(run, p[i]))
			list[rare++] = p[i];
	ic_draft *d = rare ? ic_draft_gather(run, part, "user-agent:rare", list, rare, &destinations) : NULL;
	if (!d)
		return;
	d->base = BASE_COMMON;
	d->oddity = true;
	ic_draft_reason(
	    run, d,
	    (ic_reason){
		"rare-agents", (double)d->f.user_agent_count, NAN, NAN,
		ic_run_printf(run,
			      "%zu%s user agent%s that at most %d of %u internal hosts use, such as \"%s\"",
			      d->f.user_agent_count, d->f.user_agent_count == 8 ? " or more" : "",
			      IC_S(d->f.user_agent_count), IC_RARE_HOSTS, run->internal_hosts,
			      d->f.user_agent_count ? ic_run_cut(run, d->f.user_agents[0]) : "") });
	d->f.summary = ic_run_printf(run, "%s uses user agents that hardly any other host uses.",
				     ic_draft_source(run, d));
}

static void judge_source(ic_detect_run *run, unsigned part, const ic_profile **p, size_t n, const void *ctx)
{
	(void)ctx;
	size_t agents = 0;
	qsort(p, n, sizeof *p, by_agent);
	for (size_t i = 0, end; i < n && !run->nomem; i = end) {
		for (end = i + 1; end < n && p[end]->user_agent == p[i]->user_agent; end++)
			;
		agents++;
		judge_agent(run, part, p + i, end - i);
	}
	if (ic_fleet_counts(run) && !run->nomem)
		judge_rare(run, part, p, n);
	if (agents < MANY_AGENTS || run->nomem)
		return;
	const ic_profile **copy = ic_arena_alloc(run->arena, n * sizeof *copy); /* gathering sorts */
	run->nomem |= !copy;
	if (copy) {
		memcpy(copy, p, n * sizeof *copy);
		judge_many(run, part, copy, n, agents);
	}
}

static void judge_missing(ic_detect_run *run, unsigned part, const ic_profile **p, size_t n, const void *ctx)
{
	(void)ctx;
	size_t destinations;
	ic_draft *d = ic_draft_gather(run, part, "user-agent:missing", p, n, &destinations);
	if (!d)
		return;
	d->base = BASE_WEAK;
	d->oddity = true;
	ic_draft_reason(
	    run, d,
	    (ic_reason){
		"missing", (double)d->f.connections, NAN, NAN,
		ic_run_printf(
		    run, "%llu connection%s with HTTP requests without a user agent, to %zu destination%s",
		    (unsigned long long)d->f.connections, IC_S(d->f.connections), destinations,
		    IC_S(destinations)) });
	d->f.summary = ic_run_printf(run, "%s sends HTTP requests without a user agent to %s.",
				     ic_draft_source(run, d), ic_draft_targets(run, d, destinations));
}

ic_status ic_detect_user_agent(ic_detect_run *run)
{
	ic_status st = ic_each_source(run, has_agent, judge_source, NULL);
	return st == IC_OK ? ic_each_source(run, has_no_agent, judge_missing, NULL) : st;
}
