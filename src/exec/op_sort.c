/* SPDX-License-Identifier: Apache-2.0 */
/* sort (stable) and top. Rows are kept with the keys that are not columns; a list of places is sorted by
 * a number that says most about the first key, then by the keys themselves.
 *
 * top keeps a few times as many rows as it wants and throws the others away when there are more; from
 * then on rows that cannot be among the first are not kept at all. */
#include <math.h>

#include "base/error.h"
#include "exec/key.h"
#include "exec/operator.h"

enum {
	LEAST_KEPT = 8192, /* of top, before rows are thrown away */
	RUN = 16,	   /* places sorted by insertion */
};

typedef struct key {
	uint32_t column; /* of the rows kept */
	ic_qtype type;
	bool descending, nulls_first;
	bool has_nulls; /* KQL's text has none */
} key;

/* Where a row goes: class, prefix, keys, number. */
typedef struct place {
	uint64_t prefix;
	uint64_t row : 56, class : 8;
} place;

typedef struct sorter {
	ic_schema schema; /* the input's columns, then keys that are made */
	key *key;
	uint32_t keys;
	ic_eval *made;
	ic_expr **made_expr;
	uint32_t mades;
	bool exact; /* class and prefix decide alone */
	bool top;
	uint64_t most; /* of top */
	ic_rowset *rows;
	bool full; /* there is a bound: the last of the best */
	place bound;
} sorter;

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

/* Ascends with the value; equal for some that differ, unless is_exact. */
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

static bool is_exact(ic_qtype t)
{
	return t == IC_Q_BOOL || t == IC_Q_INT || t == IC_Q_LONG || t == IC_Q_DATETIME ||
	       t == IC_Q_TIMESPAN || t == IC_Q_REAL;
}

/* Nulls and what is no number stand before or behind all values. */
static unsigned class_of(const key *k, const ic_value *v)
{
	bool null = v->null && k->has_nulls;
	bool nan = !v->null && v->type == IC_Q_REAL && isnan(v->d);
	if (k->nulls_first)
		return null ? 0 : nan ? 1 : 2;
	return null ? 2 : nan ? 1 : 0;
}

static place place_of(const key *k, const ic_value *v, uint64_t row)
{
	place p = { .row = row & ((UINT64_C(1) << 56) - 1), .class = class_of(k, v) & 3u };
	bool valued = !v->null && !(v->type == IC_Q_REAL && isnan(v->d));
	p.prefix = valued ? prefix_of(v) : 0;
	if (k->descending)
		p.prefix = ~p.prefix;
	return p;
}

static int compare_values(const ic_value *a, const ic_value *b)
{
	if (a->null || b->null) { /* texts of KQL: a null is the empty one */
		bool left = a->null || a->s.n == 0, right = b->null || b->s.n == 0;
		return (int)right - (int)left;
	}
	return a->type == IC_Q_DECIMAL ? ic_decimal_compare(a->decimal, b->decimal) : ic_key_order(a, b);
}

static int compare_key(const sorter *s, const key *k, uint64_t x, uint64_t y)
{
	ic_value a = ic_rowset_value(s->rows, x, k->column), b = ic_rowset_value(s->rows, y, k->column);
	unsigned of_a = class_of(k, &a), of_b = class_of(k, &b);
	if (of_a != of_b)
		return of_a < of_b ? -1 : 1;
	if ((a.null && k->has_nulls) || (a.type == IC_Q_REAL && isnan(a.d)))
		return 0;
	int order = compare_values(&a, &b);
	return k->descending ? -order : order;
}

/* Whether b belongs before a, which was there first. */
static bool before(const sorter *s, const place *b, const place *a)
{
	if (a->class != b->class)
		return b->class < a->class;
	if (a->prefix != b->prefix)
		return b->prefix < a->prefix;
	if (s->exact)
		return false;
	for (uint32_t i = 0; i < s->keys; i++) {
		int order = compare_key(s, &s->key[i], b->row, a->row);
		if (order)
			return order < 0;
	}
	return false;
}

static void insertion_sort(const sorter *s, place *p, uint64_t n)
{
	for (uint64_t i = 1; i < n; i++) {
		place one = p[i];
		uint64_t at = i;
		for (; at > 0 && before(s, &one, &p[at - 1]); at--)
			p[at] = p[at - 1];
		p[at] = one;
	}
}

static void merge(const sorter *s, const place *a, uint64_t n, const place *b, uint64_t m, place *to)
{
	while (n && m) {
		if (before(s, b, a)) {
			*to++ = *b++;
			m--;
		} else {
			*to++ = *a++;
			n--;
		}
	}
	memcpy(to, n ? a : b, (n ? n : m) * sizeof *to);
}

/* Stable merge sort; the result is in p or in room, both of n. */
static place *sort_places(const sorter *s, place *p, place *room, uint64_t n)
{
	for (uint64_t i = 0; i < n; i += RUN)
		insertion_sort(s, p + i, n - i < RUN ? n - i : RUN);
	for (uint64_t width = RUN; width < n; width *= 2) {
		for (uint64_t i = 0; i < n; i += 2 * width) {
			uint64_t left = n - i < width ? n - i : width;
			uint64_t right = n - i - left < width ? n - i - left : width;
			merge(s, p + i, left, p + i + left, right, room + i);
		}
		place *t = p;
		p = room;
		room = t;
	}
	return p;
}

/* ---- rows ---------------------------------------------------------------------------------- */

typedef ic_status (*take_fn)(ic_operator *o, ic_worker *w, const ic_chunk *c, void *ctx);

/* Hands on the rows of the places, all columns kept or only the input's. */
static ic_status each_chunk(ic_operator *o, ic_worker *w, const place *p, uint64_t n, uint32_t columns,
			    take_fn take, void *ctx)
{
	sorter *s = o->state;
	ic_worker own = *w;
	ic_arena_init(&own.arena, 0, ic_operator_config(o)->budget);
	ic_status st = IC_OK;
	for (uint64_t at = 0; at < n && st == IC_OK; at += IC_CHUNK_ROWS) {
		uint32_t rows = n - at < IC_CHUNK_ROWS ? (uint32_t)(n - at) : IC_CHUNK_ROWS;
		ic_vector *col = ic_arena_alloc(&own.arena, (columns ? columns : 1) * sizeof *col);
		st = col ? IC_OK : IC_E_NOMEM;
		for (uint32_t i = 0; i < columns && st == IC_OK; i++) {
			ic_vector_out out;
			if (!ic_vector_make(&out, &own.arena, s->schema.column[i].type, rows)) {
				st = IC_E_NOMEM;
				break;
			}
			for (uint32_t r = 0; r < rows; r++) {
				ic_value v = ic_rowset_value(s->rows, p[at + r].row, i);
				ic_vector_set(&out, r, &v);
			}
			col[i] = out.v;
		}
		ic_chunk c = { .rows = rows, .columns = columns, .col = col };
		if (st == IC_OK)
			st = take(o, &own, &c, ctx);
		ic_arena_reset(&own.arena);
	}
	ic_arena_clear(&own.arena);
	return st;
}

static ic_status take_pass(ic_operator *o, ic_worker *w, const ic_chunk *c, void *ctx)
{
	(void)ctx;
	return ic_operator_pass(o, w, c);
}

static ic_status take_keep(ic_operator *o, ic_worker *w, const ic_chunk *c, void *ctx)
{
	(void)o;
	(void)w;
	return ic_rowset_append(ctx, c);
}

/* Sorts what is kept and hands it to `take`: of top, the best. */
static ic_status sorted(ic_operator *o, ic_worker *w, uint32_t columns, take_fn take, void *ctx)
{
	sorter *s = o->state;
	ic_budget *budget = ic_operator_config(o)->budget;
	uint64_t n = ic_rowset_count(s->rows), bytes = n * 2 * sizeof(place);
	if (n == 0)
		return IC_OK;
	if (n > SIZE_MAX / (2 * sizeof(place)) || (budget && ic_budget_take(budget, bytes) != 0))
		return IC_E_NOMEM;
	place *places = ic_reallocarray(NULL, n, 2 * sizeof *places);
	ic_status st = IC_E_NOMEM;
	if (places) {
		for (uint64_t r = 0; r < n; r++) {
			ic_value v = ic_rowset_value(s->rows, r, s->key[0].column);
			places[r] = place_of(&s->key[0], &v, r);
		}
		place *p = sort_places(s, places, places + n, n);
		if (s->top && n > s->most)
			n = s->most;
		if (n)
			s->bound = p[n - 1];
		st = each_chunk(o, w, p, n, columns, take, ctx);
	}
	ic_free(places);
	if (budget)
		ic_budget_give(budget, bytes);
	return st;
}

/* Throws away the rows of top that are not among the best. */
static ic_status shrink(ic_operator *o, ic_worker *w)
{
	sorter *s = o->state;
	ic_rowset *best = ic_rowset_new(&s->schema, ic_operator_config(o)->budget);
	if (!best)
		return IC_E_NOMEM;
	ic_status st = sorted(o, w, s->schema.n, take_keep, best);
	if (st != IC_OK) {
		ic_rowset_free(best);
		return st;
	}
	ic_rowset_free(s->rows);
	s->rows = best;
	s->full = true;
	return IC_OK;
}

/* ---- the operator ------------------------------------------------------------------------------ */

/* Rows that may be among the best: all before the bound, which came first. NULL *pick: all rows. */
static ic_status promising(const sorter *s, const ic_chunk *c, ic_arena *a, uint16_t **pick, uint32_t *n)
{
	*n = c->rows;
	*pick = NULL;
	if (!s->full)
		return IC_OK;
	*n = 0;
	*pick = ic_arena_alloc(a, c->rows * sizeof **pick);
	if (!*pick)
		return IC_E_NOMEM;
	const ic_vector *v = &c->col[s->key[0].column];
	for (uint32_t r = 0; r < c->rows; r++) {
		ic_value value = ic_vector_value(v, r);
		place p = place_of(&s->key[0], &value, 0);
		bool tie = p.class == s->bound.class && p.prefix == s->bound.prefix;
		if (tie ? !s->exact
			: p.class < s->bound.class ||
			      (p.class == s->bound.class && p.prefix < s->bound.prefix))
			(*pick)[(*n)++] = (uint16_t)r;
	}
	return IC_OK;
}

static ic_status with_keys(const sorter *s, ic_worker *w, const ic_chunk *c, ic_chunk *ret)
{
	ic_vector *col = ic_arena_alloc(&w->arena, (s->schema.n ? s->schema.n : 1) * sizeof *col);
	if (!col)
		return IC_E_NOMEM;
	uint32_t columns = s->schema.n - s->mades;
	memcpy(col, c->col, columns * sizeof *col);
	ic_status st = s->made ? ic_eval_run(s->made, c, &w->arena, col + columns, w->err) : IC_OK;
	for (uint32_t i = columns; i < s->schema.n && st == IC_OK; i++) {
		ic_vector plain = col[i];
		if (s->schema.column[i].type == IC_Q_STRING &&
		    !ic_vector_strings(&col[i], &w->arena, &plain, c->rows))
			st = IC_E_NOMEM;
	}
	*ret = *c;
	ret->col = col;
	ret->columns = s->schema.n;
	return st;
}

static ic_status push(ic_operator *o, ic_worker *w, unsigned port, const ic_chunk *c)
{
	sorter *s = o->state;
	(void)port;
	if (s->top && s->most == 0)
		return IC_E_CLOSED;
	ic_budget *budget = ic_operator_config(o)->budget;
	if (!s->rows && !(s->rows = ic_rowset_new(&s->schema, budget)))
		return IC_E_NOMEM;
	ic_chunk all;
	ic_status st = with_keys(s, w, c, &all);
	uint16_t *pick = NULL;
	uint32_t n = 0;
	if (st == IC_OK)
		st = promising(s, &all, &w->arena, &pick, &n);
	if (st != IC_OK || n == 0)
		return st;
	if (n < c->rows) {
		ic_vector *col = ic_arena_alloc(&w->arena, all.columns * sizeof *col);
		for (uint32_t i = 0; col && i < all.columns; i++) {
			if (!ic_vector_pick(&col[i], &w->arena, &all.col[i], pick, n))
				col = NULL;
		}
		if (!col)
			return IC_E_NOMEM;
		all.col = col;
		all.rows = n;
	}
	st = ic_rowset_append(s->rows, &all);
	if (st != IC_OK || !s->top)
		return st;
	uint64_t kept = ic_rowset_count(s->rows);
	return kept > LEAST_KEPT && kept / 2 > s->most ? shrink(o, w) : IC_OK;
}

static ic_status finish(ic_operator *o, ic_worker *w, unsigned port)
{
	sorter *s = o->state;
	(void)port;
	return s->rows ? sorted(o, w, o->op->out.n, take_pass, NULL) : IC_OK;
}

static void reset(ic_operator *o)
{
	sorter *s = o->state;
	ic_rowset_free(s->rows);
	s->rows = NULL;
	s->full = false;
}

static void sort_free(ic_operator *o)
{
	sorter *s = o->state;
	if (!s)
		return;
	ic_rowset_free(s->rows);
	ic_eval_free(s->made);
	ic_free(s->made_expr);
	ic_free(s->schema.column);
	ic_free(s->key);
	ic_free(s);
}

static const ic_operator_class class = {
	.push = push,
	.finish = finish,
	.reset = reset,
	.free = sort_free,
	.holds = true,
};

/* Columns that are keys as they are; the rest is made of each chunk. */
static void choose_keys(sorter *s, const ic_operator *o)
{
	const ic_op *op = o->op;
	bool kql = ic_operator_plan(o)->language != IC_FN_AQL;
	memcpy(s->schema.column, op->out.column, op->out.n * sizeof *s->schema.column);
	s->schema.n = op->out.n;
	for (uint32_t i = 0; i < s->keys; i++) {
		const ic_sort_key *from = &op->sort.key[i];
		bool text =
		    kql && ic_qtype_is_text(from->key->type); /* addresses are in the order of their text */
		key *k = &s->key[i];
		*k = (key){ .type = text ? IC_Q_STRING : from->key->type,
			    .descending = from->descending,
			    .nulls_first = from->nulls_first,
			    .has_nulls = !text };
		if (from->key->kind == IC_X_COLUMN && from->key->type == k->type) {
			k->column = from->key->column;
			continue;
		}
		k->column = s->schema.n;
		s->schema.column[s->schema.n++] = (ic_qcolumn){ IC_STR(""), k->type };
		s->made_expr[s->mades++] = from->key;
	}
	s->exact = s->keys == 1 && is_exact(s->key[0].type);
}

static ic_status make(ic_operator *o, bool top, ic_diag *diag)
{
	const ic_op *op = o->op;
	sorter *s = ic_calloc(1, sizeof *s);
	if (!s)
		return IC_E_NOMEM;
	o->state = s;
	o->class = &class;
	s->top = top;
	s->most = top && !op->sort.limit.null && op->sort.limit.i > 0 ? (uint64_t)op->sort.limit.i : 0;
	s->keys = op->sort.keys;
	s->key = ic_calloc(s->keys ? s->keys : 1, sizeof *s->key);
	s->made_expr = ic_calloc(s->keys ? s->keys : 1, sizeof *s->made_expr);
	s->schema.column = ic_calloc((size_t)op->out.n + s->keys + 1, sizeof *s->schema.column);
	if (!s->key || !s->made_expr || !s->schema.column)
		return IC_E_NOMEM;
	choose_keys(s, o);
	return s->mades ? ic_eval_new(ic_operator_plan(o), s->made_expr, s->mades, &s->made, diag) : IC_OK;
}

ic_status ic_make_sort(ic_operator *o, ic_diag *diag)
{
	return make(o, false, diag);
}

ic_status ic_make_top(ic_operator *o, ic_diag *diag)
{
	return make(o, true, diag);
}
