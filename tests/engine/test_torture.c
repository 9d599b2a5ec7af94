/* SPDX-License-Identifier: Apache-2.0 */
/* The main path with every allocation failing in turn. A run may end in two ways: IC_E_NOMEM, or a
 * result that is whole or says what it dropped. Leaks are the address sanitizer's to find. */
#include "../test.h"

#include <inttypes.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/hash.h"
#include "base/temp.h"
#include "capture.h"
#include "sink.h"

#define MOST_ALLOCATIONS 200000

static char folder[] = "/tmp/ictus-torture-XXXXXX";
static char rules_folder[] = "/tmp/ictus-rules-XXXXXX";

static int make_telemetry(void **state)
{
	(void)state;
	if (!mkdtemp(folder))
		return -1;
	ic_hash_seed_set(1); /* the same tables, thus the same allocations, in every run */
	ic_simulate_options opt;
	ic_simulate_options_init(&opt);
	opt.folder = folder;
	opt.hosts = 2;
	opt.days = 0.05;
	opt.seed = 3;
	ic_error err = { 0 };
	ic_buf none;
	ic_output out = capture_into(&none);
	ic_status st = ic_simulate(&opt, NULL, &out, &err);
	ic_buf_clear(&none);
	return st == IC_OK ? 0 : -1;
}

static int remove_telemetry(void **state)
{
	(void)state;
	char command[256];
	snprintf(command, sizeof command, "rm -rf '%s'", folder);
	return system(command);
}

typedef ic_status verb(const ic_output *out, ic_summary *ret, ic_error *err);

static ic_status scan_with(const char *rules, const ic_output *out, ic_summary *ret, ic_error *err)
{
	const char *paths[] = { folder };
	ic_scan_options opt;
	ic_scan_options_init(&opt);
	opt.input.paths = paths;
	opt.input.path_count = 1;
	opt.input.threads = 1;
	opt.format = "ndjson";
	opt.all = !rules;
	opt.rules = rules;
	return ic_scan(&opt, NULL, out, ret, err);
}

static ic_status scan(const ic_output *out, ic_summary *ret, ic_error *err)
{
	return scan_with(NULL, out, ret, err);
}

/* Rules that read along: one that streams, one that waits for its other side. */
static ic_status scan_rules(const ic_output *out, ic_summary *ret, ic_error *err)
{
	return scan_with(rules_folder, out, ret, err);
}

static ic_status convert(const ic_output *out, ic_summary *ret, ic_error *err)
{
	const char *paths[] = { folder };
	ic_convert_options opt;
	ic_convert_options_init(&opt);
	opt.input.paths = paths;
	opt.input.path_count = 1;
	opt.input.threads = 1;
	opt.table = "ssl";
	return ic_convert(&opt, NULL, out, ret, err);
}

/* Connections, requests, handshakes, WebSockets and check-ins of packets. */
static ic_status scan_packets(const ic_output *out, ic_summary *ret, ic_error *err)
{
	const char *paths[] = { SOURCE_ROOT "/fuzz/corpus/capture" };
	ic_scan_options opt;
	ic_scan_options_init(&opt);
	opt.input.paths = paths;
	opt.input.path_count = 1;
	opt.input.threads = 1;
	opt.input.ports = "all";
	opt.format = "ndjson";
	opt.all = true;
	return ic_scan(&opt, NULL, out, ret, err);
}

static ic_status convert_packets(const ic_output *out, ic_summary *ret, ic_error *err)
{
	const char *paths[] = { SOURCE_ROOT "/fuzz/corpus/capture" };
	ic_convert_options opt;
	ic_convert_options_init(&opt);
	opt.input.paths = paths;
	opt.input.path_count = 1;
	opt.input.threads = 1;
	return ic_convert(&opt, NULL, out, ret, err);
}

static ic_status run_query_on(const char *path, const char *text, const ic_query_binding *table,
			      const ic_output *out, ic_summary *ret, ic_error *err)
{
	const char *paths[] = { path };
	ic_query_options opt;
	ic_query_options_init(&opt);
	opt.input.paths = paths;
	opt.input.path_count = table ? 0 : 1;
	opt.input.threads = 1;
	opt.tables = table;
	opt.table_count = table != NULL;
	opt.text = text;
	opt.format = "json";
	return ic_query(&opt, NULL, out, ret, NULL, err);
}

static ic_status run_query(const char *text, const ic_query_binding *table, const ic_output *out,
			   ic_summary *ret, ic_error *err)
{
	return run_query_on(folder, text, table, out, ret, err);
}

/* A second reading of standard input, which is kept for it. */
static ic_status query_stdin(const ic_output *out, ic_summary *ret, ic_error *err)
{
	if (lseek(STDIN_FILENO, 0, SEEK_SET) != 0)
		return IC_E_IO;
	return run_query_on("-",
			    "let least = toscalar(conn | summarize min(ts));\n"
			    "conn | where ts >= least | summarize n = count()",
			    NULL, out, ret, err);
}

/* Connections with what other logs say of them, groups, a join, order. */
static ic_status query_telemetry(const ic_output *out, ic_summary *ret, ic_error *err)
{
	return run_query(
	    "let busy = toscalar(DeviceNetworkEvents | summarize n = count() by RemoteIP | "
	    "summarize max(n));\n"
	    "DeviceNetworkEvents | where Timestamp > ago(1h) and RemotePort in (80, 443)\n"
	    "| summarize n = count(), urls = make_set(RemoteUrl), b = beacon(Timestamp, SentBytes) by "
	    "DeviceName, RemoteIP\n"
	    "| join kind=leftouter (ssl | distinct RemoteIP = tostring(id.resp_h), version) on RemoteIP\n"
	    "| extend share = todouble(n) / busy | top 5 by n",
	    NULL, out, ret, err);
}

static ic_status query_aql(const ic_output *out, ic_summary *ret, ic_error *err)
{
	return run_query(
	    "SELECT sourceip, COUNT(*) AS n, DATEFORMAT(MIN(starttime), 'yyyy-MM-dd') AS day FROM "
	    "events WHERE destinationport = 443 GROUP BY sourceip HAVING n > 1 ORDER BY n DESC "
	    "LAST 1 DAYS",
	    NULL, out, ret, err);
}

static ic_status query_table(const ic_output *out, ic_summary *ret, ic_error *err)
{
	char path[64];
	(void)snprintf(path, sizeof path, "%s/t.ndjson", folder);
	FILE *f = fopen(path, "w");
	if (!f)
		return IC_E_IO;
	fputs("{\"t\":\"2024-05-01T00:00:00Z\",\"d\":[1,{\"a\":\"\\u0041\"}],\"s\":\"x y\"}\n{\"s\":\"z\"}\n",
	      f);
	fclose(f);
	ic_query_binding table = { "T", path };
	ic_status st =
	    run_query("T | mv-expand d | extend e = d.a, w = extract(@'(\\w)', 1, s) | sort by s asc | "
		      "serialize r = row_number()",
		      &table, out, ret, err);
	unlink(path);
	return st;
}

static void torture(verb *run)
{
	static sink whole, now;
	ic_summary sum = { 0 };
	ic_error err = { 0 };
	whole.n = 0;
	ic_output to_whole = { .write = sink_write, .ctx = &whole },
		  to_now = { .write = sink_write, .ctx = &now };
	ic_alloc_fail_after(0);
	assert_int_equal(run(&to_whole, &sum, &err), IC_OK);
	uint64_t requests = ic_alloc_fail_after(0);
	assert_true(whole.n > 0 && requests > 0 && requests < MOST_ALLOCATIONS);
	unsigned refused = 0;
	for (uint64_t n = 1; n <= requests; n++) {
		now.n = 0;
		memset(&sum, 0, sizeof sum);
		memset(&err, 0, sizeof err);
		ic_alloc_fail_after(n);
		ic_status st = run(&to_now, &sum, &err);
		ic_alloc_fail_after(0);
		bool same = now.n == whole.n && memcmp(now.bytes, whole.bytes, whole.n) == 0;
		if (st == IC_E_NOMEM)
			refused++;
		else if (st != IC_OK)
			fail_msg("request %" PRIu64 ": status %d: %s", n, st, err.message);
		else if (!same && !sum.dropped_memory && !sum.damaged_files && !sum.rules_failed)
			fail_msg("request %" PRIu64 " of %" PRIu64 ": another result, and nothing said", n,
				 requests);
		assert_int_equal(st == IC_E_NOMEM, err.code == IC_E_NOMEM);
	}
	assert_true(refused > 0);
}

static void scan_survives(void **state)
{
	(void)state;
	torture(scan);
}

static void put_rule(const char *name, const char *query)
{
	char path[80];
	snprintf(path, sizeof path, "%s/%s.kql", rules_folder, name);
	FILE *f = fopen(path, "w");
	assert_non_null(f);
	fprintf(f, "// id: %s\n// title: A rule\n// level: low\n// falsepositives: all\n%s\n", name, query);
	fclose(f);
}

static void scan_with_rules_survives(void **state)
{
	char command[80];
	(void)state;
	assert_non_null(mkdtemp(rules_folder));
	put_rule("one", "DeviceNetworkEvents | where RemotePort == 80 | project DeviceName, RemoteIP, "
			"RemotePort | take 3");
	put_rule(
	    "two",
	    "conn | join kind=inner (conn | summarize n = count() by id_resp_h | top 1 by n) on id_resp_h "
	    "| summarize Connections = count(), First = min(ts) by id_orig_h, id_resp_h");
	/* two that make only groups of which something may come */
	put_rule("three",
		 "conn | summarize Connections = count() by id_resp_h, id_resp_p | where Connections > 20");
	put_rule("four", "conn | summarize n = count(), Last = max(ts) by id_orig_h, uid | where n == 2");
	torture(scan_rules);
	snprintf(command, sizeof command, "rm -rf '%s'", rules_folder);
	assert_int_equal(system(command), 0);
}

static void convert_survives(void **state)
{
	(void)state;
	torture(convert);
}

static void packets_survive(void **state)
{
	(void)state;
	torture(scan_packets);
	torture(convert_packets);
}

static void query_of_telemetry_survives(void **state)
{
	(void)state;
	torture(query_telemetry);
}

static void query_of_stdin_survives(void **state)
{
	(void)state;
	static const char text[] = "#separator \\x09\n#path\tconn\n#fields\tts\tuid\n1.0\tC1\n2.0\tC2\n";
	int saved = dup(STDIN_FILENO), fd = -1;
	assert_int_equal(ic_temp_open(&fd, NULL), IC_OK);
	assert_int_equal(ic_temp_write(fd, text, sizeof text - 1, 0, NULL), IC_OK);
	assert_int_equal(dup2(fd, STDIN_FILENO), STDIN_FILENO);
	torture(query_stdin);
	if (saved >= 0)
		assert_int_equal(dup2(saved, STDIN_FILENO), STDIN_FILENO);
	(void)close(saved);
	(void)close(fd);
}

static void query_in_aql_survives(void **state)
{
	(void)state;
	torture(query_aql);
}

static void query_of_table_survives(void **state)
{
	(void)state;
	torture(query_table);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(scan_survives),
		cmocka_unit_test(scan_with_rules_survives),
		cmocka_unit_test(convert_survives),
		cmocka_unit_test(packets_survive),
		cmocka_unit_test(query_of_telemetry_survives),
		cmocka_unit_test(query_of_stdin_survives),
		cmocka_unit_test(query_in_aql_survives),
		cmocka_unit_test(query_of_table_survives),
	};
	return cmocka_run_group_tests(tests, make_telemetry, remove_telemetry);
}
