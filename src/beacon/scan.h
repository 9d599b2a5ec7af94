/* SPDX-License-Identifier: Apache-2.0 */
/* Private to the beacon layer: the search for the interval windows (docs/scorer.md, steps 1 to 6), and
 * its bounds. */
#ifndef IC_BEACON_SCAN_H
#define IC_BEACON_SCAN_H

#include "beacon/score.h"

#define SCAN_ROUNDS   3
#define SCAN_GAPS     4			   /* longest gaps that may be exempt */
#define SCAN_GAP_COST 7.0		   /* nats an exempt gap */
#define SCAN_WIN_COST 4.0		   /* nats a window */
#define SCAN_MIN_IN   3.0		   /* beats a window must hold */
#define SCAN_LOG_BIN  0.039220713153281295 /* ln 1.04 */
#define SCAN_LOG_SPAN 11.512925464970229   /* ln 1e5: the null's five decades */

/* Numbers of the sub-scores (step 9). */
#define SCORE_NATS	   7.0 /* ln(1 + E) counts up to this */
#define SCORE_HOURS	   24u
#define SCORE_SIZE_UNKNOWN 1.2 /* nats taken with fewer than 3 known sizes */

/* The best union of windows. E = 0: none, and then I is 0 too. */
typedef struct scan_best {
	double I, E, m_events, m_time, F;
	double mean_s; /* mean interval outside the exempt gaps: the second null's scale */
	unsigned ng, windows;
	ic_window window[SCAN_ROUNDS];
	unsigned first_lo, first_hi; /* the window that sleep and jitter are read from */
} scan_best;

/* known_E: the E of some union of windows, which need not be looked for; 0: none is known. */
void scan_windows(const ic_sketch_view *v, double known_E, scan_best *ret);
/* A lower bound of the I that a series of so many beats needs to get `points` from reg + sure + rand
 * (step 10), taking rand as high as sure: under 0 when none is needed, infinite when none is enough. */
double scan_least(uint32_t beats, double points);
/* Whether some union of windows could give the points; `need` is from scan_least, 0 or more and finite.
 * false is a proof that none does; else *ret_E is the E of one that does. */
bool scan_could_reach(const ic_sketch_view *v, double need, double points, double *ret_E);

/* KL(m, F) of step 5, with the reference's clips. */
double scan_kl(double m, double F);
/* 1.04 to the power i, 0..372. */
double scan_power(unsigned i);

/* Step 8: s in nats; the value for unknown sizes when fewer than 3 are known. */
double size_nats(const ic_sketch_view *v);
/* Step 9: the persistence part of the points, and the size part. */
double points_persistence(uint32_t hours);
double points_size(double nats);

#endif
