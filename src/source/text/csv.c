/* SPDX-License-Identifier: Apache-2.0 */
#include "source/text/csv.h"

#include "base/unicode.h"

typedef struct csv_layout {
	ic_layout base;
	const ic_csv_ops *ops;
	size_t header_bytes;
	char *header;
	char delimiter;
	uint32_t columns;
	ic_csv_column column[]; /* [columns] */
} csv_layout;

struct ic_reader {
	const ic_input_request *req;
	const csv_layout *layout;
	bool started; /* the first bytes were seen */
	ic_csv_split split;
};

/* ---- records ---- */

/* last: no more text comes, the first line must do. */
static ic_csv_result broken(const char *text, size_t n, bool last, const char *cause, ic_csv_split *ret)
{
	const char *eol = memchr(text, '\n', n);
	if (!eol && !last)
		return IC_CSV_MORE;
	ret->used = eol ? (size_t)(eol - text) + 1 : n;
	ret->lines = eol != NULL;
	ret->cause = cause;
	return IC_CSV_BROKEN;
}

/* Reads the quoted cell whose opening quote is at i; *i moves behind the closing one. */
static bool quoted_cell(const char *text, size_t n, size_t *i, ic_csv_cell *cell, uint32_t *lines)
{
	size_t start = *i + 1, at = start;
	cell->doubled = false;
	for (;;) {
		const char *q = memchr(text + at, '"', n - at);
		if (!q)
			return false;
		at = (size_t)(q - text) + 1;
		if (at >= n || text[at] != '"')
			break;
		cell->doubled = true;
		at++;
	}
	*cell = (ic_csv_cell){ text + start, (uint32_t)(at - 1 - start), cell->doubled };
	for (const char *p = cell->p; (p = memchr(p, '\n', (size_t)(text + at - 1 - p))); p++)
		++*lines;
	*i = at;
	return true;
}

ic_csv_result ic_csv_split_record(const char *text, size_t n, bool final, char delimiter, ic_csv_split *ret)
{
	bool last = final || n > IC_LINE_MAX; /* the record must end here */
	if (n > IC_LINE_MAX)
		n = IC_LINE_MAX;
	ret->count = ret->lines = 0;
	ret->used = 0;
	ret->cause = NULL;
	for (size_t i = 0;;) {
		ic_csv_cell cell = { text + i, 0, false };
		if (i < n && text[i] == '"') {
			if (!quoted_cell(text, n, &i, &cell, &ret->lines))
				return last ? broken(text, n, true, "a quote is not closed", ret)
					    : IC_CSV_MORE;
			if (i < n && text[i] == '\r')
				i++;
		} else {
			while (i < n && text[i] != delimiter && text[i] != '\n')
				i++;
			size_t end =
			    i < n && text[i] == '\n' && text + i > cell.p && text[i - 1] == '\r' ? i - 1 : i;
			cell.n = (uint32_t)(end - (size_t)(cell.p - text));
		}
		if (i >= n && !final)
			return last ? broken(text, n, true, "a record over 16 MiB", ret) : IC_CSV_MORE;
		if (ret->count < IC_CSV_COLUMNS)
			ret->cells[ret->count] = cell;
		ret->count++;
		if (i >= n || text[i] == '\n') {
			ret->used = i < n ? i + 1 : n;
			ret->lines += i < n;
			return IC_CSV_RECORD;
		}
		if (text[i] != delimiter)
			return broken(text, n, last, "text after a closing quote", ret);
		i++;
	}
}

char ic_csv_delimiter(const char *head, size_t n)
{
	static const char candidates[] = { ',', ';', '\t' };
	uint32_t count[3] = { 0, 0, 0 };
	bool quoted = false;
	for (size_t i = 0; i < n && head[i] != '\n'; i++) {
		quoted ^= head[i] == '"';
		for (int k = 0; k < 3 && !quoted; k++)
			count[k] += head[i] == candidates[k];
	}
	int best = 0;
	for (int k = 1; k < 3; k++)
		if (count[k] > count[best])
			best = k;
	return count[best] ? candidates[best] : '\0';
}

static size_t without_line_end(const char *p, size_t n)
{
	while (n && (p[n - 1] == '\n' || p[n - 1] == '\r'))
		n--;
	return n;
}

bool ic_csv_is_separator(const char *p, size_t n)
{
	return without_line_end(p, n) == 5 && memcmp(p, "sep=", 4) == 0;
}

/* What may stand before the header: a BOM, empty lines, the spreadsheet's line. */
static size_t before_header(const char *p, size_t n)
{
	size_t at = ic_utf8_mark(p, n);
	for (const char *eol; at < n && (eol = memchr(p + at, '\n', n - at)); at = (size_t)(eol + 1 - p)) {
		const size_t line = (size_t)(eol - p) - at;
		if (without_line_end(p + at, line) != 0 && !ic_csv_is_separator(p + at, line))
			break;
	}
	return at;
}

/* Lines that end in CR alone are one line here. */
static bool has_lone_cr(const char *p, size_t n)
{
	n = without_line_end(p, n);
	for (const char *cr = p; (cr = memchr(cr, '\r', (size_t)(p + n - cr))); cr++)
		if (cr[1] != '\n')
			return true;
	return false;
}

/* The header record, with names as plain text. False: no CSV header. */
static bool split_header(const char *head, size_t n, ic_csv_split *split, char *delimiter, size_t *start)
{
	const bool whole = n < 65536; /* the text ends there */
	*start = before_header(head, n);
	head += *start;
	n -= *start;
	*delimiter = ic_csv_delimiter(head, n);
	if (!*delimiter)
		return false;
	if (ic_csv_split_record(head, n, whole, *delimiter, split) != IC_CSV_RECORD)
		return false;
	return split->count >= 2 && split->count <= IC_CSV_COLUMNS && !memchr(head, '\0', split->used) &&
	       !has_lone_cr(head, split->used);
}

static ic_str name_of(const ic_csv_cell *cell)
{
	return ic_str_trim((ic_str){ cell->p, cell->n });
}

size_t ic_csv_each_name(const char *head, size_t n, void (*fn)(void *ctx, ic_str name), void *ctx)
{
	ic_csv_split *split = ic_malloc(sizeof(*split));
	char delimiter;
	size_t start, count = 0;
	if (split && split_header(head, n, split, &delimiter, &start)) {
		count = split->count;
		for (uint32_t i = 0; i < split->count; i++)
			fn(ctx, name_of(&split->cells[i]));
	}
	ic_free(split);
	return count;
}

/* ---- layout ---- */

/* Of several columns for one target only the best stays. */
static void settle_rivals(csv_layout *l)
{
	for (uint32_t i = 0; i < l->columns; i++) {
		for (uint32_t k = 0; k < i; k++) {
			ic_csv_column *a = &l->column[k], *b = &l->column[i];
			if (a->target != b->target || a->target == IC_CSV_NOTHING)
				continue;
			(b->rank < a->rank ? a : b)->target = IC_CSV_NOTHING;
		}
	}
}

/* The fields of the columns, and what rows get from them. */
static ic_fieldset fields_given(const csv_layout *l)
{
	const ic_fieldset named = IC_FIELD_BIT(IC_F_HOST) | IC_FIELD_BIT(IC_F_SNI);
	const ic_fieldset of_url = IC_FIELD_BIT(IC_F_DST_IP) | IC_FIELD_BIT(IC_F_DST_NAME) |
				   IC_FIELD_BIT(IC_F_DST_PORT) | IC_FIELD_BIT(IC_F_SERVICE) |
				   IC_FIELD_BIT(IC_F_URI) | IC_FIELD_BIT(IC_F_HOST);
	const ic_fieldset inspected =
	    of_url | IC_FIELD_BIT(IC_F_UID) | IC_FIELD_BIT(IC_F_METHOD) | IC_FIELD_BIT(IC_F_STATUS) |
	    IC_FIELD_BIT(IC_F_USER_AGENT) | IC_FIELD_BIT(IC_F_REFERRER) | IC_FIELD_BIT(IC_F_SNI) |
	    IC_FIELD_BIT(IC_F_TLS_VERSION) | IC_FIELD_BIT(IC_F_CERT_SUBJECT) |
	    IC_FIELD_BIT(IC_F_CERT_ISSUER) | IC_FIELD_BIT(IC_F_JA3) | IC_FIELD_BIT(IC_F_JA3S) |
	    IC_FIELD_BIT(IC_F_COUNT) | IC_FIELD_BIT(IC_F_DNS_QUERY);
	ic_fieldset set = 0;
	for (uint32_t i = 0; i < l->columns; i++) {
		switch (l->column[i].target) {
		case IC_CSV_URL: set |= of_url; break;
		case IC_CSV_ACTION_TYPE: set |= IC_FIELD_BIT(IC_F_ACTION); break;
		case IC_CSV_ADDITIONAL: set |= inspected; break;
		case IC_CSV_LEVEL:
		case IC_CSV_NOTHING: break;
		default: set |= IC_FIELD_BIT(l->column[i].target); break;
		}
	}
	if (set & named)
		set |= IC_FIELD_BIT(IC_F_DST_NAME);
	return set;
}

const ic_layout *ic_csv_layout(const ic_csv_ops *ops, const ic_reader_config *cfg, const char *head, size_t n,
			       bool *nomem)
{
	char delimiter = ',';
	size_t start = 0;
	ic_csv_split *split = ic_malloc(sizeof(*split));
	csv_layout *l = NULL;
	*nomem = true;
	if (!split)
		return NULL;
	if (!split_header(head, n, split, &delimiter, &start))
		split->count = 0; /* forced by --input-type: nothing will be understood, and said so */
	l = ic_calloc(1, sizeof(*l) + split->count * sizeof(l->column[0]));
	if (l) {
		l->ops = ops;
		l->delimiter = delimiter;
		l->columns = split->count;
		l->base.streams = ops->streams;
		l->header_bytes = split->count ? split->used : 0;
		l->header = ic_malloc(l->header_bytes + 1);
	}
	if (l && l->header) {
		memcpy(l->header, head + start, l->header_bytes);
		for (uint32_t i = 0; i < l->columns; i++)
			l->column[i] = ops->column(cfg->map, name_of(&split->cells[i]));
		settle_rivals(l);
		l->base.gives = fields_given(l);
		*nomem = false;
	} else {
		ic_free(l);
		l = NULL;
	}
	ic_free(split);
	return l ? &l->base : NULL;
}

bool ic_csv_layout_equal(const ic_layout *a, const ic_layout *b)
{
	const csv_layout *x = (const csv_layout *)a, *y = (const csv_layout *)b;
	return x->header_bytes == y->header_bytes && memcmp(x->header, y->header, x->header_bytes) == 0;
}

void ic_csv_layout_free(const ic_layout *layout)
{
	csv_layout *l = (csv_layout *)(uintptr_t)layout;
	if (!l)
		return;
	ic_free(l->header);
	ic_free(l);
}

void ic_csv_peek(const ic_layout *layout, const char *head, size_t n, unsigned *streams, int64_t *first)
{
	const ic_input_request req = { .streams = ~0u,
				       .filter = { .since = IC_TIME_NONE, .until = IC_TIME_NONE } };
	const ic_reader_config cfg = { .req = &req };
	ic_row_counts counts = { 0 };
	size_t at = 0;
	*streams = 0;
	*first = IC_TIME_NONE;
	ic_batch *b = ic_batch_new(IC_FIELD_BIT(IC_F_TIME));
	ic_reader *r = ic_csv_begin(&cfg, layout);
	if (b && r) {
		ic_batch_reset(b);
		(void)ic_csv_parse(r, head, n, &at, n < 65536, b, &counts);
		for (uint32_t i = 0; i < b->rows; i++)
			*streams |= IC_STREAM_BIT(b->stream[i]);
		if (b->rows)
			*first = b->col[IC_F_TIME].i[0];
	}
	ic_csv_end(r);
	ic_batch_free(b);
}

/* ---- rows ---- */

ic_reader *ic_csv_begin(const ic_reader_config *cfg, const ic_layout *layout)
{
	ic_reader *r = ic_malloc(sizeof(*r));
	if (!r)
		return NULL;
	r->req = cfg->req;
	r->layout = (const csv_layout *)layout;
	r->started = false;
	return r;
}

/* Text of a cell with "" made ". False: out of memory. */
static bool cell_text(ic_arena *a, const ic_csv_cell *cell, ic_str *ret)
{
	*ret = (ic_str){ cell->p, cell->n };
	if (!cell->doubled)
		return true;
	char *p = ic_arena_alloc(a, cell->n);
	if (!p)
		return false;
	uint32_t n = 0;
	for (uint32_t i = 0; i < cell->n; i++) {
		p[n++] = cell->p[i];
		i += cell->p[i] == '"'; /* its twin */
	}
	*ret = (ic_str){ p, n };
	return true;
}

enum { GROUPED_MOST = 32 }; /* digits and commas */

/* "1,234,567", as consoles show numbers, without its commas, in buf; any other text as it is. */
static ic_str ungrouped(ic_str s, char buf[GROUPED_MOST])
{
	if (s.n > GROUPED_MOST || !memchr(s.p, ',', s.n))
		return s;
	uint32_t n = 0;
	for (uint32_t i = 0; i < s.n; i++) {
		const bool comma = i > 0 && (s.n - i) % 4 == 0;
		if (comma ? s.p[i] != ',' : s.p[i] < '0' || s.p[i] > '9')
			return s;
		if (!comma)
			buf[n++] = s.p[i];
	}
	return (ic_str){ buf, n };
}

static void put_extra(ic_csv_extra *x, int target, ic_str text)
{
	if (target == IC_CSV_URL)
		x->url = text;
	else if (target == IC_CSV_ACTION_TYPE)
		x->action_type = text;
	else if (target == IC_CSV_ADDITIONAL)
		x->additional = text;
	else if (target == IC_CSV_LEVEL)
		x->level = text;
}

static ic_status put_row(ic_reader *r, const char *start, ic_batch *b, ic_row_counts *c, uint64_t line)
{
	const csv_layout *l = r->layout;
	const ic_csv_split *s = &r->split;
	ic_csv_extra extra = { .url = { NULL, 0 } };
	ic_cells cells;
	c->read++;
	if (s->count != l->columns) {
		ic_row_bad(c, line, 0, "%u column%s where the header has %u", s->count, IC_S(s->count),
			   l->columns);
		return IC_OK;
	}
	ic_cells_begin(&cells, b);
	for (uint32_t i = 0; i < l->columns; i++) {
		const ic_csv_column *col = &l->column[i];
		char buf[GROUPED_MOST]; /* of a number, which is put as one at once */
		ic_str text;
		if (col->target == IC_CSV_NOTHING || s->cells[i].n == 0)
			continue;
		if (!cell_text(&b->arena, &s->cells[i], &text))
			return IC_E_NOMEM;
		if (l->ops->nulls && ic_name_is(text, l->ops->nulls, true))
			continue;
		if (col->target < IC_FIELD_COUNT && ic_fields[col->target].type == IC_T_LONG)
			text = ungrouped(text, buf);
		put_extra(&extra, col->target, text);
		if (col->target < IC_FIELD_COUNT &&
		    !ic_cells_put(&cells, (ic_field)col->target, text, col->unit_ticks)) {
			uint32_t column = s->lines > 1 ? 0 : (uint32_t)(s->cells[i].p - start) + 1;
			ic_row_bad(c, line, column, "%s", cells.cause);
			return IC_OK;
		}
	}
	if (l->ops->finish(&cells, &extra))
		(void)ic_cells_end(&cells, r->req, c, line);
	else
		ic_row_bad(c, line, 0, "%s", cells.cause);
	return IC_OK;
}

/* The header itself, at the start or again where files were joined, or what a spreadsheet wants before it. */
static bool is_header(const csv_layout *l, const char *text, size_t used)
{
	const size_t n = without_line_end(l->header, l->header_bytes), line = without_line_end(text, used);
	return (n && line == n && memcmp(text, l->header, n) == 0) || ic_csv_is_separator(text, used);
}

ic_status ic_csv_parse(ic_reader *r, const char *text, size_t n, size_t *at, bool final, ic_batch *b,
		       ic_row_counts *c)
{
	if (!r->started && n - *at < 3 && !final)
		return IC_OK; /* a BOM may still be cut */
	if (!r->started)
		*at += ic_utf8_mark(text + *at, n - *at);
	r->started = true;
	while (b->rows < IC_BATCH_ROWS && *at < n) {
		const char *p = text + *at;
		ic_csv_result result =
		    ic_csv_split_record(p, n - *at, final, r->layout->delimiter, &r->split);
		if (result == IC_CSV_MORE)
			return IC_OK;
		uint64_t line = c->lines;
		c->lines += r->split.lines;
		*at += r->split.used;
		if (result == IC_CSV_BROKEN) {
			c->read++;
			ic_row_bad(c, line, 0, "%s", r->split.cause);
			continue;
		}
		bool blank = r->split.count == 1 && r->split.cells[0].n == 0;
		if (blank || is_header(r->layout, p, r->split.used))
			continue;
		if (put_row(r, p, b, c, line) != IC_OK)
			return IC_E_NOMEM;
	}
	return IC_OK;
}

void ic_csv_end(ic_reader *r)
{
	ic_free(r);
}
