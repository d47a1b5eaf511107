/* A configuration, and behind a zero an override: whatever is accepted has a resolved form that reads back to the same. */
#include "fuzz/fuzz.h"

static void check_written(const tx_config *config)
{
    char *text = NULL;
    tx_config *again = NULL;
    tx_error error = {0};
    FUZZ_CHECK(tx_section_write(tx_config_root(config), &error, &text) == TX_OK);
    if (tx_section_read(fuzz_registry(), TX_KIND_RUN, "run", text, &error, &again) != TX_OK) {
        fprintf(stderr, "%s\n%s", error.message, text);
        abort();
    }
    FUZZ_CHECK(tx_section_same_run(tx_config_root(again), tx_config_root(config), &error) == TX_OK);
    tx_config_destroy(again);
    tx_free(text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    tx_registry *registry = fuzz_registry();
    const size_t before = tx_memory_live();
    char *text = fuzz_text(&data, &size), *override = fuzz_text(&data, &size);
    const char *const overrides[] = {override};
    const tx_config_source source = {.name = "run.yaml", .text = text, .overrides = overrides, .num_overrides = *override != '\0'};
    tx_error error = {0};
    tx_config *config = NULL;
    const tx_status status = tx_config_create(registry, &source, &error, &config);
    fuzz_check_status(status, &error);
    if (status == TX_OK) {
        check_written(config);
    }
    tx_config_destroy(config);
    free(text);
    free(override);
    FUZZ_CHECK(tx_memory_live() == before);
    return 0;
}
