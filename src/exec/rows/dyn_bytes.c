/* SPDX-License-Identifier: Apache-2.0 */
#include "exec/rows/dyn_bytes.h"

/* A byte says the kind; then a scalar, or a length and so many bytes, items or members. */

static void put_text(ic_buf *b, ic_str s)
{
	ic_buf_put(b, &s.n, sizeof s.n);
	if (s.n)
		ic_buf_put(b, s.p, s.n);
}

uint64_t ic_dyn_about_bytes(const ic_dyn *d)
{
	return d->kind == IC_DYN_ARRAY || d->kind == IC_DYN_BAG ? d->weight
	       : d->kind == IC_DYN_STRING			? d->s.n
								: 8;
}

void ic_dyn_to_bytes(ic_buf *b, const ic_dyn *d)
{
	ic_buf_putc(b, (char)d->kind);
	switch (d->kind) {
	case IC_DYN_NULL: break;
	case IC_DYN_BOOL: ic_buf_putc(b, d->b); break;
	case IC_DYN_LONG:
	case IC_DYN_DATETIME:
	case IC_DYN_TIMESPAN: ic_buf_put(b, &d->i, sizeof d->i); break;
	case IC_DYN_REAL: ic_buf_put(b, &d->d, sizeof d->d); break;
	case IC_DYN_STRING: put_text(b, d->s); break;
	case IC_DYN_GUID: ic_buf_put(b, &d->guid, sizeof d->guid); break;
	case IC_DYN_DECIMAL: ic_buf_put(b, d->decimal, sizeof *d->decimal); break;
	case IC_DYN_ARRAY:
		ic_buf_put(b, &d->n, sizeof d->n);
		for (uint32_t i = 0; i < d->n && !b->failed; i++)
			ic_dyn_to_bytes(b, d->item[i]);
		break;
	case IC_DYN_BAG:
		ic_buf_put(b, &d->n, sizeof d->n);
		for (uint32_t i = 0; i < d->n && !b->failed; i++) {
			put_text(b, d->member[i].name);
			ic_dyn_to_bytes(b, d->member[i].value);
		}
		break;
	}
}

typedef struct reader {
	ic_arena *a;
	const char *p, *end;
	unsigned depth;
} reader;

static bool get(reader *r, void *to, size_t n)
{
	if ((size_t)(r->end - r->p) < n)
		return false;
	memcpy(to, r->p, n);
	r->p += n;
	return true;
}

static bool get_text(reader *r, ic_str *s)
{
	if (!get(r, &s->n, sizeof s->n) || (size_t)(r->end - r->p) < s->n)
		return false;
	s->p = r->p;
	r->p += s->n;
	return true;
}

static const ic_dyn *read_value(reader *r);

/* Each item takes a byte at least, so that a length cannot ask for more than there is. */
static bool get_count(reader *r, uint32_t *n)
{
	return get(r, n, sizeof *n) && (size_t)(r->end - r->p) >= *n;
}

static const ic_dyn *read_array(reader *r)
{
	uint32_t n;
	const ic_dyn **item = get_count(r, &n) ? ic_arena_alloc(r->a, n * sizeof(*item)) : NULL;
	for (uint32_t i = 0; item && i < n; i++)
		if (!(item[i] = read_value(r)))
			return NULL;
	return item ? ic_dyn_array(r->a, item, n) : NULL;
}

static const ic_dyn *read_bag(reader *r)
{
	uint32_t n;
	ic_dyn_member *member = get_count(r, &n) ? ic_arena_alloc(r->a, n * sizeof *member) : NULL;
	for (uint32_t i = 0; member && i < n; i++)
		if (!get_text(r, &member[i].name) || !(member[i].value = read_value(r)))
			return NULL;
	return member ? ic_dyn_bag(r->a, member, n) : NULL;
}

static bool read_scalar(reader *r, ic_dyn *d)
{
	uint8_t truth;
	switch (d->kind) {
	case IC_DYN_NULL: return true;
	case IC_DYN_BOOL:
		if (!get(r, &truth, 1))
			return false;
		d->b = truth != 0;
		return true;
	case IC_DYN_LONG:
	case IC_DYN_DATETIME:
	case IC_DYN_TIMESPAN: return get(r, &d->i, sizeof d->i);
	case IC_DYN_REAL: return get(r, &d->d, sizeof d->d);
	case IC_DYN_STRING: return get_text(r, &d->s);
	case IC_DYN_GUID: return get(r, &d->guid, sizeof d->guid);
	case IC_DYN_DECIMAL: {
		ic_decimal *decimal = ic_arena_alloc(r->a, sizeof *decimal);
		d->decimal = decimal;
		return decimal && get(r, decimal, sizeof *decimal);
	}
	case IC_DYN_ARRAY:
	case IC_DYN_BAG: break;
	}
	return false;
}

static const ic_dyn *read_value(reader *r)
{
	const ic_dyn *ret = NULL;
	uint8_t kind;
	if (r->depth == IC_DYN_MADE_DEPTH || !get(r, &kind, 1))
		return NULL;
	r->depth++;
	if (kind == IC_DYN_ARRAY || kind == IC_DYN_BAG) {
		ret = kind == IC_DYN_ARRAY ? read_array(r) : read_bag(r);
	} else if (kind == IC_DYN_NULL) {
		ret = &ic_dyn_null;
	} else {
		ic_dyn *d = ic_arena_alloc(r->a, sizeof *d);
		if (d) {
			*d = (ic_dyn){ .kind = (ic_dyn_kind)kind };
			ret = read_scalar(r, d) ? d : NULL;
		}
	}
	r->depth--;
	return ret;
}

const ic_dyn *ic_dyn_from_bytes(ic_arena *a, ic_str bytes)
{
	reader r = { a, bytes.p, bytes.p + bytes.n, 0 };
	const ic_dyn *d = read_value(&r);
	return r.p == r.end ? d : NULL;
}
