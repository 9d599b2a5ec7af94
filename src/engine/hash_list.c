/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/hash_list.h"

#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/hex.h"
#include "engine/table_file.h"
#include "plan/value.h"
#include "source/text/csv.h"

enum { LIST_BYTES = 64 << 20, JA3_LENGTH = 32, JA4_LENGTH = 36 };

static bool is_hash(ic_str s, ic_hash_kind kind)
{
	if (kind == IC_HASH_JA4)
		return s.n == JA4_LENGTH && s.p[10] == '_' && s.p[23] == '_';
	for (uint32_t i = 0; i < s.n; i++)
		if (ic_hex_digit(s.p[i]) < 0)
			return false;
	return s.n == JA3_LENGTH;
}

/* What a line says; .hash NULL: no fingerprint is in it. False: out of memory. */
static bool read_line(ic_hash_list *l, const ic_csv_split *line, ic_hash_kind kind, ic_listed *ret)
{
	ic_str hash = { NULL, 0 }, reason = { "", 0 };
	*ret = (ic_listed){ .ticks = IC_TIME_NONE };
	for (uint32_t i = 0; i < line->count && i < IC_CSV_COLUMNS; i++) {
		const ic_str cell = ic_str_trim((ic_str){ line->cells[i].p, line->cells[i].n });
		int64_t ticks;
		if (!hash.p && is_hash(cell, kind))
			hash = cell;
		else if (ic_parse_datetime(cell, &ticks))
			ret->ticks = ticks > ret->ticks ? ticks : ret->ticks;
		else if (cell.n)
			reason = cell;
	}
	if (!hash.p)
		return true;
	char *copy = ic_arena_dup(&l->arena, hash.p, hash.n);
	for (uint32_t i = 0; copy && kind == IC_HASH_JA3 && i < hash.n; i++)
		copy[i] = (char)(copy[i] | 0x20); /* digits have the bit already */
	ret->hash = copy;
	ret->reason = ic_arena_dup(&l->arena, reason.p, reason.n);
	return ret->hash && ret->reason;
}

static bool add(ic_hash_list *l, const ic_listed *e)
{
	if (l->n == l->room) {
		size_t room = l->room ? l->room * 2 : 64;
		ic_listed *more = ic_reallocarray(l->entry, room, sizeof *more);
		if (!more)
			return false;
		l->entry = more;
		l->room = room;
	}
	l->entry[l->n++] = *e;
	return true;
}

static int by_hash(const void *a, const void *b)
{
	const ic_listed *x = a, *y = b;
	int c = strcmp(x->hash, y->hash);
	return c ? c : x->ticks < y->ticks ? 1 : x->ticks > y->ticks ? -1 : strcmp(x->reason, y->reason);
}

static ic_status read_lines(ic_hash_list *l, const char *text, size_t n, ic_hash_kind kind,
			    ic_csv_split *line, ic_error *err)
{
	uint64_t number = 1;
	bool first = true;
	for (size_t at = 0; at < n; at += line->used, number += line->lines) {
		ic_listed e;
		ic_csv_result r = ic_csv_split_record(text + at, n - at, true, ',', line);
		const bool comment = text[at] == '#' || text[at] == '\n' || text[at] == '\r';
		if (comment) { /* quotes mean nothing in it */
			const char *end = memchr(text + at, '\n', n - at);
			line->used = end ? (size_t)(end - (text + at)) + 1 : n - at;
			line->lines = 1;
			continue;
		}
		if (r == IC_CSV_RECORD && !read_line(l, line, kind, &e))
			return ic_fail_nomem(err);
		if (r != IC_CSV_RECORD || (!e.hash && !first))
			return ic_fail_at(err, IC_E_USAGE, l->name, number, 0,
					  "no %s fingerprint in this line",
					  kind == IC_HASH_JA3 ? "JA3" : "JA4");
		if (e.hash && !add(l, &e))
			return ic_fail_nomem(err);
		first = false;
	}
	if (l->n)
		qsort(l->entry, l->n, sizeof *l->entry, by_hash);
	return IC_OK;
}

ic_status ic_hash_list_open(ic_hash_list *l, const char *path, ic_hash_kind kind, ic_error *err)
{
	char *text = NULL;
	size_t n = 0;
	*l = (ic_hash_list){ .name = path };
	ic_arena_init(&l->arena, 0, NULL);
	ic_status st = ic_table_text_read(path, LIST_BYTES, &text, &n, err);
	ic_csv_split *line = st == IC_OK ? ic_malloc(sizeof *line) : NULL;
	if (st == IC_OK)
		st = line ? read_lines(l, text, n, kind, line, err) : ic_fail_nomem(err);
	ic_free(line);
	ic_free(text);
	return st;
}

void ic_hash_list_clear(ic_hash_list *l)
{
	if (l->name)
		ic_arena_clear(&l->arena);
	ic_free(l->entry);
	*l = (ic_hash_list){ .name = NULL };
}

const ic_listed *ic_hash_list_find(const ic_hash_list *l, const char *hash)
{
	size_t from = 0, to = l->n;
	while (from < to) { /* the first of equal ones: the newest */
		size_t middle = from + (to - from) / 2;
		if (strcmp(l->entry[middle].hash, hash) < 0)
			from = middle + 1;
		else
			to = middle;
	}
	return from < l->n && strcmp(l->entry[from].hash, hash) == 0 ? &l->entry[from] : NULL;
}
