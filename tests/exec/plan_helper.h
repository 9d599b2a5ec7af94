/* SPDX-License-Identifier: Apache-2.0 */
/* Small plans built by hand, over tables written as text, run with the rows cut into units and chunks
 * in several ways and by several workers: the rows that come out must be the same each time.
 *
 * A table is "k:long|v:string" and lines of cells between '|'; "~" is null. Results are written the same
 * way. */
#ifndef IC_TESTS_EXEC_PLAN_HELPER_H
#define IC_TESTS_EXEC_PLAN_HELPER_H

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/buf.h"
#include "base/error.h"
#include "exec/exec.h"
#include "exec/operator.h"
#include "../test.h"

typedef struct rig {
	ic_plan plan;
	uint32_t unit, chunk; /* rows of a unit and of a chunk of the scans */
	uint64_t max_rows;
	uint64_t memory; /* 0: any amount */
	unsigned threads;
	ic_error err;
	ic_op_counts counts[64];
} rig;

typedef struct rig_rows {
	ic_value *value;
	uint32_t rows;
} rig_rows;

static inline void *rig_new(rig *g, size_t bytes)
{
	void *p = ic_arena_alloc(&g->plan.arena, bytes + 1);
	assert_non_null(p);
	memset(p, 0, bytes + 1);
	return p;
}

static inline void rig_init(rig *g)
{
	*g = (rig){ .max_rows = 1000000 };
	ic_plan_init(&g->plan, NULL);
	g->plan.language = IC_FN_KQL;
}

/* ---- tables ------------------------------------------------------------------------------- */

static inline ic_str rig_cut(const char **p, const char *stops)
{
	size_t n = strcspn(*p, stops);
	ic_str s = { *p, (uint32_t)n };
	*p += n;
	return s;
}

static inline ic_schema rig_schema(rig *g, const char *text)
{
	ic_schema s = { rig_new(g, 64 * sizeof(ic_qcolumn)), 0 };
	while (*text) {
		ic_str name = rig_cut(&text, ":");
		text++;
		ic_str type = rig_cut(&text, "|");
		text += *text == '|';
		int t = ic_str_eq(type, IC_STR("ip")) ? IC_Q_IP : ic_qtype_find(type);
		assert_true(t >= 0);
		s.column[s.n++] = (ic_qcolumn){ name, (ic_qtype)t };
	}
	return s;
}

static inline ic_value rig_cell(rig *g, ic_qtype type, ic_str s)
{
	ic_value v = { .type = type };
	bool ok = true;

	if (ic_str_eq(s, IC_STR("~")))
		return ic_value_null(type);
	switch (type) {
	case IC_Q_BOOL: v.b = s.n && s.p[0] == 't'; break;
	case IC_Q_REAL: v.d = strtod(s.p, NULL); break;
	case IC_Q_STRING: v.s = s; break;
	case IC_Q_IP: ok = ic_ip_parse(s, &v.ip); break;
	case IC_Q_DATETIME: ok = ic_parse_datetime(s, &v.i); break;
	case IC_Q_TIMESPAN: ok = ic_parse_timespan(s, &v.i); break;
	case IC_Q_DYNAMIC: v.dyn = ic_dyn_parse(&g->plan.arena, s, &ok); break;
	default: v.i = strtoll(s.p, NULL, 10); break;
	}

	assert_true(ok);
	return v;
}

static inline rig_rows *rig_read(rig *g, const ic_schema *s, const char *text)
{
	rig_rows *t = rig_new(g, sizeof *t);
	size_t lines = 1;
	for (const char *p = text; *p; p++)
		lines += *p == '\n';
	t->value = rig_new(g, lines * s->n * sizeof *t->value);
	while (*text) {
		for (uint32_t i = 0; i < s->n; i++) {
			ic_str cell = rig_cut(&text, "|\n");
			t->value[t->rows * s->n + i] = rig_cell(g, s->column[i].type, cell);
			if (i + 1 < s->n)
				assert_int_equal(*text, '|');
			text += *text && (i + 1 < s->n || *text == '\n');
		}
		t->rows++;
	}
	return t;
}

/* A scan over the rows of a text. */
static inline ic_op *rig_table(rig *g, const char *schema, const char *rows)
{
	ic_op *op = ic_op_new(&g->plan, IC_OP_SCAN, (ic_place){ 1, 1 }, "table", NULL);
	ic_table *t = rig_new(g, sizeof *t);
	op->out = rig_schema(g, schema);
	t->schema = op->out;
	t->origin = rig_read(g, &op->out, rows);
	op->scan.table = t;
	return op;
}

/* ---- the source ------------------------------------------------------------------------------ */

enum { RIG_SCANS = 8, RIG_WORKERS = 8, RIG_COLUMNS = 64 };

/* One reading for all scans of a table. */
typedef struct rig_scan {
	const rig *g;
	const rig_rows *rows;
	const ic_op *op[RIG_SCANS];
	pthread_mutex_t lock;
	uint32_t next;
	struct rig_reader {
		uint32_t at, n, end; /* n rows before `at` were read last */
		uint64_t seq;
		ic_arena arena;
		ic_vector col[RIG_SCANS][RIG_COLUMNS];
		ic_chunk chunk[RIG_SCANS];
	} reader[RIG_WORKERS];
} rig_scan;

static inline const void *rig_input(void *ctx, const ic_op *op)
{
	(void)ctx;
	return op->scan.table->origin;
}

static inline ic_status rig_open(void *ctx, const ic_op *const *op, uint32_t n, unsigned workers, void **ret,
				 ic_error *err)
{
	rig_scan *s = calloc(1, sizeof *s);
	(void)err;
	assert_true(workers <= RIG_WORKERS && n <= RIG_SCANS);
	s->g = ctx;
	for (uint32_t i = 0; i < n; i++)
		s->op[i] = op[i];
	s->rows = op[0]->scan.table->origin;
	pthread_mutex_init(&s->lock, NULL);
	for (unsigned i = 0; i < RIG_WORKERS; i++)
		ic_arena_init(&s->reader[i].arena, 0, NULL);
	*ret = s;
	return IC_OK;
}

static inline ic_status rig_next(void *reading, unsigned worker, void **unit, uint64_t *seq, ic_error *err)
{
	rig_scan *s = reading;
	struct rig_reader *r = &s->reader[worker];
	(void)err;
	pthread_mutex_lock(&s->lock);
	r->at = s->next;
	s->next += s->g->unit;
	pthread_mutex_unlock(&s->lock);
	r->end = r->at + s->g->unit < s->rows->rows ? r->at + s->g->unit : s->rows->rows;
	r->seq = *seq = r->at / s->g->unit;
	*unit = r->at < s->rows->rows ? r : NULL;
	return IC_OK;
}

static inline ic_status rig_read_on(void *reading, unsigned worker, void *unit, bool *more, ic_error *err)
{
	rig_scan *s = reading;
	struct rig_reader *r = unit;
	(void)worker;
	(void)err;
	ic_arena_reset(&r->arena);
	r->n = r->end - r->at < s->g->chunk ? r->end - r->at : s->g->chunk;
	r->at += r->n;
	*more = r->n > 0;
	return IC_OK;
}

static inline ic_status rig_chunk(void *reading, unsigned worker, uint32_t i, const ic_chunk **ret,
				  ic_error *err)
{
	rig_scan *s = reading;
	struct rig_reader *r = &s->reader[worker];
	const ic_schema *out = &s->op[i]->out;
	uint32_t first = r->at - r->n;
	for (uint32_t c = 0; c < out->n && r->n; c++) {
		ic_vector_out made;
		if (!ic_vector_make(&made, &r->arena, out->column[c].type, r->n))
			return ic_fail_nomem(err);
		for (uint32_t k = 0; k < r->n; k++) {
			/* a copy, so that whoever keeps a row without copying it is found out */
			bool ok = true;
			ic_value v = s->rows->value[(first + k) * out->n + c];
			v = ic_value_copy(&r->arena, &v, &ok);
			if (!ok)
				return ic_fail_nomem(err);
			ic_vector_set(&made, k, &v);
		}
		r->col[i][c] = made.v;
	}
	r->chunk[i] = (ic_chunk){ r->n, out->n, r->col[i], r->seq, first % s->g->unit };
	*ret = r->n ? &r->chunk[i] : NULL;
	return IC_OK;
}

static inline void rig_close(void *reading, bool early)
{
	rig_scan *s = reading;
	(void)early;
	for (unsigned i = 0; i < RIG_WORKERS; i++)
		ic_arena_clear(&s->reader[i].arena);
	pthread_mutex_destroy(&s->lock);
	free(s);
}

/* ---- running --------------------------------------------------------------------------------- */

static inline ic_status rig_take(void *ctx, const ic_chunk *c)
{
	ic_buf *b = ctx;
	ic_arena a;
	ic_arena_init(&a, 0, NULL);
	for (uint32_t r = 0; r < c->rows; r++)
		for (uint32_t i = 0; i < c->columns; i++) {
			ic_value v = ic_vector_value(&c->col[i], r);
			ic_str text = v.null && v.type != IC_Q_STRING ? IC_STR("~") : ic_value_text(&a, &v);
			b->failed |= !text.p && v.type != IC_Q_STRING;
			if (text.p)
				ic_buf_str(b, text);
			ic_buf_putc(b, i + 1 < c->columns ? '|' : '\n');
		}
	ic_arena_clear(&a);
	return b->failed ? IC_E_NOMEM : IC_OK;
}

/* Runs once; the rows are in b. */
static inline ic_status rig_once(rig *g, ic_op *root, uint32_t unit, uint32_t chunk, unsigned threads,
				 ic_buf *b)
{
	ic_budget budget = { .limit = g->memory };
	g->unit = unit;
	g->chunk = chunk;
	g->plan.root = root;
	ic_exec_config cfg = {
		.source = { g, rig_input, rig_open, rig_next, rig_read_on, rig_chunk, NULL, NULL, rig_close },
		.threads = threads,
		.budget = &budget,
		.max_made_rows = g->max_rows,
		.max_joined_rows = g->max_rows,
	};
	ic_sink sink = { b, rig_take };
	ic_buf_init(b, 0);
	assert_true(g->plan.ops <= 64);
	ic_status st = ic_exec_run(&g->plan, &cfg, &sink, g->counts, &g->err);
	assert_int_equal(budget.used, 0);
	return st;
}

/* The rows of the plan, however its input is cut. */
static inline void rig_expect(rig *g, ic_op *root, const char *rows)
{
	static const uint32_t cut[][2] = { { 100000, 4096 }, { 1, 1 }, { 3, 2 }, { 7, 3 }, { 5, 1 } };
	for (size_t i = 0; i < sizeof cut / sizeof *cut; i++)
		for (unsigned threads = 1; threads <= 3; threads += 2) {
			ic_buf b;
			if (!test_is_of_use(threads))
				continue;
			ic_status st = rig_once(g, root, cut[i][0], cut[i][1], threads, &b);
			ic_buf_putc(&b, 0);
			if (st != IC_OK)
				fail_msg("%s", g->err.message);
			assert_string_equal(b.p, rows);
			ic_buf_clear(&b);
		}
}

/* Memory ends at each allocation in turn: the run says so, and nothing is lost. */
static inline void rig_starve(rig *g, ic_op *root)
{
	ic_status st = test_is_of_use(1) ? IC_E_NOMEM : IC_OK;
	for (uint64_t n = 1; st != IC_OK; n++) {
		ic_buf b;
		ic_alloc_fail_after(n);
		st = rig_once(g, root, 3, 2, 1, &b);
		ic_alloc_fail_after(0);
		ic_buf_clear(&b);
		if (st != IC_OK)
			assert_int_equal(st, IC_E_NOMEM);
	}
}

/* The plan fails with this code. */
static inline void rig_refuse(rig *g, ic_op *root, ic_status code)
{
	for (unsigned threads = 1; threads <= 2; threads++) {
		ic_buf b;
		assert_int_equal(rig_once(g, root, 3, 2, threads, &b), code);
		ic_buf_clear(&b);
	}
}

/* ---- expressions and operators ------------------------------------------------------------------ */

static inline ic_expr *rig_col(rig *g, const ic_op *in, const char *name)
{
	int32_t i = ic_schema_find(&in->out, ic_str_of(name));
	assert_true(i >= 0);
	return ic_expr_column(&g->plan, (ic_place){ 1, 1 }, &in->out, (uint32_t)i);
}

static inline ic_expr *rig_long(rig *g, int64_t v)
{
	return ic_expr_const(&g->plan, (ic_place){ 1, 1 }, ic_value_long(v));
}

static inline ic_expr *rig_call(rig *g, ic_fn_id fn, ic_qtype type, uint32_t n, ...)
{
	ic_expr *x = ic_expr_call(&g->plan, (ic_place){ 1, 1 }, fn, type, n);
	va_list ap;
	va_start(ap, n);
	for (uint32_t i = 0; i < n; i++)
		x->call.arg[i] = va_arg(ap, ic_expr *);
	va_end(ap);
	return x;
}

/* An operator with this output. */
static inline ic_op *rig_op(rig *g, ic_op_kind kind, ic_op *in, const char *schema)
{
	ic_op *op = ic_op_new(&g->plan, kind, (ic_place){ 2, 3 }, "op", in);
	op->out = rig_schema(g, schema);
	return op;
}

/* project or serial: the input's columns, then n expressions. */
static inline ic_op *rig_extend(rig *g, ic_op_kind kind, ic_op *in, const char *schema, uint32_t n, ...)
{
	ic_op *op = rig_op(g, kind, in, schema);
	op->project.expr = rig_new(g, op->out.n * sizeof *op->project.expr);
	va_list ap;
	va_start(ap, n);
	for (uint32_t i = 0; i < op->out.n; i++)
		op->project.expr[i] =
		    i < in->out.n ? ic_expr_column(&g->plan, op->at, &in->out, i) : va_arg(ap, ic_expr *);
	va_end(ap);
	assert_int_equal(op->out.n, in->out.n + n);
	return op;
}

/* Numbers from a list that ends with -2. */
static inline uint32_t *rig_list(rig *g, const int *list)
{
	uint32_t n = 0;
	while (list[n] != -2)
		n++;
	uint32_t *ret = rig_new(g, n * sizeof *ret);
	for (uint32_t i = 0; i < n; i++)
		ret[i] = (uint32_t)list[i];
	return ret;
}
#define RIG_LIST(g, ...) rig_list(g, (const int[]){ __VA_ARGS__, -2 })

#endif
