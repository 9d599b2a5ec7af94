/* SPDX-License-Identifier: Apache-2.0 */
/* Rows of a slab of Zeek TSV, whose delimiters are known: dropped by destination port, service and time, then converted
 * column by column. */
#include "source/text/fast.h"
#include "source/text/zeek_tsv.h"

enum { KEEP, DROP, BAD }; /* fate */

/* ---- services ---- */

static ic_str service_name(const ic_zeek_layout *l, ic_str cell)
{
	if (ic_zeek_unset(l, cell) || ic_zeek_empty(l, cell))
		return (ic_str){ NULL, 0 };
	return ic_service_name(cell);
}

static __attribute__((noinline)) void fill_slot(const ic_zeek_layout *l, ic_zeek_service *slot, uint64_t word,
						ic_str s)
{
	ic_str ours = service_name(l, s);
	bool same = ours.p == s.p;
	*slot = (ic_zeek_service){ word, s.n, same, ic_zeek_is_web(ours), same ? IC_STR("") : ours };
}

/* The slot of a name of at most 8 bytes, with 8 bytes readable. */
static inline const ic_zeek_service *service_of(ic_reader *r, ic_str s)
{
	uint64_t word = ic_fast_word(s.p, s.n);
	ic_zeek_service *slot = &r->services[(word * UINT64_C(0x9e3779b97f4a7c15)) >> 58];
	if (__builtin_expect((slot->word != word) | (slot->n != s.n), 0))
		fill_slot(&r->now, slot, word, s);
	return slot;
}

/* ---- filters ---- */

static ic_zeek_cells cells_of(const ic_reader *r, const ic_zeek_slab *s, uint32_t rows, uint32_t column)
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

static void bad_cell(const ic_reader *r, const ic_zeek_slab *s, const ic_zeek_cells *cells, uint32_t row,
		     ic_field f, const char *cause)
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
static uint32_t judge_ports(ic_reader *r, const ic_zeek_slab *s, const ic_zeek_cells *cells)
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
static void save_services(ic_reader *r, const ic_zeek_slab *s, uint32_t rows, uint32_t n)
{
	const ic_zeek_cells cells = cells_of(r, s, rows, (uint32_t)r->service_column);
	for (uint32_t i = 0; i < n; i++) {
		ic_str name = row_cell(r, &cells, r->odd[i]);
		bool web =
		    name.n <= 8 ? service_of(r, name)->web : ic_zeek_is_web(service_name(&r->now, name));
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
static uint32_t filter_ports(ic_reader *r, const ic_zeek_slab *s, uint32_t rows)
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

static uint32_t filter_times(ic_reader *r, const ic_zeek_slab *s, uint32_t rows)
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
		r->fate[i] = r->time[i] != IC_TIME_NONE && ic_zeek_time_kept(r, r->time[i]) ? KEEP : DROP;
	uint32_t kept = close_ranks(r, rows, true);
	s->c->out_time += rows - kept - (s->c->bad - bad);
	return kept;
}

/* ---- columns ---- */

static bool set_slowly(ic_reader *r, const ic_zeek_slab *s, const ic_zeek_op *op, const ic_zeek_cells *cells,
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

static bool set_all_slowly(ic_reader *r, const ic_zeek_slab *s, const ic_zeek_op *op,
			   const ic_zeek_cells *cells)
{
	bool ok = true;
	for (uint32_t i = 0; i < cells->rows && ok; i++)
		ok = set_slowly(r, s, op, cells, i);
	return ok;
}

static void copy_ports(ic_reader *r, const ic_zeek_slab *s, const ic_zeek_cells *cells)
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

static size_t get_ports(ic_reader *r, const ic_zeek_slab *s, const ic_zeek_op *op, const ic_zeek_cells *cells)
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
			const ic_zeek_service *slot = service_of(r, s);
			s = slot->same ? s : slot->ours;
		}
		out[i] = s;
		r->odd[n] = (uint16_t)i;
		n += !s.p;
	}
	for (uint32_t i = 0; i < n; i++)
		ic_column_set_null(col, at + r->odd[i]);
}

static bool run_op(ic_reader *r, const ic_zeek_slab *s, const ic_zeek_op *op, uint32_t rows)
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
	case IC_ZEEK_IP: n = ic_zeek_cells_ip(r->simd, &cells, col->ip + at, r->odd); break;
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

void ic_zeek_append_rows(const ic_reader *r, ic_batch *b, uint32_t rows, ic_row_counts *c)
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
static uint32_t drop_bad_rows(ic_reader *r, const ic_zeek_slab *s, uint32_t rows)
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
static void see_times(ic_reader *r, const ic_zeek_slab *s, uint32_t rows)
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

bool ic_zeek_fill_rows(ic_reader *r, const ic_zeek_slab *s, uint32_t rows)
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
	ic_zeek_append_rows(r, s->b, rows, s->c);
	return true;
}
