/* SPDX-License-Identifier: Apache-2.0 */
/* Expressions by hand, for tests of the evaluator and its kernels. */
#ifndef IC_TESTS_EXEC_EXPRESSIONS_H
#define IC_TESTS_EXEC_EXPRESSIONS_H

#include "../test.h"

#include <string.h>

#include "exec/eval/kernel.h"

/* A plan to make things in, and what its last error was. */
typedef struct bench {
	ic_plan plan;
	ic_diag diag;
	ic_arena arena; /* of results */
} bench;

static inline void bench_open(bench *b, unsigned language)
{
	memset(b, 0, sizeof *b);
	ic_plan_init(&b->plan, NULL);
	b->plan.language = language;
	ic_arena_init(&b->arena, 0, NULL);
}

static inline void bench_close(bench *b)
{
	ic_plan_clear(&b->plan);
	ic_arena_clear(&b->arena);
}

static inline ic_expr *constant(bench *b, ic_value v)
{
	ic_expr *x = ic_expr_const(&b->plan, (ic_place){ 1, 1 }, v);
	assert_non_null(x);
	return x;
}

static inline ic_expr *text(bench *b, const char *s)
{
	return constant(b, ic_value_str(ic_str_of(s)));
}

static inline ic_expr *column(bench *b, uint32_t number, ic_qtype type)
{
	ic_expr *x = constant(b, ic_value_long(0));
	x->kind = IC_X_COLUMN;
	x->type = type;
	x->column = number;
	return x;
}

static inline ic_expr *call_of(bench *b, ic_fn_id fn, uint32_t n, ic_expr *const *arg)
{
	ic_qtype type[16];
	for (uint32_t i = 0; i < n; i++)
		type[i] = arg[i]->type;
	ic_expr *x = ic_expr_call(&b->plan, (ic_place){ 1, 1 }, fn, ic_function_type(fn, type, n), n);
	assert_non_null(x);
	assert_int_not_equal(x->type, IC_QTYPES);
	memcpy(x->call.arg, arg, n * sizeof *arg);
	return x;
}
#define CALL(b, fn, ...)                                                                                     \
	call_of(b, IC_FN_##fn, sizeof((ic_expr *[]){ __VA_ARGS__ }) / sizeof(ic_expr *),                     \
		(ic_expr *[]){ __VA_ARGS__ })

/* With the list of IN. */
static inline ic_expr *in_list(bench *b, ic_fn_id fn, ic_expr *left, const ic_value *value, uint32_t n)
{
	ic_expr *x = call_of(b, fn, 1, &left);
	ic_value_list *list = ic_arena_alloc(&b->plan.arena, sizeof *list);
	ic_value *copy = ic_arena_alloc(&b->plan.arena, n * sizeof *copy);
	memcpy(copy, value, n * sizeof *copy);
	*list = (ic_value_list){ copy, n };
	x->call.list = list;
	return x;
}

/* One constant expression. */
static inline ic_value value_of(bench *b, ic_expr *x)
{
	ic_value v;
	assert_int_equal(ic_eval_fold(&b->plan, x, &v, &b->diag), IC_OK);
	return v;
}

/* One expression over a chunk. */
static inline ic_vector run(bench *b, ic_expr *x, const ic_chunk *in)
{
	ic_eval *e = NULL;
	ic_vector ret;
	ic_error err = { 0 };
	assert_int_equal(ic_eval_new(&b->plan, &x, 1, &e, &b->diag), IC_OK);
	assert_int_equal(ic_eval_run(e, in, &b->arena, &ret, &err), IC_OK);
	ic_eval_free(e);
	return ret;
}

static inline bool same(const ic_value *a, const ic_value *b)
{
	if (a->null || b->null)
		return a->null == b->null;
	switch (a->type) {
	case IC_Q_BOOL: return a->b == b->b;
	case IC_Q_STRING: return ic_str_eq(a->s, b->s);
	case IC_Q_IP: return memcmp(&a->ip, &b->ip, 16) == 0;
	case IC_Q_REAL: return a->d == b->d || (a->d != a->d && b->d != b->d);
	case IC_Q_DYNAMIC: return ic_dyn_equal(a->dyn, b->dyn);
	case IC_Q_DECIMAL: return ic_decimal_compare(a->decimal, b->decimal) == 0;
	default: return a->i == b->i;
	}
}

#endif
