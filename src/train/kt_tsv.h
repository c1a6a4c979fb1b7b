/* kt_tsv.h - answers of other systems' learners, from their files.
 *
 * kt-tsv: tab-separated text with the header
 *     user_id  item_id  timestamp  correct  skill_id
 * in any order of lines; timestamp in seconds (a fraction is allowed) since
 * any epoch that is not before 1970; correct is 0 or 1. One item may come with
 * several skills, on several lines.
 *
 * kt-pid: four lines a learner, comma-separated: ids of the learner; items;
 * skills; correct. No timestamps; answers get an even spacing.
 *
 * Pure: text in, rows and a curriculum document out; memory from an arena, 40
 * bytes a row.
 */
#ifndef PIQ_TRAIN_KT_TSV_H
#define PIQ_TRAIN_KT_TSV_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/status.h"
#include "base/str.h"

#include <stdbool.h>

typedef struct piq_kt_row {
    int64_t user_id;  /* 1 .. 2^63-1 */
    int64_t item_id;  /* 1 .. 2^53-1: the file's number plus 1, since files
                         count from 0 and a curriculum from 1 */
    int64_t skill_id; /* 0 .. 2^53-2 */
    int64_t at_us;    /* years 1970 .. 9999 */
    bool correct;
} piq_kt_row;

typedef struct piq_kt_rows {
    piq_kt_row *list; /* as in the text */
    size_t n;
} piq_kt_rows;

/* PIQ_EPARSE: err->where is "line N", the message says what was wrong there.
 * PIQ_ENOMEM. An empty last line is allowed. */
PIQ_MUST_USE piq_status piq_kt_read_tsv(piq_arena *a, piq_str text,
                                        piq_kt_rows *out, piq_err *err);

/* Answers are 40 s apart, 30 of them a day; learners start on different days
 * and are numbered from `first_user`. Errors as above. */
PIQ_MUST_USE piq_status piq_kt_read_pid(piq_arena *a, piq_str text,
                                        int64_t first_user, piq_kt_rows *out,
                                        piq_err *err);

/* A curriculum document (content/README.md) for the rows: one area, a concept
 * and a drill for each skill ("skill.70", content 71), the items, all of
 * middling difficulty: what they really are is for the calibration to find.
 * Same set of skills and items, same document. PIQ_ELIMIT: more skills or
 * items than a catalogue holds, or an item of more than 8 skills. PIQ_ENOMEM.
 */
PIQ_MUST_USE piq_status piq_kt_write_curriculum(piq_arena *a,
                                                const piq_kt_rows *rows,
                                                piq_buf *out, piq_err *err);

/* The id of a skill's concept; `out` holds at least 32 bytes. */
size_t piq_kt_concept_id(int64_t skill_id, char out[32]);

#endif
