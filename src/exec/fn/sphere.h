/* SPDX-License-Identifier: Apache-2.0 */
/* Places, lines and polygons on a sphere, and their GeoJSON. Edges are the shortest ones. Private to src/exec. */
#ifndef IC_EXEC_SPHERE_H
#define IC_EXEC_SPHERE_H

#include "plan/value.h"

#define IC_EARTH_M 6371010.0 /* what Kusto's distances come out with */
#define IC_DEGREE  (3.14159265358979323846 / 180)

typedef struct ic_spot {
	double longitude, latitude; /* radians */
} ic_spot;

/* A direction from the centre of the sphere. */
typedef struct ic_point {
	double x, y, z;
} ic_point;

/* From degrees; false: there is no such place. */
bool ic_place_on(double longitude, double latitude, ic_spot *ret);
ic_point ic_point_of(const ic_spot *p);
/* The spot in a direction of any length. */
ic_spot ic_spot_of(const ic_point *p);
ic_point ic_point_cross(const ic_point *a, const ic_point *b);
double ic_point_dot(const ic_point *a, const ic_point *b);
/* The angle between two places. */
double ic_angle(const ic_spot *a, const ic_spot *b);
/* The direction of b from a, clockwise from north. */
double ic_azimuth(const ic_spot *a, const ic_spot *b);
/* The angle from p to the shortest line between a and b. */
double ic_angle_to_line(const ic_spot *p, const ic_spot *a, const ic_spot *b);

/* A position of GeoJSON; false: it is none. */
bool ic_json_spot(const ic_dyn *d, ic_spot *ret);
/* The coordinates of a bag of one of two types; *many: of the second, a list of what the first has. NULL: it is
 * neither. */
const ic_dyn *ic_json_coordinates(const ic_dyn *d, const char *one, const char *more, bool *many);

/* What lines tell of a place. */
typedef struct ic_walk {
	const ic_spot *p; /* NULL: only the length is asked for */
	double nearest;	  /* angle from p; starts as INFINITY */
	double length;	  /* angle */
	double turn;	  /* of the direction as seen from p */
} ic_walk;

/* A LineString or MultiLineString; false: it is none, or has a line of less than two positions. */
bool ic_walk_lines(const ic_dyn *d, ic_walk *w);
/* A Polygon or MultiPolygon; *inside: w->p is in it. false: it is none, or has a ring that is not closed or has no
 * area. */
bool ic_walk_polygons(const ic_dyn *d, ic_walk *w, bool *inside);

#endif
