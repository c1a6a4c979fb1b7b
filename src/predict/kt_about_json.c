#include "predict/kt_about_json.h"

#include "base/json_writer.h"
#include "feature/ask.h"
#include "feature/schema.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum { SCORE_DECIMALS = 6 };

/* 9999-12-31T23:59:59.999999Z: as far as calendar.h goes. Data sets without
 * dates count from anywhere, so from 1970 on anything within is let through. */
static const int64_t LAST_US = INT64_C(253402300799999999);

static void put_time(piq_json_writer *w, const char *key, int64_t at_us)
{
    piq_json_key(w, key);
    if (at_us == PIQ_NO_TIME || at_us < 0 || at_us > LAST_US)
        piq_json_null(w);
    else
        piq_json_time(w, at_us);
}

/* JSON's integers are signed. */
static void put_count(piq_json_writer *w, const char *key, uint64_t n)
{
    piq_json_put_int(w, key, n > INT64_MAX ? INT64_MAX : (int64_t)n);
}

static void put_validation(piq_json_writer *w, const piq_kt_about *a)
{
    piq_json_key(w, "validation");
    piq_json_object(w);
    put_count(w, "answers", a->n_valid);
    piq_json_put_fixed(w, "auc", a->valid_auc, SCORE_DECIMALS);
    piq_json_put_fixed(w, "logloss", a->valid_logloss, SCORE_DECIMALS);
    piq_json_put_fixed(w, "ece", a->valid_ece, SCORE_DECIMALS);
    piq_json_object_end(w);
}

static void put_members(piq_json_writer *w, const piq_kt_model *m)
{
    piq_json_key(w, "members");
    piq_json_object(w);
    for (int i = 0; i < PIQ_N_MEMBERS; i++) {
        piq_member member = (piq_member)i;
        if (!piq_kt_model_uses(m, member))
            continue;
        piq_json_key(w, piq_member_name(member));
        piq_json_object(w);
        piq_json_put_fixed(w, "auc", m->about.member_auc[i], SCORE_DECIMALS);
        piq_json_put_fixed(w, "weight", m->blend.weight[i], SCORE_DECIMALS);
        piq_json_object_end(w);
    }
    piq_json_object_end(w);
}

void piq_kt_about_json(const piq_kt_model *m, piq_buf *out)
{
    const piq_kt_about *a = &m->about;
    piq_json_writer w;
    char seed[24];
    snprintf(seed, sizeof seed, "%" PRIu64, a->seed); /* past 2^53: a string */
    piq_json_init(&w, out);
    piq_json_object(&w);
    piq_json_put_int(&w, "schema", PIQ_FEATURE_SCHEMA_VERSION);
    piq_json_put_str(&w, "data",
                     (piq_str){a->data, strnlen(a->data, sizeof a->data)});
    put_time(&w, "made_at", a->made_us);
    put_time(&w, "from", a->from_us);
    put_time(&w, "until", a->until_us);
    put_count(&w, "answers", a->n_answers);
    piq_json_put_int(&w, "learners", a->n_learners);
    piq_json_put_z(&w, "seed", seed);
    put_validation(&w, a);
    put_members(&w, m);
    piq_json_object_end(&w);
}
