/* SPDX-License-Identifier: Apache-2.0 */
/* Fingerprints of hellos, kept for those that say the same: few programs make most connections. */
#ifndef IC_SOURCE_PACKET_PRINTS_H
#define IC_SOURCE_PACKET_PRINTS_H

#include "source/packet/tls.h"

typedef struct ic_print {
	ic_ja3 ja3; /* its string too is valid as long as the print */
	ic_ja4 ja4; /* of a client's hello */
} ic_print;

typedef struct ic_prints ic_prints; /* at most a few hundred KiB */
ic_prints *ic_prints_new(void);	    /* NULL: out of memory */
void ic_prints_free(ic_prints *m);  /* NULL allowed */
/* transport: as for ic_ja4_of. Valid until the next call; NULL: out of memory. */
const ic_print *ic_prints_of(ic_prints *m, const ic_tls_hello *h, char transport);

#endif
