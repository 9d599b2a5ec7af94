/* SPDX-License-Identifier: Apache-2.0 */
#include "exec/fn/sphere.h"

#include <math.h>

#include "exec/fn/dynamic.h"

bool ic_place_on(double longitude, double latitude, ic_spot *ret)
{
	*ret = (ic_spot){ longitude * IC_DEGREE, latitude * IC_DEGREE };
	return fabs(longitude) <= 180 && fabs(latitude) <= 90;
}

ic_point ic_point_of(const ic_spot *p)
{
	return (ic_point){ cos(p->latitude) * cos(p->longitude), cos(p->latitude) * sin(p->longitude),
			   sin(p->latitude) };
}

ic_spot ic_spot_of(const ic_point *p)
{
	return (ic_spot){ atan2(p->y, p->x), atan2(p->z, sqrt(p->x * p->x + p->y * p->y)) };
}

ic_point ic_point_cross(const ic_point *a, const ic_point *b)
{
	return (ic_point){ a->y * b->z - a->z * b->y, a->z * b->x - a->x * b->z, a->x * b->y - a->y * b->x };
}

double ic_point_dot(const ic_point *a, const ic_point *b)
{
	return a->x * b->x + a->y * b->y + a->z * b->z;
}

/* The angle between two places: haversine formula. */
double ic_angle(const ic_spot *a, const ic_spot *b)
{
	double dy = sin((b->latitude - a->latitude) / 2), dx = sin((b->longitude - a->longitude) / 2);
	double h = dy * dy + cos(a->latitude) * cos(b->latitude) * dx * dx;
	return 2 * asin(sqrt(h < 1 ? h : 1));
}

/* The direction of b from a, clockwise from north. */
double ic_azimuth(const ic_spot *a, const ic_spot *b)
{
	double d = b->longitude - a->longitude;
	return atan2(sin(d) * cos(b->latitude),
		     cos(a->latitude) * sin(b->latitude) - sin(a->latitude) * cos(b->latitude) * cos(d));
}

/* The angle from p to the shortest line between a and b. */
double ic_angle_to_line(const ic_spot *p, const ic_spot *a, const ic_spot *b)
{
	ic_point at = ic_point_of(p), from = ic_point_of(a), to = ic_point_of(b),
		 normal = ic_point_cross(&from, &to);
	ic_point before = ic_point_cross(&normal, &from), behind = ic_point_cross(&to, &normal);
	double length = sqrt(ic_point_dot(&normal, &normal));
	double ends = fmin(ic_angle(p, a), ic_angle(p, b));
	if (!(length > 0) || ic_point_dot(&before, &at) < 0 || ic_point_dot(&behind, &at) < 0)
		return ends;
	double side = fabs(ic_point_dot(&normal, &at)) / length;
	return fmin(ends, asin(side < 1 ? side : 1));
}

/* ---- GeoJSON */

bool ic_json_spot(const ic_dyn *d, ic_spot *ret)
{
	double longitude, latitude;
	return d->kind == IC_DYN_ARRAY && d->n >= 2 && ic_dyn_number(d->item[0], &longitude) &&
	       ic_dyn_number(d->item[1], &latitude) && ic_place_on(longitude, latitude, ret);
}

/* One list of positions; false: it is none. */
static bool walk_line(const ic_dyn *line, ic_walk *w)
{
	ic_spot last, next;
	if (line->kind != IC_DYN_ARRAY || line->n < 2 || !ic_json_spot(line->item[0], &last))
		return false;
	for (uint32_t i = 1; i < line->n; i++) {
		if (!ic_json_spot(line->item[i], &next))
			return false;
		if (w->p) {
			double to = ic_angle_to_line(w->p, &last, &next);
			w->nearest = to < w->nearest ? to : w->nearest;
			w->turn +=
			    remainder(ic_azimuth(w->p, &next) - ic_azimuth(w->p, &last), 360 * IC_DEGREE);
		}
		w->length += ic_angle(&last, &next);
		last = next;
	}
	return true;
}

/* A ring of a polygon is closed and has an area. */
static bool walk_ring(const ic_dyn *ring, ic_walk *w)
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
const ic_dyn *ic_json_coordinates(const ic_dyn *d, const char *one, const char *more, bool *many)
{
	const ic_dyn *type = d->kind == IC_DYN_BAG ? ic_dyn_member_of(d, IC_STR("type")) : NULL;
	const ic_dyn *list = type ? ic_dyn_member_of(d, IC_STR("coordinates")) : NULL;
	if (!list || list->kind != IC_DYN_ARRAY || type->kind != IC_DYN_STRING)
		return NULL;
	*many = ic_str_eq(type->s, ic_str_of(more));
	return *many || ic_str_eq(type->s, ic_str_of(one)) ? list : NULL;
}

bool ic_walk_lines(const ic_dyn *d, ic_walk *w)
{
	bool many;
	const ic_dyn *list = ic_json_coordinates(d, "LineString", "MultiLineString", &many);
	if (!list || !many)
		return list && walk_line(list, w);
	for (uint32_t i = 0; i < list->n; i++)
		if (!walk_line(list->item[i], w))
			return false;
	return list->n > 0;
}

/* Rings behind the first one are holes: inside of an odd number of rings is inside. */
static bool walk_polygon(const ic_dyn *rings, ic_walk *w, bool *inside)
{
	if (rings->kind != IC_DYN_ARRAY || rings->n == 0)
		return false;
	bool odd = false;
	for (uint32_t i = 0; i < rings->n; i++) {
		w->turn = 0;
		if (!walk_ring(rings->item[i], w))
			return false;
		odd ^= fabs(w->turn) > 180 * IC_DEGREE;
	}
	*inside |= odd;
	return true;
}

bool ic_walk_polygons(const ic_dyn *d, ic_walk *w, bool *inside)
{
	bool many;
	const ic_dyn *list = ic_json_coordinates(d, "Polygon", "MultiPolygon", &many);
	*inside = false;
	if (!list || !many)
		return list && walk_polygon(list, w, inside);
	for (uint32_t i = 0; i < list->n; i++)
		if (!walk_polygon(list->item[i], w, inside))
			return false;
	return list->n > 0;
}
