/* What a scenario stands for, and what it is called. */
#include <string.h>

#include "base/memory.h"
#include "base/number.h"
#include "scenario/scenario.h"

#define COUNT(NAME, VALUE, MINIMUM, TEXT)                                                                                          \
    {                                                                                                                              \
        .name = NAME, .type = TX_TYPE_INTEGER, .initial = VALUE, .minimum = MINIMUM, .maximum = 1e9, .text = TEXT                  \
    }
#define WORDS(NAME, VALUE, TEXT)                                                                                                   \
    {                                                                                                                              \
        .name = NAME, .type = TX_TYPE_STRING, .initial = VALUE, .text = TEXT                                                       \
    }
#define SEED(NAME, VALUE, TEXT)                                                                                                    \
    {                                                                                                                              \
        .name = NAME, .type = TX_TYPE_INTEGER, .initial = VALUE, .text = TEXT                                                      \
    }
const tx_option tx_scenario_options[] = {
    WORDS("task", "predict", "predict | correct;parallel|sequential|sequential_with_bypass: a coarse stepper"),
    {.name = "net",
     .type = TX_TYPE_STRING,
     .initial = "\"Conv;34;10;relu\"",
     .kind = TX_KIND_NETWORK,
     .text = "the network, as its descriptor"},
    WORDS("train", "one", "one | sup;STEPS[;CUT_BPTT] | div;STEPS[;CUT_BPTT[;CUT_DIV_CHAIN]]"),
    SEED("seed", "0", "of the network's key and the shuffle key"),
    COUNT("num_spatial_dims", "1", 1, "axes"),
    COUNT("num_points", "160", 1, "grid points along each axis"),
    COUNT("num_channels", "1", 1, "of a state; of no effect where they are as many as axes"),
    TX_OPTION_STARTS("\"fourier;5;true;true\""),
    TX_OPTION_WARMUP("0"),
    COUNT("num_train_samples", "50", 1, "trajectories"),
    COUNT("train_temporal_horizon", "50", 1, "time steps of them"),
    SEED("train_seed", "0", "their key"),
    COUNT("num_test_samples", "30", 1, "held-out trajectories"),
    COUNT("test_temporal_horizon", "200", 1, "time steps of them"),
    SEED("test_seed", "773", "their key"),
    WORDS("optim_config", "\"adam;10_000;warmup_cosine;0.0;1e-3;2_000\"",
          "adam;STEPS;SCHEDULE, where SCHEDULE is constant;RATE | exp;INIT;TRANSITION_STEPS;DECAY_RATE;STAIRCASE | "
          "warmup_cosine;INIT;PEAK;WARMUP_STEPS"),
    COUNT("batch_size", "20", 1, "windows in a minibatch"),
    COUNT("num_trjs_returned", "1", 0, "held-out trajectories whose rollouts a study keeps"),
    COUNT("record_loss_every", "100", 1, "the loss is recorded at every n-th step"),
    TX_OPTION_VLIM("[-1.0, 1.0]"),
    TX_OPTION_METRICS("mean_nRMSE"),
    WORDS("callbacks", "\"\"", "at commas: net;EVERY | weight_norm;EVERY | metrics;EVERY | sample_rollout;EVERY"),
    TX_OPTION_NUMBER("coarse_proportion", "0.5", "what the coarse stepper has of the coefficients, or of the time step"),
    {0},
};

const tx_scenario_class *tx_scenario_class_of(const tx_section *scenario)
{
    return tx_section_component(scenario)->implementation;
}

bool tx_scenario_has_coarse(const tx_section *scenario)
{
    bool has = false;
    for (const tx_row *row = tx_scenario_class_of(scenario)->rows; row->argument; row++) {
        has = has || row->scaled;
    }
    return has;
}

/* ---- Checks ---- */

static tx_status check_dims(const tx_section *scenario, tx_error *error)
{
    const int *dims = tx_scenario_class_of(scenario)->dims;
    const int64_t given = tx_get_integer(scenario, "num_spatial_dims");
    const int low = dims[0] ? dims[0] : 1, high = dims[1] ? dims[1] : TX_MAX_AXES;
    if (given >= low && given <= high) {
        return TX_OK;
    }
    return low == high ? tx_section_error(scenario, "num_spatial_dims", error, TX_INVALID, "must be %d for %s, not %lld", low,
                                          tx_section_name(scenario), (long long)given)
                       : tx_section_error(scenario, "num_spatial_dims", error, TX_INVALID, "must be %d to %d for %s, not %lld", low,
                                          high, tx_section_name(scenario), (long long)given);
}

/* The default of an option of integers in a table. */
static const char *initial_of(const tx_section *scenario, const char *name)
{
    const tx_option *const tables[] = {tx_section_component(scenario)->options, tx_scenario_options};
    const char *initial = NULL;
    for (int t = 0; t < 2 && !initial; t++) {
        for (const tx_option *option = tables[t]; option->name && !initial; option++) {
            initial = strcmp(option->name, name) ? NULL : option->initial;
        }
    }
    return initial;
}

static tx_status check_fixed(const tx_section *scenario, tx_error *error)
{
    const char *const *fixed = tx_scenario_class_of(scenario)->fixed;
    for (int k = 0; fixed[k]; k++) {
        int64_t only = 0;
        const int64_t given = tx_get_integer(scenario, fixed[k]);
        if (tx_parse_integer(initial_of(scenario, fixed[k]), &only) && given != only) {
            return tx_section_error(scenario, fixed[k], error, TX_INVALID, "must be %lld for %s, not %lld", (long long)only,
                                    tx_section_name(scenario), (long long)given);
        }
    }
    return TX_OK;
}

static tx_status check_coarse(const tx_section *scenario, const char *option, tx_error *error)
{
    return tx_scenario_has_coarse(scenario)
               ? TX_OK
               : tx_section_error(scenario, option, error, TX_INVALID, "%s has no coarse stepper", tx_section_name(scenario));
}

/* ---- Sections ---- */

static void write_text(tx_buffer *text, const char *string, size_t length)
{
    tx_buffer_add(text, "'");
    for (size_t k = 0; k < length; k++) {
        tx_buffer_add(text, string[k] == '\'' ? "''" : "%c", string[k]);
    }
    tx_buffer_add(text, "'");
}

/* What the training data and the held-out ones differ in. */
typedef struct part {
    const char *samples, *horizon, *seed;
} part;

static tx_status write_data(const tx_section *scenario, const part *part, bool coarse, tx_buffer *text)
{
    const tx_scenario_class *class_ = tx_scenario_class_of(scenario);
    const long long dims = tx_get_integer(scenario, "num_spatial_dims");
    const long long channels = class_->channels == TX_AS_CHANNELS ? dims : tx_get_integer(scenario, "num_channels");
    tx_buffer_add(text, "data: {type: rollout, stepper: ");
    TX_TRY(tx_scenario_stepper(scenario, coarse, text));
    tx_buffer_add(text, ", initial_condition: ");
    if (class_->initial) {
        tx_buffer_add(text, "%s", class_->initial);
    } else {
        const char *starts = tx_get_string(scenario, "ic_config");
        write_text(text, starts, strlen(starts));
    }
    tx_buffer_add(text, ", num_spatial_dims: %lld, num_points: %lld, num_channels: %lld", dims,
                  (long long)tx_get_integer(scenario, "num_points"), channels);
    tx_buffer_add(text, ", num_samples: %lld, temporal_horizon: %lld, num_warmup_steps: %lld, key: %lld}\n",
                  (long long)tx_get_integer(scenario, part->samples), (long long)tx_get_integer(scenario, part->horizon) + 1,
                  (long long)tx_get_integer(scenario, "num_warmup_steps"), (long long)tx_get_integer(scenario, part->seed));
    return text->status;
}

static void write_metrics(const tx_section *scenario, tx_buffer *text)
{
    const char *rest = tx_get_string(scenario, "report_metrics"), *before = "  metrics: [";
    while (*rest) {
        rest += strspn(rest, " ,\t\r\n");
        size_t length = strcspn(rest, ",");
        const char *next = rest + length;
        while (length && strchr(" \t\r\n", rest[length - 1])) {
            length--;
        }
        tx_buffer_add(text, "%s", before);
        write_text(text, rest, length);
        before = ", ";
        rest = next;
    }
    tx_buffer_add(text, "]\n");
}

static tx_status write_evaluation(const tx_section *scenario, tx_buffer *text)
{
    static const part held_out = {"num_test_samples", "test_temporal_horizon", "test_seed"};
    tx_buffer_add(text, "evaluation:\n  ");
    TX_TRY(write_data(scenario, &held_out, false, text));
    write_metrics(scenario, text);
    return text->status;
}

static void write_key(const tx_section *scenario, const char *name, int index, tx_buffer *text)
{
    tx_buffer_add(text, "%s: {seed: %lld, split: 2, index: %d}", name, (long long)tx_get_integer(scenario, "seed"), index);
}

static tx_status write_network(const tx_section *scenario, tx_buffer *text)
{
    const char *net = tx_get_string(scenario, "net");
    tx_buffer_add(text, "network: ");
    const size_t before = text->length;
    TX_TRY(tx_words_task(scenario, text));
    const bool corrected = text->length > before;
    if (corrected) {
        TX_TRY(check_coarse(scenario, "task", text->error));
        tx_buffer_add(text, ", coarse_stepper: ");
        TX_TRY(tx_scenario_stepper(scenario, true, text));
        tx_buffer_add(text, ", network: ");
    }
    write_text(text, net, strlen(net));
    tx_buffer_add(text, corrected ? "}\n" : "\n");
    write_key(scenario, "network_key", 0, text);
    tx_buffer_add(text, "\n");
    return text->status;
}

static tx_status write_trainer(const tx_section *scenario, tx_buffer *text)
{
    tx_buffer_add(text, "trainer: {");
    TX_TRY(tx_words_train(scenario, text));
    tx_buffer_add(text, ", ref_stepper: ");
    TX_TRY(tx_scenario_stepper(scenario, false, text));
    tx_buffer_add(text, ", ");
    TX_TRY(tx_words_optimizer(scenario, text));
    tx_buffer_add(text, ", batch_size: %lld, record_loss_every: %lld, ", (long long)tx_get_integer(scenario, "batch_size"),
                  (long long)tx_get_integer(scenario, "record_loss_every"));
    write_key(scenario, "key", 1, text);
    tx_buffer_add(text, "}\n");
    return text->status;
}

static tx_status write_all(const tx_section *scenario, bool coarse, tx_buffer *text)
{
    static const part training = {"num_train_samples", "train_temporal_horizon", "train_seed"};
    TX_TRY(check_dims(scenario, text->error));
    TX_TRY(check_fixed(scenario, text->error));
    TX_TRY(coarse ? check_coarse(scenario, NULL, text->error) : TX_OK);
    TX_TRY(write_data(scenario, &training, coarse, text));
    TX_TRY(write_evaluation(scenario, text));
    TX_TRY(write_network(scenario, text));
    TX_TRY(write_trainer(scenario, text));
    tx_buffer_add(text, "callbacks: ");
    TX_TRY(tx_words_callbacks(scenario, text));
    tx_buffer_add(text, "\n");
    return text->status;
}

tx_status tx_scenario_expand(const tx_section *scenario, bool coarse, tx_error *error, char **out)
{
    tx_buffer text = {.error = error};
    const tx_status status = write_all(scenario, coarse, &text);
    if (status != TX_OK) {
        tx_free(text.data);
        return status;
    }
    return tx_buffer_finish(&text, out);
}

/* ---- Names ---- */

/* "0_2": orders whose coefficients are not 0. */
static tx_status write_orders(const tx_section *scenario, tx_buffer *text)
{
    double numbers[TX_MOST_ROW];
    int count;
    const char *before = "";
    TX_TRY(tx_row_numbers(scenario, tx_scenario_class_of(scenario)->rows, text->error, numbers, &count));
    for (int k = 0; k < count; k++) {
        if (numbers[k] != 0) {
            tx_buffer_add(text, "%s%d", before, k);
            before = "_";
        }
    }
    return TX_OK;
}

static tx_status write_name(const tx_section *scenario, tx_buffer *text)
{
    const tx_scenario_class *class_ = tx_scenario_class_of(scenario);
    const char *suffix = class_->suffix, *word = suffix && *suffix != '*' ? tx_get_word(scenario, suffix) : NULL;
    tx_buffer_add(text, "%lldd_%s", (long long)tx_get_integer(scenario, "num_spatial_dims"), class_->column);
    if (suffix && *suffix == '*') {
        return write_orders(scenario, text);
    }
    if (word) {
        tx_buffer_add(text, "%s", word);
    } else if (suffix) {
        tx_buffer_add(text, "%lld", (long long)tx_get_integer(scenario, suffix));
    }
    return TX_OK;
}

tx_status tx_scenario_name(const tx_section *scenario, tx_error *error, char **out)
{
    tx_buffer text = {.error = error};
    const tx_status status = write_name(scenario, &text);
    if (status != TX_OK) {
        tx_free(text.data);
        return status;
    }
    return tx_buffer_finish(&text, out);
}
