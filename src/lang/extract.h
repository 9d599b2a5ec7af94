/* SPDX-License-Identifier: Apache-2.0 */
/* How a language helps to find a query in the text of a page. */
#ifndef IC_LANG_EXTRACT_H
#define IC_LANG_EXTRACT_H

#include "plan/plan.h"

/* How far a query goes that starts at the first byte of a text which may go on behind it. */
typedef struct ic_prefix {
	uint32_t end;	  /* behind the query; 0: there is none */
	uint32_t stopped; /* begin of the token that could not go on. Tokens between end and stopped would
			   * belong to the query if the text ended at the right one of them */
	uint32_t seen;	  /* bytes that were looked at: the cost */
	bool bare;	  /* up to end only a name: any word of prose is that */
	bool failed;	  /* something begins behind end that could not be finished */
} ic_prefix;

/* What is allocated lies in the arena and is for the caller to throw away. */
typedef void (*ic_prefix_fn)(ic_arena *a, ic_str text, ic_prefix *ret);

#endif
