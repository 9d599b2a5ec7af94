/* SPDX-License-Identifier: Apache-2.0 */
/* Dynamic values: how they are made and read from JSON, and what is asked of them everywhere. */
#include <math.h>
#include <stdlib.h>

#include "base/alloc.h"
#include "base/hash.h"
#include "base/hex.h"
#include "base/json.h"
#include "base/num.h"
#include "base/unicode.h"
#include "plan/value.h"

const ic_dyn ic_dyn_null = { .kind = IC_DYN_NULL };
static const ic_dyn the_bools[2] = { { .kind = IC_DYN_BOOL }, { .kind = IC_DYN_BOOL, .b = true } };

/* ---- makers -------------------------------------------------------------------------- */

static ic_dyn *node(ic_arena *a, ic_dyn_kind kind)
{
	ic_dyn *d = ic_arena_alloc(a, sizeof *d);
	if (d)
		*d = (ic_dyn){ .kind = kind };
	return d;
}

const ic_dyn *ic_dyn_of(ic_arena *a, const ic_value *v)
{
	static const ic_dyn_kind kinds[IC_QTYPES] = {
		[IC_Q_INT] = IC_DYN_LONG,	   [IC_Q_LONG] = IC_DYN_LONG,
		[IC_Q_REAL] = IC_DYN_REAL,	   [IC_Q_DECIMAL] = IC_DYN_DECIMAL,
		[IC_Q_STRING] = IC_DYN_STRING,	   [IC_Q_IP] = IC_DYN_STRING,
		[IC_Q_DATETIME] = IC_DYN_DATETIME, [IC_Q_TIMESPAN] = IC_DYN_TIMESPAN,
		[IC_Q_GUID] = IC_DYN_GUID,
	};
	if (v->type == IC_Q_STRING && v->null) {
		ic_dyn *empty = node(a, IC_DYN_STRING);
		if (empty)
			empty->s = IC_STR("");
		return empty;
	}
	if (v->null || v->type >= IC_Q_NULL)
		return &ic_dyn_null;
	if (v->type == IC_Q_DYNAMIC)
		return v->dyn;
	if (v->type == IC_Q_BOOL)
		return &the_bools[v->b];
	ic_dyn *d = node(a, kinds[v->type]);
	if (!d)
		return NULL;
	switch (v->type) {
	case IC_Q_REAL: d->d = v->d; break;
	case IC_Q_DECIMAL: d->decimal = v->decimal; break;
	case IC_Q_STRING: d->s = v->s; break;
	case IC_Q_IP: d->s = ic_value_text(a, v); return d->s.p ? d : NULL;
	case IC_Q_GUID: d->guid = v->guid; break;
	default: d->i = v->i;
	}
	return d;
}

static uint64_t weight_of(const ic_dyn *d)
{
	return d->kind == IC_DYN_ARRAY || d->kind == IC_DYN_BAG ? d->weight
	       : d->kind == IC_DYN_STRING			? (uint64_t)d->s.n + 3
								: 8;
}

/* Sets weight and depth; false: there is too much of either. */
static bool weigh(ic_dyn *d)
{
	uint64_t sum = 3;
	d->depth = 1;
	for (uint32_t i = 0; i < d->n && sum <= IC_DYN_WEIGHT; i++) {
		const ic_dyn *part = d->kind == IC_DYN_ARRAY ? d->item[i] : d->member[i].value;
		sum += weight_of(part) + (d->kind == IC_DYN_BAG ? (uint64_t)d->member[i].name.n + 3 : 0);
		if ((part->kind == IC_DYN_ARRAY || part->kind == IC_DYN_BAG) && part->depth >= d->depth)
			d->depth = part->depth + 1;
	}
	d->weight = (uint32_t)sum;
	return sum <= IC_DYN_WEIGHT && d->depth <= IC_DYN_MADE_DEPTH;
}

const ic_dyn *ic_dyn_array(ic_arena *a, const ic_dyn *const *item, uint32_t n)
{
	ic_dyn *d = node(a, IC_DYN_ARRAY);
	const ic_dyn **list = ic_arena_alloc(a, sizeof *list * n);
	if (!d || !list)
		return NULL;
	if (n)
		memcpy(list, item, sizeof *list * n);
	d->n = n;
	d->item = list;
	return weigh(d) ? d : NULL;
}

const ic_dyn *ic_dyn_bag(ic_arena *a, const ic_dyn_member *member, uint32_t n)
{
	ic_dyn *d = node(a, IC_DYN_BAG);
	ic_dyn_member *list = ic_arena_alloc(a, sizeof *list * n);
	if (!d || !list)
		return NULL;
	if (n)
		memcpy(list, member, sizeof *list * n);
	d->n = n;
	d->member = list;
	return weigh(d) ? d : NULL;
}

const ic_dyn *ic_dyn_member_of(const ic_dyn *d, ic_str name)
{
	if (d->kind == IC_DYN_BAG)
		for (uint32_t i = 0; i < d->n; i++)
			if (ic_str_eq(d->member[i].name, name))
				return d->member[i].value;
	return NULL;
}

const ic_dyn *ic_dyn_item(const ic_dyn *d, int64_t i)
{
	if (d->kind != IC_DYN_ARRAY || i >= (int64_t)d->n || i < -(int64_t)d->n)
		return NULL;
	return d->item[i < 0 ? i + (int64_t)d->n : i];
}

/* ---- parsing ------------------------------------------------------------------------- */

enum { FEW = 32 };

/* Items and members of the containers that are open, innermost last. */
typedef struct parser {
	ic_arena *a;
	const char *p, *end;
	ic_dyn_member *stack; /* `few`, until there are more */
	ic_dyn_member few[FEW];
	size_t n, room;
	bool no_memory;
	unsigned depth;
} parser;

static const ic_dyn *parse_value(parser *j);

static void skip_blanks(parser *j)
{
	/* mostly there are none */
	while (j->p < j->end && (uint8_t)*j->p <= ' ' &&
	       (*j->p == ' ' || *j->p == '\t' || *j->p == '\n' || *j->p == '\r'))
		j->p++;
}

static bool take(parser *j, char c)
{
	skip_blanks(j);
	if (j->p == j->end || *j->p != c)
		return false;
	j->p++;
	return true;
}

static bool push(parser *j, ic_str name, const ic_dyn *value)
{
	if (j->n == j->room) {
		size_t room = j->room * 2;
		ic_dyn_member *old = j->stack == j->few ? NULL : j->stack;
		ic_dyn_member *more = ic_reallocarray(old, room, sizeof *more);
		if (!more) {
			j->no_memory = true;
			return false;
		}
		if (!old)
			memcpy(more, j->few, sizeof j->few);
		j->stack = more;
		j->room = room;
	}
	j->stack[j->n++] = (ic_dyn_member){ name, value };
	return true;
}

/* After "\u": one character, of two escapes if they are a surrogate pair; a lone one is U+FFFD. */
static bool unicode_escape(const char **p, const char *end, char **to)
{
	if (end - *p < 4)
		return false;
	int64_t c = ic_hex_read(*p, 4);
	if (c < 0)
		return false;
	*p += 4;
	uint32_t u = (uint32_t)c;
	if (u >= 0xd800 && u < 0xdc00 && end - *p >= 6 && (*p)[0] == '\\' && (*p)[1] == 'u') {
		int64_t low = ic_hex_read(*p + 2, 4);
		if (low >= 0xdc00 && low < 0xe000) {
			u = 0x10000 + ((u - 0xd800) << 10) + ((uint32_t)low - 0xdc00);
			*p += 6;
		}
	}
	*to += ic_utf8_write(u >= 0xd800 && u < 0xe000 ? 0xfffd : u, *to);
	return true;
}

static bool unescape(const char *p, const char *end, char *to, uint32_t *n)
{
	static const char from[] = "\"\\/bfnrt", into[] = "\"\\/\b\f\n\r\t";
	char *start = to;
	while (p < end) {
		if (*p != '\\') {
			*to++ = *p++;
			continue;
		}
		p++; /* the scan made sure that something follows */
		const char *known = *p ? strchr(from, *p) : NULL;
		if (known) {
			*to++ = into[known - from];
			p++;
		} else if (*p != 'u') {
			return false;
		} else {
			p++;
			if (!unicode_escape(&p, end, &to))
				return false;
		}
	}
	*n = (uint32_t)(to - start);
	return true;
}

/* After the opening quote. Text without escapes is borrowed. */
static bool parse_text(parser *j, ic_str *ret)
{
	const char *start = j->p, *p = start, *const end = j->end;
	bool escaped = false;
	while ((p = ic_json_quote(p, end)) < end && *p == '\\') {
		escaped = true;
		if (end - p < 2)
			return false;
		p += 2;
	}
	if (p >= end)
		return false;
	j->p = p + 1;
	*ret = (ic_str){ start, (uint32_t)(p - start) };
	if (!escaped)
		return true;
	char *copy = ic_arena_alloc(j->a, ret->n);
	if (!copy) {
		j->no_memory = true;
		return false;
	}
	ret->p = copy;
	return unescape(start, p, copy, &ret->n);
}

static const ic_dyn *parse_string(parser *j)
{
	ic_str s;
	if (!parse_text(j, &s))
		return NULL;
	ic_dyn *d = node(j->a, IC_DYN_STRING);
	if (d)
		d->s = s;
	else
		j->no_memory = true;
	return d;
}

static bool digits(const char **p, const char *end)
{
	const char *start = *p;
	while (*p < end && **p >= '0' && **p <= '9')
		++*p;
	return *p > start;
}

static const ic_dyn *parse_number(parser *j)
{
	const char *start = j->p, *p = j->p;
	bool real = false;
	p += p < j->end && *p == '-';
	const char *first = p;
	if (!digits(&p, j->end) || (*first == '0' && p - first > 1))
		return NULL;
	if (p < j->end && *p == '.') {
		real = true;
		p++;
		if (!digits(&p, j->end))
			return NULL;
	}
	if (p < j->end && (*p == 'e' || *p == 'E')) {
		real = true;
		p++;
		p += p < j->end && (*p == '+' || *p == '-');
		if (!digits(&p, j->end))
			return NULL;
	}
	j->p = p;
	ic_str s = { start, (uint32_t)(p - start) };
	int64_t i;
	double v;
	bool whole = !real && ic_parse_i64(s, &i);
	if (!whole && !ic_parse_double(s, &v))
		return NULL;
	ic_dyn *d = node(j->a, whole ? IC_DYN_LONG : IC_DYN_REAL);
	if (!d)
		j->no_memory = true;
	else if (whole)
		d->i = i;
	else
		d->d = v;
	return d;
}

static const ic_dyn *parse_word(parser *j, const char *word, const ic_dyn *value)
{
	size_t n = strlen(word);
	if ((size_t)(j->end - j->p) < n || memcmp(j->p, word, n) != 0)
		return NULL;
	j->p += n;
	return value;
}

/* Items that are text wait as names without a value: their nodes are made all at once. */
static const ic_dyn *parse_array(parser *j)
{
	const size_t first = j->n;
	size_t texts = 0;
	uint64_t weight = 3; /* as weigh() has it, while all are texts */
	if (!take(j, ']')) {
		do {
			const bool is_text = take(j, '"');
			const ic_dyn *v = NULL;
			ic_str text = IC_STR("");
			if (is_text ? !parse_text(j, &text) : !(v = parse_value(j)))
				return NULL;
			if (!push(j, text, v))
				return NULL;
			texts += is_text;
			weight += text.n + 3;
		} while (take(j, ','));
		if (!take(j, ']'))
			return NULL;
	}
	const size_t n = j->n - first;
	ic_dyn *d = ic_arena_alloc(j->a, sizeof *d * (1 + texts) + sizeof(const ic_dyn *) * n);
	if (!d) {
		j->no_memory = true;
		return NULL;
	}
	ic_dyn *text = d + 1;
	const ic_dyn **list = (const ic_dyn **)(text + texts);
	for (size_t i = 0; i < n; i++) {
		const ic_dyn_member *m = &j->stack[first + i];
		if (!m->value)
			*text = (ic_dyn){ .kind = IC_DYN_STRING, .s = m->name };
		list[i] = m->value ? m->value : text++;
	}
	*d = (ic_dyn){ .kind = IC_DYN_ARRAY, .n = (uint32_t)n, .item = list };
	d->weight = (uint32_t)weight;
	d->depth = 1;
	j->n = first;
	if (texts < n)
		(void)weigh(d); /* text of IC_VALUE_BYTES cannot be too heavy */
	return d;
}

typedef struct named {
	ic_str name;
	uint32_t at;
} named;

static int by_name(const void *a, const void *b)
{
	const named *x = a, *y = b;
	int c = ic_str_cmp(x->name, y->name);
	return c ? c : (x->at > y->at) - (x->at < y->at);
}

/* Names given twice: the first place, the last value. Returns the members that stay; SIZE_MAX: no memory. */
static size_t unique_names(ic_dyn_member *m, size_t n)
{
	if (n < 2)
		return n;
	named *list = ic_reallocarray(NULL, n, sizeof *list);
	if (!list)
		return SIZE_MAX;
	for (size_t i = 0; i < n; i++)
		list[i] = (named){ m[i].name, (uint32_t)i };
	qsort(list, n, sizeof *list, by_name);
	bool any = false;
	for (size_t i = 0; i < n;) {
		size_t next = i + 1;
		while (next < n && ic_str_eq(list[next].name, list[i].name))
			next++;
		m[list[i].at].value = m[list[next - 1].at].value;
		for (size_t k = i + 1; k < next; k++) {
			m[list[k].at].value = NULL;
			any = true;
		}
		i = next;
	}
	ic_free(list);
	if (!any)
		return n;
	size_t kept = 0;
	for (size_t i = 0; i < n; i++)
		if (m[i].value)
			m[kept++] = m[i];
	return kept;
}

static const ic_dyn *parse_bag(parser *j)
{
	size_t first = j->n;
	if (!take(j, '}')) {
		do {
			ic_str name;
			if (!take(j, '"') || !parse_text(j, &name) || !take(j, ':'))
				return NULL;
			const ic_dyn *v = parse_value(j);
			if (!v || !push(j, name, v))
				return NULL;
		} while (take(j, ','));
		if (!take(j, '}'))
			return NULL;
	}
	ic_dyn_member *members = j->stack + first;
	size_t n = unique_names(members, j->n - first);
	const ic_dyn *d = n == SIZE_MAX ? NULL : ic_dyn_bag(j->a, members, (uint32_t)n);
	j->no_memory |= !d;
	j->n = first;
	return d;
}

static const ic_dyn *parse_container(parser *j, bool bag)
{
	if (j->depth == IC_DYN_DEPTH)
		return NULL;
	j->p++;
	j->depth++;
	const ic_dyn *d = bag ? parse_bag(j) : parse_array(j);
	j->depth--;
	return d;
}

static const ic_dyn *parse_value(parser *j)
{
	skip_blanks(j);
	if (j->p == j->end)
		return NULL;
	switch (*j->p) {
	case '{': return parse_container(j, true);
	case '[': return parse_container(j, false);
	case '"': j->p++; return parse_string(j);
	case 't': return parse_word(j, "true", &the_bools[1]);
	case 'f': return parse_word(j, "false", &the_bools[0]);
	case 'n': return parse_word(j, "null", &ic_dyn_null);
	default: return parse_number(j);
	}
}

/* The value at the start of the text and where it ends. */
static const ic_dyn *parse_start(ic_arena *a, ic_str json, const char **end, bool *no_memory)
{
	parser j;
	j.a = a;
	j.p = json.p;
	j.end = json.p + json.n;
	j.stack = j.few;
	j.room = FEW;
	j.n = j.depth = 0;
	j.no_memory = false;
	const ic_dyn *d = parse_value(&j);
	skip_blanks(&j);
	if (j.stack != j.few)
		ic_free(j.stack);
	*end = j.p;
	*no_memory = j.no_memory;
	return j.no_memory ? NULL : d;
}

const ic_dyn *ic_dyn_parse(ic_arena *a, ic_str json, bool *ok)
{
	*ok = false;
	if (json.n == 0 || json.n > IC_VALUE_BYTES)
		return NULL;
	const char *end;
	bool no_memory;
	const ic_dyn *d = parse_start(a, json, &end, &no_memory);
	*ok = no_memory || (d && end == json.p + json.n);
	return *ok ? d : NULL;
}

const ic_dyn *ic_dyn_parse_first(ic_arena *a, ic_str json, uint32_t *used)
{
	const char *end;
	bool no_memory;
	if (json.n > IC_VALUE_BYTES)
		return NULL;
	const ic_dyn *d = parse_start(a, json, &end, &no_memory);
	*used = (uint32_t)(end - json.p);
	return d;
}

/* ---- copies -------------------------------------------------------------------------- */

static bool copy_parts(ic_arena *a, ic_dyn *r)
{
	if (r->kind == IC_DYN_STRING) {
		r->s.p = ic_arena_dup(a, r->s.p, r->s.n);
		return r->s.p != NULL;
	}
	if (r->kind == IC_DYN_DECIMAL) {
		ic_decimal *copy = ic_arena_alloc(a, sizeof *copy);
		if (copy)
			*copy = *r->decimal;
		r->decimal = copy;
		return copy != NULL;
	}
	if (r->kind == IC_DYN_ARRAY) {
		const ic_dyn **list = ic_arena_alloc(a, sizeof *list * r->n);
		for (uint32_t i = 0; list && i < r->n; i++)
			if (!(list[i] = ic_dyn_copy(a, r->item[i])))
				return false;
		r->item = list;
		return list != NULL;
	}
	if (r->kind == IC_DYN_BAG) {
		ic_dyn_member *list = ic_arena_alloc(a, sizeof *list * r->n);
		for (uint32_t i = 0; list && i < r->n; i++) {
			ic_str name = r->member[i].name;
			list[i].name = (ic_str){ ic_arena_dup(a, name.p, name.n), name.n };
			list[i].value = ic_dyn_copy(a, r->member[i].value);
			if (!list[i].name.p || !list[i].value)
				return false;
		}
		r->member = list;
		return list != NULL;
	}
	return true;
}

const ic_dyn *ic_dyn_copy(ic_arena *a, const ic_dyn *d)
{
	if (d->kind == IC_DYN_NULL)
		return &ic_dyn_null;
	if (d->kind == IC_DYN_BOOL)
		return &the_bools[d->b];
	ic_dyn *r = ic_arena_alloc(a, sizeof *r);
	if (!r)
		return NULL;
	*r = *d;
	return copy_parts(a, r) ? r : NULL;
}

/* ---- equality ------------------------------------------------------------------------ */

/* A real that is a whole number in the range of long is that long. */
static bool as_long(const ic_dyn *d, int64_t *ret)
{
	if (d->kind == IC_DYN_LONG) {
		*ret = d->i;
		return true;
	}
	if (!(d->d >= -0x1p63 && d->d < 0x1p63) || d->d != trunc(d->d))
		return false;
	*ret = (int64_t)d->d;
	return true;
}

static bool numbers_equal(const ic_dyn *a, const ic_dyn *b)
{
	int64_t x, y;
	bool p = as_long(a, &x), q = as_long(b, &y);
	if (p != q)
		return false;
	return p ? x == y : a->d == b->d || (isnan(a->d) && isnan(b->d));
}

static bool bags_equal(const ic_dyn *a, const ic_dyn *b)
{
	for (uint32_t i = 0; i < a->n; i++) {
		ic_str name = a->member[i].name;
		/* mostly they are in the same order */
		const ic_dyn *other =
		    ic_str_eq(b->member[i].name, name) ? b->member[i].value : ic_dyn_member_of(b, name);
		if (!other || !ic_dyn_equal(a->member[i].value, other))
			return false;
	}
	return true;
}

bool ic_dyn_equal(const ic_dyn *a, const ic_dyn *b)
{
	bool number = a->kind == IC_DYN_LONG || a->kind == IC_DYN_REAL;
	if (number && (b->kind == IC_DYN_LONG || b->kind == IC_DYN_REAL))
		return numbers_equal(a, b);
	if (a->kind != b->kind)
		return false;
	switch (a->kind) {
	case IC_DYN_BOOL: return a->b == b->b;
	case IC_DYN_STRING: return ic_str_eq(a->s, b->s);
	case IC_DYN_GUID: return memcmp(&a->guid, &b->guid, sizeof a->guid) == 0;
	case IC_DYN_DECIMAL: return ic_decimal_compare(a->decimal, b->decimal) == 0;
	case IC_DYN_ARRAY:
		if (a->n != b->n)
			return false;
		for (uint32_t i = 0; i < a->n; i++)
			if (!ic_dyn_equal(a->item[i], b->item[i]))
				return false;
		return true;
	case IC_DYN_BAG: return a->n == b->n && bags_equal(a, b);
	case IC_DYN_DATETIME:
	case IC_DYN_TIMESPAN: return a->i == b->i;
	case IC_DYN_NULL:
	case IC_DYN_LONG:
	case IC_DYN_REAL: break;
	}
	return true;
}

static uint64_t hash_number(const ic_dyn *d, uint64_t seed)
{
	int64_t i;
	uint64_t bits = 0;
	if (as_long(d, &i))
		return ic_mix((uint64_t)i, IC_DYN_LONG, seed);
	if (!isnan(d->d))
		memcpy(&bits, &d->d, sizeof bits);
	return ic_mix(bits, IC_DYN_REAL, seed);
}

static uint64_t hash_bytes(const void *p, size_t n, uint64_t kind, uint64_t seed)
{
	return ic_mix(n ? ic_hash(p, n) : 0, kind, seed);
}

uint64_t ic_dyn_hash(const ic_dyn *d, uint64_t seed)
{
	uint64_t h = ic_mix(d->n, d->kind, seed);
	switch (d->kind) {
	case IC_DYN_LONG:
	case IC_DYN_REAL: return hash_number(d, seed);
	case IC_DYN_STRING: return hash_bytes(d->s.p, d->s.n, IC_DYN_STRING, seed);
	case IC_DYN_GUID: return hash_bytes(&d->guid, sizeof d->guid, IC_DYN_GUID, seed);
	case IC_DYN_BOOL: return ic_mix(d->b, IC_DYN_BOOL, seed);
	case IC_DYN_DATETIME:
	case IC_DYN_TIMESPAN: return ic_mix((uint64_t)d->i, d->kind, seed);
	case IC_DYN_DECIMAL: /* 1.0 and 1.00 are equal */
		return hash_number(&(ic_dyn){ .kind = IC_DYN_REAL, .d = ic_decimal_real(d->decimal) }, h);
	case IC_DYN_ARRAY:
		for (uint32_t i = 0; i < d->n; i++)
			h = ic_mix(h, ic_dyn_hash(d->item[i], seed), seed);
		return h;
	case IC_DYN_BAG: /* a sum: the order does not matter */
		for (uint32_t i = 0; i < d->n; i++)
			h += ic_dyn_hash(
			    d->member[i].value,
			    hash_bytes(d->member[i].name.p, d->member[i].name.n, IC_DYN_BAG, seed));
		return h;
	case IC_DYN_NULL: break;
	}
	return h;
}
