/* SPDX-License-Identifier: Apache-2.0 */
/* The same telemetry gives the same bytes, whatever the threads, the order and the packing of the
 * files; and known beacons in real telemetry are found. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <zlib.h>

#include "base/time.h"
#include "capture.h"

static char folder[] = "/tmp/ictus-scan-XXXXXX";
static ic_buf by_two; /* what two threads find in the TSV: others are compared with it */

static const char *const logs[] = { "conn.log", "http.log", "ssl.log" };

static void path_of(char *to, size_t room, const char *sub, const char *name, const char *end)
{
	snprintf(to, room, "%s/%s/%s%s", folder, sub, name, end);
}

static void pack(const char *name)
{
	char from[256], to[256], bytes[8192];
	path_of(from, sizeof from, "zeek", name, "");
	path_of(to, sizeof to, "packed", name, ".gz");
	FILE *f = fopen(from, "rb");
	gzFile g = gzopen(to, "wb1");
	assert_non_null(f);
	assert_non_null(g);
	size_t n;
	while ((n = fread(bytes, 1, sizeof bytes, f)) > 0)
		assert_int_equal(gzwrite(g, bytes, (unsigned)n), (int)n);
	gzclose(g);
	fclose(f);
}

static void simulate(const char *format, const char *sub)
{
	char to[256];
	snprintf(to, sizeof to, "%s/%s", folder, sub);
	ic_simulate_options opt;
	ic_simulate_options_init(&opt);
	opt.folder = to;
	opt.format = format;
	opt.hosts = 24;
	opt.seed = 5;
	ic_error err = { 0 };
	ic_buf none;
	ic_output out = capture_into(&none);
	if (ic_simulate(&opt, NULL, &out, &err) != IC_OK)
		fail_msg("%s: %s", err.file, err.message);
	ic_buf_clear(&none);
}

static void scan(ic_buf *text, const char *const *paths, size_t n, unsigned threads, const char *ports,
		 ic_summary *sum)
{
	ic_scan_options opt;
	ic_scan_options_init(&opt);
	opt.input.paths = paths;
	opt.input.path_count = n;
	opt.input.threads = threads;
	opt.input.ports = ports;
	ic_output out = capture_into(text);
	ic_error err = { 0 };
	ic_summary unused;
	if (ic_scan(&opt, NULL, &out, sum ? sum : &unused, &err) != IC_OK)
		fail_msg("%s: %s", err.file, err.message);
	assert_false(text->failed);
	ic_buf_putc(text, 0);
}

static void scan_folder(ic_buf *text, const char *sub, unsigned threads)
{
	char path[256];
	snprintf(path, sizeof path, "%s/%s", folder, sub);
	const char *paths[] = { path };
	scan(text, paths, 1, threads, "web", NULL);
}

static int make_telemetry(void **state)
{
	(void)state;
	char packed[256];
	if (!mkdtemp(folder))
		return -1;
	simulate("zeek-tsv", "zeek");
	simulate("zeek-json", "json");
	simulate("eve", "eve");
	snprintf(packed, sizeof packed, "%s/packed", folder);
	mkdir(packed, 0777);
	for (size_t i = 0; i < 3; i++)
		pack(logs[i]);
	scan_folder(&by_two, "zeek", 2);
	return 0;
}

static int remove_telemetry(void **state)
{
	(void)state;
	ic_buf_clear(&by_two);
	char command[256];
	snprintf(command, sizeof command, "rm -rf '%s'", folder);
	return system(command);
}

static void same_bytes_with_any_threads(void **state)
{
	(void)state;
	ic_buf one, seven;
	scan_folder(&one, "zeek", 1);
	scan_folder(&seven, "zeek", 7);
	assert_true(strstr(by_two.p, "\"detector\":\"beacon\"") != NULL);
	assert_string_equal(one.p, by_two.p);
	assert_string_equal(seven.p, by_two.p);
	ic_buf_clear(&one);
	ic_buf_clear(&seven);
}

static void same_bytes_in_any_file_order_and_packing(void **state)
{
	(void)state;
	ic_buf reversed, packed;
	char path[3][256];
	for (size_t i = 0; i < 3; i++)
		path_of(path[i], sizeof path[i], "zeek", logs[2 - i], "");
	const char *paths[] = { path[0], path[1], path[2] };
	scan(&reversed, paths, 3, 2, "web", NULL);
	scan_folder(&packed, "packed", 3);
	assert_string_equal(reversed.p, by_two.p);
	assert_string_equal(packed.p, by_two.p);
	ic_buf_clear(&reversed);
	ic_buf_clear(&packed);
}

static void same_findings_in_tsv_and_json(void **state)
{
	(void)state;
	ic_buf json;
	scan_folder(&json, "json", 2);
	assert_string_equal(json.p, by_two.p);
	ic_buf_clear(&json);
}

/* EVE says less about sizes, but the clock is the same. */
static void eve_finds_the_clock(void **state)
{
	(void)state;
	ic_buf eve;
	scan_folder(&eve, "eve", 2);
	assert_non_null(strstr(eve.p, "cdn-assets.example.net"));
	ic_buf_clear(&eve);
}

static const char *finding_with(const char *text, const char *a, const char *b)
{
	static char line[65536];
	for (const char *at = text; at && *at; at = strchr(at, '\n') ? strchr(at, '\n') + 1 : NULL) {
		size_t n = strcspn(at, "\n");
		if (n >= sizeof line)
			continue;
		memcpy(line, at, n);
		line[n] = 0;
		if (strstr(line, a) && strstr(line, b) && strstr(line, "\"detector\":\"beacon\""))
			return line;
	}
	return NULL;
}

static double number_in(const char *line, const char *key)
{
	const char *at = strstr(line, key);
	assert_non_null(at);
	return strtod(at + strlen(key), NULL);
}

static void finds_njrat(void **state)
{
	(void)state;
	if (!shared_folder())
		skip();
	char path[1200];
	snprintf(path, sizeof path, "%s/data/strato_testing/001-zeek-scenario-malicious/labeled-conn.log",
		 shared_folder());
	const char *paths[] = { path };
	ic_buf text;
	scan(&text, paths, 1, 0, "all", NULL);
	const char *line = finding_with(text.p, "\"dst_ip\":\"41.108.179.197\"", "\"dst_port\":1177");
	assert_non_null(line);
	assert_true(number_in(line, "\"connections\":") == 237);
	assert_true(number_in(line, "\"interval_median_s\":") > 13 &&
		    number_in(line, "\"interval_median_s\":") < 15);
	ic_buf_clear(&text);
}

static void ranks_the_proxied_beacon_first(void **state)
{
	(void)state;
	if (!shared_folder())
		skip();
	char path[1200];
	snprintf(path, sizeof path, "%s/data/rita/proxy", shared_folder());
	const char *paths[] = { path };
	ic_buf text;
	scan(&text, paths, 1, 0, "web", NULL);
	text.p[strcspn(text.p, "\n")] = 0;
	assert_non_null(strstr(text.p, "\"dst_name\":\"www.honestimnotevil.com\""));
	double sleep = number_in(text.p, "\"sleep_s\":");
	assert_true(sleep >= 298 && sleep <= 308);
	ic_buf_clear(&text);
}

static void convert(ic_buf *text, const char *path)
{
	ic_convert_options opt;
	ic_convert_options_init(&opt);
	opt.input.paths = &path;
	opt.input.path_count = 1;
	ic_output out = capture_into(text);
	ic_error err = { 0 };
	ic_summary sum;
	if (ic_convert(&opt, NULL, &out, &sum, &err) != IC_OK)
		fail_msg("%s: %s", err.file, err.message);
}

static void tsv_and_json_convert_to_the_same_bytes(void **state)
{
	(void)state;
	if (!shared_folder())
		skip();
	char tsv[1200], json[1200];
	snprintf(tsv, sizeof tsv, "%s/data/wrccdc_zeek/zeek-default/ssl.log.gz", shared_folder());
	snprintf(json, sizeof json, "%s/data/wrccdc_zeek/zeek-json/ssl.json.gz", shared_folder());
	ic_buf a, b;
	convert(&a, tsv);
	convert(&b, json);
	assert_true(a.n > 1000000);
	assert_int_equal(a.n, b.n);
	assert_memory_equal(a.p, b.p, a.n);
	ic_buf_clear(&a);
	ic_buf_clear(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(same_bytes_with_any_threads),
		cmocka_unit_test(same_bytes_in_any_file_order_and_packing),
		cmocka_unit_test(same_findings_in_tsv_and_json),
		cmocka_unit_test(eve_finds_the_clock),
		cmocka_unit_test(finds_njrat),
		cmocka_unit_test(ranks_the_proxied_beacon_first),
		cmocka_unit_test(tsv_and_json_convert_to_the_same_bytes),
	};
	return cmocka_run_group_tests_name("scan", tests, make_telemetry, remove_telemetry);
}
