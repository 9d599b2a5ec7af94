/* SPDX-License-Identifier: Apache-2.0 */
/* ictus score: plain series out of a CSV file. Rows may come in any order and RITA's score needs every
 * event, so all of them are kept (24 bytes each) until the file ends. */
#include "ictus.h"

#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "base/hash.h"
#include "base/time.h"
#include "base/unicode.h"
#include "beacon/score.h"
#include "engine/score_csv.h"
#include "source/unpack.h"

#define CHUNK	     ((size_t)256 << 10)
#define OUTPUT_CHUNK ((size_t)64 << 10)
#define EVENTS_MAX   (SIZE_MAX / 64)

typedef struct event {
	int64_t ticks, bytes;
	uint32_t series;
} event;

typedef struct series {
	ic_str key;
	uint64_t hash;
	size_t first, n; /* its events, once they are grouped */
} series;

typedef struct job {
	const ic_score_options *opt;
	const char *name; /* of the file, for messages */
	int fd;		  /* -1: not opened */
	ic_unpack *unpack;
	/* Text not parsed yet. */
	char *text;
	size_t at, n, room;
	bool ended;
	uint64_t line; /* of text[at], 1-based */
	ic_csv_split *split;
	ic_score_columns columns;
	ic_buf scratch;
	char delimiter;
	/* What was read. */
	ic_arena keys;
	series *series;
	size_t series_n, series_room;
	uint32_t *slots; /* index + 1 of a series by hash; a power of two of them */
	size_t slot_count;
	event *events;
	size_t events_n, events_room;
	int64_t first, last;
	ic_file_report report;
	char path[1024];
} job;

/* ---- reading ---------------------------------------------------------------------- */

static ic_status open_file(job *j, ic_error *err)
{
	bool from_stdin = strcmp(j->opt->path, "-") == 0;
	struct stat s;
	j->fd = from_stdin ? dup(STDIN_FILENO) : open(j->opt->path, O_RDONLY | O_CLOEXEC);
	if (j->fd < 0)
		return ic_fail_at(err, IC_E_NOINPUT, j->name, 0, 0, "%s", strerror(errno));
	if (fstat(j->fd, &s) == 0) {
		if (S_ISDIR(s.st_mode))
			return ic_fail_at(err, IC_E_NOINPUT, j->name, 0, 0, "%s", strerror(EISDIR));
		j->report.device = (uint64_t)s.st_dev;
		j->report.inode = (uint64_t)s.st_ino;
	}
	j->unpack = ic_unpack_open(ic_read_fd, &j->fd);
	return j->unpack ? IC_OK : ic_fail_nomem(err);
}

/* Doubles what is known of the record at `at`, so that a long one is not split again and again. */
static ic_status read_more(job *j, ic_error *err)
{
	if (j->at) {
		memmove(j->text, j->text + j->at, j->n - j->at);
		j->n -= j->at;
		j->at = 0;
	}
	size_t want = j->n + (j->n > CHUNK ? j->n : CHUNK);
	if (want > j->room) {
		char *text = ic_realloc(j->text, want);
		if (!text)
			return ic_fail_nomem(err);
		j->text = text;
		j->room = want;
	}
	ic_error why = { 0 };
	size_t made;
	const ic_status st = ic_unpack_read(j->unpack, j->text + j->n, want - j->n, &made, &why);
	j->n += made;
	j->ended = j->n < want || st != IC_OK;
	j->report.damaged |= st != IC_OK;
	if (st != IC_OK && j->report.first_bad.code == IC_OK)
		ic_fail_at(&j->report.first_bad, st, j->name, 0, 0, "%s", why.message);
	return IC_OK;
}

static void bad_row(job *j, const ic_score_fault *fault)
{
	j->report.bad++;
	if (j->report.first_bad.code != IC_OK)
		return;
	uint32_t column = fault->cell ? (uint32_t)(fault->cell - (j->text + j->at)) + 1 : 0;
	ic_fail_at(&j->report.first_bad, IC_E_FORMAT, j->name, j->line, column, "%s", fault->cause);
}

/* The next record, IC_CSV_MORE at the end of the file; the cut end of a damaged one is no row. */
static ic_status next_record(job *j, ic_csv_result *ret, ic_error *err)
{
	for (;;) {
		*ret = IC_CSV_MORE;
		if (j->at < j->n || !j->ended)
			*ret = ic_csv_split_record(j->text + j->at, j->n - j->at,
						   j->ended && !j->report.damaged, j->delimiter, j->split);
		if (j->at == j->n && j->ended)
			*ret = IC_CSV_MORE;
		if (*ret != IC_CSV_MORE || j->ended)
			return IC_OK;
		ic_status st = read_more(j, err);
		if (st != IC_OK)
			return st;
	}
}

static void passed(job *j)
{
	j->at += j->split->used;
	j->line += j->split->lines;
}

static bool grow(void **p, size_t *room, size_t n, size_t size)
{
	if (n < *room)
		return true;
	size_t more = *room ? *room * 2 : 1024;
	void *q = more > EVENTS_MAX ? NULL : ic_reallocarray(*p, more, size);
	if (!q)
		return false;
	*p = q;
	*room = more;
	return true;
}

static bool grow_slots(job *j)
{
	if (j->series_n * 2 < j->slot_count)
		return true;
	size_t count = j->slot_count ? j->slot_count * 2 : 1024;
	uint32_t *slots = ic_calloc(count, sizeof *slots);
	if (!slots)
		return false;
	for (size_t i = 0; i < j->series_n; i++) {
		size_t at = j->series[i].hash & (count - 1);
		while (slots[at])
			at = (at + 1) & (count - 1);
		slots[at] = (uint32_t)i + 1;
	}
	ic_free(j->slots);
	j->slots = slots;
	j->slot_count = count;
	return true;
}

static ic_status series_of(job *j, ic_str key, uint32_t *ret)
{
	if (!grow_slots(j) || !grow((void **)&j->series, &j->series_room, j->series_n, sizeof *j->series))
		return IC_E_NOMEM;
	uint64_t hash = ic_hash(key.p, key.n);
	size_t at = hash & (j->slot_count - 1);
	for (; j->slots[at]; at = (at + 1) & (j->slot_count - 1)) {
		*ret = j->slots[at] - 1;
		if (j->series[*ret].hash == hash && ic_str_eq(j->series[*ret].key, key))
			return IC_OK;
	}
	if (j->series_n >= UINT32_MAX - 1)
		return IC_E_LIMIT;
	char *copy = ic_arena_dup(&j->keys, key.p ? key.p : "", key.n);
	if (!copy)
		return IC_E_NOMEM;
	*ret = (uint32_t)j->series_n;
	j->series[j->series_n++] = (series){ .key = { copy, key.n }, .hash = hash };
	j->slots[at] = *ret + 1;
	return IC_OK;
}

static ic_status keep(job *j, const ic_score_row *row)
{
	uint32_t index;
	if ((j->opt->since_ticks != IC_TIME_NONE && row->ticks < j->opt->since_ticks) ||
	    (j->opt->until_ticks != IC_TIME_NONE && row->ticks > j->opt->until_ticks)) {
		j->report.out_time++;
		return IC_OK;
	}
	ic_status st = series_of(j, row->key, &index);
	if (st != IC_OK)
		return st;
	if (!grow((void **)&j->events, &j->events_room, j->events_n, sizeof *j->events))
		return IC_E_NOMEM;
	j->events[j->events_n++] = (event){ row->ticks, row->bytes, index };
	j->series[index].n++;
	j->report.kept++;
	if (j->first == IC_TIME_NONE || row->ticks < j->first)
		j->first = row->ticks;
	if (j->last == IC_TIME_NONE || row->ticks > j->last)
		j->last = row->ticks;
	return IC_OK;
}

static ic_status read_header(job *j, bool *empty, ic_error *err)
{
	ic_csv_result got;
	const char *cause = NULL;
	ic_status st = read_more(j, err);
	if (st != IC_OK)
		return st;
	if (j->n == 0 && j->report.damaged)
		return ic_fail_at(err, IC_E_NOINPUT, j->name, 0, 0, "%s", j->report.first_bad.message);
	j->at = ic_utf8_mark(j->text, j->n);
	char found = ic_csv_delimiter(j->text + j->at, j->n - j->at);
	j->delimiter = found ? found : ',';
	st = next_record(j, &got, err);
	*empty = st == IC_OK && got == IC_CSV_MORE;
	if (st != IC_OK || *empty)
		return st;
	if (got == IC_CSV_BROKEN)
		return ic_fail_at(err, IC_E_NOINPUT, j->name, 1, 0, "%s", j->split->cause);
	if (!ic_score_header(j->split, &j->columns, &cause))
		return ic_fail_at(err, IC_E_NOINPUT, j->name, 1, 0, "%s; expected key,time,bytes", cause);
	passed(j);
	return IC_OK;
}

static ic_status read_rows(job *j, ic_error *err)
{
	for (;;) {
		ic_csv_result got;
		ic_score_row row;
		ic_score_fault fault = { .cause = NULL };
		ic_status st = next_record(j, &got, err);
		if (st != IC_OK || got == IC_CSV_MORE)
			return st;
		if (got == IC_CSV_BROKEN) {
			fault.cause = j->split->cause;
			bad_row(j, &fault);
			j->report.read++;
		} else if (!ic_score_blank(j->split)) {
			j->report.read++;
			if (ic_score_record(j->split, &j->columns, &j->scratch, &row, &fault))
				st = keep(j, &row);
			else if (fault.nomem)
				st = IC_E_NOMEM;
			else
				bad_row(j, &fault);
		}
		if (st != IC_OK)
			return st == IC_E_NOMEM
				   ? ic_fail_nomem(err)
				   : ic_fail_at(err, st, j->name, j->line, 0, "more than 4294967294 keys");
		passed(j);
	}
}

/* ---- scoring ---------------------------------------------------------------------- */

static int by_time(const void *a, const void *b)
{
	const event *x = a, *y = b;
	if (x->ticks != y->ticks)
		return x->ticks < y->ticks ? -1 : 1;
	return (x->bytes > y->bytes) - (x->bytes < y->bytes);
}

/* Puts the events of one series next to each other. */
static event *group_events(job *j)
{
	event *sorted = ic_reallocarray(NULL, j->events_n, sizeof *sorted);
	size_t at = 0;
	if (!sorted)
		return NULL;
	for (size_t i = 0; i < j->series_n; i++) {
		j->series[i].first = at;
		at += j->series[i].n;
		j->series[i].n = 0;
	}
	for (size_t i = 0; i < j->events_n; i++) {
		series *s = &j->series[j->events[i].series];
		sorted[s->first + s->n++] = j->events[i];
	}
	return sorted;
}

static void put_number(ic_buf *b, const char *name, double v)
{
	ic_buf_puts(b, name);
	ic_buf_double(b, v);
}

static void put_series(ic_buf *b, ic_str key, size_t n, const ic_score *s, const ic_rita *rita)
{
	bool timed = s->E > 0;
	ic_buf_puts(b, "{\"key\":");
	ic_buf_json(b, key);
	ic_buf_puts(b, ",\"n\":");
	ic_buf_u64(b, n);
	put_number(b, ",\"automation\":", s->automation);
	put_number(b, ",\"sleep_s\":", timed ? s->sleep_s : (double)NAN);
	put_number(b, ",\"jitter\":", timed ? s->jitter : (double)NAN);
	put_number(b, ",\"sub\":{\"regularity\":", s->regularity);
	put_number(b, ",\"evidence_bursty\":", s->evidence_bursty);
	put_number(b, ",\"evidence_memoryless\":", s->evidence_memoryless);
	put_number(b, ",\"persistence\":", s->persistence);
	put_number(b, ",\"size\":", s->size);
	if (!rita) {
		ic_buf_puts(b, "},\"rita\":null}\n");
		return;
	}
	put_number(b, "},\"rita\":{\"ts\":", rita->ts);
	put_number(b, ",\"ds\":", rita->ds);
	put_number(b, ",\"hist\":", rita->hist);
	put_number(b, ",\"dur\":", rita->dur);
	put_number(b, ",\"score\":", rita->score);
	ic_buf_puts(b, "}}\n");
}

/* Scores one series of events in time order. seconds and sizes have room for all of them. */
static ic_status score_one(job *j, ic_slab *slab, const series *s, const event *events, int64_t *seconds,
			   double *sizes, ic_buf *b)
{
	int64_t from = j->opt->since_ticks != IC_TIME_NONE ? j->opt->since_ticks : j->first;
	int64_t to = j->opt->until_ticks != IC_TIME_NONE ? j->opt->until_ticks : j->last;
	ic_sketch sketch = { 0 };
	ic_score score;
	ic_rita rita;
	bool nomem;
	for (size_t i = 0; i < s->n; i++) {
		ic_status st = ic_sketch_add(&sketch, slab, events[i].ticks, events[i].bytes);
		if (st != IC_OK) {
			ic_sketch_clear(&sketch, slab);
			return st;
		}
		seconds[i] = events[i].ticks / IC_TICKS_S;
		sizes[i] = events[i].bytes < 0 ? (double)NAN : (double)events[i].bytes;
	}
	ic_beacon_score(&sketch, &score);
	ic_sketch_clear(&sketch, slab);
	bool has_rita =
	    ic_rita_score(seconds, sizes, s->n, from / IC_TICKS_S, to / IC_TICKS_S, &rita, &nomem);
	if (nomem)
		return IC_E_NOMEM;
	put_series(b, s->key, s->n, &score, has_rita ? &rita : NULL);
	return b->failed ? IC_E_NOMEM : IC_OK;
}

static ic_status write_out(const ic_output *out, ic_buf *b, ic_error *err)
{
	ic_status st = b->n ? out->write(out->ctx, b->p, b->n) : IC_OK;
	ic_buf_reset(b);
	return st == IC_OK || st == IC_E_CLOSED ? st : ic_fail(err, st, "the output cannot be written");
}

static ic_status score_all(job *j, const ic_output *out, ic_error *err)
{
	size_t most = 0;
	ic_slab slab;
	ic_buf b;
	event *events = group_events(j);
	for (size_t i = 0; i < j->series_n; i++)
		most = j->series[i].n > most ? j->series[i].n : most;
	int64_t *seconds = ic_reallocarray(NULL, most, sizeof *seconds);
	double *sizes = ic_reallocarray(NULL, most, sizeof *sizes);
	ic_slab_init(&slab, NULL);
	ic_buf_init(&b, 0);
	ic_status st = events && seconds && sizes ? IC_OK : ic_fail_nomem(err);
	for (size_t i = 0; i < j->series_n && st == IC_OK; i++) {
		const series *s = &j->series[i];
		qsort(events + s->first, s->n, sizeof *events, by_time);
		st = score_one(j, &slab, s, events + s->first, seconds, sizes, &b);
		if (st != IC_OK)
			st = st == IC_E_NOMEM ? ic_fail_nomem(err)
					      : ic_fail(err, st, "more than 4294967295 events of one key");
		else if (b.n >= OUTPUT_CHUNK)
			st = write_out(out, &b, err);
	}
	if (st == IC_OK)
		st = write_out(out, &b, err);
	ic_buf_clear(&b);
	ic_slab_clear(&slab);
	ic_free(sizes);
	ic_free(seconds);
	ic_free(events);
	return st;
}

/* ---- the verb --------------------------------------------------------------------- */

static void summarise(const job *j, const ic_observer *obs, ic_summary *ret)
{
	const ic_file_report *r = &j->report;
	*ret = (ic_summary){
		.files = 1,
		.damaged_files = r->damaged,
		.rows = r->read,
		.kept = r->kept,
		.bad = r->bad,
		.out_time = r->out_time,
		.first_ticks = j->first,
		.last_ticks = j->last,
		.worst_level = -1,
	};
	if (obs && obs->file_done)
		obs->file_done(obs->ctx, r);
}

static void set_path(job *j)
{
	ic_buf b;
	ic_buf_init(&b, 0);
	ic_buf_term(&b, ic_str_of(j->name));
	size_t n = b.failed ? 0 : b.n < sizeof j->path ? b.n : sizeof j->path - 1;
	if (n)
		memcpy(j->path, b.p, n);
	j->path[n] = '\0';
	ic_buf_clear(&b);
	j->report.path = j->path;
	j->report.format = "csv";
}

ic_status ic_score_series(const ic_score_options *opt, const ic_observer *obs, const ic_output *out,
			  ic_summary *ret, ic_error *err)
{
	job j = { .opt = opt, .fd = -1, .line = 1, .first = IC_TIME_NONE, .last = IC_TIME_NONE };
	bool empty = false;
	*ret = (ic_summary){ .first_ticks = IC_TIME_NONE, .last_ticks = IC_TIME_NONE, .worst_level = -1 };
	j.name = strcmp(opt->path, "-") == 0 ? "stdin" : opt->path;
	set_path(&j);
	ic_arena_init(&j.keys, 0, NULL);
	ic_buf_init(&j.scratch, 0);
	j.split = ic_malloc(sizeof *j.split);
	ic_status st = j.split ? open_file(&j, err) : ic_fail_nomem(err);
	if (st == IC_OK)
		st = read_header(&j, &empty, err);
	if (st == IC_OK && !empty)
		st = read_rows(&j, err);
	if (st == IC_OK && j.events_n)
		st = score_all(&j, out, err);
	if (st == IC_OK || st == IC_E_CLOSED)
		summarise(&j, obs, ret);
	ic_unpack_free(j.unpack);
	if (j.fd >= 0)
		(void)close(j.fd);
	ic_arena_clear(&j.keys);
	ic_buf_clear(&j.scratch);
	ic_free(j.split);
	ic_free(j.text);
	ic_free(j.series);
	ic_free(j.slots);
	ic_free(j.events);
	return st;
}
