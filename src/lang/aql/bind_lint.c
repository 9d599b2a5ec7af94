/* SPDX-License-Identifier: Apache-2.0 */
/* What runs as written and yet is hardly meant. */
#include "base/ip.h"
#include "base/num.h"
#include "lang/aql/bind.h"

static bool say(ic_aql_binder *b, ic_place at, const char *before, ic_str text, const char *after)
{
	enum { SHOWN = 60 };
	return ic_plan_warn(b->plan, at, "%s%.*s%s", before, text.n > SHOWN ? SHOWN : (int)text.n, text.p,
			    after) == IC_OK ||
	       ic_aql_bind_nomem(b);
}

static bool is_number(ic_str s)
{
	double d;
	return ic_parse_double(s, &d);
}

/* The field that a name stands for; NULL: none of the table. */
static const ic_qcolumn *field(const ic_aql_binder *b, const ic_aql_expr *e)
{
	int32_t at = e->kind == IC_AX_NAME || e->kind == IC_AX_FIELD ? ic_aql_column(&b->in, e->text) : -1;
	return at < 0 ? NULL : &b->in.column[at];
}

/* field = 'text' */
static bool against(ic_aql_binder *b, const ic_aql_expr *left, const ic_aql_expr *text)
{
	const ic_qcolumn *of = field(b, left);
	ic_cidr block;
	if (!of || text->kind != IC_AX_TEXT)
		return true;
	if ((of->type == IC_Q_LONG || of->type == IC_Q_INT) && !is_number(text->text))
		return say(b, text->at, "", of->name,
			   " is a number and the text beside it is none: they compare as texts");
	if (of->type == IC_Q_IP && memchr(text->text.p, '/', text->text.n) &&
	    ic_cidr_parse(text->text, &block))
		return say(b, text->at, "no address equals a block: write INCIDR('", text->text, "', field)");
	return true;
}

static bool comparison(ic_aql_binder *b, const ic_aql_expr *e)
{
	const ic_aql_expr *left = e->binary.left, *right = e->binary.right;
	switch (e->binary.fn) {
	case IC_FN_SQL_EQ:
	case IC_FN_SQL_NE:
		if (left->kind == IC_AX_NULL || right->kind == IC_AX_NULL)
			return say(b, e->at, "nothing equals ", IC_STR("NULL"),
				   ", nor differs from it: write IS NULL or IS NOT NULL");
		return against(b, left, right);
	case IC_FN_SQL_LT:
	case IC_FN_SQL_LE:
	case IC_FN_SQL_GT:
	case IC_FN_SQL_GE: return against(b, left, right);
	case IC_FN_LIKE:
	case IC_FN_ILIKE:
		if (right->kind == IC_AX_TEXT && right->text.n && memchr(right->text.p, '*', right->text.n) &&
		    !memchr(right->text.p, '%', right->text.n))
			return say(b, right->at, "LIKE takes `*` as it is", IC_STR(""),
				   ": any text is %, any character _");
		return true;
	default: return true;
	}
}

static bool walk(ic_aql_binder *b, const ic_aql_expr *e);

static bool walk_list(ic_aql_binder *b, const ic_aql_list *list)
{
	for (uint32_t i = 0; i < list->n; i++)
		if (!walk(b, list->expr[i]))
			return false;
	return true;
}

static bool walk(ic_aql_binder *b, const ic_aql_expr *e)
{
	if (!e)
		return true;
	switch (e->kind) {
	case IC_AX_CALL: return walk_list(b, &e->call.args);
	case IC_AX_BINARY: return comparison(b, e) && walk(b, e->binary.left) && walk(b, e->binary.right);
	case IC_AX_NOT:
	case IC_AX_NEGATE:
	case IC_AX_IS_NULL: return walk(b, e->operand);
	case IC_AX_IN: {
		const uint32_t said = b->plan->warnings; /* of a list once */
		for (uint32_t i = 0; i < e->in.list.n && b->plan->warnings == said; i++)
			if (!against(b, e->in.left, e->in.list.expr[i]))
				return false;
		return true;
	}
	case IC_AX_BETWEEN:
		return against(b, e->between.what, e->between.low) &&
		       against(b, e->between.what, e->between.high);
	case IC_AX_CASE:
		return walk(b, e->choice.of) && walk_list(b, &e->choice.when) && walk(b, e->choice.last);
	default: return true;
	}
}

bool ic_aql_lint(ic_aql_binder *b)
{
	const ic_aql_query *q = b->query;
	for (uint32_t i = 0; i < q->items; i++) {
		const ic_aql_item *item = &q->item[i];
		const ic_qcolumn *of = item->alias_at.line ? field(b, item->expr) : NULL;
		if (of && ic_aql_column(&b->in, item->alias) >= 0 && !ic_str_ieq(of->name, item->alias) &&
		    !say(b, item->alias_at, "", item->alias,
			 " is the new name of what stands in front of it: is a comma missing?"))
			return false;
		if (!walk(b, item->expr))
			return false;
	}
	return walk(b, q->where) && walk(b, q->having);
}
