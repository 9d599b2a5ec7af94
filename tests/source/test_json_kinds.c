/* SPDX-License-Identifier: Apache-2.0 */
/* What the JSON kinds make of rows, whatever the cut and the vector instructions. */
#include "json_rows.h"
#include "source/text/map.h"

static const char *const zeek_lines =
    "{\"ts\":1714521600.177274,\"uid\":\"C1\",\"id.orig_h\":\"10.0.0.5\",\"id.orig_p\":50000,"
    "\"id.resp_h\":\"192.0.2.7\",\"id.resp_p\":443,\"proto\":\"tcp\",\"service\":\"ssl\","
    "\"duration\":0.0012309551239013672,\"orig_bytes\":10,\"resp_bytes\":20,\"conn_state\":\"SF\","
    "\"local_orig\":true,\"history\":\"ShAD\",\"orig_pkts\":3,\"orig_ip_bytes\":200,\"resp_pkts\":4,"
    "\"resp_ip_bytes\":300}\n"
    "{\"ts\":\"2024-05-01T00:00:01.500000Z\",\"uid\":\"C2\",\"id_orig_h\":\"fe80::1%eth0\","
    "\"id_resp_h\":\"2001:db8::1\",\"id_resp_p\":22,\"conn_state\":\"S0\",\"service\":null}\n"
    "\n"
    "{\"_path\":\"http\",\"ts\":1714521602,\"uid\":\"C3\",\"id.orig_h\":\"10.0.0.5\",\"id.resp_h\":\"192.0.2."
    "8\","
    "\"id.resp_p\":80,\"trans_depth\":1,\"method\":\"GET\",\"host\":\"Www.Example.COM:80\",\"uri\":\"\\/"
    "a\\\"b\","
    "\"version\":\"1.1\",\"user_agent\":\"x\\ty\",\"status_code\":200,\"resp_mime_types\":[\"text/"
    "plain\",\"a/b\"],"
    "\"tags\":[]}\r\n"
    "{\"_path\":\"ssl\",\"ts\":1714521603.5,\"uid\":\"C4\",\"id.orig_h\":\"10.0.0.5\",\"id.resp_h\":\"192.0."
    "2.9\","
    "\"id.resp_p\":8443,\"version\":\"TLSv13\",\"cipher\":\"X\",\"server_name\":\"A.example\","
    "\"established\":true,"
    "\"subject\":\"CN=a\\\\,b\",\"validation_status\":\"ok\",\"ja3\":\"\"}\n"
    "{\"_path\":\"weird\",\"ts\":1714521603.5,\"uid\":\"C4\",\"name\":\"x\"}\n"
    "{\"_path\":\"open_conn\",\"ts\":1714521604,\"uid\":\"C5\",\"id.resp_p\":443}\n"
    "{\"ts\":1714521605,\"uid\":\"C6\",\"id.resp_p\":53,\"query\":\"q.example\",\"qtype\":1,"
    "\"answers\":[\"192.0.2.1\",\"192.0.2.2\"],\"TTLs\":[1.0,2.0]}\n"
    "{\"ts\":1714521606,\"uid\":\"C7\",\"id.resp_p\":25,\"trans_depth\":1,\"helo\":\"x\"}\n"
    "{\"ts\":1714521607,\"uid\":\"C8\",\"id.resp_p\":70000,\"conn_state\":\"SF\"}\n"
    "{\"ts\":1714521607,\"uid\":\"C9\",\"id.resp_p\":80,\"conn_state\":\"SF\",\"orig_bytes\":-1}\n"
    "{\"uid\":\"C10\",\"id.resp_p\":80,\"conn_state\":\"SF\"}\n"
    "{\"ts\":1714521608,\"uid\":\"C11\",\"host\":\"h.example\",\"uri\":\"/"
    "ws\",\"client_protocols\":[\"a\"]}\n"
    "{\"ts\":1714521609,\"uid\":\"C12\",\"conn_st";

static void test_zeek(void **state)
{
	(void)state;
	const ic_input_request req = all_of(IC_ALL_FIELDS);
	char *rows = steady_rows(&ic_kind_zeek_json, &req, NULL, zeek_lines, strlen(zeek_lines));
	assert_string_equal(
	    rows,
	    "0 conn|time=2024-05-01T00:00:00.177274Z|uid=C1|src_ip=10.0.0.5|src_port=50000|dst_ip=192.0.2.7|"
	    "dst_port=443|transport=tcp|service=tls|duration_s=0.001231|bytes_out=10|bytes_in=20|"
	    "ip_bytes_out=200|ip_bytes_in=300|packets_out=3|packets_in=4|conn_state=SF\n"
	    "1 conn|time=2024-05-01T00:00:01.5Z|uid=C2|src_ip=fe80::1|dst_ip=2001:db8::1|dst_port=22|"
	    "conn_state=S0\n"
	    "3 "
	    "http|time=2024-05-01T00:00:02Z|uid=C3|src_ip=10.0.0.5|dst_ip=192.0.2.8|dst_port=80|service=http|"
	    "dst_name=www.example.com|method=GET|uri=/"
	    "a\"b|host=Www.Example.COM:80|status=200|user_agent=x\ty|"
	    "content_type=text/plain,a/b\n"
	    "4 ssl|time=2024-05-01T00:00:03.5Z|uid=C4|src_ip=10.0.0.5|dst_ip=192.0.2.9|dst_port=8443|"
	    "service=tls|dst_name=a.example|sni=A.example|tls_version=TLSv13|cert_subject=CN=a\\,b|"
	    "cert_valid=true|ja3=|cert_status=ok\n"
	    "6 conn|flags=1|time=2024-05-01T00:00:04Z|uid=C5|dst_port=443\n"
	    "7 dns|time=2024-05-01T00:00:05Z|uid=C6|dst_port=53|service=dns|dns_query=q.example|"
	    "dns_answers=192.0.2.1,192.0.2.2\n"
	    "12 websocket|flags=4|time=2024-05-01T00:00:08Z|uid=C11|service=websocket|dst_name=h.example|"
	    "uri=/ws|host=h.example\n"
	    "read 13 kept 7 bad 4 ports 0 time 0 other 2 lines 13 (line 9: dst_port is over 65535: 70000)");
	ic_free(rows);
}

/* json_timestamps=JSON::TS_MILLIS */
static void test_zeek_milliseconds(void **state)
{
	(void)state;
	const ic_input_request req = all_of(IC_FIELD_BIT(IC_F_TIME) | IC_FIELD_BIT(IC_F_UID));
	const char *text = "{\"ts\":1714521600123,\"uid\":\"C1\",\"conn_state\":\"SF\"}\n"
			   "{\"ts\":1714521600124.5,\"uid\":\"C2\",\"conn_state\":\"SF\"}\n"
			   "{\"ts\":253402300799,\"uid\":\"C3\",\"conn_state\":\"SF\"}\n"
			   "{\"ts\":253402300800000,\"uid\":\"C4\",\"conn_state\":\"SF\"}\n"
			   "{\"ts\":-1714521600123,\"uid\":\"C5\",\"conn_state\":\"SF\"}\n";
	char *rows = steady_rows(&ic_kind_zeek_json, &req, NULL, text, strlen(text));
	assert_string_equal(rows,
			    "0 conn|time=2024-05-01T00:00:00.123Z|uid=C1\n"
			    "1 conn|time=2024-05-01T00:00:00.1245Z|uid=C2\n"
			    "2 conn|time=9999-12-31T23:59:59Z|uid=C3\n"
			    "read 5 kept 3 bad 2 ports 0 time 0 other 0 lines 5 (line 3: time is after the "
			    "year 9999: 253402300800000)");
	ic_free(rows);
}

static void test_filter(void **state)
{
	(void)state;
	static uint64_t ports[1024];
	ports[80 >> 6] |= UINT64_C(1) << (80 & 63);
	ic_input_request req = all_of(IC_FIELD_BIT(IC_F_UID) | IC_FIELD_BIT(IC_F_DST_PORT) |
				      IC_FIELD_BIT(IC_F_SERVICE) | IC_FIELD_BIT(IC_F_TIME));
	req.filter = (ic_row_filter){ ports, true, INT64_C(17145216020000000), IC_TIME_NONE };
	req.streams = IC_STREAM_BIT(IC_STREAM_CONN) | IC_STREAM_BIT(IC_STREAM_HTTP);
	const char *text =
	    "{\"ts\":1714521600,\"uid\":\"C1\",\"id.resp_p\":443,\"service\":\"ssl\",\"conn_state\":\"SF\"}\n"
	    "{\"ts\":1714521602,\"uid\":\"C2\",\"id.resp_p\":443,\"service\":\"ssl\",\"conn_state\":\"SF\"}\n"
	    "{\"ts\":1714521603,\"uid\":\"C3\",\"id.resp_p\":443,\"conn_state\":\"S0\"}\n"
	    "{\"ts\":1714521604,\"uid\":\"C4\",\"conn_state\":\"S0\"}\n"
	    "{\"ts\":1714521605,\"uid\":\"C5\",\"id.resp_p\":80,\"conn_state\":\"S0\"}\n"
	    "{\"ts\":1714521605,\"uid\":\"C6\",\"id.resp_p\":80,\"query\":\"x\"}\n"
	    "{\"ts\":1714521606,\"uid\":\"C7\",\"id.resp_p\":8081,\"trans_depth\":1,\"method\":\"GET\"}\n";
	char *rows = steady_rows(&ic_kind_zeek_json, &req, NULL, text, strlen(text));
	assert_string_equal(rows, "1 conn|time=2024-05-01T00:00:02Z|uid=C2|dst_port=443|service=tls\n"
				  "3 conn|time=2024-05-01T00:00:04Z|uid=C4\n"
				  "4 conn|time=2024-05-01T00:00:05Z|uid=C5|dst_port=80\n"
				  "6 http|time=2024-05-01T00:00:06Z|uid=C7|dst_port=8081|service=http\n"
				  "read 7 kept 4 bad 0 ports 1 time 1 other 1 lines 7");
	ic_free(rows);
}

/* The rows of a text, which must be the same at every level of vector instructions. */
static char *rows_at_any_level(const ic_source_kind *kind, const ic_input_request *req, const ic_buf *text)
{
	char *rows = steady_rows(kind, req, NULL, text->p, text->n);
	for (int level = IC_SIMD_SCALAR; level < IC_SIMD_AVX512; level++) {
		ic_cpu_simd_limit((ic_simd)level);
		char *other = steady_rows(kind, req, NULL, text->p, text->n);
		assert_string_equal(other, rows);
		ic_free(other);
	}
	ic_cpu_simd_limit(IC_SIMD_AVX512);
	return rows;
}

/* Lines of known keys are taken together, by column; cut small, the same text is read line by line. */
static void test_lines_of_one_shape(void **state)
{
	static const char *const ports[] = { "443", "\"443\"", "null", "70000", "8081", "0443", "true" };
	static const char *const ends[] = { "", ",\"duration\":0.25,\"orig_bytes\":7",
					    ",\"duration\":1e-3,\"orig_bytes\":-1",
					    ",\"service\":\"http,ssl\",\"orig_bytes\":null", ",\"x\":[1]" };
	ic_input_request req = all_of(IC_ALL_FIELDS);
	ic_buf text;
	(void)state;
	ic_buf_init(&text, 0);
	for (unsigned i = 0; i < 400; i++) {
		/* long runs of the usual line, then odd ones among them */
		bool odd = i > 100 && i % 5 == 0;
		ic_buf_printf(&text, "{\"ts\":%s%u.250000,\"uid\":\"C%u\",\"id.orig_h\":\"10.0.%u.5\",",
			      odd && i % 35 == 0 ? "-" : "", 1714521600 + i, i, i % 300);
		ic_buf_printf(&text, "\"id.resp_p\":%s,\"proto\":\"tcp\",\"conn_state\":\"SF\"%s}\n",
			      ports[odd ? i / 5 % 7 : 0], ends[odd ? i / 5 % 5 : 0]);
	}
	char *rows = rows_at_any_level(&ic_kind_zeek_json, &req, &text);
	assert_non_null(strstr(rows,
			       "\n99 conn|time=2024-05-01T00:01:39.25Z|uid=C99|src_ip=10.0.99.5|dst_port=443|"
			       "transport=tcp|conn_state=SF\n"));
	assert_non_null(strstr(rows, "\nread 400 kept "));
	assert_null(strstr(rows, " bad 0 "));
	ic_free(rows);
	/* with gaps where rows are dropped */
	uint64_t wanted[1024] = { [8081 >> 6] = UINT64_C(1) << (8081 & 63) };
	req.filter = (ic_row_filter){ wanted, true, IC_TIME_NONE, IC_TIME_NONE };
	rows = rows_at_any_level(&ic_kind_zeek_json, &req, &text);
	assert_non_null(strstr(rows, "\n125 conn|time=2024-05-01T00:02:05.25Z|uid=C125|src_ip=10.0.125.5|"
				     "dst_port=8081|"));
	assert_null(strstr(rows, "\n99 conn|"));
	ic_free(rows);
	/* and by time, with a port and without; the first and the last second are in */
	const int64_t second = INT64_C(1714521600) * IC_TICKS_S + IC_TICKS_S / 4;
	for (unsigned by_port = 0; by_port < 2; by_port++) {
		req.filter = (ic_row_filter){ by_port ? wanted : NULL, false, second + 120 * IC_TICKS_S,
					      second + 255 * IC_TICKS_S };
		rows = rows_at_any_level(&ic_kind_zeek_json, &req, &text);
		assert_non_null(strstr(rows, "125 conn|time=2024-05-01T00:02:05.25Z|"));
		assert_int_equal(strstr(rows, "\n122 conn|") != NULL, !by_port);
		assert_non_null(strstr(rows, "\n255 conn|")); /* its port is null */
		assert_null(strstr(rows, "119 conn|"));
		assert_null(strstr(rows, "256 conn|"));
		assert_null(strstr(rows, " time 0 "));
		ic_free(rows);
	}
	ic_buf_clear(&text);
}

static void test_events_of_one_shape(void **state)
{
	static const char *const protos[] = { "\"TCP\"", "\"UDP\"", "\"tcp\"",	    "\"IPv6-ICMP\"",
					      "null",	 "6",	    "\"T\\u0043P\"" };
	static const char *const starts[] = { "2024-05-01T00:00:01.250000+0000", "2024-05-01T00:00:01.25Z",
					      "2024-05-01T00:00:61.250000+0000",
					      "2024-05-02T00:00:01.250000Z",
					      "2024-05-01T00:00:01.250000+00x0" };
	static const char *const types[] = { "flow", "fluw", "http" };
	const ic_input_request req = all_of(IC_ALL_FIELDS);
	ic_buf text;
	(void)state;
	ic_buf_init(&text, 0);
	for (unsigned i = 0; i < 400; i++) {
		bool odd = i > 60 && i % 3 == 0;
		ic_buf_printf(&text, "{\"timestamp\":\"2024-05-01T00:00:09.000000+0000\",\"flow_id\":%u,", i);
		ic_buf_printf(&text, "\"event_type\":\"%s\",\"src_ip\":\"10.0.0.%u\",\"dest_port\":443,",
			      types[odd ? i / 3 % 3 : 0], i % 300);
		ic_buf_printf(
		    &text, "\"proto\":%s,\"app_proto\":\"%s\",\"flow\":{\"start\":\"%s\",\"alerted\":%s}}\n",
		    protos[odd ? i / 3 % 7 : i % 2], i % 4 ? "tls" : "failed", starts[odd ? i / 3 % 5 : 0],
		    i % 7 ? "false" : "true");
	}
	char *rows = rows_at_any_level(&ic_kind_eve, &req, &text);
	assert_non_null(strstr(rows, "\n1 conn|time=2024-05-01T00:00:01.25Z|"));
	assert_non_null(strstr(rows, "dst_port=443|transport=udp|service=tls"));
	assert_non_null(strstr(rows, "transport=icmp"));
	ic_free(rows);
	ic_buf_clear(&text);
}

/* Blanks make a piece of a line's shape long; a line that begins like the others and then differs must not
 * be looked at before its start. */
static void test_piece_before_the_line(void **state)
{
	const ic_input_request req = all_of(IC_ALL_FIELDS);
	ic_buf text;
	(void)state;
	ic_buf_init(&text, 0);
	for (unsigned i = 0; i < 200; i++)
		ic_buf_printf(&text, "%s\n",
			      i > 20 && i % 2 ? "{\"a\":\"\"\"\"x"
					      : "{\"a\":1,                       \"ts\":2,\"conn_state\":1}");
	char *rows = rows_at_any_level(&ic_kind_zeek_json, &req, &text);
	assert_non_null(strstr(rows, "read 200 kept 110 bad 90 "));
	ic_free(rows);
	ic_buf_clear(&text);
}

/* A shape may be of lines that are bad. */
static void test_lines_without_time(void **state)
{
	const ic_input_request req = all_of(IC_ALL_FIELDS);
	ic_buf text;
	(void)state;
	ic_buf_init(&text, 0);
	for (unsigned i = 0; i < 90; i++)
		ic_buf_printf(&text, "{\"uid\":\"C%u\",\"conn_state\":\"SF\"%s}\n", i,
			      i % 30 ? "" : ",\"ts\":7");
	char *rows = rows_at_any_level(&ic_kind_zeek_json, &req, &text);
	assert_non_null(strstr(rows, "read 90 kept 3 bad 87 "));
	ic_free(rows);
	ic_buf_clear(&text);
}

/* Names so long, with values that are always the same, that the gate does not go with them into one run. */
static void test_gate_behind_long_run(void **state)
{
	const ic_input_request req = all_of(IC_ALL_FIELDS);
	ic_buf text;
	(void)state;
	ic_buf_init(&text, 0);
	for (unsigned i = 0; i < 200; i++)
		ic_buf_printf(&text,
			      "{\"timestamp\":\"2024-05-01T00:00:%02u.000000+0000\","
			      "\"a_name_of_twenty_six_bytes\":\"sixteen bytes...\","
			      "\"b_name_of_twenty_six_bytes\":\"sixteen bytes...\","
			      "\"c_name_of_twenty_six_bytes\":\"sixteen bytes...\","
			      "\"twelve_bytes\":\"fourteen bytes\",\"event_type\":\"%s\","
			      "\"src_port\":%u,\"dest_port\":443}\n",
			      i % 60, i >= 100 && i < 110 ? "drop" : "flow", i);
	char *rows = rows_at_any_level(&ic_kind_eve, &req, &text);
	assert_non_null(strstr(rows, "read 200 kept 190 bad 0 ports 0 time 0 other 10 "));
	ic_free(rows);
	ic_buf_clear(&text);
}

/* Lines of the same keys of which one kind has a gate of more text than is compared. */
static void test_long_gate(void **state)
{
	static const char *const paths[] = { "open_conn", "a path of more than sixteen bytes" };
	const ic_input_request req = all_of(IC_ALL_FIELDS);
	ic_buf text;
	(void)state;
	ic_buf_init(&text, 0);
	for (unsigned i = 0; i < 300; i++)
		ic_buf_printf(&text,
			      "{\"_path\":\"%s\",\"ts\":17145216%02u,\"uid\":\"C%u\",\"conn_state\":\"SF\","
			      "\"id.resp_p\":%u}\n",
			      paths[i / 60 % 2], i % 60, i, i);
	char *rows = rows_at_any_level(&ic_kind_zeek_json, &req, &text);
	assert_non_null(strstr(rows, "read 300 kept 300 bad 0 "));
	ic_free(rows);
	ic_buf_clear(&text);
}

/* Whether a flow says when it started decides what its time is. */
static void test_flows_of_two_times(void **state)
{
	static const char *const starts[] = { "null", "7", "null", "\"2024-05-01T00:00:07.000000+0000\"" };
	const ic_input_request req = all_of(IC_ALL_FIELDS);
	ic_buf text;
	(void)state;
	ic_buf_init(&text, 0);
	for (unsigned i = 0; i < 800; i++) {
		const unsigned usual = i / 200;
		ic_buf_printf(&text,
			      "{\"timestamp\":\"2024-05-01T00:01:%02u.000000+0000\",\"event_type\":\"flow\","
			      "\"src_port\":%u,\"dest_port\":443,\"flow\":{\"age\":3,\"start\":%s}}\n",
			      i % 60, i, starts[i % 50 == 25 ? (usual + 1) % 4 : usual]);
	}
	char *rows = rows_at_any_level(&ic_kind_eve, &req, &text);
	assert_non_null(strstr(rows, "\n25 conn|time=1970-01-01T00:00:07Z|"));
	ic_free(rows);
	ic_buf_clear(&text);
}

/* The last line of a block, which is read alone, has nothing to do with the keys of the one before it. */
static void test_other_line_ends_block(void **state)
{
	const ic_input_request req = all_of(IC_ALL_FIELDS);
	ic_buf text;
	(void)state;
	ic_buf_init(&text, 0);
	for (unsigned i = 0; i < 400; i++)
		ic_buf_printf(&text, "{%s\"ts\":17145216%02u,\"uid\":\"C%u\",\"conn_state\":\"SF\"}\n",
			      i % 3 == 2 ? "\"_path\":\"open_conn\"," : "", i % 60, i);
	char *rows = rows_at_any_level(&ic_kind_zeek_json, &req, &text);
	assert_non_null(strstr(rows, "\n2 conn|flags=1|"));
	assert_non_null(strstr(rows, "read 400 kept 400 bad 0 "));
	ic_free(rows);
	ic_buf_clear(&text);
}

/* ---- lines that are nearly like the others ---- */

static unsigned seed = 7;

static unsigned roll(unsigned n)
{
	seed = seed * 1664525u + 1013904223u;
	return (seed >> 8) % n;
}

static const char *one_of(const char *const *list, unsigned n)
{
	return list[roll(8) ? 0 : roll(n)];
}

/* A line of Zeek's conn.log; its numbers, words and members are mostly of one kind. */
static void put_conn(ic_buf *b)
{
	static const char *const durations[] = { "0.416535", "12.000001",
						 "3",	     "0",
						 "1e-3",     "0.0012309551239013672",
						 "null",     "123456789012345678901234567890.5",
						 "1.2.3",    "12.",
						 ".5",	     "00.5" };
	static const char *const words[] = { "true", "false", "null", "1", "tru", "truest" };
	static const char *const counts[] = { "707",
					      "0",
					      "00",
					      "1",
					      "-1",
					      "1234567890123456",
					      "12345678901234567890",
					      "12345678901234567890123456789012",
					      "7.0",
					      "" };
	static const char *const services[] = { "\"service\":\"ssl\",", "", "\"service\":\"http\",",
						"\"service\":null,", "\"service\" : \"dns\"," };
	static const char *const blanks[] = { "", " ", "\t" };
	ic_buf_printf(b, "{\"ts\":%u.%06u,\"uid\":\"C%u\",\"id.orig_h\":\"10.20.%u.%u\",",
		      1714521600 + roll(99999), roll(1000000), roll(1u << 30), roll(256), roll(256));
	ic_buf_printf(b, "\"id.resp_h\":\"%s%u.1.2.3\",\"id.resp_p\":%u,\"proto\":\"%s\",%s",
		      roll(9) ? "" : "x", roll(256), roll(70000), roll(3) ? "tcp" : "udp",
		      one_of(services, 5));
	ic_buf_printf(b, "\"duration\":%s,\"orig_bytes\":%s,\"resp_bytes\":%u,\"conn_state\":\"SF\",",
		      one_of(durations, 12), one_of(counts, 10), roll(100000));
	ic_buf_printf(b, "\"local_orig\":%s,\"missed_bytes\":%s,\"history\":\"Sh\",\"orig_pkts\":%u%s}%s\n",
		      one_of(words, 6), one_of(counts, 10), roll(100), one_of(blanks, 3), one_of(blanks, 3));
}

static void put_flow(ic_buf *b)
{
	static const char *const types[] = { "flow", "flow", "http", "flaw" };
	static const char *const words[] = { "true", "false", "null", "0", "fals", "falsely" };
	static const char *const ends[] = { "\"2024-05-01T00:00:01.000000+0000\"",
					    "\"2024-04-30T23:59:59.999999+0000\"",
					    "\"2024-05-02T00:00:00.000001+0000\"",
					    "\"2024-05-01T00:00:01Z\"",
					    "\"2024-05-01T00:00:61.000000+0000\"",
					    "1714521602.5",
					    "null",
					    "\"\"" };
	ic_buf_printf(b, "{\"timestamp\":\"2024-05-01T00:00:%02u.%06u+0000\",\"flow_id\":%u%09u,", roll(62),
		      roll(1000000), roll(900) + 100, roll(1000000000));
	ic_buf_printf(b, "\"event_type\":\"%s\",\"src_ip\":\"10.20.0.%u\",\"dest_ip\":\"2001:db8::%x\",",
		      one_of(types, 4), roll(256), roll(65536));
	ic_buf_printf(
	    b, "\"dest_port\":%u,\"proto\":\"TCP\",\"flow\":{\"pkts_toserver\":%u,\"bytes_toserver\":%u,",
	    roll(66000), roll(100), roll(100000));
	ic_buf_printf(b, "\"start\":\"2024-05-01T00:00:00.%06u+0000\",\"end\":%s,\"age\":%u,", roll(1000000),
		      one_of(ends, 8), roll(3));
	ic_buf_printf(b, "\"alerted\":%s},\"tcp\":{\"syn\":%s}}\n", one_of(words, 6), one_of(words, 6));
}

/* A line that ends as most of its kind do, in a long run of the same; its texts are of any length, one is seldom of
 * more than 32 bytes. */
static void put_usual(ic_buf *b)
{
	static const char *const texts[] = { "closed", "new", "", "a\\u0041", "x y", "\n" };
	static const char *const words[] = { "true", "false", "null" };
	static const char of_seventy[] =
	    "a text of nearly seventy bytes, which is more than is looked at in one go..";
	const unsigned rare = roll(60);
	ic_buf_printf(b, "{\"timestamp\":\"2024-05-01T00:00:%02u.000000+0000\",\"in_iface\":\"eth%u\",",
		      roll(60), rare == 0);
	ic_buf_printf(b, "\"event_type\":\"%s\",\"src_ip\":\"10.20.0.%u\",\"note\":\"%.*s\",",
		      rare == 1 ? "http" : "flow", roll(256), (int)roll(70), of_seventy);
	ic_buf_printf(b, "\"app_proto\":\"%.*s\",", (int)(roll(90) ? roll(33) : 33 + roll(3)), of_seventy);
	ic_buf_printf(b, "\"flow\":{\"age\":%u,\"state\":\"%s\",\"reason\":\"timeout\",\"alerted\":false},",
		      roll(3), texts[rare < 12 ? rare / 2 : 0]);
	ic_buf_printf(
	    b, "\"tcp\":{\"tcp_flags\":\"1b\",\"tcp_flags_ts\":\"%s\",\"syn\":%s,\"ack\":true,\"x\":%s}}\n",
	    rare == 13 ? "1c" : "1b", words[rare < 16 ? roll(3) : 0],
	    rare == 17	 ? "1234567890123456789012345678901"
	    : rare == 18 ? "12345678901234567890123456789012"
	    : rare == 19 ? "-1"
			 : "7");
}

/* Puts a byte of use to JSON somewhere into the last line, or takes one out. */
static void spoil(ic_buf *b, size_t line)
{
	static const char bytes[] = "{}[],:\"\\0159.-eEtrufalsn xT\n";
	const size_t at = line + roll((unsigned)(b->n - line - 1));
	if (roll(3) == 0) {
		memmove(b->p + at, b->p + at + 1, b->n - at - 1);
		b->n--;
	} else {
		b->p[at] = bytes[roll(sizeof(bytes) - 1)];
	}
}

/* Whatever happens to lines, many taken together by column are what each is on its own, at every level. */
static void check_spoiled(const ic_source_kind *kind, void (*put)(ic_buf *))
{
	const ic_input_request req = all_of(IC_ALL_FIELDS);
	unsigned bad = 0;
	ic_buf text;
	ic_buf_init(&text, 0);
	for (unsigned round = 0; round < 24; round++) {
		const unsigned rare = round % 3 ? 40 : 3;
		ic_buf_reset(&text);
		for (unsigned i = 0; i < 250; i++) {
			const size_t line = text.n;
			put(&text);
			if (roll(rare) == 0)
				spoil(&text, line);
		}
		char *alone = json_rows(kind, &req, NULL, text.p, text.n, 1);
		for (int level = IC_SIMD_SCALAR; level <= IC_SIMD_AVX512; level++) {
			ic_cpu_simd_limit((ic_simd)level);
			char *together = json_rows(kind, &req, NULL, text.p, text.n, 0);
			assert_string_equal(together, alone);
			ic_free(together);
		}
		bad += strstr(alone, " bad 0 ") == NULL;
		ic_free(alone);
	}
	ic_cpu_simd_limit(IC_SIMD_AVX512);
	assert_true(bad > 12);
	ic_buf_clear(&text);
}

static void test_spoiled_lines(void **state)
{
	(void)state;
	check_spoiled(&ic_kind_zeek_json, put_conn);
	check_spoiled(&ic_kind_eve, put_flow);
	check_spoiled(&ic_kind_eve, put_usual);
}

static char *rows_by(const ic_source_kind *kind, ic_reader *r, const char *text)
{
	const size_t n = strlen(text);
	ic_batch *b = ic_batch_new(IC_ALL_FIELDS);
	ic_row_counts c = { 0 };
	ic_buf out;
	size_t at = 0;
	assert_non_null(b);
	ic_batch_reset(b);
	ic_buf_init(&out, 0);
	assert_int_equal(kind->parse(r, text, n, &at, true, b, &c), IC_OK);
	assert_int_equal(at, n);
	add_rows(b, &out);
	ic_buf_printf(&out, "bad %u other %u", (unsigned)c.bad, (unsigned)c.other_stream);
	ic_buf_putc(&out, '\0');
	ic_batch_free(b);
	return out.p;
}

/* A reader that has read other things gives what a new one gives, and says of its layout what that says. */
static void test_used_again(void **state)
{
	(void)state;
	const char *conns = "{\"ts\":1714521600,\"uid\":\"C1\",\"id.resp_p\":443,\"conn_state\":\"SF\"}\n"
			    "{\"ts\":1714521601,\"uid\":\"C2\",\"id.resp_p\":80,\"conn_state\":\"SF\"}\n"
			    "{\"ts\":1714521602,\"uid\":\"C3\",\"id.resp_p\":\"x\",\"conn_state\":\"SF\"}\n";
	const ic_input_request req = all_of(IC_ALL_FIELDS);
	const ic_reader_config cfg = { .req = &req };
	bool nomem;
	const ic_source_kind *kind = &ic_kind_zeek_json;
	const ic_layout *layout = kind->layout(&cfg, conns, strlen(conns), &nomem);
	ic_reader *r = kind->begin(&cfg, layout), *used = kind->begin(&cfg, layout);
	assert_non_null(r);
	assert_non_null(used);
	ic_free(rows_by(kind, used, zeek_lines));
	const ic_layout *other = kind->layout_after(used, &nomem);
	assert_ptr_not_equal(other, layout);
	kind->layout_free(other);
	kind->again(used, layout);
	char *expected = rows_by(kind, r, conns), *got = rows_by(kind, used, conns);
	assert_string_equal(got, expected);
	assert_non_null(strstr(expected, "bad 1 other 0"));
	assert_ptr_equal(kind->layout_after(used, &nomem), layout);
	ic_free(expected);
	ic_free(got);
	kind->end(r);
	kind->end(used);
	kind->layout_free(layout);
}

static void test_zeek_layout(void **state)
{
	(void)state;
	static const struct {
		const char *head;
		unsigned streams;
		bool single;
	} cases[] = {
		{ "{\"ts\":1,\"uid\":\"C\",\"conn_state\":\"SF\"}\n", IC_STREAM_BIT(IC_STREAM_CONN), true },
		{ "{\"_path\":\"weird\",\"ts\":1,\"uid\":\"C\"}\n{\"_path\":\"weird\",\"ts\":1}\n", 0, true },
	};
	bool nomem;
	const ic_input_request req = all_of(IC_ALL_FIELDS);
	const ic_reader_config cfg = { .req = &req };
	for (size_t i = 0; i < 2; i++) {
		const ic_layout *l =
		    ic_kind_zeek_json.layout(&cfg, cases[i].head, strlen(cases[i].head), &nomem);
		assert_non_null(l);
		assert_int_equal(l->streams, cases[i].streams);
		assert_int_equal(l->single, cases[i].single);
		ic_kind_zeek_json.layout_free(l);
	}
	const ic_layout *l = ic_kind_zeek_json.layout(&cfg, zeek_lines, strlen(zeek_lines), &nomem);
	assert_false(l->single);
	unsigned streams;
	int64_t first;
	ic_kind_zeek_json.peek(l, zeek_lines, strlen(zeek_lines), &streams, &first);
	assert_int_equal(streams, 31);
	assert_int_equal(first, INT64_C(17145216001772740));
	ic_kind_zeek_json.layout_free(l);
}

/* A file that went on with another log says so. */
static void test_zeek_other_log_later(void **state)
{
	(void)state;
	bool nomem;
	const ic_input_request req = all_of(IC_ALL_FIELDS);
	const ic_reader_config cfg = { .req = &req };
	const char *conn = "{\"ts\":1,\"uid\":\"C\",\"conn_state\":\"SF\"}\n";
	const char *dns = "{\"ts\":1,\"uid\":\"C\",\"query\":\"SF\"}\n";
	const ic_layout *l = ic_kind_zeek_json.layout(&cfg, conn, strlen(conn), &nomem);
	ic_reader *r = ic_kind_zeek_json.begin(&cfg, l);
	ic_batch *b = ic_batch_new(req.wanted);
	ic_row_counts c = { 0 };
	size_t at = 0;
	assert_int_equal(ic_kind_zeek_json.parse(r, conn, strlen(conn), &at, false, b, &c), IC_OK);
	assert_ptr_equal(ic_kind_zeek_json.layout_after(r, &nomem), l);
	at = 0;
	assert_int_equal(ic_kind_zeek_json.parse(r, dns, strlen(dns), &at, true, b, &c), IC_OK);
	const ic_layout *after = ic_kind_zeek_json.layout_after(r, &nomem);
	assert_false(ic_kind_zeek_json.layout_equal(l, after));
	assert_true(after->streams & IC_STREAM_BIT(IC_STREAM_DNS));
	ic_kind_zeek_json.end(r);
	ic_kind_zeek_json.layout_free(after);
	ic_kind_zeek_json.layout_free(l);
	ic_batch_free(b);
}

static const char *const eve_lines =
    "{\"timestamp\":\"2024-05-01T00:00:03.489274+0000\",\"flow_id\":1989039113361646,\"event_type\":\"flow\","
    "\"src_ip\":\"10.20.1.180\",\"src_port\":56527,\"dest_ip\":\"192.0.2.56\",\"dest_port\":443,\"proto\":"
    "\"TCP\","
    "\"app_proto\":\"tls\",\"flow\":{\"pkts_toserver\":5,\"pkts_toclient\":3,\"bytes_toserver\":2310,"
    "\"bytes_toclient\":1093,\"start\":\"2024-05-01T00:00:00.177274+0000\",\"end\":\"2024-05-01T02:00:00."
    "489274+0200\","
    "\"age\":0,\"state\":\"closed\"},\"tcp\":{\"syn\":true},\"host\":\"s1\"}\n"
    "{\"event_type\":\"alert\",\"timestamp\":\"2024-05-01T00:00:03.489274+0000\",\"broken\":\n"
    "{\"timestamp\":\"2024-05-01T00:00:01.000001+0000\",\"flow_id\":7,\"event_type\":\"http\",\"dest_port\":"
    "80,"
    "\"http\":{\"hostname\":\"H.example\",\"url\":\"/x\",\"http_user_agent\":\"Mozilla\\/"
    "5.0\",\"http_method\":\"GET\","
    "\"status\":101,\"length\":5}}\n"
    "{\"timestamp\":\"2024-05-01T00:00:02.000000+0000\",\"flow_id\":8,\"event_type\":\"tls\",\"dest_port\":"
    "443,"
    "\"tls\":{\"subject\":\"CN=x\",\"issuerdn\":\"CN=y\",\"sni\":\"S.example\",\"version\":\"TLS 1.3\","
    "\"ja3\":{\"hash\":\"abc\",\"string\":\"1\"},\"ja3s\":{\"hash\":\"def\"},\"ja4\":\"t13d\","
    "\"server_alpns\":[\"h2\"]}}\n"
    "{\"timestamp\":\"2024-05-01T00:00:02.000000+0000\",\"flow_id\":9,\"event_type\":\"quic\",\"dest_port\":"
    "443,"
    "\"proto\":\"UDP\",\"quic\":{\"sni\":\"q.example\",\"ja4\":\"q13d\"}}\n"
    "{\"timestamp\":\"2024-05-01T00:00:04.000000+0000\",\"flow_id\":10,\"event_type\":\"dns\",\"dest_port\":"
    "53,"
    "\"dns\":{\"version\":2,\"type\":\"answer\",\"rrname\":\"a.example\",\"answers\":[{\"rrname\":\"a."
    "example\","
    "\"rrtype\":\"A\",\"rdata\":\"192.0.2.1\"},{\"rdata\":\"192.0.2.2\"}],\"grouped\":{\"A\":[\"192.0.2.1\"]}"
    "}}\n"
    "{\"timestamp\":\"2024-05-01T00:00:05.000000+0000\",\"event_type\":\"dns\",\"dns\":{\"version\":3,"
    "\"queries\":[{\"rrname\":\"b.example\"}],\"grouped\":{\"A\":[\"192.0.2.3\",\"192.0.2.4\"]}}}\n"
    "{\"timestamp\":\"2024-05-01T00:00:06.000000+0000\",\"event_type\":\"dns\",\"src_ip\":\"192.0.2.53\","
    "\"src_port\":53,\"dest_ip\":\"10.0.0.1\",\"dest_port\":50000,\"dns\":{\"type\":\"answer\","
    "\"rrname\":\"c.example\",\"rdata\":\"192.0.2.5\"}}\n"
    "{\"timestamp\":\"2024-13-01T00:00:06.000000+0000\",\"event_type\":\"flow\"}\n"
    "{\"timestamp\":\"2024-05-01T00:00:07.000000+0000\",\"event_type\":\"flow\",\"app_proto\":\"failed\","
    "\"flow\":{\"age\":61,\"action\":\"drop\"}}\n";

static void test_eve(void **state)
{
	(void)state;
	const ic_input_request req = all_of(IC_ALL_FIELDS);
	char *rows = steady_rows(&ic_kind_eve, &req, NULL, eve_lines, strlen(eve_lines));
	assert_string_equal(
	    rows,
	    "0 conn|time=2024-05-01T00:00:00.177274Z|uid=1989039113361646|sensor=s1|src_ip=10.20.1.180|"
	    "src_port=56527|dst_ip=192.0.2.56|dst_port=443|transport=tcp|service=tls|duration_s=0.312|"
	    "ip_bytes_out=2310|ip_bytes_in=1093|packets_out=5|packets_in=3\n"
	    "2 http|flags=4|time=2024-05-01T00:00:01.000001Z|uid=7|dst_port=80|service=websocket|"
	    "dst_name=h.example|method=GET|uri=/x|host=H.example|status=101|user_agent=Mozilla/5.0|"
	    "response_body_bytes=5\n"
	    "3 ssl|time=2024-05-01T00:00:02Z|uid=8|dst_port=443|service=tls|dst_name=s.example|sni=S.example|"
	    "alpn=h2|tls_version=TLS 1.3|cert_subject=CN=x|cert_issuer=CN=y|ja3=abc|ja3s=def|ja4=t13d\n"
	    "4 "
	    "ssl|time=2024-05-01T00:00:02Z|uid=9|dst_port=443|transport=udp|service=quic|dst_name=q.example|"
	    "sni=q.example|ja4=q13d\n"
	    "5 dns|time=2024-05-01T00:00:04Z|uid=10|dst_port=53|service=dns|dns_query=a.example|"
	    "dns_answers=192.0.2.1,192.0.2.2\n"
	    "6 "
	    "dns|time=2024-05-01T00:00:05Z|service=dns|dns_query=b.example|dns_answers=192.0.2.3,192.0.2.4\n"
	    "7 dns|time=2024-05-01T00:00:06Z|src_ip=10.0.0.1|src_port=50000|dst_ip=192.0.2.53|dst_port=53|"
	    "service=dns|dns_query=c.example|dns_answers=192.0.2.5\n"
	    "9 conn|flags=8|time=2024-05-01T00:00:07Z|duration_s=61|action=blocked\n"
	    "read 10 kept 8 bad 1 ports 0 time 0 other 1 lines 10 (line 8: time is not a time: "
	    "2024-13-01T00:00:06.000000+0000)");
	ic_free(rows);
}

#define EVENT(n)                                                                                             \
	"{\"Timestamp\":\"2024-05-01T00:00:0" #n "Z\",\"DeviceName\":\"pc\",\"RemoteIP\":\"192.0.2." #n      \
	"\",\"RemotePort\":443,\"LocalIP\":\"10.0.0.1\",\"Protocol\":\"TcpV4\",\"RemoteUrl\":\"https://"     \
	"A.example/x\","                                                                                     \
	"\"ActionType\":\"ConnectionSuccess\",\"AdditionalFields\":\"{}\"}"
#define EVENT_ROW(n)                                                                                         \
	" conn|time=2024-05-01T00:00:0" #n "Z|src_ip=10.0.0.1|dst_ip=192.0.2." #n                            \
	"|dst_port=443|transport=tcp|action=allowed|src_host=pc|dst_name=a.example\n"

static void expect_defender(const char *text, const char *want)
{
	const ic_input_request req = all_of(IC_ALL_FIELDS);
	char *rows = steady_rows(&ic_kind_defender_json, &req, NULL, text, strlen(text));
	assert_string_equal(rows, want);
	ic_free(rows);
}

static void test_defender_shapes(void **state)
{
	(void)state;
	expect_defender(
	    EVENT(1) "\n" EVENT(2) "\n",
	    "0" EVENT_ROW(1) "1" EVENT_ROW(2) "read 2 kept 2 bad 0 ports 0 time 0 other 0 lines 2");
	expect_defender(
	    "[" EVENT(1) "," EVENT(2) "]",
	    "0" EVENT_ROW(1) "0" EVENT_ROW(2) "read 2 kept 2 bad 0 ports 0 time 0 other 0 lines 0");
	expect_defender(
	    "\xef\xbb\xbf{\n \"Stats\": {\"x\": [1, {\"y\": 2}]},\n \"Schema\": [[1]],\n \"Results\": "
	    "[\n " EVENT(1) ",\n " EVENT(2) "\n ],\n \"more\": 12\n}\n",
	    "4" EVENT_ROW(1) "5" EVENT_ROW(2) "read 2 kept 2 bad 0 ports 0 time 0 other 0 lines 9");
	expect_defender("{\"body\":{\"time\":\"x\",\"properties\":" EVENT(3) "},\"offset\":1}\n",
			"0" EVENT_ROW(3) "read 1 kept 1 bad 0 ports 0 time 0 other 0 lines 1");
	expect_defender("{\"records\":[]}{\"value\":[" EVENT(3) "]}",
			"0" EVENT_ROW(3) "read 1 kept 1 bad 0 ports 0 time 0 other 0 lines 0");
	/* a list inside of a record is none of records, also where the record is in another object */
	expect_defender(
	    "{\"body\":{\"results\":[{\"x\":1}],\"properties\":" EVENT(1) "}}" EVENT(2),
	    "0" EVENT_ROW(1) "0" EVENT_ROW(2) "read 2 kept 2 bad 0 ports 0 time 0 other 0 lines 0");
	/* one record cut short, in a file of lines and at the end of a list */
	expect_defender(
	    EVENT(1) "\n{\"Timestamp\":\"2024\n" EVENT(2) "\n",
	    "0" EVENT_ROW(1) "2" EVENT_ROW(
		2) "read 3 kept 2 bad 1 ports 0 time 0 other 0 lines 3 (line 1: expected , or })");
	expect_defender(
	    "[" EVENT(1) ",{\"Timestamp\":",
	    "0" EVENT_ROW(1) "read 2 kept 1 bad 1 ports 0 time 0 other 0 lines 0 (line 0: unexpected end)");
	expect_defender(
	    "[" EVENT(1) ",\n",
	    "0" EVENT_ROW(
		1) "read 2 kept 1 bad 1 ports 0 time 0 other 0 lines 1 (line 1: unexpected end: the list of "
		   "records is not closed)");
}

static void test_defender_events(void **state)
{
	(void)state;
	expect_defender(
	    "{\"time\":\"2024-05-01T01:00:00Z\",\"category\":\"AdvancedHunting-DeviceEvents\",\"properties\":"
	    "{"
	    "\"RemoteIP\":\"-\"}}\n"
	    "{\"time\":\"2024-05-01T01:00:00Z\",\"category\":\"AdvancedHunting-DeviceNetworkEvents\","
	    "\"properties\":{\"Timestamp\":\"2024-05-01T00:00:00.1234567Z\",\"RemoteIP\":\"192.0.2.1\","
	    "\"LocalIP\":\"10.0.0.1\",\"RemotePort\":50000,\"LocalPort\":443,\"RemoteUrl\":null,"
	    "\"ActionType\":\"InboundConnectionAttempt\",\"AdditionalFields\":\"{\\\"a\\\":1}\"}}\n"
	    "{\"TimeGenerated [UTC]\":\"5/1/2024, 10:00:00.123 "
	    "AM\",\"RemoteIP\":\"192.0.2.1\",\"RemotePort\":443,"
	    "\"ActionType\":\"ConnectionSuccessAggregatedReport\",\"AdditionalFields\":{"
	    "\"uniqueEventsAggregated\":1.2E1}}\n"
	    "{\"TimeGenerated\":\"2024-05-01T02:00:00Z\",\"RemoteIP\":\"192.0.2.1\",\"RemotePort\":443,"
	    "\"ActionType\":\"ConnectionFailedAggregatedReport\",\"AdditionalFields\":\"{"
	    "\\\"uniqueEventsAggregated\\\":"
	    "3}\"}\n"
	    "{\"TimeGenerated\":\"2024-05-01T02:00:00Z\",\"RemoteIP\":\"nope\",\"ActionType\":"
	    "\"ConnectionSuccess\"}\n",
	    "1 conn|time=2024-05-01T00:00:00.1234567Z|src_ip=192.0.2.1|src_port=50000|dst_ip=10.0.0.1|"
	    "dst_port=443\n"
	    "2 count|time=2024-05-01T10:00:00.123Z|dst_ip=192.0.2.1|dst_port=443|action=allowed|count=12\n"
	    "3 count|flags=8|time=2024-05-01T02:00:00Z|dst_ip=192.0.2.1|dst_port=443|action=failed|count=3\n"
	    "read 5 kept 3 bad 1 ports 0 time 0 other 1 lines 5 (line 4: dst_ip is not an address: nope)");
}

/* Behind a proxy the address is the proxy's, and RemoteUrl is the server's. */
static void test_defender_proxied(void **state)
{
	(void)state;
#define ASKED(port, url)                                                                                     \
	"{\"Timestamp\":\"2024-05-01T00:00:00Z\",\"RemoteIP\":\"10.0.0.9\",\"RemotePort\":" port             \
	",\"ActionType\":\"ConnectionSuccess\",\"RemoteUrl\":\"" url "\"}\n"
#define GOT(line, flags, port)                                                                               \
	line " conn|" flags "time=2024-05-01T00:00:00Z|dst_ip=10.0.0.9|dst_port=" port                       \
	     "|action=allowed|dst_name=a.example\n"
	expect_defender(ASKED("8080", "https://a.example/x") ASKED("3128", "a.example:443")
			    ASKED("443", "https://a.example/x") ASKED("8080", "a.example"),
			GOT("0", "flags=2|", "8080") GOT("1", "flags=2|", "3128") GOT("2", "", "443")
			    GOT("3", "", "8080") "read 4 kept 4 bad 0 ports 0 time 0 other 0 lines 4");
	/* what a client outside came from is no port that was asked */
	expect_defender(
	    "{\"Timestamp\":\"2024-05-01T00:00:00Z\",\"LocalIP\":\"10.0.0.5\",\"LocalPort\":443,"
	    "\"RemoteIP\":\"192.0.2.9\",\"RemotePort\":50123,"
	    "\"ActionType\":\"InboundConnectionAccepted\",\"RemoteUrl\":\"https://a.example/\"}\n",
	    "0 conn|time=2024-05-01T00:00:00Z|src_ip=192.0.2.9|src_port=50123|dst_ip=10.0.0.5|"
	    "dst_port=443|action=allowed\n"
	    "read 1 kept 1 bad 0 ports 0 time 0 other 0 lines 1");
}

static void test_qradar(void **state)
{
	(void)state;
	const ic_input_request req = all_of(IC_ALL_FIELDS);
	const char *text =
	    "{\"events\": [\n"
	    " {\"starttime\": 1714521600123, \"sourceip\": \"10.0.0.1\", \"destinationip\": \"192.0.2.1\",\n"
	    "  \"destinationport\": 443, \"protocolid\": 6, \"eventcount\": 3, \"username\": null,\n"
	    "  \"devicetime\": 5, \"custom\": {\"sourceip\": \"x\"}},\n"
	    " {\"starttime\": 1714521601000, \"SourceIP\": \"10.0.0.2\", \"URL\": \"http://w.example/p\",\n"
	    "  \"HTTP Method\": \"GET\", \"destinationip\": \"N/A\"}\n"
	    "]}\n";
	char *rows = steady_rows(&ic_kind_qradar_json, &req, NULL, text, strlen(text));
	assert_string_equal(
	    rows, "1 conn|time=2024-05-01T00:00:00.123Z|src_ip=10.0.0.1|dst_ip=192.0.2.1|dst_port=443|"
		  "transport=tcp|count=3\n"
		  "4 http|time=2024-05-01T00:00:01Z|src_ip=10.0.0.2|dst_port=80|service=http|"
		  "dst_name=w.example|method=GET|uri=/p|host=w.example\n"
		  "read 2 kept 2 bad 0 ports 0 time 0 other 0 lines 7");
	ic_free(rows);
}

static const char ecs_lines[] =
    /* Zeek by Filebeat: three logs, one that is not used */
    "{\"@timestamp\":\"2024-05-01T00:00:00.250Z\",\"event\":{\"dataset\":\"zeek.connection\",\"duration\":"
    "1500000000,"
    "\"type\":[\"connection\",\"start\",\"end\"]},\"host\":{\"name\":\"probe\"},\"network\":{\"transport\":"
    "\"tcp\","
    "\"protocol\":\"ssl\"},\"source\":{\"ip\":\"10.0.0.1\",\"port\":50001,\"bytes\":300,\"packets\":3},"
    "\"destination\":{\"ip\":\"192.0.2.1\",\"port\":443,\"bytes\":900,\"packets\":4},"
    "\"zeek\":{\"session_id\":\"C1\",\"connection\":{\"state\":\"SF\"}}}\n"
    "{\"@timestamp\":\"2024-05-01T00:00:01Z\",\"event\":{\"dataset\":\"zeek.ssl\"},\"source\":{\"ip\":\"10.0."
    "0.1\"},"
    "\"destination\":{\"ip\":\"192.0.2.1\",\"port\":443},\"zeek\":{\"session_id\":\"C1\",\"ssl\":{"
    "\"version\":\"TLSv12\","
    "\"server\":{\"name\":\"A.example\"}}},\"tls\":{\"version\":\"1.2\",\"client\":{\"ja3\":\"abc\"}}}\n"
    "{\"@timestamp\":\"2024-05-01T00:00:02Z\",\"data_stream\":{\"dataset\":\"zeek.http\"},\"source\":{\"ip\":"
    "\"10.0.0.1\"},"
    "\"destination\":{\"ip\":\"192.0.2.1\",\"port\":80},\"url\":{\"domain\":\"b.example\",\"original\":\"/"
    "p\"},"
    "\"http\":{\"request\":{\"method\":\"GET\"},\"response\":{\"status_code\":200}},"
    "\"user_agent\":{\"original\":\"x/1\"}}\n"
    "{\"@timestamp\":\"2024-05-01T00:00:03Z\",\"event\":{\"dataset\":\"zeek.files\"},\"source\":{\"ip\":\"10."
    "0.0.1\"},"
    "\"destination\":{\"ip\":\"192.0.2.1\"}}\n"
    /* Suricata: a flow by its start, an alert */
    "{\"@timestamp\":\"2024-05-01T00:01:00Z\",\"event\":{\"dataset\":\"suricata.eve\",\"start\":\"2024-05-"
    "01T00:00:04Z\"},"
    "\"source\":{\"ip\":\"10.0.0.2\",\"bytes\":5},\"destination\":{\"ip\":\"192.0.2.2\",\"port\":443},"
    "\"suricata\":{\"eve\":{\"event_type\":\"flow\",\"flow_id\":7}}}\n"
    "{\"@timestamp\":\"2024-05-01T00:01:00Z\",\"source\":{\"ip\":\"10.0.0.2\"},\"destination\":{\"ip\":\"192."
    "0.2.2\"},"
    "\"suricata\":{\"eve\":{\"event_type\":\"alert\"}}}\n"
    /* and an answer to a look-up, as its packet went */
    "{\"@timestamp\":\"2024-05-01T00:01:01Z\",\"source\":{\"ip\":\"192.0.2.53\",\"port\":53},"
    "\"destination\":{\"ip\":\"10.0.0.2\",\"port\":50000},\"dns\":{\"type\":\"answer\","
    "\"question\":{\"name\":\"f.example\"}},\"suricata\":{\"eve\":{\"event_type\":\"dns\"}}}\n"
    /* Security Onion: sizes of both kinds, seconds, names with dots as one search gives them */
    "{\"_index\":\"so\",\"_source\":{\"@timestamp\":\"2024-05-01T00:00:05Z\",\"event\":{\"module\":\"zeek\","
    "\"dataset\":\"conn\",\"duration\":0.25},\"source\":{\"ip\":\"10.0.0.3\"},\"client\":{\"ip\":\"10.0.0."
    "3\","
    "\"bytes\":10,\"ip_bytes\":52},\"destination\":{\"ip\":\"192.0.2.3\",\"port\":80},\"log\":{\"id\":{"
    "\"uid\":\"C3\"}}}}\n"
    "{\"@timestamp\":\"2024-05-01T00:00:06Z\",\"event.dataset\":\"http\",\"event.module\":\"zeek\","
    "\"source.ip\":\"10.0.0.3\",\"destination.ip\":\"192.0.2.3\",\"destination.port\":80,\"http.method\":"
    "\"POST\","
    "\"http.uri\":\"/q\",\"http.virtual_host\":\"c.example\",\"http.useragent\":\"y/2\"}\n"
    /* a proxy that blocked; its log names no port */
    "{\"@timestamp\":\"2024-05-01T00:00:07Z\",\"event\":{\"dataset\":\"some.web\",\"action\":\"blocked\"},"
    "\"source\":{\"ip\":\"10.0.0.4\",\"bytes\":8},\"destination\":{\"ip\":\"192.0.2.4\"},"
    "\"url\":{\"original\":\"https://d.example/r\"},\"http\":{\"request\":{\"method\":\"GET\"}}}\n"
    /* an endpoint: a connection made, its end, one that was accepted */
    "{\"@timestamp\":\"2024-05-01T00:00:08Z\",\"event\":{\"action\":\"connection_attempted\"},"
    "\"host\":{\"name\":\"pc\"},\"process\":{\"name\":\"a.exe\"},\"source\":{\"ip\":\"10.0.0.5\"},"
    "\"destination\":{\"ip\":\"192.0.2.5\",\"port\":443}}\n"
    "{\"@timestamp\":\"2024-05-01T00:00:09Z\",\"event\":{\"action\":\"disconnect_received\"},"
    "\"process\":{\"name\":\"a.exe\"},\"source\":{\"ip\":\"10.0.0.5\"},\"destination\":{\"ip\":\"192.0.2.5\"}"
    "}\n"
    "{\"@timestamp\":\"2024-05-01T00:00:10Z\",\"host\":{\"name\":\"pc\"},\"process\":{\"name\":\"a.exe\"},"
    "\"network\":{\"direction\":\"ingress\"},\"source\":{\"ip\":\"192.0.2.6\"},\"destination\":{\"ip\":\"10."
    "0.0.5\"}}\n"
    /* packetbeat, and a log-on without a destination */
    "{\"@timestamp\":\"2024-05-01T00:00:11Z\",\"type\":\"dns\",\"source\":{\"ip\":\"10.0.0.6\"},"
    "\"destination\":{\"ip\":\"192.0.2.53\",\"port\":53},\"dns\":{\"question\":{\"name\":\"e.example\"},"
    "\"resolved_ip\":[\"192.0.2.7\",\"192.0.2.8\"]}}\n"
    "{\"@timestamp\":\"2024-05-01T00:00:12Z\",\"event\":{\"action\":\"logged-in\"},\"source\":{\"ip\":\"10.0."
    "0.6\"}}\n";

static void test_ecs(void **state)
{
	(void)state;
	const ic_input_request req = all_of(IC_ALL_FIELDS);
	char *rows = steady_rows(&ic_kind_ecs, &req, NULL, ecs_lines, strlen(ecs_lines));
	assert_string_equal(
	    rows,
	    "0 "
	    "conn|time=2024-05-01T00:00:00.25Z|uid=C1|sensor=probe|src_ip=10.0.0.1|src_port=50001|dst_ip=192."
	    "0.2.1|dst_port=443|transport=tcp|service=tls|duration_s=1.5|ip_bytes_out=300|ip_bytes_in=900|"
	    "packets_out=3|packets_in=4|conn_state=SF\n"
	    "1 "
	    "ssl|time=2024-05-01T00:00:01Z|uid=C1|src_ip=10.0.0.1|dst_ip=192.0.2.1|dst_port=443|service=tls|"
	    "dst_name=a.example|sni=A.example|tls_version=TLSv12|ja3=abc\n"
	    "2 "
	    "http|time=2024-05-01T00:00:02Z|src_ip=10.0.0.1|dst_ip=192.0.2.1|dst_port=80|service=http|dst_"
	    "name=b.example|method=GET|uri=/p|host=b.example|status=200|user_agent=x/1\n"
	    "4 "
	    "conn|time=2024-05-01T00:00:04Z|uid=7|src_ip=10.0.0.2|dst_ip=192.0.2.2|dst_port=443|ip_bytes_out="
	    "5\n"
	    "6 "
	    "dns|time=2024-05-01T00:01:01Z|src_ip=10.0.0.2|src_port=50000|dst_ip=192.0.2.53|dst_port=53|"
	    "service=dns|dns_query=f.example\n"
	    "7 "
	    "conn|time=2024-05-01T00:00:05Z|uid=C3|src_ip=10.0.0.3|dst_ip=192.0.2.3|dst_port=80|duration_s=0."
	    "25|bytes_out=10|ip_bytes_out=52\n"
	    "8 "
	    "http|time=2024-05-01T00:00:06Z|src_ip=10.0.0.3|dst_ip=192.0.2.3|dst_port=80|service=http|dst_"
	    "name=c.example|method=POST|uri=/q|host=c.example|user_agent=y/2\n"
	    "9 "
	    "http|flags=8|time=2024-05-01T00:00:07Z|src_ip=10.0.0.4|dst_ip=192.0.2.4|dst_port=443|service="
	    "tls|bytes_out=8|action=blocked|dst_name=d.example|method=GET|uri=/r|host=d.example\n"
	    "10 "
	    "conn|time=2024-05-01T00:00:08Z|src_ip=10.0.0.5|dst_ip=192.0.2.5|dst_port=443|src_host=pc|"
	    "process=a.exe\n"
	    "12 conn|time=2024-05-01T00:00:10Z|src_ip=192.0.2.6|dst_ip=10.0.0.5\n"
	    "13 "
	    "dns|time=2024-05-01T00:00:11Z|src_ip=10.0.0.6|dst_ip=192.0.2.53|dst_port=53|service=dns|dns_"
	    "query=e.example|dns_answers=192.0.2.7,192.0.2.8\n"
	    "read 15 kept 11 bad 0 ports 0 time 0 other 4 lines 15");
	ic_free(rows);
}

/* Writers of JSON put large and small doubles with an exponent; what they mean is the same. */
static void test_numbers_with_exponents(void **state)
{
	(void)state;
	const ic_input_request req = all_of(IC_FIELD_BIT(IC_F_TIME) | IC_FIELD_BIT(IC_F_DURATION) |
					    IC_FIELD_BIT(IC_F_IP_BYTES_OUT) | IC_FIELD_BIT(IC_F_BYTES_OUT));
	static const struct {
		const char *duration, *seconds;
	} ecs[] = { { "1500000000", "1.5" }, { "1.5E9", "1.5" },	{ "1.5e+9", "1.5" },
		    { "15E8", "1.5" },	     { "1500000000.0", "1.5" }, { "1.25E-4", "0.000125" },
		    { "1E-4", "0.0001" },    { "0.25", "0.25" },	{ "3.0", "3" },
		    { "1.25E1", "12.5" } };
	for (size_t i = 0; i < sizeof ecs / sizeof *ecs; i++) {
		char line[512], want[256];
		(void)snprintf(
		    line, sizeof line,
		    "{\"@timestamp\":1.714521600E12,\"event\":{\"dataset\":\"zeek.connection\","
		    "\"duration\":%s},\"source\":{\"ip\":\"10.0.0.1\",\"bytes\":3.0E2},\"destination\":{"
		    "\"ip\":\"192.0.2.1\"}}\n",
		    ecs[i].duration);
		(void)snprintf(want, sizeof want,
			       "0 conn|time=2024-05-01T00:00:00Z|duration_s=%s|ip_bytes_out=300\n"
			       "read 1 kept 1 bad 0 ports 0 time 0 other 0 lines 1",
			       ecs[i].seconds);
		char *rows = steady_rows(&ic_kind_ecs, &req, NULL, line, strlen(line));
		assert_string_equal(rows, want);
		ic_free(rows);
	}
	static const char zeek[] =
	    "{\"ts\":1.7145216E9,\"uid\":\"A\",\"duration\":2.5E-1,\"orig_bytes\":1.2E3,"
	    "\"conn_state\":\"SF\"}\n";
	char *rows = steady_rows(&ic_kind_zeek_json, &req, NULL, zeek, strlen(zeek));
	assert_string_equal(rows, "0 conn|time=2024-05-01T00:00:00Z|duration_s=0.25|bytes_out=1200\n"
				  "read 1 kept 1 bad 0 ports 0 time 0 other 0 lines 1");
	ic_free(rows);
}

/* Elasticsearch's search results, a hit a line: the record is in _source, or some of it. */
static void test_source_of_elasticsearch(void **state)
{
	(void)state;
	const ic_input_request req = all_of(IC_ALL_FIELDS);
	static const char zeek[] = "{\"_index\":\"z\",\"_source\":{\"ts\":1,\"uid\":\"A\",\"id.orig_h\":\"10."
				   "0.0.1\",\"conn_state\":\"SF\"}}\n"
				   "{\"_index\":\"z\",\"_source\":{\"ts\":2,\"uid\":\"B\",\"id.orig_h\":\"10."
				   "0.0.1\",\"conn_state\":\"SF\"},"
				   "\"sort\":[1]}\n";
	static const char eve[] =
	    "{\"_id\":\"1\",\"_source\":{\"timestamp\":\"2024-05-01T00:00:00Z\",\"event_type\":\"tls\","
	    "\"src_ip\":\"10.0.0.1\",\"tls\":{\"sni\":\"a.example\"}}}\n"
	    "{\"_id\":\"2\",\"_source\":{\"timestamp\":\"2024-05-01T00:00:01Z\",\"event_type\":\"tls\","
	    "\"src_ip\":\"10.0.0.2\",\"tls\":{\"sni\":\"b.example\"}}}\n"
	    "{\"_id\":\"3\",\"_source\":{\"timestamp\":\"2024-05-01T00:00:02Z\",\"event_type\":\"tls\","
	    "\"src_ip\":\"10.0.0.3\",\"tls\":{\"sni\":\"c.example\"}}}\n";
	char *rows = steady_rows(&ic_kind_zeek_json, &req, NULL, zeek, strlen(zeek));
	assert_string_equal(rows, "0 conn|time=1970-01-01T00:00:01Z|uid=A|src_ip=10.0.0.1|conn_state=SF\n"
				  "1 conn|time=1970-01-01T00:00:02Z|uid=B|src_ip=10.0.0.1|conn_state=SF\n"
				  "read 2 kept 2 bad 0 ports 0 time 0 other 0 lines 2");
	ic_free(rows);
	rows = steady_rows(&ic_kind_eve, &req, NULL, eve, strlen(eve));
	assert_string_equal(
	    rows,
	    "0 ssl|time=2024-05-01T00:00:00Z|src_ip=10.0.0.1|service=tls|dst_name=a.example|sni=a.example\n"
	    "1 ssl|time=2024-05-01T00:00:01Z|src_ip=10.0.0.2|service=tls|dst_name=b.example|sni=b.example\n"
	    "2 ssl|time=2024-05-01T00:00:02Z|src_ip=10.0.0.3|service=tls|dst_name=c.example|sni=c.example\n"
	    "read 3 kept 3 bad 0 ports 0 time 0 other 0 lines 3");
	ic_free(rows);
}

static void test_map(void **state)
{
	(void)state;
	const ic_input_request req = all_of(IC_ALL_FIELDS);
	ic_field_map *map = NULL;
	ic_error err;
	const char *lines =
	    "at = time(ms)\nsrc.ip = src_ip\nflat.ip = dst_ip\nlink = url\ntook = duration_s(us)\n";
	const char *text = "{\"at\":1714521600123,\"src\":{\"ip\":\"10.0.0.1\"},\"flat.ip\":\"192.0.2.1\","
			   "\"link\":\"https:\\/\\/l.example\\/q\",\"took\":1500000}\n"
			   "{\"at\":\"x\"}\n{\"src\":{}}\n";
	assert_int_equal(ic_field_map_parse(lines, strlen(lines), "m", &map, &err), IC_OK);
	char *rows = steady_rows(&ic_kind_ndjson, &req, map, text, strlen(text));
	assert_string_equal(
	    rows, "0 http|time=2024-05-01T00:00:00.123Z|src_ip=10.0.0.1|dst_ip=192.0.2.1|"
		  "dst_port=443|service=tls|duration_s=1.5|dst_name=l.example|uri=/q|host=l.example\n"
		  "read 3 kept 1 bad 2 ports 0 time 0 other 0 lines 3 (line 1: time is not a time: "
		  "x)");
	ic_free(rows);
	ic_field_map_free(map);
	text = "{\"time\":\"2024-05-01T00:00:00Z\",\"event_level\":\"handshake\",\"src_ip\":\"10.0.0.1\","
	       "\"dst_name\":\"a.example\",\"sni\":\"a.example\"}\n";
	rows = steady_rows(&ic_kind_ndjson, &req, NULL, text, strlen(text));
	assert_string_equal(
	    rows, "0 ssl|time=2024-05-01T00:00:00Z|src_ip=10.0.0.1|dst_name=a.example|sni=a.example\n"
		  "read 1 kept 1 bad 0 ports 0 time 0 other 0 lines 1");
	ic_free(rows);
}

static void test_long_lines(void **state)
{
	(void)state;
	const ic_input_request req = all_of(IC_FIELD_BIT(IC_F_TIME) | IC_FIELD_BIT(IC_F_UID));
	ic_buf text;
	ic_buf_init(&text, 0);
	for (size_t n = 100000; n < 40000000; n *= 170) { /* over a slab, over the limit */
		ic_buf_puts(&text, "{\"ts\":1,\"uid\":\"A\",\"conn_state\":\"SF\",\"x\":\"");
		for (size_t i = 0; i < n; i++)
			ic_buf_putc(&text, i % 100 ? 'x' : ' ');
		ic_buf_puts(&text, "\"}\n");
	}
	ic_buf_puts(&text, "{\"ts\":2,\"uid\":\"B\",\"conn_state\":\"SF\"}\n");
	char *rows = json_rows(&ic_kind_zeek_json, &req, NULL, text.p, text.n, 0);
	assert_string_equal(rows,
			    "0 conn|time=1970-01-01T00:00:01Z|uid=A\n2 conn|time=1970-01-01T00:00:02Z|uid=B\n"
			    "read 3 kept 2 bad 1 ports 0 time 0 other 0 lines 3 (line 1: line is longer than "
			    "16 MiB)");
	ic_free(rows);
	ic_buf_clear(&text);
}

static void test_sniff(void **state)
{
	(void)state;
	static const ic_source_kind *const kinds[] = { &ic_kind_zeek_json,     &ic_kind_eve,
						       &ic_kind_defender_json, &ic_kind_qradar_json,
						       &ic_kind_ndjson,	       &ic_kind_ecs };
	static const struct {
		const char *text;
		int kind; /* -1: none of them for sure */
	} cases[] = {
		{ "{\"ts\":1,\"uid\":\"C\"}\n", 0 },
		{ "{\"_path\":\"conn\",\"_write_ts\":\"2018-03-24T17:15:20.613421Z\",\"ts\":\"x\"}\n", 0 },
		{ "{\"timestamp\":\"x\",\"event_type\":\"stats\"}\n", 1 },
		{ "[{\"Timestamp\":\"x\",\"DeviceName\":\"x\",\"RemoteIP\":\"x\"}]", 2 },
		{ "{\"time\":\"x\",\"category\":\"AdvancedHunting-DeviceInfo\",\"properties\":{}}", 2 },
		{ "{\n \"events\": [\n {\"starttime\": 1, \"sourceip\": \"x\", \"destinationip\": \"y\"}",
		  3 },
		{ "{\"time\":\"x\",\"src_ip\":\"10.0.0.1\",\"dst_ip\":\"x\"}\n", 4 },
		{ "{\"@timestamp\":\"x\",\"event\":{\"start\":1}}\n{\"@timestamp\":\"x\",\"source\":{\"ip\":"
		  "\"x\"}}\n",
		  5 },
		{ "{\"_source\":{\"@timestamp\":\"x\",\"destination.ip\":\"x\"}}\n", 5 },
		{ "{\"@timestamp\":\"x\",\"ts\":1,\"uid\":\"C\",\"source.ip\":\"x\"}\n", 0 },
		{ "{\"@timestamp\":\"x\",\"source\":\"file\",\"message\":\"x\"}\n", -1 },
		{ "{\"x\":1}\n", -1 },
		{ "[section]\nkey=value\n", -1 },
		{ "#fields\tts\n", -1 },
		{ "", -1 },
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		int best = -1, most = 19, second = 0;
		for (int k = 0; k < 6; k++) {
			int c = kinds[k]->sniff(cases[i].text, strlen(cases[i].text));
			if (c > most) {
				second = most;
				most = c;
				best = k;
			}
		}
		assert_int_equal(best, cases[i].kind);
		assert_true(second < most);
	}
}

/* ---- real logs, when they are at hand ---- */

static char *shared_text(const char *name, size_t *n)
{
	char path[512];
	const char *shared = getenv("ICTUS_SHARED");
	(void)snprintf(path, sizeof(path), "%s/data/%s", shared ? shared : SOURCE_ROOT "/../shared", name);
	gzFile f = gzopen(path, "rb");
	if (!f)
		return NULL;
	size_t room = 64u << 20;
	char *text = malloc(room);
	assert_non_null(text);
	int got = gzread(f, text, (unsigned)room);
	assert_true(got > 0);
	*n = (size_t)got;
	(void)gzclose(f);
	return text;
}

/* The same handshakes in TSV and in JSON, though the lines count from another start. */
static void test_real_tsv_and_json(void **state)
{
	(void)state;
	static const char *const logs[][2] = {
		{ "wrccdc_zeek/zeek-default/ssl.log.gz", "wrccdc_zeek/zeek-json/ssl.json.gz" },
		{ "wrccdc_zeek/zeek-default/dns.log.gz", "wrccdc_zeek/zeek-json/dns.json.gz" },
	};
	const ic_input_request req = all_of(IC_ALL_FIELDS);
	for (size_t i = 0; i < 2; i++) {
		size_t tsv_n, json_n;
		char *tsv = shared_text(logs[i][0], &tsv_n), *json = shared_text(logs[i][1], &json_n);
		if (!tsv || !json)
			skip();
		char *want = json_rows(&ic_kind_zeek_tsv, &req, NULL, tsv, tsv_n, 0);
		char *have = json_rows(&ic_kind_zeek_json, &req, NULL, json, json_n, 0);
		unsigned rows = 0;
		char *w = want, *h = have;
		for (char *a, *b; (a = strsep(&w, "\n")) && (b = strsep(&h, "\n"));) {
			if (!w || !h)
				break; /* the counts */
			assert_string_equal(strchr(b, ' '), strchr(a, ' '));
			rows++;
		}
		assert_true(rows > 10000);
		assert_true(!w && !h);
		ic_free(want);
		ic_free(have);
		free(tsv);
		free(json);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_zeek_milliseconds),
		cmocka_unit_test(test_zeek),
		cmocka_unit_test(test_filter),
		cmocka_unit_test(test_lines_of_one_shape),
		cmocka_unit_test(test_events_of_one_shape),
		cmocka_unit_test(test_piece_before_the_line),
		cmocka_unit_test(test_lines_without_time),
		cmocka_unit_test(test_gate_behind_long_run),
		cmocka_unit_test(test_long_gate),
		cmocka_unit_test(test_flows_of_two_times),
		cmocka_unit_test(test_other_line_ends_block),
		cmocka_unit_test(test_spoiled_lines),
		cmocka_unit_test(test_used_again),
		cmocka_unit_test(test_zeek_layout),
		cmocka_unit_test(test_zeek_other_log_later),
		cmocka_unit_test(test_eve),
		cmocka_unit_test(test_defender_shapes),
		cmocka_unit_test(test_defender_events),
		cmocka_unit_test(test_defender_proxied),
		cmocka_unit_test(test_qradar),
		cmocka_unit_test(test_ecs),
		cmocka_unit_test(test_numbers_with_exponents),
		cmocka_unit_test(test_source_of_elasticsearch),
		cmocka_unit_test(test_map),
		cmocka_unit_test(test_long_lines),
		cmocka_unit_test(test_sniff),
		cmocka_unit_test(test_real_tsv_and_json),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
