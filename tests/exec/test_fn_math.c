/* SPDX-License-Identifier: Apache-2.0 */
/* Mathematics and series. */
#include "fn.h"

#include <math.h>

#define NONE N(IC_Q_DYNAMIC)

static void numbers(void **state)
{
	(void)state;
	static const fn_case list[] = {
		{ IC_FN_ABS, { L(-5) }, "5" },
		{ IC_FN_ABS, { L(INT64_MIN) }, "-9223372036854775808" },
		{ IC_FN_ABS, { R(-0.5) }, "0.5" },
		{ IC_FN_ABS, { P("-1h") }, "01:00:00" },
		{ IC_FN_ABS, { N(IC_Q_LONG) }, NULL },
		{ IC_FN_CEILING, { R(1.2) }, "2.0" },
		{ IC_FN_CEILING, { L(3) }, "3" },
		{ IC_FN_ROUND, { R(2.5) }, "3.0" },
		{ IC_FN_ROUND, { R(-0.5) }, "-1.0" },
		{ IC_FN_ROUND, { R(3.25), L(1) }, "3.3" },
		{ IC_FN_ROUND, { L(1250), L(-2) }, "1300" },
		{ IC_FN_ROUND, { L(-1249), L(-2) }, "-1200" },
		{ IC_FN_ROUND, { L(7), L(3) }, "7" },
		{ IC_FN_ROUND, { L(INT64_MIN), L(-20) }, "0" },
		{ IC_FN_ROUND, { L(INT64_MAX), L(-1) }, NULL },
		{ IC_FN_ROUND, { R(1e300), L(5) }, "1E+300" },
		{ IC_FN_ROUND, { R(1.5), L(INT64_MAX) }, "1.5" },
		{ IC_FN_SIGN, { R(-42) }, "-1.0" },
		{ IC_FN_LOG, { R(-1) }, NULL },
		{ IC_FN_LOG, { R(0) }, "-Infinity" },
		{ IC_FN_LOG10, { L(1000) }, "3.0" },
		{ IC_FN_SQRT, { R(-1) }, "NaN" },
		{ IC_FN_SQRT, { L(9) }, "3.0" },
		{ IC_FN_SQRT, { N(IC_Q_REAL) }, NULL },
		{ IC_FN_POW, { L(2), L(10) }, "1024.0" },
		{ IC_FN_POW, { R(-8), R(1.0 / 3) }, "NaN" },
		{ IC_FN_EXP2, { L(3) }, "8.0" },
		{ IC_FN_DEGREES, { R(M_PI) }, "180.0" },
		{ IC_FN_ISNAN, { R(NAN) }, "True" },
		{ IC_FN_ISINF, { R(-INFINITY) }, "True" },
		{ IC_FN_ISFINITE, { R(NAN) }, "False" },
		{ IC_FN_MAX_OF, { L(1), N(IC_Q_LONG), L(3) }, "3" },
		{ IC_FN_MIN_OF, { R(NAN), R(1) }, "NaN" },
		{ IC_FN_MAX_OF, { S("a"), S("b") }, "b" },
		{ IC_FN_MIN_OF, { N(IC_Q_LONG), N(IC_Q_LONG) }, NULL },
		{ IC_FN_BINARY_AND, { L(12), L(10) }, "8" },
		{ IC_FN_BINARY_XOR, { L(12), L(10) }, "6" },
		{ IC_FN_BINARY_NOT, { L(0) }, "-1" },
		{ IC_FN_BINARY_SHIFT_LEFT, { L(1), L(65) }, "2" },
		{ IC_FN_BINARY_SHIFT_RIGHT, { L(-4), L(1) }, "-2" },
		{ IC_FN_BINARY_SHIFT_LEFT, { L(1), L(-1) }, NULL },
		{ IC_FN_BINARY_SHIFT_RIGHT, { L(1), L(-1) }, NULL },
		{ IC_FN_TO_HEX, { L(255) }, "ff" },
		{ IC_FN_TO_HEX, { L(-1) }, "ffffffffffffffff" },
		{ IC_FN_TO_HEX, { L(0), L(4) }, "0000" },
		{ IC_FN_BITSET_COUNT_ONES, { L(-1) }, "64" },
	};
	FN_CHECK(list);
}

/* Numbers that the page of each function shows, where it has them; the rest follows from the definitions. */
static void distributions_and_units(void **state)
{
	(void)state;
	static const fn_case list[] = {
		{ IC_FN_BETA_CDF, { R(0.5), R(1), R(1) }, "0.5" },
		{ IC_FN_BETA_CDF, { R(0), R(2), R(3) }, "0.0" },
		{ IC_FN_BETA_CDF, { R(1), R(2), R(3) }, "1.0" },
		{ IC_FN_BETA_CDF, { R(1.5), R(10), R(20) }, "NaN" },
		{ IC_FN_BETA_CDF, { R(0.1), R(-1), R(20) }, "NaN" },
		{ IC_FN_BETA_CDF, { R(NAN), R(1), R(20) }, "NaN" },
		{ IC_FN_BETA_INV, { R(0.1), R(10), R(20) }, "0.2264150223887484" },
		{ IC_FN_BETA_INV, { R(1), R(2), R(2) }, "1.0" },
		{ IC_FN_BETA_INV, { R(0), R(2), R(2) }, "0.0" },
		{ IC_FN_BETA_INV, { R(1.1), R(2), R(2) }, "NaN" },
		{ IC_FN_BETA_PDF, { R(0), R(2), R(3) }, "0.0" },
		{ IC_FN_BETA_PDF, { R(0), R(0.5), R(3) }, "Infinity" },
		{ IC_FN_BETA_PDF, { R(-10), R(10), R(20) }, "NaN" },
		{ IC_FN_WELCH_TEST, { R(5), R(1), L(10), R(5), R(2), L(10) }, "1.0" },
		{ IC_FN_WELCH_TEST, { R(5), R(0), L(10), R(5), R(0), L(10) }, "NaN" },
		{ IC_FN_WELCH_TEST, { R(5), R(1), L(1), R(5), R(2), L(10) }, "NaN" },
		{ IC_FN_CONVERT_LENGTH, { R(1), S("Yard"), S("Foot") }, "3.0" },
		{ IC_FN_CONVERT_LENGTH, { R(1), S("yard"), S("Foot") }, NULL },
		{ IC_FN_CONVERT_LENGTH, { R(1), S("Foot"), S("Kilogram") }, NULL },
		{ IC_FN_CONVERT_MASS, { R(2), S("Tonne"), S("Kilogram") }, "2000.0" },
		{ IC_FN_CONVERT_SPEED, { R(36), S("KilometerPerHour"), S("MeterPerSecond") }, "10.0" },
		{ IC_FN_CONVERT_SPEED, { R(1), S("Knot"), S("NauticalMilePerHour") }, "1.0" },
		{ IC_FN_CONVERT_SPEED, { R(1), S("PerHour"), S("MeterPerSecond") }, NULL },
		{ IC_FN_CONVERT_SPEED, { R(1), S("MeterPerHour"), S("Meter") }, NULL },
		{ IC_FN_CONVERT_TEMPERATURE, { R(0), S("Kelvin"), S("DegreeCelsius") }, "-273.15" },
		{ IC_FN_CONVERT_TEMPERATURE, { R(25), S("DegreeCelsius"), S("DegreeCelsius") }, "25.0" },
		{ IC_FN_CONVERT_TEMPERATURE, { R(150), S("DegreeDelisle"), S("DegreeCelsius") }, "0.0" },
		{ IC_FN_CONVERT_ANGLE, { R(1), S("Revolution"), S("Degree") }, "360.0" },
		{ IC_FN_CONVERT_ENERGY, { R(1), S("KilowattHour"), S("Megajoule") }, "3.6" },
		{ IC_FN_CONVERT_FORCE, { R(12), S("Newton"), S("Decanewton") }, "1.2" },
		{ IC_FN_CONVERT_VOLUME, { R(1), S("UsGallon"), S("UsQuart") }, "4.0" },
		{ IC_FN_CONVERT_VOLUME, { N(IC_Q_REAL), S("UsGallon"), S("UsQuart") }, NULL },
	};
	FN_CHECK(list);
}

static void item_by_item(void **state)
{
	(void)state;
	static const fn_case list[] = {
		{ IC_FN_SERIES_ADD, { D("[1,2,4]"), D("[4,2.5]") }, "[5,4.5,null]" },
		{ IC_FN_SERIES_MULTIPLY, { D("[1,\"x\"]"), L(3) }, "[3,null]" },
		{ IC_FN_SERIES_DIVIDE, { D("[1,2]"), D("[2,0]") }, "[0.5,\"Infinity\"]" },
		{ IC_FN_SERIES_POW, { D("[4]"), D("[0.5]") }, "[2.0]" },
		{ IC_FN_SERIES_LESS, { D("[1,2]"), D("[2,2]") }, "[true,false]" },
		{ IC_FN_SERIES_EQUALS, { L(1), L(2) }, NULL },
		{ IC_FN_SERIES_CEILING, { D("[-1.5,1,null]") }, "[-1.0,1.0,null]" },
		{ IC_FN_SERIES_ABS, { D("[-1,-1.5]") }, "[1,1.5]" },
		{ IC_FN_SERIES_SIGN, { D("[-6,0,8.5]") }, "[-1,0,1.0]" },
		{ IC_FN_SERIES_EXP, { D("[0]") }, "[1.0]" },
		{ IC_FN_SERIES_SUM, { D("[1,2,3.5]") }, "6.5" },
		{ IC_FN_SERIES_PRODUCT, { D("[1,2,3.5]") }, "7.0" },
		{ IC_FN_SERIES_MAGNITUDE, { D("[3,4]") }, "5.0" },
		{ IC_FN_SERIES_DOT_PRODUCT, { D("[1,2]"), D("[3,4]") }, "11.0" },
		{ IC_FN_SERIES_DOT_PRODUCT, { D("[1,2]"), D("[3]") }, "3.0" },
		{ IC_FN_SERIES_DOT_PRODUCT, { D("[1,\"x\",2]"), D("[3,4,5]") }, "13.0" },
		{ IC_FN_SERIES_DOT_PRODUCT, { D("[2,4,8]"), L(2) }, "28.0" },
		{ IC_FN_SERIES_DOT_PRODUCT, { R(0.5), D("[2,4,8]") }, "7.0" },
		{ IC_FN_SERIES_DOT_PRODUCT, { L(3), L(2) }, NULL },
		{ IC_FN_SERIES_DOT_PRODUCT, { D("[]"), D("[3]") }, NULL },
		{ IC_FN_SERIES_PEARSON, { D("[1,2,3]"), D("[3,2,1]") }, "-1.0" },
		{ IC_FN_SERIES_COSINE, { D("[1,0]"), D("[0,1]") }, "0.0" },
		{ IC_FN_SERIES_COSINE, { D("[3,4]"), D("[3,4,5]") }, "1.0" },
	};
	FN_CHECK(list);
}

static void gaps(void **state)
{
	(void)state;
	static const fn_case list[] = {
		{ IC_FN_SERIES_FILL_CONST, { D("[1,null,3]"), L(0) }, "[1,0,3]" },
		{ IC_FN_SERIES_FILL_CONST, { D("[1,-1,3]"), R(0), L(-1) }, "[1,0.0,3]" },
		{ IC_FN_SERIES_FILL_FORWARD, { D("[null,1,null,3,null]") }, "[null,1,1,3,3]" },
		{ IC_FN_SERIES_FILL_BACKWARD, { D("[null,1,null,3,null]") }, "[1,1,3,3,null]" },
		{ IC_FN_SERIES_FILL_LINEAR,
		  { D("[null,111,null,36,null,null,16,null]") },
		  "[111,111,73,36,29,22,16,16]" },
		{ IC_FN_SERIES_FILL_LINEAR,
		  { D("[null,111.0,null,36.0,null]"), N(IC_Q_REAL), { 'b', .i = 0 } },
		  "[null,111.0,73.5,36.0,null]" },
		{ IC_FN_SERIES_FILL_LINEAR, { D("[null,null]") }, "[0.0,0.0]" },
		{ IC_FN_SERIES_FILL_LINEAR, { NONE }, NULL },
	};
	FN_CHECK(list);
}

static void statistics(void **state)
{
	(void)state;
	static const fn_case list[] = {
		{ IC_FN_SERIES_FFT, { D("[1,2,3,4]") }, "[[10.0,-2.0,-2.0,-2.0],[0.0,2.0,0.0,-2.0]]" },
		{ IC_FN_SERIES_FFT, { D("[0,1]"), D("[1,0]") }, "[[1.0,-1.0],[1.0,1.0]]" },
		{ IC_FN_SERIES_FFT, { D("[7]") }, "[[7.0],[0.0]]" },
		{ IC_FN_SERIES_FFT, { D("[]") }, "[[],[]]" },
		{ IC_FN_SERIES_FFT, { D("[1,null]") }, "[[null,null],[null,null]]" },
		{ IC_FN_SERIES_FFT, { D("[1,2]"), D("[1]") }, NULL },
		{ IC_FN_SERIES_FFT, { D("5") }, NULL },
		{ IC_FN_SERIES_IFFT,
		  { D("[10,-2,-2,-2]"), D("[0,2,0,-2]") },
		  "[[1.0,2.0,3.0,4.0],[0.0,0.0,0.0,0.0]]" },
		{ IC_FN_SERIES_STATS, { D("[10,0,0,0,50]") }, "[0.0,1,50.0,4,12.0,21.6794833886788,470.0]" },
		{ IC_FN_SERIES_STATS, { D("[1,null]") }, "[null,null,null,null,null,null,null]" },
		{ IC_FN_SERIES_STATS, { D("[3,null]"), { 'b', .i = 1 } }, "[3.0,0,3.0,0,3.0,0.0,0.0]" },
		{ IC_FN_SERIES_STATS, { NONE }, NULL },
		{ IC_FN_SERIES_STATS_DYNAMIC,
		  { D("[1,3,null]"), { 'b', .i = 1 } },
		  "{\"min\":1.0,\"min_idx\":0,\"max\":3.0,\"max_idx\":1,\"avg\":2.0,\"stdev\":1."
		  "4142135623730951,"
		  "\"variance\":2.0,\"sum\":4.0,\"len\":3}" },
		{ IC_FN_SERIES_FIT_LINE, { D("[1,3,5]") }, "[1.0,2.0,4.0,0.0,-1.0,[1.0,3.0,5.0]]" },
		{ IC_FN_SERIES_FIT_2LINES,
		  { D("[0,1,2,10,8,6]") },
		  "[1.0,3,16.7,0.0,[0.0,1.0,2.0,10.0,8.0,6.0],1.0,-2.0,18.0,4.0,0.0,1.0,1.0,-1.0,1.0,0.0]" },
		{ IC_FN_SERIES_OUTLIERS,
		  { D("[1,2,3,4,5,6,7,8,9,10,38]"), S("tukey") },
		  "[-0.5,-0.3,-0.1,0.0,0.0,0.0,0.0,0.0,0.1,0.3,5.9]" },
		{ IC_FN_SERIES_FIR, { D("[2,4,6,8]"), D("[1,1]") }, "[1.0,3.0,5.0,7.0]" },
		{ IC_FN_SERIES_IIR, { D("[1,1,1]"), D("[1]"), D("[1,-1]") }, "[1.0,2.0,3.0]" },
	};
	FN_CHECK(list);
}

/* Six values again and again, with one that does not fit. */
#define SEASONS "1,2,3,4,3,2,1,2,3,4,3,2,1,2,3,4,3,2,1,2,3,40,3,2,1,2,3,4,3,2,1,2,3,4,3,2"
#define CLEAN	"1.0,2.0,3.0,4.0,3.0,2.0"

static void periods(void **state)
{
	(void)state;
	static const fn_case list[] = {
		{ IC_FN_SERIES_SEASONAL,
		  { D("[2,5,3,4,3,2,1,2,3,4,3,2,1,2,3,4,3,2,1,2,3,4,3,2,1]") },
		  "[" CLEAN "," CLEAN "," CLEAN "," CLEAN ",1.0]" },
		{ IC_FN_SERIES_SEASONAL,
		  { D("[1,3,5,2,4,6,1,3,5,2,4,6]") },
		  "[0.0,0.0,0.0,0.0,0.0,0.0,0.0,0.0,0.0,0.0,0.0,0.0]" },
		{ IC_FN_SERIES_SEASONAL, { D("[1,3,5,2,4,6]"), L(3) }, "[1.5,3.5,5.5,1.5,3.5,5.5]" },
		{ IC_FN_SERIES_SEASONAL, { NONE }, NULL },
		{ IC_FN_SERIES_ANOMALIES,
		  { D("[" SEASONS "]"), R(1.5), L(6), S("none") },
		  "[[0.0,0.0,0.0,0.0,0.0,0.0,0.0,0.0,0.0,0.0,0.0,0.0,0.0,0.0,0.0,0.0,0.0,0.0,0.0,0.0,0.0,1.0,"
		  "0.0,0.0,0.0,0.0,0.0,0.0,0.0,0.0,0.0,0.0,0.0,0.0,0.0,0.0],"
		  "[0.0,0.0,0.0,0.0,0.0,0.0,0.0,0.0,0.0,0.0,0.0,0.0,0.0,0.0,0.0,0.0,0.0,0.0,0.0,0.0,0.0,"
		  "\"Infinity\",0.0,0.0,0.0,0.0,0.0,0.0,0.0,0.0,0.0,0.0,0.0,0.0,0.0,0.0],"
		  "[" CLEAN "," CLEAN "," CLEAN "," CLEAN "," CLEAN "," CLEAN "]]" },
		{ IC_FN_SERIES_FORECAST,
		  { D("[1,2,3,4,5,0,0]"), L(2), L(0) },
		  "[[1.0,2.0,3.0,4.0,5.0,6.0,7.0],[0.0,0.0,0.0,0.0,0.0,0.0,0.0],"
		  "[1.0,2.0,3.0,4.0,5.0,6.0,7.0],[0.0,0.0,0.0,0.0,0.0,-6.0,-7.0]]" },
	};
	FN_CHECK(list);
}

/* The documentation's series: a period of 14, and none of 10. */
static void detection(void **state)
{
	(void)state;
	static const char series[] = "[80,139,87,110,68,54,50,51,53,133,86,141,97,156,94,149,95,140,77,61,50,"
				     "54,47,133,72,152,94,148,105,"
				     "162,101,160,87,63,53,55,54,151,103,189,108,183,113,175,113,178,90,71,"
				     "62,62,65,165,109,181,115,182,"
				     "121,178,114,170]";
	static const fn_case list[] = {
		{ IC_FN_SERIES_PERIODS_DETECT,
		  { D(series), R(0), R(50), L(2) },
		  "[[14.0,0.0],[0.8410516248085879,0.0]]" },
		{ IC_FN_SERIES_PERIODS_VALIDATE,
		  { D(series), R(14), R(10) },
		  "[[14.0,10.0],[0.8410516248085879,0.0]]" },
		{ IC_FN_SERIES_PERIODS_VALIDATE,
		  { D("[1,2,3,4]"), R(-1), R(1e300) },
		  "[[-1.0,1E+300],[0.0,0.0]]" },
	};
	FN_CHECK(list);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(numbers),	cmocka_unit_test(distributions_and_units),
		cmocka_unit_test(item_by_item), cmocka_unit_test(gaps),
		cmocka_unit_test(statistics),	cmocka_unit_test(periods),
		cmocka_unit_test(detection),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
