/* SPDX-License-Identifier: Apache-2.0 */
/* mv-expand: a row for each item of an array or member of a bag. */
#include <inttypes.h>
#include <stdatomic.h>

#include "base/error.h"
#include "exec/op/emit.h"
#include "exec/op/expand.h"

/* The rows of a chunk that is made: input row and item of each. */
typedef struct picked {
	uint16_t row[IC_CHUNK_ROWS];
	uint32_t item[IC_CHUNK_ROWS];
	uint32_t n;
} picked;

typedef struct expand {
	int32_t *which; /* of each out column: column of op->expand; -1: another */
	picked *picked; /* one a worker */
	ic_emit *emit;
	_Atomic uint64_t made;
} expand;

/* ---- items ------------------------------------------------------------------------------- */

static uint32_t items_of(const ic_vector *v, uint32_t row)
{
	if (v->type != IC_Q_DYNAMIC || ic_vector_null(v, row))
		return 1;
	const ic_dyn *d = ((const ic_dyn *const *)v->data)[ic_vector_at(v, row)];
	return d && (d->kind == IC_DYN_ARRAY || d->kind == IC_DYN_BAG) ? d->n : 1;
}

uint32_t ic_expand_count(const ic_op *op, const ic_vector *in, uint32_t row)
{
	uint32_t most = 0;
	for (uint32_t i = 0; i < op->expand.columns; i++) {
		uint32_t n = items_of(&in[op->expand.column[i].from], row);
		most = n > most ? n : most;
	}
	if (op->expand.limit >= 0 && most > op->expand.limit)
		most = (uint32_t)op->expand.limit;
	return most;
}

/* A member on its own: a bag, or [name, value]. */
static const ic_dyn *member_item(const ic_dyn_member *m, bool as_bags, ic_arena *arena)
{
	if (as_bags)
		return ic_dyn_bag(arena, m, 1);
	ic_dyn *name = ic_arena_alloc(arena, sizeof *name);
	if (!name)
		return NULL;
	*name = (ic_dyn){ .kind = IC_DYN_STRING, .s = m->name };
	const ic_dyn *pair[2] = { name, m->value };
	return ic_dyn_array(arena, pair, 2);
}

/* An item as a value of a type: what is of another kind is null, text is read where JSON has no form of
 * its own for the type. */
static ic_value item_as(const ic_dyn *d, ic_qtype type, ic_arena *arena, bool *ok)
{
	ic_value v = { .type = type };
	if (d->kind == IC_DYN_NULL)
		return ic_missing(IC_FN_KQL, type);
	bool text = d->kind == IC_DYN_STRING, fits = false;
	switch (type) {
	case IC_Q_BOOL: fits = d->kind == IC_DYN_BOOL, v.b = fits && d->b; break;
	case IC_Q_INT:
	case IC_Q_LONG:
		v.i = d->i;
		fits = d->kind == IC_DYN_LONG && (type == IC_Q_LONG || d->i == (int32_t)d->i);
		if (d->kind == IC_DYN_REAL && d->d >= -0x1p53 && d->d <= 0x1p53 &&
		    (type == IC_Q_LONG || (d->d > -0x1p31 - 1 && d->d < 0x1p31)))
			v.i = (int64_t)d->d, fits = true;
		break;
	case IC_Q_REAL:
		v.d = d->kind == IC_DYN_REAL ? d->d : d->kind == IC_DYN_LONG ? (double)d->i : 0;
		fits = d->kind == IC_DYN_REAL || d->kind == IC_DYN_LONG;
		break;
	case IC_Q_STRING:
		v.s = ic_dyn_plain_text(arena, d);
		fits = true;
		*ok = v.s.p != NULL;
		break;
	case IC_Q_DATETIME:
		v.i = d->i, fits = d->kind == IC_DYN_DATETIME || (text && ic_parse_datetime(d->s, &v.i));
		break;
	case IC_Q_TIMESPAN:
		v.i = d->i, fits = d->kind == IC_DYN_TIMESPAN || (text && ic_parse_timespan(d->s, &v.i));
		break;
	case IC_Q_GUID:
		v.guid = d->guid, fits = d->kind == IC_DYN_GUID || (text && ic_parse_guid(d->s, &v.guid));
		break;
	case IC_Q_DECIMAL: v.decimal = d->decimal, fits = d->kind == IC_DYN_DECIMAL; break;
	default: break;
	}
	return fits ? v : ic_missing(IC_FN_KQL, type);
}

ic_value ic_expand_item(const ic_op *op, const ic_vector *in, uint32_t row, uint32_t which, uint32_t i,
			ic_arena *arena, bool *ok)
{
	const ic_expand_column *column = &op->expand.column[which];
	const ic_vector *v = &in[column->from];
	ic_qtype type = column->as_type ? column->type : v->type;
	if (i >= items_of(v, row) || ic_vector_null(v, row))
		return ic_missing(IC_FN_KQL, type);
	if (v->type != IC_Q_DYNAMIC) {
		ic_value same = ic_vector_value(v, row);
		return same.type == type ? same : ic_missing(IC_FN_KQL, type);
	}
	const ic_dyn *d = ((const ic_dyn *const *)v->data)[ic_vector_at(v, row)];
	if (d->kind == IC_DYN_ARRAY)
		d = d->item[i];
	else if (d->kind == IC_DYN_BAG)
		d = member_item(&d->member[i], op->expand.as_bags, arena);
	if (!d)
		*ok = false;
	if (!d || d->kind == IC_DYN_NULL)
		return ic_missing(IC_FN_KQL, type);
	return type == IC_Q_DYNAMIC ? ic_value_dyn(d) : item_as(d, type, arena, ok);
}

/* ---- the operator -------------------------------------------------------------------------- */

/* The item of an array, NULL: the row is no array, or has fewer. */
static const ic_dyn *array_item(const ic_vector *v, uint32_t row, uint32_t i)
{
	if (v->type != IC_Q_DYNAMIC || ic_vector_null(v, row))
		return NULL;
	const ic_dyn *d = ((const ic_dyn *const *)v->data)[ic_vector_at(v, row)];
	return d && d->kind == IC_DYN_ARRAY && i < d->n ? d->item[i] : NULL;
}

/* Items of arrays that are of the column's type go straight through: that is nearly all of them. */
static bool put_items(const ic_op *op, const ic_chunk *c, uint32_t which, const picked *p, ic_arena *arena,
		      ic_vector_out *out)
{
	const ic_vector *v = &c->col[op->expand.column[which].from];
	bool ok = true;
	for (uint32_t k = 0; k < p->n && ok; k++) {
		const ic_dyn *d = array_item(v, p->row[k], p->item[k]);
		if (d && d->kind == IC_DYN_STRING && out->v.type == IC_Q_STRING) {
			out->s[k] = d->s;
		} else if (d && d->kind == IC_DYN_LONG && out->v.type == IC_Q_LONG) {
			out->i[k] = d->i;
		} else {
			ic_value one = ic_expand_item(op, c->col, p->row[k], which, p->item[k], arena, &ok);
			ic_vector_set(out, k, &one);
		}
	}
	return ok;
}

static bool fill_column(const ic_operator *o, ic_emit *e, const ic_chunk *c, const picked *p, uint32_t i)
{
	const expand *x = o->state;
	const ic_op *op = o->op;
	ic_vector_out out;
	if (x->which[i] < 0 && (int32_t)i != op->expand.index)
		return ic_vector_pick(&e->col[i], ic_emit_arena(e), &c->col[op->expand.keep[i]], p->row,
				      p->n);
	if (!ic_vector_make(&out, ic_emit_arena(e), op->out.column[i].type, p->n))
		return false;
	e->col[i] = out.v;
	for (uint32_t k = 0; (int32_t)i == op->expand.index && k < p->n; k++)
		out.i[k] = p->item[k];
	return x->which[i] < 0 || put_items(op, c, (uint32_t)x->which[i], p, ic_emit_arena(e), &out);
}

static ic_status pass(ic_operator *o, ic_emit *e, const ic_chunk *c, picked *p)
{
	expand *x = o->state;
	uint64_t limit = ic_operator_config(o)->max_joined_rows;
	uint32_t n = p->n;
	if (n == 0)
		return IC_OK;
	if (atomic_fetch_add_explicit(&x->made, n, memory_order_relaxed) + n > limit)
		return ic_operator_limit(o, &e->own, "mv-expand makes more than %" PRIu64 " rows", limit);
	for (uint32_t i = 0; i < o->op->out.n; i++)
		if (!fill_column(o, e, c, p, i))
			return ic_fail_nomem(e->own.err);
	p->n = 0;
	return ic_emit_pass(e, n);
}

static ic_status expand_push(ic_operator *o, ic_worker *w, unsigned port, const ic_chunk *c)
{
	(void)port;
	expand *x = o->state;
	ic_emit *e = ic_emit_for(x->emit, w, c->seq);
	picked *p = &x->picked[w->number];
	p->n = 0;
	for (uint32_t row = 0; row < c->rows; row++) {
		uint32_t items = ic_expand_count(o->op, c->col, row);
		for (uint32_t i = 0; i < items; i++) {
			p->row[p->n] = (uint16_t)row;
			p->item[p->n++] = i;
			ic_status st = p->n == IC_CHUNK_ROWS ? pass(o, e, c, p) : IC_OK;
			if (st)
				return st;
		}
	}
	return pass(o, e, c, p);
}

static void expand_reset(ic_operator *o)
{
	(void)o; /* `made` counts over all runs */
}

static void expand_free(ic_operator *o)
{
	expand *x = o->state;
	if (!x)
		return;
	ic_free(x->which);
	ic_free(x->picked);
	ic_emit_free(x->emit, o);
	ic_free(x);
}

ic_status ic_make_expand(ic_operator *o, ic_diag *diag)
{
	static const ic_operator_class class = {
		.push = expand_push, .reset = expand_reset, .free = expand_free, .parallel = true
	};
	(void)diag;
	expand *x = ic_calloc(1, sizeof *x);
	o->class = &class;
	o->state = x;
	if (!x)
		return IC_E_NOMEM;
	x->which = ic_calloc(o->op->out.n + 1, sizeof *x->which);
	x->picked = ic_calloc(ic_operator_workers(o), sizeof *x->picked);
	x->emit = ic_emit_new(o);
	if (!x->which || !x->picked || !x->emit)
		return IC_E_NOMEM;
	for (uint32_t i = 0; i < o->op->out.n; i++)
		x->which[i] = -1;
	for (uint32_t i = 0; i < o->op->expand.columns; i++)
		x->which[o->op->expand.column[i].to] = (int32_t)i;
	return IC_OK;
}
