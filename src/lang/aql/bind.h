/* SPDX-License-Identifier: Apache-2.0 */
/* The binder of AQL: syntax tree to plan. Private to src/lang/aql, but for ic_aql_bind.
 *
 * Expressions are bound over the rows of the table; an aggregate in them becomes a column number from
 * IC_AQL_AGG on. When all are bound it is known whether rows are grouped, and ic_aql_lower turns them
 * into expressions over the keys and aggregates. */
#ifndef IC_LANG_AQL_BIND_H
#define IC_LANG_AQL_BIND_H

#include "lang/aql/ast.h"

/* Binds a parsed query: plan->root. The tree and the text must live as long as the plan. */
ic_status ic_aql_bind(const ic_aql_query *query, const ic_catalog *catalog, ic_plan *plan, ic_diag *diag);

/* ---- the rest is for bind*.c ---- */

enum {
	IC_AQL_AGG = 1 << 24,	    /* column numbers from here on: aggregates */
	IC_AQL_NODES_MAX = 1000000, /* expressions that aliases may expand to */
};

/* The clause that is being bound: it decides what names mean first. */
typedef enum ic_aql_clause {
	IC_AQL_SELECT, /* columns, then aliases */
	IC_AQL_WHERE,  /* the same, no aggregates */
	IC_AQL_GROUP,  /* the same */
	IC_AQL_AFTER,  /* HAVING, ORDER BY: aliases, then columns */
	IC_AQL_TIME,   /* START, STOP: no columns */
} ic_aql_clause;

typedef struct ic_aql_binder {
	ic_plan *plan;
	const ic_catalog *catalog;
	ic_diag *diag;
	ic_status status;
	const ic_aql_query *query;
	const struct ic_aql_binder *outer; /* of a sub-select */
	ic_schema in;			   /* columns of the table or sub-select */
	ic_aql_clause clause;
	bool in_agg;
	bool text_here; /* a name here is rather meant as a text */
	bool *busy;	/* aliases that are being bound, by item */
	uint32_t depth, nodes;
	ic_expr **key; /* of the grouping */
	uint32_t keys;
	ic_agg *agg;
	uint32_t aggs;
	ic_str *unknown; /* properties that were warned about */
	uint32_t unknowns;
} ic_aql_binder;

/* All fail: the status is set, NULL comes back. */
void *ic_aql_bind_fail(ic_aql_binder *b, ic_diag_kind kind, ic_place at, uint32_t length, const char *fmt,
		       ...) __attribute__((format(printf, 5, 6)));
void *ic_aql_bind_nomem(ic_aql_binder *b);
void *ic_aql_bind_alloc(ic_aql_binder *b, size_t n, size_t size);
/* Room for one more in a list that grows one by one. */
bool ic_aql_bind_room(ic_aql_binder *b, void **items, uint32_t n, size_t size);
#define IC_AQL_BIND_ROOM(b, items, n) ic_aql_bind_room(b, (void **)&(items), n, sizeof *(items))

/* bind.c: the plan of a sub-select of the query. */
ic_op *ic_aql_sub_rows(ic_aql_binder *b, const ic_aql_query *sub);
/* The item without an alias whose result column gets this name of itself, such as COUNT; -1: none. */
int32_t ic_aql_unnamed(ic_aql_binder *b, ic_str name);

/* bind_expr.c */
ic_expr *ic_aql_expr_of(ic_aql_binder *b, const ic_aql_expr *e);
ic_expr *ic_aql_condition(ic_aql_binder *b, const ic_aql_expr *e);
/* The item whose alias this is, -1: none. */
int32_t ic_aql_alias(const ic_aql_binder *b, ic_str name);
int32_t ic_aql_column(const ic_schema *s, ic_str name);
/* left IN the first column of what op gives, without its nulls if those are no values; `what` names it in errors. A
 * check has no rows. */
ic_expr *ic_aql_in_rows(ic_aql_binder *b, const ic_aql_expr *e, ic_expr *left, ic_op *op, bool nulls,
			const char *what);
ic_expr *ic_aql_call_of(ic_aql_binder *b, ic_place at, ic_fn_id fn, ic_qtype type, uint32_t n, ...);

/* bind_type.c: conversions; constants are converted at once. */
ic_expr *ic_aql_as_text(ic_aql_binder *b, ic_expr *e);
ic_expr *ic_aql_as_number(ic_aql_binder *b, ic_expr *e);
ic_expr *ic_aql_as_type(ic_aql_binder *b, ic_expr *e, ic_qtype type);
/* e as an address if it is a constant text that reads as one; else e. */
ic_expr *ic_aql_as_address(ic_aql_binder *b, ic_expr *e);
/* A list for IN that suits *left, which may be converted: constants of any type. */
const ic_value_list *ic_aql_list_of(ic_aql_binder *b, ic_expr **left, ic_value *value, uint32_t n);

/* bind_call.c: functions and aggregates */
ic_expr *ic_aql_function(ic_aql_binder *b, const ic_aql_expr *e);

/* bind_group.c */
bool ic_aql_same(const ic_expr *a, const ic_expr *b);
/* The column (IC_AQL_AGG + i) of an aggregate; an equal one is used again. */
ic_expr *ic_aql_aggregate(ic_aql_binder *b, ic_place at, ic_agg_id fn, ic_expr *arg);
/* Over keys and aggregates instead of rows; columns that are neither are those of a group's first row. */
ic_expr *ic_aql_lower(ic_aql_binder *b, ic_expr *e);

/* bind_lint.c: warns of what runs as written and yet is hardly meant. */
bool ic_aql_lint(ic_aql_binder *b);

/* bind_time.c: the rows of the query's time window. */
ic_op *ic_aql_window_of(ic_aql_binder *b, ic_op *in);

#endif
