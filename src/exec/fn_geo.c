/* SPDX-License-Identifier: Apache-2.0 */
/* Places on Earth: distances and areas on a sphere as Kusto has it, and geo_info_from_ip_address() from the
 * user's database of places; without one it is null, and the engine says so. */
#include <math.h>

#include "base/geo.h"
#include "exec/dynamic.h"
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

/* ---- geometry on a sphere */

#define EARTH_M 6371010.0 /* what Kusto's distances come out with */
#define DEGREE	(3.14159265358979323846 / 180)

typedef struct place {
	double longitude, latitude; /* radians */
} place;

/* A direction from the centre of the sphere. */
typedef struct point {
	double x, y, z;
} point;

static bool place_of(double longitude, double latitude, place *ret)
{
	*ret = (place){ longitude * DEGREE, latitude * DEGREE };
	return fabs(longitude) <= 180 && fabs(latitude) <= 90;
}

static point point_of(const place *p)
{
	return (point){ cos(p->latitude) * cos(p->longitude), cos(p->latitude) * sin(p->longitude),
			sin(p->latitude) };
}

static point cross(const point *a, const point *b)
{
	return (point){ a->y * b->z - a->z * b->y, a->z * b->x - a->x * b->z, a->x * b->y - a->y * b->x };
}

static double dot(const point *a, const point *b)
{
	return a->x * b->x + a->y * b->y + a->z * b->z;
}

/* The angle between two places: haversine formula. */
static double angle(const place *a, const place *b)
{
	double dy = sin((b->latitude - a->latitude) / 2), dx = sin((b->longitude - a->longitude) / 2);
	double h = dy * dy + cos(a->latitude) * cos(b->latitude) * dx * dx;
	return 2 * asin(sqrt(h < 1 ? h : 1));
}

/* The direction of b from a, clockwise from north. */
static double azimuth(const place *a, const place *b)
{
	double d = b->longitude - a->longitude;
	return atan2(sin(d) * cos(b->latitude),
		     cos(a->latitude) * sin(b->latitude) - sin(a->latitude) * cos(b->latitude) * cos(d));
}

/* The angle from p to the shortest line between a and b. */
static double angle_to_line(const place *p, const place *a, const place *b)
{
	point at = point_of(p), from = point_of(a), to = point_of(b), normal = cross(&from, &to);
	point before = cross(&normal, &from), behind = cross(&to, &normal);
	double length = sqrt(dot(&normal, &normal));
	double ends = fmin(angle(p, a), angle(p, b));
	if (!(length > 0) || dot(&before, &at) < 0 || dot(&behind, &at) < 0)
		return ends;
	double side = fabs(dot(&normal, &at)) / length;
	return fmin(ends, asin(side < 1 ? side : 1));
}

/* ---- GeoJSON */

static bool json_place(const ic_dyn *d, place *ret)
{
	double longitude, latitude;
	return d->kind == IC_DYN_ARRAY && d->n >= 2 && ic_dyn_number(d->item[0], &longitude) &&
	       ic_dyn_number(d->item[1], &latitude) && place_of(longitude, latitude, ret);
}

/* What a line string tells of a place. */
typedef struct walk {
	const place *p; /* NULL: only the length is asked for */
	double nearest; /* angle from p */
	double length;	/* angle */
	double turn;	/* of the direction as seen from p */
} walk;

/* One list of positions; false: it is none. */
static bool walk_line(const ic_dyn *line, walk *w)
{
	place last, next;
	if (line->kind != IC_DYN_ARRAY || line->n < 2 || !json_place(line->item[0], &last))
		return false;
	for (uint32_t i = 1; i < line->n; i++) {
		if (!json_place(line->item[i], &next))
			return false;
		if (w->p) {
			double to = angle_to_line(w->p, &last, &next);
			w->nearest = to < w->nearest ? to : w->nearest;
			w->turn += remainder(azimuth(w->p, &next) - azimuth(w->p, &last), 360 * DEGREE);
		}
		w->length += angle(&last, &next);
		last = next;
	}
	return true;
}

/* A ring of a polygon is closed and has an area. */
static bool walk_ring(const ic_dyn *ring, walk *w)
{
	uint32_t different = 0;
	if (ring->kind != IC_DYN_ARRAY || ring->n < 4 ||
	    !ic_dyn_equal(ring->item[0], ring->item[ring->n - 1]))
		return false;
	for (uint32_t i = 0; i + 1 < ring->n; i++)
		different += !ic_dyn_equal(ring->item[i], ring->item[i + 1]);
	return different >= 3 && walk_line(ring, w);
}

/* The coordinates of a bag of one of two types; *many: of the second, a list of what the first has. */
static const ic_dyn *coordinates(const ic_dyn *d, const char *one, const char *more, bool *many)
{
	const ic_dyn *type = d->kind == IC_DYN_BAG ? ic_dyn_member_of(d, IC_STR("type")) : NULL;
	const ic_dyn *list = type ? ic_dyn_member_of(d, IC_STR("coordinates")) : NULL;
	if (!list || list->kind != IC_DYN_ARRAY || type->kind != IC_DYN_STRING)
		return NULL;
	*many = ic_str_eq(type->s, ic_str_of(more));
	return *many || ic_str_eq(type->s, ic_str_of(one)) ? list : NULL;
}

static bool walk_lines(const ic_dyn *d, walk *w)
{
	bool many;
	const ic_dyn *list = coordinates(d, "LineString", "MultiLineString", &many);
	if (!list || !many)
		return list && walk_line(list, w);
	for (uint32_t i = 0; i < list->n; i++)
		if (!walk_line(list->item[i], w))
			return false;
	return list->n > 0;
}

/* Rings behind the first one are holes: inside of an odd number of rings is inside. */
static bool walk_polygon(const ic_dyn *rings, walk *w, bool *inside)
{
	if (rings->kind != IC_DYN_ARRAY || rings->n == 0)
		return false;
	bool odd = false;
	for (uint32_t i = 0; i < rings->n; i++) {
		w->turn = 0;
		if (!walk_ring(rings->item[i], w))
			return false;
		odd ^= fabs(w->turn) > 180 * DEGREE;
	}
	*inside |= odd;
	return true;
}

static bool walk_polygons(const ic_dyn *d, walk *w, bool *inside)
{
	bool many;
	const ic_dyn *list = coordinates(d, "Polygon", "MultiPolygon", &many);
	*inside = false;
	if (!list || !many)
		return list && walk_polygon(list, w, inside);
	for (uint32_t i = 0; i < list->n; i++)
		if (!walk_polygon(list->item[i], w, inside))
			return false;
	return list->n > 0;
}

/* ---- functions */

static ic_value two_places_row(ic_call *c, const ic_value *arg)
{
	place a, b;
	if (!place_of(arg[0].d, arg[1].d, &a) || !place_of(arg[2].d, arg[3].d, &b))
		return ic_value_null(c->expr->type);
	if (c->expr->call.fn == IC_FN_GEO_DISTANCE_POINTS)
		return ic_value_real(angle(&a, &b) * EARTH_M);
	if (c->expr->call.fn == IC_FN_GEO_AZIMUTH)
		return ic_value_real(azimuth(&a, &b));
	return arg[4].d >= 0 ? ic_value_bool(angle(&a, &b) * EARTH_M <= arg[4].d) : ic_value_null(IC_Q_BOOL);
}

static ic_value line_row(ic_call *c, const ic_value *arg)
{
	place p;
	walk w = { .p = &p, .nearest = INFINITY };
	(void)c;
	if (!place_of(arg[0].d, arg[1].d, &p) || !walk_lines(arg[2].dyn, &w))
		return ic_value_null(IC_Q_REAL);
	return ic_value_real(w.nearest * EARTH_M);
}

static ic_value length_row(ic_call *c, const ic_value *arg)
{
	walk w = { .p = NULL };
	(void)c;
	return walk_lines(arg[0].dyn, &w) ? ic_value_real(w.length * EARTH_M) : ic_value_null(IC_Q_REAL);
}

static ic_value polygon_row(ic_call *c, const ic_value *arg)
{
	place p;
	walk w = { .p = &p, .nearest = INFINITY };
	bool inside;
	if (!place_of(arg[0].d, arg[1].d, &p) || !walk_polygons(arg[2].dyn, &w, &inside))
		return ic_value_null(c->expr->type);
	if (c->expr->call.fn == IC_FN_GEO_IN_POLYGON)
		return ic_value_bool(inside);
	return ic_value_real(inside ? 0 : w.nearest * EARTH_M);
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
