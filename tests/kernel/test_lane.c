/* Sums over each sample and products with lane scalars. Values are multiples of 1/64 below 1: sums of a few thousand products
 * are exact in double and nearly so in float. */
#include "kernel/block.h"

static const tx_shape shapes[] = {{1, 1, {30}},       {34, 0, {0}}, {3, 1, {5}},   {2, 2, {4, 9}},
                                  {2, 3, {2, 3, 17}}, {1, 0, {0}},  {1, 1, {700}}, {7, 1, {160}}};
enum { NUM_SHAPES = sizeof shapes / sizeof *shapes };
static const int samples[] = {1, 2, 3, 5, 8, 16, 20, 31, 32, 63, 100, 127};
enum { NUM_SAMPLES = sizeof samples / sizeof *samples, MOST = 127 };

typedef struct lanes {
    block x, z, s;
    double sum[MOST], dot[MOST], error[MOST], size;
} lanes;

static lanes lanes_make(const tx_kernels *kernels, const tx_shape *shape, int b)
{
    lanes l = {.x = block_make(kernels->precision, *shape, b, (int64_t[]){1, 1, 1}, (int64_t[]){2, 1, 1}),
               .z = block_make(kernels->precision, *shape, b, (int64_t[]){0, 1, 0}, NULL),
               .s = block_make(kernels->precision, (tx_shape){1, 0, {0}}, b, NULL, NULL)};
    block_randomise(&l.x, 1);
    block_randomise(&l.z, 2);
    block_randomise(&l.s, 3);
    for (int64_t cell = 0; cell < block_cells(&l.x.layout); cell++) {
        for (int k = 0; k < b; k++) {
            const double x = block_get(&l.x, cell, k), z = block_get(&l.z, cell, k);
            l.sum[k] += x;
            l.dot[k] += x * z;
            l.error[k] += (x - z) * (x - z);
        }
    }
    l.size = (double)block_cells(&l.x.layout);
    return l;
}

static void lanes_free(lanes *l)
{
    tx_free(l->x.data), tx_free(l->z.data), tx_free(l->s.data);
}

static bool check_result(const tx_kernels *kernels, const char *what, const block *s, const double *want, double alpha,
                         double tolerance)
{
    bool ok = block_untouched_outside(s);
    for (int k = 0; k < s->layout.block && ok; k++) {
        ok = near(kernels, what, block_get(s, 0, k), alpha * want[k], tolerance);
    }
    return ok;
}

static void sums_on(const tx_kernels *kernels)
{
    for (int k = 0; k < NUM_SHAPES * NUM_SAMPLES; k++) {
        lanes l = lanes_make(kernels, &shapes[k / NUM_SAMPLES], samples[k % NUM_SAMPLES]);
        /* at most 2 units of the largest partial sum for each of about 20 additions that may round */
        const double tolerance = kernels->precision == TX_FLOAT64 ? 0 : 40 * epsilon(TX_FLOAT32) * l.size;
        kernels->lane_sum(0.5, &l.x.layout, l.x.data, l.s.data);
        CU_ASSERT(check_result(kernels, "sum", &l.s, l.sum, 0.5, tolerance));
        kernels->lane_dot(-2, &l.x.layout, l.x.data, &l.z.layout, l.z.data, l.s.data);
        CU_ASSERT(check_result(kernels, "dot", &l.s, l.dot, -2, 2 * tolerance));
        kernels->lane_square_error(1, &l.x.layout, l.x.data, &l.z.layout, l.z.data, l.s.data);
        CU_ASSERT(check_result(kernels, "square error", &l.s, l.error, 1, 4 * tolerance));
        lanes_free(&l);
    }
}
static void sums(void)
{
    for_all_kernels(sums_on);
}

static void products_on(const tx_kernels *kernels)
{
    for (int k = 0; k < NUM_SHAPES * NUM_SAMPLES; k++) {
        lanes l = lanes_make(kernels, &shapes[k / NUM_SAMPLES], samples[k % NUM_SAMPLES]);
        const int b = l.x.layout.block;
        block y = block_make(kernels->precision, l.x.layout.shape, b, (int64_t[]){2, 0, 0}, (int64_t[]){0, 0, 3}), add = y;
        add.data = new_reals(kernels->precision, y.layout.size);
        block_randomise(&add, 9);
        bool ok = true;
        for (int what = 0; what < 6 && ok; what++) {
            const void *z = what % 2 ? add.data : NULL;
            if (what < 2) {
                kernels->lane_scale(0.5, l.s.data, tensor_of(&l.x), z, tensor_of(&y));
            } else if (what < 4) {
                kernels->lane_scale(0.5, l.s.data, (tx_tensor){0}, z, tensor_of(&y));
            } else {
                kernels->square_error_gradient(0.5, l.s.data, tensor_of(&l.x), tensor_of(&l.z), z, tensor_of(&y));
            }
            for (int64_t j = 0; j < block_cells(&y.layout) * b && ok; j++) {
                const double x = block_get(&l.x, j / b, j % b), factor = what < 2   ? x
                                                                         : what < 4 ? 1
                                                                                    : x - block_get(&l.z, j / b, j % b);
                const double want = 0.5 * block_get(&l.s, 0, j % b) * factor + (z ? block_get(&add, j / b, j % b) : 0);
                ok = near(kernels, "product", block_get(&y, j / b, j % b), want, 0);
            }
            ok = ok && block_untouched_outside(&y);
        }
        CU_ASSERT(ok);
        tx_free(y.data), tx_free(add.data);
        lanes_free(&l);
    }
}
static void products(void)
{
    for_all_kernels(products_on);
}

/* The order of a sum does not know the vector's length: where both multiply and add in one step, the bits are equal. */
static void same_bits(void)
{
    const int v3 = tx_isa_find("x86-64-v3"), v4 = tx_isa_find("x86-64-v4");
    for (int precision = 0; precision < 2 && v3 > 0 && v4 > 0; precision++) {
        for (int k = 0; k < NUM_SAMPLES; k++) {
            const tx_kernels *a = tx_kernels_get(v3, (tx_precision)precision), *b = tx_kernels_get(v4, (tx_precision)precision);
            lanes l = lanes_make(a, &(tx_shape){3, 1, {333}}, samples[k]);
            for (int64_t j = 0; j < block_cells(&l.x.layout) * samples[k]; j++) { /* no multiples of 1/64 */
                block_set(&l.x, j / samples[k], j % samples[k], sin((double)j));
            }
            block t = block_make(a->precision, (tx_shape){1, 0, {0}}, samples[k], NULL, NULL);
            a->lane_square_error(0.3, &l.x.layout, l.x.data, &l.z.layout, l.z.data, l.s.data);
            b->lane_square_error(0.3, &l.x.layout, l.x.data, &l.z.layout, l.z.data, t.data);
            bool ok = true;
            for (int j = 0; j < samples[k]; j++) {
                ok = ok && near(a, "same bits", block_get(&l.s, 0, j), block_get(&t, 0, j), 0);
            }
            CU_ASSERT(ok);
            tx_free(t.data);
            lanes_free(&l);
        }
    }
}

int main(void)
{
    return suite_run(
        "lane", (suite_test[]){{"sums", sums}, {"products", products}, {"the same bits for both vector lengths", same_bits}, {0}});
}
