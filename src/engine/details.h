/* SPDX-License-Identifier: Apache-2.0 */
/* What http, ssl and websocket logs say about connections, by the id that they share with the log of
 * connections. A connection stays one row: of several requests the first one speaks. Private to
 * src/engine. */
#ifndef IC_ENGINE_DETAILS_H
#define IC_ENGINE_DETAILS_H

#include "engine/run.h"

typedef struct ic_details ic_details;

/* Those of the fields that such logs have and that of connections lacks. */
ic_fieldset ic_details_fields(ic_fieldset wanted);
/* Reads the logs of these streams. What is over the memory limit is left out: *full. */
ic_status ic_details_read(ic_run *run, ic_fieldset fields, unsigned streams, ic_details **ret, bool *full,
			  ic_error *err);
void ic_details_free(ic_details *d); /* NULL allowed */
/* Fills nulls of the rows of these streams; the batch has the uid. Thread-safe; what is put in lives as long as d. */
void ic_details_put(const ic_details *d, ic_batch *b, unsigned streams);

#endif
