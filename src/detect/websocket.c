/* SPDX-License-Identifier: Apache-2.0 */
/* WebSocket upgrades that a web page would not make: by something else than a browser, to a bare
 * address, to an odd port. Where packets were seen, what is said inside counts too: a machine's rhythm there. */
#include "detect/run.h"

#define BASE	  1.0
#define NATS_TOOL 1.2
#define NATS_PORT 0.8
#define NATS_BEAT 1.2

enum { LEAST_EVENTS = 4 };

static bool not_browser(const ic_detect_run *run, const ic_profile *p)
{
	if (p->process)
		return !ic_process_is_browser(ic_intern_get(run->names, p->process));
	return !p->user_agent || !ic_user_agent_is_browser(ic_intern_get(run->names, p->user_agent));
}

static bool odd_port(const ic_detect_run *run, const ic_profile *p)
{
	return !(p->signals & IC_SIG_PROXIED) && p->port && !ic_port_is_usual(run, p->dst, p->port);
}

static bool is_odd(const ic_detect_run *run, const ic_profile *p)
{
	return (p->signals & IC_SIG_UPGRADE) &&
	       (not_browser(run, p) || (p->signals & IC_SIG_BARE_IP) || odd_port(run, p));
}

/* What was said inside of the WebSockets of these profiles, and whether it has a beat. */
static void weigh_frames(ic_detect_run *run, ic_draft *d, unsigned part, const ic_profile **p, size_t n)
{
	uint64_t said = 0;
	ic_score score, best = { .automation = -1 };
	char a[32], b[32];
	for (size_t i = 0; i < n; i++) {
		const ic_series *s = ic_run_series(&run->part[part], p[i]->src, IC_BY_IP_PORT, IC_AT_BURST,
						   p[i]->dst, p[i]->port, p[i]->transport);
		said += p[i]->bursts;
		if (!p[i]->bursts || !s || s->sketch.n < LEAST_EVENTS)
			continue;
		ic_beacon_score(&s->sketch, &score);
		if (score.automation > best.automation)
			best = score;
	}
	if (!said)
		return;
	const char *text =
	    ic_run_printf(run, "%llu message%s from the client inside, half a second or more apart",
			  (unsigned long long)said, IC_S(said));
	if (best.automation < run->cfg->min_automation || !(best.E > 0)) {
		ic_draft_reason(run, d, (ic_reason){ "frames", (double)said, NAN, NAN, text });
		return;
	}
	d->nats += NATS_BEAT;
	d->independent++;
	ic_draft_reason(
	    run, d,
	    (ic_reason){ "frames", (double)said, NATS_BEAT, NATS_BEAT,
			 ic_run_printf(run, "%s, with a beat of %s s (automation %s)", text,
				       ic_num(a, best.sleep_s, 1), ic_num(b, best.automation, 0)) });
}

static void judge(ic_detect_run *run, unsigned part, const ic_profile **p, size_t n, const void *ctx)
{
	(void)ctx;
	size_t destinations, tools = 0, ports = 0;
	for (size_t i = 0; i < n; i++) {
		tools += not_browser(run, p[i]);
		ports += odd_port(run, p[i]);
	}
	ic_draft *d = ic_draft_gather(run, part, "websocket", p, n, &destinations);
	if (!d)
		return;
	d->base = BASE;
	d->oddity = true;
	ic_draft_reason(
	    run, d,
	    (ic_reason){ "upgrade", (double)d->f.connections, NAN, NAN,
			 ic_run_printf(run, "%llu unusual WebSocket upgrade%s to %zu destination%s",
				       (unsigned long long)d->f.connections, IC_S(d->f.connections),
				       destinations, IC_S(destinations)) });
	if (2 * tools >= n) {
		d->nats += NATS_TOOL;
		ic_draft_reason(run, d,
				(ic_reason){ "websocket-client", NAN, NATS_TOOL, NATS_TOOL,
					     "the client does not present itself as a browser" });
	}
	if (2 * ports >= n) {
		d->nats += NATS_PORT;
		ic_draft_reason(run, d,
				(ic_reason){ "websocket-port", NAN, NATS_PORT, NATS_PORT,
					     "the port is not one of the web" });
	}
	weigh_frames(run, d, part, p, n);
	d->f.summary = ic_run_printf(run, "%s opens unusual WebSockets to %s.", ic_draft_source(run, d),
				     ic_draft_targets(run, d, destinations));
}

ic_status ic_detect_websocket(ic_detect_run *run)
{
	return ic_each_source(run, is_odd, judge, NULL);
}
