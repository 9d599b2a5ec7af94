/* SPDX-License-Identifier: Apache-2.0 */
/* Columns of cells: every level gives what the scalar one gives, and that is what base parses. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../test.h"
#include "base/num.h"
#include "base/time.h"
#include "source/text/zeek_cells.h"

#define ROWS	 203 /* not a multiple of anything */
#define CELL_MAX 40

/* A column of cells between others, laid out as the reader does. */
typedef struct sheet {
	char text[ROWS * (CELL_MAX + 4) + IC_CELLS_PAD];
	size_t n;
	uint16_t next[1 + 3 * ROWS], first[ROWS];
	ic_zeek_cells cells;
} sheet;

static void add(sheet *s, uint32_t row, const char *cell)
{
	const char *const cells[3] = { "x", cell, "" };
	s->first[row] = (uint16_t)(3 * row);
	for (uint32_t i = 0; i < 3; i++) {
		size_t n = strlen(cells[i]);
		assert_true(n <= CELL_MAX);
		memcpy(s->text + s->n, cells[i], n);
		s->n += n;
		s->text[s->n++] = i == 2 ? '\n' : '\t';
		s->next[3 * row + i + 1] = (uint16_t)s->n;
	}
}

static sheet *make_sheet(void (*cell)(uint64_t *seed, char *out), uint64_t seed)
{
	sheet *s = calloc(1, sizeof(*s));
	assert_non_null(s);
	char text[CELL_MAX + 1];
	for (uint32_t row = 0; row < ROWS; row++) {
		cell(&seed, text);
		add(s, row, text);
		size_t n = strlen(text);
		if (n && test_random(&seed) % 16 == 0) /* a NUL, which is no end */
			s->text[s->n - 2 - n + test_random(&seed) % n] = '\0';
	}
	s->cells = (ic_zeek_cells){ s->text, s->next, s->first, ROWS, 1 };
	return s;
}

/* One byte of most cells is spoilt, or one is cut off or added. */
static void spoil(uint64_t *seed, char *out)
{
	static const char rubbish[] = "0123456789.-+ :eE/;\x7f\x80\xff";
	size_t n = strlen(out);
	uint64_t roll = test_random(seed) % 8;
	if (n == 0 || roll > 3)
		return;
	if (roll == 0)
		out[n - 1] = '\0';
	else
		out[test_random(seed) % n] = rubbish[test_random(seed) % (sizeof(rubbish) - 1)];
	if (roll == 3 && n < CELL_MAX)
		snprintf(out + n, CELL_MAX + 1 - n, "%c", rubbish[test_random(seed) % 10]);
}

static void time_cell(uint64_t *seed, char *out)
{
	snprintf(out, CELL_MAX, "%010llu.%06llu", (unsigned long long)(test_random(seed) % 10000000000u),
		 (unsigned long long)(test_random(seed) % 1000000));
	spoil(seed, out);
}

static void count_cell(uint64_t *seed, char *out)
{
	snprintf(out, CELL_MAX, "%llu", (unsigned long long)(test_random(seed) >> (test_random(seed) % 64)));
	spoil(seed, out);
}

static void real_cell(uint64_t *seed, char *out)
{
	snprintf(out, CELL_MAX, "%llu.%06llu",
		 (unsigned long long)(test_random(seed) >> (10 + test_random(seed) % 54)),
		 (unsigned long long)(test_random(seed) % 1000000));
	spoil(seed, out);
}

/* IPv6 with runs of zeros, now and then with a colon too many. */
static void groups_cell(uint64_t *seed, char *out)
{
	ic_ip ip;
	const uint64_t zeros = test_random(seed);
	for (unsigned i = 0; i < sizeof(ip.b); i++)
		ip.b[i] = (uint8_t)(zeros >> (i / 2) & 1 ? 0 : test_random(seed) >> (8 + i % 5));
	char text[46];
	const size_t n = ic_ip_format(&ip, text);
	for (size_t i = 0; i < n; i++)
		if (text[i] >= 'a' && zeros >> 32 & 1)
			text[i] = (char)(text[i] - 'a' + 'A');
	if ((zeros >> 33) % 8 == 0)
		text[test_random(seed) % n] = ':';
	snprintf(out, CELL_MAX, "%.39s", text);
}

static void ip_cell(uint64_t *seed, char *out)
{
	unsigned part[4];
	for (unsigned i = 0; i < 4; i++)
		part[i] = (unsigned)(test_random(seed) % 300) >> (test_random(seed) % 9);
	snprintf(out, CELL_MAX, "%u.%u.%u.%u", part[0], part[1], part[2], part[3]);
	if (test_random(seed) % 4 == 0)
		groups_cell(seed, out);
	spoil(seed, out);
}

typedef size_t (*convert)(ic_simd, const ic_zeek_cells *, void *, uint16_t *);
typedef bool (*oracle)(ic_str cell, const void *value);

/* Every level gives the same odd rows and the same values; values are those of the oracle. */
static void check_levels(const sheet *s, convert f, size_t size, oracle value_is, size_t *regular)
{
	static char out[ROWS * 16], expected[ROWS * 16];
	static uint16_t odd[ROWS + IC_CELLS_PAD], odd_expected[ROWS + IC_CELLS_PAD];
	size_t n = f(IC_SIMD_SCALAR, &s->cells, expected, odd_expected);
	for (size_t row = 0, k = 0; row < ROWS; row++) {
		if (k < n && odd_expected[k] == row) {
			k++;
			continue;
		}
		if (!value_is(ic_zeek_cells_at(&s->cells, (uint32_t)row), expected + row * size))
			fail_msg("row %zu: %.*s", row, (int)ic_zeek_cells_at(&s->cells, (uint32_t)row).n,
				 ic_zeek_cells_at(&s->cells, (uint32_t)row).p);
		++*regular;
	}
	for (int level = IC_SIMD_128; level <= (int)ic_cpu_simd(); level++) {
		assert_int_equal(f((ic_simd)level, &s->cells, out, odd), n);
		assert_memory_equal(odd, odd_expected, n * sizeof(odd[0]));
		for (size_t row = 0, k = 0; row < ROWS; row++) {
			if (k < n && odd[k] == row)
				k++;
			else
				assert_memory_equal(out + row * size, expected + row * size, size);
		}
	}
}

static bool time_value(ic_str cell, const void *value)
{
	int64_t v;
	return ic_time_from_epoch_text(cell, &v) && memcmp(&v, value, sizeof(v)) == 0;
}

static bool count_value(ic_str cell, const void *value)
{
	int64_t v;
	return ic_parse_i64(cell, &v) && memcmp(&v, value, sizeof(v)) == 0;
}

static bool real_value(ic_str cell, const void *value)
{
	char text[CELL_MAX + 1];
	memcpy(text, cell.p, cell.n);
	text[cell.n] = '\0';
	double v = strtod(text, NULL);
	return memcmp(&v, value, sizeof(v)) == 0;
}

static bool ip_value(ic_str cell, const void *value)
{
	ic_ip ip;
	return ic_ip_parse(cell, &ip) && memcmp(&ip, value, sizeof(ip)) == 0;
}

static size_t times(ic_simd level, const ic_zeek_cells *c, void *out, uint16_t *odd)
{
	return ic_zeek_cells_time(level, c, out, odd);
}

static size_t counts(ic_simd level, const ic_zeek_cells *c, void *out, uint16_t *odd)
{
	return ic_zeek_cells_count(level, c, out, odd);
}

static size_t reals(ic_simd level, const ic_zeek_cells *c, void *out, uint16_t *odd)
{
	return ic_zeek_cells_real(level, c, out, odd);
}

static size_t ips(ic_simd level, const ic_zeek_cells *c, void *out, uint16_t *odd)
{
	return ic_zeek_cells_ip(level, c, out, odd);
}

static void levels_agree(void **state)
{
	(void)state;
	static const struct {
		void (*cell)(uint64_t *seed, char *out);
		convert f;
		size_t size;
		oracle value_is;
	} kinds[] = {
		{ time_cell, times, 8, time_value },
		{ count_cell, counts, 8, count_value },
		{ real_cell, reals, 8, real_value },
		{ ip_cell, ips, 16, ip_value },
	};
	for (size_t k = 0; k < 4; k++) {
		size_t regular = 0;
		for (uint64_t seed = 1; seed <= 60; seed++) {
			sheet *s = make_sheet(kinds[k].cell, seed * 977);
			check_levels(s, kinds[k].f, kinds[k].size, kinds[k].value_is, &regular);
			free(s);
		}
		assert_in_range(regular, ROWS * 10, ROWS * 59); /* the test met both sides */
	}
}

/* The forms that the header names, and those that it leaves out, at every level. */
static void forms(void **state)
{
	(void)state;
	static const struct {
		const char *cell;
		bool time, count, real, ip;
	} cases[] = {
		{ "1714521600.177274", true, false, false, false },
		{ "0000000000.000000", true, false, false, false },
		{ "171452160.177274", false, false, true, false },
		{ "0.312535", false, false, true, false },
		{ ".312535", false, false, false, false },
		{ "0.31253", false, false, false, false },
		{ "0", false, true, false, false },
		{ "9999999999999999", false, true, false, false },
		{ "10000000000000000", false, false, false, false },
		{ "-", false, false, false, false },
		{ "-5", false, false, false, false },
		{ "", false, false, false, false },
		{ "1.2.3.4", false, false, false, true },
		{ "255.255.255.255", false, false, false, true },
		{ "0.0.0.0", false, false, false, true },
		{ "256.1.1.1", false, false, false, false },
		{ "1.2.3.04", false, false, false, false },
		{ "01.2.3.4", false, false, false, false },
		{ "1.2.3", false, false, false, false },
		{ "1.2.3.4.5", false, false, false, false },
		{ "1..2.3", false, false, false, false },
		{ "fd12:3456:789a:1::b", false, false, false, true },
		{ "::", false, false, false, true },
		{ "::1", false, false, false, true },
		{ "FE80::", false, false, false, true },
		{ "fe80::1%eth0", false, false, false, true },
		{ "::ffff:1.2.3.4", false, false, false, true },
		{ "1:2:3:4:5:6:7:8", false, false, false, true },
		{ "1111:2222:3333:4444:5555:6666:7777:8888", false, false, false, true },
		{ "1111:2222:3333:4444:5555:6666:7777:88889", false, false, false, false },
		{ "1:2:3:4:5:6:7", false, false, false, false },
		{ "1:2:3:4:5:6:7:8:9", false, false, false, false },
		{ "1::3:4:5:6:7:8", false, false, false, true },
		{ "1::2:3:4:5:6:7:8", false, false, false, false },
		{ "1:::2", false, false, false, false },
		{ "::1::", false, false, false, false },
		{ ":1:2:3:4:5:6:7", false, false, false, false },
		{ "1:2:3:4:5:6:7:", false, false, false, false },
		{ ":", false, false, false, false },
		{ "12345::", false, false, false, false },
		{ "g::", false, false, false, false },
		{ "1.2.3.4 and a text that is long", false, false, false, false },
	};
	const uint32_t n = sizeof(cases) / sizeof(cases[0]);
	static char out[ROWS * 16];
	static uint16_t odd[ROWS + IC_CELLS_PAD];
	const convert kinds[] = { times, counts, reals, ips };
	sheet *s = calloc(1, sizeof(*s));
	assert_non_null(s);
	for (uint32_t i = 0; i < n; i++)
		add(s, i, cases[i].cell);
	s->cells = (ic_zeek_cells){ s->text, s->next, s->first, n, 1 };
	for (int level = IC_SIMD_SCALAR; level <= (int)ic_cpu_simd(); level++)
		for (size_t k = 0; k < 4; k++) {
			size_t found = kinds[k]((ic_simd)level, &s->cells, out, odd), at = 0;
			for (uint32_t i = 0; i < n; i++) {
				const bool wanted[] = { cases[i].time, cases[i].count, cases[i].real,
							cases[i].ip };
				bool is_odd = at < found && odd[at] == i;
				at += is_odd;
				if (is_odd == wanted[k])
					fail_msg("kind %zu, level %d: %s", k, level, cases[i].cell);
			}
		}
	free(s);
}

static void texts(void **state)
{
	(void)state;
	sheet *s = calloc(1, sizeof(*s));
	assert_non_null(s);
	static const char *const cells[] = { "tcp", "-", "", "(empty)", "a-b" };
	for (uint32_t i = 0; i < 5; i++)
		add(s, i, cells[i]);
	s->cells = (ic_zeek_cells){ s->text, s->next, s->first, 5, 1 };
	uint8_t odd_first[256] = { ['-'] = 1, ['('] = 1, ['\t'] = 1 };
	ic_str out[5];
	uint16_t odd[5 + IC_CELLS_PAD];
	assert_int_equal(ic_zeek_cells_text(&s->cells, odd_first, out, odd), 3);
	assert_int_equal(odd[0], 1);
	assert_int_equal(odd[1], 2);
	assert_int_equal(odd[2], 3);
	for (uint32_t i = 0; i < 5; i++)
		assert_true(ic_str_eq(out[i], ic_str_of(cells[i])));
	free(s);
}

static int prepare(void **state)
{
	(void)state;
	ic_zeek_cells_prepare();
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(levels_agree),
		cmocka_unit_test(forms),
		cmocka_unit_test(texts),
	};
	return cmocka_run_group_tests(tests, prepare, NULL);
}
