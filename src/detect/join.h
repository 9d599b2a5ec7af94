/* SPDX-License-Identifier: Apache-2.0 */
/* Private to observation (observe*.c, join.c): the state behind ic_observation and what the parts of
 * it ask of each other. */
#ifndef IC_DETECT_JOIN_H
#define IC_DETECT_JOIN_H

#include <stdatomic.h>

#include "detect/observe.h"

/* The events with the largest hashes, of one partition: a copy of a log repeats them. */
#define IC_SAMPLE 32
typedef struct ic_sample {
	uint64_t hash[IC_SAMPLE]; /* ascending; 0: none yet */
	uint32_t n, repeated;
} ic_sample;

/* What is counted over all partitions, each of which gets its part: ic_observe_share. */
typedef enum ic_quota_of {
	IC_JOINED,    /* entries of the join */
	IC_CONNECTED, /* of these, those of connections that were counted */
	IC_DONE,      /* remembered: uids of finished connections, */
	IC_ASKED,     /* requests */
	IC_RESOLVED,  /* and answers of DNS */
	IC_QUOTAS
} ic_quota_of;
typedef struct ic_quota {
	uint64_t used, most;
} ic_quota;

struct ic_observer_state {
	ic_observe_config cfg;
	ic_intern *names;  /* borrowed */
	ic_budget *budget; /* borrowed, may be NULL */
	ic_blocks blocks;  /* of the large tables' pages */
	uint64_t limit[IC_QUOTAS];
	/* One bit for each IPv4 /16: all of it public and not internal. Others are looked at address by address. */
	uint64_t outside[1024];
	ic_partition part[IC_PARTITIONS];
	ic_sample sample[IC_PARTITIONS];
};

/* Whether an address is public and not in cfg.internal. */
bool ic_observe_outside_slow(const ic_observation *o, const ic_ip *ip);
static inline bool ic_observe_outside(const ic_observation *o, const ic_ip *ip)
{
	return (ic_ip_is_v4(ip) && ic_ip_net_bit(o->outside, ip)) || ic_observe_outside_slow(o, ip);
}
void ic_observe_classes_init(ic_observation *o);

/* What to do when a container refuses to grow: under a memory limit the value is dropped and counted
 * (IC_OK), without one the memory is really gone (IC_E_NOMEM). */
ic_status ic_observe_lost(const ic_observation *o, ic_partition *p);
/* Notes that a source exists. */
ic_status ic_observe_host(const ic_observation *o, ic_partition *p, const ic_obs *row);
/* Adds an event to the series of one key. */
ic_status ic_observe_series(const ic_observation *o, ic_partition *p, const ic_obs *row, ic_group_by by,
			    uint32_t value, ic_event_level level);
/* A later report of an event already in the series: adds what was added since (bytes and tenths of
 * seconds); the event itself is not counted again. */
void ic_observe_grow(ic_partition *p, const ic_obs *row, ic_group_by by, uint32_t value,
		     const ic_obs *increase);
/* Looks at one event for ic_observe_repeats: hash stands for everything known of it. */
void ic_observe_sample_slow(ic_sample *s, uint64_t hash);
static inline void ic_observe_sample(ic_sample *s, uint64_t hash)
{
	if (hash >= s->hash[0])
		ic_observe_sample_slow(s, hash);
}
/* Counts an event in the partition's totals. */
void ic_observe_account(ic_partition *p, int64_t ticks, uint64_t events);

typedef struct ic_join ic_join;

/* How much of the past is remembered: what the configuration says, and of a memory limit a part only,
 * so that the series find room. */
void ic_join_limits(ic_observation *o);
ic_join *ic_join_new(const ic_observation *o, ic_budget *budget); /* NULL: out of memory */
void ic_join_free(ic_join *j);					  /* NULL allowed */
ic_quota *ic_join_quota(ic_join *j, ic_quota_of what);
ic_status ic_join_drain(ic_observation *o, ic_partition *p, const char *rows, uint32_t n);
/* Turns the details that still wait into connections, in time order. */
ic_status ic_join_finish(ic_observation *o, ic_partition *p);

#endif
