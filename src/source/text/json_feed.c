/* SPDX-License-Identifier: Apache-2.0 */
/* Text to records: lines with one object each, or documents with objects in lists. */
#include "source/text/json_columns.h"

#include "base/unicode.h"

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

static size_t pass_blanks(const char *p, size_t at, size_t end)
{
	while (at < end && is_blank(p[at]))
		at++;
	return at;
}

/* Also a byte order mark, at the start of a line. */
static size_t line_start(const char *p, size_t at, size_t end)
{
	if (at < end)
		at += ic_utf8_mark(p + at, end - at);
	while (at < end && (p[at] == ' ' || p[at] == '\t' || p[at] == '\r'))
		at++;
	return at;
}

/* ---- lines ---- */

typedef struct feed {
	ic_json *j;
	ic_batch *b;
	ic_row_counts *c;
	ic_json_row row;
	void *ctx;
	ic_json_fill *fill; /* NULL: rows are taken one by one */
} feed;

/* What becomes of a line or record that was scanned. start: of the line, for the column. */
static void take(const feed *f, ic_json_result r, size_t start)
{
	f->c->read++;
	if (r == IC_JSON_OK)
		f->row(f->ctx, f->j, f->b, f->c, f->c->lines);
	else if (r == IC_JSON_SKIPPED)
		f->c->other_stream++;
	else
		ic_row_bad(f->c, f->c->lines, (uint32_t)(f->j->at - start + 1), "%s", f->j->cause);
}

/* Reads whole lines with the help of their marks; returns how many bytes, 0 if none is whole. */
static size_t take_slab(const feed *f, const char *text, size_t n, uint16_t *ends)
{
	ic_json_slab s = { .text = text, .n = n < IC_JSON_SLAB ? n : IC_JSON_SLAB, .ends = ends };
	size_t k = 0, start = 0;
	if (f->fill)
		s.n = ic_json_queue_pause(f->fill, text, s.n);
	s.marks = ic_scan_cells(f->j->level, text, s.n, '"', ends, &s.backslash);
	while (s.marks > 0 && !(ends[s.marks - 1] & IC_SCAN_LINE))
		s.marks--;
	s.n = s.marks ? ends[s.marks - 1] & IC_SCAN_MAX : 0;
	while (k < s.marks && f->b->rows < IC_BATCH_ROWS && !f->j->nomem) {
		size_t at = text[start] == '{' ? start : line_start(text, start, s.n);
		if (text[at] != '\n') {
			ic_json_result r = ic_json_scan_line(f->j, &s, at, &k);
			if (r == IC_JSON_OK) {
				at = f->j->at;
				while (text[at] == ' ' || text[at] == '\t' || text[at] == '\r')
					at++;
				if (text[at] != '\n')
					r = ic_json_fail(f->j, at, s.n, "text after the object");
			}
			take(f, r, start);
		}
		while (!(ends[k] & IC_SCAN_LINE))
			k++;
		start = ends[k++] & IC_SCAN_MAX;
		f->c->lines++;
	}
	return start;
}

/* Reads one line without marks: long ones and the last ones of a text. Returns its bytes, 0 if its end
 * is not there yet. */
static size_t take_line(const feed *f, const char *text, size_t n, bool final)
{
	const char *line_end = memchr(text, '\n', n);
	size_t length = line_end ? (size_t)(line_end - text) : n;
	if (!line_end && !final)
		return 0;
	size_t at = line_start(text, 0, length);
	if (length > IC_LINE_MAX) {
		f->c->read++;
		ic_row_bad(f->c, f->c->lines, 0, "line is longer than 16 MiB");
	} else if (at < length) {
		ic_json_result r = ic_json_scan(f->j, text, length, at);
		if (r == IC_JSON_OK) {
			at = pass_blanks(text, f->j->at, length);
			if (at < length)
				r = ic_json_fail(f->j, at, length, "text after the object");
		}
		take(f, r, 0);
	}
	f->c->lines += line_end != NULL;
	return length + (line_end != NULL);
}

static ic_status feed_lines(const feed *f, const char *text, size_t n, size_t *at, bool final)
{
	const ic_json *j = f->j;
	uint16_t ends[IC_JSON_SLAB + 1 + IC_SCAN_PAD];
	while (*at < n && f->b->rows < IC_BATCH_ROWS && !j->nomem) {
		size_t used = 0;
		if (f->fill && n - *at > IC_JSON_PAD)
			used = ic_json_queue_take(f->fill, text + *at, n - *at - IC_JSON_PAD, f->c);
		if (used == 0 && n - *at > IC_JSON_PAD)
			used = take_slab(f, text + *at, n - *at - IC_JSON_PAD, ends);
		if (used == 0)
			used = take_line(f, text + *at, n - *at, final);
		if (used == 0)
			break;
		*at += used;
	}
	return j->nomem ? IC_E_NOMEM : IC_OK;
}

ic_status ic_json_lines(ic_json *j, const char *text, size_t n, size_t *at, bool final, ic_batch *b,
			ic_row_counts *c, ic_json_row row, void *ctx)
{
	const feed f = { j, b, c, row, ctx, NULL };
	return feed_lines(&f, text, n, at, final);
}

static void planned_row(void *ctx, ic_json *j, ic_batch *b, ic_row_counts *c, uint64_t line)
{
	ic_json_fill *f = ctx;
	const ic_json_plan *p = f->plan_of(f->ctx, j);
	if (!p) {
		c->other_stream++;
		return;
	}
	ic_json_plan_row(p, f, b, c, line);
	if (!ic_json_queue_learn(f, p))
		j->nomem = true;
}

ic_status ic_json_plan_lines(ic_json_fill *f, const char *text, size_t n, size_t *at, bool final, ic_batch *b,
			     ic_row_counts *c)
{
	const feed lines = { f->j, b, c, planned_row, f, f };
	f->b = b;
	return feed_lines(&lines, text, n, at, final);
}

/* ---- documents ---- */

typedef struct cursor {
	const feed *f;
	ic_json_document *d;
	const char *text;
	size_t n, at;
	bool final;
} cursor;

static void advance(cursor *k, size_t to)
{
	const char *p = k->text + k->at, *end = k->text + to, *line;
	for (; p < end && (line = memchr(p, '\n', (size_t)(end - p))); p = line + 1)
		k->f->c->lines++;
	k->at = to;
}

/* Gives up what starts here: goes on at the next line that starts an object. */
static bool resync(cursor *k)
{
	const char *p = k->text + k->at, *end = k->text + k->n, *line;
	k->d->damaged = true;
	k->d->depth = 0;
	k->d->skipping = true;
	for (; p < end && (line = memchr(p, '\n', (size_t)(end - p))); p = line + 1) {
		size_t next = pass_blanks(k->text, (size_t)(line - k->text), k->n);
		if (next < k->n && k->text[next] == '{') {
			k->d->skipping = false;
			advance(k, next);
			return true;
		}
		if (next == k->n && !k->final) {
			advance(k, (size_t)(line - k->text)); /* the next text decides */
			return false;
		}
	}
	advance(k, k->n);
	return false;
}

static bool give_up(cursor *k, const char *cause)
{
	k->f->c->read++;
	ic_row_bad(k->f->c, k->f->c->lines, 0, "%s", cause);
	return resync(k);
}

/* The text ends inside of what starts here. */
static bool wait(cursor *k)
{
	if (k->n - k->at > IC_LINE_MAX)
		return give_up(k, "record is longer than 16 MiB");
	if (k->final)
		return give_up(k, "unexpected end");
	return false;
}

static bool push(cursor *k, char open, size_t to)
{
	if (k->d->depth == sizeof(k->d->open))
		return give_up(k, "lists in each other deeper than 8");
	k->d->open[k->d->depth++] = open;
	advance(k, to);
	return true;
}

static bool is_list_name(ic_str key)
{
	return ic_name_is(key, "records|Records|value|Results|results|events|flows|data", false);
}

/* A member of the object around a list. */
static bool take_member(cursor *k)
{
	bool escaped = false;
	size_t n = k->n - k->at > IC_LINE_MAX + 1 ? k->at + IC_LINE_MAX + 1 : k->n;
	size_t close = ic_json_close(k->f->j->level, k->text, k->at + 1, n, &escaped);
	size_t colon = close < n ? pass_blanks(k->text, close + 1, n) : n;
	size_t value = colon < n ? pass_blanks(k->text, colon + 1, n) : n;
	size_t first = value < n ? pass_blanks(k->text, value + 1, n) : n;
	if (colon < n && k->text[colon] != ':')
		return give_up(k, "expected : after a name");
	if (first >= n)
		return wait(k);
	ic_str key = { k->text + k->at + 1, (uint32_t)(close - k->at - 1) };
	if (is_list_name(key) && k->text[value] == '[' && (k->text[first] == '{' || k->text[first] == ']'))
		return push(k, '[', value + 1);
	switch (ic_json_skip(k->f->j, k->text, n, value)) {
	case IC_JSON_OK: break;
	case IC_JSON_SHORT: return wait(k);
	default: return give_up(k, k->f->j->cause);
	}
	/* A number could go on in the next text. */
	if (k->f->j->at == n)
		return wait(k);
	advance(k, k->f->j->at);
	return true;
}

static bool take_record(cursor *k)
{
	ic_json *j = k->f->j;
	ic_row_counts *c = k->f->c;
	size_t n = k->n - k->at > IC_LINE_MAX + 1 ? k->at + IC_LINE_MAX + 1 : k->n;
	j->list_ok = k->d->depth == 0;
	ic_json_result r = ic_json_scan(j, k->text, n, k->at);
	size_t end = j->at;
	if (r == IC_JSON_LIST)
		return push(k, '{', k->at) && push(k, '[', end);
	if (r == IC_JSON_SKIPPED) {
		r = ic_json_skip(j, k->text, n, k->at);
		end = j->at;
		if (r == IC_JSON_OK) {
			c->read++;
			c->other_stream++;
			advance(k, end);
			return true;
		}
	}
	if (r == IC_JSON_SHORT)
		return wait(k);
	if (r != IC_JSON_OK)
		return give_up(k, j->cause);
	take(k->f, r, 0);
	advance(k, end);
	return true;
}

/* The next bracket, comma, member or record; false: more text is needed. */
static bool step(cursor *k)
{
	ic_json_document *d = k->d;
	if (d->skipping)
		return resync(k);
	advance(k, pass_blanks(k->text, k->at, k->n));
	if (k->at == k->n)
		return false;
	const char c = k->text[k->at], in = d->depth ? d->open[d->depth - 1] : '\0';
	if (!d->begun && (c & 0x80)) {
		if (k->n - k->at < 3 && !k->final)
			return false;
		d->begun = true;
		const size_t mark = ic_utf8_mark(k->text + k->at, k->n - k->at);
		if (mark) {
			advance(k, k->at + mark);
			return true;
		}
	}
	d->begun = true;
	if (c == ',' && (in || d->damaged)) {
		advance(k, k->at + 1);
		return true;
	}
	if (c == (in == '{' ? '}' : ']') && (in || d->damaged)) {
		d->depth -= d->depth > 0;
		advance(k, k->at + 1);
		return true;
	}
	if (in == '{')
		return c == '"' ? take_member(k) : give_up(k, "expected a name in quotes");
	if (c == '[')
		return push(k, '[', k->at + 1);
	if (c == '{')
		return take_record(k);
	if (d->damaged && c == '}') {
		advance(k, k->at + 1);
		return true;
	}
	return give_up(k, "expected an object");
}

ic_status ic_json_records(ic_json *j, ic_json_document *d, const char *text, size_t n, size_t *at, bool final,
			  ic_batch *b, ic_row_counts *c, ic_json_row row, void *ctx)
{
	const feed f = { j, b, c, row, ctx, NULL };
	cursor k = { &f, d, text, n, *at, final };
	while (k.at < n && b->rows < IC_BATCH_ROWS && !j->nomem && step(&k))
		;
	*at = k.at;
	if (final && k.at == n && d->depth > 0 && !j->nomem) {
		d->depth = 0;
		c->read++;
		ic_row_bad(c, c->lines, 0, "unexpected end: the list of records is not closed");
	}
	return j->nomem ? IC_E_NOMEM : IC_OK;
}

/* ---- shared by the kinds ---- */

/* Of a log that was rotated while it was written the first line may be the end of one. */
static size_t pass_cut_line(const char *head, size_t at, size_t n)
{
	const char *eol =
	    at < n && head[at] != '{' && head[at] != '[' ? memchr(head + at, '\n', n - at) : NULL;
	const size_t next = eol ? (size_t)(eol - head) + 1 : n;
	const bool cut = next < n && head[next] == '{' && next - at >= 2 &&
			 (eol[-1] == '}' || (eol[-1] == '\r' && eol[-2] == '}'));
	return cut ? next : at;
}

ic_str ic_json_first_record(const char *head, size_t n)
{
	size_t at = line_start(head, 0, n);
	at = pass_cut_line(head, pass_blanks(head, at, n), n);
	if (at >= n || (head[at] != '{' && head[at] != '['))
		return (ic_str){ NULL, 0 };
	size_t next = pass_blanks(head, at + 1, n);
	/* a list of anything but objects is none of ours, and "[section]" is no JSON */
	if (next < n && head[next] != (head[at] == '{' ? '"' : '{') && head[next] != '}' && head[next] != ']')
		return (ic_str){ NULL, 0 };
	return (ic_str){ head + at, (uint32_t)(n - at) };
}

bool ic_json_mentions(ic_str text, const char *key)
{
	const size_t n = strlen(key);
	const char *end = text.p + text.n;
	for (const char *p = text.p; (size_t)(end - p) > n + 2; p++) {
		p = memchr(p, '"', (size_t)(end - p));
		if (!p || (size_t)(end - p) <= n + 2)
			return false;
		if (memcmp(p + 1, key, n) != 0 || p[n + 1] != '"')
			continue;
		size_t colon = pass_blanks(p, n + 2, (size_t)(end - p));
		if (colon < (size_t)(end - p) && p[colon] == ':')
			return true;
	}
	return false;
}

bool ic_json_has_member(ic_str record, const char *name)
{
	ic_json *j = ic_json_mentions(record, name) ? ic_json_new() : NULL;
	bool has = j && ic_json_add(j, ic_str_of(name), 0, 0, 0) == 0 &&
		   ic_json_add(j, IC_STR("_source"), -1, 0, IC_JSON_RECORD) >= 0;
	if (has) {
		(void)ic_json_scan(j, record.p, record.n, 0); /* what came before damage counts */
		has = ic_json_get(j, 0)->kind != IC_JSON_NONE;
	}
	ic_json_free(j);
	return has;
}

void ic_json_peek(const ic_source_kind *kind, const ic_layout *layout, const char *head, size_t n,
		  unsigned *streams, int64_t *first)
{
	const ic_input_request req = { .wanted = IC_FIELD_BIT(IC_F_TIME),
				       .streams = IC_ALL_STREAMS,
				       .filter = { .since = IC_TIME_NONE, .until = IC_TIME_NONE } };
	const ic_reader_config cfg = { .req = &req, .map = ic_json_layout_map(layout) };
	ic_batch *b = ic_batch_new(req.wanted);
	ic_reader *r = b ? kind->begin(&cfg, layout) : NULL;
	ic_row_counts c = { 0 };
	size_t at = 0;
	*streams = 0;
	*first = IC_TIME_NONE;
	if (r && kind->parse(r, head, n, &at, false, b, &c) == IC_OK) {
		for (uint32_t i = 0; i < b->rows; i++)
			*streams |= IC_STREAM_BIT(b->stream[i]);
		if (b->rows)
			*first = b->col[IC_F_TIME].i[0];
	}
	kind->end(r);
	ic_batch_free(b);
	if (*streams == 0)
		*streams = layout->streams;
}

typedef struct json_layout {
	ic_layout base;
	const ic_field_map *map;
} json_layout;

ic_layout *ic_json_layout_new(unsigned streams, const ic_field_map *map, bool *nomem)
{
	json_layout *l = ic_malloc(sizeof(*l));
	*nomem = !l;
	if (!l)
		return NULL;
	*l = (json_layout){ .base.streams = streams, .map = map };
	return &l->base;
}

const ic_field_map *ic_json_layout_map(const ic_layout *l)
{
	return ((const json_layout *)(const void *)l)->map;
}

bool ic_json_layout_equal(const ic_layout *a, const ic_layout *b)
{
	return a->streams == b->streams;
}

void ic_json_layout_free(const ic_layout *l)
{
	ic_free((void *)(uintptr_t)l);
}
