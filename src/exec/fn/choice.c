/* SPDX-License-Identifier: Apache-2.0 */
/* Logic and choice: what computes some arguments on some rows only. */
#include "exec/eval/vector.h"

enum { TRUE_, FALSE_, NULL_ };

/* ---- and, or --------------------------------------------------------------------------- */

/* Both are the same with true and false swapped: `decisive` ends it, null is kept unless something later
 * is decisive. The rows that are still undecided get smaller from argument to argument. */
typedef struct logic {
	uint8_t value[IC_CHUNK_ROWS]; /* so far: decisive, the other, or NULL_ */
	uint16_t pick[IC_CHUNK_ROWS]; /* undecided rows */
	uint32_t picked;
} logic;

static void logic_step(logic *l, const ic_vector *v, bool decisive)
{
	const uint8_t *b = v->data;
	uint32_t left = 0;

	for (uint32_t i = 0; i < l->picked; i++) {
		uint16_t row = l->pick[i];
		bool null = ic_vector_null(v, i);
		if (null)
			l->value[row] = NULL_;
		else if ((b[ic_vector_at(v, i)] != 0) == decisive) {
			l->value[row] = decisive ? TRUE_ : FALSE_;
			continue;
		}
		l->pick[left++] = row;
	}
	l->picked = left;
}

/* Up to 64 rows, a bit each. */
static uint64_t bits_of(const uint8_t *b, uint32_t rows)
{
	uint64_t ret = 0, eight;
	uint32_t i = 0;

	for (; i + 8 <= rows && i < 64; i += 8) {
		memcpy(&eight, b + i, sizeof eight);
		ret |= eight * UINT64_C(0x0102040810204080) >>
		       56 << i; /* the lowest bits of its bytes, side by side */
	}
	for (; i < rows && i < 64; i++)
		ret |= (uint64_t)b[i] << i;
	return ret;
}

/* The first arguments together: what is true, and what is null. */
typedef struct logic_all {
	uint8_t *value; /* of a null: zero */
	uint64_t nulls[IC_CHUNK_WORDS];
	bool any; /* is null */
} logic_all;

/* The nulls of the arguments so far and of one more: a null and what does not decide. */
static void logic_nulls(logic_all *l, const ic_vector *v, uint32_t rows, bool first, bool decisive)
{
	l->any = false;
	for (uint32_t at = 0, w = 0; at < rows; at += 64, w++) {
		uint64_t some = rows - at < 64 ? (UINT64_C(1) << (rows - at)) - 1 : UINT64_MAX;
		uint64_t a = first ? decisive ? 0 : UINT64_MAX : bits_of(l->value + at, rows - at);
		uint64_t b = bits_of((const uint8_t *)v->data + at, rows - at);
		uint64_t null_a = l->nulls[w], null_b = ic_null_word(v, w) & some;
		uint64_t open = decisive ? ~a & ~b : (a | null_a) & (b | null_b);
		l->nulls[w] = (null_a | null_b) & open;
		l->any |= l->nulls[w] != 0;
	}
}

/* One more argument for all rows at once. Returns how many rows are still undecided. */
static uint32_t logic_words(logic_all *l, const ic_vector *v, uint32_t rows, bool first, bool decisive)
{
	const uint8_t *b = v->data;
	uint8_t *restrict ret = l->value;
	uint32_t set = 0;

	if (v->nulls || l->any)
		logic_nulls(l, v, rows, first, decisive);
	if (first)
		memcpy(ret, b, rows);
	else if (decisive)
		for (uint32_t i = 0; i < rows; i++)
			ret[i] |= b[i];
	else
		for (uint32_t i = 0; i < rows; i++)
			ret[i] &= b[i];
	for (uint32_t i = 0; i < rows; i++)
		set += ret[i];
	for (uint32_t w = 0; l->any && !decisive && w * 64 < rows; w++)
		set += (uint32_t)__builtin_popcountll(l->nulls[w]);
	return decisive ? rows - set : set;
}

/* One value for all rows, which is not null; `left` were undecided before. */
static uint32_t logic_constant(logic_all *l, bool b, uint32_t rows, bool first, bool decisive, uint32_t left)
{
	if (b != decisive && !first)
		return left;
	memset(l->value, b, rows);
	l->any = false;
	return b == decisive ? 0 : rows;
}

/* The first arguments, as long as many rows are undecided. Returns how many they are. */
static uint32_t logic_begin(ic_call *c, uint32_t rows, bool decisive, logic_all *l)
{
	uint32_t n = c->expr->call.n, left = rows;

	for (uint32_t i = 0; i < n; i++) {
		ic_vector v;
		if (!ic_call_arg(c, i, NULL, rows, &v))
			return n;
		const bool one = v.constant && rows > 1;
		if (v.type != IC_Q_BOOL || (one && ic_vector_null(&v, 0))) /* a null without a type */
			return i;
		left = one ? logic_constant(l, *(const uint8_t *)v.data, rows, i == 0, decisive, left)
			   : logic_words(l, &v, rows, i == 0, decisive);
		if (left == 0)
			return n; /* nothing can change any more */
		if (left < rows / 2 && i + 1 < n && !ic_call_arg_cheap(c, i + 1))
			return i + 1;
	}
	return n;
}

static void logic_finish(const logic *l, ic_vector_out *o, uint32_t rows)
{
	for (uint32_t i = 0; i < rows; i++) {
		o->b[i] = l->value[i] == TRUE_;
		if (l->value[i] == NULL_)
			o->nulls[i >> 6] |= UINT64_C(1) << (i & 63);
	}
}

static void logic_run(ic_call *c, uint32_t rows, ic_vector *ret, bool decisive)
{
	ic_vector_out o;
	ic_vector v;
	logic *l;

	if (!ic_call_out(c, &o, rows))
		return;
	logic_all all = { .value = o.b };
	uint32_t i = logic_begin(c, rows, decisive, &all);
	if (c->failed != IC_OK)
		return;
	if (i == c->expr->call.n) {
		if (all.any)
			memcpy(o.nulls, all.nulls, (rows + 63) / 64 * sizeof *all.nulls);
		ic_call_done(&o, NULL, 0, rows, ret);
		return;
	}
	l = ic_arena_alloc(c->arena, sizeof *l);
	if (!l) {
		c->failed = IC_E_NOMEM;
		return;
	}
	l->picked = 0;
	for (uint32_t r = 0; r < rows; r++) {
		bool null = all.nulls[r >> 6] >> (r & 63) & 1;
		bool decided = i > 0 && !null && (o.b[r] != 0) == decisive;
		l->value[r] = null ? NULL_ : decided == decisive ? TRUE_ : FALSE_;
		l->pick[l->picked] = (uint16_t)r;
		l->picked += !decided;
	}
	for (; i < c->expr->call.n && l->picked; i++) {
		bool whole = l->picked == rows;
		if (!ic_call_arg(c, i, whole ? NULL : l->pick, l->picked, &v))
			return;
		logic_step(l, &v, decisive);
	}
	logic_finish(l, &o, rows);
	ic_call_done(&o, NULL, 0, rows, ret);
}

static void and_lazy(ic_call *c, uint32_t rows, ic_vector *ret)
{
	logic_run(c, rows, ret, false);
}

static void or_lazy(ic_call *c, uint32_t rows, ic_vector *ret)
{
	logic_run(c, rows, ret, true);
}

/* ---- not ------------------------------------------------------------------------------- */

static void not_vector(ic_call *c, const ic_vector *arg, uint32_t rows, ic_vector *ret)
{
	const uint8_t *b = arg->data;
	ic_vector_out o;

	if (!ic_call_out(c, &o, rows))
		return;
	if (arg->type != IC_Q_BOOL) /* a null without a type */
		memset(o.b, 0, rows);
	else
		for (uint32_t i = 0; i < rows; i++)
			o.b[i] = !b[ic_vector_at(arg, i)];
	ic_call_done(&o, arg, 1, rows, ret);
}

/* The opposite of an operator, where null is true: a null's byte is zero. */
static void not_in_form_vector(ic_call *c, const ic_vector *arg, uint32_t rows, ic_vector *ret)
{
	ic_vector v = *arg;

	v.nulls = NULL;
	if (arg->type != IC_Q_BOOL) {
		static const uint8_t no = 0;
		v = (ic_vector){ IC_Q_BOOL, true, &no, NULL, NULL };
	}
	not_vector(c, &v, rows, ret);
}

static void is_null_vector(ic_call *c, const ic_vector *arg, uint32_t rows, ic_vector *ret)
{
	ic_vector_out o;

	if (!ic_call_out(c, &o, rows))
		return;
	for (uint32_t i = 0; i < rows; i++)
		o.b[i] = ic_vector_null(arg, i);
	ic_call_done(&o, NULL, 0, rows, ret);
}

/* ---- tests of one value ------------------------------------------------------------------------ */

/* KQL's texts are never null. */
static void isnull(ic_call *c, const ic_vector *v, uint32_t rows, bool yes, ic_vector *ret)
{
	ic_vector_out o;

	if (!ic_call_out(c, &o, rows))
		return;
	for (uint32_t i = 0; i < rows; i++)
		o.b[i] = (!ic_qtype_is_text(v->type) && ic_vector_null(v, i)) == yes;
	ic_call_done(&o, NULL, 0, rows, ret);
}

/* Empty: no value, or a text or dynamic text without characters. */
static void isempty(ic_call *c, const ic_vector *v, uint32_t rows, bool yes, ic_vector *ret)
{
	ic_vector_out o;

	if (!ic_call_out(c, &o, rows))
		return;
	for (uint32_t i = 0; i < rows; i++) {
		bool empty = ic_vector_null(v, i);
		if (!empty && v->type == IC_Q_STRING)
			empty = ((const ic_str *)v->data)[ic_vector_at(v, i)].n == 0;
		else if (!empty && v->type == IC_Q_DYNAMIC) {
			const ic_dyn *d = ((const ic_dyn *const *)v->data)[ic_vector_at(v, i)];
			empty = !d || d->kind == IC_DYN_NULL || (d->kind == IC_DYN_STRING && d->s.n == 0);
		}
		o.b[i] = empty == yes;
	}
	ic_call_done(&o, NULL, 0, rows, ret);
}

static void isnull_vector(ic_call *c, const ic_vector *arg, uint32_t rows, ic_vector *ret)
{
	isnull(c, arg, rows, true, ret);
}

static void isnotnull_vector(ic_call *c, const ic_vector *arg, uint32_t rows, ic_vector *ret)
{
	isnull(c, arg, rows, false, ret);
}

static void isempty_vector(ic_call *c, const ic_vector *arg, uint32_t rows, ic_vector *ret)
{
	isempty(c, arg, rows, true, ret);
}

static void isnotempty_vector(ic_call *c, const ic_vector *arg, uint32_t rows, ic_vector *ret)
{
	isempty(c, arg, rows, false, ret);
}

/* ---- iff, case, coalesce ----------------------------------------------------------------- */

/* Puts row i of v into row pick[i] of o. */
#define SCATTER(T)                                                                                           \
	for (uint32_t i = 0; i < n; i++)                                                                     \
		((T *)o->data)[pick[i]] = ((const T *)v->data)[ic_vector_at(v, i)];                          \
	break

static void scatter(ic_vector_out *o, const uint16_t *pick, uint32_t n, const ic_vector *v)
{
	if (v->type == IC_Q_NULL) {
		for (uint32_t i = 0; i < n; i++)
			o->nulls[pick[i] >> 6] |= UINT64_C(1) << (pick[i] & 63);
		return;
	}
	switch (ic_qtype_size(v->type)) {
	case 1: SCATTER(uint8_t);
	case 8: SCATTER(uint64_t);
	case 16: SCATTER(ic_str);
	default: SCATTER(ic_decimal);
	}
	if (v->nulls)
		for (uint32_t i = 0; i < n; i++)
			if (ic_vector_null(v, i))
				o->nulls[pick[i] >> 6] |= UINT64_C(1) << (pick[i] & 63);
}

/* Splits pick[0..n) by a condition on these rows (null is no): those that fulfil it to `yes`, the rest
 * stays in pick. Returns how many are in yes. */
static uint32_t split(const ic_vector *condition, uint16_t *pick, uint32_t *n, uint16_t *yes)
{
	const uint8_t *b = condition->data;
	uint32_t left = 0, taken = 0;

	for (uint32_t i = 0; i < *n; i++)
		if (condition->type == IC_Q_BOOL && b[ic_vector_at(condition, i)])
			yes[taken++] = pick[i];
		else
			pick[left++] = pick[i];
	*n = left;
	return taken;
}

typedef struct choice {
	ic_vector_out o;
	uint16_t pick[IC_CHUNK_ROWS], yes[IC_CHUNK_ROWS];
	uint32_t left;
} choice;

static choice *choice_new(ic_call *c, uint32_t rows)
{
	choice *s = ic_arena_alloc(c->arena, sizeof *s);

	if (!s || !ic_call_out(c, &s->o, rows)) {
		c->failed = IC_E_NOMEM;
		return NULL;
	}
	for (uint32_t i = 0; i < rows; i++)
		s->pick[i] = (uint16_t)i;
	s->left = rows;
	return s;
}

/* Argument i goes to these rows. */
static bool choice_fill(ic_call *c, choice *s, uint32_t i, const uint16_t *pick, uint32_t n)
{
	ic_vector v;

	if (n == 0)
		return true;
	if (!ic_call_arg(c, i, pick, n, &v))
		return false;
	scatter(&s->o, pick, n, &v);
	return true;
}

/* iff is case with one condition. */
static void case_lazy(ic_call *c, uint32_t rows, ic_vector *ret)
{
	uint32_t last = c->expr->call.n - 1;
	choice *s = choice_new(c, rows);
	ic_vector v;

	if (!s)
		return;
	for (uint32_t i = 0; i < last && s->left; i += 2) {
		bool all = s->left == rows;
		if (!ic_call_arg(c, i, all ? NULL : s->pick, s->left, &v))
			return;
		uint32_t taken = split(&v, s->pick, &s->left, s->yes);
		if (taken == rows && c->expr->call.arg[i + 1]->type == c->expr->type) {
			ic_call_arg(c, i + 1, NULL, rows, ret);
			return;
		}
		if (!choice_fill(c, s, i + 1, s->yes, taken))
			return;
	}
	if (s->left == rows && c->expr->call.arg[last]->type == c->expr->type) {
		ic_call_arg(c, last, NULL, rows, ret);
		return;
	}
	if (choice_fill(c, s, last, s->pick, s->left))
		ic_call_done(&s->o, NULL, 0, rows, ret);
}

/* Is row i no value? In KQL an empty text is none either. */
static bool nothing(const ic_vector *v, uint32_t i, bool kql)
{
	if (ic_vector_null(v, i) || v->type == IC_Q_NULL)
		return true;
	return kql && v->type == IC_Q_STRING && ((const ic_str *)v->data)[ic_vector_at(v, i)].n == 0;
}

static void coalesce_lazy(ic_call *c, uint32_t rows, ic_vector *ret)
{
	choice *s = choice_new(c, rows);
	bool kql = ic_call_is_kql(c);
	ic_vector v;

	for (uint32_t a = 0; s && a < c->expr->call.n && s->left; a++) {
		uint32_t left = 0;
		bool all = s->left == rows;
		if (!ic_call_arg(c, a, all ? NULL : s->pick, s->left, &v))
			return;
		/* all go there; those that are nothing are written again by the next argument */
		for (uint32_t i = 0; i < s->left; i++)
			s->o.nulls[s->pick[i] >> 6] &= ~(UINT64_C(1) << (s->pick[i] & 63));
		scatter(&s->o, s->pick, s->left, &v);
		for (uint32_t i = 0; i < s->left; i++)
			if (nothing(&v, i, kql))
				s->pick[left++] = s->pick[i];
		s->left = left;
	}
	if (s)
		ic_call_done(&s->o, NULL, 0, rows, ret);
}

static const ic_kernel_entry entries[] = {
	{ IC_FN_AND, { .lazy = and_lazy } },
	{ IC_FN_OR, { .lazy = or_lazy } },
	{ IC_FN_SQL_AND, { .lazy = and_lazy } },
	{ IC_FN_SQL_OR, { .lazy = or_lazy } },
	{ IC_FN_SQL_NOT, { .vector = not_vector } },
	{ IC_FN_NOT_IN_FORM, { .vector = not_in_form_vector } },
	{ IC_FN_SQL_IS_NULL, { .vector = is_null_vector } },
	{ IC_FN_NOT, { .vector = not_vector } },
	{ IC_FN_ISNULL, { .vector = isnull_vector } },
	{ IC_FN_ISNOTNULL, { .vector = isnotnull_vector } },
	{ IC_FN_ISEMPTY, { .vector = isempty_vector } },
	{ IC_FN_ISNOTEMPTY, { .vector = isnotempty_vector } },
	{ IC_FN_IFF, { .lazy = case_lazy } },
	{ IC_FN_CASE, { .lazy = case_lazy } },
	{ IC_FN_COALESCE, { .lazy = coalesce_lazy } },
};
IC_KERNELS(choice, entries);
