/* fuzz_catalogue.c - curriculum documents made of anything.
 *
 *     fuzz_catalogue [ROUNDS [SEED]]   PIQ_FUZZ_ROUNDS sets the rounds too
 *
 * A first byte " " has it follow a curriculum that was in force. Laws,
 * at every input: a refusal says why, in UTF-8; what is accepted is the same
 * once written and read back, also after another curriculum that was in force;
 * its references stay inside.
 */
#include "domain/catalogue.h"
#include "domain/catalogue_json.h"
#include "domain/json_reader.h"

#include "fuzz/json_mutator.h"
#include "support/fuzz_driver.h"
#include "support/small_catalogue.h"

#include <string.h>

enum { ARENA_BYTES = 16 << 20 };

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

static piq_catalogue *in_force; /* made once: it only is read */

static void check_references(const piq_catalogue *c)
{
    for (size_t i = 0; i < c->n_concepts; i++) {
        const piq_concept *k = &c->concepts[i];
        fuzz_law(k->area.v < c->n_areas, "a concept's area");
        fuzz_law(k->difficulty >= 0 && k->difficulty <= 1, "its difficulty");
        for (size_t j = 0; j < k->n_prerequisites; j++)
            fuzz_law(k->prerequisites[j].v < c->n_concepts, "prerequisites");
    }
    for (size_t i = 0; i < c->n_contents; i++) {
        const piq_content *k = &c->contents[i];
        double sum = 0;
        for (size_t j = 0; j < k->n_concepts; j++)
            sum += k->concepts[j].weight;
        fuzz_law(k->n_concepts == 0 || (sum > 0.999 && sum < 1.001),
                 "weights sum to 1");
        fuzz_law(k->minutes > 0, "it takes time");
        for (size_t j = 0; j < k->n_items; j++)
            fuzz_law(k->items[j].v < c->n_items, "the items inside");
    }
    for (size_t i = 0; i < c->n_items; i++)
        fuzz_law(c->items[i].n_concepts >= 1 &&
                     c->items[i].n_concepts <= PIQ_MAX_ITEM_CONCEPTS,
                 "an item's concepts");
}

static void write(const piq_catalogue *c, piq_buf *b)
{
    piq_json_writer w;
    piq_buf_init(b, 0);
    piq_json_init(&w, b);
    piq_catalogue_write(c, &w);
    fuzz_law(b->status == PIQ_OK, "a curriculum is written");
}

static void check_written(const piq_catalogue *c)
{
    piq_buf once, twice;
    piq_arena a;
    piq_catalogue *back = NULL;
    piq_findings findings = {0};
    write(c, &once);
    piq_arena_init(&a, ARENA_BYTES);
    fuzz_law(piq_catalogue_read(&a, (piq_str){once.ptr, once.len}, NULL, &back,
                                &findings, NULL, NULL) == PIQ_OK,
             "what is written can be read");
    write(back, &twice);
    fuzz_law(once.len == twice.len &&
                 memcmp(once.ptr, twice.ptr, once.len) == 0,
             "it is the same, read back");
    piq_catalogue_free(back);
    piq_buf_release(&once);
    piq_buf_release(&twice);
    piq_arena_release(&a);
}

static void check_shown(const piq_catalogue *c)
{
    const piq_catalogue_filter all = {0};
    piq_buf b;
    piq_json_writer w;
    json_t *json = NULL;
    piq_buf_init(&b, 0);
    piq_json_init(&w, &b);
    piq_catalogue_show(c, &all, &w);
    fuzz_law(piq_json_parse((piq_str){b.ptr, b.len}, &json, NULL) == PIQ_OK,
             "what is shown is JSON");
    json_decref(json);
    piq_buf_release(&b);
}

static void check_refusal(piq_status status, const piq_findings *f,
                          const piq_err *err)
{
    fuzz_law(status == PIQ_EPARSE || status == PIQ_EINVAL ||
                 status == PIQ_ELIMIT || status == PIQ_ENOMEM,
             "the status of a refusal");
    fuzz_law(piq_str_is_utf8(piq_str_of(err->message)), "in UTF-8");
    fuzz_law(status != PIQ_EINVAL || f->n > 0, "findings");
    for (size_t i = 0; i < f->n; i++)
        fuzz_law(f->list[i].message[0] &&
                     piq_str_is_utf8(piq_str_of(f->list[i].message)),
                 "a finding says what, in UTF-8");
}

static void try_after(piq_str text, const piq_catalogue *before)
{
    piq_arena a;
    piq_err err = {0};
    piq_catalogue *c = NULL;
    piq_findings findings = {0};
    piq_catalogue_change change;
    piq_arena_init(&a, ARENA_BYTES);
    piq_status status =
        piq_catalogue_read(&a, text, before, &c, &findings, &change, &err);
    if (status == PIQ_OK) {
        check_references(c);
        check_written(c);
        check_shown(c);
        piq_catalogue_free(c);
    } else {
        check_refusal(status, &findings, &err);
    }
    piq_arena_release(&a);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
    piq_str text = {(const char *)bytes, len};
    if (!in_force)
        in_force = small_catalogue();
    try_after(text, len > 0 && bytes[0] == ' ' ? in_force : NULL);
    return 0;
}

#ifndef PIQ_LIBFUZZER
static void forget(void)
{
    piq_catalogue_free(in_force);
}

int main(int argc, char **argv)
{
    const fuzz_plan plan = {.name = "catalogue",
                            .one = LLVMFuzzerTestOneInput,
                            .rounds = 4000,
                            .end = forget};
    return fuzz_drive(&plan, argc, argv);
}
#endif
