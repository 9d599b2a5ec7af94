/* SPDX-License-Identifier: Apache-2.0 */
#include "packet_builder.h"

#include "source/packet/flow.h"

enum {
	FIN = IC_TCP_FIN,
	SYN = IC_TCP_SYN,
	RST = IC_TCP_RST,
	ACK = IC_TCP_ACK,
};

/* What the handler heard: bytes of each side, '~' for a gap, and the states of what ended. */
static struct heard {
	char text[2][256];
	size_t n[2];
	uint64_t gaps, packet, words[2];
	char ends[256];
	ic_flow last;
} heard;

static bool on_begin(void *ctx, ic_flow *f, const ic_packet *first)
{
	(void)ctx;
	(void)first;
	f->app = NULL;
	return true;
}

static bool on_word(void *ctx, ic_flow *f, int side, const ic_packet *p)
{
	(void)ctx;
	(void)f;
	heard.words[side] += p->length;
	return true;
}

static bool on_data(void *ctx, ic_flow *f, int side, const uint8_t *p, size_t n, int64_t ticks,
		    uint64_t number)
{
	(void)ctx;
	(void)f;
	(void)ticks;
	assert_true(heard.n[side] + n < sizeof heard.text[side]);
	memcpy(heard.text[side] + heard.n[side], p, n);
	heard.n[side] += n;
	heard.packet = number;
	return true;
}

static bool on_gap(void *ctx, ic_flow *f, int side, uint64_t n)
{
	(void)ctx;
	(void)f;
	heard.gaps += n;
	heard.text[side][heard.n[side]++] = '~';
	return true;
}

static bool on_end(void *ctx, ic_flow *f)
{
	(void)ctx;
	strncat(heard.ends, f->state, 16);
	strncat(heard.ends, " ", 2);
	heard.last = *f;
	return true;
}

static const ic_flow_handler handler = { NULL, on_begin, on_word, on_data, on_gap, on_end };
static ic_flow_table *table;
static uint64_t number;
static int64_t now;

static void begin_with(const ic_flow_limits *limits, ic_budget *budget)
{
	memset(&heard, 0, sizeof heard);
	number = 0;
	now = 1000 * IC_TICKS_S;
	table = ic_flow_table_new(&handler, limits, budget);
	assert_non_null(table);
}

static void begin(void)
{
	begin_with(NULL, NULL);
}

static void end(void)
{
	bool failed = false;
	while (ic_flow_finish(table, 1, &failed))
		assert_false(failed);
	assert_int_equal(failed, false);
	ic_flow_table_free(table);
}

static void send_part(uint16_t port, int side, uint8_t flags, uint32_t seq, uint32_t ack, const char *text,
		      uint32_t length)
{
	const ic_ip ip[2] = { ic_ip_from_v4(0x0a000001), ic_ip_from_v4(0xc6336401) };
	const uint16_t ports[2] = { port, 80 };
	const ic_packet p = { .ticks = now++,
			      .number = ++number,
			      .src = ip[side],
			      .dst = ip[!side],
			      .sport = ports[side],
			      .dport = ports[!side],
			      .proto = 6,
			      .tcp_flags = flags,
			      .seq = seq,
			      .ack = ack,
			      .ip_bytes = 40 + length,
			      .length = length,
			      .captured = (uint32_t)strlen(text),
			      .payload = (const uint8_t *)text };
	assert_true(ic_flow_packet(table, &p));
}

static void send(int side, uint8_t flags, uint32_t seq, uint32_t ack, const char *text)
{
	send_part(4000, side, flags, seq, ack, text, (uint32_t)strlen(text));
}

/* Three-way handshake; first bytes have the numbers given. */
static void open_at(uint32_t o, uint32_t r)
{
	send(IC_ORIG, SYN, o - 1, 0, "");
	send(IC_RESP, SYN | ACK, r - 1, o, "");
	send(IC_ORIG, ACK, o, r, "");
}

static void states(void **state)
{
	/* Packets as side:flags, one after the other. */
	static const struct {
		const char *packets, *state;
	} cases[] = {
		{ "oS", "S0" },
		{ "oS rSA oA", "S1" },
		{ "oS rSA oA oFA rFA oA", "SF" },
		{ "oS rRA", "REJ" },
		{ "oS rSA oA oFA", "S2" },
		{ "oS rSA oA rFA", "S3" },
		{ "oS rSA oA oR", "RSTO" },
		{ "oS rSA oA rR", "RSTR" },
		{ "oS oR", "RSTOS0" },
		{ "rSA rR", "RSTRH" },
		{ "oS oF", "SH" },
		{ "oS rSA oA oFA rFA oA rR", "SF" },
		{ "rSA oA oFA rFA oA", "SF" },
		{ "oA oFA", "SH" },
		{ "oA rA rFA", "SHR" },
		{ "oA oFA rFA", "SF" },
		{ "rSA rF", "SHR" },
		{ "oA rA", "OTH" },
		{ "oA", "OTH" },
	};
	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		begin();
		uint32_t seq[2] = { 100, 900 };
		for (const char *p = cases[i].packets; *p;) {
			int side = *p++ == 'o' ? IC_ORIG : IC_RESP;
			uint8_t flags = 0;
			for (; *p && *p != ' '; p++)
				flags |= *p == 'S' ? SYN : *p == 'A' ? ACK : *p == 'F' ? FIN : RST;
			p += *p == ' ';
			send(side, flags, seq[side], flags & ACK ? seq[!side] : 0, "");
			seq[side] += flags & (SYN | FIN) ? 1 : 0;
		}
		end();
		char want[16];
		snprintf(want, sizeof want, "%s ", cases[i].state);
		assert_string_equal(heard.ends, want);
		assert_int_equal(heard.last.port[IC_ORIG], 4000);
	}
}

static void in_order(void **state)
{
	(void)state;
	begin();
	open_at(101, 901);
	send(IC_ORIG, ACK, 101, 901, "GET ");
	send(IC_RESP, ACK, 901, 105, "ok");
	send(IC_ORIG, ACK, 105, 903, "more");
	send(IC_ORIG, ACK | FIN, 109, 903, "");
	send(IC_RESP, ACK | FIN, 903, 110, "");
	end();
	assert_string_equal(heard.text[IC_ORIG], "GET more");
	assert_string_equal(heard.text[IC_RESP], "ok");
	assert_int_equal(heard.last.bytes[IC_ORIG], 8);
	assert_int_equal(heard.last.bytes[IC_RESP], 2);
	assert_int_equal(heard.last.packets[IC_ORIG], 5);
	assert_int_equal(heard.last.ip_bytes[IC_RESP], 3 * 40 + 2);
	assert_int_equal(heard.last.missed, 0);
}

/* "abcdefghij" in pieces of any order, over the end of the numbers: always the same text. */
static void any_order(void **state)
{
	static const char text[] = "abcdefghijklmnop";
	uint64_t seed = 4;
	(void)state;
	for (unsigned round = 0; round < 200; round++) {
		begin();
		const uint32_t base = round % 2 ? UINT32_MAX - 5 : 1000;
		open_at(base, 901);
		bool sent[16] = { false };
		for (unsigned left = 16; left;) {
			unsigned at = (unsigned)(test_random(&seed) % 16),
				 n = 1 + (unsigned)(test_random(&seed) % 5);
			char part[8] = { 0 };
			n = at + n > 16 ? 16 - at : n;
			n = n == 1 && at + 1 < 16 ? 2 : n; /* a single old byte is a keep-alive */
			memcpy(part, text + at, n);
			for (unsigned i = at; i < at + n; i++) {
				left -= !sent[i];
				sent[i] = true;
			}
			send(IC_ORIG, ACK, base + at, 901, part);
		}
		end();
		assert_string_equal(heard.text[IC_ORIG], text);
		assert_int_equal(heard.gaps, 0);
		assert_int_equal(heard.last.bytes[IC_ORIG], 16);
	}
}

static void overlaps(void **state)
{
	(void)state;
	begin();
	open_at(101, 901);
	send(IC_ORIG, ACK, 105, 901, "EFGH");	  /* ahead */
	send(IC_ORIG, ACK, 103, 901, "xxxxxxxx"); /* what came first counts */
	assert_int_equal(ic_flow_table_counts(table)->overlaps, 1);
	send(IC_ORIG, ACK, 101, 901, "abZZ");
	send(IC_ORIG, ACK, 101, 901, "again");
	assert_int_equal(ic_flow_table_counts(table)->retransmitted, 1);
	end();
	assert_string_equal(heard.text[IC_ORIG], "abZZEFGHxx");
}

static void keepalives(void **state)
{
	(void)state;
	begin();
	open_at(101, 901);
	send(IC_ORIG, ACK, 101, 901, "abc");
	send(IC_ORIG, ACK, 103, 901, "c");
	send(IC_ORIG, ACK, 103, 901, "");
	end();
	assert_string_equal(heard.text[IC_ORIG], "abc");
	assert_int_equal(heard.last.packets[IC_ORIG], 5);
	assert_int_equal(heard.last.bytes[IC_ORIG], 3);
}

static void losses(void **state)
{
	(void)state;
	begin();
	open_at(101, 901);
	send(IC_ORIG, ACK, 101, 901, "ab");
	send(IC_ORIG, ACK, 106, 901, "fg");
	assert_string_equal(heard.text[IC_ORIG], "ab");
	send(IC_RESP, ACK, 901, 108, ""); /* the other side has them */
	assert_string_equal(heard.text[IC_ORIG], "ab~fg");
	assert_int_equal(heard.gaps, 3);
	send_part(4000, IC_ORIG, ACK, 108, 901, "hi", 5); /* cut: 3 bytes were not captured */
	send(IC_ORIG, ACK, 113, 901, "m");
	assert_string_equal(heard.text[IC_ORIG], "ab~fghi~m");
	send(IC_ORIG, ACK | FIN, 120, 901, ""); /* 6 more never came */
	end();
	assert_string_equal(heard.text[IC_ORIG], "ab~fghi~m~");
	assert_int_equal(heard.last.missed, 12);
	assert_int_equal(heard.last.bytes[IC_ORIG], 19);
}

static void out_of_window(void **state)
{
	(void)state;
	begin();
	open_at(101, 901);
	send(IC_ORIG, ACK, 101 + 0x50000000, 901, "far");
	send(IC_ORIG, ACK, 101, 901, "near");
	assert_int_equal(ic_flow_table_counts(table)->out_of_window, 1);
	end();
	assert_string_equal(heard.text[IC_ORIG], "near");
}

static void from_the_middle(void **state)
{
	(void)state;
	begin();
	send(IC_ORIG, ACK, 5000, 77, "x=1");
	send(IC_RESP, ACK, 77, 5003, "y=2");
	send(IC_ORIG, ACK, 5003, 80, "&z");
	end();
	assert_string_equal(heard.text[IC_ORIG], "x=1&z");
	assert_string_equal(heard.text[IC_RESP], "y=2");
	assert_string_equal(heard.ends, "OTH ");
}

static void same_ports_again(void **state)
{
	(void)state;
	begin();
	open_at(101, 901);
	send(IC_ORIG, RST, 101, 0, "");
	open_at(5001, 7001); /* within the time that stragglers are waited for */
	send(IC_ORIG, ACK, 5001, 7001, "two");
	end();
	assert_string_equal(heard.ends, "RSTO S1 ");
	assert_string_equal(heard.text[IC_ORIG], "two");
}

/* Refused, and tried again with the same number: as often as it was. */
static void refused_again(void **state)
{
	(void)state;
	begin();
	for (unsigned i = 0; i < 3; i++) {
		send(IC_ORIG, SYN, 100, 0, "");
		send(IC_RESP, RST | ACK, 0, 101, "");
	}
	end();
	assert_string_equal(heard.ends, "REJ REJ REJ ");
}

/* What comes after both have closed is counted, but the connection lasts no longer for it. */
static void stragglers(void **state)
{
	(void)state;
	begin();
	open_at(101, 901);
	send(IC_ORIG, ACK | FIN, 101, 901, "");
	send(IC_RESP, ACK | FIN, 901, 102, "");
	const int64_t closed = now - 1;
	now += IC_TICKS_S;
	send(IC_ORIG, ACK, 102, 902, "");
	send(IC_RESP, RST, 902, 0, "");
	end();
	assert_string_equal(heard.ends, "SF ");
	assert_int_equal(heard.last.last, closed);
	assert_int_equal(heard.last.packets[IC_ORIG], 4);
	assert_int_equal(heard.last.packets[IC_RESP], 3);
}

/* An attempt has five seconds from its SYN on, however much is sent after it. */
static void attempts(void **state)
{
	(void)state;
	begin();
	send(IC_ORIG, SYN, 100, 0, "");
	for (uint32_t i = 0; i < 4; i++) {
		now += 2 * IC_TICKS_S;
		send(IC_ORIG, ACK, 101 + 4 * i, 1, "data");
	}
	end();
	assert_string_equal(heard.ends, "S0 OTH ");
}

static void times(void **state)
{
	(void)state;
	begin();
	send(IC_ORIG, SYN, 100, 0, "");
	now += 6 * IC_TICKS_S;
	send_part(4001, IC_ORIG, SYN, 100, 0, "", 0);
	assert_string_equal(heard.ends, "S0 ");
	now += INT64_C(100) * 365 * 86400 * IC_TICKS_S; /* one packet of a broken clock */
	send_part(4002, IC_ORIG, SYN, 100, 0, "", 0);
	now -= INT64_C(100) * 365 * 86400 * IC_TICKS_S;
	heard.ends[0] = 0;
	open_at(101, 901); /* what follows is still one connection */
	now += 10 * IC_TICKS_S;
	send(IC_ORIG, ACK, 101, 901, "one");
	assert_string_equal(heard.ends, "");
	now += 600 * IC_TICKS_S; /* idle for too long, behind that of the broken clock in no queue */
	open_at(9001, 901);
	assert_string_equal(heard.ends, "S1 ");
	end();
}

static void bounds(void **state)
{
	const ic_flow_limits limits = { .flow_bytes = 8,
					.total_bytes = 16,
					.flows = 3,
					.tcp_idle = INT64_MAX / 4,
					.tcp_attempt = INT64_MAX / 4,
					.tcp_closed = INT64_MAX / 4,
					.udp_idle = INT64_MAX / 4 };
	(void)state;
	begin_with(&limits, NULL);
	open_at(101, 901);
	send(IC_ORIG, ACK, 110, 901, "12345");
	send(IC_ORIG, ACK, 120, 901, "6789"); /* 9 bytes held: the hole is given up */
	assert_string_equal(heard.text[IC_ORIG], "~12345");
	for (uint16_t port = 1; port < 6; port++)
		send_part(port, IC_ORIG, SYN, 1, 0, "", 0);
	assert_int_equal(ic_flow_table_counts(table)->evicted, 3);
	end();
	ic_budget budget = { .limit = 20000 };
	begin_with(NULL, &budget);
	for (uint16_t port = 1; port < 500; port++)
		send_part(port, IC_ORIG, SYN, 1, 0, "", 0);
	assert_true(ic_flow_table_counts(table)->evicted > 400);
	end();
	assert_int_equal(budget.used, 0);
	budget.limit = 1; /* for none */
	begin_with(NULL, &budget);
	send(IC_ORIG, SYN, 1, 0, "");
	assert_int_equal(ic_flow_table_counts(table)->no_memory, 1);
	end();
	assert_int_equal(budget.used, 0);
}

static ic_flow flow_of(const char *a, uint16_t ap, const char *b, uint16_t bp, uint8_t proto)
{
	ic_flow f = { .proto = proto, .port = { ap, bp } };
	assert_true(ic_ip_parse(ic_str_of(a), &f.ip[IC_ORIG]));
	assert_true(ic_ip_parse(ic_str_of(b), &f.ip[IC_RESP]));
	return f;
}

static void community_id(void **state)
{
	static const struct {
		const char *a, *b;
		uint16_t ap, bp;
		uint8_t proto;
		const char *id;
	} cases[] = {
		{ "1.2.3.4", "5.6.7.8", 1122, 3344, 6, "1:wCb3OG7yAFWelaUydu0D+125CLM=" },
		{ "5.6.7.8", "1.2.3.4", 3344, 1122, 6, "1:wCb3OG7yAFWelaUydu0D+125CLM=" },
		{ "8.8.8.8", "192.168.1.52", 53, 54585, 17, "1:d/FP5EW3wiY1vCndhwleRRKHowQ=" },
		{ "192.168.1.52", "8.8.8.8", 54585, 53, 17, "1:d/FP5EW3wiY1vCndhwleRRKHowQ=" },
		{ "2001:470:e5bf:dead:4957:2174:e82c:4887", "2607:f8b0:400c:c03::1a", 63943, 25, 6,
		  "1:/qFaeAR+gFe1KYjMzVDsMv+wgU4=" },
	};
	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		char id[32], uid[19];
		ic_flow f = flow_of(cases[i].a, cases[i].ap, cases[i].b, cases[i].bp, cases[i].proto);
		ic_flow_community_id(&f, id);
		assert_string_equal(id, cases[i].id);
		ic_flow_uid(&f, uid);
		assert_int_equal(strlen(uid), 18);
		assert_int_equal(uid[0], 'C');
	}
}

/* What says nothing new is no word: repetitions, keep-alives with a byte and without, bare answers. */
static void words(void **state)
{
	(void)state;
	begin();
	open_at(100, 500);
	send(IC_ORIG, ACK, 100, 500, "hello");
	send(IC_ORIG, ACK, 100, 500, "hello");
	send(IC_RESP, ACK, 500, 105, "");
	assert_int_equal(heard.words[IC_ORIG], 5);
	send(IC_ORIG, ACK, 104, 500, "o");
	send(IC_ORIG, ACK, 104, 500, "");
	assert_int_equal(heard.words[IC_ORIG], 5);
	assert_int_equal(heard.words[IC_RESP], 0);
	send(IC_ORIG, ACK, 107, 500, "later"); /* before what is missing */
	assert_int_equal(heard.words[IC_ORIG], 10);
	send(IC_ORIG, ACK, 105, 500, "ab");
	assert_int_equal(heard.words[IC_ORIG], 10);
	assert_string_equal(heard.text[IC_ORIG], "helloablater");
	end();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(states),	    cmocka_unit_test(in_order),
		cmocka_unit_test(any_order),	    cmocka_unit_test(overlaps),
		cmocka_unit_test(keepalives),	    cmocka_unit_test(losses),
		cmocka_unit_test(out_of_window),    cmocka_unit_test(from_the_middle),
		cmocka_unit_test(same_ports_again), cmocka_unit_test(times),
		cmocka_unit_test(refused_again),    cmocka_unit_test(stragglers),
		cmocka_unit_test(attempts),	    cmocka_unit_test(bounds),
		cmocka_unit_test(community_id),	    cmocka_unit_test(words),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
