/* SPDX-License-Identifier: Apache-2.0 */
/* Dynamic values as bytes and back, every kind of them, where JSON would lose some. For memory and files
 * of this process only. Private to src/exec. */
#ifndef IC_EXEC_DYN_BYTES_H
#define IC_EXEC_DYN_BYTES_H

#include "base/buf.h"
#include "plan/value.h"

/* About how many they are. */
uint64_t ic_dyn_about_bytes(const ic_dyn *d);
/* Appends; whether it fitted, the buffer says. */
void ic_dyn_to_bytes(ic_buf *b, const ic_dyn *d);
/* Text is borrowed from the bytes, the rest lies in the arena. NULL: out of memory, or these are not the
 * bytes of a value. */
const ic_dyn *ic_dyn_from_bytes(ic_arena *a, ic_str bytes);

#endif
