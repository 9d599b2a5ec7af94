/* SPDX-License-Identifier: Apache-2.0 */
#include "support.h"

#include "../test.h"
#include "base/cpu.h"
#include "source/messages.h"
#include "source/text/reader.h"

static const ic_source_kind *const kind = &ic_kind_zeek_tsv;

#define HEADER(path, fields)                                                                                 \
	"#separator \\x09\n#set_separator\t,\n#empty_field\t(empty)\n#unset_field\t-\n#path\t" path          \
	"\n#open\t2024-05-01-00-00-00\n#fields\t" fields "\n"
#define CONN                                                                                                 \
	"ts\tuid\tid.orig_h\tid.orig_p\tid.resp_h\tid.resp_p\tproto\tservice\tduration\torig_bytes\t"        \
	"resp_bytes\tconn_state"
#define ROW(time, port, service)                                                                             \
	time "\tC1\t10.0.0.1\t40000\t192.0.2.7\t" port "\ttcp\t" service "\t0.250000\t10\t20\tSF\n"

/* ---- reading a text ---- */

typedef struct result {
	ic_buf rows;
	ic_row_counts counts;
	ic_layout *after; /* NULL: the header did not change */
} result;

/* How a text is read: cut into blocks at about every `block` bytes. */
typedef struct how {
	ic_simd simd;
	size_t block; /* 0: whole */
	ic_row_filter filter;
	ic_fieldset wanted;
	unsigned streams;
} how;

static const how plain = { .simd = IC_SIMD_AVX512,
			   .filter = { .since = IC_TIME_NONE, .until = IC_TIME_NONE },
			   .wanted = IC_ALL_FIELDS,
			   .streams = ALL_STREAMS };

static void parse_block(ic_reader *r, const char *text, size_t n, bool final, ic_batch *b, result *out)
{
	char *copy = malloc(n ? n : 1); /* exact: reads outside are errors under ASan */
	assert_non_null(copy);
	memcpy(copy, text, n);
	for (size_t at = 0, before = SIZE_MAX; at < n && at != before;) {
		before = at;
		ic_batch_reset(b);
		assert_int_equal(kind->parse(r, copy, n, &at, final, b, &out->counts), IC_OK);
		for (uint32_t i = 0; i < b->rows; i++) {
			ic_buf_printf(&out->rows, "%u ", b->line[i]);
			put_row_text(&out->rows, b, i);
		}
		assert_true(at == n || b->rows == IC_BATCH_ROWS || !final);
	}
	free(copy);
}

static result read_text(const char *text, size_t n, how h)
{
	result out = { .counts = { .read = 0 } };
	const ic_input_request req = { .wanted = h.wanted, .streams = h.streams, .filter = h.filter };
	const ic_reader_config cfg = { .req = &req };
	bool nomem = true;
	const ic_layout *layout = kind->layout(&cfg, text, n < 65536 ? n : 65536, &nomem);
	assert_non_null(layout);
	assert_false(nomem);
	ic_buf_init(&out.rows, 0);
	ic_cpu_simd_limit(h.simd);
	ic_reader *r = kind->begin(&cfg, layout);
	ic_batch *b = ic_batch_new(h.wanted);
	assert_non_null(r);
	assert_non_null(b);
	for (size_t at = 0; at < n;) {
		size_t length = n - at;
		const char *end =
		    h.block && h.block < length ? memchr(text + at + h.block, '\n', length - h.block) : NULL;
		length = end ? (size_t)(end - text) + 1 - at : length;
		parse_block(r, text + at, length, at + length == n, b, &out);
		at += length;
	}
	const ic_layout *after = kind->layout_after(r, &nomem);
	assert_false(nomem);
	if (after != layout) {
		assert_false(kind->layout_equal(after, layout));
		out.after = (ic_layout *)(uintptr_t)after;
	}
	kind->end(r);
	kind->layout_free(layout);
	ic_batch_free(b);
	ic_cpu_simd_limit(IC_SIMD_AVX512);
	ic_buf_putc(&out.rows, '\0');
	assert_false(out.rows.failed);
	return out;
}

static void drop(result *r)
{
	ic_buf_clear(&r->rows);
	kind->layout_free(r->after);
}

static void expect(const char *text, how h, const char *rows)
{
	result r = read_text(text, strlen(text), h);
	assert_string_equal(r.rows.p, rows);
	drop(&r);
}

#define FIELDS(...) fields_of((const ic_field[]){ __VA_ARGS__, IC_FIELD_COUNT })
static ic_fieldset fields_of(const ic_field *f)
{
	ic_fieldset set = 0;
	for (; *f < IC_FIELD_COUNT; f++)
		set |= IC_FIELD_BIT(*f);
	return set;
}

/* ---- values ---- */

static void conn_rows(void **state)
{
	(void)state;
	expect(
	    HEADER("conn", CONN) ROW("1714521600.177274", "443", "ssl") ROW("1714521601.5", "-", "-"), plain,
	    "7 conn|time=2024-05-01T00:00:00.177274Z|uid=C1|src_ip=10.0.0.1|src_port=40000|dst_ip=192.0.2.7|"
	    "dst_port=443|transport=tcp|service=tls|duration_s=0.25|bytes_out=10|bytes_in=20|conn_state=SF\n"
	    "8 conn|time=2024-05-01T00:00:01.5Z|uid=C1|src_ip=10.0.0.1|src_port=40000|dst_ip=192.0.2.7|"
	    "transport=tcp|duration_s=0.25|bytes_out=10|bytes_in=20|conn_state=SF\n");
}

static void unusual_cells(void **state)
{
	(void)state;
	how h = plain;
	h.wanted = FIELDS(IC_F_SRC_IP, IC_F_DST_IP, IC_F_SERVICE, IC_F_DURATION, IC_F_BYTES_OUT);
	expect(
	    HEADER(
		"conn",
		"id_orig_h\tduration\tnew_column\tid_resp_h\torig_bytes\tservice\tconn_state") "fe80::1%"
											       "eth0\t4."
											       "294967e+"
											       "09\tx\t::"
											       "ffff:192.0.2."
											       "1\t1234567890"
											       "12345678\tqui"
											       "c,ssl\tSF\n"
											       "10.0.0."
											       "1\t123456789."
											       "123456\tx\t01"
											       "0.0.0."
											       "1\t007\tgssap"
											       "i,smb\tSF\n"
											       "-\t-\t-\t-\t-"
											       "\t(empty)\t-"
											       "\n",
	    h,
	    "7 conn|src_ip=fe80::1|dst_ip=192.0.2.1|service=quic|duration_s=4294967000|"
	    "bytes_out=123456789012345678\n"
	    "9 conn\n");
}

static void strings(void **state)
{
	(void)state;
	how h = plain;
	h.wanted = FIELDS(IC_F_METHOD, IC_F_URI, IC_F_USER_AGENT, IC_F_REFERRER, IC_F_DST_NAME, IC_F_HOST,
			  IC_F_SERVICE, IC_F_STATUS, IC_F_USER, IC_F_CONTENT_TYPE);
	expect(
	    HEADER("http", "ts\tmethod\thost\turi\treferrer\tuser_agent\tusername\tstatus_code\tresp_mime_"
			   "types") "1.000000\tGET\tWWW.Example.COM:8080\t/"
				    "a\\x09b\\\\c\\q\t(empty)\t-x\t\\x2d\t200\ttext/html,image/png\n"
				    "2.000000\tCONNECT\tproxy\tfar.example:443\t-\t(x)\t-\t-\t-\n"
				    "3.000000\tGET\t192.0.2.9\t/\t-\t\xff\xfe\t-\t101\t-\n",
	    h,
	    "7 http|service=http|user=-|dst_name=www.example.com|method=GET|uri=/a\tb\\c\\q|"
	    "host=WWW.Example.COM:8080|status=200|user_agent=-x|referrer=|content_type=text/html,image/png\n"
	    "8 http|flags=2|service=http|dst_name=far.example|method=CONNECT|uri=far.example:443|host=proxy|"
	    "user_agent=(x)\n"
	    "9 "
	    "http|flags=4|service=websocket|method=GET|uri=/"
	    "|host=192.0.2.9|status=101|user_agent=\xff\xfe\n");
}

static void handshakes(void **state)
{
	(void)state;
	how h = plain;
	h.wanted = FIELDS(IC_F_SERVICE, IC_F_DST_NAME, IC_F_SNI, IC_F_TLS_VERSION, IC_F_CERT_VALID,
			  IC_F_CERT_STATUS, IC_F_CERT_SUBJECT, IC_F_JA3);
	expect(
	    HEADER(
		"ssl",
		"ts\tversion\tserver_name\tsubject\tvalidation_status\tja3") "1.000000\tTLSv13\tA.Example."
									     "\tCN=a,O=A\\\\, Inc\tok\tabc\n"
									     "2.000000\tTLSv12\t-\t-\tself "
									     "signed certificate\tabc\n"
									     "3.000000\t-\t192.0.2.1\t-\t-\t-"
									     "\n",
	    h,
	    "7 ssl|service=tls|dst_name=a.example|sni=A.Example.|tls_version=TLSv13|cert_subject=CN=a,O=A\\, "
	    "Inc|"
	    "cert_valid=true|ja3=abc|cert_status=ok\n"
	    "8 ssl|service=tls|tls_version=TLSv12|cert_valid=false|ja3=abc|cert_status=self signed "
	    "certificate\n"
	    "9 ssl|service=tls|sni=192.0.2.1\n");
}

static void other_streams(void **state)
{
	(void)state;
	how h = plain;
	h.wanted = FIELDS(IC_F_SERVICE, IC_F_DST_NAME, IC_F_HOST, IC_F_DNS_QUERY, IC_F_DNS_ANSWERS,
			  IC_F_TRANSPORT, IC_F_UID);
	expect(HEADER("websocket", "ts\tuid\thost\turi") "1.000000\tC9\tws.example\t/\n", h,
	       "7 websocket|flags=4|uid=C9|service=websocket|dst_name=ws.example|host=ws.example\n");
	expect(HEADER("dns", "ts\tproto\tquery\tanswers") "1.000000\tudp\ta.example\t1.2.3.4,b\n", h,
	       "7 dns|transport=udp|service=dns|dns_query=a.example|dns_answers=1.2.3.4,b\n");
	expect(HEADER("open_conn", "ts\tuid\tservice") "1.000000\tC9\tssl\n", h,
	       "7 conn|flags=1|uid=C9|service=tls\n");
	/* a path that says nothing is read by its columns */
	expect(HEADER("conn_2024_05", "ts\tuid\tconn_state") "1.000000\tC9\tSF\n", h, "7 conn|uid=C9\n");
	expect("#fields\tts\tuid\tquery\tqtype\n1.000000\tC9\tq\t1\n", h,
	       "1 dns|uid=C9|service=dns|dns_query=q\n");
	static const char unused[] = HEADER("x509", "ts\tuid") "1.000000\tC9\n";
	result r = read_text(unused, sizeof(unused) - 1, h);
	assert_string_equal(r.rows.p, "");
	assert_int_equal(r.counts.other_stream, r.counts.read);
	drop(&r);
}

/* ---- shapes ---- */

static void headers(void **state)
{
	(void)state;
	how h = plain;
	h.wanted = FIELDS(IC_F_UID, IC_F_CONN_STATE, IC_F_HOST);
	/* another separator, other markers, Windows line ends, a byte order mark, blank lines */
	expect("\xef\xbb\xbf#separator ,\r\n#unset_field,NA\r\n#empty_field,none\r\n#path,conn\r\n"
	       "#fields,ts,uid,conn_state\r\n\r\n1.0,NA,SF\r\n2.0,none,\r\n3.0,u,NA\r\n#close,x\r\n",
	       h, "6 conn|conn_state=SF\n7 conn|uid=|conn_state=\n8 conn|uid=u\n");
	/* a marker that would be a value */
	h.wanted = FIELDS(IC_F_UID, IC_F_BYTES_OUT, IC_F_DST_IP);
	expect("#separator ,\n#unset_field,0\n#path,conn\n#fields,ts,uid,orig_bytes,id.resp_h\n"
	       "1.0,a,0,192.0.2.1\n2.0,b,10,0\n3.0,c,0,192.0.2.1\n4.0,d,7,192.0.2.1\n",
	       h,
	       "4 conn|uid=a|dst_ip=192.0.2.1\n5 conn|uid=b|bytes_out=10\n6 conn|uid=c|dst_ip=192.0.2.1\n"
	       "7 conn|uid=d|dst_ip=192.0.2.1|bytes_out=7\n");
	expect("#separator ,\n#unset_field,::\n#path,conn\n#fields,ts,uid,id.resp_h\n"
	       "1.0,a,::\n2.0,b,::1\n3.0,c,::\n4.0,d,192.0.2.1\n",
	       h, "4 conn|uid=a\n5 conn|uid=b|dst_ip=::1\n6 conn|uid=c\n7 conn|uid=d|dst_ip=192.0.2.1\n");
	h.wanted = FIELDS(IC_F_UID, IC_F_CONN_STATE, IC_F_HOST);
	/* another log begins in the middle */
	const char two[] = HEADER("conn", "ts\tuid\tconn_state") "1.0\ta\tSF\n#close\t2024\n" HEADER(
	    "http", "uid\thost\tts\tmethod") "b\tb.example\t2.0\tGET\nc\tc.example\t3.0\tGET\n";
	result r = read_text(two, sizeof(two) - 1, h);
	assert_string_equal(r.rows.p, "7 conn|uid=a|conn_state=SF\n16 http|uid=b|host=b.example\n"
				      "17 http|uid=c|host=c.example\n");
	assert_non_null(r.after);
	assert_int_equal(r.after->streams, IC_STREAM_BIT(IC_STREAM_HTTP));
	drop(&r);
	/* the same header again is no change */
	const char same[] = HEADER("conn", "ts\tuid") "1.0\ta\n#close\n" HEADER("conn", "ts\tuid") "2.0\tb\n";
	r = read_text(same, sizeof(same) - 1, h);
	assert_string_equal(r.rows.p, "7 conn|uid=a\n16 conn|uid=b\n");
	assert_null(r.after);
	drop(&r);
}

static void labels(void **state)
{
	(void)state;
	how h = plain;
	h.wanted = FIELDS(IC_F_UID, IC_F_CONN_STATE);
	const char names[] = HEADER("conn", "ts\tuid\tconn_state\ttunnel_parents   label   detailed-label");
	char text[1024];
	(void)snprintf(text, sizeof(text), "%s%s", names,
		       "1.0\ta\tSF\t-   Malicious   C&C\n2.0\tb\tS0\t(empty)\tBenign\t-\n3.0\tc\tS1\n"
		       "4.0\td\tS1\t-\tx\ty\tz\n5.0\te\tREJ\t-\n");
	result r = read_text(text, strlen(text), h);
	assert_string_equal(r.rows.p, "7 conn|uid=a|conn_state=SF\n8 conn|uid=b|conn_state=S0\n"
				      "11 conn|uid=e|conn_state=REJ\n");
	assert_int_equal(r.counts.bad, 2);
	assert_string_equal(r.counts.sample, "wrong column count: expected 4, found 3");
	drop(&r);
}

static void no_header(void **state)
{
	(void)state;
	how h = plain;
	h.wanted = FIELDS(IC_F_UID, IC_F_DST_PORT, IC_F_IP_BYTES_IN);
	static const char row[] =
	    "1517336042.090842\tCi8\t10.0.0.1\t14291\t10.0.0.2\t80\ttcp\t-\t3.000158\t0\t0\t"
	    "S0\tT\tT\t0\tS\t2\t104\t0\t77\t(empty)";
	char text[512];
	(void)snprintf(text, sizeof(text), "%s\n%s\n", row, row);
	expect(text, h,
	       "0 conn|uid=Ci8|dst_port=80|ip_bytes_in=77\n1 conn|uid=Ci8|dst_port=80|ip_bytes_in=77\n");
	(void)snprintf(text, sizeof(text), "%s\t6\n", row);
	expect(text, h, "0 conn|uid=Ci8|dst_port=80|ip_bytes_in=77\n");
}

/* ---- bad rows ---- */

static void bad_rows(void **state)
{
	(void)state;
	static const struct {
		const char *cells; /* of ts, id.orig_h, id.orig_p, id.resp_p, orig_bytes, duration */
		const char *cause;
		uint32_t column;
	} cases[] = {
		{ "abc\t10.0.0.1\t1\t80\t5\t1.0", "time is not a number: abc", 1 },
		{ "-1\t10.0.0.1\t1\t80\t5\t1.0", "time is negative: -1", 1 },
		{ "-\t10.0.0.1\t1\t80\t5\t1.0", "time is missing: -", 1 },
		{ "253402300800\t10.0.0.1\t1\t80\t5\t1.0", "time is after the year 9999: 253402300800", 1 },
		{ "1.0\t10.0.0.256\t1\t80\t5\t1.0", "id.orig_h is not an address: 10.0.0.256", 5 },
		{ "1.0\t10.0.0.1\t65536\t80\t5\t1.0", "id.orig_p is over 65535: 65536", 14 },
		{ "1.0\t10.0.0.1\tx\t80\t5\t1.0", "id.orig_p is not a port: x", 14 },
		{ "1.0\t10.0.0.1\t1\t65536\t5\t1.0", "id.resp_p is over 65535: 65536", 16 },
		{ "1.0\t10.0.0.1\t1\t-7\t5\t1.0", "id.resp_p is negative: -7", 16 },
		{ "1.0\t10.0.0.1\t1\t80\t-5\t1.0", "orig_bytes is negative: -5", 19 },
		{ "1.0\t10.0.0.1\t1\t80\tx\t1.0", "orig_bytes is not a number: x", 19 },
		{ "1.0\t10.0.0.1\t1\t80\t5\tx", "duration is not a number: x", 21 },
		{ "1.0\t10.0.0.1\t1\t80\t5", "wrong column count: expected 6, found 5", 0 },
		{ "1.0\t10.0.0.1\t1\t80\t5\t1\t1", "wrong column count: expected 6, found 7", 0 },
		{ "0123456789012345678901234567890123456789+++\t1\t1\t1\t1\t1",
		  "time is not a number: 0123456789012345678901234567890123456789", 1 },
	};
	static const char good[] = "1.0\t10.0.0.1\t1\t80\t5\t1.0\n";
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		for (unsigned after = 0; after <= 3; after += 3) { /* read alone, and in a slab */
			char text[1024];
			(void)snprintf(
			    text, sizeof(text), "%s%s%s\n%s%s%s",
			    HEADER("conn", "ts\tid.orig_h\tid.orig_p\tid.resp_p\torig_bytes\tduration"), good,
			    cases[i].cells, after ? good : "", after ? good : "", after ? good : "");
			result r = read_text(text, strlen(text), plain);
			assert_int_equal(r.counts.read, 2 + after);
			assert_int_equal(r.counts.bad, 1);
			assert_int_equal(r.counts.kept, 1 + after);
			assert_string_equal(r.counts.sample, cases[i].cause);
			assert_int_equal(r.counts.sample_line, 8);
			assert_int_equal(r.counts.sample_column, cases[i].column);
			assert_int_equal(r.counts.lines, 9 + after);
			drop(&r);
		}
}

/* The sample is that of the first bad line, whichever column finds it first. */
static void first_bad_row(void **state)
{
	(void)state;
	char text[2048];
	(void)snprintf(text, sizeof(text), "%s%s%s%s%s%s%s%s",
		       HEADER("conn", "ts\tid.orig_h\torig_bytes\tconn_state"), "1.0\t10.0.0.1\t1\tS0\n",
		       "1.0\t10.0.0.1\tx\tS0\n", "1.0\tbad\t1\tS0\n", "1.0\n", "y\t10.0.0.1\t1\tS0\n",
		       "1.0\t10.0.0.1\t2\tS0\n", "1.0\t10.0.0.1\t3\tS0\n1.0\t10.0.0.1\t4\tS0\n");
	how h = plain;
	h.wanted = FIELDS(IC_F_TIME, IC_F_SRC_IP, IC_F_BYTES_OUT);
	result r = read_text(text, strlen(text), h);
	assert_string_equal(r.counts.sample, "orig_bytes is not a number: x");
	assert_int_equal(r.counts.sample_line, 8);
	assert_int_equal(r.counts.bad, 4);
	assert_string_equal(r.rows.p, "7 conn|time=1970-01-01T00:00:01Z|src_ip=10.0.0.1|bytes_out=1\n"
				      "12 conn|time=1970-01-01T00:00:01Z|src_ip=10.0.0.1|bytes_out=2\n"
				      "13 conn|time=1970-01-01T00:00:01Z|src_ip=10.0.0.1|bytes_out=3\n"
				      "14 conn|time=1970-01-01T00:00:01Z|src_ip=10.0.0.1|bytes_out=4\n");
	drop(&r);
}

static void unfinished_text(void **state)
{
	(void)state;
	static const char text[] = HEADER("conn", "ts\tuid") "1.0\ta\n2.0\tb";
	const ic_input_request req = { .wanted = IC_ALL_FIELDS,
				       .streams = ALL_STREAMS,
				       .filter = plain.filter };
	const ic_reader_config cfg = { .req = &req };
	bool nomem;
	const ic_layout *layout = kind->layout(&cfg, text, sizeof(text) - 1, &nomem);
	ic_reader *r = kind->begin(&cfg, layout);
	ic_batch *b = ic_batch_new(IC_ALL_FIELDS);
	ic_row_counts c = { 0 };
	size_t at = 0;
	assert_int_equal(kind->parse(r, text, sizeof(text) - 1, &at, false, b, &c), IC_OK);
	assert_int_equal(at, sizeof(text) - 1 - 5);
	assert_int_equal(b->rows, 1);
	assert_int_equal(kind->parse(r, text, sizeof(text) - 1, &at, true, b, &c), IC_OK);
	assert_int_equal(at, sizeof(text) - 1);
	assert_int_equal(b->rows, 2);
	assert_int_equal(c.lines, 8);
	ic_batch_free(b);
	kind->end(r);
	kind->layout_free(layout);
}

static void long_lines(void **state)
{
	(void)state;
	static const char head[] = HEADER("http", "ts\turi\tmethod\thost") "1.0\t";
	static const char tail[] = "\tGET\ta.example\n2.0\t/\tGET\ta.example\n3.0\t/\tGET\ta.example\n";
	const size_t uris[] = { 100, 32700, 32767, 40000, 100000, IC_LINE_MAX + 1 };
	how h = plain;
	h.wanted = FIELDS(IC_F_URI);
	for (size_t i = 0; i < sizeof(uris) / sizeof(uris[0]); i++) {
		size_t n = sizeof(head) - 1 + uris[i] + sizeof(tail) - 1;
		char *text = malloc(n + 1);
		assert_non_null(text);
		memcpy(text, head, sizeof(head) - 1);
		memset(text + sizeof(head) - 1, 'u', uris[i]);
		memcpy(text + n - (sizeof(tail) - 1), tail, sizeof(tail));
		result r = read_text(text, n, h);
		bool over = uris[i] > IC_LINE_MAX;
		assert_int_equal(r.counts.kept, over ? 2 : 3);
		assert_int_equal(r.counts.bad, over);
		assert_string_equal(r.counts.sample, over ? IC_MSG_LONG_LINE : "");
		if (!over)
			assert_int_equal(strchr(r.rows.p, '\n') - r.rows.p, (ptrdiff_t)(uris[i] + 11));
		drop(&r);
		free(text);
	}
}

/* ---- properties on random logs ---- */

static void put_cell(ic_buf *out, uint64_t *seed, unsigned column)
{
	uint64_t v = test_random(seed);
	unsigned roll = (unsigned)(v >> 32) % 64;
	static const char *const services[] = { "ssl",	      "http",	 "dns",	      "-",   "quic,ssl",
						"gssapi,smb", "(empty)", "websocket", "ftp", "failed" };
	static const unsigned ports[] = { 80, 443, 53, 8080, 8443, 22, 65535, 4444 };
	if (roll == 0)
		ic_buf_puts(out, "-");
	else if (roll == 1 && (v & 0xf00) == 0)
		ic_buf_puts(out, "rub\\x20bish");
	else if (column == 0)
		ic_buf_printf(out, "17145%05llu.%06llu", (unsigned long long)(v % 86400),
			      (unsigned long long)(v >> 40) % 1000000);
	else if (column == 2 || column == 4)
		ic_buf_printf(out, roll < 4 ? "fd00::%u:%u" : "10.%u.%u.7", (unsigned)(v % 256),
			      (unsigned)(v >> 8) % 256);
	else if (column == 3 || column == 5)
		ic_buf_printf(out, "%u", ports[v % 8]);
	else if (column == 7)
		ic_buf_puts(out, services[v % 10]);
	else if (column == 8)
		ic_buf_printf(out, "%llu.%06llu", (unsigned long long)(v % 3000 * (v >> 60)),
			      (unsigned long long)(v >> 20) % 1000000);
	else if (column == 9 || column == 10)
		ic_buf_printf(out, "%llu", (unsigned long long)(v >> (v % 60)));
	else
		ic_buf_printf(out, "%.*s", (int)(v % 9), "udptcpSFS0");
}

/* A conn log of `rows` rows with the accidents of real ones. */
static ic_buf random_log(uint64_t seed, unsigned rows)
{
	ic_buf out;
	ic_buf_init(&out, 0);
	ic_buf_puts(&out, HEADER("conn", CONN));
	for (unsigned i = 0; i < rows; i++) {
		unsigned roll = (unsigned)(test_random(&seed) % 400);
		unsigned columns = roll == 0 ? 3 : roll == 1 ? 13 : 12;
		if (roll == 2)
			ic_buf_puts(&out, "#close\t2024-05-01\n\n");
		if (roll == 3)
			ic_buf_puts(&out, HEADER("conn", CONN));
		for (unsigned c = 0; c < columns; c++) {
			put_cell(&out, &seed, c);
			ic_buf_puts(&out, c + 1 < columns ? "\t" : roll == 4 ? "\r\n" : "\n");
		}
	}
	assert_false(out.failed);
	return out;
}

static void assert_same(const result *a, const result *b)
{
	assert_string_equal(a->rows.p, b->rows.p);
	assert_int_equal(a->counts.read, b->counts.read);
	assert_int_equal(a->counts.kept, b->counts.kept);
	assert_int_equal(a->counts.bad, b->counts.bad);
	assert_int_equal(a->counts.out_ports, b->counts.out_ports);
	assert_int_equal(a->counts.out_time, b->counts.out_time);
	assert_int_equal(a->counts.lines, b->counts.lines);
	assert_int_equal(a->counts.sample_line, b->counts.sample_line);
	assert_int_equal(a->counts.sample_column, b->counts.sample_column);
	assert_string_equal(a->counts.sample, b->counts.sample);
}

static uint64_t web_ports[1024];

/* Any cutting and any level gives the same; with block 1 every line is read alone. */
static void cuts_and_levels(void **state)
{
	(void)state;
	for (uint64_t seed = 1; seed <= 6; seed++) {
		ic_buf text = random_log(seed, 9000 / (unsigned)seed);
		how h = plain;
		if (seed % 2 == 0)
			h.filter = (ic_row_filter){ web_ports, seed % 4 == 0, IC_TIME_NONE, IC_TIME_NONE };
		if (seed % 3 == 0)
			h.filter.since = INT64_C(1714510000) * IC_TICKS_S;
		result whole = read_text(text.p, text.n, h);
		assert_true(whole.counts.kept > 100 && whole.counts.bad > 0);
		assert_int_equal(whole.counts.read, whole.counts.kept + whole.counts.bad +
							whole.counts.out_ports + whole.counts.out_time);
		const size_t blocks[] = { 0, 1, 4000, 32767, 32800, 100000 };
		for (int level = IC_SIMD_SCALAR; level <= (int)ic_cpu_simd(); level++)
			for (size_t i = 0; i < 6; i++) {
				h.simd = (ic_simd)level;
				h.block = blocks[i];
				result part = read_text(text.p, text.n, h);
				assert_same(&part, &whole);
				drop(&part);
			}
		drop(&whole);
		ic_buf_clear(&text);
	}
}

/* The early filters keep what ic_row_keep keeps of the finished rows. */
static void filters(void **state)
{
	(void)state;
	const ic_fieldset wanted = FIELDS(IC_F_TIME, IC_F_DST_PORT, IC_F_SERVICE, IC_F_UID);
	const ic_row_filter cases[] = {
		{ web_ports, false, IC_TIME_NONE, IC_TIME_NONE },
		{ web_ports, true, IC_TIME_NONE, IC_TIME_NONE },
		{ NULL, false, INT64_C(1714540000) * IC_TICKS_S, INT64_C(1714570000) * IC_TICKS_S },
		{ web_ports, true, IC_TIME_NONE, INT64_C(1714570000) * IC_TICKS_S },
	};
	ic_buf text = random_log(77, 3000);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		how h = plain;
		h.wanted = wanted;
		h.filter = cases[i];
		result early = read_text(text.p, text.n, h);
		/* the same with all rows, then the shared filter */
		const ic_input_request req = { .wanted = wanted,
					       .streams = ALL_STREAMS,
					       .filter = plain.filter };
		const ic_reader_config cfg = { .req = &req };
		bool nomem;
		const ic_layout *layout = kind->layout(&cfg, text.p, 1000, &nomem);
		ic_reader *r = kind->begin(&cfg, layout);
		ic_batch *b = ic_batch_new(wanted);
		ic_row_counts c = { 0 };
		uint64_t kept = 0;
		for (size_t at = 0; at < text.n;) {
			ic_batch_reset(b);
			assert_int_equal(kind->parse(r, text.p, text.n, &at, true, b, &c), IC_OK);
			for (uint32_t row = 0; row < b->rows; row++)
				kept += ic_row_keep(&cases[i], b, row, &c);
		}
		/* a bad time counts as such only in rows that the port filter keeps */
		assert_in_range(early.counts.kept, 1, c.kept - 1);
		assert_int_equal(early.counts.kept, kept);
		assert_true(early.counts.out_ports >= c.out_ports);
		assert_int_equal(early.counts.out_time, c.out_time);
		ic_batch_free(b);
		kind->end(r);
		kind->layout_free(layout);
		drop(&early);
	}
	ic_buf_clear(&text);
}

/* ---- the rest of the kind ---- */

static void sniffing(void **state)
{
	(void)state;
	static const struct {
		const char *head;
		int confidence;
	} cases[] = {
		{ "#separator \\x09\n", 100 }, { "### made by a test\n#separator \\x09\n", 100 },
		{ "#fields\tts\tuid\n", 100 }, { "\xef\xbb\xbf#separator \\x09\n", 100 },
		{ "#Fields: date time\n", 0 }, { "# a comment\nx\n", 0 },
		{ "{\"ts\":1}\n", 0 },	       { "", 0 },
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		assert_int_equal(kind->sniff(cases[i].head, strlen(cases[i].head)), cases[i].confidence);
}

static void peeking(void **state)
{
	(void)state;
	static const char text[] = HEADER("conn", "uid\tts\tconn_state") "a\tx\tSF\nb\t5.5\tSF\n" HEADER(
	    "http", "ts\thost") "1.0\th\n";
	const ic_reader_config cfg = { .req = NULL };
	bool nomem;
	unsigned streams = 0;
	int64_t first = 0;
	const ic_layout *layout = kind->layout(&cfg, text, sizeof(text) - 1, &nomem);
	kind->peek(layout, text, sizeof(text) - 1, &streams, &first);
	assert_int_equal(streams, IC_STREAM_BIT(IC_STREAM_CONN) | IC_STREAM_BIT(IC_STREAM_HTTP));
	assert_int_equal(first, 55000000);
	kind->peek(layout, text, 60, &streams, &first);
	assert_int_equal(first, IC_TIME_NONE);
	kind->layout_free(layout);
	ic_fieldset ssl = kind->can_give(IC_STREAM_BIT(IC_STREAM_SSL), &cfg);
	assert_true(ssl & IC_FIELD_BIT(IC_F_DST_NAME));
	assert_true(ssl & IC_FIELD_BIT(IC_F_CERT_VALID));
	assert_false(ssl & IC_FIELD_BIT(IC_F_BYTES_OUT));
}

/* Allocation failures are a status, not a crash. */
static void no_memory(void **state)
{
	(void)state;
	static const char text[] = HEADER("http", "ts\turi\tmethod\thost") "1.0\t/\\x20\tGET\tA.example\n";
	const ic_input_request req = { .wanted = IC_ALL_FIELDS,
				       .streams = ALL_STREAMS,
				       .filter = plain.filter };
	const ic_reader_config cfg = { .req = &req };
	ic_batch *b = ic_batch_new(IC_ALL_FIELDS);
	ic_row_counts c = { 0 };
	bool nomem = false, done = false;
	for (uint64_t n = 1; !done && n < 20; n++) {
		size_t at = 0;
		ic_batch_reset(b);
		ic_arena_clear(&b->arena);
		(void)ic_alloc_fail_after(n);
		const ic_layout *layout = kind->layout(&cfg, text, sizeof(text) - 1, &nomem);
		assert_int_equal(layout == NULL, nomem);
		ic_reader *r = layout ? kind->begin(&cfg, layout) : NULL;
		ic_status st = r ? kind->parse(r, text, sizeof(text) - 1, &at, true, b, &c) : IC_E_NOMEM;
		assert_true(st == IC_OK || st == IC_E_NOMEM);
		(void)ic_alloc_fail_after(0);
		done = st == IC_OK;
		assert_int_equal(b->rows, done);
		kind->end(r);
		if (layout)
			kind->layout_free(layout);
	}
	assert_true(done);
	ic_batch_free(b);
}

/* ---- real logs, where they are ---- */

static char *load(const char *path, size_t *n)
{
	gzFile f = gzopen(path, "rb");
	size_t room = (size_t)64 << 20;
	if (!f)
		return NULL;
	char *p = malloc(room);
	assert_non_null(p);
	int got = gzread(f, p, (unsigned)room);
	(void)gzclose(f);
	assert_true(got >= 0);
	*n = (size_t)got;
	return p;
}

static void real_logs(void **state)
{
	(void)state;
	static const struct {
		const char *path;
		uint64_t kept, bad;
	} logs[] = {
		{ "strato_testing/001-zeek-scenario-malicious/conn.log", 992, 0 },
		{ "strato_testing/001-zeek-scenario-malicious/labeled-conn.log", 992, 0 },
		{ "strato_testing/008-zeek-mixed/data/conn.log.labeled", 5663, 0 },
		{ "strato_testing/008-zeek-mixed/data/http.log.labeled", 342, 0 },
		{ "strato_testing/008-zeek-mixed/data/ssl.log.labeled", 545, 0 },
		{ "strato_testing/011-zeek-mixed/data/conn.log.labeled", 9048, 0 },
		{ "strato_testing/011-zeek-mixed/data/dns.log.labeled", 4, 0 },
		{ "wrccdc_zeek/zeek-default/ssl.log.gz", 49474, 0 },
		{ "wrccdc_zeek/zeek-default/dns.log.gz", 53615, 0 },
		{ "wrccdc_zeek/zeek-default/x509.log.gz", 0, 0 },
		{ "zat/conn.log", 360, 0 },
		{ "zat/http.log", 150, 0 },
		{ "zat/http_empty.log", 0, 0 },
		{ "zat/tor_ssl.log", 733, 0 },
		{ "rita/proxy/conn.log", 463, 0 },
		{ "rita/proxy/http.log", 407, 0 },
		{ "rita/open_conns/closed/conn.log", 59, 0 },
		{ "rita/open_sni/open_conn.18_00_00-19_00_00.log.gz", 12, 0 },
		{ "rita/truncated/conn.log", 58, 1 },
		{ "rita/truncated/conn_top.log", 58, 1 },
		{ "rita/has_unknown_field/http.log", 4, 1 },
	};
	const char *given = getenv("ICTUS_SHARED");
	char path[1024];
	unsigned seen = 0;
	for (size_t i = 0; i < sizeof(logs) / sizeof(logs[0]); i++) {
		size_t n;
		(void)snprintf(path, sizeof(path), "%s/data/%s", given ? given : SOURCE_ROOT "/../shared",
			       logs[i].path);
		char *text = load(path, &n);
		if (!text)
			continue;
		seen++;
		result r = read_text(text, n, plain);
		if (r.counts.kept != logs[i].kept || r.counts.bad != logs[i].bad)
			fail_msg("%s: %llu kept, %llu bad: %s", logs[i].path,
				 (unsigned long long)r.counts.kept, (unsigned long long)r.counts.bad,
				 r.counts.sample);
		drop(&r);
		free(text);
	}
	if (seen == 0)
		skip();
}

static int set_up(void **state)
{
	(void)state;
	static const unsigned web[] = { 80, 443, 8080, 8443 };
	for (size_t i = 0; i < 4; i++)
		web_ports[web[i] >> 6] |= UINT64_C(1) << (web[i] & 63);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(conn_rows),	   cmocka_unit_test(unusual_cells),
		cmocka_unit_test(strings),	   cmocka_unit_test(handshakes),
		cmocka_unit_test(other_streams),   cmocka_unit_test(headers),
		cmocka_unit_test(labels),	   cmocka_unit_test(no_header),
		cmocka_unit_test(bad_rows),	   cmocka_unit_test(first_bad_row),
		cmocka_unit_test(unfinished_text), cmocka_unit_test(long_lines),
		cmocka_unit_test(cuts_and_levels), cmocka_unit_test(filters),
		cmocka_unit_test(sniffing),	   cmocka_unit_test(peeking),
		cmocka_unit_test(no_memory),	   cmocka_unit_test(real_logs),
	};
	return cmocka_run_group_tests(tests, set_up, NULL);
}
