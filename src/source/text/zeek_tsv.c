/* SPDX-License-Identifier: Apache-2.0 */
/* Zeek logs in TSV.
 *
 * The text is taken in slabs that fit the first cache: find all delimiters, split into rows by
 * counting them, drop rows by destination port, service and time, then convert column by column.
 * Cells of unusual form, lines of unusual shape, lines longer than a slab and the last ones of a
 * text (vector loads read past a cell's end) take the slow way, one by one, to the same result. */
#include "source/text/zeek_tsv.h"

#include "source/messages.h"

enum { LEAST = 256 }; /* bytes that are scanned at once */

/* ---- the plan ---- */

/* Whether the marker of unset fields may be a value too, as 0 is: whole columns are not told one from the other. */
static bool unset_looks_set(const ic_zeek_layout *l)
{
	const char c = (char)(l->unset[0] | 0x20);
	return (l->unset[0] >= '0' && l->unset[0] <= ':') || (c >= 'a' && c <= 'f');
}

static void make_plan(ic_reader *r, ic_fieldset wanted)
{
	const ic_row_filter *f = r->filter;
	ic_stream s = r->now.stream;
	r->planned = true;
	memset(r->services, 0, sizeof(r->services));
	memset(r->odd_first, 0, sizeof(r->odd_first));
	r->odd_first[(uint8_t)r->now.unset[0]] = r->odd_first[(uint8_t)r->now.empty[0]] = 1;
	r->odd_first[(uint8_t)r->now.sep] = r->odd_first['\n'] = 1;
	r->wanted = wanted;
	r->skip = !(r->streams & r->now.base.streams);
	r->alone = unset_looks_set(&r->now);
	r->op_count = ic_zeek_plan(&r->now, wanted, r->ops);
	r->port_column = ic_zeek_layout_column(&r->now, IC_F_DST_PORT);
	r->service_column = ic_zeek_layout_column(&r->now, IC_F_SERVICE);
	r->time_column = ic_zeek_layout_column(&r->now, IC_F_TIME);
	/* Name look-ups are context, not destinations; whole logs of web services have any port. */
	bool web_log = s == IC_STREAM_HTTP || s == IC_STREAM_SSL || s == IC_STREAM_WEBSOCKET;
	r->by_port = f->ports && s != IC_STREAM_DNS && !(web_log && f->web_services);
	r->by_service = r->by_port && f->web_services && r->service_column >= 0;
	r->by_time = (f->since != IC_TIME_NONE || f->until != IC_TIME_NONE) && r->time_column >= 0;
	if (!r->by_port && !(wanted & IC_FIELD_BIT(IC_F_DST_PORT)))
		r->port_column = -1;
}

/* ---- splitting into rows ---- */

/* '#', or the first byte of a byte order mark. */
static inline bool may_be_header(char first)
{
	return first == '#' || first == '\xef';
}

static bool is_blank(const char *line, size_t n)
{
	return n == 0 || (n == 1 && line[0] == '\r');
}

static void take_header(ic_reader *r, const char *line, size_t n)
{
	ic_zeek_layout_line(&r->now, line, n);
	r->planned = false;
}

static void count_wrong_columns(const ic_reader *r, ic_row_counts *c, uint64_t line, size_t found)
{
	c->read++;
	if (r->skip)
		c->other_stream++;
	else
		ic_row_bad(c, line, 0, "wrong column count: expected %u, found %zu", r->now.columns, found);
}

static bool cells_fit(const ic_zeek_layout *l, size_t cells)
{
	return l->columns && cells >= l->columns && cells <= (size_t)l->columns + l->extra;
}

/* Splits the slab into at most `room` rows. Returns how many; *used is the length of the lines gone
 * through. Stops before a header line and before a row that must be read alone: the caller then
 * finds *used = 0 on the next call. */
static uint32_t split(ic_reader *r, const ic_zeek_slab *s, uint32_t room, size_t *used)
{
	/* A blank line would look like a row of one cell: those are left to the slow way. */
	const size_t columns = r->now.columns < 2 ? SIZE_MAX : r->now.columns;
	size_t at = 0, start = 0, skip;
	uint64_t line = s->c->lines;
	uint32_t rows = 0;
	for (size_t i = 0; i < s->lines && rows < room; i++, line++) {
		const size_t end = r->ends[i], cells = end - at, after = r->next[end];
		if (__builtin_expect(cells == columns && !may_be_header(s->text[start]), 1)) {
			r->first[rows] = (uint16_t)at;
			r->line[rows++] = (uint32_t)line;
		} else {
			const char *text = s->text + start;
			const size_t n = after - start - 1;
			if (ic_zeek_is_header(text, n, &skip))
				break;
			if (!is_blank(text, n)) {
				if (!r->skip && cells_fit(&r->now, cells))
					break;
				count_wrong_columns(r, s->c, line, cells);
			}
		}
		at = end;
		start = after;
	}
	s->c->lines = line;
	*used = start;
	return rows;
}

/* ---- lines read alone ---- */

static size_t count_seps(const char *line, size_t n, char sep)
{
	size_t count = 0;
	for (size_t i = 0; i < n; i++)
		count += line[i] == sep;
	return count;
}

static void bad_alone(ic_row_counts *c, const char *line, ic_str cell, ic_field f, const char *cause)
{
	ic_zeek_bad_cell(c, (uint32_t)c->lines, (uint32_t)(cell.p - line + 1), f, cause, cell);
}

/* The filters for one line; counts it if it goes. */
static bool keep_alone(const ic_reader *r, const char *line, size_t n, ic_row_counts *c)
{
	const char *cause = NULL;
	ic_str cell;
	if (r->filter->newest && r->time_column >= 0)
		ic_row_seen(
		    r->filter,
		    ic_zeek_time(&r->now, ic_zeek_cell(&r->now, line, n, (uint32_t)r->time_column), &cause));
	if (r->port_column >= 0) {
		cell = ic_zeek_cell(&r->now, line, n, (uint32_t)r->port_column);
		int32_t port = ic_zeek_port(&r->now, cell, &cause);
		if (port == -2) {
			bad_alone(c, line, cell, IC_F_DST_PORT, cause);
			return false;
		}
		bool keep = port < 0 || ic_zeek_port_kept(r, (uint32_t)port);
		if (!keep && r->by_service)
			keep = ic_zeek_is_web(
			    ic_service_name(ic_zeek_cell(&r->now, line, n, (uint32_t)r->service_column)));
		if (!keep) {
			c->out_ports++;
			return false;
		}
	}
	if (r->by_time) {
		cell = ic_zeek_cell(&r->now, line, n, (uint32_t)r->time_column);
		int64_t t = ic_zeek_time(&r->now, cell, &cause);
		if (t == IC_TIME_NONE)
			bad_alone(c, line, cell, IC_F_TIME, cause);
		else if (!ic_zeek_time_kept(r, t))
			c->out_time++;
		return t != IC_TIME_NONE && ic_zeek_time_kept(r, t);
	}
	return true;
}

static bool row_alone(ic_reader *r, const char *line, size_t n, ic_batch *b, ic_row_counts *c)
{
	const char *cause = NULL;
	c->read++;
	if (r->skip) {
		c->other_stream++;
		return true;
	}
	if (!keep_alone(r, line, n, c))
		return true;
	for (size_t i = 0; i < r->op_count; i++) {
		const ic_zeek_op *op = &r->ops[i];
		ic_str cell = ic_zeek_cell(&r->now, line, n, op->column);
		ic_zeek_result result = ic_zeek_set(&r->now, op, cell, b, b->rows, &cause);
		if (result == IC_ZEEK_NOMEM)
			return false;
		if (result == IC_ZEEK_BAD) {
			bad_alone(c, line, cell, op->field, cause);
			ic_batch_clear_nulls(b, b->wanted, b->rows);
			return true;
		}
	}
	b->line[b->rows] = (uint32_t)c->lines;
	ic_zeek_append_rows(r, b, 1, c);
	return true;
}

/* Reads the line at text; *used 0: it has no end yet. */
static bool line_alone(ic_reader *r, const char *text, size_t n, bool final, ic_batch *b, ic_row_counts *c,
		       size_t *used)
{
	const char *end = memchr(text, '\n', n);
	size_t length = end ? (size_t)(end - text) : n, skip;
	bool ok = true;
	*used = end ? length + 1 : final ? n : 0;
	if (*used == 0)
		return true;
	if (length > IC_LINE_MAX) {
		c->read++;
		ic_row_bad(c, c->lines, 0, IC_MSG_LONG_LINE);
	} else if (ic_zeek_is_header(text, length, &skip)) {
		take_header(r, text, length);
	} else if (!is_blank(text, length)) {
		length -= text[length - 1] == '\r';
		size_t cells = count_seps(text, length, r->now.sep) + 1;
		if (cells_fit(&r->now, cells))
			ok = row_alone(r, text, length, b, c);
		else
			count_wrong_columns(r, c, c->lines, cells);
	}
	c->lines += end != NULL;
	return ok;
}

/* ---- the source kind ---- */

static ic_status zeek_parse(ic_reader *r, const char *text, size_t n, size_t *at, bool final, ic_batch *b,
			    ic_row_counts *c)
{
	/* Behind a line that is read alone there may be another: not much is scanned in vain. */
	size_t most = IC_SCAN_MAX;
	while (*at < n && b->rows < IC_BATCH_ROWS) {
		size_t left = n - *at, used = 0;
		if (!r->planned || r->wanted != b->wanted)
			make_plan(r, b->wanted);
		if (left > IC_CELLS_PAD && !r->alone) {
			const size_t size = left - IC_CELLS_PAD;
			ic_zeek_slab s = {
				.text = text + *at, .n = size < most ? size : most, .b = b, .c = c
			};
			(void)ic_scan_rows(r->simd, s.text, s.n, r->now.sep, r->next + 1, r->ends, &s.lines,
					   &s.backslash);
			uint32_t rows = split(r, &s, IC_BATCH_ROWS - b->rows, &used);
			if (!ic_zeek_fill_rows(r, &s, rows))
				return IC_E_NOMEM;
		}
		most = 2 * most < IC_SCAN_MAX ? 2 * most : IC_SCAN_MAX;
		if (used == 0) {
			if (!line_alone(r, text + *at, left, final, b, c, &used))
				return IC_E_NOMEM;
			most = 8 * used < LEAST ? LEAST : 8 * used < IC_SCAN_MAX ? 8 * used : IC_SCAN_MAX;
		}
		if (used == 0)
			break;
		*at += used;
	}
	return IC_OK;
}

static const ic_layout *zeek_layout(const ic_reader_config *cfg, const char *head, size_t n, bool *nomem)
{
	(void)cfg;
	ic_zeek_layout *l = ic_malloc(sizeof(*l));
	*nomem = !l;
	if (!l)
		return NULL;
	ic_zeek_layout_init(l);
	ic_zeek_layout_head(l, head, n);
	return &l->base;
}

static void zeek_again(ic_reader *r, const ic_layout *layout)
{
	r->given = (const ic_zeek_layout *)(const void *)layout;
	r->now = *r->given;
	r->planned = false;
}

static ic_reader *zeek_begin(const ic_reader_config *cfg, const ic_layout *layout)
{
	ic_reader *r = ic_malloc(sizeof(*r));
	if (!r)
		return NULL;
	ic_zeek_cells_prepare();
	r->filter = &cfg->req->filter;
	r->streams = cfg->req->streams;
	r->simd = ic_cpu_simd();
	/* Ranks are closed over these whether they are in use or not. */
	memset(r->port, 0, sizeof(r->port));
	memset(r->time, 0, sizeof(r->time));
	r->next[0] = 0;
	zeek_again(r, layout);
	return r;
}

static const ic_layout *zeek_layout_after(ic_reader *r, bool *nomem)
{
	*nomem = false;
	if (ic_zeek_layout_equal(r->given, &r->now))
		return &r->given->base;
	ic_zeek_layout *l = ic_malloc(sizeof(*l));
	*nomem = !l;
	if (!l)
		return NULL;
	*l = r->now;
	return &l->base;
}

static bool zeek_layout_equal(const ic_layout *a, const ic_layout *b)
{
	return ic_zeek_layout_equal((const ic_zeek_layout *)(const void *)a,
				    (const ic_zeek_layout *)(const void *)b);
}

static void zeek_layout_free(const ic_layout *l)
{
	ic_free((void *)(uintptr_t)l);
}

static void zeek_end(ic_reader *r)
{
	ic_free(r);
}

const ic_source_kind ic_kind_zeek_tsv = {
	.name = "zeek-tsv",
	.help = "Zeek logs in TSV: conn, http, ssl, dns, websocket and open_*",
	.lines = true,
	.mixed = false,
	.sniff = ic_zeek_sniff,
	.layout = zeek_layout,
	.peek = ic_zeek_peek,
	.can_give = ic_zeek_can_give,
	.begin = zeek_begin,
	.parse = zeek_parse,
	.layout_after = zeek_layout_after,
	.layout_equal = zeek_layout_equal,
	.layout_free = zeek_layout_free,
	.again = zeek_again,
	.end = zeek_end,
};
