/* SPDX-License-Identifier: Apache-2.0 */
/* Detection content: queries with a head of metadata, and their rows as findings. Private to src/engine. */
#ifndef IC_ENGINE_RULES_H
#define IC_ENGINE_RULES_H

#include "detect/detect.h"
#include "ictus.h"

/* A file as it stands. */
typedef struct ic_rule_text {
	const char *name, *text;
} ic_rule_text;
extern const ic_rule_text ic_rules_built_in[]; /* ends with name NULL; made by scripts/embed_rules.py */

/* Runs every rule over the input and adds a finding for each row, those that cfg wants. What a rule cannot
 * do is said to the observer and does not stop the others. */
ic_status ic_rules_scan(const ic_rules *rules, const ic_input_options *input, const ic_detect_config *cfg,
			const ic_observer *obs, ic_findings *to, ic_error *err);

#endif
