/* SPDX-License-Identifier: Apache-2.0 */
/* in, in~, IN: a value in a list. The list of a call becomes a hash set once. */
#include "base/hash.h"
#include "exec/eval/compare.h"
#include "exec/fn/fold.h"
#include "exec/eval/vector.h"

/* A set of values of the type of the left side; lies in the plan's arena. */
typedef struct in_set {
	ic_qtype type; /* IC_Q_STRING, IC_Q_IP, IC_Q_LONG (all that is a long), IC_Q_REAL; else: not a set */
	bool fold;
	bool nothing; /* the empty text, the null address of KQL, is in it */
	bool null;    /* AQL: a null is in the list */
	uint32_t n;
	uint32_t mask;
	uint32_t *slot; /* number of an item + 1 */
	const ic_str *str;
	const ic_ip *ip;
	const int64_t *num;
	/* numbers that lie close together, as ports do: a bit for each from `low` on; NULL: they do not */
	const uint64_t *bits;
	int64_t low;
	uint64_t span; /* how many bits; the one after them is 0 */
} in_set;

enum {
	FEW = 4,	   /* as many items are compared one by one */
	SPAN_MOST = 65536, /* bits of in_set.bits */
};

static uint64_t hash_of(const in_set *s, uint32_t i)
{
	uint64_t w[2];

	switch (s->type) {
	case IC_Q_STRING:
		return s->fold ? ic_fold_hash(s->str[i], ic_hash_seed()) : ic_hash(s->str[i].p, s->str[i].n);
	case IC_Q_IP: memcpy(w, &s->ip[i], sizeof w); return ic_mix(w[0], w[1], ic_hash_seed());
	default: return ic_mix((uint64_t)s->num[i], 0, ic_hash_seed());
	}
}

static bool same_item(const in_set *s, uint32_t i, uint32_t k)
{
	switch (s->type) {
	case IC_Q_STRING:
		return s->fold ? ic_fold_equal(s->str[i], s->str[k]) : ic_str_eq(s->str[i], s->str[k]);
	case IC_Q_IP: return memcmp(&s->ip[i], &s->ip[k], sizeof *s->ip) == 0;
	default: return s->num[i] == s->num[k];
	}
}

static bool index_set(in_set *s, ic_arena *a)
{
	uint32_t slots = 8;

	while (slots < s->n * 2)
		slots *= 2;
	s->mask = slots - 1;
	s->slot = ic_arena_alloc(a, (size_t)slots * sizeof *s->slot);
	if (!s->slot)
		return false;
	memset(s->slot, 0, (size_t)slots * sizeof *s->slot);
	for (uint32_t i = 0; i < s->n; i++) {
		uint64_t at = hash_of(s, i) & s->mask;
		while (s->slot[at] && !same_item(s, s->slot[at] - 1, i))
			at = (at + 1) & s->mask;
		if (!s->slot[at])
			s->slot[at] = i + 1;
	}
	return true;
}

static bool fill_strings(in_set *s, ic_arena *a, const ic_value_list *list)
{
	ic_str *str = ic_arena_alloc(a, ((size_t)list->n + 1) * sizeof *str);
	char text[48];

	if (!str)
		return false;
	for (uint32_t i = 0; i < list->n; i++) {
		ic_str one = ic_value_plain_text(&list->value[i], text);
		if (list->value[i].null) {
			s->null = true;
			continue;
		}
		if (list->value[i].type == IC_Q_IP)
			one.p = ic_arena_dup(a, text, one.n);
		if (!one.p && one.n)
			return false;
		s->nothing |= one.n == 0;
		str[s->n++] = one;
	}
	s->str = str;
	return true;
}

static bool fill_addresses(in_set *s, ic_arena *a, const ic_value_list *list, bool kql)
{
	ic_ip *ip = ic_arena_alloc(a, ((size_t)list->n + 1) * sizeof *ip);

	if (!ip)
		return false;
	for (uint32_t i = 0; i < list->n; i++) {
		const ic_value *v = &list->value[i];
		if (v->null)
			s->null = true;
		else if (v->type == IC_Q_IP)
			ip[s->n++] = v->ip;
		else if (v->s.n == 0)
			s->nothing = true;
		else if (kql ? ic_ip_canonical(v->s, &ip[s->n]) : ic_ip_parse(v->s, &ip[s->n]))
			s->n++;
	}
	s->ip = ip;
	return true;
}

static bool mark_bits(in_set *s, ic_arena *a)
{
	int64_t low = INT64_MAX, high = INT64_MIN;

	for (uint32_t i = 0; i < s->n; i++) {
		low = s->num[i] < low ? s->num[i] : low;
		high = s->num[i] > high ? s->num[i] : high;
	}
	s->span = (uint64_t)high - (uint64_t)low + 1;
	if (s->n == 0 || s->span - 1 >= SPAN_MOST)
		return true;
	s->low = low;
	uint64_t *bits = ic_arena_alloc(a, (s->span / 64 + 1) * sizeof *bits);
	if (!bits)
		return false;
	memset(bits, 0, (s->span / 64 + 1) * sizeof *bits);
	for (uint32_t i = 0; i < s->n; i++) {
		uint64_t at = (uint64_t)s->num[i] - (uint64_t)low;
		bits[at >> 6] |= UINT64_C(1) << (at & 63);
	}
	s->bits = bits;
	return true;
}

static bool fill_longs(in_set *s, ic_arena *a, const ic_value_list *list)
{
	int64_t *num = ic_arena_alloc(a, ((size_t)list->n + 1) * sizeof *num);

	if (!num)
		return false;
	for (uint32_t i = 0; i < list->n; i++)
		if (list->value[i].null)
			s->null = true;
		else
			num[s->n++] = list->value[i].i;
	s->num = num;
	return mark_bits(s, a);
}

static bool is_integer(ic_qtype t)
{
	return t == IC_Q_INT || t == IC_Q_LONG;
}

static bool is_long(ic_qtype t)
{
	return is_integer(t) || t == IC_Q_DATETIME || t == IC_Q_TIMESPAN;
}

static ic_status in_prepare(ic_plan *p, const ic_expr *call, void **state, ic_diag *diag)
{
	const ic_value_list *list = call->call.list;
	ic_qtype left = call->call.arg[0]->type, right;
	bool kql = p->language != IC_FN_AQL, ok;
	in_set *s;

	(void)diag;
	if (!list || list->n == 0)
		return IC_OK;
	s = ic_arena_alloc(&p->arena, sizeof *s);
	if (!s)
		return IC_E_NOMEM;
	*s = (in_set){ .type = IC_QTYPES, .fold = call->call.fn == IC_FN_IN_CI };
	right = list->value[0].type;
	for (uint32_t i = 1; i < list->n; i++)
		if (list->value[i].type != right &&
		    !(ic_qtype_is_text(right) && ic_qtype_is_text(list->value[i].type)))
			right = IC_QTYPES;
	if (left == IC_Q_IP && ic_qtype_is_text(right) && !s->fold) {
		s->type = IC_Q_IP;
		ok = fill_addresses(s, &p->arena, list, kql);
	} else if (left == IC_Q_STRING && (right == IC_Q_STRING || (kql && right == IC_Q_IP))) {
		s->type = IC_Q_STRING;
		ok = fill_strings(s, &p->arena, list);
	} else if (is_long(left) && (left == right || (is_integer(left) && is_integer(right)))) {
		s->type = IC_Q_LONG;
		ok = fill_longs(s, &p->arena, list);
	} else
		return IC_OK; /* compared one by one */
	if (!ok || !index_set(s, &p->arena))
		return IC_E_NOMEM;
	*state = s;
	return IC_OK;
}

static bool set_has_string(const in_set *s, ic_str v)
{
	if (s->n <= FEW && !s->fold) {
		for (uint32_t i = 0; i < s->n; i++)
			if (ic_str_eq(s->str[i], v))
				return true;
		return false;
	}
	uint64_t at = (s->fold ? ic_fold_hash(v, ic_hash_seed()) : ic_hash(v.p, v.n)) & s->mask;

	for (; s->slot[at]; at = (at + 1) & s->mask) {
		ic_str item = s->str[s->slot[at] - 1];
		if (s->fold ? ic_fold_equal(item, v) : ic_str_eq(item, v))
			return true;
	}
	return false;
}

static bool set_has_ip(const in_set *s, const ic_ip *v)
{
	uint64_t w[2], at;

	if (s->n <= FEW) {
		for (uint32_t i = 0; i < s->n; i++)
			if (memcmp(&s->ip[i], v, sizeof *v) == 0)
				return true;
		return false;
	}
	memcpy(w, v, sizeof w);
	at = ic_mix(w[0], w[1], ic_hash_seed()) & s->mask;
	for (; s->slot[at]; at = (at + 1) & s->mask)
		if (memcmp(&s->ip[s->slot[at] - 1], v, sizeof *v) == 0)
			return true;
	return false;
}

static bool set_has_long(const in_set *s, int64_t v)
{
	uint64_t at = ic_mix((uint64_t)v, 0, ic_hash_seed()) & s->mask;

	for (; s->slot[at]; at = (at + 1) & s->mask)
		if (s->num[s->slot[at] - 1] == v)
			return true;
	return false;
}

static void set_longs(const in_set *s, const ic_vector *v, uint32_t rows, uint8_t *ret)
{
	const int64_t *num = v->data;
	const uint64_t *bits = s->bits, low = (uint64_t)s->low, span = s->span;

	if (!bits || v->constant) {
		for (uint32_t i = 0; i < rows; i++)
			ret[i] = set_has_long(s, num[ic_vector_at(v, i)]);
		return;
	}
	for (uint32_t i = 0; i < rows; i++) {
		uint64_t at = (uint64_t)num[i] - low;
		at = at < span ? at : span;
		ret[i] = bits[at >> 6] >> (at & 63) & 1;
	}
}

/* Rows against the set; nulls are the caller's. */
static void set_rows(const in_set *s, const ic_vector *v, uint32_t rows, uint8_t *ret)
{
	if (s->type == IC_Q_LONG)
		set_longs(s, v, rows, ret);
	else if (s->type == IC_Q_STRING)
		for (uint32_t i = 0; i < rows; i++)
			ret[i] = set_has_string(s, ((const ic_str *)v->data)[ic_vector_at(v, i)]);
	else
		for (uint32_t i = 0; i < rows; i++)
			ret[i] = set_has_ip(s, &((const ic_ip *)v->data)[ic_vector_at(v, i)]);
}

/* Is x the item? */
static bool item_equal(ic_call *c, const ic_value *x, const ic_value *item, bool sql)
{
	char a[48], b[48];

	if (c->expr->call.fn == IC_FN_IN_CI) {
		ic_value one = item->type == IC_Q_DYNAMIC ? ic_dyn_scalar(item->dyn) : *item;
		return ic_qtype_is_text(one.type) && !one.null &&
		       ic_fold_equal(ic_value_plain_text(x, a), ic_value_plain_text(&one, b));
	}
	return ic_value_order(c->arena, x, item, sql) == 0;
}

/* One by one: lists of other types, arrays. */
static ic_value in_row(ic_call *c, const ic_value *arg)
{
	const ic_value_list *list = c->expr->call.list;
	bool sql = !ic_call_is_kql(c), null = false;
	const ic_dyn *d =
	    !list && c->expr->call.n > 1 && arg[1].type == IC_Q_DYNAMIC && !arg[1].null ? arg[1].dyn : NULL;
	uint32_t n = list ? list->n : d ? (d->kind == IC_DYN_ARRAY ? d->n : 0) : c->expr->call.n - 1;
	ic_value x = arg[0];

	if (!sql && x.null && ic_qtype_is_text(x.type))
		x = ic_value_str(IC_STR(""));
	for (uint32_t i = 0; i < n; i++) {
		ic_value item = list ? list->value[i] : d ? ic_value_dyn(d->item[i]) : arg[1 + i];
		if (item.null || x.null)
			null = null || sql || (item.null && x.null);
		else if (item_equal(c, &x, &item, sql))
			return ic_value_bool(true);
	}
	return null ? ic_value_null(IC_Q_BOOL) : ic_value_bool(false);
}

static void in_vector(ic_call *c, const ic_vector *arg, uint32_t rows, ic_vector *ret)
{
	const in_set *s = c->state;
	bool sql = !ic_call_is_kql(c);
	ic_vector_out o;

	if (!s || s->type == IC_QTYPES) {
		ic_call_rows(c, arg, rows, in_row, ret);
		return;
	}
	if (!ic_call_out(c, &o, rows))
		return;
	set_rows(s, arg, rows, o.b);
	if (arg->nulls && !sql) /* a null is in no list, a null address is the empty text */
		for (uint32_t i = 0; i < rows; i++)
			if (ic_vector_null(arg, i)) {
				o.b[i] = s->type == IC_Q_IP && s->nothing;
				if (s->null && s->type == IC_Q_LONG)
					o.nulls[i >> 6] |= UINT64_C(1) << (i & 63);
			}
	if (sql && s->null) /* what is not in the list may be the null in it */
		for (uint32_t i = 0; i < rows; i++)
			if (!o.b[i])
				o.nulls[i >> 6] |= UINT64_C(1) << (i & 63);
	ic_call_done(&o, arg, sql ? 1 : 0, rows, ret);
}

static const ic_kernel_entry entries[] = {
	{ IC_FN_IN, { .vector = in_vector, .prepare = in_prepare } },
	{ IC_FN_IN_CI, { .vector = in_vector, .prepare = in_prepare } },
	{ IC_FN_SQL_IN, { .vector = in_vector, .prepare = in_prepare } },
};
IC_KERNELS(in_operators, entries);
