/* A component as a map of states, or of its parameters: plans of its graph. */
#include <string.h>

#include "base/real.h"
#include "checking/subject.h"
#include "kernel/backend.h"
#include "problem/network_file.h"

/* A plan that is ready to run; NULLs: the subject lacks that verb. */
typedef struct program {
    tx_plan *plan;
    tx_values *values;
    tx_workspace *workspace;
} program;

enum { ALONE, TOGETHER, BLOCKS }; /* a block of one sample, or of all */

typedef struct state {
    const tx_made *made;
    bool by_parameters;
    int64_t x, y; /* numbers of a window, of a result */
    program programs[TX_VERBS][BLOCKS];
    tx_parameters parameters, tangent;
    void *reals, *zeros; /* parameters, and no move of them */
    void *windows, *numbers;
    const void **pointers[TX_SOURCE_COUNT], **results;
} state;

/* ---- Numbers ---- */

static tx_status convert(tx_precision precision, const double *from, int64_t count, tx_error *error, void *out)
{
    void *reals;
    TX_TRY(tx_allocate_array((size_t)count, tx_real_bytes(precision), error, &reals));
    for (int64_t k = 0; k < count; k++) {
        tx_real_put(precision, reals, k, from[k]);
    }
    *(void **)out = reals;
    return TX_OK;
}

/* Windows of all states: pairs, or the earlier ones alone. */
static tx_status fill_windows(tx_subject *subject, tx_error *error)
{
    state *s = subject->state;
    const tx_states *states = s->made->checked->states;
    TX_TRY(convert(subject->precision, states->pairs, 2 * states->level * states->count, error, &s->windows));
    const size_t bytes = (size_t)s->x * tx_real_bytes(subject->precision);
    for (int k = 0; s->x == states->level && k < states->count; k++) {
        memmove((char *)s->windows + (size_t)k * bytes, (char *)s->windows + (size_t)(2 * k + 1) * bytes, bytes);
    }
    return convert(subject->precision, states->numbers, states->num_numbers * states->count, error, &s->numbers);
}

/* As a training begins, in its own precision. */
static tx_status fill_parameters(tx_subject *subject, tx_error *error)
{
    state *s = subject->state;
    const tx_made *made = s->made;
    const tx_random random = made->checked->random;
    double *values;
    void *reals;
    TX_TRY(tx_allocate_array((size_t)made->num_parameters, sizeof *values, error, &values));
    tx_status status = tx_allocate_array((size_t)made->num_parameters, sizeof *values, error, &s->zeros);
    status = status ? status : tx_allocate_array((size_t)made->num_parameters, sizeof *values, error, &reals);
    if (status == TX_OK) {
        status = made->num_parameters ? tx_network_begin(made->object, random, reals, error) : TX_OK;
        for (int64_t k = 0; k < made->num_parameters; k++) {
            values[k] = tx_real_get(random.precision, reals, k);
        }
        tx_free(reals);
    }
    status = status ? status : convert(subject->precision, values, made->num_parameters, error, &s->reals);
    tx_free(values);
    tx_parameters_set(&s->parameters, s->reals);
    tx_parameters_set(&s->tangent, s->zeros);
    return status;
}

/* ---- Plans ---- */

static const struct {
    bool pulled, seeded, tangents, moved;
} asked[TX_VERBS][2] = {/* by states, by parameters */
                        [TX_VJP] = {{.pulled = true}, {.seeded = true}},
                        [TX_JVP] = {{.tangents = true, .moved = true}, {.tangents = true}}};

static void destroy_program(program *p)
{
    tx_workspace_destroy(p->workspace);
    tx_values_destroy(p->values);
    tx_plan_destroy(p->plan);
}

static tx_status bind(state *s, program *p, tx_error *error)
{
    TX_TRY(tx_values_create(p->plan, &s->parameters, error, &p->values));
    tx_values_set_tangent(p->values, &s->tangent);
    return tx_workspace_create(p->plan, 1, error, &p->workspace);
}

static tx_status plan(tx_subject *subject, tx_verb verb, int block, tx_error *error, program *out)
{
    state *s = subject->state;
    const tx_made *made = s->made;
    const tx_plan_options options = {.precision = subject->precision,
                                     .isa = made->checked->isa,
                                     .block = block,
                                     .num_parameters = made->num_parameters,
                                     .loss = TX_NONE,
                                     .outputs = &made->y,
                                     .num_outputs = 1,
                                     .pulled = asked[verb][s->by_parameters].pulled,
                                     .seeded = asked[verb][s->by_parameters].seeded,
                                     .tangents = asked[verb][s->by_parameters].tangents,
                                     .moved = asked[verb][s->by_parameters].moved};
    TX_TRY(tx_plan_create(made->graph, &options, error, &out->plan));
    if (tx_plan_numbers(out->plan) > made->checked->states->num_numbers) {
        return tx_error_set(error, TX_INVALID, "it reads more numbers of a trajectory than the data have");
    }
    return bind(s, out, error);
}

/* What cannot be planned for lack of a derivative is lacking. */
static tx_status plan_verb(tx_subject *subject, tx_verb verb, tx_error *error)
{
    state *s = subject->state;
    const int count = s->made->checked->states->count;
    for (int k = s->by_parameters ? TOGETHER : ALONE; k < BLOCKS; k++) {
        tx_error *told = verb == TX_FORWARD ? error : &subject->lacks[verb];
        const tx_status status = plan(subject, verb, k == ALONE ? 1 : count, told, &s->programs[verb][k]);
        if (status != TX_OK) {
            return verb == TX_FORWARD || status != TX_INVALID ? tx_error_set(error, status, "%s", told->message) : TX_OK;
        }
    }
    return TX_OK;
}

/* ---- A subject ---- */

/* Where the numbers of each sample begin. */
static void point(const tx_subject *subject, const void **pointers, const void *from, int64_t each)
{
    const state *s = subject->state;
    for (int k = 0; k < s->made->checked->states->count; k++) {
        pointers[k] = (const char *)from + (size_t)(k * each) * tx_real_bytes(subject->precision);
    }
}

static tx_status run(tx_subject *subject, tx_verb verb, int samples, const void *x, const void *d, void *out, tx_error *error)
{
    state *s = subject->state;
    const tx_states *states = s->made->checked->states;
    const int count = s->by_parameters ? states->count : samples;
    const program *p = &s->programs[verb][count > 1 ? TOGETHER : ALONE];
    const bool gradient = s->by_parameters && verb == TX_VJP;
    void *const *const outputs[] = {verb == TX_JVP ? NULL : (void *const *)s->results, (void *const *)s->results};
    point(subject, s->pointers[TX_SOURCE_WINDOW], s->by_parameters ? s->windows : x, s->x);
    point(subject, s->pointers[TX_SOURCE_NUMBERS], s->numbers, states->num_numbers);
    point(subject, s->pointers[TX_SOURCE_TANGENT], d, s->x);
    point(subject, s->pointers[TX_SOURCE_SEED], d, s->y);
    point(subject, s->results, out, verb == TX_VJP ? s->x : s->y);
    tx_parameters_set(&s->parameters, s->by_parameters ? x : s->reals);
    tx_parameters_set(&s->tangent, s->by_parameters && verb == TX_JVP ? d : s->zeros);
    const tx_run_input input = {.windows = s->pointers[TX_SOURCE_WINDOW],
                                .tangents = s->pointers[TX_SOURCE_TANGENT],
                                .numbers = s->pointers[TX_SOURCE_NUMBERS],
                                .seeds = s->pointers[TX_SOURCE_SEED],
                                .count = count,
                                .batch_size = 1};
    tx_run_output output = {.gradient = gradient ? out : NULL, .outputs = gradient ? NULL : outputs};
    TX_TRY(tx_values_run(p->values, p->workspace, &input, &output, error));
    return tx_failed(&output.failed, error);
}

static void destroy(tx_subject *subject)
{
    state *s = subject->state;
    for (int k = 0; k < TX_VERBS * BLOCKS; k++) {
        destroy_program(&s->programs[k / BLOCKS][k % BLOCKS]);
    }
    for (int k = 0; k < TX_SOURCE_COUNT; k++) {
        tx_free(s->pointers[k]);
    }
    tx_free(s->results);
    tx_free(s->reals);
    tx_free(s->zeros);
    tx_free(s->windows);
    tx_free(s->numbers);
}
static const tx_subject_class program_class = {run, destroy};

static int64_t size_of(const tx_made *made, tx_node node)
{
    const tx_shape shape = tx_node_shape(made->graph, node);
    return shape.channels * tx_shape_points(&shape);
}

static tx_status fill(tx_subject *subject, tx_error *error)
{
    state *s = subject->state;
    const size_t count = (size_t)s->made->checked->states->count;
    for (int k = 0; k < TX_SOURCE_COUNT; k++) {
        TX_TRY(tx_allocate_array(count, sizeof *s->pointers[k], error, &s->pointers[k]));
    }
    TX_TRY(tx_allocate_array(count, sizeof *s->results, error, &s->results));
    TX_TRY(fill_windows(subject, error));
    TX_TRY(fill_parameters(subject, error));
    for (tx_verb verb = TX_FORWARD; verb <= TX_JVP; verb++) {
        TX_TRY(plan_verb(subject, verb, error));
    }
    return TX_OK;
}

/* Does it call something that has no double precision? */
static bool calls_single(const tx_made *made)
{
    bool single = false;
    for (int k = 0; k < made->num_functions; k++) {
        for (tx_verb verb = TX_FORWARD; verb <= TX_JVP; verb++) {
            const tx_function *f = tx_made_function(made, k);
            single |= tx_function_can(f, verb) && tx_function_precision(f, verb, TX_FLOAT64) == TX_FLOAT32;
        }
    }
    return single;
}

static tx_status create(const tx_made *made, bool by_parameters, tx_precision precision, tx_error *error, tx_subject **out)
{
    tx_subject *subject;
    state *s;
    TX_TRY(tx_allocate(sizeof *subject, error, &subject));
    tx_status status = tx_allocate(sizeof *s, error, &subject->state);
    if (status == TX_OK) {
        s = subject->state;
        *s = (state){.made = made, .by_parameters = by_parameters, .x = size_of(made, made->x), .y = size_of(made, made->y)};
        subject->class_ = &program_class;
        subject->precision = precision;
        status = fill(subject, error);
    }
    if (status != TX_OK) {
        tx_subject_destroy(subject);
        return status;
    }
    const int count = made->checked->states->count;
    subject->single = precision == TX_FLOAT32 || calls_single(made);
    subject->samples = by_parameters ? 1 : count;
    subject->in = by_parameters ? made->num_parameters : s->x;
    subject->out = by_parameters ? count * s->y : s->y;
    subject->points = by_parameters ? s->reals : s->windows;
    *out = subject;
    return TX_OK;
}

tx_status tx_subject_of_states(const tx_made *made, int unused, tx_precision precision, tx_error *error, tx_subject **out)
{
    (void)unused;
    return create(made, false, precision, error, out);
}

tx_status tx_subject_of_parameters(const tx_made *made, int unused, tx_precision precision, tx_error *error, tx_subject **out)
{
    (void)unused;
    return create(made, true, precision, error, out);
}

tx_status tx_failed(const tx_function_failure *failed, tx_error *error)
{
    char text[TX_MESSAGE_SIZE / 2];
    if (!failed->function) {
        return TX_OK;
    }
    tx_function_failure_write(failed, text, sizeof text);
    return tx_error_set(error, TX_FAILURE, "%s", text);
}

void tx_subject_destroy(tx_subject *subject)
{
    if (subject && subject->state) {
        subject->class_->destroy(subject);
        tx_free(subject->state);
    }
    tx_free(subject);
}
