/* SPDX-License-Identifier: Apache-2.0 */
/* union, search, find: rows of several tables below each other. */
#include "lang/kql/bind.h"

#include <stdio.h>

typedef struct rel_list {
	ic_rel *rel;
	ic_str *label;
	uint32_t n, room, label_room;
	bool missing; /* tables were left out: what columns they have is not known */
} rel_list;

/* One column of the result: a name and a type. Columns of one name lie side by side. */
typedef struct united_column {
	ic_str name;
	ic_qtype type;
	uint32_t inputs;	    /* that have it */
	struct united_column *next; /* of this name and another type */
	struct united_column *last; /* of the first of a name: its youngest */
} united_column;

typedef struct united {
	united_column **first; /* by name, in the order of first appearance */
	uint32_t n, room;
} united;

static bool add_rel(ic_binder *b, rel_list *l, const ic_rel *r, const char *prefix)
{
	char buf[40];
	l->rel = ic_bind_grow(b, l->rel, l->n, &l->room, sizeof *l->rel);
	l->label = ic_bind_grow(b, l->label, l->n, &l->label_room, sizeof *l->label);
	if (!l->rel || !l->label)
		return false;
	snprintf(buf, sizeof buf, "%s%u", prefix, l->n);
	l->label[l->n] = r->label.p ? r->label : ic_bind_join_text(b, ic_str_of(buf), "", IC_STR(""));
	l->rel[l->n] = *r;
	return l->label[l->n++].p != NULL;
}

/* ---- columns */

static ic_str other_name(ic_str name)
{
	if (ic_str_eq(name, IC_STR("Timestamp")))
		return IC_STR("TimeGenerated");
	if (ic_str_eq(name, IC_STR("TimeGenerated")))
		return IC_STR("Timestamp");
	return (ic_str){ NULL, 0 };
}

/* The entry for a column of this name, or for its other name if the input has no column of that one. */
static united_column *find_entry(const united *u, const ic_schema *in, ic_str name)
{
	ic_str other = other_name(name);
	united_column *second = NULL;
	for (uint32_t i = 0; i < u->n; i++) {
		if (ic_str_eq(u->first[i]->name, name))
			return u->first[i];
		if (other.p && ic_str_eq(u->first[i]->name, other))
			second = u->first[i];
	}
	return second && ic_schema_find(in, other) < 0 ? second : NULL;
}

static united_column *of_type(united_column *c, ic_qtype type)
{
	for (; c; c = c->next)
		if (c->type == type)
			return c;
	return NULL;
}

static bool add_entry(ic_binder *b, united *u, const ic_schema *in, uint32_t column)
{
	ic_str name = in->column[column].name;
	ic_qtype type = in->column[column].type;
	united_column *first = find_entry(u, in, name), *c = of_type(first, type);
	/* an address beside a text is a text */
	if (!c && ic_qtype_is_text(type)) {
		c = of_type(first, type == IC_Q_IP ? IC_Q_STRING : IC_Q_IP);
		if (c)
			c->type = IC_Q_STRING;
	}
	if (c) {
		c->inputs++;
		return true;
	}
	c = ic_bind_alloc(b, 1, sizeof *c);
	if (!c)
		return false;
	*c = (united_column){ .name = name, .type = type, .inputs = 1 };
	if (first) {
		first->last->next = c;
		first->last = c;
		return true;
	}
	c->last = c;
	u->first = ic_bind_grow(b, u->first, u->n, &u->room, sizeof(united_column *));
	if (!u->first)
		return false;
	u->first[u->n++] = c;
	return true;
}

/* Addresses as text where the result has text. */
static bool write_addresses(ic_binder *b, const united *u, const ic_kql_op *o, ic_rel *r)
{
	const ic_schema *in = &r->op->out;
	ic_bind_cols c = { 0 };
	bool any = false;
	for (uint32_t i = 0; i < in->n && !any; i++)
		any =
		    in->column[i].type == IC_Q_IP && !of_type(find_entry(u, in, in->column[i].name), IC_Q_IP);
	if (!any)
		return true;
	for (uint32_t i = 0; i < in->n; i++) {
		ic_expr *e = ic_bind_column_at(b, o->at, in, i);
		if (e && e->type == IC_Q_IP && !of_type(find_entry(u, in, in->column[i].name), IC_Q_IP))
			e = ic_bind_to(b, e, IC_Q_STRING);
		if (!ic_bind_cols_add(b, &c, in->column[i].name, e))
			return false;
	}
	return ic_bind_cols_project(b, &c, o, false, r);
}

/* Which column of the input the result's column is; -1: none. */
static int32_t source_column(const united *u, const ic_schema *in, const united_column *first,
			     const united_column *c)
{
	int32_t i = ic_schema_find(in, first->name);
	if (i < 0) {
		ic_str other = other_name(first->name);
		if (other.p)
			i = ic_schema_find(in, other);
		if (i >= 0 && find_entry(u, in, other) != first)
			i = -1;
	}
	return i >= 0 && in->column[i].type == c->type ? i : -1;
}

/* Columns of one name and several types have the type behind their names. These give way to the others, which
 * keep the names that they have. */
static bool name_columns(ic_binder *b, const united_column *const *from, const united_column *const *head,
			 bool inner, ic_qcolumn *column, uint32_t n)
{
	ic_qcolumn *taken = ic_bind_alloc(b, (size_t)n + 1, sizeof *taken);
	uint32_t k = 0;
	if (!taken)
		return false;
	for (int typed = 0; typed < 2; typed++)
		for (uint32_t i = 0; i < n; i++) {
			bool several = from[i] && head[i]->next && !inner;
			if (several != (typed != 0))
				continue;
			ic_str name = column[i].name;
			if (several)
				name = ic_bind_join_text(b, head[i]->name, "_",
							 ic_str_of(ic_qtype_name(column[i].type)));
			column[i].name = ic_bind_unique(b, taken, k, name);
			taken[k++] = column[i];
		}
	return b->status == IC_OK;
}

static bool result_columns(ic_binder *b, const united *u, const ic_kql_op *o, ic_str source, bool inner,
			   rel_list *l, ic_op *op)
{
	ic_qcolumn *column = ic_bind_alloc(b, IC_MAX_COLUMNS + 1, sizeof *column);
	const united_column **from = ic_bind_alloc(b, IC_MAX_COLUMNS + 1, sizeof(united_column *));
	const united_column **head = ic_bind_alloc(b, IC_MAX_COLUMNS + 1, sizeof(united_column *));
	uint32_t n = 0;
	if (!column || !from || !head)
		return false;
	if (source.p)
		column[n++] = (ic_qcolumn){ source, IC_Q_STRING };
	for (uint32_t i = 0; i < u->n; i++)
		for (const united_column *c = u->first[i]; c; c = c->next) {
			if (inner && c->inputs < l->n)
				continue;
			if (n >= IC_MAX_COLUMNS) {
				ic_bind_fail(b, IC_DIAG_LIMIT, o->at, o->length, "more than %d columns",
					     IC_MAX_COLUMNS);
				return false;
			}
			from[n] = c;
			head[n] = u->first[i];
			column[n++] = (ic_qcolumn){ c->name, c->type };
		}
	if (!name_columns(b, from, head, inner, column, n))
		return false;
	for (uint32_t k = 0; k < l->n; k++) {
		int32_t *map = ic_bind_alloc(b, n, sizeof *map);
		if (!map)
			return false;
		for (uint32_t i = 0; i < n; i++)
			map[i] = from[i] ? source_column(u, &l->rel[k].op->out, head[i], from[i]) : -1;
		op->united.column[k] = map;
		op->united.in[k] = l->rel[k].op;
	}
	op->out = (ic_schema){ column, n };
	op->united.source = source.p ? 0 : -1;
	return true;
}

static bool unite(ic_binder *b, const ic_kql_op *o, rel_list *l, ic_str source, bool inner, ic_rel *r)
{
	united u = { 0 };
	bool open = false;
	for (uint32_t k = 0; k < l->n; k++) {
		open |= l->rel[k].open;
		for (uint32_t i = 0; i < l->rel[k].op->out.n; i++)
			if (!add_entry(b, &u, &l->rel[k].op->out, i))
				return false;
	}
	for (uint32_t k = 0; k < l->n; k++)
		if (!write_addresses(b, &u, o, &l->rel[k]))
			return false;
	ic_op *op = ic_bind_op(b, IC_OP_UNION, o, NULL);
	if (!op)
		return false;
	op->united.inputs = l->n;
	op->united.name = l->label;
	op->united.column = ic_bind_alloc(b, l->n, sizeof *op->united.column);
	op->united.in = ic_bind_alloc(b, l->n, sizeof(ic_op *));
	if (!op->united.column || !op->united.in || !result_columns(b, &u, o, source, inner, l, op))
		return false;
	*r = (ic_rel){ .op = op, .open = open };
	return true;
}

/* ---- inputs */

/* With isfuzzy=true tables that nobody has are left out, and said. */
static bool add_input(ic_binder *b, const ic_bind_name *names, const ic_kql_expr *e, bool fuzzy,
		      const char *prefix, rel_list *l)
{
	ic_rel r;
	ic_diag before = *b->diag;
	if (ic_bind_table(b, names, e, &r))
		return add_rel(b, l, &r, prefix);
	if (!fuzzy || !b->no_table || b->status != IC_E_USAGE)
		return false;
	ic_diag d = *b->diag;
	*b->diag = before;
	b->status = IC_OK;
	b->no_table = false;
	l->missing = true;
	ic_bind_warn(b, d.at, "%s: left out of the union", d.message);
	return b->status == IC_OK;
}

static bool add_matching(ic_binder *b, const ic_bind_name *names, ic_str pattern, const char *prefix,
			 rel_list *l)
{
	for (const ic_bind_name *n = names; n; n = n->prev) {
		bool view = n->kind == IC_BIND_FUNCTION && n->stmt->view && n->stmt->params == 0;
		if (!view || !ic_bind_wildcard(pattern, n->name.text))
			continue;
		ic_kql_expr *e = ic_bind_alloc(b, 1, sizeof *e);
		ic_rel r;
		if (!e)
			return false;
		*e = (ic_kql_expr){
			.kind = IC_KE_NAME, .at = n->name.at, .length = n->name.length, .name = n->name
		};
		if (!ic_bind_table(b, names, e, &r))
			return false;
		if (!add_rel(b, l, &r, prefix))
			return false;
	}
	for (size_t i = 0; b->catalog->name && i < 10000; i++) {
		ic_str name = b->catalog->name(b->catalog->ctx, i);
		ic_rel r = { .label = name };
		if (!name.p)
			break;
		if (!ic_bind_wildcard(pattern, name))
			continue;
		ic_diag before = *b->diag;
		if (!ic_bind_catalog(b, name, &r.op)) {
			/* one that has no data in this run */
			if (b->status == IC_E_USAGE) {
				b->status = IC_OK;
				*b->diag = before;
			}
			continue;
		}
		if (!add_rel(b, l, &r, prefix))
			return false;
	}
	return b->status == IC_OK;
}

static bool add_inputs(ic_binder *b, const ic_bind_name *names, const ic_kql_exprs *in, bool fuzzy,
		       const char *prefix, rel_list *l)
{
	for (uint32_t i = 0; i < in->n; i++) {
		const ic_kql_expr *e = in->expr[i];
		bool ok;
		if (e->kind == IC_KE_WILDCARD || e->kind == IC_KE_STAR)
			ok = add_matching(b, names, e->kind == IC_KE_STAR ? IC_STR("*") : e->name.text,
					  prefix, l);
		else
			ok = add_input(b, names, e, fuzzy, prefix, l);
		if (!ok)
			return false;
	}
	return true;
}

bool ic_bind_union(ic_binder *b, const ic_bind_name *names, const ic_kql_op *o, ic_rel *r)
{
	rel_list l = { 0 };
	bool fuzzy = ic_bind_option_true(ic_bind_option(&o->options, "isfuzzy"));
	bool inner = ic_str_eq(ic_bind_option_text(ic_bind_option(&o->options, "kind")), IC_STR("inner"));
	ic_str source = ic_bind_option_text(ic_bind_option(&o->options, "withsource"));
	if (!source.p)
		source = ic_bind_option_text(ic_bind_option(&o->options, "with_source"));
	if (r->op && !add_rel(b, &l, r, "union_arg"))
		return false;
	if (!add_inputs(b, names, &o->inputs, fuzzy, "union_arg", &l))
		return false;
	if (l.n == 0) {
		ic_bind_fail(b, IC_DIAG_NAME, o->at, o->length, "none of the tables of this union exists");
		b->no_table = true;
		return false;
	}
	if (!unite(b, o, &l, source, inner, r))
		return false;
	if (l.missing)
		b->plan->open = r->open = true;
	return true;
}

bool ic_bind_all_of(ic_binder *b, const ic_kql_op *o, const ic_rel *rel, uint32_t n, ic_rel *ret)
{
	rel_list l = { 0 };
	for (uint32_t i = 0; i < n; i++)
		if (!add_rel(b, &l, &rel[i], "part"))
			return false;
	return unite(b, o, &l, (ic_str){ NULL, 0 }, false, ret);
}

/* ---- search, find */

static bool is_pack(const ic_kql_expr *e)
{
	return e->kind == IC_KE_CALL && ic_str_eq(e->call.name.text, IC_STR("pack_all"));
}

/* named: may be NULL; marks the columns that stand there by name, not those that a text is looked for in. */
static ic_expr *search_predicate(ic_binder *b, const ic_bind_name *names, const ic_kql_op *o, const ic_rel *r,
				 bool *named)
{
	ic_str cs = ic_bind_option_text(ic_bind_option(&o->options, "kind"));
	ic_bind_scope s = { .names = names,
			    .row = r,
			    .base = r->op,
			    .search = true,
			    .named = named,
			    .search_cs = ic_str_eq(cs, IC_STR("case_sensitive")) };
	return o->search.predicate ? ic_bind_predicate(b, &s, o->search.predicate, o->says)
				   : ic_bind_const(b, o->at, ic_value_bool(true));
}

static void mark_columns(const ic_expr *e, bool *column)
{
	if (e->kind == IC_X_COLUMN)
		column[e->column] = true;
	for (uint32_t i = 0; e->kind == IC_X_CALL && i < e->call.n; i++)
		mark_columns(e->call.arg[i], column);
}

/* Keeps the tables that have one of these columns of the union; all, if none has. Whether one went. */
static bool leave_out(const ic_op *all, const bool *used, rel_list *l)
{
	uint32_t kept = 0, n = l->n;
	for (uint32_t k = 0; k < n; k++) {
		bool has = false;
		for (uint32_t i = 0; i < all->out.n; i++)
			has |= used[i] && all->united.column[k][i] >= 0;
		if (!has)
			continue;
		l->rel[kept] = l->rel[k];
		l->label[kept++] = l->label[k];
	}
	l->n = kept ? kept : n;
	return l->n < n;
}

/* The columns of table k that are not shown, as a bag. */
static ic_expr *bag_of(ic_binder *b, const ic_kql_op *o, const ic_op *all, uint32_t k, const bool *shown)
{
	ic_expr **arg = ic_bind_alloc(b, (size_t)all->out.n * 2, sizeof(ic_expr *));
	uint32_t n = 0;
	if (!arg)
		return NULL;
	for (uint32_t i = 0; i < all->out.n; i++) {
		int32_t from = all->united.column[k][i];
		if (shown[i] || from < 0)
			continue;
		arg[n++] = ic_bind_const(b, o->at, ic_value_str(all->united.in[k]->out.column[from].name));
		arg[n++] = ic_bind_column_at(b, o->at, &all->out, i);
	}
	return ic_bind_call(b, o->at, IC_FN_BAG_PACK, IC_Q_DYNAMIC, n, arg);
}

/* The union has one more column: the number of the table. NULL: failed. */
static ic_expr *add_number(ic_binder *b, const ic_kql_op *o, ic_op *all)
{
	uint32_t n = all->out.n;
	ic_qcolumn *column = ic_bind_alloc(b, (size_t)n + 1, sizeof *column);
	if (!column)
		return NULL;
	if (n >= IC_MAX_COLUMNS)
		return ic_bind_fail(b, IC_DIAG_LIMIT, o->at, o->length, "more than %d columns",
				    IC_MAX_COLUMNS);
	for (uint32_t k = 0; k < all->united.inputs; k++) {
		ic_rel part = { .op = all->united.in[k] };
		int32_t *map = ic_bind_alloc(b, (size_t)n + 1, sizeof *map);
		ic_bind_cols c = { 0 };
		if (!map || !ic_bind_cols_input(b, &c, o->at, part.op) ||
		    !ic_bind_cols_add(b, &c, ic_bind_unique(b, c.column, c.n, IC_STR("table")),
				      ic_bind_const(b, o->at, ic_value_long(k))) ||
		    !ic_bind_cols_project(b, &c, o, false, &part))
			return NULL;
		memcpy(map, all->united.column[k], n * sizeof *map);
		map[n] = (int32_t)part.op->out.n - 1;
		all->united.column[k] = map;
		all->united.in[k] = part.op;
	}
	memcpy(column, all->out.column, n * sizeof *column);
	column[n] = (ic_qcolumn){ ic_bind_unique(b, column, n, IC_STR("table")), IC_Q_LONG };
	all->out = (ic_schema){ column, n + 1 };
	return ic_bind_column_at(b, o->at, &all->out, n);
}

/* What is not shown of the table that the row comes from. It stands behind the filter, so that only rows that are found
 * cost a bag. */
static ic_expr *pack_rest(ic_binder *b, const ic_kql_op *o, ic_op *all, const bool *shown)
{
	uint32_t n = all->united.inputs, args = 0;
	ic_expr **arg = ic_bind_alloc(b, (size_t)n * 2, sizeof(ic_expr *));
	for (uint32_t k = 0; arg && k < n; k++) {
		args += k + 1 < n; /* the last one needs no condition */
		if (!(arg[args++] = bag_of(b, o, all, k, shown)))
			return NULL;
	}
	ic_expr *number = arg && n > 1 ? add_number(b, o, all) : NULL;
	if (!arg || n == 1)
		return arg ? arg[0] : NULL;
	for (uint32_t k = 0; number && k + 1 < n; k++)
		arg[2 * k] = ic_bind_call2(b, o->at, IC_FN_EQ, IC_Q_BOOL, ic_bind_copy(b, number),
					   ic_bind_const(b, o->at, ic_value_long(k)));
	return number ? ic_bind_call(b, o->at, IC_FN_CASE, IC_Q_DYNAMIC, args, arg) : NULL;
}

/* What is asked for by name, and what all tables have; the rest of each is in a bag. */
static bool smart_columns(ic_binder *b, const ic_kql_op *o, const ic_rel *r, bool *shown, ic_bind_cols *c)
{
	ic_op *all = r->op;
	uint32_t n = all->out.n;
	bool rest = false;
	for (uint32_t i = 1; i < n; i++) {
		bool common = true;
		for (uint32_t k = 0; k < all->united.inputs; k++)
			common &= all->united.column[k][i] >= 0;
		shown[i] |= common;
		rest |= !shown[i];
		if (shown[i] && !ic_bind_cols_add(b, c, all->out.column[i].name,
						  ic_bind_column_at(b, o->at, &all->out, i)))
			return false;
	}
	if (!rest)
		return true;
	ic_expr *pack = pack_rest(b, o, all, shown);
	return pack && ic_bind_cols_add(b, c, ic_bind_unique(b, c->column, c->n, IC_STR("pack_")), pack);
}

static bool listed_columns(ic_binder *b, const ic_bind_name *names, const ic_kql_op *o, const ic_rel *r,
			   bool *shown, ic_bind_cols *c)
{
	ic_bind_scope s = { .names = names, .row = r, .base = r->op };
	uint32_t packs = 0;
	memset(shown, 0, r->op->out.n * sizeof *shown);
	for (uint32_t i = 0; i < o->search.project.n; i++) {
		const ic_kql_item *item = &o->search.project.item[i];
		ic_str name = item->names ? item->name[0].text : ic_bind_auto_name(b, item->expr);
		bool pack = is_pack(item->expr);
		packs += pack;
		if (pack && (packs > 1 || i + 1 < o->search.project.n)) {
			ic_bind_fail(b, IC_DIAG_SYNTAX, item->expr->at, item->expr->length,
				     "pack_all() is the last of find's columns");
			return false;
		}
		ic_expr *e = pack ? pack_rest(b, o, r->op, shown) : ic_bind_expr(b, &s, item->expr);
		if (!e)
			return false;
		if (!pack)
			mark_columns(e, shown);
		if (item->type < IC_Q_NULL)
			e = ic_bind_to(b, e, item->type);
		if (!name.p)
			name = pack ? IC_STR("pack_") : IC_STR("Column1");
		if (!ic_bind_cols_add(b, c, ic_bind_unique(b, c->column, c->n, name), e))
			return false;
	}
	return true;
}

/* The union without the tables that the predicate does not speak of; `named` are the columns that it names. */
static bool find_rows(ic_binder *b, const ic_bind_name *names, const ic_kql_op *o, rel_list *l, ic_str source,
		      ic_rel *r, bool **named, ic_expr **predicate)
{
	bool *used;
	do {
		if (!unite(b, o, l, source, false, r))
			return false;
		used = ic_bind_alloc(b, r->op->out.n, sizeof *used);
		*named = ic_bind_alloc(b, r->op->out.n, sizeof **named);
		*predicate = used && *named ? search_predicate(b, names, o, r, *named) : NULL;
		if (!*predicate)
			return false;
		mark_columns(*predicate, used);
	} while (leave_out(r->op, used, l));
	return true;
}

static bool find(ic_binder *b, const ic_bind_name *names, const ic_kql_op *o, rel_list *l, ic_str source,
		 ic_rel *r)
{
	ic_bind_cols c = { 0 };
	ic_expr *predicate;
	bool *shown;
	if (!find_rows(b, names, o, l, source, r, &shown, &predicate) ||
	    !ic_bind_cols_add(b, &c, r->op->out.column[0].name, ic_bind_column_at(b, o->at, &r->op->out, 0)))
		return false;
	if (o->search.project.n ? !listed_columns(b, names, o, r, shown, &c)
				: !smart_columns(b, o, r, shown, &c))
		return false;
	ic_op *op = ic_bind_op(b, IC_OP_FILTER, o, r->op);
	if (!op)
		return false;
	op->filter.predicate = predicate;
	r->op = op;
	return ic_bind_cols_project(b, &c, o, false, r);
}

bool ic_bind_search(ic_binder *b, const ic_bind_name *names, const ic_kql_op *o, ic_rel *r)
{
	rel_list l = { 0 };
	bool is_find = o->kind == IC_KO_FIND;
	const char *prefix = is_find ? "find_arg" : "search_arg";
	ic_str source = ic_bind_option_text(ic_bind_option(&o->options, "withsource"));
	if (!source.p)
		source = is_find ? IC_STR("source_") : IC_STR("$table");
	if (r->op && o->search.in.n) {
		ic_bind_fail(b, IC_DIAG_SYNTAX, o->at, o->length,
			     "search of rows from a pipe takes no tables of its own");
		return false;
	}
	if (r->op && !add_rel(b, &l, r, prefix))
		return false;
	if (!r->op && o->search.in.n == 0 && !add_matching(b, names, IC_STR("*"), prefix, &l))
		return false;
	if (!add_inputs(b, names, &o->search.in, true, prefix, &l))
		return false;
	if (l.n == 0) {
		ic_bind_fail(b, IC_DIAG_NAME, o->at, o->length, "there is no table to search");
		return false;
	}
	if (is_find)
		return find(b, names, o, &l, source, r);
	if (!unite(b, o, &l, source, false, r))
		return false;
	ic_expr *predicate = search_predicate(b, names, o, r, NULL);
	ic_op *op = predicate ? ic_bind_op(b, IC_OP_FILTER, o, r->op) : NULL;
	if (!op)
		return false;
	op->filter.predicate = predicate;
	r->op = op;
	return true;
}
