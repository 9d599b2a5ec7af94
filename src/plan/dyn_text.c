/* SPDX-License-Identifier: Apache-2.0 */
/* Dynamic values as text. */
#include <math.h>

#include "base/buf.h"
#include "plan/text.h"

/* The part of a JSON string that stands as it is, then one escape. */
static void put_string(ic_buf *b, ic_str s)
{
	static const char from[] = "\"\\\b\f\n\r\t", into[] = "\"\\bfnrt";
	ic_buf_putc(b, '"');
	uint32_t start = 0, i = 0;
	while (i < s.n) {
		unsigned char c = (unsigned char)s.p[i];
		/* U+0085, U+2028 and U+2029 end lines in some readers */
		uint32_t wide = c == 0xc2 && s.n - i > 1 && (unsigned char)s.p[i + 1] == 0x85 ? 2
				: c == 0xe2 && s.n - i > 2 && (unsigned char)s.p[i + 1] == 0x80 &&
					((unsigned char)s.p[i + 2] & 0xfe) == 0xa8
				    ? 3
				    : 0;
		if (c >= 0x20 && c != '"' && c != '\\' && !wide) {
			i++;
			continue;
		}
		ic_buf_put(b, s.p + start, i - start);
		const char *known = c ? strchr(from, (char)c) : NULL;
		if (wide == 2)
			ic_buf_puts(b, "\\u0085");
		else if (wide == 3)
			ic_buf_puts(b, (unsigned char)s.p[i + 2] == 0xa8 ? "\\u2028" : "\\u2029");
		else if (known) {
			ic_buf_putc(b, '\\');
			ic_buf_putc(b, into[known - from]);
		} else {
			ic_buf_printf(b, "\\u%04x", c);
		}
		i += wide ? wide : 1;
		start = i;
	}
	ic_buf_put(b, s.p + start, i - start);
	ic_buf_putc(b, '"');
}

static ic_value scalar(const ic_dyn *d)
{
	switch (d->kind) {
	case IC_DYN_BOOL: return ic_value_bool(d->b);
	case IC_DYN_LONG: return ic_value_long(d->i);
	case IC_DYN_REAL: return ic_value_real(d->d);
	case IC_DYN_DATETIME: return ic_value_ticks(IC_Q_DATETIME, d->i);
	case IC_DYN_TIMESPAN: return ic_value_ticks(IC_Q_TIMESPAN, d->i);
	case IC_DYN_GUID: return (ic_value){ .type = IC_Q_GUID, .guid = d->guid };
	case IC_DYN_DECIMAL: return (ic_value){ .type = IC_Q_DECIMAL, .decimal = d->decimal };
	case IC_DYN_NULL:
	case IC_DYN_STRING:
	case IC_DYN_ARRAY:
	case IC_DYN_BAG: break;
	}
	return ic_value_null(IC_Q_NULL);
}

static void put(ic_buf *b, const ic_dyn *d)
{
	char small[IC_SMALL_TEXT];
	ic_value v = scalar(d);
	size_t n = ic_small_text(&v, small);
	bool quoted = d->kind >= IC_DYN_DATETIME || (d->kind == IC_DYN_REAL && !isfinite(d->d));
	switch (d->kind) {
	case IC_DYN_NULL: ic_buf_puts(b, "null"); return;
	case IC_DYN_BOOL: ic_buf_puts(b, d->b ? "true" : "false"); return;
	case IC_DYN_STRING: put_string(b, d->s); return;
	case IC_DYN_ARRAY:
		ic_buf_putc(b, '[');
		for (uint32_t i = 0; i < d->n; i++) {
			if (i)
				ic_buf_putc(b, ',');
			put(b, d->item[i]);
		}
		ic_buf_putc(b, ']');
		return;
	case IC_DYN_BAG:
		ic_buf_putc(b, '{');
		for (uint32_t i = 0; i < d->n; i++) {
			if (i)
				ic_buf_putc(b, ',');
			put_string(b, d->member[i].name);
			ic_buf_putc(b, ':');
			put(b, d->member[i].value);
		}
		ic_buf_putc(b, '}');
		return;
	default:
		if (quoted)
			ic_buf_putc(b, '"');
		ic_buf_put(b, small, n);
		if (quoted)
			ic_buf_putc(b, '"');
	}
}

ic_str ic_dyn_text(ic_arena *a, const ic_dyn *d)
{
	ic_buf b;
	ic_str r = { NULL, 0 };
	ic_buf_init(&b, 0);
	put(&b, d);
	if (!b.failed)
		r = (ic_str){ ic_arena_dup(a, b.p, b.n), (uint32_t)b.n };
	ic_buf_clear(&b);
	return r;
}

ic_str ic_dyn_plain_text(ic_arena *a, const ic_dyn *d)
{
	if (d->kind == IC_DYN_STRING)
		return d->s.p ? d->s : IC_STR("");
	char small[IC_SMALL_TEXT];
	ic_value v = scalar(d);
	if (v.type == IC_Q_NULL || v.type == IC_Q_BOOL)
		return ic_dyn_text(a, d);
	size_t n = ic_small_text(&v, small);
	return (ic_str){ ic_arena_dup(a, small, n), (uint32_t)n };
}
