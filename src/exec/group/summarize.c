/* SPDX-License-Identifier: Apache-2.0 */
/* summarize and distinct: summarize.h says how. */
#include <stdlib.h>

#include "exec/driver.h"
#include "exec/group/summarize.h"

enum {
	SLAB_PAGE = 16 << 10,	 /* of a partition */
	WINDOW_BYTES = 20 << 20, /* rows of a window of the exchange */
	BESIDE_MOST = 8,   /* runs that share the bytes of a window: less and the tables leave the cache */
	WINDOW_SHARE = 16, /* of --memory */
	PAGES_SHARE = 8,   /* of --memory, what the first pages of all tables may take; so for the slabs */
	PAGE_LEAST = 1 << 10,
	BLOCK_BYTES = 256 << 10, /* of rows without an exchange, if they go to partitions */
	UNITS_MOST = 1 << 24,
	SEEN_MOST = 64, /* bits of an entry */
	SEEN_FIRST = 8, /* of these beside the place of the first row */
};

/* ---- making ------------------------------------------------------------------------------ */

static uint32_t add_expr(ic_summarize *s, ic_expr *e)
{
	for (uint32_t i = 0; i < s->exprs; i++) {
		const ic_expr *x = s->expr[i];
		if (x == e || (x->kind == IC_X_COLUMN && e->kind == IC_X_COLUMN && x->column == e->column))
			return i;
	}
	s->expr[s->exprs] = e;
	return s->exprs++;
}

static ic_cell_kind kind_of(ic_qtype t, bool key)
{
	switch (t) {
	case IC_Q_BOOL: return IC_CELL_BOOL;
	case IC_Q_INT: return key ? IC_CELL_SMALL : IC_CELL_WHOLE;
	case IC_Q_LONG:
	case IC_Q_DATETIME:
	case IC_Q_TIMESPAN: return IC_CELL_WHOLE;
	case IC_Q_REAL: return IC_CELL_REAL;
	case IC_Q_STRING: return IC_CELL_TEXT;
	case IC_Q_IP: return IC_CELL_ADDRESS;
	case IC_Q_DYNAMIC: return key ? IC_CELL_BYTES : IC_CELL_POINTER;
	case IC_Q_DECIMAL:
	case IC_Q_GUID:
	case IC_Q_NULL:
	case IC_QTYPES: break;
	}
	return IC_CELL_BYTES;
}

static ic_cell cell_of(ic_summarize *s, ic_expr *e, bool key)
{
	ic_cell c = { .type = e->type, .flag = IC_NO_FLAG };
	if (e->kind == IC_X_CONST) {
		c.kind = IC_CELL_CONST;
		c.constant = &e->value;
		return c;
	}
	c.kind = kind_of(e->type, key);
	c.expr = add_expr(s, e);
	return c;
}

static void add_args(ic_summarize *s, ic_sum_agg *a)
{
	static const ic_value nothing = { .type = IC_Q_NULL, .null = true };
	a->arg = s->args;
	bool rows_only = a->agg->fn == IC_AGG_COUNT || a->agg->fn == IC_AGG_AQL_COUNT;
	for (uint32_t i = 0; i < a->agg->n; i++, s->args++) {
		ic_cell *c = &s->arg[s->args];
		*c = rows_only ? (ic_cell){ .kind = IC_CELL_CONST, .constant = &nothing, .flag = IC_NO_FLAG }
			       : cell_of(s, a->agg->arg[i], false);
		c->same = s->args;
		for (uint32_t k = 0; k < s->args && c->kind != IC_CELL_CONST; k++) {
			if (s->arg[k].kind == c->kind && s->arg[k].expr == c->expr) {
				c->same = s->arg[k].same;
				break;
			}
		}
	}
}

/* All columns of the row can be cells. */
static bool row_of_cells(const ic_summarize *s, const ic_sum_agg *a)
{
	for (uint32_t i = 0; i < a->agg->n; i++) {
		if (s->arg[a->arg + i].kind == IC_CELL_POINTER)
			return false;
	}
	return a->agg->columns <= a->agg->n && s->arg[a->arg].kind != IC_CELL_CONST;
}

static uint64_t items_most(const ic_agg *agg)
{
	enum { ITEMS_MOST = 1048576 };
	uint32_t at = ic_agg_condition(agg->fn) < 0 ? 1 : 2;
	if (at >= agg->n || agg->arg[at]->kind != IC_X_CONST || agg->arg[at]->value.null)
		return ITEMS_MOST;
	int64_t n = agg->arg[at]->value.i;
	return n < 0 || n > ITEMS_MOST ? ITEMS_MOST : (uint64_t)n;
}

/* How the aggregate is computed where its argument is a cell of this kind. */
static ic_sum_how how_of(const ic_summarize *s, ic_sum_agg *a)
{
	ic_cell_kind kind = a->agg->n ? s->arg[a->arg].kind : IC_CELL_CONST;
	bool whole = kind == IC_CELL_WHOLE, number = whole || kind == IC_CELL_REAL;
	switch (a->agg->fn) {
	case IC_AGG_COUNT:
	case IC_AGG_COUNTIF:
	case IC_AGG_AQL_COUNT: return IC_SUM_COUNT;
	case IC_AGG_SUM:
	case IC_AGG_SUMIF:
		if (whole && a->agg->type != IC_Q_REAL)
			return IC_SUM_WHOLE;
		return number && a->agg->type == IC_Q_REAL ? IC_SUM_REAL : IC_SUM_KERNEL;
	case IC_AGG_AVG:
	case IC_AGG_AVGIF: return whole ? IC_SUM_AVG_WHOLE : number ? IC_SUM_AVG_REAL : IC_SUM_KERNEL;
	case IC_AGG_AQL_SUM: return number ? IC_SUM_TOTAL : IC_SUM_KERNEL;
	case IC_AGG_AQL_AVG: return number ? IC_SUM_AVG_REAL : IC_SUM_KERNEL;
	case IC_AGG_MAX:
	case IC_AGG_MAXIF:
	case IC_AGG_AQL_MAX: a->max = true; __attribute__((fallthrough));
	case IC_AGG_MIN:
	case IC_AGG_MINIF:
	case IC_AGG_AQL_MIN: return number ? IC_SUM_LEAST : IC_SUM_KERNEL;
	case IC_AGG_DCOUNT:
	case IC_AGG_DCOUNTIF:
	case IC_AGG_COUNT_DISTINCT:
	case IC_AGG_COUNT_DISTINCTIF:
	case IC_AGG_AQL_UNIQUECOUNT: a->most = INT32_MAX; break;
	case IC_AGG_MAKE_SET:
	case IC_AGG_MAKE_SET_IF: a->most = items_most(a->agg); break;
	case IC_AGG_MAKE_LIST:
	case IC_AGG_MAKE_LIST_IF:
		a->most = items_most(a->agg);
		return kind != IC_CELL_CONST && kind != IC_CELL_POINTER ? IC_SUM_LIST : IC_SUM_KERNEL;
	case IC_AGG_ARG_MAX: a->max = true; __attribute__((fallthrough));
	case IC_AGG_ARG_MIN:
	case IC_AGG_TAKE_ANY:
	case IC_AGG_TAKE_ANYIF:
	case IC_AGG_AQL_FIRST:

	case IC_AGG_AQL_LAST: return row_of_cells(s, a) ? IC_SUM_ROW : IC_SUM_KERNEL;
	case IC_AGG_PERCENTILE:
	case IC_AGG_PERCENTILES:
	case IC_AGG_PERCENTILES_ARRAY:
	case IC_AGG_STDEV:
	case IC_AGG_STDEVIF:
	case IC_AGG_STDEVP:
	case IC_AGG_STDEVPIF:
	case IC_AGG_VARIANCE:
	case IC_AGG_VARIANCEIF:
	case IC_AGG_VARIANCEP:
	case IC_AGG_VARIANCEPIF:
	case IC_AGG_AQL_STDEV:
	case IC_AGG_AQL_STDEVP: return number ? IC_SUM_NUMBERS : IC_SUM_KERNEL;
	default: return IC_SUM_KERNEL;
	}
	return kind != IC_CELL_CONST && kind != IC_CELL_POINTER ? IC_SUM_DISTINCT : IC_SUM_KERNEL;
}

/* A sum starts with the zero that changes nothing, not even the sign of a zero: no sum of values is it, as no value is
 * (see real_bits). The least of reals starts with a NaN that no value is. For whole numbers there is no such state, but
 * dates and ints are never so far out. */
static uint64_t none_of(const ic_summarize *s, const ic_sum_agg *a)
{
	if (a->how == IC_SUM_TOTAL)
		return UINT64_C(1) << 63;
	if (s->arg[a->arg].kind == IC_CELL_REAL)
		return IC_NULL_REAL;
	return (uint64_t)(a->max ? INT64_MIN : INT64_MAX);
}

static void choose_how(ic_summarize *s, ic_sum_agg *a, uint32_t *bits)
{
	int condition = ic_agg_condition(a->agg->fn);
	const ic_cell *c = condition >= 0 ? &s->arg[a->arg + (uint32_t)condition] : NULL;
	a->how = how_of(s, a);
	a->condition = a->seen = IC_NO_FLAG;
	if (c && c->kind != IC_CELL_BOOL)
		a->how = IC_SUM_KERNEL;
	else if (c)
		a->condition = c->flag + 1;
	if (a->how != IC_SUM_LEAST && a->how != IC_SUM_TOTAL)
		return;
	a->none = none_of(s, a);
	ic_qtype type = s->arg[a->arg].type;
	if (a->how == IC_SUM_TOTAL || type == IC_Q_REAL || type == IC_Q_DATETIME || type == IC_Q_INT)
		return;
	if (*bits == SEEN_MOST)
		a->how = IC_SUM_KERNEL;
	else
		a->seen = (*bits)++;
}

/* What an entry of a new group starts as behind its key, where that is not all zeros. */
static ic_status make_fresh(ic_summarize *s)
{
	for (uint32_t i = 0; i < s->aggs; i++) {
		const ic_sum_agg *a = &s->agg[i];
		if (a->how != IC_SUM_LEAST && a->how != IC_SUM_TOTAL)
			continue;
		if (!s->fresh && !(s->fresh = ic_calloc(1, s->entry_bytes)))
			return IC_E_NOMEM;
		memcpy(s->fresh + a->state, &a->none, sizeof a->none);
	}
	return IC_OK;
}

static ic_status lay_out_entry(ic_summarize *s, ic_diag *diag)
{
	uint32_t bits = 0;
	for (uint32_t i = 0; i < s->aggs; i++)
		choose_how(s, &s->agg[i], &bits);
	size_t at = (s->key_bytes + 7) & ~7u;
	s->first_at = s->seen_at = (uint32_t)at;
	at += 8;
	if (bits > SEEN_FIRST) {
		s->seen_at = (uint32_t)at;
		at += 8;
	}
	for (uint32_t i = 0; i < s->aggs && at < IC_SUM_ENTRY_BYTES; i++) {
		s->agg[i].state = (uint32_t)at;
		at += ic_summarize_state_bytes(&s->agg[i]);
	}
	if (at >= IC_SUM_ENTRY_BYTES)
		return ic_diag_fail(diag, IC_DIAG_LIMIT, s->o->op->at, 1, "too many aggregates in one %s",
				    s->o->op->says ? s->o->op->says : "summarize");
	s->entry_bytes = (uint32_t)at;
	return make_fresh(s);
}

static ic_status make_aggs(ic_summarize *s, ic_diag *diag)
{
	const ic_op *op = s->o->op;
	uint32_t out = s->keys;
	for (uint32_t i = 0; i < s->aggs; i++) {
		ic_sum_agg *a = &s->agg[i];
		a->agg = &op->summarize.agg[i];
		a->kernel = ic_operator_aggregate(s->o, a->agg->fn);
		a->out = out;
		out += a->agg->columns;
		if (!a->kernel)
			return ic_diag_fail(diag, IC_DIAG_UNSUPPORTED, a->agg->at, 1,
					    "%s() cannot be used here", ic_aggregates[a->agg->fn].name);
		add_args(s, a);
	}
	return IC_OK;
}

static ic_status make_cells(ic_summarize *s, ic_diag *diag)
{
	const ic_op *op = s->o->op;
	size_t args = 0;
	for (uint32_t i = 0; i < op->summarize.aggs; i++)
		args += op->summarize.agg[i].n;
	s->keys = op->summarize.keys;
	s->aggs = op->summarize.aggs;
	s->key = ic_calloc(s->keys + (size_t)1, sizeof *s->key);
	s->arg = ic_calloc(args + 1, sizeof *s->arg);
	s->agg = ic_calloc(s->aggs + (size_t)1, sizeof *s->agg);
	s->expr = ic_calloc(s->keys + args + 1, sizeof(*s->expr));
	if (!s->key || !s->arg || !s->agg || !s->expr)
		return IC_E_NOMEM;
	for (uint32_t i = 0; i < s->keys; i++)
		s->key[i] = cell_of(s, op->summarize.key[i], true);
	ic_status st = make_aggs(s, diag);
	if (st != IC_OK)
		return st;
	ic_summarize_layout(s);
	st = lay_out_entry(s, diag);
	if (st == IC_OK)
		st = ic_eval_new(ic_operator_plan(s->o), s->expr, s->exprs, &s->eval, diag);
	return st;
}

/* Whether rows of several workers may come at once. */
static bool fits_exchange(const ic_summarize *s)
{
	for (uint32_t i = 0; i < s->args; i++) {
		if (s->arg[i].kind == IC_CELL_POINTER)
			return false;
	}
	return s->row_bytes <= IC_SUM_ROW_BYTES;
}

/* Rows for which there may be no memory. Keeps the first thing that is to be said of a failure. */
static ic_status drain_limited(ic_summarize *s, unsigned partition, const char *rows, uint32_t n)
{
	ic_error err = { .code = IC_OK };
	bool on = false;
	ic_status st = ic_sum_spill_look(s, &err, &on);
	if (st == IC_OK)
		st = on ? ic_sum_spill_late(s, partition, rows, n, &err)
			: ic_summarize_add(s, &s->part[partition], rows, n);
	if (st == IC_OK || err.code == IC_OK)
		return st;
	pthread_mutex_lock(&s->texts.lock);
	if (s->err.code == IC_OK)
		s->err = err;
	pthread_mutex_unlock(&s->texts.lock);
	return st;
}

static ic_status drain(void *ctx, unsigned partition, const char *rows, uint32_t n)
{
	ic_summarize *s = ctx;
	if (s->spill)
		return drain_limited(s, partition, rows, n);
	return ic_summarize_add(s, &s->part[partition], rows, n);
}

/* Pages of 256 tables are small where memory is. */
static size_t page_most(const ic_summarize *s, size_t usual)
{
	uint64_t share = s->spill ? s->own.whole->limit / IC_PARTITIONS / PAGES_SHARE : usual;
	return share > usual ? usual : share < PAGE_LEAST ? PAGE_LEAST : (size_t)share;
}

static ic_status make_block(ic_summarize *s)
{
	s->block_room = IC_SUM_BLOCK;
	if (s->spill) {
		uint32_t room = BLOCK_BYTES / s->row_bytes;
		s->block_room = room < 1 ? 1 : room > IC_CHUNK_ROWS ? IC_CHUNK_ROWS : room;
		s->sorted = ic_reallocarray(NULL, s->block_room, s->row_bytes);
		s->block_part = ic_malloc(s->block_room);
		if (!s->sorted || !s->block_part)
			return IC_E_NOMEM;
	}
	s->block = ic_reallocarray(NULL, s->block_room, s->row_bytes);
	return s->block ? IC_OK : IC_E_NOMEM;
}

static ic_status make_exchange(ic_summarize *s)
{
	unsigned workers = ic_operator_workers(s->o), beside = ic_operator_config(s->o)->beside;
	s->worker = ic_calloc(workers, sizeof *s->worker);
	uint64_t window = WINDOW_BYTES / s->row_bytes /
			  (beside < 2		  ? 1
			   : beside < BESIDE_MOST ? beside
						  : BESIDE_MOST);
	const ic_budget *budget = ic_operator_config(s->o)->budget;
	uint64_t share = budget && budget->limit ? budget->limit / WINDOW_SHARE / s->row_bytes : window;
	s->x = ic_exchange_new(s->row_bytes, share < window ? share + 1 : window, false, drain, s);
	for (unsigned i = 0; s->worker && i < workers; i++)
		s->worker[i].unit = UINT64_MAX;
	return s->worker && s->x ? IC_OK : IC_E_NOMEM;
}

static ic_status make_tables(ic_summarize *s, bool shared)
{
	s->parts = shared || s->spill ? IC_PARTITIONS : 1;
	s->part = ic_calloc(s->parts, sizeof *s->part);
	if (!s->part)
		return IC_E_NOMEM;
	for (uint32_t i = 0; i < s->parts; i++) {
		ic_sum_part *p = &s->part[i];
		ic_group_init(&p->groups, s->key_bytes, s->entry_bytes, s->budget, &s->blocks);
		p->groups.fresh = s->fresh;
		if (s->spill)
			ic_group_small_pages(&p->groups, page_most(s, SLAB_PAGE));
		ic_slab_init(&p->slab, s->budget);
		p->slab.arena.page_size = page_most(s, SLAB_PAGE);
		p->slab.arena.blocks = &s->blocks;
	}
	if (!shared)
		return make_block(s);
	ic_status st = make_exchange(s);
	return st == IC_OK && !s->spill ? ic_sum_near_new(s) : st;
}

/* ---- rows come ------------------------------------------------------------------------------ */

static ic_status evaluate(ic_summarize *s, ic_worker *w, const ic_chunk *c, ic_vector **ret)
{
	ic_vector *v = ic_arena_alloc(&w->arena, (s->exprs + (size_t)1) * sizeof *v);
	if (!v)
		return IC_E_NOMEM;
	ic_status st = s->exprs ? ic_eval_run(s->eval, c, &w->arena, v, w->err) : IC_OK;
	for (uint32_t i = 0; i < s->exprs && st == IC_OK; i++) {
		ic_vector plain = v[i];
		if (s->expr[i]->type == IC_Q_STRING && !ic_vector_strings(&v[i], &w->arena, &plain, c->rows))
			st = IC_E_NOMEM;
	}
	*ret = v;
	return st;
}

ic_status ic_summarize_say(ic_summarize *s, ic_worker *w, ic_status st)
{
	if (st == IC_OK || w->err->code != IC_OK)
		return st;
	pthread_mutex_lock(&s->texts.lock);
	if (s->err.code == st)
		*w->err = s->err;
	pthread_mutex_unlock(&s->texts.lock);
	if (st == IC_E_LIMIT && w->err->code == IC_OK)
		return ic_operator_limit(s->o, w, "more than 4096 different texts of over 64 KiB");
	return st;
}

/* The rows of the block to their tables. */
static ic_status add_block(ic_summarize *s)
{
	uint32_t n = s->block_n, end[IC_PARTITIONS] = { 0 }, sum = 0;
	const size_t size = s->row_bytes;
	s->block_n = 0;
	if (!s->spill)
		return ic_summarize_add(s, &s->part[0], s->block, n);
	for (uint32_t r = 0; r < n; r++)
		end[s->block_part[r]]++;
	for (uint32_t i = 0; i < IC_PARTITIONS; i++) {
		uint32_t rows = end[i];
		end[i] = sum;
		sum += rows;
	}
	for (uint32_t r = 0; r < n; r++)
		memcpy(s->sorted + end[s->block_part[r]]++ * size, s->block + r * size, size);
	ic_status st = IC_OK;
	for (uint32_t i = 0, from = 0; i < IC_PARTITIONS && st == IC_OK; from = end[i++])
		if (end[i] > from)
			st = ic_summarize_add(s, &s->part[i], s->sorted + from * size, end[i] - from);
	return st;
}

/* Packs n rows of the vectors from `at` on. */
static ic_status pack_alone(ic_summarize *s, ic_worker *w, const ic_vector *v, uint32_t at, uint32_t n)
{
	char *rows = s->block + s->block_n * (size_t)s->row_bytes;
	ic_status st = s->spill ? ic_sum_spill_pack(s, &w->arena, v, at, n, s->rows << 8, rows,
						    s->block_part + s->block_n)
				: ic_summarize_pack(s, &w->arena, v, at, n, s->rows << 8, rows, NULL);
	s->block_n += n;
	return st == IC_OK && s->block_n == s->block_room ? add_block(s) : st;
}

static ic_status push_alone(ic_operator *o, ic_worker *w, unsigned port, const ic_chunk *c)
{
	ic_summarize *s = o->state;
	ic_vector *v;
	bool on = false;
	(void)port;
	ic_status st = evaluate(s, w, c, &v);
	for (uint32_t at = 0, n; at < c->rows && st == IC_OK; at += n, s->rows += n) {
		uint32_t room = s->block_room - s->block_n;
		n = c->rows - at < IC_SUM_BLOCK ? c->rows - at : IC_SUM_BLOCK;
		n = n < room ? n : room;
		if (s->spill)
			st = ic_sum_spill_look(s, w->err, &on);
		if (st == IC_OK && on)
			st = ic_sum_spill_push(s, 0, &w->arena, v, at, n, s->rows << 8, true, w->err);
		else if (st == IC_OK)
			st = pack_alone(s, w, v, at, n);
	}
	if (st == IC_OK && s->block_n) /* rows may point into the chunk */
		st = add_block(s);
	return ic_summarize_say(s, w, st);
}

static ic_status pack_shared(ic_summarize *s, ic_worker *w, const ic_vector *v, uint32_t at, uint32_t n,
			     uint64_t place)
{
	ic_sum_worker *ws = &s->worker[w->number];
	ic_status st = IC_OK;
	for (uint32_t some; n && st == IC_OK; at += some, n -= some, place += (uint64_t)some << 8) {
		if (!ws->parcel && (st = ic_exchange_get(s->x, ws->unit, &ws->parcel)) != IC_OK)
			break;
		ic_parcel *p = ws->parcel;
		some = n < p->room - p->n ? n : p->room - p->n;
		st = (s->spill ? ic_sum_spill_pack : ic_summarize_pack)(
		    s, &w->arena, v, at, some, place, p->rows + p->n * (size_t)s->row_bytes, p->part + p->n);
		p->n += some;
		if (st == IC_OK && p->n == p->room) {
			ws->parcel = NULL;
			st = ic_exchange_put(s->x, ws->unit, p, w->certain);
		}
	}
	return st;
}

/* At most IC_SUM_BLOCK rows. */
static ic_status push_some(ic_summarize *s, ic_worker *w, const ic_vector *v, uint32_t at, uint32_t n,
			   uint64_t place)
{
	bool done = false;
	ic_status st = IC_OK;
	if (s->worker[w->number].is_near)
		st = ic_sum_near_push(s, w, v, at, n, place, &done);
	else if (s->spill)
		st = ic_sum_spill_look(s, w->err, &done);
	if (st == IC_OK && done && s->spill)
		st = ic_sum_spill_push(s, w->number, &w->arena, v, at, n, place, w->alone || w->certain,
				       w->err);
	return st == IC_OK && !done ? pack_shared(s, w, v, at, n, place) : st;
}

static ic_status push_shared(ic_operator *o, ic_worker *w, unsigned port, const ic_chunk *c)
{
	ic_summarize *s = o->state;
	ic_sum_worker *ws = &s->worker[w->number];
	uint64_t unit = w->alone ? o->unit : w->seq;
	ic_vector *v;
	(void)port;
	ic_status st = evaluate(s, w, c, &v);
	if (ws->unit != unit) {
		ws->unit = unit;
		ws->row = 0;
		if (s->spill)
			ic_sum_spill_settle(s, w->number);
	}
	if (unit >= UNITS_MOST || ws->row + c->rows > UINT32_MAX)
		return ic_operator_limit(o, w, "too much input for one %s",
					 o->op->says ? o->op->says : "summarize");
	for (uint32_t at = 0, n; at < c->rows && st == IC_OK; at += n, ws->row += n) {
		n = c->rows - at < IC_SUM_BLOCK ? c->rows - at : IC_SUM_BLOCK;
		st = push_some(s, w, v, at, n, unit << 40 | ws->row << 8);
	}
	return ic_summarize_say(s, w, st);
}

static ic_status flush(ic_operator *o, ic_worker *w, uint64_t unit)
{
	ic_summarize *s = o->state;
	ic_parcel *p = s->worker[w->number].parcel;
	s->worker[w->number].parcel = NULL;
	return p ? ic_exchange_put(s->x, unit, p, w->certain) : IC_OK;
}

static ic_status turn(ic_operator *o, ic_worker *w, uint64_t unit)
{
	ic_summarize *s = o->state;
	(void)w;
	return ic_exchange_turn(s->x, unit);
}

static void discard(ic_operator *o, ic_worker *w, uint64_t unit)
{
	ic_summarize *s = o->state;
	ic_sum_worker *ws = &s->worker[w->number];
	ws->row = 0;
	if (ws->parcel)
		ws->parcel->n = 0;
	if (s->spill && ws->unit == unit) /* else no row of it came */
		ic_sum_spill_discard(s, w->number);
	ic_sum_near_discard(s, w->number);
	ic_exchange_discard(s->x, unit);
}

static ic_status end(ic_operator *o, ic_worker *w, uint64_t unit)
{
	ic_summarize *s = o->state;
	ic_status st = ic_sum_near_end(s, w->number);
	ic_exchange_end(s->x, unit);
	return st;
}

static void abort_all(ic_operator *o, ic_status code)
{
	ic_summarize *s = o->state;
	ic_exchange_abort(s->x, code);
}

/* ---- life ------------------------------------------------------------------------------------------ */

static void tables_clear(ic_summarize *s)
{
	for (uint32_t i = 0; s->part && i < s->parts; i++)
		ic_sum_part_clear(&s->part[i]);
}

static void summarize_free(ic_operator *o)
{
	ic_summarize *s = o->state;
	if (!s)
		return;
	for (unsigned i = 0; s->worker && s->x && i < ic_operator_workers(o); i++) {
		ic_parcel *p = s->worker[i].parcel;
		if (p) { /* of a run that failed */
			p->n = 0;
			(void)ic_exchange_put(s->x, 0, p, false);
		}
	}
	ic_exchange_free(s->x);
	ic_sum_near_free(s);
	tables_clear(s);
	ic_sum_spill_free(s);
	ic_blocks_clear(&s->blocks);
	ic_texts_clear(&s->texts);
	ic_eval_free(s->eval);
	ic_free(s->worker);
	ic_free(s->part);
	ic_free(s->block);
	ic_free(s->fresh);
	ic_free(s->sorted);
	ic_free(s->block_part);
	ic_free(s->key);
	ic_free(s->arg);
	ic_free(s->agg);
	ic_free(s->expr);
	ic_free(s);
}

static void reset_alone(ic_operator *o)
{
	ic_summarize *s = o->state;
	tables_clear(s);
	s->rows = 0;
	s->block_n = 0;
}

static const ic_ordering ordering = {
	.flush = flush,
	.turn = turn,
	.discard = discard,
	.end = end,
	.abort = abort_all,
};

static const ic_operator_class shared_class = {
	.push = push_shared,
	.finish = ic_summarize_finish,
	.free = summarize_free,
	.holds = true,
	.ordering = &ordering,
};

static const ic_operator_class alone_class = {
	.push = push_alone,
	.finish = ic_summarize_finish,
	.free = summarize_free,
	.reset = reset_alone,
	.holds = true,
};

ic_status ic_make_summarize(ic_operator *o, ic_diag *diag)
{
	ic_summarize *s = ic_calloc(1, sizeof *s);
	if (!s)
		return IC_E_NOMEM;
	s->o = o;
	ic_blocks_init(&s->blocks);
	o->state = s;
	o->class = &alone_class;
	bool null_is_empty = ic_operator_plan(o)->language != IC_FN_AQL;
	ic_budget *budget = ic_operator_config(o)->budget;
	/* the body of mv-apply sees few rows, and often */
	bool limited = budget && budget->limit && !o->exec->nested;
	s->own.whole = budget;
	s->budget = limited ? &s->own : budget;
	ic_status st = ic_texts_init(&s->texts, s->budget, null_is_empty);
	if (st == IC_OK)
		st = make_cells(s, diag);
	if (st == IC_OK && limited)
		st = ic_sum_spill_new(s);
	bool shared = o->shared && fits_exchange(s);
	if (st == IC_OK)
		st = make_tables(s, shared);
	if (shared)
		o->class = &shared_class;
	return st;
}
