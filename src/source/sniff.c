/* SPDX-License-Identifier: Apache-2.0 */
/* Which format a text is: every kind looks at its head, the surest wins. */
#include "base/num.h"
#include "source/input.h"
#include "source/messages.h"
#include "source/text/csv.h"
#include "source/text/json.h"

const ic_source_kind *const ic_source_kinds[] = {
	&ic_kind_zeek_tsv,     &ic_kind_zeek_json,     &ic_kind_eve,	    &ic_kind_ecs,
	&ic_kind_defender_csv, &ic_kind_defender_json, &ic_kind_qradar_csv, &ic_kind_qradar_json,
	&ic_kind_csv,	       &ic_kind_ndjson,	       &ic_kind_capture,    NULL,
};

#define LEAST_CONFIDENCE 20

bool ic_source_info_get(size_t i, ic_source_info *ret)
{
	size_t n = 0;
	while (n < i && ic_source_kinds[n])
		n++;
	if (!ic_source_kinds[n])
		return false;
	*ret = (ic_source_info){ ic_source_kinds[n]->name, ic_source_kinds[n]->help };
	return true;
}

const ic_source_kind *ic_source_kind_find(const char *name)
{
	for (size_t i = 0; ic_source_kinds[i]; i++)
		if (strcmp(ic_source_kinds[i]->name, name) == 0)
			return ic_source_kinds[i];
	return NULL;
}

/* True when a name that the map gives to time occurs in the text; of a path its last part. */
static bool map_fits(const ic_field_map *map, const char *head, size_t n)
{
	for (size_t i = 0; i < map->n; i++) {
		ic_str name = map->entries[i].theirs;
		const char *dot = memrchr(name.p, '.', name.n);
		bool found = memmem(head, n, name.p, name.n) ||
			     (dot && memmem(head, n, dot + 1, name.n - (size_t)(dot + 1 - name.p)));
		if (map->entries[i].target == IC_F_TIME && found)
			return true;
	}
	return false;
}

const ic_source_kind *ic_source_sniff(const char *head, size_t n, const ic_field_map *map)
{
	const ic_source_kind *best = NULL;
	int most = LEAST_CONFIDENCE - 1;
	if (map && map_fits(map, head, n)) {
		/* JSON first: its text has commas enough to look like CSV */
		if (ic_kind_ndjson.sniff(head, n) > 0)
			return &ic_kind_ndjson;
		if (ic_kind_csv.sniff(head, n) > 0)
			return &ic_kind_csv;
	}
	for (size_t i = 0; ic_source_kinds[i]; i++) {
		int confidence = ic_source_kinds[i]->sniff(head, n);
		if (confidence > most) {
			most = confidence;
			best = ic_source_kinds[i];
		}
	}
	return best;
}

/* A row of a Zeek log: a time and tabs. */
static bool is_zeek_row(const char *head, size_t n)
{
	uint32_t high, low;
	return n > 18 && head[10] == '.' && head[17] == '\t' && ic_eight_digits(head, &high) &&
	       ic_eight_digits(
		   (char[]){ head[8], head[9], head[11], head[12], head[13], head[14], head[15], head[16] },
		   &low);
}

/* At least two lines with columns. */
static bool is_table(const char *head, size_t n)
{
	const char *second = memchr(head, '\n', n);
	if (!second || ic_kind_csv.sniff(head, n) == 0)
		return false;
	const size_t left = n - (size_t)(++second - head);
	const char *end = memchr(second, '\n', left);
	return memchr(second, ic_csv_delimiter(head, n), end ? (size_t)(end - second) : left) != NULL;
}

/* Whether a member of the record on this line is what could be read. */
static bool is_wrapped(ic_str line)
{
	const char *p = line.p + 1, *end = line.p + line.n;
	for (int tries = 0; tries < 16 && (p = memmem(p, (size_t)(end - p), "{\"", 2)) != NULL; tries++, p++)
		for (size_t i = 0; ic_source_kinds[i]; i++)
			if (ic_source_kinds[i]->sniff(p, (size_t)(end - p)) >= 75)
				return true;
	return false;
}

/* How JSON has to be written anew before it can be read, NULL if that is not why it is not. */
static const char *other_json(const char *head, size_t n)
{
	const ic_str record = ic_json_first_record(head, n);
	const char *end = memchr(head, '\n', n);
	const ic_str line = ic_str_trim((ic_str){ head, (uint32_t)(end ? (size_t)(end - head) : n) });
	const bool whole = line.p && line.n && line.p[line.n - 1] == '}',
		   single = !end || end + 1 == head + n;
	if (!record.p) {
		const char *object = whole ? memmem(line.p, line.n, "{\"", 2) : NULL;
		return object && object > line.p && line.p[0] != '"' ? IC_MSG_BEHIND : NULL;
	}
	if (record.p[0] == '[' || !whole || (single && memmem(line.p, line.n, "[{", 2)))
		return IC_MSG_DOCUMENT;
	if (memmem(line.p, line.n, "\"{\\\"", 4))
		return IC_MSG_IN_TEXT;
	return is_wrapped(line) ? IC_MSG_INSIDE : NULL;
}

/* Without a mark at its start: every second byte of what is ASCII is zero. */
static bool is_utf16(const char *p, size_t n)
{
	const size_t low = n && p[0] ? 0 : 1;
	if (n < 8)
		return false;
	for (size_t i = 0; i < 8; i++) {
		const bool ascii =
		    (p[i] >= ' ' && p[i] < 0x7f) || p[i] == '\r' || p[i] == '\n' || p[i] == '\t';
		if (i % 2 == low ? !ascii : p[i] != 0)
			return false;
	}
	return true;
}

/* Within one JSON text a CR is a blank. */
static bool has_old_lines(const char *p, size_t n)
{
	const char *cr = memchr(p, '\r', n);
	if (!cr || cr + 1 == p + n || ((*p == '{' || *p == '[') && cr[1] != *p))
		return false;
	return !memchr(p, '\n', n) && !memchr(p, '\0', n);
}

const char *ic_source_foreign(const char *head, size_t n)
{
	static const struct {
		const char *mark, *message;
		size_t at, length;
	} strangers[] = {
		{ "PK\3\4", "a zip archive: unpack it first", 0, 4 },
		{ "ustar", "a tar archive: unpack it first", 257, 5 },
		{ "7z\xbc\xaf", "a 7z archive: unpack it first", 0, 4 },
		{ "BZh", "bzip2 data: unpack them first", 0, 3 },
		{ "\xfd\x37zXZ", "xz data: unpack them first", 0, 5 },
		{ "\x04\"M\x18", "lz4 data: unpack them first", 0, 4 },
		{ "\xff\xfe", IC_MSG_UTF16, 0, 2 },
		{ "\xfe\xff", IC_MSG_UTF16, 0, 2 },
		{ "PAR1", "a Parquet file: export it as CSV or NDJSON", 0, 4 },
	};
	for (size_t i = 0; i < sizeof strangers / sizeof *strangers; i++) {
		size_t end = strangers[i].at + strangers[i].length;
		if (n >= end && memcmp(head + strangers[i].at, strangers[i].mark, strangers[i].length) == 0)
			return strangers[i].message;
	}
	if (is_utf16(head, n))
		return IC_MSG_UTF16;
	return has_old_lines(head, n) ? IC_MSG_CR : NULL;
}

/* Logs of proxies and firewalls, by what their first line has somewhere. */
static const char *other_log(const char *head, size_t n)
{
	static const struct {
		const char *mark, *message;
	} logs[] = {
		{ "CEF:0|", "CEF: write its fields as CSV or NDJSON, and a field map (--map)" },
		{ "LEEF:", "LEEF: write its fields as CSV or NDJSON, and a field map (--map)" },
		{ "#Fields: ", "a W3C log: write it as CSV, and a field map (--map)" },
		{ "#Software: ", "a W3C log: write it as CSV, and a field map (--map)" },
		{ "#Version: ", "a W3C log: write it as CSV, and a field map (--map)" },
	};
	const char *end = memchr(head, '\n', n);
	for (size_t i = 0; i < sizeof logs / sizeof *logs; i++)
		if (memmem(head, end ? (size_t)(end - head) : n, logs[i].mark, strlen(logs[i].mark)))
			return logs[i].message;
	return NULL;
}

const char *ic_source_stranger(const char *head, size_t n, const ic_field_map *map)
{
	if (!n) /* then there may be no head either */
		return IC_MSG_UNKNOWN;
	const char *foreign = ic_source_foreign(head, n);
	if (foreign)
		return foreign;
	if (is_zeek_row(head, n))
		return IC_MSG_HEADLESS;
	const bool json = ic_kind_ndjson.sniff(head, n) > 0;
	const char *other = json ? NULL : other_log(head, n);
	if (!other)
		other = other_json(head, n);
	if (other)
		return other;
	if (!json && !is_table(head, n))
		return IC_MSG_UNKNOWN;
	return map ? IC_MSG_NOT_MAPS : json ? IC_MSG_NEW_JSON : IC_MSG_NEW_CSV;
}
