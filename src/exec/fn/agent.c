/* SPDX-License-Identifier: Apache-2.0 */
/* parse_user_agent(): the common browsers, systems and devices by their marks. A user agent is what its
 * sender says; nothing here knows better. */
#include "exec/fn/text.h"

/* A mark in the text, what it means, and where its version stands: after the mark, if `version`. The first
 * that is found counts: many agents claim to be others too, so special ones stand first. */
typedef struct mark {
	const char *mark, *family;
	bool version;
} mark;

static const mark browsers[] = {
	{ "Edg/", "Edge", true },
	{ "Edge/", "Edge", true },
	{ "EdgA/", "Edge Mobile", true },
	{ "OPR/", "Opera", true },
	{ "Opera/", "Opera", true },
	{ "SamsungBrowser/", "Samsung Internet", true },
	{ "AdobeAIR/", "AdobeAIR", true },
	{ "FxiOS/", "Firefox iOS", true },
	{ "CriOS/", "Chrome Mobile iOS", true },
	{ "Firefox/", "Firefox", true },
	{ "HeadlessChrome/", "HeadlessChrome", true },
	{ "Chromium/", "Chromium", true },
	{ "Chrome/", "Chrome", true },
	{ "MSIE ", "IE", true },
	{ "Trident/", "IE", false },
	{ "curl/", "curl", true },
	{ "Wget/", "Wget", true },
	{ "python-requests/", "Python Requests", true },
	{ "Python-urllib/", "Python-urllib", true },
	{ "Go-http-client/", "Go-http-client", true },
	{ "Java/", "Java", true },
	{ "okhttp/", "okhttp", true },
	{ "PowerShell/", "PowerShell", true },
	{ "Version/", "Safari", true },
};
static const mark systems[] = {
	{ "Windows NT 10", "Windows", true },
	{ "Windows NT ", "Windows", true },
	{ "Windows Phone ", "Windows Phone", true },
	{ "Android ", "Android", true },
	{ "iPhone OS ", "iOS", true },
	{ "CPU OS ", "iOS", true },
	{ "Mac OS X ", "Mac OS X", true },
	{ "CrOS ", "Chrome OS", false },
	{ "Ubuntu", "Ubuntu", false },
	{ "Linux", "Linux", false },
};
static const mark devices[] = {
	{ "iPhone", "iPhone", false },	{ "iPad", "iPad", false },	{ "Macintosh", "Mac", false },
	{ "Pixel ", "Pixel", true },	{ "SM-", "Samsung SM-", true }, { "bot", "Spider", false },
	{ "crawler", "Spider", false },
};

static const mark *find(ic_str s, const mark *list, size_t n, ic_str *ret_rest)
{
	for (size_t i = 0; i < n; i++) {
		const char *p = memmem(s.p, s.n, list[i].mark, strlen(list[i].mark));
		if (p) {
			p += strlen(list[i].mark);
			if (p[-1] >= '0' && p[-1] <= '9') /* the mark ends in the version's first digits */
				while (p > s.p && p[-1] >= '0' && p[-1] <= '9')
					p--;
			*ret_rest = (ic_str){ p, (uint32_t)(s.p + s.n - p) };
			return &list[i];
		}
	}
	return NULL;
}

/* The next number of a version, cut off from *s with the point or underscore behind it. */
static ic_str take_number(ic_str *s)
{
	uint32_t n = 0;
	while (n < s->n && n < 20 && s->p[n] >= '0' && s->p[n] <= '9')
		n++;
	ic_str ret = n ? (ic_str){ s->p, n } : IC_STR("");
	n += n < s->n && (s->p[n] == '.' || s->p[n] == '_');
	*s = ret.n ? (ic_str){ s->p + n, s->n - n } : (ic_str){ s->p, 0 };
	return ret;
}

static const ic_dyn *describe(ic_call *c, ic_str s, const mark *list, size_t n)
{
	ic_str rest = { 0 }, none = { 0 };
	const mark *m = s.n ? find(s, list, n, &rest) : NULL;
	ic_str *version = m && m->version ? &rest : &none;
	ic_str major = take_number(version), minor = take_number(version), patch = take_number(version);
	const ic_str pair[][2] = {
		{ IC_STR("Family"), m ? ic_str_of(m->family) : IC_STR("Other") },
		{ IC_STR("MajorVersion"), major },
		{ IC_STR("MinorVersion"), minor },
		{ IC_STR("Patch"), patch },
	};
	return ic_text_bag(c, pair, list == devices ? 1 : 4).dyn;
}

static bool wanted(const ic_value *what, const char *name)
{
	if (what->type == IC_Q_STRING)
		return ic_str_ieq(what->s, ic_str_of(name));
	if (what->type != IC_Q_DYNAMIC || what->null)
		return false;
	const ic_dyn *d = what->dyn;
	if (d->kind == IC_DYN_STRING)
		return ic_str_ieq(d->s, ic_str_of(name));
	for (uint32_t i = 0; d->kind == IC_DYN_ARRAY && i < d->n; i++)
		if (d->item[i]->kind == IC_DYN_STRING && ic_str_ieq(d->item[i]->s, ic_str_of(name)))
			return true;
	return false;
}

static ic_value parse_user_agent_row(ic_call *c, const ic_value *arg)
{
	static const struct {
		const char *look_for, *name;
		const mark *list;
		size_t n;
	} part[] = {
		{ "browser", "Browser", browsers, sizeof browsers / sizeof *browsers },
		{ "os", "OperatingSystem", systems, sizeof systems / sizeof *systems },
		{ "device", "Device", devices, sizeof devices / sizeof *devices },
	};
	ic_dyn_member member[3];
	uint32_t n = 0;
	for (size_t i = 0; i < 3 && !c->failed; i++) {
		if (!wanted(&arg[1], part[i].look_for))
			continue;
		member[n].name = ic_str_of(part[i].name);
		member[n].value = describe(c, arg[0].s, part[i].list, part[i].n);
		n++;
	}
	const ic_dyn *bag = c->failed ? NULL : ic_dyn_bag(c->arena, member, n);
	return bag ? ic_value_dyn(bag) : ic_call_nomem(c);
}

static const ic_kernel_entry entries[] = {
	{ IC_FN_PARSE_USER_AGENT, { .row = parse_user_agent_row, .strict = true } },
};
IC_KERNELS(agent, entries);
