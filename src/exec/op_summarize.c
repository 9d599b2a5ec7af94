/* SPDX-License-Identifier: Apache-2.0 */
/* summarize and distinct: summarize.h says how. */
#include <stdlib.h>

#include "base/error.h"
#include "base/thread.h"
#include "exec/driver.h"
#include "exec/summarize.h"

enum {
	SLAB_PAGE = 16 << 10,	 /* of a partition */
	WINDOW_BYTES = 20 << 20, /* rows of a window of the exchange */
	BESIDE_MOST = 8,   /* runs that share the bytes of a window: less and the tables leave the cache */
	WINDOW_SHARE = 16, /* of --memory */
	UNITS_MOST = 1 << 24,
	LEAST_MOST = 64,
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
static ic_sum_how how_of(const ic_summarize *s, ic_sum_agg *a, uint32_t least)
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
	case IC_AGG_AQL_SUM: return number && least < LEAST_MOST ? IC_SUM_TOTAL : IC_SUM_KERNEL;
	case IC_AGG_AQL_AVG: return number ? IC_SUM_AVG_REAL : IC_SUM_KERNEL;
	case IC_AGG_MAX:
	case IC_AGG_MAXIF:
	case IC_AGG_AQL_MAX: a->max = true; __attribute__((fallthrough));
	case IC_AGG_MIN:
	case IC_AGG_MINIF:
	case IC_AGG_AQL_MIN: return number && least < LEAST_MOST ? IC_SUM_LEAST : IC_SUM_KERNEL;
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

static void choose_how(ic_summarize *s, ic_sum_agg *a, uint32_t *least)
{
	int condition = ic_agg_condition(a->agg->fn);
	const ic_cell *c = condition >= 0 ? &s->arg[a->arg + (uint32_t)condition] : NULL;
	a->how = how_of(s, a, *least);
	a->condition = IC_NO_FLAG;
	if (c && c->kind != IC_CELL_BOOL)
		a->how = IC_SUM_KERNEL;
	else if (c)
		a->condition = c->flag + 1;
	if (a->how == IC_SUM_TOTAL)
		a->seen = (*least)++;
	if (a->how != IC_SUM_LEAST)
		return;
	ic_qtype type = s->arg[a->arg].type;
	bool bounded = type == IC_Q_DATETIME || type == IC_Q_INT;
	a->seen = bounded ? IC_NO_FLAG : (*least)++;
	s->blank |= bounded;
}

static ic_status lay_out_entry(ic_summarize *s, ic_diag *diag)
{
	uint32_t least = 0;
	for (uint32_t i = 0; i < s->aggs; i++)
		choose_how(s, &s->agg[i], &least);
	size_t at = (s->key_bytes + 7) & ~7u;
	s->first_at = (uint32_t)at;
	at += 8;
	if (least) {
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
	return IC_OK;
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

static ic_status drain(void *ctx, unsigned partition, const char *rows, uint32_t n)
{
	ic_summarize *s = ctx;
	return ic_summarize_add(s, &s->part[partition], rows, n);
}

static ic_status make_tables(ic_summarize *s, bool shared)
{
	ic_budget *budget = ic_operator_config(s->o)->budget;
	s->parts = shared ? IC_PARTITIONS : 1;
	s->part = ic_calloc(s->parts, sizeof *s->part);
	if (!s->part)
		return IC_E_NOMEM;
	for (uint32_t i = 0; i < s->parts; i++) {
		ic_group_init(&s->part[i].groups, s->key_bytes, s->entry_bytes, budget, &s->blocks);
		ic_slab_init(&s->part[i].slab, budget);
		s->part[i].slab.arena.page_size = SLAB_PAGE;
		s->part[i].slab.arena.blocks = &s->blocks;
	}
	if (!shared) {
		s->block = ic_reallocarray(NULL, IC_SUM_BLOCK, s->row_bytes);
		return s->block ? IC_OK : IC_E_NOMEM;
	}
	unsigned workers = ic_operator_workers(s->o);
	s->worker = ic_calloc(workers, sizeof *s->worker);
	unsigned beside = ic_operator_config(s->o)->beside;
	uint64_t window = WINDOW_BYTES / s->row_bytes /
			  (beside < 2		  ? 1
			   : beside < BESIDE_MOST ? beside
						  : BESIDE_MOST);
	uint64_t share = budget && budget->limit ? budget->limit / WINDOW_SHARE / s->row_bytes : window;
	s->x = ic_exchange_new(s->row_bytes, share < window ? share + 1 : window, NULL, drain, s);
	for (unsigned i = 0; s->worker && i < workers; i++)
		s->worker[i].unit = UINT64_MAX;
	return s->worker && s->x ? IC_OK : IC_E_NOMEM;
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

static ic_status say(ic_summarize *s, ic_worker *w, ic_status st)
{
	if (st == IC_E_LIMIT && w->err->code == IC_OK)
		return ic_operator_limit(s->o, w, "more than 4096 different texts of over 64 KiB");
	return st;
}

static ic_status push_alone(ic_operator *o, ic_worker *w, unsigned port, const ic_chunk *c)
{
	ic_summarize *s = o->state;
	ic_vector *v;
	(void)port;
	ic_status st = evaluate(s, w, c, &v);
	s->err = w->err;
	for (uint32_t at = 0; at < c->rows && st == IC_OK; at += IC_SUM_BLOCK) {
		uint32_t n = c->rows - at < IC_SUM_BLOCK ? c->rows - at : IC_SUM_BLOCK;
		st = ic_summarize_pack(s, &w->arena, v, at, n, s->rows << 8, s->block, NULL);
		s->rows += n;
		if (st == IC_OK)
			st = ic_summarize_add(s, &s->part[0], s->block, n);
	}
	return say(s, w, st);
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
	}
	if (unit >= UNITS_MOST || ws->row + c->rows > UINT32_MAX)
		return ic_operator_limit(o, w, "too much input for one %s",
					 o->op->says ? o->op->says : "summarize");
	for (uint32_t at = 0; at < c->rows && st == IC_OK;) {
		if (!ws->parcel && (st = ic_exchange_get(s->x, unit, &ws->parcel)) != IC_OK)
			break;
		ic_parcel *p = ws->parcel;
		uint32_t n = c->rows - at < IC_SUM_BLOCK ? c->rows - at : IC_SUM_BLOCK;
		n = n < p->room - p->n ? n : p->room - p->n;
		st = ic_summarize_pack(s, &w->arena, v, at, n, unit << 40 | ws->row << 8,
				       p->rows + p->n * (size_t)s->row_bytes, p->part + p->n);
		p->n += n;
		at += n;
		ws->row += n;
		if (st == IC_OK && p->n == p->room) {
			ws->parcel = NULL;
			st = ic_exchange_put(s->x, unit, p, w->certain);
		}
	}
	return say(s, w, st);
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
	s->worker[w->number].row = 0;
	if (s->worker[w->number].parcel)
		s->worker[w->number].parcel->n = 0;
	ic_exchange_discard(s->x, unit);
}

static ic_status end(ic_operator *o, ic_worker *w, uint64_t unit)
{
	ic_summarize *s = o->state;
	(void)w;
	ic_exchange_end(s->x, unit);
	return IC_OK;
}

static void abort_all(ic_operator *o, ic_status code)
{
	ic_summarize *s = o->state;
	ic_exchange_abort(s->x, code);
}

/* ---- groups go -------------------------------------------------------------------------------- */

static ic_status drain_rest(void *ctx, unsigned i)
{
	ic_summarize *s = ctx;
	(void)i;
	return ic_exchange_finish(s->x);
}

/* Group number i of those of the partition that go on. */
static char *group_at(const ic_sum_part *p, uint32_t i)
{
	return ic_group_at(&p->groups, p->chosen ? p->chosen[i] : i);
}

static uint32_t group_count(const ic_sum_part *p)
{
	return p->chosen ? p->chosen_n : ic_group_count(&p->groups);
}

/* Groups of all partitions in the order of their first rows: a heap of the partitions, each of which
 * has its groups in that order. */
typedef struct walk {
	const ic_summarize *s;
	struct {
		uint64_t first;
		uint32_t part, at;
	} head[IC_PARTITIONS];
	uint32_t n;
} walk;

static uint64_t first_of(const ic_summarize *s, const char *entry)
{
	uint64_t v;
	memcpy(&v, entry + s->first_at, 8);
	return v;
}

static void sift(walk *k, uint32_t i)
{
	for (;;) {
		uint32_t least = i, left = 2 * i + 1;
		if (left < k->n && k->head[left].first < k->head[least].first)
			least = left;
		if (left + 1 < k->n && k->head[left + 1].first < k->head[least].first)
			least = left + 1;
		if (least == i)
			return;
		__typeof__(k->head[0]) t = k->head[i];
		k->head[i] = k->head[least];
		k->head[least] = t;
		i = least;
	}
}

static void walk_start(walk *k, const ic_summarize *s)
{
	k->s = s;
	k->n = 0;
	for (uint32_t i = 0; i < s->parts; i++) {
		if (group_count(&s->part[i]) == 0)
			continue;
		k->head[k->n].first = first_of(s, group_at(&s->part[i], 0));
		k->head[k->n].part = i;
		k->head[k->n++].at = 0;
	}
	for (uint32_t i = k->n / 2; i-- > 0;)
		sift(k, i);
}

/* NULL: no more. */
static char *walk_next(walk *k, ic_sum_part **part)
{
	if (k->n == 0)
		return NULL;
	*part = &k->s->part[k->head[0].part];
	char *e = group_at(*part, k->head[0].at);
	if (++k->head[0].at < group_count(*part))
		k->head[0].first = first_of(k->s, group_at(*part, k->head[0].at));
	else
		k->head[0] = k->head[--k->n];
	sift(k, 0);
	return e;
}

static ic_status pass_groups(ic_summarize *s, ic_worker *w)
{
	walk *k = ic_malloc(sizeof *k);
	uint32_t columns = s->o->op->out.n, most = ic_summarize_at_once(s);
	if (!k)
		return IC_E_NOMEM;
	walk_start(k, s);
	ic_worker own = *w;
	ic_arena_init(&own.arena, 0, ic_operator_config(s->o)->budget);
	ic_status st = IC_OK;
	while (k->n && st == IC_OK) {
		ic_sum_groups g = { .part = ic_arena_alloc(&own.arena, most * sizeof *g.part),
				    .entry = ic_arena_alloc(&own.arena, most * sizeof *g.entry) };
		ic_vector *col = ic_arena_alloc(&own.arena, (columns + (size_t)1) * sizeof *col);
		if (!g.part || !g.entry || !col) {
			st = IC_E_NOMEM;
			break;
		}
		while (g.n < most && k->n) {
			g.entry[g.n] = walk_next(k, &g.part[g.n]);
			g.n++;
		}
		st = ic_summarize_columns(s, &own, &own.arena, &g, NULL, col);
		ic_chunk c = { .rows = g.n, .columns = columns, .col = col };
		if (st == IC_OK)
			st = ic_operator_pass(s->o, &own, &c);
		ic_arena_reset(&own.arena);
	}
	ic_arena_clear(&own.arena);
	ic_free(k);
	return st;
}

/* ---- a filter behind many groups ------------------------------------------------------------------ */

/* Most queries keep a few of the groups: "where Count > 15". Such a filter, if it speaks of aggregates
 * only, is asked before the groups are put in order and their keys written out, by all workers. */
typedef struct early_filter {
	ic_summarize *s;
	ic_operator *filter;
	bool *needed; /* output columns that it reads */
	pthread_mutex_t lock;
	ic_error *err;
	_Atomic uint64_t dropped;
} early_filter;

static bool reads_aggregates(const ic_summarize *s, const ic_expr *e, bool *needed)
{
	if (e->kind == IC_X_COLUMN) {
		needed[e->column] = true;
		return e->column >= s->keys;
	}
	bool all = true;
	for (uint32_t i = 0; e->kind == IC_X_CALL && i < e->call.n; i++)
		all &= reads_aggregates(s, e->call.arg[i], needed);
	return all;
}

static ic_status ask_some(early_filter *f, ic_worker *w, ic_sum_part *p, uint32_t from, uint32_t n)
{
	const ic_summarize *s = f->s;
	uint32_t columns = s->o->op->out.n;
	ic_sum_groups g = { .n = n,
			    .part = ic_arena_alloc(&w->arena, n * sizeof *g.part),
			    .entry = ic_arena_alloc(&w->arena, n * sizeof *g.entry) };
	ic_vector *col = ic_arena_alloc(&w->arena, (columns + (size_t)1) * sizeof *col);
	if (!g.part || !g.entry || !col)
		return IC_E_NOMEM;
	for (uint32_t i = 0; i < n; i++) {
		g.part[i] = p;
		g.entry[i] = ic_group_at(&p->groups, from + i);
	}
	ic_status st = ic_summarize_columns(f->s, w, &w->arena, &g, f->needed, col);
	ic_chunk c = { .rows = n, .columns = columns, .col = col };
	uint16_t *pick = NULL;
	uint32_t kept = 0;
	if (st == IC_OK)
		st = ic_filter_choose(f->filter, w, &c, &pick, &kept);
	for (uint32_t i = 0; i < kept && st == IC_OK; i++)
		p->chosen[p->chosen_n++] = from + (pick ? pick[i] : i);
	f->dropped += n - kept;
	return st;
}

static ic_status ask_part(void *ctx, unsigned i)
{
	early_filter *f = ctx;
	ic_sum_part *p = &f->s->part[i];
	uint32_t n = ic_group_count(&p->groups);
	if (n == 0)
		return IC_OK;
	if (!(p->chosen = ic_reallocarray(NULL, n, sizeof *p->chosen)))
		return IC_E_NOMEM;
	ic_error err = { .code = IC_OK };
	ic_worker w = { .number = 0, .err = &err, .alone = true };
	ic_arena_init(&w.arena, 0, ic_operator_config(f->s->o)->budget);
	ic_status st = IC_OK;
	for (uint32_t at = 0; at < n && st == IC_OK; at += IC_CHUNK_ROWS) {
		st = ask_some(f, &w, p, at, n - at < IC_CHUNK_ROWS ? n - at : IC_CHUNK_ROWS);
		ic_arena_reset(&w.arena);
	}
	ic_arena_clear(&w.arena);
	if (st != IC_OK && err.code != IC_OK) {
		pthread_mutex_lock(&f->lock);
		*f->err = err;
		pthread_mutex_unlock(&f->lock);
	}
	return st;
}

static ic_status ask_filter(ic_summarize *s, ic_worker *w)
{
	ic_operator *next = s->o->next;
	if (!next || !next->op || next->op->kind != IC_OP_FILTER)
		return IC_OK;
	early_filter f = { .s = s, .filter = next, .err = w->err };
	f.needed = ic_calloc(s->o->op->out.n + (size_t)1, sizeof *f.needed);
	if (!f.needed)
		return IC_E_NOMEM;
	ic_status st = IC_OK;
	if (reads_aggregates(s, next->op->filter.predicate, f.needed)) {
		pthread_mutex_init(&f.lock, NULL);
		st = ic_parallel_for(ic_operator_workers(s->o), s->parts, ask_part, &f);
		pthread_mutex_destroy(&f.lock);
	}
	/* they came out, and went into the filter */
	s->o->rows_out += f.dropped;
	next->rows_in += f.dropped;
	ic_free(f.needed);
	return st;
}

static ic_status finish(ic_operator *o, ic_worker *w, unsigned port)
{
	ic_summarize *s = o->state;
	unsigned workers = ic_operator_workers(o);
	(void)port;
	s->err = w->err;
	ic_status st = s->x ? ic_parallel_for(workers, workers, drain_rest, s) : IC_OK;
	uint64_t groups = 0;
	for (uint32_t i = 0; i < s->parts; i++)
		groups += ic_group_count(&s->part[i].groups);
	/* of nothing, without keys: one row */
	if (st == IC_OK && groups == 0 && s->keys == 0) {
		static const char key[IC_SUM_KEY_BYTES];
		char *entry = ic_group_add(&s->part[0].groups, key, ic_group_hash(key, s->key_bytes));
		if (entry)
			ic_summarize_blank(s, entry);
		else
			st = IC_E_NOMEM;
	}
	if (st == IC_OK && s->x)
		st = ask_filter(s, w);
	return st == IC_OK ? pass_groups(s, w) : st;
}

/* ---- life ------------------------------------------------------------------------------------------ */

static void tables_clear(ic_summarize *s)
{
	for (uint32_t i = 0; s->part && i < s->parts; i++) {
		ic_group_clear(&s->part[i].groups);
		ic_slab_clear(&s->part[i].slab);
		ic_free(s->part[i].chosen);
		s->part[i].chosen = NULL;
	}
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
	tables_clear(s);
	ic_blocks_clear(&s->blocks);
	ic_texts_clear(&s->texts);
	ic_eval_free(s->eval);
	ic_free(s->worker);
	ic_free(s->part);
	ic_free(s->block);
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
	.finish = finish,
	.free = summarize_free,
	.holds = true,
	.ordering = &ordering,
};

static const ic_operator_class alone_class = {
	.push = push_alone,
	.finish = finish,
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
	ic_status st = ic_texts_init(&s->texts, ic_operator_config(o)->budget, null_is_empty);
	if (st == IC_OK)
		st = make_cells(s, diag);
	bool shared = o->shared && fits_exchange(s);
	if (st == IC_OK)
		st = make_tables(s, shared);
	if (shared)
		o->class = &shared_class;
	return st;
}
