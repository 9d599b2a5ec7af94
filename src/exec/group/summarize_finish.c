/* SPDX-License-Identifier: Apache-2.0 */
/* Groups go: in the order of their first rows, those that a filter behind them lets through. */
#include "base/thread.h"
#include "exec/driver.h"
#include "exec/group/summarize.h"

enum {
	AHEAD = 2, /* groups of a partition, */
	FETCH_BYTES = 256,
	ASK_PAGE = 512 << 10, /* the columns of a chunk of groups: kept from one to the next */
};

/* Of nothing, without keys, there is one group. */
static ic_status add_nothing(ic_summarize *s, uint32_t part)
{
	static const char key[IC_SUM_KEY_BYTES];
	int is_new;
	bool added = s->keys || ic_group_upsert(&s->part[part].groups, key, ic_group_hash(key, s->key_bytes),
						&is_new) != NULL;
	return added ? IC_OK : IC_E_NOMEM;
}

/* ---- groups in memory ----------------------------------------------------------------------------- */

void ic_sum_part_clear(ic_sum_part *p)
{
	ic_group_clear(&p->groups);
	ic_slab_clear(&p->slab);
	ic_free(p->chosen);
	p->chosen = NULL;
	p->chosen_n = 0;
}

/* Groups of all partitions in the order of their first rows: a heap of the partitions, each of which
 * has its groups in that order. */
typedef struct walk_head {
	uint64_t first;
	uint32_t part, at;
} walk_head;

typedef struct walk {
	const ic_summarize *s;
	walk_head head[IC_PARTITIONS];
	uint32_t n;
} walk;

/* What stands at i goes to its place: along the lesser ones down to the end, where most groups that follow
 * belong, and back up from there. */
static void sift(walk *k, uint32_t i)
{
	const walk_head moved = k->head[i];
	const uint32_t top = i;
	for (uint32_t next = 2 * i + 1; next < k->n; i = next, next = 2 * i + 1) {
		if (next + 1 < k->n)
			next += k->head[next + 1].first < k->head[next].first;
		k->head[i] = k->head[next];
	}
	for (; i > top && moved.first < k->head[(i - 1) / 2].first; i = (i - 1) / 2)
		k->head[i] = k->head[(i - 1) / 2];
	k->head[i] = moved;
}

/* The groups lie anywhere in much memory: they are on their way before their turn comes. Inline, as gcc leaves out
 * calls of a function that does nothing else. */
static inline __attribute__((always_inline)) void fetch(const walk *k, const ic_sum_part *p, uint32_t i)
{
	if (i >= ic_sum_group_count(p))
		return;
	const char *e = ic_sum_group(p, i);
	for (uint32_t at = 0; at < k->s->entry_bytes && at < FETCH_BYTES; at += 64)
		__builtin_prefetch(e + at);
}

static void walk_start(walk *k, const ic_summarize *s)
{
	k->s = s;
	k->n = 0;
	for (uint32_t i = 0; i < s->parts * AHEAD; i++)
		fetch(k, &s->part[i / AHEAD], i % AHEAD);
	for (uint32_t i = 0; i < s->parts; i++) {
		if (ic_sum_group_count(&s->part[i]) == 0)
			continue;
		k->head[k->n].first = ic_sum_first(s, ic_sum_group(&s->part[i], 0));
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
	char *e = ic_sum_group(*part, k->head[0].at);
	fetch(k, *part, k->head[0].at + AHEAD);
	if (++k->head[0].at < ic_sum_group_count(*part))
		k->head[0].first = ic_sum_first(k->s, ic_sum_group(*part, k->head[0].at));
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
	ic_operator *filter;   /* NULL: there is none to ask */
	bool *needed;	       /* output columns that it reads */
	_Atomic uint32_t next; /* of the partitions that are to be asked, */
	uint32_t end;	       /* behind the last of them */
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

static ic_status ask_part(early_filter *f, ic_worker *w, ic_sum_part *p)
{
	const uint32_t n = ic_group_count(&p->groups);
	ic_status st = IC_OK;
	if (n && !(p->chosen = ic_reallocarray(NULL, n, sizeof *p->chosen)))
		return IC_E_NOMEM;
	for (uint32_t at = 0; at < n && st == IC_OK; at += IC_CHUNK_ROWS) {
		st = ask_some(f, w, p, at, n - at < IC_CHUNK_ROWS ? n - at : IC_CHUNK_ROWS);
		ic_arena_reset(&w->arena);
	}
	return st;
}

/* By each worker, until no partition is left. */
static ic_status ask_parts(void *ctx, unsigned worker)
{
	early_filter *f = ctx;
	(void)worker;
	ic_error err = { .code = IC_OK };
	ic_worker w = { .number = 0, .err = &err, .alone = true };
	ic_arena_init(&w.arena, ASK_PAGE, ic_operator_config(f->s->o)->budget);
	ic_status st = IC_OK;
	for (uint32_t i; st == IC_OK && (i = f->next++) < f->end;)
		st = ask_part(f, &w, &f->s->part[i]);
	ic_arena_clear(&w.arena);
	if (st != IC_OK && err.code != IC_OK) {
		pthread_mutex_lock(&f->lock);
		*f->err = err;
		pthread_mutex_unlock(&f->lock);
	}
	return st;
}

static ic_status filter_begin(early_filter *f, ic_summarize *s, ic_worker *w)
{
	ic_operator *next = s->o->next;
	*f = (early_filter){ .s = s, .err = w->err };
	pthread_mutex_init(&f->lock, NULL);
	if (!next || !next->op || next->op->kind != IC_OP_FILTER)
		return IC_OK;
	f->needed = ic_calloc(s->o->op->out.n + (size_t)1, sizeof *f->needed);
	if (!f->needed)
		return IC_E_NOMEM;
	if (ic_expr_is_pure(next->op->filter.predicate) &&
	    reads_aggregates(s, next->op->filter.predicate, f->needed))
		f->filter = next;
	return IC_OK;
}

static void filter_end(early_filter *f)
{
	/* they came out, and went into the filter */
	f->s->o->rows_out += f->dropped;
	if (f->filter)
		f->filter->rows_in += f->dropped;
	ic_free(f->needed);
	pthread_mutex_destroy(&f->lock);
}

static ic_status ask_filter(ic_summarize *s, ic_worker *w)
{
	const unsigned workers = ic_operator_workers(s->o);
	early_filter f;
	ic_status st = filter_begin(&f, s, w);
	f.end = s->parts;
	if (st == IC_OK && f.filter)
		st = ic_parallel_for(workers, workers, ask_parts, &f);
	filter_end(&f);
	return st;
}

/* ---- groups of which some are in the file ----------------------------------------------------------- */

static ic_status pass_spilled(ic_summarize *s, ic_worker *w)
{
	early_filter f;
	uint64_t groups = 0;
	ic_status st = filter_begin(&f, s, w);
	if (st == IC_OK)
		st = ic_sum_spill_end(s, w->err);
	for (uint32_t i = 0; i < s->parts && st == IC_OK; i++) {
		st = ic_sum_spill_back(s, i, w->err);
		groups += ic_group_count(&s->part[i].groups);
		if (st == IC_OK && groups == 0 && i + 1 == s->parts)
			st = add_nothing(s, i);
		f.next = i;
		f.end = i + 1;
		if (st == IC_OK && f.filter)
			st = ask_parts(&f, 0);
		if (st == IC_OK)
			st = ic_sum_spill_write(s, w, i);
	}
	filter_end(&f);
	if (st == IC_E_NOMEM && s->own.whole->refused)
		return ic_operator_limit(s->o, w,
					 "one group, or a 256th of all of them, needs more memory "
					 "than there is left");
	return st == IC_OK ? ic_sum_spill_pass(s, w) : st;
}

/* ---- the end ------------------------------------------------------------------------------------------ */

static ic_status drain_rest(void *ctx, unsigned i)
{
	ic_summarize *s = ctx;
	(void)i;
	return ic_exchange_finish(s->x);
}

static ic_status pass_all(ic_summarize *s, ic_worker *w)
{
	ic_status st = ic_sum_near_finish(s);
	uint64_t groups = 0;
	for (uint32_t i = 0; i < s->parts; i++)
		groups += ic_group_count(&s->part[i].groups);
	if (st == IC_OK && groups == 0)
		st = add_nothing(s, 0);
	if (st == IC_OK && s->x)
		st = ask_filter(s, w);
	for (uint32_t i = 0; i < s->parts && st == IC_OK; i++)
		st = ic_sum_near_order(s, &s->part[i]);
	return st == IC_OK ? pass_groups(s, w) : st;
}

ic_status ic_summarize_finish(ic_operator *o, ic_worker *w, unsigned port)
{
	ic_summarize *s = o->state;
	unsigned workers = ic_operator_workers(o);
	(void)port;
	ic_status st = s->x ? ic_parallel_for(workers, workers, drain_rest, s) : IC_OK;
	if (st == IC_OK)
		st = s->spill && ic_sum_spill_on(s) ? pass_spilled(s, w) : pass_all(s, w);
	return ic_summarize_say(s, w, st);
}
