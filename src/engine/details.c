/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/details.h"

#include "base/error.h"
#include "base/hash.h"

/* Fields of text and whole numbers only. */
static const ic_fieldset kept =
    IC_FIELD_BIT(IC_F_USER) | IC_FIELD_BIT(IC_F_DST_NAME) | IC_FIELD_BIT(IC_F_METHOD) |
    IC_FIELD_BIT(IC_F_URI) | IC_FIELD_BIT(IC_F_HOST) | IC_FIELD_BIT(IC_F_STATUS) |
    IC_FIELD_BIT(IC_F_USER_AGENT) | IC_FIELD_BIT(IC_F_REFERRER) | IC_FIELD_BIT(IC_F_CONTENT_TYPE) |
    IC_FIELD_BIT(IC_F_SNI) | IC_FIELD_BIT(IC_F_ALPN) | IC_FIELD_BIT(IC_F_TLS_VERSION) |
    IC_FIELD_BIT(IC_F_CERT_SUBJECT) | IC_FIELD_BIT(IC_F_CERT_ISSUER) | IC_FIELD_BIT(IC_F_CERT_STATUS) |
    IC_FIELD_BIT(IC_F_JA3) | IC_FIELD_BIT(IC_F_JA3S) | IC_FIELD_BIT(IC_F_JA4);

typedef union value {
	int64_t i;
	ic_str s;
} value;

typedef struct entry {
	ic_str uid;
	ic_fieldset has;
	value v[]; /* of the fields of the table, in order */
} entry;

struct ic_details {
	ic_field field[IC_FIELD_COUNT];
	unsigned fields;
	entry **slot;
	uint64_t slots, n; /* slots: a power of two */
	ic_arena arena;
	ic_budget *budget;
};

ic_fieldset ic_details_fields(ic_fieldset wanted)
{
	return wanted & kept;
}

static entry **find(const ic_details *d, ic_str uid)
{
	uint64_t h = ic_hash(uid.p, uid.n);
	while (d->slot[h & (d->slots - 1)] && !ic_str_eq(d->slot[h & (d->slots - 1)]->uid, uid))
		h++;
	return &d->slot[h & (d->slots - 1)];
}

static bool grow(ic_details *d)
{
	uint64_t slots = d->slots ? d->slots * 2 : 1024;
	if (d->n < d->slots / 2)
		return true;
	if (ic_budget_take(d->budget, slots * sizeof(entry *)) != 0)
		return false;
	entry **old = d->slot, **fresh = ic_calloc(slots, sizeof *fresh);
	uint64_t before = d->slots;
	if (!fresh) {
		ic_budget_give(d->budget, slots * sizeof(entry *));
		return false;
	}
	d->slot = fresh;
	d->slots = slots;
	for (uint64_t i = 0; i < before; i++)
		if (old[i])
			*find(d, old[i]->uid) = old[i];
	ic_free(old);
	ic_budget_give(d->budget, before * sizeof(entry *));
	return true;
}

static bool add_row(ic_details *d, const ic_batch *b, uint32_t row)
{
	ic_str uid = b->col[IC_F_UID].s[row];
	if (!uid.n)
		return true;
	if (!grow(d))
		return false;
	entry **at = find(d, uid);
	if (!*at) {
		entry *e = ic_arena_alloc(&d->arena, sizeof *e + sizeof(value) * d->fields);
		char *copy = e ? ic_arena_dup(&d->arena, uid.p, uid.n) : NULL;
		if (!copy)
			return false;
		e->uid = (ic_str){ copy, uid.n };
		e->has = 0;
		*at = e;
		d->n++;
	}
	for (unsigned k = 0; k < d->fields; k++) {
		ic_field f = d->field[k];
		if ((*at)->has & IC_FIELD_BIT(f) || ic_column_null(&b->col[f], row))
			continue;
		value v = { .i = 0 };
		if (ic_fields[f].type == IC_T_STRING) {
			ic_str s = b->col[f].s[row];
			v.s = (ic_str){ ic_arena_dup(&d->arena, s.p ? s.p : "", s.n), s.n };
			if (!v.s.p)
				return false;
		} else {
			v.i = b->col[f].i[row];
		}
		(*at)->v[k] = v;
		(*at)->has |= IC_FIELD_BIT(f);
	}
	return true;
}

/* Rows of one unit; they may have to be read again when an earlier header was not what it seemed, which
 * changes nothing: the first values stay. */
static ic_status read_unit(ic_details *d, ic_unit *u, ic_batch *b, unsigned streams, bool *full)
{
	ic_status st = IC_OK;
	do {
		while ((st = ic_unit_read(u, b)) == IC_OK && b->rows)
			for (uint32_t r = 0; r < b->rows && !*full; r++)
				if ((streams >> b->stream[r]) & 1)
					*full = !add_row(d, b, r);
	} while (st == IC_OK && !ic_unit_commit(u));
	return st;
}

ic_status ic_details_read(ic_run *run, ic_fieldset fields, unsigned streams, ic_details **ret, bool *full,
			  ic_error *err)
{
	ic_input_request req =
	    ic_run_request(run, fields | IC_FIELD_BIT(IC_F_UID) | IC_NAMING_FIELDS, streams);
	req.filter = (ic_row_filter){ .since = IC_TIME_NONE, .until = IC_TIME_NONE };
	req.note = NULL;
	*full = false;
	ic_details *d = ic_calloc(1, sizeof *d);
	if (!d)
		return ic_fail_nomem(err);
	d->budget = &run->budget;
	ic_arena_init(&d->arena, 1 << 20, &run->budget);
	for (unsigned f = 0; f < IC_FIELD_COUNT; f++)
		if (fields & IC_FIELD_BIT(f))
			d->field[d->fields++] = (ic_field)f;
	ic_input *in = NULL;
	ic_batch *b = ic_batch_new(req.wanted);
	ic_status st = b && grow(d) ? ic_input_open(&req, &in, err) : ic_fail_nomem(err);
	if (st == IC_OK)
		ic_input_narrow(in, req.wanted, streams);
	while (st == IC_OK) {
		ic_unit *u = NULL;
		st = ic_input_next(in, &u, err);
		if (st != IC_OK || !u)
			break;
		st = read_unit(d, u, b, streams, full);
		if (st != IC_OK)
			st = ic_fail(err, st, "reading failed");
	}
	ic_input_free(in);
	ic_batch_free(b);
	if (st == IC_OK)
		*ret = d;
	else
		ic_details_free(d);
	return st;
}

void ic_details_free(ic_details *d)
{
	if (!d)
		return;
	ic_budget_give(d->budget, d->slots * sizeof(entry *));
	ic_free(d->slot);
	ic_arena_clear(&d->arena);
	ic_free(d);
}

void ic_details_put(const ic_details *d, ic_batch *b, unsigned streams)
{
	for (uint32_t r = 0; r < b->rows; r++) {
		if (!((streams >> b->stream[r]) & 1))
			continue;
		ic_str uid = b->col[IC_F_UID].s[r];
		const entry *e = uid.n ? *find(d, uid) : NULL;
		for (unsigned k = 0; e && k < d->fields; k++) {
			ic_field f = d->field[k];
			ic_column *c = &b->col[f];
			if (!(e->has & IC_FIELD_BIT(f)) || !ic_column_null(c, r))
				continue;
			if (ic_fields[f].type == IC_T_STRING)
				c->s[r] = e->v[k].s;
			else
				c->i[r] = e->v[k].i;
			c->nulls[r >> 6] &= ~(UINT64_C(1) << (r & 63));
		}
	}
}
