/* why_not_json.c - the answer to "why not" as JSON, with a sentence. */
#include "recommend/why_not.h"

#include "base/calendar.h"

/* One word for all the ways of being kept out. */
static const char *word_of(const piq_why_not *w)
{
    switch (w->verdict) {
    case PIQ_WHY_SHOWN:
        return "shown";
    case PIQ_WHY_RULE:
        return "rule";
    case PIQ_WHY_CAP:
        return "cap";
    case PIQ_WHY_PIN:
        return "pin";
    case PIQ_WHY_CHANCE:
        return "chance";
    case PIQ_WHY_QUOTA:
        return "quota";
    case PIQ_WHY_OUTRANKED:
        return "outranked";
    case PIQ_WHY_HARD_RULE:
        break;
    }
    switch (w->hard) {
    case PIQ_EX_UNPUBLISHED:
        return "unpublished";
    case PIQ_EX_RETIRED:
        return "retired";
    case PIQ_EX_PREREQUISITE:
        return "prerequisite";
    case PIQ_EX_COMPLETED:
        return "completed";
    case PIQ_EX_COOL_DOWN:
        return "cool_down";
    case PIQ_EX_SKIPPED:
        return "skipped";
    case PIQ_EX_TYPE:
        return "type";
    case PIQ_EX_NOTHING_DUE:
        return "nothing_due";
    case PIQ_CANDIDATE:
        break;
    }
    return "candidate";
}

/* ---- the sentence ------------------------------------------------------ */

static void say_until(piq_buf *b, int64_t until_us)
{
    char at[32];
    if (until_us == INT64_MAX)
        return;
    piq_time_format(until_us, at);
    piq_buf_printf(b, " until %s", at);
}

static void say_missing(const piq_why_not *w, const piq_catalogue *c,
                        piq_buf *b)
{
    piq_buf_printf(b, "It builds on ");
    for (size_t i = 0; i < w->n_missing; i++)
        piq_buf_printf(b, "%s%.*s (%.0f %% known, %.0f %% needed)",
                       i ? ", " : "",
                       PIQ_STR_ARG(c->concepts[w->missing[i].concept.v].name),
                       100 * w->missing[i].mastery, 100 * w->missing[i].needed);
    if (w->n_missing == 0)
        piq_buf_printf(b, "what is not open yet");
    piq_buf_printf(b, ".");
}

static void say_hard(const piq_why_not *w, const piq_catalogue *c, piq_buf *b)
{
    switch (w->hard) {
    case PIQ_EX_UNPUBLISHED:
        piq_buf_printf(b, "It is not published yet.");
        break;
    case PIQ_EX_RETIRED:
        piq_buf_printf(b, "The curriculum no longer has it.");
        break;
    case PIQ_EX_PREREQUISITE:
        say_missing(w, c, b);
        break;
    case PIQ_EX_COMPLETED:
        piq_buf_printf(b, "It was completed, and nothing in it is due.");
        break;
    case PIQ_EX_COOL_DOWN:
        piq_buf_printf(b, "It was dismissed and rests");
        say_until(b, w->until_us);
        piq_buf_printf(b, ".");
        break;
    case PIQ_EX_SKIPPED:
        piq_buf_printf(b, "The learner has skipped it.");
        break;
    case PIQ_EX_TYPE:
        piq_buf_printf(b, "It is of another type than was asked for.");
        break;
    case PIQ_EX_NOTHING_DUE:
        piq_buf_printf(b, "Nothing in it is due");
        say_until(b, w->until_us);
        piq_buf_printf(b, ".");
        break;
    case PIQ_CANDIDATE:
        break;
    }
}

/* The term on which it lost most. */
static const piq_term_duel *worst(const piq_why_not *w)
{
    const piq_term_duel *least = &w->terms[0];
    for (int t = 1; t < PIQ_N_TERMS; t++)
        if (w->terms[t].difference < least->difference)
            least = &w->terms[t];
    return least;
}

static void say_lost(const piq_why_not *w, const piq_catalogue *c, piq_buf *b)
{
    const piq_term_duel *term = worst(w);
    piq_buf_printf(b,
                   "It ranks %zu of %zu: %.3f against %.3f of %.*s, the last "
                   "that is shown; most was lost on %s (%+.3f).",
                   w->rank, w->n_candidates, w->score, w->other_score,
                   PIQ_STR_ARG(c->contents[w->against.v].title),
                   piq_term_name(term->term), term->difference);
}

static void say(const piq_why_not *w, const piq_catalogue *c, piq_buf *b)
{
    switch (w->verdict) {
    case PIQ_WHY_SHOWN:
        piq_buf_printf(b, "It is shown, in place %zu.", w->position);
        break;
    case PIQ_WHY_HARD_RULE:
        say_hard(w, c, b);
        break;
    case PIQ_WHY_RULE:
    case PIQ_WHY_CAP:
        if (!w->rule) {
            piq_buf_printf(b, "A cap leaves no room for it.");
            break;
        }
        piq_buf_printf(b, "Rule %.*s keeps it out", PIQ_STR_ARG(w->rule->name));
        say_until(b, w->until_us);
        piq_buf_printf(b, ": %.*s.", PIQ_STR_ARG(w->rule->reason));
        break;
    case PIQ_WHY_PIN:
        piq_buf_printf(b, "A rule keeps the last place for another.");
        break;
    case PIQ_WHY_CHANCE:
        piq_buf_printf(b, "It scores more than the last that is shown, which "
                          "chance has put there to be tried out.");
        break;
    case PIQ_WHY_QUOTA:
        piq_buf_printf(b, "It scores enough, but the slate has its share of "
                          "that type or concept.");
        break;
    case PIQ_WHY_OUTRANKED:
        say_lost(w, c, b);
        break;
    }
}

/* ---- members ----------------------------------------------------------- */

static void write_rule(const piq_rule *r, piq_json_writer *to)
{
    piq_json_key(to, "rule");
    if (!r) {
        piq_json_null(to);
        return;
    }
    piq_json_object(to);
    piq_json_put_str(to, "name", r->name);
    piq_json_put_z(to, "kind", piq_rule_kind_name(r->kind));
    piq_json_put_str(to, "reason", r->reason);
    piq_json_object_end(to);
}

static void write_missing(const piq_why_not *w, const piq_catalogue *c,
                          piq_json_writer *to)
{
    piq_json_key(to, "missing");
    piq_json_array(to);
    for (size_t i = 0; i < w->n_missing; i++) {
        const piq_missing *m = &w->missing[i];
        piq_json_object(to);
        piq_json_put_str(to, "concept", c->concepts[m->concept.v].id);
        piq_json_key(to, "content_id");
        if (m->content.v == PIQ_NO_IX32)
            piq_json_null(to);
        else
            piq_json_int(to, c->contents[m->content.v].id.v);
        piq_json_put_double(to, "mastery", m->mastery);
        piq_json_put_double(to, "needed", m->needed);
        piq_json_object_end(to);
    }
    piq_json_array_end(to);
}

static void put_count(piq_json_writer *to, const char *member, size_t n)
{
    piq_json_key(to, member);
    if (n)
        piq_json_int(to, (int64_t)n);
    else
        piq_json_null(to);
}

static void write_duel(const piq_why_not *w, const piq_catalogue *c,
                       piq_json_writer *to)
{
    piq_json_key(to, "against");
    if (w->against.v == PIQ_NO_IX32) {
        piq_json_null(to);
        return;
    }
    piq_json_object(to);
    piq_json_put_int(to, "content_id", c->contents[w->against.v].id.v);
    piq_json_put_str(to, "title", c->contents[w->against.v].title);
    piq_json_put_double(to, "score", w->score);
    piq_json_put_double(to, "other_score", w->other_score);
    piq_json_key(to, "terms");
    piq_json_array(to);
    for (int t = 0; t < PIQ_N_TERMS; t++) {
        const piq_term_duel *d = &w->terms[t];
        piq_json_object(to);
        piq_json_put_z(to, "term", piq_term_name(d->term));
        piq_json_put_double(to, "value", d->value);
        piq_json_put_double(to, "other_value", d->other_value);
        piq_json_put_double(to, "difference", d->difference);
        piq_json_object_end(to);
    }
    piq_json_array_end(to);
    piq_json_object_end(to);
}

void piq_why_not_write(const piq_why_not *w, const piq_recommend_input *in,
                       piq_json_writer *to)
{
    const piq_catalogue *c = in->catalogue;
    const piq_content *x = &c->contents[w->content.v];
    piq_buf b;
    piq_buf_init(&b, 0);
    say(w, c, &b);
    piq_json_put_int(to, "content_id", x->id.v);
    piq_json_put_str(to, "title", x->title);
    piq_json_put_z(to, "verdict", word_of(w));
    piq_json_put_str(to, "sentence", (piq_str){b.ptr, b.len});
    piq_buf_release(&b);
    write_rule(w->rule, to);
    piq_json_key(to, "until");
    if (w->until_us == INT64_MAX)
        piq_json_null(to);
    else
        piq_json_time(to, w->until_us);
    write_missing(w, c, to);
    put_count(to, "position", w->position);
    put_count(to, "rank", w->rank);
    piq_json_put_int(to, "candidates", (int64_t)w->n_candidates);
    write_duel(w, c, to);
}
