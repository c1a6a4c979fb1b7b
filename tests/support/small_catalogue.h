/* small_catalogue.h - a curriculum of a few things, each known by name, for
 * tests that work numbers out by hand. Cooking: broth -> sauce -> emulsion,
 * and knife, which stands alone. */
#ifndef PIQ_TESTS_SMALL_CATALOGUE_H
#define PIQ_TESTS_SMALL_CATALOGUE_H

#include "domain/catalogue.h"

/* Content ids. */
enum {
    BROTH_LESSON = 1,
    BROTH_DRILL,  /* practice; needs BROTH_LESSON */
    SAUCE_LESSON, /* needs BROTH_LESSON */
    SAUCE_DRILL,  /* needs SAUCE_LESSON */
    EMULSION_LESSON,
    EMULSION_DRILL,
    KNIFE_LESSON,
    KNIFE_DRILL,
    SAUCE_CHECK,  /* assessment: broth .5, sauce .5 */
    CHEF_SESSION, /* character: sauce */
    BROTH_REVIEW,
    SAUCE_COURSE,  /* BROTH_LESSON, SAUCE_LESSON, SAUCE_DRILL */
    HIDDEN_LESSON, /* knife, not published */
    N_SMALL_CONTENTS = HIDDEN_LESSON
};

/* Concepts by position. */
enum { BROTH, SAUCE, EMULSION, KNIFE, N_SMALL_CONCEPTS };

/* piq_catalogue_free() it. Position of a content is its id less one. */
piq_catalogue *small_catalogue(void);

#endif
