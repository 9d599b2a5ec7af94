/* SPDX-License-Identifier: Apache-2.0 */
/* The detectors besides the beacon: user agents, TLS, WebSocket, long connections, strobes. */
#include "world.h"

#include "detect/listed.h"

#define T0 1714550400.0
#define CHROME                                                                                               \
	"Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/124.0.0.0 " \
	"Safari/537.36"

static const event one = {
	.src = "10.0.0.5", .dst = "198.51.100.7", .port = 80, .t = T0, .out = 900, .in = 1500
};

static void the_four_agents_of_the_public_tests_fire(void **state)
{
	(void)state;
	static const char *const agents[] = { "HttpBrowser/1.0", "Wget/1.9+cvs-stable (Red Hat modified)",
					      "Opera/8.81 (Windows NT 6.0; U; en)", "*<|>*" };
	world w = world_new(true);
	for (size_t i = 0; i < 4; i++) {
		event e = one;
		e.agent = agents[i];
		e.name = "www.example.com";
		e.request = true;
		e.signals = IC_SIG_HTTP | IC_SIG_HAS_USER_AGENT | IC_SIG_NOT_POST;
		world_add(&w, &e);
	}
	ic_findings f = world_detect(&w, (ic_detect_config){ 0 });
	for (size_t i = 0; i < 4; i++) {
		const ic_finding *u = finding_of(&f, "user-agent", agents[i]);
		assert_non_null(u);
		assert_int_equal(u->level, IC_MEDIUM); /* an oddity alone is no more */
		assert_true(isnan(u->automation));
		assert_int_equal(u->group_by, IC_BY_USER_AGENT);
		assert_non_null(reason_of(u, "listed"));
		assert_non_null(reason_of(u, "oddity-alone"));
		assert_int_equal(u->connections, 1);
	}
	ic_findings_clear(&f);
	world_free(&w);
}

static int64_t ticks_of_year(double year)
{
	return (int64_t)((year - 1970) * 365.2425 * 86400) * IC_TICKS_S;
}

static void agents_are_judged_by_their_shape(void **state)
{
	(void)state;
	const char *why = NULL;
	static const char *const malformed[] = { "",
						 "Modzilla/-2.0 (Atari 7800)",
						 "Mozila/5.0 (Windows NT 10.0)",
						 " curl/8.0",
						 "Mozilla/5.0",
						 "Mozilla/5.0 (Windows NT 10.0",
						 "a\001b",
						 "agent\xc3\xa9",
						 "*<|>*" };
	static const char *const legacy[] = { "Mozilla/4.0 (compatible; MSIE 6.0; Windows NT 5.1)",
					      "Opera/8.81 (Windows NT 6.0; U; en)" };
	static const char *const ordinary[] = {
		CHROME,
		"Microsoft-CryptoAPI/10.0",
		"Windows-Update-Agent/10.0.10011.16384 Client-Protocol/2.50",
		"Opera/9.80 (Windows NT 6.1; U; en) Presto/2.10.289 Version/12.02",
		"Mozilla/5.0 (Windows NT 10.0; WOW64; Trident/7.0; rv:11.0) like Gecko",
		"curl/8.5.0",
	};
	for (size_t i = 0; i < sizeof(malformed) / sizeof(malformed[0]); i++)
		assert_int_equal(ic_user_agent_shape(ic_str_of(malformed[i]), IC_TIME_NONE, &why),
				 IC_AGENT_MALFORMED);
	for (size_t i = 0; i < sizeof(legacy) / sizeof(legacy[0]); i++)
		assert_int_equal(ic_user_agent_shape(ic_str_of(legacy[i]), IC_TIME_NONE, &why),
				 IC_AGENT_LEGACY);
	for (size_t i = 0; i < sizeof(ordinary) / sizeof(ordinary[0]); i++)
		assert_int_equal(ic_user_agent_shape(ic_str_of(ordinary[i]), IC_TIME_NONE, &why),
				 IC_AGENT_ORDINARY);
	/* a browser's version is old when it is used, not for ever; of what lies between listed versions, and beyond */
	static const struct {
		const char *agent;
		double year;
		ic_agent_shape shape;
	} aged[] = {
		{ "Mozilla/5.0 (X11) Gecko/20100101 Firefox/12.0", 2014.0, IC_AGENT_ORDINARY },
		{ "Mozilla/5.0 (X11) Gecko/20100101 Firefox/12.0", 2017.0, IC_AGENT_LEGACY },
		{ "Mozilla/5.0 (X11) AppleWebKit/537.36 Chrome/96.0.1.1 Safari/537.36", 2025.7,
		  IC_AGENT_ORDINARY },
		{ "Mozilla/5.0 (X11) AppleWebKit/537.36 Chrome/96.0.1.1 Safari/537.36", 2026.2,
		  IC_AGENT_LEGACY },
		{ "Mozilla/5.0 (X11) AppleWebKit/537.36 Chrome/150.0.1.1 Safari/537.36", 2030.0,
		  IC_AGENT_ORDINARY },
		{ "Mozilla/5.0 (X11) AppleWebKit/537.36 Chrome/150.0.1.1 Safari/537.36", 2031.0,
		  IC_AGENT_LEGACY },
		{ "Mozilla/5.0 (X11) AppleWebKit/537.36 Chrome/99999.0 Safari/537.36", 2031.0,
		  IC_AGENT_ORDINARY },
		{ "Mozilla/5.0 (X11) AppleWebKit/537.36 Chrome/ Safari/537.36", 2031.0, IC_AGENT_ORDINARY },
	};
	for (size_t i = 0; i < sizeof(aged) / sizeof(aged[0]); i++)
		assert_int_equal(
		    ic_user_agent_shape(ic_str_of(aged[i].agent), ticks_of_year(aged[i].year), &why),
		    aged[i].shape);
	assert_true(ic_user_agent_is_browser(ic_str_of(CHROME)));
	assert_false(ic_user_agent_is_browser(IC_STR("curl/8.5.0")));
}

/* Every agent that the public hunting queries list is here, and a grave entry wins over a tool. */
static void the_list_has_the_known_ones(void **state)
{
	(void)state;
	static const char *const listed[] = {
		"Mozilla/5.0 (compatible; MSIE 9.0; Windows NT 6.1; Trident/5.0)",
		"Mozilla/4.0 (compatible; MSIE 7.0; Windows NT 6.0)",
		"xMALCx",
		"Mozilla/4.0 (compatible; Win32; WinHTTP)",
		"Go-http-client/1.1",
		"python-requests/2.31.0",
		"Java/1.8.0_201",
		"CobaltStrike",
		"Wget/1.21",
		"curl/7.58.0"
	};
	for (size_t i = 0; i < sizeof(listed) / sizeof(listed[0]); i++)
		assert_non_null(ic_user_agent_listed(ic_str_of(listed[i])));
	assert_int_equal(ic_user_agent_listed(IC_STR("Wget/1.9+cvs-stable (Red Hat modified)"))->category,
			 IC_LIST_MALWARE);
	assert_int_equal(ic_user_agent_listed(IC_STR("Wget/1.21"))->category, IC_LIST_TOOL);
	/* the gravest of several entries that match */
	assert_int_equal(ic_user_agent_listed(IC_STR("WinHTTP loader/1.0"))->category, IC_LIST_MALWARE);
	assert_int_equal(ic_user_agent_listed(IC_STR("TeslaBrowser/5.5"))->category, IC_LIST_MALWARE);
	assert_null(ic_user_agent_listed(ic_str_of(CHROME)));
	assert_null(ic_user_agent_listed(IC_STR("")));
	assert_non_null(ic_fingerprint_listed(IC_STR("6734f37431670b3ab4292b8f60f29984"), IC_LIST_JA3));
	assert_null(ic_fingerprint_listed(IC_STR("6734f37431670b3ab4292b8f60f29984"), IC_LIST_JA4));
}

static void processes_are_known_by_their_image(void **state)
{
	(void)state;
	assert_true(ic_process_is_unusual(IC_STR("PowerShell.EXE")));
	assert_true(ic_process_is_unusual(IC_STR("C:\\Windows\\System32\\rundll32.exe")));
	assert_true(ic_process_is_unusual(IC_STR("/bin/bash")));
	assert_false(ic_process_is_unusual(IC_STR("chrome.exe")));
	assert_false(ic_process_is_unusual(IC_STR("mypowershell.exe")));
	assert_true(ic_process_is_browser(IC_STR("msedge.exe")));
}

static void a_borrowed_agent_is_a_mismatch(void **state)
{
	(void)state;
	static const struct {
		const char *process, *ja4;
		size_t found;
	} cases[] = { { "chrome.exe", "t13d1516h2_8daaf6152771_e5627efa2ab1", 0 },
		      { "teams.exe", NULL, 0 },
		      { "/usr/bin/curl", NULL, 1 },
		      { "powershell.exe", NULL, 1 },
		      { NULL, "t13d190900_9dc949149365_97f8aa674fd9", 1 } };
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		world w = world_new(true);
		event e = one;
		e.agent = CHROME;
		e.name = "www.example.com";
		e.request = true;
		e.process = cases[i].process;
		e.ja4 = cases[i].ja4;
		e.signals = IC_SIG_HTTP;
		world_add(&w, &e);
		ic_findings f = world_detect(&w, (ic_detect_config){ 0 });
		assert_int_equal(count_of(&f, "user-agent"), cases[i].found);
		if (cases[i].found)
			assert_non_null(reason_of(finding_of(&f, "user-agent", NULL), "mismatch"));
		ic_findings_clear(&f);
		world_free(&w);
	}
}

static void missing_agents_are_one_finding_a_source(void **state)
{
	(void)state;
	world w = world_new(true);
	char dst[32];
	for (int i = 0; i < 5; i++) {
		event e = one;
		snprintf(dst, sizeof dst, "198.51.100.%d", i + 1);
		e.dst = dst;
		e.request = true;
		e.signals = IC_SIG_HTTP | IC_SIG_NO_USER_AGENT;
		world_add(&w, &e);
		if (i == 3)
			world_add(&w, &e);
	}
	ic_findings f = world_detect(&w, (ic_detect_config){ 0 });
	assert_int_equal(count_of(&f, "user-agent"), 1);
	const ic_finding *u = finding_of(&f, "user-agent", NULL);
	assert_true(ic_str_eq(u->value, IC_STR("198.51.100.4:80"))); /* most events */
	assert_int_equal(u->cover_count, 4);
	assert_int_equal(u->connections, 6);
	assert_true(u->level <= IC_LOW);
	ic_findings_clear(&f);
	world_free(&w);
}

static void rarity_needs_twenty_hosts(void **state)
{
	(void)state;
	for (int hosts = 19; hosts <= 20; hosts++) {
		world w = world_new(true);
		char src[32];
		for (int i = 0; i < hosts; i++) {
			event e = one;
			snprintf(src, sizeof src, "10.0.0.%d", i + 1);
			e.src = src;
			e.request = true;
			e.signals = IC_SIG_HTTP | IC_SIG_TLS | IC_SIG_HAS_USER_AGENT;
			e.name = "www.example.com";
			e.agent = i ? CHROME : "Updater of the accounts department";
			e.ja4 = i ? "t13d1516h2_8daaf6152771_e5627efa2ab1"
				  : "t13d1516h2_8daaf6152771_aaaaaaaaaaaa";
			world_add(&w, &e);
		}
		ic_findings f = world_detect(&w, (ic_detect_config){ 0 });
		assert_int_equal(count_of(&f, "user-agent"), hosts == 20);
		assert_int_equal(count_of(&f, "tls"), hosts == 20);
		if (hosts == 20) {
			assert_non_null(reason_of(finding_of(&f, "user-agent", NULL), "rare-agents"));
			assert_non_null(reason_of(finding_of(&f, "tls", NULL), "rare-ja4"));
		}
		ic_findings_clear(&f);
		world_free(&w);
	}
}

static void tls_oddities_are_one_finding_a_source_and_cause(void **state)
{
	(void)state;
	world w = world_new(true);
	event e = one;
	e.port = 443;
	e.signals = IC_SIG_TLS | IC_SIG_NO_SNI;
	world_add(&w, &e);
	e.dst = "198.51.100.8";
	world_add(&w, &e);
	e.dst = "198.51.100.9";
	e.name = "a.example.com";
	e.signals = IC_SIG_TLS | IC_SIG_SELF_SIGNED;
	world_add(&w, &e);
	e.dst = "198.51.100.10";
	e.name = "b.example.com";
	e.signals = IC_SIG_TLS;
	e.ja3 = "6734f37431670b3ab4292b8f60f29984";
	world_add(&w, &e);
	ic_findings f = world_detect(&w, (ic_detect_config){ 0 });
	assert_int_equal(count_of(&f, "tls"), 3);
	assert_non_null(finding_of(&f, "tls", "198.51.100.7:443"));
	const ic_finding *cert = finding_of(&f, "tls", "a.example.com"),
			 *ja = finding_of(&f, "tls", "b.example.com");
	assert_true(fabs(reason_of(cert, "certificate")->contribution - 2.2) < 1e-9);
	assert_non_null(reason_of(ja, "listed-fingerprint"));
	assert_true(fabs(reason_of(ja, "fingerprint")->contribution - 1.8) < 1e-9);
	assert_true(ja->priority > cert->priority);
	assert_int_equal(ja->level, IC_MEDIUM); /* a library that innocent programs share */
	assert_non_null(reason_of(ja, "oddity-alone"));
	for (size_t i = 0; i < f.n; i++)
		for (size_t k = i + 1; k < f.n; k++)
			assert_true(f.list[i].id != f.list[k].id);
	ic_findings_clear(&f);
	e.signals |= IC_SIG_SELF_SIGNED;
	world_add(&w, &e);
	f = world_detect(&w, (ic_detect_config){ 0 });
	assert_true(reason_of(&f.list[0], "listed-fingerprint") && f.list[0].level == IC_CRITICAL);
	ic_findings_clear(&f);
	world_free(&w);
}

/* Go's library is Sliver's, too. */
static void a_listed_client_of_the_whole_fleet_is_a_library(void **state)
{
	(void)state;
	static const struct {
		int hosts, users;
		ic_level level;
	} cases[] = { { 40, 40, IC_LOW }, { 40, 1, IC_MEDIUM }, { 19, 19, IC_MEDIUM } };
	for (size_t c = 0; c < sizeof(cases) / sizeof(cases[0]); c++) {
		world w = world_new(true);
		for (int i = 0; i < 2 * cases[c].hosts; i++) {
			event e = one;
			char src[32], dst[32];
			snprintf(src, sizeof src, "10.0.0.%d", i / 2 + 1);
			snprintf(dst, sizeof dst, "198.51.100.%d", i + 1);
			e.src = src;
			e.dst = dst;
			e.name = i % 2 ? "a.example.com" : "b.example.com";
			e.port = 443;
			e.signals = IC_SIG_TLS;
			e.ja4 = i / 2 < cases[c].users ? "t13d190900_9dc949149365_97f8aa674fd9"
						       : "t13d1516h2_8daaf6152771_e5627efa2ab1";
			world_add(&w, &e);
		}
		ic_findings f = world_detect(&w, (ic_detect_config){ 0 });
		assert_int_equal(count_of(&f, "tls"), cases[c].users);
		for (size_t i = 0; i < f.n; i++) {
			assert_int_equal(f.list[i].level, cases[c].level);
			assert_int_equal(reason_of(&f.list[i], "common-client") != NULL, c == 0);
		}
		ic_findings_clear(&f);
		world_free(&w);
	}
}

static void only_unusual_upgrades_count(void **state)
{
	(void)state;
	world w = world_new(true);
	event e = one;
	e.port = 443;
	e.name = "chat.example.com";
	e.request = true;
	e.signals = IC_SIG_HTTP | IC_SIG_UPGRADE | IC_SIG_HAS_USER_AGENT;
	e.agent = CHROME;
	world_add(&w, &e);
	ic_findings f = world_detect(&w, (ic_detect_config){ 0 });
	assert_int_equal(count_of(&f, "websocket"), 0);
	ic_findings_clear(&f);
	e.name = NULL;
	e.dst = "198.51.100.8";
	e.port = 8080;
	e.agent = "curl/7.58.0";
	e.signals |= IC_SIG_BARE_IP;
	world_add(&w, &e);
	f = world_detect(&w, (ic_detect_config){ 0 });
	const ic_finding *s = finding_of(&f, "websocket", "198.51.100.8:8080");
	assert_non_null(s);
	assert_non_null(reason_of(s, "websocket-client"));
	assert_non_null(reason_of(s, "no-name"));
	ic_findings_clear(&f);
	world_free(&w);
}

static void long_connections_have_four_levels(void **state)
{
	(void)state;
	static const struct {
		double hours;
		int n;
		int level;
		const char *text;
		double step_s; /* 0: 4,000 */
	} cases[] = {
		{ 0.9, 1, -1, NULL },
		{ 1, 1, IC_LOW, "1 connection lasts 1 h: 1 hour or more" },
		{ 4, 1, IC_MEDIUM, "1 connection lasts 4 h: 4 hours or more" },
		{ 8.5, 1, IC_HIGH, "1 connection lasts 8 h 30 min: 8 hours or more" },
		{ 12, 1, IC_CRITICAL, "1 connection lasts 12 h: 12 hours or more" },
		{ 0.5, 3, IC_LOW,
		  "3 connections last 1 h 30 min together, the longest 30 min: 1 hour or more" },
		{ 1.0 / 60, 1001, -1, NULL,
		  2592 }, /* a minute every three quarters of an hour, for a month */
		{ 0.5, 49, IC_LOW,
		  "49 connections last 1 d 1 h together (2 h 30 min a day), the longest 30 min: 1 hour or "
		  "more",
		  17640 },
		{ 5, 9, IC_HIGH,
		  "9 connections last 1 d 21 h together (11 h 15 min a day), the longest 5 h: 8 hours or "
		  "more",
		  43200 },
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		world w = world_new(false);
		event e = one;
		e.port = 443;
		e.duration = cases[i].hours * 3600;
		e.open = i == 1;
		const double step = cases[i].step_s > 0 ? cases[i].step_s : 4000;
		for (int k = 0; k < cases[i].n; k++, e.t += step)
			world_add(&w, &e);
		ic_findings f = world_detect(&w, (ic_detect_config){ 0 });
		assert_int_equal(count_of(&f, "long-connection"), cases[i].level >= 0);
		if (cases[i].level >= 0) {
			assert_int_equal(f.list[0].level, cases[i].level);
			assert_string_equal(reason_of(&f.list[0], "duration")->text, cases[i].text);
			assert_int_equal(reason_of(&f.list[0], "open") != NULL, i == 1);
		}
		ic_findings_clear(&f);
		world_free(&w);
	}
}

static void a_strobe_is_fast_and_lasts(void **state)
{
	(void)state;
	static const struct {
		int n;
		double step;
		int found;
	} cases[] = { { 1300, 0.5, 1 }, { 500, 0.5, 0 }, { 1300, 1.2, 0 }, { 2000, 0.01, 0 } };
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		world w = world_new(false);
		event e = one;
		world_beat(&w, e, (unsigned)cases[i].n, cases[i].step, 0);
		ic_findings f = world_detect(&w, (ic_detect_config){ 0 });
		assert_int_equal(count_of(&f, "strobe"), cases[i].found);
		if (cases[i].found)
			assert_true(fabs(reason_of(finding_of(&f, "strobe", NULL), "rate")->value - 2) <
				    0.01);
		ic_findings_clear(&f);
		world_free(&w);
	}
}

/* Too few check-ins for a beacon of their own: the finding that the agent makes says how often. */
static void oddities_say_the_beat_of_their_events(void **state)
{
	(void)state;
	event e = one;
	e.agent = "Mozilla/4.08 (Charon; Inferno)";
	e.request = true;
	e.signals = IC_SIG_HTTP | IC_SIG_HAS_USER_AGENT | IC_SIG_POST | IC_SIG_BARE_IP;
	for (int people = 0; people < 2; people++) {
		world w = world_new(true);
		world_beat(&w, e, 3, 5, 0.9); /* staging */
		event later = e;
		later.t += 60;
		world_beat(&w, later, 8, 64, people ? 0.999 : 0.05);
		ic_findings f = world_detect(&w, (ic_detect_config){ 0 });
		assert_int_equal(count_of(&f, "beacon"), 0);
		const ic_finding *u = finding_of(&f, "user-agent", e.agent);
		assert_non_null(u);
		assert_true(isnan(u->automation));
		const ic_reason *r = reason_of(u, "sleep");
		assert_int_equal(r != NULL, !people);
		assert_int_equal(isfinite(u->sleep_s), !people);
		if (r) {
			assert_true(u->sleep_s > 60 && u->sleep_s < 68 && u->jitter < 0.15);
			assert_true(ic_finding_period(u) > 60 && ic_finding_period(u) <= 64);
			assert_non_null(strstr(r->text, "11 requests, one every 6"));
			assert_non_null(strstr(r->text, "(automation "));
			assert_true(isnan(r->contribution));
		}
		ic_findings_clear(&f);
		world_free(&w);
	}
}

/* Room for findings is shared out by what waits; a share that has more of them takes what others do not need. */
static void findings_have_all_the_room_there_is(void **state)
{
	enum { SOURCES = 60 };
	(void)state;
	world w = world_new(true);
	for (int i = 0; i < SOURCES; i++) {
		char src[16];
		snprintf(src, sizeof src, "10.0.0.%d", i + 1);
		event e = { .src = src,
			    .dst = "203.0.113.9",
			    .port = 80,
			    .agent = "TeslaBrowser/5.5",
			    .request = true };
		e.signals = IC_SIG_HTTP;
		world_add(&w, &e);
	}
	const size_t most[] = { 0, SOURCES, SOURCES / 2 };
	for (unsigned threads = 1; threads <= 2; threads++)
		for (size_t i = 0; i < sizeof(most) / sizeof(most[0]); i++) {
			ic_findings f =
			    world_detect(&w, (ic_detect_config){ .threads = threads, .most = most[i] });
			assert_int_equal(f.n + f.left_out, SOURCES);
			assert_true(i == 2 ? f.left_out > 0 && f.n > SOURCES / 3 : f.left_out == 0);
			ic_findings_clear(&f);
		}
	world_free(&w);
}

static void the_table_of_detectors_explains_itself(void **state)
{
	(void)state;
	static const char *const names[] = { "beacon", "beacon.counts", "long-connection",
					     "strobe", "user-agent",	"websocket",
					     "tls" };
	size_t n = 0;
	for (const ic_detector *d = ic_detectors; d->name; d++, n++) {
		assert_string_equal(d->name, names[n]);
		assert_true(strlen(d->help) > 20);
		assert_string_equal(d->attack[0], "T1071.001");
	}
	assert_int_equal(n, 7);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_four_agents_of_the_public_tests_fire),
		cmocka_unit_test(agents_are_judged_by_their_shape),
		cmocka_unit_test(the_list_has_the_known_ones),
		cmocka_unit_test(processes_are_known_by_their_image),
		cmocka_unit_test(a_borrowed_agent_is_a_mismatch),
		cmocka_unit_test(missing_agents_are_one_finding_a_source),
		cmocka_unit_test(rarity_needs_twenty_hosts),
		cmocka_unit_test(tls_oddities_are_one_finding_a_source_and_cause),
		cmocka_unit_test(a_listed_client_of_the_whole_fleet_is_a_library),
		cmocka_unit_test(only_unusual_upgrades_count),
		cmocka_unit_test(long_connections_have_four_levels),
		cmocka_unit_test(a_strobe_is_fast_and_lasts),
		cmocka_unit_test(oddities_say_the_beat_of_their_events),
		cmocka_unit_test(findings_have_all_the_room_there_is),
		cmocka_unit_test(the_table_of_detectors_explains_itself),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
