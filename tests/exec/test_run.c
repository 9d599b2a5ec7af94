/* SPDX-License-Identifier: Apache-2.0 */
/* Plans over a table in memory that is cut in many ways and run by several threads: the same bytes. */
#include "scan_plans.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/hash.h"

enum { ROWS = 9000, COLUMNS = 7 };
enum { SRC, NAME, PORT, SIZE, TIME, SHARE, GOOD };

static ic_qcolumn columns[COLUMNS] = {
	{ { "src", 3 }, IC_Q_IP },    { { "name", 4 }, IC_Q_STRING },	{ { "port", 4 }, IC_Q_INT },
	{ { "size", 4 }, IC_Q_LONG }, { { "time", 4 }, IC_Q_DATETIME }, { { "share", 5 }, IC_Q_REAL },
	{ { "good", 4 }, IC_Q_BOOL },
};
static ic_value cells[ROWS * COLUMNS];
static char names[100][40];
static rig_table table = { { columns, COLUMNS }, ROWS, cells };
static ic_table plan_table;

static int fill(void **state)
{
	uint64_t seed = 7;
	(void)state;
	for (unsigned i = 0; i < 100; i++)
		snprintf(names[i], sizeof names[i], i % 3 ? "host-%u.example.test" : "n%u", i);
	for (uint32_t r = 0; r < ROWS; r++) {
		ic_value *c = &cells[r * COLUMNS];
		uint64_t v = test_random(&seed);
		const char *name = names[v >> 8 & 63];
		c[SRC] = (ic_value){ .type = IC_Q_IP, .ip = ic_ip_from_v4(0x0a000000 + (uint32_t)(v & 31)) };
		if ((v & 31) == 7)
			c[SRC].ip.b[0] = 0x20; /* an IPv6 address */
		c[NAME] = ic_value_str(v >> 14 & 1 ? ic_str_of(name) : (ic_str){ "", 0 });
		c[PORT] =
		    (ic_value){ .type = IC_Q_INT, .i = (int64_t)(v >> 20 & 7), .null = (v >> 20 & 7) == 3 };
		c[SIZE] = (ic_value){ .type = IC_Q_LONG,
				      .i = (int64_t)(v >> 30 & 0xffff) - 1000,
				      .null = (v >> 46 & 3) == 0 };
		c[TIME] =
		    ic_value_ticks(IC_Q_DATETIME, (int64_t)r * 10000000 - (int64_t)(v >> 48 & 7) * 100000000);
		c[SHARE] =
		    (ic_value){ .type = IC_Q_REAL, .d = (double)(v >> 51 & 255) / 4, .null = (v >> 60) == 1 };
		c[GOOD] = (ic_value){ .type = IC_Q_BOOL, .b = v >> 63, .null = (v >> 59 & 15) == 2 };
		for (unsigned i = 0; i < COLUMNS; i++) {
			if (c[i].null)
				c[i] = ic_value_null(c[i].type);
		}
	}
	return 0;
}

/* ---- plans ------------------------------------------------------------------------------- */

static ic_op *scan(ic_plan *p)
{
	return scan_of(p, &plan_table, &table);
}

static ic_op *take(ic_plan *p, ic_op *in, int64_t n)
{
	ic_op *op = ic_op_new(p, IC_OP_TAKE, here, "take", in);
	op->out = in->out;
	op->sort.limit = ic_value_long(n);
	return op;
}

static ic_op *sort(ic_plan *p, ic_op *in, ic_op_kind kind, const uint32_t *key, uint32_t keys, int64_t limit)
{
	ic_op *op = ic_op_new(p, kind, here, "sort", in);
	op->out = in->out;
	op->sort.keys = keys;
	op->sort.limit = ic_value_long(limit);
	op->sort.key = ic_arena_alloc(&p->arena, keys * sizeof(ic_sort_key));
	for (uint32_t i = 0; i < keys; i++)
		op->sort.key[i] = (ic_sort_key){ column(p, in, key[i]), i % 2 == 0, i % 2 != 0 };
	return op;
}

/* ---- running ------------------------------------------------------------------------------- */

static char *first_text;
static uint32_t readings; /* that the plan took */

/* All ways give the same text; it is left in first_text. */
static void same_in_all_ways(ic_plan *p)
{
	static rig r;
	free(first_text);
	first_text = NULL;
	for (unsigned i = 0; i < RIG_WAYS; i++) {
		rig_out out = { .most = 0 };
		ic_error err = { .code = IC_OK };
		if (i && !test_is_of_use(rig_ways[i].threads))
			continue;
		memset(&r, 0, sizeof r);
		r.units = rig_ways[i].units;
		r.chunk_rows = rig_ways[i].chunk_rows;
		r.some_void = rig_ways[i].some_void;
		ic_status st = rig_run(&r, p, rig_ways[i].threads, &out, NULL, &err);
		if (st != IC_OK)
			fail_msg("way %u: %s", i, err.message);
		if (i && r.readings != readings)
			fail_msg("way %u reads %u times, not %u", i, r.readings, readings);
		readings = r.readings;
		if (!first_text)
			first_text = strdup(out.text.p);
		else if (strcmp(first_text, out.text.p) != 0)
			fail_msg("way %u gives other rows:\n%.600s\nnot\n%.600s", i, out.text.p, first_text);
		ic_buf_clear(&out.text);
	}
}

static uint32_t lines(const char *text)
{
	uint32_t n = 0;
	for (; *text; text++)
		n += *text == '\n';
	return n;
}

static void test_filter(void **state)
{
	ic_plan p;
	(void)state;
	ic_plan_init(&p, NULL);
	p.language = IC_FN_KQL;
	ic_op *t = scan(&p);
	p.root = filter(&p, t, greater(&p, column(&p, t, SIZE), 30000));
	uint32_t expected = 0;
	for (uint32_t i = 0; i < ROWS; i++)
		expected += !cells[i * COLUMNS + SIZE].null && cells[i * COLUMNS + SIZE].i > 30000;
	same_in_all_ways(&p);
	assert_int_equal(lines(first_text), expected);
	ic_plan_clear(&p);
}

static void test_take_stops(void **state)
{
	static rig r;
	ic_plan p;
	(void)state;
	ic_plan_init(&p, NULL);
	p.language = IC_FN_KQL;
	p.root = take(&p, scan(&p), 1500);
	same_in_all_ways(&p);
	assert_int_equal(lines(first_text), 1500);
	r.units = 300;
	r.chunk_rows = 100;
	rig_out out = { .most = 0 };
	ic_op_counts counts[8] = { { 0 } };
	assert_int_equal(rig_run(&r, &p, 1, &out, counts, NULL), IC_OK);
	assert_true(r.read < ROWS / 2);
	assert_int_equal(counts[p.root->id].out, 1500);
	ic_buf_clear(&out.text);
	/* so does a reader that went away */
	p.root = scan(&p);
	out.most = 10;
	memset(&r, 0, sizeof r);
	r.units = 300;
	r.chunk_rows = 100;
	assert_int_equal(rig_run(&r, &p, 2, &out, NULL, NULL), IC_OK);
	assert_true(out.rows >= 10 && out.rows < ROWS / 2);
	ic_buf_clear(&out.text);
	ic_plan_clear(&p);
}

/* ---- groups: against plain loops ---------------------------------------------------------------- */

static bool same_value(const ic_value *a, const ic_value *b)
{
	if (a->null || b->null)
		return a->null && b->null;
	if (a->type == IC_Q_IP)
		return memcmp(&a->ip, &b->ip, 16) == 0;
	return a->type == IC_Q_STRING ? ic_str_eq(a->s, b->s) : a->i == b->i;
}

typedef struct group {
	const ic_value *row; /* the first one */
	int64_t count, good, sum, least, most;
	double mean;
	uint32_t sized;
	const ic_value *latest;
	uint32_t distinct;
	ic_value seen[100];
} group;

static void add_to(group *g, const ic_value *row)
{
	g->count++;
	g->good += !row[GOOD].null && row[GOOD].b;
	if (!g->latest || row[TIME].i > g->latest[TIME].i)
		g->latest = row;
	uint32_t i = 0;
	while (i < g->distinct && !same_value(&g->seen[i], &row[NAME]))
		i++;
	if (i == g->distinct)
		g->seen[g->distinct++] = row[NAME];
	if (row[SIZE].null)
		return;
	if (!g->sized || row[SIZE].i < g->least)
		g->least = row[SIZE].i;
	if (!g->sized || row[SIZE].i > g->most)
		g->most = row[SIZE].i;
	g->sum += row[SIZE].i;
	g->sized++;
}

static void write_group(ic_buf *b, const group *g)
{
	ic_arena a;
	ic_arena_init(&a, 0, NULL);
	ic_buf_str(b, ic_value_text(&a, &g->row[SRC]));
	ic_buf_putc(b, ',');
	if (g->row[PORT].null)
		ic_buf_puts(b, "null");
	else
		ic_buf_i64(b, g->row[PORT].i);
	ic_buf_printf(b, ",%lld,%lld,%lld,", (long long)g->count, (long long)g->good, (long long)g->sum);
	if (g->sized)
		ic_buf_printf(b, "%lld,%lld,", (long long)g->least, (long long)g->most);
	else
		ic_buf_puts(b, "null,null,");
	ic_value mean = ic_value_real((double)g->sum / g->sized);
	ic_buf_str(b, ic_value_text(&a, &mean));
	ic_buf_printf(b, ",%u,", g->distinct);
	ic_buf_str(b, ic_value_text(&a, &g->latest[TIME]));
	ic_buf_putc(b, ',');
	ic_buf_str(b, ic_value_text(&a, &g->latest[NAME]));
	ic_buf_putc(b, ',');
	ic_buf_str(b, ic_value_text(&a, &g->latest[SRC]));
	ic_buf_putc(b, '\n');
	ic_arena_clear(&a);
}

static const agg_spec several[] = {
	{ IC_AGG_COUNT, IC_Q_LONG, 0, { 0 }, 1 },
	{ IC_AGG_COUNTIF, IC_Q_LONG, 1, { GOOD }, 1 },
	{ IC_AGG_SUM, IC_Q_LONG, 1, { SIZE }, 1 },
	{ IC_AGG_MIN, IC_Q_LONG, 1, { SIZE }, 1 },
	{ IC_AGG_MAX, IC_Q_LONG, 1, { SIZE }, 1 },
	{ IC_AGG_AVG, IC_Q_REAL, 1, { SIZE }, 1 },
	{ IC_AGG_DCOUNT, IC_Q_LONG, 1, { NAME }, 1 },
	{ IC_AGG_ARG_MAX, IC_Q_DATETIME, 3, { TIME, NAME, SRC }, 3 },
};

static void test_groups(void **state)
{
	static const uint32_t key[] = { SRC, PORT };
	static group groups[512];
	uint32_t n = 0;
	ic_plan p;
	(void)state;
	for (uint32_t r = 0; r < ROWS; r++) {
		const ic_value *row = &cells[r * COLUMNS];
		uint32_t i = 0;
		while (i < n && !(same_value(&groups[i].row[SRC], &row[SRC]) &&
				  same_value(&groups[i].row[PORT], &row[PORT])))
			i++;
		if (i == n)
			groups[n++].row = row;
		add_to(&groups[i], row);
	}
	ic_buf expected;
	ic_buf_init(&expected, 0);
	for (uint32_t i = 0; i < n; i++)
		write_group(&expected, &groups[i]);
	ic_buf_putc(&expected, '\0');
	ic_plan_init(&p, NULL);
	p.language = IC_FN_KQL;
	p.root = summarize(&p, scan(&p), key, 2, several, 8);
	same_in_all_ways(&p);
	assert_string_equal(first_text, expected.p);
	/* a filter on an aggregate is asked early, but for the counts nothing differs */
	ic_op *sum = p.root;
	ic_op_counts counts[16] = { { 0 } };
	static rig r;
	r.units = 60;
	r.chunk_rows = 900;
	rig_out out = { .most = 0 };
	p.root = filter(&p, sum, greater(&p, column(&p, sum, 2), groups[0].count));
	same_in_all_ways(&p);
	assert_int_equal(rig_run(&r, &p, 2, &out, counts, NULL), IC_OK);
	assert_int_equal(counts[sum->id].out, n);
	assert_int_equal(counts[p.root->id].in, n);
	assert_int_equal(counts[p.root->id].out, lines(first_text));
	assert_true(lines(first_text) < n);
	ic_buf_clear(&out.text);
	ic_buf_clear(&expected);
	ic_plan_clear(&p);
}

static ic_value turned_cells[ROWS * COLUMNS];
static rig_table turned = { { columns, COLUMNS }, ROWS, turned_cells };

/* Of the same rows: few ports at first, then many, then few again; and some shares are no number. */
static void turn_to_many(void)
{
	memcpy(turned_cells, cells, sizeof cells);
	for (uint32_t r = 0; r < ROWS; r++) {
		ic_value *c = &turned_cells[r * COLUMNS];
		if (r > ROWS / 3 && r < ROWS / 2)
			c[PORT] = (ic_value){ .type = IC_Q_INT, .i = (int64_t)r * 7 % 1000 };
		if (r % 97 == 5)
			c[SHARE] = ic_value_real(__builtin_nan(""));
	}
}

/* Each line of `more` is that of `text` and one column more. */
static void one_column_more(const char *text, const char *more)
{
	for (; *text; text = strchr(text, '\n') + 1, more = strchr(more, '\n') + 1) {
		size_t n = (size_t)(strchr(text, '\n') - text);
		assert_memory_equal(text, more, n);
		assert_int_equal(more[n], ',');
	}
	assert_int_equal(*more, '\0');
}

/* Where groups are few each worker has its own, and states are merged. With one aggregate more whose states
 * cannot be, all rows go the other way: to the same. */
static void test_few_groups(void **state)
{
	static const agg_spec spec[] = {
		{ IC_AGG_COUNT, IC_Q_LONG, 0, { 0 }, 1 },
		{ IC_AGG_COUNTIF, IC_Q_LONG, 1, { GOOD }, 1 },
		{ IC_AGG_SUM, IC_Q_LONG, 1, { SIZE }, 1 },
		{ IC_AGG_AVG, IC_Q_REAL, 1, { SIZE }, 1 },
		{ IC_AGG_MIN, IC_Q_LONG, 1, { SIZE }, 1 },
		{ IC_AGG_MAXIF, IC_Q_LONG, 2, { SIZE, GOOD }, 1 },
		{ IC_AGG_MIN, IC_Q_DATETIME, 1, { TIME }, 1 },
		{ IC_AGG_MAX, IC_Q_DATETIME, 1, { TIME }, 1 },
		{ IC_AGG_MAX, IC_Q_REAL, 1, { SHARE }, 1 },
		{ IC_AGG_MINIF, IC_Q_REAL, 2, { SHARE, GOOD }, 1 },
		{ IC_AGG_DCOUNT, IC_Q_LONG, 1, { NAME }, 1 },
	};
	enum { ALL = sizeof spec / sizeof *spec };
	static const uint32_t key[] = { PORT, GOOD };
	ic_plan p;
	(void)state;
	turn_to_many();
	ic_plan_init(&p, NULL);
	p.language = IC_FN_KQL;
	for (unsigned i = 0; i < 12; i++) {
		ic_op *t = scan_of(&p, &plan_table, i % 2 ? &turned : &table);
		char *text = NULL;
		for (uint32_t aggs = ALL - 1; aggs <= ALL; aggs++) {
			p.root = summarize(&p, t, key, i / 2 % 3, spec, aggs);
			if (i >= 6)
				p.root = filter(&p, p.root, greater(&p, column(&p, p.root, i / 2 % 3), 3));
			same_in_all_ways(&p);
			text = text ? text : strdup(first_text);
		}
		one_column_more(text, first_text);
		free(text);
	}
	ic_plan_clear(&p);
}

/* Least and most of numbers where there is none, or where they are the outermost ones; sums that are zero. `times` of
 * these aggregates: their bits stand in one place or in another. */
static void outermost(uint32_t times, bool merged)
{
	static const agg_spec one[] = {
		{ IC_AGG_MIN, IC_Q_LONG, 1, { SIZE }, 1 },
		{ IC_AGG_MAX, IC_Q_LONG, 1, { SIZE }, 1 },
		{ IC_AGG_MIN, IC_Q_REAL, 1, { SHARE }, 1 },
		{ IC_AGG_AQL_SUM, IC_Q_REAL, 1, { SHARE }, 1 },
	};
	static const char *const expected[] = {
		",null,null,null,null",
		",9223372036854775807,9223372036854775807,0.0,0.0",
		",-9223372036854775808,-9223372036854775808,-1.0,0.0",
		",9223372036854775807,9223372036854775807,NaN,NaN",
		",-9223372036854775808,9223372036854775807,0.0,0.0",
		",5,8999,null,null",
	};
	static const uint32_t key[] = { PORT };
	const uint32_t columns_of_one = merged ? 3 : 4; /* a total does not merge */
	agg_spec spec[40];
	ic_buf text;
	ic_plan p;
	for (uint32_t i = 0; i < times * columns_of_one; i++)
		spec[i] = one[i % columns_of_one];
	ic_buf_init(&text, 0);
	for (uint32_t g = 0; g < 6; g++) {
		size_t n = strlen(expected[g]) - (merged ? strlen(strrchr(expected[g], ',')) : 0);
		ic_buf_printf(&text, "%u", g);
		for (uint32_t i = 0; i < times; i++)
			ic_buf_str(&text, (ic_str){ expected[g], (uint32_t)n });
		ic_buf_putc(&text, '\n');
	}
	ic_buf_putc(&text, '\0');
	ic_plan_init(&p, NULL);
	p.language = IC_FN_KQL;
	p.root = summarize(&p, scan_of(&p, &plan_table, &turned), key, 1, spec, times * columns_of_one);
	same_in_all_ways(&p);
	assert_string_equal(first_text, text.p);
	ic_buf_clear(&text);
	ic_plan_clear(&p);
}

static void test_outermost(void **state)
{
	(void)state;
	memcpy(turned_cells, cells, sizeof cells);
	for (uint32_t r = 0; r < ROWS; r++) {
		const bool odd = r / 6 % 2;
		const int64_t sizes[] = {
			0, INT64_MAX, INT64_MIN, INT64_MAX, odd ? INT64_MAX : INT64_MIN, r
		};
		const double shares[] = { 0, 0, odd ? 1 : -1, __builtin_nan(""), odd ? 0.0 : -0.0, 0 };
		ic_value *c = &turned_cells[r * COLUMNS];
		c[PORT] = (ic_value){ .type = IC_Q_INT, .i = r % 6 };
		c[SIZE] = r % 6 == 0 || (r % 6 == 3 && odd) ? ic_value_null(IC_Q_LONG)
							    : ic_value_long(sizes[r % 6]);
		c[SHARE] = r % 6 % 5 == 0 || (r % 6 == 3 && odd) ? ic_value_null(IC_Q_REAL)
								 : ic_value_real(shares[r % 6]);
	}
	for (uint32_t times = 1; times <= 9; times += 4) {
		outermost(times, false);
		outermost(times, true);
	}
}

/* Every aggregate that depends on the order, and those that go by the kernels; against one row a group as
 * a check that nothing is empty. */
static void test_many_aggregates(void **state)
{
	static const agg_spec spec[] = {
		{ IC_AGG_MAKE_LIST, IC_Q_DYNAMIC, 1, { PORT }, 1 },
		{ IC_AGG_MAKE_LIST_WITH_NULLS, IC_Q_DYNAMIC, 1, { PORT }, 1 },
		{ IC_AGG_MAKE_SET, IC_Q_DYNAMIC, 1, { NAME }, 1 },
		{ IC_AGG_MAKE_SET_IF, IC_Q_DYNAMIC, 2, { SRC, GOOD }, 1 },
		{ IC_AGG_MAKE_LIST_IF, IC_Q_DYNAMIC, 2, { SHARE, GOOD }, 1 },
		{ IC_AGG_TAKE_ANY, IC_Q_STRING, 1, { NAME }, 1 },
		{ IC_AGG_TAKE_ANY, IC_Q_STRING, 3, { NAME, SIZE, GOOD }, 3 },
		{ IC_AGG_ARG_MIN, IC_Q_REAL, 2, { SHARE, NAME }, 2 },
		{ IC_AGG_ARG_MAX, IC_Q_STRING, 2, { NAME, TIME }, 2 },
		{ IC_AGG_MIN, IC_Q_STRING, 1, { NAME }, 1 },
		{ IC_AGG_MAX, IC_Q_IP, 1, { SRC }, 1 },
		{ IC_AGG_MAXIF, IC_Q_REAL, 2, { SHARE, GOOD }, 1 },
		{ IC_AGG_SUM, IC_Q_REAL, 1, { SHARE }, 1 },
		{ IC_AGG_AVGIF, IC_Q_REAL, 2, { SHARE, GOOD }, 1 },
		{ IC_AGG_STDEV, IC_Q_REAL, 1, { SIZE }, 1 },
		{ IC_AGG_VARIANCEP, IC_Q_REAL, 1, { SHARE }, 1 },
		{ IC_AGG_BINARY_ALL_OR, IC_Q_LONG, 1, { SIZE }, 1 },
		{ IC_AGG_DCOUNTIF, IC_Q_LONG, 2, { TIME, GOOD }, 1 },
		{ IC_AGG_COUNT_DISTINCT, IC_Q_LONG, 1, { SHARE }, 1 },
	};
	static const uint32_t key[] = { NAME };
	ic_plan p;
	(void)state;
	ic_plan_init(&p, NULL);
	p.language = IC_FN_KQL;
	p.root = summarize(&p, scan(&p), key, 1, spec, sizeof spec / sizeof *spec);
	same_in_all_ways(&p);
	assert_int_equal(lines(first_text), 65);
	assert_non_null(strstr(first_text, "[")); /* lists are there */
	/* without keys: one row */
	p.root = summarize(&p, scan(&p), key, 0, spec, sizeof spec / sizeof *spec);
	same_in_all_ways(&p);
	assert_int_equal(lines(first_text), 1);
	ic_plan_clear(&p);
}

/* Keys wider than a group table's, and distinct. */
static void test_wide_keys(void **state)
{
	static const uint32_t key[] = { TIME,  SHARE, SIZE, NAME,  SRC,	 GOOD, PORT,
					SHARE, SIZE,  TIME, SHARE, SIZE, TIME };
	uint32_t distinct = 0;
	ic_plan p;
	(void)state;
	ic_plan_init(&p, NULL);
	p.language = IC_FN_KQL;
	p.root = summarize(&p, scan(&p), key, 13, NULL, 0);
	same_in_all_ways(&p);
	distinct = lines(first_text);
	assert_true(distinct > ROWS / 2 && distinct <= ROWS);
	p.root = summarize(&p, scan(&p), key, 7, NULL, 0);
	same_in_all_ways(&p);
	assert_int_equal(lines(first_text), distinct);
	ic_plan_clear(&p);
}

/* ---- order ----------------------------------------------------------------------------------- */

static void check_sorted(const char *text)
{
	double before = 1e300;
	for (const char *line = text; *line; line = strchr(line, '\n') + 1) {
		const char *share = line;
		for (int i = 0; i < SHARE; i++)
			share = strchr(share, ',') + 1;
		double v = strncmp(share, "null", 4) == 0 ? -1e300 : strtod(share, NULL);
		assert_true(v <= before);
		before = v;
	}
}

static void test_sort(void **state)
{
	static const uint32_t one[] = { SHARE }, three[] = { SHARE, NAME, SRC };
	ic_plan p;
	(void)state;
	ic_plan_init(&p, NULL);
	p.language = IC_FN_KQL;
	for (int keys = 1; keys <= 3; keys += 2) {
		const uint32_t *key = keys == 1 ? one : three;
		p.root = sort(&p, scan(&p), IC_OP_SORT, key, (uint32_t)keys, 0);
		same_in_all_ways(&p);
		assert_int_equal(lines(first_text), ROWS);
		check_sorted(first_text);
		char *all = strdup(first_text);
		/* top n is what sort and take n are */
		for (int64_t n = 3; n < ROWS; n = n * 20 + 1) {
			p.root = sort(&p, scan(&p), IC_OP_TOP, key, (uint32_t)keys, n);
			same_in_all_ways(&p);
			assert_int_equal(lines(first_text), n);
			assert_memory_equal(first_text, all, strlen(first_text));
		}
		free(all);
	}
	p.root = sort(&p, scan(&p), IC_OP_TOP, one, 1, 0);
	same_in_all_ways(&p);
	assert_int_equal(lines(first_text), 0);
	ic_plan_clear(&p);
}

/* Several scans, and rows that come alone, into one summarize. */
static void test_union(void **state)
{
	static const uint32_t key[] = { SRC };
	ic_plan p;
	(void)state;
	ic_plan_init(&p, NULL);
	p.language = IC_FN_KQL;
	ic_op *u = ic_op_new(&p, IC_OP_UNION, here, "union", NULL);
	ic_op *in[3] = { scan(&p), take(&p, scan(&p), 777), scan(&p) };
	int32_t same[COLUMNS], *map[3] = { same, same, same };
	for (int i = 0; i < COLUMNS; i++)
		same[i] = i;
	u->out = table.schema;
	u->united.in = in;
	u->united.inputs = 3;
	u->united.column = map;
	u->united.source = -1;
	p.root = u;
	same_in_all_ways(&p);
	assert_int_equal(lines(first_text), 2 * ROWS + 777);
	p.root = summarize(&p, u, key, 1, several, 8);
	same_in_all_ways(&p);
	assert_int_equal(lines(first_text), 32);
	p.root = take(&p, u, ROWS + 10);
	same_in_all_ways(&p);
	assert_int_equal(lines(first_text), ROWS + 10);
	ic_plan_clear(&p);
}

/* left join right on the first column of both, all columns of both. */
static ic_op *join(ic_plan *p, ic_op *left, ic_op *right)
{
	ic_op *op = ic_op_new(p, IC_OP_JOIN, here, "join", left);
	uint32_t n = left->out.n + right->out.n;
	op->join.kind = IC_JOIN_INNER;
	op->join.right = right;
	op->join.keys = 1;
	op->join.left_key = ic_arena_alloc(&p->arena, sizeof(ic_expr *));
	op->join.right_key = ic_arena_alloc(&p->arena, sizeof(ic_expr *));
	op->join.left_key[0] = column(p, left, 0);
	op->join.right_key[0] = column(p, right, 0);
	op->join.column = ic_arena_alloc(&p->arena, n * sizeof(uint32_t));
	op->out.column = ic_arena_alloc(&p->arena, n * sizeof(ic_qcolumn));
	for (op->out.n = 0; op->out.n < n; op->out.n++) {
		uint32_t i = op->out.n;
		op->join.column[i] = i;
		op->out.column[i] =
		    i < left->out.n ? left->out.column[i] : right->out.column[i - left->out.n];
	}
	return op;
}

/* Scans of one table share a reading where none of them waits for another. */
static void test_shared_reading(void **state)
{
	static const uint32_t key[] = { SRC }, by_name[] = { NAME };
	static const agg_spec count[] = { { IC_AGG_COUNT, IC_Q_LONG, 0, { 0 }, 1 } };
	ic_plan p;
	(void)state;
	ic_plan_init(&p, NULL);
	p.language = IC_FN_KQL;
	/* both sides hold their rows: the join waits, not the scans */
	ic_op *t = scan(&p);
	ic_op *some = filter(&p, t, greater(&p, column(&p, t, SIZE), 30000));
	p.root = join(&p, summarize(&p, scan(&p), key, 1, several, 8), summarize(&p, some, key, 1, count, 1));
	same_in_all_ways(&p);
	assert_int_equal(readings, 1);
	assert_int_equal(lines(first_text), 32);
	/* rows of the left side go straight to the join: it must have its right side first */
	p.root =
	    summarize(&p, join(&p, scan(&p), summarize(&p, scan(&p), key, 1, count, 1)), key, 1, count, 1);
	same_in_all_ways(&p);
	assert_int_equal(readings, 2);
	/* a third side is read with the first */
	p.root = join(&p, summarize(&p, scan(&p), key, 1, count, 1), p.root);
	same_in_all_ways(&p);
	assert_int_equal(readings, 2);
	/* inputs of a union: groups are made of one reading, plain rows come one input after the other */
	ic_op *u = ic_op_new(&p, IC_OP_UNION, here, "union", NULL);
	ic_op *held[3] = { summarize(&p, scan(&p), key, 1, count, 1),
			   summarize(&p, scan(&p), key, 1, count, 1),
			   sort(&p, scan(&p), IC_OP_TOP, by_name, 1, 7) };
	int32_t two[COLUMNS] = { 0, 1 }, top[COLUMNS] = { SRC, SIZE }, *map[3] = { two, two, top };
	u->out = held[0]->out;
	u->united.in = held;
	u->united.inputs = 3;
	u->united.column = map;
	u->united.source = -1;
	p.root = u;
	same_in_all_ways(&p);
	assert_int_equal(readings, 1);
	p.root = summarize(&p, u, key, 1, count, 1);
	same_in_all_ways(&p);
	assert_int_equal(readings, 1);
	ic_plan_clear(&p);
}

/* Several runs share a reading; one that has enough, and one that fails, do not end the others. */
static void test_together(void **state)
{
	enum { RUNS = 4 };
	static const uint32_t key[] = { SRC }, by_time[] = { TIME };
	static const agg_spec count[] = { { IC_AGG_COUNT, IC_Q_LONG, 0, { 0 }, 1 } };
	static rig r;
	(void)state;
	for (unsigned way = 0; way < RIG_WAYS; way++) {
		ic_plan plan[RUNS];
		ic_exec *x[RUNS + 1] = { NULL };
		rig_out out[RUNS];
		ic_sink sink[RUNS];
		ic_budget little = { .limit = 150000 };
		ic_error err = { .code = IC_OK };
		memset(&r, 0, sizeof r);
		r.units = rig_ways[way].units;
		r.chunk_rows = rig_ways[way].chunk_rows;
		r.some_void = rig_ways[way].some_void;
		for (unsigned i = 0; i < RIG_WORKERS; i++)
			ic_arena_init(&r.arena[i], 0, NULL);
		for (unsigned i = 0; i < RUNS; i++) {
			ic_plan *p = &plan[i];
			ic_plan_init(p, NULL);
			p->language = IC_FN_KQL;
			ic_op *t = scan(p);
			p->root = i == 0   ? summarize(p, t, key, 1, several, 8)
				  : i == 1 ? take(p, t, 5)
				  : i == 2 ? sort(p, t, IC_OP_SORT, by_time, 1, 0)
					   : join(p, scan(p), summarize(p, t, key, 1, count, 1));
			ic_exec_config cfg = { .source = rig_source(&r),
					       .threads = rig_ways[way].threads,
					       .max_joined_rows = 100000000,
					       .budget = i == 2 ? &little : NULL };
			out[i] = (rig_out){ .rows = 0 };
			ic_buf_init(&out[i].text, 0);
			ic_arena_init(&out[i].arena, 0, NULL);
			sink[i] = (ic_sink){ &out[i], rig_push };
			assert_int_equal(ic_exec_begin(p, p->root, &cfg, &sink[i], &x[i], NULL), IC_OK);
		}
		assert_int_equal(ic_exec_together(x, RUNS + 1, &err), IC_OK);
		assert_int_equal(r.readings, 2); /* the join's left side */
		for (unsigned i = 0; i < RUNS; i++) {
			assert_int_equal(ic_exec_end(x[i], NULL, &err), i == 2 ? IC_E_NOMEM : IC_OK);
			ic_buf_clear(&out[i].text);
			ic_arena_clear(&out[i].arena);
			ic_plan_clear(&plan[i]);
		}
		assert_int_equal(out[0].rows, 32);
		assert_int_equal(out[1].rows, 5);
		assert_int_equal(out[2].rows, 0);
		assert_true(out[3].rows > ROWS / 2);
		assert_int_equal(little.used, 0);
	}
}

/* A memory limit is an error, not a crash, and all of the memory is given back. */
static void test_budget(void **state)
{
	static const uint32_t key[] = { TIME };
	static rig r;
	ic_plan p;
	(void)state;
	ic_plan_init(&p, NULL);
	p.language = IC_FN_KQL;
	ic_op *roots[2] = { summarize(&p, scan(&p), key, 1, several, 8),
			    sort(&p, scan(&p), IC_OP_SORT, key, 1, 0) };
	for (unsigned i = 0; i < 2; i++) {
		/* both go to files with a little memory: this is less than they can begin with */
		ic_budget budget = { .limit = i ? 100000 : 200000 };
		ic_exec_config cfg = { .source = rig_source(&r), .threads = 3, .budget = &budget };
		rig_out out = { .most = 0 };
		const ic_sink sink = { &out, rig_push };
		ic_error err = { .code = IC_OK };
		memset(&r, 0, sizeof r);
		r.units = 90;
		r.chunk_rows = 512;
		ic_buf_init(&out.text, 0);
		p.root = roots[i];
		assert_int_equal(ic_exec_run(&p, &cfg, &sink, NULL, &err), IC_E_NOMEM);
		assert_int_equal(err.code, IC_E_NOMEM);
		assert_int_equal(budget.used, 0);
		assert_int_equal(out.rows, 0);
		ic_buf_clear(&out.text);
	}
	ic_plan_clear(&p);
}

/* Each allocation in turn fails: always an error, nothing is lost (the sanitizer looks). */
static void test_torture(void **state)
{
	static const uint32_t key[] = { NAME, PORT };
	static rig r;
	ic_plan p;
	(void)state;
	if (!test_is_of_use(1))
		skip();
	ic_plan_init(&p, NULL);
	p.language = IC_FN_KQL;
	ic_op *sum = summarize(&p, scan(&p), key, 2, several, 8);
	ic_op *some = filter(&p, sum, greater(&p, column(&p, sum, 2), 1));
	p.root = sort(&p, some, IC_OP_SORT, key, 2, 0);
	table.rows = 150;
	ic_status st = IC_E_NOMEM;
	uint32_t n = 0;
	for (; st == IC_E_NOMEM; n++) {
		rig_out out = { .most = 0 };
		ic_error err = { .code = IC_OK };
		memset(&r, 0, sizeof r);
		r.units = 5;
		r.chunk_rows = 40;
		r.some_void = true;
		ic_alloc_fail_after(0);
		for (unsigned i = 0; i < RIG_WORKERS; i++)
			ic_arena_init(&r.arena[i], 1 << 20, NULL);
		/* the source's own memory is not what is tested */
		assert_non_null(ic_arena_alloc(&r.arena[0], 1));
		ic_exec_config cfg = { .source = rig_source(&r), .threads = 1 };
		const ic_sink sink = { &out, rig_count };
		ic_alloc_fail_after(n + 1);
		st = ic_exec_run(&p, &cfg, &sink, NULL, &err);
		ic_alloc_fail_after(0);
		rig_close(&r, false); /* where the run did not come to it */
		assert_true(st == IC_OK || (st == IC_E_NOMEM && err.code == IC_E_NOMEM));
		assert_true(st != IC_OK || out.rows > 10);
	}
	assert_true(n > 50);
	table.rows = ROWS;
	ic_plan_clear(&p);
}

/* ---- screens ------------------------------------------------------------------------------- */

static void count_first(rig *r, ic_plan *p, unsigned threads, uint64_t room)
{
	ic_exec_config cfg = rig_config(r, threads);
	ic_error err = { .code = IC_OK };
	ic_exec *x = NULL;
	assert_int_equal(ic_screen_new(p->root, room, &cfg, &r->screen), IC_OK);
	assert_non_null(r->screen);
	assert_int_equal(ic_screen_begin(r->screen, p, &cfg, &x, &err), IC_OK);
	assert_int_equal(ic_exec_together(&x, 1, &err), IC_OK);
	assert_int_equal(ic_exec_end(x, NULL, &err), IC_OK);
}

/* The rows that reach `of` (may be NULL) are fewer, those that come out are the same, however it is cut. */
static void same_with_screen(ic_plan *p, const ic_op *of)
{
	static rig r;
	same_in_all_ways(p);
	for (unsigned i = 0; i < 3 * RIG_WAYS; i++) {
		const rig_way *way = &rig_ways[i % RIG_WAYS];
		rig_out out = { .most = 0 };
		ic_error err = { .code = IC_OK };
		ic_op_counts counts[16];
		if (!test_is_of_use(way->threads))
			continue;
		memset(&r, 0, sizeof r);
		r.units = way->units;
		r.chunk_rows = way->chunk_rows;
		r.some_void = way->some_void;
		count_first(&r, p, way->threads, UINT64_C(1) << 8 * (i / RIG_WAYS));
		assert_int_equal(rig_run(&r, p, way->threads, &out, counts, &err), IC_OK);
		assert_string_equal(out.text.p, first_text);
		if (of && i >= 2 * RIG_WAYS) /* more cells than keys */
			assert_true(counts[of->id].in < ROWS / 2);
		ic_screen_free(r.screen);
		ic_buf_clear(&out.text);
	}
}

static ic_op *groups(ic_plan *p, ic_op *in)
{
	static const uint32_t keys[] = { SRC, NAME, PORT };
	static const agg_spec aggs[] = { { IC_AGG_COUNT, IC_Q_LONG, 0, { 0 }, 0 },
					 { IC_AGG_SUM, IC_Q_LONG, 1, { SIZE }, 0 },
					 { IC_AGG_SUM, IC_Q_LONG, 1, { PORT }, 0 } };
	return summarize(p, in, keys, 3, aggs, 3);
}

static void test_screens(void **state)
{
	(void)state;
	for (uint32_t c = 3; c < 6; c += 2) { /* count(), a sum of few */
		ic_plan p;
		ic_plan_init(&p, NULL);
		p.language = IC_FN_KQL;
		ic_op *t = scan(&p), *s = groups(&p, filter(&p, t, greater(&p, column(&p, t, TIME), 0)));
		ic_op *f = filter(&p, s, greater(&p, column(&p, s, 4), -100000));
		p.root = filter(&p, f, greater(&p, column(&p, f, c), c == 3 ? 20 : 90));
		same_with_screen(&p, s);
		assert_true(lines(first_text) > 10 && lines(first_text) < 300);
		ic_plan_clear(&p);
	}
}

/* A sum of numbers of which some are negative: their groups stay. */
static void test_screen_of_negatives(void **state)
{
	ic_plan p;
	(void)state;
	ic_plan_init(&p, NULL);
	p.language = IC_FN_KQL;
	static const uint32_t key[] = { TIME };
	static const agg_spec sum = { IC_AGG_SUM, IC_Q_LONG, 1, { SIZE }, 0 };
	ic_op *t = scan(&p), *s = summarize(&p, t, key, 1, &sum, 1);
	p.root = filter(&p, s, greater(&p, column(&p, s, 1), 200));
	same_with_screen(&p, NULL);
	ic_plan_clear(&p);
}

static void no_screen(const ic_op *root)
{
	const ic_exec_config cfg = { .threads = 2 };
	ic_screen *s = NULL;
	assert_int_equal(ic_screen_new(root, 256, &cfg, &s), IC_OK);
	assert_null(s);
}

/* Where rows that are left out could be missed. */
static void test_no_screens(void **state)
{
	ic_plan p;
	(void)state;
	ic_plan_init(&p, NULL);
	p.language = IC_FN_KQL;
	ic_op *t = scan(&p), *s = groups(&p, t);
	no_screen(s);
	no_screen(filter(&p, s, greater(&p, column(&p, s, 3), 0)));
	ic_expr *other = greater(&p, column(&p, s, 3), 20);
	other->call.fn = IC_FN_LT;
	no_screen(filter(&p, s, other));
	other->call.fn = IC_FN_NE;
	no_screen(filter(&p, s, other));
	ic_op *f = filter(&p, take(&p, s, 5), greater(&p, column(&p, s, 3), 20));
	no_screen(f);
	f->in = s;
	const ic_exec_config cfg = { .threads = 2 };
	ic_screen *screen = NULL;
	assert_int_equal(ic_screen_new(f, 256, &cfg, &screen), IC_OK);
	assert_non_null(screen);
	ic_screen_free(screen);
	/* rows that are drawn by lot, or picked by their place */
	ic_expr *lot = ic_expr_call(&p, here, IC_FN_RAND, IC_Q_REAL, 0);
	s->in = filter(&p, t, greater(&p, lot, 0));
	no_screen(f);
	s->in = take(&p, t, 100);
	no_screen(f);
	s->in = t;
	/* somebody else reads all groups */
	ic_op *both = ic_op_new(&p, IC_OP_UNION, here, "union", NULL);
	ic_op *in[] = { f, s };
	both->out = s->out;
	both->united.in = in;
	both->united.inputs = 2;
	no_screen(both);
	ic_plan_clear(&p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_filter),
		cmocka_unit_test(test_take_stops),
		cmocka_unit_test(test_groups),
		cmocka_unit_test(test_few_groups),
		cmocka_unit_test(test_outermost),
		cmocka_unit_test(test_many_aggregates),
		cmocka_unit_test(test_wide_keys),
		cmocka_unit_test(test_sort),
		cmocka_unit_test(test_torture),
		cmocka_unit_test(test_union),
		cmocka_unit_test(test_budget),
		cmocka_unit_test(test_shared_reading),
		cmocka_unit_test(test_together),
		cmocka_unit_test(test_screens),
		cmocka_unit_test(test_screen_of_negatives),
		cmocka_unit_test(test_no_screens),
	};
	int failed = cmocka_run_group_tests(tests, fill, NULL);
	free(first_text);
	return failed;
}
