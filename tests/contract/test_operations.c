/* What every backend must compute: each operation's case (bench/operations.c) against a naive reference, its derivatives against
 * differences and each other, on every instruction set and precision, in place and staged. */
#include <float.h>
#include <stdlib.h>

#include "base/memory.h"
#include "bench/operations.h"
#include "guard/guard.h"
#include "suite.h"
#include "tensor/bound.h"
#include "tensor/naive.h"

enum { MOST_BLOCK = 33, MOST_SAMPLES = 2 * MOST_BLOCK };

/* ---- Numbers ---- */

static uint64_t state = 88172645463325252u;

static double uniform(void) /* in (0, 1), a float */
{
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return (double)(float)((double)(state >> 40) / 0x1p24);
}

/* Of either sign and away from zero, where kinks and poles are. */
static void fill(double *numbers, int64_t count)
{
    for (int64_t k = 0; k < count; k++) {
        numbers[k] = (double)(float)((uniform() < 0.5 ? -1 : 1) * (0.7 + 0.6 * uniform()));
    }
}

static double *numbers_of(int64_t count)
{
    double *numbers = calloc((size_t)count + 1, sizeof *numbers);
    fill(numbers, count);
    return numbers;
}

static double largest(const double *a, int64_t count)
{
    double most = 0;
    for (int64_t k = 0; k < count; k++) {
        most = fmax(most, isnan(a[k]) ? INFINITY : fabs(a[k]));
    }
    return most;
}

/* The largest difference, as a share of the largest of b. */
static double distance(const double *a, const double *b, int64_t count)
{
    double most = 0;
    for (int64_t k = 0; k < count; k++) {
        most = fmax(most, isnan(a[k]) ? INFINITY : fabs(a[k] - b[k]));
    }
    return most == 0 ? 0 : most / fmax(largest(b, count), DBL_MIN);
}

static double dot(const double *a, const double *b, int64_t count)
{
    double sum = 0;
    for (int64_t k = 0; k < count; k++) {
        sum += a[k] * b[k];
    }
    return sum;
}

/* ---- A case, and what it is run on: two blocks of samples, the second with a padding lane ---- */

typedef struct problem {
    const tx_operation_case *self;
    tx_case_graph g;
    tx_node y, loss;
    int samples;
    int64_t window, result; /* numbers of a sample's */
    double *parameters, *direction;
    double *windows, *moves, *numbers, *seeds; /* sample by sample */
} problem;

/* (w u) z: what it depends on moves all of it, and nothing of it goes into the operation above. */
static tx_node make_x(const tx_operation_case *self, tx_case_graph *g)
{
    tx_convolution each = {.out_channels = self->shape.channels, .groups = (int)self->shape.channels};
    for (int d = 0; d < TX_MAX_AXES; d++) {
        each.kernel[d] = each.dilation[d] = 1;
    }
    const tx_node w = tx_parameter(g->graph, 0, self->shape.channels);
    g->num_parameters = self->shape.channels;
    return tx_multiply(g->graph, tx_convolve(g->graph, tx_window(g->graph, 0, self->shape), &each, w, TX_NONE),
                       tx_window(g->graph, 1, self->shape));
}

static void create(const tx_operation_case *self, problem *p)
{
    *p = (problem){.self = self, .samples = 2 * self->block - (self->block > 1)};
    tx_error error = {0};
    CU_ASSERT_EQUAL_FATAL(tx_graph_create(NULL, &p->g.graph), TX_OK);
    p->y = self->build(self, &p->g, make_x(self, &p->g));
    p->loss = tx_scale(p->g.graph, tx_sum_square(p->g.graph, p->y), 0.5);
    if (tx_graph_status(p->g.graph, &error) != TX_OK) {
        printf("\n%s: %s\n", self->name, error.message);
        CU_FAIL_FATAL("the case is not built");
    }
    const tx_shape y = tx_node_shape(p->g.graph, p->y);
    p->window = TX_CASE_LEVELS * naive_size(&self->shape);
    p->result = naive_size(&y);
    p->parameters = numbers_of(p->g.num_parameters);
    p->direction = numbers_of(p->g.num_parameters);
    p->windows = numbers_of(p->samples * p->window);
    p->moves = numbers_of(p->samples * p->window);
    p->numbers = numbers_of(p->samples * p->g.num_numbers);
    p->seeds = numbers_of(p->samples * p->result);
}

static void destroy(problem *p)
{
    tx_graph_destroy(p->g.graph);
    double *const all[] = {p->parameters, p->direction, p->windows, p->moves, p->numbers, p->seeds};
    for (size_t k = 0; k < sizeof all / sizeof *all; k++) {
        free(all[k]);
    }
}

/* ---- A plan of it, and runs ---- */

typedef enum kind {
    VALUES,
    GRADIENT,
    SEEDED,
    APART,
    TANGENTS, /* for a move of the parameters */
    MOVED,    /* and of the windows */
    KINDS,
} kind;

static const struct {
    bool gradient, seeded, apart, tangents, moved;
} asked[KINDS] = {
    [GRADIENT] = {.gradient = true},
    [SEEDED] = {.seeded = true},
    [APART] = {.seeded = true, .apart = true},
    [TANGENTS] = {.tangents = true},
    [MOVED] = {.tangents = true, .moved = true},
};

typedef struct program {
    const problem *p;
    kind kind;
    int block;
    tx_precision precision;
    tx_plan *plan;
    tx_parameters parameters, direction;
    tx_values *values;
    tx_workspace *workspace;
} program;

static void plan(const problem *p, kind kind, int block, const tx_backend *backend, program *out)
{
    *out = (program){.p = p, .kind = kind, .block = block, .precision = backend->precision};
    const tx_plan_options options = {.backend = backend,
                                     .precision = backend->precision,
                                     .block = block,
                                     .num_parameters = p->g.num_parameters,
                                     .loss = p->loss,
                                     .gradient = asked[kind].gradient,
                                     .outputs = &p->y,
                                     .num_outputs = 1,
                                     .seeded = asked[kind].seeded,
                                     .apart = asked[kind].apart,
                                     .tangents = asked[kind].tangents,
                                     .moved = asked[kind].moved};
    tx_error error = {0};
    tx_status status = tx_plan_create(p->g.graph, &options, &error, &out->plan);
    status = status ? status : tx_values_create(out->plan, &out->parameters, &error, &out->values);
    status = status ? status : tx_workspace_create(out->plan, 2, &error, &out->workspace);
    if (status != TX_OK) {
        printf("\n%s: %s\n", p->self->name, error.message);
        CU_FAIL_FATAL("no plan");
    }
    if (asked[kind].tangents) {
        tx_values_set_tangent(out->values, &out->direction);
    }
}

static void unplan(program *program)
{
    tx_workspace_destroy(program->workspace);
    tx_values_destroy(program->values);
    tx_plan_destroy(program->plan);
}

/* What a run is given; all of it in double. */
typedef struct given {
    const double *parameters, *windows, *seeds;
    int samples;
    bool one_sample; /* the first one in all lanes */
} given;

/* Results, in double: gradients [block][apart: lane][parameter], then y and its tangent of each sample. */
typedef struct results {
    double loss[MOST_SAMPLES];
    double *gradient, *y, *tangent;
} results;

static void free_results(results *r)
{
    free(r->gradient);
    free(r->y);
    free(r->tangent);
}

/* Reals with a margin on both sides that nobody may touch. */
enum { MARGIN = 64 };

static void *guarded(tx_precision precision, int64_t count, const double *from)
{
    const size_t bytes = (size_t)count * tx_real_bytes(precision);
    char *memory = malloc(bytes + 2 * MARGIN);
    memset(memory, 0xa5, bytes + 2 * MARGIN);
    for (int64_t k = 0; from && k < count; k++) {
        if (precision == TX_FLOAT32) {
            ((float *)(void *)(memory + MARGIN))[k] = (float)from[k];
        } else {
            ((double *)(void *)(memory + MARGIN))[k] = from[k];
        }
    }
    return memory + MARGIN;
}

/* Back to double (to: NULL: not wanted); frees it, and checks the margins. */
static void unguard(tx_precision precision, void *reals, int64_t count, double *to)
{
    const size_t bytes = (size_t)count * tx_real_bytes(precision);
    unsigned char *memory = (unsigned char *)reals - MARGIN;
    bool whole = true;
    for (size_t k = 0; k < MARGIN; k++) {
        whole = whole && memory[k] == 0xa5 && memory[MARGIN + bytes + k] == 0xa5;
    }
    CU_ASSERT(whole);
    for (int64_t k = 0; to && k < count; k++) {
        to[k] = precision == TX_FLOAT32 ? (double)((const float *)reals)[k] : ((const double *)reals)[k];
    }
    free(memory);
}

static int64_t num_gradients(const program *program, int samples)
{
    return (int64_t)((samples + program->block - 1) / program->block) * (asked[program->kind].apart ? program->block : 1);
}

static const void **pointers(tx_precision precision, const void *reals, int64_t each, const given *given)
{
    const void **to = calloc((size_t)given->samples, sizeof *to);
    for (int k = 0; k < given->samples; k++) {
        to[k] = (const char *)reals + (size_t)(given->one_sample ? 0 : k * each) * tx_real_bytes(precision);
    }
    return to;
}

/* One source of samples: reals and where each sample's begin. */
typedef struct source {
    void *reals;
    const void **pointers;
    int64_t count;
} source;

static source make_source(const program *program, const double *from, int64_t each, const given *given)
{
    source s = {.count = given->samples * each};
    s.reals = guarded(program->precision, s.count, from);
    s.pointers = pointers(program->precision, s.reals, each, given);
    return s;
}

static void free_source(const program *program, source *s)
{
    unguard(program->precision, s->reals, s->count, NULL);
    free(s->pointers);
}

/* Poison: a run on nothing but NaN, so that whatever is left of it shows. */
static void run_once(program *program, const given *given, bool poison, results *r)
{
    const problem *p = program->p;
    const tx_precision precision = program->precision;
    const int samples = given->samples;
    const int64_t gradients = num_gradients(program, samples) * p->g.num_parameters;
    struct given lanes = *given; /* each with a seed of its own */
    lanes.one_sample = false;
    source windows = make_source(program, given->windows, p->window, given),
           moves = make_source(program, p->moves, p->window, given);
    source numbers = make_source(program, p->numbers, p->g.num_numbers, given),
           seeds = make_source(program, given->seeds, p->result, &lanes);
    void *parameters = guarded(precision, p->g.num_parameters, given->parameters),
         *direction = guarded(precision, p->g.num_parameters, p->direction);
    if (poison) {
        memset(windows.reals, 0xff, (size_t)windows.count * tx_real_bytes(precision));
        memset(parameters, 0xff, (size_t)p->g.num_parameters * tx_real_bytes(precision));
    }
    void *gradient = guarded(precision, gradients, NULL), *losses = guarded(TX_FLOAT64, samples, NULL);
    void *of[2][MOST_SAMPLES] = {{NULL}};
    void *const *const outputs[] = {of[0], of[1]};
    for (int k = 0; k < 2 * samples; k++) {
        of[k / samples][k % samples] = guarded(precision, p->result, NULL);
    }
    tx_parameters_set(&program->parameters, parameters);
    tx_parameters_set(&program->direction, direction);
    const tx_run_input input = {.windows = windows.pointers,
                                .tangents = moves.pointers,
                                .numbers = numbers.pointers,
                                .seeds = seeds.pointers,
                                .count = samples,
                                .batch_size = NAIVE_BATCH};
    tx_run_output output = {.losses = losses, .gradient = gradient, .outputs = outputs};
    tx_error error = {0};
    CU_ASSERT_EQUAL(tx_values_run(program->values, program->workspace, &input, &output, &error), TX_OK);
    *r = (results){.gradient = calloc((size_t)gradients + 1, sizeof(double)),
                   .y = calloc((size_t)(samples * p->result), sizeof(double)),
                   .tangent = calloc((size_t)(samples * p->result), sizeof(double))};
    unguard(TX_FLOAT64, losses, samples, r->loss);
    unguard(precision, gradient, gradients, r->gradient);
    for (int k = 0; k < 2 * samples; k++) {
        unguard(precision, of[k / samples][k % samples], p->result, (k < samples ? r->y : r->tangent) + k % samples * p->result);
    }
    unguard(precision, parameters, p->g.num_parameters, NULL);
    unguard(precision, direction, p->g.num_parameters, NULL);
    free_source(program, &windows);
    free_source(program, &moves);
    free_source(program, &numbers);
    free_source(program, &seeds);
}

static void run(program *program, const given *given, results *r)
{
    results poisoned;
    run_once(program, given, true, &poisoned);
    free_results(&poisoned);
    run_once(program, given, false, r);
}

/* What the case is run on, as it stands. */
static given all_of(const problem *p)
{
    return (given){.parameters = p->parameters, .windows = p->windows, .seeds = p->seeds, .samples = p->samples};
}

/* ---- The references ---- */

typedef struct reference {
    double loss[MOST_SAMPLES], *y; /* naive */
    double *gradient, *pulled;     /* by differences: of the loss; of <seeds, y> */
    double *pushed, *moved;        /* by differences: of y along the direction; and along the windows' moves */
} reference;

static bool has_kinks(const tx_operation_case *c)
{
    return c->activation == TX_RELU || c->activation == TX_LEAKY_RELU || c->activation == TX_ELU;
}

/* Four points a distance h apart; where there are kinks, close together. What is lost: h^4 of the fifth derivative, and a rounding
 * over h. */
typedef struct stencil {
    double h, tolerance;
} stencil;

static stencil stencil_of(const tx_operation_case *c)
{
    return has_kinks(c) ? (stencil){1e-6, 1e-7} : (stencil){3e-4, 1e-9};
}

/* The run `at` steps of h from where the case stands: along one parameter, or (-1) along the direction and, perhaps, the moves. */
static void run_shifted(program *program, double shift, int64_t parameter, bool moved, results *r)
{
    const problem *p = program->p;
    given g = all_of(p);
    double *parameters = calloc((size_t)p->g.num_parameters, sizeof *parameters),
           *windows = calloc((size_t)(p->samples * p->window), sizeof *windows);
    for (int64_t k = 0; k < p->g.num_parameters; k++) {
        parameters[k] = p->parameters[k] + shift * (parameter < 0 ? p->direction[k] : k == parameter);
    }
    for (int64_t k = 0; k < p->samples * p->window; k++) {
        windows[k] = p->windows[k] + (moved ? shift * p->moves[k] : 0);
    }
    g.parameters = parameters;
    g.windows = windows;
    run_once(program, &g, false, r);
    free(parameters);
    free(windows);
}

static const double places[] = {-2, -1, 1, 2}, shares[] = {1. / 12, -8. / 12, 8. / 12, -1. / 12};

static void differ_parameter(program *program, int64_t parameter, reference *out)
{
    const problem *p = program->p;
    const double h = stencil_of(p->self).h;
    for (int k = 0; k < 4; k++) {
        results r;
        run_shifted(program, places[k] * h, parameter, false, &r);
        for (int j = 0; j < p->samples; j++) {
            out->gradient[parameter] += shares[k] * r.loss[j] / NAIVE_BATCH / h;
        }
        out->pulled[parameter] += shares[k] * dot(r.y, p->seeds, p->samples * p->result) / h;
        free_results(&r);
    }
}

static void differ_direction(program *program, bool moved, double *out)
{
    const problem *p = program->p;
    const double h = stencil_of(p->self).h;
    for (int k = 0; k < 4; k++) {
        results r;
        run_shifted(program, places[k] * h, -1, moved, &r);
        for (int64_t j = 0; j < p->samples * p->result; j++) {
            out[j] += shares[k] * r.y[j] / h;
        }
        free_results(&r);
    }
}

/* Is this parameter one of those for which differences are taken? */
static bool is_tried(const problem *p, int64_t parameter)
{
    return parameter % (1 + p->g.num_parameters / 24) == 0;
}

static void make_reference(const problem *p, reference *out)
{
    program values;
    *out = (reference){.y = calloc((size_t)(p->samples * p->result), sizeof(double)),
                       .gradient = calloc((size_t)p->g.num_parameters, sizeof(double)),
                       .pulled = calloc((size_t)p->g.num_parameters, sizeof(double)),
                       .pushed = calloc((size_t)(p->samples * p->result), sizeof(double)),
                       .moved = calloc((size_t)(p->samples * p->result), sizeof(double))};
    for (int k = 0; k < p->samples; k++) {
        out->loss[k] = naive_evaluate(p->g.graph, p->windows + k * p->window, p->numbers + k * p->g.num_numbers, p->parameters,
                                      p->loss, p->y, out->y + k * p->result);
    }
    plan(p, VALUES, p->self->block, tx_backend_cpu(0, TX_FLOAT64), &values); /* itself held against the naive ones */
    for (int64_t k = 0; k < p->g.num_parameters; k++) {
        if (is_tried(p, k)) {
            differ_parameter(&values, k, out);
        }
    }
    differ_direction(&values, false, out->pushed);
    differ_direction(&values, true, out->moved);
    unplan(&values);
}

static void free_reference(reference *r)
{
    free(r->y);
    free(r->gradient);
    free(r->pulled);
    free(r->pushed);
    free(r->moved);
}

/* ---- What is held against them ---- */

/* Sums of at most a few hundred products of numbers of size one, relative to the largest of them. */
static double tolerance_of(tx_precision precision)
{
    return precision == TX_FLOAT64 ? 1e-13 : 5e-5;
}

typedef struct place { /* what is checked where, for reports */
    const char *name, *backend;
    int isa;
    tx_precision precision;
} place;

static void hold(const place *at, const char *what, double found, double allowed)
{
    if (!(found <= allowed)) {
        printf("\n%s, %s, %s, f%d: %s: %.2e, not %.0e\n", at->name, at->backend, tx_isa_name(at->isa),
               at->precision == TX_FLOAT32 ? 32 : 64, what, found, allowed);
        CU_FAIL("an operation breaks its contract");
    }
}

static void sum_gradients(const program *program, const results *r, int samples, double *sum)
{
    const int64_t count = program->p->g.num_parameters;
    memset(sum, 0, (size_t)count * sizeof *sum);
    for (int64_t k = 0; k < num_gradients(program, samples) * count; k++) {
        sum[k % count] += r->gradient[k];
    }
}

/* Those parameters for which there are differences. */
static double distance_of_tried(const problem *p, const double *gradient, const double *differences)
{
    double a[64], b[64];
    int count = 0;
    for (int64_t k = 0; k < p->g.num_parameters; k++) {
        if (is_tried(p, k)) {
            a[count] = gradient[k];
            b[count++] = differences[k];
        }
    }
    return distance(a, b, count);
}

static double difference_tolerance(const problem *p, tx_precision precision)
{
    const double tolerance = stencil_of(p->self).tolerance;
    return precision == TX_FLOAT64 ? tolerance : 4 * tolerance_of(precision);
}

static void check_values(const problem *p, const reference *ref, const place *at, const results *r)
{
    const double tolerance = tolerance_of(at->precision);
    hold(at, "values", distance(r->y, ref->y, p->samples * p->result), tolerance);
    hold(at, "losses", distance(r->loss, ref->loss, p->samples), 2 * tolerance);
}

/* With a full second block, whose last lane has a cotangent of zero: the same bits as with a padding lane. */
static void check_padding(program *program, const place *at, const results *padded)
{
    const problem *p = program->p;
    const int samples = 2 * program->block;
    given g = all_of(p);
    if (p->samples == samples) {
        return;
    }
    double *windows = calloc((size_t)(samples * p->window), sizeof *windows),
           *seeds = calloc((size_t)(samples * p->result), sizeof *seeds);
    memcpy(windows, p->windows, (size_t)(p->samples * p->window) * sizeof *windows);
    memcpy(windows + p->samples * p->window, p->windows, (size_t)p->window * sizeof *windows);
    memcpy(seeds, p->seeds, (size_t)(p->samples * p->result) * sizeof *seeds);
    problem full = *p; /* as many numbers of trajectories */
    full.numbers = numbers_of(samples * p->g.num_numbers);
    full.moves = windows;
    memcpy(full.numbers, p->numbers, (size_t)(p->samples * p->g.num_numbers) * sizeof *full.numbers);
    g.windows = windows;
    g.seeds = seeds;
    g.samples = samples;
    results r;
    program->p = &full;
    run(program, &g, &r);
    program->p = p;
    hold(at, "what padding lanes add", distance(r.gradient, padded->gradient, 2 * p->g.num_parameters), 0);
    free_results(&r);
    free(windows);
    free(seeds);
    free(full.numbers);
}

/* Lanes that hold the first sample, each with a seed of its own: as if each were alone, and together as their sum. */
static void check_apart(const problem *p, const tx_backend *backend, const place *at)
{
    const int block = p->self->block;
    const int64_t count = p->g.num_parameters;
    program apart, summed, single;
    results r, s;
    given g = all_of(p);
    g.samples = block;
    g.one_sample = true;
    double *total = calloc((size_t)count, sizeof *total);
    plan(p, APART, block, backend, &apart);
    plan(p, SEEDED, block, backend, &summed);
    plan(p, SEEDED, 1, backend, &single);
    run(&apart, &g, &r);
    run(&summed, &g, &s);
    sum_gradients(&apart, &r, block, total);
    hold(at, "the sum of gradients apart", distance(total, s.gradient, count), 4 * tolerance_of(at->precision));
    free_results(&s);
    for (int lane = 0; lane < block; lane++) {
        given one = g;
        one.samples = 1;
        one.seeds = p->seeds + lane * p->result;
        run_once(&single, &one, false, &s);
        hold(at, "a lane's gradient", distance(r.gradient + lane * count, s.gradient, count), 4 * tolerance_of(at->precision));
        free_results(&s);
    }
    free_results(&r);
    unplan(&apart);
    unplan(&summed);
    unplan(&single);
    free(total);
}

/* <seeds, J v> = <J' seeds, v> */
static void check_adjoint(const problem *p, const place *at, const double *pulled, const double *tangent)
{
    const double forward = dot(p->seeds, tangent, p->samples * p->result),
                 backward = dot(pulled, p->direction, p->g.num_parameters);
    double scale = 0;
    for (int64_t k = 0; k < p->samples * p->result; k++) {
        scale += fabs(p->seeds[k] * tangent[k]);
    }
    hold(at, "the adjoint of the tangent", fabs(forward - backward) / scale, at->precision == TX_FLOAT64 ? 1e-12 : 1e-5);
}

/* All of one backend; the results that another one must repeat: [kind]. */
static void check_backend(const problem *p, const reference *ref, const tx_backend *backend, const place *at, results *out)
{
    const double close = difference_tolerance(p, at->precision);
    const given g = all_of(p);
    double *sum = calloc((size_t)p->g.num_parameters, sizeof *sum);
    for (int k = 0; k < KINDS; k++) {
        program program;
        if (k == APART) {
            out[k] = (results){0};
            continue;
        }
        plan(p, (kind)k, p->self->block, backend, &program);
        run(&program, &g, &out[k]);
        check_values(p, ref, at, &out[k]);
        if (k == GRADIENT || k == SEEDED) {
            sum_gradients(&program, &out[k], p->samples, sum);
            hold(at, k == GRADIENT ? "gradient" : "vjp", distance_of_tried(p, sum, k == GRADIENT ? ref->gradient : ref->pulled),
                 close);
        }
        if (k == SEEDED) {
            check_padding(&program, at, &out[k]);
        } else if (k == TANGENTS) {
            check_adjoint(p, at, sum, out[k].tangent);
        }
        if (k == TANGENTS || k == MOVED) {
            hold(at, k == MOVED ? "jvp of windows" : "jvp",
                 distance(out[k].tangent, k == MOVED ? ref->moved : ref->pushed, p->samples * p->result), close);
        }
        unplan(&program);
    }
    check_apart(p, backend, at);
    free(sum);
}

static double distance_of_results(const problem *p, const results *a, const results *b)
{
    const int64_t gradients = 2 * p->g.num_parameters, numbers = p->samples * p->result;
    return fmax(fmax(distance(a->loss, b->loss, p->samples), distance(a->y, b->y, numbers)),
                fmax(distance(a->gradient, b->gradient, a->gradient ? gradients : 0), distance(a->tangent, b->tangent, numbers)));
}

/* The gradients and tangents that were not asked for hold the margins' pattern in all. */
static void compare(const problem *p, const place *at, const char *what, const results *found, const results *expected,
                    double allowed)
{
    for (int k = 0; k < KINDS; k++) {
        if (k != APART) {
            hold(at, what, distance_of_results(p, &found[k], &expected[k]), allowed);
        }
    }
}

static void free_all(results *all)
{
    for (int k = 0; k < KINDS; k++) {
        free_results(&all[k]);
    }
}

/* ---- The tests ---- */

/* Of a room that a build may not have. */
extern const tx_backend_class tx_opencl_class __attribute__((weak));
extern void tx_opencl_choose_form(int form) __attribute__((weak));

/* What must repeat what the CPU computes, and how many tolerances it may be apart from it. */
static const struct {
    const tx_backend_class *class_;
    double allowed;
    bool each_isa; /* else once */
    int form;      /* of a device's kernels */
} others[] = {{&guard_class, 0, true, -1}, {&tx_opencl_class, 8, false, 0}, {&tx_opencl_class, 8, false, 1}};
enum { NUM_OTHERS = sizeof others / sizeof *others };

static tx_status open_other(int k, int isa, tx_precision precision, tx_error *error, const tx_backend **out)
{
    if (others[k].form >= 0) {
        tx_opencl_choose_form(others[k].form);
    }
    return others[k].class_->open(&(tx_backend_options){.isa = isa, .precision = precision}, error, out);
}

/* Is there such a device here? */
static bool is_there(int k)
{
    tx_device *devices = NULL;
    int count = 1;
    if (others[k].class_ && others[k].class_->list && others[k].class_->list(NULL, &devices, &count) != TX_OK) {
        count = 0;
    }
    tx_free(devices);
    return others[k].class_ && count > 0;
}

static void check_others(const problem *p, const reference *ref, place at, const results *cpu)
{
    for (int k = 0; k < NUM_OTHERS; k++) {
        results found[KINDS];
        const tx_backend *backend;
        if ((at.isa && !others[k].each_isa) || !is_there(k)) {
            continue;
        }
        at.backend = others[k].class_->name;
        CU_ASSERT_EQUAL_FATAL(open_other(k, at.isa, at.precision, NULL, &backend), TX_OK);
        check_backend(p, ref, backend, &at, found);
        tx_backend_close(backend);
        compare(p, &at, "apart from the CPU", found, cpu, others[k].allowed * tolerance_of(at.precision));
        free_all(found);
    }
}

/* In double, all derivatives of the first of them too, which the others are held against. */
static void check_case(const tx_operation_case *self)
{
    problem p;
    reference ref;
    create(self, &p);
    make_reference(&p, &ref);
    for (int precision = TX_FLOAT64; precision >= TX_FLOAT32; precision--) {
        results portable[KINDS];
        for (int isa = 0; isa < tx_isa_count(); isa++) {
            results cpu[KINDS];
            const place at = {self->name, "cpu", isa, (tx_precision)precision};
            check_backend(&p, &ref, tx_backend_cpu(isa, at.precision), &at, cpu);
            check_others(&p, &ref, at, cpu);
            if (isa == 0) {
                memcpy(portable, cpu, sizeof portable);
            } else {
                compare(&p, &at, "apart from the portable form", cpu, portable, 4 * tolerance_of(at.precision));
                free_all(cpu);
            }
        }
        free_all(portable);
    }
    free_reference(&ref);
    destroy(&p);
}

static void operations_keep_their_contract(void)
{
    guard_watch(true);
    for (const tx_operation_case *c = tx_operation_cases; c->name; c++) {
        if (!getenv("OPERATION") || strstr(c->name, getenv("OPERATION"))) {
            check_case(c);
        }
    }
    guard_watch(false);
    CU_ASSERT_EQUAL(guard_num_buffers(), 0);
}

/* Those that can be asked for by name, and the others. */
static void backends_open(void)
{
    const tx_backend *backend = NULL;
    tx_error error = {0};
    size_t room = 0;
    const tx_backend_options any = {.isa = -1, .precision = TX_FLOAT64};
    CU_ASSERT_EQUAL(tx_backend_open("abacus", &any, &error, &backend), TX_INVALID);
    CU_ASSERT_STRING_EQUAL(error.message, "there is no backend 'abacus' in this build");
    CU_ASSERT_EQUAL_FATAL(tx_backend_open("cpu", &any, NULL, &backend), TX_OK);
    CU_ASSERT_EQUAL(backend->isa, tx_isa_count() - 1);
    CU_ASSERT_EQUAL(tx_backend_room(backend, NULL, &room), TX_OK);
    CU_ASSERT(room > 0);
    tx_backend_close(backend);
    for (int k = 0; k < NUM_OTHERS; k++) {
        if (!is_there(k)) {
            printf("not here: backend %d ... ", k);
            continue;
        }
        CU_ASSERT_EQUAL(open_other(k, tx_isa_count(), TX_FLOAT32, &error, &backend), TX_FAILURE);
        CU_ASSERT_EQUAL_FATAL(open_other(k, 0, TX_FLOAT32, NULL, &backend), TX_OK);
        CU_ASSERT_EQUAL(tx_backend_room(backend, NULL, &room), TX_OK);
        CU_ASSERT(room > 0);
        tx_backend_close(backend);
    }
    CU_ASSERT_EQUAL(guard_num_buffers(), 0);
}

static void every_kernel_has_a_case(void)
{
    const char *uncalled = guard_uncalled_kernel();
    if (uncalled && !getenv("OPERATION")) {
        printf("\n%s: no case of src/bench/operations.c calls it\n", uncalled);
        CU_FAIL("a kernel without a case");
    }
}

int main(void)
{
    return suite_run("operations",
                     (suite_test[]){{"operations keep their contract on every backend", operations_keep_their_contract},
                                    {"backends open", backends_open},
                                    {"every kernel has a case", every_kernel_has_a_case},
                                    {0}});
}
