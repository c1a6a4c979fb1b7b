/* import_anki.h - a flash-card program's review log into a learner's history.
 * Private to cli/. */
#ifndef PIQ_CLI_IMPORT_ANKI_H
#define PIQ_CLI_IMPORT_ANKI_H

#include "engine/engine.h"
#include "train/deck.h"

typedef struct piq_anki_import {
    piq_user_id user;
    piq_str deck;
    int64_t utc_offset_min; /* of the learner's days; told as an event */
    bool has_offset;
    /* Out. */
    piq_deck read; /* its arrays are gone */
    size_t new_cards;
} piq_anki_import;

/* Whatever was imported before is a duplicate: run it again at will. */
PIQ_MUST_USE piq_status piq_import_anki(piq_engine *e, piq_str file,
                                        piq_anki_import *x,
                                        piq_bulk_totals *totals, piq_err *err);

#endif
