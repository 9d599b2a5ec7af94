/* SPDX-License-Identifier: Apache-2.0 */
/* Functions on arrays. What is no array gives null unless a function says otherwise. */
#include <math.h>
#include <stdlib.h>

#include "base/time.h"
#include "exec/fn/dynamic.h"
#include "exec/fn/text.h"

static ic_value no_array(void)
{
	return ic_value_null(IC_Q_DYNAMIC);
}

static ic_value array_of(ic_call *c, const ic_dyn *const *item, uint32_t n)
{
	const ic_dyn *d = ic_dyn_array(c->arena, item, n);
	return d ? ic_value_dyn(d) : ic_call_nomem(c);
}

/* ---- making and cutting --------------------------------------------------------------- */

static ic_value pack_row(ic_call *c, const ic_value *arg)
{
	ic_items list = ic_items_new(c);
	for (uint32_t i = 0; i < c->expr->call.n; i++)
		ic_items_add(&list, ic_dyn_arg(c, &arg[i]));
	return ic_items_value(&list);
}

static ic_value length_row(ic_call *c, const ic_value *arg)
{
	const ic_dyn *a = ic_arg_array(&arg[0]);
	(void)c;
	return a ? ic_value_long(a->n) : ic_value_null(IC_Q_LONG);
}

/* What is no array adds nothing. */
static ic_value concat_row(ic_call *c, const ic_value *arg)
{
	ic_items list = ic_items_new(c);
	for (uint32_t i = 0; i < c->expr->call.n; i++)
		if (ic_arg_array(&arg[i]))
			ic_items_add_all(&list, arg[i].dyn);
	return ic_items_value(&list);
}

/* A place from the end if it is negative, kept inside 0..n. */
static int64_t place(int64_t i, uint32_t n)
{
	if (i < 0)
		i = i < -(int64_t)n ? 0 : i + n;
	return i > n ? n : i;
}

static ic_value slice_row(ic_call *c, const ic_value *arg)
{
	const ic_dyn *a = ic_arg_array(&arg[0]);
	if (!a || arg[1].null || arg[2].null)
		return no_array();
	int64_t first = place(arg[1].i, a->n), last = arg[2].i < 0 ? arg[2].i + a->n : arg[2].i;
	if (last >= a->n)
		last = (int64_t)a->n - 1;
	uint32_t n = last < first ? 0 : (uint32_t)(last - first + 1);
	return array_of(c, a->item + first, n);
}

static void add_piece(ic_items *pieces, const ic_dyn *a, int64_t from, int64_t to)
{
	const ic_dyn *d = ic_dyn_array(pieces->call->arena, a->item + from, (uint32_t)(to - from));
	ic_items_add(pieces, d);
}

static ic_value split_row(ic_call *c, const ic_value *arg)
{
	const ic_dyn *a = ic_arg_array(&arg[0]), *where = ic_dyn_arg(c, &arg[1]);
	ic_items pieces = ic_items_new(c);
	if (!a || !where)
		return no_array();
	uint32_t cuts = where->kind == IC_DYN_ARRAY ? where->n : 1;
	int64_t at = 0;
	for (uint32_t i = 0; i < cuts; i++) {
		const ic_dyn *one = where->kind == IC_DYN_ARRAY ? where->item[i] : where;
		if (one->kind != IC_DYN_LONG)
			return no_array();
		int64_t next = place(one->i, a->n);
		if (next < at)
			next = at;
		add_piece(&pieces, a, at, next);
		at = next;
	}
	add_piece(&pieces, a, at, a->n);
	return ic_items_value(&pieces);
}

static ic_value reverse_row(ic_call *c, const ic_value *arg)
{
	const ic_dyn *a = ic_arg_array(&arg[0]);
	ic_items list = ic_items_new(c);
	if (!a)
		return no_array();
	for (uint32_t i = a->n; i-- > 0;)
		ic_items_add(&list, a->item[i]);
	return ic_items_value(&list);
}

/* Item i comes from item i + by, going round. */
static ic_value rotate(ic_call *c, const ic_value *arg, bool right)
{
	const ic_dyn *a = ic_arg_array(&arg[0]);
	ic_items list = ic_items_new(c);
	if (!a || arg[1].null)
		return no_array();
	int64_t by = a->n ? arg[1].i % (int64_t)a->n : 0;
	by = right ? -by : by;
	for (int64_t i = 0; i < a->n; i++)
		ic_items_add(&list, a->item[(i + by + a->n) % a->n]);
	return ic_items_value(&list);
}

static ic_value rotate_left_row(ic_call *c, const ic_value *arg)
{
	return rotate(c, arg, false);
}

static ic_value rotate_right_row(ic_call *c, const ic_value *arg)
{
	return rotate(c, arg, true);
}

/* Arrays of text are filled up with the empty one. */
static const ic_dyn *usual_fill(const ic_dyn *a)
{
	static const ic_dyn empty = { .kind = IC_DYN_STRING, .s = { "", 0 } };
	return a->n && a->item[0]->kind == IC_DYN_STRING ? &empty : &ic_dyn_null;
}

static ic_value shift(ic_call *c, const ic_value *arg, bool right)
{
	const ic_dyn *a = ic_arg_array(&arg[0]);
	ic_items list = ic_items_new(c);
	if (!a || arg[1].null)
		return no_array();
	const ic_dyn *fill = c->expr->call.n > 2 ? ic_dyn_arg(c, &arg[2]) : usual_fill(a);
	int64_t by = arg[1].i > a->n ? a->n : arg[1].i < -(int64_t)a->n ? -(int64_t)a->n : arg[1].i;
	by = right ? -by : by;
	for (int64_t i = 0; i < a->n; i++) {
		int64_t from = i + by;
		ic_items_add(&list, from >= 0 && from < a->n ? a->item[from] : fill);
	}
	return ic_items_value(&list);
}

static ic_value shift_left_row(ic_call *c, const ic_value *arg)
{
	return shift(c, arg, false);
}

static ic_value shift_right_row(ic_call *c, const ic_value *arg)
{
	return shift(c, arg, true);
}

/* ---- looking -------------------------------------------------------------------------- */

static ic_value sum_row(ic_call *c, const ic_value *arg)
{
	const ic_dyn *a = ic_arg_array(&arg[0]);
	double sum = 0, v;
	(void)c;
	if (!a)
		return ic_value_null(IC_Q_REAL);
	for (uint32_t i = 0; i < a->n; i++) {
		if (a->item[i]->kind == IC_DYN_NULL)
			continue;
		if (!ic_dyn_number(a->item[i], &v))
			return ic_value_null(IC_Q_REAL);
		sum += v;
	}
	return ic_value_real(sum);
}

static ic_value index_of_row(ic_call *c, const ic_value *arg)
{
	const ic_dyn *a = ic_arg_array(&arg[0]), *wanted = ic_dyn_arg(c, &arg[1]);
	uint32_t n = c->expr->call.n;
	if (!a || !wanted)
		return ic_value_null(IC_Q_LONG);
	int64_t first = n > 2 && !arg[2].null ? place(arg[2].i, a->n) : 0;
	int64_t length = n > 3 && !arg[3].null ? arg[3].i : -1;
	int64_t occurrence = n > 4 && !arg[4].null ? arg[4].i : 1;
	int64_t end = length < 0 || length > a->n - first ? a->n : first + length;
	for (int64_t i = first; i < end; i++)
		if (ic_dyn_equal(a->item[i], wanted) && --occurrence == 0)
			return ic_value_long(i);
	return ic_value_long(-1);
}

/* Item i of an array, or the one value for all; NULL: past the end. */
static const ic_dyn *item_or_all(const ic_dyn *d, uint32_t i)
{
	if (d->kind != IC_DYN_ARRAY)
		return d;
	return i < d->n ? d->item[i] : &ic_dyn_null;
}

static ic_value iff_row(ic_call *c, const ic_value *arg)
{
	const ic_dyn *when = ic_arg_array(&arg[0]);
	const ic_dyn *yes = ic_dyn_arg(c, &arg[1]), *no = ic_dyn_arg(c, &arg[2]);
	ic_items list = ic_items_new(c);
	if (!when || !yes || !no)
		return no_array();
	for (uint32_t i = 0; i < when->n; i++) {
		double v;
		if (!ic_dyn_number(when->item[i], &v))
			ic_items_add(&list, &ic_dyn_null);
		else
			ic_items_add(&list, item_or_all(v != 0 ? yes : no, i));
	}
	return ic_items_value(&list);
}

static ic_value strcat_row(ic_call *c, const ic_value *arg)
{
	const ic_dyn *a = ic_arg_array(&arg[0]);
	if (!a)
		return ic_value_str(IC_STR(""));
	ic_text t = ic_text_new(c, 16 * (size_t)a->n);
	for (uint32_t i = 0; i < a->n && !c->failed; i++) {
		ic_value v = ic_value_dyn(a->item[i]);
		v.null = a->item[i]->kind == IC_DYN_NULL;
		if (i)
			ic_text_str(&t, arg[1].s);
		ic_text_str(&t, ic_text_of(c, &v));
	}
	return ic_text_value(&t);
}

/* ---- order ---------------------------------------------------------------------------- */

typedef struct ranked {
	const ic_dyn *d;
	uint32_t at;
	bool descending, nulls_last;
} ranked;

/* Kinds apart: numbers, times, spans, texts, GUIDs, bools, then arrays and bags, which keep their order. */
static int kind_rank(ic_dyn_kind k)
{
	static const uint8_t rank[] = {
		[IC_DYN_LONG] = 1,     [IC_DYN_REAL] = 1,   [IC_DYN_DECIMAL] = 1, [IC_DYN_DATETIME] = 2,
		[IC_DYN_TIMESPAN] = 3, [IC_DYN_STRING] = 4, [IC_DYN_GUID] = 5,	  [IC_DYN_BOOL] = 6,
		[IC_DYN_ARRAY] = 7,    [IC_DYN_BAG] = 8,
	};
	return rank[k];
}

static int order_of(const ic_dyn *a, const ic_dyn *b)
{
	int kinds = kind_rank(a->kind) - kind_rank(b->kind);
	double x, y;
	if (kinds)
		return kinds;
	if (a->kind == IC_DYN_LONG && b->kind == IC_DYN_LONG)
		return (a->i > b->i) - (a->i < b->i);
	if (ic_dyn_number(a, &x) && ic_dyn_number(b, &y)) {
		if (isnan(x) || isnan(y)) /* NaN first, as nulls are */
			return (int)isnan(y) - (int)isnan(x) ? (isnan(x) ? -1 : 1) : 0;
		return (x > y) - (x < y);
	}
	switch (a->kind) {
	case IC_DYN_STRING: return ic_str_cmp(a->s, b->s);
	case IC_DYN_GUID: return memcmp(&a->guid, &b->guid, sizeof a->guid);
	case IC_DYN_DATETIME:
	case IC_DYN_TIMESPAN: return (a->i > b->i) - (a->i < b->i);
	default: return 0;
	}
}

static int by_rank(const void *p, const void *q)
{
	const ranked *a = p, *b = q;
	bool no_a = a->d->kind == IC_DYN_NULL, no_b = b->d->kind == IC_DYN_NULL;
	int order;
	if (no_a || no_b)
		order = no_a && no_b ? 0 : no_a == a->nulls_last ? 1 : -1;
	else
		order = a->descending ? order_of(b->d, a->d) : order_of(a->d, b->d);
	return order ? order : (a->at > b->at) - (a->at < b->at);
}

/* The array, then others of its length in the same order (null if they have another length). One result
 * alone is given as it is, several as an array of arrays. */
static ic_value sort(ic_call *c, const ic_value *arg, bool descending)
{
	const ic_dyn *a = ic_arg_array(&arg[0]);
	uint32_t n = c->expr->call.n;
	bool nulls_last = true;
	if (n > 1 && arg[n - 1].type == IC_Q_BOOL) {
		nulls_last = arg[--n].null || arg[n].b;
	}
	if (!a)
		return no_array();
	ranked *r = ic_arena_alloc(c->arena, sizeof *r * a->n);
	if (!r)
		return ic_call_nomem(c);
	for (uint32_t i = 0; i < a->n; i++)
		r[i] = (ranked){ a->item[i], i, descending, nulls_last };
	if (a->n)
		qsort(r, a->n, sizeof *r, by_rank);
	ic_items results = ic_items_new(c);
	for (uint32_t k = 0; k < n; k++) {
		const ic_dyn *other = arg[k].type == IC_Q_DYNAMIC ? ic_arg_array(&arg[k]) : NULL;
		ic_items list = ic_items_new(c);
		for (uint32_t i = 0; other && other->n == a->n && i < a->n; i++)
			ic_items_add(&list, other->item[r[i].at]);
		ic_items_add(&results, other && other->n == a->n ? ic_items_dyn(&list) : &ic_dyn_null);
	}
	return n == 1 ? ic_value_dyn(c->failed ? NULL : results.item[0]) : ic_items_value(&results);
}

static ic_value sort_asc_row(ic_call *c, const ic_value *arg)
{
	return sort(c, arg, false);
}

static ic_value sort_desc_row(ic_call *c, const ic_value *arg)
{
	return sort(c, arg, true);
}

/* ---- range and repeat ------------------------------------------------------------------- */

static ic_value range_of_reals(ic_call *c, double from, double to, double step)
{
	ic_items list = ic_items_new(c);
	if (!isfinite(from) || !isfinite(to) || !isfinite(step) || step == 0)
		return no_array();
	/* counted, so that errors do not add up */
	for (double i = 0; !c->failed; i++) {
		double v = from + i * step;
		if (step > 0 ? v > to : v < to)
			break;
		ic_items_add(&list, ic_dyn_real(c, v));
	}
	return ic_items_value(&list);
}

static ic_value range_of_whole(ic_call *c, ic_qtype type, int64_t from, int64_t to, int64_t step)
{
	ic_items list = ic_items_new(c);
	if (step == 0)
		return no_array();
	for (int64_t v = from; (step > 0 ? v <= to : v >= to) && !c->failed;) {
		ic_items_add(&list, ic_dyn_arg(c, &(ic_value){ .type = type, .i = v }));
		if (__builtin_add_overflow(v, step, &v))
			break;
	}
	return ic_items_value(&list);
}

static double real_of(const ic_value *v)
{
	return v->type == IC_Q_REAL	 ? v->d
	       : v->type == IC_Q_DECIMAL ? ic_decimal_real(v->decimal)
					 : (double)v->i;
}

static ic_value range_row(ic_call *c, const ic_value *arg)
{
	bool has_step = c->expr->call.n > 2, real = false;
	ic_qtype type = arg[0].type;
	for (uint32_t i = 0; i < c->expr->call.n; i++) {
		if (arg[i].null)
			return no_array();
		real |= arg[i].type == IC_Q_REAL || arg[i].type == IC_Q_DECIMAL;
	}
	if (real)
		return range_of_reals(c, real_of(&arg[0]), real_of(&arg[1]), has_step ? real_of(&arg[2]) : 1);
	bool time = type == IC_Q_DATETIME || type == IC_Q_TIMESPAN;
	if (time && arg[1].type != type)
		return no_array();
	if (!time && type != IC_Q_LONG && type != IC_Q_INT)
		return no_array();
	return range_of_whole(c, type, arg[0].i, arg[1].i,
			      has_step ? arg[2].i
			      : time   ? 3600 * IC_TICKS_S
				       : 1);
}

static ic_value repeat_row(ic_call *c, const ic_value *arg)
{
	ic_items list = ic_items_new(c);
	const ic_dyn *d = ic_dyn_arg(c, &arg[0]);
	if (arg[1].null)
		return no_array();
	for (int64_t i = 0; i < arg[1].i && !c->failed; i++)
		ic_items_add(&list, d);
	return ic_items_value(&list);
}

static const ic_kernel_entry entries[] = {
	{ IC_FN_PACK_ARRAY, { .row = pack_row } },
	{ IC_FN_ARRAY_LENGTH, { .row = length_row } },
	{ IC_FN_ARRAY_CONCAT, { .row = concat_row } },
	{ IC_FN_ARRAY_SLICE, { .row = slice_row } },
	{ IC_FN_ARRAY_SPLIT, { .row = split_row } },
	{ IC_FN_ARRAY_SUM, { .row = sum_row } },
	{ IC_FN_ARRAY_REVERSE, { .row = reverse_row } },
	{ IC_FN_ARRAY_ROTATE_LEFT, { .row = rotate_left_row } },
	{ IC_FN_ARRAY_ROTATE_RIGHT, { .row = rotate_right_row } },
	{ IC_FN_ARRAY_SHIFT_LEFT, { .row = shift_left_row } },
	{ IC_FN_ARRAY_SHIFT_RIGHT, { .row = shift_right_row } },
	{ IC_FN_ARRAY_INDEX_OF, { .row = index_of_row } },
	{ IC_FN_ARRAY_IFF, { .row = iff_row } },
	{ IC_FN_ARRAY_SORT_ASC, { .row = sort_asc_row } },
	{ IC_FN_ARRAY_SORT_DESC, { .row = sort_desc_row } },
	{ IC_FN_STRCAT_ARRAY, { .row = strcat_row } },
	{ IC_FN_RANGE_ARRAY, { .row = range_row } },
	{ IC_FN_REPEAT, { .row = repeat_row } },
};
IC_KERNELS(array, entries);
