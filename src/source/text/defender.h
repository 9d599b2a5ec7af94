/* SPDX-License-Identifier: Apache-2.0 */
/* What a row of Defender's DeviceNetworkEvents means, however it was exported. */
#ifndef IC_SOURCE_TEXT_DEFENDER_H
#define IC_SOURCE_TEXT_DEFENDER_H

#include "source/text/cells.h"

typedef struct ic_defender_extra {
	ic_str action_type;	  /* ActionType; {NULL, 0} if the export lacks it */
	ic_str additional_fields; /* AdditionalFields as JSON text (unescaped if it was a string) */
} ic_defender_extra;

/* Call when every column of the catalogue's `defender` names was put as it stands (RemoteUrl into
 * dst_name, Protocol into transport, ActionType into action), before ic_cells_end. Sets the stream
 * (connection, count for aggregated reports, request and handshake for inspected ones), the count,
 * action and transport, turns the direction of inbound rows, makes a name of the URL.
 * False: a bad row, cause is filled. Rows of no use get IC_STREAM_NONE. */
bool ic_defender_finish(ic_cells *c, const ic_defender_extra *x);
/* Fields that such rows can have in these streams. */
ic_fieldset ic_defender_can_give(unsigned streams);

#endif
