/* SPDX-License-Identifier: Apache-2.0 */
/* One file a verb; each defines its entry of cli_verbs. */
#ifndef CLI_VERBS_H
#define CLI_VERBS_H

#include "cli/cli.h"

extern const cli_verb cli_scan, cli_query, cli_explain, cli_score, cli_convert, cli_simulate, cli_rules;
extern const cli_verb cli_fingerprint;
extern const cli_verb cli_completion, cli_help_verb;

#endif
