/* SPDX-License-Identifier: Apache-2.0 */
#include "lang/kql/bind.h"
#include "lang/kql/lex.h"

#include "lang/fail.h"

#include <stdarg.h>
#include <stdio.h>

/* ---- errors and memory */

void *ic_bind_fail(ic_binder *b, ic_diag_kind kind, ic_place at, uint32_t length, const char *fmt, ...)
{
	va_list args;
	va_start(args, fmt);
	ic_lang_fail(b->diag, &b->status, kind, at, length, fmt, args);
	va_end(args);
	return NULL;
}

void *ic_bind_nomem(ic_binder *b)
{
	if (b->status == IC_OK)
		b->status = IC_E_NOMEM;
	return NULL;
}

ic_str ic_bind_written(ic_binder *b, ic_buf *text)
{
	char *copy = text->failed ? NULL : ic_arena_dup(&b->plan->arena, text->p, text->n);
	ic_str s = { copy, copy ? (uint32_t)text->n : 0 };
	if (!copy)
		ic_bind_nomem(b);
	ic_buf_clear(text);
	return s;
}

void *ic_bind_alloc(ic_binder *b, size_t n, size_t size)
{
	if (n == 0)
		n = 1;
	if (n > SIZE_MAX / size)
		return ic_bind_nomem(b);
	void *p = ic_arena_alloc(&b->plan->arena, n * size);
	return p ? memset(p, 0, n * size) : ic_bind_nomem(b);
}

void *ic_bind_grow(ic_binder *b, void *list, uint32_t n, uint32_t *room, size_t size)
{
	if (n < *room)
		return list;
	uint32_t more = *room ? *room * 2 : 8;
	void *p = ic_bind_alloc(b, more, size);
	if (!p)
		return NULL;
	if (n)
		memcpy(p, list, n * size);
	*room = more;
	return p;
}

bool ic_bind_enter(ic_binder *b, ic_place at)
{
	if (b->status != IC_OK)
		return false;
	if (b->depth >= IC_BIND_DEPTH) {
		ic_bind_fail(b, IC_DIAG_LIMIT, at, 1, "the query nests more than %d levels deep",
			     IC_BIND_DEPTH);
		return false;
	}
	b->depth++;
	return true;
}

void ic_bind_leave(ic_binder *b)
{
	b->depth--;
}

void ic_bind_warn(ic_binder *b, ic_place at, const char *fmt, ...)
{
	if (b->quiet || b->plan->warnings >= 100)
		return;
	char text[400], place[40];
	va_list args;
	va_start(args, fmt);
	int n = vsnprintf(text, sizeof text, fmt, args);
	va_end(args);
	if (n < 0)
		return;
	/* a let that is used twice is bound twice, and says so once */
	size_t length = strlen(text);
	int head = snprintf(place, sizeof place, "%u:%u: ", at.line, at.column);
	for (uint32_t i = 0; i < b->plan->warnings; i++) {
		ic_str w = b->plan->warning[i];
		if (w.n == (size_t)head + length && memcmp(w.p, place, (size_t)head) == 0 &&
		    memcmp(w.p + head, text, length) == 0)
			return;
	}
	if (ic_plan_warn(b->plan, at, "%s", text) != IC_OK)
		ic_bind_nomem(b);
}

/* ---- names */

ic_bind_name *ic_bind_push(ic_binder *b, const ic_bind_name *prev, ic_kql_name name, enum ic_bind_kind kind)
{
	ic_bind_name *n = ic_bind_alloc(b, 1, sizeof *n);
	bool *used = ic_bind_alloc(b, 1, sizeof *used);
	if (!n || !used)
		return NULL;
	*n = (ic_bind_name){ .prev = prev, .name = name, .kind = kind, .used = used };
	return n;
}

const ic_bind_name *ic_bind_find(const ic_bind_name *names, ic_str name)
{
	for (; names; names = names->prev)
		if (ic_str_eq(names->name.text, name)) {
			*names->used = true;
			return names;
		}
	return NULL;
}

static const ic_bind_name *bind_parameters(ic_binder *b, const ic_bind_name *names, const ic_kql_stmt *stmt)
{
	for (uint32_t i = 0; i < stmt->params; i++) {
		const ic_kql_param *p = &stmt->param[i];
		if (!p->value)
			return ic_bind_fail(b, IC_DIAG_NAME, p->name.at, p->name.length,
					    "query parameter '%.*s' has no value",
					    IC_BIND_NAME(p->name.text));
		ic_bind_scope s = { .names = names };
		ic_expr *e = ic_bind_expr(b, &s, p->value);
		ic_bind_name *n = e ? ic_bind_push(b, names, p->name, IC_BIND_VALUE) : NULL;
		if (!n || !(n->value = ic_bind_to(b, e, p->type)))
			return NULL;
		*n->used = true;
		names = n;
	}
	return names;
}

static void warn_twice(ic_binder *b, const ic_bind_name *names, const ic_bind_name *outer, ic_kql_name name)
{
	for (; names != outer; names = names->prev)
		if (ic_str_eq(names->name.text, name.text)) {
			ic_bind_warn(b, name.at, "'%.*s' is defined twice; from here on this one counts",
				     IC_BIND_NAME(name.text));
			/* said once is enough */
			*names->used = true;
			return;
		}
}

const ic_bind_name *ic_bind_statements(ic_binder *b, const ic_bind_name *names, const ic_kql_stmt *stmt,
				       uint32_t n, const void *base)
{
	const ic_bind_name *outer = names;
	if (n > IC_BIND_LETS)
		return ic_bind_fail(b, IC_DIAG_LIMIT, stmt[IC_BIND_LETS].name.at, 1,
				    "more than %d statements", IC_BIND_LETS);
	for (uint32_t i = 0; i < n; i++) {
		ic_bind_name *d;
		switch (stmt[i].kind) {
		case IC_KS_LET:
		case IC_KS_FUNCTION:
			warn_twice(b, names, outer, stmt[i].name);
			d = ic_bind_push(b, names, stmt[i].name,
					 stmt[i].kind == IC_KS_LET ? IC_BIND_LET : IC_BIND_FUNCTION);
			if (!d)
				return NULL;
			d->stmt = &stmt[i];
			d->expr = stmt[i].value;
			d->seen = names;
			d->base = base;
			names = d;
			break;
		case IC_KS_DECLARE:
			names = bind_parameters(b, names, &stmt[i]);
			if (b->status != IC_OK)
				return NULL;
			break;
		case IC_KS_SET:
			/* bin_auto() has its size from options; the others have no meaning here */
			if (!stmt[i].value || !ic_str_istarts(stmt[i].name.text, IC_STR("query_bin_auto_")))
				break;
			if (!(d = ic_bind_push(b, names, stmt[i].name, IC_BIND_LET)))
				return NULL;
			d->expr = stmt[i].value;
			d->seen = names;
			*d->used = true;
			names = d;
			break;
		}
	}
	return names;
}

bool ic_bind_catalog(ic_binder *b, ic_str name, ic_op **ret)
{
	ic_op *op = NULL;
	ic_status st = b->catalog->table(b->catalog->ctx, b->plan, name, IC_FN_KQL, &op, b->diag);
	if (st != IC_OK && b->status == IC_OK)
		b->status = st;
	if (ret)
		*ret = op;
	return op != NULL;
}

static bool table_function(ic_str name)
{
	static const char *const known[] = { "materialize", "table",	      "_GetWatchlist",
					     "cluster",	    "database",	      "workspace",
					     "app",	    "external_table", "_GetWatchlistAlias" };
	for (size_t i = 0; i < sizeof known / sizeof *known; i++)
		if (ic_str_eq(name, ic_str_of(known[i])))
			return true;
	return false;
}

/* What the name stands for is a table; `names`: those visible where it is written. */
static bool name_is_table(ic_binder *b, const ic_bind_name *names, ic_str name, bool call)
{
	for (; names; names = names->prev) {
		if (!ic_str_eq(names->name.text, name))
			continue;
		switch (names->kind) {
		case IC_BIND_LET: return ic_bind_is_table(b, names->seen, names->expr);
		case IC_BIND_FUNCTION: {
			const ic_kql_block *body = names->stmt->body;
			const ic_bind_name *inner =
			    ic_bind_statements(b, names->seen, body->stmt, body->stmts, NULL);
			return b->status == IC_OK && ic_bind_is_table(b, inner, body->result);
		}
		case IC_BIND_VALUE: return false;
		case IC_BIND_TABLE:
		case IC_BIND_PIPE: return true;
		}
	}
	if (call && (table_function(name) || ic_function_find(name, IC_FN_KQL) >= 0))
		return table_function(name);
	return ic_bind_catalog(b, name, NULL);
}

bool ic_bind_is_table(ic_binder *b, const ic_bind_name *names, const ic_kql_expr *e)
{
	if (!ic_bind_enter(b, e->at))
		return false;
	bool is = false;
	switch (e->kind) {
	case IC_KE_PIPE:
		is = e->pipe.first->kind != IC_KO_SOURCE || e->pipe.first->next ||
		     ic_bind_is_table(b, names, e->pipe.first->source);
		break;
	case IC_KE_NAME: is = name_is_table(b, names, e->name.text, false); break;
	case IC_KE_CALL: is = name_is_table(b, names, e->call.name.text, true); break;
	case IC_KE_METHOD: is = true; break;
	case IC_KE_MEMBER:
		is = e->member.object->kind == IC_KE_METHOD ||
		     (e->member.object->kind == IC_KE_CALL &&
		      table_function(e->member.object->call.name.text));
		break;
	default: break;
	}
	ic_bind_leave(b);
	return is;
}

/* ---- hints */

static uint32_t least(uint32_t a, uint32_t b)
{
	return a < b ? a : b;
}

/* Levenshtein distance, any case; names over 48 bytes are far from everything. */
static uint32_t distance(ic_str a, ic_str b)
{
	enum { LONGEST = 48 };
	uint32_t row[LONGEST + 1];
	if (a.n > LONGEST || b.n > LONGEST)
		return UINT32_MAX;
	for (uint32_t j = 0; j <= b.n; j++)
		row[j] = j;
	for (uint32_t i = 1; i <= a.n; i++) {
		uint32_t corner = row[0];
		row[0] = i;
		for (uint32_t j = 1; j <= b.n; j++) {
			uint32_t up = row[j];
			uint32_t change = !ic_str_ieq((ic_str){ a.p + i - 1, 1 }, (ic_str){ b.p + j - 1, 1 });
			row[j] = least(least(up, row[j - 1]) + 1, corner + change);
			corner = up;
		}
	}
	return row[b.n];
}

static void nearer(ic_str wanted, ic_str candidate, uint32_t *best, ic_str *ret)
{
	uint32_t d = distance(wanted, candidate);
	if (d < *best && d <= 1 + wanted.n / 4) {
		*best = d;
		*ret = candidate;
	}
}

void ic_bind_hint_column(ic_binder *b, const ic_bind_scope *s, ic_str name)
{
	uint32_t best = UINT32_MAX;
	ic_str near = { NULL, 0 };
	char text[200] = "";
	for (uint32_t i = 0; s->made && i < s->made_n; i++)
		for (uint32_t k = 0; k < s->made->item[i].names; k++)
			if (ic_str_eq(s->made->item[i].name[k].text, name)) {
				ic_diag_hint(b->diag,
					     "'%.*s' is made in this same operator; use it in a second one",
					     IC_BIND_NAME(name));
				return;
			}
	for (uint32_t i = 0; s->row && i < s->row->op->out.n; i++)
		nearer(name, s->row->op->out.column[i].name, &best, &near);
	for (const ic_bind_name *n = s->names; n; n = n->prev)
		nearer(name, n->name.text, &best, &near);
	if (near.p)
		ic_diag_hint(b->diag, "did you mean '%.*s'?", IC_BIND_NAME(near));
	else if (name.n && ic_is_digit((unsigned char)name.p[0]))
		ic_diag_hint(b->diag, "%s", IC_KQL_UNITS);
	else if (ic_function_find(name, IC_FN_KQL) >= 0 || ic_aggregate_find(name, IC_FN_KQL) >= 0)
		ic_diag_hint(b->diag, "did you mean %.*s()?", IC_BIND_NAME(name));
	else if (b->catalog->column_hint) {
		b->catalog->column_hint(b->catalog->ctx, name, text, sizeof text);
		if (text[0])
			ic_diag_hint(b->diag, "%s", text);
	}
}

void ic_bind_hint_table(ic_binder *b, const ic_bind_name *names, ic_str name)
{
	uint32_t best = UINT32_MAX;
	ic_str near = { NULL, 0 };
	for (; names; names = names->prev)
		nearer(name, names->name.text, &best, &near);
	for (size_t i = 0; b->catalog->name && i < 10000; i++) {
		ic_str t = b->catalog->name(b->catalog->ctx, i);
		if (!t.p)
			break;
		nearer(name, t, &best, &near);
	}
	if (near.p)
		ic_diag_hint(b->diag, "did you mean '%.*s'?", IC_BIND_NAME(near));
	else
		ic_diag_hint(b->diag, "--table %.*s=FILE binds a file as this table", IC_BIND_NAME(name));
}

/* ---- the query */

/* Lets that nobody uses are legal, but have to be right all the same. */
static void bind_unused(ic_binder *b, const ic_bind_name *names)
{
	bool checking = b->checking, quiet = b->quiet;
	for (const ic_bind_name *n = names; n && b->status == IC_OK; n = n->prev) {
		if (*n->used || (n->kind != IC_BIND_LET && n->kind != IC_BIND_FUNCTION))
			continue;
		ic_bind_warn(b, n->name.at, "let '%.*s' is never used", IC_BIND_NAME(n->name.text));
		if (n->kind == IC_BIND_FUNCTION)
			continue;
		b->checking = b->quiet = true;
		ic_rel rel;
		ic_bind_scope s = { .names = n->seen };
		if (ic_bind_is_table(b, n->seen, n->expr))
			ic_bind_table(b, n->seen, n->expr, &rel);
		else if (b->status == IC_OK)
			ic_bind_expr(b, &s, n->expr);
		b->checking = checking;
		b->quiet = quiet;
	}
}

ic_status ic_kql_bind(const ic_kql_block *query, const ic_catalog *catalog, ic_plan *plan, ic_diag *diag)
{
	ic_binder b = { .plan = plan, .catalog = catalog, .diag = diag, .checking = catalog->run == NULL };
	plan->language = IC_FN_KQL;
	ic_rel rel = { 0 };
	const ic_bind_name *names = ic_bind_statements(&b, NULL, query->stmt, query->stmts, NULL);
	if (b.status != IC_OK)
		return b.status;
	if (!query->result)
		return ic_diag_fail(diag, IC_DIAG_SYNTAX, (ic_place){ 1, 1 }, 1,
				    "the query ends without a table to show");
	if (!ic_bind_is_table(&b, names, query->result) && b.status == IC_OK &&
	    query->result->kind != IC_KE_NAME && query->result->kind != IC_KE_CALL &&
	    query->result->kind != IC_KE_PIPE)
		ic_bind_fail(&b, IC_DIAG_TYPE, query->result->at, query->result->length,
			     "a query gives rows; for a value write print");
	if (b.status != IC_OK || !ic_bind_table(&b, names, query->result, &rel))
		return b.status;
	plan->root = rel.op;
	bind_unused(&b, names);
	if (b.status == IC_OK)
		ic_bind_lint_made(&b);
	return b.status;
}
