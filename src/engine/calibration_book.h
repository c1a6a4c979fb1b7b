/* calibration_book.h - every item estimate ever published, by number.
 *
 * An event names the calibration it was folded under; a rebuild asks the book
 * what an item's difficulty was then. Append-only; readers and the one writer
 * share a lock. An item without an entry has the curriculum's difficulty.
 */
#ifndef PIQ_ENGINE_CALIBRATION_BOOK_H
#define PIQ_ENGINE_CALIBRATION_BOOK_H

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

/* The newest number added; 0 none. */
uint32_t piq_calibration_book_number(piq_calibration_book *b);

/* The estimate of an item as of calibration `number`. */
piq_item_estimate piq_calibration_book_at(piq_calibration_book *b,
                                          const piq_catalogue *c,
                                          piq_item_ix item, uint32_t number);

#endif
