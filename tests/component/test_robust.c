/* Whatever happens: no crash, no leak. The n-th allocation fails, for every n; and the text is mutilated at random. */
#include "component/fake.h"

static tx_status whole_life(tx_error *error)
{
    static const char *const set[] = {"callbacks.0.every=2", "evaluation={data: {type: file, path: x}}"};
    tx_registry *registry = NULL;
    TX_TRY(fake_registry_try(error, &registry));
    const tx_config_source source = {
        .name = "some/run.yaml", .text = fake_text, .overrides = set, .num_overrides = 2, .required = fake_train};
    tx_config *config = NULL, *again = NULL;
    char *text = NULL, *help = NULL, *list = NULL, *schema = NULL;
    tx_status status = tx_config_create(registry, &source, error, &config);
    if (status == TX_OK) {
        status = tx_section_write(tx_config_root(config), error, &text);
    }
    if (status == TX_OK) {
        status = tx_section_read(registry, TX_KIND_RUN, "run", text, error, &again);
    }
    if (status == TX_OK) {
        status = tx_section_same_run(tx_config_root(again), tx_config_root(config), error);
    }
    if (status == TX_OK) {
        status = tx_registry_help(registry, "trainer.optimizer", 40, error, &help);
    }
    if (status == TX_OK) {
        status = tx_registry_list(registry, NULL, 0, error, &list);
    }
    if (status == TX_OK) {
        status = tx_registry_schema(registry, error, &schema);
    }
    tx_free(text);
    tx_free(help);
    tx_free(list);
    tx_free(schema);
    tx_config_destroy(again);
    tx_config_destroy(config);
    tx_registry_destroy(registry);
    return status;
}

static void every_allocation_fails(void)
{
    tx_error error = {0};
    const size_t before = tx_memory_live();
    CU_ASSERT_EQUAL_FATAL(whole_life(&error), TX_OK);
    CU_ASSERT_EQUAL(tx_memory_live(), before);
    tx_status status = TX_FAILURE;
    long n = 1;
    for (; status == TX_FAILURE && n < 100000; n++) {
        error = (tx_error){0};
        tx_memory_fail_after(n);
        status = whole_life(&error);
        tx_memory_fail_after(-1);
        CU_ASSERT_EQUAL(tx_memory_live(), before);
        CU_ASSERT(status == TX_OK || !strncmp(error.message, "out of memory", 13));
    }
    CU_ASSERT_EQUAL(status, TX_OK);
    CU_ASSERT(n > 20); /* there was something to fail */
}

/* xorshift: the same mutilations every time. */
static uint64_t next_random(uint64_t *state)
{
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    return *state >> 11;
}

static void mutilate(char *text, size_t *length, size_t size, uint64_t *state)
{
    static const char *const pieces[] = {"\n", "  ",       ":",    ": ", "- ",     "[", "]",     "{",    "}",        "&a ",
                                         "*a", "<<: *a\n", "\"",   "'",  "|\n",    "#", "---\n", "null", "-1",       "1e400",
                                         "\t", "\xc3",     "type", "? ", "!!str ", ",", "\\",    "%",    "composite"};
    const size_t at = next_random(state) % (*length + 1), kind = next_random(state) % 3;
    if (kind == 0 && at < *length) { /* a piece is cut out */
        size_t cut = 1 + next_random(state) % 12;
        cut = cut > *length - at ? *length - at : cut;
        memmove(text + at, text + at + cut, *length - at - cut + 1);
        *length -= cut;
    } else if (kind == 1) {
        const char *piece = pieces[next_random(state) % (sizeof pieces / sizeof *pieces)];
        const size_t more = strlen(piece);
        if (*length + more + 1 < size) {
            memmove(text + at + more, text + at, *length - at + 1);
            memcpy(text + at, piece, more);
            *length += more;
        }
    } else if (at < *length) {
        text[at] = (char)(1 + next_random(state) % 255);
    }
}

static void mutilated_texts(void)
{
    enum { TRIES = 6000 };
    tx_registry *registry = fake_registry();
    uint64_t state = 88172645463325252u;
    const size_t before = tx_memory_live();
    int good = 0, bad = 0, unplaced = 0;
    for (int k = 0; k < TRIES; k++) {
        char text[4096];
        size_t length = strlen(fake_text);
        strcpy(text, fake_text);
        const int cuts = 1 + (int)(next_random(&state) % 3);
        for (int j = 0; j < cuts; j++) {
            mutilate(text, &length, sizeof text, &state);
        }
        fake_read read = fake_config(registry, text, 0, NULL);
        good += read.status == TX_OK;
        bad += read.status == TX_INVALID;
        unplaced +=
            read.status == TX_INVALID && (strncmp(read.error.message, "some/run.yaml:", 14) || strchr(read.error.message, '\n'));
        tx_config_destroy(read.config);
    }
    CU_ASSERT_EQUAL(good + bad, TRIES);
    CU_ASSERT(good > 0 && bad > 0);
    CU_ASSERT_EQUAL(unplaced, 0);
    CU_ASSERT_EQUAL(tx_memory_live(), before);
    tx_registry_destroy(registry);
}

static void mutilated_overrides(void)
{
    static const char *const sets[] = {"callbacks.1.configuration.type=supervised",
                                       "trainer.optimizer={type: adam, learning_rate: 1}", "network.key.seed=3"};
    tx_registry *registry = fake_registry();
    uint64_t state = 1234567;
    for (int k = 0; k < 3000; k++) {
        char text[256];
        strcpy(text, sets[k % 3]);
        size_t length = strlen(text);
        mutilate(text, &length, sizeof text, &state);
        const char *set = text;
        fake_read read = fake_config(registry, fake_text, 1, &set);
        CU_ASSERT(read.status == TX_OK || (read.status == TX_INVALID && !strchr(read.error.message, '\n')));
        tx_config_destroy(read.config);
    }
    tx_registry_destroy(registry);
}

int main(void)
{
    return suite_run("robust", (suite_test[]){{"every allocation fails", every_allocation_fails},
                                              {"mutilated texts", mutilated_texts},
                                              {"mutilated overrides", mutilated_overrides},
                                              {0}});
}
