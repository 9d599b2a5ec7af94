/* SPDX-License-Identifier: Apache-2.0 */
/* What a table file is, and which columns of which types it has. */
#include "engine/table_file.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "base/hash.h"
#include "base/unicode.h"
#include "source/source.h"

enum {
	HEAD = 64 << 10,
	TEXT_STEP = 1 << 20,
	LOOKED = 10000, /* rows that tell the types */
};

/* ---- text ------------------------------------------------------------------------------- */

/* At damage, behind n bytes of text; *end: nothing follows. */
static ic_status note_gap(ic_table_gaps *g, ic_unpack *u, size_t n, const ic_error *why, bool *end,
			  ic_error *err)
{
	ic_error passed = *why;
	size_t *at = ic_reallocarray(g->at, g->n + 1, sizeof *at);
	if (!at)
		return ic_fail_nomem(err);
	*end = why->code != IC_E_FORMAT || !ic_unpack_resume(u, &passed);
	g->at = at;
	if (g->n == 0) {
		g->why = *why;
		g->passed = passed;
	}
	g->at[g->n++] = n;
	return IC_OK;
}

/* Everything that the unpacker gives; budget NULL: uncounted; gaps NULL: damage is an error. */
static ic_status read_all(ic_unpack *u, const char *path, size_t most, ic_budget *budget, ic_table_gaps *gaps,
			  char **ret, size_t *n, ic_error *err)
{
	size_t room = 0, made = 0;
	char *p = NULL;
	bool end = false;
	ic_status st = IC_OK;
	*n = 0;
	do {
		size_t more = room < TEXT_STEP ? TEXT_STEP : room;
		char *grown = NULL;
		if (*n > most)
			st = ic_fail_at(err, IC_E_LIMIT, path, 0, 0, "more than %zu bytes", most);
		else if (!budget || ic_budget_take(budget, more) == 0)
			grown = ic_realloc(p, room + more + 1);
		if (st == IC_OK && !grown)
			st = ic_fail_nomem(err);
		if (st != IC_OK)
			break;
		p = grown;
		room += more;
		while (st == IC_OK && !end && *n < room) {
			ic_error why = { 0 };
			st = ic_unpack_read(u, p + *n, room - *n, &made, &why);
			end = st == IC_OK && made < room - *n;
			*n += made;
			if (gaps && (st == IC_E_FORMAT || st == IC_E_IO))
				st = note_gap(gaps, u, *n, &why, &end, err);
			else if (st != IC_OK)
				*err = why;
		}
	} while (st == IC_OK && !end);
	if (st == IC_OK && *n == 0 && gaps && gaps->n) {
		*err = gaps->why;
		st = err->code;
	}
	if (st != IC_OK) {
		ic_free(p);
		if (budget)
			ic_budget_give(budget, room);
		return st;
	}
	p[*n] = 0;
	*ret = p;
	return IC_OK;
}

/* What failed below the level that knows of files. */
static void name_file(const char *path, ic_error *err)
{
	const ic_error why = *err;
	if (why.code == IC_E_IO && !why.file[0])
		(void)ic_fail_at(err, IC_E_IO, path, 0, 0, "%s", why.message);
}

ic_status ic_table_text_read(const char *path, size_t most, char **ret, size_t *n, ic_error *err)
{
	bool in = strcmp(path, "-") == 0;
	int fd = in ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return ic_fail_at(err, IC_E_IO, path, 0, 0, "%s", strerror(errno));
	ic_unpack *u = ic_unpack_new(IC_PACK_PLAIN, ic_read_fd, &fd);
	ic_status st = u ? read_all(u, path, most, NULL, NULL, ret, n, err) : ic_fail_nomem(err);
	if (st != IC_OK)
		name_file(path, err);
	ic_unpack_free(u);
	if (!in)
		(void)close(fd);
	return st;
}

/* ---- schemas ----------------------------------------------------------------------------- */

static ic_status bad_schema(const char *path, const char *why, ic_error *err)
{
	return ic_fail_at(
	    err, IC_E_USAGE, path, 0, 0,
	    "no schema: %s; it is {\"columns\":[{\"name\":\"Timestamp\",\"type\":\"datetime\"},...]}", why);
}

/* The columns of a JSON array of {name, type}. */
static ic_status take_columns(const char *path, const ic_dyn *list, ic_arena *a, ic_schema *ret,
			      ic_error *err)
{
	if (!list || list->kind != IC_DYN_ARRAY)
		return bad_schema(path, "\"columns\" is no array", err);
	if (list->n > IC_MAX_COLUMNS)
		return ic_fail_at(err, IC_E_LIMIT, path, 0, 0, "more than %d columns", IC_MAX_COLUMNS);
	*ret = (ic_schema){ ic_arena_alloc(a, sizeof(ic_qcolumn) * (list->n + 1)), list->n };
	if (!ret->column)
		return ic_fail_nomem(err);
	for (uint32_t i = 0; i < list->n; i++) {
		const ic_dyn *one = list->item[i];
		const ic_dyn *name = ic_dyn_member_of(one, IC_STR("name"));
		const ic_dyn *type = ic_dyn_member_of(one, IC_STR("type"));
		if (!name || name->kind != IC_DYN_STRING || !type || type->kind != IC_DYN_STRING)
			return bad_schema(path, "a column lacks its name or type", err);
		int t = ic_qtype_find(type->s);
		if (t < 0)
			return ic_fail_at(err, IC_E_USAGE, path, 0, 0, "no type is called \"%.*s\"",
					  (int)(type->s.n < 64 ? type->s.n : 64), type->s.p);
		char *copy = ic_arena_dup(a, name->s.p, name->s.n);
		if (!copy)
			return ic_fail_nomem(err);
		ret->column[i] = (ic_qcolumn){ { copy, name->s.n }, (ic_qtype)t };
	}
	return IC_OK;
}

ic_status ic_table_schema_read(const char *path, ic_arena *a, ic_schema *ret, ic_error *err)
{
	char *text = NULL;
	size_t n = 0;
	bool ok = true;
	ic_status st = ic_table_text_read(path, IC_TABLE_RECORD, &text, &n, err);
	if (st != IC_OK)
		return st;
	ic_arena scratch;
	ic_arena_init(&scratch, 0, NULL);
	const ic_dyn *d = ic_dyn_parse(&scratch, (ic_str){ text, (uint32_t)n }, &ok);
	if (!d)
		st = ok ? ic_fail_nomem(err) : bad_schema(path, "the file is no JSON", err);
	else
		st = take_columns(path, ic_dyn_member_of(d, IC_STR("columns")), a, ret, err);
	ic_arena_clear(&scratch);
	ic_free(text);
	return st;
}

/* ---- kinds --------------------------------------------------------------------------------- */

/* One object whose keys are exactly columns and rows: both are given. The rows, in the end, may be cut. */
static bool is_typed(const char *p, size_t n, ic_str *columns, ic_str *rows)
{
	size_t at = 0;
	ic_str name, value;
	bool bad = false;
	if (n > UINT32_MAX)
		return false;
	ic_str text = { p, (uint32_t)n };
	*columns = *rows = (ic_str){ NULL, 0 };
	while (ic_record_name(text, &at, (ic_str){ NULL, 0 }, &name, &bad)) {
		ic_str *to = ic_str_eq(name, IC_STR("columns")) ? columns
			     : ic_str_eq(name, IC_STR("rows"))	? rows
								: NULL;
		if (!to || to->p)
			return false;
		*to = (ic_str){ p + at, (uint32_t)(n - at) };
		if (!ic_record_value(text, &at, &value, &bad))
			return to == rows && columns->p && columns->p[0] == '[' && rows->n &&
			       rows->p[0] == '[';
		*to = value;
	}
	return !bad && columns->p && rows->p;
}

/* The first key alone, to spare the others a look at all of the text. */
static bool may_be_typed(const char *p, size_t n)
{
	size_t at = ic_json_blanks(p, n, 0);
	at = ic_json_blanks(p, n, at + 1);
	return (n > at + 9 && memcmp(p + at, "\"columns\"", 9) == 0) ||
	       (n > at + 6 && memcmp(p + at, "\"rows\"", 6) == 0);
}

static ic_table_kind kind_of(const char *p, size_t n)
{
	size_t at = ic_json_blanks(p, n, 0);
	if (at == n)
		return IC_TABLE_EMPTY;
	if (p[at] == '{')
		return may_be_typed(p + at, n - at) ? IC_TABLE_TYPED : IC_TABLE_NDJSON;
	return p[at] == '[' ? IC_TABLE_ARRAY : IC_TABLE_CSV;
}

static bool ends_with(const char *path, const char *end)
{
	return ic_str_iends(ic_str_of(path), ic_str_of(end));
}

static ic_status read_text(ic_table_file *f, ic_unpack *u, ic_error *err)
{
	if (!ic_unpack_lines(u))
		return ic_fail_nomem(err);
	return read_all(u, f->path, UINT32_MAX - 1, f->budget, &f->gaps, &f->text, &f->text_n, err);
}

/* Loads the text and finds the rows in it. */
static ic_status load(ic_table_file *f, ic_unpack *u, const ic_schema *schema, ic_error *err)
{
	ic_str columns, rows;
	ic_status st = f->text ? IC_OK : read_text(f, u, err);
	/* behind a gap nobody knows what is part of what */
	const size_t n = f->gaps.n ? f->gaps.at[0] : f->text_n;
	if (st != IC_OK || f->kind != IC_TABLE_TYPED) {
		f->rows_at = st == IC_OK && f->kind == IC_TABLE_ARRAY
				 ? ic_json_blanks(f->text, n, ic_utf8_mark(f->text, n)) + 1
				 : 0;
		return st;
	}
	size_t bom = ic_utf8_mark(f->text, n);
	if (!is_typed(f->text + bom, n - bom, &columns, &rows)) {
		f->kind = IC_TABLE_NDJSON;
		return IC_OK;
	}
	if (rows.n == 0 || rows.p[0] != '[')
		return ic_fail_at(err, IC_E_FORMAT, f->path, 0, 0, "\"rows\" is no array");
	f->rows_at = (size_t)(rows.p + 1 - f->text);
	bool ok = true;
	ic_arena scratch;
	ic_arena_init(&scratch, 0, NULL);
	const ic_dyn *d = ic_dyn_parse(&scratch, columns, &ok);
	ic_schema own;
	st = d ? take_columns(f->path, d, &f->arena, &own, err)
	       : bad_schema(f->path, "\"columns\" is no JSON", err);
	ic_arena_clear(&scratch);
	/* rows are arrays: cells are those of the file's columns, by name those of the schema */
	if (st == IC_OK && schema->n == 0)
		f->schema = own;
	if (st == IC_OK) {
		f->cell_column = ic_arena_alloc(&f->arena, sizeof(int32_t) * (own.n + 1));
		f->cells = own.n;
		for (uint32_t i = 0; f->cell_column && i < own.n; i++)
			f->cell_column[i] = ic_schema_find(&f->schema, own.column[i].name);
		if (!f->cell_column)
			st = ic_fail_nomem(err);
	}
	return st;
}

/* ---- columns and types ----------------------------------------------------------------------- */

typedef struct guess {
	ic_table_file *f;
	ic_str *name;
	unsigned *seen;
	uint32_t n, room;
	uint32_t *slot; /* hash table: 1 + number */
	uint32_t slots;
	ic_arena scratch;
	bool nomem;
} guess;

static bool grow_guess(guess *g)
{
	uint32_t room = g->room ? g->room * 2 : 64;
	ic_str *name = ic_reallocarray(g->name, room, sizeof *name);
	g->name = name ? name : g->name;
	unsigned *seen = ic_reallocarray(g->seen, room, sizeof *seen);
	g->seen = seen ? seen : g->seen;
	uint32_t *slot = ic_calloc((size_t)room * 2, sizeof *slot);
	if (!name || !seen || !slot) {
		ic_free(slot);
		return false;
	}
	ic_free(g->slot);
	g->slot = slot;
	g->slots = room * 2;
	g->room = room;
	for (uint32_t i = 0; i < g->n; i++) {
		uint64_t h = ic_hash(g->name[i].p, g->name[i].n);
		while (g->slot[h & (g->slots - 1)])
			h++;
		g->slot[h & (g->slots - 1)] = i + 1;
	}
	return true;
}

/* The number of the column, made if it is new; -1: too many, or no memory. */
static int32_t guess_column(guess *g, ic_str name)
{
	if (g->n == g->room && !grow_guess(g)) {
		g->nomem = true;
		return -1;
	}
	uint64_t h = ic_hash(name.p, name.n);
	for (uint32_t at; (at = g->slot[h & (g->slots - 1)]); h++)
		if (ic_str_eq(g->name[at - 1], name))
			return (int32_t)at - 1;
	if (g->n == IC_MAX_COLUMNS)
		return -1;
	char *copy = ic_arena_dup(&g->f->arena, name.p, name.n);
	g->nomem |= !copy;
	if (!copy)
		return -1;
	g->name[g->n] = (ic_str){ copy, name.n };
	g->seen[g->n] = 0;
	g->slot[h & (g->slots - 1)] = ++g->n;
	return (int32_t)g->n - 1;
}

/* A name with its escapes resolved. */
static ic_str plain_name(ic_arena *a, ic_str raw)
{
	bool fits;
	if (!memchr(raw.p, '\\', raw.n))
		return raw;
	ic_value v = ic_cell_of_json(a, IC_Q_STRING, (ic_str){ raw.p - 1, raw.n + 2 }, &fits);
	return fits ? v.s : raw;
}

static void guess_object(guess *g, ic_str record)
{
	size_t at = 0;
	ic_str name, value;
	bool bad;
	while (ic_record_member(record, &at, &name, &value, &bad)) {
		int32_t c = guess_column(g, plain_name(&g->scratch, name));
		if (c >= 0)
			g->seen[c] |= ic_cell_seen_json(&g->scratch, value);
	}
}

static void guess_cells(guess *g, const ic_csv_split *s)
{
	uint32_t n = s->count < IC_CSV_COLUMNS ? s->count : IC_CSV_COLUMNS;
	for (uint32_t i = 0; i < n && i < g->f->cells; i++) {
		ic_str cell = { s->cells[i].p, s->cells[i].n };
		int32_t c = g->f->cell_column[i];
		if (c >= 0)
			g->seen[c] |= ic_cell_seen_csv(&g->scratch, cell, s->cells[i].doubled);
	}
}

static ic_status adopt_guess(guess *g, ic_error *err)
{
	ic_table_file *f = g->f;
	f->schema = (ic_schema){ ic_arena_alloc(&f->arena, sizeof(ic_qcolumn) * (g->n + 1)), g->n };
	if (!f->schema.column || g->nomem)
		return ic_fail_nomem(err);
	for (uint32_t i = 0; i < g->n; i++)
		f->schema.column[i] = (ic_qcolumn){ g->name[i], ic_cell_type(g->seen[i]) };
	return IC_OK;
}

/* Which column each cell of the header is. With a schema those that it names, else all of them. */
static ic_status read_header(guess *g, const ic_csv_split *s, const ic_schema *schema, bool by_place,
			     ic_error *err)
{
	ic_table_file *f = g->f;
	uint32_t known = 0;
	f->cells = s->count < IC_CSV_COLUMNS ? s->count : IC_CSV_COLUMNS;
	if (s->count > IC_CSV_COLUMNS)
		return ic_fail_at(err, IC_E_LIMIT, f->path, 1, 0, "more than %d columns", IC_CSV_COLUMNS);
	uint32_t room = f->cells > schema->n ? f->cells : schema->n;
	f->cell_column = ic_arena_alloc(&f->arena, sizeof(int32_t) * (room + 1));
	if (!f->cell_column)
		return ic_fail_nomem(err);
	for (uint32_t i = 0; i < f->cells; i++) {
		bool fits;
		ic_value v =
		    ic_cell_of_csv(&g->scratch, IC_Q_STRING, (ic_str){ s->cells[i].p, s->cells[i].n },
				   s->cells[i].doubled, &fits);
		ic_str name = v.null ? (ic_str){ "", 0 } : v.s;
		f->cell_column[i] = schema->n ? ic_schema_find(schema, name) : guess_column(g, name);
		for (uint32_t k = 0; k < i; k++)
			if (f->cell_column[k] == f->cell_column[i])
				f->cell_column[i] = -1; /* a name given twice: the first has it */
		known += f->cell_column[i] >= 0;
	}
	f->header = !by_place || known == f->cells;
	if (!f->header) {
		f->cells = schema->n;
		for (uint32_t i = 0; i < schema->n; i++)
			f->cell_column[i] = (int32_t)i;
	}
	return IC_OK;
}

/* Reads the header and as many rows as tell the types. */
static ic_status look(ic_table_file *f, const ic_schema *schema, bool by_place, ic_error *err)
{
	guess g = { .f = f };
	ic_records r;
	ic_str record;
	bool more = false, header = f->kind == IC_TABLE_CSV;
	ic_arena_init(&g.scratch, 0, NULL);
	ic_status st = ic_records_begin(&r, f, 0, err);
	uint64_t rows = 0;
	while (st == IC_OK && (header || (schema->n == 0 && rows < LOOKED)) && !g.nomem) {
		if (!ic_records_next(&r, &record, &more)) {
			if (!more)
				break;
			st = ic_records_fill(&r, err);
			continue;
		}
		ic_arena_reset(&g.scratch);
		if (header)
			st = read_header(&g, r.split, schema, by_place, err);
		else if (f->kind == IC_TABLE_CSV)
			guess_cells(&g, r.split);
		else
			guess_object(&g, record);
		if (st == IC_OK && header && f->header && r.beheaded) /* a row's cells are no names */
			st = ic_fail_at(err, IC_E_NOINPUT, f->path, 0, 0,
					"the names of the columns are lost: %s", r.why.message);
		rows += !header;
		header = false;
	}
	ic_records_end(&r);
	if (st == IC_OK && schema->n == 0 && f->kind != IC_TABLE_TYPED)
		st = adopt_guess(&g, err);
	ic_arena_clear(&g.scratch);
	ic_free(g.name);
	ic_free(g.seen);
	ic_free(g.slot);
	return st;
}

/* ---- opening --------------------------------------------------------------------------------- */

/* Of a file that can be read again: damage is met again then, and said. */
static ic_status read_head(ic_unpack *u, char *head, size_t *n, ic_error *err)
{
	const ic_status st = ic_unpack_head(u, head, HEAD, n, err);
	return st == IC_E_FORMAT && *n ? IC_OK : st;
}

/* The beginning of the file, unpacked; pipes are read whole. */
static ic_status begin(ic_table_file *f, int fd, char *head, size_t *n, ic_error *err)
{
	struct stat st;
	/* standard input is read once, whatever it is */
	bool regular = strcmp(f->path, "-") != 0 && fstat(fd, &st) == 0 && S_ISREG(st.st_mode);
	f->size = regular ? (uint64_t)st.st_size : 0;
	f->device = regular ? (uint64_t)st.st_dev : 0;
	f->inode = regular ? (uint64_t)st.st_ino : 0;
	ic_unpack *u = ic_unpack_open(ic_read_fd, &fd);
	if (!u || !ic_unpack_lines(u)) {
		ic_unpack_free(u);
		return ic_fail_nomem(err);
	}
	f->pack = ic_unpack_pack(u);
	ic_status rc = regular ? read_head(u, head, n, err) : read_text(f, u, err);
	ic_unpack_free(u);
	if (!regular && rc == IC_OK) {
		*n = f->text_n < HEAD ? f->text_n : HEAD;
		memcpy(head, f->text, *n);
	}
	return rc;
}

static ic_status examine(ic_table_file *f, int fd, const ic_schema *schema, bool by_place, ic_error *err)
{
	char *head = ic_malloc(HEAD);
	ic_unpack *again = NULL;
	size_t n = 0;
	ic_status st = head ? begin(f, fd, head, &n, err) : ic_fail_nomem(err);
	const char *foreign = st == IC_OK ? ic_source_foreign(head, n) : NULL;
	if (foreign)
		st = ic_fail(err, IC_E_FORMAT, "%s", foreign);
	if (st == IC_OK) {
		size_t bom = ic_utf8_mark(head, n);
		f->kind = kind_of(head + bom, n - bom);
		if (f->kind == IC_TABLE_CSV && n > 10 && memcmp(head, "#separator", 10) == 0)
			st = ic_fail_at(err, IC_E_USAGE, f->path, 0, 0,
					"is a Zeek log, not a table: give it as a PATH, its tables are conn, "
					"http, ssl...");
		const char *eol = memchr(head + bom, '\n', n - bom);
		f->delimiter = ic_csv_delimiter(head + bom, eol ? (size_t)(eol - head) - bom : n - bom);
		f->delimiter = f->delimiter ? f->delimiter : ',';
	}
	if (st == IC_OK && by_place && schema->n == 1 && ends_with(f->path, ".txt"))
		f->kind = IC_TABLE_LINES;
	f->rows_at = ic_utf8_mark(head ? head : "", n);
	if (st == IC_OK && (f->kind == IC_TABLE_TYPED || f->kind == IC_TABLE_ARRAY)) {
		again =
		    f->text || lseek(fd, 0, SEEK_SET) != 0 ? NULL : ic_unpack_new(f->pack, ic_read_fd, &fd);
		st = f->text || again ? load(f, again, schema, err) : ic_fail_nomem(err);
	}
	ic_unpack_free(again);
	ic_free(head);
	if (st == IC_E_FORMAT && !err->file[0])
		st = ic_fail_at(err, IC_E_NOINPUT, f->path, 0, 0, "%s", err->message);
	return st == IC_OK ? look(f, schema, by_place, err) : st;
}

static bool copy_schema(ic_table_file *f, const ic_schema *from)
{
	f->schema = (ic_schema){ ic_arena_alloc(&f->arena, sizeof(ic_qcolumn) * (from->n + 1)), from->n };
	for (uint32_t i = 0; f->schema.column && i < from->n; i++) {
		ic_str name = from->column[i].name;
		f->schema.column[i] =
		    (ic_qcolumn){ { ic_arena_dup(&f->arena, name.p, name.n), name.n }, from->column[i].type };
		if (!f->schema.column[i].name.p)
			return false;
	}
	f->asked = f->schema;
	return f->schema.column != NULL;
}

bool ic_table_file_is(const ic_table_file *f, const char *path, const ic_schema *schema, bool by_place)
{
	if (strcmp(f->path, path) != 0 || f->by_place != by_place || f->asked.n != schema->n)
		return false;
	for (uint32_t i = 0; i < schema->n; i++)
		if (f->asked.column[i].type != schema->column[i].type ||
		    !ic_str_eq(f->asked.column[i].name, schema->column[i].name))
			return false;
	return true;
}

ic_status ic_table_file_open(const char *path, const ic_schema *schema, bool by_place, ic_budget *budget,
			     ic_table_file **ret, ic_error *err)
{
	*ret = NULL;
	bool in = strcmp(path, "-") == 0;
	int fd = in ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0 && errno == ENOENT)
		return IC_OK;
	if (fd < 0)
		return ic_fail_at(err, IC_E_IO, path, 0, 0, "%s", strerror(errno));
	ic_table_file *f = ic_calloc(1, sizeof *f);
	ic_status st = f ? IC_OK : ic_fail_nomem(err);
	if (f) {
		f->budget = budget;
		ic_arena_init(&f->arena, 0, NULL);
		f->by_place = by_place;
		f->path = ic_strdup(path);
		if (!f->path || !copy_schema(f, schema))
			st = ic_fail_nomem(err);
		else
			st = examine(f, fd, schema, by_place, err);
	}
	if (!in)
		(void)close(fd);
	if (st != IC_OK) {
		name_file(path, err);
		ic_table_file_close(f);
	} else {
		*ret = f;
	}
	return st;
}

void ic_table_file_close(ic_table_file *f)
{
	if (!f)
		return;
	ic_arena_clear(&f->arena);
	ic_free(f->text);
	ic_free(f->gaps.at);
	ic_free(f->path);
	ic_free(f);
}
