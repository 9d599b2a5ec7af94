/* SPDX-License-Identifier: Apache-2.0 */
/* The syntax tree of an AQL query. Nodes lie in the parser's arena, texts are slices of the query or
 * arena copies; what names mean is for the binder. */
#ifndef IC_LANG_AQL_AST_H
#define IC_LANG_AQL_AST_H

#include "plan/plan.h"

typedef struct ic_aql_expr ic_aql_expr;
typedef struct ic_aql_query ic_aql_query;

typedef enum ic_aql_expr_kind {
	IC_AX_NUMBER, /* value: long or real */
	IC_AX_BOOL,   /* value */
	IC_AX_NULL,
	IC_AX_TEXT,    /* 'text'; where a name can stand also an alias */
	IC_AX_NAME,    /* name */
	IC_AX_FIELD,   /* "name" */
	IC_AX_STAR,    /* COUNT(*) */
	IC_AX_CALL,    /* name(arg, ...) */
	IC_AX_BINARY,  /* fn: arithmetic, comparison, LIKE and kin, AND, OR */
	IC_AX_NOT,     /* operand */
	IC_AX_NEGATE,  /* -operand */
	IC_AX_IS_NULL, /* operand */
	IC_AX_IN,      /* left IN (list) or (query) */
	IC_AX_BETWEEN, /* between */
	IC_AX_CASE,    /* CASE and IF */
	IC_AX_SEARCH,  /* TEXT SEARCH 'text' */
} ic_aql_expr_kind;

typedef struct ic_aql_list {
	ic_aql_expr **expr;
	uint32_t n;
} ic_aql_list;

struct ic_aql_expr {
	ic_aql_expr_kind kind;
	uint16_t height; /* of the tree, bounded by IC_PARSE_TREE_MAX */
	/* BINARY SUB without blanks around the sign: a-b may also be one name */
	bool glued;
	ic_place at;	 /* of the first byte; of operators: of their sign */
	uint32_t length; /* of what `at` points at */
	ic_str source;	 /* the whole as written */
	union {
		ic_value value;
		ic_str text; /* TEXT, NAME, FIELD, SEARCH */
		struct {
			ic_str name;
			ic_aql_list args;
		} call;
		struct {
			ic_fn_id fn;
			ic_aql_expr *left, *right;
		} binary;
		ic_aql_expr *operand;
		struct {
			ic_aql_expr *left;
			ic_aql_list list;
			ic_aql_query *query; /* NULL: the list */
		} in;
		struct {
			ic_aql_expr *what, *low, *high;
		} between;
		struct {
			ic_aql_expr *of;   /* CASE x WHEN; NULL: conditions */
			ic_aql_list when;  /* condition (or value), result, condition, result, ... */
			ic_aql_expr *last; /* ELSE; NULL: none */
		} choice;
	};
};

typedef struct ic_aql_item {
	bool star;	   /* every column */
	ic_aql_expr *expr; /* NULL if star */
	ic_str alias;	   /* .p NULL: none */
	ic_place alias_at; /* of a bare name without AS; line 0: it is none */
} ic_aql_item;

typedef struct ic_aql_key {
	ic_aql_expr *expr;
	bool descending;
} ic_aql_key;

typedef enum ic_aql_window {
	IC_AQL_DEFAULT, /* the last five minutes */
	IC_AQL_LAST,
	IC_AQL_RANGE,
} ic_aql_window;

struct ic_aql_query {
	ic_aql_item *item;
	uint32_t items;
	ic_aql_query *rows; /* FROM (SELECT ...); NULL: the table `from` */
	ic_str from;
	ic_place from_at;   /* of the table's name or the bracket */
	ic_aql_expr *where; /* NULL: none */
	ic_aql_list group;
	ic_aql_expr *having; /* NULL: none */
	ic_aql_key *key;
	uint32_t keys;
	bool limited;
	int64_t limit;
	ic_aql_window window;
	ic_place window_at;
	int64_t last_ms;
	ic_aql_expr *start, *stop; /* RANGE; stop NULL: until now */
	struct ic_aql_pass {
		ic_place at;
		const char *note;
	} pass[4]; /* clauses that change nothing here; further ones are not said */
	uint32_t passed;
};

#endif
