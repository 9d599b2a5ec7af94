/* SPDX-License-Identifier: Apache-2.0 */
/* Where addresses are registered, from the user's own MMDB file (GeoLite2, DB-IP...), read with
 * libmaxminddb. A build without that library finds nothing. */
#ifndef IC_BASE_GEO_H
#define IC_BASE_GEO_H

#include "base/ip.h"

typedef struct ic_geo ic_geo; /* read-only: threads may share it */

typedef struct ic_geo_place {
	ic_str country, state, city; /* English names, .p NULL if not known; the bytes are the file's */
	bool has_point;
	double latitude, longitude;
} ic_geo_place;

extern const bool ic_geo_supported; /* by this build */

/* IC_E_NOTFOUND: there is no such file, or no support for it; IC_E_FORMAT: it is no MMDB file. */
ic_status ic_geo_open(const char *path, ic_geo **ret);
void ic_geo_close(ic_geo *g); /* NULL allowed */
/* false: nothing is known about the address. */
bool ic_geo_find(const ic_geo *g, const ic_ip *ip, ic_geo_place *ret);

#endif
