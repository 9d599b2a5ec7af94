/* SPDX-License-Identifier: Apache-2.0 */
/* Full runs: the rows of one connection meet by uid, and what they say together goes to the series
 * and profiles.
 *
 * An entry lives from the first row of a uid until its connection is complete, or until memory is
 * short: then the oldest goes first. A connection is counted once: the uids of entries that are gone
 * are kept for a while, so that a later report of the same connection is recognised. */
#include "detect/join_table.h"

#include "base/hash.h"

#include <libpsl.h>
#include <string.h>

enum {
	PREFETCH = 8,
	MAX_NAME = 255,
	MAX_SLOTS = 4096, /* of one count series */
	FIRST_SLOTS = 4,
};

/* Which source of a name wins. An http Host inside TLS is somebody's payload; CONNECT and absolute
 * URLs say what the proxy was asked for. */
enum { NAME_NONE, NAME_DNS, NAME_HTTP, NAME_SNI, NAME_PROXIED };

#define KEY(by)	 (1u << (by))
#define ALL_KEYS (KEY(IC_GROUP_BYS) - 1)

/* ---- names ----------------------------------------------------------------------------------- */

/* The registrable domain of a name as an id, 0 if it has none. */
static uint32_t compute_domain(const ic_observation *o, uint32_t name)
{
	char text[MAX_NAME + 1];
	ic_str s = ic_intern_get(o->names, name);
	if (s.n == 0 || s.n > MAX_NAME || memchr(s.p, 0, s.n))
		return 0;
	memcpy(text, s.p, s.n);
	text[s.n] = 0;
	const psl_ctx_t *psl = psl_builtin();
	const char *domain = psl ? psl_registrable_domain(psl, text) : NULL;
	return domain ? ic_intern_str(o->names, ic_str_of(domain)) : 0;
}

static uint32_t domain_of(const ic_observation *o, ic_join *j, uint32_t name)
{
	uint64_t hash = ic_group_hash(&name, sizeof name);
	uint32_t *known = ic_group_find(&j->domains, &name, hash);
	if (known)
		return known[1];
	uint32_t domain = compute_domain(o, name);
	int is_new;
	known = ic_group_upsert(&j->domains, &name, hash, &is_new);
	if (known) /* a cache: without memory it is computed again */
		known[1] = domain;
	return domain;
}

static ic_status dns_row(const ic_observation *o, ic_partition *p, const ic_obs_full *row)
{
	ic_resolved key = { .src = row->base.src, .addr = row->base.dst };
	ic_resolved *r =
	    ic_memory_add(&p->join->resolved, &key, ic_group_hash(&key, offsetof(ic_resolved, name)));
	if (!r)
		return ic_observe_lost(o, p);
	r->name = row->dns_name;
	return IC_OK;
}

static uint32_t resolved_name(const ic_join *j, const ic_obs *row)
{
	ic_resolved key = { .src = row->src, .addr = row->dst };
	if (!key.addr)
		return 0;
	const ic_resolved *r =
	    ic_memory_find(&j->resolved, &key, ic_group_hash(&key, offsetof(ic_resolved, name)));
	return r ? r->name : 0;
}

/* ---- events into series and profiles ------------------------------------------------------------ */

/* The keys an event has within scope. A name asked of a proxy is public wherever the proxy stands. */
static unsigned keys_of(const ic_obs_full *ev)
{
	if (!ev->base.in_scope && !(ev->signals & IC_SIG_PROXIED))
		return 0;
	return (ev->base.in_scope && ev->base.dst ? KEY(IC_BY_IP_PORT) : 0) |
	       (ev->name ? KEY(IC_BY_NAME) | KEY(IC_BY_DOMAIN) : 0) | (ev->ja4 ? KEY(IC_BY_JA4) : 0) |
	       (ev->user_agent ? KEY(IC_BY_USER_AGENT) : 0) | (ev->process ? KEY(IC_BY_PROCESS) : 0);
}

static uint32_t key_value(const ic_observation *o, ic_join *j, const ic_obs_full *ev, ic_group_by by)
{
	switch (by) {
	case IC_BY_IP_PORT: return ev->base.dst;
	case IC_BY_NAME: return ev->name;
	case IC_BY_DOMAIN: return domain_of(o, j, ev->name);
	case IC_BY_JA4: return ev->ja4;
	case IC_BY_USER_AGENT: return ev->user_agent;
	case IC_BY_PROCESS: return ev->process;
	case IC_GROUP_BYS: break;
	}
	return 0;
}

static ic_status add_to_series(const ic_observation *o, ic_partition *p, const ic_obs_full *ev, unsigned keys,
			       ic_event_level level)
{
	ic_status st = IC_OK;
	for (ic_group_by by = 0; by < IC_GROUP_BYS && st == IC_OK; by++) {
		uint32_t value = keys & KEY(by) ? key_value(o, p->join, ev, by) : 0;
		if (value)
			st = ic_observe_series(o, p, &ev->base, by, value, level);
	}
	return st;
}

static void add_ja3(ic_profile *f, uint32_t ja3)
{
	for (unsigned i = 0; ja3 && i < IC_PROFILE_JA3 && f->ja3[i] != ja3; i++) {
		if (f->ja3[i] == 0) {
			f->ja3[i] = ja3;
			return;
		}
	}
}

/* The profile of an event's values; *ret NULL when there is no memory for it under a limit. */
static ic_status profile_of(const ic_observation *o, ic_partition *p, const ic_obs_full *ev, ic_profile **ret)
{
	ic_profile key = { .src = ev->base.src,
			   .src_ip = ev->src_ip,
			   .src_host = ev->src_host,
			   .dst = ev->base.dst,
			   .name = ev->name,
			   .user_agent = ev->user_agent,
			   .ja4 = ev->ja4,
			   .process = ev->process,
			   .port = ev->base.port,
			   .transport = ev->base.transport,
			   .kind = (uint8_t)(ev->signals & 0xff) };
	int is_new;
	ic_profile *f =
	    ic_group_upsert(&p->profiles, &key, ic_group_hash(&key, p->profiles.key_bytes), &is_new);
	*ret = f;
	if (!f)
		return ic_observe_lost(o, p);
	f->signals |= ev->signals;
	if (ev->base.service != IC_SERVICE_NONE)
		f->services |= (uint16_t)(1u << ev->base.service);
	add_ja3(f, ev->ja3);
	return IC_OK;
}

static uint32_t add_saturating(uint32_t a, uint32_t b)
{
	return b > UINT32_MAX - a ? UINT32_MAX : a + b;
}

/* Adds what is known of a connection by now to the series that do not have it yet, and moves it to
 * the profile of its present values. */
static ic_status settle(const ic_observation *o, ic_partition *p, ic_join_entry *e)
{
	ic_obs_full *ev = &e->ev;
	if (!ev->name && !(ev->signals & IC_SIG_BARE_IP)) {
		ev->name = resolved_name(p->join, &ev->base);
		e->rank = ev->name ? NAME_DNS : NAME_NONE;
	}
	if (ev->signals & IC_SIG_UPGRADE)
		ev->base.service = IC_WEBSOCKET;
	unsigned keys = keys_of(ev), fresh = keys & ~(unsigned)e->keys;
	if (!keys)
		return IC_OK;
	if (!e->counted)
		ic_observe_account(p, ev->base.ticks, 1);
	e->counted = 1;
	e->keys |= fresh & ALL_KEYS;
	ic_status st = add_to_series(o, p, ev, fresh, IC_AT_CONNECTION);
	ic_profile *f = NULL;
	if (st == IC_OK)
		st = profile_of(o, p, ev, &f);
	if (!f || f == e->profile)
		return st;
	if (e->profile)
		e->profile->connections--;
	f->connections++;
	e->profile = f;
	return st;
}

/* Logs of open connections repeat their requests every hour; logs given twice repeat all. */
static bool asked_before(const ic_observation *o, ic_partition *p, const ic_obs_full *row)
{
	ic_memory *m = &p->join->asked;
	bool keep = o->cfg.repeats || row->base.open;
	if (!row->uid || (!keep && ic_group_count(&m->young) == 0))
		return false;
	ic_asked key = { .uid = row->uid, .ticks = row->base.ticks, .size = row->base.size };
	uint64_t hash = ic_group_hash(&key, sizeof key);
	if (ic_memory_find(m, &key, hash))
		return true;
	if (keep)
		ic_memory_add(m, &key, hash);
	return false;
}

/* An event inside a connection into its series; *f is its profile, NULL if there is no memory for one. */
static ic_status count_inside(const ic_observation *o, ic_partition *p, const ic_obs_full *ev, unsigned keys,
			      ic_event_level level, ic_profile **f)
{
	ic_observe_account(p, ev->base.ticks, 1);
	ic_status st = add_to_series(o, p, ev, keys, level);
	return st == IC_OK ? profile_of(o, p, ev, f) : st;
}

static ic_status request(ic_observation *o, ic_partition *p, const ic_obs_full *row, bool proxied)
{
	if (asked_before(o, p, row))
		return IC_OK;
	if (row->uid)
		ic_observe_sample(&o->sample[p - o->part],
				  ic_mix(row->uid, (uint64_t)row->base.ticks, (uint64_t)row->base.size));
	ic_obs_full ev = *row;
	ev.base.has_duration = 0; /* that of the connection, if anything */
	ev.signals |= proxied ? IC_SIG_PROXIED : 0;
	unsigned keys = keys_of(&ev);
	if (!keys)
		return IC_OK;
	ic_profile *f = NULL;
	ic_status st = count_inside(o, p, &ev, keys, IC_AT_REQUEST, &f);
	if (f)
		f->requests++;
	return st;
}

/* ---- rows into entries ------------------------------------------------------------------------- */

static unsigned name_rank(const ic_obs_full *row)
{
	if (!row->name)
		return NAME_NONE;
	if (row->signals & IC_SIG_PROXIED)
		return NAME_PROXIED;
	return row->base.stream == IC_STREAM_SSL ? NAME_SNI : NAME_HTTP;
}

/* Takes over what the row knows and the entry does not. */
static void merge(ic_join_entry *e, const ic_obs_full *row)
{
	ic_obs_full *ev = &e->ev;
	unsigned rank = name_rank(row);
	bool fixed = (e->keys & KEY(IC_BY_NAME)) && e->rank != NAME_DNS;
	if (rank > e->rank && !fixed) {
		ev->name = row->name;
		e->rank = (uint8_t)rank;
		e->keys &= ALL_KEYS & ~(KEY(IC_BY_NAME) | KEY(IC_BY_DOMAIN));
	}
	ev->user_agent = ev->user_agent ? ev->user_agent : row->user_agent;
	ev->ja3 = ev->ja3 ? ev->ja3 : row->ja3;
	ev->ja4 = ev->ja4 ? ev->ja4 : row->ja4;
	ev->process = ev->process ? ev->process : row->process;
	ev->src_ip = ev->src_ip ? ev->src_ip : row->src_ip;
	ev->signals |= row->signals;
}

/* The connection of an entry that had only details. */
static void connect(ic_join_entry *e, const ic_obs_full *row)
{
	ic_obs detail = e->ev.base;
	/* A proxy was asked for an address: that is the destination, not the proxy. */
	bool asked = (e->ev.signals & IC_SIG_PROXIED) && !e->ev.name && detail.dst && detail.in_scope;
	merge(e, row);
	e->ev.base = row->base;
	if (e->ev.base.service == IC_SERVICE_NONE)
		e->ev.base.service = detail.service;
	if (asked) {
		e->ev.base.dst = detail.dst;
		e->ev.base.port = detail.port;
		e->ev.base.in_scope = 1;
	}
}

static int64_t increase(int64_t was, int64_t now)
{
	return was < 0 ? now : now > was ? now - was : -1;
}

/* Another report of a connection already counted: only what was added counts. */
static void grow(const ic_observation *o, ic_partition *p, ic_join_entry *e, const ic_obs_full *row)
{
	ic_obs *was = &e->ev.base;
	const ic_obs *now = &row->base;
	bool longer = now->has_duration && (!was->has_duration || now->duration_ds > was->duration_ds);
	ic_obs more = { .bytes_out = increase(was->bytes_out, now->bytes_out),
			.bytes_in = increase(was->bytes_in, now->bytes_in),
			.has_duration = longer,
			.duration_ds = longer ? now->duration_ds - was->duration_ds : 0 };
	was->bytes_out = now->bytes_out > was->bytes_out ? now->bytes_out : was->bytes_out;
	was->bytes_in = now->bytes_in > was->bytes_in ? now->bytes_in : was->bytes_in;
	was->size = now->size > was->size ? now->size : was->size;
	was->open &= now->open;
	if (longer) {
		was->duration_ds = now->duration_ds;
		was->has_duration = 1;
	}
	for (ic_group_by by = 0; by < IC_GROUP_BYS; by++) {
		uint32_t value = e->keys & KEY(by) ? key_value(o, p->join, &e->ev, by) : 0;
		if (value)
			ic_observe_grow(p, was, by, value, &more);
	}
	merge(e, row);
}

/* Counts a row that --scope leaves out, and takes it back once a proxied name is known. */
static void count_scope(ic_partition *p, ic_join_entry *e, const ic_obs_full *row)
{
	if ((e->ev.signals | row->signals) & IC_SIG_PROXIED) {
		p->out_scope -= e->out_rows;
		e->out_rows = 0;
	} else if (!row->base.in_scope) {
		p->out_scope++;
		if (e->out_rows < UINT16_MAX)
			e->out_rows++;
	}
}

static ic_status lone_row(const ic_observation *o, ic_partition *p, const ic_obs_full *row)
{
	ic_join_entry e = { .ev = *row, .rank = (uint8_t)name_rank(row), .connected = 1 };
	count_scope(p, &e, row);
	return settle(o, p, &e);
}

/* Makes room: an old entry leaves, best one that was counted. Details that still waited count as a
 * connection now. False: there is none. */
static bool evict(ic_observation *o, ic_partition *p, ic_status *st)
{
	ic_join *j = p->join;
	uint32_t n = j->list[1].oldest ? j->list[1].oldest : j->list[0].oldest;
	if (!n)
		return false;
	if (!ic_join_at(j, n)->connected) {
		p->dropped++;
		*st = settle(o, p, ic_join_at(j, n));
	}
	ic_join_drop(j, n);
	return true;
}

/* An entry for the first row of a uid; *ret 0 when memory allows none. */
static ic_status remember(ic_observation *o, ic_partition *p, const ic_obs_full *row, uint32_t *ret)
{
	ic_status st = IC_OK;
	while (st == IC_OK && !(*ret = ic_join_insert(p->join, row)) && evict(o, p, &st))
		;
	if (st != IC_OK)
		return st;
	if (*ret) {
		ic_join_at(p->join, *ret)->rank = (uint8_t)name_rank(row);
		return IC_OK;
	}
	ic_join_done(p->join, row->uid);
	const ic_quota *joined = ic_join_quota(p->join, IC_JOINED);
	if (joined->used < joined->most)
		return ic_observe_lost(o, p);
	p->dropped++;
	return IC_OK;
}

static ic_status conn_row(ic_observation *o, ic_partition *p, const ic_obs_full *row)
{
	ic_join *j = p->join;
	if (!row->uid)
		return lone_row(o, p, row);
	bool keep = o->cfg.join_pending || row->base.open;
	uint32_t n = ic_join_find(j, row->uid);
	if (!n && ic_join_is_done(j, row->uid))
		return IC_OK;
	if (!n && !keep) {
		ic_join_done(j, row->uid);
		return lone_row(o, p, row);
	}
	bool first = !n;
	ic_status st = first ? remember(o, p, row, &n) : IC_OK;
	if (st != IC_OK)
		return st;
	if (!n)
		return lone_row(o, p, row);
	ic_join_entry *e = ic_join_at(j, n);
	if (e->connected)
		grow(o, p, e, row);
	else if (!first)
		connect(e, row);
	count_scope(p, e, row);
	st = settle(o, p, e);
	if (!keep)
		ic_join_drop(j, n);
	else if (!e->connected)
		ic_join_connected(j, n);
	return st;
}

/* An http, tls or websocket row as part of its connection. */
static ic_status detail_row(ic_observation *o, ic_partition *p, const ic_obs_full *row, bool *proxied)
{
	ic_join *j = p->join;
	uint32_t n = row->uid ? ic_join_find(j, row->uid) : 0;
	if (!n && row->uid && ic_join_is_done(j, row->uid)) {
		/* Its connection was counted without it, and is forgotten. */
		p->dropped += o->cfg.have_conn;
		p->out_scope += !row->base.in_scope && !(row->signals & IC_SIG_PROXIED);
		return IC_OK;
	}
	bool first = !n;
	ic_status st = first && row->uid ? remember(o, p, row, &n) : IC_OK;
	if (st != IC_OK)
		return st;
	if (!n)
		return lone_row(o, p, row);
	ic_join_entry *e = ic_join_at(j, n);
	if (!first)
		merge(e, row);
	else if (!o->cfg.have_conn)
		ic_join_connected(j, n);
	count_scope(p, e, row);
	*proxied = e->ev.signals & IC_SIG_PROXIED;
	return e->connected ? settle(o, p, e) : IC_OK;
}

/* A check-in inside a connection. What is known of the connection by now is known of it; a connection of which
 * nothing is known yet is told of later. */
static ic_status burst_row(ic_observation *o, ic_partition *p, const ic_obs_full *row)
{
	uint32_t n = row->uid ? ic_join_find(p->join, row->uid) : 0;
	ic_obs_full ev = *row;
	if (n) {
		const ic_join_entry *e = ic_join_at(p->join, n);
		ev = e->ev;
		ev.base = row->base;
		ev.base.dst = e->ev.base.dst;
		ev.base.port = e->ev.base.port;
		ev.base.in_scope = e->ev.base.in_scope;
	}
	ev.base.has_duration = 0; /* that of the connection, if anything */
	if (!ev.name)
		ev.name = resolved_name(p->join, &ev.base);
	unsigned keys = keys_of(&ev);
	if (!keys) {
		p->out_scope++;
		return IC_OK;
	}
	ic_profile *f = NULL;
	ic_status st = count_inside(o, p, &ev, keys, IC_AT_BURST, &f);
	if (f)
		f->bursts++;
	return st;
}

/* ---- counts ---------------------------------------------------------------------------------------- */

static bool grow_slots(ic_slab *slab, ic_count_series *s)
{
	uint32_t room = s->room ? s->room * 2 : FIRST_SLOTS;
	struct ic_slot *slot = ic_slab_alloc(slab, room * sizeof *slot);
	if (!slot)
		return false;
	if (s->slots)
		memcpy(slot, s->slot, s->slots * sizeof *slot);
	ic_slab_free(slab, s->slot, s->room * sizeof *slot);
	s->slot = slot;
	s->room = room;
	return true;
}

static ic_status add_slot(const ic_observation *o, ic_partition *p, const ic_obs_full *row, ic_group_by by,
			  uint32_t value)
{
	bool pair = by == IC_BY_IP_PORT;
	ic_count_series key = { .src = row->base.src,
				.value = value,
				.port = pair ? row->base.port : 0,
				.group_by = (unsigned)by & 15u,
				.level = IC_AT_COUNT,
				.transport = pair ? row->base.transport : 0 };
	int is_new;
	ic_count_series *s =
	    ic_group_upsert(&p->counts, &key, ic_group_hash(&key, p->counts.key_bytes), &is_new);
	if (!s)
		return ic_observe_lost(o, p);
	if (s->slots == MAX_SLOTS) {
		p->dropped++;
		return IC_OK;
	}
	if (s->slots == s->room && !grow_slots(&p->slab, s))
		return ic_observe_lost(o, p);
	s->slot[s->slots++] = (struct ic_slot){ .ticks = row->base.ticks, .count = row->count };
	s->total += row->count;
	return IC_OK;
}

static ic_status count_row(const ic_observation *o, ic_partition *p, const ic_obs_full *row)
{
	ic_obs_full ev = *row;
	if (!ev.name)
		ev.name = resolved_name(p->join, &ev.base);
	unsigned keys = keys_of(&ev);
	if (!keys) {
		p->out_scope++;
		return IC_OK;
	}
	ic_observe_account(p, ev.base.ticks, ev.count);
	ic_status st = IC_OK;
	ic_profile *f = NULL;
	if (keys & KEY(IC_BY_IP_PORT))
		st = add_slot(o, p, &ev, IC_BY_IP_PORT, ev.base.dst);
	if (st == IC_OK && ev.name)
		st = add_slot(o, p, &ev, IC_BY_NAME, ev.name);
	if (st == IC_OK)
		st = profile_of(o, p, &ev, &f);
	if (f)
		f->connections = add_saturating(f->connections, ev.count);
	return st;
}

/* ---- facade -------------------------------------------------------------------------------------------- */

static ic_status take_row(ic_observation *o, ic_partition *p, const ic_obs_full *row)
{
	if (row->base.stream == IC_STREAM_DNS)
		return dns_row(o, p, row);
	ic_status st = ic_observe_host(o, p, &row->base);
	bool proxied = false;
	if (st != IC_OK)
		return st;
	switch (row->base.stream) {
	case IC_STREAM_CONN: return conn_row(o, p, row);
	case IC_STREAM_COUNT: return count_row(o, p, row);
	case IC_STREAM_BURST: return burst_row(o, p, row);
	case IC_STREAM_HTTP:
		st = detail_row(o, p, row, &proxied);
		return st == IC_OK ? request(o, p, row, proxied) : st;
	default: return detail_row(o, p, row, &proxied);
	}
}

ic_status ic_join_drain(ic_observation *o, ic_partition *p, const char *rows, uint32_t n)
{
	const ic_obs_full *all = (const ic_obs_full *)(const void *)rows;
	ic_obs_full row;
	ic_status st = IC_OK;
	for (uint32_t i = 0; i < n && st == IC_OK; i++) {
		if (i + PREFETCH < n)
			__builtin_prefetch(&all[i + PREFETCH].uid);
		if (i + PREFETCH / 2 < n && p->join->buckets)
			__builtin_prefetch(ic_join_bucket(p->join, all[i + PREFETCH / 2].uid));
		row = all[i];
		row.base.ticks -= row.base.stream == IC_STREAM_CONN ? 0 : IC_OBS_EARLIER;
		st = take_row(o, p, &row);
	}
	return st;
}

ic_status ic_join_finish(ic_observation *o, ic_partition *p)
{
	ic_status st = IC_OK;
	for (uint32_t n = ic_join_by_time(p->join); n && st == IC_OK; n = ic_join_at(p->join, n)->newer)
		st = settle(o, p, ic_join_at(p->join, n));
	return st;
}
