/* SPDX-License-Identifier: Apache-2.0 */
/* Tables of calls and what they give: each call is run as a constant, as a binder folds it, and over
 * columns, as a query runs it. */
#ifndef IC_TESTS_EXEC_FN_H
#define IC_TESTS_EXEC_FN_H

#include "../test.h"

#include <stdio.h>
#include <string.h>

#include "exec/eval/kernel.h"

enum { FN_ARGS = 6 };

typedef struct fn_arg {
	char
	    kind; /* s t p d: text of one; i r: numbers; b: bool; a: address; n: null of type `type`; 0: no more */
	const char *s;
	int64_t i;
	double d;
	ic_qtype type;
} fn_arg;

#define S(text)                                                                                              \
	{                                                                                                    \
		's', .s = (text)                                                                             \
	}
#define T(text)                                                                                              \
	{                                                                                                    \
		't', .s = (text)                                                                             \
	}
#define P(text)                                                                                              \
	{                                                                                                    \
		'p', .s = (text)                                                                             \
	}
#define D(text)                                                                                              \
	{                                                                                                    \
		'd', .s = (text)                                                                             \
	}
#define A(text)                                                                                              \
	{                                                                                                    \
		'a', .s = (text)                                                                             \
	}
#define L(number)                                                                                            \
	{                                                                                                    \
		'i', .i = (number)                                                                           \
	}
#define R(number)                                                                                            \
	{                                                                                                    \
		'r', .d = (number)                                                                           \
	}
#define N(of_type)                                                                                           \
	{                                                                                                    \
		'n', .type = (of_type)                                                                       \
	}

typedef struct fn_case {
	ic_fn_id fn;
	fn_arg arg[FN_ARGS];
	const char *expect; /* as tostring() gives it; NULL: null */
	bool constant;	    /* run as a constant only: an argument must be one */
} fn_case;

static inline ic_value fn_value(ic_plan *p, const fn_arg *a)
{
	ic_value v = { 0 };
	bool ok = true;
	switch (a->kind) {
	case 'i': return ic_value_long(a->i);
	case 'b': return ic_value_bool(a->i != 0);
	case 'r': return ic_value_real(a->d);
	case 's': return ic_value_str(ic_str_of(a->s));
	case 'n': return ic_value_null(a->type);
	case 'd': return ic_value_dyn(ic_dyn_parse(&p->arena, ic_str_of(a->s), &ok));
	case 't':
		v.type = IC_Q_DATETIME;
		ok = ic_parse_datetime(ic_str_of(a->s), &v.i);
		break;
	case 'p':
		v.type = IC_Q_TIMESPAN;
		ok = ic_parse_timespan(ic_str_of(a->s), &v.i);
		break;
	case 'a':
		v.type = IC_Q_IP;
		ok = ic_ip_parse(ic_str_of(a->s), &v.ip);
		break;
	default: ok = false;
	}
	if (!ok)
		fail_msg("bad argument in the table: %s", a->s);
	return v;
}

static inline void fn_compare(ic_plan *p, const fn_case *c, const ic_value *v, const char *how)
{
	bool null = v->null || (v->type == IC_Q_STRING && v->s.n == 0);
	ic_str text = ic_value_text(&p->arena, v);
	if (c->expect == NULL ? null : !v->null && ic_str_eq(text, ic_str_of(c->expect)))
		return;
	fail_msg("%s (%s): %.*s instead of %s",
		 ic_functions[c->fn].name ? ic_functions[c->fn].name : "internal", how,
		 v->null ? 4 : (int)text.n, v->null ? "null" : text.p, c->expect ? c->expect : "null");
}

static inline ic_expr *fn_call(ic_plan *p, const fn_case *c, bool constant, ic_schema *schema)
{
	uint32_t n = 0;
	ic_qtype type[FN_ARGS];
	while (n < FN_ARGS && c->arg[n].kind)
		n++;
	schema->column = ic_arena_alloc(&p->arena, FN_ARGS * sizeof *schema->column);
	schema->n = n;
	for (uint32_t i = 0; i < n; i++) {
		type[i] = fn_value(p, &c->arg[i]).type;
		schema->column[i] = (ic_qcolumn){ IC_STR("c"), type[i] };
	}
	ic_expr *call = ic_expr_call(p, (ic_place){ 1, 1 }, c->fn, ic_function_type(c->fn, type, n), n);
	assert_true(call->type != IC_QTYPES);
	for (uint32_t i = 0; i < n; i++)
		call->call.arg[i] = constant ? ic_expr_const(p, (ic_place){ 1, 1 }, fn_value(p, &c->arg[i]))
					     : ic_expr_column(p, (ic_place){ 1, 1 }, schema, i);
	return call;
}

/* Runs one case both ways in the plan, whose clock, zone and networks the test may have set. */
static inline void fn_check_one(ic_plan *p, const fn_case *c)
{
	ic_schema schema;
	ic_diag diag = { 0 };
	ic_value v;
	ic_expr *call = fn_call(p, c, true, &schema);
	if (ic_eval_fold(p, call, &v, &diag) != IC_OK)
		fail_msg("%s: %s", ic_functions[c->fn].name, diag.message);
	fn_compare(p, c, &v, "constant");
	if (c->constant)
		return;
	ic_vector col[FN_ARGS];
	ic_chunk chunk = { .rows = 3, .columns = schema.n, .col = col };
	for (uint32_t i = 0; i < schema.n; i++) {
		ic_vector_out o;
		ic_value one = fn_value(p, &c->arg[i]);
		assert_true(ic_vector_make(&o, &p->arena, one.type, 3));
		for (uint32_t r = 0; r < 3; r++)
			ic_vector_set(&o, r, &one);
		col[i] = o.v;
	}
	ic_eval *e;
	ic_error err = { 0 };
	ic_vector ret;
	call = fn_call(p, c, false, &schema);
	if (ic_eval_new(p, &call, 1, &e, &diag) != IC_OK)
		fail_msg("%s: %s", ic_functions[c->fn].name, diag.message);
	if (ic_eval_run(e, &chunk, &p->arena, &ret, &err) != IC_OK)
		fail_msg("%s: %s", ic_functions[c->fn].name, err.message);
	for (uint32_t r = 0; r < 3; r++) {
		v = ic_vector_value(&ret, r);
		fn_compare(p, c, &v, "columns");
	}
	ic_eval_free(e);
}

static inline void fn_check(const fn_case *list, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		ic_plan p;
		ic_plan_init(&p, NULL);
		p.language = IC_FN_KQL;
		assert_true(ic_parse_datetime(IC_STR("2024-05-01T12:00:00Z"), &p.now));
		fn_check_one(&p, &list[i]);
		ic_plan_clear(&p);
	}
}
#define FN_CHECK(list) fn_check(list, sizeof(list) / sizeof *(list))

/* The call is refused when it is prepared. */
static inline void fn_refused(const fn_case *c)
{
	ic_plan p;
	ic_schema schema;
	ic_diag diag = { 0 };
	ic_value v;
	ic_plan_init(&p, NULL);
	ic_expr *call = fn_call(&p, c, true, &schema);
	assert_int_not_equal(ic_eval_fold(&p, call, &v, &diag), IC_OK);
	assert_true(diag.set);
	assert_true(diag.message[0] != 0);
	ic_plan_clear(&p);
}
#define FN_REFUSED(list)                                                                                     \
	do {                                                                                                 \
		for (size_t i_ = 0; i_ < sizeof(list) / sizeof *(list); i_++)                                \
			fn_refused(&(list)[i_]);                                                             \
	} while (0)

#endif
