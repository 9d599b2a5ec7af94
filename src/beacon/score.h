/* SPDX-License-Identifier: Apache-2.0 */
/* The scorer: automation 0..100 from the sketch alone. Formulas: docs/scorer.md (steps 1 to 11). */
#ifndef IC_BEACON_SCORE_H
#define IC_BEACON_SCORE_H

#include "beacon/sketch.h"

/* Step 10: weight of each sub-score, what is taken off their sum, and the scale of the logistic. */
#define IC_SCORE_REGULARITY  24.0
#define IC_SCORE_BURSTY	     5.0
#define IC_SCORE_MEMORYLESS  5.0
#define IC_SCORE_PERSISTENCE 9.0
#define IC_SCORE_SIZE	     12.0
#define IC_SCORE_BASE	     34.5
#define IC_SCORE_SCALE	     1.8

typedef struct ic_window {
	uint16_t lo, hi; /* interval bins, both included */
	bool multiples;	 /* x2, x3, x4 copies belong to it */
} ic_window;

typedef struct ic_score {
	double automation; /* 0..100 */
	double logit;
	double sleep_s, jitter;	  /* meaningless (0, 1) when E == 0: callers print null */
	double interval_median_s; /* that of the view */
	double regularity, evidence_bursty, evidence_memoryless, persistence,
	    size;		   /* sub-scores 0..1; size NaN if fewer than 3 sizes */
	double I, E, E_memoryless; /* nats a beat, nats, nats */
	double m_events, m_time;   /* explained shares, shrunk by N/(N+1); m_time is `coverage` */
	double null_mass;	   /* F */
	double size_nats;	   /* s */
	uint32_t beats, hours;
	uint32_t exempt_gaps; /* ng */
	unsigned windows;     /* 0..3 */
	ic_window window[3];
} ic_score;

/* Scores a series of n >= 1 events. */
void ic_beacon_score(const ic_sketch *k, ic_score *ret);
void ic_beacon_score_view(const ic_sketch_view *v, ic_score *ret);
/* The same if the automation may be `automation` or more. false, and much cheaper for series that are far from it: it
 * is proven to be less. */
bool ic_beacon_score_if(const ic_sketch *k, double automation, ic_score *ret);

/* Count mode, for sources that only say how many connections a slot had: how far below Poisson the
 * counts vary. x: counts of consecutive slots with empty slots between as zeros. Returns
 * -ln((var + 0.05)/mean) * sqrt(slots) after the cut to whole slots, NaN with too few. */
double ic_count_score(const double *x, size_t n);

/* The published RITA v5 score, for comparison columns (activecm/rita analysis/beacons.go, rules in
 * docs/scorer.md). times in seconds (floored), any order; sizes per event (NaN unknown).
 * false: RITA does not score such a series. */
typedef struct ic_rita {
	double ts, ds, hist, dur, score;
} ic_rita;
bool ic_rita_score(const int64_t *seconds, const double *sizes, size_t n, int64_t window_first,
		   int64_t window_last, ic_rita *ret, bool *nomem);

#endif
