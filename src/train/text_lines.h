/* text_lines.h - recorded answers are text: its lines and their fields, taken
 * from the front. Private to the readers of train/.
 *
 * What is taken points into the text. Pure.
 */
#ifndef PIQ_TRAIN_TEXT_LINES_H
#define PIQ_TRAIN_TEXT_LINES_H

#include "base/str.h"

/* Ids of files count from 0, those of a curriculum from 1 to 2^53 - 1. */
#define PIQ_MAX_FILE_ID INT64_C(9007199254740990)

typedef struct piq_text_lines {
    piq_str rest;
    uint64_t line; /* of what was taken last, from 1 */
} piq_text_lines;

/* False at the end; without the line's end ("\n" or "\r\n"). */
bool piq_text_next_line(piq_text_lines *s, piq_str *line);

/* What stands before the first `end`, which is dropped; all where there is
 * none. */
piq_str piq_text_take(piq_str *rest, char end);

/* The whole field as a whole number in [low, high]. */
bool piq_text_whole(piq_str field, int64_t low, int64_t high, int64_t *out);

/* How often `c` stands in it. */
size_t piq_text_count(piq_str text, char c);

#endif
