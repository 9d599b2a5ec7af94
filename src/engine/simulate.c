/* SPDX-License-Identifier: Apache-2.0 */
/* `simulate`: plays an office and writes its telemetry and the truth about it into a folder. */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "report/report.h"
#include "source/simulate.h"

void ic_simulate_options_init(ic_simulate_options *opt)
{
	memset(opt, 0, sizeof *opt);
	opt->format = "zeek-tsv";
	opt->hosts = 30;
	opt->days = 1;
	opt->seed = 1;
	opt->start_ticks = IC_TIME_NONE;
}

enum { MAX_FILES = IC_STREAM_COUNT_OF };

/* One file that is written: all streams in one, or one a stream. */
typedef struct log_file {
	FILE *f;
	char path[PATH_MAX];
	unsigned streams;
	bool made; /* it was not there */
	ic_output out;
	ic_event_writer *writer;
} log_file;

static ic_status write_file(void *ctx, const void *p, size_t n)
{
	return fwrite(p, 1, n, ctx) == n ? IC_OK : IC_E_IO;
}

static const char truth_name[] = "truth.tsv";

static ic_status name_file(log_file *l, const char *folder, const char *name, ic_error *err)
{
	int n = snprintf(l->path, sizeof l->path, "%s/%s", folder, name);
	return n < 0 || (size_t)n >= sizeof l->path
		   ? ic_fail(err, IC_E_USAGE, "the folder's name is too long")
		   : IC_OK;
}

/* Files of a folder without a truth are the logs of somebody. */
static ic_status open_file(log_file *l, const char *folder, const char *name, ic_error *err)
{
	log_file truth;
	ic_status st = name_file(&truth, folder, truth_name, err);
	if (st == IC_OK)
		st = name_file(l, folder, name, err);
	if (st != IC_OK)
		return st;
	l->made = access(truth.path, F_OK) != 0;
	l->f = fopen(l->path, l->made ? "wbxe" : "wbe");
	if (!l->f && l->made && errno == EEXIST)
		return ic_fail_at(err, IC_E_IO, l->path, 0, 0,
				  "is there, and no %s beside it: not of a simulation", truth_name);
	if (!l->f)
		return ic_fail_at(err, IC_E_IO, l->path, 0, 0, "%s", strerror(errno));
	l->out = (ic_output){ .write = write_file, .ctx = l->f };
	return IC_OK;
}

/* Says which file could not be written, right behind the call that failed. */
static ic_status blame(const log_file *l, ic_status st, ic_error *err)
{
	return st == IC_E_IO ? ic_fail_at(err, st, l->path, 0, 0, "%s", strerror(errno)) : st;
}

static ic_status close_file(log_file *l, ic_status st, ic_error *err)
{
	if (l->writer && st == IC_OK)
		st = blame(l, ic_event_writer_end(l->writer), err);
	ic_event_writer_free(l->writer);
	if (l->f && fclose(l->f) != 0 && st == IC_OK)
		st = blame(l, IC_E_IO, err);
	if (l->f && st != IC_OK && l->made)
		(void)unlink(l->path);
	return st;
}

/* The columns that sensors of this kind write: all but those that say where a row came from. */
static size_t columns(ic_field *fields)
{
	size_t n = 0;
	for (unsigned f = 0; f < IC_FIELD_COUNT; f++) {
		if (f != IC_F_SOURCE_FILE && f != IC_F_SOURCE_LINE)
			fields[n++] = (ic_field)f;
	}
	return n;
}

static const ic_event_format *find_format(const char *name)
{
	for (const ic_event_format *f = ic_event_formats; f->name; f++) {
		if (f->file_name && strcmp(f->name, name) == 0)
			return f;
	}
	return NULL;
}

static ic_status open_logs(const ic_simulate_options *opt, const ic_event_format *format, log_file *logs,
			   size_t *ret_n, ic_error *err)
{
	static const ic_stream streams[] = { IC_STREAM_CONN, IC_STREAM_HTTP, IC_STREAM_SSL };
	ic_field fields[IC_FIELD_COUNT];
	size_t field_count = columns(fields);
	bool split = strchr(format->file_name, '%') != NULL;
	size_t n = split ? 3 : 1;
	for (size_t i = 0; i < n; i++) {
		char name[64];
		const char *tail = split ? strchr(format->file_name, '%') + 2 : "";
		snprintf(name, sizeof name, "%s%s", split ? ic_stream_name(streams[i]) : format->file_name,
			 tail);
		logs[i].streams = split ? IC_STREAM_BIT(streams[i]) : IC_ALL_STREAMS;
		*ret_n = i + 1;
		ic_status st = open_file(&logs[i], opt->folder, name, err);
		if (st != IC_OK)
			return st;
		ic_event_writer_config cfg = { .format = format->name,
					       .fields = fields,
					       .field_count = field_count,
					       .stream = split ? streams[i] : IC_STREAM_NONE };
		logs[i].writer = ic_event_writer_new(&cfg, &logs[i].out, err);
		if (!logs[i].writer)
			return err->code;
	}
	return IC_OK;
}

static ic_status write_rows(ic_simulator *sim, log_file *logs, size_t n, ic_error *err)
{
	ic_batch *b = ic_batch_new(IC_ALL_FIELDS);
	ic_status st = b ? IC_OK : IC_E_NOMEM;
	while (st == IC_OK) {
		ic_simulator_next(sim, b);
		if (b->rows == 0)
			break;
		for (size_t i = 0; i < n && st == IC_OK; i++)
			st = blame(&logs[i], ic_event_write(logs[i].writer, b, logs[i].streams, "", 0), err);
	}
	ic_batch_free(b);
	return st;
}

static ic_status write_truth(const ic_simulator *sim, const char *folder, log_file *l, ic_error *err)
{
	ic_buf text;
	ic_buf_init(&text, 0);
	ic_simulator_truth(sim, &text);
	ic_status st = text.failed ? ic_fail_nomem(err) : open_file(l, folder, truth_name, err);
	if (st == IC_OK)
		st = blame(l, write_file(l->f, text.p, text.n), err);
	ic_buf_clear(&text);
	return st;
}

/* Who tests a detection must not take for missed what was never there. */
static void note_missing(const ic_simulator *sim, const ic_observer *obs)
{
	ic_buf text;
	ic_buf_init(&text, 0);
	ic_buf_puts(&text, "nothing was played of ");
	const size_t before = text.n;
	ic_simulator_missing(sim, &text);
	const bool any = text.n > before;
	ic_buf_puts(&text, ": too few hosts, or too little time");
	ic_buf_putc(&text, 0);
	if (any && obs && obs->note && !text.failed)
		obs->note(obs->ctx, text.p);
	ic_buf_clear(&text);
}

static ic_status list(const ic_output *out, ic_error *err)
{
	ic_buf text;
	ic_buf_init(&text, 0);
	ic_simulate_list(&text);
	ic_status st = text.failed ? ic_fail_nomem(err) : out->write(out->ctx, text.p, text.n);
	ic_buf_clear(&text);
	return st;
}

ic_status ic_simulate(const ic_simulate_options *opt, const ic_observer *obs, const ic_output *out,
		      ic_error *err)
{
	ic_error local = { 0 };
	err = err ? err : &local;
	err->code = IC_OK;
	if (opt->list_profiles)
		return list(out, err);
	const ic_event_format *format = find_format(opt->format);
	if (!format)
		return ic_fail(err, IC_E_USAGE, "simulate does not write \"%s\"", opt->format);
	if (!opt->folder)
		return ic_fail(err, IC_E_USAGE, "simulate needs a folder to write to");
	ic_simulator *sim = NULL;
	ic_status st = ic_simulator_new(opt, &sim, err);
	if (st != IC_OK)
		return st;
	if (mkdir(opt->folder, 0777) != 0 && errno != EEXIST)
		st = ic_fail_at(err, IC_E_IO, opt->folder, 0, 0, "%s", strerror(errno));
	log_file logs[MAX_FILES] = { 0 }, truth = { 0 };
	size_t n = 0;
	if (st == IC_OK)
		st = open_logs(opt, format, logs, &n, err);
	if (st == IC_OK)
		st = write_truth(sim, opt->folder, &truth, err);
	if (st == IC_OK)
		st = write_rows(sim, logs, n, err);
	for (size_t i = 0; i < n; i++)
		st = close_file(&logs[i], st, err);
	st = close_file(&truth, st, err);
	if (st == IC_OK)
		note_missing(sim, obs);
	ic_simulator_free(sim);
	if (st == IC_E_NOMEM && err->code == IC_OK)
		ic_fail_nomem(err);
	return st;
}
