/* SPDX-License-Identifier: Apache-2.0 */
/* For tests of observation: rows by hand, driven through a parcel without an exchange. */
#ifndef OBSERVE_RIG_H
#define OBSERVE_RIG_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/time.h"
#include "detect/observe.h"

/* A row; what is 0 or NULL is null. Times in seconds. */
typedef struct row {
	ic_stream stream;
	double t;
	const char *uid, *src, *dst;
	int port;
	const char *transport, *service;
	double duration;
	int64_t out, in, ip_out, body, count;
	const char *host_name, *user, *process, *name, *method, *uri, *agent, *sni, *subject, *issuer,
	    *cert_status;
	const char *ja3, *ja4, *query, *answers;
	int cert_valid; /* 1 yes, 2 no */
	unsigned flags;
} row;

typedef struct rig {
	ic_intern *names;
	ic_budget budget;
	ic_cidrs internal;
	ic_observation *o;
	ic_batch *b;
	uint32_t room;
	uint64_t out_scope, dropped;
	ic_status status;
} rig;

static inline void rig_open(rig *g, ic_observe_config cfg, uint64_t limit)
{
	*g = (rig){ .budget = { .limit = limit }, .room = IC_BATCH_ROWS };
	assert_int_equal(ic_cidrs_init(&g->internal, NULL, 0, NULL), IC_OK);
	cfg.internal = g->internal;
	assert_non_null(g->names = ic_intern_new(NULL));
	assert_non_null(g->o = ic_observe_new(&cfg, g->names, limit ? &g->budget : NULL));
	assert_non_null(g->b = ic_batch_new(ic_observe_fields(cfg.full)));
	ic_batch_reset(g->b);
}

static inline void rig_close(rig *g)
{
	ic_batch_free(g->b);
	ic_observe_free(g->o);
	ic_intern_free(g->names);
	ic_cidrs_clear(&g->internal);
}

static inline void set_text(ic_batch *b, ic_field f, uint32_t r, const char *s, ic_fieldset *seen)
{
	if (!s || !ic_batch_has(b, f))
		return;
	ic_str v = ic_str_of(s);
	assert_non_null(v.p = ic_arena_dup(&b->arena, v.p, v.n));
	b->col[f].s[r] = v;
	*seen |= IC_FIELD_BIT(f);
}

static inline void set_long(ic_batch *b, ic_field f, uint32_t r, int64_t v, ic_fieldset *seen)
{
	if (!v || !ic_batch_has(b, f))
		return;
	b->col[f].i[r] = v;
	*seen |= IC_FIELD_BIT(f);
}

static inline void set_ip(ic_batch *b, ic_field f, uint32_t r, const char *s, ic_fieldset *seen)
{
	if (!s)
		return;
	assert_true(ic_ip_parse(ic_str_of(s), &b->col[f].ip[r]));
	*seen |= IC_FIELD_BIT(f);
}

/* Puts the last of n rows behind those that are not after it; those before it are in order. */
static inline void rig_sort_in(char *rows, uint32_t n, size_t row_bytes)
{
	char moved[sizeof(ic_obs_full)];
	uint32_t at = n - 1;
	int64_t key, before;
	memcpy(&key, rows + at * row_bytes, sizeof key);
	for (; at > 0; at--) {
		memcpy(&before, rows + (at - 1) * row_bytes, sizeof before);
		if (before <= key)
			break;
	}
	memcpy(moved, rows + (n - 1) * row_bytes, row_bytes);
	memmove(rows + (at + 1) * row_bytes, rows + at * row_bytes, (n - 1 - at) * row_bytes);
	memcpy(rows + at * row_bytes, moved, row_bytes);
}

/* Drains a parcel as the exchange does: each partition with its rows in order; for a join, which takes any order,
 * in that of the input. */
static inline void rig_drain(rig *g, const ic_parcel *p)
{
	size_t row_bytes = ic_observe_row_bytes(g->o);
	char *rows = malloc(p->n * row_bytes + 1);
	assert_non_null(rows);
	for (unsigned part = 0; part < IC_PARTITIONS && g->status == IC_OK; part++) {
		uint32_t n = 0;
		for (uint32_t r = 0; r < p->n; r++)
			if (p->part[r] == part) {
				memcpy(rows + n++ * row_bytes, p->rows + r * row_bytes, row_bytes);
				if (!ic_observe_is_full(g->o))
					rig_sort_in(rows, n, row_bytes);
			}
		if (n)
			g->status = ic_observe_drain(g->o, part, rows, n);
	}
	free(rows);
}

/* Everything put so far goes through. */
static inline void rig_flush(rig *g)
{
	for (uint32_t at = 0; at < g->b->rows;) {
		ic_parcel p = { .room = g->room };
		p.rows = malloc(g->room * ic_observe_row_bytes(g->o));
		p.part = malloc(g->room);
		assert_true(p.rows && p.part);
		at = ic_observe_rows(g->o, g->b, at, &p, &g->out_scope, &g->dropped);
		assert_true(p.n <= p.room);
		assert_true(p.n || at == g->b->rows);
		rig_drain(g, &p);
		free(p.rows);
		free(p.part);
	}
	ic_batch_reset(g->b);
}

static inline void rig_put(rig *g, row v)
{
	ic_batch *b = g->b;
	if (b->rows == IC_BATCH_ROWS)
		rig_flush(g);
	uint32_t r = b->rows++;
	ic_fieldset seen = IC_FIELD_BIT(IC_F_TIME);
	b->stream[r] = (uint8_t)v.stream;
	b->flags[r] = (uint8_t)v.flags;
	b->col[IC_F_TIME].i[r] = (int64_t)(v.t * (double)IC_TICKS_S + 0.5);
	set_text(b, IC_F_UID, r, v.uid, &seen);
	set_ip(b, IC_F_SRC_IP, r, v.src, &seen);
	set_ip(b, IC_F_DST_IP, r, v.dst, &seen);
	set_long(b, IC_F_DST_PORT, r, v.port, &seen);
	set_text(b, IC_F_TRANSPORT, r, v.transport, &seen);
	set_text(b, IC_F_SERVICE, r, v.service, &seen);
	if (v.duration > 0) {
		b->col[IC_F_DURATION].d[r] = v.duration;
		seen |= IC_FIELD_BIT(IC_F_DURATION);
	}
	set_long(b, IC_F_BYTES_OUT, r, v.out, &seen);
	set_long(b, IC_F_BYTES_IN, r, v.in, &seen);
	set_long(b, IC_F_IP_BYTES_OUT, r, v.ip_out, &seen);
	set_long(b, IC_F_REQUEST_BODY_BYTES, r, v.body, &seen);
	set_long(b, IC_F_COUNT, r, v.count, &seen);
	set_text(b, IC_F_SRC_HOST, r, v.host_name, &seen);
	set_text(b, IC_F_USER, r, v.user, &seen);
	set_text(b, IC_F_PROCESS, r, v.process, &seen);
	set_text(b, IC_F_DST_NAME, r, v.name, &seen);
	set_text(b, IC_F_METHOD, r, v.method, &seen);
	set_text(b, IC_F_URI, r, v.uri, &seen);
	set_text(b, IC_F_USER_AGENT, r, v.agent, &seen);
	set_text(b, IC_F_SNI, r, v.sni, &seen);
	set_text(b, IC_F_CERT_SUBJECT, r, v.subject, &seen);
	set_text(b, IC_F_CERT_ISSUER, r, v.issuer, &seen);
	set_text(b, IC_F_CERT_STATUS, r, v.cert_status, &seen);
	set_text(b, IC_F_JA3, r, v.ja3, &seen);
	set_text(b, IC_F_JA4, r, v.ja4, &seen);
	set_text(b, IC_F_DNS_QUERY, r, v.query, &seen);
	set_text(b, IC_F_DNS_ANSWERS, r, v.answers, &seen);
	if (v.cert_valid && ic_batch_has(b, IC_F_CERT_VALID)) {
		b->col[IC_F_CERT_VALID].b[r] = v.cert_valid == 1;
		seen |= IC_FIELD_BIT(IC_F_CERT_VALID);
	}
	ic_batch_null_rest(b, r, seen);
}

static inline void rig_finish(rig *g)
{
	rig_flush(g);
	assert_int_equal(g->status, IC_OK);
	assert_int_equal(ic_observe_finish(g->o, 1), IC_OK);
}

static inline bool id_is(const rig *g, uint32_t id, const char *text)
{
	char buf[46];
	ic_str s = ic_intern_text(g->names, id, buf);
	return text ? id && ic_str_eq(s, ic_str_of(text)) : id == 0;
}

/* The series of a key; port 0: any. NULL: none. */
static inline ic_series *series_of(rig *g, ic_group_by by, ic_event_level level, const char *src,
				   const char *value, int port)
{
	for (unsigned i = 0; i < IC_PARTITIONS; i++) {
		ic_partition *p = ic_observe_partition(g->o, i);
		for (uint32_t k = 0; k < ic_group_count(&p->series); k++) {
			ic_series *s = ic_group_at(&p->series, k);
			if (s->group_by == by && s->level == level && (!port || s->port == port) &&
			    id_is(g, s->src, src) && id_is(g, s->value, value))
				return s;
		}
	}
	return NULL;
}

/* Events of a series, 0 if there is none. */
static inline uint32_t events_of(rig *g, ic_group_by by, ic_event_level level, const char *src,
				 const char *value)
{
	const ic_series *s = series_of(g, by, level, src, value, 0);
	return s ? s->sketch.n : 0;
}

static inline uint32_t series_count(rig *g)
{
	uint32_t n = 0;
	for (unsigned i = 0; i < IC_PARTITIONS; i++)
		n += ic_group_count(&ic_observe_partition(g->o, i)->series);
	return n;
}

/* The profile with these values (NULL: none of that kind). */
static inline ic_profile *profile_of(rig *g, const char *src, const char *dst, const char *name,
				     const char *agent, const char *ja4)
{
	for (unsigned i = 0; i < IC_PARTITIONS; i++) {
		ic_partition *p = ic_observe_partition(g->o, i);
		for (uint32_t k = 0; k < ic_group_count(&p->profiles); k++) {
			ic_profile *f = ic_group_at(&p->profiles, k);
			if (id_is(g, f->src, src) && id_is(g, f->dst, dst) && id_is(g, f->name, name) &&
			    id_is(g, f->user_agent, agent) && id_is(g, f->ja4, ja4))
				return f;
		}
	}
	return NULL;
}

typedef struct totals {
	uint64_t events, out_scope, dropped, late, hosts, counts;
	int64_t first, last;
} totals;

static inline totals totals_of(rig *g)
{
	totals t = {
		.out_scope = g->out_scope, .dropped = g->dropped, .first = IC_TIME_NONE, .last = IC_TIME_NONE
	};
	for (unsigned i = 0; i < IC_PARTITIONS; i++) {
		const ic_partition *p = ic_observe_partition(g->o, i);
		t.events += p->events;
		t.out_scope += p->out_scope;
		t.dropped += p->dropped;
		t.late += p->late;
		t.hosts += ic_group_count(&p->hosts);
		t.counts += ic_group_count(&p->counts);
		if (p->first != IC_TIME_NONE && (t.first == IC_TIME_NONE || p->first < t.first))
			t.first = p->first;
		t.last = p->last > t.last ? p->last : t.last;
	}
	return t;
}

#endif
