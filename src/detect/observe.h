/* SPDX-License-Identifier: Apache-2.0 */
/* Observation: from rows to series. Batches become fixed-size observations with interned values
 * (ic_observe_rows, on the reading threads); the exchange carries them to the partition of their
 * source; there the rows of one connection are joined by uid and every series they belong to is
 * updated (ic_observe_drain). A partition holds everything about its sources, so nothing is shared
 * and nothing is locked.
 *
 *   observation ── join by uid ──▶ profile (distinct combination of values, with counts)
 *                              └─▶ series, one a group key and event level, each with a sketch */
#ifndef IC_DETECT_OBSERVE_H
#define IC_DETECT_OBSERVE_H

#include "base/intern.h"
#include "beacon/sketch.h"
#include "exec/group/exchange.h"
#include "exec/group/group.h"
#include "table/batch.h"

typedef enum ic_group_by { /* in order of tightness: on a tie the smaller wins */
			   IC_BY_IP_PORT,
			   IC_BY_NAME,
			   IC_BY_DOMAIN,
			   IC_BY_JA4,
			   IC_BY_USER_AGENT,
			   IC_BY_PROCESS,
			   IC_GROUP_BYS
} ic_group_by;
extern const char *const ic_group_by_names[IC_GROUP_BYS]; /* "dst_ip_port" ... */

typedef enum ic_event_level {
	IC_AT_CONNECTION,
	IC_AT_REQUEST,
	IC_AT_HANDSHAKE,
	IC_AT_BURST,
	IC_AT_COUNT,
	IC_EVENT_LEVELS
} ic_event_level;
extern const char *const ic_event_level_names[IC_EVENT_LEVELS];
extern const char *const ic_event_level_nouns[IC_EVENT_LEVELS]; /* one event of it, for people */

typedef enum ic_transport { IC_TRANSPORT_NONE, IC_TCP, IC_UDP, IC_ICMP, IC_TRANSPORT_OTHER } ic_transport;
extern const char *const ic_transport_names[];
typedef enum ic_service {
	IC_SERVICE_NONE,
	IC_HTTP,
	IC_TLS,
	IC_QUIC,
	IC_WEBSOCKET,
	IC_DNS,
	IC_SERVICE_OTHER,
	IC_SERVICE_SEVERAL
} ic_service;
extern const char *const ic_service_names[];

/* What a row said besides its values; OR-ed over a profile. */
typedef enum ic_signal {
	IC_SIG_HTTP = 1 << 0,	 /* an http row spoke of it */
	IC_SIG_TLS = 1 << 1,	 /* a tls row spoke of it */
	IC_SIG_NO_SNI = 1 << 2,	 /* tls without a server name */
	IC_SIG_BARE_IP = 1 << 3, /* http whose Host is missing or an address */
	IC_SIG_SELF_SIGNED = 1 << 4,
	IC_SIG_CERT_ODD = 1 << 5, /* certificate did not validate for another reason */
	IC_SIG_UPGRADE = 1 << 6,  /* WebSocket upgrade */
	IC_SIG_POST = 1 << 7,
	IC_SIG_NOT_POST = 1 << 8, /* any other method */
	IC_SIG_NO_USER_AGENT = 1 << 9,
	IC_SIG_OPEN = 1 << 10, /* still open when logged */
	IC_SIG_BLOCKED = 1 << 11,
	IC_SIG_PROXIED = 1 << 12,
	IC_SIG_HAS_USER_AGENT = 1 << 13,
	IC_SIG_ISSUER_UNKNOWN =
	    1 << 14, /* the sensor lacks the certificate's issuer: a private or a made-up CA */
} ic_signal;

/* One row on its way to its partition. */
typedef struct ic_obs {
	int64_t ticks;		     /* in a parcel the key of the exchange: see IC_OBS_EARLIER */
	int64_t size;		     /* size evidence, IC_SIZE_UNKNOWN */
	int64_t bytes_out, bytes_in; /* -1 unknown */
	uint32_t src;		     /* series source: host name, else address, else user */
	uint32_t dst;		     /* destination address, 0 unknown */
	uint32_t duration_ds;	     /* tenths of a second, saturating */
	uint16_t port;
	uint8_t transport : 4, service : 4;
	uint8_t stream : 3, in_scope : 1, internal_src : 1, open : 1, has_duration : 1, spare : 1;
} ic_obs;
_Static_assert(sizeof(ic_obs) == 48, "the row of conn-only runs");

/* In a parcel, the ticks of what describes connections have this added: it comes before all of them. */
#define IC_OBS_EARLIER (INT64_MIN / 2)

/* The same with everything that other logs add; used when such logs, host or process names are read. */
typedef struct ic_obs_full {
	ic_obs base;
	uint64_t uid; /* hash of the uid, 0 none */
	uint32_t src_ip, src_host, name, user_agent, ja3, ja4, process;
	uint32_t count;	   /* connections behind the row (aggregated sources), else 1 */
	uint32_t dns_name; /* dns rows: the query; the answers follow as rows of their own with dst set */
	uint16_t signals;
	uint16_t spare;
} ic_obs_full;

/* One series. The key is the first 12 bytes. */
typedef struct ic_series {
	uint32_t src;
	uint32_t value; /* address id or string id, by group_by */
	uint16_t port;	/* IC_BY_IP_PORT only, else 0 */
	uint8_t group_by : 4, level : 4;
	uint8_t transport;    /* IC_BY_IP_PORT only, else 0 */
	uint32_t duration_ds; /* sum, saturating */
	ic_sketch sketch;     /* .user: longest single duration, minutes, saturating */
	uint64_t bytes_out : 56, service : 8;
	uint64_t bytes_in : 56, open : 1, any_bytes_out : 1, any_bytes_in : 1, internal_src : 1, spare : 4;
} ic_series;
_Static_assert(sizeof(ic_series) == 48, "2.4 million of these");

#define IC_PROFILE_JA3 4
/* A distinct combination of values of one source. Key: the first 36 bytes. */
typedef struct ic_profile {
	uint32_t src, src_ip, src_host, dst, name, user_agent, ja4, process;
	uint16_t port;
	uint8_t transport;
	uint8_t kind; /* the low 8 bits of the signals: a row without a name must not taint those with one */
	uint32_t connections, requests, bursts;
	uint16_t signals;
	uint16_t services;	      /* bit = ic_service */
	uint32_t ja3[IC_PROFILE_JA3]; /* the first ones seen, 0 empty */
} ic_profile;
_Static_assert(sizeof(ic_profile) == 68, "an entry of a group table");
/* Of its events, those of a level. */
static inline uint32_t ic_profile_events(const ic_profile *p, ic_event_level level)
{
	return level == IC_AT_REQUEST ? p->requests : level == IC_AT_BURST ? p->bursts : p->connections;
}

/* A source seen. Key: src. */
typedef struct ic_host {
	uint32_t src;
	uint32_t series;       /* that it has at connection level */
	uint32_t internal;     /* inside */
	uint32_t counts_bytes; /* its connections' own rows count the bytes that come back */
} ic_host;
_Static_assert(sizeof(ic_host) == 16, "an entry of a group table");

/* Slots of a source that gives counts: Defender's aggregated reports. Key: first 12 bytes as ic_series. */
typedef struct ic_count_series {
	uint32_t src, value;
	uint16_t port;
	uint8_t group_by : 4, level : 4;
	uint8_t transport;
	uint32_t slots, room;
	uint64_t total;
	struct ic_slot {
		int64_t ticks;
		uint32_t count;
		uint32_t spare;
	} * slot; /* in arrival order */
} ic_count_series;

typedef struct ic_partition {
	ic_group_table series;	 /* ic_series */
	ic_group_table profiles; /* ic_profile; empty in conn-only runs */
	ic_group_table counts;	 /* ic_count_series */
	ic_group_table hosts;	 /* ic_host */
	ic_host *near[64];	 /* of them, some that were asked for, by a hash */
	ic_slab slab;
	struct ic_join *join;	/* NULL in conn-only runs */
	uint64_t late, dropped; /* events; rows or series not tracked for memory */
	uint64_t events;	/* distinct connections, requests and check-ins counted */
	uint64_t out_scope;	/* rows left out by --scope */
	int64_t first, last;	/* of events in scope */
	ic_budget budget;	/* its part of the memory: ic_observe_share */
	ic_budget fresh;	/* of this, what the tables may take: what is followed may outgrow it */
} ic_partition;

typedef struct ic_observe_config {
	bool full;	   /* ic_obs_full rows, join and profiles */
	bool join_pending; /* some input may bring details after their connection: remember connections */
	bool have_conn;	   /* some input counts connections: details wait for theirs */
	bool repeats;	   /* some input repeats rows of another (ic_observe_repeats): tell them by uid */
	bool scope_all;
	ic_cidrs internal;   /* borrowed */
	size_t join_entries; /* cap of remembered connections over all partitions; 0: 4 million */
} ic_observe_config;

typedef struct ic_observer_state ic_observation;

ic_observation *ic_observe_new(const ic_observe_config *cfg, ic_intern *names, ic_budget *budget);
void ic_observe_free(ic_observation *o);
/* The columns that observing needs. */
ic_fieldset ic_observe_fields(bool full);

/* Turns rows first..b->rows-1 of a batch into observations at p (p->part is set too) until the parcel
 * is full or the batch ends; returns the next row to convert. Thread-safe for distinct parcels. Counts
 * rows left out by scope in *out_scope (conn-only runs; otherwise drain counts them). */
uint32_t ic_observe_rows(ic_observation *o, const ic_batch *b, uint32_t first, ic_parcel *p,
			 uint64_t *out_scope, uint64_t *dropped);
size_t ic_observe_row_bytes(const ic_observation *o);
/* ic_drain_fn; ctx is the ic_observation. Rows of conn-only runs are in order, those of one call. */
ic_status ic_observe_drain(void *ctx, unsigned partition, const char *rows, uint32_t n);
/* ic_window_fn; ctx is the ic_observation. Before a window is drained each partition gets, by the rows that it has there,
 * a part of the memory that is left and of the other limits: what does not fit follows from the rows alone. The first
 * series to come are followed; the last part of the memory is for them. Until the first call all partitions take from
 * the whole. */
void ic_observe_share(void *ctx, const uint32_t rows[IC_PARTITIONS]);
/* After the last row: details whose connection never came become connections of their own, in time
 * order. Runs on `threads`. */
ic_status ic_observe_finish(ic_observation *o, unsigned threads);

/* After the last row: true when a sample of the rows shows that the input holds the same events more
 * than once (a log and its labelled copy) and this run could not tell. Only a full run with `repeats`
 * can; without uids in the input nothing can. */
bool ic_observe_repeats(const ic_observation *o);

/* Reading access for detectors. */
ic_partition *ic_observe_partition(ic_observation *o, unsigned i); /* 0..IC_PARTITIONS-1 */
/* The partition that holds everything about a source. */
unsigned ic_observe_part_of(const ic_observation *o, uint32_t src);
ic_intern *ic_observe_names(const ic_observation *o);
bool ic_observe_is_full(const ic_observation *o);

#endif
