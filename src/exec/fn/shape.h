/* SPDX-License-Identifier: Apache-2.0 */
/* GeoJSON that functions make. Private to src/exec. */
#ifndef IC_EXEC_SHAPE_H
#define IC_EXEC_SHAPE_H

#include "exec/fn/dynamic.h"
#include "exec/fn/sphere.h"

/* [longitude, latitude] in degrees; NULL: the call failed. */
const ic_dyn *ic_shape_position(ic_call *c, double longitude, double latitude);
/* {"type": type, "coordinates": coordinates}; coordinates NULL: the call failed. */
ic_value ic_shape_value(ic_call *c, const char *type, const ic_dyn *coordinates);

#endif
