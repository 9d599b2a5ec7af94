/* SPDX-License-Identifier: Apache-2.0 */
/* What is said about damaged and foreign files: each sentence once. */
#ifndef IC_SOURCE_MESSAGES_H
#define IC_SOURCE_MESSAGES_H

#include <inttypes.h>

#define IC_MSG_GZIP_CUT	   "truncated: the gzip data end too early"
#define IC_MSG_GZIP_BAD	   "the gzip data are corrupt"
#define IC_MSG_GZIP_TAIL   "bytes that are not gzip follow the last gzip member"
#define IC_MSG_ZSTD_CUT	   "truncated: the zstd frame ends too early"
#define IC_MSG_ZSTD_BAD	   "the zstd data are corrupt"
#define IC_MSG_ZSTD_WINDOW "the zstd frame needs a window over 128 MiB"
#define IC_MSG_ZSTD_TAIL   "bytes that are not zstd follow the last zstd frame"
/* What it is; where it begins; where a good member or frame is. */
#define IC_MSG_GAP	 "%s (from byte %" PRIu64 "; reading went on at byte %" PRIu64 ")"
#define IC_MSG_GAPS	 "%s; damaged at %u more place%s" /* what the first one is */
#define IC_MSG_SHRUNK	 "the file became shorter while it was read"
#define IC_MSG_REPLACED	 "another file took its place while ictus ran"
#define IC_MSG_UNKNOWN	 "not a format that ictus reads"
#define IC_MSG_UTF16	 "UTF-16 text: convert it to UTF-8 first"
#define IC_MSG_CR	 "lines that end in CR alone: write them with LF (tr '\\r' '\\n')"
#define IC_MSG_HEADLESS	 "a Zeek log without its header: put the #fields line of its like in front"
#define IC_MSG_DOCUMENT	 "JSON records in one document: write each on a line (jq -c)"
#define IC_MSG_INSIDE	 "JSON records inside of others: take them out first (jq -c .NAME)"
#define IC_MSG_IN_TEXT	 "JSON records in a text of others: take them out first (jq -r .NAME)"
#define IC_MSG_BEHIND	 "JSON records behind other text: cut that off first (sed 's/^[^{]*//')"
#define IC_MSG_NEW_JSON	 "JSON with field names that ictus does not know: tell them by a field map (--map)"
#define IC_MSG_NEW_CSV	 "columns with names that ictus does not know: tell them by a field map (--map)"
#define IC_MSG_NOT_MAPS	 "the name that the field map (--map) gives the time is not in it"
#define IC_MSG_UNUSED	 "a log that ictus does not use"
#define IC_MSG_TWINS	 "%s begins with the rows of %s; both are read, and what is in both counts twice"
#define IC_MSG_NO_LOGS	 "a folder without logs that ictus reads"
#define IC_MSG_LONG_LINE "a line over 16 MiB"

#endif
