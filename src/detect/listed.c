/* SPDX-License-Identifier: Apache-2.0 */
#include "detect/listed.h"

#include "base/time.h"

#define STALE_YEARS 4

const char *const ic_list_category_names[] = { "c2", "malware", "tool", "legacy" };

/* Whether the pattern stands at `at`, where the entry's kind lets it. */
static bool matches(const ic_listed *l, ic_str agent, uint32_t at)
{
	if (at && l->kind != IC_LIST_CONTAINS)
		return false;
	const char *p = l->pattern;
	while (*p && at < agent.n && ic_lower(agent.p[at]) == ic_lower(*p))
		p++, at++;
	return !*p && (at == agent.n || l->kind != IC_LIST_EXACT);
}

static bool is_graver(const ic_listed *l, const ic_listed *best)
{
	return !best || l->category < best->category ||
	       (l->category == best->category && l->place < best->place);
}

const ic_listed *ic_user_agent_listed(ic_str agent)
{
	const ic_listed *best = NULL;
	for (uint32_t at = 0; at < agent.n; at++) {
		const unsigned c = (unsigned char)ic_lower(agent.p[at]);
		for (unsigned i = ic_user_agents_from[c]; i < ic_user_agents_from[c + 1]; i++) {
			const ic_listed *l = &ic_user_agents[i];
			if (is_graver(l, best) && matches(l, agent, at))
				best = l;
		}
	}
	return best;
}

const ic_listed *ic_fingerprint_listed(ic_str ja, ic_list_kind kind)
{
	const unsigned c = ja.n ? (unsigned char)ic_lower(ja.p[0]) : 0;
	for (unsigned i = ic_fingerprints_from[c]; i < ic_fingerprints_from[c + 1]; i++)
		if (ic_fingerprints[i].kind == (int)kind &&
		    ic_str_ieq(ja, ic_str_of(ic_fingerprints[i].pattern)))
			return &ic_fingerprints[i];
	return NULL;
}

/* ---- shape of a user agent ------------------------------------------------------- */

/* Levenshtein distance, cut at 3; both short. */
static unsigned distance(const char *a, unsigned n, const char *b, unsigned m)
{
	unsigned row[16];
	if (m > 15 || n > 15)
		return 3;
	for (unsigned j = 0; j <= m; j++)
		row[j] = j;
	for (unsigned i = 1; i <= n; i++) {
		unsigned diagonal = row[0];
		row[0] = i;
		for (unsigned j = 1; j <= m; j++) {
			unsigned up = row[j], best = diagonal + (a[i - 1] != b[j - 1]);
			if (up + 1 < best)
				best = up + 1;
			if (row[j - 1] + 1 < best)
				best = row[j - 1] + 1;
			diagonal = up;
			row[j] = best;
		}
	}
	return row[m] > 3 ? 3 : row[m];
}

/* A product name one or two letters away from Mozilla: a typing error of whoever wrote the agent. */
static bool misspelt_mozilla(ic_str agent)
{
	uint32_t n = 0;
	while (n < agent.n && agent.p[n] != '/' && agent.p[n] != ' ')
		n++;
	unsigned d = distance(agent.p, n, "Mozilla", 7);
	return n >= 5 && d > 0 && d <= 2;
}

static const char *malformed_bytes(ic_str agent)
{
	int open = 0;
	for (uint32_t i = 0; i < agent.n; i++) {
		unsigned char c = (unsigned char)agent.p[i];
		if (c < 0x20 || c == 0x7f)
			return "has control characters";
		if (c >= 0x80)
			return "has bytes outside ASCII";
		if (c == '<' || c == '>' || c == '|' || c == '{' || c == '}' || c == '\\')
			return "has characters that no browser sends";
		open += c == '(' ? 1 : c == ')' ? -1 : 0;
		if (open < 0)
			break;
	}
	return open != 0 ? "has parentheses that do not match" : NULL;
}

static const char *malformed(ic_str agent)
{
	ic_str trimmed = ic_str_trim(agent);
	if (trimmed.n == 0)
		return "is empty";
	if (trimmed.n != agent.n)
		return "starts or ends with a blank";
	if (misspelt_mozilla(agent))
		return "misspells Mozilla";
	if (ic_str_icontains(agent, IC_STR("/-")))
		return "has a negative version";
	if (ic_str_istarts(agent, IC_STR("Mozilla/")) && agent.n < 14)
		return "is a browser's name without the rest";
	return malformed_bytes(agent);
}

/* The number after the first `name` in agent; -1 if it is not there. */
static int version_after(ic_str agent, ic_str name)
{
	for (uint32_t i = 0; i + name.n < agent.n; i++) {
		ic_str rest = { agent.p + i, agent.n - i };
		if (ic_lower(rest.p[0]) != ic_lower(name.p[0]) || !ic_str_istarts(rest, name))
			continue;
		int v = 0, digits = 0;
		for (uint32_t k = name.n; k < rest.n && rest.p[k] >= '0' && rest.p[k] <= '9' && digits < 5;
		     k++) {
			v = v * 10 + (rest.p[k] - '0');
			digits++;
		}
		return digits ? v : -1;
	}
	return -1;
}

static const struct {
	const char *name;
	int before; /* major versions under this one are legacy */
	const char *why;
} legacy_versions[] = {
	{ "MSIE ", 11, "is Internet Explorer 10 or older" },
	{ "Windows NT ", 6, "names a Windows older than Vista" },
	{ "Opera/", 10, "is Opera from before 2009, or a copy of it" },
};

/* When each tenth version came out, from 0 on, in years. After the last one it goes on as in the last step. */
static const struct {
	const char *name;
	double released[15];
} browsers[] = {
	{ "Chrome/",
	  { 2008.9, 2011.2, 2012.5, 2013.8, 2015.1, 2016.3, 2017.6, 2018.8, 2020.1, 2021.3, 2022.2, 2023.1,
	    2023.9, 2024.8, 2025.7 } },
	{ "Firefox/",
	  { 2008.5, 2012.1, 2013.3, 2014.4, 2015.6, 2016.9, 2018.3, 2019.8, 2020.6, 2021.5, 2022.3, 2023.1,
	    2023.9, 2024.7, 2025.5 } },
};

static double release_year(const double *released, size_t n, int version)
{
	size_t k = (size_t)version / 10 < n - 2 ? (size_t)version / 10 : n - 2;
	return released[k] + (released[k + 1] - released[k]) * (version - 10.0 * (double)k) / 10;
}

/* A browser that was STALE_YEARS old when it was used. Implants keep the version that was current when their default was
 * written; browsers renew themselves. */
static bool is_stale(ic_str agent, int64_t used)
{
	const double year = 1970 + (double)used / (double)IC_TICKS_S / (365.2425 * 86400);
	for (size_t i = 0; used != IC_TIME_NONE && i < sizeof(browsers) / sizeof(browsers[0]); i++) {
		const size_t n = sizeof(browsers[i].released) / sizeof(browsers[i].released[0]);
		int v = version_after(agent, ic_str_of(browsers[i].name));
		if (v >= 0)
			return year - release_year(browsers[i].released, n, v) > STALE_YEARS;
	}
	return false;
}

ic_agent_shape ic_user_agent_shape(ic_str agent, int64_t used, const char **ret_why)
{
	const char *why = malformed(agent);
	if (why) {
		*ret_why = why;
		return IC_AGENT_MALFORMED;
	}
	for (size_t i = 0; i < sizeof(legacy_versions) / sizeof(legacy_versions[0]); i++) {
		int v = version_after(agent, ic_str_of(legacy_versions[i].name));
		/* Opera wrote 9.80 for all its later versions and said the true one elsewhere. */
		if (i == 2 && ic_str_icontains(agent, IC_STR("Version/")))
			continue;
		if (v >= 0 && v < legacy_versions[i].before) {
			*ret_why = legacy_versions[i].why;
			return IC_AGENT_LEGACY;
		}
	}
	if (is_stale(agent, used)) {
		*ret_why = "is of a browser that was more than four years old";
		return IC_AGENT_LEGACY;
	}
	return IC_AGENT_ORDINARY;
}

bool ic_user_agent_is_browser(ic_str agent)
{
	static const char *const engines[] = { "AppleWebKit/", "Gecko/", "Trident/", "Presto/" };
	if (!ic_str_istarts(agent, IC_STR("Mozilla/5.0 (")) && !ic_str_istarts(agent, IC_STR("Opera/")))
		return false;
	for (size_t i = 0; i < sizeof(engines) / sizeof(engines[0]); i++)
		if (ic_str_icontains(agent, ic_str_of(engines[i])))
			return true;
	return false;
}

/* ---- processes ------------------------------------------------------------------- */

static bool image_in(ic_str process, const char *const *list, size_t n)
{
	for (uint32_t i = process.n; i > 0; i--)
		if (process.p[i - 1] == '/' || process.p[i - 1] == '\\') {
			process.p += i;
			process.n -= i;
			break;
		}
	if (ic_str_iends(process, IC_STR(".exe")))
		process.n -= 4;
	for (size_t i = 0; i < n; i++)
		if (ic_str_ieq(process, ic_str_of(list[i])))
			return true;
	return false;
}

bool ic_process_is_unusual(ic_str process)
{
	static const char *const list[] = {
		"powershell",
		"powershell_ise",
		"pwsh",
		"cmd",
		"wscript",
		"cscript",
		"mshta",
		"rundll32",
		"regsvr32",
		"certutil",
		"bitsadmin",
		"msbuild",
		"installutil",
		"regasm",
		"regsvcs",
		"odbcconf",
		"msxsl",
		"wmic",
		"cmstp",
		"hh",
		"forfiles",
		"pcalua",
		"mavinject",
		"msiexec",
		"notepad",
		"calc",
		"calculator",
		"mspaint",
		"wordpad",
		"werfault",
		"dllhost",
		"spoolsv",
		"lsass",
		"winlogon",
		"csrss",
		"services",
		"wmiprvse",
		"gpupdate",
		"dfsvc",
		"control",
		"presentationhost",
		"ieexec",
		"xwizard",
		"syncappvpublishingserver",
		"eqnedt32",
		"sh",
		"bash",
		"dash",
		"zsh",
		"osascript",
		"perl",
		"ruby",
		"php",
		"awk",
		"nc",
		"ncat",
		"socat",
	};
	return image_in(process, list, sizeof(list) / sizeof(list[0]));
}

static bool is_tool(ic_str process)
{
	static const char *const list[] = { "curl",  "wget",   "python", "python3", "pythonw", "java",
					    "javaw", "node",   "go",	 "deno",    "ruby",    "perl",
					    "php",   "aria2c", "httpie", "http" };
	return image_in(process, list, sizeof(list) / sizeof(list[0]));
}

bool ic_user_agent_is_borrowed(ic_str agent, ic_str process, ic_str ja4)
{
	bool no_alpn = ja4.n >= 10 && ja4.p[0] == 't' && ja4.p[8] == '0' && ja4.p[9] == '0';
	bool tool = process.p && (is_tool(process) || ic_process_is_unusual(process));
	return (no_alpn || tool) && (ic_user_agent_is_browser(agent) ||
				     ic_str_istarts(agent, IC_STR("Mozilla/4.0 (compatible; MSIE")));
}

bool ic_process_is_browser(ic_str process)
{
	static const char *const list[] = { "chrome",	"msedge",	  "firefox",	  "iexplore",
					    "opera",	"brave",	  "vivaldi",	  "safari",
					    "chromium", "msedgewebview2", "google chrome" };
	return image_in(process, list, sizeof(list) / sizeof(list[0]));
}

bool ic_name_under(ic_str name, ic_str suffix)
{
	return suffix.n > 0 && ic_str_iends(name, suffix) &&
	       (name.n == suffix.n || name.p[name.n - suffix.n - 1] == '.');
}
