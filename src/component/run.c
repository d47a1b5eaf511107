/* The whole configuration file and its sections of fixed shape, as tables. Trainax's names and defaults; the options of the
 * trainer's configuration (num_rollout_steps, cut_bptt, …) stand with the configurations. */
#include "component/run.h"

#include <math.h>
#include <string.h>

#include "component/registry.h"

static const tx_option run_options[] = {
    {.name = "precision",
     .type = TX_TYPE_WORD,
     .initial = "float32",
     .words = "float32 float64",
     .text = "arithmetic and width of random draws; float64 is JAX with jax_enable_x64"},
    {.name = "random",
     .type = TX_TYPE_SECTION,
     .initial = "{}",
     .kind = TX_KIND_SECTION,
     .fixed = "random",
     .text = "random streams"},
    {.name = "scenario",
     .type = TX_TYPE_SECTION,
     .initial = "null",
     .kind = TX_KIND_SCENARIO,
     .text =
         "one of APEBench's: stands for data, evaluation, network, trainer and callbacks; what is written beside it goes before"},
    {.name = "data",
     .type = TX_TYPE_SECTION,
     .initial = "null",
     .kind = TX_KIND_DATA,
     .may_differ = true, /* compared by content */
     .text = "reference trajectories"},
    {.name = "network",
     .type = TX_TYPE_SECTION,
     .initial = "null",
     .kind = TX_KIND_NETWORK,
     .may_be_incomplete = true,
     .text = "the emulator that is trained"},
    {.name = "network_key",
     .type = TX_TYPE_KEY,
     .initial = "null",
     .text = "key of a network that is written as its APEBench descriptor"},
    {.name = "network_parameters",
     .type = TX_TYPE_PATH,
     .initial = "null",
     .text = "a network file that such a network takes its initial parameters from, instead of the key"},
    {.name = "trainer",
     .type = TX_TYPE_SECTION,
     .initial = "null",
     .kind = TX_KIND_SECTION,
     .fixed = "trainer",
     .may_be_incomplete = true,
     .text = "what is minimised, and how"},
    {.name = "callbacks",
     .type = TX_TYPE_SECTIONS,
     .initial = "[]",
     .kind = TX_KIND_CALLBACK,
     .alias = "callback",
     .or_one = true,
     .may_be_incomplete = true,
     .text = "what is observed during training"},
    {.name = "ensemble",
     .type = TX_TYPE_SECTION,
     .initial = "null",
     .kind = TX_KIND_SECTION,
     .fixed = "ensemble",
     .may_differ = true, /* each member is compared */
     .text = "several trainings in one job"},
    {.name = "output",
     .type = TX_TYPE_SECTION,
     .initial = "{}",
     .kind = TX_KIND_SECTION,
     .fixed = "output",
     .may_differ = true,
     .text = "run directory and checkpoints"},
    {.name = "parallel",
     .type = TX_TYPE_SECTION,
     .initial = "{}",
     .kind = TX_KIND_SECTION,
     .fixed = "parallel",
     .text = "how the work is spread"},
    {.name = "evaluation",
     .type = TX_TYPE_SECTION,
     .initial = "null",
     .kind = TX_KIND_SECTION,
     .fixed = "evaluation",
     .text = "held-out data"},
    {.name = "baselines",
     .type = TX_TYPE_SECTIONS,
     .initial = "null",
     .kind = TX_KIND_BASELINE,
     .may_differ = true,
     .text = "linear emulators that `trainax baseline` fits; if absent persistence, ridge and dmd with auto, and on spatial axes "
             "spectral"},
    {0},
};

const tx_component tx_run = {
    .kind = TX_KIND_RUN,
    .name = "run",
    .summary = "a whole configuration file",
    .options = run_options,
};

static const tx_option random_options[] = {
    {.name = "stream",
     .type = TX_TYPE_WORD,
     .initial = "jax_partitionable",
     .words = "jax_partitionable jax_legacy",
     .text = "layout of the threefry streams; jax_legacy is JAX's default before 0.5"},
    {0},
};

const tx_component tx_section_random = {
    .kind = TX_KIND_SECTION,
    .name = "random",
    .summary = "random streams",
    .options = random_options,
};

static const tx_option trainer_options[] = {
    {.name = "type",
     .type = TX_TYPE_INLINE,
     .initial = "supervised",
     .kind = TX_KIND_CONFIGURATION,
     .alias = "loss_configuration",
     .text = "configuration; its own options stand beside it"},
    {.name = "num_training_steps",
     .type = TX_TYPE_INTEGER,
     .unit = "steps",
     .minimum = 0,
     .maximum = 1e15,
     .may_differ = true,
     .alias = "num_minibatches",
     .text = "updates of the parameters; 0 writes the initial ones"},
    {.name = "batch_size", .type = TX_TYPE_INTEGER, .unit = "windows", .minimum = 1, .text = "windows in a minibatch"},
    {.name = "optimizer", .type = TX_TYPE_SECTION, .kind = TX_KIND_OPTIMIZER, .text = "makes updates of gradients"},
    {.name = "key", .type = TX_TYPE_KEY, .alias = "shuffle_key", .text = "shuffles the windows"},
    {.name = "record_loss_every",
     .type = TX_TYPE_INTEGER,
     .initial = "1",
     .unit = "steps",
     .minimum = 1,
     .text = "the loss is recorded at every n-th step"},
    {.name = "do_sub_stacking",
     .type = TX_TYPE_BOOLEAN,
     .initial = "true",
     .text = "cut all windows of a trajectory, not its first alone"},
    {.name = "time_level_loss",
     .type = TX_TYPE_SECTION,
     .initial = "mse",
     .kind = TX_KIND_LOSS,
     .alias = "loss",
     .text = "compares two states at one time level"},
    {.name = "ref_stepper",
     .type = TX_TYPE_SECTION,
     .initial = "null",
     .kind = TX_KIND_STEPPER,
     .text = "reference stepper of the diverted chains and the mix chain"},
    {.name = "residuum_fn",
     .type = TX_TYPE_SECTION,
     .initial = "null",
     .kind = TX_KIND_RESIDUUM,
     .text = "condition between two states, for the residuum configuration: a residuum, or a stepper P for next - P(prev)"},
    {.name = "accumulate_grad_batches",
     .type = TX_TYPE_INTEGER,
     .initial = "1",
     .unit = "steps",
     .minimum = 1,
     .text = "minibatches whose mean gradient makes an update, as optax.MultiSteps; each is a training step"},
    {.name = "freeze",
     .type = TX_TYPE_STRINGS,
     .initial = "null",
     .text = "names of leaves that stay as they are; * stands for any characters, ? for one"},
    {.name = "ema",
     .type = TX_TYPE_SECTION,
     .initial = "null",
     .kind = TX_KIND_SECTION,
     .fixed = "ema",
     .text = "a running mean of the parameters, as optax.ema: network_ema.h5, and what metrics, early_stopping and best.h5 see"},
    {.name = "input_noise",
     .type = TX_TYPE_SECTION,
     .initial = "null",
     .kind = TX_KIND_SECTION,
     .fixed = "input_noise",
     .text = "noise on the states that the network is given first, drawn anew for each window and step"},
    {.name = "augmentation",
     .type = TX_TYPE_SECTIONS,
     .initial = "[]",
     .kind = TX_KIND_AUGMENTATION,
     .alias = "augmentations",
     .or_one = true,
     .text = "symmetries of the grid that windows are moved by, one behind the other, drawn anew for each window and step"},
    {0},
};

const tx_component tx_section_trainer = {
    .kind = TX_KIND_SECTION,
    .name = "trainer",
    .summary = "what is minimised, and how",
    .options = trainer_options,
};

static const tx_option ema_options[] = {
    {.name = "decay", .type = TX_TYPE_REAL, .minimum = 0, .maximum = 1, .text = "of what went before, at each update; below 1"},
    {0},
};

const tx_component tx_section_ema = {
    .kind = TX_KIND_SECTION,
    .name = "ema",
    .summary = "a running mean of the parameters",
    .options = ema_options,
};

static const tx_option input_noise_options[] = {
    {.name = "std", .type = TX_TYPE_REALS, .maximum = INFINITY, .text = "its standard deviation, one number or one a channel"},
    {.name = "per_channel", .type = TX_TYPE_BOOLEAN, .initial = "false", .text = "in parts of each channel's standard deviation"},
    {0},
};

const tx_component tx_section_input_noise = {
    .kind = TX_KIND_SECTION,
    .name = "input_noise",
    .summary = "normal noise on given states",
    .options = input_noise_options,
};

static const tx_option output_options[] = {
    {.name = "directory",
     .type = TX_TYPE_OUTPUT_PATH,
     .initial = "null",
     .may_differ = true,
     .text = "run directory, relative to where the command runs; runs/<name of the file> if absent"},
    {.name = "checkpoint_every",
     .type = TX_TYPE_INTEGER,
     .initial = "0",
     .unit = "steps",
     .minimum = 0,
     .maximum = INFINITY,
     .may_differ = true,
     .text = "0: only at the end and on a signal"},
    {.name = "checkpoint_interval",
     .type = TX_TYPE_REAL,
     .initial = "10",
     .unit = "minutes",
     .minimum = 0,
     .maximum = INFINITY,
     .may_differ = true,
     .text = "0: only at the end and on a signal"},
    {0},
};

const tx_component tx_section_output = {
    .kind = TX_KIND_SECTION,
    .name = "output",
    .summary = "run directory and checkpoints",
    .options = output_options,
};

static const tx_option parallel_options[] = {
    {.name = "reduction",
     .type = TX_TYPE_WORD,
     .initial = "exact",
     .words = "exact plain",
     .text = "exact: the same bits on any number of ranks and threads"},
    {.name = "placement",
     .type = TX_TYPE_WORD,
     .initial = "sharded",
     .words = "sharded replicated",
     .may_differ = true,
     .text = "sharded: each trajectory is stored once in the job; replicated: every rank has all"},
    {.name = "threads",
     .type = TX_TYPE_INTEGER,
     .initial = "1",
     .minimum = 1,
     .maximum = 1024,
     .may_differ = true,
     .text = "threads of a rank"},
    {.name = "memory",
     .type = TX_TYPE_BYTES,
     .initial = "unlimited",
     .words = "unlimited",
     .may_differ = true,
     .text = "of a rank, such as 512 MiB; within it activations are computed again; unlimited: as much as is free"},
    {.name = "block",
     .type = TX_TYPE_INTEGER,
     .initial = "auto",
     .unit = "windows",
     .words = "auto",
     .minimum = 1,
     .maximum = 1 << 20,
     .text = "windows computed together; auto depends on the problem alone"},
    {.name = "backend",
     .type = TX_TYPE_WORD,
     .initial = "cpu",
     .words = "cpu opencl",
     .may_differ = true,
     .text = "cpu: this machine's cores; opencl: a device (`trainax list devices`), to rounding the same numbers"},
    {.name = "device",
     .type = TX_TYPE_STRING,
     .initial = "auto",
     .may_differ = true,
     .text = "of opencl: its number in `trainax list devices`, or part of its name; auto: devices are dealt out over a machine's "
             "ranks"},
    {0},
};

const tx_component tx_section_parallel = {
    .kind = TX_KIND_SECTION,
    .name = "parallel",
    .summary = "how the work is spread over ranks and threads",
    .options = parallel_options,
};

static const tx_option evaluation_options[] = {
    {.name = "data",
     .type = TX_TYPE_SECTION,
     .initial = "null",
     .kind = TX_KIND_DATA,
     .may_differ = true, /* likewise */
     .text = "held-out trajectories; the run's if absent"},
    {.name = "metrics", .type = TX_TYPE_STRINGS, .initial = "[mean_nRMSE]", .kind = TX_KIND_METRIC, .text = "APEBench's names"},
    {.name = "num_steps",
     .type = TX_TYPE_INTEGER,
     .initial = "null",
     .unit = "steps",
     .minimum = 1,
     .text = "all levels if absent"},
    {0},
};

const tx_component tx_section_evaluation = {
    .kind = TX_KIND_SECTION,
    .name = "evaluation",
    .summary = "held-out data and the metrics on it",
    .options = evaluation_options,
};

static const tx_option callback_options[] = {
    {.name = "every", .type = TX_TYPE_INTEGER, .initial = "1", .unit = "steps", .minimum = 1, .text = "runs at every n-th step"},
    {.name = "name", .type = TX_TYPE_STRING, .initial = "null", .text = "name of its column in history.csv"},
    {0},
};
static const tx_option data_options[] = {
    {.name = "dt", .type = TX_TYPE_REAL, .initial = "null", .above_minimum = true, .text = "spacing of the stored levels in time"},
    {.name = "samples", .type = TX_TYPE_STRING, .initial = "':'", .unit = "Python slice", .text = "which trajectories"},
    {.name = "levels", .type = TX_TYPE_STRING, .initial = "':'", .unit = "Python slice", .text = "which time levels"},
    {.name = "points",
     .type = TX_TYPE_STRING,
     .initial = "':'",
     .unit = "Python slice",
     .text = "which points, along every spatial axis"},
    {.name = "normalize",
     .type = TX_TYPE_SECTION,
     .initial = "null",
     .kind = TX_KIND_SECTION,
     .fixed = "normalization",
     .words = "none zscore rms",
     .text = "units: zscore (x - mean)/std, rms x/rms, of each channel over all data; held-out data take those of the run's data"},
    {.name = "dt_stride",
     .type = TX_TYPE_INTEGERS,
     .initial = "1",
     .unit = "levels",
     .minimum = 1,
     .maximum = 1e9,
     .text = "windows take every k-th level: k, or a range [low, high] from which each window draws one at every step"},
    {0},
};
static const tx_option baseline_options[] = {
    {.name = "name", .type = TX_TYPE_STRING, .initial = "null", .text = "of its file and its columns; its type if absent"},
    {0},
};

const tx_option *tx_kind_options(tx_kind kind)
{
    static const struct {
        tx_kind kind;
        const tx_option *options;
    } shared[] = {{TX_KIND_CALLBACK, callback_options}, {TX_KIND_DATA, data_options}, {TX_KIND_BASELINE, baseline_options}};
    const tx_option *options = NULL;
    for (size_t k = 0; k < sizeof shared / sizeof *shared; k++) {
        options = shared[k].kind == kind ? shared[k].options : options;
    }
    return options;
}

tx_status tx_run_directory(tx_pool *pool, const char *file, tx_error *error, const char **out)
{
    const char *slash = strrchr(file, '/'), *name = slash ? slash + 1 : file;
    const char *dot = strrchr(name, '.');
    const int length = (int)(dot && dot != name ? (size_t)(dot - name) : strlen(name));
    return tx_pool_format(pool, error, out, "runs/%.*s", length, name);
}

tx_status tx_run_complete(tx_config *config, tx_section *root)
{
    const tx_value *output = tx_section_find(root, "output");
    tx_value *directory = output ? tx_section_find(output->section, "directory") : NULL;
    if (!directory || directory->form != TX_FORM_NULL) {
        return TX_OK;
    }
    const char *name;
    TX_TRY(tx_run_directory(&config->pool, config->name, config->error, &name));
    TX_TRY(tx_pool_format(&config->pool, config->error, &directory->text, "%s/%s", config->here, name));
    directory->form = TX_FORM_OWN;
    return TX_OK;
}
