/* SPDX-License-Identifier: Apache-2.0 */
/* Private to the join: the table of connections by uid, and the bounded memories beside it. */
#ifndef IC_DETECT_JOIN_TABLE_H
#define IC_DETECT_JOIN_TABLE_H

#include "detect/join.h"

#define IC_JOIN_PAGE 32 /* entries */

typedef struct ic_join_entry {
	ic_obs_full ev;		     /* everything known of the connection so far */
	ic_profile *profile;	     /* the one that counts it, NULL none */
	uint32_t chain;		     /* next of the bucket, or of the free list; numbers are 1-based */
	uint32_t older, newer;	     /* in its list */
	uint16_t out_rows;	     /* rows counted as out of scope */
	uint8_t rank;		     /* of ev.name */
	uint8_t keys : IC_GROUP_BYS; /* series that have the event */
	uint8_t connected : 1;	     /* ev.base is the connection's, not a detail's */
	uint8_t counted : 1;	     /* in the partition's totals */
} ic_join_entry;

/* Keys remembered for a while: two generations, the older is dropped when the younger is full. */
typedef struct ic_memory {
	ic_group_table young, old;
	ic_quota *quota;
} ic_memory;

/* Entries in order of arrival. */
typedef struct ic_join_list {
	uint32_t oldest, newest;
} ic_join_list;

struct ic_join {
	ic_budget *budget; /* of the partition */
	ic_quota quota[IC_QUOTAS];
	ic_join_entry **page;
	uint32_t pages, used; /* used: entries ever taken from pages */
	uint32_t free_list;
	ic_join_list list[2]; /* details that wait; connections that were counted */
	uint32_t *bucket, buckets;
	ic_memory done;		/* uint64_t uid */
	ic_memory asked;	/* ic_asked: requests */
	ic_memory resolved;	/* what addresses were asked for as */
	ic_group_table domains; /* { name, domain } */
};

static inline ic_join_entry *ic_join_at(const ic_join *j, uint32_t number)
{
	return &j->page[(number - 1) / IC_JOIN_PAGE][(number - 1) % IC_JOIN_PAGE];
}

static inline uint32_t *ic_join_bucket(const ic_join *j, uint64_t uid)
{
	return &j->bucket[(uint32_t)uid & (j->buckets - 1)];
}

/* The number of a uid's entry, 0 if it has none. */
uint32_t ic_join_find(const ic_join *j, uint64_t uid);
/* A fresh entry, last of those that wait; 0 when memory or the cap do not allow it. */
uint32_t ic_join_insert(ic_join *j, const ic_obs_full *row);
/* Moves an entry to those that were counted. */
void ic_join_connected(ic_join *j, uint32_t n);
/* Takes an entry out; its uid is remembered as done. */
void ic_join_drop(ic_join *j, uint32_t n);
/* The connection of this uid was counted and is not in the table. */
void ic_join_done(ic_join *j, uint64_t uid);
bool ic_join_is_done(const ic_join *j, uint64_t uid);
/* The list of details that wait, in order of time (equal times: of arrival), linked by `newer`;
 * returns its first. The table takes no rows after this. */
uint32_t ic_join_by_time(ic_join *j);

void *ic_memory_find(const ic_memory *m, const void *key, uint64_t hash);
/* The entry of a key, made if absent; NULL: no memory. */
void *ic_memory_add(ic_memory *m, const void *key, uint64_t hash);

/* A request, where a log may tell it twice. All of it is the key. */
typedef struct ic_asked {
	uint64_t uid;
	int64_t ticks, size;
} ic_asked;

/* DNS: the key is src and addr. */
typedef struct ic_resolved {
	uint32_t src, addr;
	uint32_t name, spare;
} ic_resolved;

#endif
