/* SPDX-License-Identifier: Apache-2.0 */
#include <stdarg.h>
#include <stdio.h>

#include "plan/plan.h"

/* vsnprintf cuts where the room ends; a character cut in the middle is dropped as a whole. */
static void whole_characters(char *text, size_t wanted, size_t room)
{
	if (wanted < room)
		return;
	size_t n = room - 1, i = n;
	while (i > 0 && n - i < 4 && ((unsigned char)text[i - 1] & 0xc0) == 0x80)
		i--;
	if (i > 0 && ((unsigned char)text[i - 1] & 0x80))
		n = i - 1;
	text[n] = '\0';
}

static void say(char *text, size_t room, const char *fmt, va_list args) __attribute__((format(printf, 3, 0)));
static void say(char *text, size_t room, const char *fmt, va_list args)
{
	int n = vsnprintf(text, room, fmt, args);
	if (n < 0)
		text[0] = '\0';
	else
		whole_characters(text, (size_t)n, room);
}

ic_status ic_diag_fail(ic_diag *d, ic_diag_kind kind, ic_place at, uint32_t length, const char *fmt, ...)
{
	if (!d->set) {
		va_list args;
		va_start(args, fmt);
		*d = (ic_diag){ .set = true, .kind = kind, .at = at, .length = length ? length : 1 };
		say(d->message, sizeof d->message, fmt, args);
		va_end(args);
	}
	return d->kind == IC_DIAG_LIMIT ? IC_E_LIMIT : IC_E_USAGE;
}

void ic_diag_hint(ic_diag *d, const char *fmt, ...)
{
	va_list args;
	va_start(args, fmt);
	say(d->hint, sizeof d->hint, fmt, args);
	va_end(args);
}
