/* SPDX-License-Identifier: Apache-2.0 */
/* Cost of the beacon layer on many small series: 1 M pairs shaped like people's browsing, 4 to 24 events
 * each, most under 16. Prints nanoseconds an event for the sketch and nanoseconds a pair for
 * ic_beacon_score_if and ic_beacon_score, and how many pairs could reach 50. */
#include "beacon/score.h"

#include "base/time.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

static uint64_t state = 88172645463325252u;

static double uniform(void)
{
	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return (double)(state >> 11) / 9007199254740992.0;
}

static double now_s(void)
{
	struct timespec t;
	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* A few visits in a working day, pages with log-normal reading times, bursts of connections. */
static unsigned human(int64_t *ticks, int64_t *bytes)
{
	unsigned n = 4 + (unsigned)(-5.5 * log(1 - uniform()));
	n = n > 24 ? 24 : n;
	double t = 1.7e9 + 3600 * (8 + 8 * uniform()), base = 650 + 750 * uniform(),
	       step = 120 + 480 * uniform();
	for (unsigned i = 0; i < n; i++) {
		double u = uniform(), gap;
		double normal = sqrt(-2 * log(1 - uniform())) * cos(6.283185307179586 * uniform());
		if (u < .4)
			gap = -2 * log(1 - uniform());
		else if (u < .85)
			gap = 28 * exp(1.1 * normal);
		else
			gap = 3600 * exp(normal);
		t += gap;
		ticks[i] = (int64_t)(t * (double)IC_TICKS_S);
		bytes[i] = (int64_t)(base + step * floor(-2 * log(1 - uniform())) + 60 * uniform());
	}
	return n;
}

int main(int argc, char **argv)
{
	size_t pairs = argc > 1 ? strtoull(argv[1], NULL, 10) : 1000000, events = 0, reach = 0, over = 0,
	       bytes = 0;
	ic_sketch *k = calloc(pairs, sizeof *k);
	int64_t *ticks = malloc(pairs * 24 * sizeof *ticks), *size = malloc(pairs * 24 * sizeof *size);
	unsigned *n = malloc(pairs * sizeof *n);
	ic_slab slab;
	if (!k || !ticks || !size || !n)
		return 1;
	ic_slab_init(&slab, NULL);
	for (size_t i = 0; i < pairs; i++)
		events += n[i] = human(ticks + 24 * i, size + 24 * i);
	double at = now_s();
	for (size_t i = 0; i < pairs; i++)
		for (unsigned j = 0; j < n[i]; j++)
			if (ic_sketch_add(&k[i], &slab, ticks[24 * i + j], size[24 * i + j]) != IC_OK)
				return 1;
	double added = now_s();
	for (size_t i = 0; i < pairs; i++)
		reach += ic_beacon_score_if(&k[i], 50, &(ic_score){ 0 });
	double reached = now_s();
	double sum = 0;
	for (size_t i = 0; i < pairs; i++) {
		ic_score s;
		ic_beacon_score(&k[i], &s);
		over += s.automation >= 50;
		sum += s.automation;
	}
	double scored = now_s();
	for (size_t i = 0; i < pairs; i++)
		bytes += ic_sketch_bytes(&k[i]) + sizeof k[i];
	printf("pairs %zu, events %zu, %.0f bytes a pair (checksum %.3f)\n", pairs, events,
	       (double)bytes / (double)pairs, sum);
	printf("sketch %.1f ns an event\n", 1e9 * (added - at) / (double)events);
	printf("score if 50 %.0f ns a pair, %zu pairs can reach 50, %zu do\n",
	       1e9 * (reached - added) / (double)pairs, reach, over);
	printf("score %.0f ns a pair\n", 1e9 * (scored - reached) / (double)pairs);
	ic_slab_clear(&slab);
	free(k);
	free(ticks);
	free(size);
	free(n);
	return 0;
}
