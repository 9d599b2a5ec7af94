/* SPDX-License-Identifier: Apache-2.0 */
/* Operands of the operators with a grammar of their own. */
#include "lang/kql/parser.h"

/* ---- join, lookup, union -------------------------------------------------------------- */

static const struct {
	const char *name;
	ic_join_kind kind;
} join_kinds[] = {
	{ "innerunique", IC_JOIN_INNERUNIQUE }, { "inner", IC_JOIN_INNER },
	{ "leftouter", IC_JOIN_LEFTOUTER },	{ "rightouter", IC_JOIN_RIGHTOUTER },
	{ "fullouter", IC_JOIN_FULLOUTER },	{ "leftsemi", IC_JOIN_LEFTSEMI },
	{ "rightsemi", IC_JOIN_RIGHTSEMI },	{ "leftanti", IC_JOIN_LEFTANTI },
	{ "rightanti", IC_JOIN_RIGHTANTI },	{ "anti", IC_JOIN_LEFTANTI },
	{ "leftantisemi", IC_JOIN_LEFTANTI },	{ "rightantisemi", IC_JOIN_RIGHTANTI },
};

static bool join_kind(ic_parser *p, ic_kql_op *op)
{
	bool lookup = op->kind == IC_KO_LOOKUP;
	op->join.kind = lookup ? IC_JOIN_LEFTOUTER : IC_JOIN_INNERUNIQUE;
	for (uint32_t i = 0; i < op->options.n; i++) {
		const ic_kql_option *o = &op->options.option[i];
		if (!ic_str_eq(o->name.text, IC_STR("kind")))
			continue;
		ic_str word = o->value->kind == IC_KE_NAME ? o->value->name.text : (ic_str){ "", 0 };
		size_t k = 0;
		while (k < sizeof join_kinds / sizeof *join_kinds &&
		       !ic_str_eq(word, ic_str_of(join_kinds[k].name)))
			k++;
		bool known = k < sizeof join_kinds / sizeof *join_kinds;
		if (known)
			op->join.kind = join_kinds[k].kind;
		if (known &&
		    (!lookup || op->join.kind == IC_JOIN_LEFTOUTER || op->join.kind == IC_JOIN_INNER))
			continue;
		ic_parse_fail(p, IC_DIAG_SYNTAX, o->value->at, o->value->length, "`%.*s` is no kind of %s",
			      word.n > 40 ? 40 : (int)word.n, word.p, op->says);
		ic_diag_hint(p->diag, "%s",
			     lookup ? "kinds are leftouter and inner"
				    : "kinds are innerunique, inner, leftouter, rightouter, fullouter, "
				      "leftsemi, rightsemi, leftanti and rightanti");
		return false;
	}
	return true;
}

bool ic_kql_op_join(ic_parser *p, ic_kql_op *op)
{
	if (!join_kind(p, op) || !(op->join.right = ic_kql_table(p, false)))
		return false;
	/* hints may also stand behind the table */
	ic_kql_options late;
	return ic_kql_options_of(p, "", &late) && ic_expect_word(p, "on") && ic_kql_scalars(p, &op->join.on);
}

bool ic_kql_op_union(ic_parser *p, ic_kql_op *op)
{
	ic_kql_exprs *in = &op->inputs;
	do {
		if (!IC_PARSE_ROOM(p, in->expr, in->n) || !(in->expr[in->n] = ic_kql_table(p, true)))
			return false;
		in->n++;
	} while (ic_take_sign(p, ','));
	return true;
}

/* ---- mv-expand, mv-apply -------------------------------------------------------------- */

static bool expand_items(ic_parser *p, ic_kql_items *ret)
{
	do {
		if (!IC_PARSE_ROOM(p, ret->item, ret->n) || !ic_kql_item_of(p, &ret->item[ret->n]))
			return false;
		if (ic_take_word(p, "to") && !ic_kql_typeof(p, &ret->item[ret->n].type))
			return false;
		ret->n++;
	} while (ic_take_sign(p, ','));
	return true;
}

bool ic_kql_op_expand(ic_parser *p, ic_kql_op *op)
{
	if (!expand_items(p, &op->expand.items))
		return false;
	if (ic_take_word(p, "limit") && !(op->expand.limit = ic_kql_sum(p)))
		return false;
	if (op->kind == IC_KO_MV_EXPAND)
		return true;
	return ic_expect_word(p, "on") && ic_kql_body(p, &op->expand.body);
}

/* ---- make-series ---------------------------------------------------------------------- */

static bool series_items(ic_parser *p, ic_kql_items *ret)
{
	do {
		if (!IC_PARSE_ROOM(p, ret->item, ret->n) || !ic_kql_item_of(p, &ret->item[ret->n]))
			return false;
		if (ic_take_word(p, "default") &&
		    (!ic_expect_sign(p, '=', "`=`") || !(ret->item[ret->n].value = ic_kql_scalar(p))))
			return false;
		ret->n++;
	} while (ic_take_sign(p, ','));
	return true;
}

static bool series_range(ic_parser *p, ic_kql_op *op)
{
	op->series.in_range = true;
	return ic_expect_word(p, "range") && ic_expect_sign(p, '(', "`(`") &&
	       (op->series.from = ic_kql_scalar(p)) && ic_expect_sign(p, ',', "`,`") &&
	       (op->series.to = ic_kql_scalar(p)) && ic_expect_sign(p, ',', "`,`") &&
	       (op->series.step = ic_kql_scalar(p)) && ic_expect_sign(p, ')', "`)`");
}

static bool series_axis(ic_parser *p, ic_kql_op *op)
{
	ic_token next = ic_peek(p);
	if (p->tok.kind == IC_TOKEN_NAME && next.kind == IC_TOKEN_SIGN && next.sign == '=') {
		if (!ic_kql_name_of(p, "a name", &op->series.on_name))
			return false;
		ic_next(p);
	}
	if (!(op->series.on = ic_kql_sum(p)))
		return false;
	if (ic_take_word(p, "in"))
		return series_range(p, op);
	if (ic_take_word(p, "from") && !(op->series.from = ic_kql_sum(p)))
		return false;
	if (ic_take_word(p, "to") && !(op->series.to = ic_kql_sum(p)))
		return false;
	return ic_expect_word(p, "step") && (op->series.step = ic_kql_sum(p));
}

bool ic_kql_op_make_series(ic_parser *p, ic_kql_op *op)
{
	return series_items(p, &op->series.aggs) && ic_expect_word(p, "on") && series_axis(p, op) &&
	       (!ic_take_word(p, "by") || ic_kql_items_of(p, &op->series.by));
}

/* ---- top-nested ----------------------------------------------------------------------- */

static bool level_of(ic_parser *p, ic_kql_level *l)
{
	*l = (ic_kql_level){ 0 };
	if (!ic_is_word(p, "of") && !(l->n = ic_kql_sum(p)))
		return false;
	if (!ic_expect_word(p, "of") || !ic_kql_item_of(p, &l->of))
		return false;
	if (ic_take_word(p, "with") && (!ic_expect_word(p, "others") || !ic_expect_sign(p, '=', "`=`") ||
					!(l->others = ic_kql_scalar(p))))
		return false;
	if (!ic_expect_word(p, "by") || !ic_kql_item_of(p, &l->by))
		return false;
	l->ascending = ic_take_word(p, "asc");
	if (!l->ascending)
		ic_take_word(p, "desc");
	return true;
}

bool ic_kql_op_top_nested(ic_parser *p, ic_kql_op *op)
{
	for (;;) {
		if (!IC_PARSE_ROOM(p, op->nested.level, op->nested.levels) ||
		    !level_of(p, &op->nested.level[op->nested.levels]))
			return false;
		op->nested.levels++;
		if (!ic_take_sign(p, ','))
			return true;
		if (!ic_is_word(p, "top") || !ic_str_eq(ic_kql_hyphened(p), IC_STR("top-nested")))
			return ic_expected(p, "`top-nested`");
	}
}

/* ---- parse, parse-kv ------------------------------------------------------------------ */

static void parse_options(ic_kql_op *op)
{
	for (uint32_t i = 0; i < op->options.n; i++) {
		const ic_kql_option *o = &op->options.option[i];
		ic_str value = o->value->kind == IC_KE_NAME	     ? o->value->name.text
			       : o->value->value.type == IC_Q_STRING ? o->value->value.s
								     : (ic_str){ "", 0 };
		if (ic_str_eq(o->name.text, IC_STR("flags")))
			op->parse.flags = value;
		else if (ic_str_eq(value, IC_STR("regex")))
			op->parse.how = IC_KQL_PARSE_REGEX;
		else if (ic_str_eq(value, IC_STR("relaxed")))
			op->parse.how = IC_KQL_PARSE_RELAXED;
	}
}

static bool piece_column(ic_parser *p, ic_kql_piece *piece)
{
	piece->kind = IC_KQL_PIECE_COLUMN;
	piece->type = IC_Q_STRING;
	if (ic_is_word(p, "to"))
		return ic_expected(p, "a column name");
	return ic_kql_name_of(p, "`*`, a text in quotes or a column", &piece->name) &&
	       (!ic_take_sign(p, ':') || ic_kql_type_of(p, &piece->type));
}

static bool piece_of(ic_parser *p, const ic_kql_piece *before, ic_kql_piece *piece)
{
	*piece = (ic_kql_piece){ .at = p->tok.at };
	bool text_before = before && before->kind == IC_KQL_PIECE_COLUMN && before->type == IC_Q_STRING;
	if (ic_is_sign(p, '*')) {
		if (text_before)
			return ic_parse_fail(
			    p, IC_DIAG_SYNTAX, p->tok.at, 1,
			    "`*` cannot follow a string column: nothing says where that ends");
		ic_next(p);
		return true;
	}
	if (p->tok.kind == IC_TOKEN_TEXT) {
		piece->kind = IC_KQL_PIECE_TEXT;
		return ic_kql_string_literal(p, &piece->text);
	}
	ic_token start = p->tok;
	if (!piece_column(p, piece))
		return false;
	if (text_before)
		return ic_parse_fail(
		    p, IC_DIAG_SYNTAX, start.at, start.length,
		    "a text must stand between the string column before and this one: nothing says "
		    "where the first ends");
	return true;
}

bool ic_kql_op_parse(ic_parser *p, ic_kql_op *op)
{
	parse_options(op);
	if (!(op->parse.text = ic_kql_sum(p)) || !ic_expect_word(p, "with"))
		return false;
	ic_kql_piece *piece = NULL;
	uint32_t n = 0;
	while (n == 0 || p->tok.kind == IC_TOKEN_TEXT || ic_is_sign(p, '*') || ic_kql_name_here(p)) {
		if (!IC_PARSE_ROOM(p, piece, n) || !piece_of(p, n ? &piece[n - 1] : NULL, &piece[n]))
			return false;
		n++;
		ic_take_sign(p, ',');
	}
	op->parse.piece = piece;
	op->parse.pieces = n;
	return true;
}

bool ic_kql_op_parse_kv(ic_parser *p, ic_kql_op *op)
{
	return (op->parse_kv.text = ic_kql_sum(p)) && ic_expect_word(p, "as") &&
	       ic_kql_columns_of(p, &op->parse_kv.columns, NULL, false) && ic_kql_with(p, &op->parse_kv.with);
}

/* ---- render --------------------------------------------------------------------------- */

/* with (a=b, ycolumns=c, d): a list as value goes on until the next name with `=`. */
static bool render_values(ic_parser *p)
{
	while (!ic_is_sign(p, ')')) {
		if (!ic_kql_item_of(p, &(ic_kql_item){ 0 }))
			return false;
		if (!ic_take_sign(p, ','))
			break;
	}
	return ic_expect_sign(p, ')', "`,` or `)`");
}

bool ic_kql_op_render(ic_parser *p, ic_kql_op *op)
{
	if (!ic_kql_name_of(p, "a chart's name", &op->render.chart))
		return false;
	while (p->tok.kind == IC_TOKEN_NAME && !ic_is_word(p, "with")) { /* the old form: kind=stacked */
		ic_token next = ic_peek(p);
		if (next.kind != IC_TOKEN_SIGN || next.sign != '=')
			break;
		if (!ic_kql_item_of(p, &(ic_kql_item){ 0 }))
			return false;
	}
	return !ic_take_word(p, "with") ||
	       (ic_expect_sign(p, '(', "`(` and the chart's options") && render_values(p));
}

/* ---- scan ----------------------------------------------------------------------------- */

enum { STEPS_MOST = 64 };

static bool step_output(ic_parser *p, ic_step_output *ret)
{
	static const char *const words[] = { "all", "last", "none" };
	*ret = IC_STEP_ALL;
	if (!ic_take_word(p, "output"))
		return true;
	if (!ic_expect_sign(p, '=', "`=`"))
		return false;
	for (unsigned i = 0; i < 3; i++) {
		if (ic_take_word(p, words[i])) {
			*ret = (ic_step_output)i;
			return true;
		}
	}
	return ic_expected(p, "`all`, `last` or `none`");
}

static bool scan_step(ic_parser *p, ic_kql_step *step)
{
	*step = (ic_kql_step){ 0 };
	if (!ic_expect_word(p, "step") || !ic_kql_name_of(p, "the step's name", &step->name))
		return false;
	if (ic_is_word(p, "optional"))
		return ic_parse_fail(p, IC_DIAG_UNSUPPORTED, p->tok.at, p->tok.length,
				     "`optional` of a scan step is not supported");
	if (!step_output(p, &step->output) || !ic_expect_sign(p, ':', "`:`") ||
	    !(step->predicate = ic_kql_scalar(p)))
		return false;
	if (ic_take_sign(p, IC_SIGN('=', '>')) && !ic_kql_items_of(p, &step->set))
		return false;
	for (uint32_t i = 0; i < step->set.n; i++)
		if (step->set.item[i].names != 1)
			return ic_parse_fail(p, IC_DIAG_SYNTAX, step->set.item[i].expr->at,
					     step->set.item[i].expr->length,
					     "a step takes column = expression");
	return ic_expect_sign(p, ';', "`;` at the end of the step");
}

bool ic_kql_op_scan(ic_parser *p, ic_kql_op *op)
{
	for (uint32_t i = 0; i < op->options.n; i++)
		if (ic_str_eq(op->options.option[i].name.text, IC_STR("with_match_id"))) {
			if (op->options.option[i].value->kind != IC_KE_NAME)
				return ic_expected(p, "a name behind with_match_id=");
			op->scan.match_id = op->options.option[i].value->name;
		}
	if (ic_take_word(p, "partition") &&
	    (!ic_expect_word(p, "by") || !ic_kql_scalars(p, &op->scan.partition_by)))
		return false;
	if (ic_take_word(p, "declare") && !ic_kql_columns_of(p, &op->scan.declare, NULL, true))
		return false;
	if (!ic_expect_word(p, "with") || !ic_expect_sign(p, '(', "`(` and a step"))
		return false;
	do {
		if (op->scan.steps >= STEPS_MOST)
			return ic_parse_fail(p, IC_DIAG_LIMIT, p->tok.at, p->tok.length,
					     "a scan of more than %d steps", STEPS_MOST);
		if (!IC_PARSE_ROOM(p, op->scan.step, op->scan.steps) ||
		    !scan_step(p, &op->scan.step[op->scan.steps]))
			return false;
		op->scan.steps++;
	} while (ic_is_word(p, "step"));
	return ic_expect_sign(p, ')', "`step` or `)`");
}

/* ---- partition ------------------------------------------------------------------------ */

bool ic_kql_op_partition(ic_parser *p, ic_kql_op *op)
{
	ic_kql_expr *by = NULL;
	if (!ic_expect_word(p, "by") || !(by = ic_kql_expr_new(p, IC_KE_NAME, p->tok.at, p->tok.length)) ||
	    !ic_kql_name_of(p, "a column", &by->name))
		return false;
	op->partition.by = by;
	if (!ic_take_sign(p, '{'))
		return ic_kql_body(p, &op->partition.body);
	op->partition.query = ic_kql_either(p);
	return op->partition.query && ic_expect_sign(p, '}', "`|` or `}`");
}
