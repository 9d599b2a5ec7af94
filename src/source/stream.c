/* SPDX-License-Identifier: Apache-2.0 */
/* The text of a unit: a chunk of a plain file, found by its line ends, or all of a file in blocks
 * with the unfinished record carried over. */
#include <errno.h>
#include <unistd.h>

#include "base/error.h"
#include "source/input.h"
#include "source/messages.h"

#define SLOP_BYTES (4u << 10) /* read behind a chunk for its last line; the next chunk reads it again */
#define STEP_BYTES (4u << 20) /* the most that is read at once to finish a long line */
#define CACHE_LINE 64

static size_t chunk_bytes = IC_CHUNK_BYTES;

void ic_input_set_chunk(size_t bytes)
{
	chunk_bytes = bytes ? bytes : IC_CHUNK_BYTES;
}

size_t ic_input_chunk(void)
{
	return chunk_bytes;
}

static size_t slop(void)
{
	return chunk_bytes < SLOP_BYTES ? chunk_bytes : SLOP_BYTES;
}

size_t ic_input_buffer_bytes(void)
{
	return CACHE_LINE + chunk_bytes + slop();
}

/* ---- raw bytes ---- */

ssize_t ic_raw_read(void *ctx, void *to, size_t n)
{
	ic_raw *raw = ctx;
	ssize_t got;
	if (n > raw->size - raw->at)
		n = (size_t)(raw->size - raw->at);
	if (n == 0)
		return 0;
	do {
		got = pread(raw->fd, to, n, (off_t)raw->at);
	} while (got < 0 && (errno == EINTR || errno == EAGAIN));
	if (got < 0)
		return -errno;
	raw->fell_short |= got == 0;
	raw->at += (uint64_t)got;
	if (raw->done)
		atomic_fetch_add_explicit(raw->done, (uint64_t)got, memory_order_relaxed);
	return got;
}

static void damage(ic_unit *u, ic_status code, const char *why)
{
	if (!u->damaged)
		(void)ic_fail_at(&u->damage, code, u->file->path, 0, 0, "%s", why);
	u->damaged = true;
}

/* Room for n bytes; a buffer that grew is not pooled again. */
static ic_status make_room(ic_unit *u, size_t n)
{
	ic_text *t = &u->text;
	if (!t->p) {
		t->p = ic_input_take_buffer(u->in);
		t->room = t->p ? ic_input_buffer_bytes() : 0;
	}
	if (t->p && n <= t->room)
		return IC_OK;
	char *p = t->p ? ic_realloc(t->p, n) : NULL;
	if (!p)
		return IC_E_NOMEM;
	t->p = p;
	t->room = n;
	return IC_OK;
}

static const char *last_newline(const char *p, size_t n)
{
	return n ? memrchr(p, '\n', n) : NULL;
}

/* How much to read behind n bytes that are not enough: as much again, so that a long line takes few
 * steps. */
static size_t step(size_t n, size_t least)
{
	size_t most = n < STEP_BYTES ? n : STEP_BYTES;
	return most > least ? most : least;
}

/* ---- chunks ---- */

/* Reads up to `want` more bytes at the file's raw position, at the end of the text. */
static ic_status append_raw(ic_unit *u, size_t want)
{
	ic_text *t = &u->text;
	ic_status st = make_room(u, t->n + want);
	while (st == IC_OK && want > 0) {
		ssize_t got = ic_raw_read(&u->raw, t->p + t->n, want);
		if (got < 0)
			damage(u, IC_E_IO, strerror((int)-got));
		else if (u->raw.fell_short)
			damage(u, IC_E_IO, IC_MSG_SHRUNK);
		if (got <= 0)
			break;
		t->n += (size_t)got;
		want -= (size_t)got;
	}
	return st;
}

/* Finds the end of the last line that starts in the chunk, reading on as far as it goes. `limit`:
 * where in the text the chunk ends. */
static ic_status find_chunk_end(ic_unit *u, size_t limit)
{
	ic_text *t = &u->text;
	const char *before = last_newline(t->p + t->at, limit - 1 > t->at ? limit - 1 - t->at : 0);
	size_t start = before ? (size_t)(before - t->p) + 1 : t->at; /* of that last line */
	size_t from = limit - 1;
	for (;;) {
		const char *eol = from < t->n ? memchr(t->p + from, '\n', t->n - from) : NULL;
		size_t length = (eol ? (size_t)(eol - t->p) : t->n) - start;
		if (length > IC_LINE_MAX) {
			t->end = start;
			t->long_tail = true;
			return IC_OK;
		}
		if (eol) {
			t->end = (size_t)(eol - t->p) + 1;
			return IC_OK;
		}
		from = t->n;
		uint64_t left = u->raw.size - u->raw.at;
		if (left == 0 || u->damaged) {
			t->end = t->n;
			return IC_OK;
		}
		size_t want = step(t->n - start, slop());
		ic_status st = append_raw(u, left < want ? (size_t)left : want);
		if (st != IC_OK)
			return st;
	}
}

static ic_status start_chunk(ic_unit *u)
{
	ic_text *t = &u->text;
	const uint64_t size = u->file->size, low = u->chunk * chunk_bytes;
	const uint64_t high = size - low > chunk_bytes ? low + chunk_bytes : size;
	const uint64_t from = low ? low - 1 : 0; /* the byte before tells whether a line starts here */
	const uint64_t to = size - high > slop() ? high + slop() : size;
	if (u->fd < 0) {
		t->final = t->drained = true;
		return IC_OK;
	}
	u->raw = (ic_raw){ .fd = u->fd, .at = from, .size = size };
	ic_status st = make_room(u, ic_input_buffer_bytes());
	if (st != IC_OK)
		return st;
	/* The system copies pages the faster, if where they start is the start of a cache line here, too. */
	t->n = t->at = (size_t)(from - (uintptr_t)t->p) % CACHE_LINE;
	st = append_raw(u, (size_t)(to - from));
	if (st != IC_OK)
		return st;
	atomic_fetch_add_explicit(&u->in->bytes_done, high - low, memory_order_relaxed);
	t->final = t->drained = true;
	size_t limit = t->at + (size_t)(high - from);
	if (t->n < limit)
		limit = t->n; /* the file shrank */
	if (low && limit > t->at) {
		const char *eol = memchr(t->p + t->at, '\n', limit - t->at);
		t->at = eol ? (size_t)(eol - t->p) + 1 : limit;
	}
	t->end = t->at;
	return t->at < limit ? find_chunk_end(u, limit) : IC_OK;
}

/* ---- in order ---- */

bool ic_unit_is_document(const ic_unit *u)
{
	return !u->file->kind->lines || u->layout->document;
}

static void count_too_long(ic_unit *u, bool line_end)
{
	u->counts.read++;
	ic_row_bad(&u->counts, u->counts.lines, 0, IC_MSG_LONG_LINE);
	u->counts.lines += line_end;
}

/* A record that does not end within the limit: dropped, and reading goes on behind its line. */
static void give_up_record(ic_unit *u)
{
	ic_text *t = &u->text;
	const char *eol = memchr(t->p + t->at, '\n', t->n - t->at);
	count_too_long(u, eol != NULL);
	t->skipping = !eol;
	t->at = eol ? (size_t)(eol - t->p) + 1 : t->n;
}

/* The first line of the text may be too long; the others lie within one block. */
static void drop_long_line(ic_unit *u)
{
	ic_text *t = &u->text;
	if (t->n - t->at <= IC_LINE_MAX)
		return;
	const char *eol = memchr(t->p + t->at, '\n', t->n - t->at);
	if ((eol ? (size_t)(eol - t->p) : t->n) - t->at > IC_LINE_MAX)
		give_up_record(u);
}

/* In the middle of a line that is too long: drops what belongs to it. */
static void skip_line(ic_unit *u)
{
	ic_text *t = &u->text;
	const char *eol = t->n > t->at ? memchr(t->p + t->at, '\n', t->n - t->at) : NULL;
	t->at = eol ? (size_t)(eol - t->p) + 1 : t->n;
	t->skipping = !eol;
	u->counts.lines += eol != NULL;
}

/* A capture in progress gives what there is, so that its rows are not held back. */
static ic_status read_live(ic_unit *u, ic_error *why)
{
	ic_text *t = &u->text;
	const size_t carry = t->n - t->at, want = step(carry, chunk_bytes);
	if (carry && t->at)
		memmove(t->p, t->p + t->at, carry);
	t->n = carry;
	t->at = 0;
	ic_status st = make_room(u, carry + want);
	if (st != IC_OK)
		return st;
	const ssize_t got = ic_live_read(u->in->live, t->p + t->n, want);
	t->drained = got <= 0;
	if (got < 0)
		return ic_fail(why, IC_E_IO, "%s", strerror((int)-got));
	t->n += (size_t)got;
	atomic_fetch_add_explicit(&u->in->bytes_done, (uint64_t)got, memory_order_relaxed);
	return IC_OK;
}

static ic_status read_feed(ic_unit *u, ic_error *why)
{
	ic_text *t = &u->text;
	ic_status st = t->p ? IC_OK : make_room(u, chunk_bytes);
	if (st != IC_OK)
		return st;
	ic_feed_text x = { .p = t->p, .room = t->room, .at = t->at, .n = t->n };
	st = ic_feed_more(u->feed, &x, &t->drained, why);
	t->p = x.p;
	t->room = x.room;
	t->at = x.at;
	t->n = x.n;
	return st;
}

static ic_status read_block(ic_unit *u)
{
	ic_text *t = &u->text;
	ic_error why;
	ic_status st = u->in->live ? read_live(u, &why) : read_feed(u, &why);
	if (st == IC_E_NOMEM)
		return st;
	if (st != IC_OK) {
		damage(u, st, why.message);
		t->gap = st == IC_E_FORMAT && !t->drained;
		u->places++;
		t->cut = !t->gap;
	} else if (t->drained && u->raw.fell_short) {
		damage(u, IC_E_IO, IC_MSG_SHRUNK);
		t->cut = true;
	}
	t->drained |= t->cut;
	return IC_OK;
}

ic_status ic_text_more(ic_unit *u)
{
	ic_text *t = &u->text;
	bool document = ic_unit_is_document(u);
	t->end = t->at;
	while (!t->drained) {
		if (t->gap) { /* a record cut in its middle is not a row here either */
			t->at = t->n;
			t->gap = t->skipping = false;
		}
		if (document && t->n - t->at > IC_LINE_MAX)
			give_up_record(u); /* the reader made nothing of so much */
		ic_status st = read_block(u);
		if (st != IC_OK)
			return st;
		if (t->skipping)
			skip_line(u);
		if (!document)
			drop_long_line(u);
		/* A damaged end leaves a record cut in its middle: it is not a row. */
		t->final = t->drained && !t->cut;
		const char *eol = last_newline(t->p + t->at, t->n - t->at);
		if (document || t->final)
			t->end = t->n;
		else
			t->end = eol ? (size_t)(eol - t->p) + 1 : t->at;
		if (t->end > t->at)
			break;
	}
	return IC_OK;
}

ic_status ic_text_start(ic_unit *u)
{
	ic_text *t = &u->text;
	char *p = t->p;
	size_t room = t->room;
	*t = (ic_text){ .p = p, .room = room };
	if (u->chunked)
		return start_chunk(u);
	if (!u->feed && !u->in->live) { /* it could not be opened */
		t->final = t->drained = true;
		return IC_OK;
	}
	return ic_text_more(u);
}
