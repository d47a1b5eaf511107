/* Convolution kernels against a naive reference in double, on every instruction set and precision, with NaN in everything that
 * a kernel must not look at. All inputs are multiples of 1/64 below 1, so that products and most sums are exact; what rounds
 * is bounded by epsilon times the sum of absolute values. */
#include "contract/convolution_cases.h"
#include "kernel/block.h"

/* numpy.pad, step by step: where cell i of an axis of n comes from; -1: zero. */
static int64_t padded_source(tx_padding_mode mode, int64_t i, int64_t n)
{
    if (mode == TX_PAD_ZEROS) {
        return i < 0 || i >= n ? -1 : i;
    }
    while (i < 0 || i >= n) {
        switch (mode) {
        case TX_PAD_CIRCULAR:
            i += i < 0 ? n : -n;
            break;
        case TX_PAD_REFLECT:
            i = n == 1 ? 0 : i < 0 ? -i : 2 * (n - 1) - i;
            break;
        default:
            i = i < 0 ? 0 : n - 1;
        }
    }
    return i;
}

/* Calls visit for every product w[o][i][t] * x[cell] that y[...] sums: indices of weight, input and output cell. */
typedef void product_fn(void *user, int64_t weight, int64_t x_cell, int64_t y_cell);

static int64_t source_cell(const convolution_case *c, int64_t point, int64_t tap)
{
    const tx_shape y = convolution_case_output(c);
    int64_t cell = 0, step = 1;
    for (int d = c->axes - 1; d >= 0; d--) {
        const int64_t at = padded_source(c->mode, point % y.n[d] - c->low[d] + tap % c->kernel[d] * c->dilation[d], c->n[d]);
        if (at < 0) {
            return -1;
        }
        cell += at * step;
        step *= c->n[d];
        point /= y.n[d];
        tap /= c->kernel[d];
    }
    return cell;
}

static void for_products(const convolution_case *c, product_fn *visit, void *user)
{
    const tx_shape x = convolution_case_input(c), y = convolution_case_output(c);
    const int64_t taps = convolution_case_taps(c), x_points = tx_shape_points(&x), y_points = tx_shape_points(&y);
    const int in = c->in / c->groups, out = c->out / c->groups;
    for (int64_t point = 0; point < y_points; point++) {
        for (int64_t t = 0; t < taps; t++) {
            const int64_t source = source_cell(c, point, t);
            for (int o = 0; o < c->out && source >= 0; o++) {
                for (int i = 0; i < in; i++) {
                    visit(user, (o * in + i) * taps + t, (o / out * in + i) * x_points + source, o * y_points + point);
                }
            }
        }
    }
}

/* One case in double: all inputs, all results and the sums of absolute values that bound their rounding. */
typedef struct reference {
    const convolution_case *c;
    int64_t x_cells, y_cells, weights;
    double *x, *w, *bias, *dy, *y, *y_size, *dx, *dx_size, *dw, *dw_size, *db;
} reference;

static double *new_doubles(int64_t count, uint32_t seed)
{
    double *data = NULL;
    CU_ASSERT_EQUAL_FATAL(tx_allocate((size_t)count * sizeof(double), NULL, &data), TX_OK);
    for (int64_t k = 0; k < count && seed; k++) {
        data[k] = next_value(&seed);
    }
    return data;
}

static void add_product(void *user, int64_t weight, int64_t x_cell, int64_t y_cell)
{
    const reference *r = user;
    const int b = r->c->block;
    for (int k = 0; k < b; k++) {
        const double x = r->x[x_cell * b + k], dy = r->dy[y_cell * b + k], w = r->w[weight];
        r->y[y_cell * b + k] += w * x;
        r->y_size[y_cell * b + k] += fabs(w * x);
        r->dx[x_cell * b + k] += w * dy;
        r->dx_size[x_cell * b + k] += fabs(w * dy);
        r->dw[weight] += x * dy;
        r->dw_size[weight] += fabs(x * dy);
    }
}

static reference reference_make(const convolution_case *c)
{
    const tx_shape x = convolution_case_input(c), y = convolution_case_output(c);
    reference r = {.c = c,
                   .x_cells = x.channels * tx_shape_points(&x),
                   .y_cells = y.channels * tx_shape_points(&y),
                   .weights = (int64_t)c->out * c->in / c->groups * convolution_case_taps(c)};
    const int b = c->block;
    r.x = new_doubles(r.x_cells * b, 1);
    r.w = new_doubles(r.weights, 2);
    r.bias = new_doubles(c->out, 3);
    r.dy = new_doubles(r.y_cells * b, 4);
    r.y = new_doubles(r.y_cells * b, 0);
    r.y_size = new_doubles(r.y_cells * b, 0);
    r.dx = new_doubles(r.x_cells * b, 0);
    r.dx_size = new_doubles(r.x_cells * b, 0);
    r.dw = new_doubles(r.weights, 0);
    r.dw_size = new_doubles(r.weights, 0);
    r.db = new_doubles(c->out, 0);
    for_products(c, add_product, &r);
    for (int64_t k = 0; k < r.y_cells * b; k++) {
        r.db[k / b / (r.y_cells / c->out)] += r.dy[k];
    }
    return r;
}

static void reference_free(reference *r)
{
    double *const all[] = {r->x, r->w, r->bias, r->dy, r->y, r->y_size, r->dx, r->dx_size, r->dw, r->dw_size, r->db};
    for (size_t k = 0; k < sizeof all / sizeof *all; k++) {
        tx_free(all[k]);
    }
}

static void fill(const block *t, const double *values)
{
    for (int64_t k = 0; k < block_cells(&t->layout) * t->layout.block; k++) {
        block_set(t, k / t->layout.block, k % t->layout.block, values[k]);
    }
}

static void *parameters(const tx_kernels *kernels, const double *values, int64_t count)
{
    void *data = new_reals(kernels->precision, count);
    for (int64_t k = 0; k < count; k++) {
        set_real(kernels->precision, data, k, values[k]);
    }
    return data;
}

static void fill_halo(const tx_kernels *kernels, const block *t, tx_padding_mode mode)
{
    tx_halo *halo = NULL;
    CU_ASSERT_EQUAL_FATAL(tx_halo_create(&t->layout, mode, NULL, &halo), TX_OK);
    kernels->halo(halo, tx_whole, t->data);
    tx_halo_destroy(halo);
}

static tx_conv *make_conv(const tx_kernels *kernels, const tx_conv_shape *shape)
{
    tx_conv *conv = NULL;
    tx_error error = {0};
    const tx_status status = kernels->conv_create(shape, &error, &conv);
    if (status != TX_OK) {
        printf("%s\n", error.message);
    }
    CU_ASSERT_EQUAL_FATAL(status, TX_OK);
    return conv;
}

static void apply(const tx_kernels *kernels, const tx_conv *conv, const block *x, const void *w, const void *bias, const void *m,
                  const void *add, block *y)
{
    void *packed = new_reals(kernels->precision, (int64_t)kernels->conv_packed_size(conv));
    void *scratch = new_reals(kernels->precision, (int64_t)kernels->conv_scratch(conv));
    kernels->conv_pack(conv, w, packed);
    kernels->conv_apply(conv, tx_whole, &(tx_conv_operands){x->data, packed, bias, m, add, y->data, scratch});
    tx_free(packed), tx_free(scratch);
}

static block input_block(const tx_kernels *kernels, const reference *r)
{
    int64_t low[TX_MAX_AXES], high[TX_MAX_AXES];
    for (int d = 0; d < TX_MAX_AXES; d++) {
        low[d] = r->c->low[d] + r->c->spare;
        high[d] = r->c->high[d] + r->c->spare;
    }
    block x = block_make(kernels->precision, convolution_case_input(r->c), r->c->block, low, high);
    fill(&x, r->x);
    fill_halo(kernels, &x, r->c->mode);
    return x;
}

static tx_conv_shape forward_shape(const convolution_case *c, const block *x, const block *y, tx_activation activation)
{
    tx_conv_shape shape = {.x = x->layout, .y = y->layout, .groups = c->groups, .activation = activation};
    for (int d = 0; d < c->axes; d++) {
        shape.kernel[d] = c->kernel[d];
        shape.dilation[d] = c->dilation[d];
        shape.shift[d] = -c->low[d];
    }
    return shape;
}

static double activated(tx_activation activation, double x)
{
    return activation == TX_RELU ? fmax(x, 0) : activation == TX_TANH ? tanh(x) : x;
}

static bool check_forward(const tx_kernels *kernels, const reference *r, tx_activation activation, bool biased)
{
    const convolution_case *c = r->c;
    block x = input_block(kernels, r);
    block y = block_make(kernels->precision, convolution_case_output(c), c->block, (int64_t[]){1, 2, 1}, (int64_t[]){2, 0, 1});
    void *w = parameters(kernels, r->w, r->weights), *bias = parameters(kernels, r->bias, c->out);
    const tx_conv_shape shape = forward_shape(c, &x, &y, activation);
    tx_conv *conv = make_conv(kernels, &shape);
    if (biased) { /* in place of what is added */
        block_randomise(&y, 11);
    }
    apply(kernels, conv, &x, w, biased ? bias : NULL, NULL, biased ? y.data : NULL, &y);
    uint32_t seed = 11;
    bool ok = true;
    for (int64_t k = 0; k < r->y_cells * c->block && ok; k++) {
        const double add = biased ? r->bias[k / c->block / (r->y_cells / c->out)] + next_value(&seed) : 0;
        ok = near(kernels, c->name, block_get(&y, k / c->block, k % c->block), activated(activation, r->y[k] + add),
                  2 * epsilon(kernels->precision) * (r->y_size[k] + 2));
    }
    CU_ASSERT(block_untouched_outside(&y));
    kernels->conv_destroy(conv);
    tx_free(w), tx_free(bias), tx_free(x.data), tx_free(y.data);
    return ok;
}

/* dy with zeros as far as the flipped taps reach */
static block cotangent_block(const tx_kernels *kernels, const reference *r)
{
    int64_t reach[TX_MAX_AXES];
    for (int d = 0; d < r->c->axes; d++) {
        reach[d] = (r->c->kernel[d] - 1) * r->c->dilation[d];
    }
    block dy = block_make(kernels->precision, convolution_case_output(r->c), r->c->block, reach, reach);
    fill(&dy, r->dy);
    fill_halo(kernels, &dy, TX_PAD_ZEROS);
    return dy;
}

static tx_conv_shape backward_shape(const convolution_case *c, const block *dy, const tx_layout *dx)
{
    tx_conv_shape shape = {.x = dy->layout, .y = *dx, .groups = c->groups, .flip = true};
    for (int d = 0; d < c->axes; d++) {
        shape.kernel[d] = c->kernel[d];
        shape.dilation[d] = c->dilation[d];
        shape.shift[d] = c->low[d] - (c->kernel[d] - 1) * c->dilation[d];
    }
    return shape;
}

/* Backward-data over the extended rows, then fold: the adjoint of pad and convolution together. */
static bool check_backward(const tx_kernels *kernels, const reference *r)
{
    const convolution_case *c = r->c;
    block dy = cotangent_block(kernels, r),
          dx = block_make(kernels->precision, convolution_case_input(c), c->block, c->low, c->high);
    const tx_layout extended = tx_layout_view(&dx.layout, c->low, c->high);
    tx_conv_shape shape = backward_shape(c, &dy, &extended);
    for (int d = 0; d < c->axes; d++) {
        shape.shift[d] -= c->low[d]; /* cell 0 of the view is cell -low */
    }
    void *w = parameters(kernels, r->w, r->weights);
    tx_conv *conv = make_conv(kernels, &shape);
    tx_halo *halo = NULL;
    CU_ASSERT_EQUAL_FATAL(tx_halo_create(&dx.layout, c->mode, NULL, &halo), TX_OK);
    apply(kernels, conv, &dy, w, NULL, NULL, NULL, &dx);
    kernels->fold(halo, tx_whole, dx.data);
    bool ok = true;
    for (int64_t k = 0; k < r->x_cells * c->block && ok; k++) {
        ok = near(kernels, c->name, block_get(&dx, k / c->block, k % c->block), r->dx[k],
                  2 * epsilon(kernels->precision) * (r->dx_size[k] + 1));
    }
    tx_halo_destroy(halo);
    kernels->conv_destroy(conv);
    tx_free(w), tx_free(dy.data), tx_free(dx.data);
    return ok;
}

/* Backward-data over the interior of a zero-padded input, with relu's mask and a summand, which the result may overwrite. */
static bool check_masked(const tx_kernels *kernels, const reference *r)
{
    const convolution_case *c = r->c;
    block dy = cotangent_block(kernels, r),
          dx = block_make(kernels->precision, convolution_case_input(c), c->block, c->low, c->high);
    tx_conv_shape shape = backward_shape(c, &dy, &dx.layout);
    shape.masked = true;
    void *w = parameters(kernels, r->w, r->weights);
    tx_conv *conv = make_conv(kernels, &shape);
    fill(&dx, r->x);
    apply(kernels, conv, &dy, w, NULL, dx.data, dx.data, &dx);
    bool ok = true;
    for (int64_t k = 0; k < r->x_cells * c->block && ok; k++) {
        const double want = r->x[k] > 0 ? r->dx[k] + r->x[k] : 0;
        ok = near(kernels, c->name, block_get(&dx, k / c->block, k % c->block), want,
                  2 * epsilon(kernels->precision) * (r->dx_size[k] + 1));
    }
    CU_ASSERT(block_untouched_outside(&dx));
    kernels->conv_destroy(conv);
    tx_free(w), tx_free(dy.data), tx_free(dx.data);
    return ok;
}

/* Gradients are added to what is there. dy has no halo: its surroundings are NaN. */
static bool check_weights(const tx_kernels *kernels, const reference *r)
{
    const convolution_case *c = r->c;
    block x = input_block(kernels, r), dy = block_make(kernels->precision, convolution_case_output(c), c->block, NULL, NULL);
    fill(&dy, r->dy);
    const tx_conv_shape shape = forward_shape(c, &x, &dy, TX_IDENTITY);
    tx_conv *conv = make_conv(kernels, &shape);
    void *dw = parameters(kernels, r->w, r->weights), *db = parameters(kernels, r->bias, c->out);
    void *scratch = new_reals(kernels->precision, (int64_t)kernels->conv_scratch(conv));
    kernels->conv_weights(conv, tx_whole, x.data, dy.data, dw, scratch);
    tx_free(scratch);
    kernels->bias_gradient(&dy.layout, dy.data, db);
    bool ok = true;
    for (int64_t k = 0; k < r->weights && ok; k++) {
        ok = near(kernels, c->name, get_real(kernels->precision, dw, k), r->w[k] + r->dw[k],
                  2 * epsilon(kernels->precision) * (r->dw_size[k] + 1));
    }
    for (int64_t k = 0; k < c->out && ok; k++) {
        const double size = (double)(r->y_cells / c->out * c->block);
        ok = near(kernels, c->name, get_real(kernels->precision, db, k), r->bias[k] + r->db[k],
                  2 * epsilon(kernels->precision) * (size + 1));
    }
    kernels->conv_destroy(conv);
    tx_free(x.data), tx_free(dy.data), tx_free(dw), tx_free(db);
    return ok;
}

static const reference *current; /* for_all_kernels hands on the kernels only */
static void forward_on(const tx_kernels *kernels)
{
    CU_ASSERT(check_forward(kernels, current, TX_IDENTITY, false));
    CU_ASSERT(check_forward(kernels, current, TX_RELU, true));
    CU_ASSERT(check_forward(kernels, current, TX_TANH, true));
}
static void backward_on(const tx_kernels *kernels)
{
    CU_ASSERT(check_backward(kernels, current));
    if (current->c->mode == TX_PAD_ZEROS) {
        CU_ASSERT(check_masked(kernels, current));
    }
}
static void weights_on(const tx_kernels *kernels)
{
    CU_ASSERT(check_weights(kernels, current));
}

static void for_all_cases(void (*test)(const tx_kernels *kernels))
{
    for (const convolution_case *c = convolution_cases; c < convolution_cases + NUM_CONVOLUTION_CASES; c++) {
        if (!c->timed || c->axes < 2) {
            reference r = reference_make(c);
            current = &r;
            for_all_kernels(test);
            reference_free(&r);
        }
    }
}

static void forward(void)
{
    for_all_cases(forward_on);
}
static void backward(void)
{
    for_all_cases(backward_on);
}
static void weights(void)
{
    for_all_cases(weights_on);
}

/* Every number of channels against every tile, every short row. */
static void channels_and_rows(void)
{
    for (int channels = 1; channels <= 19; channels++) {
        for (int n = 1; n <= 40; n += channels % 3 + 4) {
            const convolution_case c = {
                "sweep", 1 + (channels * n) % 3, 20 - channels, channels, 1, 1, {n}, {3}, {1}, {1}, {1}, TX_PAD_CIRCULAR, 0, false};
            reference r = reference_make(&c);
            current = &r;
            for_all_kernels(forward_on);
            for_all_kernels(backward_on);
            for_all_kernels(weights_on);
            reference_free(&r);
        }
    }
}

static void mistakes_on(const tx_kernels *kernels)
{
    const block x = block_make(kernels->precision, (tx_shape){2, 1, {8}}, 1, NULL, NULL);
    tx_conv *conv = NULL;
    tx_error error = {0};
    tx_conv_shape shape = {.x = x.layout, .y = x.layout, .kernel = {3}, .dilation = {1}, .groups = 1};
    CU_ASSERT_EQUAL(kernels->conv_create(&shape, &error, &conv), TX_FAILURE);
    CU_ASSERT_PTR_NOT_NULL(strstr(error.message, "axis 0"));
    shape.groups = 3;
    CU_ASSERT_EQUAL(kernels->conv_create(&shape, NULL, &conv), TX_FAILURE);
    shape = (tx_conv_shape){.x = x.layout, .y = x.layout, .kernel = {1}, .dilation = {1}};
    for (long n = 0; n < 5; n++) {
        const size_t before = tx_memory_live();
        tx_memory_fail_after(n);
        CU_ASSERT_EQUAL(kernels->conv_create(&shape, NULL, &conv), TX_FAILURE);
        tx_memory_fail_after(-1);
        CU_ASSERT_EQUAL(tx_memory_live(), before);
    }
    CU_ASSERT_PTR_NULL(conv);
    tx_free(x.data);
}
static void mistakes(void)
{
    for_all_kernels(mistakes_on);
}

int main(void)
{
    return suite_run("convolution", (suite_test[]){{"forward, bias, activations", forward},
                                                   {"backward-data, fold, mask", backward},
                                                   {"gradients of weights and biases", weights},
                                                   {"numbers of channels, short rows", channels_and_rows},
                                                   {"wrong shapes and failing allocations", mistakes},
                                                   {0}});
}
