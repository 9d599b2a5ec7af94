/* SPDX-License-Identifier: Apache-2.0 */
/* Text that a kernel makes: grows in the arena of its call, up to IC_VALUE_BYTES. Private to src/exec. */
#ifndef IC_EXEC_TEXT_H
#define IC_EXEC_TEXT_H

#include "exec/eval/kernel.h"

/* When memory or the limit ends, the call is failed and later puts do nothing. */
typedef struct ic_text {
	ic_call *call;
	char *p;
	size_t n, room;
} ic_text;

/* room: the bytes that are likely needed. */
ic_text ic_text_new(ic_call *c, size_t room);
void ic_text_put(ic_text *t, const char *p, size_t n);
static inline void ic_text_str(ic_text *t, ic_str s)
{
	ic_text_put(t, s.p, s.n);
}
static inline void ic_text_char(ic_text *t, char c)
{
	ic_text_put(t, &c, 1);
}
void ic_text_code(ic_text *t, uint32_t c); /* a character, as UTF-8 */
/* A number that is not negative, with zeros to fill `digits`. */
void ic_text_number(ic_text *t, uint64_t v, unsigned digits);
ic_value ic_text_value(const ic_text *t);

/* The text of an argument of any type, as tostring() gives it; empty when the call failed. */
ic_str ic_text_of(ic_call *c, const ic_value *v);
static inline ic_value ic_text_borrow(ic_str s)
{
	return ic_value_str(s.p ? s : IC_STR(""));
}

enum { IC_ARRAY_ITEMS = 1 << 20 }; /* of one array made of text; more is a limit error */

/* A dynamic string; NULL: the call failed. */
const ic_dyn *ic_text_dyn(ic_call *c, ic_str s);
/* A bag of texts: pairs of name and value. */
ic_value ic_text_bag(ic_call *c, const ic_str (*pair)[2], uint32_t n);
ic_value ic_text_array(ic_call *c, const ic_dyn *const *item, uint32_t n);

#endif
