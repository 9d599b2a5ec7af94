/* SPDX-License-Identifier: Apache-2.0 */
/* The binder of KQL: syntax tree to plan. Private to src/lang/kql, but for ic_kql_bind.
 *
 * Names are looked up, types checked and conversions inserted; a let is bound where it is used, each
 * time anew, but for what is materialized. What grows by that is counted: operators, expressions, depth.
 * Functions give NULL or false when binding has failed; ic_binder.status says how, and the diag why. */
#ifndef IC_LANG_KQL_BIND_H
#define IC_LANG_KQL_BIND_H

#include "base/buf.h"
#include "lang/kql/ast.h"

/* Limits on what lets and functions may expand to. */
enum {
	IC_BIND_DEPTH = 500,	   /* of the binder's own recursion */
	IC_BIND_EXPR_DEPTH = 1000, /* of an expression */
	IC_BIND_LETS = 2000,	   /* statements of a query or function */
	IC_BIND_OPS = 2000,	   /* operators of a plan */
	IC_BIND_NODES = 2000000,   /* expressions of a plan */
};

typedef struct ic_bind_name ic_bind_name;

/* A `between` that rows have passed: for the note on bands outside of it. */
typedef struct ic_bind_band {
	const struct ic_bind_band *prev;
	ic_str column;
	double low, high;
} ic_bind_band;

/* A bound tabular expression. */
typedef struct ic_rel {
	ic_op *op;
	bool open;	 /* more columns than op->out says may be there: unknown names are dynamic */
	bool serialized; /* prev, next, row_number make sense */
	ic_str label;	 /* the table's name if it is one, for withsource; else .p NULL */
	const ic_bind_band *bands;
} ic_rel;

/* What a name means. Names form a list, the innermost first. */
struct ic_bind_name {
	const ic_bind_name *prev;
	ic_kql_name name;
	enum ic_bind_kind {
		IC_BIND_LET,	  /* expr, seen from `prev` on */
		IC_BIND_FUNCTION, /* stmt */
		IC_BIND_VALUE,	  /* a scalar parameter: value */
		IC_BIND_TABLE,	  /* a tabular parameter: expr with the names in `seen` */
		IC_BIND_PIPE, /* `as`, invoke: the pipe from `first` up to `stop`, with the names in `seen` */
	} kind;
	bool *used;
	const ic_kql_stmt *stmt;
	const ic_kql_expr *expr;
	const ic_bind_name *seen;
	const ic_kql_op *first, *stop;
	ic_expr *value;
	const void *base; /* the rows that value's columns are of; see ic_bind_scope.base */
};

/* What summarize collects while its expressions are bound. */
typedef struct ic_bind_aggs {
	ic_agg *agg;
	ic_qcolumn *column; /* of all aggregates, in order */
	uint32_t n, room, columns, column_room;
	uint32_t keys;	    /* columns of the result before those of aggregates */
	const bool *is_key; /* by column of the input: it is a key as it stands, so that * leaves it out */
	bool inside;	    /* of an aggregate's arguments */
} ic_bind_aggs;

/* Where an expression stands. */
typedef struct ic_bind_scope {
	const ic_bind_name *names;
	const ic_rel *row;   /* its columns; NULL: none */
	const ic_rel *right; /* join: what $right means */
	const void *base;    /* tells the rows of one operator from those of others */
	ic_bind_aggs *aggs;  /* NULL: aggregates are refused */
	bool serial;	     /* prev and kin may be used */
	bool *serial_used;
	bool search, search_cs;	  /* a text alone is a condition */
	bool *named;		  /* columns of the row that are named are marked here; may be NULL */
	const ic_kql_items *made; /* names made in this operator, before item `made_n`: for the hint */
	uint32_t made_n;
	/* scan: column i of step k is column (k + 1) * step_width + i of the row */
	const ic_kql_step *step;
	uint32_t steps; /* those that may be named */
	uint32_t step_width;
} ic_bind_scope;

/* A column that was computed, for the note on those that nobody reads. */
typedef struct ic_bind_made {
	const ic_op *op;
	uint32_t column;
	ic_place at;
	ic_str name;
} ic_bind_made;

/* A materialize() that was bound: it is one evaluation where it is named again. */
typedef struct ic_bind_kept {
	const struct ic_bind_kept *next;
	const ic_kql_expr *call;
	const ic_bind_name *names; /* that it sees */
	ic_rel rel;		   /* op: the IC_OP_KEEP */
} ic_bind_kept;

typedef struct ic_binder {
	ic_plan *plan;
	const ic_catalog *catalog;
	ic_diag *diag;
	ic_status status; /* of the first failure */
	bool checking;	  /* nothing is run: values that data would give are null */
	bool no_table;	  /* the failure is a table that nobody has */
	bool quiet;	  /* no notes */
	uint32_t depth, nodes;
	ic_bind_made *made;
	uint32_t mades, made_room;
	const ic_bind_kept *kept;
} ic_binder;

/* Columns being put together for a new operator. */
typedef struct ic_bind_cols {
	ic_qcolumn *column;
	ic_expr **expr;
	uint32_t n, room;
} ic_bind_cols;

/* ---- bind.c: the whole, names, errors, memory */

/* Binds a parsed query into the plan: plan->root. The tree and the text must live as long as the plan. */
ic_status ic_kql_bind(const ic_kql_block *query, const ic_catalog *catalog, ic_plan *plan, ic_diag *diag);

/* All fail: they set the status and give NULL. */
void *ic_bind_fail(ic_binder *b, ic_diag_kind kind, ic_place at, uint32_t length, const char *fmt, ...)
    __attribute__((format(printf, 5, 6)));
void *ic_bind_nomem(ic_binder *b);
/* What was written there, as long as the plan lives; the buffer is cleared. .p NULL: out of memory. */
ic_str ic_bind_written(ic_binder *b, ic_buf *text);
/* From the arena, zeroed. */
void *ic_bind_alloc(ic_binder *b, size_t n, size_t size);
/* Enters one level of recursion; false: too deep. Pair with ic_bind_leave. */
bool ic_bind_enter(ic_binder *b, ic_place at);
void ic_bind_leave(ic_binder *b);
/* A longer list with room for one more item; NULL: out of memory. */
void *ic_bind_grow(ic_binder *b, void *list, uint32_t n, uint32_t *room, size_t size);
void ic_bind_warn(ic_binder *b, ic_place at, const char *fmt, ...) __attribute__((format(printf, 3, 4)));

ic_bind_name *ic_bind_push(ic_binder *b, const ic_bind_name *prev, ic_kql_name name, enum ic_bind_kind kind);
const ic_bind_name *ic_bind_find(const ic_bind_name *names, ic_str name);
/* Pushes the statements of a block; `base`: the rows for each of which it is computed, NULL: none. */
const ic_bind_name *ic_bind_statements(ic_binder *b, const ic_bind_name *names, const ic_kql_stmt *stmt,
				       uint32_t n, const void *base);
/* A let or expression that stands for rows rather than for a value. */
bool ic_bind_is_table(ic_binder *b, const ic_bind_name *names, const ic_kql_expr *e);
/* Whether the catalog has a table of this name; binds it if `ret` is given. */
bool ic_bind_catalog(ic_binder *b, ic_str name, ic_op **ret);
/* "did you mean": the nearest name among columns, lets, tables. Adds a hint to the diag. */
void ic_bind_hint_column(ic_binder *b, const ic_bind_scope *s, ic_str name);
void ic_bind_hint_table(ic_binder *b, const ic_bind_name *names, ic_str name);
/* Parts of a name, for messages: at most 64 bytes. */
#define IC_BIND_NAME(s) (int)((s).n < 64 ? (s).n : 64), ((s).n ? (s).p : "")

/* ---- bind_type.c: types and conversions */

/* The type that both become; IC_QTYPES: none. strict: an int becomes a long, and nothing else. */
ic_qtype ic_bind_common(ic_qtype a, ic_qtype b, bool strict);
/* e as this type, by a call of TO_... where needed; constants at once. */
ic_expr *ic_bind_to(ic_binder *b, ic_expr *e, ic_qtype type);
/* A column's or constant's conversion where KQL makes it unasked; an error names what wanted it. */
ic_expr *ic_bind_fit(ic_binder *b, ic_expr *e, char letter, const char *what, uint32_t number);
ic_expr *ic_bind_bool(ic_binder *b, ic_expr *e, const char *what);
bool ic_bind_is_const(const ic_expr *e);
/* A copy that shares nothing with e. */
ic_expr *ic_bind_copy(ic_binder *b, const ic_expr *e);
ic_expr *ic_bind_const(ic_binder *b, ic_place at, ic_value v);
ic_expr *ic_bind_call(ic_binder *b, ic_place at, ic_fn_id fn, ic_qtype type, uint32_t n, ic_expr *const *arg);
ic_expr *ic_bind_call1(ic_binder *b, ic_place at, ic_fn_id fn, ic_qtype type, ic_expr *a);
ic_expr *ic_bind_call2(ic_binder *b, ic_place at, ic_fn_id fn, ic_qtype type, ic_expr *a, ic_expr *c);
/* x op y, types brought together as KQL does. */
ic_expr *ic_bind_operator(ic_binder *b, ic_place at, uint32_t length, ic_fn_id fn, ic_str sign, ic_expr *x,
			  ic_expr *y);
ic_expr *ic_bind_between(ic_binder *b, ic_place at, uint32_t length, ic_expr *what, ic_expr *low,
			 ic_expr *high);
ic_expr *ic_bind_in(ic_binder *b, const ic_kql_expr *e, ic_expr *left, const ic_value *value, uint32_t n);
/* The value of a constant expression, of this type (IC_QTYPES: any), run if need be. */
bool ic_bind_value(ic_binder *b, ic_expr *e, ic_qtype type, const char *what, ic_value *ret);

/* ---- bind_expr.c */

ic_expr *ic_bind_expr(ic_binder *b, const ic_bind_scope *s, const ic_kql_expr *e);
ic_expr *ic_bind_predicate(ic_binder *b, const ic_bind_scope *s, const ic_kql_expr *e, const char *what);
/* The column of this name: as written, or under its other name (Timestamp and TimeGenerated, id.orig_h
 * and id_orig_h). -1: none. */
int32_t ic_bind_column(const ic_schema *s, ic_str name);
ic_expr *ic_bind_column_at(ic_binder *b, ic_place at, const ic_schema *s, uint32_t column);
/* The text that names a column: NAME, d.a, or Zeek's id.orig_h; .p NULL: it is no name. */
ic_str ic_bind_path(ic_binder *b, const ic_kql_expr *e);
/* The column that a NAME or id.orig_h means, with an error if there is none. */
int32_t ic_bind_named(ic_binder *b, const ic_bind_scope *s, const ic_kql_expr *e);

/* ---- bind_call.c */

ic_expr *ic_bind_function(ic_binder *b, const ic_bind_scope *s, const ic_kql_expr *e);
/* A call without arguments of what the NAME e names: a function may be named without brackets. */
const ic_kql_expr *ic_bind_bare_call(ic_binder *b, const ic_kql_expr *e);
/* Names for the arguments of a function that a let defines; gives the names its body sees. */
const ic_bind_name *ic_bind_arguments(ic_binder *b, const ic_bind_scope *s, const ic_bind_name *f,
				      const ic_kql_expr *call, const ic_bind_name *piped);
/* The columns of a function such as series_stats (IC_FN_MANY), whose value is the array of them; NULL: it
 * gives one value. */
typedef struct ic_bind_many {
	const char *function;
	const char *name[15];
	ic_qtype type[15];
	uint32_t n;
} ic_bind_many;
const ic_bind_many *ic_bind_many_of(const ic_kql_expr *e);

/* ---- bind_pipe.c: sources, pipes */

bool ic_bind_pipe(ic_binder *b, const ic_bind_name *names, const ic_kql_op *first, const ic_kql_op *stop,
		  const ic_rel *start, ic_rel *ret);
/* The rows of a tabular expression. */
bool ic_bind_table(ic_binder *b, const ic_bind_name *names, const ic_kql_expr *e, ic_rel *ret);
/* The same, run now: its values, or none at all when only checking (*ret NULL). `own`: op is not used by anything else,
 * nor afterwards. */
bool ic_bind_run(ic_binder *b, ic_op *op, bool own, ic_op **ret);
/* op is to run by itself, maybe several times: what it reads of materialize() is computed now, if it would not be the
 * same each time. */
bool ic_bind_settle(ic_binder *b, ic_op *op);
ic_op *ic_bind_op(ic_binder *b, ic_op_kind kind, const ic_kql_op *from, ic_op *in);
const ic_kql_expr *ic_bind_option(const ic_kql_options *o, const char *name);
/* The text of an option's value: a literal's or a name; .p NULL: it is neither. */
ic_str ic_bind_option_text(const ic_kql_expr *value);
bool ic_bind_option_true(const ic_kql_expr *value);

/* ---- bind_rows.c: operators that keep rows apart. All take the rows that come in *r and leave those
 * that go out there. */

bool ic_bind_where(ic_binder *b, const ic_bind_name *names, const ic_kql_op *o, ic_rel *r);
bool ic_bind_extend(ic_binder *b, const ic_bind_name *names, const ic_kql_op *o, ic_rel *r);
bool ic_bind_project(ic_binder *b, const ic_bind_name *names, const ic_kql_op *o, ic_rel *r);
bool ic_bind_sort(ic_binder *b, const ic_bind_name *names, const ic_kql_op *o, ic_rel *r);
bool ic_bind_print(ic_binder *b, const ic_bind_name *names, const ic_kql_op *o, ic_rel *r);
bool ic_bind_getschema(ic_binder *b, const ic_kql_op *o, ic_rel *r);
bool ic_bind_assert_schema(ic_binder *b, const ic_kql_op *o, const ic_rel *r);

bool ic_bind_cols_add(ic_binder *b, ic_bind_cols *c, ic_str name, ic_expr *e);
bool ic_bind_cols_input(ic_binder *b, ic_bind_cols *c, ic_place at, const ic_op *in);
bool ic_bind_cols_project(ic_binder *b, ic_bind_cols *c, const ic_kql_op *o, bool serial, ic_rel *r);
ic_str ic_bind_unique(ic_binder *b, const ic_qcolumn *column, uint32_t n, ic_str base);
/* The name that KQL gives an expression without one; .p NULL: none of its own (Column1). */
ic_str ic_bind_auto_name(ic_binder *b, const ic_kql_expr *e);
/* The same for a call of an aggregate, such as avg_x; none for those that give several columns. */
ic_str ic_bind_aggregate_name(ic_binder *b, const ic_kql_expr *e, int id);
/* Column1 of Column and 1. */
ic_str ic_bind_numbered(ic_binder *b, const char *base, uint32_t n);
ic_str ic_bind_join_text(ic_binder *b, ic_str a, const char *between, ic_str c);
bool ic_bind_note_made(ic_binder *b, const ic_op *op, uint32_t column, ic_place at, ic_str name);

/* ---- bind_project.c: project-away and kin */
bool ic_bind_project_some(ic_binder *b, const ic_bind_name *names, const ic_kql_op *o, ic_rel *r);
bool ic_bind_wildcard(ic_str pattern, ic_str name);

/* ---- bind_summarize.c */

bool ic_bind_summarize(ic_binder *b, const ic_bind_name *names, const ic_kql_op *o, ic_rel *r);
bool ic_bind_distinct(ic_binder *b, const ic_bind_name *names, const ic_kql_op *o, ic_rel *r);
bool ic_bind_count(ic_binder *b, const ic_kql_op *o, ic_rel *r);
bool ic_bind_top_hitters(ic_binder *b, const ic_bind_name *names, const ic_kql_op *o, ic_rel *r);
ic_expr *ic_bind_aggregate(ic_binder *b, const ic_bind_scope *s, const ic_kql_expr *e, int id);

/* ---- bind_series.c: make-series, top-nested */

bool ic_bind_make_series(ic_binder *b, const ic_bind_name *names, const ic_kql_op *o, ic_rel *r);
bool ic_bind_top_nested(ic_binder *b, const ic_bind_name *names, const ic_kql_op *o, ic_rel *r);

/* ---- bind_join.c, bind_union.c */

bool ic_bind_join(ic_binder *b, const ic_bind_name *names, const ic_kql_op *o, ic_rel *r);
/* r NULL or without an op: union stands first. */
bool ic_bind_union(ic_binder *b, const ic_bind_name *names, const ic_kql_op *o, ic_rel *r);
/* All of them below each other, n > 0. */
bool ic_bind_all_of(ic_binder *b, const ic_kql_op *o, const ic_rel *rel, uint32_t n, ic_rel *ret);
bool ic_bind_search(ic_binder *b, const ic_bind_name *names, const ic_kql_op *o, ic_rel *r);

/* ---- bind_expand.c, bind_parse.c */

bool ic_bind_expand(ic_binder *b, const ic_bind_name *names, const ic_kql_op *o, ic_rel *r);
bool ic_bind_parse(ic_binder *b, const ic_bind_name *names, const ic_kql_op *o, ic_rel *r);
bool ic_bind_parse_kv(ic_binder *b, const ic_bind_name *names, const ic_kql_op *o, ic_rel *r);

/* ---- bind_scan.c: scan, partition */

bool ic_bind_scan(ic_binder *b, const ic_bind_name *names, const ic_kql_op *o, ic_rel *r);
bool ic_bind_partition(ic_binder *b, const ic_bind_name *names, const ic_kql_op *o, ic_rel *r);

/* ---- bind_source.c */

bool ic_bind_datatable(ic_binder *b, const ic_kql_op *o, ic_rel *r);
bool ic_bind_range(ic_binder *b, const ic_bind_name *names, const ic_kql_op *o, ic_rel *r);
bool ic_bind_external(ic_binder *b, const ic_bind_name *names, const ic_kql_op *o, ic_rel *r);
bool ic_bind_watchlist(ic_binder *b, const ic_bind_name *names, const ic_kql_expr *call, ic_rel *r);
/* bind_parsers.c: the table `r` called as a function; what its arguments ask for is bound over it. */
bool ic_bind_parser(ic_binder *b, const ic_bind_name *names, const ic_kql_expr *call, ic_rel *r);
/* One row without columns. */
ic_op *ic_bind_one_row(ic_binder *b, ic_place at);

/* ---- bind_evaluate.c */

bool ic_bind_evaluate(ic_binder *b, const ic_bind_name *names, const ic_kql_op *o, ic_rel *r);
bool ic_bind_invoke(ic_binder *b, const ic_bind_name *names, const ic_kql_op *first, const ic_kql_op *o,
		    ic_rel *r);
ic_expr *ic_bind_toscalar(ic_binder *b, const ic_bind_scope *s, const ic_kql_expr *e);

/* A call of evaluate. */
typedef struct ic_bind_plugin {
	const struct ic_bind_evaluated *plugin;
	const ic_kql_op *o;
	const ic_kql_expr *call;
	const ic_bind_name *names;
} ic_bind_plugin;

/* The argument of this name, or the one at this place without a name. */
const ic_kql_expr *ic_bind_plugin_argument(const ic_bind_plugin *p, const char *name, uint32_t place);
/* Fails: how the plugin is used. */
bool ic_bind_plugin_usage(ic_binder *b, const ic_bind_plugin *p);
/* The input, run, so that it can be looked at and then read again; *rows NULL when only checking. */
bool ic_bind_run_input(ic_binder *b, ic_rel *r, ic_op **rows);

/* A plugin of evaluate; the families are lists of them that end with one without a name. */
typedef struct ic_bind_evaluated {
	const char *name;
	const char *usage;
	bool (*bind)(ic_binder *b, const ic_bind_plugin *p, ic_rel *r);
	const void *own; /* the family's */
} ic_bind_evaluated;

extern const ic_bind_evaluated ic_bind_library[]; /* bind_library.c: those that are queries themselves */
extern const ic_bind_evaluated ic_bind_lookups[]; /* bind_lookup.c: ipv4_lookup and kin */
/* Plugin i of evaluate; NULL: past the end. */
const ic_bind_evaluated *ic_bind_plugin_at(size_t i);

/* ---- bind_lint.c: notes on what a query does in vain */

void ic_bind_lint_made(ic_binder *b);
void ic_bind_lint_division(ic_binder *b, const ic_kql_expr *e);
const ic_bind_band *ic_bind_lint_bands(ic_binder *b, const ic_rel *r, const ic_kql_expr *predicate);
void ic_bind_lint_between(ic_binder *b, const ic_bind_scope *s, const ic_kql_expr *e);

#endif
