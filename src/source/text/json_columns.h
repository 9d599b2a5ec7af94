/* SPDX-License-Identifier: Apache-2.0 */
/* Between json_feed.c and json_columns.c: lines of known keys wait here to be taken together. */
#ifndef IC_SOURCE_TEXT_JSON_COLUMNS_H
#define IC_SOURCE_TEXT_JSON_COLUMNS_H

#include "source/text/json_private.h"
#include "source/text/json_put.h"

typedef struct ic_json_queue ic_json_queue;

/* Queues lines from the one at text[at] on, whose first mark is *k, and moves *k behind them. Returns how
 * many; 0: this one has to be scanned, and the queue to be flushed first. */
uint32_t ic_json_queue_lines(ic_json_fill *f, const ic_json_slab *s, size_t at, size_t *k, ic_row_counts *c);
/* Appends the rows that wait to the batch. Before the text of their slab goes, too. */
void ic_json_queue_flush(ic_json_fill *f, ic_row_counts *c);
/* The line that was just scanned has this plan: the next ones like it can be queued. False: out of
 * memory. */
bool ic_json_queue_learn(ic_json_fill *f, const ic_json_plan *plan);

#endif
