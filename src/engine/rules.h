/* SPDX-License-Identifier: Apache-2.0 */
/* Detection content: queries with a head of metadata, and their rows as findings. Private to src/engine. */
#ifndef IC_ENGINE_RULES_H
#define IC_ENGINE_RULES_H

#include "detect/detect.h"
#include "engine/run.h"

/* A file as it stands. */
typedef struct ic_rule_text {
	const char *name, *text;
} ic_rule_text;
extern const ic_rule_text ic_rules_built_in[]; /* ends with name NULL; made by scripts/embed_rules.py */

const char *ic_rule_language(const ic_rule *rule); /* "kql", "aql" */

/* The rules in one run: they read along with the detectors. */
typedef struct ic_rules_run ic_rules_run;
/* Borrows both; takes a part of the run's memory limit for itself. */
ic_status ic_rules_run_new(const ic_rules *rules, ic_run *run, ic_rules_run **ret, ic_error *err);
void ic_rules_run_free(ic_rules_run *all); /* NULL allowed; findings borrow from it */
ic_guests ic_rules_guests(ic_rules_run *all);
/* After the pass: runs what had to wait and adds a finding for each row, those that cfg wants. What a rule
 * cannot do is said to the observer, counted, and does not stop the others. */
ic_status ic_rules_finish(ic_rules_run *all, const ic_detect_config *cfg, ic_findings *to, ic_error *err);

#endif
