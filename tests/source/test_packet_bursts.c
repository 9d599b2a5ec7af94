/* SPDX-License-Identifier: Apache-2.0 */
#include "../test.h"

#include <string.h>

#include "base/time.h"
#include "source/packet/bursts.h"
#include "source/packet/ping.h"

enum { ORIG, RESP };

static ic_bursts b;
static ic_burst done[IC_BURSTS_DONE];
static unsigned n;

static int64_t ms(int64_t v)
{
	return v * (IC_TICKS_S / 1000);
}

static unsigned say(int side, int64_t at_ms, uint32_t bytes)
{
	assert_int_equal(
	    ic_bursts_say(&b, &(ic_word){ side, ms(at_ms), bytes, bytes + 40, 1 }, NULL, done, &n), IC_OK);
	return n;
}

static unsigned end(void)
{
	ic_bursts_end(&b, NULL, done, &n);
	assert_null(b.first);
	b = (ic_bursts){ .told = 0 };
	return n;
}

static void split_at_silence(void **state)
{
	(void)state;
	assert_int_equal(say(ORIG, 0, 100), 0);
	assert_int_equal(say(RESP, 499, 50), 0);
	assert_int_equal(say(ORIG, 999, 7), 0); /* half a second is no silence yet */
	assert_int_equal(say(ORIG, 5000, 20), 0);
	assert_int_equal(say(RESP, 5100, 30), 0);
	assert_int_equal(say(ORIG, 10000, 1), 2); /* the second is complete, and tells the first */
	assert_int_equal(done[0].start, ms(0));
	assert_int_equal(done[0].last, ms(999));
	assert_int_equal(done[0].bytes[ORIG], 107);
	assert_int_equal(done[0].bytes[RESP], 50);
	assert_int_equal(done[0].packets[ORIG], 2);
	assert_int_equal(done[0].ip_bytes[ORIG], 187);
	assert_int_equal(done[1].start, ms(5000));
	assert_int_equal(done[1].bytes[RESP], 30);
	assert_int_equal(say(ORIG, 15000, 2), 1);
	assert_int_equal(done[0].start, ms(10000));
	assert_int_equal(end(), 1);
	assert_int_equal(done[0].start, ms(15000));
}

static void one_is_none(void **state)
{
	(void)state;
	say(ORIG, 0, 1);
	say(RESP, 100, 1);
	assert_int_equal(end(), 0);
	/* nor is one and what the other side says later */
	say(ORIG, 0, 1);
	assert_int_equal(say(RESP, 3000, 1), 0);
	assert_int_equal(say(RESP, 6000, 1), 0);
	assert_int_equal(end(), 0);
	assert_int_equal(end(), 0);
}

static void begins_with_the_initiator(void **state)
{
	(void)state;
	say(ORIG, 0, 1);
	assert_int_equal(say(RESP, 2000, 9), 0); /* asked from afar: the check-in is the answer to it */
	assert_int_equal(say(ORIG, 2300, 4), 0);
	assert_int_equal(end(), 2);
	assert_int_equal(done[1].start, ms(2300));
	assert_int_equal(done[1].bytes[RESP], 9);
}

static void known_ones_are_left_out(void **state)
{
	(void)state;
	say(ORIG, 0, 1);
	ic_bursts_known(&b);
	say(ORIG, 1000, 2);
	say(ORIG, 2000, 3);
	ic_bursts_known(&b);
	assert_int_equal(say(ORIG, 3000, 4), 0);
	assert_int_equal(end(), 2);
	assert_int_equal(done[0].start, ms(1000));
	assert_int_equal(done[1].start, ms(3000));
}

static void times_that_go_back(void **state)
{
	(void)state;
	say(ORIG, 5000, 1);
	assert_int_equal(say(ORIG, 100, 1), 0);
	assert_int_equal(say(ORIG, 5400, 1), 0);
	assert_int_equal(say(ORIG, INT64_MAX / IC_TICKS_S * 1000 / 2, 1), 0);
	assert_int_equal(end(), 2);
	assert_int_equal(done[0].bytes[ORIG], 3);
}

static void counts_saturate(void **state)
{
	(void)state;
	say(ORIG, 0, UINT32_MAX - 40);
	say(ORIG, 1, UINT32_MAX - 40);
	say(ORIG, 1000, 1);
	assert_int_equal(end(), 2);
	assert_int_equal(done[0].bytes[ORIG], UINT32_MAX);
	assert_int_equal(done[0].ip_bytes[ORIG], UINT32_MAX);
}

static void without_memory_only_the_first_is_lost(void **state)
{
	(void)state;
	ic_budget none = { .limit = 1 };
	const int64_t at[] = { 0, 1000, 2000 };
	unsigned told = 0, lost = 0;
	for (size_t i = 0; i < 3; i++) {
		lost +=
		    ic_bursts_say(&b, &(ic_word){ ORIG, ms(at[i]), 1, 41, 1 }, &none, done, &n) == IC_E_LIMIT;
		told += n;
	}
	ic_bursts_end(&b, &none, done, &n);
	assert_int_equal(lost, 1);
	assert_int_equal(told + n, 2);
	b = (ic_bursts){ .told = 0 };
}

static void pings(void **state)
{
	(void)state;
	static const struct {
		const char *bytes;
		size_t n, length;
		bool h2, ping;
	} cases[] = {
		{ "\0\0\x08\x06\0\0\0\0\0", 9, 17, false, true },
		{ "\0\0\x08\x06\x01\0\0\0\0", 9, 17, false, true }, /* its answer */
		{ "\0\0\x08\x06\0\0\0\0\0", 9, 18, false, false },
		{ "\0\0\x08\x01\0\0\0\0\0", 9, 17, false, false },
		{ "\x17\3\3\0\x22", 5, 39, true, true },   /* TLS 1.3 */
		{ "\x17\3\3\0\x29", 5, 46, true, true },   /* TLS 1.2, AES */
		{ "\x17\3\3\0\x22", 5, 39, false, false }, /* another protocol's data */
		{ "\x17\3\3\0\x23", 5, 40, true, false },
		{ "\x17\3\3\0\x22", 5, 78, true, false }, /* something follows it */
		{ "\x15\3\3\0\x13", 5, 24, false, true },
		{ "\x18\3\3\0\x13", 5, 24, false, true },
		{ "\x15\3\3\0", 4, 24, false, false }, /* cut */
		{ "GET / HTTP/1.1", 14, 14, true, false },
	};
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
		assert_int_equal(
		    ic_is_ping((const uint8_t *)cases[i].bytes, cases[i].n, cases[i].length, cases[i].h2),
		    cases[i].ping);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(split_at_silence),
		cmocka_unit_test(one_is_none),
		cmocka_unit_test(begins_with_the_initiator),
		cmocka_unit_test(known_ones_are_left_out),
		cmocka_unit_test(times_that_go_back),
		cmocka_unit_test(counts_saturate),
		cmocka_unit_test(without_memory_only_the_first_is_lost),
		cmocka_unit_test(pings),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
