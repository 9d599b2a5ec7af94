/* SPDX-License-Identifier: Apache-2.0 */
/* Units: claimed in order, read by one thread, committed in order. */
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "source/input.h"
#include "source/messages.h"

enum { AHEAD_CHUNKS = 4 }; /* a plain file of more is read ahead */

/* ---- buffers ---- */

char *ic_input_take_buffer(ic_input *in)
{
	char *p = NULL;
	pthread_mutex_lock(&in->lock);
	if (in->pool_n)
		p = in->pool[--in->pool_n];
	pthread_mutex_unlock(&in->lock);
	return p ? p : ic_malloc(ic_input_buffer_bytes());
}

/* Back to the pool. p NULL allowed. */
static void give_buffer(ic_input *in, char *p, size_t room)
{
	if (!p)
		return;
	pthread_mutex_lock(&in->lock);
	if (room == ic_input_buffer_bytes() && in->pool_n < in->pool_room) {
		in->pool[in->pool_n++] = p;
		p = NULL;
	}
	pthread_mutex_unlock(&in->lock);
	ic_free(p);
}

/* ---- life ---- */

int ic_file_open(const ic_file *f, ic_error *err)
{
	struct stat st;
	if (f->spooled >= 0) {
		int same = fcntl(f->spooled, F_DUPFD_CLOEXEC, 0);
		if (same < 0)
			(void)ic_fail_at(err, IC_E_IO, f->path, 0, 0, "%s", strerror(errno));
		return same;
	}
	int fd = open(f->path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	if (fd < 0) {
		(void)ic_fail_at(err, IC_E_IO, f->path, 0, 0, "%s", strerror(errno));
		return -1;
	}
	if (fstat(fd, &st) != 0 || (uint64_t)st.st_dev != f->dev || (uint64_t)st.st_ino != f->ino) {
		(void)ic_fail_at(err, IC_E_IO, f->path, 0, 0, IC_MSG_REPLACED);
		(void)close(fd);
		return -1;
	}
	return fd;
}

/* The file's descriptor, shared by its units; -1 and the damage when it cannot be opened. */
static int use_fd(ic_unit *u)
{
	ic_file *f = u->file;
	if (f->fd < 0)
		f->fd = ic_file_open(f, &u->damage);
	if (f->fd < 0)
		u->damaged = true;
	else
		f->fd_users++;
	return f->fd;
}

/* Whether the bytes of a unit that is a whole file shall come while others are worked on. While there are
 * logs enough for all threads each inflates its own, straight into the cache it parses from. */
static bool reads_ahead(const ic_input *in, const ic_file *f)
{
	if (in->req.threads <= 1)
		return false;
	if (f->kind->lines && in->readable_n - in->next_file >= in->req.threads)
		return false;
	return f->pack != IC_PACK_PLAIN || f->size > AHEAD_CHUNKS * ic_input_chunk();
}

static bool open_feed(ic_unit *u)
{
	ic_file *f = u->file;
	if (u->in->live)
		return true;
	if (f->from) {
		ic_pipe_rewind(f->from, false);
	} else {
		u->fd = use_fd(u);
		if (u->fd < 0)
			return true;
		u->raw = (ic_raw){ .fd = u->fd, .size = f->size, .done = &u->in->bytes_done };
	}
	ic_unpack *unpack = f->from ? ic_unpack_new(f->pack, ic_pipe_read, f->from)
				    : ic_unpack_new(f->pack, ic_raw_read, &u->raw);
	if (unpack)
		u->feed =
		    ic_feed_new(unpack, reads_ahead(u->in, f), !ic_unit_is_document(u), ic_input_chunk());
	return u->feed != NULL;
}

ic_unit *ic_unit_new(ic_input *in, ic_file *f, uint64_t chunk, bool chunked)
{
	ic_unit *u = ic_calloc(1, sizeof(*u));
	if (!u)
		return NULL;
	u->in = in;
	u->file = f;
	u->chunk = chunk;
	u->chunked = chunked;
	u->layout = f->newest;
	u->fd = -1;
	u->next = in->units;
	if (in->units)
		in->units->prev = u;
	in->units = u;
	if (chunked)
		u->fd = use_fd(u);
	else if (!open_feed(u))
		return NULL; /* the input frees it */
	return u;
}

static void release_text(ic_unit *u)
{
	give_buffer(u->in, u->text.p, u->text.room);
	u->text = (ic_text){ .p = NULL };
}

/* An idle reader of this kind from the pool; NULL: none. */
static ic_reader *take_reader(ic_input *in, const ic_source_kind *kind)
{
	ic_reader *r = NULL;
	pthread_mutex_lock(&in->lock);
	for (size_t i = in->idle_n; i-- > 0 && !r;)
		if (in->idle[i].kind == kind) {
			r = in->idle[i].reader;
			in->idle[i] = in->idle[--in->idle_n];
		}
	pthread_mutex_unlock(&in->lock);
	return r;
}

/* Of a unit that was read to its end the reader is kept for another one. */
static void end_reader(ic_unit *u)
{
	ic_input *in = u->in;
	const ic_source_kind *kind = u->file->kind;
	if (u->reader && kind->again && u->ended) {
		pthread_mutex_lock(&in->lock);
		if (in->idle_n < IC_IDLE_READERS) {
			in->idle[in->idle_n++] = (ic_idle_reader){ kind, u->reader };
			u->reader = NULL;
		}
		pthread_mutex_unlock(&in->lock);
	}
	if (u->reader)
		kind->end(u->reader);
	u->reader = NULL;
}

void ic_unit_free(ic_unit *u)
{
	ic_file *f = u->file;
	if (f->from)
		atomic_store(&f->from->stop, true);
	ic_feed_free(u->feed);
	end_reader(u);
	release_text(u);
	pthread_mutex_lock(&u->in->lock);
	if (u->prev)
		u->prev->next = u->next;
	else
		u->in->units = u->next;
	if (u->next)
		u->next->prev = u->prev;
	if (u->fd >= 0 && --f->fd_users == 0) {
		(void)close(f->fd);
		f->fd = -1;
	}
	pthread_mutex_unlock(&u->in->lock);
	ic_free(u);
}

/* ---- reading ---- */

static ic_status begin(ic_unit *u)
{
	const ic_source_kind *kind = u->file->kind;
	u->reader = kind->again ? take_reader(u->in, kind) : NULL;
	if (u->reader)
		kind->again(u->reader, u->layout);
	else
		u->reader = kind->begin(&u->in->cfg, u->layout);
	u->begun = true;
	return u->reader ? ic_text_start(u) : IC_E_NOMEM;
}

/* The text is at its end: the last chunk line may be one that nobody can hold. */
static void finish_text(ic_unit *u)
{
	if (u->text.long_tail) {
		u->counts.read++;
		ic_row_bad(&u->counts, u->counts.lines, 0, IC_MSG_LONG_LINE);
		u->counts.lines++;
	}
	if (u->places > 1) {
		const ic_error first = u->damage;
		(void)ic_fail_at(&u->damage, first.code, u->file->path, 0, 0, IC_MSG_GAPS, first.message,
				 u->places - 1, IC_S(u->places - 1));
	}
	u->ended = true;
	release_text(u);
}

ic_status ic_unit_read(ic_unit *u, ic_batch *b)
{
	ic_text *t = &u->text;
	ic_status st = IC_OK;
	ic_batch_reset(b);
	if (!u->begun)
		st = begin(u);
	while (st == IC_OK && !u->ended && b->rows == 0) {
		/* The last call comes even without text: a document may lack its end. */
		if (t->at < t->end || (t->final && !u->final_called)) {
			size_t before = t->at;
			st = u->file->kind->parse(u->reader, t->p ? t->p : "", t->end, &t->at, t->final, b,
						  &u->counts);
			bool full = b->rows == IC_BATCH_ROWS;
			u->final_called = t->final && !full && !u->counts.waits;
			u->kept += b->rows;
			if (st != IC_OK || b->rows || t->at > before || u->counts.waits)
				continue;
		}
		if (t->drained)
			finish_text(u);
		else
			st = ic_text_more(u);
	}
	return st;
}

static void reset(ic_unit *u, const ic_layout *layout)
{
	end_reader(u);
	u->layout = layout;
	u->counts = (ic_row_counts){ .read = 0 };
	u->kept = 0;
	u->begun = u->ended = u->final_called = false;
	if (u->fd >= 0)
		u->damaged = false;
}

void ic_unit_drop(ic_unit *u, uint64_t n)
{
	u->counts.out_ports += n;
	u->kept -= n;
}

/* ---- commit ---- */

/* Keeps a layout that the unit made. False: out of memory. */
static bool keep_layout(ic_file *f, const ic_layout *l)
{
	if (f->layout_n == f->layout_room) {
		size_t room = f->layout_room ? f->layout_room * 2 : 4;
		const ic_layout **p = ic_reallocarray(f->layouts, room, sizeof(*p));
		if (!p)
			return false;
		f->layouts = p;
		f->layout_room = room;
	}
	f->layouts[f->layout_n++] = l;
	f->newest = l;
	return true;
}

static void merge(ic_unit *u)
{
	ic_file *f = u->file;
	ic_file_report *r = &f->report;
	const ic_row_counts *c = &u->counts;
	r->read += c->read;
	r->kept += u->kept;
	r->bad += c->bad;
	r->out_ports += c->out_ports;
	r->out_time += c->out_time;
	for (size_t i = 0; i < IC_TALLIES && c->tally[i].what; i++) {
		r->tally[i].what = c->tally[i].what;
		r->tally[i].n += c->tally[i].n;
	}
	if (u->in->live)
		r->lost = ic_live_lost(u->in->live);
	if (c->has_sample && r->first_bad.code == IC_OK)
		(void)ic_fail_at(&r->first_bad, IC_E_FORMAT, f->path, f->lines + c->sample_line + 1,
				 c->sample_column, "%s", c->sample);
	/* that not all of the file was read says more than a bad row does */
	if (u->damaged && !r->damaged)
		r->first_bad = u->damage;
	r->damaged |= u->damaged;
	f->lines += c->lines;
}

bool ic_unit_commit(ic_unit *u)
{
	ic_input *in = u->in;
	ic_file *f = u->file;
	const ic_source_kind *kind = f->kind;
	pthread_mutex_lock(&in->lock);
	const ic_layout *newest = f->newest;
	bool stale = u->layout != newest && !kind->layout_equal(u->layout, newest);
	if (!stale) {
		bool nomem = false;
		bool moved = u->reader && kind->layout_after;
		const ic_layout *after = moved ? kind->layout_after(u->reader, &nomem) : u->layout;
		if (after && after != u->layout && !keep_layout(f, after)) {
			kind->layout_free(after);
			nomem = true;
		} else if (after && after->streams & ~in->facts.streams &&
			   (!kind->mixed || u->layout->single)) {
			atomic_store(&in->surprised, true);
		}
		unsigned met = after ? after->streams | f->streams : 0;
		if (after != u->layout && met & (met - 1))
			atomic_fetch_or(&in->blended, met);
		if (nomem)
			in->failed = IC_E_NOMEM;
		merge(u);
	}
	pthread_mutex_unlock(&in->lock);
	if (stale)
		reset(u, newest);
	else
		ic_unit_free(u);
	return !stale;
}

uint64_t ic_unit_seq(const ic_unit *u)
{
	return u->seq;
}

bool ic_unit_certain(const ic_unit *u)
{
	return u->chunk == 0;
}

const char *ic_unit_path(const ic_unit *u)
{
	return u->file->path;
}

uint64_t ic_unit_first_line(const ic_unit *u)
{
	pthread_mutex_lock(&u->in->lock);
	uint64_t lines = u->file->lines;
	pthread_mutex_unlock(&u->in->lock);
	return lines + 1;
}
