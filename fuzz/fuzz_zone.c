/* SPDX-License-Identifier: Apache-2.0 */
/* Any bytes as a compiled time zone: what is accepted answers for all times. */
#include "base/zone.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const int64_t moments[] = { -62135596800, -2208988800, -1,	  0,	       951782400,
					   1714564800,	 2500000000,  4102444800, 253402300799 };
	ic_zone *z;
	if (ic_zone_parse((const char *)data, size, &z) != IC_OK)
		return 0;
	for (size_t i = 0; i < sizeof moments / sizeof *moments; i++) {
		ic_zone_offset o = ic_zone_at(z, moments[i]);
		int64_t utc = ic_zone_to_utc(z, moments[i]);
		if (o.east_s < -700000 || o.east_s > 700000 || utc - moments[i] > 700000)
			abort();
	}
	ic_zone_free(z);
	return 0;
}
