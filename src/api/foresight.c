/* foresight.c - the chance that a learner's next answer is right, and why. */
#include "insight/foresight.h"

#include "api/exchange.h"

/* What is asked about, as the query names it. */
typedef struct asked {
    bool has_item, has_concept;
    int64_t item;
    piq_str concept;
} asked;

static bool refuse(piq_exchange *c, const char *name)
{
    piq_err_at(&c->err, "%s", name);
    piq_exchange_fail(c);
    return false;
}

static bool read_asked(piq_exchange *c, asked *a)
{
    /* 2^53 - 1: what a curriculum may give. */
    static const int64_t most = (INT64_C(1) << 53) - 1;
    *a = (asked){0};
    if (!piq_exchange_query_int(c, "item", 1, most, &a->item) ||
        !piq_exchange_query(c, "concept", &a->concept, &a->has_concept))
        return false;
    a->has_item = a->item != 0;
    if (a->has_item != a->has_concept)
        return true;
    piq_fail(&c->err, PIQ_EINVAL, "give either item or concept");
    return refuse(c, "item");
}

/* By position in the catalogue that the learner is read with. */
static bool find_asked(piq_exchange *c, const asked *a, piq_foresight_input *in)
{
    in->item.v = PIQ_NO_IX32;
    if (a->has_item && !piq_catalogue_find_item(
                           in->catalogue, (piq_item_id){a->item}, &in->item)) {
        piq_fail(&c->err, PIQ_EINVAL, "no item of the curriculum: %lld",
                 (long long)a->item);
        return refuse(c, "item");
    }
    if (a->has_concept &&
        !piq_catalogue_find_concept(in->catalogue, a->concept, &in->concept)) {
        piq_fail(&c->err, PIQ_EINVAL, "no concept of the curriculum: \"%.*s\"",
                 (int)(a->concept.len > 60 ? 60 : a->concept.len),
                 a->concept.ptr);
        return refuse(c, "concept");
    }
    return true;
}

static void reply_foresight(piq_exchange *c, const piq_foresight_input *in)
{
    piq_buf b;
    piq_json_writer w;
    piq_foresight *f = piq_new(&c->arena, piq_foresight, 1);
    piq_status status = f ? piq_foresight_make(&c->arena, in, f) : PIQ_ENOMEM;
    if (status) {
        piq_fail(&c->err, status,
                 status == PIQ_EINVAL
                     ? "the curriculum does not say what the item is about"
                     : "no memory for this request");
        piq_exchange_fail(c);
        return;
    }
    piq_buf_init(&b, 0);
    piq_json_init(&w, &b);
    piq_foresight_write(f, in->catalogue, &w);
    piq_exchange_json(c, 200, &b, f->version);
}

void piq_get_answer_prediction(piq_exchange *c)
{
    static const char *const known[] = {"item", "concept", NULL};
    const piq_catalogue *unused;
    piq_learner_ref ref;
    asked a;
    if (!piq_exchange_known_query(c, known) ||
        !piq_exchange_catalogue(c, &unused) || !read_asked(c, &a) ||
        !piq_exchange_learner(c, &ref))
        return;
    piq_foresight_input in = {.learner = ref.learner,
                              .catalogue = ref.catalogue,
                              .book = piq_engine_book(c->api->engine),
                              .tracing = piq_model_tracing(ref.model),
                              .now_us = c->now_us};
    /* The exchange ends in either; the learner is held until then. */
    if (find_asked(c, &a, &in))
        reply_foresight(c, &in);
    piq_learner_ref_release(&ref);
}
