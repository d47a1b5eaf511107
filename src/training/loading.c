/* Data for all members of a job: loaded once it is known that the largest member has room beside them. */
#include "training/trainer.h"

/* ---- Is it the same for all? ---- */

static tx_status check_same(const tx_section *first, const tx_section *other, tx_error *error)
{
    static const char *const sections[] = {"data", "evaluation", "random", "parallel"};
    bool same = tx_problem_random(first).precision == tx_problem_random(other).precision;
    const char *what = "precision";
    for (size_t k = 0; same && k < sizeof sections / sizeof *sections; k++) {
        what = sections[k];
        TX_TRY(tx_shared_same(tx_get_section(first, what), tx_get_section(other, what), error, &same));
    }
    return same ? TX_OK : tx_section_error(other, what, error, TX_INVALID, "members of one job have one `%s`", what);
}

/* ---- Room for the largest ---- */

/* What a network reads beside its training data it reads beside held-out ones, too, whenever it is evaluated. */
static void raise_numbers(tx_shared *shared, const tx_trainer *trainer)
{
    const int64_t data = tx_trainer_numbers(trainer), callbacks = tx_trainer_held_out_numbers(trainer);
    const int64_t held_out = data > callbacks ? data : callbacks;
    shared->data.numbers = data > shared->data.numbers ? data : shared->data.numbers;
    shared->held_out.numbers = held_out > shared->held_out.numbers ? held_out : shared->held_out.numbers;
}

/* The trainer that takes most, planned for this group: this rank's to destroy, on failure too. */
static tx_status plan_largest(tx_shared *shared, int count, const tx_config *const *configs, tx_parallel *group, tx_error *error,
                              tx_trainer **out)
{
    const int num_ranks = tx_parallel_size(group);
    for (int k = 0; k < count; k++) {
        tx_trainer *trainer;
        TX_TRY(check_same(tx_config_root(configs[0]), tx_config_root(configs[k]), error));
        TX_TRY(tx_trainer_plan(configs[k], shared, num_ranks, error, &trainer));
        raise_numbers(shared, trainer);
        const bool larger = !*out || tx_trainer_memory(trainer, num_ranks).total > tx_trainer_memory(*out, num_ranks).total;
        tx_trainer_destroy(larger ? *out : trainer);
        *out = larger ? trainer : *out;
    }
    (*out)->parallel = group;
    (*out)->own.data.numbers = shared->data.numbers;
    (*out)->own.held_out.numbers = shared->held_out.numbers;
    return TX_OK;
}

static tx_status check_room(const tx_trainer *largest, const tx_log *log, tx_error *error)
{
    const tx_budget budget = tx_trainer_own_budget(largest);
    return tx_budget_check(largest->shared->parallel, &budget, largest->problem.root, log, tx_trainer_advise, largest, error);
}

static tx_status make_room(tx_shared *shared, int count, const tx_config *const *configs, tx_parallel *group, const tx_log *log,
                           tx_error *error)
{
    tx_trainer *largest = NULL;
    tx_status status = plan_largest(shared, count, configs, group, error, &largest);
    status = tx_parallel_agree(shared->parallel, status, error);
    status = status ? status : check_room(largest, log, error);
    tx_trainer_destroy(largest);
    return status;
}

/* ---- Loading ---- */

/* What is trained on, and, where the configurations name them, what is held out. */
typedef struct sources {
    tx_data_source *data, *held_out;
} sources;

static tx_status open_sources(tx_shared *shared, const tx_section *root, tx_error *error, sources *out)
{
    tx_parallel *parallel = shared->parallel;
    const tx_data_setup setup = tx_problem_data_setup(root, tx_backend_isa(shared->backend));
    const tx_section *evaluation = tx_get_section(root, "evaluation");
    const int num_ranks = tx_parallel_size(parallel);
    TX_TRY(tx_data_source_open(parallel, tx_get_section(root, "data"), setup, error, &out->data));
    shared->data = tx_shared_data_of(out->data, tx_problem_placement(root), num_ranks);
    if (evaluation && tx_has(evaluation, "data")) {
        TX_TRY(tx_data_source_open(parallel, tx_get_section(evaluation, "data"), setup, error, &out->held_out));
        shared->held_out = tx_shared_data_of(out->held_out, TX_SHARDED, num_ranks);
    }
    return TX_OK;
}

static tx_status load(tx_shared *shared, const sources *from, tx_placement placement, tx_error *error)
{
    TX_TRY(tx_dataset_load(shared->parallel, from->data, placement, error, &shared->data.dataset));
    TX_TRY(tx_dataset_need(shared->parallel, shared->data.dataset, from->data, shared->data.numbers, error));
    shared->data.shape = shared->data.dataset->shape; /* whose lengths stay */
    if (from->held_out) {
        const tx_status mine = tx_data_source_inherit(from->held_out, &shared->data.dataset->normalization, error);
        TX_TRY(tx_parallel_agree(shared->parallel, mine, error));
        TX_TRY(tx_dataset_load(shared->parallel, from->held_out, TX_SHARDED, error, &shared->held_out.dataset));
        TX_TRY(tx_dataset_need(shared->parallel, shared->held_out.dataset, from->held_out, shared->held_out.numbers, error));
        shared->held_out.shape = shared->held_out.dataset->shape;
    }
    return TX_OK;
}

tx_status tx_shared_create(tx_parallel *parallel, int count, const tx_config *const *configs, tx_parallel *group, const tx_log *log,
                           tx_error *error, tx_shared *out)
{
    const tx_section *root = tx_config_root(configs[0]);
    tx_shared shared = {.parallel = parallel, .opened = true};
    sources from = {0};
    TX_TRY(tx_agree_backend(parallel, root, error, &shared.backend));
    tx_status status = open_sources(&shared, root, error, &from);
    status = status ? status : make_room(&shared, count, configs, group, log, error);
    status = status ? status : load(&shared, &from, tx_problem_placement(root), error);
    tx_data_source_destroy(from.data);
    tx_data_source_destroy(from.held_out);
    if (status != TX_OK) {
        tx_shared_destroy(&shared);
        return status;
    }
    *out = shared;
    return TX_OK;
}
