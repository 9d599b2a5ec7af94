/* SPDX-License-Identifier: Apache-2.0 */
#include "test.h"

#include "engine/views.h"

/* A name given twice would hide a column from queries. */
static void names_are_unique(void **state)
{
	(void)state;
	for (const ic_view *v = ic_views; v->name; v++) {
		const size_t n = ic_view_column_count(v);
		assert_true(n > 0);
		for (size_t i = 0; i < n; i++) {
			ic_view_column a, b;
			char one[64], other[64];
			assert_true(ic_view_column_get(v, i, &a, one));
			for (size_t k = 0; k < i; k++) {
				assert_true(ic_view_column_get(v, k, &b, other));
				if (strcmp(a.name, b.name) == 0)
					fail_msg("%s has %s twice", v->name, a.name);
			}
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(names_are_unique) };
	return cmocka_run_group_tests(tests, NULL, NULL);
}
