/* SPDX-License-Identifier: Apache-2.0 */
/* Captures as a source: any bytes, and the same rows in whatever pieces they come. */
#include "json_kind.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	try_kind(&ic_kind_capture, data, size);
	return 0;
}
