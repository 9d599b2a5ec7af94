/* SPDX-License-Identifier: Apache-2.0 */
/* What a row of a QRadar export (events or flows, AQL column names) means. */
#ifndef IC_SOURCE_TEXT_QRADAR_H
#define IC_SOURCE_TEXT_QRADAR_H

#include "source/text/cells.h"

typedef struct ic_qradar_extra {
	ic_str url; /* the URL property, {NULL, 0} if none */
} ic_qradar_extra;

/* True when a column of this name is the URL property. */
bool ic_qradar_is_url(ic_str name);
/* The canonical field of a column, without regard to case, blanks and `_`: the catalogue's AQL names and those of the
 * console; -1 if none. Numeric times are milliseconds: put them with IC_TICKS_MS, durations too. Of several columns with
 * one field the one of the lowest *rank counts; names that are not the catalogue's have ranks from IC_QRADAR_OTHERS on. */
#define IC_QRADAR_OTHERS 100
int ic_qradar_column(ic_str name, int *rank);
/* Call when the columns were put as they stand (protocolid or its name into transport), before
 * ic_cells_end. A coalesced event stays one row with its count. */
void ic_qradar_finish(ic_cells *c, const ic_qradar_extra *x);
ic_fieldset ic_qradar_can_give(unsigned streams);

#endif
