/* `normalize`: which numbers data are shifted and divided by, and where these come from. */
#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "base/memory.h"
#include "base/real.h"
#include "data/statistics.h"

/* What data are divided by is at least this, as The Well has it. */
static const double LEAST = 1e-4;

static tx_status allocate(int64_t channels, tx_error *error, tx_normalization *out)
{
    TX_TRY(tx_allocate_array(2 * (size_t)channels, sizeof(double), error, &out->mean));
    out->std = out->mean + channels;
    out->channels = channels;
    return TX_OK;
}

tx_status tx_normalization_copy(const tx_normalization *from, tx_error *error, tx_normalization *out)
{
    *out = (tx_normalization){0};
    if (from->mean) {
        TX_TRY(allocate(from->channels, error, out));
        memcpy(out->mean, from->mean, 2 * (size_t)from->channels * sizeof(double));
    }
    return TX_OK;
}

void tx_normalization_free(tx_normalization *normalization)
{
    tx_free(normalization->mean);
    *normalization = (tx_normalization){0};
}

tx_status tx_data_source_inherit(tx_data_source *source, const tx_normalization *normalization, tx_error *error)
{
    const int64_t channels = source->shape.state.channels;
    if (tx_has(source->section, "normalize") || !normalization->mean) {
        return TX_OK;
    }
    return channels == normalization->channels
               ? tx_normalization_copy(normalization, error, &source->normalization)
               : tx_section_error(source->section, NULL, error, TX_INVALID,
                                  "%" PRId64 " channels, but the normalization of the run's data is of %" PRId64, channels,
                                  normalization->channels);
}

/* ---- Where they come from ---- */

static tx_status read_numbers(const tx_data_source *source, const tx_section *section, const char *option, double *out,
                              tx_error *error)
{
    const double *numbers;
    const int count = tx_get_reals(section, option, &numbers);
    if (count != source->shape.state.channels) {
        return tx_section_error(section, option, error, TX_INVALID, "%d number%s, but the data have %" PRId64 " channel%s", count,
                                count == 1 ? "" : "s", source->shape.state.channels, source->shape.state.channels == 1 ? "" : "s");
    }
    memcpy(out, numbers, (size_t)count * sizeof *out);
    return TX_OK;
}

static tx_status read_given(tx_data_source *source, const tx_section *section, tx_error *error)
{
    TX_TRY(allocate(source->shape.state.channels, error, &source->normalization));
    TX_TRY(read_numbers(source, section, "mean", source->normalization.mean, error));
    return read_numbers(source, section, "std", source->normalization.std, error);
}

static tx_status compute(tx_parallel *parallel, tx_data_source *source, bool rms, double *mean, double *std, tx_error *error)
{
    const int64_t channels = source->shape.state.channels;
    tx_channel_statistics *all = NULL;
    tx_status status = tx_allocate_array((size_t)channels, sizeof *all, error, &all);
    status = tx_parallel_agree(parallel, status, error);
    status = status ? status : tx_data_statistics(parallel, source, true, false, error, all);
    for (int64_t k = 0; status == TX_OK && k < channels; k++) {
        mean[k] = rms ? 0.0 : all[k].mean;
        std[k] = rms ? all[k].rms : all[k].std;
    }
    tx_free(all);
    return status;
}

/* The source delivers numbers as they come, until it has these. */
static tx_status find(tx_parallel *parallel, tx_data_source *source, bool rms, tx_error *error)
{
    tx_normalization found = {0};
    TX_TRY(tx_parallel_agree(parallel, allocate(source->shape.state.channels, error, &found), error));
    const tx_status status =
        source->class_->statistics
            ? tx_parallel_agree(parallel, source->class_->statistics(source, rms, found.mean, found.std, error), error)
            : compute(parallel, source, rms, found.mean, found.std, error);
    if (status != TX_OK) {
        tx_normalization_free(&found);
        return status;
    }
    source->normalization = found;
    return TX_OK;
}

tx_status tx_data_source_settle(tx_parallel *parallel, tx_data_source *source, tx_error *error)
{
    const tx_section *given = tx_get_section(source->section, "normalize");
    const char *word = tx_get_word(source->section, "normalize");
    if (source->settled) {
        return TX_OK;
    }
    TX_TRY(source->inner ? tx_data_source_settle(parallel, source->inner, error) : TX_OK);
    if (given) {
        TX_TRY(tx_parallel_agree(parallel, read_given(source, given, error), error));
    } else if (word && strcmp(word, "none") != 0) {
        TX_TRY(find(parallel, source, strcmp(word, "rms") == 0, error));
    }
    if (source->normalization.mean) {
        const tx_precision precision = source->setup.random.precision;
        const int64_t channels = source->shape.state.channels;
        tx_statistics_round(precision, -(double)INFINITY, channels, source->normalization.mean);
        tx_statistics_round(precision, LEAST, channels, source->normalization.std);
    }
    source->settled = true;
    return TX_OK;
}

static const tx_option options[] = {
    {.name = "mean", .type = TX_TYPE_REALS, .initial = NULL, .unit = "", .text = "of each channel: what is taken away"},
    {.name = "std",
     .type = TX_TYPE_REALS,
     .initial = NULL,
     .unit = "",
     .maximum = (double)INFINITY,
     .text = "of each channel: what that is divided by (1e-4 at least)"},
    {0},
};

const tx_component tx_section_normalization = {
    .kind = TX_KIND_SECTION,
    .name = "normalization",
    .summary = "units of the data: (x - mean)/std",
    .options = options,
};
