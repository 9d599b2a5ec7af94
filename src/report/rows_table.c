/* SPDX-License-Identifier: Apache-2.0 */
/* Rows for people: columns side by side where they fit on a line, else one block a row. The first rows
 * decide; they are kept until there are enough of them, or enough text. */
#include "report/rows.h"

enum { LOOKED = 500, LOOKED_BYTES = 1 << 20, GAP = 2, NAME_MOST = 40 };

typedef struct table {
	bool decided, blocks;
	unsigned *width; /* of each column */
	bool *right;
	ic_str *cell; /* of the rows kept, row after row; in the arena */
	uint64_t kept;
	size_t bytes; /* of their text */
	ic_arena arena;
	ic_pen pen;
} table;

static ic_status begin(ic_rows_writer *w)
{
	table *t = ic_calloc(1, sizeof *t);
	size_t n = w->schema->n + (size_t)1;
	w->state = t;
	if (!t)
		return IC_E_NOMEM;
	ic_arena_init(&t->arena, 0, NULL);
	ic_pen_init(&t->pen, &w->text, w->out);
	t->width = ic_calloc(n, sizeof *t->width);
	t->right = ic_calloc(n, sizeof *t->right);
	t->cell = ic_reallocarray(NULL, n * LOOKED, sizeof *t->cell);
	if (!t->width || !t->right || !t->cell)
		return IC_E_NOMEM;
	for (uint32_t c = 0; c < w->schema->n; c++)
		t->right[c] = ic_qtype_is_number(w->schema->column[c].type) ||
			      w->schema->column[c].type == IC_Q_TIMESPAN;
	return IC_OK;
}

static void free_table(ic_rows_writer *w)
{
	table *t = w->state;
	if (!t)
		return;
	ic_pen_clear(&t->pen);
	ic_arena_clear(&t->arena);
	ic_free(t->width);
	ic_free(t->right);
	ic_free(t->cell);
	ic_free(t);
}

/* Text made safe for a terminal, in the arena. */
static ic_str safe(ic_arena *a, ic_str s)
{
	ic_buf b;
	ic_buf_init(&b, 0);
	ic_buf_term(&b, s);
	char *copy = b.failed ? NULL : ic_arena_dup(a, b.p ? b.p : "", b.n);
	ic_str made = { copy, (uint32_t)b.n };
	ic_buf_clear(&b);
	return made;
}

static void pad(ic_buf *b, size_t n)
{
	while (n--)
		ic_buf_putc(b, ' ');
}

static void put_grid_row(ic_rows_writer *w, const ic_str *cell, bool bold)
{
	const table *t = w->state;
	ic_buf *b = &w->text;
	size_t due = 0; /* blanks before the next text: none at the end of a line */
	if (bold && w->out->color)
		ic_buf_puts(b, "\x1b[1m");
	for (uint32_t c = 0; c < w->schema->n; c++) {
		size_t wide = ic_term_width(cell[c]), room = t->width[c] > wide ? t->width[c] - wide : 0;
		due += t->right[c] ? room : 0;
		if (cell[c].n) {
			pad(b, due);
			ic_buf_str(b, cell[c]);
			due = 0;
		}
		due += (t->right[c] ? 0 : room) + GAP;
	}
	if (bold && w->out->color)
		ic_buf_puts(b, "\x1b[0m");
	ic_buf_putc(b, '\n');
}

static ic_status put_header(ic_rows_writer *w)
{
	table *t = w->state;
	ic_str *name = ic_arena_alloc(&t->arena, sizeof *name * (w->schema->n + (size_t)1));
	if (!name)
		return IC_E_NOMEM;
	for (uint32_t c = 0; c < w->schema->n; c++) {
		name[c] = safe(&t->arena, w->schema->column[c].name);
		if (!name[c].p)
			return IC_E_NOMEM;
	}
	put_grid_row(w, name, true);
	return IC_OK;
}

/* "name  value" lines; long values go on under themselves. */
static void put_block(ic_rows_writer *w, const ic_str *cell, uint64_t number)
{
	table *t = w->state;
	unsigned widest = 0;
	for (uint32_t c = 0; c < w->schema->n; c++) {
		unsigned wide = (unsigned)ic_term_width(w->schema->column[c].name);
		widest = wide > widest ? wide : widest;
	}
	widest = widest < NAME_MOST ? widest : NAME_MOST;
	if (number)
		ic_buf_putc(&w->text, '\n');
	for (uint32_t c = 0; c < w->schema->n; c++) {
		ic_pen_line(&t->pen, 0);
		ic_pen_str(&t->pen, IC_DIM, w->schema->column[c].name);
		t->pen.indent = widest + GAP;
		ic_pen_tab(&t->pen, widest + GAP);
		if (cell[c].n)
			ic_pen_str(&t->pen, IC_PLAIN, cell[c]);
		ic_pen_end(&t->pen);
	}
}

static void put_row(ic_rows_writer *w, const ic_str *cell, uint64_t number)
{
	const table *t = w->state;
	if (t->blocks)
		put_block(w, cell, number);
	else
		put_grid_row(w, cell, false);
}

/* Looks at the rows kept, chooses the layout, and prints them. */
static ic_status decide(ic_rows_writer *w)
{
	table *t = w->state;
	unsigned columns = w->out->columns ? w->out->columns : 80;
	size_t total = 0;
	t->decided = true;
	for (uint32_t c = 0; c < w->schema->n; c++) {
		size_t wide = ic_term_width(w->schema->column[c].name);
		for (uint64_t r = 0; r < t->kept; r++) {
			size_t own = ic_term_width(t->cell[r * w->schema->n + c]);
			wide = own > wide ? own : wide;
		}
		t->width[c] = wide < 1000000 ? (unsigned)wide : 1000000;
		total += t->width[c] + (c ? GAP : 0);
	}
	t->blocks = total > columns && t->kept;
	ic_status st = t->blocks ? IC_OK : put_header(w);
	for (uint64_t r = 0; st == IC_OK && r < t->kept; r++)
		put_row(w, t->cell + r * w->schema->n, r);
	return st;
}

/* The cells, each with a NUL behind it: they have none, made safe. */
static void form(const ic_rows_writer *w, const ic_value *row, ic_arena *scratch, ic_buf *to)
{
	for (uint32_t c = 0; c < w->schema->n; c++) {
		const ic_str text = ic_rows_text(scratch, &row[c]);
		to->failed |= !text.p;
		if (text.p)
			ic_buf_term(to, text);
		ic_buf_putc(to, 0);
	}
}

static ic_status put(ic_rows_writer *w, const char *formed, size_t n)
{
	table *t = w->state;
	const bool keep = !t->decided;
	ic_str *cell = t->cell + (keep ? t->kept * w->schema->n : 0);
	if (keep && !(formed = ic_arena_dup(&t->arena, formed, n)))
		return IC_E_NOMEM;
	for (uint32_t c = 0; c < w->schema->n; c++) {
		cell[c] = ic_str_of(formed);
		formed += cell[c].n + (size_t)1;
	}
	if (!keep) {
		put_row(w, cell, w->rows);
		return IC_OK;
	}
	t->bytes += n;
	return ++t->kept == LOOKED || t->bytes >= LOOKED_BYTES ? decide(w) : IC_OK;
}

static ic_status end(ic_rows_writer *w)
{
	table *t = w->state;
	ic_status st = t->decided ? IC_OK : decide(w);
	const char *dim = w->out->color ? "\x1b[2m" : "", *plain = w->out->color ? "\x1b[0m" : "";
	ic_buf_printf(&w->text, "\n%s%llu %s%s\n", dim, (unsigned long long)w->rows,
		      w->rows == 1 ? "row" : "rows", plain);
	return st;
}

const ic_rows_ops ic_rows_table = {
	.begin = begin, .form = form, .put = put, .end = end, .free = free_table
};
