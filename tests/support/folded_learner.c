#include "support/folded_learner.h"

#include "support/small_catalogue.h"

bool folded_learner_init(folded_learner *f)
{
    *f = (folded_learner){.c = small_catalogue()};
    piq_arena_init(&f->a, 0);
    return piq_calibration_book_new(&f->book) == PIQ_OK &&
           piq_learner_new((piq_user_id){1}, f->c, &f->l) == PIQ_OK;
}

void folded_learner_release(folded_learner *f)
{
    piq_arena_release(&f->a);
    piq_learner_free(f->l);
    piq_calibration_book_free(f->book);
    piq_catalogue_free(f->c);
}

void folded_learner_add(folded_learner *f, piq_event e)
{
    piq_fold_effect effect;
    e.user.v = 1;
    e.event_id = PIQ_STR("e");
    piq_fold(f->l, f->c, f->book, NULL, &e, &effect);
}
