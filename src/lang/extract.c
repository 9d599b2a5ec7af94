/* SPDX-License-Identifier: Apache-2.0 */
/* Finds the query in the text of a page: each word is tried as its start, the longest query wins.
 *
 * A start costs what the parser looks at; hostile text could make that quadratic, so all starts share a
 * budget that is linear in the text. Where it ends, the best query so far is the result. */
#include "lang/extract.h"
#include "lang/aql/parse.h"
#include "lang/kql/parse.h"
#include "lang/lang.h"

enum {
	COST_PER_BYTE = 12,
	COST_FREE = 1 << 17,
	SHORTER_TRIES = 32, /* ends that are tried in front of the token that could not go on */
};

typedef struct finder {
	ic_arena arena;
	ic_str text;
	ic_prefix_fn prefix;
	uint64_t cost, budget;
	uint32_t best_from, best_n;
} finder;

static bool word_byte(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}

static void try_prefix(finder *f, ic_str text, ic_prefix *ret)
{
	ic_arena_reset(&f->arena);
	*ret = (ic_prefix){ 0 };
	f->prefix(&f->arena, text, ret);
	f->cost += ret->seen + 16;
}

static void take_if_longer(finder *f, uint32_t from, const ic_prefix *found)
{
	if (found->bare || found->end <= f->best_n)
		return;
	f->best_from = from;
	f->best_n = found->end;
}

/* The operator that could not be finished may be one if the text ended a few words earlier. */
static void try_shorter(finder *f, uint32_t from, const ic_prefix *found)
{
	const char *p = f->text.p + from;
	uint32_t end = found->stopped, tries = 0;
	while (end > found->end && end > f->best_n && tries < SHORTER_TRIES && f->cost < f->budget) {
		while (end > 0 && !word_byte(p[end - 1]) && !strchr(")]}\"'", p[end - 1]))
			end--;
		if (end <= found->end)
			return;
		ic_prefix shorter;
		try_prefix(f, (ic_str){ p, end }, &shorter);
		if (shorter.end > found->end) {
			take_if_longer(f, from, &shorter);
			return;
		}
		tries++;
		end--; /* a closing sign, or the last letter of a word: the whole word goes */
		while (end > 0 && word_byte(p[end]) && word_byte(p[end - 1]))
			end--;
	}
}

static void find(finder *f)
{
	for (uint32_t i = 0; i < f->text.n && f->cost < f->budget; i++) {
		bool begins = word_byte(f->text.p[i]) && (i == 0 || !word_byte(f->text.p[i - 1]));
		if (!begins || (f->text.p[i] >= '0' && f->text.p[i] <= '9'))
			continue;
		ic_prefix found;
		try_prefix(f, (ic_str){ f->text.p + i, f->text.n - i }, &found);
		take_if_longer(f, i, &found);
		if (found.failed && found.end > 0)
			try_shorter(f, i, &found);
		if (!found.bare && found.end > 0)
			i += found.end - 1; /* what begins inside ends no later */
	}
}

static const struct {
	unsigned language;
	ic_prefix_fn prefix;
} languages[] = {
	{ IC_FN_KQL, ic_kql_parse_prefix },
	{ IC_FN_AQL, ic_aql_parse_prefix },
};

bool ic_lang_extract(ic_str text, unsigned language, ic_str *ret, unsigned *ret_language)
{
	uint32_t best = 0;
	for (size_t i = 0; i < sizeof languages / sizeof *languages; i++) {
		if (language != 0 && language != languages[i].language)
			continue;
		finder f = { .text = text,
			     .prefix = languages[i].prefix,
			     .budget = (uint64_t)text.n * COST_PER_BYTE + COST_FREE };
		ic_arena_init(&f.arena, 0, NULL);
		find(&f);
		ic_arena_clear(&f.arena);
		if (f.best_n <= best)
			continue;
		best = f.best_n;
		*ret = (ic_str){ text.p + f.best_from, f.best_n };
		*ret_language = languages[i].language;
	}
	return best > 0;
}
