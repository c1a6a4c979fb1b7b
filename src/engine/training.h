/* training.h - what a model is fitted on: the stored answers of everybody. */
#ifndef PIQ_ENGINE_TRAINING_H
#define PIQ_ENGINE_TRAINING_H

#include "engine/engine.h"
#include "train/kt_data.h"
#include "train/kt_duel.h"

/* Every stored answer whose concepts are known, learner by learner, as the
 * engine itself would trace them; learners are dealt to n_parts. `until_us`:
 * answers before this instant. Reads in pieces, while others write; what is
 * posted meanwhile may be missing. PIQ_ENOTFOUND: no curriculum; PIQ_ENOMEM;
 * what the store says. *out is written on success only. */
PIQ_MUST_USE piq_status piq_engine_answers(piq_engine *e, unsigned n_parts,
                                           int64_t until_us, piq_kt_data *out,
                                           piq_err *err);

/* Share of the newest answers that a challenger is not fitted on. */
#define PIQ_LATEST_SHARE 0.1

/* The challenger against the model in force - the champion of the store, the
 * one before where that cannot be read, the online belief where there is none -
 * on the newest PIQ_LATEST_SHARE of the answers, or those after the last one
 * that the challenger was fitted on, whichever are fewer. *number is that of
 * the champion's row, for piq_registry_promote. Errors as above. */
PIQ_MUST_USE piq_status piq_engine_duel(piq_engine *e,
                                        const piq_kt_model *challenger,
                                        unsigned threads, piq_kt_duel *out,
                                        uint32_t *number, piq_err *err);

/* Whether it may take the champion's place: it is not worse, and where there is
 * a champion, that was measured. */
bool piq_duel_allows(const piq_kt_duel *d);
/* "log loss .48 against .51 on the 2,114 latest answers". */
void piq_duel_describe(const piq_kt_duel *d, char *out, size_t size);

/* Stores a model as a challenger. `bytes` is its encoding. PIQ_ECONFLICT: the
 * same bytes are there. */
PIQ_MUST_USE piq_status piq_model_add(piq_store *s, const piq_kt_model *m,
                                      piq_str bytes, uint32_t *version,
                                      piq_err *err);

#endif
