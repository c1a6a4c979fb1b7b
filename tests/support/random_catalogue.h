/* random_catalogue.h - made-up curricula for tests and measurements.
 *
 * Areas, concepts in layers with up to two prerequisites each, lessons,
 * drills, assessments, sessions with four characters, reviews and courses,
 * items inside what asks. Same arguments, same catalogue. Written as a
 * curriculum document and read by piq_catalogue_read, so that it holds what
 * every catalogue holds. Prints and aborts when it cannot.
 */
#ifndef PIQ_TESTS_RANDOM_CATALOGUE_H
#define PIQ_TESTS_RANDOM_CATALOGUE_H

#include "domain/catalogue.h"

/* piq_catalogue_free() it. 1 <= n_areas <= 64, 1 <= n_concepts <= 4096,
 * n_contents >= n_concepts gives every concept a lesson. Content ids are
 * 101, 102, .. in order of position. */
piq_catalogue *random_catalogue(uint64_t seed, size_t n_areas,
                                size_t n_concepts, size_t n_contents);

/* A document from a file, for the real one; NULL when it is not there. */
piq_catalogue *catalogue_from_file(const char *path);

#endif
