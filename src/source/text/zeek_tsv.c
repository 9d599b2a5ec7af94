/* SPDX-License-Identifier: Apache-2.0 */
/* Zeek logs in TSV.
 *
 * The text is taken in slabs that fit the first cache: find all delimiters, split into rows by
 * counting them, drop rows by destination port, service and time, then convert column by column.
 * Cells of unusual form, lines of unusual shape, lines longer than a slab and the last ones of a
 * text (vector loads read past a cell's end) take the slow way, one by one, to the same result. */
#include "source/messages.h"
#include "source/text/fast.h"
#include "source/text/scan.h"
#include "source/text/zeek_cells.h"
#include "source/text/zeek_values.h"

#if defined(__x86_64__)
#include <emmintrin.h>
#endif

#define SERVICE_SLOTS 64

/* What a short name of a service means; the word of n = 0 is that of an empty slot and of an empty
 * cell, which is null. */
typedef struct service_slot {
	uint64_t word;
	uint32_t n;
	bool same, web; /* same: the name is ours already */
	ic_str ours;
} service_slot;

struct ic_reader {
	const ic_row_filter *filter;
	unsigned streams;
	const ic_zeek_layout *given;
	ic_zeek_layout now;
	ic_simd simd;

	/* the plan for `now` and the batch's columns */
	bool planned, skip, by_port, by_service, by_time;
	ic_fieldset wanted;
	int32_t port_column, service_column, time_column;
	size_t op_count;
	ic_zeek_op ops[IC_FIELD_COUNT];

	service_slot services[SERVICE_SLOTS];
	uint8_t odd_first[256]; /* first bytes of text cells that may not be what they seem */

	/* the slab: rows that are still wanted */
	uint16_t first[IC_BATCH_ROWS], odd[IC_BATCH_ROWS + IC_CELLS_PAD];
	uint32_t line[IC_BATCH_ROWS];
	int64_t port[IC_BATCH_ROWS]; /* -1: unset */
	int64_t time[IC_BATCH_ROWS];
	uint8_t fate[IC_BATCH_ROWS];
	uint16_t next[1 + IC_SCAN_ROOM]; /* [0]: the slab's start */
};

enum { KEEP, DROP, BAD }; /* fate */

/* A slab, and where it goes. */
typedef struct slab {
	const char *text;
	size_t n;
	size_t cells; /* delimiters: offsets in the reader's next, from [1] on */
	bool backslash;
	ic_batch *b;
	ic_row_counts *c;
} slab;

/* ---- the plan ---- */

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

static bool port_kept(const ic_reader *r, uint32_t port)
{
	return !r->by_port || (r->filter->ports[port >> 6] >> (port & 63)) & 1;
}

static bool time_kept(const ic_reader *r, int64_t t)
{
	const ic_row_filter *f = r->filter;
	return (f->since == IC_TIME_NONE || t >= f->since) && (f->until == IC_TIME_NONE || t <= f->until);
}

static bool is_web(ic_str ours)
{
	return ic_str_eq(ours, IC_STR("tls")) || ic_str_eq(ours, IC_STR("http")) ||
	       ic_str_eq(ours, IC_STR("quic")) || ic_str_eq(ours, IC_STR("websocket"));
}

static ic_str service_name(const ic_zeek_layout *l, ic_str cell)
{
	if (ic_zeek_unset(l, cell) || ic_zeek_empty(l, cell))
		return (ic_str){ NULL, 0 };
	return ic_service_name(cell);
}

static __attribute__((noinline)) void fill_slot(const ic_zeek_layout *l, service_slot *slot, uint64_t word,
						ic_str s)
{
	ic_str ours = service_name(l, s);
	bool same = ours.p == s.p;
	*slot = (service_slot){ word, s.n, same, is_web(ours), same ? IC_STR("") : ours };
}

/* The slot of a name of at most 8 bytes, with 8 bytes readable. */
static inline const service_slot *service_of(ic_reader *r, ic_str s)
{
	uint64_t word = ic_fast_word(s.p, s.n);
	service_slot *slot = &r->services[(word * UINT64_C(0x9e3779b97f4a7c15)) >> 58];
	if (__builtin_expect((slot->word != word) | (slot->n != s.n), 0))
		fill_slot(&r->now, slot, word, s);
	return slot;
}

/* ---- splitting into rows ---- */

/* One bit for each of 16 offsets: is it a line end? */
static inline uint32_t line_marks(const uint16_t *e)
{
#if defined(__x86_64__)
	__m128i a = _mm_loadu_si128((const __m128i *)(const void *)e);
	__m128i b = _mm_loadu_si128((const __m128i *)(const void *)(e + 8));
	return (uint32_t)_mm_movemask_epi8(_mm_packs_epi16(a, b));
#else
	uint32_t marks = 0;
	for (uint32_t i = 0; i < 16; i++)
		marks |= (uint32_t)(e[i] >> 15) << i;
	return marks;
#endif
}

/* The marks of the offsets of a whole row of up to 32 cells: the last one's alone. Wider rows are
 * looked at in parts, all but the last part without a mark. */
typedef struct row_shape {
	uint32_t columns, before; /* before: offsets before the last part */
	uint32_t last, mask;	  /* of the last part */
} row_shape;

static row_shape shape_of(uint32_t columns)
{
	/* A blank line would look like a row of one cell: those are left to the slow way. */
	if (columns < 2)
		return (row_shape){ .columns = UINT32_MAX };
	uint32_t before = (columns - 1) / 32 * 32, last = UINT32_C(1) << (columns - 1 - before);
	return (row_shape){ columns, before, last, last | (last - 1) };
}

/* Do the offsets from e on make a row of this shape? `left` of them are valid. */
static inline bool row_is_whole(const uint16_t *e, size_t left, row_shape shape)
{
	if (shape.columns > left)
		return false;
	for (uint32_t i = 0; i < shape.before; i += 16)
		if (line_marks(e + i))
			return false;
	e += shape.before;
	return ((line_marks(e) | line_marks(e + 16) << 16) & shape.mask) == shape.last;
}

/* '#', or the first byte of a byte order mark. */
static inline bool may_be_header(char first)
{
	return first == '#' || first == '\xef';
}

static size_t count_cells(const uint16_t *e, size_t left)
{
	for (size_t i = 0; i < left; i++)
		if (e[i] & IC_SCAN_LINE)
			return i + 1;
	return 0;
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
static uint32_t split(ic_reader *r, const slab *s, uint32_t room, size_t *used)
{
	const uint32_t columns = r->now.columns;
	const row_shape shape = shape_of(columns);
	size_t at = 0, start = 0;
	uint64_t lines = s->c->lines;
	uint32_t rows = 0;
	while (rows < room) {
		uint16_t *e = r->next + 1 + at;
		size_t left = s->cells - at, skip;
		if (__builtin_expect(row_is_whole(e, left, shape) && !may_be_header(s->text[start]), 1)) {
			r->first[rows] = (uint16_t)at;
			r->line[rows++] = (uint32_t)lines++;
			start = e[columns - 1] & ~IC_SCAN_LINE;
			e[columns - 1] = (uint16_t)start;
			at += columns;
			continue;
		}
		size_t cells = count_cells(e, left);
		if (cells == 0)
			break;
		const char *line = s->text + start;
		size_t n = (size_t)(e[cells - 1] & ~IC_SCAN_LINE) - start - 1;
		if (ic_zeek_is_header(line, n, &skip))
			break;
		if (!is_blank(line, n)) {
			if (!r->skip && cells_fit(&r->now, cells))
				break;
			count_wrong_columns(r, s->c, lines, cells);
		}
		lines++;
		e[cells - 1] &= (uint16_t)~IC_SCAN_LINE;
		at += cells;
		start += n + 1;
	}
	s->c->lines = lines;
	*used = start;
	return rows;
}

/* ---- filters ---- */

static ic_zeek_cells cells_of(const ic_reader *r, const slab *s, uint32_t rows, uint32_t column)
{
	return (ic_zeek_cells){ s->text, r->next, r->first, rows, column };
}

/* The cell without the '\r' that a line of a file from Windows has at its end. */
static ic_str row_cell(const ic_reader *r, const ic_zeek_cells *cells, uint32_t row)
{
	ic_str s = ic_zeek_cells_at(cells, row);
	if (cells->column + 1 == r->now.columns && s.n && s.p[s.n - 1] == '\r')
		s.n--;
	return s;
}

static bool ends_in_cr(const ic_reader *r, const ic_zeek_cells *cells)
{
	bool seen = false;
	if (cells->column + 1 != r->now.columns)
		return false;
	for (uint32_t i = 0; i < cells->rows; i++) {
		ic_str s = ic_zeek_cells_at(cells, i);
		seen |= s.n && s.p[s.n - 1] == '\r';
	}
	return seen;
}

static void bad_cell(const ic_reader *r, const slab *s, const ic_zeek_cells *cells, uint32_t row, ic_field f,
		     const char *cause)
{
	const ic_zeek_cells whole = { cells->text, cells->next, cells->first, cells->rows, 0 };
	ic_str cell = row_cell(r, cells, row);
	ptrdiff_t column = cell.p - ic_zeek_cells_at(&whole, row).p + 1;
	ic_zeek_bad_cell(s->c, r->line[row], (uint32_t)column, f, cause, cell);
}

/* Closes the gaps that rows with another fate than KEEP leave. */
static uint32_t close_ranks(ic_reader *r, uint32_t rows, bool times)
{
	const uint8_t *fate = r->fate;
	uint16_t *first = r->first;
	uint32_t *line = r->line, kept = 0;
	int64_t *port = r->port;
	for (size_t i = 0; i < rows; i++) {
		first[kept] = first[i];
		line[kept] = line[i];
		port[kept] = port[i];
		kept += fate[i] == KEEP;
	}
	for (size_t i = 0, n = 0; times && i < rows; i++) {
		r->time[n] = r->time[i];
		n += fate[i] == KEEP;
	}
	return kept;
}

/* Says DROP for rows whose port is not wanted and lists them in r->odd. Returns how many. */
static uint32_t judge_ports(ic_reader *r, const slab *s, const ic_zeek_cells *cells)
{
	const uint64_t *ports = r->filter->ports;
	const int64_t *port = r->port;
	uint8_t *fate = r->fate;
	uint32_t n = 0;
	for (uint32_t i = 0; i < cells->rows; i++) {
		uint64_t p = (uint64_t)port[i];
		if (__builtin_expect(p > 65535, 0)) {
			if (port[i] > 0) {
				bad_cell(r, s, cells, i, IC_F_DST_PORT, "is over 65535");
				fate[i] = BAD;
			}
			continue;
		}
		bool kept = !r->by_port || (ports[p >> 6] >> (p & 63)) & 1;
		fate[i] = kept ? KEEP : DROP;
		r->odd[n] = (uint16_t)i;
		n += !kept;
	}
	return n;
}

/* Rows whose port is not wanted may be saved by their service; n of them are listed. */
static void save_services(ic_reader *r, const slab *s, uint32_t rows, uint32_t n)
{
	const ic_zeek_cells cells = cells_of(r, s, rows, (uint32_t)r->service_column);
	for (uint32_t i = 0; i < n; i++) {
		ic_str name = row_cell(r, &cells, r->odd[i]);
		bool web = name.n <= 8 ? service_of(r, name)->web : is_web(service_name(&r->now, name));
		r->fate[r->odd[i]] = web ? KEEP : DROP;
	}
}

/* Drops rows by ports that are all numbers. Returns how many are left. */
static uint32_t keep_ports(ic_reader *r, uint32_t rows)
{
	const uint64_t *ports = r->filter->ports;
	uint16_t *first = r->first;
	uint32_t *line = r->line, kept = 0;
	int64_t *port = r->port;
	if (!r->by_port)
		return rows;
	for (uint32_t i = 0; i < rows; i++) {
		const uint64_t p = (uint64_t)port[i];
		first[kept] = first[i];
		line[kept] = line[i];
		port[kept] = (int64_t)p;
		kept += (uint32_t)(ports[p >> 6] >> (p & 63)) & 1;
	}
	return kept;
}

static bool all_ports(const int64_t *port, uint32_t rows)
{
	uint64_t bits = 0;
	for (uint32_t i = 0; i < rows; i++)
		bits |= (uint64_t)port[i];
	return bits <= 65535;
}

/* Reads the destination ports and drops rows by them. */
static uint32_t filter_ports(ic_reader *r, const slab *s, uint32_t rows)
{
	const ic_zeek_cells cells = cells_of(r, s, rows, (uint32_t)r->port_column);
	const uint64_t bad = s->c->bad;
	const char *cause;
	size_t n = ic_zeek_cells_count(r->simd, &cells, r->port, r->odd);
	if (n == 0 && !r->by_service && all_ports(r->port, rows)) {
		const uint32_t kept = keep_ports(r, rows);
		s->c->out_ports += rows - kept;
		return kept;
	}
	memset(r->fate, KEEP, rows);
	for (size_t i = 0; i < n; i++) {
		uint32_t row = r->odd[i];
		r->port[row] = ic_zeek_port(&r->now, row_cell(r, &cells, row), &cause);
		if (r->port[row] == -2) {
			bad_cell(r, s, &cells, row, IC_F_DST_PORT, cause);
			r->fate[row] = BAD;
		}
	}
	uint32_t dropped = judge_ports(r, s, &cells);
	if (r->by_service)
		save_services(r, s, rows, dropped);
	uint32_t kept = dropped || s->c->bad > bad ? close_ranks(r, rows, false) : rows;
	s->c->out_ports += rows - kept - (s->c->bad - bad);
	return kept;
}

static uint32_t filter_times(ic_reader *r, const slab *s, uint32_t rows)
{
	const ic_zeek_cells cells = cells_of(r, s, rows, (uint32_t)r->time_column);
	const uint64_t bad = s->c->bad;
	const char *cause;
	size_t n = ic_zeek_cells_time(r->simd, &cells, r->time, r->odd);
	for (size_t i = 0; i < n; i++) {
		uint32_t row = r->odd[i];
		r->time[row] = ic_zeek_time(&r->now, row_cell(r, &cells, row), &cause);
		if (r->time[row] == IC_TIME_NONE)
			bad_cell(r, s, &cells, row, IC_F_TIME, cause);
	}
	for (uint32_t i = 0; i < rows; i++)
		r->fate[i] = r->time[i] != IC_TIME_NONE && time_kept(r, r->time[i]) ? KEEP : DROP;
	uint32_t kept = close_ranks(r, rows, true);
	s->c->out_time += rows - kept - (s->c->bad - bad);
	return kept;
}

/* ---- columns ---- */

static bool set_slowly(ic_reader *r, const slab *s, const ic_zeek_op *op, const ic_zeek_cells *cells,
		       uint32_t row)
{
	const char *cause = NULL;
	if (r->fate[row] != KEEP)
		return true;
	switch (ic_zeek_set(&r->now, op, row_cell(r, cells, row), s->b, s->b->rows + row, &cause)) {
	case IC_ZEEK_OK: return true;
	case IC_ZEEK_NOMEM: return false;
	case IC_ZEEK_BAD: break;
	}
	bad_cell(r, s, cells, row, op->field, cause);
	r->fate[row] = BAD;
	return true;
}

static bool set_all_slowly(ic_reader *r, const slab *s, const ic_zeek_op *op, const ic_zeek_cells *cells)
{
	bool ok = true;
	for (uint32_t i = 0; i < cells->rows && ok; i++)
		ok = set_slowly(r, s, op, cells, i);
	return ok;
}

static void copy_ports(ic_reader *r, const slab *s, const ic_zeek_cells *cells)
{
	ic_column *col = &s->b->col[IC_F_DST_PORT];
	for (uint32_t i = 0; i < cells->rows; i++) {
		int64_t port = r->port[i];
		if (__builtin_expect(port < 0, 0)) {
			ic_column_set_null(col, s->b->rows + i);
			port = 0;
		}
		col->i[s->b->rows + i] = port;
	}
}

static size_t get_ports(ic_reader *r, const slab *s, const ic_zeek_op *op, const ic_zeek_cells *cells)
{
	int64_t *out = s->b->col[op->field].i + s->b->rows;
	size_t n = ic_zeek_cells_count(r->simd, cells, out, r->odd);
	if (all_ports(out, cells->rows))
		return n;
	for (n = 0; n < cells->rows; n++)
		r->odd[n] = (uint16_t)n;
	return n;
}

static void get_services(ic_reader *r, const ic_zeek_cells *cells, ic_column *col, uint32_t at)
{
	ic_str *out = col->s + at;
	uint32_t n = 0;
	for (uint32_t i = 0; i < cells->rows; i++) {
		ic_str s = ic_zeek_cells_at(cells, i);
		if (__builtin_expect(s.n > 8, 0)) {
			s = service_name(&r->now, s);
		} else {
			const service_slot *slot = service_of(r, s);
			s = slot->same ? s : slot->ours;
		}
		out[i] = s;
		r->odd[n] = (uint16_t)i;
		n += !s.p;
	}
	for (uint32_t i = 0; i < n; i++)
		ic_column_set_null(col, at + r->odd[i]);
}

static bool run_op(ic_reader *r, const slab *s, const ic_zeek_op *op, uint32_t rows)
{
	const ic_zeek_cells cells = cells_of(r, s, rows, op->column);
	ic_column *col = &s->b->col[op->field];
	const uint32_t at = s->b->rows;
	const bool plain = !s->backslash && !ends_in_cr(r, &cells);
	size_t n = 0;
	switch (op->kind) {
	case IC_ZEEK_TIME:
		if (r->by_time)
			memcpy(col->i + at, r->time, rows * sizeof(r->time[0]));
		else
			n = ic_zeek_cells_time(r->simd, &cells, col->i + at, r->odd);
		break;
	case IC_ZEEK_IP: n = ic_zeek_cells_quad(r->simd, &cells, col->ip + at, r->odd); break;
	case IC_ZEEK_PORT: n = get_ports(r, s, op, &cells); break;
	case IC_ZEEK_DST_PORT: copy_ports(r, s, &cells); break;
	case IC_ZEEK_COUNT: n = ic_zeek_cells_count(r->simd, &cells, col->i + at, r->odd); break;
	case IC_ZEEK_REAL: n = ic_zeek_cells_real(r->simd, &cells, col->d + at, r->odd); break;
	case IC_ZEEK_TEXT:
		if (!plain)
			return set_all_slowly(r, s, op, &cells);
		n = ic_zeek_cells_text(&cells, r->odd_first, col->s + at, r->odd);
		break;
	case IC_ZEEK_SERVICE:
		if (!plain)
			return set_all_slowly(r, s, op, &cells);
		get_services(r, &cells, col, at);
		break;
	case IC_ZEEK_ABSENT: ic_batch_null_column(s->b, op->field, rows); break;
	case IC_ZEEK_NAME:
	case IC_ZEEK_VERDICT:
	case IC_ZEEK_CONSTANT: return set_all_slowly(r, s, op, &cells);
	}
	for (size_t i = 0; i < n; i++)
		if (!set_slowly(r, s, op, &cells, r->odd[i]))
			return false;
	return true;
}

/* ---- rows into the batch ---- */

/* Gives `rows` finished rows their stream and what follows from several columns, and counts them. */
static void append_rows(const ic_reader *r, ic_batch *b, uint32_t rows, ic_row_counts *c)
{
	ic_stream s = r->now.stream;
	uint8_t flags = r->now.open ? IC_ROW_OPEN : 0;
	if (s == IC_STREAM_WEBSOCKET)
		flags |= IC_ROW_UPGRADE;
	memset(b->stream + b->rows, (int)s, rows);
	memset(b->flags + b->rows, flags, rows);
	if (s == IC_STREAM_HTTP || s == IC_STREAM_WEBSOCKET)
		for (uint32_t i = 0; i < rows; i++)
			ic_http_row_finish(b, b->rows + i);
	b->rows += rows;
	c->kept += rows;
}

/* Drops rows that a column found bad. */
static uint32_t drop_bad_rows(ic_reader *r, const slab *s, uint32_t rows)
{
	uint32_t at = s->b->rows, kept = 0;
	if (!memchr(r->fate, BAD, rows))
		kept = rows;
	for (uint32_t i = 0; i < rows && kept < rows; i++) {
		if (r->fate[i] != KEEP)
			continue;
		if (kept < i)
			ic_batch_move_row(s->b, s->b->wanted, at + kept, at + i);
		r->line[kept++] = r->line[i];
	}
	for (uint32_t i = kept; i < rows; i++)
		ic_batch_clear_nulls(s->b, s->b->wanted, at + i);
	return kept;
}

/* The times of all rows, before any goes. */
static void see_times(ic_reader *r, const slab *s, uint32_t rows)
{
	const ic_zeek_cells cells = cells_of(r, s, rows, (uint32_t)r->time_column);
	const char *cause;
	int64_t newest = 0; /* a bad one is less */
	size_t n = ic_zeek_cells_time(r->simd, &cells, r->time, r->odd);
	for (size_t i = 0; i < n; i++)
		r->time[r->odd[i]] = ic_zeek_time(&r->now, row_cell(r, &cells, r->odd[i]), &cause);
	for (uint32_t i = 0; i < rows; i++)
		newest = r->time[i] > newest ? r->time[i] : newest;
	ic_row_seen(r->filter, newest);
}

static bool fill_rows(ic_reader *r, const slab *s, uint32_t rows)
{
	s->c->read += rows;
	if (r->skip) {
		s->c->other_stream += rows;
		return true;
	}
	if (r->filter->newest && r->time_column >= 0)
		see_times(r, s, rows);
	if (r->port_column >= 0)
		rows = filter_ports(r, s, rows);
	if (r->by_time)
		rows = filter_times(r, s, rows);
	if (rows == 0)
		return true;
	memset(r->fate, KEEP, rows);
	for (size_t i = 0; i < r->op_count; i++)
		if (!run_op(r, s, &r->ops[i], rows))
			return false;
	rows = drop_bad_rows(r, s, rows);
	memcpy(s->b->line + s->b->rows, r->line, rows * sizeof(r->line[0]));
	append_rows(r, s->b, rows, s->c);
	return true;
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
		bool keep = port < 0 || port_kept(r, (uint32_t)port);
		if (!keep && r->by_service)
			keep = is_web(
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
		else if (!time_kept(r, t))
			c->out_time++;
		return t != IC_TIME_NONE && time_kept(r, t);
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
	append_rows(r, b, 1, c);
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
	while (*at < n && b->rows < IC_BATCH_ROWS) {
		size_t left = n - *at, used = 0;
		if (!r->planned || r->wanted != b->wanted)
			make_plan(r, b->wanted);
		if (left > IC_CELLS_PAD) {
			size_t size = left - IC_CELLS_PAD;
			slab s = { .text = text + *at,
				   .n = size < IC_SCAN_MAX ? size : IC_SCAN_MAX,
				   .b = b,
				   .c = c };
			s.cells = ic_scan_cells(r->simd, s.text, s.n, r->now.sep, r->next + 1, &s.backslash);
			uint32_t rows = split(r, &s, IC_BATCH_ROWS - b->rows, &used);
			if (!fill_rows(r, &s, rows))
				return IC_E_NOMEM;
		}
		if (used == 0 && !line_alone(r, text + *at, left, final, b, c, &used))
			return IC_E_NOMEM;
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
