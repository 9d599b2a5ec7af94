/* SPDX-License-Identifier: Apache-2.0 */
/* Merging sorted runs: a heap of the runs by their next rows. Rows are handed out column by column, some
 * hundred or thousand at a time. */
#include "exec/op/sort_order.h"

enum {
	PAGE_ROWS = 1024, /* of a page in the file; all runs that are merged have one in memory */
	PAGE_LEAST = 4 << 10,
	PAGE_MOST = 256 << 10,
	RUNS_MOST = 256, /* merged at once */
};

typedef struct merger {
	const ic_sort_merge *m;
	ic_arena arena; /* of the rows that are being handed out */
	ic_sort_run **heap;
	uint32_t n;
	const ic_page *page[IC_CHUNK_ROWS];
	uint16_t place[IC_CHUNK_ROWS];
	uint32_t waiting; /* rows not handed out yet */
} merger;

void ic_sort_run_clear(ic_sort_run *r, ic_budget *budget)
{
	if (budget)
		ic_budget_give(budget, r->taken);
	ic_page_free(r->page, budget);
	ic_free(r->places);
	ic_spill_list_clear(&r->spilled);
	*r = (ic_sort_run){ 0 };
}

static ic_status hand_out(merger *g)
{
	const ic_sort_merge *m = g->m;
	uint32_t n = g->waiting;
	if (n == 0)
		return IC_OK;
	ic_vector *col = ic_arena_alloc(&g->arena, (m->columns + (size_t)1) * sizeof *col);
	ic_status st = col ? IC_OK : IC_E_NOMEM;
	for (uint32_t i = 0; i < m->columns && st == IC_OK; i++)
		if (!ic_page_gather(g->page, g->place, n, i, m->type[i], m->null_texts, &g->arena, &col[i]))
			st = IC_E_NOMEM;
	if (st == IC_OK)
		st = m->take(m->ctx, &g->arena, col, n);
	ic_arena_reset(&g->arena);
	g->waiting = 0;
	return st;
}

/* Makes the next row of the run its head; *more false: there is none. The rows that wait may lie in the page
 * that it leaves, so they are handed out first. */
static ic_status advance(merger *g, ic_sort_run *r, bool *more)
{
	const ic_sort_merge *m = g->m;
	const ic_sort_by *key = &m->order->key[0];
	*more = true;
	if (r->store) {
		*more = r->at < r->n;
		if (!*more)
			return IC_OK;
		uint32_t row = r->places[r->at].row;
		r->head =
		    (ic_sort_row){ ic_store_page_of(r->store, row), ic_store_place(row), r->places[r->at] };
		r->at++;
		return IC_OK;
	}
	if (!r->page || r->at == r->page->rows) {
		ic_status st = r->page ? hand_out(g) : IC_OK;
		ic_page_free(r->page, m->budget);
		r->page = NULL;
		r->at = 0;
		*more = r->next < r->spilled.n;
		if (st != IC_OK || !*more)
			return st;
		st = ic_spill_read(m->file, &r->spilled.page[r->next++], m->budget, &r->page, m->err);
		if (st != IC_OK)
			return st;
	}
	r->head =
	    (ic_sort_row){ r->page, (uint32_t)r->at, ic_sort_row_place(key, r->page, (uint32_t)r->at, 0) };
	r->at++;
	return IC_OK;
}

static void sift(merger *g, uint32_t i)
{
	const ic_sort_order *o = g->m->order;
	for (;;) {
		uint32_t least = i, left = 2 * i + 1;
		if (left < g->n && ic_sort_before(o, &g->heap[left]->head, &g->heap[least]->head))
			least = left;
		if (left + 1 < g->n && ic_sort_before(o, &g->heap[left + 1]->head, &g->heap[least]->head))
			least = left + 1;
		if (least == i)
			return;
		ic_sort_run *t = g->heap[i];
		g->heap[i] = g->heap[least];
		g->heap[least] = t;
		i = least;
	}
}

static ic_status start(merger *g, ic_sort_run *run, uint32_t n)
{
	ic_status st = IC_OK;
	for (uint32_t i = 0; i < n && st == IC_OK; i++) {
		bool more;
		st = advance(g, &run[i], &more);
		if (st == IC_OK && more)
			g->heap[g->n++] = &run[i];
	}
	for (uint32_t i = g->n / 2; i-- > 0 && st == IC_OK;)
		sift(g, i);
	return st;
}

ic_status ic_sort_runs(const ic_sort_merge *m, ic_sort_run *run, uint32_t n, uint64_t most)
{
	merger *g = ic_calloc(1, sizeof *g);
	if (!g)
		return IC_E_NOMEM;
	g->m = m;
	ic_arena_init(&g->arena, 0, m->budget);
	g->heap = ic_calloc(n + (size_t)1, sizeof(*g->heap));
	ic_status st = g->heap ? start(g, run, n) : IC_E_NOMEM;
	for (uint64_t made = 0; made < most && g->n && st == IC_OK; made++) {
		ic_sort_run *r = g->heap[0];
		bool more;
		g->page[g->waiting] = r->head.page;
		g->place[g->waiting++] = (uint16_t)r->head.at;
		if (g->waiting == m->rows)
			st = hand_out(g);
		if (st == IC_OK)
			st = advance(g, r, &more);
		if (st == IC_OK && !more)
			g->heap[0] = g->heap[--g->n];
		if (st == IC_OK)
			sift(g, 0);
	}
	if (st == IC_OK)
		st = hand_out(g);
	ic_arena_clear(&g->arena);
	ic_free(g->heap);
	ic_free(g);
	return st;
}

/* ---- runs in the file ------------------------------------------------------------------------ */

static ic_status write_page(const ic_sort_merge *m, ic_store *maker, const ic_vector *col, uint32_t first,
			    uint32_t rows, ic_sort_run *run)
{
	ic_page *page = ic_store_page(maker, col, first, rows);
	if (!page)
		return IC_E_NOMEM;
	ic_status st = ic_spill_add(m->file, page, &run->spilled, m->err);
	ic_page_free(page, m->budget);
	return st;
}

/* So many rows that a page of each run fits the memory. */
static void fit_page(const ic_sort_merge *m, const ic_sort_run *run, uint32_t *rows)
{
	uint64_t most = m->budget->limit / 4 / RUNS_MOST, bytes = run->spilled.page[run->spilled.n - 1].bytes;
	most = most < PAGE_LEAST ? PAGE_LEAST : most > PAGE_MOST ? PAGE_MOST : most;
	if (bytes > most && *rows > 1)
		*rows /= 2;
	else if (bytes < most / 4 && *rows < PAGE_ROWS)
		*rows *= 2;
}

ic_status ic_sort_write(const ic_sort_merge *m, ic_store *maker, const ic_vector *col, uint32_t rows,
			ic_sort_run *run, uint32_t *page_rows)
{
	ic_status st = IC_OK;
	for (uint32_t at = 0, n; at < rows && st == IC_OK; at += n) {
		n = rows - at < *page_rows ? rows - at : *page_rows;
		st = write_page(m, maker, col, at, n, run);
		if (st == IC_OK) {
			fit_page(m, run, page_rows);
		} else if (st == IC_E_NOMEM && n > 1) { /* fewer may do */
			*page_rows = n / 2;
			n = 0;
			st = IC_OK;
		}
	}
	return st;
}

typedef struct run_writer {
	const ic_sort_merge *m;
	ic_store *maker;
	ic_sort_run *run;
} run_writer;

static ic_status write_rows(void *ctx, ic_arena *a, const ic_vector *col, uint32_t rows)
{
	run_writer *w = ctx;
	(void)a;
	return write_page(w->m, w->maker, col, 0, rows, w->run);
}

ic_status ic_sort_to_file(const ic_sort_merge *m, ic_store *maker, ic_sort_run *run, uint32_t n,
			  uint64_t most, ic_sort_run *ret)
{
	ic_sort_run made = { .n = 0 };
	run_writer w = { m, maker, &made };
	ic_sort_merge to_file = *m;
	to_file.take = write_rows;
	to_file.ctx = &w;
	to_file.rows = m->rows < PAGE_ROWS ? m->rows : PAGE_ROWS;
	to_file.columns = maker->columns;
	ic_status st = ic_sort_runs(&to_file, run, n, most);
	for (uint32_t i = 0; i < n; i++)
		ic_sort_run_clear(&run[i], m->budget);
	if (st != IC_OK)
		ic_sort_run_clear(&made, m->budget);
	*ret = made;
	return st;
}

static uint32_t page_bytes_most(const ic_sort_run *run, uint32_t n)
{
	uint32_t most = 1;
	for (uint32_t i = 0; i < n; i++)
		for (uint32_t k = 0; k < run[i].spilled.n; k++)
			most = run[i].spilled.page[k].bytes > most ? run[i].spilled.page[k].bytes : most;
	return most;
}

/* Merges some of the runs, until one page of each fits the memory. */
static ic_status merge_some(const ic_sort_merge *m, ic_store *maker, ic_sort_run *run, uint32_t *n,
			    uint64_t rows_most)
{
	uint64_t limit = m->budget ? m->budget->limit : 0;
	ic_status st = IC_OK;
	for (uint64_t most; st == IC_OK; *n -= (uint32_t)most - 1) {
		most = limit ? limit / 4 / page_bytes_most(run, *n) : RUNS_MOST;
		most = most < 2 ? 2 : most > RUNS_MOST ? RUNS_MOST : most;
		if (*n <= most)
			break;
		ic_sort_run made;
		st = ic_sort_to_file(m, maker, run, (uint32_t)most, rows_most, &made);
		/* the new one goes to the end, so that each row is merged about as often as the others */
		memmove(run, run + most, (*n - most) * sizeof *run);
		run[*n - most] = made;
		memset(run + (*n - most + 1), 0, (most - 1) * sizeof *run);
	}
	return st;
}

/* ---- rows go on ------------------------------------------------------------------------------ */

typedef struct passing {
	ic_operator *o;
	uint32_t columns;
	ic_worker own;
} passing;

static ic_status pass(void *ctx, ic_arena *a, const ic_vector *col, uint32_t rows)
{
	passing *p = ctx;
	ic_chunk c = { .rows = rows, .columns = p->columns, .col = col };
	(void)a;
	ic_status st = ic_operator_pass(p->o, &p->own, &c);
	ic_arena_reset(&p->own.arena);
	return st;
}

ic_status ic_sort_pass(const ic_sort_merge *m, ic_store *maker, ic_sort_run *run, uint32_t n, uint64_t most,
		       ic_operator *o, const ic_worker *w)
{
	passing out = { o, m->columns, *w };
	ic_sort_merge on = *m;
	ic_arena_init(&out.own.arena, 0, m->budget);
	on.take = pass;
	on.ctx = &out;
	ic_status st = merge_some(m, maker, run, &n, most);
	if (st == IC_OK)
		st = ic_sort_runs(&on, run, n, most);
	ic_arena_clear(&out.own.arena);
	return st;
}
