/* SPDX-License-Identifier: Apache-2.0 */
/* The seed's job without scores, on the reading and grouping of `scan`: groups of source, destination,
 * port and transport with more than 15 connections and a mean interval of 1 to 900 s, as CSV. */
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>

#include "base/time.h"
#include "engine/run.h"

static double seconds(clockid_t id)
{
	struct timespec t;
	clock_gettime(id, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void print_group(const ic_intern *names, const ic_series *s)
{
	uint32_t n = s->sketch.n;
	if (n <= 15 || s->group_by != IC_BY_IP_PORT || s->level != IC_AT_CONNECTION)
		return;
	double mean = (double)(ic_sketch_last(&s->sketch) - ic_sketch_first(&s->sketch)) / 1e7 / (n - 1);
	if (mean < 1 || mean > 900)
		return;
	char src[46], dst[46];
	ic_str a = ic_intern_text(names, s->src, src), b = ic_intern_text(names, s->value, dst);
	printf("%.*s,%.*s,%u,%s,%u,%llu,%llu,%.3f\n", (int)a.n, a.p, (int)b.n, b.p, s->port,
	       ic_transport_names[s->transport], n, (unsigned long long)s->bytes_out,
	       (unsigned long long)s->bytes_in, mean);
}

int main(int argc, char **argv)
{
	if (argc < 3) {
		fprintf(stderr, "usage: groupby THREADS PATH...\n");
		return 2;
	}
	double wall = seconds(CLOCK_MONOTONIC);
	ic_input_options opt = { .paths = (const char *const *)argv + 2, .path_count = (size_t)argc - 2 };
	for (const char *c = argv[1]; *c >= '0' && *c <= '9'; c++)
		opt.threads = opt.threads * 10 + (unsigned)(*c - '0');
	opt.since.ticks = opt.until.ticks = opt.now_ticks = IC_TIME_NONE;
	opt.ports = "80,443,8080,8443";
	ic_run run;
	ic_error err = { 0 };
	ic_intern *names = ic_intern_new(NULL);
	ic_observation *o = NULL;
	if (!names || ic_run_init(&run, &opt, NULL, &err) != IC_OK ||
	    ic_run_observe(&run, names, &o, &err) != IC_OK) {
		fprintf(stderr, "groupby: %s %s\n", err.file, err.message);
		return 1;
	}
	uint64_t groups = 0;
	for (unsigned i = 0; i < IC_PARTITIONS; i++) {
		const ic_group_table *t = &ic_observe_partition(o, i)->series;
		groups += ic_group_count(t);
		for (uint32_t k = 0; k < ic_group_count(t); k++)
			print_group(names, ic_group_at(t, k));
	}
	fflush(stdout);
	struct rusage use;
	getrusage(RUSAGE_SELF, &use);
	fprintf(stderr, "{\"seconds\":%.4f,\"cpu\":%.4f,\"rss_kib\":%ld,\"rows\":%llu,\"groups\":%llu}\n",
		seconds(CLOCK_MONOTONIC) - wall, seconds(CLOCK_PROCESS_CPUTIME_ID), use.ru_maxrss,
		(unsigned long long)run.summary.rows, (unsigned long long)groups);
	ic_observe_free(o);
	ic_intern_free(names);
	ic_run_clear(&run);
	return 0;
}
