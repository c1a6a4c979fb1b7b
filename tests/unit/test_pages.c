/* test_pages.c - the dashboard's files: what is listed, what is found, which
 * coding is chosen. */
#include "web/pages.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

typedef struct folder {
    char path[64];
} folder;

static void put(const folder *f, const char *name, const char *content)
{
    char path[256];
    snprintf(path, sizeof path, "%s/%s", f->path, name);
    FILE *out = fopen(path, "w");
    assert_non_null(out);
    assert_true(fputs(content, out) >= 0);
    assert_int_equal(fclose(out), 0);
}

static int make(void **state)
{
    static folder f;
    char assets[128];
    snprintf(f.path, sizeof f.path, "/tmp/piq-pages-XXXXXX");
    assert_non_null(mkdtemp(f.path));
    snprintf(assets, sizeof assets, "%s/assets", f.path);
    assert_int_equal(mkdir(assets, 0700), 0);
    put(&f, "index.html", "<!doctype html>");
    put(&f, "icon.svg", "<svg/>");
    put(&f, "assets/a-1.js", "export {};");
    put(&f, "assets/a-1.js.br", "small");
    put(&f, "assets/a-1.js.gz", "small, too");
    put(&f, "assets/a-1.css", "a{}");
    *state = &f;
    return 0;
}

static int sweep(void **state)
{
    const folder *f = *state;
    char command[128];
    snprintf(command, sizeof command, "rm -r '%s'", f->path);
    return system(command);
}

static piq_pages *opened(const folder *f)
{
    piq_pages *p = NULL;
    piq_err err = {0};
    assert_int_equal(piq_pages_open(f->path, &p, &err), PIQ_OK);
    return p;
}

static piq_str content_of(const piq_pages_file *f, piq_pages_coding coding)
{
    return piq_bytes_str(f->bytes[coding]);
}

static void test_pages__files_are_found_by_their_path(void **state)
{
    piq_pages *p = opened(*state);
    const piq_pages_file *f = piq_pages_find(p, PIQ_STR("/assets/a-1.js"));
    assert_non_null(f);
    assert_true(
        piq_str_eq(content_of(f, PIQ_PAGES_PLAIN), PIQ_STR("export {};")));
    assert_string_equal(f->type, "text/javascript; charset=utf-8");
    assert_true(f->forever);
    const piq_pages_file *index = piq_pages_index(p);
    assert_ptr_equal(index, piq_pages_find(p, PIQ_STR("/index.html")));
    assert_false(index->forever);
    assert_string_not_equal(index->tag, f->tag);
    assert_int_equal(strlen(f->tag), 16);
    piq_pages_close(p);
}

static void test_pages__what_is_not_listed_is_not_there(void **state)
{
    static const char *const paths[] = {"",
                                        "/",
                                        "/assets",
                                        "/assets/",
                                        "/assets/a-1.js.br",
                                        "/assets/../index.html",
                                        "/../etc/passwd",
                                        "//index.html",
                                        "/index.html/",
                                        "/INDEX.html",
                                        "/%69ndex.html",
                                        "index.html"};
    piq_pages *p = opened(*state);
    for (size_t i = 0; i < sizeof paths / sizeof paths[0]; i++)
        assert_null(piq_pages_find(p, piq_str_of(paths[i])));
    const piq_str with_nul = {"/index.html\0x", 13};
    assert_null(piq_pages_find(p, with_nul));
    char far[4096];
    memset(far, 'a', sizeof far);
    assert_null(piq_pages_find(p, (piq_str){far, sizeof far}));
    piq_pages_close(p);
}

static void test_pages__links_and_hidden_files_are_left_out(void **state)
{
    const folder *f = *state;
    char path[128];
    snprintf(path, sizeof path, "%s/assets/secret.txt", f->path);
    assert_int_equal(symlink("/etc/hostname", path), 0);
    put(f, ".env.txt", "hidden");
    put(f, "two words.txt", "spaced");
    piq_pages *p = opened(f);
    assert_null(piq_pages_find(p, PIQ_STR("/assets/secret.txt")));
    assert_null(piq_pages_find(p, PIQ_STR("/.env.txt")));
    assert_null(piq_pages_find(p, PIQ_STR("/two words.txt")));
    piq_pages_close(p);
}

static void test_pages__a_coding_is_sent_only_where_it_is_accepted(void **state)
{
    static const struct {
        const char *accepts;
        piq_pages_coding sent;
    } cases[] = {{"", PIQ_PAGES_PLAIN},
                 {"gzip, deflate, br, zstd", PIQ_PAGES_BROTLI},
                 {"gzip, deflate", PIQ_PAGES_GZIP},
                 {"GZIP;q=0.5", PIQ_PAGES_GZIP},
                 {"br;q=0, gzip", PIQ_PAGES_GZIP},
                 {"br; q=0.000, gzip;q=0", PIQ_PAGES_PLAIN},
                 {"br;q=0.001", PIQ_PAGES_BROTLI},
                 {"brotli, xgzip", PIQ_PAGES_PLAIN},
                 {",, ;q=1 ,", PIQ_PAGES_PLAIN}};
    piq_pages *p = opened(*state);
    const piq_pages_file *js = piq_pages_find(p, PIQ_STR("/assets/a-1.js"));
    const piq_pages_file *css = piq_pages_find(p, PIQ_STR("/assets/a-1.css"));
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        assert_int_equal(piq_pages_choose(js, piq_str_of(cases[i].accepts)),
                         cases[i].sent);
    /* Nothing was made beside it. */
    assert_int_equal(piq_pages_choose(css, PIQ_STR("br, gzip")),
                     PIQ_PAGES_PLAIN);
    assert_null(piq_pages_coding_name(PIQ_PAGES_PLAIN));
    assert_string_equal(piq_pages_coding_name(PIQ_PAGES_GZIP), "gzip");
    piq_pages_close(p);
}

static void test_pages__a_folder_that_will_not_do_is_refused(void **state)
{
    const folder *f = *state;
    piq_pages *p = NULL;
    piq_err err = {0};
    char path[128];
    assert_int_equal(piq_pages_open("/nowhere/at/all", &p, &err),
                     PIQ_ENOTFOUND);
    put(f, "page.exe", "?");
    assert_int_equal(piq_pages_open(f->path, &p, &err), PIQ_EINVAL);
    assert_non_null(strstr(err.message, "page.exe"));
    snprintf(path, sizeof path, "%s/page.exe", f->path);
    assert_int_equal(unlink(path), 0);
    snprintf(path, sizeof path, "%s/index.html", f->path);
    assert_int_equal(unlink(path), 0);
    assert_int_equal(piq_pages_open(f->path, &p, &err), PIQ_ENOTFOUND);
    assert_null(p);
}

static void test_pages__more_than_allowed_is_refused(void **state)
{
    const folder *f = *state;
    piq_pages *p = NULL;
    piq_err err = {0};
    char path[128];
    put(f, "assets/large.txt", "");
    snprintf(path, sizeof path, "%s/assets/large.txt", f->path);
    /* A hole: it takes no room on the disk. */
    assert_int_equal(truncate(path, PIQ_PAGES_MAX_BYTES + 1L), 0);
    assert_int_equal(piq_pages_open(f->path, &p, &err), PIQ_ELIMIT);
    assert_null(p);
    piq_pages_close(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(
            test_pages__files_are_found_by_their_path, make, sweep),
        cmocka_unit_test_setup_teardown(
            test_pages__what_is_not_listed_is_not_there, make, sweep),
        cmocka_unit_test_setup_teardown(
            test_pages__links_and_hidden_files_are_left_out, make, sweep),
        cmocka_unit_test_setup_teardown(
            test_pages__a_coding_is_sent_only_where_it_is_accepted, make,
            sweep),
        cmocka_unit_test_setup_teardown(
            test_pages__a_folder_that_will_not_do_is_refused, make, sweep),
        cmocka_unit_test_setup_teardown(
            test_pages__more_than_allowed_is_refused, make, sweep),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
