/* SPDX-License-Identifier: Apache-2.0 */
#include "sample.h"

static const char *const keys =
    "id,detector,level,automation,priority,src_ip,src_host,process,dst_ip,dst_name,dst_port,transport,"
    "service,group_by,event_level,connections,first_seen,last_seen,sleep_s,jitter,interval_median_s,"
    "coverage,bytes_out,bytes_in,prevalence,user_agents,ja3,ja4,attack,covers,part_of,lowered_by,reasons,"
    "summary";

static const char *write_as(const char *format, ic_finding *list, size_t n, ic_buf *b)
{
	ic_output out = sample_output(b, 80, false);
	ic_findings f = { .list = list, .n = n };
	ic_error err = { 0 };
	assert_int_equal(ic_finding_format_find(format)->write(&f, &out, &err), IC_OK);
	return sample_text(b);
}

static void test_ndjson_exact(void **state)
{
	(void)state;
	ic_finding f = sample_finding();
	ic_buf b;
	assert_string_equal(
	    write_as("ndjson", &f, 1, &b),
	    "{\"id\":\"00ab54a98ceb1f0a\",\"detector\":\"beacon\",\"level\":\"high\",\"automation\":99.123,"
	    "\"priority\":71.5,\"src_ip\":\"10.0.0.5\",\"src_host\":null,\"process\":null,"
	    "\"dst_ip\":\"203.0.113.7\",\"dst_name\":\"www.evil.example\",\"dst_port\":443,"
	    "\"transport\":\"tcp\",\"service\":\"tls\",\"group_by\":\"dst_name\","
	    "\"event_level\":\"connection\",\"connections\":1234,"
	    "\"first_seen\":\"2024-05-01T10:00:00Z\",\"last_seen\":\"2024-05-02T10:00:00.123456Z\","
	    "\"sleep_s\":303.457,\"jitter\":0.33,\"interval_median_s\":250,\"coverage\":0.988,"
	    "\"bytes_out\":1500000,\"bytes_in\":null,\"prevalence\":{\"hosts\":1,\"of\":50},"
	    "\"user_agents\":[\"curl/7.68.0\",\"x;\\\"y\\\"\"],\"ja3\":[],\"ja4\":[],"
	    "\"attack\":[\"T1071.001\"],"
	    "\"covers\":[{\"group_by\":\"domain\",\"value\":\"evil.example\",\"connections\":40,"
	    "\"automation\":97.25},{\"group_by\":\"user_agent\",\"value\":\"=cmd|' /C calc'!A0\","
	    "\"connections\":41,\"automation\":null}],\"part_of\":null,"
	    "\"lowered_by\":[\"software-update\"],"
	    "\"reasons\":[{\"code\":\"regularity\",\"value\":0.9,\"weight\":24,\"contribution\":21.6,"
	    "\"text\":\"the gaps are equal: 303 s\"},{\"code\":\"prevalence\",\"value\":0.02,"
	    "\"weight\":null,\"contribution\":0.8,\"text\":\"1 of 50 hosts talks to it\"},"
	    "{\"code\":\"software-update\",\"value\":null,\"weight\":3,\"contribution\":-3,"
	    "\"text\":\"looks like a software updater\"},{\"code\":\"note\",\"value\":null,"
	    "\"weight\":null,\"contribution\":null,\"text\":\"the user agent is curl\"}],"
	    "\"summary\":\"10.0.0.5 asks www.evil.example every 5 min 3 s.\"}\n");
	ic_buf_clear(&b);
}

/* Every key is there and in order, also when its value is unknown. */
static void test_keys_of_unknown(void **state)
{
	(void)state;
	ic_finding f = sample_hostile();
	ic_buf b;
	const char *text = write_as("ndjson", &f, 1, &b), *at = text;
	char key[40];
	for (const char *k = keys; *k;) {
		size_t n = strcspn(k, ",");
		snprintf(key, sizeof(key), "\"%.*s\":", (int)n, k);
		at = strstr(at, key);
		assert_non_null(at);
		k += n + (k[n] == ',');
	}
	assert_non_null(strstr(text, "\"automation\":null,"));
	assert_non_null(strstr(text, "\"prevalence\":null,"));
	assert_non_null(strstr(text, "\"part_of\":\"ffffffffffffffff\","));
	assert_non_null(strstr(text, "\"covers\":[],"));
	for (const char *c = text; c[1]; c++)
		assert_true((unsigned char)*c >= 0x20 || *c == '\n');
	assert_ptr_equal(strchr(text, '\n'), text + strlen(text) - 1);
	ic_buf_clear(&b);
}

static void test_json_array(void **state)
{
	(void)state;
	ic_finding two[] = { sample_finding(), sample_finding() };
	ic_buf b, one;
	assert_string_equal(write_as("json", NULL, 0, &b), "[]\n");
	ic_buf_clear(&b);
	const char *line = write_as("ndjson", two, 1, &one);
	const char *text = write_as("json", two, 2, &b);
	size_t n = strlen(line) - 1;
	assert_int_equal(strlen(text), 2 * n + 5);
	assert_memory_equal(text, "[", 1);
	assert_memory_equal(text + 1, line, n);
	assert_memory_equal(text + 1 + n, ",\n", 2);
	assert_memory_equal(text + 3 + n, line, n);
	assert_string_equal(text + 3 + 2 * n, "]\n");
	ic_buf_clear(&b);
	ic_buf_clear(&one);
}

static void test_csv(void **state)
{
	(void)state;
	ic_finding f = sample_finding();
	ic_buf b;
	const char *text = write_as("csv", &f, 1, &b);
	size_t n = strlen(keys);
	assert_memory_equal(text, keys, n);
	assert_string_equal(
	    text + n,
	    "\n00ab54a98ceb1f0a,beacon,high,99.123,71.5,10.0.0.5,,,203.0.113.7,www.evil.example,443,tcp,"
	    "tls,dst_name,connection,1234,2024-05-01T10:00:00Z,2024-05-02T10:00:00.123456Z,303.457,0.33,"
	    "250,0.988,1500000,,1/50,\"curl/7.68.0;x;\"\"y\"\"\",,,T1071.001,"
	    "domain=evil.example;user_agent==cmd|' /C calc'!A0,,software-update,"
	    "regularity:21.6;prevalence:0.8;software-update:-3;note:,"
	    "10.0.0.5 asks www.evil.example every 5 min 3 s.\n");
	ic_buf_clear(&b);
}

/* No cell starts with what a spreadsheet would run, and quotes balance over the line breaks inside. */
static void test_csv_hostile(void **state)
{
	(void)state;
	ic_finding f = sample_hostile();
	ic_buf b;
	const char *text = strchr(write_as("csv", &f, 1, &b), '\n') + 1;
	bool quoted = false, start = true;
	unsigned commas = 0;
	for (const char *c = text; *c; c++) {
		if (start && !quoted)
			assert_null(strchr("=+-@\t\r", *c == '"' ? c[1] : *c));
		start = false;
		if (*c == '"')
			quoted = !quoted;
		else if (*c == ',' && !quoted) {
			commas++;
			start = true;
		}
	}
	assert_false(quoted);
	assert_int_equal(commas, 33);
	ic_buf_clear(&b);
}

/* More than is formed at a time, by several threads: the order is that of the list. */
static void test_many(void **state)
{
	(void)state;
	enum { MANY = 1100, THREADS = 3 };
	ic_finding *list = calloc(MANY, sizeof *list);
	assert_non_null(list);
	for (uint64_t i = 0; i < MANY; i++) {
		list[i] = sample_finding();
		list[i].id = i;
	}
	ic_buf b;
	ic_output out = sample_output(&b, 80, false);
	ic_findings f = { .list = list, .n = MANY, .threads = THREADS };
	ic_error err = { 0 };
	assert_int_equal(ic_finding_format_find("json")->write(&f, &out, &err), IC_OK);
	const char *at = sample_text(&b);
	for (uint64_t i = 0; i < MANY; i++) {
		char begins[32];
		(void)snprintf(begins, sizeof begins, "%s{\"id\":\"%016llx\"", i ? "" : "[",
			       (unsigned long long)i);
		assert_memory_equal(at, begins, strlen(begins));
		at = strchr(at, '\n') + 1;
		assert_int_equal(at[-2], i + 1 < MANY ? ',' : ']');
	}
	assert_int_equal(*at, 0);
	ic_buf_clear(&b);
	free(list);
}

static ic_status refuse(void *ctx, const void *bytes, size_t n)
{
	(void)bytes, (void)n;
	return *(ic_status *)ctx;
}

static void test_output_failures(void **state)
{
	(void)state;
	ic_finding f = sample_finding();
	ic_findings list = { .list = &f, .n = 1 };
	ic_status answers[] = { IC_E_IO, IC_E_CLOSED };
	for (size_t a = 0; a < 2; a++) {
		ic_output out = { .write = refuse, .ctx = &answers[a] };
		for (const ic_finding_format *fmt = ic_finding_formats; fmt->name; fmt++) {
			ic_error err = { 0 };
			assert_int_equal(fmt->write(&list, &out, &err), answers[a]);
			assert_int_equal(err.code, answers[a]);
		}
		ic_error err = { 0 };
		assert_int_equal(ic_explain_write(&f, &out, &err), answers[a]);
	}
}

static void test_find_format(void **state)
{
	(void)state;
	assert_null(ic_finding_format_find("xml"));
	assert_null(ic_finding_format_find(NULL));
	assert_string_equal(ic_finding_format_find("csv")->name, "csv");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_ndjson_exact), cmocka_unit_test(test_keys_of_unknown),
		cmocka_unit_test(test_json_array),   cmocka_unit_test(test_csv),
		cmocka_unit_test(test_csv_hostile),  cmocka_unit_test(test_output_failures),
		cmocka_unit_test(test_find_format),  cmocka_unit_test(test_many),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
