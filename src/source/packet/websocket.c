/* SPDX-License-Identifier: Apache-2.0 */
#include "source/packet/websocket.h"

/* Bytes of the header whose first two are given. */
static unsigned head_bytes(const uint8_t *head)
{
	unsigned length = head[1] & 0x7f;
	return 2 + (length == 126 ? 2u : length == 127 ? 8u : 0) + (head[1] & 0x80 ? 4u : 0);
}

static bool read_head(const uint8_t *head, ic_ws_frame *ret)
{
	unsigned length = head[1] & 0x7f, wide = length == 126 ? 2 : length == 127 ? 8 : 0;
	*ret = (ic_ws_frame){ .opcode = head[0] & 0x0f,
			      .final = (head[0] & 0x80) != 0,
			      .masked = (head[1] & 0x80) != 0,
			      .control = (head[0] & 0x08) != 0,
			      .compressed = (head[0] & 0x40) != 0,
			      .length = wide ? 0 : length };
	for (unsigned i = 0; i < wide; i++)
		ret->length = ret->length << 8 | head[2 + i];
	/* Opcodes 3 to 7 and 11 to 15 are reserved; control frames are short and whole. */
	bool known = (ret->opcode & 7) <= 2 && (head[0] & 0x30) == 0;
	bool fits = ret->length >> 63 == 0 && (!ret->control || (ret->length < 126 && ret->final));
	return known && fits;
}

bool ic_ws_next(ic_ws *w, const uint8_t *p, size_t n, size_t *at, ic_ws_frame *ret, bool *bad)
{
	*bad = false;
	while (*at < n) {
		if (w->left) {
			size_t pass = n - *at < w->left ? n - *at : (size_t)w->left;
			w->left -= pass;
			*at += pass;
			continue;
		}
		w->head[w->have++] = p[(*at)++];
		if (w->have < 2 || w->have < head_bytes(w->head))
			continue;
		w->have = 0;
		if (!read_head(w->head, ret)) {
			*bad = true;
			return false;
		}
		w->left = ret->length;
		return true;
	}
	return false;
}

bool ic_ws_gap(ic_ws *w, uint64_t n)
{
	if (n > w->left)
		return false;
	w->left -= n;
	return true;
}
