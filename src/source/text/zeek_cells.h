/* SPDX-License-Identifier: Apache-2.0 */
/* One column of many rows at once: cells of delimited text to typed values.
 *
 * Each function converts the cells that have the usual form of their type, without a branch that
 * depends on the data, and lists the others in `odd` (row numbers, ascending) for its caller to
 * judge: unset cells, other spellings, rubbish. The value of an odd row is undefined. Every level
 * accepts the same forms. `odd` has room for IC_CELLS_PAD entries more than there are rows. */
#ifndef IC_SOURCE_TEXT_ZEEK_CELLS_H
#define IC_SOURCE_TEXT_ZEEK_CELLS_H

#include "base/cpu.h"
#include "base/ip.h"
#include "base/str.h"

#define IC_CELLS_PAD 32 /* bytes that must be readable after the last cell's end */

typedef struct ic_zeek_cells {
	const char *text;      /* the slab that offsets count from */
	const uint16_t *next;  /* where cells start, each after a delimiter; without line marks */
	const uint16_t *first; /* of each row: the index in next of its first cell */
	uint32_t rows;
	uint32_t column;
} ic_zeek_cells;

static inline ic_str ic_zeek_cells_at(const ic_zeek_cells *c, uint32_t row)
{
	const uint16_t *e = c->next + c->first[row] + c->column;
	return (ic_str){ c->text + e[0], (uint32_t)e[1] - e[0] - 1 };
}

/* Builds constant tables; called once before any other function here (again does no harm). */
void ic_zeek_cells_prepare(void);

/* "1714521600.177274": ten digits, point, six digits, to ticks. */
size_t ic_zeek_cells_time(ic_simd level, const ic_zeek_cells *c, int64_t *out, uint16_t *odd);
/* 1 to 16 digits. */
size_t ic_zeek_cells_count(ic_simd level, const ic_zeek_cells *c, int64_t *out, uint16_t *odd);
/* "0.312535": 1 to 9 digits, point, six digits; correctly rounded. */
size_t ic_zeek_cells_real(ic_simd level, const ic_zeek_cells *c, double *out, uint16_t *odd);
/* All that ic_ip_parse reads. */
size_t ic_zeek_cells_ip(ic_simd level, const ic_zeek_cells *c, ic_ip *out, uint16_t *odd);
/* Slices; odd are those whose first byte is marked in odd_first. An empty cell starts with the
 * delimiter that ends it: mark those too. */
size_t ic_zeek_cells_text(const ic_zeek_cells *c, const uint8_t odd_first[256], ic_str *out, uint16_t *odd);

#endif
