/* SPDX-License-Identifier: Apache-2.0 */
#include "beacon/score.h"

#include "beacon/scan.h"
#include "beacon/view.h"

#include <math.h>
#include <string.h>

#define SIZE_WIDTHS    5
#define WIDEST_SIZE    60
#define LOG_SIZE_RATIO 0.019802627296179712 /* ln 1.02 */
#define LOG_SIZE_SPAN  9.210340371976184    /* ln 1e4: the null's four decades */
#define SMALL_COUNTS   64u

static const int size_width[SIZE_WIDTHS] = { 1, 4, 10, 25, WIDEST_SIZE };

static double size_all[SIZE_WIDTHS];	 /* nats when every size lies in the window */
static double size_mass[SIZE_WIDTHS][3]; /* F, ln F, ln(1 - F) */
static double x_log_x[SMALL_COUNTS + 1];
static double pers[SCORE_HOURS + 1];

__attribute__((constructor)) static void score_init(void)
{
	for (unsigned i = 0; i < SIZE_WIDTHS; i++) {
		double F = size_width[i] * LOG_SIZE_RATIO / LOG_SIZE_SPAN;
		size_mass[i][0] = F;
		size_mass[i][1] = log(F);
		size_mass[i][2] = log(1 - F);
		size_all[i] = scan_kl(1, F);
	}
	for (unsigned i = 1; i <= SMALL_COUNTS; i++)
		x_log_x[i] = i * log(i);
	for (unsigned i = 0; i <= SCORE_HOURS; i++)
		pers[i] = log1p(i) / log(25.0);
}

/* KL(c/n, F) of one width. With few sizes all logarithms of counts come from a table:
 * n KL = c ln c + (n-c) ln(n-c) - n ln n - c ln F - (n-c) ln(1-F). */
static double size_kl(uint32_t c, uint32_t n, unsigned width_index)
{
	const double *F = size_mass[width_index];
	if (c >= n)
		return size_all[width_index];
	double m = (double)c / n;
	if (n > SMALL_COUNTS)
		return scan_kl(m, F[0]);
	if (m <= F[0])
		return 0;
	return (x_log_x[c] + x_log_x[n - c] - x_log_x[n]) / n - m * F[1] - (1 - m) * F[2];
}

/* Most sizes in a window of each width, for a few, sorted: each next size may only improve on the best so
 * far, which takes one comparison. */
static double nats_of_few(const uint16_t *size, uint32_t n)
{
	uint32_t most[SIZE_WIDTHS] = { 0 };
	double best = 0;
	if (n < 3)
		return SCORE_SIZE_UNKNOWN;
	for (uint32_t i = 0; i < n; i++)
		for (unsigned w = 0; w < SIZE_WIDTHS; w++)
			most[w] += size[i] - size[i - most[w]] < size_width[w];
	for (unsigned w = 0; w < SIZE_WIDTHS; w++) {
		double nats = size_kl(most[w], n, w);
		best = nats > best ? nats : best;
	}
	return best;
}

/* The same for many: differences of running sums, of all windows that begin at the smallest size or above it. */
static double nats_of_many(const ic_sketch_view *v)
{
	uint32_t under[IC_SIZE_BINS + WIDEST_SIZE + 1];
	const unsigned first = v->s[0].bin, range = v->s[v->size_bins - 1].bin - first + 1u;
	uint32_t sum = 0;
	double best = 0;
	memset(under, 0, (range + WIDEST_SIZE + 1) * sizeof *under);
	for (uint32_t i = 0; i < v->size_bins; i++)
		under[v->s[i].bin - first + 1u] = v->s[i].count;
	for (unsigned b = 0; b <= range + WIDEST_SIZE; b++)
		under[b] = sum += under[b];
	for (unsigned w = 0; w < SIZE_WIDTHS; w++) {
		const uint32_t *end = under + size_width[w];
		uint32_t most = 0;
		for (unsigned b = 0; b < range; b++)
			most = end[b] - under[b] > most ? end[b] - under[b] : most;
		double nats = size_kl(most, v->sizes, w);
		best = nats > best ? nats : best;
	}
	return best;
}

/* KL grows with the share, so the fullest window of each width is the best of that width. */
double size_nats(const ic_sketch_view *v)
{
	if (v->sizes > IC_SKETCH_RAW)
		return nats_of_many(v);
	uint16_t size[IC_SKETCH_RAW];
	uint32_t n = 0;
	for (uint32_t i = 0; i < v->size_bins; i++)
		for (uint32_t c = 0; c < v->s[i].count; c++)
			size[n++] = v->s[i].bin;
	return nats_of_few(size, n);
}

double points_persistence(uint32_t hours)
{
	return IC_SCORE_PERSISTENCE * pers[hours < SCORE_HOURS ? hours : SCORE_HOURS];
}

double points_size(double nats)
{
	return IC_SCORE_SIZE * nats / (nats + 1);
}

static double logistic(double logit)
{
	return 100.0 / (1.0 + exp(-(logit < -30 ? -30 : logit > 30 ? 30 : logit)));
}

/* Step 7: the share of events and of time that a memoryless source of the same mean would put into the
 * windows, and the nats that are left against it. */
static double memoryless_nats(const scan_best *b, uint32_t beats)
{
	double events = 0, seconds = 0;
	for (unsigned i = 0; i < b->windows; i++) {
		const ic_window *w = &b->window[i];
		for (unsigned q = 1; q <= (w->multiples ? 4 : 1); q++) {
			double lo = q * scan_power(w->lo) / b->mean_s;
			double hi = q * scan_power(w->hi + 1u) / b->mean_s;
			double at_lo = exp(-lo), at_hi = exp(-hi);
			events += at_lo - at_hi;
			seconds += (1 + lo) * at_lo - (1 + hi) * at_hi;
		}
	}
	double by_events = scan_kl(b->m_events, events < .97 ? events : .97);
	double by_time = scan_kl(b->m_time, seconds < .97 ? seconds : .97);
	double nats = (by_events < by_time ? by_events : by_time) * beats - SCAN_GAP_COST * b->ng -
		      SCAN_WIN_COST * b->windows;
	return nats > 0 ? nats : 0;
}

/* Step 11, from the beats inside the first window. */
static void sleep_and_jitter(const ic_sketch_view *v, const scan_best *b, ic_score *ret)
{
	double all = 0, seen = 0;
	unsigned low = 0, high = 0;
	bool has_low = false, has_high = false;
	for (uint32_t i = 0; i < v->bins; i++)
		if (v->h[i].bin >= b->first_lo && v->h[i].bin <= b->first_hi)
			all += v->h[i].count;
	for (uint32_t i = 0; i < v->bins && !has_high; i++) {
		if (v->h[i].bin < b->first_lo || v->h[i].bin > b->first_hi)
			continue;
		seen += v->h[i].count;
		if (!has_low && seen / all >= .02) {
			low = v->h[i].bin;
			has_low = true;
		}
		if (seen / all >= .98) {
			high = v->h[i].bin;
			has_high = true;
		}
	}
	double shortest = pow(IC_INTERVAL_RATIO, low + .3);
	ret->sleep_s = pow(IC_INTERVAL_RATIO, high + .7);
	ret->jitter = shortest < ret->sleep_s ? 1 - shortest / ret->sleep_s : 0;
}

static double evidence(double E)
{
	double v = log1p(E > 0 ? E : 0);
	return (v < SCORE_NATS ? v : SCORE_NATS) / SCORE_NATS;
}

static void score_view(const ic_sketch_view *v, double size_in_nats, double known_E, ic_score *ret)
{
	scan_best b;
	scan_windows(v, known_E, &b);
	*ret = (ic_score){
		.jitter = 1,
		.interval_median_s = v->interval_median_s,
		.I = b.I,
		.E = b.E,
		.m_events = b.m_events,
		.m_time = b.m_time,
		.null_mass = b.F,
		.size_nats = size_in_nats,
		.beats = v->beats,
		.hours = v->hours,
		.exempt_gaps = b.ng,
		.windows = b.windows,
	};
	if (b.E > 0) {
		memcpy(ret->window, b.window, sizeof ret->window);
		ret->E_memoryless = memoryless_nats(&b, v->beats);
		sleep_and_jitter(v, &b, ret);
	}
	ret->regularity = b.I / (b.I + 1);
	ret->evidence_bursty = evidence(b.E);
	ret->evidence_memoryless = evidence(b.E < ret->E_memoryless ? b.E : ret->E_memoryless);
	ret->persistence = pers[v->hours < SCORE_HOURS ? v->hours : SCORE_HOURS];
	double size = ret->size_nats / (ret->size_nats + 1);
	ret->logit = (IC_SCORE_REGULARITY * ret->regularity + IC_SCORE_BURSTY * ret->evidence_bursty +
		      IC_SCORE_MEMORYLESS * ret->evidence_memoryless +
		      IC_SCORE_PERSISTENCE * ret->persistence + IC_SCORE_SIZE * size - IC_SCORE_BASE) /
		     IC_SCORE_SCALE;
	ret->size = v->sizes < 3 ? (double)NAN : size;
	ret->automation = logistic(ret->logit);
}

void ic_beacon_score_view(const ic_sketch_view *v, ic_score *ret)
{
	score_view(v, size_nats(v), 0, ret);
}

void ic_beacon_score(const ic_sketch *k, ic_score *ret)
{
	ic_sketch_view v;
	ic_sketch_read(k, &v);
	ic_beacon_score_view(&v, ret);
}

/* Cheapest first: hours, sizes and the number of beats say how narrow the timing would have to be. */
bool ic_beacon_score_if(const ic_sketch *k, double automation, ic_score *ret)
{
	ic_sketch_view v;
	sketch_pending p;
	if (automation >= 100)
		return false;
	sketch_read_counts(k, &v, &p);
	v.sizes = p.sizes; /* while raw */
	if (!v.raw)
		sketch_read_sizes(k, &v, &p);
	const double size = v.raw ? nats_of_few(p.size, p.sizes) : size_nats(&v);
	double points = IC_SCORE_BASE + IC_SCORE_SCALE * log(automation / (100 - automation));
	points -= points_persistence(v.hours) + points_size(size);
	points -= 1e-7; /* more than rounding can do */
	double need = automation > 0 ? scan_least(v.beats, points) : -1;
	if (isinf(need))
		return false;
	sketch_read_intervals(k, &v, &p);
	double E = 0;
	if (need >= 0 && !scan_could_reach(&v, need, points, &E))
		return false;
	score_view(&v, size, E, ret);
	return true;
}
