/* SPDX-License-Identifier: Apache-2.0 */
/* A hand-made observation for the tests of the detectors: events go straight into series and profiles. */
#ifndef IC_TEST_DETECT_WORLD_H
#define IC_TEST_DETECT_WORLD_H

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

#include "base/hash.h"
#include "base/time.h"
#include "detect/detect.h"
#include "detect/join.h"

typedef struct world {
	ic_intern *names;
	ic_observation *o;
	bool full;
} world;

typedef struct event {
	const char *src, *host, *dst, *name, *domain, *agent, *ja4, *ja3, *process;
	int port;
	double t; /* seconds */
	int64_t out, in;
	unsigned signals;
	double duration;
	bool request;	   /* also a request */
	bool only_request; /* a further request of a connection counted before */
	bool open, outside_src, udp;
} event;

static inline world world_new(bool full)
{
	ic_observe_config cfg = { .full = full };
	world w = { .names = ic_intern_new(NULL), .full = full };
	assert_non_null(w.names);
	assert_int_equal(ic_cidrs_init(&cfg.internal, NULL, 0, NULL), IC_OK);
	w.o = ic_observe_new(&cfg, w.names, NULL);
	assert_non_null(w.o);
	ic_cidrs_clear(&cfg.internal);
	return w;
}

static inline void world_free(world *w)
{
	ic_observe_free(w->o);
	ic_intern_free(w->names);
}

static inline uint32_t world_str(world *w, const char *s)
{
	return s ? ic_intern_str(w->names, ic_str_of(s)) : 0;
}

static inline uint32_t world_ip(world *w, const char *s)
{
	ic_ip ip;
	return s && ic_ip_parse(ic_str_of(s), &ip) ? ic_intern_ip(w->names, &ip) : 0;
}

static inline void world_level(world *w, ic_partition *p, const ic_obs *row, const event *e,
			       ic_event_level level)
{
	const uint32_t value[IC_GROUP_BYS] = { row->dst,
					       world_str(w, e->name),
					       world_str(w, e->domain),
					       world_str(w, e->ja4),
					       world_str(w, e->agent),
					       world_str(w, e->process) };
	for (unsigned by = 0; by < IC_GROUP_BYS; by++)
		if (value[by] && (w->full || by == IC_BY_IP_PORT))
			assert_int_equal(ic_observe_series(w->o, p, row, by, value[by], level), IC_OK);
}

static inline void world_add(world *w, const event *e)
{
	ic_obs row = { .ticks = (int64_t)llround(e->t * 1e7),
		       .size = e->out,
		       .bytes_out = e->out,
		       .bytes_in = e->in,
		       .src = e->host ? world_str(w, e->host) : world_ip(w, e->src),
		       .dst = world_ip(w, e->dst),
		       .port = (uint16_t)e->port,
		       .duration_ds = (uint32_t)(e->duration * 10),
		       .has_duration = e->duration > 0,
		       .open = e->open,
		       .in_scope = 1,
		       .internal_src = !e->outside_src,
		       .stream = e->signals & IC_SIG_HTTP ? IC_STREAM_HTTP : IC_STREAM_CONN };
	row.transport = e->udp ? IC_UDP : IC_TCP;
	ic_partition *p = ic_observe_partition(w->o, ic_observe_part_of(w->o, row.src));
	assert_int_equal(ic_observe_host(w->o, p, &row), IC_OK);
	if (!e->only_request)
		world_level(w, p, &row, e, IC_AT_CONNECTION);
	if (e->request || e->only_request)
		world_level(w, p, &row, e, IC_AT_REQUEST);
	if (!w->full)
		return;
	ic_profile key = { .src = row.src,
			   .src_ip = world_ip(w, e->src),
			   .src_host = world_str(w, e->host),
			   .dst = row.dst,
			   .name = world_str(w, e->name),
			   .user_agent = world_str(w, e->agent),
			   .ja4 = world_str(w, e->ja4),
			   .process = world_str(w, e->process),
			   .port = row.port,
			   .transport = row.transport };
	key.kind = (uint8_t)(e->signals & 0xff);
	int is_new;
	size_t n = offsetof(ic_profile, connections);
	ic_profile *q = ic_group_upsert(&p->profiles, &key, ic_group_hash(&key, (unsigned)n), &is_new);
	assert_non_null(q);
	q->connections += !e->only_request;
	q->requests += e->request || e->only_request;
	q->signals |= (uint16_t)e->signals;
	q->ja3[0] = world_str(w, e->ja3);
}

/* A row of a connection of this source that counts bytes. */
static inline void world_counts_bytes(world *w, const char *src)
{
	const ic_obs row = { .src = world_ip(w, src), .stream = IC_STREAM_CONN, .internal_src = 1 };
	ic_partition *p = ic_observe_partition(w->o, ic_observe_part_of(w->o, row.src));
	assert_int_equal(ic_observe_host(w->o, p, &row), IC_OK);
}

/* n events, one every `step` seconds with a spread of `spread` (a share of it, fixed sequence). */
static inline void world_beat(world *w, event e, unsigned n, double step, double spread)
{
	uint32_t x = 12345;
	for (unsigned i = 0; i < n; i++) {
		world_add(w, &e);
		x = x * 1664525u + 1013904223u;
		e.t += step * (1 - spread * (x >> 8) / 16777216.0);
	}
}

static inline ic_findings world_detect(world *w, ic_detect_config cfg)
{
	ic_findings f;
	ic_error err = { 0 };
	if (cfg.min_automation == 0)
		cfg.min_automation = 50;
	assert_int_equal(ic_detect(w->o, &cfg, &f, &err), IC_OK);
	return f;
}

static inline const ic_finding *finding_of(const ic_findings *f, const char *detector, const char *value)
{
	for (size_t i = 0; i < f->n; i++)
		if (strcmp(f->list[i].detector, detector) == 0 &&
		    (!value || ic_str_eq(f->list[i].value, ic_str_of(value))))
			return &f->list[i];
	return NULL;
}

static inline const ic_reason *reason_of(const ic_finding *f, const char *code)
{
	for (size_t i = 0; i < f->reason_count; i++)
		if (strcmp(f->reasons[i].code, code) == 0)
			return &f->reasons[i];
	return NULL;
}

static inline size_t count_of(const ic_findings *f, const char *detector)
{
	size_t n = 0;
	for (size_t i = 0; i < f->n; i++)
		n += strcmp(f->list[i].detector, detector) == 0;
	return n;
}

static inline bool is_lowered_by(const ic_finding *f, const char *name)
{
	for (size_t i = 0; i < f->lowered_count; i++)
		if (strcmp(f->lowered_by[i], name) == 0)
			return true;
	return false;
}

#endif
