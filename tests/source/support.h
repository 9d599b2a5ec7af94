/* SPDX-License-Identifier: Apache-2.0 */
/* For tests of src/source: files in a folder of their own, and all rows of an input as text. */
#ifndef TESTS_SOURCE_SUPPORT_H
#define TESTS_SOURCE_SUPPORT_H

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>
#include <zstd.h>

#include <cmocka.h>

#include "base/buf.h"
#include "base/error.h"
#include "base/time.h"
#include "source/input.h"

#define ALL_STREAMS (~0u)

static char folder[] = "/tmp/ictus-source-XXXXXX";

static inline int make_folder(void **state)
{
	(void)state;
	strcpy(folder, "/tmp/ictus-source-XXXXXX"); /* NOLINT */
	return mkdtemp(folder) ? 0 : -1;
}

static inline int remove_folder(void **state)
{
	(void)state;
	char command[128];
	ic_input_set_chunk(0);
	(void)snprintf(command, sizeof(command), "chmod -R u+rwx %s; rm -rf %s", folder, folder);
	return system(command);
}

static inline const char *path_of(const char *name)
{
	static char paths[8][256];
	static unsigned next;
	char *p = paths[next++ % 8];
	(void)snprintf(p, 256, "%s/%s", folder, name);
	return p;
}

static inline const char *put_file(const char *name, const void *bytes, size_t n)
{
	const char *path = path_of(name);
	FILE *f = fopen(path, "wb");
	assert_non_null(f);
	assert_int_equal(fwrite(bytes, 1, n, f), n);
	assert_int_equal(fclose(f), 0);
	return path;
}

static inline const char *put_text(const char *name, const char *text)
{
	return put_file(name, text, strlen(text));
}

/* One gzip member of this text, appended to buf; returns the new length. */
static inline size_t gzip_member(char *buf, size_t at, size_t room, const void *text, size_t n)
{
	z_stream z = { 0 };
	assert_int_equal(deflateInit2(&z, 6, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY), Z_OK);
	z.next_in = (Bytef *)(uintptr_t)text;
	z.avail_in = (uInt)n;
	z.next_out = (Bytef *)buf + at;
	z.avail_out = (uInt)(room - at);
	assert_int_equal(deflate(&z, Z_FINISH), Z_STREAM_END);
	at = room - z.avail_out;
	(void)deflateEnd(&z);
	return at;
}

static inline size_t zstd_frame(char *buf, size_t at, size_t room, const void *text, size_t n)
{
	size_t made = ZSTD_compress(buf + at, room - at, text, n, 3);
	assert_false(ZSTD_isError(made));
	return at + made;
}

/* ---- reading ---- */

/* A row as one line: the fields that have a value, by name. */
static inline void put_row_text(ic_buf *out, const ic_batch *b, uint32_t row)
{
	char text[64];
	ic_buf_puts(out, ic_stream_name((ic_stream)b->stream[row]));
	if (b->flags[row])
		ic_buf_printf(out, "|flags=%d", b->flags[row]);
	for (int f = 0; f < IC_FIELD_COUNT; f++) {
		const ic_column *c = &b->col[f];
		if (!ic_batch_has(b, (ic_field)f) || ic_column_null(c, row))
			continue;
		ic_buf_printf(out, "|%s=", ic_fields[f].name);
		switch (ic_fields[f].type) {
		case IC_T_BOOL: ic_buf_puts(out, c->b[row] ? "true" : "false"); break;
		case IC_T_LONG: ic_buf_i64(out, c->i[row]); break;
		case IC_T_REAL: ic_buf_double(out, c->d[row]); break;
		case IC_T_TIME:
			(void)ic_time_format_short(c->i[row], text);
			ic_buf_puts(out, text);
			break;
		case IC_T_IP: ic_buf_put(out, text, ic_ip_format(&c->ip[row], text)); break;
		case IC_T_STRING: ic_buf_str(out, c->s[row]); break;
		}
	}
	ic_buf_putc(out, '\n');
}

typedef struct reading {
	ic_input *in;
	ic_fieldset wanted;
	ic_buf *out;
	pthread_mutex_t lock;
	pthread_cond_t turn;
	uint64_t next;
	uint64_t refused; /* units that had to be read again */
	bool lines;	  /* print file lines too */
} reading;

static inline void read_unit(reading *r, ic_unit *u, ic_batch *b, ic_buf *text)
{
	ic_status st;
	ic_buf_reset(text);
	do {
		st = ic_unit_read(u, b);
		for (uint32_t i = 0; i < b->rows && st == IC_OK; i++) {
			if (r->lines)
				ic_buf_printf(text, "+%u ", b->line[i]);
			put_row_text(text, b, i);
		}
	} while (st == IC_OK && b->rows);
}

static inline void *read_units(void *arg)
{
	reading *r = arg;
	ic_batch *b = ic_batch_new(r->wanted);
	ic_buf text;
	ic_unit *u;
	ic_buf_init(&text, 0);
	while (ic_input_next(r->in, &u, NULL) == IC_OK && u) {
		uint64_t seq = ic_unit_seq(u);
		read_unit(r, u, b, &text);
		pthread_mutex_lock(&r->lock);
		while (r->next != seq)
			pthread_cond_wait(&r->turn, &r->lock);
		pthread_mutex_unlock(&r->lock);
		while (!ic_unit_commit(u)) {
			r->refused++;
			read_unit(r, u, b, &text);
		}
		pthread_mutex_lock(&r->lock);
		ic_buf_put(r->out, text.p, text.n);
		r->next++;
		pthread_cond_broadcast(&r->turn);
		pthread_mutex_unlock(&r->lock);
	}
	ic_buf_clear(&text);
	ic_batch_free(b);
	return NULL;
}

/* All rows of an open input, in order. Returns how many units had to be read again. */
static inline uint64_t read_all(ic_input *in, unsigned threads, ic_fieldset wanted, ic_buf *out, bool lines)
{
	reading r = { .in = in, .wanted = wanted, .out = out, .lines = lines };
	pthread_t t[8];
	assert_in_range(threads, 1, 8);
	assert_int_equal(pthread_mutex_init(&r.lock, NULL), 0);
	assert_int_equal(pthread_cond_init(&r.turn, NULL), 0);
	for (unsigned i = 0; i < threads; i++)
		assert_int_equal(pthread_create(&t[i], NULL, read_units, &r), 0);
	for (unsigned i = 0; i < threads; i++)
		(void)pthread_join(t[i], NULL);
	(void)pthread_cond_destroy(&r.turn);
	(void)pthread_mutex_destroy(&r.lock);
	ic_buf_putc(out, '\0');
	assert_false(out->failed);
	return r.refused;
}

static inline ic_input_request request_of(const char *const *paths, size_t n, unsigned threads)
{
	return (ic_input_request){ .paths = paths,
				   .path_count = n,
				   .wanted = IC_ALL_FIELDS,
				   .streams = ALL_STREAMS,
				   .filter = { .since = IC_TIME_NONE, .until = IC_TIME_NONE },
				   .threads = threads };
}

/* Rows of one path; the report of the first file in *report (its strings stay valid for one call). */
static inline char *rows_of(const char *path, unsigned threads, ic_file_report *report)
{
	static char shown[512];
	ic_input *in = NULL;
	ic_error err = { 0 };
	ic_buf out;
	ic_input_request req = request_of(&path, 1, threads);
	ic_buf_init(&out, 0);
	if (ic_input_open(&req, &in, &err) != IC_OK)
		fail_msg("%s: %s", err.file, err.message);
	(void)read_all(in, threads, IC_ALL_FIELDS, &out, false);
	*report = *ic_input_report(in, 0);
	(void)snprintf(shown, sizeof(shown), "%s", report->path);
	report->path = shown;
	ic_input_free(in);
	return out.p;
}

#endif
