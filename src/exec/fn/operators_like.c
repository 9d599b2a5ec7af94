/* SPDX-License-Identifier: Apache-2.0 */
/* LIKE, ILIKE, INCIDR; members and items of dynamic values. */
#include "base/unicode.h"
#include "exec/eval/compare.h"
#include "exec/eval/vector.h"

/* ---- LIKE ------------------------------------------------------------------------------------- */

/* The pattern's usual shapes need no general match: x, x%, %x, %x%. */
typedef struct pattern {
	enum { EXACT, PREFIX, SUFFIX, PART, GENERAL } shape;
	bool fold;
	ic_str text; /* without the % of the shape; the whole pattern if GENERAL */
	bool v4;     /* the prefix is whole octets with dots: 10. or 192.168. */
	ic_cidr net; /* of the addresses that start with them */
} pattern;

static ic_status like_prepare(ic_plan *plan, const ic_expr *call, void **state, ic_diag *diag)
{
	const ic_expr *x = call->call.arg[1];
	pattern *p;
	ic_str s;
	uint32_t inside = 0;

	(void)diag;
	if (x->kind != IC_X_CONST || x->value.null || x->value.type != IC_Q_STRING)
		return IC_OK;
	p = ic_arena_alloc(&plan->arena, sizeof *p);
	if (!p)
		return IC_E_NOMEM;
	s = x->value.s;
	*p = (pattern){ .fold = call->call.fn == IC_FN_ILIKE, .text = s };
	bool first = s.n > 0 && s.p[0] == '%', last = s.n > 1 && s.p[s.n - 1] == '%';
	ic_str middle = { s.p + first, s.n - first - last };
	for (uint32_t i = 0; i < middle.n; i++)
		inside += middle.p[i] == '%' || middle.p[i] == '_' || middle.p[i] == '\\';
	if (inside || (p->fold && !ic_ascii(middle)))
		p->shape = GENERAL;
	else {
		p->shape = first && last ? PART : first ? SUFFIX : last ? PREFIX : EXACT;
		p->text = middle;
	}
	p->v4 = p->shape == PREFIX && ic_cidr_of_prefix(p->text, &p->net);
	*state = p;
	return IC_OK;
}

static bool same_char(uint32_t a, uint32_t b, bool fold)
{
	return a == b || (fold && ic_char_fold(a) == ic_char_fold(b));
}

/* % any text, _ one character, \ makes the next one plain. Goes back to the last % only: enough, and at
 * most |s| * |p| steps. */
static bool like(ic_str s, ic_str p, bool fold)
{
	uint32_t i = 0, k = 0, star = UINT32_MAX, mark = 0;
	unsigned used_s = 1, used_p = 1;

	while (i < s.n) {
		uint32_t c = ic_utf8_read(s.p + i, s.n - i, &used_s);
		if (k < p.n && p.p[k] == '%') {
			star = ++k;
			mark = i;
			continue;
		}
		if (k < p.n) {
			uint32_t at = k + (p.p[k] == '\\' && k + 1 < p.n);
			uint32_t w = ic_utf8_read(p.p + at, p.n - at, &used_p);
			if ((at == k && w == '_') || same_char(c, w, fold)) {
				i += used_s;
				k = at + used_p;
				continue;
			}
		}
		if (star == UINT32_MAX)
			return false;
		(void)ic_utf8_read(s.p + mark, s.n - mark, &used_s);
		i = mark += used_s;
		k = star;
	}
	while (k < p.n && p.p[k] == '%')
		k++;
	return k == p.n;
}

static bool shaped(const pattern *p, ic_str s)
{
	ic_str t = p->text;
	bool fits = s.n >= t.n;

	switch (p->shape) {
	case EXACT: return p->fold ? ic_str_ieq(s, t) : ic_str_eq(s, t);
	case PREFIX: return p->fold ? ic_str_istarts(s, t) : fits && (t.n == 0 || memcmp(s.p, t.p, t.n) == 0);
	case SUFFIX:
		return p->fold ? ic_str_iends(s, t)
			       : fits && (t.n == 0 || memcmp(s.p + s.n - t.n, t.p, t.n) == 0);
	case PART:
		if (t.n == 0)
			return true;
		return p->fold ? ic_str_icontains(s, t) : fits && memmem(s.p, s.n, t.p, t.n) != NULL;
	case GENERAL: break;
	}
	return like(s, t, p->fold);
}

/* Addresses against 10.%: by their bits. No IPv6 address is written with such a start. */
static void like_octets(const pattern *p, const ic_vector *v, uint32_t rows, uint8_t *ret)
{
	for (uint32_t i = 0; i < rows; i++)
		ret[i] = ic_cidr_has(&p->net, &((const ic_ip *)v->data)[ic_vector_at(v, i)]);
}

static void like_vector(ic_call *c, const ic_vector *arg, uint32_t rows, ic_vector *ret)
{
	const pattern *p = c->state;
	bool fold = c->expr->call.fn == IC_FN_ILIKE;
	ic_vector_out o;
	char text[48], other[48];

	if (!ic_call_out(c, &o, rows))
		return;
	if (p && p->v4 && arg[0].type == IC_Q_IP)
		like_octets(p, &arg[0], rows, o.b);
	else
		for (uint32_t i = 0; i < rows; i++) {
			ic_value v = ic_vector_value(&arg[0], i);
			if (p)
				o.b[i] = shaped(p, ic_value_plain_text(&v, text));
			else {
				ic_value w = ic_vector_value(&arg[1], i);
				o.b[i] =
				    like(ic_value_plain_text(&v, text), ic_value_plain_text(&w, other), fold);
			}
		}
	ic_call_done(&o, arg, 2, rows, ret);
}

/* ---- INCIDR ------------------------------------------------------------------------------------ */

/* One block as it is written; several where tests of one address were joined. */
static ic_status incidr_prepare(ic_plan *plan, const ic_expr *call, void **state, ic_diag *diag)
{
	uint32_t n = call->call.n - 1;
	const char **text = ic_arena_alloc(&plan->arena, n * sizeof *text);
	ic_cidrs *blocks = ic_arena_alloc(&plan->arena, sizeof *blocks);
	ic_error err;

	if (!text || !blocks)
		return IC_E_NOMEM;
	for (uint32_t i = 0; i < n; i++) {
		const ic_expr *x = call->call.arg[i + 1];
		ic_cidr one;
		if (x->kind != IC_X_CONST || x->value.null || x->value.type != IC_Q_STRING)
			return ic_diag_fail(diag, IC_DIAG_TYPE, x->at, 1,
					    "INCIDR takes a constant block such as '10.0.0.0/8'");
		ic_str s = ic_str_trim(x->value.s);
		if (!ic_cidr_parse(s, &one))
			return ic_diag_fail(diag, IC_DIAG_TYPE, x->at, x->value.s.n + 2,
					    "'%.*s' is no block of addresses", (int)(s.n > 60 ? 60 : s.n),
					    s.p);
		text[i] = ic_arena_dup(&plan->arena, s.p, s.n);
		if (!text[i])
			return IC_E_NOMEM;
	}
	ic_status st = ic_cidrs_init(blocks, text, n, &err);
	if (st == IC_OK)
		*state = blocks;
	return st;
}

static void incidr_dispose(void *state)
{
	ic_cidrs_clear(state);
}

static void incidr_vector(ic_call *c, const ic_vector *arg, uint32_t rows, ic_vector *ret)
{
	const ic_cidrs *blocks = c->state;
	ic_vector_out o;

	if (!ic_call_out(c, &o, rows))
		return;
	if (arg[0].type == IC_Q_IP && !arg[0].constant)
		ic_cidrs_has_each(blocks, arg[0].data, rows, o.b);
	else
		for (uint32_t i = 0; i < rows; i++) {
			ic_value v = ic_vector_value(&arg[0], i);
			bool is_ip = v.type == IC_Q_IP || (v.type == IC_Q_STRING && ic_ip_parse(v.s, &v.ip));
			o.b[i] = is_ip && ic_cidrs_has(blocks, &v.ip);
		}
	ic_call_done(&o, arg, 1, rows, ret);
}

/* ---- a.b, a[b] ----------------------------------------------------------------------------------- */

/* The null inside a document is the null value outside. */
static ic_value outside(const ic_dyn *d)
{
	return ic_value_dyn(d && d->kind != IC_DYN_NULL ? d : NULL);
}

static ic_value member_row(ic_call *c, const ic_value *arg)
{
	(void)c;
	if (arg[0].dyn->kind != IC_DYN_BAG || arg[1].type != IC_Q_STRING)
		return outside(NULL);
	return outside(ic_dyn_member_of(arg[0].dyn, arg[1].s));
}

static ic_value index_row(ic_call *c, const ic_value *arg)
{
	ic_value key = arg[1].type == IC_Q_DYNAMIC ? ic_dyn_scalar(arg[1].dyn) : arg[1];
	char text[48];

	(void)c;
	if (key.null)
		return outside(NULL);
	if (arg[0].dyn->kind == IC_DYN_BAG && ic_qtype_is_text(key.type))
		return outside(ic_dyn_member_of(arg[0].dyn, ic_value_plain_text(&key, text)));
	if (arg[0].dyn->kind == IC_DYN_ARRAY && (key.type == IC_Q_LONG || key.type == IC_Q_INT))
		return outside(ic_dyn_item(arg[0].dyn, key.i));
	return outside(NULL);
}

static const ic_kernel_entry entries[] = {
	{ IC_FN_LIKE, { .vector = like_vector, .addresses = true, .prepare = like_prepare } },
	{ IC_FN_ILIKE, { .vector = like_vector, .addresses = true, .prepare = like_prepare } },
	{ IC_FN_INCIDR,
	  { .vector = incidr_vector,
	    .addresses = true,
	    .prepare = incidr_prepare,
	    .dispose = incidr_dispose } },
	{ IC_FN_INDEX, { .row = index_row, .strict = true } },
	{ IC_FN_MEMBER, { .row = member_row, .strict = true } },
};
IC_KERNELS(like_operators, entries);
