/* SPDX-License-Identifier: Apache-2.0 */
/* Connections that last: one of an hour and more, or many of one pair that add up to it within a day. */
#include "detect/run.h"

#define BASE  4.0
#define DAY_S 86400.0

/* Steps and the nats they are worth; with BASE and nothing else they give low, medium, high, critical. */
static const struct {
	double hours, nats;
} steps[] = { { 12, 3.2 }, { 8, 2.0 }, { 4, 1.0 }, { 1, 0.2 } };

static double longest_s(const ic_series *s)
{
	return 60.0 * s->sketch.user;
}

static double total_s(const ic_series *s)
{
	return s->duration_ds / 10.0;
}

/* Days from the first connection to the last one, at least one. In weeks the short polls of any agent add up to many
 * hours: a sum is worth what it is a day. */
static double days_of(const ic_series *s)
{
	double days =
	    (double)(ic_sketch_last(&s->sketch) - ic_sketch_first(&s->sketch)) / (DAY_S * IC_TICKS_S);
	return days > 1 ? days : 1;
}

static double worth_s(const ic_series *s)
{
	double single = longest_s(s), a_day = total_s(s) / days_of(s);
	return single > a_day ? single : a_day;
}

static bool is_long(const ic_series *s)
{
	return s->level == IC_AT_CONNECTION && worth_s(s) >= 3600;
}

bool ic_is_long_connection(const ic_series *s)
{
	return is_long(s) && s->group_by <= IC_BY_NAME;
}

/* A name is reported when none of its addresses is: rotating addresses, proxies. */
static bool is_covered(ic_detect_run *run, unsigned part, const ic_series *name)
{
	const ic_profile_span of = ic_run_profiles_of(run, part, name);
	for (size_t i = 0; i < of.n; i++) {
		const ic_profile *p = ic_profile_in(&of, i);
		if (!ic_series_has(run->names, name, p))
			continue;
		const ic_series *s = ic_run_series(&run->part[part], name->src, IC_BY_IP_PORT,
						   IC_AT_CONNECTION, p->dst, p->port, p->transport);
		if (s && is_long(s))
			return true;
	}
	return false;
}

static const char *span(ic_detect_run *run, double seconds)
{
	char buf[40];
	size_t n = ic_span_format(seconds, buf);
	return ic_run_printf(run, "%.*s", (int)n, buf);
}

static void report(ic_detect_run *run, unsigned part, const ic_series *s)
{
	if (s->group_by == IC_BY_NAME && is_covered(run, part, s))
		return;
	ic_draft *d = ic_draft_new(run, part, s);
	if (!d)
		return;
	double single = longest_s(s), total = total_s(s), most = worth_s(s), days = days_of(s);
	const char *single_text = span(run, single), *total_text = span(run, total);
	const char *a_day = days > 1 ? ic_run_printf(run, " (%s a day)", span(run, total / days)) : "";
	size_t step = 0;
	while (step + 1 < sizeof(steps) / sizeof(steps[0]) && most < steps[step].hours * 3600)
		step++;
	d->base = BASE;
	d->long_lived = true;
	d->f.series = s;
	d->nats += steps[step].nats;
	bool one = d->f.connections == 1;
	const char *most_text = total > single ? total_text : single_text;
	char hours[32];
	const char *lasting = one ? ic_run_printf(run, "1 connection lasts %s", most_text)
				  : ic_run_printf(run, "%llu connections last %s together%s, the longest %s",
						  (unsigned long long)d->f.connections, total_text, a_day,
						  single >= 60 ? single_text : "under a minute");
	ic_draft_reason(
	    run, d,
	    (ic_reason){ "duration", most, steps[0].nats, steps[step].nats,
			 ic_run_printf(run, "%s: %s hour%s or more", lasting,
				       ic_num(hours, steps[step].hours, 0), IC_S(steps[step].hours)) });
	if (s->open)
		ic_draft_reason(
		    run, d,
		    (ic_reason){ "open", 1, NAN, NAN, "a connection was still open when it was logged" });
	d->f.summary = ic_run_printf(run, "%s keeps %s to %s open for %s%s%s.", ic_draft_source(run, d),
				     one ? "a connection" : "connections", ic_draft_targets(run, d, 1),
				     most_text, one ? "" : " in all",
				     !s->open ? ""
				     : one    ? ", still open when it was logged"
					      : ", one of them still open");
}

ic_status ic_detect_long_connection(ic_detect_run *run)
{
	return ic_each_picked(run, report);
}
