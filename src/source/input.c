/* SPDX-License-Identifier: Apache-2.0 */
/* The planned set of files: found, opened, recognised, put in order, handed out as units. */
#include "source/input.h"

#include <stdlib.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/error.h"
#include "base/hash.h"
#include "base/temp.h"
#include "base/unicode.h"
#include "source/messages.h"
#include "source/walk.h"

#define POOL_BUFFERS 64
#define SAMPLES	     3 /* looked at in a file of several streams, besides its head */

enum { RANK_DETAIL, RANK_CONNECTION, RANK_UNREAD };

/* ---- small things ---- */

static void note(const ic_input *in, const char *fmt, const char *path, const char *why)
{
	ic_buf b;
	if (!in->req.note)
		return;
	ic_buf_init(&b, 8192);
	ic_buf_printf(&b, fmt, path, why);
	ic_buf_putc(&b, '\0');
	if (!b.failed)
		in->req.note(in->req.note_ctx, b.p);
	ic_buf_clear(&b);
}

static char *shown_path(const char *path)
{
	ic_buf b;
	ic_buf_init(&b, 1u << 16);
	ic_buf_term(&b, ic_str_of(path));
	ic_buf_putc(&b, '\0');
	if (!b.failed)
		return b.p;
	ic_buf_clear(&b);
	return NULL;
}

static void unreadable(ic_file *f, ic_status code, const char *why)
{
	(void)ic_fail_at(&f->report.first_bad, code, f->path, 0, 0, "%s", why);
	f->report.damaged = true;
}

/* ---- one file ---- */

/* The first text of a file. IC_E_NOMEM; damage goes to the report, and is all that is said of the file if that text
 * is no known one. */
static ic_status read_text(ic_file *f, ic_read_fn read, void *from, char *head, size_t *n)
{
	ic_error err = { 0 };
	ic_unpack *unpack = ic_unpack_open(read, from);
	if (!unpack || !ic_unpack_lines(unpack)) {
		ic_unpack_free(unpack);
		return IC_E_NOMEM;
	}
	f->pack = ic_unpack_pack(unpack);
	(void)ic_unpack_head(unpack, head, IC_HEAD_BYTES, n, &err);
	ic_unpack_free(unpack);
	if (err.code != IC_OK) {
		unreadable(f, err.code, err.message);
		f->report.damaged = *n == 0;
	}
	return IC_OK;
}

static ic_status open_pipe(ic_input *in, ic_file *f, char *head, size_t *n)
{
	bool std = strcmp(f->path, "-") == 0;
	f->fd = std ? STDIN_FILENO : ic_file_open(f, &f->report.first_bad);
	*n = 0;
	if (f->fd < 0) {
		f->report.damaged = true;
		return IC_OK;
	}
	f->from = ic_pipe_new(f->fd, &in->bytes_done);
	if (!f->from)
		return IC_E_NOMEM;
	return read_text(f, ic_pipe_read, f->from, head, n);
}

static ic_status open_regular(ic_file *f, char *head, size_t *n)
{
	ic_raw raw = { .size = f->size };
	raw.fd = ic_file_open(f, &f->report.first_bad);
	*n = 0;
	if (raw.fd < 0) {
		f->report.damaged = true;
		return IC_OK;
	}
	ic_status st = read_text(f, ic_raw_read, &raw, head, n);
	(void)close(raw.fd);
	return st;
}

/* Streams that show only later in a plain file of several: a look at three more places, each from the
 * start of a line. */
static void sample_streams(ic_file *f, char *text)
{
	bool cut = f->kind->mixed && f->kind->lines && !f->newest->document;
	if (!cut || f->pipe || f->pack != IC_PACK_PLAIN || f->size <= IC_HEAD_BYTES)
		return;
	int fd = ic_file_open(f, NULL);
	for (uint64_t i = 1; fd >= 0 && i <= SAMPLES; i++) {
		uint64_t at = (f->size - IC_HEAD_BYTES) / SAMPLES * i;
		ssize_t n = pread(fd, text, IC_HEAD_BYTES, (off_t)at);
		const char *eol = n > 0 ? memchr(text, '\n', (size_t)n) : NULL;
		unsigned streams = 0;
		int64_t first;
		if (eol)
			f->kind->peek(f->newest, eol + 1, (size_t)(text + n - eol - 1), &streams, &first);
		f->streams |= streams;
	}
	if (fd >= 0)
		(void)close(fd);
}

static ic_status keep_first_layout(ic_file *f, const ic_layout *l)
{
	f->layouts = ic_reallocarray(NULL, 4, sizeof(*f->layouts));
	if (!f->layouts) {
		f->kind->layout_free(l);
		return IC_E_NOMEM;
	}
	f->layout_room = 4;
	f->layouts[f->layout_n++] = l;
	f->newest = l;
	return IC_OK;
}

static ic_status recognise(ic_input *in, ic_file *f, char *head, size_t n, const ic_source_kind *forced)
{
	bool nomem = false;
	const char *why = IC_MSG_UNUSED;
	f->kind = forced ? forced : ic_source_sniff(head, n, in->map);
	const ic_layout *l = f->kind ? f->kind->layout(&in->cfg, head, n, &nomem) : NULL;
	if (nomem)
		return IC_E_NOMEM;
	if (l) {
		f->report.format = f->kind->name;
		if (keep_first_layout(f, l) != IC_OK)
			return IC_E_NOMEM;
		f->kind->peek(l, head, n, &f->streams, &f->first_time);
		f->head_hash = ic_hash_stable(head, n);
		sample_streams(f, head);
		if (f->streams == 0)
			f->streams = l->streams;
		f->readable = l->streams != 0;
	} else {
		why = ic_source_stranger(head, n, in->map);
	}
	if (f->readable) { /* damage will be met again, and what was only the end of a pipe's first bytes is none */
		f->report.first_bad = (ic_error){ 0 };
		return IC_OK;
	}
	f->report.damaged = f->report.first_bad.code != IC_OK;
	if (f->report.damaged)
		return IC_OK;
	if (f->named) {
		in->facts.unknown_named++;
		(void)ic_fail_at(&f->report.first_bad, IC_E_FORMAT, f->path, 0, 0, "%s", why);
	} else {
		in->facts.skipped++;
		f->report.skipped = true;
		note(in, "skipped %s: %s", f->shown, why);
	}
	return IC_OK;
}

static ic_status init_file(ic_file *f, const ic_found *found)
{
	*f = (ic_file){ .fd = -1, .spooled = -1, .first_time = IC_TIME_NONE, .report.format = "" };
	f->path = ic_strdup(found->path);
	f->shown = shown_path(found->path);
	if (!f->path || !f->shown)
		return IC_E_NOMEM;
	f->report.path = f->shown;
	f->report.device = found->dev;
	f->report.inode = found->ino;
	f->dev = found->dev;
	f->ino = found->ino;
	f->size = found->size;
	f->named = found->named;
	f->pipe = found->pipe;
	return IC_OK;
}

/* Whether it is a pipe whose bytes were kept. */
static bool find_spooled(const ic_spool *s, ic_file *f)
{
	for (size_t i = 0; s && i < s->n; i++) {
		if (strcmp(s->list[i].path, f->path) == 0) {
			f->spooled = s->list[i].fd;
			f->size = s->list[i].bytes;
			return true;
		}
	}
	return false;
}

/* Nothing but line ends and blanks, perhaps behind a BOM. */
static bool is_blank(const char *head, size_t n)
{
	size_t at = ic_utf8_mark(head, n);
	while (at < n && memchr(" \t\r\n", head[at], 4))
		at++;
	return at == n && n < IC_HEAD_BYTES;
}

static ic_status open_file(ic_input *in, ic_file *f, const ic_found *found, char *head,
			   const ic_source_kind *forced)
{
	size_t n = 0;
	ic_status st = init_file(f, found);
	if (st != IC_OK)
		return st;
	if (find_spooled(in->req.spool, f)) {
		f->pipe = false;
	} else if (found->error) {
		unreadable(f, IC_E_IO, strerror(found->error));
		return IC_OK;
	}
	st = f->pipe ? open_pipe(in, f, head, &n) : open_regular(f, head, &n);
	if (st != IC_OK || f->report.damaged)
		return st;
	f->empty = is_blank(head, n) && f->report.first_bad.code == IC_OK;
	in->facts.empty += f->empty;
	return f->empty ? IC_OK : recognise(in, f, head, n, forced);
}

/* An interface has no beginning that could be looked at before its packets are wanted. */
static ic_status open_live(ic_input *in, ic_error *err)
{
	const ic_found found = { .path = (char *)(uintptr_t)in->req.live->interface,
				 .named = true,
				 .pipe = true };
	ic_file *f = &in->files[in->file_n++];
	ic_status st = init_file(f, &found);
	if (st != IC_OK)
		return ic_fail_nomem(err);
	st = ic_live_open(in->req.live, &in->live, err);
	if (st != IC_OK)
		return st;
	return recognise(in, f, NULL, 0, &ic_kind_capture) == IC_OK ? IC_OK : ic_fail_nomem(err);
}

/* ---- the set ---- */

/* More than one log, or it cannot be told. */
static bool is_mixed(const ic_file *f)
{
	bool one = f->newest->single && (f->streams & (f->streams - 1)) == 0;
	return f->kind->mixed && !one;
}

static int file_rank(const ic_file *f)
{
	const unsigned connections = IC_STREAM_BIT(IC_STREAM_CONN) | IC_STREAM_BIT(IC_STREAM_COUNT);
	if (!f->readable)
		return RANK_UNREAD;
	return is_mixed(f) || f->streams & connections ? RANK_CONNECTION : RANK_DETAIL;
}

/* Read first what describes connections, then what counts them, each by time; the content decides
 * between equals, so that no spelling of the paths matters. */
static int compare_files(const void *a, const void *b)
{
	const ic_file *x = a, *y = b;
	if (x->rank != y->rank)
		return x->rank < y->rank ? -1 : 1;
	if (x->first_time != y->first_time)
		return x->first_time < y->first_time ? -1 : 1;
	if (x->head_hash != y->head_hash)
		return x->head_hash < y->head_hash ? -1 : 1;
	return strcmp(x->path, y->path);
}

/* Only a plain file of a line format is cut. */
static uint64_t chunks_of(const ic_file *f)
{
	const uint64_t chunk = ic_input_chunk();
	bool whole = f->pipe || f->pack != IC_PACK_PLAIN || !f->kind->lines || f->newest->document;
	return whole ? 0 : f->size / chunk + (f->size % chunk != 0);
}

static void gather_facts(ic_input *in)
{
	ic_input_facts *facts = &in->facts;
	bool sizes_known = true;
	facts->rereadable = facts->cut = true;
	for (size_t i = 0; i < in->file_n; i++) {
		ic_file *f = &in->files[i];
		f->rank = file_rank(f);
		if (f->pipe && !f->report.damaged)
			facts->rereadable = false;
		if (!f->readable)
			continue;
		in->readable_n++;
		facts->files++;
		facts->bytes += f->size;
		sizes_known &= !f->pipe;
		facts->streams |= f->streams;
		facts->cut &= chunks_of(f) > 0;
		facts->mixed |= is_mixed(f) || f->pipe || f->spooled >= 0;
		ic_fieldset gives = f->newest->gives ? f->newest->gives : ~UINT64_C(0);
		facts->can_give |= f->kind->can_give(f->streams, &in->cfg) & gives;
		/* whatever the head shows: rows that come later are of the same format */
		const unsigned may = is_mixed(f) ? IC_ALL_STREAMS : f->streams;
		if (!(f->kind->can_give(may, &in->cfg) & IC_FIELD_BIT(IC_F_UID)))
			facts->untied |= may;
	}
	if (!sizes_known)
		facts->bytes = 0;
}

/* Files in their order: copies, one of them packed perhaps, come one after the other. */
static void note_twins(const ic_input *in)
{
	for (size_t i = 1; i < in->file_n; i++) {
		const ic_file *f = &in->files[i], *last = f - 1;
		if (f->readable && last->readable && f->first_time != IC_TIME_NONE &&
		    f->first_time == last->first_time && f->head_hash == last->head_hash)
			note(in, IC_MSG_TWINS, f->shown, last->shown);
	}
}

/* Why nothing can be read, in one sentence about the first obstacle. */
static ic_status nothing_to_read(const ic_input *in, const ic_walk *w, ic_error *err)
{
	const ic_file *worst = NULL;
	for (size_t i = 0; i < in->file_n; i++) {
		const ic_file *f = &in->files[i];
		if (f->report.first_bad.code != IC_OK && (!worst || strcmp(f->path, worst->path) < 0))
			worst = f;
	}
	if (worst) {
		*err = worst->report.first_bad;
		err->code = IC_E_NOINPUT;
		return IC_E_NOINPUT;
	}
	if (in->req.path_count == 0)
		return ic_fail(err, IC_E_NOINPUT, "no path given");
	if (w->n == 0)
		return ic_fail_at(err, IC_E_NOINPUT, in->req.paths[0], 0, 0, IC_MSG_NO_LOGS);
	return ic_fail_at(err, IC_E_NOINPUT, in->req.paths[0], 0, 0, IC_MSG_NO_LOGS " (%zu other file%s)",
			  w->n, IC_S(w->n));
}

static ic_status open_all(ic_input *in, ic_error *err)
{
	ic_walk walk = { 0 };
	const ic_source_kind *forced = NULL;
	char *head = NULL;
	ic_error ignored;
	err = err ? err : &ignored;
	if (in->req.input_type && !(forced = ic_source_kind_find(in->req.input_type)))
		return ic_fail(err, IC_E_USAGE, "unknown input type \"%s\"", in->req.input_type);
	ic_status st = in->req.map_file ? ic_field_map_load(in->req.map_file, &in->map, err) : IC_OK;
	in->cfg = (ic_reader_config){ .req = &in->req, .map = in->map, .file_arena = &in->file_arena };
	if (st == IC_OK)
		st = ic_walk_paths(&walk, in->req.paths, in->req.path_count, err);
	if (st == IC_OK) {
		head = ic_malloc(IC_HEAD_BYTES);
		in->files = ic_calloc(walk.n + 1, sizeof(*in->files));
		in->pool = ic_calloc(POOL_BUFFERS, sizeof(*in->pool));
		in->pool_room = POOL_BUFFERS;
		if (!head || !in->files || !in->pool)
			st = ic_fail_nomem(err);
	}
	for (size_t i = 0; i < walk.n && st == IC_OK; i++) {
		in->file_n++;
		st = open_file(in, &in->files[i], &walk.list[i], head, forced);
		if (st != IC_OK)
			st = ic_fail_nomem(err);
	}
	if (st == IC_OK && in->req.live)
		st = open_live(in, err);
	if (st == IC_OK) {
		gather_facts(in);
		if (in->file_n)
			qsort(in->files, in->file_n, sizeof(*in->files), compare_files);
		note_twins(in);
		if (in->readable_n + in->facts.empty == 0)
			st = nothing_to_read(in, &walk, err);
	}
	ic_free(head);
	ic_walk_clear(&walk);
	return st;
}

ic_status ic_input_open(const ic_input_request *req, ic_input **ret, ic_error *err)
{
	ic_input *in = ic_calloc(1, sizeof(*in));
	if (!in)
		return ic_fail_nomem(err);
	if (pthread_mutex_init(&in->lock, NULL) != 0) {
		ic_free(in);
		return ic_fail_nomem(err);
	}
	in->req = *req;
	ic_arena_init(&in->file_arena, 0, NULL);
	ic_status st = open_all(in, err);
	if (st != IC_OK) {
		ic_input_free(in);
		return st;
	}
	*ret = in;
	return IC_OK;
}

static void free_file(ic_file *f)
{
	for (size_t i = 0; i < f->layout_n; i++)
		f->kind->layout_free(f->layouts[i]);
	ic_free(f->layouts);
	ic_pipe_free(f->from);
	if (f->fd > STDIN_FILENO)
		(void)close(f->fd);
	ic_free(f->path);
	ic_free(f->shown);
}

void ic_input_free(ic_input *in)
{
	if (!in)
		return;
	while (in->units)
		ic_unit_free(in->units);
	for (size_t i = 0; i < in->idle_n; i++)
		in->idle[i].kind->end(in->idle[i].reader);
	for (size_t i = 0; i < in->file_n; i++)
		free_file(&in->files[i]);
	ic_live_close(in->live);
	for (size_t i = 0; i < in->pool_n; i++)
		ic_free(in->pool[i]);
	ic_free(in->pool);
	ic_free(in->files);
	ic_field_map_free(in->map);
	ic_arena_clear(&in->file_arena);
	(void)pthread_mutex_destroy(&in->lock);
	ic_free(in);
}

/* ---- keeping pipes ---- */

static ic_status spool_file(const ic_file *f, ic_spooled *to, ic_error *err)
{
	ic_error why = { 0 };
	*to = (ic_spooled){ .fd = -1, .path = ic_strdup(f->path) };
	if (!to->path)
		return ic_fail_nomem(err);
	ic_status st = ic_temp_open(&to->fd, &why);
	if (st == IC_OK)
		st = ic_pipe_keep(f->from, to->fd, &to->bytes, &why);
	if (st == IC_OK || st == IC_E_NOMEM)
		return st == IC_OK ? st : ic_fail_nomem(err);
	return ic_fail_at(err, st, f->path, 0, 0, "it is to be read twice and cannot be kept: %s",
			  why.message);
}

ic_status ic_input_spool(const ic_input *in, ic_spool *to, ic_error *err)
{
	for (size_t i = 0; i < in->file_n; i++) {
		if (!in->files[i].from)
			continue;
		ic_spooled *more = ic_reallocarray(to->list, to->n + 1, sizeof *more);
		if (!more)
			return ic_fail_nomem(err);
		to->list = more;
		ic_status st = spool_file(&in->files[i], &to->list[to->n++], err);
		if (st != IC_OK)
			return st;
	}
	return IC_OK;
}

void ic_spool_clear(ic_spool *s)
{
	for (size_t i = 0; i < s->n; i++) {
		if (s->list[i].fd >= 0)
			(void)close(s->list[i].fd);
		ic_free(s->list[i].path);
	}
	ic_free(s->list);
	*s = (ic_spool){ .list = NULL };
}

/* ---- handing out ---- */

ic_status ic_input_next(ic_input *in, ic_unit **ret, ic_error *err)
{
	*ret = NULL;
	pthread_mutex_lock(&in->lock);
	ic_status st = in->failed;
	if (st == IC_OK && in->next_file < in->readable_n) {
		ic_file *f = &in->files[in->next_file];
		uint64_t chunks = chunks_of(f);
		if (in->req.ends && chunks)
			in->next_chunk = chunks - 1;
		ic_unit *u = ic_unit_new(in, f, in->next_chunk, chunks > 0);
		if (u) {
			u->seq = in->next_seq++;
			if (++in->next_chunk >= chunks) {
				in->next_chunk = 0;
				in->next_file++;
			}
			*ret = u;
		} else {
			st = in->failed = IC_E_NOMEM;
		}
	}
	pthread_mutex_unlock(&in->lock);
	return st == IC_OK ? IC_OK : ic_fail_nomem(err);
}

void ic_input_narrow(ic_input *in, ic_fieldset wanted, unsigned streams)
{
	in->req.wanted = wanted;
	in->req.streams = streams;
}

void ic_input_filter(ic_input *in, const ic_row_filter *filter)
{
	in->req.filter = *filter;
}

const ic_input_facts *ic_input_get_facts(const ic_input *in)
{
	return &in->facts;
}

uint64_t ic_input_bytes_done(const ic_input *in)
{
	return atomic_load_explicit(&in->bytes_done, memory_order_relaxed);
}

bool ic_input_surprised(const ic_input *in)
{
	return atomic_load(&in->surprised);
}

unsigned ic_input_blended(const ic_input *in)
{
	return atomic_load(&in->blended);
}

size_t ic_input_report_count(const ic_input *in)
{
	return in->file_n;
}

const ic_file_report *ic_input_report(const ic_input *in, size_t i)
{
	return i < in->file_n ? &in->files[i].report : NULL;
}
