/* SPDX-License-Identifier: Apache-2.0 */
#ifndef IC_LANG_FAIL_H
#define IC_LANG_FAIL_H

#include <stdarg.h>

#include "plan/plan.h"

/* What went wrong first stays: in the diag, and as the status of a parser or binder. */
void ic_lang_fail(ic_diag *diag, ic_status *status, ic_diag_kind kind, ic_place at, uint32_t length,
		  const char *fmt, va_list args) __attribute__((format(printf, 6, 0)));

#endif
