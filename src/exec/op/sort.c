/* SPDX-License-Identifier: Apache-2.0 */
/* sort (stable) and top.
 *
 * Every worker keeps the rows that it pushes, in a store of its own, with their numbers in the input; at the
 * end the stores are sorted side by side and merged, ties by number, so that the workers do not matter.
 * Under a memory limit a store that has its share is sorted and goes to a file: sort_merge.c.
 *
 * top keeps a few times as many rows as it wants and throws the others away when there are more; from
 * then on rows that cannot be among the first are not kept at all. */
#include "base/thread.h"
#include "exec/driver.h"
#include "exec/op/sort_order.h"
#include "exec/turns.h"

enum {
	LEAST_KEPT = 8192,	/* of top, before rows are thrown away */
	STORE_SHARE = 4,	/* of the memory limit, that all stores may take */
	STORE_LEAST = 64 << 10, /* bytes of a store that is worth a run of its own */
	TIGHT_ROWS = 1024,	/* handed out at once under a memory limit */
	ROW_BITS = 38,		/* of a row's number: which row of the unit */
};

/* What a worker keeps. */
typedef struct part {
	ic_store store;
	uint64_t unit, row;   /* the unit at hand, rows of it so far */
	uint32_t settled;     /* pages of units that have ended */
	ic_sort_run *spilled; /* runs in the file */
	uint32_t runs, room;
	bool bounded; /* of top: there are enough rows that come before `bound` or with it */
	ic_sort_place bound;
} part;

typedef struct sorter {
	ic_operator *o;
	ic_qtype *type; /* the input's columns, then keys that are made, then the row's number */
	uint32_t columns, inputs;
	ic_sort_order order;
	ic_eval *made;
	ic_expr **made_expr;
	uint32_t mades;
	bool top;
	uint64_t most; /* of top, else UINT64_MAX */
	ic_budget *budget;
	bool null_texts;
	part *part; /* one a worker */
	unsigned parts;
	ic_spill file;
	pthread_mutex_t lock; /* of opening the file */
	ic_turns turns;
} sorter;

static ic_sort_merge merge_of(sorter *s, ic_error *err)
{
	bool tight = s->budget && s->budget->limit;
	return (ic_sort_merge){ .order = &s->order,
				.file = &s->file,
				.budget = s->budget,
				.type = s->type,
				.null_texts = s->null_texts,
				.columns = s->columns,
				.rows = tight ? TIGHT_ROWS : IC_CHUNK_ROWS,
				.err = err };
}

/* ---- runs ------------------------------------------------------------------------------------ */

/* The rows in the store, sorted: of top, the best. */
static ic_status sort_store(sorter *s, part *p, ic_sort_run *ret)
{
	ic_status st = ic_store_seal(&p->store);
	*ret = (ic_sort_run){ .store = &p->store };
	if (st == IC_OK && p->store.rows)
		st = ic_sort_places(&s->order, &p->store, s->budget, &ret->places, &ret->taken);
	if (st == IC_OK)
		ret->n = p->store.rows < s->most ? p->store.rows : s->most;
	return st;
}

static ic_status open_file(sorter *s, ic_error *err)
{
	pthread_mutex_lock(&s->lock);
	ic_status st = s->file.fd < 0 ? ic_spill_open(&s->file, err) : IC_OK;
	pthread_mutex_unlock(&s->lock);
	return st;
}

/* The part's rows become a run in the file. */
static ic_status spill(sorter *s, part *p, ic_error *err)
{
	ic_sort_run run;
	if (p->runs == p->room) {
		uint32_t room = p->room ? p->room * 2 : 16;
		ic_sort_run *more = ic_reallocarray(p->spilled, room, sizeof *more);
		if (!more)
			return IC_E_NOMEM;
		p->spilled = more;
		p->room = room;
	}
	ic_sort_merge m = merge_of(s, err);
	ic_status st = sort_store(s, p, &run);
	if (st == IC_OK)
		st = open_file(s, err);
	if (st == IC_OK)
		st = ic_sort_to_file(&m, &p->store, &run, 1, s->most, &p->spilled[p->runs]);
	else
		ic_sort_run_clear(&run, s->budget);
	p->runs += st == IC_OK;
	ic_store_cut(&p->store, 0);
	return st;
}

static ic_status keep(void *ctx, ic_arena *a, const ic_vector *col, uint32_t rows)
{
	(void)a;
	return ic_store_append(ctx, col, rows);
}

/* Throws away the rows of top that are not among the best, and learns which need not come. */
static ic_status shrink(sorter *s, part *p, ic_error *err)
{
	ic_store best;
	ic_sort_run run = { .n = 0 };
	ic_sort_merge m = merge_of(s, err);
	m.take = keep;
	m.ctx = &best;
	bool ok = ic_store_init(&best, s->type, s->columns, s->null_texts, s->budget);
	ic_status st = ok ? sort_store(s, p, &run) : IC_E_NOMEM;
	if (st == IC_OK) {
		p->bounded = true;
		p->bound = run.places[run.n - 1];
		st = ic_sort_runs(&m, &run, 1, s->most);
	}
	ic_sort_run_clear(&run, s->budget);
	if (st == IC_OK) {
		ic_store t = p->store;
		p->store = best;
		best = t;
	}
	ic_store_clear(&best);
	return st;
}

/* Makes room, where only rows that have taken effect are in the store. */
static ic_status make_room(sorter *s, part *p, ic_error *err)
{
	uint64_t limit = s->budget ? s->budget->limit : 0, bytes = p->store.bytes;
	ic_status st = IC_OK;
	if (s->top && p->store.rows > LEAST_KEPT && p->store.rows / 2 > s->most)
		st = shrink(s, p, err);
	if (st != IC_OK || !limit || bytes < STORE_LEAST)
		return st;
	bytes += p->store.rows * 2 * sizeof(ic_sort_place);
	bool full = s->budget->used > limit / 2 && bytes > limit / STORE_SHARE / s->parts / 4;
	return full || bytes > limit / STORE_SHARE / s->parts ? spill(s, p, err) : IC_OK;
}

/* ---- rows come ------------------------------------------------------------------------------- */

/* Rows that may be among the best: all before the bound, which came first. NULL *pick: all rows. */
static ic_status promising(const sorter *s, const part *p, const ic_vector *col, uint32_t rows, ic_arena *a,
			   uint16_t **pick, uint32_t *n)
{
	const ic_sort_by *k = &s->order.key[0];
	const ic_vector *v = &col[k->column];
	*n = rows;
	*pick = NULL;
	if (!p->bounded)
		return IC_OK;
	*n = 0;
	*pick = ic_arena_alloc(a, rows * sizeof **pick);
	if (!*pick)
		return IC_E_NOMEM;
	for (uint32_t r = 0; r < rows; r++) {
		ic_value value = ic_vector_value(v, r);
		ic_sort_place at = ic_sort_place_of(k, &value, 0);
		bool tie = at.class == p->bound.class && at.prefix == p->bound.prefix;
		if (tie ? s->order.told < s->order.keys
			: at.class < p->bound.class ||
			      (at.class == p->bound.class && at.prefix < p->bound.prefix))
			(*pick)[(*n)++] = (uint16_t)r;
	}
	return IC_OK;
}

/* The columns of the input, the keys that are made, the numbers of the rows. */
static ic_status all_columns(const sorter *s, ic_worker *w, const ic_chunk *c, uint64_t number,
			     ic_vector **ret)
{
	ic_vector *col = ic_arena_alloc(&w->arena, s->columns * sizeof *col);
	ic_vector_out numbers;
	if (!col || !ic_vector_make(&numbers, &w->arena, IC_Q_LONG, c->rows))
		return IC_E_NOMEM;
	if (s->inputs)
		memcpy(col, c->col, s->inputs * sizeof *col);
	ic_status st = s->made ? ic_eval_run(s->made, c, &w->arena, col + s->inputs, w->err) : IC_OK;
	for (uint32_t i = s->inputs; i < s->inputs + s->mades && st == IC_OK; i++) {
		ic_vector plain = col[i];
		if (s->type[i] == IC_Q_STRING && !ic_vector_strings(&col[i], &w->arena, &plain, c->rows))
			st = IC_E_NOMEM;
	}
	for (uint32_t r = 0; r < c->rows; r++)
		numbers.i[r] = (int64_t)(number + r);
	col[s->order.number] = numbers.v;
	col[s->order.number].nulls = NULL;
	*ret = col;
	return st;
}

/* The unit before has ended, so its rows stay; those of this one may have to be thrown away. */
static ic_status begin_unit(sorter *s, part *p, uint64_t unit, ic_error *err)
{
	p->unit = unit;
	p->row = 0;
	ic_status st = ic_store_seal(&p->store);
	if (st == IC_OK)
		st = make_room(s, p, err);
	p->settled = p->store.pages;
	return st;
}

static ic_status push(ic_operator *o, ic_worker *w, unsigned port, const ic_chunk *c)
{
	sorter *s = o->state;
	part *p = &s->part[w->number];
	uint64_t unit = w->alone ? o->unit : w->seq;
	ic_vector *col;
	uint16_t *pick = NULL;
	uint32_t n = 0;
	(void)port;
	if (s->most == 0)
		return IC_E_CLOSED;
	ic_status st = p->unit == unit ? IC_OK : begin_unit(s, p, unit, w->err);
	if (unit >> (63 - ROW_BITS) || (p->row + c->rows) >> ROW_BITS)
		return ic_operator_limit(o, w, "too much input for one sort");
	if (st == IC_OK)
		st = all_columns(s, w, c, unit << ROW_BITS | p->row, &col);
	if (st != IC_OK)
		return st;
	p->row += c->rows;
	st = promising(s, p, col, c->rows, &w->arena, &pick, &n);
	for (uint32_t i = 0; i < s->columns && n < c->rows && st == IC_OK; i++) {
		ic_vector plain = col[i];
		if (!ic_vector_pick(&col[i], &w->arena, &plain, pick, n))
			st = IC_E_NOMEM;
	}
	if (st == IC_OK && n)
		st = ic_store_append(&p->store, col, n);
	if (st == IC_OK && (w->alone || w->certain))
		st = make_room(s, p, w->err);
	return st == IC_E_LIMIT ? ic_operator_limit(o, w, "too many rows to sort") : st;
}

static ic_status flush(ic_operator *o, ic_worker *w, uint64_t unit)
{
	(void)o;
	(void)w;
	(void)unit;
	return IC_OK;
}

static ic_status turn(ic_operator *o, ic_worker *w, uint64_t unit)
{
	sorter *s = o->state;
	(void)w;
	return ic_turns_wait(&s->turns, unit);
}

static void discard(ic_operator *o, ic_worker *w, uint64_t unit)
{
	sorter *s = o->state;
	part *p = &s->part[w->number];
	if (p->unit != unit) /* no row of it came */
		return;
	ic_store_cut(&p->store, p->settled);
	p->row = 0;
}

static ic_status end(ic_operator *o, ic_worker *w, uint64_t unit)
{
	sorter *s = o->state;
	(void)w;
	ic_turns_end(&s->turns, unit);
	return IC_OK;
}

static void abort_all(ic_operator *o, ic_status code)
{
	sorter *s = o->state;
	ic_turns_abort(&s->turns, code);
}

/* ---- rows go --------------------------------------------------------------------------------- */

typedef struct sorting {
	sorter *s;
	ic_sort_run *run; /* of the store of each part */
} sorting;

static ic_status sort_part(void *ctx, unsigned i)
{
	sorting *job = ctx;
	return sort_store(job->s, &job->s->part[i], &job->run[i]);
}

/* All runs of all parts, those of the stores last. */
static ic_status collect(sorter *s, ic_sort_run *run, uint32_t *n)
{
	sorting job = { s, NULL };
	for (unsigned i = 0; i < s->parts; i++) {
		part *p = &s->part[i];
		for (uint32_t k = 0; k < p->runs; k++)
			run[(*n)++] = p->spilled[k];
		p->runs = 0;
	}
	job.run = run + *n;
	*n += s->parts;
	return ic_parallel_for(s->parts, s->parts, sort_part, &job);
}

/* If some are in the file, the stores go there too: what is left of the memory is for merging. */
static ic_status spill_rest(sorter *s, ic_error *err)
{
	ic_status st = IC_OK;
	for (unsigned i = 0; i < s->parts && st == IC_OK && s->file.fd >= 0; i++)
		if (s->part[i].store.rows)
			st = spill(s, &s->part[i], err);
	return st;
}

static ic_status finish(ic_operator *o, ic_worker *w, unsigned port)
{
	sorter *s = o->state;
	uint32_t n = 0, most = s->parts;
	(void)port;
	ic_status st = spill_rest(s, w->err);
	for (unsigned i = 0; i < s->parts; i++)
		most += s->part[i].runs;
	ic_sort_run *run = ic_calloc(most, sizeof *run);
	if (!run)
		return IC_E_NOMEM;
	if (st == IC_OK)
		st = collect(s, run, &n);
	ic_sort_merge m = merge_of(s, w->err);
	m.columns = s->inputs;
	if (st == IC_OK)
		st = ic_sort_pass(&m, &s->part[0].store, run, n, s->most, o, w);
	for (uint32_t i = 0; i < most; i++)
		ic_sort_run_clear(&run[i], s->budget);
	ic_free(run);
	return st;
}

/* ---- life ------------------------------------------------------------------------------------ */

static void part_empty(sorter *s, part *p)
{
	ic_store_cut(&p->store, 0);
	for (uint32_t k = 0; k < p->runs; k++)
		ic_sort_run_clear(&p->spilled[k], s->budget);
	p->runs = 0;
	p->unit = UINT64_MAX;
	p->bounded = false;
}

static void reset(ic_operator *o)
{
	sorter *s = o->state;
	for (unsigned i = 0; i < s->parts; i++)
		part_empty(s, &s->part[i]);
}

static void sort_free(ic_operator *o)
{
	sorter *s = o->state;
	if (!s)
		return;
	for (unsigned i = 0; s->part && i < s->parts; i++) {
		part_empty(s, &s->part[i]);
		ic_store_clear(&s->part[i].store);
		ic_free(s->part[i].spilled);
	}
	ic_spill_close(&s->file);
	ic_turns_clear(&s->turns);
	pthread_mutex_destroy(&s->lock);
	ic_eval_free(s->made);
	ic_free(s->part);
	ic_free(s->made_expr);
	ic_free(s->type);
	ic_free(s->order.key);
	ic_free(s);
}

static const ic_ordering ordering = {
	.flush = flush,
	.turn = turn,
	.discard = discard,
	.end = end,
	.abort = abort_all,
};

/* Of rows that come from several workers. */
static const ic_operator_class shared_class = {
	.push = push,
	.finish = finish,
	.free = sort_free,
	.holds = true,
	.ordering = &ordering,
};

static const ic_operator_class alone_class = {
	.push = push,
	.finish = finish,
	.reset = reset,
	.free = sort_free,
	.holds = true,
};

/* Columns that are keys as they are; the rest is made of each chunk. */
static void choose_keys(sorter *s)
{
	const ic_op *op = s->o->op;
	bool kql = ic_operator_plan(s->o)->language != IC_FN_AQL;
	for (uint32_t i = 0; i < op->out.n; i++)
		s->type[i] = op->out.column[i].type;
	s->columns = s->inputs = op->out.n;
	for (uint32_t i = 0; i < s->order.keys; i++) {
		const ic_sort_key *from = &op->sort.key[i];
		bool text =
		    kql && ic_qtype_is_text(from->key->type); /* addresses are in the order of their text */
		ic_sort_by *k = &s->order.key[i];
		*k = (ic_sort_by){ .type = text ? IC_Q_STRING : from->key->type,
				   .descending = from->descending,
				   .nulls_first = from->nulls_first,
				   .has_nulls = !text };
		if (from->key->kind == IC_X_COLUMN && from->key->type == k->type) {
			k->column = from->key->column;
			continue;
		}
		k->column = s->columns;
		s->type[s->columns++] = k->type;
		s->made_expr[s->mades++] = from->key;
	}
	s->order.number = s->columns;
	s->type[s->columns++] = IC_Q_LONG;
	s->order.told = s->order.keys && ic_sort_is_exact(s->order.key[0].type);
	s->null_texts = !kql;
}

static ic_status make_parts(sorter *s)
{
	s->parts = s->o->shared ? ic_operator_workers(s->o) : 1;
	s->part = ic_calloc(s->parts, sizeof *s->part);
	if (!s->part)
		return IC_E_NOMEM;
	bool ok = true;
	for (unsigned i = 0; i < s->parts; i++) {
		s->part[i].unit = UINT64_MAX;
		ok &= ic_store_init(&s->part[i].store, s->type, s->columns, s->null_texts, s->budget);
	}
	return ok ? IC_OK : IC_E_NOMEM;
}

static ic_status make(ic_operator *o, bool top, ic_diag *diag)
{
	const ic_op *op = o->op;
	sorter *s = ic_calloc(1, sizeof *s);
	if (!s)
		return IC_E_NOMEM;
	o->state = s;
	o->class = o->shared ? &shared_class : &alone_class;
	s->o = o;
	s->top = top;
	s->most = UINT64_MAX;
	if (top)
		s->most = !op->sort.limit.null && op->sort.limit.i > 0 ? (uint64_t)op->sort.limit.i : 0;
	s->budget = ic_operator_config(o)->budget;
	ic_spill_init(&s->file, &o->spilled);
	ic_turns_init(&s->turns);
	pthread_mutex_init(&s->lock, NULL);
	s->order.keys = op->sort.keys;
	s->order.key = ic_calloc(op->sort.keys + (size_t)1, sizeof *s->order.key);
	s->made_expr = ic_calloc(op->sort.keys + (size_t)1, sizeof(*s->made_expr));
	s->type = ic_calloc((size_t)op->out.n + op->sort.keys + 1, sizeof *s->type);
	if (!s->order.key || !s->made_expr || !s->type)
		return IC_E_NOMEM;
	choose_keys(s);
	ic_status st = make_parts(s);
	if (st == IC_OK && s->mades)
		st = ic_eval_new(ic_operator_plan(o), s->made_expr, s->mades, &s->made, diag);
	return st;
}

ic_status ic_make_sort(ic_operator *o, ic_diag *diag)
{
	return make(o, false, diag);
}

ic_status ic_make_top(ic_operator *o, ic_diag *diag)
{
	return make(o, true, diag);
}
