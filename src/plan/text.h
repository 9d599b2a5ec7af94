/* SPDX-License-Identifier: Apache-2.0 */
/* Text of values that needs no heap. Private to src/plan. */
#ifndef IC_PLAN_TEXT_H
#define IC_PLAN_TEXT_H

#include "plan/value.h"

enum { IC_SMALL_TEXT = 64 };

/* Any value but strings and dynamic ones, as tostring() gives it; a null gives nothing. Returns the length;
 * no NUL is promised. */
size_t ic_small_text(const ic_value *v, char buf[IC_SMALL_TEXT]);
size_t ic_decimal_text(const ic_decimal *d, char buf[IC_SMALL_TEXT]);

#endif
