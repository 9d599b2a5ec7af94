/* SPDX-License-Identifier: Apache-2.0 */
/* Strobes: a pair that connects once a second or more, and goes on with it (86,400 a day, scaled to
 * the time it was active). Too fast for a beat to be seen, too steady for a person. */
#include "detect/run.h"

#define BASE	  3.0
#define LEAST	  600 /* connections, and seconds of activity */
#define NATS	  1.0 /* at one a second; one more for each factor of ten */
#define NATS_MOST 2.0

static double active_s(const ic_series *s)
{
	return (double)(ic_sketch_last(&s->sketch) - ic_sketch_first(&s->sketch)) / (double)IC_TICKS_S;
}

bool ic_is_strobe(const ic_series *s)
{
	if (s->group_by != IC_BY_IP_PORT || s->level != IC_AT_CONNECTION || s->sketch.n < LEAST)
		return false;
	double seconds = active_s(s);
	return seconds >= LEAST && (double)(s->sketch.n - 1) >= seconds;
}

static void report(ic_detect_run *run, unsigned part, const ic_series *s)
{
	ic_draft *d = ic_draft_new(run, part, s);
	if (!d)
		return;
	double seconds = active_s(s);
	double rate = (double)(s->sketch.n - 1) / seconds, nats = NATS + log10(rate);
	char a[32], b[40];
	size_t n = ic_span_format(seconds, b);
	d->base = BASE;
	d->f.series = s;
	nats = nats > NATS_MOST ? NATS_MOST : nats;
	d->nats += nats;
	ic_draft_reason(run, d,
			(ic_reason){ "rate", rate, NATS_MOST, nats,
				     ic_run_printf(run, "%u connections in %.*s: %s a second, threshold 1",
						   s->sketch.n, (int)n, b, ic_num(a, rate, 2)) });
	d->f.summary = ic_run_printf(run, "%s connects to %s %s times a second for %.*s.",
				     ic_draft_source(run, d), ic_draft_targets(run, d, 1), a, (int)n, b);
}

ic_status ic_detect_strobe(ic_detect_run *run)
{
	return ic_each_picked(run, report);
}
