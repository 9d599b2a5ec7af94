/* SPDX-License-Identifier: Apache-2.0 */
/* Periods of series, and what remains when they and a trend are taken away. Periods are found in the
 * autocorrelation; a series must show one at least four times. */
#include <math.h>

#include "exec/fn/series.h"

enum { POINTS_MOST = 32768 }; /* the autocorrelation takes time by the square of it */
#define SCORE_LEAST 0.6	      /* of a period that is found without being asked for */

static ic_value no_series(void)
{
	return ic_value_null(IC_Q_DYNAMIC);
}

/* ---- periods ------------------------------------------------------------------------------- */

/* Autocorrelation at lags 0..most, scaled for the shorter overlap. NULL: the call failed. */
static double *autocorrelation(ic_call *c, const double *v, uint32_t n, uint32_t most)
{
	double *d = ic_series_room(c, n), *r = ic_series_room(c, most + 1);
	double mean = 0, all = 0, count = 0;
	if (!d || !r)
		return NULL;
	for (uint32_t i = 0; i < n; i++)
		if (!isnan(v[i])) {
			mean += v[i];
			count++;
		}
	mean = count > 0 ? mean / count : 0;
	for (uint32_t i = 0; i < n; i++) {
		d[i] = isnan(v[i]) ? 0 : v[i] - mean;
		all += d[i] * d[i];
	}
	for (uint32_t lag = 0; lag <= most; lag++) {
		double sum = 0;
		for (uint32_t i = 0; i + lag < n; i++)
			sum += d[i] * d[i + lag];
		r[lag] = all > 0 && lag < n ? sum / all * sqrt((double)n / (n - lag)) : 0;
		if (r[lag] > 1)
			r[lag] = 1;
	}
	return r;
}

/* What chance alone gives, in units of its deviation for so many points. */
static double chance(double deviations, uint32_t n)
{
	return deviations / sqrt(n);
}

static bool is_peak(const double *r, uint32_t lag, uint32_t most)
{
	return lag >= 1 && lag <= most && r[lag] > 0 && (lag == 1 || r[lag] > r[lag - 1]) &&
	       (lag == most || r[lag] >= r[lag + 1]);
}

typedef struct period {
	uint32_t lag;
	double score;
} period;

/* The best periods of least..most, none a multiple or a part of a better one. Returns how many; the rest
 * of ret is zero. */
static uint32_t detect(ic_call *c, const double *v, uint32_t n, double least, double most, double threshold,
		       uint32_t want, period *ret)
{
	uint32_t end = n / 4, found = 0;
	if (most < end)
		end = most < 1 ? 0 : (uint32_t)most;
	if (threshold < chance(3, n))
		threshold = chance(3, n);
	memset(ret, 0, sizeof *ret * want);
	if (n > POINTS_MOST) {
		ic_call_limit(c, "periods are looked for in series of at most 32,768 points");
		return 0;
	}
	double *r = end ? autocorrelation(c, v, n, end + 1) : NULL;
	while (r && found < want) {
		period best = { 0, threshold };
		for (uint32_t lag = 2; lag <= end; lag++) {
			bool taken = false;
			for (uint32_t k = 0; k < found; k++)
				taken |= lag % ret[k].lag == 0 || ret[k].lag % lag == 0;
			if (!taken && lag >= least && is_peak(r, lag, end + 1) && r[lag] > best.score)
				best = (period){ lag, r[lag] };
		}
		if (!best.lag)
			break;
		ret[found++] = best;
	}
	return found;
}

static ic_value two(ic_call *c, const ic_items *a, const ic_items *b)
{
	ic_items both = ic_items_new(c);
	ic_items_add(&both, ic_items_dyn(a));
	ic_items_add(&both, ic_items_dyn(b));
	return ic_items_value(&both);
}

static ic_value periods_detect_row(ic_call *c, const ic_value *arg)
{
	enum { MOST = 16 };
	period p[MOST];
	ic_series s;
	ic_items periods = ic_items_new(c), scores = ic_items_new(c);
	if (!ic_series_of(c, &arg[0], &s) || arg[1].null || arg[2].null || arg[3].null)
		return no_series();
	uint32_t want = arg[3].i < 1 ? 1 : arg[3].i > MOST ? MOST : (uint32_t)arg[3].i;
	detect(c, s.v, s.n, arg[1].d, arg[2].d, SCORE_LEAST, want, p);
	for (uint32_t i = 0; i < want && !c->failed; i++) {
		ic_items_add(&periods, ic_dyn_real(c, p[i].lag));
		ic_items_add(&scores, ic_dyn_real(c, p[i].score));
	}
	return two(c, &periods, &scores);
}

static ic_value periods_validate_row(ic_call *c, const ic_value *arg)
{
	ic_series s;
	ic_items periods = ic_items_new(c), scores = ic_items_new(c);
	if (!ic_series_of(c, &arg[0], &s) || s.n < 4)
		return no_series();
	if (s.n > POINTS_MOST)
		return ic_call_limit(c, "periods are looked for in series of at most 32,768 points");
	double *r = autocorrelation(c, s.v, s.n, s.n / 2 + 1);
	for (uint32_t i = 1; r && i < c->expr->call.n; i++) {
		double lag = arg[i].null ? 0 : round(arg[i].d);
		bool inside = lag >= 1 && lag <= s.n / 2;
		bool peak =
		    inside && is_peak(r, (uint32_t)lag, s.n / 2 + 1) && r[(uint32_t)lag] > chance(2, s.n);
		ic_items_add(&periods, ic_dyn_real(c, arg[i].null ? 0 : arg[i].d));
		ic_items_add(&scores, ic_dyn_real(c, peak ? r[(uint32_t)lag] : 0));
	}
	return two(c, &periods, &scores);
}

/* ---- seasons --------------------------------------------------------------------------------- */

/* What each place in the period usually has (the median), for all n points, learned from the first
 * `learn`. Without a period zeros. */
static bool seasonal_of(ic_call *c, const double *v, uint32_t learn, uint32_t n, uint32_t length, double *ret)
{
	memset(ret, 0, sizeof *ret * n);
	if (length == 0)
		return true;
	double *phase = ic_series_room(c, learn / length + 1);
	for (uint32_t k = 0; phase && k < length && k < n; k++) {
		uint32_t m = 0;
		for (uint32_t i = k; i < learn; i += length)
			phase[m++] = v[i];
		double usual = ic_series_percentile(c, phase, m, 0.5);
		if (c->failed)
			return false;
		for (uint32_t i = k; i < n; i += length)
			ret[i] = isnan(usual) ? 0 : usual;
	}
	return phase != NULL;
}

/* The period asked for: -1 the best one, 0 none, else that many points. */
static uint32_t season_length(ic_call *c, const double *v, uint32_t n, double wanted, double threshold)
{
	period p;
	if (wanted == 0 || n < 2)
		return 0;
	if (wanted > 0)
		return wanted >= 1 && wanted <= n ? (uint32_t)round(wanted) : 0;
	return detect(c, v, n, 2, n, threshold, 1, &p) ? p.lag : 0;
}

static double number(ic_call *c, const ic_value *arg, uint32_t i, double usual)
{
	return c->expr->call.n > i && !arg[i].null ? arg[i].d : usual;
}

static ic_str word(ic_call *c, const ic_value *arg, uint32_t i, const char *usual)
{
	return c->expr->call.n > i && !arg[i].null && arg[i].s.n ? arg[i].s : ic_str_of(usual);
}

static ic_value seasonal_row(ic_call *c, const ic_value *arg)
{
	ic_series s;
	if (!ic_series_of(c, &arg[0], &s))
		return no_series();
	uint32_t length = season_length(c, s.v, s.n, number(c, arg, 1, -1), SCORE_LEAST);
	double *seasonal = ic_series_room(c, s.n);
	if (!seasonal || !seasonal_of(c, s.v, s.n, s.n, length, seasonal))
		return no_series();
	return ic_value_dyn(ic_series_dyn(c, seasonal, s.n));
}

/* ---- parts ------------------------------------------------------------------------------------ */

typedef struct parts {
	ic_series s;
	double *baseline, *seasonal, *trend, *residual;
} parts;

/* The trend over n points, learned from the first `learn`. */
static void trend_of(const double *v, uint32_t learn, uint32_t n, ic_str kind, double *ret)
{
	ic_line l = ic_series_fit(v, 0, learn);
	double sum = 0, count = 0;
	for (uint32_t i = 0; i < learn; i++)
		if (!isnan(v[i])) {
			sum += v[i];
			count++;
		}
	bool line = ic_str_eq(kind, IC_STR("linefit")), none = ic_str_eq(kind, IC_STR("none"));
	for (uint32_t i = 0; i < n; i++)
		ret[i] = none || count == 0 ? 0 : line ? l.intercept + l.slope * i : sum / count;
}

/* The last `test` points teach nothing. */
static bool take_apart(ic_call *c, const ic_value *arg, double seasonality, ic_str trend, double test,
		       double threshold, parts *ret)
{
	parts p;
	if (!ic_series_of(c, arg, &p.s))
		return false;
	uint32_t n = p.s.n, learn = test > 0 && test < n ? n - (uint32_t)test : n;
	double *plain = ic_series_room(c, n);
	p.baseline = ic_series_room(c, n);
	p.seasonal = ic_series_room(c, n);
	p.trend = ic_series_room(c, n);
	p.residual = ic_series_room(c, n);
	if (c->failed)
		return false;
	trend_of(p.s.v, learn, n, trend, p.trend);
	for (uint32_t i = 0; i < n; i++)
		plain[i] = p.s.v[i] - p.trend[i];
	uint32_t length = season_length(c, plain, learn, seasonality, threshold);
	if (c->failed || !seasonal_of(c, plain, learn, n, length, p.seasonal))
		return false;
	for (uint32_t i = 0; i < n; i++) {
		p.baseline[i] = p.trend[i] + p.seasonal[i];
		p.residual[i] = p.s.v[i] - p.baseline[i];
	}
	*ret = p;
	return true;
}

static ic_value lists(ic_call *c, const double *const *list, uint32_t lists_n, uint32_t n)
{
	ic_items all = ic_items_new(c);
	for (uint32_t i = 0; i < lists_n; i++)
		ic_items_add(&all, ic_series_dyn(c, list[i], n));
	return ic_items_value(&all);
}

static ic_value decompose_row(ic_call *c, const ic_value *arg)
{
	parts p;
	if (!take_apart(c, arg, number(c, arg, 1, -1), word(c, arg, 2, "avg"), number(c, arg, 3, 0),
			number(c, arg, 4, SCORE_LEAST), &p))
		return no_series();
	const double *list[] = { p.baseline, p.seasonal, p.trend, p.residual };
	return lists(c, list, 4, p.s.n);
}

static ic_value anomalies_row(ic_call *c, const ic_value *arg)
{
	parts p;
	double threshold = number(c, arg, 1, 1.5);
	bool tukey = ic_str_eq(word(c, arg, 5, "ctukey"), IC_STR("tukey"));
	if (!take_apart(c, arg, number(c, arg, 2, -1), word(c, arg, 3, "avg"), number(c, arg, 4, 0),
			number(c, arg, 6, SCORE_LEAST), &p))
		return no_series();
	double *flag = ic_series_room(c, p.s.n), *score = ic_series_room(c, p.s.n);
	if (!flag || !score ||
	    !ic_series_outliers(c, p.residual, p.s.n, tukey ? 0.25 : 0.1, tukey ? 0.75 : 0.9, score))
		return no_series();
	for (uint32_t i = 0; i < p.s.n; i++)
		flag[i] = (score[i] > threshold) - (score[i] < -threshold);
	const double *list[] = { flag, score, p.baseline };
	return lists(c, list, 3, p.s.n);
}

/* The last points are not there yet: the baseline says what they will be. */
static ic_value forecast_row(ic_call *c, const ic_value *arg)
{
	parts p;
	if (!take_apart(c, arg, number(c, arg, 2, -1), word(c, arg, 3, "linefit"), number(c, arg, 1, 0),
			number(c, arg, 4, SCORE_LEAST), &p))
		return no_series();
	const double *list[] = { p.baseline, p.seasonal, p.trend, p.residual };
	return lists(c, list, 4, p.s.n);
}

static const ic_kernel_entry entries[] = {
	{ IC_FN_SERIES_PERIODS_DETECT, { .row = periods_detect_row } },
	{ IC_FN_SERIES_PERIODS_VALIDATE, { .row = periods_validate_row } },
	{ IC_FN_SERIES_SEASONAL, { .row = seasonal_row } },
	{ IC_FN_SERIES_DECOMPOSE, { .row = decompose_row } },
	{ IC_FN_SERIES_ANOMALIES, { .row = anomalies_row } },
	{ IC_FN_SERIES_FORECAST, { .row = forecast_row } },
};
IC_KERNELS(decompose, entries);
