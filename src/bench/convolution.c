/* One convolution: forward, with respect to the input, to the weights. Checked by the identity that ties the three together:
 * <conv(x), y> = <x, conv'(y)> = <w, weights(x, y)>. */
#include <math.h>

#include "base/memory.h"
#include "base/real.h"
#include "bench/bench.h"

enum { KERNEL = 3 };

typedef struct bench_conv {
    const tx_kernels *kernels;
    tx_layout field; /* of x and y and their cotangents: one halo cell around */
    tx_conv *forward, *adjoint;
    tx_halo *halo;
    char *x, *y, *dx, *dy, *weights, *gradient, *packed, *packed_adjoint, *scratch;
    int64_t num_weights;
} bench_conv;

static double get(const bench_conv *c, const char *reals, int64_t k)
{
    return tx_real_get(c->kernels->precision, reals, k);
}

static void set(const bench_conv *c, char *reals, int64_t k, double value)
{
    tx_real_put(c->kernels->precision, reals, k, value);
}

static void fill(const bench_conv *c, char *reals, int64_t count, unsigned seed)
{
    for (int64_t k = 0; k < count; k++) {
        seed = seed * 1664525u + 1013904223u;
        set(c, reals, k, (double)(seed >> 8) / 0x1p23 - 1);
    }
}

static void run_forward(void *state)
{
    bench_conv *c = state;
    c->kernels->conv_apply(c->forward, tx_whole,
                           &(tx_conv_operands){.x = c->x, .packed = c->packed, .y = c->y, .scratch = c->scratch});
    c->kernels->halo(c->halo, tx_whole, c->y);
}

static void run_adjoint(void *state)
{
    bench_conv *c = state;
    c->kernels->conv_apply(c->adjoint, tx_whole,
                           &(tx_conv_operands){.x = c->dy, .packed = c->packed_adjoint, .y = c->dx, .scratch = c->scratch});
    c->kernels->halo(c->halo, tx_whole, c->dx);
}

static void run_weights(void *state)
{
    bench_conv *c = state;
    c->kernels->conv_weights(c->forward, tx_whole, c->x, c->dy, c->gradient, c->scratch);
}

static tx_status make_convs(const tx_bench_case *self, bench_conv *c, tx_error *error)
{
    tx_conv_shape shape = {.x = c->field, .y = c->field, .groups = 1};
    for (int d = 0; d < self->shape.axes; d++) {
        shape.kernel[d] = KERNEL;
        shape.dilation[d] = 1;
        shape.shift[d] = -1;
    }
    TX_TRY(c->kernels->conv_create(&shape, error, &c->forward));
    shape.flip = true;
    TX_TRY(c->kernels->conv_create(&shape, error, &c->adjoint));
    return tx_halo_create(&c->field, TX_PAD_CIRCULAR, error, &c->halo);
}

static tx_status make_buffers(const tx_bench_case *self, bench_conv *c, tx_error *error)
{
    const size_t real = tx_real_bytes(c->kernels->precision), tensor = (size_t)c->field.size * real;
    c->num_weights = self->shape.channels * self->shape.channels;
    for (int d = 0; d < self->shape.axes; d++) {
        c->num_weights *= KERNEL;
    }
    TX_TRY(tx_allocate(tensor, error, &c->x));
    TX_TRY(tx_allocate(tensor, error, &c->y));
    TX_TRY(tx_allocate(tensor, error, &c->dx));
    TX_TRY(tx_allocate(tensor, error, &c->dy));
    TX_TRY(tx_allocate((size_t)c->num_weights * real, error, &c->weights));
    TX_TRY(tx_allocate((size_t)c->num_weights * real, error, &c->gradient));
    TX_TRY(tx_allocate(c->kernels->conv_packed_size(c->forward) * real, error, &c->packed));
    TX_TRY(tx_allocate(c->kernels->conv_packed_size(c->adjoint) * real, error, &c->packed_adjoint));
    const size_t forward = c->kernels->conv_scratch(c->forward), adjoint = c->kernels->conv_scratch(c->adjoint);
    return tx_allocate((forward > adjoint ? forward : adjoint) * real, error, &c->scratch);
}

/* Sum of the products of two tensors over all interior cells. */
static double dot(const bench_conv *c, const char *a, const char *b)
{
    const tx_layout *l = &c->field;
    double sum = 0;
    for (int64_t channel = 0; channel < l->shape.channels; channel++) {
        for (int64_t i = 0; i < l->outer[0]; i++) {
            for (int64_t j = 0; j < l->outer[1]; j++) {
                const int64_t row = l->origin + channel * l->channel + i * l->outer_stride[0] + j * l->outer_stride[1];
                for (int64_t k = row; k < row + l->row; k++) {
                    sum += get(c, a, k) * get(c, b, k);
                }
            }
        }
    }
    return sum;
}

static double adjoint_error(bench_conv *c)
{
    fill(c, c->x, c->field.size, 1);
    fill(c, c->dy, c->field.size, 2);
    fill(c, c->weights, c->num_weights, 3);
    c->kernels->halo(c->halo, tx_whole, c->x);
    c->kernels->halo(c->halo, tx_whole, c->dy);
    c->kernels->conv_pack(c->forward, c->weights, c->packed);
    c->kernels->conv_pack(c->adjoint, c->weights, c->packed_adjoint);
    run_forward(c);
    run_adjoint(c);
    run_weights(c);
    double by_weights = 0;
    for (int64_t k = 0; k < c->num_weights; k++) {
        by_weights += get(c, c->weights, k) * get(c, c->gradient, k);
    }
    const double by_output = dot(c, c->y, c->dy), by_input = dot(c, c->x, c->dx),
                 scale = sqrt(dot(c, c->y, c->y) * dot(c, c->dy, c->dy));
    return (fabs(by_output - by_input) + fabs(by_output - by_weights)) / scale;
}

static void destroy(bench_conv *c)
{
    c->kernels->conv_destroy(c->forward);
    c->kernels->conv_destroy(c->adjoint);
    tx_halo_destroy(c->halo);
    char *const buffers[] = {c->x, c->y, c->dx, c->dy, c->weights, c->gradient, c->packed, c->packed_adjoint, c->scratch};
    for (size_t k = 0; k < sizeof buffers / sizeof *buffers; k++) {
        tx_free(buffers[k]);
    }
}

tx_status tx_bench_convolution(const tx_bench_case *self, const tx_bench_job *job, tx_error *error, tx_measurement *out)
{
    if (tx_parallel_rank(job->parallel) > 0) {
        return TX_OK; /* one core is measured */
    }
    static void (*const works[])(void *) = {run_forward, run_adjoint, run_weights};
    const size_t before = tx_memory_live();
    const tx_precision precision = tx_bench_precision(self, job);
    bench_conv c = {.kernels = tx_kernels_get(tx_isa_count() - 1, precision)};
    int64_t one[TX_MAX_AXES] = {1, 1, 1};
    c.field = tx_layout_make(tx_real_bytes(precision), self->shape, self->block, one, one);
    tx_status status = make_convs(self, &c, error);
    if (status == TX_OK) {
        status = make_buffers(self, &c, error);
    }
    if (status == TX_OK) {
        tx_measurement m = {.bytes = tx_memory_live() - before, .cores = 1};
        m.error = adjoint_error(&c);
        m.tolerance = precision == TX_FLOAT32 ? 1e-5 : 1e-13; /* of sums of random numbers, relative to their norms */
        m.flops = 2. * (double)c.num_weights * (double)tx_shape_points(&self->shape) * self->block;
        status = tx_bench_measure(c.kernels, NULL, works[self->part], &c, error, &m);
        *out = m;
    }
    destroy(&c);
    return status;
}
