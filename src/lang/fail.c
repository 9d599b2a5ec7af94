/* SPDX-License-Identifier: Apache-2.0 */
#include "lang/fail.h"

#include <stdio.h>

void ic_lang_fail(ic_diag *diag, ic_status *status, ic_diag_kind kind, ic_place at, uint32_t length,
		  const char *fmt, va_list args)
{
	char text[sizeof diag->message];
	if (*status != IC_OK)
		return;
	int n = vsnprintf(text, sizeof text, fmt, args);
	*status = ic_diag_fail(diag, kind, at, length, "%s", n < 0 ? "" : text);
}
