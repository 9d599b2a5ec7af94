/* SPDX-License-Identifier: Apache-2.0 */
#include "detect/join.h"

#include <string.h>

#include "base/thread.h"

const char *const ic_group_by_names[IC_GROUP_BYS] = { "dst_ip_port", "dst_name",   "domain",
						      "ja4",	     "user_agent", "process" };
const char *const ic_event_level_names[IC_EVENT_LEVELS] = { "connection", "request", "handshake", "burst",
							    "count" };
const char *const ic_event_level_nouns[IC_EVENT_LEVELS] = { "connection", "request", "handshake", "check-in",
							    "connection" };
const char *const ic_transport_names[] = { NULL, "tcp", "udp", "icmp", "other" };
const char *const ic_service_names[] = { NULL, "http", "tls", "quic", "websocket", "dns", "other", NULL };

enum {
	AHEAD = IC_GROUP_SOME,
	DS_A_MINUTE = 600,
	SLAB_PAGE = 16 << 10, /* half of one is idle in each partition */
	PAGE_LEAST = 512,     /* under a limit: so that little of it is idle */
	PAGES = 64,	      /* of each partition at least, then */
	GROWTH = 8,	      /* of the memory, one part in so many is for series that are followed */
};
#define BYTES_MAX ((UINT64_C(1) << 56) - 1)

/* The key of ic_series, laid out like its first members. */
typedef struct series_key {
	uint32_t src;
	uint32_t value;
	uint16_t port;
	uint8_t group_by : 4, level : 4;
	uint8_t transport;
} series_key;
_Static_assert(sizeof(series_key) == 12, "ic_series starts with it");

/* ---- life ------------------------------------------------------------------------ */

static void partition_init(ic_observation *o, ic_partition *p, size_t page)
{
	p->budget = (ic_budget){ .whole = o->budget };
	p->fresh = (ic_budget){ .whole = &p->budget };
	ic_group_init(&p->series, sizeof(series_key), sizeof(ic_series), &p->fresh, &o->blocks);
	ic_group_init(&p->profiles, offsetof(ic_profile, connections), sizeof(ic_profile), &p->fresh,
		      &o->blocks);
	ic_group_init(&p->counts, offsetof(ic_count_series, slots), sizeof(ic_count_series), &p->fresh,
		      &o->blocks);
	ic_group_init(&p->hosts, sizeof(uint32_t), sizeof(ic_host), &p->fresh, &o->blocks);
	ic_group_small_pages(&p->series, page);
	ic_group_small_pages(&p->profiles, page);
	ic_group_small_pages(&p->counts, page);
	ic_group_small_pages(&p->hosts, page);
	ic_slab_init(&p->slab, &p->budget);
	p->slab.arena.blocks = &o->blocks;
	p->slab.arena.page_size = page;
	p->first = p->last = IC_TIME_NONE;
}

/* A page of a partition: small where the memory is. */
static size_t page_bytes(const ic_budget *b)
{
	const uint64_t share = b && b->limit ? b->limit / IC_PARTITIONS / PAGES : SLAB_PAGE;
	return share < PAGE_LEAST ? PAGE_LEAST : share < SLAB_PAGE ? (size_t)share : SLAB_PAGE;
}

ic_observation *ic_observe_new(const ic_observe_config *cfg, ic_intern *names, ic_budget *budget)
{
	ic_observation *o = ic_calloc(1, sizeof *o);
	if (!o)
		return NULL;
	ic_blocks_init(&o->blocks);
	o->cfg = *cfg;
	o->names = names;
	o->budget = budget;
	ic_join_limits(o);
	ic_observe_classes_init(o);
	for (unsigned i = 0; i < IC_PARTITIONS; i++)
		partition_init(o, &o->part[i], page_bytes(budget));
	for (unsigned i = 0; cfg->full && i < IC_PARTITIONS; i++) {
		if (!(o->part[i].join = ic_join_new(o, &o->part[i].fresh))) {
			ic_observe_free(o);
			return NULL;
		}
	}
	return o;
}

void ic_observe_free(ic_observation *o)
{
	if (!o)
		return;
	for (unsigned i = 0; i < IC_PARTITIONS; i++) {
		ic_partition *p = &o->part[i];
		ic_join_free(p->join);
		ic_group_clear(&p->series);
		ic_group_clear(&p->profiles);
		ic_group_clear(&p->counts);
		ic_group_clear(&p->hosts);
		ic_slab_clear(&p->slab);
	}
	ic_blocks_clear(&o->blocks);
	ic_free(o);
}

ic_partition *ic_observe_partition(ic_observation *o, unsigned i)
{
	return &o->part[i];
}

ic_intern *ic_observe_names(const ic_observation *o)
{
	return o->names;
}

bool ic_observe_is_full(const ic_observation *o)
{
	return o->cfg.full;
}

size_t ic_observe_row_bytes(const ic_observation *o)
{
	return o->cfg.full ? sizeof(ic_obs_full) : sizeof(ic_obs);
}

/* ---- limits ----------------------------------------------------------------------- */

/* What is left of a limit goes to the partitions by their weights; what they have, they keep. */
static void share_out(uint64_t limit, const uint64_t *weight, const uint64_t *used, uint64_t *most)
{
	uint64_t left = limit, all = 0;
	for (unsigned i = 0; i < IC_PARTITIONS; i++) {
		left -= used[i] < left ? used[i] : left;
		all += weight[i];
	}
	for (unsigned i = 0; i < IC_PARTITIONS; i++)
		most[i] = used[i] + (uint64_t)((__uint128_t)left * weight[i] / (all ? all : 1));
}

void ic_observe_share(void *ctx, const uint32_t rows[IC_PARTITIONS])
{
	ic_observation *o = ctx;
	uint64_t weight[IC_PARTITIONS], used[IC_PARTITIONS], most[IC_PARTITIONS], all = 0;
	for (unsigned i = 0; i < IC_PARTITIONS; i++)
		all += rows[i];
	/* One half by rows, the other so that sources with few are not left out for those with many. */
	for (unsigned i = 0; i < IC_PARTITIONS; i++)
		weight[i] = rows[i] ? rows[i] + all / IC_PARTITIONS : 0;
	if (o->budget && o->budget->limit) {
		const uint64_t limit = o->budget->limit;
		uint64_t fresh[IC_PARTITIONS];
		for (unsigned i = 0; i < IC_PARTITIONS; i++)
			used[i] = o->part[i].budget.used;
		share_out(limit, weight, used, most);
		share_out(limit - limit / GROWTH, weight, used, fresh);
		for (unsigned i = 0; i < IC_PARTITIONS; i++) {
			ic_partition *p = &o->part[i];
			p->budget.limit = most[i] + !most[i]; /* 0 would be no limit */
			p->fresh.limit = p->fresh.used + fresh[i] - used[i];
			p->fresh.limit += !p->fresh.limit;
		}
	}
	for (ic_quota_of what = 0; o->cfg.full && what < IC_QUOTAS; what++) {
		for (unsigned i = 0; i < IC_PARTITIONS; i++)
			used[i] = ic_join_quota(o->part[i].join, what)->used;
		share_out(o->limit[what], weight, used, most);
		for (unsigned i = 0; i < IC_PARTITIONS; i++)
			ic_join_quota(o->part[i].join, what)->most = most[i];
	}
}

/* ---- repeated input ------------------------------------------------------------------ */

void ic_observe_sample_slow(ic_sample *s, uint64_t hash)
{
	uint32_t above = IC_SAMPLE; /* the first that is larger */
	while (above > 0 && s->hash[above - 1] > hash)
		above--;
	if (above == 0 || s->hash[above - 1] == hash) {
		s->repeated += above != 0;
		return;
	}
	memmove(s->hash, s->hash + 1, (above - 1) * sizeof *s->hash);
	s->hash[above - 1] = hash;
	s->n += s->n < IC_SAMPLE;
}

bool ic_observe_repeats(const ic_observation *o)
{
	enum { ONE_IN = 1000 }; /* fewer are coincidences, and change no score */
	uint64_t n = 0, repeated = 0;
	for (unsigned i = 0; i < IC_PARTITIONS; i++) {
		n += o->sample[i].n;
		repeated += o->sample[i].repeated;
	}
	return !o->cfg.repeats && repeated && repeated * ONE_IN >= n;
}

/* ---- one event into its series ----------------------------------------------------- */

ic_status ic_observe_lost(const ic_observation *o, ic_partition *p)
{
	if (!o->budget || !o->budget->limit)
		return IC_E_NOMEM;
	p->dropped++;
	return IC_OK;
}

/* The source of a row, NULL: no memory. A partition has few of them. */
static ic_host *host_of(ic_partition *p, const ic_obs *row)
{
	ic_host **near = &p->near[row->src * 0x9e3779b1u >> 26];
	ic_host *h = *near;
	if (!h || h->src != row->src) {
		int is_new;
		h = ic_group_upsert(&p->hosts, &row->src, ic_group_hash(&row->src, sizeof row->src), &is_new);
		if (!h)
			return NULL;
		*near = h;
	}
	h->internal |= row->internal_src;
	h->counts_bytes |= row->stream == IC_STREAM_CONN && row->bytes_in >= 0;
	return h;
}

ic_status ic_observe_host(const ic_observation *o, ic_partition *p, const ic_obs *row)
{
	return host_of(p, row) ? IC_OK : ic_observe_lost(o, p);
}

void ic_observe_account(ic_partition *p, int64_t ticks, uint64_t events)
{
	if (p->first == IC_TIME_NONE || ticks < p->first)
		p->first = ticks;
	if (p->last == IC_TIME_NONE || ticks > p->last)
		p->last = ticks;
	p->events += events;
}

/* What a row that does not know its bytes adds is nothing. */
static inline uint64_t add_bytes(uint64_t sum, int64_t more)
{
	uint64_t total = sum + (uint64_t)(more & ~(more >> 63)); /* 56 and 63 bits: no overflow */
	return total < BYTES_MAX ? total : BYTES_MAX;
}

/* What a row adds to the sums of its series. What it knows nobody can foresee: nothing here jumps on it, and the two
 * words that hold bit-fields besides sums are written once. */
static inline void add_sums(ic_series *s, const ic_obs *row)
{
	enum { SHARED = 56 }; /* from this bit on */
	char *const words = (char *)(&s->sketch + 1);
	_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "bit-fields from the low bits");
	_Static_assert(offsetof(ic_series, sketch) + sizeof s->sketch + 2 * sizeof(uint64_t) == sizeof *s,
		       "two words at the end");
	uint64_t out, in;
	memcpy(&out, words, sizeof out);
	memcpy(&in, words + sizeof out, sizeof in);
	const uint64_t had = out >> SHARED, service = row->service;
	const uint64_t both = had == IC_SERVICE_NONE ? service : IC_SERVICE_SEVERAL;
	const uint64_t flags = (uint64_t)row->open | (uint64_t)(row->bytes_out >= 0) << 1 |
			       (uint64_t)(row->bytes_in >= 0) << 2 | (uint64_t)row->internal_src << 3;
	out = add_bytes(out & BYTES_MAX, row->bytes_out) |
	      (service == IC_SERVICE_NONE || service == had ? had : both) << SHARED;
	in = add_bytes(in & BYTES_MAX, row->bytes_in) | (in & ~BYTES_MAX) | flags << SHARED;
	memcpy(words, &out, sizeof out);
	memcpy(words + sizeof out, &in, sizeof in);
	const uint32_t ds = row->duration_ds & (0u - row->has_duration);
	s->duration_ds = ds > UINT32_MAX - s->duration_ds ? UINT32_MAX : s->duration_ds + ds;
}

static inline void longest_minutes(ic_series *s, const ic_obs *row)
{
	const uint32_t minutes = (row->duration_ds & (0u - row->has_duration)) / DS_A_MINUTE;
	if (minutes > s->sketch.user)
		s->sketch.user = minutes > UINT16_MAX ? UINT16_MAX : (uint16_t)minutes;
}

/* What the source should know of a series: that it began, and that its bytes are counted. */
static __attribute__((noinline)) ic_status note_source(const ic_observation *o, ic_partition *p,
						       const ic_series *s, const ic_obs *row)
{
	ic_host *h = host_of(p, row);
	if (!h)
		return ic_observe_lost(o, p);
	if (s->sketch.n == 0 && s->level == IC_AT_CONNECTION)
		h->series++;
	return IC_OK;
}

/* Adds an event older than one of another series, or of this one: its interval may not be known any more. Every
 * event is in at most one pair. */
static __attribute__((noinline)) ic_status add_older(ic_partition *p, ic_series *s, const ic_obs *row)
{
	uint64_t late = ic_sketch_late(&s->sketch);
	ic_status st = ic_sketch_add(&s->sketch, &p->slab, row->ticks, row->size);
	if (s->group_by == IC_BY_IP_PORT)
		p->late += ic_sketch_late(&s->sketch) - late;
	return st;
}

/* What is not accounted for yet comes in order of time. */
static inline ic_status series_add(const ic_observation *o, ic_partition *p, ic_series *s, const ic_obs *row)
{
	ic_status st = IC_OK;
	if (s->sketch.n == 0 || (row->bytes_in >= 0 && !s->any_bytes_in))
		st = note_source(o, p, s, row);
	if (st != IC_OK)
		return st;
	st = row->ticks < p->last ? add_older(p, s, row)
				  : ic_sketch_add(&s->sketch, &p->slab, row->ticks, row->size);
	if (st != IC_OK)
		return ic_observe_lost(o, p);
	add_sums(s, row);
	longest_minutes(s, row);
	return IC_OK;
}

static inline series_key key_of(const ic_obs *row, ic_group_by by, uint32_t value, ic_event_level level)
{
	bool pair = by == IC_BY_IP_PORT;
	return (series_key){ .src = row->src,
			     .value = value,
			     .port = pair ? row->port : 0,
			     .group_by = (unsigned)by & 15u,
			     .level = (unsigned)level & 15u,
			     .transport = pair ? row->transport : 0 };
}

ic_status ic_observe_series(const ic_observation *o, ic_partition *p, const ic_obs *row, ic_group_by by,
			    uint32_t value, ic_event_level level)
{
	int is_new;
	series_key key = key_of(row, by, value, level);
	ic_series *s = ic_group_upsert(&p->series, &key, ic_group_hash(&key, sizeof key), &is_new);
	return s ? series_add(o, p, s, row) : ic_observe_lost(o, p);
}

void ic_observe_grow(ic_partition *p, const ic_obs *row, ic_group_by by, uint32_t value,
		     const ic_obs *increase)
{
	series_key key = key_of(row, by, value, IC_AT_CONNECTION);
	ic_series *s = ic_group_find(&p->series, &key, ic_group_hash(&key, sizeof key));
	if (!s) /* not made, for memory */
		return;
	add_sums(s, increase);
	if (increase->has_duration)
		longest_minutes(s, row);
	/* With other connections in the series it is not known whether one of them is open as well. */
	if (s->sketch.n == 1)
		s->open = row->open;
}

/* ---- conn-only runs ---------------------------------------------------------------- */

/* key_of(row, IC_BY_IP_PORT, row->dst, IC_AT_CONNECTION) from two loads: read as words right after it was
 * written member by member, a key would have to wait. */
static inline series_key pair_key(const ic_obs *row)
{
	_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "bit-fields from the low bits");
	series_key key;
	uint64_t ends;
	uint32_t rest = (uint32_t)(IC_BY_IP_PORT | IC_AT_CONNECTION << 4) << 16 | row->port |
			(uint32_t)row->transport << 24;
	memcpy(&ends, &row->src, sizeof ends);
	memcpy(&key, &ends, sizeof ends);
	memcpy((char *)&key + sizeof ends, &rest, sizeof rest);
	return key;
}

/* What tells one event from another; `hash` stands for its key and for the seed. */
static inline uint64_t event_hash(uint64_t hash, const ic_obs *row)
{
	uint64_t amounts = (uint64_t)row->size ^ ((uint64_t)row->bytes_in << 32 | row->duration_ds);
	return (hash ^ amounts * 0x9e3779b97f4a7c15ull) + (uint64_t)row->ticks * 0xd6e8feb86659fd93ull;
}

/* Rows in order of time. One step for all rows before the next step, so that memory is on its way while others are
 * worked on: slots of the table, entries, bodies of the sketches. */
static ic_status drain_some(const ic_observation *o, ic_partition *p, ic_sample *sample, const ic_obs *rows,
			    uint32_t n)
{
	series_key key[AHEAD];
	uint64_t hash[AHEAD];
	uint32_t made[AHEAD];
	char *entry[AHEAD];
	for (uint32_t i = 0; i < n; i++)
		key[i] = pair_key(&rows[i]);
	(void)ic_group_upsert_some(&p->series, key, sizeof *key, n, hash, entry, made);
	ic_series *series[AHEAD];
	for (uint32_t i = 0; i < n; i++) {
		series[i] = (ic_series *)(void *)entry[i];
		ic_status st = entry[i] ? IC_OK : ic_observe_lost(o, p);
		if (st != IC_OK)
			return st;
		if (series[i])
			ic_sketch_prefetch(&series[i]->sketch);
	}
	for (uint32_t i = 0; i < n; i++) {
		if (series[i])
			ic_sketch_prefetch_bins(&series[i]->sketch);
	}
	for (uint32_t i = 0; i < n; i++) {
		const ic_obs *row = &rows[i];
		ic_observe_sample(sample, event_hash(hash[i], row));
		ic_status st = series[i] ? series_add(o, p, series[i], row) : IC_OK;
		if (st != IC_OK)
			return st;
	}
	ic_observe_account(p, rows[0].ticks, n);
	ic_observe_account(p, rows[n - 1].ticks, 0);
	return IC_OK;
}

ic_status ic_observe_drain(void *ctx, unsigned partition, const char *rows, uint32_t n)
{
	ic_observation *o = ctx;
	ic_partition *p = &o->part[partition];
	if (o->cfg.full)
		return ic_join_drain(o, p, rows, n);
	const ic_obs *all = (const ic_obs *)(const void *)rows;
	ic_status st = IC_OK;
	for (uint32_t i = 0; i < n && st == IC_OK; i += AHEAD)
		st = drain_some(o, p, &o->sample[partition], all + i, n - i < AHEAD ? n - i : AHEAD);
	return st;
}

/* ---- end --------------------------------------------------------------------------- */

static ic_status finish_one(void *ctx, unsigned i)
{
	ic_observation *o = ctx;
	ic_partition *p = &o->part[i];
	ic_status st = p->join ? ic_join_finish(o, p) : IC_OK;
	ic_join_free(p->join);
	p->join = NULL;
	return st;
}

ic_status ic_observe_finish(ic_observation *o, unsigned threads)
{
	uint32_t waiting[IC_PARTITIONS] = { 0 };
	for (unsigned i = 0; o->cfg.full && i < IC_PARTITIONS; i++)
		waiting[i] = (uint32_t)ic_join_quota(o->part[i].join, IC_JOINED)->used;
	ic_observe_share(o, waiting);
	return ic_parallel_for(threads, IC_PARTITIONS, finish_one, o);
}
