/* SPDX-License-Identifier: Apache-2.0 */
/* Time zones by name, read from the system's database of compiled rules (RFC 8536). */
#ifndef IC_BASE_ZONE_H
#define IC_BASE_ZONE_H

#include "base/str.h"
#include "ictus.h"

typedef struct ic_zone ic_zone;

typedef struct ic_zone_offset {
	int32_t east_s; /* local time - UTC */
	bool summer;
	char name[12]; /* "CET", "+03" */
} ic_zone_offset;

/* "Europe/Berlin", "UTC". IC_E_NOTFOUND: there is none of this name; IC_E_FORMAT: its file is broken. */
ic_status ic_zone_open(ic_str name, ic_zone **ret);
/* The same from the bytes of such a file. */
ic_status ic_zone_parse(const char *bytes, size_t n, ic_zone **ret);
void ic_zone_free(ic_zone *z); /* NULL allowed */

/* z NULL: UTC. Times are seconds since 1970. */
ic_zone_offset ic_zone_at(const ic_zone *z, int64_t utc_s);
/* The moment of a local time. One that comes twice is taken as that of winter time, one that is skipped
 * as if the clock had not been changed yet. */
int64_t ic_zone_to_utc(const ic_zone *z, int64_t local_s);

#endif
