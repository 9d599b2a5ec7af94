/* SPDX-License-Identifier: Apache-2.0 */
#include "packet_builder.h"

enum { A = 0x0a000001, B = 0xc6336401 };

static ic_decoder *decoder;
static ic_packet got;
static pk k;

static int set_up(void **state)
{
	(void)state;
	decoder = ic_decoder_new(NULL);
	return decoder ? 0 : -1;
}

static int tear_down(void **state)
{
	(void)state;
	ic_decoder_free(decoder);
	return 0;
}

/* From memory of its own size, so that reading past it is seen; cut: bytes that were not captured. */
static ic_decoded decode_at(uint16_t link, size_t cut, int64_t ticks)
{
	static uint8_t *frame;
	size_t n = pk_n(&k) - cut;
	free(frame);
	frame = malloc(n + 1);
	assert_non_null(frame);
	memcpy(frame + 1, pk_p(&k), n); /* odd addresses */
	const ic_frame f = { .ticks = ticks,
			     .number = 7,
			     .p = frame + 1,
			     .captured = (uint32_t)n,
			     .length = (uint32_t)pk_n(&k),
			     .link = link };
	ic_decoded r = ic_decode(decoder, &f, &got);
	if (r != IC_DECODED) {
		free(frame);
		frame = NULL;
	}
	return r;
}

static ic_decoded decode(uint16_t link, size_t cut)
{
	return decode_at(link, cut, 0);
}

static void is_hello(uint16_t link)
{
	assert_int_equal(decode(link, 0), IC_DECODED);
	assert_int_equal(got.proto, 6);
	assert_int_equal(got.sport, 1234);
	assert_int_equal(got.dport, 80);
	assert_int_equal(got.seq, 5);
	assert_int_equal(got.ack, 6);
	assert_int_equal(got.tcp_flags, IC_TCP_PSH | IC_TCP_ACK);
	assert_int_equal(got.length, 5);
	assert_int_equal(got.captured, 5);
	assert_memory_equal(got.payload, "hello", 5);
}

static void start(void)
{
	pk_start(&k, "hello", 5);
	pk_tcp(&k, 1234, 80, 5, 6, IC_TCP_PSH | IC_TCP_ACK);
}

static void start4(void)
{
	start();
	pk_ip4(&k, 6, A, B);
}

static void is_v4(uint16_t link)
{
	const ic_ip a = ic_ip_from_v4(A), b = ic_ip_from_v4(B);
	is_hello(link);
	assert_memory_equal(&got.src, &a, 16);
	assert_memory_equal(&got.dst, &b, 16);
	assert_int_equal(got.ip_bytes, 45);
}

static void links(void **state)
{
	(void)state;
	start4();
	is_v4(101);
	is_v4(12);
	is_v4(228);
	pk_push(&k, "\2\0\0\0", 4);
	is_v4(0);
	start4();
	pk_push(&k, "\0\0\0\2", 4);
	is_v4(108);
	start4();
	pk_ethernet(&k, 0x0800);
	is_v4(1);
	start4();
	pk_type(&k, 0x0800);
	pk_push(&k, "\0\0\0\1\0\6\1\2\3\4\5\6\0\0", 14);
	is_v4(113);
	start4();
	pk_push(&k, "\x08\0\0\0\0\0\0\1\0\1\0\6\1\2\3\4\5\6\0\0", 20);
	is_v4(276);
	start4();
	pk_push(&k, "\xff\x03\0\x21", 4);
	is_v4(9);
	start4();
	pk_push(&k, "\x50\1\2\3\4\5\6\1\2\3\4\5\6\xaa\xaa\x03\0\0\0\x08\0", 21); /* FDDI */
	is_v4(10);
	start4();
	pk_push(&k, "\xaa\xaa\x03\0\0\0\x08\0", 8);
	pk_push(&k, "\x88\1\0\0\1\2\3\4\5\6\1\2\3\4\5\6\1\2\3\4\5\6\0\0\0\0", 26); /* 802.11 with quality */
	is_v4(105);
	pk_push(&k, "\0\0\x0a\0\0\0\0\0\0\0", 10);
	is_v4(127);
	start4();
	pk_push(&k, "\xaa\xaa\x03\0\0\0\x08\0", 8);
	pk_push(&k, "\x08\3\0\0\1\2\3\4\5\6\1\2\3\4\5\6\1\2\3\4\5\6\0\0\1\2\3\4\5\6", 30); /* relayed */
	is_v4(105);
	k.b[k.at + 1] |= 0x40; /* encrypted */
	assert_int_equal(decode(105, 0), IC_DECODED_OTHER);
	for (unsigned big = 0; big < 2; big++) {
		/* 513 bytes and padding, also a length in the other byte order */
		uint8_t head[4 + 516] = { 2, 0, 0, 0, 1, 2, 10, 0 };
		if (big)
			memcpy(head + 4, "\2\1\0\12", 4);
		start4();
		pk_type(&k, big ? 9 : 9 << 8);
		uint8_t length[2];
		pk_put16(length, pk_n(&k) + 2);
		if (!big)
			pk_put16(length, (size_t)(length[1] << 8 | length[0]));
		pk_push(&k, length, 2);
		pk_push(&k, head, sizeof head);
		is_v4(239);
	}
	pk_start(&k, "\2\0\0\0\xff\0\1\0", 8);
	assert_int_equal(decode(239, 0), IC_DECODED_BAD);
	start4();
	assert_int_equal(decode(147, 0), IC_DECODED_OTHER);
	assert_int_equal(ic_decoder_counts(decoder)->unknown_link, 1);
}

static void layers(void **state)
{
	(void)state;
	start4();
	pk_push(&k, "\0\x0a\x08\0", 4);
	pk_ethernet(&k, 0x8100);
	is_v4(1);
	start4();
	pk_push(&k, "\0\x0a\x81\0\0\x0b\x08\0", 8); /* QinQ */
	pk_ethernet(&k, 0x88a8);
	is_v4(1);
	start4();
	pk_push(&k, "\0\1\0\x40\0\2\1\x40", 8); /* two labels */
	pk_ethernet(&k, 0x8847);
	is_v4(1);
	start4();
	pk_ethernet(&k, 0x0800);
	pk_push(&k, "\0\2\1\x40\0\0\0\0", 8); /* a frame behind a control word */
	pk_ethernet(&k, 0x8847);
	is_v4(1);
	start4();
	pk_push(&k, "\x11\0\0\1\0\x2f\0\x21", 8);
	pk_ethernet(&k, 0x8864);
	is_v4(1);
	start4();
	pk_push(&k, "\xaa\xaa\x03\0\0\0\x08\0", 8); /* 802.3 with SNAP */
	pk_ethernet(&k, 53);
	is_v4(1);
	start4();
	pk_ethernet(&k, 0x0800);
	pk_push(&k, "\0\0\0\1", 4); /* a provider's backbone bridge */
	pk_ethernet(&k, 0x88e7);
	is_v4(1);
	start4();
	pk_push(&k, "\0\0\0\1\x81\0\0\x0a\x08\0", 10); /* VN-Tag, then a VLAN */
	pk_ethernet(&k, 0x8926);
	is_v4(1);
	pk_start(&k, "", 0);
	for (unsigned i = 0; i < 4000; i++) /* bounded */
		pk_push(&k, "\xaa\xaa\x03\0\0\0\x81\0\0\1\0\0", 12);
	pk_ethernet(&k, 53);
	assert_int_equal(decode(1, 0), IC_DECODED_BAD);
	start4();
	pk_ethernet(&k, 0x0800);
	k.at -= 9; /* padding behind the packet does not count */
	memmove(k.b + k.at, k.b + k.at + 9, PK_ROOM - 9 - k.at);
	is_v4(1);
}

static void tunnels(void **state)
{
	(void)state;
	start4();
	pk_ip4(&k, 4, B, A);
	is_v4(101);
	start4();
	pk_ip6(&k, 4, 1, 2);
	is_v4(101);
	start4();
	pk_push(&k, "\x30\0\x08\0\0\0\0\1\0\0\0\2", 12); /* GRE with key and number */
	pk_ip4(&k, 47, B, A);
	is_v4(101);
	start4();
	pk_ethernet(&k, 0x0800);
	pk_push(&k, "\x10\0\x88\xbe\0\0\0\1\1\2\3\4\5\6\7\x08", 16); /* ERSPAN II */
	pk_ip4(&k, 47, B, A);
	is_v4(101);
	start4();
	pk_ethernet(&k, 0x0800);
	pk_push(&k, "\x08\0\0\0\0\0\x2a\0", 8);
	pk_udp(&k, 4000, 4789);
	pk_ip4(&k, 17, B, A);
	pk_ethernet(&k, 0x0800);
	is_v4(1);
	start4();
	pk_ethernet(&k, 0x0800);
	pk_push(&k, "\2\0\x65\x58\0\0\1\0\1\2\3\1\0\0\0\0", 16); /* Geneve with an option */
	pk_udp(&k, 4000, 6081);
	pk_ip4(&k, 17, B, A);
	is_v4(101);
	start4();
	pk_push(&k, "\0\0\x08\0\0\0\1\0", 8); /* without a frame */
	pk_udp(&k, 4000, 6081);
	pk_ip4(&k, 17, B, A);
	is_v4(101);
	pk_start(&k, "\x3f\0\x65\x58\0\0\1\0", 8); /* its options are not there: a datagram like others */
	pk_udp(&k, 4000, 6081);
	pk_ip4(&k, 17, B, A);
	assert_int_equal(decode(101, 0), IC_DECODED);
	assert_int_equal(got.dport, 6081);
	start4();
	for (unsigned i = 0; i < 40; i++) /* bounded */
		pk_ip4(&k, 4, B, A);
	assert_int_equal(decode(101, 0), IC_DECODED_BAD);
}

static void ipv6(void **state)
{
	(void)state;
	start();
	pk_ip6(&k, 6, 1, 2);
	is_hello(101);
	assert_int_equal(got.src.b[15], 1);
	assert_int_equal(got.dst.b[15], 2);
	assert_int_equal(got.ip_bytes, 65);
	start();
	pk_push(&k, "\6\0\1\4\0\0\0\0", 8);   /* destination options */
	pk_push(&k, "\x3c\0\0\0\0\0\0\0", 8); /* routing */
	pk_push(&k, "\x2b\0\1\4\0\0\0\0", 8); /* hop by hop */
	pk_ip6(&k, 0, 1, 2);
	is_hello(101);
	start();
	pk_push(&k, "\6\1\0\0\0\0\0\1\0\0\0\1", 12); /* authentication */
	pk_ip6(&k, 51, 1, 2);
	is_hello(101);
	start();
	pk_push(&k, "\6\xff\0\0\0\0\0\0", 8); /* a header longer than the packet */
	pk_ip6(&k, 0, 1, 2);
	assert_int_equal(decode(101, 0), IC_DECODED_BAD);
}

/* A fragment [from, from + n) of an UDP datagram with `size` bytes of payload. */
static ic_decoded part(const pk *whole, size_t from, size_t n, bool more, int64_t ticks)
{
	pk_start(&k, pk_p(whole) + from, n);
	pk_ip4_part(&k, 17, A, B, 99, (uint16_t)((more ? 0x2000 : 0) | from / 8));
	return decode_at(101, 0, ticks);
}

static void fragments(void **state)
{
	static pk whole;
	uint8_t text[100], other[24];
	(void)state;
	for (unsigned i = 0; i < sizeof text; i++)
		text[i] = (uint8_t)i;
	memset(other, 0xee, sizeof other);
	pk_start(&whole, text, sizeof text);
	pk_udp(&whole, 53, 5353);
	/* out of order, one twice */
	assert_int_equal(part(&whole, 64, 44, false, 0), IC_DECODED_FRAGMENT);
	assert_int_equal(part(&whole, 32, 32, true, 0), IC_DECODED_FRAGMENT);
	assert_int_equal(part(&whole, 32, 32, true, 0), IC_DECODED_FRAGMENT);
	assert_int_equal(part(&whole, 0, 32, true, 0), IC_DECODED);
	assert_int_equal(got.sport, 53);
	assert_int_equal(got.length, 100);
	assert_memory_equal(got.payload, text, 100);
	/* where they overlap the first one counts */
	assert_int_equal(part(&whole, 0, 32, true, 0), IC_DECODED_FRAGMENT);
	static pk evil;
	pk_start(&evil, other, sizeof other);
	pk_ip4_part(&evil, 17, A, B, 99, 0x2000 | 1);
	k = evil;
	assert_int_equal(decode(101, 0), IC_DECODED_FRAGMENT);
	assert_int_equal(part(&whole, 32, 76, false, 0), IC_DECODED);
	assert_memory_equal(got.payload, text, 100);
	/* too old, past the end, not of whole units */
	assert_int_equal(part(&whole, 0, 32, true, 0), IC_DECODED_FRAGMENT);
	assert_int_equal(part(&whole, 32, 76, false, 31 * IC_TICKS_S), IC_DECODED_FRAGMENT);
	assert_int_equal(part(&whole, 0, 40, true, 62 * IC_TICKS_S), IC_DECODED_FRAGMENT);
	assert_int_equal(part(&whole, 40, 33, true, 62 * IC_TICKS_S), IC_DECODED_FRAGMENT);
	assert_int_equal(ic_decoder_counts(decoder)->fragments_dropped, 1);
	/* IPv6 */
	pk_start(&k, pk_p(&whole), 64);
	pk_push(&k, "\x11\0\0\1\0\0\0\5", 8);
	pk_ip6(&k, 44, 1, 2);
	assert_int_equal(decode(101, 0), IC_DECODED_FRAGMENT);
	pk_start(&k, pk_p(&whole) + 64, 44);
	pk_push(&k, "\x11\0\0\x40\0\0\0\5", 8);
	pk_ip6(&k, 44, 1, 2);
	assert_int_equal(decode(101, 0), IC_DECODED);
	assert_memory_equal(got.payload, text, 100);
	/* a fragment that is whole */
	pk_start(&k, pk_p(&whole), 108);
	pk_push(&k, "\x11\0\0\0\0\0\0\6", 8);
	pk_ip6(&k, 44, 1, 2);
	assert_int_equal(decode(101, 0), IC_DECODED);
}

static void cut_packets(void **state)
{
	(void)state;
	start4();
	pk_ethernet(&k, 0x0800);
	assert_int_equal(decode(1, 2), IC_DECODED);
	assert_int_equal(got.length, 5);
	assert_int_equal(got.captured, 3);
	assert_int_equal(decode(1, 6), IC_DECODED_SHORT); /* inside of the TCP header */
	pk_start(&k, "hello", 5);
	pk_push(&k, "\1\1\1\1", 4); /* an option */
	pk_tcp(&k, 1234, 80, 5, 6, IC_TCP_ACK);
	k.b[k.at + 12] = 0x60;
	pk_ip4(&k, 6, A, B);
	assert_int_equal(decode(101, 0), IC_DECODED);
	assert_int_equal(got.length, 5);
	assert_int_equal(decode(101, 7), IC_DECODED); /* inside of the options */
	assert_int_equal(got.length, 5);
	assert_int_equal(got.captured, 0);
	for (size_t cut = 0; cut <= pk_n(&k); cut++)
		(void)decode(101, cut);
}

static void checksums(void **state)
{
	(void)state;
	start4();
	assert_int_equal(ic_decoder_counts(decoder)->bad_checksums, 0);
	k.b[k.at + 10] ^= 1;
	is_v4(101);
	assert_int_equal(ic_decoder_counts(decoder)->bad_checksums, 1);
	start4();
	pk_put16(k.b + k.at + 2, 0); /* the length is left to the card */
	assert_int_equal(decode(101, 0), IC_DECODED);
	assert_int_equal(got.length, 5);
}

static void icmp(void **state)
{
	(void)state;
	pk_start(&k, "\x08\0\0\0\0\1\0\1ping", 12);
	pk_ip4(&k, 1, A, B);
	assert_int_equal(decode(101, 0), IC_DECODED);
	assert_int_equal(got.sport, 8);
	assert_int_equal(got.dport, 0);
	assert_int_equal(got.length, 4);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(links),	 TEST(layers),	    TEST(tunnels),   TEST(ipv6),
		TEST(fragments), TEST(cut_packets), TEST(checksums), TEST(icmp),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
