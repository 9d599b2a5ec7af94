/* SPDX-License-Identifier: Apache-2.0 */
/* Base64 (RFC 4648), for the functions that need it. Private to src/exec. */
#ifndef IC_EXEC_ENCODE_H
#define IC_EXEC_ENCODE_H

#include "exec/fn/text.h"

ic_value ic_base64_encode(ic_call *c, const void *bytes, size_t n);
/* With its padding. false: it is no base64, or the call failed. The bytes lie in the call's arena. */
bool ic_base64_decode(ic_call *c, ic_str s, ic_str *ret);

#endif
