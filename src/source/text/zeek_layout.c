/* SPDX-License-Identifier: Apache-2.0 */
#include "source/text/zeek_layout.h"

#include "base/hex.h"
#include "base/unicode.h"

static const ic_zeek_log logs[] = {
	{ { "conn", 4 }, IC_STREAM_CONN, false },
	{ { "http", 4 }, IC_STREAM_HTTP, false },
	{ { "ssl", 3 }, IC_STREAM_SSL, false },
	{ { "dns", 3 }, IC_STREAM_DNS, false },
	{ { "websocket", 9 }, IC_STREAM_WEBSOCKET, false },
	{ { "open_conn", 9 }, IC_STREAM_CONN, true },
	{ { "open_http", 9 }, IC_STREAM_HTTP, true },
	{ { "open_ssl", 8 }, IC_STREAM_SSL, true },
};

const ic_zeek_log *ic_zeek_log_find(ic_str path)
{
	for (size_t i = 0; i < sizeof(logs) / sizeof(logs[0]); i++) {
		if (ic_str_eq(path, logs[i].path))
			return &logs[i];
	}
	return NULL;
}

/* Two columns that together only one log has. */
static const struct {
	ic_str a, b;
	ic_stream stream;
} shapes[] = {
	{ { "conn_state", 10 }, { "conn_state", 10 }, IC_STREAM_CONN },
	{ { "method", 6 }, { "host", 4 }, IC_STREAM_HTTP },
	{ { "server_name", 11 }, { "cipher", 6 }, IC_STREAM_SSL },
	{ { "query", 5 }, { "qtype", 5 }, IC_STREAM_DNS },
};
#define SHAPE_COUNT (sizeof(shapes) / sizeof(shapes[0]))

static const char conn_fields[] =
    "#fields\tts\tuid\tid.orig_h\tid.orig_p\tid.resp_h\tid.resp_p\tproto\tservice\tduration\torig_bytes\t"
    "resp_bytes\tconn_state\tlocal_orig\tlocal_resp\tmissed_bytes\thistory\torig_pkts\torig_ip_bytes\t"
    "resp_pkts\tresp_ip_bytes\ttunnel_parents";
#define CONN_COLUMNS	 21
#define CONN_COLUMNS_MAX 24 /* newer versions append ip_proto, sites a label */

static void set_stream(ic_zeek_layout *l, ic_stream s)
{
	l->stream = s;
	l->base.streams = s == IC_STREAM_NONE ? 0 : IC_STREAM_BIT(s);
}

void ic_zeek_layout_init(ic_zeek_layout *l)
{
	memset(l, 0, sizeof(*l));
	l->sep = '\t';
	l->unset[0] = '-';
	l->unset_n = 1;
	memcpy(l->empty, "(empty)", 7);
	l->empty_n = 7;
	l->shape = IC_STREAM_NONE;
	set_stream(l, IC_STREAM_NONE);
	for (size_t f = 0; f < IC_FIELD_COUNT; f++)
		l->col[f] = -1;
}

/* Zeek joins the parts of a record's name with '.' unless told otherwise. */
static bool name_is(ic_str theirs, ic_str ours)
{
	if (theirs.n != ours.n)
		return false;
	for (uint32_t i = 0; i < ours.n; i++)
		if (theirs.p[i] != ours.p[i] && !(ours.p[i] == '.' && theirs.p[i] == '_'))
			return false;
	return true;
}

static void map_column(ic_zeek_layout *l, ic_str name, int32_t column)
{
	for (size_t f = 0; f < IC_FIELD_COUNT; f++)
		if (l->col[f] < 0 && ic_fields[f].zeek && name_is(name, ic_str_of(ic_fields[f].zeek)))
			l->col[f] = column;
}

/* "tunnel_parents   label   detailed-label": blanks between names that tabs should part. */
static uint32_t glued_names(ic_str name)
{
	uint32_t words = 0;
	for (uint32_t i = 0; i < name.n; i++)
		words += name.p[i] != ' ' && (i == 0 || name.p[i - 1] == ' ');
	return words ? words - 1 : 0;
}

static void take_fields(ic_zeek_layout *l, ic_str names)
{
	unsigned seen[SHAPE_COUNT] = { 0 };
	l->columns = l->extra = 0;
	for (size_t f = 0; f < IC_FIELD_COUNT; f++)
		l->col[f] = -1;
	ic_str name = { names.p, 0 };
	for (uint32_t at = 0; at <= names.n && l->columns < INT32_MAX; at = at + name.n + 1) {
		const char *sep = memchr(names.p + at, l->sep, names.n - at);
		name = (ic_str){ names.p + at, sep ? (uint32_t)(sep - names.p) - at : names.n - at };
		map_column(l, name, (int32_t)l->columns);
		for (size_t i = 0; i < SHAPE_COUNT; i++)
			seen[i] |= (unsigned)ic_str_eq(name, shapes[i].a) |
				   (unsigned)ic_str_eq(name, shapes[i].b) << 1;
		l->columns++;
	}
	l->extra = glued_names(name);
	l->shape = IC_STREAM_NONE;
	for (size_t i = SHAPE_COUNT; i-- > 0;)
		if (seen[i] == 3)
			l->shape = shapes[i].stream;
	if (!l->path_known)
		set_stream(l, l->shape);
}

static void take_path(ic_zeek_layout *l, ic_str path)
{
	l->path_known = l->open = false;
	set_stream(l, l->shape);
	const ic_zeek_log *log = ic_zeek_log_find(path);
	if (!log)
		return;
	l->path_known = true;
	l->open = log->open;
	set_stream(l, log->stream);
}

static void take_word(ic_str value, char word[IC_ZEEK_WORD], uint8_t *n)
{
	if (value.n == 0 || value.n > IC_ZEEK_WORD)
		return;
	memcpy(word, value.p, value.n);
	*n = (uint8_t)value.n;
}

static void take_separator(ic_zeek_layout *l, ic_str value)
{
	char sep = value.n ? value.p[0] : '\t';
	int64_t byte = value.n == 4 && memcmp(value.p, "\\x", 2) == 0 ? ic_hex_read(value.p + 2, 2) : -1;
	if (byte >= 0)
		sep = (char)byte;
	if (sep != '\n' && sep != '\r')
		l->sep = sep;
}

void ic_zeek_layout_line(ic_zeek_layout *l, const char *line, size_t n)
{
	size_t word = 0, skip;
	if (n > UINT32_MAX || !ic_zeek_is_header(line, n, &skip))
		return;
	line += skip;
	n -= skip;
	if (n && line[n - 1] == '\r')
		n--;
	while (word < n && line[word] != ' ' && line[word] != '\t' && line[word] != l->sep)
		word++;
	ic_str key = { line, (uint32_t)word };
	size_t at = word < n ? word + 1 : n;
	ic_str value = { line + at, (uint32_t)(n - at) };
	if (ic_str_eq(key, IC_STR("#separator")))
		take_separator(l, value);
	else if (ic_str_eq(key, IC_STR("#unset_field")))
		take_word(value, l->unset, &l->unset_n);
	else if (ic_str_eq(key, IC_STR("#empty_field")))
		take_word(value, l->empty, &l->empty_n);
	else if (ic_str_eq(key, IC_STR("#path")))
		take_path(l, value);
	else if (ic_str_eq(key, IC_STR("#fields")))
		take_fields(l, value);
}

bool ic_zeek_is_header(const char *line, size_t n, size_t *skip)
{
	*skip = ic_utf8_mark(line, n);
	return n > *skip && line[*skip] == '#';
}

static void assume_conn(ic_zeek_layout *l, const char *row, size_t n)
{
	uint32_t cells = 1;
	char sep = l->sep;
	const char *end = memchr(row, '\n', n);
	for (const char *p = row; p < (end ? end : row + n); p++)
		cells += *p == sep;
	l->sep = '\t';
	ic_zeek_layout_line(l, conn_fields, sizeof(conn_fields) - 1);
	l->sep = sep;
	if (cells > CONN_COLUMNS && cells <= CONN_COLUMNS_MAX)
		l->columns = cells;
}

size_t ic_zeek_layout_head(ic_zeek_layout *l, const char *head, size_t n)
{
	size_t at = 0, skip;
	bool path = false;
	while (at < n) {
		const char *end = memchr(head + at, '\n', n - at);
		size_t length = end ? (size_t)(end - head) - at : n - at;
		bool blank = length == 0 || (length == 1 && head[at] == '\r');
		if (!blank && !ic_zeek_is_header(head + at, length, &skip))
			break;
		path |= !blank && length > 6 && memcmp(head + at, "#path", 5) == 0;
		ic_zeek_layout_line(l, head + at, length);
		at += length + (end ? 1 : 0);
	}
	if (l->columns == 0 && (!path || l->stream == IC_STREAM_CONN))
		assume_conn(l, head + at, n - at);
	return at;
}

bool ic_zeek_layout_equal(const ic_zeek_layout *a, const ic_zeek_layout *b)
{
	return a->stream == b->stream && a->open == b->open && a->path_known == b->path_known &&
	       a->shape == b->shape && a->sep == b->sep && a->unset_n == b->unset_n &&
	       a->empty_n == b->empty_n && memcmp(a->unset, b->unset, a->unset_n) == 0 &&
	       memcmp(a->empty, b->empty, a->empty_n) == 0 && a->columns == b->columns &&
	       a->extra == b->extra && memcmp(a->col, b->col, sizeof(a->col)) == 0;
}

int32_t ic_zeek_layout_column(const ic_zeek_layout *l, ic_field f)
{
	if (l->stream == IC_STREAM_NONE || !(ic_fields[f].zeek_streams & IC_STREAM_BIT(l->stream)))
		return -1;
	return l->col[f];
}

ic_str ic_zeek_cell(const ic_zeek_layout *l, const char *line, size_t n, uint32_t column)
{
	const char *end = line + n, *sep;
	while ((sep = memchr(line, l->sep, (size_t)(end - line))) && column > 0) {
		line = sep + 1;
		column--;
	}
	if (!sep)
		sep = end;
	return (ic_str){ line, (uint32_t)(sep - line) };
}
