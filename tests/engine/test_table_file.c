/* SPDX-License-Identifier: Apache-2.0 */
/* Files as tables: what a file is, its records however they are cut, its cells. */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include <zlib.h>

#include "engine/table_file.h"
#include "test.h"

static char path[] = "/tmp/ictus-table-XXXXXX";

static int make_file(void **state)
{
	(void)state;
	int fd = mkstemp(path);
	return fd < 0 ? -1 : close(fd);
}

static int remove_file(void **state)
{
	(void)state;
	return unlink(path);
}

static void write_file(const char *text, size_t n)
{
	FILE *f = fopen(path, "wb");
	assert_non_null(f);
	assert_int_equal(fwrite(text, 1, n, f), n);
	assert_int_equal(fclose(f), 0);
}

static ic_budget budget;

static ic_table_file *open_text(const char *text)
{
	ic_table_file *f = NULL;
	ic_error err = { 0 };
	ic_schema none = { 0 };
	write_file(text, strlen(text));
	assert_int_equal(ic_table_file_open(path, &none, false, &budget, &f, &err), IC_OK);
	assert_non_null(f);
	return f;
}

static void check_column(const ic_table_file *f, uint32_t i, const char *name, ic_qtype type)
{
	assert_true(i < f->schema.n);
	assert_int_equal(f->schema.column[i].name.n, strlen(name));
	assert_memory_equal(f->schema.column[i].name.p, name, strlen(name));
	assert_int_equal(f->schema.column[i].type, type);
}

static void kinds(void **state)
{
	(void)state;
	static const struct {
		const char *text;
		ic_table_kind kind;
		uint32_t columns;
	} cases[] = {
		{ "", IC_TABLE_EMPTY, 0 },
		{ " \n\t\n", IC_TABLE_EMPTY, 0 },
		{ "a,b\n1,2\n", IC_TABLE_CSV, 2 },
		{ "a;b;c\n1;2;3\n", IC_TABLE_CSV, 3 },
		{ "\xef\xbb\xbf"
		  "a\n1\n",
		  IC_TABLE_CSV, 1 },
		{ "{\"a\":1}\n{\"b\":2}\n", IC_TABLE_NDJSON, 2 },
		{ "[{\"a\":1},{\"b\":2}]", IC_TABLE_ARRAY, 2 },
		{ "{\"columns\":[{\"name\":\"a\",\"type\":\"int\"}],\"rows\":[[1]]}", IC_TABLE_TYPED, 1 },
		{ "{\"rows\":[[1]],\n\"columns\":[{\"name\":\"a\",\"type\":\"int\"}]}\n", IC_TABLE_TYPED, 1 },
		{ "{\"rows\":1,\"columns\":2,\"x\":3}\n", IC_TABLE_NDJSON, 3 },
		{ "{\"columns\":1}\n{\"rows\":1}\n", IC_TABLE_NDJSON, 2 },
	};
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		ic_table_file *f = open_text(cases[i].text);
		assert_int_equal(f->kind, cases[i].kind);
		assert_int_equal(f->schema.n, cases[i].columns);
		ic_table_file_close(f);
	}
}

static void types(void **state)
{
	(void)state;
	ic_table_file *f =
	    open_text("{\"w\":1,\"r\":1,\"b\":true,\"t\":\"2024-05-01T00:00:00Z\",\"s\":\"x\",\"d\":[],"
		      "\"m\":1,\"n\":null,\"e\":\"2024-05-01T00:00:00Z\"}\n"
		      "{\"r\":2.5,\"m\":\"x\",\"t\":null,\"e\":\"later\",\"q\\u0041\":5}\n");
	check_column(f, 0, "w", IC_Q_LONG);
	check_column(f, 1, "r", IC_Q_REAL);
	check_column(f, 2, "b", IC_Q_BOOL);
	check_column(f, 3, "t", IC_Q_DATETIME);
	check_column(f, 4, "s", IC_Q_STRING);
	check_column(f, 5, "d", IC_Q_DYNAMIC);
	check_column(f, 6, "m", IC_Q_STRING);
	check_column(f, 7, "n", IC_Q_STRING);
	check_column(f, 8, "e", IC_Q_STRING);
	check_column(f, 9, "qA", IC_Q_LONG);
	ic_table_file_close(f);
	f = open_text("a,b,a,zip,t\n1,2.5,x,007,2024-05-01 00:00:00\n");
	check_column(f, 0, "a", IC_Q_LONG);
	check_column(f, 1, "b", IC_Q_REAL);
	check_column(f, 2, "zip", IC_Q_STRING);
	check_column(f, 3, "t", IC_Q_DATETIME);
	ic_table_file_close(f);
}

/* All records of all parts, in order, joined by '|'. */
static void all_records(const ic_table_file *f, uint64_t parts, char *to, size_t room)
{
	size_t n = 0;
	ic_error err = { 0 };
	for (uint64_t part = 0; part < parts; part++) {
		ic_records r;
		ic_str record;
		bool more = true;
		assert_int_equal(ic_records_begin(&r, f, part, &err), IC_OK);
		while (more || !r.done) {
			if (ic_records_next(&r, &record, &more)) {
				assert_true(n + record.n + 2 < room);
				memcpy(to + n, record.p, record.n);
				n += record.n;
				to[n++] = '|';
			} else if (more) {
				assert_int_equal(ic_records_fill(&r, &err), IC_OK);
			}
		}
		ic_records_end(&r);
	}
	to[n] = 0;
}

/* Lines of random length over the borders of parts: each comes once, in order. */
static void parts_have_each_line_once(void **state)
{
	(void)state;
	uint64_t seed = 7;
	size_t room = 3 * (size_t)IC_TABLE_UNIT, n = 0;
	char *text = malloc(room), *got = malloc(room), *want = malloc(room);
	size_t w = 0;
	assert_true(text && got && want);
	for (unsigned line = 0; n + 70000 < room; line++) {
		size_t fill = test_random(&seed) % (line % 9 == 0 ? 60000 : 300);
		int k = snprintf(text + n, 64, "{\"n\":%u,\"x\":\"", line);
		memcpy(want + w, text + n, (size_t)k);
		memset(text + n + k, 'a' + (int)(line % 26), fill);
		memset(want + w + k, 'a' + (int)(line % 26), fill);
		n += (size_t)k + fill;
		w += (size_t)k + fill;
		memcpy(text + n, line % 5 ? "\"}\n" : "\"}\r\n", 4);
		memcpy(want + w, "\"}|", 3);
		n += line % 5 ? 3 : 4;
		w += 3;
	}
	want[w] = 0;
	write_file(text, n);
	ic_table_file *f = NULL;
	ic_error err = { 0 };
	ic_schema none = { 0 };
	assert_int_equal(ic_table_file_open(path, &none, false, &budget, &f, &err), IC_OK);
	assert_true(ic_table_can_cut(f));
	assert_true(f->size > 2 * (uint64_t)IC_TABLE_UNIT);
	all_records(f, (f->size + IC_TABLE_UNIT - 1) / IC_TABLE_UNIT, got, room);
	assert_string_equal(got, want);
	ic_table_file_close(f);
	free(text);
	free(got);
	free(want);
}

static void json_steps(void **state)
{
	(void)state;
	static const struct {
		const char *text;
		const char *want; /* name=value; ... and ! if it is no object */
	} cases[] = {
		{ "{}", "" },
		{ " { } ", "" },
		{ "{\"a\":1,\"b\" : \"x,}\\\"\" , \"c\":{\"d\":[1,{}]}}",
		  "a=1;b=\"x,}\\\"\";c={\"d\":[1,{}]};" },
		{ "{\"ab\":1,\"a\":2, \"a\" :3,\"\":4}", "ab=1;a=2;a=3;=4;" },
		{ "{\"a\\\":1\":1}", "a\\\":1=1;" },
		{ "{\"a\":1", "a=1;!" },
		{ "{\"a\":", "!" },
		{ "{\"a\"", "!" },
		{ "{\"a\":1}x", "a=1;!" },
		{ "{\"a\" 1}", "!" },
		{ "{\"a\":}", "!" },
		{ "{\"a\":1,}", "a=1;!" },
		{ "{a:1}", "!" },
		{ "[1]", "!" },
		{ "", "!" },
		{ "{\"a\":\"", "!" },
		{ "{\"a\":[1,2}", "a=[1,2};!" },
	};
	/* whatever name was thought to be likely */
	static const char *const likely[] = { NULL, "a", "ab", "b", "", "abc" };
	for (size_t i = 0; i < sizeof cases / sizeof *cases * 6; i++) {
		const char *text = cases[i / 6].text;
		char got[256] = "";
		size_t at = 0;
		ic_str name, value;
		bool bad;
		while (ic_record_name(ic_str_of(text), &at, ic_str_of(likely[i % 6]), &name, &bad) &&
		       ic_record_value(ic_str_of(text), &at, &value, &bad))
			(void)snprintf(got + strlen(got), sizeof got - strlen(got), "%.*s=%.*s;", (int)name.n,
				       name.p, (int)value.n, value.p);
		if (bad)
			strcat(got, "!"); /* NOLINT */
		assert_string_equal(got, cases[i / 6].want);
	}
}

static void check_cell(ic_arena *a, ic_qtype type, const char *json, const char *want)
{
	bool fits;
	ic_value v = ic_cell_of_json(a, type, ic_str_of(json), &fits);
	ic_str text = ic_value_text(a, &v);
	char got[128];
	(void)snprintf(got, sizeof got, "%s%.*s", fits ? "" : "no ", v.null ? 4 : (int)text.n,
		       v.null ? "null" : text.p);
	assert_string_equal(got, want);
}

static void json_cells(void **state)
{
	(void)state;
	ic_arena a;
	ic_arena_init(&a, 0, NULL);
	check_cell(&a, IC_Q_LONG, "9223372036854775807", "9223372036854775807");
	check_cell(&a, IC_Q_LONG, "9223372036854775808", "no null");
	check_cell(&a, IC_Q_LONG, "5.0", "5");
	check_cell(&a, IC_Q_LONG, "5.5", "no null");
	check_cell(&a, IC_Q_LONG, "\"5\"", "no null");
	check_cell(&a, IC_Q_LONG, "null", "null");
	check_cell(&a, IC_Q_INT, "2147483648", "no null");
	check_cell(&a, IC_Q_REAL, "\"-Infinity\"", "-Infinity");
	check_cell(&a, IC_Q_REAL, "\"1\"", "no null");
	check_cell(&a, IC_Q_BOOL, "1", "no null");
	check_cell(&a, IC_Q_BOOL, "false", "False");
	check_cell(&a, IC_Q_STRING, "12", "12");
	check_cell(&a, IC_Q_STRING, "\"a\\u0041\"", "aA");
	check_cell(&a, IC_Q_STRING, "\"bad\\x\"", "no null");
	check_cell(&a, IC_Q_DYNAMIC, "{\"a\":[1]}", "{\"a\":[1]}");
	check_cell(&a, IC_Q_DYNAMIC, "{\"a\":", "no null");
	check_cell(&a, IC_Q_TIMESPAN, "\"1.02:03:04\"", "1.02:03:04");
	check_cell(&a, IC_Q_DATETIME, "7", "no null");
	check_cell(&a, IC_Q_DECIMAL, "1.50", "1.50");
	ic_arena_clear(&a);
}

/* What a read error leaves of a line is no row, of packed files as of others. */
static void a_line_cut_by_an_error_is_no_row(void **state)
{
	(void)state;
	static const char *const heads[] = { "a,b\n", "{\"a\":\"head\"}\n" };
	static const char *const lines[] = { "1000,20000000\n", "{\"a\":100000}\n" };
	enum { LINES = 300000 };
	for (int i = 0; i < 4; i++) {
		const char *line = lines[i / 2];
		gzFile z = gzopen(path, i % 2 ? "wb0" : "wbT");
		assert_non_null(z);
		assert_true(gzputs(z, heads[i / 2]) > 0);
		for (int k = 0; k < LINES; k++)
			assert_true(gzputs(z, line) > 0);
		assert_int_equal(gzclose(z), Z_OK);
		ic_table_file *f = NULL;
		ic_error err = { 0 };
		ic_schema none = { 0 };
		ic_records r;
		ic_str record;
		bool more = false;
		assert_int_equal(ic_table_file_open(path, &none, false, &budget, &f, &err), IC_OK);
		assert_int_equal(ic_records_begin(&r, f, 0, &err), IC_OK);
		for (int fills = 0; !r.done;) {
			if (ic_records_next(&r, &record, &more)) {
				if (r.number > 1)
					assert_int_equal(strncmp(record.p, line, strlen(line)), 0);
				continue;
			}
			if (more && fills++ == 1) {
				assert_int_equal(close(r.fd), 0);
				r.fd = -1;
			}
			if (more)
				assert_int_equal(ic_records_fill(&r, &err), IC_OK);
		}
		assert_true(r.damaged);
		assert_int_equal(r.why.code, IC_E_IO);
		assert_in_range(r.number, 1000, LINES - 1);
		ic_records_end(&r);
		ic_table_file_close(f);
	}
}

static void add_member(const char *mode, const char *text)
{
	gzFile z = gzopen(path, mode);
	assert_non_null(z);
	assert_true(gzputs(z, text) > 0);
	assert_int_equal(gzclose(z), Z_OK);
}

/* Where the start of a CSV file is damaged a row is not taken for the names of the columns. */
static void names_that_are_lost(void **state)
{
	(void)state;
	static const char *const texts[] = { "a,b\n1,2\n", "{\"a\":1,\"b\":2}\n" };
	static const char *const others[] = { "3,4\n5,6\n", "{\"a\":3,\"b\":4}\n" };
	enum { DATA = 10, NO_BLOCK = 7 };
	for (int i = 0; i < 2; i++) {
		add_member("wb", texts[i]);
		add_member("ab", others[i]);
		FILE *z = fopen(path, "rb+");
		assert_non_null(z);
		assert_int_equal(fseek(z, DATA, SEEK_SET), 0);
		assert_int_equal(fputc(NO_BLOCK, z), NO_BLOCK);
		assert_int_equal(fclose(z), 0);
		ic_table_file *f = NULL;
		ic_error err = { 0 };
		ic_schema none = { 0 };
		const ic_status st = ic_table_file_open(path, &none, false, &budget, &f, &err);
		assert_int_equal(st, i == 0 ? IC_E_NOINPUT : IC_OK);
		if (st == IC_OK)
			check_column(f, 0, "a", IC_Q_LONG);
		else
			assert_non_null(strstr(err.message, "the names of the columns are lost"));
		ic_table_file_close(f);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(kinds),
		cmocka_unit_test(types),
		cmocka_unit_test(parts_have_each_line_once),
		cmocka_unit_test(json_steps),
		cmocka_unit_test(json_cells),
		cmocka_unit_test(a_line_cut_by_an_error_is_no_row),
		cmocka_unit_test(names_that_are_lost),
	};
	return cmocka_run_group_tests(tests, make_file, remove_file);
}
