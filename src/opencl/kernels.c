/* The table of kernels: which function of the program an operation is, and over what it goes. */
#include "opencl/opencl.h"

#include <string.h>

/* ---- Over what a function goes: items and rows, and what it is told beside ---- */

typedef void cut_fn(tx_opencl_launch *l);

static void over_result(tx_opencl_launch *l)
{
    tx_opencl_over(l, &l->call.out);
}

/* Samples of a run, by their reals. */
static void put_samples(tx_opencl_launch *l, int k, const tx_place *place, size_t sample, size_t offset)
{
    const size_t real = tx_real_bytes(l->opencl->backend.precision);
    l->place[k] = place->buffer;
    l->call.more[0] = (long)(sample / real);
    l->call.more[1] = (long)(offset / real);
}

static void over_loaded(tx_opencl_launch *l)
{
    const tx_staged *staged = l->frame->staged;
    const tx_source source = l->instruction->source;
    put_samples(l, 0, &staged->given[source], staged->given_bytes[source], 0);
    l->call.more[1] = l->instruction->offset;
    l->call.more[2] = source == TX_SOURCE_SEED;
    over_result(l);
}

static void over_stored(tx_opencl_launch *l)
{
    const tx_staged *staged = l->frame->staged;
    put_samples(l, TX_CALL_OUT, &staged->results, staged->result_offsets[staged->num_results],
                staged->result_offsets[l->instruction->output]);
    tx_opencl_over(l, &l->call.in[0]);
}

static void over_lanes(tx_opencl_launch *l)
{
    l->rows = l->call.in[0].block;
}

static void over_groups(tx_opencl_launch *l)
{
    l->rows = l->call.groups * l->call.in[0].block;
}

static void over_moments(tx_opencl_launch *l)
{
    l->rows = l->call.in[0].channels * l->call.in[0].block;
}

static void over_channels(tx_opencl_launch *l)
{
    l->rows = l->call.in[0].channels;
}

static void over_pull(tx_opencl_launch *l)
{
    l->items = l->call.out.block;
    l->rows = l->call.groups;
}

static void over_cells(tx_opencl_launch *l, int64_t count)
{
    const tx_layout *layout = &l->object->layout;
    l->items = count * layout->block;
    l->rows = layout->shape.channels;
    l->call.more[0] = count;
    l->call.more[1] = 2 * l->object->num_cells; /* where gains begin in the table */
    l->call.more[2] = layout->channel;
}

static void over_halo(tx_opencl_launch *l)
{
    over_cells(l, l->object->num_cells);
}

static void over_gains(tx_opencl_launch *l)
{
    over_cells(l, l->object->num_gains);
}

/* With three axes: what is missing has one phase. */
static void over_phases(tx_opencl_launch *l)
{
    const tx_instruction *i = l->instruction;
    const int axes = i->out_layout->shape.axes;
    for (int k = 0; k < TX_MAX_AXES; k++) {
        const int d = k - (TX_MAX_AXES - axes);
        l->call.more[k] = d < 0 || i->stride[d] < 1 ? 1 : i->stride[d];
        l->call.more[TX_MAX_AXES + k] = d < 0 ? 0 : i->low[d];
    }
    over_result(l);
}

/* ---- convolutions ---- */

static void describe_conv(tx_opencl_launch *l)
{
    const tx_opencl_object *o = l->object;
    const int axes = o->conv.x.shape.axes;
    int64_t x_phases = 1;
    for (int d = 0; d < axes; d++) {
        x_phases *= o->conv.x_phases[d] > 1 ? o->conv.x_phases[d] : 1;
    }
    const long more[] = {o->in, o->out, o->groups, o->phases, o->tiles, o->kernel_taps, o->conv.x.channel * x_phases, o->conv.flip};
    memcpy(l->call.more, more, sizeof more);
    tx_opencl_layout_to(&o->conv.x, &l->call.in[0]);
    l->call.activation = (int)o->conv.activation;
}

static int64_t conv_rows(const tx_opencl_object *o)
{
    return (int64_t)o->phases * o->groups * o->tiles;
}

static void over_packed(tx_opencl_launch *l)
{
    describe_conv(l);
    l->items = l->object->in * l->object->most_taps * l->opencl->form->tile;
    l->rows = conv_rows(l->object);
}

static void over_conv(tx_opencl_launch *l)
{
    const int width = l->opencl->form->width[l->opencl->backend.precision];
    describe_conv(l);
    tx_opencl_layout_to(&l->object->conv.y, &l->call.out);
    l->items = (l->call.out.row + width - 1) / width;
    l->rows = conv_rows(l->object) * l->call.out.outer[0] * l->call.out.outer[1];
}

static void over_weights(tx_opencl_launch *l)
{
    const int pairs = l->opencl->form->pairs;
    describe_conv(l);
    tx_opencl_layout_to(&l->object->conv.y, &l->call.in[1]);
    l->call.more[8] = (l->object->in * l->object->most_taps + pairs - 1) / pairs;
    l->rows = conv_rows(l->object) * l->call.more[8];
}

/* ---- modes ---- */

static void over_products(tx_opencl_launch *l)
{
    l->items = l->call.out.row;
    l->rows = l->call.out.channels / 2;
}

static void over_mode_weights(tx_opencl_launch *l)
{
    l->items = l->call.in[0].n;
    l->rows = l->call.in[0].channels / 2 * (l->call.in[1].channels / 2) / l->call.groups;
}

static void over_modes(tx_opencl_launch *l)
{
    over_result(l);
    l->items /= 2;
}

/* ---- the table ---- */

typedef struct row {
    tx_kernel kernel;
    const char *function; /* NULL: as the operation is called */
    cut_fn *cut;
    bool sums;
} row;

static tx_status run(const tx_instruction *i, tx_frame *frame)
{
    const row *r = (const row *)i->kernel;
    tx_opencl_launch l = tx_opencl_launch_of(i, frame, r->function ? r->function : r->kernel.name);
    l.sums = r->sums;
    r->cut(&l);
    return tx_opencl_enqueue(&l);
}

/* clang-format off */
#define MAP(name, cut) {{#name, run}, NULL, cut, false}
#define AS(name, function, cut) {{#name, run}, #function, cut, false}
#define SUM(name, cut) {{#name, run}, NULL, cut, true}
#define OTHER(name, run) {{#name, run}, NULL, NULL, false}
#define FUNCTION(name) {{NULL, NULL}, #name, NULL, false}
static const row rows[] = {
    MAP(load, over_loaded), MAP(store, over_stored), MAP(fixed, over_result), MAP(take_lane, over_result),
    MAP(zero, over_result), MAP(copy, over_result), MAP(reshape, over_result), AS(flatten, reshape, over_result),
    AS(unflatten, reshape, over_result), AS(take_channels, copy, over_result), MAP(concatenate, over_result),
    MAP(split, over_phases), MAP(join, over_phases), MAP(halo, over_halo), MAP(fold, over_gains),
    MAP(pack, over_packed), MAP(conv, over_conv), SUM(conv_weights, over_weights), SUM(bias_gradient, over_channels),
    MAP(activate, over_result), MAP(activate_gradient, over_result), MAP(add, over_result), MAP(scale, over_result),
    MAP(multiply, over_result), MAP(power, over_result), MAP(power_gradient, over_result),
    MAP(lane_scale, over_result), MAP(broadcast, over_result), SUM(sum, over_lanes), SUM(dot, over_lanes),
    SUM(square_error, over_lanes), MAP(square_error_gradient, over_result),
    SUM(group_statistics, over_groups), MAP(group_norm, over_result), SUM(group_moments, over_moments),
    MAP(group_pull, over_pull), MAP(group_norm_gradient, over_result),
    OTHER(spectral_analyse, tx_opencl_transform), OTHER(spectral_synthesise, tx_opencl_transform),
    OTHER(rfftn, tx_opencl_transform), OTHER(irfftn, tx_opencl_transform),
    FUNCTION(dft_rows), FUNCTION(dft_rows_back), FUNCTION(dft_lines), FUNCTION(dft_lines_back), FUNCTION(dft_axis), FUNCTION(pick_modes), FUNCTION(put_modes),
    MAP(spectral_multiply, over_products), MAP(spectral_take_lane, over_result), MAP(spectral_weights, over_mode_weights),
    MAP(multiply_modes, over_modes),
    FUNCTION(add_gradients),
    OTHER(call, tx_opencl_on_host), OTHER(call_result, tx_opencl_on_host), OTHER(call_vjp, tx_opencl_on_host),
    OTHER(call_jvp, tx_opencl_on_host),
};
/* clang-format on */
enum { NUM_ROWS = sizeof rows / sizeof *rows };

const tx_kernel *tx_opencl_find(const tx_backend *backend, const char *name)
{
    (void)backend;
    for (int k = 0; k < NUM_ROWS; k++) {
        if (rows[k].kernel.name && strcmp(rows[k].kernel.name, name) == 0) {
            return &rows[k].kernel;
        }
    }
    return NULL;
}

/* Functions are counted as they appear; those of operations that are not run on the device are none. */
const char *tx_opencl_function(int k)
{
    for (int j = 0; j < NUM_ROWS; j++) {
        const bool shared = rows[j].function && rows[j].kernel.name, one = rows[j].cut || !rows[j].kernel.name;
        if (one && !shared && k-- == 0) {
            return rows[j].function ? rows[j].function : rows[j].kernel.name;
        }
    }
    return NULL;
}
