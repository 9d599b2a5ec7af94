/* SPDX-License-Identifier: Apache-2.0 */
#include "../test.h"

#include "base/buf.h"
#include "lang/lang.h"
#include "shared.h"

static void finds(const char *page, unsigned language, const char *expected)
{
	ic_str got;
	unsigned which = 0;
	bool found = ic_lang_extract(ic_str_of(page), 0, &got, &which);
	if (!expected) {
		if (found)
			fail_msg("%s gives %.*s", page, (int)got.n, got.p);
		return;
	}
	if (!found || which != language || !ic_str_eq(got, ic_str_of(expected)))
		fail_msg("%s gives %.*s", page, found ? (int)got.n : 4, found ? got.p : "none");
}

static void pages(void **state)
{
	(void)state;
	finds("T | take 5", IC_FN_KQL, "T | take 5");
	finds("How to hunt.\nlet x = 5; T | where a > x | sort by a desc Data Sources\nMore", IC_FN_KQL,
	      "let x = 5; T | where a > x | sort by a desc");
	finds("let us look at events: DeviceEvents\n| where a == 1\n| project b, c, and more", IC_FN_KQL,
	      "DeviceEvents\n| where a == 1\n| project b, c");
	finds("Select a search. SELECT sourceip FROM events WHERE a = 'x' LAST 24 HOURS QRadar finds it",
	      IC_FN_AQL, "SELECT sourceip FROM events WHERE a = 'x' LAST 24 HOURS");
	/* the text behind could be the begin of a condition: the longest query wins */
	finds("SELECT a FROM events WHERE b = 1 AND THEN more", IC_FN_AQL,
	      "SELECT a FROM events WHERE b = 1");
	finds("T | where a == 1 and (then text, and more", IC_FN_KQL, "T | where a == 1");
	finds("Nothing but words, (brackets) and numbers 1 2 3.", 0, NULL);
	finds("", 0, NULL);
}

static void one_language(void **state)
{
	(void)state;
	const ic_str page = IC_STR("T | take 5; then SELECT a FROM events");
	ic_str got;
	unsigned which = 0;
	assert_true(ic_lang_extract(page, IC_FN_KQL, &got, &which));
	assert_true(ic_str_eq(got, IC_STR("T | take 5;")) && which == IC_FN_KQL);
	assert_true(ic_lang_extract(page, IC_FN_AQL, &got, &which));
	assert_true(ic_str_eq(got, IC_STR("SELECT a FROM events")) && which == IC_FN_AQL);
}

/* Each start would read all that follows: the budget ends it. */
static void hostile(void **state)
{
	(void)state;
	static const char *const parts[] = { "let a=1;",      "T | where ",	      "T | where a((",
					     "T|where \"",    "SELECT a FROM (",      "SELECT ",
					     "T|extend a=b,", "let a = T | where b(", "(((((((",
					     "union " };
	ic_buf b;
	ic_str got;
	unsigned which;
	ic_buf_init(&b, 0);
	for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
		ic_buf_reset(&b);
		for (int k = 0; k < 20000; k++)
			ic_buf_puts(&b, parts[i]);
		if (ic_lang_extract((ic_str){ b.p, (uint32_t)b.n }, 0, &got, &which))
			assert_true(got.p >= b.p && got.p + got.n <= b.p + b.n);
	}
	ic_buf_clear(&b);
}

static void seed(const char *name, const char *first, const char *last, unsigned language)
{
	ic_str page = shared_read(name), got;
	unsigned which;
	if (!page.p) {
		print_message("%s is not here\n", name);
		skip();
	}
	assert_true(ic_lang_extract(page, 0, &got, &which));
	assert_int_equal(which, language);
	assert_true(got.n > strlen(first) && memcmp(got.p, first, strlen(first)) == 0);
	assert_memory_equal(got.p + got.n - strlen(last), last, strlen(last));
	free((void *)page.p);
}

static void seed_pages(void **state)
{
	(void)state;
	seed("seeds/kql-web-protocols.txt", "let TimeWindow = 24h;", "| sort by ConnectionCount desc",
	     IC_FN_KQL);
	seed("seeds/qradar-web-protocols.txt", "SELECT\nDATEFORMAT",
	     "ORDER BY RequestCount DESC\nLAST 24 HOURS", IC_FN_AQL);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(pages),
		cmocka_unit_test(one_language),
		cmocka_unit_test(hostile),
		cmocka_unit_test(seed_pages),
	};
	if (argc > 1)
		shared_folder = argv[1];
	return cmocka_run_group_tests(tests, NULL, NULL);
}
