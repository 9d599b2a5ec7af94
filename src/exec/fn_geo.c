/* SPDX-License-Identifier: Apache-2.0 */
/* geo_info_from_ip_address(): nothing is known without a database of places, so it is null and the query
 * says so once. */
#include "exec/kernel.h"

static ic_status warn(ic_plan *p, const ic_expr *call, void **state, ic_diag *diag)
{
	(void)state;
	(void)diag;
	return ic_plan_warn(p, call->at,
			    "geo_info_from_ip_address() gives null: there is no MMDB file to look into");
}

static ic_value geo_row(ic_call *c, const ic_value *arg)
{
	(void)c;
	(void)arg;
	return ic_value_null(IC_Q_DYNAMIC);
}

static const ic_kernel_entry entries[] = {
	{ IC_FN_GEO_INFO, { .row = geo_row, .prepare = warn } },
};
IC_KERNELS(geo, entries);
