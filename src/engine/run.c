/* SPDX-License-Identifier: Apache-2.0 */
/* What a run is: its options, its share of memory, and what it tells. Its passes: run_pass.c. */
#include "engine/run.h"

#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/cpu.h"
#include "base/error.h"
#include "base/num.h"
#include "base/time.h"
#include "detect/detect.h"
#include "source/packet/live.h"

enum { MAX_THREADS = 256 };

static const uint16_t web_ports[] = { 80, 443, 8080, 8443 };

ic_input_options ic_run_defaults(bool everything)
{
	const ic_moment open = { .ticks = IC_TIME_NONE };
	return (ic_input_options){ .since = open,
				   .until = open,
				   .now_ticks = IC_TIME_NONE,
				   .ports = everything ? "all" : "web",
				   .scope_all = everything };
}

static void add_ports(uint64_t *bitmap, uint64_t from, uint64_t to)
{
	for (uint64_t p = from; p <= to; p++)
		bitmap[p >> 6] |= UINT64_C(1) << (p & 63);
}

/* "80,443,8000-8100" */
static ic_status parse_port_list(const char *text, uint64_t *bitmap, ic_error *err)
{
	for (const char *at = text;;) {
		size_t n = strcspn(at, ",");
		ic_str item = ic_str_trim((ic_str){ at, (uint32_t)n });
		const char *dash = item.n ? memchr(item.p, '-', item.n) : NULL;
		ic_str low = item, high = item;
		if (dash) {
			low.n = (uint32_t)(dash - item.p);
			high = (ic_str){ dash + 1, (uint32_t)(item.p + item.n - dash - 1) };
		}
		uint64_t from = 0, to = 0;
		if (!ic_parse_u64(low, &from) || !ic_parse_u64(high, &to) || to > 65535 || from > to)
			return ic_fail(
			    err, IC_E_USAGE,
			    "--ports takes web, all, or a list such as 80,443,8000-8100, not \"%s\"", text);
		add_ports(bitmap, from, to);
		if (!at[n])
			return IC_OK;
		at += n + 1;
	}
}

static ic_status init_ports(ic_run *run, ic_error *err)
{
	const char *ports = run->opt->ports ? run->opt->ports : "web";
	if (strcmp(ports, "all") == 0)
		return IC_OK;
	run->ports = ic_calloc(IC_PORT_WORDS, sizeof *run->ports);
	if (!run->ports)
		return ic_fail_nomem(err);
	run->filter.ports = run->ports;
	if (strcmp(ports, "web") != 0)
		return parse_port_list(ports, run->ports, err);
	run->filter.web_services = true;
	for (size_t i = 0; i < sizeof web_ports / sizeof *web_ports; i++)
		add_ports(run->ports, web_ports[i], web_ports[i]);
	return IC_OK;
}

static int64_t resolve(ic_moment m, int64_t now)
{
	return m.relative && m.ticks != IC_TIME_NONE ? now - m.ticks : m.ticks;
}

static ic_status init_times(ic_run *run, ic_error *err)
{
	const ic_input_options *o = run->opt;
	bool relative = (o->since.relative && o->since.ticks != IC_TIME_NONE) ||
			(o->until.relative && o->until.ticks != IC_TIME_NONE);
	if (relative && o->now_ticks == IC_TIME_NONE && !o->live) {
		ic_status st = ic_run_newest(run, err);
		if (st != IC_OK)
			return st;
		ic_run_say_now(run);
	}
	int64_t now = ic_run_now(run);
	run->filter.since = resolve(o->since, now);
	run->filter.until = resolve(o->until, now);
	return IC_OK;
}

enum {
	BASE_BYTES = 10 << 20,	/* the program itself, its libraries, what is allocated once */
	WORKER_BYTES = 4 << 20, /* text, batch and parcel of a worker that reads, what the heap loses by it */
	WORKER_LEAST = 32 << 20, /* a limit that gives a worker less than this wants fewer workers */
};

/* The limit is that of the whole process: the tables, which grow and are counted, get what the rest,
 * which does not grow, leaves. That is as much for any number of threads. */
static void fit_memory(ic_run *run, uint64_t limit)
{
	if (!limit)
		return;
	const uint64_t workers = limit < WORKER_LEAST ? 1 : limit / WORKER_LEAST;
	run->threads = run->threads < workers ? run->threads : (unsigned)workers;
	uint64_t rest = BASE_BYTES + (workers < MAX_THREADS ? workers : MAX_THREADS) * WORKER_BYTES +
			limit / IC_ROWS_SHARE * 3;
	rest += run->opt->live ? IC_LIVE_RING_BYTES : 0;
	run->budget.limit = rest < limit - limit / 4 ? limit - rest : limit / 4;
}

/* When they are made no rows are on their way any more. */
size_t ic_run_findings_most(const ic_run *run)
{
	return (size_t)(run->opt->memory_bytes / IC_ROWS_SHARE * 2 / IC_FINDING_BYTES);
}

ic_status ic_run_init(ic_run *run, const ic_input_options *opt, const ic_observer *obs, ic_error *err)
{
	memset(run, 0, sizeof *run);
	run->opt = opt;
	run->obs = obs;
	run->threads = opt->threads ? opt->threads : ic_cpu_count();
	if (run->threads > MAX_THREADS)
		run->threads = MAX_THREADS;
	fit_memory(run, opt->memory_bytes);
	run->newest = IC_TIME_NONE;
	run->spool = &run->own_spool;
	run->summary.first_ticks = run->summary.last_ticks = IC_TIME_NONE;
	run->summary.worst_level = -1;
	run->filter.since = run->filter.until = IC_TIME_NONE;
	ic_error why = { 0 };
	ic_status st = ic_cidrs_init(&run->internal, opt->internal, opt->internal_count, &why);
	if (st != IC_OK)
		st = ic_fail(err, st, "%s%s", st == IC_E_USAGE ? "--internal: " : "", why.message);
	else
		st = init_ports(run, err);
	if (st == IC_OK)
		st = init_times(run, err);
	if (st != IC_OK)
		ic_run_clear(run);
	return st;
}

void ic_run_clear(ic_run *run)
{
	ic_cidrs_clear(&run->internal);
	ic_free(run->ports);
	run->ports = NULL;
	ic_spool_clear(&run->own_spool);
}

static void pass_note(void *ctx, const char *sentence)
{
	const ic_observer *obs = ctx;
	if (obs && obs->note)
		obs->note(obs->ctx, sentence);
}

ic_input_request ic_run_request(ic_run *run, ic_fieldset wanted, unsigned streams)
{
	return (ic_input_request){
		.paths = run->opt->paths,
		.path_count = run->opt->path_count,
		.live = run->opt->live,
		.spool = run->spool,
		.input_type = run->opt->input_type,
		.map_file = run->opt->map_file,
		.wanted = wanted,
		.streams = streams,
		.filter = run->filter,
		.threads = run->threads,
		.budget = &run->budget,
		.note = pass_note,
		.note_ctx = (void *)(uintptr_t)run->obs,
	};
}

int64_t ic_run_now(const ic_run *run)
{
	if (run->opt->now_ticks != IC_TIME_NONE)
		return run->opt->now_ticks;
	return run->newest != IC_TIME_NONE && !run->opt->live ? run->newest : ic_time_now();
}

void ic_run_say_now(ic_run *run)
{
	char text[40];
	if (run->said_now || run->opt->now_ticks != IC_TIME_NONE)
		return;
	run->said_now = true;
	ic_time_format_short(ic_run_now(run), text);
	ic_run_note(run, "now is %s (%s)", text,
		    run->newest == IC_TIME_NONE ? "the wall clock: no row has a time" : "the newest row");
}

void ic_run_note(const ic_run *run, const char *fmt, ...)
{
	const ic_observer *obs = run->obs;
	char text[1024];
	va_list ap;
	if (!obs || !obs->note)
		return;
	va_start(ap, fmt);
	(void)vsnprintf(text, sizeof text, fmt, ap);
	va_end(ap);
	ic_buf safe;
	ic_buf_init(&safe, 0);
	ic_buf_term(&safe, ic_str_of(text));
	ic_buf_putc(&safe, 0);
	if (!safe.failed)
		obs->note(obs->ctx, safe.p);
	ic_buf_clear(&safe);
}

void ic_run_report(ic_run *run, const ic_file_report *r)
{
	ic_summary *s = &run->summary;
	s->files++;
	s->damaged_files += r->damaged;
	s->skipped_files += r->skipped;
	s->part_files += r->in_part;
	s->rows += r->read;
	s->kept += r->kept;
	s->bad += r->bad;
	s->out_ports += r->out_ports;
	s->out_time += r->out_time;
	s->out_query += r->out_query;
	s->lost += r->lost;
	if (run->obs && run->obs->file_done)
		run->obs->file_done(run->obs->ctx, r);
}

void ic_run_report_files(ic_run *run, const ic_input *in)
{
	for (size_t i = 0; i < ic_input_report_count(in); i++)
		ic_run_report(run, ic_input_report(in, i));
	run->summary.unknown_named = ic_input_get_facts(in)->unknown_named;
}

void ic_run_progress(const ic_run *run, const ic_input *in)
{
	static pthread_mutex_t one_at_a_time = PTHREAD_MUTEX_INITIALIZER;
	if (!run->obs || !run->obs->progress || pthread_mutex_trylock(&one_at_a_time) != 0)
		return;
	run->obs->progress(run->obs->ctx, ic_input_bytes_done(in), ic_input_get_facts(in)->bytes);
	pthread_mutex_unlock(&one_at_a_time);
}
