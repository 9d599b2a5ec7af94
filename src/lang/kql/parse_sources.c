/* SPDX-License-Identifier: Apache-2.0 */
/* Operators that make rows, and those that take their input in their own way. */
#include "lang/kql/parser.h"

static bool is_sign(const ic_token *t, uint16_t sign)
{
	return t->kind == IC_TOKEN_SIGN && t->sign == sign;
}

static bool is_word(const ic_parser *p, const ic_token *t, const char *word)
{
	return t->kind == IC_TOKEN_NAME &&
	       ic_str_eq((ic_str){ p->lex.text.p + t->pos, t->length }, ic_str_of(word));
}

/* Can an operand begin with this token? */
static bool operand(const ic_parser *p, const ic_token *t)
{
	if (t->kind == IC_TOKEN_TEXT || t->kind == IC_TOKEN_NUMBER || is_sign(t, '(') || is_sign(t, '['))
		return true;
	if (t->kind != IC_TOKEN_NAME)
		return false;
	ic_str word = { p->lex.text.p + t->pos, t->length };
	return !ic_kql_reserved(word) || is_word(p, t, "true") || is_word(p, t, "false");
}

bool ic_kql_tabular_here(const ic_parser *p, bool no_scalar)
{
	if (p->tok.kind != IC_TOKEN_NAME || !strchr("deprusfgm", p->lex.text.p[p->tok.pos]))
		return false;
	ic_token next = ic_peek(p);
	if (ic_is_word(p, "datatable") || ic_is_word(p, "externaldata") || ic_is_word(p, "external_data"))
		return is_sign(&next, '(');
	if (ic_is_word(p, "print"))
		return operand(p, &next) || is_sign(&next, '-') || (no_scalar && is_sign(&next, '*'));
	if (ic_is_word(p, "range"))
		return next.kind == IC_TOKEN_NAME &&
		       !ic_kql_reserved((ic_str){ p->lex.text.p + next.pos, next.length });
	if (ic_is_word(p, "union"))
		return operand(p, &next) || (no_scalar && is_sign(&next, '*'));
	if (ic_is_word(p, "search") || ic_is_word(p, "find"))
		return operand(p, &next) || (no_scalar && (is_word(p, &next, "in") || is_sign(&next, '*')));
	if (ic_is_word(p, "evaluate"))
		return next.kind == IC_TOKEN_NAME && operand(p, &next);
	return no_scalar && (ic_is_word(p, "graph") || ic_is_word(p, "macro")) && is_sign(&next, '(');
}

bool ic_kql_op_range(ic_parser *p, ic_kql_op *op)
{
	return ic_kql_name_of(p, "a column name", &op->range.name) && ic_expect_word(p, "from") &&
	       (op->range.from = ic_kql_sum(p)) && ic_expect_word(p, "to") &&
	       (op->range.to = ic_kql_sum(p)) && ic_expect_word(p, "step") &&
	       (op->range.step = ic_kql_sum(p));
}

/* The least long: its digits alone are none. Elsewhere Kusto refuses it, here it takes it. */
static bool least_long(ic_parser *p, ic_value *ret)
{
	ic_token next = ic_peek(p);
	ic_str digits = { p->lex.text.p + next.pos, next.length };
	if (!ic_is_sign(p, '-') || !ic_str_eq(digits, IC_STR("9223372036854775808")))
		return false;
	ic_next(p);
	ic_next(p);
	*ret = ic_value_long(INT64_MIN);
	return true;
}

static bool datatable_value(ic_parser *p, ic_value *ret)
{
	ic_token start = p->tok;
	bool constant = least_long(p, ret) || ic_kql_constant(p, ret);
	if (p->status != IC_OK)
		return false;
	if (constant && (ic_is_sign(p, ',') || ic_is_sign(p, ']')))
		return true;
	if (start.kind == IC_TOKEN_BAD || p->tok.kind == IC_TOKEN_BAD || p->tok.kind == IC_TOKEN_END)
		return ic_expected(p, constant ? "`,` or `]`" : "a constant");
	ic_parse_fail(p, IC_DIAG_SYNTAX, start.at, start.length, "a datatable holds constants only");
	ic_diag_hint(p->diag, "%s",
		     is_word(p, &start, "null")
			 ? "a null is written with its type: long(null); strings are empty: \"\""
			 : "write print or extend for expressions");
	return false;
}

bool ic_kql_op_datatable(ic_parser *p, ic_kql_op *op)
{
	ic_value *value = NULL;
	ic_place *place = NULL;
	uint32_t n = 0;
	if (!ic_kql_columns_of(p, &op->datatable.columns, NULL, false) ||
	    !ic_expect_sign(p, '[', "`[` and the values"))
		return false;
	while (!ic_is_sign(p, ']')) {
		if (!IC_PARSE_ROOM(p, value, n) || !IC_PARSE_ROOM(p, place, n))
			return false;
		place[n] = p->tok.at;
		if (!datatable_value(p, &value[n]))
			return false;
		n++;
		if (!ic_take_sign(p, ','))
			break;
	}
	ic_token end = p->tok;
	if (!ic_expect_sign(p, ']', "`,` or `]`"))
		return false;
	uint32_t columns = op->datatable.columns.n;
	if (columns == 0 ? n > 0 : n % columns != 0)
		return ic_parse_fail(p, IC_DIAG_SYNTAX, end.at, 1,
				     "%u values do not make whole rows of %u columns", n, columns);
	op->datatable.value = value;
	op->datatable.place = place;
	op->datatable.values = n;
	return true;
}

bool ic_kql_op_externaldata(ic_parser *p, ic_kql_op *op)
{
	ic_kql_exprs *uris = &op->externaldata.uris;
	if (!ic_kql_columns_of(p, &op->externaldata.columns, NULL, false) ||
	    !ic_expect_sign(p, '[', "`[` and the addresses of files"))
		return false;
	while (!ic_is_sign(p, ']')) {
		if (!IC_PARSE_ROOM(p, uris->expr, uris->n) || !(uris->expr[uris->n] = ic_kql_scalar(p)))
			return false;
		uris->n++;
		if (!ic_take_sign(p, ','))
			break;
	}
	return ic_expect_sign(p, ']', "`,` or `]`") && ic_kql_with(p, &op->externaldata.with);
}

bool ic_kql_op_evaluate(ic_parser *p, ic_kql_op *op)
{
	ic_kql_name name;
	if (!ic_kql_name_of(p, op->kind == IC_KO_INVOKE ? "a function" : "a plugin", &name))
		return false;
	if (!ic_is_sign(p, '('))
		return ic_expected(p, "`(` and the arguments");
	if (!(op->evaluate.call = ic_kql_call(p, name, NULL)))
		return false;
	if (op->kind == IC_KO_INVOKE || !ic_is_sign(p, ':'))
		return true;
	ic_next(p);
	op->evaluate.typed = true;
	return ic_kql_columns_of(p, &op->evaluate.columns, &op->evaluate.star, false);
}

static bool search_tables(ic_parser *p, ic_kql_op *op)
{
	ic_kql_exprs *in = &op->search.in;
	if (!ic_take_word(p, "in"))
		return true;
	if (!ic_expect_sign(p, '(', "`(` and tables"))
		return false;
	do {
		if (!IC_PARSE_ROOM(p, in->expr, in->n) || !(in->expr[in->n] = ic_kql_table(p, true)))
			return false;
		in->n++;
	} while (ic_take_sign(p, ','));
	return ic_expect_sign(p, ')', "`,` or `)`");
}

static bool search_predicate(ic_parser *p, ic_kql_op *op)
{
	ic_token next = ic_peek(p);
	if (ic_is_sign(p, '*') && (next.kind == IC_TOKEN_END || is_sign(&next, '|') || is_sign(&next, ')') ||
				   is_sign(&next, ';'))) {
		ic_next(p); /* * alone: every row */
		return true;
	}
	bool outer = ic_kql_own(p)->in_search;
	ic_kql_own(p)->in_search = true;
	op->search.predicate = ic_kql_scalar(p);
	ic_kql_own(p)->in_search = outer;
	return op->search.predicate != NULL;
}

bool ic_kql_op_search(ic_parser *p, ic_kql_op *op)
{
	return search_tables(p, op) && search_predicate(p, op);
}

static bool find_columns(ic_parser *p, ic_kql_op *op)
{
	ic_kql_items *list = &op->search.project;
	do {
		if (!IC_PARSE_ROOM(p, list->item, list->n) || !ic_kql_item_of(p, &list->item[list->n]))
			return false;
		ic_kql_item *item = &list->item[list->n++];
		if (!ic_take_sign(p, ':'))
			continue;
		if (item->expr->kind != IC_KE_NAME)
			return ic_expected(p, "a column in front of `:`");
		if (!ic_kql_type_of(p, &item->type))
			return false;
	} while (ic_take_sign(p, ','));
	return true;
}

bool ic_kql_op_find(ic_parser *p, ic_kql_op *op)
{
	if (!search_tables(p, op))
		return false;
	ic_take_word(p, "where");
	if (!search_predicate(p, op))
		return false;
	if (!ic_is_word(p, "project"))
		return true;
	return ic_str_eq(ic_kql_hyphened(p), IC_STR("project-smart")) || find_columns(p, op);
}
