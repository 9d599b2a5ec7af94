/* SPDX-License-Identifier: Apache-2.0 */
#include "ictus.h"

int main(void)
{
	return 0;
}
