/* SPDX-License-Identifier: Apache-2.0 */
/* Private to the beacon layer: ic_sketch_read in steps, so that a series that the first ones rule out
 * does not pay for the rest. */
#ifndef IC_BEACON_VIEW_H
#define IC_BEACON_VIEW_H

#include "beacon/sketch.h"

#define SKETCH_ROOM 32 /* events that a binned sketch may hold besides those in the bins */

/* What is not in the bins: intervals >= 1 s and the bins of known sizes. */
typedef struct sketch_pending {
	int64_t gap[SKETCH_ROOM];
	uint16_t size[SKETCH_ROOM];
	unsigned gaps, sizes;
} sketch_pending;

/* Everything but sizes, s, h, bins, gaps, the median and the raw times. Sorts the sizes in *p, not the gaps. */
void sketch_read_counts(const ic_sketch *k, ic_sketch_view *v, sketch_pending *p);
/* The sizes. While the sketch is raw, those in *p are all there are. */
void sketch_read_sizes(const ic_sketch *k, ic_sketch_view *v, const sketch_pending *p);
/* The rest; sorts the gaps in *p. */
void sketch_read_intervals(const ic_sketch *k, ic_sketch_view *v, sketch_pending *p);

#endif
