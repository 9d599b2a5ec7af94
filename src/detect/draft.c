/* SPDX-License-Identifier: Apache-2.0 */
/* Drafts: findings in the making, with the facts that the profiles and the series give. */
#include "detect/run.h"

#include <stdarg.h>
#include <stdio.h>

#define LIST_CAP  8  /* values shown of user agents and fingerprints */
#define COVER_CAP 50 /* destinations listed of one gathered oddity; the reason has the count */

/* ---- texts ------------------------------------------------------------------------ */

ic_str ic_run_text(ic_detect_run *run, uint32_t id)
{
	char buf[46];
	ic_str s = id ? ic_intern_text(run->names, id, buf) : (ic_str){ 0 };
	if (!s.p)
		return s;
	const char *copy = ic_arena_dup(run->arena, s.p, s.n);
	if (!copy)
		run->nomem = true;
	return (ic_str){ copy, copy ? s.n : 0 };
}

ic_str ic_series_value_text(const ic_intern *names, const ic_series *s, char buf[64])
{
	if (s->group_by != IC_BY_IP_PORT || !ic_intern_is_ip(names, s->value))
		return ic_intern_get(names, s->value);
	ic_ip ip = ic_intern_get_ip(names, s->value);
	char text[46];
	int n = (int)ic_ip_format(&ip, text);
	const char *transport = s->transport == IC_TCP || s->transport == IC_TRANSPORT_NONE
				    ? NULL
				    : ic_transport_names[s->transport];
	int all = snprintf(buf, 64, ic_ip_is_v4(&ip) ? "%.*s:%u%s%s" : "[%.*s]:%u%s%s", n, text, s->port,
			   transport ? "/" : "", transport ? transport : "");
	return (ic_str){ buf, all > 0 ? (uint32_t)all : 0 };
}

uint64_t ic_finding_id(const ic_intern *names, const char *detector, const ic_series *s)
{
	/* The hash goes over one text; long values are folded into it by their own hash, so that the
	 * text fits whatever attackers put into names. */
	char text[512], buf[64], src_buf[46];
	ic_str value = ic_series_value_text(names, s, buf);
	ic_str src = ic_intern_text(names, s->src, src_buf);
	const char *transport = ic_transport_names[s->transport];
	int n = snprintf(text, sizeof text, "%s|%s|%s|%u:%016llx|%u:%016llx|%u|%s", detector,
			 ic_event_level_names[s->level], ic_group_by_names[s->group_by], src.n,
			 (unsigned long long)ic_hash_stable(src.p, src.n), value.n,
			 (unsigned long long)ic_hash_stable(value.p, value.n), s->port,
			 transport ? transport : "");
	uint64_t id = ic_hash_stable(text, n > 0 && (size_t)n < sizeof text ? (size_t)n : 0);
	return id ? id : 1; /* 0 says "none" in part_of */
}

const char *ic_run_printf(ic_detect_run *run, const char *fmt, ...)
{
	char text[1024];
	va_list args;
	va_start(args, fmt);
	int n = vsnprintf(text, sizeof text, fmt, args);
	va_end(args);
	if (n < 0)
		n = 0;
	const char *copy =
	    ic_arena_dup(run->arena, text, (size_t)n < sizeof text ? (size_t)n : sizeof text - 1);
	if (!copy)
		run->nomem = true;
	return copy ? copy : "";
}

const char *ic_num(char buf[32], double v, int decimals)
{
	static const long long scale[] = { 1, 10, 100, 1000 };
	if (!(fabs(v) < 1e15)) {
		snprintf(buf, 32, "%s", isnan(v) ? "unknown" : v < 0 ? "-inf" : "inf");
		return buf;
	}
	long long units = llround(fabs(v) * (double)scale[decimals]);
	int n = snprintf(buf, 32, "%s%lld", v < 0 && units ? "-" : "", units / scale[decimals]);
	if (decimals > 0 && n > 0) {
		buf[n++] = '.';
		for (int i = decimals - 1; i >= 0; i--)
			buf[n++] = (char)('0' + units / scale[i] % 10);
		buf[n] = 0;
	}
	return buf;
}

const char *ic_run_cut(ic_detect_run *run, ic_str s)
{
	char text[96];
	const uint32_t n = s.n > 80 ? ic_str_cut(s, 77).n : s.n;
	for (uint32_t i = 0; i < n; i++)
		text[i] = s.p[i] ? s.p[i] : ' '; /* a NUL would end the text */
	text[n] = 0;
	if (n < s.n)
		memcpy(text + n, "...", 4);
	return ic_run_printf(run, "%s", text);
}

/* ---- series ----------------------------------------------------------------------- */

const ic_series *ic_run_series(const ic_run_part *part, uint32_t src, ic_group_by by, ic_event_level level,
			       uint32_t value, uint16_t port, uint8_t transport)
{
	ic_series key = { .src = src,
			  .value = value,
			  .port = port,
			  .group_by = (unsigned)by & 15u,
			  .level = (unsigned)level & 15u,
			  .transport = transport };
	return ic_group_find(&part->p->series, &key, ic_group_hash(&key, 12));
}

/* ---- facts ------------------------------------------------------------------------ */

/* The one value of a column over several rows: unknown ones do not count. */
typedef struct single {
	uint32_t id;
	bool several;
} single;

static void single_add(single *s, uint32_t id)
{
	if (id && s->id && s->id != id)
		s->several = true;
	if (id && !s->id)
		s->id = id;
}

static uint32_t single_id(single s)
{
	return s.several ? 0 : s.id;
}

/* The first LIST_CAP of the values in the order of their bytes. */
typedef struct value_list {
	uint32_t id[LIST_CAP];
	size_t n;
} value_list;

static void list_add(const ic_intern *names, value_list *l, uint32_t id)
{
	if (!id)
		return;
	ic_str s = ic_intern_get(names, id);
	size_t at = 0;
	for (; at < l->n; at++) {
		if (l->id[at] == id)
			return;
		if (ic_str_cmp(s, ic_intern_get(names, l->id[at])) < 0)
			break;
	}
	if (at == LIST_CAP)
		return;
	size_t tail = l->n < LIST_CAP ? l->n - at : LIST_CAP - 1 - at;
	memmove(&l->id[at + 1], &l->id[at], tail * sizeof l->id[0]);
	l->id[at] = id;
	l->n += l->n < LIST_CAP;
}

static const ic_str *list_texts(ic_detect_run *run, const value_list *l)
{
	if (!l->n)
		return NULL;
	ic_str *texts = ic_arena_alloc(run->arena, l->n * sizeof *texts);
	if (!texts) {
		run->nomem = true;
		return NULL;
	}
	for (size_t i = 0; i < l->n; i++)
		texts[i] = ic_run_text(run, l->id[i]);
	return texts;
}

typedef struct facts {
	single src_ip, src_host, process, dst, name, port, transport;
	value_list agents, ja3, ja4;
	unsigned services;
} facts;

static void gather_facts(const ic_detect_run *run, const ic_draft *d, facts *f)
{
	for (size_t i = 0; i < d->profile_count; i++) {
		const ic_profile *p = d->profiles[i];
		single_add(&f->src_ip, p->src_ip);
		single_add(&f->src_host, p->src_host);
		single_add(&f->process, p->process);
		single_add(&f->dst, p->dst);
		single_add(&f->name, p->name);
		single_add(&f->port, p->port);
		single_add(&f->transport, p->transport);
		list_add(run->names, &f->agents, p->user_agent);
		list_add(run->names, &f->ja4, p->ja4);
		for (size_t k = 0; k < IC_PROFILE_JA3; k++)
			list_add(run->names, &f->ja3, p->ja3[k]);
		f->services |= p->services;
	}
}

/* Conn-only runs: the series itself is all there is. */
static void series_facts(const ic_detect_run *run, const ic_series *s, facts *f)
{
	single_add(ic_intern_is_ip(run->names, s->src) ? &f->src_ip : &f->src_host, s->src);
	if (s->group_by != IC_BY_IP_PORT)
		return;
	single_add(&f->dst, s->value);
	single_add(&f->port, s->port);
	single_add(&f->transport, s->transport);
	f->services = s->service == IC_SERVICE_SEVERAL ? ~0u : 1u << s->service;
}

static const char *service_name(unsigned services)
{
	services &= ~(1u << IC_SERVICE_NONE);
	if (services == 0 || (services & (services - 1)))
		return NULL;
	unsigned s = (unsigned)__builtin_ctz(services);
	return s < IC_SERVICE_SEVERAL ? ic_service_names[s] : NULL;
}

static void fill_facts(ic_detect_run *run, ic_draft *d, const ic_series *key)
{
	facts f = { 0 };
	if (d->profile_count)
		gather_facts(run, d, &f);
	if (!f.src_ip.id && !f.src_host.id)
		series_facts(run, key, &f);
	ic_finding *o = &d->f;
	o->src_ip = ic_run_text(run, single_id(f.src_ip));
	o->src_host = ic_run_text(run, single_id(f.src_host));
	o->process = ic_run_text(run, single_id(f.process));
	d->dst = single_id(f.dst);
	d->name = single_id(f.name);
	o->dst_ip = ic_run_text(run, d->dst);
	o->dst_name = ic_run_text(run, d->name);
	o->dst_port = f.port.several || (!f.port.id && !d->dst) ? -1 : (int)f.port.id;
	o->transport = f.transport.several ? NULL : ic_transport_names[f.transport.id];
	o->service = service_name(f.services);
	o->user_agents = list_texts(run, &f.agents);
	o->user_agent_count = o->user_agents ? f.agents.n : 0;
	o->ja3 = list_texts(run, &f.ja3);
	o->ja3_count = o->ja3 ? f.ja3.n : 0;
	o->ja4 = list_texts(run, &f.ja4);
	o->ja4_count = o->ja4 ? f.ja4.n : 0;
}

/* ---- making drafts ---------------------------------------------------------------- */

static bool keep(ic_detect_run *run, ic_draft *d)
{
	if (run->drafts == run->draft_room) {
		size_t room = run->draft_room ? run->draft_room * 2 : 64;
		ic_draft **more = ic_reallocarray(run->draft, room, sizeof *more);
		if (!more) {
			run->nomem = true;
			return false;
		}
		run->draft = more;
		run->draft_room = room;
	}
	run->draft[run->drafts++] = d;
	return true;
}

static void fill_series(ic_detect_run *run, ic_draft *d, const ic_series *key)
{
	ic_finding *f = &d->f;
	char buf[64];
	ic_str value = ic_series_value_text(run->names, key, buf);
	const char *copy = ic_arena_dup(run->arena, value.p ? value.p : "", value.n);
	run->nomem |= !copy;
	f->value = (ic_str){ copy, copy ? value.n : 0 };
	f->id = ic_finding_id(run->names, run->cause ? run->cause : run->detector->name, key);
	f->detector = run->detector->name;
	f->attack = run->detector->attack;
	while (f->attack[f->attack_count])
		f->attack_count++;
	f->group_by = key->group_by;
	f->event_level = key->level;
	f->automation = f->sleep_s = f->jitter = f->interval_median_s = f->coverage = NAN;
	f->prevalence_hosts = f->prevalence_of = -1;
	f->connections = key->sketch.n;
	f->first_seen = f->last_seen = IC_TIME_NONE;
	if (key->sketch.n) {
		f->first_seen = ic_sketch_first(&key->sketch);
		f->last_seen = ic_sketch_last(&key->sketch);
	}
	f->bytes_out = key->any_bytes_out ? (int64_t)key->bytes_out : -1;
	f->bytes_in = key->any_bytes_in ? (int64_t)key->bytes_in : -1;
	d->any_out = key->any_bytes_out;
	d->any_in = key->any_bytes_in;
	d->src = key->src;
	d->same_key = ic_run_series(&run->part[d->part], key->src, key->group_by, key->level, key->value,
				    key->port, key->transport);
	d->domain = key->group_by == IC_BY_DOMAIN ? key->value : 0;
	const ic_host *h =
	    ic_group_find(&run->part[d->part].p->hosts, &key->src, ic_group_hash(&key->src, sizeof key->src));
	d->internal_src = key->internal_src || (h && h->internal);
}

/* Whether the one that is asked for now is to be made: see detect.c. */
static bool is_due(ic_detect_run *run, uint64_t *number)
{
	const uint64_t n = *number = run->number + run->asked++;
	return n >= run->make_from && n < run->make_to &&
	       (!run->chosen || run->chosen[n / 64] >> (n % 64) & 1);
}

static ic_draft *make(ic_detect_run *run, uint64_t number, unsigned part, const ic_series *key,
		      const ic_profile **profiles, size_t n)
{
	ic_draft *d = ic_arena_alloc(run->arena, sizeof *d);
	if (!d) {
		run->nomem = true;
		return NULL;
	}
	memset(d, 0, sizeof *d);
	d->number = number;
	d->part = part;
	d->profiles = profiles;
	d->profile_count = n;
	fill_series(run, d, key);
	fill_facts(run, d, key);
	return keep(run, d) && !run->nomem ? d : NULL;
}

ic_draft *ic_draft_of(ic_detect_run *run, unsigned part, const ic_series *key, const ic_profile **profiles,
		      size_t n)
{
	uint64_t number;
	return is_due(run, &number) ? make(run, number, part, key, profiles, n) : NULL;
}

ic_draft *ic_draft_new(ic_detect_run *run, unsigned part, const ic_series *key)
{
	uint64_t number;
	if (!is_due(run, &number))
		return NULL;
	const ic_profile_span of = ic_run_profiles_of(run, part, key);
	size_t n = 0;
	for (size_t i = 0; i < of.n; i++)
		n += ic_series_has(run->names, key, ic_profile_in(&of, i));
	const ic_profile **mine = n ? ic_arena_alloc(run->arena, n * sizeof *mine) : NULL;
	run->nomem |= n && !mine;
	if (run->nomem)
		return NULL;
	n = 0;
	for (size_t i = 0; i < of.n; i++) {
		const ic_profile *p = ic_profile_in(&of, i);
		if (ic_series_has(run->names, key, p) && ic_profile_events(p, key->level))
			mine[n++] = p;
	}
	return make(run, number, part, key, mine, n);
}

/* Doubles a list that lies in the arena. */
static void *more_room(ic_detect_run *run, const void *old, size_t n, size_t *room, size_t size)
{
	size_t wanted = *room ? *room * 2 : 12;
	void *p = ic_arena_alloc(run->arena, wanted * size);
	if (!p) {
		run->nomem = true;
		return NULL;
	}
	if (n)
		memcpy(p, old, n * size);
	*room = wanted;
	return p;
}

void ic_draft_reason(ic_detect_run *run, ic_draft *d, ic_reason r)
{
	if (d->f.reason_count == d->reason_room) {
		ic_reason *p = more_room(run, d->reasons, d->f.reason_count, &d->reason_room, sizeof *p);
		if (!p)
			return;
		d->reasons = p;
	}
	d->reasons[d->f.reason_count++] = r;
	d->f.reasons = d->reasons;
}

void ic_draft_lowered(ic_detect_run *run, ic_draft *d, const char *name)
{
	if (d->f.lowered_count == d->lowered_room) {
		const char **p = more_room(run, d->lowered, d->f.lowered_count, &d->lowered_room, sizeof *p);
		if (!p)
			return;
		d->lowered = p;
	}
	d->lowered[d->f.lowered_count++] = name;
	d->f.lowered_by = d->lowered;
}

double ic_draft_share(const ic_draft *d, unsigned whole, unsigned part)
{
	uint64_t all = 0, with = 0;
	for (size_t i = 0; i < d->profile_count; i++) {
		uint64_t w = ic_draft_weight(d, d->profiles[i]);
		all += d->profiles[i]->signals & whole ? w : 0;
		with += (d->profiles[i]->signals & whole) && (d->profiles[i]->signals & part) ? w : 0;
	}
	return all ? (double)with / (double)all : 0.0;
}

/* ---- oddities of many destinations ------------------------------------------------ */

typedef struct destination {
	ic_series key;		 /* group_by, value, port, transport */
	const ic_series *series; /* the events behind it, NULL if not kept */
	uint64_t events;
	ic_str value;
} destination;

static int by_destination(const void *a, const void *b)
{
	const ic_profile *x = *(const ic_profile *const *)a, *y = *(const ic_profile *const *)b;
	if (x->name != y->name)
		return x->name < y->name ? -1 : 1;
	if (x->name)
		return 0;
	if (x->dst != y->dst)
		return x->dst < y->dst ? -1 : 1;
	if (x->port != y->port)
		return x->port < y->port ? -1 : 1;
	return x->transport < y->transport ? -1 : x->transport > y->transport;
}

/* Most events first, then in the order of the text. */
static int by_events(const void *a, const void *b)
{
	const destination *x = a, *y = b;
	if (x->events != y->events)
		return x->events > y->events ? -1 : 1;
	if (x->key.group_by != y->key.group_by)
		return x->key.group_by < y->key.group_by ? -1 : 1;
	return ic_str_cmp(x->value, y->value);
}

static void destination_init(ic_detect_run *run, unsigned part, destination *t, const ic_profile *p,
			     bool request)
{
	memset(t, 0, sizeof *t);
	ic_event_level level = request ? IC_AT_REQUEST : IC_AT_CONNECTION;
	t->key.src = p->src;
	t->key.value = p->name ? p->name : p->dst;
	t->key.group_by = p->name ? IC_BY_NAME : IC_BY_IP_PORT;
	t->key.level = (unsigned)level & 15u;
	t->key.port = p->name ? 0 : p->port;
	t->key.transport = p->name ? 0 : p->transport;
	t->series = ic_run_series(&run->part[part], p->src, t->key.group_by, level, t->key.value, t->key.port,
				  t->key.transport);
	char buf[64];
	ic_str text = ic_series_value_text(run->names, &t->key, buf);
	const char *copy = ic_arena_dup(run->arena, text.p ? text.p : "", text.n);
	run->nomem |= !copy;
	t->value = (ic_str){ copy, copy ? text.n : 0 };
}

static size_t destinations(ic_detect_run *run, unsigned part, const ic_profile **p, size_t n, bool request,
			   destination *list)
{
	size_t groups = 0;
	qsort(p, n, sizeof *p, by_destination);
	for (size_t i = 0; i < n; i++) {
		if (i == 0 || by_destination(&p[i - 1], &p[i]) != 0)
			destination_init(run, part, &list[groups++], p[i], request);
		list[groups - 1].events += request ? p[i]->requests : p[i]->connections;
	}
	qsort(list, groups, sizeof *list, by_events);
	return groups;
}

static void cover_rest(ic_detect_run *run, ic_draft *d, const destination *list, size_t groups)
{
	size_t n = groups - 1 < COVER_CAP ? groups - 1 : COVER_CAP;
	ic_cover *covers = n ? ic_arena_alloc(run->arena, n * sizeof *covers) : NULL;
	run->nomem |= n && !covers;
	if (!covers)
		return;
	for (size_t i = 0; i < n; i++) {
		const destination *t = &list[i + 1];
		covers[i] = (ic_cover){ t->key.group_by, t->value,
					t->events > UINT32_MAX ? UINT32_MAX : (uint32_t)t->events, NAN };
	}
	d->f.covers = covers;
	d->f.cover_count = n;
}

static void gathered_times(ic_draft *d, const destination *list, size_t groups)
{
	ic_finding *f = &d->f;
	f->connections = 0;
	f->bytes_out = f->bytes_in = -1;
	for (size_t i = 0; i < groups; i++) {
		const ic_series *s = list[i].series;
		f->connections += list[i].events;
		if (!s || !s->sketch.n)
			continue;
		int64_t first = ic_sketch_first(&s->sketch), last = ic_sketch_last(&s->sketch);
		if (f->first_seen == IC_TIME_NONE || first < f->first_seen)
			f->first_seen = first;
		if (f->last_seen == IC_TIME_NONE || last > f->last_seen)
			f->last_seen = last;
	}
}

ic_draft *ic_draft_gather(ic_detect_run *run, unsigned part, const char *cause, const ic_profile **profiles,
			  size_t n, size_t *ret_destinations)
{
	uint64_t connections = 0, number;
	*ret_destinations = 0;
	if (!is_due(run, &number))
		return NULL;
	for (size_t i = 0; i < n; i++)
		connections += profiles[i]->connections;
	destination *list = ic_malloc(n * sizeof *list);
	if (!list) {
		run->nomem = true;
		return NULL;
	}
	size_t groups = destinations(run, part, profiles, n, connections == 0, list);
	run->cause = cause;
	ic_draft *d = groups ? make(run, number, part, &list[0].key, profiles, n) : NULL;
	run->cause = NULL;
	if (d) {
		gathered_times(d, list, groups);
		cover_rest(run, d, list, groups);
	}
	ic_free(list);
	*ret_destinations = groups;
	return run->nomem ? NULL : d;
}

ic_status ic_each_source(ic_detect_run *run, ic_profile_test test, ic_source_fn fn, const void *ctx)
{
	for (unsigned i = run->from; i < run->to; i++) {
		const ic_run_part *part = &run->part[i];
		for (size_t at = 0, end; at < part->profile_count && !run->nomem; at = end) {
			size_t n = 0;
			for (end = at; end < part->profile_count; end++) {
				if (part->profiles[end]->src != part->profiles[at]->src)
					break;
				n += test(run, part->profiles[end]);
			}
			const ic_profile **list = n ? ic_arena_alloc(run->arena, n * sizeof *list) : NULL;
			run->nomem |= n && !list;
			if (!list)
				continue;
			n = 0;
			for (size_t k = at; k < end; k++)
				if (test(run, part->profiles[k]))
					list[n++] = part->profiles[k];
			fn(run, i, list, n, ctx);
		}
	}
	return run->nomem ? IC_E_NOMEM : IC_OK;
}

const char *ic_draft_source(ic_detect_run *run, const ic_draft *d)
{
	return ic_run_cut(run, d->f.src_host.p ? d->f.src_host : ic_run_text(run, d->src));
}

const char *ic_draft_targets(ic_detect_run *run, const ic_draft *d, size_t destinations)
{
	const char *value = ic_run_cut(run, d->f.value);
	if (destinations < 2)
		return value;
	return ic_run_printf(run, "%s and %zu other destination%s", value, destinations - 1,
			     destinations > 2 ? "s" : "");
}
