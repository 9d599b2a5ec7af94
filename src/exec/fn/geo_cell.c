/* SPDX-License-Identifier: Apache-2.0 */
/* Cells of the Earth: geohashes, and the cells of the S2 grid (its token, level 0 to 30: six faces of a cube,
 * each cut in four so many times; cells are numbered along a Hilbert curve). */
#include <math.h>

#include "base/hex.h"
#include "exec/fn/shape.h"
#include "exec/fn/text.h"

static ic_value point_value(ic_call *c, double longitude, double latitude)
{
	const ic_dyn *position = ic_shape_position(c, longitude, latitude);
	return ic_shape_value(c, "Point", position);
}

/* Five positions, against the clock: longitude and latitude of four corners. */
static ic_value corners_value(ic_call *c, const double corner[4][2])
{
	ic_items ring = ic_items_new(c), rings = ic_items_new(c);
	for (unsigned i = 0; i < 5; i++)
		ic_items_add(&ring, ic_shape_position(c, corner[i % 4][0], corner[i % 4][1]));
	ic_items_add(&rings, ic_items_dyn(&ring));
	return ic_shape_value(c, "Polygon", ic_items_dyn(&rings));
}

/* ---- geohash */

enum { HASH_MOST = 18, HASH_USUAL = 5 };
static const char letters[] = "0123456789bcdefghjkmnpqrstuvwxyz";

/* A cell as its number along each axis: bits of longitude and latitude in turn, longitude first. */
typedef struct hash_cell {
	uint64_t at[2]; /* longitude, latitude */
	unsigned bits[2];
} hash_cell;

static bool hash_read(ic_str s, hash_cell *ret)
{
	*ret = (hash_cell){ 0 };
	if (s.n == 0 || s.n > HASH_MOST)
		return false;
	for (uint32_t i = 0; i < s.n; i++) {
		char low = ic_lower(s.p[i]);
		const char *found = memchr(letters, low, sizeof letters - 1);
		if (!found)
			return false;
		for (unsigned bit = 5; bit-- > 0;) {
			unsigned axis = (i * 5 + 4 - bit) & 1;
			ret->at[axis] = ret->at[axis] << 1 | ((uint64_t)(found - letters) >> bit & 1);
			ret->bits[axis]++;
		}
	}
	return true;
}

static ic_value hash_text(ic_call *c, hash_cell h)
{
	unsigned n = (h.bits[0] + h.bits[1]) / 5;
	ic_text t = ic_text_new(c, n);
	for (unsigned i = 0; i < n; i++) {
		unsigned digit = 0;
		for (unsigned bit = 0; bit < 5; bit++) {
			unsigned axis = (i * 5 + bit) & 1;
			digit = digit << 1 | (unsigned)(h.at[axis] >> --h.bits[axis] & 1);
		}
		ic_text_char(&t, letters[digit]);
	}
	return ic_text_value(&t);
}

/* The lower edge of cell `at` of an axis; the last one's upper edge is that of the next. */
static double hash_edge(const hash_cell *h, unsigned axis, double at)
{
	double range = axis == 0 ? 360 : 180;
	return ldexp(at, -(int)h->bits[axis]) * range - range / 2;
}

static ic_value to_geohash_row(ic_call *c, const ic_value *arg)
{
	ic_spot ignored;
	int64_t n = c->expr->call.n > 2 ? arg[2].i : HASH_USUAL;
	double at[2] = { arg[0].d, arg[1].d };
	if (!ic_place_on(at[0], at[1], &ignored) || n < 1 || n > HASH_MOST)
		return ic_value_str(IC_STR(""));
	hash_cell h = { .bits = { ((unsigned)n * 5 + 1) / 2, (unsigned)n * 5 / 2 } };
	for (unsigned axis = 0; axis < 2; axis++) {
		double range = axis == 0 ? 360 : 180;
		double most = ldexp(1, (int)h.bits[axis]) - 1;
		double cell = floor(ldexp((at[axis] + range / 2) / range, (int)h.bits[axis]));
		h.at[axis] = (uint64_t)(cell > most ? most : cell);
	}
	return hash_text(c, h);
}

static ic_value geohash_centre_row(ic_call *c, const ic_value *arg)
{
	hash_cell h;
	if (!hash_read(arg[0].s, &h))
		return ic_value_null(IC_Q_DYNAMIC);
	return point_value(c, hash_edge(&h, 0, (double)h.at[0] + 0.5),
			   hash_edge(&h, 1, (double)h.at[1] + 0.5));
}

static ic_value geohash_polygon_row(ic_call *c, const ic_value *arg)
{
	hash_cell h;
	if (!hash_read(arg[0].s, &h))
		return ic_value_null(IC_Q_DYNAMIC);
	double west = hash_edge(&h, 0, (double)h.at[0]), east = hash_edge(&h, 0, (double)h.at[0] + 1);
	double south = hash_edge(&h, 1, (double)h.at[1]), north = hash_edge(&h, 1, (double)h.at[1] + 1);
	return corners_value(
	    c, (const double[4][2]){ { west, south }, { east, south }, { east, north }, { west, north } });
}

/* East and west go round the Earth; beyond a pole there is none. */
static ic_value geohash_neighbors_row(ic_call *c, const ic_value *arg)
{
	static const int8_t step[8][2] = { { -1, -1 }, { -1, 1 }, { 1, -1 }, { 0, 1 },
					   { -1, 0 },  { 1, 1 },  { 1, 0 },  { 0, -1 } };
	hash_cell h;
	if (!hash_read(arg[0].s, &h))
		return ic_value_null(IC_Q_DYNAMIC);
	ic_items list = ic_items_new(c);
	for (unsigned i = 0; i < 8; i++) {
		hash_cell to = h;
		to.at[0] = (h.at[0] + (uint64_t)(int64_t)step[i][0]) & ((UINT64_C(1) << h.bits[0]) - 1);
		to.at[1] = h.at[1] + (uint64_t)(int64_t)step[i][1];
		if (to.at[1] >> h.bits[1])
			continue;
		ic_value text = hash_text(c, to);
		ic_items_add(&list, ic_dyn_arg(c, &text));
	}
	return ic_items_value(&list);
}

/* ---- S2 */

enum { LEVELS = 30, S2_USUAL = 11, SWAP = 1, INVERT = 2 };

/* Of the four parts of a cell, by its orientation: which place of the curve lies at (i, j), and back. */
static const uint8_t place_at[4][4] = { { 0, 1, 3, 2 }, { 0, 3, 1, 2 }, { 2, 3, 1, 0 }, { 2, 1, 3, 0 } };
static const uint8_t part_at[4][4] = { { 0, 1, 3, 2 }, { 0, 2, 3, 1 }, { 3, 2, 0, 1 }, { 3, 1, 0, 2 } };
static const uint8_t turn_at[4] = { SWAP, 0, 0, INVERT | SWAP };

/* A cell: 2^(30 - level) leaves of the face's 2^30 in each direction, from (i, j) on. */
typedef struct s2_cell {
	unsigned face, level;
	uint32_t i, j;
} s2_cell;

/* The square projection of S2 and its inverse: 0 to 1 over a face, -1 to 1 on the cube. */
static double s_of(double u)
{
	return u >= 0 ? 0.5 * sqrt(1 + 3 * u) : 1 - 0.5 * sqrt(1 - 3 * u);
}

static double u_of(double s)
{
	return s >= 0.5 ? (4 * s * s - 1) / 3 : (1 - 4 * (1 - s) * (1 - s)) / 3;
}

static uint32_t leaf_of(double u)
{
	double leaf = floor(ldexp(s_of(u), LEVELS)), most = ldexp(1, LEVELS) - 1;
	return (uint32_t)(leaf < 0 ? 0 : leaf > most ? most : leaf);
}

static s2_cell s2_leaf(const ic_point *p)
{
	double x = fabs(p->x), y = fabs(p->y), z = fabs(p->z), u, v;
	unsigned axis = x >= y && x >= z ? 0 : y >= z ? 1 : 2;
	bool behind = (axis == 0 ? p->x : axis == 1 ? p->y : p->z) < 0;
	unsigned face = axis + (behind ? 3 : 0);
	switch (face) {
	case 0: u = p->y / p->x, v = p->z / p->x; break;
	case 1: u = -p->x / p->y, v = p->z / p->y; break;
	case 2: u = -p->x / p->z, v = -p->y / p->z; break;
	case 3: u = p->z / p->x, v = p->y / p->x; break;
	case 4: u = p->z / p->y, v = -p->x / p->y; break;
	default: u = -p->y / p->z, v = -p->x / p->z;
	}
	return (s2_cell){ face, LEVELS, leaf_of(u), leaf_of(v) };
}

static ic_point s2_point(unsigned face, double s, double t)
{
	double u = u_of(s), v = u_of(t);
	switch (face) {
	case 0: return (ic_point){ 1, u, v };
	case 1: return (ic_point){ -u, 1, v };
	case 2: return (ic_point){ -u, -v, 1 };
	case 3: return (ic_point){ -1, -v, -u };
	case 4: return (ic_point){ v, -1, -u };
	default: return (ic_point){ v, u, -1 };
	}
}

/* The token: face, places of the curve, a 1 that ends them; hexadecimal without the zeros behind. */
static ic_value s2_text(ic_call *c, const s2_cell *cell, unsigned level)
{
	uint64_t id = cell->face;
	unsigned turn = cell->face & SWAP;
	for (unsigned k = LEVELS; k-- > LEVELS - level;) {
		unsigned place = place_at[turn][(cell->i >> k & 1) << 1 | (cell->j >> k & 1)];
		id = id << 2 | place;
		turn ^= turn_at[place];
	}
	id = (id << 1 | 1) << 2 * (LEVELS - level);
	char digits[16];
	ic_hex_write(id, sizeof digits, digits);
	ic_text t = ic_text_new(c, sizeof digits);
	ic_text_put(&t, digits, sizeof digits - (size_t)__builtin_ctzll(id) / 4); /* no zeros behind */
	return ic_text_value(&t);
}

static bool s2_read(ic_str s, s2_cell *ret)
{
	uint64_t id = 0;
	if (s.n == 0 || s.n > 16)
		return false;
	for (uint32_t i = 0; i < 16; i++) {
		int d = i < s.n ? ic_hex_digit(s.p[i]) : 0;
		if (d < 0)
			return false;
		id = id << 4 | (unsigned)d;
	}
	unsigned zeros = id ? (unsigned)__builtin_ctzll(id) : 64;
	*ret = (s2_cell){ .face = (unsigned)(id >> 61), .level = LEVELS - zeros / 2 };
	if (zeros > 2 * LEVELS || zeros % 2 || ret->face > 5)
		return false;
	unsigned turn = ret->face & SWAP;
	for (unsigned k = 0; k < ret->level; k++) {
		unsigned place = (unsigned)(id >> (59 - 2 * k) & 3), part = part_at[turn][place];
		ret->i |= (part >> 1) << (LEVELS - 1 - k);
		ret->j |= (part & 1) << (LEVELS - 1 - k);
		turn ^= turn_at[place];
	}
	return true;
}

static ic_value to_s2_row(ic_call *c, const ic_value *arg)
{
	ic_spot spot;
	int64_t level = c->expr->call.n > 2 ? arg[2].i : S2_USUAL;
	if (!ic_place_on(arg[0].d, arg[1].d, &spot) || level < 0 || level > LEVELS)
		return ic_value_str(IC_STR(""));
	ic_point p = ic_point_of(&spot);
	s2_cell leaf = s2_leaf(&p);
	return s2_text(c, &leaf, (unsigned)level);
}

/* Degrees of what is so many sizes of the cell from its first corner. */
static void s2_degrees(const s2_cell *cell, double i, double j, double ret[2])
{
	double size = ldexp(1, -(int)cell->level);
	ic_point p =
	    s2_point(cell->face, ldexp(cell->i, -LEVELS) + i * size, ldexp(cell->j, -LEVELS) + j * size);
	ic_spot spot = ic_spot_of(&p);
	ret[0] = spot.longitude / IC_DEGREE;
	ret[1] = spot.latitude / IC_DEGREE;
}

static ic_value s2_centre_row(ic_call *c, const ic_value *arg)
{
	s2_cell cell;
	double at[2];
	if (!s2_read(arg[0].s, &cell))
		return ic_value_null(IC_Q_DYNAMIC);
	s2_degrees(&cell, 0.5, 0.5, at);
	return point_value(c, at[0], at[1]);
}

static ic_value s2_polygon_row(ic_call *c, const ic_value *arg)
{
	s2_cell cell;
	double corner[4][2];
	if (!s2_read(arg[0].s, &cell))
		return ic_value_null(IC_Q_DYNAMIC);
	for (unsigned i = 0; i < 4; i++)
		s2_degrees(&cell, i == 1 || i == 2, i >= 2, corner[i]);
	return corners_value(c, (const double(*)[2])corner);
}

static const ic_kernel_entry entries[] = {
	{ IC_FN_GEO_TO_GEOHASH, { .row = to_geohash_row, .strict = true } },
	{ IC_FN_GEOHASH_CENTRE, { .row = geohash_centre_row } },
	{ IC_FN_GEOHASH_POLYGON, { .row = geohash_polygon_row } },
	{ IC_FN_GEOHASH_NEIGHBORS, { .row = geohash_neighbors_row } },
	{ IC_FN_GEO_TO_S2, { .row = to_s2_row, .strict = true } },
	{ IC_FN_S2_CENTRE, { .row = s2_centre_row } },
	{ IC_FN_S2_POLYGON, { .row = s2_polygon_row } },
};
IC_KERNELS(geo_cell, entries);
