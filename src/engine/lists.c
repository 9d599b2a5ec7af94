/* SPDX-License-Identifier: Apache-2.0 */
/* The tables of plug points, as one list of names and help texts each. */
#include "base/time.h"
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
	case IC_LIST_SIMULATE_FORMATS: return event_format(i, false, ret);
	case IC_LIST_INPUT_TYPES: return ic_source_info_get(i, &kind) && entry(kind.name, kind.help, ret);
	case IC_LIST_DETECTORS:
		while (n < i && ic_detectors[n].name)
			n++;
		return entry(ic_detectors[n].name, ic_detectors[n].help, ret);
	case IC_LIST_PROFILES: return ic_simulate_profile(i, &ret->name, &ret->help);
	case IC_LIST_FIELDS: return i < IC_FIELD_COUNT && entry(ic_fields[i].name, ic_fields[i].meaning, ret);
	}
	return false;
}

int64_t ic_wall_clock(void)
{
	return ic_time_now();
}
