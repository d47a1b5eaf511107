/* The memory of a rank: what has to be there whatever is kept of a rollout, and the rest, into which its program is fitted. */
#include "base/memory.h"
#include "training/trainer.h"

/* Sums a thread: a 64-bit word or, exact in double, two for each element; then the sum itself. */
size_t tx_problem_reduction_bytes(const tx_problem *problem)
{
    const size_t count = (size_t)problem->network->num_parameters, leaves = (size_t)problem->network->num_leaves;
    const bool two = problem->reduction == TX_REDUCE_EXACT && problem->random.precision == TX_FLOAT64;
    const size_t thread = 8 * count * (two ? 2 : 1) + 16 * leaves + 1024;
    return (size_t)problem->threads * thread + count * tx_real_bytes(problem->random.precision) + 24 * leaves + 512;
}

size_t tx_problem_data_bytes(const tx_problem *problem, int num_ranks)
{
    const size_t level = (size_t)tx_data_level_size(&problem->data) * tx_real_bytes(problem->random.precision);
    const size_t levels = (size_t)(problem->data.num_trajectories * problem->data.num_levels);
    const size_t mine = problem->placement == TX_REPLICATED ? levels : (levels + (size_t)num_ranks - 1) / (size_t)num_ranks;
    return mine * level + 2 * (size_t)tx_problem_share(problem, num_ranks) * sizeof(void *);
}

/* Beside its arena. */
static size_t worker_bytes(const tx_problem *problem)
{
    const size_t real = tx_real_bytes(problem->random.precision), block = (size_t)problem->block;
    return (size_t)problem->network->num_parameters * real + block * (sizeof(double) + sizeof(void *) + 2 * real) + 1024;
}

static size_t fetch_bytes(const tx_problem *problem, int num_ranks)
{
    return 2 * (size_t)tx_problem_share(problem, num_ranks) * sizeof(int64_t);
}

/* Arenas and run list. */
static size_t program_bytes(const tx_problem *problem)
{
    const tx_program_cost cost = tx_program_get_cost(problem->loss.program);
    return (size_t)problem->threads * cost.arena_bytes + cost.shared_bytes;
}

static tx_status build_within(const tx_problem *problem, size_t memory, tx_error *error, tx_loss_program *out)
{
    tx_problem limited = *problem;
    limited.memory = memory;
    return tx_problem_program(&limited, problem->configuration, problem->trainer, problem->block, true, error, out);
}

tx_status tx_problem_states(const tx_problem *problem, tx_error *error, tx_trade *out)
{
    const tx_program_cost cost = tx_program_get_cost(problem->loss.program);
    tx_loss_program limited;
    if (cost.states.arena_bytes) {
        *out = cost.states;
        return TX_OK;
    }
    TX_TRY(build_within(problem, program_bytes(problem) - 1, error, &limited)); /* a byte less than everything */
    *out = tx_program_get_cost(limited.program).states;
    tx_program_destroy(limited.program);
    return TX_OK;
}

/* Room for what is small and differs from run to run: callbacks, the progress line, how memory was rounded. */
static const size_t small_things = 16 * 1024;

static tx_status too_little(const tx_problem *problem, size_t least, tx_error *error)
{
    return tx_section_error(tx_get_section(problem->root, "parallel"), "memory", error, TX_INVALID,
                            "too little: this run takes at least %zu KiB a rank", (least + 1023) / 1024 + 4);
}

/* Replaces the program by one that keeps less. */
static tx_status keep_less(tx_problem *problem, size_t fixed, size_t memory, tx_error *error)
{
    tx_loss_program limited;
    TX_TRY(build_within(problem, memory > fixed ? memory - fixed : 1, error, &limited));
    tx_program_destroy(problem->loss.program);
    problem->loss = limited;
    const size_t least = fixed + program_bytes(problem);
    return least <= memory ? TX_OK : too_little(problem, least, error);
}

tx_status tx_problem_fit(tx_problem *problem, size_t built, int num_ranks, tx_error *error)
{
    const tx_section *parallel = tx_get_section(problem->root, "parallel");
    if (tx_get_word(parallel, "memory")) {
        return TX_OK;
    }
    const size_t memory = (size_t)tx_get_bytes(parallel, "memory"),
                 run_list = tx_program_get_cost(problem->loss.program).shared_bytes;
    const size_t fixed = built - run_list + tx_problem_data_bytes(problem, num_ranks) + tx_problem_reduction_bytes(problem) +
                         fetch_bytes(problem, num_ranks) + small_things + (size_t)problem->threads * worker_bytes(problem);
    return fixed + program_bytes(problem) <= memory ? TX_OK : keep_less(problem, fixed, memory, error);
}

tx_memory_estimate tx_trainer_memory(const tx_trainer *trainer, int num_ranks)
{
    const tx_problem *problem = &trainer->problem;
    const size_t real = tx_real_bytes(problem->random.precision), count = (size_t)problem->network->num_parameters;
    const size_t copies = 2 + (size_t)problem->threads + 2 * (size_t)tx_optimizer_num_slots(trainer->optimizer);
    const size_t data = tx_problem_data_bytes(problem, num_ranks);
    const size_t reduction = tx_problem_reduction_bytes(problem);
    return (tx_memory_estimate){
        .data = data,
        .arena = tx_program_get_cost(problem->loss.program).arena_bytes,
        .parameters = copies * count * real + reduction,
        .total = sizeof *trainer + trainer->built + data + reduction,
    };
}
