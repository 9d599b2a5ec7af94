/* SPDX-License-Identifier: Apache-2.0 */
/* Any bytes as the CSV of `ictus score`: every record is parsed; what comes out lies in its ranges. */
#include <stdlib.h>

#include "base/time.h"
#include "beacon/sketch.h"
#include "engine/score_csv.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static ic_csv_split record;
	const char *text = (const char *)data, *cause;
	ic_score_columns columns;
	ic_buf scratch;
	size_t at = 0;
	if (!size || ic_csv_split_record(text, size, true, ',', &record) != IC_CSV_RECORD)
		return 0;
	if (!ic_score_header(&record, &columns, &cause)) {
		if (!cause)
			abort();
		return 0;
	}
	ic_buf_init(&scratch, 0);
	for (at = record.used; at < size; at += record.used) {
		ic_score_row row;
		ic_score_fault fault;
		if (ic_csv_split_record(text + at, size - at, true, ',', &record) != IC_CSV_RECORD ||
		    ic_score_blank(&record))
			continue;
		if (!ic_score_record(&record, &columns, &scratch, &row, &fault)) {
			if (!fault.cause ||
			    (fault.cell && (fault.cell < text + at || fault.cell > text + size)))
				abort();
			continue;
		}
		if (row.ticks < 0 || row.ticks > IC_TIME_MAX || row.bytes < IC_SIZE_UNKNOWN ||
		    row.key.n > size)
			abort();
	}
	ic_buf_clear(&scratch);
	return 0;
}
