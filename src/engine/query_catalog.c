/* SPDX-License-Identifier: Apache-2.0 */
/* What names in a query mean: tables of the command line, declared ones, those of products. */
#include <stdio.h>

#include "base/buf.h"
#include "base/error.h"
#include "engine/query.h"
#include "engine/table_file.h"

static const ic_place nowhere = { 0, 0 };

/* An error of a file is the query's when the binder meets it. */
static ic_status as_diag(ic_query_run *q, ic_diag *diag, ic_status st, const ic_error *err)
{
	if (st == IC_E_NOMEM)
		return st;
	q->failed = *err;
	ic_diag_kind kind = st == IC_E_LIMIT ? IC_DIAG_LIMIT : IC_DIAG_NAME;
	ic_status rc = err->file[0] ? ic_diag_fail(diag, kind, nowhere, 1, "%s: %s", err->file, err->message)
				    : ic_diag_fail(diag, kind, nowhere, 1, "%s", err->message);
	return rc;
}

/* ---- relations ------------------------------------------------------------------------------ */

static ic_relation *new_relation(ic_query_run *q, ic_plan *plan, ic_str name, ic_schema schema)
{
	ic_relation *r = ic_arena_alloc(&plan->arena, sizeof *r);
	const char *copy = ic_arena_dup(&plan->arena, name.p, name.n);
	if (!r || !copy)
		return NULL;
	*r = (ic_relation){ .table = { .name = { copy, name.n }, .schema = schema, .origin = r },
			    .q = q,
			    .time_column = -1,
			    .next = q->relations };
	q->relations = r;
	return r;
}

void ic_query_close_files(ic_query_run *q)
{
	while (q->files) {
		ic_table_file *f = q->files;
		q->files = f->next;
		ic_table_file_close(f);
	}
}

static ic_op *scan_of(ic_plan *plan, const ic_relation *r)
{
	ic_op *op = ic_op_new(plan, IC_OP_SCAN, nowhere, "table", NULL);
	uint32_t n = r->table.schema.n;
	if (!op)
		return NULL;
	op->out = r->table.schema;
	op->scan.table = &r->table;
	op->scan.column = ic_arena_alloc(&plan->arena, sizeof(uint32_t) * (n + 1));
	for (uint32_t i = 0; op->scan.column && i < n; i++)
		op->scan.column[i] = i;
	return op->scan.column ? op : NULL;
}

/* The column that says when a row happened. */
static int32_t time_column(const ic_schema *s)
{
	static const char *const names[] = { "Timestamp", "TimeGenerated", "starttime", "ts" };
	for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
		int32_t c = ic_schema_find(s, ic_str_of(names[i]));
		ic_qtype t = c >= 0 ? s->column[c].type : IC_Q_NULL;
		if (t == IC_Q_DATETIME || (t == IC_Q_LONG && i == 2))
			return c;
	}
	for (uint32_t c = 0; c < s->n; c++)
		if (s->column[c].type == IC_Q_DATETIME)
			return (int32_t)c;
	return -1;
}

/* ---- files ------------------------------------------------------------------------------------- */

static const ic_query_binding *bound(const ic_query_run *q, const ic_query_binding *list, size_t n,
				     ic_str name)
{
	for (size_t i = 0; i < n; i++) {
		ic_str own = ic_str_of(list[i].name);
		if (q->language == IC_FN_AQL ? ic_str_ieq(own, name) : ic_str_eq(own, name))
			return &list[i];
	}
	return NULL;
}

/* The schema that the command line declares, n = 0 if none. */
static ic_status declared(ic_query_run *q, ic_plan *plan, ic_str name, ic_schema *ret, bool *found,
			  ic_diag *diag)
{
	const ic_query_binding *b = bound(q, q->opt->schemas, q->opt->schema_count, name);
	ic_error err = { 0 };
	*ret = (ic_schema){ 0 };
	*found = b != NULL;
	if (!b)
		return IC_OK;
	ic_status st = ic_table_schema_read(b->path, &plan->arena, ret, &err);
	return st == IC_OK ? IC_OK : as_diag(q, diag, st, &err);
}

static ic_status bind_file(ic_query_run *q, ic_plan *plan, ic_str name, const char *path, ic_schema schema,
			   bool by_place, ic_op **ret, ic_diag *diag)
{
	ic_error err = { 0 };
	ic_table_file *f = q->files;
	while (f && !ic_table_file_is(f, path, &schema, by_place))
		f = f->next;
	if (!f) {
		ic_status st = ic_table_file_open(path, &schema, by_place, &q->run.budget, &f, &err);
		if (st != IC_OK)
			return as_diag(q, diag, st, &err);
		if (!f)
			return IC_OK;
		f->next = q->files;
		q->files = f;
	}
	ic_relation *r = new_relation(q, plan, name, f->schema);
	if (!r)
		return IC_E_NOMEM;
	r->class = &ic_file_relation;
	r->file = f;
	r->time_column = time_column(&f->schema);
	*ret = scan_of(plan, r);
	return *ret ? IC_OK : IC_E_NOMEM;
}

static ic_status bind_table(ic_query_run *q, ic_plan *plan, const ic_query_binding *b, ic_str name,
			    ic_schema schema, ic_op **ret, ic_diag *diag)
{
	ic_status st = bind_file(q, plan, name, b->path, schema, false, ret, diag);
	if (st != IC_OK || *ret)
		return st;
	ic_error err = { 0 };
	return as_diag(q, diag,
		       ic_fail_at(&err, IC_E_IO, b->path, 0, 0, "No such file or directory (table %.*s)",
				  (int)name.n, name.p),
		       &err);
}

static ic_status bind_empty(ic_plan *plan, ic_schema schema, ic_op **ret)
{
	ic_op *op = ic_op_new(plan, IC_OP_VALUES, nowhere, "table", NULL);
	if (!op)
		return IC_E_NOMEM;
	op->out = schema;
	*ret = op;
	return IC_OK;
}

/* ---- telemetry ------------------------------------------------------------------------------------ */

static ic_status bind_view(ic_query_run *q, ic_plan *plan, const ic_view *v, ic_str name, ic_op **ret,
			   ic_diag *diag)
{
	bool input = q->run.opt->path_count || q->input->facts;
	if (!q->checking && !input)
		return ic_diag_fail(diag, IC_DIAG_NAME, nowhere, name.n,
				    "%.*s is a table of telemetry, and no PATH is given", (int)name.n,
				    name.p);
	ic_error err = { 0 };
	const ic_input_facts *facts = NULL;
	/* an input that cannot be read fails the run, after what is wrong with the query was said */
	if (input && !q->opt->check && ic_query_look(q, &facts, &err) == IC_E_NOMEM)
		return IC_E_NOMEM;
	bool hosts = !facts || facts->can_give & IC_FIELD_BIT(IC_F_SRC_HOST);
	size_t n = ic_view_column_count(v);
	ic_schema schema = { ic_arena_alloc(&plan->arena, sizeof(ic_qcolumn) * (n + 1)), (uint32_t)n };
	if (!schema.column)
		return IC_E_NOMEM;
	for (size_t i = 0; i < n; i++) {
		ic_view_column c;
		char text[64];
		(void)ic_view_column_get(v, i, &c, text);
		/* without names of hosts the device is an address, which is not written out before it must */
		if (c.how == IC_VIEW_DEVICE && !hosts)
			c.type = IC_Q_IP;
		uint32_t length = (uint32_t)strlen(c.name);
		const char *copy = ic_arena_dup(&plan->arena, c.name, length);
		if (!copy)
			return IC_E_NOMEM;
		schema.column[i] = (ic_qcolumn){ { copy, length }, c.type };
	}
	ic_relation *r = new_relation(q, plan, name, schema);
	if (!r)
		return IC_E_NOMEM;
	r->class = &ic_telemetry_relation;
	r->view = v;
	r->time_column = 0;
	*ret = scan_of(plan, r);
	return *ret ? IC_OK : IC_E_NOMEM;
}

/* ---- the catalog ------------------------------------------------------------------------------------ */

static ic_status find_table(void *ctx, ic_plan *plan, ic_str name, unsigned language, ic_op **ret,
			    ic_diag *diag)
{
	ic_query_run *q = ctx;
	ic_schema schema;
	bool has_schema = false;
	*ret = NULL;
	q->language = language;
	const ic_query_binding *table = bound(q, q->opt->tables, q->opt->table_count, name);
	ic_status st = declared(q, plan, name, &schema, &has_schema, diag);
	if (st != IC_OK)
		return st;
	if (table)
		return bind_table(q, plan, table, name, schema, ret, diag);
	if (has_schema)
		return bind_empty(plan, schema, ret);
	const ic_view *v = ic_view_find(name, language);
	return v ? bind_view(q, plan, v, name, ret, diag) : IC_OK;
}

/* Name i of the tables a query of this language can use; NULL past the end. */
static ic_str table_name(void *ctx, size_t i)
{
	const ic_query_run *q = ctx;
	if (i < q->opt->table_count)
		return ic_str_of(q->opt->tables[i].name);
	i -= q->opt->table_count;
	if (i < q->opt->schema_count)
		return ic_str_of(q->opt->schemas[i].name);
	i -= q->opt->schema_count;
	for (const ic_view *v = ic_views; v->name; v++)
		if (v->languages & q->language && i-- == 0)
			return ic_str_of(v->name);
	return (ic_str){ NULL, 0 };
}

/* "CommonSecurityLog and conn have it" */
static void column_hint(void *ctx, ic_str column, char *buf, size_t room)
{
	const ic_query_run *q = ctx;
	const char *names[3];
	unsigned found = 0;
	buf[0] = 0;
	for (const ic_view *v = ic_views; v->name && found < 3; v++) {
		ic_view_column c;
		char text[64];
		for (size_t i = 0; v->languages & q->language && ic_view_column_get(v, i, &c, text); i++) {
			if (!ic_str_ieq(ic_str_of(c.name), column))
				continue;
			names[found++] = v->name;
			break;
		}
	}
	if (found == 1)
		(void)snprintf(buf, room, "%s has a column of this name", names[0]);
	else if (found == 2)
		(void)snprintf(buf, room, "%s and %s have a column of this name", names[0], names[1]);
	else if (found)
		(void)snprintf(buf, room, "%s, %s and %s have a column of this name", names[0], names[1],
			       names[2]);
}

/* The last part of a URL or path, without query and fragment. */
static ic_str base_name(ic_str url)
{
	uint32_t end = 0;
	while (end < url.n && url.p[end] != '?' && url.p[end] != '#' && url.p[end] != ';')
		end++;
	uint32_t from = end;
	while (from > 0 && url.p[from - 1] != '/' && url.p[from - 1] != '\\')
		from--;
	return (ic_str){ url.p + from, end - from };
}

static ic_status find_external(void *ctx, ic_plan *plan, const char *kind, ic_str name, ic_schema schema,
			       ic_op **ret, ic_diag *diag)
{
	ic_query_run *q = ctx;
	ic_str base = base_name(name);
	const char *folder = q->opt->folder ? q->opt->folder : ".";
	const char *end = strcmp(kind, "watchlist") == 0 ? ".csv" : "";
	ic_buf path;
	*ret = NULL;
	/* no name that leads out of the folder */
	bool dots = ic_str_eq(base, IC_STR(".")) || ic_str_eq(base, IC_STR(".."));
	if (base.n == 0 || dots || memchr(base.p, 0, base.n))
		return IC_OK;
	if (q->checking && schema.n)
		return bind_empty(plan, schema, ret);
	ic_buf_init(&path, 4096);
	ic_buf_printf(&path, "%s/", folder);
	ic_buf_str(&path, base);
	ic_buf_puts(&path, end);
	ic_buf_putc(&path, 0);
	ic_status st = IC_OK;
	if (!path.failed)
		st = bind_file(q, plan, base, path.p, schema, true, ret, diag);
	ic_buf_clear(&path);
	return st;
}

/* ---- sub-plans --------------------------------------------------------------------------------------- */

static ic_status rows_to_values(ic_plan *plan, const ic_rowset *rows, const ic_schema *schema, ic_op **ret)
{
	uint64_t n = ic_rowset_count(rows);
	ic_op *op = ic_op_new(plan, IC_OP_VALUES, nowhere, "rows", NULL);
	if (!op || n > SIZE_MAX / sizeof(ic_value) / (schema->n + 1))
		return IC_E_NOMEM;
	ic_value *value = ic_arena_alloc(&plan->arena, (size_t)n * schema->n * sizeof *value + 1);
	if (!value)
		return IC_E_NOMEM;
	for (uint64_t r = 0; r < n; r++) {
		for (uint32_t c = 0; c < schema->n; c++) {
			bool ok = true;
			ic_value v = ic_rowset_value(rows, r, c);
			value[r * schema->n + c] = ic_value_copy(&plan->arena, &v, &ok);
			if (!ok)
				return IC_E_NOMEM;
		}
	}
	op->out = *schema;
	op->values.value = value;
	op->values.rows = n;
	*ret = op;
	return IC_OK;
}

/* What is materialized is read by others too, each of which knows its columns by their places. */
static ic_status rewrite(ic_plan *plan, ic_op **sub, ic_diag *diag)
{
	ic_op *root = plan->root;
	if (plan->kept)
		return IC_OK;
	plan->root = *sub;
	ic_status st = ic_plan_optimise(plan, ic_eval_fold, diag);
	*sub = plan->root;
	plan->root = root;
	return st;
}

static ic_status run_part(void *ctx, ic_plan *plan, ic_op *sub, bool own, ic_op **ret, ic_diag *diag)
{
	ic_query_run *q = ctx;
	ic_rowset *rows = NULL;
	ic_error err = { 0 };
	ic_status st = own ? rewrite(plan, &sub, diag) : IC_OK;
	if (st != IC_OK)
		return st;
	/* what is computed before the query is bound is read beside its own reading */
	st = ic_query_keep(q, plan, sub, 0, &err);
	q->part = true;
	if (st == IC_OK)
		st = ic_exec_collect(plan, sub, &q->exec, &rows, &err);
	q->part = false;
	if (st == IC_OK)
		st = rows_to_values(plan, rows, &sub->out, ret);
	else if (st == IC_E_NOMEM && ic_query_outgrew(q))
		st = ic_diag_fail(diag, IC_DIAG_LIMIT, nowhere, 1, IC_MSG_OUTGREW);
	else if (st == IC_E_LIMIT || (st == IC_E_USAGE && err.line))
		st = ic_diag_fail(diag, st == IC_E_LIMIT ? IC_DIAG_LIMIT : IC_DIAG_TYPE,
				  (ic_place){ (uint32_t)err.line, err.column }, 1, "%s", err.message);
	else
		st = as_diag(q, diag, st, &err);
	ic_rowset_free(rows);
	return st;
}

ic_catalog ic_query_catalog(ic_query_run *q)
{
	return (ic_catalog){
		.ctx = q,
		.table = find_table,
		.name = table_name,
		.column_hint = column_hint,
		.external = find_external,
		.run = q->checking ? NULL : run_part,
	};
}
