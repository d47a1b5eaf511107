/* Fourier transforms: a launch an axis, one more to or from the order of modes. */
#include "opencl/opencl.h"

#include <string.h>

/* Between the two halves of the scratch. */
typedef struct stages {
    const tx_instruction *instruction;
    tx_frame *frame;
    const tx_opencl_object *object;
    int at; /* the half that holds the numbers */
} stages;

static int num_axes(const stages *s)
{
    return s->object->spectral.x.shape.axes;
}

static tx_opencl_launch stage(const stages *s, const char *function, int axis)
{
    const tx_opencl_object *o = s->object;
    const tx_shape *x = &o->spectral.x.shape;
    tx_opencl_launch l = tx_opencl_launch_of(s->instruction, s->frame, function);
    const int64_t waves = tx_opencl_waves(o, axis);
    const bool both = axis < x->axes - 1 && o->object.kind == TX_OBJECT_SPECTRAL;
    int64_t turn = 0, behind = o->spectral.x.block;
    for (int d = 0; d < axis; d++) {
        turn += 2 * x->n[d];
    }
    for (int d = axis + 1; d < x->axes; d++) {
        behind *= tx_opencl_waves(o, d);
    }
    const long more[] = {x->n[axis], waves, both ? waves / 2 : waves, turn, 2 * s->at * o->stage, o->stage, 2 * !s->at * o->stage,
                         o->stage,   behind};
    const long matrices[] = {o->matrices, o->wave_pitch, o->point_pitch};
    memcpy(l.call.more, more, sizeof more);
    memcpy(l.call.more + sizeof more / sizeof *more, matrices, sizeof matrices);
    return l;
}

/* Along an axis but the last; `back`: from wavenumbers to points. */
static tx_status run_axis(stages *s, int axis, bool back)
{
    const tx_shape *x = &s->object->spectral.x.shape;
    tx_opencl_launch l = stage(s, "dft_axis", axis);
    l.call.flip = back;
    l.items = l.call.more[back ? 0 : 1] * l.call.more[8];
    l.rows = x->channels;
    for (int d = 0; d < axis; d++) {
        l.rows *= x->n[d];
    }
    s->at = !s->at;
    return tx_opencl_enqueue(&l);
}

/* From the scratch to modes, or into it. */
static tx_status run_modes(const stages *s, const char *function, bool into)
{
    const tx_opencl_object *o = s->object;
    const tx_shape *x = &o->spectral.x.shape;
    const int missing = TX_MAX_AXES - x->axes;
    tx_opencl_launch l = tx_opencl_launch_of(s->instruction, s->frame, function);
    const long more[] = {o->object.kind == TX_OBJECT_RFFTN, o->spectral.weighted, 2 * s->at * o->stage, o->stage, x->axes};
    memcpy(l.call.more, more, sizeof more);
    for (int d = 0; d < TX_MAX_AXES; d++) {
        const bool last = d == TX_MAX_AXES - 1;
        const int64_t waves = d < missing ? 1 : tx_opencl_waves(o, d - missing);
        l.call.more[5 + d] = last || d < missing ? waves : waves / 2;
        l.call.more[8 + d] = d < missing ? 1 : x->n[d - missing];
    }
    l.alpha = 1 / (double)tx_shape_points(x);
    tx_opencl_over(&l, into ? &l.call.in[0] : &l.call.out);
    return tx_opencl_enqueue(&l);
}

static tx_status analyse(stages *s)
{
    const int last = num_axes(s) - 1;
    const bool matrices = s->object->matrices > 0;
    tx_opencl_launch l = stage(s, matrices ? "dft_rows" : "dft_lines", last);
    tx_opencl_over(&l, &l.call.in[0]);
    l.items = (matrices ? s->object->wave_pitch : l.call.more[1]) * l.call.in[0].block;
    s->at = !s->at;
    TX_TRY(tx_opencl_enqueue(&l));
    for (int d = last - 1; d >= 0; d--) {
        TX_TRY(run_axis(s, d, false));
    }
    return run_modes(s, "pick_modes", false);
}

static tx_status synthesise(stages *s)
{
    const int last = num_axes(s) - 1;
    TX_TRY(run_modes(s, "put_modes", true));
    for (int d = 0; d < last; d++) {
        TX_TRY(run_axis(s, d, true));
    }
    const bool matrices = s->object->matrices > 0;
    tx_opencl_launch l = stage(s, matrices ? "dft_rows_back" : "dft_lines_back", last);
    tx_opencl_over(&l, &l.call.out);
    l.items = matrices ? s->object->point_pitch * l.call.out.block : l.items;
    return tx_opencl_enqueue(&l);
}

tx_status tx_opencl_transform(const tx_instruction *i, tx_frame *frame)
{
    const bool forward = strcmp(i->kernel->name, "rfftn") == 0 || strcmp(i->kernel->name, "spectral_analyse") == 0;
    const tx_opencl_object *o = (const tx_opencl_object *)i->object;
    stages s = {.instruction = i, .frame = frame, .object = o, .at = forward && num_axes(&(stages){.object = o}) == 1};
    return forward ? analyse(&s) : synthesise(&s);
}
