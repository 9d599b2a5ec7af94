/* SPDX-License-Identifier: Apache-2.0 */
#include "exec/eval/compare.h"
#include "exec/eval/eval.h"

/* ---- types ------------------------------------------------------------------------------------ */

/* The type that argument i should have for the kernel; its own if that will do. */
static ic_qtype wanted_type(const ic_expr *x, const ic_kernel *k, uint32_t i)
{
	const ic_function *f = &ic_functions[x->call.fn];
	ic_qtype has = x->call.arg[i]->type;
	char letter = ic_function_arg(f, i);

	if (x->call.fn == IC_FN_CASE) /* condition, value, ..., value */
		letter = i % 2 || i == x->call.n - 1 ? 'x' : 'u';
	switch (letter) {
	case 's':
	case 'S':
		if ((has == IC_Q_IP && !k->addresses) || has == IC_Q_DYNAMIC)
			return IC_Q_STRING;
		return has;
	case 'w': return has == IC_Q_NULL || (has == IC_Q_IP && k->addresses) ? has : IC_Q_STRING;
	case 'r':
	case 'R': return has == IC_Q_NULL ? has : IC_Q_REAL;
	case 'x':
	case 'X':
		if (f->ret != 'x')
			return has;
		if (x->type == IC_Q_STRING && has == IC_Q_IP)
			return IC_Q_STRING;
		if (x->type == IC_Q_REAL && (has == IC_Q_INT || has == IC_Q_LONG || has == IC_Q_DECIMAL))
			return IC_Q_REAL;
		return has;
	default: return has;
	}
}

static const ic_expr *converted(ic_plan *p, const ic_expr *x, ic_qtype type)
{
	ic_expr *call;

	if (x->type == type || (x->kind == IC_X_CONST && x->value.null && x->type == IC_Q_NULL))
		return x;
	call = ic_expr_call(p, x->at, type == IC_Q_STRING ? IC_FN_TO_STRING : IC_FN_TO_REAL, type, 1);
	if (call)
		call->call.arg[0] = (ic_expr *)(uintptr_t)x;
	return call;
}

/* ---- chains ----------------------------------------------------------------------------------- */

/* a and b and c, however it is nested, is one call of three arguments. An expression may be a graph in which
 * paths are many more than parts: what would be too long stays as it is. */
enum { CHAIN_MOST = 4096, CHAIN_DEPTH = 100 };

static bool continues(const ic_expr *x, ic_fn_id fn)
{
	return x->kind == IC_X_CALL && x->call.fn == fn && x->call.n == 2;
}

/* Appends the parts to `to` (NULL: only counts them); more than CHAIN_MOST is enough. */
static uint32_t chain_parts(const ic_expr *x, ic_fn_id fn, unsigned depth, ic_expr **to, uint32_t n)
{
	if (n > CHAIN_MOST)
		return n;
	if (depth < CHAIN_DEPTH && continues(x, fn)) {
		n = chain_parts(x->call.arg[0], fn, depth + 1, to, n);
		return chain_parts(x->call.arg[1], fn, depth + 1, to, n);
	}
	if (to)
		to[n] = (ic_expr *)(uintptr_t)x;
	return n + 1;
}

/* ---- blocks of addresses ----------------------------------------------------------------- */

/* ip LIKE '10.%' or INCIDR(ip, '10.0.0.0/8'), of a column. */
static bool is_block(const ic_expr *x, ic_cidr *ret)
{
	if (x->kind != IC_X_CALL || x->call.n != 2 || x->call.arg[0]->kind != IC_X_COLUMN ||
	    x->call.arg[0]->type != IC_Q_IP || x->call.arg[1]->kind != IC_X_CONST)
		return false;
	const ic_value *v = &x->call.arg[1]->value;
	if (v->null || v->type != IC_Q_STRING)
		return false;
	if (x->call.fn == IC_FN_INCIDR)
		return ic_cidr_parse(ic_str_trim(v->s), ret);
	bool prefix = v->s.n > 1 && v->s.p[v->s.n - 1] == '%';
	return x->call.fn == IC_FN_LIKE && prefix && ic_cidr_of_prefix((ic_str){ v->s.p, v->s.n - 1 }, ret);
}

/* The tests among the arguments of an `or` that speak of the same column as the first of them become one:
 * INCIDR with several blocks. false: no memory. */
static bool join_blocks(ic_plan *p, ic_expr *call)
{
	const ic_expr *first = NULL;
	ic_expr *joined = NULL;
	uint32_t kept = 0;
	ic_cidr block;

	for (uint32_t i = 0; i < call->call.n; i++) {
		ic_expr *x = call->call.arg[i];
		bool same =
		    is_block(x, &block) && (!first || x->call.arg[0]->column == first->call.arg[0]->column);
		if (same && !first) {
			first = x;
			joined = ic_expr_call(p, x->at, IC_FN_INCIDR, IC_Q_BOOL, call->call.n + 1 - i);
			if (!joined)
				return false;
			joined->call.arg[0] = x->call.arg[0];
			joined->call.n = 1;
			call->call.arg[kept++] = joined;
		}
		if (!same) {
			call->call.arg[kept++] = x;
			continue;
		}
		char text[64];
		size_t n = ic_cidr_format(&block, text);
		const char *copy = ic_arena_dup(&p->arena, text, n);
		ic_expr *value =
		    copy ? ic_expr_const(p, x->at, ic_value_str((ic_str){ copy, (uint32_t)n })) : NULL;
		if (!value)
			return false;
		joined->call.arg[joined->call.n++] = value;
	}
	call->call.n = kept;
	return true;
}

/* ---- calls --------------------------------------------------------------------------------- */

ic_expr *ic_eval_rewrite(ic_plan *p, const ic_expr *x, const ic_kernel *k)
{
	ic_fn_id fn = x->call.fn;
	bool logic = fn == IC_FN_AND || fn == IC_FN_OR || fn == IC_FN_SQL_AND || fn == IC_FN_SQL_OR;
	uint32_t n = logic ? chain_parts(x, fn, 0, NULL, 0) : x->call.n;
	bool chain = logic && n > 2 && n <= CHAIN_MOST;
	ic_expr *copy = ic_expr_call(p, x->at, fn, x->type, chain ? n : x->call.n);

	if (!copy)
		return NULL;
	copy->call.list = x->call.list;
	if (chain) {
		(void)chain_parts(x, fn, 0, copy->call.arg, 0);
		return fn == IC_FN_SQL_OR && !join_blocks(p, copy) ? NULL : copy;
	}
	n = x->call.n;
	for (uint32_t i = 0; i < n; i++) {
		const ic_expr *arg = converted(p, x->call.arg[i], wanted_type(x, k, i));
		if (!arg)
			return NULL;
		copy->call.arg[i] = (ic_expr *)(uintptr_t)arg;
	}
	return copy;
}
