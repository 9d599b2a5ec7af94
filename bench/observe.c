/* SPDX-License-Identifier: Apache-2.0 */
/* What observing a connection costs, without reading it: 10 million made-up rows of about 2.45 million
 * pairs through ic_observe_rows, the exchange and ic_observe_drain, on one thread.
 *   observe [rows] */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "base/time.h"
#include "detect/observe.h"

enum { SOURCES = 5000, DESTINATIONS = 200000, KNOWN = 515 /* destinations of one source */ };

static double now_ns(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

static uint64_t next_random(uint64_t *x)
{
	*x ^= *x << 13;
	*x ^= *x >> 7;
	*x ^= *x << 17;
	return *x;
}

static void fill(ic_batch *b, uint64_t *x, uint64_t at, uint64_t rows)
{
	static const ic_str tcp = { "tcp", 3 }, tls = { "ssl", 3 };
	ic_batch_reset(b);
	while (b->rows < IC_BATCH_ROWS && at < rows) {
		uint32_t r = b->rows++;
		uint64_t v = next_random(x);
		double u = (double)(next_random(x) >> 11) / 9007199254740992.0;
		uint32_t src = (uint32_t)(v % SOURCES), nth = (uint32_t)(KNOWN * u * u);
		uint32_t dst = (src * 7919 + nth * nth * 31) % DESTINATIONS;
		b->stream[r] = IC_STREAM_CONN;
		b->flags[r] = 0;
		b->col[IC_F_TIME].i[r] = (int64_t)(1714521600 + at++ * 86400 / rows) * IC_TICKS_S;
		b->col[IC_F_SRC_IP].ip[r] = ic_ip_from_v4(0x0a000000u + src);
		b->col[IC_F_DST_IP].ip[r] = ic_ip_from_v4(0x5db80000u + dst * 97);
		b->col[IC_F_DST_PORT].i[r] = dst % 9 ? 443 : 80;
		b->col[IC_F_TRANSPORT].s[r] = tcp;
		b->col[IC_F_SERVICE].s[r] = tls;
		b->col[IC_F_DURATION].d[r] = (double)(v >> 40 & 1023) / 8;
		b->col[IC_F_BYTES_OUT].i[r] = (int64_t)(v >> 50);
		b->col[IC_F_BYTES_IN].i[r] = (int64_t)(v >> 44);
		b->col[IC_F_IP_BYTES_OUT].i[r] = (int64_t)(v >> 50) + 400;
	}
}

typedef struct clocked {
	ic_observation *o;
	double drain_ns;
} clocked;

static ic_status drain(void *ctx, unsigned partition, const char *rows, uint32_t n)
{
	clocked *c = ctx;
	double t = now_ns();
	ic_status st = ic_observe_drain(c->o, partition, rows, n);
	c->drain_ns += now_ns() - t;
	return st;
}

int main(int argc, char **argv)
{
	uint64_t rows = argc > 1 ? strtoull(argv[1], NULL, 10) : 10000000, x = 88172645463325252u;
	ic_budget budget = { 0 };
	ic_cidrs internal;
	if (ic_cidrs_init(&internal, NULL, 0, NULL) != IC_OK)
		return 1;
	ic_intern *names = ic_intern_new(&budget);
	clocked c = { .o = names
			       ? ic_observe_new(&(ic_observe_config){ .internal = internal }, names, &budget)
			       : NULL };
	ic_batch *b = ic_batch_new(ic_observe_fields(false));
	ic_exchange *ex = c.o ? ic_exchange_new(ic_observe_row_bytes(c.o), 0, true, drain, &c) : NULL;
	ic_parcel *p = NULL;
	if (!b || !ex || ic_exchange_get(ex, 0, &p) != IC_OK)
		return 1;
	double rows_ns = 0, exchange_ns = 0, start;
	uint64_t out_scope = 0, dropped = 0, events = 0;
	for (uint64_t at = 0; at < rows; at += IC_BATCH_ROWS) {
		fill(b, &x, at, rows);
		for (uint32_t r = 0; r < b->rows;) {
			start = now_ns();
			r = ic_observe_rows(c.o, b, r, p, &out_scope, &dropped);
			rows_ns += now_ns() - start;
			start = now_ns();
			if (r < b->rows &&
			    (ic_exchange_put(ex, 0, p, true) != IC_OK || ic_exchange_get(ex, 0, &p) != IC_OK))
				return 1;
			exchange_ns += now_ns() - start;
		}
	}
	start = now_ns();
	if (ic_exchange_put(ex, 0, p, true) != IC_OK)
		return 1;
	ic_exchange_end(ex, 0);
	if (ic_exchange_finish(ex) != IC_OK)
		return 1;
	exchange_ns += now_ns() - start;
	start = now_ns();
	if (ic_observe_finish(c.o, 1) != IC_OK)
		return 1;
	double finish_ns = now_ns() - start, n = (double)rows;
	uint64_t groups = 0;
	for (unsigned i = 0; i < IC_PARTITIONS; i++) {
		groups += ic_group_count(&ic_observe_partition(c.o, i)->series);
		events += ic_observe_partition(c.o, i)->events;
	}
	printf("rows %llu, events %llu, groups %llu\n", (unsigned long long)rows, (unsigned long long)events,
	       (unsigned long long)groups);
	printf("ns a row: rows %.1f, exchange %.1f, drain %.1f, finish %.1f\n", rows_ns / n,
	       (exchange_ns - c.drain_ns) / n, c.drain_ns / n, finish_ns / n);
	printf("bytes a group: %.1f (%.1f MiB)\n", (double)budget.used / (double)groups,
	       (double)budget.used / (1 << 20));
	ic_exchange_free(ex);
	ic_batch_free(b);
	ic_observe_free(c.o);
	ic_intern_free(names);
	ic_cidrs_clear(&internal);
	return 0;
}
