#include "support/audit_world.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

void audit_must(piq_status status, const piq_err *err)
{
    if (status)
        fail_msg("%s", err->message);
}

piq_audit *audit_open(piq_store *s)
{
    piq_audit *k;
    piq_err err = {0};
    audit_must(piq_audit_open(s, &k, &err), &err);
    return k;
}

piq_audit_entry audit_entry(int i, int64_t user)
{
    return (piq_audit_entry){.at_us = AUDIT_NOW + i,
                             .caller = "key:7f3a",
                             .action = "GET /api/users/{userId}/profile",
                             .user = {user},
                             .status = 200,
                             .request = UINT64_MAX - (uint64_t)i,
                             .model = 3,
                             .policy = UINT32_MAX};
}

void audit_add(piq_audit *k, int i, int64_t user)
{
    piq_err err = {0};
    piq_audit_entry e = audit_entry(i, user);
    audit_must(piq_audit_add(k, &e, &err), &err);
}

void audit_flush(piq_audit *k)
{
    piq_err err = {0};
    audit_must(piq_audit_flush(k, &err), &err);
}

void audit_verify(piq_store *s, uint64_t entries, uint64_t chains)
{
    piq_err err = {0};
    uint64_t n_entries = 0, n_chains = 0;
    audit_must(piq_audit_verify(s, &n_entries, &n_chains, &err), &err);
    assert_int_equal(n_entries, entries);
    assert_int_equal(n_chains, chains);
}

static piq_status take(void *ctx, piq_str json, piq_err *err)
{
    audit_listed *l = ctx;
    (void)err;
    piq_buf_add_str(&l->text, json);
    piq_buf_add_char(&l->text, '\n');
    l->n++;
    return PIQ_OK;
}

audit_listed audit_list(piq_store *s, int64_t user, int64_t since_us,
                        size_t limit)
{
    audit_listed l = {0};
    piq_err err = {0};
    piq_buf_init(&l.text, 0);
    audit_must(
        piq_audit_list(s, (piq_user_id){user}, since_us, limit, take, &l, &err),
        &err);
    return l;
}

size_t audit_count(piq_store *s, int64_t user)
{
    audit_listed l = audit_list(s, user, INT64_MIN, 0);
    piq_buf_release(&l.text);
    return l.n;
}
