/* SPDX-License-Identifier: Apache-2.0 */
#include "fn.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/geo.h"

/* A database with one tree of 96 + 8 bits (MaxMind DB format, version 2): 203.0.0.0/8 has a place, nothing
 * else has. Each node is two records of 24 bits. */
enum { NODES = 104 };

typedef struct image {
	unsigned char b[8192];
	size_t n;
} image;

static void put(image *m, const void *p, size_t n)
{
	memcpy(m->b + m->n, p, n);
	m->n += n;
}
static void byte(image *m, unsigned v)
{
	m->b[m->n++] = (unsigned char)v;
}
static void text(image *m, const char *s)
{
	size_t n = strlen(s);
	byte(m, 2u << 5 | (unsigned)(n < 29 ? n : 29));
	if (n >= 29)
		byte(m, (unsigned)n - 29);
	put(m, s, n);
}
static void map(image *m, unsigned n)
{
	byte(m, 7u << 5 | n);
}
static void number(image *m, double d)
{
	uint64_t bits;
	memcpy(&bits, &d, 8);
	byte(m, 3u << 5 | 8);
	for (int i = 7; i >= 0; i--)
		byte(m, (unsigned)(bits >> i * 8) & 255);
}
static void unsigned_number(image *m, unsigned type, unsigned v)
{
	if (type > 7) {
		byte(m, 1);
		byte(m, type - 7);
	} else {
		byte(m, type << 5 | 2);
		byte(m, v >> 8);
	}
	byte(m, v & 255);
}
static void named(image *m, const char *what, const char *name)
{
	text(m, what);
	map(m, 1);
	text(m, "names");
	map(m, 1);
	text(m, "en");
	text(m, name);
}

static void tree(image *m)
{
	/* 203 = 11001011b; zeros lead to it in an IPv6 tree */
	for (unsigned i = 0; i < NODES; i++) {
		unsigned bit = i < 96 ? 0 : 203u >> (103 - i) & 1;
		unsigned next = i + 1 < NODES ? i + 1 : NODES + 16;
		for (unsigned side = 0; side < 2; side++) {
			unsigned v = side == bit ? next : NODES;
			byte(m, v >> 16);
			byte(m, v >> 8 & 255);
			byte(m, v & 255);
		}
	}
}

static void make(image *m)
{
	static const unsigned char zeros[16] = { 0 };
	m->n = 0;
	tree(m);
	put(m, zeros, 16);
	map(m, 4);
	named(m, "country", "Norway");
	text(m, "subdivisions");
	byte(m, 1); /* an array of one */
	byte(m, 11 - 7);
	map(m, 1);
	text(m, "names");
	map(m, 1);
	text(m, "en");
	text(m, "Oslo County");
	named(m, "city", "Oslo");
	text(m, "location");
	map(m, 2);
	text(m, "latitude");
	number(m, 59.9);
	text(m, "longitude");
	number(m, 10.75);
	put(m, "\xab\xcd\xefMaxMind.com", 14);
	map(m, 9);
	text(m, "node_count");
	unsigned_number(m, 6, NODES);
	text(m, "record_size");
	unsigned_number(m, 5, 24);
	text(m, "ip_version");
	unsigned_number(m, 5, 6);
	text(m, "database_type");
	text(m, "Test");
	text(m, "languages");
	byte(m, 0);
	byte(m, 11 - 7);
	text(m, "binary_format_major_version");
	unsigned_number(m, 5, 2);
	text(m, "binary_format_minor_version");
	unsigned_number(m, 5, 0);
	text(m, "build_epoch");
	unsigned_number(m, 9, 1);
	text(m, "description");
	map(m, 0);
}

static char *file_of(const void *bytes, size_t n)
{
	char *path = strdup("/tmp/ictus-geo-XXXXXX");
	int fd = mkstemp(path);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, bytes, n), n);
	close(fd);
	return path;
}

static void places(void **state)
{
	(void)state;
	if (!ic_geo_supported)
		skip();
	image m;
	ic_geo *geo = NULL;
	make(&m);
	char *path = file_of(m.b, m.n);
	assert_int_equal(ic_geo_open(path, &geo), IC_OK);
	static const fn_case list[] = {
		{ IC_FN_GEO_INFO,
		  { S("203.0.113.5") },
		  "{\"country\":\"Norway\",\"state\":\"Oslo "
		  "County\",\"city\":\"Oslo\",\"latitude\":59.9,\"longitude\":10.75}" },
		{ IC_FN_GEO_INFO,
		  { A("203.255.0.1") },
		  "{\"country\":\"Norway\",\"state\":\"Oslo "
		  "County\",\"city\":\"Oslo\",\"latitude\":59.9,\"longitude\":10.75}" },
		{ IC_FN_GEO_INFO, { S("204.0.0.1") }, NULL },
		{ IC_FN_GEO_INFO, { S("2001:db8::1") }, NULL },
		{ IC_FN_GEO_INFO, { S("no address") }, NULL },
	};
	for (size_t i = 0; i < sizeof list / sizeof *list; i++) {
		ic_plan p;
		ic_plan_init(&p, NULL);
		p.geo = geo;
		fn_check_one(&p, &list[i]);
		assert_true(p.geo_used);
		ic_plan_clear(&p);
	}
	ic_geo_close(geo);
	unlink(path);
	free(path);
}

static void no_database(void **state)
{
	(void)state;
	static const fn_case list[] = { { IC_FN_GEO_INFO, { S("203.0.113.5") }, NULL } };
	FN_CHECK(list);
	ic_geo *geo = NULL;
	assert_int_equal(ic_geo_open("/nonexistent/GeoLite2-City.mmdb", &geo), IC_E_NOTFOUND);
	if (ic_geo_supported) {
		char *path = file_of("no database", 11);
		assert_int_equal(ic_geo_open(path, &geo), IC_E_FORMAT);
		unlink(path);
		free(path);
	}
	assert_null(geo);
}

#define SQUARE "{\"type\":\"Polygon\",\"coordinates\":[[[0,0],[10,0],[10,10],[0,10],[0,0]]]}"
/* the same with a hole */
#define FRAME                                                                                                \
	"{\"type\":\"Polygon\",\"coordinates\":[[[0,0],[10,0],[10,10],[0,10],[0,0]],"                        \
	"[[4,4],[6,4],[6,6],[4,6],[4,4]]]}"
#define TWO                                                                                                  \
	"{\"type\":\"MultiPolygon\",\"coordinates\":[[[[0,0],[1,0],[1,1],[0,0]]],[[[20,20],[21,20],[21,21]," \
	"[20,20]]]]}"
#define EQUATOR "{\"type\":\"LineString\",\"coordinates\":[[0,0],[90,0]]}"

static void geometry(void **state)
{
	(void)state;
	/* a degree of a great circle is 6371010 * pi / 180 metres */
	static const fn_case list[] = {
		{ IC_FN_GEO_DISTANCE_POINTS, { R(0), R(0), R(0), R(1) }, "111195.10117748393" },
		{ IC_FN_GEO_DISTANCE_POINTS, { R(300), R(1), R(1), R(1) }, NULL },
		{ IC_FN_GEO_DISTANCE_POINTS, { R(0), R(90.5), R(1), R(1) }, NULL },
		{ IC_FN_GEO_IN_CIRCLE, { R(0), R(0), R(0), R(1), R(111196) }, "True" },
		{ IC_FN_GEO_IN_CIRCLE, { R(0), R(0), R(0), R(1), R(111195) }, "False" },
		{ IC_FN_GEO_IN_CIRCLE, { R(0), R(0), R(0), R(1), R(-1) }, NULL },
		{ IC_FN_GEO_AZIMUTH, { R(0), R(0), R(0), R(1) }, "0.0" },
		{ IC_FN_GEO_AZIMUTH, { R(0), R(0), R(1), R(0) }, "1.5707963267948966" },
		{ IC_FN_GEO_IN_POLYGON, { R(5), R(5), D(SQUARE) }, "True" },
		{ IC_FN_GEO_IN_POLYGON, { R(11), R(5), D(SQUARE) }, "False" },
		{ IC_FN_GEO_IN_POLYGON, { R(-170), R(-5), D(SQUARE) }, "False" },
		{ IC_FN_GEO_IN_POLYGON, { R(5), R(5), D(FRAME) }, "False" },
		{ IC_FN_GEO_IN_POLYGON, { R(3), R(5), D(FRAME) }, "True" },
		{ IC_FN_GEO_IN_POLYGON, { R(20.9), R(20.5), D(TWO) }, "True" },
		{ IC_FN_GEO_IN_POLYGON, { R(10), R(10), D(TWO) }, "False" },
		{ IC_FN_GEO_IN_POLYGON, { R(500), R(5), D(SQUARE) }, NULL },
		{ IC_FN_GEO_IN_POLYGON, { R(5), R(5), D(EQUATOR) }, NULL },
		{ IC_FN_GEO_IN_POLYGON,
		  { R(1), R(1), D("{\"type\":\"Polygon\",\"coordinates\":[[[0,0],[10,10],[10,10],[0,0]]]}") },
		  NULL },
		{ IC_FN_GEO_IN_POLYGON,
		  { R(1), R(1), D("{\"type\":\"Polygon\",\"coordinates\":[[1,2]]}") },
		  NULL },
		{ IC_FN_GEO_DISTANCE_POLYGON, { R(5), R(5), D(SQUARE) }, "0.0" },
		{ IC_FN_GEO_DISTANCE_POLYGON, { R(5), R(-1), D(SQUARE) }, "111195.10117748393" },
		{ IC_FN_GEO_DISTANCE_LINE, { R(45), R(1), D(EQUATOR) }, "111195.10117748393" },
		{ IC_FN_GEO_DISTANCE_LINE, { R(-1), R(0), D(EQUATOR) }, "111195.10117748393" },
		{ IC_FN_GEO_DISTANCE_LINE, { R(-1), R(0), D("[]") }, NULL },
		{ IC_FN_GEO_LINE_LENGTH, { D(EQUATOR) }, "10007559.105973553" },
		{ IC_FN_GEO_LINE_LENGTH, { D("{\"type\":\"LineString\",\"coordinates\":[[0,0]]}") }, NULL },
	};
	FN_CHECK(list);
}

#define LINE(list)    "{\"type\":\"LineString\",\"coordinates\":" list "}"
#define POINT(list)   "{\"type\":\"Point\",\"coordinates\":" list "}"
#define POLYGON(list) "{\"type\":\"Polygon\",\"coordinates\":" list "}"
#define OCTANT	      POLYGON("[[[0,0],[90,0],[0,90],[0,0]]]")
#define LINES(list)   "{\"type\":\"MultiLineString\",\"coordinates\":" list "}"

/* Geohashes and tokens of S2 as others print them. */
static void cells(void **state)
{
	(void)state;
	static const fn_case list[] = {
		{ IC_FN_GEO_TO_GEOHASH, { R(-80.195829), R(25.802215), L(8) }, "dhwfz15h" },
		{ IC_FN_GEO_TO_GEOHASH, { R(10), R(20) }, "s5x1g" },
		{ IC_FN_GEO_TO_GEOHASH, { R(180), R(90), L(1) }, "z" },
		{ IC_FN_GEO_TO_GEOHASH, { R(-180), R(-90), L(3) }, "000" },
		{ IC_FN_GEO_TO_GEOHASH, { R(10), R(20), L(18) }, "s5x1g8cu2yhrn5x1g8" },
		{ IC_FN_GEO_TO_GEOHASH, { R(10), R(20), L(19) }, "" },
		{ IC_FN_GEO_TO_GEOHASH, { R(NAN), R(20), L(5) }, "" },
		{ IC_FN_GEOHASH_CENTRE, { S("EZs42") }, POINT("[-5.60302734375,42.60498046875]") },
		{ IC_FN_GEOHASH_CENTRE, { S("a") }, NULL },
		{ IC_FN_GEOHASH_CENTRE, { S("") }, NULL },
		{ IC_FN_GEOHASH_CENTRE, { S("0000000000000000000") }, NULL },
		{ IC_FN_GEOHASH_POLYGON,
		  { S("0") },
		  POLYGON("[[[-180.0,-90.0],[-135.0,-90.0],[-135.0,-45.0],[-180.0,-45.0],[-180.0,-90.0]]]") },
		{ IC_FN_GEOHASH_NEIGHBORS,
		  { S("sunny") },
		  "[\"sunnt\",\"sunpj\",\"sunnx\",\"sunpn\",\"sunnv\",\"sunpp\",\"sunnz\",\"sunnw\"]" },
		{ IC_FN_GEOHASH_NEIGHBORS, { S("b") }, "[\"x\",\"9\",\"z\",\"c\",\"8\"]" },
		{ IC_FN_GEO_TO_S2, { R(-80.195829), R(25.802215), L(8) }, "88d9b" },
		{ IC_FN_GEO_TO_S2, { R(0), R(0), L(0) }, "1" },
		{ IC_FN_GEO_TO_S2, { R(0), R(0), L(30) }, "1000000000000001" },
		{ IC_FN_GEO_TO_S2, { R(179.9), R(-89.9), L(5) }, "affc" },
		{ IC_FN_GEO_TO_S2, { R(0), R(0), L(31) }, "" },
		{ IC_FN_GEO_TO_S2, { R(0), R(95), L(3) }, "" },
		{ IC_FN_S2_CENTRE, { S("1") }, POINT("[0.0,0.0]") },
		{ IC_FN_S2_CENTRE, { S("1234567") }, POINT("[9.868307318504081,27.468392925827605]") },
		{ IC_FN_S2_CENTRE, { S("f") }, NULL }, /* there are six faces */
		{ IC_FN_S2_CENTRE, { S("2") }, NULL }, /* no level ends in the middle of a place */
		{ IC_FN_S2_CENTRE, { S("0") }, NULL },
		{ IC_FN_S2_POLYGON, { S("zz") }, NULL },
		{ IC_FN_S2_POLYGON, { S("12345678901234567") }, NULL },
	};
	FN_CHECK(list);
}

static void shapes(void **state)
{
	(void)state;
	static const fn_case list[] = {
		/* an eighth of the sphere, whichever way its ring goes */
		{ IC_FN_GEO_POLYGON_AREA, { D(OCTANT) }, "63758259139748.58" },
		{ IC_FN_GEO_POLYGON_AREA,
		  { D(POLYGON("[[[0,0],[0,90],[90,0],[0,0]]]")) },
		  "63758259139748.58" },
		{ IC_FN_GEO_POLYGON_AREA, { D(POLYGON("[[[0,0],[10,10],[10,10],[0,0]]]")) }, NULL },
		{ IC_FN_GEO_POLYGON_PERIMETER, { D(OCTANT) }, "30022677.317920655" },
		{ IC_FN_GEO_POLYGON_CENTROID, { D(LINE("[[0,0],[1,1]]")) }, NULL },
		{ IC_FN_GEO_LINE_CENTROID, { D(LINE("[[0,0],[2,0],[4,0]]")) }, POINT("[2.0,0.0]") },
		{ IC_FN_GEO_CLOSEST_ON_LINE, { R(3), R(-1), D(EQUATOR) }, POINT("[3.0000000000000004,0.0]") },
		{ IC_FN_GEO_CLOSEST_ON_LINE, { R(-3), R(-1), D(EQUATOR) }, POINT("[0.0,0.0]") },
		{ IC_FN_GEO_CLOSEST_ON_POLYGON, { R(5), R(5), D(SQUARE) }, POINT("[5.0,5.0]") },
		{ IC_FN_GEO_CLOSEST_ON_POLYGON, { R(5), R(-1), D(SQUARE) }, POINT("[5.0,0.0]") },
		{ IC_FN_GEO_CLOSEST_ON_POLYGON, { R(500), R(1), D(SQUARE) }, NULL },
		{ IC_FN_GEO_LINE_LOCATE, { D(LINE("[[0,0],[2,0]]")), R(3), R(1) }, "1.0" },
		{ IC_FN_GEO_LINE_LOCATE, { D(LINE("[[0,0],[2,0]]")), R(-3), R(1) }, "0.0" },
		{ IC_FN_GEO_LINE_LOCATE, { D(LINE("[[1,1]]")), R(1), R(1) }, NULL },
		{ IC_FN_GEO_LINE_INTERPOLATE, { D(LINE("[[0,0],[2,0],[4,0]]")), R(1) }, POINT("[4.0,0.0]") },
		{ IC_FN_GEO_LINE_INTERPOLATE, { D(LINE("[[0,0],[2,0],[4,0]]")), R(0) }, POINT("[0.0,0.0]") },
		{ IC_FN_GEO_LINE_INTERPOLATE, { D(LINE("[[0,0],[2,0],[4,0]]")), R(1.1) }, NULL },
		{ IC_FN_GEO_LINE_DENSIFY,
		  { D(LINE("[[0,50],[1,50]]")), R(100) },
		  LINE("[[0,50],[0.5,50.0],[1,50]]") },
		{ IC_FN_GEO_LINE_DENSIFY, { D(LINE("[[0,50],[1,50]]")), R(0) }, NULL },
		{ IC_FN_GEO_LINE_DENSIFY, { D(LINE("[[300,50],[1,50]]")) }, NULL },
		{ IC_FN_GEO_POLYGON_DENSIFY,
		  { D(POLYGON("[[[10,10],[11,10],[11,11],[10,11],[10,10]]]")) },
		  POLYGON("[[[10,10],[10.25,10.0],[10.5,10.0],[10.75,10.0],[11,10],[11,11],[10.75,11.0],[10."
			  "5,11.0],"
			  "[10.25,11.0],[10,11],[10,10]]]") },
		{ IC_FN_GEO_LINE_SIMPLIFY,
		  { D(LINES("[[[0,0],[1,0],[2,0],[2,1]]]")) },
		  LINES("[[[0,0],[2,0],[2,1]]]") },
		{ IC_FN_GEO_POLYGON_SIMPLIFY, { D(SQUARE), R(1e7) }, NULL }, /* nothing is left of it */
	};
	FN_CHECK(list);
}

static void meetings(void **state)
{
	(void)state;
	static const fn_case list[] = {
		{ IC_FN_GEO_MEET_LINES, { D(LINE("[[0,0],[2,0]]")), D(LINE("[[1,-1],[1,1]]")) }, "True" },
		{ IC_FN_GEO_MEET_LINES, { D(LINE("[[0,0],[2,0]]")), D(LINE("[[3,0],[4,0]]")) }, "False" },
		{ IC_FN_GEO_MEET_LINES, { D(LINE("[[0,0],[2,0]]")), D(LINE("[[1,0],[4,0]]")) }, "True" },
		{ IC_FN_GEO_MEET_LINES, { D(LINE("[[0,0],[2,0]]")), D(LINE("[[2,0],[4,3]]")) }, "True" },
		/* planes that cross on the other side of the Earth */
		{ IC_FN_GEO_MEET_LINES,
		  { D(LINE("[[-1,0],[1,0]]")), D(LINE("[[180,1],[180,-1]]")) },
		  "False" },
		{ IC_FN_GEO_MEET_LINES, { D(LINE("[[1,1]]")), D(LINE("[[3,0],[4,0]]")) }, NULL },
		{ IC_FN_GEO_MEET_LINE_POLYGON, { D(LINE("[[3,3],[4,4]]")), D(SQUARE) }, "True" },
		{ IC_FN_GEO_MEET_LINE_POLYGON, { D(LINE("[[3,13],[4,14]]")), D(SQUARE) }, "False" },
		{ IC_FN_GEO_MEET_LINE_POLYGON, { D(SQUARE), D(LINE("[[3,13],[4,14]]")) }, NULL },
		{ IC_FN_GEO_MEET_POLYGONS,
		  { D(SQUARE), D(POLYGON("[[[2,2],[3,2],[3,3],[2,3],[2,2]]]")) },
		  "True" },
		{ IC_FN_GEO_MEET_POLYGONS,
		  { D(POLYGON("[[[2,2],[3,2],[3,3],[2,3],[2,2]]]")), D(SQUARE) },
		  "True" },
		{ IC_FN_GEO_MEET_POLYGONS,
		  { D(SQUARE), D(POLYGON("[[[20,2],[30,2],[30,3],[20,2]]]")) },
		  "False" },
	};
	FN_CHECK(list);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(places), cmocka_unit_test(no_database), cmocka_unit_test(geometry),
		cmocka_unit_test(cells),  cmocka_unit_test(shapes),	 cmocka_unit_test(meetings),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
