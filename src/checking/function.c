/* A user's function, called as programs call it, but for where its arrays lie. */
#include "base/real.h"
#include "checking/trial.h"
#include "tensor/graph.h"

typedef struct state {
    const tx_function *function;
    void *own;              /* what the function keeps for a thread */
    tx_guarded tape, other; /* of all samples; what a forward meanwhile leaves */
    void *points, *unused;  /* unused: the result of a forward that is called for the tape */
} state;

static int64_t size_of(const tx_graph *graph, tx_node node)
{
    const tx_shape shape = tx_node_shape(graph, node);
    return shape.channels * tx_shape_points(&shape);
}

static tx_status call(const tx_subject *subject, tx_verb verb, int samples, const tx_guarded *tape, const void *x, const void *d,
                      void *out, tx_error *error)
{
    const state *s = subject->state;
    const tx_function_call call = {
        .user = s->function->user, .state = s->own, .num_samples = samples, .tape = s->function->tape_bytes ? tape->data : NULL};
    const tx_function_samples all = {
        .x = x,
        .d = d,
        .result = out,
        .numbers = {(size_t)subject->in, (size_t)tx_verb_given(subject, verb), (size_t)tx_verb_result(subject, verb)}};
    tx_function_failure failed = {0};
    tx_function_run(s->function, verb, subject->precision, &call, &all, &failed);
    return tx_failed(&failed, error);
}

/* Derivatives read what forward has left on the tape, whatever forward has done meanwhile. */
static tx_status run(tx_subject *subject, tx_verb verb, int samples, const void *x, const void *d, void *out, tx_error *error)
{
    const state *s = subject->state;
    if (verb != TX_FORWARD && (s->function->tape_bytes || subject->meanwhile)) {
        TX_TRY(call(subject, TX_FORWARD, samples, &s->tape, x, NULL, s->unused, error));
    }
    if (verb != TX_FORWARD && subject->meanwhile) {
        TX_TRY(call(subject, TX_FORWARD, samples, &s->other, subject->meanwhile, NULL, s->unused, error));
    }
    return call(subject, verb, samples, &s->tape, x, d, out, error);
}

static void destroy(tx_subject *subject)
{
    state *s = subject->state;
    tx_function_destroy(s->function, s->own);
    tx_guarded_destroy(&s->tape);
    tx_guarded_destroy(&s->other);
    tx_free(s->points);
    tx_free(s->unused);
}
static const tx_subject_class function_class = {run, destroy};

/* What the function is called with in the component: its input as a component of its own. */
static tx_status find_points(const tx_made *made, tx_node x, tx_precision precision, void *points, tx_error *error)
{
    tx_made before = *made;
    tx_subject *input;
    before.y = x;
    TX_TRY(tx_subject_of_states(&before, 0, precision, error, &input));
    const tx_status status = input->class_->run(input, TX_FORWARD, input->samples, input->points, NULL, points, error);
    tx_subject_destroy(input);
    return status;
}

static void note_lacking(tx_subject *subject, const tx_function *f)
{
    for (tx_verb verb = TX_VJP; verb <= TX_JVP; verb++) {
        if (!tx_function_can(f, verb)) {
            tx_error_set(&subject->lacks[verb], TX_INVALID, "%s has no %s", f->name, tx_verb_name[verb]);
        } else if (tx_function_precision(f, verb, subject->precision) != subject->precision) {
            tx_error_set(&subject->lacks[verb], TX_FAILURE, "%s has its %s in another precision than forward", f->name,
                         tx_verb_name[verb]);
        }
    }
}

static tx_status fill(tx_subject *subject, const tx_made *made, tx_node x, tx_error *error)
{
    state *s = subject->state;
    const tx_function *f = s->function;
    const size_t samples = (size_t)subject->samples, real = tx_real_bytes(subject->precision);
    TX_TRY(tx_allocate_array(samples * (size_t)subject->in, real, error, &s->points));
    TX_TRY(tx_allocate_array(samples * (size_t)subject->out, real, error, &s->unused));
    TX_TRY(find_points(made, x, subject->precision, s->points, error));
    subject->points = s->points;
    note_lacking(subject, f);
    TX_TRY(tx_guarded_create("the tape", samples * f->tape_bytes, TX_AT_END, error, &s->tape));
    TX_TRY(tx_guarded_create("the tape", samples * f->tape_bytes, TX_AT_END, error, &s->other));
    return tx_function_create(f, subject->samples, error, &s->own);
}

tx_status tx_subject_of_function(const tx_made *made, int n, tx_precision precision, tx_error *error, tx_subject **out)
{
    const tx_node node = tx_made_call(made, n), x = tx_graph_at(made->graph, node)->input[0];
    const tx_function *f = tx_made_function(made, n);
    const tx_precision own = tx_function_precision(f, TX_FORWARD, precision);
    tx_subject *subject;
    TX_TRY(tx_allocate(sizeof *subject, error, &subject));
    *subject = (tx_subject){.class_ = &function_class,
                            .precision = own,
                            .single = own == TX_FLOAT32,
                            .adds = f->vjp_adds,
                            .samples = made->checked->states->count,
                            .in = size_of(made->graph, x),
                            .out = size_of(made->graph, node)};
    tx_status status = tx_allocate(sizeof(state), error, &subject->state);
    if (status == TX_OK) {
        ((state *)subject->state)->function = f;
        status = fill(subject, made, x, error);
    }
    if (status != TX_OK) {
        tx_subject_destroy(subject);
        return status;
    }
    *out = subject;
    return TX_OK;
}
