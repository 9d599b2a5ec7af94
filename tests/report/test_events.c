/* SPDX-License-Identifier: Apache-2.0 */
/* Events in every format: the exact bytes of three rows, and that hostile text stays in its cell. */
#include "sample.h"

#include "base/ip.h"
#include "table/batch.h"

static void set_str(ic_batch *b, uint32_t row, ic_field f, const char *s)
{
	b->col[f].s[row] = ic_str_of(s);
	b->col[f].nulls[row >> 6] &= ~(UINT64_C(1) << (row & 63));
}
static void set_long(ic_batch *b, uint32_t row, ic_field f, int64_t v)
{
	b->col[f].i[row] = v;
	b->col[f].nulls[row >> 6] &= ~(UINT64_C(1) << (row & 63));
}
static void set_ip(ic_batch *b, uint32_t row, ic_field f, const char *s)
{
	assert_true(ic_ip_parse(ic_str_of(s), &b->col[f].ip[row]));
	b->col[f].nulls[row >> 6] &= ~(UINT64_C(1) << (row & 63));
}

static uint32_t add_row(ic_batch *b, ic_stream stream)
{
	uint32_t row = b->rows++;
	b->stream[row] = (uint8_t)stream;
	b->flags[row] = 0;
	b->line[row] = row;
	ic_batch_null_rest(b, row, 0);
	set_long(b, row, IC_F_TIME, INT64_C(1714557600) * IC_TICKS_S + 1234560);
	set_str(b, row, IC_F_UID, "CAb1");
	set_ip(b, row, IC_F_SRC_IP, "10.0.0.5");
	set_long(b, row, IC_F_SRC_PORT, 50000);
	set_ip(b, row, IC_F_DST_IP, "2001:db8::7");
	set_long(b, row, IC_F_DST_PORT, 443);
	return row;
}

/* A connection, a request and a handshake. */
static ic_batch *three_rows(void)
{
	ic_batch *b = ic_batch_new((UINT64_C(1) << IC_FIELD_COUNT) - 1);
	assert_non_null(b);
	uint32_t r = add_row(b, IC_STREAM_CONN);
	set_str(b, r, IC_F_TRANSPORT, "tcp");
	set_str(b, r, IC_F_SERVICE, "tls");
	b->col[IC_F_DURATION].d[r] = 1.5;
	b->col[IC_F_DURATION].nulls[0] &= ~UINT64_C(1);
	set_long(b, r, IC_F_BYTES_OUT, 100);
	set_long(b, r, IC_F_IP_BYTES_OUT, 220);
	set_str(b, r, IC_F_CONN_STATE, "SF");
	set_str(b, r, IC_F_SRC_HOST, "pc-1");
	set_str(b, r, IC_F_DST_NAME, "evil.example");
	r = add_row(b, IC_STREAM_HTTP);
	set_str(b, r, IC_F_METHOD, "GET");
	set_str(b, r, IC_F_HOST, "evil.example");
	set_str(b, r, IC_F_URI, "/a?b=\"c\",d\t");
	set_str(b, r, IC_F_USER_AGENT, "-");
	set_str(b, r, IC_F_CONTENT_TYPE, "text/html");
	set_long(b, r, IC_F_STATUS, 200);
	r = add_row(b, IC_STREAM_SSL);
	set_str(b, r, IC_F_SNI, "evil.example");
	b->col[IC_F_CERT_VALID].b[r] = 0;
	b->col[IC_F_CERT_VALID].nulls[0] &= ~(UINT64_C(1) << r);
	set_str(b, r, IC_F_JA3, "aa");
	set_str(b, r, IC_F_JA4, "t13");
	return b;
}

static const ic_field picked[] = { IC_F_TIME,	     IC_F_EVENT_LEVEL, IC_F_SRC_IP,	IC_F_DST_PORT,
				   IC_F_DURATION,    IC_F_URI,	       IC_F_CERT_VALID, IC_F_COUNT,
				   IC_F_SOURCE_FILE, IC_F_SOURCE_LINE };

static size_t all_fields(ic_field *list)
{
	size_t n = 0;
	for (unsigned f = 0; f < IC_FIELD_COUNT; f++)
		if (f != IC_F_SOURCE_FILE && f != IC_F_SOURCE_LINE)
			list[n++] = (ic_field)f;
	return n;
}

static const char *write_rows(const char *format, const ic_field *fields, size_t n, ic_stream stream,
			      bool pick, unsigned streams, const ic_batch *b, ic_buf *to)
{
	ic_event_writer_config cfg = { format, fields, n, stream, pick };
	ic_output out = sample_output(to, 80, false);
	ic_error err = { 0 };
	ic_event_writer *w = ic_event_writer_new(&cfg, &out, &err);
	assert_non_null(w);
	if (b)
		assert_int_equal(ic_event_write(w, b, streams, "a/b.log", 8), IC_OK);
	assert_int_equal(ic_event_writer_end(w), IC_OK);
	ic_event_writer_free(w);
	return sample_text(to);
}

static void check(const char *format, ic_stream stream, bool pick, unsigned streams, const char *expected)
{
	ic_field every[IC_FIELD_COUNT];
	size_t n = all_fields(every);
	ic_batch *b = three_rows();
	ic_buf to;
	assert_string_equal(
	    write_rows(format, pick ? picked : every, pick ? 10 : n, stream, pick, streams, b, &to),
	    expected);
	ic_buf_clear(&to);
	ic_batch_free(b);
}

static void test_ndjson(void **state)
{
	(void)state;
	check(
	    "ndjson", IC_STREAM_NONE, true, IC_ALL_STREAMS,
	    "{\"time\":\"2024-05-01T10:00:00.123456Z\",\"event_level\":\"connection\",\"src_ip\":\"10.0.0."
	    "5\","
	    "\"dst_port\":443,\"duration_s\":1.5,\"uri\":null,\"cert_valid\":null,\"count\":1,"
	    "\"source_file\":\"a/b.log\",\"source_line\":8}\n"
	    "{\"time\":\"2024-05-01T10:00:00.123456Z\",\"event_level\":\"request\",\"src_ip\":\"10.0.0.5\","
	    "\"dst_port\":443,\"duration_s\":null,\"uri\":\"/"
	    "a?b=\\\"c\\\",d\\t\",\"cert_valid\":null,\"count\":1,"
	    "\"source_file\":\"a/b.log\",\"source_line\":9}\n"
	    "{\"time\":\"2024-05-01T10:00:00.123456Z\",\"event_level\":\"handshake\",\"src_ip\":\"10.0.0.5\","
	    "\"dst_port\":443,\"duration_s\":null,\"uri\":null,\"cert_valid\":false,\"count\":1,"
	    "\"source_file\":\"a/b.log\",\"source_line\":10}\n");
}

static void test_csv(void **state)
{
	(void)state;
	check("csv", IC_STREAM_NONE, true, IC_STREAM_BIT(IC_STREAM_HTTP),
	      "time,event_level,src_ip,dst_port,duration_s,uri,cert_valid,count,source_file,source_line\n"
	      "2024-05-01T10:00:00.123456Z,request,10.0.0.5,443,,\"/a?b=\"\"c\"\",d\t\",,1,a/b.log,9\n");
}

#define ZEEK_HEAD "#separator \\x09\n#set_separator\t,\n#empty_field\t(empty)\n#unset_field\t-\n#path\t"

static void test_zeek_tsv(void **state)
{
	(void)state;
	check("zeek-tsv", IC_STREAM_CONN, false, IC_STREAM_BIT(IC_STREAM_CONN),
	      ZEEK_HEAD
	      "conn\n"
	      "#fields\tts\tuid\tid.orig_h\tid.orig_p\tid.resp_h\tid.resp_p\tproto\tservice\tduration\torig_"
	      "bytes"
	      "\tresp_bytes\tconn_state\torig_pkts\torig_ip_bytes\tresp_pkts\tresp_ip_bytes\tcommunity_id\n"
	      "#types\ttime\tstring\taddr\tport\taddr\tport\tenum\tstring\tinterval\tcount\tcount\tstring\tco"
	      "unt"
	      "\tcount\tcount\tcount\tstring\n"
	      "1714557600.123456\tCAb1\t10.0.0.5\t50000\t2001:db8::7\t443\ttcp\tssl\t1.5\t100\t-\tSF\t-"
	      "\t220\t-\t-"
	      "\t-\n");
	check("zeek-tsv", IC_STREAM_HTTP, true, IC_STREAM_BIT(IC_STREAM_HTTP),
	      ZEEK_HEAD
	      "http\n"
	      "#fields\tts\tevent_level\tid.orig_h\tid.resp_p\tduration\turi\tvalidation_status\tcount\t"
	      "source_file\tsource_line\n"
	      "#types\ttime\tstring\taddr\tport\tinterval\tstring\tstring\tcount\tstring\tcount\n"
	      "1714557600.123456\trequest\t10.0.0.5\t443\t-\t/a?b=\"c\",d\\x09\t-\t1\ta/b.log\t9\n");
}

/* Text that means "unset" or "comment" in the format is not taken for it. */
static void test_zeek_tsv_escapes(void **state)
{
	(void)state;
	static const ic_field two[] = { IC_F_USER_AGENT, IC_F_HOST };
	ic_batch *b = three_rows();
	set_str(b, 1, IC_F_HOST, "");
	ic_buf to;
	const char *text =
	    write_rows("zeek-tsv", two, 2, IC_STREAM_HTTP, true, IC_STREAM_BIT(IC_STREAM_HTTP), b, &to);
	assert_non_null(strstr(text, "\n\\x2d\t(empty)\n"));
	ic_buf_clear(&to);
	set_str(b, 1, IC_F_USER_AGENT, "#close");
	text = write_rows("zeek-tsv", two, 2, IC_STREAM_HTTP, true, IC_STREAM_BIT(IC_STREAM_HTTP), b, &to);
	assert_non_null(strstr(text, "\n\\x23close\t(empty)\n"));
	ic_buf_clear(&to);
	ic_batch_free(b);
}

static void test_zeek_json(void **state)
{
	(void)state;
	check("zeek-json", IC_STREAM_SSL, false, IC_STREAM_BIT(IC_STREAM_SSL),
	      "{\"ts\":1714557600.123456,\"uid\":\"CAb1\",\"id.orig_h\":\"10.0.0.5\",\"id.orig_p\":50000,"
	      "\"id.resp_h\":\"2001:db8::7\",\"id.resp_p\":443,\"server_name\":\"evil.example\","
	      "\"validation_status\":\"invalid\",\"ja3\":\"aa\",\"ja4\":\"t13\"}\n");
	check("zeek-json", IC_STREAM_HTTP, false, IC_STREAM_BIT(IC_STREAM_HTTP),
	      "{\"ts\":1714557600.123456,\"uid\":\"CAb1\",\"id.orig_h\":\"10.0.0.5\",\"id.orig_p\":50000,"
	      "\"id.resp_h\":\"2001:db8::7\",\"id.resp_p\":443,\"method\":\"GET\",\"host\":\"evil.example\","
	      "\"uri\":\"/a?b=\\\"c\\\",d\\t\",\"user_agent\":\"-\",\"status_code\":200,"
	      "\"resp_mime_types\":[\"text/html\"]}\n");
}

static void test_eve(void **state)
{
	(void)state;
	ic_batch *b = three_rows();
	ic_field every[IC_FIELD_COUNT];
	size_t n = all_fields(every);
	for (uint32_t r = 0; r < b->rows; r++)
		set_str(b, r, IC_F_UID, "1234");
	ic_buf to;
	assert_string_equal(
	    write_rows("eve", every, n, IC_STREAM_NONE, false, IC_ALL_STREAMS, b, &to),
	    "{\"timestamp\":\"2024-05-01T10:00:01.623456+0000\",\"event_type\":\"flow\",\"flow_id\":1234,"
	    "\"src_ip\":\"10.0.0.5\",\"src_port\":50000,\"dest_ip\":\"2001:db8::7\",\"dest_port\":443,"
	    "\"proto\":\"TCP\",\"app_proto\":\"tls\",\"flow\":{\"start\":\"2024-05-01T10:00:00.123456+0000\","
	    "\"age\":1,\"bytes_toserver\":220,\"end\":\"2024-05-01T10:00:01.623456+0000\"}}\n"
	    "{\"timestamp\":\"2024-05-01T10:00:00.123456+0000\",\"event_type\":\"http\",\"flow_id\":1234,"
	    "\"src_ip\":\"10.0.0.5\",\"src_port\":50000,\"dest_ip\":\"2001:db8::7\",\"dest_port\":443,"
	    "\"http\":{\"http_method\":\"GET\",\"url\":\"/a?b=\\\"c\\\",d\\t\",\"hostname\":\"evil.example\","
	    "\"status\":200,\"http_user_agent\":\"-\",\"http_content_type\":\"text/html\"}}\n"
	    "{\"timestamp\":\"2024-05-01T10:00:00.123456+0000\",\"event_type\":\"tls\",\"flow_id\":1234,"
	    "\"src_ip\":\"10.0.0.5\",\"src_port\":50000,\"dest_ip\":\"2001:db8::7\",\"dest_port\":443,"
	    "\"tls\":{\"sni\":\"evil.example\",\"ja3\":{\"hash\":\"aa\"},\"ja4\":\"t13\"}}\n");
	ic_buf_clear(&to);
	ic_batch_free(b);
}

static const ic_field siem[] = { IC_F_TIME,	IC_F_SRC_IP, IC_F_DST_IP,   IC_F_DST_PORT, IC_F_TRANSPORT,
				 IC_F_SRC_HOST, IC_F_ACTION, IC_F_DST_NAME, IC_F_COUNT };

static void test_defender(void **state)
{
	(void)state;
	ic_batch *b = three_rows();
	b->flags[0] = IC_ROW_BLOCKED;
	uint32_t r = add_row(b, IC_STREAM_COUNT);
	set_long(b, r, IC_F_COUNT, 17);
	ic_buf to;
	assert_string_equal(
	    write_rows("defender-csv", siem, 9, IC_STREAM_NONE, false, IC_ALL_STREAMS, b, &to),
	    "Timestamp,LocalIP,RemoteIP,RemotePort,Protocol,DeviceName,RemoteUrl,ActionType,RemoteIPType,"
	    "AdditionalFields\n"
	    "2024-05-01T10:00:00.1234560Z,10.0.0.5,2001:db8::7,443,Tcp,pc-1,evil.example,ConnectionFailed,"
	    "Public,\n"
	    "2024-05-01T10:00:00.1234560Z,10.0.0.5,2001:db8::7,443,,,,ConnectionSuccessAggregatedReport,"
	    "Public,"
	    "\"{\"\"uniqueEventsAggregated\"\":17}\"\n");
	ic_buf_clear(&to);
	assert_string_equal(
	    write_rows("defender-json", siem, 9, IC_STREAM_NONE, false, IC_STREAM_BIT(IC_STREAM_COUNT), b,
		       &to),
	    "{\"time\":\"2024-05-01T10:00:00.1234560Z\",\"category\":\"AdvancedHunting-DeviceNetworkEvents\","
	    "\"properties\":{\"Timestamp\":\"2024-05-01T10:00:00.1234560Z\",\"LocalIP\":\"10.0.0.5\","
	    "\"RemoteIP\":\"2001:db8::7\",\"RemotePort\":443,\"Protocol\":null,\"DeviceName\":null,"
	    "\"RemoteUrl\":null,\"ActionType\":\"ConnectionSuccessAggregatedReport\",\"RemoteIPType\":"
	    "\"Public\","
	    "\"AdditionalFields\":\"{\\\"uniqueEventsAggregated\\\":17}\"}}\n");
	ic_buf_clear(&to);
	ic_batch_free(b);
}

static void test_qradar(void **state)
{
	(void)state;
	check("qradar-csv", IC_STREAM_NONE, true, IC_STREAM_BIT(IC_STREAM_CONN),
	      "starttime,sourceip,destinationport,URL,eventcount\n1714557600123,10.0.0.5,443,,1\n");
	check("qradar-json", IC_STREAM_NONE, true,
	      IC_STREAM_BIT(IC_STREAM_CONN) | IC_STREAM_BIT(IC_STREAM_HTTP),
	      "{\"events\":[\n"
	      "{\"starttime\":1714557600123,\"sourceip\":\"10.0.0.5\",\"destinationport\":443,\"URL\":null,"
	      "\"eventcount\":1},\n"
	      "{\"starttime\":1714557600123,\"sourceip\":\"10.0.0.5\",\"destinationport\":443,"
	      "\"URL\":\"/a?b=\\\"c\\\",d\\t\",\"eventcount\":1}\n]}\n");
	static const ic_field agent[] = { IC_F_USER_AGENT };
	ic_buf to;
	ic_batch *b = three_rows();
	set_str(b, 0, IC_F_SERVICE, "http");
	set_str(b, 1, IC_F_USER_AGENT, "curl/8");
	assert_string_equal(write_rows("qradar-csv", agent, 1, IC_STREAM_NONE, false, IC_ALL_STREAMS, b, &to),
			    "User Agent\ncurl/8\n");
	ic_buf_clear(&to);
	ic_batch_free(b);
	assert_string_equal(write_rows("qradar-csv", agent, 1, IC_STREAM_NONE, false, 0, NULL, &to),
			    "User Agent\n");
	ic_buf_clear(&to);
}

/* Without a row there is still a header or an empty document. */
static void test_empty(void **state)
{
	(void)state;
	static const struct {
		const char *format, *text;
	} cases[] = { { "ndjson", "" },
		      { "csv", "time\n" },
		      { "eve", "" },
		      { "qradar-json", "{\"events\":[\n\n]}\n" } };
	static const ic_field one[] = { IC_F_TIME };
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		ic_buf to;
		assert_string_equal(write_rows(cases[i].format, one, 1, IC_STREAM_NONE, false, 0, NULL, &to),
				    cases[i].text);
		ic_buf_clear(&to);
	}
}

/* Bytes that no format may pass on as they are. */
static void test_hostile(void **state)
{
	(void)state;
	static const char hostile[] = "a\x1b[31m\r\nb\0c\xff\xc3(\xe2\x80\xa8";
	ic_batch *b = three_rows();
	ic_field every[IC_FIELD_COUNT];
	size_t n = all_fields(every);
	for (unsigned f = 0; f < IC_FIELD_COUNT; f++)
		if (ic_fields[f].type == IC_T_STRING)
			for (uint32_t r = 0; r < b->rows; r++) {
				set_str(b, r, (ic_field)f, "");
				b->col[f].s[r] = (ic_str){ hostile, sizeof(hostile) - 1 };
			}
	for (const ic_event_format *f = ic_event_formats; f->name; f++) {
		ic_buf to;
		bool json = !strstr(f->name, "csv") && !strstr(f->name, "tsv");
		write_rows(f->name, every, n, IC_STREAM_CONN, false, IC_STREAM_BIT(IC_STREAM_CONN), b, &to);
		assert_null(memchr(to.p, 0, to.n - 1));
		size_t lines = 0;
		for (size_t i = 0; i < to.n - 1; i++) {
			lines += to.p[i] == '\n';
			assert_true(!json || to.p[i] == '\n' || (unsigned char)to.p[i] >= 0x20);
			assert_true(!json || (unsigned char)to.p[i] != 0xff);
		}
		if (strcmp(f->name, "zeek-tsv") == 0)
			assert_int_equal(lines, 8);
		else if (json && strcmp(f->name, "qradar-json") != 0)
			assert_int_equal(lines, 1);
		ic_buf_clear(&to);
	}
	ic_batch_free(b);
}

static void test_unknown_format(void **state)
{
	(void)state;
	ic_buf to;
	ic_output out = sample_output(&to, 80, false);
	ic_error err = { 0 };
	ic_event_writer_config cfg = { .format = "xml" };
	assert_null(ic_event_writer_new(&cfg, &out, &err));
	assert_int_equal(err.code, IC_E_USAGE);
	assert_string_equal(err.message, "no event format is called \"xml\"");
}

static ic_status swallow(void *ctx, const void *bytes, size_t n)
{
	(void)ctx, (void)bytes, (void)n;
	return IC_OK;
}

/* Whichever allocation fails, the writer is not made or says so. */
static void test_no_memory(void **state)
{
	(void)state;
	ic_batch *b = three_rows();
	ic_field every[IC_FIELD_COUNT];
	size_t n = all_fields(every);
	ic_output out = { .write = swallow };
	for (const ic_event_format *f = ic_event_formats; f->name; f++) {
		ic_event_writer_config cfg = { f->name, every, n, IC_STREAM_CONN, false };
		unsigned failures = 0;
		for (uint64_t at = 1;; at++) {
			ic_error err = { 0 };
			ic_alloc_fail_after(at);
			ic_event_writer *w = ic_event_writer_new(&cfg, &out, &err);
			ic_status st = w ? ic_event_write(w, b, IC_ALL_STREAMS, "x", 1) : err.code;
			if (st == IC_OK)
				st = ic_event_writer_end(w);
			ic_alloc_fail_after(0);
			ic_event_writer_free(w);
			if (st == IC_OK)
				break;
			assert_int_equal(st, IC_E_NOMEM);
			failures++;
		}
		assert_true(failures > 0);
	}
	ic_batch_free(b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_ndjson),	       cmocka_unit_test(test_csv),
		cmocka_unit_test(test_zeek_tsv),       cmocka_unit_test(test_zeek_tsv_escapes),
		cmocka_unit_test(test_zeek_json),      cmocka_unit_test(test_eve),
		cmocka_unit_test(test_defender),       cmocka_unit_test(test_qradar),
		cmocka_unit_test(test_empty),	       cmocka_unit_test(test_hostile),
		cmocka_unit_test(test_unknown_format), cmocka_unit_test(test_no_memory),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
