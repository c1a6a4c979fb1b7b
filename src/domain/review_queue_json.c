#include "domain/review_queue.h"

#include "base/calendar.h"

static void put_date(piq_json_writer *w, const char *key, int32_t day)
{
    char date[16];
    if (day != INT32_MAX)
        piq_date_format(day, date);
    piq_json_put_z(w, key, day != INT32_MAX ? date : NULL);
}

static void write_review(const piq_queued_review *r, const piq_catalogue *c,
                         int32_t today, piq_json_writer *w)
{
    const piq_concept *k = &c->concepts[r->concept.v];
    int32_t late = today - r->due_day;
    piq_json_object(w);
    piq_json_put_str(w, "concept", k->id);
    piq_json_put_str(w, "name", k->name);
    put_date(w, "due", r->due_day);
    piq_json_put_int(w, "days_overdue", late > 0 ? late : 0);
    piq_json_put_fixed(w, "recall", r->recall, 4);
    piq_json_put_fixed(w, "recall_tomorrow", r->recall_tomorrow, 4);
    piq_json_put_fixed(w, "stability_days", r->stability_days, 2);
    piq_json_put_fixed(w, "minutes", r->minutes, 2);
    piq_json_put_fixed(w, "loss_per_minute", r->loss, 5);
    piq_json_put_bool(w, "today", r->today);
    piq_json_put_z(w, "why", r->why);
    piq_json_object_end(w);
}

static void write_days(const piq_review_queue *q, piq_json_writer *w)
{
    piq_json_key(w, "days");
    piq_json_array(w);
    for (size_t i = 0; i < q->n_days; i++) {
        const piq_review_day *d = &q->days[i];
        piq_json_object(w);
        put_date(w, "date", d->day);
        piq_json_put_bool(w, "day_off", d->off);
        piq_json_put_fixed(w, "minutes", d->minutes, 1);
        piq_json_put_int(w, "due", d->due);
        piq_json_put_int(w, "planned", d->planned);
        piq_json_put_int(w, "waiting", d->waiting);
        piq_json_object_end(w);
    }
    piq_json_array_end(w);
}

static void write_exam(const piq_exam *e, piq_json_writer *w)
{
    piq_json_key(w, "deadline");
    if (!e) {
        piq_json_null(w);
        return;
    }
    piq_json_object(w);
    put_date(w, "date", e->day);
    piq_json_put_int(w, "concepts", e->concepts);
    piq_json_put_int(w, "left_out", e->left_out);
    piq_json_put_fixed(w, "recall_without", e->without, 4);
    piq_json_put_fixed(w, "recall", e->recall, 4);
    piq_json_put_int(w, "reviews", e->reviews);
    piq_json_key(w, "days");
    piq_json_array(w);
    for (size_t i = 0; i < e->n_days; i++) {
        piq_json_object(w);
        put_date(w, "date", e->days[i].day);
        piq_json_put_int(w, "reviews", e->days[i].reviews);
        piq_json_put_fixed(w, "minutes", e->days[i].minutes, 1);
        piq_json_put_fixed(w, "minutes_left", e->days[i].left, 1);
        piq_json_object_end(w);
    }
    piq_json_array_end(w);
    piq_json_object_end(w);
}

static void write_head(const piq_review_queue *q, piq_json_writer *w)
{
    piq_json_put_id(w, "userId", piq_user_outer(q->user));
    piq_json_put_int(w, "version", q->version);
    piq_json_put_time(w, "as_of", q->as_of_us);
    put_date(w, "today", q->today);
    piq_json_put_z(w, "mode", q->exam ? "deadline" : "due");
    piq_json_put_fixed(w, "desired_retention", q->retention, 4);
    piq_json_put_z(w, "retention_source", q->retention_source);
    piq_json_put_fixed(w, "review_minutes", q->review_minutes, 2);
    piq_json_key(w, "parameters");
    piq_json_object(w);
    piq_json_put_z(w, "from", piq_fitted_from_name(q->from));
    piq_json_put_int(w, "reviews", q->fitted_on);
    piq_json_object_end(w);
    piq_json_put_int(w, "practised", q->practised);
    piq_json_put_int(w, "due", q->due);
    piq_json_put_int(w, "overdue", q->overdue);
    put_date(w, "backlog_cleared", q->cleared_day);
}

void piq_review_queue_write(const piq_review_queue *q, const piq_catalogue *c,
                            piq_json_writer *w)
{
    piq_json_object(w);
    write_head(q, w);
    piq_json_key(w, "queue");
    piq_json_array(w);
    for (size_t i = 0; i < q->n; i++)
        write_review(&q->reviews[i], c, q->today, w);
    piq_json_array_end(w);
    write_days(q, w);
    write_exam(q->exam, w);
    piq_json_object_end(w);
}
