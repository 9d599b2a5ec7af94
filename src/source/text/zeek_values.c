/* SPDX-License-Identifier: Apache-2.0 */
#include "source/text/zeek_values.h"

#include "base/hex.h"
#include "base/num.h"
#include "base/time.h"

#define QUOTED_MAX 40 /* bytes of a bad cell in the cause */

static ic_zeek_kind kind_of(ic_field f)
{
	if (f == IC_F_SRC_PORT)
		return IC_ZEEK_PORT;
	if (f == IC_F_DST_PORT)
		return IC_ZEEK_DST_PORT;
	if (f == IC_F_SERVICE)
		return IC_ZEEK_SERVICE;
	switch (ic_fields[f].type) {
	case IC_T_TIME: return IC_ZEEK_TIME;
	case IC_T_IP: return IC_ZEEK_IP;
	case IC_T_LONG: return IC_ZEEK_COUNT;
	case IC_T_REAL: return IC_ZEEK_REAL;
	case IC_T_BOOL: return IC_ZEEK_VERDICT;
	case IC_T_STRING: break;
	}
	return IC_ZEEK_TEXT;
}

size_t ic_zeek_plan(const ic_zeek_layout *l, ic_fieldset wanted, ic_zeek_op *ops)
{
	size_t n = 0;
	for (unsigned f = 0; f < IC_FIELD_COUNT; f++) {
		if (!(wanted & IC_FIELD_BIT(f)))
			continue;
		int32_t column = ic_zeek_layout_column(l, (ic_field)f);
		ic_zeek_kind kind = kind_of((ic_field)f);
		if (f == IC_F_DST_NAME && l->stream == IC_STREAM_SSL) {
			column = ic_zeek_layout_column(l, IC_F_SNI);
			kind = IC_ZEEK_NAME;
		}
		if (f == IC_F_SERVICE && (l->stream == IC_STREAM_SSL || l->stream == IC_STREAM_DNS)) {
			column = 0;
			kind = IC_ZEEK_CONSTANT;
		}
		if (column < 0)
			kind = IC_ZEEK_ABSENT;
		ops[n++] = (ic_zeek_op){ kind, (ic_field)f, column < 0 ? 0 : (uint32_t)column };
	}
	return n;
}

void ic_zeek_bad_cell(ic_row_counts *c, uint32_t line, uint32_t column, ic_field field, const char *cause,
		      ic_str cell)
{
	if (c->has_sample && c->sample_line > line)
		c->has_sample = false;
	const char *name = field == IC_F_TIME ? "time" : ic_fields[field].zeek;
	ic_row_bad(c, line, column, "%s %s: %.*s", name, cause,
		   (int)(cell.n < QUOTED_MAX ? cell.n : QUOTED_MAX), cell.p);
}

/* \xNN and \\ to bytes; the slice itself if it has no backslash. False: out of memory. */
static bool unescape(ic_arena *a, ic_str *s)
{
	if (s->n == 0 || !memchr(s->p, '\\', s->n))
		return true;
	char *out = ic_arena_alloc(a, s->n);
	if (!out)
		return false;
	const char *p = s->p;
	uint32_t n = 0;
	for (uint32_t i = 0; i < s->n;) {
		uint32_t left = s->n - i;
		int64_t byte = p[i] == '\\' && left >= 4 && p[i + 1] == 'x' ? ic_hex_read(p + i + 2, 2) : -1;
		if (p[i] == '\\' && left >= 2 && p[i + 1] == '\\') {
			out[n++] = '\\';
			i += 2;
		} else if (byte >= 0) {
			out[n++] = (char)byte;
			i += 4;
		} else {
			out[n++] = p[i++];
		}
	}
	*s = (ic_str){ out, n };
	return true;
}

int32_t ic_zeek_port(const ic_zeek_layout *l, ic_str cell, const char **cause)
{
	uint64_t v;
	int64_t negative;
	if (ic_zeek_unset(l, cell))
		return -1;
	if (ic_parse_u64(cell, &v)) {
		if (v <= 65535)
			return (int32_t)v;
		*cause = "is over 65535";
	} else {
		*cause = ic_parse_i64(cell, &negative) ? "is negative" : "is not a port";
	}
	return -2;
}

int64_t ic_zeek_time(const ic_zeek_layout *l, ic_str cell, const char **cause)
{
	int64_t t;
	double v;
	if (ic_time_from_epoch_text(cell, &t))
		return t;
	if (ic_zeek_unset(l, cell))
		*cause = "is missing";
	else if (!ic_parse_double(cell, &v))
		*cause = "is not a number";
	else
		*cause = v < 0 ? "is negative" : "is after the year 9999";
	return IC_TIME_NONE;
}

static ic_zeek_result set_count(ic_column *col, uint32_t row, ic_str cell, const char **cause)
{
	if (!ic_parse_i64(cell, &col->i[row])) {
		*cause = "is not a number";
		return IC_ZEEK_BAD;
	}
	if (col->i[row] < 0) {
		*cause = "is negative";
		return IC_ZEEK_BAD;
	}
	return IC_ZEEK_OK;
}

static ic_zeek_result set_text(const ic_zeek_layout *l, const ic_zeek_op *op, ic_str cell, ic_batch *b,
			       uint32_t row)
{
	ic_column *col = &b->col[op->field];
	if (ic_zeek_empty(l, cell))
		cell.n = 0;
	if (!unescape(&b->arena, &cell))
		return IC_ZEEK_NOMEM;
	if (op->kind == IC_ZEEK_SERVICE)
		cell = ic_service_name(cell);
	else if (op->kind == IC_ZEEK_NAME)
		cell = ic_host_name(&b->arena, cell);
	col->s[row] = cell;
	if (!cell.p)
		ic_column_set_null(col, row);
	return IC_ZEEK_OK;
}

ic_zeek_result ic_zeek_set(const ic_zeek_layout *l, const ic_zeek_op *op, ic_str cell, ic_batch *b,
			   uint32_t row, const char **cause)
{
	ic_column *col = &b->col[op->field];
	bool constant = op->kind == IC_ZEEK_CONSTANT;
	if (op->kind == IC_ZEEK_ABSENT || (op->kind != IC_ZEEK_TIME && !constant && ic_zeek_unset(l, cell))) {
		ic_batch_null(b, op->field, row);
		return IC_ZEEK_OK;
	}
	switch (op->kind) {
	case IC_ZEEK_TIME:
		col->i[row] = ic_zeek_time(l, cell, cause);
		return col->i[row] == IC_TIME_NONE ? IC_ZEEK_BAD : IC_ZEEK_OK;
	case IC_ZEEK_IP:
		*cause = "is not an address";
		return ic_ip_parse(cell, &col->ip[row]) ? IC_ZEEK_OK : IC_ZEEK_BAD;
	case IC_ZEEK_PORT:
	case IC_ZEEK_DST_PORT:
		col->i[row] = ic_zeek_port(l, cell, cause);
		return col->i[row] < 0 ? IC_ZEEK_BAD : IC_ZEEK_OK;
	case IC_ZEEK_COUNT: return set_count(col, row, cell, cause);
	case IC_ZEEK_REAL:
		*cause = "is not a number";
		return ic_parse_double(cell, &col->d[row]) ? IC_ZEEK_OK : IC_ZEEK_BAD;
	case IC_ZEEK_VERDICT: col->b[row] = ic_str_eq(cell, IC_STR("ok")); return IC_ZEEK_OK;
	case IC_ZEEK_CONSTANT:
		col->s[row] = l->stream == IC_STREAM_DNS ? IC_STR("dns") : IC_STR("tls");
		return IC_ZEEK_OK;
	case IC_ZEEK_ABSENT:
	case IC_ZEEK_TEXT:
	case IC_ZEEK_SERVICE:
	case IC_ZEEK_NAME: break;
	}
	return set_text(l, op, cell, b, row);
}

int ic_zeek_sniff(const char *head, size_t n)
{
	static const ic_str keys[] = { { "#separator", 10 }, { "#fields\t", 8 } };
	size_t skip;
	for (int line = 0; line < 16 && ic_zeek_is_header(head, n, &skip); line++) {
		for (size_t i = 0; i < 2; i++)
			if (n - skip >= keys[i].n && memcmp(head + skip, keys[i].p, keys[i].n) == 0)
				return 100;
		const char *end = memchr(head, '\n', n);
		if (!end)
			break;
		n -= (size_t)(end - head) + 1;
		head = end + 1;
	}
	return 0;
}

void ic_zeek_peek(const ic_layout *layout, const char *head, size_t n, unsigned *streams, int64_t *first)
{
	ic_zeek_layout l = *(const ic_zeek_layout *)(const void *)layout;
	const char *cause, *end;
	*streams = layout->streams;
	*first = IC_TIME_NONE;
	for (; n > 0 && (end = memchr(head, '\n', n)); n -= (size_t)(end - head) + 1, head = end + 1) {
		size_t length = (size_t)(end - head), skip;
		if (ic_zeek_is_header(head, length, &skip)) {
			ic_zeek_layout_line(&l, head, length);
			continue;
		}
		*streams |= l.base.streams;
		int32_t column = ic_zeek_layout_column(&l, IC_F_TIME);
		if (*first == IC_TIME_NONE && column >= 0 && length <= IC_LINE_MAX)
			*first = ic_zeek_time(&l, ic_zeek_cell(&l, head, length, (uint32_t)column), &cause);
	}
}

ic_fieldset ic_zeek_can_give(unsigned streams, const ic_reader_config *cfg)
{
	ic_fieldset set = 0;
	(void)cfg;
	for (unsigned f = 0; f < IC_FIELD_COUNT; f++)
		if (ic_fields[f].zeek && (ic_fields[f].zeek_streams & streams))
			set |= IC_FIELD_BIT(f);
	const unsigned named =
	    IC_STREAM_BIT(IC_STREAM_HTTP) | IC_STREAM_BIT(IC_STREAM_SSL) | IC_STREAM_BIT(IC_STREAM_WEBSOCKET);
	if (streams & named)
		set |= IC_FIELD_BIT(IC_F_DST_NAME);
	if (streams & (named | IC_STREAM_BIT(IC_STREAM_DNS)))
		set |= IC_FIELD_BIT(IC_F_SERVICE);
	return set;
}
