/* SPDX-License-Identifier: Apache-2.0 */
#include "packet_builder.h"

#include <errno.h>

#include "base/error.h"
#include "source/packet/listen.h"
#include "source/packet/team.h"

enum { CAPTURE_ROOM = 4 << 20, CONNECTIONS = 150, MOST_ROWS = 4000 };

/* ---- a capture of many connections at once ---- */

static uint8_t capture[CAPTURE_ROOM];
static size_t capture_n;
static uint32_t clock_ms;

static void put_le32(uint32_t v)
{
	const uint8_t b[4] = { (uint8_t)v, (uint8_t)(v >> 8), (uint8_t)(v >> 16), (uint8_t)(v >> 24) };
	assert_true(capture_n + 4 <= CAPTURE_ROOM);
	memcpy(capture + capture_n, b, 4);
	capture_n += 4;
}

static void put_frame(const pk *k)
{
	const uint32_t n = (uint32_t)pk_n(k);
	clock_ms += 2;
	put_le32(1700000000 + clock_ms / 1000);
	put_le32(clock_ms % 1000 * 1000);
	put_le32(n);
	put_le32(n);
	assert_true(capture_n + n <= CAPTURE_ROOM);
	memcpy(capture + capture_n, pk_p(k), n);
	capture_n += n;
}

static void put_tcp_bytes(unsigned i, int side, uint32_t seq, uint32_t ack, uint8_t flags, const void *p,
			  size_t n)
{
	static pk k;
	const uint32_t ip[2] = { 0x0a000000 + i % 7, 0xc6336400 + i };
	const uint16_t port[2] = { (uint16_t)(2000 + i), 80 };
	pk_start(&k, p, n);
	pk_tcp(&k, port[side], port[!side], seq, ack, flags);
	pk_ip4(&k, 6, ip[side], ip[!side]);
	pk_ethernet(&k, 0x0800);
	put_frame(&k);
}

static void put_tcp(unsigned i, int side, uint32_t seq, uint32_t ack, uint8_t flags, const char *text)
{
	put_tcp_bytes(i, side, seq, ack, flags, text, strlen(text));
}

/* A request in two fragments that come as one datagram of UDP would: the second one first. */
static void put_fragments(unsigned i)
{
	static pk k;
	static uint8_t whole[512];
	pk_start(&k, "sixteen letters.and as many more", 32);
	pk_udp(&k, (uint16_t)(3000 + i), 9999);
	const size_t n = pk_n(&k);
	memcpy(whole, pk_p(&k), n);
	for (int part = 1; part >= 0; part--) {
		pk_start(&k, whole + (part ? 24 : 0), part ? n - 24 : 24);
		pk_ip4_part(&k, 17, 0x0a000001, 0xc6336401, (uint16_t)i, part ? 3 : 0x2000);
		pk_ethernet(&k, 0x0800);
		put_frame(&k);
	}
}

static int make_capture(void **state)
{
	enum { S = IC_TCP_SYN, A = IC_TCP_ACK, F = IC_TCP_FIN };
	static const char ask[] = "GET /a HTTP/1.1\r\nHost: a.example\r\n\r\n",
			  answer[] = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";
	const uint32_t a = sizeof ask - 1, b = sizeof answer - 1;
	(void)state;
	capture_n = clock_ms = 0;
	put_le32(0xa1b2c3d4);
	put_le32(0x00040002);
	put_le32(0);
	put_le32(0);
	put_le32(65535);
	put_le32(1);
	for (unsigned step = 0; step < 7; step++) {
		for (unsigned i = 0; i < CONNECTIONS; i++) {
			switch (step) {
			case 0: put_tcp(i, 0, 100, 0, S, ""); break;
			case 1: put_tcp(i, 1, 900, 101, S | A, ""); break;
			case 2: put_tcp(i, 0, 101, 901, A, ask); break;
			case 3: put_tcp(i, 1, 901, 101 + a, A, answer); break;
			case 4:
				if (i % 3 == 0)
					put_tcp(i, 0, 101 + a, 901 + b, F | A, "");
				break;
			case 5:
				if (i % 3 == 0)
					put_tcp(i, 1, 901 + b, 102 + a, F | A, "");
				break;
			case 6: put_fragments(i); break;
			}
		}
		clock_ms += step == 5 ? 30000 : 0; /* those that are closed end within the capture */
	}
	return 0;
}

/* ---- reading it ---- */

/* What a batch of events says, as text, so that it can be compared. */
typedef struct said {
	char *p;
	size_t n, room;
} said;

static void say(said *s, const char *text)
{
	size_t n = strlen(text);
	while (s->n + n + 1 > s->room) {
		s->room = s->room ? s->room * 2 : 1 << 16;
		s->p = realloc(s->p, s->room);
		assert_non_null(s->p);
	}
	memcpy(s->p + s->n, text, n + 1);
	s->n += n;
}

static void say_rows(said *s, const ic_batch *b)
{
	char line[512];
	for (uint32_t r = 0; r < b->rows; r++) {
		const ic_str uid = b->col[IC_F_UID].s[r], uri = b->col[IC_F_URI].s[r],
			     state = b->col[IC_F_CONN_STATE].s[r];
		(void)snprintf(line, sizeof line, "%d %.*s %d %lld %.*s %.*s\n", b->stream[r], (int)uid.n,
			       uid.p ? uid.p : "", (int)b->col[IC_F_SRC_PORT].i[r],
			       (long long)b->col[IC_F_TIME].i[r], (int)uri.n, uri.p ? uri.p : "",
			       (int)state.n, state.p ? state.p : "");
		say(s, line);
	}
}

static void read_capture(said *s, unsigned threads, size_t piece, ic_lanes_counts *counts)
{
	const ic_fieldset wanted = IC_ALL_FIELDS;
	const ic_row_filter all = { .since = IC_TIME_NONE, .until = IC_TIME_NONE };
	ic_row_counts c = { 0 };
	ic_batch *b = ic_batch_new(wanted);
	ic_lanes *l = ic_lanes_new(NULL, threads, NULL);
	assert_non_null(b);
	assert_non_null(l);
	ic_lanes_want(l, wanted, ~0u);
	bool more = true;
	for (size_t from = 0, to = 0; from < capture_n || more;) {
		size_t used = 0;
		to = to + piece < capture_n ? to + piece : capture_n;
		if (from < capture_n)
			assert_int_equal(ic_lanes_feed(l, capture + from, to - from, to == capture_n, &used),
					 IC_OK);
		else
			assert_int_equal(ic_lanes_finish(l, 17, &more), IC_OK);
		from += used;
		ic_batch_reset(b);
		ic_events_take(ic_lanes_events(l), b, &all, ~0u, &c);
		say_rows(s, b);
		ic_lanes_recycle(l);
	}
	*counts = *ic_lanes_get_counts(l);
	assert_null(ic_lanes_events(l)->first);
	ic_lanes_free(l);
	ic_batch_free(b);
}

/* The same events in the same order, whatever the threads and the pieces. */
static void always_the_same(void **state)
{
	static const unsigned threads[] = { 1, 2, 7 };
	static const size_t pieces[] = { CAPTURE_ROOM, 5000, 333 };
	said first = { 0 };
	ic_lanes_counts counts;
	(void)state;
	read_capture(&first, 1, CAPTURE_ROOM, &counts);
	assert_int_equal(counts.packets, CONNECTIONS * 4 + CONNECTIONS / 3 * 2 + CONNECTIONS * 2);
	assert_int_equal(counts.bad, 0);
	size_t rows = 0;
	for (const char *p = first.p; *p; p++)
		rows += *p == '\n';
	assert_int_equal(rows, CONNECTIONS * 3); /* connection and request; datagrams */
	for (unsigned t = 0; t < 3; t++) {
		for (unsigned i = 0; i < 3; i++) {
			said again = { 0 };
			read_capture(&again, threads[t], pieces[i], &counts);
			assert_string_equal(again.p, first.p);
			free(again.p);
		}
	}
	free(first.p);
}

/* ---- as a source ---- */

/* Rows that are dropped by the batch do not hide those behind them. */
static void rows_behind_dropped_ones(void **state)
{
	enum { MANY = 3 * IC_BATCH_ROWS };
	static uint8_t bytes[24 + (MANY + 1) * 64];
	static uint64_t ports[IC_PORT_WORDS];
	static pk k;
	(void)state;
	size_t n = 24;
	memcpy(bytes, capture, 24);
	for (unsigned i = 0; i <= MANY; i++) {
		pk_start(&k, "?", 1);
		pk_udp(&k, (uint16_t)(i % 60000 + 1), i == MANY ? 80 : 9);
		pk_ip4(&k, 17, 0x0a000001, 0xc6336401);
		pk_ethernet(&k, 0x0800);
		uint8_t head[16] = { 1, [8] = (uint8_t)pk_n(&k), [12] = (uint8_t)pk_n(&k) };
		memcpy(bytes + n, head, 16);
		memcpy(bytes + n + 16, pk_p(&k), pk_n(&k));
		n += 16 + pk_n(&k);
	}
	ports[80 >> 6] = UINT64_C(1) << (80 & 63);
	const ic_input_request req = {
		.streams = ~0u, .filter = { .ports = ports, .since = IC_TIME_NONE, .until = IC_TIME_NONE }
	};
	const ic_reader_config cfg = { .req = &req };
	ic_row_counts c = { 0 };
	ic_batch *b = ic_batch_new(IC_FIELD_BIT(IC_F_DST_PORT));
	ic_reader *r = ic_kind_capture.begin(&cfg, NULL);
	size_t at = 0;
	uint32_t rows = 0;
	do {
		ic_batch_reset(b);
		assert_int_equal(ic_kind_capture.parse(r, (const char *)bytes, n, &at, true, b, &c), IC_OK);
		assert_int_equal(at, n);
		assert_true(b->rows || !c.waits);
		for (uint32_t i = 0; i < b->rows; i++, rows++)
			assert_int_equal(b->col[IC_F_DST_PORT].i[i], 80);
	} while (c.waits);
	assert_int_equal(rows, 1);
	assert_int_equal(c.out_ports, MANY);
	ic_kind_capture.end(r);
	ic_batch_free(b);
}

/* ---- what is asked for ---- */

static uint64_t count_of(const ic_lanes *l, const char *what)
{
	ic_tally t[IC_TALLIES];
	ic_lanes_tally(l, t);
	for (unsigned i = 0; i < IC_TALLIES && t[i].what; i++)
		if (strcmp(t[i].what, what) == 0)
			return t[i].n;
	fail_msg("nothing is called %s", what);
	return 0;
}

/* What connections carry is looked at only where somebody asks: for events of it, or for its name. */
static void contents_unasked(void **state)
{
	static const struct {
		unsigned streams;
		ic_fieldset wanted;
		bool looked;
	} asked[] = {
		{ IC_STREAM_BIT(IC_STREAM_CONN), IC_FIELD_BIT(IC_F_UID), false },
		{ IC_STREAM_BIT(IC_STREAM_CONN), IC_FIELD_BIT(IC_F_SERVICE), true },
		{ IC_STREAM_BIT(IC_STREAM_HTTP), IC_FIELD_BIT(IC_F_UID), true },
		{ IC_STREAM_BIT(IC_STREAM_BURST), 0, true },
	};
	(void)state;
	capture_n = 24;
	put_tcp(0, 0, 100, 0, IC_TCP_SYN, "");
	put_tcp(0, 1, 900, 101, IC_TCP_SYN | IC_TCP_ACK, "");
	put_tcp(0, 0, 101, 901, IC_TCP_ACK, "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");
	for (unsigned i = 0; i < sizeof asked / sizeof *asked; i++) {
		size_t used;
		bool more;
		ic_lanes *l = ic_lanes_new(NULL, 1, NULL);
		assert_non_null(l);
		ic_lanes_want(l, asked[i].wanted, asked[i].streams);
		assert_int_equal(ic_lanes_feed(l, capture, capture_n, true, &used), IC_OK);
		assert_int_equal(ic_lanes_finish(l, 10, &more), IC_OK);
		assert_int_equal(ic_lanes_events(l)->n, asked[i].streams == IC_STREAM_BIT(IC_STREAM_CONN));
		assert_int_equal(count_of(l, "connections with HTTP/2 in clear"), asked[i].looked);
		ic_lanes_free(l);
	}
	(void)make_capture(NULL);
}

/* ---- sinks ---- */

typedef struct heard {
	uint64_t hellos, packets; /* packets: a hash of their numbers in order */
	bool refuse;
} heard;

static bool hear(void *ctx, const ic_hello *h)
{
	heard *to = ctx;
	assert_non_null(h->request);
	to->hellos++;
	to->packets = to->packets * 31 + h->packet;
	return !to->refuse;
}

static void sinks(void **state)
{
	heard to[IC_LANES] = { 0 };
	ic_hello_sink sink[IC_LANES];
	size_t used;
	uint64_t all = 0;
	unsigned lanes = 0;
	(void)state;
	for (unsigned i = 0; i < IC_LANES; i++)
		sink[i] = (ic_hello_sink){ &to[i], hear };
	ic_lanes *l = ic_lanes_new(sink, 3, NULL);
	assert_int_equal(ic_lanes_feed(l, capture, capture_n, true, &used), IC_OK);
	ic_lanes_free(l);
	for (unsigned i = 0; i < IC_LANES; i++) {
		all += to[i].hellos;
		lanes += to[i].hellos > 0;
		to[i].refuse = true;
	}
	assert_int_equal(all, CONNECTIONS);
	assert_int_equal(lanes, IC_LANES); /* all of them have work */
	l = ic_lanes_new(sink, 3, NULL);
	assert_int_equal(ic_lanes_feed(l, capture, capture_n, true, &used), IC_E_NOMEM);
	ic_lanes_free(l);
}

/* The capture from memory; then its end, or an error. */
typedef struct memory {
	const uint8_t *p;
	size_t n, at;
	bool fails;
} memory;

static ssize_t read_memory(void *ctx, void *to, size_t n)
{
	memory *m = ctx;
	n = n < m->n - m->at ? n : m->n - m->at;
	memcpy(to, m->p + m->at, n);
	m->at += n;
	return n || !m->fails ? (ssize_t)n : -EIO;
}

static ic_status listen_to(memory m, size_t block, bool ahead, const ic_hello_sink *to, ic_error *err)
{
	bool known;
	ic_lanes *l = ic_lanes_new(to, 1, NULL);
	ic_feed *f = ic_feed_new(ic_unpack_new(IC_PACK_PLAIN, read_memory, &m), false, false, block);
	ic_status st = ic_listen(l, f, ahead, &known, err);
	assert_int_equal(known, m.n == 0 || m.p == capture);
	ic_feed_free(f);
	ic_lanes_free(l);
	return st;
}

/* By one thread or two, in blocks that packets span or blocks of many: each lane hears the same. */
static void listening(void **state)
{
	static const size_t blocks[] = { 50, 4096, 1 << 20 };
	static const uint8_t other[] = "no capture, but text";
	heard whole[IC_LANES] = { 0 };
	ic_hello_sink sink[IC_LANES];
	(void)state;
	for (unsigned i = 0; i < IC_LANES; i++)
		sink[i] = (ic_hello_sink){ &whole[i], hear };
	assert_int_equal(listen_to((memory){ capture, capture_n, 0, false }, 1 << 20, false, sink, NULL),
			 IC_OK);
	for (unsigned i = 0; i < 6; i++) {
		const bool ahead = i % 2;
		const size_t block = blocks[i / 2];
		heard to[IC_LANES] = { 0 };
		ic_error err = { 0 };
		for (unsigned k = 0; k < IC_LANES; k++)
			sink[k] = (ic_hello_sink){ &to[k], hear };
		assert_int_equal(
		    listen_to((memory){ capture, capture_n, 0, false }, block, ahead, sink, &err), IC_OK);
		assert_memory_equal(to, whole, sizeof to);
		assert_int_equal(listen_to((memory){ capture, capture_n, 0, true }, block, ahead, sink, &err),
				 IC_E_IO); /* after all of it */
		for (unsigned k = 0; k < IC_LANES; k++)
			assert_int_equal(to[k].hellos, 2 * whole[k].hellos);
		assert_int_equal(
		    listen_to((memory){ other, sizeof other, 0, true }, block, ahead, sink, &err), IC_OK);
		assert_int_equal(listen_to((memory){ other, 0, 0, false }, block, ahead, sink, &err), IC_OK);
		to[3].refuse = true;
		assert_int_equal(
		    listen_to((memory){ capture, capture_n, 0, false }, block, ahead, sink, &err),
		    IC_E_NOMEM);
	}
}

static bool count_client(void *ctx, const ic_hello *h)
{
	assert_true(h->tls && h->tls->client);
	++*(unsigned *)ctx;
	return true;
}

/* A side whose records are lost: bytes that might be an old hello are none in the middle, but a record may begin
 * where a packet does. */
static void lost_records(void **state)
{
	static const uint8_t old[] = { 0x80, 0x0f, 1, 3, 1, 0, 6, 0, 0, 0, 0, 0, 0, 4, 1, 0, 0x80 },
			     junk[] = "\x80 and then something that is no TLS, nor a hello of any form",
			     hello[] = { 22, 3, 1, 0, 45, 1, 0, 0, 41, 3, 3, [43] = 0, 0, 2, 0x13, 1, 1, 0 };
	const struct {
		const uint8_t *p;
		size_t n;
		unsigned hellos; /* after it */
	} says[] = {
		{ old, sizeof old, 1 },	    { junk, sizeof junk, 1 }, { old, sizeof old, 1 },
		{ hello, sizeof hello, 2 }, { junk, sizeof junk, 2 }, { junk, sizeof junk, 2 },
	};
	ic_hello_sink sink[IC_LANES];
	unsigned hellos = 0;
	size_t used;
	uint32_t seq = 101;
	(void)state;
	for (unsigned i = 0; i < IC_LANES; i++)
		sink[i] = (ic_hello_sink){ &hellos, count_client };
	ic_lanes *l = ic_lanes_new(sink, 1, NULL);
	capture_n = 24;
	put_tcp(0, 0, 100, 0, IC_TCP_SYN, "");
	put_tcp(0, 1, 900, 101, IC_TCP_SYN | IC_TCP_ACK, "");
	assert_int_equal(ic_lanes_feed(l, capture, capture_n, false, &used), IC_OK);
	for (unsigned i = 0; i < sizeof says / sizeof *says; i++) {
		capture_n = 0;
		put_tcp_bytes(0, 0, seq, 901, IC_TCP_ACK, says[i].p, says[i].n);
		seq += (uint32_t)says[i].n;
		assert_int_equal(ic_lanes_feed(l, capture, capture_n, false, &used), IC_OK);
		assert_int_equal(hellos, says[i].hellos);
	}
	ic_lanes_free(l);
	(void)make_capture(NULL);
}

static void damage(void **state)
{
	size_t used;
	(void)state;
	ic_lanes *l = ic_lanes_new(NULL, 2, NULL);
	assert_int_equal(ic_lanes_feed(l, capture, 1000, true, &used), IC_OK);
	assert_int_equal(used, 1000);
	assert_int_equal(ic_lanes_get_counts(l)->bad, 1);
	assert_string_equal(ic_lanes_get_counts(l)->cause, "the capture ends in the middle of a packet");
	ic_lanes_free(l);
	l = ic_lanes_new(NULL, 2, NULL);
	assert_int_equal(ic_lanes_feed(l, (const uint8_t *)"no capture at all", 17, true, &used), IC_OK);
	assert_int_equal(ic_lanes_get_counts(l)->bad, 1);
	assert_int_equal(ic_lanes_get_counts(l)->packets, 0);
	ic_lanes_free(l);
}

/* Every allocation fails in turn: an error, or the whole. */
static void no_memory(void **state)
{
	(void)state;
	bool whole = false;
	for (unsigned n = 1; !whole; n += 1 + n / 8) {
		size_t used;
		bool more = true;
		(void)ic_alloc_fail_after(n);
		ic_lanes *l = ic_lanes_new(NULL, 1, NULL);
		if (l)
			ic_lanes_want(l, IC_ALL_FIELDS, ~0u);
		ic_status st = l ? ic_lanes_feed(l, capture, capture_n, true, &used) : IC_E_NOMEM;
		while (st == IC_OK && more)
			st = ic_lanes_finish(l, 1000, &more);
		whole = ic_alloc_fail_after(0) < n;
		assert_true(!whole || st == IC_OK);
		ic_lanes_free(l);
	}
}

/* ---- the team ---- */

static void count_one(void *ctx, unsigned i)
{
	((unsigned *)ctx)[i]++; /* each has its own */
}

static void team(void **state)
{
	(void)state;
	for (unsigned n = 0; n < 4; n++) {
		unsigned done[16] = { 0 };
		ic_team *t = ic_team_new(n);
		assert_non_null(t);
		for (unsigned round = 0; round < 200; round++)
			ic_team_run(t, round % 16 + 1, count_one, done);
		ic_team_free(t);
		for (unsigned i = 0; i < 16; i++)
			assert_int_equal(done[i], 200 - 200 / 16 * i - (i < 8 ? i : 8));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(always_the_same),
		cmocka_unit_test(rows_behind_dropped_ones),
		cmocka_unit_test(contents_unasked),
		cmocka_unit_test(sinks),
		cmocka_unit_test(listening),
		cmocka_unit_test(lost_records),
		cmocka_unit_test(damage),
		cmocka_unit_test(no_memory),
		cmocka_unit_test(team),
	};
	return cmocka_run_group_tests(tests, make_capture, NULL);
}
