/* SPDX-License-Identifier: Apache-2.0 */
/* The packets of a network interface, as the bytes of a pcap file that is still being written: what reads
 * captures reads an interface too. */
#ifndef IC_SOURCE_PACKET_LIVE_H
#define IC_SOURCE_PACKET_LIVE_H

#include <sys/types.h>

#include "ictus.h"

/* What the kernel's buffer of packets takes, besides all that is counted. */
#define IC_LIVE_RING_BYTES (16u << 20)

typedef struct ic_live ic_live;
/* Opens the interface, then calls opt->opened. `opt` is borrowed until ic_live_close. IC_E_NOINPUT: there is no
 * such interface, or it is down; IC_E_IO: no right to it; IC_E_USAGE: a filter that is none, or a build without
 * live capture. */
ic_status ic_live_open(const ic_live_options *opt, ic_live **ret, ic_error *err);
void ic_live_close(ic_live *l); /* NULL allowed */
/* An ic_read_fn. Waits for packets, and gives those that there are; 0 when the time is over or a stop was asked
 * for, -errno when the interface or opt->save failed. */
ssize_t ic_live_read(void *live, void *to, size_t n);
/* Packets that passed the filter, or would have, and were gone before they could be read. */
uint64_t ic_live_lost(ic_live *l);

#endif
