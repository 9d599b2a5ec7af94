/* SPDX-License-Identifier: Apache-2.0 */
/* One value to another type, as the to... functions do it. Private to src/exec. */
#ifndef IC_EXEC_CONVERT_H
#define IC_EXEC_CONVERT_H

#include "exec/eval/kernel.h"

/* Null if it does not convert. Of the call only the arena and `failed` are used. Text becomes a dynamic
 * text, not what it would be as JSON. */
ic_value ic_value_convert(ic_call *c, ic_qtype to, const ic_value *v);

#endif
