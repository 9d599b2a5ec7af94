/* SPDX-License-Identifier: Apache-2.0 */
/* Packed rows into groups: one step for all rows of a batch before the next step, so that memory is on
 * its way while others are worked on. */
#include <math.h>

#include "base/hash.h"
#include "exec/group/summarize.h"

enum {
	AHEAD = IC_GROUP_SOME,
	FEW = 8, /* cells of a set that are looked through one by one */
};

typedef struct batch {
	ic_summarize *s;
	ic_sum_part *part;
	ic_agg_ctx ctx;
	const char *rows;
	uint32_t n;
	char *entry[AHEAD];
	uint64_t flags; /* that any of the rows has, where they are few; else all */
} batch;

static inline const char *row_at(const batch *b, uint32_t r)
{
	return b->rows + r * (size_t)b->s->row_bytes;
}

static inline uint64_t word_at(const char *p)
{
	uint64_t v;
	memcpy(&v, p, 8);
	return v;
}

static inline bool wanted(const batch *b, const ic_sum_agg *a, uint32_t r)
{
	return a->condition == IC_NO_FLAG || ic_sum_flag(b->s, row_at(b, r), a->condition);
}

static inline bool is_null(const batch *b, const ic_cell *c, uint32_t r)
{
	return c->flag != IC_NO_FLAG && ic_sum_flag(b->s, row_at(b, r), c->flag);
}

/* ---- groups ------------------------------------------------------------------------------ */

static ic_status find_groups(batch *b)
{
	const ic_summarize *s = b->s;
	uint64_t hash[AHEAD], flags = 0;
	uint32_t made[AHEAD];
	const uint32_t groups =
	    ic_group_upsert_some(&b->part->groups, b->rows, s->row_bytes, b->n, hash, b->entry, made);
	for (uint32_t k = 0; k < groups; k++) {
		const uint64_t first = word_at(row_at(b, made[k]) + s->place_at) & ~UINT64_C(0xff);
		if (!b->entry[made[k]])
			return IC_E_NOMEM;
		memcpy(b->entry[made[k]] + s->first_at, &first, 8);
	}
	const char *place = b->rows + s->place_at;
	const size_t row_bytes = s->row_bytes;
	for (uint32_t r = 0; r < b->n; r++, place += row_bytes)
		flags |= word_at(place);
	b->flags = s->flags_at ? UINT64_MAX : flags & 0xff;
	return IC_OK;
}

/* ---- numbers ------------------------------------------------------------------------------- */

/* The loops below keep what they read in locals: what they write might be it, for all the compiler knows. */
typedef struct lane {
	char *const *entry;
	const char *row;
	uint32_t n, row_bytes, state, at;
	const ic_summarize *s;
	uint32_t null, condition; /* flags; IC_NO_FLAG: none */
	uint64_t flags;
} lane;

static inline lane lane_of(const batch *b, const ic_sum_agg *a)
{
	const ic_cell *c = a->agg->n ? &b->s->arg[a->arg] : NULL;
	return (lane){ b->entry,     b->rows,	    b->n, b->s->row_bytes,
		       a->state,     c ? c->at : 0, b->s, c ? c->flag : IC_NO_FLAG,
		       a->condition, b->flags };
}

/* Does every row of the batch count for the aggregate? Most often. */
static inline bool all_count(const lane *l, bool null_counts)
{
	return l->condition == IC_NO_FLAG &&
	       (null_counts || l->null == IC_NO_FLAG || !(l->flags >> (l->null & 63) & 1));
}

/* Does the row? */
static inline bool counts(const lane *l, const char *row, bool null_counts)
{
	if (l->condition != IC_NO_FLAG && !ic_sum_flag(l->s, row, l->condition))
		return false;
	return null_counts || l->null == IC_NO_FLAG || !ic_sum_flag(l->s, row, l->null);
}

#define EACH_ROW_IF(l, counted, ...)                                                                         \
	do {                                                                                                 \
		const char *row = (l).row, *at = row + (l).at;                                               \
		char *const *of_row = (l).entry, *const *end = of_row + (l).n;                               \
		const size_t row_bytes = (l).row_bytes, to = (l).state;                                      \
		_Pragma("GCC unroll 4") for (; of_row < end; of_row++, row += row_bytes, at += row_bytes)    \
		{                                                                                            \
			char *entry = *of_row, *state = entry + to;                                          \
			if (counted) {                                                                       \
				__VA_ARGS__;                                                                 \
			}                                                                                    \
			(void)entry;                                                                         \
			(void)state;                                                                         \
		}                                                                                            \
	} while (0)

#define EACH_ROW(l, null_counts, ...)                                                                        \
	do {                                                                                                 \
		if (all_count(&(l), null_counts))                                                            \
			EACH_ROW_IF(l, true, __VA_ARGS__);                                                   \
		else                                                                                         \
			EACH_ROW_IF(l, counts(&(l), row, null_counts), __VA_ARGS__);                         \
	} while (0)

static void add_count(const batch *b, const ic_sum_agg *a)
{
	const lane l = lane_of(b, a);
	EACH_ROW(l, true, ++*(uint64_t *)(void *)state);
}

/* The cell of a null is zero. */
static void sum_whole(const batch *b, const ic_sum_agg *a)
{
	const lane l = lane_of(b, a);
	EACH_ROW(l, true, *(uint64_t *)(void *)state += word_at(at));
}

static void avg_whole(const batch *b, const ic_sum_agg *a)
{
	const lane l = lane_of(b, a);
	EACH_ROW(l, false, *(uint64_t *)(void *)state += word_at(at); ++*(uint64_t *)(void *)(state + 8));
}

static inline double real_at(bool whole, const char *p)
{
	uint64_t bits = word_at(p);
	double d;
	if (whole)
		return (double)(int64_t)bits;
	memcpy(&d, &bits, sizeof d);
	return d;
}

static void sum_real(const batch *b, const ic_sum_agg *a)
{
	const lane l = lane_of(b, a);
	const bool whole = b->s->arg[a->arg].kind == IC_CELL_WHOLE;
	EACH_ROW(l, true, *(double *)(void *)state += real_at(whole, at));
}

static void avg_real(const batch *b, const ic_sum_agg *a)
{
	const lane l = lane_of(b, a);
	const bool whole = b->s->arg[a->arg].kind == IC_CELL_WHOLE;
	EACH_ROW(l, false, *(double *)(void *)state += real_at(whole, at);
		 ++*(uint64_t *)(void *)(state + 8));
}

static void total(const batch *b, const ic_sum_agg *a)
{
	const lane l = lane_of(b, a);
	const bool whole = b->s->arg[a->arg].kind == IC_CELL_WHOLE;
	EACH_ROW(l, false, *(double *)(void *)state += real_at(whole, at));
}

/* Any value is better than that of a new group, or is it: `seen` says so. */
static inline __attribute__((always_inline)) void least_by(const batch *b, const ic_sum_agg *a, bool max,
							   bool seen)
{
	const lane l = lane_of(b, a);
	const int64_t none = (int64_t)a->none;
	const uint32_t seen_at = b->s->seen_at;
	const uint64_t bit = seen ? UINT64_C(1) << a->seen : 0;
	EACH_ROW(l, false, {
		const int64_t v = (int64_t)word_at(at), old = (int64_t)word_at(state);
		const int64_t best = max ? (v > old ? v : old) : (v < old ? v : old);
		memcpy(state, &best, sizeof best);
		if (seen && __builtin_expect(v == none, 0))
			*(uint64_t *)(void *)(entry + seen_at) |= bit;
	});
}

static void least_whole(const batch *b, const ic_sum_agg *a)
{
	const bool seen = a->seen != IC_NO_FLAG;
	if (a->max && seen)
		least_by(b, a, true, true);
	else if (a->max)
		least_by(b, a, true, false);
	else if (seen)
		least_by(b, a, false, true);
	else
		least_by(b, a, false, false);
}

static void least_real(const batch *b, const ic_sum_agg *a)
{
	const lane l = lane_of(b, a);
	const bool max = a->max;
	const uint64_t none = a->none;
	EACH_ROW(l, false, {
		const double v = real_at(false, at), old = real_at(false, state);
		if (word_at(state) == none || ic_sum_real_better(v, old, max))
			memcpy(state, &v, sizeof v);
	});
}

/* ---- sets and lists of cells ------------------------------------------------------------------ */

static inline uint32_t slot_of_cell(uint64_t v, uint32_t slots)
{
	return (uint32_t)(ic_mix(v, 0, ic_hash_seed()) & (slots - 1));
}

static size_t cells_bytes(uint32_t room)
{
	return (size_t)room * 8 + (room > FEW ? (size_t)room * 2 * 4 : 0);
}

static uint32_t *slots_of(const ic_cells *c)
{
	return (uint32_t *)(void *)(c->many + c->room);
}

static bool cells_grow(batch *b, ic_cells *c)
{
	uint32_t room = c->room ? c->room * 2 : 4;
	uint64_t *fresh = room <= UINT32_MAX / 4 ? ic_slab_alloc(&b->part->slab, cells_bytes(room)) : NULL;
	if (!fresh) {
		ic_agg_nomem(&b->ctx);
		return false;
	}
	memcpy(fresh, ic_cells_at(c), (size_t)c->n * 8);
	if (c->room)
		ic_slab_free(&b->part->slab, c->many, cells_bytes(c->room));
	c->many = fresh;
	c->room = room;
	if (room <= FEW)
		return true;
	uint32_t *slot = slots_of(c);
	memset(slot, 0, (size_t)room * 2 * 4);
	for (uint32_t i = 0; i < c->n; i++) {
		uint32_t at = slot_of_cell(fresh[i], room * 2);
		while (slot[at])
			at = (at + 1) & (room * 2 - 1);
		slot[at] = i + 1;
	}
	return true;
}

static void cells_insert(batch *b, ic_cells *c, uint64_t v, uint64_t most)
{
	const uint64_t *item = ic_cells_at(c);
	if (c->room <= FEW) {
		for (uint32_t i = 0; i < c->n; i++) {
			if (item[i] == v)
				return;
		}
	} else {
		const uint32_t *slot = slots_of(c);
		for (uint32_t at = slot_of_cell(v, c->room * 2); slot[at];
		     at = (at + 1) & (c->room * 2 - 1)) {
			if (item[slot[at] - 1] == v)
				return;
		}
	}
	if (c->n >= most)
		return;
	if (c->n == (c->room ? c->room : 1) && !cells_grow(b, c))
		return;
	if (c->room > FEW) {
		uint32_t *slot = slots_of(c), at = slot_of_cell(v, c->room * 2);
		while (slot[at])
			at = (at + 1) & (c->room * 2 - 1);
		slot[at] = c->n + 1;
	}
	(c->room ? c->many : c->one)[c->n++] = v;
}

static inline uint64_t arg_bits(const batch *b, const ic_cell *c, uint32_t r)
{
	if (c->kind == IC_CELL_BOOL)
		return ic_sum_flag(b->s, row_at(b, r), c->flag + 1) + UINT64_C(1);
	return ic_cell_bits(c, row_at(b, r));
}

/* A cell that stands for no value. */
static inline bool is_nothing(const batch *b, const ic_cell *c, uint32_t r)
{
	if (c->flag != IC_NO_FLAG)
		return is_null(b, c, r);
	bool text = c->kind == IC_CELL_TEXT || c->kind == IC_CELL_ADDRESS;
	return !(text && b->s->texts.null_is_empty) && ic_cell_bits(c, row_at(b, r)) == 0;
}

static void add_cells(batch *b, const ic_sum_agg *a)
{
	const ic_cell *c = &b->s->arg[a->arg];
	for (uint32_t r = 0; r < b->n; r++) {
		char *state = b->entry[r] + a->state;
		if (!wanted(b, a, r) || is_nothing(b, c, r))
			continue;
		uint64_t v = arg_bits(b, c, r);
		if (a->how == IC_SUM_DISTINCT) {
			cells_insert(b, (ic_cells *)(void *)state, v, a->most);
			continue;
		}
		ic_agg_list *l = (ic_agg_list *)(void *)state;
		uint64_t *to = l->n < a->most ? ic_agg_list_add(&b->ctx, l, sizeof *to) : NULL;
		if (to)
			*to = v;
	}
}

/* ---- a row of a group --------------------------------------------------------------------------- */

static void keep_cells(const batch *b, const ic_sum_agg *a, uint32_t r, ic_sum_row *state)
{
	uint32_t words = ic_sum_row_words(a->agg);
	state->set = 1;
	memset(state->nulls, 0, words * sizeof *state->nulls);
	for (uint32_t i = 0; i < a->agg->columns; i++) {
		const ic_cell *c = &b->s->arg[a->arg + i];
		if (is_null(b, c, r))
			state->nulls[i >> 6] |= UINT64_C(1) << (i & 63);
		state->nulls[words + i] = c->kind == IC_CELL_CONST ? 0 : arg_bits(b, c, r);
	}
}

static ic_value cell_value(batch *b, const ic_cell *c, uint64_t bits)
{
	ic_value v;
	if (ic_cell_value(&b->s->texts, b->ctx.arena, c->type, c->kind, bits, &v))
		return v;
	ic_agg_nomem(&b->ctx);
	return ic_value_null(c->type);
}

static ic_value arg_value(batch *b, const ic_cell *c, uint32_t r)
{
	if (c->kind == IC_CELL_CONST)
		return *c->constant;
	return is_null(b, c, r) ? ic_value_null(c->type) : cell_value(b, c, arg_bits(b, c, r));
}

/* Whether the row is a better one than that of the group. */
static bool is_better(batch *b, const ic_sum_agg *a, uint32_t r, const ic_sum_row *state)
{
	const ic_cell *c = &b->s->arg[a->arg];
	uint64_t best = state->nulls[ic_sum_row_words(a->agg)];
	bool best_null = state->nulls[0] & 1, null = is_null(b, c, r);
	if (null || (c->kind == IC_CELL_WHOLE && best_null))
		return !null;
	if (c->kind == IC_CELL_WHOLE) {
		int64_t x = (int64_t)arg_bits(b, c, r), y = (int64_t)best;
		return a->max ? x > y : x < y;
	}
	ic_value v = arg_value(b, c, r);
	ic_value old = best_null ? ic_value_null(c->type) : cell_value(b, c, best);
	if (v.null || old.null)
		return !v.null;
	if (v.type == IC_Q_REAL && (isnan(v.d) || isnan(old.d)))
		return !isnan(old.d);
	int order = ic_agg_order(&b->ctx, &v, &old);
	return a->max ? order > 0 : order < 0;
}

static void add_row(batch *b, const ic_sum_agg *a)
{
	bool any = a->agg->fn != IC_AGG_ARG_MAX && a->agg->fn != IC_AGG_ARG_MIN;
	bool last = a->agg->fn == IC_AGG_AQL_LAST;
	for (uint32_t r = 0; r < b->n; r++) {
		ic_sum_row *state = (ic_sum_row *)(void *)(b->entry[r] + a->state);
		if (!wanted(b, a, r))
			continue;
		if (!state->set || last || (!any && is_better(b, a, r, state)))
			keep_cells(b, a, r, state);
	}
}

/* take_any of one column: the first value that says something. */
static void add_any(batch *b, const ic_sum_agg *a)
{
	const ic_cell *c = &b->s->arg[a->arg];
	for (uint32_t r = 0; r < b->n; r++) {
		ic_sum_row *state = (ic_sum_row *)(void *)(b->entry[r] + a->state);
		if (!wanted(b, a, r))
			continue;
		bool text = c->kind == IC_CELL_TEXT || c->kind == IC_CELL_ADDRESS || c->kind == IC_CELL_BYTES;
		bool blank = state->set && (state->nulls[0] & 1 || (text && state->nulls[1] == 0));
		if (!state->set || (blank && !is_null(b, c, r)))
			keep_cells(b, a, r, state);
	}
}

/* Condition and nulls are looked at here. */
static void add_numbers(batch *b, const ic_sum_agg *a)
{
	const ic_cell *c = &b->s->arg[a->arg];
	ic_value arg[2] = { { .type = c->type }, ic_value_bool(true) };
	for (uint32_t r = 0; r < b->n && b->ctx.failed == IC_OK; r++) {
		if (is_null(b, c, r) || !wanted(b, a, r))
			continue;
		arg[0].i = (int64_t)word_at(row_at(b, r) + c->at);
		a->kernel->add(&b->ctx, b->entry[r] + a->state, arg);
	}
}

/* ---- the rest ------------------------------------------------------------------------------------ */

static void add_values(batch *b, const ic_sum_agg *a, ic_value *arg)
{
	for (uint32_t r = 0; r < b->n && b->ctx.failed == IC_OK; r++) {
		for (uint32_t i = 0; i < a->agg->n; i++)
			arg[i] = arg_value(b, &b->s->arg[a->arg + i], r);
		a->kernel->add(&b->ctx, b->entry[r] + a->state, arg);
	}
}

static ic_status add_kernel(batch *b, const ic_sum_agg *a)
{
	ic_value *arg = ic_arena_alloc(b->ctx.arena, (a->agg->n + (size_t)1) * sizeof *arg);
	if (!arg)
		return IC_E_NOMEM;
	add_values(b, a, arg);
	return IC_OK;
}

static ic_status add_one(batch *b, const ic_sum_agg *a)
{
	b->ctx.agg = a->agg;
	bool real = a->agg->n && b->s->arg[a->arg].kind == IC_CELL_REAL;
	switch (a->how) {
	case IC_SUM_COUNT: add_count(b, a); break;
	case IC_SUM_WHOLE: sum_whole(b, a); break;
	case IC_SUM_REAL: sum_real(b, a); break;
	case IC_SUM_AVG_WHOLE: avg_whole(b, a); break;
	case IC_SUM_AVG_REAL: avg_real(b, a); break;
	case IC_SUM_LEAST: (real ? least_real : least_whole)(b, a); break;
	case IC_SUM_TOTAL: total(b, a); break;
	case IC_SUM_DISTINCT:
	case IC_SUM_LIST: add_cells(b, a); break;

	case IC_SUM_NUMBERS: add_numbers(b, a); break;
	case IC_SUM_ROW: {
		bool any = a->agg->fn == IC_AGG_TAKE_ANY || a->agg->fn == IC_AGG_TAKE_ANYIF;
		(any && a->agg->columns == 1 ? add_any : add_row)(b, a);
		break;
	}
	case IC_SUM_KERNEL: return add_kernel(b, a);
	}
	return IC_OK;
}

static ic_status failed(ic_summarize *s, const ic_agg_ctx *c)
{
	if (c->failed == IC_E_NOMEM)
		return IC_E_NOMEM;
	ic_worker w = { .err = &s->err };
	pthread_mutex_lock(&s->texts.lock);
	ic_status st = ic_operator_agg_failed(s->o, &w, c);
	pthread_mutex_unlock(&s->texts.lock);
	return st;
}

ic_status ic_summarize_add(ic_summarize *s, ic_sum_part *p, const char *rows, uint32_t n)
{
	ic_arena arena; /* of values on their way */
	ic_arena_init(&arena, 0, NULL);
	batch b = { .s = s,
		    .part = p,
		    .ctx = { .plan = ic_operator_plan(s->o), .slab = &p->slab, .arena = &arena } };
	ic_status st = IC_OK;
	for (uint32_t at = 0; at < n && st == IC_OK; at += AHEAD) {
		b.rows = rows + at * (size_t)s->row_bytes;
		b.n = n - at < AHEAD ? n - at : AHEAD;
		st = find_groups(&b);
		for (uint32_t i = 0; i < s->aggs && st == IC_OK; i++) {
			st = add_one(&b, &s->agg[i]);
			if (b.ctx.failed != IC_OK)
				st = failed(s, &b.ctx);
		}
		ic_arena_reset(&arena);
	}
	ic_arena_clear(&arena);
	return st;
}

size_t ic_summarize_state_bytes(const ic_sum_agg *a)
{
	switch (a->how) {
	case IC_SUM_COUNT:
	case IC_SUM_WHOLE:
	case IC_SUM_REAL:
	case IC_SUM_LEAST:
	case IC_SUM_TOTAL: return 8;
	case IC_SUM_AVG_WHOLE:
	case IC_SUM_AVG_REAL: return 16;
	case IC_SUM_DISTINCT: return sizeof(ic_cells);
	case IC_SUM_LIST: return sizeof(ic_agg_list);
	case IC_SUM_ROW: return sizeof(ic_sum_row) + (ic_sum_row_words(a->agg) + a->agg->columns) * (size_t)8;

	case IC_SUM_NUMBERS:
	case IC_SUM_KERNEL: break;
	}
	return a->kernel->state_bytes(a->agg);
}
