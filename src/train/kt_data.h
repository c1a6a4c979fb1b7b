/* kt_data.h - answers of many learners, from whatever source, in one form.
 *
 * Learners one after the other, each one's answers in time order. Items and
 * concepts are numbered 0, 1, .. in order of their outside ids, and a
 * catalogue of those concepts (one area, no content) stands beside, because
 * the online belief asks for one.
 *
 * Sources: AKT's line format, tab-separated text (train/kt_tsv.h), and the
 * engine's own events (train/kt_collect.h).
 *
 * Threads: any number may read. Memory: 32 bytes an answer.
 */
#ifndef PIQ_TRAIN_KT_DATA_H
#define PIQ_TRAIN_KT_DATA_H

#include "base/arena.h"
#include "base/status.h"
#include "base/str.h"
#include "domain/catalogue.h"
#include "feature/ask.h"
#include "feature/item_table.h"

/* What was asked: one item under one set of concepts. In AKT's 2009 file a
 * question of several skills is several rows, so one item, several tasks. */
typedef struct piq_kt_task {
    piq_item_ix item;       /* PIQ_NO_IX32 where the data has no items */
    uint32_t first_concept; /* into data->concepts */
    uint8_t n_concepts;     /* 1 .. PIQ_MAX_ITEM_CONCEPTS */
} piq_kt_task;

typedef struct piq_kt_answer {
    int64_t at_us; /* PIQ_NO_TIME */
    uint32_t task;
    uint32_t response_ms; /* 0 unknown */
    float score;          /* 0..1 */
    float foreseen; /* P(right) as the online belief had it; NaN unknown */
    bool hint;
    bool repeat; /* see piq_kt_data_is_repeat */
} piq_kt_answer;

typedef struct piq_kt_data {
    char name[64]; /* for reports; empty until the caller fills it in */
    size_t n_learners;
    size_t n_answers;
    size_t n_items; /* 0: the data has none */
    size_t n_tasks;
    size_t n_concepts;
    bool has_times;
    size_t *first; /* [n_learners + 1], into answers */
    uint8_t *part; /* [n_learners] 0 .. n_parts-1: the fold it tests */
    unsigned n_parts;
    piq_kt_answer *answers; /* [n_answers] */
    piq_kt_task *tasks;     /* [n_tasks] */
    piq_concept_weight *concepts;
    int64_t *item_ids;        /* [n_items], as a curriculum would number them */
    piq_str *concept_ids;     /* [n_concepts] */
    piq_catalogue *catalogue; /* owned */
    piq_arena arena;          /* owns the rest */
} piq_kt_data;

/* What a learner is for when a model is fitted; see kt_rows.h. */
typedef enum piq_kt_role {
    PIQ_KT_TRAIN,
    PIQ_KT_VALID,
    PIQ_KT_TEST /* not looked at */
} piq_kt_role;

/* Frees what `d` owns; *d is empty afterwards. */
void piq_kt_data_release(piq_kt_data *d);

typedef struct piq_kt_part_file {
    piq_str text;
    const char *name; /* for messages */
} piq_kt_part_file;

/* AKT's format: four comma-separated lines a learner (ids, items, skills,
 * correct) or three (ids, skills, correct: no items), found out for each file;
 * file K holds fold K's test learners. Items and skills are whole numbers from
 * 0, correct is 0 or 1; the line of ids is not read. Blanks around a number,
 * commas at a line's end and a blank end of file are allowed; a learner
 * without answers is left out. `items` false drops the items of a file that
 * has them. PIQ_EPARSE: err->where is "FILE:LINE". PIQ_ELIMIT: too many
 * concepts or files. PIQ_ENOMEM. *out is written on success only. */
PIQ_MUST_USE piq_status piq_kt_data_akt(const piq_kt_part_file *files,
                                        unsigned n_files, bool items,
                                        piq_kt_data *out, piq_err *err);

/* Tab-separated (kt_tsv.h), in any order of lines; learners by ascending id,
 * lines of one instant as in the text. Neighbours that differ in the skill
 * alone are one answer of several concepts. Where all instants are the same
 * one there are no times. Learners are dealt into n_parts (1 .. 255) by a hash
 * of their id, so that the same learner is always in the same part. Errors as
 * above, err->where is "line N". */
PIQ_MUST_USE piq_status piq_kt_data_tsv(piq_str text, unsigned n_parts,
                                        bool items, piq_kt_data *out,
                                        piq_err *err);

/* The same learners cut into pieces of at most `rows` answers, each a learner
 * of its own: what published figures were measured on. */
PIQ_MUST_USE piq_status piq_kt_data_cut(const piq_kt_data *d, size_t rows,
                                        piq_kt_data *out, piq_err *err);

/* What the positions are called outside. Borrows from `d`. */
piq_item_names piq_kt_data_names(const piq_kt_data *d);

/* What the k-th answer asked. Borrows from `d`. */
piq_ask piq_kt_data_ask(const piq_kt_data *d, const piq_kt_answer *k);

/* Whether an answer repeats the item of the one before it in the same
 * learner's list under another concept: the 2009 leak, left out of
 * auc_no_repeat. Known also where the items themselves were dropped. `i` is
 * its place in answers; false for a learner's first. */
bool piq_kt_data_is_repeat(const piq_kt_data *d, size_t i);

#endif
