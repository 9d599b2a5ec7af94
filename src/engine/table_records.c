/* SPDX-License-Identifier: Apache-2.0 */
/* Records of table files, and the few steps through JSON that finding them takes. */
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "base/error.h"
#include "base/json.h"
#include "base/unicode.h"
#include "engine/table_file.h"

enum { BLOCK = 1 << 20 };

/* ---- JSON --------------------------------------------------------------------------------- */

static size_t skip_string(const char *p, size_t n, size_t at)
{
	for (at++; at < n; at += 2) {
		at = (size_t)(ic_json_quote(p + at, p + n) - p);
		if (at < n && p[at] == '"')
			return at + 1;
	}
	return 0;
}

/* Bytes that stand behind a number or a word. */
static const bool ends_scalar[256] = {
	[','] = true, [']'] = true, ['}'] = true, [' '] = true, ['\t'] = true, ['\r'] = true, ['\n'] = true,
};

/* The end of the JSON value at p[at], 0 if it does not end there. */
static size_t skip_value(const char *p, size_t n, size_t at)
{
	size_t depth = 0;
	if (at < n && p[at] != '{' && p[at] != '[' && p[at] != '"') {
		size_t from = at;
		while (at < n && !ends_scalar[(uint8_t)p[at]])
			at++;
		return at > from ? at : 0;
	}
	while (at < n) {
		switch (p[at]) {
		case '"':
			at = skip_string(p, n, at);
			if (!at || depth == 0)
				return at;
			continue;
		case '{':
		case '[': depth++; break;
		case '}':
		case ']':
			if (--depth == 0)
				return at + 1;
			break;
		default: break;
		}
		at++;
	}
	return 0;
}

/* Behind the comma that must stand before all but the first; SIZE_MAX: the end, or *bad. */
static size_t step(ic_str t, size_t at, char open, char close, bool *bad)
{
	bool first = at == 0;
	at = ic_json_blanks(t.p, t.n, at);
	if (first) {
		*bad = at >= t.n || t.p[at] != open;
		at = *bad ? at : ic_json_blanks(t.p, t.n, at + 1);
		if (*bad || (at < t.n && t.p[at] == close)) {
			*bad = *bad || ic_json_blanks(t.p, t.n, at + 1) != t.n;
			return SIZE_MAX;
		}
		return at;
	}
	if (at < t.n && t.p[at] == ',')
		return ic_json_blanks(t.p, t.n, at + 1);
	*bad = at >= t.n || t.p[at] != close || ic_json_blanks(t.p, t.n, at + 1) != t.n;
	return SIZE_MAX;
}

bool ic_record_element(ic_str t, size_t *at, ic_str *value, bool *bad)
{
	*bad = false;
	size_t from = step(t, *at, '[', ']', bad);
	if (from == SIZE_MAX)
		return false;
	size_t end = skip_value(t.p, t.n, from);
	*bad = end == 0;
	*value = (ic_str){ t.p + from, (uint32_t)(end - from) };
	*at = end;
	return !*bad;
}

/* Behind the name and its colon, 0 if another one stands there. */
static size_t after_likely(ic_str t, size_t at, ic_str likely)
{
	const size_t end = at + 1 + likely.n;
	if (!likely.n || t.n - at < likely.n + 3u || t.p[at] != '"' || t.p[end] != '"' ||
	    t.p[end + 1] != ':' || memcmp(t.p + at + 1, likely.p, likely.n) != 0)
		return 0;
	return end + 2;
}

bool ic_record_name(ic_str t, size_t *at, ic_str likely, ic_str *name, bool *bad)
{
	/* as machines write it: no blanks */
	size_t value = *at < t.n && t.p[*at] == (*at ? ',' : '{') ? after_likely(t, *at + 1, likely) : 0;
	*bad = false;
	*name = likely;
	if (!value) {
		size_t from = step(t, *at, '{', '}', bad);
		if (from == SIZE_MAX)
			return false;
		size_t end = from < t.n && t.p[from] == '"' ? skip_string(t.p, t.n, from) : 0;
		size_t colon = end ? ic_json_blanks(t.p, t.n, end) : t.n;
		*bad = colon >= t.n || t.p[colon] != ':';
		if (*bad)
			return false;
		*name = (ic_str){ t.p + from + 1, (uint32_t)(end - from - 2) };
		value = colon + 1;
	}
	*at = ic_json_blanks(t.p, t.n, value);
	return true;
}

bool ic_record_value(ic_str t, size_t *at, ic_str *value, bool *bad)
{
	size_t from = *at;
	*at = skip_value(t.p, t.n, from);
	*bad = *at == 0;
	*value = (ic_str){ t.p + from, (uint32_t)(*at - from) };
	return !*bad;
}

bool ic_record_member(ic_str t, size_t *at, ic_str *name, ic_str *value, bool *bad)
{
	return ic_record_name(t, at, (ic_str){ NULL, 0 }, name, bad) && ic_record_value(t, at, value, bad);
}

/* ---- bytes -------------------------------------------------------------------------------- */

bool ic_table_can_cut(const ic_table_file *f)
{
	return f->kind == IC_TABLE_NDJSON && !f->text && f->pack == IC_PACK_PLAIN;
}

static ssize_t read_raw(void *ctx, void *to, size_t n)
{
	ic_records *r = ctx;
	ssize_t got;
	if (r->end - r->at < n)
		n = (size_t)(r->end - r->at);
	if (n == 0)
		return 0;
	do
		got = pread(r->fd, to, n, (off_t)r->at);
	while (got < 0 && errno == EINTR);
	if (got < 0)
		return -errno;
	r->at += (uint64_t)got;
	return got;
}

/* The part of the file's text that the records are in. */
static void enter_part(ic_records *r)
{
	const ic_table_file *f = r->file;
	r->gap = r->part < f->gaps.n;
	r->n = r->gap ? f->gaps.at[r->part] : f->text_n;
	r->drained = !r->gap;
}

ic_status ic_records_begin(ic_records *r, const ic_table_file *f, uint64_t part, ic_error *err)
{
	*r = (ic_records){ .file = f, .fd = -1, .stop = UINT64_MAX };
	if (f->kind == IC_TABLE_CSV) {
		r->split = ic_malloc(sizeof *r->split);
		if (!r->split)
			return ic_fail_nomem(err);
	}
	if (f->text) {
		r->p = f->text;
		r->next = f->rows_at;
		enter_part(r);
		return IC_OK;
	}
	if (f->kind == IC_TABLE_EMPTY) {
		r->drained = true;
		return IC_OK;
	}
	r->fd = open(f->path, O_RDONLY | O_CLOEXEC);
	if (r->fd < 0)
		return ic_fail_at(err, IC_E_IO, f->path, 0, 0, "%s", strerror(errno));
	r->owned = true;
	r->end = f->size;
	if (ic_table_can_cut(f)) {
		r->stop = (part + 1) * (uint64_t)IC_TABLE_UNIT;
		r->skip_first = part > 0;
		/* the byte before tells whether a line starts here */
		r->at = part ? part * (uint64_t)IC_TABLE_UNIT - 1 : 0;
		r->base = r->at;
	}
	if (f->pack != IC_PACK_PLAIN) {
		r->unpack = ic_unpack_new(f->pack, read_raw, r);
		if (!r->unpack || !ic_unpack_lines(r->unpack))
			return ic_fail_nomem(err);
	}
	return IC_OK;
}

void ic_records_end(ic_records *r)
{
	ic_unpack_free(r->unpack);
	ic_free(r->split);
	if (r->owned) {
		ic_free(r->p);
		ic_budget_give(r->file->budget, r->room);
	}
	if (r->fd >= 0)
		(void)close(r->fd);
	*r = (ic_records){ .fd = -1, .done = true };
}

static ic_status make_room(ic_records *r)
{
	size_t room = r->room ? r->room * 2 : BLOCK;
	if (r->room - r->n >= BLOCK / 2)
		return IC_OK;
	if (ic_budget_take(r->file->budget, room - r->room) != 0)
		return IC_E_NOMEM;
	char *p = ic_realloc(r->p, room);
	if (!p) {
		ic_budget_give(r->file->budget, room - r->room);
		return IC_E_NOMEM;
	}
	r->p = p;
	r->room = room;
	return IC_OK;
}

static void damage(ic_records *r, const ic_error *why)
{
	if (!r->damaged)
		r->why = *why;
	r->damaged = true;
	r->places++;
}

/* Up to `want` bytes behind the text; *end: there are no more. */
static ic_status read_on(ic_records *r, size_t want, bool *end, ic_error *err)
{
	size_t made = 0;
	ic_error why;
	ic_status st = IC_OK;
	if (r->unpack) {
		st = ic_unpack_read(r->unpack, r->p + r->n, want, &made, &why);
		*end = st == IC_OK ? made < want : st != IC_E_FORMAT || !ic_unpack_resume(r->unpack, &why);
	} else {
		ssize_t got = read_raw(r, r->p + r->n, want);
		made = got > 0 ? (size_t)got : 0;
		if (got < 0)
			st = ic_fail(&why, IC_E_IO, "%s", strerror((int)-got));
		*end = made == 0 || r->at == r->end;
	}
	r->n += made;
	r->gap = st != IC_OK;
	if (st == IC_E_NOMEM)
		return ic_fail_nomem(err);
	if (st != IC_OK)
		damage(r, &why);
	return IC_OK;
}

ic_status ic_records_fill(ic_records *r, ic_error *err)
{
	if (r->gap) { /* a record cut in its middle is no row */
		r->next = r->n;
		r->beheaded |= r->number == 0;
	}
	if (r->file->text) {
		damage(r, &r->file->gaps.passed);
		r->part++;
		enter_part(r);
		return IC_OK;
	}
	r->gap = false;
	size_t rest = r->n - r->next;
	if (rest && r->next)
		memmove(r->p, r->p + r->next, rest);
	r->base += r->next;
	r->n = rest;
	r->next = 0;
	if (rest > IC_TABLE_RECORD) { /* nobody can hold it: on with the line after it */
		r->too_long++;
		r->base += rest;
		r->n = 0;
		r->skip_first = true;
	}
	if (make_room(r) != IC_OK)
		return ic_fail_nomem(err);
	ic_status st = read_on(r, r->room - r->n, &r->drained, err);
	if (r->base == 0)
		r->next = ic_utf8_mark(r->p, r->n);
	return st;
}

/* ---- records ---------------------------------------------------------------------------------- */

/* In the middle of a line that is not ours. False: it goes on behind the buffer. */
static bool pass_first(ic_records *r)
{
	const char *eol = r->n > r->next ? memchr(r->p + r->next, '\n', r->n - r->next) : NULL;
	r->next = eol ? (size_t)(eol - r->p) + 1 : r->n;
	r->skip_first = !eol;
	return eol != NULL;
}

static bool next_line(ic_records *r, ic_str *ret, bool *more)
{
	while (r->base + r->next < r->stop) {
		size_t left = r->n - r->next;
		const char *eol = left ? memchr(r->p + r->next, '\n', left) : NULL;
		if (!eol && !r->drained) {
			*more = true;
			return false;
		}
		/* the cut end of a damaged file is no row */
		if (!eol && (left == 0 || r->gap))
			break;
		size_t n = eol ? (size_t)(eol - r->p) - r->next : left;
		ic_str line = { r->p + r->next, (uint32_t)n };
		r->next += n + (eol != NULL);
		if (line.n && line.p[line.n - 1] == '\r')
			line.n--;
		if (line.n > IC_TABLE_RECORD) {
			r->too_long++;
			continue;
		}
		if (ic_json_blanks(line.p, line.n, 0) == line.n)
			continue;
		*ret = line;
		return true;
	}
	r->done = true;
	return false;
}

static bool next_element(ic_records *r, ic_str *ret)
{
	size_t at = ic_json_blanks(r->p, r->n, r->next);
	if (at < r->n && r->p[at] == ',')
		at = ic_json_blanks(r->p, r->n, at + 1);
	const bool last = at < r->n && r->p[at] == ']';
	size_t end = at < r->n && !last ? skip_value(r->p, r->n, at) : 0;
	r->done = !end;
	if (r->done) {
		/* of typed JSON all of the file was looked at when it was opened */
		const bool whole =
		    last && (r->file->kind == IC_TABLE_TYPED || ic_json_blanks(r->p, r->n, at + 1) == r->n);
		ic_error why = r->file->gaps.why;
		if (!r->gap)
			(void)ic_fail(&why, IC_E_FORMAT,
				      last ? "other text follows the JSON array"
					   : "the JSON array does not end");
		if (r->gap || !whole)
			damage(r, &why);
		return false;
	}
	r->next = end;
	*ret = (ic_str){ r->p + at, (uint32_t)(end - at) };
	return true;
}

/* An empty line is a row only where a row is one cell. */
static bool next_csv(ic_records *r, ic_str *ret, bool *more)
{
	for (;;) {
		size_t left = r->n - r->next;
		if (left == 0 && r->drained)
			break;
		/* the cut end of a damaged file is no row */
		const bool whole = r->drained && !r->gap;
		ic_csv_result got =
		    left ? ic_csv_split_record(r->p + r->next, left, whole, r->file->delimiter, r->split)
			 : IC_CSV_MORE;
		if (got == IC_CSV_MORE && r->drained)
			break;
		if (got == IC_CSV_MORE) {
			*more = true;
			return false;
		}
		*ret = (ic_str){ r->p + r->next, (uint32_t)r->split->used };
		r->next += r->split->used;
		if (got == IC_CSV_BROKEN)
			r->broken++;
		else if (r->number == 0 && ic_csv_is_separator(ret->p, ret->n))
			continue;
		else if (r->split->count > 1 || r->split->cells[0].n || r->file->cells == 1)
			return true;
	}
	r->done = true;
	return false;
}

bool ic_records_next(ic_records *r, ic_str *ret, bool *more)
{
	*more = false;
	if (r->done)
		return false;
	if (r->file->kind == IC_TABLE_EMPTY) {
		r->done = true;
		return false;
	}
	if (r->skip_first && !pass_first(r)) {
		*more = !r->drained;
		r->done = r->drained;
		return false;
	}
	bool got;
	switch (r->file->kind) {
	case IC_TABLE_ARRAY:
	case IC_TABLE_TYPED: got = next_element(r, ret); break;
	case IC_TABLE_CSV: got = next_csv(r, ret, more); break;
	default: got = next_line(r, ret, more); break;
	}
	r->number += got;
	return got;
}
