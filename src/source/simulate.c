/* SPDX-License-Identifier: Apache-2.0 */
/* A small office, played: people, benign agents and C2 implants, each as a series of connections of
 * one host to one destination. */
#include "source/simulate.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/hash.h"
#include "base/time.h"
#include "source/simulate_profiles.h"

#define DAY_S 86400.0

enum {
	MAX_EVENTS = 50 * 1000 * 1000,
	MAX_HOSTS = 50000,
	SITES = 40, /* web sites that people visit */
	SITES_A_HOST = 12,
	MAX_SPANS = 512, /* stretches of presence: 5 a day, 90 days */
	MAX_DAYS = 90,
};

typedef struct rng {
	uint64_t a, b;
} rng;

/* One series: who talks to whom, and as what. */
typedef struct series {
	const sim_profile *profile;
	unsigned host;
	char names[SIM_NAMES][48];
	unsigned name_count;
	ic_ip ip[SIM_NAMES];
	bool met[SIM_NAMES]; /* which of them it went to */
	double sleep, jitter;
	uint64_t events;
	int64_t first, last;
} series;

/* One connection or one request inside a kept connection. */
typedef struct event {
	int64_t ticks;	/* start */
	int64_t logged; /* when the sensor writes the row */
	uint32_t series;
	uint32_t number; /* of the connection: makes uid and source port */
	uint32_t duration_us, bytes_out, bytes_in;
	uint8_t kind; /* ic_stream of the row */
	uint8_t name, post;
	uint8_t upgrade;
} event;

struct ic_simulator {
	rng r;
	const char *profiles; /* the chosen ones; NULL: all */
	double span_s;
	int64_t start;
	unsigned hosts;
	series *series;
	size_t series_count, series_room;
	event *events;
	size_t event_count, event_room, at;
	uint32_t connections;
	ic_status failed;
};

/* ---- random numbers (xoroshiro128+) ---------------------------------------------- */

static uint64_t rng_next(rng *r)
{
	uint64_t a = r->a, b = r->b, sum = a + b;
	b ^= a;
	r->a = (a << 24 | a >> 40) ^ b ^ (b << 16);
	r->b = b << 37 | b >> 27;
	return sum;
}

static rng rng_for(uint64_t seed, uint64_t part)
{
	return (rng){ ic_mix(seed, part, 1), ic_mix(seed, part, 2) | 1 };
}

static double uniform(rng *r, double lo, double hi)
{
	return lo + (hi - lo) * (double)(rng_next(r) >> 11) * 0x1p-53;
}

static unsigned below(rng *r, unsigned n)
{
	return (unsigned)(uniform(r, 0, n));
}

static double normal(rng *r)
{
	double u = uniform(r, 1e-12, 1), v = uniform(r, 0, 2 * M_PI);
	return sqrt(-2 * log(u)) * cos(v);
}

static double exponential(rng *r, double mean)
{
	return -mean * log(uniform(r, 1e-12, 1));
}

static double lognormal(rng *r, double median, double sigma)
{
	return median * exp(sigma * normal(r));
}

/* ---- planning -------------------------------------------------------------------- */

typedef struct span {
	double from, to;
} span;

static unsigned presence(rng *r, sim_presence kind, double total, span *out)
{
	if (kind == SIM_ALWAYS) {
		out[0] = (span){ 0, total };
		return 1;
	}
	unsigned n = 0;
	for (double day = 0; day < total && n + 5 < MAX_SPANS; day += DAY_S) {
		if (kind == SIM_WORK) {
			double from = day + (8.5 + .5 * normal(r)) * 3600,
			       to = day + (17.5 + .6 * normal(r)) * 3600;
			double lunch = day + (12.2 + .3 * normal(r)) * 3600;
			out[n++] = (span){ from, lunch };
			out[n++] = (span){ lunch + uniform(r, 1200, 3600), to };
			continue;
		}
		double t = day + (7.5 + .7 * normal(r)) * 3600;
		for (unsigned k = 1 + below(r, 4); k > 0; k--) {
			double length = uniform(r, 1, 4.5) * 3600;
			out[n++] = (span){ t, t + length };
			t += length + uniform(r, .3, 2.5) * 3600;
		}
	}
	for (unsigned i = 0; i < n; i++)
		out[i] = (span){ fmax(out[i].from, 0), fmin(out[i].to, total) };
	return n;
}

static double next_sleep(rng *r, sim_model model, double s, double j)
{
	switch (model) {
	case SIM_BELOW: return uniform(r, s * (1 - j), s);
	case SIM_ABOVE: return uniform(r, s, s * (1 + j));
	case SIM_AROUND: return s + uniform(r, -j * s, j * s);
	case SIM_PERCENT: {
		unsigned k = below(r, (unsigned)(j * 100) + 1);
		double d = floor(s * k / 100);
		return k % 2 ? s - d : s + d;
	}
	case SIM_GAUSS: return fmax(1, s * (1 + j * normal(r)));
	case SIM_MEMORYLESS: return fmax(.5, exponential(r, s));
	case SIM_HUMAN: break;
	}
	return lognormal(r, s, 1.1);
}

static event *add_event(ic_simulator *sim, uint32_t number)
{
	static event nowhere;
	if (sim->event_count == sim->event_room) {
		size_t room = sim->event_room ? sim->event_room * 2 : 4096;
		event *grown = room <= MAX_EVENTS ? ic_reallocarray(sim->events, room, sizeof *grown) : NULL;
		if (!grown) {
			sim->failed = room <= MAX_EVENTS ? IC_E_NOMEM : IC_E_LIMIT;
			return &nowhere;
		}
		sim->events = grown;
		sim->event_room = room;
	}
	event *e = &sim->events[sim->event_count++];
	memset(e, 0, sizeof *e);
	e->series = number;
	return e;
}

static int64_t ticks_at(const ic_simulator *sim, double t)
{
	return sim->start + (int64_t)(t * 1e6) * IC_TICKS_US; /* whole microseconds, as sensors write */
}

/* Rows of one exchange at second t: its request or handshake row, and its connection unless that one
 * is kept open by the caller. */
static void exchange(ic_simulator *sim, uint32_t number, rng *r, double t, uint32_t connection,
		     bool own_connection, bool post, double scale)
{
	series *s = &sim->series[number];
	const sim_profile *p = s->profile;
	if (t < 0 || t >= sim->span_s)
		return;
	unsigned name = p->flags & SIM_ROTATES ? below(r, s->name_count) : 0;
	double grow = p->model == SIM_HUMAN ? lognormal(r, 1, .8) : 1;
	uint32_t out = (uint32_t)fmin(p->bytes_out * grow * scale, 4e9),
		 in = (uint32_t)fmin(p->bytes_in * grow * scale, 4e9);
	if (p->flags & SIM_PADDED) {
		out += below(r, p->bytes_out);
		in += below(r, p->bytes_in);
	}
	out += below(r, 5) == 0 ? 52 : 0; /* one more acknowledgement now and then */
	event *e = add_event(sim, number);
	e->kind = p->tls ? IC_STREAM_SSL : IC_STREAM_HTTP;
	e->number = connection;
	e->name = (uint8_t)name;
	e->post = post;
	e->bytes_out = out;
	e->bytes_in = in;
	e->upgrade = strcmp(p->info.name, "websocket") == 0;
	e->ticks = e->logged = ticks_at(sim, t + .02);
	if (own_connection) {
		event *c = add_event(sim, number);
		double duration = uniform(r, .15, 1.2);
		*c = sim->event_count ? sim->events[sim->event_count - 2] : *c;
		c->kind = IC_STREAM_CONN;
		c->ticks = ticks_at(sim, t);
		c->duration_us = (uint32_t)(duration * 1e6);
		c->logged = c->ticks + c->duration_us * IC_TICKS_US;
	}
	int64_t ticks = ticks_at(sim, t);
	s->met[name] = true;
	s->events++;
	s->first = s->events == 1 || ticks < s->first ? ticks : s->first;
	s->last = ticks > s->last ? ticks : s->last;
}

static void check_in(ic_simulator *sim, uint32_t number, rng *r, double t, double scale)
{
	const sim_profile *p = sim->series[number].profile;
	exchange(sim, number, r, t, sim->connections++, true, strcmp(p->method, "POST") == 0, scale);
	if (p->flags & SIM_TWO_REQUESTS)
		exchange(sim, number, r, t + uniform(r, .05, .9), sim->connections++, true, true, scale);
}

/* A connection that stays open for a stretch, with requests inside. */
static void kept_connection(ic_simulator *sim, uint32_t number, rng *r, double from, double to)
{
	const series *s = &sim->series[number];
	uint32_t connection = sim->connections++;
	uint64_t out = 0, in = 0;
	for (double t = from + .05; t < to;
	     t += next_sleep(r, s->profile->model, s->sleep, s->jitter) + uniform(r, .02, .1)) {
		exchange(sim, number, r, t, connection, false, false, 1);
		out += s->profile->bytes_out;
		in += s->profile->bytes_in;
	}
	event *c = add_event(sim, number);
	c->kind = IC_STREAM_CONN;
	c->number = connection;
	c->ticks = ticks_at(sim, from);
	c->duration_us = (uint32_t)fmin((to - from) * 1e6, 4e9);
	c->logged = c->ticks + c->duration_us * IC_TICKS_US;
	c->bytes_out = (uint32_t)(out < UINT32_MAX ? out : UINT32_MAX);
	c->bytes_in = (uint32_t)(in < UINT32_MAX ? in : UINT32_MAX);
}

/* The check-ins of an implant or agent while its host is awake from..to. */
static void beat(ic_simulator *sim, uint32_t number, rng *r, span awake, double miss)
{
	series *s = &sim->series[number];
	const sim_profile *p = s->profile;
	if (p->flags & SIM_KEEP_ALIVE) {
		for (double t = awake.from + uniform(r, 0, s->sleep); t < awake.to; t += 3600)
			kept_connection(sim, number, r, t, fmin(t + 3590, awake.to));
		return;
	}
	double change = p->flags & SIM_SLEEP_CHANGES ? uniform(r, .2, .5) * DAY_S : INFINITY;
	double t = awake.from + uniform(r, 0, fmin(s->sleep, 300));
	if (p->flags & SIM_STAGED) {
		for (unsigned k = 3 + below(r, 15); k > 0; k--)
			check_in(sim, number, r, t + uniform(r, 0, 20), 40);
		t += 30;
	}
	double sleep = s->sleep, tasking = p->flags & SIM_TASKING ? uniform(r, 0, DAY_S) : INFINITY;
	for (; t < awake.to && sim->failed == IC_OK;
	     t += next_sleep(r, p->model, sleep, s->jitter) + uniform(r, .08, .6)) {
		if (uniform(r, 0, 1) >= miss)
			check_in(sim, number, r, t, 1);
		if (t > change) {
			sleep = (double[]){ 5, 30, 60, 300, 900 }[below(r, 5)];
			change = t + uniform(r, .2, .5) * DAY_S;
		}
		if (t > tasking) {
			for (double end = t + uniform(r, 120, 900); t < end; t += uniform(r, .8, 2.2))
				check_in(sim, number, r, t, below(r, 3) ? 1 : 6);
			tasking = t + uniform(r, .2, 1) * DAY_S;
		}
	}
}

/* A person and a web site: visits of a few pages, each page a burst of connections. */
static void browse(ic_simulator *sim, uint32_t number, rng *r, span awake)
{
	const series *s = &sim->series[number];
	double visits = (awake.to - awake.from) / 3600 * uniform(r, .2, 1.2);
	for (double left = visits; left > uniform(r, 0, 1); left -= 1) {
		double t = uniform(r, awake.from, awake.to);
		for (unsigned pages = 1 + (unsigned)exponential(r, 4); pages > 0; pages--) {
			for (unsigned k = 1 + below(r, 4); k > 0; k--)
				check_in(sim, number, r, t + exponential(r, .8), 1);
			t += next_sleep(r, SIM_HUMAN, s->sleep, 0);
		}
	}
}

static void play(ic_simulator *sim, uint32_t number, rng *r)
{
	span spans[MAX_SPANS];
	series *s = &sim->series[number];
	const sim_profile *p = s->profile;
	double miss = uniform(r, p->miss[0], p->miss[1]);
	unsigned n = presence(r, p->presence, sim->span_s, spans);
	for (unsigned i = 0; i < n; i++) {
		if (p->model == SIM_HUMAN)
			browse(sim, number, r, spans[i]);
		else
			beat(sim, number, r, spans[i], miss);
	}
}

/* ---- casting: who plays what ----------------------------------------------------- */

static uint32_t add_series(ic_simulator *sim, const sim_profile *p, unsigned host)
{
	if (sim->series_count == sim->series_room) {
		size_t room = sim->series_room ? sim->series_room * 2 : 64;
		series *grown = ic_reallocarray(sim->series, room, sizeof *grown);
		if (!grown) {
			sim->failed = IC_E_NOMEM;
			return 0;
		}
		sim->series = grown;
		sim->series_room = room;
	}
	series *s = &sim->series[sim->series_count];
	memset(s, 0, sizeof *s);
	s->profile = p;
	s->host = host;
	return (uint32_t)sim->series_count++;
}

/* Documentation addresses (RFC 5737), by side: implants 203.0.113/24, agents 198.51.100/24, people
 * 192.0.2/24. */
static ic_ip address_of(const sim_profile *p, uint64_t key)
{
	uint32_t net = p->info.group[0] == 'c'	 ? 0xcb007100
		       : p->info.group[0] == 'a' ? 0xc6336400
						 : 0xc0000200;
	return ic_ip_from_v4(net | (uint32_t)(1 + ic_mix(key, net, 3) % 254));
}

static void name_site(series *s, unsigned site)
{
	static const char *const first[] = { "news",  "shop", "mail", "forum",
					     "video", "maps", "wiki", "travel" };
	static const char *const second[] = { "harbour", "meadow", "lantern", "quarry", "willow" };
	ic_buf b;
	ic_buf_init(&b, sizeof s->names[0] - 1);
	ic_buf_printf(&b, "www.%s-%s.example", first[site % 8], second[site / 8 % 5]);
	if (!b.failed)
		memcpy(s->names[0], b.p, b.n);
	s->name_count = 1;
	ic_buf_clear(&b);
}

static void cast(ic_simulator *sim, const sim_profile *p, unsigned host, int site, rng *r)
{
	uint32_t number = add_series(sim, p, host);
	if (sim->failed != IC_OK)
		return;
	series *s = &sim->series[number];
	unsigned sleeps = 1;
	while (sleeps < SIM_SLEEPS && p->sleep_s[sleeps] > 0)
		sleeps++;
	s->sleep = p->sleep_s[below(r, sleeps)];
	s->jitter = uniform(r, p->jitter[0], p->jitter[1]);
	unsigned names = 0;
	while (names < SIM_NAMES && p->names[names])
		names++;
	if (site >= 0) {
		name_site(s, (unsigned)site);
	} else if (names && !(p->flags & SIM_BARE_IP)) {
		unsigned pick = below(r, names);
		s->name_count = p->flags & SIM_ROTATES ? names : 1;
		for (unsigned i = 0; i < s->name_count; i++) {
			const char *name = p->names[s->name_count == 1 ? pick : i];
			memcpy(s->names[i], name, strlen(name) + 1);
		}
	}
	for (unsigned i = 0; i < SIM_NAMES; i++)
		s->ip[i] =
		    address_of(p, s->name_count ? ic_hash_stable(s->names[i], strlen(s->names[i])) : number);
	play(sim, number, r);
}

static bool chosen(const char *list, const char *name)
{
	size_t n = strlen(name);
	for (const char *at = list; at; at = strchr(at, ',') ? strchr(at, ',') + 1 : NULL) {
		if (strncmp(at, name, n) == 0 && (at[n] == ',' || at[n] == 0))
			return true;
	}
	return list == NULL;
}

static ic_status check_profiles(const char *list, ic_error *err)
{
	for (const char *at = list; at && *at; at += strcspn(at, ",") + (at[strcspn(at, ",")] == ',')) {
		size_t n = strcspn(at, ",");
		bool known = false;
		for (const sim_profile *p = ic_sim_profiles; p->info.name; p++)
			known |= strlen(p->info.name) == n && strncmp(p->info.name, at, n) == 0;
		if (!known)
			return ic_fail(err, IC_E_USAGE,
				       "no profile is called \"%.*s\" (simulate --list shows them)", (int)n,
				       at);
	}
	return IC_OK;
}

static void plan(ic_simulator *sim, uint64_t seed)
{
	for (unsigned k = 0; ic_sim_profiles[k].info.name && sim->failed == IC_OK; k++) {
		const sim_profile *p = &ic_sim_profiles[k];
		if (!chosen(sim->profiles, p->info.name))
			continue;
		rng r = rng_for(seed, k + 1);
		if (p->fleet <= 0) {
			/* one implant a profile, spread over the hosts */
			cast(sim, p, (k * 7 + 3) % sim->hosts, -1, &r);
			continue;
		}
		for (unsigned h = 0; h < sim->hosts && sim->failed == IC_OK; h++) {
			rng own = rng_for(seed, (uint64_t)(k + 1) << 32 | (h + 1));
			if (uniform(&own, 0, 1) >= p->fleet)
				continue;
			for (unsigned i = 0; i < (p->model == SIM_HUMAN ? SITES_A_HOST : 1); i++)
				cast(sim, p, h, p->model == SIM_HUMAN ? (int)below(&own, SITES) : -1, &own);
		}
	}
}

static int by_log_time(const void *a, const void *b)
{
	const event *x = a, *y = b;
	if (x->logged != y->logged)
		return x->logged < y->logged ? -1 : 1;
	if (x->number != y->number)
		return x->number < y->number ? -1 : 1;
	if (x->ticks != y->ticks)
		return x->ticks < y->ticks ? -1 : 1;
	return (int)x->kind - (int)y->kind;
}

ic_status ic_simulator_new(const ic_simulate_options *opt, ic_simulator **ret, ic_error *err)
{
	if (opt->hosts < 1 || opt->hosts > MAX_HOSTS)
		return ic_fail(err, IC_E_USAGE, "--hosts takes 1 to %d", MAX_HOSTS);
	if (!(opt->days > 0 && opt->days <= MAX_DAYS))
		return ic_fail(err, IC_E_USAGE, "--days takes more than 0 and at most %d", MAX_DAYS);
	/* the last requests may come a little after the last day */
	if (opt->start_ticks > IC_TIME_MAX - (int64_t)((opt->days + 1) * DAY_S) * IC_TICKS_S)
		return ic_fail(err, IC_E_USAGE, "--start and --days go beyond the year 9999");
	ic_status st = check_profiles(opt->profiles, err);
	if (st != IC_OK)
		return st;
	ic_simulator *sim = ic_calloc(1, sizeof *sim);
	if (!sim)
		return ic_fail_nomem(err);
	sim->hosts = opt->hosts;
	sim->span_s = opt->days * DAY_S;
	sim->start = opt->start_ticks != IC_TIME_NONE ? opt->start_ticks : INT64_C(1714521600) * IC_TICKS_S;
	sim->profiles = opt->profiles;
	plan(sim, opt->seed);
	st = sim->failed;
	if (st != IC_OK) {
		ic_simulator_free(sim);
		return st == IC_E_NOMEM
			   ? ic_fail_nomem(err)
			   : ic_fail(err, st, "that would be more than %d events: fewer hosts or days",
				     MAX_EVENTS);
	}
	if (sim->event_count)
		qsort(sim->events, sim->event_count, sizeof *sim->events, by_log_time);
	*ret = sim;
	return IC_OK;
}

void ic_simulator_free(ic_simulator *s)
{
	if (s) {
		ic_free(s->events);
		ic_free(s->series);
		ic_free(s);
	}
}

/* ---- rows ------------------------------------------------------------------------ */

static void set_str(ic_batch *b, uint32_t row, ic_field f, const char *text)
{
	if (ic_batch_has(b, f) && text && *text)
		b->col[f].s[row] = ic_str_of(text);
	else if (ic_batch_has(b, f))
		ic_column_set_null(&b->col[f], row);
}

static void set_int(ic_batch *b, uint32_t row, ic_field f, int64_t v)
{
	if (ic_batch_has(b, f))
		b->col[f].i[row] = v;
}

/* 17 letters and digits after "C", as Zeek makes them. */
static const char *make_uid(ic_batch *b, uint32_t connection)
{
	static const char digits[] = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
	char text[18] = "C";
	uint64_t h = ic_mix(connection, 17, 5), g = ic_mix(connection, 18, 5);
	for (unsigned i = 1; i < 18; i++) {
		uint64_t *from = i < 9 ? &h : &g;
		text[i] = digits[*from % 62];
		*from /= 62;
	}
	return ic_arena_dup(&b->arena, text, sizeof text);
}

static const char *make_host(ic_batch *b, unsigned host)
{
	char text[] = "WS-00000";
	for (unsigned i = 7; i > 2; i--, host /= 10)
		text[i] = (char)('0' + host % 10);
	return ic_arena_dup(&b->arena, text, sizeof text - 1);
}

static const char *make_address(ic_batch *b, const ic_ip *ip)
{
	char text[46];
	return ic_arena_dup(&b->arena, text, ic_ip_format(ip, text));
}

static void set_ip(ic_batch *b, uint32_t row, ic_field f, ic_ip ip)
{
	if (ic_batch_has(b, f))
		b->col[f].ip[row] = ip;
}

static ic_ip host_address(unsigned host)
{
	return ic_ip_from_v4(0x0a140000 + ((host / 200) << 8) + 10 + host % 200); /* 10.20.0.10 ... */
}

static void fill_common(ic_batch *b, uint32_t row, const series *s, const event *e)
{
	const sim_profile *p = s->profile;
	const char *name = s->name_count ? s->names[e->name] : NULL;
	set_int(b, row, IC_F_TIME, e->ticks);
	set_str(b, row, IC_F_UID, make_uid(b, e->number));
	set_ip(b, row, IC_F_SRC_IP, host_address(s->host));
	set_int(b, row, IC_F_SRC_PORT, 49152 + e->number % 16384);
	set_ip(b, row, IC_F_DST_IP, s->ip[e->name]);
	set_int(b, row, IC_F_DST_PORT, p->port);
	set_str(b, row, IC_F_TRANSPORT, "tcp");
	set_str(b, row, IC_F_SERVICE, p->tls ? "tls" : "http");
	set_str(b, row, IC_F_SRC_HOST, make_host(b, s->host));
	set_str(b, row, IC_F_PROCESS, p->process);
	set_str(b, row, IC_F_DST_NAME, name);
}

static void fill_conn(ic_batch *b, uint32_t row, const event *e)
{
	int64_t out_packets = 4 + e->bytes_out / 1400, in_packets = 3 + e->bytes_in / 1400;
	if (ic_batch_has(b, IC_F_DURATION))
		b->col[IC_F_DURATION].d[row] = e->duration_us / 1e6;
	set_int(b, row, IC_F_BYTES_OUT, e->bytes_out);
	set_int(b, row, IC_F_BYTES_IN, e->bytes_in);
	set_int(b, row, IC_F_PACKETS_OUT, out_packets);
	set_int(b, row, IC_F_PACKETS_IN, in_packets);
	set_int(b, row, IC_F_IP_BYTES_OUT, e->bytes_out + 52 * out_packets);
	set_int(b, row, IC_F_IP_BYTES_IN, e->bytes_in + 52 * in_packets);
	set_str(b, row, IC_F_CONN_STATE, "SF");
	set_str(b, row, IC_F_ACTION, "allowed");
}

static void fill_http(ic_batch *b, uint32_t row, const series *s, const event *e)
{
	const sim_profile *p = s->profile;
	set_str(b, row, IC_F_METHOD, e->post ? "POST" : "GET");
	set_str(b, row, IC_F_URI, p->uri);
	set_str(b, row, IC_F_HOST, s->name_count ? s->names[e->name] : make_address(b, &s->ip[e->name]));
	set_int(b, row, IC_F_STATUS, e->upgrade ? 101 : 200);
	set_str(b, row, IC_F_USER_AGENT, p->user_agent);
	set_str(b, row, IC_F_CONTENT_TYPE, "text/html");
	set_int(b, row, IC_F_REQUEST_BODY_BYTES, e->post ? e->bytes_out / 2 : 0);
	set_int(b, row, IC_F_RESPONSE_BODY_BYTES, e->bytes_in);
}

static void fill_tls(ic_batch *b, uint32_t row, const series *s, const event *e)
{
	const sim_profile *p = s->profile;
	bool odd = p->flags & SIM_BARE_IP;
	set_str(b, row, IC_F_SNI, s->name_count ? s->names[e->name] : NULL);
	set_str(b, row, IC_F_ALPN, odd ? NULL : "h2");
	set_str(b, row, IC_F_TLS_VERSION, odd ? "TLSv12" : "TLSv13");
	set_str(b, row, IC_F_JA4, p->ja4);
	set_str(b, row, IC_F_CERT_SUBJECT, odd ? "CN=localhost" : NULL);
	set_str(b, row, IC_F_CERT_ISSUER, odd ? "CN=localhost" : NULL);
	set_str(b, row, IC_F_CERT_STATUS, odd ? "self signed certificate" : NULL);
	if (ic_batch_has(b, IC_F_CERT_VALID) && !odd)
		ic_column_set_null(&b->col[IC_F_CERT_VALID], row);
}

static const ic_fieldset common_fields =
    IC_FIELD_BIT(IC_F_TIME) | IC_FIELD_BIT(IC_F_UID) | IC_FIELD_BIT(IC_F_SRC_IP) |
    IC_FIELD_BIT(IC_F_SRC_PORT) | IC_FIELD_BIT(IC_F_DST_IP) | IC_FIELD_BIT(IC_F_DST_PORT) |
    IC_FIELD_BIT(IC_F_TRANSPORT) | IC_FIELD_BIT(IC_F_SERVICE) | IC_FIELD_BIT(IC_F_SRC_HOST) |
    IC_FIELD_BIT(IC_F_PROCESS) | IC_FIELD_BIT(IC_F_DST_NAME);
static const ic_fieldset conn_fields =
    IC_FIELD_BIT(IC_F_DURATION) | IC_FIELD_BIT(IC_F_BYTES_OUT) | IC_FIELD_BIT(IC_F_BYTES_IN) |
    IC_FIELD_BIT(IC_F_PACKETS_OUT) | IC_FIELD_BIT(IC_F_PACKETS_IN) | IC_FIELD_BIT(IC_F_IP_BYTES_OUT) |
    IC_FIELD_BIT(IC_F_IP_BYTES_IN) | IC_FIELD_BIT(IC_F_CONN_STATE) | IC_FIELD_BIT(IC_F_ACTION);
static const ic_fieldset http_fields =
    IC_FIELD_BIT(IC_F_METHOD) | IC_FIELD_BIT(IC_F_URI) | IC_FIELD_BIT(IC_F_HOST) | IC_FIELD_BIT(IC_F_STATUS) |
    IC_FIELD_BIT(IC_F_USER_AGENT) | IC_FIELD_BIT(IC_F_CONTENT_TYPE) | IC_FIELD_BIT(IC_F_REQUEST_BODY_BYTES) |
    IC_FIELD_BIT(IC_F_RESPONSE_BODY_BYTES);
static const ic_fieldset tls_fields = IC_FIELD_BIT(IC_F_SNI) | IC_FIELD_BIT(IC_F_ALPN) |
				      IC_FIELD_BIT(IC_F_TLS_VERSION) | IC_FIELD_BIT(IC_F_JA4) |
				      IC_FIELD_BIT(IC_F_CERT_SUBJECT) | IC_FIELD_BIT(IC_F_CERT_ISSUER) |
				      IC_FIELD_BIT(IC_F_CERT_STATUS) | IC_FIELD_BIT(IC_F_CERT_VALID);

void ic_simulator_next(ic_simulator *sim, ic_batch *b)
{
	ic_batch_reset(b);
	while (b->rows < IC_BATCH_ROWS && sim->at < sim->event_count) {
		const event *e = &sim->events[sim->at++];
		const series *s = &sim->series[e->series];
		uint32_t row = b->rows++;
		ic_fieldset seen = common_fields;
		b->stream[row] = e->kind;
		b->flags[row] = e->upgrade && e->kind == IC_STREAM_HTTP ? IC_ROW_UPGRADE : 0;
		b->line[row] = row;
		fill_common(b, row, s, e);
		if (e->kind == IC_STREAM_CONN) {
			fill_conn(b, row, e);
			seen |= conn_fields;
		} else if (e->kind == IC_STREAM_HTTP) {
			fill_http(b, row, s, e);
			seen |= http_fields;
		} else {
			fill_tls(b, row, s, e);
			seen |= tls_fields;
		}
		ic_batch_null_rest(b, row, seen);
	}
}

/* ---- what was played ------------------------------------------------------------- */

void ic_simulator_missing(const ic_simulator *sim, ic_buf *to)
{
	const char *before = "";
	for (const sim_profile *p = ic_sim_profiles; p->info.name; p++) {
		bool played = !chosen(sim->profiles, p->info.name);
		for (size_t i = 0; i < sim->series_count && !played; i++)
			played = sim->series[i].profile == p && sim->series[i].events > 0;
		if (played)
			continue;
		ic_buf_puts(to, before);
		ic_buf_puts(to, p->info.name);
		before = ", ";
	}
}

/* The addresses that it went to, or the names, in one order. */
static void put_destinations(const series *s, bool names, ic_buf *to)
{
	const char *before = "";
	char text[48];
	if (names && s->name_count == 0) {
		ic_buf_putc(to, '-');
		return;
	}
	for (unsigned i = 0; i < SIM_NAMES; i++) {
		if (!s->met[i])
			continue;
		ic_buf_puts(to, before);
		before = ";";
		if (names)
			ic_buf_puts(to, s->names[i]);
		else
			ic_buf_put(to, text, ic_ip_format(&s->ip[i], text));
	}
}

void ic_simulator_truth(const ic_simulator *sim, ic_buf *to)
{
	ic_buf_puts(to, "group\tprofile\tsrc\tdst\tname\tport\tevents\tfirst\tlast\tsleep_s\tjitter\n");
	for (size_t i = 0; i < sim->series_count; i++) {
		const series *s = &sim->series[i];
		if (s->events == 0)
			continue;
		char text[48];
		ic_ip src = host_address(s->host);
		ic_buf_printf(to, "%s\t%s\t", s->profile->info.group, s->profile->info.name);
		ic_buf_put(to, text, ic_ip_format(&src, text));
		ic_buf_putc(to, '\t');
		put_destinations(s, false, to);
		ic_buf_putc(to, '\t');
		put_destinations(s, true, to);
		ic_buf_printf(to, "\t%u\t", s->profile->port);
		ic_buf_u64(to, s->events);
		ic_buf_putc(to, '\t');
		ic_buf_put(to, text, ic_time_format(s->first, 6, text));
		ic_buf_putc(to, '\t');
		ic_buf_put(to, text, ic_time_format(s->last, 6, text));
		ic_buf_putc(to, '\t');
		ic_buf_round3(to, s->sleep);
		ic_buf_putc(to, '\t');
		ic_buf_round3(to, s->jitter);
		ic_buf_putc(to, '\n');
	}
}

void ic_simulate_list(ic_buf *to)
{
	for (const sim_profile *p = ic_sim_profiles; p->info.name; p++)
		ic_buf_printf(to, "%-16s %-6s %s\n", p->info.name, p->info.group, p->info.help);
}

bool ic_simulate_profile(size_t i, const char **name, const char **help)
{
	for (const sim_profile *p = ic_sim_profiles; p->info.name; p++) {
		if (i-- == 0) {
			*name = p->info.name;
			*help = p->info.help;
			return true;
		}
	}
	return false;
}
