/* The plans of a task's answers: which question needs which, and what they take. */
#include "training/answers.h"

#include "base/memory.h"
#include "base/real.h"

/* A question, who asks it, and what of the residuals answers it. */
static const struct question {
    unsigned asks;
    bool summed; /* over ranks, by the workers */
    tx_plan_options wanted;
} questions[TX_QUESTION_COUNT] = {
    [TX_QUESTION_VALUE] = {.asks = TX_ASKS_VALUE, .summed = true},
    [TX_QUESTION_RESIDUALS] = {.asks = TX_ASKS_ROWS | TX_ASKS_RESIDUALS},
    [TX_QUESTION_JACOBIAN] = {.asks = TX_ASKS_ROWS, .wanted = {.seeded = true, .apart = true}},
    [TX_QUESTION_PRODUCT] = {.asks = TX_ASKS_PRODUCT, .wanted = {.tangents = true}},
    [TX_QUESTION_ADJOINT_PRODUCT] = {.asks = TX_ASKS_ADJOINT_PRODUCT, .summed = true, .wanted = {.seeded = true}},
};

bool tx_question_is_summed(tx_question question)
{
    return questions[question].summed;
}

bool tx_answers_sum_gradients(const tx_answers *answers)
{
    return answers->asked & (TX_ASKS_GRADIENT | TX_ASKS_ADJOINT_PRODUCT);
}

/* ---- Planning ---- */

static tx_status plan_value(const tx_problem *problem, tx_error *error, tx_residual_plan *out)
{
    tx_loss_plan loss;
    TX_TRY(tx_problem_plan(problem, problem->configuration, &problem->physics, problem->block, false, error, &loss));
    *out = (tx_residual_plan){.plan = loss.plan};
    return TX_OK;
}

/* Rows are lanes as samples are, but there are more of them. */
static tx_status choose_block(const tx_answers *answers, const tx_problem *problem, tx_question question, tx_error *error, int *out)
{
    const tx_network *network = problem->network;
    *out = problem->block;
    return question == TX_QUESTION_JACOBIAN
               ? tx_step_block(network, problem->backend, answers->rows * problem->batch_size, error, out)
               : TX_OK;
}

static tx_status plan_residuals(const tx_answers *answers, const tx_problem *problem, const char *asker, tx_question question,
                                size_t memory, tx_error *error, tx_residual_plan *out)
{
    tx_plan_options wanted = questions[question].wanted;
    wanted.block = answers->answer[question].block;
    wanted.memory = memory;
    wanted.arenas = questions[question].summed ? problem->arenas : problem->threads;
    return tx_residual_plan_create(problem, asker, &wanted, error, out);
}

tx_status tx_answers_plan(tx_answers *answers, const tx_problem *problem, const char *asker, unsigned asked, tx_error *error)
{
    answers->asked |= asked;
    for (int k = 0; k < TX_QUESTION_COUNT; k++) {
        tx_answer *answer = &answers->answer[k];
        if (!(asked & questions[k].asks) || answer->planned.plan) {
            continue;
        }
        TX_TRY(choose_block(answers, problem, (tx_question)k, error, &answer->block));
        TX_TRY(k == TX_QUESTION_VALUE ? plan_value(problem, error, &answer->planned)
                                      : plan_residuals(answers, problem, asker, (tx_question)k, 0, error, &answer->planned));
        answers->rows = answer->planned.rows ? answer->planned.rows : answers->rows;
    }
    return TX_OK;
}

tx_status tx_answers_plan_within(const tx_answers *answers, const tx_problem *problem, tx_question question, size_t memory,
                                 tx_error *error, tx_residual_plan *out)
{
    const bool limited = answers->answer[question].planned.plan && questions[question].wanted.seeded;
    return limited ? plan_residuals(answers, problem, "", question, memory, error, out) : TX_OK;
}

/* ---- What they take ---- */

static size_t table_size(const tx_residual_plan *plan, int block)
{
    return (size_t)plan->num_outputs * ((size_t)block + 2);
}

/* Pointers of one thread, for questions about whole samples. */
static size_t most_pointers(const tx_answers *answers)
{
    const tx_answer *residuals = &answers->answer[TX_QUESTION_RESIDUALS], *product = &answers->answer[TX_QUESTION_PRODUCT];
    const size_t some = table_size(&residuals->planned, residuals->block), other = table_size(&product->planned, product->block);
    return some > other ? some : other;
}

typedef struct scratch {
    size_t unit, edges, lanes, tables, seeds;
} scratch;

static scratch scratch_of(const tx_answers *answers, const tx_problem *problem, int num_ranks)
{
    const size_t rows = (size_t)answers->rows * tx_real_bytes(problem->random.precision);
    const bool jacobian = answers->asked & TX_ASKS_ROWS, seeded = answers->asked & TX_ASKS_ADJOINT_PRODUCT,
               some = answers->asked & (TX_ASKS_ROWS | TX_ASKS_RESIDUALS | TX_ASKS_PRODUCT);
    return (scratch){
        .unit = jacobian ? 2 * rows : 0,
        .edges = some ? 2 * rows : 0,
        .lanes = (size_t)problem->threads * (size_t)answers->answer[TX_QUESTION_JACOBIAN].block * tx_parameter_bytes(problem),
        .tables = (size_t)problem->threads * most_pointers(answers) * sizeof(void *),
        .seeds = seeded ? (size_t)tx_problem_share(problem, num_ranks) * sizeof(void *) : 0,
    };
}

size_t tx_answers_room_bytes(const tx_answers *answers, const tx_problem *problem, int num_ranks)
{
    const scratch s = scratch_of(answers, problem, num_ranks);
    size_t bytes = s.unit + s.edges + s.lanes + s.tables + s.seeds;
    for (int k = 0; k < TX_QUESTION_COUNT; k++) {
        const tx_plan *plan = answers->answer[k].planned.plan;
        bytes += plan ? tx_plan_get_cost(plan).room_bytes : 0;
    }
    return bytes;
}

int64_t tx_answers_numbers(const tx_answers *answers)
{
    int64_t most = 0;
    for (int k = 0; k < TX_QUESTION_COUNT; k++) {
        const int64_t numbers = tx_plan_numbers(answers->answer[k].planned.plan);
        most = numbers > most ? numbers : most;
    }
    return most;
}

size_t tx_answers_workspace_bytes(const tx_answers *answers)
{
    size_t bytes = 0;
    for (int k = 0; k < TX_QUESTION_COUNT; k++) {
        const tx_plan *plan = answers->answer[k].planned.plan;
        bytes += plan ? tx_plan_get_cost(plan).workspace_bytes + sizeof(tx_workspace *) : 0;
    }
    return bytes;
}

size_t tx_answers_block_bytes(const tx_answers *answers)
{
    size_t bytes = 0;
    for (int k = 0; k < TX_QUESTION_COUNT; k++) {
        const tx_plan *plan = answers->answer[k].planned.plan;
        bytes += plan && questions[k].summed ? tx_plan_get_cost(plan).block_bytes : 0;
    }
    return bytes;
}

/* ---- Making room ---- */

static tx_status allocate_answer(tx_answers *answers, int question, tx_error *error)
{
    tx_answer *answer = &answers->answer[question];
    const tx_workers *workers = answers->workers;
    TX_TRY(tx_values_create(answer->planned.plan, &answers->bound, error, &answer->values));
    if (questions[question].wanted.tangents) {
        tx_values_set_tangent(answer->values, &answers->tangent);
    }
    return questions[question].summed ? tx_workers_rooms(workers, answer->planned.plan, error, &answer->rooms)
                                      : tx_rooms_create(answer->planned.plan, workers->problem->threads, 1, error, &answer->rooms);
}

static tx_status allocate_scratch(tx_answers *answers, tx_error *error)
{
    const tx_problem *problem = answers->workers->problem;
    const scratch s = scratch_of(answers, problem, tx_parallel_size(answers->workers->parallel));
    TX_TRY(tx_allocate(s.unit, error, &answers->unit));
    TX_TRY(tx_allocate(s.edges, error, &answers->edges));
    TX_TRY(tx_allocate(s.lanes, error, &answers->lanes));
    TX_TRY(tx_allocate(s.tables, error, &answers->tables));
    TX_TRY(tx_allocate(s.seeds, error, &answers->seeds));
    if (s.unit) {
        tx_real_put(problem->random.precision, answers->unit, answers->rows - 1, 1);
    }
    return TX_OK;
}

tx_status tx_answers_allocate(tx_answers *answers, tx_workers *workers, tx_reduction *losses, tx_error *error)
{
    answers->workers = workers;
    answers->losses = losses;
    for (int k = 0; k < TX_QUESTION_COUNT; k++) {
        TX_TRY(answers->answer[k].planned.plan ? allocate_answer(answers, k, error) : TX_OK);
    }
    TX_TRY(tx_answers_sum_gradients(answers) ? tx_workers_reduction(workers, true, error, &answers->gradients) : TX_OK);
    return answers->asked ? allocate_scratch(answers, error) : TX_OK;
}

void tx_answers_destroy(tx_answers *answers)
{
    for (int k = 0; k < TX_QUESTION_COUNT; k++) {
        tx_rooms_destroy(&answers->answer[k].rooms);
        tx_values_destroy(answers->answer[k].values);
        tx_residual_plan_destroy(&answers->answer[k].planned);
    }
    tx_reduction_destroy(answers->gradients);
    tx_free(answers->unit);
    tx_free(answers->edges);
    tx_free(answers->lanes);
    tx_free(answers->tables);
    tx_free(answers->seeds);
}

/* ---- The simplest question ---- */

tx_status tx_answers_value(tx_answers *answers, const tx_share *share, const void *parameters, tx_error *error, double *out)
{
    const tx_answer *answer = &answers->answer[TX_QUESTION_VALUE];
    const tx_evaluator evaluator = {
        .loss = {.plan = answer->planned.plan}, .values = answer->values, .rooms = &answer->rooms, .reduction = answers->losses};
    tx_parameters_set(&answers->bound, parameters);
    TX_TRY(tx_workers_sum(answers->workers, &evaluator, share, NULL, error));
    *out = tx_evaluator_loss(&evaluator);
    return TX_OK;
}
