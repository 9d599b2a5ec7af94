/* SPDX-License-Identifier: Apache-2.0 */
#include "packet_builder.h"

/* A file under construction, in either byte order. */
typedef struct file {
	uint8_t b[4096];
	size_t n;
	bool big;
} file;

static void put(file *f, uint64_t v, unsigned bytes)
{
	for (unsigned i = 0; i < bytes; i++)
		f->b[f->n++] = (uint8_t)(v >> 8 * (f->big ? bytes - 1 - i : i));
}

static void put_pcap_header(file *f, uint32_t magic, uint32_t link)
{
	put(f, magic, 4);
	put(f, 2, 2);
	put(f, 4, 2);
	put(f, 0, 8);
	put(f, 65535, 4);
	put(f, link, 4);
}

static void put_record(file *f, uint32_t seconds, uint32_t part, uint32_t captured, uint32_t length)
{
	put(f, seconds, 4);
	put(f, part, 4);
	put(f, captured, 4);
	put(f, length, 4);
	for (uint32_t i = 0; i < captured; i++)
		put(f, i, 1);
}

static void put_section(file *f)
{
	put(f, 0x0a0d0d0a, 4);
	put(f, 28, 4);
	put(f, 0x1a2b3c4d, 4);
	put(f, 1, 2);
	put(f, 0, 2);
	put(f, UINT64_MAX, 8);
	put(f, 28, 4);
}

/* resolution < 0: none given */
static void put_interface(file *f, uint16_t link, int resolution, int64_t offset)
{
	const uint32_t length = 24u + (resolution < 0 ? 0 : 8u) + (offset ? 12u : 0);
	put(f, 1, 4);
	put(f, length, 4);
	put(f, link, 2);
	put(f, 0, 2);
	put(f, 0, 4);
	if (resolution >= 0) {
		put(f, 9, 2);
		put(f, 1, 2);
		put(f, (uint64_t)resolution, 1);
		f->n += 3;
	}
	if (offset) {
		put(f, 14, 2);
		put(f, 8, 2);
		put(f, (uint64_t)offset, 8);
	}
	put(f, 0, 4);
	put(f, length, 4);
}

static void put_enhanced(file *f, uint32_t which, uint64_t units, uint32_t captured, uint32_t length)
{
	const uint32_t padded = (captured + 3) / 4 * 4, block = 32 + padded;
	put(f, 6, 4);
	put(f, block, 4);
	put(f, which, 4);
	put(f, units >> 32, 4);
	put(f, units & UINT32_MAX, 4);
	put(f, captured, 4);
	put(f, length, 4);
	for (uint32_t i = 0; i < padded; i++)
		put(f, i < captured ? i : 0, 1);
	put(f, block, 4);
}

/* The frames of a file; returns the last outcome that is not OK or SKIP (MORE at its end). */
static ic_take read_all(const file *f, ic_frame *frames, unsigned *n)
{
	ic_capture *c = ic_capture_new();
	const char *cause = NULL;
	size_t used;
	ic_take t = IC_TAKE_SKIP;
	*n = 0;
	for (size_t at = 0; t == IC_TAKE_OK || t == IC_TAKE_SKIP; at += used) {
		if (at == f->n) {
			t = IC_TAKE_MORE;
			break;
		}
		t = ic_capture_next(c, f->b + at, f->n - at, &used, &frames[*n], &cause);
		*n += t == IC_TAKE_OK;
		assert_true(t == IC_TAKE_MORE ? used == 0 : used <= f->n - at);
	}
	ic_capture_free(c);
	return t;
}

static void pcap(void **state)
{
	static const struct {
		uint32_t magic, part;
		bool big;
		int64_t ticks;
	} cases[] = {
		{ 0xa1b2c3d4, 250000, false, 17000000002500000 },
		{ 0xa1b2c3d4, 999999, true, 17000000009999990 },
		{ 0xa1b23c4d, 250000300, false, 17000000002500003 },
		{ 0xa1b23c4d, 100, true, 17000000000000001 },
	};
	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		file f = { .big = cases[i].big };
		ic_frame got[8];
		unsigned n;
		put_pcap_header(&f, cases[i].magic, 0x1c000071); /* upper bits: frame check sequence */
		put_record(&f, 1700000000, cases[i].part, 5, 90);
		put_record(&f, 1700000001, 0, 3, 1); /* longer than it was */
		assert_true(ic_capture_sniff(f.b, f.n));
		assert_int_equal(read_all(&f, got, &n), IC_TAKE_MORE);
		assert_int_equal(n, 2);
		assert_int_equal(got[0].ticks, cases[i].ticks);
		assert_int_equal(got[0].link, 113);
		assert_int_equal(got[0].captured, 5);
		assert_int_equal(got[0].length, 90);
		assert_int_equal(got[0].p[4], 4);
		assert_int_equal(got[0].number, 1);
		assert_int_equal(got[1].number, 2);
		assert_int_equal(got[1].length, 3);
		const size_t whole = f.n;
		while (f.n--) { /* cut anywhere: what is whole is given, the rest is waited for */
			assert_int_equal(read_all(&f, got, &n), IC_TAKE_MORE);
			assert_int_equal(n, f.n >= whole - 19 ? 1 : 0);
		}
	}
}

static void pcap_faults(void **state)
{
	file f = { 0 };
	ic_frame got[8];
	unsigned n;
	(void)state;
	put_pcap_header(&f, 0xa1b2c3d4, 1);
	size_t head = f.n;
	put_record(&f, 1, 1000000, 1, 1); /* a million microseconds */
	assert_int_equal(read_all(&f, got, &n), IC_TAKE_BAD);
	f.n = head;
	put_record(&f, 1, 0, 0, 0);
	pk_put32(f.b + head + 8, 0xffffffff);
	assert_int_equal(read_all(&f, got, &n), IC_TAKE_BAD);
	assert_false(ic_capture_sniff((const uint8_t *)"PK\3\4", 4));
	assert_false(ic_capture_sniff(f.b, 3));
}

static void pcapng(void **state)
{
	(void)state;
	for (int big = 0; big < 2; big++) {
		file f = { .big = big };
		ic_frame got[8];
		unsigned n;
		put_section(&f);
		put_interface(&f, 1, -1, 0);
		put_interface(&f, 101, 9, 0);
		put_interface(&f, 113, 0x80 | 10, 0); /* 1024 a second */
		put_interface(&f, 276, 0, -100);      /* whole seconds */
		put(&f, 5, 4);			      /* statistics: passed */
		put(&f, 16, 4);
		put(&f, 0, 4);
		put(&f, 16, 4);
		put_enhanced(&f, 0, 1700000000250000, 5, 70);
		put_enhanced(&f, 1, 1700000000000000700, 1, 1);
		put_enhanced(&f, 2, 1024 * UINT64_C(1700000000) + 512, 2, 2);
		put_enhanced(&f, 3, 1700000100, 4, 4);
		put_section(&f); /* forgets the interfaces */
		put_interface(&f, 0, 3, 0);
		put_enhanced(&f, 0, 1700000000001, 0, 9);
		assert_int_equal(read_all(&f, got, &n), IC_TAKE_MORE);
		assert_int_equal(n, 5);
		static const int64_t ticks[] = { 17000000002500000, 17000000000000007, 17000000005000000,
						 17000000000000000, 17000000000010000 };
		static const uint16_t link[] = { 1, 101, 113, 276, 0 };
		for (unsigned i = 0; i < n; i++) {
			assert_int_equal(got[i].ticks, ticks[i]);
			assert_int_equal(got[i].link, link[i]);
			assert_int_equal(got[i].number, i + 1);
		}
		assert_int_equal(got[0].length, 70);
		assert_int_equal(got[0].captured, 5);
		while (f.n--)
			(void)read_all(&f, got, &n);
	}
}

static void pcapng_faults(void **state)
{
	ic_frame got[8];
	unsigned n;
	(void)state;
	file f = { 0 };
	put_section(&f);
	size_t head = f.n;
	put_enhanced(&f, 0, 0, 4, 4); /* no interface */
	assert_int_equal(read_all(&f, got, &n), IC_TAKE_BAD);
	f.n = head;
	put_interface(&f, 1, -1, 0);
	head = f.n;
	put_enhanced(&f, 0, 0, 4, 4);
	f.b[head + 20] = 99; /* longer than its block */
	assert_int_equal(read_all(&f, got, &n), IC_TAKE_BAD);
	f.n = head;
	put_enhanced(&f, 0, 0, 4, 4);
	f.b[f.n - 4] ^= 4; /* lengths differ */
	assert_int_equal(read_all(&f, got, &n), IC_TAKE_BAD);
	f.n = head;
	put_enhanced(&f, 0, UINT64_MAX, 4, 4); /* in the year 586,000 */
	assert_int_equal(read_all(&f, got, &n), IC_TAKE_BAD);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(pcap),
		cmocka_unit_test(pcap_faults),
		cmocka_unit_test(pcapng),
		cmocka_unit_test(pcapng_faults),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
