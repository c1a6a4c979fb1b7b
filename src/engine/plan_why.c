/* plan_why.c - an adaptation as a sentence: what happened, what it did. */
#include "base/calendar.h"
#include "engine/planning.h"

#include <math.h>

enum { MAX_NAMED = 3, MAX_WHY_BYTES = 1000 };

static const char BEYOND[] = "beyond the horizon";

static void separate(piq_buf *b, size_t from)
{
    if (b->len > from)
        piq_buf_add_z(b, "; ");
}

static int percent(double share)
{
    return (int)lround(100 * share);
}

static void tell_controls(const piq_adaptation *x, size_t from, piq_buf *b)
{
    if (!x->n_controls)
        return;
    separate(b, from);
    piq_buf_add_z(b, "the learner's wish: ");
    size_t first = x->n_listed > MAX_NAMED ? x->n_listed - MAX_NAMED : 0;
    for (size_t i = first; i < x->n_listed; i++) {
        if (i > first)
            piq_buf_add_z(b, ", ");
        piq_control_describe(&x->controls[i].control, x->p->catalogue, b);
        if (x->controls[i].undone)
            piq_buf_add_z(b, " taken back");
    }
    size_t n_more = x->n_controls - (x->n_listed - first);
    if (n_more)
        piq_buf_printf(b, " and %zu before", n_more);
}

static void tell_results(const piq_adaptation *x, size_t from, piq_buf *b)
{
    if (!x->n_answers && x->n_events <= x->n_controls)
        return;
    separate(b, from);
    size_t n = x->n_answers ? x->n_answers : x->n_events - x->n_controls;
    piq_buf_printf(b, "%zu %s%s since", n, x->n_answers ? "answer" : "event",
                   n == 1 ? "" : "s");
    for (size_t i = 0; i < x->n_moved; i++) {
        const piq_moved_concept *m = &x->moved[i];
        piq_buf_add_z(b, i ? ", " : " (");
        piq_buf_add_str(b, x->p->catalogue->concepts[m->concept.v].name);
        piq_buf_printf(b, " %d %% to %d %%", percent(m->before),
                       percent(m->after));
    }
    if (x->n_moved)
        piq_buf_add_z(b, ")");
}

static void tell_frame(const piq_adaptation *x, size_t from, piq_buf *b)
{
    if (x->new_catalogue) {
        separate(b, from);
        piq_buf_add_z(b, "new curriculum");
    }
    if (x->new_day) {
        separate(b, from);
        piq_buf_add_z(b, "new day");
    }
}

static void tell_completion(const piq_adaptation *x, piq_buf *b)
{
    const piq_path_change *ch = &x->change;
    char before[16], after[16];
    int32_t was = ch->completion_before, is = ch->completion_after;
    if (was == is)
        return;
    piq_date_format(was == INT32_MAX ? 0 : was, before);
    piq_date_format(is == INT32_MAX ? 0 : is, after);
    piq_buf_printf(b, "; completion moved from %s to %s",
                   was == INT32_MAX ? BEYOND : before,
                   is == INT32_MAX ? BEYOND : after);
    if (was == INT32_MAX || is == INT32_MAX)
        return;
    int days = is > was ? is - was : was - is;
    piq_buf_printf(b, " (%d day%s %s)", days, days == 1 ? "" : "s",
                   is > was ? "later" : "earlier");
}

static void tell_effect(const piq_adaptation *x, size_t from, piq_buf *b)
{
    const piq_path_change *ch = &x->change;
    double was = x->before->in_time_prob, is = x->after->in_time_prob;
    separate(b, from);
    piq_buf_printf(b, "%zu step%s done; %zu added, %zu removed", x->n_done,
                   x->n_done == 1 ? "" : "s", ch->n_added, ch->n_removed);
    if (ch->n_moved)
        piq_buf_printf(b, ", %zu moved", ch->n_moved);
    tell_completion(x, b);
    if (ch->dropped_before != ch->dropped_after)
        piq_buf_printf(b, "; concepts left out: %zu, before %zu",
                       ch->dropped_after, ch->dropped_before);
    if (isfinite(was) && isfinite(is) && percent(was) != percent(is))
        piq_buf_printf(b, "; chance of being in time %d %%, before %d %%",
                       percent(is), percent(was));
}

/* At the end of a whole character. */
static void shorten(piq_buf *b)
{
    if (b->status || b->len <= MAX_WHY_BYTES)
        return;
    size_t len = MAX_WHY_BYTES;
    while (len && ((unsigned char)b->ptr[len] & 0xc0u) == 0x80u)
        len--;
    b->len = len;
    piq_buf_add_z(b, " ..");
}

void piq_adaptation_explain(const piq_adaptation *x, piq_buf *out)
{
    if (x->p->reason.len) {
        piq_buf_add_str(out, x->p->reason);
        piq_buf_add_z(out, ": ");
    }
    size_t from = out->len;
    if (!x->before) {
        piq_buf_printf(out, "first plan, %zu steps", x->change.n_added);
    } else {
        tell_controls(x, from, out);
        tell_results(x, from, out);
        tell_frame(x, from, out);
        tell_effect(x, from, out);
    }
    shorten(out);
}
