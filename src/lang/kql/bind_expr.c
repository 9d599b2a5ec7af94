/* SPDX-License-Identifier: Apache-2.0 */
/* Expressions: names, operators, access to members. */
#include "lang/kql/bind.h"

/* ---- columns */

/* '.' and '_' are one in Zeek's names: id.orig_h, id_orig_h. */
static bool same_zeek(ic_str a, ic_str b)
{
	if (a.n != b.n || a.n < 4 || memcmp(a.p, "id", 2) != 0)
		return false;
	for (uint32_t i = 0; i < a.n; i++)
		if (a.p[i] != b.p[i] &&
		    !((a.p[i] == '.' || a.p[i] == '_') && (b.p[i] == '.' || b.p[i] == '_')))
			return false;
	return true;
}

int32_t ic_bind_column(const ic_schema *s, ic_str name)
{
	int32_t i = ic_schema_find(s, name);
	if (i >= 0)
		return i;
	if (ic_str_eq(name, IC_STR("Timestamp")))
		return ic_schema_find(s, IC_STR("TimeGenerated"));
	if (ic_str_eq(name, IC_STR("TimeGenerated")))
		return ic_schema_find(s, IC_STR("Timestamp"));
	if (name.n > 3 && memcmp(name.p, "id", 2) == 0 && (name.p[2] == '.' || name.p[2] == '_'))
		for (uint32_t k = 0; k < s->n; k++)
			if (same_zeek(name, s->column[k].name))
				return (int32_t)k;
	return -1;
}

ic_str ic_bind_path(ic_binder *b, const ic_kql_expr *e)
{
	if (e->kind == IC_KE_NAME)
		return e->name.text;
	if (e->kind != IC_KE_MEMBER)
		return (ic_str){ NULL, 0 };
	ic_str object = ic_bind_path(b, e->member.object);
	return object.p ? ic_bind_join_text(b, object, ".", e->member.name.text) : object;
}

/* id.orig_h where there is no column id, but one of that whole name. */
static int32_t dotted_column(ic_binder *b, const ic_bind_scope *s, const ic_kql_expr *e)
{
	if (!s->row || e->kind != IC_KE_MEMBER || e->member.object->kind != IC_KE_NAME)
		return -1;
	ic_str head = e->member.object->name.text;
	if (!ic_str_eq(head, IC_STR("id")) && ic_bind_column(&s->row->op->out, head) >= 0)
		return -1;
	ic_str whole = ic_bind_path(b, e);
	return whole.p ? ic_bind_column(&s->row->op->out, whole) : -1;
}

/* Whether head.x can only be meant for a column: there are others such as head.y, and no head. */
static bool is_head(const ic_bind_scope *s, ic_str head)
{
	bool is = false;
	if (!s->row || ic_bind_column(&s->row->op->out, head) >= 0)
		return false;
	for (const ic_bind_name *n = s->names; n; n = n->prev)
		if (ic_str_eq(n->name.text, head))
			return false;
	for (uint32_t i = 0; i < s->row->op->out.n && !is; i++) {
		const ic_str c = s->row->op->out.column[i].name;
		is = c.n > head.n && c.p[head.n] == '.' && memcmp(c.p, head.p, head.n) == 0;
	}
	return is;
}

static void *unknown_column(ic_binder *b, const ic_bind_scope *s, const ic_kql_expr *e, ic_str name)
{
	ic_bind_fail(b, IC_DIAG_NAME, e->at, e->length, "there is no column '%.*s' here", IC_BIND_NAME(name));
	if (b->status == IC_E_USAGE)
		ic_bind_hint_column(b, s, name);
	return NULL;
}

int32_t ic_bind_named(ic_binder *b, const ic_bind_scope *s, const ic_kql_expr *e)
{
	int32_t i = -1;
	ic_str name = ic_bind_path(b, e);
	if (name.p)
		i = ic_bind_column(&s->row->op->out, name);
	if (i >= 0 || b->status != IC_OK)
		return i;
	if (name.p)
		unknown_column(b, s, e, name);
	else
		ic_bind_fail(b, IC_DIAG_TYPE, e->at, e->length, "a column's name is expected here");
	return -1;
}

static ic_expr *column(ic_binder *b, const ic_bind_scope *s, const ic_kql_expr *e, uint32_t i)
{
	if (s->aggs && !s->aggs->inside)
		return ic_bind_fail(b, IC_DIAG_TYPE, e->at, e->length,
				    "column '%.*s' must stand inside an aggregate, or behind `by`",
				    IC_BIND_NAME(s->row->op->out.column[i].name));
	if (s->named)
		s->named[i] = true;
	return ic_bind_column_at(b, e->at, &s->row->op->out, i);
}

/* ---- names */

/* The value of a let or parameter, copied to each use. */
static ic_expr *value_of(ic_binder *b, const ic_bind_scope *s, const ic_bind_name *n, const ic_kql_expr *e)
{
	if (n->base && n->base != s->base && !ic_bind_is_const(n->value))
		return ic_bind_fail(
		    b, IC_DIAG_TYPE, e->at, e->length,
		    "the value of '%.*s' differs from row to row, but is used over other rows",
		    IC_BIND_NAME(n->name.text));
	return ic_bind_copy(b, n->value);
}

/* A scalar let, bound where it was written. */
static ic_expr *let_value(ic_binder *b, const ic_bind_scope *s, const ic_bind_name *n, const ic_kql_expr *e)
{
	if (!n->value) {
		if (ic_bind_is_table(b, n->seen, n->expr) || b->status != IC_OK)
			return ic_bind_fail(
			    b, IC_DIAG_TYPE, e->at, e->length,
			    "'%.*s' is a table, but a value is expected here; toscalar() takes "
			    "its first one",
			    IC_BIND_NAME(n->name.text));
		ic_bind_scope own = { .names = n->seen, .base = n->base };
		ic_expr *v = ic_bind_expr(b, &own, n->expr);
		if (!v)
			return NULL;
		/* a let is not changed by being looked at: what is kept is the result of the one binding */
		((ic_bind_name *)n)->value = v;
	}
	ic_expr *c = value_of(b, s, n, e);
	if (c)
		c->at = e->at;
	return c;
}

static ic_expr *name_value(ic_binder *b, const ic_bind_scope *s, const ic_kql_expr *e)
{
	ic_str name = e->name.text;
	if (s->row) {
		int32_t i = ic_bind_column(&s->row->op->out, name);
		if (i >= 0)
			return column(b, s, e, (uint32_t)i);
	}
	const ic_bind_name *n = ic_bind_find(s->names, name);
	if (n && n->kind == IC_BIND_LET)
		return let_value(b, s, n, e);
	if (n && n->kind == IC_BIND_VALUE)
		return value_of(b, s, n, e);
	if (n && n->kind == IC_BIND_FUNCTION) {
		const ic_kql_expr *call = ic_bind_bare_call(b, e);
		return call ? ic_bind_function(b, s, call) : NULL;
	}
	if (n)
		return ic_bind_fail(b, IC_DIAG_TYPE, e->at, e->length, "'%.*s' is a table, not a value",
				    IC_BIND_NAME(name));
	if (s->row && s->row->open)
		return ic_bind_const(b, e->at, ic_value_null(IC_Q_DYNAMIC));
	if (!s->row) {
		ic_bind_fail(b, IC_DIAG_NAME, e->at, e->length, "'%.*s' is not defined", IC_BIND_NAME(name));
		if (b->status == IC_E_USAGE)
			ic_bind_hint_column(b, s, name);
		return NULL;
	}
	return unknown_column(b, s, e, name);
}

/* ---- members and items */

static ic_expr *as_bag(ic_binder *b, ic_expr *object, const ic_kql_expr *e, const char *what)
{
	if (!object || object->type == IC_Q_DYNAMIC)
		return object;
	/* Defender documents it as a string, but serves it as a bag, and queries use it as one */
	const ic_kql_expr *o = e->kind == IC_KE_MEMBER ? e->member.object : e->index.object;
	if (object->type == IC_Q_STRING && o->kind == IC_KE_NAME &&
	    ic_str_eq(o->name.text, IC_STR("AdditionalFields")))
		return ic_bind_call1(b, e->at, IC_FN_TO_DYNAMIC, IC_Q_DYNAMIC, object);
	ic_bind_fail(b, IC_DIAG_TYPE, e->at, e->length, "%s takes dynamic, not %s", what,
		     ic_qtype_name(object->type));
	if (b->status == IC_E_USAGE && ic_qtype_is_text(object->type))
		ic_diag_hint(b->diag, "parse_json() reads a text");
	return NULL;
}

/* scan: s.column, as it was in the row that step k matched last */
static ic_expr *step_column(ic_binder *b, const ic_bind_scope *s, const ic_kql_expr *e, uint32_t k)
{
	ic_schema own = { s->row->op->out.column, s->step_width };
	int32_t i = ic_bind_column(&own, e->member.name.text);
	if (i < 0)
		return unknown_column(b, s, e, e->member.name.text);
	return ic_bind_column_at(b, e->at, &s->row->op->out, (k + 1) * s->step_width + (uint32_t)i);
}

static ic_expr *member(ic_binder *b, const ic_bind_scope *s, const ic_kql_expr *e)
{
	const ic_kql_expr *o = e->member.object;
	for (uint32_t k = 0; k < s->steps && o->kind == IC_KE_NAME; k++)
		if (ic_str_eq(o->name.text, s->step[k].name.text))
			return step_column(b, s, e, k);
	int32_t i = dotted_column(b, s, e);
	if (i >= 0)
		return column(b, s, e, (uint32_t)i);
	if (o->kind == IC_KE_NAME && is_head(s, o->name.text)) {
		ic_str whole = ic_bind_path(b, e);
		return whole.p ? unknown_column(b, s, e, whole) : NULL;
	}
	ic_expr *object = as_bag(b, ic_bind_expr(b, s, o), e, "the member of a bag");
	ic_expr *name = object ? ic_bind_const(b, e->at, ic_value_str(e->member.name.text)) : NULL;
	return ic_bind_call2(b, e->at, IC_FN_MEMBER, IC_Q_DYNAMIC, object, name);
}

static ic_expr *item(ic_binder *b, const ic_bind_scope *s, const ic_kql_expr *e)
{
	ic_expr *object = as_bag(b, ic_bind_expr(b, s, e->index.object), e, "[ ]");
	ic_expr *i = object ? ic_bind_expr(b, s, e->index.index) : NULL;
	if (!i)
		return NULL;
	if (i->type == IC_Q_DYNAMIC || ic_qtype_is_text(i->type))
		i = ic_bind_to(b, i, IC_Q_STRING);
	else if (i->type != IC_Q_LONG && i->type != IC_Q_INT)
		return ic_bind_fail(b, IC_DIAG_TYPE, e->at, e->length, "[ ] takes a string or a long, not %s",
				    ic_qtype_name(i->type));
	return ic_bind_call2(b, e->at, IC_FN_INDEX, IC_Q_DYNAMIC, object, i);
}

/* ---- many conditions as one */

typedef struct conditions {
	ic_expr **list;
	uint32_t n, room;
} conditions;

static bool add_condition(ic_binder *b, conditions *c, ic_expr *e)
{
	c->list = e ? ic_bind_grow(b, c->list, c->n, &c->room, sizeof(ic_expr *)) : NULL;
	if (!c->list)
		return false;
	c->list[c->n++] = e;
	return true;
}

/* As a balanced tree, so that thousands of them make no deep one. */
static ic_expr *halves(ic_binder *b, ic_place at, ic_fn_id fn, ic_expr *const *list, uint32_t n)
{
	if (n == 1)
		return list[0];
	ic_expr *left = halves(b, at, fn, list, n / 2);
	ic_expr *right = halves(b, at, fn, list + n / 2, n - n / 2);
	return ic_bind_call2(b, at, fn, IC_Q_BOOL, left, right);
}

/* None at all: false. */
static ic_expr *joined(ic_binder *b, ic_place at, ic_fn_id fn, const conditions *c)
{
	if (b->status != IC_OK)
		return NULL;
	return c->n ? halves(b, at, fn, c->list, c->n) : ic_bind_const(b, at, ic_value_bool(false));
}

/* ---- search: a text that stands alone */

static bool searched(ic_qtype t)
{
	return t != IC_Q_REAL && t != IC_Q_DECIMAL && t != IC_Q_BOOL;
}

/* The operator for a term of search: a* is a prefix, *a a suffix, *a* a part; a*b an expression. */
static ic_fn_id term_operator(ic_binder *b, ic_str *text, bool cs)
{
	bool before = text->n && text->p[0] == '*', after = text->n > 1 && text->p[text->n - 1] == '*';
	*text = (ic_str){ text->p + before, text->n - before - after };
	if (text->n && memchr(text->p, '*', text->n)) {
		static const char dots[] = ".*";
		char *p = ic_bind_alloc(b, (size_t)text->n * 2 + 8, 1);
		uint32_t n = 0;
		if (!p)
			return IC_FN_COUNT;
		memcpy(p, cs ? "(?s)" : "(?is)", cs ? 4 : 5);
		n += cs ? 4 : 5;
		for (uint32_t i = 0; i < text->n; i++) {
			if (text->p[i] == '*') {
				memcpy(p + n, dots, 2);
				n += 2;
				continue;
			}
			if (strchr("\\.^$|()[]{}+?", text->p[i]))
				p[n++] = '\\';
			p[n++] = text->p[i];
		}
		*text = (ic_str){ p, n };
		return IC_FN_MATCHES_REGEX;
	}
	if (before && after)
		return cs ? IC_FN_CONTAINS_CS : IC_FN_CONTAINS;
	if (before)
		return cs ? IC_FN_HASSUFFIX_CS : IC_FN_HASSUFFIX;
	if (after)
		return cs ? IC_FN_HASPREFIX_CS : IC_FN_HASPREFIX;
	return cs ? IC_FN_HAS_CS : IC_FN_HAS;
}

static ic_expr *column_has(ic_binder *b, const ic_bind_scope *s, ic_place at, uint32_t i, ic_fn_id fn,
			   ic_str text)
{
	ic_expr *c = ic_bind_to(b, ic_bind_column_at(b, at, &s->row->op->out, i), IC_Q_STRING);
	ic_expr *t = c ? ic_bind_const(b, at, ic_value_str(text)) : NULL;
	return ic_bind_call2(b, at, fn, IC_Q_BOOL, c, t);
}

/* Some column has the text: but for the first one, which names the table. */
static ic_expr *any_column_has(ic_binder *b, const ic_bind_scope *s, ic_place at, ic_fn_id fn, ic_str text)
{
	conditions any = { 0 };
	const ic_schema *out = &s->row->op->out;
	for (uint32_t i = 1; i < out->n; i++)
		if (searched(out->column[i].type) &&
		    !add_condition(b, &any, column_has(b, s, at, i, fn, text)))
			return NULL;
	return joined(b, at, IC_FN_OR, &any);
}

static ic_expr *term(ic_binder *b, const ic_bind_scope *s, const ic_kql_expr *e)
{
	if (e->kind == IC_KE_TERM) {
		ic_str text = e->term.text;
		ic_fn_id fn = term_operator(b, &text, s->search_cs);
		if (fn == IC_FN_COUNT)
			return NULL;
		if (ic_str_eq(e->term.column.text, IC_STR("*")))
			return any_column_has(b, s, e->at, fn, text);
		int32_t i = ic_bind_column(&s->row->op->out, e->term.column.text);
		if (i < 0)
			return unknown_column(b, s, e, e->term.column.text);
		if (s->named)
			s->named[i] = true;
		return column_has(b, s, e->at, (uint32_t)i, fn, text);
	}
	ic_str text = e->value.s;
	if (e->value.type != IC_Q_STRING) {
		text = ic_value_text(&b->plan->arena, &e->value);
		if (!text.p)
			return ic_bind_nomem(b);
	}
	ic_fn_id fn = term_operator(b, &text, s->search_cs);
	return fn == IC_FN_COUNT ? NULL : any_column_has(b, s, e->at, fn, text);
}

/* ---- conditions */

static ic_expr *logic(ic_binder *b, const ic_bind_scope *s, const ic_kql_expr *e)
{
	const char *what = e->binary.fn == IC_FN_AND ? "and" : "or";
	ic_expr *left = ic_bind_predicate(b, s, e->binary.left, what);
	ic_expr *right = left ? ic_bind_predicate(b, s, e->binary.right, what) : NULL;
	return ic_bind_call2(b, e->at, e->binary.fn, IC_Q_BOOL, left, right);
}

ic_expr *ic_bind_predicate(ic_binder *b, const ic_bind_scope *s, const ic_kql_expr *e, const char *what)
{
	if (s->search && (e->kind == IC_KE_TERM || (e->kind == IC_KE_LITERAL && e->value.type != IC_Q_BOOL)))
		return term(b, s, e);
	return ic_bind_bool(b, ic_bind_expr(b, s, e), what);
}

/* x !op y: the opposite, but true where one side is null. */
static ic_expr *opposite(ic_binder *b, const ic_kql_expr *e, bool negated, ic_expr *x)
{
	return negated && x ? ic_bind_call1(b, e->at, IC_FN_NOT_IN_FORM, IC_Q_BOOL, x) : x;
}

static ic_expr *star_has(ic_binder *b, const ic_bind_scope *s, const ic_kql_expr *e)
{
	if (!s->row)
		return ic_bind_fail(b, IC_DIAG_TYPE, e->at, e->length,
				    "* means all columns, but there are none");
	ic_expr *y = ic_bind_expr(b, s, e->binary.right);
	if (!y)
		return NULL;
	if (!ic_qtype_is_text(y->type))
		return ic_bind_fail(b, IC_DIAG_TYPE, e->at, e->length, "* %.*s takes a string",
				    IC_BIND_NAME(e->binary.sign));
	conditions any = { 0 };
	/* of search and find the first column names the table */
	for (uint32_t i = s->search; i < s->row->op->out.n; i++) {
		ic_expr *c = ic_bind_to(b, ic_bind_column_at(b, e->at, &s->row->op->out, i), IC_Q_STRING);
		ic_expr *copy = c ? ic_bind_copy(b, y) : NULL;
		if (!add_condition(
			b, &any,
			ic_bind_operator(b, e->at, e->length, e->binary.fn, e->binary.sign, c, copy)))
			return NULL;
	}
	return opposite(b, e, e->binary.negated, joined(b, e->at, IC_FN_OR, &any));
}

static ic_expr *binary(ic_binder *b, const ic_bind_scope *s, const ic_kql_expr *e)
{
	if (e->binary.fn == IC_FN_AND || e->binary.fn == IC_FN_OR)
		return logic(b, s, e);
	if (e->binary.left->kind == IC_KE_STAR)
		return star_has(b, s, e);
	if (e->binary.fn == IC_FN_DIV)
		ic_bind_lint_division(b, e);
	ic_expr *x = ic_bind_expr(b, s, e->binary.left);
	ic_expr *y = x ? ic_bind_expr(b, s, e->binary.right) : NULL;
	if (x && b->status == IC_E_USAGE && x->type == IC_Q_STRING && e->binary.right->kind == IC_KE_NAME &&
	    b->diag->kind == IC_DIAG_NAME && !b->diag->hint[0])
		ic_diag_hint(b->diag, "text stands between quotes: \"%.*s\"",
			     IC_BIND_NAME(e->binary.right->name.text));
	return opposite(b, e, e->binary.negated,
			ic_bind_operator(b, e->at, e->length, e->binary.fn, e->binary.sign, x, y));
}

static ic_expr *between(ic_binder *b, const ic_bind_scope *s, const ic_kql_expr *e)
{
	ic_expr *what = ic_bind_expr(b, s, e->between.what);
	ic_expr *low = what ? ic_bind_expr(b, s, e->between.low) : NULL;
	ic_expr *high = low ? ic_bind_expr(b, s, e->between.high) : NULL;
	if (high)
		ic_bind_lint_between(b, s, e);
	return opposite(b, e, e->between.negated, ic_bind_between(b, e->at, e->length, what, low, high));
}

/* ---- lists */

/* The rows of a table as a list: its first column. */
static ic_expr *in_table(ic_binder *b, const ic_bind_scope *s, const ic_kql_expr *e, const ic_kql_expr *table,
			 ic_expr *left)
{
	ic_rel rel;
	ic_op *rows;
	if (!ic_bind_table(b, s->names, table, &rel))
		return NULL;
	if (rel.op->out.n != 1 && !rel.open && e->in.fn == IC_FN_IN && rel.op->out.n == 0)
		return ic_bind_fail(b, IC_DIAG_TYPE, table->at, table->length, "the table has no column");
	if (!ic_bind_run(b, rel.op, true, &rows))
		return NULL;
	if (!rows)
		return ic_bind_in(b, e, left, NULL, 0);
	uint64_t n = rows->values.rows;
	if (n > 10000000)
		return ic_bind_fail(b, IC_DIAG_LIMIT, e->at, e->length,
				    "the list has more than 10000000 items");
	ic_value *v = ic_bind_alloc(b, (size_t)n, sizeof *v);
	if (!v)
		return NULL;
	for (uint64_t i = 0; i < n; i++)
		v[i] = rows->values.value[i * rows->out.n];
	return ic_bind_in(b, e, left, v, (uint32_t)n);
}

/* in (a, b + 1, T.x): a comparison each. */
static ic_expr *in_each(ic_binder *b, const ic_kql_expr *e, ic_expr *left, ic_expr *const *list, uint32_t n)
{
	ic_fn_id one = e->in.fn == IC_FN_IN ? IC_FN_EQ : e->in.fn == IC_FN_IN_CI ? IC_FN_EQ_CI : IC_FN_HAS;
	conditions all = { 0 };
	for (uint32_t i = 0; i < n; i++) {
		ic_expr *c = i ? ic_bind_copy(b, left) : left;
		if (!add_condition(b, &all,
				   ic_bind_operator(b, e->at, e->length, one, e->in.sign, c, list[i])))
			return NULL;
	}
	return joined(b, e->at, e->in.fn == IC_FN_HAS_ALL ? IC_FN_AND : IC_FN_OR, &all);
}

static ic_expr *in_list(ic_binder *b, const ic_bind_scope *s, const ic_kql_expr *e, ic_expr *left)
{
	uint32_t n = e->in.list.n;
	if (e->in.values || n == 0)
		return ic_bind_in(b, e, left, e->in.value, e->in.values);
	if (n == 1) {
		const ic_kql_expr *t = e->in.list.expr[0];
		/* a column is nearer than a table of the same name */
		bool is_column =
		    t->kind == IC_KE_NAME && s->row && ic_bind_column(&s->row->op->out, t->name.text) >= 0;
		if (!is_column && ic_bind_is_table(b, s->names, t))
			return in_table(b, s, e, t, left);
	}
	ic_expr **list = ic_bind_alloc(b, n, sizeof(ic_expr *));
	ic_value *v = ic_bind_alloc(b, n, sizeof *v);
	bool all_const = true;
	if (!list || !v)
		return NULL;
	for (uint32_t i = 0; i < n; i++) {
		if (!(list[i] = ic_bind_expr(b, s, e->in.list.expr[i])))
			return NULL;
		all_const = all_const && list[i]->kind == IC_X_CONST;
		if (list[i]->kind == IC_X_CONST)
			v[i] = list[i]->value;
	}
	if (n == 1 && !all_const && list[0]->type == IC_Q_DYNAMIC) {
		/* an array that only the run knows */
		if (ic_bind_is_const(list[0])) {
			if (!ic_bind_value(b, list[0], IC_QTYPES, "in", v))
				return NULL;
			return ic_bind_in(b, e, left, v, 1);
		}
		if (e->in.fn != IC_FN_IN || left->type == IC_Q_DYNAMIC || left->type == IC_Q_IP)
			left = ic_bind_to(b, left, IC_Q_STRING);
		return ic_bind_call2(b, e->at, e->in.fn, IC_Q_BOOL, left, list[0]);
	}
	if (all_const)
		return ic_bind_in(b, e, left, v, n);
	return in_each(b, e, left, list, n);
}

static ic_expr *star_in(ic_binder *b, const ic_bind_scope *s, const ic_kql_expr *e)
{
	conditions any = { 0 };
	for (uint32_t i = 0; s->row && i < s->row->op->out.n; i++)
		if (ic_qtype_is_text(s->row->op->out.column[i].type) &&
		    !add_condition(b, &any,
				   in_list(b, s, e, ic_bind_column_at(b, e->at, &s->row->op->out, i))))
			return NULL;
	return joined(b, e->at, IC_FN_OR, &any);
}

static ic_expr *in(ic_binder *b, const ic_bind_scope *s, const ic_kql_expr *e)
{
	if (e->in.left->kind == IC_KE_STAR)
		return opposite(b, e, e->in.negated, star_in(b, s, e));
	ic_expr *left = ic_bind_expr(b, s, e->in.left);
	return left ? opposite(b, e, e->in.negated, in_list(b, s, e, left)) : NULL;
}

/* ---- all of them */

static ic_expr *negate(ic_binder *b, const ic_bind_scope *s, const ic_kql_expr *e)
{
	ic_expr *x = ic_bind_expr(b, s, e->operand);
	if (!x)
		return NULL;
	if (x->type == IC_Q_DYNAMIC && b->plan->open)
		x = ic_bind_to(b, x, IC_Q_REAL);
	if (x && !ic_qtype_is_number(x->type) && x->type != IC_Q_TIMESPAN)
		return ic_bind_fail(b, IC_DIAG_TYPE, e->at, e->length, "'-' cannot be applied to %s",
				    ic_qtype_name(x->type));
	return x ? ic_bind_call1(b, e->at, IC_FN_NEG, x->type == IC_Q_INT ? IC_Q_LONG : x->type, x) : NULL;
}

static ic_expr *dispatch(ic_binder *b, const ic_bind_scope *s, const ic_kql_expr *e)
{
	switch (e->kind) {
	case IC_KE_LITERAL: return ic_bind_const(b, e->at, e->value);
	case IC_KE_NAME: return name_value(b, s, e);
	case IC_KE_MEMBER: return member(b, s, e);
	case IC_KE_INDEX: return item(b, s, e);
	case IC_KE_CALL: return ic_bind_function(b, s, e);
	case IC_KE_METHOD:
		ic_bind_fail(b, IC_DIAG_TYPE, e->at, e->length, "a value is expected here, not a table");
		if (b->status == IC_E_USAGE)
			ic_diag_hint(b->diag, "a function takes its value between brackets: f(x), not x.f()");
		return NULL;
	case IC_KE_NEGATE: return negate(b, s, e);
	case IC_KE_BINARY: return binary(b, s, e);
	case IC_KE_IN: return in(b, s, e);
	case IC_KE_BETWEEN: return between(b, s, e);
	case IC_KE_STAR:
	case IC_KE_WILDCARD:
		return ic_bind_fail(b, IC_DIAG_TYPE, e->at, e->length,
				    "a wildcard does not stand for a value");
	case IC_KE_TYPEOF: return ic_bind_const(b, e->at, ic_value_null(e->type));
	case IC_KE_PIPE:
		/* (x) of one name is a name in brackets */
		if (e->pipe.first->kind == IC_KO_SOURCE && !e->pipe.first->next &&
		    !ic_bind_is_table(b, s->names, e->pipe.first->source))
			return ic_bind_expr(b, s, e->pipe.first->source);
		return ic_bind_fail(b, IC_DIAG_TYPE, e->at, e->length,
				    "a value is expected here, not a table; toscalar() takes its first one");
	case IC_KE_TERM:
		return ic_bind_fail(b, IC_DIAG_TYPE, e->at, e->length, "':' has a meaning in search only");
	}
	return NULL;
}

ic_expr *ic_bind_expr(ic_binder *b, const ic_bind_scope *s, const ic_kql_expr *e)
{
	if (!ic_bind_enter(b, e->at))
		return NULL;
	ic_expr *x = dispatch(b, s, e);
	ic_bind_leave(b);
	return x;
}
