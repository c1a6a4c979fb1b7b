#include "domain/fitted.h"

#include "domain/json_reader.h"

#include <math.h>
#include <stdio.h>

/* Carried that far, a state would be none. */
static const double MOST_CARRY = 100;

static const char *const names[PIQ_N_FITTED_FROM] = {"published", "population",
                                                     "learner"};

const char *piq_fitted_from_name(piq_fitted_from v)
{
    PIQ_ASSERT(v <= PIQ_FITTED_LEARNER);
    return names[v];
}

static void read_numbers(piq_json_reader *r, const char *member, size_t n,
                         double most, double *out)
{
    const json_t *list = piq_json_array_in(r, member, n);
    if (!list)
        return;
    if (json_array_size(list) != n) {
        piq_json_refuse(r, member, "%zu numbers are expected", n);
        return;
    }
    for (size_t i = 0; i < n; i++) {
        const json_t *v = json_array_get(list, i);
        out[i] = json_number_value(v);
        if (!json_is_number(v) || !(fabs(out[i]) <= most)) {
            char at[48];
            snprintf(at, sizeof at, "%s/%zu", member, i);
            piq_json_refuse(r, at, "a number within +-%g is expected", most);
            return;
        }
    }
}

static void read_from(piq_json_reader *r, piq_fitted *out)
{
    piq_str s = piq_json_string(r, "from", 1, 32);
    for (int i = PIQ_FITTED_POPULATION; i < PIQ_N_FITTED_FROM; i++)
        if (!r->status && piq_str_eq(s, piq_str_of(names[i])))
            out->from = (piq_fitted_from)i;
    if (!r->status && out->from == PIQ_FITTED_NONE)
        piq_json_refuse(r, "from", "population or learner is expected");
}

piq_status piq_fitted_read(const json_t *json, const char *where,
                           piq_fitted *out, piq_err *err)
{
    static const char *const known[] = {"from",      "reviews",    "parameters",
                                        "stability", "difficulty", NULL};
    piq_json_reader r;
    piq_fitted f = {.from = PIQ_FITTED_NONE};
    piq_json_begin(&r, json, where, known, err);
    read_from(&r, &f);
    f.reviews = (uint32_t)piq_json_int_in(&r, "reviews", 0, UINT32_MAX);
    read_numbers(&r, "parameters", PIQ_N_MEMORY_PARAMETERS, 1e6, f.parameters);
    read_numbers(&r, "stability", PIQ_N_CARRY, MOST_CARRY, f.stability);
    read_numbers(&r, "difficulty", PIQ_N_CARRY, MOST_CARRY, f.difficulty);
    piq_status status = piq_json_end(&r);
    if (status == PIQ_OK)
        *out = f;
    return status;
}

static void write_numbers(piq_json_writer *w, const char *member,
                          const double *list, size_t n)
{
    piq_json_key(w, member);
    piq_json_array(w);
    for (size_t i = 0; i < n; i++)
        piq_json_double(w, list[i]);
    piq_json_array_end(w);
}

void piq_fitted_write(const piq_fitted *f, piq_json_writer *w)
{
    piq_json_put_z(w, "from", piq_fitted_from_name(f->from));
    piq_json_put_int(w, "reviews", f->reviews);
    write_numbers(w, "parameters", f->parameters, PIQ_N_MEMORY_PARAMETERS);
    write_numbers(w, "stability", f->stability, PIQ_N_CARRY);
    write_numbers(w, "difficulty", f->difficulty, PIQ_N_CARRY);
}
