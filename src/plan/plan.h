/* SPDX-License-Identifier: Apache-2.0 */
/* The typed relational plan that both languages compile to. Facade of src/plan.
 *
 * A plan is a tree of operators, each with an output schema; what a materialize() keeps is one more tree, which
 * several leaves read. Expressions refer to columns of their operator's input by number. Everything lies in one
 * arena (ic_plan.arena) and is not changed after ic_plan_optimise. Languages differ in what they put into a
 * plan, not in how it runs: where KQL and AQL disagree on an operator there are two functions (IC_FN_EQ,
 * IC_FN_SQL_EQ). */
#ifndef IC_PLAN_PLAN_H
#define IC_PLAN_PLAN_H

#include "ictus.h"
#include "plan/functions.h"
#include "table/fields.h"

/* ---- errors ------------------------------------------------------------------------- */

typedef enum ic_diag_kind {
	IC_DIAG_SYNTAX,
	IC_DIAG_NAME, /* unknown table, column, function */
	IC_DIAG_TYPE,
	IC_DIAG_UNSUPPORTED,
	IC_DIAG_LIMIT,
} ic_diag_kind;

typedef struct ic_place {
	uint32_t line, column; /* 1-based, column in bytes; 0: unknown */
} ic_place;

/* What is wrong with a query. Texts may hold bytes of the query: they are escaped when printed. */
typedef struct ic_diag {
	bool set;
	ic_diag_kind kind;
	ic_place at;
	uint32_t length; /* bytes to underline, at least 1 */
	char message[400];
	char hint[240]; /* "" if none */
} ic_diag;

/* Keeps the first one. Returns IC_E_USAGE (IC_E_LIMIT for that kind), for `return`. */
ic_status ic_diag_fail(ic_diag *d, ic_diag_kind kind, ic_place at, uint32_t length, const char *fmt, ...)
    __attribute__((format(printf, 5, 6)));
/* Adds a hint to the diag just set. */
void ic_diag_hint(ic_diag *d, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* ---- schemas ------------------------------------------------------------------------ */

typedef struct ic_qcolumn {
	ic_str name;
	ic_qtype type;
} ic_qcolumn;

typedef struct ic_schema {
	ic_qcolumn *column;
	uint32_t n;
} ic_schema;

enum { IC_MAX_COLUMNS = 10000 };

/* ---- expressions -------------------------------------------------------------------- */

typedef enum ic_expr_kind { IC_X_COLUMN, IC_X_CONST, IC_X_CALL } ic_expr_kind;

typedef struct ic_expr ic_expr;
struct ic_expr {
	ic_expr_kind kind;
	ic_qtype type;
	ic_place at;
	union {
		uint32_t column; /* of the operator's input */
		ic_value value;
		struct {
			ic_fn_id fn;
			uint32_t n;
			ic_expr **arg;
			/* IC_FN_IN and kin: the list, sorted out at bind time; NULL otherwise */
			const struct ic_value_list *list;
		} call;
	};
};

typedef struct ic_value_list {
	const ic_value *value; /* all of one type */
	uint32_t n;
} ic_value_list;

/* ---- operators ---------------------------------------------------------------------- */

typedef enum ic_op_kind {
	IC_OP_SCAN,	 /* rows of a bound table */
	IC_OP_VALUES,	 /* rows written in the query: datatable, print, results bound early */
	IC_OP_RANGE,	 /* from, to, step */
	IC_OP_FILTER,	 /* rows for which the predicate is true */
	IC_OP_PROJECT,	 /* one expression an output column: extend, project, rename, reorder... */
	IC_OP_SERIAL,	 /* as PROJECT over all rows in order: expressions that look at other rows */
	IC_OP_SUMMARIZE, /* keys, aggregates; distinct has no aggregates */
	IC_OP_SORT,	 /* stable */
	IC_OP_TAKE,	 /* the first n rows */
	IC_OP_TOP,	 /* sort, then the first n rows */
	IC_OP_JOIN,
	IC_OP_UNION,
	IC_OP_EXPAND, /* mv-expand */
	IC_OP_APPLY,  /* mv-apply: expand, run a sub-plan for each row, put the row beside each result */
	IC_OP_MAKE_SERIES,
	IC_OP_TOP_NESTED,
	IC_OP_PARSE,	 /* parse, parse-where, parse-kv */
	IC_OP_STEP,	 /* scan: sequences of rows that match one step after the other */
	IC_OP_SAMPLE,	 /* n rows, chosen by a hash of their number: the same ones in each run */
	IC_OP_PARTITION, /* a sub-plan for the rows of each key, in order of the keys' first rows */
	IC_OP_INPUT,	 /* the rows that IC_OP_APPLY or IC_OP_PARTITION is at */
	IC_OP_KEEP,	 /* materialize: its input is computed once; only IC_OP_KEPT read the rows */
	IC_OP_KEPT,	 /* the rows of an IC_OP_KEEP */
	IC_OP_KINDS
} ic_op_kind;

typedef enum ic_join_kind {
	IC_JOIN_INNERUNIQUE,
	IC_JOIN_INNER,
	IC_JOIN_LEFTOUTER,
	IC_JOIN_RIGHTOUTER,
	IC_JOIN_FULLOUTER,
	IC_JOIN_LEFTSEMI,
	IC_JOIN_RIGHTSEMI,
	IC_JOIN_LEFTANTI,
	IC_JOIN_RIGHTANTI,
	IC_JOIN_KINDS
} ic_join_kind;

typedef struct ic_sort_key {
	ic_expr *key;
	bool descending, nulls_first;
} ic_sort_key;

typedef struct ic_agg {
	ic_agg_id fn;
	ic_qtype type; /* of the result */
	uint32_t n;
	ic_expr **arg;
	ic_place at;
	/* arg_max, take_any and kin give several columns: output columns first..first+columns-1 */
	uint32_t columns;
} ic_agg;

typedef struct ic_expand_column {
	uint32_t from; /* column of the input */
	uint32_t to;   /* column of the output */
	bool as_type;  /* to typeof(...) */
	ic_qtype type;
} ic_expand_column;

typedef enum ic_parse_how { IC_PARSE_SIMPLE, IC_PARSE_REGEX, IC_PARSE_RELAXED, IC_PARSE_KV } ic_parse_how;

/* Which of the rows that a step of scan matches are handed on: LAST: the last one before its sequence moves on
 * to the next step. */
typedef enum ic_step_output { IC_STEP_ALL, IC_STEP_LAST, IC_STEP_NONE } ic_step_output;

/* One piece of a parse pattern: text to find, then the column that what follows goes to. */
typedef struct ic_parse_piece {
	ic_str text;	/* literal or regular expression; may be empty */
	int32_t column; /* of `captures`; -1: not kept */
	ic_qtype type;
	bool star; /* skip anything up to the text */
} ic_parse_piece;

/* What quotes of parse-kv begin and end with. */
typedef struct ic_quotes {
	ic_str open, close;
} ic_quotes;

typedef struct ic_op ic_op;
struct ic_op {
	ic_op_kind kind;
	ic_place at;
	const char *says; /* the keyword as written, for explain: "where", "WHERE" */
	ic_schema out;
	ic_op *in;    /* NULL for sources */
	uint32_t id;  /* number in the plan, for counters */
	bool ordered; /* rows of the output have an order that the query asked for */
	union {
		struct {
			const struct ic_table *table;
			/* Set by ic_plan_optimise: columns of the table that are read, in output order */
			uint32_t *column;
			/* conjuncts that speak of one column and constants, for the source to drop rows early;
			 * the filter stays in the plan */
			ic_expr **pushed;
			uint32_t pushed_n;
		} scan;
		struct {
			const ic_value *value; /* row after row */
			uint64_t rows;
		} values;
		struct {
			ic_value from, to, step;
		} range;
		struct {
			ic_expr *predicate;
		} filter;
		struct {
			ic_expr **expr; /* out.n of them */
		} project;		/* and serial */
		struct {
			ic_expr **key;
			uint32_t keys;
			ic_agg *agg;
			uint32_t aggs;
		} summarize; /* out: keys, then the columns of each aggregate */
		struct {
			ic_sort_key *key;
			uint32_t keys;
			ic_value limit; /* top, take: long */
		} sort;			/* sort, top, take, sample */
		struct {
			ic_join_kind kind;
			ic_op *right;
			uint32_t keys;
			ic_expr **left_key, **right_key; /* over their own inputs, of equal types */
			/* out column i: < left columns: of the left; else right column i - left columns */
			uint32_t *column;
			bool null_keys_match; /* KQL: null == null in a key */
		} join;
		struct {
			ic_op **in;
			uint32_t inputs;
			int32_t **column; /* [input][out column]: its column there, -1: null */
			int32_t source;	  /* out column that names the input, -1: none */
			ic_str *name;	  /* of each input, for that column */
		} united;
		struct {
			ic_expand_column *column;
			uint32_t columns;
			int32_t index; /* out column of with_itemindex, -1: none */
			bool as_bags;  /* kind=bag: a bag gives bags of one member; else [name, value] */
			int64_t limit; /* items a row; -1: none */
			ic_op *body;   /* APPLY: a plan whose source is IC_OP_INPUT */
			/* APPLY: out = columns of the input kept, then those of body.
			 * EXPAND: for each out column the input column that it comes from; not looked at for those
			 * in `column` and the index */
			uint32_t *keep;
			uint32_t keeps;
			/* APPLY: `column` and `index` speak of the columns of IC_OP_INPUT; each other column of it
			 * comes from this input column */
			uint32_t *feed;
		} expand;
		struct {
			ic_agg *agg;
			uint32_t aggs;
			/* one array each: value: an expression over the results of agg; NULL: that of number
			 * `of` itself */
			struct ic_series_item {
				ic_expr *value;
				uint32_t of;
				ic_qtype type;
				ic_value fill; /* of steps without rows */
			} * item;
			uint32_t items;
			ic_expr *on;
			ic_value from, to, step; /* from, to null: of the data */
			ic_expr **by;
			uint32_t bys;
			bool nonempty; /* no rows in, no `by`, from and to given: one series of defaults */
		} series;	       /* out: by, then each item's array, then the axis */
		struct {
			struct ic_nest {
				/* rank: what is sorted by and shown, over {by, the results of agg}; NULL: that of
				 * the only one itself */
				ic_expr *by, *rank;
				ic_agg *agg;
				uint32_t aggs;
				int64_t n; /* -1: all */
				bool ascending;
				bool others;
				ic_value others_label;
			} * level;
			uint32_t levels;
		} nested; /* out: by and aggregate of each level in turn */
		struct {
			/* Expressions over: the columns of the input; the declared ones with their defaults; then
			 * both again for each step up to this one, as they were in the row that it matched last
			 * (nulls and the defaults if there is none). */
			struct ic_step {
				ic_expr *when;
				ic_expr **set; /* of each declared column; NULL: its default */
				ic_step_output output;
			} * step;
			uint32_t steps;
			ic_value *preset; /* default of each declared column, of its type */
			uint32_t declared;
			bool match_id; /* the number of the sequence is the last column */
		} step;		       /* out: input columns, then the declared ones; rows that match */
		struct {
			ic_expr *by;
			ic_op *body; /* a plan whose source is IC_OP_INPUT: the rows of one key */
		} partition;	     /* out: the body's */
		struct {
			ic_op *older;	/* in the list of ic_plan.kept */
			ic_op *readers; /* ic_plan_optimise: the IC_OP_KEPT that are left, by kept.next */
			bool settled;	/* what had to be computed before the rest is bound has been */
		} keep;
		struct {
			ic_op *of;	  /* the IC_OP_KEEP */
			uint32_t *column; /* of it, in output order */
			ic_op *next;
		} kept;
		struct {
			ic_expr *text;
			ic_parse_how how;
			bool only_matches; /* parse-where */
			ic_parse_piece *piece;
			uint32_t pieces;
			ic_str flags;				      /* of REGEX */
			ic_str pair_delimiter, kv_delimiter, pattern; /* of parse-kv; .n 0: not given */
			ic_quotes *quote;
			uint32_t quotes;
			ic_str *escape; /* one character each */
			uint32_t escapes;
			bool greedy;
			uint32_t *target; /* out column of each capture */
			ic_str *key;	  /* parse-kv: the key of each capture */
			uint32_t captures;
		} parse; /* out: input columns (captures may replace some), then new ones */
	};
};

/* ---- tables -------------------------------------------------------------------------- */

/* A table that a query can name. Defined by the engine (src/engine) over sources, files and views. */
typedef struct ic_table {
	ic_str name;
	ic_schema schema;
	/* What a run reads; the executor passes it back to its provider untouched. */
	const void *origin;
} ic_table;

typedef struct ic_plan ic_plan;
typedef struct ic_rowset ic_rowset; /* materialised rows: exec/rows/rows.h */

/* What a binder asks while it binds. The engine implements it. */
typedef struct ic_catalog {
	void *ctx;
	/* The plan of a table or view of this name (a scan, or a scan with expressions over it), made in
	 * the plan's arena. *ret NULL: no such table. `language`: IC_FN_KQL or IC_FN_AQL. */
	ic_status (*table)(void *ctx, ic_plan *plan, ic_str name, unsigned language, ic_op **ret,
			   ic_diag *diag);
	/* The i-th table name, for hints; .p NULL past the end. */
	ic_str (*name)(void *ctx, size_t i);
	/* Which products have a column of this name: a sentence for the hint, "" if none. */
	void (*column_hint)(void *ctx, ic_str column, char *buf, size_t room);
	/* A CSV or JSON file or watch list with this schema (n = 0: to be found out, then *ret's schema says).
	 * `kind` is "externaldata", "watchlist". NULL *ret: it is not there. */
	ic_status (*external)(void *ctx, ic_plan *plan, const char *kind, ic_str name, ic_schema schema,
			      ic_op **ret, ic_diag *diag);
	/* Runs a sub-plan now and gives its rows as an IC_OP_VALUES in the arena of `plan`: toscalar, in
	 * (query), bag_unpack, pivot. `own`: nothing else reads its operators, so that they are rewritten for
	 * the run and of no use afterwards. NULL: only checking; the binder then takes unknown values as
	 * typed nulls and unknown columns as dynamic. */
	ic_status (*run)(void *ctx, ic_plan *plan, ic_op *sub, bool own, ic_op **ret, ic_diag *diag);
} ic_catalog;

/* ---- plans --------------------------------------------------------------------------- */

struct ic_plan {
	ic_arena arena;
	ic_op *root;
	ic_op *kept;		  /* every IC_OP_KEEP, the newest first: it reads older ones only */
	uint32_t ops;		  /* numbers given to operators so far */
	unsigned language;	  /* IC_FN_KQL, IC_FN_AQL */
	int64_t now;		  /* one instant for the whole query */
	bool now_used;		  /* so that the engine can say what "now" is */
	bool open;		  /* columns are not all known (only when checking) */
	bool integer_division;	  /* --aql-arith integer */
	struct ic_zone *zone;	  /* NULL: UTC */
	const struct ic_geo *geo; /* base/geo.h; NULL: there is no database of places */
	bool geo_used;		  /* so that the engine can say that there is none */
	const ic_cidrs *internal;
	ic_str *warning; /* sentences about the query, with line:column; lint */
	uint32_t warnings;
};

/* `now` etc. are the caller's to set after init. */
void ic_plan_init(ic_plan *p, ic_budget *budget);
void ic_plan_clear(ic_plan *p);
ic_status ic_plan_warn(ic_plan *p, ic_place at, const char *fmt, ...) __attribute__((format(printf, 3, 4)));

/* Makers. NULL: out of memory. */
ic_op *ic_op_new(ic_plan *p, ic_op_kind kind, ic_place at, const char *says, ic_op *in);
ic_expr *ic_expr_column(ic_plan *p, ic_place at, const ic_schema *of, uint32_t column);
ic_expr *ic_expr_const(ic_plan *p, ic_place at, ic_value v); /* keeps the value's pointers */
ic_expr *ic_expr_call(ic_plan *p, ic_place at, ic_fn_id fn, ic_qtype type, uint32_t n); /* args to fill */
/* Calls visit for each operator that op reads: its input, right side, members of a union, body; of an IC_OP_KEPT
 * there is none. */
void ic_each_input(ic_op *op, void (*visit)(void *ctx, ic_op **slot), void *ctx);
/* An IC_OP_KEEP of the rows of `in`. */
ic_op *ic_op_keep(ic_plan *p, ic_place at, ic_op *in);
/* A reader of all its columns. */
ic_op *ic_op_kept(ic_plan *p, ic_op *keep);
/* Whether the rows of op may be others each time it runs: rand() and the like. What it reads of an IC_OP_KEEP is
 * left out. */
bool ic_op_differs(ic_op *op);
/* The column of this name, -1 if none. */
int32_t ic_schema_find(const ic_schema *s, ic_str name);

/* optimise.c: forgets a materialize() that one operator reads; folds constants (fold is the executor's evaluator: a
 * constant call to a value; a value of type IC_QTYPES means that the call must stay, as rand() must), prunes
 * columns, moves filters down to the scan and says there which conjuncts a source may use. */
typedef ic_status (*ic_fold_fn)(ic_plan *p, const ic_expr *call, ic_value *ret, ic_diag *diag);
ic_status ic_plan_optimise(ic_plan *p, ic_fold_fn fold, ic_diag *diag);

/* explain.c: one line an operator, indented, source first; `counts` (by id) may be NULL. The text lies in the plan's
 * arena. */
typedef struct ic_op_counts {
	uint64_t in, out; /* rows */
	uint64_t spilled; /* bytes that went to a temporary file */
} ic_op_counts;
ic_str ic_plan_explain(ic_plan *p, const ic_op_counts *counts);

#endif
