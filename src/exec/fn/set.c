/* SPDX-License-Identifier: Apache-2.0 */
/* Arrays as sets. What is no array counts as an empty one; items come in the order of their first place. */
#include "exec/fn/dynamic.h"

static uint32_t items_of(const ic_value *arg, uint32_t n)
{
	uint64_t items = 0;
	for (uint32_t i = 0; i < n; i++)
		items += ic_arg_array(&arg[i]) ? arg[i].dyn->n : 0;
	return items > UINT32_MAX / 4 ? UINT32_MAX / 4 : (uint32_t)items;
}

static void add_all(ic_dyn_set *s, const ic_value *v, ic_items *list)
{
	const ic_dyn *a = ic_arg_array(v);
	for (uint32_t i = 0; a && i < a->n; i++)
		if (ic_dyn_set_add(s, a->item[i]) && list)
			ic_items_add(list, a->item[i]);
}

static ic_value union_row(ic_call *c, const ic_value *arg)
{
	ic_dyn_set s = ic_dyn_set_new(c, items_of(arg, c->expr->call.n));
	ic_items list = ic_items_new(c);
	for (uint32_t i = 0; i < c->expr->call.n; i++)
		add_all(&s, &arg[i], &list);
	return ic_items_value(&list);
}

/* The distinct items of the first array that all others have, or that none has. */
static ic_value select_items(ic_call *c, const ic_value *arg, bool all)
{
	uint32_t n = c->expr->call.n;
	ic_items list = ic_items_new(c);
	ic_dyn_set seen = ic_dyn_set_new(c, items_of(arg, 1));
	ic_dyn_set *other = ic_arena_alloc(c->arena, sizeof *other * n);
	if (!other)
		return ic_call_nomem(c);
	for (uint32_t k = 1; k < n; k++) {
		other[k] = ic_dyn_set_new(c, items_of(&arg[k], 1));
		add_all(&other[k], &arg[k], NULL);
	}
	const ic_dyn *first = ic_arg_array(&arg[0]);
	for (uint32_t i = 0; first && i < first->n && !c->failed; i++) {
		bool take = true;
		for (uint32_t k = 1; k < n && take; k++)
			take = ic_dyn_set_has(&other[k], first->item[i]) == all;
		if (take && ic_dyn_set_add(&seen, first->item[i]))
			ic_items_add(&list, first->item[i]);
	}
	return ic_items_value(&list);
}

static ic_value intersect_row(ic_call *c, const ic_value *arg)
{
	return select_items(c, arg, true);
}

static ic_value difference_row(ic_call *c, const ic_value *arg)
{
	return select_items(c, arg, false);
}

static ic_value has_element_row(ic_call *c, const ic_value *arg)
{
	const ic_dyn *a = ic_arg_array(&arg[0]), *wanted = ic_dyn_arg(c, &arg[1]);
	if (!a || !wanted)
		return ic_value_null(IC_Q_BOOL);
	for (uint32_t i = 0; i < a->n; i++)
		if (ic_dyn_equal(a->item[i], wanted))
			return ic_value_bool(true);
	return ic_value_bool(false);
}

/* How many distinct items both arrays have, or at least one of them; false: one is no array. */
static bool compare_sets(ic_call *c, const ic_value *arg, uint32_t *both, uint32_t *either)
{
	ic_dyn_set first = ic_dyn_set_new(c, items_of(arg, 1)),
		   second = ic_dyn_set_new(c, items_of(arg + 1, 1));
	if (!ic_arg_array(&arg[0]) || !ic_arg_array(&arg[1]))
		return false;
	add_all(&first, &arg[0], NULL);
	add_all(&second, &arg[1], NULL);
	*both = 0;
	for (uint32_t i = 0; !c->failed && i < first.slots; i++)
		*both += first.slot[i] && ic_dyn_set_has(&second, first.slot[i]);
	*either = first.used + second.used - *both;
	return true;
}

static ic_value equals_row(ic_call *c, const ic_value *arg)
{
	uint32_t both, either;
	if (!compare_sets(c, arg, &both, &either))
		return ic_value_null(IC_Q_BOOL);
	return ic_value_bool(both == either);
}

static ic_value jaccard_row(ic_call *c, const ic_value *arg)
{
	uint32_t both, either;
	if (!compare_sets(c, arg, &both, &either))
		return ic_value_null(IC_Q_REAL);
	return ic_value_real((double)both / (double)either); /* NaN of two empty ones */
}

static const ic_kernel_entry entries[] = {
	{ IC_FN_SET_UNION, { .row = union_row } },
	{ IC_FN_SET_INTERSECT, { .row = intersect_row } },
	{ IC_FN_SET_DIFFERENCE, { .row = difference_row } },
	{ IC_FN_SET_EQUALS, { .row = equals_row } },
	{ IC_FN_SET_HAS_ELEMENT, { .row = has_element_row } },
	{ IC_FN_JACCARD_INDEX, { .row = jaccard_row } },
};
IC_KERNELS(set, entries);
