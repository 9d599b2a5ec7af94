/* SPDX-License-Identifier: Apache-2.0 */
/* Private to src/detect: one detection run, shared by the detectors.
 *
 * A detector makes drafts: findings whose facts are known and whose priority is not. It looks at a share of the
 * partitions; all of a source is in one of them. When all have run, the destinations are counted over the fleet
 * (context.c), every draft gets its evidence and lowering profiles, and detect.c sorts and filters. Drafts, texts
 * and lists live in the arena of the share, which the arena of the result takes over; a failed allocation is
 * remembered in `nomem`, so that it is checked in one place. */
#ifndef IC_DETECT_RUN_H
#define IC_DETECT_RUN_H

#include <math.h>
#include <stdlib.h>

#include "base/error.h"
#include "base/hash.h"
#include "base/thread.h"
#include "base/time.h"
#include "detect/detect.h"
#include "detect/listed.h"

#define IC_FLEET_MIN	  20 /* fewer internal hosts: rarity says nothing */
#define IC_RARE_HOSTS	  2  /* used by at most so many hosts: rare */
#define IC_DETECTORS_MOST 16

/* A scored series. There may be very many: what else the score says is computed again for those that are reported. */
typedef struct ic_candidate {
	const ic_series *series;
	double automation, E;
	uint32_t covered_by; /* 1 + index of the candidate that stands for it; 0: stands for itself */
	uint32_t covers;     /* 1 + index of the first one that this one stands for; 0: none */
	uint32_t next;	     /* the same of the next one that has the same covered_by */
} ic_candidate;

/* The profiles of a source with many, in the order of the values of a key: see profiles.c. */
typedef struct ic_profile_index {
	uint32_t src;
	uint32_t *by[IC_GROUP_BYS]; /* places in the source's profiles; NULL until asked for */
} ic_profile_index;

/* A series that detectors pick: those of the bits, numbers of ic_detectors. */
typedef struct ic_picked {
	const ic_series *series;
	unsigned by;
} ic_picked;

typedef struct ic_run_part {
	const ic_partition *p;
	const ic_profile **profiles; /* by source, then destination; NULL in conn-only runs */
	size_t profile_count;
	ic_profile_index *indexes;
	size_t index_count;
	ic_candidate *cand; /* sorted: source, then as causes.c wants them */
	size_t cand_count, cand_room;
	ic_picked *picked; /* in the order of the partition */
	size_t picked_count, picked_room;
} ic_run_part;

/* A finding in the making. */
typedef struct ic_draft {
	ic_finding f;
	unsigned part;
	uint64_t number;	     /* of those that detectors ask for */
	uint32_t src;		     /* id */
	const ic_series *same_key;   /* the series of the finding's key; NULL: none is kept */
	const ic_profile **profiles; /* of this finding's events; none in conn-only runs */
	size_t profile_count;
	uint32_t dst, name; /* ids of the single destination; 0: unknown or several */
	uint32_t domain;    /* IC_BY_DOMAIN: id */
	bool internal_src;
	bool any_out, any_in; /* byte counts are known */
	double base;	      /* logit: how sure the detector is of what it saw */
	bool oddity;	      /* a user agent, a TLS library, an upgrade: at most medium alone */
	bool long_lived;      /* about the length of connections, not their rhythm */
	double nats;	      /* L */
	unsigned independent; /* evidence that is neither timing nor a bare count */
	size_t reason_room;
	ic_reason *reasons; /* f.reason_count used */
	size_t lowered_room;
	const char **lowered;
} ic_draft;

/* What all threads share is behind pointers, or does not change while detectors run; the rest is of the share of
 * the partitions that one thread looks through. */
struct ic_detect_run {
	ic_observation *o;
	ic_intern *names;
	const ic_detect_config *cfg;
	ic_run_part *part; /* of all partitions */
	bool full;
	uint32_t internal_hosts;		      /* seen in these data */
	ic_group_table *hosts;			      /* of each ic_group_by: by context.c */
	const ic_detector *picker[IC_DETECTORS_MOST]; /* those that pick series */
	unsigned pickers;

	unsigned from, to; /* the partitions of this share: from..to-1 */
	ic_arena *arena;
	ic_draft **draft;
	size_t drafts, draft_room;
	/* Those that detectors ask for have numbers, the same each time they run. The first of this share, and how many
	 * it has asked for; made are those of from..to-1 that are chosen (a bit each; NULL: all). */
	uint64_t number, asked, make_from, make_to;
	const uint64_t *chosen;
	const ic_detector *detector; /* the one that runs */
	const char *cause;	     /* goes into ids in place of the detector's name; NULL: that name */
	bool nomem;
};

/* ---- draft.c ---------------------------------------------------------------------- */

/* The text of an id, copied into the arena; {NULL, 0} for id 0. */
ic_str ic_run_text(ic_detect_run *run, uint32_t id);
/* Text of a series' value: "192.0.2.1:443" ("[2001:db8::1]:443", "192.0.2.1:53/udp" when not TCP), else
 * the name, fingerprint, agent or process. buf of 64 bytes serves the addresses. */
ic_str ic_series_value_text(const ic_intern *names, const ic_series *s, char buf[64]);
/* Stable id of a finding: hash of "detector|event_level|group_by|src|value|port|transport". */
uint64_t ic_finding_id(const ic_intern *names, const char *detector, const ic_series *s);
/* printf into the arena; "" when out of memory. Numbers with a fraction go through ic_num. */
const char *ic_run_printf(ic_detect_run *run, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* v with a fixed number of decimals (0 to 3), whatever the locale; buf of 32 bytes. */
const char *ic_num(char buf[32], double v, int decimals);
/* A hostile name for use inside text: at most 80 bytes, cut with "...". */
const char *ic_run_cut(ic_detect_run *run, ic_str s);

/* A new draft about a series, with its facts filled from the profiles that belong to it, else from the
 * series. key may be a series made up by the detector (with an empty sketch) when the table has none.
 * NULL: out of memory (also remembered), or one too many (counted). */
ic_draft *ic_draft_new(ic_detect_run *run, unsigned part, const ic_series *key);
/* The same for a given set of profiles (arena memory), whatever the key says. */
ic_draft *ic_draft_of(ic_detect_run *run, unsigned part, const ic_series *key, const ic_profile **profiles,
		      size_t n);
void ic_draft_reason(ic_detect_run *run, ic_draft *d, ic_reason r);
void ic_draft_lowered(ic_detect_run *run, ic_draft *d, const char *name);
/* Events of the finding that the profile stands for. */
static inline uint64_t ic_draft_weight(const ic_draft *d, const ic_profile *p)
{
	return ic_profile_events(p, d->f.event_level);
}
/* The share of events whose profile has a bit of `part`, of those with a bit of `whole`; 0 if none. */
double ic_draft_share(const ic_draft *d, unsigned whole, unsigned part);

/* The series of that key, NULL if the partition has none. */
const ic_series *ic_run_series(const ic_run_part *part, uint32_t src, ic_group_by by, ic_event_level level,
			       uint32_t value, uint16_t port, uint8_t transport);

/* A finding that gathers profiles of one source with the same oddity: one group a destination, the one
 * with most events gives the key, the others go to `covers`. `cause` keeps the ids of a detector's
 * oddities apart. */
ic_draft *ic_draft_gather(ic_detect_run *run, unsigned part, const char *cause, const ic_profile **profiles,
			  size_t n, size_t *ret_destinations);
/* Calls fn for the profiles of each source in turn that pass `test` (arena memory, kept), skipping
 * sources without any. */
typedef bool (*ic_profile_test)(const ic_detect_run *run, const ic_profile *p);
typedef void (*ic_source_fn)(ic_detect_run *run, unsigned part, const ic_profile **profiles, size_t n,
			     const void *ctx);
ic_status ic_each_source(ic_detect_run *run, ic_profile_test test, ic_source_fn fn, const void *ctx);
/* The source's name for a sentence. */
const char *ic_draft_source(ic_detect_run *run, const ic_draft *d);
/* ", to NAME" or ", to NAME and 3 other destinations". */
const char *ic_draft_targets(ic_detect_run *run, const ic_draft *d, size_t destinations);

/* ---- profiles.c ------------------------------------------------------------------- */

/* Sorts the profiles of a partition by source, then destination. IC_E_NOMEM. */
ic_status ic_profiles_sort(ic_run_part *part);
void ic_profiles_clear(ic_run_part *part);
/* The profiles of one source, in its partition: *ret_n of them from the returned address. */
const ic_profile **ic_run_profiles(const ic_run_part *part, uint32_t src, size_t *ret_n);
bool ic_series_has(const ic_intern *names, const ic_series *s, const ic_profile *p);
/* All profiles that ic_series_has(), and maybe others of the source: few, so that what all findings of a source
 * look at grows with its profiles, not with their product. Nothing is in it when out of memory (remembered). */
typedef struct ic_profile_span {
	const ic_profile **of;
	const uint32_t *order; /* NULL: as they come */
	size_t n;
} ic_profile_span;
ic_profile_span ic_run_profiles_of(ic_detect_run *run, unsigned part, const ic_series *s);
static inline const ic_profile *ic_profile_in(const ic_profile_span *span, size_t i)
{
	return span->of[span->order ? span->order[i] : i];
}

/* ---- causes.c --------------------------------------------------------------------- */

/* Order of address, port, transport and name; 0: the same destination. */
int ic_profile_by_destination(const ic_profile *x, const ic_profile *y);
/* Folds the candidates of one source (in place sorted, covered_by set; indices count from `c`). */
ic_status ic_causes_fold(const ic_detect_run *run, const ic_run_part *part, ic_candidate *c, size_t n);

/* ---- context.c -------------------------------------------------------------------- */

/* Counts the internal hosts of every value of these group keys (bits of ic_group_by); wanted: only
 * values that a draft is about. */
ic_status ic_context_count(ic_detect_run *run, unsigned group_bys, bool wanted);
typedef struct ic_evidence {
	const char *code;
	double weight; /* nats, the most it adds */
	bool independent;
	const char *help;
	/* false: says nothing here. Else value, contribution and text are set. */
	bool (*weigh)(ic_detect_run *run, const ic_draft *d, ic_reason *r);
} ic_evidence;
extern const ic_evidence ic_evidences[]; /* ends with code NULL */
/* Evidence, lowering profiles, priority, level and summary. */
void ic_context_finish(ic_detect_run *run, ic_draft *d);
/* Nats for what so many of the internal hosts have, 1 or more of them: none at a share of 2 %, -2.5 to 2.0. In a fleet
 * of less than fifty one host alone is more than that share: it then weighs nothing itself, as nothing could have
 * fewer. */
double ic_share_nats(const ic_detect_run *run, double hosts);
/* What the evidence functions test; also what the detectors of oddities look for. */
uint32_t ic_profile_ja4_hosts(const ic_detect_run *run, const ic_profile *p); /* 0: unknown */
bool ic_profile_has_rare_ja4(const ic_detect_run *run, const ic_profile *p);
bool ic_profile_has_rare_agent(const ic_detect_run *run, const ic_profile *p);
/* The series of a profile's source with its user agent: of requests, else of connections; NULL: there is none. */
const ic_series *ic_profile_agent_series(const ic_detect_run *run, const ic_profile *p);
/* ic_user_agent_shape of a profile's user agent as old as it was when the source first sent it. */
ic_agent_shape ic_profile_agent_shape(const ic_detect_run *run, const ic_profile *p, const char **ret_why);
const ic_listed *ic_profile_listed_ja(const ic_detect_run *run, const ic_profile *p);
bool ic_fleet_counts(const ic_detect_run *run);
/* Whether the TCP port is one of a service that there may be at the address (id; 0: not known). */
bool ic_port_is_usual(const ic_detect_run *run, uint32_t dst, int port);

/* ---- lowering.c ------------------------------------------------------------------- */

typedef struct ic_lowering ic_lowering;

/* The domains of data/lowering_names.txt, an array a profile that has some, each ended by NULL. */
extern const char *const ic_names_auto_refresh[],
    *const ic_names_long_poll[], *const ic_names_cloud_sync[], *const ic_names_software_update[],
								   *const ic_names_monitoring[],
								       *const ic_names_backup[],
									   *const ic_names_ocsp_crl[],
									       *const ic_names_mdm_fleet[];
/* Adds -3 nats, a reason and a name for every profile that matches. */
void ic_lowering_apply(ic_detect_run *run, ic_draft *d);
/* For documentation: name and help of profile i, NULL after the last. */
const char *ic_lowering_name(size_t i);
const char *ic_lowering_help(size_t i);

/* ---- site_rules.c ----------------------------------------------------------------- */

/* 1 + index of the first rule in force that matches, 0: none. */
size_t ic_site_rules_match(const ic_site_rules *r, const ic_finding *f, int64_t now);
/* Its name for `lowered_by`: "site: " and the reason, or the place. Lives as long as r. */
const char *ic_site_rules_name(const ic_site_rules *r, size_t rule);

/* ---- detectors -------------------------------------------------------------------- */

ic_status ic_detect_beacon(ic_detect_run *run);
/* A finding of another detector that is about the very events of a series says their beat, if they have one
 * that is no mere chance (automation 10). */
void ic_beacon_beat(ic_detect_run *run, ic_draft *d);
ic_status ic_detect_beacon_counts(ic_detect_run *run);
ic_status ic_detect_long_connection(ic_detect_run *run);
ic_status ic_detect_strobe(ic_detect_run *run);
ic_status ic_detect_user_agent(ic_detect_run *run);
ic_status ic_detect_websocket(ic_detect_run *run);
ic_status ic_detect_tls(ic_detect_run *run);
bool ic_is_long_connection(const ic_series *s);
bool ic_is_strobe(const ic_series *s);
/* Scores the series of all partitions and folds them by cause: what ic_detect_beacon reads; the other detectors
 * pick theirs. */
ic_status ic_beacon_screen(ic_detect_run *run);
/* Asks the detectors whether they pick the series. IC_E_NOMEM. */
ic_status ic_run_pick(const ic_detect_run *run, ic_run_part *part, const ic_series *s);
/* The series of the share that the detector that runs has picked, one by one. IC_E_NOMEM. */
ic_status ic_each_picked(ic_detect_run *run,
			 void (*report)(ic_detect_run *run, unsigned part, const ic_series *s));

static inline double ic_round3(double v)
{
	return isfinite(v) ? round(v * 1000.0) / 1000.0 : v;
}
static inline double ic_sigmoid(double x)
{
	return 1.0 / (1.0 + exp(-(x > 30 ? 30 : x < -30 ? -30 : x)));
}

#endif
