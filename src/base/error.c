/* SPDX-License-Identifier: Apache-2.0 */
#include "base/error.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/buf.h"

void ic_text_safe(char *to, size_t room, const char *text)
{
	size_t at = 0;
	const char *p = text, *end = text + strlen(text);
	while (p < end) {
		char piece[16];
		size_t used, n = ic_term_piece(p, (size_t)(end - p), piece, &used);
		if (at + n >= room)
			break;
		memcpy(to + at, piece, n);
		at += n;
		p += used;
	}
	to[at] = '\0';
}

__attribute__((format(printf, 6, 0))) static ic_status fill(ic_error *err, ic_status code, const char *file,
							    uint64_t line, uint32_t column, const char *fmt,
							    va_list args)
{
	if (!err)
		return code;
	char text[sizeof err->message];
	if (vsnprintf(text, sizeof text, fmt, args) < 0)
		text[0] = '\0';
	err->code = code;
	ic_text_safe(err->message, sizeof err->message, text);
	ic_text_safe(err->file, sizeof err->file, file ? file : "");
	err->line = line;
	err->column = column;
	return code;
}

ic_status ic_fail(ic_error *err, ic_status code, const char *fmt, ...)
{
	va_list args;
	va_start(args, fmt);
	fill(err, code, NULL, 0, 0, fmt, args);
	va_end(args);
	return code;
}

ic_status ic_fail_at(ic_error *err, ic_status code, const char *file, uint64_t line, uint32_t column,
		     const char *fmt, ...)
{
	va_list args;
	va_start(args, fmt);
	fill(err, code, file, line, column, fmt, args);
	va_end(args);
	return code;
}

ic_status ic_fail_nomem(ic_error *err)
{
	return ic_fail(err, IC_E_NOMEM, "out of memory");
}

const char *ic_level_name(int level)
{
	static const char *const names[] = { "info", "low", "medium", "high", "critical" };
	return level >= IC_INFO && level <= IC_CRITICAL ? names[level] : NULL;
}
