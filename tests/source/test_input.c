/* SPDX-License-Identifier: Apache-2.0 */
#include "support.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>

#include "source/messages.h"

#define CONN_FIELDS                                                                                          \
	"#separator "                                                                                        \
	"\\x09\n#path\tconn\n#fields\tts\tuid\tid.orig_h\tid.orig_p\tid.resp_h\tid.resp_p\tproto\n"

static ic_status open_paths(const char *const *paths, size_t n, ic_input **in, ic_error *err)
{
	ic_input_request req = request_of(paths, n, 1);
	*err = (ic_error){ 0 };
	return ic_input_open(&req, in, err);
}

/* Opens one path that gives nothing: the place and the message. */
static void check_nothing(const char *path, const char *message)
{
	ic_input *in = NULL;
	ic_error err;
	assert_int_equal(open_paths(&path, 1, &in, &err), IC_E_NOINPUT);
	assert_string_equal(err.message, message);
	assert_string_equal(err.file, path);
	assert_null(in);
}

static void test_nothing_readable(void **state)
{
	(void)state;
	check_nothing(path_of("missing.log"), "No such file or directory");
	assert_int_equal(mkdir(path_of("none"), 0755), 0);
	check_nothing(path_of("none"), "a folder without logs that ictus reads");
	put_file("none/binary",
		 "\x7f"
		 "ELF\0\0\1\2\3",
		 9);
	put_text("none/readme", "hello\n");
	check_nothing(path_of("none"), "a folder without logs that ictus reads (2 other files)");
	check_nothing(path_of("none/binary"), "not a format that ictus reads");
	put_file("none/zip", "PK\3\4rest", 8);
	check_nothing(path_of("none/zip"), "a zip archive: unpack it first");
	put_file("none/wide.csv", "\xff\xfet\0i\0m\0e\0,\0", 12);
	check_nothing(path_of("none/wide.csv"), "UTF-16 text: convert it to UTF-8 first");
	check_nothing(put_text("none/prose", "Logs, as they come.\nNothing else\n"),
		      "not a format that ictus reads");
	check_nothing(put_text("none/ecs.json", "{\"@timestamp\":\"2024-05-01T10:00:00Z\",\"source\":{}}\n"),
		      "JSON with field names that ictus does not know: tell them by a field map (--map)");
	check_nothing(put_text("none/array.json", "[{\"ts\":1.0,\"uid\":\"C1\"}]\n"),
		      "JSON records in one document: write each on a line (jq -c)");
	check_nothing(
	    put_text("none/hits.json", "{\"hits\":{\"hits\":[{\"_source\":{\"ts\":1.0,\"uid\":\"C1\"}}]}}\n"),
	    "JSON records in one document: write each on a line (jq -c)");
	check_nothing(put_text("none/pretty.json", "{\n  \"ts\": 1.0,\n  \"uid\": \"C1\"\n}\n"),
		      "JSON records in one document: write each on a line (jq -c)");
	check_nothing(
	    put_text("none/inside.json", "{\"host\":\"h\",\"event\":{\"ts\":1.0,\"uid\":\"C1\"}}\n{}\n"),
	    "JSON records inside of others: take them out first (jq -c .NAME)");
	check_nothing(put_text("none/text.json", "{\"@timestamp\":\"x\",\"message\":\"{\\\"ts\\\":1.0}\"}\n"),
		      "JSON records in a text of others: take them out first (jq -r .NAME)");
	check_nothing(put_text("none/syslog", "<134>May  1 10:00:00 h zeek: {\"ts\":1.0,\"uid\":\"C1\"}\n"),
		      "JSON records behind other text: cut that off first (sed 's/^[^{]*//')");
	check_nothing(put_text("none/cef", "<134>May  1 10:00:00 h CEF:0|v|p|1|x|x|3|src=10.0.0.1\n"),
		      "CEF: write its fields as CSV or NDJSON, and a field map (--map)");
	check_nothing(put_text("none/w3c", "#Version: 1.0\n#Fields: date time c-ip\n"),
		      "a W3C log: write it as CSV, and a field map (--map)");
	put_file("none/short", "BZ", 2);
	check_nothing(path_of("none/short"), "not a format that ictus reads");
	check_nothing(
	    put_text("weird.log", "#separator \\x09\n#path\tweird\n#fields\tts\tuid\tname\n1.0\tC1\tx\n"),
	    "a log that ictus does not use");
	const char *hidden =
	    put_text("none/.hidden.log", CONN_FIELDS "1.0\tC1\t10.0.0.1\t1\t203.0.113.5\t443\ttcp\n");
	ic_input *in;
	ic_error err;
	assert_int_equal(open_paths(&hidden, 1, &in, &err), IC_OK); /* named, it is read */
	ic_input_free(in);
	in = NULL;
	ic_input_request req = request_of(&hidden, 1, 1);
	req.input_type = "xml";
	assert_int_equal(ic_input_open(&req, &in, &err), IC_E_USAGE);
	assert_string_equal(err.message, "unknown input type \"xml\"");
}

static void test_permission(void **state)
{
	(void)state;
	const char *path = put_text("secret.log", CONN_FIELDS);
	assert_int_equal(chmod(path, 0), 0);
	assert_int_equal(mkdir(path_of("closed"), 0), 0);
	assert_int_equal(chmod(folder, 0755), 0);
	uid_t me = geteuid();
	if (me == 0 && seteuid(65534) != 0)
		skip(); /* root, which may read everything, and nobody else to be */
	check_nothing(path, "Permission denied");
	check_nothing(path_of("closed"), "Permission denied");
	if (me == 0)
		assert_int_equal(seteuid(0), 0);
}

static void test_empty(void **state)
{
	(void)state;
	char packed[64];
	size_t n = gzip_member(packed, 0, sizeof(packed), "", 0);
	const char *paths[] = { put_text("empty.log", ""), put_file("empty.log.gz", packed, n) };
	ic_input *in;
	ic_unit *u;
	ic_error err;
	assert_int_equal(open_paths(paths, 2, &in, &err), IC_OK);
	assert_int_equal(ic_input_get_facts(in)->empty, 2);
	assert_int_equal(ic_input_get_facts(in)->files, 0);
	assert_int_equal(ic_input_next(in, &u, &err), IC_OK);
	assert_null(u);
	assert_int_equal(ic_input_report_count(in), 2);
	for (size_t i = 0; i < 2; i++) {
		assert_false(ic_input_report(in, i)->damaged);
		assert_int_equal(ic_input_report(in, i)->first_bad.code, IC_OK);
	}
	ic_input_free(in);
}

/* ---- damage ---- */

#define ROWS 3000
static char *rows_text(void)
{
	ic_buf b;
	ic_buf_init(&b, 0);
	ic_buf_puts(&b, CONN_FIELDS);
	for (int i = 0; i < ROWS; i++)
		ic_buf_printf(&b, "%d.%06d\tC%d\t10.0.0.%d\t%d\t203.0.113.%d\t443\ttcp\n", 1700000000 + i * 7,
			      i * 331 % 1000000, i, i % 250, 1024 + i, i % 13);
	ic_buf_putc(&b, '\0');
	return b.p;
}

static void check_damaged(const char *name, const void *bytes, size_t n, const char *message,
			  const char *whole)
{
	for (unsigned threads = 1; threads <= 2; threads++) {
		ic_file_report report;
		char *rows = rows_of(put_file(name, bytes, n), threads, &report);
		assert_true(report.damaged);
		assert_string_equal(report.first_bad.message, message);
		assert_string_equal(report.first_bad.file, path_of(name));
		assert_int_equal(report.first_bad.line, 0);
		assert_int_equal(report.bad, 0);
		assert_true(report.kept > 0 && report.kept <= ROWS);
		assert_memory_equal(rows, whole, strlen(rows)); /* the rows before it stay */
		ic_free(rows);
	}
}

static void test_damage(void **state)
{
	(void)state;
	char *text = rows_text();
	size_t n = strlen(text), room = n * 2;
	char *packed = ic_malloc(room);
	ic_file_report report;
	char *whole = rows_of(put_text("whole.log", text), 1, &report);
	assert_int_equal(report.kept, ROWS);
	size_t half = n / 2, first = gzip_member(packed, 0, room, text, half);
	size_t all = gzip_member(packed, first, room, text + half, n - half);
	check_damaged("cut.log.gz", packed, all - 100, IC_MSG_GZIP_CUT, whole);
	memcpy(packed + all, "tail", 4);
	check_damaged("tail.log.gz", packed, all + 4, IC_MSG_GZIP_TAIL, whole);
	memset(packed + first + 5000, 0xff, 200);
	check_damaged("corrupt.log.gz", packed, all, IC_MSG_GZIP_BAD, whole);
	/* damage at the very start */
	static const char start[] = "\x1f\x8b\x08\0\0\0\0\0\0\3\xff\xff\xff\xff\xff\xff\xff\xff";
	check_nothing(put_file("start.log.gz", start, sizeof(start)), IC_MSG_GZIP_BAD);
	first = zstd_frame(packed, 0, room, text, half);
	all = zstd_frame(packed, first, room, text + half, n - half);
	check_damaged("cut.log.zst", packed, all - 100, IC_MSG_ZSTD_CUT, whole);
	check_damaged("tail.log.zst", packed, first + 2, IC_MSG_ZSTD_TAIL, whole);
	ic_free(packed);
	ic_free(whole);
	ic_free(text);
}

/* Whether the lines of `some` are among those of `all`, in order. */
static bool lines_among(const char *some, const char *all)
{
	while (*some) {
		const size_t n = strcspn(some, "\n") + 1;
		while (*all && strncmp(all, some, n) != 0)
			all += strcspn(all, "\n") + 1;
		if (!*all)
			return false;
		some += n;
		all += n;
	}
	return true;
}

enum { THIRD = ROWS / 3 };
/* A log in three members of so many rows, each with its header. at[i]: where member i starts; at[3]: the end. */
static void pack_log(char *packed, size_t room, const char *text, size_t at[4])
{
	const char *from = text + strlen(CONN_FIELDS);
	at[0] = 0;
	for (size_t i = 0; i < 3; i++) {
		ic_buf part;
		ic_buf_init(&part, 0);
		ic_buf_puts(&part, CONN_FIELDS);
		for (size_t rows = 0; rows < THIRD; rows++) {
			const size_t n = strcspn(from, "\n") + 1;
			ic_buf_put(&part, from, n);
			from += n;
		}
		at[i + 1] = gzip_member(packed, at[i], room, part.p, part.n);
		ic_buf_clear(&part);
	}
}

static void check_rest(const char *packed, size_t n, const char *message, uint64_t kept, const char *whole)
{
	static const size_t chunks[] = { 0, 4096, 100 };
	for (size_t i = 0; i < 6; i++) {
		ic_file_report report;
		ic_input_set_chunk(chunks[i / 2]);
		char *rows = rows_of(put_file("three.log.gz", packed, n), 1 + i % 2, &report);
		assert_true(report.damaged);
		assert_string_equal(report.first_bad.message, message);
		assert_int_equal(report.bad, 0);
		assert_int_equal(report.kept, kept);
		assert_true(lines_among(rows, whole));
		ic_free(rows);
	}
	ic_input_set_chunk(0);
}

/* Members behind damaged ones are read, and the report says where the first begins and where reading went on. */
static void test_members_behind_damage(void **state)
{
	(void)state;
	char *text = rows_text(), *packed = ic_malloc(strlen(text) * 2), message[320], more[400];
	size_t room = strlen(text) * 2, at[4];
	ic_file_report report;
	char *whole = rows_of(put_text("whole.log", text), 1, &report);
	/* nothing of the second */
	pack_log(packed, room, text, at);
	memset(packed + at[1] + 10, 0xff, 100);
	snprintf(message, sizeof message, IC_MSG_GAP, IC_MSG_GZIP_BAD, (uint64_t)at[1], (uint64_t)at[2]);
	check_rest(packed, at[3], message, 2 * THIRD, whole);
	/* and the last one lacks its end */
	snprintf(more, sizeof more, IC_MSG_GAPS, message, 1u, IC_S(1));
	check_rest(packed, at[3] - 4, more, 2 * THIRD, whole);
	/* nor of the first: the last one tells what it is */
	memset(packed + 10, 0xff, 100);
	snprintf(message, sizeof message, IC_MSG_GAP, IC_MSG_GZIP_BAD, (uint64_t)0, (uint64_t)at[1]);
	snprintf(more, sizeof more, IC_MSG_GAPS, message, 1u, IC_S(1));
	check_rest(packed, at[3], more, THIRD, whole);
	/* nothing at all, or nothing that is known */
	check_nothing(put_file("three.log.gz", packed, at[2]), IC_MSG_GZIP_BAD);
	at[2] = gzip_member(packed, at[1], room, "what?\n", 6);
	check_nothing(put_file("three.log.gz", packed, at[2]), message);
	ic_free(whole);
	ic_free(packed);
	ic_free(text);
}

/* One bad file among good ones: the others are read, each file has its report. */
static void test_one_bad(void **state)
{
	(void)state;
	assert_int_equal(mkdir(path_of("mix"), 0755), 0);
	put_text("mix/a.log", CONN_FIELDS "1.0\tC1\t10.0.0.1\t1\t203.0.113.5\t443\ttcp\n");
	put_file("mix/b.log.gz", "\x1f\x8b\x08\x00", 4);
	put_text("mix/c.txt", "what?\n");
	const char *paths[] = { path_of("mix"), path_of("missing") };
	ic_input *in;
	ic_error err;
	ic_buf out;
	ic_buf_init(&out, 0);
	assert_int_equal(open_paths(paths, 2, &in, &err), IC_OK);
	(void)read_all(in, 1, IC_ALL_FIELDS, &out, false);
	assert_int_equal(ic_input_report_count(in), 4);
	assert_int_equal(ic_input_report(in, 0)->kept, 1);
	size_t damaged = 0, skipped = 0;
	for (size_t i = 1; i < 4; i++) {
		damaged += ic_input_report(in, i)->damaged;
		skipped += ic_input_report(in, i)->skipped;
	}
	assert_int_equal(damaged, 2);
	assert_int_equal(skipped, 1);
	assert_int_equal(ic_input_get_facts(in)->skipped, 1);
	ic_input_free(in);
	ic_buf_clear(&out);
}

/* ---- lines ---- */

/* A line of 100 MB is one bad row and never held; those around it are read. */
static void test_long_line(void **state)
{
	(void)state;
	const char *path = path_of("long.log");
	FILE *f = fopen(path, "wb");
	char *block = ic_malloc(1u << 20);
	assert_non_null(f);
	memset(block, 'x', 1u << 20);
	(void)fputs(CONN_FIELDS "1.0\tC1\t10.0.0.1\t1\t203.0.113.5\t443\ttcp\n", f);
	for (int i = 0; i < 100; i++)
		(void)fwrite(block, 1, 1u << 20, f);
	(void)fputs(
	    "\n2.0\tC2\t10.0.0.1\t1\t203.0.113.5\t443\ttcp\nx\tC2\t10.0.0.1\t1\t203.0.113.5\t443\ttcp\n", f);
	assert_int_equal(fclose(f), 0);
	char command[600];
	(void)snprintf(command, sizeof(command), "zstd -q -f %s -o %s.zst", path, path);
	bool packed = system(command) == 0; /* NOLINT */
	for (int k = 0; k < 1 + packed; k++) {
		ic_file_report report;
		char zst[300];
		(void)snprintf(zst, sizeof(zst), "%s%s", path, k ? ".zst" : "");
		char *rows = rows_of(zst, 2, &report);
		assert_int_equal(report.read, 4);
		assert_int_equal(report.kept, 2);
		assert_int_equal(report.bad, 2);
		assert_string_equal(report.first_bad.message, "a line over 16 MiB");
		assert_int_equal(report.first_bad.line, 5);
		assert_false(report.damaged);
		ic_free(rows);
	}
	ic_free(block);
	assert_int_equal(unlink(path), 0);
}

/* What a file got after it was opened is not read; a file that lost its end is damaged. */
static void test_growing(void **state)
{
	(void)state;
	char *text = rows_text();
	for (int grow = 0; grow < 2; grow++) {
		const char *path = put_text("live.log", text);
		ic_input *in;
		ic_error err;
		ic_buf out;
		ic_buf_init(&out, 0);
		ic_input_set_chunk(4096);
		assert_int_equal(open_paths(&path, 1, &in, &err), IC_OK);
		FILE *f = fopen(path, "ab");
		assert_non_null(f);
		for (int i = 0; i < 1000 && grow; i++)
			(void)fputs("1.0\tC1\t10.0.0.1\t1\t203.0.113.5\t443\ttcp\n", f);
		(void)fclose(f);
		if (!grow)
			assert_int_equal(truncate(path, 20000), 0);
		(void)read_all(in, 1, IC_ALL_FIELDS, &out, false);
		const ic_file_report *r = ic_input_report(in, 0);
		if (grow) {
			assert_int_equal(r->kept, ROWS);
			assert_false(r->damaged);
		} else {
			assert_true(r->kept > 0 && r->kept < ROWS);
			assert_true(r->damaged);
			assert_string_equal(r->first_bad.message, IC_MSG_SHRUNK);
		}
		ic_input_free(in);
		ic_buf_clear(&out);
		ic_input_set_chunk(0);
	}
	ic_free(text);
}

/* A file that was rotated away between finding and reading is not taken for the new one. */
static void test_replaced(void **state)
{
	(void)state;
	const char *path =
	    put_text("rotated.log", CONN_FIELDS "1.0\tC1\t10.0.0.1\t1\t203.0.113.5\t443\ttcp\n");
	ic_input *in;
	ic_error err;
	ic_buf out;
	ic_buf_init(&out, 0);
	assert_int_equal(open_paths(&path, 1, &in, &err), IC_OK);
	assert_int_equal(rename(put_text("new.log", CONN_FIELDS), path), 0);
	(void)read_all(in, 1, IC_ALL_FIELDS, &out, false);
	assert_string_equal(out.p, "");
	assert_true(ic_input_report(in, 0)->damaged);
	assert_string_equal(ic_input_report(in, 0)->first_bad.message, IC_MSG_REPLACED);
	ic_input_free(in);
	ic_buf_clear(&out);
}

/* ---- the same rows however they are cut ---- */

static void test_chunks(void **state)
{
	(void)state;
	/* three logs joined, one with other columns, bad rows, CRLF, a last line without its end */
	static const char text[] = CONN_FIELDS "1.0\tC1\t10.0.0.1\t1\t203.0.113.5\t443\ttcp\r\n"
					       "bad\tC1\t10.0.0.1\t1\t203.0.113.5\t443\ttcp\n"
					       "2.0\tC2\t10.0.0.2\t1\t203.0.113.5\t443\ttcp\n"
					       "#close\t2024-05-01-10-00-00\n"
					       "#fields\tid.resp_h\tid.orig_h\tts\tid.resp_p\n"
					       "203.0.113.6\t10.0.0.1\t3.0\t80\n"
					       "203.0.113.6\t10.0.0.1\t4.0\t99999\n"
					       "\n"
					       "#path\thttp\n#fields\tts\tid.orig_h\tid.resp_h\thost\turi\n"
					       "5.0\t10.0.0.1\t203.0.113.7\tweb.example\t/a\n"
					       "6.0\t10.0.0.1\t203.0.113.7\tweb.example\t/b";
	const char *path = put_text("joined.log", text);
	ic_input_request req = request_of(&path, 1, 1);
	ic_error err;
	ic_buf whole, cut;
	ic_buf_init(&whole, 0);
	ic_buf_init(&cut, 0);
	for (size_t chunk = strlen(text) + 1; chunk > 0; chunk = chunk > 64 ? chunk / 2 : chunk - 1) {
		for (unsigned threads = 1; threads <= 4; threads += 3) {
			ic_input *in = NULL;
			ic_buf *out = chunk > strlen(text) && threads == 1 ? &whole : &cut;
			ic_input_set_chunk(chunk);
			ic_buf_reset(&cut);
			assert_int_equal(ic_input_open(&req, &in, &err), IC_OK);
			(void)read_all(in, threads, IC_ALL_FIELDS, out, false);
			if (out == &cut)
				assert_string_equal(cut.p, whole.p);
			const ic_file_report *r = ic_input_report(in, 0);
			assert_int_equal(r->read, 7);
			assert_int_equal(r->kept, 5);
			assert_int_equal(r->bad, 2);
			assert_int_equal(r->first_bad.line, 5);
			assert_false(ic_input_surprised(in)); /* its head shows all of it */
			ic_input_free(in);
		}
	}
	ic_buf_clear(&whole);
	ic_buf_clear(&cut);
}

/* A chunk read before the one that changes the header is refused, and right the second time. */
static void test_refused(void **state)
{
	(void)state;
	static const char text[] =
	    CONN_FIELDS "1.0\tC1\t10.0.0.1\t1\t203.0.113.5\t443\ttcp\n#fields\tuid\tts\n"
			"C2\t2.0\nC3\t3.0\n";
	const char *path = put_text("refused.log", text);
	ic_input *in;
	ic_unit *first, *second;
	ic_error err;
	ic_batch *b = ic_batch_new(IC_FIELD_BIT(IC_F_UID) | IC_FIELD_BIT(IC_F_TIME));
	ic_input_set_chunk(sizeof(text) - 8);
	assert_int_equal(open_paths(&path, 1, &in, &err), IC_OK);
	assert_int_equal(ic_input_next(in, &first, &err), IC_OK);
	assert_int_equal(ic_input_next(in, &second, &err), IC_OK);
	assert_false(ic_unit_certain(second));
	assert_int_equal(ic_unit_read(second, b), IC_OK);
	assert_int_equal(b->rows, 0); /* two columns where seven were */
	assert_int_equal(ic_unit_read(first, b), IC_OK);
	assert_int_equal(b->rows, 2);
	assert_int_equal(ic_unit_read(first, b), IC_OK);
	assert_int_equal(b->rows, 0);
	assert_true(ic_unit_commit(first));
	assert_int_equal(ic_unit_first_line(second), 7);
	assert_false(ic_unit_commit(second));
	assert_int_equal(ic_unit_read(second, b), IC_OK);
	assert_int_equal(b->rows, 1);
	assert_memory_equal(b->col[IC_F_UID].s[0].p, "C3", 2);
	assert_int_equal(ic_unit_read(second, b), IC_OK);
	assert_int_equal(b->rows, 0);
	assert_true(ic_unit_commit(second));
	assert_int_equal(ic_input_report(in, 0)->read, 3);
	assert_int_equal(ic_input_report(in, 0)->bad, 0);
	ic_input_free(in);
	ic_batch_free(b);
	ic_input_set_chunk(0);
}

/* A log that turns into another one behind the head: said, so that the run can start again. */
static void test_surprise(void **state)
{
	(void)state;
	char *text = rows_text();
	ic_buf b;
	ic_buf_init(&b, 0);
	ic_buf_puts(&b, text);
	ic_buf_puts(&b,
		    "#path\thttp\n#fields\tts\tuid\tid.orig_h\tid.resp_h\n5.0\tC9\t10.0.0.1\t203.0.113.7\n");
	const char *path = put_file("turns.log", b.p, b.n);
	for (unsigned threads = 1; threads <= 4; threads += 3) {
		ic_input *in = NULL;
		ic_error err;
		ic_buf out;
		ic_buf_init(&out, 0);
		ic_input_set_chunk(20000);
		assert_int_equal(open_paths(&path, 1, &in, &err), IC_OK);
		assert_int_equal(ic_input_get_facts(in)->streams, IC_STREAM_BIT(IC_STREAM_CONN));
		assert_false(ic_input_surprised(in));
		assert_int_equal(ic_input_blended(in), 0);
		(void)read_all(in, threads, IC_FIELD_BIT(IC_F_UID), &out, false);
		assert_true(ic_input_surprised(in));
		assert_int_equal(ic_input_blended(in),
				 IC_STREAM_BIT(IC_STREAM_CONN) | IC_STREAM_BIT(IC_STREAM_HTTP));
		assert_non_null(strstr(out.p, "\nhttp|uid=C9\n"));
		ic_input_free(in);
		ic_buf_clear(&out);
		ic_input_set_chunk(0);
	}
	ic_buf_clear(&b);
	ic_free(text);
}

/* Plain, gzipped in members, zstd; any number of threads; any order and spelling of the paths. */
static void test_same_rows(void **state)
{
	(void)state;
	char *text = rows_text();
	size_t n = strlen(text), room = n * 2;
	char *packed = ic_malloc(room);
	ic_file_report report;
	char *expected = rows_of(put_text("same.log", text), 1, &report);
	size_t at = 0;
	for (size_t i = 0; i < 5; i++)
		at = gzip_member(packed, at, room, text + n / 5 * i, i < 4 ? n / 5 : n - n / 5 * 4);
	put_file("same.gz", packed, at);
	put_file("same.zst", packed,
		 zstd_frame(packed, zstd_frame(packed, 0, room, text, n / 3), room, text + n / 3, n - n / 3));
	static const char *const names[] = { "same.log", "same.gz", "same.zst" };
	static const size_t chunks[] = { 0, 1000, 77 };
	for (size_t i = 0; i < 27; i++) {
		ic_input_set_chunk(chunks[i / 9]);
		char *got = rows_of(path_of(names[i % 3]), (unsigned)(1 + i / 3 % 3), &report);
		assert_string_equal(got, expected);
		assert_int_equal(report.kept, ROWS);
		assert_int_equal(report.read, ROWS);
		ic_free(got);
	}
	ic_input_set_chunk(0);
	ic_free(expected);
	ic_free(packed);
	ic_free(text);
}

static void test_order(void **state)
{
	(void)state;
	assert_int_equal(mkdir(path_of("day"), 0755), 0);
	assert_int_equal(mkdir(path_of("day/sub"), 0755), 0);
	put_text("day/conn2.log", CONN_FIELDS "9.0\tC3\t10.0.0.1\t1\t203.0.113.5\t443\ttcp\n");
	put_text("day/sub/conn1.log", CONN_FIELDS "5.0\tC2\t10.0.0.1\t1\t203.0.113.5\t443\ttcp\n");
	put_text("day/zz.log", "#path\thttp\n#fields\tts\tuid\tid.orig_h\tid.resp_h\thost\n"
			       "7.0\tC1\t10.0.0.1\t203.0.113.5\tx.example\n");
	assert_int_equal(symlink("../../day", path_of("day/sub/loop")), 0);
	assert_int_equal(symlink("conn2.log", path_of("day/again.log")), 0);
	assert_int_equal(symlink("nowhere", path_of("day/broken")), 0);
	char other[300];
	(void)snprintf(other, sizeof(other), "%s/./sub/../conn2.log", path_of("day"));
	const char *sets[3][3] = { { path_of("day"), other, path_of("day/sub") },
				   { path_of("day/sub"), path_of("day"), other },
				   { other, path_of("day/sub"), path_of("day") } };
	char *first = NULL;
	for (size_t i = 0; i < 3; i++) {
		ic_input *in;
		ic_error err;
		ic_buf out;
		ic_buf_init(&out, 0);
		assert_int_equal(open_paths(sets[i], 3, &in, &err), IC_OK);
		(void)read_all(in, 2, IC_FIELD_BIT(IC_F_TIME) | IC_FIELD_BIT(IC_F_UID), &out, false);
		assert_string_equal(out.p, "http|time=1970-01-01T00:00:07Z|uid=C1\n"
					   "conn|time=1970-01-01T00:00:05Z|uid=C2\n"
					   "conn|time=1970-01-01T00:00:09Z|uid=C3\n");
		assert_int_equal(ic_input_report_count(in), 4); /* the link to nothing is one of them */
		assert_int_equal(ic_input_get_facts(in)->streams,
				 IC_STREAM_BIT(IC_STREAM_CONN) | IC_STREAM_BIT(IC_STREAM_HTTP));
		assert_true(ic_input_get_facts(in)->rereadable);
		ic_input_free(in);
		ic_free(first);
		first = out.p;
	}
	ic_free(first);
}

/* Each has a link to all of them; one that was entered is known among however many. */
static void test_many_folders(void **state)
{
	enum { FOLDERS = 300 };
	(void)state;
	assert_int_equal(mkdir(path_of("many"), 0755), 0);
	for (int i = 0; i < FOLDERS; i++) {
		char name[40];
		(void)snprintf(name, sizeof(name), "many/%d", i);
		assert_int_equal(mkdir(path_of(name), 0755), 0);
		(void)snprintf(name, sizeof(name), "many/%d/all", i);
		assert_int_equal(symlink("../../many", path_of(name)), 0);
		(void)snprintf(name, sizeof(name), "many/%d/conn.log", i);
		put_text(name, CONN_FIELDS "9.0\tC\t10.0.0.1\t1\t203.0.113.5\t443\ttcp\n");
	}
	const char *paths[] = { path_of("many") };
	ic_input *in;
	ic_error err;
	ic_buf out;
	ic_buf_init(&out, 0);
	assert_int_equal(open_paths(paths, 1, &in, &err), IC_OK);
	(void)read_all(in, 1, IC_FIELD_BIT(IC_F_UID), &out, false);
	size_t rows = 0;
	for (const char *p = out.p; (p = strchr(p, '\n')); p++)
		rows++;
	assert_int_equal(rows, FOLDERS);
	assert_int_equal(ic_input_report_count(in), FOLDERS);
	ic_input_free(in);
	ic_buf_clear(&out);
}

/* ---- pipes ---- */

typedef struct writer {
	const char *path;
	const char *bytes;
	size_t n;
} writer;

static void *write_pipe(void *arg)
{
	const writer *w = arg;
	int fd = open(w->path, O_WRONLY | O_CLOEXEC);
	for (size_t at = 0; at < w->n;) {
		size_t step = w->n - at < 3000 ? w->n - at : 3000;
		ssize_t n = write(fd, w->bytes + at, step);
		if (n <= 0)
			break;
		at += (size_t)n;
	}
	(void)close(fd);
	return NULL;
}

static void test_pipe(void **state)
{
	(void)state;
	char *text = rows_text();
	size_t n = strlen(text);
	char *packed = ic_malloc(n * 2);
	size_t packed_n = gzip_member(packed, 0, n * 2, text, n);
	ic_file_report report;
	char *expected = rows_of(put_text("piped.log", text), 1, &report);
	for (int k = 0; k < 2; k++) {
		char path[256];
		(void)snprintf(path, sizeof(path), "%s", path_of(k ? "fifo.gz" : "fifo"));
		assert_int_equal(mkfifo(path, 0600), 0);
		writer w = { path, k ? packed : text, k ? packed_n : n };
		pthread_t t;
		assert_int_equal(pthread_create(&t, NULL, write_pipe, &w), 0);
		char *got = rows_of(path, 2, &report);
		assert_string_equal(got, expected);
		(void)pthread_join(t, NULL);
		ic_free(got);
	}
	ic_free(packed);
	ic_free(expected);
	ic_free(text);
}

/* A pipe's first bytes may end within a member, of which there are many here without text: that is no damage. */
static void test_pipe_of_members(void **state)
{
	static const char text[] = CONN_FIELDS "1.0\tC1\t10.0.0.1\t1\t203.0.113.5\t443\ttcp\n";
	const size_t room = (size_t)3 << 20;
	char path[256], *packed = ic_malloc(room);
	const size_t first = gzip_member(packed, 0, room, text, sizeof(text) - 1);
	const size_t second = gzip_member(packed, first, room, "", 0), each = second - first;
	size_t n = second;
	ic_file_report report;
	pthread_t t;
	(void)state;
	for (; n + each <= room; n += each)
		memcpy(packed + n, packed + first, each);
	(void)snprintf(path, sizeof(path), "%s", path_of("members.gz"));
	assert_int_equal(mkfifo(path, 0600), 0);
	writer w = { path, packed, n };
	assert_int_equal(pthread_create(&t, NULL, write_pipe, &w), 0);
	char *got = rows_of(path, 1, &report);
	assert_int_equal(report.kept, 1);
	assert_int_equal(report.first_bad.code, IC_OK);
	assert_false(report.damaged);
	(void)pthread_join(t, NULL);
	ic_free(got);
	ic_free(packed);
}

static void test_stdin(void **state)
{
	(void)state;
	int ends[2], saved = dup(STDIN_FILENO);
	static const char text[] = CONN_FIELDS "1.0\tC1\t10.0.0.1\t1\t203.0.113.5\t443\ttcp\nbad\n";
	assert_int_equal(pipe(ends), 0);
	assert_int_equal(write(ends[1], text, sizeof(text) - 1), sizeof(text) - 1);
	assert_int_equal(close(ends[1]), 0);
	assert_true(dup2(ends[0], STDIN_FILENO) >= 0);
	const char *paths[] = { "-", "-" };
	ic_input *in;
	ic_error err;
	ic_buf out;
	ic_buf_init(&out, 0);
	assert_int_equal(open_paths(paths, 2, &in, &err), IC_OK);
	assert_int_equal(ic_input_report_count(in), 1);
	assert_false(ic_input_get_facts(in)->rereadable);
	assert_true(ic_input_get_facts(in)->mixed);
	assert_int_equal(ic_input_get_facts(in)->bytes, 0);
	(void)read_all(in, 1, IC_FIELD_BIT(IC_F_UID), &out, false);
	assert_string_equal(out.p, "conn|uid=C1\n");
	assert_string_equal(ic_input_report(in, 0)->first_bad.file, "-");
	assert_int_equal(ic_input_report(in, 0)->first_bad.line, 5);
	ic_input_free(in);
	ic_buf_clear(&out);
	(void)dup2(saved, STDIN_FILENO);
	(void)close(saved);
	(void)close(ends[0]);
}

/* What pipes gave is kept, and read as often as one likes: plain, packed, damaged. */
static void test_spool(void **state)
{
	(void)state;
	char *text = rows_text();
	size_t n = strlen(text);
	char *packed = ic_malloc(n * 2);
	size_t packed_n = gzip_member(packed, 0, n * 2, text, n);
	ic_file_report report;
	char *expected = rows_of(put_text("kept.log", text), 1, &report);
	const writer writers[] = { { "kept", text, n },
				   { "kept.gz", packed, packed_n },
				   { "cut.gz", packed, packed_n / 2 } };
	for (int k = 0; k < 3; k++) {
		writer w = writers[k];
		char *path = ic_strdup(path_of(w.path));
		w.path = path;
		ic_spool spool = { .list = NULL };
		ic_input *in;
		ic_error err = { 0 };
		pthread_t t;
		ic_input_request req = request_of((const char *const *)&path, 1, 2);
		assert_int_equal(mkfifo(path, 0600), 0);
		assert_int_equal(pthread_create(&t, NULL, write_pipe, &w), 0);
		assert_int_equal(ic_input_open(&req, &in, &err), IC_OK);
		assert_false(ic_input_get_facts(in)->rereadable);
		assert_int_equal(ic_input_spool(in, &spool, &err), IC_OK);
		(void)pthread_join(t, NULL);
		ic_input_free(in);
		assert_int_equal(spool.n, 1);
		assert_int_equal(spool.list[0].bytes, w.n);
		req.spool = &spool;
		for (int again = 0; again < 2; again++) {
			ic_buf out;
			ic_buf_init(&out, 0);
			ic_input_set_chunk(500);
			assert_int_equal(ic_input_open(&req, &in, &err), IC_OK);
			assert_true(ic_input_get_facts(in)->rereadable);
			assert_true(ic_input_get_facts(in)->mixed);
			(void)read_all(in, 2, IC_ALL_FIELDS, &out, false);
			assert_int_equal(ic_input_report(in, 0)->damaged, k == 2);
			if (k < 2)
				assert_string_equal(out.p, expected);
			else
				assert_true(out.n < strlen(expected));
			ic_input_free(in);
			ic_input_set_chunk(0);
			ic_buf_clear(&out);
		}
		ic_spool_clear(&spool);
		ic_free(path);
	}
	ic_free(packed);
	ic_free(expected);
	ic_free(text);
}

/* Of a pipe no more than its head is held, however long nothing comes out of it. */
static void test_pipe_of_nothing(void **state)
{
	(void)state;
	const size_t room = IC_PIPE_HEAD_BYTES * 2;
	char *packed = ic_malloc(room), path[256];
	size_t n = 0;
	while (n < room - 100)
		n = gzip_member(packed, n, room, "", 0);
	(void)snprintf(path, sizeof(path), "%s", path_of("nothing.gz"));
	writer w = { path, packed, n };
	const char *paths[] = { path };
	ic_input *in = NULL;
	ic_error err;
	pthread_t t;
	assert_int_equal(mkfifo(path, 0600), 0);
	(void)signal(SIGPIPE, SIG_IGN);
	assert_int_equal(pthread_create(&t, NULL, write_pipe, &w), 0);
	ic_status st = open_paths(paths, 1, &in, &err);
	assert_true(st == IC_OK || st == IC_E_NOINPUT);
	ic_input_free(in);
	(void)pthread_join(t, NULL);
	ic_free(packed);
}

/* ---- the rest ---- */

static void test_kinds(void **state)
{
	(void)state;
	size_t i = 0;
	for (; ic_source_kinds[i]; i++) {
		assert_string_equal(ic_source_kinds[i]->name,
				    ic_source_kind_find(ic_source_kinds[i]->name)->name);
		ic_source_info info;
		assert_true(ic_source_info_get(i, &info));
		assert_string_equal(info.name, ic_source_kinds[i]->name);
		assert_string_equal(info.help, ic_source_kinds[i]->help);
	}
	ic_source_info none;
	assert_false(ic_source_info_get(i, &none));
	assert_false(ic_source_info_get(i + 1, &none));
	assert_null(ic_source_kind_find("xml"));
}

/* A name made to hurt a terminal is escaped. */
static void test_hostile_name(void **state)
{
	(void)state;
	ic_file_report report;
	char *rows = rows_of(put_text("\x1b[2J.log", CONN_FIELDS "bad\n"), 1, &report);
	assert_null(strchr(report.path, 0x1b));
	assert_non_null(strstr(report.path, "\\x1b[2J.log"));
	assert_null(strchr(report.first_bad.file, 0x1b));
	ic_free(rows);
}

/* Given up in the middle, with a thread ahead. */
static void test_given_up(void **state)
{
	(void)state;
	char *text = rows_text();
	size_t n = strlen(text);
	char *packed = ic_malloc(n * 2);
	const char *path = put_file("given.gz", packed, gzip_member(packed, 0, n * 2, text, n));
	ic_input_request req = request_of(&path, 1, 2);
	ic_input *in;
	ic_unit *u;
	ic_batch *b = ic_batch_new(IC_ALL_FIELDS);
	ic_input_set_chunk(500);
	assert_int_equal(ic_input_open(&req, &in, NULL), IC_OK);
	assert_int_equal(ic_input_next(in, &u, NULL), IC_OK);
	assert_true(ic_unit_certain(u));
	assert_int_equal(ic_unit_first_line(u), 1);
	assert_int_equal(ic_unit_read(u, b), IC_OK);
	assert_true(b->rows > 0);
	ic_input_free(in);
	ic_input_free(NULL);
	ic_input_set_chunk(0);
	ic_batch_free(b);
	ic_free(packed);
	ic_free(text);
}

/* Every allocation fails in turn: an error or the right rows, never a crash or a leak. */
static void test_no_memory(void **state)
{
	(void)state;
	static const char text[] = CONN_FIELDS "1.0\tC1\t10.0.0.1\t1\t203.0.113.5\t443\ttcp\n";
	char packed[512];
	const char *paths[] = { put_text("mem.log", text),
				put_file("mem.gz", packed,
					 gzip_member(packed, 0, sizeof(packed), text, sizeof(text) - 1)),
				put_text("mem.csv", "time,src_ip,dst_ip\n1,10.0.0.1,203.0.113.5\n") };
	ic_batch *b = ic_batch_new(IC_ALL_FIELDS);
	bool done = false;
	for (uint64_t nth = 1; !done && nth < 2000; nth++) {
		ic_input *in = NULL;
		ic_unit *u = NULL;
		ic_error err;
		ic_input_request req = request_of(paths, 3, 1);
		uint64_t rows = 0;
		(void)ic_alloc_fail_after(nth);
		ic_status st = ic_input_open(&req, &in, &err);
		while (st == IC_OK && (st = ic_input_next(in, &u, &err)) == IC_OK && u) {
			do {
				st = ic_unit_read(u, b);
				rows += b->rows;
			} while (st == IC_OK && b->rows);
			if (st == IC_OK)
				assert_true(ic_unit_commit(u));
		}
		done = st == IC_OK && ic_alloc_fail_after(0) < nth;
		(void)ic_alloc_fail_after(0);
		if (st == IC_OK)
			assert_int_equal(rows, 3);
		else
			assert_int_equal(st, IC_E_NOMEM);
		ic_input_free(in);
	}
	assert_true(done);
	ic_batch_free(b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_nothing_readable),
		cmocka_unit_test(test_permission),
		cmocka_unit_test(test_empty),
		cmocka_unit_test(test_damage),
		cmocka_unit_test(test_members_behind_damage),
		cmocka_unit_test(test_one_bad),
		cmocka_unit_test(test_long_line),
		cmocka_unit_test(test_growing),
		cmocka_unit_test(test_replaced),
		cmocka_unit_test(test_chunks),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_surprise),
		cmocka_unit_test(test_same_rows),
		cmocka_unit_test(test_order),
		cmocka_unit_test(test_many_folders),
		cmocka_unit_test(test_pipe),
		cmocka_unit_test(test_pipe_of_members),
		cmocka_unit_test(test_stdin),
		cmocka_unit_test(test_spool),
		cmocka_unit_test(test_pipe_of_nothing),
		cmocka_unit_test(test_kinds),
		cmocka_unit_test(test_hostile_name),
		cmocka_unit_test(test_given_up),
		cmocka_unit_test(test_no_memory),
	};
	return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
