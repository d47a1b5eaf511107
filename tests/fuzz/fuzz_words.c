/* What is written in one line: numbers, sizes, times, slices, names of help, descriptors of networks, metrics. The first byte
 * chooses. */
#include "fuzz/fuzz.h"

#include "base/number.h"
#include "data/slice.h"
#include "trainax/metric.h"
#include "trainax/network.h"

static void fuzz_integer(const char *text)
{
    int64_t value;
    char back[32];
    if (tx_parse_integer(text, &value)) {
        int64_t again;
        snprintf(back, sizeof back, "%lld", (long long)value);
        FUZZ_CHECK(tx_parse_integer(back, &again) && again == value);
    }
}

static void fuzz_real(const char *text)
{
    double value;
    char back[64];
    if (tx_parse_real(text, &value)) {
        double again;
        snprintf(back, sizeof back, "%.17g", value);
        FUZZ_CHECK(tx_parse_real(back, &again) && (again == value || value != value));
    }
}

static void fuzz_bytes(const char *text)
{
    uint64_t value;
    (void)tx_parse_bytes(text, &value);
}

static void fuzz_duration(const char *text)
{
    double seconds;
    FUZZ_CHECK(!tx_parse_duration(text, &seconds) || seconds >= 0);
}

/* All that a slice chooses lies within the axis. */
static void fuzz_slice(const char *text)
{
    for (int64_t size = 0; size < 7; size++) {
        tx_slice slice;
        if (tx_slice_parse(text, size, &slice) && slice.count) {
            const int64_t last = slice.start + (slice.count - 1) * slice.step;
            FUZZ_CHECK(slice.count > 0 && slice.start >= 0 && slice.start < size && last >= 0 && last < size);
        }
    }
}

static void fuzz_help(const char *text)
{
    tx_error error = {0};
    char *help = NULL;
    fuzz_check_status(tx_registry_help(fuzz_registry(), text, 80, &error, &help), &error);
    tx_free(help);
}

/* What a descriptor stands for is YAML of a network. */
static void fuzz_descriptor(const char *text)
{
    tx_error error = {0};
    char section[4096];
    const tx_status status = tx_network_describe(text, sizeof section, section, &error);
    fuzz_check_status(status, &error);
    FUZZ_CHECK(status != TX_OK || strlen(section) < sizeof section);
}

static void fuzz_metric(const char *text)
{
    static const tx_shape states[] = {{2, 0, {0}}, {1, 1, {16}}, {2, 2, {8, 8}}, {1, 3, {4, 4, 4}}};
    for (size_t k = 0; k < sizeof states / sizeof *states; k++) {
        tx_error error = {0};
        tx_metrics *metrics = NULL;
        fuzz_check_status(tx_metrics_create(1, &text, states[k], TX_FLOAT32, &error, &metrics), &error);
        tx_metrics_destroy(metrics);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static void (*const targets[])(const char *) = {fuzz_integer, fuzz_real, fuzz_bytes,      fuzz_duration,
                                                    fuzz_slice,   fuzz_help, fuzz_descriptor, fuzz_metric};
    if (size == 0) {
        return 0;
    }
    (void)fuzz_registry();
    const size_t before = tx_memory_live(), target = *data++ % 8;
    size--;
    char *text = fuzz_text(&data, &size);
    targets[target](text);
    free(text);
    FUZZ_CHECK(tx_memory_live() == before);
    return 0;
}
