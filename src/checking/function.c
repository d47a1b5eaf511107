/* A user's function, called as programs call it, but for where its arrays lie. */
#include "checking/trial.h"
#include "tensor/graph.h"

typedef struct state {
    const tx_function *function;
    void *own;               /* what the function keeps for a thread */
    tx_guarded tape;         /* of all samples */
    double *points, *unused; /* … ; where forward puts its result that is called for the tape */
} state;

static int64_t size_of(const tx_graph *graph, tx_node node)
{
    const tx_shape shape = tx_node_shape(graph, node);
    return shape.channels * tx_shape_points(&shape);
}

/* Derivatives read what forward has left on the tape. */
static int ask(const state *s, tx_way way, int samples, const double *x, const double *d, double *out)
{
    const tx_function *f = s->function;
    const tx_function_call call = {
        .user = f->user, .state = s->own, .num_samples = samples, .tape = f->tape_bytes ? s->tape.data : NULL};
    const int code = way == TX_FORWARD ? f->forward(&call, x, out) : f->tape_bytes ? f->forward(&call, x, s->unused) : 0;
    return code || way == TX_FORWARD ? code : way == TX_VJP ? f->vjp(&call, x, d, out) : f->jvp(&call, x, d, out);
}

static tx_status run(tx_subject *subject, tx_way way, int samples, const void *x, const void *d, void *out, tx_error *error)
{
    const state *s = subject->state;
    const int code = ask(s, way, samples, x, d, out);
    return code ? tx_error_set(error, TX_FAILURE, "%s has failed with %d", s->function->name, code) : TX_OK;
}

static void destroy(tx_subject *subject)
{
    state *s = subject->state;
    if (s->own && s->function->destroy) {
        s->function->destroy(s->own);
    }
    tx_guarded_destroy(&s->tape);
    tx_free(s->points);
    tx_free(s->unused);
}
static const tx_subject_class function_class = {run, destroy};

/* What the function is called with in the component: its input as a component of its own. */
static tx_status find_points(const tx_made *made, tx_node x, tx_error *error, double *points)
{
    tx_made before = *made;
    tx_subject *input;
    before.y = x;
    TX_TRY(tx_subject_of_states(&before, 0, TX_FLOAT64, error, &input));
    const tx_status status = input->class_->run(input, TX_FORWARD, input->samples, input->points, NULL, points, error);
    tx_subject_destroy(input);
    return status;
}

static tx_status fill(tx_subject *subject, const tx_made *made, tx_node x, tx_error *error)
{
    state *s = subject->state;
    const tx_function *f = s->function;
    const size_t samples = (size_t)subject->samples;
    TX_TRY(tx_allocate_array(samples * (size_t)subject->in, sizeof *s->points, error, &s->points));
    TX_TRY(tx_allocate_array(samples * (size_t)subject->out, sizeof *s->unused, error, &s->unused));
    TX_TRY(find_points(made, x, error, s->points));
    subject->points = s->points;
    for (tx_way way = TX_VJP; way < TX_WAYS; way++) {
        if (way == TX_VJP ? !f->vjp : !f->jvp) {
            tx_error_set(&subject->lacks[way], TX_INVALID, "%s has no %s", f->name, tx_way_name[way]);
        }
    }
    TX_TRY(tx_guarded_create("the tape", samples * f->tape_bytes, TX_AT_END, error, &s->tape));
    return f->create ? f->create(f->user, subject->samples, error, &s->own) : TX_OK;
}

tx_status tx_subject_of_function(const tx_made *made, int n, tx_precision unused, tx_error *error, tx_subject **out)
{
    (void)unused;
    const tx_graph_node *node = tx_graph_at(made->graph, tx_made_function(made, n));
    const tx_function *f = node->attributes.function;
    tx_subject *subject;
    TX_TRY(tx_allocate(sizeof *subject, error, &subject));
    *subject = (tx_subject){.class_ = &function_class,
                            .precision = TX_FLOAT64,
                            .samples = made->checked->states->count,
                            .in = size_of(made->graph, node->input[0]),
                            .out = node->shape.channels * tx_shape_points(&node->shape)};
    tx_status status = tx_allocate(sizeof(state), error, &subject->state);
    if (status == TX_OK) {
        ((state *)subject->state)->function = f;
        status = fill(subject, made, node->input[0], error);
    }
    if (status != TX_OK) {
        tx_subject_destroy(subject);
        return status;
    }
    *out = subject;
    return TX_OK;
}
