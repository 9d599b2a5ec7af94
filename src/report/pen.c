/* SPDX-License-Identifier: Apache-2.0 */
/* Laying text out in columns of a terminal. Everything printed goes through ic_buf_term first, so that
 * a name in a log cannot move the cursor. */
#include "report/private.h"

#include <stdarg.h>
#include <stdio.h>

#define MIN_COLUMNS 24

static const char *const style_codes[] = {
	[IC_PLAIN] = "",	  [IC_BOLD] = "\x1b[1m",   [IC_DIM] = "\x1b[2m",   [IC_RED] = "\x1b[31m",
	[IC_YELLOW] = "\x1b[33m", [IC_GREEN] = "\x1b[32m", [IC_CYAN] = "\x1b[36m", [IC_ALARM] = "\x1b[1;31m",
};

void ic_pen_init(ic_pen *p, ic_buf *to, const ic_output *out)
{
	unsigned columns = out->columns ? out->columns : 80;
	*p = (ic_pen){ .to = to,
		       .columns = columns < MIN_COLUMNS ? MIN_COLUMNS : columns,
		       .color = out->color };
	ic_buf_init(&p->scratch, 0);
}

void ic_pen_clear(ic_pen *p)
{
	ic_buf_clear(&p->scratch);
}

static void blanks(ic_pen *p, unsigned n)
{
	for (; n; n--, p->at++)
		ic_buf_putc(p->to, ' ');
}

void ic_pen_end(ic_pen *p)
{
	if (p->at)
		ic_buf_putc(p->to, '\n');
	p->at = 0;
	p->gap = false;
}

void ic_pen_line(ic_pen *p, unsigned indent)
{
	ic_pen_end(p);
	p->indent = indent;
	blanks(p, indent);
}

/* A new line under the same indent, inside a paragraph. */
static void wrap(ic_pen *p)
{
	ic_buf_putc(p->to, '\n');
	p->at = 0;
	p->gap = false;
	blanks(p, p->indent);
}

static void put_styled(ic_pen *p, ic_style style, ic_str s, size_t width)
{
	bool styled = p->color && style != IC_PLAIN && s.n;
	if (styled)
		ic_buf_puts(p->to, style_codes[style]);
	ic_buf_str(p->to, s);
	if (styled)
		ic_buf_puts(p->to, "\x1b[0m");
	p->at += (unsigned)width;
}

/* The longest prefix of whole characters that takes at most `room` columns, but at least one character. */
static uint32_t prefix(ic_str s, size_t room)
{
	size_t used = 0;
	uint32_t i = 0;
	while (i < s.n) {
		uint32_t j = i + 1;
		while (j < s.n && ((unsigned char)s.p[j] & 0xc0) == 0x80)
			j++;
		size_t w = ic_term_width((ic_str){ s.p + i, j - i });
		if (i && used + w > room)
			break;
		used += w;
		i = j;
	}
	return i;
}

/* A run without blanks: to this line if it fits, to the next if it fits there, else cut. */
static void put_word(ic_pen *p, ic_style style, ic_str word)
{
	size_t width = ic_term_width(word);
	if (p->at + p->gap + width > p->columns && p->at > p->indent && p->indent + width <= p->columns)
		wrap(p);
	if (p->gap && p->at + 1 < p->columns)
		blanks(p, 1);
	p->gap = false;
	while (p->at + width > p->columns) {
		size_t room = p->columns > p->at ? p->columns - p->at : 0;
		if (room < 2) {
			wrap(p);
			room = p->columns - p->at;
			if (width <= room)
				break;
		}
		const ic_str head = { word.p, prefix(word, room) };
		const size_t head_width = ic_term_width(head);
		put_styled(p, style, head, head_width);
		word = (ic_str){ word.p + head.n, word.n - head.n };
		width -= head_width; /* a sum over characters: long words are not measured again and again */
		if (word.n)
			wrap(p);
	}
	put_styled(p, style, word, width);
}

void ic_pen_str(ic_pen *p, ic_style style, ic_str text)
{
	ic_buf_reset(&p->scratch);
	ic_buf_term(&p->scratch, text);
	if (p->scratch.failed) {
		p->to->failed = true;
		return;
	}
	ic_str safe = { p->scratch.p, (uint32_t)p->scratch.n };
	if (safe.n == 0)
		return;
	size_t width = ic_term_width(safe);
	if (p->at + p->gap + width <= p->columns || p->indent + width <= p->columns) {
		put_word(p, style, safe);
	} else {
		while (safe.n) {
			const char *blank = memchr(safe.p, ' ', safe.n);
			uint32_t n = blank ? (uint32_t)(blank - safe.p) : safe.n;
			if (n)
				put_word(p, style, (ic_str){ safe.p, n });
			p->gap = true;
			if (blank)
				n++;
			safe = (ic_str){ safe.p + n, safe.n - n };
		}
	}
	p->gap = true;
}

void ic_pen_buf(ic_pen *p, ic_style style, const ic_buf *b)
{
	p->to->failed |= b->failed;
	ic_pen_str(p, style, (ic_str){ b->p, (uint32_t)b->n });
}

void ic_pen_text(ic_pen *p, ic_style style, const char *text)
{
	ic_pen_str(p, style, ic_str_of(text));
}

void ic_pen_printf(ic_pen *p, ic_style style, const char *fmt, ...)
{
	char text[1024];
	va_list ap;
	va_start(ap, fmt);
	int n = vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	if (n < 0)
		p->to->failed = true;
	else
		ic_pen_text(p, style, text);
}

void ic_pen_tab(ic_pen *p, unsigned column)
{
	if (p->at < column && column < p->columns) {
		blanks(p, column - p->at);
		p->gap = false;
	}
}
