/* SPDX-License-Identifier: Apache-2.0 */
#include "source/text/qradar.h"

#include "source/text/map.h"

/* Names of the URL property in common content packs and in hand-made exports. */
static const char url_names[] = "URL|url|UrlHost URL|Request URL|RequestURL|Target URL|full url";

bool ic_qradar_is_url(ic_str name)
{
	return ic_name_is(name, url_names, true);
}

int ic_qradar_field(ic_str name)
{
	for (int f = 0; f < IC_FIELD_COUNT; f++)
		if (ic_fields[f].qradar && ic_name_is(name, ic_fields[f].qradar, true) &&
		    !ic_qradar_is_url(name))
			return f;
	return -1;
}

void ic_qradar_finish(ic_cells *c, const ic_qradar_extra *x)
{
	ic_field_map_finish(c, x->url);
}

ic_fieldset ic_qradar_can_give(unsigned streams)
{
	(void)streams; /* events and flows share one list of columns */
	ic_fieldset set = IC_FIELD_BIT(IC_F_DST_NAME) | IC_FIELD_BIT(IC_F_URI) | IC_FIELD_BIT(IC_F_HOST) |
			  IC_FIELD_BIT(IC_F_SERVICE);
	for (int f = 0; f < IC_FIELD_COUNT; f++)
		if (ic_fields[f].qradar)
			set |= IC_FIELD_BIT(f);
	return set;
}
