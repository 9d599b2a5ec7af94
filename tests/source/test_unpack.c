/* SPDX-License-Identifier: Apache-2.0 */
#include "support.h"

#include "base/cpu.h"
#include "source/messages.h"

typedef struct memory {
	const char *p;
	size_t n, at, step; /* step: most bytes a read gives */
} memory;

static ssize_t read_memory(void *ctx, void *to, size_t n)
{
	memory *m = ctx;
	size_t left = m->n - m->at;
	n = n < left ? n : left;
	n = n < m->step ? n : m->step;
	memcpy(to, m->p + m->at, n);
	m->at += n;
	return (ssize_t)n;
}

/* The text of packed bytes read `room` at a time; "" and the message when nothing is left of it. */
static size_t unpack(ic_pack pack, const char *bytes, size_t n, size_t step, size_t room, char *out,
		     ic_error *err)
{
	memory m = { bytes, n, 0, step };
	ic_unpack *u = ic_unpack_new(pack, read_memory, &m);
	size_t total = 0, made;
	ic_status st;
	assert_non_null(u);
	*err = (ic_error){ 0 };
	do {
		st = ic_unpack_read(u, out + total, room, &made, err);
		total += made;
	} while (st == IC_OK && made == room);
	/* what has ended stays so */
	size_t again;
	assert_int_equal(ic_unpack_read(u, out + total, room, &again, NULL), st);
	assert_int_equal(again, 0);
	ic_unpack_free(u);
	return total;
}

#define TEXT_BYTES (130u << 10)
static char text[TEXT_BYTES], out[TEXT_BYTES + 4096], packed[TEXT_BYTES * 2];
static const size_t steps[] = { 7, 4096, 1u << 20 };

static void make_text(void)
{
	uint64_t x = 1;
	for (size_t i = 0; i < TEXT_BYTES; i++) {
		x = x * 6364136223846793005u + 1442695040888963407u;
		text[i] = i % 80 == 79 ? '\n' : (char)('a' + (x >> 60));
	}
}

/* Members of many sizes, also empty ones. */
static size_t pack_parts(ic_pack pack)
{
	static const size_t parts[] = { 1000, 0, 1, 70000, 5, 33000, 0 };
	size_t n = 0, at = 0;
	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]) + 1; i++) {
		size_t part = i < sizeof(parts) / sizeof(parts[0]) ? parts[i] : TEXT_BYTES - at;
		n = pack == IC_PACK_GZIP ? gzip_member(packed, n, sizeof(packed), text + at, part)
					 : zstd_frame(packed, n, sizeof(packed), text + at, part);
		at += part;
	}
	return n;
}

static void test_many_members(void **state)
{
	(void)state;
	static const ic_pack packs[] = { IC_PACK_GZIP, IC_PACK_GZIP, IC_PACK_ZSTD };
	for (size_t k = 0; k < 3; k++) {
		size_t n = pack_parts(packs[k]);
		ic_unpack_use_zlib(k == 1);
		assert_int_equal(ic_pack_of(packed, n), packs[k]);
		for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
			for (size_t room = 1000; room <= TEXT_BYTES + 1; room *= 17) {
				ic_error err;
				size_t got = unpack(packs[k], packed, n, steps[i], room, out, &err);
				assert_string_equal(err.message, "");
				assert_int_equal(got, TEXT_BYTES);
				assert_memory_equal(out, text, TEXT_BYTES);
			}
		}
	}
	ic_unpack_use_zlib(false);
}

/* Small members one after the other, at every way to split the input. */
static void test_small_members(void **state)
{
	(void)state;
	for (int zlib = 0; zlib < 2; zlib++) {
		ic_unpack_use_zlib(zlib);
		size_t n = 0;
		for (size_t i = 0; i < 200; i++)
			n = gzip_member(packed, n, sizeof(packed), text + i * 10, 10);
		for (size_t step = 1; step < 60; step++) {
			ic_error err;
			assert_int_equal(unpack(IC_PACK_GZIP, packed, n, step, 64, out, &err), 2000);
			assert_string_equal(err.message, "");
			assert_memory_equal(out, text, 2000);
		}
	}
	ic_unpack_use_zlib(false);
}

static void check_damage(ic_pack pack, size_t n, const char *message, bool prefix)
{
	ic_error err;
	for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
		size_t got = unpack(pack, packed, n, steps[i], 5000, out, &err);
		assert_string_equal(err.message, message);
		assert_int_equal(err.code, IC_E_FORMAT);
		if (prefix)
			assert_memory_equal(out, text, got);
	}
}

static void test_gzip_damage(void **state)
{
	(void)state;
	for (int zlib = 0; zlib < 2; zlib++) {
		ic_unpack_use_zlib(zlib);
		size_t first = gzip_member(packed, 0, sizeof(packed), text, 60000);
		size_t n = gzip_member(packed, first, sizeof(packed), text + 60000, 60000);
		static const size_t cuts[] = { 1, 4, 8, 9, 100, 5000 };
		for (size_t i = 0; i < sizeof(cuts) / sizeof(cuts[0]); i++)
			check_damage(IC_PACK_GZIP, n - cuts[i], IC_MSG_GZIP_CUT, true);
		check_damage(IC_PACK_GZIP, first + 5, IC_MSG_GZIP_CUT, true);
		check_damage(IC_PACK_GZIP, 3, IC_MSG_GZIP_CUT, true);
		/* the first member stays */
		ic_error err;
		packed[first + 2000] ^= 0x55;
		packed[first + 2001] ^= 0x55;
		assert_true(unpack(IC_PACK_GZIP, packed, n, 4096, 5000, out, &err) >= 60000);
		assert_string_equal(err.message, IC_MSG_GZIP_BAD);
		assert_memory_equal(out, text, 60000);
		packed[first + 2000] ^= 0x55;
		packed[first + 2001] ^= 0x55;
		/* a wrong checksum is found too */
		packed[n - 8] ^= 1;
		check_damage(IC_PACK_GZIP, n, IC_MSG_GZIP_BAD, true);
		packed[n - 8] ^= 1;
		memcpy(packed + n, "garbage", 7);
		check_damage(IC_PACK_GZIP, n + 7, IC_MSG_GZIP_TAIL, true);
		check_damage(IC_PACK_GZIP, n + 1, IC_MSG_GZIP_TAIL, true);
	}
	ic_unpack_use_zlib(false);
}

static void test_zstd_damage(void **state)
{
	(void)state;
	size_t first = zstd_frame(packed, 0, sizeof(packed), text, 60000);
	size_t n = zstd_frame(packed, first, sizeof(packed), text + 60000, 60000);
	check_damage(IC_PACK_ZSTD, n - 1, IC_MSG_ZSTD_CUT, true);
	check_damage(IC_PACK_ZSTD, first + 3, IC_MSG_ZSTD_TAIL, true); /* not even a magic */
	check_damage(IC_PACK_ZSTD, first + 5, IC_MSG_ZSTD_CUT, true);
	memcpy(packed + n, "garbage", 7);
	check_damage(IC_PACK_ZSTD, n + 7, IC_MSG_ZSTD_TAIL, true);
	memset(packed + first + 20, 0xff, 3000);
	check_damage(IC_PACK_ZSTD, n, IC_MSG_ZSTD_BAD, false);
	/* a frame that wants 1 GiB of window gets no memory for it */
	static const char huge[] = "\x28\xb5\x2f\xfd\x00\xa0\x01\x00\x00";
	memcpy(packed, huge, sizeof(huge) - 1);
	check_damage(IC_PACK_ZSTD, sizeof(huge) - 1, IC_MSG_ZSTD_WINDOW, false);
}

static void test_skippable(void **state)
{
	(void)state;
	static const char frame[] = "\x50\x2a\x4d\x18\x04\x00\x00\x00skip";
	ic_error err;
	memcpy(packed, frame, 12);
	size_t n = zstd_frame(packed, 12, sizeof(packed), text, 500);
	memcpy(packed + n, frame, 12);
	assert_int_equal(ic_pack_of(packed, n), IC_PACK_ZSTD);
	assert_int_equal(unpack(IC_PACK_ZSTD, packed, n + 12, 5, 100, out, &err), 500);
	assert_string_equal(err.message, "");
}

/* ---- what stands behind damage ---- */

/* The text of packed bytes with all that can be read behind damage; the sentence about each gap on a line. */
static size_t unpack_over(ic_pack pack, size_t n, size_t step, ic_buf *gaps, ic_error *err)
{
	memory m = { packed, n, 0, step };
	ic_unpack *u = ic_unpack_new(pack, read_memory, &m);
	size_t total = 0, made;
	ic_status st;
	assert_non_null(u);
	assert_true(ic_unpack_lines(u));
	ic_buf_init(gaps, 0);
	do {
		*err = (ic_error){ 0 };
		st = ic_unpack_read(u, out + total, sizeof out - total, &made, err);
		total += made;
		ic_error gap;
		if (st != IC_E_FORMAT || !ic_unpack_resume(u, &gap))
			break;
		assert_int_equal(gap.code, IC_E_FORMAT);
		ic_buf_printf(gaps, "%s\n", gap.message);
	} while (total < sizeof out);
	assert_false(ic_unpack_resume(u, NULL)); /* the end is the end */
	ic_unpack_free(u);
	ic_buf_putc(gaps, '\0');
	return total;
}

enum { LINE = 80, PART = 500 * LINE }; /* a member's text */

/* Three members; where[i] is where member i starts, where[3] the end. */
static void pack_three(ic_pack pack, size_t part, size_t where[4])
{
	where[0] = 0;
	for (size_t i = 0; i < 3; i++)
		where[i + 1] = pack == IC_PACK_GZIP
				   ? gzip_member(packed, where[i], sizeof(packed), text + i * part, part)
				   : zstd_frame(packed, where[i], sizeof(packed), text + i * part, part);
}

/* However the bytes come: the text before the damage, then that of the last member from `last` of the text on, and
 * one gap, of this kind and with these ends. Returns how much of the text came before the gap. */
static size_t check_gap(ic_pack pack, size_t n, const char *what, size_t from, size_t to, size_t last)
{
	char want[200];
	size_t before = 0;
	snprintf(want, sizeof want, IC_MSG_GAP "\n", what, (uint64_t)from, (uint64_t)to);
	for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
		ic_buf gaps;
		ic_error err;
		const size_t total = unpack_over(pack, n, steps[i], &gaps, &err), end = 3 * PART - last;
		assert_string_equal(gaps.p, want);
		assert_string_equal(err.message, "");
		assert_true(total >= end);
		before = total - end;
		assert_memory_equal(out + before, text + last, end);
		ic_buf_clear(&gaps);
	}
	return before;
}

static void check_resume(ic_pack pack, const char *bad, const char *cut, const char *tail)
{
	size_t at[4];
	/* inside the second */
	pack_three(pack, PART, at);
	memset(packed + at[1] + (pack == IC_PACK_GZIP ? 300 : 10), 0xff, 2000);
	assert_true(check_gap(pack, at[3], bad, at[1], at[2], 2 * PART) >= PART);
	assert_memory_equal(out, text, PART);
	/* at the very start */
	pack_three(pack, PART, at);
	memset(packed + 10, 0xff, 2000);
	(void)check_gap(pack, at[3], bad, 0, at[1], PART);
	/* the second lacks its end: that is seen only inside the third, if not at its start */
	pack_three(pack, PART, at);
	memmove(packed + at[2] - 4, packed + at[2], at[3] - at[2]);
	assert_true(check_gap(pack, at[3] - 4, cut, at[1], at[2] - 4, 2 * PART) >= PART);
	assert_memory_equal(out, text, PART);
	/* other bytes between them; they are no member though they begin like one */
	pack_three(pack, PART, at);
	memmove(packed + at[2] + 100, packed + at[2], at[3] - at[2]);
	memset(packed + at[2], 0, 100);
	memcpy(packed + at[2] + 50, "\x1f\x8b\x08\x1f\x8b\x28\xb5\x2f\xfd\x08\x28\xb5", 12);
	assert_int_equal(check_gap(pack, at[3] + 100, tail, at[2], at[2] + 100, 2 * PART), 2 * PART);
	assert_memory_equal(out, text, 2 * PART);
	/* the last of them lacks its end: nothing stands behind it */
	pack_three(pack, PART, at);
	ic_buf gaps;
	ic_error err;
	assert_true(unpack_over(pack, at[3] - 4, 4096, &gaps, &err) >= 2 * PART);
	assert_string_equal(gaps.p, "");
	assert_string_equal(err.message, cut);
	ic_buf_clear(&gaps);
}

static void test_resume(void **state)
{
	(void)state;
	for (int zlib = 0; zlib < 2; zlib++) {
		size_t at[4];
		ic_unpack_use_zlib(zlib);
		check_resume(IC_PACK_GZIP, IC_MSG_GZIP_BAD, IC_MSG_GZIP_CUT, IC_MSG_GZIP_TAIL);
		/* a wrong checksum: all text is there */
		pack_three(IC_PACK_GZIP, PART, at);
		packed[at[2] - 8] ^= 1;
		assert_int_equal(check_gap(IC_PACK_GZIP, at[3], IC_MSG_GZIP_BAD, at[1], at[2], 2 * PART),
				 2 * PART);
		/* members that end within a line: the rest of the line in which the last one starts is dropped */
		pack_three(IC_PACK_GZIP, PART - 7, at);
		packed[at[2] - 8] ^= 1;
		ic_buf gaps;
		ic_error err;
		assert_int_equal(unpack_over(IC_PACK_GZIP, at[3], 4096, &gaps, &err), 3 * (PART - 7) - 14);
		assert_memory_equal(out + 2 * (PART - 7), text + 2 * PART, PART - 21);
		ic_buf_clear(&gaps);
		/* and if it has an extra field, as members that are cut anywhere have */
		pack_three(IC_PACK_GZIP, PART, at);
		packed[at[1] - 8] ^= 1;
		memmove(packed + at[1] + 12, packed + at[1] + 10, at[2] - at[1] - 10);
		packed[at[1] + 3] |= 4;
		memset(packed + at[1] + 10, 0, 2);
		assert_int_equal(unpack_over(IC_PACK_GZIP, at[2] + 2, 4096, &gaps, &err), 2 * PART - LINE);
		assert_memory_equal(out + PART, text + PART + LINE, PART - LINE);
		ic_buf_clear(&gaps);
	}
	ic_unpack_use_zlib(false);
	check_resume(IC_PACK_ZSTD, IC_MSG_ZSTD_BAD, IC_MSG_ZSTD_CUT, IC_MSG_ZSTD_TAIL);
}

/* Bytes that begin a member again and again are not followed for ever. */
static void test_many_gaps(void **state)
{
	static const char bad[] = "\x1f\x8b\x08\0\0\0\0\0\0\3\xff";
	const size_t each = sizeof bad - 1;
	size_t n = 0, lines = 0;
	ic_buf gaps;
	ic_error err;
	(void)state;
	for (; n < 2000 * each; n += each)
		memcpy(packed + n, bad, each);
	n = gzip_member(packed, n, sizeof packed, text, LINE);
	assert_int_equal(unpack_over(IC_PACK_GZIP, n, 4096, &gaps, &err), 0);
	assert_string_equal(err.message, IC_MSG_GZIP_BAD);
	for (const char *p = gaps.p; (p = strchr(p, '\n')); p++)
		lines++;
	assert_int_equal(lines, 1000);
	ic_buf_clear(&gaps);
}

/* However few bytes come at once: what is left of a member and then the next one, both once. */
static void check_swallowed(ic_pack pack, const char *cut, size_t start, size_t n, const char *first,
			    size_t here, size_t next)
{
	char want[200];
	snprintf(want, sizeof want, IC_MSG_GAP "\n", cut, (uint64_t)0, (uint64_t)start);
	for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
		ic_buf gaps;
		ic_error err;
		assert_int_equal(unpack_over(pack, n, steps[i], &gaps, &err), here + next);
		assert_memory_equal(out, first, here);
		assert_memory_equal(out + here, text, next);
		assert_string_equal(gaps.p, want);
		assert_string_equal(err.message, "");
		ic_buf_clear(&gaps);
	}
}

/* A member that lacks its end takes much of the next one for its own text before the damage is seen, or all of it. */
static void test_swallowed(void **state)
{
	enum { HERE = 4000 };
	static const char block[] = "\x1f\x8b\x08\0\0\0\0\0\0\3\0\xff\xff\0"; /* of 65535 bytes as they are */
	static const char raw[] = "\x28\xb5\x2f\xfd\0\x58\0\x35\x0c";	      /* of 100000 */
	static const size_t nexts[] = { TEXT_BYTES, 100 * LINE };
	(void)state;
	for (size_t k = 0; k < 4; k++) {
		const size_t next = nexts[k % 2], start = sizeof block + HERE;
		ic_unpack_use_zlib(k / 2);
		memcpy(packed, block, sizeof block);
		memcpy(packed + sizeof block, text, HERE);
		const size_t n = gzip_member(packed, start, sizeof packed, text, next);
		check_swallowed(IC_PACK_GZIP, IC_MSG_GZIP_CUT, start, n, text, HERE, next);
	}
	ic_unpack_use_zlib(false);
	for (int level = IC_SIMD_SCALAR; level <= IC_SIMD_AVX512; level++) {
		const size_t next = nexts[level % 2], start = sizeof raw - 1 + HERE;
		ic_cpu_simd_limit((ic_simd)level);
		memcpy(packed, raw, sizeof raw - 1);
		memcpy(packed + sizeof raw - 1, text, HERE);
		const size_t n = zstd_frame(packed, start, sizeof packed, text, next);
		check_swallowed(IC_PACK_ZSTD, IC_MSG_ZSTD_CUT, start, n, text, HERE, next);
	}
}

/* A frame that has neither a checksum nor the size of its text. */
static size_t bare_frame(size_t at, const char *of, size_t n)
{
	ZSTD_CCtx *c = ZSTD_createCCtx();
	assert_non_null(c);
	assert_false(ZSTD_isError(ZSTD_CCtx_setParameter(c, ZSTD_c_contentSizeFlag, 0)));
	assert_false(ZSTD_isError(ZSTD_CCtx_setParameter(c, ZSTD_c_compressionLevel, 6)));
	const size_t made = ZSTD_compress2(c, packed + at, sizeof(packed) - at, of, n);
	assert_false(ZSTD_isError(made));
	ZSTD_freeCCtx(c);
	return at + made;
}

/* Such a frame, cut in its last block, may end well with bytes of the next one: what follows them is no frame. */
static void test_swallowed_unseen(void **state)
{
	enum { ROW = 32, NEXT = 50 * LINE, MOST = 40 };
	static char first[TEXT_BYTES + ROW];
	size_t n = 0;
	(void)state;
	for (int i = 0; n < TEXT_BYTES; i++)
		n += (size_t)snprintf(first + n, ROW, "%d\t10.0.0.%d\tconn\n", i * i, i % 250);
	for (size_t cut = 1; cut <= MOST; cut++) {
		const size_t start = bare_frame(0, first, n) - cut;
		const size_t end = bare_frame(start, text, NEXT);
		check_swallowed(IC_PACK_ZSTD, IC_MSG_ZSTD_CUT, start, end, first, ZSTD_BLOCKSIZE_MAX, NEXT);
	}
}

/* A member within the text of another one is that one's text. */
static void test_within(void **state)
{
	static const char block[] = "\x1f\x8b\x08\0\0\0\0\0\0\3";
	(void)state;
	const size_t inner = gzip_member(packed, 15, sizeof packed, text, 200 * LINE) - 15;
	memcpy(packed, block, 10);
	memcpy(
	    packed + 10,
	    (uint8_t[]){ 1, (uint8_t)inner, (uint8_t)(inner >> 8), (uint8_t)~inner, (uint8_t)(~inner >> 8) },
	    5);
	uint32_t sum = (uint32_t)crc32(0, (const uint8_t *)packed + 15, (uInt)inner), size = (uint32_t)inner;
	memcpy(packed + 15 + inner, &sum, 4); /* little-endian, as all machines that this is built for */
	memcpy(packed + 19 + inner, &size, 4);
	const size_t n = gzip_member(packed, 23 + inner, sizeof packed, text, LINE);
	for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
		ic_buf gaps;
		ic_error err;
		assert_int_equal(unpack_over(IC_PACK_GZIP, n, steps[i], &gaps, &err), inner + LINE);
		assert_memory_equal(out, packed + 15, inner);
		assert_string_equal(gaps.p, "");
		ic_buf_clear(&gaps);
	}
}

/* Members that begin within each other share their text, which is told once. */
static void test_nested(void **state)
{
	enum { STARTS = 900, HEAD = 15 };
	size_t n = 0, made, total = 0;
	ic_status st;
	ic_error err;
	(void)state;
	for (size_t left = (STARTS - 1) * HEAD; n < STARTS * HEAD;
	     left -= HEAD) { /* a block of all other heads */
		const uint8_t block[] = { 0, (uint8_t)left, (uint8_t)(left >> 8), (uint8_t)~left,
					  (uint8_t)(~left >> 8) };
		memcpy(packed + n, "\x1f\x8b\x08\0\0\0\0\0\0\3", 10);
		memcpy(packed + n + 10, block, sizeof block);
		n += HEAD;
	}
	const size_t tail = n, member = gzip_member(packed, n, sizeof packed, text, TEXT_BYTES);
	memmove(packed + tail, packed + tail + 10, member - tail - 10); /* without its head */
	n = member - 10;
	memory m = { packed, n, 0, n };
	ic_unpack *u = ic_unpack_new(IC_PACK_GZIP, read_memory, &m);
	assert_non_null(u);
	assert_true(ic_unpack_lines(u));
	do {
		st = ic_unpack_read(u, out, sizeof out, &made, &err);
		total += made;
	} while (st == IC_OK ? made == sizeof out : ic_unpack_resume(u, &err));
	assert_true(total >= TEXT_BYTES && total < TEXT_BYTES + TEXT_BYTES / 4);
	ic_unpack_free(u);
}

static ssize_t read_fails(void *ctx, void *to, size_t n)
{
	(void)ctx;
	(void)to;
	(void)n;
	return -5; /* EIO */
}

static void test_read_error(void **state)
{
	(void)state;
	static const ic_pack packs[] = { IC_PACK_PLAIN, IC_PACK_GZIP, IC_PACK_ZSTD };
	for (size_t k = 0; k < 3; k++) {
		ic_unpack *u = ic_unpack_new(packs[k], read_fails, NULL);
		size_t made;
		ic_error err;
		assert_int_equal(ic_unpack_read(u, out, 100, &made, &err), IC_E_IO);
		assert_string_equal(err.message, "Input/output error");
		ic_unpack_free(u);
	}
	ic_unpack *u = ic_unpack_open(read_fails, NULL);
	size_t made;
	ic_error err;
	assert_int_equal(ic_unpack_read(u, out, 100, &made, &err), IC_E_IO);
	assert_string_equal(err.message, "Input/output error");
	ic_unpack_free(u);
}

/* The bytes that tell the packing are part of the text, also where they come one by one or are all there is. */
static void test_open(void **state)
{
	(void)state;
	static const size_t texts[] = { 0, 1, 3, 4, 5, 9000 };
	for (ic_pack pack = IC_PACK_PLAIN; pack <= IC_PACK_ZSTD; pack++)
		for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
			for (size_t step = 1; step < 10000; step *= 11) {
				size_t n = texts[i], made;
				if (pack == IC_PACK_PLAIN)
					memcpy(packed, text, n);
				else
					n = pack == IC_PACK_GZIP
						? gzip_member(packed, 0, sizeof(packed), text, n)
						: zstd_frame(packed, 0, sizeof(packed), text, n);
				memory m = { packed, n, 0, step };
				ic_unpack *u = ic_unpack_open(read_memory, &m);
				assert_int_equal(ic_unpack_pack(u), pack);
				assert_int_equal(ic_unpack_read(u, out, sizeof(out), &made, NULL), IC_OK);
				assert_int_equal(made, texts[i]);
				assert_memory_equal(out, text, made);
				ic_unpack_free(u);
			}
}

typedef struct brief {
	memory m;
	ssize_t behind; /* given once, behind the bytes */
	unsigned given;
} brief;

static ssize_t read_brief(void *ctx, void *to, size_t n)
{
	brief *b = ctx;
	ssize_t got = read_memory(&b->m, to, n);
	b->given += got == 0;
	return got == 0 ? b->behind : got;
}

/* The end, or an error, right behind the first bytes: they are given, and nothing is read behind it, which of a
 * terminal would be more. */
static void test_open_brief(void **state)
{
	(void)state;
	static const char gz[] = { 0x1f, (char)0x8b, 8 };
	for (size_t n = 0; n <= 3; n++)
		for (int bad = 0; bad < 2; bad++)
			for (size_t step = 1; step <= 4; step += 3) {
				brief b = { { text, n, 0, step }, bad ? -5 : 0, 0 };
				size_t made;
				ic_unpack *u = ic_unpack_open(read_brief, &b);
				assert_int_equal(ic_unpack_read(u, out, 100, &made, NULL),
						 bad ? IC_E_IO : IC_OK);
				assert_int_equal(made, n);
				assert_memory_equal(out, text, n);
				assert_int_equal(b.given, 1);
				ic_unpack_free(u);
				b = (brief){ { gz, sizeof gz, 0, step }, bad ? -5 : 0, 0 };
				u = ic_unpack_open(read_brief, &b);
				assert_int_equal(ic_unpack_read(u, out, 100, &made, NULL),
						 bad ? IC_E_IO : IC_E_FORMAT);
				assert_int_equal(b.given, 1);
				ic_unpack_free(u);
			}
}

/* All of a feed, of which `carry` bytes wait for more each time. Returns how many came. */
static size_t drain(ic_feed *f, size_t carry, ic_status *ret, ic_error *err)
{
	ic_feed_text t = { .p = NULL };
	size_t total = 0;
	for (bool ended = false; !ended;) {
		const size_t left = t.n - t.at;
		*ret = ic_feed_more(f, &t, &ended, err);
		ended = ended || *ret != IC_OK;
		assert_true(t.n <= t.room && t.n - t.at >= left);
		if (left)
			assert_memory_equal(t.p + t.at, out + total, left);
		size_t use = t.n - t.at;
		use = ended ? use : use > carry ? use - carry : 0;
		if (t.p)
			memcpy(out + total, t.p + t.at, t.n - t.at);
		t.at += use;
		total += use;
	}
	ic_free(t.p);
	return total;
}

/* Ahead or not, in small blocks or large ones, and whatever waits for more: the bytes are those of the unpacker. A
 * feed can be given up at any time. */
static void test_feed(void **state)
{
	static const size_t blocks[] = { 100, 4096, 2 * TEXT_BYTES }, carries[] = { 0, 1, 3000, 100000 };
	(void)state;
	ic_status st;
	size_t n = pack_parts(IC_PACK_GZIP);
	for (unsigned i = 0; i < 24; i++) {
		memory m = { packed, n, 0, 5000 };
		ic_feed *f = ic_feed_new(ic_unpack_new(IC_PACK_GZIP, read_memory, &m), i % 2, false,
					 blocks[i / 2 % 3]);
		memset(out, 0, TEXT_BYTES);
		assert_int_equal(drain(f, carries[i / 6], &st, NULL), TEXT_BYTES);
		assert_int_equal(st, IC_OK);
		assert_memory_equal(out, text, TEXT_BYTES);
		ic_feed_free(f);
	}
	for (unsigned ahead = 0; ahead < 2; ahead++) {
		memory m = { packed, n - 1, 0, 5000 };
		ic_error err;
		ic_feed *f = ic_feed_new(ic_unpack_new(IC_PACK_GZIP, read_memory, &m), ahead, true, 4096);
		size_t made = drain(f, 10, &st, &err);
		assert_int_equal(st, IC_E_FORMAT);
		assert_string_equal(err.message, IC_MSG_GZIP_CUT);
		assert_true(made > 0);
		assert_memory_equal(out, text, made);
		ic_feed_free(f);
		m.at = 0;
		f = ic_feed_new(ic_unpack_new(IC_PACK_GZIP, read_memory, &m), ahead, true, 4096);
		ic_feed_free(f);
	}
	ic_feed_free(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_many_members),
		cmocka_unit_test(test_small_members),
		cmocka_unit_test(test_gzip_damage),
		cmocka_unit_test(test_zstd_damage),
		cmocka_unit_test(test_skippable),
		cmocka_unit_test(test_read_error),
		cmocka_unit_test(test_feed),
		cmocka_unit_test(test_resume),
		cmocka_unit_test(test_swallowed_unseen),
		cmocka_unit_test(test_within),
		cmocka_unit_test(test_many_gaps),
		cmocka_unit_test(test_nested),
		cmocka_unit_test(test_swallowed),
		cmocka_unit_test(test_open),
		cmocka_unit_test(test_open_brief),
	};
	make_text();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
