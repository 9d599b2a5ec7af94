/* SPDX-License-Identifier: Apache-2.0 */
#include "world.h"

#include <unistd.h>

#define T0 1714550400.0

static char path[64];

static void write_rules(const char *text, size_t n)
{
	snprintf(path, sizeof path, "/tmp/ictus-rules-%d", (int)getpid());
	FILE *f = fopen(path, "wb");
	assert_non_null(f);
	assert_int_equal(fwrite(text, 1, n, f), n);
	fclose(f);
}

static ic_site_rules *read_rules(const char *text)
{
	write_rules(text, strlen(text));
	ic_site_rules *r = NULL;
	ic_error err = { 0 };
	ic_status st = ic_site_rules_read(path, &r, &err);
	if (st != IC_OK)
		print_message("%s\n", err.message);
	assert_int_equal(st, IC_OK);
	unlink(path);
	return r;
}

static world office(void)
{
	world w = world_new(true);
	event e = { .src = "10.0.0.5",
		    .host = "laptop-7.corp.example",
		    .dst = "198.51.100.7",
		    .port = 443,
		    .t = T0,
		    .out = 900,
		    .in = 1500,
		    .name = "agent.example.net",
		    .domain = "example.net",
		    .agent = "Inventory/2.1 (Windows)",
		    .process = "inventory.exe",
		    .ja4 = "t13d1516h2_8daaf6152771_e5627efa2ab1",
		    .signals = IC_SIG_TLS };
	world_beat(&w, e, 200, 300, 0.01);
	return w;
}

static void rules_match_on_every_condition(void **state)
{
	(void)state;
	static const struct {
		const char *rule;
		bool matches;
	} cases[] = {
		{ "src=10.0.0.0/8", true },
		{ "src=10.1.0.0/16", false },
		{ "src=LAPTOP-7.corp.example", true },
		{ "src=corp.example", true },
		{ "src=7.corp.example", false },
		{ "dst=198.51.100.0/24", true },
		{ "dst=198.51.100.7", true },
		{ "dst=192.0.2.0/24", false },
		{ "dst=example.net", true },
		{ "dst=ample.net", false },
		{ "port=443", true },
		{ "port=400-500", true },
		{ "port=80", false },
		{ "process=Inventory.exe", true },
		{ "process=other.exe", false },
		{ "user_agent=\"inventory/2\"", true },
		{ "user_agent=curl", false },
		{ "ja4=t13d1516h2_8daaf6152771_e5627efa2ab1", true },
		{ "ja4=t13d1516h2_8daaf6152771", false },
		{ "period=290-310", true },
		{ "period=50-70", false },
		{ "dst=example.net port=443 period=290-310 reason=\"it \\\"counts\\\" things\" owner=it",
		  true },
		{ "dst=example.net port=80", false },
		{ "dst=example.net expires=2024-05-01", true },	 /* the whole day counts */
		{ "dst=example.net expires=2024-04-30", false }, /* expired */
	};
	world w = office();
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		ic_site_rules *r = read_rules(cases[i].rule);
		ic_detect_config cfg = { .hide = r, .now = (int64_t)((T0 + 3600) * 1e7) };
		ic_findings f = world_detect(&w, cfg);
		if (f.hidden != (cases[i].matches ? 1 : 0))
			fail_msg("%s", cases[i].rule);
		assert_int_equal(f.hidden + f.n, 1);
		ic_findings_clear(&f);
		ic_site_rules_free(r);
	}
	world_free(&w);
}

static void lowering_is_named_and_keeps_the_finding(void **state)
{
	(void)state;
	world w = office();
	ic_findings plain = world_detect(&w, (ic_detect_config){ 0 });
	ic_site_rules *r =
	    read_rules("# what the site knows\n\n"
		       "port=80 reason=unrelated\n"
		       "dst=example.net reason=\"inventory agent\" owner=it  # until it is replaced\r\n");
	ic_findings f = world_detect(&w, (ic_detect_config){ .lower = r });
	assert_int_equal(f.n, 1);
	assert_true(is_lowered_by(&f.list[0], "site: inventory agent"));
	assert_true(fabs(reason_of(&f.list[0], "lowered")->contribution + 3) < 1e-9);
	assert_true(f.list[0].priority < plain.list[0].priority / 3);
	assert_true(f.list[0].automation == plain.list[0].automation);
	assert_true(f.list[0].id == plain.list[0].id);
	ic_findings_clear(&f);
	ic_findings_clear(&plain);
	ic_site_rules_free(r);
	r = read_rules("port=443\n");
	f = world_detect(&w, (ic_detect_config){ .lower = r });
	assert_true(is_lowered_by(&f.list[0], "site: rule of line 1"));
	ic_findings_clear(&f);
	ic_site_rules_free(r);
	world_free(&w);
}

static void expired_rules_are_counted(void **state)
{
	(void)state;
	ic_site_rules *r = read_rules("port=1 expires=2024-04-30\nport=2 expires=2024-05-01\nport=3\n");
	assert_int_equal(ic_site_rules_expired(r, (int64_t)(T0 * 1e7)), 1);
	assert_int_equal(ic_site_rules_expired(r, (int64_t)((T0 + 86400) * 1e7)), 2);
	ic_site_rules_free(r);
}

static void errors_have_their_place(void **state)
{
	(void)state;
	static const struct {
		const char *text;
		uint64_t line;
		uint32_t column;
		const char *part;
	} cases[] = {
		{ "port=80\n  prot=443\n", 2, 3, "unknown key" },
		{ "port=99999\n", 1, 6, "not a port" },
		{ "port=80.5\n", 1, 6, "not a port" },
		{ "port=90-80\n", 1, 6, "not a port" },
		{ "src=10.0.0.0/8 port=x", 1, 21, "not a port" },
		{ "dst=10.0.0.0/99", 1, 5, "not an address range" },
		{ "src=10.0.0.0/99", 1, 5, "not an address range" },
		{ "dst=10.0.0.1,10.0.0.2", 1, 5, "rules of their own" },
		{ "src=a.example,b.example", 1, 5, "rules of their own" },
		{ "ja4=a,b", 1, 5, "rules of their own" },
		{ "\xef\xbb\xbfport=x", 1, 6, "not a port" },
		{ "period=fast\n", 1, 8, "range of seconds" },
		{ "port=80 expires=2024-13-01", 1, 17, "YYYY-MM-DD" },
		{ "port=80 expires=soon", 1, 17, "YYYY-MM-DD" },
		{ "port=80 port=81", 1, 9, "twice" },
		{ "reason=\"no end", 1, 8, "no end" },
		{ "reason=\"x\"y", 1, 11, "blank" },
		{ "reason=alone", 1, 1, "without a condition" },
		{ "port", 1, 1, "key=value" },
		{ "port=", 1, 6, "empty" },
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		write_rules(cases[i].text, strlen(cases[i].text));
		ic_site_rules *r = NULL;
		ic_error err = { 0 };
		assert_int_equal(ic_site_rules_read(path, &r, &err), IC_E_USAGE);
		assert_null(r);
		assert_string_equal(err.file, path);
		if (err.line != cases[i].line || err.column != cases[i].column ||
		    !strstr(err.message, cases[i].part))
			fail_msg("%s: %llu:%u %s", cases[i].text, (unsigned long long)err.line, err.column,
				 err.message);
	}
	unlink(path);
	ic_site_rules *r = NULL;
	ic_error err = { 0 };
	assert_int_equal(ic_site_rules_read("/nonexistent/rules", &r, &err), IC_E_IO);
}

static void top_and_least_priority_limit_the_list(void **state)
{
	(void)state;
	world w = office();
	event e = { .src = "10.0.0.6", .dst = "198.51.100.99", .port = 1177, .t = T0, .out = 0, .in = 0 };
	world_beat(&w, e, 200, 14, 0.01);
	ic_findings f = world_detect(&w, (ic_detect_config){ 0 });
	assert_int_equal(f.n, 2);
	double high = f.list[0].priority;
	assert_true(high > f.list[1].priority);
	ic_findings_clear(&f);
	f = world_detect(&w, (ic_detect_config){ .top = 1 });
	assert_int_equal(f.n, 1);
	assert_true(f.list[0].priority == high);
	ic_findings_clear(&f);
	f = world_detect(&w, (ic_detect_config){ .min_priority = high });
	assert_int_equal(f.n, 1);
	ic_findings_clear(&f);
	world_free(&w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rules_match_on_every_condition),
		cmocka_unit_test(lowering_is_named_and_keeps_the_finding),
		cmocka_unit_test(expired_rules_are_counted),
		cmocka_unit_test(errors_have_their_place),
		cmocka_unit_test(top_and_least_priority_limit_the_list),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
