#include "support/engine_models.h"

#include "engine/engine_internal.h"
#include "store/registry.h"
#include "support/random_kt_model.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

static void must(piq_status status, const piq_err *err, const char *what)
{
    if (status)
        fail_msg("%s: %s: %s (%s)", what, piq_status_text(status), err->message,
                 err->where);
}

piq_str engine_model_bytes(piq_engine *e, uint64_t seed)
{
    piq_buf b;
    size_t len;
    const piq_catalogue *c = piq_engine_catalogue(e);
    random_kt_size size = random_kt_small(c);
    size.n_trees = 3;
    size.n_answers = 100;
    piq_kt_model *m = random_kt_model(seed, c, size);
    piq_buf_init(&b, PIQ_MAX_MODEL_BYTES);
    piq_kt_model_encode(m, &b);
    assert_int_equal(b.status, PIQ_OK);
    piq_kt_model_free(m);
    char *bytes = piq_buf_take(&b, &len);
    return (piq_str){bytes, len};
}

uint32_t engine_put_model(piq_store *s, piq_str bytes)
{
    piq_err err = {0};
    piq_model_row row = {.kind = PIQ_MODEL_KT,
                         .digest = piq_kt_model_digest(bytes),
                         .about = PIQ_STR("{}"),
                         .body = bytes};
    must(s->ops->put_model(s, &row, &err), &err, "storing a model");
    return row.version;
}

void engine_promote(piq_store *s, uint32_t version)
{
    piq_err err = {0};
    uint32_t number, present;
    piq_registry_step step = {.kind = PIQ_MODEL_KT, .reason = PIQ_STR("test")};
    must(s->ops->champion(s, PIQ_MODEL_KT, &number, &present, &err), &err,
         "asking for the champion");
    must(piq_registry_promote(s, &step, version, number, &err), &err,
         "promoting a model");
}

uint32_t engine_promote_random(piq_engine *e, uint64_t seed)
{
    piq_str bytes = engine_model_bytes(e, seed);
    uint32_t version = engine_put_model(piq_engine_store(e), bytes);
    free((char *)bytes.ptr);
    engine_promote(piq_engine_store(e), version);
    return version;
}

uint32_t engine_roll_back(piq_store *s)
{
    piq_err err = {0};
    piq_arena a;
    uint32_t model = 0;
    piq_registry_step step = {.kind = PIQ_MODEL_KT, .reason = PIQ_STR("test")};
    piq_arena_init(&a, 0);
    must(piq_registry_rollback(s, &a, &step, &model, &err), &err,
         "rolling back");
    piq_arena_release(&a);
    return model;
}

void engine_adopt(piq_engine *e)
{
    piq_err err = {0};
    must(piq_engine_adopt_model(e, &err), &err, "adopting a model");
}

uint32_t engine_model_in_force(piq_engine *e)
{
    piq_model_hold *h = piq_engine_model(e);
    uint32_t version = h ? piq_model_tracing(h)->model : 0;
    piq_model_release(h);
    return version;
}
