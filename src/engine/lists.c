/* SPDX-License-Identifier: Apache-2.0 */
/* The tables of plug points, as one list of names and help texts each. */
#include <stdio.h>
#include <string.h>

#include "base/time.h"
#include "engine/run.h"
#include "engine/views.h"
#include "lang/lang.h"
#include "plan/functions.h"
#include "report/report.h"
#include "source/simulate.h"
#include "source/source.h"

static bool entry(const char *name, const char *help, ic_list_entry *ret)
{
	if (name)
		*ret = (ic_list_entry){ name, help };
	return name != NULL;
}

/* Number i of those that `convert`, or else `simulate`, offers. */
static bool event_format(size_t i, bool convert, ic_list_entry *ret)
{
	for (const ic_event_format *f = ic_event_formats; f->name; f++) {
		if (convert ? f->convert : f->file_name != NULL) {
			if (i-- == 0)
				return entry(f->name, f->help, ret);
		}
	}
	return false;
}

static const char *word_of(char letter)
{
	static const struct {
		const char *letters, *word;
	} words[] = {
		{ "bBuU", "bool" }, { "iI", "long" },	  { "nN", "number" },	{ "rR", "real" },
		{ "sS", "text" },   { "tO", "datetime" }, { "pP", "timespan" }, { "dD", "dynamic" },
		{ "gG", "guid" },   { "cC", "column" },	  { "yY", "type" },	{ "T", "period" },
	};
	for (size_t i = 0; i < sizeof words / sizeof *words; i++)
		if (strchr(words[i].letters, letter))
			return words[i].word;
	return "value";
}

/* Name i of the functions and aggregates of a language, with what they take: "bin(value, value)". The text
 * is the thread's until its next call. */
static bool function(size_t i, unsigned language, ic_list_entry *ret)
{
	enum { ARGUMENTS = 6 };
	static _Thread_local char shown[128];
	for (size_t f = 0; f < IC_FN_COUNT + (size_t)IC_AGG_COUNT_OF; f++) {
		const ic_function *d = f < IC_FN_COUNT ? &ic_functions[f] : &ic_aggregates[f - IC_FN_COUNT];
		if (!d->name || !(d->flags & language) || d->flags & IC_FN_NOT_PLANNED || i-- != 0)
			continue;
		uint32_t fewest, most;
		ic_function_arity(d, &fewest, &most);
		uint32_t n = most < ARGUMENTS ? most : most == UINT32_MAX ? fewest : ARGUMENTS;
		n = n < ARGUMENTS ? n : ARGUMENTS;
		size_t at = (size_t)snprintf(shown, sizeof shown, "%s(", d->name);
		for (uint32_t k = 0; k < n && at < sizeof shown; k++)
			at +=
			    (size_t)snprintf(shown + at, sizeof shown - at, "%s%s%s", k == fewest ? "[" : "",
					     k ? ", " : "", word_of(ic_function_arg(d, k)));
		if (at < sizeof shown)
			snprintf(shown + at, sizeof shown - at, "%s%s)", fewest < n ? "]" : "",
				 most > n ? n ? ", ..." : "..." : "");
		return entry(shown, d->help, ret);
	}
	return false;
}

/* The operators, then the functions. */
static bool kql(size_t i, ic_list_entry *ret)
{
	const char *name, *help;
	size_t operators = 0;
	for (; ic_lang_operator(operators, &name, &help); operators++)
		if (operators == i)
			return entry(name, help, ret);
	return function(i - operators, IC_FN_KQL, ret);
}

bool ic_list_get(ic_list list, size_t i, ic_list_entry *ret)
{
	size_t n = 0;
	ic_source_info kind;
	switch (list) {
	case IC_LIST_FINDING_FORMATS:
		while (n < i && ic_finding_formats[n].name)
			n++;
		return entry(ic_finding_formats[n].name, ic_finding_formats[n].help, ret);
	case IC_LIST_CONVERT_FORMATS: return event_format(i, true, ret);
	case IC_LIST_CONVERT_TABLES: return entry(ic_convert_table(i), "", ret);
	case IC_LIST_SIMULATE_FORMATS: return event_format(i, false, ret);
	case IC_LIST_INPUT_TYPES: return ic_source_info_get(i, &kind) && entry(kind.name, kind.help, ret);
	case IC_LIST_DETECTORS:
		while (n < i && ic_detectors[n].name)
			n++;
		return entry(ic_detectors[n].name, ic_detectors[n].help, ret);
	case IC_LIST_PROFILES: return ic_simulate_profile(i, &ret->name, &ret->help);
	case IC_LIST_QUERY_FORMATS:
		while (n < i && ic_rows_formats[n].name)
			n++;
		return entry(ic_rows_formats[n].name, ic_rows_formats[n].help, ret);
	case IC_LIST_TABLES:
		while (n < i && ic_views[n].name)
			n++;
		return entry(ic_views[n].name, ic_views[n].help, ret);
	case IC_LIST_KQL: return kql(i, ret);
	case IC_LIST_AQL: return function(i, IC_FN_AQL, ret);
	case IC_LIST_LEVELS: return i <= IC_CRITICAL && entry(ic_level_name((int)i), "", ret);
	case IC_LIST_FIELDS: return i < IC_FIELD_COUNT && entry(ic_fields[i].name, ic_fields[i].meaning, ret);
	}
	return false;
}

int64_t ic_wall_clock(void)
{
	return ic_time_now();
}
