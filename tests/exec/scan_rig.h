/* SPDX-License-Identifier: Apache-2.0 */
/* A scan over a table in memory: cut into units and chunks in many ways, some of which are void at first
 * (other rows are read, then refused). */
#ifndef IC_TESTS_SCAN_RIG_H
#define IC_TESTS_SCAN_RIG_H

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "exec/exec.h"
#include "../test.h"
#include "temp_folder.h"

enum { RIG_WORKERS = 16, RIG_UNITS = 400, RIG_SCANS = 8 };

typedef struct rig_table {
	ic_schema schema;
	uint32_t rows;
	const ic_value *cell; /* row after row */
	uint32_t void_row;    /* what void units read; it may lie behind the others */
} rig_table;

typedef struct rig_unit {
	uint64_t seq;
	uint32_t from, to, at;
	bool certain, is_void;
} rig_unit;

typedef struct rig {
	const rig_table *table;
	const ic_op *const *scan; /* of the reading at hand */
	uint32_t scans, readings;
	uint32_t units, chunk_rows;
	bool some_void;
	ic_screen *screen; /* of the runs to come; NULL: none */
	uint64_t memory;   /* 0: any amount */
	uint64_t held;	   /* of it, by others */
	rig_unit unit[RIG_UNITS];
	_Atomic uint32_t next;
	_Atomic uint64_t read;
	ic_arena arena[RIG_WORKERS];
	const rig_unit *at[RIG_WORKERS]; /* what the worker has just read: n rows before at->at */
	uint32_t n[RIG_WORKERS];
	ic_chunk chunk[RIG_WORKERS][RIG_SCANS];
} rig;

static const void *rig_input(void *ctx, const ic_op *scan)
{
	(void)ctx;
	return scan->scan.table;
}

static ic_status rig_open(void *ctx, const ic_op *const *scan, uint32_t n, unsigned workers, void **ret,
			  ic_error *err)
{
	rig *r = ctx;
	(void)err;
	assert_true(workers <= RIG_WORKERS && n > 0 && n <= RIG_SCANS);
	r->table = scan[0]->scan.table->origin;
	r->scan = scan;
	r->scans = n;
	r->readings++;
	uint32_t rows = r->table->rows;
	for (uint32_t i = 0; i < r->units; i++) {
		/* some units are empty, some are long */
		uint32_t from = (uint32_t)((uint64_t)rows * (i - i % 3) / r->units);
		uint32_t to = (uint32_t)((uint64_t)rows * (i + 1 - (i + 1) % 3) / r->units);
		if (i + 1 == r->units)
			to = rows;
		r->unit[i] = (rig_unit){ .seq = i,
					 .from = from,
					 .to = to,
					 .at = from,
					 .certain = i % 4 == 0,
					 .is_void = r->some_void && i % 5 == 1 };
	}
	r->next = 0;
	r->read = 0;
	*ret = r;
	return IC_OK;
}

static ic_status rig_next(void *scan, unsigned worker, void **unit, uint64_t *seq, ic_error *err)
{
	rig *r = scan;
	(void)worker;
	(void)err;
	uint32_t i = r->next++;
	*unit = i < r->units ? &r->unit[i] : NULL;
	*seq = i;
	return IC_OK;
}

static ic_status rig_read(void *scan, unsigned worker, void *unit, bool *more, ic_error *err)
{
	rig *r = scan;
	rig_unit *u = unit;
	(void)err;
	ic_arena_reset(&r->arena[worker]);
	uint32_t n = u->to - u->at < r->chunk_rows ? u->to - u->at : r->chunk_rows;
	u->at += n;
	r->read += n;
	r->at[worker] = u;
	r->n[worker] = n;
	*more = n > 0;
	return IC_OK;
}

static ic_status rig_chunk(void *scan, unsigned worker, uint32_t number, const ic_chunk **ret, ic_error *err)
{
	rig *r = scan;
	const rig_unit *u = r->at[worker];
	const ic_op *op = r->scan[number];
	ic_arena *a = &r->arena[worker];
	(void)err;
	assert_true(number < r->scans);
	uint32_t n = r->n[worker], columns = op->out.n, first = u->at - n;
	ic_vector *col = ic_arena_alloc(a, (columns + 1) * sizeof *col);
	for (uint32_t i = 0; i < columns; i++) {
		uint32_t from = op->scan.column ? op->scan.column[i] : i;
		ic_vector_out out;
		assert_true(ic_vector_make(&out, a, r->table->schema.column[from].type, n));
		for (uint32_t k = 0; k < n; k++) {
			uint32_t row = u->is_void ? r->table->void_row : first + k;
			ic_vector_set(&out, k, &r->table->cell[row * r->table->schema.n + from]);
		}
		col[i] = out.v;
	}
	r->chunk[worker][number] =
	    (ic_chunk){ .rows = n, .columns = columns, .col = col, .seq = u->seq, .flow = first - u->from };
	*ret = &r->chunk[worker][number];
	return IC_OK;
}

static bool rig_certain(void *scan, void *unit)
{
	const rig_unit *u = unit;
	(void)scan;
	return u->certain && !u->is_void;
}

static bool rig_commit(void *scan, void *unit)
{
	rig_unit *u = unit;
	(void)scan;
	if (!u->is_void)
		return true;
	u->is_void = false;
	u->at = u->from;
	return false;
}

static void rig_close(void *scan, bool early)
{
	rig *r = scan;
	(void)early;
	for (unsigned i = 0; i < RIG_WORKERS; i++)
		ic_arena_clear(&r->arena[i]);
}

static ic_scan_source rig_source(rig *r)
{
	return (ic_scan_source){ r,	    rig_input,	 rig_open,   rig_next, rig_read,
				 rig_chunk, rig_certain, rig_commit, rig_close };
}

/* ---- what comes out ---------------------------------------------------------------------- */

typedef struct rig_out {
	ic_buf text;
	uint64_t rows, most; /* most: then it is enough; 0: all */
	ic_arena arena;
} rig_out;

static ic_status rig_push(void *ctx, const ic_chunk *c)
{
	rig_out *out = ctx;
	for (uint32_t r = 0; r < c->rows; r++) {
		for (uint32_t i = 0; i < c->columns; i++) {
			ic_value v = ic_vector_value(&c->col[i], r);
			if (i)
				ic_buf_putc(&out->text, ',');
			if (v.null && v.type != IC_Q_STRING)
				ic_buf_puts(&out->text, "null");
			else
				ic_buf_str(&out->text, ic_value_text(&out->arena, &v));
		}
		ic_buf_putc(&out->text, '\n');
		out->rows++;
	}
	ic_arena_reset(&out->arena);
	return out->most && out->rows >= out->most ? IC_E_CLOSED : IC_OK;
}

static inline ic_status rig_count(void *ctx, const ic_chunk *c)
{
	rig_out *out = ctx;
	out->rows += c->rows;
	return IC_OK;
}

/* For a run that begins now. */
static ic_exec_config rig_config(rig *r, unsigned threads)
{
	for (unsigned i = 0; i < RIG_WORKERS; i++)
		ic_arena_init(&r->arena[i], 0, NULL);
	return (ic_exec_config){ .source = rig_source(r),
				 .threads = threads,
				 .max_made_rows = 10000000,
				 .max_joined_rows = 100000000,
				 .screen = r->screen };
}

/* Runs the plan; the rows as text, to be freed with ic_buf_clear. */
static ic_status rig_run(rig *r, ic_plan *p, unsigned threads, rig_out *out, ic_op_counts *counts,
			 ic_error *err)
{
	ic_budget budget = { .limit = r->memory, .used = r->held };
	ic_exec_config cfg = rig_config(r, threads);
	cfg.budget = &budget;
	uint64_t most = out->most;
	*out = (rig_out){ .most = most };
	ic_buf_init(&out->text, 0);
	ic_arena_init(&out->arena, 0, NULL);
	const ic_sink sink = { out, rig_push };
	ic_status st = ic_exec_run(p, &cfg, &sink, counts, err);
	assert_int_equal(budget.used, r->held);
	ic_arena_clear(&out->arena);
	ic_buf_putc(&out->text, '\0');
	return st;
}

/* Ways to cut and to run, of which all must give the same. */
typedef struct rig_way {
	uint32_t units, chunk_rows;
	unsigned threads;
	bool some_void;
} rig_way;
static const rig_way rig_ways[] = {
	{ 1, 4096, 1, false }, { 1, 1000, 2, false }, { 7, 777, 1, true },   { 7, 4096, 2, false },
	{ 60, 100, 2, true },  { 60, 4096, 7, true }, { 399, 64, 7, false }, { 399, 5, 7, true },
};
enum { RIG_WAYS = sizeof rig_ways / sizeof *rig_ways };

/* The rows as text, to be freed whatever is returned. */
static inline ic_status rig_run_way(rig *r, ic_plan *p, const rig_way *w, ic_buf *ret, ic_error *err)
{
	rig_out out = { .most = 0 };
	r->units = w->units;
	r->chunk_rows = w->chunk_rows;
	r->some_void = w->some_void;
	ic_status st = rig_run(r, p, w->threads, &out, NULL, err);
	*ret = out.text;
	return st;
}

/* That the plan ends where there is no folder for its file, with an error that names it. */
static inline void rig_needs_file(rig *r, ic_plan *p, const rig_way *w)
{
	ic_buf got;
	ic_error err;
	char *kept = temp_folder_lose();
	ic_status st = rig_run_way(r, p, w, &got, &err);
	temp_folder_again(kept);
	ic_buf_clear(&got);
	assert_int_equal(st, IC_E_IO);
	assert_non_null(strstr(err.message, LOST_FOLDER));
}

#endif
