/* kt_data_build.h - lines of whatever source into numbered answers.
 *
 * Private to the readers of kt_data.h. A reader collects lines; building
 * numbers items and concepts by ascending id, finds the distinct tasks and
 * makes the catalogue. Linear in lines, but for sorting distinct ids.
 */
#ifndef PIQ_TRAIN_KT_DATA_BUILD_H
#define PIQ_TRAIN_KT_DATA_BUILD_H

#include "train/kt_data.h"

typedef struct piq_kt_line {
    int64_t item;  /* as a curriculum would number it; 0: none */
    int64_t skill; /* from 0 */
    int64_t at_us; /* PIQ_NO_TIME */
    bool right;
    bool joins; /* another skill of the answer on the line before */
} piq_kt_line;

typedef struct piq_kt_lines {
    piq_kt_line *list;
    size_t n;
    size_t n_learners;
    size_t *first; /* [n_learners + 1], into list */
    uint8_t *part; /* [n_learners] */
    unsigned n_parts;
    bool items; /* false: number none of them */
} piq_kt_lines;

/* *out is written on success only. PIQ_ELIMIT: more skills than a catalogue
 * holds, more than PIQ_MAX_ITEM_CONCEPTS in one answer. PIQ_ENOMEM. */
PIQ_MUST_USE piq_status piq_kt_data_build(const piq_kt_lines *lines,
                                          piq_kt_data *out, piq_err *err);

/* Through its stored form, which keeps positions; the version too is that of
 * `from`. PIQ_ENOMEM. */
PIQ_MUST_USE piq_status piq_kt_copy_catalogue(const piq_catalogue *from,
                                              piq_catalogue **out);

/* Room for an arena that `n` lines are read or built in, generously: chunks
 * double, and what is not touched costs nothing. */
size_t piq_kt_data_room(size_t n_lines);

#endif
