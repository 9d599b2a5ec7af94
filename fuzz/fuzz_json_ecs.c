/* SPDX-License-Identifier: Apache-2.0 */
#include "json_kind.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	try_kind(&ic_kind_ecs, data, size);
	return 0;
}
