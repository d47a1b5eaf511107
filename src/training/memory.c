/* The memory of a trainer on one rank: what has to be there whatever is kept of a rollout, and the rest, into which its program is
 * fitted. All of it is known from the plan, before any is taken. */
#include <stdio.h>

#include "base/memory.h"
#include "history/history.h"
#include "parallel/machine.h"
#include "training/trainer.h"

/* ---- What it takes ---- */

/* A 64-bit word or, exact in double, two for each element. */
static size_t sum_bytes(const tx_problem *problem)
{
    const bool two = problem->reduction == TX_REDUCE_EXACT && problem->random.precision == TX_FLOAT64;
    return 8 * (size_t)problem->network->num_parameters * (two ? 2 : 1);
}

/* Sums a thread, then the sum itself. */
static size_t reduction_bytes(const tx_problem *problem)
{
    const size_t leaves = (size_t)problem->network->num_leaves;
    return (size_t)problem->threads * (sum_bytes(problem) + 16 * leaves + 1024) + tx_parameter_bytes(problem) + 24 * leaves + 512;
}

/* In the first sum over several ranks, its memory and what replaces it, which neighbours share. */
static size_t moving_bytes(const tx_problem *problem, int num_ranks)
{
    return num_ranks == 1 ? 0 : sum_bytes(problem) + tx_parameter_bytes(problem);
}

/* A thread's gradient and losses of a block. */
static size_t worker_bytes(const tx_problem *problem)
{
    return tx_parameter_bytes(problem) + (size_t)problem->block * sizeof(double) + sizeof(tx_worker) + 256;
}

static size_t parameter_bytes(const tx_trainer *trainer, int num_ranks)
{
    const tx_problem *problem = &trainer->problem;
    const tx_member *member = &trainer->member;
    const size_t parameters = tx_parameter_bytes(problem);
    const size_t bytes = 2 * parameters + tx_best_bytes(&member->best, parameters) +
                         tx_trained_bytes(&member->trained, member->answers.asked != 0) + tx_average_bytes(&member->average) +
                         tx_optimizer_bytes(member->optimizer, num_ranks) + reduction_bytes(problem) +
                         moving_bytes(problem, num_ranks) + (size_t)problem->threads * worker_bytes(problem) +
                         tx_plan_get_cost(problem->loss.plan).room_bytes + tx_programs_room_bytes(&member->programs) +
                         tx_answers_room_bytes(&member->answers, problem, num_ranks);
    const int more = tx_programs_need_gradients(&member->programs) + tx_answers_sum_gradients(&member->answers);
    return bytes + (size_t)more * reduction_bytes(problem);
}

/* Answers about rows are those of all threads, whoever has a block. */
static size_t activation_bytes(const tx_trainer *trainer, int num_ranks)
{
    const tx_problem *problem = &trainer->problem;
    const size_t bytes = tx_plan_get_cost(problem->loss.plan).workspace_bytes +
                         tx_programs_workspace_bytes(&trainer->member.programs) + sizeof(tx_workspace *);
    return (size_t)tx_problem_runners(problem, num_ranks) * bytes +
           (size_t)problem->threads * tx_answers_workspace_bytes(&trainer->member.answers);
}

static size_t more_blocks(const tx_problem *problem, int num_ranks)
{
    return (size_t)(tx_problem_blocks_at_once(problem, num_ranks) - 1);
}

/* What programs take for the blocks that run at once, but for the first. */
static size_t more_activation_bytes(const tx_trainer *trainer, int num_ranks)
{
    const tx_problem *problem = &trainer->problem;
    const size_t block = tx_plan_get_cost(problem->loss.plan).block_bytes + tx_programs_block_bytes(&trainer->member.programs) +
                         tx_answers_block_bytes(&trainer->member.answers);
    return more_blocks(problem, num_ranks) * block;
}

/* And workers: gradients, and losses of each. */
static size_t more_worker_bytes(const tx_problem *problem, int num_ranks)
{
    return (size_t)(tx_problem_gradients_at_once(problem, num_ranks) - 1) * tx_parameter_bytes(problem) +
           more_blocks(problem, num_ranks) * (size_t)problem->block * sizeof(double);
}

static int64_t most(int64_t a, int64_t b)
{
    return a > b ? a : b;
}

int64_t tx_trainer_numbers(const tx_trainer *trainer)
{
    const tx_member *member = &trainer->member;
    const int64_t own = most(tx_plan_numbers(trainer->problem.loss.plan), tx_programs_numbers(&member->programs)),
                  more = most(tx_answers_numbers(&member->answers),
                              member->held_out.shares_data ? tx_held_out_numbers(&member->held_out) : 0);
    return most(own, more);
}

int64_t tx_trainer_held_out_numbers(const tx_trainer *trainer)
{
    const bool jobs = trainer->shared->held_out.shape.num_trajectories && !trainer->member.held_out.shares_data;
    return jobs ? tx_held_out_numbers(&trainer->member.held_out) : 0;
}

/* A copy of a step's windows, where they are changed. */
static size_t changed_bytes(const tx_trainer *trainer, int64_t share)
{
    const tx_fetching *fetching = &trainer->member.fetching;
    const int64_t numbers = most(trainer->shared->data.numbers, tx_trainer_numbers(trainer));
    return tx_changes_bytes(&fetching->changes, share, fetching->levels, numbers);
}

/* Of a step's windows and the next one's: where they begin, where they lie, and themselves where they come from other machines. */
static size_t fetch_bytes(const tx_trainer *trainer, int num_ranks)
{
    const tx_problem *problem = &trainer->problem;
    const tx_parallel *holders = trainer->shared->parallel;
    const bool gathers =
        holders && problem->placement == TX_SHARDED && tx_parallel_machine_size(holders) < tx_parallel_size(holders);
    const size_t level = (size_t)tx_data_level_size(&problem->data) * tx_real_bytes(problem->random.precision);
    const size_t window = gathers || problem->windows.stride[1] > 1
                              ? (size_t)trainer->member.fetching.levels * (level + sizeof(void *))
                              : 0; /* and what MPI is asked for it */
    const int64_t share = tx_problem_share(problem, num_ranks);
    return 2 * (size_t)share * (sizeof(int64_t) + sizeof(void *) + window) + changed_bytes(trainer, share);
}

/* The tables of these, and pointers into them for the windows of two steps. */
static size_t beside_bytes(const tx_trainer *trainer, int num_ranks)
{
    const tx_shared_data *data = &trainer->shared->data;
    const int64_t numbers = most(data->numbers, tx_trainer_numbers(trainer));
    const size_t pointers = numbers ? 2 * (size_t)tx_problem_share(&trainer->problem, num_ranks) * sizeof(void *) : 0;
    return tx_beside_bytes(&data->shape, trainer->problem.random.precision, numbers) + pointers;
}

static size_t held_out_bytes(const tx_trainer *trainer)
{
    const tx_shared_data *data = &trainer->shared->held_out;
    const int64_t numbers = most(data->numbers, tx_trainer_held_out_numbers(trainer));
    return tx_held_out_bytes(&trainer->member.held_out) + data->bytes + data->loading +
           tx_beside_bytes(&data->shape, trainer->problem.random.precision, numbers);
}

/* Room for what is small and differs from run to run: callbacks, the progress line, how memory was rounded. */
enum { SMALL_THINGS = 16 * 1024 };

/* Of the host and of a device together. */
static tx_budget whole_budget(const tx_trainer *trainer, int num_ranks)
{
    const tx_problem *problem = &trainer->problem;
    const tx_shared_data *data = &trainer->shared->data;
    tx_budget budget = {.bytes = {[TX_USE_ACTIVATIONS] = activation_bytes(trainer, num_ranks) +
                                                         more_activation_bytes(trainer, num_ranks) +
                                                         more_worker_bytes(problem, num_ranks),
                                  [TX_USE_PARAMETERS] = parameter_bytes(trainer, num_ranks),
                                  [TX_USE_HELD_OUT] = held_out_bytes(trainer)}};
    const size_t later = tx_budget_total(&budget); /* than the data are loaded */
    const size_t loading = data->loading > later ? data->loading - later : 0;
    budget.bytes[TX_USE_DATA] = data->bytes + beside_bytes(trainer, num_ranks) + fetch_bytes(trainer, num_ranks) +
                                tx_mixer_bytes(problem->windows.count) + loading;
    const size_t plans = trainer->planned * (tx_configuration_has_stages(problem->configuration) ? 2 : 1);
    budget.bytes[TX_USE_REST] = plans + tx_history_bytes(trainer->member.callbacks.num_columns) + SMALL_THINGS;
    budget.taken = trainer->planned;
    return budget;
}

/* What the loss's program takes of a device is not the host's, unless it is. */
tx_budget tx_trainer_budget(const tx_trainer *trainer, int num_ranks)
{
    const tx_problem *problem = &trainer->problem;
    const tx_plan_cost cost = tx_plan_get_cost(problem->loss.plan);
    tx_budget budget = whole_budget(trainer, num_ranks);
    if (tx_backend_is_apart(problem->backend)) {
        budget.bytes[TX_USE_ACTIVATIONS] -= cost.device_bytes + more_blocks(problem, num_ranks) * cost.more_device;
        budget.bytes[TX_USE_PARAMETERS] -= cost.room_bytes;
    }
    return budget;
}

size_t tx_trainer_device_bytes(const tx_trainer *trainer, int num_ranks)
{
    const tx_plan *plan = trainer->problem.loss.plan;
    return tx_plan_get_cost(plan).device_bytes == 0
               ? 0
               : activation_bytes(trainer, num_ranks) + more_activation_bytes(trainer, num_ranks) +
                     tx_plan_get_cost(plan).room_bytes + tx_programs_room_bytes(&trainer->member.programs);
}

/* Whoever has no block of its own has no arena either, be it that it helps somebody who has. */
tx_budget tx_trainer_own_budget(const tx_trainer *trainer)
{
    const tx_problem *problem = &trainer->problem;
    tx_budget budget = tx_trainer_budget(trainer, tx_parallel_size(trainer->parallel));
    if (!tx_parallel_is_busy(trainer->parallel, tx_problem_blocks(problem)) && !tx_backend_is_apart(problem->backend)) {
        budget.bytes[TX_USE_ACTIVATIONS] -= tx_plan_get_cost(problem->loss.plan).arena_bytes;
    }
    return budget;
}

/* Of an array: its numbers, unless they are written from where they lie, and what HDF5 puts around them. */
static size_t stored_bytes(size_t bytes)
{
    enum { AROUND = 4096 };
    return AROUND + (bytes < TX_FILE_REFERRED ? bytes : 0);
}

size_t tx_trainer_image_bytes(const tx_trainer *trainer)
{
    enum { LEAST = 1 << 19 };
    const tx_problem *problem = &trainer->problem;
    const tx_optimizer *optimizer = trainer->member.optimizer;
    size_t bytes = LEAST;
    for (int k = 0; k < problem->network->num_leaves; k++) {
        bytes += stored_bytes((size_t)problem->network->leaves[k].size * tx_real_bytes(problem->random.precision));
    }
    for (int k = 0; k < tx_optimizer_num_arrays(optimizer); k++) {
        bytes += stored_bytes(tx_state_array_bytes(tx_optimizer_array(optimizer, k), optimizer->precision));
    }
    bytes += stored_bytes(tx_average_bytes(&trainer->member.average) / 2);
    return 2 * bytes;
}

tx_memory_estimate tx_trainer_memory(const tx_trainer *trainer, int num_ranks)
{
    const tx_budget budget = tx_trainer_budget(trainer, num_ranks);
    return (tx_memory_estimate){
        .data = trainer->shared->data.bytes,
        .arena = tx_plan_get_cost(trainer->problem.loss.plan).arena_bytes,
        .parameters = budget.bytes[TX_USE_PARAMETERS],
        .total = tx_budget_total(&budget),
    };
}

/* ---- Within a limit ---- */

static tx_status build_within(const tx_problem *problem, size_t memory, tx_error *error, tx_loss_plan *out)
{
    tx_problem limited = *problem;
    limited.memory = memory;
    return tx_problem_plan(&limited, problem->configuration, &problem->physics, problem->block, true, error, out);
}

/* Arenas, packed weights, instructions: what a limit of a plan is for. */
static size_t program_bytes(const tx_plan *plan, int arenas)
{
    const tx_plan_cost cost = plan ? tx_plan_get_cost(plan) : (tx_plan_cost){0};
    return (size_t)arenas * cost.arena_bytes + cost.shared_bytes;
}

static int arenas_of(const tx_problem *problem)
{
    return problem->arenas ? problem->arenas : problem->threads;
}

tx_status tx_problem_states(const tx_problem *problem, tx_error *error, tx_trade *out)
{
    const tx_plan_cost cost = tx_plan_get_cost(problem->loss.plan);
    tx_loss_plan limited;
    if (cost.states.arena_bytes) {
        *out = cost.states;
        return TX_OK;
    }
    TX_TRY(build_within(problem, program_bytes(problem->loss.plan, arenas_of(problem)) - 1, error,
                        &limited)); /* a byte less than everything */
    *out = tx_plan_get_cost(limited.plan).states;
    tx_plan_destroy(limited.plan);
    return TX_OK;
}

/* What plans of equal length may differ by, in tables and in how their memory is rounded. */
enum { ROUNDING = 4096 };

/* What computes gradients, and may keep less: the loss's program, and those of what the optimizer asks. */
static const tx_question limited[] = {TX_QUESTION_JACOBIAN, TX_QUESTION_ADJOINT_PRODUCT};
enum { NUM_LIMITED = sizeof limited / sizeof *limited };
typedef struct keeping {
    tx_loss_plan loss;
    tx_residual_plan answers[NUM_LIMITED]; /* plan NULL: nobody asks */
} keeping;

static void destroy_keeping(keeping *keeping)
{
    tx_plan_destroy(keeping->loss.plan);
    for (int k = 0; k < NUM_LIMITED; k++) {
        tx_residual_plan_destroy(&keeping->answers[k]);
    }
}

static keeping keeping_of(const tx_trainer *trainer)
{
    keeping keeping = {.loss = trainer->problem.loss};
    for (int k = 0; k < NUM_LIMITED; k++) {
        keeping.answers[k] = trainer->member.answers.answer[limited[k]].planned;
    }
    return keeping;
}

static size_t answer_bytes(const tx_problem *problem, const keeping *keeping, int k)
{
    const int arenas = tx_question_is_summed(limited[k]) ? arenas_of(problem) : problem->threads;
    return program_bytes(keeping->answers[k].plan, arenas);
}

static size_t keeping_bytes(const tx_problem *problem, const keeping *keeping)
{
    size_t bytes = program_bytes(keeping->loss.plan, arenas_of(problem));
    for (int k = 0; k < NUM_LIMITED; k++) {
        bytes += answer_bytes(problem, keeping, k);
    }
    return bytes;
}

static size_t all_program_bytes(const tx_trainer *trainer)
{
    const keeping now = keeping_of(trainer);
    return keeping_bytes(&trainer->problem, &now);
}

/* What parallel.memory is a limit of: all, on a device with memory of its own but for the data, which stay on the host. */
static size_t limited_bytes(const tx_trainer *trainer, int num_ranks)
{
    tx_budget budget = whole_budget(trainer, num_ranks);
    if (tx_backend_is_apart(trainer->problem.backend)) {
        budget.bytes[TX_USE_DATA] = budget.bytes[TX_USE_HELD_OUT] = 0;
    }
    return tx_budget_total(&budget);
}

/* What there is beside these programs. */
static size_t fixed_bytes(const tx_trainer *trainer, int num_ranks)
{
    return limited_bytes(trainer, num_ranks) - all_program_bytes(trainer) + ROUNDING;
}

/* Each gets the share of the memory that it would take of all. */
static tx_status build_shares(const tx_trainer *trainer, size_t memory, tx_error *error, keeping *out)
{
    const tx_problem *problem = &trainer->problem;
    const keeping now = keeping_of(trainer);
    const double share = (double)memory / (double)keeping_bytes(problem, &now);
    size_t left = memory;
    for (int k = 0; k < NUM_LIMITED; k++) {
        const size_t part = (size_t)(share * (double)answer_bytes(problem, &now, k));
        TX_TRY(tx_answers_plan_within(&trainer->member.answers, problem, limited[k], part + 1, error, &out->answers[k]));
        left -= part;
    }
    return build_within(problem, left, error, &out->loss);
}

static tx_status build(const tx_trainer *trainer, size_t memory, tx_error *error, keeping *out)
{
    keeping less = {0};
    const tx_status status = build_shares(trainer, memory, error, &less);
    if (status != TX_OK) {
        destroy_keeping(&less);
        return status;
    }
    *out = less;
    return TX_OK;
}

/* The programs that keep as much as fits; where a share is too small for one, the least of all. */
static tx_status keep_less(const tx_trainer *trainer, int num_ranks, size_t memory, tx_error *error, keeping *out)
{
    const size_t fixed = fixed_bytes(trainer, num_ranks), left = memory > fixed ? memory - fixed : 1;
    TX_TRY(build(trainer, left, error, out));
    if (keeping_bytes(&trainer->problem, out) <= left) {
        return TX_OK;
    }
    destroy_keeping(out);
    return build(trainer, 1, error, out);
}

/* Instead of those that keep everything. */
static void replace(tx_trainer *trainer, const keeping *less)
{
    tx_plan_destroy(trainer->problem.loss.plan);
    trainer->problem.loss = less->loss;
    for (int k = 0; k < NUM_LIMITED; k++) {
        tx_residual_plan *planned = &trainer->member.answers.answer[limited[k]].planned;
        tx_residual_plan_destroy(planned);
        *planned = less->answers[k];
    }
}

tx_status tx_trainer_fit(tx_trainer *trainer, int num_ranks, tx_error *error)
{
    tx_problem *problem = &trainer->problem;
    problem->arenas = tx_problem_runners(problem, num_ranks) * tx_problem_blocks_at_once(problem, num_ranks);
    const tx_section *parallel = tx_get_section(problem->root, "parallel");
    const size_t memory = tx_get_word(parallel, "memory") ? SIZE_MAX : (size_t)tx_get_bytes(parallel, "memory");
    const size_t fixed = fixed_bytes(trainer, num_ranks), before = tx_memory_live();
    keeping less;
    if (limited_bytes(trainer, num_ranks) <= memory) {
        return TX_OK;
    }
    TX_TRY(keep_less(trainer, num_ranks, memory, error, &less));
    replace(trainer, &less);
    trainer->planned += tx_memory_live() - before; /* may be less */
    const size_t least = fixed + all_program_bytes(trainer);
    return least <= memory
               ? TX_OK
               : tx_section_error(parallel, "memory", error, TX_INVALID, "too little: this run takes at least %zu KiB a rank",
                                  (least + ROUNDING + 1023) / 1024);
}

/* ---- Where there is not enough ---- */

tx_status tx_trainer_check_device(const tx_trainer *trainer, int num_ranks, tx_error *error)
{
    const tx_problem *problem = &trainer->problem;
    const size_t needed = tx_trainer_device_bytes(trainer, num_ranks);
    size_t room;
    if (needed == 0) {
        return TX_OK;
    }
    TX_TRY(tx_backend_room(problem->backend, error, &room));
    return needed <= room ? TX_OK
                          : tx_section_error(tx_get_section(problem->root, "parallel"), "device", error, TX_INVALID,
                                             "a rank takes about %zu MiB of %s, which has %zu MiB: with less parallel.memory "
                                             "activations are computed again",
                                             needed >> 20, tx_backend_computer(problem->backend), room >> 20);
}

static bool fits_within(const tx_trainer *trainer, int num_ranks, size_t memory)
{
    tx_error ignored = {0};
    keeping less;
    if (keep_less(trainer, num_ranks, memory, &ignored, &less) != TX_OK) {
        return false;
    }
    const bool fits = fixed_bytes(trainer, num_ranks) + keeping_bytes(&trainer->problem, &less) <= memory;
    destroy_keeping(&less);
    return fits;
}

/* Threads have arenas, gradients and sums of their own. */
static bool fits_with_one_thread(const tx_trainer *trainer, int num_ranks, double memory)
{
    tx_trainer single = *trainer;
    single.problem.threads = 1;
    return (double)tx_trainer_memory(&single, num_ranks).total <= memory;
}

void tx_trainer_advise(const void *object, double allowed, char *text, size_t size)
{
    const tx_trainer *trainer = object;
    const int num_ranks = tx_parallel_size(trainer->parallel);
    const double memory = allowed + (double)trainer->planned, mebibytes = (double)((int64_t)memory >> 20);
    if (mebibytes >= 1 && fits_within(trainer, num_ranks, (size_t)mebibytes << 20)) {
        snprintf(text, size, "parallel.memory: %.0f MiB is enough, activations are then computed again", mebibytes);
    } else if (fits_with_one_thread(trainer, num_ranks, memory)) {
        snprintf(text, size, "fewer parallel.threads take less");
    }
}
