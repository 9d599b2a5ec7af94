/* SPDX-License-Identifier: Apache-2.0 */
#include "exec/group/sketch.h"

#include <float.h>
#include <math.h>
#include <stdlib.h>

#include "exec/rows/key.h"

/* ---- distinct values ------------------------------------------------------------------------ */

uint32_t ic_distinct_most(int64_t accuracy)
{
	/* the error is about 1 / sqrt(most): that of Kusto's levels */
	static const uint32_t most[] = { 4096, 16384, 65536, 131072, 262144 };
	return accuracy >= 0 && accuracy < 5 ? most[accuracy] : most[1];
}

/* The seed is fixed: sketches of different runs can be merged, and a run gives what the last one gave. */
int64_t ic_distinct_hash(const ic_value *v)
{
	return (int64_t)(ic_key_hash(v, 0x1c7u) >> 1);
}

static int by_hash(const void *a, const void *b)
{
	int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
	return (x > y) - (x < y);
}

void ic_distinct_settle(ic_distinct *s)
{
	uint32_t n = 0;
	if (s->n)
		qsort(s->hash, s->n, sizeof *s->hash, by_hash);
	for (uint32_t i = 0; i < s->n && n < s->most; i++)
		if (n == 0 || s->hash[i] != s->hash[n - 1])
			s->hash[n++] = s->hash[i];
	s->n = n;
}

double ic_distinct_count(const ic_distinct *s)
{
	if (s->n < s->most || s->n < 2)
		return s->n;
	return round((double)(s->n - 1) / ((double)s->hash[s->n - 1] / 0x1p63));
}

static bool has(const ic_distinct *s, int64_t hash)
{
	return s->n && bsearch(&hash, s->hash, s->n, sizeof hash, by_hash);
}

/* Of the smallest hashes of the union those are counted that all sets have: their share, times the count of
 * the union, estimates the intersection. Sets are all known up to the smallest of their limits. */
double ic_distinct_shared(const ic_distinct *s, uint32_t n)
{
	int64_t bound = INT64_MAX;
	double shared = 0;
	for (uint32_t i = 0; i < n; i++)
		if (s[i].n >= s[i].most && s[i].hash[s[i].n - 1] < bound)
			bound = s[i].hash[s[i].n - 1];
	for (uint32_t k = 0; k < s[0].n && s[0].hash[k] <= bound; k++) {
		uint32_t in = 1;
		while (in < n && has(&s[in], s[0].hash[k]))
			in++;
		shared += in == n;
	}
	return bound == INT64_MAX || bound == 0 ? shared : round(shared / ((double)bound / 0x1p63));
}

const ic_dyn *ic_distinct_list(const ic_dyn *d, uint32_t *ret_most)
{
	const ic_dyn *most = d && d->kind == IC_DYN_BAG ? ic_dyn_member_of(d, IC_STR("distinct")) : NULL;
	const ic_dyn *list = most ? ic_dyn_member_of(d, IC_STR("hashes")) : NULL;
	if (!list || list->kind != IC_DYN_ARRAY || most->kind != IC_DYN_LONG || most->i < 1 ||
	    most->i > ic_distinct_most(4))
		return NULL;
	for (uint32_t i = 0; i < list->n; i++)
		if (list->item[i]->kind != IC_DYN_LONG || list->item[i]->i < 0)
			return NULL;
	*ret_most = (uint32_t)most->i;
	return list;
}

bool ic_distinct_read(ic_arena *a, const ic_dyn *d, ic_distinct *ret, bool *nomem)
{
	*ret = (ic_distinct){ 0 };
	const ic_dyn *list = ic_distinct_list(d, &ret->most);
	if (!list)
		return false;
	ret->hash = ic_arena_alloc(a, ((size_t)list->n + 1) * sizeof *ret->hash);
	*nomem = !ret->hash;
	for (; ret->hash && ret->n < list->n; ret->n++)
		ret->hash[ret->n] = list->item[ret->n]->i;
	if (ret->hash)
		ic_distinct_settle(ret);
	return ret->hash != NULL;
}

static const ic_dyn *long_of(ic_arena *a, int64_t v)
{
	ic_value value = ic_value_long(v);
	return ic_dyn_of(a, &value);
}

const ic_dyn *ic_distinct_write(ic_arena *a, const ic_distinct *s)
{
	const ic_dyn **item = ic_arena_alloc(a, ((size_t)s->n + 1) * sizeof *item);
	for (uint32_t i = 0; item && i < s->n; i++)
		if (!(item[i] = long_of(a, s->hash[i])))
			return NULL;
	ic_dyn_member member[2] = { { IC_STR("distinct"), long_of(a, s->most) },
				    { IC_STR("hashes"), item ? ic_dyn_array(a, item, s->n) : NULL } };
	return member[0].value && member[1].value ? ic_dyn_bag(a, member, 2) : NULL;
}

/* ---- quantiles ------------------------------------------------------------------------------ */

static int by_mean(const void *a, const void *b)
{
	double x = ((const ic_centroid *)a)->mean, y = ((const ic_centroid *)b)->mean;
	return (x > y) - (x < y);
}

double ic_digest_total(const ic_digest *d)
{
	double total = 0;
	for (uint32_t i = 0; i < d->n; i++)
		total += d->centroid[i].weight;
	return total;
}

static void merge_into(ic_centroid *to, const ic_centroid *c)
{
	double weight = fmin(to->weight + c->weight, DBL_MAX);
	to->mean += (c->mean - to->mean) * (c->weight / weight);
	to->weight = weight;
}

/* One pass over the sorted centroids: neighbours become one while they weigh no more than the middle of the
 * distribution allows; its ends stay fine. */
static void merge_neighbours(ic_digest *d, double total, double size)
{
	uint32_t n = 0;
	double before = 0; /* of the centroids that are done */
	for (uint32_t i = 1; i < d->n; i++) {
		ic_centroid *last = &d->centroid[n];
		const ic_centroid *c = &d->centroid[i];
		double weight = last->weight + c->weight, q = (before + weight / 2) / total;
		if (weight <= 4 * total * q * (1 - q) / size) {
			merge_into(last, c);
		} else {
			before += last->weight;
			d->centroid[++n] = *c;
		}
	}
	d->n = n + 1;
}

/* For weights so far apart that the total knows nothing of the small ones: two neighbours become one. */
static void merge_pairs(ic_digest *d)
{
	uint32_t n = 0;
	for (uint32_t i = 0; i < d->n; i += 2) {
		d->centroid[n] = d->centroid[i];
		if (i + 1 < d->n)
			merge_into(&d->centroid[n], &d->centroid[i + 1]);
		n++;
	}
	d->n = n;
}

void ic_digest_settle(ic_digest *d)
{
	if (d->n)
		qsort(d->centroid, d->n, sizeof *d->centroid, by_mean);
	double total = ic_digest_total(d);
	for (double size = IC_DIGEST_EXACT / 2; d->n > IC_DIGEST_EXACT && size >= 1; size /= 2)
		merge_neighbours(d, total, size);
	while (d->n > IC_DIGEST_EXACT)
		merge_pairs(d);
}

double ic_digest_percentile(const ic_digest *d, double percent)
{
	double wanted = ic_digest_total(d) * percent / 100, seen = 0;
	for (uint32_t i = 0; i < d->n; i++) {
		seen += d->centroid[i].weight;
		if (seen >= wanted || i + 1 == d->n)
			return d->centroid[i].mean;
	}
	return NAN;
}

double ic_digest_rank(const ic_digest *d, double v)
{
	double rank = 0;
	for (uint32_t i = 0; i < d->n && d->centroid[i].mean <= v; i++)
		rank += d->centroid[i].weight;
	return rank;
}

static bool number_of(const ic_dyn *d, double *ret)
{
	*ret = d->kind == IC_DYN_LONG ? (double)d->i : d->kind == IC_DYN_REAL ? d->d : NAN;
	return isfinite(*ret);
}

const ic_dyn *ic_digest_list(const ic_dyn *d)
{
	const ic_dyn *list = d && d->kind == IC_DYN_BAG ? ic_dyn_member_of(d, IC_STR("digest")) : NULL;
	return list && list->kind == IC_DYN_ARRAY ? list : NULL;
}

bool ic_centroid_read(const ic_dyn *pair, ic_centroid *ret)
{
	return pair->kind == IC_DYN_ARRAY && pair->n == 2 && number_of(pair->item[0], &ret->mean) &&
	       number_of(pair->item[1], &ret->weight) && ret->weight > 0;
}

bool ic_digest_read(ic_arena *a, const ic_dyn *from, ic_digest *ret, bool *nomem)
{
	const ic_dyn *list = ic_digest_list(from);
	*ret = (ic_digest){ 0 };
	if (!list)
		return false;
	ret->centroid = ic_arena_alloc(a, ((size_t)list->n + 1) * sizeof *ret->centroid);
	*nomem = !ret->centroid;
	for (; ret->centroid && ret->n < list->n; ret->n++)
		if (!ic_centroid_read(list->item[ret->n], &ret->centroid[ret->n]))
			return false;
	if (ret->centroid)
		ic_digest_settle(ret);
	return ret->centroid != NULL;
}

static const ic_dyn *real_of(ic_arena *a, double v)
{
	ic_value value = ic_value_real(v);
	return ic_dyn_of(a, &value);
}

const ic_dyn *ic_digest_write(ic_arena *a, const ic_digest *d)
{
	const ic_dyn **item = ic_arena_alloc(a, ((size_t)d->n + 1) * sizeof *item);
	if (!item)
		return NULL;
	for (uint32_t i = 0; i < d->n; i++) {
		const ic_dyn *pair[2] = { real_of(a, d->centroid[i].mean),
					  real_of(a, d->centroid[i].weight) };
		item[i] = pair[0] && pair[1] ? ic_dyn_array(a, pair, 2) : NULL;
		if (!item[i])
			return NULL;
	}
	ic_dyn_member member = { IC_STR("digest"), ic_dyn_array(a, item, d->n) };
	return member.value ? ic_dyn_bag(a, &member, 1) : NULL;
}
