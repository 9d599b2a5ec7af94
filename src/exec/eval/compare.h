/* SPDX-License-Identifier: Apache-2.0 */
/* Comparing values of any two types, as the operators of both languages do. Private to src/exec. */
#ifndef IC_EXEC_COMPARE_H
#define IC_EXEC_COMPARE_H

#include "exec/eval/kernel.h"

/* The order of two values that are not null: -1, 0, 1; IC_UNORDERED: NaN, or kinds that have no order.
 * Numbers compare as numbers. With `sql`, an address and a text that is one compare as addresses, and a
 * number and a text as texts. A dynamic value compares as the scalar that it holds. */
enum { IC_UNORDERED = 2 };
int ic_value_order(ic_arena *a, const ic_value *x, const ic_value *y, bool sql);
/* The scalar in a dynamic value as a value of its own; an array, a bag, a null stay dynamic. */
ic_value ic_dyn_scalar(const ic_dyn *d);
/* The text of a string or address; buf holds at least 48 bytes. */
ic_str ic_value_plain_text(const ic_value *v, char *buf);
/* The address that is written exactly like s; false: none is. */
bool ic_ip_canonical(ic_str s, ic_ip *ret);
/* The addresses whose text starts with s, where s is whole octets with their dots: "10.", "192.168.1.". No
 * IPv6 address is written with such a start. false: s is something else. */
bool ic_cidr_of_prefix(ic_str s, ic_cidr *ret);

#endif
