/* calibration_book.h - every item estimate ever published, by number.
 *
 * An event names the calibration it was folded under; a rebuild asks the book
 * what an item's difficulty was then. Append-only; readers and the one writer
 * share a lock. An item without an entry has the curriculum's difficulty.
 */
#ifndef PIQ_LEARNER_CALIBRATION_BOOK_H
#define PIQ_LEARNER_CALIBRATION_BOOK_H

#include "base/status.h"
#include "domain/calibration.h"
#include "domain/catalogue.h"

typedef struct piq_calibration_book piq_calibration_book;

PIQ_MUST_USE piq_status piq_calibration_book_new(piq_calibration_book **out);
void piq_calibration_book_free(piq_calibration_book *b);

/* Adds what calibration `number` changed. Numbers never go back. On
 * PIQ_ENOMEM nothing was added. */
PIQ_MUST_USE piq_status
piq_calibration_book_add(piq_calibration_book *b, uint32_t number,
                         const piq_calibrated_item *items, size_t n);

/* The same in two steps, for a calibration that is not durable yet: a draft is
 * seen by those who ask for its number, and is in force once enacted. */
PIQ_MUST_USE piq_status
piq_calibration_book_draft(piq_calibration_book *b, uint32_t number,
                           const piq_calibrated_item *items, size_t n);
void piq_calibration_book_enact(piq_calibration_book *b, uint32_t number);
/* Drafts that will never be durable: forgets all that is not in force. */
void piq_calibration_book_forget(piq_calibration_book *b);

/* The newest number in force; 0 none. */
uint32_t piq_calibration_book_number(piq_calibration_book *b);

/* The estimate of an item as of calibration `number`. */
piq_item_estimate piq_calibration_book_at(piq_calibration_book *b,
                                          const piq_catalogue *c,
                                          piq_item_ix item, uint32_t number);

/* How much harder than the curriculum says each concept's items were found to
 * be under the calibration in force: the mean over its items, logits; 0 for a
 * concept without items. out[c->n_concepts]. Worked out once a calibration and
 * catalogue. PIQ_ENOMEM. */
PIQ_MUST_USE piq_status piq_calibration_book_shifts(piq_calibration_book *b,
                                                    const piq_catalogue *c,
                                                    float *out);

#endif
