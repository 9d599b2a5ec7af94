/* SPDX-License-Identifier: Apache-2.0 */
/* A query that counts back from the newest row gives the same answer wherever that row stands, though it is
 * run with the newest row of the ends of the files first. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <unistd.h>

#include "base/time.h"
#include "capture.h"
#include "source/input.h"

#define ROWS  2000
#define FIRST INT64_C(1714521600) /* seconds */

static char folder[] = "/tmp/ictus-now-XXXXXX";

static int make_folder(void **state)
{
	(void)state;
	return mkdtemp(folder) ? 0 : -1;
}

static int remove_folder(void **state)
{
	char command[64];
	(void)state;
	snprintf(command, sizeof command, "rm -rf %s", folder);
	return system(command);
}

enum { TSV, JSON, CSV };

/* A row a minute; row number `late` is two hours newer than all others, unless it is over the last. spoilt: this row
 * has no port. */
static int64_t write_log(const char *path, int format, unsigned late, unsigned spoilt)
{
	FILE *f = fopen(path, "w");
	int64_t newest = 0;
	assert_non_null(f);
	if (format == CSV)
		fputs("Timestamp,DeviceName,ActionType,LocalIP,RemoteIP,RemotePort\n", f);
	else if (format == TSV)
		fputs("#separator "
		      "\\x09\n#path\tconn\n#fields\tts\tuid\tid.orig_h\tid.orig_p\tid.resp_h\tid.resp_"
		      "p\tproto\n",
		      f);
	for (unsigned i = 0; i < ROWS; i++) {
		int64_t t = FIRST + 60 * (int64_t)(i == late ? ROWS + 120 : i);
		const char *port = i == spoilt ? format == JSON ? "\"x\"" : "x" : "443";
		if (format == CSV) {
			char time[40];
			ic_time_format_short(t * IC_TICKS_S, time);
			fprintf(f, "%s,h,ConnectionSuccess,10.0.0.%u,192.0.2.1,%s\n", time, i % 200, port);
			newest = t > newest ? t : newest;
			continue;
		}
		const char *form =
		    format == JSON
			? "{\"ts\":%lld.000000,\"uid\":\"C%u\",\"id.orig_h\":\"10.0.0.%u\",\"id.orig_p\":1,"
			  "\"id.resp_h\":\"192.0.2.1\",\"id.resp_p\":%s,\"proto\":\"tcp\",\"conn_state\":"
			  "\"SF\"}\n"
			: "%lld.000000\tC%u\t10.0.0.%u\t1\t192.0.2.1\t%s\ttcp\n";
		fprintf(f, form, (long long)t, i, i % 200, port);
		newest = t > newest ? t : newest;
	}
	assert_int_equal(fclose(f), 0);
	return newest * IC_TICKS_S;
}

typedef struct notes {
	unsigned now;
	char text[200];
} notes;

static void note(void *ctx, const char *sentence)
{
	notes *n = ctx;
	if (strstr(sentence, "now is ")) {
		n->now++;
		snprintf(n->text, sizeof n->text, "%s", strstr(sentence, "now is "));
	}
}

static void ask(const char *text, int64_t now, unsigned threads, notes *said, ic_summary *sum, ic_buf *answer)
{
	const char *paths[] = { folder };
	ic_query_options opt;
	ic_query_options_init(&opt);
	opt.input.paths = paths;
	opt.input.path_count = 1;
	opt.input.threads = threads;
	opt.input.now_ticks = now;
	opt.text = text;
	opt.format = "ndjson";
	const ic_observer obs = { .ctx = said, .note = note };
	ic_output out = capture_into(answer);
	ic_error err = { .code = IC_OK };
	*said = (notes){ .now = 0 };
	if (ic_query(&opt, &obs, &out, sum, NULL, &err) != IC_OK)
		fail_msg("%s", err.message);
}

static const char *const queries[] = {
	"DeviceNetworkEvents | where Timestamp > ago(3h) | summarize n = count(), newest = max(Timestamp), t "
	"= "
	"now()",
	"DeviceNetworkEvents | where Timestamp > ago(3h) | top 3 by Timestamp desc | project Timestamp, "
	"LocalIP",
	"DeviceNetworkEvents | where Timestamp > ago(3h) | where LocalIP endswith '.7' | project Timestamp, "
	"now()",
	"DeviceNetworkEvents | where Timestamp > ago(1d) | take 50 | summarize count() by bin(Timestamp, 1h)",
	"DeviceNetworkEvents | where Timestamp > ago(3h) and RemotePort != 80 | summarize n = count(), t = "
	"now()",
	"let top3 = toscalar(DeviceNetworkEvents | where Timestamp > ago(1h) | summarize count()); "
	"DeviceNetworkEvents | where Timestamp > ago(2h) | summarize n = count() | extend top3",
};

static void compare(int64_t newest, uint64_t rows, unsigned threads)
{
	char expected[64], time[40];
	ic_time_format_short(newest, time);
	snprintf(expected, sizeof expected, "now is %s (the newest row)", time);
	for (size_t i = 0; i < sizeof queries / sizeof *queries; i++) {
		notes said;
		ic_summary sum;
		ic_buf got, want;
		ask(queries[i], IC_TIME_NONE, threads, &said, &sum, &got);
		assert_int_equal(said.now, 1);
		assert_string_equal(said.text, expected);
		if (!strstr(queries[i], "take")) /* which may stop reading */
			assert_int_equal(sum.rows, rows);
		assert_int_equal(sum.files, rows / ROWS);
		ask(queries[i], newest, threads, &said, &sum, &want);
		assert_int_equal(said.now, 0);
		assert_int_equal(got.n, want.n);
		assert_memory_equal(got.p, want.p, got.n);
		ic_buf_clear(&got);
		ic_buf_clear(&want);
	}
}

static void newest_anywhere(void **state)
{
	static const unsigned places[] = { 0, 1, ROWS / 2, ROWS - 1, ROWS };
	char path[64];
	(void)state;
	ic_input_set_chunk(4096);
	snprintf(path, sizeof path, "%s/conn.log", folder);
	for (size_t i = 0; i < sizeof places / sizeof *places; i++) {
		compare(write_log(path, TSV, places[i], ROWS), ROWS, 1);
		compare(write_log(path, JSON, places[i], ROWS), ROWS, 3);
	}
	ic_input_set_chunk(0);
	assert_int_equal(unlink(path), 0);
}

/* The file that is read first has it, in its middle. */
static void newest_of_several_files(void **state)
{
	char path[64];
	(void)state;
	ic_input_set_chunk(4096);
	snprintf(path, sizeof path, "%s/a.log", folder);
	int64_t newest = write_log(path, TSV, ROWS / 2, ROWS);
	snprintf(path, sizeof path, "%s/b.log", folder);
	write_log(path, JSON, ROWS, ROWS);
	compare(newest, 2 * ROWS, 2);
	ic_input_set_chunk(0);
	assert_int_equal(unlink(path), 0);
	snprintf(path, sizeof path, "%s/a.log", folder);
	assert_int_equal(unlink(path), 0);
}

/* A row whose port is bad is no row of the answer, but it happened: it says what time it is, however that is found. */
static void newest_is_bad_elsewhere(void **state)
{
	static const unsigned places[] = { 1, ROWS / 2, ROWS - 1 };
	char path[64];
	(void)state;
	ic_input_set_chunk(4096);
	snprintf(path, sizeof path, "%s/conn.log", folder);
	for (size_t i = 0; i < sizeof places / sizeof *places; i++)
		for (int format = TSV; format <= CSV; format++)
			compare(write_log(path, format, places[i], places[i]), ROWS, 1 + i % 2);
	ic_input_set_chunk(0);
	assert_int_equal(unlink(path), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(newest_anywhere),
		cmocka_unit_test(newest_of_several_files),
		cmocka_unit_test(newest_is_bad_elsewhere),
	};
	return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
