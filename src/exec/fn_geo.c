/* SPDX-License-Identifier: Apache-2.0 */
/* geo_info_from_ip_address(): from the user's database of places; without one it is null, and the engine
 * says so. */
#include "base/geo.h"
#include "exec/text.h"

static ic_status note_use(ic_plan *p, const ic_expr *call, void **state, ic_diag *diag)
{
	(void)call;
	(void)state;
	(void)diag;
	p->geo_used = true;
	return IC_OK;
}

static ic_value geo_row(ic_call *c, const ic_value *arg)
{
	ic_ip ip;
	ic_geo_place place;
	if (arg[0].type == IC_Q_IP)
		ip = arg[0].ip;
	else if (!ic_ip_parse(ic_str_trim(arg[0].s), &ip))
		return ic_value_null(IC_Q_DYNAMIC);
	if (!c->plan->geo || !ic_geo_find(c->plan->geo, &ip, &place))
		return ic_value_null(IC_Q_DYNAMIC);
	ic_value value[5] = { ic_value_str(place.country), ic_value_str(place.state),
			      ic_value_str(place.city), ic_value_real(place.latitude),
			      ic_value_real(place.longitude) };
	static const char *const names[5] = { "country", "state", "city", "latitude", "longitude" };
	ic_dyn_member member[5];
	uint32_t n = 0;
	for (unsigned i = 0; i < 5; i++) {
		if (i < 3 ? value[i].s.p == NULL : !place.has_point)
			continue;
		member[n] = (ic_dyn_member){ ic_str_of(names[i]), ic_dyn_of(c->arena, &value[i]) };
		if (!member[n++].value)
			return ic_call_nomem(c);
	}
	const ic_dyn *bag = ic_dyn_bag(c->arena, member, n);
	return bag ? ic_value_dyn(bag) : ic_call_nomem(c);
}

static const ic_kernel_entry entries[] = {
	{ IC_FN_GEO_INFO, { .row = geo_row, .strict = true, .addresses = true, .prepare = note_use } },
};
IC_KERNELS(geo, entries);
