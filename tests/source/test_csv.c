/* SPDX-License-Identifier: Apache-2.0 */
#include "support.h"

#include "source/text/csv.h"
#include "source/text/defender.h"
#include "source/text/qradar.h"

/* ---- records ---- */

/* Cells joined by `/`, a doubled one marked with *; "..." for more needed; the cause when broken. */
static const char *split(const char *text, bool final, size_t *used)
{
	static char out[256];
	static ic_csv_split s;
	size_t n = 0;
	out[0] = '\0';
	ic_csv_result r = ic_csv_split_record(text, strlen(text), final, ',', &s);
	*used = s.used;
	if (r != IC_CSV_RECORD)
		return r == IC_CSV_MORE ? "..." : s.cause;
	for (uint32_t i = 0; i < s.count; i++)
		n += (size_t)snprintf(out + n, sizeof(out) - n, "%s%.*s%s", i ? "/" : "", (int)s.cells[i].n,
				      s.cells[i].p, s.cells[i].doubled ? "*" : "");
	return out;
}

static void test_split(void **state)
{
	(void)state;
	static const struct {
		const char *text;
		bool final;
		const char *expected;
		size_t used;
	} cases[] = {
		{ "a,b,c\nx", false, "a/b/c", 6 },
		{ "a,b,c\r\nx", false, "a/b/c", 7 },
		{ "a,,\n", false, "a//", 4 },
		{ "a,b", false, "...", 0 },
		{ "a,b", true, "a/b", 3 },
		{ "a,", true, "a/", 2 },
		{ "\"a,b\",c\n", false, "a,b/c", 8 },
		{ "\"a\nb\",c\r\n", false, "a\nb/c", 9 },
		{ "\"a\"\"b\",c\n", false, "a\"\"b*/c", 9 },
		{ "\"\",x\n", false, "/x", 5 },
		{ "\"a", false, "...", 0 },
		{ "\"a\"", false, "...", 0 },
		{ "\"a\"", true, "a", 3 },
		{ "\"a\nb", true, "a quote is not closed", 3 },
		{ "\"a\"x,b\nc", false, "text after a closing quote", 7 },
		{ "a\"b,c\n", false, "a\"b/c", 6 },
		{ "\n", false, "", 1 },
		{ "\r\n", false, "", 2 },
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		size_t used;
		assert_string_equal(split(cases[i].text, cases[i].final, &used), cases[i].expected);
		if (cases[i].used)
			assert_int_equal(used, cases[i].used);
	}
	assert_int_equal(ic_csv_delimiter("a;b;c,d\n", 8), ';');
	assert_int_equal(ic_csv_delimiter("a\tb\n,,,,", 8), '\t');
	assert_int_equal(ic_csv_delimiter("\"a;b;c\",d\n", 10), ',');
	assert_int_equal(ic_csv_delimiter("abc\n", 4), 0);
}

/* ---- formats ---- */

static void check_file(const char *text, const char *format, const char *rows, const char *first_bad,
		       unsigned bad, unsigned line)
{
	ic_file_report report;
	char *got = rows_of(put_text("in.csv", text), 1, &report);
	assert_string_equal(report.format, format);
	assert_string_equal(got, rows);
	ic_free(got);
	assert_int_equal(report.bad, bad);
	assert_string_equal(report.first_bad.message, first_bad);
	assert_int_equal(report.first_bad.line, line);
	assert_false(report.damaged);
}

static void test_canonical(void **state)
{
	(void)state;
	check_file(
	    "\xef\xbb\xbftime,src_ip,dst_ip,dst_port,bytes_out,dst_name\r\n"
	    "2024-05-01T10:00:00Z,10.0.0.1,203.0.113.5,443,100,\"C2.example\"\r\n"
	    "1714557601.5,10.0.0.1,203.0.113.5,443,,\r\n"
	    "\r\n"
	    "time,src_ip,dst_ip,dst_port,bytes_out,dst_name\r\n"
	    "1714557602,fe80::1%eth0,::ffff:203.0.113.5,443,7,x",
	    "csv",
	    "conn|time=2024-05-01T10:00:00Z|src_ip=10.0.0.1|dst_ip=203.0.113.5|dst_port=443|bytes_out=100|"
	    "dst_name=c2.example\n"
	    "conn|time=2024-05-01T10:00:01.5Z|src_ip=10.0.0.1|dst_ip=203.0.113.5|dst_port=443\n"
	    "conn|time=2024-05-01T10:00:02Z|src_ip=fe80::1|dst_ip=203.0.113.5|dst_port=443|bytes_out=7|"
	    "dst_name=x\n",
	    "", 0, 0);
}

/* What convert writes is read back at its level. */
static void test_levels(void **state)
{
	(void)state;
	check_file("time,event_level,src_ip,dst_ip,sni,count\n1,connection,10.0.0.1,203.0.113.5,,\n"
		   "2,request,10.0.0.1,203.0.113.5,,\n3,handshake,10.0.0.1,203.0.113.5,C2.example,\n"
		   "4,count,10.0.0.1,203.0.113.5,,7\n",
		   "csv",
		   "conn|time=1970-01-01T00:00:01Z|src_ip=10.0.0.1|dst_ip=203.0.113.5\n"
		   "http|time=1970-01-01T00:00:02Z|src_ip=10.0.0.1|dst_ip=203.0.113.5\n"
		   "ssl|time=1970-01-01T00:00:03Z|src_ip=10.0.0.1|dst_ip=203.0.113.5|dst_name=c2.example|"
		   "sni=C2.example\n"
		   "count|time=1970-01-01T00:00:04Z|src_ip=10.0.0.1|dst_ip=203.0.113.5|count=7\n",
		   "", 0, 0);
}

static void test_bad_values(void **state)
{
	(void)state;
	static const struct {
		const char *row, *cause;
	} cases[] = {
		{ "abc,10.0.0.1,203.0.113.5,443,1", "time is not a time: abc" },
		{ "-5,10.0.0.1,203.0.113.5,443,1", "time is not a time: -5" },
		{ "253402300800,10.0.0.1,203.0.113.5,443,1", "time is not a time: 253402300800" },
		{ "9999-12-31T23:59:60Z,10.0.0.1,203.0.113.5,443,1",
		  "time is not a time: 9999-12-31T23:59:60Z" },
		{ ",10.0.0.1,203.0.113.5,443,1", "no time" },
		{ "1,10.0.0.256,203.0.113.5,443,1", "src_ip is not an address: 10.0.0.256" },
		{ "1,10.0.0.1,host,443,1", "dst_ip is not an address: host" },
		{ "1,10.0.0.1,203.0.113.5,65536,1", "dst_port is not a port (0 to 65535): 65536" },
		{ "1,10.0.0.1,203.0.113.5,-1,1", "dst_port is not a port (0 to 65535): -1" },
		{ "1,10.0.0.1,203.0.113.5,443,-1", "bytes_out is negative: -1" },
		{ "1,10.0.0.1,203.0.113.5,443,1.5", "bytes_out is not a whole number: 1.5" },
		{ "1,10.0.0.1,203.0.113.5,443,many", "bytes_out is not a number: many" },
		{ "1,10.0.0.1,203.0.113.5,443", "4 columns where the header has 5" },
		{ "1,10.0.0.1,203.0.113.5,443,1,2", "6 columns where the header has 5" },
		{ "\"1\"2,10.0.0.1,203.0.113.5,443,1", "text after a closing quote" },
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char text[512];
		(void)snprintf(
		    text, sizeof(text),
		    "time,src_ip,dst_ip,dst_port,bytes_out\n%s\n2,10.0.0.1,203.0.113.5,443,12912.0\n",
		    cases[i].row);
		check_file(text, "csv",
			   "conn|time=1970-01-01T00:00:02Z|src_ip=10.0.0.1|dst_ip=203.0.113.5|dst_port=443|"
			   "bytes_out=12912\n",
			   cases[i].cause, 1, 2);
	}
	/* an open quote costs its line, not the file */
	check_file("time,src_ip,dst_ip\n1,\"10.0.0.1,203.0.113.5\n2,10.0.0.1,203.0.113.5\n", "csv",
		   "conn|time=1970-01-01T00:00:02Z|src_ip=10.0.0.1|dst_ip=203.0.113.5\n",
		   "a quote is not closed", 1, 2);
}

/* Bytes that are no text go through as they are: who prints them escapes them. */
static void test_raw_bytes(void **state)
{
	(void)state;
	static const char text[] = "time,src_ip,dst_ip,uri\n1,10.0.0.1,203.0.113.5,\"a\0b\xff\x1b\"\n";
	const char *path = put_file("raw.csv", text, sizeof(text) - 1);
	ic_input_request req = request_of(&path, 1, 1);
	ic_input *in;
	ic_unit *u;
	ic_batch *b = ic_batch_new(IC_ALL_FIELDS);
	assert_int_equal(ic_input_open(&req, &in, NULL), IC_OK);
	assert_int_equal(ic_input_next(in, &u, NULL), IC_OK);
	assert_int_equal(ic_unit_read(u, b), IC_OK);
	assert_int_equal(b->rows, 1);
	assert_int_equal(b->col[IC_F_URI].s[0].n, 5);
	assert_memory_equal(b->col[IC_F_URI].s[0].p, "a\0b\xff\x1b", 5);
	ic_input_free(in);
	ic_batch_free(b);
}

/* A quote that nothing closes within 16 MiB costs its own line only. */
static void test_open_quote(void **state)
{
	(void)state;
	const char *path = path_of("open.csv");
	FILE *f = fopen(path, "wb");
	assert_non_null(f);
	(void)fputs("time,src_ip,dst_ip\n1,\"10.0.0.1,203.0.113.5\n", f);
	const int rows = 700000;
	for (int i = 0; i < rows; i++)
		(void)fputs("2,10.0.0.1,203.0.113.5   \n", f);
	assert_int_equal(fclose(f), 0);
	ic_file_report report;
	char *got = rows_of(path, 1, &report);
	assert_int_equal(report.kept, rows);
	assert_int_equal(report.bad, 1);
	assert_string_equal(report.first_bad.message, "a quote is not closed");
	assert_int_equal(report.first_bad.line, 2);
	ic_free(got);
}

/* Consoles group digits, and many write - for nothing. */
static void test_as_shown(void **state)
{
	(void)state;
	check_file("time,src_ip,dst_ip,dst_port,bytes_out,bytes_in,host\n"
		   "\"May 1, 2024 @ 10:00:00.250\",10.0.0.1,203.0.113.5,443,\"1,234\",\"12,345,678\",-\n"
		   "1,10.0.0.1,-,-,-,\"1,23\",x\n",
		   "csv",
		   "conn|time=2024-05-01T10:00:00.25Z|src_ip=10.0.0.1|dst_ip=203.0.113.5|dst_port=443|"
		   "bytes_out=1234|bytes_in=12345678\n",
		   "bytes_in is not a number: 1,23", 1, 3);
}

static void test_line_numbers(void **state)
{
	(void)state;
	check_file("time,src_ip,dst_ip,uri\n1,10.0.0.1,203.0.113.5,\"a\nb\nc\"\nx,10.0.0.1,203.0.113.5,d\n",
		   "csv", "http|time=1970-01-01T00:00:01Z|src_ip=10.0.0.1|dst_ip=203.0.113.5|uri=a\nb\nc\n",
		   "time is not a time: x", 1, 5);
}

static void test_defender(void **state)
{
	(void)state;
	check_file(
	    "Timestamp,DeviceName,ActionType,RemoteIP,RemotePort,RemoteUrl,LocalIP,LocalPort,Protocol,"
	    "InitiatingProcessFileName,AdditionalFields\n"
	    "2024-05-01T10:00:00.1234567Z,pc1,ConnectionSuccess,203.0.113.5,443,https://C2.Example/,10.0.0.1,"
	    "50000,TcpV4,beacon.exe,{}\n"
	    "\"May 1, 2024 10:00:01 "
	    "AM\",pc1,ConnectionFailed,203.0.113.5,443,,10.0.0.1,50001,Tcp,beacon.exe,\n"
	    "5/1/2024 10:00:02.123 "
	    "AM,pc1,InboundConnectionAccepted,10.0.0.9,50000,,10.0.0.1,445,TcpV4,system,\n"
	    "5/1/2024 11:00:00 "
	    "AM,pc1,ConnectionSuccessAggregatedReport,203.0.113.5,443,,10.0.0.1,50002,TcpV4,"
	    "beacon.exe,\"{\"\"uniqueEventsAggregated\"\":12}\"\n"
	    "5/1/2024 11:00:01 AM,pc1,HttpConnectionInspected,203.0.113.5,80,,10.0.0.1,50003,Tcp,,"
	    "\"{\"\"direction\"\":\"\"Out\"\",\"\"method\"\":\"\"GET\"\",\"\"host\"\":\"\"C2.example\"\","
	    "\"\"uri\"\":\"\"/a\\/b\"\",\"\"status_code\"\":\"\"200\"\"}\"\n"
	    "5/1/2024 11:00:02 AM,pc1,ListeningConnectionCreated,,,,10.0.0.1,445,TcpV4,system,\n"
	    "5/1/2024 11:00:03 "
	    "AM,pc1,ConnectionFailedAggregatedReport,203.0.113.5,443,,10.0.0.1,1,Tcp,x,{}\n",
	    "defender-csv",
	    "conn|time=2024-05-01T10:00:00.1234567Z|src_ip=10.0.0.1|src_port=50000|dst_ip=203.0.113.5|dst_"
	    "port=443|"
	    "transport=tcp|action=allowed|src_host=pc1|process=beacon.exe|dst_name=c2.example\n"
	    "conn|flags=8|time=2024-05-01T10:00:01Z|src_ip=10.0.0.1|src_port=50001|dst_ip=203.0.113.5|dst_"
	    "port=443|"
	    "transport=tcp|action=failed|src_host=pc1|process=beacon.exe\n"
	    "conn|time=2024-05-01T10:00:02.123Z|src_ip=10.0.0.9|src_port=50000|dst_ip=10.0.0.1|dst_port=445|"
	    "transport=tcp|action=allowed\n"
	    "count|time=2024-05-01T11:00:00Z|src_ip=10.0.0.1|src_port=50002|dst_ip=203.0.113.5|dst_port=443|"
	    "transport=tcp|action=allowed|src_host=pc1|process=beacon.exe|count=12\n"
	    "http|time=2024-05-01T11:00:01Z|src_ip=10.0.0.1|src_port=50003|dst_ip=203.0.113.5|dst_port=80|"
	    "transport=tcp|service=http|action=allowed|src_host=pc1|dst_name=c2.example|method=GET|uri=/a/b|"
	    "host=C2.example|status=200\n",
	    "aggregated report without a number in uniqueEventsAggregated", 1, 8);
}

/* The portal's timeline of a device: names with blanks, events of all tables. */
static void test_defender_timeline(void **state)
{
	(void)state;
	check_file(
	    "Event Time,Machine Id,Computer Name,Action Type,File Name,Account Name,Remote Url,Remote IP,"
	    "Remote Port,Local IP,Local Port,Initiating Process File Name,Additional Fields,Protocol\n"
	    "2024-05-01T10:00:00.123,m,pc1,ConnectionSuccess,,,https://c2.example/,203.0.113.5,443,10.0.0.1,"
	    "50000,a.exe,,TcpV4\n"
	    "2024-05-01T10:00:01.123,m,pc1,ProcessCreated,b.exe,bob,,,,,,a.exe,,\n",
	    "defender-csv",
	    "conn|time=2024-05-01T10:00:00.123Z|src_ip=10.0.0.1|src_port=50000|dst_ip=203.0.113.5|"
	    "dst_port=443|transport=tcp|action=allowed|src_host=pc1|process=a.exe|dst_name=c2.example\n",
	    "", 0, 0);
}

static void test_sentinel(void **state)
{
	(void)state;
	check_file("\"TimeGenerated [UTC]\",DeviceName,ActionType,RemoteIP,RemotePort,LocalIP\n"
		   "\"5/1/2024, 10:00:00.123 AM\",pc1,ConnectionSuccess,203.0.113.5,443,10.0.0.1\n"
		   "\"5/1/2024 10:00:00.123 AM\",pc1,ConnectionSuccess,203.0.113.5,443,10.0.0.1\n",
		   "defender-csv",
		   "conn|time=2024-05-01T10:00:00.123Z|src_ip=10.0.0.1|dst_ip=203.0.113.5|dst_port=443|"
		   "action=allowed|"
		   "src_host=pc1\n"
		   "conn|time=2024-05-01T10:00:00.123Z|src_ip=10.0.0.1|dst_ip=203.0.113.5|dst_port=443|"
		   "action=allowed|"
		   "src_host=pc1\n",
		   "", 0, 0);
}

static void test_qradar(void **state)
{
	(void)state;
	check_file(
	    "devicetime,starttime,sourceip,sourceport,destinationip,destinationport,protocolid,username,URL,"
	    "\"User Agent\",\"HTTP Method\",bytesout,eventcount,eventname\n"
	    "1,1714557600250,10.0.0.1,50000,203.0.113.5,443,6,null,,,,100,3,Firewall Deny\n"
	    "1,2024-05-01 10:00:01,10.0.0.1,50001,10.0.0.254,3128,6,bob,http://C2.example/x?y,curl/8,GET,5,1,"
	    "Permit\n"
	    "1,1714557602000,10.0.0.1,50002,203.0.113.5,443,6,N/A,https://c2.example,,,,1,x\n"
	    "1,1714557603000,10.0.0.1,50002,203.0.113.5,80,6,,/a?b,,GET,,1,x\n",
	    "qradar-csv",
	    "conn|flags=8|time=2024-05-01T10:00:00.25Z|src_ip=10.0.0.1|src_port=50000|dst_ip=203.0.113.5|"
	    "dst_port=443|transport=tcp|bytes_out=100|action=blocked|count=3\n"
	    "http|flags=2|time=2024-05-01T10:00:01Z|src_ip=10.0.0.1|src_port=50001|dst_ip=10.0.0.254|"
	    "dst_port=3128|transport=tcp|service=http|bytes_out=5|action=allowed|user=bob|dst_name=c2."
	    "example|"
	    "method=GET|uri=/x?y|host=C2.example|user_agent=curl/8|count=1\n"
	    "http|time=2024-05-01T10:00:02Z|src_ip=10.0.0.1|src_port=50002|dst_ip=203.0.113.5|dst_port=443|"
	    "transport=tcp|service=tls|action=x|dst_name=c2.example|uri=/|host=c2.example|count=1\n"
	    "http|time=2024-05-01T10:00:03Z|src_ip=10.0.0.1|src_port=50002|dst_ip=203.0.113.5|dst_port=80|"
	    "transport=tcp|action=x|method=GET|uri=/a?b|count=1\n",
	    "", 0, 0);
	/* the columns that the console shows */
	check_file(
	    "Event Name,Log Source,Event Count,Time,Source IP,Source Port,Destination IP,Destination Port\n"
	    "Firewall Permit,fw1,1,\"May 1, 2024, 10:00:00 AM\",10.0.0.1,50000,203.0.113.5,443\n",
	    "qradar-csv",
	    "conn|time=2024-05-01T10:00:00Z|sensor=fw1|src_ip=10.0.0.1|src_port=50000|dst_ip=203.0.113.5|"
	    "dst_port=443|action=allowed|count=1\n",
	    "", 0, 0);
	/* as others call theirs, whose times may be seconds */
	int rank;
	const char foreign[] = "time,source_ip,destination_ip\n1714557600,10.0.0.1,203.0.113.5\n";
	assert_int_equal(ic_kind_qradar_csv.sniff(foreign, sizeof(foreign) - 1), 0);
	assert_int_equal(ic_qradar_column(IC_STR("Source IP"), &rank), IC_F_SRC_IP);
	assert_int_equal(ic_qradar_column(IC_STR("protocolname_protocolid"), &rank), IC_F_TRANSPORT);
	assert_int_equal(ic_qradar_column(IC_STR("SourceIp"), &rank), IC_F_SRC_IP);
	assert_int_equal(ic_qradar_column(IC_STR("qid"), &rank), -1);
	assert_true(ic_qradar_is_url(IC_STR("url")));
}

static void test_map(void **state)
{
	(void)state;
	const char *map =
	    put_text("site.map", "when = time(ms)\nclient = src_ip\ntarget = url\nagent = user_agent\n"
				 "took = duration(ms)\nsent = bytes_out\nverb = method\n");
	const char *path =
	    put_text("proxy.csv", "when;client;target;agent;took;sent;verb\n"
				  "1714557600250;10.0.0.1;c2.example:443;x;1500;7;CONNECT\n"
				  "1714557600251;10.0.0.1;http://203.0.113.9:8080/p;y;0;8;GET\n"
				  "1714557600252;10.0.0.1;;;-1;8;\n"
				  "1714557600253;10.0.0.1;c2.example/q?x;z;0;9;GET\n");
	ic_input_request req = request_of(&path, 1, 1);
	req.map_file = map;
	ic_input *in = NULL;
	ic_error err;
	ic_buf out;
	ic_buf_init(&out, 0);
	assert_int_equal(ic_input_open(&req, &in, &err), IC_OK);
	(void)read_all(in, 1, IC_ALL_FIELDS, &out, false);
	assert_string_equal(
	    out.p, "http|flags=2|time=2024-05-01T10:00:00.25Z|src_ip=10.0.0.1|dst_port=443|duration_s=1.5|"
		   "bytes_out=7|dst_name=c2.example|method=CONNECT|host=c2.example|user_agent=x\n"
		   "http|time=2024-05-01T10:00:00.251Z|src_ip=10.0.0.1|dst_ip=203.0.113.9|dst_port=8080|"
		   "service=http|duration_s=0|bytes_out=8|method=GET|uri=/p|host=203.0.113.9|user_agent=y\n"
		   "http|time=2024-05-01T10:00:00.253Z|src_ip=10.0.0.1|duration_s=0|bytes_out=9|"
		   "dst_name=c2.example|method=GET|uri=/q?x|host=c2.example|user_agent=z\n");
	assert_string_equal(ic_input_report(in, 0)->first_bad.message, "duration_s is negative: -1");
	assert_int_equal(ic_input_report(in, 0)->first_bad.column, 26);
	ic_input_free(in);
	ic_buf_clear(&out);
	/* without the map it is nothing */
	req.map_file = NULL;
	assert_int_equal(ic_input_open(&req, &in, &err), IC_E_NOINPUT);
	assert_string_equal(err.message,
			    "columns with names that ictus does not know: tell them by a field map (--map)");
}

/* Any way to cut the text gives the same rows. */
static void test_any_block(void **state)
{
	(void)state;
	const char *text =
	    "time,src_ip,dst_ip,uri\r\n1,10.0.0.1,203.0.113.5,\"a\r\nb,\"\"c\"\"\"\r\n"
	    "bad,10.0.0.1,203.0.113.5,x\r\n3,10.0.0.2,203.0.113.5,\"\"\n4,10.0.0.3,203.0.113.5,\"z\"";
	const char *path = put_text("blocks.csv", text);
	ic_file_report whole, cut;
	char *expected = rows_of(path, 1, &whole);
	assert_int_equal(whole.kept, 3);
	for (size_t chunk = 1; chunk <= strlen(text); chunk++) {
		ic_input_set_chunk(chunk);
		char *got = rows_of(path, 1, &cut);
		assert_string_equal(got, expected);
		assert_int_equal(cut.read, whole.read);
		assert_int_equal(cut.first_bad.line, 4);
		ic_free(got);
	}
	ic_input_set_chunk(0);
	ic_free(expected);
}

static void no_name(void *ctx, ic_str name)
{
	(void)ctx;
	(void)name;
}

/* The first text of a file ends within its header: what stands before that one changes nothing. */
static void test_header_cut(void **state)
{
	static const char *const before[] = { "", "\n", "\xef\xbb\xbf\r\n", "sep=,\n" };
	static char head[65536];
	(void)state;
	for (size_t i = 0; i < sizeof before / sizeof *before; i++) {
		memset(head, 'x', sizeof head);
		memcpy(head, before[i], strlen(before[i]));
		head[sizeof head / 2] = ',';
		assert_int_equal(ic_csv_each_name(head, sizeof head, no_name, NULL), 0);
		assert_int_equal(ic_csv_each_name(head, sizeof head - 1, no_name, NULL), 2);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_split),	  cmocka_unit_test(test_header_cut),
		cmocka_unit_test(test_canonical), cmocka_unit_test(test_bad_values),
		cmocka_unit_test(test_levels),	  cmocka_unit_test(test_line_numbers),
		cmocka_unit_test(test_as_shown),  cmocka_unit_test(test_defender_timeline),
		cmocka_unit_test(test_raw_bytes), cmocka_unit_test(test_open_quote),
		cmocka_unit_test(test_defender),  cmocka_unit_test(test_sentinel),
		cmocka_unit_test(test_qradar),	  cmocka_unit_test(test_map),
		cmocka_unit_test(test_any_block),
	};
	return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
