/* SPDX-License-Identifier: Apache-2.0 */
/* summarize under a memory limit: what it cannot hold goes to a file, and the same bytes come out. */
#include "scan_plans.h"

#include <stdio.h>

#include "base/hash.h"

enum { ROWS = 12000, COLUMNS = 8, BIGS = 6, BIG_BYTES = 70000 }; /* keys have 8192 names */
enum { TIGHT = 7 << 19 };					 /* memory that is enough, with a file */
enum { SRC, NAME, PORT, SIZE, SHARE, GOOD, DYN, BIG };

static ic_qcolumn columns[COLUMNS] = {
	{ { "src", 3 }, IC_Q_IP },	{ { "name", 4 }, IC_Q_STRING }, { { "port", 4 }, IC_Q_INT },
	{ { "size", 4 }, IC_Q_LONG },	{ { "share", 5 }, IC_Q_REAL },	{ { "good", 4 }, IC_Q_BOOL },
	{ { "dyn", 3 }, IC_Q_DYNAMIC }, { { "big", 3 }, IC_Q_STRING },
};
static ic_value cells[(ROWS + 1) * COLUMNS]; /* the last one is what void units read */
static char names[ROWS][160];
static char bigs[BIGS][BIG_BYTES];
static ic_dyn dyns[97];
static rig_table table = { { columns, COLUMNS }, ROWS, cells, ROWS };
static ic_table plan_table;
static rig rigs;

static void set_null(ic_value *v, bool null)
{
	if (null)
		*v = ic_value_null(v->type);
}

static int fill(void **state)
{
	uint64_t seed = 11;
	(void)state;
	for (unsigned i = 0; i < ROWS; i++)
		snprintf(names[i], sizeof names[i], "%0*u.host", i % 5 ? 100 : 1, i);
	for (unsigned i = 0; i < BIGS; i++)
		memset(bigs[i], 'a' + (int)i, BIG_BYTES);
	for (unsigned i = 0; i < 97; i++)
		dyns[i] = i % 2 ? (ic_dyn){ .kind = IC_DYN_STRING, .s = ic_str_of(names[i]) }
				: (ic_dyn){ .kind = IC_DYN_LONG, .i = i };
	for (uint32_t r = 0; r <= ROWS; r++) {
		ic_value *c = &cells[r * COLUMNS];
		uint64_t v = test_random(&seed);
		c[SRC] =
		    (ic_value){ .type = IC_Q_IP, .ip = ic_ip_from_v4(0x0a000000 + (uint32_t)(v & 2047)) };
		if (v & 1)
			c[SRC].ip.b[0] = 0x20; /* an IPv6 address */
		c[NAME] = ic_value_str(ic_str_of(names[v >> 8 & 8191]));
		c[PORT] = (ic_value){ .type = IC_Q_INT,
				      .i = (int64_t)(v >> 20 & 7) - (int64_t)(v >> 23 & 1) * 5000 };
		c[SIZE] = (ic_value){ .type = IC_Q_LONG, .i = (int64_t)(v >> 30 & 0xffff) - 1000 };
		c[SHARE] = (ic_value){ .type = IC_Q_REAL, .d = (double)(v >> 51 & 255) / 7 };
		c[GOOD] = (ic_value){ .type = IC_Q_BOOL, .b = v >> 63 };
		c[DYN] = (ic_value){ .type = IC_Q_DYNAMIC, .dyn = &dyns[v % 97] };
		c[BIG] = ic_value_str((ic_str){ bigs[v % BIGS], v % 500 == 0 ? BIG_BYTES : 2 });
		set_null(&c[SRC], (v >> 40 & 31) == 1);
		set_null(&c[PORT], (v >> 40 & 31) == 2);
		set_null(&c[SIZE], (v >> 40 & 31) < 9);
		set_null(&c[SHARE], (v >> 40 & 31) == 4);
		set_null(&c[GOOD], (v >> 40 & 31) == 5);
		set_null(&c[DYN], (v >> 40 & 31) == 6);
	}
	cells[ROWS * COLUMNS + SIZE] = ic_value_long(INT64_MAX);
	return 0;
}

/* ---- plans ------------------------------------------------------------------------------- */

static ic_op *scan(ic_plan *p)
{
	return scan_of(p, &plan_table, &table);
}

static const agg_spec plain[] = {
	{ .fn = IC_AGG_COUNT, .type = IC_Q_LONG },
	{ .fn = IC_AGG_SUM, .type = IC_Q_REAL, .n = 1, .arg = { SHARE } },
	{ .fn = IC_AGG_MIN, .type = IC_Q_REAL, .n = 1, .arg = { SHARE } },
	{ .fn = IC_AGG_MAX, .type = IC_Q_STRING, .n = 1, .arg = { NAME } },
	{ .fn = IC_AGG_AVG, .type = IC_Q_REAL, .n = 1, .arg = { SIZE } },
	{ .fn = IC_AGG_COUNTIF, .type = IC_Q_LONG, .n = 1, .arg = { GOOD } },
	{ .fn = IC_AGG_ARG_MAX, .type = IC_Q_LONG, .n = 3, .arg = { SIZE, NAME, SRC }, .columns = 3 },
	{ .fn = IC_AGG_TAKE_ANY, .type = IC_Q_STRING, .n = 1, .arg = { NAME } },
	{ .fn = IC_AGG_STDEV, .type = IC_Q_REAL, .n = 1, .arg = { SHARE } },
};
static const agg_spec growing[] = {
	{ .fn = IC_AGG_MAKE_LIST, .type = IC_Q_DYNAMIC, .n = 1, .arg = { NAME } },
	{ .fn = IC_AGG_MAKE_SET, .type = IC_Q_DYNAMIC, .n = 1, .arg = { SRC } },
	{ .fn = IC_AGG_DCOUNT, .type = IC_Q_LONG, .n = 1, .arg = { NAME } },
	{ .fn = IC_AGG_HLL, .type = IC_Q_DYNAMIC, .n = 1, .arg = { SIZE } },
};
static const agg_spec dynamic[] = {
	{ .fn = IC_AGG_MAKE_LIST, .type = IC_Q_DYNAMIC, .n = 1, .arg = { DYN } },
	{ .fn = IC_AGG_MAKE_SET, .type = IC_Q_DYNAMIC, .n = 1, .arg = { DYN } },
	{ .fn = IC_AGG_MAX, .type = IC_Q_STRING, .n = 1, .arg = { NAME } },
};
#define SPEC(s) s, sizeof(s) / sizeof *(s)

enum { PLANS = 8 };
static ic_op *plan_of(ic_plan *p, int number)
{
	static const uint32_t key[] = { NAME, SRC,  PORT, SIZE, SHARE, GOOD, BIG,   NAME, SRC,
					PORT, SIZE, NAME, SRC,	SIZE,  SIZE, SHARE, NAME };
	static const uint32_t dyn[] = { DYN, NAME, BIG };
	ic_op *in = scan(p);
	switch (number) {
	case 0: return summarize(p, in, key, 2, SPEC(plain));
	case 1: return summarize(p, in, key, 3, SPEC(growing));
	case 2: return summarize(p, in, key, 4, NULL, 0);
	case 3: return summarize(p, in, key, 17, plain, 1); /* a wide key */
	case 4:
		in = summarize(p, in, key, 1, SPEC(plain));
		return filter(p, in, greater(p, column(p, in, 1), 1)); /* more than one row in a group */
	case 5: return summarize(p, in, dyn, 3, SPEC(growing));
	case 6: return summarize(p, in, key, 1, SPEC(dynamic)); /* rows that no exchange takes */
	default: return summarize(p, summarize(p, in, key, 2, SPEC(plain)), key, 1, plain, 1);
	}
}

static const rig_way whole = { 1, 4096, 1, false };
static const rig_way ways[] = { { 90, 100, 2, true }, { 30, 777, 1, true } };
enum { WAYS = sizeof ways / sizeof *ways };

static ic_status run(ic_plan *p, const rig_way *w, uint64_t memory, ic_buf *ret, ic_error *err)
{
	rigs.memory = memory;
	return rig_run_way(&rigs, p, w, ret, err);
}

/* ---- tests ----------------------------------------------------------------------------------- */

/* Whatever the cuts and the threads; with less memory than is enough, the same or a limit. */
static void the_same_from_a_file(void **state)
{
	(void)state;
	for (int number = 0; number < PLANS; number++) {
		ic_plan p;
		ic_buf want, got;
		ic_error err;
		ic_plan_init(&p, NULL);
		p.language = IC_FN_KQL;
		p.root = plan_of(&p, number);
		assert_int_equal(run(&p, &whole, 0, &want, &err), IC_OK);
		for (size_t i = 0; i <= WAYS; i++) {
			bool enough = i < WAYS;
			const rig_way *way = enough ? &ways[i] : &whole;
			if (!test_is_of_use(way->threads))
				continue;
			ic_status st = run(&p, way, enough ? TIGHT : TIGHT / 2, &got, &err);
			if (st == IC_OK && (got.n != want.n || memcmp(got.p, want.p, got.n) != 0))
				fail_msg("plan %d differs, way %zu", number, i);
			if (st != IC_OK && (enough || (st != IC_E_NOMEM && st != IC_E_LIMIT)))
				fail_msg("plan %d, way %zu: %s", number, i, err.message);
			ic_buf_clear(&got);
		}
		ic_buf_clear(&want);
		ic_plan_clear(&p);
	}
}

/* It is the file that made this possible. */
static void the_file_may_fail(void **state)
{
	(void)state;
	rigs.memory = TIGHT;
	for (int number = 0; number < PLANS; number++) {
		ic_plan p;
		ic_plan_init(&p, NULL);
		p.language = IC_FN_KQL;
		p.root = plan_of(&p, number);
		for (size_t w = 0; w < WAYS; w++)
			rig_needs_file(&rigs, &p, &ways[w]);
		ic_plan_clear(&p);
	}
}

/* What is packed, written and merged at once is bounded by its bytes, whatever the number of rows. */
static void texts_of_kilobytes(void **state)
{
	enum { TEXTS = 2000, TEXT_BYTES = 5000, LISTS = 40 };
	static char text[TEXTS][TEXT_BYTES];
	static ic_value cell[TEXTS * 2];
	static ic_qcolumn long_columns[] = { { { "k", 1 }, IC_Q_LONG }, { { "t", 1 }, IC_Q_STRING } };
	static const rig_table long_texts = { { long_columns, 2 }, TEXTS, cell };
	static const uint32_t key[] = { 0 };
	static const agg_spec set = { .fn = IC_AGG_MAKE_SET, .type = IC_Q_DYNAMIC, .n = 1, .arg = { 1 } };
	ic_table t;
	ic_plan p;
	ic_buf want, got;
	ic_error err;
	(void)state;
	for (uint32_t r = 0; r < TEXTS; r++) {
		memset(text[r], 'a', TEXT_BYTES);
		snprintf(text[r], TEXT_BYTES, "%u", r);
		text[r][strlen(text[r])] = ' ';
		cell[r * 2] = ic_value_long(r % LISTS);
		cell[r * 2 + 1] = ic_value_str((ic_str){ text[r], TEXT_BYTES });
	}
	ic_plan_init(&p, NULL);
	p.language = IC_FN_KQL;
	p.root = summarize(&p, scan_of(&p, &t, &long_texts), key, 1, &set, 1);
	assert_int_equal(run(&p, &whole, 0, &want, &err), IC_OK);
	for (size_t i = 0; i < WAYS; i++) {
		if (!test_is_of_use(ways[i].threads))
			continue;
		ic_status st = run(&p, &ways[i], TIGHT, &got, &err);
		if (st != IC_OK)
			fail_msg("way %zu: %s", i, err.message);
		assert_int_equal(got.n, want.n);
		assert_memory_equal(got.p, want.p, want.n);
		ic_buf_clear(&got);
	}
	ic_buf_clear(&want);
	ic_plan_clear(&p);
}

/* Without keys there is one group even if each row that came was thrown away. */
static void rows_that_turn_out_void(void **state)
{
	static const rig_way some_void = { 30, 777, 1, true };
	ic_plan p;
	ic_buf want, got;
	ic_error err;
	(void)state;
	ic_plan_init(&p, NULL);
	p.language = IC_FN_KQL;
	ic_op *in = scan(&p);
	in = filter(&p, in, greater(&p, column(&p, in, SIZE), INT32_MAX)); /* the void row alone */
	p.root = summarize(&p, in, NULL, 0, SPEC(plain));
	assert_int_equal(run(&p, &whole, 0, &want, &err), IC_OK);
	assert_int_not_equal(want.n, 0);
	rigs.held = TIGHT / 16 * 15; /* others need so much that it spills from the first row on */
	assert_int_equal(run(&p, &some_void, TIGHT, &got, &err), IC_OK);
	rigs.held = 0;
	assert_string_equal(got.p, want.p);
	ic_buf_clear(&got);
	ic_buf_clear(&want);
	ic_plan_clear(&p);
}

/* One group that is larger than the memory: nothing helps. */
static void a_group_may_be_too_large(void **state)
{
	(void)state;
	ic_plan p;
	ic_buf got;
	ic_error err;
	ic_plan_init(&p, NULL);
	p.language = IC_FN_KQL;
	agg_spec lists[16];
	for (size_t i = 0; i < 16; i++) {
		lists[i] = growing[0];
		lists[i].arg[0] = (uint32_t)(i % SIZE);
	}
	p.root = summarize(&p, scan(&p), NULL, 0, SPEC(lists));
	for (size_t w = 0; w < WAYS; w++) {
		ic_status st = run(&p, &ways[w], TIGHT / 2, &got, &err);
		ic_buf_clear(&got);
		assert_true(st == IC_E_LIMIT || st == IC_E_NOMEM);
	}
	ic_plan_clear(&p);
}

static void memory_may_end(void **state)
{
	(void)state;
	ic_plan p;
	ic_buf got;
	ic_error err;
	if (!test_is_of_use(ways[1].threads))
		skip();
	ic_plan_init(&p, NULL);
	p.language = IC_FN_KQL;
	p.root = plan_of(&p, 0);
	ic_status st = IC_E_NOMEM;
	for (uint64_t n = 1; st != IC_OK; n *= 2) {
		assert_true(n < 10000000);
		ic_alloc_fail_after(n);
		st = run(&p, &ways[1], TIGHT, &got, &err);
		ic_alloc_fail_after(0);
		ic_buf_clear(&got);
		if (st != IC_OK && st != IC_E_NOMEM)
			fail_msg("allocation %u: %s", (unsigned)n, err.message);
	}
	ic_plan_clear(&p);
}

int main(void)
{
	ic_hash_seed_set(20241); /* which request for memory fails must not change from run to run */
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_same_from_a_file),	    cmocka_unit_test(the_file_may_fail),
		cmocka_unit_test(texts_of_kilobytes),	    cmocka_unit_test(rows_that_turn_out_void),
		cmocka_unit_test(a_group_may_be_too_large), cmocka_unit_test(memory_may_end),
	};
	return cmocka_run_group_tests(tests, fill, NULL);
}
