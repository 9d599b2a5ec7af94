/* SPDX-License-Identifier: Apache-2.0 */
/* Lines and polygons on a sphere: sizes, centres, nearest points, whether they meet, more or fewer positions. */
#include <math.h>

#include "exec/fn/shape.h"

const ic_dyn *ic_shape_position(ic_call *c, double longitude, double latitude)
{
	ic_items pair = ic_items_new(c);
	ic_items_add(&pair, ic_dyn_real(c, longitude));
	ic_items_add(&pair, ic_dyn_real(c, latitude));
	return ic_items_dyn(&pair);
}

ic_value ic_shape_value(ic_call *c, const char *type, const ic_dyn *coordinates)
{
	ic_value name = ic_value_str(ic_str_of(type));
	ic_dyn_member member[2] = { { IC_STR("type"), ic_dyn_arg(c, &name) },
				    { IC_STR("coordinates"), coordinates } };
	if (!member[0].value || !coordinates)
		return ic_value_null(IC_Q_DYNAMIC);
	const ic_dyn *bag = ic_dyn_bag(c->arena, member, 2);
	return bag ? ic_value_dyn(bag) : ic_call_nomem(c);
}

static const ic_dyn *position_of(ic_call *c, const ic_spot *p)
{
	return ic_shape_position(c, p->longitude / IC_DEGREE, p->latitude / IC_DEGREE);
}

static ic_value spot_value(ic_call *c, const ic_spot *p)
{
	return ic_shape_value(c, "Point", position_of(c, p));
}

enum { STEPS_MOST = 1 << 24 }; /* of one call, so that no shape takes minutes */

/* ---- edges of a shape that was checked */

typedef struct edge {
	ic_spot a, b;
	bool hole;     /* of a ring behind a polygon's first */
	uint32_t ring; /* counted over the shape */
} edge;

/* false: enough was seen. */
typedef bool (*edge_fn)(void *ctx, const edge *e);

static bool each_in_ring(const ic_dyn *ring, edge *e, edge_fn see, void *ctx)
{
	ic_json_spot(ring->item[0], &e->b);
	for (uint32_t i = 1; i < ring->n; i++) {
		e->a = e->b;
		ic_json_spot(ring->item[i], &e->b);
		if (!see(ctx, e))
			return false;
	}
	e->ring++;
	return true;
}

static bool each_in_polygon(const ic_dyn *rings, edge *e, edge_fn see, void *ctx)
{
	for (uint32_t i = 0; i < rings->n; i++) {
		e->hole = i > 0;
		if (!each_in_ring(rings->item[i], e, see, ctx))
			return false;
	}
	return true;
}

typedef struct shape {
	const ic_dyn *list; /* coordinates */
	bool polygon, many;
} shape;

static void each_edge(const shape *s, edge_fn see, void *ctx)
{
	edge e = { .ring = 0 };
	for (uint32_t i = 0; i < (s->many ? s->list->n : 1); i++) {
		const ic_dyn *one = s->many ? s->list->item[i] : s->list;
		if (!(s->polygon ? each_in_polygon : each_in_ring)(one, &e, see, ctx))
			return;
	}
}

static bool shape_of(const ic_dyn *d, bool polygon, shape *ret)
{
	ic_walk w = { .p = NULL };
	bool inside;
	ret->polygon = polygon;
	if (polygon ? !ic_walk_polygons(d, &w, &inside) : !ic_walk_lines(d, &w))
		return false;
	ret->list = polygon ? ic_json_coordinates(d, "Polygon", "MultiPolygon", &ret->many)
			    : ic_json_coordinates(d, "LineString", "MultiLineString", &ret->many);
	return true;
}

/* ---- sizes */

/* Sums over edges. The area to the left of an edge: that of its triangle with a fixed point, by the angles of
 * its corners' directions; the sum is that of the ring, whatever the point. */
typedef struct sums {
	double length;
	double area; /* of rings, holes taken away */
	double ring_area;
	uint32_t ring;
	bool hole;
	ic_point first;	  /* of the ring */
	ic_point middle;  /* sum of the middles of edges, by their lengths */
	ic_point centre;  /* sum of directions over the area, of all rings */
	ic_point of_ring; /* the same of the ring */
} sums;

static void add_scaled(ic_point *to, const ic_point *p, double by)
{
	to->x += p->x * by;
	to->y += p->y * by;
	to->z += p->z * by;
}

static void end_ring(sums *s)
{
	double sign = s->ring_area < 0 ? -1 : 1, area = fabs(s->ring_area);
	/* a ring means its smaller side */
	if (area > 2 * IC_DEGREE * 180) {
		area = 4 * IC_DEGREE * 180 - area;
		sign = -sign;
	}
	s->area += s->hole ? -area : area;
	add_scaled(&s->centre, &s->of_ring, s->hole ? -sign : sign);
	s->ring_area = 0;
	s->of_ring = (ic_point){ 0, 0, 0 };
}

static bool add_edge(void *ctx, const edge *e)
{
	sums *s = ctx;
	ic_point a = ic_point_of(&e->a), b = ic_point_of(&e->b), n = ic_point_cross(&a, &b);
	if (e->ring != s->ring || s->length == 0) {
		if (e->ring != s->ring)
			end_ring(s);
		s->ring = e->ring;
		s->first = a;
	}
	s->hole = e->hole;
	double sine = sqrt(ic_point_dot(&n, &n)), angle = ic_angle(&e->a, &e->b);
	s->length += angle;
	ic_point sum = { a.x + b.x, a.y + b.y, a.z + b.z };
	add_scaled(&s->middle, &sum, tan(angle / 2));
	if (sine > 0)
		add_scaled(&s->of_ring, &n, angle / sine / 2);
	s->ring_area +=
	    2 * atan2(ic_point_dot(&s->first, &n),
		      1 + ic_point_dot(&s->first, &a) + ic_point_dot(&a, &b) + ic_point_dot(&b, &s->first));
	return true;
}

static ic_value measure_row(ic_call *c, const ic_value *arg)
{
	ic_fn_id fn = c->expr->call.fn;
	shape s;
	sums sum = { .length = 0 };
	if (!shape_of(arg[0].dyn, fn != IC_FN_GEO_LINE_CENTROID, &s))
		return ic_value_null(c->expr->type);
	each_edge(&s, add_edge, &sum);
	end_ring(&sum);
	if (fn == IC_FN_GEO_POLYGON_AREA)
		return ic_value_real(sum.area * IC_EARTH_M * IC_EARTH_M);
	if (fn == IC_FN_GEO_POLYGON_PERIMETER)
		return ic_value_real(sum.length * IC_EARTH_M);
	ic_spot centre = ic_spot_of(s.polygon ? &sum.centre : &sum.middle);
	return spot_value(c, &centre);
}

/* ---- nearest points and places along a line */

typedef struct nearest {
	ic_spot p, best;
	double angle;	   /* of the best one */
	double walked, at; /* lengths up to this edge, up to the best point */
} nearest;

/* The point of the edge that is the nearest to p. */
static ic_spot foot(const ic_spot *p, const edge *e)
{
	ic_point at = ic_point_of(p), a = ic_point_of(&e->a), b = ic_point_of(&e->b);
	ic_point n = ic_point_cross(&a, &b), before = ic_point_cross(&n, &a), behind = ic_point_cross(&b, &n);
	double n2 = ic_point_dot(&n, &n);
	if (n2 > 0 && ic_point_dot(&before, &at) > 0 && ic_point_dot(&behind, &at) > 0) {
		add_scaled(&at, &n, -ic_point_dot(&at, &n) / n2);
		return ic_spot_of(&at);
	}
	return ic_angle(p, &e->a) <= ic_angle(p, &e->b) ? e->a : e->b;
}

static bool nearer(void *ctx, const edge *e)
{
	nearest *w = ctx;
	ic_spot f = foot(&w->p, e);
	double angle = ic_angle(&w->p, &f);
	if (angle < w->angle) {
		w->angle = angle;
		w->best = f;
		w->at = w->walked + ic_angle(&e->a, &f);
	}
	w->walked += ic_angle(&e->a, &e->b);
	return true;
}

static ic_value closest_row(ic_call *c, const ic_value *arg)
{
	bool polygon = c->expr->call.fn == IC_FN_GEO_CLOSEST_ON_POLYGON, inside = false;
	nearest w = { .angle = INFINITY };
	ic_walk walk = { .p = &w.p, .nearest = INFINITY };
	shape s;
	if (!ic_place_on(arg[0].d, arg[1].d, &w.p) || !shape_of(arg[2].dyn, polygon, &s))
		return ic_value_null(IC_Q_DYNAMIC);
	if (polygon && ic_walk_polygons(arg[2].dyn, &walk, &inside) && inside)
		return ic_shape_value(c, "Point", ic_shape_position(c, arg[0].d, arg[1].d));
	each_edge(&s, nearer, &w);
	return spot_value(c, &w.best);
}

static ic_value locate_row(ic_call *c, const ic_value *arg)
{
	nearest w = { .angle = INFINITY };
	shape s;
	(void)c;
	if (!ic_place_on(arg[1].d, arg[2].d, &w.p) || !shape_of(arg[0].dyn, false, &s) || s.many)
		return ic_value_null(IC_Q_REAL);
	each_edge(&s, nearer, &w);
	return ic_value_real(w.walked > 0 ? w.at / w.walked : 0);
}

typedef struct way {
	double left; /* angle */
	ic_spot at;
} way;

static bool go_along(void *ctx, const edge *e)
{
	way *w = ctx;
	double angle = ic_angle(&e->a, &e->b);
	w->at = e->b;
	if (w->left > angle) {
		w->left -= angle;
		return true;
	}
	if (angle > 0) {
		ic_point a = ic_point_of(&e->a), b = ic_point_of(&e->b), p = { 0, 0, 0 };
		add_scaled(&p, &a, sin(angle - w->left));
		add_scaled(&p, &b, sin(w->left));
		w->at = ic_spot_of(&p);
	}
	return false;
}

static ic_value interpolate_row(ic_call *c, const ic_value *arg)
{
	shape s;
	sums sum = { .length = 0 };
	if (!shape_of(arg[0].dyn, false, &s) || s.many || !(arg[1].d >= 0 && arg[1].d <= 1))
		return ic_value_null(IC_Q_DYNAMIC);
	each_edge(&s, add_edge, &sum);
	way w = { .left = sum.length * arg[1].d };
	each_edge(&s, go_along, &w);
	return spot_value(c, &w.at);
}

/* ---- do they meet? */

#define TOUCH 1e-14 /* radians: less than a tenth of a micrometre */

static bool edges_meet(const edge *x, const edge *y)
{
	ic_point a = ic_point_of(&x->a), b = ic_point_of(&x->b), d = ic_point_of(&y->a),
		 e = ic_point_of(&y->b);
	ic_point n = ic_point_cross(&a, &b), m = ic_point_cross(&d, &e),
		 sum = { a.x + b.x, a.y + b.y, a.z + b.z };
	ic_point other = { d.x + e.x, d.y + e.y, d.z + e.z };
	bool split = ic_point_dot(&n, &d) * ic_point_dot(&n, &e) < 0 &&
		     ic_point_dot(&m, &a) * ic_point_dot(&m, &b) < 0;
	if (split)
		return ic_point_dot(&sum, &other) > 0; /* else on the other side of the Earth */
	return ic_angle_to_line(&x->a, &y->a, &y->b) < TOUCH ||
	       ic_angle_to_line(&x->b, &y->a, &y->b) < TOUCH ||
	       ic_angle_to_line(&y->a, &x->a, &x->b) < TOUCH || ic_angle_to_line(&y->b, &x->a, &x->b) < TOUCH;
}

typedef struct meeting {
	const shape *with;
	edge e;
	uint32_t pairs;
	bool found;
} meeting;

static bool meets_edge(void *ctx, const edge *e)
{
	meeting *w = ctx;
	w->found = edges_meet(&w->e, e);
	return !w->found && ++w->pairs < STEPS_MOST;
}

static bool meets_shape(void *ctx, const edge *e)
{
	meeting *w = ctx;
	w->e = *e;
	each_edge(w->with, meets_edge, w);
	return !w->found && w->pairs < STEPS_MOST;
}

static bool first_spot(void *ctx, const edge *e)
{
	*(ic_spot *)ctx = e->a;
	return false;
}

/* Is the shape's first position in the polygon? Asked when no edges meet. */
static bool starts_inside(const shape *s, const ic_dyn *polygon)
{
	ic_spot p;
	bool inside = false;
	each_edge(s, first_spot, &p);
	ic_walk w = { .p = &p, .nearest = INFINITY };
	return ic_walk_polygons(polygon, &w, &inside) && inside;
}

static ic_value intersects_row(ic_call *c, const ic_value *arg)
{
	ic_fn_id fn = c->expr->call.fn;
	shape s[2];
	for (unsigned i = 0; i < 2; i++)
		if (!shape_of(arg[i].dyn,
			      fn == IC_FN_GEO_MEET_POLYGONS || (fn == IC_FN_GEO_MEET_LINE_POLYGON && i == 1),
			      &s[i]))
			return ic_value_null(IC_Q_BOOL);
	meeting w = { .with = &s[1] };
	each_edge(&s[0], meets_shape, &w);
	if (w.pairs >= STEPS_MOST)
		return ic_call_limit(c, "a shape needs more than 16 million steps");
	return ic_value_bool(w.found || (s[1].polygon && starts_inside(&s[0], arg[1].dyn)) ||
			     (s[0].polygon && starts_inside(&s[1], arg[0].dyn)));
}

/* ---- more positions, fewer positions */

enum { HALVINGS_MOST = 20 };

/* What a shape is made anew by. */
typedef struct task {
	ic_call *call;
	bool denser;
	double tolerance; /* angle */
	uint32_t steps;	  /* positions that were made or looked at: a shape may ask for far too many */
} task;

static bool enough(task *t, uint32_t steps)
{
	t->steps += steps;
	if (t->steps >= STEPS_MOST && !t->call->failed)
		ic_call_limit(t->call, "a shape needs more than 16 million steps");
	return t->call->failed != IC_OK;
}

/* A position as the map has it, in degrees: halves of those stay short numbers. */
typedef struct mark {
	double longitude, latitude;
} mark;

static mark mark_of(const ic_dyn *position)
{
	mark m = { 0, 0 };
	ic_dyn_number(position->item[0], &m.longitude);
	ic_dyn_number(position->item[1], &m.latitude);
	return m;
}

static ic_spot spot_at(const mark *m)
{
	return (ic_spot){ m->longitude * IC_DEGREE, m->latitude * IC_DEGREE };
}

/* Adds positions between a and b until the straight line on a map is so near to the shortest one; not a. */
static void densify_edge(task *t, ic_items *out, const mark *a, const mark *b, unsigned depth)
{
	mark middle = { (a->longitude + b->longitude) / 2, (a->latitude + b->latitude) / 2 };
	ic_spot from = spot_at(a), to = spot_at(b), half = spot_at(&middle);
	if (enough(t, 1))
		return;
	if (depth < HALVINGS_MOST && ic_angle_to_line(&half, &from, &to) > t->tolerance) {
		densify_edge(t, out, a, &middle, depth + 1);
		densify_edge(t, out, &middle, b, depth + 1);
		return;
	}
	ic_items_add(out, ic_shape_position(t->call, b->longitude, b->latitude));
}

static const ic_dyn *densify_ring(task *t, const ic_dyn *ring)
{
	ic_items out = ic_items_new(t->call);
	mark last = mark_of(ring->item[0]);
	ic_items_add(&out, ring->item[0]);
	for (uint32_t i = 1; i < ring->n; i++) {
		mark next = mark_of(ring->item[i]);
		densify_edge(t, &out, &last, &next, 0);
		if (out.n) /* the position itself as it was written */
			out.item[out.n - 1] = ring->item[i];
		last = next;
	}
	return ic_items_dyn(&out);
}

/* Douglas and Peucker: between two positions that are kept the farthest one is kept, if it is too far from
 * their line. */
static void simplify_part(task *t, const ic_spot *spot, bool *keep, uint32_t from, uint32_t to)
{
	while (to - from > 1 && !enough(t, to - from)) {
		uint32_t worst = from;
		double most = t->tolerance;
		for (uint32_t i = from + 1; i < to; i++) {
			double away = ic_angle_to_line(&spot[i], &spot[from], &spot[to]);
			if (away > most) {
				most = away;
				worst = i;
			}
		}
		if (worst == from)
			return;
		keep[worst] = true;
		/* the smaller part by recursion, which so is as deep as a logarithm */
		bool left = worst - from < to - worst;
		simplify_part(t, spot, keep, left ? from : worst, left ? worst : to);
		from = left ? worst : from;
		to = left ? to : worst;
	}
}

static const ic_dyn *simplify_ring(task *t, const ic_dyn *ring)
{
	ic_spot *spot = ic_arena_alloc(t->call->arena, ring->n * sizeof *spot);
	bool *keep = ic_arena_alloc(t->call->arena, ring->n);
	if (!spot || !keep) {
		ic_call_nomem(t->call);
		return NULL;
	}
	memset(keep, 0, ring->n);
	keep[0] = keep[ring->n - 1] = true;
	for (uint32_t i = 0; i < ring->n; i++)
		ic_json_spot(ring->item[i], &spot[i]);
	simplify_part(t, spot, keep, 0, ring->n - 1);
	ic_items out = ic_items_new(t->call);
	for (uint32_t i = 0; i < ring->n; i++)
		if (keep[i])
			ic_items_add(&out, ring->item[i]);
	return ic_items_dyn(&out);
}

/* The same lists, `depth` levels above the rings. */
static const ic_dyn *rebuild(task *t, const ic_dyn *d, unsigned depth)
{
	if (depth == 0)
		return (t->denser ? densify_ring : simplify_ring)(t, d);
	ic_items out = ic_items_new(t->call);
	for (uint32_t i = 0; i < d->n && !t->call->failed; i++)
		ic_items_add(&out, rebuild(t, d->item[i], depth - 1));
	return ic_items_dyn(&out);
}

/* In metres: 10 unless said, 0.1 at least. A polygon that loses its area is null. */
static ic_value rebuild_row(ic_call *c, const ic_value *arg)
{
	ic_fn_id fn = c->expr->call.fn;
	double tolerance = c->expr->call.n > 1 ? arg[1].d : 10;
	shape s, made;
	bool polygon = fn == IC_FN_GEO_POLYGON_DENSIFY || fn == IC_FN_GEO_POLYGON_SIMPLIFY;
	if (!shape_of(arg[0].dyn, polygon, &s) || !(tolerance >= 0.1 && isfinite(tolerance)))
		return ic_value_null(IC_Q_DYNAMIC);
	task t = { c, fn == IC_FN_GEO_LINE_DENSIFY || fn == IC_FN_GEO_POLYGON_DENSIFY, tolerance / IC_EARTH_M,
		   0 };
	const ic_dyn *list = rebuild(&t, s.list, (unsigned)s.polygon + s.many);
	const char *type = polygon  ? s.many ? "MultiPolygon" : "Polygon"
			   : s.many ? "MultiLineString"
				    : "LineString";
	ic_value v = ic_shape_value(c, type, list);
	return v.null || shape_of(v.dyn, polygon, &made) ? v : ic_value_null(IC_Q_DYNAMIC);
}

#define SHAPE(id, function)                                                                                  \
	{                                                                                                    \
		IC_FN_GEO_##id,                                                                              \
		{                                                                                            \
			.row = function, .strict = true                                                      \
		}                                                                                            \
	}
static const ic_kernel_entry entries[] = {
	SHAPE(POLYGON_AREA, measure_row),     SHAPE(POLYGON_PERIMETER, measure_row),
	SHAPE(POLYGON_CENTROID, measure_row), SHAPE(LINE_CENTROID, measure_row),
	SHAPE(CLOSEST_ON_LINE, closest_row),  SHAPE(CLOSEST_ON_POLYGON, closest_row),
	SHAPE(LINE_LOCATE, locate_row),	      SHAPE(LINE_INTERPOLATE, interpolate_row),
	SHAPE(MEET_LINES, intersects_row),    SHAPE(MEET_LINE_POLYGON, intersects_row),
	SHAPE(MEET_POLYGONS, intersects_row), SHAPE(LINE_DENSIFY, rebuild_row),
	SHAPE(POLYGON_DENSIFY, rebuild_row),  SHAPE(LINE_SIMPLIFY, rebuild_row),
	SHAPE(POLYGON_SIMPLIFY, rebuild_row),
};
IC_KERNELS(geo_shape, entries);
