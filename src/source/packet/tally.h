/* SPDX-License-Identifier: Apache-2.0 */
/* What the reading of packets met and rows do not show, for people: one list of names for all who tell it. */
#ifndef IC_SOURCE_PACKET_TALLY_H
#define IC_SOURCE_PACKET_TALLY_H

#include "source/packet/apps.h"

/* Names to[], always the same names in the same order, and adds to the counts. d NULL: none. */
void ic_packet_tally(const ic_decoder *d, const ic_flow_table *t, const ic_apps *a, ic_tally to[IC_TALLIES]);

#endif
