/* SPDX-License-Identifier: Apache-2.0 */
/* Any bytes as operations on two sketches: add, merge, clear. A sketch without late events must say what
 * a recount of its events says; any sketch must count all events, and its bound must be one. */
#include <stdlib.h>
#include <string.h>

#include "base/time.h"
#include "beacon/score.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define MOST 1500

typedef struct pair {
	ic_sketch k;
	unsigned n, sizes;
	int64_t at, ticks[MOST];
} pair;

static void need(bool ok)
{
	if (!ok)
		abort();
}

static int by_value(const void *a, const void *b)
{
	int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
	return (x > y) - (x < y);
}

static void add(pair *p, ic_slab *slab, int64_t ticks, int64_t bytes)
{
	need(ic_sketch_add(&p->k, slab, ticks, bytes) == IC_OK);
	p->ticks[p->n++] = ticks;
	p->sizes += bytes >= 0;
	p->at = ticks > p->at ? ticks : p->at;
}

static void recount(pair *p, const ic_sketch_view *v)
{
	static uint32_t count[IC_INTERVAL_BINS];
	static int64_t sum[IC_INTERVAL_BINS];
	uint32_t beats = 0;
	int64_t longest = 0;
	memset(count, 0, sizeof count);
	memset(sum, 0, sizeof sum);
	qsort(p->ticks, p->n, sizeof *p->ticks, by_value);
	for (unsigned i = 1; i < p->n; i++) {
		int64_t d = p->ticks[i] - p->ticks[i - 1];
		if (d < IC_TICKS_S)
			continue;
		count[ic_interval_bin(d)]++;
		sum[ic_interval_bin(d)] += d;
		longest = d > longest ? d : longest;
		beats++;
	}
	need(v->first == p->ticks[0] && v->last == p->ticks[p->n - 1]);
	need(v->beats == beats && v->sub_second == p->n - 1 - beats);
	need(!beats || v->gap_ticks[0] == longest);
	for (uint32_t i = 0; i < v->bins; i++) {
		need(v->h[i].count == count[v->h[i].bin] && v->h[i].ticks == sum[v->h[i].bin]);
		beats -= v->h[i].count;
	}
	need(beats == 0);
}

static void check(pair *p)
{
	static ic_sketch_view v;
	ic_score s;
	need(p->k.n == p->n);
	if (!p->n)
		return;
	ic_sketch_read(&p->k, &v);
	need(v.n == p->n && v.sizes == p->sizes);
	if (!ic_sketch_late(&p->k))
		recount(p, &v);
	ic_beacon_score(&p->k, &s);
	need(s.automation >= 0 && s.automation <= 100);
	const double automation = s.automation;
	need(automation < 50 || (ic_beacon_score_if(&p->k, 50, &s) && s.automation == automation));
	need(automation < 5 || (ic_beacon_score_if(&p->k, 5, &s) && s.automation == automation));
}

static void merge(pair *a, pair *b, ic_slab *slab)
{
	need(ic_sketch_merge(&a->k, slab, &b->k) == IC_OK);
	memcpy(a->ticks + a->n, b->ticks, b->n * sizeof *b->ticks);
	a->n += b->n;
	a->sizes += b->sizes;
	a->at = b->at > a->at ? b->at : a->at;
	check(b);
}

/* Four bytes an operation: what, and up to 24 bits of how much on a scale from ticks to months. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static pair p[2];
	ic_slab slab;
	memset(p, 0, sizeof p);
	ic_slab_init(&slab, NULL);
	for (size_t i = 0; i + 4 <= size; i += 4) {
		pair *one = &p[data[i] & 1], *other = &p[~data[i] & 1];
		int64_t amount = (int64_t)(data[i + 1] | data[i + 2] << 8) << (data[i + 3] % 32);
		int64_t bytes = (data[i] & 2) ? IC_SIZE_UNKNOWN : amount % 100000;
		switch (data[i] >> 2 & 7) {
		case 6:
			if (one->n + other->n <= MOST)
				merge(one, other, &slab);
			break;
		case 7:
			ic_sketch_clear(&one->k, &slab);
			one->n = one->sizes = 0;
			one->at = 0;
			break;
		case 5: /* back in time */
			if (one->n < MOST)
				add(one, &slab, amount < one->at ? one->at - amount : 0, bytes);
			break;
		default: /* a beat, several times */
			for (unsigned j = 0; j < (data[i] >> 5) * 7u + 1 && one->n < MOST; j++)
				add(one, &slab, one->at + amount, bytes);
		}
	}
	check(&p[0]);
	check(&p[1]);
	ic_slab_clear(&slab);
	return 0;
}
