/* SPDX-License-Identifier: Apache-2.0 */
/* Conversions between units. A unit is its factor, and for temperatures its zero, in the first unit of its
 * kind: metre, kilogram, joule, newton, degree, cubic metre, kelvin. Names are Kusto's, letter by letter; an
 * unknown one gives null. */
#include "exec/eval/kernel.h"

typedef struct unit {
	const char *name;
	double factor, zero;
} unit;

#define FOOT_M	   0.3048
#define INCH_M	   0.0254
#define AU_M	   1.495978707e11
#define YEAR_M	   9.46073047258e15 /* that light goes in a Julian year */
#define PARSEC_M   3.08567758128e16
#define POUND_KG   0.45359237
#define GRAVITY	   9.80665
#define BTU_J	   1055.05585262
#define EV_J	   1.602176634e-19
#define CALORIE_J  4.184
#define GALLON_M3  3.785411784e-3 /* of the USA: 231 cubic inches */
#define IGALLON_M3 4.54609e-3
#define FOOT3_M3   (FOOT_M * FOOT_M * FOOT_M)
#define PI	   3.14159265358979323846

static const unit lengths[] = {
	{ "Angstrom", 1e-10, 0 },
	{ "AstronomicalUnit", AU_M, 0 },
	{ "Centimeter", 1e-2, 0 },
	{ "Chain", 66 * FOOT_M, 0 },
	{ "DataMile", 6000 * FOOT_M, 0 },
	{ "Decameter", 10, 0 },
	{ "Decimeter", 0.1, 0 },
	{ "DtpPica", INCH_M / 6, 0 },
	{ "DtpPoint", INCH_M / 72, 0 },
	{ "Fathom", 6 * FOOT_M, 0 },
	{ "Foot", FOOT_M, 0 },
	{ "Hand", 4 * INCH_M, 0 },
	{ "Hectometer", 100, 0 },
	{ "Inch", INCH_M, 0 },
	{ "KilolightYear", 1e3 * YEAR_M, 0 },
	{ "Kilometer", 1e3, 0 },
	{ "Kiloparsec", 1e3 * PARSEC_M, 0 },
	{ "LightYear", YEAR_M, 0 },
	{ "MegalightYear", 1e6 * YEAR_M, 0 },
	{ "Megaparsec", 1e6 * PARSEC_M, 0 },
	{ "Meter", 1, 0 },
	{ "Microinch", 1e-6 * INCH_M, 0 },
	{ "Micrometer", 1e-6, 0 },
	{ "Mil", 1e-3 * INCH_M, 0 },
	{ "Mile", 5280 * FOOT_M, 0 },
	{ "Millimeter", 1e-3, 0 },
	{ "Nanometer", 1e-9, 0 },
	{ "NauticalMile", 1852, 0 },
	{ "Parsec", PARSEC_M, 0 },
	{ "PrinterPica", INCH_M * 12 / 72.27, 0 },
	{ "PrinterPoint", INCH_M / 72.27, 0 },
	{ "Shackle", 90 * FOOT_M, 0 },
	{ "SolarRadius", 6.9551e8, 0 },
	{ "Twip", INCH_M / 1440, 0 },
	{ "UsSurveyFoot", 1200.0 / 3937, 0 },
	{ "Yard", 3 * FOOT_M, 0 },
};

static const unit masses[] = {
	{ "Centigram", 1e-5, 0 },
	{ "Decagram", 1e-2, 0 },
	{ "Decigram", 1e-4, 0 },
	{ "EarthMass", 5.9722e24, 0 },
	{ "Grain", POUND_KG / 7000, 0 },
	{ "Gram", 1e-3, 0 },
	{ "Hectogram", 0.1, 0 },
	{ "Kilogram", 1, 0 },
	{ "Kilopound", 1e3 * POUND_KG, 0 },
	{ "Kilotonne", 1e6, 0 },
	{ "LongHundredweight", 112 * POUND_KG, 0 },
	{ "LongTon", 2240 * POUND_KG, 0 },
	{ "Megapound", 1e6 * POUND_KG, 0 },
	{ "Megatonne", 1e9, 0 },
	{ "Microgram", 1e-9, 0 },
	{ "Milligram", 1e-6, 0 },
	{ "Nanogram", 1e-12, 0 },
	{ "Ounce", POUND_KG / 16, 0 },
	{ "Pound", POUND_KG, 0 },
	{ "ShortHundredweight", 100 * POUND_KG, 0 },
	{ "ShortTon", 2000 * POUND_KG, 0 },
	{ "Slug", POUND_KG *GRAVITY / FOOT_M, 0 },
	{ "SolarMass", 1.98947e30, 0 },
	{ "Stone", 14 * POUND_KG, 0 },
	{ "Tonne", 1e3, 0 },
};

static const unit energies[] = {
	{ "BritishThermalUnit", BTU_J, 0 },
	{ "Calorie", CALORIE_J, 0 },
	{ "DecathermEc", 1e6 * BTU_J, 0 },
	{ "DecathermImperial", 1.05505585257348e9, 0 },
	{ "DecathermUs", 1.054804e9, 0 },
	{ "ElectronVolt", EV_J, 0 },
	{ "Erg", 1e-7, 0 },
	{ "FootPound", POUND_KG *GRAVITY *FOOT_M, 0 },
	{ "GigabritishThermalUnit", 1e9 * BTU_J, 0 },
	{ "GigaelectronVolt", 1e9 * EV_J, 0 },
	{ "Gigajoule", 1e9, 0 },
	{ "GigawattDay", 8.64e13, 0 },
	{ "GigawattHour", 3.6e12, 0 },
	{ "HorsepowerHour", 1.98e6 * POUND_KG *GRAVITY *FOOT_M, 0 },
	{ "Joule", 1, 0 },
	{ "KilobritishThermalUnit", 1e3 * BTU_J, 0 },
	{ "Kilocalorie", 1e3 * CALORIE_J, 0 },
	{ "KiloelectronVolt", 1e3 * EV_J, 0 },
	{ "Kilojoule", 1e3, 0 },
	{ "KilowattDay", 8.64e7, 0 },
	{ "KilowattHour", 3.6e6, 0 },
	{ "MegabritishThermalUnit", 1e6 * BTU_J, 0 },
	{ "Megacalorie", 1e6 * CALORIE_J, 0 },
	{ "MegaelectronVolt", 1e6 * EV_J, 0 },
	{ "Megajoule", 1e6, 0 },
	{ "MegawattDay", 8.64e10, 0 },
	{ "MegawattHour", 3.6e9, 0 },
	{ "Millijoule", 1e-3, 0 },
	{ "TeraelectronVolt", 1e12 * EV_J, 0 },
	{ "TerawattDay", 8.64e16, 0 },
	{ "TerawattHour", 3.6e15, 0 },
	{ "ThermEc", 1e5 * BTU_J, 0 },
	{ "ThermImperial", 1.05505585257348e8, 0 },
	{ "ThermUs", 1.054804e8, 0 },
	{ "WattDay", 86400, 0 },
	{ "WattHour", 3600, 0 },
};

static const unit forces[] = {
	{ "Decanewton", 10, 0 },
	{ "Dyn", 1e-5, 0 },
	{ "KilogramForce", GRAVITY, 0 },
	{ "Kilonewton", 1e3, 0 },
	{ "KiloPond", GRAVITY, 0 },
	{ "KilopoundForce", 1e3 * POUND_KG *GRAVITY, 0 },
	{ "Meganewton", 1e6, 0 },
	{ "Micronewton", 1e-6, 0 },
	{ "Millinewton", 1e-3, 0 },
	{ "Newton", 1, 0 },
	{ "OunceForce", POUND_KG *GRAVITY / 16, 0 },
	{ "Poundal", POUND_KG *FOOT_M, 0 },
	{ "PoundForce", POUND_KG *GRAVITY, 0 },
	{ "ShortTonForce", 2000 * POUND_KG *GRAVITY, 0 },
	{ "TonneForce", 1e3 * GRAVITY, 0 },
};

static const unit angles[] = {
	{ "Arcminute", 1.0 / 60, 0 },
	{ "Arcsecond", 1.0 / 3600, 0 },
	{ "Centiradian", 1.8 / PI, 0 },
	{ "Deciradian", 18 / PI, 0 },
	{ "Degree", 1, 0 },
	{ "Gradian", 0.9, 0 },
	{ "Microdegree", 1e-6, 0 },
	{ "Microradian", 1.8e-4 / PI, 0 },
	{ "Millidegree", 1e-3, 0 },
	{ "Milliradian", 0.18 / PI, 0 },
	{ "Nanodegree", 1e-9, 0 },
	{ "Nanoradian", 1.8e-7 / PI, 0 },
	{ "NatoMil", 9.0 / 160, 0 },
	{ "Radian", 180 / PI, 0 },
	{ "Revolution", 360, 0 },
};

static const unit volumes[] = {
	{ "AcreFoot", 43560 * FOOT3_M3, 0 },
	{ "AuTablespoon", 2e-5, 0 },
	{ "BoardFoot", FOOT3_M3 / 12, 0 },
	{ "Centiliter", 1e-5, 0 },
	{ "CubicCentimeter", 1e-6, 0 },
	{ "CubicDecimeter", 1e-3, 0 },
	{ "CubicFoot", FOOT3_M3, 0 },
	{ "CubicHectometer", 1e6, 0 },
	{ "CubicInch", INCH_M *INCH_M *INCH_M, 0 },
	{ "CubicKilometer", 1e9, 0 },
	{ "CubicMeter", 1, 0 },
	{ "CubicMicrometer", 1e-18, 0 },
	{ "CubicMile", 147197952e3 * FOOT3_M3, 0 },
	{ "CubicMillimeter", 1e-9, 0 },
	{ "CubicYard", 27 * FOOT3_M3, 0 },
	{ "Decaliter", 1e-2, 0 },
	{ "DecausGallon", 10 * GALLON_M3, 0 },
	{ "Deciliter", 1e-4, 0 },
	{ "DeciusGallon", 0.1 * GALLON_M3, 0 },
	{ "HectocubicFoot", 100 * FOOT3_M3, 0 },
	{ "HectocubicMeter", 100, 0 },
	{ "Hectoliter", 0.1, 0 },
	{ "HectousGallon", 100 * GALLON_M3, 0 },
	{ "ImperialBeerBarrel", 36 * IGALLON_M3, 0 },
	{ "ImperialGallon", IGALLON_M3, 0 },
	{ "ImperialOunce", IGALLON_M3 / 160, 0 },
	{ "ImperialPint", IGALLON_M3 / 8, 0 },
	{ "KilocubicFoot", 1e3 * FOOT3_M3, 0 },
	{ "KilocubicMeter", 1e3, 0 },
	{ "KiloimperialGallon", 1e3 * IGALLON_M3, 0 },
	{ "Kiloliter", 1, 0 },
	{ "KilousGallon", 1e3 * GALLON_M3, 0 },
	{ "Liter", 1e-3, 0 },
	{ "MegacubicFoot", 1e6 * FOOT3_M3, 0 },
	{ "MegaimperialGallon", 1e6 * IGALLON_M3, 0 },
	{ "Megaliter", 1e3, 0 },
	{ "MegausGallon", 1e6 * GALLON_M3, 0 },
	{ "MetricCup", 2.5e-4, 0 },
	{ "MetricTeaspoon", 5e-6, 0 },
	{ "Microliter", 1e-9, 0 },
	{ "Milliliter", 1e-6, 0 },
	{ "OilBarrel", 42 * GALLON_M3, 0 },
	{ "UkTablespoon", 1.5e-5, 0 },
	{ "UsBeerBarrel", 31 * GALLON_M3, 0 },
	{ "UsCustomaryCup", GALLON_M3 / 16, 0 },
	{ "UsGallon", GALLON_M3, 0 },
	{ "UsLegalCup", 2.4e-4, 0 },
	{ "UsOunce", GALLON_M3 / 128, 0 },
	{ "UsPint", GALLON_M3 / 8, 0 },
	{ "UsQuart", GALLON_M3 / 4, 0 },
	{ "UsTablespoon", GALLON_M3 / 256, 0 },
	{ "UsTeaspoon", GALLON_M3 / 768, 0 },
};

/* zero: the kelvins at which the scale has its zero. */
static const unit temperatures[] = {
	{ "DegreeCelsius", 1, 273.15 },
	{ "DegreeDelisle", -2.0 / 3, 373.15 },
	{ "DegreeFahrenheit", 5.0 / 9, 459.67 * 5 / 9 },
	{ "DegreeNewton", 100.0 / 33, 273.15 },
	{ "DegreeRankine", 5.0 / 9, 0 },
	{ "DegreeReaumur", 1.25, 273.15 },
	{ "DegreeRoemer", 40.0 / 21, 273.15 - 7.5 * 40 / 21 },
	{ "Kelvin", 1, 0 },
	{ "MillidegreeCelsius", 1e-3, 273.15 },
	{ "SolarTemperature", 5778, 0 },
};

static const struct kind {
	ic_fn_id fn;
	const unit *unit;
	size_t n;
} kinds[] = {
#define KIND(id, table)                                                                                      \
	{                                                                                                    \
		IC_FN_CONVERT_##id, table, sizeof(table) / sizeof *(table)                                   \
	}
	KIND(ANGLE, angles),
	KIND(ENERGY, energies),
	KIND(FORCE, forces),
	KIND(LENGTH, lengths),
	KIND(MASS, masses),
	KIND(SPEED, lengths), /* a length per a time */
	KIND(TEMPERATURE, temperatures),
	KIND(VOLUME, volumes),
};

static bool named(const struct kind *k, ic_str name, unit *ret)
{
	for (size_t i = 0; i < k->n; i++)
		if (ic_str_eq(ic_str_of(k->unit[i].name), name)) {
			*ret = k->unit[i];
			return true;
		}
	return false;
}

/* MilePerHour, Knot. */
static bool speed(const struct kind *k, ic_str name, unit *ret)
{
	static const unit times[] = { { "PerSecond", 1, 0 }, { "PerMinute", 60, 0 }, { "PerHour", 3600, 0 } };
	for (size_t i = 0; i < sizeof times / sizeof *times; i++) {
		ic_str tail = ic_str_of(times[i].name);
		if (name.n <= tail.n || memcmp(name.p + name.n - tail.n, tail.p, tail.n) != 0)
			continue;
		if (!named(k, (ic_str){ name.p, name.n - tail.n }, ret))
			return false;
		ret->factor /= times[i].factor;
		return true;
	}
	*ret = (unit){ "Knot", 1852.0 / 3600, 0 };
	return ic_str_eq(name, IC_STR("Knot"));
}

static ic_value convert_row(ic_call *c, const ic_value *arg)
{
	const struct kind *k = kinds;
	while (k->fn != c->expr->call.fn)
		k++;
	bool (*find)(const struct kind *, ic_str, unit *) = k->fn == IC_FN_CONVERT_SPEED ? speed : named;
	unit from, to;
	if (!find(k, arg[1].s, &from) || !find(k, arg[2].s, &to))
		return ic_value_null(IC_Q_REAL);
	if (from.zero == to.zero) /* nothing is lost by adding it */
		return ic_value_real(arg[0].d * from.factor / to.factor);
	return ic_value_real((arg[0].d * from.factor + from.zero - to.zero) / to.factor);
}

#define CONVERT(id)                                                                                          \
	{                                                                                                    \
		IC_FN_CONVERT_##id,                                                                          \
		{                                                                                            \
			.row = convert_row, .strict = true                                                   \
		}                                                                                            \
	}
static const ic_kernel_entry entries[] = {
	CONVERT(ANGLE), CONVERT(ENERGY), CONVERT(FORCE),       CONVERT(LENGTH),
	CONVERT(MASS),	CONVERT(SPEED),	 CONVERT(TEMPERATURE), CONVERT(VOLUME),
};
IC_KERNELS(units, entries);
