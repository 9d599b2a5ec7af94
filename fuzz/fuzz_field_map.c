/* SPDX-License-Identifier: Apache-2.0 */
#include "source/text/map.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	ic_field_map *map = NULL;
	ic_error err;
	if (ic_field_map_parse((const char *)data, size, "map", &map, &err) == IC_OK)
		(void)ic_field_map_can_give(map);
	ic_field_map_free(map);
	return 0;
}
