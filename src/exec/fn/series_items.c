/* SPDX-License-Identifier: Apache-2.0 */
/* Functions on series: item by item, gaps, statistics, lines, filters. Those that give several columns
 * (IC_FN_MANY) give an array of them here; a null is one that could not be computed. */
#include <math.h>

#include "exec/fn/series.h"
#include "exec/fn/text.h"

static ic_value no_series(void)
{
	return ic_value_null(IC_Q_DYNAMIC);
}

/* ---- item by item --------------------------------------------------------------------------- */

static double not_of(double x)
{
	return x == 0;
}

static ic_value each_row(ic_call *c, const ic_value *arg)
{
	static const struct {
		ic_fn_id fn;
		double (*of)(double);
	} known[] = {
		{ IC_FN_SERIES_ACOS, acos },   { IC_FN_SERIES_ASIN, asin },  { IC_FN_SERIES_ATAN, atan },
		{ IC_FN_SERIES_COS, cos },     { IC_FN_SERIES_SIN, sin },    { IC_FN_SERIES_TAN, tan },
		{ IC_FN_SERIES_EXP, exp },     { IC_FN_SERIES_LOG, log },    { IC_FN_SERIES_CEILING, ceil },
		{ IC_FN_SERIES_FLOOR, floor }, { IC_FN_SERIES_NOT, not_of },
	};
	ic_series s;
	double (*of)(double) = NULL;
	for (size_t i = 0; i < sizeof known / sizeof *known; i++)
		if (known[i].fn == c->expr->call.fn)
			of = known[i].of;
	if (!of || !ic_series_of(c, &arg[0], &s))
		return no_series();
	for (uint32_t i = 0; i < s.n; i++)
		s.v[i] = isnan(s.v[i]) ? NAN : of(s.v[i]);
	return ic_value_dyn(ic_series_dyn(c, s.v, s.n));
}

/* abs and sign keep whole numbers whole. */
static ic_value size_row(ic_call *c, const ic_value *arg)
{
	const ic_dyn *a = ic_arg_array(&arg[0]);
	bool sign = c->expr->call.fn == IC_FN_SERIES_SIGN;
	ic_items list = ic_items_new(c);
	if (!a)
		return no_series();
	for (uint32_t i = 0; i < a->n && !c->failed; i++) {
		double v;
		int64_t k = a->item[i]->i;
		if (a->item[i]->kind == IC_DYN_LONG)
			ic_items_add(&list, ic_dyn_long(c, sign	   ? (k > 0) - (k < 0)
							   : k < 0 ? (int64_t)(0 - (uint64_t)k)
								   : k));
		else if (ic_dyn_number(a->item[i], &v))
			ic_items_add(&list, ic_dyn_real(c, sign ? (double)((v > 0) - (v < 0)) : fabs(v)));
		else
			ic_items_add(&list, &ic_dyn_null);
	}
	return ic_items_value(&list);
}

static const ic_dyn *whole_result(ic_call *c, int64_t a, int64_t b)
{
	uint64_t x = (uint64_t)a, y = (uint64_t)b;
	ic_fn_id fn = c->expr->call.fn;
	return ic_dyn_long(c, (int64_t)(fn == IC_FN_SERIES_ADD	      ? x + y
					: fn == IC_FN_SERIES_SUBTRACT ? x - y
								      : x * y));
}

static const ic_dyn *real_result(ic_call *c, double x, double y)
{
	switch (c->expr->call.fn) {
	case IC_FN_SERIES_ADD: return ic_dyn_real(c, x + y);
	case IC_FN_SERIES_SUBTRACT: return ic_dyn_real(c, x - y);
	case IC_FN_SERIES_MULTIPLY: return ic_dyn_real(c, x * y);
	case IC_FN_SERIES_DIVIDE: return ic_dyn_real(c, x / y);
	case IC_FN_SERIES_POW: return ic_dyn_real(c, pow(x, y));
	case IC_FN_SERIES_EQUALS: return ic_dyn_bool(c, x == y);
	case IC_FN_SERIES_NOT_EQUALS: return ic_dyn_bool(c, x != y);
	case IC_FN_SERIES_LESS: return ic_dyn_bool(c, x < y);
	case IC_FN_SERIES_LESS_EQUALS: return ic_dyn_bool(c, x <= y);
	case IC_FN_SERIES_GREATER: return ic_dyn_bool(c, x > y);
	default: return ic_dyn_bool(c, x >= y);
	}
}

/* Item i of an array, or the one value for all. */
static const ic_dyn *item_of(const ic_dyn *d, uint32_t i)
{
	if (d->kind != IC_DYN_ARRAY)
		return d;
	return i < d->n ? d->item[i] : &ic_dyn_null;
}

static ic_value pair_row(ic_call *c, const ic_value *arg)
{
	const ic_dyn *a = ic_dyn_arg(c, &arg[0]), *b = ic_dyn_arg(c, &arg[1]);
	ic_items list = ic_items_new(c);
	if (!a || !b || (a->kind != IC_DYN_ARRAY && b->kind != IC_DYN_ARRAY))
		return no_series();
	ic_fn_id fn = c->expr->call.fn;
	bool whole = fn == IC_FN_SERIES_ADD || fn == IC_FN_SERIES_SUBTRACT || fn == IC_FN_SERIES_MULTIPLY;
	uint32_t n = a->kind == IC_DYN_ARRAY ? a->n : 0;
	if (b->kind == IC_DYN_ARRAY && b->n > n)
		n = b->n;
	for (uint32_t i = 0; i < n && !c->failed; i++) {
		const ic_dyn *p = item_of(a, i), *q = item_of(b, i);
		double x, y;
		if (whole && p->kind == IC_DYN_LONG && q->kind == IC_DYN_LONG)
			ic_items_add(&list, whole_result(c, p->i, q->i));
		else if (ic_dyn_number(p, &x) && ic_dyn_number(q, &y))
			ic_items_add(&list, real_result(c, x, y));
		else
			ic_items_add(&list, &ic_dyn_null);
	}
	return ic_items_value(&list);
}

/* ---- gaps ------------------------------------------------------------------------------------ */

/* What counts as missing: nulls, or the value that was given for it. */
static bool is_missing(const ic_dyn *d, const ic_dyn *mark)
{
	bool nan = d->kind == IC_DYN_REAL && isnan(d->d);
	return mark->kind == IC_DYN_NULL ? d->kind == IC_DYN_NULL || nan : ic_dyn_equal(d, mark);
}

static const ic_dyn *mark_of(ic_call *c, const ic_value *arg, uint32_t i)
{
	return c->expr->call.n > i ? ic_dyn_arg(c, &arg[i]) : &ic_dyn_null;
}

static ic_value fill_const_row(ic_call *c, const ic_value *arg)
{
	const ic_dyn *a = ic_arg_array(&arg[0]), *fill = ic_dyn_arg(c, &arg[1]), *mark = mark_of(c, arg, 2);
	ic_items list = ic_items_new(c);
	if (!a || !fill || !mark)
		return no_series();
	for (uint32_t i = 0; i < a->n; i++)
		ic_items_add(&list, is_missing(a->item[i], mark) ? fill : a->item[i]);
	return ic_items_value(&list);
}

static ic_value fill_from(ic_call *c, const ic_value *arg, bool backward)
{
	const ic_dyn *a = ic_arg_array(&arg[0]), *mark = mark_of(c, arg, 1), *last = NULL;
	if (!a || !mark)
		return no_series();
	const ic_dyn **item = ic_arena_alloc(c->arena, sizeof *item * a->n);
	if (!item)
		return ic_call_nomem(c);
	for (uint32_t k = 0; k < a->n; k++) {
		uint32_t i = backward ? a->n - 1 - k : k;
		if (!is_missing(a->item[i], mark))
			last = a->item[i];
		item[i] = last ? last : a->item[i];
	}
	const ic_dyn *d = ic_dyn_array(c->arena, item, a->n);
	return d ? ic_value_dyn(d) : ic_call_nomem(c);
}

static ic_value fill_forward_row(ic_call *c, const ic_value *arg)
{
	return fill_from(c, arg, false);
}

static ic_value fill_backward_row(ic_call *c, const ic_value *arg)
{
	return fill_from(c, arg, true);
}

/* Between two values by a line, cut to whole numbers in a series of such. At the edges the nearest
 * value, if wanted; a series with nothing in it gets the constant. */
static ic_value fill_linear_row(ic_call *c, const ic_value *arg)
{
	const ic_dyn *a = ic_arg_array(&arg[0]), *mark = mark_of(c, arg, 1);
	bool edges = c->expr->call.n < 3 || arg[2].null || arg[2].b;
	const ic_dyn *constant = c->expr->call.n > 3 ? ic_dyn_arg(c, &arg[3]) : ic_dyn_real(c, 0);
	ic_items list = ic_items_new(c);
	ic_series s;
	if (!a || !mark || !constant || !ic_series_of(c, &arg[0], &s))
		return no_series();
	int64_t before = -1, after = 0;
	for (int64_t i = 0; i < a->n && !c->failed; i++) {
		if (!is_missing(a->item[i], mark)) {
			ic_items_add(&list, a->item[i]);
			before = i;
			continue;
		}
		if (after <= i)
			for (after = i + 1; after < a->n && is_missing(a->item[after], mark);)
				after++;
		bool none = after >= a->n;
		if (before < 0 && none) {
			ic_items_add(&list, constant);
		} else if (before < 0 || none) {
			ic_items_add(&list, edges ? a->item[none ? before : after] : a->item[i]);
		} else {
			double x = s.v[before], y = s.v[after];
			double v = x + (y - x) * (double)(i - before) / (double)(after - before);
			bool whole = s.whole && fabs(v) < 0x1p53;
			ic_items_add(&list, isnan(v) ? &ic_dyn_null
					    : whole  ? ic_dyn_long(c, (int64_t)v)
						     : ic_dyn_real(c, v));
		}
	}
	return ic_items_value(&list);
}

/* ---- statistics ------------------------------------------------------------------------------- */

static const char *const stats_names[] = { "min",   "min_idx",	"max", "max_idx", "avg",
					   "stdev", "variance", "sum", "len" };
enum { STATS_BAG = sizeof stats_names / sizeof *stats_names, STATS_COLUMNS = 7 };

/* By stats_names. All null if there is a value that is no number and they are not to be left out. */
static bool stats_of(ic_call *c, const ic_value *arg, const ic_dyn *ret[STATS_BAG])
{
	ic_series s;
	bool ignore = c->expr->call.n > 1 && !arg[1].null && arg[1].b;
	for (unsigned i = 0; i < STATS_BAG; i++)
		ret[i] = &ic_dyn_null;
	if (!ic_series_of(c, &arg[0], &s))
		return false;
	uint32_t k = s.n - s.missing, low = UINT32_MAX, high = UINT32_MAX;
	if (k == 0 || (s.missing && !ignore))
		return !c->failed;
	double sum = 0, squares = 0;
	for (uint32_t i = 0; i < s.n; i++) {
		if (isnan(s.v[i]))
			continue;
		sum += s.v[i];
		if (low == UINT32_MAX || s.v[i] < s.v[low])
			low = i;
		if (high == UINT32_MAX || s.v[i] > s.v[high])
			high = i;
	}
	double mean = sum / k;
	for (uint32_t i = 0; i < s.n; i++)
		if (!isnan(s.v[i]))
			squares += (s.v[i] - mean) * (s.v[i] - mean);
	double variance = k > 1 ? squares / (k - 1) : 0;
	ret[0] = ic_dyn_real(c, s.v[low]);
	ret[1] = ic_dyn_long(c, low);
	ret[2] = ic_dyn_real(c, s.v[high]);
	ret[3] = ic_dyn_long(c, high);
	ret[4] = ic_dyn_real(c, mean);
	ret[5] = ic_dyn_real(c, sqrt(variance));
	ret[6] = ic_dyn_real(c, variance);
	ret[7] = ic_dyn_real(c, sum);
	ret[8] = ic_dyn_long(c, s.n);
	return !c->failed;
}

static ic_value stats_row(ic_call *c, const ic_value *arg)
{
	const ic_dyn *item[STATS_BAG];
	return stats_of(c, arg, item) ? ic_series_list(c, item, STATS_COLUMNS) : no_series();
}

static ic_value stats_bag_row(ic_call *c, const ic_value *arg)
{
	const ic_dyn *item[STATS_BAG];
	return stats_of(c, arg, item) ? ic_series_bag(c, stats_names, item, STATS_BAG) : no_series();
}

/* One number from a series or two. */
static ic_value number_row(ic_call *c, const ic_value *arg)
{
	ic_series s;
	double r = c->expr->call.fn == IC_FN_SERIES_PRODUCT ? 1 : 0;
	if (!ic_series_of(c, &arg[0], &s) || s.missing)
		return ic_value_null(IC_Q_REAL);
	for (uint32_t i = 0; i < s.n; i++)
		switch (c->expr->call.fn) {
		case IC_FN_SERIES_SUM: r += s.v[i]; break;
		case IC_FN_SERIES_PRODUCT: r *= s.v[i]; break;
		default: r += s.v[i] * s.v[i];
		}
	return ic_value_real(c->expr->call.fn == IC_FN_SERIES_MAGNITUDE ? sqrt(r) : r);
}

static double product(const double *x, double mx, const double *y, double my, uint32_t n)
{
	double r = 0;
	for (uint32_t i = 0; i < n; i++)
		r += (x[i] - mx) * (y[i] - my);
	return r;
}

static double mean_of(const ic_series *s)
{
	double sum = 0;
	for (uint32_t i = 0; i < s->n; i++)
		sum += s->v[i];
	return sum / s->n;
}

static ic_value pearson_row(ic_call *c, const ic_value *arg)
{
	ic_series a, b;
	if (!ic_series_of(c, &arg[0], &a) || !ic_series_of(c, &arg[1], &b) || a.n != b.n || a.missing ||
	    b.missing)
		return ic_value_null(IC_Q_REAL);
	double ma = mean_of(&a), mb = mean_of(&b);
	return ic_value_real(product(a.v, ma, b.v, mb, a.n) /
			     sqrt(product(a.v, ma, a.v, ma, a.n) * product(b.v, mb, b.v, mb, b.n)));
}

/* Of the shorter length; pairs that are not two numbers are passed over. One of the two may be a number. */
static ic_value dot_product_row(ic_call *c, const ic_value *arg)
{
	const ic_dyn *a = ic_dyn_arg(c, &arg[0]), *b = ic_dyn_arg(c, &arg[1]);
	if (!a || !b)
		return ic_value_null(IC_Q_REAL);
	uint32_t na = a->kind == IC_DYN_ARRAY ? a->n : UINT32_MAX;
	uint32_t nb = b->kind == IC_DYN_ARRAY ? b->n : UINT32_MAX;
	uint32_t n = na < nb ? na : nb;
	if (n == 0 || n == UINT32_MAX)
		return ic_value_null(IC_Q_REAL);
	double xy = 0, xx = 0, yy = 0;
	for (uint32_t i = 0; i < n; i++) {
		double x, y;
		if (!ic_dyn_number(item_of(a, i), &x) || !ic_dyn_number(item_of(b, i), &y) || !isfinite(x) ||
		    !isfinite(y))
			continue;
		xy += x * y;
		xx += x * x;
		yy += y * y;
	}
	return ic_value_real(c->expr->call.fn == IC_FN_SERIES_COSINE ? xy / sqrt(xx * yy) : xy);
}

static ic_value outliers_row(ic_call *c, const ic_value *arg)
{
	ic_series s;
	bool usual = c->expr->call.n > 1 && !arg[1].null && ic_str_eq(arg[1].s, IC_STR("tukey"));
	double low = usual ? 0.25 : 0.1, high = usual ? 0.75 : 0.9;
	if (!ic_series_of(c, &arg[0], &s))
		return no_series();
	if (c->expr->call.n > 2 && !arg[2].null)
		for (uint32_t i = 0; i < s.n; i++)
			s.v[i] = s.v[i] == arg[2].d ? NAN : s.v[i];
	if (c->expr->call.n > 4 && !arg[3].null && !arg[4].null) {
		low = arg[3].d / 100;
		high = arg[4].d / 100;
		if (!(low >= 0 && low < high && high <= 1))
			return no_series();
	}
	double *score = ic_series_room(c, s.n);
	if (!score || !ic_series_outliers(c, s.v, s.n, low, high, score))
		return no_series();
	return ic_value_dyn(ic_series_dyn(c, score, s.n));
}

/* ---- lines ------------------------------------------------------------------------------------- */

static void put_line(double *to, const ic_line *l, uint32_t from, uint32_t n)
{
	for (uint32_t i = from; i < n; i++)
		to[i] = l->intercept + l->slope * i;
}

/* Kusto counts the points of a series from 1 here. */
static const ic_dyn *interception(ic_call *c, const ic_line *l)
{
	return ic_dyn_real(c, l->intercept - l->slope);
}

static const char *const line_names[] = { "rsquare",   "slope",	       "variance",
					  "rvariance", "interception", "line_fit" };

static ic_value fit_line_row(ic_call *c, const ic_value *arg)
{
	ic_series s;
	if (!ic_series_of(c, &arg[0], &s) || s.n == s.missing)
		return no_series();
	ic_line l = ic_series_fit(s.v, 0, s.n);
	double *fit = ic_series_room(c, s.n);
	if (!fit)
		return no_series();
	put_line(fit, &l, 0, s.n);
	const ic_dyn *item[] = { ic_dyn_real(c, l.rsquare),  ic_dyn_real(c, l.slope),
				 ic_dyn_real(c, l.variance), ic_dyn_real(c, l.rvariance),
				 interception(c, &l),	     ic_series_dyn(c, fit, s.n) };
	return c->expr->call.fn == IC_FN_SERIES_FIT_LINE ? ic_series_list(c, item, 6)
							 : ic_series_bag(c, line_names, item, 6);
}

/* What a line leaves of v[from..to-1], from running sums of 1, x, y, xx, xy, yy; x and y counted from their means,
 * else the difference of large squares is noise. */
static double left_over(const double (*sum)[6], uint32_t from, uint32_t to)
{
	double d[6];
	for (unsigned k = 0; k < 6; k++)
		d[k] = sum[to][k] - sum[from][k];
	if (d[0] < 1)
		return 0;
	double sxx = d[3] - d[1] * d[1] / d[0], sxy = d[4] - d[1] * d[2] / d[0],
	       syy = d[5] - d[2] * d[2] / d[0];
	double left = sxx > 0 ? syy - sxy * sxy / sxx : syy;
	return left > 0 ? left : 0;
}

/* Where two lines fit best: the first index of the right one. */
static bool best_split(ic_call *c, const ic_series *s, uint32_t *ret)
{
	double middle = s->n / 2, mean = mean_of(s);
	double(*sum)[6] = ic_arena_alloc(c->arena, sizeof *sum * ((size_t)s->n + 1));
	if (!sum) {
		ic_call_nomem(c);
		return false;
	}
	memset(sum[0], 0, sizeof sum[0]);
	for (uint32_t i = 0; i < s->n; i++) {
		double x = i - middle, y = s->v[i] - mean;
		double add[6] = { 1, x, y, x * x, x * y, y * y };
		for (unsigned k = 0; k < 6; k++)
			sum[i + 1][k] = sum[i][k] + (isnan(y) ? 0 : add[k]);
	}
	double best = INFINITY;
	*ret = s->n / 2;
	for (uint32_t k = 2; k + 2 <= s->n; k++) {
		double left =
		    left_over((const double(*)[6])sum, 0, k) + left_over((const double(*)[6])sum, k, s->n);
		if (left < best) {
			best = left;
			*ret = k;
		}
	}
	return true;
}

static const ic_dyn *line_bag(ic_call *c, const ic_dyn *const *item)
{
	static const char *const names[] = { "rsquare", "slope", "interception", "variance", "rvariance" };
	ic_value bag = ic_series_bag(c, names, item, 5);
	return bag.null ? &ic_dyn_null : bag.dyn;
}

/* Columns are a list of all numbers; the bag has one of its own for each line. */
static ic_value two_lines(ic_call *c, const ic_dyn *const *item, uint32_t n)
{
	static const char *const names[] = { "rsquare",	 "split_idx", "variance", "rvariance",
					     "line_fit", "right",     "left" };
	if (c->expr->call.fn == IC_FN_SERIES_FIT_2LINES)
		return ic_series_list(c, item, n);
	const ic_dyn *all[] = {
		item[0], item[1], item[2], item[3], item[4], line_bag(c, item + 5), line_bag(c, item + 10)
	};
	return ic_series_bag(c, names, all, 7);
}

static ic_value fit_2lines_row(ic_call *c, const ic_value *arg)
{
	enum { N = 15 };
	ic_series s;
	uint32_t split;
	if (!ic_series_of(c, &arg[0], &s) || s.n == s.missing || !best_split(c, &s, &split))
		return no_series();
	ic_line all = ic_series_fit(s.v, 0, s.n), left = ic_series_fit(s.v, 0, split);
	ic_line right = ic_series_fit(s.v, split, s.n);
	double *fit = ic_series_room(c, s.n), rest = 0;
	if (!fit)
		return no_series();
	put_line(fit, &left, 0, split);
	put_line(fit, &right, split, s.n);
	for (uint32_t i = 0; i < s.n; i++)
		rest += isnan(s.v[i]) ? 0 : (s.v[i] - fit[i]) * (s.v[i] - fit[i]);
	uint32_t k = s.n - s.missing;
	double rvariance = k > 1 ? rest / (k - 1) : 0;
	const ic_dyn *item[N] = {
		ic_dyn_real(c, all.variance > 0 ? 1 - rvariance / all.variance : 1),
		ic_dyn_long(c, split),
		ic_dyn_real(c, all.variance),
		ic_dyn_real(c, rvariance),
		ic_series_dyn(c, fit, s.n),
		ic_dyn_real(c, right.rsquare),
		ic_dyn_real(c, right.slope),
		interception(c, &right),
		ic_dyn_real(c, right.variance),
		ic_dyn_real(c, right.rvariance),
		ic_dyn_real(c, left.rsquare),
		ic_dyn_real(c, left.slope),
		interception(c, &left),
		ic_dyn_real(c, left.variance),
		ic_dyn_real(c, left.rvariance),
	};
	return two_lines(c, item, N);
}

/* ---- filters ------------------------------------------------------------------------------------- */

enum { FILTER_MOST = 1024 }; /* coefficients */

static ic_value fir_row(ic_call *c, const ic_value *arg)
{
	ic_series s, f;
	uint32_t n = c->expr->call.n;
	bool normal = n < 3 || arg[2].null || arg[2].b, center = n > 3 && !arg[3].null && arg[3].b;
	double total = 0;
	if (!ic_series_of(c, &arg[0], &s) || !ic_series_of(c, &arg[1], &f) || f.missing)
		return no_series();
	if (f.n > FILTER_MOST)
		return ic_call_limit(c, "series_fir() takes a filter of at most 1,024 coefficients");
	for (uint32_t k = 0; k < f.n; k++)
		total += f.v[k];
	double *y = ic_series_room(c, s.n), by = normal && total != 0 ? total : 1;
	int64_t ahead = center ? (f.n - 1) / 2 : 0;
	for (int64_t i = 0; y && i < s.n; i++) {
		y[i] = 0;
		for (int64_t k = 0; k < f.n; k++) {
			int64_t at = i + ahead - k;
			y[i] += at >= 0 && at < s.n && !isnan(s.v[at]) ? f.v[k] / by * s.v[at] : 0;
		}
	}
	return y ? ic_value_dyn(ic_series_dyn(c, y, s.n)) : no_series();
}

static ic_value iir_row(ic_call *c, const ic_value *arg)
{
	ic_series s, b, a;
	if (!ic_series_of(c, &arg[0], &s) || !ic_series_of(c, &arg[1], &b) || !ic_series_of(c, &arg[2], &a) ||
	    b.missing || a.missing || a.n == 0 || a.v[0] == 0)
		return no_series();
	if (a.n > FILTER_MOST || b.n > FILTER_MOST)
		return ic_call_limit(c, "series_iir() takes filters of at most 1,024 coefficients");
	double *y = ic_series_room(c, s.n);
	for (uint32_t i = 0; y && i < s.n; i++) {
		double v = 0;
		for (uint32_t k = 0; k < b.n && k <= i; k++)
			v += b.v[k] * (isnan(s.v[i - k]) ? 0 : s.v[i - k]);
		for (uint32_t k = 1; k < a.n && k <= i; k++)
			v -= a.v[k] * y[i - k];
		y[i] = v / a.v[0];
	}
	return y ? ic_value_dyn(ic_series_dyn(c, y, s.n)) : no_series();
}

#define EACH(id)                                                                                             \
	{                                                                                                    \
		IC_FN_SERIES_##id,                                                                           \
		{                                                                                            \
			.row = each_row                                                                      \
		}                                                                                            \
	}
#define PAIR(id)                                                                                             \
	{                                                                                                    \
		IC_FN_SERIES_##id,                                                                           \
		{                                                                                            \
			.row = pair_row                                                                      \
		}                                                                                            \
	}
static const ic_kernel_entry entries[] = {
	EACH(ACOS),
	EACH(ASIN),
	EACH(ATAN),
	EACH(COS),
	EACH(SIN),
	EACH(TAN),
	EACH(EXP),
	EACH(LOG),
	EACH(CEILING),
	EACH(FLOOR),
	EACH(NOT),
	{ IC_FN_SERIES_ABS, { .row = size_row } },
	{ IC_FN_SERIES_SIGN, { .row = size_row } },
	PAIR(ADD),
	PAIR(SUBTRACT),
	PAIR(MULTIPLY),
	PAIR(DIVIDE),
	PAIR(POW),
	PAIR(EQUALS),
	PAIR(NOT_EQUALS),
	PAIR(LESS),
	PAIR(LESS_EQUALS),
	PAIR(GREATER),
	PAIR(GREATER_EQUALS),
	{ IC_FN_SERIES_FILL_CONST, { .row = fill_const_row } },
	{ IC_FN_SERIES_FILL_FORWARD, { .row = fill_forward_row } },
	{ IC_FN_SERIES_FILL_BACKWARD, { .row = fill_backward_row } },
	{ IC_FN_SERIES_FILL_LINEAR, { .row = fill_linear_row } },
	{ IC_FN_SERIES_STATS, { .row = stats_row } },
	{ IC_FN_SERIES_STATS_DYNAMIC, { .row = stats_bag_row } },
	{ IC_FN_SERIES_SUM, { .row = number_row } },
	{ IC_FN_SERIES_PRODUCT, { .row = number_row } },
	{ IC_FN_SERIES_MAGNITUDE, { .row = number_row } },
	{ IC_FN_SERIES_PEARSON, { .row = pearson_row } },
	{ IC_FN_SERIES_DOT_PRODUCT, { .row = dot_product_row } },
	{ IC_FN_SERIES_COSINE, { .row = dot_product_row } },
	{ IC_FN_SERIES_OUTLIERS, { .row = outliers_row } },
	{ IC_FN_SERIES_FIT_LINE, { .row = fit_line_row } },
	{ IC_FN_SERIES_FIT_LINE_DYNAMIC, { .row = fit_line_row } },
	{ IC_FN_SERIES_FIT_2LINES, { .row = fit_2lines_row } },
	{ IC_FN_SERIES_FIT_2LINES_DYNAMIC, { .row = fit_2lines_row } },
	{ IC_FN_SERIES_FIR, { .row = fir_row } },
	{ IC_FN_SERIES_IIR, { .row = iir_row } },
};
IC_KERNELS(series, entries);
