/* SPDX-License-Identifier: Apache-2.0 */
/* Lines of a known shape. */
#include "source/text/json_nodes.h"

static bool fits(const shape *h, const char *p, size_t at, const uint16_t *ends, uint16_t record)
{
	const piece *c = h->piece;
	if (!fits_piece(c, p + at))
		return false;
	for (;;) {
		const size_t value = at + c->length;
		const piece *next = c + 1;
		at = (ends[next->mark] & IC_SCAN_MAX) - (size_t)next->back;
		if (!fits_piece(next, p + at))
			return false;
		ic_json_kind kind = IC_JSON_STRING;
		if (!is_text(c->form)) {
			kind = plain_scalar(p + value, at - value);
			if (kind == IC_JSON_NONE)
				return false;
		}
		set_value(c->value, p + value, at - value, kind, false, record);
		if (next->last)
			return true;
		c = next;
	}
}

/* Adds the text from `from` to `to` as the next piece; false: it does not go. */
static bool add_piece(shape *h, const char *p, size_t from, size_t to, size_t mark, size_t back)
{
	const size_t n = to - from;
	if (h->pieces == PIECES || n > PIECE_MAX || back > UINT8_MAX)
		return false;
	piece *c = &h->piece[h->pieces++];
	*c = (piece){ .need = n == 32 ? UINT32_MAX : (1u << n) - 1,
		      .mark = (uint16_t)mark,
		      .back = (uint8_t)back,
		      .length = (uint8_t)n };
	memcpy(c->text, p + from, n);
	return true;
}

static void keep_usual(usual_value *u, const char *p, size_t n)
{
	u->n = n <= USUAL_MAX ? (uint8_t)n : 0;
	memcpy(u->text, p, u->n);
}

/* Whether a value that is asked for, or an object with such values, came before in this line. */
static bool came_before(const shape *h, const node *const *opened, size_t n, const node *e)
{
	for (uint32_t i = 0; i < h->pieces; i++)
		if (e->slot != IC_JSON_SLOTS && h->piece[i].value == e->value)
			return true;
	for (size_t i = 0; i < n; i++)
		if (opened[i] == e)
			return true;
	return false;
}

/* Blanks where writers put them, after colons and commas. */
static size_t after_blanks(const char *p, size_t at)
{
	while (p[at] == ' ')
		at++;
	return at;
}

/* The shape of the line at text[at], which has passed a scan. False: it has none (lists, odd blanks,
 * names that come twice or are not remembered). ends: the marks of the line. */
static bool take_shape(ic_json *j, shape *h, const char *p, size_t at, const uint16_t *ends)
{
	const struct ic_json_nodes *t = j->nodes;
	const node *stack[IC_JSON_DEPTH + 1] = { &t->list[ROOT] }, *opened[PIECES];
	size_t depth = 1, k = 0, from = at, mark = 0, objects = 0;
	memset(h, 0, offsetof(shape, piece)); /* the rest follows from the pieces */
	for (at++; depth > 0; at++) {
		at = after_blanks(p, at);
		if (p[at] != '"' || p[AFTER(k + 1)] != ':')
			return false;
		const ic_str key = { p + at + 1, (uint32_t)(AFTER(k + 1) - at - 2) };
		const node *e = ic_json_node(j, stack[depth - 1], key);
		if (!e || e->flags & (IC_JSON_WHOLE | IC_JSON_LISTS) || came_before(h, opened, objects, e))
			return false;
		at = after_blanks(p, AFTER(k + 1) + 1);
		k += 2;
		h->marks |= e->marks;
		if (p[at] == '{') {
			if (e->slot != IC_JSON_SLOTS || depth == IC_JSON_DEPTH || objects == PIECES)
				return false;
			opened[objects++] = e;
			stack[depth++] = ic_json_inside(j, e);
			continue;
		}
		const bool string = p[at] == '"', gated = (e->flags & IC_JSON_GATE) != 0;
		at += string;
		if (p[at - string] == '[' || e->flags & INNER || (gated && h->gate) ||
		    !add_piece(h, p, from, at, mark, (ends[mark] & IC_SCAN_MAX) - from))
			return false;
		piece *c = &h->piece[h->pieces - 1];
		c->value = e->value;
		if (gated)
			h->gate = e->value;
		mark = k;
		const size_t value = at;
		if (string) {
			mark = k + 1;
			from = AFTER(mark) - 1;
			c->form = from - at > TEXT_MAX ? FORM_LONG : FORM_TEXT;
			at = from + 1;
			k += 2;
		} else {
			from = ic_json_pass_scalar(p, at, at + PLAIN_MAX).at;
			c->form = p[at] >= 'a'			   ? FORM_WORD
				  : memchr(p + at, '.', from - at) ? FORM_REAL
								   : FORM_WHOLE;
			at = from;
		}
		keep_usual(&h->usual[h->pieces - 1], p + value, from - value);
		for (; p[at] == '}' && depth > 0; at++)
			depth--;
		if (depth > 0 && p[at] != ',')
			return false;
	}
	/* at is one behind the line end */
	if (p[at - 1] != '\n' || !add_piece(h, p, from, at, mark, (ends[mark] & IC_SCAN_MAX) - from))
		return false;
	h->piece[h->pieces - 1].last = true;
	h->piece[h->pieces - 1].form = FORM_NOTHING;
	h->line = (uint32_t)k;
	/* In a line of which only the first piece is known to fit, no other is looked for before it. */
	for (uint32_t i = 1; i < h->pieces; i++)
		if (h->piece[i].back > h->piece[0].length)
			return false;
	return h->pieces > 1;
}

void ic_json_shape_learn(ic_json *j, const char *p, size_t at, const uint16_t *ends)
{
	struct ic_json_nodes *t = j->nodes;
	shape *oldest = &t->shapes[t->oldest++ % SHAPES];
	if (!take_shape(j, oldest, p, at, ends))
		oldest->pieces = 0;
}

/* ---- runs ---- */

static void append(run *r, ic_str s)
{
	memcpy(r->text + r->length, s.p, s.n);
	r->length = (uint8_t)(r->length + s.n);
}

/* What stands after a piece in each line that can have the plan; none: that differs. */
static ic_str constant_after(const shape *h, uint32_t i, uint16_t nobody)
{
	if (h->gate_in_run && h->piece[i].cell == h->gate_cell)
		return (ic_str){ h->gate_text, h->gate_n };
	return (ic_str){ h->usual[i].text, h->piece[i].cell == nobody ? h->usual[i].n : 0 };
}

void ic_json_shape_join(shape *h, uint16_t nobody)
{
	run *r = h->run;
	h->runs = 0;
	h->gate_in_run = h->gate_n > 0;
	for (uint32_t i = 0; i < h->pieces; i++) {
		const piece *c = &h->piece[i];
		const ic_str before = i ? constant_after(h, i - 1, nobody) : (ic_str){ NULL, 0 };
		if (before.n && r->length + before.n <= RUN_MAX) {
			append(r, before);
			r->form = FORM_NOTHING;
			r->cell = nobody;
		} else if (i && h->piece[i - 1].cell == h->gate_cell) {
			h->gate_in_run = false; /* there was no room for it */
		}
		bool joined = i && r->form == FORM_NOTHING && r->length + c->length <= RUN_MAX;
		if (!joined) {
			r = &h->run[h->runs++];
			r->length = 0;
		}
		append(r, (ic_str){ c->text, c->length });
		r->form = c->form;
		r->cell = c->cell;
		r->last = c->last;
	}
}

/* ---- one line ---- */

shape *ic_json_shape_find(ic_json *j, const ic_json_slab *s, size_t at, size_t k)
{
	struct ic_json_nodes *t = j->nodes;
	for (unsigned i = 0; i < SHAPES; i++) {
		const unsigned which = (t->recent + i) % SHAPES;
		shape *h = &t->shapes[which];
		if (h->pieces == 0 || k + h->line >= s->marks || !(s->ends[k + h->line] & IC_SCAN_LINE) ||
		    !fits(h, s->text, at, s->ends + k, j->record))
			continue;
		t->recent = which;
		return h;
	}
	return NULL;
}
