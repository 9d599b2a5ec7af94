/* SPDX-License-Identifier: Apache-2.0 */
/* Inside of the KQL parser: its state and what its files call of each other. Everything that can fail
 * returns NULL or false and leaves the reason in `status` and `diag`. */
#ifndef IC_LANG_KQL_PARSER_H
#define IC_LANG_KQL_PARSER_H

#include "lang/kql/lex.h"
#include "lang/kql/parse.h"
#include "lang/parser.h"

/* What the parser of KQL keeps besides. */
typedef struct ic_kql_state {
	uint32_t tree;	    /* height of the highest expression of this pipe */
	bool prefix;	    /* text may go on behind the query */
	uint32_t operators; /* of the outermost pipe so far */
	ic_kql_note *note;
	uint32_t notes;
	bool in_search;	     /* column:"text" is an expression */
	ic_kql_op_kind last; /* operator that was begun */
} ic_kql_state;

static inline ic_kql_state *ic_kql_own(const ic_parser *p)
{
	return p->own;
}

/* ---- tokens (parse.c) --------------------------------------------------------------- */

/* Keeps a sentence about the query; a constant text. */
bool ic_kql_note_at(ic_parser *p, ic_place at, const char *text);
/* The infix operator that is spelled nearly like this; NULL: none. */
const char *ic_kql_near_infix(ic_str word);
/* Takes all of `a-b-c` from the current name on: operators' names have hyphens. */
ic_str ic_kql_hyphened(ic_parser *p);

/* A name that is being given or used: a plain word that is not reserved, or ['..']. */
bool ic_kql_name_here(const ic_parser *p);
bool ic_kql_name_of(ic_parser *p, const char *what, ic_kql_name *ret);
bool ic_kql_reserved(ic_str word);
/* (a: long, b: string): brackets included; `*` sets *star if star is not NULL; with_values: `= const`. */
bool ic_kql_columns_of(ic_parser *p, ic_kql_columns *ret, bool *star, bool with_values);
/* typeof(type) and the bare type name. */
bool ic_kql_typeof(ic_parser *p, ic_qtype *ret);
bool ic_kql_type_of(ic_parser *p, ic_qtype *ret);
ic_kql_name *ic_kql_copy_name(ic_parser *p, ic_kql_name name);

/* ---- expressions (parse_expr.c) ------------------------------------------------------ */

ic_kql_expr *ic_kql_expr_new(ic_parser *p, ic_kql_expr_kind kind, ic_place at, uint32_t length);
/* Counts the child into the height of e; NULL if that is too high (or child is NULL already). */
ic_kql_expr *ic_kql_above(ic_parser *p, ic_kql_expr *e, const ic_kql_expr *child);
ic_kql_expr *ic_kql_scalar(ic_parser *p);
/* Binds tighter than in, between and comparisons: for operands that such a word follows. */
ic_kql_expr *ic_kql_sum(ic_parser *p);
/* A scalar or a tabular expression: argument, let, in brackets. */
ic_kql_expr *ic_kql_either(ic_parser *p);
/* A constant as it stands: literal, sign in front of a number, typed literal. False with status IC_OK:
 * there is none here, nothing was taken. */
bool ic_kql_constant(ic_parser *p, ic_value *ret);
/* expr, expr, ... */
bool ic_kql_scalars(ic_parser *p, ic_kql_exprs *ret);
/* [name =] expr, ...; `simple`: without (a, b) = */
bool ic_kql_item_of(ic_parser *p, ic_kql_item *ret);
bool ic_kql_items_of(ic_parser *p, ic_kql_items *ret);
bool ic_kql_keys_of(ic_parser *p, ic_kql_keys *ret);
/* name(args) with the bracket as the current token. */
ic_kql_expr *ic_kql_call(ic_parser *p, ic_kql_name name, ic_kql_expr *object);
/* A table by name, call or path, or a pipe in brackets; wildcards: a*b too. */
ic_kql_expr *ic_kql_table(ic_parser *p, bool wildcards);

/* ---- literals (parse_literal.c) ------------------------------------------------------ */

/* Is this word the start of a typed literal such as datetime( ? */
bool ic_kql_typed_literal_here(const ic_parser *p);
bool ic_kql_typed_literal(ic_parser *p, ic_value *ret);
/* One string, or several that stand side by side. */
bool ic_kql_string_literal(ic_parser *p, ic_str *ret);

/* ---- pipes (parse_pipe.c, parse_operators.c, parse_sources.c) ------------------------ */

/* Does an operator begin here that is a source (print x, datatable(...)...)? no_scalar: nothing but a
 * source can stand here, so doubtful cases are one. */
bool ic_kql_tabular_here(const ic_parser *p, bool no_scalar);
/* The operators behind `source` (NULL: the first one stands here without a bar). */
ic_kql_expr *ic_kql_pipe_of(ic_parser *p, ic_kql_expr *source);
/* Operators without a source, up to the closing bracket: the body of mv-apply. */
bool ic_kql_body(ic_parser *p, ic_kql_pipe *ret);
/* kind=..., hint.x=...; `allowed`: names without hint, separated by blanks. */
bool ic_kql_options_of(ic_parser *p, const char *allowed, ic_kql_options *ret);
/* with (name=value, ...), if it stands here. */
bool ic_kql_with(ic_parser *p, ic_kql_options *ret);

/* Is it the name of an operator? */
bool ic_kql_is_operator(ic_str word);

/* One operator's operands; the keyword has been taken. */
typedef bool (*ic_kql_operands_fn)(ic_parser *p, ic_kql_op *op);
bool ic_kql_op_join(ic_parser *p, ic_kql_op *op);
bool ic_kql_op_union(ic_parser *p, ic_kql_op *op);
bool ic_kql_op_expand(ic_parser *p, ic_kql_op *op);
bool ic_kql_op_make_series(ic_parser *p, ic_kql_op *op);
bool ic_kql_op_top_nested(ic_parser *p, ic_kql_op *op);
bool ic_kql_op_parse(ic_parser *p, ic_kql_op *op);
bool ic_kql_op_parse_kv(ic_parser *p, ic_kql_op *op);
bool ic_kql_op_scan(ic_parser *p, ic_kql_op *op);
bool ic_kql_op_partition(ic_parser *p, ic_kql_op *op);
bool ic_kql_op_range(ic_parser *p, ic_kql_op *op);
bool ic_kql_op_datatable(ic_parser *p, ic_kql_op *op);
bool ic_kql_op_externaldata(ic_parser *p, ic_kql_op *op);
bool ic_kql_op_evaluate(ic_parser *p, ic_kql_op *op);
bool ic_kql_op_search(ic_parser *p, ic_kql_op *op);
bool ic_kql_op_find(ic_parser *p, ic_kql_op *op);
bool ic_kql_op_render(ic_parser *p, ic_kql_op *op);

#endif
