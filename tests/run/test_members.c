/* Members of one job: the bytes of each are those of its run alone, whatever the groups and ranks. ranks: 1 2 3 4 */
#include <string.h>

#include "base/memory.h"
#include "file/folder.h"
#include "parallel/job.h"
#include "run/members.h"
#include "suite.h"
#include "trainax/callback.h"
#include "trainax/data.h"
#include "trainax/trainax.h"
#include "training/configurations.h"

static tx_registry *registry;
static tx_parallel *parallel, *alone;
static int rank, size;

/* ---- Data that count what is read of them, and a callback that pulls the brake ---- */

static int64_t levels_read;
static const tx_data_class *advection_class;
static tx_data_class counted_class;
static tx_component counted = {.kind = TX_KIND_DATA, .name = "counted", .summary = "advection_1d_periodic, counted"};

static tx_status read_counted(tx_data_source *source, int64_t first, int64_t count, void *out, tx_error *error)
{
    levels_read += count;
    return advection_class->read(source, first, count, out, error);
}

static bool slow, pulls; /* steps that take their time; whether this rank pulls it, in its first step */
static volatile sig_atomic_t brake;

static tx_status observe(tx_callback *callback, const tx_observation *seen, tx_error *error, tx_cells cells)
{
    (void)callback, (void)seen, (void)error, (void)cells;
    brake |= pulls;
    usleep(slow ? 10000 : 0);
    return TX_OK;
}

static const tx_callback_class brake_class = {.observe = observe, .column = "braking"};
static const tx_component brake_component = {
    .kind = TX_KIND_CALLBACK, .name = "brake", .summary = "stops", .implementation = &brake_class};

static tx_status make_registry(void)
{
    TX_TRY(tx_registry_create_builtin(NULL, &registry));
    const tx_component *inner = tx_registry_find(registry, TX_KIND_DATA, "advection_1d_periodic");
    advection_class = inner->implementation;
    counted_class = *advection_class;
    counted_class.read = read_counted;
    counted.options = inner->options;
    counted.implementation = &counted_class;
    TX_TRY(tx_registry_add(registry, &counted, NULL));
    return tx_registry_add(registry, &brake_component, NULL);
}

/* ---- Members ---- */

enum { MEMBERS = 4, LEVELS = 5 * 20, STEPS = 20 };

/* Two keys and two learning rates, one of them beyond all bounds for one of them; another one is ended by its callback. */
static const struct {
    const char *overrides[2];
    tx_status end;
} members[MEMBERS] = {
    {{"network.key=1", "trainer.optimizer.learning_rate=1.0e-2"}, TX_OK},
    {{"network.key=2", "trainer.optimizer.learning_rate=3.0e+38"}, TX_DIVERGED},
    {{"network.key=2", "trainer.optimizer.learning_rate=0.3"}, TX_OK},
    {{"network.key=1", "trainer.key=7"}, TX_OK},
};

typedef struct setting {
    const char *data, *held_out, *placement, *network;
} setting;

static const setting plain = {
    "data={type: counted, num_points: 30, num_samples: 5, temporal_horizon: 20, key: 0}",
    "evaluation={}",
    "parallel.placement=sharded",
    "network.kernel_size=2",
};
static const setting others = {
    "data={type: counted, num_points: 30, num_samples: 5, temporal_horizon: 20, key: 0}",
    "evaluation={data: {type: counted, num_points: 30, num_samples: 3, temporal_horizon: 9, key: 1}}",
    "parallel.placement=replicated",
    "network.kernel_size=3",
};

static tx_config *make_config(const setting *setting, int member)
{
    static const char *const required[] = {"data", "network", "trainer", NULL};
    const char *const overrides[] = {setting->data,
                                     setting->held_out,
                                     setting->placement,
                                     setting->network,
                                     members[member].overrides[0],
                                     members[member].overrides[1],
                                     "output.checkpoint_interval=0",
                                     "output.checkpoint_every=12",
                                     "trainer.num_training_steps=20",
                                     "callbacks=[weight_norm, brake, {type: early_stopping, patience: 2, every: 5}]"};
    const tx_config_source source = {.name = "test.yaml",
                                     .text = advection,
                                     .overrides = overrides,
                                     .num_overrides = sizeof overrides / sizeof *overrides,
                                     .required = required};
    tx_config *config = NULL;
    tx_error error = {0};
    if (tx_config_create(registry, &source, &error, &config) != TX_OK) {
        CU_FAIL_FATAL(error.message);
    }
    return config;
}

/* All members of a setting, and folders for them: of the whole job, removed by rank 0. */
typedef struct ensemble {
    folder folder;
    tx_config *configs[MEMBERS];
    file_name runs[MEMBERS], references[MEMBERS];
    const char *directories[MEMBERS];
    tx_member_end ends[MEMBERS];
} ensemble;

static void ensemble_make(ensemble *e, const setting *setting)
{
    e->folder = rank == 0 ? folder_make() : (folder){0};
    CU_ASSERT_EQUAL_FATAL(tx_parallel_broadcast(parallel, &e->folder, sizeof e->folder, NULL), TX_OK);
    for (int k = 0; k < MEMBERS; k++) {
        char name[32];
        e->configs[k] = make_config(setting, k);
        snprintf(name, sizeof name, "alone_%d", k);
        e->references[k] = folder_file(&e->folder, name);
        snprintf(name, sizeof name, "member_%d", k);
        e->runs[k] = folder_file(&e->folder, name);
        e->directories[k] = e->runs[k].path;
    }
}

static void ensemble_remove(ensemble *e)
{
    CU_ASSERT_EQUAL(tx_parallel_barrier(parallel, NULL), TX_OK);
    if (rank == 0) {
        folder_remove(&e->folder);
    }
    for (int k = 0; k < MEMBERS; k++) {
        tx_config_destroy(e->configs[k]);
    }
}

static tx_status train(ensemble *e, int groups, tx_start start, tx_error *error)
{
    const tx_members all = {
        .count = MEMBERS, .configs = (const tx_config *const *)e->configs, .directories = e->directories, .groups = groups};
    const tx_train_options options = {.start = start, .stop = &brake};
    brake = 0;
    levels_read = 0;
    return tx_train_members(&all, parallel, &options, error, e->ends);
}

/* Each member in a job of its own, of one rank: what it must be. Rank 0's business. */
static void train_alone(const ensemble *e)
{
    brake = 0;
    for (int k = 0; rank == 0 && k < MEMBERS; k++) {
        const tx_train_options options = {.output = e->references[k].path};
        CU_ASSERT_EQUAL(tx_train(e->configs[k], alone, &options, NULL), members[k].end);
    }
}

/* ---- Bytes ---- */

/* Of two run directories, both or neither. */
static bool same_file(const char *a, const char *b, const char *name)
{
    static char one[1 << 18], other[1 << 18];
    char path[2][1000];
    snprintf(path[0], sizeof *path, "%s/%s", a, name);
    snprintf(path[1], sizeof *path, "%s/%s", b, name);
    const size_t bytes = file_read(path[0], one, sizeof one);
    return bytes < sizeof one && bytes == file_read(path[1], other, sizeof other) && memcmp(one, other, bytes) == 0 &&
           (bytes > 0 || (access(path[0], F_OK) && access(path[1], F_OK)));
}

static const char *const files[] = {"config.yaml", "history.csv", "checkpoint.h5", "network.h5", "best.h5"};

static void check_files(const ensemble *e)
{
    for (int k = 0; rank == 0 && k < MEMBERS; k++) {
        for (size_t f = 0; f < sizeof files / sizeof *files; f++) {
            const bool same = same_file(e->references[k].path, e->runs[k].path, files[f]);
            CU_ASSERT(same);
            if (!same) {
                printf("\n    member %d: %s differs from that of the run alone\n", k, files[f]);
            }
        }
    }
}

/* On all ranks. */
static void check_ends(const ensemble *e)
{
    bool early = false;
    for (int k = 0; k < MEMBERS; k++) {
        const tx_member_end end = e->ends[k];
        early |= end.status == TX_OK && end.steps < STEPS;
        CU_ASSERT_EQUAL(end.status, members[k].end);
        CU_ASSERT(end.status == TX_OK ? end.steps > 0 && end.steps <= STEPS : end.steps < STEPS);
    }
    CU_ASSERT(early);
}

/* ---- Tests ---- */

static void check_reading(int64_t once)
{
    int64_t levels = levels_read;
    CU_ASSERT_EQUAL(tx_parallel_sum(parallel, &levels, 1, NULL), TX_OK);
    CU_ASSERT_EQUAL(levels, once);
}

static void bytes_of(const setting *setting, int fewest_groups, int64_t levels)
{
    ensemble e;
    ensemble_make(&e, setting);
    train_alone(&e);
    for (int groups = fewest_groups; groups <= 4; groups *= 2) {
        CU_ASSERT_EQUAL(train(&e, groups, TX_START_OVERWRITE, NULL), TX_OK);
        check_ends(&e);
        check_files(&e);
        check_reading(levels);
    }
    CU_ASSERT_EQUAL(train(&e, 2, TX_START_RESUME, NULL), TX_OK); /* nothing is left to do, but for the one that cannot */
    check_ends(&e);
    check_files(&e);
    ensemble_remove(&e);
}

static void each_is_as_if_alone(void)
{
    bytes_of(&plain, 1, LEVELS);
}
static void held_out_data_are_read_once_too(void)
{
    bytes_of(&others, 2, size * LEVELS + 3 * 9);
}

static void regroup(int color)
{
    MPI_Comm machine;
    MPI_Comm_split(parallel->all, color, 0, &machine);
    CU_ASSERT_EQUAL_FATAL(tx_parallel_group(parallel, machine, NULL), TX_OK);
}

/* Made up from one: each group has ranks on both, or reads all that the other holds. */
static void from_other_machines(void)
{
    for (int turn = 0; size > 1 && turn < 2; turn++) {
        regroup(turn ? rank % 2 : 2 * rank / size);
        bytes_of(&plain, 4 / (turn + 1), LEVELS);
        regroup(0);
    }
}

/* One rank asks, in the first step that it makes: all stop, those that had begun with a checkpoint, and go on in other groups. */
static void a_stop_in_one_group(void)
{
    for (int last = 0; last < 2; last++) {
        ensemble e;
        int stopped = 0;
        ensemble_make(&e, &plain);
        train_alone(&e);
        slow = true;
        pulls = rank == (last ? size - 1 : 0);
        CU_ASSERT_EQUAL(train(&e, 3, TX_START_NEW, NULL), TX_OK);
        for (int k = 0; k < MEMBERS; k++) {
            const tx_member_end end = e.ends[k];
            stopped += end.status == TX_STOPPED;
            CU_ASSERT(end.status == TX_STOPPED || end.status == members[k].end);
        }
        CU_ASSERT(stopped >= 1);
        slow = pulls = false;
        CU_ASSERT_EQUAL(train(&e, 2, TX_START_RESUME, NULL), TX_OK);
        check_ends(&e);
        check_files(&e);
        ensemble_remove(&e);
    }
}

/* No run directory can be made where a file stands: the others are trained all the same, and all ranks are told. */
static void one_that_fails(void)
{
    ensemble e;
    tx_error error = {0};
    ensemble_make(&e, &plain);
    train_alone(&e);
    if (rank == 0) {
        file_write(e.runs[2].path, "mine", 4);
    }
    CU_ASSERT_EQUAL(tx_parallel_barrier(parallel, NULL), TX_OK);
    const tx_status status = train(&e, 2, TX_START_NEW, &error);
    CU_ASSERT(status == TX_INVALID || status == TX_BAD_DATA);
    CU_ASSERT_PTR_NOT_NULL(strstr(error.message, e.runs[2].path));
    for (int k = 0; k < MEMBERS; k++) {
        CU_ASSERT_EQUAL(e.ends[k].status, k == 2 ? status : members[k].end);
        CU_ASSERT(rank || k == 2 || same_file(e.references[k].path, e.runs[k].path, "checkpoint.h5"));
    }
    ensemble_remove(&e);
}

/* What no member may differ in, a member of which there can be no trainer, one for which there is no room: nothing begins. */
static void does_not_fit(int member, const setting *other, const char *message)
{
    ensemble e;
    ensemble_make(&e, &plain);
    tx_config_destroy(e.configs[member]);
    e.configs[member] = make_config(other, member);
    ASSERT_FAILS(train(&e, 2, TX_START_NEW, &error), TX_INVALID, message);
    CU_ASSERT(access(e.directories[0], F_OK) != 0);
    CU_ASSERT_EQUAL(levels_read, 0);
    ensemble_remove(&e);
}

static void misfits(void)
{
    setting wrong = plain, huge = plain;
    wrong.network = "network.in_channels=2";
    huge.network =
        "network={type: conv_net, num_spatial_dims: 1, in_channels: 1, out_channels: 1, hidden_channels: 500000, depth: 3}";
    does_not_fit(3, &others, "members of one job have one `evaluation`");
    does_not_fit(2, &wrong, "in_channels");
    does_not_fit(1, &huge, "this needs ");
}

/* One after another: as much as the largest alone, and nothing stays. */
static void memory_of_several_is_that_of_the_largest(void)
{
    setting large = plain;
    ensemble e;
    tx_memory_estimate estimate;
    large.network = "network={type: conv_net, num_spatial_dims: 1, in_channels: 1, out_channels: 1, hidden_channels: 64, depth: 6}";
    ensemble_make(&e, &plain);
    tx_config_destroy(e.configs[2]);
    e.configs[2] = make_config(&large, 2);
    CU_ASSERT_EQUAL_FATAL(tx_memory_predict(e.configs[2], size, NULL, &estimate), TX_OK);
    const size_t before = tx_memory_live();
    tx_memory_reset_peak();
    CU_ASSERT_EQUAL(train(&e, 1, TX_START_NEW, NULL), TX_OK);
    const double peak = (double)(tx_memory_peak() - before);
    CU_ASSERT(peak < 1.1 * (double)estimate.total);
    CU_ASSERT(size > 1 || peak > 0.8 * (double)estimate.total);
    CU_ASSERT_EQUAL(tx_memory_live(), before);
    ensemble_remove(&e);
}

/* The n-th allocation fails on one rank: nobody waits for ever, all are told the same, nothing is left. */
static void no_memory(void)
{
    const size_t before = tx_memory_live();
    for (int n = 0; n < 1200; n = n * 2 + 7) {
        ensemble e;
        tx_error error = {0};
        ensemble_make(&e, &others);
        tx_memory_fail_after(rank == size - 1 ? n : -1);
        const tx_status status = train(&e, 2, TX_START_NEW, &error);
        tx_memory_fail_after(-1);
        int64_t statuses[2] = {status, -(int64_t)status};
        CU_ASSERT_EQUAL(tx_parallel_max(parallel, statuses, 2, NULL), TX_OK);
        CU_ASSERT_EQUAL(statuses[0], -statuses[1]);
        CU_ASSERT(status == TX_OK || error.message[0]);
        ensemble_remove(&e);
        CU_ASSERT_EQUAL(tx_memory_live(), before);
    }
}

int main(void)
{
    static const suite_test tests[] = {{"each is as if alone", each_is_as_if_alone},
                                       {"held-out data are read once, too", held_out_data_are_read_once_too},
                                       {"from other machines", from_other_machines},
                                       {"a stop in one group", a_stop_in_one_group},
                                       {"one that fails", one_that_fails},
                                       {"misfits", misfits},
                                       {"memory of several is that of the largest", memory_of_several_is_that_of_the_largest},
                                       {"no memory", no_memory},
                                       {0}};
    if (make_registry() != TX_OK || tx_parallel_create(NULL, NULL, &parallel) != TX_OK) {
        return 1;
    }
    const MPI_Comm self = MPI_COMM_SELF;
    if (tx_parallel_create(tx_parallel_joined() ? &self : NULL, NULL, &alone) != TX_OK) {
        return 1;
    }
    rank = tx_parallel_rank(parallel);
    size = tx_parallel_size(parallel);
    const int code = suite_run("run/members", tests);
    tx_registry_destroy(registry);
    tx_parallel_destroy(alone);
    tx_parallel_destroy(parallel);
    return code;
}
