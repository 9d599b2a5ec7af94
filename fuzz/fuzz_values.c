/* SPDX-License-Identifier: Apache-2.0 */
/* Hosts, URLs, services, times, protocols: any bytes. A host name is stable: made again, it is the
 * same. */
#include <stdlib.h>

#include "base/time.h"
#include "source/text/cells.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size > UINT16_MAX)
		return 0;
	ic_str s = { (const char *)data, (uint32_t)size };
	ic_arena a;
	ic_url url;
	int64_t t = 0;
	ic_arena_init(&a, 0, NULL);
	ic_str name = ic_host_name(&a, s);
	if (name.p && !ic_str_eq(ic_host_name(&a, name), name))
		abort();
	if (ic_url_split(s, &url) && (url.host.n == 0 || url.port < -1 || url.port > 65535))
		abort();
	(void)ic_service_name(s);
	(void)ic_transport_name(&a, s);
	if (ic_cell_time(s, IC_TICKS_MS, &t) && (t < 0 || t > IC_TIME_MAX))
		abort();
	if (ic_cell_time(s, 0, &t) && (t < 0 || t > IC_TIME_MAX))
		abort();
	ic_arena_clear(&a);
	return 0;
}
