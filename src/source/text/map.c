/* SPDX-License-Identifier: Apache-2.0 */
#include "source/text/map.h"

#include <errno.h>
#include <stdio.h>

#include "base/error.h"
#include "base/time.h"
#include "base/unicode.h"

#define MAP_BYTES (1u << 20) /* a longer map file is a mistake */

typedef struct map_parser {
	const char *file;
	uint64_t line;
	const char *line_start;
	ic_field_map *map;
	ic_error *err;
} map_parser;

static ic_status fail(const map_parser *p, const char *at, const char *what, ic_str text)
{
	return ic_fail_at(p->err, IC_E_USAGE, p->file, p->line, (uint32_t)(at - p->line_start) + 1,
			  text.p ? "%s \"%.*s\"" : "%s", what, (int)(text.n < 60 ? text.n : 60),
			  text.p ? text.p : "");
}

/* Levenshtein distance, names up to 31 bytes; more than that counts as far. */
static unsigned distance(ic_str a, const char *b)
{
	uint32_t n = (uint32_t)strlen(b);
	unsigned row[33];
	if (a.n > 31 || n > 31)
		return 99;
	for (uint32_t j = 0; j <= n; j++)
		row[j] = j;
	for (uint32_t i = 1; i <= a.n; i++) {
		unsigned diagonal = row[0];
		row[0] = i;
		for (uint32_t j = 1; j <= n; j++) {
			unsigned change = diagonal + (a.p[i - 1] != b[j - 1]);
			unsigned insert = (row[j] < row[j - 1] ? row[j] : row[j - 1]) + 1;
			diagonal = row[j];
			row[j] = change < insert ? change : insert;
		}
	}
	return row[n];
}

static ic_status fail_unknown(const map_parser *p, ic_str name)
{
	const char *best = NULL;
	unsigned least = name.n / 3 + 2; /* further off is no suggestion */
	for (int f = 0; f < IC_FIELD_COUNT; f++) {
		unsigned d = distance(name, ic_fields[f].name);
		if (d < least) {
			least = d;
			best = ic_fields[f].name;
		}
	}
	uint32_t column = (uint32_t)(name.p - p->line_start) + 1;
	int n = (int)(name.n < 60 ? name.n : 60);
	if (best)
		return ic_fail_at(p->err, IC_E_USAGE, p->file, p->line, column,
				  "unknown field \"%.*s\"; did you mean \"%s\"?", n, name.p, best);
	return ic_fail_at(p->err, IC_E_USAGE, p->file, p->line, column, "unknown field \"%.*s\"", n, name.p);
}

static bool unit_of(ic_str s, int64_t *ticks)
{
	static const struct {
		const char *name;
		int64_t ticks;
	} units[] = { { "s", IC_TICKS_S }, { "ms", IC_TICKS_MS }, { "us", IC_TICKS_US }, { "ns", 0 } };
	for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
		if (ic_str_eq(s, ic_str_of(units[i].name))) {
			*ticks = units[i].ticks;
			return true;
		}
	}
	return false;
}

/* `ours`: a field, with an optional unit in parentheses. */
static ic_status parse_target(const map_parser *p, ic_str ours, ic_map_entry *e)
{
	const char *open = memchr(ours.p, '(', ours.n);
	ic_str name = ours;
	e->unit_ticks = IC_TICKS_S;
	if (open)
		name = ic_str_trim((ic_str){ ours.p, (uint32_t)(open - ours.p) });
	if (ic_str_eq(name, IC_STR("url"))) {
		e->target = IC_MAP_URL;
	} else {
		e->target = ic_field_find(name);
		if (e->target < 0)
			return fail_unknown(p, name);
		ic_field f = (ic_field)e->target;
		if (f == IC_F_EVENT_LEVEL || f == IC_F_SOURCE_FILE || f == IC_F_SOURCE_LINE)
			return fail(p, name.p, "ictus itself sets the field", name);
	}
	if (!open)
		return IC_OK;
	if (e->target != IC_F_TIME && e->target != IC_F_DURATION)
		return fail(p, open, "only time and duration_s have a unit", (ic_str){ NULL, 0 });
	if (ours.p[ours.n - 1] != ')')
		return fail(p, open, "no ) after the unit", (ic_str){ NULL, 0 });
	ic_str unit = ic_str_trim((ic_str){ open + 1, (uint32_t)(ours.p + ours.n - open - 2) });
	if (!unit_of(unit, &e->unit_ticks))
		return fail(p, open + 1, "the unit is none of s, ms, us, ns:", unit);
	return IC_OK;
}

/* Finds the `=` outside quotes and their name left of it. */
static ic_status parse_theirs(const map_parser *p, ic_str line, ic_map_entry *e, ic_str *rest)
{
	const char *from = line.p, *end = line.p + line.n, *equals;
	if (*from == '"') {
		const char *close = memchr(from + 1, '"', (size_t)(end - from - 1));
		if (!close)
			return fail(p, from, "the quote is not closed", (ic_str){ NULL, 0 });
		e->theirs = (ic_str){ from + 1, (uint32_t)(close - from - 1) };
		equals = memchr(close, '=', (size_t)(end - close));
		if (equals && ic_str_trim((ic_str){ close + 1, (uint32_t)(equals - close - 1) }).n)
			return fail(p, close + 1, "text between the quote and =", (ic_str){ NULL, 0 });
	} else {
		equals = memchr(from, '=', line.n);
		if (equals)
			e->theirs = ic_str_trim((ic_str){ from, (uint32_t)(equals - from) });
	}
	if (!equals)
		return fail(p, from, "no = in this line; expected: their_name = our_name",
			    (ic_str){ NULL, 0 });
	if (e->theirs.n == 0)
		return fail(p, from, "no name left of =", (ic_str){ NULL, 0 });
	*rest = (ic_str){ equals + 1, (uint32_t)(end - equals - 1) };
	return IC_OK;
}

static ic_status parse_line(const map_parser *p, ic_str line)
{
	ic_map_entry e;
	ic_str rest;
	line = ic_str_trim(line);
	if (line.n == 0 || line.p[0] == '#')
		return IC_OK;
	ic_status st = parse_theirs(p, line, &e, &rest);
	if (st != IC_OK)
		return st;
	const char *hash = memchr(rest.p, '#', rest.n);
	if (hash)
		rest.n = (uint32_t)(hash - rest.p);
	const char *after_equals = rest.p;
	rest = ic_str_trim(rest);
	if (rest.n == 0)
		return fail(p, after_equals, "no name right of =", (ic_str){ NULL, 0 });
	st = parse_target(p, rest, &e);
	if (st != IC_OK)
		return st;
	if (p->map->n == IC_MAP_ENTRIES)
		return fail(p, line.p, "more than 256 lines", (ic_str){ NULL, 0 });
	p->map->entries[p->map->n++] = e;
	return IC_OK;
}

static ic_status check_map(const map_parser *p)
{
	for (size_t i = 0; i < p->map->n; i++)
		if (p->map->entries[i].target == IC_F_TIME)
			return IC_OK;
	return ic_fail_at(p->err, IC_E_USAGE, p->file, 0, 0, "no line of the field map gives time");
}

ic_status ic_field_map_parse(const char *text, size_t n, const char *file, ic_field_map **ret, ic_error *err)
{
	if (n > MAP_BYTES)
		return ic_fail_at(err, IC_E_LIMIT, file, 0, 0, "a field map over 1 MiB");
	ic_field_map *m = ic_calloc(1, sizeof(*m));
	ic_status st = IC_OK;
	if (m) {
		m->text = ic_malloc(n + 1);
		m->entries = ic_reallocarray(NULL, IC_MAP_ENTRIES, sizeof(*m->entries));
	}
	if (!m || !m->text || !m->entries) {
		ic_field_map_free(m);
		return ic_fail_nomem(err);
	}
	if (n)
		memcpy(m->text, text, n);
	m->text[n] = '\0';
	const char *at = m->text + ic_utf8_mark(m->text, n), *end = m->text + n;
	map_parser p = { .file = file, .map = m, .err = err };
	while (at < end && st == IC_OK) {
		const char *eol = memchr(at, '\n', (size_t)(end - at));
		if (!eol)
			eol = end;
		p.line++;
		p.line_start = at;
		st = parse_line(&p, (ic_str){ at, (uint32_t)(eol - at) });
		at = eol + 1;
	}
	if (st == IC_OK)
		st = check_map(&p);
	if (st != IC_OK) {
		ic_field_map_free(m);
		return st;
	}
	*ret = m;
	return IC_OK;
}

ic_status ic_field_map_load(const char *path, ic_field_map **ret, ic_error *err)
{
	FILE *f = fopen(path, "rbe");
	if (!f)
		return ic_fail_at(err, IC_E_IO, path, 0, 0, "%s", strerror(errno));
	char *text = ic_malloc(MAP_BYTES + 1);
	ic_status st;
	if (text) {
		errno = 0;
		size_t n = fread(text, 1, MAP_BYTES + 1, f);
		st = ferror(f) ? ic_fail_at(err, IC_E_IO, path, 0, 0, "%s", strerror(errno))
			       : ic_field_map_parse(text, n, path, ret, err);
	} else {
		st = ic_fail_nomem(err);
	}
	ic_free(text);
	(void)fclose(f);
	return st;
}

void ic_field_map_free(ic_field_map *m)
{
	if (!m)
		return;
	ic_free(m->entries);
	ic_free(m->text);
	ic_free(m);
}

ic_fieldset ic_field_map_can_give(const ic_field_map *m)
{
	/* dst_name also comes from host and sni */
	ic_fieldset set = IC_FIELD_BIT(IC_F_DST_NAME);
	for (size_t i = 0; i < m->n; i++)
		set |= m->entries[i].target == IC_MAP_URL
			   ? IC_FIELD_BIT(IC_F_DST_IP) | IC_FIELD_BIT(IC_F_DST_PORT) |
				 IC_FIELD_BIT(IC_F_SERVICE) | IC_FIELD_BIT(IC_F_URI) | IC_FIELD_BIT(IC_F_HOST)
			   : IC_FIELD_BIT(m->entries[i].target);
	return set;
}

bool ic_field_map_put(ic_cells *c, const ic_map_entry *e, ic_str text, ic_str *url)
{
	if (e->target != IC_MAP_URL)
		return ic_cells_put(c, (ic_field)e->target, text, e->unit_ticks);
	if (text.p && text.n)
		*url = text;
	return true;
}

void ic_field_map_finish(ic_cells *c, ic_str url)
{
	ic_arena *a = &c->b->arena;
	ic_str text = ic_cells_string(c, IC_F_DST_NAME);
	ic_url parts;
	if (text.p) {
		ic_cells_clear(c, IC_F_DST_NAME);
		if (ic_url_split(text, &parts))
			ic_cells_set_string(c, IC_F_DST_NAME, ic_host_name(a, parts.host));
	}
	if (ic_cells_has(c, IC_F_TRANSPORT))
		ic_cells_set_string(c, IC_F_TRANSPORT,
				    ic_transport_name(a, ic_cells_string(c, IC_F_TRANSPORT)));
	if (ic_cells_has(c, IC_F_SERVICE))
		ic_cells_set_string(c, IC_F_SERVICE, ic_service_name(ic_cells_string(c, IC_F_SERVICE)));
	if (url.p && url.n) {
		ic_cells_url(c, url);
		c->given |= IC_FIELD_BIT(IC_F_URI); /* a request, whether its parts are wanted or not */
	}
	static const ic_field names[] = { IC_F_HOST, IC_F_SNI };
	for (size_t i = 0; i < 2 && !ic_cells_has(c, IC_F_DST_NAME); i++)
		ic_cells_set_string(c, IC_F_DST_NAME, ic_host_name(a, ic_cells_string(c, names[i])));
	ic_cells_stream_by_content(c);
}
