/* SPDX-License-Identifier: Apache-2.0 */
/* join and lookup. */
#include "lang/kql/bind.h"

typedef struct join_keys {
	ic_expr **left, **right;
	uint32_t n, room, right_room;
} join_keys;

/* $left or $right at the root of a path: which one, and the path behind it. */
static ic_str side_path(ic_binder *b, const ic_kql_expr *e, bool *right)
{
	ic_str none = { NULL, 0 };
	if (e->kind != IC_KE_MEMBER)
		return none;
	const ic_kql_expr *o = e->member.object;
	if (o->kind == IC_KE_NAME &&
	    (ic_str_eq(o->name.text, IC_STR("$left")) || ic_str_eq(o->name.text, IC_STR("$right")))) {
		*right = o->name.text.p[1] == 'r';
		return e->member.name.text;
	}
	ic_str before = side_path(b, o, right);
	return before.p ? ic_bind_join_text(b, before, ".", e->member.name.text) : none;
}

static ic_expr *key_column(ic_binder *b, const ic_bind_name *names, const ic_rel *r, const ic_kql_expr *e,
			   ic_str name, const char *side)
{
	int32_t i = ic_bind_column(&r->op->out, name);
	if (i >= 0)
		return ic_bind_column_at(b, e->at, &r->op->out, (uint32_t)i);
	if (b->status != IC_OK)
		return NULL;
	if (r->open)
		return ic_bind_const(b, e->at, ic_value_null(IC_Q_STRING));
	ic_bind_scope s = { .names = names, .row = r };
	ic_bind_fail(b, IC_DIAG_NAME, e->at, e->length, "the %s side has no column '%.*s'", side,
		     IC_BIND_NAME(name));
	if (b->status == IC_E_USAGE)
		ic_bind_hint_column(b, &s, name);
	return NULL;
}

/* Keys are compared as one type. */
static bool meet_keys(ic_binder *b, const ic_kql_expr *e, ic_expr **x, ic_expr **y)
{
	ic_qtype t = ic_bind_common((*x)->type, (*y)->type, false);
	bool dynamic = (*x)->type == IC_Q_DYNAMIC || (*y)->type == IC_Q_DYNAMIC;
	if (t == IC_QTYPES || (dynamic && !b->plan->open)) {
		ic_bind_fail(b, IC_DIAG_TYPE, e->at, e->length, "keys of types %s and %s cannot be joined",
			     ic_qtype_name((*x)->type), ic_qtype_name((*y)->type));
		if (b->status == IC_E_USAGE)
			ic_diag_hint(b->diag, "bring both to one type with extend first");
		return false;
	}
	if (t == IC_Q_DYNAMIC)
		t = IC_Q_STRING;
	return (*x = ic_bind_to(b, *x, t)) && (*y = ic_bind_to(b, *y, t));
}

static bool add_keys(ic_binder *b, const ic_bind_name *names, const ic_kql_expr *e, const ic_rel *l,
		     const ic_rel *r, join_keys *k)
{
	if (e->kind == IC_KE_BINARY && e->binary.fn == IC_FN_AND) {
		if (!ic_bind_enter(b, e->at))
			return false;
		bool ok = add_keys(b, names, e->binary.left, l, r, k) &&
			  add_keys(b, names, e->binary.right, l, r, k);
		ic_bind_leave(b);
		return ok;
	}
	ic_expr *x = NULL, *y = NULL;
	if (e->kind == IC_KE_BINARY && e->binary.fn == IC_FN_EQ && !e->binary.negated) {
		bool first = false, second = false;
		ic_str p = side_path(b, e->binary.left, &first), q = side_path(b, e->binary.right, &second);
		if (p.p && q.p && first != second) {
			x = key_column(b, names, l, e, first ? q : p, "left");
			y = x ? key_column(b, names, r, e, first ? p : q, "right") : NULL;
		}
	} else {
		ic_str name = ic_bind_path(b, e);
		if (name.p) {
			x = key_column(b, names, l, e, name, "left");
			y = x ? key_column(b, names, r, e, name, "right") : NULL;
		}
	}
	if (!x && b->status == IC_OK)
		ic_bind_fail(b, IC_DIAG_TYPE, e->at, e->length,
			     "join takes a column of both sides, or $left.a == $right.b");
	if (!x || !y || !meet_keys(b, e, &x, &y))
		return false;
	k->left = ic_bind_grow(b, k->left, k->n, &k->room, sizeof(ic_expr *));
	k->right = ic_bind_grow(b, k->right, k->n, &k->right_room, sizeof(ic_expr *));
	if (!k->left || !k->right)
		return false;
	k->left[k->n] = x;
	k->right[k->n++] = y;
	return true;
}

static bool keeps_left(ic_join_kind k)
{
	return k != IC_JOIN_RIGHTSEMI && k != IC_JOIN_RIGHTANTI;
}

static bool keeps_right(ic_join_kind k)
{
	return k != IC_JOIN_LEFTSEMI && k != IC_JOIN_LEFTANTI;
}

/* The right column is a key as it stands: lookup leaves it out. */
static bool is_right_key(const join_keys *k, uint32_t column)
{
	for (uint32_t i = 0; i < k->n; i++) {
		const ic_expr *e = k->right[i];
		while (e->kind == IC_X_CALL && e->call.n == 1)
			e = e->call.arg[0];
		if (e->kind == IC_X_COLUMN && e->column == column)
			return true;
	}
	return false;
}

static bool join_columns(ic_binder *b, const ic_kql_op *o, const ic_rel *l, const ic_rel *r,
			 const join_keys *k, ic_op *op)
{
	const ic_schema *ls = &l->op->out, *rs = &r->op->out;
	uint32_t n = 0, most = ls->n + rs->n;
	ic_qcolumn *column = ic_bind_alloc(b, most, sizeof *column);
	uint32_t *from = ic_bind_alloc(b, most, sizeof *from);
	if (!column || !from)
		return false;
	if (keeps_left(op->join.kind))
		for (uint32_t i = 0; i < ls->n; i++) {
			column[n] = ls->column[i];
			from[n++] = i;
		}
	if (keeps_right(op->join.kind))
		for (uint32_t i = 0; i < rs->n; i++) {
			if (o->kind == IC_KO_LOOKUP && is_right_key(k, i))
				continue;
			column[n] = (ic_qcolumn){ ic_bind_unique(b, column, n, rs->column[i].name),
						  rs->column[i].type };
			from[n++] = ls->n + i;
		}
	if (n > IC_MAX_COLUMNS) {
		ic_bind_fail(b, IC_DIAG_LIMIT, o->at, o->length, "more than %d columns", IC_MAX_COLUMNS);
		return false;
	}
	op->out = (ic_schema){ column, n };
	op->join.column = from;
	return true;
}

bool ic_bind_join(ic_binder *b, const ic_bind_name *names, const ic_kql_op *o, ic_rel *r)
{
	ic_rel right;
	join_keys k = { 0 };
	if (!ic_bind_table(b, names, o->join.right, &right))
		return false;
	for (uint32_t i = 0; i < o->join.on.n; i++)
		if (!add_keys(b, names, o->join.on.expr[i], r, &right, &k))
			return false;
	ic_op *op = ic_bind_op(b, IC_OP_JOIN, o, r->op);
	if (!op)
		return false;
	op->join.kind = o->join.kind;
	op->join.right = right.op;
	op->join.keys = k.n;
	op->join.left_key = k.left;
	op->join.right_key = k.right;
	op->join.null_keys_match = true;
	op->ordered = false;
	if (!join_columns(b, o, r, &right, &k, op))
		return false;
	bool open = (r->open && keeps_left(o->join.kind)) || (right.open && keeps_right(o->join.kind));
	*r = (ic_rel){ .op = op, .open = open };
	return true;
}
