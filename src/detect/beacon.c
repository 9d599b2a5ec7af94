/* SPDX-License-Identifier: Apache-2.0 */
/* The main detector: series whose timing and sizes show a machine's clock, one finding a cause. */
#include "detect/run.h"

#define LEAST_EVENTS 4
#define AHEAD	     48	  /* series; one in ten is scored */
#define HINT	     10	  /* automation of a beat worth saying where the finding rests on something else */
#define STEADY	     0.15 /* jitter below which one interval says it all */

/* ---- screening --------------------------------------------------------------------- */

static ic_candidate *next_candidate(ic_run_part *part)
{
	if (part->cand_count == part->cand_room) {
		size_t room = part->cand_room ? part->cand_room * 2 : 16;
		ic_candidate *more = ic_reallocarray(part->cand, room, sizeof *more);
		if (!more)
			return NULL;
		part->cand = more;
		part->cand_room = room;
	}
	return &part->cand[part->cand_count];
}

static int by_source(const void *a, const void *b)
{
	const ic_candidate *x = a, *y = b;
	return x->series->src < y->series->src ? -1 : x->series->src > y->series->src;
}

/* Puts a candidate on the list of the one that stands for it, if it is to be named there; from: the first of its source,
 * from which covered_by counted until now. */
static void link_cover(const ic_detect_run *run, ic_run_part *part, size_t k, uint32_t from)
{
	ic_candidate *c = &part->cand[k];
	c->next = 0;
	if (!c->covered_by)
		return;
	c->covered_by += from;
	if (c->automation < run->cfg->min_automation)
		return;
	ic_candidate *by = &part->cand[c->covered_by - 1];
	c->next = by->covers;
	by->covers = (uint32_t)k + 1;
}

static ic_status fold_sources(ic_detect_run *run, ic_run_part *part)
{
	if (part->cand_count)
		qsort(part->cand, part->cand_count, sizeof *part->cand, by_source);
	for (size_t i = 0, end; i < part->cand_count; i = end) {
		for (end = i + 1; end < part->cand_count; end++)
			if (part->cand[end].series->src != part->cand[i].series->src)
				break;
		ic_status st = ic_causes_fold(run, part, part->cand + i, end - i);
		if (st != IC_OK)
			return st;
		for (size_t k = i; k < end; k++)
			link_cover(run, part, k, (uint32_t)i);
	}
	return IC_OK;
}

/* Fetches what scoring a series will read. */
static void fetch(const ic_series *s)
{
	if (s->sketch.n >= LEAST_EVENTS)
		ic_sketch_prefetch(&s->sketch);
}

static ic_status screen_part(void *ctx, unsigned i)
{
	ic_detect_run *run = ctx;
	ic_run_part *part = &run->part[i];
	const ic_group_table *t = &part->p->series;
	const double least = run->cfg->all || run->cfg->only_id ? 0 : run->cfg->min_automation;
	ic_candidate *c = next_candidate(part);
	for (uint32_t k = 0; k < ic_group_count(t); k++) {
		const ic_series *s = ic_group_at(t, k);
		if (k + 2 * AHEAD < ic_group_count(t))
			__builtin_prefetch(ic_group_at(t, k + 2 * AHEAD));
		if (k + AHEAD < ic_group_count(t))
			fetch(ic_group_at(t, k + AHEAD));
		if (ic_run_pick(run, part, s) != IC_OK)
			return IC_E_NOMEM;
		if (s->sketch.n < LEAST_EVENTS)
			continue;
		if (!c)
			return IC_E_NOMEM;
		ic_score score;
		if (!ic_beacon_score_if(&s->sketch, least, &score) || score.automation < least)
			continue;
		*c = (ic_candidate){ .series = s, .automation = score.automation, .E = score.E };
		part->cand_count++;
		c = next_candidate(part);
	}
	ic_status st = ic_profiles_sort(part);
	return st == IC_OK ? fold_sources(run, part) : st;
}

ic_status ic_beacon_screen(ic_detect_run *run)
{
	return ic_parallel_for(run->cfg->threads, IC_PARTITIONS, screen_part, run);
}

/* ---- words -------------------------------------------------------------------------- */

typedef struct words {
	const char *does, *events;
} words;

static const words *words_of(ic_event_level level)
{
	static const words connection = { "connects to", "connections" },
			   request = { "sends requests to", "requests" },
			   burst = { "checks in within its connections to", "check-ins within connections" };
	return level == IC_AT_REQUEST ? &request : level == IC_AT_BURST ? &burst : &connection;
}

/* ---- reasons ----------------------------------------------------------------------- */

static void part_reason(ic_detect_run *run, ic_draft *d, const char *code, double value, double weight,
			const char *text)
{
	double v = isnan(value) ? 0 : value;
	ic_draft_reason(run, d, (ic_reason){ code, value, weight, weight * v, text });
}

static const char *span_text(char buf[40], double seconds)
{
	size_t n = ic_span_format(seconds, buf);
	buf[n < 39 ? n : 39] = 0;
	return buf;
}

/* "14.0 s" for short intervals, words for long ones. */
static const char *interval_text(char buf[40], double seconds)
{
	char num[32];
	if (!(seconds < 1000))
		return span_text(buf, seconds);
	ic_num(num, seconds, 1);
	size_t n = strlen(num);
	memcpy(buf, num, n);
	memcpy(buf + n, " s", 3);
	return buf;
}

double ic_finding_period(const ic_finding *f)
{
	bool steady = f->jitter < STEADY && f->interval_median_s > f->sleep_s * 0.7 &&
		      f->interval_median_s < f->sleep_s * 1.1;
	return steady ? f->interval_median_s : f->sleep_s;
}

/* "every 14.0 s", or "every 200.0 s to 303.0 s" where the sleep is jittered; the intervals of the further windows, too,
 * of which the coverage speaks. */
static const char *beat_text(ic_detect_run *run, const ic_finding *f, const ic_score *s)
{
	char a[40], b[40];
	if (!isfinite(f->sleep_s))
		return "at no steady interval";
	const char *text =
	    f->jitter < STEADY
		? ic_run_printf(run, "every %s", interval_text(a, ic_finding_period(f)))
		: ic_run_printf(run, "every %s to %s", interval_text(a, f->sleep_s * (1 - f->jitter)),
				interval_text(b, f->sleep_s));
	for (unsigned i = 1; i < s->windows; i++)
		text = ic_run_printf(run, "%s or %s to %s", text,
				     interval_text(a, pow(IC_INTERVAL_RATIO, s->window[i].lo)),
				     interval_text(b, pow(IC_INTERVAL_RATIO, s->window[i].hi + 1)));
	return text;
}

/* How many check-ins the events are: what follows within a second belongs to the same one. */
static uint64_t check_ins(const ic_finding *f, const ic_sketch_view *v)
{
	return f->event_level == IC_AT_BURST ? f->connections : f->connections - v->sub_second;
}

static bool has_missed(const ic_score *s)
{
	bool missed = false;
	for (unsigned i = 0; i < s->windows; i++)
		missed |= s->window[i].multiples;
	return missed;
}

/* The beat in words; more: said after them, "" for nothing. */
static void beat_reason(ic_detect_run *run, ic_draft *d, const ic_score *s, const ic_sketch_view *v,
			const char *more)
{
	const ic_finding *f = &d->f;
	const uint64_t times = check_ins(f, v);
	char share[32];
	const char *in = times == f->connections
			     ? ""
			     : ic_run_printf(run, " in %llu check-ins", (unsigned long long)times);
	ic_draft_reason(
	    run, d,
	    (ic_reason){ "sleep", f->sleep_s, NAN, NAN,
			 ic_run_printf(run,
				       "%llu %s%s, one %s; %s %% of the time is explained by that beat%s%s",
				       (unsigned long long)f->connections, words_of(f->event_level)->events,
				       in, beat_text(run, f, s), ic_num(share, 100 * s->m_time, 0),
				       has_missed(s) ? ", with some beats missed" : "", more) });
}

/* Where nine of ten sizes lie, and what it is worth that they are alike. */
static const char *sizes_text(ic_detect_run *run, const ic_score *s, const ic_sketch_view *v)
{
	char nats[32], most_nats[32];
	int64_t least, most;
	if (isnan(s->size))
		return "too few sizes are known to judge them";
	ic_sketch_sizes(v, 90, &least, &most);
	const char *range = least == most
				? ic_run_printf(run, "%lld", (long long)least)
				: ic_run_printf(run, "%lld to %lld", (long long)least, (long long)most);
	return ic_run_printf(run,
			     "nine of ten sent %s bytes (with headers where they are counted): likeness of "
			     "sizes %s nats of %s",
			     range, ic_num(nats, s->size_nats, 2),
			     ic_num(most_nats, log(log(1e4) / log(1.02)), 2));
}

static void automation_reasons(ic_detect_run *run, ic_draft *d, const ic_score *s, const ic_sketch_view *v)
{
	const ic_finding *f = &d->f;
	char a[40], b[32];
	if (isfinite(f->sleep_s))
		beat_reason(run, d, s, v, "");
	part_reason(run, d, "regularity", s->regularity, IC_SCORE_REGULARITY,
		    ic_run_printf(run, "each interval is worth %s nats against chance", ic_num(b, s->I, 2)));
	part_reason(run, d, "evidence_bursty", s->evidence_bursty, IC_SCORE_BURSTY,
		    ic_run_printf(run, "%s nats in all against a bursty source such as a person",
				  ic_num(b, s->E, 0)));
	part_reason(run, d, "evidence_memoryless", s->evidence_memoryless, IC_SCORE_MEMORYLESS,
		    ic_run_printf(run, "%s nats in all against a memoryless source of the same rate",
				  ic_num(b, s->E_memoryless, 0)));
	part_reason(run, d, "persistence", s->persistence, IC_SCORE_PERSISTENCE,
		    ic_run_printf(run, "active in %u clock hour%s over %s", s->hours, IC_S(s->hours),
				  span_text(a, (double)(f->last_seen - f->first_seen) / (double)IC_TICKS_S)));
	part_reason(run, d, "size", s->size, IC_SCORE_SIZE, sizes_text(run, s, v));
	if (s->exempt_gaps)
		ic_draft_reason(
		    run, d,
		    (ic_reason){ "gaps", s->exempt_gaps, 7, -7.0 * s->exempt_gaps,
				 ic_run_printf(run, "%u long pause%s left out, 7 nats each", s->exempt_gaps,
					       s->exempt_gaps == 1 ? " was" : "s were") });
}

/* ---- findings ---------------------------------------------------------------------- */

static int by_cover(const void *a, const void *b)
{
	const ic_cover *x = a, *y = b;
	if (x->group_by != y->group_by)
		return x->group_by < y->group_by ? -1 : 1;
	int c = ic_str_cmp(x->value, y->value);
	if (c)
		return c;
	if (x->connections != y->connections)
		return x->connections > y->connections ? -1 : 1;
	return x->automation > y->automation ? -1 : x->automation < y->automation;
}

static void fill_covers(ic_detect_run *run, const ic_run_part *part, const ic_candidate *self, ic_draft *d)
{
	size_t n = 0;
	for (uint32_t k = self->covers; k; k = part->cand[k - 1].next)
		n++;
	ic_cover *covers = n ? ic_arena_alloc(run->arena, n * sizeof *covers) : NULL;
	run->nomem |= n && !covers;
	if (!covers)
		return;
	n = 0;
	for (uint32_t k = self->covers; k; k = part->cand[k - 1].next) {
		const ic_candidate *c = &part->cand[k - 1];
		char buf[64];
		ic_str v = ic_series_value_text(run->names, c->series, buf);
		const char *copy = ic_arena_dup(run->arena, v.p ? v.p : "", v.n);
		run->nomem |= !copy;
		covers[n++] = (ic_cover){ c->series->group_by,
					  { copy, copy ? v.n : 0 },
					  c->series->sketch.n,
					  ic_round3(c->automation) };
	}
	qsort(covers, n, sizeof *covers, by_cover);
	d->f.covers = covers;
	d->f.cover_count = n;
}

static const char *target_text(ic_detect_run *run, const ic_draft *d)
{
	const ic_finding *f = &d->f;
	static const char *const kinds[IC_GROUP_BYS] = {
		"", "", "names under ", "TLS client ", "user agent ", "process "
	};
	if (f->group_by == IC_BY_IP_PORT && f->dst_name.p)
		return ic_run_printf(run, "%s (%s)", ic_run_cut(run, f->dst_name), ic_run_cut(run, f->value));
	const char *value = ic_run_cut(run, f->value);
	return f->group_by <= IC_BY_DOMAIN
		   ? ic_run_printf(run, "%s%s", kinds[f->group_by], value)
		   : ic_run_printf(run, "several destinations (%s%s)", kinds[f->group_by], value);
}

static void summarise(ic_detect_run *run, ic_draft *d, const ic_score *s, const ic_sketch_view *v)
{
	ic_finding *f = &d->f;
	const uint64_t times = check_ins(f, v);
	char span[40];
	const char *in_all = times == f->connections
				 ? ""
				 : ic_run_printf(run, " (%llu %s)", (unsigned long long)f->connections,
						 words_of(f->event_level)->events);
	const char *src = ic_run_cut(run, f->src_host.p ? f->src_host : ic_run_text(run, d->src));
	f->summary = ic_run_printf(
	    run, "%s %s %s %s, %llu times in %s%s.", src, words_of(f->event_level)->does, target_text(run, d),
	    beat_text(run, f, s), (unsigned long long)times,
	    span_text(span, (double)(f->last_seen - f->first_seen) / (double)IC_TICKS_S), in_all);
}

static void fill_beat(ic_finding *f, const ic_score *s)
{
	f->interval_median_s = s->interval_median_s;
	f->coverage = s->m_time;
	if (s->E > 0) {
		f->sleep_s = s->sleep_s;
		f->jitter = s->jitter;
	}
}

void ic_beacon_beat(ic_detect_run *run, ic_draft *d)
{
	const ic_series *s = d->same_key;
	if (!isnan(d->f.automation) || !s || s->sketch.n < LEAST_EVENTS || s->sketch.n != d->f.connections)
		return;
	ic_score score;
	ic_sketch_view v;
	char automation[32];
	ic_sketch_read(&s->sketch, &v);
	ic_beacon_score_view(&v, &score);
	if (score.automation < HINT)
		return;
	d->f.series = s;
	fill_beat(&d->f, &score);
	beat_reason(run, d, &score, &v,
		    ic_run_printf(run, " (automation %s)", ic_num(automation, score.automation, 0)));
}

static ic_status report(ic_detect_run *run, unsigned i, size_t k)
{
	const ic_run_part *part = &run->part[i];
	const ic_candidate *c = &part->cand[k];
	ic_draft *d = ic_draft_new(run, i, c->series);
	if (!d)
		return run->nomem ? IC_E_NOMEM : IC_OK;
	ic_score *score = ic_arena_alloc(run->arena, sizeof *score);
	if (!score)
		return IC_E_NOMEM;
	ic_sketch_view v;
	ic_sketch_read(&c->series->sketch, &v);
	ic_beacon_score_view(&v, score);
	ic_finding *f = &d->f;
	f->automation = ic_round3(c->automation);
	fill_beat(f, score);
	f->series = c->series;
	f->score = score;
	if (c->covered_by)
		f->part_of =
		    ic_finding_id(run->names, run->detector->name, part->cand[c->covered_by - 1].series);
	d->base = score->logit;
	fill_covers(run, part, c, d);
	automation_reasons(run, d, score, &v);
	summarise(run, d, score, &v);
	return run->nomem ? IC_E_NOMEM : IC_OK;
}

ic_status ic_detect_beacon(ic_detect_run *run)
{
	const ic_detect_config *cfg = run->cfg;
	for (unsigned i = run->from; i < run->to; i++) {
		const ic_run_part *part = &run->part[i];
		for (size_t k = 0; k < part->cand_count; k++) {
			const ic_candidate *c = &part->cand[k];
			bool finding = c->automation >= cfg->min_automation && !c->covered_by;
			if (cfg->only_id
				? ic_finding_id(run->names, run->detector->name, c->series) != cfg->only_id
				: !cfg->all && !finding)
				continue;
			ic_status st = report(run, i, k);
			if (st != IC_OK)
				return st;
		}
	}
	return IC_OK;
}
