/* SPDX-License-Identifier: Apache-2.0 */
#include "exec/eval/kernel.h"

static const ic_kernel_family *const families[] = {
	&ic_kernels_compare,
	&ic_kernels_math_operators,
	&ic_kernels_text_operators,
	&ic_kernels_in_operators,
	&ic_kernels_like_operators,
	&ic_kernels_choice,
	&ic_kernels_convert,
	&ic_kernels_regex,
	&ic_kernels_string,
	&ic_kernels_match,
	&ic_kernels_bin,
	&ic_kernels_time,
	&ic_kernels_format,
	&ic_kernels_ip,
	&ic_kernels_url,
	&ic_kernels_hash,
	&ic_kernels_parse,
	&ic_kernels_path,
	&ic_kernels_xml,
	&ic_kernels_agent,
	&ic_kernels_geo,
	&ic_kernels_geo_cell,
	&ic_kernels_geo_shape,
	&ic_kernels_sketch,
	&ic_kernels_aql,
	&ic_kernels_aql_dates,
	&ic_kernels_dynamic,
	&ic_kernels_array,
	&ic_kernels_set,
	&ic_kernels_math,
	&ic_kernels_series,
	&ic_kernels_decompose,
	&ic_kernels_fourier,
	&ic_kernels_series_poly,
	&ic_kernels_units,
	&ic_kernels_chance,
};

const ic_kernel *ic_kernel_of(ic_fn_id fn)
{
	for (size_t f = 0; f < sizeof families / sizeof *families; f++)
		for (uint32_t i = 0; i < families[f]->n; i++)
			if (families[f]->entry[i].fn == fn)
				return &families[f]->entry[i].kernel;
	return NULL;
}

bool ic_expr_is_pure(const ic_expr *e)
{
	if (e->kind != IC_X_CALL)
		return true;
	const ic_kernel *k = ic_kernel_of(e->call.fn);
	if (!k || k->impure || ic_functions[e->call.fn].flags & IC_FN_SERIAL)
		return false;
	for (uint32_t i = 0; i < e->call.n; i++)
		if (!ic_expr_is_pure(e->call.arg[i]))
			return false;
	return true;
}
