/* SPDX-License-Identifier: Apache-2.0 */
/* Detection: from series to ranked findings. The facade of src/detect.
 *
 * Findings own nothing but what lies in the arena of their list. */
#ifndef IC_DETECT_DETECT_H
#define IC_DETECT_DETECT_H

#include "beacon/score.h"
#include "detect/observe.h"

/* One line of evidence. contribution: nats for priority evidence, points for parts of the automation. */
typedef struct ic_reason {
	const char *code;    /* "sleep", "prevalence", "ja4-rare" ...: stable */
	double value;	     /* measured; NaN: none (null in output) */
	double weight;	     /* weight or cap of the rule; NaN: none */
	double contribution; /* nats added to L (negative: lowered); NaN: informative only */
	const char *text;    /* plain words, with the numbers in it */
} ic_reason;

typedef struct ic_cover {
	ic_group_by group_by;
	ic_str value;
	uint32_t connections;
	double automation;
} ic_cover;

/* The priority from which on a finding has a level. */
extern const double ic_level_from[IC_CRITICAL + 1];

typedef struct ic_finding {
	uint64_t id;	      /* ic_hash_stable of detector, event level and group key as text */
	const char *detector; /* name in ic_detectors */
	ic_level level;
	double automation; /* NaN: null */
	double priority;
	ic_str src_ip, src_host, process, dst_ip, dst_name; /* p NULL: null */
	int dst_port;					    /* -1: null */
	const char *transport, *service;		    /* NULL: null */
	ic_group_by group_by;
	ic_event_level event_level;
	uint64_t connections;
	int64_t first_seen, last_seen;
	double sleep_s, jitter, interval_median_s, coverage; /* NaN: null */
	int64_t bytes_out, bytes_in;			     /* -1: null */
	int64_t prevalence_hosts, prevalence_of;	     /* -1: null */
	size_t user_agent_count, ja3_count, ja4_count, attack_count;
	const ic_str *user_agents, *ja3, *ja4; /* sorted by bytes */
	const char *const *attack;
	size_t cover_count;
	const ic_cover *covers;
	uint64_t part_of; /* 0: null */
	size_t lowered_count;
	const char *const *lowered_by;
	size_t reason_count;
	const ic_reason *reasons;
	const char *summary;
	/* for explain and lists; not printed by the finding writers */
	double base;		 /* the priority before any context, 0..100 */
	const ic_series *series; /* NULL for findings without one */
	const ic_score *score;	 /* NULL unless scored */
	ic_str value;		 /* text of the group key's value */
	uint64_t hidden_by;	 /* 1 + index of the rule that hides it; 0: shown */
} ic_finding;

/* The interval to show to people: the median where the jitter is small (it is exact, while sleep_s is the edge
 * of a 4 % bin), else the sleep; NaN without a beat. */
double ic_finding_period(const ic_finding *f);

typedef struct ic_findings {
	ic_arena arena;
	ic_finding *list; /* sorted: priority, automation, then a total order on text keys */
	size_t n;
	size_t room;
	uint64_t hidden;    /* not in the list: hidden by the site's rules, */
	uint64_t below_top; /* behind the first `top` that were asked for, */
	uint64_t left_out;  /* or no memory left for them */
	unsigned threads;   /* that may form the text of a report */
} ic_findings;

#define IC_FINDING_BYTES 2048 /* about what one takes with its texts */

typedef struct ic_detect_config {
	double min_automation, min_priority;
	size_t top; /* 0: all */
	bool all;   /* one row for every scored series, unfolded */
	unsigned threads;
	size_t most;				  /* findings that there is memory for; 0: any number */
	const struct ic_site_rules *lower, *hide; /* NULL: none */
	int64_t now;				  /* "now" of the run, for expiry */
	uint64_t only_id;			  /* explain: keep this finding whatever its score; 0: off */
	const ic_cidrs *internal;
} ic_detect_config;

/* A detector: one entry of ic_detectors. run() appends findings. */
typedef struct ic_detect_run ic_detect_run; /* private to src/detect: run.h */
struct ic_series;
typedef struct ic_detector {
	const char *name; /* "beacon", "beacon.counts", "long-connection" ... */
	const char *help;
	const char *const *attack; /* NULL-terminated ATT&CK ids */
	ic_status (*run)(struct ic_detect_run *run);
	/* Asked of every series, by all threads, before any detector runs: is it one that run() reports or
	 * at least looks at? NULL: run() goes by something else. */
	bool (*picks)(const struct ic_series *s);
} ic_detector;
extern const ic_detector ic_detectors[]; /* ends with name NULL */

ic_status ic_detect(ic_observation *o, const ic_detect_config *cfg, ic_findings *ret, ic_error *err);
void ic_findings_clear(ic_findings *f);
/* Adds those of n more findings that cfg wants (min_priority, hide), whose parts the caller keeps; when all are added
 * the list is to be ranked: sorted, and cut to the top. */
ic_status ic_findings_add(ic_findings *f, const ic_detect_config *cfg, const ic_finding *more, size_t n);
void ic_findings_rank(ic_findings *f, const ic_detect_config *cfg);

/* --lower and --hide files: docs/site-rules.md. One rule a line, key=value pairs:
 * src, dst (CIDR or domain suffix), port, process, user_agent, ja4, period; reason, owner, expires. */
typedef struct ic_site_rules ic_site_rules;
ic_status ic_site_rules_read(const char *path, ic_site_rules **ret, ic_error *err);
/* The same from memory; path only names the text in errors. */
ic_status ic_site_rules_parse(ic_str text, const char *path, ic_site_rules **ret, ic_error *err);
void ic_site_rules_free(ic_site_rules *r);
/* How many rules do not apply any more at `now`: for a note to the user. */
size_t ic_site_rules_expired(const ic_site_rules *r, int64_t now);

#endif
