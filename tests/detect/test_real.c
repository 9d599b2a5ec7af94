/* SPDX-License-Identifier: Apache-2.0 */
/* Real days and real command and control, when the telemetry is at hand (ICTUS_SHARED, else ../shared):
 * what must be found, and that innocent automation ranks under it. Skipped otherwise. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#include "ictus.h"

#define TEXT_MOST (64u << 20)

typedef struct sink {
	char *text;
	size_t n;
} sink;

static ic_status take(void *ctx, const void *bytes, size_t n)
{
	sink *s = ctx;
	assert_true(s->n + n < TEXT_MOST);
	memcpy(s->text + s->n, bytes, n);
	s->n += n;
	s->text[s->n] = 0;
	return IC_OK;
}

static const char *shared(const char *path, char buf[512])
{
	const char *root = getenv("ICTUS_SHARED");
	snprintf(buf, 512, "%s/data/%s", root ? root : IC_SOURCE_ROOT "/../shared", path);
	return access(buf, R_OK) == 0 ? buf : NULL;
}

/* The findings of these paths as NDJSON, to be freed; NULL if one is not there. */
static char *scan(const char *const *paths, size_t n, bool all)
{
	char buf[4][512];
	const char *found[4];
	for (size_t i = 0; i < n; i++)
		if (!(found[i] = shared(paths[i], buf[i])))
			return NULL;
	ic_scan_options opt;
	ic_scan_options_init(&opt);
	opt.input.paths = found;
	opt.input.path_count = n;
	opt.input.ports = "all";
	opt.input.threads = 2;
	opt.all = all;
	sink s = { malloc(TEXT_MOST), 0 };
	assert_non_null(s.text);
	s.text[0] = 0;
	const ic_output out = { take, &s, 80, false };
	ic_summary sum;
	ic_error err;
	assert_int_equal(ic_scan(&opt, NULL, &out, &sum, &err), IC_OK);
	return s.text;
}

/* The first finding of a detector whose line has all of these; its line is cut out. */
static const char *finding_with(const char *text, const char *detector, const char *a, const char *b,
				char line[65536])
{
	while (*text) {
		const char *end = strchr(text, '\n');
		size_t n = end ? (size_t)(end - text) : strlen(text);
		if (n < 65536) {
			memcpy(line, text, n);
			line[n] = 0;
			if (strstr(line, detector) && strstr(line, a) && (!b || strstr(line, b)))
				return line;
		}
		text += n + (end != NULL);
	}
	return NULL;
}

static const char *beacon_with(const char *text, const char *a, const char *b, char line[65536])
{
	return finding_with(text, "\"detector\":\"beacon\"", a, b, line);
}

static double number(const char *line, const char *key)
{
	const char *at = strstr(line, key);
	assert_non_null(at);
	return strtod(at + strlen(key), NULL);
}

static const char njrat[] = "strato_testing/001-zeek-scenario-malicious/conn.log";
static const char day8[] = "strato_testing/008-zeek-mixed/data";
static const char day11[] = "strato_testing/011-zeek-mixed/data";

static void a_dead_server_is_found(void **state)
{
	(void)state;
	const char *const paths[] = { njrat };
	char *text = scan(paths, 1, false);
	if (!text)
		skip();
	static char line[65536];
	assert_non_null(
	    beacon_with(text, "\"src_ip\":\"192.168.1.115\"", "\"dst_ip\":\"41.108.179.197\"", line));
	assert_int_equal(number(line, "\"connections\":"), 237);
	assert_true(number(line, "\"sleep_s\":") > 12 && number(line, "\"sleep_s\":") < 16);
	assert_true(strncmp(text, line, strlen(line)) == 0); /* first of all */
	free(text);
}

static void a_beat_through_a_proxy_ranks_first(void **state)
{
	(void)state;
	const char *const paths[] = { "rita/proxy" };
	char *text = scan(paths, 1, false);
	if (!text)
		skip();
	static char line[65536];
	assert_non_null(beacon_with(text, "\"dst_name\":\"www.honestimnotevil.com\"", NULL, line));
	assert_true(number(line, "\"sleep_s\":") > 298 && number(line, "\"sleep_s\":") < 308);
	assert_true(strncmp(text, line, strlen(line)) == 0);
	free(text);
}

/* Eight check-ins after two of another kind: not enough for timing alone, but the agent is listed. */
static void a_few_check_ins_of_a_listed_agent_have_their_beat(void **state)
{
	(void)state;
	const char *const paths[] = {
		"malware_pcap/binaries_lokibot_2020_February__af10c77d2bb3b33acff69640aef7de93.pcap"
	};
	char *text = scan(paths, 1, false);
	if (!text)
		skip();
	static char line[65536];
	assert_non_null(finding_with(text, "\"detector\":\"user-agent\"", "\"dst_ip\":\"107.175.150.73\"",
				     "\"level\":\"critical\"", line));
	assert_true(fabs(number(line, "\"interval_median_s\":") - 63.4) < 0.1);
	assert_true(fabs(number(line, "\"sleep_s\":") - 64) < 3);
	free(text);
}

/* With names, and with connections alone. */
static void innocent_automation_ranks_under_command_and_control(void **state)
{
	(void)state;
	static const char *const innocent[] = { "51.104.162.168", "20.54.24.231",   "20.54.24.246",
						"20.199.120.151", "91.228.167.171", "44.201.116.124",
						"3.80.138.201" };
	static char line[65536], key[64];
	for (int round = 0; round < 2; round++) {
		const char *const full[] = { njrat, day8, day11 };
		const char *const conn[] = { njrat, "strato_testing/008-zeek-mixed/data/conn.log.labeled",
					     "strato_testing/011-zeek-mixed/data/conn.log.labeled" };
		char *text = scan(round ? conn : full, 3, true);
		if (!text)
			skip();
		assert_non_null(beacon_with(text, "\"dst_ip\":\"41.108.179.197\"", NULL, line));
		double c2 = number(line, "\"priority\":");
		assert_true(c2 >= 60);
		for (size_t i = 0; i < sizeof(innocent) / sizeof(innocent[0]); i++) {
			snprintf(key, sizeof key, "\"dst_ip\":\"%s\"", innocent[i]);
			if (!beacon_with(text, key, "\"group_by\":\"dst_ip_port\"", line))
				fail_msg("%s is not scored", innocent[i]);
			if (number(line, "\"automation\":") < 80 || number(line, "\"priority\":") >= c2 - 20)
				fail_msg("%s", line);
		}
		free(text);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_dead_server_is_found),
		cmocka_unit_test(a_beat_through_a_proxy_ranks_first),
		cmocka_unit_test(a_few_check_ins_of_a_listed_agent_have_their_beat),
		cmocka_unit_test(innocent_automation_ranks_under_command_and_control),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
