/* SPDX-License-Identifier: Apache-2.0 */
/* Between json_feed.c and json_columns.c: lines of known keys are taken together. */
#ifndef IC_SOURCE_TEXT_JSON_COLUMNS_H
#define IC_SOURCE_TEXT_JSON_COLUMNS_H

#include "source/text/json_private.h"
#include "source/text/json_put.h"

typedef struct ic_json_queue ic_json_queue;

#define IC_JSON_SLAB 24576 /* with its marks it fits the first cache */

/* Appends the rows of lines of known keys at the start of text[0..n), after which IC_JSON_PAD bytes may be read.
 * Returns how many bytes they have; 0: the first one has to be scanned. */
size_t ic_json_queue_take(ic_json_fill *f, const char *text, size_t n, ic_row_counts *c);
/* How many bytes of text[0..n) are to be scanned before that is tried again. */
size_t ic_json_queue_pause(ic_json_fill *f, const char *text, size_t n);
/* The line that was just scanned has this plan: the next ones like it can be queued. False: out of
 * memory. */
bool ic_json_queue_learn(ic_json_fill *f, const ic_json_plan *plan);

#endif
