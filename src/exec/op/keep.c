/* SPDX-License-Identifier: Apache-2.0 */
/* materialize(): the rows are kept in pages, in their order, for all that read them. Under a memory limit pages go to
 * a file and are read back one by one. */
#include "base/error.h"
#include "exec/op/emit.h"
#include "exec/rows/spill.h"
#include "exec/rows/store.h"

typedef struct keep {
	ic_store store; /* rows that are not in the file: they come after those */
	ic_spill_list in_file;
	ic_spill file;
	ic_budget *budget;
} keep;

static ic_status spill(keep *k, ic_error *err)
{
	ic_status st = k->file.fd < 0 ? ic_spill_open(&k->file, err) : IC_OK;
	if (st == IC_OK)
		st = ic_store_seal(&k->store);
	for (uint32_t i = 0; i < k->store.pages && st == IC_OK; i++)
		st = ic_spill_add(&k->file, k->store.page[i], &k->in_file, err);
	ic_store_cut(&k->store, 0);
	return st;
}

static ic_status keep_push(ic_operator *o, ic_worker *w, unsigned port, const ic_chunk *c)
{
	keep *k = o->state;
	(void)port;
	ic_status st = ic_store_append(&k->store, c->col, c->rows);
	if (st == IC_E_LIMIT)
		return ic_operator_limit(o, w, "too many rows to materialize");
	return st == IC_OK && ic_store_is_due(&k->store) ? spill(k, w->err) : st;
}

static ic_status keep_finish(ic_operator *o, ic_worker *w, unsigned port)
{
	keep *k = o->state;
	(void)w;
	(void)port;
	o->rows_out = o->rows_in;
	return ic_store_seal(&k->store);
}

static void keep_free(ic_operator *o)
{
	keep *k = o->state;
	if (!k)
		return;
	ic_store_clear(&k->store);
	ic_spill_close(&k->file);
	ic_spill_list_clear(&k->in_file);
	ic_free(k);
}

ic_status ic_make_keep(ic_operator *o, ic_diag *diag)
{
	static const ic_operator_class class = {
		.push = keep_push, .finish = keep_finish, .free = keep_free, .holds = true
	};
	const ic_schema *s = &o->op->out;
	(void)diag;
	keep *k = ic_calloc(1, sizeof *k);
	o->class = &class;
	o->state = k;
	if (!k)
		return IC_E_NOMEM;
	ic_spill_init(&k->file, &o->spilled);
	k->budget = ic_operator_config(o)->budget;
	ic_qtype *type = ic_calloc(s->n + (size_t)1, sizeof *type);
	for (uint32_t i = 0; type && i < s->n; i++)
		type[i] = s->column[i].type;
	bool null_texts = ic_operator_plan(o)->language == IC_FN_AQL;
	bool ok = type && ic_store_init(&k->store, type, s->n, null_texts, k->budget);
	ic_free(type);
	return ok ? IC_OK : IC_E_NOMEM;
}

/* ---- readers --------------------------------------------------------------------------------- */

static ic_status pass_page(ic_emit *e, const keep *k, const ic_page *p)
{
	const ic_op *op = e->o->op;
	for (uint32_t i = 0; i < op->out.n; i++)
		if (!ic_page_vector(p, op->kept.column[i], op->out.column[i].type, k->store.null_texts,
				    ic_emit_arena(e), &e->col[i]))
			return ic_fail_nomem(e->own.err);
	return ic_emit_pass(e, p->rows);
}

static ic_status kept_finish(ic_operator *o, ic_worker *w, unsigned port)
{
	const keep *k = ic_operator_kept(o)->state;
	ic_emit *e = ic_emit_for(o->state, w, 0);
	ic_status st = IC_OK;
	(void)port;
	for (uint32_t i = 0; i < k->in_file.n && st == IC_OK; i++) {
		ic_page *p = NULL;
		st = ic_spill_read(&k->file, &k->in_file.page[i], k->budget, &p, w->err);
		if (st != IC_OK)
			return st;
		st = pass_page(e, k, p);
		ic_page_free(p, k->budget);
	}
	for (uint32_t i = 0; i < k->store.pages && st == IC_OK; i++)
		st = pass_page(e, k, k->store.page[i]);
	return st;
}

static void kept_free(ic_operator *o)
{
	ic_emit_free(o->state, o);
}

ic_status ic_make_kept(ic_operator *o, ic_diag *diag)
{
	static const ic_operator_class class = { .finish = kept_finish, .free = kept_free, .holds = true };
	(void)diag;
	o->class = &class;
	o->state = ic_emit_new(o);
	return o->state ? IC_OK : IC_E_NOMEM;
}
