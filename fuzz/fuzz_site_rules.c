/* SPDX-License-Identifier: Apache-2.0 */
/* Any bytes as a rules file: read, match a finding against what came out, free. */
#include "detect/run.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	ic_site_rules *rules = NULL;
	ic_error err = { 0 };
	if (size > 1 << 20 || ic_site_rules_parse((ic_str){ (const char *)data, (uint32_t)size }, "rules",
						  &rules, &err) != IC_OK)
		return 0;
	const ic_str agent = IC_STR("curl/8.5.0");
	const ic_finding f = { .src_ip = IC_STR("10.0.0.5"),
			       .dst_ip = IC_STR("198.51.100.7"),
			       .dst_name = IC_STR("www.example.net"),
			       .dst_port = 443,
			       .sleep_s = 300,
			       .user_agents = &agent,
			       .user_agent_count = 1 };
	size_t rule = ic_site_rules_match(rules, &f, 0);
	if (rule && !ic_site_rules_name(rules, rule - 1))
		abort();
	ic_site_rules_free(rules);
	return 0;
}
