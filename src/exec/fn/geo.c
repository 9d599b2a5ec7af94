/* SPDX-License-Identifier: Apache-2.0 */
/* Places on Earth: distances and areas on a sphere as Kusto has it, and geo_info_from_ip_address() from the
 * user's database of places; without one it is null, and the engine says so. */
#include <math.h>

#include "base/geo.h"
#include "exec/fn/sphere.h"
#include "exec/fn/text.h"

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

/* ---- functions */

static ic_value two_places_row(ic_call *c, const ic_value *arg)
{
	ic_spot a, b;
	if (!ic_place_on(arg[0].d, arg[1].d, &a) || !ic_place_on(arg[2].d, arg[3].d, &b))
		return ic_value_null(c->expr->type);
	if (c->expr->call.fn == IC_FN_GEO_DISTANCE_POINTS)
		return ic_value_real(ic_angle(&a, &b) * IC_EARTH_M);
	if (c->expr->call.fn == IC_FN_GEO_AZIMUTH)
		return ic_value_real(ic_azimuth(&a, &b));
	return arg[4].d >= 0 ? ic_value_bool(ic_angle(&a, &b) * IC_EARTH_M <= arg[4].d)
			     : ic_value_null(IC_Q_BOOL);
}

static ic_value line_row(ic_call *c, const ic_value *arg)
{
	ic_spot p;
	ic_walk w = { .p = &p, .nearest = INFINITY };
	(void)c;
	if (!ic_place_on(arg[0].d, arg[1].d, &p) || !ic_walk_lines(arg[2].dyn, &w))
		return ic_value_null(IC_Q_REAL);
	return ic_value_real(w.nearest * IC_EARTH_M);
}

static ic_value length_row(ic_call *c, const ic_value *arg)
{
	ic_walk w = { .p = NULL };
	(void)c;
	return ic_walk_lines(arg[0].dyn, &w) ? ic_value_real(w.length * IC_EARTH_M)
					     : ic_value_null(IC_Q_REAL);
}

static ic_value polygon_row(ic_call *c, const ic_value *arg)
{
	ic_spot p;
	ic_walk w = { .p = &p, .nearest = INFINITY };
	bool inside;
	if (!ic_place_on(arg[0].d, arg[1].d, &p) || !ic_walk_polygons(arg[2].dyn, &w, &inside))
		return ic_value_null(c->expr->type);
	if (c->expr->call.fn == IC_FN_GEO_IN_POLYGON)
		return ic_value_bool(inside);
	return ic_value_real(inside ? 0 : w.nearest * IC_EARTH_M);
}

static const ic_kernel_entry entries[] = {
	{ IC_FN_GEO_INFO, { .row = geo_row, .strict = true, .addresses = true, .prepare = note_use } },
	{ IC_FN_GEO_DISTANCE_POINTS, { .row = two_places_row, .strict = true } },
	{ IC_FN_GEO_AZIMUTH, { .row = two_places_row, .strict = true } },
	{ IC_FN_GEO_IN_CIRCLE, { .row = two_places_row, .strict = true } },
	{ IC_FN_GEO_DISTANCE_LINE, { .row = line_row, .strict = true } },
	{ IC_FN_GEO_LINE_LENGTH, { .row = length_row, .strict = true } },
	{ IC_FN_GEO_DISTANCE_POLYGON, { .row = polygon_row, .strict = true } },
	{ IC_FN_GEO_IN_POLYGON, { .row = polygon_row, .strict = true } },
};
IC_KERNELS(geo, entries);
