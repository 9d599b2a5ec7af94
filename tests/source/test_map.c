/* SPDX-License-Identifier: Apache-2.0 */
#include "support.h"

static ic_field_map *parse(const char *text)
{
	ic_field_map *m = NULL;
	ic_error err = { 0 };
	if (ic_field_map_parse(text, strlen(text), "site.map", &m, &err) != IC_OK)
		fail_msg("%s:%d:%d: %s", err.file, (int)err.line, (int)err.column, err.message);
	return m;
}

static void test_good(void **state)
{
	(void)state;
	static const struct {
		const char *theirs;
		int target;
		int64_t unit;
	} expected[] = {
		{ "start", IC_F_TIME, IC_TICKS_MS },
		{ "took", IC_F_DURATION, IC_TICKS_US },
		{ "client.ip", IC_F_SRC_IP, IC_TICKS_S },
		{ "User Agent", IC_F_USER_AGENT, IC_TICKS_S },
		{ "a=b", IC_F_DST_IP, IC_TICKS_S },
		{ "request", IC_MAP_URL, IC_TICKS_S },
		{ "name with blanks", IC_F_HOST, IC_TICKS_S },
	};
	ic_field_map *m = parse("\xef\xbb\xbf# a proxy\r\n"
				"start = time(ms)\r\n"
				"\n"
				"took=duration( us )   # microseconds\n"
				"  client.ip = id.orig_h\n"
				"\"User Agent\" = user_agent\n"
				"\"a=b\" = dst_ip\n"
				"request = url\n"
				"name with blanks = host");
	assert_int_equal(m->n, sizeof(expected) / sizeof(expected[0]));
	for (size_t i = 0; i < m->n; i++) {
		assert_true(ic_str_eq(m->entries[i].theirs, ic_str_of(expected[i].theirs)));
		assert_int_equal(m->entries[i].target, expected[i].target);
		assert_int_equal(m->entries[i].unit_ticks, expected[i].unit);
	}
	ic_fieldset set = ic_field_map_can_give(m);
	assert_true(set & IC_FIELD_BIT(IC_F_DST_NAME));
	assert_true(set & IC_FIELD_BIT(IC_F_URI));
	assert_false(set & IC_FIELD_BIT(IC_F_SNI));
	ic_field_map_free(m);
	ic_field_map_free(NULL);
}

static void test_errors(void **state)
{
	(void)state;
	static const struct {
		const char *text, *message;
		unsigned line, column;
	} cases[] = {
		{ "t = time\nx = user_agnet\n", "unknown field \"user_agnet\"; did you mean \"user_agent\"?",
		  2, 5 },
		{ "x = scr_ip\n", "unknown field \"scr_ip\"; did you mean \"src_ip\"?", 1, 5 },
		{ "x = qqqqqqqqqqqqqqq\n", "unknown field \"qqqqqqqqqqqqqqq\"", 1, 5 },
		{ "t = time\n  nonsense\n", "no = in this line; expected: their_name = our_name", 2, 3 },
		{ "= time\n", "no name left of =", 1, 1 },
		{ "t =\n", "no name right of =", 1, 4 },
		{ "t = # time\n", "no name right of =", 1, 4 },
		{ "t = time(fortnights)\n", "the unit is none of s, ms, us, ns: \"fortnights\"", 1, 10 },
		{ "t = time(ms\n", "no ) after the unit", 1, 9 },
		{ "p = dst_port(ms)\n", "only time and duration_s have a unit", 1, 13 },
		{ "\"t = time\n", "the quote is not closed", 1, 1 },
		{ "\"t\" x = time\n", "text between the quote and =", 1, 4 },
		{ "l = event_level\n", "ictus itself sets the field \"event_level\"", 1, 5 },
		{ "a = src_ip\n", "no line of the field map gives time", 0, 0 },
		{ "", "no line of the field map gives time", 0, 0 },
		{ "x = src\x1bip\n", "unknown field \"src\\x1bip\"; did you mean \"src_ip\"?", 1, 5 },
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		ic_field_map *m = NULL;
		ic_error err = { 0 };
		assert_int_equal(
		    ic_field_map_parse(cases[i].text, strlen(cases[i].text), "site.map", &m, &err),
		    IC_E_USAGE);
		assert_null(m);
		assert_string_equal(err.message, cases[i].message);
		assert_string_equal(err.file, "site.map");
		assert_int_equal(err.line, cases[i].line);
		assert_int_equal(err.column, cases[i].column);
	}
}

static void test_too_long(void **state)
{
	(void)state;
	char text[300 * 16];
	size_t n = 0;
	for (int i = 0; i < 300; i++)
		n += (size_t)snprintf(text + n, sizeof(text) - n, "a%d = time\n", i);
	ic_field_map *m = NULL;
	ic_error err = { 0 };
	assert_int_equal(ic_field_map_parse(text, n, "site.map", &m, &err), IC_E_USAGE);
	assert_string_equal(err.message, "more than 256 lines");
	assert_int_equal(err.line, 257);
}

static void test_missing_file(void **state)
{
	(void)state;
	ic_field_map *m = NULL;
	ic_error err = { 0 };
	assert_int_equal(ic_field_map_load("/nonexistent/site.map", &m, &err), IC_E_IO);
	assert_string_equal(err.message, "No such file or directory");
	assert_string_equal(err.file, "/nonexistent/site.map");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_good),
		cmocka_unit_test(test_errors),
		cmocka_unit_test(test_too_long),
		cmocka_unit_test(test_missing_file),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
