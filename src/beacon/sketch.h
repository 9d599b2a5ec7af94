/* SPDX-License-Identifier: Apache-2.0 */
/* The sketch of one series of events: enough to score it, bounded, mergeable, all integer, so that
 * the order of summation cannot matter. Definition: docs/scorer.md, "State".
 *
 * Up to IC_SKETCH_RAW events are kept as they are; later ones go into bins once IC_SKETCH_RAW newer
 * ones may still arrive out of order before them. Memory comes from the caller's slab. */
#ifndef IC_BEACON_SKETCH_H
#define IC_BEACON_SKETCH_H

#include "base/arena.h"
#include "ictus.h"

#define IC_SKETCH_RAW	24
#define IC_SIZE_UNKNOWN (-1)

typedef struct ic_sketch_body ic_sketch_body;

/* 16 bytes: one event lies inside, more in the body. All zero is an empty sketch. */
typedef struct ic_sketch {
	union {
		int64_t ticks;	      /* n == 1 */
		ic_sketch_body *body; /* n >= 2 */
	};
	uint32_t n;
	uint16_t size_bin; /* n == 1: bin of the size + 1, 0 unknown */
	uint16_t user;	   /* free for the owner */
} ic_sketch;
_Static_assert(sizeof(ic_sketch) == 16, "lives inside group entries");

/* Fetches what ic_sketch_add will touch, for a call that comes a little later: where a body starts, and about
 * where its newest event is. */
static inline void ic_sketch_prefetch(const ic_sketch *k)
{
	if (k->n < 2)
		return;
	__builtin_prefetch(k->body);
	__builtin_prefetch((const char *)k->body + 11 * (k->n < IC_SKETCH_RAW ? k->n : IC_SKETCH_RAW));
}
/* Once what that asked for is there: fetches the bins, if ic_sketch_add is about to fold events into them. */
void ic_sketch_prefetch_body(const ic_sketch *k); /* n > IC_SKETCH_RAW */
static inline void ic_sketch_prefetch_bins(const ic_sketch *k)
{
	if (k->n > IC_SKETCH_RAW)
		ic_sketch_prefetch_body(k);
}
/* Adds one event: time in ticks, bytes sent or IC_SIZE_UNKNOWN. IC_E_NOMEM leaves the sketch as it
 * was. Events may come in any order while the series is raw; later, an event older than one that
 * IC_SKETCH_RAW newer ones follow is counted as late: its interval is not known. */
ic_status ic_sketch_add(ic_sketch *k, ic_slab *slab, int64_t ticks, int64_t bytes);
/* Adds `b` to `a` (which may be empty), as if the events of both had been added in time order; exact
 * when their time ranges do not overlap or both are raw. b is unchanged. */
ic_status ic_sketch_merge(ic_sketch *a, ic_slab *slab, const ic_sketch *b);
/* Gives the body back. */
void ic_sketch_clear(ic_sketch *k, ic_slab *slab);

int64_t ic_sketch_first(const ic_sketch *k); /* earliest time; n >= 1 */
int64_t ic_sketch_last(const ic_sketch *k);
uint64_t ic_sketch_late(const ic_sketch *k);
size_t ic_sketch_bytes(const ic_sketch *k); /* heap bytes of the body */

/* The interval bins of ratio 1.04 from 1 s and size bins of ratio 1.02 from 1 byte. */
#define IC_INTERVAL_BINS  372
#define IC_INTERVAL_RATIO 1.04
#define IC_SIZE_BINS	  1201
/* Bin of an interval in ticks >= 1 s: min(371, floor(log(s)/log(1.04))), as the reference computes it. */
unsigned ic_interval_bin(int64_t ticks);
/* Bin of a size: min(1200, floor(log(max(size,1))/log(1.02))). */
unsigned ic_size_bin(int64_t bytes);

/* The sketch laid out densely: what the scorer and `explain` read. */
typedef struct ic_sketch_view {
	uint32_t n, beats;   /* events; intervals >= 1 s */
	uint32_t sub_second; /* intervals < 1 s */
	int64_t first, last; /* ticks */
	double resolution_s; /* 1 or 0.05 */
	uint32_t bins;	     /* non-empty interval bins, ascending */
	struct {
		uint16_t bin;
		uint32_t count;
		int64_t ticks;
	} h[IC_INTERVAL_BINS];
	uint32_t sizes; /* known sizes */
	uint32_t size_bins;
	struct {
		uint16_t bin;
		uint32_t count;
	} s[IC_SIZE_BINS];
	uint32_t hours;	       /* distinct active hours (mod 336) */
	uint64_t hour_bits[6]; /* bit floor(t/3600) mod 336 */
	uint32_t gaps;	       /* 0..8 */
	int64_t gap_ticks[8];  /* longest first */
	double
	    interval_median_s; /* exact while raw, else mean of the (upper) median bin; over intervals >= 1 s; NaN if none */
	bool raw;
	uint32_t raw_count;
	int64_t raw_ticks[IC_SKETCH_RAW]; /* when raw: all event times, ascending */
} ic_sketch_view;
void ic_sketch_read(const ic_sketch *k, ic_sketch_view *v);
/* Between which bytes, both included and as exact as the bins are, at least so many percent of the known sizes lie, when as
 * many are left off at either end; 1 known size or more. */
void ic_sketch_sizes(const ic_sketch_view *v, unsigned percent, int64_t *ret_least, int64_t *ret_most);

#endif
