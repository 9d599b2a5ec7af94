/* SPDX-License-Identifier: Apache-2.0 */
/* The syntax tree of a KQL query: what parse.h gives and the binder takes.
 *
 * Every node lies in the arena that the parser was given; texts are slices of the query, or arena
 * copies where escapes were resolved. The query's text must outlive the tree. Nothing here knows what
 * a name means: whether `T` is a table, a column or a let is for the binder. The parser has checked
 * shapes only: what is NULL-able is said, everything else is there. */
#ifndef IC_LANG_KQL_AST_H
#define IC_LANG_KQL_AST_H

#include "plan/plan.h"

typedef struct ic_kql_expr ic_kql_expr;
typedef struct ic_kql_op ic_kql_op;

/* A name as written, without ['..']; for errors, where it stands. */
typedef struct ic_kql_name {
	ic_str text;
	ic_place at;
	uint32_t length;
} ic_kql_name;

/* One of a list: `expr`, `name = expr`, `(name, name) = expr`. */
typedef struct ic_kql_item {
	ic_kql_name *name;
	uint32_t names; /* 0: none given */
	bool tuple;	/* written in brackets */
	ic_kql_expr *expr;
	/* what some operators add behind the expression */
	ic_qtype type;	    /* mv-expand, mv-apply: to typeof(type); find: column:type; IC_QTYPES: none */
	ic_kql_expr *value; /* make-series: default=; NULL: none */
	uint8_t order;	    /* project-reorder: enum ic_kql_order */
} ic_kql_item;

enum ic_kql_order { IC_KQL_UNORDERED, IC_KQL_ASC, IC_KQL_DESC, IC_KQL_GRANNY_ASC, IC_KQL_GRANNY_DESC };

typedef struct ic_kql_items {
	ic_kql_item *item;
	uint32_t n;
} ic_kql_items;

/* `name = value` in front of or behind an operator's operands: kind=inner, hint.strategy=shuffle,
 * with (title="..."). The value is a literal or a name (kind=inner: the name inner). */
typedef struct ic_kql_option {
	ic_kql_name name; /* "hint.strategy" whole */
	ic_kql_expr *value;
} ic_kql_option;

typedef struct ic_kql_options {
	ic_kql_option *option;
	uint32_t n;
} ic_kql_options;

/* name:type of datatable, externaldata, parse-kv, scan, find, evaluate's `: (...)` */
typedef struct ic_kql_column {
	ic_kql_name name;
	ic_qtype type;
	ic_kql_expr *value; /* scan: its first value; NULL: none */
} ic_kql_column;

typedef struct ic_kql_columns {
	ic_kql_column *column;
	uint32_t n;
} ic_kql_columns;

typedef struct ic_kql_exprs {
	ic_kql_expr **expr;
	uint32_t n;
} ic_kql_exprs;

typedef struct ic_kql_key {
	ic_kql_expr *expr;
	bool descending, nulls_first; /* Kusto's defaults are filled in: desc; asc nulls first, desc last */
} ic_kql_key;

typedef struct ic_kql_keys {
	ic_kql_key *key;
	uint32_t n;
} ic_kql_keys;

/* source | operator | ...; the first may be any operator: in a let or in brackets it is the source */
typedef struct ic_kql_pipe {
	ic_kql_op *first; /* linked by next */
} ic_kql_pipe;

/* ---- expressions -------------------------------------------------------------------- */

typedef enum ic_kql_expr_kind {
	IC_KE_LITERAL,	/* value; a dynamic(...) is an ic_dyn whose scalars may be typed */
	IC_KE_NAME,	/* name; $left and $right too */
	IC_KE_MEMBER,	/* object.name; also cluster("c").database("d").Table */
	IC_KE_INDEX,	/* object[index] */
	IC_KE_CALL,	/* name(args): functions, aggregates, lets, toscalar, materialize, table, not... */
	IC_KE_METHOD,	/* object.name(args): cluster("c").database("d") */
	IC_KE_NEGATE,	/* -x */
	IC_KE_BINARY,	/* x op y */
	IC_KE_IN,	/* x in (list), has_any, has_all */
	IC_KE_BETWEEN,	/* x between (low .. high) */
	IC_KE_STAR,	/* * in count(*), arg_max(x, *), distinct *, project-away *; on its own elsewhere */
	IC_KE_WILDCARD, /* a*b in project-away and kin, union; name holds it */
	IC_KE_TYPEOF,	/* typeof(long) as an argument */
	IC_KE_PIPE,	/* a tabular expression: (T | where x), datatable..., union... */
	IC_KE_TERM,	/* column:"text" of search */
} ic_kql_expr_kind;

typedef struct ic_kql_arg {
	ic_kql_name name; /* text.p NULL: by position */
	ic_kql_expr *expr;
} ic_kql_arg;

struct ic_kql_expr {
	ic_kql_expr_kind kind;
	bool bracketed;	 /* stood in ( ) */
	bool quoted;	 /* NAME: written ['..'], so it is a column and no keyword */
	uint16_t height; /* of the tree: recursion over it is bounded by IC_PARSE_TREE_MAX */
	ic_place at;	 /* of its first byte; for BINARY, IN, BETWEEN: of the operator */
	uint32_t length; /* bytes of what `at` points at, for the caret */
	union {
		ic_value value;	  /* LITERAL */
		ic_kql_name name; /* NAME, WILDCARD */
		struct {
			ic_kql_expr *object;
			ic_kql_name name;
		} member;
		struct {
			ic_kql_expr *object, *index;
		} index;
		struct {
			ic_kql_name name;
			ic_kql_arg *arg;
			uint32_t args;
			ic_kql_expr *object; /* METHOD; NULL for CALL */
		} call;
		ic_kql_expr *operand; /* NEGATE */
		struct {
			ic_fn_id fn;  /* IC_FN_EQ, IC_FN_HAS, IC_FN_ADD...; IC_FN_AND, IC_FN_OR */
			bool negated; /* !has and kin: IC_FN_NOT_IN_FORM around it */
			ic_str sign;  /* as written */
			ic_kql_expr *left, *right;
		} binary;
		struct {
			ic_fn_id fn; /* IC_FN_IN, IC_FN_IN_CI, IC_FN_HAS_ANY, IC_FN_HAS_ALL */
			bool negated;
			ic_str sign;
			ic_kql_expr *left;
			/* Either constants, packed because lists are long; or expressions (one of them may
			 * be a PIPE, or the name of a tabular let, or of a dynamic). The other is empty. */
			const ic_value *value;
			uint32_t values;
			ic_kql_exprs list;
		} in;
		struct {
			bool negated;
			ic_kql_expr *what, *low, *high;
		} between;
		ic_qtype type; /* TYPEOF */
		ic_kql_pipe pipe;
		struct {
			ic_kql_name column;
			ic_str text; /* may hold * */
		} term;
	};
};

/* ---- operators ---------------------------------------------------------------------- */

typedef enum ic_kql_op_kind {
	IC_KO_SOURCE, /* a table, view, let or call by name, or a PIPE in brackets */
	IC_KO_WHERE,  /* filter too */
	IC_KO_EXTEND,
	IC_KO_PROJECT,
	IC_KO_PROJECT_AWAY,
	IC_KO_PROJECT_KEEP,
	IC_KO_PROJECT_RENAME,
	IC_KO_PROJECT_REORDER,
	IC_KO_PROJECT_BY_NAMES,
	IC_KO_SUMMARIZE,
	IC_KO_SORT, /* order too */
	IC_KO_TOP,
	IC_KO_TAKE, /* limit too */
	IC_KO_COUNT,
	IC_KO_DISTINCT,
	IC_KO_JOIN,
	IC_KO_LOOKUP,
	IC_KO_UNION,
	IC_KO_MV_EXPAND,
	IC_KO_MV_APPLY,
	IC_KO_MAKE_SERIES,
	IC_KO_TOP_NESTED,
	IC_KO_TOP_HITTERS,
	IC_KO_PARSE,
	IC_KO_PARSE_WHERE,
	IC_KO_PARSE_KV,
	IC_KO_SERIALIZE,
	IC_KO_AS,
	IC_KO_RENDER,
	IC_KO_PRINT,
	IC_KO_RANGE,
	IC_KO_DATATABLE,
	IC_KO_EXTERNALDATA,
	IC_KO_EVALUATE,
	IC_KO_SEARCH,
	IC_KO_FIND,
	IC_KO_SAMPLE,
	IC_KO_SAMPLE_DISTINCT,
	IC_KO_GETSCHEMA,
	IC_KO_ASSERT_SCHEMA,
	IC_KO_INVOKE,
	IC_KO_SCAN,
	IC_KO_PARTITION,
	IC_KO_CONSUME,
	IC_KO_KINDS
} ic_kql_op_kind;

/* One piece of a parse pattern, in the order of writing. */
typedef struct ic_kql_piece {
	enum { IC_KQL_PIECE_STAR, IC_KQL_PIECE_TEXT, IC_KQL_PIECE_COLUMN } kind;
	ic_place at;
	ic_str text;	  /* TEXT */
	ic_kql_name name; /* COLUMN */
	ic_qtype type;	  /* COLUMN; string if not said */
} ic_kql_piece;

typedef struct ic_kql_level {
	ic_kql_expr *n; /* NULL: all */
	ic_kql_item of;
	ic_kql_expr *others; /* with others = ...; NULL: none */
	ic_kql_item by;
	bool ascending;
} ic_kql_level;

/* One step of scan. */
typedef struct ic_kql_step {
	ic_kql_name name; /* as in s.column */
	ic_step_output output;
	ic_kql_expr *predicate;
	ic_kql_items set; /* column = expr */
} ic_kql_step;

struct ic_kql_op {
	ic_kql_op_kind kind;
	ic_place at;
	uint32_t length;
	const char *says; /* keyword as written: "filter", "order" */
	ic_kql_op *next;
	ic_kql_options options; /* those in front of the operands: kind=, hint.*, withsource=, isfuzzy=... */
	union {
		ic_kql_expr *source;	/* SOURCE: NAME, CALL, MEMBER, METHOD or PIPE */
		ic_kql_expr *predicate; /* WHERE */
		ic_kql_items items;	/* EXTEND PROJECT* (AWAY, KEEP, REORDER: NAME, MEMBER,
					 * WILDCARD or STAR)
					 * SERIALIZE PRINT DISTINCT */
		struct {
			ic_kql_items aggs, by;
			bool by_given; /* `by` was written (its list may not be empty then) */
		} summarize;
		struct {
			ic_kql_keys keys; /* SORT, TOP */
			ic_kql_expr *n;	  /* TOP, TAKE, SAMPLE, SAMPLE_DISTINCT, TOP_HITTERS */
			ic_kql_expr *of;  /* SAMPLE_DISTINCT, TOP_HITTERS */
			ic_kql_expr *by;  /* TOP_HITTERS: what is summed; NULL: rows are counted */
		} sort;
		struct {
			ic_join_kind kind; /* default filled in: innerunique; lookup: leftouter */
			ic_kql_expr *right;
			ic_kql_exprs
			    on; /* NAME; $left.a == $right.b as a BINARY; `and` between: as written */
		} join;
		ic_kql_exprs by_names; /* PROJECT_BY_NAMES: texts, and arrays of texts */
		ic_kql_exprs inputs;   /* UNION: NAME, WILDCARD, CALL, MEMBER, PIPE. In a pipe the rows that
				      * come in are the first input */
		struct {
			ic_kql_items items;
			ic_kql_expr *limit; /* NULL: none */
			ic_kql_pipe body;   /* MV_APPLY: operators without a source */
		} expand;		    /* MV_EXPAND, MV_APPLY */
		struct {
			ic_kql_items aggs;
			ic_kql_expr *on;
			ic_kql_name on_name;	       /* on name = expr; text.p NULL: none */
			ic_kql_expr *from, *to, *step; /* from, to: NULL if not given */
			bool in_range;		       /* in range(from, to, step): `to` belongs to it */
			ic_kql_items by;
		} series;
		struct {
			ic_kql_level *level;
			uint32_t levels;
		} nested;
		struct {
			ic_kql_expr *text;
			enum { IC_KQL_PARSE_SIMPLE, IC_KQL_PARSE_REGEX, IC_KQL_PARSE_RELAXED } how;
			ic_str flags; /* of kind=regex */
			ic_kql_piece *piece;
			uint32_t pieces;
		} parse; /* PARSE, PARSE_WHERE */
		struct {
			ic_kql_expr *text;
			ic_kql_columns columns;
			ic_kql_options with; /* pair_delimiter, kv_delimiter, quote, escape, greedy */
		} parse_kv;
		ic_kql_name name;      /* AS, COUNT: text.p NULL: Count */
		ic_kql_columns schema; /* ASSERT_SCHEMA */
		struct {
			ic_kql_name chart;
			ic_kql_options with;
		} render;
		struct {
			ic_kql_name name;
			ic_kql_expr *from, *to, *step;
		} range;
		struct {
			ic_kql_columns columns;
			/* Row after row, values % columns == 0. The types are those of the literals as written:
			 * bringing them to the column's is the binder's. at[i]: where the value stands. */
			const ic_value *value;
			const ic_place *place;
			uint32_t values;
		} datatable;
		struct {
			ic_kql_columns columns;
			ic_kql_exprs uris;
			ic_kql_options with; /* format, ignoreFirstRecord... */
		} externaldata;
		struct {
			ic_kql_expr *call;
			bool typed;		/* `: ( ... )` was written */
			bool star;		/* with * in it: the input's columns come first */
			ic_kql_columns columns; /* of `: ( ... )` */
		} evaluate;			/* EVALUATE, INVOKE */
		struct {
			ic_kql_exprs in;	/* tables; n 0: all */
			ic_kql_expr *predicate; /* a string LITERAL alone in it means: some column has it;
						 * NULL: every row */
			ic_kql_items project; /* FIND: with the type of project a:type; n 0: project-smart */
		} search;		      /* SEARCH, FIND */
		struct {
			ic_kql_exprs partition_by;
			ic_kql_columns declare;
			ic_kql_name match_id; /* with_match_id; text.p NULL: none */
			ic_kql_step *step;
			uint32_t steps;
		} scan;
		struct {
			ic_kql_expr *by;
			ic_kql_pipe body;   /* operators without a source */
			ic_kql_expr *query; /* in braces: it has a source of its own; NULL: the body */
		} partition;
	};
};

/* ---- statements --------------------------------------------------------------------- */

typedef struct ic_kql_param {
	ic_kql_name name;
	bool tabular;
	bool any_columns;	/* tabular: (*) */
	ic_kql_columns columns; /* tabular */
	ic_qtype type;		/* scalar */
	ic_kql_expr *value;	/* default; NULL: none */
} ic_kql_param;

typedef struct ic_kql_block ic_kql_block;

typedef enum ic_kql_stmt_kind {
	IC_KS_LET,	/* let name = value: scalar or tabular, the binder tells by what names mean */
	IC_KS_FUNCTION, /* let name = [view] (params) { body } */
	IC_KS_SET,	/* set name [= value] */
	IC_KS_DECLARE,	/* declare query_parameters(params) */
} ic_kql_stmt_kind;

typedef struct ic_kql_stmt {
	ic_kql_stmt_kind kind;
	ic_kql_name name;    /* LET, FUNCTION, SET */
	ic_kql_expr *value;  /* LET; SET (NULL: none) */
	bool view;	     /* FUNCTION */
	ic_kql_param *param; /* FUNCTION, DECLARE */
	uint32_t params;
	const ic_kql_block *body; /* FUNCTION */
} ic_kql_stmt;

/* Something that is accepted but that its author should know: for ic_plan_warn. */
typedef struct ic_kql_note {
	ic_place at;
	const char *text;
} ic_kql_note;

/* Statements, then one expression: of a query it is tabular, a PIPE or a source by name; of a function
 * it may be scalar. */
struct ic_kql_block {
	const ic_kql_stmt *stmt;
	uint32_t stmts;
	ic_kql_expr *result;
	const ic_kql_note *note; /* of a whole query; functions have none */
	uint32_t notes;
};

#endif
