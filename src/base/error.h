/* SPDX-License-Identifier: Apache-2.0 */
#ifndef IC_BASE_ERROR_H
#define IC_BASE_ERROR_H

#include "ictus.h"

/* Fills *err (may be NULL) and returns code. The text is made safe for a terminal. */
ic_status ic_fail(ic_error *err, ic_status code, const char *fmt, ...) __attribute__((format(printf, 3, 4)));
/* The same with a place; file may be NULL, line and column 0. */
ic_status ic_fail_at(ic_error *err, ic_status code, const char *file, uint64_t line, uint32_t column,
		     const char *fmt, ...) __attribute__((format(printf, 6, 7)));
/* IC_E_NOMEM with the standard message. */
ic_status ic_fail_nomem(ic_error *err);

#endif
