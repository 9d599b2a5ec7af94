/* SPDX-License-Identifier: Apache-2.0 */
/* Summaries of many values that can be merged: what hll() and tdigest() give. Private to src/exec.
 *
 * In a query they are dynamic values: {"distinct": most, "hashes": [...]} and {"digest": [[mean, weight]...]}.
 * Any dynamic value may come back as one, so reading checks. Small ones are exact. */
#ifndef IC_EXEC_SKETCH_H
#define IC_EXEC_SKETCH_H

#include "plan/plan.h"

/* ---- distinct values: the smallest hashes of all (Bar-Yossef et al. 2002, "counting distinct elements") */

/* Sorted, each once, at most `most` of them; below that the count is exact. */
typedef struct ic_distinct {
	int64_t *hash; /* not negative */
	uint32_t n, most;
} ic_distinct;

/* Hashes that are kept for Kusto's accuracy levels 0..4; another level counts as 1. */
uint32_t ic_distinct_most(int64_t accuracy);
int64_t ic_distinct_hash(const ic_value *v);
/* Sorts what is in s->hash, drops the repeated and what is too much. */
void ic_distinct_settle(ic_distinct *s);
double ic_distinct_count(const ic_distinct *s);
/* How many values all of the n sketches have. */
double ic_distinct_shared(const ic_distinct *s, uint32_t n);
/* The hashes of a sketch, an array of longs that are not negative; NULL: d is none. */
const ic_dyn *ic_distinct_list(const ic_dyn *d, uint32_t *most);
/* False: d is none, or memory ended (*nomem is set). */
bool ic_distinct_read(ic_arena *a, const ic_dyn *d, ic_distinct *ret, bool *nomem);
const ic_dyn *ic_distinct_write(ic_arena *a, const ic_distinct *s); /* NULL: out of memory */

/* ---- quantiles: a merging t-digest (Dunning and Ertl 2019), exact up to IC_DIGEST_EXACT values */

typedef struct ic_centroid {
	double mean, weight;
} ic_centroid;

enum { IC_DIGEST_EXACT = 2048, IC_DIGEST_ROOM = 2 * IC_DIGEST_EXACT };

typedef struct ic_digest {
	ic_centroid *centroid;
	uint32_t n;
} ic_digest;

/* Sorts, and merges neighbours until at most IC_DIGEST_EXACT are left. */
void ic_digest_settle(ic_digest *d);
double ic_digest_total(const ic_digest *d);
/* The smallest value that so many percent do not exceed; NaN of nothing. The digest is settled. */
double ic_digest_percentile(const ic_digest *d, double percent);
/* The weight of the values that are not above v. */
double ic_digest_rank(const ic_digest *d, double v);
/* The centroids of a digest; NULL: d is none. */
const ic_dyn *ic_digest_list(const ic_dyn *d);
bool ic_centroid_read(const ic_dyn *pair, ic_centroid *ret);
bool ic_digest_read(ic_arena *a, const ic_dyn *from, ic_digest *ret, bool *nomem); /* settled */
const ic_dyn *ic_digest_write(ic_arena *a, const ic_digest *d);

#endif
