/* SPDX-License-Identifier: Apache-2.0 */
/* Lists of known values: user agents and TLS fingerprints, from data/ at build time. */
#ifndef IC_DETECT_LISTED_H
#define IC_DETECT_LISTED_H

#include "base/str.h"

typedef enum ic_list_kind { /* order of the kinds given to scripts/embed_list.py */
			    IC_LIST_PREFIX,
			    IC_LIST_CONTAINS,
			    IC_LIST_EXACT,
			    IC_LIST_JA3,
			    IC_LIST_JA4
} ic_list_kind;
typedef enum ic_list_category { IC_LIST_C2, IC_LIST_MALWARE, IC_LIST_TOOL, IC_LIST_LEGACY } ic_list_category;
extern const char *const ic_list_category_names[];

typedef struct ic_listed {
	const char *pattern;
	int kind;     /* ic_list_kind */
	int category; /* ic_list_category */
	int place;    /* in the file */
	const char *added, *reason;
} ic_listed;

extern const char ic_user_agents_version[], ic_fingerprints_version[];
/* By the first byte of the patterns in lower case: entries that begin with c are [from[c], from[c + 1]). */
extern const ic_listed ic_user_agents[], ic_fingerprints[];
extern const unsigned ic_user_agents_from[257], ic_fingerprints_from[257];

/* The gravest entry that matches, of these the first in the file; NULL if none. */
const ic_listed *ic_user_agent_listed(ic_str agent);
const ic_listed *ic_fingerprint_listed(ic_str ja, ic_list_kind kind);

/* What a user agent looks like, list or not. */
typedef enum ic_agent_shape {
	IC_AGENT_ORDINARY,
	IC_AGENT_MALFORMED, /* no program that follows RFC 9110 or copies a browser with care sends it */
	IC_AGENT_LEGACY	    /* a browser or system out of support for many years */
} ic_agent_shape;
/* used: when it was used, ticks (base/time.h), IC_TIME_NONE if that is not known; a browser of its day is not legacy.
 * *ret_why: what is wrong with it, a clause without subject; untouched when ordinary. */
ic_agent_shape ic_user_agent_shape(ic_str agent, int64_t used, const char **ret_why);
/* Claims to be a web browser: Mozilla/5.0 with an engine that browsers have. */
bool ic_user_agent_is_browser(ic_str agent);

/* An image name (with or without path and .exe) of a script host or of a system program that is known
 * for running other people's code and has no business on the web. */
bool ic_process_is_unusual(ic_str process);
bool ic_process_is_browser(ic_str process);
/* A browser's user agent from something that is no browser: a script host or download tool (process), or
 * a TLS client that offers no application protocol (JA4 "..00"; every browser offers h2). Null values
 * say nothing. */
bool ic_user_agent_is_borrowed(ic_str agent, ic_str process, ic_str ja4);

/* name is suffix, or ends with a dot and suffix; ASCII case ignored. */
bool ic_name_under(ic_str name, ic_str suffix);

#endif
