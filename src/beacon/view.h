/* SPDX-License-Identifier: Apache-2.0 */
/* Private to the beacon layer: ic_sketch_read in two steps, so that a series that the first one rules
 * out does not pay for the second. */
#ifndef IC_BEACON_VIEW_H
#define IC_BEACON_VIEW_H

#include "beacon/sketch.h"

/* Intervals >= 1 s between events that are not in the bins. */
typedef struct sketch_gaps {
	int64_t ticks[IC_SKETCH_RAW];
	unsigned n;
} sketch_gaps;

/* Everything but h, bins, gaps and the median. */
void sketch_read_counts(const ic_sketch *k, ic_sketch_view *v, sketch_gaps *gaps);
/* The rest; sorts *gaps. */
void sketch_read_intervals(const ic_sketch *k, ic_sketch_view *v, sketch_gaps *gaps);

#endif
