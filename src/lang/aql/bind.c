/* SPDX-License-Identifier: Apache-2.0 */
/* A whole AQL query to a plan: window, WHERE, groups, HAVING, order, result columns. */
#include "lang/aql/bind.h"
#include "lang/fail.h"
#include "lang/near.h"

#include <stdarg.h>
#include <stdio.h>

/* ---- failures and memory -------------------------------------------------------------- */

void *ic_aql_bind_fail(ic_aql_binder *b, ic_diag_kind kind, ic_place at, uint32_t length, const char *fmt,
		       ...)
{
	va_list args;
	va_start(args, fmt);
	ic_lang_fail(b->diag, &b->status, kind, at, length, fmt, args);
	va_end(args);
	return NULL;
}

void *ic_aql_bind_nomem(ic_aql_binder *b)
{
	if (b->status == IC_OK)
		b->status = IC_E_NOMEM;
	return NULL;
}

void *ic_aql_bind_alloc(ic_aql_binder *b, size_t n, size_t size)
{
	void *p = ic_arena_alloc(&b->plan->arena, (n ? n : 1) * size);
	if (!p)
		return ic_aql_bind_nomem(b);
	memset(p, 0, (n ? n : 1) * size);
	return p;
}

bool ic_aql_bind_room(ic_aql_binder *b, void **items, uint32_t n, size_t size)
{
	if (n != 0 && (n < 4 || (n & (n - 1)) != 0))
		return true;
	void *grown = ic_aql_bind_alloc(b, n ? (size_t)n * 2 : 4, size);
	if (!grown)
		return false;
	if (n)
		memcpy(grown, *items, n * size);
	*items = grown;
	return true;
}

/* ---- names of result columns ---------------------------------------------------------- */

typedef struct name_text {
	char p[200];
	size_t n;
} name_text;

static void put(name_text *t, ic_str s)
{
	for (uint32_t i = 0; i < s.n && t->n < sizeof t->p; i++) {
		char c = s.p[i];
		bool blank = c == ' ' || c == '\t' || c == '\n' || c == '\r';
		if (blank && (t->n == 0 || t->p[t->n - 1] == ' '))
			continue;
		t->p[t->n++] = blank ? ' ' : c;
	}
}

static void put_name(ic_aql_binder *b, name_text *t, const ic_aql_expr *e, unsigned depth);

/* SUM(x) is SUM_x, COUNT(*) is COUNT, lower(x) is lower_x. */
static void put_call(ic_aql_binder *b, name_text *t, const ic_aql_expr *e, unsigned depth)
{
	bool aggregate = ic_aggregate_find(e->call.name, IC_FN_AQL) >= 0;
	size_t from = t->n;
	put(t, e->call.name);
	for (size_t i = from; i < t->n; i++) {
		bool upper = t->p[i] >= 'A' && t->p[i] <= 'Z', lower = t->p[i] >= 'a' && t->p[i] <= 'z';
		if (aggregate ? lower : upper)
			t->p[i] ^= 0x20;
	}
	for (uint32_t i = 0; i < e->call.args.n; i++) {
		const ic_aql_expr *arg = e->call.args.expr[i];
		if (arg->kind == IC_AX_STAR)
			continue;
		put(t, IC_STR("_"));
		put_name(b, t, arg, depth + 1);
	}
}

static void put_name(ic_aql_binder *b, name_text *t, const ic_aql_expr *e, unsigned depth)
{
	int32_t column;
	switch (e->kind) {
	case IC_AX_NAME:
	case IC_AX_FIELD:
		column = depth == 0 ? ic_aql_column(&b->in, e->text) : -1;
		put(t, column >= 0 ? b->in.column[column].name : e->text);
		return;
	case IC_AX_TEXT: put(t, e->text); return;
	case IC_AX_CALL:
		if (depth < 20) {
			put_call(b, t, e, depth);
			return;
		}
		break;
	default: break;
	}
	ic_str s = e->source;
	while (s.n > 2 && s.p[0] == '(' && s.p[s.n - 1] == ')' && e->kind != IC_AX_BINARY)
		s = (ic_str){ s.p + 1, s.n - 2 };
	put(t, s);
}

int32_t ic_aql_unnamed(ic_aql_binder *b, ic_str name)
{
	for (uint32_t i = 0; i < b->query->items; i++) {
		const ic_aql_item *item = &b->query->item[i];
		name_text t = { .n = 0 };
		if (item->star || item->alias.p || item->expr->kind != IC_AX_CALL)
			continue;
		put_name(b, &t, item->expr, 0);
		if (ic_str_ieq((ic_str){ t.p, (uint32_t)t.n }, name))
			return (int32_t)i;
	}
	return -1;
}

/* Cuts a character that did not fit whole. */
static ic_str name_copy(ic_aql_binder *b, name_text *t)
{
	if (t->n == sizeof t->p)
		while (t->n > 0 && ((unsigned char)t->p[t->n - 1] & 0x80))
			t->n--;
	while (t->n > 0 && t->p[t->n - 1] == ' ')
		t->n--;
	char *copy = ic_arena_dup(&b->plan->arena, t->p, t->n);
	if (!copy)
		ic_aql_bind_nomem(b);
	return (ic_str){ copy, (uint32_t)t->n };
}

static ic_str item_name(ic_aql_binder *b, const ic_aql_item *item, const ic_expr *bound, bool grouped)
{
	name_text t = { .n = 0 };
	if (item->alias.p)
		return item->alias;
	bool first = grouped && bound->kind == IC_X_COLUMN && bound->column < IC_AQL_AGG;
	for (uint32_t i = 0; first && i < b->keys; i++)
		first = !ic_aql_same(bound, b->key[i]);
	if (first)
		put(&t, IC_STR("FIRST_"));
	if (item->star)
		put(&t, b->in.column[bound->column].name);
	else if (item->expr->glued && bound->kind == IC_X_COLUMN)
		put(&t, item->expr->source);
	else
		put_name(b, &t, item->expr, 0);
	return name_copy(b, &t);
}

/* ---- result columns ------------------------------------------------------------------- */

typedef struct result {
	ic_expr **expr;
	ic_qcolumn *column;
	uint32_t n;
} result;

static bool taken(const result *r, ic_str name)
{
	for (uint32_t i = 0; i < r->n; i++)
		if (ic_str_eq(r->column[i].name, name))
			return true;
	return false;
}

/* A name that another column has gets _1, _2... */
static bool unique_name(ic_aql_binder *b, const result *r, ic_str *name)
{
	char text[240];
	ic_str own = *name;
	for (uint32_t i = 1; taken(r, *name); i++) {
		int n = snprintf(text, sizeof text, "%.*s_%u", own.n > 200 ? 200 : (int)own.n, own.p, i);
		*name = (ic_str){ ic_arena_dup(&b->plan->arena, text, (size_t)n), (uint32_t)n };
		if (!name->p)
			return ic_aql_bind_nomem(b);
	}
	return true;
}

static bool add_result(ic_aql_binder *b, result *r, ic_str name, ic_expr *e)
{
	if (!e || !name.p || !unique_name(b, r, &name))
		return false;
	if (r->n >= IC_MAX_COLUMNS)
		return ic_aql_bind_fail(b, IC_DIAG_LIMIT, e->at, 1, "more than %d columns", IC_MAX_COLUMNS);
	if (!IC_AQL_BIND_ROOM(b, r->expr, r->n) || !IC_AQL_BIND_ROOM(b, r->column, r->n))
		return false;
	r->expr[r->n] = e;
	r->column[r->n++] = (ic_qcolumn){ name, e->type };
	return true;
}

static bool select_items(ic_aql_binder *b, ic_expr ***ret)
{
	const ic_aql_query *q = b->query;
	ic_expr **bound = ic_aql_bind_alloc(b, q->items, sizeof *bound);
	for (uint32_t i = 0; bound && i < q->items; i++) {
		if (q->item[i].star)
			continue;
		b->busy[i] = true;
		bound[i] = ic_aql_expr_of(b, q->item[i].expr);
		b->busy[i] = false;
		if (!bound[i])
			return false;
	}
	*ret = bound;
	return bound != NULL;
}

static bool add_star(ic_aql_binder *b, result *r, const ic_aql_item *item, bool grouped)
{
	for (uint32_t c = 0; c < b->in.n; c++) {
		ic_expr *e = ic_expr_column(b->plan, b->query->from_at, &b->in, c);
		if (!e)
			return ic_aql_bind_nomem(b);
		if (!add_result(b, r, item_name(b, item, e, grouped), grouped ? ic_aql_lower(b, e) : e))
			return false;
	}
	return true;
}

static bool results_of(ic_aql_binder *b, ic_expr **bound, bool grouped, result *r)
{
	for (uint32_t i = 0; i < b->query->items; i++) {
		const ic_aql_item *item = &b->query->item[i];
		if (item->star) {
			if (!add_star(b, r, item, grouped))
				return false;
			continue;
		}
		ic_str name = item_name(b, item, bound[i], grouped);
		if (!add_result(b, r, name, grouped ? ic_aql_lower(b, bound[i]) : bound[i]))
			return false;
	}
	return true;
}

/* ---- clauses -------------------------------------------------------------------------- */

static ic_op *op_new(ic_aql_binder *b, ic_op_kind kind, ic_place at, const char *says, ic_op *in)
{
	ic_op *op = ic_op_new(b->plan, kind, at, says, in);
	if (!op)
		return ic_aql_bind_nomem(b);
	op->out = in->out;
	op->ordered = in->ordered;
	return op;
}

static ic_op *filter(ic_aql_binder *b, ic_op *in, const char *says, ic_place at, ic_expr *predicate)
{
	ic_op *op = predicate ? op_new(b, IC_OP_FILTER, at, says, in) : NULL;
	if (op)
		op->filter.predicate = predicate;
	return op;
}

/* Keys of the grouping; a text or a number in GROUP BY can only be an alias. */
static bool group_keys(ic_aql_binder *b)
{
	const ic_aql_list *group = &b->query->group;
	b->clause = IC_AQL_GROUP;
	b->key = ic_aql_bind_alloc(b, group->n, sizeof *b->key);
	for (uint32_t i = 0; b->key && i < group->n; i++) {
		const ic_aql_expr *e = group->expr[i];
		int32_t item = e->kind == IC_AX_TEXT ? ic_aql_alias(b, e->text) : -1;
		ic_expr *key = ic_aql_expr_of(b, item >= 0 ? b->query->item[item].expr : e);
		if (!key)
			return false;
		bool again = false;
		for (uint32_t k = 0; k < b->keys; k++)
			again |= ic_aql_same(key, b->key[k]);
		if (!again)
			b->key[b->keys++] = key;
	}
	return b->key != NULL;
}

static ic_op *summarize(ic_aql_binder *b, ic_op *in)
{
	uint32_t n = b->keys + b->aggs;
	ic_op *op = op_new(b, IC_OP_SUMMARIZE, b->query->from_at, b->keys ? "GROUP BY" : "aggregates", in);
	ic_qcolumn *column = op ? ic_aql_bind_alloc(b, n, sizeof *column) : NULL;
	if (!column)
		return NULL;
	for (uint32_t i = 0; i < n; i++) {
		char text[24];
		int length = snprintf(text, sizeof text, "%s%u", i < b->keys ? "key" : "value",
				      i < b->keys ? i : i - b->keys);
		char *name = ic_arena_dup(&b->plan->arena, text, (size_t)length);
		if (!name)
			return ic_aql_bind_nomem(b);
		column[i] = (ic_qcolumn){ { name, (uint32_t)length },
					  i < b->keys ? b->key[i]->type : b->agg[i - b->keys].type };
	}
	op->out = (ic_schema){ column, n };
	op->ordered = false;
	op->summarize.key = b->key;
	op->summarize.keys = b->keys;
	op->summarize.agg = b->agg;
	op->summarize.aggs = b->aggs;
	return op;
}

typedef struct order {
	ic_sort_key *key;
	uint32_t n;
} order;

/* ORDER BY over rows; a text there can only be an alias. */
static bool order_keys(ic_aql_binder *b, order *ret)
{
	const ic_aql_query *q = b->query;
	ret->key = ic_aql_bind_alloc(b, q->keys + 1u, sizeof *ret->key);
	for (uint32_t i = 0; ret->key && i < q->keys; i++) {
		const ic_aql_expr *e = q->key[i].expr;
		int32_t item = e->kind == IC_AX_TEXT ? ic_aql_alias(b, e->text) : -1;
		ic_expr *key = ic_aql_expr_of(b, item >= 0 ? b->query->item[item].expr : e);
		if (!key)
			return false;
		bool down = q->key[i].descending;
		ret->key[ret->n++] = (ic_sort_key){ key, down, !down };
	}
	return ret->key != NULL;
}

/* Without ORDER BY the newest rows come first. */
static bool newest_first(ic_aql_binder *b, order *ret)
{
	int32_t column = ic_aql_column(&b->in, IC_STR("starttime"));
	if (column < 0)
		return true;
	ic_expr *time = ic_expr_column(b->plan, b->query->from_at, &b->in, (uint32_t)column);
	if (!time)
		return ic_aql_bind_nomem(b);
	ret->key[ret->n++] = (ic_sort_key){ time, true, false };
	return true;
}

static ic_op *sorted(ic_aql_binder *b, ic_op *in, const order *o)
{
	const ic_aql_query *q = b->query;
	if (o->n == 0 && !q->limited)
		return in;
	ic_op_kind kind = o->n == 0 ? IC_OP_TAKE : q->limited ? IC_OP_TOP : IC_OP_SORT;
	ic_op *op = op_new(b, kind, q->from_at, o->n == 0 ? "LIMIT" : "ORDER BY", in);
	if (!op)
		return NULL;
	op->ordered = o->n > 0 || in->ordered;
	op->sort.key = o->key;
	op->sort.keys = o->n;
	op->sort.limit = ic_value_long(q->limit);
	return op;
}

static ic_op *project(ic_aql_binder *b, ic_op *in, const result *r)
{
	ic_op *op = op_new(b, IC_OP_PROJECT, b->query->from_at, "SELECT", in);
	if (!op)
		return NULL;
	op->out = (ic_schema){ r->column, r->n };
	op->project.expr = r->expr;
	return op;
}

/* ---- the whole ------------------------------------------------------------------------ */

static ic_op *unknown_table(ic_aql_binder *b)
{
	const ic_aql_query *q = b->query;
	ic_aql_bind_fail(b, IC_DIAG_NAME, q->from_at, q->from.n, "there is no table %.*s",
			 q->from.n > 80 ? 80 : (int)q->from.n, q->from.p);
	for (size_t i = 0; b->catalog->name; i++) {
		ic_str name = b->catalog->name(b->catalog->ctx, i);
		if (!name.p)
			break;
		if (ic_letters_apart(name, q->from) <= 2) {
			ic_diag_hint(b->diag, "did you mean %.*s?", name.n > 80 ? 80 : (int)name.n, name.p);
			return NULL;
		}
	}
	ic_diag_hint(b->diag, "AQL selects from events and flows; --table NAME=FILE adds tables");
	return NULL;
}

static ic_op *table(ic_aql_binder *b)
{
	ic_op *op = NULL;
	b->status = b->catalog->table(b->catalog->ctx, b->plan, b->query->from, IC_FN_AQL, &op, b->diag);
	if (b->status != IC_OK)
		return NULL;
	return op ? op : unknown_table(b);
}

/* Whether a sub-select, or one that it takes its rows from, names a time window. */
static bool names_window(const ic_aql_query *rows)
{
	while (rows && rows->window == IC_AQL_DEFAULT)
		rows = rows->rows;
	return rows != NULL;
}

/* Rows of the table or sub-select that pass the window and WHERE. A sub-select has a window of its own. */
static ic_op *rows_of(ic_aql_binder *b)
{
	const ic_aql_query *rows = b->query->rows;
	ic_op *op = rows ? ic_aql_sub_rows(b, rows) : table(b);
	if (!op)
		return NULL;
	b->in = op->out;
	b->busy = ic_aql_bind_alloc(b, b->query->items, sizeof *b->busy);
	if (!b->busy || (!rows && !(op = ic_aql_window_of(b, op))))
		return NULL;
	if (b->query->window != IC_AQL_DEFAULT && names_window(rows) &&
	    ic_plan_warn(b->plan, b->query->window_at, "the time window is that of the sub-select") != IC_OK)
		return ic_aql_bind_nomem(b);
	if (!b->query->where)
		return op;
	b->clause = IC_AQL_WHERE;
	return filter(b, op, "WHERE", b->query->where->at, ic_aql_condition(b, b->query->where));
}

static ic_op *query_of(ic_aql_binder *b)
{
	const ic_aql_query *q = b->query;
	ic_expr **bound, *having = NULL;
	result r = { 0 };
	order o = { 0 };
	for (uint32_t i = 0; i < q->passed; i++)
		if (ic_plan_warn(b->plan, q->pass[i].at, "%s", q->pass[i].note) != IC_OK)
			return ic_aql_bind_nomem(b);
	ic_op *op = rows_of(b);
	if (!op || !b->busy || !ic_aql_lint(b) || !group_keys(b))
		return NULL;
	b->clause = IC_AQL_SELECT;
	if (!select_items(b, &bound))
		return NULL;
	b->clause = IC_AQL_AFTER;
	if (q->having && !(having = ic_aql_condition(b, q->having)))
		return NULL;
	if (!order_keys(b, &o))
		return NULL;
	bool grouped = b->keys > 0 || b->aggs > 0 || having;
	if (!grouped) {
		if (o.n == 0 && !q->rows && !newest_first(b, &o))
			return NULL;
		if (!results_of(b, bound, false, &r) || !(op = sorted(b, op, &o)))
			return NULL;
		return project(b, op, &r);
	}
	/* lowering may add aggregates (FIRST): all of it comes before the operator */
	if (!results_of(b, bound, true, &r) || (having && !(having = ic_aql_lower(b, having))))
		return NULL;
	for (uint32_t i = 0; i < o.n; i++)
		if (!(o.key[i].key = ic_aql_lower(b, o.key[i].key)))
			return NULL;
	if (!(op = summarize(b, op)) || (having && !(op = filter(b, op, "HAVING", q->having->at, having))) ||
	    !(op = sorted(b, op, &o)))
		return NULL;
	return project(b, op, &r);
}

ic_op *ic_aql_sub_rows(ic_aql_binder *b, const ic_aql_query *sub)
{
	ic_aql_binder inner = {
		.plan = b->plan, .catalog = b->catalog, .diag = b->diag, .query = sub, .outer = b
	};
	ic_op *op = query_of(&inner);
	if (!op)
		b->status = inner.status;
	return op;
}

ic_status ic_aql_bind(const ic_aql_query *query, const ic_catalog *catalog, ic_plan *plan, ic_diag *diag)
{
	ic_aql_binder b = { .plan = plan, .catalog = catalog, .diag = diag, .query = query };
	ic_op *op = query_of(&b);
	if (!op)
		return b.status != IC_OK ? b.status : IC_E_NOMEM;
	plan->root = op;
	return IC_OK;
}
