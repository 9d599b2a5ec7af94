/* SPDX-License-Identifier: Apache-2.0 */
/* How near two names are in spelling, for "did you mean". */
#ifndef IC_LANG_NEAR_H
#define IC_LANG_NEAR_H

#include "base/str.h"

/* Letters that differ (case does not count), two that changed places count once; 3: three or more, or a name too long to be compared. */
unsigned ic_letters_apart(ic_str a, ic_str b);

#endif
