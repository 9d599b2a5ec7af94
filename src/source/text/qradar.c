/* SPDX-License-Identifier: Apache-2.0 */
#include "source/text/qradar.h"

#include "source/text/map.h"

/* Names that are no AQL fields: those that functions give their columns, and of the console's export.
 * Compared as plain_name makes them. */
static const struct {
	const char *name;
	int field;
} others[] = {
	{ "protocolnameprotocolid", IC_F_TRANSPORT },
	{ "protocol", IC_F_TRANSPORT },
	{ "logsourcenamelogsourceid", IC_F_SENSOR },
	{ "logsource", IC_F_SENSOR },
	{ "applicationnameapplicationid", IC_F_SERVICE },
	{ "qidnameqid", IC_F_ACTION },
	{ "time", IC_F_TIME },
	{ "logsourcetime", IC_F_TIME },
};

/* Lower case without blanks, `_` and quotes: "Source IP", source_ip and sourceip are one name. */
static ic_str plain_name(ic_str name, char *buf, size_t room)
{
	uint32_t n = 0;
	for (uint32_t i = 0; i < name.n && n < room; i++) {
		char ch = name.p[i];
		if (ch != ' ' && ch != '_' && ch != '"')
			buf[n++] = ic_lower(ch);
	}
	return (ic_str){ buf, n };
}

bool ic_qradar_is_url(ic_str name)
{
	char buf[64];
	return ic_name_is(plain_name(name, buf, sizeof(buf)), "url|requesturl|targeturl|fullurl", false);
}

/* The place of the plain name among the alternatives of the catalogue, -1 if it is not there. */
static int alternative(ic_str plain, const char *list)
{
	char buf[64];
	int rank = 0;
	for (const char *p = list; p; rank++) {
		const char *bar = strchr(p, '|');
		ic_str one = { p, (uint32_t)(bar ? (size_t)(bar - p) : strlen(p)) };
		if (ic_str_eq(plain, plain_name(one, buf, sizeof(buf))))
			return rank;
		p = bar ? bar + 1 : NULL;
	}
	return -1;
}

int ic_qradar_column(ic_str name, int *rank)
{
	char buf[64];
	ic_str plain = plain_name(name, buf, sizeof(buf));
	*rank = 0;
	if (plain.n == 0 || ic_qradar_is_url(name))
		return -1;
	for (int f = 0; f < IC_FIELD_COUNT; f++) {
		*rank = ic_fields[f].qradar ? alternative(plain, ic_fields[f].qradar) : -1;
		if (*rank >= 0)
			return f;
	}
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
		*rank = IC_QRADAR_OTHERS + (int)i; /* the catalogue's own names go first */
		if (ic_str_eq(plain, ic_str_of(others[i].name)))
			return others[i].field;
	}
	return -1;
}

/* "Firewall Permit", "DENY", "Blocked by policy": one of three words where it is clear. */
static void finish_action(ic_cells *c)
{
	static const char *const blocked[] = { "deny", "denied", "drop", "block", "reject" };
	static const char *const allowed[] = { "permit", "allow", "accept" };
	ic_str text = ic_cells_string(c, IC_F_ACTION);
	for (size_t i = 0; i < sizeof(blocked) / sizeof(blocked[0]); i++) {
		if (ic_str_icontains(text, ic_str_of(blocked[i]))) {
			ic_cells_set_string(c, IC_F_ACTION, IC_STR("blocked"));
			c->b->flags[c->row] |= IC_ROW_BLOCKED;
			return;
		}
	}
	for (size_t i = 0; i < sizeof(allowed) / sizeof(allowed[0]); i++)
		if (ic_str_icontains(text, ic_str_of(allowed[i])))
			ic_cells_set_string(c, IC_F_ACTION, IC_STR("allowed"));
}

void ic_qradar_finish(ic_cells *c, const ic_qradar_extra *x)
{
	if (ic_cells_has(c, IC_F_ACTION))
		finish_action(c);
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
