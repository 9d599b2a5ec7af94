/* SPDX-License-Identifier: Apache-2.0 */
/* Beacons inside connections, from packets to findings: made-up captures, and real ones. */
#include "../source/packet_builder.h"

#include "capture.h"

enum { FIN = IC_TCP_FIN, SYN = IC_TCP_SYN, ACK = IC_TCP_ACK, RAW = 101 };
enum { CLIENT = 0x0a000005, SERVER = 0xc6336409 }; /* 10.0.0.5, 198.51.100.9 */

/* A capture that is being written: one connection at a time. */
static struct {
	char path[64];
	FILE *f;
	uint16_t port;
	uint32_t next[2]; /* sequence numbers */
} cap;

static void put32(uint32_t v)
{
	assert_int_equal(fwrite(&v, 4, 1, cap.f), 1);
}

static void open_capture(void)
{
	snprintf(cap.path, sizeof cap.path, "/tmp/ictus-packets-XXXXXX");
	int fd = mkstemp(cap.path);
	assert_true(fd >= 0);
	cap.f = fdopen(fd, "wb");
	const uint32_t head[] = { 0xa1b2c3d4, 4 << 16 | 2, 0, 0, 65535, RAW };
	assert_int_equal(fwrite(head, sizeof head, 1, cap.f), 1);
}

static void packet(double at, int side, uint8_t flags, const void *p, size_t n)
{
	static pk k;
	const uint32_t ip[2] = { CLIENT, SERVER };
	const uint16_t ports[2] = { 40000, cap.port };
	pk_start(&k, p, n);
	pk_tcp(&k, ports[side], ports[!side], cap.next[side], cap.next[!side], flags);
	pk_ip4(&k, 6, ip[side], ip[!side]);
	put32((uint32_t)(1700000000 + (int64_t)at));
	put32((uint32_t)((at - (double)(int64_t)at) * 1e6));
	put32((uint32_t)pk_n(&k));
	put32((uint32_t)pk_n(&k));
	assert_int_equal(fwrite(pk_p(&k), pk_n(&k), 1, cap.f), 1);
	cap.next[side] += (uint32_t)n + ((flags & (SYN | FIN)) != 0);
}

static void say(double at, int side, const char *text)
{
	packet(at, side, ACK, text, strlen(text));
}

/* What TCP sends by itself: the last byte again, and the answer to it. */
static void keep_alive(double at)
{
	cap.next[0]--;
	packet(at, 0, ACK, "!", 1);
	packet(at + 0.01, 1, ACK, "", 0);
}

static void connect_to(uint16_t port)
{
	cap.port = port;
	cap.next[0] = 1000;
	cap.next[1] = 9000;
	packet(0, 0, SYN, "", 0);
	packet(0.01, 1, SYN | ACK, "", 0);
	packet(0.02, 0, ACK, "", 0);
}

/* Scans the capture: the findings as NDJSON, to be cleared. */
static ic_buf scan_file(const char *path, ic_summary *sum)
{
	ic_scan_options opt;
	ic_scan_options_init(&opt);
	opt.input.paths = &path;
	opt.input.path_count = 1;
	opt.input.scope_all = true;
	opt.input.ports = "all";
	opt.format = "ndjson";
	ic_error err = { 0 };
	ic_buf b;
	const ic_output out = capture_into(&b);
	if (ic_scan(&opt, NULL, &out, sum, &err) != IC_OK)
		fail_msg("%s: %s", path, err.message);
	ic_buf_putc(&b, 0);
	assert_false(b.failed);
	return b;
}

static ic_buf scan_capture(ic_summary *sum)
{
	assert_int_equal(fclose(cap.f), 0);
	ic_buf b = scan_file(cap.path, sum);
	assert_int_equal(unlink(cap.path), 0);
	return b;
}

/* The line of the detector's finding at that level; NULL: there is none. */
static const char *finding(const ic_buf *b, const char *detector, const char *level)
{
	char d[64], l[64];
	snprintf(d, sizeof d, "\"detector\":\"%s\"", detector);
	snprintf(l, sizeof l, "\"event_level\":\"%s\"", level);
	for (const char *line = b->p, *end; (end = strchr(line, '\n')); line = end + 1) {
		const char *a = strstr(line, d), *e = strstr(line, l);
		if (a && a < end && e && e < end)
			return line;
	}
	return NULL;
}

static double number(const char *line, const char *key)
{
	char k[64];
	snprintf(k, sizeof k, "\"%s\":", key);
	const char *at = line ? strstr(line, k) : NULL;
	assert_non_null(at);
	return strtod(at + strlen(k), NULL);
}

static void beat_in_a_connection(void **state)
{
	(void)state;
	ic_summary sum;
	uint64_t seed = 7;
	open_capture();
	connect_to(443);
	for (unsigned i = 0; i < 60; i++) {
		double at = 1 + i * 10.0 + (double)(test_random(&seed) % 100) / 1000;
		say(at, 0, "opaque question");
		say(at + 0.05, 1, "opaque answer");
		keep_alive(at + 3);
		keep_alive(at + 6.1);
	}
	ic_buf b = scan_capture(&sum);
	const char *line = finding(&b, "beacon", "burst");
	assert_int_equal(number(line, "connections"), 60);
	assert_true(number(line, "interval_median_s") > 9.9 && number(line, "interval_median_s") < 10.1);
	assert_true(number(line, "automation") > 80);
	assert_null(finding(&b, "beacon", "connection"));
	assert_true(sum.worst_level < IC_MEDIUM);
	ic_buf_clear(&b);
}

static void keep_alives_are_no_beat(void **state)
{
	(void)state;
	ic_summary sum;
	open_capture();
	connect_to(443);
	say(1, 0, "opaque question");
	say(1.1, 1, "opaque answer");
	for (unsigned i = 0; i < 60; i++) {
		keep_alive(5 + i * 10.0);
		packet(8 + i * 10.0, 0, ACK, "\0\0\x08\6\0\0\0\0\0pingping", 17); /* HTTP/2 */
		packet(9 + i * 10.0, 0, ACK, "\x18\3\3\0\3\1\0\0", 8);		  /* TLS */
	}
	ic_buf b = scan_capture(&sum);
	assert_string_equal(b.p, "");
	ic_buf_clear(&b);
}

/* Silence of a person's length, and what the server sends unasked, are no beat. */
static void no_rhythm(void **state)
{
	(void)state;
	ic_summary sum;
	uint64_t seed = 3;
	open_capture();
	connect_to(443);
	double at = 1;
	for (unsigned i = 0; i < 60; i++) {
		say(at, 0, "opaque question");
		at += 1 + (double)(1 << test_random(&seed) % 7) + (double)(test_random(&seed) % 1000) / 1000;
	}
	for (unsigned i = 0; i < 60; i++)
		say(at + i * 10.0, 1, "news");
	ic_buf b = scan_capture(&sum);
	assert_string_equal(b.p, "");
	ic_buf_clear(&b);
}

static void requests_are_counted_once(void **state)
{
	(void)state;
	ic_summary sum;
	open_capture();
	connect_to(80);
	for (unsigned i = 0; i < 40; i++) {
		say(1 + i * 10.0, 0,
		    "GET /a HTTP/1.1\r\nHost: www.example.com\r\nUser-Agent: Mozilla/5.0\r\n\r\n");
		say(1.1 + i * 10.0, 1, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
	}
	ic_buf b = scan_capture(&sum);
	assert_non_null(finding(&b, "beacon", "request"));
	assert_null(finding(&b, "beacon", "burst"));
	ic_buf_clear(&b);
}

/* What the connection is known by is known of its check-ins too. */
static void inside_a_tunnel(void **state)
{
	(void)state;
	ic_summary sum;
	open_capture();
	connect_to(3128);
	say(1, 0, "CONNECT c2.example:443 HTTP/1.1\r\nHost: c2.example:443\r\nUser-Agent: tool/1\r\n\r\n");
	say(1.1, 1, "HTTP/1.1 200 OK\r\n\r\n");
	for (unsigned i = 0; i < 40; i++)
		say(5 + i * 20.0, 0, "opaque question");
	ic_buf b = scan_capture(&sum);
	const char *line = finding(&b, "beacon", "burst");
	assert_int_equal(number(line, "connections"), 40);
	assert_non_null(strstr(line, "\"dst_name\":\"c2.example\""));
	assert_non_null(strstr(line, "\"user_agents\":[\"tool/1\"]"));
	ic_buf_clear(&b);
}

static void websocket(void **state)
{
	(void)state;
	ic_summary sum;
	for (int beats = 0; beats < 2; beats++) {
		open_capture();
		connect_to(8080);
		say(1, 0,
		    "GET /s HTTP/1.1\r\nHost: 198.51.100.9:8080\r\n"
		    "Connection: Upgrade\r\nUpgrade: websocket\r\n\r\n");
		say(1.1, 1,
		    "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: "
		    "websocket\r\n\r\n\x81\2hi");
		for (unsigned i = 0; i < 60; i++) {
			double at = 3 + i * 6.0;
			if (beats)
				say(at, 0, "\x81\x85mask12345");
			packet(at + 2, 1, ACK, "\x89\0", 2); /* PING, PONG */
			packet(at + 2.1, 0, ACK, "\x8a\x80mask", 6);
		}
		ic_buf b = scan_capture(&sum);
		const char *upgrade = finding(&b, "websocket", "connection");
		const char *beat = finding(&b, "beacon", "burst");
		assert_non_null(upgrade);
		const char *frames = strstr(upgrade, "\"code\":\"frames\"");
		if (beats) {
			assert_int_equal(number(beat, "connections"), 60);
			assert_true(number(beat, "interval_median_s") == 6);
			assert_non_null(strstr(beat, "\"service\":\"websocket\""));
			assert_non_null(frames);
			assert_int_equal(number(frames, "value"), 60);
			assert_true(number(upgrade, "priority") > 60); /* no oddity alone any more */
		} else {
			assert_null(frames);
			assert_null(beat);
			assert_true(number(upgrade, "priority") < 60);
		}
		ic_buf_clear(&b);
	}
}

/* ---- real captures -------------------------------------------------------------------- */

static void real_beats(void **state)
{
	static const struct {
		const char *file, *level;
		double from, to; /* s, between its check-ins */
	} cases[] = {
		{ "slips/test-cc/test-cc-capture-1.pcap", "connection", 2.1, 2.4 },
		{ "packets/ratinfected.pcap", "burst", 9.5, 10.5 },
		{ "zeek_btest/Traces/quic/merlinc2_Zeek_example.pcapng", "burst", 13, 17 },
		{ "otrf/pcap/"
		  "defense_evasion__empire_powerview_ldap_ntsecuritydescriptor__empire_powerview_ldap_"
		  "ntsecuritydescriptor_2020-09-21130944.pcap",
		  "request", 5, 5.2 },
	};
	(void)state;
	const char *shared = shared_folder();
	if (!shared)
		skip();
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		char path[1400];
		ic_summary sum;
		snprintf(path, sizeof path, "%s/data/%s", shared, cases[i].file);
		ic_buf b = scan_file(path, &sum);
		const char *line = finding(&b, "beacon", cases[i].level);
		if (!line)
			fail_msg("%s: no beacon", cases[i].file);
		double median = number(line, "interval_median_s");
		assert_true(median > cases[i].from && median < cases[i].to);
		ic_buf_clear(&b);
	}
}

/* Long connections of protocols at work: what beats inside of them is no more than low. */
static void real_peace(void **state)
{
	static const char *const files[] = {
		"arkime/pcap/gtp-u.pcap",
		"arkime/pcap/modbus.pcap",
		"arkime/pcap/websocket.pcap",
		"zeek_btest/Traces/websocket/wstunnel-ssh.pcap",
		"zeek_btest/Traces/tls/tls13_psk_succesfull.pcap",
	};
	(void)state;
	const char *shared = shared_folder();
	if (!shared)
		skip();
	for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
		char path[1400];
		ic_summary sum;
		snprintf(path, sizeof path, "%s/data/%s", shared, files[i]);
		ic_buf b = scan_file(path, &sum);
		const char *line = finding(&b, "beacon", "burst");
		if (line && number(line, "priority") >= 35)
			fail_msg("%s: %s", files[i], line);
		ic_buf_clear(&b);
	}
}

/* Real C2, whose packets are known by time, length and direction only: written as a capture without payload. */
static void copy_packets(const char *path)
{
	static const char zeros[1 << 16];
	char line[1024];
	double at = 0;
	FILE *f = fopen(path, "r");
	assert_non_null(f);
	open_capture();
	cap.port = 443;
	cap.next[0] = cap.next[1] = 1000;
	(void)!fgets(line, sizeof line, f);
	while (fgets(line, sizeof line, f)) {
		/* ip.proto,frame.len,src_ip,dst_ip,c2_label,is_SYN,is_ACK,is_RST,is_FIN,is_PSH,is_URG,time_since_last */
		double cell[12] = { 0 };
		char *p = line;
		for (size_t i = 0; i < 12; i++, p += *p == ',')
			cell[i] = strtod(p, &p);
		const bool syn = cell[5] > 0, push = cell[9] > 0;
		size_t n = push && cell[1] > 66 ? (size_t)cell[1] - 66 : 0; /* headers with time stamps */
		at += cell[11];
		packet(at, cell[2] > 0, (uint8_t)((syn ? SYN : 0) | (cell[6] > 0 ? ACK : 0)), zeros,
		       n < 60000 ? n : 60000);
	}
	fclose(f);
}

static void covenant(void **state)
{
	(void)state;
	const char *shared = shared_folder();
	if (!shared)
		skip();
	for (unsigned i = 0; i < 2; i++) {
		char path[1400];
		ic_summary sum;
		snprintf(path, sizeof path, "%s/data/c2cap/c2_only/covenant_beaconing_%u.csv", shared, i);
		copy_packets(path);
		ic_buf b = scan_capture(&sum);
		const char *line = finding(&b, "beacon", "burst");
		assert_true(number(line, "interval_median_s") > 5 && number(line, "interval_median_s") < 5.2);
		assert_true(number(line, "automation") > 90);
		ic_buf_clear(&b);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(beat_in_a_connection),
		cmocka_unit_test(keep_alives_are_no_beat),
		cmocka_unit_test(no_rhythm),
		cmocka_unit_test(requests_are_counted_once),
		cmocka_unit_test(inside_a_tunnel),
		cmocka_unit_test(websocket),
		cmocka_unit_test(real_beats),
		cmocka_unit_test(real_peace),
		cmocka_unit_test(covenant),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
