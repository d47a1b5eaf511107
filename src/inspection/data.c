/* Data of any source in words: what they are, and what a pass over all numbers finds. */
#include "inspection/data.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/memory.h"
#include "data/open.h"
#include "data/statistics.h"

/* Numbers that are read without being asked for; more take too long. */
static const double MOST_BYTES = 0x1p30;

static tx_status add_shape(const tx_data_source *source, const char *name, tx_text *text, tx_error *error)
{
    const tx_data_shape *shape = &source->shape;
    const char *computed = source->setup.random.precision == TX_FLOAT32 ? "float32" : "float64";
    const char *type = source->stored_type ? source->stored_type : computed;
    TX_TRY(tx_text_add(text, error, "format: %s\ntrajectories: %" PRId64 "\nlevels: %" PRId64 "\nchannels: %" PRId64 "\n", name,
                       shape->num_trajectories, shape->num_levels, shape->state.channels));
    TX_TRY(tx_text_add(text, error, "shape: (%" PRId64 ", %" PRId64 ", %" PRId64, shape->num_trajectories, shape->num_levels,
                       shape->state.channels));
    for (int d = 0; d < shape->state.axes; d++) {
        TX_TRY(tx_text_add(text, error, ", %" PRId64, shape->state.n[d]));
    }
    TX_TRY(tx_text_add(text, error, ")\ntype: %s\n", type));
    return shape->dt != 0 ? tx_text_add(text, error, "dt: %.9g\n", shape->dt) : tx_text_add(text, error, "dt: unknown\n");
}

static tx_status add_names(const char *what, int64_t count, const char *const *names, bool counted, tx_text *text, tx_error *error)
{
    if (!count || (!names && !counted)) {
        return TX_OK;
    }
    TX_TRY(tx_text_add(text, error, "%s:", what));
    TX_TRY(counted ? tx_text_add(text, error, " %" PRId64, count) : TX_OK);
    for (int64_t k = 0; names && k < count; k++) {
        TX_TRY(tx_text_add(text, error, "%s%s%s", k ? ", " : counted ? " (" : " ", names[k], counted && k + 1 == count ? ")" : ""));
    }
    return tx_text_add(text, error, "\n");
}

static tx_status add_beside(const tx_data_source *source, tx_text *text, tx_error *error)
{
    const tx_data_shape *shape = &source->shape;
    int64_t least = shape->num_levels;
    TX_TRY(add_names("channel_names", shape->state.channels, source->channel_names, false, text, error));
    TX_TRY(add_names("parameters", source->parameters.count, source->parameters.names, true, text, error));
    TX_TRY(add_names("constant_fields", source->constants.count, source->constants.names, true, text, error));
    for (int64_t k = 0; shape->lengths && k < shape->num_trajectories; k++) {
        least = shape->lengths[k] < least ? shape->lengths[k] : least;
    }
    return shape->lengths ? tx_text_add(text, error, "lengths: %" PRId64 " to %" PRId64 "\n", least, shape->num_levels) : TX_OK;
}

static tx_status add_range(const tx_channel_statistics *all, int64_t channels, tx_text *text, tx_error *error)
{
    double least = (double)NAN, most = (double)NAN;
    int64_t not_finite = 0;
    for (int64_t k = 0; k < channels; k++) {
        least = fmin(least, all[k].least);
        most = fmax(most, all[k].most);
        not_finite += all[k].not_finite;
    }
    return tx_text_add(text, error, "range: %.9g to %.9g\nnon-finite values: %" PRId64 "\n", least, most, not_finite);
}

static tx_status add_channel(const tx_data_source *source, int64_t channel, const tx_channel_statistics *c, tx_text *text,
                             tx_error *error)
{
    TX_TRY(tx_text_add(text, error, "channel %" PRId64, channel));
    TX_TRY(source->channel_names ? tx_text_add(text, error, " (%s)", source->channel_names[channel]) : TX_OK);
    return tx_text_add(text, error,
                       ": min %.9g, max %.9g, mean %.9g, std %.9g, rms %.9g, std_delta %.9g, rms_delta %.9g, non-finite %" PRId64
                       "\n",
                       c->least, c->most, c->mean, c->std, c->rms, c->std_delta, c->rms_delta, c->not_finite);
}

static tx_status add_numbers(tx_data_source *source, bool statistics, tx_text *text, tx_error *error)
{
    const tx_data_shape *shape = &source->shape;
    const int64_t channels = shape->state.channels;
    const double bytes = (double)shape->num_trajectories * (double)shape->num_levels * (double)tx_data_level_size(shape) * 8;
    tx_channel_statistics *all;
    if (!statistics && bytes > MOST_BYTES) {
        return tx_text_add(text, error, "range: not read, for there are many numbers (--statistics reads all)\n");
    }
    TX_TRY(tx_allocate_array((size_t)channels, sizeof *all, error, &all));
    tx_status status = tx_data_statistics(NULL, source, false, statistics, error, all);
    status = status ? status : add_range(all, channels, text, error);
    for (int64_t k = 0; statistics && status == TX_OK && k < channels; k++) {
        status = add_channel(source, k, &all[k], text, error);
    }
    tx_free(all);
    return status;
}

tx_status tx_inspect_source(tx_data_source *source, const char *name, bool statistics, tx_text *text, tx_error *error)
{
    TX_TRY(name ? add_shape(source, name, text, error) : TX_OK);
    TX_TRY(add_beside(source, text, error));
    return add_numbers(source, statistics, text, error);
}

static tx_status describe(const tx_registry *registry, const char *name, const char *path, const char *options, bool statistics,
                          tx_text *text, tx_error *error)
{
    tx_opened opened;
    TX_TRY(tx_data_open(registry, name ? name : "file", path, options, TX_FLOAT64, error, &opened));
    const tx_status status = tx_inspect_source(opened.source, name, statistics, text, error);
    tx_data_close(&opened);
    return status;
}

/* The words of an option `split` without a default: data hold several then, each of them to be told. NULL: there is none. */
static const char *splits_of(const tx_registry *registry, const char *name)
{
    const tx_component *source = name ? tx_registry_find(registry, TX_KIND_DATA, name) : NULL;
    const tx_option *option = source ? source->options : NULL;
    while (option && option->name && strcmp(option->name, "split") != 0) {
        option++;
    }
    return option && option->name && strcmp(option->initial, "null") == 0 ? option->words : NULL;
}

tx_status tx_inspect_data(const tx_registry *registry, const char *name, const char *path, bool statistics, tx_text *text,
                          tx_error *error)
{
    const char *words = splits_of(registry, name);
    int told = 0;
    while (words && *words) {
        const int length = (int)strcspn(words, " ");
        char options[64];
        tx_error local = {0};
        tx_text found = {0};
        snprintf(options, sizeof options, "split: %.*s", length, words);
        tx_status status = describe(registry, name, path, options, statistics, &found, &local);
        if (status == TX_OK) {
            status = tx_text_add(text, error, "%s\n%s", options, found.data);
            told++;
        }
        tx_free(found.data);
        TX_TRY(status && status != TX_INVALID ? tx_error_set(error, status, "%s", local.message) : TX_OK);
        words += length + (words[length] == ' ');
    }
    return told ? TX_OK : describe(registry, name, path, "", statistics, text, error);
}
