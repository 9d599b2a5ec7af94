/* SPDX-License-Identifier: Apache-2.0 */
/* The functions, operators and aggregates of both languages: names, types and help, each once in
 * functions.def and aggregates.def. The parsers bind by these tables, the executor has a kernel for
 * each id, `ictus query --help functions` and the reference page print them. */
#ifndef IC_PLAN_FUNCTIONS_H
#define IC_PLAN_FUNCTIONS_H

#include "plan/value.h"

typedef enum ic_fn_id {
#define IC_FN(id, name, aliases, args, ret, flags, help) IC_FN_##id,
#include "plan/functions.def"
#undef IC_FN
	IC_FN_COUNT
} ic_fn_id;

typedef enum ic_agg_id {
#define IC_AGG(id, name, aliases, args, ret, flags, help) IC_AGG_##id,
#include "plan/aggregates.def"
#undef IC_AGG
	IC_AGG_COUNT_OF
} ic_agg_id;

enum {				   /* flags */
       IC_FN_KQL = 1 << 0,	   /* may be called by name in KQL */
       IC_FN_AQL = 1 << 1,	   /* may be called by name in AQL */
       IC_FN_OPERATOR = 1 << 2,	   /* made by the parsers for an infix or postfix operator */
       IC_FN_SERIAL = 1 << 3,	   /* looks at other rows: prev, next, row_number, row_cumsum */
       IC_FN_MANY = 1 << 4,	   /* gives several columns when it stands alone: series_stats */
       IC_FN_NOT_PLANNED = 1 << 5, /* known by name so that the error can say so */
       IC_FN_KEEPS_NAME = 1 << 6,  /* a column that it makes without a name is called as its first argument */
       IC_FN_BOUND = 1 << 7,	   /* the binder puts something else in its place: there is no kernel */
       IC_FN_NO_DATA = 1 << 8,	   /* gives null for want of data that only a QRadar has; help says so */
};

/* args: one letter an argument.
 *   b bool   i integer (int, long)   n number   r real   s string   t datetime   p timespan
 *   d dynamic   a any scalar   o orderable scalar (no dynamic)   x the type that all x share
 *   w any scalar, of which the kernel gets the text   g guid   u bool that counts null as false
 *   c a column name (not evaluated)   y type name (not evaluated)
 *   T period name such as 'second' (constant string)
 *   upper case of a letter above: the argument must be a constant
 *   [ ] around optional ones at the end; a final * repeats the last (bracketed) group
 * A string parameter takes an address; a real parameter takes any number; a dynamic argument is
 * accepted where a scalar is wanted only for a, d and the to... conversions (letter a).
 * ret: a letter b i(long) I(int) r s t p d g m(decimal), x (the type of the x arguments), 1 2 3 (that of
 * the argument of this number), or ? (functions.c has the rule). */
typedef struct ic_function {
	const char *name;    /* NULL: has no name of its own in either language */
	const char *aliases; /* "iif", several split by '|'; NULL: none */
	const char *args;
	char ret;
	unsigned flags;
	const char *help; /* one line, plain English, says units; for operators the sign: "a + b" */
} ic_function;

extern const ic_function ic_functions[IC_FN_COUNT];
extern const ic_function ic_aggregates[IC_AGG_COUNT_OF];

/* By name or alias; language is IC_FN_KQL or IC_FN_AQL (KQL: exact case; AQL: any). -1: none. */
int ic_function_find(ic_str name, unsigned language);
int ic_aggregate_find(ic_str name, unsigned language);
/* The name that is nearest to `name` in spelling, for hints; NULL if none is near. */
const char *ic_function_near(ic_str name, unsigned language);
/* Fewest and most arguments (UINT32_MAX: any number). */
void ic_function_arity(const ic_function *f, uint32_t *fewest, uint32_t *most);
/* The letter for argument i, 0 if there are fewer. */
char ic_function_arg(const ic_function *f, uint32_t i);
/* The same when it is known that there are n: case() ends with a letter of its own. */
char ic_function_arg_of(const ic_function *f, uint32_t i, uint32_t n);
/* The type that both have or widen to: int, long, real, decimal in that order; address and string are
 * string; a null takes the other's. IC_QTYPES: none. */
ic_qtype ic_qtype_common(ic_qtype a, ic_qtype b);
/* The type of the result for arguments of these types; IC_QTYPES: they do not fit. */
ic_qtype ic_function_type(ic_fn_id id, const ic_qtype *arg, uint32_t n);
ic_qtype ic_aggregate_type(ic_agg_id id, const ic_qtype *arg, uint32_t n);
/* tolong and its like: what makes this type of any other, of text too. */
ic_fn_id ic_conversion_to(ic_qtype t);

#endif
