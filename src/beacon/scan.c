/* SPDX-License-Identifier: Apache-2.0 */
/* The window search. It works on the non-empty bins only and takes the logarithms of a candidate only
 * when a bound without any says that it might win, so the result is that of the full search. */
#include "beacon/scan.h"

#include <math.h>
#include <string.h>

#define WIDTHS	     8
#define NARROW	     4 /* widths that may have x2, x3, x4 copies */
#define MASS_BIN     (SCAN_LOG_BIN / SCAN_LOG_SPAN)
#define F_MAX	     0.97
#define MASS_STEPS   300u /* F_MAX is 284.7 bins */
#define SMALL_N	     32u
#define MULTIPLES    3
#define COPIES_REACH 37u  /* no copy lies at or above hi + this */
#define COPY_BINS    15	  /* bins of one copy, and 1 */
#define E_ROUNDING   1e-6 /* more than E can differ by */
#define RUN	     8u	  /* bins that `under` is written for at a time */

/* Kinds of windows that are ruled out together, by the least mass that one of a kind has, in bins. Wide
 * windows that begin at bin 0 may have less, but then the widest narrow one is the same window. Copies
 * are whole where lo and hi + COPIES_REACH bins exist: 3 times 4 bins at half price, and at least one bin. */
enum { KIND_NARROW, KIND_WIDE, KIND_COPIES, KINDS };
static const unsigned least_bins[KINDS] = { 1, 12, 7 };

static const unsigned width[WIDTHS] = { 1, 3, 6, 11, 19, 32, 47, 61 };
static const unsigned shift[MULTIPLES] = { 18, 28, 35 }; /* ln 2, ln 3, ln 4 in bins */

static double power[IC_INTERVAL_BINS + 1];
static double clock_mass[2][IC_INTERVAL_BINS]; /* ln(1 + 2 res/hi); [0]: 0.05 s, [1]: 1 s */
static double minus_log[MASS_STEPS + 1];       /* -ln of a mass of i bins: above every F >= i bins */
static double best_kl[KINDS][SMALL_N];	       /* most that N beats can gain in the least mass of a kind */
static double best_evidence[SMALL_N];	       /* points of their two evidence parts then, in one bin */
static double copy_mass[COPY_BINS];	       /* of a copy of i bins */

double scan_kl(double m, double F)
{
	m = m < 1e-9 ? 1e-9 : m > 1 - 1e-9 ? 1 - 1e-9 : m;
	F = F < 1e-4 ? 1e-4 : F > .98 ? .98 : F;
	return m > F ? m * log(m / F) + (1 - m) * log((1 - m) / (1 - F)) : 0;
}

double scan_power(unsigned i)
{
	return power[i];
}

static double evidence_points(double E)
{
	double sure = E > 0 ? log1p(E) : 0;
	return (IC_SCORE_BURSTY + IC_SCORE_MEMORYLESS) * (sure < SCORE_NATS ? sure : SCORE_NATS) / SCORE_NATS;
}

__attribute__((constructor)) static void scan_init(void)
{
	for (unsigned i = 0; i <= IC_INTERVAL_BINS; i++)
		power[i] = pow(IC_INTERVAL_RATIO, i);
	for (unsigned i = 0; i < IC_INTERVAL_BINS; i++) {
		clock_mass[0][i] = log1p(2 * .05 / power[i + 1]);
		clock_mass[1][i] = log1p(2 * 1.0 / power[i + 1]);
	}
	for (unsigned i = 1; i <= MASS_STEPS; i++)
		minus_log[i] = i * MASS_BIN < 1 ? -log(i * MASS_BIN) : 0;
	minus_log[0] = -log(1e-4);
	for (unsigned n = 0; n < SMALL_N; n++)
		for (unsigned kind = 0; kind < KINDS; kind++)
			best_kl[kind][n] = scan_kl(n / (n + 1.0), least_bins[kind] * MASS_BIN);
	for (unsigned n = 0; n < SMALL_N; n++)
		best_evidence[n] = evidence_points(n * best_kl[KIND_NARROW][n] - SCAN_WIN_COST);
	for (unsigned i = 0; i < COPY_BINS; i++)
		copy_mass[i] = i * SCAN_LOG_BIN / SCAN_LOG_SPAN * .5;
}

/* The chord of KL(m, F) from m = F to the largest m, for one F: above KL between. */
typedef struct chord {
	double F, most, per_nat; /* most: KL at the largest m; m grows by per_nat */
} chord;

/* The bins of a series while windows are taken out of them. */
typedef struct series {
	unsigned k; /* non-empty bins at the start */
	const double *clock;
	double n, shrink, total_s;
	double gap[SCAN_GAPS], gap_sum[SCAN_GAPS + 1];
	unsigned gaps;
	uint16_t bin[IC_INTERVAL_BINS];
	/* Of each bin the non-empty ones under it: the index of the first at it or above. */
	uint16_t under[IC_INTERVAL_BINS + 1 + RUN];
	double h[IC_INTERVAL_BINS], w[IC_INTERVAL_BINS];	   /* beats and seconds left */
	double ch[IC_INTERVAL_BINS + 1], cw[IC_INTERVAL_BINS + 1]; /* sums of those before */
	/* What the windows taken so far hold. */
	unsigned round;
	double in_h, in_w, mass;
	double first_hi_s; /* upper end of the first one */
	ic_window taken[SCAN_ROUNDS];
	chord chord[KINDS]; /* for the least F of a kind in this round */
} series;

/* What a run writes too much, that of the next bin overwrites: few jumps depend on how far bins are apart. */
static void load_under(series *s)
{
	unsigned b = 0;
	for (unsigned i = 0; i <= s->k; i++) {
		const unsigned last = i < s->k ? s->bin[i] : IC_INTERVAL_BINS;
		uint16_t run[RUN];
		for (unsigned j = 0; j < RUN; j++)
			run[j] = (uint16_t)i;
		for (; b <= last; b += RUN)
			memcpy(&s->under[b], run, sizeof run);
		b = last + 1;
	}
}

static void load(series *s, const ic_sketch_view *v)
{
	s->k = v->bins;
	s->n = v->beats;
	s->shrink = s->n / (s->n + 1.0);
	s->clock = clock_mass[v->resolution_s >= 1.0];
	s->total_s = 0;
	for (unsigned i = 0; i < s->k; i++) {
		s->bin[i] = v->h[i].bin;
		s->h[i] = v->h[i].count;
		s->w[i] = (double)v->h[i].ticks / 1e7;
		s->total_s += s->w[i];
	}
	load_under(s);
	s->gaps = v->gaps < SCAN_GAPS ? v->gaps : SCAN_GAPS;
	s->gap_sum[0] = 0;
	for (unsigned i = 0; i < s->gaps; i++) {
		s->gap[i] = (double)v->gap_ticks[i] / 1e7;
		s->gap_sum[i + 1] = s->gap_sum[i] + s->gap[i];
	}
	s->round = 0;
	s->in_h = s->in_w = s->mass = s->first_hi_s = 0;
}

static void begin_round(series *s)
{
	double h = 0, w = 0;
	for (unsigned kind = 0; kind < (s->round ? KIND_COPIES : KINDS); kind++) {
		chord *c = &s->chord[kind];
		c->F = s->mass + least_bins[kind] * MASS_BIN;
		c->most =
		    !s->round && s->n < SMALL_N ? best_kl[kind][(unsigned)s->n] : scan_kl(s->shrink, c->F);
		c->per_nat = c->most > 0 ? (s->shrink - c->F) / c->most * (1 - 1e-9) : 0;
	}
	for (unsigned i = 0; i < s->k; i++) {
		s->ch[i] = h;
		s->cw[i] = w;
		h += s->h[i];
		w += s->w[i];
	}
	s->ch[s->k] = h;
	s->cw[s->k] = w;
}

/* What all windows with one upper end share: the exempt gaps and the totals without them. */
typedef struct ending {
	unsigned i, hi; /* index among the non-empty bins; bin */
	unsigned ng;
	double events, seconds;
	double cost;
} ending;

static ending ending_at(const series *s, unsigned i)
{
	ending e = { .i = i, .hi = s->bin[i] };
	double hi_s = power[e.hi + 1];
	double limit = 12 * (s->round && s->first_hi_s > hi_s ? s->first_hi_s : hi_s);
	if (limit < 900)
		limit = 900;
	while (e.ng < s->gaps && s->gap[e.ng] > limit)
		e.ng++;
	e.events = s->n - e.ng > 1 ? s->n - e.ng : 1;
	e.seconds = s->total_s - s->gap_sum[e.ng] > 1e-9 ? s->total_s - s->gap_sum[e.ng] : 1e-9;
	e.cost = SCAN_GAP_COST * e.ng + SCAN_WIN_COST * (s->round + 1);
	return e;
}

static unsigned lowest(unsigned width_index, unsigned hi)
{
	return hi > width[width_index] ? hi - width[width_index] : 0;
}

/* Index of the first non-empty bin in the window of a width. */
static unsigned first_in(const series *s, unsigned width_index, unsigned hi)
{
	return s->under[lowest(width_index, hi)];
}

/* Whether bins from index `from` up to before `to`, or a part of them, could have I > need: m is at most
 * that of all of them, F at least that of the kind, and KL under its chord. */
static bool part_could_have(const series *s, const ending *e, unsigned kind, unsigned from, unsigned to,
			    double need)
{
	const chord *c = &s->chord[kind];
	double least_m = c->F + need * c->per_nat;
	return c->most * (1 + 1e-9) >= need &&
	       (s->in_h + s->ch[to] - s->ch[from]) * s->shrink * (1 + 1e-12) > least_m * e->events &&
	       (s->in_w + s->cw[to] - s->cw[from]) * s->shrink * (1 + 1e-12) > least_m * e->seconds;
}

typedef struct kinds {
	bool narrow, wide;
} kinds;

static kinds plain_could_have(const series *s, const ending *e, double need)
{
	unsigned narrow = first_in(s, NARROW - 1, e->hi), widest = first_in(s, WIDTHS - 1, e->hi);
	return (kinds){ .narrow = part_could_have(s, e, KIND_NARROW, narrow, e->i + 1, need),
			.wide = part_could_have(s, e, KIND_WIDE, widest, e->i + 1, need) };
}

static bool copies_could_have(const series *s, const ending *e, double need)
{
	bool whole = e->hi >= 1 && e->hi + COPIES_REACH <= IC_INTERVAL_BINS;
	unsigned kind = whole ? KIND_COPIES : KIND_NARROW;
	unsigned top = e->hi + COPIES_REACH;
	top = top < IC_INTERVAL_BINS ? top : IC_INTERVAL_BINS;
	return part_could_have(s, e, kind, first_in(s, NARROW - 1, e->hi), s->under[top], need);
}

typedef struct candidate {
	unsigned lo;
	bool multiples;
	double h, w, mass;
} candidate;

/* The window of a width up to the ending; false when it holds too few beats. */
static bool plain(const series *s, const ending *e, unsigned width_index, candidate *c)
{
	c->lo = lowest(width_index, e->hi);
	c->multiples = false;
	const unsigned first = s->under[c->lo];
	c->h = s->ch[e->i + 1] - s->ch[first];
	c->w = s->cw[e->i + 1] - s->cw[first];
	c->mass = ((e->hi + 1 - c->lo) * SCAN_LOG_BIN + s->clock[e->hi]) / SCAN_LOG_SPAN;
	return c->h >= SCAN_MIN_IN;
}

/* Where the copies at 2, 3 and 4 times an ending's intervals lie: before bin `last`, not under `first`. */
typedef struct copies {
	unsigned first[MULTIPLES], last[MULTIPLES];
} copies;

static copies copies_of(const ending *e)
{
	copies m;
	unsigned end = e->hi + 1;
	for (unsigned q = 0; q < MULTIPLES; q++) {
		unsigned a = e->hi + shift[q] + 2;
		m.last[q] = a > IC_INTERVAL_BINS ? IC_INTERVAL_BINS : a;
		m.first[q] = end;
		end = m.last[q] > end ? m.last[q] : end;
	}
	return m;
}

/* Adds the copies: missed beats, null mass at half price. */
static bool with_multiples(const series *s, const copies *m, candidate *c)
{
	c->multiples = true;
	for (unsigned q = 0; q < MULTIPLES; q++) {
		unsigned a = m->last[q], b = c->lo + shift[q] - 1;
		b = b < m->first[q] ? m->first[q] : b;
		b = b > a ? a : b;
		const unsigned from = s->under[b], to = s->under[a];
		c->h += s->ch[to] - s->ch[from];
		c->w += s->cw[to] - s->cw[from];
		c->mass += copy_mass[a - b];
	}
	return c->h >= SCAN_MIN_IN;
}

typedef struct shares {
	double m_events, m_time, m, F;
} shares;

static shares shares_of(const series *s, const ending *e, const candidate *c)
{
	double me = (s->in_h + c->h) / e->events, mt = (s->in_w + c->w) / e->seconds;
	shares r;
	r.m_events = (me > 1 ? 1 : me) * s->shrink;
	r.m_time = (mt > 1 ? 1 : mt) * s->shrink;
	r.m = r.m_events < r.m_time ? r.m_events : r.m_time;
	r.F = s->mass + c->mass;
	r.F = r.F > F_MAX ? F_MAX : r.F;
	return r;
}

/* Whether KL(m, F) may be above `need`. KL is convex in m, 0 at F and -ln F at 1, so the chord between
 * is above it; the table's -ln is that of a smaller F. */
static bool chord_above(const shares *r, double need)
{
	return (r->m - r->F) * minus_log[(unsigned)(r->F * (1 / MASS_BIN))] * (1 + 1e-9) > need * (1 - r->F);
}

/* Takes a window out of the bins. */
static void take(series *s, const candidate *c, unsigned hi)
{
	unsigned lo = c->lo;
	double h = 0, w = 0;
	for (unsigned i = s->under[lo]; i < s->under[hi + 1]; i++) {
		h += s->h[i];
		w += s->w[i];
		s->h[i] = s->w[i] = 0;
	}
	if (!s->round)
		s->first_hi_s = power[hi + 1];
	s->in_h += h;
	s->in_w += w;
	s->mass += (hi + 1 - lo) * SCAN_LOG_BIN / SCAN_LOG_SPAN + .01;
	s->taken[s->round++] = (ic_window){ .lo = (uint16_t)lo, .hi = (uint16_t)hi };
}

static void consider(const series *s, const ending *e, const candidate *c, scan_best *best)
{
	shares r = shares_of(s, e, c);
	if (!chord_above(&r, (best->E + e->cost) / s->n))
		return;
	double I = scan_kl(r.m, r.F);
	double E = I * s->n - SCAN_GAP_COST * e->ng - SCAN_WIN_COST * (s->round + 1);
	if (E <= best->E)
		return;
	*best = (scan_best){
		.I = I,
		.E = E,
		.m_events = r.m_events,
		.m_time = r.m_time,
		.F = r.F,
		.mean_s = (s->total_s - s->gap_sum[e->ng]) / e->events,
		.ng = e->ng,
		.windows = s->round + 1,
	};
	for (unsigned i = 0; i < s->round; i++)
		best->window[i] = s->taken[i];
	best->window[s->round] = (ic_window){ (uint16_t)c->lo, (uint16_t)e->hi, c->multiples };
	best->first_lo = best->window[0].lo;
	best->first_hi = best->window[0].hi;
}

/* The window that explains most of what is left: the next round builds on it. false: there is none.
 *
 * It is worth its share of the beats and its share of the seconds, less twice its mass. Sums of both shares tell
 * what windows are worth to within rounding, and without a division; most are worth less than the best so far. */
static bool take_next(series *s)
{
	double best = -9, worth[IC_INTERVAL_BINS + 1];
	const double per_beat = 1 / s->n, per_second = 1 / s->total_s;
	candidate c, choice = { 0 };
	unsigned hi = 0;
	for (unsigned i = 0; i <= s->k; i++)
		worth[i] = s->ch[i] * per_beat + s->cw[i] * per_second;
	for (unsigned i = 0; i < s->k; i++) {
		if (s->h[i] <= 0)
			continue;
		const ending e = { .i = i, .hi = s->bin[i] };
		const double most = worth[i + 1] - s->clock[e.hi] * (2 / SCAN_LOG_SPAN) + 1e-9;
		if (most - worth[first_in(s, WIDTHS - 1, e.hi)] - 2 * MASS_BIN < best)
			continue;
		for (unsigned w = 0; w < WIDTHS; w++) {
			const unsigned lo = lowest(w, e.hi), bins = 1 + e.hi - lo;
			if (most - worth[s->under[lo]] - bins * (2 * MASS_BIN) < best || !plain(s, &e, w, &c))
				continue;
			const double value = c.h / s->n + c.w / s->total_s - 2.0 * c.mass;
			if (value > best) {
				best = value;
				choice = c;
				hi = e.hi;
			}
		}
	}
	if (choice.h > 0)
		take(s, &choice, hi);
	return choice.h > 0;
}

/* Order matters: among equal values the first wins, plain windows before those with copies. */
static void consider_plain(const series *s, scan_best *ret)
{
	candidate c;
	for (unsigned i = 0; i < s->k; i++) {
		if (s->h[i] <= 0)
			continue;
		ending e = ending_at(s, i);
		kinds may = plain_could_have(s, &e, (ret->E + e.cost) / s->n);
		for (unsigned w = may.narrow ? 0 : NARROW; w < (may.wide ? WIDTHS : NARROW); w++)
			if (plain(s, &e, w, &c))
				consider(s, &e, &c, ret);
	}
}

static void consider_copies(const series *s, scan_best *ret)
{
	candidate c;
	for (unsigned i = 0; i < s->k; i++) {
		ending e = ending_at(s, i);
		if (!copies_could_have(s, &e, (ret->E + e.cost) / s->n))
			continue;
		copies m = copies_of(&e);
		for (unsigned w = 0; w < NARROW; w++) {
			plain(s, &e, w, &c);
			if (with_multiples(s, &m, &c))
				consider(s, &e, &c, ret);
		}
	}
}

void scan_windows(const ic_sketch_view *v, double known_E, scan_best *ret)
{
	series s;
	*ret = (scan_best){ .F = 1, .E = known_E > E_ROUNDING ? known_E - E_ROUNDING : 0 };
	if (v->beats < SCAN_MIN_IN)
		return;
	load(&s, v);
	do {
		begin_round(&s);
		if ((s.chord[KIND_NARROW].most * s.n - SCAN_WIN_COST * (s.round + 1)) * (1 + 1e-9) <= ret->E)
			break;
		consider_plain(&s, ret);
		if (!s.round)
			consider_copies(&s, ret);
	} while (s.round + 1 < SCAN_ROUNDS && take_next(&s));
}

/* ---- bound ------------------------------------------------------------------------ */

static double points_of(double I, double E)
{
	return IC_SCORE_REGULARITY * I / (I + 1) + evidence_points(E);
}

/* The least I that can give the points, from below; infinite when none can.
 *
 * I <= I_max = KL(N/(N+1), one bin): KL grows with m and falls with F. So the two evidence parts are at
 * most those of E = N I_max - 4, which leaves `reg` a least value and so I a least I_1; above I_max there is none. The
 * points as a function of I, 24 I/(1+I) + (10/7) min(7, ln(N I - 3)), are concave where N I > 4; the tangent
 * of a concave function lies above it, so where the tangent at I_1 <= the root meets the wanted points is
 * again at most the root: Newton steps from the left stay left. */
double scan_least(uint32_t beats, double points)
{
	if (points <= 0)
		return -1;
	if (beats < SCAN_MIN_IN)
		return (double)INFINITY;
	const bool small = beats < SMALL_N;
	double n = beats, I_max = small ? best_kl[KIND_NARROW][beats] : scan_kl(n / (n + 1), MASS_BIN);
	double evidence = small ? best_evidence[beats] : evidence_points(n * I_max - SCAN_WIN_COST);
	double rest = (points - evidence) / IC_SCORE_REGULARITY;
	if (rest > I_max / (I_max + 1))
		return (double)INFINITY;
	double I = rest > 0 ? rest / (1 - rest) : 0;
	for (unsigned step = 0; step < 2; step++) {
		double E = n * I - SCAN_WIN_COST;
		double short_of = points - points_of(I, E);
		if (E <= 0 || short_of <= 0)
			break;
		double slope = IC_SCORE_REGULARITY / ((1 + I) * (1 + I)) +
			       (IC_SCORE_BURSTY + IC_SCORE_MEMORYLESS) / SCORE_NATS * n / (1 + E);
		I += short_of / slope;
	}
	return I * (1 - 1e-9);
}

/* Whether a candidate can give the points; then *ret_E is its E. */
static bool gives(const series *s, const ending *e, const candidate *c, double need, double points,
		  double *ret_E)
{
	shares r = shares_of(s, e, c);
	if (!chord_above(&r, need))
		return false;
	double I = scan_kl(r.m, r.F), E = I * s->n - e->cost;
	*ret_E = E;
	return E > 0 && points_of(I, E) >= points;
}

static bool round_could_reach(const series *s, double need, double points, double *ret_E)
{
	candidate c;
	for (unsigned i = 0; i < s->k; i++) {
		if (s->h[i] <= 0)
			continue;
		ending e = ending_at(s, i);
		kinds may = plain_could_have(s, &e, need);
		for (unsigned w = may.narrow ? 0 : NARROW; w < (may.wide ? WIDTHS : NARROW); w++)
			if (plain(s, &e, w, &c) && gives(s, &e, &c, need, points, ret_E))
				return true;
		if (s->round || !copies_could_have(s, &e, need))
			continue;
		copies m = copies_of(&e);
		for (unsigned w = 0; w < NARROW; w++) {
			plain(s, &e, w, &c);
			if (with_multiples(s, &m, &c) && gives(s, &e, &c, need, points, ret_E))
				return true;
		}
	}
	return false;
}

/* Every candidate of the full search is looked at, in as far as it could have I >= need; the windows
 * taken between the rounds are those that the full search takes. A further round has at least the null
 * mass of the narrowest window taken and of one bin more. */
bool scan_could_reach(const ic_sketch_view *v, double need, double points, double *ret_E)
{
	series s;
	load(&s, v);
	for (;;) {
		begin_round(&s);
		if (s.chord[KIND_NARROW].most < need)
			return false;
		if (round_could_reach(&s, need, points, ret_E))
			return true;
		if (s.round + 1 == SCAN_ROUNDS || scan_kl(s.shrink, s.mass + .01 + 2 * MASS_BIN) < need ||
		    !take_next(&s))
			return false;
	}
}
