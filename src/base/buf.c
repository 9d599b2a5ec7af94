/* SPDX-License-Identifier: Apache-2.0 */
#include "base/buf.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>

#include "base/alloc.h"
#include "base/num.h"

#define CAP_DEFAULT ((size_t)1 << 30)

void ic_buf_init(ic_buf *b, size_t cap)
{
	*b = (ic_buf){ .cap = cap ? cap : CAP_DEFAULT };
}

void ic_buf_clear(ic_buf *b)
{
	ic_free(b->p);
	*b = (ic_buf){ .cap = b->cap };
}

/* Room for `more` bytes after n; NULL marks the buffer failed. */
static char *reserve(ic_buf *b, size_t more)
{
	if (b->failed)
		return NULL;
	if (more <= b->room - b->n)
		return b->p ? b->p + b->n : NULL;
	if (more > b->cap || b->n > b->cap - more) {
		b->failed = true;
		return NULL;
	}
	size_t room = b->room ? b->room : b->cap < 256 ? b->cap : 256;
	while (room < b->n + more)
		room = room > b->cap / 2 ? b->cap : room * 2;
	char *p = ic_realloc(b->p, room);
	if (!p) {
		b->failed = true;
		return NULL;
	}
	b->p = p;
	b->room = room;
	return p + b->n;
}

void ic_buf_put(ic_buf *b, const void *p, size_t n)
{
	if (n == 0)
		return;
	char *to = reserve(b, n);
	if (to) {
		memcpy(to, p, n);
		b->n += n;
	}
}

void ic_buf_putc(ic_buf *b, char c)
{
	char *to = reserve(b, 1);
	if (to) {
		*to = c;
		b->n++;
	}
}

void ic_buf_str(ic_buf *b, ic_str s)
{
	ic_buf_put(b, s.p, s.n);
}

void ic_buf_printf(ic_buf *b, const char *fmt, ...)
{
	va_list args, again;
	va_start(args, fmt);
	va_copy(again, args);
	char small[256];
	int n = vsnprintf(small, sizeof small, fmt, args);
	if (n < 0) {
		b->failed = true;
	} else if ((size_t)n < sizeof small) {
		ic_buf_put(b, small, (size_t)n);
	} else {
		char *to = reserve(b, (size_t)n + 1);
		if (to) {
			vsnprintf(to, (size_t)n + 1, fmt, again);
			b->n += (size_t)n;
		}
	}
	va_end(again);
	va_end(args);
}

void ic_buf_u64(ic_buf *b, uint64_t v)
{
	char text[20];
	ic_buf_put(b, text, ic_format_u64(v, text));
}

void ic_buf_i64(ic_buf *b, int64_t v)
{
	char text[21];
	ic_buf_put(b, text, ic_format_i64(v, text));
}

void ic_buf_double(ic_buf *b, double v)
{
	char text[32];
	if (!isfinite(v))
		ic_buf_puts(b, "null");
	else
		ic_buf_put(b, text, ic_format_double(v, text));
}

void ic_buf_round3(ic_buf *b, double v)
{
	if (!isfinite(v) || fabs(v) >= 1e12) {
		ic_buf_double(b, v);
		return;
	}
	int64_t thousandths = llround(v * 1000);
	uint64_t u = thousandths < 0 ? 0 - (uint64_t)thousandths : (uint64_t)thousandths;
	if (thousandths < 0)
		ic_buf_putc(b, '-');
	ic_buf_u64(b, u / 1000);
	unsigned rest = (unsigned)(u % 1000);
	if (rest == 0)
		return;
	char text[4] = { '.', (char)('0' + rest / 100), (char)('0' + rest / 10 % 10),
			 (char)('0' + rest % 10) };
	size_t n = 4;
	while (text[n - 1] == '0')
		n--;
	ic_buf_put(b, text, n);
}
