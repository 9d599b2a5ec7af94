/* SPDX-License-Identifier: Apache-2.0 */
#include "exec/op/sort_order.h"

#include <math.h>

#include "exec/rows/key.h"

enum { RUN = 16 }; /* places sorted by insertion */

/* ---- places ------------------------------------------------------------------------------ */

static uint64_t big_endian(const void *p, size_t n)
{
	uint8_t b[8] = { 0 };
	if (n)
		memcpy(b, p, n < 8 ? n : 8);
	uint64_t v;
	memcpy(&v, b, 8);
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
	v = __builtin_bswap64(v);
#endif
	return v;
}

static uint64_t real_prefix(double d)
{
	uint64_t bits;
	d = d == 0 ? 0 : d; /* one zero */
	memcpy(&bits, &d, sizeof bits);
	return bits >> 63 ? ~bits : bits | UINT64_C(1) << 63;
}

/* Ascends with the value; equal for some that differ, unless ic_sort_is_exact. */
static uint64_t prefix_of(const ic_value *v)
{
	switch (v->type) {
	case IC_Q_BOOL: return v->b;
	case IC_Q_INT:
	case IC_Q_LONG:
	case IC_Q_DATETIME:
	case IC_Q_TIMESPAN: return (uint64_t)v->i ^ UINT64_C(1) << 63;
	case IC_Q_REAL: return real_prefix(v->d);
	case IC_Q_DECIMAL: return real_prefix(ic_decimal_real(v->decimal));
	case IC_Q_STRING: return big_endian(v->s.p, v->s.n);
	case IC_Q_GUID: return big_endian(v->guid.b, 8);
	case IC_Q_IP: return big_endian(v->ip.b, 8) ? UINT64_MAX : big_endian(v->ip.b + 8, 8);
	case IC_Q_DYNAMIC:
	case IC_Q_NULL:
	case IC_QTYPES: break;
	}
	return 0;
}

bool ic_sort_is_exact(ic_qtype t)
{
	return t == IC_Q_BOOL || t == IC_Q_INT || t == IC_Q_LONG || t == IC_Q_DATETIME ||
	       t == IC_Q_TIMESPAN || t == IC_Q_REAL;
}

/* Nulls and what is no number stand before or behind all values. */
static unsigned class_of(const ic_sort_by *k, const ic_value *v)
{
	bool null = v->null && k->has_nulls;
	bool nan = !v->null && v->type == IC_Q_REAL && isnan(v->d);
	if (k->nulls_first)
		return null ? 0 : nan ? 1 : 2;
	return null ? 2 : nan ? 1 : 0;
}

ic_sort_place ic_sort_place_of(const ic_sort_by *k, const ic_value *v, uint32_t row)
{
	bool valued = !v->null && !(v->type == IC_Q_REAL && isnan(v->d));
	ic_sort_place p = { valued ? prefix_of(v) : 0, row, (uint8_t)class_of(k, v) };
	if (k->descending)
		p.prefix = ~p.prefix;
	return p;
}

/* The bytes of a dynamic value have no order, and the value has none. */
static ic_value key_value(const ic_sort_by *k, const ic_page *page, uint32_t at)
{
	ic_value v;
	if (k->type != IC_Q_DYNAMIC)
		return ic_page_value(page, k->column, at);
	v = ic_value_null(IC_Q_DYNAMIC);
	v.null = ic_page_null(page, &page->column[k->column], at);
	return v;
}

ic_sort_place ic_sort_row_place(const ic_sort_by *k, const ic_page *page, uint32_t at, uint32_t row)
{
	ic_value v = key_value(k, page, at);
	return ic_sort_place_of(k, &v, row);
}

static int compare_values(const ic_value *a, const ic_value *b)
{
	if (a->null || b->null) { /* texts of KQL: a null is the empty one */
		bool left = a->null || a->s.n == 0, right = b->null || b->s.n == 0;
		return (int)right - (int)left;
	}
	return a->type == IC_Q_DECIMAL ? ic_decimal_compare(a->decimal, b->decimal) : ic_key_order(a, b);
}

static int compare_key(const ic_sort_by *k, const ic_sort_row *x, const ic_sort_row *y)
{
	ic_value a = key_value(k, x->page, x->at), b = key_value(k, y->page, y->at);
	unsigned of_a = class_of(k, &a), of_b = class_of(k, &b);
	if (of_a != of_b)
		return of_a < of_b ? -1 : 1;
	if ((a.null && k->has_nulls) || (a.type == IC_Q_REAL && isnan(a.d)))
		return 0;
	int order = compare_values(&a, &b);
	return k->descending ? -order : order;
}

static int64_t number_of(const ic_sort_order *o, const ic_sort_row *r)
{
	return ic_page_whole(r->page, &r->page->column[o->number], r->at);
}

/* By the keys alone: below, equal or above zero as b comes before a, with it or behind it. */
static int compare(const ic_sort_order *o, const ic_sort_row *b, const ic_sort_row *a)
{
	if (a->place.class != b->place.class)
		return b->place.class < a->place.class ? -1 : 1;
	if (a->place.prefix != b->place.prefix)
		return b->place.prefix < a->place.prefix ? -1 : 1;
	int order = 0;
	for (uint32_t i = o->told; i < o->keys && !order; i++)
		order = compare_key(&o->key[i], b, a);
	return order;
}

bool ic_sort_before(const ic_sort_order *o, const ic_sort_row *b, const ic_sort_row *a)
{
	int order = compare(o, b, a);
	return order ? order < 0 : number_of(o, b) < number_of(o, a);
}

/* ---- sorting the rows of a store ----------------------------------------------------------- */

/* Whether b belongs before a, which was there first: rows of equal keys lie in the input's order. */
static bool before(const ic_sort_order *o, const ic_store *s, const ic_sort_place *b, const ic_sort_place *a)
{
	if (a->class != b->class)
		return b->class < a->class;
	if (a->prefix != b->prefix)
		return b->prefix < a->prefix;
	if (o->told == o->keys)
		return false;
	ic_sort_row x = { ic_store_page_of(s, b->row), ic_store_place(b->row), *b };
	ic_sort_row y = { ic_store_page_of(s, a->row), ic_store_place(a->row), *a };
	return compare(o, &x, &y) < 0;
}

static void insertion_sort(const ic_sort_order *o, const ic_store *s, ic_sort_place *p, uint64_t n)
{
	for (uint64_t i = 1; i < n; i++) {
		ic_sort_place one = p[i];
		uint64_t at = i;
		for (; at > 0 && before(o, s, &one, &p[at - 1]); at--)
			p[at] = p[at - 1];
		p[at] = one;
	}
}

static void merge(const ic_sort_order *o, const ic_store *s, const ic_sort_place *a, uint64_t n,
		  const ic_sort_place *b, uint64_t m, ic_sort_place *to)
{
	while (n && m) {
		if (before(o, s, b, a)) {
			*to++ = *b++;
			m--;
		} else {
			*to++ = *a++;
			n--;
		}
	}
	memcpy(to, n ? a : b, (n ? n : m) * sizeof *to);
}

/* Merge sort; the result is in p or in room, both of n. */
static ic_sort_place *sort_places(const ic_sort_order *o, const ic_store *s, ic_sort_place *p,
				  ic_sort_place *room, uint64_t n)
{
	for (uint64_t i = 0; i < n; i += RUN)
		insertion_sort(o, s, p + i, n - i < RUN ? n - i : RUN);
	for (uint64_t width = RUN; width < n; width *= 2) {
		for (uint64_t i = 0; i < n; i += 2 * width) {
			uint64_t left = n - i < width ? n - i : width;
			uint64_t right = n - i - left < width ? n - i - left : width;
			merge(o, s, p + i, left, p + i + left, right, room + i);
		}
		ic_sort_place *t = p;
		p = room;
		room = t;
	}
	return p;
}

ic_status ic_sort_places(const ic_sort_order *o, const ic_store *s, ic_budget *budget, ic_sort_place **ret,
			 uint64_t *bytes)
{
	uint64_t n = s->rows, most = n * 2 * sizeof **ret, at = 0;
	if (budget && ic_budget_take(budget, most))
		return IC_E_NOMEM;
	ic_sort_place *p = ic_reallocarray(NULL, n, sizeof *p), *room = ic_reallocarray(NULL, n, sizeof *p);
	ic_sort_place *sorted = p;
	for (uint32_t i = 0; i < s->pages && p && room; i++)
		for (uint32_t r = 0; r < s->page[i]->rows; r++)
			p[at++] = ic_sort_row_place(&o->key[0], s->page[i], r, i << IC_STORE_BITS | r);
	if (p && room)
		sorted = sort_places(o, s, p, room, n);
	ic_status st = p && room ? IC_OK : IC_E_NOMEM;
	ic_free(sorted == p ? room : p);
	if (st != IC_OK)
		ic_free(sorted);
	else
		*ret = sorted;
	if (budget)
		ic_budget_give(budget, st == IC_OK ? most / 2 : most);
	*bytes = st == IC_OK ? most / 2 : 0;
	return st;
}
