/* SPDX-License-Identifier: Apache-2.0 */
/* project-away, project-keep, project-rename, project-reorder, project-by-names. */
#include "lang/kql/bind.h"

/* '*' stands for any characters. Two fingers, no recursion: the last star takes more. */
bool ic_bind_wildcard(ic_str pattern, ic_str name)
{
	uint32_t p = 0, i = 0, star = UINT32_MAX, resume = 0;
	while (i < name.n) {
		if (p < pattern.n && pattern.p[p] == '*') {
			star = p++;
			resume = i;
		} else if (p < pattern.n && pattern.p[p] == name.p[i]) {
			p++;
			i++;
		} else if (star != UINT32_MAX) {
			p = star + 1;
			i = ++resume;
		} else {
			return false;
		}
	}
	while (p < pattern.n && pattern.p[p] == '*')
		p++;
	return p == pattern.n;
}

/* Marks the columns that one item means. A name has to be there, a pattern need not match. */
static bool mark(ic_binder *b, const ic_bind_scope *s, const ic_kql_expr *e, bool *marked)
{
	const ic_schema *in = &s->row->op->out;
	if (e->kind == IC_KE_STAR || e->kind == IC_KE_WILDCARD) {
		for (uint32_t i = 0; i < in->n; i++)
			if (e->kind == IC_KE_STAR || ic_bind_wildcard(e->name.text, in->column[i].name))
				marked[i] = true;
		return true;
	}
	if (s->row->open) {
		ic_str name = ic_bind_path(b, e);
		if (name.p && ic_bind_column(in, name) < 0)
			return b->status == IC_OK;
	}
	int32_t i = ic_bind_named(b, s, e);
	if (i < 0)
		return false;
	marked[i] = true;
	return true;
}

static bool keep(ic_binder *b, ic_bind_cols *c, ic_place at, const ic_op *in, uint32_t i)
{
	return ic_bind_cols_add(b, c, in->out.column[i].name, ic_bind_column_at(b, at, &in->out, i));
}

static bool away_or_keep(ic_binder *b, const ic_bind_scope *s, const ic_kql_op *o, ic_bind_cols *c)
{
	const ic_op *in = s->row->op;
	bool *marked = ic_bind_alloc(b, in->out.n, sizeof *marked);
	if (!marked)
		return false;
	for (uint32_t i = 0; i < o->items.n; i++)
		if (!mark(b, s, o->items.item[i].expr, marked))
			return false;
	for (uint32_t i = 0; i < in->out.n; i++)
		if (marked[i] == (o->kind == IC_KO_PROJECT_KEEP) && !keep(b, c, o->at, in, i))
			return false;
	return true;
}

/* The columns of these names, or that a pattern fits, each once; names of none are passed over. */
static bool columns_named(ic_binder *b, const ic_bind_scope *s, const ic_kql_op *o, ic_str name, bool *taken,
			  ic_bind_cols *c)
{
	const ic_op *in = s->row->op;
	for (uint32_t i = 0; i < in->out.n; i++) {
		if (taken[i] || !ic_bind_wildcard(name, in->out.column[i].name))
			continue;
		taken[i] = true;
		if (!keep(b, c, o->at, in, i))
			return false;
	}
	return true;
}

static bool by_names(ic_binder *b, const ic_bind_scope *s, const ic_kql_op *o, ic_bind_cols *c)
{
	ic_bind_scope outer = { .names = s->names };
	bool *taken = ic_bind_alloc(b, s->row->op->out.n, sizeof *taken);
	for (uint32_t k = 0; taken && k < o->by_names.n; k++) {
		const ic_kql_expr *e = o->by_names.expr[k];
		ic_value v;
		if (!ic_bind_value(b, ic_bind_expr(b, &outer, e), IC_QTYPES, "project-by-names", &v))
			return false;
		bool list = v.type == IC_Q_DYNAMIC && !v.null && v.dyn->kind == IC_DYN_ARRAY;
		if (!list && v.type != IC_Q_STRING) {
			ic_bind_fail(b, IC_DIAG_TYPE, e->at, e->length,
				     "project-by-names takes texts, and arrays of texts");
			return false;
		}
		if (!list && !columns_named(b, s, o, v.s, taken, c))
			return false;
		for (uint32_t i = 0; list && i < v.dyn->n; i++)
			if (v.dyn->item[i]->kind == IC_DYN_STRING &&
			    !columns_named(b, s, o, v.dyn->item[i]->s, taken, c))
				return false;
	}
	return taken != NULL;
}

static bool rename_columns(ic_binder *b, const ic_bind_scope *s, const ic_kql_op *o, ic_bind_cols *c)
{
	const ic_op *in = s->row->op;
	if (!ic_bind_cols_input(b, c, o->at, in))
		return false;
	for (uint32_t i = 0; i < o->items.n; i++) {
		const ic_kql_item *item = &o->items.item[i];
		if (item->names != 1) {
			ic_bind_fail(b, IC_DIAG_SYNTAX, item->expr->at, item->expr->length,
				     "project-rename takes new = old");
			return false;
		}
		if (s->row->open && ic_bind_column(&in->out, ic_bind_path(b, item->expr)) < 0) {
			if (!ic_bind_cols_add(b, c, item->name[0].text, ic_bind_expr(b, s, item->expr)))
				return false;
			continue;
		}
		int32_t k = ic_bind_named(b, s, item->expr);
		if (k < 0)
			return false;
		c->column[k].name = item->name[0].text;
	}
	for (uint32_t i = 0; i < o->items.n; i++) {
		uint32_t same = 0;
		for (uint32_t k = 0; k < c->n; k++)
			same += ic_str_eq(c->column[k].name, o->items.item[i].name[0].text);
		if (same > 1) {
			ic_bind_fail(b, IC_DIAG_NAME, o->items.item[i].name[0].at,
				     o->items.item[i].name[0].length, "there is a column '%.*s' already",
				     IC_BIND_NAME(o->items.item[i].name[0].text));
			return false;
		}
	}
	return true;
}

/* Where numbers in names count as numbers: x2 before x10. */
static int granny(ic_str a, ic_str c)
{
	uint32_t i = 0, k = 0;
	while (i < a.n && k < c.n) {
		bool da = a.p[i] >= '0' && a.p[i] <= '9', dc = c.p[k] >= '0' && c.p[k] <= '9';
		if (!da || !dc) {
			if (a.p[i] != c.p[k])
				return (unsigned char)a.p[i] < (unsigned char)c.p[k] ? -1 : 1;
			i++;
			k++;
			continue;
		}
		uint32_t si = i, sk = k;
		while (i < a.n && a.p[i] >= '0' && a.p[i] <= '9')
			i++;
		while (k < c.n && c.p[k] >= '0' && c.p[k] <= '9')
			k++;
		while (si + 1 < i && a.p[si] == '0')
			si++;
		while (sk + 1 < k && c.p[sk] == '0')
			sk++;
		if (i - si != k - sk)
			return i - si < k - sk ? -1 : 1;
		int order = memcmp(a.p + si, c.p + sk, i - si);
		if (order)
			return order < 0 ? -1 : 1;
	}
	return i < a.n ? 1 : k < c.n ? -1 : 0;
}

/* Insertion sort: a wildcard rarely means many columns, and 10,000 are the most. */
static void order_columns(const ic_schema *in, uint32_t *list, uint32_t n, uint8_t order)
{
	bool numbers = order == IC_KQL_GRANNY_ASC || order == IC_KQL_GRANNY_DESC;
	int sign = order == IC_KQL_DESC || order == IC_KQL_GRANNY_DESC ? -1 : 1;
	for (uint32_t i = 1; i < n; i++) {
		uint32_t x = list[i], k = i;
		ic_str name = in->column[x].name;
		for (; k > 0; k--) {
			ic_str before = in->column[list[k - 1]].name;
			int c = numbers ? granny(before, name) : ic_str_cmp(before, name);
			if (c * sign <= 0)
				break;
			list[k] = list[k - 1];
		}
		list[k] = x;
	}
}

static bool reorder(ic_binder *b, const ic_bind_scope *s, const ic_kql_op *o, ic_bind_cols *c)
{
	const ic_op *in = s->row->op;
	bool *done = ic_bind_alloc(b, in->out.n, sizeof *done);
	uint32_t *list = ic_bind_alloc(b, in->out.n, sizeof *list);
	if (!done || !list)
		return false;
	for (uint32_t i = 0; i < o->items.n; i++) {
		const ic_kql_item *item = &o->items.item[i];
		bool *marked = ic_bind_alloc(b, in->out.n, sizeof *marked);
		if (!marked || !mark(b, s, item->expr, marked))
			return false;
		uint32_t n = 0;
		for (uint32_t k = 0; k < in->out.n; k++)
			if (marked[k] && !done[k]) {
				done[k] = true;
				list[n++] = k;
			}
		if (item->order != IC_KQL_UNORDERED)
			order_columns(&in->out, list, n, item->order);
		for (uint32_t k = 0; k < n; k++)
			if (!keep(b, c, o->at, in, list[k]))
				return false;
	}
	for (uint32_t k = 0; k < in->out.n; k++)
		if (!done[k] && !keep(b, c, o->at, in, k))
			return false;
	return true;
}

bool ic_bind_project_some(ic_binder *b, const ic_bind_name *names, const ic_kql_op *o, ic_rel *r)
{
	ic_bind_scope s = { .names = names, .row = r, .base = r->op };
	ic_bind_cols c = { 0 };
	bool ok;
	switch (o->kind) {
	case IC_KO_PROJECT_RENAME: ok = rename_columns(b, &s, o, &c); break;
	case IC_KO_PROJECT_REORDER: ok = reorder(b, &s, o, &c); break;
	case IC_KO_PROJECT_BY_NAMES: ok = by_names(b, &s, o, &c); break;
	default: ok = away_or_keep(b, &s, o, &c); break;
	}
	if (!ok || !ic_bind_cols_project(b, &c, o, false, r))
		return false;
	if (o->kind == IC_KO_PROJECT_KEEP)
		r->open = false;
	return true;
}
